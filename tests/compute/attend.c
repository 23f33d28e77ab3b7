// SPDX-License-Identifier: Apache-2.0
/* Attention through the kernel table, as a model calls it: prefill and decode agree, a window forgets, and pages can be
 * anywhere. A kernel that counts positions from the wrong place, or whose prefill sees what its decode doesn't, fails.
 */
#include "support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "compute/kernels.h"

enum { SIZE = 64, GROUP = 3, TOKENS = 20, PAGES = 4, LENGTH = PAGES * TAEL__KV_POSITIONS, ROWS = TOKENS * GROUP };

static tael__kernels tables[4];
static int table_count;

typedef struct sequence {
    tael__attention a;
    char *memory;
    const char *page[PAGES];
    float *q, *out;
    uint32_t from[TOKENS], to[TOKENS];
} sequence;

static void *room(size_t bytes)
{
    void *p = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    assert_non_null(p);
    return p;
}

/* The last TOKENS of a sequence, its pages in the order that `first` begins. */
static void open_sequence(sequence *s, const tael__kernels *k, tael__kv_kind kind, size_t first)
{
    tael__random r;
    float x[SIZE];
    size_t run = tael__kv_run_bytes(kind, SIZE);
    tael__random_seed(&r, 7);
    s->memory = room(PAGES * 2 * run);
    s->q = room(ROWS * SIZE * sizeof *s->q);
    s->out = room(ROWS * SIZE * sizeof *s->out);
    for (size_t i = 0; i < PAGES; i++) s->page[i] = s->memory + (i + first) % PAGES * 2 * run;
    for (size_t p = 0; p < 2 * LENGTH; p++) {
        for (size_t i = 0; i < SIZE; i++) x[i] = (float)tael__random_unit(&r) * 2 - 1;
        k->kv_store[kind]((char *)s->page[p / 2 / TAEL__KV_POSITIONS] + p % 2 * run, p / 2 % TAEL__KV_POSITIONS, x,
                          SIZE);
    }
    for (size_t i = 0; i < ROWS * SIZE; i++) s->q[i] = (float)tael__random_unit(&r) * 6 - 3;
    for (uint32_t t = 0; t < TOKENS; t++) {
        s->from[t] = 0;
        s->to[t] = LENGTH - TOKENS + t + 1;
    }
    s->a = (tael__attention){.out = s->out, .q = s->q, .stride = GROUP * SIZE, .out_stride = GROUP * SIZE};
    s->a.tokens = TOKENS;
    s->a.group = GROUP;
    s->a.page = s->page;
    s->a.v_at = run;
    s->a.from = s->from;
    s->a.to = s->to;
    s->a.head_size = s->a.value_size = SIZE;
    s->a.scale = 0.125f;
    s->a.scratch = room(tael__attend_scratch_bytes(SIZE, SIZE));
}

static void close_sequence(sequence *s)
{
    free(s->memory);
    free(s->q);
    free(s->out);
    free(s->a.scratch);
}

static void expect_near(const float *got, const float *want, float near, const char *isa)
{
    for (size_t i = 0; i < ROWS * SIZE; i++)
        if (!(fabsf(got[i] - want[i]) <= near)) fail_msg("%s: number %zu is %g, not %g", isa, i, got[i], want[i]);
}

static void prefill_and_decode_agree_with_the_reference(void **state)
{
    (void)state;
    for (int kind = 0; kind < TAEL__KV_COUNT; kind++)
        for (int i = 0; i < table_count; i++) {
            sequence s;
            float want[ROWS * SIZE];
            open_sequence(&s, &tables[i], (tael__kv_kind)kind, 0);
            tables[0].attend[kind](&s.a);
            memcpy(want, s.out, sizeof want);
            tables[i].attend[kind](&s.a);
            expect_near(s.out, want, 1e-5f, tables[i].isa);
            tables[i].attend_many[kind](&s.a);
            expect_near(s.out, want, 1e-4f, tables[i].isa);
            close_sequence(&s);
        }
}

static void where_pages_lie_changes_no_bit(void **state)
{
    (void)state;
    for (int kind = 0; kind < TAEL__KV_COUNT; kind++)
        for (int i = 0; i < 2 * table_count; i++) {
            sequence s, other;
            const tael__kernels *k = &tables[i / 2];
            tael__attend_fn *fn = i % 2 ? k->attend_many[kind] : k->attend[kind];
            open_sequence(&s, k, (tael__kv_kind)kind, 0);
            open_sequence(&other, k, (tael__kv_kind)kind, 3);
            fn(&s.a);
            fn(&other.a);
            assert_memory_equal(s.out, other.out, ROWS * SIZE * sizeof(float));
            close_sequence(&s);
            close_sequence(&other);
        }
}

/* A token that sees one position has that position's value. */
static void a_window_of_one_is_the_value_itself(void **state)
{
    (void)state;
    for (int i = 0; i < 2 * table_count; i++) {
        sequence s;
        const tael__kernels *k = &tables[i / 2];
        open_sequence(&s, k, TAEL__KV_f16, 1);
        for (uint32_t t = 0; t < TOKENS; t++) {
            s.from[t] = TAEL__KV_POSITIONS - TOKENS / 2 + t; /* around the border of two pages */
            s.to[t] = s.from[t] + 1;
        }
        (i % 2 ? k->attend_many : k->attend)[TAEL__KV_f16](&s.a);
        for (size_t t = 0; t < TOKENS; t++) {
            const char *page = s.page[s.from[t] / TAEL__KV_POSITIONS] + s.a.v_at;
            const uint16_t *v = (const uint16_t *)(const void *)page + s.from[t] % TAEL__KV_POSITIONS * SIZE;
            for (size_t j = 0; j < GROUP * SIZE; j++)
                if (fabsf(s.out[t * GROUP * SIZE + j] - tael__f16_to_f32(v[j % SIZE])) > 1e-6f)
                    fail_msg("%s: token %zu, number %zu is not the value that it sees", k->isa, t, j);
        }
        close_sequence(&s);
    }
}

int main(void)
{
    static const uint32_t lesser[] = {0, TAEL_CPU_AVX2, TAEL_CPU_AVX2 | TAEL_CPU_AVX512VNNI, UINT32_MAX};
    for (size_t i = 0; i < sizeof lesser / sizeof *lesser; i++)
        tael__kernels_pick(&tables[table_count++], tael__cpu_features() & lesser[i]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prefill_and_decode_agree_with_the_reference),
        cmocka_unit_test(where_pages_lie_changes_no_bit),
        cmocka_unit_test(a_window_of_one_is_the_value_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
