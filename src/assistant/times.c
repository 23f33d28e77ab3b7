// SPDX-License-Identifier: Apache-2.0
// Answers about when: first, last, next; what came back, and what the rest of a month may cost.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/habits.h>

#include "assistant/internal.h"

enum { MAX_SEEN = 512 };

static tael__date local_day(int64_t ms)
{
    return tael__date_of_ms(ms, TAEL__SHANGHAI_OFFSET_MINUTES);
}

static tael_status answer_end(tael__job *job, bool first)
{
    tael__bounds bounds;
    tael__row row;
    tael_query q = tael__job_query(job, first ? TAEL_FIRST : TAEL_LAST, tael__job_period(job), &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    if (row.count == 0 && row.record_count == 0) {
        tael__say_no_data(job);
    } else {
        tael__date date = local_day(row.time_ms);
        int64_t days = tael__days_of(job->today) - tael__days_of(date);
        tael_group_row ids = {.records = row.records, .record_count = row.record_count};
        tael__figure_text(job, first ? NAME(job, "first", "第一次") : NAME(job, "last", "最近一次"),
                          tael__date_text(date), "date", &q, &ids);
        tael__figure_row(job, NAME(job, "amount", "金额"), row.value, &q, &row);
        tael__figure_number(job, NAME(job, "days ago", "距今天数"), (double)days, "days", &q, &ids);
        SAY(job, "%s: the %s was on %s (%s), %lld days ago.", "%1$s%2$s是 %3$s（%4$s），距今 %5$lld 天。",
            tael__subject_text(job), first ? NAME(job, "first", "第一次") : NAME(job, "last", "最近一次"),
            tael__date_text(date), tael__money_text(job, row.value), (long long)days);
    }
    tael__row_free(&row);
    return TAEL_OK;
}

/* ---- What comes again ---- */

typedef struct seen {
    int64_t days[MAX_SEEN], ids[MAX_SEEN];
    size_t count;
} seen;

static int keep_day(const tael_record *record, void *user)
{
    seen *s = user;
    if (!record->counted || record->minor <= record->refunded_minor) return 0;
    s->days[s->count] = tael__days_of(local_day(record->time_ms));
    s->ids[s->count++] = record->id;
    return s->count == MAX_SEEN;
}

static int ascending(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static tael_status answer_next(tael__job *job)
{
    tael__bounds bounds;
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    seen s = {.count = 0};
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, MAX_SEEN, keep_day, &s, NULL));
    if (s.count < 3) {
        tael__say_no_data(job);
        return TAEL_OK;
    }
    int64_t gaps[MAX_SEEN];
    for (size_t i = 0; i + 1 < s.count; i++) gaps[i] = s.days[i] - s.days[i + 1];
    qsort(gaps, s.count - 1, sizeof *gaps, ascending);
    int64_t gap = gaps[(s.count - 1) / 2];
    tael__date last = tael__date_of(s.days[0]), next = gap >= 28 && gap <= 31
                                                           ? tael__date_add_months(last, 1)
                                                           : tael__date_add_days(last, gap > 0 ? gap : 1);
    tael_group_row ids = {.records = s.ids, .record_count = s.count};
    tael__figure_text(job, NAME(job, "next (estimate)", "下次（估计）"), tael__date_text(next), "date", &q, &ids);
    SAY(job, "%s: about every %lld days, last on %s, so next around %s (an estimate).",
        "%s：约每 %lld 天一次，上次 %s，下次预计 %s（估计）。", tael__subject_text(job), (long long)gap,
        tael__date_text(last), tael__date_text(next));
    return TAEL_OK;
}

/* ---- What came back ---- */

typedef struct refunds {
    int64_t minor, largest, largest_id, ids[1000];
    size_t count, id_count;
    bool overflow;
} refunds;

static int add_refund(const tael_record *record, void *user)
{
    refunds *r = user;
    if (record->refunded_minor <= 0) return 0;
    r->overflow |= __builtin_add_overflow(r->minor, record->refunded_minor, &r->minor);
    r->count++;
    if (record->refunded_minor > r->largest) r->largest = record->refunded_minor, r->largest_id = record->id;
    if (r->id_count < 1000) r->ids[r->id_count++] = record->id;
    return 0;
}

static tael_status answer_refund(tael__job *job)
{
    tael__bounds bounds;
    refunds *r = tael__alloc_zero(sizeof *r);
    if (!r) return tael__fail_memory("refunds", sizeof *r);
    tael_query q = tael__job_query(job, TAEL_SUM, tael__job_period(job), &bounds);
    q.filter.direction = TAEL_EXPENSE;
    q.filter.refunded_only = true;
    tael_status status = tael_ledger_records(job->ledger, &q.filter, 0, add_refund, r, NULL);
    if (r->overflow)
        status = tael__fail(
            TAEL_LIMIT, TAEL_SAY("refunds: the sum is too large; narrow the question", "退款：合计过大；请缩小范围"));
    if (status == TAEL_OK && r->count == 0) {
        tael__say_no_data(job);
    } else if (status == TAEL_OK) {
        tael_group_row ids = {.records = r->ids, .record_count = r->id_count},
                       one = {.records = &r->largest_id, .record_count = 1};
        if (job->plan->largest) {
            tael__figure_money(job, NAME(job, "largest refund", "最大一笔退款"), r->largest, &q, &one);
            SAY(job, "The largest refund was %s. ", "最大一笔退款是 %s。", tael__money_text(job, r->largest));
        }
        if (job->plan->by_times)
            tael__figure_number(job, NAME(job, "times", "笔数"), (double)r->count, "count", &q, &ids);
        tael__figure_money(job, NAME(job, "refunded", "退款"), r->minor, &q, &ids);
        if (!job->plan->by_times)
            tael__figure_number(job, NAME(job, "times", "笔数"), (double)r->count, "count", &q, &ids);
        SAY(job, "%s, %s: %s came back, from %zu purchases.", "%2$s，%1$s共退回 %3$s（%4$zu 笔）。",
            tael__subject_text(job), tael__period_text(job, tael__job_period(job)), tael__money_text(job, r->minor),
            r->count);
    }
    tael__free(r);
    return status;
}

