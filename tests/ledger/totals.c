// SPDX-License-Identifier: Apache-2.0
// The sums that are kept say what the rows say: every filter and group is asked twice, from the totals and from the
// rows, after imports, refunds, changed rows and erasing. A wrong sign in a trigger, a label that isn't renewed or a
// filter that the totals can't answer but do makes the two differ.
#include <inttypes.h>

#include "bills.h"

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
    tael__buffer_format(&a->text, "%s|%" PRId64 "|%" PRId64 "|%" PRId64 "\n", row->key, row->minor, row->count,
                        row->value);
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

static void compare_all(tael_ledger *ledger)
{
    static const char *const coffee[] = {"星巴克", "luckin"}, *const meal[] = {"套餐1"}, *const note[] = {"备注"};
    const tael_term_group both[] = {{coffee, 2}, {meal, 1}};
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
    };
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        tael_filter f = filters[i];
        f.size = sizeof f;
        list_both(ledger, &f);
        for (int by = TAEL_BY_NONE; by <= TAEL_BY_SOURCE; by++)
            for (int gross = 0; gross < 2; gross++)
                ask_both(ledger,
                         (tael_query){.filter = f, .group = (tael_group)by, .measure = TAEL_AVERAGE, .gross = gross});
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
        cmocka_unit_test(huge_amounts_are_exact_or_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
