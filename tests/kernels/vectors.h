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

/* ---- Attention ---- */

typedef struct attention {
    tael__attend_fn *fn;
    float *q, *out, *scores;
    uint16_t *k, *v;
    size_t stride, count, head_size;
    float scale;
} attention;

static attention attention_make(size_t count, size_t head_size, size_t stride, float spread)
{
    attention a = {.stride = stride, .count = count, .head_size = head_size, .scale = 1 / sqrtf((float)head_size)};
    a.q = lines(head_size * 4);
    a.out = lines((head_size + 2 * GUARD) * 4);
    a.scores = lines(count * 4);
    a.k = lines(count * stride * 2);
    a.v = lines(count * stride * 2);
    make_activations(a.q, head_size, &rng, 0);
    for (size_t i = 0; i < head_size; i++) a.q[i] *= spread;
    for (size_t i = 0; i < count * stride; i++) {
        a.k[i] = tael__f32_to_f16((float)(tael__random_unit(&rng) * 4 - 2));
        a.v[i] = tael__f32_to_f16((float)(tael__random_unit(&rng) * 4 - 2));
    }
    return a;
}

static void attention_free(attention a)
{
    free(a.q);
    free(a.out);
    free(a.scores);
    free(a.k);
    free(a.v);
}

static void run_attend(void *user)
{
    attention *a = user;
    a->fn(a->out + GUARD, a->q, a->k, a->v, a->stride, a->count, a->head_size, a->scale, a->scores);
}

/* A probability p is rounded to f16: it errs by 2^-11 p, or by 2^-25 below f16's normal numbers, and a score's own
 * rounding can move it over a tie, once more. The scores' errors, eps head_size |q| |k| scale, multiply p. */
static bool attend_case(attention *a)
{
    double p[VECTOR_MOST], max = -INFINITY, sum = 0, score_error = 0;
    for (size_t t = 0; t < a->count; t++) {
        double dot = 0, terms = 0;
        for (size_t d = 0; d < a->head_size; d++) {
            double term =
                (double)tael__f16_to_f32(tael__f32_to_f16(a->q[d])) * (double)tael__f16_to_f32(a->k[t * a->stride + d]);
            dot += term;
            terms += fabs(term);
        }
        p[t] = dot * (double)a->scale;
        if (p[t] > max) max = p[t];
        double error = (double)(a->head_size + 4) * 0x1p-24 * terms * (double)a->scale;
        if (error > score_error) score_error = error;
    }
    for (size_t t = 0; t < a->count; t++) sum += p[t] = exp(p[t] - max);
    guards_set(a->out, a->head_size);
    run_attend(a);
    if (!guards_hold(a->out, a->head_size)) return false;
    for (size_t d = 0; d < a->head_size; d++) {
        double want = 0, bound = 0;
        for (size_t t = 0; t < a->count; t++) {
            double v = (double)tael__f16_to_f32(a->v[t * a->stride + d]), share = p[t] / sum;
            want += share * v;
            bound += fabs(v) * (share * (0x1p-10 + 4 * score_error + (double)a->count * 0x1p-23) + 0x1p-24);
        }
        if (!near("attend", a->count, d, a->out[GUARD + d], want, bound)) return false;
    }
    return true;
}

static bool check_attend(tael__attend_fn *fn)
{
    static const size_t heads[] = {16, 32, 64, 80, 96, 128};
    for (size_t h = 0; h < sizeof heads / sizeof *heads; h++)
        for (size_t count = 1; count <= VECTOR_MOST; count = next_length(count) + h % 2) {
            attention a = attention_make(count, heads[h], heads[h] * (1 + count % 3), count % 4 ? 1.0f : 40.0f);
            a.fn = fn;
            bool good = attend_case(&a);
            attention_free(a);
            if (!good) return false;
        }
    return true;
}

static void time_attend(tael__attend_fn *fn)
{
    static double c;
    attention a = attention_make(1024, 128, 256, 1);
    a.fn = fn;
    double seconds = fastest(run_attend, &a);
    printf("  1024x128 %8.3f ms", seconds * 1e3);
    print_rate(1024 * 128 * 4 / seconds / 1e9, "GB/s", fn == reference()->attend, &c);
    attention_free(a);
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
