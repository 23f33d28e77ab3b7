// SPDX-License-Identifier: Apache-2.0
/* Block formats against another implementation's numbers, f16 against the definition, and sizes. A swapped nibble, a
 * forgotten offset or a wrong place of a scale changes at least one of the recorded numbers. */
#include "support.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels.h"

/* d * s * q - dmin * m is rounded in another order there, so the bound is relative to the block's largest number. */
static float largest_of_block(const char *numbers, size_t i, size_t block)
{
    float largest = 0, v;
    for (size_t k = i / block * block; k < (i / block + 1) * block; k++) {
        memcpy(&v, numbers + 4 * k, 4);
        if (fabsf(v) > largest) largest = fabsf(v);
    }
    return largest;
}

static void recorded_blocks_unpack_to_the_recorded_numbers(void **state)
{
    (void)state;
    tael__kernels c;
    tael__kernels_pick(&c, 0);
    static const char *const files[TAEL__FORMAT_COUNT] = {
#define FORMAT(name, gguf, bytes, weights, act) [TAEL__FORMAT_##name] = "compute/data/formats/" #name,
#include "compute/formats.inc"
#undef FORMAT
    };
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++) {
        if (f == TAEL__FORMAT_f32) continue;
        char path[128];
        size_t bytes, want_bytes;
        snprintf(path, sizeof path, "%s.blocks", files[f]);
        char *blocks = fixture(path, &bytes);
        snprintf(path, sizeof path, "%s.f32", files[f]);
        char *want = fixture(path, &want_bytes);
        size_t n = bytes / tael__formats[f].block_bytes * tael__formats[f].block_weights;
        assert_int_equal(want_bytes, n * sizeof(float));
        float *got = malloc(want_bytes);
        assert_non_null(got);
        c.dequantize[f](got, blocks, n);
        for (size_t i = 0; i < n; i++) {
            float w;
            memcpy(&w, want + 4 * i, 4);
            float bound = 4 * 0x1p-24f * largest_of_block(want, i, tael__formats[f].block_weights);
            if (!(fabsf(got[i] - w) <= bound))
                fail_msg("%s: weight %zu is %.9g, not %.9g", tael__formats[f].name, i, (double)got[i], (double)w);
        }
        free(got);
        free(blocks);
        free(want);
    }
}

static void every_f16_survives_the_way_to_f32_and_back(void **state)
{
    (void)state;
    for (uint32_t h = 0; h < 65536; h++) {
        float f = tael__f16_to_f32((uint16_t)h);
        uint32_t exponent = h >> 10 & 31, fraction = h & 0x3FF;
        if (exponent < 31) {
            double want = exponent ? ldexp(1024 + fraction, (int)exponent - 25) : ldexp(fraction, -24);
            assert_true((double)f == (h & 0x8000 ? -want : want));
        }
        uint16_t back = tael__f32_to_f16(f);
        if (exponent == 31 && fraction != 0)
            assert_true(isnan(f) && isnan(tael__f16_to_f32(back)));
        else
            assert_int_equal(back, h);
    }
}

static void f16_rounds_to_the_nearest_and_ties_to_even(void **state)
{
    (void)state;
    for (uint16_t h = 0; h < 0x7BFF; h++) {
        double low = (double)tael__f16_to_f32(h), high = (double)tael__f16_to_f32((uint16_t)(h + 1));
        float middle = (float)((low + high) / 2); /* exact: f32 has room */
        assert_int_equal(tael__f32_to_f16(middle), h % 2 ? h + 1 : h);
        assert_int_equal(tael__f32_to_f16(nextafterf(middle, 0)), h);
        assert_int_equal(tael__f32_to_f16(nextafterf(middle, INFINITY)), h + 1);
        assert_int_equal(tael__f32_to_f16(-middle), 0x8000 | (h % 2 ? h + 1 : h));
    }
    assert_int_equal(tael__f32_to_f16(65519.996f), 0x7BFF);
    assert_int_equal(tael__f32_to_f16(65520.0f), 0x7C00);
    assert_int_equal(tael__f32_to_f16(1e30f), 0x7C00);
}

static void row_bytes_refuse_part_blocks_and_overflow(void **state)
{
    (void)state;
    size_t bytes = 0;
    assert_true(tael__format_row_bytes(&bytes, TAEL__FORMAT_q4_k, 1536));
    assert_int_equal(bytes, 6 * 144);
    assert_false(tael__format_row_bytes(&bytes, TAEL__FORMAT_q4_k, 1535));
    assert_false(tael__format_row_bytes(&bytes, TAEL__FORMAT_f32, SIZE_MAX / 2));
    assert_false(tael__format_row_bytes(&bytes, TAEL__FORMAT_COUNT, 256));
    assert_int_equal(tael__format_of_gguf(14), TAEL__FORMAT_q6_k);
    assert_int_equal(tael__format_of_gguf(9), TAEL__FORMAT_COUNT);
    assert_string_equal(tael__formats[TAEL__FORMAT_q4_k].name, "Q4_K");
}

