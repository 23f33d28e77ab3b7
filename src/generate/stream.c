// SPDX-License-Identifier: Apache-2.0
// One generation: choose a token, give out its text. With a schema, logits are only computed for what may come when
// that is little, and text that only has one way to go on is taken without any.
#include "generate/stream.h"

#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/utf8.h"
#include "generate/internal.h"
#include "generate/odds.h"

#define JUMP_MOST  512 /* bytes of a forced run that are taken at once */
#define LOOK_BACK  8   /* tokens before a forced run that its own could have merged with */
#define FEW_SHARE  8   /* fewer than the vocabulary by this: their logits alone are quicker than all */
#define LOOK_BYTES (LOOK_BACK * 64)

/* ---- What streams share ---- */

tael_status tael__kit_open(tael__kit *kit, const tael_model *model)
{
    tael_model_info info = {.size = sizeof info};
    TAEL_TRY(tael__model_check_writes(model));
    TAEL_TRY(tael_model_get_info(model, &info));
    *kit = (tael__kit){.model = model, .tokenizer = tael__model_tokenizer(model), .width = info.vocabulary};
    kit->vocabulary = tael__tokenizer_size(kit->tokenizer);
    if (info.vocabulary < kit->vocabulary) kit->vocabulary = info.vocabulary;
    kit->few_most = kit->vocabulary / FEW_SHARE;
    return TAEL_OK;
}

void tael__kit_close(tael__kit *kit)
{
    tael__guide_tokens_release(kit->guide_tokens);
    tael__free(kit->changed);
    tael__free(kit->few);
    tael__free(kit->few_logits);
    *kit = (tael__kit){0};
}

static tael_status kit_prepare(tael__kit *kit, bool guided)
{
    size_t size = tael__tokenizer_size(kit->tokenizer); /* the mask covers all tokens */
    if (!kit->changed) kit->changed = tael__alloc_array(size, sizeof *kit->changed);
    if (guided && !kit->few) {
        kit->few = tael__alloc_array((size_t)kit->few_most + 1, sizeof *kit->few);
        kit->few_logits = tael__alloc_array((size_t)kit->few_most + 1, sizeof *kit->few_logits);
    }
    if (!kit->changed || (guided && (!kit->few || !kit->few_logits)))
        return tael__fail_memory(TAEL_SAY("sampling", "采样"), size * sizeof *kit->changed);
    if (guided && !kit->guide_tokens) return tael__guide_tokens_share(&kit->guide_tokens, kit->tokenizer);
    return TAEL_OK;
}

static const float *rows_at(tael__rows *r, size_t row, size_t width)
{
    if (!r->logits || row < r->first || row >= r->first + r->count) {
        size_t left = tael__context_outputs(r->context) - row, most = tael__context_logit_rows(r->context);
        r->first = row;
        r->count = left < most ? left : most;
        r->logits = tael__context_logits(r->context, row, r->count);
    }
    return r->logits + (row - r->first) * width;
}

/* ---- Opening ---- */

static bool changes(const tael__stream *s)
{
    return s->guide || s->end_count || tael__sampler_penalizes(&s->sampler);
}

tael_status tael__stream_open(tael__stream *s, tael__kit *kit, tael__list *list, const tael_generate_options *options,
                              tael_token_fn *token, void *user)
{
    *s = (tael__stream){.kit = kit, .list = list};
    TAEL_TRY(tael__options_copy(&s->options, sizeof s->options, options, options ? options->size : 0));
    const tael_generate_options *o = &s->options;
    s->most = o->max_tokens ? o->max_tokens : UINT32_MAX;
    TAEL_TRY(tael__output_open(&s->output, o, token, user));
    TAEL_TRY(tael__sampler_open(&s->sampler, o, kit->vocabulary));
    if (o->schema) {
        TAEL_TRY(kit_prepare(kit, true));
        TAEL_TRY(tael__guide_open_with(&s->guide, o->schema, kit->guide_tokens));
    }
    for (int32_t i = 0; o->ignore_end && !o->schema && i < (int32_t)kit->vocabulary; i++)
        if (tael__tokenizer_ends(kit->tokenizer, i) && s->end_count < TAEL__STREAM_ENDS) s->ends[s->end_count++] = i;
    return changes(s) ? kit_prepare(kit, false) : TAEL_OK;
}

