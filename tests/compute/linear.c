// SPDX-License-Identifier: Apache-2.0
/* Linear layers: any number of threads gives the same bits, every row and token is filled once and nothing beside it,
 * shared inputs and biases reach the right matrix. A split that loses or doubles a row shows against products of the
 * reference kernels row by row; one that changes the order of sums shows between thread counts. */
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "compute/linear.h"

#define GUARD 12345.678f

/* Random blocks whose 16-bit scales are small ordinary numbers wherever a format has them. */
static void *random_weights(tael__random *r, tael__format format, size_t rows, size_t cols)
{
    const tael__format_info *f = &tael__formats[format];
    static const struct {
        int scale, second;
    } at[TAEL__FORMAT_COUNT] = {
        [TAEL__FORMAT_q4_0] = {0, -1},   [TAEL__FORMAT_q4_1] = {0, 2},    [TAEL__FORMAT_q5_0] = {0, -1},
        [TAEL__FORMAT_q5_1] = {0, 2},    [TAEL__FORMAT_q8_0] = {0, -1},   [TAEL__FORMAT_q2_k] = {80, 82},
        [TAEL__FORMAT_q3_k] = {108, -1}, [TAEL__FORMAT_q4_k] = {0, 2},    [TAEL__FORMAT_q5_k] = {0, 2},
        [TAEL__FORMAT_q6_k] = {208, -1}, [TAEL__FORMAT_tq1_0] = {52, -1}, [TAEL__FORMAT_tq2_0] = {64, -1},
        [TAEL__FORMAT_mxfp4] = {0, -1},
    };
    size_t blocks = rows * (cols / f->block_weights), bytes = blocks * f->block_bytes;
    uint8_t *w = malloc(bytes);
    assert_non_null(w);
    for (size_t i = 0; i < bytes; i++) w[i] = (uint8_t)tael__random_next(r);
    for (size_t b = 0; b < blocks; b++) {
        uint8_t *block = w + b * f->block_bytes;
        float small = (float)(tael__random_unit(r) - 0.5) * 0.02f;
        uint16_t h = tael__f32_to_f16(small);
        if (format == TAEL__FORMAT_f32)
            memcpy(block, &small, 4);
        else if (format == TAEL__FORMAT_bf16)
            memcpy(block, (char *)&small + 2, 2);
        else
            memcpy(block + at[format].scale, &h, 2);
        if (format == TAEL__FORMAT_mxfp4) block[0] = 120; /* 2^(120 - 128) */
        if (format == TAEL__FORMAT_iq1_m)                 /* four nibbles of a small f16 number, atop its scales */
            for (int i = 0; i < 4; i++)
                block[49 + 2 * i] = (uint8_t)((block[49 + 2 * i] & 15) | (h >> (4 * i) & 15) << 4);
        if (f->block_weights > 1 && at[format].second >= 0) memcpy(block + at[format].second, &h, 2);
    }
    return w;
}

/* Does a kernel run that rounds weights and activations to bf16 instead of taking activations of 8 bits? */
static bool rounds(const tael__matrix *m, size_t tokens)
{
    return tokens > TAEL__MATVEC_TOKENS && tael__kernels_get()->matmul_act[m->format] == TAEL__ACT_bf16;
}

/* y from the reference kernels. For a kernel that rounds to bf16 (`near` not NULL): from the weights as they are and x
 * itself, and how far it may be off, for each factor errs by 2^-8 of itself at most. */
static float reference(const tael__kernels *c, const tael__matrix *m, size_t row, const float *x, float *near)
{
    if (near) {
        float *w = tael__alloc_aligned(m->cols * sizeof *w);
        double sum = 0, size = 0;
        c->dequantize[m->format](w, (const char *)m->data + row * m->row_bytes, m->cols);
        for (size_t i = 0; i < m->cols; i++) {
            sum += (double)w[i] * (double)x[i];
            size += fabs((double)w[i] * (double)x[i]);
        }
        tael__free(w);
        *near = (float)(0x1.1p-7 * size + 1e-6);
        return (float)sum;
    }
    char *act = tael__alloc_aligned(tael__act_row_bytes(tael__formats[m->format].act, m->cols));
    float y;
    c->quantize[tael__formats[m->format].act](act, x, m->cols);
    c->matvec[m->format](&y, 1, (const char *)m->data + row * m->row_bytes, act, 0, 1, m->cols, 1);
    tael__free(act);
    return y;
}

