// SPDX-License-Identifier: Apache-2.0
// OFX: statements as banks outside China give them to book-keeping programs; SGML (1.x, values without an end tag) and
// XML (2.x) alike. A row is a STMTTRN; its line is where that begins. The tags are read one after another and never
// nested in memory: all that is kept of the outside is the currency and the account.
//
// DTPOSTED may carry a zone, [-5:EST], and then is a moment of that zone; else it is a day as the bank means it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/import/csv.h"
#include "ledger/import/importer.h"

/* ---- The reader ---- */

typedef struct tael__span span;

static const char *const tags[] = {"DTPOSTED", "TRNAMT", "TRNTYPE", "FITID", "NAME", "MEMO", "CURSYM"};
enum { POSTED, AMOUNT, TYPE, FITID, NAME, MEMO, CURSYM, TAG_COUNT };
enum { KEPT_CURRENCY, KEPT_ACCOUNT, KEPT_CARD }; /* of csv->kept; KEPT_CARD: the statement is a credit card's */

static bool same(span s, const char *name)
{
    return s.bytes == strlen(name) && memcmp(s.text, name, s.bytes) == 0;
}

/* The next tag and the text up to the one after it. False at the end. */
static bool next_tag(tael__csv *csv, span *tag, span *value)
{
    const char *end = csv->data + csv->bytes, *open = memchr(csv->data + csv->at, '<', csv->bytes - csv->at);
    const char *close = open ? memchr(open, '>', (size_t)(end - open)) : NULL;
    if (!close) return false;
    const char *next = memchr(close, '<', (size_t)(end - close));
    if (!next) next = end;
    *tag = (span){open + 1, (size_t)(close - open - 1)};
    *value = (span){close + 1, (size_t)(next - close - 1)};
    for (const char *c = csv->data + csv->at; c < open; c++) csv->line += *c == '\n';
    csv->at = (size_t)(open - csv->data);
    return true;
}

static void pass_tag(tael__csv *csv, span value)
{
    size_t end = (size_t)(value.text + value.bytes - csv->data);
    for (; csv->at < end; csv->at++) csv->line += csv->data[csv->at] == '\n';
}

static bool give_names(tael__csv *csv, tael__csv_row *row)
{
    static const char *const outside[] = {"CURDEF", "ACCTID", "CCSTMTRS"};
    for (int i = 0; i < TAG_COUNT; i++) tael__csv_put(csv, row, (span){tags[i], strlen(tags[i])}, false);
    for (int i = 0; i < 3; i++) tael__csv_put(csv, row, (span){outside[i], strlen(outside[i])}, false);
    row->ended = true;
    csv->begun = true;
    return true;
}

/* A tag outside of any transaction. */
static void keep(tael__csv *csv, span tag, span value)
{
    if (same(tag, "CURDEF")) csv->kept[KEPT_CURRENCY] = value;
    if (same(tag, "ACCTID")) csv->kept[KEPT_ACCOUNT] = value;
    if (same(tag, "STMTRS")) csv->kept[KEPT_CARD] = (span){"", 0};
    if (same(tag, "CCSTMTRS")) csv->kept[KEPT_CARD] = tag;
}

static void give_row(tael__csv *csv, tael__csv_row *row, const span *found)
{
    for (int i = 0; i < TAG_COUNT; i++) tael__csv_put(csv, row, found[i].text ? found[i] : (span){"", 0}, true);
    for (int i = 0; i < 3; i++) tael__csv_put(csv, row, csv->kept[i].text ? csv->kept[i] : (span){"", 0}, true);
}

static bool read_row(tael__csv *csv, tael__csv_row *row)
{
    span tag, value, found[TAG_COUNT] = {{0}};
    bool inside = false, other_account = false, currency = false;
    row->lines = 1;
    if (!csv->begun) return give_names(csv, row);
    while (next_tag(csv, &tag, &value)) {
        if (same(tag, "STMTTRN") && inside) break; /* its end tag is missing: the row is cut */
        if (same(tag, "STMTTRN")) row->line = csv->line;
        pass_tag(csv, value);
        if (same(tag, "STMTTRN")) {
            inside = true;
        } else if (same(tag, "/STMTTRN") && inside) {
            give_row(csv, row, found);
            row->ended = true;
            return true;
        } else if (!inside) {
            keep(csv, tag, value);
        } else if (same(tag, "BANKACCTTO") || same(tag, "CCACCTTO")) {
            other_account = true; /* its tags aren't of this account */
        } else if (same(tag, "/BANKACCTTO") || same(tag, "/CCACCTTO")) {
            other_account = false;
        } else if (same(tag, "CURRENCY") || same(tag, "/CURRENCY")) {
            currency = tag.text[0] != '/'; /* the amount is in it; ORIGCURRENCY only says what was paid abroad */
        } else if (!other_account) {
            for (int i = 0; i < TAG_COUNT; i++)
                if (same(tag, tags[i]) && !found[i].text && (i != CURSYM || currency)) found[i] = value;
        }
    }
    if (!inside) {
        csv->at = csv->bytes;
        return false;
    }
    tael__csv_put(csv, row, (span){"STMTTRN", 7}, false); /* one field and no end: reported as cut */
    return true;
}

