// SPDX-License-Identifier: Apache-2.0
/* The work between linear layers with 16 floats at a time; tails are masked, so any length works. */
#include <immintrin.h>
#include <math.h>

#include "compute/kernels_declared.h"

#define ROUND (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

static inline __mmask16 first(size_t n)
{
    return n >= 16 ? 0xFFFF : (__mmask16)((1u << n) - 1);
}

/* exp(x) = 2^n exp(r), n = round(x / ln 2), |r| <= ln 2 / 2; Taylor's terms to r^7 leave 2e-9 of relative error there,
 * below the rounding of the sums. scalef gives 0 and infinity beyond the range by itself. */
static inline __m512 exp16(__m512 x)
{
    x = _mm512_max_ps(_mm512_min_ps(x, _mm512_set1_ps(89)), _mm512_set1_ps(-104));
    __m512 n = _mm512_roundscale_ps(_mm512_mul_ps(x, _mm512_set1_ps(0x1.715476p0f)), ROUND);
    __m512 r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.62e4p-1f), x);
    r = _mm512_fnmadd_ps(n, _mm512_set1_ps(0x1.7f7d1cp-20f), r);
    __m512 p = _mm512_set1_ps(1.f / 5040);
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.f / 720));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.f / 120));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.f / 24));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.f / 6));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(0.5f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
    return _mm512_scalef_ps(p, n);
}

void tael__rms_norm__avx512vnni(float *y, const float *x, const float *weight, size_t n, float epsilon)
{
    __m512d low = _mm512_setzero_pd(), high = low;
    for (size_t i = 0; i < n; i += 16) {
        __m512 a = _mm512_maskz_loadu_ps(first(n - i), x + i), square = _mm512_mul_ps(a, a);
        low = _mm512_add_pd(low, _mm512_cvtps_pd(_mm512_castps512_ps256(square)));
        high = _mm512_add_pd(high, _mm512_cvtps_pd(_mm512_extractf32x8_ps(square, 1)));
    }
    double sum = _mm512_reduce_add_pd(_mm512_add_pd(low, high));
    __m512 scale = _mm512_set1_ps(1 / sqrtf((float)(sum / (double)n) + epsilon));
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 a = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, x + i), scale);
        _mm512_mask_storeu_ps(y + i, m, _mm512_mul_ps(a, _mm512_maskz_loadu_ps(m, weight + i)));
    }
}

void tael__swiglu__avx512vnni(float *gate, const float *up, size_t n)
{
    const __m512 one = _mm512_set1_ps(1);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 g = _mm512_maskz_loadu_ps(m, gate + i);
        __m512 e = exp16(_mm512_sub_ps(_mm512_setzero_ps(), g));
        g = _mm512_mul_ps(_mm512_div_ps(g, _mm512_add_ps(one, e)), _mm512_maskz_loadu_ps(m, up + i));
        _mm512_mask_storeu_ps(gate + i, m, g);
    }
}

void tael__geglu__avx512vnni(float *gate, const float *up, size_t n)
{
    const __m512 one = _mm512_set1_ps(1), cube = _mm512_set1_ps(0.044715f);
    const __m512 scale = _mm512_set1_ps(-2 * 0.79788456f);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 g = _mm512_maskz_loadu_ps(m, gate + i);
        __m512 inner = _mm512_mul_ps(g, _mm512_fmadd_ps(_mm512_mul_ps(cube, g), g, one));
        __m512 e = exp16(_mm512_mul_ps(scale, inner));
        g = _mm512_mul_ps(_mm512_div_ps(g, _mm512_add_ps(one, e)), _mm512_maskz_loadu_ps(m, up + i));
        _mm512_mask_storeu_ps(gate + i, m, g);
    }
}

/* The normal distribution's tail by Abramowitz and Stegun's 7.1.26: within 7.5e-8. */
void tael__gelu__avx512vnni(float *x, size_t n)
{
    const __m512 one = _mm512_set1_ps(1), half = _mm512_set1_ps(-0.5f);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 a = _mm512_maskz_loadu_ps(m, x + i), z = _mm512_mul_ps(_mm512_abs_ps(a), _mm512_set1_ps(0.70710678f));
        __m512 t = _mm512_div_ps(one, _mm512_fmadd_ps(_mm512_set1_ps(0.3275911f), z, one));
        __m512 p = _mm512_set1_ps(0.5f * 1.061405429f);
        p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.5f * -1.453152027f));
        p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.5f * 1.421413741f));
        p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.5f * -0.284496736f));
        p = _mm512_fmadd_ps(p, t, _mm512_set1_ps(0.5f * 0.254829592f));
        __m512 tail = _mm512_mul_ps(_mm512_mul_ps(p, t), exp16(_mm512_mul_ps(half, _mm512_mul_ps(a, a))));
        __mmask16 below = _mm512_cmp_ps_mask(a, _mm512_setzero_ps(), _CMP_LT_OQ);
        __m512 share = _mm512_mask_sub_ps(tail, (__mmask16)~below, one, tail);
        _mm512_mask_storeu_ps(x + i, m, _mm512_mul_ps(a, share));
    }
}

void tael__let_through__avx512vnni(float *x, const float *gate, size_t n)
{
    const __m512 one = _mm512_set1_ps(1);
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 e = exp16(_mm512_sub_ps(_mm512_setzero_ps(), _mm512_maskz_loadu_ps(m, gate + i)));
        _mm512_mask_storeu_ps(x + i, m, _mm512_div_ps(_mm512_maskz_loadu_ps(m, x + i), _mm512_add_ps(one, e)));
    }
}

void tael__add__avx512vnni(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m512 sum = _mm512_add_ps(_mm512_maskz_loadu_ps(m, y + i), _mm512_maskz_loadu_ps(m, x + i));
        _mm512_mask_storeu_ps(y + i, m, sum);
    }
}

void tael__to_f16__avx512vnni(uint16_t *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        __m256i h = _mm512_cvtps_ph(_mm512_maskz_loadu_ps(m, x + i), ROUND);
        _mm256_mask_storeu_epi16(out + i, m, h);
    }
}
