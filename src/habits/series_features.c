// SPDX-License-Identifier: Apache-2.0
// What a series of weekly amounts shows at the end of a week. A series is walked through once, week by week; all that
// is kept are sums that fade, so that a row of features costs the same however long the past is.
//
// Most weeks of most series are nothing, so whether and how much are seen apart: the purchases' recency, their
// frequency at several fadings, their own cycle (a renewal model of the gaps), and the logs of the amounts against the
// series' own usual one. What all series did lately stands beside it: seasons that no single series can tell.
#include <math.h>
#include <string.h>

#include "habits/series.h"

static const double fades[3] = {0.7071, 0.9170, 0.9715}; /* half-lives of 2, 8 and 24 weeks */
static const double spent_fades[2] = {0.8409, 0.9737};   /* 4 and 26 weeks */
#define PHASE_FADE    0.93                               /* of a purchase for its week's number modulo 2 and 4 */
#define AMOUNT_FADE   0.94                               /* of an amount, by purchases */
#define GAP_FADE      0.96                               /* of a gap, by purchases */
#define USUAL_COUNTS  1.0                                /* purchases that the common usual is worth */
#define SPREAD_COUNTS 3.0                                /* and the common spread */
#define GAP_COUNTS    2.0                                /* gaps that pure chance is worth */
#define LEAST_SPREAD  0.01

static double log_odds(double part, double whole)
{
    double p = (part + 0.3) / (whole + 0.6);
    return log(p / (1 - p));
}

void tael__series_step(tael__series_walk *w, double amount)
{
    bool bought = amount > 0;
    if (!bought) amount = 0;
    if (w->count == 0 && !bought) return;
    w->age++;
    w->lags = w->lags << 1 | bought;
    for (int k = 0; k < 3; k++) {
        w->weeks[k] = fades[k] * w->weeks[k] + 1;
        w->bought[k] = fades[k] * w->bought[k] + bought;
    }
    for (int k = 0; k < 2; k++) {
        w->spent_weeks[k] = spent_fades[k] * w->spent_weeks[k] + 1;
        w->spent[k] = spent_fades[k] * w->spent[k] + amount;
    }
    uint32_t two = w->age % 2, four = w->age % 4;
    w->two[two] = PHASE_FADE * w->two[two] + bought;
    w->two_all[two] = PHASE_FADE * w->two_all[two] + 1;
    w->four[four] = PHASE_FADE * w->four[four] + bought;
    w->four_all[four] = PHASE_FADE * w->four_all[four] + 1;
    w->since++;
    if (!bought) return;
    if (w->count > 0) {
        uint32_t gap = w->since > TAEL__SERIES_GAPS ? TAEL__SERIES_GAPS + 1 : w->since;
        for (int k = 0; k <= TAEL__SERIES_GAPS; k++) w->gaps[k] *= GAP_FADE;
        w->gaps[gap - 1]++;
        w->gap_count = GAP_FADE * w->gap_count + 1;
        w->gap_sum = GAP_FADE * w->gap_sum + w->since;
        w->gap_squares = GAP_FADE * w->gap_squares + (double)w->since * w->since;
    }
    double l = log(amount);
    w->since = 0;
    w->count++;
    w->logs = AMOUNT_FADE * w->logs + 1;
    w->log_sum = AMOUNT_FADE * w->log_sum + l;
    w->log_squares = AMOUNT_FADE * w->log_squares + l * l;
    memmove(w->last_logs + 1, w->last_logs, 2 * sizeof *w->last_logs);
    w->last_logs[0] = l;
}

tael__series_usual tael__series_usual_of(const tael__series_walk *w, const tael__series_common *c)
{
    if (w->logs <= 0) return (tael__series_usual){c->log_usual, c->log_spread};
    double mean = w->log_sum / w->logs, variance = fmax(w->log_squares / w->logs - mean * mean, 0);
    double trust = w->count / (w->count + USUAL_COUNTS), common = c->log_spread * c->log_spread;
    double spread = (SPREAD_COUNTS * common + w->count * variance) / (SPREAD_COUNTS + w->count);
    return (tael__series_usual){c->log_usual + trust * (mean - c->log_usual), fmax(sqrt(spread), LEAST_SPREAD)};
}

