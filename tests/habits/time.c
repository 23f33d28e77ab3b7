// SPDX-License-Identifier: Apache-2.0
// What comes next, what the month will cost, what stands out. A wrong implementation forecasts a rent twice, cries wolf
// at two metro rides, misses two equal charges in one minute, or divides by the one purchase that an owner has made.
#include <math.h>
#include <stdlib.h>

#include "life.h"

static said next_of(life *l, const char *today)
{
    said s = {0};
    tael_habits *h = habits_of(l, today);
    assert_ok(tael_habits_replenish(h, keep_next, &s));
    tael_habits_close(h);
    return s;
}

static said forecast_of(life *l, const char *today)
{
    said s = {0};
    tael_habits *h = habits_of(l, today);
    assert_ok(tael_habits_forecast(h, keep_forecast, &s));
    tael_habits_close(h);
    return s;
}

static said unusual_of(life *l, const char *today)
{
    said s = {0};
    tael_habits *h = habits_of(l, today);
    assert_ok(tael_habits_unusual(h, 0, keep_unusual, &s));
    tael_habits_close(h);
    return s;
}

/* ---- Next ---- */

static void cat_food_runs_out(void **state)
{
    (void)state;
    life l = {0};
    static const int gaps[] = {0, 27, 29, 26, 28, 30, 27, 28, 29};
    int32_t day = day_of("2026-01-03");
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        day += gaps[i];
        pay_at(&l, day, "21:10:00", "淘宝", i % 2 ? "皇家猫粮 2kg" : "皇家猫粮(鸡肉) 4kg", 15900, "支出");
        pay_at(&l, day + 3 + (int)i % 3, "21:30:00", "淘宝", "数据线", 1990, "支出");
        pay_at(&l, day + 9 + (int)i % 4, "21:30:00", "淘宝", "拖鞋", 2990, "支出");
    }
    char today[16];
    tael__habit_day(today, day + 30);
    said s = next_of(&l, today);
    const tael_purchase_habit *p = &s.next[said_of(&s, "皇家猫粮")];
    assert_int_equal(p->kind, TAEL_HABIT_ITEM);
    assert_int_equal(p->count, 9);
    assert_true(fabsf(p->interval_days - 28) < 2);
    assert_true(p->due && !p->lapsed && p->since_days == 30);
    assert_true(p->within_7_days > 0.7F);
    assert_int_equal(p->hour, 21);
    assert_int_equal(p->usual_minor, 15900);
}

static void every_seven_days_and_the_last_was_six_days_ago(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 20; i++)
        pay(&l, day_of("2026-01-03") + 7 * i + (i % 5 == 2), "盒马", 9000 + 700 * (i * i % 11));
    said s = next_of(&l, "2026-05-22"); /* the last one was on 2026-05-16 */
    const tael_purchase_habit *p = &s.next[said_of(&s, "盒马")];
    assert_int_equal(p->since_days, 6);
    assert_int_equal(p->weekday, 6);
    assert_true(p->within_7_days > 0.9F);
    assert_non_null(strstr(s.sentence, "every 7 days, last 6 days ago"));
    assert_true(strcmp(p->next_from, "2026-05-21") >= 0 && strcmp(p->next_to, "2026-05-27") <= 0);
}

static void what_was_given_up_is_not_next(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 12; i++) pay(&l, day_of("2025-01-03") + 10 * i + i % 3, "健身餐", 3000 + i);
    for (int i = 0; i < 60; i++) pay(&l, day_of("2025-05-03") + 3 * i + i % 2, "小面馆", 1500 + i);
    said s = next_of(&l, "2025-11-01");
    assert_true(s.next[said_of(&s, "健身餐")].lapsed);
    assert_false(s.next[said_of(&s, "小面馆")].lapsed);
    assert_true(said_of(&s, "健身餐") > said_of(&s, "小面馆"));
}

/* ---- Forecast ---- */

static void an_even_life_has_an_exact_month(void **state)
{
    (void)state;
    life l = {0};
    for (int32_t day = day_of("2026-01-01"); day <= day_of("2026-06-10"); day++) pay(&l, day, "食堂", 1000);
    for (int month = 1; month <= 5; month++)
        pay(&l, (int32_t)tael__days_of((tael__date){2026, month, 25}), "房东王姐", 300000);
    said s = forecast_of(&l, "2026-06-10");
    const tael_forecast *all = &s.forecast[0];
    assert_int_equal(all->category_id, 0);
    assert_string_equal(all->month, "2026-06");
    assert_int_equal(all->days_left, 20);
    assert_int_equal(all->spent_minor, 10000);
    assert_int_equal(all->recurring_minor, 300000);
    assert_int_equal(all->median_minor, 330000);
    assert_int_equal(all->high_minor, 330000);
    assert_true(all->low_minor <= 330000);
}

static void a_finished_month_costs_what_it_cost(void **state)
{
    (void)state;
    life l = {0};
    for (int32_t day = day_of("2026-04-01"); day <= day_of("2026-06-30"); day++) pay(&l, day, "食堂", 1000 + day % 7);
    said s = forecast_of(&l, "2026-06-30");
    assert_true(s.forecast[0].low_minor == s.forecast[0].high_minor);
    assert_int_equal(s.forecast[0].median_minor, s.forecast[0].spent_minor);
}

