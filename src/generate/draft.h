// SPDX-License-Identifier: Apache-2.0
/* A draft model (Leviathan et al. 2023): a smaller model with the same vocabulary that guesses what the larger one will
 * say. Guesses are greedy; whether they hold is for the larger model's own choice to say. */
#ifndef TAEL__GENERATE_DRAFT_H
#define TAEL__GENERATE_DRAFT_H

#include "generate/stream.h"

typedef struct tael__draft tael__draft;

/* TAEL_BAD_INPUT: the vocabularies differ (beyond padding at the end). `draft` must outlive it. */
tael_status tael__draft_open(tael__draft **out, const tael_model *draft, const tael_model *target,
                             const tael__context_options *options);
void tael__draft_close(tael__draft *d);

/* Is there much of the list that it has yet to compute? */
bool tael__draft_behind(const tael__draft *d, const tael__list *list);

/* Up to `most` tokens that could follow the list. It stops after the first that the draft model isn't sure of, so
 * *sure is *count or one less. TAEL_CANCELLED as in tael__context_run. */
tael_status tael__draft_propose(tael__draft *d, const tael__list *list, int32_t *out, size_t most, size_t *count,
                                size_t *sure, const volatile bool *cancel);

#endif
