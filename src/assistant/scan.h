// SPDX-License-Identifier: Apache-2.0
/* Reading a question left to right: words and numbers in Chinese and English. Used by the finder of times only. */
#ifndef TAEL__ASSISTANT_SCAN_H
#define TAEL__ASSISTANT_SCAN_H

#include "base/status.h"

/* The question in lower case (ASCII only), with full-width digits made plain, and a place in it. */
typedef struct tael__scan {
    const char *text;
    size_t at, bytes;
} tael__scan;

/* An ASCII letter. */
static inline bool tael__is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* If the text at the place begins with `word`, step over it. An English word must also end there. */
bool tael__scan_word(tael__scan *s, const char *word);
/* The same for the longest of "a|b|c". */
bool tael__scan_any(tael__scan *s, const char *words);
void tael__scan_blanks(tael__scan *s);
/* A number: 12, １２, 十二, 两, "three". False leaves the place. */
bool tael__scan_number(tael__scan *s, int *number);
/* A run of ASCII digits of exactly `digits` (0: any up to 6). */
bool tael__scan_digits(tael__scan *s, int digits, int *number);
/* Is the place at the start of a word (no ASCII letter or digit just before)? */
bool tael__scan_at_word(const tael__scan *s);
/* Step over one character. */
void tael__scan_skip(tael__scan *s);

#endif
