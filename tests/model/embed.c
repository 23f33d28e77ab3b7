// SPDX-License-Identifier: Apache-2.0
// Vectors of texts against the transformers library (make_tiny_architectures.py): of BERT, which would be off by a
// wrong norm, position, or a token that doesn't see those after it; of Qwen3, whose last token counts. Tolerance: f16
// keys and values move the normalised numbers by 1e-4 at most.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tael/embed.h>

#include "model/internal.h"
#include "support.h"

static tael_model *open_tiny(const char *name)
{
    char path[128];
    tael_model *model;
    snprintf(path, sizeof path, "model/data/%s.gguf", name);
    assert_ok(tael_model_open(&model, path));
    return model;
}

static tael_embedder *open_embedder(const tael_model *model, tael_pooling pooling, uint32_t threads)
{
    tael_embedder *e;
    tael_embed_options o = {.size = sizeof o, .threads = threads, .pooling = pooling};
    assert_ok(tael_embedder_open(&e, model, &o));
    return e;
}

/* The golden's ids can't be had from a text, so they are run as the embedder would. */
static void expect_golden(const char *name, size_t first, size_t count, uint32_t threads, uint32_t batch)
{
    char path[128];
    size_t bytes;
    snprintf(path, sizeof path, "model/data/%s.logits", name);
    char *data = fixture(path, &bytes);
    uint32_t tokens, width;
    memcpy(&tokens, data, 4);
    memcpy(&width, data + 4, 4);
    const int32_t *ids = (const int32_t *)(const void *)(data + 8);
    const float *want = (const float *)(const void *)(ids + tokens);
    assert_int_equal(bytes, 8 + 4 * (size_t)(tokens + width));
    tael_model *model = open_tiny(name);
    tael__context *c;
    tael__context_options o = {.context_tokens = 64, .batch_tokens = batch, .threads = threads};
    double sum[64] = {0}, square = 0;
    assert_ok(tael__context_open(&c, model, &o));
    assert_int_equal(model->sizes.embedding, width);
    for (size_t done = 0, row = 0, n; done < tokens; done += n) {
        n = tokens - done < tael__context_batch(c) ? tokens - done : tael__context_batch(c);
        tael__run r = {.tokens = ids + done, .count = n};
        assert_ok(tael__context_step(c, &r, 1, NULL));
        for (size_t t = 0; t < n; t++, row++)
            for (size_t i = 0; i < width && row >= first && row < first + count; i++)
                sum[i] += (double)c->scratch.y[t * width + i];
    }
    for (size_t i = 0; i < width; i++) square += sum[i] * sum[i];
    for (size_t i = 0; i < width; i++)
        if (!(fabs(sum[i] / sqrt(square) - (double)want[i]) < 5e-4))
            fail_msg("%s: number %zu is %g, not %g", name, i, sum[i] / sqrt(square), (double)want[i]);
    tael__context_close(c);
    tael_model_close(model);
    free(data);
}

static void outputs_are_those_of_transformers(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 2; threads++) {
        expect_golden("tiny_bert", 0, 1, threads, 0);
        expect_golden("tiny_bert_mean", 0, 24, threads, 0);
        expect_golden("tiny_qwen3_embedding", 23, 1, threads, 0);
        expect_golden("tiny_qwen3_embedding", 23, 1, threads, 5);
    }
}

