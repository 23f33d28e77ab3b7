// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for the super-blocks of 256, straight from the file's blocks.
 *
 * A block is unpacked once, into four registers of 64 weights in the order of the columns and four of scales, and then
 * meets each token's activations. vpmaddubsw makes sums of two in 16 bits (at most 2 * 63 * 127, so they fit), vpdpwssd
 * multiplies them by the block's whole-number scales and adds them up in 32: all of a block stays in whole numbers, and
 * one conversion a block meets d. Minimums and offsets use the activations' sums of 16 instead of the weights. The
 * packed scales are taken apart with ordinary 32-bit arithmetic, whose ports are idle.
 *
 * One token: 33 vector operations for the 144 bytes of q4_k, 17 cycles of two ports, and memory takes 24 at 6 bytes a
 * cycle. Each further token adds 14. Four rows at once for a single token, as four streams (matvec_rows.h); two for
 * more, whose sums fill the registers. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"
#include "compute/x86/unpack_avx512.h"

/* One block of weights, ready to multiply. */
typedef struct unpacked {
    __m512i q[4];    /* unsigned */
    __m512i s[4];    /* the scales of each 16 bits of products */
    __m256i sixteen; /* what multiplies the activations' sums of 16: a minimum, or -offset * scale */
    __m512 d, dmin;
} unpacked;

/* The number that `at` points to, in every lane; the block has eight bytes from there on. */
INLINE __m512 f16(const uint8_t *at, int which)
{
    __m128 four = _mm_cvtph_ps(_mm_loadl_epi64((const __m128i *)(const void *)at));
    return _mm512_permutexvar_ps(_mm512_set1_epi32(which), _mm512_castps128_ps512(four));
}

/* Spreads scales over the products: one for each 32 of register k, or one for each 16. */
INLINE void spread_32(unpacked *u, uint64_t scales)
{
    __m512i eight = _mm512_set1_epi64((long long)scales);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) /* a byte and a zero: the index with its top bit set */
        u->s[k] = _mm512_shuffle_epi8(
            eight, _mm512_add_epi16(halves((short)0x8000, (short)0x8001), _mm512_set1_epi16((short)(2 * k))));
}
INLINE void spread_16(unpacked *u, __m256i scales)
{
    const __m512i quarter = _mm512_set_epi64(0x0003000300030003, 0x0003000300030003, 0x0002000200020002,
                                             0x0002000200020002, 0x0001000100010001, 0x0001000100010001, 0, 0);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++)
        u->s[k] = _mm512_permutexvar_epi16(_mm512_add_epi16(quarter, _mm512_set1_epi16((short)(4 * k))),
                                           _mm512_castsi256_si512(scales));
}

/* The eight scales and mins of q4_k and q5_k; d and dmin before them. */
INLINE void scales_k4(unpacked *u, const uint8_t *dm, const uint8_t packed[12])
{
    uint64_t scales, mins;
    bytes_k4(&scales, &mins, packed);
    __m128i eight = _mm_cvtsi64_si128((long long)mins);
    spread_32(u, scales);
    u->sixteen = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(eight, eight)); /* a minimum is for 32 */
    u->d = f16(dm, 0);
    u->dmin = f16(dm, 1);
}

/* Scales with a sign for 16 weights each, which are `offset` too large. */
INLINE void scales_offset(unpacked *u, __m256i scales, short offset, const uint8_t d[2])
{
    spread_16(u, scales);
    u->sixteen = _mm256_mullo_epi16(scales, _mm256_set1_epi16((short)-offset)); /* at most 128 * 32 */
    u->d = _mm512_set1_ps(_cvtsh_ss(tael__load_u16(d)));
}

