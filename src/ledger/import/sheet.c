// SPDX-License-Identifier: Apache-2.0
// A sheet's XML to CSV while it streams by. Cells are placed by their reference and may be missing, and so may rows; a
// missing row is an empty line. Texts are cut behind the longest field that a bill may have: the row is then skipped
// with that reason, and no sheet can refer its way to gigabytes.
#include "ledger/import/sheet.h"

#include <string.h>

#include "base/utf8.h"
#include "ledger/import/cell.h"

#define CELL_BYTES TAEL__CELL_KEPT_BYTES

/* A row's cells must fit into a line that the CSV reader takes, quotes apart. What doesn't has so many long cells that
 * it is no bill's row; it's written as one that is too wide, and so reported. */
#define ROW_BYTES (TAEL__MAX_CSV_LINE_BYTES - 4 * TAEL__MAX_CSV_FIELDS)
_Static_assert(ROW_BYTES / CELL_BYTES > 17, "the widest bill with the longest fields fits");

/* ---- Cells ---- */

static tael_status put_cell(tael__sheet *s, const char *text, size_t bytes)
{
    if (s->column >= TAEL__MAX_CSV_FIELDS || bytes == 0) return TAEL_OK; /* no bill has a column there */
    if (s->text.size > ROW_BYTES) return TAEL_OK;                        /* too wide already */
    bytes = tael__utf8_cut(text, bytes < CELL_BYTES ? bytes : CELL_BYTES);
    s->cell[s->column].start = s->text.size;
    s->cell[s->column].bytes = bytes;
    return tael__buffer_append(&s->text, text, bytes);
}

static tael_status put_shared(tael__sheet *s, const char *value)
{
    uint32_t n;
    if (!tael__cell_count(&n, value) || n >= s->book->string_count) return tael__fail_part(s->file, s->part);
    const char *text = s->book->strings.data + s->book->string_at[n];
    return put_cell(s, text, strlen(text));
}

static tael_status put_number(tael__sheet *s, const char *value)
{
    char text[TAEL__CELL_NUMBER_BYTES];
    bool date = s->style < s->book->style_count && s->book->style_is_date[s->style];
    if (date && tael__cell_date(text, value, s->book->since_1904)) return put_cell(s, text, strlen(text));
    if (tael__cell_number(text, value)) return put_cell(s, text, strlen(text));
    return put_cell(s, value, strlen(value));
}

/* "2026-11-20T08:12:37.000Z": the clock without its fraction and zone, which bills don't have. */
static tael_status put_iso_date(tael__sheet *s, char *value)
{
    size_t n = strlen(value);
    if (n >= 19 && value[10] == 'T' && value[13] == ':') {
        value[10] = ' ';
        n = 19;
    }
    return put_cell(s, value, n);
}

static tael_status end_cell(tael__sheet *s)
{
    char *value = s->value.data;
    s->in_cell = false;
    if (!value || s->value.size == 0) return TAEL_OK;
    switch (s->type) {
    case TAEL__CELL_SHARED: return put_shared(s, value);
    case TAEL__CELL_NUMBER: return put_number(s, value);
    case TAEL__CELL_BOOLEAN:
        return tael__xml_is(value, "1")   ? put_cell(s, "TRUE", 4)
               : tael__xml_is(value, "0") ? put_cell(s, "FALSE", 5)
                                          : TAEL_OK;
    case TAEL__CELL_ISO_DATE: return put_iso_date(s, value);
    default:
        if (s->value.size < CELL_BYTES) s->value.size = tael__cell_unescape(value, s->value.size); /* else it was cut */
        return put_cell(s, value, s->value.size);
    }
}

static tael_status begin_cell(tael__sheet *s, const char *const *attributes)
{
    const char *reference = tael__xml_attribute(attributes, "r"), *type = tael__xml_attribute(attributes, "t");
    const char *style = tael__xml_attribute(attributes, "s");
    if (++s->cells > TAEL__MAX_SHEET_CELLS) return tael__book_fail_many(s->file);
    s->column++; /* of a cell without a reference; the row began one before its first */
    if (reference && !tael__cell_column(&s->column, reference)) return tael__fail_part(s->file, s->part);
    s->style = UINT32_MAX;
    if (style && !tael__cell_count(&s->style, style)) return tael__fail_part(s->file, s->part);
    if (!style) s->style = 0;
    s->type = TAEL__CELL_NUMBER;
    if (type && tael__xml_is(type, "s")) s->type = TAEL__CELL_SHARED;
    if (type && (tael__xml_is(type, "str") || tael__xml_is(type, "e"))) s->type = TAEL__CELL_TEXT;
    if (type && tael__xml_is(type, "inlineStr")) s->type = TAEL__CELL_INLINE;
    if (type && tael__xml_is(type, "b")) s->type = TAEL__CELL_BOOLEAN;
    if (type && tael__xml_is(type, "d")) s->type = TAEL__CELL_ISO_DATE;
    s->in_cell = true;
    s->in_inline = s->in_value = false;
    s->phonetic = 0;
    tael__buffer_clear(&s->value);
    return TAEL_OK;
}

/* ---- Rows ---- */

