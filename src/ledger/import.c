// SPDX-License-Identifier: Apache-2.0
// A bill into the ledger: cut into rows, decoded row by row, its format told by the names in the header, each row
// stored once, refunds joined; all in one transaction, so that a bill is in whole or not at all. What can't be read is
// reported with its line; import/ holds one file a format, and what opens zips and workbooks.
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "base/utf8.h"
#include "ledger/import/charset.h"
#include "ledger/import/container.h"
#include "ledger/import/csv.h"
#include "ledger/import/workbook.h"
#include "ledger/report.h"
#include "ledger/rows.h"

#define PROGRESS_ROWS 2000 /* rows between two calls of progress: a few milliseconds */

static const tael__importer *const importers[] = {
#define IMPORTER(name) &tael__importer_##name,
#include "ledger/import/importers.inc"
#undef IMPORTER
};
#define IMPORTER_COUNT (sizeof importers / sizeof *importers)

typedef struct job {
    const char *name; /* of the file, for sentences */
    tael_import_options options;
    tael_import_report *report;
    uint32_t sheet;                 /* of a workbook, from 1; 0: a text */
    const tael__importer *importer; /* NULL: looking for a header */
    bool ever;                      /* a header was found */
    int at[TAEL__COLUMN_COUNT];     /* where each column stands, or -1 */
    size_t columns;                 /* named cells of the header */
    size_t widest;                  /* all its cells; Alipay's rows and header end in a comma */
    size_t needed;                  /* cells that a row can't do without */
    uint32_t preamble;              /* rows passed since the start or the last table */
    tael__charset charset;          /* of the header */
    int64_t exported_ms;
    bool changed; /* something in the store did */
    tael__csv csv;
    tael__decoder decoder;
    tael__rows rows;
} job;

/* ---- The header ---- */

/* The cells of a decoded row: pointers into its NUL-separated text. */
static size_t split(const char **cell, const char *text, size_t bytes)
{
    size_t n = 0;
    for (const char *end = text + bytes; text < end && n < TAEL__MAX_CSV_FIELDS; text += strlen(text) + 1)
        cell[n++] = text;
    return n;
}

/* Column names differ by blanks and by the width of their brackets: 金额（元） and 金额(元) are one. */
static bool same_name(const char *cell, const char *name)
{
    while (*cell && *name) {
        const char *wide = NULL;
        if (*cell == ' ') {
            cell++;
            continue;
        }
        if (*name == '(') wide = "（";
        if (*name == ')') wide = "）";
        if (wide && tael__starts_with(cell, wide)) {
            cell += strlen(wide);
            name++;
        } else if (*cell++ != *name++) {
            return false;
        }
    }
    while (*cell == ' ') cell++;
    return *cell == '\0' && *name == '\0';
}

static bool match_header(job *j, const tael__importer *importer, const char *const *cell, size_t count)
{
    int at[TAEL__COLUMN_COUNT];
    size_t needed = 0;
    for (size_t i = 0; i < TAEL__COLUMN_COUNT; i++) at[i] = -1;
    for (size_t c = 0; c < importer->column_count; c++) {
        const tael__column_name *column = &importer->columns[c];
        for (size_t i = 0; i < count && at[column->column] < 0; i++)
            if (same_name(cell[i], column->name)) at[column->column] = (int)i;
        if (at[column->column] < 0 && column->required) return false;
        if (column->required && (size_t)at[column->column] + 1 > needed) needed = (size_t)at[column->column] + 1;
    }
    memcpy(j->at, at, sizeof at);
    j->needed = needed;
    j->widest = count;
    for (j->columns = count; j->columns > 0 && cell[j->columns - 1][0] == '\0'; j->columns--) {
    } /* rows may end in a comma */
    j->importer = importer;
    return true;
}

/* "导出时间：[2026-11-21 08:12:37]": tells which of two exports knows more. */
static void find_export_time(job *j, const char *text)
{
    char time[20];
    const char *at = strstr(text, "导出时间");
    if (!at) return;
    at += strcspn(at, "0123456789");
    if (strlen(at) < 19) return;
    memcpy(time, at, 19);
    time[19] = '\0';
    if (!tael__parse_time(&j->exported_ms, time)) j->exported_ms = 0;
}

static tael_status look_for_header(job *j, const tael__csv_row *row)
{
    char *text;
    size_t bytes;
    tael__charset charset;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    j->preamble++;
    if (row->fault != TAEL__CSV_FINE) return TAEL_OK;
    TAEL_TRY(tael__decode(&j->decoder, row->text, row->bytes, &text, &bytes, &charset));
    if (charset == TAEL__CHARSET_NONE) return TAEL_OK;
    find_export_time(j, text);
    size_t count = split(cell, text, bytes);
    for (size_t i = 0; i < IMPORTER_COUNT; i++) {
        if (j->options.format && strcmp(j->options.format, importers[i]->name) != 0) continue;
        if (!match_header(j, importers[i], cell, count)) continue;
        j->ever = true;
        j->charset = charset;
        snprintf(j->report->format, sizeof j->report->format, "%s", importers[i]->name);
        break;
    }
    return TAEL_OK;
}

