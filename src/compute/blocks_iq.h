// SPDX-License-Identifier: Apache-2.0
/* Blocks whose numbers are places in a list: the i-quants (iq), the ternary formats (tq) and MXFP4, byte for byte as a
 * GGUF file holds them (blocks.h says what is common to all blocks).
 *
 * Blocks of 32, nibbles as in q4_0:
 *   iq4_nl  d * list[q], a list of 16 values that lie closer around 0 (tael__iq4_values)
 *   mxfp4   2^(e - 128) * list[q], the doubled values of a 4-bit float (OCP Microscaling Formats 1.0, 5.3.3)
 * Super-blocks of 256 are d * unit * s * q (iq.inc has the units):
 *   iq4_xs   the list of iq4_nl, s of 6 bits less 32 for each 32 weights
 *   iq2_*    q: eight weights at once from a grid, with signs apart; s = 2 k + 1, k of 4 bits, for 32 (xxs) or 16
 *   iq3_*    the same with four weights an entry; k for each 32
 *   iq1_*    eight weights of -1, 0, 1 from a grid, all moved by an eighth up or down: q = 8 g +- 1; k of 3 bits
 *   tq2_0    2 bits a weight, less 1; tq1_0 five weights of -1, 0, 1 in a byte; s = 1
 * In xxs and xs a sign of eight is left out: their number of minuses is even. */
#ifndef TAEL__COMPUTE_BLOCKS_IQ_H
#define TAEL__COMPUTE_BLOCKS_IQ_H

#include "compute/blocks.h"

typedef struct {
    uint8_t d[2], qs[16];
} tael__block_iq4_nl;
typedef struct {
    uint8_t e, qs[16];
} tael__block_mxfp4;
typedef struct {
    uint8_t d[2], scales_h[2], scales_l[4], qs[128]; /* scales: low nibbles, then the top two bits */
} tael__block_iq4_xs;
typedef struct {
    uint8_t d[2], qs[64]; /* for each 32 weights four indices, then four times 7 signs and k on top */
} tael__block_iq2_xxs;
typedef struct {
    uint8_t d[2], qs[64], scales[8]; /* qs: 9 bits of index, 7 of signs */
} tael__block_iq2_xs;
typedef struct {
    uint8_t d[2], qs[32], signs[32], qh[8], scales[8]; /* qh: two more bits for each index */
} tael__block_iq2_s;
typedef struct {
    uint8_t d[2], qs[64], signs[32]; /* signs: for each 32 weights four times 7 and k on top */
} tael__block_iq3_xxs;
typedef struct {
    uint8_t d[2], qs[64], qh[8], signs[32], scales[4];
} tael__block_iq3_s;
typedef struct {
    uint8_t d[2], qs[32], qh[16]; /* qh: four times 3 bits of index, k, and whether it moves down */
} tael__block_iq1_s;
typedef struct {
    uint8_t qs[32], qh[16], scales[8]; /* qh: nibbles of 3 bits of index and one of moving down */
} tael__block_iq1_m;                   /* scales: four times k of 3 bits, and above them a nibble of d each */
typedef struct {
    uint8_t qs[64], d[2];
} tael__block_tq2_0;
typedef struct {
    uint8_t qs[48], qh[4], d[2];
} tael__block_tq1_0;

_Static_assert(sizeof(tael__block_iq4_nl) == 18, "GGUF stores 18 bytes for 32 weights");
_Static_assert(sizeof(tael__block_mxfp4) == 17, "GGUF stores 17 bytes for 32 weights");
_Static_assert(sizeof(tael__block_iq4_xs) == 136, "GGUF stores 136 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq3_s) == 110, "GGUF stores 110 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq3_xxs) == 98, "GGUF stores 98 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq2_s) == 82, "GGUF stores 82 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq2_xs) == 74, "GGUF stores 74 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq2_xxs) == 66, "GGUF stores 66 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq1_m) == 56, "GGUF stores 56 bytes for 256 weights");
_Static_assert(sizeof(tael__block_iq1_s) == 50, "GGUF stores 50 bytes for 256 weights");
_Static_assert(sizeof(tael__block_tq2_0) == 66, "GGUF stores 66 bytes for 256 weights");
_Static_assert(sizeof(tael__block_tq1_0) == 54, "GGUF stores 54 bytes for 256 weights");

/* The grids: entries of eight or four bytes, the first weight lowest. iq1's bytes are 8 g, with sign. */
extern const uint64_t tael__grid_iq2_xxs[256], tael__grid_iq2_xs[512], tael__grid_iq2_s[1024], tael__grid_iq1_s[2048];
extern const uint32_t tael__grid_iq3_xxs[256], tael__grid_iq3_s[512];

/* As initialisers, so that kernels make a register of them. */
#define TAEL__IQ4_VALUES                                                         \
    {                                                                            \
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113 \
    }
#define TAEL__MXFP4_VALUES                                      \
    {                                                           \
        0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12 \
    }

