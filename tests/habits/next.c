// SPDX-License-Identifier: Apache-2.0
// What is bought next: figures that can be counted by hand, an owner who never sees his own answers, training that
// learns what a plain rule can't, and the same answer however the baskets came.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "habits/next.h"
#include "support.h"

#define BASKET(day_, ...)                                                 \
    (tael_basket)                                                         \
    {                                                                     \
        .day = (day_), .items = (const int64_t[]){__VA_ARGS__},           \
        .count = sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t) \
    }

static void add(tael_next *next, int64_t owner, tael_basket basket)
{
    assert_ok(tael_next_add(next, owner, &basket));
}

static tael_next *open_next(uint64_t seed)
{
    tael_next *next;
    tael_next_options options = {.size = sizeof options, .seed = seed};
    assert_ok(tael_next_open(&next, &options));
    return next;
}

static size_t predict(tael_next *next, int64_t owner, int64_t day, tael_next_item *items, size_t room)
{
    size_t count;
    assert_ok(tael_next_predict(next, owner, day, items, room, &count));
    double sum = 0;
    for (size_t k = 0; k < count; k++) {
        assert_true(isfinite(items[k].score) && items[k].share >= 0 && items[k].share <= 1.0001f);
        assert_true(!k || items[k - 1].score >= items[k].score);
        sum += (double)items[k].share;
    }
    assert_true(sum < 1.0001);
    return count;
}

/* The plain rule: 1 for having it, 2 · share of baskets (one more than there are), 2 · share faded by .8 a basket. */
static void the_first_answer_can_be_counted_by_hand(void **state)
{
    (void)state;
    tael_next *next = open_next(1);
    tael_next_item items[8];
    add(next, 7, BASKET(0, 100, 200));
    add(next, 7, BASKET(7, 100));
    add(next, 7, BASKET(14, 300, 100, 300));
    assert_int_equal(predict(next, 7, 20, items, 8), 3);
    assert_int_equal(items[0].item, 100);
    assert_int_equal(items[1].item, 300);
    assert_int_equal(items[2].item, 200);
    assert_true(fabsf(items[0].score - items[1].score - (2 * (2 / 4.0f) + 2 * (1.44f / 2.44f))) < 1e-4f);
    assert_true(fabsf(items[1].score - items[2].score - 2 * (.36f / 2.44f)) < 1e-4f);
    assert_int_equal(items[0].bought, 3);
    assert_int_equal(items[0].baskets_since, 1);
    assert_int_equal(items[0].days_since, 6);
    assert_true(fabsf(items[0].every_days - 7) < 1e-6f);
    assert_int_equal(items[2].bought, 1);
    assert_int_equal(items[2].baskets_since, 3);
    assert_int_equal(items[2].days_since, 20);
    assert_true(items[2].every_days == 0);
    /* On day 8 the third basket isn't known yet. */
    assert_int_equal(predict(next, 7, 8, items, 8), 2);
    assert_int_equal(items[0].bought, 2);
    tael_next_close(next);
}

static void equal_scores_put_the_smaller_number_first(void **state)
{
    (void)state;
    tael_next *next = open_next(1);
    tael_next_item items[2];
    add(next, 1, BASKET(0, 9, -4, 5, 7));
    assert_int_equal(predict(next, 1, 1, items, 2), 2);
    assert_int_equal(items[0].item, -4);
    assert_int_equal(items[1].item, 5);
    tael_next_close(next);
}

static void the_order_of_adding_is_not_the_order_of_days(void **state)
{
    (void)state;
    tael_next *a = open_next(1), *b = open_next(1);
    tael_next_item x[4], y[4];
    add(a, 1, BASKET(0, 1, 2));
    add(a, 1, BASKET(5, 2));
    add(a, 1, BASKET(9, 3));
    add(b, 1, BASKET(9, 3));
    add(b, 1, BASKET(0, 1, 2));
    add(b, 1, BASKET(5, 2));
    assert_int_equal(predict(a, 1, 10, x, 4), 3);
    assert_int_equal(predict(b, 1, 10, y, 4), 3);
    assert_memory_equal(x, y, 3 * sizeof *x);
    tael_next_close(a);
    tael_next_close(b);
}

