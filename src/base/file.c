// SPDX-License-Identifier: Apache-2.0
// Files by POSIX calls: read whole, replaced in one step, mapped read-only.
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/file_out.h"
#include "base/limits.h"

#define OPENING TAEL_SAY("opening it failed", "打开失败")
#define READING TAEL_SAY("reading failed", "读取失败")
#define WRITING TAEL_SAY("writing failed", "写入失败")

static tael_status open_to_read(int *fd, struct stat *st, const char *path, int flags)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    if (*fd < 0) return tael__fail_errno(OPENING, path, errno);
    tael_status status = TAEL_OK;
    if (fstat(*fd, st) != 0)
        status = tael__fail_errno(OPENING, path, errno);
    else if (S_ISDIR(st->st_mode))
        status =
            tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: it is a folder; name a file", "%s：这是文件夹；请指定文件"), path);
    if (status != TAEL_OK) close(*fd);
    return status;
}

tael_status tael__map_open(tael__map *map, const char *path)
{
    int fd;
    struct stat st;
    *map = (tael__map){0};
    TAEL_TRY(
        open_to_read(&fd, &st, path, O_NONBLOCK)); /* else a pipe that nobody writes to holds us before we see it */
    tael_status status = TAEL_OK;
    if (!S_ISREG(st.st_mode)) {
        status = tael__fail(TAEL_BAD_INPUT,
                            TAEL_SAY("%s: not a regular file; name a file", "%s：不是普通文件；请指定文件"), path);
    } else if (st.st_size > 0) {
        void *data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
        if (data == MAP_FAILED)
            status = tael__fail_errno(TAEL_SAY("mapping it failed", "映射失败"), path, errno);
        else
            *map = (tael__map){.data = data, .bytes = (size_t)st.st_size};
    }
    close(fd);
    return status;
}

void tael__map_close(tael__map *map)
{
    if (map->data) munmap((void *)(uintptr_t)map->data, map->bytes);
    *map = (tael__map){0};
}

tael_status tael__file_read(char **out, size_t *bytes, const char *path, size_t max_bytes)
{
    int fd = STDIN_FILENO;
    struct stat st = {0};
    bool standard = strcmp(path, "-") == 0;
    tael__buffer text = {.max = max_bytes};
    *out = NULL;
    *bytes = 0;
    if (!standard) TAEL_TRY(open_to_read(&fd, &st, path, 0));
    tael_status status = TAEL_OK;
    char block[65536];
    while (status == TAEL_OK) {
        ssize_t n = read(fd, block, sizeof block);
        /* A signal ends it (TAEL_CANCELLED): a handler that lets reading go on says SA_RESTART. */
        if (n < 0) status = tael__fail_errno(READING, path, errno);
        if (n <= 0) break;
        status = tael__buffer_append(&text, block, (size_t)n);
    }
    if (!standard) close(fd);
    if (status == TAEL_LIMIT)
        tael__fail(TAEL_LIMIT, TAEL_SAY("%s: longer than %zu bytes; split it", "%s：超过 %zu 字节；请拆分"), path,
                   max_bytes);
    if (status == TAEL_OK) {
        *bytes = text.size;
        *out = tael__buffer_take(&text);
        if (!*out) status = TAEL_NO_MEMORY;
    }
    tael__buffer_free(&text);
    return status;
}

tael_status tael__file_write(const char *path, const void *data, size_t bytes)
{
    tael__file_out out;
    TAEL_TRY(tael__file_out_begin(&out, path));
    tael_status status = tael__file_out_write(&out, data, bytes);
    if (status == TAEL_OK) return tael__file_out_finish(&out);
    tael__file_out_abandon(&out);
    return status;
}

bool tael__file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

tael_status tael__file_size(uint64_t *bytes, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return tael__fail_errno(OPENING, path, errno);
    *bytes = (uint64_t)st.st_size;
    return TAEL_OK;
}

tael_status tael__file_remove(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT)
        return tael__fail_errno(TAEL_SAY("removing it failed", "删除失败"), path, errno);
    return TAEL_OK;
}

tael_status tael__folder_make(const char *path)
{
    char partial[TAEL__MAX_PATH_BYTES];
    size_t n = strlen(path);
    if (n == 0 || n >= sizeof partial)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: the path is empty or too long", "%s：路径为空或太长"), path);
    for (size_t i = 1; i <= n; i++) {
        if (path[i] != '/' && path[i] != '\0') continue;
        memcpy(partial, path, i);
        partial[i] = '\0';
        if (mkdir(partial, 0700) == 0 || errno == EEXIST) continue;
        int error = errno;
        struct stat st; /* a read-only parent that exists answers EROFS, not EEXIST */
        if (stat(partial, &st) == 0 && S_ISDIR(st.st_mode)) continue;
        return tael__fail_errno(TAEL_SAY("making the folder failed", "创建文件夹失败"), partial, error);
    }
    struct stat st;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
        return tael__fail(TAEL_IO,
                          TAEL_SAY("%s: it is not a folder; choose another place", "%s：不是文件夹；请另选位置"), path);
    return TAEL_OK;
}

tael_status tael__folder_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return tael__fail_errno(OPENING, path, errno);
    int failed = fsync(fd) != 0 && errno != EINVAL; /* some file systems can't sync a folder */
    int error = errno;
    close(fd);
    return failed ? tael__fail_errno(WRITING, path, error) : TAEL_OK;
}

tael_status tael__folder_free_bytes(uint64_t *bytes, const char *path)
{
    struct statvfs fs;
    if (statvfs(path, &fs) != 0) return tael__fail_errno(OPENING, path, errno);
    *bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return TAEL_OK;
}

tael_status tael__path_join(char *path, size_t cap, const char *folder, const char *name)
{
    size_t n = strlen(folder);
    const char *slash = n > 0 && folder[n - 1] == '/' ? "" : "/";
    if (snprintf(path, cap, "%s%s%s", folder, slash, name) < (int)cap) return TAEL_OK;
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"), folder);
}

tael_status tael__home(char *path, size_t cap, const char *home)
{
    const char *base = home && *home ? home : getenv("TAEL_HOME");
    if (base && *base)
        return tael__path_join(path, cap, base, "") == TAEL_OK ? (path[strlen(path) - 1] = '\0', TAEL_OK) : TAEL_LIMIT;
    base = getenv("XDG_DATA_HOME");
    if (base && *base == '/') return tael__path_join(path, cap, base, "tael");
    base = getenv("HOME");
    if (base && *base) return tael__path_join(path, cap, base, ".local/share/tael");
    return tael__fail(TAEL_NOT_FOUND, TAEL_SAY("home: neither --home, TAEL_HOME nor HOME is set; give --home DIR",
                                               "主目录：未设置 --home、TAEL_HOME 或 HOME；请给出 --home DIR"));
}
