// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the super-blocks of 256, straight from the file's blocks: eight registers of 32 weights in
 * the order of the columns. vpmaddubsw makes sums of two in 16 bits, vpmaddwd multiplies them by the whole-number
 * scales and makes sums of four in 32; a block meets its d once. Minimums and offsets use the activations' sums of 16.
 */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

/* A block of activations. */
typedef struct acts {
    const int8_t *q;
    __m256i sums; /* of 16, in 16 bits */
    float d;
} acts;

typedef struct total {
    __m256 dot;
    __m128 min;
} total;

INLINE float f16(const uint8_t h[2])
{
    return _cvtsh_ss(tael__load_u16(h));
}
INLINE __m256i load(const void *p)
{
    return _mm256_loadu_si256((const __m256i *)p);
}
INLINE __m256i low_bits(__m256i x, int shift, char mask)
{
    return _mm256_and_si256(_mm256_srli_epi16(x, shift), _mm256_set1_epi8(mask));
}
/* `value` in the bytes whose bit k is set. */
INLINE __m256i where_bit(__m256i x, int k, char value)
{
    const __m256i bit = _mm256_set1_epi8((char)(1 << k));
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(x, bit), bit), _mm256_set1_epi8(value));
}

/* Adds register k of 32 products. Scales lie in 16 bits, eight in each half of `scales`: one a register, both halves
 * alike, or two a register, for its halves. */
INLINE __m256i add_32(__m256i sum, int k, __m256i q, const acts *a, __m256i scales)
{
    const __m256i index = _mm256_set1_epi16((short)(0x0100 + 0x0202 * k));
    __m256i twos = _mm256_maddubs_epi16(q, load(a->q + 32 * k));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(twos, _mm256_shuffle_epi8(scales, index)));
}
INLINE __m256i add_16(__m256i sum, int k, __m256i q, const acts *a, __m256i scales)
{
    /* scales 2 k and 2 k + 1 as one 32-bit lane, to every lane; then the first for the low half, the second for the
     * high */
    const __m256i index = _mm256_set_m128i(_mm_set1_epi16(0x0302), _mm_set1_epi16(0x0100));
    __m256i two = _mm256_permutevar8x32_epi32(scales, _mm256_set1_epi32(k));
    __m256i twos = _mm256_maddubs_epi16(q, load(a->q + 32 * k));
    return _mm256_add_epi32(sum, _mm256_madd_epi16(twos, _mm256_shuffle_epi8(two, index)));
}

INLINE void k4(uint64_t *scales, uint64_t *mins, const uint8_t packed[12])
{
    uint32_t a = tael__load_u32(packed), b = tael__load_u32(packed + 4), c = tael__load_u32(packed + 8);
    uint32_t s = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030), m = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
    *scales = (uint64_t)s << 32 | (a & 0x3F3F3F3F);
    *mins = (uint64_t)m << 32 | (b & 0x3F3F3F3F);
}

INLINE total finish_k4(total t, __m256i sum, uint64_t mins, const uint8_t *dm, const acts *a)
{
    __m128i sums = _mm_hadd_epi16(_mm256_castsi256_si128(a->sums), _mm256_extracti128_si256(a->sums, 1));
    __m128i products = _mm_madd_epi16(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)mins)), sums);
    t.dot = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(f16(dm) * a->d), t.dot);
    t.min = _mm_fnmadd_ps(_mm_cvtepi32_ps(products), _mm_set1_ps(f16(dm + 2) * a->d), t.min);
    return t;
}

INLINE total block_q4_k(total t, const tael__block_q4_k *w, const acts *a)
{
    uint64_t scales, mins;
    k4(&scales, &mins, w->scales);
    __m256i s = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)scales)));
    __m256i sum = _mm256_setzero_si256();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m256i q = load(w->qs + 32 * k);
        sum = add_32(sum, 2 * k, low_bits(q, 0, 15), a, s);
        sum = add_32(sum, 2 * k + 1, low_bits(q, 4, 15), a, s);
    }
    return finish_k4(t, sum, mins, w->d, a);
}

INLINE total block_q5_k(total t, const tael__block_q5_k *w, const acts *a)
{
    uint64_t scales, mins;
    k4(&scales, &mins, w->scales);
    __m256i s = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)scales)));
    __m256i sum = _mm256_setzero_si256(), high = load(w->qh);
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
        __m256i q = low_bits(load(w->qs + 32 * (k / 2)), 4 * (k % 2), 15);
        sum = add_32(sum, k, _mm256_or_si256(q, where_bit(high, k, 16)), a, s);
    }
    return finish_k4(t, sum, mins, w->d, a);
}