bool tael__ofx_open(tael__csv *csv)
{
    static const char sgml[] = "OFXHEADER", root[] = "<OFX>";
    size_t at = 0;
    while (at < csv->bytes && strchr(" \r\n\t", csv->data[at]) && csv->data[at]) at++;
    const char *head = csv->data + at;
    size_t bytes = csv->bytes - at < 4096 ? csv->bytes - at : 4096;
    bool tagged = bytes > 0 && head[0] == '<' && memmem(head, bytes, root, sizeof root - 1);
    if (!tagged && (bytes < sizeof sgml - 1 || memcmp(head, sgml, sizeof sgml - 1) != 0)) return false;
    csv->read = read_row;
    return true;
}

/* ---- The importer ---- */

/* "20260501120000.000[-5:EST]": the day and the clock apart, and the zone in minutes. */
static bool read_posted(tael__bill_row *row, const char *text)
{
    char day[9] = "", clock[7] = "";
    size_t n = strspn(text, "0123456789");
    if (n != 8 && n != 14 && n != 12) return false;
    memcpy(day, text, 8);
    memcpy(clock, n == 8 ? "000000" : text + 8, n == 12 ? 4 : 6);
    if (n == 12) memcpy(clock + 4, "00", 3);
    if (!tael__parse_moment(&row->time_ms, day, clock, TAEL__YEAR_FIRST)) return false;
    row->offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES;
    const char *zone = strchr(text + n, '[');
    if (!zone) return true;
    char *end;
    long hours = strtol(zone + 1, &end, 10), part = 0;
    if (end == zone + 1 || hours < -14 || hours > 14) return false;
    if (*end == '.') part = strtol(end + 1, NULL, 10); /* hundredths of an hour: [-3.50:NST] */
    if (part < 0 || part > 99) return false;
    row->offset_minutes = (int32_t)(hours * 60 + (zone[1] == '-' ? -part : part) * 60 / 100);
    row->time_ms += (TAEL__SHANGHAI_OFFSET_MINUTES - row->offset_minutes) * 60000LL;
    return true;
}

/* Money that stays the owner's, by the bank's own word for it. */
static bool stays(const char *type, bool credit, bool in)
{
    return strcmp(type, "XFER") == 0 || strcmp(type, "ATM") == 0 || strcmp(type, "CASH") == 0 ||
           (credit && in && strcmp(type, "PAYMENT") == 0);
}

static const char *ofx_row(const tael__cells *cells, tael__bill_row *row)
{
    bool credit = cells->text[TAEL__COL_FUNDS][0] != '\0', in = cells->text[TAEL__COL_MINOR][0] != '-';
    tael__bank bank = {.card = credit ? "card" : "account", .style = TAEL__AMOUNT_SIGNED, .credit = credit};
    tael__cells own = *cells;
    char amount[64], *comma;
    snprintf(amount, sizeof amount, "%s", own.text[TAEL__COL_MINOR]);
    /* The standard allows a comma for the point; it has no thousands. */
    if (strlen(own.text[TAEL__COL_MINOR]) < sizeof amount && !strchr(amount, '.') && (comma = strchr(amount, ','))) {
        *comma = '.';
        own.text[TAEL__COL_MINOR] = amount;
    }
    if (own.text[TAEL__COL_STATUS][0]) own.text[TAEL__COL_CURRENCY] = own.text[TAEL__COL_STATUS];
    own.text[TAEL__COL_TIME] = "19700101"; /* read below, with its zone */
    const char *reason = tael__bank_row(&own, row, &bank);
    if (reason) return reason;
    if (!read_posted(row, cells->text[TAEL__COL_TIME]))
        return TAEL_SAY("date (DTPOSTED): not a day, or its clock isn't one", "DTPOSTED：不是日期，或时刻无法读出");
    if (stays(row->type, credit, in)) {
        row->direction = TAEL_NEUTRAL;
        row->kind = TAEL__PLAIN;
    } else if (in && (strcmp(row->type, "INT") == 0 || strcmp(row->type, "DIV") == 0)) {
        row->direction = TAEL_INCOME;
        row->kind = TAEL__PLAIN;
    }
    row->external_id = cells->text[TAEL__COL_ID];
    row->identity = row->external_id[0] ? TAEL__ID_OF_ORDER : TAEL__ID_NONE; /* banks repeat a FITID */
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "DTPOSTED", true},  {TAEL__COL_MINOR, "TRNAMT", true},    {TAEL__COL_TYPE, "TRNTYPE", true},
    {TAEL__COL_ID, "FITID", true},       {TAEL__COL_MERCHANT, "NAME", true},   {TAEL__COL_NOTE, "MEMO", true},
    {TAEL__COL_STATUS, "CURSYM", true},  {TAEL__COL_CURRENCY, "CURDEF", true}, {TAEL__COL_CARD, "ACCTID", true},
    {TAEL__COL_FUNDS, "CCSTMTRS", true},
};

const tael__importer tael__importer_ofx = {"ofx", "OFX", columns, sizeof columns / sizeof *columns, ofx_row};
