// SPDX-License-Identifier: Apache-2.0
// What is bought next, learned from the owner's own past. A wrong implementation sees the future while it learns, says
// of tomorrow more than of the week, names a companion that says nothing, forgets the weekday, or learns of an owner
// what isn't so.
#include <math.h>
#include <stdlib.h>

#include "habits/upcoming.h"
#include "life.h"

typedef struct heard {
    tael_upcoming list[MOST_SAID];
    char names[MOST_SAID][64], after[MOST_SAID][64], sentences[MOST_SAID][512];
    size_t count;
} heard;

static int hear(const tael_upcoming *u, void *user)
{
    heard *to = user;
    assert_true(to->count < MOST_SAID);
    to->list[to->count] = *u;
    snprintf(to->names[to->count], sizeof to->names[0], "%s", u->habit.name);
    snprintf(to->after[to->count], sizeof to->after[0], "%s", u->after);
    snprintf(to->sentences[to->count++], sizeof to->sentences[0], "%s", u->habit.sentence);
    assert_true(u->habit.within_7_days >= 0 && u->habit.within_7_days <= 1);
    assert_true(u->within_1_day >= 0 && u->within_1_day <= u->habit.within_7_days);
    assert_true(*u->habit.sentence && !strstr(u->habit.sentence, "nan") && !strstr(u->habit.sentence, "inf"));
    return 0;
}

static heard *heard_of(life *l, const char *today)
{
    heard *to = calloc(1, sizeof *to);
    tael_habits *h = habits_of(l, today);
    assert_non_null(to);
    assert_ok(tael_habits_upcoming(h, hear, to));
    tael_habits_close(h);
    return to;
}

static size_t place_of(const heard *told, const char *name)
{
    for (size_t i = 0; i < told->count; i++)
        if (strcmp(told->names[i], name) == 0) return i;
    fail_msg("nothing was told of %s", name);
    return 0;
}

/* Noodles on most days, so that there is a life to learn from. */
static void noodles(life *l, tael__random *r, const char *from, int days)
{
    for (int i = 0; i < days; i++)
        if (tael__random_next(r) % 10 < 8)
            pay(l, day_of(from) + i, "小面馆", 1500 + (int64_t)(tael__random_next(r) % 900));
}

/* ---- What is told ---- */

static void days_and_probabilities_agree(void **state)
{
    (void)state;
    life l = {0};
    tael__random r;
    tael__random_seed(&r, 5);
    noodles(&l, &r, "2026-01-01", 150);
    for (int i = 0; i < 20; i++)
        pay(&l, day_of("2026-01-03") + 7 * i + (i % 5 == 2), "盒马", 9000 + 700 * (i * i % 11));
    for (int i = 0; i < 5; i++) pay(&l, day_of("2026-01-04") + 31 * i + 3 * (i % 2), "理发店", 6800 + 100 * (i % 3));
    heard *told = heard_of(&l, "2026-05-22");
    for (size_t i = 0; i < told->count; i++) {
        const tael_purchase_habit *p = &told->list[i].habit;
        if (i > 0) assert_true(p->within_7_days <= told->list[i - 1].habit.within_7_days || p->lapsed);
        if (p->lapsed) continue;
        assert_true(strcmp(p->next_from, p->next_day) <= 0 && strcmp(p->next_day, p->next_to) <= 0);
        if (p->within_7_days > 0.55F) assert_true(strcmp(p->next_day, "2026-05-29") <= 0);
        if (p->within_7_days < 0.45F) assert_true(strcmp(p->next_day, "2026-05-29") >= 0);
    }
    const tael_upcoming *weekly = &told->list[place_of(told, "盒马")];
    assert_true(weekly->habit.within_7_days > 0.85F);
    assert_non_null(strstr(told->sentences[place_of(told, "盒马")], "every 7 days, last 6 days ago"));
    assert_true(place_of(told, "小面馆") < place_of(told, "理发店"));
    free(told);
}

