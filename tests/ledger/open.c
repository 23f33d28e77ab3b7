// SPDX-License-Identifier: Apache-2.0
// The store as a file: modes, keys, damage, two processes, kill -9. A wrong implementation writes in the clear, loses a
// row or keeps half an import, or says "not found" where it should say what to do.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/random.h"
#include "bills.h"

static mode_t mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static tael_ledger *open_at(const char *home)
{
    tael_ledger *ledger;
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    return ledger;
}

static void fill(const char *home)
{
    tael_ledger *ledger = open_at(home);
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, "ledger/data/alipay-app-2023.csv", NULL, &report));
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void check_open(const char *home, tael_status wanted)
{
    tael_ledger *ledger;
    assert_status(tael_ledger_open(&ledger, home, NULL), wanted);
    assert_null(ledger);
}

static void overwrite(const char *path, long offset, const void *bytes, size_t n)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, bytes, n, offset), (ssize_t)n);
    close(fd);
}

static bool file_holds(const char *path, const char *word)
{
    size_t bytes;
    char *data = fixture(path, &bytes);
    bool found = memmem(data, bytes, word, strlen(word)) != NULL;
    tael__free(data);
    return found;
}

static void the_folder_and_files_are_the_owners_alone_and_hold_no_clear_text(void **state)
{
    (void)state;
    char *base = temp_folder();
    char home[1024];
    snprintf(home, sizeof home, "%s/home", base);
    mode_t old = umask(0);
    tael_ledger *ledger = open_at(home);
    put_bill(ledger,
             ALIPAY_HEADER
             "2026-10-01 "
             "08:00:00,餐饮美食,UniqueMerchant,/,面,支出,1.00,余额,交易成功,2026100122000000000000000001\t,,,\r\n",
             NULL);
    umask(old);
    assert_int_equal(mode_of(home), 0700);
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.key"};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(mode_of(in_folder(home, names[i])), 0600);
        assert_false(file_holds(in_folder(home, names[i]), "UniqueMerchant"));
        assert_false(file_holds(in_folder(home, names[i]), "SQLite format"));
    }
    tael_ledger_close(ledger);
    assert_false(file_holds(in_folder(home, "ledger.db"), "UniqueMerchant"));
    temp_remove(base);
}

static void a_key_that_is_missing_changed_or_garbled_is_told(void **state)
{
    (void)state;
    char *home = temp_folder();
    fill(home);
    const char *key = in_folder(home, "ledger.key");
    overwrite(key, 0, "0123456789abcdef", 16);
    check_open(home, TAEL_BAD_KEY);
    overwrite(key, 0, "not a key", 9);
    check_open(home, TAEL_BAD_KEY);
    unlink(key);
    check_open(home, TAEL_BAD_KEY);
    assert_non_null(strstr(tael_error(), "ledger.key"));
    assert_int_not_equal(access(key, F_OK), 0); /* no new key takes the lost one's place */
    temp_remove(home);
}

static tael_status use_all(const char *home)
{
    tael_ledger *ledger;
    sums s = {0};
    tael_query q = {.size = sizeof q, .group = TAEL_BY_MERCHANT};
    TAEL_TRY(tael_ledger_open(&ledger, home, NULL));
    tael_status status = tael_ledger_query(ledger, &q, add_sums, &s);
    tael_ledger_close(ledger);
    return status;
}

/* Every page spoiled in turn, and the file cut at many places: damage is told, or the page held nothing that was asked.
 */
