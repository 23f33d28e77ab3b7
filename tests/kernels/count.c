// SPDX-License-Identifier: Apache-2.0
/* Runs each kernel once between two marks, which the counter for qemu (count_plugin.c) looks for: it completes each
 * line with the number of instructions between them. What a kernel computes doesn't matter here, so the numbers are
 * arbitrary bytes; the checker holds them against the reference.
 *
 *     kernel_count          lines of: family what isa tokens work     work: thousands of weights or values, times
 * tokens kernel_count --isa    the instruction set that this CPU's table chose */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/kernels.h"

/* A hint that no CPU knows does nothing. */
#define MARK() __asm__ volatile("hint #100" ::: "memory")

enum { COLS = 2048, ROWS = 16, MOST_TOKENS = 32, HEAD = 128, POSITIONS = 512, GROUP = 6, VALUES = 4096 };

static char *weights, *x, *scratch;
static float *y, *values;

static void *room(size_t bytes)
{
    char *p = aligned_alloc(64, (bytes + 63) / 64 * 64 + 64);
    if (!p) exit(1);
    for (size_t i = 0; i < bytes; i++) p[i] = (char)(i * 7 % 61);
    return p;
}

static void begin(const char *family, const char *what, const char *isa, size_t tokens, size_t work)
{
    printf("%s %s %s %zu %.3f ", family, what, isa, tokens, (double)work / 1000);
    fflush(stdout);
}

/* Twice: what runs once only (finding functions at the first call) isn't counted. */
#define COUNTED(call) \
    do {              \
        call;         \
        MARK();       \
        call;         \
        MARK();       \
    } while (0)

static void count_matrices(const tael__kernels *k, const tael__kernels *lesser, const char *isa, tael__format f)
{
    const char *name = tael__formats[f].name;
    size_t stride = tael__act_row_bytes(tael__formats[f].act, COLS);
    for (size_t tokens = 1; tokens <= 4 && k->matvec[f] != lesser->matvec[f]; tokens += 3) {
        begin("matvec", name, isa, tokens, ROWS * COLS * tokens);
        COUNTED(k->matvec[f](y, ROWS, weights, x, stride, ROWS, COLS, tokens));
    }
    if (k->matmul[f] == lesser->matmul[f]) return;
    begin("matmul", name, isa, MOST_TOKENS, ROWS * COLS * MOST_TOKENS);
    COUNTED(k->matmul[f](y, ROWS, weights, x, stride, ROWS, COLS, MOST_TOKENS, scratch));
}

static void count_quantize(const tael__kernels *k, const tael__kernels *lesser, const char *isa)
{
    static const char *const names[TAEL__ACT_COUNT] = {"f32", "q8_0", "q8_1", "q8_k"};
    for (int i = 0; i < TAEL__ACT_COUNT; i++) {
        if (k->quantize[i] == lesser->quantize[i]) continue;
        begin("quantize", names[i], isa, 1, COLS);
        COUNTED(k->quantize[i](x, values, COLS));
    }
}

static void count_attend(const char *isa, const char *name, tael__attend_fn *fn, tael__kv_kind kind)
{
    static char *pages[POSITIONS / TAEL__KV_POSITIONS];
    const uint32_t from = 0, to = POSITIONS;
    size_t run = tael__kv_run_bytes(kind, HEAD);
    for (size_t i = 0; i < POSITIONS / TAEL__KV_POSITIONS; i++)
        if (!pages[i]) pages[i] = room(2 * tael__kv_run_bytes(TAEL__KV_f16, HEAD));
    tael__attention a = {.out = y, .q = values, .stride = GROUP * HEAD, .out_stride = GROUP * HEAD, .tokens = 1};
    a.group = GROUP;
    a.page = (const char *const *)pages;
    a.v_at = run;
    a.from = &from;
    a.to = &to;
    a.head_size = a.value_size = HEAD;
    a.scale = 0.1f;
    a.scratch = scratch;
    begin("attend", name, isa, 1, 2 * GROUP * POSITIONS * HEAD);
    COUNTED(fn(&a));
}

static void count_cache(const tael__kernels *k, const tael__kernels *lesser, const char *isa)
{
    static const char *const names[TAEL__KV_COUNT] = {"f16", "q8_0"};
    for (int i = 0; i < TAEL__KV_COUNT; i++) {
        if (k->attend[i] != lesser->attend[i]) count_attend(isa, names[i], k->attend[i], (tael__kv_kind)i);
        if (k->kv_store[i] == lesser->kv_store[i]) continue;
        begin("kv_store", names[i], isa, 1, HEAD);
        COUNTED(k->kv_store[i](scratch, 3, values, HEAD));
    }
}

static void count_vectors(const tael__kernels *k, const tael__kernels *lesser, const char *isa)
{
    if (k->rms_norm == lesser->rms_norm) return;
    begin("rms_norm", "-", isa, 1, VALUES);
    COUNTED(k->rms_norm(y, values, values, VALUES, 1e-6f));
    begin("swiglu", "-", isa, 1, VALUES);
    COUNTED(k->swiglu(y, values, VALUES));
    begin("add", "-", isa, 1, VALUES);
    COUNTED(k->add(y, values, VALUES));
    begin("to_f16", "-", isa, 1, VALUES);
    COUNTED(k->to_f16((uint16_t *)(void *)y, values, VALUES));
}

/* The kernels that this set adds to a lesser one's table. */
static void count_set(const char *isa, uint32_t cpu, uint32_t lesser_cpu)
{
    tael__kernels k, lesser = {0};
    if ((tael__cpu_features() & cpu) != cpu) return;
    tael__kernels_pick(&k, cpu);
    if (cpu) tael__kernels_pick(&lesser, lesser_cpu);
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) count_matrices(&k, &lesser, isa, (tael__format)f);
    count_cache(&k, &lesser, isa);
    count_vectors(&k, &lesser, isa);
    count_quantize(&k, &lesser, isa);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--isa") == 0) {
        puts(tael__kernels_get()->isa);
        return 0;
    }
    const uint32_t neon = TAEL_CPU_NEON, dotprod = neon | TAEL_CPU_DOTPROD, i8mm = dotprod | TAEL_CPU_I8MM;
    weights = room(ROWS * COLS * sizeof(float));
    x = room(MOST_TOKENS * COLS * 2 * sizeof(float));
    scratch = room((size_t)4 << 20);
    y = room(VALUES * sizeof(float) * 2);
    values = room(VALUES * sizeof(float));
    for (size_t i = 0; i < VALUES; i++) values[i] = (float)(i * 37 % 101) / 50 - 1;
    count_set("c", 0, 0);
    count_set("neon", neon, 0);
    count_set("dotprod", dotprod, neon);
    count_set("i8mm", i8mm, dotprod);
    return 0;
}
