// SPDX-License-Identifier: Apache-2.0
// The network behind the weekly forecast: features, 16 leaky units, a softmax over bins of the amount. The first bin is
// nothing bought, and its odds begin at those of a plain rule, so that an untrained network already says what the
// series' own frequency says.
//
// Loss: cross-entropy. The score by which forecasts are judged, the pinball loss of all quantiles, was tried as well:
// no better, with or without weights for large amounts. Adam (Kingma and Ba, 2015), the rate falling to nothing.
// Weights lie [from][to] and no sum changes its order: the same input gives the same bytes.
#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "habits/series.h"

enum { BATCH = 64, LANES = 16 };
_Static_assert((int)TAEL__SERIES_HIDDEN == LANES && (int)TAEL__SERIES_BINS == LANES, "one loop for both");
#define RATE    .004
#define LEAK    .05f
#define CLIP    6.0f /* standard deviations */
#define DECAY   .001f
#define WEIGHTS ((sizeof(tael__series_net) - offsetof(tael__series_net, in)) / sizeof(float))

static float standard(const tael__series_net *net, float value, int k)
{
    float x = (value - net->mean[k]) * net->scale[k];
    return x < -CLIP ? -CLIP : x > CLIP ? CLIP : x;
}

/* to += x · w. Not inlined: in its callers the compiler weaves rows together by shuffles, a quarter slower in all. */
__attribute__((noinline)) static void add_row(float *restrict to, const float *restrict w, float x)
{
    for (int u = 0; u < LANES; u++) to[u] += w[u] * x;
}

/* Probabilities of the bins from standardised features; the units are left in `units`. */
static void forward(const tael__series_net *net, const float *x, float base, float units[TAEL__SERIES_HIDDEN],
                    float bins[TAEL__SERIES_BINS])
{
    float h[TAEL__SERIES_HIDDEN], score[TAEL__SERIES_BINS], most, sum = 0;
    memcpy(h, net->bias, sizeof h);
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) add_row(h, net->in[k], x[k]);
    memcpy(score, net->start, sizeof score);
    for (int u = 0; u < TAEL__SERIES_HIDDEN; u++) {
        units[u] = h[u] > 0 ? h[u] : LEAK * h[u];
        add_row(score, net->out[u], units[u]);
    }
    score[0] += base;
    most = score[0];
    for (int b = 1; b < TAEL__SERIES_BINS; b++) most = fmaxf(most, score[b]);
    for (int b = 0; b < TAEL__SERIES_BINS; b++) sum += bins[b] = expf(score[b] - most);
    for (int b = 0; b < TAEL__SERIES_BINS; b++) bins[b] /= sum;
}

void tael__series_predict(const tael__series_net *net, const float features[TAEL__SERIES_FEATURES], float base,
                          float bins[TAEL__SERIES_BINS])
{
    float x[TAEL__SERIES_FEATURES], units[TAEL__SERIES_HIDDEN];
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) x[k] = standard(net, features[k], k);
    forward(net, x, base, units, bins);
}

double tael__series_gradient(const tael__series_net *net, const tael__series_row *row, tael__series_net *g)
{
    float units[TAEL__SERIES_HIDDEN], slope[TAEL__SERIES_BINS], d[TAEL__SERIES_HIDDEN];
    forward(net, row->features, row->base, units, slope);
    /* The loss's slope by a score is the probability, less 1 at what came. */
    double loss = -log(fmax((double)slope[row->bin], 1e-30));
    slope[row->bin] -= 1;
    for (int b = 0; b < TAEL__SERIES_BINS; b++) g->start[b] += slope[b];
    for (int u = 0; u < TAEL__SERIES_HIDDEN; u++) {
        float sum = 0;
        for (int b = 0; b < TAEL__SERIES_BINS; b++) sum += slope[b] * net->out[u][b];
        add_row(g->out[u], slope, units[u]);
        d[u] = sum * (units[u] > 0 ? 1 : LEAK);
        g->bias[u] += d[u];
    }
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) add_row(g->in[k], d, row->features[k]);
    return loss;
}

/* ---- Training ---- */

void tael__series_standardise(tael__series_net *net, tael__series_row *rows, size_t count)
{
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++) {
        double sum = 0, squares = 0, n = (double)count;
        for (size_t i = 0; i < count; i++) sum += (double)rows[i].features[k];
        double mean = sum / n;
        for (size_t i = 0; i < count; i++) {
            double d = (double)rows[i].features[k] - mean;
            squares += d * d;
        }
        double spread = sqrt(squares / n);
        net->mean[k] = (float)mean;
        net->scale[k] = spread > 1e-4 ? (float)(1 / spread) : 0;
        for (size_t i = 0; i < count; i++) rows[i].features[k] = standard(net, rows[i].features[k], k);
    }
}

static double gauss(tael__random *random)
{
    double u = tael__random_unit(random), v = tael__random_unit(random);
    return sqrt(-2 * log(u + 1e-300)) * cos(6.283185307179586 * v);
}

static void begin(tael__series_net *net, tael__random *random)
{
    memset(net->bias, 0, sizeof net->bias);
    for (int k = 0; k < TAEL__SERIES_FEATURES; k++)
        for (int u = 0; u < TAEL__SERIES_HIDDEN; u++)
            net->in[k][u] = (float)(gauss(random) * sqrt(1.0 / TAEL__SERIES_FEATURES));
    memset(net->out, 0, sizeof net->out);
}

static void adam(float *w, const float *g, float *first, float *second, size_t rows, uint64_t step, double rate)
{
    float a = (float)(1 / (1 - pow(.9, (double)step))), b = (float)(1 / (1 - pow(.999, (double)step)));
    float by = 1.0f / (float)rows;
    for (size_t k = 0; k < WEIGHTS; k++) {
        float d = g[k] * by;
        first[k] = .9f * first[k] + .1f * d;
        second[k] = .999f * second[k] + .001f * d * d;
        w[k] -= (float)rate * (first[k] * a / (sqrtf(second[k] * b) + 1e-8f) + DECAY * w[k]);
    }
}

typedef struct training {
    tael__series_net gradient, first, second;
} training;

tael_status tael__series_learn(tael__series_net *net, const tael__series_row *rows, size_t count, uint32_t epochs,
                               uint64_t seed)
{
    tael__random random;
    tael__random_seed(&random, seed);
    training *t = tael__alloc_aligned(sizeof *t);
    uint32_t *order = tael__alloc_array(count + 1, sizeof *order);
    if (!t || !order) {
        tael__free(t);
        tael__free(order);
        return tael__fail_memory(TAEL_SAY("learning the weekly forecast", "学习每周预测"), count * sizeof *order);
    }
    for (size_t i = 0; i < count; i++) order[i] = (uint32_t)i;
    begin(net, &random);
    uint64_t step = 0, steps = (uint64_t)epochs * ((count + BATCH - 1) / BATCH);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        tael__random_shuffle(&random, order, count);
        for (size_t from = 0; from < count; from += BATCH) {
            size_t to = count - from < BATCH ? count : from + BATCH;
            memset(&t->gradient, 0, sizeof t->gradient);
            for (size_t i = from; i < to; i++) tael__series_gradient(net, rows + order[i], &t->gradient);
            step++;
            double rate = RATE * fmin(1, (double)step / 50) * (1 - .97 * (double)step / (double)steps);
            adam(&net->in[0][0], &t->gradient.in[0][0], &t->first.in[0][0], &t->second.in[0][0], to - from, step, rate);
        }
    }
    tael__free(t);
    tael__free(order);
    return TAEL_OK;
}
