// SPDX-License-Identifier: Apache-2.0
/* What the finders of times share: the question, a place in it, and the times found so far. */
#ifndef TAEL__ASSISTANT_FINDER_H
#define TAEL__ASSISTANT_FINDER_H

#include "assistant/period.h"
#include "assistant/scan.h"

typedef struct tael__finder {
    tael__scan s;
    tael__date today;
    tael__when *when;
    int holiday[TAEL__MAX_PERIODS]; /* this period is a holiday: 1 named without a year, 2 with one */
    bool year[TAEL__MAX_PERIODS];   /* this period is a whole year */
} tael__finder;

static inline tael__date tael__day(int year, int month, int of)
{
    return (tael__date){year, month, of};
}

static inline int tael__day_order(tael__date a, tael__date b)
{
    int64_t x = tael__days_of(a), y = tael__days_of(b);
    return x < y ? -1 : x > y;
}

static inline tael__period tael__span(tael__date from, tael__date to)
{
    return (tael__period){.from = from, .to = to};
}

tael__period tael__months_span(int year, int first, int last);

/* A year, a part of one, or "... to ..." between two (calendar.c). *holiday: as in the finder; *year: a whole year. */
bool tael__find_calendar(tael__finder *f, tael__period *p, int *holiday, bool *year);
/* The holiday of `like`'s name in another year: false when `like` is none or the year isn't known. */
bool tael__holiday_again(const tael__period *like, int year, tael__period *p);
/* "上旬", "月底", "early", after or before a month: narrows *p, which is one month. */
bool tael__find_third(tael__scan *s, tael__period *p);

/* Something relative to today (relative.c). */
bool tael__find_relative(tael__finder *f, tael__period *p);
/* "一" to "日", "monday": 1 to 7. */
bool tael__find_weekday(tael__scan *s, int *weekday);

#endif
