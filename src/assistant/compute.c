// SPDX-License-Identifier: Apache-2.0
// Queries for a job, and the plain answers: one number over one period.
#include <stdio.h>
#include <string.h>

#include <tael/habits.h>

#include "assistant/internal.h"

/* ---- Queries ---- */

tael_query tael__job_query(const tael__job *job, tael_measure measure, const tael__period *period, tael__bounds *bounds)
{
    tael_query q = {.size = sizeof q, .measure = measure, .category_name = tael_category_name};
    tael_filter *f = &q.filter;
    f->size = sizeof *f;
    f->direction = job->neutral ? TAEL_NEUTRAL : job->plan->income ? TAEL_INCOME : TAEL_EXPENSE;
    if (period) {
        snprintf(bounds->from, sizeof bounds->from, "%s", tael__date_text(period->from));
        snprintf(bounds->to, sizeof bounds->to, "%s", tael__date_text(period->to));
        f->from = bounds->from;
        f->to = bounds->to;
    }
    f->all_of = job->groups;
    f->all_count = job->about_count == 0 ? 0 : job->any_about ? 1 : job->about_count;
    f->none_of = job->not_groups;
    f->none_count = job->not_count;
    f->no_terms = job->without.items;
    f->no_count = job->without.count;
    f->source = job->source;
    f->method = job->method;
    f->min_minor = job->plan->least_minor;
    f->max_minor = job->plan->most_minor;
    f->weekdays = job->when.weekdays;
    f->hour_from = job->when.hour_from;
    f->hour_to = job->when.hour_to;
    return q;
}

typedef struct collector {
    tael__row *rows;
    size_t cap, count;
    bool failed;
} collector;

static int collect(const tael_group_row *row, void *user)
{
    collector *c = user;
    if (c->count == c->cap) return 1;
    tael__row *r = &c->rows[c->count++];
    *r = (tael__row){.minor = row->minor, .count = row->count, .value = row->value, .time_ms = row->time_ms};
    snprintf(r->key, sizeof r->key, "%s", row->key);
    if (row->record_count) {
        r->records = tael__alloc_array(row->record_count, sizeof *r->records);
        if (!r->records) return c->failed = true;
        memcpy(r->records, row->records, row->record_count * sizeof *r->records);
        r->record_count = row->record_count;
    }
    return 0;
}

tael_status tael__job_rows(const tael__job *job, const tael_query *query, tael__row *rows, size_t cap, size_t *count)
{
    collector c = {.rows = rows, .cap = cap};
    tael_status status = tael_ledger_query(job->ledger, query, collect, &c);
    if (c.failed) status = tael__fail_memory("figure", sizeof *rows);
    *count = c.count;
    if (status != TAEL_OK) {
        for (size_t i = 0; i < c.count; i++) tael__row_free(&rows[i]);
        *count = 0;
    }
    return status;
}

tael_status tael__job_row(const tael__job *job, const tael_query *query, tael__row *row)
{
    size_t count;
    *row = (tael__row){0};
    return tael__job_rows(job, query, row, 1, &count);
}

void tael__row_free(tael__row *row)
{
    tael__free(row->records);
    row->records = NULL;
}

static bool within(const tael__period *inner, const tael__period *outer)
{
    return tael__days_of(inner->from) >= tael__days_of(outer->from) &&
           tael__days_of(inner->to) <= tael__days_of(outer->to);
}

/* "今年……9月" names a year and a month of it: the narrower one is meant. */
const tael__period *tael__job_period(const tael__job *job)
{
    const tael__period *p = job->when.count ? &job->when.periods[0] : NULL;
    for (size_t i = 1; i < job->when.count; i++)
        if (within(&job->when.periods[i], p)) p = &job->when.periods[i];
    return p;
}

/* ---- Plain answers ---- */

