// SPDX-License-Identifier: Apache-2.0
// A workbook's stream is records: first what all sheets share (texts, formats, where each sheet begins), then sheet
// after sheet. Cells may come in any order, so a sheet's are kept by row until its end; what they say becomes CSV by
// the same code as XLSX.
#include "ledger/import/biff.h"

#include <stdio.h>
#include <string.h>

#include "ledger/import/cell.h"
#include "ledger/import/ole.h"
#include "ledger/import/sheet.h"
#include "ledger/import/xml.h"

enum { /* [MS-XLS] 2.3 */
       FORMULA = 0x0006,
       END = 0x000A,
       EPOCH_1904 = 0x0022,
       FILEPASS = 0x002F,
       CODEPAGE = 0x0042,
       SHEET = 0x0085,
       MULTIPLE_RK = 0x00BD,
       RICH_TEXT = 0x00D6,
       STYLE = 0x00E0,
       SHARED = 0x00FC,
       SHARED_TEXT = 0x00FD,
       NUMBER = 0x0203,
       TEXT = 0x0204,
       BOOLEAN = 0x0205,
       FORMULA_TEXT = 0x0207,
       RK = 0x027E,
       FORMAT = 0x041E,
       BEGIN = 0x0809
};

#define ROWS       65536
#define KIND_SHEET 0x0010
#define MAX_CELLS  ((size_t)1 << 22) /* of a sheet: all that its rows and the columns that are kept can hold */
#define FORMAT_IDS 65536

typedef enum cell_kind { CELL_RK, CELL_DOUBLE, CELL_SHARED, CELL_TEXT, CELL_TRUE, CELL_FALSE } cell_kind;

typedef struct cell {
    uint32_t next; /* in its row: index + 1, 0 is the last */
    uint16_t style;
    uint8_t column, kind;
    union {
        double number;
        uint32_t bits; /* of an RK; the number of a shared text */
        struct {
            uint32_t start, bytes; /* in texts */
        } text;
    } is;
} cell;
_Static_assert(sizeof(cell) == 16, "four million cells are 64 MiB");

typedef struct job {
    tael__biff b;
    tael__book book;
    tael__workbook *out;
    bool bare;                 /* records without a compound file */
    size_t csv_bytes, scanned; /* written and read so far, of all sheets */
    uint32_t begins[TAEL__MAX_SHEETS], number[TAEL__MAX_SHEETS];
    size_t sheet_count;
    uint32_t place;                     /* of the sheet record at hand, from 1 */
    uint8_t format_is_date[FORMAT_IDS]; /* of the workbook's own: 1 yes, 2 no */

    /* The sheet at hand. */
    cell *cells; /* owned */
    size_t cell_count, cell_capacity;
    uint32_t first[ROWS], last[ROWS]; /* index + 1 of a row's cells */
    tael__buffer texts;
    cell waiting; /* a formula whose text is in a later record; column 255: none */
    uint32_t waiting_row;
} job;

static tael_status fail_corrupt(const job *j)
{
    return tael__fail_part(j->b.file, "BIFF");
}

/* ---- What all sheets share ---- */

static tael_status read_sheet_place(job *j)
{
    const tael__biff *b = &j->b;
    if (b->body_bytes < 6) return fail_corrupt(j);
    j->place++;
    if (b->body[5] != 0) return TAEL_OK; /* a chart or a macro */
    if (j->sheet_count == TAEL__MAX_SHEETS) return tael__book_fail_many(b->file);
    j->begins[j->sheet_count] = tael__biff_32(b->body);
    j->number[j->sheet_count++] = j->place;
    return TAEL_OK;
}

static tael_status read_format(job *j)
{
    if (j->b.body_bytes < 2) return fail_corrupt(j);
    uint32_t id = tael__biff_16(j->b.body);
    TAEL_TRY(tael__biff_read_text(&j->b, 2, j->b.unicode ? 2 : 1));
    j->format_is_date[id] = j->b.text.data && tael__format_code_is_date(j->b.text.data) ? 1 : 2;
    return TAEL_OK;
}

static tael_status read_style(job *j)
{
    if (j->b.body_bytes < 4) return fail_corrupt(j);
    uint32_t id = tael__biff_16(j->b.body + 2);
    bool date = j->format_is_date[id] ? j->format_is_date[id] == 1 : tael__format_id_is_date(id);
    return tael__book_add_style(&j->book, j->b.file, date);
}

static tael_status fail_password(const job *j)
{
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: the workbook has a password; open it, save it without one and import that",
                               "%s：工作簿带有密码；请打开后另存为不带密码的文件再导入"),
                      j->b.file);
}

