// SPDX-License-Identifier: Apache-2.0
// The gated delta rule as delta.h writes it, a few columns at a time so that a row of the state is read in one piece.
#include "compute/kernels_declared.h"

enum { COLUMNS = 32 };

/* One token's turn for n columns; s: before, to: after, v, out: all at the first column. */
static void turn(const tael__delta *d, size_t t, float *out, float *to, const float *s, const float *v, size_t n)
{
    const float *q = d->q + t * d->key_stride, *k = d->k + t * d->key_stride;
    float decay = d->decay[t * d->gate_stride], beta = d->beta[t * d->gate_stride];
    float known[COLUMNS] = {0}, delta[COLUMNS], sum[COLUMNS] = {0};
    for (size_t i = 0; i < d->size; i++)
        for (size_t j = 0; j < n; j++) known[j] += k[i] * s[i * d->state_stride + j];
    for (size_t j = 0; j < n; j++) delta[j] = beta * (v[j] - decay * known[j]);
    for (size_t i = 0; i < d->size; i++)
        for (size_t j = 0; j < n; j++) {
            float now = decay * s[i * d->state_stride + j] + k[i] * delta[j];
            to[i * d->state_stride + j] = now;
            sum[j] += q[i] * now;
        }
    for (size_t j = 0; j < n; j++) out[j] = sum[j];
}

void tael__delta__c(const tael__delta *d)
{
    for (size_t j = 0, end = d->columns, n; j < end; j += n) {
        const float *s = d->from + j;
        n = end - j < COLUMNS ? end - j : COLUMNS;
        for (size_t t = 0; t < d->tokens; t++) {
            turn(d, t, d->out + t * d->out_stride + j, d->to + j, s, d->v + t * d->value_stride + j, n);
            s = d->to + j;
        }
    }
}
