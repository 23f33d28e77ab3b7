// SPDX-License-Identifier: Apache-2.0
// The weights of the features, learned: a linear part and a small layer beside it (16 leaky units), for what a sum
// can't say, such as "bought again soon, by one whose baskets are small".
//
// Loss: for each past basket a softmax over its candidates, cross-entropy with what was in it (ListNet's top one, Cao
// et al., ICML 2007), so that what counts is the order in a list, not a probability across lists. Adam (Kingma and Ba,
// 2015), a step for 16 lists, the rate falling to nothing. Weights lie [feature][unit], so that the compiler makes
// vectors of the units and no sum changes its order: the same input gives the same bytes.
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "habits/next.h"

enum { BATCH = 16 };
#define SMALL_RATE .0003 /* for an owner's own data upon a population's weights */
#define RATE       .003
#define LEAK       .05f
#define CLIP       8.0f  /* standard deviations: a feature may lie far out, but not decide alone */
#define DECAY      .001f /* of the weights, in units of the rate */
#define IGNORED    1e-4f /* gradients of a score below it move nothing that the others don't */
#define WEIGHTS    (sizeof(tael__ranker) / sizeof(float) - 2 * TAEL__NEXT_FEATURES)

void tael__ranker_start(tael__ranker *r)
{
    memset(r, 0, sizeof *r);
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++) r->scale[k] = 1;
    r->linear[0] = 1;    /* has it at all */
    r->linear[2] = 2;    /* share of baskets with it */
    r->linear[6] = 2;    /* the same, faded */
    r->linear[15] = .5f; /* lately popular */
}

static float standard(const tael__ranker *r, float value, int k)
{
    float x = (value - r->mean[k]) * r->scale[k];
    return x < -CLIP ? -CLIP : x > CLIP ? CLIP : x;
}

/* The score of standardised features; the units are left in `units`. */
static float forward(const tael__ranker *r, const float *x, float units[TAEL__NEXT_HIDDEN])
{
    float h[TAEL__NEXT_HIDDEN], score = 0;
    memcpy(h, r->bias, sizeof h);
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++) {
        score += r->linear[k] * x[k];
        for (int u = 0; u < TAEL__NEXT_HIDDEN; u++) h[u] += r->in[k][u] * x[k];
    }
    for (int u = 0; u < TAEL__NEXT_HIDDEN; u++) {
        units[u] = h[u] > 0 ? h[u] : LEAK * h[u];
        score += r->out[u] * units[u];
    }
    return score;
}

float tael__ranker_score(const tael__ranker *r, const float features[TAEL__NEXT_FEATURES])
{
    float x[TAEL__NEXT_FEATURES], units[TAEL__NEXT_HIDDEN];
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++) x[k] = standard(r, features[k], k);
    return forward(r, x, units);
}

static void backward(const tael__ranker *r, const float *x, const float *units, float slope, tael__ranker *g)
{
    float d[TAEL__NEXT_HIDDEN];
    for (int u = 0; u < TAEL__NEXT_HIDDEN; u++) {
        g->out[u] += slope * units[u];
        d[u] = slope * r->out[u] * (units[u] > 0 ? 1 : LEAK);
        g->bias[u] += d[u];
    }
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++) {
        g->linear[k] += slope * x[k];
        for (int u = 0; u < TAEL__NEXT_HIDDEN; u++) g->in[k][u] += d[u] * x[k];
    }
}

double tael__ranker_gradient(const tael__ranker *r, const tael__rank_set *set, const tael__rank_list *list, float *work,
                             tael__ranker *gradient)
{
    float *scores = work, *units = work + list->count, most = -INFINITY;
    float each = 1.0f / (float)list->positives;
    /* A list whose basket was mostly not among the candidates has little to teach. */
    float weight = sqrtf((float)list->positives / (float)list->wanted);
    double sum = 0, loss = 0;
    for (size_t k = 0; k < list->count; k++) {
        scores[k] =
            forward(r, set->rows[list->first + k], units + k * TAEL__NEXT_HIDDEN) + set->offset[list->first + k];
        most = fmaxf(most, scores[k]);
    }
    for (size_t k = 0; k < list->count; k++) sum += exp((double)(scores[k] - most));
    for (size_t k = 0; k < list->count; k++) {
        float p = (float)(exp((double)(scores[k] - most)) / sum), wanted = set->positive[list->first + k] ? each : 0;
        if (wanted > 0) loss -= (double)(wanted * (scores[k] - most)) - (double)wanted * log(sum);
        float slope = (p - wanted) * weight;
        if (fabsf(slope) > IGNORED)
            backward(r, set->rows[list->first + k], units + k * TAEL__NEXT_HIDDEN, slope, gradient);
    }
    return loss * (double)weight;
}

/* ---- Training ---- */

