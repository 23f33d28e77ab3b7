// SPDX-License-Identifier: Apache-2.0
/* Rows into the store, each once. */
#ifndef TAEL__LEDGER_ROWS_H
#define TAEL__LEDGER_ROWS_H

#include "ledger/import/importer.h"
#include "ledger/labels.h"
#include "ledger/merchants.h"
#include "ledger/totals.h"

typedef enum tael__stored { TAEL__STORED_NEW, TAEL__STORED_KNOWN, TAEL__STORED_CHANGED } tael__stored;

typedef struct tael__rows {
    tael_ledger *ledger;
    sqlite3_stmt *find, *insert, *update, *note, *fill;
    int64_t guess;           /* not 0: new rows are noted as read by this guess (import/mapping.h) */
    struct tael__seen *seen; /* rows without an id in this file, and how often each came */
    size_t seen_count, seen_capacity;
    tael__labels labels;
    tael__totals totals;
    bool known; /* the row before was: then this one likely is */
    tael__brands brands;
    int32_t (*categorize)(const tael_record *record, bool *by_owner, void *user); /* of the import's options */
    void *categorize_user;
} tael__rows;

/* Inside a transaction that the caller holds. Close it before the transaction ends. */
tael_status tael__rows_open(tael__rows *rows, tael_ledger *ledger);
tael_status tael__rows_finish(
    tael__rows *rows); /* all rows are there: before anybody asks for sums, and before closing */
void tael__rows_close(tael__rows *rows);

/* Store one row of a bill of `source` that was exported at exported_ms (0: unknown). A known row is changed only by a
 * newer export: its status, and with it what was refunded; and by one that has what it lacked. */
tael_status tael__rows_put(tael__rows *rows, const char *source, const tael__bill_row *row, int64_t exported_ms,
                           tael__stored *stored);

#endif
