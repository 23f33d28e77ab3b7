// SPDX-License-Identifier: Apache-2.0
// Failing disks and power cuts. Below SQLite stands a file system of ours that counts reads, writes, syncs,
// truncations, sizes, locks, opens, deletions and shared maps, and fails the n-th: once, from then on, or as a power
// cut, where the n-th write is torn in half, nothing after it reaches the disk and what wasn't synced may be lost. n
// goes from 1 until the work succeeds. Every time the store must open, be whole, and hold all of the change or nothing;
// what was reported done must be there. A wrong implementation (no transaction, no sync, a swallowed error) leaves half
// a bill or a damaged page.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bills.h"

typedef enum fault { NONE, ONCE, FROM_THEN_ON, CUT, CUT_SOME } fault;

static struct {
    sqlite3_vfs *real;
    fault mode;
    long count, at;
    bool dead; /* the power is off */
    uint32_t dice;
} disk;

/* What a write that isn't synced yet took the place of. */
typedef struct undo {
    struct undo *before;
    char path[512];
    off_t offset, old_size;
    size_t bytes;  /* that were there */
    size_t length; /* of the write */
    bool kept;     /* it reached the disk after all */
    char data[];
} undo;
static undo *unsynced;

typedef struct wrapped {
    sqlite3_file base;
    char path[512];
    sqlite3_file *real;
} wrapped;

/* Whether this operation fails. */
static bool fails(void)
{
    if (disk.mode == NONE) return false;
    if (disk.dead) return true;
    disk.count++;
    if (disk.count < disk.at) return false;
    if (disk.mode != ONCE) disk.dead = true;
    return disk.mode == ONCE ? disk.count == disk.at : true;
}

static void forget(const char *path)
{
    for (undo **at = &unsynced; *at;) {
        undo *u = *at;
        if (path && strcmp(u->path, path) != 0) {
            at = &u->before;
            continue;
        }
        *at = u->before;
        free(u);
    }
}

static void note(const char *path, off_t offset, size_t bytes)
{
    struct stat st = {0};
    undo *u = malloc(sizeof *u + bytes);
    int fd = open(path, O_RDONLY);
    assert_non_null(u);
    *u = (undo){.before = unsynced, .offset = offset, .length = bytes};
    snprintf(u->path, sizeof u->path, "%s", path);
    if (fd >= 0 && fstat(fd, &st) == 0) {
        u->old_size = st.st_size;
        ssize_t n = pread(fd, u->data, bytes, offset);
        u->bytes = n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) close(fd);
    unsynced = u;
}

/* A later write to the same place reached the disk: what stands there is that one's. */
static bool under_kept(const undo *u)
{
    for (const undo *later = unsynced; later != u; later = later->before)
        if (later->kept && strcmp(later->path, u->path) == 0 && later->offset < u->offset + (off_t)u->length &&
            u->offset < later->offset + (off_t)later->length)
            return true;
    return false;
}

/* The power is off: writes that weren't synced are lost, all or by the dice, latest first. */
static void lose_unsynced(void)
{
    for (undo *u = unsynced; u; u = u->before) {
        disk.dice = disk.dice * 1664525 + 1013904223;
        if (disk.mode == CUT_SOME && ((disk.dice >> 16) % 2 || under_kept(u))) {
            u->kept = true;
            continue;
        }
        int fd = open(u->path, O_WRONLY);
        if (fd < 0) continue;
        if (u->bytes) assert_int_equal(pwrite(fd, u->data, u->bytes, u->offset), u->bytes);
        if (disk.mode == CUT) assert_int_equal(ftruncate(fd, u->old_size), 0);
        close(fd);
    }
    forget(NULL);
}

#define REAL(f) (((wrapped *)(f))->real)

static int fault_close(sqlite3_file *f)
{
    int code = REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK;
    f->pMethods = NULL;
    return code;
}
static int fault_read(sqlite3_file *f, void *out, int n, sqlite3_int64 at)
{
    return fails() ? SQLITE_IOERR_READ : REAL(f)->pMethods->xRead(REAL(f), out, n, at);
}
static int fault_write(sqlite3_file *f, const void *data, int n, sqlite3_int64 at)
{
    bool was_dead = disk.dead;
    const wrapped *w = (const wrapped *)f;
    if (!fails()) {
        if (disk.mode >= CUT && w->path[0]) note(w->path, at, (size_t)n);
        return REAL(f)->pMethods->xWrite(REAL(f), data, n, at);
    }
    if (disk.mode >= CUT && !was_dead && n > 1) {
        note(w->path, at, (size_t)n / 2);
        REAL(f)->pMethods->xWrite(REAL(f), data, n / 2, at); /* torn */
    }
    return disk.at % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}
static int fault_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), size);
}
static int fault_sync(sqlite3_file *f, int flags)
{
    if (fails()) return SQLITE_IOERR_FSYNC;
    forget(((wrapped *)f)->path);
    return REAL(f)->pMethods->xSync(REAL(f), flags);
}
static int fault_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return fails() ? SQLITE_IOERR_FSTAT : REAL(f)->pMethods->xFileSize(REAL(f), size);
}
static int fault_lock(sqlite3_file *f, int level)
{
    return fails() ? SQLITE_IOERR_LOCK : REAL(f)->pMethods->xLock(REAL(f), level);
}
static int fault_unlock(sqlite3_file *f, int level)
{
    return REAL(f)->pMethods->xUnlock(REAL(f), level);
}
static int fault_check(sqlite3_file *f, int *out)
{
    return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}
