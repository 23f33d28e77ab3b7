// SPDX-License-Identifier: Apache-2.0
// What recurs, on histories made by hand. A wrong implementation takes every 28 days for a month, loses the last of the
// month in February, calls a subscription over because the bills end, or finds a period in the hairdresser.
#include <stdlib.h>

#include "life.h"

static said recurring_of(life *l, const char *today)
{
    said s = {0};
    tael_habits *h = habits_of(l, today);
    assert_ok(tael_habits_recurring(h, keep_recurring, &s));
    tael_habits_close(h);
    return s;
}

static void every_month(life *l, const char *from, int months, const char *merchant, int64_t minor)
{
    tael__date date;
    assert_true(tael__date_parse(&date, from));
    for (int i = 0; i < months; i++) pay(l, (int32_t)tael__days_of(tael__date_add_months(date, i)), merchant, minor);
}

static void the_last_of_the_month_stays_the_last(void **state)
{
    (void)state;
    life l = {0};
    every_month(&l, "2026-01-31", 5, "房东王姐", 300000);
    said s = recurring_of(&l, "2026-06-10");
    assert_int_equal(s.count, 1);
    assert_true(s.recurring[0].months && s.recurring[0].every == 1 && s.recurring[0].day == 31);
    assert_string_equal(s.recurring[0].next_day, "2026-06-30");
    assert_int_equal(s.recurring[0].amount, TAEL_AMOUNT_FIXED);
    assert_int_equal(s.recurring[0].record_count, 5);
}

static void four_weeks_are_no_month(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 8; i++) pay(&l, day_of("2026-01-05") + 28 * i, "理财课堂", 9900);
    said s = recurring_of(&l, "2026-07-25");
    assert_int_equal(s.count, 1);
    assert_true(!s.recurring[0].months && s.recurring[0].every == 28 && s.recurring[0].day == 1);
    assert_string_equal(s.recurring[0].next_day, "2026-08-17");
}

static void salary_before_weekends(void **state)
{
    (void)state;
    life l = {0};
    static const char *const days[] = {"2026-01-09", "2026-02-10", "2026-03-10", "2026-04-10",
                                       "2026-05-08", /* Sunday the 10th */
                                       "2026-06-10", "2026-07-10", "2026-08-10", "2026-09-10"};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        pay_at(&l, day_of(days[i]), "09:30:00", "云栖科技", "工资", 1200000 + 7000 * (int64_t)(i % 3), "收入");
    said s = recurring_of(&l, "2026-09-20");
    assert_int_equal(s.count, 1);
    assert_int_equal(s.recurring[0].direction, TAEL_INCOME);
    assert_int_equal(s.recurring[0].day, 10);
    assert_int_equal(s.recurring[0].amount, TAEL_AMOUNT_VARYING);
    assert_string_equal(s.recurring[0].next_day, "2026-10-09"); /* the 10th is a Saturday */
}

static void a_price_rise_is_told(void **state)
{
    (void)state;
    for (int after = 1; after <= 5; after += 2) {
        life l = {0};
        char next[16];
        every_month(&l, "2025-11-12", 6, "爱奇艺", 2500);
        every_month(&l, "2026-05-12", after, "爱奇艺", 3000);
        tael__habit_day(next, day_of("2026-05-12") + 31 * after);
        next[8] = '\0';
        said s = recurring_of(&l, after == 1 ? "2026-05-20" : after == 3 ? "2026-07-20" : "2026-09-20");
        assert_int_equal(s.count, 1);
        assert_int_equal(s.recurring[0].count, 6 + after);
        assert_int_equal(s.recurring[0].amount, TAEL_AMOUNT_STEPPED);
        assert_int_equal(s.recurring[0].old_minor, 2500);
        assert_int_equal(s.recurring[0].minor, 3000);
        assert_string_equal(s.recurring[0].changed_day, "2026-05-12");
        assert_memory_equal(s.recurring[0].next_day, next, 8);
        assert_non_null(strstr(s.sentence, "¥25"));
    }
}

static void what_was_cancelled_has_ended(void **state)
{
    (void)state;
    life l = {0};
    every_month(&l, "2025-01-03", 10, "网易云音乐", 1500);
    for (int i = 0; i < 200; i += 9 + i % 5) pay(&l, day_of("2025-10-10") + i, "小卖部", 700 + 13 * i);
    said s = recurring_of(&l, "2026-04-20");
    const tael_recurring *r = &s.recurring[said_of(&s, "网易云音乐")];
    assert_int_equal(r->state, TAEL_RECURRING_ENDED);
    assert_string_equal(r->next_day, "");
}

static void bills_that_end_early_cancel_nothing(void **state)
{
    (void)state;
    life l = {0};
    every_month(&l, "2025-01-03", 10, "网易云音乐", 1500);
    said s = recurring_of(&l, "2026-04-20");
    assert_int_equal(s.count, 1);
    assert_int_equal(s.recurring[0].state, TAEL_RECURRING_ACTIVE);
    assert_string_equal(s.recurring[0].next_day, "2025-11-03");

    every_month(&l, "2025-01-03", 10, "网易云音乐", 1500);
    pay(&l, day_of("2025-11-14"), "小卖部", 700);
    s = recurring_of(&l, "2025-11-14");
    assert_int_equal(s.recurring[0].state, TAEL_RECURRING_LATE);
    assert_string_equal(s.recurring[0].next_day, "2025-12-03");
}

