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
#include <stdarg.h>
#include <time.h>

#include "cases.h"
#include "compute/activations.h"
#include "compute/kernels_declared.h"

enum { MAX_ROWS = 11, GUARD = 16 };
static const float guard_value = 12345.678f;

static tael__random rng;
static bool timing;
static int failures, ran, could_not;
static uint32_t cpu;
static int name_count;
static char **names;

/* Why the case at hand failed; empty while it holds. */
static char why[256];

static bool wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static bool wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(why, sizeof why, format, args);
    va_end(args);
    return false;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *lines(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 64 + 63) / 64 * 64);
    if (!p) exit(1);
    return p;
}

/* ---- Outputs between guards ---- */

static void guards_set(float *out, size_t n)
{
    for (size_t i = 0; i < n + 2 * GUARD; i++) out[i] = guard_value;
}

static bool guards_hold(const float *out, size_t n)
{
    for (size_t i = 0; i < GUARD; i++)
        if (out[i] != guard_value || out[GUARD + n + i] != guard_value) return wrong("wrote outside its output");
    return true;
}

/* ---- Matrix times vector ---- */

/* sum|term| of one row: the weights without their offset or minimum, and that part twice, times |activation|. */
static double magnitude(tael__format f, const uint8_t *row, const void *x, size_t cols)
{
    const tael__format_info *info = &tael__formats[f];
    const int8_t *q = tael__act_q(x);
    const float *d = info->act == TAEL__ACT_f32 ? x : tael__act_d(x, info->act, cols);
    uint32_t act_block = info->act == TAEL__ACT_q8_k ? 256 : 32;
    double sum = 0;
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    for (size_t b = 0; b < cols / info->block_weights; b++) {
        uint8_t block[256];
        float full[256], blank[256];
        memcpy(block, row + b * info->block_bytes, info->block_bytes);
        c.dequantize[f](full, block, info->block_weights);
        if (info->act != TAEL__ACT_f32) blank_weights(block, f);
        c.dequantize[f](blank, block, info->block_weights);
        for (uint32_t i = 0; i < info->block_weights; i++) {
            size_t at = b * info->block_weights + i;
            double a = info->act == TAEL__ACT_f32 ? fabs(d[at]) : fabs((double)d[at / act_block] * q[at]);
            sum += a * (fabs(full[i]) + (info->act == TAEL__ACT_f32 ? 0 : 2 * fabs(blank[i])));
        }
    }
    return sum;
}

static double bound_of(tael__format f, const uint8_t *row, const void *x, size_t cols)
{
    double terms = 2 * (double)(cols / tael__formats[f].block_weights);
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
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    fenced w = fence(rows * row_bytes), x = fence(tael__act_row_bytes(info->act, cols));
    float *values = lines(cols * 4), got[MAX_ROWS + 2 * GUARD], split[MAX_ROWS + 2 * GUARD], want[MAX_ROWS];
    make_weights((uint8_t *)w.data, rows * cols / info->block_weights, f, &rng, p);
    make_activations(values, cols, &rng, acts);
    c.quantize[info->act](x.data, values, cols);
    guards_set(got, rows);
    guards_set(split, rows);
    c.matvec[f](want, w.data, x.data, rows, cols);
    fn(got + GUARD, w.data, x.data, rows, cols);
    bool good = guards_hold(got, rows);
    for (size_t r = 0; good && r < rows; r++) {
        const uint8_t *row = (const uint8_t *)w.data + r * row_bytes;
        double bound = bound_of(f, row, x.data, cols);
        if (!close_enough(got[GUARD + r], want[r], bound))
            good = wrong("row %zu of %zux%zu, weights %s, activations %d: %.9g, not %.9g +- %.2g", r, rows, cols,
                         pattern_names[p], acts, (double)got[GUARD + r], (double)want[r], bound);
    }
    for (size_t r = 0, step = 1; good && r < rows; r += step, step = step % 3 + 1) {
        size_t n = rows - r < step ? rows - r : step;
        fn(split + GUARD + r, w.data + r * row_bytes, x.data, n, cols);
    }
    if (good && memcmp(got, split, (rows + 2 * GUARD) * 4) != 0)
        good = wrong("%zux%zu: other bits when rows are split", rows, cols);
    unfence(w);
    unfence(x);
    free(values);
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
    return true;
}

/* ---- Quantising ---- */

