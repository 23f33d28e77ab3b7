// SPDX-License-Identifier: Apache-2.0
// Bills into the ledger: every known layout with its totals computed by hand, and what bad rows do. A wrong
// implementation loses rows, counts a header or a footer, or reads an amount through a float.
#include "bills.h"

static tael_import_report import_file(tael_ledger *ledger, const char *path)
{
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, path, NULL, &report));
    return report;
}

static void check_file(const char *path, const char *format, uint64_t rows, uint64_t imported, int64_t spent,
                       int64_t income)
{
    tael_ledger *ledger = memory_ledger();
    tael_import_report report = import_file(ledger, path);
    assert_string_equal(report.format, format);
    assert_int_equal(report.rows, rows);
    assert_int_equal(report.imported, imported);
    assert_int_equal(report.skipped_count, 0);
    assert_int_equal(total(ledger, TAEL_EXPENSE), spent);
    assert_int_equal(total(ledger, TAEL_INCOME), income);
    tael_import_report_free(&report);
    report = import_file(ledger, path); /* again: nothing new */
    assert_int_equal(report.imported, 0);
    assert_int_equal(report.duplicates, rows);
    assert_int_equal(total(ledger, TAEL_EXPENSE), spent);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void every_known_layout_has_its_totals(void **state)
{
    (void)state;
    /* 27.00 + 27.00 + (3000.00 - 2725.42) + (83.00 - 83.00); 0.01 */
    check_file("ledger/data/alipay-web-2019.csv", "alipay", 7, 7, 32858, 1);
    /* 6.51 + 87.90 + 79.00 + 31.00 + 7.50, dettol given back (its refund stands there twice); 10.00 + 42.00 */
    check_file("ledger/data/alipay-app-2021.csv", "alipay", 16, 15, 21191, 5200);
    /* 49.74 + 20.00 + 9.90 + 82.00 + (50.00 - 50.00) - 16.03, a refund without its purchase; 222,228.50 */
    check_file("ledger/data/alipay-app-2023.csv", "alipay", 10, 10, 14561, 22222850);
    check_file("ledger/data/wechat-2019.csv", "wechat", 2, 2, 2816, 35);
    /* 28.16+12+500+2243.46+12+12+36.99+9.90+50+0.01+0.01; 0.35+23+0.07+0.07+5 */
    check_file("ledger/data/wechat-csv-header17.csv", "wechat", 27, 27, 290453, 2849);
}

static void an_unknown_bill_is_named_with_what_is_read(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    static const char unknown[] = "姓名,班级,成绩\n张三,一班,98\n李四,二班,95\n";
    assert_status(tael__ledger_import_bytes(ledger, "x", unknown, sizeof unknown - 1, NULL, &report), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "Alipay"));
    assert_non_null(strstr(tael_error(), "WeChat"));
    tael_import_report_free(&report);
    assert_status(tael__ledger_import_bytes(ledger, "zip", "PK\3\4....", 8, NULL, &report), TAEL_CORRUPT);
    assert_non_null(strstr(tael_error(), "fetch it again"));
    tael_import_report_free(&report);
    assert_status(tael__ledger_import_bytes(ledger, "empty", "", 0, NULL, &report), TAEL_UNSUPPORTED);
    tael_import_report_free(&report);
    tael_import_options options = {.size = sizeof options, .format = "nobank"};
    assert_status(tael__ledger_import_bytes(ledger, "x", "", 0, &options, &report), TAEL_UNSUPPORTED);
    tael_import_report_free(&report);
    assert_status(tael_ledger_import(ledger, "ledger/data/nothing.csv", NULL, &report), TAEL_NOT_FOUND);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

#define ROW(time, amount, id) time ",餐饮美食,小店,/,面,支出," amount ",余额,交易成功," id "\t,,,\r\n"

static void amounts_are_exact_or_the_row_is_skipped(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t minor; /* -1: skipped */
    } cases[] = {{"0.01", 1},
                 {"19.99", 1999},
                 {"1,234.56", -1},
                 {"\"1,234.56\"", 123456},
                 {"\"12,34.56\"", -1},
                 {"¥28.16", 2816},
                 {"￥28.16", 2816},
                 {"¥ 5", 500},
                 {"50.0", 5000},
                 {"1.005", -1},
                 {"1.500", 150},
                 {"", -1},
                 {"-3.00", -1},
                 {"1e3", -1},
                 {"12.", -1},
                 {".5", -1},
                 {"283.71", 28371},
                 {"99999999999999999999", -1},
                 {"9223372036854775807", -1},
                 {"0x10", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        snprintf(text, sizeof text, ALIPAY_HEADER ROW("2026-10-01 08:00:00", "%s", "2026100122001234567890123456"),
                 cases[i].text);
        put_bill(ledger, text, &report);
        if (cases[i].minor < 0 ? report.skipped_count != 1 : total(ledger, TAEL_EXPENSE) != cases[i].minor)
            fail_msg("%s", cases[i].text);
        assert_int_equal(report.rows, report.imported + report.skipped_count);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

/* Line numbers: the header is line 1. */
static void a_bad_row_is_reported_with_its_line_and_the_others_stay(void **state)
{
    (void)state;
    static const char good[] = ROW("2026-10-01 08:00:00", "1.00", "2026100122000000000000000001");
    static const struct {
        const char *row;
        size_t bytes;
    } bad[] = {
#define BAD(text) {text, sizeof text - 1}
        BAD("2026-10-01 08:00:00,餐饮,小\0店,/,面,支出,1.00,余额,交易成功,2026100122000000000000000009\t,,,\r\n"),
        BAD("2026-10-01 08:00:00,餐饮,\xFF\xFF,/,面,支出,1.00,余额,交易成功,2026100122000000000000000009\t,,,\r\n"),
        BAD("2026-13-01 08:00:00,餐饮,小店,/,面,支出,1.00,余额,交易成功,2026100122000000000000000009\t,,,\r\n"),
        BAD("2026-10-01 08:00:00,餐饮,小店,/,面,别的,1.00,余额,交易成功,2026100122000000000000000009\t,,,\r\n"),
        BAD("2026-10-01 08:00:00,餐饮,小店\r\n"),
        BAD("2026-10-01 08:00:00,餐饮,\"小店,/,面,支出,1.00\r\n"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        tael__buffer b = {.max = 65536};
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        tael__buffer_text(&b, ALIPAY_HEADER);
        tael__buffer_text(&b, good);
        tael__buffer_append(&b, bad[i].row, bad[i].bytes);
        tael__buffer_text(&b, ROW("2026-10-02 08:00:00", "2.00", "2026100222000000000000000002"));
        assert_ok(tael__ledger_import_bytes(ledger, "test", b.data, b.size, NULL, &report));
        assert_int_equal(report.imported, 2);
        assert_int_equal(report.skipped_count, 1);
        assert_int_equal(report.skipped[0].line, 3);
        assert_true(report.skipped[0].reason[0] != '\0');
        assert_int_equal(total(ledger, TAEL_EXPENSE), 300);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
        tael__buffer_free(&b);
    }
}

/* A file cut at any byte never gains or changes money: what is imported is a prefix of its rows. */
static void a_cut_file_gives_whole_rows_only(void **state)
{
    (void)state;
    static const char text[] = ALIPAY_HEADER ROW("2026-10-01 08:00:00", "100.00", "2026100122000000000000000001")
        ROW("2026-10-02 08:00:00", "20.00", "2026100222000000000000000002");
    for (size_t n = sizeof ALIPAY_HEADER - 1; n < sizeof text; n++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_ok(tael__ledger_import_bytes(ledger, "cut", text, n, NULL, &report));
        int64_t spent = total(ledger, TAEL_EXPENSE);
        assert_true(spent == 0 || spent == 10000 || spent == 12000);
        assert_int_equal(report.rows, report.imported + report.skipped_count);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

static void rows_of_two_encodings_are_both_read(void **state)
{
    (void)state;
    size_t bytes;
    char *gb = fixture("ledger/data/alipay-app-2023.csv", &bytes); /* GB18030 */
    tael__buffer b = {.max = 1 << 20};
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    tael__buffer_append(&b, gb, bytes);
    tael__buffer_text(&b, ROW("2026-10-01 08:00:00", "1.00", "2026100122000000000000000001")); /* UTF-8 */
    assert_ok(tael__ledger_import_bytes(ledger, "mixed", b.data, b.size, NULL, &report));
    assert_int_equal(report.imported, 11);
    assert_int_equal(query(ledger, (tael_query){.filter = {.merchant = "小店"}}).minor, 100);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__buffer_free(&b);
    tael__free(gb);
}

static void odd_quoting_is_read_as_it_was_meant(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(
        ledger,
        "\xEF\xBB\xBF" WECHAT_HEADER "2026-10-01 "
        "08:00:00,\"商户消费\",\"一店\"\t,\"打开拼多多，点击底部\"多多视频\"\",支出,¥1.00,"
        "\"零钱\"\t,支付成功,\"4200002600000000000001\"\t,\"/\",\"/\"\n"
        "2026-10-02 08:00:00,商户消费,二店,点\"这里\",支出,￥2.00,零钱,支付成功,4200002600000000000002\t,/,/\r\n"
        "2026-10-03 08:00:00,商户消费,三店,\"a,\"\"b\"\"\nc\",支出,¥3.00,零钱,支付成功,4200002600000000000003\t,/,/",
        NULL);
    assert_int_equal(row_count(ledger), 3);
    assert_int_equal(query(ledger, (tael_query){.filter = {.text = "多多视频\""}}).minor, 100);
    assert_int_equal(query(ledger, (tael_query){.filter = {.text = "点\"这里\""}}).minor, 200);
    assert_int_equal(query(ledger, (tael_query){.filter = {.text = "a,\"b\" c"}}).minor, 300);
    tael_ledger_close(ledger);
}

static void an_open_quote_does_not_swallow_the_rows_after_it(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger,
             WECHAT_HEADER
             "2026-10-01 08:00:00,商户消费,一店,\"没有关上,支出,¥1.00,零钱,支付成功,4200002600000000000001\t,/,/\n"
             "2026-10-02 08:00:00,商户消费,二店,\"二\",支出,¥2.00,零钱,支付成功,4200002600000000000002\t,/,/\n"
             "2026-10-03 08:00:00,商户消费,三店,三,支出,¥3.00,零钱,支付成功,4200002600000000000003\t,/,/\n",
             &report);
    assert_int_equal(report.imported, 3);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 600);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void equal_rows_without_ids_are_two_and_stay_two(void **state)
{
    (void)state;
    static const char text[] =
        ALIPAY_HEADER ROW("2026-10-01 08:00:00", "5.00", "") ROW("2026-10-01 08:00:00", "5.00", "");
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, text, NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 1000);
    put_bill(ledger, text, NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 1000);
    tael_ledger_close(ledger);
}

static void a_dry_run_reports_and_keeps_nothing(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    tael_import_options options = {.size = sizeof options, .dry_run = true};
    assert_ok(tael_ledger_import(ledger, "ledger/data/wechat-2019.csv", &options, &report));
    assert_int_equal(report.imported, 2);
    assert_int_equal(row_count(ledger), 0);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static int stop(uint64_t done, uint64_t all, void *user)
{
    (void)done;
    (void)all;
    (void)user;
    return 1;
}

static void a_cancelled_import_keeps_nothing(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    tael_import_options options = {.size = sizeof options, .progress = stop};
    assert_status(tael_ledger_import(ledger, "ledger/data/wechat-2019.csv", &options, &report), TAEL_CANCELLED);
    assert_int_equal(row_count(ledger), 0);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

/* Every allocation fails once, and then from there on: a status, a sentence, no row, no leak (ASan tells). */
static void running_out_of_memory_leaves_the_ledger_as_it_was(void **state)
{
    (void)state;
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        for (uint64_t n = 1;; n++) {
            tael_ledger *ledger = memory_ledger();
            tael_import_report report;
            tael__alloc_break(n, from_then_on);
            tael_status status = tael_ledger_import(ledger, "ledger/data/alipay-app-2023.csv", NULL, &report);
            tael__alloc_break(0, false);
            tael_import_report_free(&report);
            if (status != TAEL_OK) {
                assert_int_equal(status, TAEL_NO_MEMORY);
                assert_int_equal(row_count(ledger), 0);
            }
            tael_ledger_close(ledger);
            if (status == TAEL_OK) {
                assert_true(n > 5);
                break;
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_known_layout_has_its_totals),
        cmocka_unit_test(an_unknown_bill_is_named_with_what_is_read),
        cmocka_unit_test(amounts_are_exact_or_the_row_is_skipped),
        cmocka_unit_test(a_bad_row_is_reported_with_its_line_and_the_others_stay),
        cmocka_unit_test(a_cut_file_gives_whole_rows_only),
        cmocka_unit_test(rows_of_two_encodings_are_both_read),
        cmocka_unit_test(odd_quoting_is_read_as_it_was_meant),
        cmocka_unit_test(an_open_quote_does_not_swallow_the_rows_after_it),
        cmocka_unit_test(equal_rows_without_ids_are_two_and_stay_two),
        cmocka_unit_test(a_dry_run_reports_and_keeps_nothing),
        cmocka_unit_test(a_cancelled_import_keeps_nothing),
        cmocka_unit_test(running_out_of_memory_leaves_the_ledger_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