static void one_landlord_two_rents(void **state)
{
    (void)state;
    life l = {0};
    every_month(&l, "2026-01-05", 8, "房东王姐", 300000);
    every_month(&l, "2026-01-20", 8, "房东王姐", 20000);
    pay(&l, day_of("2026-04-11"), "房东王姐", 4550);
    said s = recurring_of(&l, "2026-08-25");
    assert_int_equal(s.count, 2);
    assert_int_equal(s.recurring[0].minor, 300000); /* the dearer one first */
    assert_int_equal(s.recurring[0].day, 5);
    assert_int_equal(s.recurring[1].minor, 20000);
    assert_int_equal(s.recurring[1].day, 20);
}

static void left_out_and_doubled_months_are_counted(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 14; i++)
        if (i != 5) pay(&l, (int32_t)tael__days_of(tael__date_add_months((tael__date){2025, 6, 8}, i)), "宽带", 9900);
    pay(&l, day_of("2026-01-10"), "宽带", 9900);
    said s = recurring_of(&l, "2026-07-20");
    assert_int_equal(s.count, 1);
    assert_int_equal(s.recurring[0].missed, 1);
    assert_int_equal(s.recurring[0].doubled, 1);
    assert_string_equal(s.recurring[0].next_day, "2026-08-08");
}

static void twice_a_year_apart_is_a_year(void **state)
{
    (void)state;
    life l = {0};
    pay(&l, day_of("2024-09-17"), "保险", 320000);
    pay(&l, day_of("2025-09-17"), "保险", 320000);
    said s = recurring_of(&l, "2026-06-01");
    assert_int_equal(s.count, 1);
    assert_true(s.recurring[0].months && s.recurring[0].every == 12);
    assert_string_equal(s.recurring[0].next_day, "2026-09-17");
}

/* The hairdresser has one price and comes about every month; coffee has three prices. Neither is due on a day. */
static void habits_without_a_day_do_not_recur(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, seed);
        static const int64_t prices[] = {2900, 3200, 3600};
        int32_t end = day_of("2026-06-01");
        for (int32_t day = day_of("2024-06-01"); day < end; day += 22 + (int32_t)(tael__random_next(&r) % 19))
            pay(&l, day, "优剪", 6800);
        for (int32_t day = day_of("2024-06-01"); day < end; day += 1 + (int32_t)(tael__random_next(&r) % 6))
            pay(&l, day, "星巴克", prices[tael__random_next(&r) % 3]);
        found += (int)recurring_of(&l, "2026-06-01").count;
    }
    assert_true(found <= 2); /* 40 owners, two years each */
}

static void the_same_ledger_says_the_same(void **state)
{
    (void)state;
    said s[2];
    for (int i = 0; i < 2; i++) {
        life l = {0};
        every_month(&l, "2026-01-05", 8, "房东王姐", 300000);
        every_month(&l, "2025-11-12", 9, "爱奇艺", 2500);
        s[i] = recurring_of(&l, "2026-08-25");
        for (size_t j = 0; j < s[i].count; j++) /* pointers of a ledger that is closed */
            s[i].recurring[j].merchant = s[i].recurring[j].sentence = NULL, s[i].recurring[j].records = NULL;
    }
    assert_int_equal(s[0].count, 2);
    assert_string_equal(s[0].sentence, s[1].sentence);
    assert_memory_equal(&s[0].recurring[0].next_day, &s[1].recurring[0].next_day, 16);
    assert_true(s[0].recurring[0].confidence == s[1].recurring[0].confidence);
}

static void slots_are_where_calendars_have_them(void **state)
{
    (void)state;
    tael__period quarter = {.months = true, .every = 3, .phase = 1, .anchor = 31};
    for (int32_t day = day_of("2023-01-01"); day < day_of("2028-12-31"); day++) {
        int64_t slot = tael__period_slot_near(&quarter, day);
        int32_t at = tael__period_slot_day(&quarter, slot);
        tael__date date = tael__date_of(at);
        assert_int_equal(date.month % 3, 2); /* February, May, August, November */
        assert_int_equal(date.day, tael__days_in_month(date.year, date.month));
        assert_true(abs(day - at) <= abs(day - tael__period_slot_day(&quarter, slot - 1)));
        assert_true(abs(day - at) <= abs(day - tael__period_slot_day(&quarter, slot + 1)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_of_the_month_stays_the_last),
        cmocka_unit_test(four_weeks_are_no_month),
        cmocka_unit_test(salary_before_weekends),
        cmocka_unit_test(a_price_rise_is_told),
        cmocka_unit_test(what_was_cancelled_has_ended),
        cmocka_unit_test(bills_that_end_early_cancel_nothing),
        cmocka_unit_test(one_landlord_two_rents),
        cmocka_unit_test(left_out_and_doubled_months_are_counted),
        cmocka_unit_test(twice_a_year_apart_is_a_year),
        cmocka_unit_test(habits_without_a_day_do_not_recur),
        cmocka_unit_test(the_same_ledger_says_the_same),
        cmocka_unit_test(slots_are_where_calendars_have_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
