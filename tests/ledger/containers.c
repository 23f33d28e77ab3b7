// SPDX-License-Identifier: Apache-2.0
// Bills in zips, as Alipay and WeChat mail them. A wrong implementation reads a protected zip only when it's ZipCrypto,
// takes a wrong password for damage, loses a bill beside one that fails, follows a bomb, or believes a cut file.
#include "zips.h"

static const char bill_a[] = ALIPAY_HEADER
    "2026-10-01 08:00:00,餐饮美食,小店,/,面,支出,1.00,余额,交易成功,2026100122000000000000000001\t,,,\r\n";
static const char bill_b[] =
    WECHAT_HEADER "2026-10-02 08:00:00,商户消费,二店,茶,支出,¥2.00,零钱,支付成功,4200002600000000000002,/,/\r\n";

#define PASSWORD "271828"

static tael_status import(tael_ledger *ledger, const char *data, size_t bytes, const char *password,
                          tael_import_report *report)
{
    tael_import_options options = {.size = sizeof options, .password = password};
    return tael__ledger_import_bytes(ledger, "a.zip", data, bytes, &options, report);
}

static void each_bill_in_a_zip_has_its_own_report(void **state)
{
    (void)state;
    static const char apple[] = "\0\5\26\7", readme[] = "read me", broken[] = "a,b\n1,2\n";
    const member members[] = {
        {"2026/", NULL, 0, ZIP_EM_NONE},
        TEXT_MEMBER("2026/alipay.CSV", bill_a),
        TEXT_MEMBER("__MACOSX/2026/._alipay.CSV", apple),
        TEXT_MEMBER("2026/._alipay.csv", apple),
        TEXT_MEMBER("readme.md", readme),
        TEXT_MEMBER("notes.csv", broken),
        TEXT_MEMBER("wechat.txt", bill_b),
    };
    size_t bytes;
    char *zip = make_zip(&bytes, members, sizeof members / sizeof *members, NULL);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_status(import(ledger, zip, bytes, PASSWORD, &report), TAEL_UNSUPPORTED); /* notes.csv is no bill */
    assert_non_null(strstr(tael_error(), "a.zip/notes.csv"));
    assert_int_equal(report.bill_count, 3);
    assert_string_equal(report.bills[0].name, "2026/alipay.CSV");
    assert_int_equal(report.bills[0].status, TAEL_OK);
    assert_string_equal(report.bills[0].error, "");
    assert_string_equal(report.bills[0].report.format, "alipay");
    assert_int_equal(report.bills[1].status, TAEL_UNSUPPORTED);
    assert_string_equal(report.bills[1].error, tael_error());
    assert_string_equal(report.bills[2].report.format, "wechat");
    assert_int_equal(report.bills[2].report.imported, 1);
    assert_int_equal(report.rows, 2);
    assert_int_equal(report.imported, 2);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 300);
    tael_import_report_free(&report);
    assert_status(import(ledger, zip, bytes, NULL, &report), TAEL_UNSUPPORTED);
    assert_int_equal(report.imported, 0);
    assert_int_equal(report.duplicates, 2);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
}

static void every_protection_opens_with_its_password_alone(void **state)
{
    (void)state;
    static const zip_uint16_t kinds[] = {ZIP_EM_TRAD_PKWARE, ZIP_EM_AES_128, ZIP_EM_AES_192, ZIP_EM_AES_256};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const member members[] = {{"bill.csv", bill_a, sizeof bill_a - 1, kinds[i]}};
        size_t bytes;
        char *zip = make_zip(&bytes, members, 1, PASSWORD);
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        for (int empty = 0; empty < 2; empty++) {
            assert_status(import(ledger, zip, bytes, empty ? "" : NULL, &report), TAEL_BAD_KEY);
            assert_non_null(strstr(tael_error(), "--password"));
            assert_int_equal(report.bill_count, 0);
            tael_import_report_free(&report);
        }
        assert_status(import(ledger, zip, bytes, "271829", &report), TAEL_BAD_KEY);
        assert_non_null(strstr(tael_error(), "doesn't open it"));
        assert_null(strstr(tael_error(), "271829")); /* what the owner typed isn't said */
        tael_import_report_free(&report);
        assert_int_equal(row_count(ledger), 0);
        assert_ok(import(ledger, zip, bytes, PASSWORD, &report));
        assert_int_equal(report.imported, 1);
        tael_import_report_free(&report);
        assert_int_equal(total(ledger, TAEL_EXPENSE), 100);
        tael_ledger_close(ledger);
        tael__free(zip);
    }
}

