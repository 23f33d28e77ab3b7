// SPDX-License-Identifier: Apache-2.0
// The category model: good enough on merchants that it has never seen, and what the owner says wins, spreads and can be
// taken back.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../cmd/train_categories/labelled.h"
#include "habits/internal.h"
#include "ledger/internal.h"
#include "support.h"

static tael__labelled held_out(void)
{
    tael__labelled rows;
    assert_ok(tael__labelled_read(&rows, "habits/data/held_out.tsv"));
    assert_true(rows.count >= 400);
    return rows;
}

static tael_record shop(const char *merchant, const char *item)
{
    return (tael_record){.direction = TAEL_EXPENSE, .merchant = merchant, .item = item};
}

static int32_t category_of(tael_categorizer *z, const tael_record *r)
{
    tael_category_prediction p;
    assert_ok(tael_categorizer_predict(z, r, &p));
    bool by_owner;
    assert_int_equal(tael_categorizer_category(r, &by_owner, z), p.category_id);
    assert_int_equal(by_owner, p.correction != 0);
    assert_true(p.confidence > 0 && p.confidence <= 1.0001f && p.top_confidence + 1e-5f >= p.confidence);
    return p.category_id;
}

/* Some points below what bench/run categories measures, so that it fails when something breaks, not when a word is
 * added to the seed. */
static void unseen_merchants_are_mostly_right(void **state)
{
    (void)state;
    tael__labelled rows = held_out();
    tael_categorizer *z;
    size_t top = 0, leaf = 0, named = 0;
    assert_ok(tael_categorizer_open(&z, NULL));
    for (size_t i = 0; i < rows.count; i++) {
        const tael_record *r = &rows.rows[i].record;
        tael_record name = {.direction = r->direction, .merchant = r->merchant};
        int32_t id = category_of(z, r), wanted = rows.rows[i].category_id;
        leaf += id == wanted;
        top += tael_category_top(id) == tael_category_top(wanted);
        named += tael_category_top(category_of(z, &name)) == tael_category_top(wanted);
    }
    assert_true(top * 100 >= rows.count * 93);
    assert_true(leaf * 100 >= rows.count * 88);
    assert_true(named * 100 >= rows.count * 80);
    tael_categorizer_close(z);
    tael__labelled_free(&rows);
}

static void a_prediction_says_what_spoke_for_it(void **state)
{
    (void)state;
    tael_categorizer *z;
    tael_category_prediction p;
    tael_record r = shop("青柠里手冲咖啡馆", "");
    assert_ok(tael_categorizer_open(&z, NULL));
    assert_ok(tael_categorizer_predict(z, &r, &p));
    assert_int_equal(p.category_id, 104);
    assert_non_null(strstr(p.reasons[0].piece, "咖啡"));
    assert_true(p.reasons[0].weight >= p.reasons[1].weight && p.reasons[1].weight >= p.reasons[2].weight);
    assert_string_not_equal(p.reasons[0].piece, p.reasons[1].piece);
    tael_categorizer_close(z);
}

static void the_owner_wins_for_the_merchant_and_first_for_the_item(void **state)
{
    (void)state;
    tael_categorizer *z;
    assert_ok(tael_categorizer_open(&z, NULL));
    tael_record coffee = shop("巷子里咖啡馆", "拿铁"), cake = shop("巷子里咖啡馆", "蛋糕"),
                other = shop("另一家咖啡馆", "拿铁");
    assert_int_equal(category_of(z, &coffee), 104);
    assert_ok(tael_categorizer_learn(z, &coffee, 501, false));
    assert_int_equal(category_of(z, &coffee), 501);
    assert_int_equal(category_of(z, &cake), 501);
    assert_int_equal(category_of(z, &other), 104); /* one landlord makes no café a flat */
    tael_record income = coffee;
    income.direction = TAEL_INCOME;
    assert_int_not_equal(category_of(z, &income), 501);
    assert_ok(tael_categorizer_learn(z, &cake, 106, false));
    assert_int_equal(category_of(z, &coffee), 501);
    assert_int_equal(category_of(z, &cake), 106);
    assert_ok(tael_categorizer_learn(z, &coffee, 104, false)); /* the latest word counts */
    assert_int_equal(category_of(z, &coffee), 104);
    tael_record refund = {.direction = TAEL_NEUTRAL, .refund = true, .merchant = "巷子里咖啡馆", .item = "蛋糕"};
    assert_int_equal(category_of(z, &refund), 106); /* a refund goes with its purchase */
    tael_categorizer_close(z);
}

static void a_word_for_one_record_stays_with_it(void **state)
{
    (void)state;
    tael_categorizer *z;
    assert_ok(tael_categorizer_open(&z, NULL));
    tael_record one = shop("巷子里咖啡馆", "拿铁"), same = one;
    one.id = 7;
    same.id = 8;
    assert_ok(tael_categorizer_learn(z, &one, 1602, true));
    assert_int_equal(category_of(z, &one), 1602);
    tael_category_prediction p;
    assert_ok(tael_categorizer_predict(z, &same, &p));
    assert_true(p.correction == 0);
    tael_categorizer_close(z);
}

