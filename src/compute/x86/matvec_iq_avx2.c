// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats whose numbers are places in a list. A block is unpacked once, whatever its
 * format, and meets up to eight tokens: |w| times sign(w) * a by vpmaddubsw, whose sums of two stay below 2^15 for both
 * are at most 127; a second product widens them and applies a super-block's whole-number scales. The nibbles of
 * iq4_nl, iq4_xs and mxfp4 become values by vpshufb; the grids' entries are read eight weights at a time, which bounds
 * those formats (150 to 250 ordinary instructions for 256 weights). */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks_iq.h"
#include "compute/kernels_declared.h"

enum { AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

INLINE __m256i load(const int8_t *p)
{
    return _mm256_load_si256((const __m256i *)(const void *)p);
}

/* 32 nibbles of 16 bytes, low ones first, as their values. */
INLINE __m256i values_of(const uint8_t *qs, const int8_t values[16])
{
    __m256i list = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)values));
    __m128i low = _mm_loadu_si128((const __m128i *)(const void *)qs);
    __m256i q = _mm256_inserti128_si256(_mm256_castsi128_si256(low), _mm_srli_epi16(low, 4), 1);
    return _mm256_shuffle_epi8(list, _mm256_and_si256(q, _mm256_set1_epi8(15)));
}

/* 16-bit sums of two products. */
INLINE __m256i products(__m256i w, __m256i a)
{
    return _mm256_maddubs_epi16(_mm256_abs_epi8(w), _mm256_sign_epi8(a, w));
}

INLINE float sum_of(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

INLINE float scale_iq4_nl(const tael__block_iq4_nl *b)
{
    return _cvtsh_ss(tael__load_u16(b->d));
}
INLINE float scale_mxfp4(const tael__block_mxfp4 *b)
{
    return tael__mxfp4_scale(b->e);
}

#define BLOCK_32(format, values)                                                                                       \
    INLINE void row_##format(float *y, size_t y_stride, const tael__block_##format *w, const char *x, size_t x_stride, \
                             size_t cols, const size_t tokens)                                                         \
    {                                                                                                                  \
        static const int8_t list[16] = values;                                                                         \
        const size_t d_at = tael__act_layout_of(TAEL__ACT_q8_0, cols).d;                                               \
        __m256 acc[TAEL__MATVEC_TOKENS];                                                                               \
        for (size_t t = 0; t < tokens; t++) acc[t] = _mm256_setzero_ps();                                              \
        for (size_t at = 0; at < cols / 32; at++) {                                                                    \
            __m256i q = values_of(w[at].qs, list);                                                                     \
            float d = scale_##format(w + at);                                                                          \
            _mm_prefetch((const char *)(w + at) + AHEAD_BYTES, _MM_HINT_T0);                                           \
            for (size_t t = 0; t < tokens; t++) {                                                                      \
                const char *row = x + t * x_stride;                                                                    \
                float by = d * ((const float *)(const void *)(row + d_at))[at];                                        \
                __m256i dot = products(q, load((const int8_t *)row + 32 * at));                                        \
                dot = _mm256_madd_epi16(dot, _mm256_set1_epi16(1));                                                    \
                acc[t] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(dot), _mm256_set1_ps(by), acc[t]);                         \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t t = 0; t < tokens; t++) y[t * y_stride] = sum_of(acc[t]);                                          \
    }                                                                                                                  \
    OVER_ROWS(format, 32)

/* ---- Super-blocks ---- */

/* `s` for each 16 weights; one register holds 32 weights, so two scales for 8 sums of two each. */
INLINE __m256 add_block(__m256 acc, const int8_t *q, const int8_t *s, const int8_t *a, float by)
{
    __m256i scales = _mm256_cvtepi8_epi16(_mm_load_si128((const __m128i *)(const void *)s));
    __m256i even = _mm256_permute4x64_epi64(scales, 0x44), odd = _mm256_permute4x64_epi64(scales, 0xEE);
    __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
        const __m256i pick = _mm256_add_epi8(
            _mm256_set1_epi16((short)(0x0404 * (k % 4))),
            _mm256_set_epi64x(0x0302030203020302, 0x0302030203020302, 0x0100010001000100, 0x0100010001000100));
        __m256i each = _mm256_shuffle_epi8(k < 4 ? even : odd, pick);
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(products(load(q + 32 * k), load(a + 32 * k)), each));
    }
    return _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(by), acc);
}

