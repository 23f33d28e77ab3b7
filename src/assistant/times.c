// SPDX-License-Identifier: Apache-2.0
// Answers about when: first and last; and what came back.
#include "assistant/internal.h"

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

tael_status tael__answer_times(tael__job *job)
{
    switch (job->plan->want) {
    case TAEL__WANT_FIRST: return answer_end(job, true);
    case TAEL__WANT_REFUND: return answer_refund(job);
    default: return answer_end(job, false);
    }
}
