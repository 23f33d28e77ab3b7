// SPDX-License-Identifier: Apache-2.0
/* What the kernels of attention for many rows share: scores as [position][row], so that a softmax over positions has 16
 * rows in a register and no sum across its lanes. */
#ifndef TAEL__COMPUTE_X86_ATTEND_AVX512_H
#define TAEL__COMPUTE_X86_ATTEND_AVX512_H

#include <immintrin.h>
#include <math.h>

#include "compute/attend.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    LANES = 16, /* floats of a register */
    ROWS = TAEL__ATTEND_ROWS,
    POSITIONS = TAEL__KV_POSITIONS,
};

INLINE __mmask16 first(size_t n)
{
    return n >= 16 ? 0xFFFF : (__mmask16)((1u << n) - 1);
}

/* 16 values of a run's position from column c on; beyond the last, zeros. */
INLINE __m512 load(const char *run, tael__kv_kind kind, size_t n, size_t position, size_t c)
{
    if (c >= n) return _mm512_setzero_ps();
    if (kind == TAEL__KV_q8_0) {
        const uint16_t *d = (const uint16_t *)(const void *)(run + POSITIONS * n) + position * (n / 32) + c / 32;
        __m128i q = _mm_loadu_si128((const __m128i *)(const void *)(run + position * n + c));
        return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)), _mm512_set1_ps(_cvtsh_ss(*d)));
    }
    const char *h = run + (position * n + c) * 2;
    if (c + LANES > n) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(n - c), h));
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)h));
}

/* Scores of 16 rows, [position][ROWS] from position `start` on, that lie outside of the rows' ranges become -infinity.
 */
static inline void hide(float *scores, const int32_t *from, const int32_t *to, int32_t start)
{
    __m512i low = _mm512_load_si512(from), high = _mm512_load_si512(to);
    for (int32_t i = 0; i < POSITIONS; i++) {
        __m512i position = _mm512_set1_epi32(start + i);
        __mmask16 hidden = _mm512_cmplt_epi32_mask(position, low) | _mm512_cmpge_epi32_mask(position, high);
        _mm512_mask_store_ps(scores + (size_t)i * ROWS, hidden, _mm512_set1_ps(-INFINITY));
    }
}

/* What a call's tokens see. */
typedef struct span {
    uint32_t from, to;         /* any of them */
    uint32_t all_from, all_to; /* all of them */
} span;

static inline span span_of(const tael__attention *a)
{
    span s = {a->from[0], a->to[0], a->from[0], a->to[0]};
    for (size_t t = 1; t < a->tokens; t++) {
        if (a->from[t] < s.from) s.from = a->from[t];
        if (a->to[t] > s.to) s.to = a->to[t];
        if (a->from[t] > s.all_from) s.all_from = a->from[t];
        if (a->to[t] < s.all_to) s.all_to = a->to[t];
    }
    return s;
}

#endif
