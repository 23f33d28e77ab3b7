// SPDX-License-Identifier: Apache-2.0
// Ledgers that hardly anybody has: empty, one day, fifty years, only refunds, sums of a state, a hundred thousand
// payments to one shop. A wrong implementation divides by nothing, says "nan", overflows a day or an amount, takes
// minutes, or names days that no calendar has.
#include <math.h>
#include <stdlib.h>

#include "life.h"

static void is_day(const char *text, bool may_be_empty)
{
    tael__date date;
    assert_true(may_be_empty && text[0] == '\0' ? true : tael__date_parse(&date, text));
}

static void is_share(float p)
{
    assert_true(isfinite(p) && p >= 0 && p <= 1);
}

static void words_are_fine(const char *name, const char *sentence)
{
    assert_true(sentence[0] != '\0' && strlen(sentence) < 2000 && name != NULL);
    assert_true(!strstr(sentence, "nan") && !strstr(sentence, "inf "));
}

static int check_recurring(const tael_recurring *r, void *user)
{
    ++*(size_t *)user;
    words_are_fine(r->merchant, r->sentence);
    is_share(r->confidence);
    is_day(r->first_day, false);
    is_day(r->last_day, false);
    is_day(r->next_day, true);
    is_day(r->next_from, true);
    is_day(r->next_to, true);
    is_day(r->changed_day, true);
    assert_true(strcmp(r->first_day, r->last_day) <= 0 && strcmp(r->next_from, r->next_to) <= 0);
    assert_true(r->count >= 2 && r->every > 0 && r->low_minor <= r->minor && r->minor <= r->high_minor);
    assert_true(r->record_count >= 2 && r->missed >= 0 && r->doubled >= 0);
    return 0;
}

static int check_next(const tael_purchase_habit *p, void *user)
{
    ++*(size_t *)user;
    words_are_fine(p->name, p->sentence);
    is_share(p->regular);
    is_share(p->within_7_days);
    is_share(p->ended);
    assert_true(isfinite(p->interval_days) && p->interval_days > 0);
    assert_true(isfinite(p->in_30_days) && p->in_30_days >= 0 && p->in_30_days <= 30);
    assert_true(p->count >= 3 && p->since_days >= 0 && p->weekday >= 0 && p->weekday <= 7 && p->hour >= -1);
    is_day(p->last_day, false);
    is_day(p->next_day, p->lapsed);
    is_day(p->next_from, p->lapsed);
    is_day(p->next_to, p->lapsed);
    assert_true(p->lapsed || (strcmp(p->next_from, p->next_day) <= 0 && strcmp(p->next_day, p->next_to) <= 0));
    assert_true(p->lapsed || strcmp(p->last_day, p->next_day) < 0);
    return 0;
}

static int check_forecast(const tael_forecast *f, void *user)
{
    ++*(size_t *)user;
    words_are_fine("", f->sentence);
    assert_true(f->low_minor <= f->median_minor && f->median_minor <= f->high_minor);
    assert_true(f->days_left >= 0 && f->days_left < 31 && f->learned_days >= 0);
    return 0;
}

static int check_unusual(const tael_unusual *u, void *user)
{
    ++*(size_t *)user;
    words_are_fine(u->merchant, u->sentence);
    assert_true(u->record > 0 && u->time_ms != 0);
    return 0;
}

typedef struct told {
    size_t recurring, next, forecast, unusual;
} told;

static told ask(life *l, const char *today)
{
    told t = {0};
    tael_habits_summary summary;
    tael_habits *h = habits_of(l, today);
    for (int language = 0; language < 2; language++) {
        tael_set_language(language ? TAEL_CHINESE : TAEL_ENGLISH);
        t = (told){0};
        assert_ok(tael_habits_recurring(h, check_recurring, &t.recurring));
        assert_ok(tael_habits_replenish(h, check_next, &t.next));
        assert_ok(tael_habits_unusual(h, 36500, check_unusual, &t.unusual));
        assert_ok(tael_habits_forecast(h, check_forecast, &t.forecast));
    }
    tael_set_language(TAEL_ENGLISH);
    assert_true(t.forecast >= 1);
    tael_habits_summarize(h, &summary);
    is_day(summary.today, false);
    is_day(summary.first_day, summary.records == 0);
    is_day(summary.last_day, summary.records == 0);
    tael_habits_close(h);
    return t;
}

static void nothing_or_nearly_nothing(void **state)
{
    (void)state;
    life l = {0};
    told t = ask(&l, "2026-03-01");
    assert_int_equal(t.recurring + t.next + t.unusual, 0);
    pay(&l, day_of("2026-02-28"), "商店", 500);
    t = ask(&l, "2026-03-01");
    assert_int_equal(t.recurring + t.next, 0);
}

static void all_on_one_day(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 300; i++) {
        char clock[16];
        snprintf(clock, sizeof clock, "%02d:%02d:00", 8 + i / 60, i % 60);
        pay_at(&l, day_of("2026-02-28"), clock, i % 3 ? "商店" : "书店", "书", 500 + i, "支出");
    }
    told t = ask(&l, "2026-03-01");
    assert_int_equal(t.recurring + t.next, 0);
}

