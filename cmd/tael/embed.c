// SPDX-License-Identifier: Apache-2.0
// `tael embed`: vectors of texts, each of length 1, so that the scalar product of two tells how alike they are.
#include <string.h>
#include <tael/embed.h>

#include "base/memory.h"
#include "command.h"

static const option options[] = {
    MODEL_OPTION,
    LORA_OPTION,
    {"pooling",
     0,
     OPTION_CHOICE,
     "mean|first|last",
     0,
     0,
     {"of all tokens, the first or the last (default: the model's own)", "取全部均值、首个或末个词元（默认按模型）"}},
    {"ctx",
     'c',
     OPTION_INTEGER,
     "N",
     16,
     TAEL__MAX_CONTEXT,
     {"the longest text in tokens (default 2048, or what the model takes)",
      "最长文本的词元数（默认 2048 或模型上限）"}},
    THREADS_OPTION,
    {NULL},
};

typedef struct work {
    request *r;
    tael_embedder *embedder;
    float *vector;
    json_t *list; /* with --json; else NULL */
} work;

static tael_status embed_one(work *w, const char *text, size_t bytes)
{
    uint32_t width = tael_embedder_width(w->embedder);
    size_t tokens;
    TAEL_TRY(tael_embed(w->embedder, text, bytes, w->vector, &tokens));
    if (!w->list) {
        for (uint32_t i = 0; i < width; i++) printf("%s%.6f", i > 0 ? " " : "", (double)w->vector[i]);
        putchar('\n');
        return TAEL_OK;
    }
    json_t *numbers = json_array();
    for (uint32_t i = 0; i < width; i++) json_array_append_new(numbers, json_real((double)w->vector[i]));
    json_t *entry =
        json_pack("{s:o,s:I,s:o}", "text", out_bytes(text, bytes), "tokens", (json_int_t)tokens, "vector", numbers);
    if (json_array_append_new(w->list, entry) != 0) return tael__fail_memory("JSON", width);
    return TAEL_OK;
}

/* Every argument is a text; with "-" every line of standard input. */
static tael_status embed_all(work *w)
{
    request *r = w->r;
    char *lines = NULL;
    size_t bytes = 0;
    tael_status status = TAEL_OK;
    if (r->argument_count != 1 || strcmp(r->arguments[0], "-") != 0) {
        for (size_t i = 0; i < r->argument_count && status == TAEL_OK; i++)
            status = embed_one(w, r->arguments[i], strlen(r->arguments[i]));
        return status;
    }
    TAEL_TRY(input_text(r, &lines, &bytes));
    for (char *line = lines, *end = lines + bytes, *next; line < end && status == TAEL_OK; line = next + 1) {
        next = memchr(line, '\n', (size_t)(end - line));
        if (!next) next = end;
        if (next > line) status = embed_one(w, line, (size_t)(next - line));
    }
    tael__free(lines);
    return status;
}

static tael_pooling pooling_asked(const request *r)
{
    const char *text = option_text(r, "pooling", "");
    if (strcmp(text, "mean") == 0) return TAEL_POOLING_MEAN;
    if (strcmp(text, "first") == 0) return TAEL_POOLING_FIRST;
    return strcmp(text, "last") == 0 ? TAEL_POOLING_LAST : TAEL_POOLING_MODEL;
}

static tael_status run(request *r)
{
    tael_model *model = NULL;
    char path[TAEL__MAX_PATH_BYTES];
    work w = {.r = r, .list = r->json ? json_array() : NULL};
    tael_embed_options o = {.size = sizeof o,
                            .context_tokens = (uint32_t)option_integer(r, "ctx", 0),
                            .threads = (uint32_t)option_integer(r, "threads", 0),
                            .pooling = pooling_asked(r)};
    tael_status status = input_model(r, &model, path, sizeof path);
    if (status == TAEL_OK) status = tael_embedder_open(&w.embedder, model, &o);
    if (status == TAEL_OK && !(w.vector = tael__alloc_array(tael_embedder_width(w.embedder), sizeof *w.vector)))
        status = tael__fail_memory("vector", tael_embedder_width(w.embedder));
    if (status == TAEL_OK) status = embed_all(&w);
    if (status == TAEL_OK && r->json)
        status = out_json(
            r, json_pack("{s:I,s:O}", "dimensions", (json_int_t)tael_embedder_width(w.embedder), "embeddings", w.list));
    json_decref(w.list);
    tael__free(w.vector);
    tael_embedder_close(w.embedder);
    tael_model_close(model);
    return status;
}

const command command_embed = {
    .verb = "embed",
    .usage = "-m MODEL TEXT…",
    .what = {"vectors of texts, for search", "文本向量，用于检索"},
    .more = {"One line of numbers a text; the vectors have length 1. TEXT - reads standard input, a text a line.",
             "每个文本输出一行数字，向量长度为 1。TEXT 为 - 时读取标准输入，一行一个文本。"},
    .options = options,
    .least = 1,
    .most = 4096,
    .run = run,
};
