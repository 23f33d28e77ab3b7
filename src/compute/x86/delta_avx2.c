// SPDX-License-Identifier: Apache-2.0
/* The gated delta rule, 32 columns at a time in four registers of sums; a narrower end in plain loops. */
#include <immintrin.h>

#include "compute/kernels_declared.h"

static inline void turn_32(float *out, float *to, const float *s, const float *q, const float *k, const float *v,
                           float decay, float beta, size_t size, size_t stride)
{
    __m256 sum[4], delta[4];
    const __m256 keep = _mm256_set1_ps(decay), strength = _mm256_set1_ps(beta);
    for (int c = 0; c < 4; c++) sum[c] = _mm256_setzero_ps();
    for (size_t i = 0; i < size; i++) {
        __m256 ki = _mm256_set1_ps(k[i]);
        for (int c = 0; c < 4; c++) sum[c] = _mm256_fmadd_ps(_mm256_loadu_ps(s + i * stride + 8 * c), ki, sum[c]);
    }
    for (int c = 0; c < 4; c++) {
        delta[c] = _mm256_mul_ps(strength, _mm256_fnmadd_ps(keep, sum[c], _mm256_loadu_ps(v + 8 * c)));
        sum[c] = _mm256_setzero_ps();
    }
    for (size_t i = 0; i < size; i++) {
        __m256 ki = _mm256_set1_ps(k[i]), qi = _mm256_set1_ps(q[i]);
        for (int c = 0; c < 4; c++) {
            size_t at = i * stride + 8 * (size_t)c;
            __m256 x = _mm256_fmadd_ps(ki, delta[c], _mm256_mul_ps(keep, _mm256_loadu_ps(s + at)));
            _mm256_storeu_ps(to + at, x);
            sum[c] = _mm256_fmadd_ps(x, qi, sum[c]);
        }
    }
    for (int c = 0; c < 4; c++) _mm256_storeu_ps(out + 8 * c, sum[c]);
}

/* One column, rounding as above. */
static inline void turn_1(float *out, float *to, const float *s, const float *q, const float *k, float v, float decay,
                          float beta, size_t size, size_t stride)
{
    float sum = 0, delta;
    for (size_t i = 0; i < size; i++) sum = __builtin_fmaf(s[i * stride], k[i], sum);
    delta = beta * __builtin_fmaf(-decay, sum, v);
    sum = 0;
    for (size_t i = 0; i < size; i++) {
        float x = __builtin_fmaf(k[i], delta, decay * s[i * stride]);
        to[i * stride] = x;
        sum = __builtin_fmaf(x, q[i], sum);
    }
    *out = sum;
}

void tael__delta__avx2(const tael__delta *d)
{
    for (size_t j = 0, end = d->columns, n; j < end; j += n) {
        const float *s = d->from + j;
        n = end - j >= 32 ? 32 : 1;
        for (size_t t = 0; t < d->tokens; t++) {
            float *out = d->out + t * d->out_stride + j, *to = d->to + j;
            const float *q = d->q + t * d->key_stride, *k = d->k + t * d->key_stride;
            const float *v = d->v + t * d->value_stride + j;
            float decay = d->decay[t * d->gate_stride], beta = d->beta[t * d->gate_stride];
            if (n == 32)
                turn_32(out, to, s, q, k, v, decay, beta, d->size, d->state_stride);
            else
                turn_1(out, to, s, q, k, *v, decay, beta, d->size, d->state_stride);
            s = to;
        }
    }
}