/* What each activation stands for must be within half a step of it: a wrong scale or a wrong order shows. */
static void quantised_activations_stay_within_half_a_step(void **state)
{
    (void)state;
    enum { COLS = 768 };
    float x[COLS];
    for (int i = 0; i < COLS; i++) x[i] = sinf((float)i * 0.37f) * (1 + (float)(i / 64));
    for (int kind = TAEL__ACT_q8_0; kind <= TAEL__ACT_q8_k; kind++) {
        _Alignas(64) char row[4 * COLS];
        assert_true(tael__act_row_bytes((tael__act_kind)kind, COLS) <= sizeof row);
        tael__kernels_get()->quantize[kind](row, x, COLS);
        const int8_t *q = tael__act_q(row);
        const float *d = tael__act_d(row, (tael__act_kind)kind, COLS);
        size_t block = kind == TAEL__ACT_q8_k ? 256 : 32;
        for (size_t i = 0; i < COLS; i++) {
            float step = fabsf(d[i / block]);
            assert_true(fabsf(d[i / block] * q[i] - x[i]) <= step * (0.5f + 127 * 0x1p-11f));
        }
    }
}

static void *get_table(void *out)
{
    *(const tael__kernels **)out = tael__kernels_get();
    return NULL;
}

static void the_table_is_whole_for_every_cpu_and_one_for_all_threads(void **state)
{
    (void)state;
    uint32_t cpu = tael__cpu_features();
    const uint32_t sets[] = {0, TAEL_CPU_AVX2, TAEL_CPU_AVX2 | TAEL_CPU_AVX512VNNI, cpu};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        tael__kernels t;
        tael__kernels_pick(&t, sets[i]);
        for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
            assert_true(t.dequantize[f] != NULL && t.matvec[f] != NULL && t.matmul[f] != NULL);
        for (int a = 0; a < TAEL__ACT_COUNT; a++) assert_true(t.quantize[a] != NULL);
        assert_true(t.attend[0] != NULL && t.attend_many[1] != NULL && t.rms_norm != NULL && t.swiglu != NULL &&
                    t.add != NULL && t.to_f16 != NULL);
    }
    tael__kernels lesser;
    tael__kernels_pick(&lesser, 0);
    assert_string_equal(lesser.isa, "c");
#if TAEL_X86
    tael__kernels_pick(&lesser, TAEL_CPU_AVX2);
    assert_string_equal(lesser.isa, "avx2");
    tael__kernels_pick(&lesser, TAEL_CPU_AVX512VNNI); /* its kernels need AVX2 as well */
    assert_string_equal(lesser.isa, "c");
#endif
    pthread_t threads[4];
    const tael__kernels *seen[4];
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&threads[i], NULL, get_table, &seen[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(threads[i], NULL);
    for (int i = 0; i < 4; i++) assert_ptr_equal(seen[i], tael__kernels_get());
}

static void the_environment_lowers_the_instruction_set_but_never_raises_it(void **state)
{
    (void)state;
    uint32_t all = tael__cpu_features();
    static const struct {
        const char *name;
        uint32_t most;
    } lowered[] = {{"c", 0}, {"avx2", TAEL_CPU_AVX2}, {"avx512vnni", TAEL_CPU_AVX2 | TAEL_CPU_AVX512VNNI}};
    for (size_t i = 0; i < sizeof lowered / sizeof *lowered; i++) {
        setenv("TAEL_ISA", lowered[i].name, 1);
        assert_int_equal(tael__cpu_features(), all & lowered[i].most);
    }
    setenv("TAEL_ISA", "no such set", 1);
    uint32_t unknown = tael__cpu_features();
    unsetenv("TAEL_ISA");
    assert_int_equal(unknown, all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded_blocks_unpack_to_the_recorded_numbers),
        cmocka_unit_test(every_f16_survives_the_way_to_f32_and_back),
        cmocka_unit_test(f16_rounds_to_the_nearest_and_ties_to_even),
        cmocka_unit_test(row_bytes_refuse_part_blocks_and_overflow),
        cmocka_unit_test(quantised_activations_stay_within_half_a_step),
        cmocka_unit_test(the_table_is_whole_for_every_cpu_and_one_for_all_threads),
        cmocka_unit_test(the_environment_lowers_the_instruction_set_but_never_raises_it),
    };
    unsetenv("TAEL_ISA");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
