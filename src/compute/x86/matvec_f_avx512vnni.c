// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for f32, f16 and bf16: sixteen columns an operation, one sum for each row and
 * token. Memory bounds a single token; the far rows that go together (matvec_rows.h) hide the multiplier's delay as
 * well. Weights are widened once for all tokens. */
#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"

enum { AT_ONCE = 4 };

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

/* Adds sixteen columns, or those that `mask` names: w and x point to the first row's and token's. */
INLINE void add_sixteen(__m512 *acc, const uint8_t *w, size_t step, const char *x, size_t x_stride, __mmask16 mask,
                        load_fn *load, int rows, int tokens)
{
    __m512 q[AT_ONCE];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) q[r] = load(w + (size_t)r * step, mask);
#pragma GCC unroll 8
    for (int t = 0; t < tokens; t++) {
        __m512 a = _mm512_maskz_loadu_ps(mask, x + (size_t)t * x_stride);
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) acc[t * rows + r] = _mm512_fmadd_ps(q[r], a, acc[t * rows + r]);
    }
}

INLINE void rows_of(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t cols,
                    size_t apart, size_t each, load_fn *load, int rows, int tokens)
{
    const size_t step = apart * cols * each;
    __m512 acc[2 * TAEL__MATVEC_TOKENS];
    size_t i = 0;
#pragma GCC unroll 16
    for (int s = 0; s < rows * tokens; s++) acc[s] = _mm512_setzero_ps();
    for (; i + 64 <= cols; i += 64) {
        const uint8_t *at = w + i * each;
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            for (size_t line = 0; line < each; line++)
                _mm_prefetch((const char *)at + (size_t)r * step + TAEL__AHEAD + 64 * line, _MM_HINT_T0);
#pragma GCC unroll 4
        for (size_t k = 0; k < 64; k += 16)
            add_sixteen(acc, at + k * each, step, x + 4 * (i + k), x_stride, 0xFFFF, load, rows, tokens);
    }
    for (; i < cols; i += 16) {
        __mmask16 mask = cols - i >= 16 ? 0xFFFF : (__mmask16)((1u << (cols - i)) - 1);
        add_sixteen(acc, w + i * each, step, x + 4 * i, x_stride, mask, load, rows, tokens);
    }
#pragma GCC unroll 16
    for (int s = 0; s < rows * tokens; s++)
        y[(size_t)(s / rows) * y_stride + (size_t)(s % rows) * apart] = _mm512_reduce_add_ps(acc[s]);
}

#define OVER_ROWS(format, each)                                                                            \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, \
                              size_t cols, size_t apart, int rows, int tokens)                             \
    {                                                                                                      \
        rows_of(y, y_stride, w, x, x_stride, cols, apart, each, load_##format, rows, tokens);              \
    }                                                                                                      \
    TAEL__MATVEC_OVER_ROWS(format, avx512vnni, AT_ONCE, 2, cols *(each))
OVER_ROWS(f32, 4)
OVER_ROWS(f16, 2)
OVER_ROWS(bf16, 2)
