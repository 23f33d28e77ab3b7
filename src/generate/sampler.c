// SPDX-License-Identifier: Apache-2.0
// The chain that most people's settings mean: penalties, top-k, top-p, min-p, temperature, then one draw. Each filter
// sees what the one before left, at temperature 1. The vocabulary (150,000) is never sorted: the k likeliest are kept
// in a heap of k, or, when k is large, all are heaped in linear time and taken off until top-p has enough.
#include "generate/sampler.h"

#include <math.h>
#include <string.h>

#define SMALL_K 1024 /* up to here a heap of k is quicker than a heap of all */

static tael_status check_range(const char *name, double value, double least, double most)
{
    if (value >= least && value <= most) return TAEL_OK;
    return tael__fail(
        TAEL_MISUSE,
        TAEL_SAY("%s: %g is outside %g to %g; choose one within", "%s：%g 不在 %g 到 %g 之间；请改用范围内的值"), name,
        value, least, most);
}

tael_status tael__sampler_open(tael__sampler *s, const tael_generate_options *o, size_t vocabulary)
{
    *s = (tael__sampler){.vocabulary = vocabulary};
    s->temperature = o->temperature == 0 ? 0.7f : o->temperature;
    s->top_p = o->top_p == 0 ? 0.8f : o->top_p;
    s->top_k = o->top_k == 0 ? 20 : o->top_k;
    s->min_p = o->min_p;
    s->repeat_penalty = o->repeat_penalty == 0 ? 1.0f : o->repeat_penalty;
    s->presence_penalty = o->presence_penalty;
    s->frequency_penalty = o->frequency_penalty;
    s->greedy = o->greedy || s->top_k == 1;
    TAEL_TRY(check_range("temperature", s->temperature, 1e-6, 100));
    TAEL_TRY(check_range("top_p", s->top_p, 1e-6, 1));
    TAEL_TRY(check_range("min_p", s->min_p, 0, 1));
    TAEL_TRY(check_range("repeat_penalty", s->repeat_penalty, 1e-3, 1e3));
    TAEL_TRY(check_range("presence_penalty", s->presence_penalty, -100, 100));
    TAEL_TRY(check_range("frequency_penalty", s->frequency_penalty, -100, 100));
    if (s->greedy) return TAEL_OK;
    uint64_t seed = o->seed;
    if (seed == 0) TAEL_TRY(tael__random_system(&seed, sizeof seed));
    tael__random_seed(&s->random, seed);
    s->candidates = tael__alloc_array(vocabulary, sizeof *s->candidates);
    if (!s->candidates) return tael__fail_memory(TAEL_SAY("sampling", "采样"), vocabulary * sizeof *s->candidates);
    return TAEL_OK;
}

void tael__sampler_close(tael__sampler *s)
{
    tael__free(s->candidates);
    s->candidates = NULL;
}

bool tael__sampler_penalizes(const tael__sampler *s)
{
    return s->repeat_penalty != 1.0f || s->presence_penalty != 0.0f || s->frequency_penalty != 0.0f;
}

void tael__sampler_penalize(const tael__sampler *s, float *logits, const int32_t *tokens, size_t count)
{
    size_t first = count > TAEL__PENALTY_TOKENS ? count - TAEL__PENALTY_TOKENS : 0;
    for (size_t i = first; i < count; i++) {
        int32_t id = tokens[i];
        uint32_t times = 0;
        bool seen = false;
        for (size_t j = first; j < count; j++) {
            if (tokens[j] != id) continue;
            if (j < i) seen = true; /* done at its first occurrence */
            times++;
        }
        if (seen || id < 0 || (size_t)id >= s->vocabulary) continue;
        float *l = &logits[id];
        *l = *l > 0 ? *l / s->repeat_penalty : *l * s->repeat_penalty;
        *l -= s->presence_penalty + s->frequency_penalty * (float)times;
    }
}

int32_t tael__argmax(const float *logits, size_t n)
{
    int32_t best = -1;
    float top = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (logits[i] > top) {
            top = logits[i];
            best = (int32_t)i;
        }
    return best;
}

/* Likelier first; of equal ones the lower id, so that a seed repeats on every machine. */
static bool before(tael__candidate a, tael__candidate b)
{
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

/* Restore the heap below `i`. With `best_on_top` the root is the likeliest, else the least likely. */
static void sift(tael__candidate *c, size_t n, size_t i, bool best_on_top)
{
    tael__candidate moving = c[i];
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= n) break;
        if (child + 1 < n && before(c[child + 1], c[child]) == best_on_top) child++;
        if (before(c[child], moving) != best_on_top) break;
        c[i] = c[child];
        i = child;
    }
    c[i] = moving;
}

