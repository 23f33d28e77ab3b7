// SPDX-License-Identifier: Apache-2.0
/* Where a slice's activations lie: forward writes them, backward reads them. n: the slice's tokens. */
#ifndef TAEL__SEQUENCE_BATCH_H
#define TAEL__SEQUENCE_BATCH_H

#include "habits/sequence.h"

typedef struct tael__sequence_layer {
    float *input;                   /* [n][d] */
    float *unit1, *spread1, *norm1; /* [n][d] without gain and offset, [n] 1 / deviation, [n][d] */
    float *qkv, *weights, *mixed;   /* [n][3d], attention's softmax (below), [n][d] */
    float *middle;                  /* [n][d] input and attention */
    float *unit2, *spread2, *norm2;
    float *up, *active; /* [n][inner] before and after GELU */
} tael__sequence_layer;

typedef struct tael__sequence_activations {
    tael__sequence_layer layer[TAEL_SEQUENCE_MAX_BLOCKS];
    float *output, *unit, *spread, *norm, *length_inverse; /* of the last norm; 1 / its length */
    float *branch, *wide, *slope;                          /* room: [n][d], [n][max(3d, inner)], [n][d] */
} tael__sequence_activations;

/* Attention's weights of a sequence of length l are l · l floats a head, row by row, head by head; `squares` is the sum
 * of l · l over the slice. With `memory` NULL only counts. Returns the floats that it takes. */
size_t tael__sequence_activations_lay(tael__sequence_activations *a, const tael__sequence_sizes *s, float *memory,
                                      size_t n, size_t squares);
size_t tael__sequence_squares(const tael__sequence_batch *batch, const tael__sequence_slice *slice);

/* The key of a dropout: block and place 0 (input), 1 (attention), 2 (feed-forward), at a token of the batch. */
static inline uint32_t tael__sequence_key(const tael__sequence_batch *batch, uint32_t block, uint32_t place,
                                          size_t token)
{
    return batch->key + (block * 3 + place) * 0x85EBCA6Bu + (uint32_t)token * 0xC2B2AE35u;
}

#endif
