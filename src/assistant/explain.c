// SPDX-License-Identifier: Apache-2.0
// How a question was understood: for programs as JSON, for people in a few lines.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include <tael/habits.h>

#include "assistant/internal.h"

static const char *group_name(tael_group group)
{
    static const char *const names[] = {"none",     "day",      "month",  "year",   "weekday", "hour",
                                        "category", "merchant", "method", "source", "week",    "subcategory"};
    return names[group];
}

static json_t *terms_json(const char *word, const tael__terms *terms)
{
    json_t *categories = json_array(), *words = json_array();
    for (size_t i = 0; i < terms->range_count; i++) {
        const tael_category *c = tael_category_get(terms->ranges[i][0]);
        if (c) json_array_append_new(categories, json_string(c->key));
    }
    for (size_t i = 0; i < terms->count; i++) json_array_append_new(words, json_string(terms->items[i]));
    return json_pack("{s:s,s:o,s:o}", "said", word, "categories", categories, "words", words);
}

static json_t *times_json(const tael__job *job)
{
    json_t *times = json_array();
    for (size_t i = 0; i < job->when.count; i++) {
        const tael__period *p = &job->when.periods[i];
        json_array_append_new(times,
                              json_pack("{s:s,s:s}", "from", tael__date_text(p->from), "to", tael__date_text(p->to)));
    }
    return times;
}

static json_t *plan_json(const tael__job *job)
{
    const tael__plan *plan = job->plan;
    json_t *about = json_array();
    for (size_t i = 0; i < job->about_count; i++)
        json_array_append_new(about, terms_json(job->labels[i], &job->about[i]));
    json_t *root =
        json_pack("{s:s,s:s,s:s,s:b,s:o,s:b,s:o,s:s,s:o,s:I,s:i,s:i,s:I,s:I,s:I,s:b,s:f}", "want",
                  tael__want_name(plan->want), "direction",
                  job->neutral   ? "neutral"
                  : plan->income ? "income"
                                 : "expense",
                  "by", group_name(plan->by), "times", plan->by_times, "about", about, "alternatives", job->any_about,
                  "without", *job->not_label ? json_string(job->not_label) : json_null(), "paid_with", plan->paid_with,
                  "periods", times_json(job), "weekdays", (json_int_t)job->when.weekdays, "hour_from",
                  (int)job->when.hour_from, "hour_to", (int)job->when.hour_to, "least_minor",
                  (json_int_t)plan->least_minor, "most_minor", (json_int_t)plan->most_minor, "budget_minor",
                  (json_int_t)plan->budget_minor, "asked_model", plan->asked_model, "sure", (double)plan->sure);
    return root;
}

tael_status tael__explain_json(const tael__job *job, tael__buffer *out)
{
    json_t *root = plan_json(job);
    char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;
    json_decref(root);
    if (!text) return tael__fail_memory("plan", 0);
    tael__buffer_text(out, text);
    free(text);
    return out->failed;
}

