// SPDX-License-Identifier: Apache-2.0
// The renewal model, against laws that are known: rows are drawn from them. A wrong implementation takes chance for a
// habit, forgets that some never come back, counts the open gap twice, or learns from regulars only.
#include "habits/renewal.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"
#include "support.h"

static void quantiles_invert_survival(void **state)
{
    (void)state;
    const double gaps[] = {6, 9, 7, 5, 12, 8, 7}, open[] = {0, 3, 7, 40};
    tael__renewal m;
    for (size_t i = 0; i < 4; i++) {
        tael__renewal_fit(&m, &(tael__renewal_row){gaps, 7, open[i]}, NULL);
        double before = open[i];
        for (double p = 0.05; p < 0.96; p += 0.15) {
            double t = tael__renewal_quantile(&m, open[i], p);
            assert_true(t > before && isfinite(t));
            before = t;
            double left = tael__renewal_survival(&m, t) / tael__renewal_survival(&m, open[i]);
            assert_true(fabs(left - (1 - p)) < 1e-6);
        }
    }
}

static void regularity_is_told_from_chance(void **state)
{
    (void)state;
    tael__renewal m;
    tael__random r;
    double even[60], chance[60];
    tael__random_seed(&r, 7);
    for (int i = 0; i < 60; i++) {
        even[i] = 14 + i % 2;
        chance[i] = -14 * log(1 - tael__random_unit(&r)) + 1e-3;
    }
    tael__renewal_fit(&m, &(tael__renewal_row){even, 60, 0}, NULL);
    assert_true(tael__renewal_regular(&m) > 0.8);
    assert_true(fabs(tael__renewal_quantile(&m, 0, 0.5) - 14.5) < 1);
    tael__renewal_fit(&m, &(tael__renewal_row){chance, 60, 0}, NULL);
    assert_true(tael__renewal_regular(&m) < 0.35);
    /* Exponential gaps forget how long they have waited; even ones don't. */
    double fresh = tael__renewal_quantile(&m, 0, 0.5), waited = tael__renewal_quantile(&m, 14, 0.5) - 14;
    assert_true(waited > 0.6 * fresh && waited < 1.6 * fresh);
}

/* Forty rows of gaps near 30 days: a row with two gaps is foretold better with them than alone. */
static void few_gaps_lean_on_the_others(void **state)
{
    (void)state;
    double gaps[400];
    tael__renewal_row rows[40];
    tael__random r;
    tael__renewal alone, leaning;
    tael__renewal_prior prior;
    tael__random_seed(&r, 3);
    for (size_t i = 0; i < 400; i++) gaps[i] = 26 + (double)(tael__random_next(&r) % 9);
    for (size_t i = 0; i < 40; i++) rows[i] = (tael__renewal_row){gaps + 10 * i, 10, 0};
    assert_ok(tael__renewal_learn(&prior, rows, 40));
    const double two[] = {27, 34};
    tael__renewal_fit(&alone, &(tael__renewal_row){two, 2, 0}, NULL);
    tael__renewal_fit(&leaning, &(tael__renewal_row){two, 2, 0}, &prior);
    double wide = tael__renewal_quantile(&alone, 0, 0.9) - tael__renewal_quantile(&alone, 0, 0.1);
    double narrow = tael__renewal_quantile(&leaning, 0, 0.9) - tael__renewal_quantile(&leaning, 0, 0.1);
    assert_true(narrow < wide / 2);
    assert_true(fabs(tael__renewal_quantile(&leaning, 0, 0.5) - 30) < 4);
    assert_true(tael__renewal_regular(&leaning) > tael__renewal_regular(&alone));
    assert_true(tael__renewal_alive(&leaning, 4000) == 1); /* rows without time since tell nothing of ends */
}

/* ---- Ends, and how often ---- */

enum { ROWS = 3000, MOST = 64 };

typedef struct drawn {
    double gaps[ROWS][MOST];
    tael__renewal_row rows[ROWS];
    int later[ROWS]; /* events in the 200 days after the first 300 */
    bool ended[ROWS];
} drawn;

