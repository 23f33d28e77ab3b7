// SPDX-License-Identifier: Apache-2.0
// Workbooks: what a cell says becomes the text that a CSV would have, at the row's own line. A wrong implementation
// reads money through a float, a date as a number, a cell without its reference, or another sheet than the bill's.
#include "ledger/import/cell.h"
#include "ledger/import/sheet.h"
#include "zips.h"

#define SAMPLE "ledger/data/wechat-two-sheets-header18.xlsx"

static tael_status import(tael_ledger *ledger, const char *data, size_t bytes, tael_import_report *report)
{
    return tael__ledger_import_bytes(ledger, "a.xlsx", data, bytes, NULL, report);
}

/* 28.16+12+500+2243.46+12+12+36.99+9.90+50+0.01+0.01; 0.35+23+0.07+0.07+5. Both sheets hold the same 27 rows, one with
 * amounts as text ("¥548.58"), one as numbers (548.58000000000004): the second sheet adds nothing. */
static void the_wechat_workbook_has_its_totals(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, SAMPLE, NULL, &report));
    assert_string_equal(report.format, "wechat");
    assert_int_equal(report.rows, 54);
    assert_int_equal(report.imported, 27);
    assert_int_equal(report.duplicates, 27);
    assert_int_equal(report.skipped_count, 0);
    assert_int_equal(report.bill_count, 0);
    tael_import_report_free(&report);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 290453);
    assert_int_equal(total(ledger, TAEL_INCOME), 2849);
    assert_int_equal(query(ledger, (tael_query){.filter = {.direction = TAEL_NEUTRAL, .text = "信用卡还款"}}).minor,
                     54858);
    assert_ok(tael_ledger_import(ledger, SAMPLE, NULL, &report));
    assert_int_equal(report.imported, 0);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void the_same_bill_as_csv_and_as_workbook_is_one(void **state)
{
    (void)state;
    for (int order = 0; order < 2; order++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_ok(tael_ledger_import(ledger, order ? SAMPLE : "ledger/data/wechat-csv-header17.csv", NULL, &report));
        assert_int_equal(report.imported, 27);
        tael_import_report_free(&report);
        assert_ok(tael_ledger_import(ledger, order ? "ledger/data/wechat-csv-header17.csv" : SAMPLE, NULL, &report));
        assert_int_equal(report.imported, 0);
        tael_import_report_free(&report);
        assert_int_equal(row_count(ledger), 27);
        assert_int_equal(total(ledger, TAEL_EXPENSE), 290453);
        tael_ledger_close(ledger);
    }
}

/* ---- Cells ---- */

static void numbers_keep_their_cents(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *text; /* NULL: stays as it is */
    } cases[] = {
        {"283.71", "283.71"},
        {"28.159999999999997", "28.16"},
        {"548.58000000000004", "548.58"},
        {"7.0000000000000007E-2", "0.07"},
        {"0.10000000000000001", "0.1"},
        {"283.70999999999998", "283.71"},
        {"9.9999999999999995", "10"},
        {"99.999999999999986", "100"},
        {"12.340000000000146", "12.34"}, /* a difference of two sums */
        {"1.1368683772161603E-13", "0"}, /* what such a difference leaves of nothing */
        {"-28.159999999999997", "-28.16"},
        {"1.5E3", "1500"},
        {"1.5e+3", "1500"},
        {"12.50", "12.5"},
        {"0.5", "0.5"},
        {".5", "0.5"},
        {"0.005", "0.005"}, /* a rate: nobody's noise */
        {"0.0000125", "0.0000125"},
        {"3.14159", "3.14159"},
        {"0.33333333333333331", "0.333333333333333"},
        {"90071992547409.93", "90071992547409.93"},
        {"123456789012345.67", "123456789012345.67"},
        {"0.0", "0"},
        {"-0.0", "0"},
        {"12", NULL},
        {"4200002600000000123456789012", NULL}, /* an order number keeps its digits */
        {"4.2000026000000001E+27", NULL},       /* and one that lost them doesn't get zeros */
        {"", NULL},
        {".", NULL},
        {"1.2.3", NULL},
        {"1e", NULL},
        {"#N/A", NULL},
        {"0x1.8", NULL},
        {"inf", NULL},
        {"1e999999999999", NULL},
        {"1e-999999999999", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[TAEL__CELL_NUMBER_BYTES];
        bool read = tael__cell_number(text, cases[i].xml);
        if (read != (cases[i].text != NULL) || (read && strcmp(text, cases[i].text) != 0))
            fail_msg("%s: %s", cases[i].xml, read ? text : "as it is");
    }
}

