// SPDX-License-Identifier: Apache-2.0
/* Attention for many rows, with tiles of bf16 numbers (Intel SDM vol. 1, 18; TDPBF16PS).
 *
 * A page's scores are taken as K Q^T, [position][row]: keys lie as that product wants them; and a softmax over
 * positions has 16 rows in a register and no sum across its lanes. The weights are then transposed, which is the
 * smallest thing to transpose here, and multiplied with the values.
 *
 * bf16 alone is coarse: scores can be small differences of large numbers, and what a prompt leaves behind should not
 * depend on the kernel. So every factor is the sum of two bf16 numbers, which hold 16 bits (all of f16's), and three
 * products of the four are taken. For weights and values that costs a fifth of the time.
 *
 * Tiles are 16 rows of 64 bytes: 32 numbers, two of which share 4 bytes. Which two is free as long as both factors
 * agree: here it's number j and j + 16, so that packing needs no move between lanes. */
#include <immintrin.h>
#include <math.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/attend_walk.h"
#include "compute/kernels_declared.h"
#include "compute/x86/attend_avx512.h"
#include "compute/x86/exp2_avx512.h"
#include "compute/x86/turn_avx512.h"

/* A tile has LANES rows, of as many floats or of bf16 numbers: */
enum { PAIR = 32, TILE_BYTES = 1024 };

/* One call's buffers, all in tiles or whole lines. */
typedef struct work {
    const tael__attention *a;
    tael__kv_kind kind;
    size_t rows, row_tiles; /* row_tiles is even: tiles are multiplied two by two */
    size_t steps;           /* of 32 numbers in a head, the last one padded with zeros */
    size_t value_tiles;     /* of 16 numbers in a value, even */
    char *q[2], *k[2];      /* high and low halves; q: [row tile][step], k: [position tile][step] */
    char *p[2], *v[2];      /* the same of weights, [row tile][2], and values, [value tile][2] */
    float *scores;          /* [position][ROWS] */
    float *out;             /* [ROWS][value_tiles * 16] */
    float *max, *sum;       /* [ROWS] */
    int32_t *from, *to;     /* [ROWS] */
} work;

/* ---- Packing ---- */

/* The upper halves of a and of b, a's in the lower half of each lane. */
INLINE __m512i upper_halves(__m512i a, __m512i b)
{
    return _mm512_mask_blend_epi16(0xAAAAAAAA, _mm512_srli_epi32(a, 16), b);
}

/* Rounded to bf16 in the upper half: nearest, halves away from zero. */
INLINE __m512i rounded(__m512 x)
{
    return _mm512_add_epi32(_mm512_castps_si512(x), _mm512_set1_epi32(0x8000));
}

/* What is left when the upper half is taken away: exact. */
INLINE __m512 lower(__m512 x)
{
    __m512i upper = _mm512_and_si512(_mm512_castps_si512(x), _mm512_set1_epi32((int)0xFFFF0000));
    return _mm512_sub_ps(x, _mm512_castsi512_ps(upper));
}

INLINE void pack_two(char *high, char *low, __m512 a, __m512 b)
{
    _mm512_store_si512(high, upper_halves(_mm512_castps_si512(a), _mm512_castps_si512(b)));
    _mm512_store_si512(low, upper_halves(_mm512_castps_si512(lower(a)), _mm512_castps_si512(lower(b))));
}

/* 16 lines of 16 lanes of 32 bits, transposed, as a tile. */
INLINE void store_transposed(char *tile, __m512i x[16])
{
    turn_16(x);
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) _mm512_store_si512(tile + 64 * i, x[i]);
}

/* ---- A call's queries ---- */

/* Q^T, scaled so that weights are powers of two: tile [row tile][step] has the numbers j and j + 16 of 16 rows. */
static void pack_queries(const work *w)
{
    const tael__attention *a = w->a;
    const __m512 scale = _mm512_set1_ps(a->scale * 1.44269504f);
    for (size_t tile = 0; tile < w->row_tiles; tile++)
        for (size_t step = 0; step < w->steps; step++) {
            __m512i low[LANES], high[LANES];
            for (size_t i = 0; i < LANES; i++) {
                size_t r = tile * LANES + i, c = step * PAIR;
                const float *q = a->q + r / a->group * a->stride + r % a->group * a->head_size + c;
                __m512 x = _mm512_setzero_ps(), y = x;
                if (r < w->rows) x = _mm512_maskz_loadu_ps(first(a->head_size - c), q);
                if (r < w->rows && c + LANES < a->head_size)
                    y = _mm512_maskz_loadu_ps(first(a->head_size - c - LANES), q + LANES);
                x = _mm512_mul_ps(x, scale);
                y = _mm512_mul_ps(y, scale);
                high[i] = upper_halves(_mm512_castps_si512(x), _mm512_castps_si512(y));
                low[i] = upper_halves(rounded(lower(x)), rounded(lower(y)));
            }
            size_t to = (tile * w->steps + step) * TILE_BYTES;
            store_transposed(w->q[0] + to, high);
            store_transposed(w->q[1] + to, low);
        }
}

