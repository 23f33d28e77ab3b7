// SPDX-License-Identifier: Apache-2.0
// How long until something happens again. Gaps follow a Weibull law: survival exp(-r t^k). Given the shape k, t^k is
// exponential, so that a gamma prior on the rate r gives everything in closed form: with A events and B = sum of t^k,
// the next gap survives t with probability (B / (B + t^k))^A. The shape is summed over a grid, each weighed by how well
// it explains the gaps. No iteration, no start values, and few gaps give wide answers by themselves. That a row has
// ended is one more way to explain that nothing comes (Fader, Hardie and Lee, 2005: BG/NBD, with Weibull gaps and an
// end after the first event too): with d the chance of an end after the last event, (1 - d) S(t) against d.
#include "habits/renewal.h"

#include <math.h>

#define HALF_LIFE 8.0 /* gaps: habits change */

/* 0.6 * 20^(j / 15): a coefficient of variation of 1.8 to 0.1. */
const double tael__renewal_shapes[TAEL__SHAPES] = {
    0.6,        0.73263318, 0.894585627, 1.09233852, 1.33380574, 1.62865057, 1.98867241, 2.42827899,
    2.96506293, 3.6205058,  4.4208378,   5.39808742, 6.59136326, 8.04841904, 9.82756473, 12};

tael__renewal_evidence tael__renewal_evidence_of(const tael__renewal_row *row, double k, double scale)
{
    tael__renewal_evidence e = {0};
    for (size_t i = 0; i < row->count; i++) {
        double w = exp2(-(double)(row->count - 1 - i) / HALF_LIFE), t = log(row->gaps[i] / scale);
        e.events += w;
        e.powers += w * exp(k * t);
        e.logs += w * (log(k) + (k - 1) * t);
    }
    /* Between what is as sure as the weights and as sure as all gaps: sums grow with the root of both. */
    double surer = row->count ? sqrt((double)row->count / e.events) : 0;
    return (tael__renewal_evidence){surer * e.events, surer * e.powers, surer * e.logs};
}

double tael__renewal_marginal(const tael__renewal_evidence *e, double a, double b)
{
    return e->logs + tael__log_gamma(a + e->events) - tael__log_gamma(a) + a * log(b) -
           (a + e->events) * log(b + e->powers);
}

void tael__renewal_normalize(double weight[TAEL__SHAPES])
{
    double best = -INFINITY, total = 0;
    for (int j = 0; j < TAEL__SHAPES; j++) best = fmax(best, weight[j]);
    for (int j = 0; j < TAEL__SHAPES; j++) total += weight[j] = exp(weight[j] - best);
    for (int j = 0; j < TAEL__SHAPES; j++) weight[j] /= total;
}

void tael__renewal_vague(tael__renewal_prior *prior, double typical)
{
    prior->scale = typical;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double off = log(tael__renewal_shapes[j] / 1.6) / 0.8;
        prior->weight[j] = -off * off / 2;
        prior->a[j] = prior->b[j] = 1;
    }
    tael__renewal_normalize(prior->weight);
    prior->ends = 0.5;
    prior->stays = 4.5;
}

static double typical_of(const tael__renewal_row *row)
{
    double sum = 0;
    if (row->count == 0) return fmax(row->open_days, 1);
    for (size_t i = 0; i < row->count; i++) sum += log(row->gaps[i]);
    return exp(sum / (double)row->count);
}

void tael__renewal_fit(tael__renewal *m, const tael__renewal_row *row, const tael__renewal_prior *prior)
{
    tael__renewal_prior vague;
    if (!prior) {
        tael__renewal_vague(&vague, typical_of(row));
        prior = &vague;
    }
    m->scale = prior->scale;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        tael__renewal_evidence e = tael__renewal_evidence_of(row, tael__renewal_shapes[j], m->scale);
        m->a[j] = prior->a[j] + e.events;
        m->b[j] = prior->b[j] + e.powers; /* whoever asks conditions on the open gap, so it must not count here */
        m->weight[j] = log(prior->weight[j] + 1e-12) + tael__renewal_marginal(&e, prior->a[j], prior->b[j]);
    }
    tael__renewal_normalize(m->weight);
    m->ends = prior->ends;
    m->stays = prior->stays + (double)row->count; /* each event but the last was followed by another */
}

/* ---- What it says ---- */

double tael__renewal_survival(const tael__renewal *m, double days)
{
    double sum = 0, logged = log(days / m->scale);
    if (days <= 0) return 1;
    for (int j = 0; j < TAEL__SHAPES; j++)
        if (m->weight[j] > 1e-9)
            sum += m->weight[j] * exp(-m->a[j] * log1p(exp(tael__renewal_shapes[j] * logged) / m->b[j]));
    return sum;
}

double tael__renewal_alive(const tael__renewal *m, double open_days)
{
    double ended = m->ends / (m->ends + m->stays), goes_on = (1 - ended) * tael__renewal_survival(m, open_days);
    return ended > 0 ? goes_on / (goes_on + ended) : 1;
}

/* log(-log S) over log t of a Weibull law is a straight line, and that of a mixture nearly so: where the time since the
 * open gap's end so far is exp(x), how much more than wanted has happened. */
static double beyond(const tael__renewal *m, double open_days, double still, double wanted, double x)
{
    return log(-log(tael__renewal_survival(m, open_days + exp(x)) / still)) - wanted;
}

/* Illinois' rule, and halving where an end is infinite. */
double tael__renewal_quantile(const tael__renewal *m, double open_days, double p)
{
    double open = open_days > 0 ? open_days : 0, still = tael__renewal_survival(m, open), wanted = log(-log1p(-p));
    double low = log(m->scale) - 1, high = low + 2, below, above;
    if (still <= 0) return open; /* it would have been a wonder all along */
    while ((below = beyond(m, open, still, wanted, low)) > 0 && low > -20) low -= 2;
    while ((above = beyond(m, open, still, wanted, high)) < 0 && high < 20) high += 2;
    for (int i = 0, side = 0; i < 80 && high - low > 1e-10; i++) {
        double x = isfinite(above - below) ? (low * above - high * below) / (above - below) : (low + high) / 2;
        double y = beyond(m, open, still, wanted, x);
        if (fabs(y) < 1e-9) return open + exp(x);
        if (y > 0) {
            high = x;
            above = y;
            if (side > 0) below /= 2;
            side = 1;
        } else {
            low = x;
            below = y;
            if (side < 0) above /= 2;
            side = -1;
        }
    }
    return open + exp((low + high) / 2);
}

double tael__renewal_regular(const tael__renewal *m)
{
    double variation = 0;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double k = tael__renewal_shapes[j], one = exp(tael__log_gamma(1 + 1 / k)),
               two = exp(tael__log_gamma(1 + 2 / k));
        variation += m->weight[j] * sqrt(fmax(two / (one * one) - 1, 0));
    }
    return fmax(0, 1 - variation);
}

double tael__renewal_within(const tael__renewal *m, double open_days, double days)
{
    double still = fmax(tael__renewal_survival(m, open_days), 1e-12);
    return tael__renewal_alive(m, open_days) * fmax(1 - tael__renewal_survival(m, open_days + days) / still, 0);
}