/* The days by a calendar: 2019-09-26 is 43734 days after 1899-12-30; 12:45:27 is 45927/86400 of one. */
static void serial_numbers_are_dates(void **state)
{
    (void)state;
    static const struct {
        const char *xml, *since_1900, *since_1904;
    } cases[] = {
        {"43734.531562500002", "2019-09-26 12:45:27", "2023-09-27 12:45:27"},
        {"43734", "2019-09-26 00:00:00", "2023-09-27 00:00:00"},
        {"46345.999999999", "2026-11-20 00:00:00", "2030-11-21 00:00:00"}, /* rounding goes over midnight */
        {"0.53156250000000005", "12:45:27", "12:45:27"},
        {"1", "1900-01-01 00:00:00", "1904-01-02 00:00:00"},
        {"59", "1900-02-28 00:00:00", "1904-02-29 00:00:00"},
        {"61", "1900-03-01 00:00:00", "1904-03-02 00:00:00"},
        {"2958465", "9999-12-31 00:00:00", NULL},
        {"2958466", NULL, NULL},
        {"9999999999", NULL, NULL},
        {"-1", NULL, NULL},
        {"2019-09-26", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int system = 0; system < 2; system++) {
            char text[TAEL__CELL_NUMBER_BYTES];
            const char *wanted = system ? cases[i].since_1904 : cases[i].since_1900;
            bool read = tael__cell_date(text, cases[i].xml, system);
            if (read != (wanted != NULL) || (read && strcmp(text, wanted) != 0))
                fail_msg("%s since %d: %s", cases[i].xml, system ? 1904 : 1900, read ? text : "no date");
        }
    }
}

static void formats_tell_dates(void **state)
{
    (void)state;
    static const char *const dates[] = {
        "yyyy\\-mm\\-dd\\ hh:mm:ss",       "yyyy-mm-dd;@", "m/d/yy h:mm", "[h]", "[mm]:ss",
        "[$-804]yyyy\"年\"m\"月\"d\"日\"", "DD.MM.YYYY",   "[$-F800]dddd"};
    static const char *const numbers[] = {"General", "0.00",        "\\¥#,##0.00", "[Red]0.00", "#,##0.00\"yd\"",
                                          "0_d",     "0*y",         "0.00E+00",    "@",         "",
                                          "0;yyyy",  "[$USD-409]0", "\"y",         "[h",        "\\"};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++)
        if (!tael__format_code_is_date(dates[i])) fail_msg("%s", dates[i]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (tael__format_code_is_date(numbers[i])) fail_msg("%s", numbers[i]);
    static const uint32_t ids[] = {14, 22, 27, 36, 45, 47, 50, 58}, others[] = {0, 2, 4, 13, 23, 44, 48, 49, 59, 164};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) assert_true(tael__format_id_is_date(ids[i]));
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) assert_false(tael__format_id_is_date(others[i]));
}

static tael_status put_xml(const char *text, const tael__xml_reader *reader, void *user)
{
    tael__xml xml;
    assert_ok(tael__xml_open(&xml, reader, user, "a.xlsx", "part"));
    tael_status status = TAEL_OK; /* byte by byte: no piece may be lost between two */
    for (; status == TAEL_OK && *text; text++) status = tael__xml_put(&xml, text, 1);
    if (status == TAEL_OK) status = tael__xml_put(&xml, "", 0);
    tael__xml_close(&xml);
    return status;
}

static void check_sheet(const char *strings, const char *styles, const char *rows, const char *csv)
{
    tael__book book = {0};
    tael__strings_job strings_job = {.book = &book, .file = "a.xlsx"};
    static tael__styles_job styles_job;
    styles_job = (tael__styles_job){.book = &book, .file = "a.xlsx"};
    tael__sheet sheet = {.book = &book, .file = "a.xlsx", .part = "sheet", .csv = {.max = 1 << 20}};
    if (strings) assert_ok(put_xml(strings, &tael__strings_reader, &strings_job));
    if (styles) assert_ok(put_xml(styles, &tael__styles_reader, &styles_job));
    assert_ok(put_xml(rows, &tael__sheet_reader, &sheet));
    assert_string_equal(sheet.csv.data ? sheet.csv.data : "", csv);
    tael__sheet_free(&sheet);
    tael__book_free(&book);
}

