// SPDX-License-Identifier: Apache-2.0
// Excel's old workbooks, built here record by record, and what only calls itself one. A wrong implementation reads an
// RK as a float of its own, cuts a text where its record ends, follows a chain for ever, or takes a half file for a
// whole.
#include <stdlib.h>

#include "bills.h"
#include "ledger/import/biff.h"
#include "zips.h"

#define SECTOR 512

/* ---- A compound file ---- */

static void put16(tael__buffer *b, unsigned n)
{
    char bytes[2] = {(char)(n & 255), (char)(n >> 8 & 255)};
    assert_ok(tael__buffer_append(b, bytes, 2));
}

static void put32(tael__buffer *b, uint32_t n)
{
    put16(b, n & 65535);
    put16(b, n >> 16);
}

static void put_zeros(tael__buffer *b, size_t n)
{
    while (n-- > 0) tael__buffer_append(b, "", 1);
}

static void put_entry(tael__buffer *b, const char *name, char type, uint32_t start, uint32_t size)
{
    size_t begin = b->size, n = strlen(name);
    for (size_t i = 0; i < n; i++) put16(b, (unsigned char)name[i]);
    put_zeros(b, 64 - 2 * n);
    put16(b, (unsigned)(2 * n + 2));
    char kind[2] = {type, 1};
    tael__buffer_append(b, kind, 2);
    put_zeros(b, begin + 116 - b->size);
    put32(b, start);
    put32(b, size);
    put_zeros(b, 4);
}

/* Header, a table of one sector, a directory of one sector, and the stream, padded to 4,096 bytes so that it isn't
 * small. `loop`: the stream's last sector is followed by its first. */
static char *wrap(const char *name, tael__buffer *stream, size_t *bytes, bool loop)
{
    tael__buffer b = {.max = 1 << 20};
    while (stream->size < 4096 || stream->size % SECTOR) put_zeros(stream, 1);
    uint32_t sectors = (uint32_t)(stream->size / SECTOR);
    assert_true(sectors + 2 <= SECTOR / 4);
    tael__buffer_append(&b, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8);
    put_zeros(&b, 16);
    const unsigned words[] = {0x3E, 3, 0xFFFE, 9, 6};
    for (int i = 0; i < 5; i++) put16(&b, words[i]);
    put_zeros(&b, 10);
    const uint32_t numbers[] = {1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0};
    for (int i = 0; i < 9; i++) put32(&b, numbers[i]);
    for (int i = 1; i < 109; i++) put32(&b, 0xFFFFFFFF);
    assert_int_equal(b.size, SECTOR);
    put32(&b, 0xFFFFFFFD); /* sector 0: this table */
    put32(&b, 0xFFFFFFFE); /* sector 1: the directory */
    for (uint32_t i = 0; i < sectors; i++) put32(&b, i + 1 < sectors ? i + 3 : loop ? 2 : 0xFFFFFFFE);
    for (uint32_t i = sectors + 2; i < SECTOR / 4; i++) put32(&b, 0xFFFFFFFF);
    put_entry(&b, "Root Entry", 5, 0xFFFFFFFE, 0);
    put_entry(&b, name, 2, 2, (uint32_t)stream->size + (loop ? SECTOR : 0));
    put_zeros(&b, 256);
    tael__buffer_append(&b, stream->data, stream->size);
    *bytes = b.size;
    tael__buffer_free(stream);
    return tael__buffer_take(&b);
}

/* ---- Records ---- */

static void put_record(tael__buffer *b, unsigned type, const void *body, size_t bytes)
{
    put16(b, type);
    put16(b, (unsigned)bytes);
    tael__buffer_append(b, body, bytes);
}

static void put_begin(tael__buffer *b, unsigned version, unsigned kind)
{
    const uint8_t body[8] = {version & 255, (uint8_t)(version >> 8), (uint8_t)kind, 0};
    put_record(b, 0x809, body, 8);
}

static void put_sheet_place(tael__buffer *b, size_t *at)
{
    *at = b->size + 4;
    put_record(b, 0x85, "\0\0\0\0\0\0\1\0S", 9);
}

