// SPDX-License-Identifier: Apache-2.0
/* What the cells of all sheets refer to by number: shared strings, and which styles show a number as a date. */
#ifndef TAEL__LEDGER_IMPORT_BOOK_H
#define TAEL__LEDGER_IMPORT_BOOK_H

#include "base/limits.h"
#include "ledger/import/xml.h"

/* Bytes kept of a cell's text: enough that a longer one, cut between two characters, is still longer than a field. */
#define TAEL__CELL_KEPT_BYTES (TAEL__MAX_FIELD_BYTES + 4)

/* Zero-initialise; free with tael__book_free. */
typedef struct tael__book {
    tael__buffer strings; /* shared strings, each ended by NUL */
    uint32_t *string_at;  /* owned: where each starts */
    size_t string_count, string_capacity;
    uint8_t *style_is_date; /* owned: by style, 0 or 1 */
    size_t style_count, style_capacity;
    bool since_1904; /* days count from 1904-01-01 */
} tael__book;

void tael__book_free(tael__book *book);

/* The next shared string (UTF-8 without NUL), the next style. For readers of workbooks that aren't XML. */
tael_status tael__book_add_string(tael__book *book, const char *file, const char *text, size_t bytes);
tael_status tael__book_add_style(tael__book *book, const char *file, bool date);

/* User of tael__strings_reader, which reads xl/sharedStrings.xml. Set book and file. */
typedef struct tael__strings_job {
    tael__book *book; /* borrowed, as in all of these */
    const char *file; /* for sentences */
    bool in_string, in_text;
    uint32_t phonetic; /* depth inside a reading aid, whose text isn't the cell's */
    size_t start;      /* of the string at hand */
} tael__strings_job;
extern const tael__xml_reader tael__strings_reader;

/* User of tael__styles_reader, which reads xl/styles.xml. Set book and file. */
typedef struct tael__styles_job {
    tael__book *book;
    const char *file;
    bool in_formats, in_cells;
    uint32_t format[TAEL__MAX_NUMBER_FORMATS]; /* ids of the workbook's own formats */
    bool is_date[TAEL__MAX_NUMBER_FORMATS];
    size_t format_count;
} tael__styles_job;
extern const tael__xml_reader tael__styles_reader;

/* Digits alone, below a thousand million, as the XML of programs has them. */
bool tael__cell_count(uint32_t *number, const char *text);

/* More of something than limits.h allows. */
tael_status tael__book_fail_many(const char *file) __attribute__((cold));

#endif
