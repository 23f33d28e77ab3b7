// SPDX-License-Identifier: Apache-2.0
// How long until something happens again. Gaps follow a Weibull law: survival exp(-r t^k). Given the shape k, t^k is
// exponential, so that a gamma prior on the rate r gives everything in closed form: with A events and B = sum of t^k,
// the gap that is still open included, the next gap survives t with probability (B / (B + t^k))^A. The shape is summed
// over a grid, each weighed by how well it explains the gaps. No iteration, no start values, and few gaps give wide
// answers by themselves.
#include <math.h>

#include "habits/history.h"

#define HALF_LIFE 20.0 /* gaps: habits change */

/* 0.6 * 20^(j / 15): a coefficient of variation of 1.8 to 0.1. */
static const double shapes[TAEL__SHAPES] = {0.6,        0.73263318, 0.894585627, 1.09233852, 1.33380574, 1.62865057,
                                            1.98867241, 2.42827899, 2.96506293,  3.6205058,  4.4208378,  5.39808742,
                                            6.59136326, 8.04841904, 9.82756473,  12};

/* What the model needs of a row, for one shape: numbers of gaps, sums of t^k, and of log density but for the rate. */
typedef struct evidence {
    double events, powers, logs;
} evidence;

static evidence evidence_of(const double *gaps, size_t n, double k, double scale)
{
    evidence e = {0};
    for (size_t i = 0; i < n; i++) {
        double w = exp2(-(double)(n - 1 - i) / HALF_LIFE), t = log(gaps[i] / scale);
        e.events += w;
        e.powers += w * exp(k * t);
        e.logs += w * (log(k) + (k - 1) * t);
    }
    return e;
}

/* Log probability of a row when the rate has a gamma prior (a, b). */
static double log_marginal(const evidence *e, double a, double b)
{
    return e->logs + lgamma(a + e->events) - lgamma(a) + a * log(b) - (a + e->events) * log(b + e->powers);
}

static double typical_of(const double *gaps, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += log(gaps[i]);
    return exp(sum / (double)n);
}

static void to_probabilities(double weight[TAEL__SHAPES])
{
    double best = -INFINITY, total = 0;
    for (int j = 0; j < TAEL__SHAPES; j++) best = fmax(best, weight[j]);
    for (int j = 0; j < TAEL__SHAPES; j++) total += weight[j] = exp(weight[j] - best);
    for (int j = 0; j < TAEL__SHAPES; j++) weight[j] /= total;
}

/* Regular to a degree, but of no known length: one gap of the row's own typical length. */
static void vague_prior(tael__renewal_prior *prior, double typical)
{
    prior->scale = typical;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double off = log(shapes[j] / 1.6) / 0.8;
        prior->weight[j] = -off * off / 2;
        prior->a[j] = prior->b[j] = 1;
    }
    to_probabilities(prior->weight);
}

void tael__renewal_fit(tael__renewal *m, const double *gaps, size_t n, double open_days,
                       const tael__renewal_prior *prior)
{
    tael__renewal_prior vague;
    if (!prior) {
        vague_prior(&vague, typical_of(gaps, n));
        prior = &vague;
    }
    m->scale = prior->scale;
    for (int j = 0; j < TAEL__SHAPES; j++) {
        evidence e = evidence_of(gaps, n, shapes[j], m->scale);
        m->a[j] = prior->a[j] + e.events;
        m->b[j] =
            prior->b[j] + e.powers; /* predictions condition on the open gap anew, so it counts for the shape alone */
        if (open_days > 0) e.powers += pow(open_days / m->scale, shapes[j]);
        m->weight[j] = log(prior->weight[j] + 1e-12) + log_marginal(&e, prior->a[j], prior->b[j]);
    }
    to_probabilities(m->weight);
}

/* ---- The prior of many rows ---- */

typedef struct pool {
    evidence (*rows)[TAEL__SHAPES]; /* owned */
    double (*shares)[TAEL__SHAPES]; /* of row i: how likely it has shape j; owned */
    size_t count;
} pool;

