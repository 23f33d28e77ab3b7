// SPDX-License-Identifier: Apache-2.0
/* What recurs, is due, stands out and will be spent: asked as people ask, read without a model, answered from a life of
 * a year whose days and sums were set by hand. A wrong answer names what has ended, takes a one-off for a habit,
 * forgets the window of a date, gives a figure whose rows aren't its own, or tells habits that the owner doesn't want
 * learned. */
#include <stdlib.h>

#include <tael/habits.h>

#include "assistant/internal.h"
#include "ledger/bills.h"

static const char today_text[] = "2026-11-20"; /* a Friday */

typedef struct life {
    tael__buffer bill;
    int rows;
} life;

static void pay(life *l, tael__date date, const char *clock, const char *kind, const char *merchant, const char *item,
                int64_t minor, bool income)
{
    if (l->rows++ == 0) {
        l->bill.max = 1u << 22;
        assert_ok(tael__buffer_text(&l->bill, ALIPAY_HEADER));
    }
    assert_ok(tael__buffer_format(&l->bill, "%s %s,%s,%s,/,%s,%s,%lld.%02d,余额,交易成功,%09d,,,\r\n",
                                  tael__date_text(date), clock, kind, merchant, item, income ? "收入" : "支出",
                                  (long long)(minor / 100), (int)(minor % 100), l->rows));
}

static tael__date day(const char *text)
{
    tael__date date;
    assert_true(tael__date_parse(&date, text));
    return date;
}

/* Rent on the 3rd, a subscription on the 18th that rose in June, another that ended in May, a salary on the 10th. */
static void pay_what_recurs(life *l)
{
    for (int month = 0; month < 12; month++) {
        tael__date third = tael__date_add_months(day("2025-12-03"), month);
        tael__date tenth = tael__date_add_days(third, 7), last = tael__date_add_days(third, 15);
        pay(l, third, "09:00:00", "转账红包", "房东王姐", "房租", 260000, false);
        pay(l, tenth, "10:00:00", "收入", "某某公司", "工资", 1500000, true);
        pay(l, last, "11:00:00", "文化休闲", "爱奇艺", "连续包月", month < 6 ? 2500 : 3000, false);
        if (month < 6) pay(l, tael__date_add_days(third, 2), "11:00:00", "文化休闲", "夸克网盘", "会员", 1000, false);
    }
}

/* Cat food from two shops every four weeks or so, the last 30 days ago; litter every three weeks, the last 5 days ago.
 */
static void pay_what_runs_out(life *l)
{
    static const int food[] = {27, 29, 28, 28, 27, 29}, litter[] = {24, 17, 22, 19};
    tael__date at = tael__date_add_days(day(today_text), -30);
    for (int i = 0; i < 12; i++, at = tael__date_add_days(at, -food[i % 6]))
        pay(l, at, "20:10:00", "宠物", i % 2 ? "波奇宠物" : "京东", i % 2 ? "皇家猫粮 2kg" : "渴望猫粮", 12800, false);
    at = tael__date_add_days(day(today_text), -5);
    for (int i = 0; i < 12; i++, at = tael__date_add_days(at, -litter[i % 4]))
        pay(l, at, "20:20:00", "宠物", "京东", "豆腐猫砂", 4500, false);
}

/* Lunch each day at the same price but for weekends; one that was paid twice; a trip to the furniture shop. */
static void pay_each_day(life *l)
{
    for (int ago = 340; ago >= 0; ago--) {
        tael__date date = tael__date_add_days(day(today_text), -ago);
        int weekday = tael__weekday(date);
        pay(l, date, "12:05:00", "餐饮美食", weekday > 5 ? "老乡鸡" : "公司食堂", "午餐", weekday > 5 ? 4200 : 1800,
            false);
        if (weekday <= 5) pay(l, date, "08:15:00", "交通出行", "成都地铁", "地铁出行", 400, false);
    }
    pay(l, day("2026-11-14"), "19:00:05", "餐饮美食", "海底捞火锅", "堂食", 23800, false);
    pay(l, day("2026-11-14"), "19:00:40", "餐饮美食", "海底捞火锅", "堂食", 23800, false);
    pay(l, day("2026-08-08"), "15:00:00", "日用百货", "宜家", "书架", 49900, false);
}

