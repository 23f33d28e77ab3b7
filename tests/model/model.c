// SPDX-License-Identifier: Apache-2.0
// Opening a model: what a good file says, and every size and tensor of a bad one refused with a sentence. Each number
// of the metadata and each dimension of a tensor is set to what it must not be; a check that is missing shows as a
// model that opens, or under the sanitizers as a read beyond the file when it runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/internal.h"
#include "support.h"

static tael_status open_bytes(tael_model **out, const char *data, size_t bytes)
{
    tael__gguf *file;
    *out = NULL;
    TAEL_TRY(tael__gguf_parse(&file, (const uint8_t *)data, bytes, "x.gguf"));
    return tael__model_of_file(out, file);
}

/* Where the value of the u32 or f32 under `key` lies: after the key's bytes and its type. */
static char *value_of(char *data, size_t bytes, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = 8; i + n + 8 < bytes; i++) {
        uint64_t length;
        memcpy(&length, data + i - 8, 8);
        if (length == n && memcmp(data + i, key, n) == 0) return data + i + n + 4;
    }
    fail_msg("no key %s", key);
    return NULL;
}

static void info_says_what_the_file_says(void **state)
{
    (void)state;
    tael_model *m;
    assert_ok(tael_model_open(&m, "model/data/tiny_qwen3.gguf"));
    tael_model_info info = {.size = sizeof info};
    assert_ok(tael_model_get_info(m, &info));
    assert_string_equal(info.name, "tiny_qwen3");
    assert_string_equal(info.architecture, "qwen3");
    assert_string_equal(info.quantization, "F32");
    assert_int_equal(info.context_tokens, 256);
    assert_int_equal(info.layers, 2);
    assert_int_equal(info.embedding, 64);
    assert_int_equal(info.heads, 4);
    assert_int_equal(info.kv_heads, 2);
    assert_int_equal(info.head_size, 24);
    assert_int_equal(info.vocabulary, 128);
    uint64_t layer = 64 * 96 + 2 * 64 * 48 + 96 * 64 + 3 * 64 * 64 + 2 * 64 + 2 * 24;
    assert_int_equal(info.parameters, 128 * 64 + 64 + 2 * layer);
    info.size = 0;
    assert_status(tael_model_get_info(m, &info), TAEL_MISUSE);
    tael_model_close(m);
    tael_model_close(NULL);
}

static void older_callers_get_the_fields_they_know(void **state)
{
    (void)state;
    tael_model *m;
    tael_model_info info;
    assert_ok(tael_model_open(&m, "model/data/tiny_qwen2.gguf"));
    memset(&info, 0x5a, sizeof info);
    info.size = offsetof(tael_model_info, quantization);
    assert_ok(tael_model_get_info(m, &info));
    assert_string_equal(info.architecture, "qwen2");
    assert_int_equal(info.layers, 0x5a5a5a5a);
    tael_model_close(m);
}

static void fingerprints_tell_files_apart(void **state)
{
    (void)state;
    size_t bytes;
    tael_model *a, *b;
    char *data = fixture("model/data/tiny_qwen2.gguf", &bytes);
    assert_ok(tael_model_open(&a, "model/data/tiny_qwen2.gguf"));
    assert_ok(open_bytes(&b, data, bytes));
    assert_true(tael__model_fingerprint(a) == tael__model_fingerprint(b));
    tael_model_close(b);
    float base = 20000;
    memcpy(value_of(data, bytes, "qwen2.rope.freq_base"), &base, 4);
    assert_ok(open_bytes(&b, data, bytes));
    assert_true(tael__model_fingerprint(a) != tael__model_fingerprint(b));
    tael_model_close(b);
    tael_model_close(a);
    free(data);
}

static void tokens_come_back_as_text(void **state)
{
    (void)state;
    tael_model *m;
    int32_t ids[16];
    char text[16];
    size_t count, bytes;
    assert_ok(tael_model_open(&m, "model/data/tiny_qwen2.gguf"));
    assert_ok(tael_tokenize(m, "bad<|im_end|>", 13, true, NULL, 0, &count));
    assert_int_equal(count, 4);
    assert_ok(tael_tokenize(m, "bad<|im_end|>", 13, true, ids, 2, &count));
    assert_int_equal(count, 4);
    assert_ok(tael_tokenize(m, "bad<|im_end|>", 13, true, ids, 16, &count));
    assert_int_equal(ids[3], 127);
    assert_ok(tael_detokenize(m, ids, count, false, text, sizeof text, &bytes));
    assert_string_equal(text, "bad");
    assert_int_equal(bytes, 3);
    assert_ok(tael_detokenize(m, ids, count, true, text, sizeof text, &bytes));
    assert_string_equal(text, "bad<|im_end|>");
    assert_ok(tael_detokenize(m, ids, count, true, text, 6, &bytes)); /* cut, and ended all the same */
    assert_string_equal(text, "bad<|");
    assert_int_equal(bytes, 13);
    assert_ok(tael_detokenize(m, ids, count, true, NULL, 0, &bytes));
    assert_int_equal(bytes, 13);
    ids[0] = 128;
    assert_status(tael_detokenize(m, ids, 1, true, text, sizeof text, &bytes), TAEL_MISUSE);
    tael_model_close(m);
}

