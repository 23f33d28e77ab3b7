// SPDX-License-Identifier: Apache-2.0
// How long until something happens again. Gaps follow a Weibull law: survival exp(-r t^k). Given the shape k, t^k is
// exponential, so that a gamma prior on the rate r gives everything in closed form: with A events and B = sum of t^k,
// the gap that is still open included, the next gap survives t with probability (B / (B + t^k))^A. The shape is summed
// over a grid, each weighed by how well it explains the gaps. No iteration, no start values, and few gaps give wide
// answers by themselves.
#include <math.h>

#include "habits/history.h"

#define HALF_LIFE 20.0 /* gaps: habits change */

static double shape(int j)
{
    return 0.6 * pow(20, (double)j / (TAEL__SHAPES - 1)); /* 0.6 to 12: a CV of 1.8 to 0.1 */
}

static double typical_of(const double *gaps, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += log(gaps[i]);
    return exp(sum / (double)n);
}

void tael__renewal_fit(tael__renewal *m, const double *gaps, size_t n, double open_days)
{
    double best = -INFINITY, total = 0, events = 0, logs = 0;
    m->scale = typical_of(gaps, n);
    for (size_t i = 0; i < n; i++) {
        double w = exp2(-(double)(n - 1 - i) / HALF_LIFE);
        events += w;
        logs += w * log(gaps[i] / m->scale);
    }
    m->a = 1 + events; /* prior: one gap of the typical length */
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double k = shape(j), off = log(k / 1.6) / 0.8, b = 1;
        for (size_t i = 0; i < n; i++) b += exp2(-(double)(n - 1 - i) / HALF_LIFE) * pow(gaps[i] / m->scale, k);
        if (open_days > 0) b += pow(open_days / m->scale, k);
        m->b[j] = b;
        m->weight[j] = events * log(k) + (k - 1) * logs - m->a * log(b) - off * off / 2;
        best = fmax(best, m->weight[j]);
    }
    for (int j = 0; j < TAEL__SHAPES; j++) total += m->weight[j] = exp(m->weight[j] - best);
    for (int j = 0; j < TAEL__SHAPES; j++) m->weight[j] /= total;
    /* The open gap has told the shape and the rate what it can; predictions condition on it anew, so it is taken out.
     */
    for (int j = 0; j < TAEL__SHAPES && open_days > 0; j++) m->b[j] -= pow(open_days / m->scale, shape(j));
}

double tael__renewal_survival(const tael__renewal *m, double days)
{
    double sum = 0;
    if (days <= 0) return 1;
    for (int j = 0; j < TAEL__SHAPES; j++)
        sum += m->weight[j] * exp(-m->a * log1p(pow(days / m->scale, shape(j)) / m->b[j]));
    return sum;
}

double tael__renewal_quantile(const tael__renewal *m, double open_days, double p)
{
    double low = open_days > 0 ? open_days : 0, wanted = (1 - p) * tael__renewal_survival(m, low),
           high = low + m->scale;
    for (int i = 0; i < 40 && tael__renewal_survival(m, high) > wanted; i++) high = low + 2 * (high - low);
    for (int i = 0; i < 50; i++) {
        double middle = (low + high) / 2;
        if (tael__renewal_survival(m, middle) > wanted)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double tael__renewal_regular(const tael__renewal *m)
{
    double variation = 0;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double one = exp(lgamma(1 + 1 / shape(j))), two = exp(lgamma(1 + 2 / shape(j)));
        variation += m->weight[j] * sqrt(fmax(two / (one * one) - 1, 0));
    }
    return fmax(0, 1 - variation);
}
