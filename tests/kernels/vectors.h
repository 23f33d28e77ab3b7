// SPDX-License-Identifier: Apache-2.0
/* Attention, norms and the rest between linear layers: against formulas in double where sums or exp differ, against the
 * reference's bits where nothing may. Lengths cross the width of registers; outputs have guards. */
#ifndef TAEL__TESTS_KERNELS_VECTORS_H
#define TAEL__TESTS_KERNELS_VECTORS_H

#include "checker.h"

enum { VECTOR_MOST = 200 };

/* Lengths 1..40 and a few longer ones. */
static size_t next_length(size_t n)
{
    return n < 40 ? n + 1 : n + 27;
}

static bool near(const char *what, size_t n, size_t i, float got, double want, double bound)
{
    if (fabs((double)got - want) <= bound || got == (float)want) return true;
    return wrong("%s of %zu: number %zu is %.9g, not %.9g +- %.2g", what, n, i, (double)got, want, bound);
}

/* ---- One vector or two ---- */

typedef struct pair {
    tael__rms_norm_fn *rms_norm;
    tael__swiglu_fn *swiglu;
    tael__add_fn *add;
    tael__to_f16_fn *to_f16;
    float *x, *y, *weight; /* y has guards */
    size_t n;
} pair;

static pair pair_make(size_t n, int acts)
{
    pair p = {.n = n, .x = lines(n * 4), .y = lines((n + 2 * GUARD) * 4), .weight = lines(n * 4)};
    make_activations(p.x, n, &rng, acts);
    make_activations(p.weight, n, &rng, 0);
    guards_set(p.y, n);
    return p;
}

static void pair_free(pair p)
{
    free(p.x);
    free(p.y);
    free(p.weight);
}

static void run_pair(void *user)
{
    pair *p = user;
    if (p->rms_norm) p->rms_norm(p->y + GUARD, p->x, p->weight, p->n, 1e-6f);
    if (p->swiglu) p->swiglu(p->y + GUARD, p->x, p->n);
    if (p->add) p->add(p->y + GUARD, p->x, p->n);
    if (p->to_f16) p->to_f16((uint16_t *)(void *)(p->y + GUARD), p->x, p->n);
}

static void time_pair(pair p, bool is_reference, double *c)
{
    memset(p.y, 0, (p.n + 2 * GUARD) * 4);
    double seconds = fastest(run_pair, &p);
    printf("  %zu %8.2f us", p.n, seconds * 1e6);
    print_rate((double)p.n / seconds / 1e9, "G/s", is_reference, c);
    pair_free(p);
}

/* A sum of n squares errs by n eps/2 at most, relatively; its root by half of that. */
static bool check_rms_norm(tael__rms_norm_fn *fn)
{
    for (size_t n = 1; n <= VECTOR_MOST; n = next_length(n))
        for (int acts = 0; acts < ACT_PATTERNS; acts++) {
            pair p = pair_make(n, acts);
            double sum = 0;
            for (size_t i = 0; i < n; i++) sum += (double)p.x[i] * (double)p.x[i];
            double scale = 1 / sqrt(sum / (double)n + (double)1e-6f), relative = ((double)n + 12) * 0x1p-24;
            fn(p.y + GUARD, p.x, p.weight, n, 1e-6f);
            bool good = guards_hold(p.y, n);
            for (size_t i = 0; good && i < n; i++) {
                double want = (double)p.x[i] * scale * (double)p.weight[i];
                good = near("rms_norm", n, i, p.y[GUARD + i], want, relative * fabs(want) + 1e-37);
            }
            fn(p.x, p.x, p.weight, n, 1e-6f);
            if (good && memcmp(p.x, p.y + GUARD, n * 4) != 0) good = wrong("other numbers in place");
            pair_free(p);
            if (!good) return false;
        }
    return true;
}

static bool check_swiglu(tael__swiglu_fn *fn)
{
    for (size_t n = 1; n <= VECTOR_MOST; n = next_length(n))
        for (int acts = 0; acts < ACT_PATTERNS; acts++) {
            pair p = pair_make(n, acts);
            float *gate = lines(n * 4);
            for (size_t i = 0; i < n; i++) gate[i] = i % 9 == 3 ? -88.0f : i % 11 == 5 ? 1e9f : p.weight[i] * 20;
            memcpy(p.y + GUARD, gate, n * 4);
            fn(p.y + GUARD, p.x, n);
            bool good = guards_hold(p.y, n);
            for (size_t i = 0; good && i < n; i++) {
                double want = (double)gate[i] / (1 + exp(-(double)gate[i])) * (double)p.x[i];
                good = near("swiglu", n, i, p.y[GUARD + i], want, 0x1p-20 * fabs(want) + 1e-33);
            }
            free(gate);
            pair_free(p);
            if (!good) return false;
        }
    return true;
}

static bool check_add(tael__add_fn *fn)
{
    for (size_t n = 1; n <= VECTOR_MOST; n = next_length(n))
        for (int acts = 0; acts < ACT_PATTERNS; acts++) {
            pair p = pair_make(n, acts);
            memcpy(p.y + GUARD, p.weight, n * 4);
            fn(p.y + GUARD, p.x, n);
            reference()->add(p.weight, p.x, n);
            bool good = guards_hold(p.y, n);
            if (good && memcmp(p.weight, p.y + GUARD, n * 4) != 0) good = wrong("add of %zu: other bits", n);
            pair_free(p);
            if (!good) return false;
        }
    return true;
}

static bool check_to_f16(tael__to_f16_fn *fn)
{
    for (size_t n = 2; n <= VECTOR_MOST; n = next_length(n))
        for (int acts = 0; acts < ACT_PATTERNS; acts++) {
            pair p = pair_make(n, acts);
            uint16_t *got = (uint16_t *)(void *)(p.y + GUARD), want[VECTOR_MOST + 64];
            p.x[n / 2] = 70000.0f; /* past the largest */
            p.x[0] = 3e-6f;        /* a denormal */
            guards_set(p.y, (n + 1) / 2);
            if (n % 2) memset(got + n, 0x5A, 2);
            fn(got, p.x, n);
            reference()->to_f16(want, p.x, n);
            bool good = guards_hold(p.y, (n + 1) / 2);
            if (good && memcmp(want, got, n * 2) != 0) good = wrong("to_f16 of %zu: other bits", n);
            if (good && n % 2 && got[n] != 0x5A5A) good = wrong("to_f16 of %zu: wrote past it", n);
            pair_free(p);
            if (!good) return false;
        }
    return true;
}

#define TIME(operation)                                      \
    static void time_##operation(tael__##operation##_fn *fn) \
    {                                                        \
        static double c;                                     \
        pair p = pair_make(4096, 0);                         \
        p.operation = fn;                                    \
        time_pair(p, fn == reference()->operation, &c);      \
    }
TIME(rms_norm)
TIME(swiglu)
TIME(add)
TIME(to_f16)
#undef TIME

#endif
