// SPDX-License-Identifier: Apache-2.0
// What is bought next, and when: the renewal's answers (replenish.c) corrected by what the owner's own past taught
// (upcoming_learn.c).
//
// The model speaks of the day and of the week after the last one known. The renewal's curve of when it comes is bent (a
// + b times its logit) so that it goes through both: the next day and the probabilities never contradict each other,
// and bills that end some days before today are answered from the same curve.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/upcoming.h"

#define COMPANION_COUNTS 0.25 /* of the logit: a smaller share decides nothing */
enum { LEAST_DAYS = 2, WEEK = 7 };

static double logit(double p)
{
    p = fmin(fmax(p, 1e-4), 1 - 1e-4);
    return log(p / (1 - p));
}

static double probability(double z)
{
    return 1 / (1 + exp(-z));
}

/* ---- Learning ---- */

static const tael__candidate *find(const tael__walk *w, uint32_t name)
{
    size_t low = 0, high = w->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (w->list[middle].name < name)
            low = middle + 1;
        else
            high = middle;
    }
    return low < w->count && w->list[low].name == name ? &w->list[low] : NULL;
}

static const char *name_of(const tael_habits *h, tael_habit_kind kind, uint32_t name)
{
    return kind == TAEL_HABIT_CATEGORY ? tael_category_name((int32_t)name, tael_get_language())
                                       : tael__names_get(&h->names, name);
}

typedef struct curve {
    const tael__renewal *m;
    double open, a, b; /* days since the last purchase that are known to be without another */
} curve;

static curve bend(const tael__renewal *m, double open, double tomorrow, double week)
{
    curve c = {.m = m, .open = open, .b = 1};
    double low = logit(tael__renewal_within(m, open, 1)), high = logit(tael__renewal_within(m, open, WEEK));
    if (high - low > 0.1) c.b = fmin(fmax((logit(week) - logit(tomorrow)) / (high - low), 0.2), 5);
    c.a = logit(week) - c.b * high;
    if (fabs(logit(tomorrow)) < fabs(logit(week))) c.a = logit(tomorrow) - c.b * low; /* where more is known */
    return c;
}

static double curve_at(const curve *c, double days)
{
    return probability(c->a + c->b * logit(tael__renewal_within(c->m, c->open, days - c->open)));
}

static void tell_days(tael__upcoming_entry *e, const curve *c)
{
    tael_purchase_habit *p = &e->said.habit;
    static const double of[3] = {0.5, 0.1, 0.9};
    char *days[3] = {p->next_day, p->next_from, p->next_to};
    double alive = fmax(tael__renewal_alive(c->m, c->open), 1e-6); /* quantiles are of what goes on */
    for (int k = 0; k < 3 && !p->lapsed; k++) {
        double part = probability((logit(of[k]) - c->a) / c->b) / alive;
        double after = part < 1 ? tael__renewal_quantile(c->m, c->open, part) : 36500;
        /* The first whole day by which so much of it has come; on the last known day no more does. */
        tael__habit_day(days[k], e->last + (int32_t)fmax(ceil(fmin(after, 36500) - 1e-6), c->open + 1));
    }
}

static void tell_company(tael__upcoming_entry *e, const tael__walk *w, const tael__company *company, double says)
{
    if (says < COMPANION_COUNTS || company->times == 0) return;
    e->after = w->list[company->candidate].name;
    e->said.after_days = company->days_ago;
    e->said.after_came = (int32_t)company->came;
    e->said.after_times = (int32_t)company->times;
}

/* What the model says of one that replenish.c has told. */
static void correct(const tael__upcoming *u, const tael_habits *h, tael__upcoming_entry *e)
{
    tael_upcoming *to = &e->said;
    const tael__walk *w = &u->walk[to->habit.kind];
    const tael__candidate *c = find(w, e->name);
    double x[TAEL__UP_FEATURES], week, tomorrow, since = to->habit.since_days, open = h->known - e->last;
    tael__company company;
    to->renewal_7_days = to->habit.within_7_days;
    if (!c || !tael__upcoming_speaks(w, c)) return;
    const tael__renewal *m = &u->renewals[to->habit.kind][c - w->list];
    tael__upcoming_features(x, w, c, m, &company);
    tael__upcoming_says(&u->weights[to->habit.kind], x, &week, &tomorrow);
    curve bent = bend(m, open, tomorrow, week);
    if (h->known < h->today) { /* nothing is known of the days between */
        week = curve_at(&bent, since + WEEK);
        tomorrow = fmin(curve_at(&bent, since + 1), week);
    }
    to->habit.within_7_days = (float)week;
    to->within_1_day = (float)tomorrow;
    tell_days(e, &bent);
    const double *weight = u->weights[to->habit.kind].weight[TAEL__UP_WEEK];
    if (h->known == h->today) tell_company(e, w, &company, weight[TAEL__UP_COMPANION] * x[TAEL__UP_COMPANION]);
}

