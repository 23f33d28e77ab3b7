// SPDX-License-Identifier: Apache-2.0
/* Shared by all test programs: cmocka with what it needs before it, temporary folders, fixtures. */
#ifndef TAEL__TESTS_SUPPORT_H
#define TAEL__TESTS_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/file.h"

/* Fails the test with the library's own sentence when a call didn't return TAEL_OK. */
#define assert_ok(call)                                                                      \
    do {                                                                                     \
        tael_status assert_ok_status = (call);                                               \
        if (assert_ok_status != TAEL_OK)                                                     \
            fail_msg("%s: %s: %s", #call, tael_status_name(assert_ok_status), tael_error()); \
    } while (0)

/* Fails unless the call returned `status` and left a sentence. */
#define assert_status(call, status)                                                \
    do {                                                                           \
        tael_status assert_status_got = (call);                                    \
        if (assert_status_got != (status))                                         \
            fail_msg("%s: wanted %s, got %s: %s", #call, tael_status_name(status), \
                     tael_status_name(assert_status_got), tael_error());           \
        if (assert_status_got != TAEL_OK) assert_true(tael_error()[0] != '\0');    \
    } while (0)

/* A new empty folder under $TMPDIR or /tmp; removed with everything in it by temp_remove. The text is yours to free().
 */
char *temp_folder(void);
void temp_remove(char *folder);

/* "folder/name" in one of eight rotating static buffers. */
const char *in_folder(const char *folder, const char *name);

/* The whole fixture file (path relative to tests/), ended by NUL; fails the test when it isn't there. free() it. */
char *fixture(const char *path, size_t *bytes);

#endif
