// SPDX-License-Identifier: Apache-2.0
/* The work between linear layers with 16 floats at a time; tails are masked, so any length works.
 *
 * attend: bound by turning f16 into f32 (one conversion of 16 a cycle), so four positions share each load of q and
 * eight registers hold 128 of the output's dimensions over a pass of V. The rounded q lies in `out` until V is read. */
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

static inline __m512 load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
static inline __m512 load_f16_first(const uint16_t *p, __mmask16 m)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(m, p));
}

static void round_q(float *out, const float *q, size_t n)
{
    for (size_t d = 0; d < n; d += 16) {
        __mmask16 m = first(n - d);
        _mm512_mask_storeu_ps(out + d, m, _mm512_cvtph_ps(_mm512_cvtps_ph(_mm512_maskz_loadu_ps(m, q + d), ROUND)));
    }
}

/* scores[0..3] = q . K of four positions. */
static inline void score_4(float *scores, const float *q, const uint16_t *k, size_t stride, size_t n)
{
    __m512 a = _mm512_setzero_ps(), b = a, c = a, d = a;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        __m512 x = _mm512_loadu_ps(q + i);
        a = _mm512_fmadd_ps(x, load_f16(k + i), a);
        b = _mm512_fmadd_ps(x, load_f16(k + stride + i), b);
        c = _mm512_fmadd_ps(x, load_f16(k + 2 * stride + i), c);
        d = _mm512_fmadd_ps(x, load_f16(k + 3 * stride + i), d);
    }
    if (i < n) {
        __mmask16 m = first(n - i);
        __m512 x = _mm512_maskz_loadu_ps(m, q + i);
        a = _mm512_fmadd_ps(x, load_f16_first(k + i, m), a);
        b = _mm512_fmadd_ps(x, load_f16_first(k + stride + i, m), b);
        c = _mm512_fmadd_ps(x, load_f16_first(k + 2 * stride + i, m), c);
        d = _mm512_fmadd_ps(x, load_f16_first(k + 3 * stride + i, m), d);
    }
    scores[0] = _mm512_reduce_add_ps(a);
    scores[1] = _mm512_reduce_add_ps(b);
    scores[2] = _mm512_reduce_add_ps(c);
    scores[3] = _mm512_reduce_add_ps(d);
}

static inline float score_1(const float *q, const uint16_t *k, size_t n)
{
    __m512 a = _mm512_setzero_ps();
    for (size_t i = 0; i < n; i += 16) {
        __mmask16 m = first(n - i);
        a = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, q + i), load_f16_first(k + i, m), a);
    }
    return _mm512_reduce_add_ps(a);
}

/* scores = the softmax of scale * scores, rounded to f16. */
static void softmax(float *scores, size_t count, float scale)
{
    __m512 max = _mm512_set1_ps(-INFINITY), sum = _mm512_setzero_ps(), by = _mm512_set1_ps(scale);
    for (size_t p = 0; p < count; p += 16) {
        __mmask16 m = first(count - p);
        __m512 s = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, scores + p), by);
        _mm512_mask_storeu_ps(scores + p, m, s);
        max = _mm512_mask_max_ps(max, m, max, s);
    }
    max = _mm512_set1_ps(_mm512_reduce_max_ps(max));
    for (size_t p = 0; p < count; p += 16) {
        __mmask16 m = first(count - p);
        __m512 e = exp16(_mm512_sub_ps(_mm512_maskz_loadu_ps(m, scores + p), max));
        _mm512_mask_storeu_ps(scores + p, m, e);
        sum = _mm512_mask_add_ps(sum, m, sum, e);
    }
    by = _mm512_set1_ps(1 / _mm512_reduce_add_ps(sum));
    for (size_t p = 0; p < count; p += 16) {
        __mmask16 m = first(count - p);
        __m512 e = _mm512_mul_ps(_mm512_maskz_loadu_ps(m, scores + p), by);
        _mm512_mask_storeu_ps(scores + p, m, _mm512_cvtph_ps(_mm512_cvtps_ph(e, ROUND)));
    }
}

static void mix_128(float *out, const uint16_t *v, size_t stride, const float *weights, size_t count)
{
    __m512 sum[8];
    for (int i = 0; i < 8; i++) sum[i] = _mm512_setzero_ps();
    for (size_t p = 0; p < count; p++, v += stride) {
        __m512 w = _mm512_set1_ps(weights[p]);
        for (int i = 0; i < 8; i++) sum[i] = _mm512_fmadd_ps(w, load_f16(v + 16 * i), sum[i]);
    }
    for (int i = 0; i < 8; i++) _mm512_storeu_ps(out + 16 * i, sum[i]);
}

static void mix_64(float *out, const uint16_t *v, size_t stride, const float *weights, size_t count)
{
    __m512 sum[4];
    for (int i = 0; i < 4; i++) sum[i] = _mm512_setzero_ps();
    for (size_t p = 0; p < count; p++, v += stride) {
        __m512 w = _mm512_set1_ps(weights[p]);
        for (int i = 0; i < 4; i++) sum[i] = _mm512_fmadd_ps(w, load_f16(v + 16 * i), sum[i]);
    }
    for (int i = 0; i < 4; i++) _mm512_storeu_ps(out + 16 * i, sum[i]);
}

static void mix_16(float *out, const uint16_t *v, size_t stride, const float *weights, size_t count, size_t n)
{
    __mmask16 m = first(n);
    __m512 sum = _mm512_setzero_ps();
    for (size_t p = 0; p < count; p++, v += stride)
        sum = _mm512_fmadd_ps(_mm512_set1_ps(weights[p]), load_f16_first(v, m), sum);
    _mm512_mask_storeu_ps(out, m, sum);
}

void tael__attend__avx512vnni(float *out, const float *q, const uint16_t *k, const uint16_t *v, size_t stride,
                              size_t count, size_t head_size, float scale, float *scores)
{
    size_t p = 0, d = 0;
    round_q(out, q, head_size);
    for (; p + 4 <= count; p += 4) score_4(scores + p, out, k + p * stride, stride, head_size);
    for (; p < count; p++) scores[p] = score_1(out, k + p * stride, head_size);
    softmax(scores, count, scale);
    for (; d + 128 <= head_size; d += 128) mix_128(out + d, v + d, stride, scores, count);
    for (; d + 64 <= head_size; d += 64) mix_64(out + d, v + d, stride, scores, count);
    for (; d < head_size; d += 16) mix_16(out + d, v + d, stride, scores, count, head_size - d);
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
