// SPDX-License-Identifier: Apache-2.0
// The next-item model: its gradients are those of its loss, it learns what can be learned, and neither threads nor a
// kill change a bit of the result.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "habits/sequence.h"
#include "support.h"

/* Sequences that go round in rings of eight items: 1 2 3 … 8 1 2, 9 10 … 16 9, each from a place of its own. */
static tael_sequences *rings(const char *folder, size_t sequences, uint32_t items)
{
    const char *path = in_folder(folder, "rings.txt");
    tael_sequences *data;
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (size_t i = 0; i < sequences; i++) {
        size_t ring = i % (items / 8), place = i / (items / 8) % 8, length = 4 + i % 4;
        fprintf(f, "u%zu", i);
        for (size_t k = 0; k < length; k++) fprintf(f, " %zu", ring * 8 + (place + k) % 8 + 1);
        fputc('\n', f);
    }
    assert_int_equal(fclose(f), 0);
    assert_ok(tael_sequences_read(&data, path));
    return data;
}

static tael_sequence_options small(void)
{
    return (tael_sequence_options){.size = sizeof(tael_sequence_options),
                                   .width = 32,
                                   .blocks = 2,
                                   .heads = 2,
                                   .length = 6,
                                   .batch = 64,
                                   .epochs = 4,
                                   .rate = 0.003f,
                                   .dropout = 0.2f,
                                   .held_out = 2,
                                   .threads = 1,
                                   .seed = 7};
}

/* ---- Gradients ---- */

typedef struct checked {
    tael__sequence_training t;
    tael_sequence *model;
    tael__pool *pool;
    float *items;
} checked;

/* 20 sequences of 1 to 5 of 70 items: two slices, and a last panel that isn't full. */
static void begin_check(checked *c, float dropout)
{
    const tael__sequence_sizes sizes = {70, 32, 2, 2, 5, 64, 0.3f};
    tael__random r;
    tael__random_seed(&r, 3);
    assert_ok(tael__sequence_make(&c->model, &sizes));
    tael__sequence_begin(c->model, 11);
    for (size_t i = 0; i < c->model->layout.count; i++) /* biases and distances that aren't 0, gains that aren't 1 */
        c->model->dense[i] += (float)(0.2 * (tael__random_unit(&r) - 0.5));
    for (size_t i = 0; i < 70 * 32; i++) c->model->items[i] *= 30; /* as long as they count, about 3 */
    assert_ok(tael__pool_open(&c->pool, 1));
    assert_ok(tael__sequence_training_open(&c->t, c->model, 20, 1));
    tael__sequence_batch *b = &c->t.batch;
    b->count = 20;
    b->dropout = dropout;
    b->key = 5;
    for (size_t i = 0; i < b->count; i++) b->start[i + 1] = b->start[i] + 1 + i % 5;
    for (size_t i = 0; i < b->start[b->count]; i++) {
        b->items[i] = (uint32_t)(tael__random_next(&r) % 70);
        b->targets[i] = (uint32_t)(tael__random_next(&r) % 70);
    }
    assert_ok(tael__sequence_batch_cut(b, c->model));
    c->items = tael__alloc_array(c->model->padded * 32, sizeof *c->items);
    assert_non_null(c->items);
}

static void end_check(checked *c)
{
    tael__sequence_training_close(&c->t);
    tael_sequence_close(c->model);
    tael__pool_close(c->pool);
    tael__free(c->items);
}

static double loss_at(checked *c, float *w, float value)
{
    double loss;
    float before = *w;
    *w = value;
    tael__sequence_step(&c->t, c->pool, 0, 0, &loss, c->items);
    *w = before;
    return loss;
}

/* Every weight of a range by central differences. Floats make the loss uncertain by about 1e-7, the difference by 1e-7
 * / step; a wrong formula is off by a part of the gradient itself, hence the bound on the length of the error vector.
 */
