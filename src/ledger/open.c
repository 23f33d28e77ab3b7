// SPDX-License-Identifier: Apache-2.0
// Opening the store: folder, key, SQLCipher with the raw key (random, so no costly derivation), WAL, schema.
//
// The salt in the store's first 16 bytes is a hash of the key. A store that can't be read is therefore told apart:
// another salt is another store's key, the right salt with unreadable pages is damage.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/date.h"
#include "base/file.h"
#include "ledger/internal.h"

#define OPENING TAEL_SAY("opening the ledger", "打开账本")

/* A folder that the owner made just for us gets our mode; one that holds other things is left as it is. */
static void close_empty_folder(const char *home)
{
    struct stat st;
    int entries = 0;
    DIR *dir = opendir(home);
    if (!dir) return;
    for (struct dirent *entry; entries == 0 && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) entries++;
    closedir(dir);
    if (entries == 0 && stat(home, &st) == 0 && st.st_uid == geteuid() && !(st.st_mode & S_ISVTX) && (st.st_mode & 077))
        (void)chmod(home, 0700);
}

/* The empty file, so that the store, its WAL and its index all take mode 0600 whatever the umask. A file that is there
 * is not opened: closing it would drop the locks that this process's other handles have on it (POSIX locks belong to
 * the process), and the next process to leave would take itself for the last and delete the log under them. */
static tael_status make_file(const char *path)
{
    struct stat st;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) {
        close(fd);
        return TAEL_OK;
    }
    if (errno != EEXIST || lstat(path, &st) != 0) return tael__fail_errno(OPENING, path, errno);
    if (S_ISLNK(st.st_mode)) return tael__fail_errno(OPENING, path, ELOOP);
    if (st.st_uid == geteuid() && (st.st_mode & 077)) (void)chmod(path, 0600);
    if (faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) != 0) return tael__fail_errno(OPENING, path, errno);
    return TAEL_OK;
}

