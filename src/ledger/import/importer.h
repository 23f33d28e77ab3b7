// SPDX-License-Identifier: Apache-2.0
/* What an importer is: it knows a format by the names in its header row and turns one row of cells into one row of the
 * ledger. Reading files, encodings, quoting, duplicates and refunds' joining are the same for all and done elsewhere.
 */
#ifndef TAEL__LEDGER_IMPORT_IMPORTER_H
#define TAEL__LEDGER_IMPORT_IMPORTER_H

#include "ledger/internal.h"

/* The columns that any bill may have. */
typedef enum tael__column {
    TAEL__COL_TIME,
    TAEL__COL_DIRECTION,
    TAEL__COL_MINOR,
    TAEL__COL_MERCHANT,
    TAEL__COL_ACCOUNT,
    TAEL__COL_ITEM,
    TAEL__COL_CATEGORY,
    TAEL__COL_TYPE,
    TAEL__COL_METHOD,
    TAEL__COL_STATUS,
    TAEL__COL_ID,
    TAEL__COL_ORDER,
    TAEL__COL_NOTE,
    TAEL__COL_FUNDS,
    TAEL__COL_REFUNDED,
    TAEL__COLUMN_COUNT
} tael__column;

typedef struct tael__column_name {
    tael__column column;
    const char *name; /* as tael__header_name makes it: trimmed, brackets half-width */
    bool required;
} tael__column_name;

/* One row of a bill: every column's text, trimmed UTF-8, "" where the bill has none. Borrowed. */
typedef struct tael__cells {
    const char *text[TAEL__COLUMN_COUNT];
    tael__column_name const *names; /* the importer's list, for sentences */
} tael__cells;

/* What it becomes. Texts borrowed from the cells. */
typedef struct tael__bill_row {
    int64_t time_ms;
    int32_t offset_minutes;
    tael_direction direction;
    tael__kind kind;
    int64_t minor;
    int64_t stated_minor; /* what the row itself says was given back; 0: nothing */
    const char *merchant, *item, *category, *type, *method, *status, *external_id, *merchant_order, *account, *note;
    const char *key_type; /* part of the row's identity besides id, kind and amount; "" for most */
} tael__bill_row;

typedef struct tael__importer {
    const char *name; /* the source's name in the ledger */
    const char *what; /* for people, both languages in one */
    const tael__column_name *columns;
    size_t column_count;
    /* Fills *row; NULL, or why the row is skipped: a literal in this thread's language that names the field, never its
     * contents. */
    const char *(*next_row)(const tael__cells *cells, tael__bill_row *row);
} tael__importer;

#define IMPORTER(name) extern const tael__importer tael__importer_##name;
#include "ledger/import/importers.inc"
#undef IMPORTER

/* Helpers that importers share (parse.c). */
bool tael__parse_money(int64_t *minor, const char *text); /* "1,234.56", a yen sign of either width before it; exact */
bool tael__parse_time(int64_t *ms, const char *text);     /* "2026-11-20 08:12:37", also with / and without seconds */
bool tael__ends_with(const char *text, const char *end);
bool tael__starts_with(const char *text, const char *start);
const char *tael__not_slash(const char *text); /* "" for the "/" that stands for nothing */

/* The fields that all formats read alike: time, amount, texts. NULL or the reason. */
const char *tael__read_common(const tael__cells *cells, tael__bill_row *row);
const char *tael__reason_direction(void);

#endif