static void compare(checked *c, const char *what, float *w, const float *gradient, size_t n, size_t stride)
{
    double error = 0, length = 0;
    float *kept = tael__alloc_array(n, sizeof *kept);
    assert_non_null(kept);
    memcpy(kept, gradient, n * sizeof *kept);
    for (size_t i = 0; i < n; i += stride) {
        const float step = 0.01f;
        double slope = (loss_at(c, &w[i], w[i] + step) - loss_at(c, &w[i], w[i] - step)) / (2 * (double)step);
        error += (slope - (double)kept[i]) * (slope - (double)kept[i]);
        length += slope * slope;
    }
    tael__free(kept);
    if (!(length > 0 && sqrt(error) < 0.01 * sqrt(length) + 1e-5))
        fail_msg("%s: the gradient is off by %g of %g", what, sqrt(error), sqrt(length));
}

static void gradients_are_slopes(float dropout)
{
    checked c = {0};
    double loss;
    begin_check(&c, dropout);
    tael__sequence_step(&c.t, c.pool, 0, 0, &loss, c.items);
    assert_true(loss > 0 && c.t.step == 0);
    float *items = tael__alloc_array(70 * 32, sizeof *items), *dense = tael__alloc_array(c.model->layout.count, 4);
    assert_true(items && dense);
    memcpy(items, c.items, 70 * 32 * sizeof *items);
    memcpy(dense, c.t.dense_gradient, c.model->layout.count * sizeof *dense);
    compare(&c, "items", c.model->items, items, 70 * 32, 7);
    for (int i = 0; i < 2; i++) {
        const tael__sequence_block *b = &c.model->layout.block[i];
        const struct {
            const char *name;
            size_t at, count, stride;
        } parts[] = {
            {"norm1", b->norm1, 64, 1},       {"qkv", b->qkv, 32 * 96, 13},      {"qkv_bias", b->qkv_bias, 96, 1},
            {"distance", b->distance, 10, 1}, {"out", b->out, 32 * 32, 7},       {"out_bias", b->out_bias, 32, 1},
            {"norm2", b->norm2, 64, 1},       {"up", b->up, 32 * 64, 11},        {"up_bias", b->up_bias, 64, 1},
            {"down", b->down, 64 * 32, 11},   {"down_bias", b->down_bias, 32, 1}};
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
            compare(&c, parts[p].name, c.model->dense + parts[p].at, dense + parts[p].at, parts[p].count,
                    parts[p].stride);
    }
    compare(&c, "the last norm", c.model->dense + c.model->layout.norm, dense + c.model->layout.norm, 64, 1);
    tael__free(items);
    tael__free(dense);
    end_check(&c);
}

static void every_gradient_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    gradients_are_slopes(0);
}

static void dropout_drops_the_same_on_the_way_back(void **state)
{
    (void)state;
    gradients_are_slopes(0.3f);
}

/* The softmax over items, plainly and in double. */
static void the_loss_is_the_softmax_over_all_items(void **state)
{
    (void)state;
    checked c = {0};
    double loss, plain = 0;
    begin_check(&c, 0);
    tael__sequence_step(&c.t, c.pool, 0, 0, &loss, c.items);
    const tael__sequence_batch *b = &c.t.batch;
    for (size_t t = 0; t < b->tokens; t++) {
        double sum = 0, target = 0;
        for (size_t j = 0; j < 70; j++) {
            double score = 0, length = 0;
            for (size_t k = 0; k < 32; k++) {
                double w = (double)c.model->items[j * 32 + k];
                score += w * (double)b->hidden[t * 32 + k];
                length += w * w;
            }
            score /= sqrt(length);
            sum += exp(score);
            if (j == b->targets[t]) target = score;
        }
        plain += (log(sum) - target) / (double)b->tokens;
    }
    assert_true(fabs(plain - loss) < 1e-5 * plain);
    end_check(&c);
}

/* ---- Learning ---- */

