// SPDX-License-Identifier: Apache-2.0
/* How the owner says that a table's columns are to be read: "time=日期,amount=金额,merchant=商户". Kept in the store by
 * the header's names, so that the next bill of that bank needs no word. */
#ifndef TAEL__LEDGER_IMPORT_MAPPING_H
#define TAEL__LEDGER_IMPORT_MAPPING_H

#include "ledger/import/table.h"
#include "ledger/report.h"

#define TAEL__HEADER_HASH_BYTES 16

typedef struct tael__mapping {
    int at[TAEL__COLUMN_COUNT]; /* where each column's name starts in `names`, or -1 */
    char names[TAEL__MAPPING_BYTES];
    char text[TAEL__MAPPING_BYTES]; /* as it was said */
    tael__sign sign;
    tael__date_order order;
    bool order_given;
} tael__mapping;

/* TAEL_BAD_INPUT names what is wrong with the text. */
tael_status tael__mapping_parse(tael__mapping *mapping, const char *text);

/* Whether the line has all the names; the table's columns and facts are then set. */
bool tael__mapping_match(const tael__mapping *mapping, tael__table *table, const char *const *cell, size_t count);

/* Keep it for headers of these names, or find what was kept: *found. */
tael_status tael__mapping_keep(tael_ledger *ledger, const tael__mapping *mapping, const char *const *cell,
                               size_t count);
tael_status tael__mapping_find(tael_ledger *ledger, tael__mapping *mapping, bool *found, const char *const *cell,
                               size_t count);

/* ---- Rows that were read by a guess or a mapping ---- */

/* Takes out what the same bytes once became when their columns were read otherwise; *gone counts it. *guess is what the
 * rows of this reading are noted under (tael__rows.guess). */
tael_status tael__guess_open(tael_ledger *ledger, const uint8_t file[TAEL__HEADER_HASH_BYTES], const char *reading,
                             int64_t *guess, uint64_t *gone);
/* BLAKE2b of any bytes. */
void tael__hash_bytes(uint8_t hash[TAEL__HEADER_HASH_BYTES], const void *bytes, size_t n);

#endif
