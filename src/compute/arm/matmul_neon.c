// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix for ARMv8.0. Quantised formats go through matrix times vector, eight tokens for a few rows, so
 * that their blocks stay in the first-level cache: without sdot the multiplications, not the unpacking, take the time.
 * Floats are widened into a panel and multiplied 8 rows times 8 tokens at a time: 16 registers of sums, two of a
 * column's rows, and a register of four columns for each token. */
#include "compute/arm/unpack.h"
#include "compute/kernels_declared.h"
#include "compute/panel.h"

enum { FEW_ROWS = 8 };

#define MATMUL_BY_MATVEC(format)                                                                                    \
    void tael__matmul_##format##__neon(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride,    \
                                       size_t rows, size_t cols, size_t tokens, void *scratch)                      \
    {                                                                                                               \
        size_t row_bytes = 0;                                                                                       \
        (void)scratch;                                                                                              \
        tael__format_row_bytes(&row_bytes, TAEL__FORMAT_##format, cols);                                            \
        for (size_t r = 0; r < rows; r += FEW_ROWS)                                                                 \
            for (size_t t = 0; t < tokens; t += TAEL__MATVEC_TOKENS)                                                \
                tael__matvec_##format##__neon(y + t * y_stride + r, y_stride, (const char *)w + r * row_bytes,      \
                                              (const char *)x + t * x_stride, x_stride,                             \
                                              rows - r < FEW_ROWS ? rows - r : FEW_ROWS, cols,                      \
                                              tokens - t < TAEL__MATVEC_TOKENS ? tokens - t : TAEL__MATVEC_TOKENS); \
    }
MATMUL_BY_MATVEC(q4_0)
MATMUL_BY_MATVEC(q4_1)
MATMUL_BY_MATVEC(q5_0)
MATMUL_BY_MATVEC(q5_1)
MATMUL_BY_MATVEC(q8_0)
MATMUL_BY_MATVEC(q2_k)
MATMUL_BY_MATVEC(q3_k)
MATMUL_BY_MATVEC(q4_k)
MATMUL_BY_MATVEC(q5_k)
MATMUL_BY_MATVEC(q6_k)

/* Four columns of a row as floats. */
typedef float32x4_t load_fn(const uint8_t *w);

INLINE float32x4_t load_f32(const uint8_t *w)
{
    return vreinterpretq_f32_u8(vld1q_u8(w));
}
INLINE float32x4_t load_f16(const uint8_t *w)
{
    return vcvt_f32_f16(vreinterpret_f16_u8(vld1_u8(w)));
}
INLINE float32x4_t load_bf16(const uint8_t *w)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vreinterpret_u16_u8(vld1_u8(w)), 16));
}

/* [half of the rows][column][8 rows]; columns up to a multiple of 4 with zeros, and rows that aren't there. */
INLINE void pack_floats(float *panel, const uint8_t *w, size_t rows, size_t cols, size_t each, load_fn *load)
{
    const size_t padded = (cols + 3) & ~(size_t)3;
    for (size_t r = 0; r < TAEL__PANEL_ROWS; r += 4)
        for (size_t c = 0; c < padded; c += 4) {
            float *out = panel + r / 8 * 8 * padded + c * 8 + r % 8;
            float32x4x4_t four;
            float columns[16];
            for (size_t i = 0; i < 4; i++) {
                uint8_t last[16] = {0};
                const uint8_t *at = w + ((r + i) * cols + c) * each;
                if (r + i >= rows)
                    at = last;
                else if (cols - c < 4)
                    at = memcpy(last, at, (cols - c) * each);
                four.val[i] = load(at);
            }
            vst4q_f32(columns, four); /* turns rows into columns */
            for (size_t i = 0; i < 4; i++) vst1q_f32(out + 8 * i, vld1q_f32(columns + 4 * i));
        }
}

#define COLUMN(lane)                                                                                           \
    {                                                                                                          \
        float32x4_t low = vld1q_f32(panel + 8 * (c + (lane))), high = vld1q_f32(panel + 8 * (c + (lane)) + 4); \
        for (int t = 0; t < tokens; t++) {                                                                     \
            part[2 * t] = vfmaq_laneq_f32(part[2 * t], low, a[t], lane);                                       \
            part[2 * t + 1] = vfmaq_laneq_f32(part[2 * t + 1], high, a[t], lane);                              \
        }                                                                                                      \
    }

/* Sums over 256 columns first, then over those: rounding errors grow with the length of each. */
INLINE void multiply_floats(float *y, size_t y_stride, const float *panel, const char *x, size_t x_stride, size_t rows,
                            size_t cols, const int tokens)
{
    enum { MOST = 8, PART = 256 };
    float32x4_t sum[2 * MOST], part[2 * MOST];
    for (int i = 0; i < 2 * tokens; i++) sum[i] = vdupq_n_f32(0);
    for (size_t first = 0; first < cols; first += PART) {
        for (int i = 0; i < 2 * tokens; i++) part[i] = vdupq_n_f32(0);
        for (size_t c = first; c < cols && c < first + PART; c += 4) {
            float32x4_t a[MOST];
            for (int t = 0; t < tokens; t++) {
                const float *at = (const float *)(const void *)(x + (size_t)t * x_stride) + c;
                float last[4] = {0};
                if (cols - c < 4) at = memcpy(last, at, (cols - c) * sizeof *at);
                a[t] = vld1q_f32(at);
            }
            COLUMN(0)
            COLUMN(1)
            COLUMN(2)
            COLUMN(3)
        }
        for (int i = 0; i < 2 * tokens; i++) sum[i] = vaddq_f32(sum[i], part[i]);
    }
    for (int t = 0; t < tokens; t++) {
        float eight[8];
        vst1q_f32(eight, sum[2 * t]);
        vst1q_f32(eight + 4, sum[2 * t + 1]);
        memcpy(y + (size_t)t * y_stride, eight, rows * sizeof *y);
    }
}

INLINE void matmul_floats(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens, float *panel, size_t each, load_fn *load)
{
    const size_t padded = (cols + 3) & ~(size_t)3;
    for (size_t first = 0; first < rows; first += TAEL__PANEL_ROWS) {
        pack_floats(panel, w + first * cols * each, rows - first, cols, each, load);
        for (size_t r = first; r < rows && r < first + TAEL__PANEL_ROWS; r += 8) {
            const float *half = panel + (r - first) * padded;
            size_t n = rows - r < 8 ? rows - r : 8, t = 0;
            for (; t + 8 <= tokens; t += 8)
                multiply_floats(y + t * y_stride + r, y_stride, half, x + t * x_stride, x_stride, n, cols, 8);
            for (; t < tokens; t++)
                multiply_floats(y + t * y_stride + r, y_stride, half, x + t * x_stride, x_stride, n, cols, 1);
        }
    }
}

#define MATMUL_FLOATS(format, each)                                                                              \
    void tael__matmul_##format##__neon(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                       size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                            \
        matmul_floats(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, each, load_##format);            \
    }
MATMUL_FLOATS(f32, 4)
MATMUL_FLOATS(f16, 2)
MATMUL_FLOATS(bf16, 2)
