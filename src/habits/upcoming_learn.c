// SPDX-License-Identifier: Apache-2.0
// From an owner's past to weights. On rolling days of the last year each candidate is foretold from what was known
// then, and what came in the seven days after is the truth. Two logistic regressions: whether it came within the week;
// and, where it did, whether it came on the first day, so that the two never contradict each other.
//
// The weights are those that explain the rows best and are near the starting weights (of which there are four, mixed by
// how old the ledger is and on how many of its days something is paid): each feature's distance from its start is taken
// in the feature's own spread and costs `hold` times its square. An owner of a month stays near the start, one of a
// year goes his own way. The problem is convex; Newton's steps, halved where they don't help, solve it in a few rounds
// and the same rows always give the same weights.
#include <math.h>
#include <string.h>

#include "habits/upcoming.h"

enum { WEEK = 7, LEARN_DAYS = 365, FIRST_DAYS = 28, PRIOR_DAYS = 91, ROUNDS = 25 };
#define HALF_LIFE 240.0 /* days: what a row weighs */

typedef double matrix[TAEL__UP_FEATURES][TAEL__UP_FEATURES];

/* ---- Rows ---- */

static tael_status add_row(tael__upcoming_rows *rows, const double *x, double weight, int came)
{
    if (rows->count == rows->capacity) {
        size_t more = rows->capacity ? 2 * rows->capacity : 1024;
        void *x_more = tael__realloc(rows->x, more * sizeof *rows->x);
        if (x_more) rows->x = x_more;
        void *weight_more = tael__realloc(rows->weight, more * sizeof *rows->weight);
        if (weight_more) rows->weight = weight_more;
        void *came_more = tael__realloc(rows->came, more);
        if (came_more) rows->came = came_more;
        if (!x_more || !weight_more || !came_more) return tael__fail_memory("habits", more * sizeof *rows->x);
        rows->capacity = more;
    }
    for (int k = 0; k < TAEL__UP_FEATURES; k++) rows->x[rows->count][k] = (float)x[k];
    rows->weight[rows->count] = (float)weight;
    rows->came[rows->count++] = (uint8_t)came;
    return TAEL_OK;
}

static int came_in(const tael__walk *w, const tael__candidate *c)
{
    if (c->seen == c->count) return 0;
    int32_t days = w->days[c->first + c->seen] - w->today;
    return days <= WEEK ? days : 0;
}

static tael_status rows_of_day(tael__upcoming_rows *rows, const tael__walk *w, int32_t last, double share)
{
    double weight = share * exp2((w->today - last) / HALF_LIFE), x[TAEL__UP_FEATURES];
    tael__renewal m;
    for (size_t i = 0; i < w->count; i++) {
        const tael__candidate *c = &w->list[i];
        if (!tael__upcoming_speaks(w, c)) continue;
        tael__upcoming_renewal(&m, w, c);
        tael__upcoming_features(x, w, c, &m, NULL);
        TAEL_TRY(add_row(rows, x, weight, came_in(w, c)));
    }
    return TAEL_OK;
}

/* Days between two that are learned from: not a multiple of a week, or only some weekdays would be. */
static int32_t stride(const tael__walk *w, int32_t days, size_t most)
{
    size_t all = (size_t)days * w->count;
    int32_t n = (int32_t)(all / most) + 1;
    return n % 7 == 0 ? n + 1 : n;
}

tael_status tael__upcoming_gather(tael__upcoming_rows *rows, tael__walk *w, tael__walk *merchants, size_t most,
                                  int32_t first_days)
{
    int32_t last = w->h->known - WEEK, from = last - LEARN_DAYS, learned = INT32_MIN / 2;
    if (from < w->first_day + first_days) from = w->first_day + first_days;
    if (w->count == 0 || from > last) return TAEL_OK;
    int32_t step = stride(w, last - from + 1, most);
    for (int32_t day = last - (last - from) / step * step; day <= last; day += step) {
        tael__walk_to(w, day);
        if (day - learned >= PRIOR_DAYS) {
            tael__walk_to(merchants, day);
            TAEL_TRY(tael__walk_prior(merchants));
            learned = day;
        }
        w->prior = merchants->prior;
        w->vague = merchants->vague;
        /* The weeks after two days that are near are nearly the same week. */
        TAEL_TRY(rows_of_day(rows, w, last, fmin(step / (double)WEEK, 1)));
    }
    return TAEL_OK;
}

void tael__upcoming_rows_free(tael__upcoming_rows *rows)
{
    tael__free(rows->x);
    tael__free(rows->weight);
    tael__free(rows->came);
    *rows = (tael__upcoming_rows){0};
}

/* ---- Regression ---- */

