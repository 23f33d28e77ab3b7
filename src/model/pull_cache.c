// SPDX-License-Identifier: Apache-2.0
// The user's cache of models, shared by all homes: $TAEL_MODEL_CACHE, else $XDG_CACHE_HOME/tael/models, else
// ~/.cache/tael/models. What was pulled once is linked into it, and a new home takes it from there after checking its
// digest. Beside it the checksums that a hub told (known.json): the first answer is kept, so that a later one can't
// differ.
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/file.h"
#include "model/pull.h"

static bool cache_folder(char *path, size_t cap)
{
    const char *named = getenv("TAEL_MODEL_CACHE"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (named) return *named && snprintf(path, cap, "%s", named) < (int)cap; /* set but empty: no cache */
    if (xdg && *xdg == '/') return snprintf(path, cap, "%s/tael/models", xdg) < (int)cap;
    return home && *home && snprintf(path, cap, "%s/.cache/tael/models", home) < (int)cap;
}

static bool cache_path(char *path, size_t cap, const char *name)
{
    char folder[TAEL__MAX_PATH_BYTES];
    return cache_folder(folder, sizeof folder) && snprintf(path, cap, "%s/%s.gguf", folder, name) < (int)cap;
}

/* ---- Models ---- */

/* Another file system: copied onto the partial, hashed as it goes like any source. */
static tael_status copy_in(tael__pull *p, const char *from)
{
    enum { BLOCK = 1 << 18 };
    char *block = tael__alloc(BLOCK);
    int fd = open(from, O_RDONLY | O_CLOEXEC);
    tael_status status = block && fd >= 0 ? tael__pull_need_space(p, p->total) : tael__fail_memory(from, BLOCK);
    if (status == TAEL_OK) status = tael__part_open(p);
    if (status == TAEL_OK) status = tael__part_restart(p);
    ssize_t n = 0;
    while (status == TAEL_OK && (n = read(fd, block, BLOCK)) > 0) {
        status = tael__part_append(p, block, (size_t)n);
        if (status == TAEL_OK) status = tael__pull_tell(p, "verifying", p->done);
    }
    if (status == TAEL_OK && n < 0) status = tael__fail_errno(TAEL_SAY("reading failed", "读取失败"), from, errno);
    if (status == TAEL_OK) status = tael__part_check(p);
    if (status == TAEL_OK) status = tael__part_install(p);
    tael__part_close(p);
    if (fd >= 0) close(fd);
    tael__free(block);
    return status;
}

tael_status tael__cache_take(tael__pull *p, bool *taken)
{
    char from[TAEL__MAX_PATH_BYTES], hex[65];
    uint64_t bytes;
    *taken = false;
    if (p->total == 0 || !cache_path(from, sizeof from, p->model->name) || strcmp(from, p->path) == 0) return TAEL_OK;
    if (!tael__file_exists(from) || tael__file_size(&bytes, from) != TAEL_OK || bytes != p->total) return TAEL_OK;
    p->source = TAEL_SAY("the cache", "缓存");
    tael_status status = tael__pull_digest(p, from, hex);
    if (status == TAEL_CANCELLED) return status;
    if (status != TAEL_OK || strcmp(hex, p->sha256) != 0)
        return TAEL_OK; /* damaged: it is fetched, and replaced later */
    unlink(p->path);
    if (link(from, p->path) == 0)
        status = tael__folder_sync(p->folder);
    else
        status = copy_in(p, from);
    *taken = status == TAEL_OK;
    return status;
}

void tael__cache_give(const tael__pull *p)
{
    char folder[TAEL__MAX_PATH_BYTES], to[TAEL__MAX_PATH_BYTES];
    if (!cache_folder(folder, sizeof folder) || !cache_path(to, sizeof to, p->model->name) || strcmp(to, p->path) == 0)
        return;
    if (tael__folder_make(folder) != TAEL_OK) return;
    if (link(p->path, to) == 0 || errno != EEXIST) return;
    unlink(to); /* a damaged or older one */
    if (link(p->path, to) != 0) return;
}

/* ---- What hubs told ---- */

static json_t *read_known(const char *folder)
{
    char path[TAEL__MAX_PATH_BYTES], *text;
    size_t bytes;
    json_error_t error;
    if (tael__path_join(path, sizeof path, folder, "known.json") != TAEL_OK || !tael__file_exists(path)) return NULL;
    if (tael__file_read(&text, &bytes, path, TAEL__MAX_JSON_BYTES) != TAEL_OK) return NULL;
    json_t *root = json_loadb(text, bytes, 0, &error);
    tael__free(text);
    return root;
}

static void take_known(tael__pull *p, const char *folder)
{
    json_t *root = read_known(folder);
    const json_t *entry = json_object_get(root, p->model->name);
    const char *sha256 = json_string_value(json_object_get(entry, "sha256"));
    json_int_t bytes = json_integer_value(json_object_get(entry, "bytes"));
    if (sha256 && strlen(sha256) == 64 && bytes > 0 && (uint64_t)bytes <= TAEL__MAX_MODEL_BYTES) {
        snprintf(p->sha256, sizeof p->sha256, "%s", sha256);
        p->total = (uint64_t)bytes;
    }
    json_decref(root);
}

void tael__known_get(tael__pull *p)
{
    char cache[TAEL__MAX_PATH_BYTES];
    take_known(p, p->folder);
    if (p->total == 0 && cache_folder(cache, sizeof cache)) take_known(p, cache);
}

/* Read, changed and replaced under a lock, since pulls of other models do the same. */
static tael_status put_known(const tael__pull *p, const char *folder, const char *source)
{
    char path[TAEL__MAX_PATH_BYTES], lock_path[TAEL__MAX_PATH_BYTES];
    TAEL_TRY(tael__path_join(path, sizeof path, folder, "known.json"));
    TAEL_TRY(tael__path_join(lock_path, sizeof lock_path, folder, "known.lock"));
    int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0) return tael__fail_errno(TAEL_SAY("opening it failed", "打开失败"), lock_path, errno);
    while (flock(lock, LOCK_EX) != 0 && errno == EINTR) continue;
    json_t *root = read_known(folder);
    if (!json_is_object(root)) {
        json_decref(root);
        root = json_object();
    }
    json_object_set_new(
        root, p->model->name,
        json_pack("{s:s, s:I, s:s}", "sha256", p->sha256, "bytes", (json_int_t)p->total, "source", source));
    char *text = json_dumps(root, JSON_INDENT(2));
    tael_status status = text ? tael__file_write(path, text, strlen(text)) : tael__fail_memory(path, 0);
    free(text); /* jansson's own malloc */
    json_decref(root);
    close(lock);
    return status;
}

tael_status tael__known_put(const tael__pull *p, const char *source)
{
    char cache[TAEL__MAX_PATH_BYTES];
    TAEL_TRY(put_known(p, p->folder, source));
    if (cache_folder(cache, sizeof cache) && tael__folder_make(cache) == TAEL_OK)
        put_known(p, cache, source); /* best effort */
    return TAEL_OK;
}
