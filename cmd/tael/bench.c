// SPDX-License-Identifier: Apache-2.0
// `tael bench`: prefill and decode speed, by the clock of the session itself. ppP is P tokens prompted into a context
// that holds D; tgN is N tokens decoded one by one after D (at least one) tokens. One round before the first is not
// counted: it brings the file into memory.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "bench.h"

static const option options[] = {
    MODEL_OPTION,
    {"prompt",
     'p',
     OPTION_INTEGER,
     "N",
     0,
     131072,
     {"tokens to prefill (default 512; 0: skip)", "预填充 token 数（默认 512；0 跳过）"}},
    {"tokens",
     'n',
     OPTION_INTEGER,
     "N",
     0,
     131072,
     {"tokens to decode (default 128; 0: skip)", "解码 token 数（默认 128；0 跳过）"}},
    {"depth",
     'd',
     OPTION_INTEGER,
     "N",
     0,
     131072,
     {"tokens in the context before (default 0)", "之前已有的上下文（默认 0）"}},
    {"parallel",
     0,
     OPTION_INTEGER,
     "N",
     1,
     256,
     {"N requests at once, each of -p tokens in and -n out", "同时 N 个请求，各输入 -p、输出 -n 个 token"}},
    {"kv-q8", 0, OPTION_FLAG, NULL, 0, 0, {"keep the context in 8 bits", "以 8 位保存上下文"}},
    THREADS_OPTION,
    {"runs",
     'r',
     OPTION_INTEGER,
     "N",
     1,
     100,
     {"runs, of which the median counts (default 3)", "次数，取中位数（默认 3）"}},
    {NULL},
};

/* Only words that are one token each are used, so that the count is known; it is checked nevertheless. */
tael_status bench_text(const tael_model *model, tael__buffer *text, uint32_t tokens, uint32_t seed)
{
    static const char *const words_tried[] = {" the",  " of", " and",  " to", " in", " is",   " for", " on",
                                              " that", " by", " with", " as", " at", " from", " or",  " it"};
    const char *single[sizeof words_tried / sizeof *words_tried];
    size_t singles = 0, count = 0;
    for (size_t i = 0; i < sizeof words_tried / sizeof *words_tried; i++) {
        TAEL_TRY(tael_tokenize(model, words_tried[i], strlen(words_tried[i]), false, NULL, 0, &count));
        if (count == 1) single[singles++] = words_tried[i];
    }
    if (singles == 0)
        return tael__fail(TAEL_UNSUPPORTED, TAEL_SAY("bench: this vocabulary has no English words; take another model",
                                                     "bench：词表中没有英文单词；请换一个模型"));
    for (uint32_t i = 0, state = seed; i < tokens; i++) {
        tael__buffer_text(text, single[seed == 0 ? i * 7 % singles : (state >> 16) % singles]);
        state = state * 1664525u + 1013904223u + seed * 65537u;
    }
    TAEL_TRY(text->failed);
    TAEL_TRY(tael_tokenize(model, text->data ? text->data : "", text->size, false, NULL, 0, &count));
    if (count == tokens) return TAEL_OK;
    return tael__fail(TAEL_INTERNAL,
                      TAEL_SAY("bench: %zu tokens instead of %u; report this model",
                               "bench：得到 %zu 个 token，应为 %u；请报告此模型"),
                      count, tokens);
}

static int no_text(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    (void)text, (void)bytes, (void)ids, (void)count, (void)user;
    return interrupted();
}

/* Back to `depth` tokens: what was prompted there by the last run is kept. */
static tael_status go_to_depth(const bench *b, uint32_t depth)
{
    tael_generation g;
    tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true, .max_tokens = 1};
    tael_status status = tael_session_rewind(b->session, depth);
    if (status == TAEL_OK && tael_session_position(b->session) < depth) {
        tael_session_rewind(b->session, 0);
        status = bench_text(b->model, &text, depth, 0);
        if (status == TAEL_OK) status = tael_session_prompt(b->session, text.data, text.size, false);
        /* One token closes the account of this prompt; it is forgotten again. */
        if (status == TAEL_OK) status = tael_session_generate(b->session, &o, no_text, NULL, &g);
        if (status == TAEL_OK) status = tael_session_rewind(b->session, depth);
    }
    tael__buffer_free(&text);
    return status;
}

/* Forget what follows the first `depth` tokens, prompt `prompt` more, then decode `tokens`. */
static tael_status one_run(const bench *b, uint32_t depth, uint32_t prompt, uint32_t tokens, tael_generation *g)
{
    tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true, .speculate = TAEL_SPECULATE_OFF};
    tael_status status = go_to_depth(b, depth);
    if (status == TAEL_OK) status = bench_text(b->model, &text, prompt, 0);
    if (status == TAEL_OK) status = tael_session_prompt(b->session, text.data, text.size, false);
    o.max_tokens = tokens + 1; /* the first comes from the prompt's logits: this many decode steps */
    if (status == TAEL_OK) status = tael_session_generate(b->session, &o, no_text, NULL, g);
    if (status == TAEL_OK && (interrupted() || g->finish == TAEL_FINISH_CANCELLED))
        status = tael__fail(TAEL_CANCELLED, TAEL_SAY("bench: cancelled; run it again", "bench：已取消；请重新运行"));
    tael__buffer_free(&text);
    return status;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_quantile(double *values, size_t n, double q)
{
    qsort(values, n, sizeof *values, by_value);
    double at = q * (double)(n - 1);
    size_t below = (size_t)at, above = below + 1 < n ? below + 1 : below;
    return values[below] + (at - (double)below) * (values[above] - values[below]);
}