static void every_kind_of_cell_is_read(void **state)
{
    (void)state;
    static const char strings[] = "<sst><si><t>一</t></si><si><r><rPr><b/></rPr><t>two \"</t></r><r><t>runs\"</t></r>"
                                  "<rPh sb=\"0\" eb=\"1\"><t>read "
                                  "so</t></rPh></si><si><t/></si><si><t>a_x000D__x000A_b &amp; _x0041_</t></si></sst>";
    static const char styles[] =
        "<styleSheet><numFmts><numFmt numFmtId=\"164\" formatCode=\"yyyy/m/d h:mm\"/></numFmts>"
        "<cellStyleXfs><xf numFmtId=\"14\"/></cellStyleXfs><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"164\"/>"
        "<xf numFmtId=\"22\"/></cellXfs><dxfs><dxf><numFmt numFmtId=\"0\" "
        "formatCode=\"yyyy\"/></dxf></dxfs></styleSheet>";
    check_sheet(strings, styles,
                SHEET("<row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c>"
                      "<c r=\"C1\" t=\"s\"><v>2</v></c><c r=\"D1\" t=\"s\"><v>3</v></c></row>"
                      "<row r=\"2\"><c t=\"b\"><v>1</v></c><c t=\"b\"><v>0</v></c><c t=\"e\"><v>#N/A</v></c>"
                      "<c t=\"str\"><f>A1&amp;B1</f><v>a,b</v></c></row>"
                      "<row r=\"3\"><c t=\"inlineStr\"><is><r><t>in</t></r><r><t>line</t></r></is></c>"
                      "<c t=\"d\"><v>2026-11-20T08:12:37.000Z</v></c><c s=\"0\"><v>43734.5</v></c><c "
                      "s=\"9\"><v>1.10</v></c></row>"
                      "<row r=\"4\"><c s=\"1\"><v>43734.5</v></c><c s=\"2\" t=\"n\"><v>43734.25</v></c>"
                      "<c s=\"1\" t=\"str\"><v>43734.5</v></c><c s=\"1\"><v>never</v></c></row>"),
                "\"一\",\"two \"\"runs\"\"\",,\"a  b & A\"\n"
                "\"TRUE\",\"FALSE\",\"#N/A\",\"a,b\"\n"
                "\"inline\",\"2026-11-20 08:12:37\",\"43734.5\",\"1.1\"\n"
                "\"2019-09-26 12:00:00\",\"2019-09-26 06:00:00\",\"43734.5\",\"never\"\n");
}

/* Cells and rows may be missing; narrower rows are filled up; what stands right of all bills' columns isn't taken. */
static void cells_stand_where_their_reference_says(void **state)
{
    (void)state;
    check_sheet(
        NULL, NULL,
        SHEET("<row r=\"2\"><c r=\"C2\"><v>3</v></c><c><v>4</v></c></row><row r=\"3\"><c r=\"B3\"><v/></c></row>"
              "<row r=\"5\"><c r=\"a5\"><v>1</v></c><c r=\"BL5\"/><c r=\"BM5\"><v>9</v></c></row>"
              "<row><c><v>6</v></c></row>"),
        "\n,,\"3\",\"4\"\n\n\n\"1\",,,\n\"6\",,,\n");
    check_sheet(NULL, NULL,
                "<x:worksheet xmlns:x=\"y\"><x:cols/><x:sheetData><x:row r=\"1\" x:spans=\"1:1\"><x:c "
                "r=\"A1\"><x:v>1</x:v></x:c></x:row></x:sheetData><x:row r=\"1\"/></x:worksheet>",
                "\"1\"\n");
    check_sheet(NULL, NULL, SHEET(""), "");
}

