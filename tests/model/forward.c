// SPDX-License-Identifier: Apache-2.0
// The forward pass against the transformers library, on random models of each architecture (make_tiny_models.py).
// A wrong pairing of RoPE, a forgotten bias, norm or scale, a cache written one off: each moves logits by 0.1 and more.
//
// Tolerance: the cache keeps k and v in f16, so each is off by up to 2^-11 of itself. Logits are within 5.3; through
// two layers that gave 0.0063 at most and 0.0008 in the root mean square. Quantised activations (q8_0) add up to 1/254
// of the largest of 32 values at each linear layer; that gave 0.16 and 0.032, and 0.54 where it made a router prefer
// another of two experts that it likes equally.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "support.h"

typedef struct golden {
    char *data;
    uint32_t tokens, vocabulary;
    const int32_t *ids;
    const float *logits;
} golden;

static golden golden_open(const char *name)
{
    char path[128];
    size_t bytes;
    golden g = {0};
    snprintf(path, sizeof path, "model/data/%s.logits", name);
    g.data = fixture(path, &bytes);
    memcpy(&g.tokens, g.data, 4);
    memcpy(&g.vocabulary, g.data + 4, 4);
    assert_int_equal(bytes, 8 + 4 * (size_t)g.tokens * (1 + g.vocabulary));
    g.ids = (const int32_t *)(const void *)(g.data + 8);
    g.logits = (const float *)(const void *)(g.ids + g.tokens);
    return g;
}

static tael_model *open_tiny(const char *name)
{
    char path[128];
    tael_model *model;
    snprintf(path, sizeof path, "model/data/%s.gguf", name);
    assert_ok(tael_model_open(&model, path));
    return model;
}

static tael__context *open_context(const tael_model *model, uint32_t tokens, uint32_t batch, uint32_t threads)
{
    tael__context *c;
    tael__context_options o = {.context_tokens = tokens, .batch_tokens = batch, .threads = threads};
    assert_ok(tael__context_open(&c, model, &o));
    return c;
}

typedef struct collected {
    float *logits;
    size_t vocabulary, next;
} collected;

static void collect(size_t index, const float *logits, void *user)
{
    collected *to = user;
    assert_int_equal(index, to->next);
    memcpy(to->logits + index * to->vocabulary, logits, to->vocabulary * sizeof *logits);
    to->next++;
}

/* All logits of the golden's tokens; free() them. */
static float *score_all(const tael_model *model, const golden *g, uint32_t batch, uint32_t threads)
{
    tael__context *c = open_context(model, g->tokens, batch, threads);
    collected to = {.logits = calloc((size_t)g->tokens * g->vocabulary, sizeof(float)), .vocabulary = g->vocabulary};
    assert_ok(tael__context_score(c, g->ids, g->tokens, 0, collect, &to));
    assert_int_equal(to.next, g->tokens);
    assert_int_equal(tael__context_position(c, 0), g->tokens);
    tael__context_close(c);
    return to.logits;
}

static void assert_close(const float *a, const float *b, size_t n, double most, double rms, const char *what)
{
    double sum = 0, top = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)a[i] - (double)b[i]);
        sum += d * d;
        if (!(d <= top)) top = d; /* a NaN stays */
    }
    if (!(top <= most) || !(sqrt(sum / (double)n) <= rms))
        fail_msg("%s: differs by %g at most and %g rms, allowed %g and %g", what, top, sqrt(sum / (double)n), most,
                 rms);
}

