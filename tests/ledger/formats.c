// SPDX-License-Identifier: Apache-2.0
// Every format besides Alipay and WeChat: totals computed by hand from the samples, then each layout with its columns
// in another order, with one more, with one less, and with rows that can't be read. A wrong implementation reads a
// column by its place, takes a repayment for spending or a refund for income, or loses the second of two equal rows.
#include "bills.h"

static int64_t in_currency(tael_ledger *ledger, tael_direction direction, const char *currency)
{
    return query(ledger, (tael_query){.filter = {.direction = direction}, .currency = currency}).minor;
}

static void check_file(const char *path, const char *format, uint64_t rows, int64_t spent, int64_t income)
{
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, path, NULL, &report));
    if (report.skipped_count) fail_msg("%s: line %u: %s", path, report.skipped[0].line, report.skipped[0].reason);
    assert_string_equal(report.format, format);
    assert_string_equal(report.mapping, "");
    assert_int_equal(report.rows, rows);
    assert_int_equal(report.imported, rows);
    if (total(ledger, TAEL_EXPENSE) != spent || total(ledger, TAEL_INCOME) != income)
        fail_msg("%s: %lld spent, %lld income", path, (long long)total(ledger, TAEL_EXPENSE),
                 (long long)total(ledger, TAEL_INCOME));
    tael_import_report_free(&report);
    assert_ok(tael_ledger_import(ledger, path, NULL, &report)); /* again: nothing new */
    assert_int_equal(report.imported, 0);
    assert_int_equal(report.duplicates, rows);
    assert_int_equal(total(ledger, TAEL_EXPENSE), spent);
    tael_import_report_free(&report);
    tael_ledger_close(ledger);
}

