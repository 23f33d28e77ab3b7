// SPDX-License-Identifier: Apache-2.0
/* Attention with 16 floats at a time. A part's rows share each load and conversion of a key or value: up to 8 rows
 * times 2 to 8 positions, or times 2 to 8 columns, are sums in registers (at most 24 of the 32). Queries and weights
 * come from the first-level cache.
 *
 * Bound by memory for up to about 6 rows, by multiplications beyond. Runs lie apart in memory, where the hardware does
 * not look ahead by itself; so while keys are read, values are fetched, and while values are read, the next keys. */
#include <immintrin.h>
#include <math.h>

#include "compute/attend_walk.h"
#include "compute/kernels_declared.h"
#include "compute/x86/exp2_avx512.h"

#define INLINE static inline __attribute__((always_inline))
#define ROUND  (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

typedef tael__attend_part part;

static inline __mmask16 first(size_t n)
{
    return n >= 16 ? 0xFFFF : (__mmask16)((1u << n) - 1);
}

/* ---- A run as floats ---- */

typedef struct source {
    const char *data;
    const float *d; /* q8_0 */
    size_t n;       /* values a position */
    tael__kv_kind kind;
} source;

/* The scales of a q8_0 run, all at once: one by one they cost as much as the values. */
static void scales(float *d, const char *data, size_t n)
{
    const uint16_t *h = (const uint16_t *)(const void *)(data + TAEL__KV_POSITIONS * n);
    size_t count = TAEL__KV_POSITIONS * (n / 32); /* a multiple of 64 */
    for (size_t i = 0; i < count; i += 16)
        _mm512_storeu_ps(d + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(h + i))));
}

/* 16 values of a position from column c on; beyond the last, zeros. */
INLINE __m512 load(const source *x, size_t position, size_t c)
{
    size_t at = position * x->n + c;
    if (x->kind == TAEL__KV_q8_0) {
        __m128i q = _mm_loadu_si128((const __m128i *)(const void *)(x->data + at));
        return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(q)), _mm512_set1_ps(x->d[at / 32]));
    }
    const char *h = x->data + at * 2;
    if (c + 16 > x->n) return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first(x->n - c), h));
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)h));
}

/* The same place of the run that is read next, and `bytes` on. */
INLINE void fetch(const char *ahead, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64) _mm_prefetch(ahead + i, _MM_HINT_T0);
}

/* ---- Scores ---- */

/* The sums of four registers' lanes. */
INLINE __m128 sums(__m512 a, __m512 b, __m512 c, __m512 d)
{
    __m512 ab = _mm512_add_ps(_mm512_unpacklo_ps(a, b), _mm512_unpackhi_ps(a, b));
    __m512 cd = _mm512_add_ps(_mm512_unpacklo_ps(c, d), _mm512_unpackhi_ps(c, d));
    __m512 x = _mm512_add_ps(_mm512_castpd_ps(_mm512_unpacklo_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd))),
                             _mm512_castpd_ps(_mm512_unpackhi_pd(_mm512_castps_pd(ab), _mm512_castps_pd(cd))));
    __m256 y = _mm256_add_ps(_mm512_castps512_ps256(x), _mm512_extractf32x8_ps(x, 1));
    return _mm_add_ps(_mm256_castps256_ps128(y), _mm256_extractf128_ps(y, 1));
}

