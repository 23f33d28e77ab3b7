// SPDX-License-Identifier: Apache-2.0
// The one door to malloc, with a counter that tests set to break the nth request; and growing buffers over it.
#include "base/memory.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/model.h>

static atomic_uint_fast64_t allocations; /* since the last tael__alloc_break */
static atomic_uint_fast64_t break_at;    /* 0: never */
static atomic_bool break_on;             /* and all after it */

static bool allowed(void)
{
    uint64_t n = atomic_fetch_add_explicit(&allocations, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&break_at, memory_order_relaxed);
    return at == 0 || n < at || (n > at && !atomic_load_explicit(&break_on, memory_order_relaxed));
}

uint64_t tael__alloc_break(uint64_t nth, bool from_then_on)
{
    atomic_store(&break_at, nth);
    atomic_store(&break_on, from_then_on);
    return atomic_exchange(&allocations, 0);
}

void *tael__alloc(size_t bytes)
{
    return allowed() ? malloc(bytes ? bytes : 1) : NULL;
}

void *tael__alloc_zero(size_t bytes)
{
    return allowed() ? calloc(1, bytes ? bytes : 1) : NULL;
}

void *tael__alloc_array(size_t n, size_t each)
{
    size_t bytes;
    return tael__mul_size(&bytes, n, each) ? tael__alloc_zero(bytes) : NULL;
}

void *tael__alloc_aligned(size_t bytes)
{
    if (bytes > SIZE_MAX - 64) return NULL;
    bytes = (bytes + 63) & ~(size_t)63;
    if (bytes == 0) bytes = 64;
    void *p = allowed() ? aligned_alloc(64, bytes) : NULL;
    if (p) memset(p, 0, bytes);
    return p;
}

void *tael__realloc(void *p, size_t bytes)
{
    return allowed() ? realloc(p, bytes ? bytes : 1) : NULL;
}

void tael__free(void *p)
{
    free(p);
}

void tael_free(void *p)
{
    tael__free(p);
}

char *tael__strdup(const char *text)
{
    return tael__strndup(text, strlen(text));
}

char *tael__strndup(const char *text, size_t bytes)
{
    if (bytes == SIZE_MAX) return NULL;
    char *copy = tael__alloc(bytes + 1);
    if (!copy) return NULL;
    if (bytes) memcpy(copy, text, bytes);
    copy[bytes] = '\0';
    return copy;
}

/* Room for `more` bytes and the NUL, growing by half so that n appends cost O(n). */
static tael_status reserve(tael__buffer *b, size_t more)
{
    if (b->failed != TAEL_OK) return b->failed;
    TAEL_ASSERT(b->max > 0);
    if (more > b->max || b->size > b->max - more)
        return b->failed = tael__fail(
                   TAEL_LIMIT, TAEL_SAY("text: longer than %zu bytes; make it shorter", "文本：超过 %zu 字节；请缩短"),
                   b->max);
    size_t needs = b->size + more + 1;
    if (needs <= b->capacity) return TAEL_OK;
    size_t capacity = b->capacity + b->capacity / 2;
    if (capacity < needs) capacity = needs < 64 ? 64 : needs;
    char *data = tael__realloc(b->data, capacity);
    if (!data) return b->failed = tael__fail_memory("text", capacity);
    b->data = data;
    b->capacity = capacity;
    return TAEL_OK;
}

tael_status tael__buffer_append(tael__buffer *b, const void *bytes, size_t n)
{
    TAEL_TRY(reserve(b, n));
    if (n) memcpy(b->data + b->size, bytes, n);
    b->size += n;
    b->data[b->size] = '\0';
    return TAEL_OK;
}

tael_status tael__buffer_text(tael__buffer *b, const char *text)
{
    return tael__buffer_append(b, text, strlen(text));
}

tael_status tael__buffer_format(tael__buffer *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    tael_status status = n < 0 ? TAEL_INTERNAL : reserve(b, (size_t)n);
    if (status == TAEL_OK) {
        vsnprintf(b->data + b->size, (size_t)n + 1, format, again);
        b->size += (size_t)n;
    }
    va_end(again);
    return status;
}

void tael__buffer_clear(tael__buffer *b)
{
    b->size = 0;
    b->failed = TAEL_OK;
    if (b->data) b->data[0] = '\0';
}

char *tael__buffer_take(tael__buffer *b)
{
    if (reserve(b, 0) != TAEL_OK) {
        tael__buffer_free(b);
        return NULL;
    }
    char *data = b->data;
    data[b->size] = '\0';
    *b = (tael__buffer){.max = b->max};
    return data;
}

void tael__buffer_free(tael__buffer *b)
{
    tael__free(b->data);
    *b = (tael__buffer){.max = b->max};
}
