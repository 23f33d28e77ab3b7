// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix for the quantised formats: 16 rows of weights are unpacked into a panel, 16 tokens laid out as a
 * tile, and blocks of 8 rows times 4 tokens multiplied from both. Included by each instruction set's file, which says
 * how its product wants the bytes:
 *
 *   ROW_STRIP, TOKEN_STRIP          rows and tokens whose bytes lie side by side
 *   put_strip(out, rows, n)         one strip of rows, n columns (a multiple of 16) of each
 *   put_tokens(out, rows, n)        the same of tokens
 *   multiply_group(dot, w, w_strip, a, a_strip, n)    adds the products of n columns to 8 registers of 32 sums
 *   over_rows(out, p), over_tokens(out, p)            a number of each row or token as the registers of sums want it
 *   ROW_OF(i), TOKEN_OF(i)          which of them belong to register i
 *   store_block(y, y_stride, sum, rows, tokens)
 *
 * Weights keep their signs, so that there is nothing to correct; K formats multiply the sums of a group by their scales
 * as whole numbers, and meet floats once in 256 columns. Memory is panel.h's, with other contents:
 * scale[group][row] in whole numbers (K formats), d[block][row], min[group][row]. */
#include "compute/arm/unpack.h"
#include "compute/kernels_declared.h"
#include "compute/panel.h"

enum { BLOCK_ROWS = 8, BLOCK_TOKENS = 4, SUMS = 8, PACK_COLS = 256 };

typedef struct panel {
    int8_t *q; /* strips of rows */
    float *d, *min;
    int32_t *scale;
} panel;

typedef struct tile {
    int8_t *q; /* strips of tokens */
    float *d;  /* of each block and token */
    float *s;  /* of each group and token: d * sum(q) */
    size_t cols;
} tile;

/* Both kinds of shape as one: how many columns share a d, and how many a scale. */
typedef struct shape {
    size_t weights, group, bytes;
    bool mins;
    tael__act_kind act;
    shape_32 small;
    shape_256 super;
} shape;

/* What is unpacked of one row before it goes into the panel. */
typedef struct unpacked {
    _Alignas(16) int8_t q[PACK_COLS];
    _Alignas(16) int32_t scale[PACK_COLS / 16];
    float d[PACK_COLS / 32], min[PACK_COLS / 16];
} unpacked;

INLINE void unpack_small(unpacked *out, const uint8_t *w, size_t blocks, const shape f)
{
    for (size_t b = 0; b < blocks; b += 4) {
        uint8_t last[4 * sizeof(tael__block_q8_0)] = {0};
        const uint8_t *at = w + b * f.bytes;
        if (blocks - b < 4) at = memcpy(last, at, (blocks - b) * f.bytes);
        four_blocks four = f.small.unpack(at);
        for (size_t i = 0; i < 8; i++) vst1q_s8(out->q + 32 * b + 16 * i, four.q[i]);
        vst1q_f32(out->d + b, f.small.sixteenths ? vmulq_n_f32(four.d, 1.0f / 16) : four.d);
        if (f.mins) vst1q_f32(out->min + b, four.m);
    }
}

INLINE void unpack_super(unpacked *out, const uint8_t *w, const shape f)
{
    scales_256 s = f.super.scales(w);
    int16_t mins[16];
    int32_t scale[16];
    for (int k = 0; k < 4; k++) {
        int8x16_t q[4];
        f.super.quarter(q, w, k);
        for (int i = 0; i < 4; i++) {
            if (f.super.offset_log >= 0) q[i] = vsubq_s8(q[i], vdupq_n_s8((int8_t)(1 << f.super.offset_log)));
            vst1q_s8(out->q + 64 * k + 16 * i, q[i]);
        }
        vst1q_s32(scale + 4 * k, s.scale[k]);
    }
    out->d[0] = s.d;
    for (int g = 0; g < 16; g++)
        if (!f.super.halves || g % 2 == 0) out->scale[f.super.halves ? g / 2 : g] = scale[g];
    if (!f.mins) return;
    vst1q_s16(mins, s.by_sums[0]);
    if (!f.super.halves) vst1q_s16(mins + 8, s.by_sums[1]);
    for (size_t g = 0; g < PACK_COLS / f.group; g++) out->min[g] = -s.dmin * (float)mins[g];
}