/* ---- Rows ---- */

static const char *fault_reason(tael__csv_fault fault)
{
    switch (fault) {
    case TAEL__CSV_NUL: return TAEL_SAY("it holds a NUL byte", "含有 NUL 字节");
    case TAEL__CSV_TOO_LONG: return TAEL_SAY("the row is too long", "该行过长");
    case TAEL__CSV_TOO_WIDE: return TAEL_SAY("the row has too many fields", "该行字段过多");
    default: return NULL;
    }
}

static bool only_blanks(const tael__csv_row *row)
{
    return row->bytes == row->count; /* nothing but the fields' NULs */
}

/* A decoded row's cells by column. NULL or the reason to skip it. */
static const char *lay_out(const job *j, const tael__csv_row *row, tael__cells *cells, const char *text, size_t bytes,
                           tael__charset charset)
{
    const char *cell[TAEL__MAX_CSV_FIELDS];
    size_t count = split(cell, text, bytes);
    if (count < j->needed || (!row->ended && count < j->columns))
        return row->ended ? TAEL_SAY("the row has too few fields", "该行字段不足")
                          : TAEL_SAY("the file's last row is cut", "文件的最后一行不完整");
    /* A comma that nobody quoted moves the cells behind it: 1,234.56 would read as 1. A sheet's cells have their
     * places, and what its owner noted beside the table is no part of it. */
    if (count > j->widest && j->sheet == 0)
        return TAEL_SAY("the row has too many fields: a comma inside one", "该行字段过多：某个字段中含有逗号");
    for (size_t i = 0; i < TAEL__COLUMN_COUNT; i++) {
        cells->text[i] = j->at[i] >= 0 && (size_t)j->at[i] < count ? cell[j->at[i]] : "";
        if (strlen(cells->text[i]) > TAEL__MAX_FIELD_BYTES) return TAEL_SAY("a field is too long", "有字段过长");
    }
    cells->names = j->importer->columns;
    /* A damaged row may be valid in the other encoding by accident; its direction then is no word that we know. */
    if (charset != j->charset && cells->text[TAEL__COL_DIRECTION][0] == '\0')
        return TAEL_SAY("its encoding isn't that of the file", "该行的编码与文件不同");
    return NULL;
}

static tael_status store_row(job *j, const tael__csv_row *row, const char **reason)
{
    char *text;
    size_t bytes;
    tael__charset charset;
    tael__cells cells;
    tael__bill_row bill;
    tael__stored stored;
    TAEL_TRY(tael__decode(&j->decoder, row->text, row->bytes, &text, &bytes, &charset));
    if (charset == TAEL__CHARSET_NONE) {
        *reason = TAEL_SAY("its bytes are neither UTF-8 nor GB18030", "该行既不是 UTF-8 也不是 GB18030");
        return TAEL_OK;
    }
    *reason = lay_out(j, row, &cells, text, bytes, charset);
    if (!*reason) *reason = j->importer->next_row(&cells, &bill);
    if (*reason) return TAEL_OK;
    TAEL_TRY(tael__rows_put(&j->rows, j->importer->name, &bill, j->exported_ms, &stored));
    if (stored == TAEL__STORED_NEW)
        j->report->imported++;
    else
        j->report->duplicates++;
    j->changed |= stored != TAEL__STORED_KNOWN;
    return TAEL_OK;
}

/* One row of the table. A quote left open may have glued lines together: then each line is read by itself. */
static tael_status take_row(job *j, const tael__csv_row *row)
{
    if (row->lines > 1 && (row->fault != TAEL__CSV_FINE || row->count < j->columns || row->count > j->widest)) {
        tael__csv_row alone;
        tael__csv_back(&j->csv, row);
        tael__csv_next(&j->csv, &alone, false);
        return take_row(j, &alone);
    }
    if (only_blanks(row)) return TAEL_OK;
    if (row->bytes >= 4 &&
        memcmp(row->text, "----", 4) == 0) { /* the notes after the table; another table may follow */
        j->importer = NULL;
        j->preamble = 0;
        return TAEL_OK;
    }
    const char *reason = fault_reason(row->fault);
    j->report->rows++;
    if (!reason) TAEL_TRY(store_row(j, row, &reason));
    if (reason) TAEL_TRY(tael__report_skip(j->report, j->sheet, row->line, reason));
    return TAEL_OK;
}

