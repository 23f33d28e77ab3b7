// SPDX-License-Identifier: Apache-2.0
/* A question's way: its times are found by code, a model on the device writes the query under a schema, words are
 * resolved against the table and the ledger, the ledger computes, and the sentence is made around the figures. */
#include <stdio.h>
#include <string.h>

#include "assistant/internal.h"
#include "base/limits.h"
#include "base/utf8.h"

enum { MAX_QUESTION_BYTES = 1500, CONTEXT_TOKENS = 3072, MAX_PLAN_TOKENS = 256 };

typedef struct parts { /* what a tael_answer owns besides its texts */
    tael_figure figures[TAEL__MAX_FIGURES];
    size_t count;
    char currency[8];
} parts;

/* ---- The model's part: the question to a plan ---- */

/* The question with T1, T2 for its times: the model needs to know that they are there, not what they are. A prompt's
 * special tokens are honoured as text, so "<|" of a question is parted: asking can't end the user's turn and begin
 * another. */
static tael_status mask_times(tael__buffer *out, const tael__job *job)
{
    size_t at = 0, mark = 0, bytes = strlen(job->question);
    while (at < bytes) {
        const tael__period *here = NULL;
        for (size_t i = 0; i < job->when.count; i++)
            if (job->when.periods[i].at == at && job->when.periods[i].bytes > 0) here = &job->when.periods[i];
        if (here) {
            tael__buffer_format(out, "T%zu", ++mark);
            at += here->bytes;
        } else if (job->question[at] == '<' && job->question[at + 1] == '|') {
            tael__buffer_text(out, "< ");
            at++;
        } else {
            tael__buffer_append(out, job->question + at++, 1);
        }
    }
    return out->failed;
}

static int keep_text(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)ids;
    (void)count;
    return tael__buffer_append(user, text, bytes) != TAEL_OK;
}

/* The instructions' state comes from `path` or is computed and kept there; failing to keep it costs time only. */
static tael_status prompt_instructions(tael_session *session, const char *text, const char *path)
{
    if (path && tael_session_load(session, path) == TAEL_OK) return TAEL_OK;
    TAEL_TRY(tael_session_prompt(session, text, strlen(text), true));
    if (path) (void)tael_session_save(session, path);
    return TAEL_OK;
}

static tael_status write_plan(tael_session *session, const tael_model *model, const tael__job *job,
                              const tael_ask_options *options, tael__buffer *json, tael_generation *timing)
{
    char *fixed = NULL, *whole = NULL;
    tael__buffer instructions = {.max = TAEL__MAX_PROMPT_BYTES}, question = {.max = TAEL__MAX_PROMPT_BYTES};
    tael__plan_instructions(&instructions);
    tael__buffer_text(&question, "Q: ");
    tael_status status = mask_times(&question, job);
    if (status == TAEL_OK) status = instructions.failed;
    if (status != TAEL_OK) goto done;
    tael_message messages[] = {{"system", instructions.data}, {"user", question.data}};
    status = tael_chat_format(model, messages, 1, NULL, false, &fixed);
    if (status == TAEL_OK) status = tael_chat_format(model, messages, 2, NULL, true, &whole);
    if (status == TAEL_OK) status = prompt_instructions(session, fixed, options->prefix_path);
    if (status == TAEL_OK) status = tael_session_prompt(session, whole, strlen(whole), true);
    if (status == TAEL_OK) {
        tael_generate_options generate = {
            .size = sizeof generate, .max_tokens = MAX_PLAN_TOKENS, .greedy = true, .schema = tael__plan_schema()};
        status = tael_session_generate(session, &generate, keep_text, json, timing);
    }
    if (status == TAEL_OK) status = json->failed;
done:
    tael_free(fixed);
    tael_free(whole);
    tael__buffer_free(&instructions);
    tael__buffer_free(&question);
    return status;
}

/* ---- Code's part: the plan against the question and the ledger ---- */

/* Are the two words alternatives in the question ("库迪和瑞幸", "Cotti or Luckin"), or a thing of a thing? */
static bool are_alternatives(const char *question, const char *a, const char *b)
{
    static const char *const links[] = {"和",   "跟", "与",   "或",   "还是",  "、",   "以及", "加", "比", "含",
                                        "包括", "vs", "incl", "plus", " and ", " or ", ",",    "，", "&",  "+"};
    const char *x = strcasestr(question, a), *y = strcasestr(question, b);
    if (!x || !y) return true;
    const char *from = x < y ? x + strlen(a) : y + strlen(b), *to = x < y ? y : x;
    for (size_t i = 0; from < to && i < sizeof links / sizeof *links; i++)
        if (memmem(from, (size_t)(to - from), links[i], strlen(links[i]))) return true;
    return false;
}

