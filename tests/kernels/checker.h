// SPDX-License-Identifier: Apache-2.0
/* What the checker's parts share: the failure at hand, guards around outputs, and timing against the
 * reference. */
#ifndef TAEL__TESTS_KERNELS_CHECKER_H
#define TAEL__TESTS_KERNELS_CHECKER_H

#include <stdarg.h>
#include <time.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

#include "cases.h"

enum { MAX_ROWS = 11, GUARD = 16 };
static const float guard_value = 12345.678f;

static tael__random rng;

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

/* The reference's table: no feature at all. */
static const tael__kernels *reference(void)
{
    static tael__kernels c;
    if (!c.isa) tael__kernels_pick(&c, 0);
    return &c;
}

/* Seconds of the fastest of a few calls of run(user): what else the machine does can only slow one down. */
static double fastest(void (*run)(void *user), void *user)
{
    double best = 1e9, begun = now();
    for (int i = 0; i < 9 && (i < 2 || now() - begun < 1.0); i++) {
        double start = now();
        run(user);
        double took = now() - start;
        if (took < best) best = took;
    }
    return best;
}

/* Prints the figure, and how many times the reference's it is; the reference comes first and leaves its own in `c`. */
static void print_rate(double rate, const char *unit, bool is_reference, double *c)
{
    printf(", %7.2f %s", rate, unit);
    if (is_reference)
        *c = rate;
    else if (*c > 0)
        printf(", %5.1fx c", rate / *c);
}

#endif