static double gap(tael__random *r, double rate, double shape)
{
    return fmax(pow(-log(1 - tael__random_unit(r)) / rate, 1 / shape), 1e-6);
}

/* Customers of a shop: rates differ, one in `ends` events is the last, first events in the first 60 days. */
static drawn *draw(double shape, double mean, double ends, uint64_t seed)
{
    drawn *d = calloc(1, sizeof *d);
    tael__random r;
    assert_non_null(d);
    tael__random_seed(&r, seed);
    for (int i = 0; i < ROWS; i++) {
        double own = mean * exp(1.2 * (tael__random_unit(&r) + tael__random_unit(&r) - 1)), rate = pow(own, -shape);
        double now = 60 * tael__random_unit(&r), last = now;
        tael__renewal_row *row = &d->rows[i];
        row->gaps = d->gaps[i];
        while (row->count < MOST) {
            d->ended[i] = tael__random_unit(&r) < ends;
            if (d->ended[i]) break;
            double next = now + gap(&r, rate, shape);
            if (next > 500) break;
            if (next > 300)
                d->later[i]++;
            else
                d->gaps[i][row->count++] = next - now;
            now = next;
            if (now <= 300) last = now;
        }
        row->open_days = 300 - last;
        d->ended[i] = d->ended[i] && d->later[i] == 0;
    }
    return d;
}

static void ends_and_counts_are_as_drawn(void **state)
{
    (void)state;
    static const double laws[][3] = {{1, 40, 0.15}, {2.5, 25, 0.08}, {0.8, 30, 0.001}}; /* shape, days, ends */
    for (size_t law = 0; law < 3; law++) {
        drawn *d = draw(laws[law][0], laws[law][1], laws[law][2], law + 1);
        tael__renewal_prior prior;
        double alive = 0, living = 0, expected = 0, came = 0, any = 0, some = 0, absolute = 0, flat = 0;
        assert_ok(tael__renewal_learn(&prior, d->rows, ROWS));
        assert_true(fabs(prior.ends / (prior.ends + prior.stays) - laws[law][2]) < 0.03);
        for (int i = 0; i < ROWS; i++) {
            tael__renewal m;
            tael__renewal_counts c;
            tael__renewal_fit(&m, &d->rows[i], &prior);
            tael__renewal_count(&c, &m, d->rows[i].open_days, 200);
            assert_true(isfinite(c.mean) && c.mean >= c.any - 1e-9 && c.any >= 0 && c.any <= 1);
            alive += tael__renewal_alive(&m, d->rows[i].open_days);
            living += !d->ended[i];
            expected += c.mean;
            came += d->later[i];
            any += c.any;
            some += d->later[i] > 0;
            absolute += fabs((double)c.median - d->later[i]);
            flat += fabs(c.mean - d->later[i]);
        }
        assert_true(fabs(alive - living) < 0.04 * ROWS);
        assert_true(fabs(expected - came) < 0.08 * came);
        assert_true(fabs(any - some) < 0.03 * ROWS);
        assert_true(absolute < flat); /* the median errs least */
        free(d);
    }
}

/* Whoever learns from those who came back alone believes that everybody does. */
static void rows_with_one_event_teach_too(void **state)
{
    (void)state;
    drawn *d = draw(1, 40, 0.3, 9);
    tael__renewal_prior all, regulars;
    size_t kept = 0;
    assert_ok(tael__renewal_learn(&all, d->rows, ROWS));
    for (int i = 0; i < ROWS; i++)
        if (d->rows[i].count > 0) d->rows[kept++] = d->rows[i];
    assert_ok(tael__renewal_learn(&regulars, d->rows, kept));
    assert_true(regulars.ends / (regulars.ends + regulars.stays) < 0.8 * all.ends / (all.ends + all.stays));
    free(d);
}

