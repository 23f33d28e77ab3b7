// SPDX-License-Identifier: Apache-2.0
/* Activations to 8 bits and to bf16, the readable way. The arithmetic is the common one for GGUF models, to the bit:
 * the same scale, the same product, rounded to the nearest integer with ties to even. */
#include <math.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

/* Ties to even, as the default rounding mode has it; values that don't fit are cut off. */
static int8_t nearest(float v)
{
    return (int8_t)(v >= 127.0f ? 127 : !(v > -127.0f) ? -127 : (int)rintf(v)); /* NaN is -127 */
}

void tael__quantize_f32__c(void *out, const float *x, size_t cols)
{
    memcpy(out, x, cols * 4);
    memset((char *)out + cols * 4, 0, tael__act_layout_of(TAEL__ACT_f32, cols).bytes - cols * 4);
}

/* d = max|x| / 127, kept with the precision of f16; q by the unrounded one; s = d * sum(q), unrounded d, then f16. A
 * block whose d vanishes in f16 is all zeros: it would count for nothing, and 127 / max may be infinite. */
static void quantize_32(void *out, const float *x, size_t cols, tael__act_kind kind)
{
    tael__act_layout at = tael__act_layout_of(kind, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d), *s = (float *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 32; b++) {
        const float *v = x + 32 * b;
        float max = 0;
        for (int i = 0; i < 32; i++) max = fabsf(v[i]) > max ? fabsf(v[i]) : max;
        float scale = max / 127.0f, inverse = 127.0f / max;
        d[b] = tael__f16_to_f32(tael__f32_to_f16(scale));
        if (d[b] == 0) continue;
        int sum = 0;
        for (int i = 0; i < 32; i++) sum += q[32 * b + (size_t)i] = nearest(v[i] * inverse);
        if (kind == TAEL__ACT_q8_1) s[b] = tael__f16_to_f32(tael__f32_to_f16(scale * (float)sum));
    }
}

void tael__quantize_q8_0__c(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_0);
}

void tael__quantize_q8_1__c(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_1);
}

/* The value with the largest magnitude becomes -127 whatever its sign, so d carries its sign, turned. */
void tael__quantize_q8_k__c(void *out, const float *x, size_t cols)
{
    tael__act_layout at = tael__act_layout_of(TAEL__ACT_q8_k, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d);
    int16_t *sums = (int16_t *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 256; b++) {
        const float *v = x + 256 * b;
        float max = 0;
        for (int i = 0; i < 256; i++) max = fabsf(v[i]) > fabsf(max) ? v[i] : max;
        float inverse = -127.0f / max;
        if (!isfinite(inverse)) continue; /* a block of zeros, or so near that 127 / max overflows */
        d[b] = 1.0f / inverse;
        for (size_t i = 0; i < 256; i++) {
            q[256 * b + i] = nearest(inverse * v[i]);
            sums[16 * b + i / 16] = (int16_t)(sums[16 * b + i / 16] + q[256 * b + i]);
        }
    }
}

/* To the nearest, ties to even; numbers below the normal ones are zeros, as AMX takes them. NaN stays one. */
static uint16_t to_bf16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    if ((bits & 0x7FFFFFFF) > 0x7F800000) return (uint16_t)(bits >> 16 | 64);
    if ((bits & 0x7F800000) == 0) return (uint16_t)(bits >> 16 & 0x8000);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

void tael__quantize_bf16__c(void *out, const float *x, size_t cols)
{
    static const size_t place[8] = {0, 2, 4, 6, 1, 3, 5, 7}; /* of column i among eight */
    uint16_t *y = out;
    memset(out, 0, tael__act_layout_of(TAEL__ACT_bf16, cols).bytes);
    for (size_t i = 0; i < cols; i++) y[i / 8 * 8 + place[i % 8]] = to_bf16(x[i]);
}
