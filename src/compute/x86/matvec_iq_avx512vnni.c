// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats whose numbers are places in a list.
 *
 * Blocks of 32 (iq4_nl, mxfp4): a nibble becomes its value by one vpshufb, moved up by an offset so that it has no
 * sign, and then as in matvec_avx512vnni.c: two blocks a register, one vpdpbusd, the offset taken off by the sum's
 * start.
 *
 * Super-blocks: a block is unpacked once into four registers of 64 bytes, whatever its format, and meets up to eight
 * tokens. Its weights have a sign, so |w| meets sign(w) * a. What bounds the grids' formats is gathering their entries:
 * 32 or 64 loads for 256 weights. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks_iq.h"
#include "compute/kernels_declared.h"

enum { AT_ONCE = 4, AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

INLINE __m512i list_of(const int8_t values[16], int offset)
{
    __m128i list = _mm_loadu_si128((const __m128i *)(const void *)values);
    return _mm512_broadcast_i32x4(_mm_add_epi8(list, _mm_set1_epi8((char)offset)));
}

/* Two blocks' nibbles, in the order of the columns, as their values. */
INLINE __m512i values_of(const uint8_t *a, const uint8_t *b, __m512i list)
{
    const __m512i shift =
        _mm512_set_epi64(0x0004000400040004, 0x0004000400040004, 0, 0, 0x0004000400040004, 0x0004000400040004, 0, 0);
    __m512i q = _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)(const void *)a));
    q = _mm512_mask_broadcast_i32x4(q, 0xFF00, _mm_loadu_si128((const __m128i *)(const void *)b));
    return _mm512_shuffle_epi8(list, _mm512_and_si512(_mm512_srlv_epi16(q, shift), _mm512_set1_epi8(15)));
}

INLINE __m128 scales_iq4_nl(const tael__block_iq4_nl *w, size_t next)
{
    return _mm_cvtph_ps(_mm_insert_epi16(_mm_cvtsi32_si128(tael__load_u16(w->d)), tael__load_u16(w[next].d), 1));
}
INLINE __m128 scales_mxfp4(const tael__block_mxfp4 *w, size_t next)
{
    return _mm_unpacklo_ps(_mm_set_ss(tael__mxfp4_scale(w->e)), _mm_set_ss(tael__mxfp4_scale(w[next].e)));
}

/* One row, one token: `next` blocks on is the second of a pair; of a last odd block it is the block itself, and the
 * activations are padded with zeros. */
#define BLOCK_32(format, values, offset)                                                                         \
    INLINE __m512 pair_##format(__m512 acc, const tael__block_##format *w, size_t next, __m512i list, __m512i a, \
                                __m512i begin, __m128 d)                                                         \
    {                                                                                                            \
        const __m512i spread = _mm512_set_epi32(1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0);                 \
        __m512i sum = _mm512_dpbusd_epi32(begin, values_of(w->qs, w[next].qs, list), a);                         \
        __m128 scale = _mm_mul_ps(scales_##format(w, next), d);                                                  \
        __m512 each = _mm512_permutexvar_ps(spread, _mm512_castps128_ps512(scale));                              \
        return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), each, acc);                                              \
    }                                                                                                            \
    INLINE void rows_##format(float *y, const tael__block_##format *w, const void *x, size_t cols, int count)    \
    {                                                                                                            \
        static const int8_t of_list[16] = values;                                                                \
        const __m512i list = list_of(of_list, offset), add = _mm512_set1_epi8((char)(offset));                   \
        const int8_t *q = tael__act_q(x);                                                                        \
        const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);                                                   \
        size_t blocks = cols / 32;                                                                               \
        __m512 acc[AT_ONCE];                                                                                     \
        _Pragma("GCC unroll 4") for (int r = 0; r < count; r++) acc[r] = _mm512_setzero_ps();                    \
        for (size_t b = 0; b < blocks; b += 2) {                                                                 \
            __m512i a = _mm512_load_si512(q + 32 * b), zero = _mm512_setzero_si512();                            \
            __m512i begin = _mm512_sub_epi32(zero, _mm512_dpbusd_epi32(zero, add, a));                           \
            __m128 da = _mm_castpd_ps(_mm_load_sd((const double *)(const void *)(d + b)));                       \
            _Pragma("GCC unroll 4") for (int r = 0; r < count; r++)                                              \
            {                                                                                                    \
                const tael__block_##format *at = w + (size_t)r * blocks + b;                                     \
                _mm_prefetch((const char *)at + AHEAD_BYTES, _MM_HINT_T0);                                       \
                acc[r] = pair_##format(acc[r], at, b + 1 < blocks, list, a, begin, da);                          \
            }                                                                                                    \
        }                                                                                                        \
        _Pragma("GCC unroll 4") for (int r = 0; r < count; r++) y[r] = _mm512_reduce_add_ps(acc[r]);             \
    }                                                                                                            \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)                   \
    {                                                                                                            \
        const tael__block_##format *row = w;                                                                     \
        size_t r = 0;                                                                                            \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * (cols / 32))                                  \
            rows_##format(y + r, row, x, cols, AT_ONCE);                                                         \
        for (; r < rows; r++, row += cols / 32) rows_##format(y + r, row, x, cols, 1);                           \
    }                                                                                                            \
    TAEL__EACH_TOKEN(format, avx512vnni)