static void every_sample_has_its_totals(void **state)
{
    (void)state;
    /* 99.00 + 91.42 + 223.99 + 53.00 + 238.18 + 79.88 - (1.00 + 1.00 + 112.98); 0.01 + 0.01 */
    check_file("ledger/data/jd-2024.csv", "jd", 15, 67049, 2);
    /* The bill says it itself: 支出：16笔(含4笔部分退款)，1648.43元 */
    check_file("ledger/data/jd-2025.csv", "jd", 26, 164843, 0);
    /* 22 payments, 1,175.68 as the bill says; refunds 20.00 + 11.77 + 10.06 + 68.00 + 88.00 + 11.90 = 209.73 */
    check_file("ledger/data/meituan-2025.csv", "meituan", 29, 96595, 0);
    /* 0.01 + 18.00 + 26.00 + 12.35 + 17.32 + 238.00 + 22.00 + 29.45; the repayment of 4,621.01 is neither */
    check_file("ledger/data/icbc-credit.csv", "icbc_credit", 9, 36313, 0);
    /* 13.40 + 500.00 + 1,234.56 + 24.00 - 1.04; 1,234.56 + 1,234.56 + 30.00 */
    check_file("ledger/data/icbc-debit-v1.csv", "icbc_debit", 11, 177092, 249912);
    check_file("ledger/data/icbc-debit-v2.csv", "icbc_debit", 11, 177092, 249912);
    /* 56.78 + 8,000.00 - 3.90 */
    check_file("ledger/data/cmb-credit.csv", "cmb_credit", 6, 805288, 0);
    /* 1,000.00 + 3.00 + 10.14, 1,000.00 of cash stays the owner's; 1,234.00 */
    check_file("ledger/data/cmb-debit.csv", "cmb_debit", 5, 101314, 123400);
    /* 50.00+0.59+68.19+468.32+448.32+131.77+60.90 - (70.48+397.84+70.48+89.84); 0.01. USD 3.72 isn't in it. */
    check_file("ledger/data/boc-credit.csv", "boc_credit", 14, 59945, 1);
    /* 9,394.30 - 50.00; 5,771.00 + 1,000.00. The 3,000.00 come from Alipay's balance. */
    check_file("ledger/data/boc-debit.csv", "boc_debit", 17, 934430, 677100);
    /* 2.99 + 10.00 + 10.74 + 49.85 - (123.18 + 1.99) */
    check_file("ledger/data/bocom-credit.csv", "bocom_credit", 8, -5159, 0);
    /* 10.00; 1.23 + 0.02 + 10.00 */
    check_file("ledger/data/bocom-debit.csv", "bocom_debit", 6, 1000, 1125);
    /* 10.00; 10,000.00 + 0.01 */
    check_file("ledger/data/abc-debit.csv", "abc_debit", 5, 1000, 1000001);
    /* 15.90 + 387.42 - 97.20 */
    check_file("ledger/data/cgb-credit.csv", "cgb_credit", 4, 30612, 0);
    /* In CNY, which most rows are in: 1099.14+18.00+27.90+21.80+204.00+7.54+1.01+179.50 - 25.00 */
    check_file("ledger/data/hsbchk-credit.csv", "hsbc_hk_credit", 11, 153389, 0);
    /* In HKD: 1.00 + 75.50 + 350.00 + 2,000.00; 500.00 + 12,500.00 + 5.45 */
    check_file("ledger/data/hsbchk-debit.csv", "hsbc_hk_debit", 10, 242650, 1300545);
    /* 3.27 + 85.06 + 6.00 */
    check_file("ledger/data/bmo-credit.csv", "bmo_credit", 3, 9433, 0);
    /* 68.32 + 50.00 + 40.00; 0.01 */
    check_file("ledger/data/bmo-debit.csv", "bmo_debit", 4, 15832, 1);
    /* In CAD: 1.96 + 12.10 + 10.00 + 35.00 + 15.68 + 5.30 + 239.13; 0.01 + 332.22 */
    check_file("ledger/data/td.csv", "td", 9, 31917, 33223);
    /* 67.00 + 16.78 + 20.00 + 515.02 + 18.06 + 66.40 */
    check_file("ledger/data/ccb-debit-2025.xls", "ccb_debit", 6, 70326, 0);
    /* 5.90+807.89+88.00+25.00+4.00+20.47+76.80+39.24+10.34+1.00+20.16; 0.20 given; 1.21 paid back is neither */
    check_file("ledger/data/citic-credit.xls", "citic_credit", 13, 109880, 20);
    /* All of it goes to and comes from a seller of funds. */
    check_file("ledger/data/spdb-debit.xls", "spdb_debit", 4, 0, 0);
}

/* What an owner's book or a broker means: moves stay out, fees are spent, an amount below zero takes back. */
static void books_and_brokers_have_their_totals(void **state)
{
    (void)state;
    /* 1.00 - 123.40 + 543.00 of income given back; 0.12 */
    check_file("ledger/data/feidee-legacy.xls", "feidee", 7, 42060, 12);
    /* 1.00 - 12.30 + 123.00; 0.98 */
    check_file("ledger/data/feidee-web.xls", "feidee", 8, 11170, 98);
    /* 1.00 - 1,123.40 + 6,543.00; 0.12 */
    check_file("ledger/data/feidee-elecloud.xlsx", "feidee", 7, 542060, 12);
    /* Fees: 0.85 + 0.04 + 0.26 + 0.20 + 1.60 + 0.40 + 4.02 */
    check_file("ledger/data/htsec.xlsx", "htsec", 10, 737, 0);
    /* Fees: 0.13 + 0.02 + 0.38 + 0.04; a dividend */
    check_file("ledger/data/hxsec-tsv.xls", "hxsec", 13, 57, 15000);
    /* In USDT: one fee of 0.0107676; the others are in the coins that were bought */
    check_file("ledger/data/huobi.csv", "huobi", 3, 1, 0);
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, "ledger/data/htsec.xlsx", NULL, &report));
    tael_import_report_free(&report);
    /* 1.28+16900+760.80+5269.30+1162.50+1000+16011+4020; the account: each with its fee is what it gained or lost */
    assert_int_equal(total(ledger, TAEL_NEUTRAL), 4512488);
    tael_ledger_close(ledger);
}

