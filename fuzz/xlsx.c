// SPDX-License-Identifier: Apache-2.0
// Any bytes as a workbook's parts: shared strings, styles and a sheet, parted by NUL, which no XML holds; or, when they
// begin as a zip or an old workbook (OLE) does, as a file that somebody imports. Besides "no crash": the CSV that a
// sheet becomes reads back as the lines and fields that were written, none of them cut or glued to another; importing a
// file twice adds nothing.
#include <stdlib.h>
#include <string.h>

#include "ledger/import/archive.h"
#include "ledger/import/biff.h"
#include "ledger/import/csv.h"
#include "ledger/import/sheet.h"
#include "ledger/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static bool known(tael_status status)
{
    return status == TAEL_OK || status == TAEL_CORRUPT || status == TAEL_LIMIT || status == TAEL_UNSUPPORTED ||
           status == TAEL_BAD_INPUT || status == TAEL_BAD_KEY;
}

static tael_status read_xml(const char *text, size_t bytes, const tael__xml_reader *reader, void *user)
{
    tael__xml xml;
    must(tael__xml_open(&xml, reader, user, "fuzz", "part") == TAEL_OK);
    tael_status status = bytes > 0 ? tael__xml_put(&xml, text, bytes) : TAEL_OK;
    if (status == TAEL_OK) status = tael__xml_put(&xml, "", 0);
    tael__xml_close(&xml);
    must(known(status));
    return status;
}

static void check_csv(const tael__sheet *sheet)
{
    tael__csv csv;
    tael__csv_row row;
    uint32_t lines = 0;
    uint64_t fields = 0;
    if (sheet->csv.size == 0) return;
    must(tael__csv_open(&csv, sheet->csv.data, sheet->csv.size) == TAEL_OK);
    while (tael__csv_next(&csv, &row, true)) {
        must(row.ended && row.lines == 1 && row.line == lines + 1);
        must(row.fault == TAEL__CSV_FINE || row.fault == TAEL__CSV_TOO_WIDE);
        lines++;
        fields += row.count;
    }
    tael__csv_close(&csv);
    must(lines == sheet->lines && fields == sheet->fields);
}

static void read_parts(const char *text, size_t bytes)
{
    static tael__styles_job styles;
    const char *part[3] = {"", "", ""};
    size_t length[3] = {0};
    tael__book book = {0};
    for (int i = 0; i < 3; i++) {
        const char *end = i < 2 ? memchr(text, 0, bytes) : NULL;
        part[i] = text;
        length[i] = end ? (size_t)(end - text) : bytes;
        bytes -= length[i] + (end != NULL);
        text += length[i] + (end != NULL);
    }
    tael__strings_job strings = {.book = &book, .file = "fuzz"};
    tael__sheet sheet = {.book = &book, .file = "fuzz", .part = "sheet", .csv = {.max = (size_t)1 << 22}};
    styles = (tael__styles_job){.book = &book, .file = "fuzz"};
    read_xml(part[0], length[0], &tael__strings_reader, &strings);
    read_xml(part[1], length[1], &tael__styles_reader, &styles);
    /* What stands before a fault was written whole, too. */
    if (read_xml(part[2], length[2], &tael__sheet_reader, &sheet) != TAEL_LIMIT) check_csv(&sheet);
    tael__sheet_free(&sheet);
    tael__book_free(&book);
}

static void import_twice(const char *text, size_t bytes)
{
    static tael_ledger *ledger; /* opened once; each input starts with an empty one */
    tael_import_report first, second;
    tael_import_options options = {.size = sizeof options, .password = "123456"};
    if (!ledger) must(tael__ledger_open_memory(&ledger) == TAEL_OK);
    tael_status status = tael__ledger_import_bytes(ledger, "fuzz", text, bytes, &options, &first);
    must(known(status));
    must(tael__ledger_import_bytes(ledger, "fuzz", text, bytes, &options, &second) == status);
    must(second.imported == 0 && second.rows == first.rows && second.bill_count == first.bill_count);
    tael_import_report_free(&first);
    tael_import_report_free(&second);
    must(tael__sql_exec(ledger, "DELETE FROM records; DELETE FROM imports", "fuzz") == TAEL_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    if (size > 65536) return 0;
    if (tael__archive_like(text, size) || tael__biff_like(text, size))
        import_twice(text, size);
    else
        read_parts(text, size);
    return 0;
}
