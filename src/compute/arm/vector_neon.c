// SPDX-License-Identifier: Apache-2.0
// The work between linear layers with 4 floats at a time; the last ones go through a small zeroed buffer.
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "compute/arm/exp_neon.h"
#include "compute/kernels_declared.h"

#define INLINE static inline __attribute__((always_inline))

/* The last n < 4 numbers and zeros. */
static float32x4_t load_last(const float *p, size_t n)
{
    float buffer[4] = {0};
    memcpy(buffer, p, n * sizeof *p);
    return vld1q_f32(buffer);
}

static void store_last(float *p, float32x4_t x, size_t n)
{
    float buffer[4];
    vst1q_f32(buffer, x);
    memcpy(p, buffer, n * sizeof *p);
}

/* Adds the squares, rounded to float as the reference's are, in double. */
INLINE void add_squares(float64x2_t sum[2], float32x4_t x)
{
    float32x4_t square = vmulq_f32(x, x);
    sum[0] = vaddq_f64(sum[0], vcvt_f64_f32(vget_low_f32(square)));
    sum[1] = vaddq_f64(sum[1], vcvt_high_f64_f32(square));
}

void tael__rms_norm__neon(float *y, const float *x, const float *weight, size_t n, float epsilon)
{
    float64x2_t sum[2] = {vdupq_n_f64(0), vdupq_n_f64(0)};
    size_t i = 0;
    for (; i + 4 <= n; i += 4) add_squares(sum, vld1q_f32(x + i));
    if (i < n) add_squares(sum, load_last(x + i, n - i));
    float scale = 1 / sqrtf((float)(vaddvq_f64(vaddq_f64(sum[0], sum[1])) / (double)n) + epsilon);
    for (i = 0; i + 4 <= n; i += 4)
        vst1q_f32(y + i, vmulq_f32(vmulq_n_f32(vld1q_f32(x + i), scale), vld1q_f32(weight + i)));
    for (; i < n; i++) y[i] = x[i] * scale * weight[i];
}

INLINE float32x4_t swiglu_4(float32x4_t gate, float32x4_t up)
{
    return vmulq_f32(vdivq_f32(gate, vaddq_f32(vdupq_n_f32(1), exp_4(vnegq_f32(gate)))), up);
}

void tael__swiglu__neon(float *gate, const float *up, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1q_f32(gate + i, swiglu_4(vld1q_f32(gate + i), vld1q_f32(up + i)));
    if (i < n) store_last(gate + i, swiglu_4(load_last(gate + i, n - i), load_last(up + i, n - i)), n - i);
}

void tael__add__neon(float *y, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        vst1q_f32(y + i, vaddq_f32(vld1q_f32(y + i), vld1q_f32(x + i)));
        vst1q_f32(y + i + 4, vaddq_f32(vld1q_f32(y + i + 4), vld1q_f32(x + i + 4)));
    }
    for (; i < n; i++) y[i] += x[i];
}

void tael__to_f16__neon(uint16_t *out, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    if (i == n) return;
    uint16_t buffer[4];
    vst1_u16(buffer, vreinterpret_u16_f16(vcvt_f16_f32(load_last(x + i, n - i))));
    memcpy(out + i, buffer, (n - i) * sizeof *out);
}
