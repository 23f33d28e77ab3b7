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

/* Everything that a ledger says of its records, but their numbers. */
static char *dump(tael_ledger *ledger)
{
    sqlite3_stmt *s;
    bool row;
    tael__buffer b = {.max = 1 << 22};
    assert_ok(tael__sql_prepare(
        ledger, &s,
        "SELECT hex(r.key),r.time_ms,r.offset_minutes,r.day,r.direction,r.kind,r.counted,r.minor,r.refunded_minor,"
        "r.stated_minor,r.joined_minor,r.exported_ms,r.currency,r.source,r.merchant,r.item,r.category,r.type,r.method,"
        "r.status,r.external_id,r.merchant_order,r.account,r.note,r.brand,r.category_id,r.category_by,r.said_direction,"
        "r.pair_why,(SELECT hex(p.key) FROM records p WHERE p.id=r.pair_of),"
        "(SELECT hex(p.key) FROM records p WHERE p.id=r.same_as),"
        "(SELECT hex(p.key) FROM records p WHERE p.id=r.refund_of) FROM records r ORDER BY r.time_ms,r.key",
        "test"));
    while (tael__sql_step(ledger, s, &row, "test") == TAEL_OK && row) {
        for (int i = 0; i < sqlite3_column_count(s); i++) tael__buffer_format(&b, "%s|", tael__sql_text(s, i));
        tael__buffer_text(&b, "\n");
    }
    sqlite3_finalize(s);
    assert_non_null(b.data);
    return tael__buffer_take(&b);
}

/* What the owner taught, without numbers. */
static char *dump_taught(tael_ledger *ledger)
{
    static const char *const reads[] = {
        "SELECT name,brand FROM merchant_aliases", "SELECT hex(a),hex(b),decision FROM match_decisions",
        "SELECT header,names,mapping,made_ms FROM mappings",
        "SELECT (SELECT hex(key) FROM records r WHERE r.id=c.record),only,direction,merchant,item,category,type,"
        "category_id,time_ms FROM corrections c ORDER BY id"};
    tael__buffer b = {.max = 1 << 22};
    for (size_t i = 0; i < sizeof reads / sizeof *reads; i++) {
        sqlite3_stmt *s;
        bool row;
        assert_ok(tael__sql_prepare(ledger, &s, reads[i], "test"));
        while (tael__sql_step(ledger, s, &row, "test") == TAEL_OK && row) {
            for (int n = 0; n < sqlite3_column_count(s); n++) tael__buffer_format(&b, "%s|", tael__sql_text(s, n));
            tael__buffer_text(&b, "\n");
        }
        sqlite3_finalize(s);
    }
    return tael__buffer_take(&b);
}

static void import_export(tael_ledger *ledger, const char *path, uint64_t imported)
{
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, path, NULL, &report));
    assert_int_equal(report.imported, imported);
    tael_import_report_free(&report);
}