static double product(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

static void vectors_are_of_length_1_and_of_their_text_alone(void **state)
{
    (void)state;
    static const char *const names[] = {"tiny_bert", "tiny_bert_mean", "tiny_qwen3_embedding"};
    for (size_t m = 0; m < 3; m++) {
        tael_model *model = open_tiny(names[m]);
        tael_embedder *e = open_embedder(model, TAEL_POOLING_MODEL, 2);
        size_t n = tael_embedder_width(e), tokens = 0;
        float first[64], other[64], again[64];
        assert_int_equal(n, 32);
        assert_ok(tael_embed(e, "the cat sat", 11, first, &tokens));
        assert_true(fabs(product(first, first, n) - 1) < 1e-5);
        assert_ok(tael_embed(e, "!", 1, other, NULL));
        assert_ok(tael_embed(e, "the cat sat", 11, again, NULL));
        assert_memory_equal(first, again, n * sizeof *first);
        assert_true(product(first, other, n) < 0.999);
        tael_embedder_close(e);
        tael_model_close(model);
    }
}

/* [CLS] text [SEP]; the token that closes a text of Qwen3-Embedding. */
static void texts_stand_between_the_models_tokens(void **state)
{
    (void)state;
    float vector[64];
    size_t tokens;
    tael_model *model = open_tiny("tiny_bert");
    tael_embedder *e = open_embedder(model, TAEL_POOLING_MODEL, 1);
    assert_ok(tael_embed(e, "the cat", 7, vector, &tokens));
    assert_int_equal(tokens, 4);
    assert_ok(tael_embed(e, "", 0, vector, &tokens)); /* of nothing but the two */
    assert_int_equal(tokens, 2);
    tael_embedder_close(e);
    tael_model_close(model);
    model = open_tiny("tiny_qwen3_embedding");
    e = open_embedder(model, TAEL_POOLING_MODEL, 1);
    assert_ok(tael_embed(e, "cat", 3, vector, &tokens));
    assert_int_equal(tokens, 4);
    tael_embedder_close(e);
    tael_model_close(model);
}

static void pooling_can_be_chosen(void **state)
{
    (void)state;
    float vectors[4][64];
    tael_model *model = open_tiny("tiny_bert");
    for (int p = 0; p < 4; p++) {
        tael_embedder *e = open_embedder(model, (tael_pooling)p, 1);
        assert_ok(tael_embed(e, "the cat sat", 11, vectors[p], NULL));
        tael_embedder_close(e);
    }
    assert_memory_equal(vectors[TAEL_POOLING_MODEL], vectors[TAEL_POOLING_FIRST], 32 * sizeof(float));
    assert_memory_not_equal(vectors[TAEL_POOLING_MEAN], vectors[TAEL_POOLING_FIRST], 32 * sizeof(float));
    assert_memory_not_equal(vectors[TAEL_POOLING_LAST], vectors[TAEL_POOLING_FIRST], 32 * sizeof(float));
    tael_model_close(model);
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    float vector[64];
    char text[200];
    tael_model *model = open_tiny("tiny_bert");
    tael_embedder *e = open_embedder(model, TAEL_POOLING_MODEL, 1);
    tael_embed_options o = {.size = 0};
    double perplexity;
    uint64_t scored;
    tael__context *c;
    tael__context_options long_one = {.context_tokens = 65};
    memset(text, '!', sizeof text);
    assert_status(tael_embed(e, text, sizeof text, vector, NULL), TAEL_CONTEXT_FULL);
    assert_non_null(strstr(tael_error(), "64"));
    assert_status(tael_embed(e, "\xff", 1, vector, NULL), TAEL_BAD_INPUT);
    assert_status(tael_embed(e, NULL, 1, vector, NULL), TAEL_MISUSE);
    assert_status(tael_embed(NULL, "a", 1, vector, NULL), TAEL_MISUSE);
    assert_ok(tael_embed(e, "cat", 3, vector, NULL)); /* after all that */
    tael_embedder_close(e);
    tael_embedder_close(NULL);
    assert_status(tael_embedder_open(&e, model, &o), TAEL_MISUSE);
    assert_status(tael_perplexity(model, "the cat sat", 11, 3, 1, &perplexity, &scored), TAEL_UNSUPPORTED);
    assert_status(tael__context_open(&c, model, &long_one), TAEL_MISUSE);
    tael_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outputs_are_those_of_transformers),
        cmocka_unit_test(vectors_are_of_length_1_and_of_their_text_alone),
        cmocka_unit_test(texts_stand_between_the_models_tokens),
        cmocka_unit_test(pooling_can_be_chosen),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
