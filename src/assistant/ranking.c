// SPDX-License-Identifier: Apache-2.0
// Rankings and lists: which shop, month, day, weekday or hour, the most or each.
#include <stdio.h>
#include <string.h>

#include "assistant/internal.h"
#include "assistant/scan.h"

enum { MAX_ROWS = 36 };

/* How many a ranking asks for: "前三", "三家", "three biggest", "top 5". 0: it doesn't say. */
static uint32_t asked_for(const tael__job *job)
{
    tael__scan s = {job->question, 0, strlen(job->question)};
    for (; s.at < s.bytes; tael__scan_skip(&s)) {
        size_t start = s.at;
        int n;
        bool before = tael__scan_any(&s, "前|最多的|最贵的|最常去的|top|Top|the|my");
        tael__scan_blanks(&s);
        size_t place = s.at;
        bool time = false, number = tael__scan_number(&s, &n) && n >= 1 && n <= MAX_ROWS;
        if (number) {
            tael__scan_blanks(&s);
            time = tael__scan_any(&s, "天|日|周|个月|月|年|days|weeks|months|years|点|号");
            bool counted = tael__scan_any(
                &s, "家|个|大|名|笔|位|biggest|largest|top|most|shops|merchants|places|purchases|stores");
            if (!time && (before || counted)) return (uint32_t)n;
        }
        s.at = number ? place : start;
    }
    return 0;
}

static tael_group group_of(const tael__job *job)
{
    if (job->plan->by != TAEL_BY_NONE) return job->plan->by;
    if (job->plan->want == TAEL__WANT_LIST) return TAEL_BY_MONTH;
    return job->plan->want == TAEL__WANT_BUSIEST ? TAEL_BY_DAY : TAEL_BY_MERCHANT;
}

/* "近三个月每月" means the last three whole months, not ninety days. */
static tael__period whole_months(const tael__job *job, const tael__period *p)
{
    tael__period out = *p;
    if (!p->months) return out;
    tael__date first = {job->today.year, job->today.month, 1};
    out.from = tael__date_add_months(first, -(int)p->months);
    out.to = tael__date_add_days(first, -1);
    return out;
}

static void figure_of(tael__job *job, tael_group group, const tael_query *q, const tael__row *row)
{
    tael_group_row ids = {.records = row->records, .record_count = row->record_count};
    const char *name = tael__key_text(job, group, row->key);
    if (q->measure == TAEL_COUNT)
        tael__figure_number(job, name, (double)row->value, "count", q, &ids);
    else
        tael__figure_row(job, name, row->value, q, row);
}

static const char *value_text(const tael__job *job, const tael_query *q, const tael__row *row, char *out, size_t cap)
{
    if (q->measure == TAEL_COUNT)
        snprintf(out, cap, NAME(job, "%lld times", "%lld 笔"), (long long)row->value);
    else
        snprintf(out, cap, "%s", tael__money_text(job, row->value));
    return out;
}

static const char *unit_of(tael_group group)
{
    switch (group) {
    case TAEL_BY_DAY: return "date";
    case TAEL_BY_MONTH: return "month";
    case TAEL_BY_WEEKDAY: return "weekday";
    case TAEL_BY_HOUR: return "hour";
    case TAEL_BY_WEEK: return "week";
    default: return "name";
    }
}

/* One winner: its name is the answer, its amount or count the proof. */
static void say_one(tael__job *job, tael_group group, const tael_query *q, const tael__row *row, const tael__period *p)
{
    char value[64];
    tael_group_row ids = {.records = row->records, .record_count = row->record_count};
    const char *name = tael__key_text(job, group, row->key);
    tael__figure_text(job,
                      job->plan->want == TAEL__WANT_BOTTOM ? NAME(job, "least", "最少") : NAME(job, "most", "最多"),
                      name, unit_of(group), q, &ids);
    figure_of(job, group, q, row);
    SAY(job, "%s, %s: %s, with %s.", "%2$s，%1$s%5$s的是 %3$s：%4$s。", tael__subject_text(job),
        tael__period_text(job, p), name, value_text(job, q, row, value, sizeof value),
        job->plan->want == TAEL__WANT_BOTTOM ? "最少" : "最多");
}

static void say_list(tael__job *job, tael_group group, const tael_query *q, const tael__row *rows, size_t count,
                     const tael__period *p)
{
    char value[64];
    SAY(job, "%s, %s:", "%2$s，%1$s：", tael__subject_text(job), tael__period_text(job, p));
    for (size_t i = 0; i < count; i++) {
        figure_of(job, group, q, &rows[i]);
        SAY(job, "%s %s %s", "%s%s %s", i ? NAME(job, ",", "，") : "", tael__key_text(job, group, rows[i].key),
            value_text(job, q, &rows[i], value, sizeof value));
    }
    SAY(job, "%s", "%s", NAME(job, ".", "。"));
}

tael_status tael__answer_ranking(tael__job *job)
{
    const tael__plan *plan = job->plan;
    tael_group group = group_of(job);
    bool list = plan->want == TAEL__WANT_LIST;
    bool times = plan->by_times;
    if (plan->want == TAEL__WANT_BUSIEST && (group == TAEL_BY_WEEKDAY || group == TAEL_BY_HOUR)) times = true;
    const tael__period *asked = tael__job_period(job);
    tael__period p = asked ? *asked : (tael__period){0};
    if (asked && group == TAEL_BY_MONTH) p = whole_months(job, asked);
    tael__date first = {job->today.year, job->today.month, 1}; /* a month that has just begun isn't the cheapest */
    bool unfinished = plan->want == TAEL__WANT_BOTTOM && group == TAEL_BY_MONTH && asked &&
                      tael__days_of(p.from) < tael__days_of(first);
    if (unfinished && tael__days_of(p.to) >= tael__days_of(first)) p.to = tael__date_add_days(first, -1);
    uint32_t limit = list ? MAX_ROWS : asked_for(job);
    if (limit == 0)
        limit = group == TAEL_BY_MERCHANT && job->about_count == 0 &&
                        !tael__holds(job->question, "哪家|谁家|哪个|which|Which")
                    ? 3
                    : 1;

    tael__row rows[MAX_ROWS];
    tael__bounds bounds;
    size_t count;
    tael_query q = tael__job_query(job, times ? TAEL_COUNT : TAEL_SUM, asked ? &p : NULL, &bounds);
    q.group = group;
    q.order = list ? TAEL_ORDER_KEY : plan->want == TAEL__WANT_BOTTOM ? TAEL_ORDER_VALUE_UP : TAEL_ORDER_VALUE_DOWN;
    q.limit = limit;
    TAEL_TRY(tael__job_rows(job, &q, rows, MAX_ROWS, &count));
    if (count == 0) {
        tael__say_no_data(job);
    } else if (count == 1 && !list) {
        say_one(job, group, &q, &rows[0], asked ? &p : NULL);
    } else {
        say_list(job, group, &q, rows, count, asked ? &p : NULL);
    }
    for (size_t i = 0; i < count; i++) tael__row_free(&rows[i]);
    return TAEL_OK;
}
