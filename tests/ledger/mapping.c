// SPDX-License-Identifier: Apache-2.0
// What the owner says about columns, and books of other apps. A wrong implementation forgets it, reads another bank's
// header by it, counts the rows of a wrong guess beside the right ones, or takes a transfer in a book for spending.
#include "bills.h"

static const char bill[] =
    "日期,金额,对方,事由,实付\n2026-09-01,30.00,面馆,午饭,28.00\n2026-09-02,10.00,书店,书,-10.00\n";

static tael_status import(tael_ledger *ledger, const char *text, const char *mapping, tael_import_report *report)
{
    tael_import_options o = {.size = sizeof o, .mapping = mapping};
    return tael__ledger_import_bytes(ledger, "t", text, strlen(text), &o, report);
}

static void put(tael_ledger *ledger, const char *text, const char *mapping, bool mapped, uint64_t imported,
                uint64_t replaced)
{
    tael_import_report report;
    assert_ok(import(ledger, text, mapping, &report));
    assert_int_equal(report.mapped, mapped);
    assert_int_equal(report.imported, imported);
    assert_int_equal(report.replaced, replaced);
    assert_int_equal(report.skipped_count, 0);
    tael_import_report_free(&report);
}

static int count_mapping(const tael_mapping *m, void *user)
{
    ++*(int64_t *)user;
    assert_string_equal(m->header, "日期, 金额, 对方, 事由, 实付");
    return 0;
}

static void what_was_said_is_kept_and_replaces_the_guess(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    int64_t kept = 0;
    put(ledger, bill, NULL, false, 2, 0); /* 金额, all spending */
    assert_int_equal(total(ledger, TAEL_EXPENSE), 4000);
    put(ledger, bill, "time=日期, amount=实付，merchant=对方,item=事由,sign=plus", true, 2, 2);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 2800);
    assert_int_equal(total(ledger, TAEL_INCOME), 1000); /* -10.00, where plus is spending */
    assert_int_equal(row_count(ledger), 2);
    put(ledger, bill, NULL, true, 0, 0); /* known, and read as was said */
    /* Another month of that bank needs no word; another header isn't read by it. */
    put(ledger, "日期,金额,对方,事由,实付\n2026-10-01,9.00,面馆,面,8.00\n", NULL, true, 1, 0);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 3600);
    put(ledger, "日期,金额,对方,事由\n2026-10-02,1.00,面馆,面\n", NULL, false, 1, 0);
    assert_ok(tael_ledger_mappings(ledger, count_mapping, &kept));
    assert_int_equal(kept, 1);
    assert_ok(tael_ledger_forget_mapping(ledger, 1));
    assert_status(tael_ledger_forget_mapping(ledger, 1), TAEL_NOT_FOUND);
    put(ledger, bill, NULL, false, 2, 2); /* guessed again */
    assert_int_equal(row_count(ledger), 4);
    tael_ledger_close(ledger);
}

static void a_trial_keeps_nothing(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    int64_t kept = 0;
    tael_import_options o = {.size = sizeof o, .dry_run = true, .mapping = "time=日期,amount=实付,item=事由"};
    put(ledger, bill, NULL, false, 2, 0);
    assert_ok(tael__ledger_import_bytes(ledger, "t", bill, sizeof bill - 1, &o, &report));
    assert_int_equal(report.replaced, 2);
    tael_import_report_free(&report);
    assert_ok(tael_ledger_mappings(ledger, count_mapping, &kept));
    assert_int_equal(kept, 0);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 4000);
    tael_ledger_close(ledger);
}

static void names_with_commas_and_odd_dates_can_be_said(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put(ledger, "\"When, local\",\"a=b\",What\n03/04/2026,1.50,x\n",
        "time=When\\, local,amount=a\\=b,item=what,dates=dmy", true, 1, 0);
    assert_int_equal(query(ledger, (tael_query){.filter = {.from = "2026-04-03", .to = "2026-04-03"}}).minor, 150);
    put(ledger, "收支,日期,in,out,备注\n收入,2026-09-01,5.00,,a\n支出,2026-09-02,,3.00,b\n",
        "time=日期,income=in,expense=out,note=备注", true, 2, 0);
    assert_int_equal(total(ledger, TAEL_INCOME), 500);
    assert_int_equal(total(ledger, TAEL_EXPENSE), 450);
    tael_ledger_close(ledger);
}

