// SPDX-License-Identifier: Apache-2.0
/* Attention for many rows with 16 floats at a time. Everything lies with the rows in the lanes: queries [column][row],
 * scores and weights [position][row], sums [column][row]. Then a key's number or a value is broadcast to 16 rows, and
 * nothing is transposed but the queries once and the sums at the end.
 *
 * Each product is cut into 16 sums in registers: 4 registers of rows times 4 keys (or columns), or 8 times 2; an addend
 * takes 8 loads and 16 multiplications then, 8 cycles of the two ports. A page's keys and values become floats once for
 * all rows. Twice as fast as parts of 8 rows (attend_avx512vnni.c), which load a query for every second product. */
#include <string.h>

#include "compute/attend_walk.h"
#include "compute/kernels_declared.h"
#include "compute/x86/attend_avx512.h"
#include "compute/x86/exp2_avx512.h"

/* One call's buffers, all on lines of their own. */
typedef struct work {
    const tael__attention *a;
    size_t rows, registers;      /* of 16 rows each, 1, 2 or 4 */
    size_t key_size, value_size; /* rounded up to 16; what is beyond the head's is 0 */
    float *q;                    /* [key_size][ROWS], times scale and log2(e) */
    float *k, *v;                /* a page's, [position][size] */
    float *scores;               /* [position][ROWS], then the weights */
    float *out;                  /* [value_size][ROWS] */
    float *max, *sum, *by;       /* [ROWS]; by: what the sums so far are to be multiplied with */
    int32_t *from, *to;          /* [ROWS] */
} work;

static work lay_out(const tael__attention *a)
{
    char *at = a->scratch;
    work w = {.a = a, .rows = a->tokens * a->group};
    w.registers = w.rows <= 16 ? 1 : w.rows <= 32 ? 2 : 4;
    w.key_size = (a->head_size + LANES - 1) / LANES * LANES;
    w.value_size = (a->value_size + LANES - 1) / LANES * LANES;
    w.q = tael__attend_carve(&at, w.key_size * ROWS);
    w.k = tael__attend_carve(&at, POSITIONS * w.key_size);
    w.v = tael__attend_carve(&at, POSITIONS * w.value_size);
    w.scores = tael__attend_carve(&at, POSITIONS * ROWS);
    w.out = tael__attend_carve(&at, w.value_size * ROWS);
    w.max = tael__attend_carve(&at, ROWS);
    w.sum = tael__attend_carve(&at, ROWS);
    w.by = tael__attend_carve(&at, ROWS);
    w.from = (int32_t *)(void *)tael__attend_carve(&at, ROWS);
    w.to = (int32_t *)(void *)tael__attend_carve(&at, ROWS);
    return w;
}

static void begin_rows(const work *w)
{
    const tael__attention *a = w->a;
    const float scale = a->scale * 1.44269504f; /* weights are powers of two */
    memset(w->q, 0, w->key_size * ROWS * sizeof *w->q);
    memset(w->out, 0, w->value_size * ROWS * sizeof *w->out);
    for (size_t r = 0; r < ROWS; r++) {
        bool real = r < w->rows;
        const float *q = real ? a->q + r / a->group * a->stride + r % a->group * a->head_size : NULL;
        w->from[r] = real ? (int32_t)a->from[r / a->group] : 0;
        w->to[r] = real ? (int32_t)a->to[r / a->group] : 0;
        w->max[r] = -INFINITY;
        w->sum[r] = 0;
        for (size_t c = 0; real && c < a->head_size; c++) w->q[c * ROWS + r] = q[c] * scale;
    }
}

static void end_rows(const work *w)
{
    const tael__attention *a = w->a;
    for (size_t r = 0; r < w->rows; r++) {
        float *out = a->out + r / a->group * a->out_stride + r % a->group * a->value_size, by = 1 / w->sum[r];
        for (size_t c = 0; c < a->value_size; c++) /* + 0: no zero keeps a sign that unseen pages may change */
            out[c] = w->out[c * ROWS + r] * by + 0.0f;
    }
}

/* ---- Products ---- */

/* to[i][..] = to * by + sum over j of one[i * one_i + j * one_j] * many[j][..], for `count` i from `to` on and
 * `registers` of 16 rows. by NULL: as if `to` were 0. */