static void currencies_are_never_added(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    assert_ok(tael_ledger_import(ledger, "ledger/data/hsbchk-credit.csv", NULL, &report));
    tael_import_report_free(&report);
    assert_int_equal(in_currency(ledger, TAEL_EXPENSE, "CNY"), 153389);
    assert_int_equal(in_currency(ledger, TAEL_EXPENSE, "HKD"), 2790);
    tael_ledger_close(ledger);
}

/* ---- Each layout, written out ---- */

typedef struct sample {
    const char *format, *before; /* lines above the header */
    int date, amount;            /* columns of the first row that are broken in turn; `amount` is removed as well */
    int64_t spent, income;
    const char *header[14], *row[2][14];
} sample;

static const sample samples[] = {
    {"jd",
     "导出时间：2026-10-01 08:00:00\n",
     0,
     3,
     1000,
     0,
     {"交易时间", "商户名称", "交易说明", "金额", "收/付款方式", "交易状态", "收/支", "交易分类", "交易订单号",
      "商家订单号"},
     {{"2026-09-01 08:00:00", "店", "书", "30.00（已退款20.00）", "京东白条", "交易成功", "支出", "图书", "1001",
       "2001"},
      {"2026-09-02 08:00:00", "店", "退款-书", "20.00", "京东白条", "退款成功", "不计收支", "网购", "1001", "2001"}}},
    {"meituan",
     "",
     0,
     5,
     1500,
     0,
     {"交易创建时间", "交易类型", "订单标题", "收/支", "支付方式", "实付金额", "交易单号", "订单金额"},
     {{"2026-09-01 08:00:00", "支付", "面馆 订单详情", "支出", "美团月付", "¥15.00", "25022811100401670006", "¥16.00"},
      {"2026-09-02 08:00:00", "还款", "月付", "支出", "银行卡", "¥15.00", "25022811100401670007", "¥15.00"}}},
    {"icbc_credit",
     "卡号: 1234****5678\n",
     0,
     5,
     1200,
     0,
     {"交易日期", "记账日期", "摘要", "交易场所", "记账金额(收入)", "记账金额（支出）", "记账币种", "余额"},
     {{"2026-09-01", "2026-09-02", "消费", "财付通-面馆", "", "12.00", "人民币", "1.00"},
      {"2026-09-03", "2026-09-03", "还款", "分行", "1,000.00", "", "人民币", "1.00"}}},
    {"icbc_debit",
     "",
     0,
     5,
     1200,
     90000,
     {"交易日期", "摘要", "交易场所", "钞/汇", "记账金额(收入)", "记账金额(支出)", "记账币种", "对方户名"},
     {{"2026-09-01", "消费", "面馆", "钞", "-", "12.00", "人民币", "深圳市财付通支付科技有限公司"},
      {"2026-09-03", "工资", "", "钞", "900.00", "-", "人民币", "公司"}}},
    {"ccb_debit",
     "",
     3,
     4,
     4000,
     500,
     {"序号", "摘要", "币别", "交易日期", "交易金额", "账户余额", "交易地点/附言", "对方账号与户名"},
     {{"1", "消费", "人民币元", "20260901", "-40.00", "1.00", "财付通-书店", "2433****01/财付通"},
      {"2", "转账存入", "人民币元", "20260902", "5.00", "6.00", "", "6217****1234/张三"}}},
    {"ccb_debit",
     "",
     1,
     3,
     4000,
     500,
     {"记账日", "交易日期", "交易时间", "支出", "收入", "账户余额", "币种", "摘要", "对方账号", "对方户名", "交易地点"},
     {{"20260901", "20260901", "18:53:19", "40.00", "0.00", "1.00", "人民币", "消费", "", "", "支付宝-书店"},
      {"20260902", "20260902", "08:00:00", "0.00", "5.00", "6.00", "人民币", "转账", "1", "张三", ""}}},
    {"cmb_debit",
     "",
     0,
     2,
     1000,
     0,
     {"记账日期", "货币", "交易金额", "联机余额", "交易摘要", "对手信息", "客户摘要"},
     {{"2026-09-01", "CNY", "-10.00", "1.00", "快捷支付", "书店888888888", "抖音支付-书店"},
      {"2026-09-02", "CNY", "-1,000.00", "1.00", "银联ATM取款", "", ""}}},
    {"cmb_credit",
     "招商银行信用卡对账单（2026年01月）\n",
     0,
     3,
     4600,
     0,
     {"交易日", "记账日", "交易摘要", "人民币金额", "卡号末四位", "交易地金额"},
     {{"12/31", "01/02", "支付宝-书店", "50.00", "1234", "50.00(CN)"},
      {"01/03", "01/04", "支付宝-书店", "-4.00", "1234", "-4.00(CN)"}}},
    {"boc_credit",
     "",
     0,
     5,
     500,
     0,
     {"交易日", "银行记账日", "卡号后四位", "交易描述", "存入", "支出", "币种"},
     {{"2026-09-01", "2026-09-02", "2875", "网银在线-京东商城业务CHN", "", "9.00", "CNY"},
      {"2026-09-03", "2026-09-03", "2875", "网银在线CHN", "4.00", "", "CNY"}}},
    {"boc_debit",
     "",
     0,
     3,
     900,
     0,
     {"记账日期", "记账时间", "币别", "金额", "余额", "交易名称", "附言", "对方账户名", "借记卡号"},
     {{"2026-09-01", "17:57:17", "人民币", "-9.00", "1.00", "网上快捷支付", "支付宝-李四", "支付宝-李四", "3167"},
      {"2026-09-02", "08:00:00", "人民币", "5.00", "6.00", "网上快捷提现", "----------", "支付宝-李四", "3167"}}},
    {"bocom_credit",
     "",
     0,
     4,
     700,
     0,
     {"交易日期", "记账日期", "交易说明", "交易币种/金额", "入账币种/金额"},
     {{"2026-09-01", "2026-09-02", "消费 Suica Charge", "JPY 200.00", "CNY 10.00"},
      {"2026-09-03", "2026-09-03", "退货 美团", "CNY3.00", "CNY3.00"}}},
    {"bocom_debit",
     "",
     1,
     5,
     1000,
     123,
     {"序号", "交易日期", "交易时间", "交易类型", "借贷", "交易金额", "余额", "对方户名", "交易地点", "摘要"},
     {{"1", "2026-09-01", "08:00:00", "网上支付", "借 Dr", "10.00", "1.00", "网上国网", "网上国网", ""},
      {"2", "2026-09-02", "00:00:00", "存款利息", "贷 Cr", "1.23", "1.00", "利息", "批处理", ""}}},
    {"abc_debit",
     "",
     0,
     3,
     1000,
     5,
     {"交易日期", "交易时间", "交易摘要", "交易金额", "本次余额", "对手信息", "日 志 号", "交易附言"},
     {{"20260901", "132324", "财付通", "-10.00", "1.00", "微信支付一卡通", "1", "UA01微信支付-一卡通"},
      {"20260902", "", "结息", "+0.05", "1.00", "--", "2", "个人活期结息"}}},
    {"cgb_credit",
     "",
     0,
     3,
     700,
     0,
     {"交易日期", "入账日期", "交易摘要", "入账金额", "入账货币"},
     {{"2026/09/01", "2026/09/02", "（消费）店A", "10.00", "人民币"},
      {"2026/09/03", "2026/09/03", "（退款）店A", "-3.00", "人民币"}}},
    {"citic_credit",
     "",
     0,
     7,
     1950,
     0,
     {"交易日期", "入账日期", "交易描述", "卡末四位", "交易币种", "结算币种", "交易金额", "结算金额"},
     {{"2026-09-01", "2026-09-02", "财付通－面馆", "75", "CNY", "CNY", "20.00", "20.00"},
      {"2026-09-03", "2026-09-03", "支付宝－面馆", "75", "CNY", "CNY", "-0.50", "-0.50"}}},
    {"spdb_debit",
     "",
     1,
     4,
     1000,
     2000,
     {"顺序号", "交易日期", "交易类型", "存入金额", "取出金额", "余额", "交易对手名称", "附言"},
     {{"1", "2026/09/01  14:06:51", "网上支付-支付宝", "", "10.00", "1.00", "面馆", ""},
      {"2", "2026/09/02  08:00:00", "转账", "20.00", "", "1.00", "张三", ""}}},
    {"hsbc_hk_credit",
     "",
     0,
     3,
     1700,
     0,
     {"Transaction date", "Post date", "Description", "Billing amount", "Billing currency", "Merchant name"},
     {{"31/08/2026", "01/09/2026", "SALES: CAFE", "-20.00", "HKD", "CAFE"},
      {"02/09/2026", "03/09/2026", "RETURN: CAFE", "3.00", "HKD", "CAFE"}}},
    {"hsbc_hk_debit",
     "",
     0,
     2,
     2000,
     500,
     {"Date", "Description", "Billing amount", "Billing currency", "Balance", "Balance currency"},
     {{"31/08/2026", "POS PURCHASE", "-20.00", "HKD", "1.00", "HKD"},
      {"02/09/2026", "INTEREST CREDIT", "5.00", "HKD", "1.00", "HKD"}}},
    {"feidee",
     "",
     1,
     5,
     1000,
     500,
     {"交易类型", "日期", "分类", "子分类", "账户1", "金额", "成员", "商家", "项目", "备注"},
     {{"支出", "2026-09-01 08:00:00", "餐饮", "早餐", "现金", "10.00", "我", "面馆", "", ""},
      {"收入", "2026-09-02", "职业", "兼职", "现金", "5.00", "我", "", "", ""}}},
    {"htsec",
     "",
     2,
     4,
     60,
     0,
     {"证券代码", "证券名称", "成交日期", "成交时间", "成交金额", "发生金额", "操作", "手续费", "印花税", "过户费"},
     {{"159938", "某ETF", "20260901", "10:51:44", "1.00", "-1.10", "买", "0.10", "0", "0"},
      {"159938", "某ETF", "20260902", "10:51:44", "2.00", "1.50", "卖", "0.20", "0.10", "0.20"}}},
    {"hxsec",
     "",
     0,
     5,
     10,
     1500,
     {"交收日期", "成交时间", "业务名称", "证券代码", "证券名称", "成交金额", "总费用", "清算金额", "币种"},
     {{"20260901", "10:51:44", "证券买入", "159938", "某ETF", "1.00", "0.10", "-1.10", "人民币"},
      {"20260902", "00:00:00", "红利入账", "159938", "某ETF", "15.00", "0.00", "15.00", "人民币"}}},
    {"huobi",
     "",
     0,
     6,
     0,
     0,
     {"时间", "交易类型", "交易对", "方向", "价格", "数量", "成交额", "手续费"},
     {{"2026-09-01 09:56:20", "币币交易", "BTC/USDT", "卖出", "49850.00", "0.1", "5.38380000", "0.001BTC"},
      {"2026-09-02 09:56:20", "币币交易", "BTC/USDT", "买入", "49850.00", "0.1", "5.38380000", "0.001BTC"}}},
    {"bmo_credit",
     "Following data is valid as of 202609010942432:\n\n",
     2,
     4,
     700,
     0,
     {"Item #", "Card #", "Transaction Date", "Posting Date", "Transaction Amount", "Description"},
     {{"1", "'5191230567984561'", "20260901", "20260902", "10.0", "CAFE"},
      {"2", "'5191230567984561'", "20260903", "20260903", "-3.0", "CAFE"}}},
    {"bmo_debit",
     "",
     2,
     3,
     5000,
     1,
     {"First Bank Card", "Transaction Type", "Date Posted", " Transaction Amount", "Description"},
     {{"'5678653123124124'", "DEBIT", "20260901", "-50.0", "[CW]HYDRO"},
      {"'5678653123124124'", "CREDIT", "20260902", "0.01", "[DN]DIV"}}},
};
#define SAMPLE_COUNT (sizeof samples / sizeof *samples)