/* weight[r][position..] = q[r] . k[position..], `positions` of them: 2, 4 or 8. */
INLINE void scores_at(const part *p, const source *k, size_t position, size_t rows, size_t positions)
{
    __m512 s[8][8], x[8];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < positions; i++) s[r][i] = _mm512_setzero_ps();
    for (size_t c = 0; c < k->n; c += 16) {
#pragma GCC unroll 8
        for (size_t i = 0; i < positions; i++) x[i] = load(k, position + i, c);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            __m512 q = _mm512_load_ps(p->q + r * p->q_stride + c);
#pragma GCC unroll 8
            for (size_t i = 0; i < positions; i++) s[r][i] = _mm512_fmadd_ps(q, x[i], s[r][i]);
        }
    }
    float *w = p->weight + position;
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r += positions == 2 ? 2 : 1)
#pragma GCC unroll 2
        for (size_t i = 0; i < positions; i += 4) {
            if (positions > 2) {
                _mm_store_ps(w + r * TAEL__KV_POSITIONS + i, sums(s[r][i], s[r][i + 1], s[r][i + 2], s[r][i + 3]));
                continue;
            }
            size_t other = r + 1 < rows ? r + 1 : r;
            __m128 two = sums(s[r][0], s[r][1], s[other][0], s[other][1]);
            _mm_storel_pi((__m64 *)(void *)(w + r * TAEL__KV_POSITIONS), two);
            if (other > r) _mm_storeh_pi((__m64 *)(void *)(w + other * TAEL__KV_POSITIONS), two);
        }
}

INLINE void scores(const part *p, const source *k, size_t rows)
{
    const size_t positions = rows <= 3 ? 8 : rows <= 6 ? 4 : 2;
    size_t bytes = positions * (k->kind == TAEL__KV_f16 ? k->n * 2 : k->n);
    for (size_t i = p->begin / positions * positions; i < p->end; i += positions) {
        if (p->first) fetch(p->v + i / positions * bytes, bytes);
        scores_at(p, k, i, rows, positions);
    }
}

/* Scores to weights, with the largest so far; positions outside the part weigh nothing. */
static void weigh(const part *p)
{
    uint64_t seen = (p->end < 64 ? ((uint64_t)1 << p->end) - 1 : ~(uint64_t)0) & ~(uint64_t)0 << p->begin;
    for (size_t r = 0; r < p->rows; r++) {
        float *w = p->weight + r * TAEL__KV_POSITIONS;
        __m512 s[4], most = _mm512_set1_ps(p->max[r]), sum = _mm512_setzero_ps();
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            s[i] = _mm512_mask_loadu_ps(_mm512_set1_ps(-INFINITY), (__mmask16)(seen >> 16 * i), w + 16 * i);
            most = _mm512_max_ps(most, s[i]);
        }
        float max = _mm512_reduce_max_ps(most);
        most = _mm512_set1_ps(max);
#pragma GCC unroll 4
        for (size_t i = 0; i < 4; i++) {
            s[i] = exp2_16(_mm512_sub_ps(s[i], most));
            sum = _mm512_add_ps(sum, s[i]);
            _mm512_store_ps(w + 16 * i, s[i]);
        }
        p->scale[r] = _mm512_cvtss_f32(exp2_16(_mm512_sub_ps(_mm512_set1_ps(p->max[r]), most)));
        p->sum[r] = p->sum[r] * p->scale[r] + _mm512_reduce_add_ps(sum);
        p->max[r] = max;
    }
}

/* ---- Values ---- */

/* out[r][c..] = out * scale[r] + weight[r] V for `count` times 16 columns. */
INLINE void values_at(const part *p, const source *v, size_t c, size_t rows, size_t count, bool ahead)
{
    size_t bytes = v->kind == TAEL__KV_f16 ? v->n * 2 : v->n;
    __m512 s[8][8], x[8];
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++)
            s[r][i] =
                _mm512_mul_ps(_mm512_load_ps(p->out + r * p->out_stride + c + 16 * i), _mm512_set1_ps(p->scale[r]));
    for (size_t j = p->begin; j < p->end; j++) {
        if (ahead) fetch(p->next + j * bytes, bytes);
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++) x[i] = load(v, j, c + 16 * i);
#pragma GCC unroll 8
        for (size_t r = 0; r < rows; r++) {
            __m512 w = _mm512_set1_ps(p->weight[r * TAEL__KV_POSITIONS + j]);
#pragma GCC unroll 8
            for (size_t i = 0; i < count; i++) s[r][i] = _mm512_fmadd_ps(w, x[i], s[r][i]);
        }
    }