static tael_status take_global(job *j, bool *ended)
{
    const tael__biff *b = &j->b;
    switch (b->type) {
    case END: *ended = true; return TAEL_OK;
    case FILEPASS: return fail_password(j);
    case CODEPAGE:
        if (b->body_bytes >= 2) j->b.codepage = tael__biff_16(b->body);
        return TAEL_OK;
    case EPOCH_1904: j->book.since_1904 = b->body_bytes >= 1 && b->body[0] == 1; return TAEL_OK;
    case SHEET: return read_sheet_place(j);
    case FORMAT: return read_format(j);
    case STYLE: return read_style(j);
    case SHARED: return tael__biff_read_shared(&j->b, &j->book);
    default: return TAEL_OK;
    }
}

static tael_status read_globals(job *j)
{
    tael__biff *b = &j->b;
    bool ended = false;
    if (!tael__biff_next(b) || b->type != BEGIN || b->body_bytes < 4) return fail_corrupt(j);
    uint32_t version = tael__biff_16(b->body);
    if (j->bare && tael__biff_16(b->body + 2) == KIND_SHEET) { /* a sheet alone */
        j->sheet_count = j->number[0] = 1;
        return TAEL_OK;
    }
    if (version != 0x0600 && version != 0x0500) return fail_corrupt(j);
    b->unicode = version == 0x0600;
    while (!ended) {
        if (!tael__biff_next(b)) return fail_corrupt(j);
        TAEL_TRY(take_global(j, &ended));
    }
    return TAEL_OK;
}

/* ---- Cells ---- */

static tael_status add_cell(job *j, uint32_t row, uint32_t column, cell c)
{
    if (column >= TAEL__MAX_CSV_FIELDS) return TAEL_OK; /* no bill has a column there */
    if (j->cell_count == MAX_CELLS) return tael__book_fail_many(j->b.file);
    if (j->cell_count == j->cell_capacity) {
        size_t more = j->cell_capacity ? 2 * j->cell_capacity : 1024;
        cell *bigger = tael__realloc(j->cells, more * sizeof *bigger);
        if (!bigger) return tael__fail_memory("workbook", more * sizeof *bigger);
        j->cells = bigger;
        j->cell_capacity = more;
    }
    c.column = (uint8_t)column;
    c.next = 0;
    j->cells[j->cell_count++] = c;
    if (j->first[row])
        j->cells[j->last[row] - 1].next = (uint32_t)j->cell_count;
    else
        j->first[row] = (uint32_t)j->cell_count;
    j->last[row] = (uint32_t)j->cell_count;
    return TAEL_OK;
}

static tael_status add_text(job *j, uint32_t row, uint32_t column, uint16_t style)
{
    const tael__buffer *text = &j->b.text;
    cell c = {.kind = CELL_TEXT, .style = style};
    c.is.text.start = (uint32_t)j->texts.size;
    c.is.text.bytes = (uint32_t)text->size;
    j->texts.max = TAEL__MAX_UNPACKED_BYTES;
    if (text->size == 0) return TAEL_OK;
    tael_status status = tael__buffer_append(&j->texts, text->data, text->size);
    if (status != TAEL_OK) return status == TAEL_LIMIT ? tael__book_fail_many(j->b.file) : status;
    return add_cell(j, row, column, c);
}