static double speed_of(const tael_generation *g, bool prefill)
{
    if (prefill) return g->prefill_seconds > 0 ? g->prompt_tokens / g->prefill_seconds : 0;
    return g->decode_seconds > 0 ? (g->completion_tokens - 1) / g->decode_seconds : 0;
}

/* Runs one test and appends it to `results`, or prints it. */
static tael_status test(const request *r, const bench *b, bool prefill, json_t *results)
{
    double runs[BENCH_MAX_RUNS], sorted[BENCH_MAX_RUNS];
    char name[48], at_depth[24] = "";
    uint32_t n = prefill ? b->prompt : b->tokens;
    if (n == 0) return TAEL_OK;
    if (b->depth > 0) snprintf(at_depth, sizeof at_depth, "@d%u", b->depth);
    snprintf(name, sizeof name, "%s%u%s", prefill ? "pp" : "tg", n, at_depth);
    for (uint32_t i = 0; i < b->runs; i++) {
        tael_generation g;
        TAEL_TRY(one_run(b, b->depth, prefill ? n : 1, prefill ? 0 : n, &g));
        runs[i] = speed_of(&g, prefill);
    }
    memcpy(sorted, runs, sizeof runs[0] * b->runs);
    double median = bench_quantile(sorted, b->runs, 0.5);
    if (!r->json) {
        printf("%-14s %9.2f tok/s  (", name, median);
        for (uint32_t i = 0; i < b->runs; i++) printf("%s%.2f", i > 0 ? " " : "", runs[i]);
        puts(")");
        fflush(stdout);
        return TAEL_OK;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < b->runs; i++) json_array_append_new(list, out_real(runs[i]));
    json_array_append_new(results, json_pack("{s:s,s:o,s:o}", "test", name, "tps", out_real(median), "runs", list));
    return TAEL_OK;
}

/* The most memory this process ever had resident. Not getrusage: that remembers the parent's size before exec. */
static uint64_t peak_bytes(void)
{
    char line[256];
    unsigned long long kb = 0;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmHWM: %llu kB", &kb) == 1) break;
    if (f) fclose(f);
    return kb * 1024;
}

static tael_status all_tests(request *r, bench *b, const char *name, uint32_t threads)
{
    tael_device device = {.size = sizeof device};
    tael_generation warm;
    json_t *results = json_array();
    tael_status status = tael_device_inspect(&device, false);
    if (threads == 0) threads = device.cores;
    if (!r->json && status == TAEL_OK)
        printf(TAEL_SAY("%s, %u threads, %s\n", "%s，%u 线程，%s\n"), name, threads, device.isa);
    if (b->parallel > 0) {
        if (status == TAEL_OK) status = bench_many(r, b, threads, results);
    } else {
        if (status == TAEL_OK) status = one_run(b, 0, b->prompt && b->prompt < 64 ? b->prompt : 64, 4, &warm);
        if (status == TAEL_OK) status = test(r, b, true, results);
        if (status == TAEL_OK) status = test(r, b, false, results);
    }
    if (status == TAEL_OK && r->json)
        return out_json(r, json_pack("{s:o,s:I,s:s,s:o,s:I}", "model", out_text(name), "threads", (json_int_t)threads,
                                     "isa", device.isa, "results", results, "rss_bytes", (json_int_t)peak_bytes()));
    if (status == TAEL_OK) {
        char size[32];
        out_size(size, sizeof size, peak_bytes());
        printf(TAEL_SAY("memory         %9s at its peak\n", "内存峰值       %9s\n"), size);
    }
    json_decref(results);
    return status;
}

static tael_status run(request *r)
{
    char path[TAEL__MAX_PATH_BYTES];
    tael_model *model = NULL;
    uint32_t threads = (uint32_t)option_integer(r, "threads", 0);
    bench b = {.prompt = (uint32_t)option_integer(r, "prompt", 512),
               .tokens = (uint32_t)option_integer(r, "tokens", 128),
               .depth = (uint32_t)option_integer(r, "depth", 0),
               .runs = (uint32_t)option_integer(r, "runs", 3),
               .parallel = (uint32_t)option_integer(r, "parallel", 0),
               .kv_q8 = option_given(r, "kv-q8")};
    if (b.parallel > 0 && (b.prompt == 0 || b.tokens == 0 || b.depth > 0))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("bench: --parallel needs a prompt and tokens, and takes no depth",
                                                "bench：--parallel 需要 -p 和 -n，且不能带 -d"));
    tael_status status = input_model(r, &model, path, sizeof path);
    uint32_t most = b.prompt > b.tokens ? b.prompt : b.tokens;
    tael_session_options o = {.size = sizeof o,
                              .context_tokens = b.depth + (most < 80 ? 80 : most) + 8,
                              .threads = threads,
                              .kv_q8 = b.kv_q8};
    if (status == TAEL_OK && b.parallel == 0) status = tael_session_open(&b.session, model, &o);
    b.model = model;
    signals_session(b.session);
    if (status == TAEL_OK) {
        const char *slash = strrchr(path, '/');
        status = all_tests(r, &b, option_text(r, "model", slash ? slash + 1 : path), threads);
    }
    signals_session(NULL);
    tael_session_close(b.session);
    tael_model_close(model);
    return status;
}

const command command_bench = {
    .verb = "bench",
    .usage = "-m MODEL [-p 512] [-n 128] [-d 0] [-t N] [-r 3]",
    .what = {"prefill and decode speed", "预填充与解码速度"},
    .more = {"ppN: N tokens prefilled; tgN: N tokens decoded; @dD: after D tokens. The median of the runs, in tokens a "
             "second.",
             "ppN：预填充 N 个 token；tgN：解码 N 个；@dD：在 D 个 token 之后。取各次中位数，单位 token/秒。"},
    .options = options,
    .polls = true,
    .run = run,
};