/* A bill in a row that a person noted something beside, another that can't be read, in the second of two sheets. */
static void a_bad_row_is_reported_with_sheet_and_row(void **state)
{
    (void)state;
#define C(text) "<c t=\"str\"><v>" text "</v></c>"
#define ROW(r, amount, id)                                                            \
    "<row r=\"" r "\"><c s=\"1\"><v>46345.25</v></c>" C("商户消费") C("一店") C("面") \
        C("支出") "<c><v>" amount "</v></c>" C("零钱") C("支付成功") C(id) C("/") C("/")
    static const char *const sheets[] = {
        SHEET("<row r=\"1\">" C("my notes") "</row>"),
        SHEET("<row r=\"17\">" C("-----") "</row><row r=\"18\">" C("交易时间") C("交易类型") C("交易对方") C("商品")
                  C("收/支") C("金额(元)") C("支付方式") C("当前状态") C("交易单号") C("商户单号")
                      C("备注") "</row>" ROW("19", "8.0399999999999991", "4200002600000000000001") C("")
                          C("mine") "</row>" ROW("23", "8.125", "4200002600000000000002") "</row>" ROW(
                              "24", "1E-2", "4200002600000000000003") "</row>")};
    size_t bytes;
    char *book = make_workbook(&bytes, sheets, 2, NULL,
                               "<s><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></s>", "");
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(import(ledger, book, bytes, &report));
    assert_int_equal(report.rows, 3);
    assert_int_equal(report.imported, 2);
    assert_int_equal(report.skipped_count, 1);
    assert_int_equal(report.skipped[0].line, 23);
    assert_int_equal(report.skipped[0].sheet, 2);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 805);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2026-11-19", .to = "2026-11-19"}}).minor, 805);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(book);
    book = make_workbook(&bytes, sheets + 1, 1, NULL,
                         "<s><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></s>", "date1904=\"1\"");
    ledger = memory_ledger();
    assert_ok(import(ledger, book, bytes, &report));
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2030-11-20", .to = "2030-11-20"}}).minor, 805);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(book);
}

/* Any importer reads sheets. A table that nobody knows is guessed at only where no sheet is a known bill: beside one it
 * is made of its rows. */
static void sheets_are_read_as_texts_are(void **state)
{
    (void)state;
#define GUESSED                                                                                                  \
    SHEET("<row r=\"1\">" C("日期") C("金额") C("摘要") "</row><row r=\"2\">" C("2026-11-19") C("-8.00") C("面") \
              C("noted beside") "</row>")
    static const char *const sheets[] = {
        GUESSED,
        SHEET("<row r=\"1\">" C("记账日期") C("交易金额") C("联机余额") C("交易摘要")
                  C("对手信息") "</row><row r=\"2\">" C("2026-11-20") "<c><v>-9</v></c>" C("71.66") C("一网通支付")
                      C("面馆") "</row>"),
    };
    for (size_t count = 1; count <= 2; count++) {
        size_t bytes;
        tael_import_report report;
        tael_ledger *ledger = memory_ledger();
        char *book = make_workbook(&bytes, sheets, count, NULL, NULL, "");
        assert_ok(import(ledger, book, bytes, &report));
        assert_string_equal(report.format, count == 1 ? "generic" : "cmb_debit");
        assert_true((strstr(report.mapping, "time=日期, amount=金额") != NULL) == (count == 1));
        assert_int_equal(report.rows, 1);
        assert_int_equal(report.imported, 1);
        assert_int_equal(total(ledger, TAEL_EXPENSE), count == 1 ? 800 : 900);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
        tael__free(book);
    }
}