/* ---- The population ---- */

static void add_people(tael_next *next, int64_t last)
{
    for (int64_t u = 1; u <= last; u++) {
        add(next, u, BASKET(0, 1, 2));
        add(next, u, BASKET(10, 2, 3));
        add(next, u, BASKET(20, 1, 10 + u));
    }
}

static void a_population_is_counted(void **state)
{
    (void)state;
    tael_next *next = open_next(1);
    add_people(next, 3);
    assert_ok(tael_next_train(next));
    const tael__next_population *p = &next->population;
    assert_int_equal(p->owners, 3);
    assert_int_equal(p->baskets, 9);
    const tael__next_item *one = p->item, *two = p->item + 1; /* in order of arrival */
    assert_int_equal(one->baskets, 6);
    assert_int_equal(one->owners, 3);
    assert_int_equal(one->followed, 3);
    assert_int_equal(one->chances, 6);
    assert_int_equal(one->repeats, 3);
    assert_int_equal(two->baskets, 6);
    assert_int_equal(two->followed, 6);
    assert_int_equal(two->repeats, 3);
    float late[TAEL__NEXT_DECAYS];
    tael__next_late(late, p, 0, 27);
    assert_true(fabsf(late[0] - 3 * (expf(-1) + expf(-27 / 7.0f))) < 1e-4f);
    tael__next_late(late, p, 0, 19);
    assert_true(fabsf(late[1] - 3 * expf(-19 / 30.0f)) < 1e-4f);
    /* After 1 came 2 and 3, by three owners each; 11, 12 and 13 were bought by one, and are nobody's companions. */
    assert_int_equal(p->next.first[1] - p->next.first[0], 2);
    for (size_t k = p->next.first[0]; k < p->next.first[1]; k++) {
        assert_true(p->next.list[k].item == 1 || p->next.list[k].item == 2);
        assert_true(p->next.list[k].count == 3);
    }
    tael_next_close(next);
}

static void features_of(tael_next *next, int64_t owner, size_t seen, int64_t day)
{
    uint32_t index;
    assert_true(tael__ids_find(&next->owner_ids, owner, &index));
    assert_ok(tael__next_begin(&next->room, next->owners + index));
    for (size_t t = 0; t < seen; t++) tael__next_see(&next->room, next->owners + index);
    tael__next_features(&next->room, &next->population, next->owners + index, day);
    tael__next_end(&next->room);
}

/* What an owner gets from a population that he is part of is what he gets from the others alone. */
static void an_owner_is_left_out_of_what_others_say(void **state)
{
    (void)state;
    tael_next *with = open_next(1), *without = open_next(1);
    add_people(with, 5);
    assert_ok(tael_next_train(with));
    add_people(without, 4);
    assert_ok(tael_next_train(without));
    add(without, 5, BASKET(0, 1, 2));
    add(without, 5, BASKET(10, 2, 3));
    add(without, 5, BASKET(20, 1, 15));
    features_of(with, 5, 2, 20);
    features_of(without, 5, 2, 20);
    size_t compared = 0;
    for (size_t a = 0; a < with->room.candidate_count; a++)
        for (size_t b = 0; b < without->room.candidate_count; b++) {
            if (with->room.candidate[a] != without->room.candidate[b]) continue;
            compared++;
            for (int k = 0; k < TAEL__NEXT_FEATURES; k++)
                assert_true(fabsf(with->room.features[a][k] - without->room.features[b][k]) < 1e-4f);
        }
    assert_true(compared >= 7);
    tael_next_close(with);
    tael_next_close(without);
}

/* ---- Learning ---- */