/* Columns first..first+n of up to 16 rows; rows that aren't there become zeros. */
INLINE void pack_columns(const panel *p, const uint8_t *w, size_t row_bytes, size_t rows, size_t first, size_t n,
                         size_t cols, const shape f)
{
    unpacked u[TAEL__PANEL_ROWS];
    for (size_t r = 0; r < TAEL__PANEL_ROWS; r++) {
        const uint8_t *at = w + r * row_bytes + first / f.weights * f.bytes;
        if (r >= rows)
            memset(&u[r], 0, sizeof u[r]);
        else if (f.weights == 32)
            unpack_small(&u[r], at, n / 32, f);
        else
            unpack_super(&u[r], at, f);
    }
    for (size_t r = 0; r < TAEL__PANEL_ROWS; r += ROW_STRIP) {
        const int8_t *q[ROW_STRIP];
        for (size_t i = 0; i < ROW_STRIP; i++) q[i] = u[r + i].q;
        put_strip(p->q + r * cols + first * ROW_STRIP, q, n);
    }
    for (size_t r = 0; r < TAEL__PANEL_ROWS; r++) {
        size_t block = first / f.weights * TAEL__PANEL_ROWS + r, group = first / f.group * TAEL__PANEL_ROWS + r;
        for (size_t b = 0; b < n / f.weights; b++) p->d[block + b * TAEL__PANEL_ROWS] = u[r].d[b];
        for (size_t g = 0; g < n / f.group; g++) {
            if (f.weights != f.group) p->scale[group + g * TAEL__PANEL_ROWS] = u[r].scale[g];
            if (f.mins) p->min[group + g * TAEL__PANEL_ROWS] = u[r].min[g];
        }
    }
}

static inline void fill_scales(const tile *to, size_t t, const char *row, size_t cols, const shape f)
{
    const float *d = tael__act_d(row, f.act, cols);
    for (size_t b = 0; b < cols / f.weights; b++) to->d[b * TAEL__TILE_TOKENS + t] = d[b];
    if (!f.mins) return;
    for (size_t g = 0; g < cols / f.group; g++) {
        float *s = &to->s[g * TAEL__TILE_TOKENS + t];
        if (f.act == TAEL__ACT_q8_1) {
            *s = tael__act_s(row, cols)[g];
            continue;
        }
        const int16_t *sums = tael__act_sums(row, cols);
        int sum = f.group == 16 ? sums[g] : sums[2 * g] + sums[2 * g + 1];
        *s = d[g * f.group / 256] * (float)sum;
    }
}

/* `tokens` of them, up to a multiple of BLOCK_TOKENS; those that aren't there repeat the last one. */
static inline void fill_tile(const tile *to, const char *x, size_t x_stride, size_t tokens, const shape f)
{
    for (size_t t = 0; t < tokens; t += BLOCK_TOKENS)
        for (size_t strip = t; strip < t + BLOCK_TOKENS; strip += TOKEN_STRIP) {
            const int8_t *q[TOKEN_STRIP];
            for (size_t i = 0; i < TOKEN_STRIP; i++) {
                size_t token = strip + i < tokens ? strip + i : tokens - 1;
                q[i] = (const int8_t *)x + token * x_stride;
                fill_scales(to, strip + i, x + token * x_stride, to->cols, f);
            }
            put_tokens(to->q + strip * to->cols, q, to->cols);
        }
}

/* 8 rows from `row` of the panel on times 4 tokens from `token` on. */
INLINE void multiply_block(float *y, size_t y_stride, const panel *p, const tile *a, size_t row, size_t token,
                           size_t rows, size_t tokens, const shape f)
{
    const size_t w_strip = a->cols * ROW_STRIP, a_strip = a->cols * TOKEN_STRIP;
    const int8_t *w = p->q + row * a->cols, *q = a->q + token * a->cols;
    float32x4_t sum[SUMS], by_row[SUMS], by_token[SUMS];
    for (int i = 0; i < SUMS; i++) sum[i] = vdupq_n_f32(0);
    for (size_t b = 0; b < a->cols / f.weights; b++) {
        int32x4_t whole[SUMS];
        for (int i = 0; i < SUMS; i++) whole[i] = vdupq_n_s32(0);
        for (size_t g = b * (f.weights / f.group); g < (b + 1) * (f.weights / f.group); g++) {
            if (f.weights == f.group) {
                multiply_group(whole, w, w_strip, q, a_strip, f.group);
            } else {
                int32x4_t dot[SUMS], scale[SUMS];
                for (int i = 0; i < SUMS; i++) dot[i] = vdupq_n_s32(0);
                multiply_group(dot, w, w_strip, q, a_strip, f.group);
                over_rows(scale, p->scale + g * TAEL__PANEL_ROWS + row);
                for (int i = 0; i < SUMS; i++) whole[i] = vmlaq_s32(whole[i], dot[i], scale[ROW_OF(i)]);
            }
            w += f.group * ROW_STRIP;
            q += f.group * TOKEN_STRIP;
            if (!f.mins) continue;
            over_rows_float(by_row, p->min + g * TAEL__PANEL_ROWS + row);
            over_tokens(by_token, a->s + g * TAEL__TILE_TOKENS + token);
            for (int i = 0; i < SUMS; i++) sum[i] = vfmaq_f32(sum[i], by_row[ROW_OF(i)], by_token[TOKEN_OF(i)]);
        }
        over_rows_float(by_row, p->d + b * TAEL__PANEL_ROWS + row);
        over_tokens(by_token, a->d + b * TAEL__TILE_TOKENS + token);
        for (int i = 0; i < SUMS; i++) {
            float32x4_t scaled = vmulq_f32(vcvtq_f32_s32(whole[i]), by_row[ROW_OF(i)]);
            sum[i] = vfmaq_f32(sum[i], scaled, by_token[TOKEN_OF(i)]);
        }
    }
    store_block(y, y_stride, sum, rows, tokens);
}

