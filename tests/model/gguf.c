// SPDX-License-Identifier: Apache-2.0
// The GGUF parser: what a good file says is read, and whatever a bad one says is refused with a sentence.
// A parser that trusts one length, count or offset fails here: each is set to what it must not be, the file is cut at
// every byte, and (under the sanitizers) each cut lies in memory of exactly its size.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/gguf_internal.h"
#include "support.h"

#define TINY "model/data/tiny.gguf" /* made by make_gguf.py */

/* A copy in memory of exactly n bytes, so that a sanitizer sees one byte too far. */
static tael_status parse_copy(const char *data, size_t n)
{
    tael__gguf *file;
    uint8_t *copy = malloc(n ? n : 1);
    memcpy(copy, data, n);
    tael_status status = tael__gguf_parse(&file, copy, n, "x.gguf");
    assert_true((status == TAEL_OK) == (file != NULL));
    tael__gguf_close(file);
    free(copy);
    return status;
}

static void good_file_reads_as_written(void **state)
{
    (void)state;
    tael__gguf *file;
    uint32_t u = 0;
    float f = 0;
    bool b = false;
    tael__slice s;
    assert_ok(tael__gguf_open(&file, TINY));
    assert_true(tael__gguf_text(file, "general.architecture", &s));
    assert_int_equal(s.bytes, 5);
    assert_memory_equal(s.data, "qwen2", 5);
    assert_true(tael__gguf_u32(file, "a.u8", &u) && u == 200);
    assert_true(tael__gguf_u32(file, "a.u16", &u) && u == 60000);
    assert_true(tael__gguf_u32(file, "a.i16", &u) && u == 7);
    assert_true(tael__gguf_u32(file, "a.u32", &u) && u == 4000000000u);
    assert_true(tael__gguf_u32(file, "a.i64", &u) && u == 12);
    assert_true(tael__gguf_f32(file, "a.f32", &f) && f == 0.5f);
    assert_true(tael__gguf_f32(file, "a.f64", &f) && f == 1e-6f);
    assert_true(tael__gguf_bool(file, "a.bool", &b) && b);
    assert_string_equal(tael__gguf_path(file), TINY);
    tael__gguf_close(file);
}

static void numbers_that_do_not_fit_are_not_given(void **state)
{
    (void)state;
    tael__gguf *file;
    uint32_t u = 77;
    float f;
    bool b;
    tael__slice s;
    assert_ok(tael__gguf_open(&file, TINY));
    assert_false(tael__gguf_u32(file, "a.i8", &u));
    assert_false(tael__gguf_u32(file, "a.i32", &u));
    assert_false(tael__gguf_u32(file, "a.u64", &u));
    assert_false(tael__gguf_u32(file, "a.f32", &u));
    assert_false(tael__gguf_u32(file, "no.such.key", &u));
    assert_false(tael__gguf_u32(file, "general.architecture", &u));
    assert_false(tael__gguf_f32(file, "a.u32", &f));
    assert_false(tael__gguf_bool(file, "a.u8", &b));
    assert_false(tael__gguf_text(file, "tokenizer.ggml.tokens", &s));
    assert_int_equal(u, 77);
    tael__gguf_close(file);
}

static void arrays_are_walked_in_order(void **state)
{
    (void)state;
    static const char *const wanted[] = {"a", "", "杭州", "<|im_start|>"};
    tael__gguf *file;
    tael__gguf_type element;
    uint64_t count;
    tael__gguf_cursor cursor = {0};
    tael__slice s;
    assert_ok(tael__gguf_open(&file, TINY));
    assert_true(tael__gguf_array(file, "tokenizer.ggml.tokens", &element, &count));
    assert_int_equal(element, TAEL__GGUF_STRING);
    assert_int_equal(count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(tael__gguf_array_text(file, "tokenizer.ggml.tokens", &cursor, &s));
        assert_int_equal(s.bytes, strlen(wanted[i]));
        assert_memory_equal(s.data, wanted[i], s.bytes);
    }
    assert_false(tael__gguf_array_text(file, "tokenizer.ggml.tokens", &cursor, &s));
    const void *scores = tael__gguf_array_data(file, "tokenizer.ggml.scores", TAEL__GGUF_F32, &count);
    float third;
    assert_non_null(scores);
    memcpy(&third, (const char *)scores + 8, 4);
    assert_true(count == 3 && third == 2.5f);
    assert_null(tael__gguf_array_data(file, "tokenizer.ggml.scores", TAEL__GGUF_I32, &count));
    assert_null(tael__gguf_array_data(file, "tokenizer.ggml.tokens", TAEL__GGUF_STRING, &count));
    tael__gguf_close(file);
}