static void damage_is_told_and_never_a_crash_or_a_wrong_sum(void **state)
{
    (void)state;
    char *home = temp_folder();
    char path[1024];
    snprintf(path, sizeof path, "%s/ledger.db", home);
    size_t bytes, told = 0, tried = 0;
    fill(home);
    char *data = fixture(path, &bytes);
    for (size_t at = 0; at < bytes; at += 2048) {
        assert_ok(tael__file_write(path, data, bytes));
        overwrite(path, (long)at + 100, "\xAA\x55\xAA\x55", 4);
        tael_status status = use_all(home);
        if (status != TAEL_OK && status != TAEL_CORRUPT)
            fail_msg("byte %zu: %s: %s", at, tael_status_name(status), tael_error());
        told += status == TAEL_CORRUPT;
        tried++;
    }
    assert_true(told >= 2);
    for (size_t n = 1; n < bytes; n += 4096 + 511) {
        assert_ok(tael__file_write(path, data, n));
        tael_status status = use_all(home);
        if (status != TAEL_OK && status != TAEL_CORRUPT && status != TAEL_BAD_KEY)
            fail_msg("cut at %zu: %s", n, tael_status_name(status));
        if (status == TAEL_OK && n + 4096 < bytes)
            fail_msg("cut at %zu: not told", n); /* nobody asked for the last page */
    }
    tael__free(data);
    temp_remove(home);
}

static void something_else_at_the_ledgers_name_is_not_written_over(void **state)
{
    (void)state;
    char *home = temp_folder();
    fill(home);
    static const char text[] = "these are my notes, not a ledger, and they are longer than one page would need to be\n";
    assert_ok(tael__file_write(in_folder(home, "ledger.db"), text, sizeof text));
    check_open(home, TAEL_BAD_KEY);
    assert_true(file_holds(in_folder(home, "ledger.db"), "my notes"));
    temp_remove(home);
}

static void a_newer_schema_is_left_alone(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_ledger *ledger = open_at(home);
    assert_ok(tael__sql_exec(ledger, "PRAGMA user_version=99", "test"));
    tael_ledger_close(ledger);
    check_open(home, TAEL_UNSUPPORTED);
    temp_remove(home);
}

static void reading_only_makes_nothing_and_writes_nothing(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_ledger *ledger;
    tael_import_report report;
    tael_ledger_options options = {.size = sizeof options, .read_only = true};
    assert_status(tael_ledger_open(&ledger, home, &options), TAEL_NOT_FOUND);
    assert_int_not_equal(access(in_folder(home, "ledger.key"), F_OK), 0);
    fill(home);
    assert_ok(tael_ledger_open(&ledger, home, &options));
    assert_int_equal(total(ledger, TAEL_EXPENSE), 14561);
    assert_status(tael_ledger_import(ledger, "ledger/data/wechat-2019.csv", NULL, &report), TAEL_DENIED);
    tael_import_report_free(&report);
    assert_true(tael_ledger_erase(ledger, NULL, NULL, NULL) != TAEL_OK);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 14561);
    tael_ledger_close(ledger);
    temp_remove(home);
}

static void a_home_that_can_not_be_written_is_told_and_can_still_be_read(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root may write anywhere; the command's tests use a read-only mount */
    char *home = temp_folder();
    tael_ledger *ledger;
    tael_ledger_options options = {.size = sizeof options, .read_only = true};
    fill(home);
    chmod(home, 0500);
    assert_ok(tael_ledger_open(&ledger, home, &options));
    assert_int_equal(total(ledger, TAEL_EXPENSE), 14561);
    tael_ledger_close(ledger);
    chmod(home, 0700);
    temp_remove(home);
}

/* In a child: import, and tell by the exit status. */
static pid_t import_in_child(const char *home, const char *bill)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    tael_ledger *ledger;
    tael_import_report report = {0};
    tael_status status = tael_ledger_open(&ledger, home, NULL);
    if (status == TAEL_OK) status = tael_ledger_import(ledger, bill, NULL, &report);
    if (status != TAEL_OK) fprintf(stderr, "%s\n", tael_error());
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
    _exit(status == TAEL_OK ? 0 : 1);
}

