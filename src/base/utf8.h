// SPDX-License-Identifier: Apache-2.0
/* UTF-8 (RFC 3629): strict decoding; overlong forms, surrogates and values past U+10FFFF are invalid. */
#ifndef TAEL__BASE_UTF8_H
#define TAEL__BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TAEL__UTF8_REPLACEMENT 0xFFFDu

/* One code point from text[0..bytes). Returns the bytes it took; 0 when bytes is 0. An invalid byte gives
 * U+FFFD in *code, takes 1, and sets *valid to false (valid may be NULL). */
size_t tael__utf8_decode(const char *text, size_t bytes, uint32_t *code, bool *valid);

/* Writes 1 to 4 bytes; a code point that UTF-8 can't hold is written as U+FFFD. */
size_t tael__utf8_encode(char out[4], uint32_t code);

bool tael__utf8_valid(const char *text, size_t bytes);

/* The offset of the first invalid byte, or `bytes`. */
size_t tael__utf8_invalid_at(const char *text, size_t bytes);

/* The largest n <= bytes such that text[0..n) doesn't end inside a character. Invalid bytes count as whole. */
size_t tael__utf8_cut(const char *text, size_t bytes);

#endif
