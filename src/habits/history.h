// SPDX-License-Identifier: Apache-2.0
/* What the habits of time share: the owner's payments in one array, oldest first, and what was found to recur. */
#ifndef TAEL__HABITS_HISTORY_H
#define TAEL__HABITS_HISTORY_H

#include "base/date.h"
#include "base/random.h"
#include "habits/internal.h"
#include "habits/renewal.h"

typedef struct tael__payment {
    int64_t id, time_ms, minor; /* net of refunds; a refund without its purchase is negative */
    int32_t day;                /* local, since 1970-01-01 */
    int32_t offset_minutes;
    uint32_t brand, item; /* names: see tael__habit_name; 0: none */
    int32_t category_id;
    int32_t recurring; /* 1 + index in tael_habits.recurring; 0: none */
    bool income, refund;
    bool extra; /* of what recurs: a second one in a period */
} tael__payment;

/* Strings without their copies. 0 is "". */
typedef struct tael__names {
    tael__buffer text; /* each ended by NUL */
    uint32_t *start;   /* of name i in text */
    uint32_t *slots;   /* open addressing: name, 0 free */
    size_t count, slot_count;
} tael__names;

/* Something that recurs, as it was found: a tael_recurring without its sentence. */
typedef struct tael__recurring {
    tael_recurring r;
    uint32_t brand;
    int32_t next, next_from, next_to; /* days; 0 when it ended */
    int32_t slot_next;                /* the day of the next period's slot */
    int64_t *ids;                     /* owned */
} tael__recurring;

struct tael_habits {
    tael__payment *payments; /* oldest first */
    size_t count, capacity;
    tael__names names;
    tael__recurring *recurring;
    size_t recurring_count, recurring_capacity;
    tael__renewal_prior prior; /* of the owner's merchants, once replenish.c has learned it */
    bool prior_known, prior_vague;
    int32_t today, first_day, last_day;
    int32_t known; /* the last day that the bills tell about: today when they end at most 3 days before */
    char currency[8];
    tael__buffer sentence;           /* of what is being handed to the caller */
    struct tael__upcoming *upcoming; /* what was learned of what comes next, once it was asked for */
};

tael_status tael__names_add(tael__names *names, const char *text, uint32_t *out);
const char *tael__names_get(const tael__names *names, uint32_t name);
void tael__names_free(tael__names *names);

/* Fills habits->recurring and marks its payments. */
tael_status tael__recurring_find(tael_habits *habits);

/* ---- Purchases (replenish.c) ---- */

/* What a payment counts for: the brand, the category or the item; 0: nothing that is bought again at will. */
uint32_t tael__purchase_key(const tael__payment *payment, tael_habit_kind kind);
/* As tael_habits_replenish, of what was bought on `least` days or more, 2 at least. */
tael_status tael__replenish_list(tael_habits *habits, int32_t least, tael_purchase_fn *each, void *user);
/* Begin a sentence with how often, how long ago and when. */
void tael__purchase_gaps(tael_habits *habits, const tael_purchase_habit *purchase);

void tael__upcoming_free(struct tael__upcoming *upcoming);

/* ---- Periods (period.c) ---- */

typedef struct tael__period {
    bool months;
    int32_t every;
    int32_t phase;  /* months: of the month number (12 * year + month - 1) modulo `every`; days: of the day */
    int32_t anchor; /* months: day of the month, cut to its last */
} tael__period;

int32_t tael__period_slot_day(const tael__period *period, int64_t slot);
/* The slot whose day is nearest to `day`. */
int64_t tael__period_slot_near(const tael__period *period, int32_t day);
double tael__period_days(const tael__period *period);

/* ---- Words (words.c) ---- */

void tael__habit_day(char out[16], int32_t day); /* "2026-11-20" */
/* "¥1,234.56" or "USD 12.30". */
void tael__habit_money(char out[48], int64_t minor, const char *currency);
/* Begin a sentence in habits->sentence; its text, "" when there was no memory for it. */
const char *tael__habit_sentence(tael_habits *habits, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *tael__weekday_word(int weekday);

/* ---- Sorting ---- */

double tael__quantile(const double *sorted, size_t n, double p); /* linear between order statistics; n > 0 */
int tael__by_number(const void *a, const void *b);               /* doubles, for qsort */
double tael__median(double *values, size_t n);                   /* sorts them; 0 for none */

#endif
