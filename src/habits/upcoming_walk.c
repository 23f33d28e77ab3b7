// SPDX-License-Identifier: Apache-2.0
// The candidates of a kind as rows of days, and a walk through them: on each day only what was bought until then is
// known, so that what is learned from past days is what can be known on the day to foretell.
//
// Companions are counted as they are used: after how many of the days with one did the other come within a week. A day
// is counted when its week is over.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/upcoming.h"

enum { WEEK = 7, LEAST_ROWS = 8, MOST_ROWS = 64, ROW_GAPS = 40, LEAST_DAYS = 3 };

const double tael__upcoming_spans[3] = {7, 30, 120};
const double tael__upcoming_fades[2] = {0.6, 0.93};
enum { VISIT_GAPS = 32 };
#define WEEKDAY_SPAN 180.0

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static int by_day(const void *a, const void *b)
{
    const tael__purchase_event *x = a, *y = b;
    if (x->day != y->day) return x->day < y->day ? -1 : 1;
    return (x->candidate > y->candidate) - (x->candidate < y->candidate);
}

/* ---- Rows of days ---- */

static size_t keys_of(uint64_t *keys, const tael__walk *w)
{
    size_t n = 0;
    for (size_t i = 0; i < w->h->count; i++) {
        const tael__payment *p = &w->h->payments[i];
        uint32_t key = tael__purchase_key(p, w->kind);
        if (key && p->day >= w->first_day) keys[n++] = (uint64_t)key << 32 | (uint32_t)(p->day - w->first_day);
    }
    if (n > 1) qsort(keys, n, sizeof *keys, by_number);
    return n;
}

static void fill_rows(tael__walk *w, const uint64_t *keys, size_t n)
{
    size_t days = 0;
    for (size_t i = 0, from = 0; i < n; from = i) {
        tael__candidate c = {.name = (uint32_t)(keys[from] >> 32), .first = (uint32_t)days, .pair = -1};
        for (; i < n && keys[i] >> 32 == c.name; i++)
            if (i == from || keys[i] != keys[i - 1]) w->days[days++] = w->first_day + (int32_t)(uint32_t)keys[i];
        c.count = (uint32_t)(days - c.first);
        if (c.count < 2) {
            days = c.first;
            continue;
        }
        for (uint32_t k = 0; k < c.count; k++)
            w->events[w->event_count++] = (tael__purchase_event){w->days[c.first + k], (uint32_t)w->count};
        w->list[w->count++] = c;
    }
    if (w->event_count > 1) qsort(w->events, w->event_count, sizeof *w->events, by_day);
}

static void count_payments(tael__walk *w, size_t span)
{
    for (size_t i = 0; i < w->h->count; i++) {
        const tael__payment *p = &w->h->payments[i];
        if (p->day >= w->first_day && !p->income && !p->refund) w->paid[p->day - w->first_day + 1]++;
    }
    for (size_t i = 1; i <= span; i++) w->paid[i] += w->paid[i - 1];
}

static int by_most(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b; /* count << 32 | candidate */
    return (x < y) - (x > y);
}

static tael_status begin_companions(tael__walk *w)
{
    tael__companions *c = &w->companions;
    uint64_t *order = tael__alloc_array(w->count + 1, sizeof *order);
    size_t n = w->count < TAEL__UPCOMING_PAIRS ? w->count : TAEL__UPCOMING_PAIRS;
    c->who = tael__alloc_array(n + 1, sizeof *c->who);
    c->after = tael__alloc_array(n * n + 1, sizeof *c->after);
    c->times = tael__alloc_array(3 * n + 1, sizeof *c->times);
    if (!order || !c->who || !c->after || !c->times) {
        tael__free(order);
        return tael__fail_memory("habits", n * n * sizeof *c->after);
    }
    c->any = c->times + n;
    c->in_week = c->any + n;
    for (size_t i = 0; i < w->count; i++) order[i] = (uint64_t)w->list[i].count << 32 | i;
    qsort(order, w->count, sizeof *order, by_most);
    for (size_t i = 0; i < n; i++) {
        c->who[i] = (uint32_t)order[i];
        w->list[c->who[i]].pair = (int32_t)i;
    }
    c->count = (uint32_t)n;
    tael__free(order);
    return TAEL_OK;
}

tael_status tael__walk_begin(tael__walk *w, const tael_habits *h, tael_habit_kind kind)
{
    *w = (tael__walk){.h = h, .kind = kind, .first_day = h->first_day, .vague = true};
    if (h->last_day - w->first_day > TAEL__UPCOMING_DAYS) w->first_day = h->last_day - TAEL__UPCOMING_DAYS;
    size_t span = (size_t)(h->known - w->first_day) + 2;
    uint64_t *keys = tael__alloc_array(h->count + 1, sizeof *keys);
    w->list = tael__alloc_array(h->count / 2 + 1, sizeof *w->list);
    w->days = tael__alloc_array(h->count + 1, sizeof *w->days);
    w->events = tael__alloc_array(h->count + 1, sizeof *w->events);
    w->paid = tael__alloc_array(span + 1, sizeof *w->paid);
    w->visits = tael__alloc_array(span + 1, sizeof *w->visits);
    tael_status status = TAEL_OK;
    if (!keys || !w->list || !w->days || !w->events || !w->paid || !w->visits)
        status = tael__fail_memory("habits", h->count * sizeof *w->list);
    if (status == TAEL_OK) {
        fill_rows(w, keys, keys_of(keys, w));
        count_payments(w, span);
        w->today = w->first_day - 1;
        status = begin_companions(w);
    }
    tael__free(keys);
    if (status != TAEL_OK) tael__walk_end(w);
    return status;
}

