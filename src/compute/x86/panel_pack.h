// SPDX-License-Identifier: Apache-2.0
/* Unpacks 16 rows of any block format into a panel (panel.h). Plain loops, included by each instruction set's matmul,
 * so that the compiler makes vectors of them for that set. What it can't see as vectors is given by the file that
 * includes this:
 *
 * - transpose_16(out, in, in_stride, lines): out[16 * i + r] = in[r * in_stride + i], i < lines, a multiple of 8
 * - multiply_floats: the product of a panel and rows of floats */
#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/panel.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { PACK_COLS = 256 }; /* columns that are unpacked before they are transposed */

static inline float half_at(const uint8_t b[2])
{
    return _cvtsh_ss(tael__load_u16(b));
}

/* 32 nibbles in the order of a block of 32: all low ones, then all high ones. Compilers make bytewise code of the
 * readable loop. */
ALWAYS __m256i nibbles_of(const uint8_t qs[16])
{
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)qs);
    __m256i both = _mm256_inserti128_si256(_mm256_castsi128_si256(v), _mm_srli_epi16(v, 4), 1);
    return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

/* 16 in each byte whose fifth bit is set: byte i looks at bit i. */
ALWAYS __m256i fifths_of(const uint8_t qh[4])
{
    const __m256i byte = _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303);
    const __m256i bit = _mm256_set1_epi64x((long long)0x8040201008040201);
    __m256i v = _mm256_shuffle_epi8(_mm256_set1_epi32((int)tael__load_u32(qh)), byte);
    return _mm256_and_si256(_mm256_cmpeq_epi8(_mm256_and_si256(v, bit), bit), _mm256_set1_epi8(16));
}

ALWAYS void put_32(int8_t *q, __m256i v, int offset)
{
    _mm256_storeu_si256((__m256i *)(void *)q, _mm256_sub_epi8(v, _mm256_set1_epi8((char)offset)));
}

ALWAYS void unpack_q4_0(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q4_0 *b = block;
    (void)min;
    scale[0] = half_at(b->d);
    put_32(q, nibbles_of(b->qs), 8);
}

ALWAYS void unpack_q4_1(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q4_1 *b = block;
    scale[0] = half_at(b->d);
    min[0] = half_at(b->m);
    put_32(q, nibbles_of(b->qs), 0);
}

ALWAYS void unpack_q5_0(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q5_0 *b = block;
    (void)min;
    scale[0] = half_at(b->d);
    put_32(q, _mm256_or_si256(nibbles_of(b->qs), fifths_of(b->qh)), 16);
}

ALWAYS void unpack_q5_1(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q5_1 *b = block;
    scale[0] = half_at(b->d);
    min[0] = half_at(b->m);
    put_32(q, _mm256_or_si256(nibbles_of(b->qs), fifths_of(b->qh)), 0);
}

ALWAYS void unpack_q8_0(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q8_0 *b = block;
    (void)min;
    scale[0] = half_at(b->d);
    memcpy(q, b->qs, 32);
}

/* Two bits in four layers of 32 columns, twice. */
ALWAYS void two_bits(int8_t *q, const uint8_t *qs)
{
    for (int run = 0; run < 2; run++)
        for (int layer = 0; layer < 4; layer++)
            for (int i = 0; i < 32; i++) q[128 * run + 32 * layer + i] = qs[32 * run + i] >> (2 * layer) & 3;
}

ALWAYS void unpack_q2_k(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q2_k *b = block;
    float d = half_at(b->d), dmin = half_at(b->dmin);
    for (int i = 0; i < 16; i++) {
        scale[i] = d * (float)(b->scales[i] & 15);
        min[i] = -dmin * (float)(b->scales[i] >> 4);
    }
    two_bits(q, b->qs);
}

ALWAYS void unpack_q3_k(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q3_k *b = block;
    float d = half_at(b->d);
    int8_t s[16];
    (void)min;
    tael__unpack_k3(s, b->scales);
    for (int i = 0; i < 16; i++) scale[i] = d * (float)s[i];
    two_bits(q, b->qs);
    for (int layer = 0; layer < 8; layer++)
        for (int i = 0; i < 32; i++)
            q[32 * layer + i] = (int8_t)(q[32 * layer + i] + ((b->hmask[i] >> layer & 1) << 2) - 4);
}

