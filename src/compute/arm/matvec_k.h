// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the super-blocks of 256, straight from the file's blocks; included as matvec_blocks.h is.
 *
 * A block is taken in quarters of 64 weights: four registers, which are unpacked once and meet all tokens of the tile.
 * The products' sums are added pairwise until a lane belongs to one scale (two lanes, where a scale is for 32), and one
 * multiplication meets the quarter's whole-number scales; so all of a block but d and dmin stays in whole numbers. What
 * an offset or the minimums add is taken from the activations' sums of 16 instead of the weights.
 *
 * UNROLL_QUARTERS: with sdot it saves a quarter of the instructions for 4 tokens that the loop over quarters is
 * unrolled whatever its size; without, the products take so many registers that it costs as much again. */
#include "compute/arm/matvec_tokens.h"

/* One quarter's products with one token, times its scales. */
INLINE int32x4_t quarter_of(int32x4_t sum, const int8x16_t q[4], const int8_t *a, int32x4_t scale, bool halves)
{
    int32x4_t p[4];
#pragma GCC unroll 8
    for (int i = 0; i < 4; i += 1 + halves) {
        p[i] = product_16(q[i], vld1q_s8(a + 16 * i));
        if (halves) p[i] = add_product_16(p[i], q[i + 1], vld1q_s8(a + 16 * i + 16));
    }
    int32x4_t lanes = halves ? vpaddq_s32(p[0], p[2]) : vpaddq_s32(vpaddq_s32(p[0], p[1]), vpaddq_s32(p[2], p[3]));
    return vmlaq_s32(sum, lanes, scale);
}

/* by_sums times the activations' sums; where a number is for 32 weights, two sums are added first. */
INLINE int32x4_t meet_sums(const scales_256 *s, const int16_t *sums, bool halves)
{
    int16x8_t a = vld1q_s16(sums), b = vld1q_s16(sums + 8), m = s->by_sums[0];
    if (halves) a = vpaddq_s16(a, b);
    int32x4_t dot = vmlal_high_s16(vmull_s16(vget_low_s16(m), vget_low_s16(a)), m, a);
    if (halves) return dot;
    m = s->by_sums[1];
    return vmlal_high_s16(vmlal_s16(dot, vget_low_s16(m), vget_low_s16(b)), m, b);
}

/* One row's block b meets all tokens of the tile. */
INLINE void add_block(float32x4_t acc[TOKENS_MOST], const place *p, const void *w, size_t b, int tokens,
                      const tael__act_layout at, const shape_256 s)
{
    const scales_256 scales = s.scales(w);
    int32x4_t sum[TOKENS_MOST];
    for (int t = 0; t < tokens; t++) sum[t] = vdupq_n_s32(0);
    UNROLL_QUARTERS
    for (int k = 0; k < 4; k++) {
        int8x16_t q[4];
        s.quarter(q, w, k);
        for (int t = 0; t < tokens; t++)
            sum[t] = quarter_of(sum[t], q, (const int8_t *)p->x + (size_t)t * p->x_stride + 256 * b + 64 * (size_t)k,
                                scales.scale[k], s.halves);
    }
    for (int t = 0; t < tokens; t++) {
        const char *x = p->x + (size_t)t * p->x_stride;
        float d = ((const float *)(const void *)(x + at.d))[b];
        int32x4_t other = meet_sums(&scales, (const int16_t *)(const void *)(x + at.extra) + 16 * b, s.halves);
        if (s.offset_log >= 0) sum[t] = vmlsq_n_s32(sum[t], other, 1 << s.offset_log);
        acc[t] = vfmaq_n_f32(acc[t], vcvtq_f32_s32(sum[t]), scales.d * d);
        if (s.offset_log < 0) acc[t] = vfmsq_n_f32(acc[t], vcvtq_f32_s32(other), scales.dmin * d);
    }
}

INLINE void tile_256(const place *p, int rows, int tokens, const shape_256 s)
{
    const tael__act_layout at = tael__act_layout_of(TAEL__ACT_q8_k, p->cols);
    float32x4_t acc[ROWS_MOST][TOKENS_MOST];
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < tokens; t++) acc[r][t] = vdupq_n_f32(0);
    for (size_t b = 0; b < p->cols / 256; b++)
        for (int r = 0; r < rows; r++)
            add_block(acc[r], p, p->w + (size_t)r * p->row_bytes + b * s.block, b, tokens, at, s);
    for (int r = 0; r < rows; r++)
        for (int t = 0; t < tokens; t++) p->y[(size_t)t * p->y_stride + (size_t)r] = vaddvq_f32(acc[r][t]);
}

#define TILE_256(format)                                            \
    INLINE void tile_##format(const place *p, int rows, int tokens) \
    {                                                               \
        tile_256(p, rows, tokens, shape_##format);                  \
    }                                                               \
    OVER_TILES(format, tile_##format, 1)
TILE_256(q2_k)
TILE_256(q3_k)
TILE_256(q4_k)
TILE_256(q5_k)
TILE_256(q6_k)
