// SPDX-License-Identifier: Apache-2.0
// The weekly forecast: before training it says what the series itself has shown, training finds cycles that a frequency
// can't, quantiles hold what they say on lives that weren't learned, and odd series get an answer.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "habits/series.h"
#include "support.h"

enum { AHEAD = 4, P = 9 };
static const double probabilities[P] = {.1, .2, .3, .4, .5, .6, .7, .8, .9};

static tael_series *open_series(uint64_t seed)
{
    tael_series *series;
    assert_ok(tael_series_open(&series, &(tael_series_options){.size = sizeof(tael_series_options), .seed = seed}));
    return series;
}

/* The answer, ascending and never below nothing. */
static void forecast(tael_series *series, size_t index, int64_t minor[AHEAD][P])
{
    assert_ok(tael_series_forecast(series, index, probabilities, P, &minor[0][0]));
    for (int h = 0; h < AHEAD; h++)
        for (int k = 0; k < P; k++) assert_true(minor[h][k] >= (k ? minor[h][k - 1] : 0));
}

static void before_training_the_own_frequency_speaks(void **state)
{
    (void)state;
    tael_series *series = open_series(1);
    int64_t weeks[100], q[AHEAD][P];
    for (int k = 0; k < 100; k++) weeks[k] = k % 10 < 3 ? 5000 : 0;
    assert_ok(tael_series_add(series, weeks, 100));
    forecast(series, 0, q);
    assert_int_equal(q[0][4], 0); /* bought in 3 of 10 weeks */
    assert_int_equal(q[3][5], 0);
    assert_true(q[0][8] > 4000 && q[0][8] < 6250);
    tael_series_close(series);
}

/* Everybody buys each third week, some later than others; who bought this week buys in three, not in one. */
static void training_finds_the_cycle(void **state)
{
    (void)state;
    tael_series *series = open_series(1);
    int64_t weeks[62], q[AHEAD][P];
    for (int i = 0; i < 90; i++) {
        for (int k = 0; k < 62; k++)
            weeks[k] = (k + i) % 3 == 0 ? 1000 * (1 + i % 7) + 10 * ((i * 31 + k * 17) % 20) : 0;
        assert_ok(tael_series_add(series, weeks, 62));
    }
    assert_ok(tael_series_train(series));
    for (int i = 0; i < 90; i++) {
        forecast(series, (size_t)i, q);
        for (int h = 1; h <= AHEAD; h++) {
            bool buys = (61 + h + i) % 3 == 0;
            int64_t usual = 1000 * (1 + i % 7) + 100;
            assert_true(buys ? llabs(q[h - 1][4] - usual) < usual / 5 : q[h - 1][4] == 0);
        }
    }
    tael_series_close(series);
}

static double gauss(tael__random *random)
{
    return sqrt(-2 * log(tael__random_unit(random) + 1e-300)) * cos(6.283185307 * tael__random_unit(random));
}

/* Customers of chance, each with a frequency and an amount of his own; the last four weeks are held out. */
static void quantiles_hold_what_they_say(void **state)
{
    (void)state;
    enum { CUSTOMERS = 400, WEEKS = 60 };
    tael_series *series = open_series(2);
    static int64_t weeks[CUSTOMERS][WEEKS];
    int64_t q[AHEAD][P];
    int below[P] = {0};
    tael__random random;
    tael__random_seed(&random, 11);
    for (int i = 0; i < CUSTOMERS; i++) {
        double often = 0.05 + 0.9 * tael__random_unit(&random), usual = 8 + gauss(&random);
        for (int k = 0; k < WEEKS; k++) {
            bool buys = tael__random_unit(&random) < often;
            double amount = exp(usual + 0.5 * gauss(&random));
            weeks[i][k] = buys ? 1 + (int64_t)amount : 0;
        }
        assert_ok(tael_series_add(series, weeks[i], WEEKS - AHEAD));
    }
    assert_ok(tael_series_train(series));
    for (int i = 0; i < CUSTOMERS; i++) {
        forecast(series, (size_t)i, q);
        for (int h = 0; h < AHEAD; h++) /* where nothing is foretold, nothing is as likely as more */
            for (int k = 0; k < P; k++) below[k] += weeks[i][WEEKS - AHEAD + h] <= q[h][k];
    }
    for (int k = 4; k < P; k++)
        assert_true(fabs(below[k] / (double)(CUSTOMERS * AHEAD) - probabilities[k]) < 0.07 || k < 6);
    assert_true(below[8] > 0.86 * CUSTOMERS * AHEAD && below[8] < 0.94 * CUSTOMERS * AHEAD);
    tael_series_close(series);
}

static void the_gradient_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    static tael__series_net net, gradient, unused;
    tael__series_row row = {.base = 0.4f, .bin = 5};
    tael__random random;
    tael__random_seed(&random, 5);
    float *w = &net.in[0][0], *g = &gradient.in[0][0];
    size_t n = (sizeof net - offsetof(tael__series_net, in)) / sizeof(float);
    for (size_t k = 0; k < n; k++) w[k] = (float)(tael__random_unit(&random) - .5);
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) row.features[k] = (float)(tael__random_unit(&random) * 2 - 1);
    for (row.bin = 0; row.bin < TAEL__SERIES_BINS; row.bin += 5) {
        memset(&gradient, 0, sizeof gradient);
        tael__series_gradient(&net, &row, &gradient);
        for (size_t k = 0; k < n; k++) {
            float kept = w[k], step = 2e-3f;
            w[k] = kept + step;
            double up = tael__series_gradient(&net, &row, &unused);
            w[k] = kept - step;
            double down = tael__series_gradient(&net, &row, &unused);
            w[k] = kept;
            double slope = (up - down) / (2 * (double)step);
            assert_true(fabs(slope - (double)g[k]) < 2e-3 + 2e-2 * fabs(slope)); /* a leaky unit may bend in between */
        }
    }
}

