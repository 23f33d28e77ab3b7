// SPDX-License-Identifier: Apache-2.0
// Trains the category model when the library is built: seed.tsv in, a C file of sparse 8-bit weights out.
//
//   train_categories seed.tsv out.c         what the build runs
//   train_categories --try seed.tsv [FOLDS] cross-validation by brand, for tuning: no brand is in both halves
//
// Multinomial logistic regression over the tree's leaves, a leaf's score being its own and its top's; AdaGrad, a fixed
// order of rows, no random numbers from outside: the same seed gives the same file.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habits/internal.h"
#include "labelled.h"

enum { EPOCHS = 10, LEAST_SEEN = 2, C = TAEL__CATEGORY_COUNT };
/* By cross-validation over the seed (--try): more decay and fewer weights than memorising would take make it better on
 * brands it hasn't seen. */
static const float RATE = 0.5f, DECAY = 0.008f, LEAST_WEIGHT = 0.3f;

typedef struct trainer {
    tael__labelled rows;
    uint32_t *hashes; /* open addressing */
    uint32_t *seen;
    uint32_t *index; /* of the feature, for those seen often enough */
    size_t slots, features;
    float (*weights)[C], (*squares)[C];
} trainer;

static void *need(void *p)
{
    if (p) return p;
    fputs("train_categories: not enough memory\n", stderr);
    exit(1);
}

static size_t slot_of(const trainer *t, uint32_t hash)
{
    size_t at = hash & (t->slots - 1);
    while (t->seen[at] && t->hashes[at] != hash) at = (at + 1) & (t->slots - 1);
    return at;
}

static bool taken(const tael__labelled_row *row, int folds, int fold) /* into the training half */
{
    if (folds == 0) return true;
    return (int)(tael__labelled_brand(row) % (uint32_t)folds) != fold;
}

static void count_features(trainer *t, int folds, int fold)
{
    tael__features f;
    t->slots = (size_t)1 << 22;
    t->hashes = need(calloc(t->slots, sizeof *t->hashes));
    t->seen = need(calloc(t->slots, sizeof *t->seen));
    t->index = need(calloc(t->slots, sizeof *t->index));
    for (size_t r = 0; r < t->rows.count; r++) {
        if (!taken(&t->rows.rows[r], folds, fold)) continue;
        tael__features_make(&f, &t->rows.rows[r].record);
        for (size_t i = 0; i < f.count; i++) {
            size_t at = slot_of(t, f.list[i].hash);
            t->hashes[at] = f.list[i].hash;
            t->seen[at]++;
        }
    }
    for (size_t at = 0; at < t->slots; at++)
        if (t->seen[at] >= LEAST_SEEN) t->index[at] = (uint32_t)++t->features;
    t->weights = need(calloc(t->features + 1, sizeof *t->weights));
    t->squares = need(calloc(t->features + 1, sizeof *t->squares));
}

/* The indices of a record's features that the model has; returns how many. */
static size_t look_up(const trainer *t, const tael__features *f, uint32_t index[TAEL__MAX_FEATURES],
                      float value[TAEL__MAX_FEATURES])
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++) {
        size_t at = slot_of(t, f->list[i].hash);
        if (!t->seen[at] || !t->index[at]) continue;
        index[n] = t->index[at];
        value[n++] = f->list[i].value;
    }
    return n;
}

static void score(const trainer *t, float p[C], const uint32_t *index, const float *value, size_t n)
{
    float scores[C] = {0}, top = 0;
    const tael_category *tree = tael_categories(NULL);
    for (size_t i = 0; i < n; i++)
        for (int c = 0; c < C; c++) scores[c] += value[i] * t->weights[index[i]][c];
    for (int c = 0; c < C; c++) {
        if (tree[c].id % 100 == 0) top = scores[c];
        scores[c] += top;
    }
    tael__probabilities(p, scores);
}

static void step(trainer *t, const tael__labelled_row *row, float rate)
{
    tael__features f;
    uint32_t index[TAEL__MAX_FEATURES];
    float value[TAEL__MAX_FEATURES], p[C], g[C];
    int moved[C], count = 0, top = tael__category_index(tael_category_top(row->category_id));
    tael__features_make(&f, &row->record);
    size_t n = look_up(t, &f, index, value);
    score(t, p, index, value, n);
    for (int c = 0; c < C; c++) {
        g[c] = p[c] - (c == row->index || c == top ? 1 : 0);
        if (fabsf(g[c]) > 0.002f) moved[count++] = c;
    }
    for (size_t i = 0; i < n; i++) {
        float *w = t->weights[index[i]], *s = t->squares[index[i]];
        for (int m = 0; m < count; m++) {
            int c = moved[m];
            float slope = g[c] * value[i] + DECAY * w[c];
            s[c] += slope * slope;
            w[c] -= rate * slope / (0.05f + sqrtf(s[c]));
        }
    }
}

static void train(trainer *t, int folds, int fold)
{
    count_features(t, folds, fold);
    for (int epoch = 0; epoch < EPOCHS; epoch++) {
        uint64_t random = 88172645463325252u + (uint64_t)epoch;
        for (size_t left = t->rows.count; left > 1; left--) { /* a new order each time */
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            size_t other = random % left;
            tael__labelled_row swap = t->rows.rows[left - 1];
            t->rows.rows[left - 1] = t->rows.rows[other];
            t->rows.rows[other] = swap;
        }
        for (size_t r = 0; r < t->rows.count; r++)
            if (taken(&t->rows.rows[r], folds, fold)) step(t, &t->rows.rows[r], RATE / (1 + 0.3f * (float)epoch));
    }
}