typedef struct twist {
    size_t turn; /* columns moved round */
    bool more;   /* a column that nobody knows, first */
    int without; /* a column that is taken out, or -1 */
    int broken;  /* a column of the first row that reads "?", or -1 */
} twist;

static void put_line(tael__buffer *b, const char *const *cell, twist t, bool first, const char *more)
{
    size_t n = 0, put = 0;
    while (n < 14 && cell[n]) n++;
    if (t.more) tael__buffer_format(b, "%s,", more);
    for (size_t i = 0; i < n; i++) {
        size_t at = (i + t.turn) % n;
        if ((int)at == t.without) continue;
        tael__buffer_format(b, "%s\"%s\"", put++ ? "," : "", first && (int)at == t.broken ? "?" : cell[at]);
    }
    tael__buffer_text(b, "\r\n");
}

static tael_status import_sample(tael_ledger *ledger, const sample *s, twist t, tael_import_report *report)
{
    tael__buffer b = {.max = 65536};
    tael__buffer_text(&b, s->before);
    put_line(&b, s->header, t, false, "新列");
    put_line(&b, s->row[0], t, true, "1.00");
    put_line(&b, s->row[1], t, false, "2.00");
    tael_status status = tael__ledger_import_bytes(ledger, "test", b.data, b.size, NULL, report);
    tael__buffer_free(&b);
    return status;
}

