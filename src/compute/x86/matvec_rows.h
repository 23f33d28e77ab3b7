// SPDX-License-Identifier: Apache-2.0
/* How the kernels of matrix times vector go through memory: from rows_FORMAT, which multiplies a constant number of
 * rows by a constant number of tokens, to the whole kernel.
 *
 * The rows that go together lie far apart, each at the same place of its own part of the matrix: memory delivers four
 * streams on four pages faster than one, or four that lie within a page. And while rows are multiplied, what lies at
 * the same place of the next call's rows is fetched to the second cache: callers hand out a matrix in neighbouring
 * pieces of one size. Measured on two cores with 200 MB of q4_0: 31.5 GB/s for four neighbouring rows fetched 16 KB
 * ahead, 39.8 so. */
#ifndef TAEL__COMPUTE_X86_MATVEC_ROWS_H
#define TAEL__COMPUTE_X86_MATVEC_ROWS_H

#include "compute/kernels_declared.h"

typedef struct tael__walk {
    size_t apart; /* rows from one of those that go together to the next */
    size_t ahead; /* bytes from what is multiplied to what is fetched */
} tael__walk;

/* tael__matvec_FORMAT__ISA over rows_FORMAT(y, y_stride, w, x, x_stride, cols, walk, rows, tokens), which multiplies
 * rows 0, walk.apart, 2 * walk.apart ... One token takes `one` rows together; several take `many`, in groups of eight,
 * four, two and one while their rows are in the cache. */
#define TAEL__MATVEC_OVER_ROWS(format, isa, one, many, row_bytes)                                                      \
    static inline __attribute__((always_inline)) void tokens_##format(float *y, size_t y_stride, const uint8_t *w,     \
                                                                      const char *x, size_t x_stride, size_t cols,     \
                                                                      size_t tokens, tael__walk walk, int rows)        \
    {                                                                                                                  \
        size_t t = 0;                                                                                                  \
        if (tokens & 8) rows_##format(y, y_stride, w, x, x_stride, cols, walk, rows, 8), t = 8;                        \
        if (tokens & 4)                                                                                                \
            rows_##format(y + t * y_stride, y_stride, w, x + t * x_stride, x_stride, cols, walk, rows, 4), t += 4;     \
        if (tokens & 2)                                                                                                \
            rows_##format(y + t * y_stride, y_stride, w, x + t * x_stride, x_stride, cols, walk, rows, 2), t += 2;     \
        if (tokens & 1) rows_##format(y + t * y_stride, y_stride, w, x + t * x_stride, x_stride, cols, walk, rows, 1); \
    }                                                                                                                  \
    void tael__matvec_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride,      \
                                        size_t rows, size_t cols, size_t tokens)                                       \
    {                                                                                                                  \
        const size_t together = tokens == 1 ? (one) : (many), bytes = (row_bytes);                                     \
        const tael__walk walk = {rows / together, rows * bytes};                                                       \
        const uint8_t *row = w;                                                                                        \
        for (size_t r = 0; r < walk.apart; r++, row += bytes)                                                          \
            if (tokens == 1)                                                                                           \
                rows_##format(y + r, 0, row, x, 0, cols, walk, one, 1);                                                \
            else                                                                                                       \
                tokens_##format(y + r, y_stride, row, x, x_stride, cols, tokens, walk, many);                          \
        for (size_t r = walk.apart * together; r < rows; r++)                                                          \
            tokens_##format(y + r, y_stride, (const uint8_t *)w + r * bytes, x, x_stride, cols, tokens, walk, 1);      \
    }

#endif