static void tensors_are_found_by_name(void **state)
{
    (void)state;
    tael__gguf *file;
    assert_ok(tael__gguf_open(&file, TINY));
    assert_int_equal(tael__gguf_tensor_count(file), 3);
    const tael__gguf_tensor *t = tael__gguf_tensor_find(file, "blk.0.attn_q.weight");
    assert_non_null(t);
    assert_int_equal(t->format, TAEL__FORMAT_q4_0);
    assert_int_equal(t->shape[0], 32);
    assert_int_equal(t->shape[1], 2);
    assert_int_equal(t->shape[2], 1);
    assert_int_equal(t->row_bytes, 18);
    assert_int_equal(t->bytes, 36);
    assert_int_equal(t->data[35], 35);
    t = tael__gguf_tensor_find(file, "output_norm.weight");
    float last;
    memcpy(&last, t->data + 16, 4);
    assert_true(last == 1.0f);
    assert_null(tael__gguf_tensor_find(file, "output_norm"));
    assert_null(tael__gguf_tensor_find(file, ""));
    tael__gguf_close(file);
}

static void a_file_cut_at_any_byte_is_refused(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture(TINY, &bytes);
    for (size_t n = 0; n < bytes; n++) {
        assert_status(parse_copy(data, n), TAEL_BAD_INPUT);
        if (n >= 4) assert_non_null(strstr(tael_error(), "pull it again"));
    }
    assert_ok(parse_copy(data, bytes));
    free(data);
}

/* The sentence says where a file ends: whoever reads it knows that the download broke, not the model. */
static void the_sentence_names_the_section(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture(TINY, &bytes);
    parse_copy(data, 10);
    assert_non_null(strstr(tael_error(), "header"));
    /* The last key's value ends just before the tensor infos; find both through their names. */
    const char *key = memmem(data, bytes, "tokenizer.ggml.token_type", 25),
               *tensor = memmem(data, bytes, "token_embd.weight", 17);
    parse_copy(data, (size_t)(key - data) + 30);
    assert_non_null(strstr(tael_error(), "metadata key 16"));
    parse_copy(data, (size_t)(tensor - data) + 80);
    assert_non_null(strstr(tael_error(), "tensor info 2"));
    parse_copy(data, bytes - 1);
    assert_non_null(strstr(tael_error(), "data of tensor output_norm.weight"));
    free(data);
}

/* Every byte set to values that lengths, counts and types don't like: an answer, never a crash. */
static void any_byte_may_be_wrong(void **state)
{
    (void)state;
    static const unsigned char values[] = {0x00, 0x01, 0x7F, 0x80, 0xFF};
    size_t bytes, refused = 0;
    char *data = fixture(TINY, &bytes);
    for (size_t i = 0; i < bytes; i++) {
        char kept = data[i];
        for (size_t v = 0; v < sizeof values; v++) {
            data[i] = (char)values[v];
            refused += parse_copy(data, bytes) != TAEL_OK;
        }
        data[i] = kept;
    }
    assert_true(refused > bytes); /* most of this file is header */
    free(data);
}

/* ---- Fields set to what they must not be ---- */

static size_t offset_of(const char *data, size_t bytes, const char *text)
{
    const char *p = memmem(data, bytes, text, strlen(text));
    if (!p) fail_msg("%s is not in the file", text);
    return (size_t)(p - data);
}

