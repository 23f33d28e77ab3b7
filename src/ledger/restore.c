// SPDX-License-Identifier: Apache-2.0
// records.csv of `tael export` into a ledger, field by field as it was: columns go by their names, each value is
// checked as any bill's, and the row's key tells whether the ledger has it. Labels come at the end of the transaction.
#include "ledger/restore.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "base/utf8.h"
#include "ledger/import/csv.h"
#include "ledger/learned.h"
#include "ledger/report.h"

#define RESTORING TAEL_SAY("storing a row", "保存记录")

typedef enum shape { NUMBER, TEXT, WAY, KEY } shape;

/* What is read of a row; the rest follows from these (counted, refund_of and refunded_minor from the joins). */
static const struct {
    const char *name;
    shape shape;
    int64_t least, most; /* of a number */
} columns[] = {
    {"key", KEY, 0, 0},
    {"direction", WAY, 0, 0},
    {"time_ms", NUMBER, -62135596800000, 253402300799999}, /* years 1 to 9999 */
    {"offset_minutes", NUMBER, -1080, 1080},
    {"kind", NUMBER, TAEL__PLAIN, TAEL__PAID_CLOSED},
    {"minor", NUMBER, 0, INT64_MAX},
    {"stated_minor", NUMBER, 0, INT64_MAX},
    {"exported_ms", NUMBER, 0, 253402300799999},
    {"said_direction", NUMBER, 0, TAEL_NEUTRAL},
    {"category_id", NUMBER, 0, INT32_MAX},
    {"category_by", NUMBER, 0, TAEL_CATEGORY_BY_OWNER},
    {"currency", TEXT, 0, 0},
    {"source", TEXT, 0, 0},
    {"merchant", TEXT, 0, 0},
    {"item", TEXT, 0, 0},
    {"category", TEXT, 0, 0},
    {"type", TEXT, 0, 0},
    {"method", TEXT, 0, 0},
    {"status", TEXT, 0, 0},
    {"external_id", TEXT, 0, 0},
    {"merchant_order", TEXT, 0, 0},
    {"account", TEXT, 0, 0},
    {"note", TEXT, 0, 0},
    {"brand", TEXT, 0, 0},
};
enum {
    COLUMN_COUNT = sizeof columns / sizeof *columns,
    AT_WAY = 1,
    AT_TIME = 2,
    AT_OFFSET = 3,
    AT_SAID = 8,
    AT_CURRENCY = 11,
    AT_SOURCE = 12
};

static bool starts(const char *data, size_t bytes, const char *head)
{
    size_t n = strlen(head);
    if (bytes >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0) return starts(data + 3, bytes - 3, head);
    return bytes > n && memcmp(data, head, n) == 0 && strchr(",\r\n", data[n]);
}

static const tael__learned *learned_of(const char *data, size_t bytes)
{
    for (size_t i = 0; tael__learned_at(i); i++)
        if (starts(data, bytes, tael__learned_at(i)->head)) return tael__learned_at(i);
    return NULL;
}

bool tael__restore_like(const char *data, size_t bytes)
{
    return starts(data, bytes, TAEL__EXPORT_HEAD) || starts(data, bytes, TAEL__CONSENTS_HEAD) ||
           learned_of(data, bytes);
}

static bool read_number(int64_t *out, const char *text, int64_t least, int64_t most)
{
    char *end;
    size_t digits = strspn(text + (*text == '-'), "0123456789");
    if (digits == 0 || digits > 19) return false;
    long long value = strtoll(text, &end, 10);
    *out = value;
    if (digits == 19 && (value == INT64_MAX || value == INT64_MIN) && strcmp(text, "9223372036854775807") != 0)
        return false;
    return *end == '\0' && value >= least && value <= most;
}

static bool read_way(int64_t *out, const char *text)
{
    static const char *const ways[] = {"", "expense", "income", "neutral"};
    for (*out = TAEL_EXPENSE; *out <= TAEL_NEUTRAL; ++*out)
        if (strcmp(text, ways[*out]) == 0) return true;
    return false;
}