#define LIST(...) __VA_ARGS__
BLOCK_32(iq4_nl, LIST(TAEL__IQ4_VALUES), 128)
BLOCK_32(mxfp4, LIST(TAEL__MXFP4_VALUES), 12)

/* ---- Super-blocks ---- */

/* One block of weights, ready for any number of tokens: |w|, where it is below 0, and s as 32-bit lanes. */
typedef struct block {
    __m512i w[4], s;
    __mmask64 minus[4];
    float d;
} block;

INLINE block block_of(const int8_t q[256], const int8_t s[16], float d)
{
    block b;
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i w = _mm512_load_si512(q + 64 * k);
        b.w[k] = _mm512_abs_epi8(w);
        b.minus[k] = _mm512_movepi8_mask(w);
    }
    b.s = _mm512_cvtepi8_epi32(_mm_load_si128((const __m128i *)(const void *)s));
    b.d = d;
    return b;
}

INLINE __m512 add_block(__m512 acc, const block *b, const int8_t *a, float da)
{
    const __m512i quarter = _mm512_set_epi32(3, 3, 3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0);
    __m512i sum = _mm512_setzero_si512();
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i x = _mm512_load_si512(a + 64 * k);
        x = _mm512_mask_sub_epi8(x, b->minus[k], _mm512_setzero_si512(), x);
        x = _mm512_dpbusd_epi32(_mm512_setzero_si512(), b->w[k], x);
        __m512i s = _mm512_permutexvar_epi32(_mm512_add_epi32(quarter, _mm512_set1_epi32(4 * k)), b->s);
        sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(x, s));
    }
    return _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_set1_ps(b->d * da), acc);
}

/* Eight runs of 16 bytes, each 32 weights: two runs make a register. */
INLINE uint16_t quick_iq4_xs(int8_t *q, int8_t *s, const tael__block_iq4_xs *b)
{
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    const __m512i list = list_of(values, 0);
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) _mm512_store_si512(q + 64 * k, values_of(b->qs + 32 * k, b->qs + 32 * k + 16, list));
    uint32_t low = tael__load_u32(b->scales_l);
    uint64_t scales = _pdep_u64(low, 0x0F0F0F0F0F0F0F0F) | _pdep_u64(tael__load_u16(b->scales_h), 0x3030303030303030);
    __m128i eight = _mm_sub_epi8(_mm_cvtsi64_si128((long long)scales), _mm_set1_epi8(32));
    _mm_store_si128((__m128i *)(void *)s, _mm_unpacklo_epi8(eight, eight));
    return tael__load_u16(b->d);
}

/* One block of weights from what unpacks it to bytes. */
#define BY_BYTES(format, unpack)                              \
    INLINE block make_##format(const tael__block_##format *w) \
    {                                                         \
        _Alignas(64) int8_t q[256], s[16];                    \
        float d = _cvtsh_ss(unpack(q, s, w));                 \
        return block_of(q, s, d);                             \
    }