/* The name of Alipay's file in GB18030, as its servers and Windows write it, without the flag for UTF-8. */
static void names_are_shown_in_utf8_whatever_they_were(void **state)
{
    (void)state;
    static const char gb[] = "\xD6\xA7\xB8\xB6\xB1\xA6.csv", odd[] = "\xFF\xFF.csv";
    const member members[] = {TEXT_MEMBER("aaaaaa.csv", bill_a), TEXT_MEMBER("bb.csv", bill_b)};
    size_t bytes;
    char *zip = make_zip(&bytes, members, 2, NULL);
    for (size_t i = 0; i + 10 <= bytes; i++) { /* libzip writes only names that are UTF-8: put in what isn't */
        if (memcmp(zip + i, "aaaaaa.csv", 10) == 0) memcpy(zip + i, gb, 10);
        if (memcmp(zip + i, "bb.csv", 6) == 0) memcpy(zip + i, odd, 6);
    }
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(import(ledger, zip, bytes, NULL, &report));
    assert_int_equal(report.bill_count, 2);
    assert_string_equal(report.bills[0].name, "支付宝.csv");
    assert_non_null(strstr(report.bills[1].name, "can't be read"));
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
}

static void a_zip_without_bills_says_so(void **state)
{
    (void)state;
    static const char empty[] = "PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    const member bill[] = {TEXT_MEMBER("bill.csv", bill_a)};
    size_t inner_bytes, bytes;
    char *inner = make_zip(&inner_bytes, bill, 1, NULL);
    const member nested[] = {{"inner.zip", inner, inner_bytes, ZIP_EM_NONE}},
                 disguised[] = {{"inner.csv", inner, inner_bytes, ZIP_EM_NONE}};
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_status(import(ledger, empty, sizeof empty - 1, NULL, &report), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "no bill in it"));
    tael_import_report_free(&report);
    char *zip = make_zip(&bytes, nested, 1, NULL);
    assert_status(import(ledger, zip, bytes, NULL, &report), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "unpack that first"));
    tael_import_report_free(&report);
    tael__free(zip);
    zip = make_zip(&bytes, disguised, 1, NULL);
    assert_status(import(ledger, zip, bytes, NULL, &report), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "a zip inside a zip"));
    tael_import_report_free(&report);
    assert_int_equal(row_count(ledger), 0);
    tael__free(zip);
    tael__free(inner);
    tael_ledger_close(ledger);
}

/* One that says how large it is, and one whose headers say 100 bytes: what comes out is counted. */
static void a_bomb_ends_at_the_limit(void **state)
{
    (void)state;
    const member members[] = {TEXT_MEMBER("bill.csv", bill_a), {"bomb.csv", NULL, TAEL__MAX_UNPACKED_BYTES + 99, 0}};
    size_t bytes;
    char *zip = make_zip(&bytes, members, 2, NULL);
    assert_true(bytes < TAEL__MAX_UNPACKED_BYTES / 100);
    for (int lie = 0; lie < 2; lie++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_status(import(ledger, zip, bytes, NULL, &report), TAEL_LIMIT);
        assert_int_equal(report.bill_count, 2);
        assert_int_equal(report.bills[1].status, TAEL_LIMIT);
        assert_int_equal(total(ledger, TAEL_EXPENSE), 100); /* the bill beside it is in */
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
        for (size_t i = 0; i + 46 < bytes; i++) /* the directory's entry: 24 is the size, 46 the name */
            if (memcmp(zip + i, "PK\1\2", 4) == 0 && memcmp(zip + i + 46, "bomb", 4) == 0)
                memcpy(zip + i + 24, "\x64\0\0\0", 4);
    }
    tael__free(zip);
}

static void too_many_members_are_refused(void **state)
{
    (void)state;
    static member members[TAEL__MAX_ZIP_MEMBERS + 1];
    static char names[TAEL__MAX_ZIP_MEMBERS + 1][16];
    size_t bytes;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        snprintf(names[i], sizeof names[i], "%zu.md", i);
        members[i] = (member){names[i], "", 1, ZIP_EM_NONE};
    }
    char *zip = make_zip(&bytes, members, sizeof members / sizeof *members, NULL);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_status(import(ledger, zip, bytes, NULL, &report), TAEL_LIMIT);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
}

static void check_cut(tael_ledger *ledger, const char *zip, size_t bytes)
{
    tael_import_report report;
    char *cut = tael__alloc(bytes); /* of that size exactly: reading behind it is noticed */
    assert_non_null(cut);
    memcpy(cut, zip, bytes);
    assert_status(import(ledger, cut, bytes, PASSWORD, &report), TAEL_CORRUPT);
    assert_int_equal(row_count(ledger), 0);
    tael_import_report_free(&report);
    tael__free(cut);
}

static void check_cuts(const char *zip, size_t bytes)
{
    tael_ledger *ledger = memory_ledger();
    for (size_t n = 4; n < bytes; n += 37) check_cut(ledger, zip, n);
    check_cut(ledger, zip, bytes - 1);
    tael_ledger_close(ledger);
}

static void a_cut_container_is_damaged_at_every_length(void **state)
{
    (void)state;
    const member members[] = {{"bill.csv", bill_a, sizeof bill_a - 1, ZIP_EM_AES_256}, TEXT_MEMBER("b.csv", bill_b)};
    size_t bytes;
    char *zip = make_zip(&bytes, members, 2, PASSWORD);
    check_cuts(zip, bytes);
    tael__free(zip);
    zip = fixture("ledger/data/wechat-two-sheets-header18.xlsx", &bytes);
    check_cuts(zip, bytes);
    tael__free(zip);
}