/* ---- A page ---- */

INLINE void pack_keys(const work *w, const char *run, tael__kv_kind kind)
{
    size_t n = w->a->head_size;
    for (size_t i = 0; i < POSITIONS; i++)
        for (size_t step = 0; step < w->steps; step++) {
            size_t at = (i / LANES * w->steps + step) * TILE_BYTES + i % LANES * 64, c = step * PAIR;
            pack_two(w->k[0] + at, w->k[1] + at, load(run, kind, n, i, c), load(run, kind, n, i, c + LANES));
        }
}

/* Positions begin..end-1; the others are zeros: no weight of theirs is another, but what lies there may be no number.
 */
INLINE void pack_values(const work *w, const char *run, tael__kv_kind kind, size_t begin, size_t end)
{
    size_t n = w->a->value_size;
    for (size_t i = 0; i < POSITIONS; i += i % PAIR == LANES - 1 ? LANES + 1 : 1)
        for (size_t tile = 0; tile < w->value_tiles; tile++) {
            size_t other = i + LANES;
            __m512 a = _mm512_setzero_ps(), b = a;
            if (i >= begin && i < end) a = load(run, kind, n, i, tile * LANES);
            if (other >= begin && other < end) b = load(run, kind, n, other, tile * LANES);
            size_t at = (tile * 2 + i / PAIR) * TILE_BYTES + i % LANES * 64;
            pack_two(w->v[0] + at, w->v[1] + at, a, b);
        }
}

/* ---- Products ---- */

/* Eight tiles of 16 rows of 64 bytes. */
static void tiles_begin(void)
{
    static const struct {
        uint8_t palette, start, zero[14];
        uint16_t columns[16];
        uint8_t rows[16];
    } shape = {.palette = 1, .columns = {64, 64, 64, 64, 64, 64, 64, 64}, .rows = {16, 16, 16, 16, 16, 16, 16, 16}};
    __asm__ volatile("ldtilecfg %0" ::"m"(shape));
}

#define MULTIPLY_4               \
    do {                         \
        _tile_dpbf16ps(0, 4, 6); \
        _tile_dpbf16ps(1, 4, 7); \
        _tile_dpbf16ps(2, 5, 6); \
        _tile_dpbf16ps(3, 5, 7); \
    } while (0)

/* scores of 32 positions and 32 rows. */
static void score_tiles(const work *w, size_t position_tile, size_t row_tile)
{
    size_t next = w->steps * TILE_BYTES;
    const char *q = w->q[0] + row_tile * next, *q_low = w->q[1] + row_tile * next;
    const char *k = w->k[0] + position_tile * next, *k_low = w->k[1] + position_tile * next;
    float *to = w->scores + position_tile * LANES * ROWS + row_tile * LANES;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t i = 0; i < next; i += TILE_BYTES) {
        _tile_loadd(4, k + i, 64);
        _tile_loadd(5, k + next + i, 64);
        _tile_loadd(6, q_low + i, 64);
        _tile_loadd(7, q_low + next + i, 64);
        MULTIPLY_4;
        _tile_loadd(6, q + i, 64);
        _tile_loadd(7, q + next + i, 64);
        MULTIPLY_4;
        _tile_loadd(4, k_low + i, 64);
        _tile_loadd(5, k_low + next + i, 64);
        MULTIPLY_4;
    }
    _tile_stored(0, to, ROWS * 4);
    _tile_stored(1, to + LANES, ROWS * 4);
    _tile_stored(2, to + LANES * ROWS, ROWS * 4);
    _tile_stored(3, to + LANES * ROWS + LANES, ROWS * 4);
}

