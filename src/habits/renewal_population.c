// SPDX-License-Identifier: Apache-2.0
// What rows of events have in common, learned by expectation and maximisation: which shapes there are, the gamma law of
// each shape's rates, and how soon rows end. A row with one event says something too: that another didn't come in all
// the time since. Leaving such rows out would teach that everything goes on, and soon.
#include <math.h>

#include "base/memory.h"
#include "habits/renewal.h"

enum { ROUNDS = 60, MOST_COUNTED = 256 };
#define ENOUGH_GAIN 3e-5 /* of log likelihood a row, in a round */

/* Arrays of [TAEL__SHAPES][rows]; owned. */
typedef struct pool {
    const tael__renewal_row *rows;
    size_t count;
    bool open; /* something is known of ends */
    tael__renewal_evidence *evidence;
    double *open_power;             /* (open_days / scale)^k */
    double *share;                  /* that row i has shape j */
    double *ended;                  /* [rows]: the chance of an end after the last event, at the last prior */
    double *survival;               /* [rows]: of the open gap when the row goes on */
    bool counted[MOST_COUNTED + 1]; /* numbers of gaps that rows have: their gammas are needed once, not for each row */
} pool;

typedef struct question {
    const pool *p;
    int shape;
} question;

typedef double objective(const question *q, double x, double y);

static size_t counted(const tael__renewal_row *row)
{
    return row->count < MOST_COUNTED ? row->count : MOST_COUNTED;
}

/* How well shape j explains its rows when its rates are gamma distributed; a and b come as logarithms. */
static double explained(const question *q, double log_a, double log_b)
{
    const pool *p = q->p;
    const size_t at = (size_t)q->shape * p->count;
    double a = exp(log_a), b = exp(log_b), sum = 0, away = log_a - 0.7, gammas[MOST_COUNTED + 1];
    const double once = a * log_b - tael__log_gamma(a);
    for (size_t n = 0; n <= MOST_COUNTED; n++) gammas[n] = NAN;
    for (size_t i = 0; i < p->count; i++) {
        double share = p->share[at + i];
        if (share < 1e-3) continue;
        const tael__renewal_evidence *e = &p->evidence[at + i];
        size_t n = counted(&p->rows[i]);
        if (isnan(gammas[n])) gammas[n] = tael__log_gamma(a + e->events);
        double log_marginal = gammas[n] + once - (a + e->events) * log(b + e->powers);
        if (p->open) {
            double lives = exp(-(a + e->events) * log1p(p->open_power[at + i] / (b + e->powers)));
            log_marginal += log((1 - p->ended[i]) * lives + p->ended[i]);
        }
        sum += share * log_marginal;
    }
    return sum - away * away / 8; /* few rows must not make it certain */
}

/* Log probability that `events` of them weren't the last. */
static double went_on(double ends, double stays, size_t events)
{
    double n = (double)events;
    return tael__log_gamma(ends + stays) - tael__log_gamma(stays) + tael__log_gamma(stays + n) -
           tael__log_gamma(ends + stays + n);
}

/* How well ends of law Beta(ends, stays) explain that events went on, and that nothing came after the last. */
static double ends_explained(const question *q, double log_ends, double log_stays)
{
    const pool *p = q->p;
    double ends = exp(log_ends), stays = exp(log_stays), gammas[MOST_COUNTED + 1];
    double often = log(ends / stays) + 2.2, sure = log(ends + stays) - 1.6; /* 0.1, as after 5 events */
    double sum = -(often * often + sure * sure) / 8;
    for (size_t n = 0; n <= MOST_COUNTED; n++) gammas[n] = NAN;
    for (size_t i = 0; i < p->count; i++) {
        size_t n = counted(&p->rows[i]);
        double ended = ends / (ends + stays + (double)n);
        if (isnan(gammas[n])) gammas[n] = went_on(ends, stays, n);
        sum += gammas[n] + log((1 - ended) * p->survival[i] + ended);
    }
    return sum;
}

/* The law (a, b) of a shape's rates, or of ends, and how far the next steps go. */
typedef struct place {
    double *a, *b, step;
} place;

/* One round of steps along log a, and along log b with the mean kept or moved. Halfway up is enough: what the other
 * shapes explain changes meanwhile. */
static void climb(objective *of, const question *q, place *at)
{
    const double s = at->step, tries[6][2] = {{s, s}, {-s, -s}, {0, s}, {0, -s}, {s, 0}, {-s, 0}};
    double x = log(*at->a), y = log(*at->b), best = of(q, x, y);
    bool better = false;
    for (int i = 0; i < 6; i++) {
        double to_x = fmin(fmax(x + tries[i][0], -4), 4), to_y = fmin(fmax(y + tries[i][1], -12), 12);
        double score = of(q, to_x, to_y);
        if (score <= best + 1e-9) continue;
        best = score;
        x = to_x;
        y = to_y;
        better = true;
    }
    at->step = better ? fmin(1.2 * s, 0.8) : fmax(s / 2, 0.01);
    *at->a = exp(x);
    *at->b = exp(y);
}

