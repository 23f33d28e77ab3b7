// SPDX-License-Identifier: Apache-2.0
/* Attention with 8 floats at a time. A part's rows, up to 4, share each load and conversion of a key or value: rows
 * times 2 to 8 positions, or times 2 to 8 columns, are sums in registers (at most 12 of the 16, beside a factor a row).
 */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "compute/attend_walk.h"
#include "compute/kernels_declared.h"

#define INLINE static inline __attribute__((always_inline))
#define ROUND  (_MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)

enum { ROWS_MOST = 4, LANES = 8 };

typedef tael__attend_part part;

/* ---- A run as floats ---- */

typedef struct source {
    const char *data;
    const float *d; /* q8_0 */
    size_t n;       /* values a position */
    tael__kv_kind kind;
} source;

static void scales(float *d, const char *data, size_t n)
{
    const uint16_t *h = (const uint16_t *)(const void *)(data + TAEL__KV_POSITIONS * n);
    size_t count = TAEL__KV_POSITIONS * (n / 32); /* a multiple of 64 */
    for (size_t i = 0; i < count; i += LANES)
        _mm256_storeu_ps(d + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(h + i))));
}

/* 8 values of a position from column c on; beyond the last, zeros. */
INLINE __m256 load(const source *x, size_t position, size_t c)
{
    size_t at = position * x->n + c;
    if (x->kind == TAEL__KV_q8_0) {
        __m128i q = _mm_loadl_epi64((const __m128i *)(const void *)(x->data + at));
        return _mm256_mul_ps(_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)), _mm256_broadcast_ss(x->d + at / 32));
    }
    const char *h = x->data + at * 2;
    uint16_t last[LANES] = {0};
    if (c + LANES > x->n) h = memcpy(last, h, (x->n - c) * sizeof *last);
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)h));
}

/* The same place of the run that is read next, and `bytes` on. */
INLINE void fetch(const char *ahead, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64) _mm_prefetch(ahead + i, _MM_HINT_T0);
}

/* ---- Scores ---- */

/* The sums of four registers' lanes. */
INLINE __m128 sums(__m256 a, __m256 b, __m256 c, __m256 d)
{
    __m256 ab = _mm256_hadd_ps(a, b), cd = _mm256_hadd_ps(c, d), x = _mm256_hadd_ps(ab, cd);
    return _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
}

/* weight[r][position..] = q[r] . k[position..], `positions` of them: 2, 4 or 8. */
INLINE void scores_at(const part *p, const source *k, size_t position, size_t rows, size_t positions)
{
    __m256 s[ROWS_MOST][8], q[ROWS_MOST];
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < positions; i++) s[r][i] = _mm256_setzero_ps();
    for (size_t c = 0; c < k->n; c += LANES) {
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) q[r] = _mm256_load_ps(p->q + r * p->q_stride + c);
#pragma GCC unroll 8
        for (size_t i = 0; i < positions; i++) {
            __m256 x = load(k, position + i, c);
#pragma GCC unroll 4
            for (size_t r = 0; r < rows; r++) s[r][i] = _mm256_fmadd_ps(q[r], x, s[r][i]);
        }
    }
    float *w = p->weight + position;
    if (positions == 2) { /* four rows: two of them at once */
#pragma GCC unroll 2
        for (size_t r = 0; r < rows; r += 2) {
            __m128 two = sums(s[r][0], s[r][1], s[r + 1][0], s[r + 1][1]);
            _mm_storel_pi((__m64 *)(void *)(w + r * TAEL__KV_POSITIONS), two);
            _mm_storeh_pi((__m64 *)(void *)(w + (r + 1) * TAEL__KV_POSITIONS), two);
        }
        return;
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 2
        for (size_t i = 0; i < positions; i += 4)
            _mm_store_ps(w + r * TAEL__KV_POSITIONS + i, sums(s[r][i], s[r][i + 1], s[r][i + 2], s[r][i + 3]));
}

