// SPDX-License-Identifier: Apache-2.0
// Quantising: what is written reads back as the same model with weights near the old ones, in the formats that the
// mixture's name promises, whatever the number of threads; and nothing is left when it fails.
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/quantize.h>

#include "compute/kernels.h"
#include "model/gguf_write.h"
#include "model/model.h"
#include "model/quantize_internal.h"
#include "support.h"

#define TINY "model/data/tiny_llama.gguf"

static tael_status make(const char *input, const char *output, const char *to, const char *imatrix, uint32_t threads,
                        tael_quantize_report *report)
{
    tael_quantize_options o = {.size = sizeof o, .to = to, .imatrix = imatrix, .threads = threads};
    tael_quantize_report unused = {.size = sizeof unused};
    if (report) *report = unused;
    return tael_quantize(input, output, &o, report ? report : &unused);
}

static size_t files_in(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    assert_non_null(d);
    while (readdir(d)) n++;
    closedir(d);
    return n - 2;
}

/* The relative error of all weights of `b` against `a`. */
static double difference(const tael__gguf *a, const tael__gguf *b)
{
    double off = 0, all = 0;
    assert_int_equal(tael__gguf_tensor_count(a), tael__gguf_tensor_count(b));
    for (size_t i = 0; i < tael__gguf_tensor_count(a); i++) {
        const tael__gguf_tensor *t = tael__gguf_tensor_at(a, i), *u = tael__gguf_tensor_at(b, i);
        assert_true(t->name.bytes == u->name.bytes && memcmp(t->name.data, u->name.data, t->name.bytes) == 0);
        assert_memory_equal(t->shape, u->shape, sizeof t->shape);
        size_t n = (size_t)(t->shape[0] * t->shape[1]);
        float *x = malloc(n * 4), *y = malloc(n * 4);
        tael__kernels_get()->dequantize[t->format](x, t->data, n);
        tael__kernels_get()->dequantize[u->format](y, u->data, n);
        for (size_t k = 0; k < n; k++) {
            off += (double)(x[k] - y[k]) * (double)(x[k] - y[k]);
            all += (double)x[k] * (double)x[k];
        }
        free(x);
        free(y);
    }
    return sqrt(off / all);
}

static void every_kind_keeps_the_weights(void **state)
{
    (void)state;
    static const struct {
        const char *to;
        double most;
    } kinds[] = {{"F32", 0},       {"F16", 3e-4},    {"BF16", 3e-3},   {"Q8_0", 0.006},  {"Q6_K", 0.018},
                 {"Q5_0", 0.045},  {"Q5_1", 0.04},   {"Q5_K_M", 0.04}, {"Q4_0", 0.09},   {"Q4_1", 0.08},
                 {"Q4_K_M", 0.08}, {"Q4_K_S", 0.08}, {"Q4_K", 0.08},   {"IQ4_NL", 0.08}, {"IQ4_XS", 0.08},
                 {"Q3_K_M", 0.16}, {"Q2_K", 0.27}};
    char *folder = temp_folder();
    const char *path = in_folder(folder, "out.gguf");
    tael__gguf *before, *after;
    assert_ok(tael__gguf_open(&before, TINY));
    size_t listed = 1;
    for (const char *c = tael_quantize_kinds(); *c; c++) listed += *c == '|';
    assert_int_equal(listed, sizeof kinds / sizeof *kinds);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        tael_model *model;
        assert_ok(make(TINY, path, kinds[i].to, NULL, 2, NULL));
        assert_ok(tael__gguf_open(&after, path));
        double error = difference(before, after);
        if (!(error <= kinds[i].most)) fail_msg("%s: error %.4f", kinds[i].to, error);
        assert_int_equal(tael__gguf_tensor_find(after, "output_norm.weight")->format, TAEL__FORMAT_f32);
        tael__gguf_close(after);
        assert_ok(tael_model_open(&model, path));
        tael_model_close(model);
    }
    assert_int_equal(files_in(folder), 1);
    tael__gguf_close(before);
    temp_remove(folder);
}

