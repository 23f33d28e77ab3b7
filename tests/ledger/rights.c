// SPDX-License-Identifier: Apache-2.0
// The owner's rights: everything out in open formats, and really gone. A wrong erase leaves rows in free pages or in
// the log, which a copy of the file and its key would show.
#include <dirent.h>
#include <jansson.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bills.h"

#define ROW(n, shop)                                                                                                   \
    "2026-10-01 08:00:00,餐饮美食," shop ",/,\"面,\"\"大碗\"\"\",支出,1.00,余额,交易成功,20261001220000000000000000" n \
    "\t,,,\r\n"

static void the_export_is_whole_and_reads_back(void **state)
{
    (void)state;
    char *base = temp_folder();
    char home[1024], out[1024];
    snprintf(home, sizeof home, "%s/home", base);
    snprintf(out, sizeof out, "%s/out", base);
    tael_ledger *ledger;
    uint64_t records;
    size_t bytes;
    struct stat st;
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    put_bill(ledger, ALIPAY_HEADER ROW("01", "=HYPERLINK(1)") ROW("02", "小店"), NULL);
    assert_ok(tael_ledger_export(ledger, out, &records));
    assert_int_equal(records, 2);
    char *json = fixture(in_folder(out, "records.json"), &bytes), *csv = fixture(in_folder(out, "records.csv"), &bytes);
    json_t *read = json_loads(json, 0, NULL), *rows = json_object_get(read, "records");
    assert_int_equal(json_array_size(rows), 2);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(rows, 0), "minor")), 100);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "item")), "面,\"大碗\"");
    assert_non_null(strstr(csv, "\"'=HYPERLINK(1)\"")); /* no spreadsheet runs it */
    assert_non_null(strstr(csv, "\"面,\"\"大碗\"\"\""));
    assert_int_equal(stat(in_folder(out, "about.json"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_status(tael_ledger_export(ledger, out, &records), TAEL_BAD_INPUT); /* never over something */
    assert_status(tael_ledger_export(ledger, in_folder(base, "no/such/place"), &records), TAEL_NOT_FOUND);
    json_decref(read);
    tael__free(json);
    tael__free(csv);
    tael_ledger_close(ledger);
    temp_remove(base);
}

/* All decrypted pages of the store hold the word: the store copied without encryption, free pages and all, is searched.
 */
static bool pages_hold(const char *home, const char *word)
{
    tael_ledger *ledger;
    bool found = false, row = true;
    sqlite3_stmt *s;
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    sqlite3 *plain;
    char path[1024];
    snprintf(path, sizeof path, "%s/plain.db", home);
    unlink(path);
    assert_int_equal(sqlite3_open(path, &plain), SQLITE_OK);
    sqlite3_close(plain);
    char sql[1200];
    snprintf(sql, sizeof sql, "ATTACH '%s' AS plain KEY ''", path);
    assert_ok(tael__sql_exec(ledger, sql, "test"));
    assert_ok(tael__sql_exec(ledger, "SELECT sqlcipher_export('plain')", "test"));
    assert_ok(tael__sql_exec(ledger, "DETACH plain", "test"));
    assert_ok(tael__sql_prepare(ledger, &s, "PRAGMA freelist_count", "test"));
    assert_ok(tael__sql_step(ledger, s, &row, "test"));
    assert_int_equal(sqlite3_column_int64(s, 0), 0); /* no free page is left that could hold old rows */
    sqlite3_finalize(s);
    tael_ledger_close(ledger);
    size_t bytes;
    char *data = fixture(path, &bytes);
    found = memmem(data, bytes, word, strlen(word)) != NULL;
    tael__free(data);
    unlink(path);
    return found;
}

static void erased_rows_are_gone_from_every_page_and_the_log(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_ledger *ledger;
    uint64_t erased;
    struct stat st, log = {0};
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    tael__buffer b = {.max = 1 << 20};
    tael__buffer_text(&b, ALIPAY_HEADER);
    for (int i = 0; i < 3000; i++)
        tael__buffer_format(
            &b, "2026-10-01 08:00:00,餐饮美食,SecretShop%d,/,面,支出,1.00,余额,交易成功,2026100122%018d\t,,,\r\n", i,
            i);
    put_bill(ledger, b.data, NULL);
    put_bill(ledger,
             WECHAT_HEADER
             "2026-10-01 08:00:00,商户消费,KeptShop,x,支出,¥1.00,零钱,支付成功,4200002600000000000001\t,/,/\n",
             NULL);
    tael__buffer_free(&b);
    assert_ok(tael_ledger_erase(ledger, "alipay", NULL, &erased));
    assert_int_equal(erased, 3000);
    assert_int_equal(row_count(ledger), 1);
    assert_int_equal(stat(in_folder(home, "ledger.db-wal"), &log), 0);
    assert_int_equal(log.st_size, 0);
    tael_ledger_close(ledger);
    assert_int_equal(stat(in_folder(home, "ledger.db"), &st), 0);
    assert_true(st.st_size < 200000); /* of about 1.5 MB */
    assert_false(pages_hold(home, "SecretShop"));
    assert_true(pages_hold(home, "KeptShop")); /* the search does find what is there */
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased));
    assert_int_equal(erased, 1);
    tael_ledger_close(ledger);
    assert_false(pages_hold(home, "KeptShop"));
    temp_remove(home);
}

