// SPDX-License-Identifier: Apache-2.0
// Categories as the ledger keeps them: a number a row, who gave it, and what the owner said. What the numbers mean and
// how they are found is for others: here they are asked for and stored.
#include <string.h>

#include "base/date.h"
#include "ledger/internal.h"

#define STORING TAEL_SAY("storing categories", "保存分类")
#define READING TAEL_SAY("reading corrections", "读取更正")

typedef struct change {
    int64_t id;
    int32_t category_id, category_by;
} change;

/* Rows are read first and changed after: a statement that reads a table which another writes may see a row twice. */
static tael_status collect(tael_ledger *ledger, bool fresh, tael_categorize_fn *each, void *user, tael__buffer *changes)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               fresh ? "SELECT " TAEL__RECORD_COLUMNS " FROM records WHERE category_by=0"
                                     : "SELECT " TAEL__RECORD_COLUMNS " FROM records",
                               STORING));
    tael_status status = tael__sql_step(ledger, s, &row, STORING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, STORING)) {
        tael_record record;
        int32_t category = 0;
        bool by_owner = false;
        tael__record_read(&record, s);
        if (each(&record, &category, &by_owner, user) != 0) {
            status = tael__fail(TAEL_CANCELLED, TAEL_SAY("categories: cancelled; nothing was changed, run it again",
                                                         "分类：已取消；未作更改，请重新运行"));
            break;
        }
        change c = {record.id, category,
                    category == 0 ? TAEL_CATEGORY_BY_NOBODY
                    : by_owner    ? TAEL_CATEGORY_BY_OWNER
                                  : TAEL_CATEGORY_BY_MODEL};
        if (c.category_id == record.category_id && c.category_by == record.category_by) continue;
        status = tael__buffer_append(changes, &c, sizeof c);
        if (status != TAEL_OK) break;
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status store(tael_ledger *ledger, const tael__buffer *changes, uint64_t *changed)
{
    sqlite3_stmt *s;
    const change *c = (const change *)(const void *)changes->data;
    tael_status status = TAEL_OK;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "UPDATE records SET category_id=?2,category_by=?3 WHERE id=?1", STORING));
    for (size_t i = 0; i < changes->size / sizeof *c && status == TAEL_OK; i++) {
        sqlite3_bind_int64(s, 1, c[i].id);
        sqlite3_bind_int(s, 2, c[i].category_id);
        sqlite3_bind_int(s, 3, c[i].category_by);
        status = tael__sql_run(ledger, s, STORING);
    }
    sqlite3_finalize(s);
    *changed = changes->size / sizeof *c;
    return status;
}

tael_status tael_ledger_categorize(tael_ledger *ledger, bool fresh, tael_categorize_fn *each, void *user,
                                   uint64_t *changed)
{
    tael__buffer changes = {.max = (size_t)1 << 31};
    uint64_t count = 0;
    if (changed) *changed = 0;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("categories: a ledger and a function are needed", "分类：需要账本和回调函数"));
    TAEL_TRY(tael__sql_begin(ledger));
    tael_status status = collect(ledger, fresh, each, user, &changes);
    if (status == TAEL_OK) status = store(ledger, &changes, &count);
    status = tael__sql_end(ledger, status);
    tael__buffer_free(&changes);
    if (status == TAEL_OK && changed) *changed = count;
    return status;
}

tael_status tael_ledger_record(tael_ledger *ledger, int64_t id, tael_record_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row;
    const char *doing = TAEL_SAY("reading the record", "读取记录");
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("record: a ledger and a function are needed", "记录：需要账本和回调函数"));
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT " TAEL__RECORD_COLUMNS " FROM records WHERE id=?1", doing));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_step(ledger, s, &row, doing);
    if (status == TAEL_OK && row) {
        tael_record record;
        tael__record_read(&record, s);
        each(&record, user);
    } else if (status == TAEL_OK) {
        status = tael__fail(TAEL_NOT_FOUND,
                            TAEL_SAY("record %lld: there is none; `tael ledger` shows their numbers",
                                     "记录 %lld：不存在；`tael ledger` 可查看编号"),
                            (long long)id);
    }
    sqlite3_finalize(s);
    return status;
}