BY_BYTES(iq4_xs, quick_iq4_xs)
BY_BYTES(iq1_m, tael__unpack_iq1_m)
BY_BYTES(iq1_s, tael__unpack_iq1_s)
BY_BYTES(tq2_0, tael__unpack_tq2_0)
BY_BYTES(tq1_0, tael__unpack_tq1_0)

/* The grids hold |w|, so their blocks need no bytes in between: eight or sixteen entries are gathered at once, and the
 * signs are the mask that a block wants. */
INLINE uint64_t load_u64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return v;
}
INLINE __m512i gather_8(const uint64_t *grid, __m512i index)
{
    return _mm512_i64gather_epi64(index, grid, 8);
}
INLINE __m512i gather_16(const uint32_t *grid, __m512i index)
{
    return _mm512_i32gather_epi32(index, grid, 4);
}
INLINE __m512i bytes_to_64(uint64_t eight)
{
    return _mm512_cvtepu8_epi64(_mm_cvtsi64_si128((long long)eight));
}
INLINE __m512i bytes_to_32(const uint8_t *sixteen)
{
    return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)(const void *)sixteen));
}

/* Eight bytes of seven signs each get an eighth that makes their number even. */
INLINE __mmask64 even(uint64_t signs)
{
    uint64_t odd = signs ^ signs >> 4;
    odd ^= odd >> 2;
    odd ^= odd >> 1;
    return signs | (odd & 0x0101010101010101) << 7;
}
INLINE __mmask64 even_of_words(const uint8_t *a, const uint8_t *b)
{
    uint64_t low = _pdep_u64(tael__load_u32(a), 0x7F7F7F7F), high = _pdep_u64(tael__load_u32(b), 0x7F7F7F7F);
    return even(high << 32 | low);
}

/* k to 2 k + 1. */
INLINE __m512i odd_scales(__m512i k)
{
    return _mm512_add_epi32(_mm512_add_epi32(k, k), _mm512_set1_epi32(1));
}
INLINE __m512i nibble_scales(const uint8_t scales[8])
{
    uint64_t all = load_u64(scales);
    __m128i low = _mm_cvtsi64_si128((long long)(all & 0x0F0F0F0F0F0F0F0F));
    __m128i high = _mm_cvtsi64_si128((long long)(all >> 4 & 0x0F0F0F0F0F0F0F0F));
    return odd_scales(_mm512_cvtepu8_epi32(_mm_unpacklo_epi8(low, high)));
}

INLINE block make_iq2_xxs(const tael__block_iq2_xxs *w)
{
    const __m512i of_words = _mm512_set_epi32(15, 15, 13, 13, 11, 11, 9, 9, 7, 7, 5, 5, 3, 3, 1, 1);
    block b = {.d = _cvtsh_ss(tael__load_u16(w->d))};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        const uint8_t *at = w->qs + 16 * k;
        uint64_t index = (uint64_t)tael__load_u32(at + 8) << 32 | tael__load_u32(at);
        b.w[k] = gather_8(tael__grid_iq2_xxs, bytes_to_64(index));
        b.minus[k] = even_of_words(at + 4, at + 12);
    }
    b.s = odd_scales(_mm512_permutexvar_epi32(of_words, _mm512_srli_epi32(_mm512_loadu_si512(w->qs), 28)));
    return b;
}

INLINE block make_iq2_xs(const tael__block_iq2_xs *w)
{
    block b = {.d = _cvtsh_ss(tael__load_u16(w->d)), .s = nibble_scales(w->scales)};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m128i codes = _mm_loadu_si128((const __m128i *)(const void *)(w->qs + 16 * k));
        __m512i index = _mm512_cvtepu16_epi64(_mm_and_si128(codes, _mm_set1_epi16(511)));
        b.w[k] = gather_8(tael__grid_iq2_xs, index);
        b.minus[k] = even((uint64_t)_mm_cvtsi128_si64(_mm_cvtepi16_epi8(_mm_srli_epi16(codes, 9))));
    }
    return b;
}

