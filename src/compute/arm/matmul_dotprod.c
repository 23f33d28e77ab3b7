// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with sdot by lane: a register holds 4 columns of 4 rows, another 16 columns of a token, and a
 * lane of that gives 4 columns to all 4 rows. 8 rows times 4 tokens are 8 registers of sums, so that 6 loads feed 32
 * products. */
#include "compute/arm/unpack.h"

#define ISA(name) name##__dotprod

enum { ROW_STRIP = 4, TOKEN_STRIP = 1 };
#define ROW_OF(i)   ((i) % 2)
#define TOKEN_OF(i) ((i) / 2)

/* [column / 4][row][4]: what a store that interleaves four registers of 32-bit numbers does. */
INLINE void put_strip(int8_t *out, const int8_t *const rows[ROW_STRIP], size_t n)
{
    for (size_t i = 0; i < n; i += 16) {
        int32x4x4_t four;
        for (int r = 0; r < 4; r++) four.val[r] = vreinterpretq_s32_s8(vld1q_s8(rows[r] + i));
        vst4q_s32((int32_t *)(void *)(out + 4 * i), four);
    }
}

INLINE void put_tokens(int8_t *out, const int8_t *const rows[TOKEN_STRIP], size_t n)
{
    memcpy(out, rows[0], n);
}

/* Lane `lane` of each token's register, which is columns 4 * lane ... */
#define PRODUCTS(lane)                                                                                   \
    for (int h = 0; h < 2; h++) {                                                                        \
        int8x16_t r = vld1q_s8(w + (size_t)h * w_strip + 4 * c + 16 * (lane));                           \
        for (int t = 0; t < 4; t++) dot[2 * t + h] = vdotq_laneq_s32(dot[2 * t + h], r, token[t], lane); \
    }

INLINE void multiply_group(int32x4_t dot[8], const int8_t *w, size_t w_strip, const int8_t *a, size_t a_strip, size_t n)
{
    for (size_t c = 0; c < n; c += 16) {
        int8x16_t token[4];
        for (int t = 0; t < 4; t++) token[t] = vld1q_s8(a + (size_t)t * a_strip + c);
        PRODUCTS(0)
        PRODUCTS(1)
        PRODUCTS(2)
        PRODUCTS(3)
    }
}

INLINE void over_rows(int32x4_t out[], const int32_t *p)
{
    out[0] = vld1q_s32(p);
    out[1] = vld1q_s32(p + 4);
}
INLINE void over_rows_float(float32x4_t out[], const float *p)
{
    out[0] = vld1q_f32(p);
    out[1] = vld1q_f32(p + 4);
}
INLINE void over_tokens(float32x4_t out[], const float *p)
{
    for (int t = 0; t < 4; t++) out[t] = vld1q_dup_f32(p + t);
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
    for (size_t t = 0; t < tokens; t++) store_first(y + t * y_stride, sum[2 * t], sum[2 * t + 1], rows);
}

#include "compute/arm/panels.h"
