// SPDX-License-Identifier: Apache-2.0
// A large bill into an empty ledger makes the indexes at its end. However that ends, the store has all of them, whole,
// and the same rows as when the bill came in parts.
#include "bills.h"

enum { ROWS = 36000 };

static void add_rows(tael__buffer *b, int from, int to)
{
    tael__buffer_text(b, ALIPAY_HEADER);
    for (int i = from; i < to; i++) {
        tael__buffer_format(b,
                            "2026-%02d-%02d %02d:00:00,餐饮美食,店%d,a@b.c,面%d,支出,%d.%02d,余额宝,交易成功,"
                            "2026100122%018d\t,M%d\t,,\r\n",
                            1 + i % 12, 1 + i % 28, i % 24, i % 90, i, 1 + i % 70, i % 100, i, i);
        if (i % 50 == 0)
            tael__buffer_format(b,
                                "2026-12-%02d 10:00:00,退款,店%d,/,退款-面,不计收支,1.00,余额宝,退款成功,"
                                "2026100122%018d_1\t,M%d\t,,\r\n",
                                1 + i % 28, i % 90, i, i);
        if (i % 1000 == 0) /* twice in one file */
            tael__buffer_format(b,
                                "2026-%02d-%02d %02d:00:00,餐饮美食,店%d,a@b.c,面%d,支出,%d.%02d,余额宝,交易成功,"
                                "2026100122%018d\t,M%d\t,,\r\n",
                                1 + i % 12, 1 + i % 28, i % 24, i % 90, i, 1 + i % 70, i % 100, i, i);
    }
    assert_ok(b->failed);
}

static char *text_of(tael_ledger *ledger, const char *sql)
{
    sqlite3_stmt *s;
    bool row;
    tael__buffer b = {.max = 1 << 24};
    assert_ok(tael__sql_prepare(ledger, &s, sql, "test"));
    while (tael__sql_step(ledger, s, &row, "test") == TAEL_OK && row) {
        for (int i = 0; i < sqlite3_column_count(s); i++) tael__buffer_format(&b, "%s|", tael__sql_text(s, i));
        tael__buffer_text(&b, "\n");
    }
    sqlite3_finalize(s);
    assert_non_null(b.data);
    return tael__buffer_take(&b);
}

static void assert_same(tael_ledger *a, tael_ledger *b, const char *sql)
{
    char *x = text_of(a, sql), *y = text_of(b, sql);
    assert_string_equal(x, y);
    tael__free(x);
    tael__free(y);
}

static void check_store(tael_ledger *ledger, tael_ledger *fresh)
{
    assert_same(ledger, fresh, "SELECT name,sql FROM sqlite_master ORDER BY name");
    char *whole = text_of(ledger, "PRAGMA integrity_check");
    assert_string_equal(whole, "ok|\n");
    tael__free(whole);
}

static int stop_half_way(uint64_t done, uint64_t all, void *user)
{
    (void)user;
    return done > all / 2;
}

static void every_end_has_all_indexes(void **state)
{
    (void)state;
    tael_ledger *fresh = memory_ledger(), *at_once = memory_ledger(), *parts = memory_ledger();
    tael__buffer b = {.max = 1 << 24};
    tael_import_report report;
    tael_import_options options = {.size = sizeof options, .progress = stop_half_way};
    add_rows(&b, 0, ROWS);
    assert_true(b.size > (size_t)4 << 20); /* LARGE_BILL of import.c */
    assert_status(tael__ledger_import_bytes(at_once, "test", b.data, b.size, &options, &report), TAEL_CANCELLED);
    tael_import_report_free(&report);
    check_store(at_once, fresh);
    options = (tael_import_options){.size = sizeof options, .dry_run = true};
    assert_ok(tael__ledger_import_bytes(at_once, "test", b.data, b.size, &options, &report));
    tael_import_report_free(&report);
    check_store(at_once, fresh);
    assert_int_equal(row_count(at_once), 0);
    assert_ok(tael__ledger_import_bytes(at_once, "test", b.data, b.size, NULL, &report));
    assert_int_equal(report.imported, ROWS + ROWS / 50);
    assert_int_equal(report.duplicates, ROWS / 1000);
    tael_import_report_free(&report);
    check_store(at_once, fresh);
    for (int i = 0; i < 4; i++) {
        tael__buffer_clear(&b);
        add_rows(&b, i * ROWS / 4, (i + 1) * ROWS / 4);
        put_bill(parts, b.data, NULL);
    }
    assert_same(at_once, parts,
                "SELECT r.id,hex(r.key),r.time_ms,r.minor,r.refunded_minor,r.counted,r.refund_of,r.brand,l.merchant"
                " FROM records r JOIN labels l ON l.id=r.label ORDER BY r.id");
    assert_same(at_once, parts,
                "SELECT month,class,sum(rows),sum(gross),sum(net),sum(gross_rows),sum(net_rows) FROM totals"
                " GROUP BY 1,2 ORDER BY 1,2");
    assert_same(at_once, parts, "SELECT * FROM amounts WHERE rows<>0 ORDER BY 1,2,3");
    tael__buffer_free(&b);
    tael_ledger_close(fresh);
    tael_ledger_close(at_once);
    tael_ledger_close(parts);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_end_has_all_indexes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