static tael_ledger *ledger_of(life *l)
{
    tael_ledger *ledger = memory_ledger();
    tael_categorizer *categorizer;
    tael_import_report report;
    assert_ok(tael_categorizer_open(&categorizer, NULL));
    tael_import_options o = {.size = sizeof o, .categorize = tael_categorizer_category, .categorize_user = categorizer};
    if (l->rows) assert_ok(tael__ledger_import_bytes(ledger, "test", l->bill.data, strlen(l->bill.data), &o, &report));
    if (l->rows) tael_import_report_free(&report);
    tael_categorizer_close(categorizer);
    tael__buffer_free(&l->bill);
    return ledger;
}

typedef struct world {
    tael_ledger *ledger;
    tael__intents *intents;
} world;

static int open_world(void **state)
{
    static world w;
    life l = {.rows = 0};
    pay_what_recurs(&l);
    pay_what_runs_out(&l);
    pay_each_day(&l);
    w.ledger = ledger_of(&l);
    *state = &w;
    return tael__intents_open(&w.intents) == TAEL_OK ? 0 : -1;
}

static int close_world(void **state)
{
    world *w = *state;
    tael_ledger_close(w->ledger);
    tael__intents_close(w->intents);
    return 0;
}

/* Reads and answers a question; the examples must be sure of it, for there is no model. The job is the caller's
 * (done). */
static tael__job *ask_of(const world *w, tael_ledger *ledger, const char *question)
{
    static tael__plan plan;
    tael__job *job = calloc(1, sizeof *job);
    tael_ask_options options = {.size = sizeof options};
    tael_generation timing;
    tael__buffer json = {.max = 1 << 16};
    assert_non_null(job);
    plan = (tael__plan){0};
    *job = (tael__job){.ledger = ledger,
                       .question = question,
                       .plan = &plan,
                       .today = day(today_text),
                       .chinese = (uint8_t)question[0] >= 0x80,
                       .route = "ledger",
                       .text = {.max = 1 << 16}};
    assert_ok(tael_ledger_summarize(ledger, &job->summary));
    assert_ok(tael__merchants_read(&job->merchants, ledger));
    tael__when_find(&job->when, question, job->today);
    assert_ok(tael__job_understand(job, w->intents, NULL, &options, &json, &timing));
    assert_ok(tael__job_answer(job));
    tael__buffer_free(&json);
    return job;
}

static void done(tael__job *job)
{
    tael__job_free(job);
    free(job);
}

static bool says(const tael__job *job, const char *text)
{
    return job->text.data && strstr(job->text.data, text);
}

/* The figure of this name; every figure must have rows and say where it comes from. */
static const tael_figure *figure(const tael__job *job, const char *name)
{
    for (size_t i = 0; i < job->figure_count; i++) {
        assert_true(job->figures[i].query[0] != '\0');
        assert_true(job->figures[i].record_count > 0);
    }
    for (size_t i = 0; i < job->figure_count; i++)
        if (strcmp(job->figures[i].name, name) == 0) return &job->figures[i];
    return NULL;
}

static void expect_money(const tael__job *job, const char *name, int64_t minor)
{
    const tael_figure *f = figure(job, name);
    if (!f || !f->is_money || f->minor != minor)
        fail_msg("%s: no %s of %lld in \"%s\"", job->question, name, (long long)minor, job->text.data);
}

static double number(const tael__job *job, const char *name)
{
    const tael_figure *f = figure(job, name);
    if (!f) fail_msg("%s: no %s in \"%s\"", job->question, name, job->text.data);
    return f ? f->value : 0;
}

static void expect_text(const tael__job *job, const char *name, const char *text)
{
    const tael_figure *f = figure(job, name);
    if (!f || !f->text || strcmp(f->text, text) != 0)
        fail_msg("%s: no %s %s in \"%s\"", job->question, name, text, job->text.data);
}

static void expect_said(const tael__job *job, const char *text)
{
    if (!says(job, text)) fail_msg("%s: \"%s\" isn't in \"%s\"", job->question, text, job->text.data);
}

