// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with AVX-512 VNNI. One instruction multiplies 4 columns of 16 rows (a register of the panel) with
 * 4 numbers of one token, broadcast. Two panels meet 6 tokens: 12 whole-number sums, which 8 loads feed for 12 products
 * and each of which waits 5 cycles for its last while the others go on, and 12 float sums, in 27 registers.
 *
 * A product is cut three ways, so that what is used again is near. 512 columns at a time of 256 rows are unpacked into
 * panels (176 KB with their scales, in the second-level cache), 60 tokens of these columns into a tile (30 KB). Two
 * panels at a time then stay in the first-level cache for all tokens of the tile. Sums wait for the next columns in y.
 *
 * After 8 products of a group of 32, a sum becomes a float and meets the group's scale (and min): 2 or 3 instructions
 * on the same ports, which leaves 73 to 80 % of the peak. One panel and 8 tokens, whose products take a load each, come
 * to half; two and 8 with the float sums in memory to a tenth less. */
#include <immintrin.h>

#include "compute/kernels_declared.h"
#include "compute/panel.h"
#include "compute/x86/pack_avx512.h"

enum {
    BLOCK_COLS = TAEL__VNNI_COLS,
    BLOCK_ROWS = TAEL__VNNI_ROWS,
    BLOCK_TOKENS = TAEL__VNNI_TOKENS,
    BLOCK_PANELS = BLOCK_ROWS / TAEL__PANEL_ROWS,
    BLOCK_GROUPS = BLOCK_COLS / 16,
    AT_ONCE = 6 /* tokens */
};

/* Some columns of some tokens. Activations have 128 added, which the panels' `start` takes off. */
typedef struct tile {
    int8_t q[BLOCK_TOKENS][BLOCK_COLS];
    float d[BLOCK_TOKENS][BLOCK_GROUPS]; /* of each group, or of each 256 columns (q8_k) */
    float s[BLOCK_TOKENS][BLOCK_GROUPS]; /* d * sum(q) of each group, or sum(q) */
} tile;

typedef struct room {
    tile tile;
    int8_t q[BLOCK_PANELS][BLOCK_COLS * TAEL__PANEL_ROWS];
    float scale[BLOCK_PANELS][BLOCK_GROUPS * TAEL__PANEL_ROWS], min[BLOCK_PANELS][BLOCK_GROUPS * TAEL__PANEL_ROWS];
    int32_t start[BLOCK_PANELS][BLOCK_GROUPS * TAEL__PANEL_ROWS];
} room;
_Static_assert(sizeof(room) <= TAEL__VNNI_SCRATCH_BYTES, "kernels get as much as panel.h says");

/* For panel_pack.h. */
INLINE void transpose_16(int32_t *out, const int32_t *in, size_t in_stride, size_t lines)
{
    for (size_t l = 0; l < lines; l += 16, in += 16, out += 256) {
        __m512i a[16];
        for (size_t i = 0; i < 16; i++) a[i] = _mm512_load_si512(in + i * in_stride);
        turn_16(a);
        for (size_t i = 0; i < 16 && i < lines - l; i++) _mm512_store_si512(out + i * 16, a[i]);
    }
}

/* Sums over 64 columns first, then over those: rounding errors grow with the length of each. */
static inline __attribute__((always_inline)) void multiply_float_tokens(float *y, size_t y_stride, const float *panel,
                                                                        const char *x, size_t x_stride, __mmask16 rows,
                                                                        size_t cols, const int tokens)
{
    __m512 sum[8], part[8];
    for (int t = 0; t < tokens; t++) sum[t] = _mm512_setzero_ps();
    for (size_t first = 0; first < cols; first += 64) {
        size_t end = cols - first < 64 ? cols : first + 64;
        for (int t = 0; t < tokens; t++) part[t] = _mm512_setzero_ps();
        for (size_t k = first; k < end; k++) {
            __m512 w = _mm512_load_ps(panel + k * TAEL__PANEL_ROWS);
            for (int t = 0; t < tokens; t++) {
                const float *a = (const float *)(const void *)(x + (size_t)t * x_stride);
                part[t] = _mm512_fmadd_ps(w, _mm512_set1_ps(a[k]), part[t]);
            }
        }
        for (int t = 0; t < tokens; t++) sum[t] = _mm512_add_ps(sum[t], part[t]);
    }
    for (int t = 0; t < tokens; t++) _mm512_mask_storeu_ps(y + (size_t)t * y_stride, rows, sum[t]);
}

