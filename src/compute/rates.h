// SPDX-License-Identifier: Apache-2.0
/* How fast this device's kernels are, measured on the linear layers themselves: what a prediction of a model's speed
 * rests on. */
#ifndef TAEL__COMPUTE_RATES_H
#define TAEL__COMPUTE_RATES_H

#include "base/threads.h"
#include "compute/formats.h"

/* With all threads of the pool; 0 for formats that were not asked for. */
typedef struct tael__rates {
    double decode[TAEL__FORMAT_COUNT];  /* weights a second, one token at a time: from memory, no cache holds them */
    double prefill[TAEL__FORMAT_COUNT]; /* weights times tokens a second, 512 tokens at a time */
    double fork;                        /* seconds for the threads to begin and end one job together */
    double vector;                      /* seconds of one thread for a thousand values of SwiGLU */
} tael__rates;

/* Takes about 0.2 s for each format that is `wanted`. TAEL_NO_MEMORY. */
tael_status tael__rates_measure(tael__rates *rates, const bool wanted[TAEL__FORMAT_COUNT], tael__pool *pool,
                                uint64_t available_bytes);

#endif