/* ---- The rest of this month, from the same days of the three before ---- */

/* The whole month as habits foresee it, with what 8 in 10 such months lie between. */
typedef struct foreseen {
    tael_forecast whole;
    bool found;
} foreseen;

static int take_whole(const tael_forecast *forecast, void *user)
{
    foreseen *f = user;
    f->found = forecast->category_id == 0 && forecast->learned_days >= 60;
    f->whole = *forecast;
    return 1;
}

/* For all spending of this month, when the owner lets habits be learned. *done: it was answered. */
static tael_status answer_by_habits(tael__job *job, bool *done)
{
    foreseen f = {.found = false};
    tael_habits *habits = NULL;
    tael__bounds bounds;
    tael__row now;
    *done = false;
    bool all = job->about_count == 0 && job->not_count == 0 && !job->method && !job->source && !job->plan->income &&
               !job->when.weekdays && job->when.hour_from == job->when.hour_to;
    if (!all || tael_habits_open(&habits, job->ledger, tael__date_text(job->today)) != TAEL_OK) return TAEL_OK;
    tael_status status = tael_habits_forecast(habits, take_whole, &f);
    tael_habits_close(habits);
    if (status != TAEL_OK || !f.found) return TAEL_OK; /* the plain way will do */
    tael__period so_far = {.from = {job->today.year, job->today.month, 1}, .to = job->today};
    tael_query q = tael__job_query(job, TAEL_SUM, &so_far, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &now));
    int64_t rest = f.whole.median_minor - now.minor;
    tael__figure_row(job, NAME(job, "rest of the month (estimate)", "本月余下（估计）"), rest > 0 ? rest : 0, &q, &now);
    tael__figure_row(job, NAME(job, "whole month (estimate)", "全月（估计）"), f.whole.median_minor, &q, &now);
    SAY(job, "%s so far this month; about %s more, %s in all (an estimate: 8 in 10 such months lie between %s and %s).",
        "本月至今 %s；余下约 %s，全月约 %s（估计：80%% 的情形落在 %s 至 %s 之间）。", tael__money_text(job, now.minor),
        tael__money_text(job, rest > 0 ? rest : 0), tael__money_text(job, f.whole.median_minor),
        tael__money_text(job, f.whole.low_minor), tael__money_text(job, f.whole.high_minor));
    tael__row_free(&now);
    *done = true;
    return TAEL_OK;
}

static tael_status answer_forecast(tael__job *job)
{
    tael__date first = {job->today.year, job->today.month, 1};
    tael__period so_far = {.from = first, .to = job->today};
    tael__bounds bounds, days;
    tael__row now;
    bool done;
    TAEL_TRY(answer_by_habits(job, &done));
    if (done) return TAEL_OK;
    tael_query q = tael__job_query(job, TAEL_SUM, &so_far, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &now));
    int64_t rest = 0;
    int months = 0;
    for (int back = 1; back <= 3; back++) {
        tael__date begin = tael__date_add_months(first, -back);
        int last = tael__days_in_month(begin.year, begin.month);
        if (job->today.day >= last) continue;
        tael__period same = {.from = {begin.year, begin.month, job->today.day + 1},
                             .to = {begin.year, begin.month, last}};
        tael__row then;
        tael_query before = tael__job_query(job, TAEL_SUM, &same, &days);
        tael_status status = tael__job_row(job, &before, &then);
        tael__row_free(&then);
        if (status != TAEL_OK) {
            tael__row_free(&now);
            return status;
        }
        months += then.count > 0;
        rest += then.minor;
    }
    if (months == 0) {
        tael__say_no_data(job);
    } else {
        rest /= months;
        tael__figure_row(job, NAME(job, "rest of the month (estimate)", "本月余下（估计）"), rest, &q, &now);
        tael__figure_row(job, NAME(job, "whole month (estimate)", "全月（估计）"), rest + now.minor, &q, &now);
        SAY(job,
            "%s this month: %s so far; as the same days of the last %d months went, about %s more, %s in all (an "
            "estimate).",
            "%s：本月至今 %s；按前 %d 个月同期估计，余下约 %s，全月约 %s（估计）。", tael__subject_text(job),
            tael__money_text(job, now.minor), months, tael__money_text(job, rest),
            tael__money_text(job, rest + now.minor));
    }
    tael__row_free(&now);
    return TAEL_OK;
}

tael_status tael__answer_times(tael__job *job)
{
    switch (job->plan->want) {
    case TAEL__WANT_FIRST: return answer_end(job, true);
    case TAEL__WANT_NEXT: return answer_next(job);
    case TAEL__WANT_REFUND: return answer_refund(job);
    case TAEL__WANT_FORECAST: return answer_forecast(job);
    default: return answer_end(job, false);
    }
}
