// SPDX-License-Identifier: Apache-2.0
// Perplexity as the common engines measure it, so that figures compare: the text is cut into windows, each runs with a
// fresh cache, and only tokens of its second half are scored, because the first ones lack context. The rest is dropped.
#include <math.h>

#include "base/limits.h"
#include "model/internal.h"

typedef struct tally {
    const int32_t *window; /* its tokens */
    size_t tokens, vocabulary;
    double sum; /* of -log p */
    uint64_t scored;
} tally;

/* logits[index] foretell token index + 1. */
static void score(size_t index, const float *logits, void *user)
{
    tally *t = user;
    if (index + 1 >= t->tokens) return;
    float top = logits[0];
    for (size_t i = 1; i < t->vocabulary; i++)
        if (logits[i] > top) top = logits[i];
    double sum = 0;
    for (size_t i = 0; i < t->vocabulary; i++) sum += (double)expf(logits[i] - top);
    t->sum += log(sum) - (double)(logits[t->window[index + 1]] - top);
    t->scored++;
}

static tael_status run_windows(tally *t, const tael_model *model, int32_t *ids, size_t count, uint32_t threads)
{
    tael__context *c;
    bool bos = tael__tokenizer_adds_bos(model->tokenizer);
    tael__context_options options = {.context_tokens = (uint32_t)t->tokens, .threads = threads};
    TAEL_TRY(tael__context_open(&c, model, &options));
    tael_status status = TAEL_OK;
    for (size_t at = 0; status == TAEL_OK && count - at >= t->tokens; at += t->tokens) {
        if (bos) ids[at] = tael__tokenizer_bos(model->tokenizer);
        t->window = ids + at;
        tael__context_rewind(c, 0, 0);
        status = tael__context_score(c, t->window, t->tokens, t->tokens / 2, score, t);
    }
    tael__context_close(c);
    return status;
}

tael_status tael_perplexity(const tael_model *model, const char *text, size_t bytes, uint32_t window, uint32_t threads,
                            double *perplexity, uint64_t *scored)
{
    tael__buffer ids = {.max = TAEL__MAX_TEXT_FILE_BYTES * sizeof(int32_t)};
    *perplexity = 0;
    *scored = 0;
    if (window < 3 || window > TAEL__MAX_CONTEXT)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("perplexity: a window of %u tokens; ask for 3 to %u",
                                   "困惑度：窗口为 %u 个词元；应在 3 到 %u 之间"),
                          window, TAEL__MAX_CONTEXT);
    TAEL_TRY(tael__model_check_writes(model));
    tally t = {.tokens = window, .vocabulary = model->sizes.vocabulary};
    tael_status status = TAEL_OK;
    int32_t bos = tael__tokenizer_bos(model->tokenizer);
    if (tael__tokenizer_adds_bos(model->tokenizer)) status = tael__buffer_append(&ids, &bos, sizeof bos);
    if (status == TAEL_OK) status = tael__tokenize(model->tokenizer, text, bytes, false, &ids);
    size_t count = ids.size / sizeof(int32_t);
    if (status == TAEL_OK && count < window)
        status =
            tael__fail(TAEL_BAD_INPUT,
                       TAEL_SAY("perplexity: the text has %zu tokens, fewer than one window of %u; take a longer text",
                                "困惑度：文本只有 %zu 个词元，不足一个 %u 的窗口；请用更长的文本"),
                       count, window);
    if (status == TAEL_OK) status = run_windows(&t, model, (int32_t *)(void *)ids.data, count, threads);
    tael__buffer_free(&ids);
    if (status != TAEL_OK) return status;
    *perplexity = exp(t.sum / (double)t.scored);
    *scored = t.scored;
    return TAEL_OK;
}
