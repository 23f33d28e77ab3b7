// SPDX-License-Identifier: Apache-2.0
// Categories as the ledger keeps them: given at import or later, summed and filtered by number, and gone with what they
// were said of.
#include "bills.h"

#define ROW(time, cat, shop, item, amount, n) \
    time "," cat "," shop ",/," item ",支出," amount ",花呗,交易成功,20261001220000000000000000" n "\t,,,\r\n"
static const char bill[] = ALIPAY_HEADER ROW("2026-10-05 08:30:00", "餐饮美食", "甲", "拿铁", "30.00", "01")
    ROW("2026-10-06 08:30:00", "交通出行", "乙", "行程", "9.00", "02")
        ROW("2026-10-07 08:30:00", "餐饮美食", "丙", "面", "4.00", "03");

/* 甲 is 104, 乙 201; 丙 has none. */
static int32_t by_name(const tael_record *r, bool *by_owner, void *user)
{
    (void)user;
    *by_owner = strcmp(r->merchant, "乙") == 0;
    return strcmp(r->merchant, "甲") == 0 ? 104 : *by_owner ? 201 : 0;
}

static tael_ledger *filled(void)
{
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    tael_import_options o = {.size = sizeof o, .categorize = by_name};
    assert_ok(tael__ledger_import_bytes(ledger, "test", bill, strlen(bill), &o, &report));
    tael_import_report_free(&report);
    return ledger;
}

static sums sum(tael_ledger *ledger, tael_query q)
{
    sums s = {0};
    q.size = sizeof q;
    q.filter.size = sizeof q.filter;
    assert_ok(tael_ledger_query(ledger, &q, add_sums, &s));
    return s;
}

static const char *name_of(int32_t id, tael_language language)
{
    (void)language;
    return id == 100 ? "food" : id == 104 ? "coffee" : "";
}

static int keep_by(const tael_record *r, void *user)
{
    int32_t *seen = user;
    seen[r->id] = r->category_id * 10 + r->category_by;
    return 0;
}

static void an_import_stores_what_its_caller_says(void **state)
{
    (void)state;
    tael_ledger *ledger = filled();
    int32_t seen[8] = {0};
    assert_ok(tael_ledger_records(ledger, NULL, 0, keep_by, seen, NULL));
    assert_int_equal(seen[1], 1041);
    assert_int_equal(seen[2], 2012);
    assert_int_equal(seen[3], 0);
    tael_ledger_close(ledger);
}

static void sums_and_filters_take_numbers_and_else_the_bills_word(void **state)
{
    (void)state;
    tael_ledger *ledger = filled();
    assert_string_equal(sum(ledger, (tael_query){.group = TAEL_BY_CATEGORY, .category_name = name_of}).keys,
                        "200=900 food=3000 餐饮美食=400 ");
    assert_string_equal(sum(ledger, (tael_query){.group = TAEL_BY_SUBCATEGORY, .category_name = name_of}).keys,
                        "201=900 coffee=3000 餐饮美食=400 ");
    const struct {
        tael_filter filter;
        int64_t minor;
    } cases[] = {
        {{.category_from = 100, .category_to = 199}, 3000},
        {{.category_from = 104, .category_to = 104}, 3000},
        {{.category_from = 105, .category_to = 105}, 0},
        {{.category_from = 100, .category_to = 199, .category = "餐饮"}, 3400}, /* 丙 by the bill's word */
        {{.category_from = 200, .category_to = 299, .category = "餐饮"},
         1300}, /* 甲 has a number: its word isn't asked */
        {{.category = "餐饮"}, 3400},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(sum(ledger, (tael_query){.filter = cases[i].filter}).minor, cases[i].minor);
    tael_ledger_close(ledger);
}

static int to_303(const tael_record *r, int32_t *id, bool *by_owner, void *user)
{
    (void)by_owner;
    (void)r;
    *id = 303;
    return --*(int *)user < 0;
}

static void later_is_all_or_nothing(void **state)
{
    (void)state;
    tael_ledger *ledger = filled();
    uint64_t changed;
    int left = 0;
    int32_t seen[8] = {0};
    assert_status(tael_ledger_categorize(ledger, true, to_303, &left, &changed), TAEL_CANCELLED);
    left = 10;
    assert_ok(tael_ledger_categorize(ledger, true, to_303, &left, &changed));
    assert_int_equal(changed, 1);
    assert_ok(tael_ledger_categorize(ledger, true, to_303, &left, &changed));
    assert_int_equal(changed, 0);
    assert_int_equal(left, 9); /* asked of the one row only */
    left = 1;
    assert_status(tael_ledger_categorize(ledger, false, to_303, &left, &changed), TAEL_CANCELLED);
    assert_ok(tael_ledger_records(ledger, NULL, 0, keep_by, seen, NULL));
    assert_int_equal(seen[1], 1041);
    assert_int_equal(seen[3], 3031);
    tael_ledger_close(ledger);
}

static int count_corrections(const tael_correction *c, void *user)
{
    (void)c;
    ++*(int *)user;
    return 0;
}

static int corrections_of(tael_ledger *ledger)
{
    int count = 0;
    assert_ok(tael_ledger_corrections(ledger, count_corrections, &count));
    return count;
}

static void a_correction_is_replaced_forgotten_and_erased_with_its_merchant(void **state)
{
    (void)state;
    tael_ledger *ledger = filled();
    int64_t id;
    tael_correction c = {.record = 1,
                         .direction = TAEL_EXPENSE,
                         .merchant = "甲",
                         .item = "拿铁",
                         .category = "",
                         .type = "",
                         .category_id = 501};
    assert_ok(tael_ledger_correct(ledger, &c, NULL));
    c.category_id = 502;
    assert_ok(tael_ledger_correct(ledger, &c, &id));
    assert_int_equal(corrections_of(ledger), 1);
    c.only = true;
    assert_ok(tael_ledger_correct(ledger, &c, NULL));
    c.merchant = "丙";
    c.record = 3;
    assert_ok(tael_ledger_correct(ledger, &c, NULL));
    assert_int_equal(corrections_of(ledger), 3);
    assert_ok(tael_ledger_forget_correction(ledger, id));
    assert_status(tael_ledger_forget_correction(ledger, id), TAEL_NOT_FOUND);
    uint64_t erased;
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-10-06", &erased)); /* all of 甲 */
    assert_int_equal(erased, 1);
    assert_int_equal(corrections_of(ledger), 1);
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased));
    assert_int_equal(corrections_of(ledger), 0);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_import_stores_what_its_caller_says),
        cmocka_unit_test(sums_and_filters_take_numbers_and_else_the_bills_word),
        cmocka_unit_test(later_is_all_or_nothing),
        cmocka_unit_test(a_correction_is_replaced_forgotten_and_erased_with_its_merchant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
