// SPDX-License-Identifier: Apache-2.0
/* A question's way: its times, amounts and names are found by code, what it asks for is read (understand.c), words are
 * resolved against the table and the ledger, the ledger computes, and the sentence is made around the figures. */
#include <stddef.h>
#include <string.h>

#include "assistant/internal.h"
#include "base/limits.h"
#include "base/utf8.h"

enum { MAX_QUESTION_BYTES = 1500 };

typedef struct parts { /* what a tael_answer owns besides its texts */
    tael_figure figures[TAEL__MAX_FIGURES];
    size_t count;
    char currency[8];
} parts;

tael_status tael__job_answer(tael__job *job)
{
    if (job->plan->want != TAEL__WANT_OTHER) TAEL_TRY(tael__job_words(job));
    if (job->plan->want == TAEL__WANT_OTHER) {
        job->route = "out_of_scope";
        SAY(job, "%s", "%s",
            job->chinese ? "这个问题不在账本范围内；我只回答您自己的收支。"
                         : "That is outside the ledger; I answer about your own spending and income.");
        return job->text.failed;
    }
    if (job->about_count == 0 && job->unknown_count > 0) {
        job->route = "no_data";
        SAY(job, "The ledger has nothing that matches \"%s\".", "账本里没有与“%s”相符的记录。", job->unknown);
        return job->text.failed;
    }
    TAEL_TRY(tael__job_group(job));
    tael_status status;
    switch (job->plan->want) {
    case TAEL__WANT_COMPARE:
    case TAEL__WANT_RATIO: status = tael__answer_compare(job); break;
    case TAEL__WANT_AVERAGE:
    case TAEL__WANT_DAILY_AVERAGE:
    case TAEL__WANT_WEEKLY_AVERAGE:
    case TAEL__WANT_MONTHLY_AVERAGE:
    case TAEL__WANT_DAYS: status = tael__answer_average(job); break;
    case TAEL__WANT_LIST:
        status = tael__has_sides(job) && (job->plan->by != TAEL_BY_MONTH || job->when.count >= 2)
                     ? tael__answer_compare(job)
                     : tael__answer_ranking(job);
        break;
    case TAEL__WANT_TOP:
    case TAEL__WANT_BOTTOM:
    case TAEL__WANT_BUSIEST: status = tael__answer_ranking(job); break;
    case TAEL__WANT_ROWS: status = tael__answer_rows(job); break;
    case TAEL__WANT_RECURRING:
    case TAEL__WANT_RISE: status = tael__answer_recurring(job); break;
    case TAEL__WANT_NEXT:
    case TAEL__WANT_DUE: status = tael__answer_due(job); break;
    case TAEL__WANT_FORECAST: status = tael__answer_forecast(job); break;
    case TAEL__WANT_UNUSUAL:
    case TAEL__WANT_TWICE: status = tael__answer_unusual(job); break;
    case TAEL__WANT_FIRST:
    case TAEL__WANT_LAST:
    case TAEL__WANT_REFUND: status = tael__answer_times(job); break;
    default: status = tael__answer_plain(job);
    }
    return status == TAEL_OK ? job->text.failed : status;
}

/* ---- The call ---- */

static bool has_chinese(const char *text)
{
    for (size_t at = 0, bytes = strlen(text); at < bytes;) {
        uint32_t code;
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        if (code >= 0x3400 && code <= 0x9FFF) return true;
    }
    return false;
}

/* English with a Chinese name in it stays English: more Latin letters than Chinese characters by far. */
static bool is_chinese(const char *text)
{
    size_t latin = 0, chinese = 0;
    if (!has_chinese(text)) return false;
    for (size_t at = 0, bytes = strlen(text); at < bytes;) {
        uint32_t code;
        at += tael__utf8_decode(text + at, bytes - at, &code, NULL);
        latin += (code | 32) >= 'a' && (code | 32) <= 'z';
        chinese += code >= 0x3400 && code <= 0x9FFF;
    }
    return latin < 3 * chinese;
}

static tael_status check_question(const char *question)
{
    size_t bytes = strlen(question);
    if (strspn(question, " \t\r\n") == bytes)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("ask: the question is empty; write one", "提问：问题是空的；请写下问题"));
    if (bytes > MAX_QUESTION_BYTES)
        return tael__fail(
            TAEL_LIMIT,
            TAEL_SAY("ask: the question is longer than %d bytes; make it shorter", "提问：问题超过 %d 字节；请缩短"),
            MAX_QUESTION_BYTES);
    if (!tael__utf8_valid(question, bytes))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("ask: the question isn't UTF-8 text; check the terminal's encoding",
                                                   "提问：问题不是 UTF-8 文本；请检查终端编码"));
    return TAEL_OK;
}

static tael_status find_today(tael__date *today, const tael_ask_options *options)
{
    if (!options->today) {
        *today = tael__date_today();
        return TAEL_OK;
    }
    if (tael__date_parse(today, options->today)) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("today: not a date; write it as 2026-11-20", "today：不是日期；请写成 2026-11-20"));
}

