// SPDX-License-Identifier: Apache-2.0
/* Files, folders and read-only maps. Failures name the path and say what to do. */
#ifndef TAEL__BASE_FILE_H
#define TAEL__BASE_FILE_H

#include "base/memory.h"

/* A file mapped read-only. Reading past what was mapped is a defect; the file shrinking under us raises SIGBUS, which
 * nothing can prevent, so maps are only made of files that Tael or the owner keeps. */
typedef struct tael__map {
    const uint8_t *data; /* valid until tael__map_close; NULL for an empty file */
    size_t bytes;
} tael__map;

tael_status tael__map_open(tael__map *map, const char *path);
void tael__map_close(tael__map *map);

/* The whole file in memory, ended by a NUL that *bytes does not count. `path` "-" is standard input. TAEL_LIMIT when it
 * is longer than max_bytes, TAEL_CANCELLED when a signal came whose handler was set without SA_RESTART. *out is the
 * caller's (tael__free). */
tael_status tael__file_read(char **out, size_t *bytes, const char *path, size_t max_bytes);

/* Replace the file in one step: written beside it, synced, renamed. Mode 0600. On failure the old file is untouched. */
tael_status tael__file_write(const char *path, const void *data, size_t bytes);

bool tael__file_exists(const char *path);
tael_status tael__file_size(uint64_t *bytes, const char *path);
tael_status tael__file_remove(const char *path); /* TAEL_OK when it isn't there */
tael_status tael__folder_make(const char *path); /* with its parents, mode 0700 */
tael_status tael__folder_sync(const char *path); /* fsync of the folder: makes a rename durable */
tael_status tael__folder_free_bytes(uint64_t *bytes, const char *path);

/* "a/b" into path; TAEL_LIMIT when it doesn't fit. */
tael_status tael__path_join(char *path, size_t cap, const char *folder, const char *name);

/* Tael's folder: `home` if given, else $TAEL_HOME, else $XDG_DATA_HOME/tael, else ~/.local/share/tael. Not made here.
 */
tael_status tael__home(char *path, size_t cap, const char *home);

#endif