ALWAYS void four_bits(int8_t *q, const uint8_t *qs)
{
    for (int run = 0; run < 4; run++)
        for (int i = 0; i < 32; i++) {
            q[64 * run + i] = qs[32 * run + i] & 15;
            q[64 * run + 32 + i] = qs[32 * run + i] >> 4;
        }
}

ALWAYS void scales_k4(float *scale, float *min, const uint8_t d[2], const uint8_t dmin[2], const uint8_t packed[12])
{
    uint8_t s[8], m[8];
    float by = half_at(d), by_min = -half_at(dmin);
    tael__unpack_k4(s, m, packed);
    for (int i = 0; i < 8; i++) {
        scale[i] = by * (float)s[i];
        min[i] = by_min * (float)m[i];
    }
}

ALWAYS void unpack_q4_k(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q4_k *b = block;
    scales_k4(scale, min, b->d, b->dmin, b->scales);
    four_bits(q, b->qs);
}

ALWAYS void unpack_q5_k(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q5_k *b = block;
    scales_k4(scale, min, b->d, b->dmin, b->scales);
    four_bits(q, b->qs);
    for (int layer = 0; layer < 8; layer++)
        for (int i = 0; i < 32; i++) q[32 * layer + i] = (int8_t)(q[32 * layer + i] | (b->qh[i] >> layer & 1) << 4);
}

ALWAYS void unpack_q6_k(int8_t *q, float *scale, float *min, const void *block)
{
    const tael__block_q6_k *b = block;
    float d = half_at(b->d);
    (void)min;
    for (int i = 0; i < 16; i++) scale[i] = d * (float)b->scales[i];
    for (int half = 0; half < 2; half++) {
        const uint8_t *low = b->ql + 64 * half, *high = b->qh + 32 * half;
        int8_t *out = q + 128 * half;
        for (int i = 0; i < 32; i++) {
            out[i] = (int8_t)(((low[i] & 15) | (high[i] & 3) << 4) - 32);
            out[32 + i] = (int8_t)(((low[32 + i] & 15) | (high[i] >> 2 & 3) << 4) - 32);
            out[64 + i] = (int8_t)((low[i] >> 4 | (high[i] >> 4 & 3) << 4) - 32);
            out[96 + i] = (int8_t)((low[32 + i] >> 4 | high[i] >> 6 << 4) - 32);
        }
    }
}

static const tael__shape shape_q4_0 = {32, 32, 18, false, false, TAEL__ACT_q8_0, unpack_q4_0};
static const tael__shape shape_q4_1 = {32, 32, 20, true, false, TAEL__ACT_q8_1, unpack_q4_1};
static const tael__shape shape_q5_0 = {32, 32, 22, false, false, TAEL__ACT_q8_0, unpack_q5_0};
static const tael__shape shape_q5_1 = {32, 32, 24, true, false, TAEL__ACT_q8_1, unpack_q5_1};
static const tael__shape shape_q8_0 = {32, 32, 34, false, true, TAEL__ACT_q8_0, unpack_q8_0};
static const tael__shape shape_q2_k = {256, 16, 84, true, false, TAEL__ACT_q8_k, unpack_q2_k};
static const tael__shape shape_q3_k = {256, 16, 110, false, false, TAEL__ACT_q8_k, unpack_q3_k};
static const tael__shape shape_q4_k = {256, 32, 144, true, false, TAEL__ACT_q8_k, unpack_q4_k};
static const tael__shape shape_q5_k = {256, 32, 176, true, false, TAEL__ACT_q8_k, unpack_q5_k};
static const tael__shape shape_q6_k = {256, 16, 210, false, false, TAEL__ACT_q8_k, unpack_q6_k};

