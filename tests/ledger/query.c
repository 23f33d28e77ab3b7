// SPDX-License-Identifier: Apache-2.0
// Filters, groups and measures on a small bill whose answers are written beside each question.
#include "bills.h"

#define ROW(time, cat, shop, item, amount, method, n) \
    time "," cat "," shop ",/," item ",支出," amount "," method ",交易成功,20261001220000000000000000" n "\t,,,\r\n"

static tael_ledger *coffee_ledger(void)
{
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger,
             ALIPAY_HEADER ROW("2026-10-05 08:30:00", "餐饮美食", "星巴克", "拿铁", "30.00", "花呗", "01") /* Monday */
             ROW("2026-10-06 23:59:59", "餐饮美食", "Luckin Coffee", "生椰", "9.91", "余额宝", "02")       /* Tuesday */
             ROW("2026-10-07 00:00:00", "餐饮美食", "ＬＵＣＫＩＮ", "美式", "9.92", "余额宝",
                 "03") /* Wednesday, full-width */
             ROW("2026-11-01 12:00:00", "交通出行", "100%_快车", "订单", "0.50", "花呗&红包", "04") /* Sunday */
             ROW("2025-12-31 04:00:00", "交通出行", "地铁", "乘车", "4.00", "余额", "05"),          /* Wednesday */
             NULL);
    return ledger;
}

