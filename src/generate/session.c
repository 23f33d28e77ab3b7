// SPDX-License-Identifier: Apache-2.0
// A session: the tokens of one sequence, and the context that has computed them. The token list may be ahead of the
// context (the last token of a generation isn't computed until something follows it), so every step begins by catching
// up.
#include "generate/internal.h"

#include <stdio.h>
#include <string.h>

#define DEFAULT_CONTEXT 4096

tael_status tael__options_copy(void *out, size_t out_bytes, const void *options, size_t given_bytes)
{
    memset(out, 0, out_bytes);
    if (!options) return TAEL_OK;
    if (given_bytes == 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("options: size is 0; set it to sizeof the struct",
                                                "选项：size 为 0；请设为结构体的大小"));
    memcpy(out, options, given_bytes < out_bytes ? given_bytes : out_bytes);
    return TAEL_OK;
}

tael_status tael__session_failed(tael_session *s, tael_status status)
{
    if (status != TAEL_OK) snprintf(s->error, sizeof s->error, "%s", tael_error());
    return status;
}

tael_status tael_session_open(tael_session **out, const tael_model *model, const tael_session_options *options)
{
    tael_session_options o;
    if (!out || !model)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("session: no model; open one first", "会话：没有模型；请先打开模型"));
    *out = NULL;
    TAEL_TRY(tael__options_copy(&o, sizeof o, options, options ? options->size : 0));
    tael_model_info info = {.size = sizeof info};
    TAEL_TRY(tael_model_get_info(model, &info));
    uint32_t tokens = o.context_tokens ? o.context_tokens : DEFAULT_CONTEXT;
    if (!o.context_tokens && info.context_tokens && info.context_tokens < tokens) tokens = info.context_tokens;

    tael_session *s = tael__alloc_zero(sizeof *s);
    if (!s) return tael__fail_memory(TAEL_SAY("a session", "会话"), sizeof *s);
    if (o.threads == 0 && o.energy) o.threads = (tael__cores() + 1) / 2;
    tael__context_options context = {.context_tokens = tokens, .threads = o.threads, .kv_q8 = o.kv_q8};
    tael_status status = tael__kit_open(&s->kit, model);
    if (status == TAEL_OK) status = tael__context_open(&s->context, model, &context);
    if (status == TAEL_OK && o.draft) status = tael__draft_open(&s->draft, o.draft, model, &context);
    if (status == TAEL_OK) {
        s->list.capacity = tael__context_capacity(s->context);
        s->list.ids = tael__alloc_array(s->list.capacity, sizeof *s->list.ids);
        if (!s->list.ids)
            status = tael__fail_memory(TAEL_SAY("a session", "会话"), s->list.capacity * sizeof *s->list.ids);
    }
    if (status != TAEL_OK) {
        tael_session_close(s);
        return status;
    }
    *out = s;
    return TAEL_OK;
}

void tael_session_close(tael_session *s)
{
    if (!s) return;
    tael__context_close(s->context);
    tael__draft_close(s->draft);
    tael__kit_close(&s->kit);
    tael__free(s->list.ids);
    tael__free(s);
}

const char *tael_session_error(const tael_session *s)
{
    return s ? s->error : "";
}

uint32_t tael_session_position(const tael_session *s)
{
    return s ? s->list.count : 0;
}

static tael_status misuse(void)
{
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("session: NULL was given; open one first", "会话：传入了 NULL；请先打开会话"));
}

tael_status tael_session_rewind(tael_session *s, uint32_t tokens)
{
    if (!s) return misuse();
    if (tokens >= s->list.count) return TAEL_OK;
    s->list.count = tokens;
    s->ready = false;
    if (tael__context_position(s->context, 0) > tokens) tael__context_rewind(s->context, 0, tokens);
    return TAEL_OK;
}

