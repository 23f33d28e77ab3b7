// SPDX-License-Identifier: Apache-2.0
/* Speculation: tokens that may come next, so that one step of the model can look at several. How many depends on what
 * earlier ones brought and on what a step of several tokens costs here. It never changes what is said. */
#ifndef TAEL__GENERATE_SPECULATE_H
#define TAEL__GENERATE_SPECULATE_H

#include "compute/kernels.h"
#include "generate/draft.h"
#include "generate/lookup.h"

#define TAEL__SPECULATE_MOST (TAEL__MATVEC_TOKENS - 1) /* and one known token: a step that is exact for each */

/* Where a proposal comes from, by how far it is to be trusted: looked up by how much was alike, or drafted. */
typedef enum tael__trust {
    TAEL__LIKE_2,
    TAEL__LIKE_3,
    TAEL__LIKE_5,
    TAEL__LIKE_8,
    TAEL__DRAFTED,
    TAEL__TRUSTS
} tael__trust;

/* What a session has learned; kept from one generation to the next. */
typedef struct tael__pace {
    double rate[TAEL__TRUSTS];  /* how often a token is right, those before it having been */
    double one, extra, drafted; /* seconds of a step of one token, of each more in it, and of drafting one */
} tael__pace;

typedef struct tael__speculation {
    tael_speculate mode;
    tael__pace *pace;   /* borrowed */
    tael__draft *draft; /* borrowed; may be NULL */
    tael__lookup lookup;
    int32_t ids[TAEL__SPECULATE_MOST]; /* the proposal */
    size_t count, sure;                /* the first `sure` of them are what `trust` is about */
    tael__trust trust;
    uint32_t proposed, accepted; /* in all */
} tael__speculation;

tael_status tael__speculation_open(tael__speculation *s, tael_speculate mode, tael__pace *pace, tael__draft *draft,
                                   const tael__list *list);
void tael__speculation_close(tael__speculation *s);

/* Propose at most `most` tokens after the list, into s->ids and s->count. */
tael_status tael__speculate(tael__speculation *s, const tael__list *list, size_t most, const volatile bool *cancel);
/* The first `right` of them were right; `wrong`: the next one was not, else nobody knows. */
void tael__speculated(tael__speculation *s, size_t right, bool wrong);
/* A step of so many tokens, known and proposed, took so long. */
void tael__pace_step(tael__pace *p, size_t tokens, double seconds);

#endif
