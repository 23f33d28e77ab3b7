// SPDX-License-Identifier: Apache-2.0
// The loop: choose a token, give out its text, compute it. With a schema, text that only has one way to go on isn't
// chosen token by token but computed in one batch.
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "generate/internal.h"
#include "generate/output.h"
#include "generate/sampler.h"

#define JUMP_BYTES 8 /* a forced run below this isn't worth a batch */
#define JUMP_MOST  512
#define MAX_ENDS   64 /* end tokens of a model; Llama 3 has five */

typedef struct generating {
    tael_session *session;
    tael_generate_options options;
    tael__sampler sampler;
    tael__output output;
    tael__guide *guide;     /* NULL: free text */
    int32_t ends[MAX_ENDS]; /* tokens that may not come, because the end is to be ignored */
    uint32_t end_count;
    uint32_t made, most; /* tokens */
    double start, first; /* clock: when the loop began, when the first token was chosen */
    bool finished;
    tael_finish finish;
} generating;

static void stop(generating *g, tael_finish finish)
{
    g->finished = true;
    g->finish = finish;
}

static tael_status open_all(generating *g, const tael_generate_options *options, tael_token_fn *token, void *user)
{
    tael_session *s = g->session;
    TAEL_TRY(tael__options_copy(&g->options, sizeof g->options, options, options ? options->size : 0));
    const tael_generate_options *o = &g->options;
    g->most = o->max_tokens ? o->max_tokens : UINT32_MAX;
    TAEL_TRY(tael__output_open(&g->output, o, token, user));
    TAEL_TRY(tael__sampler_open(&g->sampler, o, s->vocabulary));
    if (o->schema) {
        if (!s->guide_tokens) TAEL_TRY(tael__guide_tokens_of(&s->guide_tokens, s->tokenizer));
        TAEL_TRY(tael__guide_open_with(&g->guide, o->schema, s->guide_tokens));
    }
    for (int32_t i = 0; o->ignore_end && !o->schema && i < (int32_t)s->vocabulary && g->end_count < MAX_ENDS; i++)
        if (tael__tokenizer_ends(s->tokenizer, i)) g->ends[g->end_count++] = i;
    bool changes = g->guide || g->end_count || tael__sampler_penalizes(&g->sampler);
    if (changes && !s->changed) {
        s->changed =
            tael__alloc_array(tael__tokenizer_size(s->tokenizer), sizeof *s->changed); /* the mask covers all tokens */
        if (!s->changed) return tael__fail_memory(TAEL_SAY("sampling", "采样"), s->vocabulary * sizeof *s->changed);
    }
    return TAEL_OK;
}

static void close_all(generating *g)
{
    tael__guide_close(g->guide);
    tael__output_close(&g->output);
    tael__sampler_close(&g->sampler);
}

/* The next token, by the logits of the last. */
static tael_status choose(generating *g, int32_t *id)
{
    tael_session *s = g->session;
    const float *logits = s->logits;
    if (g->guide || g->end_count || tael__sampler_penalizes(&g->sampler)) {
        memcpy(s->changed, logits, s->vocabulary * sizeof *logits);
        logits = s->changed;
        tael__sampler_penalize(&g->sampler, s->changed, s->tokens, s->count);
        if (g->guide) tael__guide_mask(g->guide, s->changed);
        for (uint32_t i = 0; i < g->end_count; i++) s->changed[g->ends[i]] = -INFINITY;
    }
    *id = tael__sampler_pick(&g->sampler, logits);
    if (*id >= 0) return TAEL_OK;
    if (g->guide)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("schema: no token of this model continues the text; use another model or schema",
                                   "模式：此模型没有能继续的词元；请换模型或模式"));
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("model: its logits are not numbers; the file may be damaged, pull it again",
                               "模型：输出不是数值；文件可能已损坏，请重新获取"));
}

/* A token's text; none for those that the user isn't shown. */
static tael__slice text_of(const tael_session *s, int32_t id)
{
    return tael__tokenizer_silent(s->tokenizer, id) ? (tael__slice){"", 0} : tael__token_bytes(s->tokenizer, id);
}

