// SPDX-License-Identifier: Apache-2.0
/* How the matvec kernels walk over rows and tokens. Each format has a function for a tile of `rows` times `tokens`,
 * inlined with constants: 4 rows for one token, which share the activations' loads; 2 times 2; 1 row for 4 tokens,
 * which share its unpacking. Each y of a tile comes from the same instructions in the same order whatever the tile, so
 * neither rows nor tokens beside it change a bit. Four rows stay in the first-level cache for all tokens. */
#ifndef TAEL__COMPUTE_ARM_MATVEC_TOKENS_H
#define TAEL__COMPUTE_ARM_MATVEC_TOKENS_H

#include "compute/activations.h"
#include "compute/arm/unpack.h"
#include "compute/kernels_declared.h"

enum { ROWS_MOST = 4, TOKENS_MOST = 4 };

/* One tile's place in the whole product. */
typedef struct place {
    float *y;
    size_t y_stride;
    const uint8_t *w;
    size_t row_bytes;
    const char *x;
    size_t x_stride, cols;
} place;

/* tile_FORMAT(const place *p, int rows, int tokens) becomes the kernel of that format. */
#define OVER_TILES(format, tile, together)                                                                    \
    static void four_rows_##format(place p, size_t rows, size_t tokens)                                       \
    {                                                                                                         \
        for (; tokens >= 4; tokens -= 4, p.x += 4 * p.x_stride, p.y += 4 * p.y_stride)                        \
            for (size_t r = 0; r < rows; r++) {                                                               \
                place one = p;                                                                                \
                one.w += r * p.row_bytes;                                                                     \
                one.y += r;                                                                                   \
                tile(&one, 1, 4);                                                                             \
            }                                                                                                 \
        for (; tokens >= 2; tokens -= 2, p.x += 2 * p.x_stride, p.y += 2 * p.y_stride) {                      \
            place two = p;                                                                                    \
            size_t r = rows;                                                                                  \
            for (; (together) > 1 && r >= 2; r -= 2, two.w += 2 * p.row_bytes, two.y += 2) tile(&two, 2, 2);  \
            for (; r > 0; r--, two.w += p.row_bytes, two.y++) tile(&two, 1, 2);                               \
        }                                                                                                     \
        if (tokens == 0) return;                                                                              \
        if ((together) == ROWS_MOST && rows == ROWS_MOST)                                                     \
            tile(&p, ROWS_MOST, 1);                                                                           \
        else                                                                                                  \
            for (size_t r = 0; r < rows; r++, p.w += p.row_bytes, p.y++) tile(&p, 1, 1);                      \
    }                                                                                                         \
    void ISA(tael__matvec_##format)(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                    size_t rows, size_t cols, size_t tokens)                                  \
    {                                                                                                         \
        place p = {.y = y, .y_stride = y_stride, .w = w, .x = x, .x_stride = x_stride, .cols = cols};         \
        tael__format_row_bytes(&p.row_bytes, TAEL__FORMAT_##format, cols);                                    \
        for (; rows > 0; p.w += ROWS_MOST * p.row_bytes, p.y += ROWS_MOST) {                                  \
            size_t n = rows < ROWS_MOST ? rows : ROWS_MOST;                                                   \
            four_rows_##format(p, n, tokens);                                                                 \
            rows -= n;                                                                                        \
        }                                                                                                     \
    }

#endif
