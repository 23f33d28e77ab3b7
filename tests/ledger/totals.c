// SPDX-License-Identifier: Apache-2.0
// The sums that are kept say what the rows say: every filter and group is asked twice, from the totals and from the
// rows, after imports, refunds, changed rows and erasing. A wrong sign in a trigger, a label that isn't renewed or a
// filter that the totals can't answer but do makes the two differ.
#include <inttypes.h>

#include "base/date.h"
#include "bills.h"
#include "ledger/payments.h"

static uint32_t state_of_dice = 7;

static uint32_t dice(uint32_t sides)
{
    state_of_dice = state_of_dice * 1664525 + 1013904223;
    return (state_of_dice >> 8) % sides;
}

/* A bill of Alipay with repeated and single items, orders not paid, refunds, and moves. */
static void write_bill(tael__buffer *b, int first, int rows)
{
    static const char *const shops[] = {"星巴克", "Luckin Coffee", "ＬＵＣＫＩＮ", "地铁", "饿了么", "花呗"};
    static const char *const kinds[] = {"餐饮美食", "交通出行", "日用百货"};
    static const char *const methods[] = {"花呗", "余额宝", "招商银行储蓄卡(0966)"};
    static const char *const ways[] = {"支出", "支出", "支出", "支出", "收入", "不计收支"};
    static const char *const statuses[] = {"交易成功", "交易成功", "交易成功", "交易关闭", "等待确认收货"};
    tael__buffer_text(b, ALIPAY_HEADER);
    for (int i = first; i < first + rows; i++) {
        char item[64];
        uint32_t shop = dice(6), fen = 1 + dice(9000);
        snprintf(item, sizeof item, dice(3) ? "套餐%u" : "订单%u-%d", dice(4), i);
        tael__buffer_format(
            b, "2026-%02u-%02u %02u:%02u:00,%s,%s,/,%s,%s,%u.%02u,%s,%s,20260101220000%016d\t,M%d\t,%s,\r\n",
            1 + dice(12), 1 + dice(28), dice(24), dice(60), kinds[dice(3)], shops[shop], item, ways[dice(6)], fen / 100,
            fen % 100, methods[dice(3)], statuses[dice(5)], i, i, dice(9) ? "" : "备注");
        if (dice(12) == 0) /* half of what it names came back */
            tael__buffer_format(b,
                                "2026-12-%02u 10:00:00,退款,%s,/,退款-%s,不计收支,%u.%02u,花呗,退款成功,"
                                "20260101220000%016d_1\t,M%d\t,,\r\n",
                                1 + dice(28), shops[shop], item, fen / 200, fen / 2 % 100, i, i);
    }
}

typedef struct answers {
    tael__buffer text;
} answers;

static int add_answer(const tael_group_row *row, void *user)
{
    answers *a = user;
    tael__buffer_format(&a->text, "%s|%" PRId64 "|%" PRId64 "|%" PRId64 "|%d\n", row->key, row->minor, row->count,
                        row->value, (int)row->category_id);
    return 0;
}

static int add_record(const tael_record *record, void *user)
{
    answers *a = user;
    tael__buffer_format(&a->text, "%" PRId64 " ", record->id);
    return 0;
}

static void ask_both(tael_ledger *ledger, tael_query q)
{
    answers kept = {{.max = 1 << 20}}, rows = {{.max = 1 << 20}};
    q.size = sizeof q;
    assert_ok(tael_ledger_query(ledger, &q, add_answer, &rows));
    q.no_records = true;
    assert_ok(tael_ledger_query(ledger, &q, add_answer, &kept));
    tael__buffer_text(&rows.text, "");
    tael__buffer_text(&kept.text, "");
    assert_string_equal(kept.text.data ? kept.text.data : "", rows.text.data ? rows.text.data : "");
    tael__buffer_free(&kept.text);
    tael__buffer_free(&rows.text);
}

/* The total and the newest seven, against all rows in order. */
static void list_both(tael_ledger *ledger, const tael_filter *f)
{
    answers all = {{.max = 1 << 20}}, newest = {{.max = 1 << 20}};
    uint64_t total, count = 0;
    assert_ok(tael_ledger_records(ledger, f, 0, add_record, &all, NULL));
    assert_ok(tael_ledger_records(ledger, f, 7, add_record, &newest, &total));
    for (size_t i = 0; i < all.text.size; i++) count += all.text.data[i] == ' ';
    assert_int_equal(count, total);
    if (newest.text.size) assert_memory_equal(all.text.data, newest.text.data, newest.text.size);
    assert_true(newest.text.size > 0 || total == 0);
    tael__buffer_free(&all.text);
    tael__buffer_free(&newest.text);
}

