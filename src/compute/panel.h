// SPDX-License-Identifier: Apache-2.0
/* What the fast matmul kernels share: weights unpacked into panels, which thirteen formats fill and few loops multiply.
 *
 * A panel holds 16 rows of weights over all columns. Quantised: int8 q in the order [column / 4][row][column % 4], so
 * that one register holds four columns of 16 rows, what a four-way int8 product takes; and for each group of 16 or 32
 * columns a scale, a min and `start` a row: weight = scale * q + min, start = -128 * sum(q). Kernels whose product
 * wants one unsigned factor take activations + 128 and begin their sums with `start`, which makes them exact. Not
 * quantised: f32 in the order [column][row].
 *
 * A tile holds 16 tokens of activations: int8 (for some kernels with 128 added) in the order [column / 64][token][64],
 * and for each group the activations' scale d and d * sum(q), in the order [group][token]. */
#ifndef TAEL__COMPUTE_PANEL_H
#define TAEL__COMPUTE_PANEL_H

#include "compute/activations.h"

enum { TAEL__PANEL_ROWS = 16, TAEL__TILE_TOKENS = 16, TAEL__PANELS_MOST = 8 };

/* Panels that are multiplied with one tile should stay in a core's second-level cache beside it; phones have 512 KiB.
 */
#define TAEL__PANELS_BYTES ((size_t)1 << 20)

typedef struct tael__panel {
    int8_t *q;
    float *scale, *min;
    int32_t *start;
} tael__panel;

/* How a block becomes whole numbers: `weights` of q, and for each `group` of them a scale and, with `mins`, a min. */
typedef struct tael__shape {
    size_t weights, group, bytes;
    bool mins;
    bool wide; /* q takes all of its 8 bits, else it lies in -32..31 */
    tael__act_kind act;
    void (*unpack)(int8_t *q, float *scale, float *min, const void *block);
} tael__shape;

typedef struct tael__tile {
    int8_t *q;
    float *d, *s;
} tael__tile;

/* Bytes of one panel, with the smallest groups: q, then scale, min and start of each group. */
static inline size_t tael__panel_bytes(tael__act_kind kind, size_t cols)
{
    if (kind == TAEL__ACT_f32) return cols * 4 * TAEL__PANEL_ROWS;
    return (cols + cols / 16 * 12) * TAEL__PANEL_ROWS;
}

/* How many panels one pass uses. Depends on nothing that changes between threads, but it would not matter: each y is
 * computed from its own row and token in the same order. */
static inline size_t tael__panel_count(tael__act_kind kind, size_t cols)
{
    size_t n = TAEL__PANELS_BYTES / tael__panel_bytes(kind, cols ? cols : 1);
    return n < 1 ? 1 : n > TAEL__PANELS_MOST ? TAEL__PANELS_MOST : n;
}

static inline size_t tael__tile_bytes(tael__act_kind kind, size_t cols)
{
    if (kind == TAEL__ACT_f32) return 0;
    return (tael__act_line(cols) + cols / 16 * 8) * TAEL__TILE_TOKENS;
}

static inline size_t tael__panel_scratch_bytes(tael__act_kind kind, size_t cols)
{
    return tael__act_line(tael__panel_count(kind, cols) * tael__panel_bytes(kind, cols) + tael__tile_bytes(kind, cols) +
                          64);
}

/* The most rows of one call, a chunk of a thread: what the kernels with blocks of columns take in one pass. */
enum { TAEL__MATMUL_ROWS = 256 };

/* AVX-512 VNNI (x86/matmul_avx512vnni.c): a block of columns of some rows and of some tokens, all with their scales. */
enum {
    TAEL__VNNI_COLS = 512,
    TAEL__VNNI_ROWS = TAEL__MATMUL_ROWS,
    TAEL__VNNI_TOKENS = 60,
    TAEL__VNNI_SCRATCH_BYTES = TAEL__VNNI_COLS * (TAEL__VNNI_ROWS + TAEL__VNNI_TOKENS) +
                               TAEL__VNNI_COLS / 16 * (12 * TAEL__VNNI_ROWS + 8 * TAEL__VNNI_TOKENS) + 1024
};

/* AMX (x86/matmul_amx.c): a block of columns of some rows in bf16, and sums that wait for the next block. */
enum { TAEL__AMX_COLS = 256, TAEL__AMX_ROWS = TAEL__MATMUL_ROWS, TAEL__AMX_TOKENS = 512 };

static inline size_t tael__amx_scratch_bytes(void)
{
    return TAEL__AMX_ROWS * (TAEL__AMX_COLS * sizeof(uint16_t) + TAEL__AMX_TOKENS * sizeof(float));
}

#endif
