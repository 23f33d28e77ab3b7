// SPDX-License-Identifier: Apache-2.0
// What has become dearer, told from the payments alone: for what doesn't recur on fixed days, or when habits aren't
// learned.
#include <stdio.h>
#include <string.h>

#include "assistant/internal.h"

enum { MAX_CHARGES = 600 };

static tael__date local_day(int64_t ms)
{
    return tael__date_of_ms(ms, TAEL__SHANGHAI_OFFSET_MINUTES);
}

typedef struct charges {
    struct {
        int64_t time_ms, minor, id;
    } of[MAX_CHARGES]; /* newest first */
    size_t count;
    char brand[256]; /* of the latest */
    bool several;    /* others got some as well: no price to compare */
} charges;

static int keep_charge(const tael_record *record, void *user)
{
    charges *c = user;
    if (!record->counted || record->minor <= record->refunded_minor) return 0;
    if (c->count == 0) snprintf(c->brand, sizeof c->brand, "%s", record->brand);
    c->several |= strncmp(c->brand, record->brand, sizeof c->brand - 1) != 0;
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

tael_status tael__answer_rise(tael__job *job, bool *several)
{
    tael__bounds bounds;
    charges *c = tael__alloc_zero(sizeof *c);
    if (!c) return tael__fail_memory("charges", sizeof *c);
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    tael_status status = tael_ledger_records(job->ledger, &q.filter, 0, keep_charge, c, NULL);
    *several = c->several;
    if (status == TAEL_OK && c->count == 0)
        tael__say_no_data(job);
    else if (status == TAEL_OK && !c->several)
        status = say_rise(job, c, &q);
    tael__free(c);
    return status;
}