static tael_status tell_progress(const job *j)
{
    if (!j->options.progress || j->options.progress(j->csv.at, j->csv.bytes, j->options.user) == 0) return TAEL_OK;
    return tael__fail(
        TAEL_CANCELLED,
        TAEL_SAY("%s: the import was cancelled; nothing of it was kept", "%s：导入已取消；没有保留任何内容"), j->name);
}

static tael_status read_rows(job *j)
{
    tael__csv_row row;
    uint64_t n = 0;
    /* Outside a table lines are lines: a stray quote in the notes must not swallow the header. */
    while (tael__csv_next(&j->csv, &row, j->importer != NULL)) {
        if (j->importer) {
            TAEL_TRY(take_row(j, &row));
        } else {
            TAEL_TRY(look_for_header(j, &row));
            if (!j->importer && j->preamble >= TAEL__MAX_PREAMBLE_LINES) break;
        }
        if (++n % PROGRESS_ROWS == 0) TAEL_TRY(tell_progress(j));
    }
    return tell_progress(j);
}

/* ---- The whole ---- */

static tael_status fail_unknown(const job *j)
{
    char list[512] = "";
    for (size_t i = 0, n = 0; i < IMPORTER_COUNT && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? ", " : "", importers[i]->what);
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: no bill that Tael knows: no line names its columns; export it again from the app. Tael reads: %s",
                 "%s：不是 Tael 认识的账单：没有找到表头；请从应用中重新导出。Tael 支持：%s"),
        j->name, list);
}

static tael_status log_import(tael_ledger *ledger, const tael_import_report *report)
{
    sqlite3_stmt *s;
    const char *doing = TAEL_SAY("writing", "写入");
    TAEL_TRY(
        tael__sql_prepare(ledger, &s, "INSERT INTO imports(imported_ms,format,rows,added) VALUES(?1,?2,?3,?4)", doing));
    sqlite3_bind_int64(s, 1, tael__clock_wall_ms());
    sqlite3_bind_text(s, 2, report->format, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)report->rows);
    sqlite3_bind_int64(s, 4, (int64_t)report->imported);
    tael_status status = tael__sql_run(ledger, s, doing);
    sqlite3_finalize(s);
    return status;
}

/* A full disk: the log holds nothing but the refused bill, so cutting it gives the space back. */
static tael_status give_back_space(tael_ledger *ledger, tael_status status)
{
    char sentence[TAEL__MAX_ERROR_BYTES];
    snprintf(sentence, sizeof sentence, "%s", tael_error());
    sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    tael__error_set(sentence);
    return status;
}

/* One text, or one sheet of a workbook. Rows without an id that are equal in two sheets are one: a sheet is often a
 * copy of another, and within a sheet they are two. */
static tael_status read_table(job *j, tael_ledger *ledger, const char *data, size_t bytes, uint32_t sheet)
{
    j->sheet = sheet;
    j->importer = NULL;
    j->preamble = 0;
    tael_status status = tael__csv_open(&j->csv, data, bytes);
    if (status == TAEL_OK) status = tael__rows_open(&j->rows, ledger);
    if (status == TAEL_OK) {
        status = read_rows(j);
        tael__rows_close(&j->rows);
    }
    tael__csv_close(&j->csv);
    return status;
}

/* What the bytes of a bill turned out to be. */
typedef struct content {
    const char *text; /* borrowed, or */
    char *converted;  /* owned; */
    size_t bytes;     /* of either */
    tael__workbook workbook;
} content;

static tael_status read_tables(job *j, tael_ledger *ledger, const content *c)
{
    if (c->text) return read_table(j, ledger, c->text, c->bytes, 0);
    for (size_t i = 0; i < c->workbook.count; i++) {
        const tael__workbook_sheet *sheet = &c->workbook.sheet[i];
        TAEL_TRY(read_table(j, ledger, sheet->csv, sheet->bytes, sheet->number));
    }
    return TAEL_OK;
}

static tael_status import_tables(job *j, tael_ledger *ledger, const content *c)
{
    /* What the log holds goes into the store while there is space; without waiting for readers, who may keep it there.
     */
    sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    TAEL_TRY(tael__sql_begin(ledger));
    tael_status status = read_tables(j, ledger, c);
    if (status == TAEL_OK && !j->ever) status = fail_unknown(j);
    if (status == TAEL_OK && j->changed) status = tael__ledger_join_refunds(ledger);
    if (status == TAEL_OK) status = log_import(ledger, j->report);
    if (status == TAEL_OK && j->options.dry_run) return tael__sql_exec(ledger, "ROLLBACK", TAEL_SAY("undoing", "撤销"));
    status = tael__sql_end(ledger, status);
    return status == TAEL_NO_SPACE ? give_back_space(ledger, status) : status;
}

/* Excel's format of 1997, and the wrapping of any workbook with a password, start alike (OLE 2). */
static bool old_workbook(const char *data, size_t bytes)
{
    return bytes >= 8 && memcmp(data, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8) == 0;
}

