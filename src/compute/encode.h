// SPDX-License-Identifier: Apache-2.0
/* Numbers to blocks: the way back from dequantize, for `tael quantize`. A block's scale is searched for: of some twenty
 * candidates around "the largest number gets the largest code" the one with the least sum of weighted squared errors
 * wins, each with the scale that least squares gives for its codes. Every instruction set gives the same bits. */
#ifndef TAEL__COMPUTE_ENCODE_H
#define TAEL__COMPUTE_ENCODE_H

#include "compute/formats.h"

/* out: one row of `cols` finite numbers (a multiple of the format's block) as blocks. importance: how much each
 * column's squared error counts, f32[cols], not negative; NULL: the larger a weight the more. Formats of floats and
 * q8_0 ignore it. */
typedef void tael__encode_fn(void *out, const float *x, const float *importance, size_t cols);

/* The encoder for this CPU, or NULL for a format that Tael only reads. */
tael__encode_fn *tael__encode_of(tael__format format);

#endif
