// SPDX-License-Identifier: Apache-2.0
/* Amounts of money in a question. */
#ifndef TAEL__ASSISTANT_AMOUNTS_H
#define TAEL__ASSISTANT_AMOUNTS_H

#include "assistant/scan.h"

/* What a question sets as bounds or as a limit, in minor units; 0: none. */
typedef struct tael__amounts {
    int64_t least, most; /* "超过100", "under 50", "100到200": of one payment, inclusive */
    int64_t plain;       /* one without such a word, or an upper one: a budget's */
} tael__amounts;

/* If an amount stands at the place (lower-case text), steps over it, with the words that make it a bound. False leaves
 * the place. */
bool tael__amounts_here(tael__scan *s, tael__amounts *amounts);

#endif
