// SPDX-License-Identifier: Apache-2.0
// A header is known by its names, wherever it stands and in whichever order its columns are. One that lacks a single
// name of a known format is remembered: the sentence then says which, instead of "unknown", and nobody guesses at it.
#include "ledger/import/table.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static const tael__importer *const importers[] = {
#define IMPORTER(name) &tael__importer_##name,
#include "ledger/import/importers.inc"
#undef IMPORTER
};

const tael__importer *tael__importer_at(size_t index)
{
    return index < sizeof importers / sizeof *importers ? importers[index] : NULL;
}

size_t tael__table_split(const char **cell, const char *text, size_t bytes)
{
    size_t n = 0;
    for (const char *end = text + bytes; text < end && n < TAEL__MAX_CSV_FIELDS; text += strlen(text) + 1)
        cell[n++] = text;
    return n;
}

/* ---- Before the table ---- */

/* "导出时间：[2026-11-21 08:12:37]", JD's 申请时间: tells which of two exports knows more. */
static void note_export_time(tael__table *table, const char *text)
{
    char time[20];
    const char *at = strstr(text, "导出时间");
    if (!at) at = strstr(text, "申请时间");
    if (!at) return;
    at += strcspn(at, "0123456789");
    if (strlen(at) < 19) return;
    memcpy(time, at, 19);
    time[19] = '\0';
    if (!tael__parse_time(&table->exported_ms, time)) table->exported_ms = 0;
}

/* "2024年01月" of a monthly statement's title. */
static void note_month(tael__facts *facts, const char *text)
{
    const char *year = strstr(text, "年");
    for (; year; year = strstr(year + 1, "年")) {
        const char *month = year + strlen("年");
        size_t digits = strspn(month, "0123456789");
        if (year - text < 4 || strspn(year - 4, "0123456789") != 4) continue;
        if (digits < 1 || digits > 2 || !tael__starts_with(month + digits, "月")) continue;
        int value = digits == 1 ? month[0] - '0' : (month[0] - '0') * 10 + month[1] - '0';
        if (value < 1 || value > 12) continue;
        facts->month = value;
        facts->year = 0;
        for (int i = -4; i < 0; i++) facts->year = facts->year * 10 + (year[i] - '0');
        return;
    }
}

/* "卡号: 1234****5678", the number in the same cell or the next: the last four digits, as wallets name a card. */
static void note_card(tael__facts *facts, const char *text, const char *next)
{
    const char *at = strstr(text, "卡号");
    if (!at) at = strstr(text, "账号");
    if (!at) return;
    at += strcspn(at, "0123456789*");
    if (!*at) at = next;
    size_t n = strspn(at, "0123456789*");
    if (n < 8 || n > 32 || strspn(at + n - 4, "0123456789") < 4) return;
    memcpy(facts->card_tail, at + n - 4, 4);
    facts->card_tail[4] = '\0';
}

void tael__table_note(tael__table *table, const char *const *cell, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        note_export_time(table, cell[i]);
        note_month(&table->facts, cell[i]);
        note_card(&table->facts, cell[i], i + 1 < count ? cell[i + 1] : "");
    }
}

/* ---- The header ---- */

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Column names differ by blanks, case and the width of their brackets: 金额（元） and 金额(元) are one. */
bool tael__table_same_name(const char *cell, const char *name)
{
    for (;;) {
        while (*cell == ' ') cell++;
        while (*name == ' ') name++;
        const char *wide = *name == '(' ? "（" : *name == ')' ? "）" : NULL;
        if (wide && tael__starts_with(cell, wide)) {
            cell += strlen(wide);
            name++;
        } else if (lower(*cell) != lower(*name)) {
            return false;
        } else if (*cell++ == '\0') {
            return true;
        } else {
            name++;
        }
    }
}

/* Where the importer's columns stand. Returns how many required ones are there, and the first that isn't. */
static size_t find_columns(const tael__importer *importer, const char *const *cell, size_t count,
                           int at[TAEL__COLUMN_COUNT], const char **lacks, size_t *lack_count)
{
    size_t found = 0;
    *lacks = NULL;
    *lack_count = 0;
    for (size_t i = 0; i < TAEL__COLUMN_COUNT; i++) at[i] = -1;
    for (size_t c = 0; c < importer->column_count; c++) {
        const tael__column_name *column = &importer->columns[c];
        for (size_t i = 0; i < count && at[column->column] < 0; i++)
            if (tael__table_same_name(cell[i], column->name)) at[column->column] = (int)i;
        if (!column->required) continue;
        if (at[column->column] >= 0) {
            found++;
        } else {
            if (!*lacks) *lacks = column->name;
            (*lack_count)++;
        }
    }
    return found;
}

void tael__table_take(tael__table *table, const tael__importer *importer, const int at[TAEL__COLUMN_COUNT],
                      const char *const *cell, size_t count)
{
    memcpy(table->at, at, sizeof table->at);
    table->needed = 0;
    for (size_t c = 0; c < importer->column_count; c++) {
        int place = at[importer->columns[c].column];
        if (importer->columns[c].required && (size_t)place + 1 > table->needed) table->needed = (size_t)place + 1;
    }
    table->cells = count;
    for (table->named = count; table->named > 0 && cell[table->named - 1][0] == '\0';) table->named--;
    table->importer = importer;
    table->facts.sign = TAEL__SIGN_OPEN;
    table->facts.order_given = false;
}