static void put(char *data, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++) data[at + i] = (char)(value >> 8 * i);
}

static void each_field_is_checked(void **state)
{
    (void)state;
    const struct {
        const char *after; /* the field lies `plus` bytes behind this name; "" is the file's start */
        size_t plus, width;
        uint64_t value;
        tael_status status;
        const char *says;
    } cases[] = {
        {"", 0, 4, 0x11111111, TAEL_BAD_INPUT, "not a GGUF file"},
        {"", 4, 4, 1, TAEL_UNSUPPORTED, "version 1"},
        {"", 4, 4, 4, TAEL_UNSUPPORTED, "version 4"},
        {"", 4, 4, 3u << 24, TAEL_UNSUPPORTED, "big-endian"},
        {"", 8, 8, (uint64_t)1 << 40, TAEL_BAD_INPUT, "1099511627776 tensors"},
        {"", 8, 8, UINT64_MAX, TAEL_BAD_INPUT, "tensors"},
        {"", 16, 8, (uint64_t)1 << 40, TAEL_BAD_INPUT, "1099511627776 metadata keys"},
        {"", 16, 8, UINT64_MAX, TAEL_BAD_INPUT, "metadata keys"},
        {"", 24, 8, UINT64_MAX, TAEL_BAD_INPUT, "metadata key 1"},
        {"", 24, 8, 0, TAEL_BAD_INPUT, "no name"},
        {"general.architecture", 0, 4, 13, TAEL_BAD_INPUT, "type number 13"},
        {"general.architecture", 4, 8, UINT64_MAX - 7, TAEL_BAD_INPUT, "metadata key 1"},
        {"tokenizer.ggml.tokens", 4, 4, 9, TAEL_UNSUPPORTED, "array of arrays"},
        {"tokenizer.ggml.tokens", 4, 4, 77, TAEL_BAD_INPUT, "type number 77"},
        {"tokenizer.ggml.tokens", 8, 8, UINT64_MAX, TAEL_BAD_INPUT, "metadata key 14"},
        {"tokenizer.ggml.scores", 8, 8, (uint64_t)1 << 62, TAEL_BAD_INPUT, "metadata key 15"},
        {"token_embd.weight", 0, 4, 5, TAEL_BAD_INPUT, "5 dimensions"},
        {"token_embd.weight", 4, 8, 0, TAEL_BAD_INPUT, "empty"},
        {"token_embd.weight", 4, 8, UINT64_MAX, TAEL_BAD_INPUT, "shape"},
        {"token_embd.weight", 12, 8, (uint64_t)1 << 61, TAEL_BAD_INPUT, "shape"},
        {"token_embd.weight", 12, 8, 4000, TAEL_BAD_INPUT, "data of tensor token_embd.weight"},
        {"token_embd.weight", 20, 4, 31, TAEL_UNSUPPORTED, "type number 31"},
        {"token_embd.weight", 24, 8, 33, TAEL_BAD_INPUT, "alignment"},
        {"token_embd.weight", 24, 8, UINT64_MAX - 31, TAEL_BAD_INPUT, "data of tensor token_embd.weight"},
        {"blk.0.attn_q.weight", 4, 8, 33, TAEL_BAD_INPUT, "shape"}, /* no multiple of q4_0's block */
    };
    size_t bytes;
    char *data = fixture(TINY, &bytes);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *changed = malloc(bytes);
        memcpy(changed, data, bytes);
        size_t at = *cases[i].after ? offset_of(data, bytes, cases[i].after) + strlen(cases[i].after) : 0;
        put(changed, at + cases[i].plus, cases[i].value, cases[i].width);
        assert_status(parse_copy(changed, bytes), cases[i].status);
        if (!strstr(tael_error(), cases[i].says))
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, tael_error(), cases[i].says);
        free(changed);
    }
    free(data);
}