static void the_gradient_is_the_slope_of_the_loss(void **state)
{
    (void)state;
    enum { ROWS = 7 };
    static float rows[ROWS][TAEL__NEXT_FEATURES], offset[ROWS], work[ROWS * (TAEL__NEXT_HIDDEN + 1)];
    static uint8_t positive[ROWS] = {0, 1, 0, 0, 1, 0, 0};
    tael__rank_list list = {.count = ROWS, .positives = 2, .wanted = 3};
    tael__rank_set set = {.rows = rows, .offset = offset, .positive = positive, .count = ROWS};
    static tael__ranker r, gradient, unused;
    tael__random random;
    tael__random_seed(&random, 5);
    for (int i = 0; i < ROWS; i++)
        for (int k = 0; k < TAEL__NEXT_FEATURES; k++) rows[i][k] = (float)(tael__random_unit(&random) * 2 - 1);
    offset[2] = 1.5f;
    float *w = r.linear, *g = gradient.linear;
    size_t n = (sizeof r - offsetof(tael__ranker, linear)) / sizeof(float);
    for (size_t k = 0; k < n; k++) w[k] = (float)(tael__random_unit(&random) - .5);
    tael__ranker_gradient(&r, &set, &list, work, &gradient);
    for (size_t k = 0; k < n; k++) {
        float kept = w[k], step = 1e-3f;
        w[k] = kept + step;
        double up = tael__ranker_gradient(&r, &set, &list, work, &unused);
        w[k] = kept - step;
        double down = tael__ranker_gradient(&r, &set, &list, work, &unused);
        w[k] = kept;
        double slope = (up - down) / (2 * (double)step);
        assert_true(fabs(slope - (double)g[k]) < 2e-3 + 2e-2 * fabs(slope)); /* a leaky unit may bend in between */
    }
}

/* Everybody buys three things of his own in turn: what was bought last is just what he doesn't need. */
static void add_cycles(tael_next *next, int64_t owners, int64_t from, int64_t baskets)
{
    for (int64_t u = 0; u < owners; u++)
        for (int64_t t = from; t < baskets; t++) add(next, u, BASKET(t * 7 + u, 1000 * u + t % 3));
}

static int foreseen(tael_next *next, int64_t owners, int64_t baskets)
{
    tael_next_item item;
    int right = 0;
    for (int64_t u = 0; u < owners; u++)
        right += predict(next, u, baskets * 7 + u, &item, 1) == 1 && item.item == 1000 * u + baskets % 3;
    return right;
}

static void training_learns_what_the_rule_does_not_know(void **state)
{
    (void)state;
    tael_next *next = open_next(3);
    add_cycles(next, 60, 0, 16);
    assert_true(foreseen(next, 60, 16) < 6);
    assert_ok(tael_next_train(next));
    assert_true(foreseen(next, 60, 16) > 54);
    tael_next_close(next);
}

static void one_owner_learns_from_himself(void **state)
{
    (void)state;
    tael_next *next = open_next(3);
    tael_next_item item;
    int right = 0;
    for (int64_t t = 0; t < 300; t++) add(next, 1, BASKET(t, t % 3));
    assert_ok(tael_next_train(next));
    for (int64_t t = 300; t < 310; t++) { /* learned once; each basket counts as soon as it is there */
        right += predict(next, 1, t, &item, 1) == 1 && item.item == t % 3;
        add(next, 1, BASKET(t, t % 3));
    }
    assert_int_equal(right, 10);
    tael_next_close(next);
}

static void training_again_is_training_with_all(void **state)
{
    (void)state;
    tael_next *steps = open_next(9), *once = open_next(9);
    tael_next_item a[5], b[5];
    add_cycles(steps, 20, 0, 6);
    assert_ok(tael_next_train(steps));
    add_cycles(steps, 20, 6, 9);
    assert_ok(tael_next_train(steps));
    add_cycles(once, 20, 0, 6);
    add_cycles(once, 20, 6, 9);
    assert_ok(tael_next_train(once));
    assert_memory_equal(&steps->ranker, &once->ranker, sizeof steps->ranker);
    for (int64_t u = 0; u < 20; u++) {
        size_t n = predict(steps, u, 100, a, 5);
        assert_int_equal(predict(once, u, 100, b, 5), n);
        assert_memory_equal(a, b, n * sizeof *a);
    }
    tael_next *other = open_next(10);
    add_cycles(other, 20, 0, 9);
    assert_ok(tael_next_train(other));
    assert_memory_not_equal(&other->ranker, &once->ranker, sizeof once->ranker); /* the seed does count */
    tael_next_close(steps);
    tael_next_close(once);
    tael_next_close(other);
}

