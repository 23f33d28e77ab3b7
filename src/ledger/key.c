// SPDX-License-Identifier: Apache-2.0
// The key of the store: 32 random bytes in home/ledger.key, mode 0600, in hex or wrapped by a passphrase
// (passphrase.c). It is written to a file beside and linked to its name, so that a key is there whole or not at all,
// and of two processes one wins and the other reads the winner's.
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/random.h"
#include "ledger/passphrase.h"

tael_status tael__not_a_key(const char *path)
{
    return tael__fail(TAEL_BAD_KEY,
                      TAEL_SAY("%s: it holds neither a key of 64 hex digits nor a wrapped one; put back the key that "
                               "belongs to this ledger",
                               "%s：其中既不是 64 位十六进制密钥，也不是加密的密钥；请恢复属于此账本的密钥文件"),
                      path);
}

static tael_status parse_key(uint8_t key[TAEL__KEY_BYTES], const char *text, size_t bytes, const char *path)
{
    size_t n = 0;
    const char *end = text;
    if (sodium_hex2bin(key, TAEL__KEY_BYTES, text, bytes, NULL, &n, &end) == 0 && n == TAEL__KEY_BYTES) {
        while (end < text + bytes && strchr(" \r\n\t", *end)) end++;
        if (end == text + bytes) return TAEL_OK;
    }
    return tael__not_a_key(path);
}

enum { KEY_FILE_MAX = 4096 };

static tael_status read_file(char **text, size_t *bytes, const char *path)
{
    struct stat st;
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode) || st.st_size > KEY_FILE_MAX) return tael__not_a_key(path);
        /* A copy brought back may have lost its mode: the key is for its owner's eyes. */
        if (st.st_uid == geteuid() && (st.st_mode & 077)) (void)chmod(path, 0600);
    }
    return tael__file_read(text, bytes, path, KEY_FILE_MAX);
}

static tael_status read_key(uint8_t key[TAEL__KEY_BYTES], const char *path, const char *passphrase)
{
    char *text;
    size_t bytes;
    TAEL_TRY(read_file(&text, &bytes, path));
    tael_status status =
        tael__key_wrapped(text) ? tael__key_unwrap(key, text, path, passphrase) : parse_key(key, text, bytes, path);
    sodium_memzero(text, bytes);
    tael__free(text);
    return status;
}

static tael_status make_key(const char *path)
{
    uint8_t key[TAEL__KEY_BYTES];
    char hex[2 * TAEL__KEY_BYTES + 2], beside[TAEL__MAX_PATH_BYTES];
    if (snprintf(beside, sizeof beside, "%s.%ld.new", path, (long)getpid()) >= (int)sizeof beside)
        return tael__fail(
            TAEL_LIMIT, TAEL_SAY("%s: the path is too long; choose a shorter one", "%s：路径太长；请换短一些的"), path);
    TAEL_TRY(tael__random_system(key, sizeof key));
    sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    hex[2 * TAEL__KEY_BYTES] = '\n'; /* in place of the NUL */
    tael_status status = tael__file_write(beside, hex, 2 * TAEL__KEY_BYTES + 1);
    if (status == TAEL_OK && link(beside, path) != 0 && errno != EEXIST) {
        /* Some file systems have no links: there, two first starts at the same instant aren't told apart. */
        if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
            status = tael__fail_errno(TAEL_SAY("making the key", "生成密钥"), path, errno);
        else if (access(path, F_OK) != 0 && rename(beside, path) != 0)
            status = tael__fail_errno(TAEL_SAY("making the key", "生成密钥"), path, errno);
    }
    unlink(beside);
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return status;
}

tael_status tael__ledger_key(uint8_t key[TAEL__KEY_BYTES], uint8_t salt[16], const char *home, const char *passphrase,
                             bool make)
{
    char path[TAEL__MAX_PATH_BYTES];
    static const char context[] = "tael ledger salt";
    if (sodium_init() < 0)
        return tael__fail(TAEL_INTERNAL, TAEL_SAY("key: libsodium can't start", "密钥：libsodium 无法启动"));
    TAEL_TRY(tael__path_join(path, sizeof path, home, "ledger.key"));
    if (make && !tael__file_exists(path)) {
        TAEL_TRY(make_key(path));
        TAEL_TRY(tael__folder_sync(home));
    }
    TAEL_TRY(read_key(key, path, passphrase));
    crypto_generichash(salt, 16, (const unsigned char *)context, sizeof context - 1, key, TAEL__KEY_BYTES);
    return TAEL_OK;
}

tael_status tael_ledger_protected(const char *home, bool *is_protected)
{
    char path[TAEL__MAX_PATH_BYTES], *text;
    size_t bytes;
    if (!home || !*home || !is_protected)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("key: a folder and a place are needed", "密钥：需要文件夹和存放位置"));
    *is_protected = false;
    TAEL_TRY(tael__path_join(path, sizeof path, home, "ledger.key"));
    if (!tael__file_exists(path)) return TAEL_OK;
    TAEL_TRY(read_file(&text, &bytes, path));
    *is_protected = tael__key_wrapped(text);
    sodium_memzero(text, bytes);
    tael__free(text);
    return TAEL_OK;
}

/* The file that the new one took the place of, overwritten where its blocks lie: best effort, since a file system may
 * write elsewhere, and flash does. One that has another name still is somebody's copy. */
static void overwrite(int fd, off_t bytes)
{
    uint8_t noise[KEY_FILE_MAX];
    struct stat st;
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && st.st_nlink == 0 && tael__random_system(noise, sizeof noise) == TAEL_OK &&
        pwrite(fd, noise, (size_t)bytes, 0) == bytes)
        (void)fsync(fd);
    close(fd);
}

tael_status tael_ledger_set_passphrase(const char *home, const char *passphrase, const char *new_passphrase)
{
    char path[TAEL__MAX_PATH_BYTES], text[TAEL__WRAPPED_BYTES];
    uint8_t key[TAEL__KEY_BYTES], salt[16];
    struct stat st = {0};
    size_t bytes = 0;
    if (!home || !*home) return tael__fail(TAEL_MISUSE, TAEL_SAY("key: a folder is needed", "密钥：需要文件夹"));
    TAEL_TRY(tael__path_join(path, sizeof path, home, "ledger.key"));
    TAEL_TRY(tael__ledger_key(key, salt, home, passphrase, false));
    tael_status status = TAEL_OK;
    if (new_passphrase && *new_passphrase) {
        status = tael__key_wrap(text, &bytes, key, new_passphrase);
    } else {
        sodium_bin2hex(text, sizeof text, key, sizeof key);
        bytes = 2 * TAEL__KEY_BYTES;
        text[bytes++] = '\n';
    }
    int old = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
    if (old >= 0 && fstat(old, &st) != 0) st.st_size = 0;
    if (status == TAEL_OK) status = tael__file_write(path, text, bytes); /* beside, synced, renamed, folder synced */
    overwrite(old, status == TAEL_OK && st.st_size <= KEY_FILE_MAX ? st.st_size : 0);
    sodium_memzero(key, sizeof key);
    sodium_memzero(text, sizeof text);
    return status;
}
