// SPDX-License-Identifier: Apache-2.0
/* What the files of `add` share: a clause of what was said, from which each finder takes what it understands; the rest
 * is the name of what was bought or of who got the money. */
#ifndef TAEL__ASSISTANT_ADD_H
#define TAEL__ASSISTANT_ADD_H

#include <tael/assistant.h>

#include "assistant/resolve.h"
#include "base/date.h"

#define TAEL__MAX_SAID_BYTES 1024 /* a person says two or three payments at once, not a page */
#define TAEL__MAX_CLAUSES    20
#define TAEL__MAX_AMOUNTS    16 /* numbers in one clause */
#define TAEL__GONE           '\x01'

/* Full-width signs are made plain. What was understood is overwritten with TAEL__GONE, so that places stay. */
typedef struct tael__clause {
    char said[TAEL__MAX_SAID_BYTES];  /* as it was said */
    char low[TAEL__MAX_SAID_BYTES];   /* the same, Latin letters small */
    bool fixed[TAEL__MAX_SAID_BYTES]; /* part of a name with digits in it: no number */
    size_t bytes;
} tael__clause;

void tael__clause_take(tael__clause *c, size_t at, size_t bytes);
/* Takes the first of "a|b|c" (longest first where they begin alike) that stands in it; false: none. */
bool tael__clause_take_any(tael__clause *c, const char *words);
bool tael__clause_has(const tael__clause *c, const char *words);
/* Whether there is anything left but blanks and signs. */
bool tael__clause_empty(const tael__clause *c);
/* What is left, pieces joined by a blank where something was taken out between Latin letters, trimmed. */
void tael__clause_rest(const tael__clause *c, char *out, size_t cap);

/* The longest of "a|b|c" that text[0..bytes) begins with, 0: none. Latin words must end there. */
size_t tael__begins(const char *text, size_t bytes, const char *words);

/* ---- Amounts (add_money.c) ---- */

typedef struct tael__said_amount {
    size_t at, bytes; /* with its sign or unit */
    int64_t minor;
    char currency[4];              /* "" when none was said */
    int strength;                  /* 3: with a unit or a sign of money, 2: a bare number, 1: hardly one */
    bool about, inexact, quantity; /* "100多"; more than two decimals; "2 coffees": a count if there is another */
    bool rough;                    /* 大概, 左右: worth a remark */
    bool paid;                     /* 实付: of several the one that counts */
} tael__said_amount;

/* All that may be amounts, left to right. */
size_t tael__amounts_find(tael__said_amount *out, size_t cap, const tael__clause *c);
/* "25-30": both ends of a range. */
bool tael__amounts_range(const tael__clause *c, const tael__said_amount *first, const tael__said_amount *second);

/* ---- Times (add_time.c) ---- */

typedef struct tael__said_time {
    bool day_said, clock_said, part_said, assumed; /* assumed: a week or a month was said, not its day */
    tael__date day;
    int hour, minute;
    bool future;
} tael__said_time;

/* Finds and takes times. */
void tael__times_take(tael__said_time *time, tael__clause *c, tael__date today);
/* The hour at which a meal is eaten, -1: none is named. */
int tael__meal_hour(const char *text);

/* ---- Ways of paying (add_method.c) ---- */

/* Finds and takes a way of paying; false: none is named. */
bool tael__method_take(char *method, size_t cap, tael__clause *c);

/* ---- What is left (add_names.c) ---- */

typedef struct tael__said_names {
    tael_direction direction;
    bool refund;
    bool person; /* the merchant is somebody, not a shop */
    char merchant[256], item[256], note[256];
} tael__said_names;

void tael__names_read(tael__said_names *names, tael__clause *c, const tael__merchants *m);

/* ---- What the ledger knows (add_history.c) ---- */

typedef struct tael__learned {
    char merchant[256], item[256], category[256], method[256]; /* "" where nothing is usual */
} tael__learned;

tael_status tael__history_ask(tael__learned *learned, tael_ledger *ledger, const tael__said_names *names,
                              const char *method, int hour);

#endif
