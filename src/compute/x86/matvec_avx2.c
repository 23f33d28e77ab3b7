// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for the formats with blocks of 32, straight from the file's blocks, a block a
 * register.
 *
 * vpmaddubsw multiplies unsigned by signed bytes and adds two neighbours in 16 bits: weights stay unsigned, and what
 * their offset adds is taken off the 16-bit sums. q8_0 needs all eight bits with a sign: there the sign moves to the
 * activations. Scales are taken four blocks at a time and go through memory, whose ports spread them over a register at
 * no cost to the three that calculate: eight vector operations for q4_0's 18 bytes, near three cycles, where memory
 * takes three at 6 bytes a cycle.
 *
 * Four rows at once for one token; two for more, or one for eight, whose sums fill the registers: weights are unpacked
 * once for all tokens. Every row and token alone does the same arithmetic in the same order. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"

enum { AT_ONCE = 4, SUMS = 8 };

#define INLINE static inline __attribute__((always_inline))

/* Low nibbles, then high ones. */
INLINE __m256i nibbles(const uint8_t qs[16])
{
    __m256i x = _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)qs));
    return _mm256_and_si256(_mm256_srlv_epi64(x, _mm256_setr_epi64x(0, 0, 4, 4)), _mm256_set1_epi8(15));
}

/* 16 in each byte whose bit is set: byte i looks at bit i. */
INLINE __m256i fifth_bits(const uint8_t qh[4])
{
    const __m256i spread = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i x = _mm256_shuffle_epi8(_mm256_set1_epi32((int)tael__load_u32(qh)), spread);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(x, bit), bit), _mm256_set1_epi8(16));
}

/* Sums of two products in 16 bits, to eight floats. */
INLINE __m256 floats(__m256i twos)
{
    return _mm256_cvtepi32_ps(_mm256_madd_epi16(twos, _mm256_set1_epi16(1)));
}

/* The weights of a block: unsigned but for q8_0. */
INLINE __m256i unpack_q4_0(const uint8_t *block)
{
    return nibbles(((const tael__block_q4_0 *)(const void *)block)->qs);
}
INLINE __m256i unpack_q4_1(const uint8_t *block)
{
    return nibbles(((const tael__block_q4_1 *)(const void *)block)->qs);
}
INLINE __m256i unpack_q5_0(const uint8_t *block)
{
    const tael__block_q5_0 *w = (const void *)block;
    return _mm256_or_si256(nibbles(w->qs), fifth_bits(w->qh));
}
INLINE __m256i unpack_q5_1(const uint8_t *block)
{
    const tael__block_q5_1 *w = (const void *)block;
    return _mm256_or_si256(nibbles(w->qs), fifth_bits(w->qh));
}
INLINE __m256i unpack_q8_0(const uint8_t *block)
{
    const tael__block_q8_0 *w = (const void *)block;
    return _mm256_loadu_si256((const __m256i *)(const void *)w->qs);
}

enum { SIGNED = -1 };

/* What is particular to a format: its blocks begin with d; those without an offset go on with m. */
typedef struct shape {
    size_t block; /* bytes */
    int offset;   /* or SIGNED */
    __m256i (*unpack)(const uint8_t *block);
} shape;

/* A block's products, summed by fours; `off`: offset times the activations, by twos. */
INLINE __m256 dot(int offset, __m256i q, __m256i a, __m256i off)
{
    if (offset == SIGNED) /* 2 * 128 * 127 fits */
        return floats(_mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(a, q)));
    __m256i twos = _mm256_maddubs_epi16(q, a);
    return floats(offset == 0 ? twos : _mm256_sub_epi16(twos, off));
}