static tael_status take_about(tael__job *job, const char *word)
{
    tael__terms *terms = &job->about[job->about_count];
    tael__known known;
    const char *source, *method;
    if (tael__resolve_method(word, &source, &method)) { /* a way of paying, perhaps named twice */
        if (!job->source && !job->method) {
            job->source = source;
            job->method = method;
        }
        return TAEL_OK;
    }
    tael__when time;
    tael__when_find(&time, word, job->today);
    if (time.count > 0) return TAEL_OK; /* "去年" names a time, found already */
    TAEL_TRY(tael__resolve(terms, &known, word, job->question, &job->merchants));
    if (known == TAEL__KNOWN) {
        for (size_t i = 0; i < job->about_count; i++)
            if (strcasecmp(job->labels[i], word) == 0) known = TAEL__NOISE;
    }
    if (known == TAEL__KNOWN) {
        snprintf(job->labels[job->about_count++], TAEL__WORD_BYTES, "%s", word);
        return TAEL_OK;
    }
    if (known == TAEL__UNKNOWN && job->unknown_count++ == 0) snprintf(job->unknown, sizeof job->unknown, "%s", word);
    tael__terms_free(terms);
    return TAEL_OK;
}

static int stop(const tael_record *record, void *user)
{
    (void)record;
    (void)user;
    return 1;
}

/* Does the question take this word out ("扣掉房租", "without rent", "房租除外")? Small models miss it. */
static bool is_taken_out(const char *question, const char *word)
{
    static const char *const before[] = {"除了",    "除去",      "除开",         "扣掉",   "扣除",
                                         "去掉",    "刨去",      "刨除",         "减去",   "不算",
                                         "不含",    "不包括",    "不要",         "except", "except for",
                                         "without", "excluding", "not counting", "minus",  "other than"};
    static const char *const after[] = {"除外", "不算", "不计", "去掉", "刨掉", "excluded", "aside"};
    const char *at = strcasestr(question, word);
    if (!at) return false;
    size_t left = (size_t)(at - question);
    while (left > 0 && question[left - 1] == ' ') left--;
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t n = strlen(before[i]);
        if (left >= n && strncasecmp(question + left - n, before[i], n) == 0) return true;
    }
    at += strlen(word);
    at += strspn(at, " ");
    for (size_t i = 0; i < sizeof after / sizeof *after; i++)
        if (strncasecmp(at, after[i], strlen(after[i])) == 0) return true;
    return false;
}

static tael_status take_not_about(tael__job *job, const char *word)
{
    tael__known known;
    tael__terms terms = {0};
    tael_status status = tael__resolve(&terms, &known, word, job->question, &job->merchants);
    if (status == TAEL_OK && known != TAEL__NOISE) {
        for (size_t k = 0; k < terms.count && status == TAEL_OK; k++)
            status = tael__terms_add(&job->not_about, terms.items[k], strlen(terms.items[k]));
        snprintf(job->not_label, sizeof job->not_label, "%s", word);
    }
    tael__terms_free(&terms);
    return status;
}

/* A way of paying that the table knows, or that some row was paid with; anything else the model may have put there is
 * not. */
static tael_status take_paid_with(tael__job *job, const char *word)
{
    if (!*word || !strcasestr(job->question, word)) return TAEL_OK;
    tael__resolve_method(word, &job->source, &job->method);
    if (job->source || job->method) return TAEL_OK;
    tael_filter filter = {.size = sizeof filter, .method = word};
    uint64_t rows = 0;
    TAEL_TRY(tael_ledger_records(job->ledger, &filter, 1, stop, NULL, &rows));
    if (rows > 0) job->method = word;
    return TAEL_OK;
}

static tael_status take_words(tael__job *job)
{
    const tael__plan *plan = job->plan;
    TAEL_TRY(take_paid_with(job, plan->paid_with));
    for (size_t i = 0; i < plan->about_count; i++) {
        if ((job->source || job->method) && strcasecmp(plan->about[i], plan->paid_with) == 0) continue;
        TAEL_TRY(is_taken_out(job->question, plan->about[i]) ? take_not_about(job, plan->about[i])
                                                             : take_about(job, plan->about[i]));
    }
    for (size_t i = 0; i < plan->not_about_count; i++) TAEL_TRY(take_not_about(job, plan->not_about[i]));
    bool empty = job->about_count + job->unknown_count + job->not_about.count == 0 && !job->source && !job->method;
    char word[TAEL__WORD_BYTES];
    if (empty && tael__resolve_scan(word, sizeof word, job->question, &job->merchants)) TAEL_TRY(take_about(job, word));
    return TAEL_OK;
}

static tael_status group_words(tael__job *job)
{
    job->any_about = job->about_count > 1 && are_alternatives(job->question, job->labels[0], job->labels[1]);
    for (size_t i = 0; i < job->about_count; i++)
        job->groups[i] = (tael_term_group){job->about[i].items, job->about[i].count};
    if (!job->any_about || job->plan->want == TAEL__WANT_COMPARE || job->plan->want == TAEL__WANT_SHARE) return TAEL_OK;
    for (size_t i = 0; i < job->about_count; i++)
        for (size_t k = 0; k < job->about[i].count; k++)
            TAEL_TRY(tael__terms_add(&job->joined, job->about[i].items[k], strlen(job->about[i].items[k])));
    job->groups[0] = (tael_term_group){job->joined.items, job->joined.count};
    return TAEL_OK;
}