static double get_double(const uint8_t *at)
{
    uint64_t bits = tael__biff_32(at) | (uint64_t)tael__biff_32(at + 4) << 32;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static tael_status take_formula(job *j, uint32_t row, uint32_t column, uint16_t style)
{
    const uint8_t *result = j->b.body + 6;
    cell c = {.style = style, .kind = CELL_DOUBLE};
    if (j->b.body_bytes < 14) return fail_corrupt(j);
    if (tael__biff_16(result + 6) != 0xFFFF) {
        c.is.number = get_double(result);
        return add_cell(j, row, column, c);
    }
    if (result[0] == 1) {
        c.kind = result[2] ? CELL_TRUE : CELL_FALSE;
        return add_cell(j, row, column, c);
    }
    if (result[0] != 0 || column >= TAEL__MAX_CSV_FIELDS) return TAEL_OK; /* an error, or nothing */
    j->waiting = c;
    j->waiting.column = (uint8_t)column;
    j->waiting_row = row;
    return TAEL_OK;
}

static tael_status take_many(job *j, uint32_t row, uint32_t column)
{
    const tael__biff *b = &j->b;
    for (size_t at = 4; at + 6 + 2 <= b->body_bytes; at += 6, column++) {
        cell c = {.kind = CELL_RK, .style = (uint16_t)tael__biff_16(b->body + at)};
        c.is.bits = tael__biff_32(b->body + at + 2);
        TAEL_TRY(add_cell(j, row, column, c));
    }
    return TAEL_OK;
}

/* A record that begins with row, column and style. */
static tael_status take_cell(job *j)
{
    tael__biff *b = &j->b;
    if (b->body_bytes < 6) return fail_corrupt(j);
    uint32_t row = tael__biff_16(b->body), column = tael__biff_16(b->body + 2);
    uint16_t style = (uint16_t)tael__biff_16(b->body + 4);
    size_t value_bytes = b->body_bytes - 6;
    cell c = {.style = style};
    if (b->type == MULTIPLE_RK) return take_many(j, row, column);
    if (b->type == TEXT || b->type == RICH_TEXT) {
        TAEL_TRY(tael__biff_read_text(b, 6, 2));
        return add_text(j, row, column, style);
    }
    if (b->type == FORMULA) return take_formula(j, row, column, style);
    if (value_bytes < (b->type == NUMBER ? 8u : b->type == BOOLEAN ? 2u : 4u)) return fail_corrupt(j);
    if (b->type == NUMBER) {
        c.kind = CELL_DOUBLE;
        c.is.number = get_double(b->body + 6);
    } else if (b->type == BOOLEAN) {
        if (b->body[7]) return TAEL_OK; /* an error */
        c.kind = b->body[6] ? CELL_TRUE : CELL_FALSE;
    } else {
        c.kind = b->type == RK ? CELL_RK : CELL_SHARED;
        c.is.bits = tael__biff_32(b->body + 6);
        if (c.kind == CELL_SHARED && c.is.bits >= j->book.string_count) return fail_corrupt(j);
    }
    return add_cell(j, row, column, c);
}

static tael_status take_formula_text(job *j)
{
    uint32_t column = j->waiting.column;
    if (column == UINT8_MAX) return TAEL_OK;
    j->waiting.column = UINT8_MAX;
    TAEL_TRY(tael__biff_read_text(&j->b, 0, 2));
    return add_text(j, j->waiting_row, column, j->waiting.style);
}

static tael_status take_record(job *j)
{
    switch (j->b.type) {
    case FORMULA_TEXT: return take_formula_text(j);
    case FORMULA:
    case MULTIPLE_RK:
    case RICH_TEXT:
    case SHARED_TEXT:
    case NUMBER:
    case TEXT:
    case BOOLEAN:
    case RK: j->waiting.column = UINT8_MAX; return take_cell(j);
    default: return TAEL_OK;
    }
}

/* ---- A sheet ---- */

/* Seventeen digits give the double back (IEEE 754); a locale may have written a comma for the point. */
static void write_double(char out[TAEL__CELL_NUMBER_BYTES], double number)
{
    snprintf(out, TAEL__CELL_NUMBER_BYTES, "%.17g", number);
    for (char *c = out; *c; c++)
        if (*c == ',') *c = '.';
}

/* RkNumber ([MS-XLS] 2.5.217): 30 bits of a double or of an integer, maybe of a hundredth of it. */
static void write_rk(char out[TAEL__CELL_NUMBER_BYTES], uint32_t bits)
{
    if (bits & 2) {
        int32_t whole = (int32_t)(bits & ~3u) / 4;
        uint32_t size = whole < 0 ? 0u - (uint32_t)whole : (uint32_t)whole;
        if (bits & 1)
            snprintf(out, TAEL__CELL_NUMBER_BYTES, "%s%u.%02u", whole < 0 ? "-" : "", size / 100, size % 100);
        else
            snprintf(out, TAEL__CELL_NUMBER_BYTES, "%d", (int)whole);
        return;
    }
    uint64_t wide = (uint64_t)(bits & ~3u) << 32;
    double number;
    memcpy(&number, &wide, sizeof number);
    write_double(out, bits & 1 ? number / 100 : number);
}

static tael_status put_cell(job *j, tael__sheet *sheet, const cell *c)
{
    char number[TAEL__CELL_NUMBER_BYTES];
    const char *text = number;
    switch ((cell_kind)c->kind) {
    case CELL_SHARED: text = j->book.strings.data + j->book.string_at[c->is.bits]; break;
    case CELL_TEXT: return tael__sheet_put_text(sheet, c->column, j->texts.data + c->is.text.start, c->is.text.bytes);
    case CELL_TRUE: text = "TRUE"; break;
    case CELL_FALSE: text = "FALSE"; break;
    case CELL_RK: write_rk(number, c->is.bits); return tael__sheet_put_number(sheet, c->column, number, c->style);
    case CELL_DOUBLE:
        write_double(number, c->is.number);
        return tael__sheet_put_number(sheet, c->column, number, c->style);
    }
    return tael__sheet_put_text(sheet, c->column, text, strlen(text));
}

static tael_status write_rows(job *j, uint32_t number)
{
    tael__sheet sheet = {.book = &j->book, .file = j->b.file, .part = "BIFF"};
    tael_status status = TAEL_OK;
    sheet.csv.max = TAEL__MAX_TEXT_FILE_BYTES - j->csv_bytes + 1; /* never 0 */
    for (uint32_t row = 0; row < ROWS && status == TAEL_OK; row++) {
        if (!j->first[row]) continue;
        tael__sheet_begin_row(&sheet, row + 1);
        for (uint32_t at = j->first[row]; at && status == TAEL_OK; at = j->cells[at - 1].next)
            status = put_cell(j, &sheet, &j->cells[at - 1]);
        if (status == TAEL_OK) status = tael__sheet_end_row(&sheet);
    }
    if (status == TAEL_OK && sheet.csv.size > 0) {
        size_t bytes = sheet.csv.size;
        char *csv = tael__buffer_take(&sheet.csv);
        if (csv) j->out->sheet[j->out->count++] = (tael__workbook_sheet){csv, bytes, number};
        j->csv_bytes += bytes;
        if (!csv) status = TAEL_NO_MEMORY;
    }
    tael__sheet_free(&sheet);
    return status;
}

/* From its BEGIN to its END; a chart in it has a pair of its own. */
static tael_status read_cells(job *j, uint32_t begins)
{
    tael__biff *b = &j->b;
    int depth = 0;
    if (begins >= b->bytes) return fail_corrupt(j);
    b->at = begins;
    do {
        size_t before = b->at;
        if (!tael__biff_next(b) || (depth == 0 && b->type != BEGIN)) return fail_corrupt(j);
        if (b->type == BEGIN && depth < 100) depth++;
        if (b->type == END) depth--;
        if (depth == 1) TAEL_TRY(take_record(j));
        /* Sheets lie one after another: many that claim the same bytes are an attack. */
        j->scanned += b->at - before;
        if (j->scanned > b->bytes) return fail_corrupt(j);
    } while (depth > 0);
    return TAEL_OK;
}

static tael_status read_sheet(job *j, size_t i)
{
    j->cell_count = 0;
    tael__buffer_clear(&j->texts);
    memset(j->first, 0, sizeof j->first);
    j->waiting.column = UINT8_MAX;
    TAEL_TRY(read_cells(j, j->begins[i]));
    return write_rows(j, j->number[i]);
}

/* ---- The whole ---- */

static tael_status read_stream(job *j)
{
    j->out->sheet = tael__alloc_array(TAEL__MAX_SHEETS, sizeof *j->out->sheet);
    if (!j->out->sheet) return tael__fail_memory("workbook", TAEL__MAX_SHEETS * sizeof *j->out->sheet);
    TAEL_TRY(read_globals(j));
    for (size_t i = 0; i < j->sheet_count; i++) TAEL_TRY(read_sheet(j, i));
    return TAEL_OK;
}

bool tael__biff_like(const char *data, size_t bytes)
{
    return tael__ole_like(data, bytes) || (bytes >= 12 && memcmp(data, "\x09\x08\x08\0", 4) == 0);
}

/* BIFF8 lies in "Workbook", BIFF5 in "Book"; a newer workbook with a password is wrapped whole. */
static tael_status find_stream(job *j, const char *data, size_t bytes, char **stream)
{
    static const char *const names[] = {"Workbook", "Book", "EncryptedPackage"};
    tael__ole ole;
    size_t size = 0, i = 0;
    j->bare = !tael__ole_like(data, bytes);
    j->b.data = (const uint8_t *)data;
    j->b.bytes = bytes;
    if (j->bare) return TAEL_OK;
    TAEL_TRY(tael__ole_open(&ole, j->b.file, data, bytes));
    tael_status status = TAEL_OK;
    for (; i < 3 && !*stream && status == TAEL_OK; i++) status = tael__ole_read(&ole, names[i], stream, &size);
    tael__ole_close(&ole);
    TAEL_TRY(status);
    j->b.data = (const uint8_t *)*stream;
    j->b.bytes = size;
    if (*stream && i < 3) return TAEL_OK;
    if (*stream) return fail_password(j);
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: no workbook in it; open it, save it as .xlsx or CSV and import that",
                               "%s：其中没有工作簿；请打开后另存为 .xlsx 或 CSV 再导入"),
                      j->b.file);
}

tael_status tael__biff_read(tael__workbook *out, const char *file, const char *data, size_t bytes)
{
    char *stream = NULL;
    *out = (tael__workbook){0};
    job *j = tael__alloc_zero(sizeof *j);
    if (!j) return tael__fail_memory("workbook", sizeof *j);
    j->b.file = file;
    j->out = out;
    tael_status status = find_stream(j, data, bytes, &stream);
    if (status == TAEL_OK) status = read_stream(j);
    tael__book_free(&j->book);
    tael__decoder_close(&j->b.decoder);
    tael__buffer_free(&j->b.text);
    tael__buffer_free(&j->texts);
    tael__free(j->cells);
    tael__free(j);
    tael__free(stream);
    if (status != TAEL_OK) tael__workbook_free(out);
    return status;
}
