// SPDX-License-Identifier: Apache-2.0
// A damaged store: bytes are flipped in every page in turn. Reading it tells the damage or gives what was there, never
// something else; recovering saves every record that stands on another page, with its contents, and says what is lost.
#include <fcntl.h>
#include <unistd.h>

#include "bills.h"

enum { ROWS = 400, PAGE = 4096 };

static void make(const char *home)
{
    tael_ledger *ledger;
    tael__buffer b = {.max = 1 << 20};
    tael__buffer_text(&b, ALIPAY_HEADER);
    for (int i = 0; i < ROWS; i++)
        tael__buffer_format(
            &b, "2026-10-%02d 08:00:00,餐饮美食,店%d,/,面%d,支出,%d.00,余额,交易成功,2026100122%018d\t,,,\r\n",
            1 + i % 28, i, i, 1 + i, i);
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    put_bill(ledger, b.data, NULL);
    tael_ledger_close(ledger);
    tael__buffer_free(&b);
}

static void put_file(const char *path, const char *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_int_equal(write(fd, data, bytes), bytes);
    close(fd);
}

/* Each record is one that was put in: its merchant and its amount go together. */
static int check_row(const tael_record *record, void *user)
{
    int shop = 0;
    ++*(uint64_t *)user;
    assert_int_equal(sscanf(record->merchant, "店%d", &shop), 1);
    assert_int_equal(record->minor, 100 + 100 * shop);
    return 0;
}

static void every_page_may_be_damaged(void **state)
{
    (void)state;
    char *home = temp_folder();
    char fresh[1024], store[1024];
    size_t bytes;
    uint64_t least = ROWS, saved_all = 0;
    snprintf(fresh, sizeof fresh, "%s/fresh", home);
    snprintf(store, sizeof store, "%s/ledger.db", home);
    make(home);
    char *whole = fixture(store, &bytes);
    for (size_t page = 0; page < bytes / PAGE; page++) {
        tael_ledger *ledger;
        tael_recovery found;
        whole[page * PAGE + 100 + page % 3900] ^= 0x10;
        put_file(store, whole, bytes);
        whole[page * PAGE + 100 + page % 3900] ^= 0x10;
        uint64_t rows = 0, total;
        tael_status status = tael_ledger_open(&ledger, home, NULL);
        if (status == TAEL_OK) status = tael_ledger_records(ledger, NULL, 0, check_row, &rows, &total);
        assert_true(status == TAEL_CORRUPT || (status == TAEL_OK && rows == ROWS));
        tael_ledger_close(ledger);
        status = tael_ledger_recover(home, NULL, fresh, &found);
        assert_true(page > 0 || status == TAEL_CORRUPT);
        if (status != TAEL_OK) {
            assert_int_equal(status, TAEL_CORRUPT);
            continue;
        }
        assert_true(found.saved + found.lost >= ROWS);
        assert_int_equal(found.gaps > 0, found.lost > 0);
        rows = 0;
        assert_ok(tael_ledger_open(&ledger, fresh, NULL));
        assert_ok(tael_ledger_records(ledger, NULL, 0, check_row, &rows, &total));
        assert_int_equal(rows, found.saved);
        tael_ledger_close(ledger);
        if (found.saved < least && found.saved > 0) least = found.saved;
        saved_all += found.saved == ROWS;
        assert_status(tael_ledger_recover(home, NULL, fresh, NULL), TAEL_BAD_INPUT); /* never over a ledger */
        static const char *const files[] = {"ledger.db", "ledger.key", "ledger.db-wal", "ledger.db-shm"};
        for (int i = 0; i < 4; i++) unlink(in_folder(fresh, files[i]));
    }
    assert_true(least < ROWS && least > ROWS - 60); /* a page of rows is lost, no more */
    assert_true(saved_all > 5);                     /* pages of indexes cost nothing */
    tael__free(whole);
    temp_remove(home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_page_may_be_damaged)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
