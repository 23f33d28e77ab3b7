// SPDX-License-Identifier: Apache-2.0
/* From a word of the question to what bills write: by the table of aliases, by the ledger's own merchants, and by
 * likeness to them (a typo, a short form). Never by a model's guess. */
#ifndef TAEL__ASSISTANT_RESOLVE_H
#define TAEL__ASSISTANT_RESOLVE_H

#include <tael/ledger.h>

#include "base/memory.h"

#define TAEL__MAX_TERMS 96 /* the longest alias row has 45; two may be joined */

/* Alternatives: a row fits when it holds one of them. */
typedef struct tael__terms {
    const char *items[TAEL__MAX_TERMS]; /* point into `text` */
    size_t count;
    int32_t ranges[12][2]; /* of category numbers: a row in one of them fits as well */
    size_t range_count;
    bool fallback;           /* the items are for rows without a category */
    bool of_ledger, of_shop; /* found in the ledger itself, in no table; in a merchant's name */
    const char *without[4];  /* a row that holds one of these is something else: 京东外卖 isn't 京东 */
    size_t without_count;
    tael__buffer text; /* owned */
} tael__terms;

void tael__terms_free(tael__terms *terms);
/* Adds "~|@key|a|b|-c" (`bytes` of it): ~, categories, alternatives, and what it is without. */
tael_status tael__terms_add(tael__terms *terms, const char *words, size_t bytes);

/* Adds all that another list has. */
tael_status tael__terms_join(tael__terms *terms, const tael__terms *more);
/* As a filter takes it; it points into the list. */
tael_term_group tael__terms_group(const tael__terms *terms);

/* The ledger's merchants, read once for a question. */
typedef struct tael__merchants {
    char **names; /* as bills write them, but in lower case and without blanks at their ends */
    size_t count, capacity;
    uint8_t *pairs;      /* a filter of the pairs of characters in them, for tael__resolve_longest */
    tael_ledger *ledger; /* borrowed */
} tael__merchants;

tael_status tael__merchants_read(tael__merchants *m, tael_ledger *ledger);
void tael__merchants_free(tael__merchants *m);

typedef enum tael__known {
    TAEL__KNOWN,   /* terms hold what to look for, and the ledger may have it */
    TAEL__UNKNOWN, /* nothing like it in the table or the ledger: terms hold the word itself */
    TAEL__NOISE    /* names nothing: leave it out */
} tael__known;

/* `question` guards against words that a model made up: one that neither stands there nor is another name for something
 * that does is TAEL__NOISE. */
tael_status tael__resolve(tael__terms *terms, tael__known *known, const char *word, const char *question,
                          const tael__merchants *m);

/* The longest name of the table, or of a way of paying, that text[0..room) begins with (lower case; an English word
 * whole, with `before` the character before it). 0: none. */
size_t tael__alias_begins(const char *text, size_t room, char before);
size_t tael__way_begins(const char *text, size_t room, char before);

/* Does a merchant's name begin with it? */
bool tael__merchant_starts(const char *text, size_t bytes, const tael__merchants *m);

/* A way of paying: sets either *source ("alipay", "wechat") or *method (what the bill's method holds). Both NULL: not
 * one. True when the word names nothing besides ("交行信用卡", but not "微信红包"). */
bool tael__resolve_method(const char *word, const char **source, const char **method);

/* The same for the ledger's merchants: a whole name, or (*part) a piece of at least two Chinese characters that few
 * merchants share. */
size_t tael__merchant_begins(const char *text, size_t room, char before, const tael__merchants *m, bool *part);

#endif