void tael__stream_close(tael__stream *s)
{
    tael__guide_close(s->guide);
    tael__output_close(&s->output);
    tael__sampler_close(&s->sampler);
    *s = (tael__stream){0};
}

void tael__stream_finish(tael__stream *s, tael_finish finish)
{
    s->finished = true;
    s->finish = finish;
}

/* ---- Choosing ---- */

/* Logits of an output as the options change them, in kit->changed. */
static void change(tael__stream *s, tael__rows *rows, size_t row)
{
    tael__kit *k = s->kit;
    bool computed = rows->logits && row >= rows->first && row < rows->first + rows->count;
    size_t few = s->guide && !computed ? tael__guide_allowed(s->guide, k->few, k->few_most) : SIZE_MAX;
    if (few <= k->few_most) {
        for (size_t i = 0; i < k->vocabulary; i++) k->changed[i] = -INFINITY;
        while (few > 0 && (uint32_t)k->few[few - 1] >= k->vocabulary) few--;
        if (few == 1)
            k->few_logits[0] = 0; /* whatever it is */
        else
            tael__context_logits_of(rows->context, row, k->few, few, k->few_logits);
        for (size_t i = 0; i < few; i++) k->changed[k->few[i]] = k->few_logits[i];
    } else {
        memcpy(k->changed, rows_at(rows, row, k->width), k->vocabulary * sizeof *k->changed);
    }
    tael__sampler_penalize(&s->sampler, k->changed, s->list->ids, s->list->count);
    if (s->guide && few > k->few_most) tael__guide_mask(s->guide, k->changed);
    for (uint32_t i = 0; i < s->end_count; i++) k->changed[s->ends[i]] = -INFINITY;
}

/* `logits` NULL: there was no choice. */
static void tell_odds(tael__stream *s, int32_t id, const float *logits)
{
    tael_odds odds = {.id = id};
    if (!s->options.odds) return;
    if (logits) tael__odds(&odds, logits, s->kit->vocabulary, id, s->options.odds_top);
    s->options.odds(&odds, s->output.user);
}

static bool ends(const tael__stream *s, int32_t id)
{
    return tael__tokenizer_ends(s->kit->tokenizer, id) && s->end_count == 0;
}

static tael_status choose(tael__stream *s, tael__rows *rows, size_t row, int32_t *id)
{
    const float *logits = s->kit->changed;
    if (changes(s))
        change(s, rows, row);
    else
        logits = rows_at(rows, row, s->kit->width);
    *id = tael__sampler_pick(&s->sampler, logits);
    if (*id >= 0 && !ends(s, *id) && s->list->count < s->list->capacity) tell_odds(s, *id, logits);
    if (*id >= 0) return TAEL_OK;
    if (s->guide)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("schema: no token of this model continues the text; use another model or schema",
                                   "模式：此模型没有能继续的词元；请换模型或模式"));
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("model: its logits are not numbers; the file may be damaged, pull it again",
                               "模型：输出不是数值；文件可能已损坏，请重新获取"));
}

/* ---- Taking ---- */

/* A token's text; none for those that the user isn't shown. */
static tael__slice text_of(const tael__tokenizer *t, int32_t id)
{
    return tael__tokenizer_silent(t, id) ? (tael__slice){"", 0} : tael__token_bytes(t, id);
}

static tael_status take(tael__stream *s, int32_t id)
{
    if (s->made++ == 0) s->first = tael__clock_seconds();
    s->list->ids[s->list->count++] = id;
    tael__slice text = text_of(s->kit->tokenizer, id);
    TAEL_TRY(tael__output_push(&s->output, id, text.data, text.bytes));
    if (s->guide && !tael__guide_accept(s->guide, id))
        return tael__fail(TAEL_INTERNAL, TAEL_SAY("schema: a token was chosen that doesn't fit; please report it",
                                                  "模式：选出了不符合的词元；请反馈此问题"));
    if (s->output.cancelled)
        tael__stream_finish(s, TAEL_FINISH_CANCELLED);
    else if (s->output.stopped || (s->guide && tael__guide_done(s->guide)))
        tael__stream_finish(s, TAEL_FINISH_STOP);
    else if (s->made >= s->most || s->list->count >= s->list->capacity)
        tael__stream_finish(s, TAEL_FINISH_LENGTH);
    return TAEL_OK;
}

