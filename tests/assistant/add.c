// SPDX-License-Identifier: Apache-2.0
// Adding by saying, against a list of sentences with what each means (data/add.tsv), and against a ledger with habits.
// A wrong implementation takes the year for an amount, a count for a price, a transfer to somebody for income, or
// guesses where there are two readings.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tael/assistant.h>

#include "base/date.h"
#include "ledger/internal.h"
#include "support.h"

#define NOW_MS 1795149000000LL /* 2026-11-20 12:30 in Shanghai, a Friday */

static tael_ledger *memory_ledger(void)
{
    tael_ledger *ledger;
    assert_ok(tael__ledger_open_memory(&ledger));
    return ledger;
}

static tael_status parse(tael_ledger *ledger, const char *text, tael_drafts *drafts)
{
    tael_add_options o = {.size = sizeof o, .now_ms = NOW_MS};
    return tael_add_parse(ledger, text, &o, drafts);
}

/* ---- The list ---- */

static bool is_one_of(const char *value, const char *wanted)
{
    for (const char *w = wanted;; w++) {
        size_t n = strcspn(w, "|");
        if (strlen(value) == n && memcmp(value, w, n) == 0) return true;
        w += n;
        if (*w != '|') return false;
    }
}

static bool field_fits(const tael_record *r, const char *name, const char *wanted)
{
    char value[64], time[40];
    tael__format_time(time, sizeof time, r->time_ms, r->offset_minutes);
    if (strcmp(name, "item") == 0) return is_one_of(r->item, wanted);
    if (strcmp(name, "merchant") == 0) return is_one_of(r->merchant, wanted);
    if (strcmp(name, "method") == 0) return is_one_of(r->method, wanted);
    if (strcmp(name, "note") == 0) return is_one_of(r->note, wanted);
    if (strcmp(name, "currency") == 0) return is_one_of(r->currency, wanted);
    snprintf(value, sizeof value, "%.10s", time);
    if (strcmp(name, "day") == 0) return is_one_of(value, wanted);
    snprintf(value, sizeof value, "%d", atoi(time + 11));
    if (strcmp(name, "hour") == 0) return is_one_of(value, wanted);
    return false; /* a slip in the list */
}

/* "expense 2500 item=早饭 method=支付宝": NULL, or what doesn't fit. `wanted` is taken apart; blanks within a value are
 * kept: a value ends where the next NAME= begins. */
static const char *misfit(const tael_record *r, char *wanted)
{
    static const char *const names[] = {" item=", " merchant=", " method=", " note=", " currency=", " day=", " hour="};
    const char *direction = r->refund                      ? "refund"
                            : r->direction == TAEL_EXPENSE ? "expense"
                            : r->direction == TAEL_INCOME  ? "income"
                                                           : "neutral";
    char word[16];
    long long minor;
    if (sscanf(wanted, "%15s %lld", word, &minor) != 2) return "the list";
    if (strcmp(word, direction) != 0) return "direction";
    if (minor != r->minor) return "amount";
    for (size_t i = 0; i < 7; i++) {
        char *at = strstr(wanted, names[i]), value[256], *end = NULL;
        if (!at) continue;
        at += strlen(names[i]);
        for (size_t k = 0; k < 7; k++) {
            char *next = strstr(at, names[k]);
            if (next && (!end || next < end)) end = next;
        }
        if (*at == ' ') end = at;
        snprintf(value, sizeof value, "%.*s", (int)(end ? end - at : (long)strlen(at)), at);
        char name[16];
        snprintf(name, sizeof name, "%.*s", (int)strlen(names[i]) - 2, names[i] + 1);
        if (!field_fits(r, name, value)) return names[i];
    }
    return NULL;
}

static bool check_line(tael_ledger *ledger, char *line, bool tell)
{
    char *save = NULL, *said = strtok_r(line, "\t", &save), *wanted = strtok_r(NULL, "\t", &save);
    tael_drafts d;
    tael_status status = parse(ledger, said, &d);
    const char *wrong = NULL;
    size_t n = 0;
    if (wanted && strcmp(wanted, "error") == 0) {
        wrong = status == TAEL_BAD_INPUT ? NULL : "no error";
    } else if (wanted && strcmp(wanted, "unclear") == 0) {
        wrong = status == TAEL_OK && d.unclear_count > 0 ? NULL : "not unclear";
    } else {
        for (; wanted && !wrong; wanted = strtok_r(NULL, "\t", &save), n++)
            wrong = status != TAEL_OK ? tael_error() : n < d.count ? misfit(&d.items[n].record, wanted) : "records";
        if (!wrong && (n != d.count || d.unclear_count)) wrong = "records";
    }
    if (wrong && tell) {
        print_error("%s: %s\n", said, wrong);
        for (size_t i = 0; i < d.count; i++)
            print_error("    %d %lld %s merchant=%s item=%s method=%s note=%s\n", (int)d.items[i].record.direction,
                        (long long)d.items[i].record.minor, d.items[i].record.currency, d.items[i].record.merchant,
                        d.items[i].record.item, d.items[i].record.method, d.items[i].record.note);
        for (size_t i = 0; i < d.unclear_count; i++) print_error("    unclear: %s\n", d.unclear[i].reason);
    }
    tael_drafts_free(&d);
    return wrong == NULL;
}

