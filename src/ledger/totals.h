// SPDX-License-Identifier: Apache-2.0
/* Sums that are kept: for each label, month and class of rows, and for each amount. */
#ifndef TAEL__LEDGER_TOTALS_H
#define TAEL__LEDGER_TOTALS_H

#include "base/date.h"
#include "ledger/internal.h"

#define TAEL__HUGE_MINOR 100000000000 /* a billion yuan: such rows aren't in the totals */

/* What is kept of a set of rows. */
typedef struct tael__cell {
    int64_t rows, gross, net;     /* net: less what came back */
    int64_t gross_rows, net_rows; /* rows with something in them; with something left */
} tael__cell;

/* Rows that an import stores add up here and go to the store at its end: a row costs no statement of its own. Rows that
 * change or go, and those that get their label later, are counted by the store's triggers (schema.c). */
typedef struct tael__tally {
    struct tael__tally_slot *slot;
    size_t count, capacity;
} tael__tally;

typedef struct tael__totals {
    tael_ledger *ledger;
    tael__tally months, amounts;
} tael__totals;

static inline int64_t tael__class_of(int direction, int kind, bool counted)
{
    return direction * 16 + kind * 2 + counted;
}
static inline int tael__class_direction(int64_t class)
{
    return (int)(class >> 4);
}
static inline int tael__class_kind(int64_t class)
{
    return (int)(class >> 1) & 7;
}
static inline bool tael__class_counted(int64_t class)
{
    return class & 1;
}

static inline int64_t tael__month_of(tael__date date)
{
    return (int64_t)date.year * 12 + date.month - 1;
}

tael_status tael__totals_add(tael__totals *totals, int64_t label, tael__date date, int64_t class, const char *currency,
                             int64_t minor, int64_t refunded_minor);
tael_status tael__totals_flush(tael__totals *totals); /* writes what was added */
void tael__totals_free(tael__totals *totals);

/* ---- Answers from them ---- */

/* One cell that fits a filter. `name`: of the field that was asked for, "" without. */
typedef struct tael__totals_cell {
    int64_t month, class;
    tael__cell sum;
    const char *name;
    int32_t category_id; /* of the rows; 0 without a field */
} tael__totals_cell;

/* A filter that the totals can answer. */
typedef struct tael__kept {
    bool usable;
    bool amounts;        /* from the sums by amount */
    bool texts, detail;  /* words to look for; in fields that only whole labels have */
    int64_t first, last; /* months, inclusive */
    tael__where labels;  /* the words, as conditions on labels */
    int64_t loose;       /* with `detail`: rows that must be looked at one by one: those without a whole label */
} tael__kept;

/* Whether the totals can answer; free the plan either way. */
tael_status tael__kept_make(tael__kept *plan, tael_ledger *ledger, const tael_filter *filter);
void tael__kept_free(tael__kept *plan);

/* each() for every cell. `field` NULL or a column of labels; `currency` NULL: all. */
typedef tael_status tael__cell_fn(const tael__totals_cell *cell, void *user);
tael_status tael__kept_each(const tael__kept *plan, tael_ledger *ledger, const tael_filter *filter, const char *field,
                            const char *currency, tael__cell_fn *each, void *user);

/* The labels that the plan's words fit: the first `cap`, and how many in all. */
tael_status tael__kept_labels(const tael__kept *plan, tael_ledger *ledger, int64_t *label, size_t cap, size_t *count);

#define TAEL__LOOSE " AND label IN (SELECT id FROM labels WHERE whole=0)" /* a further condition on records */

#endif