static int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void processes_at_once_make_one_ledger_and_each_row_once(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        char *home = temp_folder();
        pid_t children[4];
        for (int i = 0; i < 4; i++)
            children[i] = import_in_child(home, i % 2 ? "ledger/data/wechat-csv-header17.csv"
                                                      : "ledger/data/alipay-app-2023.csv");
        for (int i = 0; i < 4; i++) assert_int_equal(wait_for(children[i]), 0);
        tael_ledger *ledger = open_at(home);
        assert_int_equal(row_count(ledger), 37);
        assert_int_equal(total(ledger, TAEL_EXPENSE), 14561 + 290453);
        tael_ledger_close(ledger);
        temp_remove(home);
    }
}

/* A child made before this process has a handle, as if it were another program: it opens and leaves the ledger when a
 * byte comes, and tells how many rows it saw. */
static pid_t visitor(const char *home, int bell[2])
{
    assert_int_equal(pipe(bell), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child > 0) return child;
    char byte;
    tael_ledger *ledger = NULL;
    int rows = -1;
    close(bell[1]); /* a parent that fails lets it go */
    if (read(bell[0], &byte, 1) == 1 && tael_ledger_open(&ledger, home, NULL) == TAEL_OK) rows = row_count(ledger);
    tael_ledger_close(ledger);
    _exit(rows < 0 ? 255 : rows);
}