static void check_list(const char *path, size_t least)
{
    size_t bytes, right = 0, all = 0;
    char *text = fixture(path, &bytes), *save = NULL;
    tael_ledger *ledger = memory_ledger();
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        if (line[0] == '#') continue;
        all++;
        right += check_line(ledger, line, true);
    }
    tael_ledger_close(ledger);
    free(text);
    if (right != all) fail_msg("%s: %zu of %zu", path, right, all);
    assert_true(all >= least);
}

static void every_sentence_of_the_list_is_understood(void **state)
{
    (void)state;
    check_list("assistant/data/add.tsv", 80);
}

static void sentences_that_the_rules_had_not_seen_are_understood(void **state)
{
    (void)state;
    check_list("assistant/data/add-fresh.tsv", 40);
    check_list("assistant/data/add-fresh2.tsv", 40);
}

/* ---- What the ledger knows ---- */

static void put(tael_ledger *ledger, const char *day, const char *merchant, const char *item, const char *category,
                const char *method, int times)
{
    tael__date date;
    assert_true(tael__date_parse(&date, day));
    for (int i = 0; i < times; i++) {
        tael_record r = {.time_ms = tael__ms_of_date(date, 480) + 8 * 3600000,
                         .offset_minutes = 480,
                         .direction = TAEL_EXPENSE,
                         .minor = 100 + i,
                         .merchant = merchant,
                         .item = item,
                         .category = category,
                         .method = method};
        assert_ok(tael_ledger_add(ledger, &r, NULL));
    }
}

static void what_is_usual_is_filled_in_and_marked(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_drafts d;
    put(ledger, "2026-11-01", "瑞幸咖啡(国贸店)", "生椰拿铁", "餐饮美食", "招商银行信用卡(1234)", 3);
    put(ledger, "2026-11-02", "老王菜摊", "买菜", "日用百货", "微信零钱", 2);
    assert_ok(parse(ledger, "瑞幸 9.9", &d));
    assert_int_equal(d.count, 1);
    assert_string_equal(d.items[0].record.merchant, "瑞幸咖啡(国贸店)");
    assert_string_equal(d.items[0].record.item, "生椰拿铁");
    assert_string_equal(d.items[0].record.category, "餐饮美食");
    assert_string_equal(d.items[0].record.method, "招商银行信用卡(1234)");
    assert_int_equal(d.items[0].learned, 15);
    tael_drafts_free(&d);
    assert_ok(parse(ledger, "瑞幸 美式 12 支付宝", &d)); /* what is said is not overruled */
    assert_string_equal(d.items[0].record.item, "美式");
    assert_string_equal(d.items[0].record.method, "支付宝");
    assert_int_equal(d.items[0].learned, TAEL_LEARNED_MERCHANT | TAEL_LEARNED_CATEGORY);
    tael_drafts_free(&d);
    assert_ok(parse(ledger, "书 20 招行信用卡", &d)); /* the one card of that bank */
    assert_string_equal(d.items[0].record.method, "招商银行信用卡(1234)");
    tael_drafts_free(&d);
    assert_ok(parse(ledger, "买菜 20", &d)); /* the kind of thing */
    assert_string_equal(d.items[0].record.method, "微信零钱");
    tael_drafts_free(&d);
    put(ledger, "2026-11-03", "妈妈菜馆", "午饭", "餐饮美食", "花呗", 3);
    put(ledger, "2026-11-03", "店77", "面", "", "花呗", 1);
    assert_ok(parse(ledger, "店77 30", &d));
    assert_int_equal(d.count, 1);
    assert_int_equal(d.items[0].record.minor, 3000);
    assert_string_equal(d.items[0].record.merchant, "店77");
    tael_drafts_free(&d);
    put(ledger, "2026-11-03", "小王", "转账", "", "微信零钱", 2);
    assert_ok(parse(ledger, "给妈妈转了两千，小王子书店 30", &d)); /* neither is the restaurant, nor 小王 the shop */
    assert_string_equal(d.items[0].record.merchant, "妈妈");
    assert_string_equal(d.items[0].record.category, "");
    assert_string_equal(d.items[1].record.merchant, "小王子书店");
    tael_drafts_free(&d);
    put(ledger, "2026-11-03", "瑞幸咖啡(东单店)", "美式", "餐饮美食", "花呗", 3);
    assert_ok(parse(ledger, "瑞幸 9.9", &d)); /* two shops, and nothing that most rows have but the category */
    assert_string_equal(d.items[0].record.merchant, "瑞幸");
    assert_string_equal(d.items[0].record.category, "餐饮美食");
    tael_drafts_free(&d);
    tael_ledger_close(ledger);
}

