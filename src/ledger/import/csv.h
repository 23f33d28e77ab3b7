// SPDX-License-Identifier: Apache-2.0
/* Rows of a CSV as wallets write them, over bytes in memory. Commas, quotes and line ends are single bytes in UTF-8 and
 * in GB18030 alike (trail bytes start at 0x30 and hold none of them), so rows are cut first and decoded one by one. */
#ifndef TAEL__LEDGER_IMPORT_CSV_H
#define TAEL__LEDGER_IMPORT_CSV_H

#include "base/status.h"

typedef enum tael__csv_fault {
    TAEL__CSV_FINE,
    TAEL__CSV_NUL,      /* holds a NUL byte */
    TAEL__CSV_TOO_LONG, /* longer than TAEL__MAX_CSV_LINE_BYTES */
    TAEL__CSV_TOO_WIDE, /* more than TAEL__MAX_CSV_FIELDS */
} tael__csv_fault;

typedef struct tael__csv_row tael__csv_row;

typedef struct tael__csv {
    const char *data; /* borrowed */
    size_t bytes, at;
    uint32_t line; /* of data[at], from 1 */
    char *text;    /* owned: the fields of the row at hand, each ended by NUL */
    /* Another reader in the place of CSV's, for files of tags or of lines; its first row is the names of its columns.
     */
    bool (*read)(struct tael__csv *csv, tael__csv_row *row);
    bool begun; /* it gave that row */
    struct tael__span {
        const char *text;
        size_t bytes;
    } kept[4]; /* what it keeps from one row to the next: an account, a currency */
} tael__csv;

struct tael__csv_row {
    char
        *text; /* `count` fields one after another, each trimmed of blanks and ended by NUL; valid until the next row */
    size_t bytes; /* of text with the NULs */
    size_t count;
    uint32_t line;  /* its first */
    uint32_t lines; /* how many it spans */
    bool ended;     /* by a line end; false: the file's last row, maybe cut */
    tael__csv_fault fault;
    size_t start; /* offset of its first byte */
};

tael_status tael__csv_open(tael__csv *csv, const char *data, size_t bytes);
void tael__csv_close(tael__csv *csv);

/* The next row; false at the end. `multiline`: a quoted field may hold line ends; one that is never closed doesn't
 * swallow the file: its quote is then taken as text and the row ends with its line. */
bool tael__csv_next(tael__csv *csv, tael__csv_row *row, bool multiline);

/* Go back to the start of `row`, to read it again in the other way. */
void tael__csv_back(tael__csv *csv, const tael__csv_row *row);

/* Whether the file is OFX or QIF; it is then read as such, a row a transaction. */
bool tael__ofx_open(tael__csv *csv);
bool tael__qif_open(tael__csv *csv);
/* Whether its fields are parted by TABs, or it is a table of HTML or of Excel's XML, as files named .xls often are. */
bool tael__tsv_open(tael__csv *csv);
bool tael__html_open(tael__csv *csv);

/* For such readers: one field of the row at hand from spans of the file; `row` counts it. Entities such as &amp; are
 * resolved when `entities`. */
void tael__csv_put(tael__csv *csv, tael__csv_row *row, struct tael__span span, bool entities);

#endif
