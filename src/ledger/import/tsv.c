// SPDX-License-Identifier: Apache-2.0
// Text with TABs between its fields, which brokers and banks name .xls so that Excel opens it: 2026-09-01<TAB>12.00.
// Some write ="00123" to keep Excel from taking a number; it reads as 00123.
#include <string.h>

#include "base/limits.h"
#include "ledger/import/csv.h"

typedef struct tael__span span;

static span without_quotes(span field)
{
    while (field.bytes > 0 && (field.text[0] == ' ' || field.text[0] == '\r'))
        field = (span){field.text + 1, field.bytes - 1};
    while (field.bytes > 0 && (field.text[field.bytes - 1] == ' ' || field.text[field.bytes - 1] == '\r'))
        field.bytes--;
    size_t lead =
        field.bytes > 1 && field.text[0] == '=' && field.text[1] == '"' ? 2 : field.bytes && field.text[0] == '"';
    if (lead == 0 || field.bytes <= lead || field.text[field.bytes - 1] != '"') return field;
    return (span){field.text + lead, field.bytes - lead - 1};
}

static bool read_row(tael__csv *csv, tael__csv_row *row)
{
    if (csv->at >= csv->bytes) return false;
    const char *line = csv->data + csv->at, *end = memchr(line, '\n', csv->bytes - csv->at);
    size_t bytes = end ? (size_t)(end - line) : csv->bytes - csv->at;
    row->line = csv->line++;
    row->lines = 1;
    row->ended = end != NULL;
    csv->at += bytes + row->ended;
    for (const char *stop = line + bytes; row->fault == TAEL__CSV_FINE;) {
        const char *tab = memchr(line, '\t', (size_t)(stop - line));
        if (row->count == TAEL__MAX_CSV_FIELDS) {
            row->fault = TAEL__CSV_TOO_WIDE;
            break;
        }
        tael__csv_put(csv, row, without_quotes((span){line, (size_t)((tab ? tab : stop) - line)}), false);
        if (!tab) break;
        line = tab + 1;
    }
    return true;
}

/* A line of at least four TABs and hardly a comma: wallets' CSV has TABs too, behind ids, but a comma after each. */
bool tael__tsv_open(tael__csv *csv)
{
    const char *at = csv->data, *stop = csv->data + csv->bytes;
    for (int lines = 0; at < stop && lines < TAEL__MAX_PREAMBLE_LINES; lines++) {
        size_t tabs = 0, commas = 0;
        for (; at < stop && *at != '\n'; at++) {
            tabs += *at == '\t';
            commas += *at == ',';
        }
        at += at < stop;
        if (tabs < 4 || tabs < 4 * commas) continue;
        csv->read = read_row;
        return true;
    }
    return false;
}
