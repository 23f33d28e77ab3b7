// SPDX-License-Identifier: Apache-2.0
// A store of each earlier version opens, and then holds what a new one would: a step that forgets the rows which are
// there (their brands, labels or sums) shows here.
#include "bills.h"

/* All that a row had in version 1. */
#define OLD_ROW(id, day, kind, minor, merchant, external)                                                              \
    "INSERT INTO records(id,time_ms,offset_minutes,day,direction,kind,counted,minor,currency,source,merchant,item,"    \
    "category,type,method,status,external_id,merchant_order,account,note,key) VALUES(" id "," day "*86400000,480," day \
    "," kind "*2+1," kind ",1," minor ",'CNY','alipay','" merchant "','x','餐饮','','余额','',"                    \
    "'" external "','','','',randomblob(16));"

static tael_ledger *old_ledger(int64_t version)
{
    tael_ledger *ledger = tael__alloc_zero(sizeof *ledger);
    assert_non_null(ledger);
    snprintf(ledger->path, sizeof ledger->path, ":memory:");
    assert_int_equal(sqlite3_open(":memory:", &ledger->db), SQLITE_OK);
    assert_ok(tael__ledger_functions(ledger));
    assert_ok(tael__ledger_make_old(ledger, version));
    return ledger;
}

static int64_t number(tael_ledger *ledger, const char *sql)
{
    int64_t n;
    assert_ok(tael__sql_number(ledger, &n, sql, "test"));
    return n;
}

static void stores_of_every_version_open(void **state)
{
    (void)state;
    tael_ledger *newest = memory_ledger();
    int64_t versions = number(newest, "PRAGMA user_version");
    assert_true(versions > 4);
    for (int64_t version = 1; version < versions; version++) {
        tael_ledger *ledger = old_ledger(version);
        assert_int_equal(number(ledger, "PRAGMA user_version"), version);
        assert_ok(
            tael__sql_exec(ledger,
                           OLD_ROW("5", "20000", "0", "1000", "星巴克咖啡(国贸店)", "2024100422000000000000000001")
                               OLD_ROW("9", "20003", "1", "400", "星巴克咖啡(国贸店)", "2024100422000000000000000001_1")
                                   OLD_ROW("10", "20040", "0", "250", "地铁", "2024110922000000000000000002"),
                           "test"));
        assert_ok(tael__ledger_migrate(ledger));
        assert_int_equal(number(ledger, "PRAGMA user_version"), versions);
        for (int kept = 0; kept < 2; kept++) {
            sums s = query(ledger, (tael_query){.group = TAEL_BY_MONTH, .no_records = kept});
            assert_string_equal(s.keys, "2024-10=600 2024-11=250 ");
        }
        sums shops = query(ledger, (tael_query){.filter = {.merchant = "星巴克"}, .no_records = true});
        assert_int_equal(shops.minor, 600);
        assert_int_equal(number(ledger, "SELECT count(*) FROM records WHERE label=0 OR brand=''"), version < 3 ? 0 : 3);
        assert_int_equal(number(ledger, "SELECT count(*) FROM records WHERE refund_of=5 AND id=9 AND counted=0"), 1);
        put_bill(ledger,
                 ALIPAY_HEADER
                 "2026-10-01 08:00:00,餐饮美食,店,/,面,支出,1.00,余额,交易成功,2026100122000000000000000000"
                 "\t,,,\r\n",
                 NULL);
        assert_int_equal(number(ledger, "SELECT max(id) FROM records"), 11);
        assert_int_equal(total(ledger, TAEL_EXPENSE), 950);
        tael_ledger_close(ledger);
    }
    tael_ledger_close(newest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stores_of_every_version_open)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