static void rings_are_learned(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 400, 64);
    tael_sequence *model, *again;
    tael_sequence_score score;
    tael_sequence_options o = small();
    o.epochs = 60;
    o.patience = 60;
    assert_ok(tael_sequence_train(&model, data, &o));
    uint32_t *next = tael__alloc_array(tael_sequences_count(data), 10 * sizeof *next);
    assert_non_null(next);
    assert_ok(tael_sequence_evaluate(&score, model, data, 1, 1, next));
    assert_int_equal(score.count, 400);
    assert_true(score.hit > 0.95 && score.ndcg > 0.9);
    const uint32_t seen[] = {19, 20, 21, 22};
    uint32_t one[3], same[3];
    float scores[3];
    size_t found;
    assert_ok(tael_sequence_predict(model, seen, 4, 3, one, scores, &found));
    assert_int_equal(found, 3);
    assert_int_equal(one[0], 23);
    assert_true(scores[0] >= scores[1] && scores[1] >= scores[2]);

    const char *path = in_folder(folder, "model");
    assert_ok(tael_sequence_save(model, path));
    assert_ok(tael_sequence_open(&again, path));
    assert_ok(tael_sequence_predict(again, seen, 4, 3, same, NULL, &found));
    assert_memory_equal(one, same, sizeof one);

    const uint32_t strangers[] = {0, 4000000000u, 65};
    assert_ok(tael_sequence_predict(again, strangers, 3, 3, same, NULL, &found));
    assert_int_equal(found, 0);
    assert_ok(tael_sequence_predict(again, NULL, 0, 3, same, NULL, &found));
    assert_int_equal(found, 0);
    uint32_t all[100];
    assert_ok(tael_sequence_predict(again, seen, 4, 100, all, NULL, &found));
    assert_int_equal(found, 60); /* all but those seen */
    tael_sequence_close(model);
    tael_sequence_close(again);
    tael__free(next);
    tael_sequences_close(data);
    temp_remove(folder);
}

static void same_bits(const tael_sequence *a, const tael_sequence *b)
{
    assert_memory_equal(a->items, b->items, a->sizes.items * a->sizes.width * sizeof(float));
    assert_memory_equal(a->dense, b->dense, a->layout.count * sizeof(float));
}

static void threads_change_no_bit(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 300, 320);
    tael_sequence *one, *three, *other;
    tael_sequence_options o = small();
    assert_ok(tael_sequence_train(&one, data, &o));
    o.threads = 3;
    assert_ok(tael_sequence_train(&three, data, &o));
    same_bits(one, three);
    o.seed++;
    assert_ok(tael_sequence_train(&other, data, &o));
    assert_memory_not_equal(one->items, other->items, 32 * sizeof(float));
    tael_sequence_close(one);
    tael_sequence_close(three);
    tael_sequence_close(other);
    tael_sequences_close(data);
    temp_remove(folder);
}

static int stop_after_two(const tael_sequence_progress *p, void *user)
{
    (void)user;
    return p->epoch == 2;
}

static void going_on_is_the_same_as_never_stopping(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 300, 64);
    tael_sequence *whole, *parts = NULL;
    tael_sequence_options o = small();
    assert_ok(tael_sequence_train(&whole, data, &o));
    char path[TAEL__MAX_PATH_BYTES];
    assert_ok(tael__path_join(path, sizeof path, folder, "checkpoint"));
    o.checkpoint_path = path;
    o.progress = stop_after_two;
    assert_status(tael_sequence_train(&parts, data, &o), TAEL_CANCELLED);
    assert_null(parts);
    o.progress = NULL;
    assert_ok(tael_sequence_train(&parts, data, &o));
    same_bits(whole, parts);
    tael_sequence_close(parts);

    o.rate = 0.002f; /* another training's */
    assert_status(tael_sequence_train(&parts, data, &o), TAEL_BAD_INPUT);
    tael_sequence_close(whole);
    tael_sequences_close(data);
    temp_remove(folder);
}

static int keep_loss(const tael_sequence_progress *p, void *user)
{
    if (p->epoch == 1) *(double *)user = p->loss;
    return 0;
}

static void a_trained_model_can_be_gone_on_from(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 300, 64), *more = rings(folder, 300, 72), *fewer = rings(folder, 60, 24);
    tael_sequence *old, *young = NULL;
    double first, later;
    tael_sequence_options o = small();
    o.epochs = 40;
    o.patience = 40;
    o.progress = keep_loss;
    o.user = &first;
    assert_ok(tael_sequence_train(&old, data, &o));
    o.epochs = 2;
    o.rate = 0.0005f;
    o.from = old;
    o.user = &later;
    assert_ok(tael_sequence_train(&young, more, &o)); /* eight items that the old one didn't know */
    assert_true(later < 0.7 * first);
    tael_sequence_close(young);
    assert_ok(tael_sequence_train(&young, fewer, &o)); /* what the owner never bought stays known */
    const uint32_t bought[] = {60};
    uint32_t next[64];
    size_t found;
    assert_ok(tael_sequence_predict(young, bought, 1, 64, next, NULL, &found));
    assert_int_equal(found, 63);
    tael_sequence_close(young);
    o.heads = 1;
    assert_status(tael_sequence_train(&young, more, &o), TAEL_MISUSE);
    assert_null(young);
    tael_sequence_close(old);
    tael_sequences_close(data);
    tael_sequences_close(more);
    tael_sequences_close(fewer);
    temp_remove(folder);
}