/* 2^(e - 128): half of what the byte says, for the values of the list are doubled. */
static inline float tael__mxfp4_scale(uint8_t e)
{
    uint32_t bits = e < 2 ? 0x200000u << e : (uint32_t)(e - 1) << 23;
    float f;
    memcpy(&f, &bits, 4);
    return f;
}

static inline void tael__unpack_values(int8_t q[32], const uint8_t qs[16], const int8_t values[16])
{
    for (int i = 0; i < 16; i++) {
        q[i] = values[qs[i] & 15];
        q[16 + i] = values[qs[i] >> 4];
    }
}

static inline void tael__unpack_iq4_nl(int8_t q[32], const uint8_t qs[16])
{
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    tael__unpack_values(q, qs, values);
}

static inline void tael__unpack_mxfp4(int8_t q[32], const uint8_t qs[16])
{
    static const int8_t values[16] = TAEL__MXFP4_VALUES;
    tael__unpack_values(q, qs, values);
}

/* ---- Super-blocks: each fills q and s and returns d's f16 bits ---- */

/* The eight scales of iq4_xs, each for two places of s. */
static inline uint16_t tael__scales_iq4_xs(int8_t s[16], const tael__block_iq4_xs *b)
{
    for (int i = 0; i < 8; i++) {
        int low = b->scales_l[i / 2] >> (4 * (i & 1)) & 15, high = tael__load_u16(b->scales_h) >> (2 * i) & 3;
        s[2 * i] = s[2 * i + 1] = (int8_t)((low | high << 4) - 32);
    }
    return tael__load_u16(b->d);
}

static inline uint16_t tael__unpack_iq4_xs(int8_t q[256], int8_t s[16], const tael__block_iq4_xs *b)
{
    for (int i = 0; i < 8; i++) tael__unpack_iq4_nl(q + 32 * i, b->qs + 16 * i);
    return tael__scales_iq4_xs(s, b);
}

/* Eight entries of a grid with their signs: bit i of `minus` turns weight i. An entry has no zeros, so that turning a
 * byte, ~b + 1, carries nothing into the next. */
static inline void tael__put_signed(int8_t *q, uint64_t entry, uint8_t minus)
{
    uint64_t picked = minus * 0x0101010101010101u & 0x8040201008040201u;
    uint64_t ones = (picked + 0x7F7F7F7F7F7F7F7Fu) >> 7 & 0x0101010101010101u;
    entry = (entry ^ ones * 0xFF) + ones;
    memcpy(q, &entry, 8);
}

/* Seven signs; the eighth makes their number even. */
static inline uint8_t tael__even_signs(uint32_t seven)
{
    seven &= 127;
    return (uint8_t)(seven | (uint32_t)__builtin_parity(seven) << 7);
}

static inline uint64_t tael__two_entries(uint32_t low, uint32_t high)
{
    return (uint64_t)high << 32 | low;
}

static inline uint16_t tael__unpack_iq2_xxs(int8_t q[256], int8_t s[16], const tael__block_iq2_xxs *b)
{
    for (int g = 0; g < 8; g++) {
        const uint8_t *index = b->qs + 8 * g;
        uint32_t signs = tael__load_u32(index + 4);
        for (int i = 0; i < 4; i++)
            tael__put_signed(q + 32 * g + 8 * i, tael__grid_iq2_xxs[index[i]], tael__even_signs(signs >> 7 * i));
        s[2 * g] = s[2 * g + 1] = (int8_t)(2 * (signs >> 28) + 1);
    }
    return tael__load_u16(b->d);
}

/* Nibbles k to 2 k + 1, for each 16 weights. */
static inline void tael__scales_of_nibbles(int8_t s[16], const uint8_t scales[8])
{
    for (int i = 0; i < 8; i++) {
        s[2 * i] = (int8_t)(2 * (scales[i] & 15) + 1);
        s[2 * i + 1] = (int8_t)(2 * (scales[i] >> 4) + 1);
    }
}

static inline uint16_t tael__unpack_iq2_xs(int8_t q[256], int8_t s[16], const tael__block_iq2_xs *b)
{
    for (int i = 0; i < 32; i++) {
        uint32_t code = tael__load_u16(b->qs + 2 * i);
        tael__put_signed(q + 8 * i, tael__grid_iq2_xs[code & 511], tael__even_signs(code >> 9));
    }
    tael__scales_of_nibbles(s, b->scales);
    return tael__load_u16(b->d);
}

static inline uint16_t tael__unpack_iq2_s(int8_t q[256], int8_t s[16], const tael__block_iq2_s *b)
{
    for (int i = 0; i < 32; i++) {
        uint32_t high = b->qh[i / 4] >> (2 * (i % 4)) & 3;
        tael__put_signed(q + 8 * i, tael__grid_iq2_s[b->qs[i] | high << 8], b->signs[i]);
    }
    tael__scales_of_nibbles(s, b->scales);
    return tael__load_u16(b->d);
}

