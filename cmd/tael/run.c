// SPDX-License-Identifier: Apache-2.0
// `tael run`: one chat turn through the model's own template, or a conversation on a terminal. The text streams as it
// is made. Nothing is done before the model is opened that the first token doesn't need.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "base/utf8.h"
#include "command.h"

static const option options[] = {
    MODEL_OPTION,
    LORA_OPTION,
    {"system", 's', OPTION_TEXT, "TEXT", 0, 0, {"the system message", "系统提示"}},
    {"raw",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"give PROMPT to the model as it is, without the chat template", "不套用对话模板，原样交给模型"}},
    {"max-tokens",
     'n',
     OPTION_INTEGER,
     "N",
     1,
     TAEL__MAX_CONTEXT,
     {"at most N tokens (default: until the context is full)", "最多生成 N 个 token（默认直到上下文用满）"}},
    {"temp",
     0,
     OPTION_REAL,
     "F",
     0,
     10,
     {"temperature; 0 is greedy and repeats exactly (default 0.7)", "温度；0 为贪心，结果可复现（默认 0.7）"}},
    {"top-p",
     0,
     OPTION_REAL,
     "F",
     0.001,
     1,
     {"of the likeliest tokens that make up F together (default 0.8; 1 is off)", "核采样概率（默认 0.8；1 为关闭）"}},
    {"top-k",
     0,
     OPTION_INTEGER,
     "N",
     0,
     TAEL__MAX_VOCAB,
     {"of the N likeliest tokens (default 20; 0 is off)", "只取最可能的 N 个（默认 20；0 为关闭）"}},
    {"min-p",
     0,
     OPTION_REAL,
     "F",
     0,
     1,
     {"drop tokens below F times the likeliest (default off)", "去掉低于最大概率 F 倍的（默认关闭）"}},
    {"seed",
     0,
     OPTION_INTEGER,
     "N",
     1,
     9007199254740992.0,
     {"repeat what chance gave (default: from the system)", "随机种子（默认取自系统）"}},
    {"ctx",
     'c',
     OPTION_INTEGER,
     "N",
     16,
     TAEL__MAX_CONTEXT,
     {"context in tokens (default 4096)", "上下文长度（默认 4096）"}},
    THREADS_OPTION,
    {"kv-q8",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"keep the context in 8 bits: half the memory, a little less exact", "以 8 位保存上下文：内存减半，精度略降"}},
    {"energy", 0, OPTION_FLAG, NULL, 0, 0, {"half the cores", "只用一半的核"}},
    {"draft",
     0,
     OPTION_TEXT,
     "MODEL",
     0,
     0,
     {"a smaller model of the same family that guesses ahead; the text stays the same",
      "用同系列的较小模型预测后文；输出不变"}},
    {"no-speculation",
     0,
     OPTION_FLAG,
     NULL,
     0,
     0,
     {"one token at a time; the text stays the same", "逐个 token 生成；输出不变"}},
    {"schema",
     0,
     OPTION_TEXT,
     "FILE",
     0,
     0,
     {"answer with JSON that fits this JSON schema", "按此 JSON schema 输出 JSON"}},
    {"stop",
     0,
     OPTION_TEXT,
     "TEXT",
     0,
     0,
     {"stop before TEXT; may be given several times", "遇到该文本即停；可多次给出"}},
    {NULL},
};

/* One generation, as it arrives. */
typedef struct reply {
    bool stream;       /* to stdout, as the pieces come */
    int failed;        /* errno of writing there, or 0 */
    tael__buffer text; /* all of it */
    json_t *ids;       /* with --json; else NULL */
    tael_generation result;
    double first_token; /* seconds from the program's start; that of the first reply */
} reply;

typedef struct talk {
    const request *r;
    tael_model *model, *draft; /* draft: NULL without --draft */
    tael_session *session;
    tael_generate_options generate;
    const char *stops[TAEL__MAX_STOPS];
    char *schema;
    double load_seconds;
} talk;

