// SPDX-License-Identifier: Apache-2.0
/* Blocks of 16 rows to bf16 tiles for AMX: each line of 64 bytes holds two columns of 16 rows, each row's two next to
 * each other. The two are columns i and i + 4 of eight, for then eight bytes of a row, one 64-bit lane, become four
 * lines with shifts alone; activations lie in the same order (activations.h).
 *
 * A byte u (the weight's whole number, made unsigned) becomes the f32 number 1 + u/256 by putting it at the top of the
 * mantissa, and one multiply-add makes the weight of it: by = 256 scale, plus = minimum - (256 + offset) scale. About 5
 * instructions for 16 weights, 0.2 cycles a weight. */
#ifndef TAEL__COMPUTE_UNPACK_AMX_H
#define TAEL__COMPUTE_UNPACK_AMX_H

#include <immintrin.h>

#include "compute/blocks.h"
#include "compute/panel.h"

#define ALWAYS static inline __attribute__((always_inline))

enum { LINE = 32, TILE = 512 }; /* in bf16 numbers: a line, and a tile of 32 columns */

/* 16 rows; where there are fewer, the last one stands for those that aren't there. */
typedef struct rows16 {
    const char *at[TAEL__PANEL_ROWS];
    __m512i offset; /* of each row from at[0], in bytes */
} rows16;

ALWAYS rows16 rows_of(const char *w, size_t row_bytes, size_t rows)
{
    rows16 r;
    _Alignas(64) int32_t offset[TAEL__PANEL_ROWS];
    for (size_t i = 0; i < TAEL__PANEL_ROWS; i++) {
        size_t n = i < rows ? i : rows - 1;
        r.at[i] = w + n * row_bytes;
        offset[i] = (int32_t)(n * row_bytes);
    }
    r.offset = _mm512_load_si512(offset);
    return r;
}

/* Four bytes of each row. */
ALWAYS __m512i gather(const rows16 *r, size_t byte)
{
    return _mm512_i32gather_epi32(r->offset, r->at[0] + byte, 1);
}

/* The f16 number in the low half of each lane. */
ALWAYS __m512 low_half(__m512i v)
{
    return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v));
}
ALWAYS __m512 high_half(__m512i v)
{
    return low_half(_mm512_srli_epi32(v, 16));
}

/* Byte i of each lane as a number. */
ALWAYS __m512 byte_of(__m512i v, unsigned i)
{
    return _mm512_cvtepi32_ps(_mm512_and_si512(_mm512_srli_epi32(v, 8 * i), _mm512_set1_epi32(255)));
}
ALWAYS __m512 signed_byte_of(__m512i v, unsigned i)
{
    return _mm512_cvtepi32_ps(_mm512_srai_epi32(_mm512_slli_epi32(v, 24 - 8 * i), 24));
}

/* Bytes `byte`..+16 of each row: x[0] of rows 0-7, x[1] of rows 8-15, in each the first and the second eight. */
ALWAYS void load_16(__m512i x[2][2], const rows16 *r, size_t byte)
{
    for (int half = 0; half < 2; half++) {
        const char *const *at = r->at + 8 * half;
        __m512i v[2]; /* even and odd rows */
        for (int odd = 0; odd < 2; odd++) {
            v[odd] = _mm512_castsi128_si512(_mm_loadu_si128((const __m128i *)(const void *)(at[odd] + byte)));
            v[odd] =
                _mm512_inserti32x4(v[odd], _mm_loadu_si128((const __m128i *)(const void *)(at[2 + odd] + byte)), 1);
            v[odd] =
                _mm512_inserti32x4(v[odd], _mm_loadu_si128((const __m128i *)(const void *)(at[4 + odd] + byte)), 2);
            v[odd] =
                _mm512_inserti32x4(v[odd], _mm_loadu_si128((const __m128i *)(const void *)(at[6 + odd] + byte)), 3);
        }
        x[half][0] = _mm512_unpacklo_epi64(v[0], v[1]);
        x[half][1] = _mm512_unpackhi_epi64(v[0], v[1]);
    }
}

/* weight = by * (1 + u/256) + plus, of rows 0-7 and 8-15, each row in two lanes. */
typedef struct affine {
    __m512 by[2], plus[2];
} affine;

/* weight = scale * (u - offset) + min */
ALWAYS affine affine_of(__m512 scale, float offset, __m512 min)
{
    const __m512i first = _mm512_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7);
    const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(8));
    __m512 by = _mm512_mul_ps(scale, _mm512_set1_ps(256));
    __m512 plus = _mm512_fnmadd_ps(scale, _mm512_set1_ps(256 + offset), min);
    return (affine){{_mm512_permutexvar_ps(first, by), _mm512_permutexvar_ps(second, by)},
                    {_mm512_permutexvar_ps(first, plus), _mm512_permutexvar_ps(second, plus)}};
}