typedef struct restorer {
    tael_ledger *ledger;
    sqlite3_stmt *insert;
    int at[COLUMN_COUNT]; /* the column's field in the file */
} restorer;

/* A text as it was before the export kept it from spreadsheets. */
static const char *plain(const char *text)
{
    return text[0] == '\'' && text[1] && strchr("=+-@'", text[1]) ? text + 1 : text;
}

/* Binds one value; false: it is none. */
static bool bind_value(restorer *r, int i, const char *text, uint8_t key[16], int64_t *number)
{
    size_t n = strlen(text), got = 0;
    const char *end;
    switch (columns[i].shape) {
    case KEY:
        return sodium_hex2bin(key, 16, text, n, NULL, &got, &end) == 0 && got == 16 && *end == '\0' &&
               sqlite3_bind_blob(r->insert, i + 1, key, 16, SQLITE_STATIC) == SQLITE_OK;
    case WAY: return read_way(number, text) && sqlite3_bind_int64(r->insert, i + 1, *number) == SQLITE_OK;
    case NUMBER:
        return read_number(number, text, columns[i].least, columns[i].most) &&
               sqlite3_bind_int64(r->insert, i + 1, *number) == SQLITE_OK;
    default:
        text = plain(text);
        n = strlen(text);
        if (n > TAEL__MAX_FIELD_BYTES || !tael__utf8_valid(text, n)) return false;
        if (i == AT_CURRENCY && (n < 3 || n > 7 || strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != n)) return false;
        if (i == AT_SOURCE && (n == 0 || n > 31)) return false;
        return sqlite3_bind_text(r->insert, i + 1, text, (int)n, SQLITE_STATIC) == SQLITE_OK;
    }
}

static tael_status restore_row(restorer *r, const tael__csv_row *row, const char *const *cell, const char **reason,
                               bool *inserted)
{
    uint8_t key[16];
    int64_t number[COLUMN_COUNT] = {0};
    for (int i = 0; i < COLUMN_COUNT; i++) {
        if (r->at[i] < (int)row->count && bind_value(r, i, cell[r->at[i]], key, &number[i])) continue;
        *reason = i == AT_CURRENCY
                      ? TAEL_SAY("the currency is none of three to seven capital letters", "币种不是三至七位大写字母")
                  : columns[i].shape == TEXT
                      ? TAEL_SAY("a text is too long or no UTF-8", "文字过长或不是 UTF-8")
                      : TAEL_SAY("a number, the direction or the key can't be read", "数字、收支方向或键无法读取");
        return TAEL_OK;
    }
    tael__date date = tael__date_of_ms(number[AT_TIME], (int)number[AT_OFFSET]);
    sqlite3_bind_int64(r->insert, COLUMN_COUNT + 1, tael__days_of(date));
    /* A match made it neutral: it is found again. */
    if (number[AT_SAID]) sqlite3_bind_int64(r->insert, AT_WAY + 1, number[AT_SAID]);
    sqlite3_bind_int64(r->insert, AT_SAID + 1, 0);
    TAEL_TRY(tael__sql_run(r->ledger, r->insert, RESTORING));
    *inserted = sqlite3_changes(r->ledger->db) > 0;
    return TAEL_OK;
}

static size_t split(const char *cell[TAEL__MAX_CSV_FIELDS], const tael__csv_row *row)
{
    const char *at = row->text;
    for (size_t i = 0; i < row->count; i++, at += strlen(at) + 1) cell[i] = at;
    return row->count;
}

/* Where each column stands in the header; TAEL_BAD_INPUT names one that is missing. */
static tael_status find_columns(restorer *r, const char *name, const char *const *cell, size_t count)
{
    for (int i = 0; i < COLUMN_COUNT; i++) {
        r->at[i] = -1;
        for (size_t n = 0; n < count; n++)
            if (strcmp(cell[n], columns[i].name) == 0) r->at[i] = (int)n;
        if (r->at[i] < 0)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("%s: the export has no column %s; export the ledger again with this version",
                                       "%s：导出文件缺少 %s 列；请用当前版本重新导出"),
                              name, columns[i].name);
    }
    return TAEL_OK;
}

