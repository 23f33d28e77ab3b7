// SPDX-License-Identifier: Apache-2.0
// Ids against llama.cpp's, string by string (data/tokenizer_*.json, made by make_tokenizer_goldens.py): with small
// vocabularies whose merges reach over word borders, so that a wrong cut shows, under each pre-tokenizer and each of
// its other names; and with the real files where they are ($TAEL_TEST_MODELS, $TAEL_HOME/models, ~/.cache/tael/models).
// WordPiece is held against the tokenizer that its models were trained with. Hostile vocabularies are made here.
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer.h"
#include "support.h"

static json_t *golden, *spm_golden, *words_golden, *real_golden;
static char *small, *spm, *words;
static size_t small_bytes, spm_bytes, words_bytes;

static json_t *read_golden(const char *path)
{
    json_error_t error;
    json_t *value = json_load_file(path, JSON_ALLOW_NUL, &error);
    assert_non_null(value);
    return value;
}

static int load(void **state)
{
    (void)state;
    golden = read_golden("model/data/tokenizer_golden.json");
    spm_golden = read_golden("model/data/tokenizer_spm.json");
    words_golden = read_golden("model/data/tokenizer_words.json");
    real_golden = read_golden("model/data/tokenizer_real.json");
    small = fixture("model/data/tokenizer_small.gguf", &small_bytes);
    spm = fixture("model/data/tokenizer_spm.gguf", &spm_bytes);
    words = fixture("model/data/tokenizer_words.gguf", &words_bytes);
    return 0;
}