/* The same count of purchases, all on Saturdays: likely tomorrow on a Friday, unlikely on a Monday. */
static void saturdays_come_on_saturday(void **state)
{
    (void)state;
    float tomorrow[2];
    static const char *const days[2] = {"2026-05-22", "2026-05-25"}; /* a Friday, a Monday */
    for (int k = 0; k < 2; k++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, 9);
        noodles(&l, &r, "2025-06-01", 360);
        for (int i = 0; i < 51; i++)
            if (tael__random_next(&r) % 10 < 7)
                pay(&l, day_of("2025-06-07") + 7 * i, "菜市场", 4000 + 130 * (i * i % 17));
        heard *told = heard_of(&l, days[k]);
        tomorrow[k] = told->list[place_of(told, "菜市场")].within_1_day;
        free(told);
    }
    assert_true(tomorrow[0] > 0.4F && tomorrow[1] < 0.12F);
}

/* A taxi back follows each journey by train, a journey comes at random: after one the hotel is likely, and is told to
 * follow it. */
static void what_follows_is_foretold(void **state)
{
    (void)state;
    float after = 0, before = 0;
    for (int k = 0; k < 2; k++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, 21);
        noodles(&l, &r, "2025-01-01", 500);
        int32_t day = day_of("2025-01-05"), end = day_of("2026-05-01");
        for (; day < end; day += 12 + (int)(tael__random_next(&r) % 40)) {
            pay(&l, day, "铁路12306", 20000 + (int64_t)(tael__random_next(&r) % 20000));
            pay(&l, day + 2 + (int)(tael__random_next(&r) % 3), "全季酒店",
                30000 + (int64_t)(tael__random_next(&r) % 9000));
        }
        if (k == 1) pay(&l, end + 10, "铁路12306", 21100);
        heard *told = heard_of(&l, "2026-05-12");
        size_t at = place_of(told, "全季酒店");
        *(k ? &after : &before) = told->list[at].habit.within_7_days;
        if (k) {
            assert_string_equal(told->after[at], "12306"); /* the brand */
            assert_int_equal(told->list[at].after_days, 1);
            assert_true(told->list[at].after_came >= told->list[at].after_times - 1 && told->list[at].after_times > 8);
            assert_non_null(strstr(told->sentences[at], "often within a week after 12306"));
            assert_true(told->list[at].habit.within_7_days > told->list[at].renewal_7_days);
        }
        free(told);
    }
    assert_true(after > 2 * before && after > 0.5F);
}

/* ---- Learning ---- */

/* What a walk knows on a day doesn't change with what comes later. */
static void the_past_is_all_that_is_known(void **state)
{
    (void)state;
    double x[2][TAEL__UP_FEATURES];
    for (int k = 0; k < 2; k++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, 4);
        noodles(&l, &r, "2025-06-01", 200);
        for (int i = 0; i < 30; i++) pay(&l, day_of("2025-06-02") + 6 * i + i % 3, "盒马", 9000 + 31 * i);
        for (int i = 0; k == 1 && i < 40; i++)
            pay(&l, day_of("2025-12-01") + i, i % 2 ? "盒马" : "小面馆", 9000 + 17 * i);
        tael_habits *h = habits_of(&l, "2026-01-20");
        tael__walk w;
        tael__renewal m;
        uint32_t name;
        assert_ok(tael__walk_begin(&w, h, TAEL_HABIT_MERCHANT));
        tael__walk_to(&w, day_of("2025-11-30"));
        assert_ok(tael__walk_prior(&w));
        assert_ok(tael__names_add(&h->names, "盒马", &name));
        for (size_t i = 0; i < w.count; i++)
            if (w.list[i].name == name) {
                tael__upcoming_renewal(&m, &w, &w.list[i]);
                tael__upcoming_features(x[k], &w, &w.list[i], &m, NULL);
            }
        tael__walk_end(&w);
        tael_habits_close(h);
    }
    for (int f = 0; f < TAEL__UP_FEATURES; f++) assert_true(fabs(x[0][f] - x[1][f]) < 1e-12);
}