/* Small weights are noise: without them the model is a tenth as large and a little better. */
static void prune(trainer *t)
{
    for (size_t i = 1; i <= t->features; i++)
        for (int c = 0; c < C; c++)
            if (fabsf(t->weights[i][c]) < LEAST_WEIGHT) t->weights[i][c] = 0;
}

static void release(trainer *t)
{
    free(t->hashes);
    free(t->seen);
    free(t->index);
    free(t->weights);
    free(t->squares);
    *t = (trainer){.rows = t->rows};
}

/* ---- Trying ---- */

static void try_out(trainer *t, int folds)
{
    size_t all = 0, top = 0, leaf = 0;
    for (int fold = 0; fold < folds; fold++) {
        train(t, folds, fold);
        prune(t);
        for (size_t r = 0; r < t->rows.count; r++) {
            const tael__labelled_row *row = &t->rows.rows[r];
            if (taken(row, folds, fold)) continue;
            tael__features f;
            uint32_t index[TAEL__MAX_FEATURES];
            float value[TAEL__MAX_FEATURES], p[C];
            tael__features_make(&f, &row->record);
            score(t, p, index, value, look_up(t, &f, index, value));
            int32_t id = tael_categories(NULL)[tael__best(p)].id;
            all++;
            top += tael_category_top(id) == tael_category_top(row->category_id);
            leaf += id == row->category_id;
        }
        release(t);
        printf("fold %d: %zu rows so far, top %.2f%%, leaf %.2f%%\n", fold, all, 100.0 * (double)top / (double)all,
               100.0 * (double)leaf / (double)all);
        fflush(stdout);
    }
}

/* ---- Writing ---- */

typedef struct entry {
    uint32_t hash, index;
} entry;

static int by_hash(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    return x->hash < y->hash ? -1 : x->hash > y->hash;
}

static void write_numbers(FILE *out, const char *type, const char *name, const uint32_t *numbers, size_t count)
{
    fprintf(out, "const %s %s[] = {", type, name);
    for (size_t i = 0; i < count; i++) fprintf(out, i % 16 == 0 ? "\n%u," : "%u,", numbers[i]);
    fputs("};\n", out);
}

/* The weights of one feature; returns how many. */
static size_t write_weights(FILE *out, const float w[C], float scale)
{
    size_t count = 0;
    for (int c = 0; c < C; c++) {
        int q = (int)lrintf(w[c] / scale);
        if (q == 0) continue;
        fprintf(out, "%u,", (unsigned)((uint32_t)c | (uint32_t)(uint8_t)(int8_t)q << 8));
        count++;
    }
    if (count > 0) fputc('\n', out);
    return count;
}

static int write_model(const trainer *t, const char *path)
{
    FILE *out = fopen(path, "w");
    size_t count = 0, weights = 0;
    float most = 0;
    if (!out) return perror(path), 1;
    entry *entries = need(calloc(t->features, sizeof *entries));
    uint32_t *hashes = need(calloc(t->features + 1, sizeof *hashes));
    uint32_t *first = need(calloc(t->features + 2, sizeof *first));
    uint32_t *start = need(calloc(((size_t)1 << TAEL__SEED_BITS) + 1, sizeof *start));
    for (size_t at = 0; at < t->slots; at++)
        if (t->index[at]) entries[count++] = (entry){t->hashes[at], t->index[at]};
    qsort(entries, count, sizeof *entries, by_hash);
    for (size_t i = 0; i < count; i++)
        for (int c = 0; c < C; c++) most = fmaxf(most, fabsf(t->weights[entries[i].index][c]));
    float scale = most / 127;
    fputs("/* Made by train_categories from seed.tsv. */\n#include \"habits/internal.h\"\n", out);
    fprintf(out, "const float tael__seed_scale = %.9gf;\nconst uint16_t tael__seed_weights[] = {\n", (double)scale);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        size_t before = weights;
        weights += write_weights(out, t->weights[entries[i].index], scale);
        if (weights == before) continue;
        hashes[kept] = entries[i].hash;
        first[kept++] = (uint32_t)before;
        start[(entries[i].hash >> (32 - TAEL__SEED_BITS)) + 1]++;
    }
    first[kept] = (uint32_t)weights;
    for (size_t b = 0; b < (size_t)1 << TAEL__SEED_BITS; b++) start[b + 1] += start[b];
    fputs("};\n", out);
    write_numbers(out, "uint32_t", "tael__seed_start", start, ((size_t)1 << TAEL__SEED_BITS) + 1);
    write_numbers(out, "uint32_t", "tael__seed_hash", hashes, kept);
    write_numbers(out, "uint32_t", "tael__seed_first", first, kept + 1);
    free(entries);
    free(hashes);
    free(first);
    free(start);
    if (fclose(out) != 0) return perror(path), 1;
    printf("train_categories: %zu rows, %zu features, %zu weights\n", t->rows.count, kept, weights);
    return 0;
}

int main(int argc, char **argv)
{
    trainer t = {0};
    bool trying = argc > 2 && strcmp(argv[1], "--try") == 0;
    int folds = argc > 3 ? atoi(argv[3]) : 5, result = 0;
    if (argc < 3) {
        fputs("usage: train_categories SEED.tsv OUT.c | --try SEED.tsv [FOLDS]\n", stderr);
        return 2;
    }
    if (tael__labelled_read(&t.rows, argv[trying ? 2 : 1]) != TAEL_OK) {
        fprintf(stderr, "train_categories: %s\n", tael_error());
        return 1;
    }
    if (trying) {
        try_out(&t, folds);
    } else {
        train(&t, 0, 0);
        prune(&t);
        result = write_model(&t, argv[2]);
        release(&t);
    }
    tael__labelled_free(&t.rows);
    return result;
}
