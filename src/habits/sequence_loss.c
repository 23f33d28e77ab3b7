// SPDX-License-Identifier: Apache-2.0
/* The softmax over all items and its gradients, without ever holding the scores of a batch (T · N floats, 70 MB): tiles
 * of scores live in the cache, and are computed once for the tokens' gradients and once more for the items'. The second
 * time costs a quarter of the sums and saves moving them through memory twice. Scores are cosines over the temperature,
 * so 1 / temperature is their bound and no maximum is looked for. */
#include <math.h>
#include <string.h>

#include "habits/sequence.h"

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* slope = (sum of p_j · unit_j - unit_target) / T. Tokens up to whole panels are there, and zero. */
void tael__sequence_loss(const tael_sequence *m, tael__sequence_batch *b, size_t from, size_t to, float *room)
{
    const size_t d = m->sizes.width, all = m->sizes.items;
    const float bound = 1 / m->sizes.temperature, part = 1 / (float)b->tokens;
    float *slope = b->slope + from * d, sums[TAEL__LOSS_TOKENS] = {0}, shift[TAEL__FOLD];
    const size_t n = (to - from + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL;
    for (size_t i = 0; i < TAEL__FOLD; i++) shift[i] = bound;
    memset(b->hidden + to * d, 0, (from + n - to) * d * sizeof(float));
    m->kernels->pack(&b->side, from, n, d);
    memset(slope, 0, n * d * sizeof *slope);
    for (size_t item = 0; item < m->padded; item += TAEL__FOLD) {
        size_t items = at_most(m->padded - item, TAEL__FOLD), real = at_most(all - item, items);
        m->kernels->fold(slope, sums, &b->side, from, n, &m->side, item, items, real, shift, d, room);
    }
    for (size_t t = 0; t < n; t++) {
        b->shift[from + t] = logf(sums[t]) + bound;
        if (from + t >= to) continue;
        const float *target = m->unit + b->targets[from + t] * d;
        b->loss[from + t] = b->shift[from + t] - m->kernels->dot(b->hidden + (from + t) * d, target, d);
        for (size_t i = 0; i < d; i++) slope[t * d + i] = (slope[t * d + i] / sums[t] - target[i]) * part;
    }
}

/* unit = w / |w|: what points along the item's own vector changes nothing. */
static void turn_only(const tael_sequence *m, float *gradient, size_t from, size_t to)
{
    const size_t d = m->sizes.width;
    for (size_t j = from; j < to; j++, gradient += d) {
        const float *unit = m->unit + j * d;
        float along = m->kernels->dot(gradient, unit, d);
        for (size_t i = 0; i < d; i++) gradient[i] = (gradient[i] - unit[i] * along) * m->length_inverse[j];
    }
}

/* [from, to) is at most a tile's items, from a panel's begin; gradient has room for whole panels. */
void tael__sequence_items_back(const tael_sequence *m, const tael__sequence_batch *b, size_t from, size_t to,
                               float *gradient, float *room)
{
    const size_t d = m->sizes.width, items = (to - from + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL;
    const float part = 1 / (float)b->tokens;
    memset(gradient, 0, items * d * sizeof *gradient);
    const size_t tokens = (b->tokens + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL;
    for (size_t at = 0; at < tokens; at += TAEL__FOLD) {
        size_t n = at_most(tokens - at, TAEL__FOLD);
        m->kernels->fold(gradient, NULL, &m->side, from, items, &b->side, at, n, at_most(b->tokens - at, n),
                         b->shift + at, d, room);
    }
    for (size_t i = 0; i < (to - from) * d; i++) gradient[i] *= part;
    for (size_t t = 0; t < b->tokens; t++) {
        if (b->targets[t] >= from && b->targets[t] < to)
            m->kernels->axpy(gradient + (b->targets[t] - from) * d, -part, b->hidden + t * d, d);
        if (b->items[t] >= from && b->items[t] < to)
            m->kernels->axpy(gradient + (b->items[t] - from) * d, 1, b->slope + t * d, d);
    }
    turn_only(m, gradient, from, to);
}
