// SPDX-License-Identifier: Apache-2.0
/* Takes blocks of weights apart into registers of bytes, in the order of the columns: four blocks of 32 at once, and
 * super-blocks of 256 in quarters of 64. For matvec, which multiplies the registers as they are, and matmul, which puts
 * them into panels.
 *
 * Two shapes of bytes spare work. A q4_0 nibble with its top bit flipped and moved to the top of a byte is 16 * (q - 8)
 * as a signed number; whoever converts the sums to float divides by 16, exactly. A q5_0 byte has 1111 above its nibble
 * where the fifth bit is 0, which is q - 16. */
#ifndef TAEL__COMPUTE_ARM_UNPACK_H
#define TAEL__COMPUTE_ARM_UNPACK_H

#include <arm_neon.h>

#include "compute/blocks.h"

#define INLINE static inline __attribute__((always_inline))

INLINE float half_at(const uint8_t b[2])
{
    __fp16 h;
    memcpy(&h, b, 2);
    return h;
}

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
INLINE uint8x16_t bits_set(uint32x4_t high, int half)
{
    const uint8x16_t bit = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
    const uint8x16_t spread = vcombine_u8(vdup_n_u8((uint8_t)(2 * half)), vdup_n_u8((uint8_t)(2 * half + 1)));
    return vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(high), spread), bit);
}

INLINE uint32x4_t load_high(const uint8_t qh[4])
{
    return vld1q_dup_u32((const uint32_t *)(const void *)qh);
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
        uint32x4_t clear = vmvnq_u32(load_high(b[i].qh));
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
        uint32x4_t high = load_high(b[i].qh);
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

/* A format with blocks of 32. */
typedef struct shape_32 {
    size_t block;
    unpack_fn *unpack;
    bool sixteenths, mins; /* bytes are 16 * q; blocks have an m */
} shape_32;

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
    int offset_log; /* bytes are q + 2^this, and by_sums holds the scales; -1: bytes are q, and by_sums holds the
                       minimums */
} shape_256;

/* Byte `first` + i / each of 16, widened, in lane i. Indices of 255 give zeros. */
INLINE int32x4_t spread(uint8x16_t bytes, int first, int each)
{
    static const uint32_t ones[4] = {0xFFFFFF00, 0xFFFFFF01, 0xFFFFFF02, 0xFFFFFF03};
    static const uint32_t twos[4] = {0xFFFFFF00, 0xFFFFFF00, 0xFFFFFF01, 0xFFFFFF01};
    uint32x4_t index = vaddq_u32(vld1q_u32(each == 1 ? ones : twos), vdupq_n_u32((uint32_t)first));
    return vreinterpretq_s32_u8(vqtbl1q_u8(bytes, vreinterpretq_u8_u32(index)));
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
#pragma GCC unroll 4
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
#pragma GCC unroll 4
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

static const shape_32 shape_q4_0 = {sizeof(tael__block_q4_0), unpack_q4_0, true, false};
static const shape_32 shape_q4_1 = {sizeof(tael__block_q4_1), unpack_q4_1, false, true};
static const shape_32 shape_q5_0 = {sizeof(tael__block_q5_0), unpack_q5_0, false, false};
static const shape_32 shape_q5_1 = {sizeof(tael__block_q5_1), unpack_q5_1, false, true};
static const shape_32 shape_q8_0 = {sizeof(tael__block_q8_0), unpack_q8_0, false, false};
static const shape_256 shape_q2_k = {sizeof(tael__block_q2_k), scales_q2_k, quarter_q2_k, false, -1};
static const shape_256 shape_q3_k = {sizeof(tael__block_q3_k), scales_q3_k, quarter_q3_k, false, 2};
static const shape_256 shape_q4_k = {sizeof(tael__block_q4_k), scales_q4_k, quarter_q4_k, true, -1};
static const shape_256 shape_q5_k = {sizeof(tael__block_q5_k), scales_q5_k, quarter_q5_k, true, -1};
static const shape_256 shape_q6_k = {sizeof(tael__block_q6_k), scales_q6_k, quarter_q6_k, false, 5};

#endif
