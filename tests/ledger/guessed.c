// SPDX-License-Identifier: Apache-2.0
// Tables whose columns are guessed, and OFX and QIF, which have none. A wrong implementation takes the third of April
// for the fourth of March, a deposit for spending, or a transaction that was cut off for a whole one.
#include "bills.h"

static int64_t in_currency(tael_ledger *ledger, tael_direction direction, const char *currency)
{
    return query(ledger, (tael_query){.filter = {.direction = direction}, .currency = currency}).minor;
}

static void a_table_that_nobody_knows_is_guessed_and_the_guess_is_shown(void **state)
{
    (void)state;
    static const struct {
        const char *text, *mapping;
        int64_t spent, income;
    } cases[] = {
        {"Date,Description,Amount\n2026-09-01,Coffee,-3.50\n2026-09-02,Salary,100.00\n",
         "time=Date, amount=Amount (minus is spending), item=Description", 350, 10000},
        {"DATE,Payee,amount,Memo\n20260901,Cafe,3.50,x\n20260902,Cafe,1.00,y\n",
         "time=DATE, amount=amount (all spending), merchant=Payee, note=Memo", 450, 0},
        {"日期,摘要,收入,支出,余额\n2026/9/1,面馆,,12.00,1.00\n2026/9/2,工资,900.00,,1.00\n",
         "time=日期, income=收入, expense=支出, item=摘要", 1200, 90000},
        {"交易日期,交易时间,交易金额,收/"
         "支,对方户名\n2026年9月1日,08:12:37,12.00,支出,面馆\n2026年9月2日,,5.00,收入,张三\n"
         "2026年9月3日,,7.00,不计收支,自己\n",
         "time=交易日期, clock=交易时间, amount=交易金额, direction=收/支, merchant=对方户名", 1200, 500},
        /* The 31st decides: 03/09 is the third of September, 05/09 the fifth. */
        {"Date,Debit,Credit,Details\n31/08/2026,3.00,,a\n03/09/2026,4.00,,b\n05/09/2026,,1.00,c\n",
         "time=Date, income=Credit, expense=Debit, item=Details", 700, 100},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        put_bill(ledger, cases[i].text, &report);
        assert_string_equal(report.format, "generic");
        assert_string_equal(report.mapping, cases[i].mapping);
        assert_int_equal(report.skipped_count, 0);
        assert_int_equal(total(ledger, TAEL_EXPENSE), cases[i].spent);
        assert_int_equal(total(ledger, TAEL_INCOME), cases[i].income);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

static void days_that_may_be_months_are_decided_by_a_row_or_refused(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, "Date,Amount,Payee\n09/03/2026,1.00,a\n09/30/2026,2.00,b\n", NULL);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2026-09-03", .to = "2026-09-03"}}).minor, 100);
    put_bill(ledger, "Date,Amount,Payee\n30.09.2025,1.00,a\n03.09.2025,2.00,b\n", NULL);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2025-09-03", .to = "2025-09-03"}}).minor, 200);
    put_bill(ledger, "Date,Amount,Payee\n05/05/2024,4.00,a\n", NULL); /* either way the same day */
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2024-05-05", .to = "2024-05-05"}}).minor, 400);
    static const char either[] = "Date,Amount,Payee\n03/04/2026,1.00,a\n05/04/2026,2.00,b\n";
    static const char both[] = "Date,Amount,Payee\n13/04/2026,1.00,a\n04/13/2026,2.00,b\n";
    assert_status(tael__ledger_import_bytes(ledger, "t", either, sizeof either - 1, NULL, &report), TAEL_BAD_INPUT);
    assert_non_null(strstr(tael_error(), "day/month"));
    tael_import_report_free(&report);
    assert_status(tael__ledger_import_bytes(ledger, "t", both, sizeof both - 1, NULL, &report), TAEL_BAD_INPUT);
    tael_import_report_free(&report);
    assert_int_equal(row_count(ledger), 5);
    tael_ledger_close(ledger);
}

static void equal_rows_of_two_guessed_banks_are_two(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, "Date,Amount,Payee\n2026-09-01,1.00,Cafe\n", NULL);
    put_bill(ledger, "Transaction Date,Amount,Merchant\n2026-09-01,1.00,Cafe\n", NULL);
    put_bill(ledger, "Payee,Date,Amount\nCafe,2026-09-01,1.00\n", NULL); /* the first again, its columns moved */
    assert_int_equal(total(ledger, TAEL_EXPENSE), 200);
    tael_ledger_close(ledger);
}

/* ---- OFX and QIF ---- */

#define OFX_ROW(type, day, amount, id, name) \
    "<STMTTRN>\n<TRNTYPE>" type "\n<DTPOSTED>" day "\n<TRNAMT>" amount "\n<FITID>" id "\n<NAME>" name "\n</STMTTRN>\n"
#define OFX_HEAD                                                                                         \
    "OFXHEADER:100\nDATA:OFXSGML\nCHARSET:1252\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS>\n<CURDEF>CAD\n" \
    "<BANKACCTFROM><BANKID>001<ACCTID>00021234</BANKACCTFROM>\n<BANKTRANLIST>\n"