static void check_against_reference(const tael__matrix *m, const float *y, const float *bias, const float *x,
                                    size_t tokens)
{
    tael__kernels c;
    double squares = 0;
    tael__kernels_pick(&c, 0);
    for (size_t i = 0; i < m->rows * tokens; i++) squares += (double)y[i] * y[i];
    float near = (float)(1e-5 * (1 + sqrt(squares / (double)(m->rows * tokens))));
    for (size_t t = 0; t < tokens; t++)
        for (size_t r = 0; r < m->rows; r++) {
            float want = reference(&c, m, r, x + t * m->cols, rounds(m, tokens) ? &near : NULL) + (bias ? bias[r] : 0);
            if (!(fabsf(y[t * m->rows + r] - want) <= near))
                fail_msg("%s %zux%zu token %zu of %zu, row %zu: %g, not %g", tael__formats[m->format].name, m->rows,
                         m->cols, t, tokens, r, (double)y[t * m->rows + r], (double)want);
        }
}

enum { MATRICES = 3, MOST_TOKENS = 37 };

/* Three matrices of two formats share one input; the middle one has no bias. */
static void run_once(uint32_t threads, tael__matrix matrices[MATRICES], const float *const *bias, const float *x,
                     size_t tokens, float *y[MATRICES])
{
    tael__pool *pool;
    tael__workspace *w;
    assert_ok(tael__pool_open(&pool, threads));
    assert_ok(tael__workspace_open(&w, pool, matrices[0].cols, MOST_TOKENS));
    for (int m = 0; m < MATRICES; m++) y[m][matrices[m].rows * tokens] = GUARD;
    tael__linear(w, y, matrices, bias, MATRICES, x, tokens);
    for (int m = 0; m < MATRICES; m++) assert_true(y[m][matrices[m].rows * tokens] == GUARD);
    tael__workspace_close(w);
    tael__pool_close(pool);
}

static void check_formats(tael__format first, tael__format second, size_t cols)
{
    static const size_t tokens[] = {1, 2, 3, 4, 5, 16, MOST_TOKENS};
    tael__random r;
    tael__random_seed(&r, 20 + first);
    const size_t rows[MATRICES] = {53, 16, 200};
    tael__matrix matrices[MATRICES];
    float *y[MATRICES], *again[MATRICES], *x = malloc(MOST_TOKENS * cols * sizeof *x), bias_data[200];
    const float *bias[MATRICES] = {bias_data, NULL, bias_data};
    for (size_t i = 0; i < 200; i++) bias_data[i] = (float)tael__random_unit(&r);
    for (size_t i = 0; i < MOST_TOKENS * cols; i++) x[i] = (float)(tael__random_unit(&r) - 0.5);
    for (int m = 0; m < MATRICES; m++) {
        tael__format format = m == 1 ? second : first;
        matrices[m] = (tael__matrix){random_weights(&r, format, rows[m], cols), format, rows[m], cols, 0};
        assert_true(tael__format_row_bytes(&matrices[m].row_bytes, format, cols));
        y[m] = malloc((rows[m] * MOST_TOKENS + 1) * sizeof(float));
        again[m] = malloc((rows[m] * MOST_TOKENS + 1) * sizeof(float));
    }
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        run_once(1, matrices, bias, x, tokens[i], y);
        for (int m = 0; m < MATRICES; m++) check_against_reference(&matrices[m], y[m], bias[m], x, tokens[i]);
        for (uint32_t threads = 2; threads <= 3; threads++) {
            run_once(threads, matrices, bias, x, tokens[i], again);
            for (int m = 0; m < MATRICES; m++) assert_memory_equal(y[m], again[m], rows[m] * tokens[i] * sizeof(float));
        }
    }
    for (int m = 0; m < MATRICES; m++) {
        free((void *)matrices[m].data);
        free(y[m]);
        free(again[m]);
    }
    free(x);
}

static void threads_change_no_bit_and_rows_are_right(void **state)
{
    (void)state;
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
        check_formats((tael__format)f, tael__formats[f].block_weights == 256 ? TAEL__FORMAT_q6_k : TAEL__FORMAT_q8_0,
                      tael__formats[f].block_weights == 256 ? 768 : 96);
}

static void no_memory_leaves_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1;; nth++) {
        tael__workspace *w = (tael__workspace *)state;
        tael__alloc_break(nth, false);
        tael_status status = tael__workspace_open(&w, NULL, 512, 8);
        tael__alloc_break(0, false);
        if (status == TAEL_OK) {
            tael__workspace_close(w);
            assert_true(nth > 2);
            return;
        }
        assert_int_equal(status, TAEL_NO_MEMORY);
        assert_null(w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_no_bit_and_rows_are_right),
        cmocka_unit_test(no_memory_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
