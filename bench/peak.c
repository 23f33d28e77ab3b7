// SPDX-License-Identifier: Apache-2.0
// What the cores multiply at best: peak THREADS prints, as JSON, the whole-number operations (a product and a sum are
// two) a second of that many threads together, in registers, with the widest 8-bit product that Tael's kernels use here
// besides AMX: vpdpbusd of 512 bits, or vpmaddubsw and vpmaddwd of 256. The roof of prefill.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define STEPS  4000000L
#define ROUNDS 5

static double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* 12 sums: a product waits 5 cycles for its last, and two begin in each. */
#define VNNI(n) "vpdpbusd %%zmm31, %%zmm30, %%zmm" #n "\n\t"
#define AVX2(n)                                                                                              \
    "vpmaddubsw %%ymm15, %%ymm14, %%ymm13\n\tvpmaddwd %%ymm12, %%ymm13, %%ymm13\n\tvpaddd %%ymm13, %%ymm" #n \
    ", %%ymm" #n "\n\t"
#define TWELVE(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11)

static double operations(int vnni)
{
    for (long i = 0; i < STEPS; i++) {
        if (vnni)
            __asm__ volatile(TWELVE(VNNI)::
                                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                                   "xmm10", "xmm11");
        else
            __asm__ volatile(TWELVE(AVX2)::
                                 : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",
                                   "xmm10", "xmm11", "xmm13");
    }
    return 12.0 * STEPS * 2 * (vnni ? 64 : 32);
}

static pthread_barrier_t together;
static int has_vnni;

static void *work(void *best)
{
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&together);
        double began = now_seconds(), rate = operations(has_vnni) / (now_seconds() - began);
        if (rate > *(double *)best) *(double *)best = rate;
    }
    return NULL;
}

int main(int argc, char **argv)
{
    int threads = argc > 1 ? atoi(argv[1]) : 1;
    pthread_t id[64];
    double best[64] = {0}, all = 0;
    if (threads < 1 || threads > 64) return 2;
    has_vnni = __builtin_cpu_supports("avx512vnni");
    if (!has_vnni && !__builtin_cpu_supports("avx2")) return fprintf(stderr, "peak: this CPU has no AVX2\n"), 1;
    pthread_barrier_init(&together, NULL, (unsigned)threads);
    for (int i = 0; i < threads; i++)
        if (pthread_create(&id[i], NULL, work, &best[i]) != 0) return perror("peak"), 1;
    for (int i = 0; i < threads; i++) {
        pthread_join(id[i], NULL);
        all += best[i];
    }
    printf("{\"threads\": %d, \"product\": \"%s\", \"operations\": %.4g}\n", threads,
           has_vnni ? "vpdpbusd, 512 bits" : "vpmaddubsw, 256 bits", all);
    return 0;
}
