// SPDX-License-Identifier: Apache-2.0
// QIF: lines of a letter and a value, `^` after each transaction; of accounts (Bank, CCard, Cash, Oth), not of
// investments, lists or memorised rows, which are passed over. It has no currency and no ids.
//
// Days are 31/12/2026, 12/31'26 or "1/ 5'26": the reader writes them as 31/12/2026, and the survey finds the order.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ledger/import/csv.h"
#include "ledger/import/importer.h"

/* ---- The reader ---- */

typedef struct tael__span span;

enum { KEPT_KIND }; /* of csv->kept: "Bank"; no text: nothing that we read */

static bool next_line(tael__csv *csv, span *line)
{
    if (csv->at >= csv->bytes) return false;
    const char *start = csv->data + csv->at, *end = memchr(start, '\n', csv->bytes - csv->at);
    size_t n = end ? (size_t)(end - start) : csv->bytes - csv->at;
    csv->at += n + (end ? 1 : 0);
    csv->line++;
    while (n > 0 && (start[n - 1] == '\r' || start[n - 1] == ' ')) n--;
    *line = (span){start, n};
    return true;
}

static bool starts(span line, const char *word)
{
    return line.bytes >= strlen(word) && strncasecmp(line.text, word, strlen(word)) == 0;
}

/* "!Type:Bank" opens a part that we read, any other "!" one that we don't; options change nothing. */
static void open_part(tael__csv *csv, span line)
{
    static const char *const kinds[] = {"!Type:Bank", "!Type:CCard", "!Type:Cash", "!Type:Oth"};
    if (starts(line, "!Option") || starts(line, "!Clear")) return;
    csv->kept[KEPT_KIND] = (span){0};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (starts(line, kinds[i])) csv->kept[KEPT_KIND] = (span){kinds[i] + 6, strlen(kinds[i]) - 6};
}

/* "1/ 5'26" to "1/5/2026". Anything else is left as it is. */
static span tidy_day(span day, char out[16])
{
    char plain[16];
    size_t n = 0;
    bool apostrophe = false;
    for (size_t i = 0; i < day.bytes; i++) {
        char c = day.text[i];
        if (c == ' ') continue;
        if (n + 1 >= sizeof plain) return day;
        apostrophe |= c == '\'';
        plain[n++] = c == '\'' ? '/' : c;
    }
    plain[n] = '\0';
    int first, second, year, used = 0;
    char between;
    if (sscanf(plain, "%2d%c%2d%*1[/.-]%2d%n", &first, &between, &second, &year, &used) != 4 || (size_t)used != n ||
        !strchr("/.-", between) || first < 0 || second < 0 || year < 0) {
        memcpy(out, plain, n + 1);
        return (span){out, n};
    }
    year += apostrophe || year < 70 ? 2000 : 1900;
    return (span){out, (size_t)snprintf(out, 16, "%d/%d/%d", first, second, year)};
}

static bool give_names(tael__csv *csv, tael__csv_row *row)
{
    static const char *const names[] = {"QIF date", "QIF amount",   "QIF payee",
                                        "QIF memo", "QIF category", "QIF account"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        tael__csv_put(csv, row, (span){names[i], strlen(names[i])}, false);
    row->ended = true;
    csv->begun = true;
    return true;
}

static bool read_row(tael__csv *csv, tael__csv_row *row)
{
    static const char letters[] = "DTPML";
    span line = {0}, found[5] = {{0}};
    char day[16];
    bool any = false;
    row->lines = 1;
    if (!csv->begun) return give_names(csv, row);
    for (;;) {
        if (!any) row->line = csv->line;
        if (!next_line(csv, &line)) break;
        if (line.bytes == 0) continue;
        if (line.text[0] == '!') {
            if (any) break; /* cut: a part begins within a transaction */
            open_part(csv, line);
            continue;
        }
        if (!csv->kept[KEPT_KIND].text) continue;
        const char *letter = strchr(letters, line.text[0] == 'U' ? 'T' : line.text[0]);
        if (line.text[0] == '^') {
            if (!any) continue;
            if (found[0].text) found[0] = tidy_day(found[0], day);
            for (int i = 0; i < 5; i++) tael__csv_put(csv, row, found[i].text ? found[i] : (span){"", 0}, false);
            tael__csv_put(csv, row, csv->kept[KEPT_KIND], false);
            row->ended = true;
            return true;
        }
        any = true;
        if (letter && *letter && !found[letter - letters].text)
            found[letter - letters] = (span){line.text + 1, line.bytes - 1};
    }
    if (!any) return false;
    if (line.bytes > 0 && line.text[0] == '!') open_part(csv, line);
    tael__csv_put(csv, row, (span){"^", 1}, false); /* one field and no end: reported as cut */
    return true;
}

bool tael__qif_open(tael__csv *csv)
{
    size_t at = 0;
    while (at < csv->bytes && (csv->data[at] == ' ' || csv->data[at] == '\r' || csv->data[at] == '\n')) at++;
    span head = {csv->data + at, csv->bytes - at};
    if (!starts(head, "!Type:") && !starts(head, "!Account") && !starts(head, "!Option:")) return false;
    csv->read = read_row;
    return true;
}

/* ---- The importer ---- */

static const char *qif_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *account = cells->text[TAEL__COL_FUNDS], *category = cells->text[TAEL__COL_CATEGORY];
    tael__bank bank = {.card = account,
                       .style = TAEL__AMOUNT_SIGNED,
                       .credit = strcmp(account, "CCard") == 0,
                       .order = cells->facts->order};
    const char *reason = tael__bank_row(cells, row, &bank);
    if (reason) return reason;
    if (category[0] == '[') { /* a transfer to another of the owner's accounts */
        row->direction = TAEL_NEUTRAL;
        row->kind = TAEL__PLAIN;
    }
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "QIF date", true},         {TAEL__COL_MINOR, "QIF amount", true},
    {TAEL__COL_MERCHANT, "QIF payee", true},    {TAEL__COL_NOTE, "QIF memo", true},
    {TAEL__COL_CATEGORY, "QIF category", true}, {TAEL__COL_FUNDS, "QIF account", true},
};

const tael__importer tael__importer_qif = {
    .name = "qif",
    .what = "QIF",
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .next_row = qif_row,
    .open_dates = true,
};