INLINE void multiply_tile(float *y, size_t y_stride, const panel *p, const tile *a, size_t rows, size_t tokens,
                          const shape f)
{
    for (size_t t = 0; t < tokens; t += BLOCK_TOKENS)
        for (size_t r = 0; r < rows; r += BLOCK_ROWS)
            multiply_block(y + t * y_stride + r, y_stride, p, a, r, t, rows - r < BLOCK_ROWS ? rows - r : BLOCK_ROWS,
                           tokens - t < BLOCK_TOKENS ? tokens - t : BLOCK_TOKENS, f);
}

/* Where panels and the tile lie in the scratch memory. */
static inline char *place_panels(panel panels[TAEL__PANELS_MOST], size_t count, size_t cols, const shape f,
                                 void *scratch)
{
    char *at = scratch;
    for (size_t i = 0; i < count; i++) {
        panels[i].q = (int8_t *)at;
        panels[i].d = (float *)(void *)(at += cols * TAEL__PANEL_ROWS);
        panels[i].min = (float *)(void *)(at += cols / f.weights * TAEL__PANEL_ROWS * sizeof(float));
        panels[i].scale = (int32_t *)(void *)(at += cols / f.group * TAEL__PANEL_ROWS * sizeof(float));
        at += cols / f.group * TAEL__PANEL_ROWS * sizeof(int32_t);
    }
    return at;
}

/* The whole product: a few panels at a time, and for them tile after tile of tokens. */
INLINE void matmul_blocks(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens, void *scratch, const shape f)
{
    panel panels[TAEL__PANELS_MOST];
    const size_t most = tael__panel_count(f.act, cols), row_bytes = cols / f.weights * f.bytes;
    tile a = {.q = (int8_t *)place_panels(panels, most, cols, f, scratch), .cols = cols};
    a.d = (float *)(void *)(a.q + cols * TAEL__TILE_TOKENS);
    a.s = a.d + cols / f.weights * TAEL__TILE_TOKENS;
    for (size_t first = 0; first < rows; first += most * TAEL__PANEL_ROWS) {
        size_t end = rows - first < most * TAEL__PANEL_ROWS ? rows : first + most * TAEL__PANEL_ROWS;
        for (size_t r = first, i = 0; r < end; r += TAEL__PANEL_ROWS, i++)
            for (size_t c = 0; c < cols; c += PACK_COLS)
                pack_columns(&panels[i], w + r * row_bytes, row_bytes, end - r, c,
                             cols - c < PACK_COLS ? cols - c : PACK_COLS, cols, f);
        for (size_t t = 0; t < tokens; t += TAEL__TILE_TOKENS) {
            size_t n = tokens - t < TAEL__TILE_TOKENS ? tokens - t : TAEL__TILE_TOKENS;
            fill_tile(&a, x + t * x_stride, x_stride, n, f);
            for (size_t r = first, i = 0; r < end; r += TAEL__PANEL_ROWS, i++)
                multiply_tile(y + t * y_stride + r, y_stride, &panels[i], &a,
                              end - r < TAEL__PANEL_ROWS ? end - r : TAEL__PANEL_ROWS, n, f);
        }
    }
}

#define MATMUL_BLOCKS(format, ...)                                                                            \
    void ISA(tael__matmul_##format)(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                    size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                         \
        matmul_blocks(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, (shape)__VA_ARGS__);          \
    }
#define MATMUL_32(format, mins, act) \
    MATMUL_BLOCKS(format, {32, 32, sizeof(tael__block_##format), mins, TAEL__ACT_##act, .small = shape_##format})
#define MATMUL_256(format, group, mins) \
    MATMUL_BLOCKS(format, {256, group, sizeof(tael__block_##format), mins, TAEL__ACT_q8_k, .super = shape_##format})
MATMUL_32(q4_0, false, q8_0)
MATMUL_32(q4_1, true, q8_1)
MATMUL_32(q5_0, false, q8_0)
MATMUL_32(q5_1, true, q8_1)
MATMUL_32(q8_0, false, q8_0)
MATMUL_256(q2_k, 16, true)
MATMUL_256(q3_k, 16, false)
MATMUL_256(q4_k, 32, true)
MATMUL_256(q5_k, 32, true)
MATMUL_256(q6_k, 16, false)
