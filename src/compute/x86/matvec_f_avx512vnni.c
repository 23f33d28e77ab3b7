// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for f32, f16 and bf16: sixteen columns an operation, four sums a row to hide the multiplier's
 * delay. Two or four bytes a weight make it bound by memory whatever it does; two rows at once give memory two streams.
 */
#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AT_ONCE = 2, AHEAD_BYTES = 8192 };

#define INLINE static inline __attribute__((always_inline))

/* Sixteen weights, or the first of them that `mask` names: nothing else is read. */
INLINE __m512 load_f32(const uint8_t *w, __mmask16 mask)
{
    return _mm512_maskz_loadu_ps(mask, w);
}
INLINE __m512 load_f16(const uint8_t *w, __mmask16 mask)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, w));
}
INLINE __m512 load_bf16(const uint8_t *w, __mmask16 mask)
{
    __m512i wide = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, w));
    return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

typedef __m512 load_fn(const uint8_t *w, __mmask16 mask);

INLINE void rows_of(float *y, const uint8_t *w, const float *x, size_t cols, size_t each, load_fn *load, int count)
{
    __m512 acc[AT_ONCE][4];
#pragma GCC unroll 4
    for (int r = 0; r < count; r++) acc[r][0] = acc[r][1] = acc[r][2] = acc[r][3] = _mm512_setzero_ps();
    size_t i = 0;
    for (; i + 64 <= cols; i += 64) {
#pragma GCC unroll 4
        for (int r = 0; r < count; r++) {
            const uint8_t *at = w + ((size_t)r * cols + i) * each;
            for (size_t line = 0; line < each; line++)
                _mm_prefetch((const char *)at + AHEAD_BYTES + 64 * line, _MM_HINT_T1);
#pragma GCC unroll 4
            for (size_t k = 0; k < 4; k++)
                acc[r][k] =
                    _mm512_fmadd_ps(load(at + 16 * k * each, 0xFFFF), _mm512_loadu_ps(x + i + 16 * k), acc[r][k]);
        }
    }
    for (; i < cols; i += 16) {
        __mmask16 mask = cols - i >= 16 ? 0xFFFF : (__mmask16)((1u << (cols - i)) - 1);
        __m512 a = _mm512_maskz_loadu_ps(mask, x + i);
        for (int r = 0; r < count; r++)
            acc[r][0] = _mm512_fmadd_ps(load(w + ((size_t)r * cols + i) * each, mask), a, acc[r][0]);
    }
#pragma GCC unroll 4
    for (int r = 0; r < count; r++)
        y[r] = _mm512_reduce_add_ps(
            _mm512_add_ps(_mm512_add_ps(acc[r][0], acc[r][1]), _mm512_add_ps(acc[r][2], acc[r][3])));
}

#define OVER_ROWS(format, each)                                                                           \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)            \
    {                                                                                                     \
        const uint8_t *row = w;                                                                           \
        size_t r = 0;                                                                                     \
        for (; r + AT_ONCE <= rows; r += AT_ONCE, row += AT_ONCE * cols * (each))                         \
            rows_of(y + r, row, x, cols, each, load_##format, AT_ONCE);                                   \
        for (; r < rows; r++, row += cols * (each)) rows_of(y + r, row, x, cols, each, load_##format, 1); \
    }                                                                                                     \
    TAEL__EACH_TOKEN(format, avx512vnni)
OVER_ROWS(f32, 4)
OVER_ROWS(f16, 2)
OVER_ROWS(bf16, 2)