static int fault_control(sqlite3_file *f, int op, void *arg)
{
    return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int fault_sector(sqlite3_file *f)
{
    return REAL(f)->pMethods->xSectorSize(REAL(f));
}
static int fault_device(sqlite3_file *f) /* promises nothing: neither whole pages nor an order of writes */
{
    (void)f;
    return 0;
}
static int fault_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return fails() ? SQLITE_IOERR_SHMMAP : REAL(f)->pMethods->xShmMap(REAL(f), page, size, extend, out);
}
static int fault_map_lock(sqlite3_file *f, int offset, int n, int flags)
{
    if (flags & SQLITE_SHM_LOCK && fails()) return SQLITE_IOERR_SHMLOCK;
    return REAL(f)->pMethods->xShmLock(REAL(f), offset, n, flags);
}
static void fault_barrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}
static int fault_unmap(sqlite3_file *f, int delete)
{
    return REAL(f)->pMethods->xShmUnmap(REAL(f), delete &&!disk.dead);
}

static const sqlite3_io_methods methods = {2,
                                           fault_close,
                                           fault_read,
                                           fault_write,
                                           fault_truncate,
                                           fault_sync,
                                           fault_size,
                                           fault_lock,
                                           fault_unlock,
                                           fault_check,
                                           fault_control,
                                           fault_sector,
                                           fault_device,
                                           fault_map,
                                           fault_map_lock,
                                           fault_barrier,
                                           fault_unmap,
                                           NULL,
                                           NULL};

static int fault_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out)
{
    wrapped *w = (wrapped *)f;
    (void)vfs;
    w->base.pMethods = NULL;
    if (fails()) return SQLITE_CANTOPEN;
    w->real = (sqlite3_file *)(void *)(w + 1);
    snprintf(w->path, sizeof w->path, "%s", name ? name : "");
    int code = disk.real->xOpen(disk.real, name, w->real, flags, out);
    if (w->real->pMethods) w->base.pMethods = &methods;
    return code;
}
static int fault_delete(sqlite3_vfs *vfs, const char *name, int sync)
{
    (void)vfs;
    if (fails()) return SQLITE_IOERR_DELETE;
    forget(name);
    return disk.real->xDelete(disk.real, name, sync);
}

static sqlite3_vfs vfs;

static void install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    vfs = *disk.real;
    vfs.zName = "faults";
    vfs.szOsFile = (int)sizeof(wrapped) + disk.real->szOsFile;
    vfs.xOpen = fault_open;
    vfs.xDelete = fault_delete;
    assert_int_equal(sqlite3_vfs_register(&vfs, 1), SQLITE_OK);
}

/* ---- The work that is disturbed ---- */

static void bill_text(tael__buffer *b, int first, int rows)
{
    tael__buffer_text(b, ALIPAY_HEADER);
    for (int i = first; i < first + rows; i++) {
        tael__buffer_format(
            b, "2026-10-%02d 08:00:00,餐饮美食,店%d,/,面%d,支出,%d.00,余额,交易成功,2026100122%018d\t,,,\r\n",
            1 + i % 28, i % 9, i, 1 + i, i);
        if (i % 5 == 0)
            tael__buffer_format(
                b, "2026-10-28 09:00:00,退款,店%d,/,退款-面,不计收支,1.00,余额,退款成功,2026100122%018d_1\t,,,\r\n",
                i % 9, i);
    }
}

static tael_status put(tael_ledger *ledger, int first, int rows)
{
    tael__buffer b = {.max = 1 << 20};
    tael_import_report report;
    bill_text(&b, first, rows);
    tael_status status = tael__ledger_import_bytes(ledger, "test", b.data, b.size, NULL, &report);
    tael_import_report_free(&report);
    tael__buffer_free(&b);
    return status;
}

enum { BASE = 20, MORE = 40, BASE_ROWS = 24, ALL_ROWS = 72 };

static tael_status work_open(tael_ledger *ledger)
{
    (void)ledger;
    return TAEL_OK;
}
static tael_status work_import(tael_ledger *ledger)
{
    return put(ledger, BASE, MORE);
}
static tael_status work_update(tael_ledger *ledger)
{
    TAEL_TRY(tael__sql_begin(ledger));
    return tael__sql_end(ledger, tael__sql_exec(ledger, "UPDATE records SET category='咖啡',counted=0", "test"));
}
static tael_status work_erase(tael_ledger *ledger)
{
    return tael_ledger_erase(ledger, NULL, "2026-10-15", NULL);
}

