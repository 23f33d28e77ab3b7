// SPDX-License-Identifier: Apache-2.0
/* 16 rows of a format into a panel (panel.h), in registers: a row's 64 weights are 16 numbers of four columns, and 16
 * rows of them are turned by the usual four steps of shuffles, a quarter of a cycle a weight. Scales go the same way,
 * as floats. What it costs counts: a prompt of 16 tokens spends more time here than on its products. */
#ifndef TAEL__COMPUTE_X86_PACK_AVX512_H
#define TAEL__COMPUTE_X86_PACK_AVX512_H

#include "compute/panel.h"
#include "compute/x86/turn_avx512.h"
#include "compute/x86/unpack_avx512.h"

/* How a format is read: 64 weights of a row from column 64 * k on; scales and mins of 256 columns, of which `blocks`
 * blocks of 32 are there. With groups of 16, scales in the first register and mins in the second; with groups of 32,
 * eight scales and eight mins in the first. */
typedef struct packer {
    int offset; /* of the weights */
    __m512i (*quarter)(const uint8_t *row, int k);
    void (*scales)(__m512 out[2], const uint8_t *row, size_t blocks);
} packer;

/* ---- The formats ---- */

/* The f16 numbers that up to eight blocks have at the same place; 0 for those that aren't there. */
INLINE __m256 eight(const uint8_t *at, size_t bytes, size_t blocks)
{
    uint64_t low = 0, high = 0;
    if (blocks == 8) {
        low = four_halves(at, bytes);
        high = four_halves(at + 4 * bytes, bytes);
    } else {
        for (size_t b = 0; b < blocks; b++)
            *(b < 4 ? &low : &high) |= (uint64_t)tael__load_u16(at + b * bytes) << 16 * (b % 4);
    }
    return _mm256_cvtph_ps(_mm_set_epi64x((long long)high, (long long)low));
}

INLINE __m512 both(__m256 low, __m256 high)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}