INLINE void scores(const part *p, const source *k, size_t rows)
{
    const size_t positions = rows == 1 ? 8 : rows < 4 ? 4 : 2;
    size_t bytes = positions * (k->kind == TAEL__KV_f16 ? k->n * 2 : k->n);
    for (size_t i = p->begin / positions * positions; i < p->end; i += positions) {
        if (p->first) fetch(p->v + i / positions * bytes, bytes);
        scores_at(p, k, i, rows, positions);
    }
}

/* x <= 0: n = round(x), 2^x = 2^n 2^r, |r| <= 1/2; Taylor's terms to r^7. Below -100 (and for -infinity) it is 0. */
static inline __m256 exp2_8(__m256 x)
{
    __m256 counts = _mm256_cmp_ps(x, _mm256_set1_ps(-100), _CMP_GE_OQ);
    __m256 n = _mm256_round_ps(x, ROUND), r = _mm256_sub_ps(x, n);
    __m256 p = _mm256_set1_ps(1.52527338e-5f); /* ln(2)^k / k! */
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.54035304e-4f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1.33335581e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(9.61812911e-3f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(5.55041087e-2f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(2.40226507e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(6.93147181e-1f));
    p = _mm256_fmadd_ps(p, r, _mm256_set1_ps(1));
    __m256i exponent = _mm256_slli_epi32(_mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23);
    return _mm256_and_ps(counts, _mm256_mul_ps(p, _mm256_castsi256_ps(exponent)));
}

/* The sum or, with `most`, the maximum of the lanes. */
INLINE float across(__m256 x, bool most)
{
    __m128 low = _mm256_castps256_ps128(x), high = _mm256_extractf128_ps(x, 1);
    low = most ? _mm_max_ps(low, high) : _mm_add_ps(low, high);
    high = _mm_movehl_ps(low, low);
    low = most ? _mm_max_ps(low, high) : _mm_add_ps(low, high);
    high = _mm_movehdup_ps(low);
    return _mm_cvtss_f32(most ? _mm_max_ss(low, high) : _mm_add_ss(low, high));
}

/* Scores to weights, with the largest so far; positions outside the part weigh nothing. */
static void weigh(const part *p)
{
    for (size_t r = 0; r < p->rows; r++) {
        float *w = p->weight + r * TAEL__KV_POSITIONS;
        for (size_t i = 0; i < p->begin; i++) w[i] = -INFINITY;
        for (size_t i = p->end; i < TAEL__KV_POSITIONS; i++) w[i] = -INFINITY;
        __m256 most = _mm256_set1_ps(p->max[r]), sum = _mm256_setzero_ps();
        for (size_t i = 0; i < TAEL__KV_POSITIONS; i += LANES) most = _mm256_max_ps(most, _mm256_load_ps(w + i));
        float max = across(most, true);
        most = _mm256_set1_ps(max);
        for (size_t i = 0; i < TAEL__KV_POSITIONS; i += LANES) {
            __m256 e = exp2_8(_mm256_sub_ps(_mm256_load_ps(w + i), most));
            sum = _mm256_add_ps(sum, e);
            _mm256_store_ps(w + i, e);
        }
        p->scale[r] = _mm256_cvtss_f32(exp2_8(_mm256_sub_ps(_mm256_set1_ps(p->max[r]), most)));
        p->sum[r] = p->sum[r] * p->scale[r] + across(sum, false);
        p->max[r] = max;
    }
}

/* ---- Values ---- */

/* out[r][c..] = out * scale[r] + weight[r] V for `count` times 8 columns. */
INLINE void values_at(const part *p, const source *v, size_t c, size_t rows, size_t count, bool ahead)
{
    size_t bytes = v->kind == TAEL__KV_f16 ? v->n * 2 : v->n;
    __m256 s[ROWS_MOST][8], w[ROWS_MOST];
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++)
            s[r][i] = _mm256_mul_ps(_mm256_load_ps(p->out + r * p->out_stride + c + LANES * i),
                                    _mm256_broadcast_ss(p->scale + r));
    for (size_t j = p->begin; j < p->end; j++) {
        if (ahead) fetch(p->next + j * bytes, bytes);
#pragma GCC unroll 4
        for (size_t r = 0; r < rows; r++) w[r] = _mm256_broadcast_ss(p->weight + r * TAEL__KV_POSITIONS + j);
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++) {
            __m256 x = load(v, j, c + LANES * i);
#pragma GCC unroll 4
            for (size_t r = 0; r < rows; r++) s[r][i] = _mm256_fmadd_ps(w[r], x, s[r][i]);
        }
    }
#pragma GCC unroll 4
    for (size_t r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (size_t i = 0; i < count; i++) _mm256_store_ps(p->out + r * p->out_stride + c + LANES * i, s[r][i]);
}

INLINE void values(const part *p, const source *v, size_t rows)
{
    const size_t count = rows == 1 ? 8 : rows < 4 ? 4 : 2;
    size_t c = 0;
    for (; c + LANES * count <= v->n; c += LANES * count) values_at(p, v, c, rows, count, c == 0 && p->first);
    for (; c < v->n; c += LANES) values_at(p, v, c, rows, 1, c == 0 && p->first);
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
    default: compute_rows(p, kind, 4); break;
    }
}

