// SPDX-License-Identifier: Apache-2.0
/* The work between linear layers: every kernel that this CPU runs against formulas in double precision, at lengths
 * around the width of registers, unaligned, with guards beside the output. A kernel whose tail is wrong, whose exp is
 * coarse or that rounds to f16 in the wrong place fails here. */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "compute/kernels.h"

#define GUARD 4242.0f
enum { MOST = 300 };

static tael__kernels tables[3];
static int table_count;

static float uniform(tael__random *r, float from, float to)
{
    return from + (to - from) * (float)tael__random_unit(r);
}

static void fill(tael__random *r, float *x, size_t n, float from, float to)
{
    for (size_t i = 0; i < n; i++) x[i] = uniform(r, from, to);
}

static void expect_near(const char *what, int table, size_t n, float got, double want, double near)
{
    if (!(fabs(got - want) <= near) && got != (float)want)
        fail_msg("%s %s n %zu: %.9g, not %.9g", what, tables[table].isa, n, (double)got, want);
}

static void rms_norm_is_the_formula(void **state)
{
    (void)state;
    tael__random r;
    float x[MOST + 1], weight[MOST + 1], y[MOST + 2];
    tael__random_seed(&r, 1);
    for (int k = 0; k < table_count; k++)
        for (size_t n = 1; n < 70; n++) {
            double sum = 0;
            fill(&r, x + 1, n, -3, 3);
            fill(&r, weight + 1, n, -2, 2);
            for (size_t i = 1; i <= n; i++) sum += (double)x[i] * x[i];
            double scale = 1 / sqrt(sum / (double)n + 1e-6);
            y[n + 1] = GUARD;
            tables[k].rms_norm(y + 1, x + 1, weight + 1, n, 1e-6f);
            for (size_t i = 1; i <= n; i++)
                expect_near("rms_norm", k, n, y[i], x[i] * scale * weight[i], 4e-7 * fabs(x[i] * scale * weight[i]));
            assert_true(y[n + 1] == GUARD);
            tables[k].rms_norm(x + 1, x + 1, weight + 1, n, 1e-6f);
            assert_memory_equal(x + 1, y + 1, n * sizeof *x);
        }
}

static void swiglu_is_the_formula_at_any_size_of_gate(void **state)
{
    (void)state;
    static const float edge[] = {0,   -0.f, 1e-30f, -1e-30f, 87, -87, 88.8f, -88.8f,
                                 104, -104, 1e9f,   -1e9f,   20, -20, 1,     -1};
    tael__random r;
    float gate[MOST + 2], up[MOST + 1], before[MOST + 1];
    tael__random_seed(&r, 2);
    for (int k = 0; k < table_count; k++)
        for (size_t n = 1; n < 70; n++) {
            fill(&r, gate + 1, n, -90, 90);
            fill(&r, up + 1, n, -2, 2);
            for (size_t i = 1; i <= n && i <= 16; i++) gate[i] = edge[i - 1];
            memcpy(before + 1, gate + 1, n * sizeof *gate);
            gate[n + 1] = GUARD;
            tables[k].swiglu(gate + 1, up + 1, n);
            for (size_t i = 1; i <= n; i++) {
                double want = before[i] / (1 + exp(-(double)before[i])) * up[i];
                expect_near("swiglu", k, n, gate[i], want, 5e-7 * fabs(want) + 1e-35);
            }
            assert_true(gate[n + 1] == GUARD);
        }
}

static void add_and_to_f16_are_exact(void **state)
{
    (void)state;
    tael__random r;
    float x[MOST + 1], y[MOST + 2];
    uint16_t h[MOST + 2];
    tael__random_seed(&r, 3);
    for (int k = 0; k < table_count; k++)
        for (size_t n = 0; n < 70; n++) {
            fill(&r, x + 1, n, -7e4f, 7e4f);
            if (n > 3) x[1] = 65520, x[2] = 1e-7f, x[3] = -65519;
            fill(&r, y + 1, n, -1, 1);
            float want[MOST + 1];
            for (size_t i = 1; i <= n; i++) want[i] = y[i] + x[i];
            y[n + 1] = GUARD;
            h[n + 1] = 4242;
            tables[k].add(y + 1, x + 1, n);
            tables[k].to_f16(h + 1, x + 1, n);
            for (size_t i = 1; i <= n; i++) {
                assert_true(y[i] == want[i]);
                assert_int_equal(h[i], tael__f32_to_f16(x[i]));
            }
            assert_true(y[n + 1] == GUARD);
            assert_int_equal(h[n + 1], 4242);
        }
}

int main(void)
{
    static const uint32_t features[] = {0, TAEL_CPU_AVX2, TAEL_CPU_AVX2 | TAEL_CPU_AVX512VNNI};
    for (size_t i = 0; i < 3; i++) {
        if ((tael__cpu_features() & features[i]) != features[i]) {
            printf("not run here: the kernels that need CPU features %#x\n", features[i]);
            continue;
        }
        tael__kernels_pick(&tables[table_count++], features[i]);
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rms_norm_is_the_formula),
        cmocka_unit_test(swiglu_is_the_formula_at_any_size_of_gate),
        cmocka_unit_test(add_and_to_f16_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
