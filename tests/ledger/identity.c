// SPDX-License-Identifier: Apache-2.0
// Rows that have no id of their own, and what a bank's or an order's rows mean. A wrong implementation drops the second
// of two equal coffees, doubles the days on which two exports overlap, or subtracts a refund that two rows tell of
// twice.
#include "bills.h"

#define ABC_HEADER    "交易日期,交易时间,交易摘要,交易金额,本次余额,对手信息\n"
#define COFFEE(day)   day ",,消费,-25.00,1.00,支付宝-咖啡店\n"
#define SENT(day)     day ",,转账,-500.00,1.00,王五\n"
#define RETURNED(day) day ",,转账,+500.00,1.00,王五\n"

static void two_coffees_of_a_day_are_two_and_overlapping_exports_add_none(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, ABC_HEADER COFFEE("20260930") COFFEE("20260930") COFFEE("20261001"), &report);
    assert_int_equal(report.imported, 3);
    tael_import_report_free(&report);
    put_bill(ledger, ABC_HEADER COFFEE("20260930") COFFEE("20260930") COFFEE("20261001"), NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 7500);
    /* The next month's export begins a day earlier, runs the other way, and knows one coffee more. */
    put_bill(ledger,
             ABC_HEADER COFFEE("20261002") COFFEE("20261001") COFFEE("20261001") COFFEE("20260930") COFFEE("20260930"),
             &report);
    assert_int_equal(report.imported, 2);
    assert_int_equal(report.duplicates, 3);
    tael_import_report_free(&report);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 12500);
    tael_ledger_close(ledger);
}

static void the_same_sum_out_and_back_are_two_rows_in_either_order(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, ABC_HEADER SENT("20260930"), NULL);
    put_bill(ledger, ABC_HEADER RETURNED("20260930") SENT("20260930"), NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 50000);
    assert_int_equal(total(ledger, TAEL_INCOME), 50000);
    tael_ledger_close(ledger);
}

static void both_layouts_of_a_bank_are_one_source(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, "ledger/data/icbc-debit-v1.csv", NULL, &report));
    tael_import_report_free(&report);
    assert_ok(tael_ledger_import(ledger, "ledger/data/icbc-debit-v2.csv", NULL, &report));
    assert_int_equal(report.imported, 0);
    assert_int_equal(report.duplicates, 11);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

/* ---- What rows mean ---- */

static int take_record(const tael_record *record, void *user)
{
    snprintf(user, 256, "%s|%s|%s|%s", record->merchant, record->item, record->method, record->note);
    return 0;
}

static void a_row_shows_its_channel_its_shop_and_its_card(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    char text[256];
    put_bill(ledger,
             "卡号: 1234****5678\n交易日期,记账日期,摘要,交易场所,记账金额(收入),记账金额(支出)\n"
             "2026-09-01,2026-09-01,消费,支付宝-金拱门(中国)有限公司,,26.00\n",
             NULL);
    assert_ok(tael_ledger_records(ledger, NULL, 1, take_record, text, NULL));
    assert_string_equal(text, "金拱门(中国)有限公司|支付宝-金拱门(中国)有限公司|工商银行信用卡(5678)|支付宝");
    tael_ledger_close(ledger);
}

#define JD_HEADER "交易时间,商户名称,交易说明,金额,收/付款方式,交易状态,收/支,交易分类,交易订单号,商家订单号,备注\n"
#define JD_BACK(time, amount) \
    "2026-09-02 " time "\t,店,退款-衣," amount ",京东白条,退款成功,不计收支,网购,1001\t,2001\t, ,\n"
#define JD_BUY(amount, direction) \
    "2026-09-01 08:00:00\t,店,衣," amount ",京东白条,交易成功," direction ",服饰,1001\t,2001\t, ,\n"

static void jd_refunds_are_taken_once_whichever_row_says_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t spent, gross;
    } cases[] = {
        {JD_HEADER JD_BUY("100.00(已退款30.00)", "支出"), 7000, 10000}, /* the refund in another file */
        {JD_HEADER JD_BACK("09:00:00", "30.00") JD_BUY("100.00(已退款30.00)", "支出"), 7000, 10000},
        {JD_HEADER JD_BACK("09:00:00", "30.00") JD_BACK("09:01:00", "30.00") JD_BUY("100.00(已退款60.00)", "支出"),
         4000, 10000},
        {JD_HEADER JD_BACK("09:00:00", "30.00") JD_BACK("09:00:00", "30.00") JD_BUY("100.00（已退款60.00）", "支出"),
         4000, 10000}, /* two equal refunds in one second */
        {JD_HEADER JD_BUY("100.00(已全额退款)", "不计收支"), 0, 10000},
        {JD_HEADER JD_BACK("09:00:00", "100.00") JD_BUY("100.00(已全额退款)", "不计收支"), 0, 10000},
        {JD_HEADER JD_BACK("09:00:00", "30.00"), -3000, 0}, /* the purchase in another file */
        {JD_HEADER "2026-09-01 08:00:00,店,衣,35.61,先享后付,交易成功,不计收支,先享后付,1,2,\n", 0, 0},
        {JD_HEADER "2026-09-01 08:00:00,店,亲密卡,53.00,京东白条,交易成功,支出,线下消费, ,3,\n"
                   "2026-09-01 08:00:00,店,亲密卡,53.00,京东白条,交易成功,支出,线下消费, ,4,\n",
         10600, 10600},
        {JD_HEADER "2026-09-01 08:00:00,店,衣,100.00(已退款),京东白条,交易成功,支出,服饰,1,2,\n", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael_ledger *ledger = memory_ledger();
        put_bill(ledger, cases[i].text, NULL);
        put_bill(ledger, cases[i].text, NULL);
        if (total(ledger, TAEL_EXPENSE) != cases[i].spent)
            fail_msg("case %zu: %lld", i, (long long)total(ledger, TAEL_EXPENSE));
        assert_int_equal(query(ledger, (tael_query){.gross = true}).minor, cases[i].gross);
        assert_int_equal(total(ledger, TAEL_INCOME), 0);
        tael_ledger_close(ledger);
    }
}

static void a_meituan_refund_lowers_the_month_of_its_purchase(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger,
             "交易创建时间,交易类型,订单标题,收/支,支付方式,实付金额,交易单号\n"
             "2026-09-02 08:00:00,退款,蛋挞6只,收入,微信支付,¥20.00,2502270181541103443\n"
             "2026-08-30 08:00:00,支付,蛋挞6只,支出,微信支付,¥20.00,25022211100401670005107560671443\n",
             NULL);
    assert_string_equal(query(ledger, (tael_query){.group = TAEL_BY_MONTH}).keys, "");
    assert_int_equal(query(ledger, (tael_query){.gross = true}).minor, 2000);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_coffees_of_a_day_are_two_and_overlapping_exports_add_none),
        cmocka_unit_test(the_same_sum_out_and_back_are_two_rows_in_either_order),
        cmocka_unit_test(both_layouts_of_a_bank_are_one_source),
        cmocka_unit_test(a_row_shows_its_channel_its_shop_and_its_card),
        cmocka_unit_test(jd_refunds_are_taken_once_whichever_row_says_it),
        cmocka_unit_test(a_meituan_refund_lowers_the_month_of_its_purchase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