INLINE uint16_t quick_iq4_xs(int8_t *q, int8_t *s, const tael__block_iq4_xs *b)
{
    static const int8_t list[16] = TAEL__IQ4_VALUES;
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) _mm256_store_si256((__m256i *)(void *)(q + 32 * k), values_of(b->qs + 16 * k, list));
    uint32_t low = tael__load_u32(b->scales_l);
    uint64_t scales = _pdep_u64(low, 0x0F0F0F0F0F0F0F0F) | _pdep_u64(tael__load_u16(b->scales_h), 0x3030303030303030);
    __m128i eight = _mm_sub_epi8(_mm_cvtsi64_si128((long long)scales), _mm_set1_epi8(32));
    _mm_store_si128((__m128i *)(void *)s, _mm_unpacklo_epi8(eight, eight));
    return tael__load_u16(b->d);
}
#define quick_iq3_s   tael__unpack_iq3_s
#define quick_iq3_xxs tael__unpack_iq3_xxs
#define quick_iq2_s   tael__unpack_iq2_s
#define quick_iq2_xs  tael__unpack_iq2_xs
#define quick_iq2_xxs tael__unpack_iq2_xxs
#define quick_iq1_m   tael__unpack_iq1_m
#define quick_iq1_s   tael__unpack_iq1_s
#define quick_tq2_0   tael__unpack_tq2_0
#define quick_tq1_0   tael__unpack_tq1_0

#define SUPER(format, unit)                                                                                            \
    INLINE void row_##format(float *y, size_t y_stride, const tael__block_##format *w, const char *x, size_t x_stride, \
                             size_t cols, const size_t tokens)                                                         \
    {                                                                                                                  \
        const size_t d_at = tael__act_layout_of(TAEL__ACT_q8_k, cols).d;                                               \
        __m256 acc[TAEL__MATVEC_TOKENS];                                                                               \
        for (size_t t = 0; t < tokens; t++) acc[t] = _mm256_setzero_ps();                                              \
        for (size_t at = 0; at < cols / 256; at++) {                                                                   \
            _Alignas(32) int8_t q[256], s[16];                                                                         \
            for (size_t i = 0; i < sizeof *w; i += 64)                                                                 \
                _mm_prefetch((const char *)(w + at) + AHEAD_BYTES + i, _MM_HINT_T0);                                   \
            float d = _cvtsh_ss(quick_##format(q, s, w + at)) * unit;                                                  \
            for (size_t t = 0; t < tokens; t++) {                                                                      \
                const char *row = x + t * x_stride;                                                                    \
                float by = d * ((const float *)(const void *)(row + d_at))[at];                                        \
                acc[t] = add_block(acc[t], q, s, (const int8_t *)row + 256 * at, by);                                  \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t t = 0; t < tokens; t++) y[t * y_stride] = sum_of(acc[t]);                                          \
    }                                                                                                                  \
    OVER_ROWS(format, 256)

#define OVER_ROWS(format, weights)                                                                               \
    void tael__matvec_##format##__avx2(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                       size_t rows, size_t cols, size_t tokens)                                  \
    {                                                                                                            \
        const tael__block_##format *row = w;                                                                     \
        for (size_t r = 0; r < rows; r++, row += cols / weights) {                                               \
            if (tokens == 1)                                                                                     \
                row_##format(y + r, y_stride, row, x, x_stride, cols, 1);                                        \
            else                                                                                                 \
                row_##format(y + r, y_stride, row, x, x_stride, cols, tokens);                                   \
        }                                                                                                        \
    }

#define LIST(...) __VA_ARGS__
BLOCK_32(iq4_nl, LIST(TAEL__IQ4_VALUES))
BLOCK_32(mxfp4, LIST(TAEL__MXFP4_VALUES))
#include "compute/iq.inc"