/* Keys go over as they were, but for those that say how the file is made. */
static void metadata_goes_over(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "out.gguf");
    tael__gguf *before, *after;
    tael__slice a, b;
    tael__gguf_cursor at = {0}, to = {0};
    uint32_t type;
    assert_ok(make(TINY, path, "Q4_K_M", NULL, 1, NULL));
    assert_ok(tael__gguf_open(&before, TINY));
    assert_ok(tael__gguf_open(&after, path));
    while (tael__gguf_array_text(before, "tokenizer.ggml.tokens", &at, &a)) {
        assert_true(tael__gguf_array_text(after, "tokenizer.ggml.tokens", &to, &b));
        assert_true(a.bytes == b.bytes && memcmp(a.data, b.data, a.bytes) == 0);
    }
    assert_true(tael__gguf_u32(after, "general.file_type", &type) && type == 15);
    assert_true(tael__gguf_text(after, "general.architecture", &a) && a.bytes == 5);
    tael__gguf_close(before);
    tael__gguf_close(after);
    temp_remove(folder);
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    char *folder = temp_folder();
    size_t one_bytes, three_bytes;
    assert_ok(make(TINY, in_folder(folder, "one"), "Q4_K_M", NULL, 1, NULL));
    assert_ok(make(TINY, in_folder(folder, "three"), "Q4_K_M", NULL, 3, NULL));
    char *one, *three;
    assert_ok(tael__file_read(&one, &one_bytes, in_folder(folder, "one"), SIZE_MAX / 2));
    assert_ok(tael__file_read(&three, &three_bytes, in_folder(folder, "three"), SIZE_MAX / 2));
    assert_int_equal(one_bytes, three_bytes);
    assert_memory_equal(one, three, one_bytes);
    tael__free(one);
    tael__free(three);
    temp_remove(folder);
}

/* A model of eight layers, of zeros: what counts is which format each tensor gets. */
static void write_shapes(const char *path, size_t cols, const char *const *names, uint32_t layers, bool output)
{
    tael__gguf_out out = TAEL__GGUF_OUT;
    uint64_t shape[4] = {cols, 4, 1, 1};
    tael__gguf_put_text(&out, "general.architecture", "llama", 5);
    tael__gguf_put_u32(&out, "llama.block_count", layers);
    tael__gguf_put_u32(&out, "llama.attention.head_count", 8);
    tael__gguf_put_u32(&out, "llama.attention.head_count_kv", 4);
    for (uint32_t l = 0; l < layers; l++)
        for (const char *const *name = names; *name; name++) {
            char full[64];
            int n = snprintf(full, sizeof full, "blk.%u.%s.weight", l, *name);
            assert_true(
                tael__gguf_put_tensor(&out, (tael__slice){full, (size_t)n}, 2, shape, TAEL__FORMAT_f32, cols * 16));
        }
    assert_true(
        tael__gguf_put_tensor(&out, (tael__slice){"token_embd.weight", 17}, 2, shape, TAEL__FORMAT_f32, cols * 16));
    if (output)
        assert_true(
            tael__gguf_put_tensor(&out, (tael__slice){"output.weight", 13}, 2, shape, TAEL__FORMAT_f32, cols * 16));
    tael__buffer file = {.max = (size_t)1 << 24};
    assert_ok(tael__gguf_out_head(&out, &file));
    static const char zeros[4096];
    for (uint64_t left = out.data_bytes; left > 0;) {
        size_t n = left < sizeof zeros ? (size_t)left : sizeof zeros;
        assert_ok(tael__buffer_append(&file, zeros, n));
        left -= n;
    }
    assert_ok(tael__file_write(path, file.data, file.size));
    tael__buffer_free(&file);
    tael__gguf_out_free(&out);
}

