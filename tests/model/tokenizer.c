// SPDX-License-Identifier: Apache-2.0
// Ids against llama.cpp's, string by string (data/tokenizer_golden.json, made by make_tokenizer_goldens.py): with a
// small vocabulary whose merges reach over word borders, so that a wrong cut shows, under each pre-tokenizer and each
// of its other names; and with the real files where they are ($TAEL_TEST_MODELS, $TAEL_HOME/models,
// ~/.cache/tael/models).
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "model/tokenizer.h"
#include "support.h"

static json_t *golden;
static char *small;
static size_t small_bytes;

static int load(void **state)
{
    (void)state;
    json_error_t error;
    golden = json_load_file("model/data/tokenizer_golden.json", JSON_ALLOW_NUL, &error);
    small = fixture("model/data/tokenizer_small.gguf", &small_bytes);
    return golden ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(golden);
    tael__free(small);
    return 0;
}

/* The small file with another text as the value of tokenizer.ggml.pre or .model: the text is spliced in. */
static char *with_value(const char *key, const char *value, size_t *bytes)
{
    char *at = memmem(small, small_bytes, key, strlen(key));
    assert_non_null(at);
    at += strlen(key) + 4; /* past the value's type */
    uint64_t old = 0, now = strlen(value);
    memcpy(&old, at, 8);
    size_t head = (size_t)(at - small), tail = small_bytes - head - 8 - (size_t)old;
    *bytes = head + 8 + (size_t)now + tail;
    char *copy = malloc(*bytes);
    memcpy(copy, small, head);
    memcpy(copy + head, &now, 8);
    memcpy(copy + head + 8, value, (size_t)now);
    memcpy(copy + head + 8 + now, at + 8 + old, tail);
    return copy;
}

typedef struct opened {
    char *data;
    tael__gguf *file;
    tael__tokenizer *t;
} opened;

static opened open_small(const char *pre)
{
    opened o = {0};
    size_t bytes;
    o.data = with_value("tokenizer.ggml.pre", pre, &bytes);
    assert_ok(tael__gguf_parse(&o.file, (const uint8_t *)o.data, bytes, "small"));
    assert_ok(tael__tokenizer_open(&o.t, o.file));
    return o;
}

static void close_small(opened *o)
{
    tael__tokenizer_close(o->t);
    tael__gguf_close(o->file);
    free(o->data);
}

static size_t tokenize(const tael__tokenizer *t, const char *text, size_t bytes, bool special, int32_t **ids)
{
    tael__buffer out = {.max = TAEL__MAX_PROMPT_BYTES};
    assert_ok(tael__tokenize(t, text, bytes, special, &out));
    size_t n = out.size / sizeof **ids;
    *ids = (int32_t *)(void *)tael__buffer_take(&out);
    return n;
}

/* `rows`: for each string the ids with special tokens, and those without where they differ. */
static void compare_all(const tael__tokenizer *t, json_t *rows, const char *what)
{
    json_t *strings = json_object_get(golden, "strings");
    size_t wrong = 0;
    assert_int_equal(json_array_size(rows), json_array_size(strings));
    assert_true(json_array_size(rows) >= 500);
    for (size_t i = 0; i < json_array_size(rows); i++)
        for (int special = 0; special < 2; special++) {
            json_t *row = json_array_get(rows, i), *text = json_array_get(strings, i);
            json_t *want = json_array_get(row, !special && json_array_size(row) > 1 ? 1 : 0);
            int32_t *ids;
            size_t n = tokenize(t, json_string_value(text), json_string_length(text), special, &ids);
            bool equal = n == json_array_size(want);
            for (size_t k = 0; equal && k < n; k++) equal = ids[k] == json_integer_value(json_array_get(want, k));
            if (!equal && wrong++ < 20) {
                char *shown = json_dumps(text, JSON_ENCODE_ANY | JSON_ENSURE_ASCII), *ours = NULL,
                     *theirs = json_dumps(want, JSON_COMPACT);
                json_t *list = json_array();
                for (size_t k = 0; k < n; k++) json_array_append_new(list, json_integer(ids[k]));
                ours = json_dumps(list, JSON_COMPACT);
                print_message("%s special=%d %s: %s, wanted %s\n", what, special, shown, ours, theirs);
                json_decref(list);
                free(shown);
                free(ours);
                free(theirs);
            }
            tael__free(ids);
        }
    assert_int_equal(wrong, 0);
}

