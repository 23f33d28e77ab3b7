// SPDX-License-Identifier: Apache-2.0
// Names of the saved prompt states, and their end.
#include "assistant/prefix.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/limits.h"

#define BEGINNING "ask-"

/* One file for each path of a model: whether what is in it fits is checked when it is loaded. FNV-1a (Fowler, Noll,
 * Vo): only a name is needed. */
tael_status tael__ask_prefix_path(char *path, size_t cap, const char *home, const char *model_path)
{
    char folder[TAEL__MAX_PATH_BYTES], name[64];
    uint64_t hash = 14695981039346656037u;
    for (const char *c = model_path; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    snprintf(name, sizeof name, BEGINNING "%016" PRIx64 ".kv", hash);
    TAEL_TRY(tael__path_join(folder, sizeof folder, home, "cache"));
    TAEL_TRY(tael__folder_make(folder));
    return tael__path_join(path, cap, folder, name);
}

tael_status tael__ask_prefixes_remove(const char *home)
{
    char folder[TAEL__MAX_PATH_BYTES], path[TAEL__MAX_PATH_BYTES];
    tael_status status = TAEL_OK;
    TAEL_TRY(tael__path_join(folder, sizeof folder, home, "cache"));
    DIR *d = opendir(folder);
    if (!d) return TAEL_OK; /* nothing was ever kept */
    for (struct dirent *e; status == TAEL_OK && (e = readdir(d));) {
        if (strncmp(e->d_name, BEGINNING, strlen(BEGINNING)) != 0) continue;
        status = tael__path_join(path, sizeof path, folder, e->d_name);
        if (status == TAEL_OK) status = tael__file_remove(path);
    }
    closedir(d);
    return status;
}