INLINE float total(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* The f16 numbers that four blocks have at the same place. */
INLINE __m128 four(const uint8_t *at, size_t block)
{
    uint64_t h = tael__load_u16(at) | (uint64_t)tael__load_u16(at + block) << 16 |
                 (uint64_t)tael__load_u16(at + 2 * block) << 32 | (uint64_t)tael__load_u16(at + 3 * block) << 48;
    return _mm_cvtph_ps(_mm_cvtsi64_si128((long long)h));
}

/* Adds four blocks of each row, the first of them at[r], times block b and on of each token. */
INLINE void add_four(__m256 *acc, const uint8_t *const *at, shape f, const char *x, size_t x_stride,
                     tael__act_layout layout, size_t b, int rows, int tokens)
{
    _Alignas(16) float by[SUMS][4];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
        __m128 d = four(at[r], f.block), m = d;
        if (f.offset == 0) m = four(at[r] + 2, f.block);
#pragma GCC unroll 8
        for (int t = 0; t < tokens; t++) {
            const char *row = x + (size_t)t * x_stride;
            __m256 *sum = acc + t * rows + r;
            _mm_store_ps(by[t * rows + r],
                         _mm_mul_ps(d, _mm_load_ps((const float *)(const void *)(row + layout.d) + b)));
            if (f.offset != 0) continue;
            __m128 sa = _mm_load_ps((const float *)(const void *)(row + layout.extra) + b);
            *sum = _mm256_fmadd_ps(_mm256_zextps128_ps256(m), _mm256_zextps128_ps256(sa), *sum);
        }
    }
#pragma GCC unroll 4
    for (int p = 0; p < 4; p++) {
        __m256i q[AT_ONCE];
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) q[r] = f.unpack(at[r] + (size_t)p * f.block);
#pragma GCC unroll 8
        for (int t = 0; t < tokens; t++) {
            const char *row = x + (size_t)t * x_stride + 32 * (b + (size_t)p);
            __m256i a = _mm256_load_si256((const __m256i *)(const void *)row);
            __m256i off = _mm256_maddubs_epi16(_mm256_set1_epi8((char)f.offset), a);
#pragma GCC unroll 4
            for (int r = 0; r < rows; r++) {
                int i = t * rows + r;
                acc[i] = _mm256_fmadd_ps(dot(f.offset, q[r], a, off), _mm256_broadcast_ss(&by[i][p]), acc[i]);
            }
        }
    }
}

INLINE void rows_of(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t cols,
                    size_t apart, shape f, int rows, int tokens)
{
    const tael__act_layout layout = tael__act_layout_of(f.offset == 0 ? TAEL__ACT_q8_1 : TAEL__ACT_q8_0, cols);
    const size_t blocks = cols / 32, step = apart * blocks * f.block;
    const uint8_t *at[AT_ONCE];
    __m256 acc[SUMS];
    size_t b = 0;
#pragma GCC unroll 8
    for (int i = 0; i < rows * tokens; i++) acc[i] = _mm256_setzero_ps();
    for (; b + 4 <= blocks; b += 4) {
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) {
            at[r] = w + (size_t)r * step + b * f.block;
#pragma GCC unroll 4
            for (size_t line = 0; line < 4 * f.block; line += 64)
                _mm_prefetch((const char *)at[r] + TAEL__AHEAD + line, _MM_HINT_T0);
        }
        add_four(acc, at, f, x, x_stride, layout, b, rows, tokens);
    }
    if (b < blocks) { /* the rest of four meets blocks whose d and m are 0, as are the activations' scales there */
        uint8_t last[AT_ONCE][4 * sizeof(tael__block_q8_0)] = {{0}};
        for (int r = 0; r < rows; r++) {
            memcpy(last[r], w + (size_t)r * step + b * f.block, (blocks - b) * f.block);
            at[r] = last[r];
        }
        add_four(acc, at, f, x, x_stride, layout, b, rows, tokens);
    }
#pragma GCC unroll 8
    for (int i = 0; i < rows * tokens; i++)
        y[(size_t)(i / rows) * y_stride + (size_t)(i % rows) * apart] = total(acc[i]);
}

#define OVER_ROWS(format, offset)                                                                          \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, \
                              size_t cols, size_t apart, int rows, int tokens)                             \
    {                                                                                                      \
        const shape f = {sizeof(tael__block_##format), offset, unpack_##format};                           \
        if (rows * tokens <= SUMS)                                                                         \
            rows_of(y, y_stride, w, x, x_stride, cols, apart, f, rows, tokens);                            \
        else                                                                                               \
            for (int r = 0; r < rows; r++, w += apart * (cols / 32) * f.block)                             \
                rows_of(y + (size_t)r * apart, y_stride, w, x, x_stride, cols, apart, f, 1, tokens);       \
    }                                                                                                      \
    TAEL__MATVEC_OVER_ROWS(format, avx2, AT_ONCE, 2, cols / 32 * sizeof(tael__block_##format))
OVER_ROWS(q4_0, 8)
OVER_ROWS(q4_1, 0)
OVER_ROWS(q5_0, 16)
OVER_ROWS(q5_1, 0)
OVER_ROWS(q8_0, SIGNED)
