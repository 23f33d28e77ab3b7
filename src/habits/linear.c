// SPDX-License-Identifier: Apache-2.0
// The model: a score for each category, linear in the features, and a softmax over the leaves of the tree. Two layers
// are added up: the weights that came with the library, sparse and in 8 bits, and what was learned here from the owner.
//
// Learning is stochastic gradient descent with AdaGrad (Duchi, Hazan, Singer 2011), one sum of squares a feature: a
// feature that was rarely seen takes large steps, so that one correction is enough where the seed says nothing.
#include <math.h>
#include <string.h>

#include "habits/internal.h"

#define LEARNED_BITS 13 /* 8,192 rows of 145 weights: 4.7 MB */
#define LEARNED_RATE \
    0.1f /* on other brands than were learned: more moves what it should leave alone, less spreads nothing */

/* Where a feature's weights stand in the seed: [*first, end). */
static uint32_t find_seed(const tael__feature *f, uint32_t *first)
{
    uint32_t bucket = f->hash >> (32 - TAEL__SEED_BITS);
    uint32_t i = tael__seed_start[bucket], end = tael__seed_start[bucket + 1];
    while (i < end && tael__seed_hash[i] < f->hash) i++;
    *first = 0;
    if (i == end || tael__seed_hash[i] != f->hash) return 0;
    *first = tael__seed_first[i];
    return tael__seed_first[i + 1];
}

static float seed_weight(uint32_t at)
{
    return tael__seed_scale * (float)(int8_t)(tael__seed_weights[at] >> 8);
}

static size_t row_of(const tael__feature *f)
{
    return f->hash >> (32 - LEARNED_BITS);
}

float tael__weight(const tael__feature *f, int category, int top, const tael__learned *learned)
{
    uint32_t first, end = find_seed(f, &first);
    float sum = 0;
    for (; first < end; first++) {
        int c = tael__seed_weights[first] & 0xFF;
        if (c == category || c == top) sum += seed_weight(first);
    }
    if (learned->rows) sum += learned->rows[row_of(f)][category] + learned->rows[row_of(f)][top];
    return sum * f->value;
}

/* A leaf's score with that of the top above it; a top itself can't be chosen. */
void tael__scores_end(float scores[TAEL__CATEGORY_COUNT])
{
    const tael_category *tree = tael_categories(NULL);
    float top = 0;
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) {
        if (tree[c].id % 100 == 0) top = scores[c];
        scores[c] += top;
    }
}

void tael__scores_add(float scores[TAEL__CATEGORY_COUNT], const tael__features *features, const tael__learned *learned)
{
    for (size_t i = 0; i < features->count; i++) {
        const tael__feature *f = &features->list[i];
        uint32_t w, end = find_seed(f, &w);
        for (; w < end; w++) scores[tael__seed_weights[w] & 0xFF] += f->value * seed_weight(w);
        if (!learned || !learned->rows) continue;
        const float *row = learned->rows[row_of(f)];
        for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) scores[c] += f->value * row[c];
    }
}

void tael__scores(float scores[TAEL__CATEGORY_COUNT], const tael__features *features, const tael__learned *learned)
{
    memset(scores, 0, TAEL__CATEGORY_COUNT * sizeof *scores);
    tael__scores_add(scores, features, learned);
    tael__scores_end(scores);
}

/* What the scores should have moved by: probability minus truth. Where the owner named a top only, the truth is shared
 * by its leaves as the model sees them. */
static void slope(float g[TAEL__CATEGORY_COUNT], const float p[TAEL__CATEGORY_COUNT], int category)
{
    const tael_category *tree = tael_categories(NULL);
    int32_t id = tree[category].id;
    int top = tael__category_index(tael_category_top(id));
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) {
        float truth = c == category || c == top ? 1 : 0;
        if (id % 100 == 0 && c != top && tael_category_top(tree[c].id) == id) truth = p[c] / fmaxf(p[top], 1e-6f);
        g[c] = p[c] - truth;
    }
}

static tael_status make_table(tael__learned *learned)
{
    size_t rows = (size_t)1 << LEARNED_BITS;
    if (learned->rows) return TAEL_OK;
    learned->rows = tael__alloc_array(rows, sizeof *learned->rows);
    learned->spread = tael__alloc_array(rows, sizeof *learned->spread);
    if (learned->rows && learned->spread) return TAEL_OK;
    tael__learned_free(learned);
    return tael__fail_memory("categories", rows * sizeof *learned->rows);
}

tael_status tael__learn(tael__learned *learned, const tael__features *features, int category)
{
    float p[TAEL__CATEGORY_COUNT], scores[TAEL__CATEGORY_COUNT], g[TAEL__CATEGORY_COUNT], square = 0;
    TAEL_TRY(make_table(learned));
    tael__scores(scores, features, learned);
    tael__probabilities(p, scores);
    slope(g, p, category);
    for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) square += g[c] * g[c];
    for (size_t i = 0; i < features->count; i++) {
        const tael__feature *f = &features->list[i];
        float *row = learned->rows[row_of(f)], *spread = &learned->spread[row_of(f)];
        *spread += square * f->value * f->value;
        float step = LEARNED_RATE * f->value / (0.1f + sqrtf(*spread));
        for (int c = 0; c < TAEL__CATEGORY_COUNT; c++) row[c] -= step * g[c];
    }
    return TAEL_OK;
}

void tael__learned_free(tael__learned *learned)
{
    tael__free(learned->rows);
    tael__free(learned->spread);
    *learned = (tael__learned){0};
}
