// SPDX-License-Identifier: Apache-2.0
/* Times named in a question, Chinese or English, found and resolved by code: a model's dates are wrong most of the
 * time. "上个月", "国庆那几天", "past 30 days", "from July to October", "工作日晚上10点之后". */
#ifndef TAEL__ASSISTANT_PERIOD_H
#define TAEL__ASSISTANT_PERIOD_H

#include "base/date.h"

#define TAEL__MAX_PERIODS 6 /* a question that compares names two; lists of months may name a few */

typedef struct tael__period {
    tael__date from, to; /* inclusive days; never after today */
    uint32_t months;     /* "last 3 months": how many months it asked for, else 0 */
    size_t at, bytes;    /* where in the question */
    bool joined;         /* "from July to August": of two, [from, first_to] and [last_from, to] */
    tael__date first_to, last_from;
} tael__period;

typedef struct tael__when {
    tael__period periods[TAEL__MAX_PERIODS]; /* in the order in which the question names them */
    size_t count;                            /* 0: the question names no time */
    uint32_t weekdays;                       /* bit 0 Monday; 0: any */
    int32_t hour_from, hour_to;              /* local hours [from, to); equal: any */
    struct {
        size_t at, bytes;
    } marks[TAEL__MAX_PERIODS]; /* where in the question weekdays and hours stand */
    size_t mark_count;
} tael__when;

/* Find the times in `question`. A month without a year is the latest one that has begun by `today`; so is a holiday. */
void tael__when_find(tael__when *when, const char *question, tael__date today);

/* The first time to come that is named (ahead.c): all of it is after today. False: none. */
bool tael__ahead_find(tael__period *period, const char *question, tael__date today);

#endif
