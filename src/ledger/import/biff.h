// SPDX-License-Identifier: Apache-2.0
/* Excel's workbooks of 1993 to 2003 ([MS-XLS]: BIFF5 and BIFF8 in a compound file) as one CSV a sheet, like XLSX. */
#ifndef TAEL__LEDGER_IMPORT_BIFF_H
#define TAEL__LEDGER_IMPORT_BIFF_H

#include "ledger/import/book.h"
#include "ledger/import/charset.h"
#include "ledger/import/workbook.h"

/* A compound file, or records without one, as web pages write them with a few lines of script. */
bool tael__biff_like(const char *data, size_t bytes);

/* TAEL_UNSUPPORTED: it has a password, or is no workbook. TAEL_CORRUPT: it is damaged. Free with tael__workbook_free.
 */
tael_status tael__biff_read(tael__workbook *out, const char *file, const char *data, size_t bytes);

/* ---- Between biff.c and biff_text.c ---- */

#define TAEL__BIFF_CONTINUE 0x003Cu

/* The stream, and its record at hand. */
typedef struct tael__biff {
    const char *file; /* for sentences */
    const uint8_t *data;
    size_t bytes, at; /* of the stream; where the next record begins */
    uint32_t type;
    const uint8_t *body; /* of the record */
    size_t body_bytes;
    bool unicode;      /* BIFF8; else texts are bytes of a code page */
    uint32_t codepage; /* 0: not said */
    tael__decoder decoder;
    tael__buffer text; /* the text read last, UTF-8 */
} tael__biff;

static inline uint32_t tael__biff_16(const uint8_t *at)
{
    return (uint32_t)(at[0] | at[1] << 8);
}
static inline uint32_t tael__biff_32(const uint8_t *at)
{
    return tael__biff_16(at) | tael__biff_16(at + 2) << 16;
}

/* The next record; false at the end, or when what is left is none. */
bool tael__biff_next(tael__biff *b);

/* The text at body[offset], whose length stands before it in `length_bytes` (1 or 2), into b->text. It may go on in
 * CONTINUE records, which are then passed. Cut behind TAEL__CELL_KEPT_BYTES. */
tael_status tael__biff_read_text(tael__biff *b, size_t offset, int length_bytes);
/* The table of shared strings, whose record is at hand. */
tael_status tael__biff_read_shared(tael__biff *b, tael__book *book);

#endif
