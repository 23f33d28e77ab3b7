// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector and matrix times matrix: checked against the reference within the bound that checker.c derives,
 * checked for the same bits in other splits of the rows, and timed. */
#ifndef TAEL__TESTS_KERNELS_MATRICES_H
#define TAEL__TESTS_KERNELS_MATRICES_H

#include "checker.h"

/* ---- Matrix times vector ---- */

/* sum|term| of one row: the weights without their offset or minimum, and that part twice, times |activation|. */
static double magnitude(tael__format f, const uint8_t *row, const void *x, size_t cols)
{
    const tael__format_info *info = &tael__formats[f];
    const int8_t *q = tael__act_q(x);
    const float *d = info->act == TAEL__ACT_f32 ? x : tael__act_d(x, info->act, cols);
    uint32_t act_block = info->act == TAEL__ACT_q8_k ? 256 : 32;
    double sum = 0;
    for (size_t b = 0; b < cols / info->block_weights; b++) {
        uint8_t block[256];
        float full[256], blank[256];
        memcpy(block, row + b * info->block_bytes, info->block_bytes);
        reference()->dequantize[f](full, block, info->block_weights);
        if (info->act != TAEL__ACT_f32) blank_weights(block, f);
        reference()->dequantize[f](blank, block, info->block_weights);
        for (uint32_t i = 0; i < info->block_weights; i++) {
            size_t at = b * info->block_weights + i;
            double a = info->act == TAEL__ACT_f32 ? fabs(d[at]) : fabs((double)d[at / act_block] * q[at]);
            sum += a * (fabs(full[i]) + (info->act == TAEL__ACT_f32 ? 0 : 2 * fabs(blank[i])));
        }
    }
    return sum;
}

/* `each`: weights that make one term. */
static double bound_of(tael__format f, const uint8_t *row, const void *x, size_t cols, size_t each)
{
    double terms = 2 * (double)((cols + each - 1) / each);
    return (terms + 8) * 0x1p-23 * magnitude(f, row, x, cols) + 1e-37; /* the last: results that are no normal floats */
}

static bool close_enough(float got, float want, double bound)
{
    if (isnan(want) || isinf(want)) return isnan(got) || isinf(got);
    return fabs((double)got - (double)want) <= bound;
}

/* One shape: all rows at once, against the reference; then in other splits, which must give the same bits. */
static bool matvec_case(tael__matvec_fn *fn, tael__format f, size_t rows, size_t cols, pattern p, int acts)
{
    const tael__format_info *info = &tael__formats[f];
    size_t row_bytes = cols / info->block_weights * info->block_bytes;
    fenced w = fence(rows * row_bytes), x = fence(tael__act_row_bytes(info->act, cols));
    float *values = lines(cols * 4), got[MAX_ROWS + 2 * GUARD], split[MAX_ROWS + 2 * GUARD], want[MAX_ROWS];
    make_weights((uint8_t *)w.data, rows * cols / info->block_weights, f, &rng, p);
    make_activations(values, cols, &rng, acts);
    reference()->quantize[info->act](x.data, values, cols);
    guards_set(got, rows);
    guards_set(split, rows);
    reference()->matvec[f](want, rows, w.data, x.data, 0, rows, cols, 1);
    fn(got + GUARD, rows, w.data, x.data, 0, rows, cols, 1);
    bool good = guards_hold(got, rows);
    for (size_t r = 0; good && r < rows; r++) {
        const uint8_t *row = (const uint8_t *)w.data + r * row_bytes;
        double bound = bound_of(f, row, x.data, cols, info->block_weights);
        if (!close_enough(got[GUARD + r], want[r], bound))
            good = wrong("row %zu of %zux%zu, weights %s, activations %d: %.9g, not %.9g +- %.2g", r, rows, cols,
                         pattern_names[p], acts, (double)got[GUARD + r], (double)want[r], bound);
    }
    for (size_t r = 0, step = 1; good && r < rows; r += step, step = step % 3 + 1) {
        size_t n = rows - r < step ? rows - r : step;
        fn(split + GUARD + r, n, w.data + r * row_bytes, x.data, 0, n, cols, 1);
    }
    if (good && memcmp(got, split, (rows + 2 * GUARD) * 4) != 0)
        good = wrong("%zux%zu: other bits when rows are split", rows, cols);
    unfence(w);
    unfence(x);
    free(values);
    return good;
}

