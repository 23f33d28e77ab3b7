// SPDX-License-Identifier: Apache-2.0
// What recurs on fixed days: subscriptions, rent, salary, instalments. A merchant may take several (a rent and a
// parking place), so the payments of each are parted by amount, at several widths and as a whole; fit.c finds the best
// period of each part, and the parts with the best scores win until no payment is left. A price rise is two parts, one
// after the other, that keep one period together.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/fit.h"
#include "habits/recurring.h"

#define ENOUGH  4.0 /* log odds: 55 to 1 */
#define CHAINED 400 /* payments of a merchant, at most, for price rises to be put together from parts */

typedef struct candidate {
    uint32_t *at; /* payments, oldest first; owned */
    size_t n;
    tael__fit fit;
    double need;
} candidate;

typedef struct search {
    tael_habits *h;
    const uint32_t *all; /* of one merchant and direction, oldest first */
    size_t n;
    candidate *list;
    size_t count, capacity;
} search;

/* ---- Whether it recurs ---- */

static size_t equal_pairs(const tael_habits *h, const uint32_t *at, size_t n)
{
    size_t equal = 0;
    for (size_t i = 1; i < n; i++) equal += h->payments[at[i]].minor == h->payments[at[i - 1]].minor;
    return equal;
}

static bool convinces(const search *s, const candidate *c)
{
    const tael__fit *f = &c->fit;
    double days = tael__period_days(&f->period), prior = tael__fit_prior(s->h->payments[c->at[c->n - 1]].category_id);
    bool steady = 10 * equal_pairs(s->h, c->at, c->n) >= 7 * (c->n - 1);
    if (f->hits < tael__fit_least(&f->period) || f->score + prior < c->need) return false;
    if (f->hits * 10 < (f->hits + f->missed) * 6 || f->extra * 10 > f->hits * 4) return false;
    /* Whoever counts days keeps them; what runs out after four weeks, more or less, doesn't. */
    if (!f->period.months && f->exact * 10 < f->hits * 7) return false;
    /* Shopping on Saturdays is a habit, but nothing that is due. */
    if (days < 25 && !steady && prior <= 0) return false;
    return days < 150 || steady || prior > 0;
}

/* ---- Candidates ---- */

static tael_status add_candidate(search *s, const uint32_t *at, size_t n)
{
    candidate c = {.n = n};
    /* The more of this merchant's payments are left out, the easier it was to find a part that fits. */
    c.need = ENOUGH + 0.6 * log1p((double)(s->n - n));
    /* Of few payments, parts that don't convince alone may do so in a chain. */
    if (n < 2 || !tael__fit_best(&c.fit, s->h, at, n, s->n > CHAINED ? c.need : 0)) return TAEL_OK;
    if (s->count == s->capacity) {
        size_t more = s->capacity ? 2 * s->capacity : 16;
        candidate *grown = tael__realloc(s->list, more * sizeof *grown);
        if (!grown) return tael__fail_memory("habits", more * sizeof *grown);
        s->list = grown;
        s->capacity = more;
    }
    c.at = tael__alloc(n * sizeof *c.at);
    if (!c.at) return tael__fail_memory("habits", n * sizeof *c.at);
    memcpy(c.at, at, n * sizeof *c.at);
    s->list[s->count++] = c;
    return TAEL_OK;
}