/* ---- A starting model ---- */

/* Of 20 owners each buys one thing of two in turn with a staple; what one alone buys is his secret. */
static tael_next *trained_population(void)
{
    tael_next *next = open_next(3);
    for (int64_t u = 0; u < 20; u++)
        for (int64_t t = 0; t < 12; t++) add(next, u, BASKET(t * 7, 500, 600 + (t + u) % 2, 9000 + u));
    assert_ok(tael_next_train(next));
    return next;
}

static void a_starting_model_predicts_as_its_population_did(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "start");
    tael_next *whole = trained_population(), *loaded;
    tael_next_item a[40], b[40];
    assert_ok(tael_next_save(whole, path));
    assert_ok(tael_next_load(&loaded, path, NULL));
    for (int stage = 0; stage < 2; stage++) { /* a stranger, then one with a little past */
        assert_int_equal(predict(whole, 77, 84, a, 40), 23);
        assert_int_equal(predict(loaded, 77, 84, b, 40), 3);
        for (int k = 0; k < 3; k++) {
            int same = 0;
            while (same < 22 && a[same].item != b[k].item) same++;
            assert_int_equal(a[same].item, b[k].item);
            assert_true(fabsf(a[same].score - b[k].score) < 1e-4f);
        }
        add(whole, 77, BASKET(70, 500, 601));
        add(loaded, 77, BASKET(70, 500, 601));
    }
    size_t bytes;
    char *data;
    int64_t secret = 9000, staple = 500;
    assert_ok(tael__file_read(&data, &bytes, path, 1 << 20));
    assert_non_null(memmem(data, bytes, &staple, sizeof staple));
    assert_null(memmem(data, bytes, &secret, sizeof secret));
    tael__free(data);
    tael_next_close(whole);
    tael_next_close(loaded);
    temp_remove(folder);
}

static void the_owner_corrects_the_starting_model(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "start");
    tael_next *whole = trained_population(), *loaded, *again;
    tael_next_item item, before;
    assert_ok(tael_next_save(whole, path));
    assert_ok(tael_next_load(&loaded, path, NULL));
    assert_ok(tael_next_load(&again, path, NULL));
    for (int64_t t = 0; t < 400; t++) {
        add(loaded, 1, BASKET(t, 500 + t % 3));
        add(again, 1, BASKET(t, 500 + t % 3));
    }
    assert_int_equal(predict(loaded, 1, 400, &before, 1), 1);
    assert_ok(tael_next_train(loaded));
    assert_ok(tael_next_train(loaded)); /* each training begins with the starting model */
    assert_ok(tael_next_train(again));
    assert_memory_equal(&loaded->ranker, &again->ranker, sizeof again->ranker);
    assert_int_equal(loaded->population.owners, 20);
    assert_int_equal(predict(loaded, 1, 400, &item, 1), 1);
    assert_int_equal(item.item, 500 + 400 % 3);
    assert_true(item.item != before.item || item.share > before.share);
    tael_next_close(whole);
    tael_next_close(loaded);
    tael_next_close(again);
    temp_remove(folder);
}