static void columns_may_come_in_any_order_with_others_between(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const sample *s = &samples[i];
        for (size_t turn = 0; turn < 22; turn++) {
            tael_ledger *ledger = memory_ledger();
            tael_import_report report;
            assert_ok(import_sample(ledger, s, (twist){turn / 2, turn % 2, -1, -1}, &report));
            assert_string_equal(report.format, s->format);
            if (report.skipped_count) fail_msg("%s: %s", s->format, report.skipped[0].reason);
            if (total(ledger, TAEL_EXPENSE) != s->spent || total(ledger, TAEL_INCOME) != s->income)
                fail_msg("%s, turn %zu: %lld spent, %lld income", s->format, turn,
                         (long long)total(ledger, TAEL_EXPENSE), (long long)total(ledger, TAEL_INCOME));
            tael_import_report_free(&report);
            tael_ledger_close(ledger);
        }
    }
}

static void a_bill_that_lost_a_column_is_refused_by_the_columns_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLE_COUNT; i++) {
        const sample *s = &samples[i];
        char name[64] = "";
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_status(import_sample(ledger, s, (twist){0, false, s->amount, -1}, &report), TAEL_UNSUPPORTED);
        strncat(name, s->header[s->amount] + strspn(s->header[s->amount], " "), 9); /* brackets differ in width */
        if (!strstr(tael_error(), name)) fail_msg("%s: %s", s->format, tael_error());
        assert_int_equal(row_count(ledger), 0);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

static void a_row_that_cannot_be_read_is_named_and_the_other_stays(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2 * SAMPLE_COUNT; i++) {
        const sample *s = &samples[i / 2];
        uint32_t line = 2;
        for (const char *c = s->before; *c; c++) line += *c == '\n';
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_ok(import_sample(ledger, s, (twist){0, false, -1, i % 2 ? s->date : s->amount}, &report));
        assert_int_equal(report.rows, 2);
        assert_int_equal(report.imported, 1);
        assert_int_equal(report.skipped_count, 1);
        assert_int_equal(report.skipped[0].line, line);
        assert_null(strstr(report.skipped[0].reason, "?"));
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_has_its_totals),
        cmocka_unit_test(books_and_brokers_have_their_totals),
        cmocka_unit_test(currencies_are_never_added),
        cmocka_unit_test(columns_may_come_in_any_order_with_others_between),
        cmocka_unit_test(a_bill_that_lost_a_column_is_refused_by_the_columns_name),
        cmocka_unit_test(a_row_that_cannot_be_read_is_named_and_the_other_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