/* Four seeds, twelve months each, four days: 192 forecasts of a life with weekends and rare large sums. */
static void quantiles_hold_what_they_say(void **state)
{
    (void)state;
    int inside = 0, all = 0;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        life l = {0};
        tael__random r;
        tael__random_seed(&r, seed);
        int64_t spent[13] = {0};
        for (int32_t day = day_of("2024-01-01"); day <= day_of("2026-06-30"); day++) {
            tael__date date = tael__date_of(day);
            int64_t minor = 2000 + (int64_t)(tael__random_next(&r) % 6000);
            if (tael__weekday(date) >= 6) minor *= 3;
            if (tael__random_next(&r) % 40 == 0) minor += 50000 + (int64_t)(tael__random_next(&r) % 150000);
            pay(&l, day, "商店", minor);
            if (day >= day_of("2025-07-01")) spent[(date.year - 2025) * 12 + date.month - 7] += minor;
        }
        tael_ledger *ledger = ledger_of(&l);
        for (int month = 0; month < 12; month++) {
            for (int day = 6; day <= 24; day += 6) {
                char today[16];
                tael_habits *h;
                said s = {0};
                tael__date date = tael__date_add_months((tael__date){2025, 7, 1}, month);
                tael__habit_day(today, (int32_t)tael__days_of(date) + day - 1);
                assert_ok(tael_habits_open(&h, ledger, today));
                assert_ok(tael_habits_forecast(h, keep_forecast, &s));
                tael_habits_close(h);
                inside += s.forecast[0].low_minor <= spent[month] && spent[month] <= s.forecast[0].high_minor;
                all++;
            }
        }
        tael_ledger_close(ledger);
    }
    assert_true(100 * inside >= 65 * all && 100 * inside <= 95 * all);
}

/* ---- Unusual ---- */

static void coffee_each_day(life *l, const char *from, int days)
{
    static const int64_t prices[] = {2900, 3200, 3600, 2900, 3200};
    for (int i = 0; i < days; i++)
        pay_at(l, day_of(from) + i, i % 2 ? "09:12:00" : "14:40:00", "星巴克", "拿铁", prices[i * i % 5], "支出");
}

static void two_equal_charges_in_one_minute(void **state)
{
    (void)state;
    life l = {0};
    coffee_each_day(&l, "2026-03-01", 60);
    pay_at(&l, day_of("2026-04-20"), "18:00:05", "火锅店", "", 23800, "支出");
    pay_at(&l, day_of("2026-04-20"), "18:00:51", "火锅店", "", 23800, "支出");
    said s = unusual_of(&l, "2026-04-29");
    assert_int_equal(s.count, 1);
    assert_int_equal(s.unusual[0].kind, TAEL_UNUSUAL_DOUBLE);
    assert_int_equal(s.unusual[0].minor, 23800);
    assert_true(s.unusual[0].other > 0 && s.unusual[0].other != s.unusual[0].record);
}

static void two_rides_at_once_are_nothing(void **state)
{
    (void)state;
    life l = {0};
    coffee_each_day(&l, "2026-01-01", 110);
    for (int i = 0; i < 100; i++) {
        pay_at(&l, day_of("2026-01-01") + i, "08:30:00", "杭州地铁", "", 400, "支出");
        if (i % 4 == 0) pay_at(&l, day_of("2026-01-01") + i, "08:30:20", "杭州地铁", "", 400, "支出");
    }
    assert_int_equal(unusual_of(&l, "2026-04-20").count, 0);
}

static void ten_times_the_usual_stands_out(void **state)
{
    (void)state;
    life l = {0};
    coffee_each_day(&l, "2026-01-01", 100);
    pay_at(&l, day_of("2026-04-11"), "14:20:00", "星巴克", "拿铁", 32000, "支出");
    said s = unusual_of(&l, "2026-04-12");
    assert_int_equal(s.count, 1);
    assert_int_equal(s.unusual[0].kind, TAEL_UNUSUAL_AMOUNT);
    assert_int_equal(s.unusual[0].usual_minor, 3200);
    assert_non_null(strstr(s.sentence, "10.0 times"));
}

static void a_large_sum_to_a_stranger_at_night(void **state)
{
    (void)state;
    life l = {0};
    coffee_each_day(&l, "2025-08-01", 250);
    for (int i = 0; i < 12; i++) {
        char shop[32];
        snprintf(shop, sizeof shop, "小店%c", 'a' + i);
        pay_at(&l, day_of("2025-10-10") + 9 * i, "19:00:00", shop, "", 4000 + 300 * i, "支出");
    }
    pay_at(&l, day_of("2026-04-01"), "19:20:00", "某某科技", "", 480000, "支出");
    pay_at(&l, day_of("2026-04-03"), "03:20:00", "星巴克", "", 9000, "支出");
    said s = unusual_of(&l, "2026-04-07");
    assert_int_equal(s.count, 2);
    assert_int_equal(s.unusual[1].kind, TAEL_UNUSUAL_NEW); /* newest first */
    assert_true(s.unusual[0].kind == TAEL_UNUSUAL_TIME || s.unusual[0].kind == TAEL_UNUSUAL_AMOUNT);
}