static const char *const spent_name[2][2] = {{"spent", "支出"}, {"income", "收入"}};
/* Adds up several periods that don't hold each other ("7月和9月"). Shares the row: sum, count, records. */
static tael_status sum_periods(tael__job *job, tael_query *q, tael__bounds *bounds, tael__row *total)
{
    const tael__period *only = tael__job_period(job);
    bool apart = job->when.count > 1;
    for (size_t i = 0; i < job->when.count && apart; i++)
        for (size_t k = 0; k < job->when.count; k++)
            apart &= i == k || !within(&job->when.periods[i], &job->when.periods[k]);
    *q = tael__job_query(job, TAEL_SUM, apart ? &job->when.periods[0] : only, bounds);
    TAEL_TRY(tael__job_row(job, q, total));
    for (size_t i = 1; apart && i < job->when.count; i++) {
        tael__row more;
        tael__bounds days;
        tael_query next = tael__job_query(job, TAEL_SUM, &job->when.periods[i], &days);
        TAEL_TRY(tael__job_row(job, &next, &more));
        int64_t *ids = tael__realloc(total->records, (total->record_count + more.record_count + 1) * sizeof *ids);
        bool fits = ids && !__builtin_add_overflow(total->minor, more.minor, &total->minor);
        if (ids) {
            if (more.record_count) memcpy(ids + total->record_count, more.records, more.record_count * sizeof *ids);
            total->records = ids;
            total->record_count += more.record_count;
        }
        total->count += more.count;
        tael__row_free(&more);
        if (!fits) return tael__fail_memory("figure", sizeof *total);
    }
    return TAEL_OK;
}

static tael_status answer_sum(tael__job *job, bool count_first)
{
    tael__row row = {0};
    tael__bounds bounds = {0};
    tael_query q;
    tael_status status = sum_periods(job, &q, &bounds, &row);
    if (status == TAEL_OK && row.count == 0 && row.minor == 0 && row.record_count == 0) {
        tael__say_no_data(job);
    } else if (status == TAEL_OK) {
        const char *name = NAME(job, spent_name[job->plan->income][0], spent_name[job->plan->income][1]);
        tael_group_row ids = {.records = row.records, .record_count = row.record_count};
        if (!count_first) tael__figure_row(job, name, row.minor, &q, &row);
        tael__figure_number(job, NAME(job, "times", "笔数"), (double)row.count, "count", &q, &ids);
        if (count_first) tael__figure_row(job, name, row.minor, &q, &row);
        if (count_first)
            SAY(job, "%s, %s: %lld times, %s in all.", "%2$s，%1$s共 %3$lld 笔，合计 %4$s。", tael__subject_text(job),
                tael__period_text(job, tael__job_period(job)), (long long)row.count, tael__money_text(job, row.minor));
        else
            SAY(job, "%s, %s: %s, in %lld payments.", "%2$s，%1$s共 %3$s（%4$lld 笔）。", tael__subject_text(job),
                tael__period_text(job, tael__job_period(job)), tael__money_text(job, row.minor), (long long)row.count);
    }
    tael__row_free(&row);
    return status;
}

static tael_status answer_extreme(tael__job *job, bool largest)
{
    tael__bounds bounds;
    tael__row row;
    size_t count;
    tael_query q = tael__job_query(job, largest ? TAEL_MAX : TAEL_MIN, tael__job_period(job), &bounds);
    q.group = TAEL_BY_MERCHANT; /* the best of each merchant, then the best of these: tells where it was */
    q.order = largest ? TAEL_ORDER_VALUE_DOWN : TAEL_ORDER_VALUE_UP;
    q.limit = 1;
    TAEL_TRY(tael__job_rows(job, &q, &row, 1, &count));
    if (count == 0) {
        tael__say_no_data(job);
        return TAEL_OK;
    }
    const char *date = tael__date_text(tael__date_of_ms(row.time_ms, TAEL__SHANGHAI_OFFSET_MINUTES));
    tael_group_row ids = {.records = row.records, .record_count = row.record_count};
    tael__figure_row(job, largest ? NAME(job, "largest", "最大一笔") : NAME(job, "smallest", "最小一笔"), row.value, &q,
                     &row);
    tael__figure_text(job, NAME(job, "date", "日期"), date, "date", &q, &ids);
    SAY(job, "%s, %s: the %s was %s at %s on %s.", "%2$s，%1$s%3$s是 %4$s，%6$s，%5$s。", tael__subject_text(job),
        tael__period_text(job, tael__job_period(job)),
        largest ? NAME(job, "largest", "最大一笔") : NAME(job, "smallest", "最小一笔"),
        tael__money_text(job, row.value), row.key, date);
    tael__row_free(&row);
    return TAEL_OK;
}