#define PACKER_32(format, has_mins, off)                                                       \
    INLINE __m512i quarter_##format(const uint8_t *row, int k)                                 \
    {                                                                                          \
        return pair_##format(row + 2 * (size_t)k * sizeof(tael__block_##format));              \
    }                                                                                          \
    INLINE void scales_##format(__m512 out[2], const uint8_t *row, size_t blocks)              \
    {                                                                                          \
        __m256 d = eight(row, sizeof(tael__block_##format), blocks);                           \
        out[0] = both(d, has_mins ? eight(row + 2, sizeof(tael__block_##format), blocks) : d); \
    }                                                                                          \
    static const packer packer_##format = {off, quarter_##format, scales_##format};
PACKER_32(q4_0, false, 8)
PACKER_32(q4_1, true, 0)
PACKER_32(q5_0, false, 16)
PACKER_32(q5_1, true, 0)
PACKER_32(q8_0, false, 128)

#define PACKER_256(format, off)                                                      \
    INLINE __m512i read_##format(const uint8_t *row, int k)                          \
    {                                                                                \
        return quarter_##format((const tael__block_##format *)(const void *)row, k); \
    }                                                                                \
    static const packer packer_##format = {off, read_##format, scales_##format};

INLINE void scales_by(__m512 *out, __m128i whole, __m512 d)
{
    *out = _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(whole)), d);
}
INLINE float half_of(const uint8_t b[2])
{
    return _cvtsh_ss(tael__load_u16(b));
}

INLINE void scales_both(__m512 out[2], const uint8_t d[2], const uint8_t dmin[2], const uint8_t packed[12])
{
    uint64_t scales, mins;
    bytes_k4(&scales, &mins, packed);
    __m256 low = _mm256_set1_ps(half_of(d)), high = _mm256_set1_ps(-half_of(dmin));
    scales_by(out, _mm_set_epi64x((long long)mins, (long long)scales), both(low, high));
}
INLINE void scales_q4_k(__m512 out[2], const uint8_t *row, size_t blocks)
{
    const tael__block_q4_k *w = (const void *)row;
    (void)blocks;
    scales_both(out, w->d, w->dmin, w->scales);
}
INLINE void scales_q5_k(__m512 out[2], const uint8_t *row, size_t blocks)
{
    const tael__block_q5_k *w = (const void *)row;
    (void)blocks;
    scales_both(out, w->d, w->dmin, w->scales);
}
INLINE void scales_q6_k(__m512 out[2], const uint8_t *row, size_t blocks)
{
    const tael__block_q6_k *w = (const void *)row;
    (void)blocks;
    scales_by(out, _mm_loadu_si128((const __m128i *)(const void *)w->scales), _mm512_set1_ps(half_of(w->d)));
}
INLINE void scales_q3_k(__m512 out[2], const uint8_t *row, size_t blocks)
{
    const tael__block_q3_k *w = (const void *)row;
    (void)blocks;
    scales_by(out, bytes_k3(w->scales), _mm512_set1_ps(half_of(w->d)));
}
INLINE void scales_q2_k(__m512 out[2], const uint8_t *row, size_t blocks)
{
    const tael__block_q2_k *w = (const void *)row;
    const __m128i nibble = _mm_set1_epi8(15), s = _mm_loadu_si128((const __m128i *)(const void *)w->scales);
    (void)blocks;
    scales_by(&out[0], _mm_and_si128(s, nibble), _mm512_set1_ps(half_of(w->d)));
    scales_by(&out[1], _mm_and_si128(_mm_srli_epi16(s, 4), nibble), _mm512_set1_ps(-half_of(w->dmin)));
}
PACKER_256(q2_k, 0)
PACKER_256(q3_k, 4)
PACKER_256(q4_k, 0)
PACKER_256(q5_k, 0)
PACKER_256(q6_k, 32)

/* ---- A panel ---- */

/* 64 columns, or the last 32 of a row, from column c of the panel on. A block that has no neighbour gets one of zeros.
 */
INLINE void pack_quarter(const tael__panel *p, size_t c, const uint8_t *const row[16], size_t row_bytes, int k,
                         size_t n, const tael__shape f, const packer from)
{
    const size_t at = (size_t)k * 64 * f.bytes / f.weights; /* about where the quarter lies */
    __m512i a[16], sum = _mm512_setzero_si512();
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++) /* the next panel's: too many streams for the processor to see where they lead */
        _mm_prefetch(row[r] + TAEL__PANEL_ROWS * row_bytes + at, _MM_HINT_T0);
    if (n == 64 || f.weights == 256) {
#pragma GCC unroll 16
        for (int r = 0; r < 16; r++) a[r] = from.quarter(row[r], k);
    } else {
        for (int r = 0; r < 16; r++) {
            uint8_t two[2 * sizeof(tael__block_q8_0)] = {0};
            memcpy(two, row[r] + 2 * (size_t)k * f.bytes, f.bytes);
            a[r] = from.quarter(two, 0);
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++)
        if (from.offset > 0) a[r] = _mm512_sub_epi8(a[r], _mm512_set1_epi8((char)from.offset));
    turn_16(a);
    int8_t *q = p->q + c * TAEL__PANEL_ROWS;
    int32_t *start = p->start + c / f.group * TAEL__PANEL_ROWS;
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++) {
        if (4 * i == n) break;
        _mm512_store_si512(q + 64 * i, a[i]);
        sum = _mm512_dpbusd_epi32(sum, _mm512_set1_epi8((char)128), a[i]);
        if (4 * (i + 1) % f.group != 0) continue;
        _mm512_store_si512(start + 4 * i / f.group * TAEL__PANEL_ROWS, _mm512_sub_epi32(_mm512_setzero_si512(), sum));
        sum = _mm512_setzero_si512();
    }
}

INLINE void pack_scales(const tael__panel *p, size_t c, const uint8_t *const row[16], size_t n, const tael__shape f,
                        const packer from)
{
    const size_t groups = n / f.group, at = c / f.group * TAEL__PANEL_ROWS;
    const bool wide = f.group == 16; /* scales and mins fill a register each */
    __m512i a[16], b[16];
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++) {
        __m512 v[2];
        from.scales(v, row[r], n / 32);
        a[r] = _mm512_castps_si512(v[0]);
        if (wide && f.mins) b[r] = _mm512_castps_si512(v[1]);
    }
    turn_16(a);
    if (wide && f.mins) turn_16(b);
    for (size_t g = 0; g < groups; g++) {
        _mm512_store_si512(p->scale + at + g * TAEL__PANEL_ROWS, a[g]);
        if (f.mins) _mm512_store_si512(p->min + at + g * TAEL__PANEL_ROWS, wide ? b[g] : a[g + 8]);
    }
}

/* n columns, at most 256, from column c of the panel on; w is the first row's first block of them. Rows that aren't
 * there become what the first one is: nobody looks at their products. */
INLINE void pack_registers(const tael__panel *p, size_t c, const char *w, size_t row_bytes, size_t rows, size_t n,
                           const tael__shape f, const packer from)
{
    const uint8_t *row[16];
    for (size_t r = 0; r < 16; r++) row[r] = (const uint8_t *)w + (r < rows ? r : 0) * row_bytes;
#pragma GCC unroll 4
    for (int k = 0; k < 4; k++) {
        if (64 * (size_t)k >= n) break;
        size_t left = n - 64 * (size_t)k;
        if (left >= 64)
            pack_quarter(p, c + 64 * (size_t)k, row, row_bytes, k, 64, f, from);
        else
            pack_quarter(p, c + 64 * (size_t)k, row, row_bytes, k, left, f, from);
    }
    pack_scales(p, c, row, n, f, from);
}

#endif