TAEL__ATTEND_BY_PARTS(f16, avx2, ROWS_MOST)
TAEL__ATTEND_BY_PARTS(q8_0, avx2, ROWS_MOST)

/* ---- Writing a position ---- */

INLINE __m256 within(__m256 x, float limit)
{
    return _mm256_max_ps(_mm256_set1_ps(-limit), _mm256_min_ps(_mm256_set1_ps(limit), x));
}

void tael__kv_store_f16__avx2(void *run, size_t position, const float *x, size_t head_size)
{
    uint16_t *at = (uint16_t *)run + position * head_size;
    for (size_t i = 0; i < head_size; i += LANES) {
        float last[LANES] = {0};
        size_t n = head_size - i < LANES ? head_size - i : LANES;
        const float *from = n < LANES ? memcpy(last, x + i, n * sizeof *x) : x + i;
        __m128i h = _mm256_cvtps_ph(within(_mm256_loadu_ps(from), 65504), ROUND);
        memcpy(at + i, &h, n * sizeof *at);
    }
}

void tael__kv_store_q8_0__avx2(void *run, size_t position, const float *x, size_t head_size)
{
    int8_t *q = (int8_t *)run + position * head_size;
    uint16_t *d = (uint16_t *)(void *)((char *)run + TAEL__KV_POSITIONS * head_size) + position * (head_size / 32);
    const __m256 sign = _mm256_set1_ps(-0.0f);
    for (size_t b = 0; b < head_size / 32; b++) {
        __m256 v[4], most = _mm256_setzero_ps();
        for (size_t i = 0; i < 4; i++) {
            v[i] = _mm256_loadu_ps(x + 32 * b + LANES * i);
            most = _mm256_max_ps(_mm256_andnot_ps(sign, v[i]), most);
        }
        float scale = across(most, true) / 127;
        if (scale > 65504) scale = 65504;
        __m256 inverse = _mm256_set1_ps(scale > 0x1p-25f ? 1 / scale : 0);
        d[b] = (uint16_t)_cvtss_sh(scale, ROUND);
        for (size_t i = 0; i < 4; i++) {
            __m256i whole = _mm256_cvtps_epi32(within(_mm256_mul_ps(v[i], inverse), 127));
            __m128i half = _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256(whole, 1));
            _mm_storel_epi64((__m128i *)(void *)(q + 32 * b + LANES * i), _mm_packs_epi16(half, half));
        }
    }
}
