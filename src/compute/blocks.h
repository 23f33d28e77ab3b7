// SPDX-License-Identifier: Apache-2.0
/* The blocks of quantised weights, byte for byte as a GGUF file holds them. All fields are bytes, so a block may lie at
 * any address. h is an f16 number, little endian. Weights are numbered in the order of the columns.
 *
 * Blocks of 32, `h` bit or nibble i of a pair is weight i, the upper half of the byte is weight i + 16:
 *   q4_0  d * (q - 8)      q4_1  d * q + m      q5_0  d * (q - 16)      q5_1  d * q + m      q8_0  d * q
 * Super-blocks of 256 have a scale for 16 or 32 weights, itself quantised:
 *   q2_k  d * s * q - dmin * m        q 2 bits, s and m 4 bits, for 16 weights
 *   q3_k  d * (s - 32) * (q - 4)      q 3 bits, s 6 bits, for 16
 *   q4_k  d * s * q - dmin * m        q 4 bits, s and m 6 bits, for 32
 *   q5_k  the same with 5 bits
 *   q6_k  d * s * (q - 32)            q 6 bits, s 8 bits with sign, for 16 */
#ifndef TAEL__COMPUTE_BLOCKS_H
#define TAEL__COMPUTE_BLOCKS_H

#include <string.h>

#include "compute/formats.h"

typedef struct {
    uint8_t d[2], qs[16];
} tael__block_q4_0;
typedef struct {
    uint8_t d[2], m[2], qs[16];
} tael__block_q4_1;
typedef struct {
    uint8_t d[2], qh[4], qs[16];
} tael__block_q5_0; /* qh: the fifth bits, bit i of weight i */
typedef struct {
    uint8_t d[2], m[2], qh[4], qs[16];
} tael__block_q5_1;
typedef struct {
    uint8_t d[2];
    int8_t qs[32];
} tael__block_q8_0;
typedef struct {
    uint8_t scales[16], qs[64], d[2], dmin[2];
} tael__block_q2_k; /* scales: s low, m high nibble */
typedef struct {
    uint8_t hmask[32], qs[64], scales[12], d[2];
} tael__block_q3_k;
typedef struct {
    uint8_t d[2], dmin[2], scales[12], qs[128];
} tael__block_q4_k;
typedef struct {
    uint8_t d[2], dmin[2], scales[12], qh[32], qs[128];
} tael__block_q5_k;
typedef struct {
    uint8_t ql[128], qh[64];
    int8_t scales[16];
    uint8_t d[2];
} tael__block_q6_k;

_Static_assert(sizeof(tael__block_q4_0) == 18, "GGUF stores 18 bytes for 32 weights");
_Static_assert(sizeof(tael__block_q4_1) == 20, "GGUF stores 20 bytes for 32 weights");
_Static_assert(sizeof(tael__block_q5_0) == 22, "GGUF stores 22 bytes for 32 weights");
_Static_assert(sizeof(tael__block_q5_1) == 24, "GGUF stores 24 bytes for 32 weights");
_Static_assert(sizeof(tael__block_q8_0) == 34, "GGUF stores 34 bytes for 32 weights");
_Static_assert(sizeof(tael__block_q2_k) == 84, "GGUF stores 84 bytes for 256 weights");
_Static_assert(sizeof(tael__block_q3_k) == 110, "GGUF stores 110 bytes for 256 weights");
_Static_assert(sizeof(tael__block_q4_k) == 144, "GGUF stores 144 bytes for 256 weights");
_Static_assert(sizeof(tael__block_q5_k) == 176, "GGUF stores 176 bytes for 256 weights");
_Static_assert(sizeof(tael__block_q6_k) == 210, "GGUF stores 210 bytes for 256 weights");

static inline uint16_t tael__load_u16(const uint8_t b[2])
{
    return (uint16_t)(b[0] | b[1] << 8);
}
static inline uint32_t tael__load_u32(const uint8_t b[4])
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

/* Twelve bytes hold eight 6-bit scales and eight 6-bit mins (q4_k, q5_k): the first four of each lie in the low six
 * bits of bytes 0-3 and 4-7; the others have their low nibbles in bytes 8-11 and their top two bits above the first
 * four. */
