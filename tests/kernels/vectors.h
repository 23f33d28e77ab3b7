// SPDX-License-Identifier: Apache-2.0
/* Norms and the rest between linear layers: against formulas in double where sums or exp differ, against the
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
    tael__geglu_fn *geglu;
    tael__gelu_fn *gelu;
    tael__let_through_fn *let_through;
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
    if (p->geglu) p->geglu(p->y + GUARD, p->x, p->n);
    if (p->gelu) p->gelu(p->y + GUARD, p->n);
    if (p->let_through) p->let_through(p->y + GUARD, p->x, p->n);
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

/* What gates give: a formula of y, which is replaced, and x; `absolute`: what its approximation may err by, times |y|.
 */
static double swiglu(double y, double x)
{
    return y / (1 + exp(-y)) * x;
}
static double geglu(double y, double x)
{
    return 0.5 * y * (1 + tanh(sqrt(2 / 3.14159265358979323846) * (y + 0.044715 * y * y * y))) * x;
}
static double gelu(double y, double x)
{
    (void)x;
    return 0.5 * y * erfc(-y / sqrt(2));
}
static double let_through(double y, double x)
{
    return y / (1 + exp(-x));
}

static bool check_gate(const char *what, void (*run)(void *user), pair kernel, double (*formula)(double, double),
                       double absolute)
{
    for (size_t n = 1; n <= VECTOR_MOST; n = next_length(n))
        for (int acts = 0; acts < ACT_PATTERNS; acts++) {
            pair p = pair_make(n, acts);
            float *gate = lines(n * 4);
            for (size_t i = 0; i < n; i++) gate[i] = i % 9 == 3 ? -88.0f : i % 11 == 5 ? 1e9f : p.weight[i] * 20;
            memcpy(p.y + GUARD, gate, n * 4);
            kernel.x = p.x;
            kernel.y = p.y;
            kernel.n = n;
            run(&kernel);
            bool good = guards_hold(p.y, n);
            for (size_t i = 0; good && i < n; i++) {
                double want = formula((double)gate[i], (double)p.x[i]);
                double bound = 0x1p-20 * fabs(want) + absolute * fabs((double)gate[i]) + 1e-33;
                if (formula == geglu) { /* exp's argument is rounded, and is a cubic of y; tanh near -1 loses digits */
                    double y = (double)gate[i], inner = fabs(1.6 * y * (1 + 0.045 * y * y));
                    bound += 0x1p-22 * fmin(inner, 90) * fabs(want) + 0x1p-50 * fabs(y * (double)p.x[i]);
                }
                good = near(what, n, i, p.y[GUARD + i], want, bound);
            }
            free(gate);
            pair_free(p);
            if (!good) return false;
        }
    return true;
}