/* Must be the reference's bits, padding included. */
static bool check_quantize(tael__quantize_fn *fn, tael__act_kind kind)
{
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    size_t step = kind == TAEL__ACT_q8_k ? 256 : kind == TAEL__ACT_f32 ? 1 : 32;
    for (size_t n = 1; n <= 37; n += 1 + n / 9) {
        for (int a = 0; a < ACT_PATTERNS; a++) {
            size_t cols = n * step, bytes = tael__act_row_bytes(kind, cols);
            fenced x = fence(cols * 4), got = fence(bytes);
            char *want = lines(bytes);
            make_activations((float *)(void *)x.data, cols, &rng, a);
            memset(got.data, 0x5A, bytes);
            c.quantize[kind](want, (const float *)(const void *)x.data, cols);
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
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    const tael__format_info *info = &tael__formats[f];
    for (int p = 0; p < PATTERNS; p++)
        for (size_t blocks = 1; blocks < 6; blocks++) {
            size_t n = blocks * info->block_weights;
            fenced w = fence(blocks * info->block_bytes);
            float *want = lines(n * 4), *got = lines((n + 2 * GUARD) * 4);
            make_weights((uint8_t *)w.data, blocks, f, &rng, (pattern)p);
            guards_set(got, n);
            c.dequantize[f](want, w.data, n);
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

/* ---- Timing ---- */

/* Seconds of the fastest of a few runs: what else the machine does can only slow one down. */
static double time_matvec(tael__matvec_fn *fn, tael__format f, size_t rows, size_t cols, const void *w, const void *x,
                          float *y)
{
    (void)f;
    double best = 1e9, begin = now();
    for (int i = 0; i < 9 && (i < 2 || now() - begin < 1.5); i++) {
        double start = now();
        fn(y, w, x, rows, cols);
        double took = now() - start;
        if (took < best) best = took;
    }
    return best;
}

static void print_time(tael__matvec_fn *fn, tael__format f)
{
    static tael__matvec_fn *reference_of;
    static double reference_rate;
    const tael__format_info *info = &tael__formats[f];
    const size_t cols = 4096, row_bytes = cols / info->block_weights * info->block_bytes;
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    bool reference = fn == c.matvec[f];
    size_t rows = (reference ? (size_t)2 << 20 : (size_t)160 << 20) / row_bytes;
    uint8_t *w = lines(rows * row_bytes);
    float *values = lines(cols * 4), *y = lines(rows * 4);
    void *x = lines(tael__act_row_bytes(info->act, cols));
    make_activations(values, cols, &rng, 0);
    c.quantize[info->act](x, values, cols);
    make_weights(w, cols / info->block_weights * 16, f, &rng, RANDOM);
    for (size_t r = 16; r < rows; r++) memcpy(w + r * row_bytes, w + (r - 16) * row_bytes, row_bytes);
    double seconds = time_matvec(fn, f, rows, cols, w, x, y), rate = (double)(rows * row_bytes) / seconds / 1e9;
    printf("  %8.3f ms a 4096x4096, %6.2f GB/s", seconds * 4096 / (double)rows * 1e3, rate);
    if (reference) {
        reference_of = fn;
        reference_rate = rate;
    } else if (reference_of == c.matvec[f]) {
        printf(", %5.1fx c", rate / reference_rate);
    }
    free(w);
    free(values);
    free(y);
    free(x);
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
#define KERNEL(format, isa, needs)                                                             \
    if (begin("matvec_" #format "__" #isa, needs)) {                                           \
        verdict(good = check_matvec(tael__matvec_##format##__##isa, TAEL__FORMAT_##format));   \
        if (good && timing) print_time(tael__matvec_##format##__##isa, TAEL__FORMAT_##format); \
        end(good);                                                                             \
    }
#include "compute/matvec.inc"
#undef KERNEL
}

/* ---- The checker itself ---- */

/* Each is wrong in one way that a fast kernel may be; the checker must see it. */
static void wrong_last_block(float *y, const void *w, const void *x, size_t rows, size_t cols)
{
    tael__matvec_q4_0__c(y, w, x, rows, cols);
    if (cols > 64) y[rows - 1] *= 1.0001f;
}
static void wrong_outside(float *y, const void *w, const void *x, size_t rows, size_t cols)
{
    tael__matvec_q4_0__c(y, w, x, rows, cols);
    if (rows == 5) y[rows] = 0;
}
static void wrong_split(float *y, const void *w, const void *x, size_t rows, size_t cols)
{
    tael__matvec_q4_0__c(y, w, x, rows, cols);
    if (rows == 1) y[0] = nextafterf(y[0], 1e30f);
}
static void wrong_rounding(void *out, const float *x, size_t cols)
{
    tael__quantize_q8_0__c(out, x, cols);
    for (size_t i = 0; i < cols; i++)
        if (x[i] == 2.5f) ((int8_t *)out)[i] = 3; /* half away from zero instead of to even */
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
    };
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        if (check_matvec(traps[i].fn, TAEL__FORMAT_q4_0)) {
            printf("the checker did not notice %s\n", traps[i].what);
            failures++;
        }
    if (check_quantize(wrong_rounding, TAEL__ACT_q8_0)) {
        printf("the checker did not notice wrong rounding\n");
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
