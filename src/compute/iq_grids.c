// SPDX-License-Identifier: Apache-2.0
// The grids of the i-quants as bytes: one entry a word, its first weight in the lowest byte.
#include "compute/blocks_iq.h"

/* What a place stands for: 8, 25, 43 in iq2; 8 times -1, 0, 1 in iq1; 4, 12, ... 52, 62 in iq3_xxs; odd in iq3_s. */
#define IN_IQ2(k)     ((k) == 0 ? 8 : (k) == 1 ? 25 : 43)
#define IN_IQ1(k)     ((k) == 0 ? 0xF8 : (k) == 1 ? 0 : 8)
#define IN_IQ3_XXS(k) ((k) == 7 ? 62 : 8 * (k) + 4)
#define IN_IQ3_S(k)   (2 * (k) + 1)

#define PLACE_8(c, i, in) ((uint64_t)in((c) >> 2 * (i)&3) << 8 * (i))
#define PLACE_4(c, i, in) ((uint32_t)in((c) >> 3 * (i)&7) << 8 * (i))
#define WORD_8(c, in)                                                                                    \
    (PLACE_8(c, 0, in) | PLACE_8(c, 1, in) | PLACE_8(c, 2, in) | PLACE_8(c, 3, in) | PLACE_8(c, 4, in) | \
     PLACE_8(c, 5, in) | PLACE_8(c, 6, in) | PLACE_8(c, 7, in))
#define WORD_4(c, in) (PLACE_4(c, 0, in) | PLACE_4(c, 1, in) | PLACE_4(c, 2, in) | PLACE_4(c, 3, in))

#define GRID_8(name, count) const uint64_t tael__grid_##name[count] = {
#define GRID_4(name, count) const uint32_t tael__grid_##name[count] = {
#define E2(c)               WORD_8(c, IN_IQ2),
#define E1(c)               WORD_8(c, IN_IQ1),
#define E3(c)               WORD_4(c, IN_IQ3_XXS),
#define E3S(c)              WORD_4(c, IN_IQ3_S),
#define END \
    }       \
    ;
#include "compute/iq_grids.inc"
