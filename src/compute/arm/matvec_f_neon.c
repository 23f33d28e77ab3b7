// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for f32, f16 and bf16: sixteen columns a step in four sums a row, which hide the multiplier's
 * delay. Converting from f16 is part of ARMv8.0; no arithmetic is done in it. */
#include <arm_neon.h>

#define ISA(name) name##__neon
#include "compute/arm/matvec_tokens.h"

typedef struct sixteen {
    float32x4_t w[4];
} sixteen;

typedef sixteen load_fn(const uint8_t *w);

INLINE sixteen load_f32(const uint8_t *w)
{
    sixteen s;
    for (int i = 0; i < 4; i++) s.w[i] = vreinterpretq_f32_u8(vld1q_u8(w + 16 * i));
    return s;
}
INLINE sixteen load_f16(const uint8_t *w)
{
    float16x8_t a = vreinterpretq_f16_u8(vld1q_u8(w)), b = vreinterpretq_f16_u8(vld1q_u8(w + 16));
    return (sixteen){
        {vcvt_f32_f16(vget_low_f16(a)), vcvt_high_f32_f16(a), vcvt_f32_f16(vget_low_f16(b)), vcvt_high_f32_f16(b)}};
}
INLINE sixteen load_bf16(const uint8_t *w)
{
    uint16x8_t a = vreinterpretq_u16_u8(vld1q_u8(w)), b = vreinterpretq_u16_u8(vld1q_u8(w + 16));
    uint32x4_t wide[4] = {vshll_n_u16(vget_low_u16(a), 16), vshll_high_n_u16(a, 16), vshll_n_u16(vget_low_u16(b), 16),
                          vshll_high_n_u16(b, 16)};
    sixteen s;
    for (int i = 0; i < 4; i++) s.w[i] = vreinterpretq_f32_u32(wide[i]);
    return s;
}

INLINE void tile_floats(const place *p, int rows, int tokens, size_t each, load_fn *load)
{
    for (int r = 0; r < rows; r++) {
        const uint8_t *w = p->w + (size_t)r * p->row_bytes;
        float32x4_t acc[TOKENS_MOST][4];
        size_t i = 0;
        for (int t = 0; t < tokens; t++)
            for (int k = 0; k < 4; k++) acc[t][k] = vdupq_n_f32(0);
        for (; i + 16 <= p->cols; i += 16) {
            sixteen s = load(w + i * each);
            for (int t = 0; t < tokens; t++)
                for (int k = 0; k < 4; k++) {
                    const char *x = p->x + (size_t)t * p->x_stride + (i + 4 * (size_t)k) * sizeof(float);
                    acc[t][k] = vfmaq_f32(acc[t][k], s.w[k], vld1q_f32((const float *)(const void *)x));
                }
        }
        if (i < p->cols) { /* the last ones from copies ended by zeros */
            uint8_t weights[64] = {0};
            memcpy(weights, w + i * each, (p->cols - i) * each);
            sixteen s = load(weights);
            for (int t = 0; t < tokens; t++) {
                float values[16] = {0};
                memcpy(values, p->x + (size_t)t * p->x_stride + i * sizeof(float), (p->cols - i) * sizeof(float));
                for (int k = 0; k < 4; k++) acc[t][k] = vfmaq_f32(acc[t][k], s.w[k], vld1q_f32(values + 4 * k));
            }
        }
        for (int t = 0; t < tokens; t++)
            p->y[(size_t)t * p->y_stride + (size_t)r] =
                vaddvq_f32(vaddq_f32(vaddq_f32(acc[t][0], acc[t][1]), vaddq_f32(acc[t][2], acc[t][3])));
    }
}

#define TILE_FLOATS(format, each)                                   \
    INLINE void tile_##format(const place *p, int rows, int tokens) \
    {                                                               \
        tile_floats(p, rows, tokens, each, load_##format);          \
    }                                                               \
    OVER_TILES(format, tile_##format, 4)
TILE_FLOATS(f32, 4)
TILE_FLOATS(f16, 2)
TILE_FLOATS(bf16, 2)