/* ---- What is left out ---- */

static void what_is_left_out_teaches_nothing(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 12; i++) pay(&l, day_of("2026-01-03") + 7 * i, "盒马", 9000 + i);
    for (int i = 0; i < 12; i++) pay(&l, day_of("2026-01-04") + 6 * i, "永辉", 9000 + i);
    tael_ledger *ledger = ledger_of(&l);
    for (int round = 0; round < 3; round++) {
        said s = {0};
        tael_habits *h;
        if (round == 1) assert_ok(tael_ledger_leave_out(ledger, "盒马", 0, true));
        if (round == 2) assert_ok(tael_ledger_leave_out(ledger, "盒马", 0, false));
        assert_ok(tael_habits_open(&h, ledger, "2026-04-01"));
        assert_ok(tael_habits_replenish(h, keep_next, &s));
        assert_int_equal(s.count, round == 1 ? 1 : 2);
        tael_habits_close(h);
    }
    assert_status(tael_ledger_leave_out(ledger, "盒马", 0, false), TAEL_NOT_FOUND);
    assert_status(tael_ledger_leave_out(ledger, "", 0, true), TAEL_MISUSE);
    assert_status(tael_ledger_leave_out(ledger, NULL, 0, true), TAEL_MISUSE);
    assert_ok(tael_ledger_leave_out(ledger, "盒马", 0, true));
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, NULL)); /* the wish names a shop: it goes with everything */
    assert_status(tael_ledger_leave_out(ledger, "盒马", 0, false), TAEL_NOT_FOUND);
    put_bill(ledger, ALIPAY_HEADER "2026-01-03 12:00:00,,盒马,/,,支出,5.00,余额,交易成功,1,,,\r\n", NULL);
    assert_ok(tael_ledger_leave_out(ledger, "盒马", 0, true));
    assert_ok(tael_ledger_erase(ledger, "alipay", NULL, NULL)); /* and with the last of its rows */
    assert_status(tael_ledger_leave_out(ledger, "盒马", 0, false), TAEL_NOT_FOUND);
    tael_ledger_close(ledger);
}

static void what_comes_after_today_is_not_known(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 60; i++) pay(&l, day_of("2026-01-01") + i, "食堂", 1000);
    tael_habits *h;
    tael_habits_summary s;
    tael_ledger *ledger = ledger_of(&l);
    assert_ok(tael_habits_open(&h, ledger, "2026-01-10"));
    tael_habits_summarize(h, &s);
    assert_int_equal(s.records, 10);
    assert_int_equal(s.merchants, 1);
    assert_string_equal(s.last_day, "2026-01-10");
    tael_habits_close(h);
    assert_status(tael_habits_open(&h, ledger, "2026-13-10"), TAEL_BAD_INPUT);
    assert_null(h);
    assert_status(tael_habits_open(&h, ledger, NULL), TAEL_MISUSE);
    tael_ledger_close(ledger);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    life l = {0};
    for (int i = 0; i < 30; i++) pay(&l, day_of("2026-01-01") + i, "食堂", 1000 + i % 5);
    for (int i = 1; i <= 6; i++) pay(&l, day_of("2025-08-05") + 30 * i, "爱奇艺", 2500);
    tael_ledger *ledger = ledger_of(&l);
    for (uint64_t n = 1;; n++) {
        said s = {0};
        tael_habits *h;
        tael__alloc_break(n, false);
        tael_status status = tael_habits_open(&h, ledger, "2026-02-10");
        if (status == TAEL_OK) status = tael_habits_replenish(h, keep_next, &s);
        if (status == TAEL_OK) status = tael_habits_unusual(h, 0, keep_unusual, &s);
        bool sentences = tael__alloc_break(0, false) > 0;
        assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
        if (status != TAEL_OK) assert_true(tael_error()[0] != '\0');
        tael_habits_close(h);
        if (status == TAEL_OK && n > 1 && sentences) break;
        assert_true(n < 10000);
    }
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cat_food_runs_out),
        cmocka_unit_test(every_seven_days_and_the_last_was_six_days_ago),
        cmocka_unit_test(what_was_given_up_is_not_next),
        cmocka_unit_test(an_even_life_has_an_exact_month),
        cmocka_unit_test(a_finished_month_costs_what_it_cost),
        cmocka_unit_test(quantiles_hold_what_they_say),
        cmocka_unit_test(two_equal_charges_in_one_minute),
        cmocka_unit_test(two_rides_at_once_are_nothing),
        cmocka_unit_test(ten_times_the_usual_stands_out),
        cmocka_unit_test(a_large_sum_to_a_stranger_at_night),
        cmocka_unit_test(what_is_left_out_teaches_nothing),
        cmocka_unit_test(what_comes_after_today_is_not_known),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