/* out += P V of 32 rows and 32 columns. */
static void value_tiles(const work *w, size_t row_tile, size_t value_tile)
{
    size_t stride = w->value_tiles * LANES;
    const char *p = w->p[0] + row_tile * 2 * TILE_BYTES, *p_low = w->p[1] + row_tile * 2 * TILE_BYTES;
    const char *v = w->v[0] + value_tile * 2 * TILE_BYTES, *v_low = w->v[1] + value_tile * 2 * TILE_BYTES;
    float *to = w->out + row_tile * LANES * stride + value_tile * LANES;
    _tile_loadd(0, to, stride * 4);
    _tile_loadd(1, to + LANES, stride * 4);
    _tile_loadd(2, to + LANES * stride, stride * 4);
    _tile_loadd(3, to + LANES * stride + LANES, stride * 4);
    for (size_t i = 0; i < 2 * TILE_BYTES; i += TILE_BYTES) {
        _tile_loadd(4, p_low + i, 64);
        _tile_loadd(5, p_low + 2 * TILE_BYTES + i, 64);
        _tile_loadd(6, v + i, 64);
        _tile_loadd(7, v + 2 * TILE_BYTES + i, 64);
        MULTIPLY_4;
        _tile_loadd(4, p + i, 64);
        _tile_loadd(5, p + 2 * TILE_BYTES + i, 64);
        MULTIPLY_4;
        _tile_loadd(6, v_low + i, 64);
        _tile_loadd(7, v_low + 2 * TILE_BYTES + i, 64);
        MULTIPLY_4;
    }
    _tile_stored(0, to, stride * 4);
    _tile_stored(1, to + LANES, stride * 4);
    _tile_stored(2, to + LANES * stride, stride * 4);
    _tile_stored(3, to + LANES * stride + LANES, stride * 4);
}

/* ---- The softmax of 16 rows ---- */

/* The sums so far times what their weights become when a score is larger than all before. */
static void correct(const work *w, size_t row, __m512 by)
{
    float each[LANES] __attribute__((aligned(64)));
    size_t stride = w->value_tiles * LANES;
    _mm512_store_ps(each, by);
    for (unsigned m = _mm512_cmp_ps_mask(by, _mm512_set1_ps(1), _CMP_NEQ_UQ); m; m &= m - 1) {
        size_t i = (size_t)__builtin_ctz(m);
        float *out = w->out + (row + i) * stride;
        for (size_t c = 0; c < stride; c += LANES)
            _mm512_store_ps(out + c, _mm512_mul_ps(_mm512_load_ps(out + c), _mm512_set1_ps(each[i])));
    }
}

/* Scores of 16 rows to weights, as tiles for the product with the values. A row that has seen nothing yet has -infinity
 * as its maximum; 0 stands in for it, so that no difference of infinities is taken. */
static void weigh(const work *w, size_t row)
{
    const float *s = w->scores + row;
    const __m512 before = _mm512_load_ps(w->max + row);
    __m512 max = before, sum = _mm512_setzero_ps();
    for (size_t i = 0; i < POSITIONS; i++) max = _mm512_max_ps(max, _mm512_load_ps(s + i * ROWS));
    __m512 base = _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(max, _mm512_set1_ps(-INFINITY), _CMP_NEQ_UQ), max);
    for (size_t step = 0; step < 2; step++) {
        __m512i high[LANES], low[LANES];
        for (size_t i = 0; i < LANES; i++) {
            const float *at = s + (step * PAIR + i) * ROWS;
            __m512 a = exp2_16(_mm512_sub_ps(_mm512_load_ps(at), base));
            __m512 b = exp2_16(_mm512_sub_ps(_mm512_load_ps(at + LANES * ROWS), base));
            sum = _mm512_add_ps(sum, _mm512_add_ps(a, b));
            high[i] = upper_halves(_mm512_castps_si512(a), _mm512_castps_si512(b));
            low[i] = upper_halves(rounded(lower(a)), rounded(lower(b)));
        }
        size_t to = (row / LANES * 2 + step) * TILE_BYTES;
        store_transposed(w->p[0] + to, high);
        store_transposed(w->p[1] + to, low);
    }
    __m512 by = exp2_16(_mm512_sub_ps(before, base));
    _mm512_store_ps(w->sum + row, _mm512_fmadd_ps(_mm512_load_ps(w->sum + row), by, sum));
    _mm512_store_ps(w->max + row, max);
    correct(w, row, by);
}

/* ---- The kernel ---- */