void tael__walk_end(tael__walk *w)
{
    tael__free(w->list);
    tael__free(w->days);
    tael__free(w->events);
    tael__free(w->paid);
    tael__free(w->visits);
    tael__free(w->companions.who);
    tael__free(w->companions.after);
    tael__free(w->companions.times);
    *w = (tael__walk){0};
}

/* ---- Day by day ---- */

static int weekday_of(int32_t day)
{
    return ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday; 0 is Monday */
}

static void see(tael__walk *w, tael__candidate *c)
{
    int32_t day = w->days[c->first + c->seen], gap = c->seen ? day - w->days[c->first + c->seen - 1] : 0;
    for (int k = 0; k < 3; k++) c->faded[k] = c->faded[k] * exp(-gap / tael__upcoming_spans[k]) + 1;
    int32_t visit = (int32_t)w->visit_count;
    for (int k = 0; k < 2; k++) c->basket[k] = c->basket[k] * pow(tael__upcoming_fades[k], visit - c->visit) + 1;
    c->visit = visit;
    for (int k = 0; k < 7; k++) c->weekday[k] *= exp(-gap / WEEKDAY_SPAN);
    c->weekday[weekday_of(day)] += 1;
    c->seen++;
}

/* A day's week is over: who came in it? */
static void close_week(tael__walk *w)
{
    tael__companions *c = &w->companions;
    int32_t day = w->today - WEEK;
    if (day < w->first_day) return;
    size_t from = w->old;
    for (; w->old < w->event_count && w->events[w->old].day <= day; w->old++) {
        int32_t i = w->list[w->events[w->old].candidate].pair;
        if (i >= 0) c->in_week[i]--;
    }
    for (uint32_t j = 0; j < c->count; j++) c->any[j] = (uint16_t)(c->any[j] + (c->in_week[j] > 0));
    c->days++;
    for (size_t e = from; e < w->old; e++) {
        int32_t i = w->list[w->events[e].candidate].pair;
        if (i < 0) continue;
        uint16_t *row = c->after + (size_t)i * c->count;
        c->times[i]++;
        for (uint32_t j = 0; j < c->count; j++) row[j] = (uint16_t)(row[j] + (c->in_week[j] > 0));
    }
}

static void note_recent(tael__walk *w)
{
    tael__companions *c = &w->companions;
    c->recent_count = 0;
    for (size_t e = w->at; e > 0 && w->events[e - 1].day > w->today - TAEL__UPCOMING_RECENT_DAYS; e--) {
        int32_t i = w->list[w->events[e - 1].candidate].pair;
        bool known = i < 0;
        for (size_t k = 0; k < c->recent_count && !known; k++) known = c->recent[k] == (uint32_t)i;
        if (known) continue;
        c->recent[c->recent_count] = (uint32_t)i;
        c->recent_day[c->recent_count++] = w->events[e - 1].day;
    }
}

static void foretell_visit(tael__walk *w)
{
    double gaps[VISIT_GAPS];
    size_t n = w->visit_count, count = n > VISIT_GAPS ? VISIT_GAPS : n > 0 ? n - 1 : 0;
    tael__renewal m;
    w->visit_week = 0.5;
    if (count == 0) return;
    for (size_t k = 0; k < count; k++) gaps[k] = w->visits[n - count + k] - w->visits[n - count + k - 1];
    double open = w->today - w->visits[n - 1];
    tael__renewal_row row = {gaps, count, open};
    tael__renewal_fit(&m, &row, NULL);
    w->visit_week = tael__renewal_within(&m, open, WEEK);
}

void tael__walk_to(tael__walk *w, int32_t day)
{
    while (w->today < day) {
        w->today++;
        int32_t i = w->today - w->first_day;
        if (w->paid[i + 1] > w->paid[i]) w->visits[w->visit_count++] = w->today;
        for (; w->at < w->event_count && w->events[w->at].day <= w->today; w->at++) {
            tael__candidate *c = &w->list[w->events[w->at].candidate];
            see(w, c);
            if (c->pair >= 0) w->companions.in_week[c->pair]++;
        }
        close_week(w);
    }
    note_recent(w);
    foretell_visit(w);
}

/* ---- What merchants have in common ---- */

tael_status tael__walk_prior(tael__walk *w)
{
    double *gaps = tael__alloc((size_t)MOST_ROWS * ROW_GAPS * sizeof *gaps);
    tael__renewal_row row[MOST_ROWS];
    size_t rows = 0;
    if (!gaps) return tael__fail_memory("habits", (size_t)MOST_ROWS * ROW_GAPS * sizeof *gaps);
    for (size_t i = 0; i < w->count && rows < MOST_ROWS; i++) {
        const tael__candidate *c = &w->list[i];
        const int32_t *days = w->days + c->first;
        if (c->seen < LEAST_DAYS) continue;
        uint32_t from = c->seen > ROW_GAPS ? c->seen - ROW_GAPS : 1;
        double *of = gaps + rows * ROW_GAPS;
        for (uint32_t k = from; k < c->seen; k++) of[k - from] = days[k] - days[k - 1];
        row[rows++] = (tael__renewal_row){of, c->seen - from, w->today - days[c->seen - 1]};
    }
    w->vague = rows < LEAST_ROWS;
    tael_status status = w->vague ? TAEL_OK : tael__renewal_learn(&w->prior, row, rows);
    tael__free(gaps);
    return status;
}
