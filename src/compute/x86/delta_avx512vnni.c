// SPDX-License-Identifier: Apache-2.0
/* The gated delta rule, 64 columns at a time: four registers of sums, and rows of the state two at a time so that eight
 * chains of multiply-adds run beside each other. 64 columns of a state of 128 rows are 32 KB, which stay in the first
 * cache through all tokens. What a token's turn leaves in a row is at once multiplied by the next token's key, so that
 * each token reads and writes the state once. Narrower ends go 16 columns at a time, the last with a mask. */
#include <immintrin.h>

#include "compute/kernels_declared.h"

/* Sums over rows of 64 columns, the even rows' and the odd rows'. */
typedef struct sums {
    __m512 even[4], odd[4];
} sums;

static inline sums no_sums(void)
{
    sums n;
    for (int c = 0; c < 4; c++) n.even[c] = n.odd[c] = _mm512_setzero_ps();
    return n;
}

/* What the state before the first token knows of its key. */
static inline sums known_64(const float *s, const float *k, size_t size, size_t stride)
{
    sums n = no_sums();
    for (size_t i = 0; i < size; i++) {
        __m512 *sum = i % 2 ? n.odd : n.even, ki = _mm512_set1_ps(k[i]);
        for (int c = 0; c < 4; c++) sum[c] = _mm512_fmadd_ps(_mm512_loadu_ps(s + i * stride + 16 * c), ki, sum[c]);
    }
    return n;
}

/* Row i of the state for 64 columns: decayed, with k * delta, given to q, and with `more` to the next token's key. */
static inline __attribute__((always_inline)) void row_64(float *to, const float *s, float ki, float qi, float next,
                                                         bool more, __m512 keep, const __m512 *delta, __m512 *sum,
                                                         __m512 *known)
{
    __m512 k = _mm512_set1_ps(ki), q = _mm512_set1_ps(qi), n = _mm512_set1_ps(next);
    for (int c = 0; c < 4; c++) {
        __m512 x = _mm512_fmadd_ps(k, delta[c], _mm512_mul_ps(keep, _mm512_loadu_ps(s + 16 * c)));
        _mm512_storeu_ps(to + 16 * c, x);
        sum[c] = _mm512_fmadd_ps(x, q, sum[c]);
        if (more) known[c] = _mm512_fmadd_ps(x, n, known[c]);
    }
}

/* One token's turn; s: before, to: after, v, out: all at the first column. `known`: of this token's key, and then of
 * the next one's, if there is one. */
static inline __attribute__((always_inline)) void turn_64(float *out, float *to, const float *s, const float *q,
                                                          const float *k, const float *next, bool more, const float *v,
                                                          float decay, float beta, size_t size, size_t stride,
                                                          sums *known)
{
    const __m512 keep = _mm512_set1_ps(decay), strength = _mm512_set1_ps(beta);
    __m512 delta[4];
    sums sum = no_sums();
    for (int c = 0; c < 4; c++) {
        __m512 all = _mm512_add_ps(known->even[c], known->odd[c]);
        delta[c] = _mm512_mul_ps(strength, _mm512_fnmadd_ps(keep, all, _mm512_loadu_ps(v + 16 * c)));
    }
    *known = no_sums();
    size_t i = 0;
    for (; i + 2 <= size; i += 2) {
        row_64(to + i * stride, s + i * stride, k[i], q[i], next[i], more, keep, delta, sum.even, known->even);
        row_64(to + (i + 1) * stride, s + (i + 1) * stride, k[i + 1], q[i + 1], next[i + 1], more, keep, delta, sum.odd,
               known->odd);
    }
    if (i < size)
        row_64(to + i * stride, s + i * stride, k[i], q[i], next[i], more, keep, delta, sum.even, known->even);
    for (int c = 0; c < 4; c++) _mm512_storeu_ps(out + 16 * c, _mm512_add_ps(sum.even[c], sum.odd[c]));
}

/* All tokens for the 64 columns from `j` on. */
static void run_64(const tael__delta *d, size_t j)
{
    const float *s = d->from + j;
    float *to = d->to + j;
    sums known = known_64(s, d->k, d->size, d->state_stride);
    for (size_t t = 0; t < d->tokens; t++) {
        float *out = d->out + t * d->out_stride + j;
        const float *q = d->q + t * d->key_stride, *k = d->k + t * d->key_stride, *v = d->v + t * d->value_stride + j;
        float decay = d->decay[t * d->gate_stride], beta = d->beta[t * d->gate_stride];
        if (t + 1 < d->tokens)
            turn_64(out, to, s, q, k, k + d->key_stride, true, v, decay, beta, d->size, d->state_stride, &known);
        else
            turn_64(out, to, s, q, k, k, false, v, decay, beta, d->size, d->state_stride, &known);
        s = to;
    }
}

/* One token's turn for up to 16 columns, in the same order of sums. */
static inline void turn_16(float *out, float *to, const float *s, const float *q, const float *k, const float *v,
                           float decay, float beta, size_t size, size_t stride, __mmask16 m)
{
    const __m512 keep = _mm512_set1_ps(decay), zero = _mm512_setzero_ps();
    __m512 sum[2] = {zero, zero}, delta;
    for (size_t i = 0; i < size; i++)
        sum[i % 2] = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(m, s + i * stride), _mm512_set1_ps(k[i]), sum[i % 2]);
    delta = _mm512_fnmadd_ps(keep, _mm512_add_ps(sum[0], sum[1]), _mm512_maskz_loadu_ps(m, v));
    delta = _mm512_mul_ps(_mm512_set1_ps(beta), delta);
    sum[0] = sum[1] = zero;
    for (size_t i = 0; i < size; i++) {
        __m512 x = _mm512_mul_ps(keep, _mm512_maskz_loadu_ps(m, s + i * stride));
        x = _mm512_fmadd_ps(_mm512_set1_ps(k[i]), delta, x);
        _mm512_mask_storeu_ps(to + i * stride, m, x);
        sum[i % 2] = _mm512_fmadd_ps(x, _mm512_set1_ps(q[i]), sum[i % 2]);
    }
    _mm512_mask_storeu_ps(out, m, _mm512_add_ps(sum[0], sum[1]));
}

static void run_16(const tael__delta *d, size_t j, size_t n)
{
    const float *s = d->from + j;
    __mmask16 m = (__mmask16)(0xFFFFu >> (16 - n));
    for (size_t t = 0; t < d->tokens; t++) {
        turn_16(d->out + t * d->out_stride + j, d->to + j, s, d->q + t * d->key_stride, d->k + t * d->key_stride,
                d->v + t * d->value_stride + j, d->decay[t * d->gate_stride], d->beta[t * d->gate_stride], d->size,
                d->state_stride, m);
        s = d->to + j;
    }
}

void tael__delta__avx512vnni(const tael__delta *d)
{
    for (size_t j = 0, end = d->columns, n; j < end; j += n) {
        n = end - j >= 64 ? 64 : end - j < 16 ? end - j : 16;
        if (n == 64)
            run_64(d, j);
        else
            run_16(d, j, n);
    }
}