INLINE void page(const work *w, tael__kv_kind kind, const char *data, int32_t start, size_t begin, size_t end,
                 bool whole)
{
    pack_keys(w, data + w->a->k_at, kind);
    for (size_t p = 0; p < POSITIONS / LANES; p += 2)
        for (size_t r = 0; r < w->row_tiles; r += 2) score_tiles(w, p, r);
    for (size_t r = 0; r < w->row_tiles; r++) {
        if (!whole) hide(w->scores + r * LANES, w->from + r * LANES, w->to + r * LANES, start);
        weigh(w, r * LANES);
    }
    pack_values(w, data + w->a->v_at, kind, begin, end);
    for (size_t v = 0; v < w->value_tiles; v += 2)
        for (size_t r = 0; r < w->row_tiles; r += 2) value_tiles(w, r, v);
}

static size_t even(size_t n)
{
    return (n + 1) & ~(size_t)1;
}

static void *carve(char **at, size_t bytes)
{
    void *p = *at;
    *at += tael__act_line(bytes);
    return p;
}

static work lay_out(const tael__attention *a)
{
    char *at = a->scratch;
    work w = {.a = a, .rows = a->tokens * a->group, .steps = (a->head_size + PAIR - 1) / PAIR};
    w.row_tiles = even((w.rows + LANES - 1) / LANES);
    w.value_tiles = even((a->value_size + LANES - 1) / LANES);
    for (int i = 0; i < 2; i++) w.q[i] = carve(&at, ROWS / LANES * w.steps * TILE_BYTES);
    for (int i = 0; i < 2; i++) w.k[i] = carve(&at, POSITIONS / LANES * w.steps * TILE_BYTES);
    for (int i = 0; i < 2; i++) w.p[i] = carve(&at, ROWS / LANES * 2 * TILE_BYTES);
    for (int i = 0; i < 2; i++) w.v[i] = carve(&at, w.value_tiles * 2 * TILE_BYTES);
    w.scores = carve(&at, POSITIONS * ROWS * sizeof(float));
    w.out = carve(&at, ROWS * w.value_tiles * LANES * sizeof(float));
    w.max = carve(&at, ROWS * sizeof(float));
    w.sum = carve(&at, ROWS * sizeof(float));
    w.from = carve(&at, ROWS * sizeof(int32_t));
    w.to = carve(&at, ROWS * sizeof(int32_t));
    return w;
}

static void begin_rows(const work *w)
{
    for (size_t r = 0; r < ROWS; r++) {
        bool real = r < w->rows;
        w->from[r] = real ? (int32_t)w->a->from[r / w->a->group] : 0;
        w->to[r] = real ? (int32_t)w->a->to[r / w->a->group] : 0;
        w->max[r] = -INFINITY;
        w->sum[r] = 0;
    }
    memset(w->out, 0, w->row_tiles * LANES * w->value_tiles * LANES * sizeof *w->out);
    pack_queries(w);
}

static void end_rows(const work *w)
{
    const tael__attention *a = w->a;
    for (size_t r = 0; r < w->rows; r++) {
        float *out = a->out + r / a->group * a->out_stride + r % a->group * a->value_size;
        const float *sums = w->out + r * w->value_tiles * LANES;
        __m512 by = _mm512_set1_ps(1 / w->sum[r]);
        for (size_t c = 0; c < a->value_size; c += LANES) /* + 0: no zero keeps a sign that unseen pages may change */
            _mm512_mask_storeu_ps(out + c, first(a->value_size - c),
                                  _mm512_fmadd_ps(_mm512_load_ps(sums + c), by, _mm512_setzero_ps()));
    }
}

/* Tiles take denormal numbers for zero; here all else does so too, or pages that a row doesn't see could change it. */
INLINE void attend(const tael__attention *a, tael__kv_kind kind)
{
    unsigned control = _mm_getcsr();
    work w = lay_out(a);
    span s = span_of(a);
    _mm_setcsr(control | 0x8040);
    tiles_begin();
    begin_rows(&w);
    for (uint32_t i = s.from / POSITIONS; i <= (s.to - 1) / POSITIONS; i++) {
        uint32_t start = i * POSITIONS, end = start + POSITIONS;
        page(&w, kind, a->page[i], (int32_t)start, s.from > start ? s.from - start : 0,
             s.to < end ? s.to - start : POSITIONS, s.all_from <= start && s.all_to >= end);
    }
    end_rows(&w);
    _tile_release();
    _mm_setcsr(control);
}

TAEL__ATTEND_BY_SLICES(f16, amx)
TAEL__ATTEND_BY_SLICES(q8_0, amx)
