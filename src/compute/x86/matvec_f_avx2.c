// SPDX-License-Identifier: Apache-2.0
/* Matrix times one to eight vectors for f32, f16 and bf16: eight columns an operation, one sum for each row and token.
 * Memory bounds a single token; the far rows that go together (matvec_rows.h) hide the multiplier's delay as well.
 * Weights are widened once for all tokens. */
#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/x86/matvec_rows.h"

enum { AT_ONCE = 4, SUMS = 8 };

#define INLINE static inline __attribute__((always_inline))

INLINE __m256 load_f32(const uint8_t *w)
{
    return _mm256_loadu_ps((const float *)(const void *)w);
}
INLINE __m256 load_f16(const uint8_t *w)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)w));
}
INLINE __m256 load_bf16(const uint8_t *w)
{
    __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)w));
    return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

typedef __m256 load_fn(const uint8_t *w);

INLINE float total(__m256 v)
{
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

/* Adds eight columns: w and x point to the first row's and token's. */
INLINE void add_eight(__m256 *acc, const uint8_t *w, size_t step, const char *x, size_t x_stride, load_fn *load,
                      int rows, int tokens)
{
    __m256 q[AT_ONCE];
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) q[r] = load(w + (size_t)r * step);
#pragma GCC unroll 8
    for (int t = 0; t < tokens; t++) {
        __m256 a = _mm256_loadu_ps((const float *)(const void *)(x + (size_t)t * x_stride));
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++) acc[t * rows + r] = _mm256_fmadd_ps(q[r], a, acc[t * rows + r]);
    }
}

INLINE void rows_of(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, size_t cols,
                    size_t apart, size_t each, load_fn *load, int rows, int tokens)
{
    const size_t step = apart * cols * each;
    __m256 acc[SUMS];
    size_t i = 0;
#pragma GCC unroll 8
    for (int s = 0; s < rows * tokens; s++) acc[s] = _mm256_setzero_ps();
    for (; i + 32 <= cols; i += 32) {
        const uint8_t *at = w + i * each;
#pragma GCC unroll 4
        for (int r = 0; r < rows; r++)
            for (size_t line = 0; line < 32 * each; line += 64)
                _mm_prefetch((const char *)at + (size_t)r * step + TAEL__AHEAD + line, _MM_HINT_T0);
#pragma GCC unroll 4
        for (size_t k = 0; k < 32; k += 8)
            add_eight(acc, at + k * each, step, x + 4 * (i + k), x_stride, load, rows, tokens);
    }
    for (; i < cols; i += 8) { /* the last ones from copies ended by zeros */
        size_t n = cols - i < 8 ? cols - i : 8;
        uint8_t weights[AT_ONCE][32] = {{0}};
        float values[SUMS][8] = {{0}};
        for (int r = 0; r < rows; r++) memcpy(weights[r], w + (size_t)r * step + i * each, n * each);
        for (int t = 0; t < tokens; t++) memcpy(values[t], x + (size_t)t * x_stride + 4 * i, n * 4);
        add_eight(acc, weights[0], sizeof weights[0], (const char *)values, sizeof values[0], load, rows, tokens);
    }
#pragma GCC unroll 8
    for (int s = 0; s < rows * tokens; s++)
        y[(size_t)(s / rows) * y_stride + (size_t)(s % rows) * apart] = total(acc[s]);
}

#define OVER_ROWS(format, each)                                                                            \
    INLINE void rows_##format(float *y, size_t y_stride, const uint8_t *w, const char *x, size_t x_stride, \
                              size_t cols, size_t apart, int rows, int tokens)                             \
    {                                                                                                      \
        if (rows * tokens <= SUMS)                                                                         \
            rows_of(y, y_stride, w, x, x_stride, cols, apart, each, load_##format, rows, tokens);          \
        else                                                                                               \
            for (int r = 0; r < rows; r++, y += apart, w += apart * cols * (each))                         \
                rows_of(y, y_stride, w, x, x_stride, cols, apart, each, load_##format, 1, tokens);         \
    }                                                                                                      \
    TAEL__MATVEC_OVER_ROWS(format, avx2, AT_ONCE, 2, cols *(each))
OVER_ROWS(f32, 4)
OVER_ROWS(f16, 2)
OVER_ROWS(bf16, 2)
