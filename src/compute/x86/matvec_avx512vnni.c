// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats with blocks of 32, straight from the file's blocks.
 *
 * Two neighbouring blocks make one register of 64 bytes in the order of the columns, so one vpdpbusd does both: lanes
 * 0-7 belong to the first block, lanes 8-15 to the second. Weights are made unsigned; what that adds (offset times the
 * activations) is taken off by the accumulator's start value, which four rows share. The two scales are widened and
 * multiplied together and spread over the lanes by one permutation. About ten vector operations for 36 to 68 bytes:
 * bound by memory on the machines that we measured. Four rows at once, with the next lines fetched ahead, because one
 * stream alone does not fill the memory's queue. A row alone does the same arithmetic, so splits between threads change
 * no bit. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AT_ONCE = 4, AHEAD_BYTES = 16384 };

#define INLINE static inline __attribute__((always_inline))

/* [a x 16 bytes, a x 16 bytes, b, b] to nibbles: low of a, high of a, low of b, high of b. */
INLINE __m512i nibbles(const uint8_t *a, const uint8_t *b)
{
    const __m512i shift =
        _mm512_set_epi64(0x0004000400040004, 0x0004000400040004, 0, 0, 0x0004000400040004, 0x0004000400040004, 0, 0);
    __m512i q = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)a));
    q = _mm512_mask_broadcast_i32x4(q, 0xFF00, _mm_loadu_si128((const __m128i *)(const void *)b));
    return _mm512_and_si512(_mm512_srlv_epi16(q, shift), _mm512_set1_epi8(15));
}

/* Adds the fifth bits: bit i of `a` is for weight i of the first block. */
INLINE __m512i fifth_bits(__m512i q, const uint8_t *a, const uint8_t *b)
{
    __mmask64 set = (uint64_t)tael__load_u32(b) << 32 | tael__load_u32(a);
    return _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16));
}

/* What `offset` times the activations comes to in each lane, negated: the start of a sum over unsigned weights. */
INLINE __m512i start(int offset, __m512i a)
{
    __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), _mm512_set1_epi8((char)offset), a);
    return _mm512_sub_epi32(_mm512_setzero_si512(), sum);
}

/* Two f16 scales times the activations' two, over the lanes of their blocks. `d` holds the activations' scales. */
INLINE __m512 scales(const uint8_t *a, const uint8_t *b, __m128 d)
{
    __m128i h = _mm_insert_epi16(_mm_cvtsi32_si128(tael__load_u16(a)), tael__load_u16(b), 1);
    const __m512i spread = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    return _mm512_permutexvar_ps(spread, _mm512_castps128_ps512(_mm_mul_ps(_mm_cvtph_ps(h), d)));
}

/* One pair of blocks of one row, by format. `pair` points to the first block. */
INLINE __m512 pair_q4_0(__m512 acc, const uint8_t *pair, __m512i a, __m512i begin, __m128 d)
{
    const tael__block_q4_0 *w = (const void *)pair;
    __m512i sum = _mm512_dpbusd_epi32(begin, nibbles(w[0].qs, w[1].qs), a);
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scales(w[0].d, w[1].d, d), acc);
}

INLINE __m512 pair_q5_0(__m512 acc, const uint8_t *pair, __m512i a, __m512i begin, __m128 d)
{
    const tael__block_q5_0 *w = (const void *)pair;
    __m512i q = fifth_bits(nibbles(w[0].qs, w[1].qs), w[0].qh, w[1].qh);
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_dpbusd_epi32(begin, q, a)), scales(w[0].d, w[1].d, d), acc);
}

INLINE __m512 pair_q8_0(__m512 acc, const uint8_t *pair, __m512i a, __m512i begin, __m128 d)
{
    const tael__block_q8_0 *w = (const void *)pair;
    __m512i q = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)w[0].qs));
    q = _mm512_inserti64x4(q, _mm256_loadu_si256((const __m256i *)(const void *)w[1].qs), 1);
    q = _mm512_xor_si512(q, _mm512_set1_epi8((char)0x80)); /* q + 128, unsigned */
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_dpbusd_epi32(begin, q, a)), scales(w[0].d, w[1].d, d), acc);
}

typedef __m512 pair_fn(__m512 acc, const uint8_t *pair, __m512i a, __m512i begin, __m128 d);

/* `count` neighbouring rows at once. */
INLINE void rows_by_d(float *y, const uint8_t *w, const void *x, size_t cols, size_t block, int offset, pair_fn *pair,
                      int count)
{
    const int8_t *q = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);
    size_t blocks = cols / 32, row_bytes = blocks * block, b = 0;
    __m512 acc[AT_ONCE];
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) acc[r] = _mm512_setzero_ps();
    for (; b + 2 <= blocks; b += 2) {
        __m512i a = _mm512_load_si512(q + 32 * b), begin = start(offset, a);
        __m128 da = _mm_castpd_ps(_mm_load_sd((const double *)(const void *)(d + b)));
#pragma GCC unroll 4
        for (int r = 0; r < count; r++) {
            const uint8_t *at = w + (size_t)r * row_bytes + b * block;
            _mm_prefetch((const char *)at + AHEAD_BYTES, _MM_HINT_T0);
            acc[r] = pair(acc[r], at, a, begin, da);
        }
    }
    if (b < blocks) { /* an odd block meets one of zeros; the activations are padded with zeros themselves */
        __m512i a = _mm512_load_si512(q + 32 * b), begin = start(offset, a);
        for (int r = 0; r < count; r++) {
            uint8_t last[2 * sizeof(tael__block_q8_0)] = {0};
            memcpy(last, w + (size_t)r * row_bytes + b * block, block);
            acc[r] = pair(acc[r], last, a, begin, _mm_load_ss(d + b));
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) y[r] = _mm512_reduce_add_ps(acc[r]);
}

