// SPDX-License-Identifier: Apache-2.0
/* The query that a model writes for a question: what is wanted and the words it names; no dates, no arithmetic. */
#ifndef TAEL__ASSISTANT_PLAN_H
#define TAEL__ASSISTANT_PLAN_H

#include <tael/ledger.h>

#include "base/memory.h"

/* What a question wants: WANT(constant, name in the query). */
#define TAEL__WANT_MAP(X) X(SUM, "sum") TAEL__WANT_OTHERS(X)
#define TAEL__WANT_OTHERS(X)              \
    X(COUNT, "count")                     \
    X(AVERAGE, "average")                 \
    X(DAILY_AVERAGE, "daily_average")     \
    X(WEEKLY_AVERAGE, "weekly_average")   \
    X(MONTHLY_AVERAGE, "monthly_average") \
    X(DAYS, "days")                       \
    X(LARGEST, "largest")                 \
    X(SMALLEST, "smallest")               \
    X(TOP, "top")                         \
    X(BOTTOM, "bottom")                   \
    X(COMPARE, "compare")                 \
    X(RATIO, "ratio")                     \
    X(SHARE, "share")                     \
    X(LIST, "list")                       \
    X(ROWS, "rows")                       \
    X(FIRST, "first")                     \
    X(LAST, "last")                       \
    X(NEXT, "next")                       \
    X(DUE, "due")                         \
    X(BUSIEST, "busiest")                 \
    X(RECURRING, "recurring")             \
    X(RISE, "rise")                       \
    X(REFUND, "refund")                   \
    X(BUDGET, "budget")                   \
    X(FORECAST, "forecast")               \
    X(UNUSUAL, "unusual")                 \
    X(TWICE, "twice")                     \
    X(OTHER, "other")

typedef enum tael__want {
#define X(constant, name) TAEL__WANT_##constant,
    TAEL__WANT_MAP(X)
#undef X
        TAEL__WANT_COUNT_OF
} tael__want;

#define TAEL__PLAN_WORDS 4
#define TAEL__WORD_BYTES 97 /* 32 characters of 3 bytes and the NUL */

typedef struct tael__plan {
    tael__want want;
    tael_group by;               /* what a ranking or list is by */
    bool by_times;               /* rank by how often, not how much */
    bool income, percent, total; /* money received; in percent; the sum of what is listed */
    bool largest;                /* of refunds: the largest one */
    bool asked_model;            /* the model wrote a query for it */
    float sure;                  /* the probability of what was read, by the examples alone */
    char about[TAEL__PLAN_WORDS][TAEL__WORD_BYTES], not_about[TAEL__PLAN_WORDS][TAEL__WORD_BYTES],
        paid_with[TAEL__WORD_BYTES], paid_with_too[TAEL__WORD_BYTES];
    bool glossed[TAEL__PLAN_WORDS]; /* what stands in brackets behind it says it better */
    size_t about_count, not_about_count;
    int64_t budget_minor, least_minor, most_minor; /* a limit; bounds of one payment; 0: none named */
} tael__plan;

const char *tael__want_name(tael__want want);

/* Reads the model's JSON. TAEL_INTERNAL when it doesn't fit the schema that guided it. */
tael_status tael__plan_parse(tael__plan *plan, const char *json);

/* Is one of "a|b|c" in the text? Parts of words count: "refunds" holds "refund". */
bool tael__holds(const char *text, const char *words);
/* The length of the longest of the words that the text begins with, or 0. Case doesn't count; an English word is whole.
 */
size_t tael__begins_with(const char *text, const char *const *words, size_t count);

/* The prompt's fixed part (instructions and examples), the part with the question, and the schema that guides the
 * reply. The fixed part is the same for every question, so that its state can be kept. */
const char *tael__plan_schema(void);
tael_status tael__plan_instructions(tael__buffer *out);

#endif
