// SPDX-License-Identifier: Apache-2.0
// The query under its schema: the prompt that asks a model for it, and the reading of what it wrote.
#include "assistant/plan.h"

#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "assistant/scan.h"

static const char *const want_names[] = {
#define X(constant, name) name,
    TAEL__WANT_MAP(X)
#undef X
};

/* What `by` may be. */
static const struct {
    const char *name;
    tael_group group;
} groups[] = {{"none", TAEL_BY_NONE}, {"merchant", TAEL_BY_MERCHANT}, {"month", TAEL_BY_MONTH},
              {"day", TAEL_BY_DAY},   {"weekday", TAEL_BY_WEEKDAY},   {"hour", TAEL_BY_HOUR}};

const char *tael__want_name(tael__want want)
{
    return want_names[want];
}

bool tael__holds(const char *text, const char *words)
{
    for (const char *p = words; *p;) {
        size_t n = strcspn(p, "|");
        if (memmem(text, strlen(text), p, n)) return true;
        p += n + (p[n] == '|');
    }
    return false;
}

size_t tael__begins_with(const char *text, const char *const *words, size_t count)
{
    size_t best = 0;
    for (size_t i = 0; i < count; i++) {
        size_t n = strlen(words[i]);
        if (n <= best || strncasecmp(text, words[i], n) != 0) continue;
        if (!tael__is_letter(words[i][n - 1]) || !tael__is_letter(text[n])) best = n;
    }
    return best;
}

/* Every field required and nullable: an optional one is left out by small models just when it matters. */
const char *tael__plan_schema(void)
{
#define WORD "{\"type\":\"string\",\"minLength\":1,\"maxLength\":24}"
    return "{\"type\":\"object\",\"properties\":{"
           "\"about\":{\"type\":\"array\",\"items\":" WORD ",\"maxItems\":3},"
           "\"not_about\":{\"type\":\"array\",\"items\":" WORD ",\"maxItems\":2},"
           "\"paid_with\":{\"anyOf\":[{\"type\":\"null\"}," WORD "]},"
           "\"direction\":{\"enum\":[\"expense\",\"income\"]},"
           "\"want\":{\"enum\":[\"sum\""
#define X(constant, name) ",\"" name "\""
        TAEL__WANT_OTHERS(X)
#undef X
            "]},"
            "\"by\":{\"enum\":[\"none\",\"merchant\",\"month\",\"day\",\"weekday\",\"hour\"]},"
            "\"rank\":{\"enum\":[\"amount\",\"times\"]},"
            "\"budget\":{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"integer\",\"minimum\":0,\"maximum\":99999999}]}},"
            "\"required\":[\"about\",\"not_about\",\"paid_with\",\"direction\",\"want\",\"by\",\"rank\",\"budget\"]}";
#undef WORD
}

static const char instructions[] = "You turn a question about the owner's bills into one JSON query. Dates are handled "
                                   "elsewhere: T1, T2 stand for times, leave them out.\n"
                                   "about: shops, people, goods or kinds of spending named in the question, copied "
                                   "word for word; [] when it is about all spending.\n"
                                   "not_about: what the question excludes.\n"
                                   "paid_with: card, wallet or app named as the way of paying, else null.\n"
                                   "direction: income for money received (salary, sold, earned), else expense.\n"
                                   "want: sum (how much in total), count (how many times), average (per purchase), "
                                   "daily_average (per day), largest, smallest (one purchase), "
                                   "top, bottom (which shop, person or month most, least), compare (two things or two "
                                   "times), share (percentage of a total), list (each month), "
                                   "first, last (when or how much the first or latest one was), next (when the next "
                                   "one is due), due (is it time to buy it again, how long it lasts), "
                                   "busiest (which day, weekday or hour most), "
                                   "recurring (which subscriptions), refund (money given back), budget (what is left "
                                   "of a limit), forecast (estimate of the future), "
                                   "unusual (odd or suspicious payments), twice (charged twice), "
                                   "other (not about the owner's money).\n"
                                   "by: what is ranked or listed. rank: times when the question asks how often, else "
                                   "amount. budget: the limit named, in yuan, else null.\n";

/* Questions of other people than any test's, in both languages; T1 where a time was. A row says only what isn't usual.
 */