INLINE void unpack_q4_k(unpacked *u, const tael__block_q4_k *w)
{
    scales_k4(u, w->d, w->scales);
}
INLINE void unpack_q5_k(unpacked *u, const tael__block_q5_k *w)
{
    scales_k4(u, w->d, w->scales);
}
INLINE void unpack_q6_k(unpacked *u, const tael__block_q6_k *w)
{
    scales_offset(u, _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales)), 32, w->d);
}
INLINE void unpack_q3_k(unpacked *u, const tael__block_q3_k *w)
{
    scales_offset(u, _mm256_cvtepi8_epi16(bytes_k3(w->scales)), 4, w->d);
}
INLINE void unpack_q2_k(unpacked *u, const tael__block_q2_k *w)
{
    __m256i both = _mm256_cvtepu8_epi16(_mm_loadu_si128((const __m128i *)(const void *)w->scales));
    spread_16(u, _mm256_and_si256(both, _mm256_set1_epi16(15)));
    u->sixteen = _mm256_srli_epi16(both, 4);
    u->d = f16(w->d - 4, 2);
    u->dmin = f16(w->d - 4, 3);
}

/* Adds block b of the activations x times the weights. */
INLINE __m512 add_block(__m512 acc, const unpacked *u, bool has_min, const char *x, tael__act_layout at, size_t b)
{
    __m256i sums = _mm256_load_si256((const __m256i *)(const void *)(x + at.extra + 32 * b));
    __m512i sixteens = _mm512_zextsi256_si512(_mm256_madd_epi16(u->sixteen, sums));
    __m512i sum = has_min ? _mm512_setzero_si512() : sixteens;
#pragma GCC unroll 4
    for (size_t k = 0; k < 4; k++) {
        __m512i a = _mm512_load_si512(x + 256 * b + 64 * k);
        sum = _mm512_dpwssd_epi32(sum, _mm512_maddubs_epi16(u->q[k], a), u->s[k]);
    }
    __m512 t = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), u->d);
    if (has_min) t = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(sixteens), u->dmin, t);
    return _mm512_fmadd_ps(t, _mm512_set1_ps(*(const float *)(const void *)(x + at.d + 4 * b)), acc);
}

/* rows_FORMAT: rows and tokens are constant once inlined. */
#define OVER_ROWS(format, has_min)                                                                            \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride,    \
                              size_t cols, size_t apart, int rows, int tokens)                                \
    {                                                                                                         \
        const tael__act_layout layout = tael__act_layout_of(TAEL__ACT_q8_k, cols);                            \
        const size_t step = apart * (cols / 256);                                                             \
        const tael__block_##format *at = (const void *)w;                                                     \
        __m512 acc[2 * TAEL__MATVEC_TOKENS];                                                                  \
        _Pragma("GCC unroll 16") for (int i = 0; i < rows * tokens; i++) acc[i] = _mm512_setzero_ps();        \
        for (size_t b = 0; b < cols / 256; b++, at++) _Pragma("GCC unroll 4") for (int r = 0; r < rows; r++)  \
            {                                                                                                 \
                unpacked u;                                                                                   \
                for (size_t line = 0; line < sizeof *at; line += 64)                                          \
                    _mm_prefetch((const char *)(at + (size_t)r * step) + TAEL__AHEAD + line, _MM_HINT_T0);    \
                unpack_##format(&u, at + (size_t)r * step);                                                   \
                _Pragma("GCC unroll 4") for (int k = 0; k < 4; k++) u.q[k] =                                  \
                    quarter_##format(at + (size_t)r * step, k);                                               \
                _Pragma("GCC unroll 8") for (int t = 0; t < tokens; t++) acc[r * tokens + t] =                \
                    add_block(acc[r * tokens + t], &u, has_min, x + (size_t)t * x_stride, layout, b);         \
            }                                                                                                 \
        _Pragma("GCC unroll 16") for (int i = 0; i < rows * tokens; i++)                                      \
            y[(size_t)(i % tokens) * y_stride + (size_t)(i / tokens) * apart] = _mm512_reduce_add_ps(acc[i]); \
    }                                                                                                         \
    TAEL__MATVEC_OVER_ROWS(format, avx512vnni, 4, 2, cols / 256 * sizeof(tael__block_##format))
OVER_ROWS(q2_k, true)
OVER_ROWS(q3_k, false)
OVER_ROWS(q4_k, true)
OVER_ROWS(q5_k, true)
OVER_ROWS(q6_k, false)
