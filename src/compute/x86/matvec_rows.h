// SPDX-License-Identifier: Apache-2.0
/* How the kernels of matrix times vector go through memory: from rows_FORMAT, which multiplies a constant number of
 * rows by a constant number of tokens, to the whole kernel.
 *
 * The rows that go together lie far apart, each at the same place of its own part of the call's rows: memory delivers
 * four streams on four pages faster than one, or four that lie within a page. Two cores, 600 MB of q4_k: neighbouring
 * rows 25.6 GB/s; far ones 31.5 in calls of 128 KB, 36.1 in calls of 1 MB, where plain reading comes to 37.4. So
 * callers give as many rows as they can. Fetching 512 bytes ahead instead of 2048 gives 32.9; fetching the next call's
 * rows to the second cache gives 31 in short calls and 24 in long ones. */
#ifndef TAEL__COMPUTE_X86_MATVEC_ROWS_H
#define TAEL__COMPUTE_X86_MATVEC_ROWS_H

#include "compute/kernels_declared.h"

/* Bytes from what a row multiplies to what it fetches. */
enum { TAEL__AHEAD = 2048 };

/* tael__matvec_FORMAT__ISA over rows_FORMAT(y, y_stride, w, x, x_stride, cols, apart, rows, tokens), which multiplies
 * rows 0, apart, 2 * apart ... One token takes `one` rows together; several take `many`, which are unpacked once for
 * all of them: in groups of eight, four, two and one, three cost a quarter and seven a third more. */
#define TAEL__MATVEC_OVER_ROWS(format, isa, one, many, row_bytes)                                                  \
    static inline __attribute__((always_inline)) void tokens_##format(float *y, size_t y_stride, const uint8_t *w, \
                                                                      const char *x, size_t x_stride, size_t cols, \
                                                                      size_t tokens, size_t apart, int rows)       \
    {                                                                                                              \
        switch (tokens) {                                                                                          \
        case 1: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 1); break;                           \
        case 2: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 2); break;                           \
        case 3: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 3); break;                           \
        case 4: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 4); break;                           \
        case 5: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 5); break;                           \
        case 6: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 6); break;                           \
        case 7: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 7); break;                           \
        default: rows_##format(y, y_stride, w, x, x_stride, cols, apart, rows, 8); break;                          \
        }                                                                                                          \
    }                                                                                                              \
    void tael__matvec_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride,  \
                                        size_t rows, size_t cols, size_t tokens)                                   \
    {                                                                                                              \
        const size_t together = tokens == 1 ? (one) : (many), bytes = (row_bytes);                                 \
        const size_t apart = rows / together;                                                                      \
        const uint8_t *row = w;                                                                                    \
        for (size_t r = 0; r < apart; r++, row += bytes)                                                           \
            if (tokens == 1)                                                                                       \
                rows_##format(y + r, 0, row, x, 0, cols, apart, one, 1);                                           \
            else                                                                                                   \
                tokens_##format(y + r, y_stride, row, x, x_stride, cols, tokens, apart, many);                     \
        for (size_t r = apart * together; r < rows; r++)                                                           \
            tokens_##format(y + r, y_stride, (const uint8_t *)w + r * bytes, x, x_stride, cols, tokens, apart, 1); \
    }

#endif