static void expect_format(const tael__gguf *file, const char *name, const char *format)
{
    const tael__gguf_tensor *t = tael__gguf_tensor_find(file, name);
    assert_non_null(t);
    if (strcmp(tael__formats[t->format].name, format) != 0)
        fail_msg("%s is %s, not %s", name, tael__formats[t->format].name, format);
}

/* What llama.cpp's llama-quantize gives for the same shapes. */
static void mixtures_give_more_bits_where_they_say(void **state)
{
    (void)state;
    static const char *const names[] = {"attn_q", "attn_v", "ffn_down", "attn_norm", NULL};
    char *folder = temp_folder();
    char *input = strdup(in_folder(folder, "in.gguf")), *output = strdup(in_folder(folder, "out.gguf"));
    tael__gguf *file;
    tael_quantize_report report;
    write_shapes(input, 256, names, 16, true);
    assert_ok(make(input, output, "Q4_K_M", NULL, 1, &report));
    assert_int_equal(report.fallbacks, 0);
    assert_ok(tael__gguf_open(&file, output));
    expect_format(file, "blk.0.attn_v.weight", "Q6_K"); /* the first eighth */
    expect_format(file, "blk.2.ffn_down.weight", "Q4_K");
    expect_format(file, "blk.4.attn_v.weight", "Q6_K"); /* every third */
    expect_format(file, "blk.5.attn_v.weight", "Q4_K");
    expect_format(file, "blk.14.ffn_down.weight", "Q6_K"); /* the last eighth */
    expect_format(file, "blk.14.attn_q.weight", "Q4_K");
    expect_format(file, "blk.3.attn_norm.weight", "F32");
    expect_format(file, "output.weight", "Q6_K");
    expect_format(file, "token_embd.weight", "Q4_K");
    tael__gguf_close(file);
    write_shapes(input, 96, names, 2, false); /* no multiple of 256 */
    assert_ok(make(input, output, "Q4_K_M", NULL, 1, &report));
    assert_int_equal(report.fallbacks, 3 * 2 + 1 - 1); /* the embedding is Q8_0 by rule */
    assert_ok(tael__gguf_open(&file, output));
    expect_format(file, "blk.0.attn_q.weight", "Q5_0");
    expect_format(file, "blk.1.ffn_down.weight", "Q8_0");
    expect_format(file, "token_embd.weight", "Q8_0");
    tael__gguf_close(file);
    free(input);
    free(output);
    temp_remove(folder);
}

static void pure_is_one_format_everywhere(void **state)
{
    (void)state;
    static const char *const names[] = {"attn_q", "attn_v", "ffn_down", "attn_norm", NULL};
    char *folder = temp_folder();
    char *input = strdup(in_folder(folder, "in.gguf")), *output = strdup(in_folder(folder, "out.gguf"));
    tael__gguf *file;
    tael_quantize_options o = {.size = sizeof o, .to = "Q4_K_M", .pure = true, .threads = 1};
    tael_quantize_report report = {.size = sizeof report};
    write_shapes(input, 256, names, 16, true);
    assert_ok(tael_quantize(input, output, &o, &report));
    assert_ok(tael__gguf_open(&file, output));
    expect_format(file, "blk.0.attn_v.weight", "Q4_K"); /* Q6_K in the mixture */
    expect_format(file, "blk.14.ffn_down.weight", "Q4_K");
    expect_format(file, "output.weight", "Q4_K");
    expect_format(file, "blk.3.attn_norm.weight", "F32");
    tael__gguf_close(file);
    free(input);
    free(output);
    temp_remove(folder);
}

/* The older form of an importance matrix: one entry. */
static void write_imatrix(const char *path, const char *name, const float *values, uint32_t count)
{
    tael__buffer b = {.max = 1 << 20};
    uint32_t one = 1, bytes = (uint32_t)strlen(name);
    tael__buffer_append(&b, &one, 4);
    tael__buffer_append(&b, &bytes, 4);
    tael__buffer_append(&b, name, bytes);
    tael__buffer_append(&b, &one, 4);
    tael__buffer_append(&b, &count, 4);
    tael__buffer_append(&b, values, count * 4);
    assert_ok(tael__file_write(path, b.data, b.size));
    tael__buffer_free(&b);
}