static void model_without_a_template_says_so(void **state)
{
    (void)state;
    tael_model *m;
    char *text = (char *)1;
    tael_message message = {"user", "hi"};
    assert_ok(tael_model_open(&m, "model/data/tiny_qwen2.gguf"));
    assert_status(tael_chat_format(m, &message, 1, NULL, true, &text), TAEL_UNSUPPORTED);
    assert_null(text);
    tael_model_close(m);
}

/* A model that opened although a number is strange must at least run without harm. */
static void run_a_little(const tael_model *m)
{
    int32_t ids[5] = {1, 2, 3, 4, 5};
    tael__context *c;
    tael__context_options o = {.context_tokens = 8, .threads = 1};
    if (tael__context_open(&c, m, &o) != TAEL_OK) return;
    assert_ok(tael__context_run(c, 0, ids, 5, NULL, NULL));
    tael__context_close(c);
}

static void strange_sizes_are_refused_or_harmless(void **state)
{
    (void)state;
    static const char *const keys[] = {"block_count",
                                       "embedding_length",
                                       "feed_forward_length",
                                       "attention.head_count",
                                       "attention.head_count_kv",
                                       "attention.key_length",
                                       "attention.value_length",
                                       "rope.dimension_count",
                                       "context_length"};
    static const uint32_t values[] = {0, 1, 2, 3, 5, 7, 63, 65, 97, 1u << 16, 1u << 24, 1u << 31, UINT32_MAX};
    static const char *const files[] = {"qwen2", "qwen3", "llama"};
    for (size_t f = 0; f < 3; f++) {
        char path[64], key[64];
        size_t bytes, refused = 0;
        snprintf(path, sizeof path, "model/data/tiny_%s.gguf", files[f]);
        char *data = fixture(path, &bytes);
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            snprintf(key, sizeof key, "%s.%s", files[f], keys[k]);
            char *at = value_of(data, bytes, key), kept[4];
            memcpy(kept, at, 4);
            for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
                tael_model *m;
                memcpy(at, &values[v], 4);
                tael_status status = open_bytes(&m, data, bytes);
                if (status == TAEL_OK)
                    run_a_little(m);
                else
                    assert_true(status == TAEL_BAD_INPUT || status == TAEL_UNSUPPORTED);
                assert_true((status == TAEL_OK) == (m != NULL));
                assert_true(status == TAEL_OK || strstr(tael_error(), "x.gguf"));
                refused += status != TAEL_OK;
                tael_model_close(m);
            }
            memcpy(at, kept, 4);
        }
        assert_true(refused > 90); /* of 117: all but fewer layers, other rope sizes and context lengths */
        free(data);
    }
}

/* The same for what only some architectures have; numbers that aren't whole get these bit patterns, too. */
static void strange_parts_are_refused_or_harmless(void **state)
{
    (void)state;
    static const uint32_t values[] = {0,        1,        2,          3,          5,          8,          63,
                                      1u << 16, 1u << 30, 0x7f800000, 0x7fc00000, 0xff800000, 0x7f7fffff, UINT32_MAX};
    static const struct {
        const char *file, *key;
        size_t refused; /* at least so many of the values */
    } cases[] = {
        {"tiny_qwen3moe", "qwen3moe.expert_count", 13},
        {"tiny_qwen3moe", "qwen3moe.expert_used_count", 9},
        {"tiny_qwen3moe", "qwen3moe.expert_feed_forward_length", 14},
        {"tiny_qwen2moe", "qwen2moe.expert_shared_feed_forward_length", 13},
        {"tiny_qwen35", "qwen35.ssm.conv_kernel", 14},
        {"tiny_qwen35", "qwen35.ssm.state_size", 13},
        {"tiny_qwen35", "qwen35.ssm.group_count", 13},
        {"tiny_qwen35", "qwen35.ssm.time_step_rank", 14},
        {"tiny_qwen35", "qwen35.ssm.inner_size", 14},
        {"tiny_qwen35", "qwen35.block_count", 10},
        {"tiny_gemma3", "gemma3.attention.sliding_window", 0},
        {"tiny_gemma3", "gemma3.final_logit_softcapping", 4},
        {"tiny_gemma3", "gemma3.attention.head_count", 11},
        {"tiny_minicpm", "minicpm.embedding_scale", 11},
        {"tiny_minicpm", "minicpm.residual_scale", 11},
        {"tiny_minicpm", "minicpm.logit_scale", 11},
        {"tiny_yarn", "qwen3.rope.scaling.factor", 4},
        {"tiny_yarn", "qwen3.rope.scaling.original_context_length", 1},
        {"tiny_yarn", "qwen3.rope.freq_base", 10},
        {"tiny_longrope", "minicpm.rope.scaling.attn_factor", 11},
        {"tiny_bert", "bert.context_length", 14},
        {"tiny_bert", "bert.pooling_type", 9},
        {"tiny_bert", "bert.attention.head_count", 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char path[64];
        size_t bytes, refused = 0;
        snprintf(path, sizeof path, "model/data/%s.gguf", cases[i].file);
        char *data = fixture(path, &bytes), *at = value_of(data, bytes, cases[i].key);
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            tael_model *m;
            memcpy(at, &values[v], 4);
            tael_status status = open_bytes(&m, data, bytes);
            if (status == TAEL_OK)
                run_a_little(m);
            else
                assert_true(status == TAEL_BAD_INPUT || status == TAEL_UNSUPPORTED);
            refused += status != TAEL_OK;
            tael_model_close(m);
        }
        if (refused < cases[i].refused)
            fail_msg("%s: %zu refused, wanted %zu", cases[i].key, refused, cases[i].refused);
        free(data);
    }
}