/* ---- What recurs ---- */

static void what_still_recurs_is_listed_with_its_sum(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "还在每月扣款的有哪些？一共多少？");
    expect_money(job, "房东王姐（房租）", 260000);
    expect_money(job, "爱奇艺（连续包月）", 3000);
    expect_money(job, "每月合计", 263000);
    assert_null(strstr(job->text.data, "夸克网盘"));
    assert_null(strstr(job->text.data, "某某公司"));
    assert_int_equal(figure(job, "房东王姐（房租）")->record_count, 12);
    expect_said(job, "下次 2026-12-03");
    done(job);
    job = ask_of(w, w->ledger, "which subscriptions am i paying for");
    expect_money(job, "爱奇艺 (连续包月)", 3000);
    assert_null(strstr(job->text.data, "房东王姐"));
    expect_said(job, "¥30.00 a month (next 2026-12-18)");
    done(job);
}

static void a_price_rise_is_told_from_the_steps(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "爱奇艺涨价了吗");
    expect_money(job, "涨了", 500);
    expect_text(job, "自", "2026-06-18");
    done(job);
    job = ask_of(w, w->ledger, "房租涨了吗");
    expect_said(job, "没有涨价");
    done(job);
    job = ask_of(w, w->ledger, "哪些会员涨价了");
    expect_money(job, "涨了", 500);
    done(job);
    job = ask_of(w, w->ledger, "what has become more expensive");
    expect_money(job, "爱奇艺 (连续包月)", 500);
    done(job);
}

/* ---- When it comes next ---- */

static void the_next_date_is_what_recurs_or_a_guess(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "下次交房租是什么时候？");
    expect_text(job, "下次", "2026-12-03");
    expect_said(job, "每月");
    done(job);
    job = ask_of(w, w->ledger, "when is my next rent due?");
    expect_text(job, "next", "2026-12-03");
    done(job);
    job = ask_of(w, w->ledger, "下次发工资是哪天");
    expect_text(job, "下次", "2026-12-10");
    done(job);
    job = ask_of(w, w->ledger, "下次夸克网盘是什么时候");
    expect_said(job, "看来已经停了");
    expect_text(job, "最近一次", "2026-05-05");
    done(job);
    job = ask_of(w, w->ledger, "when is the next cat litter");
    assert_non_null(figure(job, "next (estimate)"));
    expect_said(job, "between");
    done(job);
    job = ask_of(w, w->ledger, "接下来要扣哪些钱");
    assert_string_equal(job->figures[0].text, "2026-12-03"); /* the soonest */
    done(job);
}

/* ---- Whether it is due ---- */

static void cat_food_is_due_and_litter_is_not(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "该买猫粮了吗？");
    expect_text(job, "该不该", "该了");
    expect_money(job, "通常金额", 12800);
    assert_true(number(job, "距上次天数") == 30);
    assert_true(number(job, "通常间隔") >= 27 && number(job, "通常间隔") <= 29);
    assert_int_equal(figure(job, "通常间隔")->record_count, 12); /* of both shops */
    expect_said(job, "上次是 30 天前（2026-10-21）");
    done(job);
    job = ask_of(w, w->ledger, "do i need to buy cat litter yet?");
    expect_text(job, "is it due", "not yet");
    assert_true(number(job, "days left (estimate)") >= 13 && number(job, "days left (estimate)") <= 18);
    done(job);
    job = ask_of(w, w->ledger, "猫砂还能用多久");
    expect_said(job, "大概还有 1");
    done(job);
    job = ask_of(w, w->ledger, "该交房租了吗");
    expect_text(job, "该不该", "还不用");
    done(job);
    job = ask_of(w, w->ledger, "该买什么了");
    assert_true(job->figure_count > 0);
    done(job);
}

static void one_purchase_tells_no_habit(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "下次去宜家是什么时候");
    expect_text(job, "最近一次", "2026-08-08");
    expect_said(job, "只有过一次");
    done(job);
    job = ask_of(w, w->ledger, "do i need to buy toothpaste yet?");
    assert_string_equal(job->route, "no_data");
    assert_int_equal(job->figure_count, 0);
    done(job);
}