/* Rows that a known rule made: the fit finds it, stays at the start without rows, and near it with few. */
static void weights_are_found_and_held(void **state)
{
    (void)state;
    enum { ROWS = 20000 };
    tael__upcoming_weights start = {0}, w;
    tael__upcoming_rows rows = {.x = calloc(ROWS, sizeof *rows.x),
                                .weight = calloc(ROWS, sizeof *rows.weight),
                                .came = calloc(ROWS, 1),
                                .capacity = ROWS};
    tael__random r;
    tael__random_seed(&r, 2);
    for (int k = 0; k < TAEL__UP_FEATURES; k++) start.spread[k] = 1;
    start.weight[TAEL__UP_WEEK][TAEL__UP_RENEWAL] = 0.5;
    for (; rows.count < ROWS; rows.count++) {
        float *x = rows.x[rows.count];
        x[TAEL__UP_ONE] = 1;
        x[TAEL__UP_RENEWAL] = (float)(4 * tael__random_unit(&r) - 2);
        x[TAEL__UP_MONTH] = (float)(2 * tael__random_unit(&r) - 1);
        double z = -0.3 + 1.2 * (double)x[TAEL__UP_RENEWAL] - 0.8 * (double)x[TAEL__UP_MONTH];
        rows.weight[rows.count] = 1;
        if (tael__random_unit(&r) < 1 / (1 + exp(-z))) rows.came[rows.count] = tael__random_unit(&r) < 0.25 ? 1 : 5;
    }
    assert_ok(tael__upcoming_fit(&w, &rows, &start, 1));
    assert_true(fabs(w.weight[TAEL__UP_WEEK][TAEL__UP_ONE] + 0.3) < 0.06);
    assert_true(fabs(w.weight[TAEL__UP_WEEK][TAEL__UP_RENEWAL] - 1.2) < 0.06);
    assert_true(fabs(w.weight[TAEL__UP_WEEK][TAEL__UP_MONTH] + 0.8) < 0.08);
    assert_true(fabs(w.weight[TAEL__UP_DAY][TAEL__UP_ONE] - log(1.0 / 3)) < 0.1);
    rows.count = 20;
    assert_ok(tael__upcoming_fit(&w, &rows, &start, 100));
    assert_true(fabs(w.weight[TAEL__UP_WEEK][TAEL__UP_RENEWAL] - 0.5) < 0.15);
    rows.count = 0;
    assert_ok(tael__upcoming_fit(&w, &rows, &start, 1));
    assert_memory_equal(&w, &start, sizeof w);
    free(rows.x);
    free(rows.weight);
    free(rows.came);
}

/* Of 100 days on each of which something may come, what is told is what comes. */
static void probabilities_hold(void **state)
{
    (void)state;
    double said_sum = 0, came_sum = 0, off = 0, plain_off = 0;
    int n = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, seed);
        static const int odds[6] = {3, 8, 20, 50, 120, 300}; /* of a thousand, a day */
        static uint8_t bought[6][500];
        memset(bought, 0, sizeof bought);
        for (int day = 0; day < 500; day++) {
            for (int shop = 0; shop < 6; shop++) {
                char name[16];
                snprintf(name, sizeof name, "小店%c", 'a' + shop);
                bought[shop][day] = tael__random_next(&r) % 1000 < (uint64_t)odds[shop];
                if (bought[shop][day])
                    pay(&l, day_of("2025-01-01") + day, name, 1000 + (int64_t)(tael__random_next(&r) % 5000));
            }
        }
        tael_ledger *ledger = ledger_of(&l);
        for (int day = 300; day < 490; day += 15) {
            char today[16];
            tael_habits *h;
            heard *told = calloc(1, sizeof *told);
            assert_non_null(told);
            tael__habit_day(today, day_of("2025-01-01") + day);
            assert_ok(tael_habits_open(&h, ledger, today));
            assert_ok(tael_habits_upcoming(h, hear, told));
            for (size_t i = 0; i < told->count; i++) {
                if (told->list[i].habit.kind != TAEL_HABIT_MERCHANT) continue;
                int shop = told->names[i][strlen(told->names[i]) - 1] - 'a', came = 0;
                for (int k = 1; k <= 7; k++) came |= bought[shop][day + k];
                double p = (double)told->list[i].habit.within_7_days;
                said_sum += p;
                came_sum += came;
                off += (p - came) * (p - came);
                plain_off += (0.4 - came) * (0.4 - came);
                n++;
            }
            free(told);
            tael_habits_close(h);
        }
        tael_ledger_close(ledger);
    }
    assert_true(n > 200);
    assert_true(fabs(said_sum - came_sum) / n < 0.06);
    assert_true(off < 0.75 * plain_off);
}