static void names_must_differ(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture(TINY, &bytes);
    memcpy(data + offset_of(data, bytes, "a.u8"), "a.i8", 4);
    assert_status(parse_copy(data, bytes), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "a.i8 is there twice"));
    free(data);
    data = fixture("../fuzz/corpus/gguf/tensor_twice.gguf", &bytes);
    assert_status(parse_copy(data, bytes), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "token_embd.weight"));
    free(data);
}

static void alignment_is_a_power_of_two(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture("../fuzz/corpus/gguf/aligned_64.gguf", &bytes);
    static const uint32_t bad[] = {0, 1, 4, 3, 48, 63, UINT32_MAX};
    size_t at = offset_of(data, bytes, "general.alignment") + 17;
    assert_ok(parse_copy(data, bytes));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put(data, at + 4, bad[i], 4);
        assert_status(parse_copy(data, bytes), TAEL_BAD_INPUT);
    }
    put(data, at + 4, 64, 4);
    put(data, at, TAEL__GGUF_F32, 4); /* not a whole number at all */
    assert_status(parse_copy(data, bytes), TAEL_BAD_INPUT);
    free(data);
}

/* Claims of up to 2^64 keys or tensors: a count that the file has no room for is refused before anything is asked for
 * it (two requests are the handle and its path). */
static void memory_stays_in_the_files_size_class(void **state)
{
    (void)state;
    static const uint64_t claims[] = {100, 60000, 65536, 1u << 20, (uint64_t)1 << 40, UINT64_MAX};
    enum { BYTES = 16384 };
    char *data = calloc(1, BYTES);
    memcpy(data, "GGUF\3", 5);
    for (size_t field = 8; field <= 16; field += 8)
        for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
            put(data, 8, 0, 8);
            put(data, 16, 0, 8);
            put(data, field, claims[i], 8);
            tael__alloc_break(0, false);
            assert_status(parse_copy(data, BYTES), TAEL_BAD_INPUT);
            uint64_t requests = tael__alloc_break(0, false);
            assert_true(requests <= 7);
            /* What passes is at most a count of BYTES / 14, at under 150 bytes each. */
            if (claims[i] > BYTES / 14) assert_true(requests <= 4);
        }
    free(data);
}

static void no_memory_is_a_status(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture(TINY, &bytes);
    for (uint64_t nth = 1;; nth++) {
        tael__alloc_break(nth, true);
        tael_status status = parse_copy(data, bytes);
        tael__alloc_break(0, false);
        if (status == TAEL_OK) break;
        assert_int_equal(status, TAEL_NO_MEMORY);
        assert_true(nth < 20);
    }
    free(data);
}

static void paths_that_are_no_file_are_named(void **state)
{
    (void)state;
    tael__gguf *file;
    char *folder = temp_folder();
    assert_status(tael__gguf_open(&file, in_folder(folder, "absent.gguf")), TAEL_NOT_FOUND);
    assert_status(tael__gguf_open(&file, folder), TAEL_BAD_INPUT);
    assert_ok(tael__file_write(in_folder(folder, "empty.gguf"), "", 0));
    assert_status(tael__gguf_open(&file, in_folder(folder, "empty.gguf")), TAEL_BAD_INPUT);
    assert_null(file);
    temp_remove(folder);
}

/* The parts of one model, made by make_gguf.py. */
static const char *part_name(int i)
{
    static char name[64];
    snprintf(name, sizeof name, "parts-%05d-of-00003.gguf", i);
    return name;
}

static void copy_parts(const char *folder, int from, int to, int as)
{
    for (int i = from; i <= to; i++) {
        char path[128];
        size_t bytes;
        snprintf(path, sizeof path, "model/data/%s", part_name(i));
        char *data = fixture(path, &bytes);
        assert_ok(tael__file_write(in_folder(folder, part_name(i - from + as)), data, bytes));
        free(data);
    }
}