#define OVER_ROWS_BY_D(format, offset)                                                                           \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)                   \
    {                                                                                                            \
        const size_t block = sizeof(tael__block_##format), row_bytes = cols / 32 * block;                        \
        const uint8_t *row = w;                                                                                  \
        size_t r = 0;                                                                                            \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * row_bytes)                                    \
            rows_by_d(y + r, row, x, cols, block, offset, pair_##format, AT_ONCE);                               \
        for (; r < rows; r++, row += row_bytes) rows_by_d(y + r, row, x, cols, block, offset, pair_##format, 1); \
    }                                                                                                            \
    TAEL__EACH_TOKEN(format, avx512vnni)
OVER_ROWS_BY_D(q4_0, 8)
OVER_ROWS_BY_D(q5_0, 16)
OVER_ROWS_BY_D(q8_0, 128)

/* Formats with a minimum: d and m lie side by side, and so do d and s of the activations once they are interleaved, so
 * one product of four gives both scales and both m * s. */
typedef struct sums {
    __m512 dot;
    __m128 min; /* lanes 1 and 3 count */
} sums;

INLINE sums add_pair(sums acc, __m512i q, const uint8_t *a, const uint8_t *b, __m512i x, __m128 ds)
{
    __m128i h = _mm_insert_epi32(_mm_cvtsi32_si128((int)tael__load_u32(a)), (int)tael__load_u32(b), 1);
    __m128 product = _mm_mul_ps(_mm_cvtph_ps(h), ds);
    const __m512i spread = _mm512_set_epi32(2, 2, 2, 2, 2, 2, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0);
    __m512 scale = _mm512_permutexvar_ps(spread, _mm512_castps128_ps512(product));
    __m512i sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), q, x);
    acc.dot = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, acc.dot);
    acc.min = _mm_add_ps(acc.min, product);
    return acc;
}

INLINE sums pair_q4_1(sums acc, const uint8_t *pair, __m512i a, __m128 ds)
{
    const tael__block_q4_1 *w = (const void *)pair;
    return add_pair(acc, nibbles(w[0].qs, w[1].qs), w[0].d, w[1].d, a, ds);
}

INLINE sums pair_q5_1(sums acc, const uint8_t *pair, __m512i a, __m128 ds)
{
    const tael__block_q5_1 *w = (const void *)pair;
    __m512i q = fifth_bits(nibbles(w[0].qs, w[1].qs), w[0].qh, w[1].qh);
    return add_pair(acc, q, w[0].d, w[1].d, a, ds);
}

typedef sums pair_min_fn(sums acc, const uint8_t *pair, __m512i a, __m128 ds);

INLINE void rows_by_min(float *y, const uint8_t *w, const void *x, size_t cols, size_t block, pair_min_fn *pair,
                        int count)
{
    const int8_t *q = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_1, cols), *s = tael__act_s(x, cols);
    size_t blocks = cols / 32, row_bytes = blocks * block, b = 0;
    sums acc[AT_ONCE];
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) acc[r] = (sums){_mm512_setzero_ps(), _mm_setzero_ps()};
    for (; b + 2 <= blocks; b += 2) {
        __m512i a = _mm512_load_si512(q + 32 * b);
        __m128 da = _mm_castpd_ps(_mm_load_sd((const double *)(const void *)(d + b)));
        __m128 ds = _mm_unpacklo_ps(da, _mm_castpd_ps(_mm_load_sd((const double *)(const void *)(s + b))));
#pragma GCC unroll 4
        for (int r = 0; r < count; r++) {
            const uint8_t *at = w + (size_t)r * row_bytes + b * block;
            _mm_prefetch((const char *)at + AHEAD_BYTES, _MM_HINT_T0);
            acc[r] = pair(acc[r], at, a, ds);
        }
    }
    if (b < blocks) {
        __m512i a = _mm512_load_si512(q + 32 * b);
        __m128 ds = _mm_unpacklo_ps(_mm_load_ss(d + b), _mm_load_ss(s + b));
        for (int r = 0; r < count; r++) {
            uint8_t last[2 * sizeof(tael__block_q5_1)] = {0};
            memcpy(last, w + (size_t)r * row_bytes + b * block, block);
            acc[r] = pair(acc[r], last, a, ds);
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) {
        __m128 min = _mm_add_ss(_mm_movehdup_ps(acc[r].min), _mm_shuffle_ps(acc[r].min, acc[r].min, 3));
        y[r] = _mm512_reduce_add_ps(acc[r].dot) + _mm_cvtss_f32(min);
    }
}

#define OVER_ROWS_BY_MIN(format)                                                                           \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)             \
    {                                                                                                      \
        const size_t block = sizeof(tael__block_##format), row_bytes = cols / 32 * block;                  \
        const uint8_t *row = w;                                                                            \
        size_t r = 0;                                                                                      \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * row_bytes)                              \
            rows_by_min(y + r, row, x, cols, block, pair_##format, AT_ONCE);                               \
        for (; r < rows; r++, row += row_bytes) rows_by_min(y + r, row, x, cols, block, pair_##format, 1); \
    }                                                                                                      \
    TAEL__EACH_TOKEN(format, avx512vnni)
OVER_ROWS_BY_MIN(q4_1)
OVER_ROWS_BY_MIN(q5_1)