#pragma GCC unroll 8
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++) _mm512_store_ps(p->out + r * p->out_stride + c + 16 * i, s[r][i]);
}

INLINE void values(const part *p, const source *v, size_t rows)
{
    const size_t count = rows <= 3 ? 8 : rows <= 6 ? 4 : 2;
    size_t c = 0;
    for (; c + 16 * count <= v->n; c += 16 * count) values_at(p, v, c, rows, count, c == 0 && p->first);
    for (; c < v->n; c += 16) values_at(p, v, c, rows, 1, c == 0 && p->first);
}

/* ---- The kernels ---- */

INLINE void compute_rows(const part *p, tael__kv_kind kind, size_t rows)
{
    source k = {p->k, p->k_d, p->head_size, kind}, v = {p->v, p->v_d, p->value_size, kind};
    scores(p, &k, rows);
    weigh(p);
    values(p, &v, rows);
}

INLINE void compute(const part *p, tael__kv_kind kind)
{
    if (kind == TAEL__KV_q8_0 && p->first) {
        scales(p->k_d, p->k, p->head_size);
        scales(p->v_d, p->v, p->value_size);
    }
    switch (p->rows) {
    case 1: compute_rows(p, kind, 1); break;
    case 2: compute_rows(p, kind, 2); break;
    case 3: compute_rows(p, kind, 3); break;
    case 4: compute_rows(p, kind, 4); break;
    case 5: compute_rows(p, kind, 5); break;
    case 6: compute_rows(p, kind, 6); break;
    case 7: compute_rows(p, kind, 7); break;
    default: compute_rows(p, kind, 8); break;
    }
}

TAEL__ATTEND_BY_PARTS(f16, avx512vnni, TAEL__PART_ROWS)
TAEL__ATTEND_BY_PARTS(q8_0, avx512vnni, TAEL__PART_ROWS)

/* ---- Writing a position ---- */

INLINE __m512 within(__m512 x, float limit)
{
    return _mm512_max_ps(_mm512_set1_ps(-limit), _mm512_min_ps(_mm512_set1_ps(limit), x));
}

void tael__kv_store_f16__avx512vnni(void *run, size_t position, const float *x, size_t head_size)
{
    uint16_t *at = (uint16_t *)run + position * head_size;
    for (size_t i = 0; i < head_size; i += 16) {
        __mmask16 m = first(head_size - i);
        __m512 v = within(_mm512_maskz_loadu_ps(m, x + i), 65504);
        _mm256_mask_storeu_epi16(at + i, m, _mm512_cvtps_ph(v, ROUND));
    }
}

void tael__kv_store_q8_0__avx512vnni(void *run, size_t position, const float *x, size_t head_size)
{
    int8_t *q = (int8_t *)run + position * head_size;
    uint16_t *d = (uint16_t *)(void *)((char *)run + TAEL__KV_POSITIONS * head_size) + position * (head_size / 32);
    for (size_t b = 0; b < head_size / 32; b++) {
        __m512 low = _mm512_loadu_ps(x + 32 * b), high = _mm512_loadu_ps(x + 32 * b + 16);
        float scale = _mm512_reduce_max_ps(_mm512_max_ps(_mm512_abs_ps(low), _mm512_abs_ps(high))) / 127;
        if (scale > 65504) scale = 65504;
        __m512 inverse = _mm512_set1_ps(scale > 0x1p-25f ? 1 / scale : 0);
        low = within(_mm512_mul_ps(low, inverse), 127);
        high = within(_mm512_mul_ps(high, inverse), 127);
        d[b] = (uint16_t)_cvtss_sh(scale, ROUND);
        _mm_storeu_si128((__m128i *)(void *)(q + 32 * b), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(low)));
        _mm_storeu_si128((__m128i *)(void *)(q + 32 * b + 16), _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(high)));
    }
}
