// SPDX-License-Identifier: Apache-2.0
// Models as they were trained: a tiny GGUF model is taken apart into the folder that transformers would write, by the
// paper's definition of llama's order of rows, and quantised to F32 from there; every tensor must come back to the bit.
// A row in the wrong place, a factor of RoPE or a token under another id shows. Broken files are refused with a
// sentence.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/quantize.h>

#include "model/gguf.h"
#include "model/model.h"
#include "model/safetensors.h"
#include "support.h"

static const char *const names[][2] = {{"attn_norm", "input_layernorm"},    {"ffn_norm", "post_attention_layernorm"},
                                       {"attn_q", "self_attn.q_proj"},      {"attn_k", "self_attn.k_proj"},
                                       {"attn_v", "self_attn.v_proj"},      {"attn_output", "self_attn.o_proj"},
                                       {"attn_q_norm", "self_attn.q_norm"}, {"attn_k_norm", "self_attn.k_norm"},
                                       {"ffn_gate", "mlp.gate_proj"},       {"ffn_up", "mlp.up_proj"},
                                       {"ffn_down", "mlp.down_proj"}};

static bool trained_name(char *out, size_t cap, const char *name)
{
    unsigned layer;
    char part[32], kind[16];
    if (strcmp(name, "token_embd.weight") == 0) return snprintf(out, cap, "model.embed_tokens.weight") > 0;
    if (strcmp(name, "output_norm.weight") == 0) return snprintf(out, cap, "model.norm.weight") > 0;
    if (strcmp(name, "output.weight") == 0) return snprintf(out, cap, "lm_head.weight") > 0;
    if (sscanf(name, "blk.%u.%31[a-z_].%15s", &layer, part, kind) != 3) return false; /* rope_freqs */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(part, names[i][0]) == 0)
            return snprintf(out, cap, "model.layers.%u.%s.%s", layer, names[i][1], kind) > 0;
    return false;
}

/* All tensors of one GGUF file whose number i has i % of == which, as a safetensors file. */
static void write_safetensors(const char *path, const tael__gguf *file, bool llama, size_t which, size_t of)
{
    tael__buffer header = {.max = 1 << 20}, data = {.max = 1 << 24}, all = {.max = 1 << 24};
    tael__buffer_text(&header, "{\"__metadata__\":{\"format\":\"pt\"}");
    uint32_t heads = 0, kv_heads = 0;
    tael__gguf_u32(file, "llama.attention.head_count", &heads);
    tael__gguf_u32(file, "llama.attention.head_count_kv", &kv_heads);
    for (size_t i = which; i < tael__gguf_tensor_count(file); i += of) {
        const tael__gguf_tensor *t = tael__gguf_tensor_at(file, i);
        char name[64], trained[96];
        snprintf(name, sizeof name, "%.*s", (int)t->name.bytes, t->name.data);
        if (!trained_name(trained, sizeof trained, name)) continue;
        size_t n = llama && strstr(name, "attn_q.") ? heads : llama && strstr(name, "attn_k.") ? kv_heads : 0;
        size_t rows = (size_t)t->shape[1], from = data.size, half = n ? rows / n / 2 : 0;
        /* GGUF has [head][pair][two], trained is [head][two][pair]. */
        for (size_t r = 0; r < rows; r++) {
            size_t at = n ? r / (2 * half) * 2 * half + r % half * 2 + r / half % 2 : r;
            tael__buffer_append(&data, t->data + at * t->row_bytes, t->row_bytes);
        }
        tael__buffer_format(&header, ",\"%s\":{\"dtype\":\"F32\",\"shape\":[", trained);
        if (t->dims > 1) tael__buffer_format(&header, "%llu,", (unsigned long long)t->shape[1]);
        tael__buffer_format(&header, "%llu],\"data_offsets\":[%zu,%zu]}", (unsigned long long)t->shape[0], from,
                            data.size);
    }
    tael__buffer_text(&header, "}");
    uint64_t bytes = header.size;
    tael__buffer_append(&all, &bytes, 8);
    tael__buffer_append(&all, header.data, header.size);
    tael__buffer_append(&all, data.data, data.size);
    assert_ok(all.failed);
    assert_ok(tael__file_write(path, all.data, all.size));
    tael__buffer_free(&header);
    tael__buffer_free(&data);
    tael__buffer_free(&all);
}

static void write_text(const char *folder, const char *name, const char *text)
{
    assert_ok(tael__file_write(in_folder(folder, name), text, strlen(text)));
}

static const char tokenizer[] =
    "{\"added_tokens\":[{\"id\":4,\"content\":\"<|im_end|>\",\"special\":true},{\"id\":5,\"content\":\"<tool>\","
    "\"special\":false}],\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":\"\\\\p{L}+|\\\\p{N}{1,3}\"}},"
    "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"ab\":2,\"\\u00e6\":3},\"merges\":[\"a "
    "b\",[\"ab\",\"a\"]]}}";

