// SPDX-License-Identifier: Apache-2.0
/* A file that is written piece by piece and takes its place only when it is whole: beside it, synced, renamed. */
#ifndef TAEL__BASE_FILE_OUT_H
#define TAEL__BASE_FILE_OUT_H

#include "base/limits.h"
#include "base/status.h"

typedef struct tael__file_out {
    int fd; /* -1: none */
    char path[TAEL__MAX_PATH_BYTES], beside[TAEL__MAX_PATH_BYTES];
} tael__file_out;

tael_status tael__file_out_begin(tael__file_out *out, const char *path); /* mode 0600 */
tael_status tael__file_out_write(tael__file_out *out, const void *data, size_t bytes);
/* Either of them ends it. After a failed finish, or abandon, what was at `path` before is untouched. */
tael_status tael__file_out_finish(tael__file_out *out);
void tael__file_out_abandon(tael__file_out *out); /* fine after finish, and for one that never began: {.fd = -1} */

#endif
