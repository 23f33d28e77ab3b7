// SPDX-License-Identifier: Apache-2.0
/* 16 rows of 16 numbers of 32 bits, transposed in registers: what packs panels and tiles. */
#ifndef TAEL__COMPUTE_X86_TURN_AVX512_H
#define TAEL__COMPUTE_X86_TURN_AVX512_H

#include <immintrin.h>

/* a[r] holds 16 numbers of row r; afterwards a[i] holds number i of 16 rows. Each step doubles what lies together. */
static inline __attribute__((always_inline)) void turn_16(__m512i a[16])
{
    __m512i b[16];
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        b[i] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
        b[i + 4] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xDD);
        b[i + 8] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
        b[i + 12] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xDD);
    }
    /* b[i]: number i and i + 8 of rows 0-7; b[i + 4]: i + 4 and i + 12; b[i + 8], b[i + 12]: of rows 8-15. */
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) {
        a[i] = _mm512_shuffle_i32x4(b[i], b[i + 8], 0x88);
        a[i + 8] = _mm512_shuffle_i32x4(b[i], b[i + 8], 0xDD);
    }
}

#endif
