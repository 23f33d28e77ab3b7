// SPDX-License-Identifier: Apache-2.0
/* Civil dates and the clock. Times are UTC milliseconds; a bill without a zone is Asia/Shanghai, which has had no
 * daylight saving since 1991, so an offset of +08:00 is exact for every bill that exists. */
#ifndef TAEL__BASE_DATE_H
#define TAEL__BASE_DATE_H

#include "base/status.h"

#define TAEL__SHANGHAI_OFFSET_MINUTES 480
#define TAEL__DAY_MS                  86400000LL

typedef struct tael__date {
    int32_t year; /* 1..9999 */
    int32_t month, day;
} tael__date;

/* Days since 1970-01-01 in the proleptic Gregorian calendar, and back. */
int64_t tael__days_of(tael__date date);
tael__date tael__date_of(int64_t days);
bool tael__date_valid(tael__date date);
int tael__days_in_month(int year, int month);
int tael__weekday(tael__date date); /* 1 Monday .. 7 Sunday (ISO 8601) */
int tael__weekday_of(int64_t days); /* since 1970-01-01 */
tael__date tael__date_add_days(tael__date date, int64_t days);
tael__date tael__date_add_months(tael__date date, int months); /* the day is cut to the month's last */

tael__date tael__date_today(void); /* in Shanghai, as a bill without a zone */

void tael__date_write(char out[16], tael__date date); /* "2026-11-20" */
/* "2026-11-20" exactly. */
bool tael__date_parse(tael__date *out, const char *text);

/* UTC ms of local midnight of `date`, and the local date of a UTC time, at a zone offset in minutes. */
int64_t tael__ms_of_date(tael__date date, int offset_minutes);
tael__date tael__date_of_ms(int64_t ms, int offset_minutes);

/* RFC 3339 with offset, "2026-11-20T08:12:37+08:00"; cap of 32 is enough. */
void tael__format_time(char *out, size_t cap, int64_t ms, int offset_minutes);

int64_t tael__clock_wall_ms(void); /* UTC, may jump */
double tael__clock_seconds(void);  /* monotonic, for intervals */

#endif