static void begin_sheet(tael__buffer *b, size_t at, unsigned version)
{
    put_record(b, 0x0A, "", 0);
    const uint8_t place[4] = {b->size & 255, b->size >> 8 & 255, b->size >> 16 & 255, 0};
    memcpy(b->data + at, place, 4);
    put_begin(b, version, 0x10);
}

static void put_cell(tael__buffer *b, unsigned type, unsigned row, unsigned column, unsigned style, const void *value,
                     size_t bytes)
{
    uint8_t body[256] = {(uint8_t)row, 0, (uint8_t)column, 0, (uint8_t)style, 0};
    memcpy(body + 6, value, bytes);
    put_record(b, type, body, 6 + bytes);
}

static void put_double(tael__buffer *b, unsigned row, unsigned column, unsigned style, double number)
{
    put_cell(b, 0x203, row, column, style, &number, 8); /* x86 and ARM write a double as the file has it */
}

static void check_sheet(char *file, size_t bytes, const char *csv)
{
    tael__workbook book;
    assert_ok(tael__biff_read(&book, "t.xls", file, bytes));
    assert_int_equal(book.count, 1);
    assert_string_equal(book.sheet[0].csv, csv);
    tael__workbook_free(&book);
    tael__free(file);
}

static void check_fails(char *file, size_t bytes, tael_status status, const char *word)
{
    tael__workbook book;
    assert_status(tael__biff_read(&book, "t.xls", file, bytes), status);
    if (!strstr(tael_error(), word)) fail_msg("%s", tael_error());
    assert_int_equal(book.count, 0);
    tael__free(file);
}

/* ---- Cells ---- */

static void numbers_dates_and_formulas_read_as_a_csv_has_them(void **state)
{
    (void)state;
    tael__buffer b = {.max = 1 << 20};
    size_t place, bytes;
    put_begin(&b, 0x600, 5);
    put_record(&b, 0x41E, "\xA4\0\x0A\0\0yyyy\\-mm-dd", 15); /* format 164 */
    put_record(&b, 0xE0, "\0\0\0\0", 4);                     /* style 0: General */
    put_record(&b, 0xE0, "\0\0\xA4\0", 4);                   /* style 1: that date */
    put_record(&b, 0xE0, "\0\0\x16\0", 4);                   /* style 2: a date of every program */
    put_sheet_place(&b, &place);
    begin_sheet(&b, place, 0x600);
    put_double(&b, 1, 0, 1, 46266); /* the second row first */
    put_double(&b, 1, 1, 2, 46266.342095);
    put_double(&b, 0, 0, 0, 548.58);
    put_double(&b, 0, 1, 0, 0.1 + 0.2);
    put_double(&b, 0, 2, 0, 6212345678901234.0);
    const uint8_t rk[4][4] = {{0x7B + 0x80, 0x07, 0, 0}, {0, 0, 0x29, 0x40}, {0x02, 0xFF, 0xFF, 0xFF}, {0}};
    put_cell(&b, 0x27E, 0, 3, 0, rk[0], 4);                              /* integer / 100: 0x7FB >> 2 = 510 */
    put_cell(&b, 0x27E, 0, 4, 0, rk[1], 4);                              /* 12.5 as the upper half of a double */
    put_cell(&b, 0x27E, 0, 5, 0, rk[2], 4);                              /* a negative integer */
    put_cell(&b, 0xBD, 0, 6, 0, "\x06\0\0\0\0\0\x0A\0\0\0\x07\0", 12);   /* MULRK: 1 and 2, style of the second 0 */
    put_cell(&b, 0x06, 0, 8, 0, "\0\0\0\0\0\0\xFF\xFF\0\0\0\0\0\0", 14); /* a formula whose text comes */
    put_record(&b, 0x207, "\3\0\0sum", 6);
    put_cell(&b, 0x205, 0, 9, 0, "\1\0", 2);
    put_cell(&b, 0x205, 0, 10, 0, "\x17\1", 2);                 /* an error: nothing */
    put_cell(&b, 0x204, 0, 11, 0, "\2\0\1\xB0\x8B\xA2\x5B", 7); /* a text of its own */
    put_record(&b, 0x0A, "", 0);
    char *file = wrap("Workbook", &b, &bytes, false);
    check_sheet(
        file, bytes,
        "\"548.58\",\"0.3\",\"6212345678901234\",\"5.1\",\"12.5\",\"-64\",\"1\",\"2\",\"sum\",\"TRUE\",,\"记客\"\n"
        "\"2026-09-01 00:00:00\",\"2026-09-01 08:12:37\",,,,,,,,,,\n");
}

