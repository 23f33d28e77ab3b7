// SPDX-License-Identifier: Apache-2.0
/* How well a row of payments keeps a period. */
#ifndef TAEL__HABITS_FIT_H
#define TAEL__HABITS_FIT_H

#include "habits/history.h"

typedef struct tael__fit {
    tael__period period;
    double score;                /* log odds against gaps that only happen to be alike */
    int32_t hits, missed, extra; /* slots with a payment; slots left out between; second ones in a slot */
    int32_t exact;               /* hits on the slot's own day */
    int64_t last_slot;
} tael__fit;

/* The best period for payments at[0..n), indices into h->payments, oldest first. False: none is near. With `need` above
 * 0 periods that can't score it are not tried. */
bool tael__fit_best(tael__fit *out, const tael_habits *h, const uint32_t *at, size_t n, double need);

/* So many payments make a period. */
int32_t tael__fit_least(const tael__period *period);

/* What the category says about recurring: above 0 for rent and the like, below for coffee. */
double tael__fit_prior(int32_t category_id);

#endif
