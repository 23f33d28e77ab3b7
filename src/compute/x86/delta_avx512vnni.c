// SPDX-License-Identifier: Apache-2.0
/* The gated delta rule, 64 columns at a time: four registers of sums, and rows of the state two at a time so that eight
 * chains of multiply-adds run beside each other. 64 columns of a state of 128 rows are 32 KB, which stay in the first
 * cache through all tokens. Narrower ends go 16 columns at a time, the last with a mask. */
#include <immintrin.h>

#include "compute/kernels_declared.h"

/* One token's turn for 64 columns; s: before, to: after, both at the first column. */
static inline void turn_64(float *out, float *to, const float *s, const float *q, const float *k, const float *v,
                           float decay, float beta, size_t size)
{
    __m512 a[4], b[4], delta[4];
    const __m512 keep = _mm512_set1_ps(decay), strength = _mm512_set1_ps(beta);
    size_t i = 0;
    for (int c = 0; c < 4; c++) a[c] = b[c] = _mm512_setzero_ps();
    for (; i + 2 <= size; i += 2) {
        __m512 k0 = _mm512_set1_ps(k[i]), k1 = _mm512_set1_ps(k[i + 1]);
        for (int c = 0; c < 4; c++) {
            a[c] = _mm512_fmadd_ps(_mm512_loadu_ps(s + i * size + 16 * c), k0, a[c]);
            b[c] = _mm512_fmadd_ps(_mm512_loadu_ps(s + (i + 1) * size + 16 * c), k1, b[c]);
        }
    }
    for (; i < size; i++)
        for (int c = 0; c < 4; c++)
            a[c] = _mm512_fmadd_ps(_mm512_loadu_ps(s + i * size + 16 * c), _mm512_set1_ps(k[i]), a[c]);
    for (int c = 0; c < 4; c++) {
        __m512 known = _mm512_add_ps(a[c], b[c]);
        delta[c] = _mm512_mul_ps(strength, _mm512_fnmadd_ps(keep, known, _mm512_loadu_ps(v + 16 * c)));
        a[c] = b[c] = _mm512_setzero_ps();
    }
    for (i = 0; i + 2 <= size; i += 2) {
        __m512 k0 = _mm512_set1_ps(k[i]), k1 = _mm512_set1_ps(k[i + 1]);
        __m512 q0 = _mm512_set1_ps(q[i]), q1 = _mm512_set1_ps(q[i + 1]);
        for (int c = 0; c < 4; c++) {
            size_t at = i * size + 16 * (size_t)c;
            __m512 x = _mm512_fmadd_ps(k0, delta[c], _mm512_mul_ps(keep, _mm512_loadu_ps(s + at)));
            __m512 y = _mm512_fmadd_ps(k1, delta[c], _mm512_mul_ps(keep, _mm512_loadu_ps(s + at + size)));
            _mm512_storeu_ps(to + at, x);
            _mm512_storeu_ps(to + at + size, y);
            a[c] = _mm512_fmadd_ps(x, q0, a[c]);
            b[c] = _mm512_fmadd_ps(y, q1, b[c]);
        }
    }
    for (; i < size; i++)
        for (int c = 0; c < 4; c++) {
            size_t at = i * size + 16 * (size_t)c;
            __m512 x = _mm512_fmadd_ps(_mm512_set1_ps(k[i]), delta[c], _mm512_mul_ps(keep, _mm512_loadu_ps(s + at)));
            _mm512_storeu_ps(to + at, x);
            a[c] = _mm512_fmadd_ps(x, _mm512_set1_ps(q[i]), a[c]);
        }
    for (int c = 0; c < 4; c++) _mm512_storeu_ps(out + 16 * c, _mm512_add_ps(a[c], b[c]));
}

/* The same for up to 16 columns, in the same order of sums. */
static inline void turn_16(float *out, float *to, const float *s, const float *q, const float *k, const float *v,
                           float decay, float beta, size_t size, __mmask16 m)
{
    const __m512 keep = _mm512_set1_ps(decay), zero = _mm512_setzero_ps();
    __m512 sum[2] = {zero, zero}, delta;
    size_t pairs = size & ~(size_t)1;
    for (size_t i = 0; i < size; i++) {
        size_t chain = i < pairs ? i % 2 : 0;
        sum[chain] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, s + i * size), _mm512_set1_ps(k[i]), sum[chain]);
    }
    delta = _mm512_fnmadd_ps(keep, _mm512_add_ps(sum[0], sum[1]), _mm512_maskz_loadu_ps(m, v));
    delta = _mm512_mul_ps(_mm512_set1_ps(beta), delta);
    sum[0] = sum[1] = zero;
    for (size_t i = 0; i < size; i++) {
        size_t chain = i < pairs ? i % 2 : 0;
        __m512 x = _mm512_mul_ps(keep, _mm512_maskz_loadu_ps(m, s + i * size));
        x = _mm512_fmadd_ps(_mm512_set1_ps(k[i]), delta, x);
        _mm512_mask_storeu_ps(to + i * size, m, x);
        sum[chain] = _mm512_fmadd_ps(x, _mm512_set1_ps(q[i]), sum[chain]);
    }
    _mm512_mask_storeu_ps(out, m, _mm512_add_ps(sum[0], sum[1]));
}

void tael__delta__avx512vnni(const tael__delta *d)
{
    for (size_t j = d->first, end = d->first + d->columns, n; j < end; j += n) {
        const float *s = d->from + j;
        n = end - j >= 64 ? 64 : end - j < 16 ? end - j : 16;
        for (size_t t = 0; t < d->tokens; t++) {
            float *out = d->out + t * d->out_stride + j, *to = d->to + j;
            const float *q = d->q + t * d->key_stride, *k = d->k + t * d->key_stride;
            const float *v = d->v + t * d->value_stride + j;
            float decay = d->decay[t * d->gate_stride], beta = d->beta[t * d->gate_stride];
            if (n == 64)
                turn_64(out, to, s, q, k, v, decay, beta, d->size);
            else
                turn_16(out, to, s, q, k, v, decay, beta, d->size, (__mmask16)(0xFFFFu >> (16 - n)));
            s = to;
        }
    }
}