void tael__job_free(tael__job *job)
{
    for (size_t i = 0; i < TAEL__PLAN_WORDS; i++) tael__terms_free(&job->about[i]);
    for (size_t i = 0; i < TAEL__PLAN_WORDS; i++) tael__terms_free(&job->not_about[i]);
    tael__terms_free(&job->without);
    tael__terms_free(&job->joined);
    tael__merchants_free(&job->merchants);
    tael__buffer_free(&job->text);
    tael__figures_free(job->figures, job->figure_count);
    job->figure_count = 0;
}

/* Moves what the job made into the answer. */
static tael_status hand_over(tael_answer *out, tael__job *job)
{
    tael__buffer plan = {.max = 1 << 16}, explanation = {.max = 1 << 16};
    parts *p = tael__alloc_zero(sizeof *p);
    if (!p) return tael__fail_memory("answer", sizeof *p);
    memcpy(p->currency, job->summary.currency, sizeof p->currency);
    memcpy(p->figures, job->figures, sizeof p->figures);
    p->count = job->figure_count;
    job->figure_count = 0;
    for (size_t i = 0; i < p->count; i++) p->figures[i].currency = p->currency;
    out->internal = p;
    out->figures = p->figures;
    out->figure_count = p->count;
    out->route = job->route;
    out->text = tael__buffer_take(&job->text);
    TAEL_TRY(tael__explain_json(job, &plan));
    TAEL_TRY(tael__explain_text(job, &explanation));
    out->plan = tael__buffer_take(&plan);
    out->explanation = tael__buffer_take(&explanation);
    out->question = tael__strdup(job->question);
    return out->text && out->plan && out->explanation && out->question ? TAEL_OK : TAEL_NO_MEMORY;
}

/* A question that leans on the one before is asked whole from here on. */
static tael_status make_whole(tael__job *job, const tael__intents *intents, const char *after, tael__buffer *whole)
{
    TAEL_TRY(tael__follow_up(job, intents, after, whole));
    if (whole->size == 0 || whole->size > MAX_QUESTION_BYTES) return TAEL_OK;
    TAEL_TRY(tael__buffer_append(whole, "", 1));
    job->question = whole->data;
    tael__when_find(&job->when, job->question, job->today);
    return TAEL_OK;
}

static tael_status run_job(const tael_model *model, tael__job *job, const tael_ask_options *options, tael_answer *out)
{
    tael__plan plan = {0};
    tael__intents *intents = NULL;
    tael_generation timing = {0};
    tael__buffer json = {.max = 1 << 16}, whole = {.max = 1 << 13};
    const char *after = options->size > offsetof(tael_ask_options, after) ? options->after : NULL;
    job->plan = &plan;
    tael_status status = tael__merchants_read(&job->merchants, job->ledger);
    if (status == TAEL_OK) status = tael__intents_open(&intents);
    if (status == TAEL_OK) status = make_whole(job, intents, after, &whole);
    if (status == TAEL_OK) status = tael__job_understand(job, intents, model, options, &json, &timing);
    if (status == TAEL_OK) status = tael__job_answer(job);
    if (status == TAEL_OK) status = hand_over(out, job);
    out->prefill_seconds = timing.prefill_seconds;
    out->decode_seconds = timing.decode_seconds;
    tael__intents_close(intents);
    tael__buffer_free(&json);
    tael__buffer_free(&whole);
    return status;
}

tael_status tael_ask(const tael_model *model, tael_ledger *ledger, const char *question,
                     const tael_ask_options *options, tael_answer *out)
{
    tael_ask_options defaults = {.size = sizeof defaults};
    double start = tael__clock_seconds();
    if (!options) options = &defaults;
    if (!ledger || !question || !out || options->size == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("ask: an argument is missing; see tael/assistant.h",
                                                "提问：缺少参数；见 tael/assistant.h"));
    *out = (tael_answer){0};
    TAEL_TRY(check_question(question));
    tael__job *job = tael__alloc_zero(sizeof *job);
    if (!job) return tael__fail_memory("ask", sizeof *job);
    job->ledger = ledger;
    job->question = question;
    job->route = "ledger";
    job->text.max = 1 << 16;
    job->chinese = is_chinese(question);
    tael_status status = find_today(&job->today, options);
    if (status == TAEL_OK) status = tael_ledger_summarize(ledger, &job->summary);
    if (status == TAEL_OK) {
        tael__when_find(&job->when, question, job->today);
        status = run_job(model, job, options, out);
    }
    tael__job_free(job);
    tael__free(job);
    if (status != TAEL_OK) tael_answer_free(out);
    out->total_seconds = tael__clock_seconds() - start;
    return status;
}

void tael_answer_free(tael_answer *out)
{
    if (!out) return;
    parts *p = out->internal;
    if (p) tael__figures_free(p->figures, p->count);
    tael__free(p);
    tael__free(out->text);
    tael__free(out->plan);
    tael__free(out->explanation);
    tael__free(out->question);
    *out = (tael_answer){0};
}