static double probability(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

typedef struct problem {
    const tael__upcoming_rows *rows;
    const double *start;
    double hold[TAEL__UP_FEATURES]; /* of each weight's squared distance */
    int head;
} problem;

static double sum_of(const double *w, const float *x)
{
    double z = 0;
    for (int k = 0; k < TAEL__UP_FEATURES; k++) z += w[k] * (double)x[k];
    return z;
}

static double cost(const problem *p, const double *w)
{
    double sum = 0;
    for (int k = 0; k < TAEL__UP_FEATURES; k++) sum += p->hold[k] * (w[k] - p->start[k]) * (w[k] - p->start[k]) / 2;
    for (size_t i = 0; i < p->rows->count; i++) {
        int came = p->rows->came[i];
        if (p->head == TAEL__UP_DAY && !came) continue;
        double z = sum_of(w, p->rows->x[i]);
        if (p->head == TAEL__UP_WEEK ? came : came == 1) z = -z;
        sum += (double)p->rows->weight[i] * (z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)));
    }
    return sum;
}

static void slopes(const problem *p, const double *w, double *g, matrix h)
{
    memset(h, 0, sizeof(matrix));
    for (int k = 0; k < TAEL__UP_FEATURES; k++) {
        g[k] = p->hold[k] * (w[k] - p->start[k]);
        h[k][k] = p->hold[k];
    }
    for (size_t i = 0; i < p->rows->count; i++) {
        const float *x = p->rows->x[i];
        int came = p->rows->came[i];
        if (p->head == TAEL__UP_DAY && !came) continue;
        double q = probability(sum_of(w, x)), truth = p->head == TAEL__UP_WEEK ? came > 0 : came == 1;
        double first = (double)p->rows->weight[i] * (q - truth), second = (double)p->rows->weight[i] * q * (1 - q);
        for (int k = 0; k < TAEL__UP_FEATURES; k++) {
            g[k] += first * (double)x[k];
            double scaled = second * (double)x[k];
            for (int j = 0; j <= k; j++) h[k][j] += scaled * (double)x[j];
        }
    }
}

/* h s = g, by Cholesky in place: h is positive where `hold` is. */
static void solve(matrix h, const double *g, double *s)
{
    enum { N = TAEL__UP_FEATURES };
    for (int k = 0; k < N; k++) {
        for (int j = 0; j <= k; j++) {
            double sum = h[k][j];
            for (int i = 0; i < j; i++) sum -= h[k][i] * h[j][i];
            h[k][j] = k == j ? sqrt(fmax(sum, 1e-12)) : sum / h[j][j];
        }
        s[k] = g[k];
        for (int i = 0; i < k; i++) s[k] -= h[k][i] * s[i];
        s[k] /= h[k][k];
    }
    for (int k = N - 1; k >= 0; k--) {
        for (int i = k + 1; i < N; i++) s[k] -= h[i][k] * s[i];
        s[k] /= h[k][k];
    }
}

static void descend(const problem *p, double *w, matrix h)
{
    double g[TAEL__UP_FEATURES], s[TAEL__UP_FEATURES], to[TAEL__UP_FEATURES], now = cost(p, w);
    for (int round = 0; round < ROUNDS; round++) {
        slopes(p, w, g, h);
        solve(h, g, s);
        double part = 1, then = now;
        for (int tries = 0; tries < 12; tries++, part /= 2) {
            for (int k = 0; k < TAEL__UP_FEATURES; k++) to[k] = w[k] - part * s[k];
            then = cost(p, to);
            if (then < now) break;
        }
        if (!(then < now)) return;
        memcpy(w, to, sizeof to);
        if (now - then < 1e-6 * (1 + now)) return;
        now = then;
    }
}

tael_status tael__upcoming_fit(tael__upcoming_weights *out, const tael__upcoming_rows *rows,
                               const tael__upcoming_weights *start, double hold)
{
    *out = *start;
    if (rows->count == 0 || isinf(hold)) return TAEL_OK;
    double(*h)[TAEL__UP_FEATURES] = tael__alloc(sizeof(matrix));
    if (!h) return tael__fail_memory("habits", sizeof(matrix));
    for (int head = 0; head < TAEL__UP_HEADS; head++) {
        problem p = {.rows = rows, .start = start->weight[head], .head = head};
        for (int k = 0; k < TAEL__UP_FEATURES; k++) p.hold[k] = hold * fmax(start->spread[k] * start->spread[k], 1e-4);
        descend(&p, out->weight[head], h);
    }
    tael__free(h);
    return TAEL_OK;
}

void tael__upcoming_says(const tael__upcoming_weights *w, const double x[TAEL__UP_FEATURES], double *week,
                         double *tomorrow)
{
    double z[TAEL__UP_HEADS] = {0};
    for (int head = 0; head < TAEL__UP_HEADS; head++)
        for (int k = 0; k < TAEL__UP_FEATURES; k++) z[head] += w->weight[head][k] * x[k];
    *week = probability(z[TAEL__UP_WEEK]);
    *tomorrow = *week * probability(z[TAEL__UP_DAY]);
}

/* ---- An owner ---- */

enum { MOST_ROWS = 8000 }; /* of a kind */
#define HOLD 1000.0

