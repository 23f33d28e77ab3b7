// SPDX-License-Identifier: Apache-2.0
/* What a question asks for, told by a small linear model that learns from the examples of questions.inc when it is
 * opened: words and pairs of words, with letters in place of what was named. It knows no shop, no date and no amount,
 * so it reads other people's questions as well as ours. */
#ifndef TAEL__ASSISTANT_INTENT_H
#define TAEL__ASSISTANT_INTENT_H

#include <tael/ledger.h>

#include "assistant/plan.h"

/* The letters that take the place of what was found. */
#define TAEL__MASK_ENTITY 'E'
#define TAEL__MASK_TIME   'T'
#define TAEL__MASK_AMOUNT 'N'
#define TAEL__MASK_METHOD 'M'

typedef struct tael__intent {
    tael__want want;
    tael_group by;                      /* TAEL_BY_NONE: not said */
    bool times, income, percent, total; /* how often; received; in percent; the sum of what is listed */
    float probability;
} tael__intent;

typedef struct tael__intents tael__intents;

/* Learns from the examples: some 50 ms. Free it with tael__intents_close. */
tael_status tael__intents_open(tael__intents **out);
void tael__intents_close(tael__intents *intents);

/* The likeliest `count` (at most 8) for a masked question, best first; together they may be less than sure. */
void tael__intents_read(const tael__intents *intents, tael__intent *out, size_t count, const char *masked);

/* The probability of each want, summed over what it goes by. `out` has TAEL__WANT_COUNT_OF places. */
void tael__intents_wants(const tael__intents *intents, float *out, const char *masked);

/* Is the text made only of pairs of characters that stand in examples (Chinese), or of their words (English)? */
bool tael__intents_common(const tael__intents *intents, const char *text, size_t bytes);

/* Does a character stand in it that makes no name by itself, such as 的? */
bool tael__intents_has_particle(const char *text, size_t bytes);

/* Parts of the masked question that no example holds anything like, such as the name of a shop that isn't known yet:
 * calls for each run of them. Chinese runs have at least two characters. */
typedef void tael__strange_fn(size_t at, size_t bytes, void *user);
void tael__intents_strange(const tael__intents *intents, const char *masked, tael__strange_fn *each, void *user);

#endif
