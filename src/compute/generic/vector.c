// SPDX-License-Identifier: Apache-2.0
// The work between linear layers, for reading and as the reference of the fast ones. vector.inc tells the rounding.
#include "compute/kernels_declared.h"

#include <math.h>

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

void tael__geglu__c(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        float g = gate[i], inner = 0.79788456f * g * (1 + 0.044715f * g * g); /* sqrt(2 / pi) */
        gate[i] = g / (1 + expf(-2 * inner)) * up[i]; /* 0.5 (1 + tanh(z)) = 1 / (1 + exp(-2 z)) */
    }
}

void tael__gelu__c(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] *= 0.5f * erfcf(-0.70710678f * x[i]);
}

void tael__let_through__c(float *x, const float *gate, size_t n)
{
    for (size_t i = 0; i < n; i++) x[i] /= 1 + expf(-gate[i]);
}

void tael__add__c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void tael__to_f16__c(uint16_t *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = tael__f32_to_f16(x[i]);
}