/* Eight columns, whose numbers are the bits of `mask` in the bytes of x[half], to four lines. */
ALWAYS void put_8(uint16_t *out, __m512i x0, __m512i x1, int mask, const affine *f)
{
    const __m512i bits = _mm512_set1_epi32(mask << 15), one = _mm512_set1_epi32(0x3F800000);
    const __m512i from[2] = {x0, x1};
    __m512 w[4][2];
    for (int half = 0; half < 2; half++) {
        __m512i v[4] = {_mm512_slli_epi32(from[half], 15), _mm512_slli_epi32(from[half], 7),
                        _mm512_srli_epi32(from[half], 1), _mm512_srli_epi32(from[half], 9)};
        for (int i = 0; i < 4; i++)
            w[i][half] = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_ternarylogic_epi32(v[i], bits, one, 0xEA)),
                                         f->by[half], f->plus[half]);
    }
    for (int i = 0; i < 4; i++) _mm512_store_si512(out + i * LINE, (__m512i)_mm512_cvtne2ps_pbh(w[i][1], w[i][0]));
}

ALWAYS __m512i shift_right(__m512i v, unsigned n)
{
    return _mm512_srli_epi64(v, n);
}

ALWAYS __m512i only(__m512i v, int mask)
{
    return _mm512_and_si512(v, _mm512_set1_epi8((char)mask));
}

/* (high & mask) | low */
ALWAYS __m512i join(__m512i high, int mask, __m512i low)
{
    return _mm512_ternarylogic_epi32(high, _mm512_set1_epi8((char)mask), low, 0xEA);
}

/* ---- Blocks of 32 ---- */

/* The fifth bits of eight columns of rows 0-7 and 8-15 for each eight of 32 columns: bit r * 8 + i is row r, column i.
 */
ALWAYS void fifth_bits(uint64_t bits[4][2], __m512i high)
{
    const __m512i bytes = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m512i lanes = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    _mm512_storeu_si512(bits, _mm512_permutexvar_epi32(lanes, _mm512_shuffle_epi8(high, bytes)));
}

/* A block of q4_0, q4_1, q5_0 or q5_1: nibbles from `qs` on, with `five` the fifth bits in `high`. */
ALWAYS void put_nibbles(uint16_t *out, const rows16 *r, size_t qs, __m512i high, bool five, const affine *f)
{
    const __m512i sixteen = _mm512_set1_epi8(16);
    __m512i x[2][2];
    uint64_t bits[4][2];
    if (five) fifth_bits(bits, high);
    load_16(x, r, qs);
    for (int eight = 0; eight < 4; eight++) { /* of the columns */
        __m512i u[2];
        for (int half = 0; half < 2; half++) {
            u[half] = x[half][eight % 2];
            if (eight >= 2) u[half] = shift_right(u[half], 4);
            if (!five) continue;
            u[half] = only(u[half], 15);
            u[half] = _mm512_mask_add_epi8(u[half], bits[eight][half], u[half], sixteen);
        }
        put_8(out + eight * 4 * LINE, u[0], u[1], five ? 31 : 15, f);
    }
}

#define UNPACK_NIBBLES(name, bytes, qs, qh, five, offset, min)                                                   \
    ALWAYS void unpack_##name(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)          \
    {                                                                                                            \
        rows16 r = rows_of(w, row_bytes, rows);                                                                  \
        for (size_t b = 0; b < cols / 32; b++, out += TILE) {                                                    \
            __m512i halves = gather(&r, b * (bytes));                                                            \
            affine f = affine_of(low_half(halves), offset, min);                                                 \
            put_nibbles(out, &r, b *(bytes) + (qs), (five) ? gather(&r, b * (bytes) + (qh)) : halves, five, &f); \
        }                                                                                                        \
    }
UNPACK_NIBBLES(q4_0, 18, 2, 0, false, 8, _mm512_setzero_ps())
UNPACK_NIBBLES(q4_1, 20, 4, 0, false, 0, high_half(halves))
UNPACK_NIBBLES(q5_0, 22, 6, 2, true, 16, _mm512_setzero_ps())
UNPACK_NIBBLES(q5_1, 24, 8, 4, true, 0, high_half(halves))

ALWAYS void unpack_q8_0(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    const __m512i sign = _mm512_set1_epi8((char)128);
    rows16 r = rows_of(w, row_bytes, rows);
    for (size_t b = 0; b < cols / 32; b++) {
        affine f = affine_of(low_half(gather(&r, b * 34)), 128, _mm512_setzero_ps());
        for (size_t i = 0; i < 2; i++) {
            __m512i x[2][2];
            load_16(x, &r, b * 34 + 2 + 16 * i);
            for (int k = 0; k < 2; k++, out += 4 * LINE)
                put_8(out, _mm512_xor_si512(x[0][k], sign), _mm512_xor_si512(x[1][k], sign), 255, &f);
        }
    }
}