tael_status tael__stream_next(tael__stream *s, tael__rows *rows, size_t row)
{
    int32_t id;
    TAEL_TRY(choose(s, rows, row, &id));
    if (ends(s, id)) {
        if (s->made == 0) s->first = tael__clock_seconds();
        tael__stream_finish(s, TAEL_FINISH_STOP);
        return TAEL_OK;
    }
    if (s->list->count < s->list->capacity) return take(s, id);
    tael__stream_finish(s, TAEL_FINISH_LENGTH);
    return TAEL_OK;
}

/* ---- Jumping ahead ---- */

/* The text of the last few generated tokens, and how many they are; what was prompted stays as it is. */
static size_t tail_text(const tael__stream *s, char *text, uint32_t *back)
{
    const tael__list *l = s->list;
    uint32_t n = 0, most = s->made < LOOK_BACK ? s->made : LOOK_BACK;
    size_t bytes = 0, at = 0;
    for (; n < most; n++) {
        size_t more = text_of(s->kit->tokenizer, l->ids[l->count - n - 1]).bytes;
        if (bytes + more > LOOK_BYTES) break;
        bytes += more;
    }
    for (uint32_t i = l->count - n; i < l->count; i++) {
        tael__slice piece = text_of(s->kit->tokenizer, l->ids[i]);
        if (piece.bytes) memcpy(text + at, piece.data, piece.bytes);
        at += piece.bytes;
    }
    *back = n;
    return bytes;
}

/* Bytes of the token when they stand at text[0..bytes), else 0. */
static size_t stands_at(const tael__tokenizer *t, int32_t id, const char *text, size_t bytes)
{
    tael__slice piece = tael__token_bytes(t, id);
    return piece.bytes > 0 && piece.bytes <= bytes && memcmp(text, piece.data, piece.bytes) == 0 ? piece.bytes : 0;
}

/* The run is cut as the tokenizer would have cut it together with what was said before: where it would have joined the
 * two, nothing is taken, for the model knows that one token. The last one also stays to be chosen: what comes after the
 * run could join it. */
static tael_status take_run(tael__stream *s, const char *run, size_t bytes)
{
    const tael__tokenizer *t = s->kit->tokenizer;
    char text[LOOK_BYTES + JUMP_MOST];
    uint32_t back;
    size_t border = tail_text(s, text, &back), all_bytes = border + bytes, at = 0, used = 1, i = 0;
    memcpy(text + border, run, bytes);
    if (!tael__utf8_valid(text, all_bytes)) return TAEL_OK;
    tael__buffer ids = {.max = sizeof text * sizeof(int32_t)};
    int32_t previous = s->list->count > back ? s->list->ids[s->list->count - back - 1] : -1;
    tael_status status = tael__tokenize_after(t, previous, text, all_bytes, false, &ids);
    const int32_t *all = (const int32_t *)(const void *)ids.data;
    size_t count = ids.size / sizeof *all;
    for (; i < count && at < border && used > 0; i++, at += used)
        used = stands_at(t, all[i], text + at, all_bytes - at);
    if (at != border) count = 0;
    for (; i + 1 < count && status == TAEL_OK && !s->finished; i++, at += used) {
        used = stands_at(t, all[i], text + at, all_bytes - at);
        if (used == 0 || (uint32_t)all[i] >= s->kit->vocabulary) break;
        tell_odds(s, all[i], NULL);
        status = take(s, all[i]);
    }
    tael__buffer_free(&ids);
    return status;
}

tael_status tael__stream_jump(tael__stream *s)
{
    char run[JUMP_MOST];
    if (!s->guide || s->finished) return TAEL_OK;
    size_t bytes = tael__utf8_cut(run, tael__guide_forced(s->guide, run, sizeof run));
    return bytes > 1 ? take_run(s, run, bytes) : TAEL_OK;
}
