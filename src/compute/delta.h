// SPDX-License-Identifier: Apache-2.0
/* The gated delta rule (Yang, Kautz and Hatamizadeh 2024, arXiv 2412.06464): a linear attention whose memory of all
 * earlier tokens is one matrix S a head. For each token, with key k of length 1, value v, decay a and strength b:
 *
 *   S = a S,  S = S + b k (v - k' S)',  out = q' S
 *
 * Columns of S never meet, so they can be computed apart: one thread takes some of them through all tokens, and they
 * stay in its cache meanwhile. */
#ifndef TAEL__COMPUTE_DELTA_H
#define TAEL__COMPUTE_DELTA_H

#include <stddef.h>

typedef struct tael__delta {
    float *out;                /* [tokens], out_stride apart: f32[columns] */
    const float *q, *k;        /* [tokens], key_stride apart: f32[size] */
    const float *v;            /* [tokens], value_stride apart: f32[columns] */
    const float *decay, *beta; /* [tokens], gate_stride apart: one number */
    const float *from;         /* S before the first token: f32[size][columns], state_stride apart */
    float *to;                 /* S after the last one; may be `from` */
    size_t out_stride, key_stride, value_stride, gate_stride, state_stride; /* in floats */
    size_t size, columns, tokens; /* numbers of a key; those of a value that this is about; tokens > 0 */
} tael__delta;

/* Each column's result depends on that column alone, to the bit: neither on the split of columns nor on how tokens are
 * cut into calls. */
typedef void tael__delta_fn(const tael__delta *d);

#endif
