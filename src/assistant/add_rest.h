// SPDX-License-Identifier: Apache-2.0
/* What is left of a clause when times, amounts and ways of paying are out, as one text; and who stands in it. */
#ifndef TAEL__ASSISTANT_ADD_REST_H
#define TAEL__ASSISTANT_ADD_REST_H

#include "assistant/add.h"

#define TAEL__NAME_BYTES 256

typedef struct tael__rest {
    char own[TAEL__MAX_SAID_BYTES], low[TAEL__MAX_SAID_BYTES]; /* as it was said, and with small Latin letters */
} tael__rest;

void tael__rest_set(tael__rest *r, const char *text);
/* Where the first of "a|b|c" stands in `low` (the longest of those at one place), and its bytes; SIZE_MAX: none does.
 */
size_t tael__rest_find(const char *low, const char *words, size_t *bytes);
bool tael__rest_says(const tael__rest *r, const char *words);
/* Takes a part out; words that it parted stay two. */
void tael__rest_cut(tael__rest *r, size_t at, size_t bytes);
/* Copies without blanks and signs at the ends, at most TAEL__NAME_BYTES with the NUL. */
void tael__rest_copy(char *out, const char *from, size_t bytes);
/* Whether the text is one of "a|b|c", or empty. */
bool tael__rest_is(const char *text, const char *words);
/* Takes any of the words off both ends, again and again; never all of it. */
void tael__rest_strip(char *text, const char *starts, const char *ends);

/* ---- People (add_people.c) ---- */

/* Whether somebody gave money to the speaker (妈妈给了: where the verb begins, or SIZE_MAX), or lent it (向小李借了).
 */
size_t tael__rest_gives_me(const tael__rest *r);
bool tael__rest_lends(const tael__rest *r);
/* Sets merchant and item when the verbs tell a person; the rest is then empty. */
bool tael__people_read(tael__said_names *names, tael__rest *r);
/* from mum, to Tom, at Walmart, sent mum, paid Tom: the merchant, a person or a place; the rest goes on without it. */
void tael__people_read_english(tael__said_names *names, tael__rest *r);

#endif
