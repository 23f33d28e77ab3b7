// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats with blocks of 32, straight from the file's blocks; included by each instruction
 * set's file, which gives product_16 and add_product_16 (sums of 16 products in four lanes).
 *
 * Four blocks at a time: the sums of each lie in four lanes, pairwise additions turn them into one register with a lane
 * a block, and that meets the four scales at once: one conversion and one multiplication for 128 weights. */
#include "compute/arm/matvec_tokens.h"

/* What four blocks add to a sum: lane i has block i. */
INLINE float32x4_t add_four(float32x4_t acc, const four_blocks *f, const int8_t *a, const float *d, const float *s,
                            bool sixteenths)
{
    int32x4_t sum[4];
#pragma GCC unroll 8
    for (int i = 0; i < 4; i++)
        sum[i] =
            add_product_16(product_16(f->q[2 * i], vld1q_s8(a + 32 * i)), f->q[2 * i + 1], vld1q_s8(a + 32 * i + 16));
    int32x4_t all = vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3]));
    float32x4_t dot = sixteenths ? vcvtq_n_f32_s32(all, 4) : vcvtq_f32_s32(all);
    acc = vfmaq_f32(acc, dot, vmulq_f32(f->d, vld1q_f32(d)));
    return s ? vfmaq_f32(acc, f->m, vld1q_f32(s)) : acc;
}

/* Blocks b..b+3 of a row at `w` meet all of the tile's tokens. */
INLINE void add_tokens(float32x4_t acc[TOKENS_MOST], const place *p, const uint8_t *w, size_t b, int tokens,
                       const tael__act_layout at, const shape_32 s)
{
    four_blocks f = s.unpack(w);
    for (int t = 0; t < tokens; t++) {
        const char *x = p->x + (size_t)t * p->x_stride;
        const float *d = (const float *)(const void *)(x + at.d), *sums = (const float *)(const void *)(x + at.extra);
        acc[t] = add_four(acc[t], &f, (const int8_t *)x + 32 * b, d + b, s.mins ? sums + b : NULL, s.sixteenths);
    }
}

INLINE void tile_blocks(const place *p, int rows, int tokens, const shape_32 s)
{
    const tael__act_layout at = tael__act_layout_of(s.mins ? TAEL__ACT_q8_1 : TAEL__ACT_q8_0, p->cols);
    const size_t blocks = p->cols / 32;
    float32x4_t acc[ROWS_MOST][TOKENS_MOST];
    size_t b = 0;
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < tokens; t++) acc[r][t] = vdupq_n_f32(0);
    for (; b + 4 <= blocks; b += 4)
        for (int r = 0; r < rows; r++)
            add_tokens(acc[r], p, p->w + (size_t)r * p->row_bytes + b * s.block, b, tokens, at, s);
    for (int r = 0; b < blocks && r < rows; r++) { /* the last ones from a copy ended by blocks of scale 0 */
        uint8_t last[4 * sizeof(tael__block_q8_0)] = {0};
        memcpy(last, p->w + (size_t)r * p->row_bytes + b * s.block, (blocks - b) * s.block);
        add_tokens(acc[r], p, last, b, tokens, at, s);
    }
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < tokens; t++) p->y[(size_t)t * p->y_stride + (size_t)r] = vaddvq_f32(acc[r][t]);
}

#define TILE_BLOCKS(format)                                         \
    INLINE void tile_##format(const place *p, int rows, int tokens) \
    {                                                               \
        tile_blocks(p, rows, tokens, shape_##format);               \
    }                                                               \
    OVER_TILES(format, tile_##format, 4)
TILE_BLOCKS(q4_0)
TILE_BLOCKS(q5_0)
TILE_BLOCKS(q8_0)
TILE_BLOCKS(q4_1)
TILE_BLOCKS(q5_1)