/* ---- Odd ledgers, and what is left out ---- */

static void odd_ledgers_get_sensible_answers(void **state)
{
    (void)state;
    for (int kind = 0; kind < 7; kind++) {
        life l = {0};
        if (kind == 1) pay(&l, day_of("2026-02-28"), "商店", 500);
        for (int i = 0; kind == 2 && i < 50; i++) pay(&l, day_of("2026-02-28"), "商店", 500);
        for (int i = 0; kind == 3 && i < 600; i++) pay(&l, day_of("1976-03-01") + 30 * i + i % 7, "商店", 500 + i);
        for (int i = 0; kind == 4 && i < 3; i++) pay(&l, day_of("2026-02-26") + i, "商店", 1);
        for (int i = 0; kind == 5 && i < 40; i++) pay(&l, day_of("2026-01-01") + i, "", 900 + i);
        for (int i = 0; kind == 6 && i < 60; i++)
            pay(&l, day_of("2025-06-01") + 2 * i, "商店", 900 + i); /* ended long ago */
        free(heard_of(&l, "2026-03-01"));
    }
}

/* Bills that end ten days before today: what was due then is likelier to have come by now and a week; no companion of
 * that time is called lately. */
static void bills_may_end_before_today(void **state)
{
    (void)state;
    float within[2];
    for (int k = 0; k < 2; k++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, 6);
        noodles(&l, &r, "2026-01-01", 100);
        for (int i = 0; i < 12; i++) pay(&l, day_of("2026-01-02") + 8 * i + i % 2, "理发店", 6800 + i * 30 % 70);
        heard *told = heard_of(&l, k ? "2026-04-20" : "2026-04-10");
        const tael_upcoming *u = &told->list[place_of(told, "理发店")];
        within[k] = u->habit.within_7_days;
        if (k) assert_string_equal(u->after, "");
        assert_true(strcmp(u->habit.next_day, "2026-04-10") > 0);
        free(told);
    }
    assert_true(within[1] > within[0]);
}

static void two_purchases_are_enough_and_one_is_not(void **state)
{
    (void)state;
    life l = {0};
    pay(&l, day_of("2026-02-01"), "理发店", 6800);
    pay(&l, day_of("2026-02-27"), "理发店", 6900);
    pay(&l, day_of("2026-02-20"), "花店", 9900);
    heard *told = heard_of(&l, "2026-03-01");
    const tael_purchase_habit *p = &told->list[place_of(told, "理发店")].habit;
    assert_true(p->count == 2 && p->since_days == 2 && p->within_7_days < 0.5F);
    for (size_t i = 0; i < told->count; i++) assert_string_not_equal(told->names[i], "花店");
    free(told);
}

