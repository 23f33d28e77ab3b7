// SPDX-License-Identifier: Apache-2.0
/* From a plan to figures, without a model: a small bill whose sums were added by hand. Each case would notice a wrong
 * period, a refund counted twice or not at all, a word taken for another, or a figure whose rows don't add up to it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "assistant/internal.h"
#include "support.h"

/* Coffee in October: 18.00 + 32.00 (of which 32.00 came back) + 15.00 = 33.00 net; in September: 20.00. */
static const char bill[] =
    "------------------------------------------------------------------------------------\n"
    "导出信息：\n姓名：测试\n"
    "------------------------支付宝（中国）网络技术有限公司  电子客户回单------------------------\n"
    "交易时间,交易分类,交易对方,对方账号,商品说明,收/支,金额,收/付款方式,交易状态,交易订单号,商家订单号,备注,\n"
    "2026-10-20 09:10:00,餐饮美食,瑞幸咖啡,/,拿铁,支出,18.00,花呗,交易成功,2026102000001\t,M1\t,,\n"
    "2026-10-18 10:10:00,退款,星巴克,/,退款-美式,不计收支,32.00,花呗,退款成功,2026101800002_1\t,M2\t,,\n"
    "2026-10-18 10:00:00,餐饮美食,星巴克,/,美式,支出,32.00,花呗,交易关闭,2026101800002\t,M2\t,,\n"
    "2026-10-07 22:30:00,交通出行,滴滴出行,/,快车,支出,41.50,招商银行(9876),交易成功,2026100700003\t,M3\t,,\n"
    "2026-10-03 09:00:00,餐饮美食,瑞幸咖啡,/,生椰拿铁,支出,15.00,余额宝,交易成功,2026100300004\t,M4\t,,\n"
    "2026-09-30 12:00:00,转账红包,王小明,/,房租,支出,2500.00,余额宝,交易成功,2026093000005\t,M5\t,,\n"
    "2026-09-15 09:00:00,餐饮美食,星巴克,/,拿铁,支出,20.00,花呗,交易成功,2026091500006\t,M6\t,,\n"
    "2026-09-10 12:00:00,收入,某某公司,/,工资,收入,10000.00,,交易成功,2026091000007\t,M7\t,,\n"
    "2026-09-05 20:00:00,文化休闲,超级猩猩,/,团课,支出,89.00,花呗,交易成功,2026090500008\t,M8\t,,\n"
    "2026-09-01 20:00:00,信用借还,花呗,/,花呗主动还款,不计收支,300.00,余额宝,还款成功,2026090100009\t,M9\t,,\n";

static char *home;
static tael_ledger *ledger;

static int open_ledger(void **state)
{
    (void)state;
    home = temp_folder();
    const char *path = in_folder(home, "bill.csv");
    tael_import_report report = {0};
    if (tael__file_write(path, bill, sizeof bill - 1) != TAEL_OK) return -1;
    if (tael_ledger_open(&ledger, in_folder(home, "home"), NULL) != TAEL_OK) return -1;
    if (tael_ledger_import(ledger, path, NULL, &report) != TAEL_OK) return -1;
    int good = report.imported == 10 ? 0 : -1;
    tael_import_report_free(&report);
    return good;
}

static int close_ledger(void **state)
{
    (void)state;
    tael_ledger_close(ledger);
    temp_remove(home);
    return 0;
}

/* Answers `question` by this plan; the job is the caller's (done). */
static tael__job *ask(const char *question, const char *plan_json)
{
    static tael__plan plan;
    tael__job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    assert_ok(tael__plan_parse(&plan, plan_json));
    *job = (tael__job){.ledger = ledger,
                       .question = question,
                       .plan = &plan,
                       .today = {2026, 11, 5},
                       .chinese = true,
                       .route = "ledger",
                       .text = {.max = 1 << 16}};
    assert_ok(tael_ledger_summarize(ledger, &job->summary));
    assert_ok(tael__merchants_read(&job->merchants, ledger));
    tael__when_find(&job->when, question, job->today);
    assert_ok(tael__job_answer(job));
    return job;
}

static void done(tael__job *job)
{
    tael__job_free(job);
    free(job);
}

