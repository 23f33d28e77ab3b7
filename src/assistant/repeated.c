// SPDX-License-Identifier: Apache-2.0
// What comes again every month, and what has become dearer.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assistant/internal.h"

enum { MAX_HABITS = 256, MAX_AMOUNTS = 4, MAX_SHOWN = 20, MAX_CHARGES = 600 };

static tael__date local_day(int64_t ms)
{
    return tael__date_of_ms(ms, TAEL__SHANGHAI_OFFSET_MINUTES);
}

/* A merchant's latest payments, newest first. */
typedef struct habit {
    char merchant[256];
    int64_t days[MAX_AMOUNTS], minor[MAX_AMOUNTS], ids[MAX_AMOUNTS];
    size_t count;
} habit;

typedef struct habits {
    habit *rows;
    size_t count;
} habits;

static int keep_habit(const tael_record *record, void *user)
{
    habits *all = user;
    int64_t net = record->minor - record->refunded_minor;
    if (!record->counted || net <= 0) return 0;
    size_t i = 0;
    while (i < all->count && strcmp(all->rows[i].merchant, record->merchant) != 0) i++;
    if (i == MAX_HABITS) return 0;
    habit *h = &all->rows[i];
    if (i == all->count) {
        all->count++;
        snprintf(h->merchant, sizeof h->merchant, "%s", record->merchant);
    }
    if (h->count == MAX_AMOUNTS) return 0;
    h->days[h->count] = tael__days_of(local_day(record->time_ms));
    h->minor[h->count] = net;
    h->ids[h->count++] = record->id;
    return 0;
}

/* Monthly and still going: each gap about a month, like amounts, the last not much over a month ago. */
static bool is_monthly(const habit *h, int64_t today)
{
    if (h->count < 3 || today - h->days[0] > 38) return false;
    for (size_t i = 0; i + 1 < h->count; i++) {
        int64_t gap = h->days[i] - h->days[i + 1], more = h->minor[i] > h->minor[i + 1] ? h->minor[i] : h->minor[i + 1];
        if (gap < 25 || gap > 36 || 4 * llabs(h->minor[i] - h->minor[i + 1]) > more) return false;
    }
    return true;
}

static void say_recurring(tael__job *job, const habit *const *found, size_t count, const tael_query *q)
{
    int64_t total = 0, ids[MAX_SHOWN];
    for (size_t i = 0; i < count; i++) {
        ids[i] = found[i]->ids[0];
        if (__builtin_add_overflow(total, found[i]->minor[0], &total)) total = INT64_MAX;
    }
    tael_group_row all = {.records = ids, .record_count = count};
    const char *name = NAME(job, "a month in all", "每月合计");
    if (job->plan->total) tael__figure_money(job, name, total, q, &all);
    for (size_t i = 0; i < count; i++) {
        tael_group_row row = {.records = found[i]->ids, .record_count = found[i]->count};
        SAY(job, "%s%s %s a month", "%s%s 每月 %s",
            i == 0 ? NAME(job, "Still paid every month: ", "还在每月扣款的有：") : NAME(job, ", ", "，"),
            found[i]->merchant, tael__money_text(job, found[i]->minor[0]));
        tael__figure_money(job, found[i]->merchant, found[i]->minor[0], q, &row);
    }
    if (!job->plan->total) tael__figure_money(job, name, total, q, &all);
    SAY(job, "; %s in all.", "；合计 %s。", tael__money_text(job, total));
}

static tael_status answer_recurring(tael__job *job)
{
    tael__bounds bounds;
    const habit *found[MAX_SHOWN];
    tael__period year = {.from = tael__date_add_days(job->today, -200), .to = job->today};
    tael_query q = tael__job_query(job, TAEL_LAST, &year, &bounds);
    habits all = {.rows = tael__alloc_array(MAX_HABITS, sizeof *all.rows)};
    if (!all.rows) return tael__fail_memory("habits", MAX_HABITS * sizeof *all.rows);
    tael_status status = tael_ledger_records(job->ledger, &q.filter, 0, keep_habit, &all, NULL);
    size_t count = 0;
    for (size_t i = 0; i < all.count && count < MAX_SHOWN; i++)
        if (is_monthly(&all.rows[i], tael__days_of(job->today))) found[count++] = &all.rows[i];
    if (status == TAEL_OK && count) say_recurring(job, found, count, &q);
    if (status == TAEL_OK && !count) tael__say_no_data(job);
    tael__free(all.rows);
    return status;
}

/* ---- What has become dearer ---- */

typedef struct charges {
    struct {
        int64_t time_ms, minor, id;
    } of[MAX_CHARGES]; /* newest first */
    size_t count;
} charges;

static int keep_charge(const tael_record *record, void *user)
{
    charges *c = user;
    if (!record->counted || record->minor <= record->refunded_minor) return 0;
    c->of[c->count].time_ms = record->time_ms;
    c->of[c->count].minor = record->minor;
    c->of[c->count++].id = record->id;
    return c->count == MAX_CHARGES;
}

static tael_status say_rise(tael__job *job, const charges *c, const tael_query *q)
{
    size_t at = c->count - 1; /* oldest first: the first charge that is dearer than the one before it */
    while (at > 0 && c->of[at - 1].minor <= c->of[at].minor) at--;
    if (at == 0) {
        tael_group_row last = {.records = &c->of[0].id, .record_count = 1};
        tael__figure_money(job, NAME(job, "now", "现在"), c->of[0].minor, q, &last);
        SAY(job, "%s has not become dearer: %s at the last charge.", "%s 没有涨价：最近一次是 %s。",
            tael__subject_text(job), tael__money_text(job, c->of[0].minor));
        return TAEL_OK;
    }
    int64_t before = c->of[at].minor, after = c->of[at - 1].minor;
    int64_t ids[2] = {c->of[at - 1].id, c->of[at].id};
    tael_group_row row = {.records = ids, .record_count = 2};
    const char *date = tael__date_text(local_day(c->of[at - 1].time_ms));
    tael__figure_money(job, NAME(job, "dearer by", "涨了"), after - before, q, &row);
    tael__figure_text(job, NAME(job, "since", "自"), date, "date", q, &row);
    tael__figure_money(job, NAME(job, "before", "原来"), before, q, &row);
    tael__figure_money(job, NAME(job, "after", "后来"), after, q, &row);
    SAY(job, "%s: dearer by %s since %s, from %s to %s.", "%1$s：自 %3$s 起涨了 %2$s，从 %4$s 到 %5$s。",
        tael__subject_text(job), tael__money_text(job, after - before), date, tael__money_text(job, before),
        tael__money_text(job, after));
    return TAEL_OK;
}

static tael_status answer_rise(tael__job *job)
{
    tael__bounds bounds;
    charges *c = tael__alloc_zero(sizeof *c);
    if (!c) return tael__fail_memory("charges", sizeof *c);
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    tael_status status = tael_ledger_records(job->ledger, &q.filter, 0, keep_charge, c, NULL);
    if (status == TAEL_OK && c->count == 0)
        tael__say_no_data(job);
    else if (status == TAEL_OK)
        status = say_rise(job, c, &q);
    tael__free(c);
    return status;
}

tael_status tael__answer_repeated(tael__job *job)
{
    return job->plan->want == TAEL__WANT_RISE ? answer_rise(job) : answer_recurring(job);
}
