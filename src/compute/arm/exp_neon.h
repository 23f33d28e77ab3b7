// SPDX-License-Identifier: Apache-2.0
/* Powers of e and 2 of four floats, for the kernels that need them. */
#ifndef TAEL__COMPUTE_ARM_EXP_NEON_H
#define TAEL__COMPUTE_ARM_EXP_NEON_H

#include <arm_neon.h>

/* p * 2^n, n whole and within -252..254: made from exponent bits in two halves, so that neither half overflows alone.
 */
static inline float32x4_t scale_by_power(float32x4_t p, float32x4_t n)
{
    int32x4_t whole = vcvtq_s32_f32(n), half = vshrq_n_s32(whole, 1), bias = vdupq_n_s32(127);
    float32x4_t a = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(half, bias), 23));
    float32x4_t b = vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vsubq_s32(whole, half), bias), 23));
    return vmulq_f32(vmulq_f32(p, a), b);
}

/* exp(r) for |r| <= ln 2 / 2: Taylor's terms to r^7 leave a relative error of 2e-9. */
static inline float32x4_t exp_near_0(float32x4_t r)
{
    float32x4_t p = vdupq_n_f32(1.f / 5040);
    p = vfmaq_f32(vdupq_n_f32(1.f / 720), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.f / 120), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.f / 24), p, r);
    p = vfmaq_f32(vdupq_n_f32(1.f / 6), p, r);
    p = vfmaq_f32(vdupq_n_f32(0.5f), p, r);
    p = vfmaq_f32(vdupq_n_f32(1), p, r);
    return vfmaq_f32(vdupq_n_f32(1), p, r);
}

/* e^x = 2^n e^r with n = round(x / ln 2). Below -87.3 it is 0; from 89 on infinity. ln 2 is taken in two parts, the
 * first short enough that n times it is exact (Cody and Waite 1980). */
static inline float32x4_t exp_4(float32x4_t x)
{
    const float32x4_t floor = vdupq_n_f32(-87.3f);
    uint32x4_t lost = vcltq_f32(x, floor);
    x = vmaxq_f32(vminq_f32(x, vdupq_n_f32(89)), floor);
    float32x4_t n = vrndnq_f32(vmulq_n_f32(x, 0x1.715476p0f));
    float32x4_t r = vfmsq_n_f32(vfmsq_n_f32(x, n, 0x1.62e4p-1f), n, 0x1.7f7d1cp-20f);
    float32x4_t e = scale_by_power(exp_near_0(r), n);
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(e), lost));
}

/* 2^x for x <= 0; below -125 it is 0. */
static inline float32x4_t exp2_4(float32x4_t x)
{
    const float32x4_t floor = vdupq_n_f32(-125);
    uint32x4_t lost = vcltq_f32(x, floor);
    x = vmaxq_f32(x, floor);
    float32x4_t n = vrndnq_f32(x), p = exp_near_0(vmulq_n_f32(vsubq_f32(x, n), 0x1.62e43p-1f));
    int32x4_t bits = vaddq_s32(vreinterpretq_s32_f32(p), vshlq_n_s32(vcvtq_s32_f32(n), 23));
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_s32(bits), lost));
}

#endif
