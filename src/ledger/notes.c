// SPDX-License-Identifier: Apache-2.0
// Short texts that are remembered for a while. They stand in the store, encrypted as all of it, and go with `erase
// --all`.
#include <string.h>

#include "base/date.h"
#include "ledger/internal.h"

#define NOTING TAEL_SAY("noting", "记下")

tael_status tael_ledger_note(tael_ledger *ledger, const char *name, const char *text)
{
    sqlite3_stmt *s;
    if (!ledger || !name || !text)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("note: a ledger, a name and a text are needed", "记录：需要账本、名称和文字"));
    if (ledger->read_only) return TAEL_OK;
    TAEL_TRY(
        tael__sql_prepare(ledger, &s, "INSERT OR REPLACE INTO notes(name,text,written_ms) VALUES(?1,?2,?3)", NOTING));
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, text, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 3, tael__clock_wall_ms());
    tael_status status = tael__sql_run(ledger, s, NOTING);
    sqlite3_finalize(s);
    return status;
}

tael_status tael_ledger_noted(tael_ledger *ledger, const char *name, int64_t max_age_ms, char *text, size_t bytes)
{
    sqlite3_stmt *s;
    bool row = false;
    if (!ledger || !name || !text || bytes == 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("note: a ledger, a name and a place are needed", "记录：需要账本、名称和存放位置"));
    text[0] = '\0';
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT text FROM notes WHERE name=?1 AND written_ms>=?2", NOTING));
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 2, tael__clock_wall_ms() - max_age_ms);
    tael_status status = tael__sql_step(ledger, s, &row, NOTING);
    const char *found = row ? tael__sql_text(s, 0) : "";
    size_t n = strlen(found);
    if (n < bytes) memcpy(text, found, n + 1);
    sqlite3_finalize(s);
    return status;
}