static void what_is_left_out_teaches_nothing(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 24; i++) pay(&l, day_of("2026-01-03") + 5 * i + i % 2, "盒马", 9000 + i * 7);
    for (int i = 0; i < 24; i++) pay(&l, day_of("2026-01-04") + 5 * i + i % 3, "永辉", 9000 + i * 11);
    tael_ledger *ledger = ledger_of(&l);
    assert_ok(tael_ledger_leave_out(ledger, "盒马", 0, true));
    tael_habits *h;
    heard *told = calloc(1, sizeof *told);
    assert_non_null(told);
    assert_ok(tael_habits_open(&h, ledger, "2026-05-01"));
    assert_ok(tael_habits_upcoming(h, hear, told));
    for (size_t i = 0; i < told->count; i++) {
        assert_string_not_equal(told->names[i], "盒马");
        assert_string_not_equal(told->after[i], "盒马");
    }
    assert_int_equal(told->list[place_of(told, "永辉")].habit.count, 24);
    tael_habits_close(h);
    free(told);
    assert_ok(tael_consent_set(ledger, "habits", false));
    assert_status(tael_habits_open(&h, ledger, "2026-05-01"), TAEL_DENIED);
    assert_status(tael_habits_upcoming(NULL, hear, NULL), TAEL_MISUSE);
    tael_ledger_close(ledger);
}

static int stop(const tael_upcoming *u, void *user)
{
    (void)u;
    return ++*(int *)user == 1;
}

static void asking_again_says_the_same(void **state)
{
    (void)state;
    life l = {0};
    tael__random r;
    tael__random_seed(&r, 8);
    noodles(&l, &r, "2026-01-01", 80);
    tael_habits *h = habits_of(&l, "2026-03-20");
    heard *once = calloc(1, sizeof *once), *again = calloc(1, sizeof *again);
    int calls = 0;
    assert_true(once && again);
    assert_ok(tael_habits_upcoming(h, hear, once));
    tael_set_language(TAEL_CHINESE);
    assert_ok(tael_habits_upcoming(h, hear, again));
    tael_set_language(TAEL_ENGLISH);
    assert_ok(tael_habits_upcoming(h, stop, &calls));
    assert_int_equal(calls, 1);
    assert_true(once->count == again->count && once->count > 0);
    for (size_t i = 0; i < once->count; i++) {
        assert_true(once->list[i].habit.within_7_days == again->list[i].habit.within_7_days);
        assert_non_null(strstr(again->sentences[i], "天一次，上次是"));
    }
    free(once);
    free(again);
    tael_habits_close(h);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 60; i++) pay(&l, day_of("2026-01-01") + i, i % 3 ? "食堂" : "小面馆", 1000 + i % 5);
    tael_ledger *ledger = ledger_of(&l);
    tael_habits *h;
    assert_ok(tael_habits_open(&h, ledger, "2026-03-10"));
    for (uint64_t n = 1;; n++) {
        heard *told = calloc(1, sizeof *told);
        assert_non_null(told);
        tael__alloc_break(n, false);
        tael_status status = tael_habits_upcoming(h, hear, told);
        bool all = tael__alloc_break(0, false) < n;
        assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
        if (status != TAEL_OK) assert_true(tael_error()[0] != '\0' && told->count == 0);
        bool done = status == TAEL_OK && told->count > 0;
        free(told);
        if (done || all) break;
        assert_true(n < 10000);
    }
    tael_habits_close(h);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(days_and_probabilities_agree),
        cmocka_unit_test(saturdays_come_on_saturday),
        cmocka_unit_test(what_follows_is_foretold),
        cmocka_unit_test(the_past_is_all_that_is_known),
        cmocka_unit_test(weights_are_found_and_held),
        cmocka_unit_test(probabilities_hold),
        cmocka_unit_test(odd_ledgers_get_sensible_answers),
        cmocka_unit_test(bills_may_end_before_today),
        cmocka_unit_test(two_purchases_are_enough_and_one_is_not),
        cmocka_unit_test(what_is_left_out_teaches_nothing),
        cmocka_unit_test(asking_again_says_the_same),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