/* What one owner taught can be kept from one run to the next without a word of what he bought. */
static void a_lone_owners_file_holds_weights_and_no_purchase(void **state)
{
    (void)state;
    char *folder = temp_folder();
    const char *path = in_folder(folder, "own");
    tael_next *trained = open_next(3), *loaded;
    tael_next_item a[4], b[4];
    uint64_t bytes;
    for (int64_t t = 0; t < 90; t++) add(trained, 1, BASKET(t, 50, t % 3));
    assert_ok(tael_next_train(trained));
    assert_ok(tael_next_save(trained, path));
    assert_ok(tael_next_load(&loaded, path, NULL));
    assert_int_equal(loaded->item_ids.count, 0);
    assert_ok(tael__file_size(&bytes, path));
    assert_true(bytes < 4096);
    for (int64_t t = 0; t < 90; t++) add(loaded, 1, BASKET(t, 50, t % 3));
    assert_int_equal(predict(trained, 1, 90, a, 4), 4);
    assert_int_equal(predict(loaded, 1, 90, b, 4), 4);
    for (int k = 0; k < 4; k++) {
        assert_int_equal(a[k].item, b[k].item);
        assert_true(fabsf(a[k].score - b[k].score) < 1e-4f);
    }
    tael_next_close(trained);
    tael_next_close(loaded);
    temp_remove(folder);
}

/* Any byte changed is noticed; and where the checksum is made to fit, the file is refused or gives finite answers. */
static void a_damaged_starting_model_is_refused(void **state)
{
    (void)state;
    char *folder = temp_folder(), *data;
    const char *path = in_folder(folder, "start");
    tael_next *next = trained_population();
    tael_next_item items[3];
    size_t bytes;
    tael_next *untrained = open_next(1);
    assert_status(tael_next_save(untrained, path), TAEL_MISUSE);
    tael_next_close(untrained);
    assert_ok(tael_next_save(next, path));
    tael_next_close(next);
    assert_ok(tael__file_read(&data, &bytes, path, 1 << 20));
    for (size_t k = 0; k < bytes; k += k < 400 ? 1 : 37) {
        for (int fit = 0; fit < 2; fit++) {
            char *copy = tael__strndup(data, bytes);
            copy[k] ^= (char)(k % 3 ? 0x80 : 0xFF);
            uint64_t sum = tael__next_sum(copy, bytes - 8);
            if (fit) memcpy(copy + bytes - 8, &sum, 8);
            next = open_next(1);
            tael_status status = tael__next_read(next, path, copy, bytes);
            assert_true(status == TAEL_OK ? fit : tael_error()[0]);
            if (status == TAEL_OK) {
                add(next, 1, BASKET(0, 500, 600));
                predict(next, 1, 5, items, 3);
            }
            tael_next_close(next);
            tael__free(copy);
        }
    }
    for (size_t cut = 0; cut < bytes; cut += 331) {
        assert_ok(tael__file_write(path, data, cut));
        assert_true(tael_next_load(&next, path, NULL) != TAEL_OK && !next);
    }
    tael__free(data);
    temp_remove(folder);
}

/* ---- Everything has an end ---- */

static void odd_input_is_refused_or_borne(void **state)
{
    (void)state;
    tael_next *next = open_next(1);
    tael_next_item items[4];
    size_t count;
    assert_ok(tael_next_train(next));
    assert_int_equal(predict(next, 1, 0, items, 4), 0);
    add(next, 1, (tael_basket){.day = INT64_MAX}); /* empty: no basket at all */
    assert_int_equal(tael_next_add(next, 1, &BASKET(INT64_MAX, 1)), TAEL_BAD_INPUT);
    assert_int_equal(tael_next_add(next, 1, &BASKET(INT64_MIN, 1)), TAEL_BAD_INPUT);
    assert_int_equal(tael_next_predict(next, 1, INT64_MIN, items, 4, &count), TAEL_BAD_INPUT);
    assert_int_equal(tael_next_add(next, 1, &(tael_basket){.items = (int64_t[]){1}, .count = SIZE_MAX}), TAEL_LIMIT);
    add(next, INT64_MIN, BASKET(-4000000, INT64_MAX, INT64_MIN, 0, -1, INT64_MAX));
    add(next, INT64_MIN, BASKET(4000000, INT64_MAX));
    add(next, INT64_MAX, BASKET(0, INT64_MAX));
    assert_ok(tael_next_train(next));
    assert_int_equal(predict(next, INT64_MIN, 4000000, items, 4), 4);
    assert_int_equal(items[0].item, INT64_MAX);
    assert_int_equal(items[0].bought, 2);
    assert_int_equal(predict(next, 12345, -4000000, items, 4), 4); /* a stranger gets what is popular */
    assert_int_equal(predict(next, 1, 0, items, 0), 0);
    tael_next_close(next);
    tael_next_close(NULL);
    assert_int_equal(tael_next_open(&next, &(tael_next_options){0}), TAEL_MISUSE);
    assert_null(next);
    assert_int_equal(tael_next_open(&next, &(tael_next_options){.size = sizeof(tael_next_options), .rows_max = ~0u}),
                     TAEL_LIMIT);
}