static tael_status open_restorer(restorer *r, tael_ledger *ledger)
{
    tael__buffer sql = {.max = 4096};
    *r = (restorer){.ledger = ledger};
    tael__buffer_text(&sql, "INSERT INTO records(");
    for (int i = 0; i < COLUMN_COUNT; i++) tael__buffer_format(&sql, "%s,", columns[i].name);
    tael__buffer_text(&sql, "day,counted,refunded_minor) VALUES(");
    for (int i = 0; i < COLUMN_COUNT; i++) tael__buffer_format(&sql, "?%d,", i + 1);
    /* ?5 kind, ?6 minor, ?7 stated */
    tael__buffer_format(&sql, "?%d,?5<>%d,min(?6,?7)) ON CONFLICT(key) DO NOTHING", COLUMN_COUNT + 1, TAEL__NEVER_PAID);
    tael_status status =
        sql.failed == TAEL_OK ? tael__sql_prepare(ledger, &r->insert, sql.data, RESTORING) : sql.failed;
    tael__buffer_free(&sql);
    return status;
}

static tael_status restore_rows(restorer *r, tael__csv *csv, const char *name, tael_import_report *report)
{
    tael__csv_row row;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    if (!tael__csv_next(csv, &row, true) || row.fault != TAEL__CSV_FINE)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: its header can't be read; export again", "%s：表头无法读取；请重新导出"), name);
    if (strncmp(row.text, "\xEF\xBB\xBF", 3) == 0) row.text += 3;
    TAEL_TRY(find_columns(r, name, cell, split(cell, &row)));
    while (tael__csv_next(csv, &row, true)) {
        const char *reason = row.fault != TAEL__CSV_FINE ? TAEL_SAY("the row can't be read", "该行无法读取")
                             : !row.ended ? TAEL_SAY("the file's last row is cut", "文件最后一行不完整")
                                          : NULL;
        bool inserted = false;
        if (row.bytes == row.count) continue; /* blank */
        report->rows++;
        if (!reason) {
            split(cell, &row);
            TAEL_TRY(restore_row(r, &row, cell, &reason, &inserted));
        }
        if (reason)
            TAEL_TRY(tael__report_skip(report, 0, row.line, reason));
        else if (inserted)
            report->imported++;
        else
            report->duplicates++;
    }
    return TAEL_OK;
}

/* kind,allowed,changed_ms: a no, where the owner of this ledger hasn't decided. */
static tael_status restore_consents(tael_ledger *ledger, tael__csv *csv, tael_import_report *report)
{
    tael__csv_row row;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    sqlite3_stmt *s;
    int64_t changed;
    TAEL_TRY(tael__sql_prepare(
        ledger, &s, "INSERT INTO consents(kind,allowed,changed_ms) VALUES(?1,0,?2) ON CONFLICT DO NOTHING", RESTORING));
    tael_status status = TAEL_OK;
    tael__csv_next(csv, &row, true);
    while (status == TAEL_OK && tael__csv_next(csv, &row, true)) {
        if (row.fault != TAEL__CSV_FINE || split(cell, &row) != 3 || row.bytes == row.count) continue;
        bool known;
        report->rows++;
        if (tael_consent_get(ledger, cell[0], &known) != TAEL_OK || strcmp(cell[1], "0") != 0 ||
            !read_number(&changed, cell[2], 1, INT64_MAX)) {
            status = tael__report_skip(
                report, 0, row.line,
                TAEL_SAY("a yes is for you to say again: tael consent", "同意需由您重新给出：tael consent"));
            continue;
        }
        sqlite3_bind_text(s, 1, cell[0], -1, SQLITE_STATIC);
        sqlite3_bind_int64(s, 2, changed);
        status = tael__sql_run(ledger, s, RESTORING);
        ++*(sqlite3_changes(ledger->db) > 0 ? &report->imported : &report->duplicates);
    }
    sqlite3_finalize(s);
    return status;
}

