// SPDX-License-Identifier: Apache-2.0
// Civil-date arithmetic by the era method (400-year cycles of 146,097 days, years starting in March).
#include "base/date.h"

#include <stdio.h>
#include <time.h>

int64_t tael__days_of(tael__date date)
{
    int64_t y = date.year - (date.month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
    int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * 146097 + day_of_era - 719468; /* 0000-03-01 to 1970-01-01 */
}

tael__date tael__date_of(int64_t days)
{
    days += 719468;
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    int32_t month = (int32_t)(m < 10 ? m + 3 : m - 9);
    return (tael__date){(int32_t)(year_of_era + era * 400 + (month <= 2)), month,
                        (int32_t)(day_of_year - (153 * m + 2) / 5 + 1)};
}

int tael__days_in_month(int year, int month)
{
    static const unsigned char days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool tael__date_valid(tael__date date)
{
    return date.year >= 1 && date.year <= 9999 && date.month >= 1 && date.month <= 12 && date.day >= 1 &&
           date.day <= tael__days_in_month(date.year, date.month);
}

int tael__weekday_of(int64_t days)
{
    int64_t w = (days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (int)(w < 0 ? w + 7 : w) + 1;
}

int tael__weekday(tael__date date)
{
    return tael__weekday_of(tael__days_of(date));
}

tael__date tael__date_add_days(tael__date date, int64_t days)
{
    return tael__date_of(tael__days_of(date) + days);
}

tael__date tael__date_add_months(tael__date date, int months)
{
    int64_t total = (int64_t)date.year * 12 + date.month - 1 + months;
    int32_t year = (int32_t)(total / 12), month = (int32_t)(total % 12) + 1;
    if (year < 1) return (tael__date){1, 1, 1};
    int last = tael__days_in_month(year, month);
    return (tael__date){year, month, date.day < last ? date.day : last};
}

tael__date tael__date_today(void)
{
    return tael__date_of_ms(tael__clock_wall_ms(), TAEL__SHANGHAI_OFFSET_MINUTES);
}

void tael__date_write(char out[16], tael__date date)
{
    snprintf(out, 16, "%04d-%02d-%02d", (int)((unsigned)date.year % 10000), (int)((unsigned)date.month % 100),
             (int)((unsigned)date.day % 100));
}

bool tael__date_parse(tael__date *out, const char *text)
{
    for (int i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? text[i] != '-' : text[i] < '0' || text[i] > '9') return false;
    if (text[10] != '\0') return false;
#define DIGIT(i) (text[i] - '0')
    *out = (tael__date){DIGIT(0) * 1000 + DIGIT(1) * 100 + DIGIT(2) * 10 + DIGIT(3), DIGIT(5) * 10 + DIGIT(6),
                        DIGIT(8) * 10 + DIGIT(9)};
#undef DIGIT
    return tael__date_valid(*out);
}

int64_t tael__ms_of_date(tael__date date, int offset_minutes)
{
    return tael__days_of(date) * TAEL__DAY_MS - (int64_t)offset_minutes * 60000;
}

tael__date tael__date_of_ms(int64_t ms, int offset_minutes)
{
    ms += (int64_t)offset_minutes * 60000;
    int64_t days = ms / TAEL__DAY_MS - (ms % TAEL__DAY_MS < 0);
    return tael__date_of(days);
}

void tael__format_time(char *out, size_t cap, int64_t ms, int offset_minutes)
{
    tael__date date = tael__date_of_ms(ms, offset_minutes);
    int64_t of_day = ((ms - tael__ms_of_date(date, offset_minutes)) / 1000);
    int away = offset_minutes < 0 ? -offset_minutes : offset_minutes;
    snprintf(out, cap, "%04d-%02d-%02dT%02d:%02d:%02d%c%02d:%02d", date.year, date.month, date.day,
             (int)(of_day / 3600), (int)(of_day / 60 % 60), (int)(of_day % 60), offset_minutes < 0 ? '-' : '+',
             away / 60, away % 60);
}

int64_t tael__clock_wall_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

double tael__clock_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}