static void filters_select_what_they_say(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    static const char *const luckin[] = {"luckin", ""}, *const coffee[] = {"星巴克", "LUCKIN"},
                             *const none[] = {"", ""};
    const tael_term_group both[] = {{coffee, 2}, {(const char *const[]){"美式", "生椰"}, 2}};
    const struct {
        tael_filter filter;
        int64_t minor;
    } cases[] = {
        {{0}, 5433},
        {{.from = "2026-10-06", .to = "2026-10-06"}, 991}, /* up to the last second of the day, in China's time */
        {{.from = "2026-10-07"}, 1042},
        {{.to = "2025-12-31"}, 400},
        {{.merchant = "luckin"}, 1983},
        {{.merchant = "%"}, 50}, /* no wildcard */
        {{.merchant = "_"}, 50},
        {{.merchant = "'; DROP TABLE records; --"}, 0},
        {{.category = "餐饮"}, 4983},
        {{.method = "花呗"}, 3050},
        {{.source = "alipay"}, 5433},
        {{.source = "wechat"}, 0},
        {{.text = "拿铁"}, 3000},
        {{.any_terms = luckin, .any_count = 2}, 1983},
        {{.any_terms = none, .any_count = 2}, 5433},
        {{.any_terms = coffee, .any_count = 2, .no_terms = luckin, .no_count = 2}, 3000},
        {{.all_of = both, .all_count = 2}, 1983},
        {{.min_minor = 992}, 3992},
        {{.max_minor = 50}, 50},
        {{.weekdays = 1u << 2}, 1392}, /* Wednesdays */
        {{.weekdays = 1u << 6}, 50},
        {{.hour_from = 22, .hour_to = 5}, 2383}, /* over midnight */
        {{.hour_from = 22, .hour_to = 24}, 991},
        {{.hour_from = 8, .hour_to = 9}, 3000},
        {{.refunded_only = true}, 0},
        {{.direction = TAEL_INCOME}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t got = query(ledger, (tael_query){.filter = cases[i].filter}).minor;
        if (got != cases[i].minor) fail_msg("filter %zu: %lld, not %lld", i, (long long)got, (long long)cases[i].minor);
    }
    tael_ledger_close(ledger);
}

static void groups_have_their_keys_in_order(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    const struct {
        tael_group group;
        tael_order order;
        const char *keys;
    } cases[] = {
        {TAEL_BY_NONE, TAEL_ORDER_KEY, "=5433 "},
        {TAEL_BY_DAY, TAEL_ORDER_KEY, "2025-12-31=400 2026-10-05=3000 2026-10-06=991 2026-10-07=992 2026-11-01=50 "},
        {TAEL_BY_MONTH, TAEL_ORDER_KEY, "2025-12=400 2026-10=4983 2026-11=50 "},
        {TAEL_BY_YEAR, TAEL_ORDER_VALUE_DOWN, "2026=5033 2025=400 "},
        {TAEL_BY_WEEKDAY, TAEL_ORDER_KEY, "1=3000 2=991 3=1392 7=50 "},
        {TAEL_BY_HOUR, TAEL_ORDER_KEY, "0=992 4=400 8=3000 12=50 23=991 "},
        {TAEL_BY_CATEGORY, TAEL_ORDER_VALUE_UP, "交通出行=450 餐饮美食=4983 "},
        {TAEL_BY_METHOD, TAEL_ORDER_VALUE_DOWN, "花呗=3000 余额宝=1983 余额=400 花呗&红包=50 "},
        {TAEL_BY_SOURCE, TAEL_ORDER_KEY, "alipay=5433 "},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(query(ledger, (tael_query){.group = cases[i].group, .order = cases[i].order}).keys,
                            cases[i].keys);
    assert_string_equal(
        query(ledger, (tael_query){.group = TAEL_BY_MERCHANT, .order = TAEL_ORDER_VALUE_DOWN, .limit = 1}).keys,
        "星巴克=3000 ");
    tael_ledger_close(ledger);
}

static void measures_are_exact(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    const struct {
        tael_measure measure;
        int64_t value;
    } cases[] = {{TAEL_SUM, 5433}, {TAEL_COUNT, 5}, {TAEL_AVERAGE, 1087 /* 1086.6 */},
                 {TAEL_MAX, 3000}, {TAEL_MIN, 50},  {TAEL_FIRST, 400},
                 {TAEL_LAST, 50}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(query(ledger, (tael_query){.measure = cases[i].measure}).value, cases[i].value);
    /* 9.91 + 9.92 over two is 9.915: half goes away from zero. */
    assert_int_equal(query(ledger, (tael_query){.measure = TAEL_AVERAGE, .filter = {.merchant = "luckin"}}).value, 992);
    sums empty = query(ledger, (tael_query){.measure = TAEL_AVERAGE, .filter = {.merchant = "nobody"}});
    assert_int_equal(empty.groups, 1);
    assert_int_equal(empty.value, 0);
    assert_int_equal(empty.records, 0);
    assert_int_equal(query(ledger, (tael_query){.group = TAEL_BY_MONTH, .filter = {.merchant = "nobody"}}).groups, 0);
    tael_ledger_close(ledger);
}

static int newest_first(const tael_record *record, void *user)
{
    int64_t *last = user;
    assert_true(record->time_ms <= *last);
    *last = record->time_ms;
    return 0;
}

static void records_come_newest_first_with_their_total(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    int64_t last = INT64_MAX;
    uint64_t all;
    tael_ledger_summary summary;
    assert_ok(tael_ledger_records(ledger, NULL, 2, newest_first, &last, &all));
    assert_int_equal(all, 5);
    assert_ok(tael_ledger_summarize(ledger, &summary));
    assert_string_equal(summary.first_day, "2025-12-31");
    assert_string_equal(summary.last_day, "2026-11-01");
    assert_string_equal(summary.currency, "CNY");
    tael_ledger_close(ledger);
}

static void misuse_and_bad_days_are_told(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    tael_query q = {0};
    sums s;
    tael_filter f = {.size = sizeof f, .from = "2026-02-30"};
    assert_status(tael_ledger_query(ledger, &q, add_sums, &s), TAEL_MISUSE);
    assert_status(tael_ledger_records(ledger, &f, 0, newest_first, NULL, NULL), TAEL_BAD_INPUT);
    f = (tael_filter){.size = sizeof f, .hour_from = 3, .hour_to = 99};
    assert_status(tael_ledger_records(ledger, &f, 0, newest_first, NULL, NULL), TAEL_BAD_INPUT);
    tael_ledger_close(ledger);
}

static void a_query_without_memory_fails_with_a_sentence(void **state)
{
    (void)state;
    tael_ledger *ledger = coffee_ledger();
    static const char *const terms[] = {"星巴克", "快车"};
    tael_query q = {.size = sizeof q, .filter = {.any_terms = terms, .any_count = 2}, .group = TAEL_BY_MERCHANT};
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        sums s = {0};
        tael__alloc_break(n, true);
        status = tael_ledger_query(ledger, &q, add_sums, &s);
        tael__alloc_break(0, false);
        if (status != TAEL_OK)
            assert_int_equal(status, TAEL_NO_MEMORY);
        else
            assert_int_equal(s.minor, 3050);
        assert_true(n < 1000);
    }
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_select_what_they_say), cmocka_unit_test(groups_have_their_keys_in_order),
        cmocka_unit_test(measures_are_exact),           cmocka_unit_test(records_come_newest_first_with_their_total),
        cmocka_unit_test(misuse_and_bad_days_are_told), cmocka_unit_test(a_query_without_memory_fails_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