/* A text of two bytes a character goes on with one byte a character in the next record; another has formats behind it.
 */
static void shared_texts_go_on_in_other_records(void **state)
{
    (void)state;
    tael__buffer b = {.max = 1 << 20};
    size_t place, bytes;
    put_begin(&b, 0x600, 5);
    put_record(&b, 0xFC, "\3\0\0\0\3\0\0\0\4\0\1\xB0\x8B\xA2\x5B", 15);
    put_record(&b, 0x3C, "\0ab\2\0\x08\1\0cd\0\0", 12); /* "ab" ends it; "cd" with one run of four bytes, */
    put_record(&b, 0x3C, "\0\0\2\0\1\x3D\xD8", 7);      /* two of which lie here; a pair that is parted */
    put_record(&b, 0x3C, "\1\0\xDE", 3);
    put_sheet_place(&b, &place);
    begin_sheet(&b, place, 0x600);
    put_cell(&b, 0xFD, 0, 0, 0, "\0\0\0\0", 4);
    put_cell(&b, 0xFD, 0, 1, 0, "\1\0\0\0", 4);
    put_cell(&b, 0xFD, 0, 2, 0, "\2\0\0\0", 4);
    put_record(&b, 0x0A, "", 0);
    char *file = wrap("Workbook", &b, &bytes, false);
    check_sheet(file, bytes, "\"记客ab\",\"cd\",\"😀\"\n");
}

static void the_workbooks_before_unicode_are_read(void **state)
{
    (void)state;
    tael__buffer b = {.max = 1 << 20};
    size_t place, bytes;
    put_begin(&b, 0x500, 5);
    put_record(&b, 0x42, "\xA8\x03", 2); /* code page 936 */
    put_record(&b, 0x22, "\1\0", 2);     /* days since 1904 */
    put_record(&b, 0xE0, "\0\0\x0E\0", 4);
    put_sheet_place(&b, &place);
    begin_sheet(&b, place, 0x500);
    put_cell(&b, 0x204, 0, 0, 0, "\4\0\xBD\xF0\xB6\xEE", 6); /* GB18030 */
    put_double(&b, 0, 1, 0, 44804);
    put_record(&b, 0x0A, "", 0);
    char *file = wrap("Book", &b, &bytes, false);
    check_sheet(file, bytes, "\"金额\",\"2026-09-01 00:00:00\"\n");
}