bool tael__table_match(tael__table *table, const char *const *cell, size_t count, uint32_t line, const char *format)
{
    /* With a format asked for, any two names in common are worth a sentence; without, only one name may be missing. */
    size_t least = format ? 2 : 4, most_lacking = format ? SIZE_MAX : 1;
    bool near = false;
    for (size_t i = 0; tael__importer_at(i); i++) {
        const tael__importer *importer = tael__importer_at(i);
        int at[TAEL__COLUMN_COUNT];
        const char *lacks;
        size_t lack_count;
        if (format && strcmp(format, importer->name) != 0) continue;
        if (importer->shape) continue; /* it has no header */
        if (importer->guessed && table->sure) continue;
        if (importer->guessed && near && !format) continue; /* a known bill that lost a column isn't guessed at */
        size_t found = find_columns(importer, cell, count, at, &lacks, &lack_count);
        if (lack_count == 0 && (!importer->fits || importer->fits(at))) {
            tael__table_take(table, importer, at, cell, count);
            return true;
        }
        if (lack_count == 0 || lack_count > most_lacking || found < least) continue;
        near = true;
        if (found > table->near.found)
            table->near = (tael__near_miss){.importer = importer, .column = lacks, .found = found, .line = line};
    }
    return false;
}

static bool all_have(bool (*shape)(const char *const *cell, size_t count), const tael__csv *csv)
{
    tael__csv ahead = *csv; /* the text buffer is shared: the row at hand is read again */
    tael__csv_row row;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    while (tael__csv_next(&ahead, &row, true)) {
        if (row.bytes == row.count) continue; /* blank */
        if (row.fault != TAEL__CSV_FINE || !shape(cell, tael__table_split(cell, row.text, row.bytes))) return false;
    }
    return true;
}

bool tael__table_shape(tael__table *table, tael__csv *csv, const tael__csv_row *row, const char *const *cell,
                       size_t count, const char *format)
{
    for (size_t i = 0; tael__importer_at(i); i++) {
        const tael__importer *importer = tael__importer_at(i);
        int at[TAEL__COLUMN_COUNT];
        if (!importer->shape || (format && strcmp(format, importer->name) != 0)) continue;
        if (!importer->shape(cell, count) || !all_have(importer->shape, csv)) continue;
        for (size_t c = 0; c < TAEL__COLUMN_COUNT; c++) at[c] = -1;
        for (size_t c = 0; c < importer->column_count; c++) at[importer->columns[c].column] = (int)c;
        tael__table_take(table, importer, at, cell, count);
        tael__csv_back(csv, row);
        return true;
    }
    return false;
}

/* ---- Rows ---- */

const char *tael__table_lay_out(const tael__table *table, tael__cells *cells, const char *const *cell, size_t count,
                                bool ended, tael__charset charset)
{
    const char *too_many =
        TAEL_SAY("the row has too many fields: a comma inside one", "该行字段过多：某个字段中含有逗号");
    if (count < table->needed || (!ended && count < table->named))
        return ended ? TAEL_SAY("the row has too few fields", "该行字段不足")
                     : TAEL_SAY("the file's last row is cut", "文件的最后一行不完整");
    /* A comma that nobody quoted moves the cells behind it: 1,234.56 would read as 1. A sheet's cells have their
     * places, and what its owner noted beside the table is no part of it. */
    bool text = table->sheet == 0;
    if (text && count > table->cells + table->importer->spare) return too_many;
    for (size_t i = table->cells; text && i < count; i++)
        if (cell[i][0]) return too_many;
    for (size_t i = 0; i < TAEL__COLUMN_COUNT; i++) {
        cells->text[i] = table->at[i] >= 0 && (size_t)table->at[i] < count ? cell[table->at[i]] : "";
        if (strlen(cells->text[i]) > TAEL__MAX_FIELD_BYTES) return TAEL_SAY("a field is too long", "有字段过长");
    }
    cells->facts = &table->facts;
    /* A damaged row may be valid in the other encoding by accident; its direction then is no word that we know. */
    if (charset != table->charset && cells->text[TAEL__COL_DIRECTION][0] == '\0')
        return TAEL_SAY("its encoding isn't that of the file", "该行的编码与文件不同");
    return NULL;
}

bool tael__table_is_footer(const tael__table *table, const char *const *cell, size_t count)
{
    static const char *const words[] = {"合计", "总计", "小计", "以上数据", "以下无", "温馨提示", "注："};
    size_t first = 0;
    int time = table->at[TAEL__COL_TIME];
    if (time >= 0 && (size_t)time < count && cell[time][0] >= '0' && cell[time][0] <= '9') return false;
    while (first < count && cell[first][0] == '\0') first++;
    for (size_t i = 0; first < count && i < sizeof words / sizeof *words; i++) {
        const char *at = strstr(cell[first], words[i]);
        if (at && at - cell[first] <= 9) return true; /* 人民币合计: three characters before it */
    }
    return false;
}