/* The folder of a model: what[] = the keys of config.json that differ between the models. */
static void write_folder(const char *folder, const char *gguf, bool llama, const char *config, size_t files)
{
    tael__gguf *file;
    char name[64];
    tael__buffer index = {.max = 1 << 16};
    assert_ok(tael__gguf_open(&file, gguf));
    tael__buffer_text(&index, "{\"weight_map\":{");
    for (size_t i = 0; i < files; i++) {
        snprintf(name, sizeof name, "model-%05zu-of-%05zu.safetensors", i + 1, files);
        if (files == 1) snprintf(name, sizeof name, "model.safetensors");
        write_safetensors(in_folder(folder, name), file, llama, i, files);
        tael__buffer_format(&index, "%s\"x%zu\":\"%s\",\"y%zu\":\"%s\"", i ? "," : "", i, name, i, name);
    }
    tael__buffer_text(&index, "}}");
    if (files > 1) write_text(folder, "model.safetensors.index.json", index.data);
    tael__buffer_free(&index);
    tael__gguf_close(file);
    write_text(folder, "config.json", config);
    write_text(folder, "tokenizer.json", tokenizer);
    write_text(
        folder, "tokenizer_config.json",
        "{\"eos_token\":{\"content\":\"<|im_end|>\"},\"bos_token\":\"b\",\"add_bos_token\":true,"
        "\"chat_template\":[{\"name\":\"other\",\"template\":\"no\"},{\"name\":\"default\",\"template\":\"yes\"}]}");
}

static tael_status convert(const char *input, const char *output)
{
    tael_quantize_options o = {.size = sizeof o, .to = "F32", .threads = 2};
    tael_quantize_report report = {.size = sizeof report};
    return tael_quantize(input, output, &o, &report);
}

static void expect_same_tensors(const char *one, const char *other)
{
    tael__gguf *a, *b;
    assert_ok(tael__gguf_open(&a, one));
    assert_ok(tael__gguf_open(&b, other));
    assert_int_equal(tael__gguf_tensor_count(a), tael__gguf_tensor_count(b));
    for (size_t i = 0; i < tael__gguf_tensor_count(a); i++) {
        char name[64];
        const tael__gguf_tensor *t = tael__gguf_tensor_at(a, i);
        snprintf(name, sizeof name, "%.*s", (int)t->name.bytes, t->name.data);
        const tael__gguf_tensor *u = tael__gguf_tensor_find(b, name);
        if (!u || t->bytes != u->bytes || memcmp(t->shape, u->shape, sizeof t->shape) != 0)
            fail_msg("%s differs", name);
        if (strcmp(name, "rope_freqs.weight") != 0) {
            if (memcmp(t->data, u->data, t->bytes) != 0) fail_msg("%s has other weights", name);
            continue;
        }
        for (size_t k = 0; k < t->bytes / 4; k++) { /* there it is a quotient of f32 numbers */
            float x, y;
            memcpy(&x, t->data + 4 * k, 4);
            memcpy(&y, u->data + 4 * k, 4);
            if (!(fabsf(x - y) <= 2e-6f * fabsf(x))) fail_msg("factor %zu: %g, not %g", k, (double)y, (double)x);
        }
    }
    tael__gguf_close(a);
    tael__gguf_close(b);
}

#define QWEN3                                                                                        \
    "{\"model_type\":\"qwen3\",\"num_hidden_layers\":2,\"hidden_size\":64,\"intermediate_size\":64," \
    "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"head_dim\":24,\"vocab_size\":128,"        \
    "\"max_position_embeddings\":256,\"rms_norm_eps\":1e-6,\"rope_theta\":1000000,\"tie_word_embeddings\":true}"
#define LLAMA3                                                                                                      \
    "{\"model_type\":\"llama\",\"num_hidden_layers\":1,\"hidden_size\":64,\"intermediate_size\":96,"                \
    "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"vocab_size\":128,\"max_position_embeddings\":256,"       \
    "\"tie_word_embeddings\":true,\"rope_parameters\":{\"rope_type\":\"llama3\",\"rope_theta\":10000,\"factor\":4," \
    "\"low_freq_factor\":1,\"high_freq_factor\":4,\"original_max_position_embeddings\":64}}"