/* ---- Super-blocks of 256: f[i] of group i, then the numbers ---- */

ALWAYS void affines_k4(affine f[8], const rows16 *r)
{
    __m512i halves = gather(r, 0), a = gather(r, 4), b = gather(r, 8), c = gather(r, 12);
    __m512i s[2] = {only(a, 63), join(shift_right(a, 2), 48, only(c, 15))};
    __m512i m[2] = {only(b, 63), join(shift_right(b, 2), 48, only(shift_right(c, 4), 15))};
    __m512 d = low_half(halves), dmin = _mm512_sub_ps(_mm512_setzero_ps(), high_half(halves));
    for (unsigned i = 0; i < 8; i++)
        f[i] = affine_of(_mm512_mul_ps(d, byte_of(s[i / 4], i % 4)), 0, _mm512_mul_ps(dmin, byte_of(m[i / 4], i % 4)));
}

ALWAYS void unpack_q4_k(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    rows16 r = rows_of(w, row_bytes, rows);
    affine f[8];
    (void)cols;
    affines_k4(f, &r);
    for (int run = 0; run < 4; run++)
        for (int i = 0; i < 2; i++) {
            __m512i x[2][2];
            load_16(x, &r, (size_t)(16 + 32 * run + 16 * i));
            for (int k = 0; k < 2; k++) {
                uint16_t *to = out + 2 * run * TILE + (2 * i + k) * 4 * LINE;
                put_8(to, x[0][k], x[1][k], 15, &f[2 * run]);
                put_8(to + TILE, shift_right(x[0][k], 4), shift_right(x[1][k], 4), 15, &f[2 * run + 1]);
            }
        }
}

ALWAYS void unpack_q5_k(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    rows16 r = rows_of(w, row_bytes, rows);
    affine f[8];
    (void)cols;
    affines_k4(f, &r);
    for (int i = 0; i < 2; i++) {
        __m512i x[2][2], high[2][2], u[2];
        load_16(high, &r, (size_t)(16 + 16 * i));
        for (unsigned run = 0; run < 4; run++) {
            load_16(x, &r, (size_t)(48 + 32 * run) + (size_t)(16 * i));
            for (int k = 0; k < 2; k++)
                for (unsigned upper = 0; upper < 2; upper++) {
                    for (int half = 0; half < 2; half++) {
                        __m512i bit = _mm512_slli_epi64(shift_right(high[half][k], 2 * run + upper), 4);
                        u[half] = join(bit, 16, only(shift_right(x[half][k], 4 * upper), 15));
                    }
                    put_8(out + (2 * run + upper) * TILE + (2 * i + k) * 4 * LINE, u[0], u[1], 31, &f[2 * run + upper]);
                }
        }
    }
}

ALWAYS void unpack_q6_k(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    rows16 r = rows_of(w, row_bytes, rows);
    affine f[16];
    __m512 d = high_half(gather(&r, 206));
    (void)cols;
    for (unsigned i = 0; i < 16; i += 4) {
        __m512i s = gather(&r, 192 + i);
        for (unsigned j = 0; j < 4; j++)
            f[i + j] = affine_of(_mm512_mul_ps(d, signed_byte_of(s, j)), 32, _mm512_setzero_ps());
    }
    for (int piece = 0; piece < 4; piece++) { /* 16 columns, four times 32 apart */
        int run = piece / 2, i = piece % 2;
        __m512i low[2][2][2], high[2][2];
        load_16(low[0], &r, (size_t)(64 * run + 16 * i));
        load_16(low[1], &r, (size_t)(64 * run + 32 + 16 * i));
        load_16(high, &r, (size_t)(128 + 32 * run + 16 * i));
        for (unsigned layer = 0; layer < 4; layer++)
            for (int k = 0; k < 2; k++) {
                __m512i u[2];
                for (int half = 0; half < 2; half++) {
                    __m512i bits = _mm512_slli_epi64(shift_right(high[half][k], 2 * layer), 4);
                    u[half] = join(bits, 48, only(shift_right(low[layer % 2][half][k], layer / 2 * 4), 15));
                }
                put_8(out + (4 * run + (int)layer) * TILE + (2 * i + k) * 4 * LINE, u[0], u[1], 63,
                      &f[8 * run + 2 * (int)layer + i]);
            }
    }
}