/* A model that only looked merchants up would fail this. */
static void what_was_said_of_some_shops_reaches_those_like_them(void **state)
{
    (void)state;
    tael_categorizer *z;
    assert_ok(tael_categorizer_open(&z, NULL));
    tael_record unseen = shop("喵星球(滨江店)", "");
    assert_int_not_equal(category_of(z, &unseen), 1303);
    const char *const branches[] = {"喵星球(城西店)", "喵星球(高新店)", "喵星球(解放路店)"};
    for (size_t i = 0; i < 3; i++) {
        tael_record r = shop(branches[i], "");
        assert_ok(tael_categorizer_learn(z, &r, 1303, false));
    }
    assert_int_equal(category_of(z, &unseen), 1303);
    tael_categorizer_close(z);
}

static void forgetting_undoes_it_to_the_bit(void **state)
{
    (void)state;
    tael__labelled rows = held_out();
    tael_categorizer *z, *fresh;
    assert_ok(tael_categorizer_open(&z, NULL));
    assert_ok(tael_categorizer_open(&fresh, NULL));
    for (size_t i = 0; i < 30; i++) {
        tael_record r = rows.rows[i * 7].record;
        assert_ok(tael_categorizer_learn(z, &r, 1301, false));
        if (i % 2) assert_ok(tael_categorizer_learn(fresh, &r, 1301, false));
    }
    for (int64_t id = 1; id <= 30; id += 2) assert_ok(tael_categorizer_forget(z, id));
    assert_status(tael_categorizer_forget(z, 1), TAEL_NOT_FOUND);
    for (size_t i = 0; i < rows.count; i++) {
        tael_category_prediction a, b;
        assert_ok(tael_categorizer_predict(z, &rows.rows[i].record, &a));
        assert_ok(tael_categorizer_predict(fresh, &rows.rows[i].record, &b));
        assert_int_equal(a.category_id, b.category_id);
        assert_true(a.confidence == b.confidence);
    }
    tael_categorizer_close(z);
    tael_categorizer_close(fresh);
    tael__labelled_free(&rows);
}

/* Bills are hostile: no bytes of theirs may do more than be wrong. */
static void any_bytes_get_some_category(void **state)
{
    (void)state;
    tael_categorizer *z;
    uint64_t random = 42;
    char text[3][5000];
    assert_ok(tael_categorizer_open(&z, NULL));
    for (int round = 0; round < 300; round++) {
        for (int t = 0; t < 3; t++) {
            size_t n = (size_t)(random >> 33) % (round % 3 ? 60 : sizeof text[t]);
            for (size_t i = 0; i < n; i++) {
                random = random * 6364136223846793005u + 1442695040888963407u;
                unsigned char c = (unsigned char)(random >> 56);
                text[t][i] = (char)(c ? c : 1);
            }
            text[t][n < sizeof text[t] ? n : sizeof text[t] - 1] = '\0';
        }
        tael_record r = {.direction = TAEL_EXPENSE,
                         .merchant = text[0],
                         .item = text[1],
                         .note = text[2],
                         .minor = INT64_MAX,
                         .time_ms = INT64_MAX / 2};
        assert_non_null(tael_category_get(category_of(z, &r)));
    }
    tael_categorizer_close(z);
}

static tael_status use_once(void)
{
    tael_categorizer *z;
    tael_record r = shop("巷子里咖啡馆", "拿铁");
    TAEL_TRY(tael_categorizer_open(&z, NULL));
    tael_status status = tael_categorizer_learn(z, &r, 501, false);
    if (status == TAEL_OK) status = tael_categorizer_forget(z, 1);
    tael_categorizer_close(z);
    return status;
}

static void lacking_memory_is_said(void **state)
{
    (void)state;
    for (uint64_t n = 1;; n++) {
        tael__alloc_break(n, true);
        tael_status status = use_once();
        tael__alloc_break(0, false);
        if (status == TAEL_OK) break;
        assert_int_equal(status, TAEL_NO_MEMORY);
        assert_true(n < 100);
    }
}

static void misuse_is_refused(void **state)
{
    (void)state;
    tael_categorizer *z;
    tael_record r = shop("a", "b");
    assert_ok(tael_categorizer_open(&z, NULL));
    assert_status(tael_categorizer_open(NULL, NULL), TAEL_MISUSE);
    assert_status(tael_categorizer_learn(z, &r, 99, false), TAEL_MISUSE);
    assert_status(tael_categorizer_predict(z, NULL, NULL), TAEL_MISUSE);
    assert_status(tael_categorizer_apply(z, true, NULL), TAEL_MISUSE);
    tael_categorizer_close(z);
    tael_categorizer_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unseen_merchants_are_mostly_right),
        cmocka_unit_test(a_prediction_says_what_spoke_for_it),
        cmocka_unit_test(the_owner_wins_for_the_merchant_and_first_for_the_item),
        cmocka_unit_test(a_word_for_one_record_stays_with_it),
        cmocka_unit_test(what_was_said_of_some_shops_reaches_those_like_them),
        cmocka_unit_test(forgetting_undoes_it_to_the_bit),
        cmocka_unit_test(any_bytes_get_some_category),
        cmocka_unit_test(lacking_memory_is_said),
        cmocka_unit_test(misuse_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