static tael_status read_workbook(content *c, const char *name, const char *data, size_t bytes, const char *password,
                                 uint64_t *left)
{
    tael__archive archive;
    TAEL_TRY(tael__archive_open(&archive, name, data, bytes, password, left));
    tael_status status = TAEL_OK;
    if (tael__workbook_like(&archive))
        status = tael__workbook_read(&c->workbook, &archive);
    else
        status = tael__fail(TAEL_UNSUPPORTED,
                            TAEL_SAY("%s: a zip inside a zip; unpack the outer one and import this by itself",
                                     "%s：压缩包中的压缩包；请先解压外层，再单独导入它"),
                            name);
    tael__archive_close(&archive);
    return status;
}

/* Workbooks are read before the transaction begins: others needn't wait for XML. */
static tael_status read_content(content *c, const char *name, const char *data, size_t bytes, const char *password,
                                uint64_t *left)
{
    size_t skip_bytes = 0;
    *c = (content){0};
    if (old_workbook(data, bytes))
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: a workbook in Excel's old format (.xls), or one with a password; open it, save "
                                   "it as .xlsx or CSV without one and import that",
                                   "%s：旧格式（.xls）或带密码的工作簿；请打开后另存为不带密码的 .xlsx 或 CSV 再导入"),
                          name);
    if (tael__archive_like(data, bytes)) return read_workbook(c, name, data, bytes, password, left);
    TAEL_TRY(tael__charset_mark(data, bytes, &skip_bytes, &c->converted, &c->bytes));
    c->text = c->converted ? c->converted : data + skip_bytes;
    if (!c->converted) c->bytes = bytes - skip_bytes;
    return TAEL_OK;
}

tael_status tael__ledger_import_bill(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                                     const tael_import_options *options, tael_import_report *report, uint64_t *left)
{
    job j = {.name = name, .options = *options, .report = report};
    content c;
    TAEL_TRY(tael__report_open(report));
    tael_status status = read_content(&c, name, data, bytes, options->password, left);
    if (status == TAEL_OK) status = import_tables(&j, ledger, &c);
    tael__decoder_close(&j.decoder);
    tael__workbook_free(&c.workbook);
    tael__free(c.converted);
    if (status != TAEL_OK) report->imported = report->duplicates = 0; /* nothing of it was kept */
    return status;
}

/* The caller's options, which may be older and shorter, as ours. */
static tael_status check_options(tael_import_options *own, const tael_import_options *options)
{
    size_t known = sizeof *own;
    *own = (tael_import_options){0};
    if (options && options->size == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("import: the options have no size", "导入：选项没有设置 size"));
    if (options) memcpy(own, options, options->size < known ? options->size : known);
    own->size = known;
    const char *format = own->format;
    for (size_t i = 0; format && i < IMPORTER_COUNT; i++)
        if (strcmp(importers[i]->name, format) == 0) format = NULL;
    if (!format) return TAEL_OK;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: no format of that name; use alipay or wechat", "%s：没有这种格式；可用 alipay 或 wechat"),
        format);
}

tael_status tael__ledger_import_bytes(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                                      const tael_import_options *options, tael_import_report *report)
{
    tael_import_options own;
    uint64_t left = TAEL__MAX_UNPACKED_BYTES;
    tael__archive archive;
    *report = (tael_import_report){0};
    TAEL_TRY(check_options(&own, options));
    if (ledger->read_only)
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("%s: the ledger is open for reading only; open it for writing",
                                   "%s：账本以只读方式打开；请以可写方式打开"),
                          ledger->path);
    if (!tael__archive_like(data, bytes))
        return tael__ledger_import_bill(ledger, name, data, bytes, &own, report, &left);
    TAEL_TRY(tael__archive_open(&archive, name, data, bytes, own.password, &left));
    bool workbook = tael__workbook_like(&archive);
    tael_status status = workbook ? TAEL_OK : tael__import_zip(ledger, &archive, &own, report);
    tael__archive_close(&archive);
    return workbook ? tael__ledger_import_bill(ledger, name, data, bytes, &own, report, &left) : status;
}

tael_status tael_ledger_import(tael_ledger *ledger, const char *path, const tael_import_options *options,
                               tael_import_report *report)
{
    char *data;
    size_t bytes;
    if (report) *report = (tael_import_report){0};
    if (!ledger || !path || !report)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("import: a ledger, a path and a report are needed", "导入：需要账本、路径和报告"));
    TAEL_TRY(tael__file_read(&data, &bytes, path, TAEL__MAX_TEXT_FILE_BYTES));
    tael_status status = tael__ledger_import_bytes(ledger, path, data, bytes, options, report);
    tael__free(data);
    return status;
}
