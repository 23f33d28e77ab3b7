// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats with blocks of 32, straight from the file's blocks; included by each instruction
 * set's file, which gives product_16 and add_product_16 (sums of 16 products in four lanes).
 *
 * Four blocks at a time: the sums of each lie in four lanes, pairwise additions turn them into one register with a lane
 * a block, and that meets the four scales at once: one conversion and one multiplication for 128 weights. q4_0's offset
 * costs nothing: a nibble with its top bit flipped and moved to the top of a byte is 16 * (q - 8) as a signed number,
 * and the conversion to float divides by 16 exactly. */
#include "compute/arm/matvec_tokens.h"

/* Four blocks unpacked: bytes in the order of the columns, a scale and a min a block. */
typedef struct four_blocks {
    int8x16_t q[8];
    float32x4_t d, m;
} four_blocks;

typedef four_blocks unpack_fn(const uint8_t *w);

/* The f16 numbers at the beginning of four blocks. */
INLINE float32x4_t scales_at(const uint8_t *w, size_t block)
{
    uint16x4_t h = vdup_n_u16(0);
    h = vld1_lane_u16((const uint16_t *)(const void *)w, h, 0);
    h = vld1_lane_u16((const uint16_t *)(const void *)(w + block), h, 1);
    h = vld1_lane_u16((const uint16_t *)(const void *)(w + 2 * block), h, 2);
    h = vld1_lane_u16((const uint16_t *)(const void *)(w + 3 * block), h, 3);
    return vcvt_f32_f16(vreinterpret_f16_u16(h));
}

/* The same for d and the m behind it. */
INLINE void scales_and_mins_at(four_blocks *f, const uint8_t *w, size_t block)
{
    uint32x4_t both = vdupq_n_u32(0);
    both = vld1q_lane_u32((const uint32_t *)(const void *)w, both, 0);
    both = vld1q_lane_u32((const uint32_t *)(const void *)(w + block), both, 1);
    both = vld1q_lane_u32((const uint32_t *)(const void *)(w + 2 * block), both, 2);
    both = vld1q_lane_u32((const uint32_t *)(const void *)(w + 3 * block), both, 3);
    f->d = vcvt_f32_f16(vreinterpret_f16_u16(vmovn_u32(both)));
    f->m = vcvt_f32_f16(vreinterpret_f16_u16(vshrn_n_u32(both, 16)));
}

/* 0xFF in the bytes whose bit is set: byte i of `half` 0 looks at bit i of the first two bytes, of 1 at the last two.
 */
INLINE uint8x16_t bits_set(uint32x2_t high, int half)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    const uint8x16_t spread = vcombine_u8(vdup_n_u8((uint8_t)(2 * half)), vdup_n_u8((uint8_t)(2 * half + 1)));
    uint8x16_t bytes = vreinterpretq_u8_u32(vcombine_u32(high, high));
    return vtstq_u8(vqtbl1q_u8(bytes, spread), bit);
}

INLINE uint32x2_t load_high(const uint8_t qh[4])
{
    uint32_t bits;
    memcpy(&bits, qh, 4);
    return vdup_n_u32(bits);
}

INLINE four_blocks unpack_q4_0(const uint8_t *w)
{
    const tael__block_q4_0 *b = (const void *)w;
    four_blocks f = {.d = scales_at(w, sizeof *b)};
    const uint8x16_t top = vdupq_n_u8(0xF0), flip = vdupq_n_u8(0x88);
    for (int i = 0; i < 4; i++) {
        uint8x16_t x = veorq_u8(vld1q_u8(b[i].qs), flip);
        f.q[2 * i] = vreinterpretq_s8_u8(vshlq_n_u8(x, 4));
        f.q[2 * i + 1] = vreinterpretq_s8_u8(vandq_u8(x, top));
    }
    return f;
}

INLINE four_blocks unpack_q4_1(const uint8_t *w)
{
    const tael__block_q4_1 *b = (const void *)w;
    four_blocks f;
    scales_and_mins_at(&f, w, sizeof *b);
    for (int i = 0; i < 4; i++) {
        uint8x16_t x = vld1q_u8(b[i].qs);
        f.q[2 * i] = vreinterpretq_s8_u8(vandq_u8(x, vdupq_n_u8(15)));
        f.q[2 * i + 1] = vreinterpretq_s8_u8(vshrq_n_u8(x, 4));
    }
    return f;
}