/* A few months are one season of one life: their rows tell less of the next month than as many of a year. */
static double usual_hold(const tael_habits *h)
{
    double shares[TAEL__UP_LEDGERS];
    tael__upcoming_ledger(shares, h);
    return HOLD * (5 - 4 * (shares[TAEL__UP_OLD] + shares[TAEL__UP_OLD | TAEL__UP_DAILY]));
}

static double part_between(double x, double low, double high)
{
    return fmin(fmax((x - low) / (high - low), 0), 1);
}

void tael__upcoming_ledger(double shares[TAEL__UP_LEDGERS], const tael_habits *h)
{
    int32_t days = h->known - h->first_day + 1, last = INT32_MIN, from = h->known - LEARN_DAYS;
    double n = 0;
    for (size_t i = h->count; i > 0 && h->payments[i - 1].day > from; i--) {
        const tael__payment *p = &h->payments[i - 1];
        if (p->income || p->refund || p->day == last) continue;
        last = p->day;
        n++;
    }
    double old = part_between(log(days), log(75), log(300));
    double daily = part_between(n / fmin(days, LEARN_DAYS), 0.3, 0.5);
    for (int k = 0; k < TAEL__UP_LEDGERS; k++)
        shares[k] = (k & TAEL__UP_OLD ? old : 1 - old) * (k & TAEL__UP_DAILY ? daily : 1 - daily);
}

void tael__upcoming_begin(tael__upcoming_weights start[TAEL__UPCOMING_KINDS], const tael_habits *h)
{
    double shares[TAEL__UP_LEDGERS];
    tael__upcoming_ledger(shares, h);
    memset(start, 0, TAEL__UPCOMING_KINDS * sizeof *start);
    for (int l = 0; l < TAEL__UP_LEDGERS; l++) {
        for (int kind = 0; kind < TAEL__UPCOMING_KINDS; kind++) {
            const tael__upcoming_weights *from = &tael__upcoming_start[l][kind];
            for (int k = 0; k < TAEL__UP_FEATURES; k++) {
                start[kind].spread[k] += shares[l] * from->spread[k];
                for (int head = 0; head < TAEL__UP_HEADS; head++)
                    start[kind].weight[head][k] += shares[l] * from->weight[head][k];
            }
        }
    }
}

/* What is known on the last day. */
static tael_status come_to_the_end(tael__upcoming *u, const tael_habits *h, int kind, tael__walk *merchants)
{
    tael__walk *w = &u->walk[kind];
    tael__walk_to(w, h->known);
    tael__walk_to(merchants, h->known);
    TAEL_TRY(tael__walk_prior(merchants));
    w->prior = merchants->prior;
    w->vague = merchants->vague;
    u->renewals[kind] = tael__alloc_array(w->count + 1, sizeof *u->renewals[kind]);
    if (!u->renewals[kind]) return tael__fail_memory("habits", w->count * sizeof *u->renewals[kind]);
    for (size_t i = 0; i < w->count; i++)
        if (tael__upcoming_speaks(w, &w->list[i])) tael__upcoming_renewal(&u->renewals[kind][i], w, &w->list[i]);
    return TAEL_OK;
}

static tael_status learn_kind(tael__upcoming *u, const tael_habits *h, int kind, tael__walk *merchants,
                              const tael__upcoming_weights *start, double hold)
{
    tael__upcoming_rows rows = {0};
    tael__walk *w = &u->walk[kind];
    TAEL_TRY(tael__walk_begin(w, h, (tael_habit_kind)kind));
    tael_status status = tael__walk_begin(merchants, h, TAEL_HABIT_MERCHANT);
    if (status == TAEL_OK && !isinf(hold)) status = tael__upcoming_gather(&rows, w, merchants, MOST_ROWS, FIRST_DAYS);
    if (status == TAEL_OK) status = tael__upcoming_fit(&u->weights[kind], &rows, &start[kind], hold);
    if (status == TAEL_OK) status = come_to_the_end(u, h, kind, merchants);
    u->rows += rows.count;
    tael__upcoming_rows_free(&rows);
    tael__walk_end(merchants);
    return status;
}

tael_status tael__upcoming_learn(tael__upcoming **out, const tael_habits *h, const tael__upcoming_weights *start,
                                 double hold)
{
    tael__walk merchants = {0};
    tael__upcoming_weights own[TAEL__UPCOMING_KINDS];
    *out = NULL;
    tael__upcoming *u = tael__alloc_zero(sizeof *u);
    if (!u) return tael__fail_memory("habits", sizeof *u);
    tael_status status = TAEL_OK;
    tael__upcoming_begin(own, h);
    if (hold < 0) hold = usual_hold(h);
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS && status == TAEL_OK; kind++)
        status = learn_kind(u, h, kind, &merchants, start ? start : own, hold);
    if (status == TAEL_OK)
        *out = u;
    else
        tael__upcoming_free(u);
    return status;
}

void tael__upcoming_free(tael__upcoming *u)
{
    if (!u) return;
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS; kind++) {
        tael__walk_end(&u->walk[kind]);
        tael__free(u->renewals[kind]);
    }
    tael__free(u->list);
    tael__free(u);
}
