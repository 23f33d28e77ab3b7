// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the super-blocks of 256, straight from the file's blocks.
 *
 * A block is four registers of 64 weights in the order of the columns. vpmaddubsw makes sums of two in 16 bits (at most
 * 2 * 63 * 127, so they fit), vpdpwssd multiplies them by the block's whole-number scales and adds them up in 32: all
 * of a block stays in whole numbers, and one conversion a block meets d. Minimums and offsets use the activations' sums
 * of 16 instead of the weights. The packed scales are taken apart with ordinary 32-bit arithmetic, whose ports are
 * idle. Rows at once and prefetching: as in matvec_avx512vnni.c. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AT_ONCE = 2, AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

/* A block of activations, shared by the rows at once. */
typedef struct acts {
    __m512i q[4];
    __m256i sums; /* of 16, in 16 bits */
    float d;
} acts;

typedef struct total {
    __m512 dot;
    __m128 min;
} total;

INLINE float f16(const uint8_t h[2])
{
    return _cvtsh_ss(tael__load_u16(h));
}

/* 32 bytes twice, the second time shifted right by `shift` bits in 16-bit units: [x, x >> shift]. */
INLINE __m512i twice(const uint8_t *p)
{
    return _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
INLINE __m512i halves(short low, short high)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set1_epi16(low)), _mm256_set1_epi16(high), 1);
}

/* Adds register k of 64 products, with a scale for each 32 (`each` 16 lanes of 16 bits) or 16 (8 lanes). */
INLINE __m512i add_32(__m512i sum, int k, __m512i q, const acts *a, __m512i scales)
{
    const __m512i index = _mm512_add_epi16(halves(0, 1), _mm512_set1_epi16((short)(2 * k)));
    return _mm512_dpwssd_epi32(sum, _mm512_maddubs_epi16(q, a->q[k]), _mm512_permutexvar_epi16(index, scales));
}
INLINE __m512i add_16(__m512i sum, int k, __m512i q, const acts *a, __m512i scales)
{
    const __m512i quarter = _mm512_set_epi64(0x0003000300030003, 0x0003000300030003, 0x0002000200020002,
                                             0x0002000200020002, 0x0001000100010001, 0x0001000100010001, 0, 0);
    const __m512i index = _mm512_add_epi16(quarter, _mm512_set1_epi16((short)(4 * k)));
    return _mm512_dpwssd_epi32(sum, _mm512_maddubs_epi16(q, a->q[k]), _mm512_permutexvar_epi16(index, scales));
}

/* The eight scales and mins of q4_k and q5_k (tael__unpack_k4), eight bytes each. */
INLINE void k4(uint64_t *scales, uint64_t *mins, const uint8_t packed[12])
{
    uint32_t a = tael__load_u32(packed), b = tael__load_u32(packed + 4), c = tael__load_u32(packed + 8);
    uint32_t s = (c & 0x0F0F0F0F) | (a >> 2 & 0x30303030), m = (c >> 4 & 0x0F0F0F0F) | (b >> 2 & 0x30303030);
    *scales = (uint64_t)s << 32 | (a & 0x3F3F3F3F);
    *mins = (uint64_t)m << 32 | (b & 0x3F3F3F3F);
}

/* d * sum over the scaled products - dmin * sum over mins: `dm` points to d and dmin. */
INLINE total finish_k4(total t, __m512i sum, uint64_t mins, const uint8_t *dm, const acts *a)
{
    __m128 d = _mm_mul_ps(_mm_cvtph_ps(_mm_cvtsi32_si128((int)tael__load_u32(dm))), _mm_set1_ps(a->d));
    __m128i sums = _mm_hadd_epi16(_mm256_castsi256_si128(a->sums), _mm256_extracti128_si256(a->sums, 1));
    __m128i products = _mm_madd_epi16(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)mins)), sums);
    t.dot = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_broadcastss_ps(d), t.dot);
    t.min = _mm_fnmadd_ps(_mm_cvtepi32_ps(products), _mm_shuffle_ps(d, d, 0x55), t.min);
    return t;
}

