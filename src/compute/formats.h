// SPDX-License-Identifier: Apache-2.0
/* Block formats of weights, as they lie in a GGUF file, and of activations, as our kernels take them. */
#ifndef TAEL__COMPUTE_FORMATS_H
#define TAEL__COMPUTE_FORMATS_H

#include "base/status.h"

typedef enum tael__format {
#define FORMAT(name, gguf, bytes, weights, act) TAEL__FORMAT_##name,
#include "compute/formats.inc"
#undef FORMAT
    TAEL__FORMAT_COUNT
} tael__format;

/* Activations are quantised to 8 bits as the common engines do (same block sizes, same rounding), so that greedy
 * outputs agree with theirs: q8_0: 32 values, scale f16. q8_1: the same and the block's sum. q8_k: 256 values, scale
 * f32, sums of
 * 16. f32: as they are. bf16: rounded to that, for tiles of AMX. How a kind is laid out in memory is compute's own
 * business (activations.h). */
typedef enum tael__act_kind {
    TAEL__ACT_f32,
    TAEL__ACT_q8_0,
    TAEL__ACT_q8_1,
    TAEL__ACT_q8_k,
    TAEL__ACT_bf16,
    TAEL__ACT_COUNT
} tael__act_kind;

typedef struct tael__format_info {
    const char *name; /* "Q4_K", as people write it */
    uint32_t gguf;    /* the type number in the file */
    uint32_t block_bytes, block_weights;
    tael__act_kind act;
} tael__format_info;

extern const tael__format_info tael__formats[TAEL__FORMAT_COUNT];

/* The format with that GGUF type number, or TAEL__FORMAT_COUNT. */
tael__format tael__format_of_gguf(uint32_t type);

/* Bytes of a row of `cols` weights; false when cols is no multiple of the block or it overflows. */
bool tael__format_row_bytes(size_t *bytes, tael__format format, size_t cols);

float tael__f16_to_f32(uint16_t h);
uint16_t tael__f32_to_f16(float f); /* round to nearest even */

#endif
