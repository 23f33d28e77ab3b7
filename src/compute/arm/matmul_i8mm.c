// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with smmla (Cortex-A510, A710, X2 and later, Apple A15 and later): 8 columns of 2 rows meet 8
 * columns of 2 tokens, 32 products an instruction. A register of sums holds [row 0 token 0, row 0 token 1, row 1 token
 * 0, row 1 token 1]; 8 rows times 4 tokens are 8 of them, so that 6 loads feed 8 smmla. */
#include "compute/arm/unpack.h"

#define ISA(name) name##__i8mm

enum { ROW_STRIP = 2, TOKEN_STRIP = 2 };
#define ROW_OF(i)   ((i) / 2)
#define TOKEN_OF(i) ((i) % 2)

/* [column / 8][row][8] */
INLINE void put_strip(int8_t *out, const int8_t *const rows[2], size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        int64x2x2_t two = {{vreinterpretq_s64_s8(vld1q_s8(rows[0] + i)), vreinterpretq_s64_s8(vld1q_s8(rows[1] + i))}};
        vst2q_s64((int64_t *)(void *)(out + 2 * i), two);
    }
}

INLINE void put_tokens(int8_t *out, const int8_t *const rows[2], size_t n)
{
    put_strip(out, rows, n);
}

INLINE void multiply_group(int32x4_t dot[8], const int8_t *w, size_t w_strip, const int8_t *a, size_t a_strip, size_t n)
{
    for (size_t c = 0; c < n; c += 8) {
        int8x16_t tokens[2] = {vld1q_s8(a + 2 * c), vld1q_s8(a + a_strip + 2 * c)};
        for (int r = 0; r < 4; r++) {
            int8x16_t rows = vld1q_s8(w + (size_t)r * w_strip + 2 * c);
            for (int t = 0; t < 2; t++) dot[2 * r + t] = vmmlaq_s32(dot[2 * r + t], rows, tokens[t]);
        }
    }
}

INLINE void over_rows(int32x4_t out[], const int32_t *p)
{
    for (int h = 0; h < 2; h++) {
        int32x4_t four = vld1q_s32(p + 4 * h);
        out[2 * h] = vzip1q_s32(four, four);
        out[2 * h + 1] = vzip2q_s32(four, four);
    }
}
INLINE void over_rows_float(float32x4_t out[], const float *p)
{
    for (int h = 0; h < 2; h++) {
        float32x4_t four = vld1q_f32(p + 4 * h);
        out[2 * h] = vzip1q_f32(four, four);
        out[2 * h + 1] = vzip2q_f32(four, four);
    }
}
INLINE void over_tokens(float32x4_t out[], const float *p)
{
    float64x2_t four = vreinterpretq_f64_f32(vld1q_f32(p));
    out[0] = vreinterpretq_f32_f64(vdupq_laneq_f64(four, 0));
    out[1] = vreinterpretq_f32_f64(vdupq_laneq_f64(four, 1));
}

static void store_first(float *y, float32x4_t low, float32x4_t high, size_t n)
{
    float eight[8];
    vst1q_f32(eight, low);
    vst1q_f32(eight + 4, high);
    memcpy(y, eight, n * sizeof *y);
}

INLINE void store_block(float *y, size_t y_stride, const float32x4_t sum[8], size_t rows, size_t tokens)
{
    float32x4_t low[4], high[4]; /* rows 0-3 and 4-7 of each token */
    for (int t = 0; t < 2; t++) {
        low[2 * t] = vuzp1q_f32(sum[t], sum[2 + t]);
        low[2 * t + 1] = vuzp2q_f32(sum[t], sum[2 + t]);
        high[2 * t] = vuzp1q_f32(sum[4 + t], sum[6 + t]);
        high[2 * t + 1] = vuzp2q_f32(sum[4 + t], sum[6 + t]);
    }
    for (size_t t = 0; t < tokens; t++) store_first(y + t * y_stride, low[t], high[t], rows);
}

#include "compute/arm/panels.h"
