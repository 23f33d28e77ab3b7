// SPDX-License-Identifier: Apache-2.0
/* What the owner taught, as tables that leave with an export and come back: one CSV file a table. */
#ifndef TAEL__LEDGER_LEARNED_H
#define TAEL__LEDGER_LEARNED_H

#include "ledger/internal.h"

typedef struct tael__learned {
    const char *file, *head; /* its CSV, and the header in it */
    const char *shape;       /* a letter a column: t text, n number, k key in hex, K the same or nothing */
    const char *read;        /* a statement that gives the columns */
    const char *write;       /* one that stores a row of them; what this ledger's owner said before stays */
    const char *then;        /* what follows for the records, once all rows are there; or NULL */
    bool settles;            /* matches depend on it */
} tael__learned;

/* The tables, in the order to restore them; NULL: no more. */
const tael__learned *tael__learned_at(size_t i);

/* Binds a row's cells to `write`. *fine: they are what they should be. `cell` must live until the statement ran. */
bool tael__learned_bind(const tael__learned *table, sqlite3_stmt *write, const char *const *cell, size_t count);

#endif