static const struct {
    const char *name;
    tael_status (*work)(tael_ledger *ledger);
    bool fresh;           /* in a folder without a store: making it is part of the work */
    const char *measured; /* one number that tells before from after */
    int64_t before, after;
} works[] = {
    {"open", work_open, true, "SELECT count(*) FROM records", 0, 0},
    {"import", work_import, false, "SELECT count(*) FROM records", BASE_ROWS, ALL_ROWS},
    {"update", work_update, false, "SELECT count(*) FROM records WHERE category='咖啡' AND counted=0", 0, BASE_ROWS},
    {"erase", work_erase, false, "SELECT count(*) FROM records WHERE day<20741", 14, 0},
};

static void copy_file(const char *from, const char *to, const char *name)
{
    char path[1024];
    size_t bytes;
    char *data = fixture(in_folder(from, name), &bytes);
    snprintf(path, sizeof path, "%s/%s", to, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
    tael__free(data);
}

static int same_sum(const tael_group_row *row, void *user)
{
    int64_t *sum = user;
    sum[0] += row->minor;
    sum[1] += row->count;
    return 0;
}

/* The store opens and is whole: pages, totals, and all of the change or nothing of it. */
static void check(const char *home, size_t w, tael_status status)
{
    tael_ledger *ledger;
    sqlite3_stmt *s;
    bool row;
    int64_t number, rows[2] = {0}, kept[2] = {0};
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    assert_ok(tael__sql_prepare(ledger, &s, "PRAGMA integrity_check", "test"));
    assert_ok(tael__sql_step(ledger, s, &row, "test"));
    assert_string_equal(tael__sql_text(s, 0), "ok");
    sqlite3_finalize(s);
    assert_ok(tael__sql_exec(ledger, "PRAGMA wal_checkpoint(TRUNCATE)", "test")); /* the next looks at the file alone */
    assert_ok(tael__sql_prepare(ledger, &s, "PRAGMA cipher_integrity_check", "test"));
    assert_ok(tael__sql_step(ledger, s, &row, "test"));
    assert_false(row); /* it names what is damaged */
    sqlite3_finalize(s);
    assert_ok(tael__sql_number(ledger, &number, works[w].measured, "test"));
    assert_true(number == works[w].after || (number == works[w].before && status != TAEL_OK));
    tael_query q = {.size = sizeof q, .group = TAEL_BY_MERCHANT};
    assert_ok(tael_ledger_query(ledger, &q, same_sum, rows));
    q.no_records = true;
    assert_ok(tael_ledger_query(ledger, &q, same_sum, kept));
    assert_memory_equal(rows, kept, sizeof rows);
    assert_ok(put(ledger, 500, 1)); /* and it goes on */
    tael_ledger_close(ledger);
}

/* One run with the n-th operation failing; whether it never came to that. */
static bool run_once(const char *template, size_t w, fault mode, long n)
{
    char *home = temp_folder();
    tael_ledger *ledger;
    copy_file(template, home, "ledger.key");
    if (!works[w].fresh) copy_file(template, home, "ledger.db");
    disk.mode = mode;
    disk.at = n;
    disk.count = 0;
    disk.dead = false;
    disk.dice = (uint32_t)n;
    tael_status status = tael_ledger_open(
        &ledger, home, &(tael_ledger_options){.size = sizeof(tael_ledger_options), .busy_timeout_ms = 1});
    if (status == TAEL_OK) status = works[w].work(ledger);
    if (status != TAEL_OK) assert_true(*tael_error() != '\0' && status != TAEL_INTERNAL);
    bool through = disk.count < n;
    if (mode >= CUT && disk.dead) lose_unsynced();
    tael_ledger_close(ledger);                                 /* with the disk as dead as it is */
    if (mode >= CUT) unlink(in_folder(home, "ledger.db-shm")); /* no memory outlives a power cut */
    forget(NULL);
    disk.mode = NONE;
    disk.dead = false;
    if (through) assert_ok(status);
    check(home, w, status);
    temp_remove(home);
    return through;
}

static void disturb(fault mode)
{
    char *template = temp_folder();
    tael_ledger *ledger;
    assert_ok(tael_ledger_open(&ledger, template, NULL));
    assert_ok(put(ledger, 0, BASE));
    tael_ledger_close(ledger);
    for (size_t w = 0; w < sizeof works / sizeof *works; w++) {
        long n = 1;
        while (!run_once(template, w, mode, n)) assert_true(++n < 5000);
        assert_true(n > 5); /* the disk was asked */
    }
    temp_remove(template);
}

static void one_failure_leaves_all_or_nothing(void **state)
{
    (void)state;
    disturb(ONCE);
}
static void a_dead_disk_leaves_all_or_nothing(void **state)
{
    (void)state;
    disturb(FROM_THEN_ON);
}
static void a_power_cut_leaves_all_or_nothing(void **state)
{
    (void)state;
    disturb(CUT);
}
static void a_power_cut_that_loses_some_writes_leaves_all_or_nothing(void **state)
{
    (void)state;
    disturb(CUT_SOME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_failure_leaves_all_or_nothing),
        cmocka_unit_test(a_dead_disk_leaves_all_or_nothing),
        cmocka_unit_test(a_power_cut_leaves_all_or_nothing),
        cmocka_unit_test(a_power_cut_that_loses_some_writes_leaves_all_or_nothing),
    };
    install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