static void strange_numbers_are_refused(void **state)
{
    (void)state;
    static const char *const keys[] = {"qwen2.rope.freq_base", "qwen2.attention.layer_norm_rms_epsilon"};
    static const float values[] = {-1.0f, 1e30f, __builtin_nanf(""), __builtin_inff(), -__builtin_inff()};
    size_t bytes;
    char *data = fixture("model/data/tiny_qwen2.gguf", &bytes);
    for (size_t k = 0; k < 2; k++) {
        char *at = value_of(data, bytes, keys[k]), kept[4];
        memcpy(kept, at, 4);
        for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
            tael_model *m;
            memcpy(at, &values[v], 4);
            assert_status(open_bytes(&m, data, bytes), TAEL_BAD_INPUT);
            assert_non_null(strstr(tael_error(), keys[k]));
        }
        memcpy(at, kept, 4);
    }
    free(data);
}

static void missing_tensors_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {"token_embd.weight", "output_norm.weight",    "blk.0.attn_q.weight",
                                        "blk.1.attn_k.bias", "blk.1.ffn_down.weight", "blk.0.ffn_norm.weight"};
    size_t bytes;
    char *data = fixture("model/data/tiny_qwen2.gguf", &bytes);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tael_model *m;
        char *name = value_of(data, bytes, names[i]) - 4 - strlen(names[i]);
        name[0] ^= 1;
        assert_status(open_bytes(&m, data, bytes), TAEL_BAD_INPUT);
        assert_non_null(strstr(tael_error(), names[i]));
        assert_null(m);
        name[0] ^= 1;
    }
    free(data);
}

static void misshapen_tensors_are_named(void **state)
{
    (void)state;
    static const char *const names[] = {"token_embd.weight", "blk.0.attn_q.weight", "blk.1.attn_k.bias",
                                        "blk.1.ffn_gate.weight"};
    size_t bytes;
    char *data = fixture("model/data/tiny_qwen2.gguf", &bytes);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        tael_model *m;
        char *shape = value_of(data, bytes, names[i]); /* after the name and the count of dimensions */
        uint64_t kept, half;
        memcpy(&kept, shape, 8);
        half = kept / 2;
        memcpy(shape, &half, 8);
        assert_status(open_bytes(&m, data, bytes), TAEL_BAD_INPUT);
        assert_non_null(strstr(tael_error(), names[i]));
        memcpy(shape, &kept, 8);
    }
    free(data);
}

static void unknown_architectures_are_named(void **state)
{
    (void)state;
    size_t bytes;
    tael_model *m;
    char *data = fixture("model/data/tiny_qwen2.gguf", &bytes);
    char *text = value_of(data, bytes, "general.architecture") + 8;
    assert_memory_equal(text, "qwen2", 5);
    memcpy(text, "mamba", 5);
    assert_status(open_bytes(&m, data, bytes), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "mamba"));
    tael_set_language(TAEL_CHINESE);
    assert_status(open_bytes(&m, data, bytes), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "架构"));
    tael_set_language(TAEL_ENGLISH);
    free(data);
}

static void model_without_memory_fails_cleanly(void **state)
{
    (void)state;
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        tael_status status = TAEL_NO_MEMORY;
        for (uint64_t n = 1; status != TAEL_OK; n++) {
            tael_model *m = (tael_model *)1;
            tael__alloc_break(n, from_then_on);
            status = tael_model_open(&m, "model/data/tiny_qwen2.gguf");
            tael__alloc_break(0, false);
            assert_true(n < 10000);
            assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
            assert_true((status == TAEL_OK) == (m != NULL));
            assert_true(status == TAEL_OK || tael_error()[0] != '\0');
            tael_model_close(m);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(info_says_what_the_file_says),
        cmocka_unit_test(older_callers_get_the_fields_they_know),
        cmocka_unit_test(fingerprints_tell_files_apart),
        cmocka_unit_test(tokens_come_back_as_text),
        cmocka_unit_test(model_without_a_template_says_so),
        cmocka_unit_test(strange_sizes_are_refused_or_harmless),
        cmocka_unit_test(strange_parts_are_refused_or_harmless),
        cmocka_unit_test(strange_numbers_are_refused),
        cmocka_unit_test(missing_tensors_are_named),
        cmocka_unit_test(misshapen_tensors_are_named),
        cmocka_unit_test(unknown_architectures_are_named),
        cmocka_unit_test(model_without_memory_fails_cleanly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