/* Several tokens at once have the bits that each has alone, wherever y's rows lie. */
static bool matvec_tokens_case(tael__matvec_fn *fn, tael__format f, size_t rows, size_t cols, size_t tokens)
{
    const tael__format_info *info = &tael__formats[f];
    size_t stride = tael__act_row_bytes(info->act, cols), y_stride = rows + tokens;
    fenced w = fence(cols / info->block_weights * info->block_bytes * rows), x = fence(tokens * stride);
    float *values = lines(cols * 4), *got = lines(tokens * y_stride * 4), alone[MAX_ROWS];
    make_weights((uint8_t *)w.data, rows * cols / info->block_weights, f, &rng, RANDOM);
    for (size_t t = 0; t < tokens; t++) {
        make_activations(values, cols, &rng, (int)(t % ACT_PATTERNS));
        reference()->quantize[info->act](x.data + t * stride, values, cols);
    }
    memset(got, 0x5A, tokens * y_stride * 4);
    fn(got, y_stride, w.data, x.data, stride, rows, cols, tokens);
    bool good = true;
    for (size_t t = 0; good && t < tokens; t++) {
        fn(alone, rows, w.data, x.data + t * stride, 0, rows, cols, 1);
        if (memcmp(got + t * y_stride, alone, rows * 4) != 0)
            good = wrong("%zux%zu: token %zu of %zu has other bits than alone", rows, cols, t, tokens);
        for (size_t r = rows; good && r < y_stride; r++)
            if (memcmp(&got[t * y_stride + r], "ZZZZ", 4) != 0)
                good = wrong("%zux%zu: wrote between the outputs of tokens", rows, cols);
    }
    unfence(w);
    unfence(x);
    free(values);
    free(got);
    return good;
}

static bool check_matvec(tael__matvec_fn *fn, tael__format f)
{
    static const size_t blocks[] = {1, 2, 3, 4, 5, 7, 8, 9, 16, 28, 33};
    size_t weights = tael__formats[f].block_weights;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++)
        for (size_t rows = 1; rows <= MAX_ROWS; rows += 1 + rows / 5) {
            pattern p = (pattern)((i + rows) % PATTERNS);
            if (!matvec_case(fn, f, rows, blocks[i] * weights, p, (int)((i * 3 + rows) % ACT_PATTERNS))) return false;
            if (!matvec_case(fn, f, rows, blocks[i] * weights, RANDOM, 0)) return false;
        }
    for (int p = 0; p < PATTERNS; p++)
        for (int a = 0; a < ACT_PATTERNS; a++)
            if (!matvec_case(fn, f, 5, (weights == 1 ? 67 : 3) * weights, (pattern)p, a)) return false;
    for (size_t tokens = 1; tokens <= TAEL__MATVEC_TOKENS; tokens++)
        for (size_t rows = 1; rows <= 9; rows++)
            if (!matvec_tokens_case(fn, f, rows, blocks[(tokens + rows) % 11] * weights, tokens)) return false;
    return true;
}

/* ---- Matrix times matrix ---- */

typedef struct product {
    tael__format format;
    tael__act_kind act;
    size_t rows, cols, tokens, stride;
    fenced w, x;
    void *scratch;
} product;

static product product_make(tael__format f, tael__act_kind act, size_t rows, size_t cols, size_t tokens, pattern p,
                            int acts)
{
    const tael__format_info *info = &tael__formats[f];
    product m = {.format = f, .act = act, .rows = rows, .cols = cols, .tokens = tokens};
    m.stride = tael__act_row_bytes(act, cols);
    m.w = fence(rows * cols / info->block_weights * info->block_bytes);
    m.x = fence(tokens * m.stride);
    m.scratch = lines(tael__matmul_scratch_bytes(f, cols));
    make_weights((uint8_t *)m.w.data, rows * cols / info->block_weights, f, &rng, p);
    float *values = lines(cols * 4);
    for (size_t t = 0; t < tokens; t++) {
        make_activations(values, cols, &rng, acts);
        reference()->quantize[act](m.x.data + t * m.stride, values, cols);
    }
    free(values);
    return m;
}