static int on_piece(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    reply *p = user;
    if (tael__buffer_append(&p->text, text, bytes) != TAEL_OK) return 1;
    for (size_t i = 0; p->ids && i < count; i++) json_array_append_new(p->ids, json_integer(ids[i]));
    if (p->stream && bytes > 0) {
        fwrite(text, 1, bytes, stdout);
        if (fflush(stdout) != 0) p->failed = errno;
    }
    return interrupted() || p->failed != 0;
}

static tael_status read_generate_options(talk *t)
{
    const request *r = t->r;
    tael_generate_options *g = &t->generate;
    *g = (tael_generate_options){.size = sizeof *g};
    g->max_tokens = (uint32_t)option_integer(r, "max-tokens", 0);
    g->greedy = option_given(r, "temp") && option_real(r, "temp", 0) == 0;
    g->temperature = (float)option_real(r, "temp", 0);
    g->top_p = (float)option_real(r, "top-p", 0);
    g->top_k = (uint32_t)option_integer(r, "top-k", 0);
    if (option_given(r, "top-k") && g->top_k == 0) g->top_k = TAEL__MAX_VOCAB; /* the field's 0 is the default */
    g->min_p = (float)option_real(r, "min-p", 0);
    g->seed = (uint64_t)option_integer(r, "seed", 0);
    if (option_given(r, "no-speculation")) g->speculate = TAEL_SPECULATE_OFF;
    g->stops = t->stops;
    g->stop_count = option_texts(r, "stop", t->stops, TAEL__MAX_STOPS);
    const char *file = option_text(r, "schema", NULL);
    if (file) {
        size_t bytes;
        TAEL_TRY(tael__file_read(&t->schema, &bytes, file, TAEL__MAX_JSON_BYTES));
        g->schema = t->schema;
    }
    return TAEL_OK;
}

static tael_status talk_open(talk *t, const request *r)
{
    char path[TAEL__MAX_PATH_BYTES];
    double began = tael__clock_seconds();
    *t = (talk){.r = r};
    TAEL_TRY(read_generate_options(t));
    TAEL_TRY(input_model(r, &t->model, path, sizeof path));
    if (option_given(r, "draft")) {
        TAEL_TRY(tael_model_find(r->home, option_text(r, "draft", NULL), path, sizeof path));
        TAEL_TRY(tael_model_open(&t->draft, path));
    }
    tael_session_options o = {.size = sizeof o,
                              .context_tokens = (uint32_t)option_integer(r, "ctx", 0),
                              .threads = (uint32_t)option_integer(r, "threads", 0),
                              .kv_q8 = option_given(r, "kv-q8"),
                              .energy = option_given(r, "energy"),
                              .draft = t->draft};
    TAEL_TRY(tael_session_open(&t->session, t->model, &o));
    signals_session(t->session);
    t->load_seconds = tael__clock_seconds() - began;
    return TAEL_OK;
}

static void talk_close(talk *t)
{
    signals_session(NULL);
    tael_session_close(t->session);
    tael_model_close(t->model);
    tael_model_close(t->draft);
    tael__free(t->schema);
}

static tael_status cancelled(const reply *p)
{
    if (p->failed != 0)
        return tael__fail_errno(TAEL_SAY("writing failed", "写入失败"), TAEL_SAY("standard output", "标准输出"),
                                p->failed);
    return tael__fail(TAEL_CANCELLED, TAEL_SAY("run: cancelled; run it again for a whole answer",
                                               "run：已取消；重新运行可得到完整回答"));
}

/* Prompt and generate. The prompt is the whole of the context: what of it is there already is kept. */
static tael_status answer(talk *t, const char *prompt, size_t bytes, reply *p)
{
    double before = tael__clock_seconds();
    if (interrupted()) return cancelled(p); /* while it was loading */
    TAEL_TRY(tael_session_prompt(t->session, prompt, bytes, true));
    TAEL_TRY(tael_session_generate(t->session, &t->generate, on_piece, p, &p->result));
    p->first_token = before - t->r->started + p->result.first_token_seconds;
    return p->text.failed;
}

/* ---- One turn ---- */

