// SPDX-License-Identifier: Apache-2.0
// LoRA adapters against the transformers library: the golden logits are of weights with the products added to them. A
// wrong scale, side or layer moves logits by 0.1 and more; f16 keys and values by what tests/model/forward.c allows.
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/internal.h"
#include "support.h"

#define ADAPTER "model/data/tiny_lora.gguf"

static tael_model *open_base(const char *name)
{
    tael_model *model;
    char path[128];
    snprintf(path, sizeof path, "model/data/%s.gguf", name);
    assert_ok(tael_model_open(&model, path));
    return model;
}

typedef struct collected {
    float *logits;
    size_t vocabulary;
} collected;

static void collect(size_t index, const float *logits, void *user)
{
    collected *to = user;
    memcpy(to->logits + index * to->vocabulary, logits, to->vocabulary * sizeof *logits);
}

/* Logits of the golden's tokens; free() them. */
static float *score(const tael_model *model, const char *golden, uint32_t tokens, uint32_t batch, uint32_t threads)
{
    tael__context *c;
    tael__context_options o = {.context_tokens = tokens, .batch_tokens = batch, .threads = threads};
    collected to = {.logits = calloc((size_t)tokens * model->sizes.vocabulary, sizeof(float)),
                    .vocabulary = model->sizes.vocabulary};
    assert_ok(tael__context_open(&c, model, &o));
    assert_ok(tael__context_score(c, (const int32_t *)(const void *)(golden + 8), tokens, 0, collect, &to));
    tael__context_close(c);
    return to.logits;
}

static double farthest(const float *a, const float *b, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= most)) most = fabs((double)a[i] - (double)b[i]);
    return most;
}

typedef struct golden {
    char *data;
    uint32_t tokens;
    size_t numbers;
    const float *logits;
} golden;

static golden golden_open(void)
{
    golden g;
    size_t bytes;
    uint32_t vocabulary;
    g.data = fixture("model/data/tiny_lora.logits", &bytes);
    memcpy(&g.tokens, g.data, 4);
    memcpy(&vocabulary, g.data + 4, 4);
    g.numbers = (size_t)g.tokens * vocabulary;
    g.logits = (const float *)(const void *)(g.data + 8 + 4 * (size_t)g.tokens);
    return g;
}

static void logits_are_those_of_the_sum(void **state)
{
    (void)state;
    static const uint32_t batches[] = {512, 3, 1};
    golden g = golden_open();
    tael_model *model = open_base("tiny_lora_base");
    float *without = score(model, g.data, g.tokens, 512, 1);
    assert_true(farthest(without, g.logits, g.numbers) > 0.5); /* so the adapter matters */
    assert_ok(tael_model_add_adapter(model, ADAPTER, 1));
    for (size_t b = 0; b < 3; b++) {
        float *one = score(model, g.data, g.tokens, batches[b], 1),
              *two = score(model, g.data, g.tokens, batches[b], 2);
        assert_true(farthest(one, g.logits, g.numbers) < 0.01);
        assert_memory_equal(one, two, g.numbers * sizeof *one);
        free(one);
        free(two);
    }
    tael_model_close(model);
    free(without);
    free(g.data);
}

static void scales_add_up(void **state)
{
    (void)state;
    golden g = golden_open();
    tael_model *halves = open_base("tiny_lora_base"), *none = open_base("tiny_lora_base");
    uint64_t before = tael__model_fingerprint(halves);
    assert_ok(tael_model_add_adapter(halves, ADAPTER, 0.5f));
    uint64_t once = tael__model_fingerprint(halves);
    assert_ok(tael_model_add_adapter(halves, ADAPTER, 0.5f));
    assert_true(before != once && once != tael__model_fingerprint(halves)); /* no saved prefix fits both */
    float *sum = score(halves, g.data, g.tokens, 512, 1), *without = score(none, g.data, g.tokens, 512, 1);
    assert_true(farthest(sum, g.logits, g.numbers) < 0.01);
    assert_ok(tael_model_add_adapter(none, ADAPTER, 0));
    float *zero = score(none, g.data, g.tokens, 512, 1);
    assert_true(farthest(zero, without, g.numbers) == 0);
    free(sum);
    free(without);
    free(zero);
    tael_model_close(halves);
    tael_model_close(none);
    free(g.data);
}