static void product_free(product m)
{
    unfence(m.w);
    unfence(m.x);
    free(m.scratch);
}

/* What a kernel that takes bf16 may give for one row: the product in double of the weights and the rounded x, and how
 * far it may be off. Weights are rounded to bf16 too (2^-8 of each) after steps in f32 that err by 2^-16 of a block's
 * largest; sums are f32; whatever is no normal number may count as zero. */
static float want_of_bf16(double *bound, tael__format f, const uint8_t *row, const uint16_t *x, size_t cols)
{
    static const size_t place[8] = {0, 2, 4, 6, 1, 3, 5, 7};
    const tael__format_info *info = &tael__formats[f];
    double want = 0, size = 0;
    *bound = 1e-37;
    for (size_t b = 0; b < cols; b += info->block_weights) {
        float w[256], most = 0;
        reference()->dequantize[f](w, row + b / info->block_weights * info->block_bytes, info->block_weights);
        for (size_t i = 0; i < info->block_weights; i++) most = fabsf(w[i]) > most ? fabsf(w[i]) : most;
        for (size_t i = 0; i < info->block_weights; i++) {
            uint32_t bits = (uint32_t)x[(b + i) / 8 * 8 + place[(b + i) % 8]] << 16;
            float a;
            memcpy(&a, &bits, 4);
            want += (double)w[i] * (double)a;
            size += fabs((double)w[i] * (double)a);
            *bound += fabs((double)a) * (0x1.02p-8 * fabs((double)w[i]) + 0x1p-16 * (double)most + 2e-38) + 2e-38;
        }
    }
    *bound += (double)cols * 0x1p-23 * size;
    return (float)want;
}

/* All tokens and rows at once, then in pieces of `rows`, into y with a guarded column at the end of each token. */
static bool matmul_case(tael__matmul_fn *fn, product m, pattern p, int acts)
{
    const tael__format_info *info = &tael__formats[m.format];
    size_t row_bytes = m.cols / info->block_weights * info->block_bytes, y_stride = m.rows + 3, n = y_stride * m.tokens;
    float *got = lines((n + 2 * GUARD) * 4), *split = lines((n + 2 * GUARD) * 4), want;
    guards_set(got, n);
    guards_set(split, n);
    fn(got + GUARD, y_stride, m.w.data, m.x.data, m.stride, m.rows, m.cols, m.tokens, m.scratch);
    bool good = guards_hold(got, n);
    for (size_t t = 0; good && t < m.tokens; t++) {
        for (size_t r = 0; good && r < m.rows; r++) {
            const uint8_t *row = (const uint8_t *)m.w.data + r * row_bytes,
                          *x = (const uint8_t *)m.x.data + t * m.stride;
            if (t % 5 && r % 7) continue;
            double bound;
            if (m.act == TAEL__ACT_bf16) {
                want = want_of_bf16(&bound, m.format, row, (const uint16_t *)(const void *)x, m.cols);
            } else {
                reference()->matvec[m.format](&want, 1, row, x, 0, 1, m.cols, 1);
                bound = bound_of(m.format, row, x, m.cols, info->act == TAEL__ACT_f32 ? 1 : 16);
            }
            float y = got[GUARD + t * y_stride + r];
            if (!close_enough(y, want, bound))
                good = wrong("row %zu, token %zu of %zux%zux%zu, weights %s, activations %d: %.9g, not %.9g +- %.2g", r,
                             t, m.rows, m.cols, m.tokens, pattern_names[p], acts, (double)y, (double)want, bound);
        }
        for (size_t r = m.rows; good && r < y_stride; r++)
            if (got[GUARD + t * y_stride + r] != guard_value) good = wrong("wrote between tokens");
    }
    for (size_t r = 0, step = 16; good && r < m.rows; r += step) {
        size_t rows = m.rows - r < step ? m.rows - r : step;
        fn(split + GUARD + r, y_stride, m.w.data + r * row_bytes, m.x.data, m.stride, rows, m.cols, m.tokens,
           m.scratch);
    }
    if (good && memcmp(got, split, (n + 2 * GUARD) * 4) != 0)
        good = wrong("other bits when %zu rows are split", m.rows);
    free(got);
    free(split);
    return good;
}

