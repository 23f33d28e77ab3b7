// SPDX-License-Identifier: Apache-2.0
/* Activations to 8 bits, eight at a time, with the reference's bits: conversion rounds to nearest, ties to even, and
 * only sums of whole numbers and maxima change their order. A row is small next to the weights that meet it, so wider
 * registers would gain nothing. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

static inline __m256 magnitude(__m256 v)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), v);
}

static inline float largest(__m256 v)
{
    __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    m = _mm_max_ps(m, _mm_movehl_ps(m, m));
    return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

static inline int sum_of(__m256i v)
{
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4E));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xB1)));
}

static inline float round_to_f16(float f)
{
    return _cvtsh_ss(_cvtss_sh(f, _MM_FROUND_TO_NEAREST_INT));
}

/* 32 values times `inverse`, as bytes in their order. Packing works within halves, so the last step puts groups of four
 * back in place. */
static inline __m256i bytes_of(const float *x, __m256 inverse)
{
    __m256i i[4];
    for (int k = 0; k < 4; k++) i[k] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * k), inverse));
    __m256i packed = _mm256_packs_epi16(_mm256_packs_epi32(i[0], i[1]), _mm256_packs_epi32(i[2], i[3]));
    return _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

/* Sums of two neighbouring bytes, in 16 bits. */
static inline __m256i pairs(__m256i q)
{
    return _mm256_maddubs_epi16(_mm256_set1_epi8(1), q);
}

static inline __attribute__((always_inline)) void quantize_32(void *out, const float *x, size_t cols,
                                                              tael__act_kind kind)
{
    tael__act_layout at = tael__act_layout_of(kind, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d), *s = (float *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 32; b++, x += 32) {
        __m256 m = _mm256_max_ps(magnitude(_mm256_loadu_ps(x)), magnitude(_mm256_loadu_ps(x + 8)));
        m = _mm256_max_ps(m, _mm256_max_ps(magnitude(_mm256_loadu_ps(x + 16)), magnitude(_mm256_loadu_ps(x + 24))));
        float max = largest(m), scale = max / 127.0f;
        d[b] = round_to_f16(scale);
        if (d[b] == 0) continue;
        __m256i bytes = bytes_of(x, _mm256_set1_ps(127.0f / max));
        _mm256_store_si256((__m256i *)(void *)(q + 32 * b), bytes);
        if (kind == TAEL__ACT_q8_1) {
            int sum = sum_of(_mm256_madd_epi16(pairs(bytes), _mm256_set1_epi16(1)));
            s[b] = round_to_f16(scale * (float)sum);
        }
    }
}

void tael__quantize_q8_0__avx2(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_0);
}

void tael__quantize_q8_1__avx2(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_1);
}

/* The first value of 256 whose magnitude is `max`. */
static inline float first_of(const float *x, float max)
{
    for (int i = 0; i < 256; i += 8) {
        __m256 v = _mm256_loadu_ps(x + i);
        int found = _mm256_movemask_ps(_mm256_cmp_ps(magnitude(v), _mm256_set1_ps(max), _CMP_EQ_OQ));
        if (found) return x[i + __builtin_ctz((unsigned)found)];
    }
    return 0;
}

void tael__quantize_q8_k__avx2(void *out, const float *x, size_t cols)
{
    tael__act_layout at = tael__act_layout_of(TAEL__ACT_q8_k, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d);
    int16_t *sums = (int16_t *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 256; b++, x += 256) {
        __m256 m = _mm256_setzero_ps();
        for (int i = 0; i < 256; i += 8) m = _mm256_max_ps(m, magnitude(_mm256_loadu_ps(x + i)));
        float inverse = -127.0f / first_of(x, largest(m));
        if (!isfinite(inverse)) continue;
        d[b] = 1.0f / inverse;
        for (size_t i = 0; i < 256; i += 32) {
            __m256i bytes = bytes_of(x + i, _mm256_set1_ps(inverse));
            _mm256_store_si256((__m256i *)(void *)(q + 256 * b + i), bytes);
            __m256i fours = _mm256_madd_epi16(pairs(bytes), _mm256_set1_epi16(1)); /* four lanes for each 16 */
            fours = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0x4E));
            fours = _mm256_add_epi32(fours, _mm256_shuffle_epi32(fours, 0xB1));
            sums[16 * b + i / 16] = (int16_t)_mm256_extract_epi32(fours, 0);
            sums[16 * b + i / 16 + 1] = (int16_t)_mm256_extract_epi32(fours, 4);
        }
    }
}