static double pooled(const pool *p, int j, double log_a, double log_b)
{
    double sum = 0, a = exp(log_a), b = exp(log_b), away = log_a - 0.7;
    for (size_t i = 0; i < p->count; i++)
        if (p->shares[i][j] > 1e-3) sum += p->shares[i][j] * log_marginal(&p->rows[i][j], a, b);
    return sum - away * away / 8; /* few rows must not make it certain */
}

/* The gamma of shape j that explains its rows best: steps along a, and along b with the mean kept or moved, halved when
 * none helps. */
static void climb(const pool *p, int j, double *a, double *b)
{
    double x = log(*a), y = log(*b), best = pooled(p, j, x, y);
    for (double step = 0.8; step > 0.04;) {
        const double tries[6][2] = {{step, step}, {-step, -step}, {0, step}, {0, -step}, {step, 0}, {-step, 0}};
        bool better = false;
        for (int i = 0; i < 6; i++) {
            double to_x = fmin(fmax(x + tries[i][0], -2), 4), to_y = fmin(fmax(y + tries[i][1], -12), 12);
            double score = pooled(p, j, to_x, to_y);
            if (score <= best + 1e-9) continue;
            best = score;
            x = to_x;
            y = to_y;
            better = true;
        }
        if (!better) step /= 2;
    }
    *a = exp(x);
    *b = exp(y);
}

/* One round of expectation and maximisation. */
static void improve(pool *p, tael__renewal_prior *prior)
{
    double sums[TAEL__SHAPES] = {0};
    for (size_t i = 0; i < p->count; i++) {
        for (int j = 0; j < TAEL__SHAPES; j++)
            p->shares[i][j] = log(prior->weight[j] + 1e-12) + log_marginal(&p->rows[i][j], prior->a[j], prior->b[j]);
        to_probabilities(p->shares[i]);
        for (int j = 0; j < TAEL__SHAPES; j++) sums[j] += p->shares[i][j];
    }
    for (int j = 0; j < TAEL__SHAPES; j++) {
        prior->weight[j] = (sums[j] + 0.1) / ((double)p->count + 0.1 * TAEL__SHAPES);
        if (sums[j] > 0.5) climb(p, j, &prior->a[j], &prior->b[j]);
    }
}

tael_status tael__renewal_learn(tael__renewal_prior *prior, const double *gaps, const size_t *start, size_t rows)
{
    pool p = {.count = rows,
              .rows = tael__alloc_array(rows, sizeof *p.rows),
              .shares = tael__alloc_array(rows, sizeof *p.shares)};
    tael_status status = TAEL_OK;
    if (!p.rows || !p.shares) status = tael__fail_memory("habits", rows * sizeof *p.rows);
    vague_prior(prior, typical_of(gaps, start[rows]));
    for (size_t i = 0; i < rows && status == TAEL_OK; i++)
        for (int j = 0; j < TAEL__SHAPES; j++)
            p.rows[i][j] = evidence_of(gaps + start[i], start[i + 1] - start[i], shapes[j], prior->scale);
    for (int round = 0; round < 6 && status == TAEL_OK; round++) improve(&p, prior);
    tael__free(p.rows);
    tael__free(p.shares);
    return status;
}

/* ---- What it says ---- */

double tael__renewal_survival(const tael__renewal *m, double days)
{
    double sum = 0, logged = log(days / m->scale);
    if (days <= 0) return 1;
    for (int j = 0; j < TAEL__SHAPES; j++)
        if (m->weight[j] > 1e-9) sum += m->weight[j] * exp(-m->a[j] * log1p(exp(shapes[j] * logged) / m->b[j]));
    return sum;
}

double tael__renewal_quantile(const tael__renewal *m, double open_days, double p)
{
    double low = open_days > 0 ? open_days : 0, wanted = (1 - p) * tael__renewal_survival(m, low),
           high = low + m->scale;
    for (int i = 0; i < 40 && tael__renewal_survival(m, high) > wanted; i++) high = low + 2 * (high - low);
    while (high - low > 1e-9 * high) {
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
        double one = exp(lgamma(1 + 1 / shapes[j])), two = exp(lgamma(1 + 2 / shapes[j]));
        variation += m->weight[j] * sqrt(fmax(two / (one * one) - 1, 0));
    }
    return fmax(0, 1 - variation);
}
