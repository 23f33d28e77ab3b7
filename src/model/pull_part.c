// SPDX-License-Identifier: Apache-2.0
// The partial file of a pull, NAME.gguf.part. Its one promise: it is a prefix of the file that it will become. Data is
// only ever appended, so a crash leaves a shorter prefix; a package source, whose unit is a whole package, is cut back
// to the last one that was noted in NAME.gguf.part.json. Nothing is believed in the end but the digest over all of it.
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "model/pull.h"

#define BLOCK_BYTES ((size_t)256 << 10)

static tael_status fail_writing(const tael__pull *p, int error)
{
    return tael__fail_errno(TAEL_SAY("writing failed", "写入失败"), p->part_path, error);
}

/* ---- Hashing what is there ---- */

/* Feeds `limit` bytes of fd to the hash; TAEL_IO when the file is shorter. */
static tael_status hash_file(tael__pull *p, int fd, const char *path, uint64_t limit, crypto_hash_sha256_state *hash)
{
    unsigned char *block = tael__alloc(BLOCK_BYTES);
    if (!block) return tael__fail_memory(path, BLOCK_BYTES);
    tael_status status = TAEL_OK;
    tael__pull_rate_reset(p);
    for (uint64_t at = 0; status == TAEL_OK && at < limit;) {
        size_t want = limit - at < BLOCK_BYTES ? (size_t)(limit - at) : BLOCK_BYTES;
        ssize_t n = pread(fd, block, want, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            status = tael__fail_errno(TAEL_SAY("reading failed", "读取失败"), path, n < 0 ? errno : EIO);
            break;
        }
        crypto_hash_sha256_update(hash, block, (size_t)n);
        at += (uint64_t)n;
        status = tael__pull_tell(p, "verifying", at);
    }
    tael__pull_rate_reset(p);
    tael__free(block);
    return status;
}

static void finish(const crypto_hash_sha256_state *hash, char *hex)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state copy = *hash; /* the running one may go on */
    crypto_hash_sha256_final(&copy, digest);
    sodium_bin2hex(hex, 65, digest, sizeof digest);
}

tael_status tael__pull_digest(tael__pull *p, const char *path, char *hex)
{
    crypto_hash_sha256_state hash;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        int error = errno;
        if (fd >= 0) close(fd);
        return tael__fail_errno(TAEL_SAY("opening it failed", "打开失败"), path, error);
    }
    crypto_hash_sha256_init(&hash);
    tael_status status = hash_file(p, fd, path, (uint64_t)st.st_size, &hash);
    close(fd);
    if (status == TAEL_OK) finish(&hash, hex);
    return status;
}

/* ---- State ---- */

/* How many bytes of the partial can be resumed: 0 when it isn't known to belong to this very file. */
static uint64_t read_state(tael__pull *p, uint64_t size)
{
    char *text;
    size_t bytes;
    json_error_t error;
    p->state_source[0] = '\0';
    p->state_parts = 0;
    if (!tael__file_exists(p->state_path) || tael__file_read(&text, &bytes, p->state_path, 65536) != TAEL_OK) return 0;
    json_t *root = json_loadb(text, bytes, 0, &error);
    tael__free(text);
    const char *source = json_string_value(json_object_get(root, "source"));
    const char *sha256 = json_string_value(json_object_get(root, "sha256"));
    json_int_t noted = json_integer_value(json_object_get(root, "bytes")),
               parts = json_integer_value(json_object_get(root, "parts"));
    uint64_t good = 0;
    if (source && sha256 && strcmp(sha256, p->sha256) == 0 && noted >= 0 && (uint64_t)noted <= size && parts >= 0 &&
        parts <= TAEL__MAX_PACKAGES) {
        snprintf(p->state_source, sizeof p->state_source, "%s", source);
        p->state_parts = (uint32_t)parts;
        good = parts > 0 ? (uint64_t)noted : size; /* packages count whole; a hub's bytes each */
        if (strcmp(source, tael__source_name(TAEL__PYPI)) == 0) good = (uint64_t)noted;
    }
    json_decref(root);
    return good <= p->total ? good : 0;
}