static bool check_matmul(tael__matmul_fn *fn, tael__format f, tael__act_kind act)
{
    static const struct {
        size_t rows, blocks, tokens;
    } sizes[] = {{1, 1, 1},  {16, 2, 8},  {17, 3, 9}, {5, 5, 2},    {33, 4, 17}, {48, 7, 33},
                 {15, 9, 7}, {20, 1, 70}, {3, 20, 3}, {300, 2, 48}, {65, 3, 530}};
    size_t weights = tael__formats[f].block_weights, least = weights == 1 ? 32 : weights;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (int p = 0; p < PATTERNS; p += 1 + (int)(i % 2)) {
            int acts = (int)(i + (size_t)p) % ACT_PATTERNS;
            product m = product_make(f, act, sizes[i].rows, sizes[i].blocks * least, sizes[i].tokens, (pattern)p, acts);
            bool good = matmul_case(fn, m, (pattern)p, acts);
            product_free(m);
            if (!good) return false;
        }
    return true;
}

/* ---- Timing ---- */

/* One matvec or matmul over and over; `matmul` NULL means the other. */
typedef struct timed {
    product m;
    tael__matvec_fn *matvec;
    tael__matmul_fn *matmul;
    float *y;
} timed;

static void run_timed(void *user)
{
    timed *t = user;
    if (t->matmul)
        t->matmul(t->y, t->m.rows, t->m.w.data, t->m.x.data, t->m.stride, t->m.rows, t->m.cols, t->m.tokens,
                  t->m.scratch);
    else
        t->matvec(t->y, t->m.rows, t->m.w.data, t->m.x.data, t->m.stride, t->m.rows, t->m.cols, t->m.tokens);
}

/* Matvec: weights that no cache holds, so that what counts is reading them; the reference is slow enough with 2 MiB. */
static void time_matvec(tael__matvec_fn *fn, tael__format f)
{
    static double c[TAEL__FORMAT_COUNT];
    const size_t cols = 4096, row_bytes = cols / tael__formats[f].block_weights * tael__formats[f].block_bytes;
    bool is_reference = fn == reference()->matvec[f];
    size_t rows = ((size_t)(is_reference ? 2 : 160) << 20) / row_bytes;
    timed t = {
        .m = product_make(f, tael__formats[f].act, 16, cols, 8, RANDOM, 0), .matvec = fn, .y = lines(8 * rows * 4)};
    fenced sixteen = t.m.w;
    t.m.w = fence(rows * row_bytes);
    t.m.rows = rows;
    for (size_t r = 0; r < rows; r++) memcpy(t.m.w.data + r * row_bytes, sixteen.data + r % 16 * row_bytes, row_bytes);
    t.m.tokens = 1;
    double seconds = fastest(run_timed, &t);
    printf("  4096x4096 %8.3f ms", seconds * 4096 / (double)rows * 1e3);
    print_rate((double)(rows * row_bytes) / seconds / 1e9, "GB/s", is_reference, &c[f]);
    for (t.m.tokens = 4; t.m.tokens <= 8; t.m.tokens += 4)
        printf(", %zu tokens %4.2fx", t.m.tokens, fastest(run_timed, &t) / seconds);
    unfence(sixteen);
    product_free(t.m);
    free(t.y);
}

static void time_matmul(tael__matmul_fn *fn, tael__format f, tael__act_kind act)
{
    static double c[TAEL__FORMAT_COUNT];
    bool is_reference = fn == reference()->matmul[f];
    size_t tokens = is_reference ? 8 : 512;
    timed t = {.m = product_make(f, act, 1024, 2048, tokens, RANDOM, 0), .matmul = fn, .y = lines(1024 * tokens * 4)};
    if (!is_reference) {
        t.m.tokens = 16;
        printf("  1024x2048x16 %.3f ms", fastest(run_timed, &t) * 1e3);
        t.m.tokens = tokens;
    }
    double seconds = fastest(run_timed, &t);
    printf("  x%zu %8.3f ms", tokens, seconds * 1e3);
    print_rate(2 * 1024.0 * 2048.0 * (double)tokens / seconds / 1e9, "Gop/s", is_reference, &c[f]);
    product_free(t.m);
    free(t.y);
}

#endif
