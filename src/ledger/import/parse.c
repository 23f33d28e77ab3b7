// SPDX-License-Identifier: Apache-2.0
// What importers share: exact money, times of China, and the fields that every wallet's row has.
#include <string.h>
#include <strings.h>

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

const char *tael__not_dash(const char *text)
{
    return text[strspn(text, "-")] == '\0' ? "" : tael__not_slash(text);
}

bool tael__unpaid(const char *status)
{
    return strcmp(status, "等待付款") == 0 || strstr(status, "失败") != NULL;
}

/* ---- Money ---- */

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

/* A number with at most two decimals, as hundredths; *text is left behind it. */
static bool parse_hundredths(int64_t *minor, const char **text)
{
    int decimals = 0;
    const char *c = *text;
    int64_t value;
    if (!parse_whole(&value, &c)) return false;
    if (*c == '.') {
        for (c++; *c >= '0' && *c <= '9' && decimals < 2; c++, decimals++) value = value * 10 + (*c - '0');
        if (decimals == 0) return false;
        while (*c == '0') c++; /* "12.3400" is exact as well */
        if (*c >= '1' && *c <= '9') return false;
    }
    for (; decimals < 2; decimals++) value *= 10;
    if (value > MINOR_MAX) return false;
    *minor = value;
    *text = c;
    return true;
}

/* Moves over one of the words, if the text begins with it. */
static bool pass(const char **text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (tael__starts_with(*text, words[i])) {
            *text += strlen(words[i]);
            return true;
        }
    return false;
}

static void pass_blanks(const char **text)
{
    while (**text == ' ') (*text)++;
}

static const char *const yen_signs[] = {"¥", "￥"};
static const char *const minus_signs[] = {"-", "－", "−"};
static const char *const plus_signs[] = {"+", "＋"};
#define PASS(text, words) pass(text, words, sizeof words / sizeof *words)

bool tael__parse_money(int64_t *minor, const char *text)
{
    int64_t value;
    PASS(&text, yen_signs);
    pass_blanks(&text);
    if (!parse_hundredths(&value, &text) || *text != '\0') return false;
    *minor = value;
    return true;
}