/* ---- What is still to be spent ---- */

static void the_month_is_foreseen_with_its_range(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "这个月大概还要花多少？");
    const tael_figure *rest = figure(job, "本月余下（估计）"), *whole = figure(job, "全月（估计）"),
                      *low = figure(job, "全月低值（10%）"), *high = figure(job, "全月高值（90%）"),
                      *spent = figure(job, "本月已花");
    assert_true(rest && whole && low && high && spent);
    /* Ten days of lunch, the 21st and 22nd, 28th and 29th on a weekend: 276.00, and now and then more. */
    assert_true(rest->minor >= 20000 && rest->minor <= 60000);
    assert_int_equal(whole->minor, spent->minor + rest->minor);
    assert_true(low->minor <= whole->minor && whole->minor <= high->minor);
    assert_ptr_equal(rest, &job->figures[0]);
    expect_said(job, "估计");
    done(job);
    job = ask_of(w, w->ledger, "predict my total for this month");
    assert_string_equal(job->figures[0].name, "whole month (estimate)");
    done(job);
    job = ask_of(w, w->ledger, "这个月房租还要交多少"); /* paid on the 3rd */
    expect_money(job, "本月余下（估计）", 0);
    done(job);
    job =
        ask_of(w, w->ledger, "how much more will i spend on transport this month"); /* six workdays, a category's own */
    assert_true(figure(job, "whole month, low (10 %)") && figure(job, "whole month, high (90 %)"));
    assert_in_range(figure(job, "rest of the month (estimate)")->minor, 1600, 3200);
    done(job);
    job = ask_of(w, w->ledger, "这个月吃饭还要花多少");
    assert_true(figure(job, "本月余下（估计）")->minor >= 20000 && figure(job, "本月余下（估计）")->minor <= 60000);
    done(job);
}

static void other_times_are_not_foretold(void **state)
{
    const world *w = *state;
    tael__job *job = ask_of(w, w->ledger, "下个月会花多少");
    expect_said(job, "2026-12-01 至 2026-12-31");
    expect_said(job, "还预测不了");
    expect_money(job, "其中定期款项", 263000);
    done(job);
    job = ask_of(w, w->ledger, "how much will i spend next week");
    expect_said(job, "from 2026-11-23 to 2026-11-29");
    assert_null(figure(job, "of it known to recur"));
    assert_non_null(figure(job, "at the average of late"));
    done(job);
}

/* ---- What stands out ---- */

static void a_double_charge_is_found_with_both_rows(void **state)
{
    const world *w = *state;
    static const char *const questions[] = {"最近有什么异常消费吗？", "有没有重复扣款", "海底捞是不是扣了两次"};
    for (size_t i = 0; i < 3; i++) {
        tael__job *job = ask_of(w, w->ledger, questions[i]);
        expect_money(job, "海底捞", 23800);
        expect_text(job, "日期", "2026-11-14");
        assert_int_equal(job->figures[0].record_count, 2);
        done(job);
    }
    tael__job *job = ask_of(w, w->ledger, "was i charged twice?");
    expect_said(job, "paid twice");
    done(job);
    job = ask_of(w, w->ledger, "爱奇艺有没有重复扣费");
    expect_said(job, "没有发现重复扣款");
    assert_int_equal(job->figure_count, 0);
    done(job);
    job = ask_of(w, w->ledger, "anything unusual in September?");
    assert_string_equal(job->route, "no_data");
    done(job);
}

/* ---- Without habits, without rows ---- */

static const char *const of_habits[] = {
    "还在每月扣款的有哪些？", "哪些会员涨价了", "下次交房租是什么时候？", "该买猫粮了吗？", "该买什么了",
    "这个月大概还要花多少？", "下个月会花多少", "最近有什么异常消费吗？", "有没有重复扣款", "when is my next payment",
    "was i charged twice?"};