static void logits_are_those_of_transformers(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double most, rms;
    } cases[] = {
        {"tiny_qwen2", 0.01, 0.0015},          {"tiny_qwen3", 0.01, 0.0015},        {"tiny_llama", 0.01, 0.0015},
        {"tiny_llama3", 0.01, 0.0015},         {"tiny_llama_linear", 0.01, 0.0015}, {"tiny_qwen2_f16", 0.01, 0.0015},
        {"tiny_qwen2moe", 0.01, 0.0015},       {"tiny_qwen3moe", 0.01, 0.0015},     {"tiny_gemma3", 0.01, 0.0015},
        {"tiny_minicpm", 0.01, 0.0015},        {"tiny_qwen35", 0.01, 0.0015},       {"tiny_qwen35moe", 0.01, 0.0015},
        {"tiny_qwen3next", 0.01, 0.0015},      {"tiny_yarn", 0.01, 0.0015},         {"tiny_longrope", 0.01, 0.0015},
        {"tiny_longrope_short", 0.01, 0.0015}, {"tiny_qwen2_q8_0", 0.3, 0.05},      {"tiny_qwen3moe_q8_0", 0.7, 0.06},
    };
    static const uint32_t batches[] = {512, 3, 1};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        golden g = golden_open(cases[i].name);
        tael_model *model = open_tiny(cases[i].name);
        for (size_t b = 0; b < 3; b++) {
            float *logits = score_all(model, &g, batches[b], 1 + b % 2);
            assert_close(logits, g.logits, (size_t)g.tokens * g.vocabulary, cases[i].most, cases[i].rms, cases[i].name);
            free(logits);
        }
        tael_model_close(model);
        free(g.data);
    }
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    static const char *const names[] = {"tiny_qwen2",    "tiny_qwen3",  "tiny_llama", "tiny_qwen2_q8_0",
                                        "tiny_qwen2moe", "tiny_gemma3", "tiny_qwen35"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        golden g = golden_open(names[i]);
        tael_model *model = open_tiny(names[i]);
        for (uint32_t batch = 1; batch <= 512; batch += 511) {
            float *one = score_all(model, &g, batch, 1);
            for (uint32_t threads = 2; threads <= 5; threads++) {
                float *many = score_all(model, &g, batch, threads);
                assert_memory_equal(one, many, (size_t)g.tokens * g.vocabulary * sizeof *one);
                free(many);
            }
            free(one);
        }
        tael_model_close(model);
        free(g.data);
    }
}

static void run_gives_the_last_of_the_scored_logits(void **state)
{
    (void)state;
    golden g = golden_open("tiny_qwen2");
    tael_model *model = open_tiny("tiny_qwen2");
    float *scored = score_all(model, &g, 512, 1);
    const float *logits;
    for (uint32_t batch = 1; batch <= 64; batch *= 4) {
        tael__context *c = open_context(model, 64, batch, 2);
        assert_ok(tael__context_run(c, 0, g.ids, g.tokens, NULL, &logits));
        assert_close(logits, scored + (size_t)(g.tokens - 1) * g.vocabulary, g.vocabulary, 0.003, 0.001, "run");
        tael__context_close(c);
    }
    free(scored);
    tael_model_close(model);
    free(g.data);
}

static void rewound_and_run_again_is_the_same(void **state)
{
    (void)state;
    golden g = golden_open("tiny_llama");
    tael_model *model = open_tiny("tiny_llama");
    tael__context *c = open_context(model, 64, 0, 2);
    float first[128];
    const float *logits;
    assert_int_equal(g.vocabulary, 128);
    assert_ok(tael__context_run(c, 0, g.ids, 20, NULL, NULL));
    assert_ok(tael__context_run(c, 0, g.ids + 20, 10, NULL, &logits));
    memcpy(first, logits, sizeof first);
    assert_ok(tael__context_run(c, 0, g.ids, 7, NULL, NULL)); /* what comes after must leave no trace */
    tael__context_rewind(c, 0, 20);
    assert_int_equal(tael__context_position(c, 0), 20);
    tael__context_rewind(c, 0, 25); /* not forward */
    assert_int_equal(tael__context_position(c, 0), 20);
    assert_ok(tael__context_run(c, 0, g.ids + 20, 10, NULL, &logits));
    assert_memory_equal(first, logits, sizeof first);
    tael__context_close(c);
    tael_model_close(model);
    free(g.data);
}

