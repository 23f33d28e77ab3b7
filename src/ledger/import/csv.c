// SPDX-License-Identifier: Apache-2.0
// A CSV reader for what wallets really write, not only for RFC 4180: a TAB between closing quote and comma (WeChat,
// 2025), bare quotes inside a field, quoted or not; CRLF and LF in one file; blanks around fields.
#include "ledger/import/csv.h"

#include <string.h>

#include "base/limits.h"
#include "base/memory.h"

typedef struct cursor {
    const char *data;
    size_t bytes, at;
    char *out;
    size_t size;              /* of out */
    uint32_t newlines;        /* passed inside quotes */
    bool nul, overflow, open; /* open: a quote was not closed */
} cursor;

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static void put(cursor *c, char byte)
{
    if (c->size + 2 > TAEL__MAX_CSV_LINE_BYTES) {
        c->overflow = true;
        return;
    }
    if (byte == '\0') c->nul = true;
    c->out[c->size++] = byte == '\0' ? ' ' : byte;
}

/* Where a delimiter (comma, line end or the end) stands after blanks, or 0 when something else does. */
static bool delimiter_after(const cursor *c, size_t at, size_t *delimiter)
{
    while (at < c->bytes && blank(c->data[at])) at++;
    *delimiter = at;
    return at >= c->bytes || c->data[at] == ',' || c->data[at] == '\n';
}

/* A field whose quote stands at `at`. False when the quote is never closed. A quote that no delimiter follows is text;
 * after one such, a doubled quote before a delimiter is text and the end, as in "click "More Videos"". After a line end
 * it isn't text but the opening quote of a later row's field: ours was never closed. */
static bool quoted(cursor *c, bool multiline)
{
    bool bare = false;
    uint32_t newlines = c->newlines;
    size_t after;
    for (c->at++; c->at < c->bytes && !c->overflow; c->at++) {
        char byte = c->data[c->at];
        if (byte == '\n') {
            if (!multiline) return false;
            c->newlines++;
            put(c, ' ');
        } else if (byte != '"') {
            put(c, byte);
        } else if (c->at + 1 < c->bytes && c->data[c->at + 1] == '"' &&
                   !(bare && delimiter_after(c, c->at + 2, &after))) {
            put(c, '"');
            c->at++;
        } else if (delimiter_after(c, c->at + 1, &after)) {
            c->at = after;
            return true;
        } else if (c->newlines > newlines) {
            return false;
        } else {
            bare = true;
            put(c, '"');
        }
    }
    return false;
}

static void plain(cursor *c)
{
    for (; c->at < c->bytes && c->data[c->at] != ',' && c->data[c->at] != '\n'; c->at++) put(c, c->data[c->at]);
}

/* One field into out, trimmed, with its NUL; the cursor stands on the delimiter after it. */
static void field(cursor *c, bool multiline)
{
    while (c->at < c->bytes && blank(c->data[c->at])) c->at++;
    size_t start = c->at, first = c->size;
    uint32_t newlines = c->newlines;
    bool nul = c->nul;
    if (c->at < c->bytes && c->data[c->at] == '"') {
        if (!quoted(c, multiline)) { /* never closed: the quote is text and the field ends with its line */
            c->open = true;
            c->at = start;
            c->size = first;
            c->newlines = newlines;
            c->nul = nul;
            c->overflow = false;
            plain(c);
        }
    } else {
        plain(c);
    }
    size_t from = first;
    while (from < c->size && blank(c->out[from])) from++;
    while (c->size > from && blank(c->out[c->size - 1])) c->size--;
    memmove(c->out + first, c->out + from, c->size - from);
    c->size -= from - first;
    c->out[c->size++] = '\0'; /* put() leaves room for it */
}

tael_status tael__csv_open(tael__csv *csv, const char *data, size_t bytes)
{
    *csv = (tael__csv){.data = data, .bytes = bytes, .line = 1};
    csv->text = tael__alloc(TAEL__MAX_CSV_LINE_BYTES + TAEL__MAX_CSV_FIELDS + 2);
    return csv->text ? TAEL_OK : tael__fail_memory("CSV", TAEL__MAX_CSV_LINE_BYTES);
}

void tael__csv_close(tael__csv *csv)
{
    tael__free(csv->text);
    *csv = (tael__csv){0};
}

bool tael__csv_next(tael__csv *csv, tael__csv_row *row, bool multiline)
{
    cursor c = {.data = csv->data, .bytes = csv->bytes, .at = csv->at, .out = csv->text};
    *row = (tael__csv_row){.text = csv->text, .line = csv->line, .start = csv->at};
    if (csv->read) return csv->read(csv, row);
    if (csv->at >= csv->bytes) return false;
    for (;;) {
        if (row->count == TAEL__MAX_CSV_FIELDS) {
            row->fault = TAEL__CSV_TOO_WIDE;
            break;
        }
        field(&c, multiline);
        row->count++;
        if (c.overflow || c.at >= c.bytes || c.data[c.at] == '\n') break;
        c.at++; /* the comma; one at the very end of the file still opens an empty field */
    }
    if (c.overflow) row->fault = TAEL__CSV_TOO_LONG;
    if (c.nul && row->fault == TAEL__CSV_FINE) row->fault = TAEL__CSV_NUL;
    while (c.at < c.bytes && c.data[c.at] != '\n') c.at++; /* the rest of a row that was too long or too wide */
    row->ended = c.at < c.bytes;
    if (row->ended) c.at++;
    row->lines = 1 + c.newlines;
    row->bytes = c.size;
    csv->line += row->lines;
    csv->at = c.at;
    return true;
}

void tael__csv_back(tael__csv *csv, const tael__csv_row *row)
{
    csv->at = row->start;
    csv->line = row->line;
}