/* ---- Odd series ---- */

static void the_same_again_is_the_same(void **state)
{
    (void)state;
    int64_t first[AHEAD][P], again[AHEAD][P];
    for (int run = 0; run < 2; run++) {
        tael_series *series = open_series(9);
        for (int i = 0; i < 20; i++) {
            int64_t weeks[40];
            for (int k = 0; k < 40; k++) weeks[k] = (k * 7 + i * 13) % 5 < 2 ? 100 + (k * 37 + i) % 900 : 0;
            assert_ok(tael_series_add(series, weeks, 40));
        }
        assert_ok(tael_series_train(series));
        if (run) assert_ok(tael_series_train(series)); /* nothing of the first training is left */
        forecast(series, 3, run ? again : first);
        tael_series_close(series);
    }
    assert_memory_equal(first, again, sizeof first);
}

static void odd_series_get_an_answer(void **state)
{
    (void)state;
    enum { YEARS = 2609 }; /* fifty years of weeks */
    tael_series *series = open_series(1);
    static int64_t zeros[YEARS], constant[YEARS], huge[YEARS];
    int64_t q[AHEAD][P];
    assert_ok(tael_series_train(series)); /* of nothing */
    for (int k = 0; k < YEARS; k++) {
        constant[k] = 1234;
        huge[k] = k % 3 ? 0 : 1000000000000 + k;
    }
    assert_ok(tael_series_add(series, zeros, YEARS));
    assert_ok(tael_series_add(series, NULL, 0));
    assert_ok(tael_series_add(series, (int64_t[]){-500, 700}, 2)); /* more came back than went out: nothing */
    assert_ok(tael_series_add(series, constant, YEARS));
    assert_ok(tael_series_add(series, huge, YEARS));
    for (int trained = 0; trained < 2; trained++) {
        for (size_t i = 0; i < 2; i++) {
            forecast(series, i, q);
            assert_int_equal(q[3][8], 0);
        }
        forecast(series, 2, q);
        assert_true(q[0][8] > 0);
        forecast(series, 3, q);
        for (int k = 1; k < P; k++) assert_in_range(q[0][k], 1100, 1400);
        forecast(series, 4, q);
        assert_true(q[1][8] > 900000000000 && q[1][8] < 1200000000000); /* the third week again */
        assert_ok(tael_series_train(series));
    }
    tael_series_close(series);
}

/* Nothing is learned of such, but nothing overflows either. */
static void the_largest_numbers_are_borne(void **state)
{
    (void)state;
    tael_series *series = open_series(1);
    int64_t q[AHEAD][P];
    for (int i = 0; i < 30; i++)
        assert_ok(tael_series_add(series, (int64_t[]){INT64_MAX, 1, INT64_MIN, INT64_MAX, 0, 1}, 6));
    forecast(series, 0, q);
    assert_ok(tael_series_train(series));
    for (size_t i = 0; i < 30; i++) forecast(series, i, q);
    tael_series_close(series);
}

static void misuse_is_refused(void **state)
{
    (void)state;
    tael_series *series;
    int64_t q[AHEAD][P];
    tael_series_close(NULL);
    assert_status(tael_series_open(&series, &(tael_series_options){0}), TAEL_MISUSE);
    assert_null(series);
    tael_series_options many = {.size = sizeof many, .weeks_ahead = 1000};
    assert_status(tael_series_open(&series, &many), TAEL_LIMIT);
    assert_ok(tael_series_open(&series, NULL));
    assert_status(tael_series_forecast(series, 0, probabilities, P, &q[0][0]), TAEL_MISUSE);
    assert_status(tael_series_add(series, NULL, 3), TAEL_MISUSE);
    assert_status(tael_series_add(series, &q[0][0], SIZE_MAX), TAEL_LIMIT);
    assert_ok(tael_series_add(series, (int64_t[]){5, 6}, 2));
    assert_status(tael_series_forecast(series, 0, (double[]){.5, NAN}, 2, &q[0][0]), TAEL_MISUSE);
    assert_status(tael_series_forecast(series, 0, (double[]){1.5}, 1, &q[0][0]), TAEL_MISUSE);
    tael_series_close(series);
}

static tael_status whole_life(void)
{
    tael_series *series = NULL;
    int64_t weeks[30], q[AHEAD][P];
    for (int k = 0; k < 30; k++) weeks[k] = k % 4 ? 0 : 100 + k;
    tael_status status = tael_series_open(&series, NULL);
    for (int i = 0; i < 70 && status == TAEL_OK; i++) status = tael_series_add(series, weeks, 30);
    if (status == TAEL_OK) status = tael_series_train(series);
    if (status == TAEL_OK) status = tael_series_forecast(series, 0, probabilities, P, &q[0][0]);
    tael_series_close(series);
    return status;
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        tael__alloc_break(n, false);
        status = whole_life();
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK || (status == TAEL_NO_MEMORY && tael_error()[0]));
        assert_true(n < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_training_the_own_frequency_speaks),
        cmocka_unit_test(training_finds_the_cycle),
        cmocka_unit_test(quantiles_hold_what_they_say),
        cmocka_unit_test(the_gradient_is_the_slope_of_the_loss),
        cmocka_unit_test(the_same_again_is_the_same),
        cmocka_unit_test(odd_series_get_an_answer),
        cmocka_unit_test(the_largest_numbers_are_borne),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
