// SPDX-License-Identifier: Apache-2.0
/* Activations to 8 bits with the reference's bits: conversion rounds to nearest, ties to even, and only sums of whole
 * numbers and maxima change their order. */
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

/* The largest magnitude of 32 values; like the reference's it passes over NaN. */
static inline float largest(const float *x)
{
    float32x4_t m[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t i = 0; i < 32; i += 8)
        for (size_t k = 0; k < 2; k++) m[k] = vmaxnmq_f32(m[k], vabsq_f32(vld1q_f32(x + i + 4 * k)));
    return vmaxnmvq_f32(vmaxnmq_f32(m[0], m[1]));
}

/* The maximum is taken of numbers, so that NaN becomes -127 as the reference has it. */
static inline int16x4_t four(const float *x, float inverse)
{
    return vmovn_s32(vcvtnq_s32_f32(vmaxnmq_f32(vmulq_n_f32(vld1q_f32(x), inverse), vdupq_n_f32(-127))));
}

/* 16 values times `inverse` as bytes; returns their sum. */
static inline int quantize_16(int8_t *q, const float *x, float inverse)
{
    int8x8_t low = vmovn_s16(vcombine_s16(four(x, inverse), four(x + 4, inverse)));
    int8x8_t high = vmovn_s16(vcombine_s16(four(x + 8, inverse), four(x + 12, inverse)));
    int8x16_t bytes = vcombine_s8(low, high);
    vst1q_s8(q, bytes);
    return vaddlvq_s8(bytes);
}

static inline float round_to_f16(float f)
{
    return (float)(__fp16)f;
}

static void quantize_32(void *out, const float *x, size_t cols, tael__act_kind kind)
{
    tael__act_layout at = tael__act_layout_of(kind, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d), *s = (float *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 32; b++, x += 32, q += 32) {
        float max = largest(x), scale = max / 127.0f, inverse = 127.0f / max;
        d[b] = round_to_f16(scale);
        if (d[b] == 0) continue;
        int sum = quantize_16(q, x, inverse) + quantize_16(q + 16, x + 16, inverse);
        if (kind == TAEL__ACT_q8_1) s[b] = round_to_f16(scale * (float)sum);
    }
}

void tael__quantize_q8_0__neon(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_0);
}

void tael__quantize_q8_1__neon(void *out, const float *x, size_t cols)
{
    quantize_32(out, x, cols, TAEL__ACT_q8_1);
}

/* The first value of 256 with the largest magnitude; which one is first matters only where both signs have it. */
static inline float extreme(const float *x)
{
    float32x4_t high[2] = {vdupq_n_f32(0), vdupq_n_f32(0)}, low[2] = {vdupq_n_f32(0), vdupq_n_f32(0)};
    for (size_t i = 0; i < 256; i += 8)
        for (size_t k = 0; k < 2; k++) {
            float32x4_t v = vld1q_f32(x + i + 4 * k);
            high[k] = vmaxnmq_f32(high[k], v);
            low[k] = vminnmq_f32(low[k], v);
        }
    float most = vmaxnmvq_f32(vmaxnmq_f32(high[0], high[1])), least = vminnmvq_f32(vminnmq_f32(low[0], low[1]));
    if (most != -least) return most > -least ? most : least;
    int i = 0;
    while (i < 255 && fabsf(x[i]) != most) i++;
    return x[i];
}

void tael__quantize_q8_k__neon(void *out, const float *x, size_t cols)
{
    tael__act_layout at = tael__act_layout_of(TAEL__ACT_q8_k, cols);
    memset(out, 0, at.bytes);
    int8_t *q = out;
    float *d = (float *)(void *)((char *)out + at.d);
    int16_t *sums = (int16_t *)(void *)((char *)out + at.extra);
    for (size_t b = 0; b < cols / 256; b++, x += 256) {
        float inverse = -127.0f / extreme(x);
        if (!isfinite(inverse)) continue;
        d[b] = 1.0f / inverse;
        for (size_t i = 0; i < 256; i += 16)
            sums[16 * b + i / 16] = (int16_t)quantize_16(q + 256 * b + i, x + i, inverse);
    }
}
