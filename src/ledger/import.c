// SPDX-License-Identifier: Apache-2.0
// A bill into the ledger: cut into rows, decoded row by row, its format told by the names in the header, each row
// stored once, refunds joined, rows of other sources matched; all in one transaction, so that a bill is in whole or not
// at all. What can't be read is reported with its line; import/ holds one file a format, and what opens zips and
// workbooks.
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "ledger/bulk.h"
#include "ledger/import/biff.h"
#include "ledger/import/container.h"
#include "ledger/import/mapping.h"
#include "ledger/import/table.h"
#include "ledger/import/workbook.h"
#include "ledger/match.h"
#include "ledger/report.h"
#include "ledger/restore.h"
#include "ledger/rows.h"

#define LARGE_BILL    ((size_t)4 << 20) /* some 30,000 rows: from there on indexes are made at the end */
#define PROGRESS_ROWS 2000              /* rows between two calls of progress: a few milliseconds */

typedef struct job {
    const char *name; /* of the file, for sentences */
    tael_import_options options;
    tael_import_report *report;
    tael__table table; /* its importer is NULL while we look for a header */
    bool ever;         /* a header was found */
    uint32_t preamble; /* rows passed since the start or the last table */
    bool changed;      /* something in the store did */
    bool alone;        /* the ledger was empty, and one wallet or shop wrote all: no row has a partner */
    tael__csv csv;
    tael__decoder decoder;
    tael__rows rows;
    tael__mapping mapping; /* what the owner said, now or for such a header before */
    bool mapping_given;    /* now */
    tael__amounts amounts; /* of the rows that were stored or changed */
    char scratch[TAEL__MAX_FIELD_BYTES + 1];
} job;

/* ---- The header ---- */

/* A table whose columns the owner told or Tael guesses: shown, and what these bytes gave when read otherwise goes. */
static tael_status open_guessed(job *j, const char *const *cell)
{
    char mapping[TAEL__MAPPING_BYTES], reading[64];
    uint8_t hash[TAEL__HEADER_HASH_BYTES];
    uint64_t gone;
    tael__table_describe(&j->table, cell, mapping, sizeof mapping);
    tael__report_mapping(j->report, mapping);
    tael__hash_bytes(hash, j->csv.data, j->csv.bytes);
    snprintf(reading, sizeof reading, "%s %d %d", j->table.facts.layout, (int)j->table.facts.sign,
             (int)j->table.facts.order);
    TAEL_TRY(tael__guess_open(j->rows.ledger, hash, reading, &j->rows.guess, &gone));
    j->report->replaced += gone;
    j->changed |= gone > 0;
    return TAEL_OK;
}

/* What the owner says about columns comes before what Tael knows; what was said before, unless a format is asked for.
 */