/* Columns first..first+n of up to 16 rows; rows that aren't there become zeros. */
ALWAYS void pack_columns(const tael__panel *p, const char *w, size_t row_bytes, size_t rows, size_t first, size_t n,
                         const tael__shape f)
{
    _Alignas(64) int8_t q[TAEL__PANEL_ROWS][PACK_COLS];
    float scale[TAEL__PANEL_ROWS][PACK_COLS / 16], min[TAEL__PANEL_ROWS][PACK_COLS / 16];
    size_t groups = n / f.group, at = first / f.group * TAEL__PANEL_ROWS;
    for (size_t r = 0; r < TAEL__PANEL_ROWS; r++) {
        if (r >= rows) {
            memset(q[r], 0, sizeof q[r]);
            memset(scale[r], 0, sizeof scale[r]);
            memset(min[r], 0, sizeof min[r]);
            continue;
        }
        const char *block = w + r * row_bytes + first / f.weights * f.bytes;
        for (size_t b = 0; b < n / f.weights; b++, block += f.bytes)
            f.unpack(q[r] + b * f.weights, scale[r] + b * (f.weights / f.group), min[r] + b * (f.weights / f.group),
                     block);
    }
    transpose_16((int32_t *)(void *)p->q + first / 4 * TAEL__PANEL_ROWS, (const int32_t *)(const void *)q,
                 PACK_COLS / 4, n / 4);
    for (size_t g = 0; g < groups; g++)
        for (size_t r = 0; r < TAEL__PANEL_ROWS; r++) {
            p->scale[at + g * TAEL__PANEL_ROWS + r] = scale[r][g];
            if (f.mins) p->min[at + g * TAEL__PANEL_ROWS + r] = min[r][g];
        }
}

/* f32, f16 and bf16: panels of f32, columns one after another. */
enum { WIDEN_COLS = 64 };

ALWAYS void widen(float *out, const char *in, size_t n, tael__format format)
{
    for (size_t i = 0; i < n; i++) {
        uint16_t h;
        if (format == TAEL__FORMAT_f32) {
            memcpy(out + i, in + 4 * i, 4);
        } else if (format == TAEL__FORMAT_bf16) {
            memcpy(&h, in + 2 * i, 2);
            uint32_t bits = (uint32_t)h << 16;
            memcpy(out + i, &bits, 4);
        } else {
            memcpy(&h, in + 2 * i, 2);
            out[i] = _cvtsh_ss(h);
        }
    }
}

ALWAYS void pack_floats(float *panel, const char *w, size_t rows, size_t cols, tael__format format)
{
    size_t each = format == TAEL__FORMAT_f32 ? 4 : 2;
    for (size_t first = 0; first < cols; first += WIDEN_COLS) {
        _Alignas(64) float wide[TAEL__PANEL_ROWS][WIDEN_COLS] = {0};
        size_t n = cols - first < WIDEN_COLS ? cols - first : WIDEN_COLS;
        for (size_t r = 0; r < rows; r++) widen(wide[r], w + (r * cols + first) * each, n, format);
        float *out = panel + first * TAEL__PANEL_ROWS;
        if (n % 8 == 0) {
            transpose_16((int32_t *)(void *)out, (const int32_t *)(const void *)wide, WIDEN_COLS, n);
            continue;
        }
        for (size_t i = 0; i < n; i++)
            for (size_t r = 0; r < TAEL__PANEL_ROWS; r++) out[i * TAEL__PANEL_ROWS + r] = wide[r][i];
    }
}

ALWAYS void matmul_floats(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens, void *scratch, tael__format format)
{
    size_t row_bytes = cols * (format == TAEL__FORMAT_f32 ? 4 : 2);
    for (size_t r = 0; r < rows; r += TAEL__PANEL_ROWS) {
        size_t n = rows - r < TAEL__PANEL_ROWS ? rows - r : TAEL__PANEL_ROWS;
        pack_floats(scratch, (const char *)w + r * row_bytes, n, cols, format);
        multiply_floats(y + r, y_stride, scratch, x, x_stride, n, cols, tokens);
    }
}

#define MATMUL_FLOATS(format, isa)                                                                                \
    void tael__matmul_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                        size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                             \
        matmul_floats(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch, TAEL__FORMAT_##format);           \
    }
