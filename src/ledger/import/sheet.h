// SPDX-License-Identifier: Apache-2.0
/* One sheet of a workbook as CSV: each row on the line of its number, so that "line 19" of a report is row 19. */
#ifndef TAEL__LEDGER_IMPORT_SHEET_H
#define TAEL__LEDGER_IMPORT_SHEET_H

#include "base/limits.h"
#include "ledger/import/book.h"

typedef enum tael__cell_type {
    TAEL__CELL_NUMBER,
    TAEL__CELL_SHARED, /* the number of a shared string */
    TAEL__CELL_TEXT,   /* a formula's text, an error */
    TAEL__CELL_INLINE,
    TAEL__CELL_BOOLEAN,
    TAEL__CELL_ISO_DATE,
} tael__cell_type;

/* User of tael__sheet_reader: zero-initialise with book, file, part and csv.max, free with tael__sheet_free. */
typedef struct tael__sheet {
    const tael__book *book;
    const char *file, *part;
    tael__buffer csv;
    uint32_t lines;  /* written */
    uint64_t fields; /* in them all, as a CSV reader counts them */

    uint32_t row, column; /* at hand, from 1 and from 0 */
    uint32_t cells;       /* seen so far */
    size_t width;         /* of the widest row so far: all later ones are filled up to it */
    bool in_data, in_row, in_cell, in_inline, in_value;
    uint32_t phonetic;
    tael__cell_type type;
    uint32_t style;
    tael__buffer value; /* of the cell at hand */
    tael__buffer text;  /* of the row's cells, one after another */
    struct {
        size_t start, bytes; /* in text; no bytes: empty */
    } cell[TAEL__MAX_CSV_FIELDS];
} tael__sheet;

extern const tael__xml_reader tael__sheet_reader;

/* For readers of workbooks that aren't XML: rows by ascending number from 1, each begun, its cells put in any order,
 * and ended. `value` is a number as XML would have it. */
void tael__sheet_begin_row(tael__sheet *sheet, uint32_t row);
tael_status tael__sheet_put_text(tael__sheet *sheet, uint32_t column, const char *text, size_t bytes);
tael_status tael__sheet_put_number(tael__sheet *sheet, uint32_t column, const char *value, uint32_t style);
tael_status tael__sheet_end_row(tael__sheet *sheet);

void tael__sheet_free(tael__sheet *sheet);

#endif