/* -offset * scales . sums: what the unsigned weights' offset adds. */
INLINE __m256i start(int offset, __m256i scales, const acts *a)
{
    return _mm256_mullo_epi32(_mm256_madd_epi16(scales, a->sums), _mm256_set1_epi32(-offset));
}

INLINE total finish_d(total t, __m256i sum, const uint8_t *d, const acts *a)
{
    t.dot = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), _mm256_set1_ps(f16(d) * a->d), t.dot);
    return t;
}

INLINE total block_q6_k(total t, const tael__block_q6_k *w, const acts *a)
{
    __m256i s = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales)), sum = start(32, s, a);
    const __m256i high_mask = _mm256_set1_epi8(48);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        __m256i qh = load(w->qh + 32 * half);
        __m256i high[4] = {_mm256_slli_epi16(qh, 4), _mm256_slli_epi16(qh, 2), qh, _mm256_srli_epi16(qh, 2)};
#pragma GCC unroll 4
        for (int k = 0; k < 4; k++) {
            __m256i low = low_bits(load(w->ql + 64 * half + 32 * (k % 2)), 4 * (k / 2), 15);
            sum = add_16(sum, 4 * half + k, _mm256_or_si256(low, _mm256_and_si256(high[k], high_mask)), a, s);
        }
    }
    return finish_d(t, sum, w->d, a);
}

INLINE total block_q3_k(total t, const tael__block_q3_k *w, const acts *a)
{
    uint32_t p = tael__load_u32(w->scales), r = tael__load_u32(w->scales + 4), top = tael__load_u32(w->scales + 8);
    uint32_t s0 = (p & 0x0F0F0F0F) | (top << 4 & 0x30303030), s1 = (r & 0x0F0F0F0F) | (top << 2 & 0x30303030);
    uint32_t s2 = (p >> 4 & 0x0F0F0F0F) | (top & 0x30303030), s3 = (r >> 4 & 0x0F0F0F0F) | (top >> 2 & 0x30303030);
    __m128i packed = _mm_set_epi64x((long long)((uint64_t)s3 << 32 | s2), (long long)((uint64_t)s1 << 32 | s0));
    __m256i s = _mm256_cvtepi8_epi16(_mm_sub_epi8(packed, _mm_set1_epi8(32))), sum = start(4, s, a);
    __m256i high = load(w->hmask);
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) {
        __m256i q = low_bits(load(w->qs + 32 * (k / 4)), 2 * (k % 4), 3);
        sum = add_16(sum, k, _mm256_or_si256(q, where_bit(high, k, 4)), a, s);
    }
    return finish_d(t, sum, w->d, a);
}

INLINE total block_q2_k(total t, const tael__block_q2_k *w, const acts *a)
{
    __m256i both = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales));
    __m256i s = _mm256_and_si256(both, _mm256_set1_epi16(15)), sum = _mm256_setzero_si256();
#pragma GCC unroll 8
    for (int k = 0; k < 8; k++) sum = add_16(sum, k, low_bits(load(w->qs + 32 * (k / 4)), 2 * (k % 4), 3), a, s);
    __m256i products = _mm256_madd_epi16(_mm256_srli_epi16(both, 4), a->sums);
    __m128i mins = _mm_add_epi32(_mm256_castsi256_si128(products), _mm256_extracti128_si256(products, 1));
    t.min = _mm_fnmadd_ps(_mm_cvtepi32_ps(mins), _mm_set1_ps(f16(w->dmin) * a->d), t.min);
    return finish_d(t, sum, w->d, a);
}

INLINE float sum_of(total t)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(t.dot), _mm256_extractf128_ps(t.dot, 1));
    s = _mm_add_ps(s, t.min);
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

#define OVER_ROWS(format)                                                                      \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols) \
    {                                                                                          \
        const tael__block_##format *at = w;                                                    \
        const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);                                 \
        const int16_t *sums = tael__act_sums(x, cols);                                         \
        for (size_t r = 0; r < rows; r++) {                                                    \
            total t = {_mm256_setzero_ps(), _mm_setzero_ps()};                                 \
            for (size_t b = 0; b < cols / 256; b++, at++) {                                    \
                acts a = {tael__act_q(x) + 256 * b, load(sums + 16 * b), d[b]};                \
                for (size_t i = 0; i < sizeof *at; i += 64)                                    \
                    _mm_prefetch((const char *)at + AHEAD_BYTES + i, _MM_HINT_T0);             \
                t = block_##format(t, at, &a);                                                 \
            }                                                                                  \
            y[r] = sum_of(t);                                                                  \
        }                                                                                      \
    }                                                                                          \
    TAEL__EACH_TOKEN(format, avx2)
OVER_ROWS(q2_k)
OVER_ROWS(q3_k)
OVER_ROWS(q4_k)
OVER_ROWS(q5_k)
OVER_ROWS(q6_k)