static void write_imatrix_gguf(const char *path, const char *name, const float *values, uint32_t count)
{
    tael__gguf_out out = TAEL__GGUF_OUT;
    tael__buffer file = {.max = 1 << 20};
    char full[128];
    uint64_t shape[4] = {count, 1, 1, 1};
    int n = snprintf(full, sizeof full, "%s.in_sum2", name);
    tael__gguf_put_text(&out, "general.type", "imatrix", 7);
    assert_true(tael__gguf_put_tensor(&out, (tael__slice){full, (size_t)n}, 2, shape, TAEL__FORMAT_f32, count * 4));
    assert_ok(tael__gguf_out_head(&out, &file));
    tael__buffer_append(&file, values, count * 4);
    assert_ok(tael__file_write(path, file.data, file.size));
    tael__buffer_free(&file);
    tael__gguf_out_free(&out);
}

static double error_of_column(const char *path, size_t column)
{
    tael__gguf *a, *b;
    double sum = 0;
    assert_ok(tael__gguf_open(&a, TINY));
    assert_ok(tael__gguf_open(&b, path));
    const tael__gguf_tensor *t = tael__gguf_tensor_find(a, "blk.0.ffn_up.weight");
    const tael__gguf_tensor *u = tael__gguf_tensor_find(b, "blk.0.ffn_up.weight");
    for (size_t r = 0; r < t->shape[1]; r++) {
        float x[1024], y[1024];
        tael__kernels_get()->dequantize[t->format](x, t->data + r * t->row_bytes, t->shape[0]);
        tael__kernels_get()->dequantize[u->format](y, u->data + r * u->row_bytes, u->shape[0]);
        sum += (double)(x[column] - y[column]) * (double)(x[column] - y[column]);
    }
    tael__gguf_close(a);
    tael__gguf_close(b);
    return sum;
}

static void importance_saves_its_columns(void **state)
{
    (void)state;
    char *folder = temp_folder();
    char *matrix = strdup(in_folder(folder, "imatrix")), *output = strdup(in_folder(folder, "out.gguf"));
    tael__gguf *file;
    float values[1024];
    assert_ok(tael__gguf_open(&file, TINY));
    uint32_t cols = (uint32_t)tael__gguf_tensor_find(file, "blk.0.ffn_up.weight")->shape[0];
    tael__gguf_close(file);
    for (uint32_t i = 0; i < cols; i++) values[i] = i % 32 == 5 ? 1000.0f : 1.0f;
    assert_ok(make(TINY, output, "Q4_0", NULL, 1, NULL));
    double without = error_of_column(output, 5);
    for (int form = 0; form < 2; form++) {
        (form ? write_imatrix : write_imatrix_gguf)(matrix, "blk.0.ffn_up.weight", values, cols);
        assert_ok(make(TINY, output, "Q4_0", matrix, 1, NULL));
        double with = error_of_column(output, 5);
        if (!(with < 0.3 * without)) fail_msg("form %d: %g with, %g without", form, with, without);
        (form ? write_imatrix : write_imatrix_gguf)(matrix, "blk.0.ffn_up.weight", values, cols - 1);
        assert_status(make(TINY, output, "Q4_0", matrix, 1, NULL), TAEL_BAD_INPUT);
        assert_non_null(strstr(tael_error(), "blk.0.ffn_up.weight"));
    }
    values[3] = -1;
    write_imatrix(matrix, "x", values, cols);
    assert_status(make(TINY, output, "Q4_0", matrix, 1, NULL), TAEL_BAD_INPUT);
    free(matrix);
    free(output);
    temp_remove(folder);
}