static void a_folder_becomes_the_same_model(void **state)
{
    (void)state;
    static const struct {
        const char *gguf, *config;
        bool llama;
        size_t files;
    } models[] = {{"model/data/tiny_qwen3.gguf", QWEN3, false, 1}, {"model/data/tiny_llama3.gguf", LLAMA3, true, 3}};
    for (size_t i = 0; i < 2; i++) {
        char *folder = temp_folder();
        write_folder(folder, models[i].gguf, models[i].llama, models[i].config, models[i].files);
        char *output = strdup(in_folder(folder, "out.gguf"));
        assert_ok(convert(folder, output));
        expect_same_tensors(models[i].gguf, output);
        if (models[i].files == 1) {
            assert_ok(convert(in_folder(folder, "model.safetensors"), output));
            expect_same_tensors(models[i].gguf, output);
        }
        free(output);
        temp_remove(folder);
    }
}

static void expect_text(const tael__gguf *file, const char *key, const char *want)
{
    tael__slice text;
    assert_true(tael__gguf_text(file, key, &text));
    assert_int_equal(text.bytes, strlen(want));
    assert_memory_equal(text.data, want, text.bytes);
}

static void tokens_and_sizes_come_along(void **state)
{
    (void)state;
    static const char *const tokens[] = {"a", "b", "ab", "æ", "<|im_end|>", "<tool>", "[PAD6]"};
    static const int32_t kinds[] = {1, 1, 1, 1, 3, 4, 5};
    char *folder = temp_folder();
    write_folder(folder, "model/data/tiny_qwen3.gguf", false, QWEN3, 1);
    tael__gguf *file;
    tael__gguf_cursor at = {0}, merge = {0};
    tael__slice text;
    uint64_t count;
    uint32_t n;
    float base;
    bool bos;
    assert_ok(convert(folder, in_folder(folder, "out.gguf")));
    assert_ok(tael__gguf_open(&file, in_folder(folder, "out.gguf")));
    const uint8_t *types = tael__gguf_array_data(file, "tokenizer.ggml.token_type", TAEL__GGUF_I32, &count);
    assert_true(types && count == 128);
    for (size_t i = 0; i < 7; i++) {
        int32_t kind;
        assert_true(tael__gguf_array_text(file, "tokenizer.ggml.tokens", &at, &text));
        assert_true(text.bytes == strlen(tokens[i]) && memcmp(text.data, tokens[i], text.bytes) == 0);
        memcpy(&kind, types + 4 * i, 4);
        assert_int_equal(kind, kinds[i]);
    }
    assert_true(tael__gguf_array_text(file, "tokenizer.ggml.merges", &merge, &text) &&
                memcmp(text.data, "a b", 3) == 0);
    assert_true(tael__gguf_array_text(file, "tokenizer.ggml.merges", &merge, &text) &&
                memcmp(text.data, "ab a", 4) == 0);
    expect_text(file, "tokenizer.ggml.pre", "llama-bpe");
    expect_text(file, "tokenizer.chat_template", "yes");
    expect_text(file, "general.architecture", "qwen3");
    assert_true(tael__gguf_u32(file, "tokenizer.ggml.eos_token_id", &n) && n == 4);
    assert_true(tael__gguf_u32(file, "tokenizer.ggml.bos_token_id", &n) && n == 1);
    assert_true(tael__gguf_bool(file, "tokenizer.ggml.add_bos_token", &bos) && bos);
    assert_true(tael__gguf_u32(file, "qwen3.attention.key_length", &n) && n == 24);
    assert_true(tael__gguf_f32(file, "qwen3.rope.freq_base", &base) && base == 1e6f);
    tael__gguf_close(file);
    temp_remove(folder);
}

/* One file of the folder replaced: what must come of it, and a word of the sentence. */
static void broken_folders_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *file, *text;
        tael_status status;
        const char *says;
    } cases[] = {
        {"config.json", "{\"model_type\":\"mamba\"}", TAEL_UNSUPPORTED, "mamba"},
        {"config.json", "[]", TAEL_BAD_INPUT, "config.json"},
        {"config.json", "{\"model_type\":\"qwen3\",\"num_hidden_layers\":-1}", TAEL_BAD_INPUT, "num_hidden_layers"},
        {"config.json", "{\"model_type\":\"qwen3\",\"num_hidden_layers\":1e99}", TAEL_BAD_INPUT, "num_hidden_layers"},
        {"tokenizer.json", "{\"model\":{\"type\":\"Unigram\"}}", TAEL_UNSUPPORTED, "tokenizer.json"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\"}}", TAEL_BAD_INPUT, "model.vocab"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":128}}}", TAEL_BAD_INPUT, "model.vocab"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":1}}}", TAEL_BAD_INPUT, "model.merges"},
        {"tokenizer.json", "{\"model\":{\"type\":\"BPE\",\"vocab\":{},\"merges\":[[\"a\"]]}}", TAEL_BAD_INPUT,
         "model.merges"},
        {"tokenizer.json",
         "{\"added_tokens\":[{\"id\":-1,\"content\":\"x\"}],\"model\":{\"type\":\"BPE\",\"vocab\":{}}}", TAEL_BAD_INPUT,
         "added_tokens"},
        {"tokenizer.json", "", TAEL_BAD_INPUT, "tokenizer.json"},
        {"model.safetensors", "", TAEL_BAD_INPUT, "model.safetensors"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *folder = temp_folder();
        write_folder(folder, "model/data/tiny_qwen3.gguf", false, QWEN3, 1);
        write_text(folder, cases[i].file, cases[i].text);
        assert_status(convert(folder, in_folder(folder, "out.gguf")), cases[i].status);
        if (!strstr(tael_error(), cases[i].says)) fail_msg("case %zu: %s", i, tael_error());
        assert_false(tael__file_exists(in_folder(folder, "out.gguf")));
        temp_remove(folder);
    }
    char *folder = temp_folder();
    write_folder(folder, "model/data/tiny_llama3.gguf", true, LLAMA3, 2);
    write_text(folder, "model.safetensors.index.json", "{\"weight_map\":{\"x\":\"../../etc/passwd\"}}");
    assert_status(convert(folder, in_folder(folder, "out.gguf")), TAEL_BAD_INPUT);
    write_text(folder, "model.safetensors.index.json", "{\"weight_map\":{}}");
    assert_status(convert(folder, in_folder(folder, "out.gguf")), TAEL_BAD_INPUT);
    temp_remove(folder);
}

