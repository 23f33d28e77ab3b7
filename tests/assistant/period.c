// SPDX-License-Identifier: Apache-2.0
// Times in questions, against dates worked out by hand for "today" = Friday 2026-11-20. A finder that takes a month's
// year or a week's Monday wrongly, or that sees a time where there is none, fails here.
#include <stdio.h>
#include <string.h>

#include "assistant/period.h"
#include "support.h"

static const struct {
    const char *question, *periods; /* "from..to from..to", "" for none */
} cases[] = {
    {"前天吃饭花了多少", "2026-11-18..2026-11-18"},
    {"上周三打车多少钱", "2026-11-11..2026-11-11"},
    {"上个周末逛街花了多少", "2026-11-14..2026-11-15"},
    {"这周花了多少", "2026-11-16..2026-11-20"},
    {"上上个月的话费", "2026-09-01..2026-09-30"},
    {"12月份的电费", "2025-12-01..2025-12-31"},
    {"去年12月的电费", "2025-12-01..2025-12-31"},
    {"二月买书", "2026-02-01..2026-02-28"},
    {"2024年2月买书", "2024-02-01..2024-02-29"},
    {"3月8号买花", "2026-03-08..2026-03-08"},
    {"12月25日吃饭", "2025-12-25..2025-12-25"},
    {"9月1日到15日打车", "2026-09-01..2026-09-15"},
    {"三到五月的房租", "2026-03-01..2026-05-31"},
    {"7、8月份的水费", "2026-07-01..2026-08-31"},
    {"上半年一共", "2026-01-01..2026-06-30"},
    {"去年下半年", "2025-07-01..2025-12-31"},
    {"第二季度", "2026-04-01..2026-06-30"},
    {"Q3 last year", "2025-07-01..2025-09-30"},
    {"最近7天", "2026-11-14..2026-11-20"},
    {"过去两周", "2026-11-07..2026-11-20"},
    {"最近半年", "2026-05-21..2026-11-20"},
    {"近一年", "2025-11-21..2026-11-20"},
    {"5天前那笔", "2026-11-15..2026-11-15"},
    {"28号买的", "2026-10-28..2026-10-28"},
    {"春节给红包", "2026-02-15..2026-02-23"},
    {"去年中秋买月饼", "2025-10-06..2025-10-08"},
    {"今年端午", "2026-06-19..2026-06-21"},
    {"618买了啥", "2026-06-18..2026-06-18"},
    {"双十二", "2025-12-12..2025-12-12"},
    {"双十一今年比去年", "2026-11-11..2026-11-11 2025-11-11..2025-11-11"},
    {"8月比7月", "2026-08-01..2026-08-31 2026-07-01..2026-07-31"},
    {"去年夏天", "2025-06-01..2025-08-31"},
    {"yesterday", "2026-11-19..2026-11-19"},
    {"last weekend", "2026-11-14..2026-11-15"},
    {"in March", "2026-03-01..2026-03-31"},
    {"since you may ask", ""},
    {"in May 2025", "2025-05-01..2025-05-31"},
    {"December 24", "2025-12-24..2025-12-24"},
    {"on the 5th of May", "2026-05-05..2026-05-05"},
    {"from April to June", "2026-04-01..2026-06-30"},
    {"past 2 weeks", "2026-11-07..2026-11-20"},
    {"last 3 months", "2026-08-21..2026-11-20"},
    {"last month vs this month", "2026-10-01..2026-10-31 2026-11-01..2026-11-20"},
    {"Chinese New Year 2025", "2025-01-28..2025-02-04"},
    {"每月预算2000元", ""},
    {"买了3000块的东西", ""},
    {"我喜欢什么", ""},
    {"上次去医院", ""},
    {"距离上次剪头几天了", ""},
    {"2000 yuan limit", ""},
    {"", ""},
};

static void times_are_found_and_resolved(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael__when when;
        char got[512] = "";
        size_t at = 0;
        tael__when_find(&when, cases[i].question, (tael__date){2026, 11, 20});
        for (size_t k = 0; k < when.count; k++) {
            const tael__period *p = &when.periods[k];
            at += (size_t)snprintf(got + at, sizeof got - at, "%s%04d-%02d-%02d..%04d-%02d-%02d", k ? " " : "",
                                   p->from.year, p->from.month, p->from.day, p->to.year, p->to.month, p->to.day);
        }
        if (strcmp(got, cases[i].periods) != 0)
            fail_msg("%s: wanted \"%s\", got \"%s\"", cases[i].question, cases[i].periods, got);
    }
}

static void hours_and_weekdays_are_conditions(void **state)
{
    (void)state;
    static const struct {
        const char *question;
        uint32_t weekdays;
        int from, to;
    } hours[] = {{"工作日晚上10点之后", 0x1F, 22, 24},
                 {"周末中午（11点到14点）", 0x60, 11, 14},
                 {"after 10 pm", 0, 22, 24},
                 {"between 11 and 2 pm", 0, 11, 14},
                 {"每周五的咖啡", 0x10, 0, 0},
                 {"早上买早餐", 0, 5, 11},
                 {"深夜打车", 0, 22, 5},
                 {"on mondays", 0x01, 0, 0},
                 {"下午3点以前", 0, 0, 15},
                 {"周几去得多", 0, 0, 0},
                 {"昨晚吃了啥", 0, 18, 24}};
    for (size_t i = 0; i < sizeof hours / sizeof *hours; i++) {
        tael__when w;
        tael__when_find(&w, hours[i].question, (tael__date){2026, 11, 20});
        if (w.weekdays != hours[i].weekdays || w.hour_from != hours[i].from || w.hour_to != hours[i].to)
            fail_msg("%s: got weekdays %x, hours %d to %d", hours[i].question, w.weekdays, w.hour_from, w.hour_to);
    }
}

static void no_period_reaches_past_today(void **state)
{
    (void)state;
    for (int64_t day = 20454; day < 20454 + 800; day += 3) { /* from 2026-01-01 on */
        tael__date today = tael__date_of(day);
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            tael__when w;
            tael__when_find(&w, cases[i].question, today);
            for (size_t k = 0; k < w.count; k++) {
                assert_true(tael__days_of(w.periods[k].from) <= tael__days_of(w.periods[k].to));
                if (tael__days_of(w.periods[k].from) <= day) assert_true(tael__days_of(w.periods[k].to) <= day);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(times_are_found_and_resolved),
                                       cmocka_unit_test(hours_and_weekdays_are_conditions),
                                       cmocka_unit_test(no_period_reaches_past_today)};
    return cmocka_run_group_tests_name("assistant/period", tests, NULL, NULL);
}