/* The word stands in a file of the folder as it lies there, or in any page of the store after decryption: pages in use
 * with what was cut out of them, and free ones. */
static bool traces(tael_ledger *ledger, const char *home, const char *word)
{
    sqlite3_int64 size = 0;
    unsigned char *pages = sqlite3_serialize(ledger->db, "main", &size, 0);
    assert_non_null(pages);
    bool found = memmem(pages, (size_t)size, word, strlen(word)) != NULL;
    assert_memory_equal(pages, "SQLite format 3", 16); /* it is decrypted */
    sqlite3_free(pages);
    DIR *folder = opendir(home);
    for (struct dirent *e; (e = readdir(folder));) {
        size_t bytes;
        if (e->d_name[0] == '.') continue;
        char *data = fixture(in_folder(home, e->d_name), &bytes);
        found |= memmem(data, bytes, word, strlen(word)) != NULL;
        tael__free(data);
    }
    closedir(folder);
    return found;
}

static void no_page_and_no_file_keeps_a_trace(void **state)
{
    (void)state;
    char *home = temp_folder();
    tael_ledger *ledger;
    uint64_t erased;
    assert_ok(tael_ledger_open(&ledger, home, NULL));
    tael__buffer b = {.max = 1 << 20};
    tael__buffer_text(&b, ALIPAY_HEADER);
    for (int i = 0; i < 900; i++)
        tael__buffer_format(
            &b, "2026-%02d-01 08:00:00,餐饮美食,%s,/,Item%d,支出,%d.00,余额,交易成功,2026100122%018d\t,,,\r\n",
            1 + i % 12, i % 12 < 6 ? "OldSecret" : "NewSecret", i % 5, i % 7 + 1, i);
    put_bill(ledger, b.data, NULL);
    put_bill(ledger,
             WECHAT_HEADER
             "2026-10-01 08:00:00,商户消费,OtherSecret,x,支出,¥1.00,零钱,支付成功,4200002600000000000001\t,/,/\n",
             NULL);
    tael__buffer_free(&b);
    assert_true(traces(ledger, home, "OldSecret")); /* the search does find what is there */
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-07-01", &erased));
    assert_int_equal(erased, 450);
    assert_false(traces(ledger, home, "OldSecret"));
    assert_true(traces(ledger, home, "NewSecret"));
    assert_ok(tael_ledger_erase(ledger, "alipay", NULL, &erased));
    assert_false(traces(ledger, home, "NewSecret"));
    assert_true(traces(ledger, home, "OtherSecret"));
    /* Of tables that nobody told erase about, everything goes too. */
    assert_ok(tael__sql_exec(
        ledger, "CREATE TABLE learned(a TEXT); INSERT INTO learned VALUES('OtherSecret is a shop')", "test"));
    assert_ok(tael_consent_set(ledger, "partner", true));
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, &erased));
    assert_int_equal(erased, 1);
    assert_false(traces(ledger, home, "OtherSecret"));
    sqlite3_stmt *s;
    bool row;
    assert_ok(tael__sql_prepare(ledger, &s, "SELECT name FROM sqlite_master WHERE type='table'", "test"));
    while (tael__sql_step(ledger, s, &row, "test") == TAEL_OK && row) {
        char sql[256];
        int64_t left;
        snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", tael__sql_text(s, 0));
        assert_ok(tael__sql_number(ledger, &left, sql, "test"));
        assert_int_equal(left, 0);
    }
    sqlite3_finalize(s);
    tael_ledger_close(ledger);
    temp_remove(home);
}

static void erase_before_a_day_keeps_that_day(void **state)
{
    (void)state;
    tael_ledger *ledger;
    uint64_t erased;
    assert_ok(tael__ledger_open_memory(&ledger));
    put_bill(ledger, ALIPAY_HEADER ROW("01", "a"), NULL);
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-10-01", &erased));
    assert_int_equal(erased, 0);
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-10-02", &erased));
    assert_int_equal(erased, 1);
    assert_status(tael_ledger_erase(ledger, NULL, "soon", &erased), TAEL_BAD_INPUT);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_export_is_whole_and_reads_back),
        cmocka_unit_test(erased_rows_are_gone_from_every_page_and_the_log),
        cmocka_unit_test(no_page_and_no_file_keeps_a_trace),
        cmocka_unit_test(erase_before_a_day_keeps_that_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