static void add_payment(answers *a, int64_t id, int64_t net, bool refund, const char *brand, const char *item,
                        int32_t category_id, int64_t time_ms, tael_direction direction)
{
    assert_ok(tael__buffer_format(&a->text, "%" PRId64 " %" PRId64 " %d %s %s %d %" PRId64 " %d\n", id, net, refund,
                                  brand, item, (int)category_id, time_ms, (int)direction));
}

static int add_counted(const tael_record *r, void *user)
{
    if (r->counted && strcmp(r->currency, "CNY") == 0)
        add_payment(user, r->id, r->minor - r->refunded_minor, r->refund, r->brand, r->item, r->category_id, r->time_ms,
                    r->direction);
    return 0;
}

static int add_quick(const tael__ledger_payment *p, void *user)
{
    add_payment(user, p->id, p->minor - p->refunded_minor, p->refund, p->brand, p->item, p->category_id, p->time_ms,
                p->direction);
    return 0;
}

/* What habits read, from the index and the labels, is what the rows hold. */
static void read_both(tael_ledger *ledger)
{
    answers rows = {{.max = 1 << 20}}, quick = {{.max = 1 << 20}};
    tael_filter f = {.size = sizeof f, .to = "2026-08-31"};
    tael__date last = {2026, 8, 31};
    assert_ok(tael_ledger_records(ledger, &f, 0, add_counted, &rows, NULL));
    assert_ok(tael__ledger_payments(ledger, tael__days_of(last), "CNY", add_quick, &quick));
    assert_ok(tael__buffer_text(&rows.text, "end"));
    assert_ok(tael__buffer_text(&quick.text, "end"));
    assert_string_equal(quick.text.data, rows.text.data);
    tael__buffer_free(&rows.text);
    tael__buffer_free(&quick.text);
}

static const char *name_of(int32_t id, tael_language language)
{
    (void)language;
    return id == 100 ? "餐饮美食" : id == 101 ? "咖啡" : ""; /* one that a bill's own word may share */
}

/* The cells are the sums over the rows, and labels have the texts of their rows. */
static void check_cells(tael_ledger *ledger)
{
#define CELLS                                                                                                          \
    "SELECT label,strftime('%Y',day*86400,'unixepoch')*12+strftime('%m',day*86400,'unixepoch')-1,direction*16+kind*2+" \
    "counted,currency,count(*),sum(minor),sum(minor-refunded_minor),sum(minor>0),sum(minor>refunded_minor)"            \
    " FROM records WHERE minor<100000000000 GROUP BY 1,2,3,4"
#define AMOUNTS                                                                                        \
    "SELECT minor,direction*16+kind*2+counted,currency,count(*),sum(minor),sum(minor-refunded_minor)," \
    "sum(minor>0),sum(minor>refunded_minor) FROM records WHERE minor<100000000000 GROUP BY 1,2,3"
    static const char *const none[] = {
        "SELECT count(*) FROM (SELECT * FROM totals WHERE rows<>0 EXCEPT " CELLS ")",
        "SELECT count(*) FROM (" CELLS " EXCEPT SELECT * FROM totals)",
        "SELECT count(*) FROM (SELECT * FROM amounts WHERE rows<>0 EXCEPT " AMOUNTS ")",
        "SELECT count(*) FROM (" AMOUNTS " EXCEPT SELECT * FROM amounts)",
        "SELECT count(*) FROM records r LEFT JOIN labels l ON l.id=r.label WHERE l.id IS NULL OR (r.currency,r.source,"
        "r.merchant,r.category,r.method,r.brand,r.category_id)<>(l.currency,l.source,l.merchant,l.category,l.method,"
        "l.brand,l.category_id) OR (l.whole AND (r.item,r.type,r.status,r.account,r.note)<>(l.item,l.type,l.status,"
        "l.account,l.note))"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        int64_t wrong;
        assert_ok(tael__sql_number(ledger, &wrong, none[i], "test"));
        assert_int_equal(wrong, 0);
    }
}