static const struct {
    const char *question, *about, *not_about, *paid_with, *direction, *want, *by, *rank, *budget;
} examples[] = {
    {.question = "T1在盒马花了多少钱", .about = "\"盒马\""},
    {.question = "How many times did I take a train T1?", .about = "\"train\"", .want = "count"},
    {.question = "麻烦算一下T1总支出", .about = ""},
    {.question = "除了房贷，T1还花了多少", .not_about = "\"房贷\""},
    {.question = "T1用招行卡买衣服花了多少", .about = "\"衣服\"", .paid_with = "招行"},
    {.question = "T1花钱最多的三家店", .want = "top", .by = "merchant"},
    {.question = "T1去得最勤的是哪家便利店", .about = "\"便利店\"", .want = "top", .by = "merchant", .rank = "times"},
    {.question = "which month was the most expensive T1", .want = "top", .by = "month"},
    {.question = "T1哪个月交通花得最少", .about = "\"交通\"", .want = "bottom", .by = "month"},
    {.question = "T1每个月的水费列一下", .about = "\"水费\"", .want = "list", .by = "month"},
    {.question = "麦当劳和肯德基T1哪个花得多", .about = "\"麦当劳\",\"肯德基\"", .want = "compare", .by = "merchant"},
    {.question = "T1比T2多花了多少", .want = "compare", .by = "month"},
    {.question = "上次给车加油是什么时候", .about = "\"加油\"", .want = "last", .by = "day"},
    {.question = "腾讯会员现在每个月扣多少", .about = "\"腾讯会员\"", .want = "last"},
    {.question = "How much was my first Nike order?", .about = "\"Nike\"", .want = "first"},
    {.question = "我一般星期几去书店", .about = "\"书店\"", .want = "busiest", .by = "weekday", .rank = "times"},
    {.question = "at what hour do I usually buy lunch?",
     .about = "\"lunch\"",
     .want = "busiest",
     .by = "hour",
     .rank = "times"},
    {.question = "T1哪天花得最多", .want = "busiest", .by = "day"},
    {.question = "T1发了多少工资", .about = "\"工资\"", .direction = "income"},
    {.question = "老王T1一共给我转了多少", .about = "\"老王\"", .direction = "income"},
    {.question = "买书每月限额200，T1还剩多少", .about = "\"书\"", .want = "budget", .budget = "200"},
    {.question = "零食一周最多花300，T1还能买多少", .about = "\"零食\"", .want = "budget", .budget = "300"},
    {.question = "I set 500 for clothes T1, am I within it?",
     .about = "\"clothes\"",
     .want = "budget",
     .budget = "500"},
    {.question = "What's the most I paid for a dinner?", .about = "\"dinner\"", .want = "largest"},
    {.question = "T1最贵的一笔是什么", .want = "largest"},
    {.question = "T1平均每天花多少", .want = "daily_average"},
    {.question = "T1打车占总支出的比例", .about = "\"打车\"", .want = "share"},
    {.question = "what share of my spending was by Visa card T1", .paid_with = "Visa", .want = "share"},
    {.question = "T1一共收到多少退款", .want = "refund"},
    {.question = "淘宝退过我几次钱", .about = "\"淘宝\"", .want = "refund", .rank = "times"},
    {.question = "哪些自动续费还开着", .want = "recurring"},
    {.question = "下次交宽带费是哪天", .about = "\"宽带\"", .want = "next", .by = "day"},
    {.question = "该买牙膏了吗", .about = "\"牙膏\"", .want = "due"},
    {.question = "T1大概还会花多少", .want = "forecast"},
    {.question = "T1有什么奇怪的扣款吗", .want = "unusual"},
    {.question = "明天会下雨吗", .want = "other"},
    {.question = "sing me a song", .want = "other"},
};

static const char * or (const char *value, const char *usual)
{
    return value ? value : usual;
}

tael_status tael__plan_instructions(tael__buffer *out)
{
    tael__buffer_text(out, instructions);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const char *pay = examples[i].paid_with;
        tael__buffer_format(out,
                            "\nQ: "
                            "%s\n{\"about\":[%s],\"not_about\":[%s],\"paid_with\":%s%s%s,\"direction\":\"%s\",\"want\":"
                            "\"%s\",\"by\":\"%s\",\"rank\":\"%s\",\"budget\":%s}",
                            examples[i].question, or (examples[i].about, ""), or (examples[i].not_about, ""),
                            pay ? "\"" : "", or (pay, "null"), pay ? "\"" : "", or (examples[i].direction, "expense"),
                            or (examples[i].want, "sum"), or (examples[i].by, "none"), or (examples[i].rank, "amount"),
                            or (examples[i].budget, "null"));
    }
    return out->failed;
}

/* Copies the strings of a JSON array; an overlong one can't come from a guided reply, so cutting it loses nothing. */
static size_t read_words(char words[][TAEL__WORD_BYTES], const json_t *array)
{
    size_t count = 0, i;
    json_t *item;
    json_array_foreach(array, i, item)
    {
        const char *text = json_string_value(item);
        if (text) text += strspn(text, " ");
        if (!text || !*text || count == TAEL__PLAN_WORDS) continue;
        size_t n = strnlen(text, TAEL__WORD_BYTES - 1);
        memcpy(words[count], text, n);
        words[count++][n] = '\0';
    }
    return count;
}

static bool read_name(size_t *at, const json_t *value, const char *const *names, size_t count)
{
    const char *text = json_string_value(value);
    for (size_t i = 0; text && i < count; i++)
        if (strcmp(text, names[i]) == 0) return *at = i, true;
    return false;
}

tael_status tael__plan_parse(tael__plan *plan, const char *json)
{
    *plan = (tael__plan){0};
    json_t *root = json_loads(json, 0, NULL);
    size_t want = 0;
    bool good =
        json_is_object(root) && read_name(&want, json_object_get(root, "want"), want_names, TAEL__WANT_COUNT_OF);
    if (good) {
        plan->want = (tael__want)want;
        const char *by = json_string_value(json_object_get(root, "by"));
        for (size_t i = 0; by && i < sizeof groups / sizeof *groups; i++)
            if (strcmp(by, groups[i].name) == 0) plan->by = groups[i].group;
        const char *direction = json_string_value(json_object_get(root, "direction")),
                   *rank = json_string_value(json_object_get(root, "rank"));
        plan->income = direction && strcmp(direction, "income") == 0;
        plan->by_times = rank && strcmp(rank, "times") == 0;
        plan->about_count = read_words(plan->about, json_object_get(root, "about"));
        plan->not_about_count = read_words(plan->not_about, json_object_get(root, "not_about"));
        const char *paid = json_string_value(json_object_get(root, "paid_with"));
        if (paid) strncpy(plan->paid_with, paid, TAEL__WORD_BYTES - 1);
        plan->budget_minor = json_integer_value(json_object_get(root, "budget")) * 100;
    }
    json_decref(root);
    if (good) return TAEL_OK;
    return tael__fail(TAEL_INTERNAL,
                      TAEL_SAY("ask: the model's query can't be read; ask in other words or use a larger model",
                               "提问：无法读懂模型写的查询；请换种说法，或改用更大的模型"));
}
