// SPDX-License-Identifier: Apache-2.0
/* Compares every kernel of every family's list with the readable reference, on random and extreme blocks, odd sizes and
 * unaligned weights that end at a fence, with guards around the outputs; prints a line for each, also for those that
 * this CPU can't run. Kernels are called straight from the lists, so one machine runs every lesser ISA.
 *
 *     kernel_checker [--time] [--seed N] [NAME...]     only kernels whose name contains one of the NAMEs
 *
 * The bound. A dot product of n blocks is a sum of n (with minimums 2 n) floats, each a product of whole numbers, which
 * are exact, with d, rounded at most three times. Any order of adding m terms errs by at most (m - 1) eps sum|term|
 * (Higham, Accuracy and Stability, 4.2). Both sides err: |fast - reference| <= 2 (2 n + 8) eps/2 sum|term|, with the
 * terms in double. */
#include "checker.h"
#include "attention.h"
#include "matrices.h"
#include "vectors.h"

static bool timing;
static int failures, ran, could_not;
static uint32_t cpu;
static int name_count;
static char **names;

/* ---- Quantising ---- */

/* Must be the reference's bits, padding included. */
static bool check_quantize(tael__quantize_fn *fn, tael__act_kind kind)
{
    size_t step = kind == TAEL__ACT_q8_k ? 256 : kind == TAEL__ACT_f32 || kind == TAEL__ACT_bf16 ? 1 : 32;
    for (size_t n = 1; n <= 37; n += 1 + n / 9) {
        for (int a = 0; a < ACT_PATTERNS; a++) {
            size_t cols = n * step, bytes = tael__act_row_bytes(kind, cols);
            fenced x = fence(cols * 4), got = fence(bytes);
            char *want = lines(bytes);
            make_activations((float *)(void *)x.data, cols, &rng, a);
            memset(got.data, 0x5A, bytes);
            reference()->quantize[kind](want, (const float *)(const void *)x.data, cols);
            fn(got.data, (const float *)(const void *)x.data, cols);
            bool same = memcmp(want, got.data, bytes) == 0;
            size_t at = 0;
            while (!same && want[at] == got.data[at]) at++;
            unfence(x);
            unfence(got);
            free(want);
            if (!same) return wrong("%zu values of kind %d: byte %zu of %zu differs", cols, a, at, bytes);
        }
    }
    return true;
}

/* ---- Unpacking ---- */

static bool check_dequantize(tael__dequantize_fn *fn, tael__format f)
{
    const tael__format_info *info = &tael__formats[f];
    for (int p = 0; p < PATTERNS; p++)
        for (size_t blocks = 1; blocks < 6; blocks++) {
            size_t n = blocks * info->block_weights;
            fenced w = fence(blocks * info->block_bytes);
            float *want = lines(n * 4), *got = lines((n + 2 * GUARD) * 4);
            make_weights((uint8_t *)w.data, blocks, f, &rng, (pattern)p);
            guards_set(got, n);
            reference()->dequantize[f](want, w.data, n);
            fn(got + GUARD, w.data, n);
            bool good = guards_hold(got, n);
            if (good && memcmp(want, got + GUARD, n * 4) != 0)
                good = wrong("%zu blocks, %s: other numbers", blocks, pattern_names[p]);
            unfence(w);
            free(want);
            free(got);
            if (!good) return false;
        }
    return true;
}

/* ---- The lists ---- */

static bool wanted(const char *name)
{
    bool any = name_count == 0;
    for (int i = 0; i < name_count; i++) any |= strstr(name, names[i]) != NULL;
    return any;
}

/* True when the kernel is wanted and can run. */
static bool begin(const char *name, uint32_t needs)
{
    if (!wanted(name)) return false;
    printf("%-32s", name);
    if ((cpu & needs) != needs) {
        printf("could not run: this CPU lacks what it needs\n");
        could_not++;
        return false;
    }
    fflush(stdout);
    return true;
}

static void end(bool good)
{
    ran++;
    failures += !good;
    if (good)
        printf("\n");
    else
        printf("  WRONG: %s\n", why);
}

static void verdict(bool good)
{
    if (good) printf("agrees");
}