tael_status tael__part_keep(tael__pull *p, const char *source, uint32_t parts)
{
    char text[512];
    if (fsync(p->fd) != 0) return fail_writing(p, errno);
    int n = snprintf(text, sizeof text, "{\"source\": \"%s\", \"bytes\": %llu, \"parts\": %u, \"sha256\": \"%s\"}\n",
                     source, (unsigned long long)p->done, parts, p->sha256);
    TAEL_TRY(tael__file_write(p->state_path, text, (size_t)n));
    snprintf(p->state_source, sizeof p->state_source, "%s", source);
    p->state_parts = parts;
    return TAEL_OK;
}

/* ---- The file ---- */

tael_status tael__part_open(tael__pull *p)
{
    struct stat st;
    crypto_hash_sha256_init(&p->hash);
    p->done = 0;
    p->fd = open(p->part_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (p->fd < 0 || fstat(p->fd, &st) != 0) return fail_writing(p, errno);
    uint64_t good = read_state(p, (uint64_t)st.st_size);
    if (ftruncate(p->fd, (off_t)good) != 0) return fail_writing(p, errno);
    TAEL_TRY(hash_file(p, p->fd, p->part_path, good, &p->hash));
    p->done = good;
    return TAEL_OK;
}

void tael__part_close(tael__pull *p)
{
    if (p->fd >= 0 && p->done == 0) { /* nothing to resume */
        unlink(p->part_path);
        unlink(p->state_path);
    }
    if (p->fd >= 0) close(p->fd);
    p->fd = -1;
}

tael_status tael__part_append(tael__pull *p, const void *data, size_t bytes)
{
    const unsigned char *from = data;
    if (bytes > p->total - p->done)
        return tael__fail(TAEL_CHECKSUM,
                          TAEL_SAY("%s: the source gives more than %llu bytes; another is tried",
                                   "%s：来源给出的数据超过 %llu 字节；将尝试其他来源"),
                          p->model->name, (unsigned long long)p->total);
    while (bytes > 0) {
        ssize_t n = pwrite(p->fd, from, bytes, (off_t)p->done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return fail_writing(p, n < 0 ? errno : ENOSPC);
        crypto_hash_sha256_update(&p->hash, from, (size_t)n);
        p->done += (uint64_t)n;
        from += n;
        bytes -= (size_t)n;
    }
    return TAEL_OK;
}

tael_status tael__part_rollback(tael__pull *p, uint64_t done, const crypto_hash_sha256_state *hash)
{
    p->hash = *hash;
    p->done = done;
    return ftruncate(p->fd, (off_t)done) == 0 ? TAEL_OK : fail_writing(p, errno);
}

tael_status tael__part_restart(tael__pull *p)
{
    crypto_hash_sha256_state empty;
    crypto_hash_sha256_init(&empty);
    p->state_source[0] = '\0';
    p->state_parts = 0;
    return tael__part_rollback(p, 0, &empty);
}

tael_status tael__part_check(tael__pull *p)
{
    char hex[65];
    finish(&p->hash, hex);
    if (p->done == p->total && strcmp(hex, p->sha256) == 0) return TAEL_OK;
    tael__part_restart(p);
    tael__file_remove(p->state_path);
    return tael__fail(
        TAEL_CHECKSUM,
        TAEL_SAY("%s: what %s gave has another checksum (%.12s… instead of %.12s…) and was removed; try another source",
                 "%s：%s 提供的文件校验和不符（%.12s…，应为 %.12s…），已删除；请换用其他来源"),
        p->model->name, p->source, hex, p->sha256);
}

tael_status tael__part_install(tael__pull *p)
{
    if (fsync(p->fd) != 0) return fail_writing(p, errno);
    tael__part_close(p);
    if (rename(p->part_path, p->path) != 0) return fail_writing(p, errno);
    TAEL_TRY(tael__folder_sync(p->folder));
    return tael__file_remove(p->state_path);
}

tael_status tael__pull_need_space(const tael__pull *p, uint64_t bytes)
{
    uint64_t free_bytes;
    TAEL_TRY(tael__folder_free_bytes(&free_bytes, p->folder));
    if (bytes <= free_bytes) return TAEL_OK;
    return tael__fail(TAEL_NO_SPACE,
                      TAEL_SAY("%s: the disk of %s lacks %llu MB (%llu MB are needed); free some space and try again",
                               "%s：%s 所在磁盘还差 %llu MB（共需 %llu MB）；请腾出空间后重试"),
                      p->model->name, p->folder, (unsigned long long)((bytes - free_bytes + 999999) / 1000000),
                      (unsigned long long)((bytes + 999999) / 1000000));
}