#define GATE(operation, absolute)                                                              \
    static bool check_##operation(tael__##operation##_fn *fn)                                  \
    {                                                                                          \
        return check_gate(#operation, run_pair, (pair){.operation = fn}, operation, absolute); \
    }
GATE(swiglu, 0)
GATE(geglu, 0)
GATE(gelu, 1e-7)
GATE(let_through, 0x1p-124)
#undef GATE

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
TIME(geglu)
TIME(gelu)
TIME(let_through)
TIME(add)
TIME(to_f16)
#undef TIME

/* ---- The gated delta rule ---- */

enum { DELTA_MOST = 100, DELTA_TOKENS = 9 };

typedef struct delta_case {
    tael__delta work;
    tael__delta_fn *fn;
    float *out, *keys, *values, *gates, *from, *to;
} delta_case;

/* Keys as long as they are in a model, so that the state stays as it should. */
static delta_case delta_make(tael__delta_fn *fn, size_t n, size_t tokens)
{
    delta_case c = {.fn = fn,
                    .out = lines((tokens * n + 2 * GUARD) * 4),
                    .keys = lines(2 * tokens * n * 4),
                    .values = lines(tokens * n * 4),
                    .gates = lines(2 * tokens * 4),
                    .from = lines(n * n * 4),
                    .to = lines((n * n + 2 * GUARD) * 4)};
    make_activations(c.keys, 2 * tokens * n, &rng, 0);
    make_activations(c.values, tokens * n, &rng, 0);
    make_activations(c.from, n * n, &rng, 0);
    for (size_t i = 0; i < 2 * tokens * n; i++) c.keys[i] /= sqrtf((float)n);
    for (size_t t = 0; t < tokens; t++) {
        c.gates[2 * t] = (float)(t + 1) / (float)(tokens + 1);
        c.gates[2 * t + 1] = 1 - 0.1f * (float)t / (float)tokens;
    }
    guards_set(c.out, tokens * n);
    guards_set(c.to, n * n);
    c.work = (tael__delta){.out = c.out + GUARD,
                           .q = c.keys,
                           .k = c.keys + n,
                           .v = c.values,
                           .decay = c.gates + 1,
                           .beta = c.gates,
                           .from = c.from,
                           .to = c.to + GUARD,
                           .out_stride = n,
                           .key_stride = 2 * n,
                           .value_stride = n,
                           .gate_stride = 2,
                           .state_stride = n,
                           .size = n,
                           .columns = n,
                           .tokens = tokens};
    return c;
}

static void delta_free(delta_case c)
{
    free(c.out), free(c.keys), free(c.values), free(c.gates), free(c.from), free(c.to);
}

/* The rule in double. */
static void delta_formula(const tael__delta *d, double *out, double *s)
{
    size_t n = d->size;
    for (size_t i = 0; i < n * n; i++) s[i] = (double)d->from[i];
    for (size_t t = 0; t < d->tokens; t++)
        for (size_t j = 0; j < n; j++) {
            const float *q = d->q + t * d->key_stride, *k = d->k + t * d->key_stride;
            double decay = (double)d->decay[t * d->gate_stride], known = 0, sum = 0;
            for (size_t i = 0; i < n; i++) known += (s[i * n + j] *= decay) * (double)k[i];
            double delta = (double)d->beta[t * d->gate_stride] * ((double)d->v[t * d->value_stride + j] - known);
            for (size_t i = 0; i < n; i++) sum += (s[i * n + j] += (double)k[i] * delta) * (double)q[i];
            out[t * n + j] = sum;
        }
}

/* In parts, of columns and of tokens, it gives the same bits. */
static bool delta_parts_agree(const delta_case *c, size_t n)
{
    delta_case whole = *c, parts = *c;
    size_t cut = n / 3, early = c->work.tokens / 2;
    float *out = lines(c->work.tokens * n * 4), *to = lines(n * n * 4);
    whole.fn(&whole.work);
    parts.work.out = out;
    parts.work.to = to;
    for (int side = 0; side < 2; side++) {
        tael__delta d = parts.work;
        size_t from = side ? cut : 0;
        d.out += from, d.v += from, d.from += from, d.to += from;
        d.columns = side ? n - cut : cut;
        d.tokens = early;
        if (d.columns == 0) continue;
        if (early > 0) c->fn(&d), d.from = d.to;
        d.out += early * n, d.q += early * d.key_stride, d.k += early * d.key_stride, d.v += early * n;
        d.decay += early * d.gate_stride, d.beta += early * d.gate_stride;
        d.tokens = c->work.tokens - early;
        c->fn(&d);
    }
    bool good = memcmp(out, whole.work.out, c->work.tokens * n * 4) == 0 && memcmp(to, whole.work.to, n * n * 4) == 0;
    free(out);
    free(to);
    return good || wrong("delta of %zu: other bits in parts", n);
}

static bool check_delta(tael__delta_fn *fn)
{
    static double out[DELTA_TOKENS * DELTA_MOST], s[DELTA_MOST * DELTA_MOST];
    for (size_t n = 1; n <= DELTA_MOST; n = next_length(n))
        for (size_t tokens = 1; tokens <= DELTA_TOKENS; tokens += 4) {
            delta_case c = delta_make(fn, n, tokens);
            fn(&c.work);
            delta_formula(&c.work, out, s);
            bool good = guards_hold(c.out, tokens * n) && guards_hold(c.to, n * n);
            double bound =
                (double)(tokens * (n + 8)) * 0x1p-22; /* sums of n products of about 1, each token's on the last */
            for (size_t i = 0; good && i < tokens * n; i++) good = near("delta", n, i, c.work.out[i], out[i], bound);
            for (size_t i = 0; good && i < n * n; i++) good = near("delta's state", n, i, c.work.to[i], s[i], bound);
            good = good && delta_parts_agree(&c, n);
            delta_free(c);
            if (!good) return false;
        }
    return true;
}

static void run_delta(void *user)
{
    delta_case *c = user;
    c->fn(&c->work);
}

static void time_delta(tael__delta_fn *fn)
{
    static double c;
    delta_case d = delta_make(fn, 128, 64);
    double seconds = fastest(run_delta, &d) / 64;
    printf("  128 %8.2f us a token", seconds * 1e6);
    print_rate(3 * 128 * 128 / seconds / 1e9, "Gmac/s", fn == reference()->delta, &c);
    delta_free(d);
}

#endif
