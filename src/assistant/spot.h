// SPDX-License-Identifier: Apache-2.0
/* What a question names, found in it by code: times, amounts, ways of paying, and what the alias table or the ledger
 * knows. With letters in their places the rest tells what is asked for (intent.h). */
#ifndef TAEL__ASSISTANT_SPOT_H
#define TAEL__ASSISTANT_SPOT_H

#include "assistant/amounts.h"
#include "assistant/intent.h"
#include "assistant/period.h"
#include "assistant/resolve.h"

#define TAEL__MAX_SPOTS 24

typedef struct tael__spot {
    size_t at, bytes; /* in the question */
    char mask;        /* what it is */
    bool unknown;     /* an entity that neither the table nor the ledger knows */
} tael__spot;

typedef struct tael__spots {
    tael__spot of[TAEL__MAX_SPOTS]; /* in the question's order, not overlapping */
    size_t count;
    tael__amounts amounts;
} tael__spots;

/* Times come from `when`; the rest is looked for between them. A merchant's name that is made of words that questions
 * are made of ("支付") is none here. */
void tael__spots_find(tael__spots *spots, const char *question, const tael__when *when, const tael__merchants *m,
                      const tael__intents *intents);

/* One more, which must not overlap; false when there is no room. */
bool tael__spots_add(tael__spots *spots, size_t at, size_t bytes, char mask);

/* The question in lower case with a letter for each spot. map[i] is the place in the question of the i-th byte; `cap`
 * places in both. Returns the length. */
size_t tael__spots_mask(const tael__spots *spots, const char *question, char *masked, size_t *map, size_t cap);

#endif