/* A delta net has the states before and after its last step; other positions cost a start from 0. */
static void delta_nets_go_back_to_a_step(void **state)
{
    (void)state;
    golden g = golden_open("tiny_qwen35");
    tael_model *model = open_tiny("tiny_qwen35");
    tael__context_options o = {.context_tokens = 64, .threads = 2, .sequences = 2};
    tael__context *c;
    float first[128];
    const float *logits;
    assert_ok(tael__context_open(&c, model, &o));
    assert_false(tael__context_rewinds(c));
    assert_ok(tael__context_run(c, 0, g.ids, 20, NULL, NULL));
    assert_ok(tael__context_run(c, 0, g.ids + 20, 10, NULL, &logits));
    memcpy(first, logits, sizeof first);
    tael__context_fork(c, 0, 1, 25);
    assert_int_equal(tael__context_position(c, 1), 20);
    tael__context_rewind(c, 0, 25);
    assert_int_equal(tael__context_position(c, 0), 20);
    for (uint32_t s = 0; s < 2; s++) {
        assert_ok(tael__context_run(c, s, g.ids + 20, 10, NULL, &logits));
        assert_memory_equal(first, logits, sizeof first);
    }
    tael__context_rewind(c, 0, 20);
    tael__context_rewind(c, 0, 19); /* no state of it is left */
    assert_int_equal(tael__context_position(c, 0), 0);
    assert_ok(tael__context_run(c, 0, g.ids, 20, NULL, NULL));
    assert_ok(tael__context_run(c, 0, g.ids + 20, 10, NULL, &logits));
    assert_memory_equal(first, logits, sizeof first);
    tael__context_close(c);
    tael_model_close(model);
    free(g.data);
}

static void saved_state_goes_on_where_it_was_of(const char *name)
{
    golden g = golden_open(name);
    tael_model *model = open_tiny(name);
    tael__context *a = open_context(model, 64, 0, 1), *b = open_context(model, 40, 0, 1);
    tael__buffer saved = {.max = 1 << 20};
    float first[128];
    const float *logits;
    assert_ok(tael__context_run(a, 0, g.ids, 30, NULL, NULL));
    assert_ok(tael__context_state_write(a, 0, &saved));
    assert_int_equal(saved.size, tael__context_state_bytes(a, 30));
    assert_ok(tael__context_run(a, 0, g.ids + 30, 4, NULL, &logits));
    memcpy(first, logits, sizeof first);
    assert_status(tael__context_state_read(b, 0, 30, saved.data, saved.size - 1, NULL), TAEL_BAD_INPUT);
    assert_status(tael__context_state_read(b, 0, 41, saved.data, saved.size, NULL), TAEL_CONTEXT_FULL);
    assert_int_equal(tael__context_position(b, 0), 0);
    assert_ok(tael__context_state_read(b, 0, 30, saved.data, saved.size, NULL));
    assert_ok(tael__context_run(b, 0, g.ids + 30, 4, NULL, &logits));
    assert_memory_equal(first, logits, sizeof first);
    tael__buffer_free(&saved);
    tael__context_close(a);
    tael__context_close(b);
    tael_model_close(model);
    free(g.data);
}

static void saved_state_goes_on_where_it_was(void **state)
{
    (void)state;
    saved_state_goes_on_where_it_was_of("tiny_qwen3");
    saved_state_goes_on_where_it_was_of("tiny_gemma3");
    saved_state_goes_on_where_it_was_of("tiny_qwen35");
}