static inline void tael__unpack_k4(uint8_t scales[8], uint8_t mins[8], const uint8_t packed[12])
{
    for (int i = 0; i < 4; i++) {
        scales[i] = packed[i] & 63;
        mins[i] = packed[4 + i] & 63;
        scales[4 + i] = (uint8_t)((packed[8 + i] & 15) | packed[i] >> 6 << 4);
        mins[4 + i] = (uint8_t)(packed[8 + i] >> 4 | packed[4 + i] >> 6 << 4);
    }
}

/* Twelve bytes hold sixteen 6-bit scales of q3_k, less 32: low nibbles in bytes 0-7 (scale i and i + 8 share a byte),
 * top two bits in bytes 8-11 (scales i, i + 4, i + 8, i + 12 share a byte). */
static inline void tael__unpack_k3(int8_t scales[16], const uint8_t packed[12])
{
    for (int i = 0; i < 16; i++) {
        int low = packed[i & 7] >> (i < 8 ? 0 : 4) & 15;
        int high = packed[8 + (i & 3)] >> (2 * (i >> 2)) & 3;
        scales[i] = (int8_t)((low | high << 4) - 32);
    }
}

/* The quantised numbers q of one block, in the order of the columns and with their offset (8, 16, 4 or 32) taken off.
 */
static inline void tael__unpack_q4(int8_t q[32], const uint8_t qs[16], int offset)
{
    for (int i = 0; i < 16; i++) {
        q[i] = (int8_t)((qs[i] & 15) - offset);
        q[16 + i] = (int8_t)((qs[i] >> 4) - offset);
    }
}

static inline void tael__unpack_q5(int8_t q[32], const uint8_t qs[16], const uint8_t qh[4], int offset)
{
    uint32_t high = tael__load_u32(qh);
    for (int i = 0; i < 16; i++) {
        q[i] = (int8_t)(((qs[i] & 15) | (high >> i & 1) << 4) - (uint32_t)offset);
        q[16 + i] = (int8_t)((qs[i] >> 4 | (high >> (16 + i) & 1) << 4) - (uint32_t)offset);
    }
}

/* 64 bytes in two runs of 32, each with four layers of two bits: layer j of run r is weights 128 r + 32 j ... */
static inline void tael__unpack_q2_k(int8_t q[256], const uint8_t qs[64])
{
    for (int i = 0; i < 256; i++) q[i] = qs[32 * (i / 128) + i % 32] >> (2 * (i % 128 / 32)) & 3;
}

/* Two low bits as q2_k; the third is bit i/32 of hmask[i % 32]. */
static inline void tael__unpack_q3_k(int8_t q[256], const uint8_t qs[64], const uint8_t hmask[32])
{
    tael__unpack_q2_k(q, qs);
    for (int i = 0; i < 256; i++) q[i] = (int8_t)(q[i] + ((hmask[i % 32] >> (i / 32) & 1) << 2) - 4);
}

/* Four runs of 32 bytes: low nibbles are weights 64 r ..., high nibbles 64 r + 32 ... */
static inline void tael__unpack_q4_k(int8_t q[256], const uint8_t qs[128])
{
    for (int i = 0; i < 256; i++) q[i] = qs[32 * (i / 64) + i % 32] >> (4 * (i % 64 / 32)) & 15;
}

/* The fifth bit is bit i/32 of qh[i % 32]. */
static inline void tael__unpack_q5_k(int8_t q[256], const uint8_t qs[128], const uint8_t qh[32])
{
    tael__unpack_q4_k(q, qs);
    for (int i = 0; i < 256; i++) q[i] = (int8_t)(q[i] + ((qh[i % 32] >> (i / 32) & 1) << 4));
}

/* Two halves of 128: ql has 64 bytes a half, low nibbles first; qh 32 bytes a half in four layers of two bits. */
static inline void tael__unpack_q6_k(int8_t q[256], const uint8_t ql[128], const uint8_t qh[64])
{
    for (int i = 0; i < 256; i++) {
        int half = i / 128, j = i % 128;
        int low = ql[64 * half + j % 64] >> (4 * (j / 64)) & 15;
        int high = qh[32 * half + j % 32] >> (2 * (j / 32)) & 3;
        q[i] = (int8_t)((low | high << 4) - 32);
    }
}

#endif
