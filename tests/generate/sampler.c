// SPDX-License-Identifier: Apache-2.0
// The sampler's chain against a plain one that sorts everything; and what a seed and greedy promise.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "generate/sampler.h"
#include "support.h"

#define N 5000

static float logits[N];

static void make_logits(uint64_t seed, double spread, bool ties)
{
    tael__random r;
    tael__random_seed(&r, seed);
    for (int i = 0; i < N; i++) {
        double x = (tael__random_unit(&r) + tael__random_unit(&r) - 1) * spread;
        logits[i] = ties ? (float)floor(x) : (float)x;
    }
}

static int by_logit(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    if (logits[x] != logits[y]) return logits[x] > logits[y] ? -1 : 1;
    return x < y ? -1 : 1;
}

/* The same chain, by sorting the whole vocabulary and adding up probabilities. */
static int32_t plain_pick(const tael_generate_options *o, tael__random *r)
{
    static int32_t ids[N];
    static double p[N];
    size_t n = o->top_k < N ? o->top_k : N;
    for (int i = 0; i < N; i++) ids[i] = i;
    qsort(ids, N, sizeof ids[0], by_logit);
    double sum = 0, held = 0;
    for (size_t i = 0; i < n; i++) sum += exp((double)logits[ids[i]] - logits[ids[0]]);
    if (o->top_p < 1)
        for (size_t i = 0; i < n; i++) {
            held += exp((double)logits[ids[i]] - logits[ids[0]]);
            if (held >= o->top_p * sum) {
                n = i + 1;
                break;
            }
        }
    while (n > 1 && exp((double)logits[ids[n - 1]] - logits[ids[0]]) < o->min_p) n--;
    sum = 0;
    for (size_t i = 0; i < n; i++) sum += p[i] = exp(((double)logits[ids[i]] - logits[ids[0]]) / o->temperature);
    double draw = tael__random_unit(r) * sum;
    for (size_t i = 0; i < n; i++)
        if ((draw -= p[i]) < 0) return ids[i];
    return ids[n - 1];
}

static void the_chain_picks_what_sorting_everything_picks(void **state)
{
    (void)state;
    static const tael_generate_options options[] = {
        {.top_k = 20, .top_p = 0.8f, .temperature = 0.7f},
        {.top_k = 1000, .top_p = 0.95f, .temperature = 1.3f, .min_p = 0.01f},
        {.top_k = 2000, .top_p = 0.9f, .temperature = 1},
        {.top_k = N, .top_p = 0.7f, .temperature = 0.5f},
        {.top_k = N, .top_p = 1, .temperature = 2, .min_p = 0.2f},
        {.top_k = N * 2, .top_p = 1, .temperature = 1},
        {.top_k = 2, .top_p = 1, .temperature = 5},
        {.top_k = 50, .top_p = 0.01f, .temperature = 1},
    };
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
        for (uint64_t seed = 1; seed <= 40; seed++) {
            tael_generate_options o = options[i];
            tael__sampler s;
            tael__random r;
            o.seed = seed;
            make_logits(seed, seed % 3 ? 12 : 2, seed % 4 == 0);
            assert_ok(tael__sampler_open(&s, &o, N));
            tael__random_seed(&r, seed);
            for (int k = 0; k < 5; k++) assert_int_equal(tael__sampler_pick(&s, logits), plain_pick(&o, &r));
            tael__sampler_close(&s);
        }
}

static void greedy_takes_the_lowest_of_equal_ids(void **state)
{
    (void)state;
    tael__sampler s;
    tael_generate_options o = {.greedy = true};
    memset(logits, 0, sizeof logits);
    logits[3000] = logits[17] = logits[4000] = 5;
    logits[2] = NAN;
    assert_ok(tael__sampler_open(&s, &o, N));
    assert_int_equal(tael__sampler_pick(&s, logits), 17);
    for (int i = 0; i < N; i++) logits[i] = -INFINITY;
    assert_int_equal(tael__sampler_pick(&s, logits), -1);
    tael__sampler_close(&s);
    o = (tael_generate_options){.seed = 3};
    assert_ok(tael__sampler_open(&s, &o, N));
    assert_int_equal(tael__sampler_pick(&s, logits), -1);
    logits[77] = -1000;
    assert_int_equal(tael__sampler_pick(&s, logits), 77);
    tael__sampler_close(&s);
}

static void what_was_masked_is_never_drawn(void **state)
{
    (void)state;
    tael__sampler s;
    tael_generate_options o = {.seed = 9, .top_k = N, .top_p = 1, .temperature = 50};
    make_logits(5, 4, false);
    for (int i = 0; i < N; i++)
        if (i % 7) logits[i] = -INFINITY;
    assert_ok(tael__sampler_open(&s, &o, N));
    for (int i = 0; i < 300; i++) assert_int_equal(tael__sampler_pick(&s, logits) % 7, 0);
    tael__sampler_close(&s);
}

static void draws_follow_the_probabilities(void **state)
{
    (void)state;
    tael__sampler s;
    tael_generate_options o = {.seed = 4, .top_k = 3, .top_p = 1, .temperature = 1};
    int seen[3] = {0};
    for (int i = 0; i < N; i++) logits[i] = -50;
    logits[0] = logf(0.5f);
    logits[1] = logf(0.3f);
    logits[2] = logf(0.2f);
    assert_ok(tael__sampler_open(&s, &o, N));
    for (int i = 0; i < 10000; i++) seen[tael__sampler_pick(&s, logits)]++;
    tael__sampler_close(&s);
    assert_in_range(seen[0], 4800, 5200); /* four standard deviations of 50 */
    assert_in_range(seen[1], 2816, 3184);
    assert_in_range(seen[2], 1840, 2160);
}

static void penalties_count_the_last_64_tokens_once_each(void **state)
{
    (void)state;
    tael__sampler s;
    int32_t tokens[70];
    tael_generate_options o = {.greedy = true, .repeat_penalty = 2, .presence_penalty = 1, .frequency_penalty = 0.5f};
    assert_ok(tael__sampler_open(&s, &o, N));
    assert_true(tael__sampler_penalizes(&s));
    for (int i = 0; i < 70; i++)
        tokens[i] = i < 6 ? 9 : i % 2 ? 1 : 2; /* 9 is 65 to 70 back; 1 and 2 are there 32 times */
    logits[9] = 4;
    logits[1] = 4;
    logits[2] = -4;
    tael__sampler_penalize(&s, logits, tokens, 70);
    assert_true(logits[9] == 4);
    assert_true(logits[1] == 4.0f / 2 - 1 - 16);
    assert_true(logits[2] == -4.0f * 2 - 1 - 16);
    tael__sampler_close(&s);
}

static void options_out_of_range_are_misuse(void **state)
{
    (void)state;
    tael__sampler s;
    static const tael_generate_options wrong[] = {
        {.temperature = -1},    {.temperature = NAN},          {.top_p = 1.5f}, {.top_p = -0.5f}, {.min_p = 2},
        {.repeat_penalty = -1}, {.presence_penalty = INFINITY}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_status(tael__sampler_open(&s, &wrong[i], N), TAEL_MISUSE);
        tael__sampler_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_chain_picks_what_sorting_everything_picks),
        cmocka_unit_test(greedy_takes_the_lowest_of_equal_ids),
        cmocka_unit_test(what_was_masked_is_never_drawn),
        cmocka_unit_test(draws_follow_the_probabilities),
        cmocka_unit_test(penalties_count_the_last_64_tokens_once_each),
        cmocka_unit_test(options_out_of_range_are_misuse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
