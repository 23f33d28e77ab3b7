// SPDX-License-Identifier: Apache-2.0
/* What answers from habits share: the habits as of the question's day, the rows that the question is about, and what of
 * these rows recurs. */
#ifndef TAEL__ASSISTANT_HABITS_H
#define TAEL__ASSISTANT_HABITS_H

#include <stdio.h>

#include <tael/habits.h>

#include "assistant/internal.h"
#include "base/utf8.h"

#define TAEL__NAME_BYTES 256

typedef struct tael__job_habits {
    tael_habits *habits;    /* NULL: the owner doesn't want them learned */
    bool all;               /* about everything: of the rows only the latest is read */
    int64_t *rows, *sorted; /* ids of what was paid and not given back, newest first; the same by id */
    size_t row_count, row_capacity;
    tael_recurring *recurring; /* what those rows make, dearest a year first, ended ones last; no sentences */
    size_t recurring_count, recurring_capacity;
    bool mostly_recurs; /* most of the latest rows recur; false when it is about everything */
    bool failed;
} tael__job_habits;

/* Read what the job's words, ways of paying and bounds name, over the whole ledger. *allowed false: habits aren't to be
 * learned; then only the rows are there. Close it after success. */
tael_status tael__job_habits_open(tael__job_habits *h, tael__job *job, bool *allowed);
void tael__job_habits_close(tael__job_habits *h);
/* Says until when the bills tell, where something was answered, and closes. Returns `status`. */
tael_status tael__job_habits_end(tael__job_habits *h, tael__job *job, tael_status status);
/* Is the record one of the rows that the question is about? */
bool tael__job_habits_has(const tael__job_habits *h, int64_t record);

/* Says that habits aren't learned, and how to allow it. */
void tael__say_not_learned(tael__job *job);

/* When the bills end more than a week before the question's day: says so. */
void tael__say_known_until(tael__job *job, const tael__job_habits *h);

/* Its amount, "about" before one that varies: "¥30.00"; the same with its period: "每月 ¥30.00", "¥30.00 a month". */
const char *tael__recurring_minor_text(const tael__job *job, const tael_recurring *r, char *out, size_t cap);
const char *tael__recurring_price_text(const tael__job *job, const tael_recurring *r, char *out, size_t cap);
/* As the bills call its merchant, with what it is paid for where that is short and stays the same:
 * "QQ音乐（绿钻包月）". `out` has TAEL__NAME_BYTES. */
const char *tael__recurring_name(const tael__job *job, const tael_recurring *r, char *out);
tael_group_row tael__recurring_rows(const tael_recurring *r);

/* The date of "2026-11-20", as habits write it. */
tael__date tael__day_of(const char *day);

#endif