/* The first bytes of the file: through SQLite's own descriptor where it has one, for the same reason. */
static bool read_head(const tael_ledger *ledger, uint8_t head[16])
{
    sqlite3_file *file = NULL;
    if (ledger->db && sqlite3_file_control(ledger->db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK && file &&
        file->pMethods)
        return file->pMethods->xRead(file, head, 16, 0) == SQLITE_OK;
    int fd = open(ledger->path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, head, 16);
    if (fd >= 0) close(fd);
    return n == 16;
}

/* What the file's head says about a store that can't be read. */
static tael_status explain_unreadable(const tael_ledger *ledger, const uint8_t salt[16])
{
    uint8_t head[16] = {0};
    static const uint8_t zeros[16];
    if (read_head(ledger, head) && memcmp(head, salt, 16) != 0 && memcmp(head, zeros, 16) != 0 &&
        memcmp(head, "SQLite format 3", 15) != 0)
        return tael__fail(
            TAEL_BAD_KEY,
            TAEL_SAY("%s: ledger.key beside it is the key of another ledger, or this is no ledger; put back "
                     "the key that belongs to it",
                     "%s：旁边的 ledger.key 不是它的密钥，或它不是账本；请恢复属于它的密钥文件"),
            ledger->path);
    return tael__fail(
        TAEL_CORRUPT,
        TAEL_SAY("%s: the store is damaged; put back a copy of the folder, or move it away and import the "
                 "bills again",
                 "%s：账本文件已损坏；请恢复该文件夹的备份，或将其移走后重新导入账单"),
        ledger->path);
}

/* SQLite takes a file of less than a page for an empty one and would write over it; unless a journal beside it tells
 * that its making was interrupted. */
static bool is_stump(const char *path)
{
    char journal[TAEL__MAX_PATH_BYTES + 16];
    uint64_t bytes;
    snprintf(journal, sizeof journal, "%s-journal", path);
    return tael__file_size(&bytes, path) == TAEL_OK && bytes > 0 && bytes < 4096 && !tael__file_exists(journal);
}

static tael_status give_key(tael_ledger *ledger, const uint8_t key[TAEL__KEY_BYTES], const uint8_t salt[16])
{
    char text[2 * (TAEL__KEY_BYTES + 16) + 4] = "x'";
    sodium_bin2hex(text + 2, sizeof text - 2, key, TAEL__KEY_BYTES);
    sodium_bin2hex(text + 2 + 2 * TAEL__KEY_BYTES, sizeof text - 2 - 2 * TAEL__KEY_BYTES, salt, 16);
    memcpy(text + 2 + 2 * (TAEL__KEY_BYTES + 16), "'", 2);
    int code = sqlite3_key(ledger->db, text, (int)strlen(text));
    sodium_memzero(text, sizeof text);
    return code == SQLITE_OK ? TAEL_OK : tael__sql_fail(ledger, code, OPENING);
}

/* Changing to WAL needs the store alone and SQLite doesn't wait for that, so we do. */
static tael_status use_wal(tael_ledger *ledger, uint32_t wait_ms)
{
    double until = tael__clock_seconds() + wait_ms / 1000.0;
    for (;;) {
        tael_status status = tael__sql_exec(ledger, "PRAGMA journal_mode=WAL", OPENING);
        if (status != TAEL_LOCKED || tael__clock_seconds() > until) return status;
        usleep(5000);
    }
}

static tael_status set_up(tael_ledger *ledger, uint32_t wait_ms)
{
    static const char settings[] = "PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;"
                                   "PRAGMA cache_size=-16384; PRAGMA trusted_schema=OFF;";
    sqlite3_extended_result_codes(ledger->db, 1);
    sqlite3_busy_timeout(ledger->db, (int)wait_ms);
    /* Before the first look into the store: it decides where the log's index lives. */
    if (ledger->alone) TAEL_TRY(tael__sql_exec(ledger, "PRAGMA locking_mode=EXCLUSIVE", OPENING));
    TAEL_TRY(tael__sql_exec(ledger, settings, OPENING));
    int64_t tables;
    TAEL_TRY(tael__sql_number(ledger, &tables, "SELECT count(*) FROM sqlite_master", OPENING));
    if (!ledger->read_only) {
        TAEL_TRY(use_wal(ledger, wait_ms));
        TAEL_TRY(
            tael__sql_exec(ledger, "PRAGMA synchronous=FULL", OPENING)); /* an import that returned is on the disk */
    }
    TAEL_TRY(tael__ledger_functions(ledger));
    return tael__ledger_migrate(ledger);
}

/* Whether the log holds something: then it must be read, and SQLite finds its way with the index file beside it. */
static bool has_log(const char *path)
{
    char log[TAEL__MAX_PATH_BYTES + 8];
    uint64_t bytes;
    snprintf(log, sizeof log, "%s-wal", path);
    return tael__file_size(&bytes, log) == TAEL_OK && bytes > 0;
}

/* On a medium that can't be written nobody else writes either, so SQLite may do without its lock and index files. */
static int open_database(tael_ledger *ledger, const char *home)
{
    int flags = ledger->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    char uri[3 * TAEL__MAX_PATH_BYTES + 32] = "file:";
    size_t at = strlen(uri);
    if (!ledger->read_only || access(home, W_OK) == 0 || has_log(ledger->path))
        return sqlite3_open_v2(ledger->path, &ledger->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    for (const char *c = ledger->path; *c; c++)
        at += (size_t)snprintf(uri + at, sizeof uri - at, strchr("?#%", *c) ? "%%%02X" : "%c", (unsigned char)*c);
    snprintf(uri + at, sizeof uri - at, "?immutable=1");
    return sqlite3_open_v2(uri, &ledger->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
}

static tael_status find_key(tael_ledger *ledger, uint8_t key[TAEL__KEY_BYTES], uint8_t salt[16], const char *home,
                            const char *passphrase)
{
    uint64_t bytes = 0;
    bool store = tael__file_exists(ledger->path);
    if (store) TAEL_TRY(tael__file_size(&bytes, ledger->path));
    if (!store && ledger->read_only)
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("%s: no ledger is there yet; import a bill first", "%s：还没有账本；请先导入账单"),
                          ledger->path);
    /* Whoever makes a store made its key before, so a store without a key has lost it. */
    tael_status status = tael__ledger_key(key, salt, home, passphrase, bytes == 0 && !ledger->read_only);
    if (status == TAEL_NOT_FOUND)
        return tael__fail(TAEL_BAD_KEY,
                          TAEL_SAY("%s: its key, ledger.key beside it, is missing; put it back from a copy: without it "
                                   "the ledger can't be read",
                                   "%s：缺少旁边的密钥文件 ledger.key；请从备份恢复：没有它无法读取账本"),
                          ledger->path);
    TAEL_TRY(status);
    return ledger->read_only ? TAEL_OK : make_file(ledger->path);
}

static tael_status connect_store(tael_ledger *ledger, const char *home, const uint8_t key[TAEL__KEY_BYTES],
                                 const uint8_t salt[16], uint32_t wait_ms)
{
    int code = open_database(ledger, home);
    if (code != SQLITE_OK)
        return ledger->db ? tael__sql_fail(ledger, code, OPENING) : tael__fail_memory(ledger->path, 0);
    TAEL_TRY(give_key(ledger, key, salt));
    /* SQLCipher would write to standard error by itself; our sentence says it. Before the key this has no effect. */
    TAEL_TRY(tael__sql_exec(ledger, "PRAGMA cipher_log_level=NONE", OPENING));
    return set_up(ledger, wait_ms);
}

static tael_status open_store(tael_ledger *ledger, const char *home, const tael_ledger_options *options)
{
    uint32_t wait_ms = options->busy_timeout_ms ? options->busy_timeout_ms : 5000;
    uint8_t key[TAEL__KEY_BYTES], salt[16];
    TAEL_TRY(tael__path_join(ledger->path, sizeof ledger->path, home, "ledger.db"));
    if (!ledger->read_only) {
        TAEL_TRY(tael__folder_make(home));
        close_empty_folder(home);
    }
    TAEL_TRY(find_key(ledger, key, salt, home, options->passphrase));
    if (is_stump(ledger->path)) return explain_unreadable(ledger, salt);
    tael_status status = connect_store(ledger, home, key, salt, wait_ms);
    if (status == TAEL_NO_SPACE && !ledger->read_only) {
        /* The index of the log had no room on a full disk. Who is alone keeps it in memory, and can still read. */
        sqlite3_close_v2(ledger->db);
        ledger->db = NULL;
        ledger->alone = true;
        status = connect_store(ledger, home, key, salt, wait_ms);
    }
    sodium_memzero(key, sizeof key);
    if (status == TAEL_CORRUPT) status = explain_unreadable(ledger, salt);
    return status;
}

tael_status tael_ledger_open(tael_ledger **out, const char *home, const tael_ledger_options *options)
{
    if (!out)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("ledger: there is no place for the result", "账本：没有存放结果的位置"));
    *out = NULL;
    if (!home || !*home || (options && options->size == 0))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("ledger: no folder is given, or the options have no size",
                                                "账本：未指定文件夹，或选项没有设置 size"));
    tael_ledger *ledger = tael__alloc_zero(sizeof *ledger);
    if (!ledger) return tael__fail_memory("ledger", sizeof *ledger);
    tael_ledger_options own = {.size = sizeof own};
    if (options) memcpy(&own, options, options->size < sizeof own ? options->size : sizeof own);
    ledger->read_only = own.read_only;
    tael_status status = open_store(ledger, home, &own);
    if (status == TAEL_OK)
        *out = ledger;
    else
        tael_ledger_close(ledger);
    return status;
}

tael_status tael__ledger_open_memory(tael_ledger **out)
{
    *out = NULL;
    tael_ledger *ledger = tael__alloc_zero(sizeof *ledger);
    if (!ledger) return tael__fail_memory("ledger", sizeof *ledger);
    memcpy(ledger->path, ":memory:", sizeof ":memory:");
    int code = sqlite3_open_v2(":memory:", &ledger->db,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    tael_status status = code == SQLITE_OK ? set_up(ledger, 0) : tael__fail_memory("ledger", 0);
    if (status == TAEL_OK)
        *out = ledger;
    else
        tael_ledger_close(ledger);
    return status;
}

void tael_ledger_close(tael_ledger *ledger)
{
    if (!ledger) return;
    sqlite3_close_v2(ledger->db);
    tael__free(ledger);
}
