// SPDX-License-Identifier: Apache-2.0
// The work between linear layers, for reading and as the reference of the fast ones. vector.inc tells the rounding.
#include "compute/kernels_declared.h"

#include <math.h>

static float round_to_f16(float x)
{
    return tael__f16_to_f32(tael__f32_to_f16(x));
}

void tael__attend__c(float *out, const float *q, const uint16_t *k, const uint16_t *v, size_t stride, size_t count,
                     size_t head_size, float scale, float *scores)
{
    float max = -INFINITY;
    for (size_t p = 0; p < count; p++) {
        float dot = 0;
        for (size_t d = 0; d < head_size; d++) dot += round_to_f16(q[d]) * tael__f16_to_f32(k[p * stride + d]);
        scores[p] = dot * scale;
        if (scores[p] > max) max = scores[p];
    }
    double sum = 0;
    for (size_t p = 0; p < count; p++) {
        scores[p] = expf(scores[p] - max);
        sum += scores[p];
    }
    for (size_t d = 0; d < head_size; d++) out[d] = 0;
    for (size_t p = 0; p < count; p++) {
        float weight = round_to_f16(scores[p] * (float)(1 / sum));
        for (size_t d = 0; d < head_size; d++) out[d] += weight * tael__f16_to_f32(v[p * stride + d]);
    }
}

void tael__rms_norm__c(float *y, const float *x, const float *weight, size_t n, float epsilon)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)(x[i] * x[i]);
    float scale = 1 / sqrtf((float)(sum / (double)n) + epsilon);
    for (size_t i = 0; i < n; i++) y[i] = x[i] * scale * weight[i];
}

void tael__swiglu__c(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++) gate[i] = gate[i] / (1 + expf(-gate[i])) * up[i];
}

void tael__add__c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void tael__to_f16__c(uint16_t *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = tael__f32_to_f16(x[i]);
}
