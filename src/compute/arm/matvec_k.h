// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the super-blocks of 256, straight from the file's blocks; included as matvec_blocks.h is.
 *
 * A block is taken in quarters of 64 weights: four registers, which are unpacked once and meet all tokens of the tile.
 * The products' sums are added pairwise until a lane belongs to one scale (two lanes, where a scale is for 32), and one
 * multiplication meets the quarter's whole-number scales; so all of a block but d and dmin stays in whole numbers. What
 * an offset or the minimums add is taken from the activations' sums of 16 instead of the weights. */
#include "compute/arm/matvec_tokens.h"

/* A block's scales, ready for the quarters, and the numbers that meet the activations' sums. */
typedef struct scales_256 {
    int32x4_t scale[4]; /* of each quarter: [s0, s0, s1, s1] or [s0, s1, s2, s3] */
    int16x8_t by_sums[2];
    float d, dmin;
} scales_256;

typedef struct shape_256 {
    size_t block;
    scales_256 (*scales)(const void *block);
    void (*quarter)(int8x16_t q[4], const void *block, int k);
    bool halves;    /* a scale is for 32 weights, else for 16 */
    int offset_log; /* by_sums holds scales, whose weights are off by 2^this; -1: it holds minimums */
} shape_256;

/* Byte `first` + i / each of 16, widened, in lane i. */
INLINE int32x4_t spread(uint8x16_t bytes, int first, int each)
{
    uint32_t index[4];
    for (int i = 0; i < 4; i++) index[i] = 0xFFFFFF00u | (uint32_t)(first + i / each);
    return vreinterpretq_s32_u8(vqtbl1q_u8(bytes, vreinterpretq_u8_u32(vld1q_u32(index))));
}

INLINE void widen_signed(scales_256 *s, int8x16_t bytes)
{
    s->by_sums[0] = vmovl_s8(vget_low_s8(bytes));
    s->by_sums[1] = vmovl_high_s8(bytes);
    for (int i = 0; i < 2; i++) {
        s->scale[2 * i] = vmovl_s16(vget_low_s16(s->by_sums[i]));
        s->scale[2 * i + 1] = vmovl_high_s16(s->by_sums[i]);
    }
}

INLINE uint8x16_t bytes_16(const uint8_t *p)
{
    return vld1q_u8(p);
}

INLINE int8x16_t low_nibbles(uint8x16_t x)
{
    return vreinterpretq_s8_u8(vandq_u8(x, vdupq_n_u8(15)));
}
INLINE int8x16_t high_nibbles(uint8x16_t x)
{
    return vreinterpretq_s8_u8(vshrq_n_u8(x, 4));
}

/* Bit `from` of each byte, moved to bit `to`, replaces that one of q. */
INLINE int8x16_t insert_bit(int8x16_t q, uint8x16_t high, int from, int to)
{
    uint8x16_t moved = from < to ? high << (uint8_t)(to - from) : high >> (uint8_t)(from - to);
    return vreinterpretq_s8_u8(vbslq_u8(vdupq_n_u8((uint8_t)(1 << to)), moved, vreinterpretq_u8_s8(q)));
}

/* The twelve bytes of q4_k and q5_k (tael__unpack_k4) with ordinary arithmetic, whose units are idle. */
INLINE scales_256 scales_k4(const uint8_t d[2], const uint8_t dmin[2], const uint8_t packed[12])
{
    uint32_t w[3];
    memcpy(w, packed, 12);
    uint32_t s = (w[2] & 0x0F0F0F0F) | (w[0] >> 2 & 0x30303030),
             m = (w[2] >> 4 & 0x0F0F0F0F) | (w[1] >> 2 & 0x30303030);
    uint8x8_t scales = vcreate_u8((uint64_t)s << 32 | (w[0] & 0x3F3F3F3F));
    uint8x8_t mins = vcreate_u8((uint64_t)m << 32 | (w[1] & 0x3F3F3F3F));
    scales_256 out = {.d = half_at(d), .dmin = half_at(dmin)};
    for (int k = 0; k < 4; k++) out.scale[k] = spread(vcombine_u8(scales, scales), 2 * k, 2);
    out.by_sums[0] = vreinterpretq_s16_u16(vmovl_u8(mins));
    return out;
}

INLINE scales_256 scales_q4_k(const void *block)
{
    const tael__block_q4_k *b = block;
    return scales_k4(b->d, b->dmin, b->scales);
}
INLINE void quarter_q4_k(int8x16_t q[4], const void *block, int k)
{
    const tael__block_q4_k *b = block;
    uint8x16_t x = bytes_16(b->qs + 32 * k), y = bytes_16(b->qs + 32 * k + 16);
    q[0] = low_nibbles(x);
    q[1] = low_nibbles(y);
    q[2] = high_nibbles(x);
    q[3] = high_nibbles(y);
}

