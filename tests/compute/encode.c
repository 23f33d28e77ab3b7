// SPDX-License-Identifier: Apache-2.0
/* Encoders: what they write unpacks to numbers close to what they were given, on every instruction set with the same
 * bits. A swapped nibble or a scale in the wrong place makes the error that of a random guess (1 and more); a search
 * that doesn't search fails the bounds, which lie a few percent above what it reaches. */
#include "support.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "compute/encode_declared.h"
#include "compute/kernels.h"

enum { COLS = 512, ROWS = 64, ROW_BYTES = COLS * 4 };

/* Bell-shaped numbers (the sum of twelve uniform ones has a variance of 1). */
static void bell(float *x, size_t n, uint64_t seed)
{
    tael__random r;
    tael__random_seed(&r, seed);
    for (size_t i = 0; i < n; i++) {
        double sum = -6;
        for (int k = 0; k < 12; k++) sum += tael__random_unit(&r);
        x[i] = (float)sum;
    }
}

static double error_of(tael__format f, const float *x, const float *importance, size_t rows)
{
    static uint8_t blocks[ROW_BYTES];
    static float back[COLS];
    double sum = 0, all = 0;
    for (size_t r = 0; r < rows; r++, x += COLS) {
        tael__encode_of(f)(blocks, x, importance, COLS);
        tael__kernels_get()->dequantize[f](back, blocks, COLS);
        for (size_t i = 0; i < COLS; i++) {
            double w = importance ? (double)importance[i] : 1, off = (double)(back[i] - x[i]);
            sum += w * off * off;
            all += w * (double)x[i] * (double)x[i];
        }
    }
    return sqrt(sum / all);
}

static void every_encoder_stays_within_its_error(void **state)
{
    (void)state;
    static const struct {
        tael__format format;
        double most;
    } bounds[] = {
        {TAEL__FORMAT_f32, 0},       {TAEL__FORMAT_f16, 3e-4},      {TAEL__FORMAT_bf16, 2.4e-3},
        {TAEL__FORMAT_q4_0, 0.0825}, {TAEL__FORMAT_q4_1, 0.0715},   {TAEL__FORMAT_q5_0, 0.041},
        {TAEL__FORMAT_q5_1, 0.0346}, {TAEL__FORMAT_q8_0, 0.0055},   {TAEL__FORMAT_q2_k, 0.275},
        {TAEL__FORMAT_q3_k, 0.148},  {TAEL__FORMAT_q4_k, 0.0722},   {TAEL__FORMAT_q5_k, 0.0357},
        {TAEL__FORMAT_q6_k, 0.0169}, {TAEL__FORMAT_iq4_nl, 0.0757}, {TAEL__FORMAT_iq4_xs, 0.0765},
    };
    static float x[ROWS * COLS];
    bell(x, ROWS * COLS, 7);
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        double error = error_of(bounds[i].format, x, NULL, ROWS);
        if (!(error <= bounds[i].most))
            fail_msg("%s: error %.5f, not below %.5f", tael__formats[bounds[i].format].name, error, bounds[i].most);
    }
}

/* What the blocks can hold exactly comes back exactly: whole multiples of a power of two. */
static void numbers_that_fit_come_back(void **state)
{
    (void)state;
    static float x[COLS], back[COLS];
    static uint8_t blocks[ROW_BYTES];
    static const tael__format formats[] = {TAEL__FORMAT_q4_0, TAEL__FORMAT_q4_1, TAEL__FORMAT_q5_0, TAEL__FORMAT_q5_1,
                                           TAEL__FORMAT_q6_k};
    for (size_t f = 0; f < sizeof formats / sizeof *formats; f++) {
        for (size_t i = 0; i < COLS; i++) x[i] = 0.25f * ((float)((i * 7 + i / 16) % 16) - 8);
        tael__encode_of(formats[f])(blocks, x, NULL, COLS);
        tael__kernels_get()->dequantize[formats[f]](back, blocks, COLS);
        for (size_t i = 0; i < COLS; i++)
            if (fabsf(back[i] - x[i]) > 2e-3f)
                fail_msg("%s: %g, not %g", tael__formats[formats[f]].name, (double)back[i], (double)x[i]);
    }
}

