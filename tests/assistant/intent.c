// SPDX-License-Identifier: Apache-2.0
// What is asked for, told from questions that stand in no example; what is strange in them; amounts.
#include <string.h>

#include "assistant/amounts.h"
#include "assistant/intent.h"
#include "support.h"

static int open_examples(void **state)
{
    return tael__intents_open((tael__intents **)state) != TAEL_OK;
}

static int close_examples(void **state)
{
    tael__intents_close(*state);
    return 0;
}

static void questions_of_no_example_are_read(void **state)
{
    static const struct {
        const char *masked;
        tael__want want;
        tael_group by;
        bool times, income;
    } cases[] = {
        {"T我在E里扔进去多少钱啊", TAEL__WANT_SUM, TAEL_BY_NONE, false, false},
        {"so how much money have i put into E T", TAEL__WANT_SUM, TAEL_BY_NONE, false, false},
        {"T光顾E多少回了", TAEL__WANT_COUNT, TAEL_BY_NONE, false, false},
        {"T最贵的那一单E", TAEL__WANT_LARGEST, TAEL_BY_NONE, false, false},
        {"which store did i visit most often T", TAEL__WANT_TOP, TAEL_BY_MERCHANT, true, false},
        {"T里头哪个月花得最少", TAEL__WANT_BOTTOM, TAEL_BY_MONTH, false, false},
        {"T和T相比差了多少钱", TAEL__WANT_COMPARE, TAEL_BY_NONE, false, false},
        {"T每个月的E都列出来看看", TAEL__WANT_LIST, TAEL_BY_MONTH, false, false},
        {"我上次去E是几号来着", TAEL__WANT_LAST, TAEL_BY_NONE, false, false},
        {"T公司发了多少E", TAEL__WANT_SUM, TAEL_BY_NONE, false, true},
        {"E每月N封顶，T还能花多少", TAEL__WANT_BUDGET, TAEL_BY_NONE, false, false},
        {"E是不是得再买点了", TAEL__WANT_DUE, TAEL_BY_NONE, false, false},
        {"家里的E还能坚持几天啊", TAEL__WANT_DUE, TAEL_BY_NONE, false, false},
        {"is it about time i bought E again", TAEL__WANT_DUE, TAEL_BY_NONE, false, false},
        {"how many days will my E last", TAEL__WANT_DUE, TAEL_BY_NONE, false, false},
        {"T有没有什么奇怪的支出", TAEL__WANT_UNUSUAL, TAEL_BY_NONE, false, false},
        {"did any strange payments happen T", TAEL__WANT_UNUSUAL, TAEL_BY_NONE, false, false},
        {"E这笔是不是给我扣了两次", TAEL__WANT_TWICE, TAEL_BY_NONE, false, false},
        {"have i paid E twice by accident T", TAEL__WANT_TWICE, TAEL_BY_NONE, false, false},
        {"到T底E还得花多少钱", TAEL__WANT_FORECAST, TAEL_BY_NONE, false, false},
        {"下次该交E是哪一天", TAEL__WANT_NEXT, TAEL_BY_NONE, false, false},
        {"给我念首诗", TAEL__WANT_OTHER, TAEL_BY_NONE, false, false},
        {"please write a haiku about autumn", TAEL__WANT_OTHER, TAEL_BY_NONE, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael__intent got;
        tael__intents_read(*state, &got, 1, cases[i].masked);
        if (got.want != cases[i].want || got.by != cases[i].by || got.times != cases[i].times ||
            got.income != cases[i].income)
            fail_msg("%s: got %s by %d, times %d, income %d", cases[i].masked, tael__want_name(got.want), (int)got.by,
                     got.times, got.income);
    }
}

static void wants_are_probabilities(void **state)
{
    float wants[TAEL__WANT_COUNT_OF], sum = 0;
    tael__intents_wants(*state, wants, "T一共花了多少");
    for (int i = 0; i < TAEL__WANT_COUNT_OF; i++) sum += wants[i];
    assert_true(sum > 0.999f && sum < 1.001f);
    assert_true(wants[TAEL__WANT_SUM] > 0.9f);
}

static void note_run(size_t at, size_t bytes, void *user)
{
    size_t *run = user;
    run[0] = at;
    run[1] = bytes;
    run[2]++;
}

static void names_are_strange_and_questions_words_are_not(void **state)
{
    size_t run[3] = {0};
    tael__intents_strange(*state, "T在囍嫲花了多少钱", note_run, run);
    assert_int_equal(run[2], 1);
    assert_int_equal(run[0], strlen("T在"));
    assert_int_equal(run[1], strlen("囍嫲"));
    run[2] = 0;
    tael__intents_strange(*state, "how much did i spend on E T", note_run, run);
    assert_int_equal(run[2], 0);
}

static void amounts_are_bounds_limits_or_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool found;
        int64_t least, most, plain;
    } cases[] = {
        {"超过100块", true, 10000, 0, 0},
        {"200元以上", true, 20000, 0, 0},
        {"不到50块", true, 0, 5000, 5000},
        {"100到200块之间", true, 10000, 20000, 0},
        {"over 1,000 yuan", true, 100000, 0, 0},
        {"between 100 and 200", true, 10000, 20000, 0},
        {"1万8", true, 0, 0, 1800000},
        {"两千三", true, 0, 0, 230000},
        {"一百五", true, 0, 0, 15000},
        {"3k", true, 0, 0, 300000},
        {"99.5元", true, 0, 0, 9950},
        {"三个月", false, 0, 0, 0},
        {"5家", false, 0, 0, 0},
        {"20 times", false, 0, 0, 0},
        {"3", false, 0, 0, 0},
        {"99999999999999999999元", false, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tael__scan s = {cases[i].text, 0, strlen(cases[i].text)};
        tael__amounts a = {0};
        bool found = tael__amounts_here(&s, &a);
        if (found != cases[i].found ||
            (found && (a.least != cases[i].least || a.most != cases[i].most || a.plain != cases[i].plain)))
            fail_msg("%s: %d, %lld %lld %lld", cases[i].text, found, (long long)a.least, (long long)a.most,
                     (long long)a.plain);
        if (!found) assert_int_equal(s.at, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_of_no_example_are_read),
        cmocka_unit_test(wants_are_probabilities),
        cmocka_unit_test(names_are_strange_and_questions_words_are_not),
        cmocka_unit_test(amounts_are_bounds_limits_or_none),
    };
    return cmocka_run_group_tests_name("assistant/intent", tests, open_examples, close_examples);
}
