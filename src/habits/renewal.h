// SPDX-License-Identifier: Apache-2.0
/* Renewals: how long until something happens again, whether it will at all, and how often. A row is one thing's events;
 * gaps follow a Weibull law with an unknown shape (a grid) and rate (a gamma law), and after each event the row ends
 * with an unknown probability (a beta law). What many rows have in common is their prior. */
#ifndef TAEL__HABITS_RENEWAL_H
#define TAEL__HABITS_RENEWAL_H

#include <math.h>

#include "base/status.h"

enum { TAEL__SHAPES = 16 };

/* log Γ(x) for x above 0. Plain lgamma() writes the sign into a variable that all threads share. */
static inline double tael__log_gamma(double x)
{
    int sign;
    return lgamma_r(x, &sign);
}

typedef struct tael__renewal_row {
    const double *gaps; /* days between events, above 0, oldest first; borrowed */
    size_t count;       /* of gaps; 0: one event */
    double open_days;   /* from the last event to where the row is known; 0: no longer than that event */
} tael__renewal_row;

/* What rows have in common: how regular they are, how long their gaps, how soon they end. */
typedef struct tael__renewal_prior {
    double weight[TAEL__SHAPES], a[TAEL__SHAPES], b[TAEL__SHAPES]; /* of shape j, and of its rate's gamma law */
    double ends, stays;                                            /* of the beta law of an end after an event */
    double scale;                                                  /* days; b counts in it */
} tael__renewal_prior;

typedef struct tael__renewal {
    double weight[TAEL__SHAPES];             /* of shape j, from the gaps that ended */
    double a[TAEL__SHAPES], b[TAEL__SHAPES]; /* of the rate's gamma: S(t) = (b / (b + (t / scale)^k))^a */
    double ends, stays; /* that the last event was the last of all, before anything is known of the time since */
    double scale;
} tael__renewal;

/* ---- One row (renewal.c) ---- */

/* `prior` NULL: one gap of the row's typical length, and rows end now and then. */
void tael__renewal_fit(tael__renewal *m, const tael__renewal_row *row, const tael__renewal_prior *prior);

/* These three are of a row that goes on. */
double tael__renewal_survival(const tael__renewal *m, double days);
/* Days after the last event at which the next has come with probability p, given that it hasn't until `open_days`. */
double tael__renewal_quantile(const tael__renewal *m, double open_days, double p);
/* 1 minus the gaps' coefficient of variation, at least 0: 0 is pure chance, 1 is clockwork. */
double tael__renewal_regular(const tael__renewal *m);

/* That the row goes on, when nothing has happened for `open_days`. */
double tael__renewal_alive(const tael__renewal *m, double open_days);

/* That the next comes within `days` from now, when nothing has happened for `open_days`: it goes on, and comes. */
double tael__renewal_within(const tael__renewal *m, double open_days, double days);

/* ---- Many rows (renewal_population.c) ---- */

/* Learn the prior; count > 0. Rows whose open_days are all 0 tell nothing of ends: none is foretold. */
tael_status tael__renewal_learn(tael__renewal_prior *prior, const tael__renewal_row *rows, size_t count);

/* ---- How often (renewal_count.c) ---- */

typedef struct tael__renewal_counts {
    double mean, any; /* events, and the probability of one at least */
    uint32_t median;
} tael__renewal_counts;

/* Events in the `days` after the row has been still for `open_days`. Drawn with a fixed seed: the same every time.
 * About 50 µs for few events. */
void tael__renewal_count(tael__renewal_counts *out, const tael__renewal *m, double open_days, double days);

/* ---- Between these files ---- */

extern const double tael__renewal_shapes[TAEL__SHAPES];

/* What the model needs of a row's gaps, for one shape: their number, sums of t^k, and of log density but for the rate.
 * Old gaps weigh less. */
typedef struct tael__renewal_evidence {
    double events, powers, logs;
} tael__renewal_evidence;

tael__renewal_evidence tael__renewal_evidence_of(const tael__renewal_row *row, double k, double scale);
/* Log probability of gaps when the rate has a gamma prior (a, b). */
double tael__renewal_marginal(const tael__renewal_evidence *e, double a, double b);
/* Logarithms of any sum to probabilities. */
void tael__renewal_normalize(double weight[TAEL__SHAPES]);
/* Regular to a degree, but of no known length: one gap of `typical` days. */
void tael__renewal_vague(tael__renewal_prior *prior, double typical);

#endif