/* Which shape each row has, and how well all is explained. */
static double share_out(pool *p, const tael__renewal_prior *prior)
{
    double sum = 0;
    for (size_t i = 0; i < p->count; i++) {
        double closed[TAEL__SHAPES], lives[TAEL__SHAPES], all = 0, living = 0, best = -INFINITY;
        double ended = p->ended[i] = prior->ends / (prior->ends + prior->stays + (double)counted(&p->rows[i]));
        for (int j = 0; j < TAEL__SHAPES; j++) {
            const size_t at = (size_t)j * p->count + i;
            const tael__renewal_evidence *e = &p->evidence[at];
            closed[j] = log(prior->weight[j] + 1e-12) + tael__renewal_marginal(e, prior->a[j], prior->b[j]);
            lives[j] = exp(-(prior->a[j] + e->events) * log1p(p->open_power[at] / (prior->b[j] + e->powers)));
            best = fmax(best, closed[j]);
        }
        for (int j = 0; j < TAEL__SHAPES; j++) {
            closed[j] = exp(closed[j] - best);
            all += closed[j];
            living += closed[j] * lives[j];
        }
        p->survival[i] = living / all;
        double total = (1 - ended) * living + ended * all;
        for (int j = 0; j < TAEL__SHAPES; j++)
            p->share[(size_t)j * p->count + i] = closed[j] * ((1 - ended) * lives[j] + ended) / total;
        sum += best + log(total);
        if (p->open) sum += went_on(prior->ends, prior->stays, counted(&p->rows[i]));
    }
    return sum;
}

/* One round of expectation and maximisation. Returns what the last prior explained. */
static double improve(pool *p, tael__renewal_prior *prior, place *ends, place shapes[TAEL__SHAPES])
{
    double before = share_out(p, prior);
    if (p->open) climb(ends_explained, &(question){p, 0}, ends);
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double sum = 0;
        for (size_t i = 0; i < p->count; i++) sum += p->share[(size_t)j * p->count + i];
        prior->weight[j] = (sum + 0.1) / ((double)p->count + 0.1 * TAEL__SHAPES);
        if (sum > 0.5) climb(explained, &(question){p, j}, &shapes[j]);
    }
    return before;
}

static void maximize(pool *p, tael__renewal_prior *prior)
{
    place ends = {&prior->ends, &prior->stays, 0.8}, shapes[TAEL__SHAPES];
    double last = -INFINITY;
    for (int j = 0; j < TAEL__SHAPES; j++) shapes[j] = (place){&prior->a[j], &prior->b[j], 0.8};
    for (int round = 0; round < ROUNDS; round++) {
        double now = improve(p, prior, &ends, shapes);
        if (now - last < ENOUGH_GAIN * (double)p->count) break;
        last = now;
    }
}

static double typical_of(const tael__renewal_row *rows, size_t count)
{
    double sum = 0, gaps = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t g = 0; g < rows[i].count; g++, gaps++) sum += log(rows[i].gaps[g]);
    return gaps > 0 ? exp(sum / gaps) : 30;
}

static void prepare(pool *p, double scale)
{
    for (size_t i = 0; i < p->count; i++) {
        if (p->rows[i].open_days > 0) p->open = true;
        for (int j = 0; j < TAEL__SHAPES; j++) {
            double k = tael__renewal_shapes[j];
            p->evidence[(size_t)j * p->count + i] = tael__renewal_evidence_of(&p->rows[i], k, scale);
            p->open_power[(size_t)j * p->count + i] =
                p->rows[i].open_days > 0 ? pow(p->rows[i].open_days / scale, k) : 0;
        }
    }
}

tael_status tael__renewal_learn(tael__renewal_prior *prior, const tael__renewal_row *rows, size_t count)
{
    pool p = {.rows = rows,
              .count = count,
              .evidence = tael__alloc_array(count, TAEL__SHAPES * sizeof *p.evidence),
              .open_power = tael__alloc_array(count, TAEL__SHAPES * sizeof *p.open_power),
              .share = tael__alloc_array(count, TAEL__SHAPES * sizeof *p.share),
              .ended = tael__alloc_array(count, sizeof *p.ended),
              .survival = tael__alloc_array(count, sizeof *p.survival)};
    tael_status status = TAEL_OK;
    tael__renewal_vague(prior, typical_of(rows, count));
    if (!p.evidence || !p.open_power || !p.share || !p.ended || !p.survival) {
        status = tael__fail_memory("habits", count * TAEL__SHAPES * 40);
    } else {
        prepare(&p, prior->scale);
        if (!p.open) prior->ends = 0;
        maximize(&p, prior);
    }
    tael__free(p.evidence);
    tael__free(p.open_power);
    tael__free(p.share);
    tael__free(p.ended);
    tael__free(p.survival);
    return status;
}
