// SPDX-License-Identifier: Apache-2.0
/* Prompt lookup (Saxena 2023): what followed the last time that the text went like this. */
#ifndef TAEL__GENERATE_LOOKUP_H
#define TAEL__GENERATE_LOOKUP_H

#include "generate/stream.h"

#define TAEL__LOOKUP_LEAST 2  /* tokens that must be alike; one says nothing */
#define TAEL__LOOKUP_MOST  16 /* longer likeness isn't looked for */

typedef struct tael__lookup {
    uint32_t *last;     /* owned: by hash of a pair of tokens, 1 + where its last one stands; 0: nowhere */
    uint32_t *previous; /* owned: [capacity], for each place the one before with the same hash, likewise */
    uint32_t bits, indexed;
} tael__lookup;

/* For one list, which only grows from now on. */
tael_status tael__lookup_open(tael__lookup *l, const tael__list *list);
void tael__lookup_close(tael__lookup *l);

/* Up to `most` tokens that followed an earlier stretch like the list's end, the longest such stretch, the last of
 * equally long ones. *alike: its length. Returns how many tokens; 0: never seen. */
size_t tael__lookup_propose(tael__lookup *l, const tael__list *list, int32_t *out, size_t most, uint32_t *alike);

#endif