/* "闲鱼上卖了几件": when what is named was only ever received (or only spent), that is what the question means. */
static tael_status settle_direction(tael__job *job)
{
    tael__bounds bounds;
    uint64_t here = 0, there = 0;
    if (job->about_count == 0) return TAEL_OK;
    tael_query q = tael__job_query(job, TAEL_SUM, tael__job_period(job), &bounds);
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, 1, stop, NULL, &here));
    if (here > 0) return TAEL_OK;
    q.filter.direction = job->plan->income ? TAEL_EXPENSE : TAEL_INCOME;
    TAEL_TRY(tael_ledger_records(job->ledger, &q.filter, 1, stop, NULL, &there));
    if (there > 0) job->plan->income = !job->plan->income;
    return TAEL_OK;
}

tael_status tael__job_answer(tael__job *job)
{
    tael__plan_check(job->plan, job->question, job->when.count);
    if (job->plan->want != TAEL__WANT_OTHER) TAEL_TRY(take_words(job));
    bool named = job->about_count + job->unknown_count + job->not_about.count > 0 || job->source || job->method;
    if (job->plan->want == TAEL__WANT_OTHER || (!named && !tael__speaks_of_money(job->question))) {
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
    TAEL_TRY(group_words(job));
    TAEL_TRY(settle_direction(job));
    tael_status status;
    switch (job->plan->want) {
    case TAEL__WANT_COMPARE: status = tael__answer_compare(job); break;
    case TAEL__WANT_TOP:
    case TAEL__WANT_BOTTOM:
    case TAEL__WANT_LIST:
    case TAEL__WANT_BUSIEST: status = tael__answer_ranking(job); break;
    case TAEL__WANT_FIRST:
    case TAEL__WANT_LAST:
    case TAEL__WANT_NEXT:
    case TAEL__WANT_RECURRING:
    case TAEL__WANT_REFUND:
    case TAEL__WANT_FORECAST: status = tael__answer_times(job); break;
    default:
        status = job->plan->by == TAEL_BY_MONTH &&
                         tael__holds(job->question, "每月|每个月|各月|each month|every month|per month|monthly")
                     ? tael__answer_ranking(job)
                     : tael__answer_plain(job);
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
        *today = tael__date_of_ms(tael__clock_wall_ms(), TAEL__SHANGHAI_OFFSET_MINUTES);
        return TAEL_OK;
    }
    if (tael__date_parse(today, options->today)) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("today: not a date; write it as 2026-11-20", "today：不是日期；请写成 2026-11-20"));
}

void tael__job_free(tael__job *job)
{
    for (size_t i = 0; i < TAEL__PLAN_WORDS; i++) tael__terms_free(&job->about[i]);
    tael__terms_free(&job->not_about);
    tael__terms_free(&job->joined);
    tael__merchants_free(&job->merchants);
    tael__buffer_free(&job->text);
    tael__figures_free(job->figures, job->figure_count);
    job->figure_count = 0;
}

/* Moves what the job made into the answer. */
static tael_status hand_over(tael_answer *out, tael__job *job, tael__buffer *json)
{
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
    out->plan = tael__buffer_take(json);
    return out->text && out->plan ? TAEL_OK : TAEL_NO_MEMORY;
}

static tael_status run_job(const tael_model *model, tael__job *job, const tael_ask_options *options, tael_answer *out)
{
    tael_session *session = NULL;
    tael__plan plan;
    tael_generation timing = {0};
    tael__buffer json = {.max = 1 << 16};
    tael_session_options how = {.size = sizeof how, .context_tokens = CONTEXT_TOKENS, .threads = options->threads};
    tael_status status = tael_session_open(&session, model, &how);
    if (status == TAEL_OK) status = write_plan(session, model, job, options, &json, &timing);
    if (status == TAEL_OK) status = tael__plan_parse(&plan, json.data ? json.data : "");
    tael_session_close(session);
    job->plan = &plan;
    if (status == TAEL_OK) status = tael__merchants_read(&job->merchants, job->ledger);
    if (status == TAEL_OK) status = tael__job_answer(job);
    if (status == TAEL_OK) status = hand_over(out, job, &json);
    out->prefill_seconds = timing.prefill_seconds;
    out->decode_seconds = timing.decode_seconds;
    tael__buffer_free(&json);
    return status;
}

tael_status tael_ask(const tael_model *model, tael_ledger *ledger, const char *question,
                     const tael_ask_options *options, tael_answer *out)
{
    tael_ask_options defaults = {.size = sizeof defaults};
    double start = tael__clock_seconds();
    if (!options) options = &defaults;
    if (!model || !ledger || !question || !out || options->size == 0)
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
    *out = (tael_answer){0};
}
