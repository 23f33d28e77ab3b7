// SPDX-License-Identifier: Apache-2.0
/* Blocks to registers of 64 weights in the order of the columns, unsigned: what a weight is more than the format says
 * is its offset. Shared by the kernels of matrix times vector, which multiply them as they are, and of matrix times
 * matrix, which turns 16 rows of them into a panel. */
#ifndef TAEL__COMPUTE_X86_UNPACK_AVX512_H
#define TAEL__COMPUTE_X86_UNPACK_AVX512_H

#include <immintrin.h>

#include "compute/blocks.h"

#define INLINE static inline __attribute__((always_inline))

/* ---- Blocks of 32: two neighbours make a register ---- */

/* [a x 16 bytes, a x 16 bytes, b, b] to nibbles: low of a, high of a, low of b, high of b. */
INLINE __m512i nibbles(const uint8_t *a, const uint8_t *b)
{
    const __m512i shift =
        _mm512_set_epi64(0x0004000400040004, 0x0004000400040004, 0, 0, 0x0004000400040004, 0x0004000400040004, 0, 0);
    __m512i q = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)a));
    q = _mm512_mask_broadcast_i32x4(q, 0xFF00, _mm_loadu_si128((const __m128i *)(const void *)b));
    return _mm512_and_si512(_mm512_srlv_epi16(q, shift), _mm512_set1_epi8(15));
}

/* Adds the fifth bits: bit i of `a` is for weight i of the first block. */
INLINE __m512i fifth_bits(__m512i q, const uint8_t *a, const uint8_t *b)
{
    __mmask64 set = (uint64_t)tael__load_u32(b) << 32 | tael__load_u32(a);
    return _mm512_mask_add_epi8(q, set, q, _mm512_set1_epi8(16));
}

/* The unsigned weights of two blocks. */
INLINE __m512i pair_q4_0(const uint8_t *pair)
{
    const tael__block_q4_0 *w = (const void *)pair;
    return nibbles(w[0].qs, w[1].qs);
}
INLINE __m512i pair_q4_1(const uint8_t *pair)
{
    const tael__block_q4_1 *w = (const void *)pair;
    return nibbles(w[0].qs, w[1].qs);
}
INLINE __m512i pair_q5_0(const uint8_t *pair)
{
    const tael__block_q5_0 *w = (const void *)pair;
    return fifth_bits(nibbles(w[0].qs, w[1].qs), w[0].qh, w[1].qh);
}
INLINE __m512i pair_q5_1(const uint8_t *pair)
{
    const tael__block_q5_1 *w = (const void *)pair;
    return fifth_bits(nibbles(w[0].qs, w[1].qs), w[0].qh, w[1].qh);
}
INLINE __m512i pair_q8_0(const uint8_t *pair)
{
    const tael__block_q8_0 *w = (const void *)pair;
    __m512i q = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)(const void *)w[0].qs));
    q = _mm512_inserti64x4(q, _mm256_loadu_si256((const __m256i *)(const void *)w[1].qs), 1);
    return _mm512_xor_si512(q, _mm512_set1_epi8((char)0x80)); /* q + 128 */
}

/* The f16 numbers that four blocks have at the same place. */
INLINE uint64_t four_halves(const uint8_t *at, size_t block)
{
    return tael__load_u16(at) | (uint64_t)tael__load_u16(at + block) << 16 |
           (uint64_t)tael__load_u16(at + 2 * block) << 32 | (uint64_t)tael__load_u16(at + 3 * block) << 48;
}

/* ---- Blocks of 256: quarter k, from column 64 * k on ---- */

/* 32 bytes twice. */
INLINE __m512i twice(const uint8_t *p)
{
    return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
INLINE __m512i halves(short low, short high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set1_epi16(low)), _mm256_set1_epi16(high), 1);
}

/* The eight scales and mins of q4_k and q5_k (tael__unpack_k4), a byte each. Ordinary arithmetic, whose ports are idle.
 */
