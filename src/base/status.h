// SPDX-License-Identifier: Apache-2.0
/* How the library fails: one call that sets the sentence and returns the code. */
#ifndef TAEL__BASE_STATUS_H
#define TAEL__BASE_STATUS_H

#include <tael/status.h>

/* The sentence of this thread's language. Both are string literals, so the compiler checks both as formats; their
 * arguments stand in the same order (use %2$s where a language needs another). */
#define TAEL_SAY(en, zh) (tael_get_language() == TAEL_CHINESE ? (zh) : (en))

/* Set this thread's sentence and return `status`. The form is "WHAT: WHY; WHAT TO DO". Never put into it what the owner
 * bought or wrote: row numbers and field names, yes; contents, no. */
tael_status tael__fail(tael_status status, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

/* The code that fits errno: TAEL_NO_SPACE, TAEL_DENIED, TAEL_NOT_FOUND, TAEL_NO_MEMORY, else TAEL_IO. */
tael_status tael__status_of_errno(int error);

/* A file operation failed with errno: sets "PATH: DOING: reason" and returns the code that fits. */
tael_status tael__fail_errno(const char *doing, const char *path, int error) __attribute__((cold));

/* "not enough memory" for `what`, with the bytes that were asked for. */
tael_status tael__fail_memory(const char *what, size_t bytes) __attribute__((cold));

/* Put back a sentence saved before cleaning up (cleaning up may fail as well). `text` may be tael_error() itself. */
void tael__error_set(const char *text);

/* Forward a failure as it is: the place nearest the cause has the best sentence. */
#define TAEL_TRY(call)                                          \
    do {                                                        \
        tael_status tael_try_status = (call);                   \
        if (tael_try_status != TAEL_OK) return tael_try_status; \
    } while (0)

/* A promise inside our own code; on in debug, tests and fuzzing. The world's faults are statuses, never assertions. */
#ifdef TAEL_ASSERTIONS
#define TAEL_ASSERT(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define TAEL_ASSERT(condition) ((void)0)
#endif

#endif