/* The probability of a purchase `ahead` weeks later: gaps are drawn from the series' own, mixed with pure chance. */
static double renewal(const tael__series_walk *w, double chance, uint32_t ahead)
{
    double gap[TAEL__SERIES_GAPS + 2], left = 1, bought[TAEL__SERIES_GAPS + 1], all = GAP_COUNTS + w->gap_count;
    uint32_t most = ahead < TAEL__SERIES_GAPS ? ahead : TAEL__SERIES_GAPS;
    uint32_t since = w->since < TAEL__SERIES_GAPS ? w->since : TAEL__SERIES_GAPS;
    double waiting = 1;
    for (uint32_t k = 1; k <= TAEL__SERIES_GAPS; k++) {
        gap[k] = (w->gaps[k - 1] + GAP_COUNTS * chance * waiting) / all;
        waiting *= 1 - chance;
        if (k <= since) left -= gap[k];
    }
    left = fmax(left, 1e-6);
    for (uint32_t h = 1; h <= most; h++) {
        bought[h] = since + h <= TAEL__SERIES_GAPS ? gap[since + h] / left : chance * 0.5;
        for (uint32_t j = 1; j < h; j++) bought[h] += bought[j] * gap[h - j];
    }
    return bought[most];
}

void tael__series_see(float f[TAEL__SERIES_FEATURES], float *base, const tael__series_walk *w,
                      const tael__series_common *c, size_t week, uint32_t ahead)
{
    double x[TAEL__SERIES_FEATURES] = {0};
    int n = 0;
    tael__series_usual usual = tael__series_usual_of(w, c);
    const tael__series_week *all = &c->weeks[week];
    double chance = (w->bought[1] + 0.3) / (w->weeks[1] + 0.6), own = log_odds(w->bought[1], w->weeks[1]);
    double mean_gap = w->gap_count > 0 ? w->gap_sum / w->gap_count : 1 / chance;
    double gap_spread =
        w->gap_count > 1 ? sqrt(fmax(w->gap_squares / w->gap_count - mean_gap * mean_gap, 0)) : mean_gap;
    double p = fmin(fmax(renewal(w, chance, ahead), 0.005), 0.995);
    for (int k = 0; k < TAEL__SERIES_LAGS; k++) x[n++] = (w->lags >> k) & 1;
    for (int k = 0; k < 3; k++) {
        double z = (uint32_t)k < w->count ? (w->last_logs[k] - usual.log) / usual.spread : 0;
        x[n++] = fmin(fmax(z, -3), 3);
    }
    for (int k = 0; k < 3; k++) x[n++] = log_odds(w->bought[k], w->weeks[k]);
    x[n++] = log_odds(w->count, w->age);
    x[n++] = log1p(w->since);
    x[n++] = fmin((w->since + 0.5 * (ahead + 1)) / mean_gap, 6);
    x[n++] = log(p / (1 - p));
    x[n++] = fmin(gap_spread / mean_gap, 3);
    x[n++] = log(usual.spread);
    x[n++] = usual.log - c->log_usual;
    x[n++] = log1p(w->age);
    x[n++] = log1p(w->count);
    double level = exp(usual.log), lately = w->spent[0] / w->spent_weeks[0], long_ago = w->spent[1] / w->spent_weeks[1];
    x[n++] = log((lately + 0.02 * level) / (long_ago + 0.02 * level));
    x[n++] = log(long_ago / level + 0.02);
    x[n++] = log((all->bought[0] + 0.01) / (all->bought[2] + 0.01));
    x[n++] = log((all->bought[1] + 0.01) / (all->bought[2] + 0.01));
    x[n++] = all->amount[0];
    x[n++] = log(all->bought[2] + 0.01);
    x[n++] = log(ahead);
    x[n++] = ahead == 1;
    x[n++] = log_odds(w->two[(w->age + ahead) % 2], w->two_all[(w->age + ahead) % 2]) - own;
    x[n++] = log_odds(w->four[(w->age + ahead) % 4], w->four_all[(w->age + ahead) % 4]) - own;
    x[n++] = all->amount[0] - all->amount[1];
    TAEL_ASSERT(n == TAEL__SERIES_FEATURES);
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) f[k] = (float)x[k];
    *base = (float)-log_odds(w->bought[2] + w->bought[1], w->weeks[2] + w->weeks[1]);
}