#define PLAN(about, rest)                                                                                          \
    "{\"about\":[" about "],\"not_about\":[],\"paid_with\":null,\"direction\":\"expense\",\"budget\":null,\"by\":" \
    "\"none\",\"rank\":\"amount\"," rest "}"

/* Keeps net sums of records by id. */
static int add_net(const tael_record *record, void *user)
{
    int64_t *net = user;
    if (record->id < 64) net[record->id] = record->minor - record->refunded_minor;
    return 0;
}

static void a_sum_is_net_of_refunds_and_its_rows_add_up(void **state)
{
    (void)state;
    tael__job *job = ask("上个月喝咖啡花了多少", PLAN("\"咖啡\"", "\"want\":\"sum\""));
    assert_string_equal(job->route, "ledger");
    assert_int_equal(job->figures[0].minor, 3300);
    int64_t net[64] = {0}, sum = 0;
    assert_ok(tael_ledger_records(ledger, NULL, 0, add_net, net, NULL));
    assert_true(job->figures[0].record_count >= 2);
    for (size_t i = 0; i < job->figures[0].record_count; i++) sum += net[job->figures[0].records[i]];
    assert_int_equal(sum, 3300);
    assert_non_null(strstr(job->text.data, "33.00"));
    done(job);
}

static void a_count_leaves_out_what_came_back(void **state)
{
    (void)state;
    tael__job *job = ask("10月买了几次咖啡", PLAN("\"咖啡\"", "\"want\":\"count\""));
    assert_true(job->figures[0].value == 2);
    done(job);
}

static void words_that_the_question_does_not_hold_filter_nothing(void **state)
{
    (void)state;
    tael__job *job = ask("9月一共花了多少", PLAN("\"我的钱包\",\"none\"", "\"want\":\"sum\""));
    assert_int_equal(job->figures[0].minor, 250000 + 2000 + 8900);
    done(job);
}

static void a_short_form_and_a_typo_find_the_merchant(void **state)
{
    (void)state;
    tael__job *job = ask("超猩上过几次课", PLAN("\"超猩\"", "\"want\":\"count\""));
    assert_true(job->figures[0].value == 1);
    done(job);
    job = ask("星巴客一共花了多少", PLAN("\"星巴客\"", "\"want\":\"sum\""));
    assert_int_equal(job->figures[0].minor, 2000);
    done(job);
}

static void what_the_ledger_lacks_is_said_and_not_invented(void **state)
{
    (void)state;
    static const char *const questions[] = {"在宜家花了多少", "今年潜水花了多少"},
                             *const plans[] = {PLAN("\"宜家\"", "\"want\":\"sum\""),
                                               PLAN("\"潜水\"", "\"want\":\"sum\"")};
    for (int i = 0; i < 2; i++) {
        tael__job *job = ask(questions[i], plans[i]);
        assert_string_equal(job->route, "no_data");
        assert_int_equal(job->figure_count, 0);
        assert_true(job->text.size > 0);
        done(job);
    }
}

static void out_of_scope_has_no_figure(void **state)
{
    (void)state;
    tael__job *job = ask("明天下雨吗", PLAN("", "\"want\":\"other\""));
    assert_string_equal(job->route, "out_of_scope");
    assert_int_equal(job->figure_count, 0);
    done(job);
}

static void two_months_are_compared(void **state)
{
    (void)state;
    tael__job *job = ask("10月比9月多花了多少", PLAN("", "\"want\":\"compare\""));
    assert_int_equal(job->figures[0].minor, 260900 - 7450);
    done(job);
    job = ask("10月咖啡比9月多了百分之几", PLAN("\"咖啡\"", "\"want\":\"compare\""));
    assert_string_equal(job->figures[0].unit, "percent");
    assert_true(job->figures[0].value == 65.0); /* 33 against 20 */
    done(job);
}

static void the_ranking_names_the_merchant(void **state)
{
    (void)state;
    tael__job *job =
        ask("10月哪家店花得最多", "{\"about\":[],\"not_about\":[],\"paid_with\":null,\"direction\":\"expense\","
                                  "\"want\":\"top\",\"by\":\"merchant\",\"rank\":\"amount\",\"budget\":null}");
    assert_string_equal(job->figures[0].text, "滴滴出行");
    assert_int_equal(job->figures[1].minor, 4150);
    done(job);
}