static int by_place(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

typedef struct sized {
    int64_t minor;
    uint32_t at;
} sized;

static int by_size(const void *a, const void *b)
{
    const sized *x = a, *y = b;
    if (x->minor != y->minor) return x->minor < y->minor ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* Parts whose neighbours in size are at most `width` apart (in logarithm). */
static tael_status add_parts(search *s, const sized *by_amount, double width, uint32_t *scratch)
{
    size_t from = 0;
    for (size_t i = 1; i <= s->n; i++) {
        if (i < s->n && log((double)by_amount[i].minor / (double)by_amount[i - 1].minor) <= width) continue;
        size_t n = i - from;
        if (n < s->n) {
            for (size_t j = 0; j < n; j++) scratch[j] = by_amount[from + j].at;
            qsort(scratch, n, sizeof *scratch, by_place);
            TAEL_TRY(add_candidate(s, scratch, n));
        }
        from = i;
    }
    return TAEL_OK;
}

/* A part and what follows it at another price: chained greedily, each time with the one that begins next. */
static tael_status add_chains(search *s, size_t exact, uint32_t *scratch)
{
    for (size_t i = 0; i < exact; i++) {
        candidate *c = &s->list[i];
        if (c->fit.hits < 2) continue;
        memcpy(scratch, c->at, c->n * sizeof *scratch);
        size_t n = c->n, parts = 1;
        for (;;) {
            const candidate *next = NULL;
            const tael__payment *last = &s->h->payments[scratch[n - 1]];
            for (size_t j = 0; j < exact; j++) {
                const candidate *d = &s->list[j];
                double ratio = (double)s->h->payments[d->at[0]].minor / (double)last->minor;
                if (d->at[0] <= scratch[n - 1] || ratio < 0.5 || ratio > 2) continue;
                if (!next || d->at[0] < next->at[0]) next = d;
            }
            if (!next) break;
            memcpy(scratch + n, next->at, next->n * sizeof *scratch);
            n += next->n;
            parts++;
        }
        if (parts > 1) TAEL_TRY(add_candidate(s, scratch, n));
    }
    return TAEL_OK;
}

/* Single payments at a new price have no period of their own; they are joined to a part that they would continue. */
static tael_status add_last_steps(search *s, size_t until, uint32_t *scratch)
{
    for (size_t i = 0; i < until; i++) {
        const candidate *c = &s->list[i];
        uint32_t last = c->at[c->n - 1];
        size_t n = c->n;
        if (c->fit.hits < 3) continue;
        memcpy(scratch, c->at, n * sizeof *scratch);
        for (size_t j = s->n; j > 0 && s->all[j - 1] > last; j--) {
            const tael__payment *p = &s->h->payments[s->all[j - 1]];
            double ratio = (double)p->minor / (double)s->h->payments[last].minor;
            if (ratio < 0.5 || ratio > 2) continue;
            int64_t slot = tael__period_slot_near(&c->fit.period, p->day);
            if (abs(p->day - tael__period_slot_day(&c->fit.period, slot)) <= 3) scratch[n++] = s->all[j - 1];
        }
        qsort(scratch + c->n, n - c->n, sizeof *scratch, by_place);
        if (n > c->n) TAEL_TRY(add_candidate(s, scratch, n));
    }
    return TAEL_OK;
}

static tael_status add_all(search *s, sized *by_amount, uint32_t *scratch)
{
    static const double widths[] = {0, 0.06, 0.35};
    for (size_t i = 0; i < s->n; i++) by_amount[i] = (sized){s->h->payments[s->all[i]].minor, s->all[i]};
    qsort(by_amount, s->n, sizeof *by_amount, by_size);
    TAEL_TRY(add_candidate(s, s->all, s->n));
    size_t exact = 0;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++) {
        TAEL_TRY(add_parts(s, by_amount, widths[i], scratch));
        if (i == 1) exact = s->count;
    }
    size_t until = s->count;
    if (s->n <= CHAINED) TAEL_TRY(add_chains(s, exact, scratch)); /* more prices than that are no subscription */
    return add_last_steps(s, until, scratch);
}

/* ---- Choosing ---- */

static int by_score(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    double d = (y->fit.score - y->need) - (x->fit.score - x->need);
    if (d != 0) return d > 0 ? 1 : -1;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    return (x->at[0] > y->at[0]) - (x->at[0] < y->at[0]);
}

static tael_status choose(search *s)
{
    if (s->count > 1) qsort(s->list, s->count, sizeof *s->list, by_score);
    for (size_t i = 0; i < s->count; i++) {
        candidate *c = &s->list[i];
        bool free = convinces(s, c);
        for (size_t j = 0; j < c->n && free; j++) free = s->h->payments[c->at[j]].recurring == 0;
        if (free) TAEL_TRY(tael__recurring_keep(s->h, c->at, c->n, &c->fit, c->need));
    }
    return TAEL_OK;
}

static tael_status search_merchant(tael_habits *h, const uint32_t *all, size_t n)
{
    search s = {.h = h, .all = all, .n = n};
    if (n < 2) return TAEL_OK;
    if (n > TAEL__MAX_HABIT_SERIES) {
        s.all = all + (n - TAEL__MAX_HABIT_SERIES);
        s.n = TAEL__MAX_HABIT_SERIES;
    }
    sized *by_amount = tael__alloc(s.n * sizeof *by_amount);
    uint32_t *scratch = tael__alloc(2 * s.n * sizeof *scratch);
    tael_status status = TAEL_OK;
    if (!by_amount || !scratch) status = tael__fail_memory("habits", s.n * sizeof *by_amount);
    if (status == TAEL_OK) status = add_all(&s, by_amount, scratch);
    if (status == TAEL_OK) status = choose(&s);
    for (size_t i = 0; i < s.count; i++) tael__free(s.list[i].at);
    tael__free(s.list);
    tael__free(by_amount);
    tael__free(scratch);
    return status;
}

/* Payments by merchant and direction, each run oldest first: a counting sort over the names. */
tael_status tael__recurring_find(tael_habits *h)
{
    size_t keys = 2 * h->names.count + 2;
    tael_status status = TAEL_OK;
    uint32_t *first = tael__alloc_array(keys + 1, sizeof *first);
    uint32_t *order = tael__alloc_array(h->count + 1, sizeof *order);
    if (!first || !order) status = tael__fail_memory("habits", (keys + h->count) * sizeof *first);
    for (size_t i = 0; status == TAEL_OK && i < h->count; i++) {
        const tael__payment *p = &h->payments[i];
        if (p->brand && !p->refund) first[2 * p->brand + p->income + 1]++;
    }
    for (size_t k = 1; status == TAEL_OK && k <= keys; k++) first[k] += first[k - 1];
    for (size_t i = 0; status == TAEL_OK && i < h->count; i++) {
        const tael__payment *p = &h->payments[i];
        if (p->brand && !p->refund) order[first[2 * p->brand + p->income]++] = (uint32_t)i;
    }
    /* Each first[k] is now the end of run k. */
    for (size_t k = 1; status == TAEL_OK && k < keys; k++)
        status = search_merchant(h, order + first[k - 1], first[k] - first[k - 1]);
    tael__free(first);
    tael__free(order);
    return status;
}