/* ---- Hostile files ---- */

static void write_file(const char *path, const void *data, size_t bytes)
{
    assert_ok(tael__file_write(path, data, bytes));
}

static void bad_texts_name_their_line(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "bad.txt");
    const char *const bad[] = {
        "", "\n\n \n", "u", "u 1 0", "u 1 x", "u 1 -2", "u 4194305", "u 99999999999999999999", "u 1 2\nv 3 4.5"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tael_sequences *data;
        write_file(path, bad[i], strlen(bad[i]));
        assert_status(tael_sequences_read(&data, path), TAEL_BAD_INPUT);
        assert_null(data);
    }
    assert_non_null(strstr(tael_error(), "line 2"));
    tael_sequences *data;
    size_t items;
    write_file(path, "a 1 2\r\n\n\tb\t3  1 \nc", 18);
    assert_ok(tael_sequences_read(&data, path));
    assert_int_equal(tael_sequences_count(data), 3);
    assert_int_equal(tael_sequences_items(data), 3);
    assert_string_equal(tael_sequences_name(data, 1, &items), "b");
    assert_int_equal(items, 2);
    tael_sequences_close(data);
    temp_remove(folder);
}

/* Cut at every 64th byte, and one bit turned in each byte of the head and some of the rest. */
static void a_damaged_model_is_refused(void **state)
{
    (void)state;
    char *folder = temp_folder(), *bytes;
    const tael__sequence_sizes sizes = {40, 32, 1, 1, 4, 32, 0.1f};
    tael_sequence *model;
    size_t size;
    char path[TAEL__MAX_PATH_BYTES];
    assert_ok(tael__path_join(path, sizeof path, folder, "model"));
    assert_ok(tael__sequence_make(&model, &sizes));
    tael__sequence_begin(model, 1);
    assert_ok(tael_sequence_save(model, path));
    tael_sequence_close(model);
    assert_ok(tael__file_read(&bytes, &size, path, 1u << 20));
    for (size_t cut = 0; cut < size; cut += 64) {
        write_file(path, bytes, cut);
        assert_true(tael_sequence_open(&model, path) != TAEL_OK && !model);
    }
    for (size_t i = 0; i < size; i += i < 128 ? 1 : 97) {
        bytes[i] ^= 0x10;
        write_file(path, bytes, size);
        assert_true(tael_sequence_open(&model, path) != TAEL_OK && !model);
        bytes[i] ^= 0x10;
    }
    write_file(path, bytes, size);
    assert_ok(tael_sequence_open(&model, path));
    tael_sequence_close(model);
    tael__free(bytes);
    temp_remove(folder);
}

/* Each allocation of a training fails once: a status and a sentence, nothing leaked, no model. */
static void no_memory_is_survived(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 20, 16);
    tael_sequence *model = NULL;
    tael_sequence_options o = small();
    o.epochs = 1;
    for (uint64_t n = 1;; n++) {
        tael__alloc_break(n, false);
        tael_status status = tael_sequence_train(&model, data, &o);
        tael__alloc_break(0, false);
        if (status == TAEL_OK) break;
        assert_int_equal(status, TAEL_NO_MEMORY);
        assert_null(model);
        assert_true(n < 1000);
    }
    tael_sequence_close(model);
    tael_sequences_close(data);
    temp_remove(folder);
}

static void options_out_of_range_are_refused(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_sequences *data = rings(folder, 20, 16);
    tael_sequence *model;
    tael_sequence_options o = small();
    o.width = 48;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_BAD_INPUT);
    o = small();
    o.temperature = 0.001f;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_BAD_INPUT);
    o = small();
    o.rate = NAN;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_MISUSE);
    o = small();
    o.dropout = 1;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_MISUSE);
    o = small();
    o.held_out = 50;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_BAD_INPUT);
    o = small();
    o.size = 0;
    assert_status(tael_sequence_train(&model, data, &o), TAEL_MISUSE);
    tael_sequences_close(data);
    temp_remove(folder);
}