static tael_status make_prompt(const talk *t, char **prompt, size_t *prompt_bytes)
{
    char *text = NULL;
    size_t bytes = 0;
    const request *r = t->r;
    bool typed = r->argument_count > 0 && strcmp(r->arguments[0], "-") != 0;
    bool raw = option_given(r, "raw");
    TAEL_TRY(input_text(r, &text, &bytes));
    if (raw) {
        *prompt = text;
        *prompt_bytes = bytes;
        return TAEL_OK;
    }
    if (!typed && bytes > 0 && text[bytes - 1] == '\n') text[--bytes] = '\0'; /* the line end that echo adds */
    tael_status status = TAEL_OK;
    const char *system = option_text(r, "system", NULL);
    tael_message messages[2] = {{"system", system}, {"user", text}};
    if (strlen(text) != bytes)
        status = tael__fail(TAEL_BAD_INPUT,
                            TAEL_SAY("PROMPT: it holds a NUL byte; take it out", "提示词：含有 NUL 字节；请去掉"));
    if (status == TAEL_OK && !tael__utf8_valid(text, bytes))
        status =
            tael__fail(TAEL_BAD_INPUT, TAEL_SAY("PROMPT: not UTF-8; convert it first", "提示词：不是 UTF-8；请先转换"));
    if (status == TAEL_OK)
        status = tael_chat_format(t->model, system ? messages : messages + 1, system ? 2 : 1, NULL, true, prompt);
    if (status == TAEL_OK) *prompt_bytes = strlen(*prompt);
    tael__free(text);
    return status;
}

static tael_status write_json(request *r, const talk *t, reply *p)
{
    const tael_generation *g = &p->result;
    /* The first token comes from the prompt's logits; an end token took a step, too, and isn't counted. */
    uint32_t steps = g->completion_tokens - (g->finish == TAEL_FINISH_LENGTH && g->completion_tokens > 0);
    json_t *usage =
        json_pack("{s:I,s:I,s:I,s:I,s:I}", "prompt_tokens", (json_int_t)g->prompt_tokens, "completion_tokens",
                  (json_int_t)g->completion_tokens, "passes", (json_int_t)g->passes, "proposed_tokens",
                  (json_int_t)g->proposed_tokens, "accepted_tokens", (json_int_t)g->accepted_tokens);
    json_t *timing =
        json_pack("{s:o,s:o,s:o,s:o}", "load_ms", out_real(t->load_seconds * 1e3), "first_token_ms",
                  out_real(p->first_token * 1e3), "prefill_tps", out_real(g->prompt_tokens / g->prefill_seconds),
                  "decode_tps", out_real(steps / g->decode_seconds));
    json_t *ids = p->ids;
    p->ids = NULL;
    return out_json(r, json_pack("{s:o,s:o,s:s,s:o,s:o}", "text",
                                 out_bytes(p->text.data ? p->text.data : "", p->text.size), "tokens", ids, "finish",
                                 g->finish == TAEL_FINISH_STOP ? "stop" : "length", "usage", usage, "timing", timing));
}

static tael_status one_turn(request *r, talk *t)
{
    char *prompt = NULL;
    size_t bytes = 0;
    reply p = {.stream = !r->json, .text = {.max = TAEL__MAX_JSON_BYTES * 4}, .ids = r->json ? json_array() : NULL};
    tael_status status = make_prompt(t, &prompt, &bytes);
    if (status == TAEL_OK) status = answer(t, prompt, bytes, &p);
    if (p.stream && p.text.size > 0 && p.text.data[p.text.size - 1] != '\n') fputc('\n', stdout);
    if (status == TAEL_OK && p.result.finish == TAEL_FINISH_CANCELLED) status = cancelled(&p);
    if (status == TAEL_OK && r->json) status = write_json(r, t, &p);
    json_decref(p.ids);
    tael__buffer_free(&p.text);
    tael_free(prompt);
    return status;
}

/* ---- A conversation ---- */

enum { MAX_MESSAGES = 512 }; /* 255 exchanges; the context is full long before */

typedef struct history {
    tael_message messages[MAX_MESSAGES];
    size_t count, kept; /* kept: the system message, which is never dropped */
} history;

static void drop(history *h, size_t from, size_t n)
{
    for (size_t i = from; i < from + n; i++) tael__free((void *)(uintptr_t)h->messages[i].content);
    memmove(h->messages + from, h->messages + from + n, (h->count - from - n) * sizeof *h->messages);
    h->count -= n;
}

