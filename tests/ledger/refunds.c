// SPDX-License-Identifier: Apache-2.0
// What comes back. A wrong implementation invents money: it drops the closed purchase and subtracts its refund, takes a
// refund for income, or subtracts it twice. Every order of files must give one result.
#include "bills.h"

#define BUY "2026-09-01 10:00:00,日用百货,猫粮店,/,猫粮,支出,100.00,花呗,%s,2026090122000000000000000001\t,T1,,\r\n"
#define BACK(amount, suffix)                                       \
    "2026-10-03 10:00:00,退款,猫粮店,/,退款-猫粮,不计收支," amount \
    ",花呗,退款成功,2026090122000000000000000001_" suffix "\t,T1,,\r\n"

static const char *buy(const char *status)
{
    static char text[512];
    snprintf(text, sizeof text, ALIPAY_HEADER BUY, status);
    return text;
}

static int64_t month(tael_ledger *ledger, const char *from, const char *to)
{
    return query(ledger, (tael_query){.filter = {.from = from, .to = to}}).minor;
}

static void check_joined(tael_ledger *ledger, int64_t september)
{
    assert_int_equal(month(ledger, "2026-09-01", "2026-09-30"), september);
    assert_int_equal(month(ledger, "2026-10-01", "2026-10-31"), 0);
    assert_int_equal(total(ledger, TAEL_INCOME), 0);
    assert_int_equal(total(ledger, TAEL_NEUTRAL), 0);
}

static void a_full_refund_is_net_zero_in_the_month_of_its_purchase_whichever_file_comes_first(void **state)
{
    (void)state;
    for (int refund_first = 0; refund_first < 2; refund_first++) {
        tael_ledger *ledger = memory_ledger();
        if (refund_first) {
            put_bill(ledger, ALIPAY_HEADER BACK("100.00", "9"), NULL);
            assert_int_equal(month(ledger, "2026-10-01", "2026-10-31"), -10000); /* on its own day, so far */
        }
        put_bill(ledger, buy("交易关闭"), NULL);
        if (!refund_first) put_bill(ledger, ALIPAY_HEADER BACK("100.00", "9"), NULL);
        check_joined(ledger, 0);
        tael_query count = {.measure = TAEL_COUNT}, gross = {.gross = true};
        assert_int_equal(query(ledger, count).value, 0);
        assert_int_equal(query(ledger, gross).minor, 10000);
        tael_ledger_close(ledger);
    }
}

static void two_partial_refunds_both_count_once(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, ALIPAY_HEADER BACK("10.00", "8") BACK("20.50", "9"), NULL);
    put_bill(ledger, buy("交易成功"), NULL);
    check_joined(ledger, 6950);
    put_bill(ledger, ALIPAY_HEADER BACK("10.00", "8"), NULL);
    check_joined(ledger, 6950);
    tael_ledger_close(ledger);
}

static void an_order_never_paid_is_in_no_sum_and_a_repayment_is_no_spending(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(
        ledger,
        ALIPAY_HEADER
        "2026-09-01 10:00:00,日用百货,店,/,鞋,不计收支,699.00,,交易关闭,2026090122000000000000000002\t,T2,,\r\n"
        "2026-09-01 11:00:00,日用百货,店,/,鞋,支出,699.00,余额,等待付款,2026090122000000000000000003\t,T3,,\r\n"
        "2026-09-02 "
        "10:00:00,信用借还,花呗,/,花呗自动还款,不计收支,500.00,余额宝,还款成功,2026090222000000000000000004\t,,,\r\n"
        "2026-09-03 10:00:00,服饰装扮,店,/,袜,支出,9.00,余额,等待确认收货,2026090322000000000000000005\t,T5,,\r\n",
        NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 900);
    assert_int_equal(total(ledger, TAEL_INCOME), 0);
    assert_int_equal(total(ledger, TAEL_NEUTRAL), 50000);
    tael_ledger_close(ledger);
}

static void a_sold_investment_is_no_refund_of_shopping(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(
        ledger,
        ALIPAY_HEADER
        "2026-09-01 "
        "10:00:00,投资理财,基金,/,某基金-买入,不计收支,1000.00,余额宝,退款成功,2026090122000000000000000006\t,,,\r\n",
        NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 0);
    tael_ledger_close(ledger);
}

#define WX_BUY(status)                                                    \
    "2026-09-01 10:00:00,商户消费,美食店,\"面\",支出,¥35.50,零钱," status \
    ",4200002600000000000001\t,2026090100000001\t,\"/\"\r\n"