static void a_way_of_paying_and_an_exclusion_narrow(void **state)
{
    (void)state;
    tael__job *job =
        ask("9月花呗花了多少", "{\"about\":[],\"not_about\":[],\"paid_with\":\"花呗\",\"direction\":\"expense\","
                               "\"want\":\"sum\",\"by\":\"none\",\"rank\":\"amount\",\"budget\":null}");
    assert_int_equal(job->figures[0].minor, 2000 + 8900);
    done(job);
    job =
        ask("9月除了房租花了多少", "{\"about\":[],\"not_about\":[\"房租\"],\"paid_with\":null,\"direction\":"
                                   "\"expense\",\"want\":\"sum\",\"by\":\"none\",\"rank\":\"amount\",\"budget\":null}");
    assert_int_equal(job->figures[0].minor, 2000 + 8900);
    done(job);
}

static void the_last_time_has_its_date_amount_and_distance(void **state)
{
    (void)state;
    tael__job *job = ask("上次打车是什么时候", PLAN("\"打车\"", "\"want\":\"last\""));
    assert_string_equal(job->figures[0].text, "2026-10-07");
    assert_int_equal(job->figures[1].minor, 4150);
    assert_true(job->figures[2].value == 29);
    done(job);
}

static void a_budget_and_a_share_are_computed(void **state)
{
    (void)state;
    tael__job *job = ask("10月打车预算100还剩多少",
                         "{\"about\":[\"打车\"],\"not_about\":[],\"paid_with\":null,\"direction\":\"expense\",\"want\":"
                         "\"budget\",\"by\":\"none\",\"rank\":\"amount\",\"budget\":100}");
    assert_int_equal(job->figures[0].minor, 10000 - 4150);
    done(job);
    job = ask("10月打车占总支出的百分之几", PLAN("\"打车\"", "\"want\":\"share\""));
    assert_true(job->figures[0].value == 55.7); /* 41.50 of 74.50 */
    done(job);
}

static void income_is_not_spending(void **state)
{
    (void)state;
    tael__job *job =
        ask("9月工资多少", "{\"about\":[\"工资\"],\"not_about\":[],\"paid_with\":null,\"direction\":\"income\","
                           "\"want\":\"sum\",\"by\":\"none\",\"rank\":\"amount\",\"budget\":null}");
    assert_int_equal(job->figures[0].minor, 1000000);
    done(job);
}

static void the_schema_and_the_plan_agree(void **state)
{
    (void)state;
    tael__plan plan;
    assert_status(tael__plan_parse(&plan, "{}"), TAEL_INTERNAL);
    assert_status(tael__plan_parse(&plan, "not json"), TAEL_INTERNAL);
    for (int want = 0; want < TAEL__WANT_COUNT_OF; want++) {
        char json[256];
        snprintf(json, sizeof json, PLAN("", "\"want\":\"%s\""), tael__want_name((tael__want)want));
        assert_ok(tael__plan_parse(&plan, json));
        assert_int_equal(plan.want, want);
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\"", tael__want_name((tael__want)want));
        assert_non_null(strstr(tael__plan_schema(), quoted));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sum_is_net_of_refunds_and_its_rows_add_up),
        cmocka_unit_test(a_count_leaves_out_what_came_back),
        cmocka_unit_test(words_that_the_question_does_not_hold_filter_nothing),
        cmocka_unit_test(a_short_form_and_a_typo_find_the_merchant),
        cmocka_unit_test(what_the_ledger_lacks_is_said_and_not_invented),
        cmocka_unit_test(out_of_scope_has_no_figure),
        cmocka_unit_test(two_months_are_compared),
        cmocka_unit_test(the_ranking_names_the_merchant),
        cmocka_unit_test(a_way_of_paying_and_an_exclusion_narrow),
        cmocka_unit_test(the_last_time_has_its_date_amount_and_distance),
        cmocka_unit_test(a_budget_and_a_share_are_computed),
        cmocka_unit_test(income_is_not_spending),
        cmocka_unit_test(the_schema_and_the_plan_agree),
    };
    return cmocka_run_group_tests_name("assistant/answer", tests, open_ledger, close_ledger);
}