static void others_are_refused(void **state)
{
    (void)state;
    tael_model *model = open_base("tiny_lora_base"), *other = open_base("tiny_qwen3"), *llama = open_base("tiny_llama");
    assert_status(tael_model_add_adapter(model, "model/data/tiny_qwen3.gguf", 1), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "no LoRA adapter"));
    assert_status(tael_model_add_adapter(other, ADAPTER, 1), TAEL_BAD_INPUT); /* wider */
    assert_non_null(strstr(tael_error(), ".lora_a"));
    assert_status(tael_model_add_adapter(llama, ADAPTER, 1), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "llama"));
    assert_status(tael_model_add_adapter(model, "model/data/none.gguf", 1), TAEL_NOT_FOUND);
    assert_status(tael_model_add_adapter(model, ADAPTER, __builtin_nanf("")), TAEL_MISUSE);
    assert_status(tael_model_add_adapter(NULL, ADAPTER, 1), TAEL_MISUSE);
    assert_int_equal(model->adapters.count, 0);
    tael_model *as_model;
    assert_true(tael_model_open(&as_model, ADAPTER) != TAEL_OK);
    tael_model_close(model);
    tael_model_close(other);
    tael_model_close(llama);
}

/* Every byte of the header changed in turn: refused, or an adapter that runs. */
static void damaged_ones_do_no_harm(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "damaged.gguf");
    size_t bytes, accepted = 0, header = 2600;
    char *data = fixture(ADAPTER, &bytes);
    int32_t ids[3] = {1, 2, 3};
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && bytes > header);
    assert_int_equal(write(fd, data, bytes), (ssize_t)bytes);
    for (size_t i = 0; i < header; i += 7) {
        tael_model *model = open_base("tiny_lora_base");
        char changed = (char)(data[i] ^ (1 << i % 8));
        assert_int_equal(pwrite(fd, &changed, 1, (off_t)i), 1);
        if (tael_model_add_adapter(model, path, 1) == TAEL_OK) {
            tael__context *c;
            tael__context_options o = {.context_tokens = 4, .threads = 1};
            assert_ok(tael__context_open(&c, model, &o));
            assert_ok(tael__context_run(c, 0, ids, 3, NULL, NULL));
            tael__context_close(c);
            accepted++;
        }
        tael_model_close(model);
        assert_int_equal(pwrite(fd, data + i, 1, (off_t)i), 1);
    }
    assert_true(accepted < header / 7 / 2);
    close(fd);
    temp_remove(folder);
    free(data);
}

static void without_memory_the_model_is_as_before(void **state)
{
    (void)state;
    tael_model *model = open_base("tiny_lora_base");
    tael_status status = TAEL_NO_MEMORY;
    assert_ok(tael_model_add_adapter(model, ADAPTER, 1));
    size_t count = model->adapters.count;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        tael__alloc_break(n, true);
        status = tael_model_add_adapter(model, ADAPTER, 1);
        tael__alloc_break(0, false);
        assert_true(n < 100);
        if (status == TAEL_OK) continue;
        assert_int_equal(status, TAEL_NO_MEMORY);
        assert_int_equal(model->adapters.count, count);
    }
    assert_int_equal(model->adapters.count, 2 * count);
    tael_model_close(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_are_those_of_the_sum),
        cmocka_unit_test(scales_add_up),
        cmocka_unit_test(others_are_refused),
        cmocka_unit_test(damaged_ones_do_no_harm),
        cmocka_unit_test(without_memory_the_model_is_as_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