static void a_mapping_that_says_nothing_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",
                                        "time",
                                        "time=日期",
                                        "time=日期,amount=金额",
                                        "time=日期,amount=金额,shop=对方",
                                        "time=日期,time=日期,amount=金额,item=事由",
                                        "time=,amount=金额,item=事由",
                                        "time=日期,amount=金额,item=事由,sign=both",
                                        "time=日期,income=金额,item=事由",
                                        "=,=,="};
    tael_ledger *ledger = memory_ledger();
    tael_import_report report;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_status(import(ledger, bill, wrong[i], &report), TAEL_BAD_INPUT);
        tael_import_report_free(&report);
    }
    char long_one[8192];
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[sizeof long_one - 1] = '\0';
    assert_status(import(ledger, bill, long_one, &report), TAEL_BAD_INPUT);
    tael_import_report_free(&report);
    assert_status(import(ledger, bill, "time=日期,amount=没有,item=事由", &report), TAEL_UNSUPPORTED);
    assert_non_null(strstr(tael_error(), "header"));
    tael_import_report_free(&report);
    assert_int_equal(row_count(ledger), 0);
    tael_ledger_close(ledger);
}

/* Erasing everything forgets what was said; the rows of a guess leave no trace behind either. */
static void erasing_forgets(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    int64_t left = -1;
    put(ledger, bill, "time=日期,amount=实付,item=事由", true, 2, 0);
    assert_ok(tael_ledger_erase(ledger, "generic", NULL, NULL));
    assert_ok(tael__sql_number(ledger, &left, "SELECT count(*) FROM guessed", "test"));
    assert_int_equal(left, 0);
    assert_ok(tael__sql_number(ledger, &left, "SELECT count(*) FROM mappings", "test"));
    assert_int_equal(left, 1);
    assert_ok(tael_ledger_erase(ledger, NULL, NULL, NULL));
    assert_ok(tael__sql_number(ledger, &left, "SELECT count(*) FROM mappings", "test"));
    assert_int_equal(left, 0);
    tael_ledger_close(ledger);
}

/* Invented rows under the headers that these apps are known to write. */
static void books_of_other_apps_are_guessed_right(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t spent, income;
    } books[] = {
        /* 钱迹 */
        {"ID,时间,分类,二级分类,类型,金额,币种,账户1,账户2,备注,已报销,手续费,优惠券,记账者,账单标记,标签,账单图片\n"
         "qj1,2026-09-01 08:12:37,三餐,早餐,支出,25.00,CNY,支付宝,,豆浆,,,,我,,,\n"
         "qj2,2026-09-02 09:00:00,工资,,收入,9000.00,CNY,招行,,,,,,我,,,\n"
         "qj4,2026-09-02 10:00:00,三餐,,退款,5.00,CNY,支付宝,,,,,,我,,,\n"
         "qj3,2026-09-03 09:00:00,其它,,转账,500.00,CNY,招行,支付宝,,,,,我,,,\n",
         2000, 900000},
        /* 鲨鱼记账 */
        {"日期,收支类型,类别,金额,备注\n2026年09月01日,支出,餐饮,12.50,午饭\n2026年09月02日,收入,兼职,300.00,\n", 1250,
         30000},
        /* 随手记, a CSV of its rows */
        {"交易类型,日期,分类,子分类,账户1,账户2,金额,成员,商家,项目,备注\n支出,2026-09-01 "
         "08:00:00,食品酒水,早午晚餐,现金,,18.00,本人,面馆,,\n"
         "转账,2026-09-02 08:00:00,,,现金,招行,100.00,,,,\n",
         1800, 0},
    };
    for (size_t i = 0; i < sizeof books / sizeof *books; i++) {
        tael_ledger *ledger = memory_ledger();
        tael_import_report report;
        assert_ok(import(ledger, books[i].text, NULL, &report));
        if (report.skipped_count) fail_msg("book %zu: %s", i, report.skipped[0].reason);
        assert_int_equal(total(ledger, TAEL_EXPENSE), books[i].spent);
        assert_int_equal(total(ledger, TAEL_INCOME), books[i].income);
        tael_import_report_free(&report);
        tael_ledger_close(ledger);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_kept_and_replaces_the_guess),
        cmocka_unit_test(a_trial_keeps_nothing),
        cmocka_unit_test(names_with_commas_and_odd_dates_can_be_said),
        cmocka_unit_test(a_mapping_that_says_nothing_is_refused),
        cmocka_unit_test(erasing_forgets),
        cmocka_unit_test(books_of_other_apps_are_guessed_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