/* A parser that reads only the first part finds one tensor of three; one that mixes parts finds wrong bytes. */
static void the_first_part_brings_the_others(void **state)
{
    (void)state;
    tael__gguf *file, *whole;
    static const char *const names[] = {"token_embd.weight", "blk.0.attn_q.weight", "output_norm.weight"};
    assert_ok(tael__gguf_open(&file, "model/data/parts-00001-of-00003.gguf"));
    assert_ok(tael__gguf_open(&whole, TINY));
    assert_int_equal(tael__gguf_tensor_count(file), 3);
    assert_int_equal(tael__gguf_bytes(file), 752 + 228 + 180);
    for (size_t i = 0; i < 3; i++) {
        const tael__gguf_tensor *t = tael__gguf_tensor_find(file, names[i]),
                                *same = tael__gguf_tensor_find(whole, names[i]);
        assert_true(t && t->bytes == same->bytes && t->format == same->format);
        assert_memory_equal(t->data, same->data, same->bytes);
    }
    tael__gguf_close(whole);
    tael__gguf_close(file);
}

static void parts_that_lack_or_differ_are_named(void **state)
{
    (void)state;
    tael__gguf *file;
    char *folder = temp_folder();
    copy_parts(folder, 1, 2, 1);
    assert_status(tael__gguf_open(&file, in_folder(folder, part_name(1))), TAEL_NOT_FOUND);
    assert_non_null(strstr(tael_error(), part_name(3)));
    copy_parts(folder, 2, 2, 3); /* the second again, under the third's name */
    assert_status(tael__gguf_open(&file, in_folder(folder, part_name(1))), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), part_name(3)));
    assert_status(tael__gguf_open(&file, in_folder(folder, part_name(2))), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "-00001-of-00003.gguf"));
    copy_parts(folder, 3, 3, 3);
    assert_ok(tael__gguf_open(&file, in_folder(folder, part_name(1))));
    tael__gguf_close(file);
    copy_parts(folder, 1, 1, 9);
    assert_int_equal(rename(in_folder(folder, part_name(9)), in_folder(folder, "other.gguf")), 0);
    assert_status(tael__gguf_open(&file, in_folder(folder, "other.gguf")), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "rename"));
    assert_null(file);
    temp_remove(folder);
}

static void one_part_as_bytes_is_no_model(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture("model/data/parts-00001-of-00003.gguf", &bytes);
    assert_status(parse_copy(data, bytes), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "first of 3 parts"));
    free(data);
}

static void parts_without_memory_are_a_status(void **state)
{
    (void)state;
    tael__gguf *file = NULL;
    for (uint64_t nth = 1; !file; nth++) {
        tael__alloc_break(nth, true);
        tael_status status = tael__gguf_open(&file, "model/data/parts-00001-of-00003.gguf");
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK ? file != NULL : status == TAEL_NO_MEMORY && !file);
        assert_true(nth < 60);
    }
    tael__gguf_close(file);
}

static void sentences_come_in_chinese_too(void **state)
{
    (void)state;
    tael_set_language(TAEL_CHINESE);
    assert_status(parse_copy("GGUF\3", 5), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "请重新拉取"));
    tael_set_language(TAEL_ENGLISH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_file_reads_as_written),
        cmocka_unit_test(numbers_that_do_not_fit_are_not_given),
        cmocka_unit_test(arrays_are_walked_in_order),
        cmocka_unit_test(tensors_are_found_by_name),
        cmocka_unit_test(a_file_cut_at_any_byte_is_refused),
        cmocka_unit_test(the_sentence_names_the_section),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(each_field_is_checked),
        cmocka_unit_test(names_must_differ),
        cmocka_unit_test(alignment_is_a_power_of_two),
        cmocka_unit_test(memory_stays_in_the_files_size_class),
        cmocka_unit_test(no_memory_is_a_status),
        cmocka_unit_test(paths_that_are_no_file_are_named),
        cmocka_unit_test(the_first_part_brings_the_others),
        cmocka_unit_test(parts_that_lack_or_differ_are_named),
        cmocka_unit_test(one_part_as_bytes_is_no_model),
        cmocka_unit_test(parts_without_memory_are_a_status),
        cmocka_unit_test(sentences_come_in_chinese_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