static void compare_all(tael_ledger *ledger)
{
    static const char *const coffee[] = {"星巴克", "luckin"}, *const meal[] = {"套餐1"}, *const note[] = {"备注"};
    static const int32_t food[][2] = {{100, 199}}, ways[][2] = {{200, 299}, {101, 101}};
    const tael_term_group both[] = {{coffee, 2}, {meal, 1}}, in[] = {{.ranges = ways, .range_count = 2}};
    const tael_term_group or_words[] = {{.items = meal, .count = 1, .ranges = food, .range_count = 1}};
    const tael_term_group unnumbered[] = {
        {.items = coffee, .count = 2, .ranges = food, .range_count = 1, .uncategorized = true}};
    const tael_filter filters[] = {
        {0},
        {.direction = TAEL_INCOME},
        {.direction = TAEL_NEUTRAL},
        {.merchant = "luckin"},
        {.category = "餐饮", .method = "花呗"},
        {.source = "alipay"},
        {.source = "jd"},
        {.text = "套餐2"},
        {.text = "订单"},
        {.text = "等待"},
        {.text = "7"},
        {.text = "_1"},
        {.text = "no such thing"},
        {.from = "2026-02-01", .to = "2026-05-31"},
        {.from = "2026-02-02", .to = "2026-05-31", .merchant = "星"},
        {.to = "2026-02-28"},
        {.min_minor = 5000},
        {.min_minor = 100, .max_minor = 3000},
        {.max_minor = 40, .direction = TAEL_INCOME},
        {.min_minor = 2000, .merchant = "地铁"},
        {.any_terms = coffee, .any_count = 2},
        {.all_of = both, .all_count = 2},
        {.any_terms = coffee, .any_count = 2, .no_terms = note, .no_count = 1},
        {.no_terms = meal, .no_count = 1},
        {.weekdays = 3},
        {.hour_from = 3, .hour_to = 9},
        {.refunded_only = true},
        {.merchant = "瑞幸"},
        {.category_from = 100, .category_to = 199},
        {.category_from = 101, .category_to = 101, .category = "交通"},
        {.category_from = 200, .category_to = 299, .from = "2026-03-01", .direction = TAEL_EXPENSE},
        {.all_of = in, .all_count = 1},
        {.all_of = or_words, .all_count = 1},
        {.all_of = unnumbered, .all_count = 1, .method = "花呗"},
        {.none_of = in, .none_count = 1},
        {.none_of = both, .none_count = 2, .merchant = "星"},
        {.none_of = unnumbered, .none_count = 1},
    };
    read_both(ledger);
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        tael_filter f = filters[i];
        f.size = sizeof f;
        list_both(ledger, &f);
        for (int by = TAEL_BY_NONE; by <= TAEL_BY_SUBCATEGORY; by++)
            for (int gross = 0; gross < 2; gross++)
                ask_both(ledger, (tael_query){.filter = f,
                                              .group = (tael_group)by,
                                              .measure = TAEL_AVERAGE,
                                              .gross = gross,
                                              .category_name = i % 2 ? name_of : NULL});
    }
}

static void totals_say_what_rows_say(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    uint64_t erased;
    compare_all(ledger); /* of nothing */
    for (int n = 0; n < 3; n++) {
        tael__buffer b = {.max = 1 << 22};
        write_bill(&b, 150 * n, 250); /* each knows some rows of the one before, with other contents */
        put_bill(ledger, b.data, NULL);
        tael__buffer_free(&b);
        compare_all(ledger);
        check_cells(ledger);
    }
    put_bill(ledger,
             WECHAT_HEADER
             "2026-10-01 08:00:00,商户消费,星巴克,套餐1,支出,¥1.00,零钱,支付成功,4200002600000000000001\t,/,/\n",
             NULL);
    compare_all(ledger);
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-06-15", &erased));
    assert_true(erased > 50);
    compare_all(ledger);
    assert_ok(tael_ledger_erase(ledger, "alipay", NULL, &erased));
    assert_int_equal(row_count(ledger), 1);
    compare_all(ledger);
    tael_ledger_close(ledger);
}

/* Rows that other code stores or changes, without knowing of labels. */
static void rows_of_others_are_counted(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael__buffer b = {.max = 1 << 22};
    write_bill(&b, 0, 300);
    put_bill(ledger, b.data, NULL);
    tael__buffer_free(&b);
    assert_ok(tael__sql_begin(ledger));
    assert_ok(
        tael__sql_exec(ledger,
                       "INSERT INTO records(time_ms,offset_minutes,day,direction,kind,counted,minor,currency,source,"
                       "merchant,item,category,type,method,status,external_id,merchant_order,account,note,key)"
                       " SELECT time_ms,offset_minutes,day,direction,kind,counted,minor+1,currency,'manual',merchant,"
                       "item,category,type,method,status,'','',account,note,randomblob(16) FROM records;"
                       "UPDATE records SET merchant='Blue Bottle',category='咖啡' WHERE id%5=0;"
                       "UPDATE records SET counted=0 WHERE id%7=0; UPDATE records SET direction=3 WHERE id%11=0;"
                       "DELETE FROM records WHERE id%13=0",
                       "test"));
    compare_all(ledger); /* before the end of the transaction there are rows without a label */
    assert_ok(tael__sql_end(ledger, TAEL_OK));
    compare_all(ledger);
    check_cells(ledger);
    tael_ledger_close(ledger);
}

