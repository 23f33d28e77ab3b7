// SPDX-License-Identifier: Apache-2.0
// A ledger is what its bills say, not how they came: every pair of sample bills in both orders, every bill cut in two,
// and everything twice give the same rows, refunds and matches. Compared is the whole store without its ids. An order
// that decides a tie, a refund joined by the row that came first, or a row that is taken for another shows here.
#include <stdlib.h>

#include "bills.h"

#define DATA "ledger/data/"

static const char *const bills[] = {
    "alipay-web-2019.csv", "alipay-app-2021.csv", "alipay-app-2023.csv", "wechat-2019.csv",  "wechat-csv-header17.csv",
    "jd-2024.csv",         "jd-2025.csv",         "meituan-2025.csv",    "icbc-credit.csv",  "icbc-debit-v1.csv",
    "icbc-debit-v2.csv",   "cmb-credit.csv",      "cmb-debit.csv",       "boc-credit.csv",   "boc-debit.csv",
    "bocom-credit.csv",    "bocom-debit.csv",     "abc-debit.csv",       "cgb-credit.csv",   "hsbchk-credit.csv",
    "hsbchk-debit.csv",    "bmo-credit.csv",      "bmo-debit.csv",       "match-alipay.csv", "match-icbc-credit.csv",
};
enum { BILLS = sizeof bills / sizeof *bills };

typedef struct bill {
    char *text;
    size_t bytes;
} bill;

static bill all[BILLS];

static int read_bills(void **state)
{
    (void)state;
    for (size_t i = 0; i < BILLS; i++) {
        char path[256];
        snprintf(path, sizeof path, DATA "%s", bills[i]);
        all[i].text = fixture(path, &all[i].bytes);
    }
    return 0;
}

static int free_bills(void **state)
{
    (void)state;
    for (size_t i = 0; i < BILLS; i++) free(all[i].text);
    return 0;
}

static tael_status put_bytes(tael_ledger *ledger, const char *text, size_t bytes)
{
    tael_import_report report;
    tael_status status = tael__ledger_import_bytes(ledger, "test", text, bytes, NULL, &report);
    tael_import_report_free(&report);
    return status;
}

/* All that a row says, ids as the keys of their rows. The time of export is the newest known, so it may differ. */
static char *dump(tael_ledger *ledger)
{
    tael__buffer out = {.max = 1 << 24};
    sqlite3_stmt *s;
    bool row;
    assert_ok(tael__sql_prepare(
        ledger, &s,
        "SELECT hex(r.key)||'|'||r.time_ms||'|'||r.offset_minutes||'|'||r.day||'|'||r.direction||'|'||r.kind||'|'||"
        "r.counted||'|'||r.minor||'|'||r.refunded_minor||'|'||r.stated_minor||'|'||r.joined_minor||'|'||r.currency||'|'"
        "||"
        "r.source||'|'||r.merchant||'|'||r.brand||'|'||r.item||'|'||r.category||'|'||r.type||'|'||r.method||'|'||r."
        "status"
        "||'|'||r.external_id||'|'||r.merchant_order||'|'||r.account||'|'||r.note||'|'||r.said_direction||'|'||r.pair_"
        "why"
        "||'|'||coalesce((SELECT hex(key) FROM records WHERE id=r.refund_of),'')||'|'||"
        "coalesce((SELECT hex(key) FROM records WHERE id=r.same_as),'')||'|'||"
        "coalesce((SELECT hex(key) FROM records WHERE id=r.pair_of),'') FROM records r ORDER BY r.key",
        "dumping"));
    assert_ok(tael__sql_step(ledger, s, &row, "dumping"));
    while (row) {
        assert_ok(tael__buffer_format(&out, "%s\n", tael__sql_text(s, 0)));
        assert_ok(tael__sql_step(ledger, s, &row, "dumping"));
    }
    sqlite3_finalize(s);
    return tael__buffer_take(&out);
}

/* The first line that differs, for the message. */
static void assert_same(char *a, char *b, const char *what, const char *more)
{
    const char *x = a, *y = b;
    while (*x && strcmp(a, b) != 0) {
        size_t n = strcspn(x, "\n"), m = strcspn(y, "\n");
        if (n != m || memcmp(x, y, n) != 0) fail_msg("%s, %s:\n%.*s\n%.*s", what, more, (int)n, x, (int)m, y);
        x += n + 1;
        y += m + 1;
    }
    if (strcmp(a, b) != 0) fail_msg("%s, %s: one has more rows", what, more);
    tael__free(a);
    tael__free(b);
}