static void full_context_and_strange_tokens_run_nothing(void **state)
{
    (void)state;
    tael_model *model = open_tiny("tiny_qwen2");
    tael__context *c = open_context(model, 8, 4, 1);
    int32_t ids[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, bad = 128, negative = -1;
    const float *logits = (const float *)&bad;
    assert_status(tael__context_run(c, 0, ids, 9, NULL, &logits), TAEL_CONTEXT_FULL);
    assert_null(logits);
    assert_int_equal(tael__context_position(c, 0), 0);
    assert_status(tael__context_run(c, 0, &bad, 1, NULL, NULL), TAEL_MISUSE);
    assert_status(tael__context_run(c, 0, &negative, 1, NULL, NULL), TAEL_MISUSE);
    assert_status(tael__context_run(c, 0, ids, 0, NULL, NULL), TAEL_MISUSE);
    assert_ok(tael__context_run(c, 0, ids, 8, NULL, &logits));
    assert_non_null(logits);
    assert_status(tael__context_run(c, 0, ids, 1, NULL, NULL), TAEL_CONTEXT_FULL);
    tael__context_rewind(c, 0, 7);
    assert_ok(tael__context_run(c, 0, ids, 1, NULL, &logits));
    tael__context_close(c);
    tael_model_close(model);
}

static void cancelled_run_stays_before_its_batch(void **state)
{
    (void)state;
    tael_model *model = open_tiny("tiny_qwen2");
    tael__context *c = open_context(model, 8, 4, 1);
    int32_t ids[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    volatile bool cancel = true;
    assert_status(tael__context_run(c, 0, ids, 8, &cancel, NULL), TAEL_CANCELLED);
    assert_int_equal(tael__context_position(c, 0), 0);
    cancel = false;
    assert_ok(tael__context_run(c, 0, ids, 8, &cancel, NULL));
    assert_int_equal(tael__context_position(c, 0), 8);
    tael__context_close(c);
    tael_model_close(model);
}

static void impossible_contexts_are_refused_with_figures(void **state)
{
    (void)state;
    tael_model *model = open_tiny("tiny_qwen2");
    tael__context *c;
    tael__context_options o = {.context_tokens = 0};
    assert_status(tael__context_open(&c, model, &o), TAEL_MISUSE);
    o.context_tokens = UINT32_MAX;
    assert_status(tael__context_open(&c, model, &o), TAEL_MISUSE);
    assert_null(c);
    model->sizes.kv_layers = 1u << 31; /* a cache of 2^58 bytes: no machine has it */
    o.context_tokens = 1u << 20;
    assert_status(tael__context_open(&c, model, &o), TAEL_NO_MEMORY);
    assert_non_null(strstr(tael_error(), "MiB"));
    model->sizes.kv_layers = 2;
    tael_model_close(model);
}

/* One step over several sequences, which may differ in length; each leaves the output of its last token. */
static void step(tael__context *c, const int32_t *const *tokens, const size_t *counts, size_t sequences)
{
    tael__run runs[8];
    for (size_t i = 0; i < sequences; i++)
        runs[i] =
            (tael__run){.sequence = (uint32_t)i, .tokens = tokens[i], .count = counts[i], .wanted = counts[i] - 1};
    assert_ok(tael__context_step(c, runs, sequences, NULL));
    assert_int_equal(tael__context_outputs(c), sequences);
}

static void sequences_of_one_batch_are_as_alone_of(const char *name)
{
    golden g = golden_open(name);
    tael_model *model = open_tiny(name);
    tael__context_options o = {.context_tokens = 100, .threads = 2, .sequences = 3};
    tael__context *c, *alone = open_context(model, 100, 0, 1);
    assert_ok(tael__context_open(&c, model, &o));
    const int32_t *at[3] = {g.ids, g.ids + 5, g.ids + 9};
    static const size_t counts[3] = {3, 1, 4};
    for (int round = 0; round < 3; round++) {
        step(c, at, counts, 3);
        for (size_t i = 0; i < 3; i++) at[i] += counts[i];
    }
    float *together = malloc(3 * g.vocabulary * sizeof *together);
    memcpy(together, tael__context_logits(c, 0, 3), 3 * g.vocabulary * sizeof *together);
    for (size_t i = 0; i < 3; i++) {
        const float *logits = NULL;
        const int32_t *from = at[i] - 3 * counts[i];
        tael__context_rewind(alone, 0, 0);
        for (size_t t = 0; t < 3 * counts[i]; t++) assert_ok(tael__context_run(alone, 0, from + t, 1, NULL, &logits));
        assert_memory_equal(together + i * g.vocabulary, logits, g.vocabulary * sizeof *logits);
    }
    free(together);
    tael__context_close(c);
    tael__context_close(alone);
    tael_model_close(model);
    free(g.data);
}

static void sequences_of_one_batch_are_as_alone(void **state)
{
    (void)state;
    sequences_of_one_batch_are_as_alone_of("tiny_qwen3");
    sequences_of_one_batch_are_as_alone_of("tiny_qwen3moe");
    sequences_of_one_batch_are_as_alone_of("tiny_gemma3");
    sequences_of_one_batch_are_as_alone_of("tiny_qwen35moe");
}

static void forks_share_a_beginning_and_part(void **state)
{
    (void)state;
    int32_t prompt[150], other = 7;
    tael_model *model = open_tiny("tiny_llama");
    tael__context_options o = {.context_tokens = 192, .threads = 1, .sequences = 4, .cache_tokens = 190};
    tael__context *c;
    float went_on[128], parted[128];
    const float *logits;
    for (int i = 0; i < 150; i++) prompt[i] = (i * 37 + 11) % 100;
    assert_ok(tael__context_open(&c, model, &o));
    assert_ok(tael__context_run(c, 0, prompt, 150, NULL, NULL));
    for (uint32_t s = 1; s < 4; s++) tael__context_fork(c, 0, s, 149); /* 4 x 150 tokens in room for 7 pages */
    assert_int_equal(tael__context_position(c, 2), 149);
    assert_ok(tael__context_run(c, 1, &other, 1, NULL, &logits)); /* must leave no trace in the others */
    memcpy(parted, logits, sizeof parted);
    assert_ok(tael__context_run(c, 2, prompt + 149, 1, NULL, &logits));
    memcpy(went_on, logits, sizeof went_on);
    tael__context_rewind(c, 0, 149);
    assert_ok(tael__context_run(c, 0, prompt + 149, 1, NULL, &logits));
    assert_memory_equal(went_on, logits, sizeof went_on);
    assert_ok(tael__context_run(c, 3, &other, 1, NULL, &logits));
    assert_memory_equal(parted, logits, sizeof parted);
    assert_memory_not_equal(parted, went_on, sizeof parted);
    tael__context_rewind(c, 3, 0); /* pages come back: others' don't */
    assert_status(tael__context_run(c, 3, prompt, 150, NULL, NULL), TAEL_CONTEXT_FULL);
    for (uint32_t s = 0; s < 3; s++) tael__context_rewind(c, s, 0);
    tael__context_rewind(c, 3, 0);
    assert_ok(tael__context_run(c, 3, prompt, 150, NULL, NULL));
    tael__context_close(c);
    tael_model_close(model);
}

static void some_logits_are_those_of_all(void **state)
{
    (void)state;
    golden g = golden_open("tiny_qwen2");
    tael_model *model = open_tiny("tiny_qwen2");
    tael__context *c = open_context(model, 64, 0, 2);
    int32_t ids[] = {0, 5, 99, 17, 5};
    float some[5];
    const float *all;
    assert_ok(tael__context_run(c, 0, g.ids, 20, NULL, &all));
    tael__context_logits_of(c, 0, ids, 5, some);
    for (int i = 0; i < 5; i++) assert_memory_equal(&some[i], &all[ids[i]], sizeof *some);
    tael__context_close(c);
    tael_model_close(model);
    free(g.data);
}

static void context_without_memory_fails_cleanly(void **state)
{
    (void)state;
    tael_model *model = open_tiny("tiny_qwen2");
    tael__context_options o = {.context_tokens = 16, .threads = 2};
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        tael_status status = TAEL_NO_MEMORY;
        for (uint64_t n = 1; status != TAEL_OK; n++) {
            tael__context *c = (tael__context *)1;
            tael__alloc_break(n, from_then_on);
            status = tael__context_open(&c, model, &o);
            tael__alloc_break(0, false);
            assert_true(n < 1000);
            if (status == TAEL_OK)
                tael__context_close(c);
            else {
                assert_int_equal(status, TAEL_NO_MEMORY);
                assert_null(c);
                assert_true(tael_error()[0] != '\0');
            }
        }
    }
    tael_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_transformers),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(run_gives_the_last_of_the_scored_logits),
        cmocka_unit_test(rewound_and_run_again_is_the_same),
        cmocka_unit_test(delta_nets_go_back_to_a_step),
        cmocka_unit_test(saved_state_goes_on_where_it_was),
        cmocka_unit_test(full_context_and_strange_tokens_run_nothing),
        cmocka_unit_test(cancelled_run_stays_before_its_batch),
        cmocka_unit_test(impossible_contexts_are_refused_with_figures),
        cmocka_unit_test(sequences_of_one_batch_are_as_alone),
        cmocka_unit_test(forks_share_a_beginning_and_part),
        cmocka_unit_test(some_logits_are_those_of_all),
        cmocka_unit_test(context_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