/* Each ends with a status and keeps nothing; none of them is a crash, a wait or gigabytes. */
static void hostile_xml_is_refused(void **state)
{
    (void)state;
    tael__buffer deep = {.max = 1 << 20}, tag = {.max = 1 << 20};
    for (int i = 0; i < 100; i++) tael__buffer_text(&deep, "<a>");
    for (int i = 0; i < 100; i++) tael__buffer_text(&deep, "</a>");
    tael__buffer_text(&tag, "<worksheet a=\"");
    for (int i = 0; i < 40000; i++) tael__buffer_text(&tag, "0123456789");
    tael__buffer_text(&tag, "\"/>");
    const char *const sheets[] = {
        "",
        "no xml",
        "<worksheet><sheetData><row></sheetData></worksheet>",
        "<!DOCTYPE w [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]><worksheet>&b;</worksheet>",
        "<!DOCTYPE w SYSTEM \"file:///etc/passwd\"><worksheet/>",
        "<worksheet>&undefined;</worksheet>",
        "<?xml version=\"1.0\" encoding=\"UTF-7\"?><worksheet/>",
        "<worksheet>\xFF\xFE</worksheet>",
        SHEET("<row r=\"2\"/><row r=\"2\"/>"),
        SHEET("<row r=\"0\"/>"),
        SHEET("<row r=\"-1\"/>"),
        SHEET("<row><c r=\"7C\"/></row>"),
        SHEET("<row><c r=\"XFE1\"/></row>"),
        SHEET("<row><c t=\"s\"><v>0</v></c></row>"),
        SHEET("<row><c t=\"s\"><v>-1</v></c></row>"),
        SHEET("<row><c t=\"s\"><v>99999999999999999999</v></c></row>"),
        SHEET("<row><c s=\"x\"/></row>"),
        deep.data,
        tag.data,
    };
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
        size_t bytes;
        char *book = make_workbook(&bytes, &sheets[i], 1, NULL, NULL, "");
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        if (import(ledger, book, bytes, &report) != TAEL_CORRUPT) fail_msg("%zu: %s", i, tael_error());
        assert_non_null(strstr(tael_error(), "sheet 1"));
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
        tael__free(book);
    }
    const char *beyond = SHEET("<row r=\"1048577\"/>");
    size_t bytes;
    char *book = make_workbook(&bytes, &beyond, 1, NULL, NULL, "");
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_status(import(ledger, book, bytes, &report), TAEL_LIMIT);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(book);
    tael__buffer_free(&deep);
    tael__buffer_free(&tag);
}

/* A long text costs its row alone, with the reason; a hundred thousand references to it don't cost gigabytes. */
static void long_texts_cost_their_row_alone(void **state)
{
    (void)state;
    tael__buffer strings = {.max = 1 << 20}, rows = {.max = 1 << 24};
    tael__buffer_text(&strings, "<sst><si><t>");
    for (int i = 0; i < 20000; i++) tael__buffer_text(&strings, "汉");
    tael__buffer_text(&strings, "</t></si></sst>");
    tael__buffer_text(&rows, "<worksheet><sheetData><row r=\"1\">" C("交易时间") C("交易类型") C("交易对方") C("商品")
                                 C("收/支") C("金额(元)") C("支付方式") C("当前状态") C("交易单号") C("商户单号")
                                     C("备注") "</row>");
    tael__buffer_text(&rows, "<row r=\"2\">" C("2026-11-19 06:00:00") C("商户消费")
                                 C("一店") "<c t=\"s\"><v>0</v></c>" C("支出") C("1.00") C("零钱") C("支付成功") C("1")
                                     C("/") "</row>");
    tael__buffer_text(&rows, "<row r=\"3\">" C("2026-11-19 06:00:00"));
    for (int i = 0; i < 100000; i++) tael__buffer_text(&rows, "<c t=\"s\"><v>0</v></c>");
    tael__buffer_text(&rows, "</row>" ROW("4", "2.00", "1") "</row></sheetData></worksheet>");
    const char *sheet = rows.data;
    size_t bytes;
    char *book = make_workbook(&bytes, &sheet, 1, strings.data,
                               "<s><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"22\"/></cellXfs></s>", "");
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(import(ledger, book, bytes, &report));
    assert_int_equal(report.imported, 1);
    assert_int_equal(report.skipped_count, 2);
    assert_string_equal(report.skipped[0].reason, "a field is too long");
    assert_int_equal(report.skipped[0].line, 2);
    assert_string_equal(report.skipped[1].reason, "the row has too many fields");
    assert_int_equal(report.skipped[1].line, 3);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(book);
    tael__buffer_free(&strings);
    tael__buffer_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_wechat_workbook_has_its_totals),
        cmocka_unit_test(the_same_bill_as_csv_and_as_workbook_is_one),
        cmocka_unit_test(numbers_keep_their_cents),
        cmocka_unit_test(serial_numbers_are_dates),
        cmocka_unit_test(formats_tell_dates),
        cmocka_unit_test(every_kind_of_cell_is_read),
        cmocka_unit_test(cells_stand_where_their_reference_says),
        cmocka_unit_test(a_bad_row_is_reported_with_sheet_and_row),
        cmocka_unit_test(sheets_are_read_as_texts_are),
        cmocka_unit_test(hostile_xml_is_refused),
        cmocka_unit_test(long_texts_cost_their_row_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
