// SPDX-License-Identifier: Apache-2.0
/* How a quantised row of activations lies in memory. One row is several arrays, each beginning on a cache line:
 *
 *   f32   float x[cols]
 *   q8_0  int8 q[cols], float d[cols/32]                      x ~ d[i/32] * q[i]; d is rounded to f16, kept as f32
 *   q8_1  int8 q[cols], float d[cols/32], float s[cols/32]    s: the block's d * sum(q), rounded to f16, kept as f32
 *   q8_k  int8 q[cols], float d[cols/256], int16 sums[cols/16] sums: of 16 neighbouring q
 *   bf16  uint16 bf16 numbers, in each eight columns in the order 0 4 1 5 2 6 3 7 (x86/unpack_amx.h tells why), padded
 *         with zeros to an odd number of cache lines: rows that are a power of two apart would share sets of the cache
 *
 * q is in the order of the columns. Arrays apart from each other let a kernel load 64 q at once, aligned, whatever the
 * weights' blocks are. Each array's padding (up to the next cache line) is zero for d, s and sums, so that a kernel may
 * read scales sixteen at a time; q is padded with zeros as well. */
#ifndef TAEL__COMPUTE_ACTIVATIONS_H
#define TAEL__COMPUTE_ACTIVATIONS_H

#include "compute/formats.h"

/* Where the arrays of a row begin, in bytes from its start; absent arrays begin at the end. */
typedef struct tael__act_layout {
    size_t d, extra, bytes; /* extra: s of q8_1, sums of q8_k; bytes: the whole row, a multiple of 64 */
} tael__act_layout;

static inline size_t tael__act_line(size_t bytes)
{
    return (bytes + 63) & ~(size_t)63;
}

static inline tael__act_layout tael__act_layout_of(tael__act_kind kind, size_t cols)
{
    tael__act_layout a;
    a.d = tael__act_line(kind == TAEL__ACT_f32 ? cols * 4 : kind == TAEL__ACT_bf16 ? cols * 2 : cols);
    if (kind == TAEL__ACT_bf16) a.d |= 64;
    a.extra = a.d;
    if (kind == TAEL__ACT_q8_0 || kind == TAEL__ACT_q8_1) a.extra += tael__act_line(cols / 32 * 4);
    if (kind == TAEL__ACT_q8_k) a.extra += tael__act_line(cols / 256 * 4);
    a.bytes = a.extra;
    if (kind == TAEL__ACT_q8_1) a.bytes += tael__act_line(cols / 32 * 4);
    if (kind == TAEL__ACT_q8_k) a.bytes += tael__act_line(cols / 16 * 2);
    return a;
}

/* Pointers into one row. */
static inline const int8_t *tael__act_q(const void *row)
{
    return row;
}
static inline const float *tael__act_d(const void *row, tael__act_kind kind, size_t cols)
{
    return (const float *)(const void *)((const char *)row + tael__act_layout_of(kind, cols).d);
}
static inline const float *tael__act_s(const void *row, size_t cols)
{
    return (const float *)(const void *)((const char *)row + tael__act_layout_of(TAEL__ACT_q8_1, cols).extra);
}
static inline const int16_t *tael__act_sums(const void *row, size_t cols)
{
    return (const int16_t *)(const void *)((const char *)row + tael__act_layout_of(TAEL__ACT_q8_k, cols).extra);
}

#endif
