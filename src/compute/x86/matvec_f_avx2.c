// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector for f32, f16 and bf16: eight columns an operation, four sums a row to hide the multiplier's
 * delay. */
#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/kernels_declared.h"

enum { AHEAD_BYTES = 4096 };

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

INLINE float row_of(const uint8_t *w, const float *x, size_t cols, size_t each, load_fn *load)
{
    __m256 acc[4] = {_mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps(), _mm256_setzero_ps()};
    size_t i = 0;
    for (; i + 32 <= cols; i += 32) {
        for (size_t line = 0; line < 32 * each; line += 64)
            _mm_prefetch((const char *)w + i * each + AHEAD_BYTES + line, _MM_HINT_T0);
#pragma GCC unroll 4
        for (size_t k = 0; k < 4; k++)
            acc[k] = _mm256_fmadd_ps(load(w + (i + 8 * k) * each), _mm256_loadu_ps(x + i + 8 * k), acc[k]);
    }
    for (; i < cols; i += 8) { /* the last ones from a copy ended by zeros */
        size_t n = cols - i < 8 ? cols - i : 8;
        uint8_t weights[32] = {0};
        float values[8] = {0};
        memcpy(weights, w + i * each, n * each);
        memcpy(values, x + i, n * 4);
        acc[0] = _mm256_fmadd_ps(load(weights), _mm256_loadu_ps(values), acc[0]);
    }
    __m256 sum = _mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3]));
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(sum), _mm256_extractf128_ps(sum, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

#define OVER_ROWS(format, each)                                                                  \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)   \
    {                                                                                            \
        for (size_t r = 0; r < rows; r++)                                                        \
            y[r] = row_of((const uint8_t *)w + r * cols * (each), x, cols, each, load_##format); \
    }                                                                                            \
    TAEL__EACH_TOKEN(format, avx2)
OVER_ROWS(f32, 4)
OVER_ROWS(f16, 2)
OVER_ROWS(bf16, 2)