static tael_status look_for_mapped(job *j, const char *const *cell, size_t count, bool *found)
{
    tael_ledger *ledger = j->rows.ledger;
    *found = j->mapping_given;
    if (!*found && !j->options.format) TAEL_TRY(tael__mapping_find(ledger, &j->mapping, found, cell, count));
    *found = *found && tael__mapping_match(&j->mapping, &j->table, cell, count);
    if (*found) j->report->mapped = true;
    return *found && j->mapping_given ? tael__mapping_keep(ledger, &j->mapping, cell, count) : TAEL_OK;
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
    size_t count = tael__table_split(cell, text, bytes);
    if (!j->mapping_given && j->preamble == 1 && j->table.sheet == 0 &&
        tael__table_shape(&j->table, &j->csv, row, cell, count, j->options.format)) {
        j->ever = true;
        j->table.charset = charset;
        snprintf(j->report->format, sizeof j->report->format, "%s", j->table.importer->name);
        return TAEL_OK;
    }
    tael__table_note(&j->table, cell, count);
    bool found;
    TAEL_TRY(look_for_mapped(j, cell, count, &found));
    if (!found && j->mapping_given) return TAEL_OK;
    if (!found && !tael__table_match(&j->table, cell, count, row->line, j->options.format)) return TAEL_OK;
    if (j->ever && strcmp(j->report->format, j->table.importer->name) != 0) j->alone = false;
    if (tael__level_of(j->table.importer->name) < TAEL__LEVEL_WALLET) j->alone = false;
    j->ever = true;
    j->table.charset = charset;
    snprintf(j->report->format, sizeof j->report->format, "%s", j->table.importer->name);
    if (j->table.importer->open_dates) TAEL_TRY(tael__table_survey(&j->table, &j->csv, j->name));
    j->rows.guess = 0;
    return j->table.importer->guessed ? open_guessed(j, cell) : TAEL_OK;
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

/* What a broker keeps of a trade is spent, the rest isn't: two records of one row, which counts once. */
static tael_status store_fee(job *j, const tael__bill_row *trade)
{
    tael__bill_row fee = *trade;
    tael__stored stored;
    fee.direction = TAEL_EXPENSE;
    fee.kind = TAEL__PLAIN;
    fee.minor = trade->fee_minor;
    fee.category = "手续费";
    fee.type = "手续费";
    return tael__rows_put(&j->rows, j->table.importer->name, &fee, j->table.exported_ms, &stored);
}

static tael_status store_row(job *j, const tael__csv_row *row, const char **reason)
{
    char *text;
    size_t bytes;
    tael__charset charset;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    tael__cells cells = {.scratch = j->scratch};
    tael__bill_row bill;
    tael__stored stored;
    TAEL_TRY(tael__decode(&j->decoder, row->text, row->bytes, &text, &bytes, &charset));
    if (charset == TAEL__CHARSET_NONE) {
        *reason = TAEL_SAY("its bytes are neither UTF-8 nor GB18030", "该行既不是 UTF-8 也不是 GB18030");
        return TAEL_OK;
    }
    size_t count = tael__table_split(cell, text, bytes);
    if (tael__table_is_footer(&j->table, cell, count)) {
        j->report->rows--; /* a sum of rows is none */
        return TAEL_OK;
    }
    *reason = tael__table_lay_out(&j->table, &cells, cell, count, row->ended, charset);
    if (!*reason) *reason = j->table.importer->next_row(&cells, &bill);
    if (*reason) return TAEL_OK;
    TAEL_TRY(tael__rows_put(&j->rows, j->table.importer->name, &bill, j->table.exported_ms, &stored));
    if (stored == TAEL__STORED_NEW)
        j->report->imported++;
    else
        j->report->duplicates++;
    if (stored != TAEL__STORED_KNOWN) {
        j->changed = true;
        TAEL_TRY(tael__amounts_add(&j->amounts, bill.minor));
    }
    return bill.fee_minor > 0 ? store_fee(j, &bill) : TAEL_OK;
}

/* One row of the table. A quote left open may have glued lines together: then each line is read by itself. */
static tael_status take_row(job *j, const tael__csv_row *row)
{
    size_t widest = j->table.cells + j->table.importer->spare;
    if (row->lines > 1 && (row->fault != TAEL__CSV_FINE || row->count < j->table.named || row->count > widest)) {
        tael__csv_row alone;
        tael__csv_back(&j->csv, row);
        tael__csv_next(&j->csv, &alone, false);
        return take_row(j, &alone);
    }
    if (only_blanks(row)) return TAEL_OK;
    /* A line of dashes and nothing else: the notes after the table; another table may follow. */
    if (row->bytes >= 4 && memcmp(row->text, "----", 4) == 0 && strlen(row->text) + row->count == row->bytes) {
        j->table.importer = NULL;
        j->preamble = 0;
        return TAEL_OK;
    }
    const char *reason = fault_reason(row->fault);
    j->report->rows++;
    if (!reason) TAEL_TRY(store_row(j, row, &reason));
    if (reason) TAEL_TRY(tael__report_skip(j->report, j->table.sheet, row->line, reason));
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
    while (tael__csv_next(&j->csv, &row, j->table.importer != NULL)) {
        if (j->table.importer) {
            TAEL_TRY(take_row(j, &row));
        } else {
            TAEL_TRY(look_for_header(j, &row));
            if (!j->table.importer && j->preamble >= TAEL__MAX_PREAMBLE_LINES) break;
        }
        if (++n % PROGRESS_ROWS == 0) TAEL_TRY(tell_progress(j));
    }
    return tell_progress(j);
}

/* ---- The whole ---- */

/* All that Tael reads: names for --as, or what people call them. */
static void list_formats(char *list, size_t bytes, bool names)
{
    const tael__importer *importer;
    const char *last = "";
    *list = '\0';
    for (size_t i = 0, n = 0; (importer = tael__importer_at(i)) && n < bytes; i++) {
        const char *text = names ? importer->name : importer->what;
        if (strcmp(text, last) != 0) n += (size_t)snprintf(list + n, bytes - n, "%s%s", i ? ", " : "", text);
        last = text;
    }
}

static tael_status fail_unknown(const job *j)
{
    char list[2048];
    if (j->mapping_given)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: no line names all the columns of the mapping; write them as the file's header "
                                   "has them",
                                   "%s：没有一行包含列映射中的全部列名；请按文件表头的写法填写"),
                          j->name);
    list_formats(list, sizeof list, false);
    if (j->table.near.importer)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: line %u looks like %s but has no column %s; export the bill again, with all its columns",
                     "%s：第 %u 行像是 %s，但缺少“%s”列；请重新导出完整的账单"),
            j->name, j->table.near.line, j->table.near.importer->what, j->table.near.column);
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: no bill that Tael knows: no line names its columns; export it again from the app. Tael reads: %s",
                 "%s：不是 Tael 认识的账单：没有找到表头；请从应用中重新导出。Tael 支持：%s"),
        j->name, list);
}

