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

/* ---- Bills made at random ---- */

static uint64_t seed;

static unsigned pick(unsigned below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % below;
}

#define ICBC_HEADER                                                                                                                                      \
    "卡号: 1234****9876\n交易日期,摘要,交易场所,交易国家或地区简称,钞/汇,交易金额(收入),交易金额(支出),交易币种," \
    "记账金额(收入),记账金额(支出),记账币种,余额,对方户名\n"
#define BOC_HEADER \
    "记账日期,记账时间,币别,金额,余额,交易名称,渠道,网点名称,附言,对方账户名,对方卡号/账号,对方开户行,借记卡号\n"
#define MEITUAN_HEADER \
    "交易创建时间,交易成功时间,交易类型,订单标题,收/支,支付方式,订单金额,实付金额,交易单号,商家单号,备注\n"

/* Few amounts, days, shops and cards, so that everything is near everything: ties, chains, refunds and transfers. */
static void make_row(tael__buffer *out, int format, int n)
{
    static const char *const shops[] = {"老陈面馆", "美团", "京东", "瑞幸咖啡", "赵敏"};
    static const char *const cards[] = {"工商银行储蓄卡(9876)", "中国银行储蓄卡(3167)", "零钱", "工商银行信用卡(9876)"};
    static const char *const texts[] = {
        "财付通-美团平台商户", "支付宝-瑞幸咖啡",   "财付通-老陈面馆", "支付宝",     "手机银行",
        "支付宝-赵敏",         "网银在线-京东商城", "POS 老陈面馆",    "财付通-转账"};
    static const char *const kinds[] = {"消费", "退款", "跨行转账", "他行汇入", "还款"};
    unsigned day = 1 + pick(6), hour = pick(24), amount = 1 + pick(3), shop = pick(5), card = pick(4), text = pick(9);
    bool in = pick(4) == 0;
    if (format == 0)
        tael__buffer_format(out,
                            "2026-03-%02u %02u:00:00,日用,%s,/,%s,%s,%u.00,%s,%s,20260301220000000000000%05d\t,T%d,,\n",
                            day, hour, shops[shop], in ? "退款-东西" : "东西", in ? "不计收支" : "支出", amount,
                            cards[card], in ? "退款成功" : "交易成功", n, n);
    else if (format == 1)
        tael__buffer_format(out,
                            "2026-03-%02u %02u:00:00,%s,%s,/,%s,¥%u.00,%s,%s,42000026030000000000000%05d\t,/\t,/\n",
                            day, hour, in ? "零钱提现" : "商户消费", shops[shop], in ? "/" : "支出", amount,
                            cards[card], in ? "提现已到账" : "支付成功", n);
    else if (format == 2)
        tael__buffer_format(out, "2026-03-%02u,%s,%s,CHN,钞,-,-,-,%.*s,%.*s,人民币,%d.00,%s\n", day, kinds[pick(5)],
                            texts[text], in ? 4 : 0, (const char *[]){"1.00", "2.00", "3.00"}[amount - 1], in ? 0 : 4,
                            (const char *[]){"1.00", "2.00", "3.00"}[amount - 1], n, pick(2) ? "赵敏" : "");
    else if (format == 3)
        tael__buffer_format(
            out, "2026-03-%02u,%02u:00:05,人民币,%s%u.00,%d.00,%s,手机银行,---,%s,%s,6222******%s,---,3167\n", day,
            hour, in ? "" : "-", amount, n, kinds[pick(5)], texts[text], shops[shop], pick(2) ? "9876" : "1111");
    else
        tael__buffer_format(out,
                            "2026-03-%02u %02u:00:00,2026-03-%02u %02u:00:09,%s,%s 订单详情,%s,%s,¥%u.00,¥%u.00,"
                            "2603051110040167000600039%05d\t,0_%d\t,/\n",
                            day, hour, day, hour, in ? "退款" : "支付", shops[shop], in ? "收入" : "支出",
                            card == 2 ? "微信支付" : cards[card], amount, amount, n, n);
}

static char *random_bill(int format, int rows)
{
    static const char *const headers[] = {
        "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,\n",
        "交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,交易单号,商户单号,备注\n", ICBC_HEADER,
        BOC_HEADER, MEITUAN_HEADER};
    tael__buffer out = {.max = 1 << 20};
    tael__buffer_text(&out, headers[format]);
    for (int n = 0; n < rows; n++) make_row(&out, format, n);
    return tael__buffer_take(&out);
}

static int64_t number(tael_ledger *ledger, const char *sql)
{
    int64_t n;
    assert_ok(tael__sql_number(ledger, &n, sql, "counting"));
    return n;
}