static void the_currency_is_that_of_most_rows(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_record r = {
        .time_ms = NOW_MS, .offset_minutes = 480, .direction = TAEL_EXPENSE, .minor = 100, .currency = "CAD"};
    tael_drafts d;
    assert_ok(tael_ledger_add(ledger, &r, NULL));
    assert_ok(parse(ledger, "lunch 12，taxi 30元", &d));
    assert_string_equal(d.items[0].record.currency, "CAD");
    assert_string_equal(d.items[1].record.currency, "CNY");
    tael_drafts_free(&d);
    tael_ledger_close(ledger);
}

static void what_is_parsed_can_be_stored(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    tael_drafts d;
    assert_ok(parse(ledger, "早饭25元，退货退款 89 淘宝，收到工资12000，还花呗 500", &d));
    assert_int_equal(d.count, 4);
    for (size_t i = 0; i < d.count; i++) assert_ok(tael_ledger_add(ledger, &d.items[i].record, NULL));
    tael_drafts_free(&d);
    tael_ledger_close(ledger);
}

static void without_memory_it_says_so(void **state)
{
    (void)state;
    tael_ledger *ledger = memory_ledger();
    put(ledger, "2026-11-01", "瑞幸咖啡", "拿铁", "餐饮美食", "花呗", 3);
    for (int from_then_on = 0; from_then_on < 2; from_then_on++) {
        tael_status status = TAEL_NO_MEMORY;
        for (uint64_t n = 1; status != TAEL_OK || n < 10; n++) {
            tael_drafts d;
            tael__alloc_break(n, from_then_on);
            status = parse(ledger, "瑞幸 9.9，午饭 25-30，给妈妈转了两千 微信", &d);
            tael__alloc_break(0, false);
            assert_true(status == TAEL_NO_MEMORY || status == TAEL_OK);
            tael_drafts_free(&d);
            assert_true(n < 1000);
        }
    }
    tael_ledger_close(ledger);
}

/* ---- Anything ---- */

/* Pieces of sentences thrown together, and bytes that are no text: an end, and never an amount that isn't above zero.
 */
static void any_words_end(void **state)
{
    (void)state;
    static const char *const words[] = {"早饭",
                                        "25",
                                        "元",
                                        "，",
                                        "微信",
                                        "给",
                                        "转",
                                        "收到",
                                        "-",
                                        "¥",
                                        "三百",
                                        "块",
                                        "五",
                                        "\xff",
                                        "昨天",
                                        "8点",
                                        "9999999999999999",
                                        ".",
                                        "0",
                                        "k",
                                        "万",
                                        " ",
                                        "在",
                                        "退款",
                                        "on",
                                        "at",
                                        "paid",
                                        "我",
                                        "7-11",
                                        "半",
                                        "一",
                                        "毛"};
    tael_ledger *ledger = memory_ledger();
    uint32_t seed = 7;
    for (int round = 0; round < 4000; round++) {
        char text[512] = "";
        tael_drafts d;
        for (int i = 0; i < 1 + round % 12; i++) {
            seed = seed * 1664525 + 1013904223;
            strcat(text, words[(seed >> 16) % (sizeof words / sizeof *words)]);
        }
        tael_status status = parse(ledger, text, &d);
        assert_true(status == TAEL_OK || status == TAEL_BAD_INPUT);
        for (size_t i = 0; i < d.count; i++) assert_true(d.items[i].record.minor > 0);
        tael_drafts_free(&d);
    }
    char *long_one = tael__alloc_zero(5000);
    memset(long_one, '8', 4999);
    tael_drafts d;
    assert_status(parse(ledger, long_one, &d), TAEL_LIMIT);
    tael__free(long_one);
    tael_drafts_free(&d);
    assert_status(tael_add_parse(ledger, NULL, NULL, &d), TAEL_MISUSE);
    tael_ledger_close(ledger);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sentence_of_the_list_is_understood),
        cmocka_unit_test(sentences_that_the_rules_had_not_seen_are_understood),
        cmocka_unit_test(what_is_usual_is_filled_in_and_marked),
        cmocka_unit_test(the_currency_is_that_of_most_rows),
        cmocka_unit_test(what_is_parsed_can_be_stored),
        cmocka_unit_test(without_memory_it_says_so),
        cmocka_unit_test(any_words_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