static void a_damaged_imatrix_is_refused_at_every_cut(void **state)
{
    (void)state;
    char *folder = temp_folder(), *data;
    const char *matrix = in_folder(folder, "imatrix");
    float values[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t bytes;
    write_imatrix(matrix, "some.weight", values, 8);
    assert_ok(tael__file_read(&data, &bytes, matrix, 1 << 20));
    for (size_t n = 0; n <= bytes; n++) {
        tael__imatrix *m;
        assert_ok(tael__file_write(matrix, data, n));
        tael_status status = tael__imatrix_open(&m, matrix);
        assert_int_equal(status, n == bytes ? TAEL_OK : TAEL_BAD_INPUT);
        tael__imatrix_close(m);
    }
    tael__free(data);
    temp_remove(folder);
}

static int stop(const tael_progress *progress, void *user)
{
    (void)progress;
    return ++*(int *)user > 3;
}

static void failure_leaves_what_was_there(void **state)
{
    (void)state;
    char *folder = temp_folder(), *data;
    const char *path = in_folder(folder, "out.gguf");
    size_t bytes;
    int calls = 0;
    tael_quantize_options o = {.size = sizeof o, .to = "Q8_0", .progress = stop, .user = &calls};
    tael_quantize_report report = {.size = sizeof report};
    assert_ok(tael__file_write(path, "old", 3));
    assert_status(tael_quantize(TINY, path, &o, &report), TAEL_CANCELLED);
    assert_status(make(TINY, path, "Q9_Z", NULL, 1, NULL), TAEL_MISUSE);
    assert_non_null(strstr(tael_error(), "Q4_K_M"));
    assert_status(make(in_folder(folder, "absent"), path, NULL, NULL, 1, NULL), TAEL_NOT_FOUND);
    assert_status(make(TINY, in_folder(folder, "no/such/folder"), NULL, NULL, 1, NULL), TAEL_NOT_FOUND);
    o.size = 0;
    assert_status(tael_quantize(TINY, path, &o, &report), TAEL_MISUSE);
    assert_ok(tael__file_read(&data, &bytes, path, 100));
    assert_string_equal(data, "old");
    tael__free(data);
    assert_int_equal(files_in(folder), 1);
    temp_remove(folder);
}

static void weights_that_are_no_numbers_are_named(void **state)
{
    (void)state;
    char *folder = temp_folder(), *data;
    const char *path = in_folder(folder, "in.gguf");
    tael__gguf *file;
    size_t bytes;
    assert_ok(tael__file_read(&data, &bytes, TINY, SIZE_MAX / 2));
    assert_ok(tael__gguf_parse(&file, (const uint8_t *)data, bytes, "x"));
    const tael__gguf_tensor *t = tael__gguf_tensor_find(file, "blk.1.attn_k.weight");
    memset(data + (t->data - (const uint8_t *)data) + 400, 0xFF, 4);
    tael__gguf_close(file);
    assert_ok(tael__file_write(path, data, bytes));
    tael__free(data);
    assert_status(make(path, in_folder(folder, "out.gguf"), "Q4_0", NULL, 2, NULL), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "blk.1.attn_k.weight"));
    assert_int_equal(files_in(folder), 1);
    temp_remove(folder);
}

static void no_memory_is_a_status(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "out.gguf");
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t nth = 1; status != TAEL_OK; nth++) {
        tael__alloc_break(nth, true);
        status = make(TINY, path, "Q4_0", NULL, 1, NULL);
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK || status == TAEL_NO_MEMORY);
        assert_int_equal(files_in(folder), status == TAEL_OK);
        assert_true(nth < 200);
    }
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_keeps_the_weights),  cmocka_unit_test(metadata_goes_over),
        cmocka_unit_test(threads_change_no_bit),         cmocka_unit_test(mixtures_give_more_bits_where_they_say),
        cmocka_unit_test(importance_saves_its_columns),  cmocka_unit_test(a_damaged_imatrix_is_refused_at_every_cut),
        cmocka_unit_test(failure_leaves_what_was_there), cmocka_unit_test(weights_that_are_no_numbers_are_named),
        cmocka_unit_test(pure_is_one_format_everywhere), cmocka_unit_test(no_memory_is_a_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
