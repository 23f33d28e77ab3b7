// SPDX-License-Identifier: Apache-2.0
/* The work between linear layers with 8 floats at a time. Tails go through a small zeroed buffer: AVX2 has no masked
 * access to 16-bit values. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "compute/kernels_declared.h"

#define ROUND (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

static inline __m256 load_first(const float *p, size_t n)
{
    float buffer[8] = {0};
    if (n >= 8) return _mm256_loadu_ps(p);
    memcpy(buffer, p, n * sizeof *p);
    return _mm256_loadu_ps(buffer);
}

static inline void store_first(float *p, __m256 x, size_t n)
{
    float buffer[8];
    if (n >= 8) {
        _mm256_storeu_ps(p, x);
        return;
    }
    _mm256_storeu_ps(buffer, x);
    memcpy(p, buffer, n * sizeof *p);
}

static inline __m256 load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}
static inline __m256 load_f16_first(const uint16_t *p, size_t n)
{
    uint16_t buffer[8] = {0};
    if (n >= 8) return load_f16(p);
    memcpy(buffer, p, n * sizeof *p);
    return load_f16(buffer);
}

static inline __m256 round_f16(__m256 x)
{
    return _mm256_cvtph_ps(_mm256_cvtps_ph(x, ROUND));
}

static inline float sum_8(__m256 x)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; Taylor's terms to r^7 leave 2e-9 of relative error there.
 * 2^n is made from its exponent bits in two halves, so that arguments up to 89 overflow to infinity as they should. */
static inline __m256 exp8(__m256 x)
{
    const __m256 floor = _mm256_set1_ps(-87.3f);
    __m256 lost = _mm256_cmp_ps(x, floor, _CMP_LT_OQ);
    x = _mm256_max_ps(_mm256_min_ps(x, _mm256_set1_ps(89)), floor);
    __m256 n = _mm256_round_ps(_mm256_mul_ps(x, _mm256_set1_ps(0x1.715476p0f)), ROUND);
    __m256 r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.62e4p-1f), x);
    r = _mm256_fnmadd_ps(n, _mm256_set1_ps(0x1.7f7d1cp-20f), r);
    __m256 p = _mm256_set1_ps(1.f / 5040);
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.f / 720));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.f / 120));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.f / 24));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.f / 6));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(0.5f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
    __m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1), bias = _mm256_set1_epi32(127);
    __m256 a = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(half, bias), 23));
    __m256 b = _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(_mm256_sub_epi32(whole, half), bias), 23));
    return _mm256_andnot_ps(lost, _mm256_mul_ps(_mm256_mul_ps(p, a), b));
}

void tael__rms_norm__avx2(float *y, const float *x, const float *weight, size_t n, float epsilon)
{
    __m256d low = _mm256_setzero_pd(), high = low;
    for (size_t i = 0; i < n; i += 8) {
        __m256 a = load_first(x + i, n - i), square = _mm256_mul_ps(a, a);
        low = _mm256_add_pd(low, _mm256_cvtps_pd(_mm256_castps256_ps128(square)));
        high = _mm256_add_pd(high, _mm256_cvtps_pd(_mm256_extractf128_ps(square, 1)));
    }
    double lanes[4];
    _mm256_storeu_pd(lanes, _mm256_add_pd(low, high));
    double sum = lanes[0] + lanes[1] + (lanes[2] + lanes[3]);
    __m256 scale = _mm256_set1_ps(1 / sqrtf((float)(sum / (double)n) + epsilon));
    for (size_t i = 0; i < n; i += 8) {
        __m256 a = _mm256_mul_ps(load_first(x + i, n - i), scale);
        store_first(y + i, _mm256_mul_ps(a, load_first(weight + i, n - i)), n - i);
    }
}

void tael__swiglu__avx2(float *gate, const float *up, size_t n)
{
    const __m256 one = _mm256_set1_ps(1);
    for (size_t i = 0; i < n; i += 8) {
        __m256 g = load_first(gate + i, n - i);
        __m256 e = exp8(_mm256_sub_ps(_mm256_setzero_ps(), g));
        g = _mm256_mul_ps(_mm256_div_ps(g, _mm256_add_ps(one, e)), load_first(up + i, n - i));
        store_first(gate + i, g, n - i);
    }
}

void tael__geglu__avx2(float *gate, const float *up, size_t n)
{
    const __m256 one = _mm256_set1_ps(1), cube = _mm256_set1_ps(0.044715f);
    const __m256 scale = _mm256_set1_ps(-2 * 0.79788456f);
    for (size_t i = 0; i < n; i += 8) {
        __m256 g = load_first(gate + i, n - i);
        __m256 inner = _mm256_mul_ps(g, _mm256_fmadd_ps(_mm256_mul_ps(cube, g), g, one));
        __m256 e = exp8(_mm256_mul_ps(scale, inner));
        g = _mm256_mul_ps(_mm256_div_ps(g, _mm256_add_ps(one, e)), load_first(up + i, n - i));
        store_first(gate + i, g, n - i);
    }
}

/* The normal distribution's tail by Abramowitz and Stegun's 7.1.26: within 7.5e-8. */
void tael__gelu__avx2(float *x, size_t n)
{
    const __m256 one = _mm256_set1_ps(1), half = _mm256_set1_ps(-0.5f), sign = _mm256_set1_ps(-0.0f);
    for (size_t i = 0; i < n; i += 8) {
        __m256 a = load_first(x + i, n - i), z = _mm256_mul_ps(_mm256_andnot_ps(sign, a), _mm256_set1_ps(0.70710678f));
        __m256 t = _mm256_div_ps(one, _mm256_fmadd_ps(_mm256_set1_ps(0.3275911f), z, one));
        __m256 p = _mm256_set1_ps(0.5f * 1.061405429f);
        p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.5f * -1.453152027f));
        p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.5f * 1.421413741f));
        p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.5f * -0.284496736f));
        p = _mm256_fmadd_ps(p, t, _mm256_set1_ps(0.5f * 0.254829592f));
        __m256 tail = _mm256_mul_ps(_mm256_mul_ps(p, t), exp8(_mm256_mul_ps(half, _mm256_mul_ps(a, a))));
        __m256 share = _mm256_blendv_ps(_mm256_sub_ps(one, tail), tail, a); /* by the sign of a */
        store_first(x + i, _mm256_mul_ps(a, share), n - i);
    }
}

void tael__let_through__avx2(float *x, const float *gate, size_t n)
{
    const __m256 one = _mm256_set1_ps(1);
    for (size_t i = 0; i < n; i += 8) {
        __m256 e = exp8(_mm256_sub_ps(_mm256_setzero_ps(), load_first(gate + i, n - i)));
        store_first(x + i, _mm256_div_ps(load_first(x + i, n - i), _mm256_add_ps(one, e)), n - i);
    }
}

void tael__add__avx2(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_storeu_ps(y + i, _mm256_add_ps(_mm256_loadu_ps(y + i), _mm256_loadu_ps(x + i)));
    for (; i < n; i++) y[i] += x[i];
}

void tael__to_f16__avx2(uint16_t *out, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) _mm_storeu_si128((__m128i *)(out + i), _mm256_cvtps_ph(_mm256_loadu_ps(x + i), ROUND));
    for (; i < n; i++) out[i] = (uint16_t)_cvtss_sh(x[i], ROUND);
}