/* The largest id that was ever given: what comes is above it. */
static tael_status last_id(tael_ledger *ledger, int64_t *id)
{
    return tael__sql_number(ledger, id, "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name='records'),0)",
                            TAEL_SAY("reading", "读取"));
}

/* `before`: the last id before this import. */
static tael_status log_import(tael_ledger *ledger, const tael_import_report *report, int64_t before, bool sample)
{
    sqlite3_stmt *s;
    const char *doing = TAEL_SAY("writing", "写入");
    int64_t last = 0;
    TAEL_TRY(last_id(ledger, &last));
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "INSERT INTO imports(imported_ms,format,rows,added,first_record,last_record,sample)"
                               " VALUES(?1,?2,?3,?4,?5,?6,?7)",
                               doing));
    sqlite3_bind_int64(s, 1, tael__clock_wall_ms());
    sqlite3_bind_text(s, 2, report->format, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, (int64_t)report->rows);
    sqlite3_bind_int64(s, 4, (int64_t)report->imported);
    sqlite3_bind_int64(s, 5, last > before ? before + 1 : 0);
    sqlite3_bind_int64(s, 6, last > before ? last : 0);
    sqlite3_bind_int(s, 7, sample);
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
    j->table.sheet = sheet;
    j->table.importer = NULL;
    j->preamble = 0;
    tael_status status = tael__csv_open(&j->csv, data, bytes);
    if (status == TAEL_OK && sheet == 0)
        (void)(tael__ofx_open(&j->csv) || tael__qif_open(&j->csv) || tael__html_open(&j->csv) ||
               tael__tsv_open(&j->csv));
    if (status == TAEL_OK) status = tael__rows_open(&j->rows, ledger);
    if (status == TAEL_OK) {
        j->rows.categorize = j->options.categorize;
        j->rows.categorize_user = j->options.categorize_user;
        status = read_rows(j);
        if (status == TAEL_OK) status = tael__rows_finish(&j->rows);
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

static tael_status read_sheets(job *j, tael_ledger *ledger, const tael__workbook *workbook)
{
    for (size_t i = 0; i < workbook->count; i++) {
        const tael__workbook_sheet *sheet = &workbook->sheet[i];
        TAEL_TRY(read_table(j, ledger, sheet->csv, sheet->bytes, sheet->number));
    }
    return TAEL_OK;
}

static tael_status read_tables(job *j, tael_ledger *ledger, const content *c)
{
    if (c->text && tael__restore_like(c->text, c->bytes)) {
        j->ever = true;
        j->alone = false;
        j->amounts.all = true;
        return tael__restore(ledger, j->name, c->text, c->bytes, j->report, &j->changed);
    }
    if (c->text) return read_table(j, ledger, c->text, c->bytes, 0);
    /* Beside a known bill its owner's other sheets are made of its rows: a guess at them would count those twice. */
    j->table.sure = j->options.format == NULL;
    TAEL_TRY(read_sheets(j, ledger, &c->workbook));
    if (j->ever || !j->table.sure || j->table.near.importer) return TAEL_OK;
    j->table.sure = false;
    return read_sheets(j, ledger, &c->workbook);
}

/* Keys come in no order, so each row of a large bill touches another page of their index: pages that don't stay in
 * memory are decrypted and encrypted for every row. Most bills need no more than what is set for reading. */
static void set_cache(tael_ledger *ledger, size_t bill_bytes)
{
    char pragma[64];
    size_t kib = bill_bytes / 1024 * 4;
    if (kib < TAEL__READ_CACHE_KIB) kib = TAEL__READ_CACHE_KIB;
    if (kib > 512 * 1024) kib = 512 * 1024;
    snprintf(pragma, sizeof pragma, "PRAGMA cache_size=-%zu", kib);
    sqlite3_exec(ledger->db, pragma, NULL, NULL, NULL); /* without it things are slower, not wrong */
}

/* All of the bill's rows are in the store, and the indexes that find them. */
static tael_status store_tables(job *j, tael_ledger *ledger, const content *c, bool empty)
{
    tael__buffer indexes = {0};
    tael_status status = TAEL_OK;
    if (empty && c->bytes >= LARGE_BILL) status = tael__indexes_drop(ledger, &indexes);
    if (status == TAEL_OK) status = read_tables(j, ledger, c);
    if (status == TAEL_OK && !j->ever) status = fail_unknown(j);
    if (status == TAEL_OK) status = tael__indexes_make(ledger, &indexes);
    tael__buffer_free(&indexes);
    return status;
}

static tael_status import_tables(job *j, tael_ledger *ledger, const content *c)
{
    /* What the log holds goes into the store while there is space; without waiting for readers, who may keep it there.
     */
    sqlite3_wal_checkpoint_v2(ledger->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    set_cache(ledger, c->bytes);
    TAEL_TRY(tael__sql_begin(ledger));
    int64_t rows = 1, before = 0;
    uint64_t gone;
    tael_status status = j->options.sample ? TAEL_OK : tael__ledger_drop_samples(ledger, &gone);
    if (status == TAEL_OK) status = last_id(ledger, &before);
    if (status == TAEL_OK)
        status = tael__sql_number(ledger, &rows, "SELECT EXISTS(SELECT 1 FROM records)", TAEL_SAY("reading", "读取"));
    j->alone = rows == 0;
    if (status == TAEL_OK) status = store_tables(j, ledger, c, rows == 0);
    if (j->alone) tael__amounts_free(&j->amounts);
    if (status == TAEL_OK && j->changed) status = tael__ledger_settle(ledger, &j->amounts);
    if (status == TAEL_OK) status = log_import(ledger, j->report, before, j->options.sample);
    if (status == TAEL_OK && j->options.dry_run)
        status = tael__sql_exec(ledger, "ROLLBACK", TAEL_SAY("undoing", "撤销"));
    else
        status = tael__sql_end(ledger, status);
    set_cache(ledger, 0);
    return status == TAEL_NO_SPACE ? give_back_space(ledger, status) : status;
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
    if (tael__biff_like(data, bytes)) return tael__biff_read(&c->workbook, name, data, bytes);
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
    j.mapping_given = options->mapping != NULL;
    if (j.mapping_given) TAEL_TRY(tael__mapping_parse(&j.mapping, options->mapping));
    tael_status status = read_content(&c, name, data, bytes, options->password, left);
    if (status == TAEL_OK) status = import_tables(&j, ledger, &c);
    tael__decoder_close(&j.decoder);
    tael__amounts_free(&j.amounts);
    tael__workbook_free(&c.workbook);
    tael__free(c.converted);
    if (status != TAEL_OK) report->imported = report->duplicates = report->replaced = 0; /* nothing of it was kept */
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
    for (size_t i = 0; format && tael__importer_at(i); i++)
        if (strcmp(tael__importer_at(i)->name, format) == 0) format = NULL;
    if (!format) return TAEL_OK;
    char list[1024];
    list_formats(list, sizeof list, true);
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: no format of that name; use one of %s", "%s：没有这种格式；可用 %s"), format, list);
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
    struct stat st;
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) return tael__restore_folder(ledger, path, options, report);
    TAEL_TRY(tael__file_read(&data, &bytes, path, TAEL__MAX_TEXT_FILE_BYTES));
    tael_status status = tael__ledger_import_bytes(ledger, path, data, bytes, options, report);
    tael__free(data);
    return status;
}
