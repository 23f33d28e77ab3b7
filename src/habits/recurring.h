// SPDX-License-Identifier: Apache-2.0
/* From a period that convinces to what is told about it. */
#ifndef TAEL__HABITS_RECURRING_H
#define TAEL__HABITS_RECURRING_H

#include "habits/fit.h"

/* Payments at[0..n), oldest first, recur by `fit`: describe it in habits->recurring and mark them. `need`: the score
 * that was asked of it. */
tael_status tael__recurring_keep(tael_habits *h, const uint32_t *at, size_t n, const tael__fit *fit, double need);

#endif