static tael_status answer_budget(tael__job *job)
{
    tael__bounds bounds;
    tael__row row;
    tael__period month = {.from = {job->today.year, job->today.month, 1}, .to = job->today};
    const tael__period *p = job->when.count ? tael__job_period(job) : &month;
    tael_query q = tael__job_query(job, TAEL_SUM, p, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    int64_t limit = job->plan->budget_minor, left = limit - row.minor;
    tael__figure_row(job, left >= 0 ? NAME(job, "left", "剩余") : NAME(job, "over", "超出"), left, &q, &row);
    tael__figure_row(job, NAME(job, "spent", "已花"), row.minor, &q, &row);
    SAY(job, "%s, %s: %s of %s spent, %s %s.", "%2$s，%1$s预算 %4$s，已花 %3$s，%6$s %5$s。", tael__subject_text(job),
        tael__period_text(job, p), tael__money_text(job, row.minor), tael__money_text(job, limit),
        tael__money_text(job, left < 0 ? -left : left),
        left >= 0 ? NAME(job, "left", "还剩") : NAME(job, "over", "超出"));
    tael__row_free(&row);
    return TAEL_OK;
}

static tael_status answer_share(tael__job *job)
{
    tael__bounds bounds;
    tael__row part, whole;
    const tael__period *p = tael__job_period(job);
    tael_query q = tael__job_query(job, TAEL_SUM, p, &bounds), all = q;
    bool of_another = job->about_count == 2; /* "coffee as a share of food" */
    if (of_another)
        q.filter.all_of = &job->groups[0], q.filter.all_count = 1, all.filter.all_of = &job->groups[1],
        all.filter.all_count = 1;
    else
        all.filter.all_count = 0, all.filter.source = all.filter.method = NULL;
    TAEL_TRY(tael__job_row(job, &q, &part));
    tael_status status = tael__job_row(job, &all, &whole);
    if (of_another && status == TAEL_OK &&
        part.minor > whole.minor) { /* "of taxi money, how much to Didi" names the whole first */
        tael__row other = part;
        tael_query question = q;
        part = whole, whole = other;
        q = all, all = question;
    }
    if (status == TAEL_OK && (whole.minor == 0 || part.count == 0)) {
        tael__say_no_data(job);
    } else if (status == TAEL_OK) {
        double percent = 100.0 * (double)part.minor / (double)whole.minor;
        tael_group_row ids = {.records = part.records, .record_count = part.record_count};
        tael__figure_number(job, NAME(job, "share", "占比"), (double)(int64_t)(percent * 100 + 0.5) / 100, "percent",
                            &q, &ids);
        tael__figure_row(job, NAME(job, "part", "部分"), part.minor, &q, &part);
        tael__figure_row(job, NAME(job, "whole", "总额"), whole.minor, &all, &whole);
        SAY(job, "%s, %s: %.2f%% (%s of %s).", "%2$s，%1$s占 %3$.2f%%（%4$s / %5$s）。", tael__subject_text(job),
            tael__period_text(job, p), percent, tael__money_text(job, part.minor), tael__money_text(job, whole.minor));
    }
    tael__row_free(&part);
    tael__row_free(&whole);
    return status;
}

tael_status tael__answer_plain(tael__job *job)
{
    switch (job->plan->want) {
    case TAEL__WANT_COUNT: return answer_sum(job, true);
    case TAEL__WANT_LARGEST: return answer_extreme(job, true);
    case TAEL__WANT_SMALLEST: return answer_extreme(job, false);
    case TAEL__WANT_BUDGET: return job->plan->budget_minor > 0 ? answer_budget(job) : answer_sum(job, false);
    case TAEL__WANT_SHARE: return answer_share(job);
    default: return answer_sum(job, false);
    }
}