static int32_t category_of(const char *merchant, const char *item)
{
    if (strncmp(item, "订单", strlen("订单")) == 0) return 0;
    return strstr(merchant, "星巴克")      ? 101
           : strcmp(merchant, "地铁") == 0 ? 201
           : item[strlen(item) - 1] % 2    ? 100
                                           : 0;
}

static int32_t at_import(const tael_record *record, bool *by_owner, void *user)
{
    (void)user;
    *by_owner = false;
    return category_of(record->merchant, record->item);
}

static int anew(const tael_record *record, int32_t *category_id, bool *by_owner, void *user)
{
    *by_owner = record->id % 9 == 0;
    *category_id = record->id % *(int *)user ? category_of(record->item, record->merchant) : 202;
    return 0;
}

static void put_file(tael_ledger *ledger, const char *path)
{
    tael_import_report report;
    const tael_import_options options = {.size = sizeof options, .categorize = at_import};
    assert_ok(tael_ledger_import(ledger, path, &options, &report));
    tael_import_report_free(&report);
}

static int first_match(const tael_match *m, void *user)
{
    *(int64_t *)user = m->other->id;
    return m->kind == TAEL_SAME_PAYMENT && m->state == TAEL_MATCH_FOUND;
}

/* What is done to rows long after they came: matched, taken apart, named, given a category. */
static void rows_that_change_their_meaning_are_counted(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael__buffer b = {.max = 1 << 22};
    tael_import_report report;
    const tael_import_options options = {.size = sizeof options, .categorize = at_import};
    uint64_t changed;
    int64_t id = 0, row;
    int each = 3;
    write_bill(&b, 0, 300);
    assert_ok(tael__ledger_import_bytes(ledger, "test", b.data, b.size, &options, &report));
    tael_import_report_free(&report);
    tael__buffer_free(&b);
    compare_all(ledger);
    put_file(ledger, "ledger/data/match-alipay.csv");
    put_file(ledger, "ledger/data/match-icbc-credit.csv");
    put_file(ledger, "ledger/data/huobi.csv"); /* USDT: a currency of four letters */
    check_cells(ledger);
    compare_all(ledger);
    assert_ok(tael_ledger_matches(ledger, first_match, &id));
    assert_ok(tael_ledger_match_decide(ledger, TAEL_MATCH_UNDO, id, 0));
    check_cells(ledger);
    compare_all(ledger);
    assert_ok(tael_ledger_match_decide(ledger, TAEL_MATCH_REDO, id, 0));
    assert_ok(tael_ledger_teach_merchant(ledger, "luckin", "瑞幸", &changed));
    assert_true(changed > 10);
    check_cells(ledger);
    compare_all(ledger);
    assert_ok(tael_ledger_categorize(ledger, false, anew, &each, &changed));
    assert_true(changed > 100);
    check_cells(ledger);
    compare_all(ledger);
    const tael_record said = {.time_ms = 1790000000000,
                              .offset_minutes = 480,
                              .direction = TAEL_EXPENSE,
                              .minor = 1200,
                              .merchant = "Luckin Coffee",
                              .item = "拿铁"};
    assert_ok(tael_ledger_add(ledger, &said, &row));
    compare_all(ledger);
    assert_ok(tael_ledger_remove(ledger, row));
    assert_ok(tael_ledger_teach_merchant(ledger, "luckin", NULL, &changed));
    assert_ok(tael_ledger_erase(ledger, "icbc_credit", NULL, &changed));
    check_cells(ledger);
    compare_all(ledger);
    tael_ledger_close(ledger);
}

static void huge_amounts_are_exact_or_an_error(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael__buffer b = {.max = 1 << 22};
    write_bill(&b, 0, 100);
    put_bill(ledger, b.data, NULL);
    tael__buffer_free(&b);
    put_bill(
        ledger,
        ALIPAY_HEADER
        "2026-10-01 08:00:00,其他,大买家,/,岛,支出,2000000000.01,余额,交易成功,2026100122000000000000000099\t,,,\r\n",
        NULL);
    compare_all(ledger);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_say_what_rows_say),
        cmocka_unit_test(rows_of_others_are_counted),
        cmocka_unit_test(rows_that_change_their_meaning_are_counted),
        cmocka_unit_test(huge_amounts_are_exact_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