INLINE block make_iq2_s(const tael__block_iq2_s *w)
{
    block b = {.d = _cvtsh_ss(tael__load_u16(w->d)), .s = nibble_scales(w->scales)};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i high = bytes_to_64(_pdep_u64(tael__load_u16(w->qh + 2 * k), 0x0303030303030303));
        __m512i index = _mm512_or_si512(bytes_to_64(load_u64(w->qs + 8 * k)), _mm512_slli_epi64(high, 8));
        b.w[k] = gather_8(tael__grid_iq2_s, index);
        b.minus[k] = load_u64(w->signs + 8 * k);
    }
    return b;
}

INLINE block make_iq3_xxs(const tael__block_iq3_xxs *w)
{
    const __m512i twice = _mm512_set_epi32(7, 7, 6, 6, 5, 5, 4, 4, 3, 3, 2, 2, 1, 1, 0, 0);
    block b = {.d = _cvtsh_ss(tael__load_u16(w->d))};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        b.w[k] = gather_16(tael__grid_iq3_xxs, bytes_to_32(w->qs + 16 * k));
        b.minus[k] = even_of_words(w->signs + 8 * k, w->signs + 8 * k + 4);
    }
    __m256i words = _mm256_srli_epi32(_mm256_loadu_si256((const __m256i *)(const void *)w->signs), 28);
    b.s = odd_scales(_mm512_permutexvar_epi32(twice, _mm512_castsi256_si512(words)));
    return b;
}

INLINE block make_iq3_s(const tael__block_iq3_s *w)
{
    block b = {.d = _cvtsh_ss(tael__load_u16(w->d))};
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        __m512i index = bytes_to_32(w->qs + 16 * k);
        index = _mm512_mask_add_epi32(index, tael__load_u16(w->qh + 2 * k), index, _mm512_set1_epi32(256));
        b.w[k] = gather_16(tael__grid_iq3_s, index);
        b.minus[k] = load_u64(w->signs + 8 * k);
    }
    __m128i eight = _mm_cvtsi64_si128((long long)_pdep_u64(tael__load_u32(w->scales), 0x0F0F0F0F0F0F0F0F));
    b.s = odd_scales(_mm512_cvtepu8_epi32(_mm_unpacklo_epi8(eight, eight)));
    return b;
}

#define SUPER(format, unit)                                                                                            \
    INLINE void row_##format(float *y, size_t y_stride, const tael__block_##format *w, const char *x, size_t x_stride, \
                             size_t cols, const size_t tokens)                                                         \
    {                                                                                                                  \
        const size_t d_at = tael__act_layout_of(TAEL__ACT_q8_k, cols).d;                                               \
        __m512 acc[TAEL__MATVEC_TOKENS];                                                                               \
        for (size_t t = 0; t < tokens; t++) acc[t] = _mm512_setzero_ps();                                              \
        for (size_t at = 0; at < cols / 256; at++) {                                                                   \
            for (size_t i = 0; i < sizeof *w; i += 64)                                                                 \
                _mm_prefetch((const char *)(w + at) + AHEAD_BYTES + i, _MM_HINT_T0);                                   \
            block b = make_##format(w + at);                                                                           \
            b.d *= unit;                                                                                               \
            for (size_t t = 0; t < tokens; t++) {                                                                      \
                const char *row = x + t * x_stride;                                                                    \
                acc[t] = add_block(acc[t], &b, (const int8_t *)row + 256 * at,                                         \
                                   ((const float *)(const void *)(row + d_at))[at]);                                   \
            }                                                                                                          \
        }                                                                                                              \
        for (size_t t = 0; t < tokens; t++) y[t * y_stride] = _mm512_reduce_add_ps(acc[t]);                            \
    }                                                                                                                  \
    void tael__matvec_##format##__avx512vnni(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                             size_t rows, size_t cols, size_t tokens)                                  \
    {                                                                                                                  \
        const tael__block_##format *row = w;                                                                           \
        for (size_t r = 0; r < rows; r++, row += cols / 256) {                                                         \
            if (tokens == 1)                                                                                           \
                row_##format(y + r, y_stride, row, x, x_stride, cols, 1);                                              \
            else                                                                                                       \
                row_##format(y + r, y_stride, row, x, x_stride, cols, tokens);                                         \
        }                                                                                                              \
    }
#include "compute/iq.inc"
