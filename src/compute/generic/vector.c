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

void tael__add__c(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] += x[i];
}

void tael__to_f16__c(uint16_t *out, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) out[i] = tael__f32_to_f16(x[i]);
}
