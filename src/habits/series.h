// SPDX-License-Identifier: Apache-2.0
/* What the files of the weekly forecast share: how a series is walked through week by week, what is seen of it at a
 * week's end, and the small network that turns that into a distribution of a later week's amount. */
#ifndef TAEL__HABITS_SERIES_H
#define TAEL__HABITS_SERIES_H

#include "base/random.h"
#include "habits/internal.h"

enum {
    TAEL__SERIES_FEATURES = 32,
    TAEL__SERIES_HIDDEN = 16,
    TAEL__SERIES_BINS = 16, /* of a week's amount: nothing, then 15 of what is bought */
    TAEL__SERIES_GAPS = 32, /* weeks between purchases that are told apart */
    TAEL__SERIES_LAGS = 6,  /* weeks back that are seen one by one */
    TAEL__SERIES_NETS = 3   /* that answer together: their mean errs less than each */
};

/* ---- What all series have in common ---- */

/* How a week was for all, faded over the weeks before it. */
typedef struct tael__series_week {
    double bought[3]; /* share of the series that bought: over about 1, 4 and 13 weeks */
    double amount[2]; /* log of what was bought against each series' own usual: over about 4 and 13 weeks */
} tael__series_week;

typedef struct tael__series_common {
    double log_usual, log_spread; /* mean of the series' log amounts; their spread within a series */
    tael__series_week *weeks;     /* owned */
    size_t week_count;
} tael__series_common;

/* ---- A series up to a week ---- */

typedef struct tael__series_walk {
    uint32_t age, count,
        since; /* weeks since the first purchase (1: it is this one); purchases; weeks since the last */
    double weeks[3], bought[3]; /* faded: all, and those with a purchase */
    double spent[2];            /* faded amounts */
    double spent_weeks[2];
    double two[2], four[4]; /* faded purchases by the week's number modulo 2 and 4 */
    double two_all[2], four_all[4];
    double logs, log_sum, log_squares; /* faded log amounts: weight, sum, squares */
    double last_logs[3];
    double gaps[TAEL__SERIES_GAPS + 1]; /* faded counts of gaps of so many weeks, the last: longer */
    double gap_sum, gap_squares, gap_count;
    uint32_t lags; /* bit k: bought k weeks before */
} tael__series_walk;

void tael__series_step(tael__series_walk *walk, double amount);

/* The usual log amount and its spread, as far as the series tells, else what all have in common. */
typedef struct tael__series_usual {
    double log, spread;
} tael__series_usual;
tael__series_usual tael__series_usual_of(const tael__series_walk *walk, const tael__series_common *common);

/* What is seen at the end of week `week` of the week that is `ahead` (from 1) weeks later; *base is the log odds of no
 * purchase in it by a plain rule. The walk has seen a purchase. */
void tael__series_see(float features[TAEL__SERIES_FEATURES], float *base, const tael__series_walk *walk,
                      const tael__series_common *common, size_t week, uint32_t ahead);

/* ---- The network ---- */

typedef struct tael__series_net {
    float mean[TAEL__SERIES_FEATURES], scale[TAEL__SERIES_FEATURES];
    /* weights: what follows is learned */
    float in[TAEL__SERIES_FEATURES][TAEL__SERIES_HIDDEN], bias[TAEL__SERIES_HIDDEN];
    float out[TAEL__SERIES_HIDDEN][TAEL__SERIES_BINS], start[TAEL__SERIES_BINS];
} tael__series_net;

typedef struct tael__series_row {
    float features[TAEL__SERIES_FEATURES];
    float base;   /* log odds of nothing bought */
    uint32_t bin; /* what came */
} tael__series_row;

/* Probabilities of the bins. */
void tael__series_predict(const tael__series_net *net, const float features[TAEL__SERIES_FEATURES], float base,
                          float bins[TAEL__SERIES_BINS]);
/* Measures the features of the rows for `net`, and standardises them in place. */
void tael__series_standardise(tael__series_net *net, tael__series_row *rows, size_t count);
/* Adds the gradient of a standardised row; returns its loss. */
double tael__series_gradient(const tael__series_net *net, const tael__series_row *row, tael__series_net *gradient);
/* Learns standardised rows, from random units: the first scores are those of net->start. */
tael_status tael__series_learn(tael__series_net *net, const tael__series_row *rows, size_t count, uint32_t epochs,
                               uint64_t seed);

#endif
