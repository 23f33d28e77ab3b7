// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with AVX2. Its byte product adds pairs in 16 bits: with activations + 128 (0..255) and weights in
 * -32..31 two such sums still fit, so they are added before they are widened: 5 instructions for 8 columns of 8 rows.
 * Only q8_0 has wider weights: there the sign goes from the weight to the activation, |w| * (sign(w) a), and one pair
 * at most is 2 * 128 * 127, which fits. Half a panel (8 rows) meets 4 tokens at a time: 4 whole and 4 float sums in
 * registers. */
#include <immintrin.h>

#include "compute/kernels_declared.h"
#include "compute/panel.h"

static inline void transpose_16(int32_t *out, const int32_t *in, size_t in_stride, size_t lines)
{
    for (size_t l = 0; l < lines; l += 8)
        for (size_t half = 0; half < 16; half += 8) {
            __m256 a[8], b[8];
            for (size_t i = 0; i < 8; i++) a[i] = _mm256_loadu_ps((const float *)(in + (half + i) * in_stride + l));
            for (int i = 0; i < 8; i += 2) {
                b[i] = _mm256_unpacklo_ps(a[i], a[i + 1]);
                b[i + 1] = _mm256_unpackhi_ps(a[i], a[i + 1]);
            }
            for (int i = 0; i < 8; i += 4) {
                a[i] = _mm256_shuffle_ps(b[i], b[i + 2], 0x44);
                a[i + 1] = _mm256_shuffle_ps(b[i], b[i + 2], 0xEE);
                a[i + 2] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0x44);
                a[i + 3] = _mm256_shuffle_ps(b[i + 1], b[i + 3], 0xEE);
            }
            float *to = (float *)(out + l * 16 + half);
            for (size_t i = 0; i < 4; i++) {
                _mm256_storeu_ps(to + i * 16, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
                _mm256_storeu_ps(to + (i + 4) * 16, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
            }
        }
}

static inline __m256i load_w(const int8_t *p)
{
    return _mm256_load_si256((const __m256i *)p);
}

static inline void sum_groups(const tael__panel *p, size_t groups, const tael__shape f)
{
    const __m256i ones = _mm256_set1_epi8(1), offset = _mm256_set1_epi16(-128);
    for (size_t g = 0; g < groups; g++)
        for (size_t half = 0; half < 2; half++) {
            __m256i sum = _mm256_setzero_si256();
            for (size_t j = 0; j < f.group && !f.wide; j += 4) {
                __m256i w = load_w(p->q + (g * f.group + j) * TAEL__PANEL_ROWS + 32 * half);
                sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(ones, w), offset));
            }
            _mm256_store_si256((__m256i *)(p->start + g * TAEL__PANEL_ROWS + 8 * half), sum);
        }
}

static inline void flip_64(int8_t *out, const int8_t *in, const tael__shape f)
{
    const __m256i by = _mm256_set1_epi8(f.wide ? 0 : (char)128);
    for (int i = 0; i < 64; i += 32)
        _mm256_store_si256((__m256i *)(out + i), _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)(in + i)), by));
}

static inline __m256i broadcast_4(const int8_t *p)
{
    int32_t v;
    __builtin_memcpy(&v, p, 4);
    return _mm256_set1_epi32(v);
}

/* 16-bit sums of 4 columns twice, of 8 rows and one token. */
static inline __m256i products(const int8_t *a, __m256i w0, __m256i w1, bool wide)
{
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i a0 = broadcast_4(a), a1 = broadcast_4(a + 4);
    if (!wide) {
        a0 = _mm256_add_epi16(_mm256_maddubs_epi16(a0, w0), _mm256_maddubs_epi16(a1, w1));
        return _mm256_madd_epi16(a0, ones);
    }
    a0 = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w0), _mm256_sign_epi8(a0, w0)), ones);
    a1 = _mm256_madd_epi16(_mm256_maddubs_epi16(_mm256_abs_epi8(w1), _mm256_sign_epi8(a1, w1)), ones);
    return _mm256_add_epi32(a0, a1);
}

static inline void store_first(float *y, __m256 x, size_t n)
{
    if (n >= 8) {
        _mm256_storeu_ps(y, x);
        return;
    }
    __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_maskstore_ps(y, _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n), lanes), x);
}