/* One token into the context's list and out to the caller. */
static tael_status take(generating *g, int32_t id)
{
    tael_session *s = g->session;
    if (g->made++ == 0) g->first = tael__clock_seconds();
    s->tokens[s->count++] = id;
    s->logits = NULL;
    tael__slice text = text_of(s, id);
    TAEL_TRY(tael__output_push(&g->output, id, text.data, text.bytes));
    if (g->guide && !tael__guide_accept(g->guide, id))
        return tael__fail(TAEL_INTERNAL, TAEL_SAY("schema: a token was chosen that doesn't fit; please report it",
                                                  "模式：选出了不符合的词元；请反馈此问题"));
    if (g->output.cancelled)
        stop(g, TAEL_FINISH_CANCELLED);
    else if (g->output.stopped || (g->guide && tael__guide_done(g->guide)))
        stop(g, TAEL_FINISH_STOP);
    else if (g->made >= g->most || s->count >= s->capacity)
        stop(g, TAEL_FINISH_LENGTH);
    return TAEL_OK;
}

/* Take the tokens of a run of text that nothing else can follow but it. The last of them stays to be chosen: with what
 * comes after the run the model may have one token for both. */
static tael_status jump(generating *g)
{
    tael_session *s = g->session;
    char run[JUMP_MOST];
    size_t bytes = tael__guide_forced(g->guide, run, sizeof run), at = 0;
    bytes = tael__utf8_cut(run, bytes);
    if (bytes < JUMP_BYTES || !tael__utf8_valid(run, bytes)) return TAEL_OK;
    tael__buffer ids = {.max = JUMP_MOST * sizeof(int32_t)};
    int32_t previous = s->count > 0 ? s->tokens[s->count - 1] : -1;
    tael_status status = tael__tokenize_after(s->tokenizer, previous, run, bytes, false, &ids);
    const int32_t *all = (const int32_t *)(const void *)ids.data;
    size_t count = ids.size / sizeof *all;
    for (size_t i = 0; i + 1 < count && status == TAEL_OK && !g->finished; i++) {
        tael__slice text = tael__token_bytes(s->tokenizer, all[i]);
        if (all[i] >= (int32_t)s->vocabulary || text.bytes > bytes - at || memcmp(run + at, text.data, text.bytes) != 0)
            break;
        at += text.bytes;
        status = take(g, all[i]);
    }
    tael__buffer_free(&ids);
    return status;
}

static tael_status generate(generating *g)
{
    tael_session *s = g->session;
    while (!g->finished) {
        int32_t id;
        if (g->guide) TAEL_TRY(jump(g));
        if (g->finished) break;
        tael_status status = tael__session_catch_up(s);
        if (status == TAEL_CANCELLED || tael__session_cancelled(s)) {
            stop(g, TAEL_FINISH_CANCELLED);
            break;
        }
        if (status != TAEL_OK) return status;
        TAEL_TRY(choose(g, &id));
        if (tael__tokenizer_ends(s->tokenizer, id) && g->end_count == 0) {
            if (g->made == 0) g->first = tael__clock_seconds();
            stop(g, TAEL_FINISH_STOP);
        } else if (s->count >= s->capacity) {
            stop(g, TAEL_FINISH_LENGTH);
        } else {
            TAEL_TRY(take(g, id));
        }
    }
    return tael__output_flush(&g->output);
}

static void fill_result(const generating *g, tael_generation *result)
{
    const tael_session *s = g->session;
    double now = tael__clock_seconds(), from = s->prompt_start > 0 ? s->prompt_start : g->start;
    *result = (tael_generation){.finish = g->finish,
                                .prompt_tokens = s->prompt_tokens,
                                .completion_tokens = g->made,
                                .prefill_seconds = s->prefill_seconds,
                                .decode_seconds = now - g->start,
                                .first_token_seconds = g->first > 0 ? g->first - from : 0};
}

tael_status tael_session_generate(tael_session *s, const tael_generate_options *options, tael_token_fn *token,
                                  void *user, tael_generation *result)
{
    if (!s)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: NULL was given; open one first", "会话：传入了 NULL；请先打开会话"));
    generating g = {.session = s, .start = tael__clock_seconds()};
    if (result) *result = (tael_generation){0};
    tael_status status = open_all(&g, options, token, user);
    if (status == TAEL_OK) status = generate(&g);
    if (status == TAEL_OK && result) fill_result(&g, result);
    close_all(&g);
    tael__session_uncancel(s);
    if (status == TAEL_OK) {
        s->prompt_tokens = 0;
        s->prefill_seconds = s->prompt_start = 0;
    }
    return tael__session_failed(s, status);
}
