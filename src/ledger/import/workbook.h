// SPDX-License-Identifier: Apache-2.0
/* A workbook (XLSX: ECMA-376) as one CSV a sheet, for the reader that all bills share. */
#ifndef TAEL__LEDGER_IMPORT_WORKBOOK_H
#define TAEL__LEDGER_IMPORT_WORKBOOK_H

#include "base/limits.h"
#include "ledger/import/archive.h"

typedef struct tael__workbook_sheet {
    char *csv; /* owned by the workbook; UTF-8, row n on line n */
    size_t bytes;
    uint32_t number; /* its place among the workbook's sheets, from 1 */
} tael__workbook_sheet;

typedef struct tael__workbook {
    tael__workbook_sheet *sheet; /* those with something in them, in order */
    size_t count;
} tael__workbook;

/* Whether the zip is an office document, of which some are workbooks. */
bool tael__workbook_like(tael__archive *archive);

/* TAEL_UNSUPPORTED: another kind of office document. TAEL_CORRUPT: a part is missing or damaged. */
tael_status tael__workbook_read(tael__workbook *out, tael__archive *archive);
void tael__workbook_free(tael__workbook *workbook);

#endif