INLINE void multiply(float *to, const float *by, const float *one, size_t one_i, size_t one_j, const float *many,
                     size_t n, const int count, const int registers)
{
    __m512 s[8][4];
#pragma GCC unroll 8
    for (int i = 0; i < count; i++)
#pragma GCC unroll 4
        for (int g = 0; g < registers; g++)
            s[i][g] = by ? _mm512_mul_ps(_mm512_load_ps(to + i * ROWS + g * LANES), _mm512_load_ps(by + g * LANES))
                         : _mm512_setzero_ps();
    for (size_t j = 0; j < n; j++, one += one_j, many += ROWS) {
        __m512 x[4];
#pragma GCC unroll 4
        for (int g = 0; g < registers; g++) x[g] = _mm512_load_ps(many + g * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < count; i++) {
            __m512 each = _mm512_set1_ps(one[(size_t)i * one_i]);
#pragma GCC unroll 4
            for (int g = 0; g < registers; g++) s[i][g] = _mm512_fmadd_ps(each, x[g], s[i][g]);
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < count; i++)
#pragma GCC unroll 4
        for (int g = 0; g < registers; g++) _mm512_store_ps(to + i * ROWS + g * LANES, s[i][g]);
}

INLINE void products(const work *w, const int count, const int registers)
{
    for (size_t i = 0; i < POSITIONS; i += (size_t)count)
        multiply(w->scores + i * ROWS, NULL, w->k + i * w->key_size, w->key_size, 1, w->q, w->a->head_size, count,
                 registers);
}

INLINE void values(const work *w, const int count, const int registers)
{
    for (size_t c = 0; c < w->value_size; c += (size_t)count)
        multiply(w->out + c * ROWS, w->by, w->v + c, 1, w->value_size, w->scores, POSITIONS, count, registers);
}

/* ---- A page ---- */

INLINE void unpack(float *to, const char *run, tael__kv_kind kind, size_t n, size_t stride, size_t begin, size_t end)
{
    for (size_t i = 0; i < POSITIONS; i++)
        for (size_t c = 0; c < stride; c += LANES)
            _mm512_store_ps(to + i * stride + c,
                            i >= begin && i < end ? load(run, kind, n, i, c) : _mm512_setzero_ps());
}

/* Scores of 16 rows to weights. A row that has seen nothing yet has -infinity as its maximum; 0 stands in for it, so
 * that no difference of infinities is taken. */
static void weigh(const work *w, size_t row)
{
    float *s = w->scores + row;
    const __m512 before = _mm512_load_ps(w->max + row);
    __m512 max = before, sum = _mm512_setzero_ps();
    for (size_t i = 0; i < POSITIONS; i++) max = _mm512_max_ps(max, _mm512_load_ps(s + i * ROWS));
    __m512 base = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(max, _mm512_set1_ps(-INFINITY), _CMP_NEQ_UQ), max);
    for (size_t i = 0; i < POSITIONS; i++) {
        __m512 weight = exp2_16(_mm512_sub_ps(_mm512_load_ps(s + i * ROWS), base));
        sum = _mm512_add_ps(sum, weight);
        _mm512_store_ps(s + i * ROWS, weight);
    }
    __m512 by = exp2_16(_mm512_sub_ps(before, base));
    _mm512_store_ps(w->by + row, by);
    _mm512_store_ps(w->sum + row, _mm512_fmadd_ps(_mm512_load_ps(w->sum + row), by, sum));
    _mm512_store_ps(w->max + row, max);
}

/* Values outside of begin..end-1 are taken as zeros: no weight of theirs is another, but what lies there may be no
 * number. */
INLINE void page(const work *w, tael__kv_kind kind, const char *data, int32_t start, size_t begin, size_t end,
                 bool whole)
{
    unpack(w->k, data + w->a->k_at, kind, w->a->head_size, w->key_size, 0, POSITIONS);
    switch (w->registers) {
    case 1: products(w, 8, 1); break;
    case 2: products(w, 8, 2); break;
    default: products(w, 4, 4); break;
    }
    for (size_t r = 0; r < w->registers * LANES; r += LANES) {
        if (!whole) hide(w->scores + r, w->from + r, w->to + r, start);
        weigh(w, r);
    }
    unpack(w->v, data + w->a->v_at, kind, w->a->value_size, w->value_size, begin, end);
    switch (w->registers) {
    case 1: values(w, 8, 1); break;
    case 2: values(w, 8, 2); break;
    default: values(w, 4, 4); break;
    }
}

INLINE void attend(const tael__attention *a, tael__kv_kind kind)
{
    const work w = lay_out(a);
    const span s = span_of(a);
    begin_rows(&w);
    for (uint32_t i = s.from / POSITIONS; i <= (s.to - 1) / POSITIONS; i++) {
        uint32_t start = i * POSITIONS, end = start + POSITIONS;
        page(&w, kind, a->page[i], (int32_t)start, s.from > start ? s.from - start : 0,
             s.to < end ? s.to - start : POSITIONS, s.all_from <= start && s.all_to >= end);
    }
    end_rows(&w);
}

TAEL__ATTEND_BY_SLICES(f16, avx512vnni)
TAEL__ATTEND_BY_SLICES(q8_0, avx512vnni)