/* Web pages write a sheet's records with a few lines of script and no compound file around them. */
static void records_alone_are_a_sheet(void **state)
{
    (void)state;
    tael__buffer b = {.max = 1 << 20};
    put_begin(&b, 0, 0x10);
    put_cell(&b, 0x204, 0, 0, 0, "\4\0\xBD\xF0\xB6\xEE", 6);
    put_cell(&b, 0x204, 1, 0, 0, "\3\0a\"b", 5);
    put_double(&b, 1, 1, 0, 12.5);
    put_record(&b, 0x0A, "", 0);
    size_t bytes = b.size;
    assert_true(tael__biff_like(b.data, bytes));
    check_sheet(tael__buffer_take(&b), bytes, "\"金额\"\n\"a\"\"b\",\"12.5\"\n");
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_status(tael__ledger_import_bytes(ledger, "t", "\x09\x08\x08\0\0\6\5\0\0\0\0\0", 12, NULL, &report),
                  TAEL_CORRUPT);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

/* ---- What is no bill ---- */

static void a_password_and_a_document_are_named(void **state)
{
    (void)state;
    tael__buffer locked = {.max = 1 << 20}, wrapped = {.max = 1 << 20}, letter = {.max = 1 << 20};
    size_t bytes;
    put_begin(&locked, 0x600, 5);
    put_record(&locked, 0x2F, "\0\0\0\0\0\0", 6);
    char *file = wrap("Workbook", &locked, &bytes, false);
    check_fails(file, bytes, TAEL_UNSUPPORTED, "password");
    file = wrap("EncryptedPackage", &wrapped, &bytes, false);
    check_fails(file, bytes, TAEL_UNSUPPORTED, "password");
    file = wrap("WordDocument", &letter, &bytes, false);
    check_fails(file, bytes, TAEL_UNSUPPORTED, ".xlsx");
}

static void hostile_workbooks_end(void **state)
{
    (void)state;
    tael__buffer b = {.max = 1 << 20}, twice = {.max = 1 << 20}, shared = {.max = 1 << 20};
    size_t place, other, bytes;
    put_begin(&b, 0x600, 5);
    char *file = wrap("Workbook", &b, &bytes, true); /* its chain has no end */
    check_fails(file, bytes, TAEL_CORRUPT, "damaged");
    put_begin(&twice, 0x600, 5);
    put_sheet_place(&twice, &other);
    put_sheet_place(&twice, &place);
    begin_sheet(&twice, place, 0x600);
    memcpy(twice.data + other, twice.data + place, 4);
    for (unsigned i = 0; i < 250; i++) put_double(&twice, i, 0, 0, i);
    put_record(&twice, 0x0A, "", 0);
    file = wrap("Workbook", &twice, &bytes, false); /* two sheets that are the same bytes */
    check_fails(file, bytes, TAEL_CORRUPT, "damaged");
    put_begin(&shared, 0x600, 5);
    put_sheet_place(&shared, &place);
    begin_sheet(&shared, place, 0x600);
    put_cell(&shared, 0xFD, 0, 0, 0, "\xFF\xFF\xFF\x7F", 4); /* a text that isn't there */
    put_record(&shared, 0x0A, "", 0);
    file = wrap("Workbook", &shared, &bytes, false);
    check_fails(file, bytes, TAEL_CORRUPT, "damaged");
}

/* Cut anywhere, and with bytes changed by a fixed sequence: an end, a sentence, and never half a bill. */
static void damaged_samples_fail_or_read_whole(void **state)
{
    (void)state;
    static const char *const samples[] = {"ledger/data/ccb-debit-2025.xls", "ledger/data/feidee-web.xls"};
    for (size_t i = 0; i < 2; i++) {
        size_t bytes;
        char *data = fixture(samples[i], &bytes);
        tael__workbook book;
        for (size_t n = 8; n < bytes; n += 61)
            if (tael__biff_read(&book, "cut", data, n) == TAEL_OK) tael__workbook_free(&book);
        uint32_t seed = 12345;
        for (int round = 0; round < 3000; round++) {
            seed = seed * 1664525 + 1013904223;
            size_t at = seed % bytes;
            char was = data[at];
            data[at] = (char)(seed >> 24);
            if (tael__biff_read(&book, "bent", data, bytes) == TAEL_OK)
                tael__workbook_free(&book);
            else
                assert_true(tael_error()[0]);
            data[at] = was;
        }
        free(data);
    }
}

static void a_zip_may_hold_them(void **state)
{
    (void)state;
    size_t book_bytes, text_bytes, bytes;
    char *book = fixture("ledger/data/ccb-debit-2025.xls", &book_bytes);
    char *text = fixture("ledger/data/hxsec-tsv.xls", &text_bytes);
    const member members[] = {{.name = "a.xls", .data = book, .bytes = book_bytes},
                              {.name = "b.XLS", .data = text, .bytes = text_bytes}};
    char *zip = make_zip(&bytes, members, 2, NULL);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael__ledger_import_bytes(ledger, "t.zip", zip, bytes, NULL, &report));
    assert_int_equal(report.bill_count, 2);
    assert_int_equal(report.imported, 6 + 13);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 70326 + 57);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    tael__free(zip);
    free(book);
    free(text);
}