/* Columns that count more come out better: a search that ignores importance fails. */
static void importance_moves_the_error(void **state)
{
    (void)state;
    static float x[ROWS * COLS], importance[COLS];
    bell(x, ROWS * COLS, 8);
    for (size_t i = 0; i < COLS; i++) importance[i] = i % 8 == 3 ? 100.0f : 1.0f;
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) {
        if (!tael__encode_of((tael__format)f) || tael__formats[f].block_weights == 1 || f == TAEL__FORMAT_q8_0)
            continue;
        static uint8_t with[ROW_BYTES], without[ROW_BYTES];
        static float back[2][COLS];
        double sum[2] = {0};
        for (size_t r = 0; r < ROWS; r++) {
            tael__encode_of((tael__format)f)(with, x + r * COLS, importance, COLS);
            tael__encode_of((tael__format)f)(without, x + r * COLS, NULL, COLS);
            tael__kernels_get()->dequantize[f](back[0], with, COLS);
            tael__kernels_get()->dequantize[f](back[1], without, COLS);
            for (size_t i = 0; i < COLS; i++)
                for (int k = 0; k < 2; k++) {
                    double off = (double)(back[k][i] - x[r * COLS + i]);
                    sum[k] += (double)importance[i] * off * off;
                }
        }
        if (!(sum[0] < 0.95 * sum[1])) fail_msg("%s: %g with, %g without", tael__formats[f].name, sum[0], sum[1]);
    }
}

/* Zeros, one spike, tiny and huge numbers, all equal: finite blocks that keep the largest number. */
static void strange_rows_stay_finite(void **state)
{
    (void)state;
    static float x[COLS], back[COLS], none[COLS];
    static uint8_t blocks[ROW_BYTES];
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
        for (int kind = 0; tael__encode_of((tael__format)f) && kind < 6; kind++) {
            float top = 0;
            for (size_t i = 0; i < COLS; i++) {
                static const float scales[] = {0, 0, 1e-30f, 5e4f, 3.0f, 1e-6f};
                x[i] = kind == 1 ? (i == 100 ? -7.0f : 0) : kind == 4 ? 3.0f : scales[kind] * sinf((float)i);
                top = fabsf(x[i]) > top ? fabsf(x[i]) : top;
            }
            tael__encode_of((tael__format)f)(blocks, x, kind % 2 ? none : NULL, COLS); /* importance of zeros */
            tael__kernels_get()->dequantize[f](back, blocks, COLS);
            for (size_t i = 0; i < COLS; i++)
                if (!(fabsf(back[i]) <= 1.2f * top))
                    fail_msg("%s, kind %d: %g at %zu", tael__formats[f].name, kind, (double)back[i], i);
            if (kind == 1 && fabsf(back[100] + 7) > 0.3f)
                fail_msg("%s: the spike became %g", tael__formats[f].name, (double)back[100]);
        }
}

static void every_instruction_set_writes_the_same_bits(void **state)
{
    (void)state;
#if TAEL_X86
    if (!(tael__cpu_features() & TAEL_CPU_AVX2)) skip();
    static float x[COLS], importance[COLS];
    static uint8_t plain[ROW_BYTES], fast[ROW_BYTES];
    for (uint64_t seed = 0; seed < 20; seed++) {
        bell(x, COLS, seed);
        for (size_t i = 0; i < COLS; i++) importance[i] = fabsf(sinf((float)(i + seed)));
        const float *w = seed % 2 ? importance : NULL;
#define ENCODE(format)                               \
    memset(plain, 0, sizeof plain);                  \
    memset(fast, 0, sizeof fast);                    \
    tael__encode_##format##__c(plain, x, w, COLS);   \
    tael__encode_##format##__avx2(fast, x, w, COLS); \
    if (memcmp(plain, fast, sizeof plain) != 0) fail_msg(#format ": other bits, seed %d", (int)seed);
#include "compute/encode.inc"
#undef ENCODE
    }
#else
    skip();
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_encoder_stays_within_its_error),
        cmocka_unit_test(numbers_that_fit_come_back),
        cmocka_unit_test(importance_moves_the_error),
        cmocka_unit_test(strange_rows_stay_finite),
        cmocka_unit_test(every_instruction_set_writes_the_same_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
