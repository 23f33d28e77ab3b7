// SPDX-License-Identifier: Apache-2.0
/* A mixture of experts in place of a layer's feed-forward: a router likes some of them for each token (Shazeer et al.
 * 2017), and a token goes through those alone; Qwen2's have one more that every token goes through. */
#ifndef TAEL__MODEL_EXPERTS_H
#define TAEL__MODEL_EXPERTS_H

#include "compute/linear.h"

typedef struct tael__experts {
    tael__matrix router;     /* embedding -> count: the more, the better liked */
    tael__matrix gate_up[2]; /* of expert 0: embedding -> expert_feed_forward, twice; the next expert's lie behind it */
    tael__matrix down;       /* of expert 0: expert_feed_forward -> embedding */
    tael__matrix shared_gate; /* embedding -> 1, how much of the shared expert; no data: there is none */
    tael__matrix shared_gate_up[2], shared_down;
} tael__experts;

/* What rows pass through on their way, besides the context's own scratch. */
typedef struct tael__expert_scratch {
    float *scores;         /* [rows][count] */
    float *shared_score;   /* [rows] */
    float *weight;         /* [rows][used]: of the chosen, in the order of `chosen` */
    uint32_t *chosen;      /* [rows][used]: ascending */
    uint32_t *start;       /* [count + 1]: where in `list` an expert's rows begin */
    uint32_t *list;        /* [rows * used]: row * used + which of its chosen */
    float *gathered, *sum; /* [rows][embedding] */
} tael__expert_scratch;

#endif
