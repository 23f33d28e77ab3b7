// SPDX-License-Identifier: Apache-2.0
// Numbers of cells by their decimal digits, never through a float: a workbook stores 548.58 as 548.58000000000004, and
// the cents that a reader sees are in the digits. Dates are days since an epoch with a fraction for the clock
// (ECMA-376 part 1, 18.17.4), told from numbers by their format alone.
#include "ledger/import/cell.h"

#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/limits.h"
#include "base/utf8.h"

#define DIGITS       40 /* kept; the rest can't change a cent */
#define TRUE_DIGITS  15 /* that a double always keeps */
#define NOISY_DIGITS 12 /* fewer were typed by somebody: sums of cents leave noise at the 13th or later */
#define SECONDS      86400

/* 0.d1d2d3… · 10^point. No digits: zero. */
typedef struct decimal {
    bool negative, whole; /* whole: written without a fraction and an exponent */
    char digit[DIGITS];   /* '0' to '9', the first not '0' */
    int count, point;
} decimal;

/* ---- Decimals ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static void take_digit(decimal *d, char c, bool fraction)
{
    if (d->count > 0 || c != '0') {
        if (d->count < DIGITS) d->digit[d->count++] = c;
        if (!fraction) d->point++;
    } else if (fraction) {
        d->point--;
    }
}

static bool parse_exponent(int *exponent, const char **text)
{
    bool minus = **text == '-';
    if (**text == '-' || **text == '+') (*text)++;
    if (!is_digit(**text)) return false;
    for (*exponent = 0; is_digit(**text); (*text)++)
        if (*exponent < 10000) *exponent = *exponent * 10 + (**text - '0');
    if (minus) *exponent = -*exponent;
    return true;
}

static bool parse_decimal(decimal *d, const char *text)
{
    int exponent = 0;
    bool any = false;
    *d = (decimal){.whole = true};
    while (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t') text++;
    if (*text == '-' || *text == '+') d->negative = *text++ == '-';
    for (; is_digit(*text); text++, any = true) take_digit(d, *text, false);
    if (*text == '.') {
        d->whole = false;
        for (text++; is_digit(*text); text++, any = true) take_digit(d, *text, true);
    }
    if (!any) return false;
    if (*text == 'e' || *text == 'E') {
        d->whole = false;
        text++;
        if (!parse_exponent(&exponent, &text)) return false;
    }
    while (*text == ' ' || *text == '\n' || *text == '\r' || *text == '\t') text++;
    while (d->count > 0 && d->digit[d->count - 1] == '0') d->count--;
    d->point = d->count > 0 ? d->point + exponent : 0;
    return *text == '\0';
}

static char digit_at(const decimal *d, int i)
{
    return i >= 0 && i < d->count ? d->digit[i] : '0';
}

/* Keep the first `keep` digits, half up; below 0 the number is nothing. */
static void round_decimal(decimal *d, int keep)
{
    if (keep >= d->count) return;
    bool up = digit_at(d, keep) >= '5';
    d->count = keep > 0 ? keep : 0;
    while (up && d->count > 0 && d->digit[d->count - 1] == '9') d->count--;
    if (up && d->count > 0) {
        d->digit[d->count - 1]++;
    } else if (up && keep >= 0) { /* 0.999… becomes 1: one digit, one place further left */
        d->digit[0] = '1';
        d->count = 1;
        d->point++;
    }
    while (d->count > 0 && d->digit[d->count - 1] == '0') d->count--;
    if (d->count == 0) d->point = 0;
}

/* Four zeros or nines after the cents, and digits behind them. */
static bool only_noise(const decimal *d)
{
    char first = digit_at(d, d->point + 2);
    if (first != '0' && first != '9') return false;
    for (int i = 3; i < 6; i++)
        if (digit_at(d, d->point + i) != first) return false;
    return true;
}

bool tael__cell_number(char out[TAEL__CELL_NUMBER_BYTES], const char *text)
{
    decimal d;
    size_t n = 0;
    if (!parse_decimal(&d, text) || d.whole)
        return false; /* as it stands, with all digits: it may be an order number */
    if (d.point > TRUE_DIGITS || d.point < -DIGITS) return false;
    if (d.count >= NOISY_DIGITS && only_noise(&d))
        round_decimal(&d, d.point + 2);
    else if (d.count > TRUE_DIGITS)
        round_decimal(&d, TRUE_DIGITS);
    if (d.point < -TRUE_DIGITS) return false;
    if (d.negative && d.count > 0) out[n++] = '-';
    if (d.point <= 0) out[n++] = '0';
    for (int i = 0; i < d.point; i++) out[n++] = digit_at(&d, i);
    if (d.count > d.point) out[n++] = '.';
    for (int i = d.point; i < d.count; i++) out[n++] = digit_at(&d, i);
    out[n] = '\0';
    return true;
}