static void check_lists(void)
{
    bool good;
#define KERNEL(kind, isa, needs)                                                          \
    if (begin("quantize_" #kind "__" #isa, needs)) {                                      \
        verdict(good = check_quantize(tael__quantize_##kind##__##isa, TAEL__ACT_##kind)); \
        end(good);                                                                        \
    }
#include "compute/quantize.inc"
#undef KERNEL
#define KERNEL(format, isa, needs)                                                                   \
    if (begin("dequantize_" #format "__" #isa, needs)) {                                             \
        verdict(good = check_dequantize(tael__dequantize_##format##__##isa, TAEL__FORMAT_##format)); \
        end(good);                                                                                   \
    }
#include "compute/dequantize.inc"
#undef KERNEL
#define KERNEL(format, isa, needs)                                                              \
    if (begin("matvec_" #format "__" #isa, needs)) {                                            \
        verdict(good = check_matvec(tael__matvec_##format##__##isa, TAEL__FORMAT_##format));    \
        if (good && timing) time_matvec(tael__matvec_##format##__##isa, TAEL__FORMAT_##format); \
        end(good);                                                                              \
    }
#include "compute/matvec.inc"
#undef KERNEL
#define KERNEL(format, isa, needs)                                                                   \
    if (begin("matmul_" #format "__" #isa, needs)) {                                                 \
        tael__act_kind act = tael__matmul_act(TAEL__FORMAT_##format, needs);                         \
        verdict(good = check_matmul(tael__matmul_##format##__##isa, TAEL__FORMAT_##format, act));    \
        if (good && timing) time_matmul(tael__matmul_##format##__##isa, TAEL__FORMAT_##format, act); \
        end(good);                                                                                   \
    }
#include "compute/matmul.inc"
#undef KERNEL
#define KERNEL(family, kind, isa, needs)                                                      \
    if (begin(#family "_" #kind "__" #isa, needs)) {                                          \
        verdict(good = check_##family(tael__##family##_##kind##__##isa, TAEL__KV_##kind));    \
        if (good && timing) time_##family(tael__##family##_##kind##__##isa, TAEL__KV_##kind); \
        end(good);                                                                            \
    }
#include "compute/attend.inc"
#undef KERNEL
#define KERNEL(operation, isa, needs)                                     \
    if (begin(#operation "__" #isa, needs)) {                             \
        verdict(good = check_##operation(tael__##operation##__##isa));    \
        if (good && timing) time_##operation(tael__##operation##__##isa); \
        end(good);                                                        \
    }
#include "compute/vector.inc"
#undef KERNEL
}

/* ---- The checker itself ---- */

/* Each is wrong in one way that a fast kernel may be; the checker must see it. */
static void wrong_last_block(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                             size_t cols, size_t tokens)
{
    tael__matvec_q4_0__c(y, y_stride, w, x, x_stride, rows, cols, tokens);
    if (cols > 64) y[rows - 1] *= 1.0001f;
}
static void wrong_outside(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                          size_t cols, size_t tokens)
{
    tael__matvec_q4_0__c(y, y_stride, w, x, x_stride, rows, cols, tokens);
    if (rows == 5) y[rows] = 0;
}
static void wrong_split(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                        size_t cols, size_t tokens)
{
    tael__matvec_q4_0__c(y, y_stride, w, x, x_stride, rows, cols, tokens);
    if (rows == 1) y[0] = nextafterf(y[0], 1e30f);
}
static void wrong_among_others(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                               size_t cols, size_t tokens)
{
    tael__matvec_q4_0__c(y, y_stride, w, x, x_stride, rows, cols, tokens);
    if (tokens > 3) y[2 * y_stride] = nextafterf(y[2 * y_stride], 1e30f);
}
static void wrong_rounding(void *out, const float *x, size_t cols)
{
    tael__quantize_q8_0__c(out, x, cols);
    for (size_t i = 0; i < cols; i++)
        if (x[i] == 2.5f) ((int8_t *)out)[i] = 3; /* half away from zero instead of to even */
}

static void wrong_last_token(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, size_t rows,
                             size_t cols, size_t tokens, void *scratch)
{
    tael__matmul_q4_0__c(y, y_stride, w, x, x_stride, rows, cols, tokens, scratch);
    if (tokens % 8 == 1 && tokens > 1) y[(tokens - 1) * y_stride] += 1;
}

static void check_itself(void)
{
    static const struct {
        const char *what;
        tael__matvec_fn *fn;
    } traps[] = {
        {"a last row that is 0.01 % off", wrong_last_block},
        {"a write past the output", wrong_outside},
        {"other bits for a single row", wrong_split},
        {"other bits for a token among others", wrong_among_others},
    };
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        if (check_matvec(traps[i].fn, TAEL__FORMAT_q4_0)) {
            printf("the checker did not notice %s\n", traps[i].what);
            failures++;
        }
    if (check_matmul(wrong_last_token, TAEL__FORMAT_q4_0, TAEL__ACT_q8_0)) {
        printf("the checker did not notice a wrong last token\n");
        failures++;
    }
    if (check_quantize(wrong_rounding, TAEL__ACT_q8_0)) {
        printf("the checker did not notice wrong rounding\n");
        failures++;
    }
    const char *unnoticed = unnoticed_attention();
    if (unnoticed) {
        printf("the checker did not notice %s\n", unnoticed);
        failures++;
    }
}

int main(int argc, char **argv)
{
    uint64_t seed = 20261123;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--time") == 0)
            timing = true;
        else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc)
            seed = strtoull(argv[++i], NULL, 10);
        else {
            fprintf(stderr, "usage: kernel_checker [--time] [--seed N] [NAME...]\n");
            return 2;
        }
    }
    names = argv + i;
    name_count = argc - i;
    tael__random_seed(&rng, seed);
    cpu = tael__cpu_features();
    printf("seed %llu\n", (unsigned long long)seed);
    check_itself();
    check_lists();
    printf("%d kernels ran, %d could not, %d failures\n", ran, could_not, failures);
    return failures != 0;
}