/* What a want is called. */
static const char *want_words(const tael__job *job)
{
    static const struct {
        tael__want want;
        const char *en, *zh;
    } names[] = {{TAEL__WANT_SUM, "how much", "金额合计"},
                 {TAEL__WANT_COUNT, "how often", "次数"},
                 {TAEL__WANT_AVERAGE, "the average of a payment", "平均每笔"},
                 {TAEL__WANT_DAILY_AVERAGE, "the average of a day", "平均每天"},
                 {TAEL__WANT_WEEKLY_AVERAGE, "the average of a week", "平均每周"},
                 {TAEL__WANT_MONTHLY_AVERAGE, "the average of a month", "平均每月"},
                 {TAEL__WANT_DAYS, "on how many days", "有几天"},
                 {TAEL__WANT_LARGEST, "the largest payment", "最大一笔"},
                 {TAEL__WANT_SMALLEST, "the smallest payment", "最小一笔"},
                 {TAEL__WANT_TOP, "the most", "最多的"},
                 {TAEL__WANT_BOTTOM, "the least", "最少的"},
                 {TAEL__WANT_COMPARE, "a comparison", "比较"},
                 {TAEL__WANT_RATIO, "how many times as much", "几倍"},
                 {TAEL__WANT_SHARE, "a share", "占比"},
                 {TAEL__WANT_LIST, "a list", "逐项列出"},
                 {TAEL__WANT_ROWS, "the payments themselves", "明细"},
                 {TAEL__WANT_FIRST, "the first one", "第一次"},
                 {TAEL__WANT_LAST, "the latest one", "最近一次"},
                 {TAEL__WANT_NEXT, "the next one", "下一次"},
                 {TAEL__WANT_DUE, "whether it is due again", "该不该再买"},
                 {TAEL__WANT_BUSIEST, "when most", "什么时候最多"},
                 {TAEL__WANT_RECURRING, "what recurs", "固定扣款"},
                 {TAEL__WANT_RISE, "what became dearer", "涨价"},
                 {TAEL__WANT_REFUND, "what came back", "退款"},
                 {TAEL__WANT_BUDGET, "what is left of a limit", "预算剩余"},
                 {TAEL__WANT_FORECAST, "an estimate", "估计"},
                 {TAEL__WANT_UNUSUAL, "what stands out", "异常消费"},
                 {TAEL__WANT_TWICE, "what was charged twice", "重复扣款"},
                 {TAEL__WANT_OTHER, "nothing of the ledger's", "与账本无关"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].want == job->plan->want) return NAME(job, names[i].en, names[i].zh);
    return "";
}

/* A line of text; `job` gives the language. */
#define LINE(en, zh, ...) tael__buffer_format(out, job->chinese ? (zh) : (en), __VA_ARGS__)

static void words_line(const tael__job *job, tael__buffer *out, const char *said, const tael__terms *terms)
{
    tael_language language = job->chinese ? TAEL_CHINESE : TAEL_ENGLISH;
    LINE("  about \"%s\":", "  关于“%s”：", said);
    for (size_t i = 0; i < terms->range_count; i++)
        LINE("%s category %s", "%s类别 %s", i ? "," : "", tael_category_name(terms->ranges[i][0], language));
    for (size_t i = 0; i < terms->count && i < 8; i++)
        LINE("%s %s", "%s%s", i || terms->range_count ? NAME(job, ",", "、") : "", terms->items[i]);
    if (terms->count > 8) LINE(" and %zu more", " 等 %zu 项", terms->count - 8);
    tael__buffer_text(out, "\n");
}

tael_status tael__explain_text(const tael__job *job, tael__buffer *out)
{
    const tael__plan *plan = job->plan;
    LINE("Understood as: %s%s, of %s%s%s\n", "理解为：%s%s，%s%s%s\n", want_words(job),
         plan->by_times ? NAME(job, " (by how often)", "（按次数）") : "",
         job->neutral   ? NAME(job, "repayments", "还款")
         : plan->income ? NAME(job, "money received", "收入")
                        : NAME(job, "spending", "支出"),
         plan->by ? NAME(job, ", by ", "，按 ") : "", plan->by ? group_name(plan->by) : "");
    for (size_t i = 0; i < job->about_count; i++) words_line(job, out, job->labels[i], &job->about[i]);
    if (*job->not_label) LINE("  without: %s\n", "  不含：%s\n", job->not_label);
    if (job->source || job->method)
        LINE("  paid with: %s\n", "  支付方式：%s\n", job->method ? job->method : job->source);
    for (size_t i = 0; i < job->when.count; i++)
        LINE("  time: %s to %s\n", "  时间：%s 至 %s\n", tael__date_text(job->when.periods[i].from),
             tael__date_text(job->when.periods[i].to));
    if (job->when.count == 0) LINE("  time: %s\n", "  时间：%s\n", NAME(job, "the whole ledger", "账本全部时间"));
    if (plan->asked_model)
        LINE("  read with the help of the model (the examples alone: %.0f %% sure)\n",
             "  由模型协助理解（仅凭例句的把握：%.0f%%）\n", 100.0 * (double)plan->sure);
    else
        LINE("  read by the examples (%.0f %% sure), without the model\n", "  由例句理解（把握 %.0f%%），未使用模型\n",
             100.0 * (double)plan->sure);
    return out->failed;
}
