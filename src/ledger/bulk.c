// SPDX-License-Identifier: Apache-2.0
// Rows come in the order of a bill, and each index has its own: a row by row insert touches another page of each.
// Sorting once at the end fills the pages one after the other. Dropping and making are part of the import's
// transaction, so no crash leaves a store without an index. The partial indexes on few rows stay: making each would
// read all rows.
#include "ledger/bulk.h"

#define INDEXING TAEL_SAY("making the indexes", "建立索引")
#define LARGE    "('records_time','records_label','records_external','records_order')"

tael_status tael__indexes_drop(tael_ledger *ledger, tael__buffer *made)
{
    sqlite3_stmt *s;
    bool row;
    *made = (tael__buffer){.max = 65536};
    TAEL_TRY(tael__sql_prepare(
        ledger, &s, "SELECT sql FROM sqlite_master WHERE type='index' AND name IN" LARGE " ORDER BY name", INDEXING));
    tael_status status = tael__sql_step(ledger, s, &row, INDEXING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, INDEXING)) {
        tael__buffer_text(made, tael__sql_text(s, 0));
        tael__buffer_text(made, ";");
    }
    sqlite3_finalize(s);
    if (status == TAEL_OK) status = made->failed;
    if (status != TAEL_OK) return status;
    return tael__sql_exec(ledger,
                          "DROP INDEX records_time; DROP INDEX records_label; DROP INDEX records_external;"
                          "DROP INDEX records_order",
                          INDEXING);
}

tael_status tael__indexes_make(tael_ledger *ledger, const tael__buffer *made)
{
    return made->size ? tael__sql_exec(ledger, made->data, INDEXING) : TAEL_OK;
}
