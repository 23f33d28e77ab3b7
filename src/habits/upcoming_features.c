// SPDX-License-Identifier: Apache-2.0
// What speaks for a candidate on a day. Most features are logits or logs, so that a weighted sum of them is a logit
// again: a weight of 1 on the renewal and 0 elsewhere is the renewal's own answer, and the others correct it.
#include <math.h>

#include "habits/upcoming.h"

enum { WEEK = 7, GAPS = 32, LATE_GAPS = 8, MONTHS = 6, SPEAKS_DAYS = 400 };
#define YEAR        365.0
#define LEAST_TIMES 2   /* of a companion, before it says anything */
#define ENOUGH      4.0 /* evidence */

static double between(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double logit(double p)
{
    p = between(p, 0.001, 0.999);
    return log(p / (1 - p));
}

bool tael__upcoming_speaks(const tael__walk *w, const tael__candidate *c)
{
    return c->seen >= 2 && w->today - w->days[c->first + c->seen - 1] <= SPEAKS_DAYS;
}

/* Of purchases that come by chance at `rate` a day. */
static double logit_of_rate(double rate)
{
    return logit(-expm1(-WEEK * rate));
}

static void rates(double x[TAEL__UP_FEATURES], const tael__walk *w, const tael__candidate *c, double since)
{
    for (int k = 0; k < 3; k++) {
        double span = tael__upcoming_spans[k], watched = span * -expm1(-(w->today - w->first_day + 1) / span);
        double left = c->faded[k] * exp(-since / span);
        x[TAEL__UP_RATE_FAST + k] = logit_of_rate((left + 0.05) / (watched + 0.5));
    }
}

static void late_gaps(double x[TAEL__UP_FEATURES], const int32_t *days, uint32_t n, double since)
{
    double sum = 0, squares = 0, last = 0;
    uint32_t count = n - 1 < LATE_GAPS ? n - 1 : LATE_GAPS, few = count < 3 ? count : 3;
    for (uint32_t k = 0; k < count; k++) {
        double gap = days[n - 1 - k] - days[n - 2 - k];
        sum += gap;
        squares += gap * gap;
        if (k < few) last += gap;
    }
    double mean = sum / count, variance = fmax(squares / count - mean * mean, 0);
    double regular = fmax(1 - (sqrt(variance) + 0.5 / count) / mean, 0); /* two gaps alike prove little */
    double overdue = between(log((since + 0.5) / mean), -3, 3);
    x[TAEL__UP_OVERDUE] = overdue;
    x[TAEL__UP_LAPSE] = fmax(overdue - log(2), 0);
    x[TAEL__UP_REGULAR] = regular;
    x[TAEL__UP_REGULAR_OVERDUE] = regular * overdue;
    x[TAEL__UP_TREND] = between(log(last / few / mean), -2, 2);
}

static void weeks(double x[TAEL__UP_FEATURES], const tael__walk *w, const int32_t *days, uint32_t n)
{
    int in_week = 0, such_weekdays = 0;
    for (uint32_t k = n; k > 0 && w->today - days[k - 1] < 4 * WEEK; k--) {
        int32_t ago = w->today - days[k - 1];
        x[TAEL__UP_WEEK_1 + ago / WEEK] = 1;
        in_week += ago < WEEK;
        such_weekdays += ago % WEEK == WEEK - 1; /* tomorrow, weeks ago */
        if (ago == 0) x[TAEL__UP_TODAY] = 1;
        if (ago == 1) x[TAEL__UP_YESTERDAY] = 1;
    }
    x[TAEL__UP_DAYS_IN_WEEK] = in_week / (double)WEEK;
    x[TAEL__UP_WEEKDAY_LATELY] = such_weekdays / 4.0;
}

static bool bought_between(const int32_t *days, uint32_t n, int32_t from, int32_t to)
{
    uint32_t low = 0, high = n; /* the first day not before `from` */
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (days[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low < n && days[low] <= to;
}

/* Rents that wander, what is bought after payday: was it bought in these days of the months before? */
static double month_says(const tael__walk *w, const int32_t *days, uint32_t n, double slow)
{
    double p = 1 / (1 + exp(-slow)), came = 0, seen = 0;
    tael__date tomorrow = tael__date_of(w->today + 1);
    for (int k = 1; k <= MONTHS; k++) {
        int32_t from = (int32_t)tael__days_of(tael__date_add_months(tomorrow, -k));
        if (from < w->first_day) break;
        came += bought_between(days, n, from, from + WEEK - 1);
        seen++;
    }
    return logit((came + 3 * p) / (seen + 3)) - slow;
}

static double weekday_says(const tael__walk *w, const tael__candidate *c)
{
    double all = 0;
    for (int k = 0; k < 7; k++) all += c->weekday[k];
    return log(7 * (c->weekday[((w->today + 4) % 7 + 7) % 7] + 0.3) / (all + 2.1));
}

/* How much likelier j is in the week after i than in any week: log, drawn to 0 where i was seen seldom. */
static double lift(const tael__companions *c, uint32_t i, uint32_t j)
{
    double any = (c->any[j] + 0.5) / (c->days + 1.0), times = c->times[i];
    return log((c->after[(size_t)i * c->count + j] + 3 * any) / (times + 3) / any);
}

/* The logit that i adds to j's, where it is no chance: with many pairs the best of them looks good, so that evidence
 * (the logarithm of how much likelier what came is with i) below ENOUGH says nothing. */
static double strength(const tael__companions *c, uint32_t i, uint32_t j)
{
    double any = (c->any[j] + 0.5) / (c->days + 1.0), times = c->times[i];
    double p = (c->after[(size_t)i * c->count + j] + 3 * any) / (times + 3);
    if (p <= any * 1.1 || any >= 0.99) return 0;
    double evidence = times * (p * log(p / any) + (1 - p) * log((1 - p) / (1 - any)));
    if (evidence <= ENOUGH) return 0;
    return (logit(p) - logit(any)) * (1 - ENOUGH / evidence);
}

static void companions(double x[TAEL__UP_FEATURES], const tael__walk *w, const tael__candidate *c, tael__company *best)
{
    const tael__companions *all = &w->companions;
    double sum = 0, most = 0;
    int32_t last = w->days[c->first + c->seen - 1];
    int n = 0;
    if (best) *best = (tael__company){0};
    if (c->pair < 0 || all->days < 2 * WEEK) return;
    for (size_t k = 0; k < all->recent_count; k++) {
        uint32_t i = all->recent[k];
        if (i == (uint32_t)c->pair || all->times[i] < LEAST_TIMES) continue;
        double says = lift(all, i, (uint32_t)c->pair);
        sum += says;
        n++;
        if (last > all->recent_day[k]) continue; /* it has come already */
        says = strength(all, i, (uint32_t)c->pair);
        if (says <= most) continue;
        most = says;
        if (best)
            *best = (tael__company){all->who[i], w->today - all->recent_day[k],
                                    all->after[(size_t)i * all->count + (uint32_t)c->pair], all->times[i]};
    }
    x[TAEL__UP_COMPANION] = between(most, 0, 5);
    x[TAEL__UP_COMPANY] = n ? between(sum / n, -2, 2) : 0;
}

/* Who buys ten things every other week buys none of them in the week between. */
static void baskets(double x[TAEL__UP_FEATURES], const tael__walk *w, const tael__candidate *c)
{
    x[TAEL__UP_VISIT] = logit(w->visit_week) - logit(1); /* 0: surely; a constant would be a second intercept */
    for (int k = 0; k < 2; k++) {
        double fade = tael__upcoming_fades[k], ago = (double)w->visit_count - c->visit;
        double all = (1 - pow(fade, (double)w->visit_count)) / (1 - fade);
        double share = (c->basket[k] * pow(fade, ago) + 0.05) / (all + 0.5);
        /* Of a week with n buying days, 1 - (1 - share)^n, where n is 1 and more when they are many. */
        double more = fmax(-log1p(-fmin(w->visit_week, 0.999)), 1);
        x[TAEL__UP_BASKET_FAST + k] = logit(w->visit_week * -expm1(more * log1p(-fmin(share, 0.999))));
    }
}

static double activity(const tael__walk *w)
{
    int32_t end = w->today - w->first_day + 1, week = end > WEEK ? end - WEEK : 0, season = end > 91 ? end - 91 : 0;
    double lately = w->paid[end] - w->paid[week], usual = (double)(w->paid[end] - w->paid[season]) / (end - season);
    return log((lately + 1) / (usual * (end - week) + 1));
}

void tael__upcoming_renewal(tael__renewal *m, const tael__walk *w, const tael__candidate *c)
{
    const int32_t *days = w->days + c->first;
    double gaps[GAPS];
    uint32_t n = c->seen, count = n - 1 < GAPS ? n - 1 : GAPS;
    for (uint32_t k = 0; k < count; k++) gaps[k] = days[n - count + k] - days[n - count + k - 1];
    tael__renewal_row row = {gaps, count, w->today - days[n - 1]};
    tael__renewal_fit(m, &row, w->vague ? NULL : &w->prior);
}

void tael__upcoming_features(double x[TAEL__UP_FEATURES], const tael__walk *w, const tael__candidate *c,
                             const tael__renewal *m, tael__company *company)
{
    const int32_t *days = w->days + c->first;
    uint32_t n = c->seen;
    double since = w->today - days[n - 1];
    double week = tael__renewal_within(m, since, WEEK), tomorrow = tael__renewal_within(m, since, 1);
    for (int k = 0; k < TAEL__UP_FEATURES; k++) x[k] = 0;
    x[TAEL__UP_ONE] = 1;
    x[TAEL__UP_RENEWAL] = logit(week);
    x[TAEL__UP_RENEWAL_SHARE] = logit(tomorrow / fmax(week, 1e-9));
    rates(x, w, c, since);
    late_gaps(x, days, n, since);
    x[TAEL__UP_SINCE] = log1p(since);
    x[TAEL__UP_COUNT] = between(log(n), 0, 5);
    x[TAEL__UP_AGE] = log1p(w->today - days[0]) - log(YEAR);
    weeks(x, w, days, n);
    x[TAEL__UP_MONTH] = month_says(w, days, n, x[TAEL__UP_RATE_SLOW]);
    x[TAEL__UP_WEEKDAY] = weekday_says(w, c);
    companions(x, w, c, company);
    baskets(x, w, c);
    x[TAEL__UP_ACTIVITY] = activity(w);
    x[TAEL__UP_HISTORY] = log1p(w->today - w->first_day) - log(YEAR);
    x[TAEL__UP_FEW] = 1 / sqrt(n);
    x[TAEL__UP_FEW_RENEWAL] = x[TAEL__UP_FEW] * x[TAEL__UP_RENEWAL];
    x[TAEL__UP_FEW_RATE] = x[TAEL__UP_FEW] * x[TAEL__UP_RATE_SLOW];
    x[TAEL__UP_YOUNG] = fmax(log(60 / YEAR) - x[TAEL__UP_HISTORY], 0);
    x[TAEL__UP_YOUNG_RENEWAL] = x[TAEL__UP_YOUNG] * x[TAEL__UP_RENEWAL];
}
