// SPDX-License-Identifier: Apache-2.0
// The work between linear layers with 4 floats at a time; the last ones go through a small zeroed buffer.
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "compute/arm/exp_neon.h"
#include "compute/kernels_declared.h"

static inline float32x4_t load_first(const float *p, size_t n)
{
    float buffer[4] = {0};
    if (n >= 4) return vld1q_f32(p);
    memcpy(buffer, p, n * sizeof *p);
    return vld1q_f32(buffer);
}

static inline void store_first(float *p, float32x4_t x, size_t n)
{
    float buffer[4];
    if (n >= 4) {
        vst1q_f32(p, x);
        return;
    }
    vst1q_f32(buffer, x);
    memcpy(p, buffer, n * sizeof *p);
}

void tael__rms_norm__neon(float *y, const float *x, const float *weight, size_t n, float epsilon)
{
    float64x2_t low = vdupq_n_f64(0), high = low;
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t a = load_first(x + i, n - i), square = vmulq_f32(a, a);
        low = vaddq_f64(low, vcvt_f64_f32(vget_low_f32(square)));
        high = vaddq_f64(high, vcvt_high_f64_f32(square));
    }
    double sum = vaddvq_f64(vaddq_f64(low, high));
    float scale = 1 / sqrtf((float)(sum / (double)n) + epsilon);
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t a = vmulq_n_f32(load_first(x + i, n - i), scale);
        store_first(y + i, vmulq_f32(a, load_first(weight + i, n - i)), n - i);
    }
}

void tael__swiglu__neon(float *gate, const float *up, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        float32x4_t g = load_first(gate + i, n - i);
        float32x4_t silu = vdivq_f32(g, vaddq_f32(vdupq_n_f32(1), exp_4(vnegq_f32(g))));
        store_first(gate + i, vmulq_f32(silu, load_first(up + i, n - i)), n - i);
    }
}

void tael__add__neon(float *y, const float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 4)
        store_first(y + i, vaddq_f32(load_first(y + i, n - i), load_first(x + i, n - i)), n - i);
}

void tael__to_f16__neon(uint16_t *out, const float *x, size_t n)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) vst1_u16(out + i, vreinterpret_u16_f16(vcvt_f16_f32(vld1q_f32(x + i))));
    if (i == n) return;
    uint16_t buffer[4];
    vst1_u16(buffer, vreinterpret_u16_f16(vcvt_f16_f32(load_first(x + i, n - i))));
    memcpy(out + i, buffer, (n - i) * sizeof *out);
}