static void ofx_statements_of_both_kinds_are_read(void **state)
{
    (void)state;
    static const char sgml[] = OFX_HEAD OFX_ROW("DEBIT", "20260901120000[-5:EST]", "-10.50", "F1", "A &amp; B")
        OFX_ROW("CREDIT", "20260902", "100.00", "F2", "SALARY") OFX_ROW("XFER", "20260903", "-500", "F3", "SAVINGS")
            OFX_ROW("DEBIT", "20260904", "-1,25", "F4", "CAFE")
                OFX_ROW("DEBIT", "2026", "-1.00", "F5", "BAD") "</BANKTRANLIST></STMTRS></OFX>";
    static const char xml[] =
        "<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?>\n<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS>"
        "<CURDEF>USD</CURDEF><CCACCTFROM><ACCTID>5678</ACCTID></CCACCTFROM><BANKTRANLIST>"
        "<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20260901</DTPOSTED><TRNAMT>-20.00</TRNAMT><FITID>1</FITID>"
        "<PAYEE><NAME>SHOP</NAME></PAYEE><MEMO>m</MEMO></STMTTRN>"
        "<STMTTRN><TRNTYPE>CREDIT</TRNTYPE><DTPOSTED>20260902</DTPOSTED><TRNAMT>5.00</TRNAMT><FITID>2</FITID>"
        "<NAME>SHOP</NAME></STMTTRN>"
        "<STMTTRN><TRNTYPE>PAYMENT</TRNTYPE><DTPOSTED>20260903</DTPOSTED><TRNAMT>15.00</TRNAMT><FITID>3</FITID>"
        "<NAME>THANKS</NAME></STMTTRN></BANKTRANLIST></CCSTMTRS></OFX>";
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, sgml, &report);
    assert_string_equal(report.format, "ofx");
    assert_int_equal(report.imported, 4);
    assert_int_equal(report.skipped_count, 1);
    assert_int_equal(report.skipped[0].line, 37);
    tael_import_report_free(&report);
    put_bill(ledger, sgml, &report);
    assert_int_equal(report.imported, 0);
    tael_import_report_free(&report);
    put_bill(ledger, xml, NULL);
    assert_int_equal(in_currency(ledger, TAEL_EXPENSE, "CAD"), 1175);
    assert_int_equal(in_currency(ledger, TAEL_INCOME, "CAD"), 10000);
    assert_int_equal(in_currency(ledger, TAEL_EXPENSE, "USD"), 1500);
    assert_int_equal(in_currency(ledger, TAEL_INCOME, "USD"), 0);
    assert_int_equal(query(ledger, (tael_query){.filter = {.merchant = "a & b"}, .currency = "CAD"}).minor, 1050);
    tael_ledger_close(ledger);
}

/* Cut at every byte: whole transactions or none. */
static void a_cut_ofx_or_qif_gives_whole_rows_only(void **state)
{
    (void)state;
    static const char ofx[] =
        OFX_HEAD OFX_ROW("DEBIT", "20260901", "-100.00", "F1", "A") OFX_ROW("DEBIT", "20260902", "-20.00", "F2", "B");
    static const char qif[] = "!Type:Bank\nD2026-09-01\nT-100.00\nPA\n^\nD2026-09-02\nT-20.00\nPB\n^\n";
    for (size_t n = 60; n < sizeof ofx + sizeof qif; n++) {
        bool first = n < sizeof ofx;
        if (!first && n - sizeof ofx < 11) continue; /* not yet a QIF */
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_ok(
            tael__ledger_import_bytes(ledger, "cut", first ? ofx : qif, first ? n : n - sizeof ofx, NULL, &report));
        int64_t spent = in_currency(ledger, TAEL_EXPENSE, first ? "CAD" : "CNY");
        assert_true(spent == 0 || spent == 10000 || spent == 12000);
        assert_int_equal(report.rows, report.imported + report.skipped_count);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

static void qif_is_read_with_its_odd_dates(void **state)
{
    (void)state;
    static const char text[] =
        "!Account\nNMy card\nTCCard\n^\n!Type:CCard\nD9/30'26\nT-1,234.50\nPShop\nMmemo\nLFood\n^\n"
        "D9/ 1'26\nU-10.00\nT-10.00\nPCafe\n^\nD9/ 1'26\nT-10.00\nPCafe\n^\n"
        "D9/ 2'26\nT500.00\nPMove\nL[Savings]\n^\n!Type:Invst\nD9/3'26\nT7.00\n^\n";
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, text, &report);
    assert_string_equal(report.format, "qif");
    assert_int_equal(report.rows, 4);
    assert_int_equal(report.imported, 4);
    tael_import_report_free(&report);
    put_bill(ledger, text, NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 125450);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2026-09-01", .to = "2026-09-01"}}).minor, 2000);
    static const char either[] = "!Type:Bank\nD3/4/2026\nT-1.00\nPa\n^\n";
    assert_status(tael__ledger_import_bytes(ledger, "t", either, sizeof either - 1, NULL, &report), TAEL_BAD_INPUT);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_nobody_knows_is_guessed_and_the_guess_is_shown),
        cmocka_unit_test(days_that_may_be_months_are_decided_by_a_row_or_refused),
        cmocka_unit_test(equal_rows_of_two_guessed_banks_are_two),
        cmocka_unit_test(ofx_statements_of_both_kinds_are_read),
        cmocka_unit_test(a_cut_ofx_or_qif_gives_whole_rows_only),
        cmocka_unit_test(qif_is_read_with_its_odd_dates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
