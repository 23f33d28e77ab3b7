// SPDX-License-Identifier: Apache-2.0
// Erasing: rows are deleted (secure_delete overwrites them), the store is written anew without free pages, and the log
// that still holds old pages is cut to nothing. What a flash disk keeps below the file system is out of our reach;
// there the encryption stands. What the owner taught (names of shops, decisions on matches) goes when everything does.
#include <stdio.h>

#include "base/date.h"
#include "ledger/labels.h"

#define ERASING TAEL_SAY("erasing", "删除")

/* Names of rows that are gone: labels and sums that no row has any more. */
static tael_status delete_leftovers(tael_ledger *ledger)
{
    TAEL_TRY(tael__labels_refresh(ledger));
    return tael__sql_exec(ledger,
                          "DELETE FROM totals WHERE rows=0; DELETE FROM amounts WHERE rows=0;"
                          "DELETE FROM labels WHERE id NOT IN (SELECT label FROM totals);",
                          ERASING);
}

/* Everything that the store holds is its owner's, also what was learned from the rows: so no table is named here, and
 * one that comes later isn't forgotten. Emptying `records` first keeps its triggers from filling others. */
static tael_status empty_tables(tael_ledger *ledger)
{
    sqlite3_stmt *s;
    bool row;
    tael__buffer sql = {.max = 65536};
    tael__buffer_text(&sql, "PRAGMA defer_foreign_keys=ON; DELETE FROM records;");
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT name FROM sqlite_master WHERE type='table' AND name<>'records'",
                               ERASING));
    tael_status status = tael__sql_step(ledger, s, &row, ERASING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, ERASING))
        tael__buffer_format(&sql, "DELETE FROM \"%s\";", tael__sql_text(s, 0));
    sqlite3_finalize(s);
    if (status == TAEL_OK && sql.failed != TAEL_OK) status = tael__fail_memory("erase", sql.size);
    if (status == TAEL_OK) status = tael__sql_exec(ledger, sql.data, ERASING);
    tael__buffer_free(&sql);
    return status;
}

/* After some rows went: what named only them goes too, and what stays is joined anew. */
static tael_status settle_rest(tael_ledger *ledger)
{
    /* A correction names a merchant, and so does what habits leave out: it goes with the last record of it. What was
     * sent may show any record: that it was sent stays in the log, with its digest. */
    TAEL_TRY(tael__sql_exec(ledger,
                            "DELETE FROM corrections WHERE merchant NOT IN (SELECT merchant FROM records);"
                            "DELETE FROM left_out WHERE merchant<>'' AND merchant NOT IN (SELECT brand FROM records);"
                            "UPDATE disclosures SET sent='' WHERE sent<>''",
                            ERASING));
    TAEL_TRY(tael__ledger_settle(ledger, NULL));
    return delete_leftovers(ledger);
}

static tael_status delete_rows(tael_ledger *ledger, const char *source, int64_t before_day, uint64_t *erased)
{
    sqlite3_stmt *s;
    if (!source && before_day == INT64_MAX) {
        int64_t rows;
        TAEL_TRY(tael__sql_number(ledger, &rows, "SELECT count(*) FROM records", ERASING));
        *erased = (uint64_t)rows;
        return empty_tables(ledger);
    }
    TAEL_TRY(tael__sql_prepare(ledger, &s, "DELETE FROM records WHERE (?1 IS NULL OR source=?1) AND day<?2", ERASING));
    if (source) sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, before_day);
    tael_status status = tael__sql_run(ledger, s, ERASING);
    sqlite3_finalize(s);
    TAEL_TRY(status);
    *erased = (uint64_t)sqlite3_changes64(ledger->db);
    return settle_rest(ledger);
}
static tael_status empty_log(tael_ledger *ledger)
{
    int64_t busy;
    TAEL_TRY(tael__sql_number(ledger, &busy, "PRAGMA wal_checkpoint(TRUNCATE)", ERASING));
    if (busy == 0) return TAEL_OK;
    return tael__fail(
        TAEL_LOCKED,
        TAEL_SAY("%s: the rows are deleted, but another process still reads their old pages; close it and "
                 "erase once more",
                 "%s：记录已删除，但另一个进程仍在读取旧页；请关闭它后再删除一次"),
        ledger->path);
}