/* Given the rate's law, the count of exponential gaps is negative binomial: mean rate times days. */
static void counts_agree_with_the_closed_form(void **state)
{
    (void)state;
    tael__renewal m = {.stays = 1, .scale = 10};
    tael__renewal_counts c;
    m.weight[2] = 1;
    for (int j = 0; j < TAEL__SHAPES; j++) m.a[j] = m.b[j] = 4;
    double k = tael__renewal_shapes[2];
    tael__renewal_count(&c, &m, 0, 50);
    assert_true(fabs(c.any - (1 - pow(4 / (4 + pow(5, k)), 4))) < 1e-9);
    assert_true(c.median >= 3 && c.median <= 6);
    for (int j = 0; j < TAEL__SHAPES; j++) m.weight[j] = j == 15; /* shape 12: clockwork of a known rate */
    m.a[15] = m.b[15] = 1e6;
    tael__renewal_count(&c, &m, 0, 55 * 0.9583); /* its mean gap is scale * gamma(1 + 1/12) */
    assert_int_equal(c.median, 5);
    assert_true(fabs(c.mean - 5) < 0.2);
    m.ends = 1; /* every second event is the last: 1/2 + 1/3 + ... of the next ones are reached */
    m.stays = 1;
    tael__renewal_count(&c, &m, 0, 55 * 0.9583);
    assert_true(fabs(c.mean - (1.0 / 2 + 1.0 / 3 + 1.0 / 4 + 1.0 / 5 + 1.0 / 6)) < 0.05);
}

/* Silence of any length has an answer. */
static void nothing_breaks_the_law(void **state)
{
    (void)state;
    static const double gaps[][3] = {{1, 1, 1}, {1, 36500, 1}, {0.001, 0.001, 0.001}, {36500, 36500, 36500}};
    static const double opens[] = {0, 1e-9, 1, 400, 47482, 1e7};
    for (size_t g = 0; g < 4; g++) {
        for (size_t o = 0; o < 6; o++) {
            for (size_t n = 0; n <= 3; n++) {
                tael__renewal m;
                tael__renewal_counts c;
                double before = opens[o];
                tael__renewal_fit(&m, &(tael__renewal_row){gaps[g], n, opens[o]}, NULL);
                tael__renewal_count(&c, &m, opens[o], 30);
                assert_true(isfinite(c.mean) && c.mean >= 0 && c.any >= 0 && c.any <= 1);
                double alive = tael__renewal_alive(&m, opens[o]);
                assert_true(alive >= 0 && alive <= 1);
                for (int p = 1; p < 100; p++) {
                    double t = tael__renewal_quantile(&m, opens[o], p / 100.0);
                    assert_true(isfinite(t) && t >= before);
                    before = t;
                }
            }
        }
    }
}

static void learning_may_run_out_of_memory(void **state)
{
    (void)state;
    static const double gaps[] = {3, 9, 4, 6, 8, 7};
    tael__renewal_row rows[] = {{gaps, 6, 5}, {gaps + 2, 3, 40}, {NULL, 0, 90}};
    tael__renewal_prior prior;
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        tael__alloc_break(n, false);
        status = tael__renewal_learn(&prior, rows, 3);
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
        if (status != TAEL_OK) assert_true(tael_error()[0] != '\0');
        assert_true(n < 100);
    }
    assert_true(prior.ends > 0 && prior.stays > 0 && isfinite(prior.scale));
    tael__renewal_row single = {NULL, 0, 20}; /* nothing ever came twice */
    assert_ok(tael__renewal_learn(&prior, &single, 1));
    assert_true(isfinite(prior.ends) && isfinite(prior.stays) && prior.scale > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_invert_survival),     cmocka_unit_test(regularity_is_told_from_chance),
        cmocka_unit_test(few_gaps_lean_on_the_others),   cmocka_unit_test(ends_and_counts_are_as_drawn),
        cmocka_unit_test(rows_with_one_event_teach_too), cmocka_unit_test(counts_agree_with_the_closed_form),
        cmocka_unit_test(nothing_breaks_the_law),        cmocka_unit_test(learning_may_run_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