/* Three capitals that no fourth follows. */
static bool pass_code(const char **text, char code[4])
{
    size_t n = strspn(*text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
    if (n != 3) return false;
    memcpy(code, *text, 3);
    code[3] = '\0';
    *text += 3;
    return true;
}

static bool pass_signs(const char **text, bool *negative)
{
    pass_blanks(text);
    if (PASS(text, minus_signs))
        *negative = true;
    else if (!PASS(text, plus_signs))
        return false;
    pass_blanks(text);
    return true;
}

bool tael__parse_amount(tael__amount *amount, const char *text)
{
    *amount = (tael__amount){0};
    if (tael__not_dash(text)[0] == '\0') return true;
    bool code = pass_code(&text, amount->currency), sign = pass_signs(&text, &amount->negative);
    PASS(&text, yen_signs);
    if (*text == '$') text++;
    if (!sign) pass_signs(&text, &amount->negative); /* ¥-12.00 is written too */
    if (!parse_hundredths(&amount->minor, &text)) return false;
    pass_blanks(&text);
    if (!code) pass_code(&text, amount->currency);
    if (*text == '(') { /* the country in which it was spent: "(CN)" */
        size_t n = strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
        if (n < 2 || n > 3 || text[n + 1] != ')') return false;
        text += n + 2;
    }
    amount->given = *text == '\0';
    return amount->given;
}

bool tael__parse_currency(char currency[4], const char *text)
{
    static const struct {
        const char *word, *code;
    } words[] = {{"人民币", "CNY"}, {"RMB", "CNY"},  {"美元", "USD"}, {"港币", "HKD"},     {"港元", "HKD"},
                 {"欧元", "EUR"},   {"英镑", "GBP"}, {"日元", "JPY"}, {"加拿大元", "CAD"}, {"澳大利亚元", "AUD"}};
    /* A sum of these isn't counted in hundredths (ISO 4217); their bills' figures would be stored wrong. */
    static const char *const others[] = {"JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF",
                                         "KWD", "BHD", "OMR", "JOD", "TND", "IQD", "LYD"};
    char code[4] = "CNY";
    const char *left = text;
    if (tael__not_dash(text)[0]) {
        size_t i = 0, n = sizeof words / sizeof *words;
        while (i < n && !tael__starts_with(text, words[i].word)) i++;
        if (i < n)
            memcpy(code, words[i].code, sizeof code);
        else if (!pass_code(&left, code) || *left != '\0')
            return false;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(code, others[i]) == 0) return false;
    memcpy(currency, code, sizeof code);
    return true;
}

/* ---- Time ---- */

static bool parse_number(int *value, const char **text, int digits_min, int digits_max)
{
    int n = 0;
    for (*value = 0; n < digits_max && **text >= '0' && **text <= '9'; n++) *value = *value * 10 + (*(*text)++ - '0');
    return n >= digits_min;
}

static size_t count_digits(const char *text)
{
    return strspn(text, "0123456789");
}

/* "08:12:37", "8:12", "081237". */
static bool parse_clock(int64_t *ms, const char *text)
{
    int hour, minute, second = 0;
    if (count_digits(text) == 6) {
        parse_number(&hour, &text, 2, 2);
        parse_number(&minute, &text, 2, 2);
        parse_number(&second, &text, 2, 2);
    } else {
        if (!parse_number(&hour, &text, 1, 2) || *text++ != ':' || !parse_number(&minute, &text, 2, 2)) return false;
        if (*text == ':' && (text++, !parse_number(&second, &text, 2, 2))) return false;
    }
    *ms = ((hour * 60LL + minute) * 60 + second) * 1000;
    return *text == '\0' && hour <= 23 && minute <= 59 && second <= 59;
}

/* Two numbers, the separator between them and after them. */
static bool parse_pair(int *first, int *second, char *between, const char **text)
{
    if (!parse_number(first, text, 1, 2)) return false;
    *between = **text;
    if (*between != '/' && *between != '-' && *between != '.') return false;
    (*text)++;
    return parse_number(second, text, 1, 2) && *(*text)++ == *between;
}

bool tael__parse_two_numbers(int *first, int *second, const char *text)
{
    char between;
    return parse_pair(first, second, &between, &text) && count_digits(text) == 4;
}

static bool parse_year_first(tael__date *date, const char **text)
{
    if (count_digits(*text) == 8)
        return parse_number(&date->year, text, 4, 4) && parse_number(&date->month, text, 2, 2) &&
               parse_number(&date->day, text, 2, 2);
    if (count_digits(*text) != 4) return false;
    parse_number(&date->year, text, 4, 4);
    if (tael__starts_with(*text, "年")) {
        *text += strlen("年");
        if (!parse_number(&date->month, text, 1, 2) || !tael__starts_with(*text, "月")) return false;
        *text += strlen("月");
        if (!parse_number(&date->day, text, 1, 2) || !tael__starts_with(*text, "日")) return false;
        *text += strlen("日");
        return true;
    }
    char between = **text;
    if (between != '-' && between != '/' && between != '.') return false;
    (*text)++;
    return parse_number(&date->month, text, 1, 2) && *(*text)++ == between && parse_number(&date->day, text, 1, 2);
}

static bool parse_day(tael__date *date, const char **text, tael__date_order order)
{
    char between;
    const char *c = *text;
    if (!parse_year_first(date, &c)) {
        c = *text;
        if (order == TAEL__YEAR_FIRST) return false;
        int *first = order == TAEL__DAY_FIRST ? &date->day : &date->month;
        int *second = order == TAEL__DAY_FIRST ? &date->month : &date->day;
        if (!parse_pair(first, second, &between, &c) || count_digits(c) != 4) return false;
        parse_number(&date->year, &c, 4, 4);
    }
    *text = c;
    return tael__date_valid(*date) && date->year >= 1970;
}

/* Whether a clock stands behind the day, and its ms. */
static bool parse_day_and_clock(int64_t *ms, bool *with_clock, const char *text, tael__date_order order)
{
    tael__date date;
    int64_t clock = 0;
    if (!parse_day(&date, &text, order)) return false;
    *with_clock = *text == ' ' || *text == 'T';
    if (*with_clock) {
        while (*text == ' ' || *text == 'T') text++;
        if (!parse_clock(&clock, text)) return false;
    } else if (*text != '\0') {
        return false;
    }
    *ms = tael__ms_of_date(date, TAEL__SHANGHAI_OFFSET_MINUTES) + clock;
    return true;
}

bool tael__parse_time(int64_t *ms, const char *text)
{
    bool with_clock;
    if (count_digits(text) != 4) return false; /* wallets write the day with separators */
    return parse_day_and_clock(ms, &with_clock, text, TAEL__YEAR_FIRST) && with_clock;
}

bool tael__parse_moment(int64_t *ms, const char *day, const char *clock, tael__date_order order)
{
    bool with_clock;
    int64_t since_midnight = 0;
    clock = tael__not_dash(clock);
    if (!parse_day_and_clock(ms, &with_clock, day, order)) return false;
    if (!clock[0] || with_clock) return true;
    if (!parse_clock(&since_midnight, clock)) return false;
    *ms += since_midnight;
    return true;
}

/* ---- What wallets' rows have alike ---- */

bool tael__read_direction(tael_direction *direction, const char *text)
{
    if (strcmp(text, "支出") == 0)
        *direction = TAEL_EXPENSE;
    else if (strcmp(text, "收入") == 0)
        *direction = TAEL_INCOME;
    else if (strcmp(text, "不计收支") == 0 || strcmp(text, "其他") == 0 || strcmp(text, "/") == 0)
        *direction = TAEL_NEUTRAL;
    else
        return false;
    return true;
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcasecmp(text, words[i]) == 0) return true;
    return false;
}

bool tael__says_direction(const char *text)
{
    static const char *const words[] = {"支出", "收入", "支", "收", "退款", "expense", "income", "debit", "credit"};
    return is_one_of(text, words, sizeof words / sizeof *words);
}

bool tael__says_neutral(const char *text)
{
    static const char *const words[] = {"不计收支", "其他",     "/",        "转账",     "还款",      "信用卡还款",
                                        "余额变更", "借入",     "借出",     "收债",     "还债",      "transfer",
                                        "中性",     "内部转账", "账户转账", "余额调整", "不计入收支"};
    return is_one_of(text, words, sizeof words / sizeof *words);
}

const char *tael__reason_amount(void)
{
    return TAEL_SAY("amount: not a number with at most two decimals", "金额：不是最多两位小数的数字");
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
    if (!tael__parse_money(&row->minor, text[TAEL__COL_MINOR])) return tael__reason_amount();
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
