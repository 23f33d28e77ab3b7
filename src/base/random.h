// SPDX-License-Identifier: Apache-2.0
/* Random numbers: the system's for keys and seeds, and xoshiro256** (Blackman and Vigna, 2018) for what must repeat. */
#ifndef TAEL__BASE_RANDOM_H
#define TAEL__BASE_RANDOM_H

#include "base/status.h"

typedef struct tael__random {
    uint64_t s[4];
} tael__random;

void tael__random_seed(tael__random *r, uint64_t seed); /* expanded by splitmix64, so 0 is a fine seed */
uint64_t tael__random_next(tael__random *r);
double tael__random_unit(tael__random *r); /* [0, 1), 53 bits */
void tael__random_shuffle(tael__random *r, uint32_t *order, size_t n);
tael_status tael__random_system(void *out, size_t bytes);

#endif