static void small_vocabulary_gives_llama_cpps_ids(void **state)
{
    (void)state;
    const char *pre;
    json_t *rows;
    json_object_foreach(json_object_get(golden, "small"), pre, rows)
    {
        opened o = open_small(pre);
        compare_all(o.t, rows, pre);
        close_small(&o);
    }
}

static void other_names_mean_the_same_rules(void **state)
{
    (void)state;
    const char *alias;
    json_t *pre;
    json_object_foreach(json_object_get(golden, "aliases"), alias, pre)
    {
        opened o = open_small(alias);
        compare_all(o.t, json_object_get(json_object_get(golden, "small"), json_string_value(pre)), alias);
        close_small(&o);
    }
}

/* The path of a real model, or NULL. */
static const char *real_model(const char *name)
{
    static char path[1024];
    const char *folders[] = {getenv("TAEL_TEST_MODELS"), getenv("TAEL_HOME"), getenv("HOME")};
    const char *forms[] = {"%s/%s.gguf", "%s/models/%s.gguf", "%s/.cache/tael/models/%s.gguf"};
    for (size_t i = 0; i < 3; i++) {
        if (!folders[i]) continue;
        snprintf(path, sizeof path, forms[i], folders[i], name);
        if (tael__file_exists(path)) return path;
    }
    return NULL;
}

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static void real_models_give_llama_cpps_ids(void **state)
{
    (void)state;
    const char *name;
    json_t *rows;
    size_t tried = 0;
    json_object_foreach(json_object_get(golden, "real"), name, rows)
    {
        const char *path = real_model(name);
        if (!path) continue;
        tael__gguf *file;
        tael__tokenizer *t;
        assert_ok(tael__gguf_open(&file, path));
        double start = now_ms();
        assert_ok(tael__tokenizer_open(&t, file));
        print_message("%s: %u tokens opened in %.1f ms\n", name, tael__tokenizer_size(t), now_ms() - start);
        compare_all(t, rows, name);
        assert_true(tael__tokenizer_ends(t, tael__tokenizer_find(t, "<|im_end|>", 10)));
        assert_true(tael__tokenizer_ends(t, tael__tokenizer_find(t, "<|endoftext|>", 13)));
        assert_false(tael__tokenizer_ends(t, tael__tokenizer_find(t, "<|im_start|>", 12)));
        tael__tokenizer_close(t);
        tael__gguf_close(file);
        tried++;
    }
    if (!tried) {
        print_message("no real model found: put NAME.gguf into $TAEL_TEST_MODELS\n");
        skip();
    }
}

static void bytes_of_the_ids_are_the_text(void **state)
{
    (void)state;
    opened o = open_small("qwen2");
    json_t *strings = json_object_get(golden, "strings");
    for (size_t i = 0; i < json_array_size(strings); i++) {
        const char *text = json_string_value(json_array_get(strings, i));
        size_t bytes = json_string_length(json_array_get(strings, i)), at = 0;
        int32_t *ids;
        size_t n = tokenize(o.t, text, bytes, true, &ids);
        for (size_t k = 0; k < n; k++) {
            tael__slice s = tael__token_bytes(o.t, ids[k]);
            assert_true(at + s.bytes <= bytes);
            assert_memory_equal(text + at, s.data, s.bytes);
            at += s.bytes;
        }
        assert_int_equal(at, bytes);
        tael__free(ids);
    }
    close_small(&o);
}

static void invalid_utf8_is_named_by_its_offset(void **state)
{
    (void)state;
    opened o = open_small("qwen2");
    tael__buffer out = {.max = 1024};
    assert_status(tael__tokenize(o.t, "ab\xFF", 3, true, &out), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "byte 2"));
    assert_status(tael__tokenize(o.t, "\xE4\xB8", 2, true, &out), TAEL_BAD_INPUT);
    assert_status(tael__tokenize(o.t, "\xC0\x80", 2, true, &out), TAEL_BAD_INPUT);
    assert_int_equal(out.size, 0);
    close_small(&o);
}

