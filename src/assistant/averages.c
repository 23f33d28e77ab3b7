// SPDX-License-Identifier: Apache-2.0
// Averages: of a payment, a day, a week, a month; and on how many days there was one.
#include "assistant/internal.h"

/* Half away from zero, as averages of the ledger are. */
static int64_t divide(int64_t sum, int64_t by)
{
    return (sum >= 0 ? sum + by / 2 : sum - by / 2) / by;
}

static tael_status of_a_payment(tael__job *job)
{
    tael__bounds bounds;
    tael__row row;
    tael_query q = tael__job_query(job, TAEL_AVERAGE, tael__job_period(job), &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    if (row.count == 0) {
        tael__say_no_data(job);
    } else {
        tael__figure_row(job, NAME(job, "average", "平均每笔"), row.value, &q, &row);
        SAY(job, "%s, %s: %s on average (%lld payments, %s in all).", "%2$s，%1$s平均每笔 %3$s（共 %4$lld 笔，%5$s）。",
            tael__subject_text(job), tael__period_text(job, tael__job_period(job)), tael__money_text(job, row.value),
            (long long)row.count, tael__money_text(job, row.minor));
    }
    tael__row_free(&row);
    return TAEL_OK;
}

/* The days that an average runs over when the question names none: the whole ledger, to today. */
static tael__period named_or_whole(const tael__job *job)
{
    const tael__period *asked = tael__job_period(job);
    tael__period whole = {.from = job->today, .to = job->today};
    if (asked) return *asked;
    tael__date first;
    if (tael__date_parse(&first, job->summary.first_day) && tael__days_of(first) <= tael__days_of(job->today))
        whole.from = first;
    return whole;
}

static tael_status of_days(tael__job *job, bool weeks)
{
    tael__bounds bounds;
    tael__row row;
    tael__period p = named_or_whole(job);
    tael_query q = tael__job_query(job, TAEL_SUM, &p, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    int64_t days = tael__days_of(p.to) - tael__days_of(p.from) + 1, value;
    if (row.count == 0 || days < 1 || __builtin_mul_overflow(row.minor, weeks ? 7 : 1, &value)) {
        tael__say_no_data(job);
    } else {
        value = divide(value, days);
        tael__figure_row(job, weeks ? NAME(job, "a week", "平均每周") : NAME(job, "a day", "平均每天"), value, &q,
                         &row);
        tael__figure_row(job, NAME(job, "spent", "合计"), row.minor, &q, &row);
        SAY(job, "%s, %s: %s a %s (%s over %lld days).", "%2$s，%1$s平均每%4$s %3$s（%6$lld 天共 %5$s）。",
            tael__subject_text(job), tael__period_text(job, &p), tael__money_text(job, value),
            weeks ? NAME(job, "week", "周") : NAME(job, "day", "天"), tael__money_text(job, row.minor),
            (long long)days);
    }
    tael__row_free(&row);
    return TAEL_OK;
}

static int months_between(tael__date from, tael__date to)
{
    return (to.year - from.year) * 12 + to.month - from.month + 1;
}

/* Whole months for a monthly average: this one has only begun, and so it would make the others look dear. */
static tael__period whole_months(const tael__job *job, int *months)
{
    tael__date first = {job->today.year, job->today.month, 1}, begin;
    const tael__period *asked = tael__job_period(job);
    tael__period p = asked ? *asked : (tael__period){.from = tael__date_add_months(first, -12), .to = job->today};
    if (p.months) p = (tael__period){.from = tael__date_add_months(first, -(int)p.months), .to = job->today};
    if (!asked && tael__date_parse(&begin, job->summary.first_day) && tael__days_of(p.from) < tael__days_of(begin))
        p.from = begin.day == 1 ? begin : tael__date_add_months((tael__date){begin.year, begin.month, 1}, 1);
    bool unfinished =
        tael__days_of(p.to) >= tael__days_of(first) && job->today.day < tael__days_in_month(first.year, first.month);
    if (unfinished && tael__days_of(p.from) < tael__days_of(first)) p.to = tael__date_add_days(first, -1);
    *months = months_between(p.from, p.to);
    return p;
}

static tael_status of_months(tael__job *job)
{
    tael__bounds bounds;
    tael__row row;
    int months;
    tael__period p = whole_months(job, &months);
    tael_query q = tael__job_query(job, TAEL_SUM, &p, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    if (row.count == 0 || months < 1) {
        tael__say_no_data(job);
    } else {
        int64_t value = divide(row.minor, months);
        tael__figure_row(job, NAME(job, "a month", "平均每月"), value, &q, &row);
        tael__figure_row(job, NAME(job, "spent", "合计"), row.minor, &q, &row);
        SAY(job, "%s, %s: %s a month (%s over %d months).", "%2$s，%1$s平均每月 %3$s（%5$d 个月共 %4$s）。",
            tael__subject_text(job), tael__period_text(job, &p), tael__money_text(job, value),
            tael__money_text(job, row.minor), months);
    }
    tael__row_free(&row);
    return TAEL_OK;
}

static int count_group(const tael_group_row *row, void *user)
{
    *(int64_t *)user += row->count > 0;
    return 0;
}

static tael_status how_many_days(tael__job *job)
{
    tael__bounds bounds;
    tael__row row;
    const tael__period *p = tael__job_period(job);
    tael_query q = tael__job_query(job, TAEL_SUM, p, &bounds);
    int64_t days = 0;
    TAEL_TRY(tael__job_row(job, &q, &row));
    q.group = TAEL_BY_DAY;
    tael_status status = tael_ledger_query(job->ledger, &q, count_group, &days);
    tael_group_row ids = {.records = row.records, .record_count = row.record_count};
    if (status == TAEL_OK && days == 0) {
        tael__say_no_data(job);
    } else if (status == TAEL_OK) {
        tael__figure_number(job, NAME(job, "days", "天数"), (double)days, "days", &q, &ids);
        tael__figure_number(job, NAME(job, "times", "笔数"), (double)row.count, "count", &q, &ids);
        SAY(job, "%s, %s: on %lld days (%lld payments).", "%2$s，%1$s有 %3$lld 天（%4$lld 笔）。",
            tael__subject_text(job), tael__period_text(job, p), (long long)days, (long long)row.count);
    }
    tael__row_free(&row);
    return status;
}

tael_status tael__answer_average(tael__job *job)
{
    switch (job->plan->want) {
    case TAEL__WANT_DAILY_AVERAGE: return of_days(job, false);
    case TAEL__WANT_WEEKLY_AVERAGE: return of_days(job, true);
    case TAEL__WANT_MONTHLY_AVERAGE: return of_months(job);
    case TAEL__WANT_DAYS: return how_many_days(job);
    default: break;
    }
    switch (job->plan->by) {
    case TAEL_BY_DAY: return of_days(job, false);
    case TAEL_BY_WEEK: return of_days(job, true);
    case TAEL_BY_MONTH: return of_months(job);
    default: return of_a_payment(job);
    }
}