typedef struct listing {
    tael_habits *h;
    tael__upcoming *u;
    tael_status status;
} listing;

static int keep(const tael_purchase_habit *p, void *user)
{
    listing *l = user;
    tael__upcoming *u = l->u;
    if (u->count == u->capacity) {
        size_t more = u->capacity ? 2 * u->capacity : 64;
        tael__upcoming_entry *grown = tael__realloc(u->list, more * sizeof *grown);
        if (!grown) {
            l->status = tael__fail_memory("habits", more * sizeof *grown);
            return 1;
        }
        u->list = grown;
        u->capacity = more;
    }
    tael__upcoming_entry e = {.said = {.habit = *p}, .last = l->h->today - p->since_days};
    e.name = (uint32_t)p->category_id;
    if (p->kind != TAEL_HABIT_CATEGORY) l->status = tael__names_add(&l->h->names, p->name, &e.name); /* it is there */
    correct(u, l->h, &e);
    u->list[u->count++] = e;
    return l->status != TAEL_OK;
}

static int by_nearness(const void *a, const void *b)
{
    const tael__upcoming_entry *x = a, *y = b;
    const tael_purchase_habit *p = &x->said.habit, *q = &y->said.habit;
    if (p->lapsed != q->lapsed) return p->lapsed ? 1 : -1;
    if (p->within_7_days != q->within_7_days) return p->within_7_days < q->within_7_days ? 1 : -1;
    if (p->kind != q->kind) return p->kind < q->kind ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

static tael_status learn(tael_habits *h)
{
    listing l = {.h = h};
    TAEL_TRY(tael__upcoming_learn(&l.u, h, NULL, -1));
    tael_status status = tael__replenish_list(h, LEAST_DAYS, keep, &l);
    if (status == TAEL_OK) status = l.status;
    if (status != TAEL_OK) {
        tael__upcoming_free(l.u);
        return status;
    }
    if (l.u->count > 1) qsort(l.u->list, l.u->count, sizeof *l.u->list, by_nearness);
    h->upcoming = l.u;
    return TAEL_OK;
}

/* ---- Telling ---- */

static void say_company(tael_habits *h, const tael_upcoming *u)
{
    static const char *const en[TAEL__UPCOMING_RECENT_DAYS] = {"today", "yesterday", "two days ago"};
    static const char *const zh[TAEL__UPCOMING_RECENT_DAYS] = {"今天", "昨天", "前天"};
    if (tael_get_language() == TAEL_CHINESE)
        tael__habit_sentence(h, "；常在“%s”之后一周内购买（%d 次中有 %d 次），%s刚有过一次", u->after, u->after_times,
                             u->after_came, zh[u->after_days]);
    else
        tael__habit_sentence(h, "; often within a week after %s (%d of %d times), which was %s", u->after,
                             u->after_came, u->after_times, en[u->after_days]);
}

static const char *sentence_of(tael_habits *h, const tael_upcoming *u)
{
    const tael_purchase_habit *p = &u->habit;
    tael__purchase_gaps(h, p);
    if (p->lapsed) return tael__habit_sentence(h, "%s", TAEL_SAY("; it seems to have ended", "；似乎已不再购买"));
    if (*u->after) say_company(h, u);
    tael__habit_sentence(h,
                         TAEL_SAY("; next around %s (%s to %s), within 7 days with %.0f %%",
                                  "；下次约 %s（%s 至 %s），7 天内的可能性为 %.0f%%"),
                         p->next_day, p->next_from, p->next_to, 100 * (double)p->within_7_days);
    if (u->within_1_day < 0.05F) return tael__habit_sentence(h, "%s", "");
    return tael__habit_sentence(h, TAEL_SAY(", tomorrow with %.0f %%", "，明天为 %.0f%%"),
                                100 * (double)u->within_1_day);
}

tael_status tael_habits_upcoming(tael_habits *h, tael_upcoming_fn *each, void *user)
{
    if (!h || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("upcoming: habits and a function are needed", "接下来的购买：需要习惯和回调函数"));
    if (!h->upcoming) TAEL_TRY(learn(h));
    for (size_t i = 0; i < h->upcoming->count; i++) {
        const tael__upcoming_entry *e = &h->upcoming->list[i];
        tael_upcoming said = e->said;
        said.habit.name = name_of(h, said.habit.kind, e->name);
        said.after = e->after ? name_of(h, said.habit.kind, e->after) : "";
        said.habit.sentence = sentence_of(h, &said);
        if (each(&said, user) != 0) break;
    }
    return TAEL_OK;
}