static void unknown_kinds_are_named(void **state)
{
    (void)state;
    const char *keys[] = {"tokenizer.ggml.pre", "tokenizer.ggml.model"};
    for (size_t i = 0; i < 2; i++) {
        size_t bytes;
        tael__gguf *file;
        tael__tokenizer *t;
        char *data = with_value(keys[i], "gemma-unheard", &bytes);
        assert_ok(tael__gguf_parse(&file, (const uint8_t *)data, bytes, "small"));
        assert_status(tael__tokenizer_open(&t, file), TAEL_UNSUPPORTED);
        assert_null(t);
        assert_non_null(strstr(tael_error(), "gemma-unheard"));
        tael__gguf_close(file);
        free(data);
    }
}

static void special_tokens_are_told_from_text(void **state)
{
    (void)state;
    opened o = open_small("qwen2");
    int32_t end = tael__tokenizer_find(o.t, "<|im_end|>", 10), call = tael__tokenizer_find(o.t, "<tool_call>", 11);
    assert_true(end > 0 && call > 0);
    assert_true(tael__tokenizer_ends(o.t, end) && tael__tokenizer_special(o.t, end));
    assert_false(tael__tokenizer_ends(o.t, call) || tael__tokenizer_special(o.t, call));
    assert_int_equal(tael__tokenizer_find(o.t, "nowhere to be found", 19), -1);
    assert_int_equal(tael__tokenizer_find(o.t, "\n", 1), 0x0A);
    assert_false(tael__tokenizer_ends(o.t, -1) || tael__tokenizer_special(o.t, INT32_MAX));
    assert_int_equal(tael__token_bytes(o.t, INT32_MAX).bytes, 0);
    close_small(&o);
}

/* A quadratic merge would take minutes here. */
static void a_megabyte_of_one_letter_takes_seconds(void **state)
{
    (void)state;
    opened o = open_small("gpt-2");
    size_t bytes = (size_t)1 << 20, total = 0;
    char *text = malloc(bytes);
    memset(text, 'e', bytes);
    double start = now_ms();
    int32_t *ids;
    size_t n = tokenize(o.t, text, bytes, true, &ids);
    print_message("1 MiB of one letter: %.0f ms\n", now_ms() - start);
    for (size_t i = 0; i < n; i++) total += tael__token_bytes(o.t, ids[i]).bytes;
    assert_int_equal(total, bytes);
    assert_true(now_ms() - start < 20000);
    tael__free(ids);
    free(text);
    close_small(&o);
}

/* The nth request for memory fails, for every n: a status, no tokenizer, no leak (the sanitizers see those). */
static void lack_of_memory_is_a_status(void **state)
{
    (void)state;
    opened o = open_small("qwen2");
    for (uint64_t n = 1;; n++) {
        tael__tokenizer *t = NULL;
        tael__buffer out = {.max = 4096};
        tael__alloc_break(n, false);
        tael_status status = tael__tokenizer_open(&t, o.file);
        if (status == TAEL_OK) status = tael__tokenize(t, "<|im_start|>spent 12 元<|im_end|>", 32, true, &out);
        bool reached = tael__alloc_break(0, false) >= n;
        tael__tokenizer_close(t);
        tael__buffer_free(&out);
        if (!reached) break;
        assert_int_equal(status, TAEL_NO_MEMORY);
    }
    close_small(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_vocabulary_gives_llama_cpps_ids),
        cmocka_unit_test(other_names_mean_the_same_rules),
        cmocka_unit_test(real_models_give_llama_cpps_ids),
        cmocka_unit_test(bytes_of_the_ids_are_the_text),
        cmocka_unit_test(invalid_utf8_is_named_by_its_offset),
        cmocka_unit_test(unknown_kinds_are_named),
        cmocka_unit_test(special_tokens_are_told_from_text),
        cmocka_unit_test(a_megabyte_of_one_letter_takes_seconds),
        cmocka_unit_test(lack_of_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
