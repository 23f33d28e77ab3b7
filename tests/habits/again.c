// SPDX-License-Identifier: Apache-2.0
// When rows of the caller's choice come again: across shops as for one, and honest about few of them. A wrong
// implementation sees two habits in one, or divides by the one purchase that there was.
#include <math.h>

#include "life.h"

typedef struct ids {
    int64_t of[256];
    size_t count;
} ids;

static int keep_id(const tael_record *record, void *user)
{
    ids *list = user;
    list->of[list->count++] = record->id;
    return list->count == 256;
}

/* The rows whose texts hold `word`. */
static ids ids_of(tael_ledger *ledger, const char *word)
{
    ids list = {.count = 0};
    tael_filter filter = {.size = sizeof filter, .text = word};
    assert_ok(tael_ledger_records(ledger, &filter, 0, keep_id, &list, NULL));
    return list;
}

static tael_purchase_habit again(tael_ledger *ledger, const char *word, const char *today)
{
    tael_habits *h;
    tael_purchase_habit p;
    ids list = ids_of(ledger, word);
    assert_ok(tael_habits_open(&h, ledger, today));
    assert_ok(tael_habits_again(h, list.of, list.count, &p));
    tael_habits_close(h);
    return p;
}

static void a_thing_of_two_shops_is_one_habit(void **state)
{
    (void)state;
    life l = {.rows = 0};
    int32_t first = day_of("2026-01-05");
    static const int gaps[] = {27, 29, 28, 26, 30};
    for (int i = 0, day = first; i < 11; day += gaps[i++ % 5])
        pay_at(&l, day, "20:00:00", i % 2 ? "京东" : "波奇", "皇家猫粮", 12800, "支出");
    for (int day = first; day < day_of("2026-11-01"); day += 2) pay(&l, day, "超市", 3000);
    tael_ledger *ledger = ledger_of(&l);
    tael_purchase_habit p = again(ledger, "猫粮", "2026-11-05");
    assert_int_equal(p.count, 11);
    assert_true(p.interval_days > 26 && p.interval_days < 30 && p.regular > 0.6F);
    assert_int_equal(p.usual_minor, 12800);
    assert_true(!p.lapsed && strcmp(p.next_from, p.next_day) <= 0 && strcmp(p.next_day, p.next_to) <= 0);
    p = again(ledger, "没有这样的东西", "2026-11-05");
    assert_int_equal(p.count, 0);
    tael_ledger_close(ledger);
}

static void few_purchases_are_told_and_no_more(void **state)
{
    (void)state;
    life l = {.rows = 0};
    pay_at(&l, day_of("2026-10-01"), "20:00:00", "京东", "猫粮", 10000, "支出");
    pay_at(&l, day_of("2026-10-29"), "20:00:00", "京东", "猫粮", 12000, "支出");
    pay_at(&l, day_of("2026-10-29"), "20:05:00", "宜家", "书架", 49900, "支出");
    tael_ledger *ledger = ledger_of(&l);
    tael_purchase_habit p = again(ledger, "猫粮", "2026-11-05");
    assert_int_equal(p.count, 2);
    assert_int_equal(p.since_days, 7);
    assert_int_equal(p.usual_minor, 11000);
    assert_string_equal(p.last_day, "2026-10-29");
    assert_string_equal(p.next_day, "");
    assert_true(p.regular == 0 && !p.due);
    p = again(ledger, "书架", "2026-11-05");
    assert_int_equal(p.count, 1);
    tael_habits *h;
    assert_ok(tael_habits_open(&h, ledger, "2026-11-05"));
    assert_ok(tael_habits_again(h, NULL, 0, &p));
    assert_int_equal(p.count, 0);
    assert_status(tael_habits_again(h, NULL, 1, &p), TAEL_MISUSE);
    assert_status(tael_habits_again(NULL, NULL, 0, &p), TAEL_MISUSE);
    tael_habits_close(h);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thing_of_two_shops_is_one_habit),
        cmocka_unit_test(few_purchases_are_told_and_no_more),
    };
    return cmocka_run_group_tests_name("habits/again", tests, NULL, NULL);
}