INLINE void bytes_k4(uint64_t *scales, uint64_t *mins, const uint8_t packed[12])
{
    uint32_t a = tael__load_u32(packed), b = tael__load_u32(packed + 4), c = tael__load_u32(packed + 8);
    uint32_t s = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030), m = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
    *scales = (uint64_t)s << 32 | (a & 0x3F3F3F3F);
    *mins = (uint64_t)m << 32 | (b & 0x3F3F3F3F);
}

/* The sixteen scales of q3_k, with their sign. */
INLINE __m128i bytes_k3(const uint8_t packed[12])
{
    uint32_t p = tael__load_u32(packed), r = tael__load_u32(packed + 4), top = tael__load_u32(packed + 8);
    uint32_t s0 = (p & 0x0F0F0F0F) | (top << 4 & 0x30303030), s1 = (r & 0x0F0F0F0F) | (top << 2 & 0x30303030);
    uint32_t s2 = (p >> 4 & 0x0F0F0F0F) | (top & 0x30303030), s3 = (r >> 4 & 0x0F0F0F0F) | (top >> 2 & 0x30303030);
    __m128i six = _mm_set_epi64x((long long)((uint64_t)s3 << 32 | s2), (long long)((uint64_t)s1 << 32 | s0));
    return _mm_sub_epi8(six, _mm_set1_epi8(32));
}

INLINE __m512i quarter_q4_k(const tael__block_q4_k *w, int k)
{
    return _mm512_and_si512(_mm512_srlv_epi16(twice(w->qs + 32 * k), halves(0, 4)), _mm512_set1_epi8(15));
}

/* q with `by` added where either of two neighbouring bits of `high` is set, from bit 2 * k on. */
INLINE __m512i add_bits(__m512i q, const uint8_t *high, int k, char by)
{
    const __m512i bit = halves((short)(0x0101 << 2 * k), (short)(0x0202 << 2 * k));
    return _mm512_mask_add_epi8(q, _mm512_test_epi8_mask(twice(high), bit), q, _mm512_set1_epi8(by));
}

INLINE __m512i quarter_q5_k(const tael__block_q5_k *w, int k)
{
    __m512i q = _mm512_srlv_epi16(twice(w->qs + 32 * k), halves(0, 4));
    return add_bits(_mm512_and_si512(q, _mm512_set1_epi8(15)), w->qh, k, 16);
}

INLINE __m512i quarter_q6_k(const tael__block_q6_k *w, int k)
{
    const __m512i low = _mm512_set1_epi8(15), six = _mm512_set1_epi8(63);
    __m512i ql = _mm512_loadu_si512(w->ql + 64 * (k / 2)), qh = twice(w->qh + 32 * (k / 2));
    /* 0xCA: the first's 1s choose the second, its 0s the third */
    if (k % 2 == 0)
        ql = _mm512_ternarylogic_epi32(low, ql, _mm512_sllv_epi16(qh, halves(4, 2)), 0xCA);
    else
        ql = _mm512_ternarylogic_epi32(low, _mm512_srli_epi16(ql, 4), _mm512_srlv_epi16(qh, halves(0, 2)), 0xCA);
    return _mm512_and_si512(ql, six);
}

/* Two bits in four layers of 32 columns, twice. */
INLINE __m512i two_bit_quarter(const uint8_t *qs, int k)
{
    __m512i q = _mm512_srlv_epi16(twice(qs + 32 * (k / 2)), k % 2 ? halves(4, 6) : halves(0, 2));
    return _mm512_and_si512(q, _mm512_set1_epi8(3));
}
INLINE __m512i quarter_q2_k(const tael__block_q2_k *w, int k)
{
    return two_bit_quarter(w->qs, k);
}
INLINE __m512i quarter_q3_k(const tael__block_q3_k *w, int k)
{
    return add_bits(two_bit_quarter(w->qs, k), w->hmask, k, 4);
}

#endif