INLINE total block_q4_k(total t, const tael__block_q4_k *w, const acts *a)
{
    uint64_t scales, mins;
    k4(&scales, &mins, w->scales);
    __m512i s = _mm512_castsi128_si512(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)scales)));
    __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i q = _mm512_srlv_epi16(twice(w->qs + 32 * k), halves(0, 4));
        sum = add_32(sum, k, _mm512_and_si512(q, _mm512_set1_epi8(15)), a, s);
    }
    return finish_k4(t, sum, mins, w->d, a);
}

INLINE total block_q5_k(total t, const tael__block_q5_k *w, const acts *a)
{
    uint64_t scales, mins;
    k4(&scales, &mins, w->scales);
    __m512i s = _mm512_castsi128_si512(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)scales)));
    __m512i sum = _mm512_setzero_si512(), high = twice(w->qh);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i q = _mm512_srlv_epi16(twice(w->qs + 32 * k), halves(0, 4));
        const __m512i bit = halves((short)(0x0101 << 2 * k), (short)(0x0202 << 2 * k));
        q = _mm512_and_si512(q, _mm512_set1_epi8(15));
        q = _mm512_mask_add_epi8(q, _mm512_test_epi8_mask(high, bit), q, _mm512_set1_epi8(16));
        sum = add_32(sum, k, q, a, s);
    }
    return finish_k4(t, sum, mins, w->d, a);
}

/* The sum over unsigned weights starts at -offset * scales . sums: what the offset adds. */
INLINE __m512i start(int offset, __m256i scales, const acts *a)
{
    __m256i off = _mm256_mullo_epi32(_mm256_madd_epi16(scales, a->sums), _mm256_set1_epi32(-offset));
    return _mm512_zextsi256_si512(off);
}

INLINE total finish_d(total t, __m512i sum, const uint8_t *d, const acts *a)
{
    t.dot = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(f16(d) * a->d), t.dot);
    return t;
}

INLINE total block_q6_k(total t, const tael__block_q6_k *w, const acts *a)
{
    __m256i scales = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales));
    __m512i s = _mm512_castsi256_si512(scales), sum = start(32, scales, a);
    const __m512i low = _mm512_set1_epi8(15), six = _mm512_set1_epi8(63);
#pragma GCC unroll 2
    for (int half = 0; half < 2; half++) {
        __m512i ql = _mm512_loadu_si512(w->ql + 64 * half), qh = twice(w->qh + 32 * half);
        __m512i high = _mm512_sllv_epi16(qh, halves(4, 2)),
                q; /* 0xCA: the first's 1s choose the second, its 0s the third */
        q = _mm512_ternarylogic_epi32(low, ql, high, 0xCA);
        sum = add_16(sum, 2 * half, _mm512_and_si512(q, six), a, s);
        high = _mm512_srlv_epi16(qh, halves(0, 2));
        q = _mm512_ternarylogic_epi32(low, _mm512_srli_epi16(ql, 4), high, 0xCA);
        sum = add_16(sum, 2 * half + 1, _mm512_and_si512(q, six), a, s);
    }
    return finish_d(t, sum, w->d, a);
}

INLINE total block_q3_k(total t, const tael__block_q3_k *w, const acts *a)
{
    uint32_t p = tael__load_u32(w->scales), r = tael__load_u32(w->scales + 4), top = tael__load_u32(w->scales + 8);
    uint32_t s0 = (p & 0x0F0F0F0F) | (top << 4 & 0x30303030), s1 = (r & 0x0F0F0F0F) | (top << 2 & 0x30303030);
    uint32_t s2 = (p >> 4 & 0x0F0F0F0F) | (top & 0x30303030), s3 = (r >> 4 & 0x0F0F0F0F) | (top >> 2 & 0x30303030);
    __m128i packed = _mm_set_epi64x((long long)((uint64_t)s3 << 32 | s2), (long long)((uint64_t)s1 << 32 | s0));
    __m256i scales = _mm256_cvtepi8_epi16(_mm_sub_epi8(packed, _mm_set1_epi8(32)));
    __m512i s = _mm512_castsi256_si512(scales), sum = start(4, scales, a), high = twice(w->hmask);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i q = _mm512_srlv_epi16(twice(w->qs + 32 * (k / 2)), k % 2 ? halves(4, 6) : halves(0, 2));
        const __m512i bit = halves((short)(0x0101 << 2 * k), (short)(0x0202 << 2 * k));
        q = _mm512_and_si512(q, _mm512_set1_epi8(3));
        q = _mm512_mask_add_epi8(q, _mm512_test_epi8_mask(high, bit), q, _mm512_set1_epi8(4));
        sum = add_16(sum, k, q, a, s);
    }
    return finish_d(t, sum, w->d, a);
}