/* A byte changed anywhere: refused, or it changed nothing that counts. Money never differs. */
static void a_changed_byte_never_changes_money(void **state)
{
    (void)state;
    size_t bytes;
    char *book = fixture("ledger/data/wechat-two-sheets-header18.xlsx", &bytes);
    for (size_t at = 4; at < bytes; at += 53) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        book[at] ^= 0x41;
        tael_status status = import(ledger, book, bytes, NULL, &report);
        book[at] ^= 0x41;
        if (status == TAEL_OK)
            assert_int_equal(total(ledger, TAEL_EXPENSE), 290453);
        else
            assert_int_equal(row_count(ledger), 0);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
    tael__free(book);
}

static void a_workbook_in_a_protected_zip_is_a_bill(void **state)
{
    (void)state;
    size_t book_bytes, bytes;
    char *book = fixture("ledger/data/wechat-two-sheets-header18.xlsx", &book_bytes);
    const member members[] = {{"微信支付账单流水文件.xlsx", book, book_bytes, ZIP_EM_AES_256}};
    char *zip = make_zip(&bytes, members, 1, PASSWORD);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(import(ledger, zip, bytes, PASSWORD, &report));
    assert_int_equal(report.bill_count, 1);
    assert_string_equal(report.bills[0].name, "微信支付账单流水文件.xlsx");
    assert_string_equal(report.format, "wechat");
    assert_int_equal(report.imported, 27);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 290453);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
    tael__free(book);
}

static int stop(uint64_t done, uint64_t all, void *user)
{
    (void)done;
    (void)all;
    return ++*(int *)user == 2;
}

static void cancelling_ends_the_zip_and_keeps_what_was_whole(void **state)
{
    (void)state;
    const member members[] = {TEXT_MEMBER("1.csv", bill_a), TEXT_MEMBER("2.csv", bill_b), TEXT_MEMBER("3.csv", bill_a)};
    size_t bytes;
    int calls = 0;
    char *zip = make_zip(&bytes, members, 3, NULL);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    tael_import_options options = {.size = sizeof options, .progress = stop, .user = &calls};
    assert_status(tael__ledger_import_bytes(ledger, "a.zip", zip, bytes, &options, &report), TAEL_CANCELLED);
    assert_int_equal(report.bill_count, 2);
    assert_int_equal(report.imported, 1);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 100);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
}

/* Every allocation fails once, and then from there on: a status, whole bills only, no leak (ASan tells). */
static void running_out_of_memory_keeps_whole_bills(void **state)
{
    (void)state;
    static const char *const sheets[] = {SHEET("<row><c t=\"s\"><v>0</v></c></row>")};
    size_t book_bytes, bytes;
    char *book = make_workbook(&book_bytes, sheets, 1, "<sst><si><t>x</t></si></sst>",
                               "<styleSheet><cellXfs><xf numFmtId=\"0\"/></cellXfs></styleSheet>", "");
    const member members[] = {{"bill.csv", bill_a, sizeof bill_a - 1, ZIP_EM_AES_256},
                              {"book.xlsx", book, book_bytes, ZIP_EM_NONE}};
    char *zip = make_zip(&bytes, members, 2, PASSWORD);
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        tael_status status = TAEL_NO_MEMORY;
        for (uint64_t n = 1; status == TAEL_NO_MEMORY; n++) {
            tael_ledger *ledger = memory_ledger();
            tael_import_report report;
            tael__alloc_break(n, from_then_on);
            status = import(ledger, zip, bytes, PASSWORD, &report);
            tael__alloc_break(0, false);
            assert_true(status == TAEL_NO_MEMORY || status == TAEL_UNSUPPORTED); /* book.xlsx is no bill */
            assert_int_equal(report.imported, row_count(ledger));
            assert_true(status == TAEL_NO_MEMORY || report.imported == 1);
            tael_import_report_free(&report);
            tael_ledger_close(ledger);
            assert_true(status == TAEL_NO_MEMORY || n > 20);
            assert_true(n < 2000);
        }
    }
    tael__free(zip);
    tael__free(book);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_bill_in_a_zip_has_its_own_report),
        cmocka_unit_test(every_protection_opens_with_its_password_alone),
        cmocka_unit_test(names_are_shown_in_utf8_whatever_they_were),
        cmocka_unit_test(a_zip_without_bills_says_so),
        cmocka_unit_test(a_bomb_ends_at_the_limit),
        cmocka_unit_test(too_many_members_are_refused),
        cmocka_unit_test(a_cut_container_is_damaged_at_every_length),
        cmocka_unit_test(a_changed_byte_never_changes_money),
        cmocka_unit_test(a_workbook_in_a_protected_zip_is_a_bill),
        cmocka_unit_test(cancelling_ends_the_zip_and_keeps_what_was_whole),
        cmocka_unit_test(running_out_of_memory_keeps_whole_bills),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
