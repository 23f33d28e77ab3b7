// SPDX-License-Identifier: Apache-2.0
// Vectors of texts: the last layer's output for one token of a text, or the mean of all, at length 1. The text stands
// between the tokens that the model's file asks for ([CLS] and [SEP], or an end token).
#include <math.h>
#include <string.h>
#include <tael/embed.h>

#include "base/limits.h"
#include "model/internal.h"

#define DEFAULT_CONTEXT 2048

struct tael_embedder {
    const tael_model *model; /* borrowed */
    tael__context *context;
    tael__pooling pooling;
    tael__buffer ids;
};

static tael__pooling pooling_of(const tael_model *model, tael_pooling asked)
{
    if (asked == TAEL_POOLING_MEAN) return TAEL__POOL_MEAN;
    if (asked == TAEL_POOLING_FIRST) return TAEL__POOL_FIRST;
    if (asked == TAEL_POOLING_LAST) return TAEL__POOL_LAST;
    if (model->sizes.pooling != TAEL__POOL_NONE) return model->sizes.pooling;
    return model->sizes.sees_all ? TAEL__POOL_MEAN : TAEL__POOL_LAST;
}

tael_status tael_embedder_open(tael_embedder **out, const tael_model *model, const tael_embed_options *options)
{
    tael_embed_options o = {.size = sizeof o};
    if (!out || !model || (options && options->size == 0))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("embedder: no model, or options without their size",
                                                "向量：没有模型，或选项未设 size"));
    *out = NULL;
    if (options) memcpy(&o, options, options->size < sizeof o ? options->size : sizeof o);
    uint32_t trained = model->sizes.context_tokens, tokens = o.context_tokens ? o.context_tokens : DEFAULT_CONTEXT;
    if ((!o.context_tokens || model->sizes.sees_all) && tokens > trained) tokens = trained;
    tael_embedder *e = tael__alloc_zero(sizeof *e);
    if (!e) return tael__fail_memory(TAEL_SAY("embedder", "向量"), sizeof *e);
    e->model = model;
    e->pooling = pooling_of(model, o.pooling);
    e->ids.max = (TAEL__MAX_PROMPT_BYTES + 2) * sizeof(int32_t);
    tael__context_options context = {.context_tokens = tokens, .threads = o.threads};
    if (model->sizes.sees_all) context.batch_tokens = tokens; /* a token sees its batch, so that is the whole text */
    tael_status status = tael__context_open(&e->context, model, &context);
    if (status == TAEL_OK)
        *out = e;
    else
        tael_embedder_close(e);
    return status;
}

void tael_embedder_close(tael_embedder *e)
{
    if (!e) return;
    tael__context_close(e->context);
    tael__buffer_free(&e->ids);
    tael__free(e);
}

uint32_t tael_embedder_width(const tael_embedder *e)
{
    return e ? e->model->sizes.embedding : 0;
}

static tael_status tokenize(tael_embedder *e, const char *text, size_t bytes)
{
    const tael__tokenizer *t = e->model->tokenizer;
    int32_t bos = tael__tokenizer_bos(t), closing = tael__tokenizer_closing(t);
    if (bytes > TAEL__MAX_PROMPT_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("text: %zu bytes; make it shorter than %zu", "文本：%zu 字节；请短于 %zu 字节"),
                          bytes, TAEL__MAX_PROMPT_BYTES);
    tael__buffer_clear(&e->ids);
    if (tael__tokenizer_adds_bos(t)) TAEL_TRY(tael__buffer_append(&e->ids, &bos, sizeof bos));
    TAEL_TRY(tael__tokenize(t, text, bytes, false, &e->ids));
    if (closing >= 0) TAEL_TRY(tael__buffer_append(&e->ids, &closing, sizeof closing));
    if (e->ids.size == 0)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("text: it is empty; give some", "文本：内容为空；请输入文字"));
    if (e->ids.size / sizeof bos > tael__context_capacity(e->context))
        return tael__fail(TAEL_CONTEXT_FULL,
                          TAEL_SAY("text: %zu tokens, and the model takes %u at once; cut it into parts",
                                   "文本：%zu 个词元，而模型一次最多 %u 个；请分段"),
                          e->ids.size / sizeof bos, tael__context_capacity(e->context));
    return TAEL_OK;
}

static void add_rows(float *sum, const float *rows, size_t count, size_t width)
{
    for (size_t r = 0; r < count; r++)
        for (size_t i = 0; i < width; i++) sum[i] += rows[r * width + i];
}

static tael_status run(tael_embedder *e, const int32_t *ids, size_t count, float *vector)
{
    tael__context *c = e->context;
    size_t width = e->model->sizes.embedding, batch = tael__context_batch(c);
    tael__context_rewind(c, 0, 0);
    memset(vector, 0, width * sizeof *vector);
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < batch ? count - done : batch;
        tael__run r = {.tokens = ids + done, .count = n, .wanted = n};
        if (e->pooling == TAEL__POOL_MEAN || (e->pooling == TAEL__POOL_FIRST && done == 0)) r.wanted = 0;
        if (e->pooling == TAEL__POOL_LAST && done + n == count) r.wanted = n - 1;
        TAEL_TRY(tael__context_step(c, &r, 1, NULL));
        size_t rows = tael__context_outputs(c);
        add_rows(vector, c->scratch.y, e->pooling == TAEL__POOL_FIRST && rows > 0 ? 1 : rows, width);
    }
    return TAEL_OK;
}

tael_status tael_embed(tael_embedder *e, const char *text, size_t bytes, float *vector, size_t *tokens)
{
    if (!e || (!text && bytes > 0) || !vector)
        return tael__fail(
            TAEL_MISUSE,
            TAEL_SAY("tael_embed: NULL was given; open an embedder and pass a text and room for its vector",
                     "tael_embed：传入了 NULL；请打开 embedder，并给出文本和向量空间"));
    TAEL_TRY(tokenize(e, text ? text : "", bytes));
    size_t count = e->ids.size / sizeof(int32_t), width = e->model->sizes.embedding;
    TAEL_TRY(run(e, (const int32_t *)(const void *)e->ids.data, count, vector));
    double square = 0;
    for (size_t i = 0; i < width; i++) square += (double)vector[i] * (double)vector[i];
    if (!(square > 0) || !isfinite(square))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: its outputs are not numbers; the file may be damaged, fetch it again",
                                   "%s：输出不是数字；文件可能已损坏，请重新下载"),
                          tael__gguf_path(e->model->file));
    float scale = (float)(1 / sqrt(square));
    for (size_t i = 0; i < width; i++) vector[i] *= scale;
    if (tokens) *tokens = count;
    return TAEL_OK;
}