static int unload(void **state)
{
    (void)state;
    json_decref(golden);
    json_decref(spm_golden);
    json_decref(words_golden);
    json_decref(real_golden);
    tael__free(small);
    tael__free(spm);
    tael__free(words);
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

/* Opens a copy of `data`; `key`, a bool of the file, is set to `value`. */
static opened open_with(const char *data, size_t bytes, const char *key, bool value)
{
    opened o = {.data = malloc(bytes)};
    memcpy(o.data, data, bytes);
    if (key) {
        char *at = memmem(o.data, bytes, key, strlen(key));
        assert_non_null(at);
        at[strlen(key) + 4] = value;
    }
    assert_ok(tael__gguf_parse(&o.file, (const uint8_t *)o.data, bytes, "small"));
    assert_ok(tael__tokenizer_open(&o.t, o.file));
    return o;
}

static opened open_spm(bool space)
{
    return open_with(spm, spm_bytes, "tokenizer.ggml.add_space_prefix", space);
}

static opened open_words(bool lowercase)
{
    return open_with(words, words_bytes, "tokenizer.ggml.normalizer.lowercase", lowercase);
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

/* String i's row of a set: the ids with special tokens, and those without where they differ. A set may say only where
 * it differs from another. */
static json_t *row_of(json_t *sets, const char *name, size_t i)
{
    json_t *set = json_object_get(sets, name);
    assert_non_null(set);
    if (json_is_array(set)) return json_array_get(set, i);
    char number[24];
    snprintf(number, sizeof number, "%zu", i);
    json_t *row = json_object_get(json_object_get(set, "rows"), number);
    return row ? row : row_of(sets, json_string_value(json_object_get(set, "like")), i);
}

static void compare_all(const tael__tokenizer *t, json_t *sets, const char *name, const char *what)
{
    json_t *strings = json_object_get(golden, "strings");
    size_t wrong = 0;
    assert_true(json_array_size(strings) >= 500);
    for (size_t i = 0; i < json_array_size(strings); i++)
        for (int special = 0; special < 2; special++) {
            json_t *row = row_of(sets, name, i), *text = json_array_get(strings, i);
            assert_non_null(row);
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
        compare_all(o.t, json_object_get(golden, "small"), pre, pre);
        close_small(&o);
    }
}

static void sentencepiece_gives_llama_cpps_ids(void **state)
{
    (void)state;
    for (int space = 0; space < 2; space++) {
        opened o = open_spm(space);
        compare_all(o.t, spm_golden, space ? "space" : "bare", "spm");
        close_small(&o);
    }
}

static void wordpiece_gives_the_ids_of_the_models_own_tokenizer(void **state)
{
    (void)state;
    for (int lowercase = 0; lowercase < 2; lowercase++) {
        opened o = open_words(lowercase);
        compare_all(o.t, words_golden, lowercase ? "small" : "cased", "words");
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
        compare_all(o.t, json_object_get(golden, "small"), json_string_value(pre), alias);
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

/* How many of the models that `sets` names are here. */
static size_t compare_real(json_t *sets)
{
    const char *name;
    json_t *rows;
    size_t tried = 0;
    json_object_foreach(sets, name, rows)
    {
        const char *path = real_model(name);
        if (!path) continue;
        tael__gguf *file;
        tael__tokenizer *t;
        assert_ok(tael__gguf_open(&file, path));
        double start = now_ms();
        assert_ok(tael__tokenizer_open(&t, file));
        print_message("%s: %u tokens opened in %.1f ms\n", name, tael__tokenizer_size(t), now_ms() - start);
        compare_all(t, sets, name, name);
        static const char *const ends[] = {"<|im_end|>", "<|endoftext|>", "</s>", "<eos>", "<end_of_turn>"};
        size_t found = 0;
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
            int32_t id = tael__tokenizer_find(t, ends[i], strlen(ends[i]));
            found += tael__tokenizer_special(t, id);
            assert_true(!tael__tokenizer_special(t, id) || tael__tokenizer_ends(t, id));
        }
        assert_true(found > 0);
        assert_false(tael__tokenizer_ends(t, tael__tokenizer_find(t, "<|im_start|>", 12)));
        tael__tokenizer_close(t);
        tael__gguf_close(file);
        tried++;
    }
    return tried;
}

static void real_models_give_llama_cpps_ids(void **state)
{
    (void)state;
    if (compare_real(json_object_get(golden, "real")) + compare_real(real_golden) == 0) {
        print_message("no real model found: put NAME.gguf into $TAEL_TEST_MODELS\n");
        skip();
    }
}

/* The text of the ids that text[from..to) becomes after token `previous`, held against it; the last id. */
static int32_t check_texts(const tael__tokenizer *t, int32_t previous, const char *text, size_t bytes)
{
    tael__buffer out = {.max = TAEL__MAX_PROMPT_BYTES};
    size_t at = 0;
    assert_ok(tael__tokenize_after(t, previous, text, bytes, true, &out));
    for (size_t k = 0; k < out.size / sizeof(int32_t); k++) {
        int32_t id;
        memcpy(&id, out.data + k * sizeof id, sizeof id);
        tael__slice s = tael__token_text(t, previous, id);
        assert_true(at + s.bytes <= bytes);
        assert_memory_equal(text + at, s.data, s.bytes);
        at += s.bytes;
        previous = id;
    }
    assert_int_equal(at, bytes);
    tael__buffer_free(&out);
    return previous;
}

/* Whole, and in two parts of which the second goes on where the first ended: a space put in the middle would show. */
static void texts_of_the_ids_are_the_text(void **state)
{
    (void)state;
    opened opens[] = {open_small("qwen2"), open_small("qwen35"), open_spm(true), open_spm(false)};
    json_t *strings = json_object_get(golden, "strings");
    for (size_t k = 0; k < sizeof opens / sizeof *opens; k++) {
        for (size_t i = 0; i < json_array_size(strings); i++) {
            const char *text = json_string_value(json_array_get(strings, i));
            size_t bytes = json_string_length(json_array_get(strings, i));
            size_t half = tael__utf8_cut(text, bytes / 2);
            check_texts(opens[k].t, -1, text, bytes);
            check_texts(opens[k].t, check_texts(opens[k].t, -1, text, half), text + half, bytes - half);
        }
        close_small(&opens[k]);
    }
}

static void words_are_given_back_with_single_spaces(void **state)
{
    (void)state;
    opened o = open_words(true);
    static const char text[] = "  The  BILL\ncame, 账单", want[] = "the bill came , 账 单";
    tael__buffer out = {.max = 1024};
    int32_t *ids, previous = -1;
    size_t n = tokenize(o.t, text, sizeof text - 1, false, &ids);
    for (size_t i = 0; i < n; previous = ids[i++]) {
        tael__slice s = tael__token_text(o.t, previous, ids[i]);
        tael__buffer_append(&out, s.data, s.bytes);
    }
    assert_string_equal(out.data, want);
    assert_int_equal(tael__tokenizer_bos(o.t), 2);
    assert_int_equal(tael__tokenizer_closing(o.t), 3);
    assert_true(tael__tokenizer_adds_bos(o.t));
    tael__buffer_free(&out);
    tael__free(ids);
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
    static const char *const keys[] = {"tokenizer.ggml.pre", "tokenizer.ggml.model"};
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
    assert_true(tael__tokenizer_silent(o.t, end));
    assert_false(tael__tokenizer_silent(o.t, call) || tael__tokenizer_silent(o.t, 'a') ||
                 tael__tokenizer_silent(o.t, -1));
    assert_int_equal(tael__tokenizer_find(o.t, "nowhere to be found", 19), -1);
    assert_int_equal(tael__tokenizer_find(o.t, "\n", 1), 0x0A);
    assert_false(tael__tokenizer_ends(o.t, -1) || tael__tokenizer_special(o.t, INT32_MAX));
    assert_int_equal(tael__token_bytes(o.t, INT32_MAX).bytes, 0);
    close_small(&o);
}

/* ---- Hostile vocabularies ---- */

typedef struct token {
    const char *name;
    float score;
    int32_t type; /* 1 normal, 2 unknown, 3 control, 4 user-defined, 6 byte */
} token;

static void put_key(tael__buffer *b, const char *key, uint32_t type)
{
    uint64_t bytes = strlen(key);
    tael__buffer_append(b, &bytes, 8);
    tael__buffer_text(b, key);
    tael__buffer_append(b, &type, 4);
}

static void put_list(tael__buffer *b, const char *key, uint32_t element, uint64_t count)
{
    put_key(b, key, TAEL__GGUF_ARRAY);
    tael__buffer_append(b, &element, 4);
    tael__buffer_append(b, &count, 8);
}

/* A file of the kind "llama" with these tokens and `scores` scores. */
static tael_status open_tokens(opened *o, const token *tokens, size_t count, size_t scores)
{
    tael__buffer b = {.max = 1u << 20};
    uint32_t version = 3;
    uint64_t none = 0, keys = 4, bytes = 5;
    tael__buffer_text(&b, "GGUF");
    tael__buffer_append(&b, &version, 4);
    tael__buffer_append(&b, &none, 8);
    tael__buffer_append(&b, &keys, 8);
    put_key(&b, "tokenizer.ggml.model", TAEL__GGUF_STRING);
    tael__buffer_append(&b, &bytes, 8);
    tael__buffer_text(&b, "llama");
    put_list(&b, "tokenizer.ggml.tokens", TAEL__GGUF_STRING, count);
    for (size_t i = 0; i < count; i++) {
        bytes = strlen(tokens[i].name);
        tael__buffer_append(&b, &bytes, 8);
        tael__buffer_text(&b, tokens[i].name);
    }
    put_list(&b, "tokenizer.ggml.scores", TAEL__GGUF_F32, scores);
    for (size_t i = 0; i < scores; i++) tael__buffer_append(&b, &tokens[i].score, 4);
    put_list(&b, "tokenizer.ggml.token_type", TAEL__GGUF_I32, count);
    for (size_t i = 0; i < count; i++) tael__buffer_append(&b, &tokens[i].type, 4);
    size_t size = b.size;
    *o = (opened){.data = malloc(size)};
    assert_ok(b.failed);
    memcpy(o->data, b.data, size);
    tael__buffer_free(&b);
    assert_ok(tael__gguf_parse(&o->file, (const uint8_t *)o->data, size, "hostile"));
    return tael__tokenizer_open(&o->t, o->file);
}

static void control_tokens_of_sentencepiece_are_silent(void **state)
{
    (void)state;
    opened o = open_spm(true);
    assert_true(tael__tokenizer_silent(o.t, tael__tokenizer_bos(o.t)));
    assert_true(tael__tokenizer_silent(o.t, tael__tokenizer_find(o.t, "<unk>", 5)));
    assert_false(tael__tokenizer_silent(o.t, tael__tokenizer_find(o.t, "<tool_call>", 11)));
    assert_false(tael__tokenizer_silent(o.t, tael__tokenizer_find(o.t, "\n", 1)));
    close_small(&o);
}

static void a_score_that_is_no_number_is_refused(void **state)
{
    (void)state;
    const token tokens[] = {{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3}, {"a", -NAN, 1}};
    opened o;
    assert_status(open_tokens(&o, tokens, 4, 4), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "tokenizer.ggml.scores"));
    close_small(&o);
    assert_status(open_tokens(&o, tokens, 4, 3), TAEL_BAD_INPUT); /* one too few */
    assert_non_null(strstr(tael_error(), "tokenizer.ggml.scores"));
    close_small(&o);
}

static void check_ids(const tael__tokenizer *t, const char *text, const int32_t *want, size_t count)
{
    int32_t *ids;
    size_t n = tokenize(t, text, strlen(text), false, &ids);
    assert_int_equal(n, count);
    assert_memory_equal(ids, want, count * sizeof *want);
    tael__free(ids);
}

/* Infinite and equal scores have an order; names that come twice, empty ones, and merges that would give a control
 * token or the name of a byte do no harm. */
static void odd_vocabularies_keep_their_promises(void **state)
{
    (void)state;
    const token tokens[] = {{"<unk>", 0, 2},  {"<s>", 0, 3},   {"</s>", 9, 3},        {"", 1, 1},
                            {"a", 0, 1},      {"b", 0, 1},     {"ab", -INFINITY, 1},  {"ba", INFINITY, 1},
                            {"aa", -0.0f, 1}, {"bb", 0.0f, 1}, {"</", 5, 1},          {"s>", 5, 1},
                            {"<", 0, 1},      {"/", 0, 1},     {"s", 0, 1},           {">", 0, 1},
                            {"<0x41>", 0, 6}, {"<0x", 1, 1},   {"0", 0, 1},           {"x", 0, 1},
                            {"41>", 2, 1},    {"4", 0, 1},     {"1", 0, 1},           {"1>", 1, 1},
                            {"0x", 0.5f, 1},  {"a", 0, 1},     {"\xE2\x96\x81", 0, 1}};
    opened o;
    assert_ok(open_tokens(&o, tokens, sizeof tokens / sizeof *tokens, sizeof tokens / sizeof *tokens));
    assert_int_equal(tael__tokenizer_bos(o.t), 1);
    assert_int_equal(tael__tokenizer_eos(o.t), 2);
    check_ids(o.t, "aba", (const int32_t[]){26, 25, 7}, 3);                     /* the best score before the leftmost */
    check_ids(o.t, "aabb", (const int32_t[]){26, 8, 9}, 3);                     /* -0 and 0 are equal */
    check_ids(o.t, "aaa", (const int32_t[]){26, 8, 25}, 3);                     /* the leftmost; of one name the last */
    check_ids(o.t, "</s>", (const int32_t[]){26, 10, 11}, 3);                   /* not the control token */
    check_ids(o.t, "<0x41>", (const int32_t[]){26, 17, 20}, 3);                 /* not the byte */
    check_ids(o.t, "A", (const int32_t[]){26, 16}, 2);                          /* that is the byte */
    check_ids(o.t, "\xE4\xB8\xAD\xE6\x96\x87", (const int32_t[]){26, 0, 0}, 3); /* no bytes: unknown, one a letter */
    close_small(&o);
}

/* ---- Time and memory ---- */

/* A quadratic merge, or a search for special tokens that starts anew at each byte, would take hours here. */
static void a_megabyte_of_one_letter_ends(void **state)
{
    (void)state;
    opened opens[] = {open_small("gpt-2"), open_spm(true), open_words(true)};
    static const char letters[] = "e \n<";
    size_t bytes = (size_t)1 << 20;
    char *text = malloc(bytes);
    for (size_t k = 0; k < sizeof opens / sizeof *opens; k++) {
        for (size_t l = 0; letters[l]; l++) {
            memset(text, letters[l], bytes);
            int32_t *ids, previous = -1;
            size_t n = tokenize(opens[k].t, text, bytes, true, &ids), total = 0;
            for (size_t i = 0; i < n; previous = ids[i++])
                total += tael__token_text(opens[k].t, previous, ids[i]).bytes;
            if (k < 2) assert_int_equal(total, bytes);
            tael__free(ids);
        }
        close_small(&opens[k]);
    }
    free(text);
}

/* The nth request for memory fails, for every n: a status, no tokenizer, no leak (the sanitizers see those). */
static void lack_of_memory_is_a_status(void **state)
{
    (void)state;
    opened opens[] = {open_small("qwen2"), open_spm(true), open_words(true)};
    for (size_t k = 0; k < sizeof opens / sizeof *opens; k++) {
        for (uint64_t n = 1;; n++) {
            tael__tokenizer *t = NULL;
            tael__buffer out = {.max = 4096};
            tael__alloc_break(n, false);
            tael_status status = tael__tokenizer_open(&t, opens[k].file);
            if (status == TAEL_OK) status = tael__tokenize(t, "<|im_start|>spent 12 元<|im_end|>", 32, true, &out);
            bool reached = tael__alloc_break(0, false) >= n;
            tael__tokenizer_close(t);
            tael__buffer_free(&out);
            if (!reached) break;
            assert_int_equal(status, TAEL_NO_MEMORY);
        }
        close_small(&opens[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_vocabulary_gives_llama_cpps_ids),
        cmocka_unit_test(sentencepiece_gives_llama_cpps_ids),
        cmocka_unit_test(wordpiece_gives_the_ids_of_the_models_own_tokenizer),
        cmocka_unit_test(other_names_mean_the_same_rules),
        cmocka_unit_test(real_models_give_llama_cpps_ids),
        cmocka_unit_test(texts_of_the_ids_are_the_text),
        cmocka_unit_test(words_are_given_back_with_single_spaces),
        cmocka_unit_test(invalid_utf8_is_named_by_its_offset),
        cmocka_unit_test(unknown_kinds_are_named),
        cmocka_unit_test(special_tokens_are_told_from_text),
        cmocka_unit_test(control_tokens_of_sentencepiece_are_silent),
        cmocka_unit_test(a_score_that_is_no_number_is_refused),
        cmocka_unit_test(odd_vocabularies_keep_their_promises),
        cmocka_unit_test(a_megabyte_of_one_letter_ends),
        cmocka_unit_test(lack_of_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