/* What must hold of any ledger. */
static void check_matches(tael_ledger *ledger)
{
    assert_int_equal(number(ledger, "SELECT count(*) FROM records a JOIN records b ON a.pair_of=b.id WHERE "
                                    "a.minor<>b.minor OR a.currency<>b.currency OR abs(a.day-b.day)>5 OR a.id=b.id"),
                     0);
    /* One to one: at most one row below, and a transfer points both ways. */
    assert_int_equal(number(ledger, "SELECT count(*) FROM (SELECT 1 FROM records WHERE (pair_why&3)=1 GROUP BY pair_of "
                                    "HAVING count(*)>1)"),
                     0);
    assert_int_equal(number(ledger, "SELECT count(*) FROM records a JOIN records b ON b.id=a.pair_of WHERE "
                                    "(a.pair_why&3)=2 AND b.pair_of<>a.id"),
                     0);
    /* What is left out points at a row that isn't, of another source; and nothing else is. */
    assert_int_equal(number(ledger,
                            "SELECT count(*) FROM records a LEFT JOIN records t ON t.id=a.same_as WHERE "
                            "a.same_as<>0 AND (t.id IS NULL OR t.same_as<>0 OR a.counted<>0 OR a.source=t.source)"),
                     0);
    assert_int_equal(number(ledger, "SELECT count(*) FROM records WHERE counted=0 AND same_as=0 AND refund_of=0 AND "
                                    "kind=0"),
                     0);
    assert_int_equal(number(ledger, "SELECT count(*) FROM records WHERE pair_of=0 AND (same_as<>0 OR pair_why<>0 OR "
                                    "said_direction<>0)"),
                     0);
}

static void bills_made_at_random_give_one_ledger_in_every_order(void **state)
{
    (void)state;
    uint64_t matched = 0;
    for (int round = 0; round < 60; round++) {
        char *made[5], *first = NULL, what[32];
        seed = 1000 + (uint64_t)round;
        for (int f = 0; f < 5; f++) made[f] = random_bill(f, 8 + round % 20);
        snprintf(what, sizeof what, "seed %d", 1000 + round);
        for (int order = 0; order < 6; order++) {
            tael_ledger *ledger = memory_ledger();
            for (int f = 0; f < 5; f++) {
                int which = order == 5 ? 4 - f : (f + order) % 5;
                assert_ok(put_bytes(ledger, made[which], strlen(made[which])));
                if (order % 2) check_matches(ledger);
            }
            check_matches(ledger);
            assert_int_equal(number(ledger, "SELECT count(*) FROM records"), 5 * (8 + round % 20));
            matched += (uint64_t)number(ledger, "SELECT count(*) FROM records WHERE pair_of<>0");
            char *result = dump(ledger);
            if (first) {
                char *copy = tael__strdup(first);
                assert_same(copy, result, what, "another order");
            } else {
                first = result;
            }
            tael_ledger_close(ledger);
        }
        tael__free(first);
        for (int f = 0; f < 5; f++) tael__free(made[f]);
    }
    assert_true(matched > 1000); /* there was something to decide */
}

/* After an import only the rows of its amounts are looked at: looking at all must find nothing more. And what is erased
 * must leave no trace in what stays. */
static void a_look_at_some_is_a_look_at_all_and_what_is_gone_leaves_nothing(void **state)
{
    (void)state;
    static const char *const sources[] = {"alipay", "wechat", "icbc_debit", "boc_debit", "meituan"};
    for (int round = 0; round < 20; round++) {
        char *made[5], what[32];
        uint64_t erased;
        seed = 5000 + (uint64_t)round;
        snprintf(what, sizeof what, "seed %d", 5000 + round);
        tael_ledger *ledger = memory_ledger(), *without = memory_ledger();
        for (int f = 0; f < 5; f++) {
            made[f] = random_bill(f, 20);
            assert_ok(put_bytes(ledger, made[f], strlen(made[f])));
            if (f != round % 5) assert_ok(put_bytes(without, made[f], strlen(made[f])));
        }
        char *some = dump(ledger);
        assert_ok(tael__sql_begin(ledger));
        assert_ok(tael__sql_end(ledger, tael__ledger_settle(ledger, NULL)));
        assert_same(some, dump(ledger), what, "all rows again");
        assert_ok(tael_ledger_erase(ledger, sources[round % 5], NULL, &erased));
        assert_int_equal(erased, 20);
        assert_same(dump(ledger), dump(without), what, "a source erased");
        for (int f = 0; f < 5; f++) tael__free(made[f]);
        tael_ledger_close(ledger);
        tael_ledger_close(without);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_bills_in_either_order_are_one_ledger),
        cmocka_unit_test(everything_twice_changes_nothing),
        cmocka_unit_test(a_bill_cut_in_two_is_the_whole),
        cmocka_unit_test(bills_made_at_random_give_one_ledger_in_every_order),
        cmocka_unit_test(a_look_at_some_is_a_look_at_all_and_what_is_gone_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, read_bills, free_bills);
}
