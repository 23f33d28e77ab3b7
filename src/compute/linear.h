// SPDX-License-Identifier: Apache-2.0
/* A linear layer over a pool of threads: the one place that decides between matvec (decode) and matmul (prefill) and
 * how rows are split. Nobody above calls a matvec or matmul kernel itself. */
#ifndef TAEL__COMPUTE_LINEAR_H
#define TAEL__COMPUTE_LINEAR_H

#include "base/threads.h"
#include "compute/kernels.h"

/* A weight matrix as it lies in the file: rows x cols, row-major blocks. Borrowed. */
typedef struct tael__matrix {
    const void *data;
    tael__format format;
    size_t rows, cols;
    size_t row_bytes;
} tael__matrix;

/* The most matrices of one call: q, k, v, gate, up and room to grow. */
#define TAEL__LINEAR_MOST 8

/* What linear needs besides its arguments. Made once per context for its largest shapes, by one thread. */
typedef struct tael__workspace tael__workspace;

/* max_cols: the widest input; max_tokens: the most rows at once. TAEL_NO_MEMORY. The pool is borrowed. */
tael_status tael__workspace_open(tael__workspace **out, tael__pool *pool, size_t max_cols, size_t max_tokens);
void tael__workspace_close(tael__workspace *w);

/* y_m[t][r] = W_m[r] . x[t] for each of `count` matrices that share the input x (tokens x cols, row-major f32): q, k
 * and v are one call, so that x is quantised once per act kind and threads meet once. y[m] has W_m.rows columns.
 * bias[m] may be NULL (and so may bias), else f32[rows]. All matrices have the same cols. */
void tael__linear(tael__workspace *w, float *const *y, const tael__matrix *matrices, const float *const *bias,
                  size_t count, const float *x, size_t tokens);

/* y[i] = W[rows[i]] . x for a few rows of one matrix and one token: the same bits as above gives a single token. */
void tael__linear_rows(tael__workspace *w, float *y, const tael__matrix *matrix, const int32_t *rows, size_t count,
                       const float *x);

#endif