/* In memory of exactly its size, so that a sanitizer sees one byte too far. */
static tael_status parse_copy(const void *data, size_t n)
{
    tael__safetensors *file;
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    tael_status status = tael__safetensors_parse(&file, copy, n, "x.safetensors");
    volatile uint8_t last = 0;
    for (size_t i = 0; status == TAEL_OK && i < tael__safetensors_count(file); i++) {
        const tael__safetensor *t = tael__safetensors_at(file, i);
        last = t->data[t->shape[0] * t->shape[1] * tael__formats[t->format].block_bytes - 1];
    }
    (void)last;
    tael__safetensors_close(file);
    free(copy);
    return status;
}

static tael_status parse_header(const char *header)
{
    char data[600] = {0};
    uint64_t n = strlen(header);
    memcpy(data, &n, 8);
    memcpy(data + 8, header, n);
    return parse_copy(data, 8 + n + 16);
}

static void safetensors_never_leave_the_file(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "[]",
        "{\"a\":1}",
        "{\"a\":{}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[5],\"data_offsets\":[0,20]}}", /* 16 are there */
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,12]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[16,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[-16,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":[1,1,1,1,4],\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}}",
        "{\"a\":{\"dtype\":3,\"shape\":[4],\"data_offsets\":[0,16]}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse_header(bad[i]) != TAEL_BAD_INPUT) fail_msg("header %s was taken", bad[i]);
    assert_status(parse_header("{\"a\":{\"dtype\":\"I64\",\"shape\":[2],\"data_offsets\":[0,16]}}"), TAEL_UNSUPPORTED);
    assert_ok(parse_header("{\"a\":{\"dtype\":\"BF16\",\"shape\":[2,4],\"data_offsets\":[0,16]}}"));
    static const char huge[16] = {(char)0xFF, (char)0xFF, (char)0xFF, (char)0xFF,
                                  (char)0xFF, (char)0xFF, (char)0xFF, (char)0xFF};
    for (size_t n = 0; n <= sizeof huge; n++) assert_status(parse_copy(huge, n), TAEL_BAD_INPUT);
}

static void a_file_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    char *folder = temp_folder(), *data;
    size_t bytes;
    tael__gguf *file;
    assert_ok(tael__gguf_open(&file, "model/data/tiny_qwen3.gguf"));
    write_safetensors(in_folder(folder, "x"), file, false, 0, 8);
    tael__gguf_close(file);
    assert_ok(tael__file_read(&data, &bytes, in_folder(folder, "x"), 1 << 24));
    assert_ok(parse_copy(data, bytes));
    for (size_t n = 0; n < bytes; n += n < 2000 ? 1 : 977) assert_status(parse_copy(data, n), TAEL_BAD_INPUT);
    tael__free(data);
    temp_remove(folder);
}

static void no_memory_is_a_status(void **state)
{
    (void)state;
    char *folder = temp_folder();
    write_folder(folder, "model/data/tiny_llama3.gguf", true, LLAMA3, 2);
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t nth = 1; status != TAEL_OK; nth++) {
        tael__alloc_break(nth, true);
        status = convert(folder, in_folder(folder, "out.gguf"));
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
        assert_true(nth < 400);
    }
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_becomes_the_same_model),   cmocka_unit_test(tokens_and_sizes_come_along),
        cmocka_unit_test(broken_folders_are_named),          cmocka_unit_test(safetensors_never_leave_the_file),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused), cmocka_unit_test(no_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