/* ---- Corrections ---- */

static tael_status replace_correction(tael_ledger *ledger, const tael_correction *c, int64_t *id)
{
    static const char forget[] =
        "DELETE FROM corrections WHERE only=?2 AND CASE WHEN ?2 THEN record=?1 ELSE merchant=?3 AND item=?4 AND "
        "direction=?5 END";
    static const char keep[] =
        "INSERT INTO corrections(record,only,merchant,item,direction,category,type,category_id,time_ms)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)";
    tael_status status = TAEL_OK;
    for (int step = 0; step < 2 && status == TAEL_OK; step++) {
        sqlite3_stmt *s;
        TAEL_TRY(tael__sql_prepare(ledger, &s, step == 0 ? forget : keep, STORING));
        sqlite3_bind_int64(s, 1, c->record);
        sqlite3_bind_int(s, 2, c->only);
        sqlite3_bind_text(s, 3, c->merchant, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, c->item, -1, SQLITE_STATIC);
        sqlite3_bind_int(s, 5, (int)c->direction);
        if (step == 1) {
            sqlite3_bind_text(s, 6, c->category, -1, SQLITE_STATIC);
            sqlite3_bind_text(s, 7, c->type, -1, SQLITE_STATIC);
            sqlite3_bind_int(s, 8, c->category_id);
            sqlite3_bind_int64(s, 9, c->time_ms ? c->time_ms : tael__clock_wall_ms());
        }
        status = tael__sql_run(ledger, s, STORING);
        sqlite3_finalize(s);
    }
    *id = sqlite3_last_insert_rowid(ledger->db);
    return status;
}

tael_status tael_ledger_correct(tael_ledger *ledger, const tael_correction *correction, int64_t *id)
{
    int64_t made = 0;
    if (id) *id = 0;
    if (!ledger || !correction || !correction->merchant || !correction->item || !correction->category ||
        !correction->type || correction->category_id <= 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("correction: a ledger, the record's texts and a category are needed",
                                                "更正：需要账本、记录的文字和分类"));
    TAEL_TRY(tael__sql_begin(ledger));
    TAEL_TRY(tael__sql_end(ledger, replace_correction(ledger, correction, &made)));
    if (id) *id = made;
    return TAEL_OK;
}

tael_status tael_ledger_corrections(tael_ledger *ledger, tael_correction_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("corrections: a ledger and a function are needed", "更正：需要账本和回调函数"));
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               "SELECT id,time_ms,record,only,direction,merchant,item,category,type,category_id"
                               " FROM corrections ORDER BY id",
                               READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, READING)) {
        tael_correction c = {.id = sqlite3_column_int64(s, 0),
                             .time_ms = sqlite3_column_int64(s, 1),
                             .record = sqlite3_column_int64(s, 2),
                             .only = sqlite3_column_int(s, 3) != 0,
                             .direction = (tael_direction)sqlite3_column_int(s, 4),
                             .merchant = tael__sql_text(s, 5),
                             .item = tael__sql_text(s, 6),
                             .category = tael__sql_text(s, 7),
                             .type = tael__sql_text(s, 8),
                             .category_id = sqlite3_column_int(s, 9)};
        if (each(&c, user) != 0) break;
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_forget_correction(tael_ledger *ledger, int64_t id)
{
    sqlite3_stmt *s;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("correction: a ledger is needed", "更正：需要账本"));
    TAEL_TRY(tael__sql_prepare(ledger, &s, "DELETE FROM corrections WHERE id=?1", STORING));
    sqlite3_bind_int64(s, 1, id);
    tael_status status = tael__sql_run(ledger, s, STORING);
    sqlite3_finalize(s);
    TAEL_TRY(status);
    if (sqlite3_changes64(ledger->db) > 0) return TAEL_OK;
    return tael__fail(TAEL_NOT_FOUND, TAEL_SAY("correction: there is none of this number", "更正：没有这个编号"));
}