/* ---- Kernels ---- */

/* Every ISA that this CPU runs against doubles: odd sizes, and the tails that whole registers leave. */
static void kernels_agree_with_double(void **state)
{
    (void)state;
    const tael__sequence_kernels *tables[3] = {&tael__sequence_generic};
    size_t count = 1;
    tael__random r;
    tael__random_seed(&r, 9);
#if defined(__x86_64__)
    const char *best = tael__sequence_kernels_pick()->isa;
    if (strcmp(best, "generic") != 0) tables[count++] = &tael__sequence_avx2;
    if (strcmp(best, "avx512") == 0) tables[count++] = &tael__sequence_avx512vnni;
#endif
    enum { M = 29, N = 64, K = 37 };
    float a[M * K], b[K * N], c[M * N], x[N], y[N];
    for (size_t i = 0; i < M * K; i++) a[i] = (float)(tael__random_unit(&r) - 0.5);
    for (size_t i = 0; i < K * N; i++) b[i] = (float)(tael__random_unit(&r) - 0.5);
    for (size_t t = 0; t < count; t++) {
        const tael__sequence_kernels *k = tables[t];
        for (size_t m = 1; m <= M; m++) {
            for (size_t i = 0; i < M * N; i++) c[i] = 1;
            k->matmul(c, N, a, K, 1, b, TAEL__PANEL, N, m, N, K, true);
            for (size_t i = 0; i < M; i++)
                for (size_t j = 0; j < N; j++) {
                    double sum = 1;
                    for (size_t s = 0; i < m && s < K; s++) sum += (double)a[i * K + s] * (double)b[s * N + j];
                    assert_true(fabs(sum - (double)c[i * N + j]) < 1e-5);
                }
        }
        for (size_t n = 1; n <= N; n++) {
            double sum = 0;
            for (size_t i = 0; i < N; i++) x[i] = y[i] = (float)(20 * tael__random_unit(&r) - 10);
            float got = k->exp_sum(y, n, 2);
            for (size_t i = 0; i < N; i++) {
                double wanted = i < n ? exp((double)x[i] - 2) : (double)x[i];
                if (i < n) sum += wanted;
                assert_true(fabs((double)y[i] - wanted) <= 1e-6 * fabs(wanted));
            }
            assert_true(fabs((double)got - sum) < 1e-5 * sum);
            k->gelu(y, x, n);
            for (size_t i = 0; i < n; i++) {
                double v = (double)x[i], wanted = v / 2 * (1 + tanh(0.7978845608 * (v + 0.044715 * v * v * v)));
                assert_true(fabs((double)y[i] - wanted) < 2e-6);
            }
            got = k->dot(a, b, n);
            sum = 0;
            for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
            assert_true(fabs(sum - (double)got) < 1e-5);
        }
        float dropped[1000];
        size_t kept = 0;
        for (size_t i = 0; i < 1000; i++) dropped[i] = 1;
        k->dropout(dropped, 1000, 0.25f, 77);
        for (size_t i = 0; i < 1000; i++) {
            assert_true(dropped[i] == 0 || fabs((double)dropped[i] - 1 / 0.75) < 1e-6);
            kept += dropped[i] > 0;
        }
        assert_true(kept > 690 && kept < 810);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_gradient_is_the_slope_of_the_loss),
        cmocka_unit_test(dropout_drops_the_same_on_the_way_back),
        cmocka_unit_test(the_loss_is_the_softmax_over_all_items),
        cmocka_unit_test(rings_are_learned),
        cmocka_unit_test(threads_change_no_bit),
        cmocka_unit_test(going_on_is_the_same_as_never_stopping),
        cmocka_unit_test(a_trained_model_can_be_gone_on_from),
        cmocka_unit_test(bad_texts_name_their_line),
        cmocka_unit_test(a_damaged_model_is_refused),
        cmocka_unit_test(no_memory_is_survived),
        cmocka_unit_test(options_out_of_range_are_refused),
        cmocka_unit_test(kernels_agree_with_double),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