static void an_export_restores_the_ledger(void **state)
{
    (void)state;
    char *base = temp_folder();
    char folder[1024], zip[1024];
    snprintf(folder, sizeof folder, "%s/out", base);
    snprintf(zip, sizeof zip, "%s/out.zip", base);
    tael_ledger *ledger = memory_ledger(), *other = memory_ledger();
    uint64_t records;
    bool allowed;
    struct stat st;
    put_bill(
        ledger,
        ALIPAY_HEADER ROW("01", "=HYPERLINK(1)") ROW("02", "'=quoted") ROW("03", "'") ROW("04", "-") ROW(
            "05",
            "小店") "2026-10-02 08:00:00,退款,小店,/,退款-面,不计收支,0.40,余额,退款成功,"
                    "2026100122000000000000000005_1\t,,,\r\n"
                    "2026-10-03 "
                    "08:00:00,其他,未付,a@b.c,x,支出,9.00,余额,交易关闭,2026100122000000000000000009\t,M1,备注,\r\n",
        NULL);
    put_bill(ledger,
             WECHAT_HEADER
             "2026-10-01 08:00:00,商户消费,店,x,支出,¥1.00,零钱,已退款(¥0.50),4200002600000000000001\t,M2,/\n",
             NULL);
    assert_ok(tael_consent_set(ledger, "partner", true));
    assert_ok(tael_consent_set(ledger, "habits", false));
    assert_ok(tael_ledger_export(ledger, folder, &records));
    assert_ok(tael_ledger_export(ledger, zip, &records));
    assert_int_equal(records, 8);
    assert_int_equal(stat(zip, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_status(tael_ledger_export(ledger, zip, &records), TAEL_BAD_INPUT); /* never over something */
    char *was = dump(ledger);
    assert_non_null(strstr(was, "|'=quoted|"));
    const char *const paths[] = {folder, zip};
    for (int i = 0; i < 2; i++) {
        uint64_t erased;
        import_export(other, paths[i], 9); /* and the one refused consent */
        char *now = dump(other);
        assert_string_equal(now, was);
        tael__free(now);
        import_export(other, paths[i], 0); /* twice adds nothing */
        now = dump(other);
        assert_string_equal(now, was);
        tael__free(now);
        assert_int_equal(total(other, TAEL_EXPENSE), total(ledger, TAEL_EXPENSE));
        assert_ok(tael_consent_get(other, "habits", &allowed));
        assert_false(allowed);
        assert_ok(tael_consent_get(other, "partner", &allowed));
        assert_false(allowed); /* no file says yes for the owner */
        assert_ok(tael_ledger_erase(other, NULL, NULL, &erased));
    }
    /* Into a ledger that has some of it: as if the bills had been imported there. */
    put_bill(other, ALIPAY_HEADER ROW("05", "小店") ROW("07", "别的"), NULL);
    import_export(other, folder, 8);
    put_bill(ledger, ALIPAY_HEADER ROW("07", "别的"), NULL);
    char *now = dump(other), *wanted = dump(ledger);
    assert_string_equal(now, wanted);
    tael__free(now);
    tael__free(wanted);
    tael__free(was);
    tael_ledger_close(ledger);
    tael_ledger_close(other);
    temp_remove(base);
}

static void put_file(tael_ledger *ledger, const char *path, const char *mapping)
{
    tael_import_report report;
    const tael_import_options options = {.size = sizeof options, .mapping = mapping};
    assert_ok(tael_ledger_import(ledger, path, &options, &report));
    tael_import_report_free(&report);
}

static int a_match(const tael_match *m, void *user)
{
    int64_t *id = user;
    if (m->kind == TAEL_SAME_PAYMENT) *id = m->other->id;
    return *id != 0;
}

static int give_category(const tael_record *record, int32_t *category_id, bool *by_owner, void *user)
{
    (void)user;
    *category_id = record->id % 3 ? 101 : 0;
    *by_owner = record->id % 2;
    return 0;
}

/* Matches, moves between own accounts, names, decisions, corrections, and how a header is read. */
static void what_was_taught_comes_back(void **state)
{
    (void)state;
    char *base = temp_folder();
    char folder[1024], zip[1024];
    snprintf(folder, sizeof folder, "%s/out", base);
    snprintf(zip, sizeof zip, "%s/out.zip", base);
    tael_ledger *ledger = memory_ledger();
    uint64_t n;
    int64_t id = 0, seen;
    put_file(ledger, "ledger/data/match-alipay.csv", NULL);
    put_file(ledger, "ledger/data/match-icbc-credit.csv", NULL);
    assert_ok(tael_ledger_matches(ledger, a_match, &id));
    assert_ok(tael_ledger_match_decide(ledger, TAEL_MATCH_UNDO, id, 0));
    assert_ok(tael_ledger_teach_merchant(ledger, "瑞幸", "=Coffee", &n));
    assert_ok(tael_ledger_categorize(ledger, false, give_category, NULL, &n));
    tael_correction c = {.record = 2,
                         .only = true,
                         .direction = TAEL_EXPENSE,
                         .merchant = "m",
                         .item = "'i",
                         .category = "",
                         .type = "",
                         .category_id = 101,
                         .time_ms = 5};
    assert_ok(tael_ledger_correct(ledger, &c, &seen));
    c.only = false;
    assert_ok(tael_ledger_correct(ledger, &c, &seen));
    assert_ok(tael__sql_exec(ledger,
                             "INSERT INTO mappings(header,names,mapping,made_ms) VALUES(randomblob(16),'日期, 金额',"
                             "'time=日期,amount=金额',9)",
                             "test"));
    assert_ok(tael_ledger_export(ledger, folder, &n));
    assert_ok(tael_ledger_export(ledger, zip, &n));
    char *was = dump(ledger), *taught = dump_taught(ledger);
    assert_non_null(strstr(taught, "=Coffee"));
    const char *const paths[] = {folder, zip};
    for (int i = 0; i < 2; i++) {
        tael_ledger *other = memory_ledger();
        for (int twice = 0; twice < 2; twice++) {
            import_export(other, paths[i], twice ? 0 : n + 5);
            char *now = dump(other), *now_taught = dump_taught(other);
            assert_string_equal(now, was);
            assert_string_equal(now_taught, taught);
            tael__free(now);
            tael__free(now_taught);
        }
        tael_ledger_close(other);
    }
    tael__free(was);
    tael__free(taught);
    tael_ledger_close(ledger);
    temp_remove(base);
}

/* Rows that no export wrote are skipped with their line, and what is fine beside them goes in. */
static void damaged_exports_are_told(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    static const char head[] =
        "id,time,direction,minor,currency,merchant,item,category,type,method,status,source,external_id,note,time_ms,"
        "offset_minutes,kind,stated_minor,exported_ms,said_direction,category_id,category_by,brand,merchant_order,"
        "account,"
        "key\r\n";
#define LINE(direction, minor, currency, kind, key)                                           \
    "1,x," direction "," minor "," currency ",a,b,c,d,e,f,alipay,1,n,1790000000000,480," kind \
    ",0,0,0,0,0,A,m,acc," key "\r\n"
#define HEX "00112233445566778899aabbccddeef"
    tael__buffer b = {.max = 65536};
    tael__buffer_text(&b, head);
    tael__buffer_text(
        &b, LINE("expense", "100", "CNY", "0", HEX "0") LINE("gift", "100", "CNY", "0", HEX "1")
                LINE("expense", "-100", "CNY", "0", HEX "2") LINE("expense", "99999999999999999999", "CNY", "0",
                                                                  HEX "3") LINE("expense", "1.5", "CNY", "0", HEX "4")
                    LINE("expense", "100", "cny", "0", HEX "5") LINE("expense", "100", "CNY", "9", HEX "6")
                        LINE("expense", "100", "CNY", "0", "00") LINE("expense", "100", "CNY", "0", "")
                            LINE("expense", "9223372036854775807", "CNY", "0", HEX "7") "1,x,expense\r\n");
    assert_ok(tael__ledger_import_bytes(ledger, "test", b.data, b.size, NULL, &report));
    assert_int_equal(report.imported, 2);
    assert_int_equal(report.skipped_count, 9);
    assert_int_equal(report.skipped[0].line, 3);
    tael_import_report_free(&report);
    tael__buffer_free(&b);
    static const char cut[] = "id,time,direction,minor,currency\r\n1,x,expense,1,CNY\r\n";
    assert_status(tael__ledger_import_bytes(ledger, "test", cut, strlen(cut), NULL, &report), TAEL_BAD_INPUT);
    tael_import_report_free(&report);
    assert_int_equal(row_count(ledger), 2);
    tael_ledger_close(ledger);
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
        cmocka_unit_test(an_export_restores_the_ledger),
        cmocka_unit_test(what_was_taught_comes_back),
        cmocka_unit_test(damaged_exports_are_told),
        cmocka_unit_test(erased_rows_are_gone_from_every_page_and_the_log),
        cmocka_unit_test(no_page_and_no_file_keeps_a_trace),
        cmocka_unit_test(erase_before_a_day_keeps_that_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
