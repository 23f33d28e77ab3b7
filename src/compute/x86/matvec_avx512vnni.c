// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for the formats with blocks of 32, straight from the file's blocks.
 *
 * Two neighbouring blocks make one register of 64 bytes in the order of the columns, so one vpdpbusd does both: lanes
 * 0-7 belong to the first block, lanes 8-15 to the second. Weights are made unsigned; what that adds (offset times the
 * activations) is taken off by the sum's start value, which neighbouring rows share. Scales are taken four blocks at a
 * time: collected with ordinary 64-bit arithmetic, whose ports are idle, converted and multiplied together, and spread
 * over the lanes by one permutation a pair. That leaves nine vector operations for q4_0's 36 bytes, 4.5 cycles of two
 * ports, where memory takes 6 at 6 bytes a cycle.
 *
 * Four rows at once for one token, two for more, whose sums fill the registers: weights are unpacked once for all
 * tokens. Every row and token alone does the same arithmetic in the same order. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"
#include "compute/x86/unpack_avx512.h"

enum { AT_ONCE = 4 };

/* What is particular to a format: its blocks begin with d; those without an offset go on with m. */
typedef struct shape {
    size_t block; /* bytes */
    int offset;
    __m512i (*unpack)(const uint8_t *pair);
} shape;

/* The f16 numbers that four blocks have at the same place. */
INLINE __m128 four(const uint8_t *at, size_t block)
{
    return _mm_cvtph_ps(_mm_cvtsi64_si128((long long)four_halves(at, block)));
}

/* The first (p = 0) or last two of four numbers, over the lanes of their blocks. */
INLINE __m512 spread(__m128 four, int p)
{
    const __m512i second = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_permutexvar_ps(_mm512_add_epi32(second, _mm512_set1_epi32(2 * p)), _mm512_castps128_ps512(four));
}

/* What `offset` times the activations comes to in each lane, negated: the start of a sum over unsigned weights. */
INLINE __m512i start(int offset, __m512i a)
{
    if (offset == 0) return _mm512_setzero_si512();
    __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8((char)offset), a);
    return _mm512_sub_epi32(_mm512_setzero_si512(), sum);
}

/* Adds four blocks of each row, the first of them at[r], times block b and on of each token. */
INLINE void add_four(__m512 *acc, const uint8_t *const *at, shape f, const char *x, size_t x_stride,
                     tael__act_layout layout, size_t b, int rows, int tokens)
{
    __m128 d[AT_ONCE], m[AT_ONCE];
    __m512i q[2][AT_ONCE];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
        d[r] = four(at[r], f.block);
        if (f.offset == 0) m[r] = four(at[r] + 2, f.block);
        q[0][r] = f.unpack(at[r]);
        q[1][r] = f.unpack(at[r] + 2 * f.block);
    }
#pragma GCC unroll 8
    for (int t = 0; t < tokens; t++) {
        const char *row = x + (size_t)t * x_stride;
        __m128 da = _mm_load_ps((const float *)(const void *)(row + layout.d + 4 * b)), sa = da;
        if (f.offset == 0) sa = _mm_load_ps((const float *)(const void *)(row + layout.extra + 4 * b));
        __m512 *sum = acc + t * rows;
#pragma GCC unroll 2
        for (int p = 0; p < 2; p++) {
            __m512i a = _mm512_load_si512(row + 32 * b + 64 * (size_t)p), begin = start(f.offset, a);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++) {
                __m512 dot = _mm512_cvtepi32_ps(_mm512_dpbusd_epi32(begin, q[p][r], a));
                sum[r] = _mm512_fmadd_ps(dot, spread(_mm_mul_ps(d[r], da), p), sum[r]);
                if (f.offset == 0 && p == 0)
                    sum[r] = _mm512_fmadd_ps(_mm512_zextps128_ps512(m[r]), _mm512_zextps128_ps512(sa), sum[r]);
            }
        }
    }
}

INLINE void rows_of(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t cols,
                    size_t apart, shape f, int rows, int tokens)
{
    const tael__act_layout layout = tael__act_layout_of(f.offset == 0 ? TAEL__ACT_q8_1 : TAEL__ACT_q8_0, cols);
    const size_t blocks = cols / 32, step = apart * blocks * f.block;
    const uint8_t *at[AT_ONCE];
    __m512 acc[2 * TAEL__MATVEC_TOKENS];
    size_t b = 0;
#pragma GCC unroll 16
    for (int i = 0; i < rows * tokens; i++) acc[i] = _mm512_setzero_ps();
    for (; b + 4 <= blocks; b += 4) {
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            at[r] = w + (size_t)r * step + b * f.block;
#pragma GCC unroll 4
            for (size_t line = 0; line < 4 * f.block; line += 64)
                _mm_prefetch((const char *)at[r] + TAEL__AHEAD + line, _MM_HINT_T0);
        }
        add_four(acc, at, f, x, x_stride, layout, b, rows, tokens);
    }
    if (b < blocks) { /* the rest of four meets blocks whose d and m are 0, as are the activations' scales there */
        uint8_t last[AT_ONCE][4 * sizeof(tael__block_q8_0)] = {{0}};
        for (int r = 0; r < rows; r++) {
            memcpy(last[r], w + (size_t)r * step + b * f.block, (blocks - b) * f.block);
            at[r] = last[r];
        }
        add_four(acc, at, f, x, x_stride, layout, b, rows, tokens);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows * tokens; i++)
        y[(size_t)(i / rows) * y_stride + (size_t)(i % rows) * apart] = _mm512_reduce_add_ps(acc[i]);
}

#define OVER_ROWS(format, offset)                                                                          \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, \
                              size_t cols, size_t apart, int rows, int tokens)                             \
    {                                                                                                      \
        const shape f = {sizeof(tael__block_##format), offset, pair_##format};                             \
        rows_of(y, y_stride, w, x, x_stride, cols, apart, f, rows, tokens);                                \
    }                                                                                                      \
    TAEL__MATVEC_OVER_ROWS(format, avx512vnni, AT_ONCE, 2, cols / 32 * sizeof(tael__block_##format))
OVER_ROWS(q4_0, 8)
OVER_ROWS(q4_1, 0)
OVER_ROWS(q5_0, 16)
OVER_ROWS(q5_1, 0)
OVER_ROWS(q8_0, 128)
