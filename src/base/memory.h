// SPDX-License-Identifier: Apache-2.0
/* Allocation, checked sizes and growing buffers. All memory of the library is asked for here, so that a test can fail
 * the nth request. These return NULL or false; the caller sets the sentence (tael__fail_memory). */
#ifndef TAEL__BASE_MEMORY_H
#define TAEL__BASE_MEMORY_H

#include "base/status.h"

void *tael__alloc(size_t bytes);
void *tael__alloc_zero(size_t bytes);
void *tael__alloc_array(size_t n, size_t each); /* zeroed; NULL on overflow */
void *tael__alloc_aligned(size_t bytes);        /* 64 bytes, zeroed, rounded up to whole cache lines */
void *tael__realloc(void *p, size_t bytes);
void tael__free(void *p); /* for all of the above; NULL is fine */
char *tael__strdup(const char *text);
char *tael__strndup(const char *text, size_t bytes); /* copies exactly `bytes` and ends with NUL */

/* For tests: fail the nth allocation from now (1 is the next), and with `from_then_on` all after it. 0 stops it.
 * Returns how many allocations were made since the last call. */
uint64_t tael__alloc_break(uint64_t nth, bool from_then_on);

/* *out = a * b or a + b; false when it does not fit. Sizes from a file go through these before they are used. */
static inline bool tael__mul_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_mul_overflow(a, b, out);
}
static inline bool tael__add_size(size_t *out, size_t a, size_t b)
{
    return !__builtin_add_overflow(a, b, out);
}

/* A growing run of bytes, always ended by a NUL that `size` does not count. Zero-initialise with its maximum:
 * `tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};` Free it with tael__buffer_free. Once an append failed,
 * `failed` holds the status and later appends do nothing, so that a run of them needs one check at the end. */
typedef struct tael__buffer {
    char *data; /* owned; NULL until the first append */
    size_t size, capacity;
    size_t max;         /* bytes; 0 is a defect */
    tael_status failed; /* TAEL_OK, TAEL_NO_MEMORY or TAEL_LIMIT */
} tael__buffer;

tael_status tael__buffer_append(tael__buffer *b, const void *bytes, size_t n);
tael_status tael__buffer_text(tael__buffer *b, const char *text);
tael_status tael__buffer_format(tael__buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void tael__buffer_clear(tael__buffer *b); /* keeps the memory, forgets the failure */
char *tael__buffer_take(tael__buffer *b); /* the text is the caller's (tael__free); NULL if it failed */
void tael__buffer_free(tael__buffer *b);

#endif