/* The nth allocation fails, once and from then on: the right status, a sentence, nothing kept. */
static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    size_t bytes;
    char *data = fixture("ledger/data/feidee-web.xls", &bytes);
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        tael_status status = TAEL_NO_MEMORY;
        for (uint64_t n = 1; status != TAEL_OK; n++) {
            tael_ledger *ledger = memory_ledger();
            tael_import_report report;
            tael__alloc_break(n, from_then_on);
            status = tael__ledger_import_bytes(ledger, "t.xls", data, bytes, NULL, &report);
            tael__alloc_break(0, false);
            assert_true(status == TAEL_NO_MEMORY || status == TAEL_OK);
            assert_int_equal(row_count(ledger), status == TAEL_OK ? 8 : 0);
            tael_import_report_free(&report);
            tael_ledger_close(ledger);
            assert_true(n < 2000);
        }
    }
    free(data);
}

/* ---- Texts that are named .xls ---- */

static void check_text(const char *text, const char *format, int64_t spent, int64_t income)
{
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, text, &report);
    if (report.skipped_count) fail_msg("line %u: %s", report.skipped[0].line, report.skipped[0].reason);
    assert_string_equal(report.format, format);
    assert_int_equal(total(ledger, TAEL_EXPENSE), spent);
    assert_int_equal(total(ledger, TAEL_INCOME), income);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void tables_of_tabs_and_of_tags_are_read(void **state)
{
    (void)state;
    check_text(
        "日期\t摘要\t收入\t支出\t余额\n=\"20260901\"\t\"面馆\"\t\t12.00\t1.00\n20260902\t工资\t\"1,900.00\"\t\t1.00\n",
        "generic", 1200, 190000);
    check_text(
        "<html><head><style>td {}</style></head><body><p>6222 的明细</p><table border=1>\n"
        "<tr><th>交易日期</th><th>摘要</th><th>收入</th><th>支出</th></tr>\n"
        "<tr><td>2026-09-01</td><td><b>面&amp;馆</b><br>午饭</td><td>&nbsp;</td><td align='right'>12.00</td></tr>\n"
        "<TR><TD>2026-09-02<TD>工资<TD>900.00<TD>\n<tr><td>2026-09-03<td>书<td><td>3.00</table></body></html>",
        "generic", 1500, 90000);
    check_text("<?xml version=\"1.0\"?><Workbook xmlns:ss=\"urn:x\"><Worksheet ss:Name=\"a\"><Table>\n"
               "<Row><Cell><Data ss:Type=\"String\">日期</Data></Cell><Cell><Data ss:Type=\"String\">摘要</Data></Cell>"
               "<Cell><Data ss:Type=\"String\">金额</Data></Cell></Row>\n"
               "<Row><Cell><Data ss:Type=\"DateTime\">2026-09-01T08:12:37.000</Data></Cell>"
               "<Cell ss:Index=\"3\"><Data ss:Type=\"Number\">12.5</Data></Cell></Row></Table></Worksheet></Workbook>",
               "generic", 1250, 0);
}

/* A shape is known by all of its rows: one that differs, and nobody guesses. */
static void a_file_without_a_header_is_known_by_all_its_rows(void **state)
{
    (void)state;
    static const char *const others[] = {"05/01/2023,A,1.96,,13.04\n13/01/2023,B,1.00,,12.00\n", /* no month first */
                                         "05/01/2023,A,1.96,,13.04\n05/02/2023,B,1.00,2.00,12.00\n",
                                         "05/01/2023,A,1.96,,13.04\n05/02/2023,B,,,12.00\n",
                                         "05/01/2023,A,1.96,,13.04,\n", "05/01/2023,店,1.96,,13.04\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_status(tael__ledger_import_bytes(ledger, "t", others[i], strlen(others[i]), NULL, &report),
                      TAEL_UNSUPPORTED);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_dates_and_formulas_read_as_a_csv_has_them),
        cmocka_unit_test(shared_texts_go_on_in_other_records),
        cmocka_unit_test(the_workbooks_before_unicode_are_read),
        cmocka_unit_test(records_alone_are_a_sheet),
        cmocka_unit_test(a_password_and_a_document_are_named),
        cmocka_unit_test(hostile_workbooks_end),
        cmocka_unit_test(damaged_samples_fail_or_read_whole),
        cmocka_unit_test(a_zip_may_hold_them),
        cmocka_unit_test(without_memory_nothing_is_kept),
        cmocka_unit_test(tables_of_tabs_and_of_tags_are_read),
        cmocka_unit_test(a_file_without_a_header_is_known_by_all_its_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