static tael_status begin_row(tael__sheet *s, const char *const *attributes)
{
    const char *number = tael__xml_attribute(attributes, "r");
    uint32_t row = s->row + 1;
    if (number && (!tael__cell_count(&row, number) || row <= s->row)) return tael__fail_part(s->file, s->part);
    if (row > TAEL__MAX_SHEET_ROWS) return tael__book_fail_many(s->file);
    s->column = UINT32_MAX; /* one before the first */
    s->in_row = true;
    tael__sheet_begin_row(s, row);
    return TAEL_OK;
}

void tael__sheet_begin_row(tael__sheet *s, uint32_t row)
{
    s->row = row;
    s->text.max = ROW_BYTES + CELL_BYTES;
    memset(s->cell, 0, sizeof s->cell);
    tael__buffer_clear(&s->text);
}

tael_status tael__sheet_put_text(tael__sheet *s, uint32_t column, const char *text, size_t bytes)
{
    s->column = column;
    return put_cell(s, text, bytes);
}

tael_status tael__sheet_put_number(tael__sheet *s, uint32_t column, const char *value, uint32_t style)
{
    s->column = column;
    s->style = style;
    return put_number(s, value);
}

static void write_quoted(tael__buffer *csv, const char *text, size_t bytes)
{
    tael__buffer_append(csv, "\"", 1);
    for (size_t i = 0; i < bytes;) {
        size_t n = 0;
        while (i + n < bytes && text[i + n] != '"' && text[i + n] != '\n' && text[i + n] != '\r') n++;
        tael__buffer_append(csv, text + i, n);
        i += n;
        if (i == bytes) break;
        tael__buffer_text(csv, text[i++] == '"' ? "\"\"" : " "); /* a line end would move the lines after it */
    }
    tael__buffer_append(csv, "\"", 1);
}

tael_status tael__sheet_end_row(tael__sheet *s)
{
    size_t width = 0;
    s->in_row = false;
    for (size_t i = 0; i < TAEL__MAX_CSV_FIELDS; i++)
        if (s->cell[i].bytes > 0) width = i + 1;
    if (width == 0) return TAEL_OK; /* rows without a word are missing rows */
    for (; s->lines + 1 < s->row; s->lines++, s->fields++) tael__buffer_append(&s->csv, "\n", 1);
    if (width > s->width) s->width = width;
    if (s->text.size > ROW_BYTES) {
        tael__buffer_text(&s->csv, "+");
        for (size_t i = 0; i < TAEL__MAX_CSV_FIELDS; i++) tael__buffer_append(&s->csv, ",", 1);
        s->fields += TAEL__MAX_CSV_FIELDS; /* the reader stops there */
    } else {
        for (size_t i = 0; i < s->width; i++) {
            if (i > 0) tael__buffer_append(&s->csv, ",", 1);
            if (s->cell[i].bytes > 0) write_quoted(&s->csv, s->text.data + s->cell[i].start, s->cell[i].bytes);
        }
        s->fields += s->width;
    }
    s->lines++;
    if (tael__buffer_append(&s->csv, "\n", 1) == TAEL_LIMIT) return tael__book_fail_many(s->file);
    return s->csv.failed;
}

/* ---- The sheet ---- */

static tael_status sheet_begin(void *user, const char *element, const char *const *attributes)
{
    tael__sheet *s = user;
    if (tael__xml_is(element, "sheetData")) {
        s->in_data = true;
    } else if (s->in_cell) {
        if (tael__xml_is(element, "is")) s->in_inline = s->type == TAEL__CELL_INLINE;
        if (tael__xml_is(element, "rPh")) s->phonetic++;
        s->in_value = (tael__xml_is(element, "v") && s->type != TAEL__CELL_INLINE) ||
                      (tael__xml_is(element, "t") && s->in_inline && s->phonetic == 0);
    } else if (s->in_row) {
        if (tael__xml_is(element, "c")) return begin_cell(s, attributes);
    } else if (s->in_data && tael__xml_is(element, "row")) {
        return begin_row(s, attributes);
    }
    return TAEL_OK;
}

static tael_status sheet_end(void *user, const char *element)
{
    tael__sheet *s = user;
    s->in_value = false;
    if (tael__xml_is(element, "sheetData")) {
        s->in_data = false;
    } else if (s->in_cell) {
        if (tael__xml_is(element, "is")) s->in_inline = false;
        if (tael__xml_is(element, "rPh") && s->phonetic > 0) s->phonetic--;
        if (tael__xml_is(element, "c")) return end_cell(s);
    } else if (s->in_row && tael__xml_is(element, "row")) {
        return tael__sheet_end_row(s);
    }
    return TAEL_OK;
}

static tael_status sheet_text(void *user, const char *text, size_t bytes)
{
    tael__sheet *s = user;
    if (!s->in_value) return TAEL_OK;
    s->value.max = CELL_BYTES;
    size_t room = CELL_BYTES - s->value.size;
    return tael__buffer_append(&s->value, text, bytes < room ? bytes : room);
}

const tael__xml_reader tael__sheet_reader = {sheet_begin, sheet_end, sheet_text};

void tael__sheet_free(tael__sheet *sheet)
{
    tael__buffer_free(&sheet->csv);
    tael__buffer_free(&sheet->value);
    tael__buffer_free(&sheet->text);
}
