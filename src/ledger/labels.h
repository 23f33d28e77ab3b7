// SPDX-License-Identifier: Apache-2.0
/* Labels: each set of texts that rows share stands once in the table `labels`, and rows hold its number. */
#ifndef TAEL__LEDGER_LABELS_H
#define TAEL__LEDGER_LABELS_H

#include "ledger/internal.h"

/* The texts of a row that a label may hold. All rows of a label have the first TAEL__LABEL_BASE in common; those of a
 * `whole` one all of them, and order numbers of digits and "_" only. */
enum {
    TAEL__LABEL_CURRENCY,
    TAEL__LABEL_SOURCE,
    TAEL__LABEL_MERCHANT,
    TAEL__LABEL_CATEGORY,
    TAEL__LABEL_METHOD,
    TAEL__LABEL_BRAND,
    TAEL__LABEL_CATEGORY_ID, /* a number in digits */
    TAEL__LABEL_BASE,        /* how many those are */
    TAEL__LABEL_ITEM = TAEL__LABEL_BASE,
    TAEL__LABEL_TYPE,
    TAEL__LABEL_STATUS,
    TAEL__LABEL_ACCOUNT,
    TAEL__LABEL_NOTE,
    TAEL__LABEL_FIELDS
};

typedef struct tael__labels {
    tael_ledger *ledger;
    sqlite3_stmt *find, *insert;
    struct tael__label_slot *slot; /* those met so far */
    size_t count, capacity;
    struct tael__label_seen *seen; /* how often whole texts came: only what repeats gets a whole label */
} tael__labels;

/* For one import, inside its transaction. */
tael_status tael__labels_open(tael__labels *labels, tael_ledger *ledger);
void tael__labels_close(tael__labels *labels);

/* The label of a row with these texts. `external_id` NULL: a base label will do. */
tael_status tael__labels_of(tael__labels *labels, const char *const text[TAEL__LABEL_FIELDS], const char *external_id,
                            int64_t *id);

/* Rows that came or changed without a label get one; at the end of every transaction (tael__sql_end). */
tael_status tael__labels_refresh(tael_ledger *ledger);

#endif
