// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix with AVX-512 VNNI. One instruction multiplies 4 columns of 16 rows (a register of the panel) with
 * 4 numbers of one token, broadcast. Registers: whole-number sums of 8 tokens, which a product waits 5 cycles for, so
 * all 8 are fed in turn; float sums of the 8, and of as many groups as share the activations' scale, which then counts
 * once for 256 columns; the group's scale and min. For each group of 32 and token 8 products meet 2 to 4 float
 * instructions on the same ports. Weights come from the second-level cache at 64 bytes for 8 products. */
#include <immintrin.h>

#include "compute/kernels_declared.h"
#include "compute/panel.h"

/* in: 16 rows of 16 numbers; out: 16 lines of one number of each row. The usual four steps, each doubling what lies
 * together; `lines` may be 8 more than a multiple of 16. */
static inline void transpose_16(int32_t *out, const int32_t *in, size_t in_stride, size_t lines)
{
    for (size_t l = 0; l < lines; l += 16, in += 16, out += 256) {
        __m512i a[16], b[16];
        for (size_t i = 0; i < 16; i++) a[i] = _mm512_load_si512(in + i * in_stride);
        for (int i = 0; i < 16; i += 2) {
            b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
            b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
        }
        for (int i = 0; i < 16; i += 4) {
            a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
            a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
            a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
            a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
        }
        for (int i = 0; i < 4; i++) {
            b[i] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
            b[i + 4] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xDD);
            b[i + 8] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
            b[i + 12] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xDD);
        }
        /* b[i]: number i and i + 8 of rows 0-7; b[i + 4]: i + 4 and i + 12; b[i + 8], b[i + 12]: of rows 8-15. */
        for (int i = 0; i < 8; i++) {
            __m512i low = b[i], high = b[i + 8];
            _mm512_store_si512(out + i * 16, _mm512_shuffle_i32x4(low, high, 0x88));
            if (lines - l >= 16) _mm512_store_si512(out + (i + 8) * 16, _mm512_shuffle_i32x4(low, high, 0xDD));
        }
    }
}

static inline void sum_groups(const tael__panel *p, size_t groups, const tael__shape f)
{
    const __m512i offset = _mm512_set1_epi8((char)128);
    for (size_t g = 0; g < groups; g++) {
        __m512i sum = _mm512_setzero_si512();
        for (size_t j = 0; j < f.group; j += 4)
            sum = _mm512_dpbusd_epi32(sum, offset, _mm512_load_si512(p->q + (g * f.group + j) * TAEL__PANEL_ROWS));
        _mm512_store_si512(p->start + g * TAEL__PANEL_ROWS, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
    }
}

static inline void flip_64(int8_t *out, const int8_t *in, const tael__shape f)
{
    (void)f;
    _mm512_store_si512(out, _mm512_xor_si512(_mm512_loadu_si512(in), _mm512_set1_epi8((char)128)));
}

static inline __m512i broadcast_4(const int8_t *p)
{
    int32_t v;
    __builtin_memcpy(&v, p, 4);
    return _mm512_set1_epi32(v);
}

static inline __attribute__((always_inline)) void multiply_tokens(float *y, size_t y_stride, const tael__panel *p,
                                                                  const tael__tile *tile, size_t first,
                                                                  const int tokens, size_t groups, __mmask16 rows,
                                                                  const tael__shape f)
{
    const size_t run = f.act == TAEL__ACT_q8_k ? 256 / f.group : 1; /* groups that share the activations' scale */
    __m512 sum[8], part[8];
    for (int t = 0; t < tokens; t++) sum[t] = part[t] = _mm512_setzero_ps();
    for (size_t g = 0; g < groups; g++) {
        const int8_t *q = p->q + g * f.group * TAEL__PANEL_ROWS;
        const int8_t *a = tile->q + (g * f.group / 64 * TAEL__TILE_TOKENS + first) * 64 + g * f.group % 64;
        const float *d = tile->d + g * TAEL__TILE_TOKENS + first, *s = tile->s + g * TAEL__TILE_TOKENS + first;
        __m512i dot[8], start = _mm512_load_si512(p->start + g * TAEL__PANEL_ROWS);
        __m512 scale = _mm512_load_ps(p->scale + g * TAEL__PANEL_ROWS), min = scale;
        if (f.mins) min = _mm512_load_ps(p->min + g * TAEL__PANEL_ROWS);
        for (int t = 0; t < tokens; t++) dot[t] = start;
        for (size_t j = 0; j < f.group / 4; j++) {
            __m512i w = _mm512_load_si512(q + j * 64);
            for (int t = 0; t < tokens; t++) dot[t] = _mm512_dpbusd_epi32(dot[t], broadcast_4(a + t * 64 + j * 4), w);
        }
        for (int t = 0; t < tokens; t++) {
            part[t] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(dot[t]), scale, part[t]);
            if (f.mins) sum[t] = _mm512_fmadd_ps(min, _mm512_set1_ps(s[t]), sum[t]);
        }
        if (g % run != run - 1) continue;
        for (int t = 0; t < tokens; t++) {
            sum[t] = _mm512_fmadd_ps(part[t], _mm512_set1_ps(d[t]), sum[t]);
            part[t] = _mm512_setzero_ps();
        }
    }
    for (int t = 0; t < tokens; t++) _mm512_mask_storeu_ps(y + (size_t)t * y_stride, rows, sum[t]);
}

static inline __attribute__((always_inline)) void multiply_tile(float *y, size_t y_stride, const tael__panel *p,
                                                                const tael__tile *tile, size_t groups, size_t tokens,
                                                                size_t rows, const tael__shape f)
{
    __mmask16 m = (__mmask16)((1u << rows) - 1);
    size_t t = 0;
    for (; t + 8 <= tokens; t += 8) multiply_tokens(y + t * y_stride, y_stride, p, tile, t, 8, groups, m, f);
    for (; t + 4 <= tokens; t += 4) multiply_tokens(y + t * y_stride, y_stride, p, tile, t, 4, groups, m, f);
    for (; t < tokens; t++) multiply_tokens(y + t * y_stride, y_stride, p, tile, t, 1, groups, m, f);
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

MATMUL_FLOATS(f32, avx512vnni)
MATMUL_FLOATS(f16, avx512vnni)
MATMUL_FLOATS(bf16, avx512vnni)
MATMUL_BLOCKS(q4_0, avx512vnni)
MATMUL_BLOCKS(q4_1, avx512vnni)
MATMUL_BLOCKS(q5_0, avx512vnni)
MATMUL_BLOCKS(q5_1, avx512vnni)
MATMUL_BLOCKS(q8_0, avx512vnni)
MATMUL_BLOCKS(q2_k, avx512vnni)
MATMUL_BLOCKS(q3_k, avx512vnni)
MATMUL_BLOCKS(q4_k, avx512vnni)
MATMUL_BLOCKS(q5_k, avx512vnni)
MATMUL_BLOCKS(q6_k, avx512vnni)
#define TAEL__PANEL_ISA avx512vnni
#include "compute/x86/panel_iq.h"
