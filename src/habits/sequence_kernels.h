// SPDX-License-Identifier: Apache-2.0
/* The arithmetic of the sequence model, one table an instruction set. Training has loops that running a language model
 * has not (products with either side turned, float in and out), so the room brings its own few and needs no look into
 * compute. All are written once, in sequence_body.h, and compiled for each ISA. */
#ifndef TAEL__SEQUENCE_KERNELS_H
#define TAEL__SEQUENCE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAEL__PANEL 32 /* columns that a product takes at once: n of matmul is a multiple of it */

/* A tile of fold: 96 rows are 8 times the 12 of AVX-512's tile; 96 KiB, and the 64 KiB of y beside it. */
#define TAEL__FOLD_ROWS 96
#define TAEL__FOLD      256
#define TAEL__FOLD_ROOM (TAEL__FOLD_ROWS * TAEL__FOLD)

/* Vectors as fold takes them, twice. */
typedef struct tael__sequence_side {
    const float *rows; /* [n][d], n a multiple of 32 */
    float *panels;     /* [n / 32][d][32] */
} tael__sequence_side;

typedef struct tael__sequence_kernels {
    const char *isa;
    /* c[m][n] (+)= a[m][k] · b[k][n]. a's element (i, s) is a[i * a_row + s * a_step], so that either side of it may be
     * its rows. b lies in panels of 32 columns, b_panel floats apart, whose rows are b_row floats apart: 32 and n for
     * a plain matrix, 32 · k and 32 for a packed one. `add`: to what c holds. */
    void (*matmul)(float *c, size_t c_row, const float *a, size_t a_row, size_t a_step, const float *b, size_t b_panel,
                   size_t b_row, size_t m, size_t n, size_t k, bool add);
    float (*dot)(const float *a, const float *b, size_t n);
    void (*axpy)(float *y, float a, const float *x, size_t n); /* y += a · x */
    float (*exp_sum)(float *x, size_t n, float shift);         /* x = e^(x - shift); their sum */
    /* Half of a softmax: p_ij = e^(x_i · y_j - shift_j); out_i += sum over j of p_ij · y_j, and sums_i (NULL: not
     * wanted) += sum of p_ij. x's rows [x_at, x_at + m), y's [y_at, y_at + n), of which those from `real` on count
     * nothing; all but real are multiples of 32, n at most TAEL__FOLD. room: TAEL__FOLD_ROOM floats. */
    void (*fold)(float *out, float *sums, const tael__sequence_side *x, size_t x_at, size_t m,
                 const tael__sequence_side *y, size_t y_at, size_t n, size_t real, const float *shift, size_t d,
                 float *room);
    /* Makes the panels of n rows, a multiple of 32, from `at` on. */
    void (*pack)(tael__sequence_side *side, size_t at, size_t n, size_t d);
    void (*gelu)(float *y, const float *x, size_t n);              /* the tanh form (Hendrycks and Gimpel, 2016) */
    void (*gelu_back)(float *d, const float *x, size_t n);         /* d *= gelu'(x) */
    void (*dropout)(float *x, size_t n, float rate, uint32_t key); /* the same key drops the same elements */
    /* AdamW (Loshchilov and Hutter, 2019): rate holds the correction of the first moment's bias, `second` is that of
     * the second's, shrink is 1 - rate · decay. */
    void (*adam)(float *w, float *m, float *v, const float *g, size_t n, float rate, float second, float shrink);
} tael__sequence_kernels;

extern const tael__sequence_kernels tael__sequence_generic;
#if defined(__x86_64__)
extern const tael__sequence_kernels tael__sequence_avx2, tael__sequence_avx512vnni;
#endif

/* The best that this CPU runs. */
const tael__sequence_kernels *tael__sequence_kernels_pick(void);

#endif
