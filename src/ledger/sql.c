// SPDX-License-Identifier: Apache-2.0
// Statements of the store. SQLite's codes become ours, with a sentence that says what to do; SQLite's own message is
// left out where it could quote a value.
#include <errno.h>
#include <string.h>

#include "ledger/labels.h"

static tael_status fail_io(tael_ledger *ledger, int code, const char *doing)
{
    int error = sqlite3_system_errno(ledger->db);
    if (code == SQLITE_IOERR_NOMEM) return tael__fail_memory(ledger->path, 0);
    return tael__fail_errno(doing, ledger->path, error ? error : EIO);
}

static tael_status fail_known(tael_ledger *ledger, int code, const char *doing)
{
    const char *path = ledger->path;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return tael__fail(TAEL_LOCKED,
                          TAEL_SAY("%s: %s: another process is using the ledger; wait for it and try again",
                                   "%s：%s：另一个进程正在使用账本；请等它结束后重试"),
                          path, doing);
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
        return tael__fail(TAEL_CORRUPT,
                          TAEL_SAY("%s: %s: the store is damaged; put back a copy of the folder, or save what can be "
                                   "read with tael recover",
                                   "%s：%s：账本文件已损坏；请恢复该文件夹的备份，或用 tael recover 抢救可读的记录"),
                          path, doing);
    case SQLITE_FULL:
        return tael__fail(TAEL_NO_SPACE,
                          TAEL_SAY("%s: %s: the disk is full; free some space and try again, the ledger is as before",
                                   "%s：%s：磁盘已满；请腾出空间后重试，账本保持原样"),
                          path, doing);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("%s: %s: it may not be written; check the permissions of the folder",
                                   "%s：%s：没有写权限；请检查文件夹的权限"),
                          path, doing);
    default: return TAEL_INTERNAL;
    }
}

tael_status tael__sql_fail(tael_ledger *ledger, int code, const char *doing)
{
    tael_status status = fail_known(ledger, code, doing);
    if (status != TAEL_INTERNAL) return status;
    switch (code & 0xff) {
    case SQLITE_NOMEM: return tael__fail_memory(ledger->path, 0);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return fail_io(ledger, code, doing);
    case SQLITE_TOOBIG:
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: %s: too long", "%s：%s：过长"), ledger->path, doing);
    case SQLITE_INTERRUPT:
        return tael__fail(TAEL_CANCELLED, TAEL_SAY("%s: %s: cancelled", "%s：%s：已取消"), ledger->path, doing);
    default:
        return tael__fail(
            TAEL_INTERNAL,
            TAEL_SAY("%s: %s: SQLite answered %d; please report this", "%s：%s：SQLite 返回 %d；请反馈此问题"),
            ledger->path, doing, code);
    }
}

tael_status tael__sql_exec(tael_ledger *ledger, const char *sql, const char *doing)
{
    int code = sqlite3_exec(ledger->db, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? TAEL_OK : tael__sql_fail(ledger, sqlite3_extended_errcode(ledger->db), doing);
}

tael_status tael__sql_prepare(tael_ledger *ledger, sqlite3_stmt **out, const char *sql, const char *doing)
{
    *out = NULL;
    int code = sqlite3_prepare_v2(ledger->db, sql, -1, out, NULL);
    return code == SQLITE_OK ? TAEL_OK : tael__sql_fail(ledger, sqlite3_extended_errcode(ledger->db), doing);
}

tael_status tael__sql_step(tael_ledger *ledger, sqlite3_stmt *statement, bool *row, const char *doing)
{
    int code = sqlite3_step(statement);
    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE) return TAEL_OK;
    return tael__sql_fail(ledger, sqlite3_extended_errcode(ledger->db), doing);
}

tael_status tael__sql_run(tael_ledger *ledger, sqlite3_stmt *statement, const char *doing)
{
    bool row;
    tael_status status = tael__sql_step(ledger, statement, &row, doing);
    sqlite3_reset(statement);
    return status;
}

tael_status tael__sql_number(tael_ledger *ledger, int64_t *out, const char *sql, const char *doing)
{
    sqlite3_stmt *statement;
    bool row = false;
    *out = 0;
    TAEL_TRY(tael__sql_prepare(ledger, &statement, sql, doing));
    tael_status status = tael__sql_step(ledger, statement, &row, doing);
    if (row) *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

tael_status tael__sql_begin(tael_ledger *ledger)
{
    return tael__sql_exec(ledger, "BEGIN IMMEDIATE", TAEL_SAY("starting to write", "开始写入"));
}

tael_status tael__sql_end(tael_ledger *ledger, tael_status status)
{
    if (status == TAEL_OK && !ledger->read_only) status = tael__labels_refresh(ledger);
    if (status == TAEL_OK) status = tael__sql_exec(ledger, "COMMIT", TAEL_SAY("writing", "写入"));
    if (status != TAEL_OK && !sqlite3_get_autocommit(ledger->db))
        sqlite3_exec(ledger->db, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

const char *tael__sql_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}