/* Half a panel, `tokens` (at most 4) of the tile from `first` on. */
static inline __attribute__((always_inline)) void multiply_tokens(float *y, size_t y_stride, const tael__panel *p,
                                                                  size_t half, const tael__tile *tile, size_t first,
                                                                  const int tokens, size_t groups, size_t rows,
                                                                  const tael__shape f)
{
    __m256 sum[4];
    for (int t = 0; t < tokens; t++) sum[t] = _mm256_setzero_ps();
    for (size_t g = 0; g < groups; g++) {
        size_t at = g * TAEL__PANEL_ROWS + 8 * half, token = g * TAEL__TILE_TOKENS + first;
        const int8_t *q = p->q + g * f.group * TAEL__PANEL_ROWS + 32 * half;
        const int8_t *a = tile->q + (g * f.group / 64 * TAEL__TILE_TOKENS + first) * 64 + g * f.group % 64;
        __m256i start = _mm256_load_si256((const __m256i *)(p->start + at)), dot[4];
        __m256 scale = _mm256_load_ps(p->scale + at), min = scale;
        if (f.mins) min = _mm256_load_ps(p->min + at);
        for (int t = 0; t < tokens; t++) dot[t] = start;
        for (size_t j = 0; j < f.group; j += 8) {
            __m256i w0 = load_w(q + j * TAEL__PANEL_ROWS), w1 = load_w(q + (j + 4) * TAEL__PANEL_ROWS);
            for (int t = 0; t < tokens; t++)
                dot[t] = _mm256_add_epi32(dot[t], products(a + t * 64 + j, w0, w1, f.wide));
        }
        for (int t = 0; t < tokens; t++) {
            __m256 scaled = _mm256_mul_ps(_mm256_cvtepi32_ps(dot[t]), scale);
            sum[t] = _mm256_fmadd_ps(scaled, _mm256_set1_ps(tile->d[token + (size_t)t]), sum[t]);
            if (f.mins) sum[t] = _mm256_fmadd_ps(min, _mm256_set1_ps(tile->s[token + (size_t)t]), sum[t]);
        }
    }
    for (int t = 0; t < tokens; t++) store_first(y + (size_t)t * y_stride, sum[t], rows);
}

static inline __attribute__((always_inline)) void multiply_tile(float *y, size_t y_stride, const tael__panel *p,
                                                                const tael__tile *tile, size_t groups, size_t tokens,
                                                                size_t rows, const tael__shape f)
{
    for (size_t half = 0; half * 8 < rows; half++) {
        size_t t = 0, n = rows - 8 * half;
        float *to = y + 8 * half;
        for (; t + 4 <= tokens; t += 4) multiply_tokens(to + t * y_stride, y_stride, p, half, tile, t, 4, groups, n, f);
        for (; t < tokens; t++) multiply_tokens(to + t * y_stride, y_stride, p, half, tile, t, 1, groups, n, f);
    }
}

/* Sums over 64 columns first, then over those: rounding errors grow with the length of each. */
static inline __attribute__((always_inline)) void multiply_float_tokens(float *y, size_t y_stride, const float *panel,
                                                                        const char *x, size_t x_stride, size_t rows,
                                                                        size_t cols, const int tokens)
{
    __m256 sum[6], part[6];
    for (int t = 0; t < tokens; t++) sum[t] = _mm256_setzero_ps();
    for (size_t first = 0; first < cols; first += 64) {
        size_t end = cols - first < 64 ? cols : first + 64;
        for (int t = 0; t < tokens; t++) part[t] = _mm256_setzero_ps();
        for (size_t k = first; k < end; k++) {
            __m256 w = _mm256_load_ps(panel + k * TAEL__PANEL_ROWS);
            for (int t = 0; t < tokens; t++) {
                const float *a = (const float *)(const void *)(x + (size_t)t * x_stride);
                part[t] = _mm256_fmadd_ps(w, _mm256_set1_ps(a[k]), part[t]);
            }
        }
        for (int t = 0; t < tokens; t++) sum[t] = _mm256_add_ps(sum[t], part[t]);
    }
    for (int t = 0; t < tokens; t++) store_first(y + (size_t)t * y_stride, sum[t], rows);
}

static void multiply_floats(float *y, size_t y_stride, const float *panel, const char *x, size_t x_stride, size_t rows,
                            size_t cols, size_t tokens)
{
    for (size_t half = 0; half * 8 < rows; half++, panel += 8, y += 8) {
        size_t t = 0, n = rows - 8 * half;
        for (; t + 6 <= tokens; t += 6)
            multiply_float_tokens(y + t * y_stride, y_stride, panel, x + t * x_stride, x_stride, n, cols, 6);
        for (; t < tokens; t++)
            multiply_float_tokens(y + t * y_stride, y_stride, panel, x + t * x_stride, x_stride, n, cols, 1);
    }
}

#include "compute/x86/panel_pack.h"

ALWAYS void pack_panel(const tael__panel *p, const char *w, size_t rows, size_t cols, const tael__shape f)
{
    size_t row_bytes = cols / f.weights * f.bytes;
    for (size_t first = 0; first < cols; first += PACK_COLS)
        pack_columns(p, w, row_bytes, rows, first, cols - first < PACK_COLS ? cols - first : PACK_COLS, f);
    sum_groups(p, cols / f.group, f);
}