tael_status tael__session_catch_up(tael_session *s)
{
    uint32_t held = tael__context_position(s->context, 0);
    if (held == s->list.count && s->ready) return TAEL_OK;
    if (s->list.count == 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: nothing was prompted; prompt it first", "会话：没有提示；请先输入提示"));
    if (held == s->list.count) { /* its logits are gone: the last token again, and what else a rewind takes with it */
        tael__context_rewind(s->context, 0, s->list.count - 1);
        held = tael__context_position(s->context, 0);
    }
    s->ready = false;
    TAEL_TRY(tael__context_run(s->context, 0, s->list.ids + held, s->list.count - held, &s->cancel, NULL));
    s->ready = true;
    return TAEL_OK;
}

tael_status tael__prompt_tokenize(const tael__tokenizer *tokenizer, int32_t previous, const char *text, size_t bytes,
                                  tael__buffer *ids)
{
    int32_t bos = tael__tokenizer_bos(tokenizer);
    if (bytes > TAEL__MAX_PROMPT_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("prompt: %zu bytes; make it shorter than %zu", "提示：%zu 字节；请短于 %zu 字节"),
                          bytes, TAEL__MAX_PROMPT_BYTES);
    TAEL_TRY(tael__tokenize_after(tokenizer, previous, text, bytes, true, ids));
    if (previous >= 0 || bos < 0 || !tael__tokenizer_adds_bos(tokenizer)) return TAEL_OK;
    if (ids->size > 0 && *(const int32_t *)(const void *)ids->data == bos) return TAEL_OK;
    TAEL_TRY(tael__buffer_append(ids, &bos, sizeof bos));
    memmove(ids->data + sizeof bos, ids->data, ids->size - sizeof bos);
    memcpy(ids->data, &bos, sizeof bos);
    return TAEL_OK;
}

static tael_status add_prompt(tael_session *s, const tael__buffer *ids, bool reuse)
{
    const int32_t *all = (const int32_t *)(const void *)ids->data;
    size_t count = ids->size / sizeof *all, kept = 0, start = reuse ? 0 : s->list.count;
    if (count == 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("prompt: it is empty; give some text", "提示：内容为空；请输入文字"));
    if (count > s->list.capacity - start)
        return tael__fail(TAEL_CONTEXT_FULL,
                          TAEL_SAY("prompt: %zu tokens, and the context has room for %u; shorten it or open a session "
                                   "with a larger context",
                                   "提示：%zu 个词元，而上下文只能再容纳 %u 个；请缩短，或用更大的上下文打开会话"),
                          count, (unsigned)(s->list.capacity - start));
    if (reuse) {
        while (kept < count && kept < s->list.count && all[kept] == s->list.ids[kept]) kept++;
        if (kept == count) kept--; /* the last one again, for its logits */
        tael_session_rewind(s, (uint32_t)kept);
        start = kept;
    }
    memcpy(s->list.ids + start, all + kept, (count - kept) * sizeof *all);
    s->list.count = (uint32_t)(start + count - kept);
    s->ready = false;
    uint32_t held = tael__context_position(s->context, 0);
    tael_status status = tael__session_catch_up(s);
    uint32_t now = tael__context_position(s->context, 0);
    if (now > held) s->prompt_tokens += now - held;
    if (status != TAEL_OK) s->list.count = now > start ? now : (uint32_t)start; /* what wasn't computed is forgotten */
    return status;
}

tael_status tael_session_prompt(tael_session *s, const char *text, size_t bytes, bool reuse)
{
    if (!s || (!text && bytes > 0)) return misuse();
    tael__session_uncancel(s);
    s->prompt_start = tael__clock_seconds();
    tael__buffer ids = {.max = (TAEL__MAX_PROMPT_BYTES + 1) * sizeof(int32_t)};
    int32_t previous = reuse || s->list.count == 0 ? -1 : s->list.ids[s->list.count - 1];
    tael_status status = tael__prompt_tokenize(s->kit.tokenizer, previous, text ? text : "", bytes, &ids);
    if (status == TAEL_OK) status = add_prompt(s, &ids, reuse);
    tael__buffer_free(&ids);
    s->prefill_seconds += tael__clock_seconds() - s->prompt_start;
    if (status == TAEL_CANCELLED) tael__session_uncancel(s);
    return tael__session_failed(s, status);
}

void tael_session_cancel(tael_session *s)
{
    if (s) __atomic_store_n(&s->cancel, true, __ATOMIC_RELAXED);
}
