// SPDX-License-Identifier: Apache-2.0
// How commands answer: one JSON document, one error line, and tables whose columns line up with Chinese in them.
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <utf8proc.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "command.h"

tael_status out_json(request *r, json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(document);
    if (!text) return tael__fail_memory("JSON", 0);
    fputs(text, stdout);
    fputc('\n', stdout);
    free(text); /* jansson's own allocation */
    r->answered = true;
    return TAEL_OK;
}

/* One character of text[0..bytes) as it may stand on a terminal: control characters and bytes that are no UTF-8 can't
 * move the cursor or end the line. Returns the bytes it took; `out` gets at most 4 bytes and *n how many. */
static size_t printable(const char *text, size_t bytes, char out[4], size_t *n, size_t *columns)
{
    uint32_t code;
    size_t taken = tael__utf8_decode(text, bytes, &code, NULL);
    if (code < 0x20 || (code >= 0x7F && code < 0xA0)) code = ' ';
    int width = utf8proc_charwidth((utf8proc_int32_t)code);
    *columns = width > 0 ? (size_t)width : 0;
    *n = tael__utf8_encode(out, code);
    return taken;
}

void out_line(FILE *f, const char *text)
{
    size_t bytes = strlen(text), n, columns;
    char utf8[4];
    for (size_t at = 0; at < bytes;) {
        at += printable(text + at, bytes - at, utf8, &n, &columns);
        fwrite(utf8, 1, n, f);
    }
}

void out_error(request *r, tael_status status)
{
    const char *sentence = tael_error();
    if (!*sentence) sentence = tael_status_name(status);
    if (out_terminal(stdout)) fflush(stdout);
    fputs("tael: ", stderr);
    out_line(stderr, sentence);
    fputc('\n', stderr);
    if (r->json && !r->answered)
        out_json(r,
                 json_pack("{s:{s:s,s:o}}", "error", "code", tael_status_name(status), "message", out_text(sentence)));
}

bool out_terminal(FILE *f)
{
    return isatty(fileno(f)) == 1;
}

size_t out_width(const char *text)
{
    size_t bytes = strlen(text), width = 0, n, columns;
    char utf8[4];
    for (size_t at = 0; at < bytes; width += columns) at += printable(text + at, bytes - at, utf8, &n, &columns);
    return width;
}

static void pad(FILE *f, size_t columns)
{
    while (columns-- > 0) fputc(' ', f);
}

void out_cell(FILE *f, const char *text, size_t columns, bool right)
{
    size_t width = out_width(text), bytes = strlen(text), used = 0;
    bool cut = width > columns;
    if (right && !cut) pad(f, columns - width);
    for (size_t at = 0; at < bytes;) {
        char utf8[4];
        size_t n, one;
        at += printable(text + at, bytes - at, utf8, &n, &one);
        if (cut && used + one > columns - 1) break;
        fwrite(utf8, 1, n, f);
        used += one;
    }
    if (cut) {
        fputs("…", f);
        used++;
    }
    if ((!right || cut) && used < columns) pad(f, columns - used);
}

void out_size(char *out, size_t cap, uint64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1000;
        unit++;
    }
    snprintf(out, cap, unit == 0 || value >= 100 ? "%.0f %s" : value >= 10 ? "%.1f %s" : "%.2f %s", value, units[unit]);
}