INLINE scales_256 scales_q5_k(const void *block)
{
    const tael__block_q5_k *b = block;
    return scales_k4(b->d, b->dmin, b->scales);
}
INLINE void quarter_q5_k(int8x16_t q[4], const void *block, int k)
{
    const tael__block_q5_k *b = block;
    uint8x16_t x = bytes_16(b->qs + 32 * k), y = bytes_16(b->qs + 32 * k + 16);
    uint8x16_t high[2] = {bytes_16(b->qh), bytes_16(b->qh + 16)};
    q[0] = low_nibbles(x);
    q[1] = low_nibbles(y);
    q[2] = high_nibbles(x);
    q[3] = high_nibbles(y);
    for (int i = 0; i < 4; i++) q[i] = insert_bit(q[i], high[i % 2], 2 * k + i / 2, 4);
}

INLINE void two_bits(int8x16_t q[4], const uint8_t qs[64], int k)
{
    for (int i = 0; i < 4; i++) {
        uint8x16_t x = bytes_16(qs + 32 * (k / 2) + 16 * (i % 2)) >> (uint8_t)(4 * (k % 2) + 2 * (i / 2));
        q[i] = vreinterpretq_s8_u8(k % 2 && i / 2 ? x : vandq_u8(x, vdupq_n_u8(3)));
    }
}

INLINE scales_256 scales_q2_k(const void *block)
{
    const tael__block_q2_k *b = block;
    scales_256 out = {.d = half_at(b->d), .dmin = half_at(b->dmin)};
    uint8x16_t both = bytes_16(b->scales), mins = vshrq_n_u8(both, 4), scales = vandq_u8(both, vdupq_n_u8(15));
    for (int k = 0; k < 4; k++) out.scale[k] = spread(scales, 4 * k, 1);
    out.by_sums[0] = vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(mins)));
    out.by_sums[1] = vreinterpretq_s16_u16(vmovl_high_u8(mins));
    return out;
}
INLINE void quarter_q2_k(int8x16_t q[4], const void *block, int k)
{
    two_bits(q, ((const tael__block_q2_k *)block)->qs, k);
}

INLINE scales_256 scales_q3_k(const void *block)
{
    const tael__block_q3_k *b = block;
    scales_256 out = {.d = half_at(b->d)};
    uint32_t w[3], s[4];
    memcpy(w, b->scales, 12);
    s[0] = (w[0] & 0x0F0F0F0F) | (w[2] << 4 & 0x30303030);
    s[1] = (w[1] & 0x0F0F0F0F) | (w[2] << 2 & 0x30303030);
    s[2] = (w[0] >> 4 & 0x0F0F0F0F) | (w[2] & 0x30303030);
    s[3] = (w[1] >> 4 & 0x0F0F0F0F) | (w[2] >> 2 & 0x30303030);
    widen_signed(&out, vsubq_s8(vreinterpretq_s8_u32(vld1q_u32(s)), vdupq_n_s8(32)));
    return out;
}
INLINE void quarter_q3_k(int8x16_t q[4], const void *block, int k)
{
    const tael__block_q3_k *b = block;
    two_bits(q, b->qs, k);
    for (int i = 0; i < 4; i++) q[i] = insert_bit(q[i], bytes_16(b->hmask + 16 * (i % 2)), 2 * k + i / 2, 2);
}

INLINE scales_256 scales_q6_k(const void *block)
{
    const tael__block_q6_k *b = block;
    scales_256 out = {.d = half_at(b->d)};
    widen_signed(&out, vld1q_s8(b->scales));
    return out;
}
/* The two high bits are moved to a nibble's lower half; shifts that insert put the low nibble below it. */
INLINE void quarter_q6_k(int8x16_t q[4], const void *block, int k)
{
    const tael__block_q6_k *b = block;
    const uint8x16_t six = vdupq_n_u8(63);
    for (int i = 0; i < 4; i++) {
        uint8x16_t low = bytes_16(b->ql + 64 * (k / 2) + 16 * i), high = bytes_16(b->qh + 32 * (k / 2) + 16 * (i % 2));
        if (i / 2) high = vshrq_n_u8(high, 2);
        low = k % 2 ? vsriq_n_u8(high, low, 4) : vsliq_n_u8(low, high, 4);
        q[i] = vreinterpretq_s8_u8(k % 2 && i / 2 ? low : vandq_u8(low, six)); /* the last's top bits are clear */
    }
}

/* One quarter's products with one token, times its scales. */
INLINE int32x4_t quarter_of(int32x4_t sum, const int8x16_t q[4], const int8_t *a, int32x4_t scale, bool halves)
{
    int32x4_t p[4];
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

#define TILE_256(format, halves, offset_log)                                                                        \
    INLINE void tile_##format(const place *p, int rows, int tokens)                                                 \
    {                                                                                                               \
        tile_256(p, rows, tokens,                                                                                   \
                 (shape_256){sizeof(tael__block_##format), scales_##format, quarter_##format, halves, offset_log}); \
    }                                                                                                               \
    OVER_TILES(format, tile_##format)
TILE_256(q2_k, false, -1)
TILE_256(q3_k, false, 2)
TILE_256(q4_k, true, -1)
TILE_256(q5_k, true, -1)
TILE_256(q6_k, false, 5)
