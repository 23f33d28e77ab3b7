// SPDX-License-Identifier: Apache-2.0
// Tables of a web page or of Excel's XML of 2003, which banks name .xls as well: <tr><td>…, <Row><Cell><Data>…. Only
// the tags that make rows and cells count; what else stands between them is passed over.
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "ledger/import/csv.h"

typedef struct tael__span span;

#define LOOK_BYTES 65536 /* into the file for its first table: styles stand before it */

typedef struct tag {
    span name, inside; /* without its "/"; all between name and ">" */
    bool closing;
} tag;

static bool is(span name, const char *word)
{
    return name.bytes == strlen(word) && strncasecmp(name.text, word, name.bytes) == 0;
}

static bool is_row(span name)
{
    return is(name, "tr") || is(name, "row") || is(name, "ss:row");
}

static bool is_cell(span name)
{
    return is(name, "td") || is(name, "th") || is(name, "cell") || is(name, "ss:cell");
}

/* The next tag from csv->at on, and the text before it; the place moves behind it. */
static bool next_tag(tael__csv *csv, tag *t, span *before)
{
    const char *start = csv->data + csv->at, *stop = csv->data + csv->bytes;
    const char *open = memchr(start, '<', csv->bytes - csv->at);
    const char *close = open ? memchr(open, '>', (size_t)(stop - open)) : NULL;
    if (close && stop - open > 3 && memcmp(open, "<!--", 4) == 0) {
        close = memmem(open, (size_t)(stop - open), "-->", 3);
        if (close) close += 2;
    }
    if (!close) return false;
    *before = (span){start, (size_t)(open - start)};
    t->closing = open[1] == '/';
    const char *name = open + 1 + t->closing;
    size_t n = 0;
    while (name + n < close && !strchr(" \t\r\n/>", name[n])) n++;
    t->name = (span){name, n};
    t->inside = (span){name + n, (size_t)(close - name) - n};
    for (const char *c = start; c <= close; c++) csv->line += *c == '\n';
    csv->at = (size_t)(close + 1 - csv->data);
    return true;
}

/* The number of an attribute such as colspan="3" or ss:Index="5", 0 when there is none. */
static unsigned attribute(const tag *t, const char *name)
{
    size_t n = strlen(name);
    for (size_t i = 1; i + n + 1 < t->inside.bytes; i++) {
        if (strncasecmp(t->inside.text + i, name, n) != 0 || t->inside.text[i + n] != '=') continue;
        size_t at = i + n + 1;
        unsigned number = 0;
        if (at < t->inside.bytes && (t->inside.text[at] == '"' || t->inside.text[at] == '\'')) at++;
        for (; at < t->inside.bytes && t->inside.text[at] >= '0' && t->inside.text[at] <= '9' && number < 10000; at++)
            number = number * 10 + (unsigned)(t->inside.text[at] - '0');
        return number;
    }
    return 0;
}

/* A cell's text, put together from the pieces between its tags. */
typedef struct cell {
    char text[TAEL__MAX_FIELD_BYTES + 4];
    size_t bytes;
    bool date; /* Excel's XML: 2026-09-01T00:00:00.000 */
    unsigned wide;
} cell;

static void add_text(cell *c, span piece)
{
    size_t room = sizeof c->text - c->bytes;
    if (piece.bytes > room) piece.bytes = room;
    memcpy(c->text + c->bytes, piece.text, piece.bytes);
    c->bytes += piece.bytes;
}

static void put_empty(tael__csv *csv, tael__csv_row *row, size_t upto)
{
    while (row->count < upto && row->count < TAEL__MAX_CSV_FIELDS) tael__csv_put(csv, row, (span){"", 0}, false);
}

static void end_cell(tael__csv *csv, tael__csv_row *row, cell *c)
{
    if (row->count == TAEL__MAX_CSV_FIELDS) {
        row->fault = TAEL__CSV_TOO_WIDE;
        return;
    }
    if (c->date && c->bytes == 23 && c->text[10] == 'T' && c->text[19] == '.') c->bytes = 19;
    tael__csv_put(csv, row, (span){c->text, c->bytes}, true);
    if (c->wide > 1) put_empty(csv, row, row->count + c->wide - 1);
}

static void begin_cell(tael__csv *csv, tael__csv_row *row, cell *c, const tag *t)
{
    unsigned index = attribute(t, "ss:Index");
    if (index > row->count) put_empty(csv, row, index - 1);
    c->bytes = 0;
    c->date = false;
    c->wide = attribute(t, "colspan");
    unsigned across = attribute(t, "ss:MergeAcross");
    if (across) c->wide = across + 1;
}

/* One <tr> to its end, or to the next one: end tags are often left out. */
static bool read_row(tael__csv *csv, tael__csv_row *row)
{
    static const char type[] = "DateTime";
    cell c = {.bytes = 0};
    tag t = {.closing = false};
    span before;
    bool in_row = false, in_cell = false;
    for (size_t was = csv->at; next_tag(csv, &t, &before); was = csv->at) {
        if (in_cell) add_text(&c, before);
        if (is_row(t.name) && !t.closing && in_row) {
            csv->at = was; /* this row's end tag is missing */
            for (const char *p = csv->data + was; p < t.inside.text + t.inside.bytes; p++) csv->line -= *p == '\n';
            row->ended = true;
            break;
        }
        if (is_row(t.name) && !t.closing) {
            in_row = true;
            row->line = csv->line;
        }
        bool ends = is_cell(t.name) || is_row(t.name) || is(t.name, "table");
        if (in_cell && ends) {
            end_cell(csv, row, &c);
            in_cell = false;
        }
        if (in_row && t.closing && (is_row(t.name) || is(t.name, "table"))) {
            row->ended = true;
            break;
        }
        if (in_row && is_cell(t.name) && !t.closing) {
            begin_cell(csv, row, &c, &t);
            in_cell = t.inside.bytes == 0 || t.inside.text[t.inside.bytes - 1] != '/';
            if (!in_cell) end_cell(csv, row, &c);
        } else if (in_cell && is(t.name, "br")) {
            add_text(&c, (span){" ", 1});
        } else if (in_cell && memmem(t.inside.text, t.inside.bytes, type, sizeof type - 1)) {
            c.date = true;
        }
    }
    if (in_cell) end_cell(csv, row, &c);
    row->lines = 1;
    if (in_row && row->count == 0) tael__csv_put(csv, row, (span){"", 0}, false);
    if (!in_row) csv->at = csv->bytes;
    return in_row;
}

bool tael__html_open(tael__csv *csv)
{
    size_t at = 0, look = csv->bytes < LOOK_BYTES ? csv->bytes : LOOK_BYTES;
    while (at < look && strchr(" \t\r\n", csv->data[at]) && csv->data[at]) at++;
    if (at >= look || csv->data[at] != '<') return false;
    for (size_t i = at; i + 6 < look; i++)
        if (csv->data[i] == '<' &&
            (strncasecmp(csv->data + i, "<table", 6) == 0 || strncmp(csv->data + i, "<ss:Table", 9) == 0)) {
            csv->read = read_row;
            return true;
        }
    return false;
}
