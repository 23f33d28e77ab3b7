// SPDX-License-Identifier: Apache-2.0
// What importers share: exact money, times of China, and the fields that every wallet's row has.
#include <string.h>

#include "base/date.h"
#include "ledger/import/importer.h"

/* Above this a sum of all rows of the largest bill could overflow; no wallet moves ten trillion yuan in one payment. */
#define MINOR_MAX 1000000000000000LL

bool tael__starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool tael__ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && memcmp(text + n - m, end, m) == 0;
}

const char *tael__not_slash(const char *text)
{
    return strcmp(text, "/") == 0 ? "" : text;
}

/* Digits with commas between thousands or none at all; *text is left behind them. */
static bool parse_whole(int64_t *value, const char **text)
{
    int digits = 0, since_comma = 0;
    bool commas = false;
    const char *c = *text;
    for (*value = 0; (*c >= '0' && *c <= '9') || *c == ','; c++) {
        if (*c == ',') {
            if (digits == 0 || (commas ? since_comma != 3 : digits > 3)) return false;
            commas = true;
            since_comma = 0;
            continue;
        }
        *value = *value * 10 + (*c - '0');
        if (*value > MINOR_MAX) return false;
        digits++;
        since_comma++;
    }
    *text = c;
    return digits > 0 && (!commas || since_comma == 3);
}

bool tael__parse_money(int64_t *minor, const char *text)
{
    int64_t value;
    int decimals = 0;
    if (tael__starts_with(text, "¥"))
        text += strlen("¥");
    else if (tael__starts_with(text, "￥"))
        text += strlen("￥");
    while (*text == ' ') text++;
    if (!parse_whole(&value, &text)) return false;
    if (*text == '.') {
        for (text++; *text >= '0' && *text <= '9' && decimals < 2; text++, decimals++)
            value = value * 10 + (*text - '0');
        if (decimals == 0) return false;
        while (*text == '0') text++; /* "12.3400" is exact as well */
    }
    for (; decimals < 2; decimals++) value *= 10;
    if (*text != '\0' || value > MINOR_MAX) return false;
    *minor = value;
    return true;
}

static bool parse_number(int *value, const char **text, int digits_min, int digits_max)
{
    int n = 0;
    for (*value = 0; n < digits_max && **text >= '0' && **text <= '9'; n++) *value = *value * 10 + (*(*text)++ - '0');
    return n >= digits_min;
}

bool tael__parse_time(int64_t *ms, const char *text)
{
    tael__date date;
    int hour = 0, minute = 0, second = 0;
    int year, month, day;
    if (!parse_number(&year, &text, 4, 4)) return false;
    char between = *text++;
    if (between != '-' && between != '/') return false;
    if (!parse_number(&month, &text, 1, 2) || *text++ != between || !parse_number(&day, &text, 1, 2)) return false;
    date = (tael__date){year, month, day};
    if (!tael__date_valid(date) || year < 1970) return false;
    if (*text != ' ' && *text != 'T') return false;
    while (*text == ' ' || *text == 'T') text++;
    if (!parse_number(&hour, &text, 1, 2) || *text++ != ':' || !parse_number(&minute, &text, 2, 2)) return false;
    if (*text == ':' && (text++, !parse_number(&second, &text, 2, 2))) return false;
    if (*text != '\0' || hour > 23 || minute > 59 || second > 59) return false;
    *ms = tael__ms_of_date(date, TAEL__SHANGHAI_OFFSET_MINUTES) + ((hour * 60LL + minute) * 60 + second) * 1000;
    return true;
}

const char *tael__reason_direction(void)
{
    return TAEL_SAY("direction (收/支): a word that Tael doesn't know", "收/支：不认识的内容");
}

const char *tael__read_common(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text;
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES, .key_type = ""};
    if (!tael__parse_time(&row->time_ms, text[TAEL__COL_TIME]))
        return TAEL_SAY("time: not a date with a clock", "时间：不是带时刻的日期");
    if (!tael__parse_money(&row->minor, text[TAEL__COL_MINOR]))
        return TAEL_SAY("amount: not a number with at most two decimals", "金额：不是最多两位小数的数字");
    row->merchant = tael__not_slash(text[TAEL__COL_MERCHANT]);
    row->item = tael__not_slash(text[TAEL__COL_ITEM]);
    row->category = tael__not_slash(text[TAEL__COL_CATEGORY]);
    row->type = tael__not_slash(text[TAEL__COL_TYPE]);
    row->method = tael__not_slash(text[TAEL__COL_METHOD]);
    row->status = text[TAEL__COL_STATUS];
    row->external_id = tael__not_slash(text[TAEL__COL_ID]);
    row->merchant_order = tael__not_slash(text[TAEL__COL_ORDER]);
    row->account = tael__not_slash(text[TAEL__COL_ACCOUNT]);
    row->note = tael__not_slash(text[TAEL__COL_NOTE]);
    return NULL;
}