INLINE total block_q2_k(total t, const tael__block_q2_k *w, const acts *a)
{
    __m128i packed = _mm_loadu_si128((const __m128i *)(const void *)w->scales);
    __m256i both = _mm256_cvtepu8_epi16(packed);
    __m512i s = _mm512_castsi256_si512(_mm256_and_si256(both, _mm256_set1_epi16(15))), sum = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i q = _mm512_srlv_epi16(twice(w->qs + 32 * (k / 2)), k % 2 ? halves(4, 6) : halves(0, 2));
        sum = add_16(sum, k, _mm512_and_si512(q, _mm512_set1_epi8(3)), a, s);
    }
    __m256i products = _mm256_madd_epi16(_mm256_srli_epi16(both, 4), a->sums);
    __m128i mins = _mm_add_epi32(_mm256_castsi256_si128(products), _mm256_extracti128_si256(products, 1));
    t.min = _mm_fnmadd_ps(_mm_cvtepi32_ps(mins), _mm_set1_ps(f16(w->dmin) * a->d), t.min);
    return finish_d(t, sum, w->d, a);
}

INLINE float sum_of(total t)
{
    __m128 m = _mm_add_ps(t.min, _mm_movehl_ps(t.min, t.min));
    return _mm512_reduce_add_ps(t.dot) + _mm_cvtss_f32(_mm_add_ss(m, _mm_movehdup_ps(m)));
}

INLINE acts acts_of(const int8_t *q, const float *d, const int16_t *sums, size_t b)
{
    acts a;
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) a.q[k] = _mm512_load_si512(q + 256 * b + 64 * k);
    a.sums = _mm256_load_si256((const __m256i *)(const void *)(sums + 16 * b));
    a.d = d[b];
    return a;
}

INLINE void fetch(const void *block, size_t bytes)
{
#pragma GCC unroll 4
    for (size_t i = 0; i < bytes; i += 64) _mm_prefetch((const char *)block + AHEAD_BYTES + i, _MM_HINT_T1);
}

#define OVER_ROWS(format)                                                                                              \
    INLINE void rows_##format(float *y, const tael__block_##format *w, const void *x, size_t cols, int count)          \
    {                                                                                                                  \
        const int8_t *q = tael__act_q(x);                                                                              \
        const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);                                                         \
        const int16_t *sums = tael__act_sums(x, cols);                                                                 \
        total t[AT_ONCE];                                                                                              \
        _Pragma("GCC unroll 4") for (int r = 0; r < count; r++) t[r] = (total){_mm512_setzero_ps(), _mm_setzero_ps()}; \
        for (size_t b = 0; b < cols / 256; b++) {                                                                      \
            acts a = acts_of(q, d, sums, b);                                                                           \
            _Pragma("GCC unroll 4") for (int r = 0; r < count; r++)                                                    \
            {                                                                                                          \
                const tael__block_##format *at = w + (size_t)r * (cols / 256) + b;                                     \
                fetch(at, sizeof *at);                                                                                 \
                t[r] = block_##format(t[r], at, &a);                                                                   \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("GCC unroll 4") for (int r = 0; r < count; r++) y[r] = sum_of(t[r]);                                   \
    }                                                                                                                  \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)                         \
    {                                                                                                                  \
        const tael__block_##format *row = w;                                                                           \
        size_t r = 0;                                                                                                  \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * (cols / 256))                                       \
            rows_##format(y + r, row, x, cols, AT_ONCE);                                                               \
        for (; r < rows; r++, row += cols / 256) rows_##format(y + r, row, x, cols, 1);                                \
    }                                                                                                                  \
    TAEL__EACH_TOKEN(format, avx512vnni)
OVER_ROWS(q2_k)
OVER_ROWS(q3_k)
OVER_ROWS(q4_k)
OVER_ROWS(q5_k)
OVER_ROWS(q6_k)
