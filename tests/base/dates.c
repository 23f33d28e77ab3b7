// SPDX-License-Identifier: Apache-2.0
// Dates: held against the C library's own calendar over two centuries.
#include <time.h>

#include "base/date.h"
#include "support.h"

static void every_day_agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t days = -20000; days <= 60000; days++) {
        time_t t = (time_t)days * 86400;
        struct tm tm;
        gmtime_r(&t, &tm);
        tael__date d = tael__date_of(days);
        assert_int_equal(d.year, tm.tm_year + 1900);
        assert_int_equal(d.month, tm.tm_mon + 1);
        assert_int_equal(d.day, tm.tm_mday);
        assert_int_equal(tael__days_of(d), days);
        assert_int_equal(tael__weekday(d) % 7, tm.tm_wday);
        assert_true(tael__date_valid(d));
    }
}

static void a_month_further_keeps_within_the_month(void **state)
{
    (void)state;
    tael__date d = tael__date_add_months((tael__date){2026, 1, 31}, 1);
    assert_int_equal(d.month, 2);
    assert_int_equal(d.day, 28);
    d = tael__date_add_months((tael__date){2026, 1, 15}, -13);
    assert_int_equal(d.year, 2024);
    assert_int_equal(d.month, 12);
    d = tael__date_add_months((tael__date){2023, 12, 31}, 2);
    assert_int_equal(d.day, 29);
}

static void text_that_is_no_date_is_refused(void **state)
{
    (void)state;
    tael__date d;
    static const char *const bad[] = {"",           "2026-11-2",  "2026-11-20 ", "2026/11/20",  "2026-02-29",
                                      "2026-13-01", "2026-00-10", "0000-01-01",  "２026-11-20", "2026-11-00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(tael__date_parse(&d, bad[i]));
    assert_true(tael__date_parse(&d, "2024-02-29"));
}

static void shanghai_midnight_is_four_in_the_afternoon_utc(void **state)
{
    (void)state;
    tael__date d = {2026, 11, 20};
    int64_t ms = tael__ms_of_date(d, TAEL__SHANGHAI_OFFSET_MINUTES);
    char text[40];
    tael__format_time(text, sizeof text, ms, TAEL__SHANGHAI_OFFSET_MINUTES);
    assert_string_equal(text, "2026-11-20T00:00:00+08:00");
    tael__format_time(text, sizeof text, ms, 0);
    assert_string_equal(text, "2026-11-19T16:00:00+00:00");
    assert_int_equal(tael__date_of_ms(ms, TAEL__SHANGHAI_OFFSET_MINUTES).day, 20);
    assert_int_equal(tael__date_of_ms(ms - 1, TAEL__SHANGHAI_OFFSET_MINUTES).day, 19);
    tael__format_time(text, sizeof text, -1, 0);
    assert_string_equal(text, "1969-12-31T23:59:59+00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_day_agrees_with_the_c_library),
                                       cmocka_unit_test(a_month_further_keeps_within_the_month),
                                       cmocka_unit_test(text_that_is_no_date_is_refused),
                                       cmocka_unit_test(shanghai_midnight_is_four_in_the_afternoon_utc)};
    return cmocka_run_group_tests_name("base/dates", tests, NULL, NULL);
}