static int rows_seen(pid_t child, int bell[2])
{
    assert_int_equal(write(bell[1], "", 1), 1);
    int status = wait_for(child);
    close(bell[0]);
    close(bell[1]);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Opening the file beside SQLite and closing it drops the locks of every handle of the process; a visitor that leaves
 * then deletes the log, and what is written afterwards is nobody's. */
static void a_visitor_leaves_the_log_of_a_process_with_several_handles(void **state)
{
    (void)state;
    char *home = temp_folder(), log[4096];
    int bells[2][2];
    snprintf(log, sizeof log, "%s/ledger.db-wal", home);
    pid_t first = visitor(home, bells[0]), second = visitor(home, bells[1]);
    tael_ledger *reader = open_at(home), *writer = open_at(home);
    tael_import_report report;
    assert_int_equal(row_count(reader), 0);
    assert_int_equal(rows_seen(first, bells[0]), 0);
    assert_int_equal(access(log, F_OK), 0);
    assert_ok(tael_ledger_import(writer, "ledger/data/alipay-app-2023.csv", NULL, &report));
    tael_import_report_free(&report);
    int rows = (int)row_count(reader);
    assert_true(rows > 0);
    assert_int_equal(rows_seen(second, bells[1]), rows);
    tael_ledger_close(reader);
    tael_ledger_close(writer);
    temp_remove(home);
}

/* A bill of many rows, every one of 1.00. */
static void write_long_bill(const char *path, int rows)
{
    tael__buffer b = {.max = 1 << 24};
    tael__buffer_text(&b, ALIPAY_HEADER);
    for (int i = 0; i < rows; i++)
        tael__buffer_format(
            &b, "2026-10-%02d %02d:00:00,餐饮美食,小店%d,/,面,支出,1.00,余额,交易成功,2026100122%018d\t,,,\r\n",
            i % 31 + 1, i % 24, i % 50, i);
    assert_ok(tael__file_write(path, b.data, b.size));
    tael__buffer_free(&b);
}

static void killed_in_the_midst_an_import_is_there_whole_or_not_at_all(void **state)
{
    (void)state;
    enum { ROWS = 3000 };
    char *home = temp_folder();
    char *bills = temp_folder();
    const char *bill = in_folder(bills, "long.csv");
    tael__random random;
    int whole = 0, none = 0;
    tael__random_seed(&random, 3);
    write_long_bill(bill, ROWS);
    for (int i = 0; i < 25; i++) {
        pid_t child = import_in_child(home, bill);
        usleep((useconds_t)(tael__random_next(&random) % 60000));
        kill(child, SIGKILL);
        wait_for(child);
        tael_ledger *ledger = open_at(home);
        uint64_t rows = row_count(ledger);
        assert_true(rows == 0 || rows == ROWS);
        whole += rows != 0;
        none += rows == 0;
        if (i % 5 == 4) assert_ok(tael_ledger_erase(ledger, NULL, NULL, NULL));
        tael_ledger_close(ledger);
    }
    assert_int_equal(whole + none, 25);
    assert_int_equal(wait_for(import_in_child(home, bill)), 0);
    tael_ledger *ledger = open_at(home);
    assert_int_equal(row_count(ledger), ROWS);
    assert_int_equal(total(ledger, TAEL_EXPENSE), ROWS * 100);
    tael_ledger_close(ledger);
    temp_remove(home);
    temp_remove(bills);
}

static void a_ledger_that_another_holds_too_long_is_locked(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_ledger *holder = open_at(home), *other;
    tael_import_report report;
    tael_ledger_options options = {.size = sizeof options, .busy_timeout_ms = 20};
    assert_ok(tael__sql_begin(holder));
    assert_ok(tael_ledger_open(&other, home, &options));
    assert_status(tael_ledger_import(other, "ledger/data/wechat-2019.csv", NULL, &report), TAEL_LOCKED);
    tael_import_report_free(&report);
    assert_ok(tael__sql_end(holder, TAEL_OK));
    tael_ledger_close(other);
    tael_ledger_close(holder);
    temp_remove(home);
}

/* The store may not grow beyond what it has: what a full disk does to it. */
static void a_full_store_refuses_the_bill_whole(void **state)
{
    (void)state;
    char *home = temp_folder();
    char *bills = temp_folder();
    const char *bill = in_folder(bills, "long.csv");
    tael_ledger *ledger = open_at(home);
    tael_import_report report;
    write_long_bill(bill, 2000);
    assert_ok(tael__sql_exec(ledger, "PRAGMA max_page_count=40", "test"));
    assert_status(tael_ledger_import(ledger, bill, NULL, &report), TAEL_NO_SPACE);
    assert_int_equal(report.imported, 0);
    tael_import_report_free(&report);
    assert_int_equal(row_count(ledger), 0);
    tael_ledger_close(ledger);
    fill(home);
    temp_remove(home);
    temp_remove(bills);
}

static void opening_without_memory_fails_with_a_sentence(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_status status = TAEL_NO_MEMORY;
    for (uint64_t n = 1; status != TAEL_OK; n++) {
        tael_ledger *ledger;
        tael__alloc_break(n, true);
        status = tael_ledger_open(&ledger, home, NULL);
        tael__alloc_break(0, false);
        if (status != TAEL_OK) {
            assert_int_equal(status, TAEL_NO_MEMORY);
            assert_null(ledger);
        }
        tael_ledger_close(ledger);
    }
    temp_remove(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_folder_and_files_are_the_owners_alone_and_hold_no_clear_text),
        cmocka_unit_test(a_key_that_is_missing_changed_or_garbled_is_told),
        cmocka_unit_test(damage_is_told_and_never_a_crash_or_a_wrong_sum),
        cmocka_unit_test(something_else_at_the_ledgers_name_is_not_written_over),
        cmocka_unit_test(a_newer_schema_is_left_alone),
        cmocka_unit_test(reading_only_makes_nothing_and_writes_nothing),
        cmocka_unit_test(a_home_that_can_not_be_written_is_told_and_can_still_be_read),
        cmocka_unit_test(processes_at_once_make_one_ledger_and_each_row_once),
        cmocka_unit_test(a_visitor_leaves_the_log_of_a_process_with_several_handles),
        cmocka_unit_test(killed_in_the_midst_an_import_is_there_whole_or_not_at_all),
        cmocka_unit_test(a_ledger_that_another_holds_too_long_is_locked),
        cmocka_unit_test(a_full_store_refuses_the_bill_whole),
        cmocka_unit_test(opening_without_memory_fails_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