static void heapify(tael__candidate *c, size_t n, bool best_on_top)
{
    for (size_t i = n / 2; i-- > 0;) sift(c, n, i, best_on_top);
}

/* The k likeliest, in order, at the front of `c`; returns how many there are. */
static size_t keep_few(tael__candidate *c, const float *logits, size_t n, size_t k)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        tael__candidate one = {logits[i], (int32_t)i};
        if (!(one.logit > -INFINITY)) continue;
        if (kept < k) {
            c[kept++] = one;
            if (kept == k) heapify(c, k, false);
        } else if (one.logit > c[0].logit) { /* equal ones have higher ids: they lose */
            c[0] = one;
            sift(c, k, 0, false);
        }
    }
    if (kept < k) heapify(c, kept, false);
    for (size_t left = kept; left > 1; left--) { /* the least likely goes to the end, so the front is the likeliest */
        tael__candidate last = c[0];
        c[0] = c[left - 1];
        c[left - 1] = last;
        sift(c, left - 1, 0, false);
    }
    return kept;
}

/* The likeliest of all, in order, until they hold `p` of the mass or are k; at the *end* of `c`, likeliest last. */
static size_t keep_many(tael__candidate *c, const float *logits, size_t n, size_t k, double p, double *total)
{
    size_t count = 0, taken = 0;
    for (size_t i = 0; i < n; i++)
        if (logits[i] > -INFINITY) c[count++] = (tael__candidate){logits[i], (int32_t)i};
    if (count == 0) return 0;
    heapify(c, count, true);
    double top = c[0].logit, sum = 0, held = 0;
    for (size_t i = 0; i < count; i++) sum += exp(c[i].logit - top);
    while (taken < count && taken < k && (taken == 0 || held < p * sum)) {
        tael__candidate one = c[0];
        size_t left = count - ++taken;
        c[0] = c[left];
        c[left] = one;
        sift(c, left, 0, true);
        held += exp(one.logit - top);
    }
    *total = sum;
    for (size_t i = 0; i < taken / 2; i++) { /* turn them around, then to the front */
        tael__candidate swap = c[count - taken + i];
        c[count - taken + i] = c[count - 1 - i];
        c[count - 1 - i] = swap;
    }
    memmove(c, c + count - taken, taken * sizeof *c);
    return taken;
}

/* How many of the ordered c[0..n) are needed to hold p of their mass. */
static size_t cut_top_p(const tael__candidate *c, size_t n, double p)
{
    double sum = 0, held = 0;
    if (p >= 1) return n;
    for (size_t i = 0; i < n; i++) sum += exp((double)c[i].logit - c[0].logit);
    for (size_t i = 0; i < n; i++) {
        held += exp((double)c[i].logit - c[0].logit);
        if (held >= p * sum) return i + 1;
    }
    return n;
}

int32_t tael__sampler_pick(tael__sampler *s, const float *logits)
{
    if (s->greedy) return tael__argmax(logits, s->vocabulary);
    tael__candidate *c = s->candidates;
    size_t n, k = s->top_k < s->vocabulary ? s->top_k : s->vocabulary;
    if (k <= SMALL_K) {
        n = keep_few(c, logits, s->vocabulary, k);
        if (n > 0) n = cut_top_p(c, n, s->top_p);
    } else {
        double total;
        bool all = k == s->vocabulary; /* top-p of k's own mass needs the k first */
        n = keep_many(c, logits, s->vocabulary, k, all ? s->top_p : 2.0, &total);
        if (n > 0 && !all) n = cut_top_p(c, n, s->top_p);
    }
    if (n == 0) return -1;
    double least = s->min_p > 0 ? c[0].logit + log(s->min_p) : -INFINITY, sum = 0;
    while (n > 1 && c[n - 1].logit < least) n--;
    for (size_t i = 0; i < n; i++) sum += exp(((double)c[i].logit - c[0].logit) / s->temperature);
    double draw = tael__random_unit(&s->random) * sum;
    for (size_t i = 0; i < n; i++) {
        draw -= exp(((double)c[i].logit - c[0].logit) / s->temperature);
        if (draw < 0) return c[i].id;
    }
    return c[n - 1].id;
}