static tael_status say_next(history *h, const char *role, const char *text, size_t bytes)
{
    if (h->count == MAX_MESSAGES) drop(h, h->kept, 2);
    char *copy = tael__strndup(text, bytes);
    if (!copy) return tael__fail_memory("conversation", bytes);
    h->messages[h->count++] = (tael_message){role, copy};
    return TAEL_OK;
}

/* The model's next turn. When the context is full, the oldest exchange is forgotten. */
static tael_status next_turn(talk *t, history *h, reply *p)
{
    for (;;) {
        char *prompt = NULL;
        tael_status status = tael_chat_format(t->model, h->messages, h->count, NULL, true, &prompt);
        if (status == TAEL_OK) status = answer(t, prompt, strlen(prompt), p);
        tael_free(prompt);
        if (status != TAEL_CONTEXT_FULL || h->count < h->kept + 3) return status;
        drop(h, h->kept, 2);
    }
}

static tael_status conversation(request *r, talk *t)
{
    history h = {0};
    char *line = NULL;
    size_t cap = 0;
    tael_status status = TAEL_OK;
    const char *system = option_text(r, "system", NULL);
    if (system) status = say_next(&h, "system", system, strlen(system));
    h.kept = h.count;
    if (!r->quiet)
        fputs(TAEL_SAY("Ctrl-D ends the conversation, Ctrl-C an answer.\n", "Ctrl-D 结束对话，Ctrl-C 中断回答。\n"),
              stderr);
    while (status == TAEL_OK && !interrupted()) {
        fputs("> ", stdout);
        fflush(stdout);
        ssize_t n = getline(&line, &cap, stdin);
        if (n < 0) break;
        while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r')) line[--n] = '\0';
        if (n == 0) continue;
        reply p = {.stream = true, .text = {.max = TAEL__MAX_JSON_BYTES * 4}};
        status = say_next(&h, "user", line, strlen(line));
        if (status == TAEL_OK) status = next_turn(t, &h, &p);
        if (status == TAEL_CANCELLED) { /* before a word was said: as if it had not been asked */
            drop(&h, h.count - 1, 1);
            tael__buffer_free(&p.text);
            signals_forget();
            status = TAEL_OK;
            continue;
        }
        fputc('\n', stdout);
        signals_forget(); /* Ctrl-C during an answer ended the answer only */
        if (status == TAEL_OK) status = say_next(&h, "assistant", p.text.data ? p.text.data : "", p.text.size);
        tael__buffer_free(&p.text);
    }
    fputc('\n', stdout);
    drop(&h, 0, h.count);
    free(line);
    return status;
}

static tael_status run(request *r)
{
    bool piped = !out_terminal(stdin);
    bool chat = r->argument_count == 0 && !piped && out_terminal(stdout) && !r->json;
    if (r->argument_count == 0 && !piped && !chat)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("run: no prompt; give PROMPT, or - and text on standard input",
                                                "run：缺少提示词；请给出 PROMPT，或用 - 从标准输入读取"));
    bool standard_input = r->argument_count == 0 || strcmp(r->arguments[0], "-") == 0;
    if (standard_input && strcmp(option_text(r, "schema", ""), "-") == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--schema: standard input is the prompt; put one of them in a file",
                                                "--schema：标准输入已用作提示词；请把其中之一放进文件"));
    talk t;
    tael_status status = talk_open(&t, r);
    if (status == TAEL_OK) status = chat ? conversation(r, &t) : one_turn(r, &t);
    talk_close(&t);
    return status;
}

const command command_run = {
    .verb = "run",
    .usage = "-m MODEL [PROMPT]",
    .what = {"one chat turn; a conversation on a terminal without PROMPT", "对话一轮；在终端不带 PROMPT 则连续对话"},
    .more = {"PROMPT - or no PROMPT with piped input reads standard input. Without -m: $TAEL_MODEL, else the best "
             "installed model.",
             "PROMPT 为 - 或输入来自管道时读取标准输入。不带 -m 时用 $TAEL_MODEL，否则用已安装的最佳模型。"},
    .options = options,
    .most = SIZE_MAX,
    .polls = true,
    .run = run,
};
