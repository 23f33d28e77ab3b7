// SPDX-License-Identifier: Apache-2.0
// Days, money and sentences of habits, and the order statistics that several of them need.
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habits/history.h"

void tael__habit_day(char out[16], int32_t day)
{
    tael__date_write(out, tael__date_of(day));
}

static int decimals_of(const char *currency) /* ISO 4217; those not named have two */
{
    static const char *const whole[] = {"JPY", "KRW", "VND", "CLP", "ISK"};
    static const char *const three[] = {"KWD", "BHD", "OMR", "JOD", "TND"};
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++) {
        if (strcmp(currency, whole[i]) == 0) return 0;
        if (strcmp(currency, three[i]) == 0) return 3;
    }
    return 2;
}

void tael__habit_money(char out[48], int64_t minor, const char *currency)
{
    static const uint64_t powers[] = {1, 10, 100, 1000};
    bool yuan = *currency == '\0' || strcmp(currency, "CNY") == 0;
    int decimals = yuan ? 2 : decimals_of(currency), n = 0;
    uint64_t amount = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor, whole = amount / powers[decimals];
    char digits[24], grouped[32];
    int length = snprintf(digits, sizeof digits, "%" PRIu64, whole);
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) grouped[n++] = ',';
        grouped[n++] = digits[i];
    }
    grouped[n] = '\0';
    n = snprintf(out, 48, "%s%.8s%s%s", minor < 0 ? "-" : "", yuan ? "¥" : currency, yuan ? "" : " ", grouped);
    if (amount % powers[decimals] && n > 0 && n < 40)
        snprintf(out + n, 48 - (size_t)n, ".%0*" PRIu64, decimals, amount % powers[decimals]);
}

const char *tael__habit_sentence(tael_habits *h, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (n < 0 || tael__buffer_text(&h->sentence, text) != TAEL_OK) return "";
    return h->sentence.data;
}

const char *tael__weekday_word(int weekday)
{
    static const char *const en[] = {"",          "Mondays", "Tuesdays",  "Wednesdays",
                                     "Thursdays", "Fridays", "Saturdays", "Sundays"};
    static const char *const zh[] = {"", "周一", "周二", "周三", "周四", "周五", "周六", "周日"};
    if (weekday < 1 || weekday > 7) weekday = 0;
    return TAEL_SAY(en[weekday], zh[weekday]);
}

int tael__by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double tael__quantile(const double *sorted, size_t n, double p)
{
    double at = p * (double)(n - 1);
    size_t low = (size_t)at;
    if (low + 1 >= n) return sorted[n - 1];
    return sorted[low] + (at - (double)low) * (sorted[low + 1] - sorted[low]);
}

double tael__median(double *values, size_t n)
{
    if (n == 0) return 0;
    qsort(values, n, sizeof *values, tael__by_number);
    return tael__quantile(values, n, 0.5);
}