#define WX_BACK(shop, amount, status)                                                \
    "2026-09-02 10:00:00," shop "-退款," shop ",\"/\",收入,¥" amount ",零钱," status \
    ",50300427120260000000001\t,/\t,\"/\"\r\n"

static void wechat_refunds_are_taken_once_with_either_yen_sign(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t spent;
    } cases[] = {
        {WECHAT_HEADER WX_BACK("美食店", "35.50", "已全额退款") WX_BUY("已全额退款"), 0},
        {WECHAT_HEADER WX_BACK("美食店", "5.50", "已退款¥5.50") WX_BUY("已退款(¥5.50)"), 3000},
        {WECHAT_HEADER WX_BACK("美食店", "5.50", "已退款￥5.50") WX_BUY("已退款(￥5.50)"), 3000},
        {WECHAT_HEADER WX_BACK("别名", "5.50", "已退款￥5.50") WX_BUY("已退款（￥5.50）"),
         3000},                                                         /* another name of the shop */
        {WECHAT_HEADER WX_BUY("已全额退款"), 0},                        /* the refund in another file */
        {WECHAT_HEADER WX_BACK("美食店", "5.50", "已退款¥5.50"), -550}, /* the purchase in another file */
        {WECHAT_HEADER WX_BUY("对方已退还"), 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael_ledger *ledger = memory_ledger();
        put_bill(ledger, cases[i].text, NULL);
        if (total(ledger, TAEL_EXPENSE) != cases[i].spent)
            fail_msg("case %zu: %lld", i, (long long)total(ledger, TAEL_EXPENSE));
        assert_int_equal(total(ledger, TAEL_INCOME), 0);
        tael_ledger_close(ledger);
    }
}

#define EXPORTED(time) "导出时间：[" time "],,,,,,,,,,\r\n" WECHAT_HEADER

static void a_newer_export_brings_the_refund_and_an_older_one_does_not_take_it_back(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    put_bill(ledger, EXPORTED("2026-09-01 12:00:00") WX_BUY("支付成功"), NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 3550);
    put_bill(ledger, EXPORTED("2026-09-30 12:00:00") WX_BACK("美食店", "5.50", "已退款¥5.50") WX_BUY("已退款(¥5.50)"),
             &report);
    assert_int_equal(report.imported, 1);
    assert_int_equal(report.duplicates, 1);
    tael_import_report_free(&report);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 3000);
    put_bill(ledger, EXPORTED("2026-09-01 12:00:00") WX_BUY("支付成功"), NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 3000);
    tael_ledger_close(ledger);
}

static void a_red_packet_joins_by_its_order(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger,
             WECHAT_HEADER
             "2026-09-02 "
             "10:00:00,微信红包-退款,某人,\"/\",收入,¥8.00,零钱,已全额退款,1000039501202609010000000001\t,/\t,\"/\"\r\n"
             "2026-09-01 "
             "10:00:00,微信红包,发给某人,\"/"
             "\",支出,¥8.00,零钱,支付成功,1000039501202609010000000009\t,1000039501202609010000000001\t,\"/\"\r\n",
             NULL);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 0);
    assert_int_equal(query(ledger, (tael_query){.gross = true}).minor, 800);
    tael_ledger_close(ledger);
}

static void erasing_the_purchase_leaves_its_refund_on_its_own_day(void **state)
{
    (void)state;
    uint64_t erased;
    tael_ledger *ledger = memory_ledger();
    put_bill(ledger, buy("交易关闭"), NULL);
    put_bill(ledger, ALIPAY_HEADER BACK("100.00", "9"), NULL);
    assert_ok(tael_ledger_erase(ledger, NULL, "2026-10-01", &erased));
    assert_int_equal(erased, 1);
    assert_int_equal(month(ledger, "2026-10-01", "2026-10-31"), -10000);
    put_bill(ledger, buy("交易关闭"), NULL);
    check_joined(ledger, 0);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_refund_is_net_zero_in_the_month_of_its_purchase_whichever_file_comes_first),
        cmocka_unit_test(two_partial_refunds_both_count_once),
        cmocka_unit_test(an_order_never_paid_is_in_no_sum_and_a_repayment_is_no_spending),
        cmocka_unit_test(a_sold_investment_is_no_refund_of_shopping),
        cmocka_unit_test(wechat_refunds_are_taken_once_with_either_yen_sign),
        cmocka_unit_test(a_newer_export_brings_the_refund_and_an_older_one_does_not_take_it_back),
        cmocka_unit_test(a_red_packet_joins_by_its_order),
        cmocka_unit_test(erasing_the_purchase_leaves_its_refund_on_its_own_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