/* q - 16: a byte's upper nibble is 1111 where the fifth bit is 0, and the lower nibble is the number's. */
INLINE four_blocks unpack_q5_0(const uint8_t *w)
{
    const tael__block_q5_0 *b = (const void *)w;
    four_blocks f = {.d = scales_at(w, sizeof *b)};
    const uint8x16_t low = vdupq_n_u8(15);
    for (int i = 0; i < 4; i++) {
        uint8x16_t x = vld1q_u8(b[i].qs);
        uint32x2_t clear = vmvn_u32(load_high(b[i].qh));
        f.q[2 * i] = vreinterpretq_s8_u8(vbslq_u8(low, x, bits_set(clear, 0)));
        f.q[2 * i + 1] = vreinterpretq_s8_u8(vsriq_n_u8(bits_set(clear, 1), x, 4));
    }
    return f;
}

INLINE four_blocks unpack_q5_1(const uint8_t *w)
{
    const tael__block_q5_1 *b = (const void *)w;
    four_blocks f;
    scales_and_mins_at(&f, w, sizeof *b);
    const uint8x16_t low = vdupq_n_u8(15), fifth = vdupq_n_u8(16);
    for (int i = 0; i < 4; i++) {
        uint8x16_t x = vld1q_u8(b[i].qs);
        uint32x2_t high = load_high(b[i].qh);
        f.q[2 * i] = vreinterpretq_s8_u8(vbslq_u8(fifth, bits_set(high, 0), vandq_u8(x, low)));
        f.q[2 * i + 1] = vreinterpretq_s8_u8(vbslq_u8(fifth, bits_set(high, 1), vshrq_n_u8(x, 4)));
    }
    return f;
}

INLINE four_blocks unpack_q8_0(const uint8_t *w)
{
    const tael__block_q8_0 *b = (const void *)w;
    four_blocks f = {.d = scales_at(w, sizeof *b)};
    for (int i = 0; i < 4; i++) {
        f.q[2 * i] = vld1q_s8(b[i].qs);
        f.q[2 * i + 1] = vld1q_s8(b[i].qs + 16);
    }
    return f;
}

/* What four blocks add to a sum: lane i has block i. */
INLINE float32x4_t add_four(float32x4_t acc, const four_blocks *f, const int8_t *a, const float *d, const float *s,
                            bool sixteenths)
{
    int32x4_t sum[4];
    for (int i = 0; i < 4; i++)
        sum[i] =
            add_product_16(product_16(f->q[2 * i], vld1q_s8(a + 32 * i)), f->q[2 * i + 1], vld1q_s8(a + 32 * i + 16));
    int32x4_t all = vpaddq_s32(vpaddq_s32(sum[0], sum[1]), vpaddq_s32(sum[2], sum[3]));
    float32x4_t dot = sixteenths ? vcvtq_n_f32_s32(all, 4) : vcvtq_f32_s32(all);
    acc = vfmaq_f32(acc, dot, vmulq_f32(f->d, vld1q_f32(d)));
    return s ? vfmaq_f32(acc, f->m, vld1q_f32(s)) : acc;
}

/* What the loop over a row's blocks needs of one format. */
typedef struct shape_32 {
    size_t block;
    unpack_fn *unpack;
    bool sixteenths, mins;
} shape_32;

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

#define TILE_BLOCKS(format, sixteenths, mins)                                                                      \
    INLINE void tile_##format(const place *p, int rows, int tokens)                                                \
    {                                                                                                              \
        tile_blocks(p, rows, tokens, (shape_32){sizeof(tael__block_##format), unpack_##format, sixteenths, mins}); \
    }                                                                                                              \
    OVER_TILES(format, tile_##format)
TILE_BLOCKS(q4_0, true, false)
TILE_BLOCKS(q5_0, false, false)
TILE_BLOCKS(q8_0, false, false)
TILE_BLOCKS(q4_1, false, true)
TILE_BLOCKS(q5_1, false, true)
