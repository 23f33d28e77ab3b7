// SPDX-License-Identifier: Apache-2.0
// Rows added by hand. A wrong implementation takes two equal coffees for one, removes a row of a bill, or stores what
// no bill could hold.
#include "bills.h"

static tael_record coffee(void)
{
    return (tael_record){.time_ms = 1795149000000,
                         .offset_minutes = 480,
                         .direction = TAEL_EXPENSE,
                         .minor = 2500,
                         .merchant = "瑞幸",
                         .item = "美式",
                         .method = "支付宝"};
}

static int keep_last(const tael_record *record, void *user)
{
    tael_record *last = user;
    *last = *record;
    last->source = strcmp(record->source, TAEL_SOURCE_MANUAL) == 0 ? TAEL_SOURCE_MANUAL : "";
    last->currency = strcmp(record->currency, "CNY") == 0 ? "CNY" : "";
    return 0;
}

static void two_equal_ones_are_two_and_each_can_be_taken_back(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_record r = coffee(), last;
    int64_t first, second;
    assert_ok(tael_ledger_add(ledger, &r, &first));
    assert_ok(tael_ledger_add(ledger, &r, &second));
    assert_true(first != second && first > 0);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 5000);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2026-11-20", .to = "2026-11-20"}}).minor, 5000);
    assert_ok(tael_ledger_records(ledger, NULL, 0, keep_last, &last, NULL));
    assert_string_equal(last.source, "manual");
    assert_string_equal(last.currency, "CNY");
    assert_ok(tael_ledger_remove(ledger, first));
    assert_status(tael_ledger_remove(ledger, first), TAEL_NOT_FOUND);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 2500);
    assert_ok(tael_ledger_erase(ledger, TAEL_SOURCE_MANUAL, NULL, NULL));
    assert_int_equal(row_count(ledger), 0);
    tael_ledger_close(ledger);
}

static void a_refund_lowers_its_day(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_record r = coffee();
    assert_ok(tael_ledger_add(ledger, &r, NULL));
    r.refund = true;
    r.direction = TAEL_NEUTRAL;
    r.minor = 1000;
    assert_ok(tael_ledger_add(ledger, &r, NULL));
    assert_int_equal(total(ledger, TAEL_EXPENSE), 1500);
    assert_int_equal(total(ledger, TAEL_INCOME), 0);
    tael_ledger_close(ledger);
}

static void rows_of_bills_stay(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, "Date,Payee,Amount\n2026-09-01,Cafe,3.50\n", NULL);
    assert_status(tael_ledger_remove(ledger, 1), TAEL_DENIED);
    assert_non_null(strstr(tael_error(), "generic"));
    assert_status(tael_ledger_remove(ledger, 2), TAEL_NOT_FOUND);
    assert_int_equal(row_count(ledger), 1);
    tael_ledger_close(ledger);
}

static void what_no_bill_could_hold_is_refused(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    static char long_text[4096];
    memset(long_text, 'a', sizeof long_text - 1);
    int64_t id = 5;
    for (int i = 0; i < 10; i++) {
        tael_record r = coffee();
        if (i == 0) r.minor = 0;
        if (i == 1) r.minor = -5;
        if (i == 2) r.minor = INT64_MAX;
        if (i == 3) r.direction = TAEL_ANY_DIRECTION;
        if (i == 4) r.currency = "yuan";
        if (i == 5) r.time_ms = -1;
        if (i == 6) r.time_ms = INT64_MAX;
        if (i == 7) r.merchant = "\xff";
        if (i == 8) r.item = long_text;
        if (i == 9) r.note = "a\nb";
        assert_status(tael_ledger_add(ledger, &r, &id), TAEL_BAD_INPUT);
        assert_int_equal(id, 0);
    }
    assert_status(tael_ledger_add(ledger, NULL, NULL), TAEL_MISUSE);
    assert_int_equal(row_count(ledger), 0);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_equal_ones_are_two_and_each_can_be_taken_back),
        cmocka_unit_test(a_refund_lowers_its_day),
        cmocka_unit_test(rows_of_bills_stay),
        cmocka_unit_test(what_no_bill_could_hold_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
