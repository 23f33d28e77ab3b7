// SPDX-License-Identifier: Apache-2.0
// What the owner wants left out of habits: brands and categories. Only the wish is kept here; src/habits obeys it.
#include <string.h>

#include "ledger/internal.h"

#define DOING TAEL_SAY("leaving something out of habits", "从习惯中排除")

static tael_status change(tael_ledger *ledger, const char *merchant, int32_t category_id, bool out)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s,
                               out ? "INSERT OR IGNORE INTO left_out(merchant,category_id) VALUES(?1,?2)"
                                   : "DELETE FROM left_out WHERE merchant=?1 AND category_id=?2",
                               DOING));
    sqlite3_bind_text(s, 1, merchant ? merchant : "", -1, SQLITE_STATIC);
    sqlite3_bind_int(s, 2, merchant ? 0 : category_id);
    tael_status status = tael__sql_run(ledger, s, DOING);
    sqlite3_finalize(s);
    if (status != TAEL_OK || out || sqlite3_changes(ledger->db) > 0) return status;
    return tael__fail(TAEL_NOT_FOUND, TAEL_SAY("habits: that isn't left out; `tael habits forget` lists what is",
                                               "习惯：该项并未被排除；`tael habits forget` 可列出已排除的项目"));
}

tael_status tael_ledger_leave_out(tael_ledger *ledger, const char *merchant, int32_t category_id, bool out)
{
    if (!ledger || (merchant ? *merchant == '\0' : category_id <= 0))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("habits: a merchant or a category is needed; give one",
                                                "习惯：需要商户或分类；请给出其一"));
    if (merchant && strlen(merchant) > TAEL__MAX_FIELD_BYTES)
        return tael__fail(
            TAEL_LIMIT,
            TAEL_SAY("merchant: the name has more than %d bytes; shorten it", "merchant：名称超过 %d 字节；请缩短"),
            TAEL__MAX_FIELD_BYTES);
    if (ledger->read_only)
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("%s: the ledger is open for reading only; open it for writing",
                                   "%s：账本以只读方式打开；请以可写方式打开"),
                          ledger->path);
    return change(ledger, merchant, category_id, out);
}

tael_status tael_ledger_left_out(tael_ledger *ledger, tael_left_out_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool row;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("habits: a ledger and a function are needed", "习惯：需要账本和回调函数"));
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT merchant,category_id FROM left_out ORDER BY 1,2", DOING));
    tael_status status = tael__sql_step(ledger, s, &row, DOING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, DOING))
        if (each(tael__sql_text(s, 0), sqlite3_column_int(s, 1), user) != 0) break;
    sqlite3_finalize(s);
    return status;
}