/* ---- The guess, and what only all rows tell ---- */

void tael__table_describe(tael__table *table, const char *const *cell, char *out, size_t bytes)
{
    static const struct {
        tael__column column;
        const char *name;
    } shown[] = {{TAEL__COL_TIME, "time"},         {TAEL__COL_CLOCK, "clock"},
                 {TAEL__COL_MINOR, "amount"},      {TAEL__COL_IN, "income"},
                 {TAEL__COL_OUT, "expense"},       {TAEL__COL_DIRECTION, "direction"},
                 {TAEL__COL_CURRENCY, "currency"}, {TAEL__COL_MERCHANT, "merchant"},
                 {TAEL__COL_ITEM, "item"},         {TAEL__COL_TYPE, "type"},
                 {TAEL__COL_CATEGORY, "category"}, {TAEL__COL_METHOD, "method"},
                 {TAEL__COL_CARD, "card"},         {TAEL__COL_ID, "id"},
                 {TAEL__COL_NOTE, "note"}};
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    size_t n = 0;
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        int at = table->at[shown[i].column];
        const char *sign = "";
        if (at < 0) continue;
        for (const char *c = cell[at]; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
        hash = (hash ^ i) * 1099511628211u;
        if (shown[i].column == TAEL__COL_MINOR && !table->facts.directions)
            sign = table->facts.sign == TAEL__PLUS_IS_SPENDING ? TAEL_SAY(" (plus is spending)", "（正数为支出）")
                   : table->facts.negatives || table->facts.sign == TAEL__MINUS_IS_SPENDING
                       ? TAEL_SAY(" (minus is spending)", "（负数为支出）")
                       : TAEL_SAY(" (all spending)", "（均为支出）");
        int length = (int)tael__utf8_cut(cell[at], strnlen(cell[at], 60));
        if (n < bytes)
            n += (size_t)snprintf(out + n, bytes - n, "%s%s=%.*s%s", n ? ", " : "", shown[i].name, length, cell[at],
                                  sign);
    }
    snprintf(table->facts.layout, sizeof table->facts.layout, "%016llx", (unsigned long long)hash);
}

typedef struct survey {
    bool day_first, month_first, either, negative;
    bool counts, other; /* some type says which way money went; some says something else */
} survey;

static void survey_row(const tael__table *table, survey *s, const char *const *cell, size_t count)
{
    int first, second, time = table->at[TAEL__COL_TIME], amount = table->at[TAEL__COL_MINOR];
    if (time >= 0 && (size_t)time < count && tael__parse_two_numbers(&first, &second, cell[time])) {
        if (first > 12)
            s->day_first = true;
        else if (second > 12)
            s->month_first = true;
        else if (first != second)
            s->either = true;
    }
    int type = table->at[TAEL__COL_TYPE];
    if (type >= 0 && (size_t)type < count && cell[type][0]) {
        bool counts = tael__says_direction(cell[type]);
        s->counts |= counts;
        s->other |= !counts && !tael__says_neutral(cell[type]);
    }
    tael__amount read;
    if (amount >= 0 && (size_t)amount < count && tael__parse_amount(&read, cell[amount])) s->negative |= read.negative;
}

tael_status tael__table_survey(tael__table *table, tael__csv *csv, const char *name)
{
    survey s = {0};
    tael__csv ahead = *csv; /* the text buffer is shared: the row at hand has been read */
    tael__csv_row row;
    const char *cell[TAEL__MAX_CSV_FIELDS];
    while (tael__csv_next(&ahead, &row, true))
        if (row.fault == TAEL__CSV_FINE) survey_row(table, &s, cell, tael__table_split(cell, row.text, row.bytes));
    table->facts.negatives = s.negative;
    /* Books of other apps have 支出, 收入 and 转账 in a column that they call 类型. */
    if (s.counts && !s.other && table->at[TAEL__COL_DIRECTION] < 0) {
        table->at[TAEL__COL_DIRECTION] = table->at[TAEL__COL_TYPE];
        table->at[TAEL__COL_TYPE] = -1;
    }
    table->facts.directions = table->at[TAEL__COL_DIRECTION] >= 0;
    if (table->facts.order_given) return TAEL_OK;
    table->facts.order = s.day_first ? TAEL__DAY_FIRST : TAEL__MONTH_FIRST;
    if (s.day_first && s.month_first)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: some dates are day/month and some month/day; write them as 2026-11-20",
                                   "%s：日期有的是“日/月”，有的是“月/日”；请改写为 2026-11-20"),
                          name);
    if (s.either && !s.day_first && !s.month_first)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: its dates may be day/month or month/day, and no row decides it; write them as "
                                   "2026-11-20, or export a longer period",
                                   "%s：无法判断日期是“日/月”还是“月/日”；请改写为 2026-11-20，或导出更长的时间段"),
                          name);
    return TAEL_OK;
}