/* One row of what was taught. */
static tael_status restore_taught(tael_ledger *ledger, const tael__learned *table, sqlite3_stmt *s,
                                  const tael__csv_row *row, tael_import_report *report)
{
    const char *cell[TAEL__MAX_CSV_FIELDS];
    report->rows++;
    size_t count = row->fault == TAEL__CSV_FINE && row->ended ? split(cell, row) : 0;
    for (size_t i = 0; i < count; i++) cell[i] = plain(cell[i]);
    if (!tael__learned_bind(table, s, cell, count))
        return tael__report_skip(report, 0, row->line, TAEL_SAY("the row can't be read", "该行无法读取"));
    TAEL_TRY(tael__sql_run(ledger, s, RESTORING));
    ++*(sqlite3_changes(ledger->db) > 0 ? &report->imported : &report->duplicates);
    return TAEL_OK;
}

static tael_status restore_learned(tael_ledger *ledger, const tael__learned *table, tael__csv *csv,
                                   tael_import_report *report)
{
    tael__csv_row row;
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, table->write, RESTORING));
    tael_status status = TAEL_OK;
    tael__csv_next(csv, &row, true); /* the header */
    while (status == TAEL_OK && tael__csv_next(csv, &row, true))
        if (row.bytes != row.count) status = restore_taught(ledger, table, s, &row, report);
    sqlite3_finalize(s);
    if (status != TAEL_OK || report->imported == 0 || !table->then) return status;
    return tael__sql_exec(ledger, table->then, RESTORING);
}

tael_status tael__restore(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                          tael_import_report *report, bool *settle)
{
    tael__csv csv;
    restorer r = {0};
    memcpy(report->format, "tael", sizeof "tael");
    TAEL_TRY(tael__csv_open(&csv, data, bytes));
    tael_status status;
    const tael__learned *learned = learned_of(data, bytes);
    *settle = learned && learned->settles;
    if (learned) {
        status = restore_learned(ledger, learned, &csv, report);
    } else if (starts(data, bytes, TAEL__CONSENTS_HEAD)) {
        status = restore_consents(ledger, &csv, report);
    } else {
        *settle = true;
        status = open_restorer(&r, ledger);
        if (status == TAEL_OK) status = restore_rows(&r, &csv, name, report);
        sqlite3_finalize(r.insert);
    }
    tael__csv_close(&csv);
    *settle = *settle && report->imported > 0;
    return status;
}

/* The file, if the export has it, as a bill of the report. */
static tael_status restore_file(tael_ledger *ledger, const char *folder, const char *name,
                                const tael_import_options *options, tael_import_report *report)
{
    char file[TAEL__MAX_PATH_BYTES];
    tael_import_bill *bill;
    TAEL_TRY(tael__path_join(file, sizeof file, folder, name));
    if (!tael__file_exists(file)) return TAEL_OK;
    TAEL_TRY(tael__report_add_bill(report, name, &bill));
    tael_status status = tael_ledger_import(ledger, file, options, &bill->report);
    tael__report_end_bill(report, bill, status);
    return status;
}

tael_status tael__restore_folder(tael_ledger *ledger, const char *path, const tael_import_options *options,
                                 tael_import_report *report)
{
    char file[TAEL__MAX_PATH_BYTES];
    TAEL_TRY(tael__report_open(report));
    TAEL_TRY(tael__path_join(file, sizeof file, path, "records.csv"));
    if (!tael__file_exists(file))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: it is a folder without an export of Tael's in it; name a file",
                                   "%s：该文件夹中没有 Tael 的导出文件；请指定文件"),
                          path);
    tael_status status = restore_file(ledger, path, "records.csv", options, report);
    for (size_t i = 0; status == TAEL_OK && tael__learned_at(i); i++)
        status = restore_file(ledger, path, tael__learned_at(i)->file, options, report);
    return status == TAEL_OK ? restore_file(ledger, path, "consents.csv", options, report) : status;
}
