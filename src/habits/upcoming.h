// SPDX-License-Identifier: Apache-2.0
/* What the files of "what is bought next, and when" share. The merchants, categories or items of a ledger are
 * candidates, each a row of days; a walk goes through them day by day and knows at each what was known then. From it
 * come features, and weights turn these into probabilities. */
#ifndef TAEL__HABITS_UPCOMING_H
#define TAEL__HABITS_UPCOMING_H

#include "habits/history.h"

enum {
    TAEL__UPCOMING_KINDS = 3,      /* as tael_habit_kind */
    TAEL__UPCOMING_DAYS = 1500,    /* older purchases are left out: habits change */
    TAEL__UPCOMING_PAIRS = 256,    /* candidates whose companions are counted: those with most purchases */
    TAEL__UPCOMING_RECENT_DAYS = 3 /* a companion bought since so many days speaks: today, yesterday, before */
};

/* Of a candidate on the evening of a day. Logits are of probabilities within seven days, cut to .001 and .999. */
enum {
    TAEL__UP_ONE,
    TAEL__UP_RENEWAL,       /* logit of what the renewal says */
    TAEL__UP_RENEWAL_SHARE, /* logit of the share of tomorrow in it */
    TAEL__UP_RATE_FAST,     /* logits from purchases that fade within days, weeks, months */
    TAEL__UP_RATE_MIDDLE,
    TAEL__UP_RATE_SLOW,
    TAEL__UP_SINCE,   /* log of the days since the last one */
    TAEL__UP_OVERDUE, /* log of these over the late mean gap */
    TAEL__UP_LAPSE,   /* the part of that above twice the gap */
    TAEL__UP_COUNT,   /* log of the days with a purchase */
    TAEL__UP_AGE,     /* log of the years since the first one */
    TAEL__UP_WEEK_1,  /* bought in the last seven days, the seven before, … : 0 or 1 */
    TAEL__UP_WEEK_2,
    TAEL__UP_WEEK_3,
    TAEL__UP_WEEK_4,
    TAEL__UP_DAYS_IN_WEEK, /* share of the last seven days with a purchase */
    TAEL__UP_TODAY,
    TAEL__UP_YESTERDAY,
    TAEL__UP_MONTH,          /* bought in these days of the months before: logit above that of the slow rate */
    TAEL__UP_WEEKDAY,        /* log of tomorrow's weekday's share over a seventh */
    TAEL__UP_WEEKDAY_LATELY, /* share of the last four such weekdays with a purchase */
    TAEL__UP_REGULAR,        /* 1 minus the late gaps' coefficient of variation */
    TAEL__UP_REGULAR_OVERDUE,
    TAEL__UP_TREND,       /* log of the last three gaps over the late ones */
    TAEL__UP_COMPANION,   /* logit that the strongest companion bought lately adds, and that hasn't been followed yet */
    TAEL__UP_COMPANY,     /* mean log lift of all that was bought lately */
    TAEL__UP_ACTIVITY,    /* log of the owner's payments of seven days over his usual number */
    TAEL__UP_HISTORY,     /* log of the ledger's years */
    TAEL__UP_FEW,         /* 1 over the root of the days with a purchase */
    TAEL__UP_FEW_RENEWAL, /* the same times the renewal's and the slow rate's logits: what they are worth then */
    TAEL__UP_FEW_RATE,
    TAEL__UP_YOUNG, /* the ledger's days below two months: log */
    TAEL__UP_YOUNG_RENEWAL,
    TAEL__UP_VISIT, /* logit, below certainty, of the owner's buying anything, by the renewal of the days on which he
                       does */
    TAEL__UP_BASKET_FAST, /* logits of that times the share of such days with it, faded by such days */
    TAEL__UP_BASKET_SLOW,
    TAEL__UP_FEATURES
};

typedef struct tael__candidate {
    uint32_t name;         /* of a category its number */
    uint32_t first, count; /* its purchase days in the walk's `days` */
    /* Up to the walk's day: */
    uint32_t seen;
    double faded[3];   /* purchases, as of the last one */
    double basket[2];  /* the owner's buying days with it, faded by buying days, as of the last one with it */
    int32_t visit;     /* the number of that */
    double weekday[7]; /* purchases by weekday, all and faded by half a year */
    int32_t pair;      /* its place among those whose companions are counted; -1: none */
} tael__candidate;

typedef struct tael__purchase_event {
    int32_t day;
    uint32_t candidate;
} tael__purchase_event;

typedef struct tael__companions {
    uint32_t count;                        /* candidates */
    uint32_t *who;                         /* of pair i the candidate */
    uint16_t *after;                       /* [i][j]: days with i after which j came within seven days */
    uint16_t *times;                       /* days with i that are seven days old */
    uint16_t *any;                         /* of all days that are, those after which j came */
    uint16_t *in_week;                     /* of the seven days up to the walk's */
    uint32_t days;                         /* that are seven days old */
    uint32_t recent[TAEL__UPCOMING_PAIRS]; /* pairs bought in the last days */
    int32_t recent_day[TAEL__UPCOMING_PAIRS];
    size_t recent_count;
} tael__companions;