static void two_bills_in_either_order_are_one_ledger(void **state)
{
    (void)state;
    for (size_t a = 0; a < BILLS; a++)
        for (size_t b = a + 1; b < BILLS; b++) {
            char *result[2];
            for (int order = 0; order < 2; order++) {
                tael_ledger *ledger = memory_ledger();
                const bill *first = &all[order ? b : a], *second = &all[order ? a : b];
                assert_ok(put_bytes(ledger, first->text, first->bytes));
                assert_ok(put_bytes(ledger, second->text, second->bytes));
                result[order] = dump(ledger);
                tael_ledger_close(ledger);
            }
            assert_same(result[0], result[1], bills[a], bills[b]);
        }
}

static void everything_twice_changes_nothing(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger(), *backwards = memory_ledger();
    for (size_t i = 0; i < BILLS; i++) assert_ok(put_bytes(ledger, all[i].text, all[i].bytes));
    char *once = dump(ledger);
    for (size_t i = 0; i < BILLS; i++) assert_ok(put_bytes(ledger, all[i].text, all[i].bytes));
    assert_same(once, dump(ledger), "all bills", "twice");
    for (size_t i = BILLS; i > 0; i--) assert_ok(put_bytes(backwards, all[i - 1].text, all[i - 1].bytes));
    assert_same(dump(ledger), dump(backwards), "all bills", "backwards");
    tael_ledger_close(ledger);
    tael_ledger_close(backwards);
}

/* Bytes up to and with the header: the shortest start of whole lines that is a bill. */
static size_t head_of(const bill *b)
{
    for (size_t at = 0; at < b->bytes; at++) {
        if (b->text[at] != '\n') continue;
        tael_ledger *ledger = memory_ledger();
        tael_status status = put_bytes(ledger, b->text, at + 1);
        tael_ledger_close(ledger);
        if (status == TAEL_OK) return at + 1;
    }
    fail_msg("no start of the bill is a bill");
    return 0;
}

static void put_head_and(tael_ledger *ledger, const bill *b, size_t head, size_t from, size_t to)
{
    char *part = tael__alloc(head + (to - from) + 1);
    memcpy(part, b->text, head);
    memcpy(part + head, b->text + from, to - from);
    assert_ok(put_bytes(ledger, part, head + (to - from)));
    tael__free(part);
}

/* Two equal rows are two where they stand in one file, and one where they stand in two: no cut goes between them. */
static bool parts_equal_rows(const bill *b, size_t head, size_t at)
{
    for (size_t x = head, n; x < at; x += n) {
        n = (size_t)((char *)memchr(b->text + x, '\n', b->bytes - x) - (b->text + x)) + 1;
        if (n > 4 && memmem(b->text + at - 1, b->bytes - at + 1, b->text + x - 1, n + 1)) return true;
    }
    return false;
}

static void a_bill_cut_in_two_is_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < BILLS; i++) {
        const bill *b = &all[i];
        size_t head = head_of(b), lines = 0, cuts = 0;
        tael_ledger *whole = memory_ledger();
        assert_ok(put_bytes(whole, b->text, b->bytes));
        for (size_t at = head; at < b->bytes; at++) lines += b->text[at] == '\n';
        for (size_t cut = 1; cut < lines; cut += 1 + lines / 12)
            for (int later_first = 0; later_first < 2; later_first++) {
                char more[64];
                size_t at = head, passed = 0;
                while (passed < cut) passed += b->text[at++] == '\n';
                if (parts_equal_rows(b, head, at)) break;
                cuts++;
                tael_ledger *parts = memory_ledger();
                if (later_first) put_head_and(parts, b, head, at, b->bytes);
                put_head_and(parts, b, head, head, at);
                if (!later_first) put_head_and(parts, b, head, at, b->bytes);
                snprintf(more, sizeof more, "cut after row %zu%s", cut, later_first ? ", the second part first" : "");
                assert_same(dump(whole), dump(parts), bills[i], more);
                tael_ledger_close(parts);
            }
        tael_ledger_close(whole);
        if (cuts == 0 && lines > 1) fail_msg("%s could not be cut anywhere", bills[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_bills_in_either_order_are_one_ledger),
        cmocka_unit_test(everything_twice_changes_nothing),
        cmocka_unit_test(a_bill_cut_in_two_is_the_whole),
    };
    return cmocka_run_group_tests(tests, read_bills, free_bills);
}