tael_status tael_ledger_erase(tael_ledger *ledger, const char *source, const char *before, uint64_t *erased)
{
    tael__date date;
    int64_t before_day = INT64_MAX;
    uint64_t count = 0;
    if (erased) *erased = 0;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("erase: a ledger is needed", "删除：需要账本"));
    if (before) {
        if (!tael__date_parse(&date, before))
            return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("erase: not a day; write it as 2026-11-20",
                                                       "删除：不是日期；请写成 2026-11-20"));
        before_day = tael__days_of(date);
    }
    TAEL_TRY(tael__sql_begin(ledger));
    TAEL_TRY(tael__sql_end(ledger, delete_rows(ledger, source, before_day, &count)));
    if (erased) *erased = count;
    TAEL_TRY(tael__sql_exec(ledger, "VACUUM", ERASING));
    return empty_log(ledger);
}

/* ---- Taking back an import ---- */

tael_status tael__ledger_imports(tael_ledger *ledger, tael__past_import_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row, stopped = false;
    const char *doing = TAEL_SAY("reading the imports", "读取导入记录");
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT id,imported_ms,format,rows,added,(SELECT count(*) FROM records r WHERE r.id"
                               " BETWEEN first_record AND last_record),sample FROM imports ORDER BY id DESC",
                               doing));
    tael_status status = tael__sql_step(ledger, s, &row, doing);
    for (; status == TAEL_OK && row && !stopped; status = tael__sql_step(ledger, s, &row, doing)) {
        tael__past_import one = {.id = sqlite3_column_int64(s, 0),
                                 .time_ms = sqlite3_column_int64(s, 1),
                                 .format = tael__sql_text(s, 2),
                                 .rows = sqlite3_column_int64(s, 3),
                                 .added = sqlite3_column_int64(s, 4),
                                 .left = sqlite3_column_int64(s, 5),
                                 .sample = sqlite3_column_int(s, 6) != 0};
        stopped = each(&one, user) != 0;
    }
    sqlite3_finalize(s);
    return status;
}

/* The imports that `which` tells, a condition on the table. */
static tael_status delete_imports(tael_ledger *ledger, const char *which, uint64_t *gone)
{
    char sql[256];
    snprintf(sql, sizeof sql,
             "DELETE FROM records WHERE EXISTS(SELECT 1 FROM imports i WHERE %s"
             " AND records.id BETWEEN i.first_record AND i.last_record)",
             which);
    TAEL_TRY(tael__sql_exec(ledger, sql, ERASING));
    *gone = (uint64_t)sqlite3_changes64(ledger->db);
    snprintf(sql, sizeof sql, "DELETE FROM imports AS i WHERE %s", which);
    TAEL_TRY(tael__sql_exec(ledger, sql, ERASING));
    return settle_rest(ledger);
}

static tael_status delete_import(tael_ledger *ledger, int64_t id, uint64_t *gone)
{
    int64_t there = 0;
    char which[48], sql[128];
    snprintf(which, sizeof which, "i.id=%lld", (long long)id);
    snprintf(sql, sizeof sql, "SELECT count(*) FROM imports AS i WHERE %s", which);
    TAEL_TRY(tael__sql_number(ledger, &there, sql, ERASING));
    if (there) return delete_imports(ledger, which, gone);
    return tael__fail(
        TAEL_NOT_FOUND,
        TAEL_SAY("import %lld: there is none; it was taken back, or never was", "导入 %lld：不存在，或已撤销"),
        (long long)id);
}

tael_status tael__ledger_has_sample(tael_ledger *ledger, bool *has)
{
    int64_t there = 0;
    TAEL_TRY(tael__sql_number(ledger, &there,
                              "SELECT EXISTS(SELECT 1 FROM imports i WHERE i.sample AND EXISTS("
                              "SELECT 1 FROM records r WHERE r.id BETWEEN i.first_record AND i.last_record))",
                              TAEL_SAY("reading the imports", "读取导入记录")));
    *has = there != 0;
    return TAEL_OK;
}

tael_status tael__ledger_drop_samples(tael_ledger *ledger, uint64_t *gone)
{
    int64_t there = 0;
    *gone = 0;
    TAEL_TRY(tael__sql_number(ledger, &there, "SELECT count(*) FROM imports WHERE sample", ERASING));
    return there ? delete_imports(ledger, "i.sample", gone) : TAEL_OK;
}

tael_status tael__ledger_undo_samples(tael_ledger *ledger, uint64_t *gone)
{
    *gone = 0;
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, tael__ledger_drop_samples(ledger, gone));
}

tael_status tael__ledger_undo_import(tael_ledger *ledger, int64_t id, uint64_t *gone)
{
    *gone = 0;
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, delete_import(ledger, id, gone));
}
