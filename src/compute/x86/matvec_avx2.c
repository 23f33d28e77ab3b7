// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for the formats with blocks of 32, straight from the file's blocks, a block a register.
 *
 * vpmaddubsw multiplies unsigned by signed bytes and adds two neighbours in 16 bits: weights stay unsigned, and what
 * their offset adds is taken off the 16-bit sums. q8_0 needs all eight bits with a sign: there the sign moves to the
 * activations. Two rows at once share the activations, with the next lines fetched ahead. A row alone does the same
 * arithmetic, so splits between threads change no bit. */
#include <immintrin.h>

#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AT_ONCE = 2, AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

INLINE float f16(const uint8_t h[2])
{
    return _cvtsh_ss(tael__load_u16(h));
}

/* Low nibbles, then high ones. */
INLINE __m256i nibbles(const uint8_t qs[16])
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)qs);
    return _mm256_and_si256(_mm256_set_m128i(_mm_srli_epi16(x, 4), x), _mm256_set1_epi8(15));
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

/* One block's whole-number products, summed by fours; `off`: offset times the activations, by twos. */
INLINE __m256 dot_q4_0(const uint8_t *block, __m256i a, __m256i off)
{
    const tael__block_q4_0 *w = (const void *)block;
    return floats(_mm256_sub_epi16(_mm256_maddubs_epi16(nibbles(w->qs), a), off));
}
INLINE __m256 dot_q5_0(const uint8_t *block, __m256i a, __m256i off)
{
    const tael__block_q5_0 *w = (const void *)block;
    __m256i q = _mm256_or_si256(nibbles(w->qs), fifth_bits(w->qh));
    return floats(_mm256_sub_epi16(_mm256_maddubs_epi16(q, a), off));
}
INLINE __m256 dot_q8_0(const uint8_t *block, __m256i a, __m256i off)
{
    const tael__block_q8_0 *w = (const void *)block;
    __m256i q = _mm256_loadu_si256((const __m256i *)(const void *)w->qs);
    (void)off;
    return floats(_mm256_maddubs_epi16(_mm256_abs_epi8(q), _mm256_sign_epi8(a, q))); /* 2 * 128 * 127 fits */
}
INLINE __m256 dot_q4_1(const uint8_t *block, __m256i a, __m256i off)
{
    const tael__block_q4_1 *w = (const void *)block;
    (void)off;
    return floats(_mm256_maddubs_epi16(nibbles(w->qs), a));
}
INLINE __m256 dot_q5_1(const uint8_t *block, __m256i a, __m256i off)
{
    const tael__block_q5_1 *w = (const void *)block;
    (void)off;
    return floats(_mm256_maddubs_epi16(_mm256_or_si256(nibbles(w->qs), fifth_bits(w->qh)), a));
}

typedef __m256 dot_fn(const uint8_t *block, __m256i a, __m256i off);

INLINE float total(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* `count` neighbouring rows at once. Every block begins with d; in formats with a minimum m follows. */
INLINE void rows_of(float *y, const uint8_t *w, const void *x, size_t cols, size_t block, int offset, dot_fn *dot,
                    int count)
{
    const bool has_min = offset == 0;
    const tael__act_kind kind = has_min ? TAEL__ACT_q8_1 : TAEL__ACT_q8_0;
    const int8_t *q = tael__act_q(x);
    const float *d = tael__act_d(x, kind, cols), *s = has_min ? tael__act_s(x, cols) : NULL;
    size_t blocks = cols / 32;
    __m256 acc[AT_ONCE];
    float min[AT_ONCE] = {0};
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) acc[r] = _mm256_setzero_ps();
    for (size_t b = 0; b < blocks; b++) {
        __m256i a = _mm256_load_si256((const __m256i *)(const void *)(q + 32 * b));
        __m256i off = _mm256_maddubs_epi16(_mm256_set1_epi8((char)offset), a);
#pragma GCC unroll 4
        for (int r = 0; r < count; r++) {
            const uint8_t *at = w + ((size_t)r * blocks + b) * block;
            _mm_prefetch((const char *)at + AHEAD_BYTES, _MM_HINT_T0);
            acc[r] = _mm256_fmadd_ps(dot(at, a, off), _mm256_set1_ps(f16(at) * d[b]), acc[r]);
            if (has_min) min[r] += f16(at + 2) * s[b];
        }
    }
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) y[r] = total(acc[r]) + min[r];
}

#define OVER_ROWS(format, offset)                                                                             \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)                \
    {                                                                                                         \
        const size_t block = sizeof(tael__block_##format), row_bytes = cols / 32 * block;                     \
        const uint8_t *row = w;                                                                               \
        size_t r = 0;                                                                                         \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * row_bytes)                                 \
            rows_of(y + r, row, x, cols, block, offset, dot_##format, AT_ONCE);                               \
        for (; r < rows; r++, row += row_bytes) rows_of(y + r, row, x, cols, block, offset, dot_##format, 1); \
    }                                                                                                         \
    TAEL__EACH_TOKEN(format, avx2)
OVER_ROWS(q4_0, 8)
OVER_ROWS(q5_0, 16)
OVER_ROWS(q8_0, 1) /* any number that says: no minimum */
OVER_ROWS(q4_1, 0)
OVER_ROWS(q5_1, 0)