/* The d and s of one token, spread to the groups of the weights. */
ALWAYS void fill_scales(const tael__tile *tile, size_t t, const char *row, size_t cols, const tael__shape f)
{
    const float *d = tael__act_d(row, f.act, cols);
    size_t groups = cols / f.group;
    if (f.act != TAEL__ACT_q8_k) {
        const float *s = tael__act_s(row, cols);
        for (size_t g = 0; g < groups; g++) {
            tile->d[g * TAEL__TILE_TOKENS + t] = d[g];
            if (f.mins) tile->s[g * TAEL__TILE_TOKENS + t] = s[g];
        }
        return;
    }
    const int16_t *sums = tael__act_sums(row, cols);
    for (size_t g = 0; g < groups; g++) {
        float by = d[g * f.group / 256];
        tile->d[g * TAEL__TILE_TOKENS + t] = by;
        if (!f.mins) continue;
        int sum = f.group == 16 ? sums[g] : sums[2 * g] + sums[2 * g + 1];
        tile->s[g * TAEL__TILE_TOKENS + t] = by * (float)sum;
    }
}

ALWAYS void fill_tile(const tael__tile *tile, const char *x, size_t x_stride, size_t cols, size_t tokens,
                      const tael__shape f)
{
    for (size_t t = 0; t < tokens; t++) {
        const char *row = x + t * x_stride;
        for (size_t c = 0; c < cols; c += 64) /* the last 64 may reach into the row's padding */
            flip_64(tile->q + (c * TAEL__TILE_TOKENS + t * 64), (const int8_t *)row + c, f);
        fill_scales(tile, t, row, cols, f);
    }
}

/* Where panels and the tile lie in the scratch memory. */
static inline char *place_panels(tael__panel panels[TAEL__PANELS_MOST], size_t count, size_t cols, size_t group,
                                 void *scratch)
{
    char *at = scratch;
    size_t each = cols / group * TAEL__PANEL_ROWS * sizeof(float);
    for (size_t i = 0; i < count; i++) {
        panels[i].q = (int8_t *)at;
        at += cols * TAEL__PANEL_ROWS;
        panels[i].scale = (float *)(void *)at;
        panels[i].min = (float *)(void *)(at += each);
        panels[i].start = (int32_t *)(void *)(at += each);
        at += each;
    }
    return at;
}

static inline void place_tile(tael__tile *tile, size_t cols, size_t group, char *at)
{
    tile->q = (int8_t *)at;
    at += tael__act_line(cols) * TAEL__TILE_TOKENS;
    tile->d = (float *)(void *)at;
    tile->s = tile->d + cols / group * TAEL__TILE_TOKENS;
}

/* The whole product: a few panels at a time, and for them tile after tile of tokens. */
ALWAYS void matmul_blocks(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens, void *scratch, const tael__shape f)
{
    tael__panel panels[TAEL__PANELS_MOST];
    tael__tile tile;
    size_t most = tael__panel_count(f.act, cols), row_bytes = cols / f.weights * f.bytes;
    place_tile(&tile, cols, f.group, place_panels(panels, most, cols, f.group, scratch));
    for (size_t first = 0; first < rows; first += most * TAEL__PANEL_ROWS) {
        size_t end = rows - first < most * TAEL__PANEL_ROWS ? rows : first + most * TAEL__PANEL_ROWS;
        for (size_t r = first, i = 0; r < end; r += TAEL__PANEL_ROWS, i++)
            pack_panel(&panels[i], (const char *)w + r * row_bytes,
                       end - r < TAEL__PANEL_ROWS ? end - r : TAEL__PANEL_ROWS, cols, f);
        for (size_t t = 0; t < tokens; t += TAEL__TILE_TOKENS) {
            size_t n = tokens - t < TAEL__TILE_TOKENS ? tokens - t : TAEL__TILE_TOKENS;
            fill_tile(&tile, (const char *)x + t * x_stride, x_stride, cols, n, f);
            for (size_t r = first, i = 0; r < end; r += TAEL__PANEL_ROWS, i++)
                multiply_tile(y + t * y_stride + r, y_stride, &panels[i], &tile, cols / f.group, n,
                              end - r < TAEL__PANEL_ROWS ? end - r : TAEL__PANEL_ROWS, f);
        }
    }
}

#define MATMUL_BLOCKS(format, isa)                                                                                \
    void tael__matmul_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                        size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                             \
        matmul_blocks(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, shape_##format);                  \
    }

MATMUL_FLOATS(f32, avx2)
MATMUL_FLOATS(f16, avx2)
MATMUL_FLOATS(bf16, avx2)
MATMUL_BLOCKS(q4_0, avx2)
MATMUL_BLOCKS(q4_1, avx2)
MATMUL_BLOCKS(q5_0, avx2)
MATMUL_BLOCKS(q5_1, avx2)
MATMUL_BLOCKS(q8_0, avx2)
MATMUL_BLOCKS(q2_k, avx2)
MATMUL_BLOCKS(q3_k, avx2)
MATMUL_BLOCKS(q4_k, avx2)
MATMUL_BLOCKS(q5_k, avx2)
MATMUL_BLOCKS(q6_k, avx2)
#define TAEL__PANEL_ISA avx2
#include "compute/x86/panel_iq.h"