static void fifty_years(void **state)
{
    (void)state;
    life l = {0};
    for (int32_t day = day_of("1976-03-01"); day <= day_of("2026-02-28"); day++)
        pay(&l, day, day % 3 ? "食堂" : "菜场", 1000 + day * 7 % 900);
    told t = ask(&l, "2026-03-01");
    assert_true(t.next >= 2);
    for (int year = 1976; year <= 2025; year++)
        pay(&l, (int32_t)tael__days_of((tael__date){year, 5, 20}), "保险公司", 120000);
    t = ask(&l, "2026-03-01");
    assert_int_equal(t.recurring, 1);
}

static void nothing_but_refunds(void **state)
{
    (void)state;
    life l = {0};
    l.bill.max = 1u << 20;
    assert_ok(tael__buffer_text(&l.bill, ALIPAY_HEADER));
    for (int i = 0; i < 60; i++) {
        char text[16];
        tael__habit_day(text, day_of("2026-01-01") + i);
        assert_ok(tael__buffer_format(&l.bill,
                                      "%s 10:00:00,退款,店%d,/,退款-面,不计收支,%d.00,余额,退款成功,%09d,,,\r\n", text,
                                      i % 2, 5 + i % 3, i + 1));
        l.rows++;
    }
    told t = ask(&l, "2026-03-01");
    assert_int_equal(t.recurring + t.next, 0);
}

static void sums_of_a_state(void **state)
{
    (void)state;
    static const int64_t amounts[] = {100000000000LL, 99999999999LL, 10000000000000LL, 1};
    life l = {0};
    for (int i = 0; i < 200; i++) pay(&l, day_of("2025-08-01") + i, i % 5 ? "商店" : "国库", amounts[i * i % 4]);
    for (int i = 1; i <= 6; i++)
        pay(&l, (int32_t)tael__days_of((tael__date){2025, 8 + (i - 1) % 5, 9}), "央行", 100000000000LL);
    ask(&l, "2026-03-01");
}

/* The clock of a phone without battery says 1970; a typing error says 2100. */
static void first_and_last_days(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 40; i++) pay(&l, day_of("1970-01-01") + 7 * i, "集市", 500 + i);
    for (int i = 0; i < 40; i++) pay(&l, day_of("2099-04-01") + 7 * i, "集市", 500 + i);
    told t = ask(&l, "2100-01-01");
    assert_true(t.next >= 1);
    for (int i = 0; i < 40; i++) pay(&l, day_of("1970-01-01") + 7 * i, "集市", 500 + i);
    ask(&l, "1970-01-01"); /* the others come after today */
    for (int i = 0; i < 40; i++) pay(&l, day_of("1970-01-01") + 7 * i, "集市", 500 + i);
    ask(&l, "2100-12-31"); /* a hundred and thirty years of silence */
    for (int i = 0; i < 12; i++) pay(&l, day_of("9999-01-01") + 30 * i, "集市", 500 + i);
    ask(&l, "9999-12-31"); /* what comes next is in a year that no day can say */
}

static void a_hundred_thousand_payments_to_one_shop(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 100000; i++) pay(&l, day_of("2016-01-01") + i / 27, "小卖部", 100 + i % 977);
    double start = tael__clock_seconds();
    told t = ask(&l, "2026-03-01");
    assert_true(t.next >= 1);
    assert_true(tael__clock_seconds() - start < 120); /* seconds, unless something grows with the square */
}

static void names_that_stretch_utf_8(void **state)
{
    (void)state;
    static const char *const names[] = {
        "\xF0\x9F\x91\xA8\xE2\x80\x8D\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x91\xA7 店", /* a family of one glyph */
        "\xE2\x80\xAEpohs",                                                            /* right to left */
        "e\xCC\x81\xCC\x81\xCC\x81\xCC\x81",                                           /* four accents on one letter */
        "\xEF\xBB\xBF",             /* nothing but a byte order mark */
        "\xEF\xBF\xBD\xEF\xBF\xBD", /* what was lost before */
        "%s%n%d %%",
        "（（（（",
        "）2kg（",
        "\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE"
        "\xB7\xF0\xA0"
        "\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0"
        "\xA0\xAE\xB7"
        "\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE\xB7\xF0\xA0\xAE"
        "\xB7\xF0\xA0",
        "\xC3\x28\xA0\xFF", /* not UTF-8 at all */
    };
    for (size_t which = 0; which < sizeof names / sizeof *names; which++) {
        life l = {0};
        for (int i = 0; i < 40; i++) {
            pay_at(&l, day_of("2026-01-01") + i + i / 7, "12:00:00", names[which], names[which], 1000 + i % 4, "支出");
            pay_at(&l, day_of("2026-01-01") + i + i / 7, "19:00:00", "书店", i % 2 ? names[which] : "", 3000 + i,
                   "支出");
        }
        ask(&l, "2026-03-01");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_or_nearly_nothing),
        cmocka_unit_test(all_on_one_day),
        cmocka_unit_test(fifty_years),
        cmocka_unit_test(nothing_but_refunds),
        cmocka_unit_test(sums_of_a_state),
        cmocka_unit_test(first_and_last_days),
        cmocka_unit_test(a_hundred_thousand_payments_to_one_shop),
        cmocka_unit_test(names_that_stretch_utf_8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