static inline uint16_t tael__unpack_iq3_xxs(int8_t q[256], int8_t s[16], const tael__block_iq3_xxs *b)
{
    for (int g = 0; g < 8; g++) {
        const uint8_t *index = b->qs + 8 * g;
        uint32_t signs = tael__load_u32(b->signs + 4 * g);
        for (int i = 0; i < 4; i++) {
            uint64_t entry = tael__two_entries(tael__grid_iq3_xxs[index[2 * i]], tael__grid_iq3_xxs[index[2 * i + 1]]);
            tael__put_signed(q + 32 * g + 8 * i, entry, tael__even_signs(signs >> 7 * i));
        }
        s[2 * g] = s[2 * g + 1] = (int8_t)(2 * (signs >> 28) + 1);
    }
    return tael__load_u16(b->d);
}

static inline uint16_t tael__unpack_iq3_s(int8_t q[256], int8_t s[16], const tael__block_iq3_s *b)
{
    for (int i = 0; i < 32; i++) {
        uint32_t high = (uint32_t)b->qh[i / 4] >> (2 * (i % 4));
        uint32_t low = tael__grid_iq3_s[b->qs[2 * i] | (high & 1) << 8];
        tael__put_signed(q + 8 * i, tael__two_entries(low, tael__grid_iq3_s[b->qs[2 * i + 1] | (high & 2) << 7]),
                         b->signs[i]);
    }
    for (int g = 0; g < 8; g++) s[2 * g] = s[2 * g + 1] = (int8_t)(2 * (b->scales[g / 2] >> (4 * (g & 1)) & 15) + 1);
    return tael__load_u16(b->d);
}

/* 8 g +- 1 for eight weights. */
static inline void tael__put_moved(int8_t *q, uint64_t entry, bool down)
{
    memcpy(q, &entry, 8);
    for (int i = 0; i < 8; i++) q[i] = (int8_t)(q[i] + (down ? -1 : 1));
}

static inline uint16_t tael__unpack_iq1_s(int8_t q[256], int8_t s[16], const tael__block_iq1_s *b)
{
    for (int g = 0; g < 8; g++) {
        uint32_t high = tael__load_u16(b->qh + 2 * g);
        for (int i = 0; i < 4; i++) {
            uint32_t index = b->qs[4 * g + i] | (high >> 3 * i & 7) << 8;
            tael__put_moved(q + 32 * g + 8 * i, tael__grid_iq1_s[index], high >> 15);
        }
        s[2 * g] = s[2 * g + 1] = (int8_t)(2 * (high >> 12 & 7) + 1);
    }
    return tael__load_u16(b->d);
}

static inline uint16_t tael__unpack_iq1_m(int8_t q[256], int8_t s[16], const tael__block_iq1_m *b)
{
    uint32_t d = 0;
    for (int i = 0; i < 32; i++) {
        uint32_t high = b->qh[i / 2] >> (4 * (i % 2)) & 15;
        tael__put_moved(q + 8 * i, tael__grid_iq1_s[b->qs[i] | (high & 7) << 8], high >> 3);
    }
    for (int i = 0; i < 4; i++) {
        uint32_t four = tael__load_u16(b->scales + 2 * i);
        for (int j = 0; j < 4; j++) s[4 * i + j] = (int8_t)(2 * (four >> 3 * j & 7) + 1);
        d |= four >> 12 << 4 * i;
    }
    return (uint16_t)d;
}

/* Two runs of 32 bytes, four layers of two bits each, as in q2_k. */
static inline uint16_t tael__unpack_tq2_0(int8_t q[256], int8_t s[16], const tael__block_tq2_0 *b)
{
    for (int run = 0; run < 2; run++)
        for (int layer = 0; layer < 4; layer++)
            for (int i = 0; i < 32; i++)
                q[128 * run + 32 * layer + i] = (int8_t)((b->qs[32 * run + i] >> 2 * layer & 3) - 1);
    memset(s, 1, 16);
    return tael__load_u16(b->d);
}

/* A byte is a fraction of 256 whose first digits in base 3 are the weights: times 3^k modulo 256 brings digit k to the
 * front. `count` bytes give `layers` layers of weights. */
static inline int8_t *tael__put_digits(int8_t *q, const uint8_t *bytes, int count, int layers)
{
    unsigned power = 1;
    for (int layer = 0; layer < layers; layer++, power *= 3)
        for (int i = 0; i < count; i++) *q++ = (int8_t)(((bytes[i] * power & 255) * 3 >> 8) - 1);
    return q;
}

static inline uint16_t tael__unpack_tq1_0(int8_t q[256], int8_t s[16], const tael__block_tq1_0 *b)
{
    q = tael__put_digits(q, b->qs, 32, 5);
    q = tael__put_digits(q, b->qs + 32, 16, 5);
    tael__put_digits(q, b->qh, 4, 4);
    memset(s, 1, 16);
    return tael__load_u16(b->d);
}

#endif