static void habits_that_are_not_wanted_are_not_told(void **state)
{
    const world *w = *state;
    assert_ok(tael_consent_set(w->ledger, "habits", false));
    for (size_t i = 0; i < sizeof of_habits / sizeof *of_habits; i++) {
        tael__job *job = ask_of(w, w->ledger, of_habits[i]);
        if (strcmp(job->route, "not_allowed") != 0) fail_msg("%s: %s: %s", of_habits[i], job->route, job->text.data);
        expect_said(job, "tael consent habits on");
        done(job);
    }
    tael__job *job = ask_of(w, w->ledger, "下次交房租是什么时候？");
    expect_text(job, "最近一次", "2026-11-03"); /* this much the ledger knows */
    done(job);
    job = ask_of(w, w->ledger, "爱奇艺涨价了吗");
    expect_money(job, "涨了", 500); /* told from the payments */
    done(job);
    job = ask_of(w, w->ledger, "上个月房租花了多少");
    expect_money(job, "支出", 260000);
    done(job);
    assert_ok(tael_consent_set(w->ledger, "habits", true));
    job = ask_of(w, w->ledger, "该买猫粮了吗？");
    assert_string_equal(job->route, "ledger");
    done(job);
}

static void an_empty_ledger_and_one_record_have_sentences(void **state)
{
    const world *w = *state;
    life none = {.rows = 0}, one = {.rows = 0};
    pay(&one, day("2026-11-02"), "12:00:00", "宠物", "京东", "渴望猫粮", 9900, false);
    tael_ledger *ledgers[] = {ledger_of(&none), ledger_of(&one)};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof of_habits / sizeof *of_habits; i++) {
            tael__job *job = ask_of(w, ledgers[k], of_habits[i]);
            assert_true(job->text.size > 0 && !says(job, "nan") && !says(job, "inf"));
            if (k == 0) assert_string_equal(job->route, "no_data");
            if (k == 0) assert_int_equal(job->figure_count, 0);
            done(job);
        }
    }
    tael__job *job = ask_of(w, ledgers[1], "该买猫粮了吗？");
    expect_text(job, "最近一次", "2026-11-02");
    done(job);
    for (size_t k = 0; k < 2; k++) tael_ledger_close(ledgers[k]);
}

/* ---- Times to come ---- */

static void times_to_come_are_found(void **state)
{
    (void)state;
    static const struct {
        const char *question, *from, *to;
    } cases[] = {
        {"下周会花多少", "2026-11-23", "2026-11-29"},
        {"how much will I spend next month?", "2026-12-01", "2026-12-31"},
        {"明天大概花多少", "2026-11-21", "2026-11-21"},
        {"接下来10天要花多少", "2026-11-21", "2026-11-30"},
        {"the next two weeks", "2026-11-21", "2026-12-04"},
        {"到年底还要花多少", "2026-11-21", "2026-12-31"},
        {"next year", "2027-01-01", "2027-12-31"},
        {"下个季度", "2027-01-01", "2027-03-31"},
        {"这个月大概还要花多少", NULL, NULL},
        {"the next one, when?", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael__period p;
        bool found = tael__ahead_find(&p, cases[i].question, day(today_text));
        assert_int_equal(found, cases[i].from != NULL);
        if (!found) continue;
        assert_string_equal(tael__date_text(p.from), cases[i].from);
        assert_string_equal(tael__date_text(p.to), cases[i].to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_still_recurs_is_listed_with_its_sum),
        cmocka_unit_test(a_price_rise_is_told_from_the_steps),
        cmocka_unit_test(the_next_date_is_what_recurs_or_a_guess),
        cmocka_unit_test(cat_food_is_due_and_litter_is_not),
        cmocka_unit_test(one_purchase_tells_no_habit),
        cmocka_unit_test(the_month_is_foreseen_with_its_range),
        cmocka_unit_test(other_times_are_not_foretold),
        cmocka_unit_test(a_double_charge_is_found_with_both_rows),
        cmocka_unit_test(habits_that_are_not_wanted_are_not_told),
        cmocka_unit_test(an_empty_ledger_and_one_record_have_sentences),
        cmocka_unit_test(times_to_come_are_found),
    };
    return cmocka_run_group_tests_name("assistant/habits", tests, open_world, close_world);
}