static void all_on_one_day_and_fifty_years_have_answers(void **state)
{
    (void)state;
    tael_next *same = open_next(1), *years = open_next(1);
    tael_next_item items[5];
    for (int64_t t = 0; t < 40; t++) {
        add(same, 1, BASKET(100, t % 7, 50));
        add(years, 1, BASKET(t * 456, t % 7, 50));
    }
    assert_ok(tael_next_train(same));
    assert_ok(tael_next_train(years));
    assert_int_equal(predict(same, 1, 100, items, 5), 5);
    assert_int_equal(predict(years, 1, 50 * 365, items, 5), 5);
    assert_int_equal(items[0].item, 50);
    tael_next_close(same);
    tael_next_close(years);
}

static tael_status whole_life(const char *path)
{
    tael_next *next = NULL;
    tael_next_item items[3];
    size_t count;
    tael_next_options options = {.size = sizeof options, .rows_max = 2000, .epochs = 1};
    tael_status status = tael_next_open(&next, &options);
    for (int64_t t = 0; t < 12 && status == TAEL_OK; t++)
        status = tael_next_add(next, t % 3, &BASKET(t, t % 5, t % 2 + 10, 100 + t));
    if (status == TAEL_OK) status = tael_next_train(next);
    if (status == TAEL_OK) status = tael_next_predict(next, 1, 20, items, 3, &count);
    if (status == TAEL_OK) status = tael_next_save(next, path);
    tael_next_close(next);
    next = NULL;
    if (status == TAEL_OK) status = tael_next_load(&next, path, &options);
    tael_next_close(next);
    return status;
}

static void memory_that_runs_out_is_told(void **state)
{
    (void)state;
    char *folder = temp_folder();
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        tael__alloc_break(n, false);
        status = whole_life(in_folder(folder, "start"));
        tael__alloc_break(0, false);
        assert_true(status == TAEL_OK || (status == TAEL_NO_MEMORY && tael_error()[0]));
        assert_true(n < 10000);
    }
    temp_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_answer_can_be_counted_by_hand),
        cmocka_unit_test(equal_scores_put_the_smaller_number_first),
        cmocka_unit_test(the_order_of_adding_is_not_the_order_of_days),
        cmocka_unit_test(a_population_is_counted),
        cmocka_unit_test(an_owner_is_left_out_of_what_others_say),
        cmocka_unit_test(the_gradient_is_the_slope_of_the_loss),
        cmocka_unit_test(training_learns_what_the_rule_does_not_know),
        cmocka_unit_test(one_owner_learns_from_himself),
        cmocka_unit_test(training_again_is_training_with_all),
        cmocka_unit_test(a_starting_model_predicts_as_its_population_did),
        cmocka_unit_test(the_owner_corrects_the_starting_model),
        cmocka_unit_test(a_lone_owners_file_holds_weights_and_no_purchase),
        cmocka_unit_test(a_damaged_starting_model_is_refused),
        cmocka_unit_test(odd_input_is_refused_or_borne),
        cmocka_unit_test(all_on_one_day_and_fifty_years_have_answers),
        cmocka_unit_test(memory_that_runs_out_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