ALWAYS void unpack_q2_k(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    rows16 r = rows_of(w, row_bytes, rows);
    affine f[16];
    __m512i halves = gather(&r, 80);
    __m512 d = low_half(halves), dmin = _mm512_sub_ps(_mm512_setzero_ps(), high_half(halves));
    (void)cols;
    for (unsigned i = 0; i < 16; i += 4) {
        __m512i both = gather(&r, i), s = only(both, 15), m = only(shift_right(both, 4), 15);
        for (unsigned j = 0; j < 4; j++)
            f[i + j] = affine_of(_mm512_mul_ps(d, byte_of(s, j)), 0, _mm512_mul_ps(dmin, byte_of(m, j)));
    }
    for (int piece = 0; piece < 4; piece++) {
        int run = piece / 2, i = piece % 2;
        __m512i x[2][2];
        load_16(x, &r, (size_t)(16 + 32 * run + 16 * i));
        for (unsigned layer = 0; layer < 4; layer++)
            for (int k = 0; k < 2; k++)
                put_8(out + (4 * run + (int)layer) * TILE + (2 * i + k) * 4 * LINE, shift_right(x[0][k], 2 * layer),
                      shift_right(x[1][k], 2 * layer), 3, &f[8 * run + 2 * (int)layer + i]);
    }
}

ALWAYS void affines_k3(affine f[16], const rows16 *r)
{
    __m512i a = gather(r, 96), b = gather(r, 100), c = gather(r, 104);
    __m512 d = high_half(gather(r, 106));
    __m512i s[4] = {join(_mm512_slli_epi64(c, 4), 48, only(a, 15)), join(_mm512_slli_epi64(c, 2), 48, only(b, 15)),
                    join(c, 48, only(shift_right(a, 4), 15)), join(shift_right(c, 2), 48, only(shift_right(b, 4), 15))};
    for (unsigned i = 0; i < 16; i++)
        f[i] = affine_of(_mm512_mul_ps(d, _mm512_sub_ps(byte_of(s[i / 4], i % 4), _mm512_set1_ps(32))), 4,
                         _mm512_setzero_ps());
}

ALWAYS void unpack_q3_k(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    rows16 r = rows_of(w, row_bytes, rows);
    affine f[16];
    (void)cols;
    affines_k3(f, &r);
    for (int piece = 0; piece < 4; piece++) {
        int run = piece / 2, i = piece % 2;
        __m512i x[2][2], high[2][2], u[2];
        load_16(x, &r, (size_t)(32 + 32 * run + 16 * i));
        load_16(high, &r, (size_t)(16 * i));
        for (unsigned layer = 0; layer < 4; layer++)
            for (int k = 0; k < 2; k++) {
                for (int half = 0; half < 2; half++) {
                    __m512i bit = _mm512_slli_epi64(shift_right(high[half][k], (unsigned)(4 * run) + layer), 2);
                    u[half] = join(bit, 4, only(shift_right(x[half][k], 2 * layer), 3));
                }
                put_8(out + (4 * run + (int)layer) * TILE + (2 * i + k) * 4 * LINE, u[0], u[1], 7,
                      &f[8 * run + 2 * (int)layer + i]);
            }
    }
}

/* ---- Not quantised ---- */

/* Columns up to the next multiple of 32 become zeros. */
ALWAYS void unpack_bf16(uint16_t *out, const char *w, size_t row_bytes, size_t rows, size_t cols)
{
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    for (size_t c = 0; c < ((cols + 31) & ~(size_t)31); c += 8, out += 4 * LINE) {
        size_t n = c >= cols ? 0 : cols - c < 8 ? cols - c : 8;
        __mmask8 there = (__mmask8)((1u << n) - 1);
        __m512i v[4], t[4]; /* v[i]: rows i, 4 + i, 8 + i and 12 + i */
        for (size_t i = 0; i < 4; i++) {
            __m128i row[4];
            for (size_t l = 0; l < 4; l++) {
                size_t at = 4 * l + i < rows ? 4 * l + i : rows - 1;
                row[l] = _mm_maskz_loadu_epi16(there, w + at * row_bytes + 2 * c);
            }
            v[i] = _mm512_inserti32x4(_mm512_castsi128_si512(row[0]), row[1], 1);
            v[i] = _mm512_inserti32x4(_mm512_inserti32x4(v[i], row[2], 2), row[3], 3);
            v[i] = _mm512_shuffle_epi8(v[i], order);
        }
        for (int i = 0; i < 4; i += 2) {
            t[i] = _mm512_unpacklo_epi32(v[i], v[i + 1]);
            t[i + 1] = _mm512_unpackhi_epi32(v[i], v[i + 1]);
        }
        _mm512_store_si512(out, _mm512_unpacklo_epi64(t[0], t[2]));
        _mm512_store_si512(out + LINE, _mm512_unpackhi_epi64(t[0], t[2]));
        _mm512_store_si512(out + 2 * LINE, _mm512_unpacklo_epi64(t[1], t[3]));
        _mm512_store_si512(out + 3 * LINE, _mm512_unpackhi_epi64(t[1], t[3]));
    }
}

#endif