/* The features' mean and spread, of which those of a rule that is already there must not change what it says. */
static void measure_features(tael__ranker *r, const tael__rank_set *set)
{
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++) {
        double sum = 0, squares = 0, n = (double)set->count;
        for (size_t i = 0; i < set->count; i++) sum += (double)set->rows[i][k];
        double mean = sum / n;
        for (size_t i = 0; i < set->count; i++) {
            double d = (double)set->rows[i][k] - mean;
            squares += d * d;
        }
        double spread = sqrt(squares / n);
        r->mean[k] = (float)mean;
        r->scale[k] = spread > 1e-5 ? (float)(1 / spread) : 0;
        r->linear[k] *= (float)spread;
    }
}

static void standardise_rows(const tael__ranker *r, tael__rank_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        for (int k = 0; k < TAEL__NEXT_FEATURES; k++) set->rows[i][k] = standard(r, set->rows[i][k], k);
}

static double gauss(tael__random *random)
{
    double u = tael__random_unit(random), v = tael__random_unit(random);
    return sqrt(-2 * log(u + 1e-300)) * cos(6.283185307179586 * v);
}

static void adam(float *w, const float *g, float *first, float *second, size_t lists, uint64_t step, double rate)
{
    float a = (float)(1 / (1 - pow(.9, (double)step))), b = (float)(1 / (1 - pow(.999, (double)step)));
    for (size_t k = 0; k < WEIGHTS; k++) {
        float d = g[k] / (float)lists;
        first[k] = .9f * first[k] + .1f * d;
        second[k] = .999f * second[k] + .001f * d * d;
        w[k] -= (float)rate * (first[k] * a / (sqrtf(second[k] * b) + 1e-8f) + DECAY * w[k]);
    }
}

typedef struct training {
    tael__ranker gradient, first, second;
    uint32_t *order;
    float *work;
} training;

static void start_hidden(tael__ranker *r, tael__random *random)
{
    for (int k = 0; k < TAEL__NEXT_FEATURES; k++)
        for (int u = 0; u < TAEL__NEXT_HIDDEN; u++)
            r->in[k][u] = (float)(gauss(random) * .7 * sqrt(2.0 / TAEL__NEXT_FEATURES));
    for (int u = 0; u < TAEL__NEXT_HIDDEN; u++) r->out[u] = (float)(gauss(random) * .1);
}

static void run_epochs(tael__ranker *r, const tael__rank_set *set, training *t, tael__random *random, uint32_t epochs,
                       double full_rate)
{
    uint64_t step = 0, steps = (uint64_t)epochs * ((set->list_count + BATCH - 1) / BATCH);
    for (uint32_t epoch = 0; epoch < epochs; epoch++) {
        tael__random_shuffle(random, t->order, set->list_count);
        for (size_t from = 0; from < set->list_count; from += BATCH) {
            size_t n = set->list_count - from < BATCH ? set->list_count - from : BATCH;
            memset(&t->gradient, 0, sizeof t->gradient);
            for (size_t k = 0; k < n; k++)
                tael__ranker_gradient(r, set, set->lists + t->order[from + k], t->work, &t->gradient);
            step++;
            double rate = full_rate * fmin(1, (double)step / 100) * (1 - .95 * (double)step / (double)steps);
            adam(r->linear, t->gradient.linear, t->first.linear, t->second.linear, n, step, rate);
        }
    }
}

tael_status tael__ranker_train(tael__ranker *r, tael__rank_set *set, uint64_t seed, uint32_t epochs, bool fresh)
{
    _Static_assert(offsetof(tael__ranker, linear) == 2 * TAEL__NEXT_FEATURES * sizeof(float), "the weights come last");
    size_t longest = 0;
    if (!set->list_count || !epochs) return TAEL_OK;
    for (size_t k = 0; k < set->list_count; k++)
        if (set->lists[k].count > longest) longest = set->lists[k].count;
    training *t = tael__alloc_zero(sizeof *t);
    uint32_t *order = tael__alloc_array(set->list_count, sizeof *order);
    float *work = tael__alloc_array(longest, (TAEL__NEXT_HIDDEN + 1) * sizeof *work);
    tael_status status = TAEL_OK;
    if (!t || !order || !work) {
        status = tael__fail_memory(TAEL_SAY("learning what is bought next", "学习购买习惯"), longest * sizeof *work);
        goto done;
    }
    for (size_t k = 0; k < set->list_count; k++) order[k] = (uint32_t)k;
    t->order = order;
    t->work = work;
    tael__random random;
    tael__random_seed(&random, seed);
    if (fresh) {
        measure_features(r, set);
        start_hidden(r, &random);
    }
    standardise_rows(r, set);
    run_epochs(r, set, t, &random, epochs, fresh ? RATE : SMALL_RATE);
done:
    tael__free(t);
    tael__free(order);
    tael__free(work);
    return status;
}
