// SPDX-License-Identifier: Apache-2.0
// Fields for readers of files that aren't CSV: spans of the file, copied into the row as the CSV reader would leave it.
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "ledger/import/csv.h"

/* "&amp;" or "&#38;" at text[0..bytes): how many bytes it is, 0 when it is none; what it means is written to out. */
static size_t entity(const char *text, size_t bytes, char out[4], size_t *out_bytes)
{
    static const struct {
        const char *name;
        char means;
    } names[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}, {"&nbsp;", ' '}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        size_t n = strlen(names[i].name);
        if (n > bytes || memcmp(text, names[i].name, n) != 0) continue;
        out[0] = names[i].means;
        *out_bytes = 1;
        return n;
    }
    uint32_t code = 0;
    size_t at = 2;
    if (bytes < 4 || text[1] != '#') return 0;
    for (; at < bytes && at < 9 && text[at] >= '0' && text[at] <= '9'; at++)
        code = code * 10 + (uint32_t)(text[at] - '0');
    if (at == 2 || at >= bytes || text[at] != ';' || code < ' ') return 0;
    *out_bytes = tael__utf8_encode(out, code);
    return at + 1;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void tael__csv_put(tael__csv *csv, tael__csv_row *row, struct tael__span span, bool entities)
{
    size_t bytes = span.bytes;
    const char *text = span.text;
    size_t first = row->bytes, from = first;
    for (; bytes > 0 && blank(*text); text++) bytes--;
    while (bytes > 0 && blank(text[bytes - 1])) bytes--;
    for (size_t at = 0; at < bytes;) {
        char decoded[4] = {text[at]};
        size_t out_bytes = 1, used = 0;
        if (entities && text[at] == '&') used = entity(text + at, bytes - at, decoded, &out_bytes);
        if (used == 0) {
            used = 1;
            out_bytes = 1;
            if (text[at] == '\0') row->fault = TAEL__CSV_NUL;
            decoded[0] = text[at] == '\0' || blank(text[at]) ? ' ' : text[at];
        }
        if (row->bytes + out_bytes + TAEL__MAX_CSV_FIELDS > TAEL__MAX_CSV_LINE_BYTES) {
            row->fault = TAEL__CSV_TOO_LONG;
            break;
        }
        memcpy(csv->text + row->bytes, decoded, out_bytes);
        row->bytes += out_bytes;
        at += used;
    }
    /* Blanks that were entities: an empty cell of a web page is "&nbsp;". */
    while (entities && row->bytes > first && csv->text[row->bytes - 1] == ' ') row->bytes--;
    while (entities && from < row->bytes && csv->text[from] == ' ') from++;
    memmove(csv->text + first, csv->text + from, row->bytes - from);
    row->bytes -= from - first;
    csv->text[row->bytes++] = '\0';
    row->count++;
}