/* ---- Dates ---- */

bool tael__cell_date(char out[TAEL__CELL_NUMBER_BYTES], const char *text, bool since_1904)
{
    decimal d;
    int64_t days = 0, fraction = 0;
    if (!parse_decimal(&d, text) || d.negative || d.point > 7) return false;
    for (int i = 0; i < d.point; i++) days = days * 10 + (digit_at(&d, i) - '0');
    for (int i = 0; i < 12; i++) fraction = fraction * 10 + (digit_at(&d, d.point + i) - '0');
    int64_t seconds = (fraction * SECONDS + 500000000000) / 1000000000000; /* below 8.7e16: fits */
    days += seconds / SECONDS;
    seconds %= SECONDS;
    int clock[3] = {(int)(seconds / 3600), (int)(seconds / 60 % 60), (int)(seconds % 60)};
    if (days == 0) {
        snprintf(out, TAEL__CELL_NUMBER_BYTES, "%02d:%02d:%02d", clock[0], clock[1], clock[2]);
        return true;
    }
    /* Lotus took 1900 for a leap year, and all have kept day 60 since: earlier days count from a day later. */
    if (!since_1904 && days <= 60) days++;
    tael__date epoch = since_1904 ? (tael__date){1904, 1, 1} : (tael__date){1899, 12, 30};
    tael__date date = tael__date_of(tael__days_of(epoch) + days);
    if (date.year > 9999) return false;
    snprintf(out, TAEL__CELL_NUMBER_BYTES, "%04d-%02d-%02d %02d:%02d:%02d", date.year, date.month, date.day, clock[0],
             clock[1], clock[2]);
    return true;
}

/* 18.8.30: 14 to 22 and 45 to 47 in all languages; 27 to 36 and 50 to 58 are dates of Chinese, Japanese and Korean. */
bool tael__format_id_is_date(uint32_t id)
{
    return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) || (id >= 50 && id <= 58);
}

/* "[h]" and "[mm]" count time beyond a day; other brackets hold colours, conditions and languages. */
static bool elapsed(const char *bracket, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        if (!strchr("hmsHMS", bracket[i])) return false;
    return bytes > 0;
}

/* A date letter in the first section (that of positive numbers) which is no text: quoted, escaped, or a filler. */
bool tael__format_code_is_date(const char *code)
{
    for (const char *c = code; *c && *c != ';'; c++) {
        if (*c == '"') {
            const char *end = strchr(c + 1, '"');
            if (!end) return false;
            c = end;
        } else if (*c == '[') {
            size_t n = strcspn(c + 1, "]");
            if (c[1 + n] == '\0') return false;
            if (elapsed(c + 1, n)) return true;
            c += 1 + n;
        } else if (*c == '\\' || *c == '_' || *c == '*') {
            if (*++c == '\0') return false;
        } else if (strncmp(c, "General", 7) == 0) {
            c += 6;
        } else if (strchr("ymdhsYMDHS", *c)) {
            return true;
        }
    }
    return false;
}

/* ---- References and texts ---- */

bool tael__cell_column(uint32_t *column, const char *reference)
{
    uint32_t n = 0;
    for (; (*reference >= 'A' && *reference <= 'Z') || (*reference >= 'a' && *reference <= 'z'); reference++) {
        n = n * 26 + (uint32_t)((*reference | 0x20) - 'a') + 1;
        if (n > TAEL__MAX_SHEET_COLUMNS) return false;
    }
    *column = n - 1;
    return n > 0 && is_digit(*reference);
}

/* The character of "_xHHHH_" at `text`, or 0: no such escape, or half of a character beyond 16 bits. */
static uint32_t escaped(const char *text, size_t bytes)
{
    uint32_t code = 0;
    if (bytes < 7 || text[0] != '_' || text[1] != 'x' || text[6] != '_') return 0;
    for (int i = 2; i < 6; i++) {
        const char *hex = "0123456789abcdef";
        char c = text[i] >= 'A' && text[i] <= 'F' ? (char)(text[i] | 0x20) : text[i];
        const char *at = c ? strchr(hex, c) : NULL;
        if (!at) return 0;
        code = code * 16 + (uint32_t)(at - hex);
    }
    if (code >= 0xD800 && code <= 0xDFFF) return 0;
    return code < ' ' ? ' ' : code;
}

size_t tael__cell_unescape(char *text, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes;) {
        char utf8[4];
        uint32_t code = escaped(text + i, bytes - i);
        if (code) { /* seven bytes become at most three */
            size_t wide = tael__utf8_encode(utf8, code);
            memcpy(text + n, utf8, wide);
            n += wide;
            i += 7;
        } else {
            text[n++] = (unsigned char)text[i] < ' ' && text[i] >= 0 ? ' ' : text[i];
            i++;
        }
    }
    return n;
}
