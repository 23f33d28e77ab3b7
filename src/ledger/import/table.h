// SPDX-License-Identifier: Apache-2.0
/* A bill's table: which importer knows it, where its columns stand, and what the lines before it say. */
#ifndef TAEL__LEDGER_IMPORT_TABLE_H
#define TAEL__LEDGER_IMPORT_TABLE_H

#include "ledger/import/charset.h"
#include "ledger/import/csv.h"
#include "ledger/import/importer.h"

/* A header that an importer would know if it had one column more. */
typedef struct tael__near_miss {
    const tael__importer *importer; /* NULL: none was seen */
    const char *column;             /* the one that it lacks */
    size_t found;                   /* how many of the required ones it has */
    uint32_t line;
} tael__near_miss;

typedef struct tael__table {
    const tael__importer *importer; /* NULL: no header yet */
    int at[TAEL__COLUMN_COUNT];     /* where each column stands, or -1 */
    size_t cells;                   /* of the header, the nameless last ones too: Alipay's rows end in a comma */
    size_t named;                   /* up to its last name */
    size_t needed;                  /* cells that a row can't do without */
    tael__charset charset;          /* of the header */
    tael__near_miss near;           /* the nearest miss so far */
    tael__facts facts;
    int64_t exported_ms; /* 0: the bill doesn't say */
    uint32_t sheet;      /* of a workbook, from 1; 0: a text */
    bool sure;           /* columns aren't guessed */
} tael__table;

/* The importer at `index` in the order of importers.inc, or NULL past the last. */
const tael__importer *tael__importer_at(size_t index);

/* The cells of a decoded row: pointers into its NUL-separated text. At most TAEL__MAX_CSV_FIELDS. */
size_t tael__table_split(const char **cell, const char *text, size_t bytes);

/* A line before the table: when it was exported, of which month, of which card. */
void tael__table_note(tael__table *table, const char *const *cell, size_t count);

/* Whether the line is a header that an importer knows (only those called `format` when it isn't NULL). */
bool tael__table_match(tael__table *table, const char *const *cell, size_t count, uint32_t line, const char *format);

/* Column names differ by blanks, case and the width of their brackets. */
bool tael__table_same_name(const char *cell, const char *name);

/* The line is this importer's header, with its columns at these places. */
void tael__table_take(tael__table *table, const tael__importer *importer, const int at[TAEL__COLUMN_COUNT],
                      const char *const *cell, size_t count);

/* Whether the file has no header but rows of a shape that an importer knows, the row at hand (its first) and all
 * others; the reader then goes back to it. */
bool tael__table_shape(tael__table *table, tael__csv *csv, const tael__csv_row *row, const char *const *cell,
                       size_t count, const char *format);

/* A row's cells by column. NULL, or the reason to skip it. `ended`: its line was. */
const char *tael__table_lay_out(const tael__table *table, tael__cells *cells, const char *const *cell, size_t count,
                                bool ended, tael__charset charset);

/* A line of sums or notes below the rows, such as 合计. */
bool tael__table_is_footer(const tael__table *table, const char *const *cell, size_t count);

/* How the columns of a guessed table are read, for the owner: "time=交易日期, amount=金额 (…)". Sets facts.layout. */
void tael__table_describe(tael__table *table, const char *const *cell, char *out, size_t bytes);

/* Looks at all rows from here on for what only all of them tell: the order of days and months, and whether amounts
 * have a sign. TAEL_BAD_INPUT when no row decides it. `name` is the file's. */
tael_status tael__table_survey(tael__table *table, tael__csv *csv, const char *name);

#endif
