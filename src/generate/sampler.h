// SPDX-License-Identifier: Apache-2.0
/* Choosing the next token from logits. */
#ifndef TAEL__GENERATE_SAMPLER_H
#define TAEL__GENERATE_SAMPLER_H

#include "base/memory.h"
#include "base/random.h"
#include <tael/generate.h>

#define TAEL__PENALTY_TOKENS 64 /* how far back the penalties look */

typedef struct tael__candidate {
    float logit;
    int32_t id;
} tael__candidate;

typedef struct tael__sampler {
    bool greedy;
    float temperature, top_p, min_p;
    uint32_t top_k;
    float repeat_penalty, presence_penalty, frequency_penalty;
    tael__random random;
    size_t vocabulary;
    tael__candidate *candidates; /* owned: [vocabulary], NULL when greedy */
} tael__sampler;

/* TAEL_MISUSE names an option that is out of its range. A seed of 0 comes from the system. */
tael_status tael__sampler_open(tael__sampler *s, const tael_generate_options *options, size_t vocabulary);
void tael__sampler_close(tael__sampler *s);

/* Does this sampler change logits before it chooses? */
bool tael__sampler_penalizes(const tael__sampler *s);
/* Lower the logits of what was said among tokens[0..count), of which the last TAEL__PENALTY_TOKENS count. */
void tael__sampler_penalize(const tael__sampler *s, float *logits, const int32_t *tokens, size_t count);
/* The next token; -1 when no logit is above -infinity. */
int32_t tael__sampler_pick(tael__sampler *s, const float *logits);

/* The id of the largest logit, the lowest id when several are equal; -1 when none is above -infinity. */
int32_t tael__argmax(const float *logits, size_t n);

#endif