static void multiply_floats(float *y, size_t y_stride, const float *panel, const char *x, size_t x_stride, size_t rows,
                            size_t cols, size_t tokens)
{
    __mmask16 m = (__mmask16)((1u << rows) - 1);
    size_t t = 0;
    for (; t + 8 <= tokens; t += 8)
        multiply_float_tokens(y + t * y_stride, y_stride, panel, x + t * x_stride, x_stride, m, cols, 8);
    for (; t < tokens; t++)
        multiply_float_tokens(y + t * y_stride, y_stride, panel, x + t * x_stride, x_stride, m, cols, 1);
}

#include "compute/x86/panel_pack.h"

INLINE void sum_groups(const tael__panel *p, size_t groups, const tael__shape f)
{
    const __m512i offset = _mm512_set1_epi8((char)128);
    for (size_t g = 0; g < groups; g++) {
        __m512i sum = _mm512_setzero_si512();
        for (size_t j = 0; j < f.group; j += 4)
            sum = _mm512_dpbusd_epi32(sum, offset, _mm512_load_si512(p->q + (g * f.group + j) * TAEL__PANEL_ROWS));
        _mm512_store_si512(p->start + g * TAEL__PANEL_ROWS, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
    }
}

INLINE tael__panel panel_at(room *s, size_t i)
{
    return (tael__panel){.q = s->q[i], .scale = s->scale[i], .min = s->min[i], .start = s->start[i]};
}

/* The scales of columns first..first+n of a token, whose row has `cols`. */
INLINE void fill_scales(tile *t, size_t token, const char *row, size_t cols, size_t first, size_t n,
                        const tael__shape f)
{
    const float *d = tael__act_d(row, f.act, cols);
    if (f.act != TAEL__ACT_q8_k) {
        memcpy(t->d[token], d + first / 32, n / 32 * sizeof *d);
        if (f.mins) memcpy(t->s[token], tael__act_s(row, cols) + first / 32, n / 32 * sizeof *d);
        return;
    }
    const int16_t *sums = tael__act_sums(row, cols) + first / 16;
    for (size_t b = 0; b < n / 256; b++) t->d[token][b] = d[first / 256 + b];
    for (size_t g = 0; g < n / f.group && f.mins; g += 16) {
        __m512i sum = f.group == 16
                          ? _mm512_cvtepi16_epi32(_mm256_loadu_si256((const __m256i *)(const void *)(sums + g)))
                          : _mm512_madd_epi16(_mm512_loadu_si512(sums + 2 * g), _mm512_set1_epi16(1));
        _mm512_storeu_ps(t->s[token] + g, _mm512_cvtepi32_ps(sum));
    }
}

INLINE void fill_tile(tile *t, const char *x, size_t x_stride, size_t cols, size_t first, size_t n, size_t tokens,
                      const tael__shape f)
{
    for (size_t token = 0; token < tokens; token++) {
        const char *row = x + token * x_stride;
        for (size_t c = 0; c < n; c += 64) /* the last 64 may reach into the row's padding */
            _mm512_store_si512(t->q[token] + c,
                               _mm512_xor_si512(_mm512_loadu_si512(row + first + c), _mm512_set1_epi8((char)128)));
        fill_scales(t, token, row, cols, first, n, f);
    }
}

INLINE __m512i broadcast_4(const int8_t *p)
{
    int32_t v;
    __builtin_memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

/* *sum += a (unsigned) * w, by fours. As an instruction: gcc 12 copies the sums of the intrinsic around a loop. */
INLINE void multiply_add(__m512i *sum, __m512i a, __m512i w)
{
    __asm__("vpdpbusd %2, %1, %0" : "+v"(*sum) : "v"(a), "v"(w));
}

/* Products of group g of the panels and `tokens` of the tile, as whole numbers. */
INLINE void multiply_group(__m512i dot[2][AT_ONCE], const tael__panel *p, const int panels, const tile *t, size_t first,
                           const int tokens, size_t g, const tael__shape f)
{
    const size_t begin = g * f.group;
#pragma GCC unroll 2
    for (int i = 0; i < panels; i++) {
        __m512i start = _mm512_load_si512(p[i].start + g * TAEL__PANEL_ROWS);
#pragma GCC unroll 6
        for (int k = 0; k < tokens; k++) dot[i][k] = start;
    }
#pragma GCC unroll 8
    for (size_t c = 0; c < f.group; c += 4) {
        __m512i w[2];
#pragma GCC unroll 2
        for (int i = 0; i < panels; i++) w[i] = _mm512_load_si512(p[i].q + (begin + c) * TAEL__PANEL_ROWS);
#pragma GCC unroll 6
        for (int k = 0; k < tokens; k++) {
            __m512i a = broadcast_4(t->q[first + (size_t)k] + begin + c);
#pragma GCC unroll 2
            for (int i = 0; i < panels; i++) multiply_add(&dot[i][k], a, w[i]);
        }
    }
}

/* Adds group g's products, as floats, to the sums. With q8_k the activations' scale comes later, for 256 columns. */
INLINE void add_group(__m512 sum[2][AT_ONCE], const tael__panel *p, const int panels, const tile *t, size_t first,
                      const int tokens, size_t g, const tael__shape f)
{
    __m512i dot[2][AT_ONCE];
    multiply_group(dot, p, panels, t, first, tokens, g, f);
#pragma GCC unroll 2
    for (int i = 0; i < panels; i++) {
        const float *scale = p[i].scale + g * TAEL__PANEL_ROWS, *min = p[i].min + g * TAEL__PANEL_ROWS;
#pragma GCC unroll 6
        for (int k = 0; k < tokens; k++) {
            const size_t token = first + (size_t)k;
            __m512 by = _mm512_load_ps(scale), product = _mm512_cvtepi32_ps(dot[i][k]);
            if (f.act != TAEL__ACT_q8_k) by = _mm512_mul_ps(by, _mm512_set1_ps(t->d[token][g]));
            sum[i][k] = _mm512_fmadd_ps(product, by, sum[i][k]);
            if (f.mins) sum[i][k] = _mm512_fmadd_ps(_mm512_load_ps(min), _mm512_set1_ps(t->s[token][g]), sum[i][k]);
        }
    }
}

/* y of `panels` and `tokens`, or with `adds` more of it. */
INLINE void multiply_tokens(float *y, size_t y_stride, const tael__panel *p, const int panels, const __mmask16 *rows,
                            const tile *t, size_t first, const int tokens, size_t groups, bool adds,
                            const tael__shape f)
{
    const size_t run = f.act == TAEL__ACT_q8_k ? 256 / f.group : groups;
    y += first * y_stride;
    for (int k = 0; k < tokens; k++)
        for (size_t i = 0; i < (size_t)panels; i++)
            _mm_prefetch(y + (size_t)k * y_stride + TAEL__PANEL_ROWS * i, _MM_HINT_T0);
    for (size_t g = 0; g < groups; g += run) {
        __m512 sum[2][AT_ONCE];
#pragma GCC unroll 2
        for (int i = 0; i < panels; i++)
#pragma GCC unroll 6
            for (int k = 0; k < tokens; k++) sum[i][k] = _mm512_setzero_ps();
        for (size_t i = 0; i < run; i++) add_group(sum, p, panels, t, first, tokens, g + i, f);
#pragma GCC unroll 6
        for (int k = 0; k < tokens; k++)
#pragma GCC unroll 2
            for (int i = 0; i < panels; i++) {
                float *to = y + (size_t)k * y_stride + TAEL__PANEL_ROWS * (size_t)i;
                __m512 by = _mm512_set1_ps(f.act == TAEL__ACT_q8_k ? t->d[first + (size_t)k][g / run] : 1);
                __m512 had = adds || g > 0 ? _mm512_maskz_loadu_ps(rows[i], to) : _mm512_setzero_ps();
                _mm512_mask_storeu_ps(to, rows[i], _mm512_fmadd_ps(sum[i][k], by, had));
            }
    }
}

INLINE void multiply_tile(float *y, size_t y_stride, const tael__panel *p, const int panels, const __mmask16 *rows,
                          const tile *t, size_t tokens, size_t groups, bool adds, const tael__shape f)
{
    size_t k = 0;
    for (; k + 6 <= tokens; k += 6) multiply_tokens(y, y_stride, p, panels, rows, t, k, 6, groups, adds, f);
    for (; k + 4 <= tokens; k += 4) multiply_tokens(y, y_stride, p, panels, rows, t, k, 4, groups, adds, f);
    for (; k < tokens; k++) multiply_tokens(y, y_stride, p, panels, rows, t, k, 1, groups, adds, f);
}

/* Fills a panel with n columns, at most 256, from its column c on: through memory, for formats that have no packer. */
INLINE void pack_memory(const tael__panel *p, size_t c, const char *w, size_t row_bytes, size_t rows, size_t n,
                        const tael__shape f)
{
    const size_t at = c / f.group * TAEL__PANEL_ROWS;
    const tael__panel here = {p->q + c * TAEL__PANEL_ROWS, p->scale + at, p->min + at, p->start + at};
    pack_columns(&here, w, row_bytes, rows, 0, n, f);
    sum_groups(&here, n / f.group, f);
}

/* A block of a product: some rows' columns first..first+n, for all tokens. */
typedef struct columns {
    size_t rows, cols, row_bytes, first, n, tokens; /* cols: of the whole row */
} columns;

/* w: the first row. */
INLINE void pack_rows(room *s, const char *w, const columns *b, const tael__shape f, const packer *from)
{
    w += b->first / f.weights * f.bytes;
    for (size_t r = 0; r < b->rows; r += TAEL__PANEL_ROWS) {
        const tael__panel p = panel_at(s, r / TAEL__PANEL_ROWS);
        const size_t left = b->rows - r, here = left < TAEL__PANEL_ROWS ? left : TAEL__PANEL_ROWS;
        for (size_t c = 0; c < b->n; c += PACK_COLS) {
            const char *at = w + r * b->row_bytes + c / f.weights * f.bytes;
            const size_t n = b->n - c < PACK_COLS ? b->n - c : PACK_COLS;
            if (from)
                pack_registers(&p, c, at, b->row_bytes, here, n, f, *from);
            else
                pack_memory(&p, c, at, b->row_bytes, here, n, f);
        }
    }
}

/* What the panels add to y. */
INLINE void multiply_rows(float *y, size_t y_stride, room *s, const char *x, size_t x_stride, const columns *b,
                          bool tile_is_filled, const tael__shape f)
{
    for (size_t t = 0; t < b->tokens; t += BLOCK_TOKENS) {
        size_t some = b->tokens - t < BLOCK_TOKENS ? b->tokens - t : BLOCK_TOKENS;
        if (!tile_is_filled) fill_tile(&s->tile, x + t * x_stride, x_stride, b->cols, b->first, b->n, some, f);
        for (size_t r = 0; r < b->rows; r += 2 * TAEL__PANEL_ROWS) {
            const size_t i = r / TAEL__PANEL_ROWS, left = b->rows - r;
            const tael__panel pair[2] = {panel_at(s, i), panel_at(s, i + 1)};
            const __mmask16 masks[2] = {(__mmask16)((1u << (left < 16 ? left : 16)) - 1),
                                        (__mmask16)(left < 32 ? (1u << (left < 16 ? 0 : left - 16)) - 1 : 0xFFFF)};
            float *to = y + t * y_stride + r;
            if (left > TAEL__PANEL_ROWS)
                multiply_tile(to, y_stride, pair, 2, masks, &s->tile, some, b->n / f.group, b->first > 0, f);
            else
                multiply_tile(to, y_stride, pair, 1, masks, &s->tile, some, b->n / f.group, b->first > 0, f);
        }
    }
}

/* Tokens that fit in one tile meet a pair of panels while it is in the first-level cache. */
INLINE void matmul_blocks(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens, void *memory, const tael__shape f, const packer *from)
{
    const size_t step = tokens <= BLOCK_TOKENS ? 2 * TAEL__PANEL_ROWS : BLOCK_ROWS;
    columns b = {.cols = cols, .row_bytes = cols / f.weights * f.bytes, .tokens = tokens};
    for (size_t top = 0; top < rows; top += BLOCK_ROWS) {
        const size_t end = rows - top < BLOCK_ROWS ? rows : top + BLOCK_ROWS;
        for (b.first = 0; b.first < cols; b.first += BLOCK_COLS) {
            b.n = cols - b.first < BLOCK_COLS ? cols - b.first : BLOCK_COLS;
            for (size_t r = top; r < end; r += step) {
                b.rows = end - r < step ? end - r : step;
                pack_rows(memory, (const char *)w + r * b.row_bytes, &b, f, from);
                multiply_rows(y + r, y_stride, memory, x, x_stride, &b, step < BLOCK_ROWS && r > top, f);
            }
        }
    }
}

/* `from`: the format's packer, or NULL. */
#define MATMUL(format, isa, from)                                                                                 \
    void tael__matmul_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                        size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                             \
        matmul_blocks(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, shape_##format, from);            \
    }
#define MATMUL_BLOCKS(format, isa) MATMUL(format, isa, NULL)

MATMUL_FLOATS(f32, avx512vnni)
MATMUL_FLOATS(f16, avx512vnni)
MATMUL_FLOATS(bf16, avx512vnni)
MATMUL(q4_0, avx512vnni, &packer_q4_0)
MATMUL(q4_1, avx512vnni, &packer_q4_1)
MATMUL(q5_0, avx512vnni, &packer_q5_0)
MATMUL(q5_1, avx512vnni, &packer_q5_1)
MATMUL(q8_0, avx512vnni, &packer_q8_0)
MATMUL(q2_k, avx512vnni, &packer_q2_k)
MATMUL(q3_k, avx512vnni, &packer_q3_k)
MATMUL(q4_k, avx512vnni, &packer_q4_k)
MATMUL(q5_k, avx512vnni, &packer_q5_k)
MATMUL(q6_k, avx512vnni, &packer_q6_k)
#define TAEL__PANEL_ISA avx512vnni
#include "compute/x86/panel_iq.h"