typedef struct tael__walk {
    const tael_habits *h;
    tael_habit_kind kind;
    tael__candidate *list; /* those bought on two days or more, by name */
    size_t count;
    int32_t *days;
    tael__purchase_event *events; /* by day */
    size_t event_count, at, old;  /* seen; and more than seven days old */
    uint32_t *paid;               /* [i]: all payments before first_day + i */
    int32_t *visits;              /* days on which anything was bought */
    size_t visit_count;           /* up to today */
    double visit_week;            /* probability of one within seven days */
    int32_t first_day, today;     /* of the ledger as far as it counts; that is known */
    tael__companions companions;
    tael__renewal_prior prior; /* of all rows with it, learned from what was known on prior_day */
    bool vague;
} tael__walk;

/* What is left of a purchase after k buying days: to the k-th, at two speeds. */
extern const double tael__upcoming_fades[2];
extern const double tael__upcoming_spans[3]; /* days over which purchases fade */

tael_status tael__walk_begin(tael__walk *walk, const tael_habits *h, tael_habit_kind kind);
void tael__walk_to(tael__walk *walk, int32_t day); /* not back */
void tael__walk_end(tael__walk *walk);
/* Learn what the merchants' gaps have in common from what this walk over merchants knows. */
tael_status tael__walk_prior(tael__walk *merchants);

/* A companion that speaks for a candidate. */
typedef struct tael__company {
    uint32_t candidate; /* the companion */
    int32_t days_ago;
    uint32_t came, times; /* within seven days after so many of its purchases */
} tael__company;

/* Whether anything is said of a candidate on the walk's day: bought twice by then, and not given up long ago. */
bool tael__upcoming_speaks(const tael__walk *walk, const tael__candidate *c);
/* The renewal as of the walk's day, of one that it speaks of. */
void tael__upcoming_renewal(tael__renewal *m, const tael__walk *walk, const tael__candidate *c);
/* `company` may be NULL; its `times` is 0 when there is none. */
void tael__upcoming_features(double x[TAEL__UP_FEATURES], const tael__walk *walk, const tael__candidate *c,
                             const tael__renewal *m, tael__company *company);

/* ---- Weights ---- */

/* Logistic: within a week; and tomorrow, given that it is within a week. */
enum { TAEL__UP_WEEK, TAEL__UP_DAY, TAEL__UP_HEADS };

typedef struct tael__upcoming_weights {
    double weight[TAEL__UP_HEADS][TAEL__UP_FEATURES];
    double spread[TAEL__UP_FEATURES]; /* the features' standard deviations, where the starting weights were learned */
} tael__upcoming_weights;

/* Of four kinds of ledgers: of months or of years; of one who pays now and then, or daily. What upcoming_start.c says
 * of them was learned from others: bench/run habits/upcoming --learn. */
enum { TAEL__UP_OLD = 1, TAEL__UP_DAILY = 2, TAEL__UP_LEDGERS = 4 };
extern const tael__upcoming_weights tael__upcoming_start[TAEL__UP_LEDGERS][TAEL__UPCOMING_KINDS];
/* How much a ledger is of them: shares that make 1. */
void tael__upcoming_ledger(double shares[TAEL__UP_LEDGERS], const tael_habits *h);
/* The starting weights for a ledger. */
void tael__upcoming_begin(tael__upcoming_weights start[TAEL__UPCOMING_KINDS], const tael_habits *h);

/* Candidates of past days and what came. */
typedef struct tael__upcoming_rows {
    float (*x)[TAEL__UP_FEATURES];
    float *weight;
    uint8_t *came; /* in how many days, 1 to 7; 0: in none of them */
    size_t count, capacity;
} tael__upcoming_rows;

/* Rows of one kind from rolling days of the last year, newest ones weighing most: at most `most` or a little more, none
 * from the ledger's first days. */
tael_status tael__upcoming_gather(tael__upcoming_rows *rows, tael__walk *walk, tael__walk *merchants, size_t most,
                                  int32_t first_days);
void tael__upcoming_rows_free(tael__upcoming_rows *rows);
/* The weights that explain the rows best, held to `start` as if by `hold` rows. */
tael_status tael__upcoming_fit(tael__upcoming_weights *out, const tael__upcoming_rows *rows,
                               const tael__upcoming_weights *start, double hold);
/* Probabilities within seven days, and of tomorrow. */
void tael__upcoming_says(const tael__upcoming_weights *w, const double x[TAEL__UP_FEATURES], double *week,
                         double *tomorrow);

/* ---- What was learned of an owner ---- */

typedef struct tael__upcoming_entry {
    tael_upcoming said;
    uint32_t name, after; /* `after`: the companion, or 0 */
    int32_t last;
} tael__upcoming_entry;

typedef struct tael__upcoming {
    tael__walk walk[TAEL__UPCOMING_KINDS];         /* at the last known day */
    tael__renewal *renewals[TAEL__UPCOMING_KINDS]; /* of its candidates */
    tael__upcoming_weights weights[TAEL__UPCOMING_KINDS];
    size_t rows; /* learned from */
    tael__upcoming_entry *list;
    size_t count, capacity;
} tael__upcoming;

/* `start` NULL: what comes with the library. `hold` below 0: the usual; INFINITY: nothing is learned of the owner. */
tael_status tael__upcoming_learn(tael__upcoming **out, const tael_habits *h, const tael__upcoming_weights *start,
                                 double hold);
void tael__upcoming_free(tael__upcoming *upcoming);

#endif
