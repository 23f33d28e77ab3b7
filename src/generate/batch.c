// SPDX-License-Identifier: Apache-2.0
// A batch from outside: opening, adding requests, cancelling them. What a step does is in batch_step.c.
#include <string.h>

#include "generate/batch_internal.h"

#define DEFAULT_CONTEXT   4096
#define DEFAULT_SEQUENCES 8
#define MOST_SEQUENCES    256
#define DEFAULT_STEP      256
#define DEFAULT_QUEUE     256
#define MOST_QUEUE        65536

static tael_status misuse(void)
{
    return tael__fail(TAEL_MISUSE, TAEL_SAY("batch: NULL was given; open one first", "批处理：传入了 NULL；请先打开"));
}

/* The caller's options with all defaults filled in. */
static tael_status complete(tael_batch_options *o, const tael_batch_options *given, const tael_model *model)
{
    tael_model_info info = {.size = sizeof info};
    TAEL_TRY(tael__options_copy(o, sizeof *o, given, given ? given->size : 0));
    TAEL_TRY(tael_model_get_info(model, &info));
    if (o->sequences > MOST_SEQUENCES || o->queue > MOST_QUEUE)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("batch: %u sequences and a queue of %u; at most %d and %d",
                                   "批处理：%u 个序列、队列 %u；最多 %d 和 %d"),
                          o->sequences, o->queue, MOST_SEQUENCES, MOST_QUEUE);
    if (o->context_tokens == 0) {
        o->context_tokens = DEFAULT_CONTEXT;
        if (info.context_tokens && info.context_tokens < o->context_tokens) o->context_tokens = info.context_tokens;
    }
    if (o->sequences == 0) o->sequences = DEFAULT_SEQUENCES;
    if (o->queue == 0) o->queue = DEFAULT_QUEUE;
    if (o->step_tokens == 0) o->step_tokens = DEFAULT_STEP;
    if (o->step_tokens < o->sequences) o->step_tokens = o->sequences; /* a token of each must fit */
    if (o->cache_tokens == 0) o->cache_tokens = (uint64_t)o->context_tokens * o->sequences;
    if (o->cache_tokens < o->context_tokens) o->context_tokens = (uint32_t)o->cache_tokens;
    return TAEL_OK;
}

static tael_status open_parts(tael_batch *b, const tael_model *model, const tael_batch_options *o)
{
    tael__context_options context = {.context_tokens = o->context_tokens,
                                     .batch_tokens = o->step_tokens,
                                     .threads = o->threads,
                                     .sequences = o->sequences,
                                     .cache_tokens = o->cache_tokens,
                                     .kv_q8 = o->kv_q8};
    TAEL_TRY(tael__kit_open(&b->kit, model));
    TAEL_TRY(tael__context_open(&b->context, model, &context));
    b->slot_count = o->sequences;
    b->queue = o->queue;
    b->step_tokens = tael__context_batch(b->context);
    b->pages = tael__batch_pages(o->cache_tokens) + o->sequences; /* as the cache has it */
    b->cancel_most = (size_t)o->queue + o->sequences;
    b->slots = tael__alloc_array(b->slot_count, sizeof *b->slots);
    b->runs = tael__alloc_array(b->slot_count, sizeof *b->runs);
    b->run_slot = tael__alloc_array(b->slot_count, sizeof *b->run_slot);
    b->cancelled = tael__alloc_array(b->cancel_most, sizeof *b->cancelled);
    bool good = b->slots && b->runs && b->run_slot && b->cancelled;
    for (uint32_t i = 0; i < b->slot_count && good; i++) {
        tael__list *l = &b->slots[i].list;
        l->capacity = o->context_tokens;
        l->ids = tael__alloc_array(l->capacity, sizeof *l->ids);
        good = l->ids != NULL;
    }
    if (!good)
        return tael__fail_memory(TAEL_SAY("a batch", "批处理"),
                                 (size_t)o->sequences * o->context_tokens * sizeof(int32_t));
    b->lock_made = pthread_mutex_init(&b->lock, NULL) == 0;
    return b->lock_made ? TAEL_OK : tael__fail_memory(TAEL_SAY("a batch", "批处理"), sizeof b->lock);
}

tael_status tael_batch_open(tael_batch **out, const tael_model *model, const tael_batch_options *options)
{
    tael_batch_options o;
    if (!out || !model) return misuse();
    *out = NULL;
    TAEL_TRY(complete(&o, options, model));
    tael_batch *b = tael__alloc_zero(sizeof *b);
    if (!b) return tael__fail_memory(TAEL_SAY("a batch", "批处理"), sizeof *b);
    b->last = &b->first;
    b->next_id = 1;
    tael_status status = open_parts(b, model, &o);
    if (status == TAEL_OK)
        *out = b;
    else
        tael_batch_close(b);
    return status;
}

void tael_batch_close(tael_batch *b)
{
    if (!b) return;
    while (b->first) {
        tael__request *r = b->first;
        b->first = r->next;
        tael__request_free(r);
    }
    for (uint32_t i = 0; b->slots && i < b->slot_count; i++) {
        tael__request_free(b->slots[i].request);
        tael__free(b->slots[i].list.ids);
    }
    if (b->lock_made) pthread_mutex_destroy(&b->lock);
    tael__free(b->slots);
    tael__free(b->runs);
    tael__free(b->run_slot);
    tael__free(b->cancelled);
    tael__context_close(b->context);
    tael__kit_close(&b->kit);
    tael__free(b);
}

/* ---- Adding ---- */

void tael__request_free(tael__request *r)
{
    if (!r) return;
    if (r->stream.kit) tael__stream_close(&r->stream);
    tael__free(r->prompt);
    tael__free(r->stop_text);
    tael__free(r);
}

/* The caller's stop strings may be gone when they are needed. Texts that can't be watched for are left to
 * tael__output_open to refuse. */
static tael_status copy_stops(tael__request *r, tael_generate_options *o)
{
    size_t bytes = 0, at = 0;
    if (o->stop_count == 0 || o->stop_count > TAEL__MAX_STOPS || !o->stops) return TAEL_OK;
    for (size_t i = 0; i < o->stop_count; i++) {
        size_t n = o->stops[i] ? strnlen(o->stops[i], TAEL__MAX_STOP_BYTES + 1) : 0;
        if (n == 0 || n > TAEL__MAX_STOP_BYTES) return TAEL_OK;
        bytes += n + 1;
    }
    r->stop_text = tael__alloc(bytes);
    if (!r->stop_text) return tael__fail_memory(TAEL_SAY("a request", "请求"), bytes);
    for (size_t i = 0; i < o->stop_count; i++) {
        size_t n = strlen(o->stops[i]) + 1;
        r->stops[i] = memcpy(r->stop_text + at, o->stops[i], n);
        at += n;
    }
    o->stops = r->stops;
    return TAEL_OK;
}

static tael_status read_prompt(tael_batch *b, tael__request *r, const char *prompt, size_t bytes, uint32_t max_tokens)
{
    tael__buffer ids = {.max = (TAEL__MAX_PROMPT_BYTES + 1) * sizeof(int32_t)};
    uint32_t capacity = b->slots[0].list.capacity;
    tael_status status = tael__prompt_tokenize(b->kit.tokenizer, -1, prompt ? prompt : "", bytes, &ids);
    size_t count = ids.size / sizeof(int32_t);
    if (status == TAEL_OK && count == 0)
        status =
            tael__fail(TAEL_BAD_INPUT, TAEL_SAY("prompt: it is empty; give some text", "提示：内容为空；请输入文字"));
    if (status == TAEL_OK && count >= capacity)
        status = tael__fail(TAEL_CONTEXT_FULL,
                            TAEL_SAY("prompt: %zu tokens, and a request of this batch has room for %u with its reply; "
                                     "shorten it or open a batch with a larger context",
                                     "提示：%zu 个词元，而此批处理的请求连同回答最多 %u 个；请缩短或开更大的上下文"),
                            count, capacity);
    if (status == TAEL_OK) {
        uint64_t most = max_tokens ? (uint64_t)count + max_tokens : capacity;
        r->prompt_count = (uint32_t)count;
        r->prompt = (int32_t *)(void *)tael__buffer_take(&ids);
        r->pages = tael__batch_pages(most < capacity ? most : capacity);
    }
    tael__buffer_free(&ids);
    return status;
}

static tael_status prepare(tael_batch *b, tael__request *r, const char *prompt, size_t bytes,
                           const tael_generate_options *options, tael_token_fn *token, void *user)
{
    tael_generate_options o;
    TAEL_TRY(tael__options_copy(&o, sizeof o, options, options ? options->size : 0));
    o.size = sizeof o;
    TAEL_TRY(copy_stops(r, &o));
    TAEL_TRY(read_prompt(b, r, prompt, bytes, o.max_tokens));
    return tael__stream_open(&r->stream, &b->kit, NULL, &o, token, user); /* its list comes with its slot */
}

tael_status tael_batch_add(tael_batch *b, const char *prompt, size_t bytes, const tael_generate_options *options,
                           tael_token_fn *token, tael_batch_done_fn *done, void *user, uint64_t *id)
{
    if (!b || (!prompt && bytes > 0)) return misuse();
    if (b->waiting >= b->queue)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("batch: %u requests wait already; step on, then add it again",
                                   "批处理：已有 %u 个请求在等待；请继续执行后再添加"),
                          b->waiting);
    tael__request *r = tael__alloc_zero(sizeof *r);
    if (!r) return tael__fail_memory(TAEL_SAY("a request", "请求"), sizeof *r);
    r->done = done;
    r->user = user;
    r->added = tael__clock_seconds();
    tael_status status = prepare(b, r, prompt, bytes, options, token, user);
    if (status != TAEL_OK) {
        tael__request_free(r);
        return status;
    }
    r->id = b->next_id++;
    if (id) *id = r->id;
    *b->last = r;
    b->last = &r->next;
    b->waiting++;
    return TAEL_OK;
}

void tael_batch_cancel(tael_batch *b, uint64_t id)
{
    if (!b) return;
    pthread_mutex_lock(&b->lock);
    bool known = false;
    for (size_t i = 0; i < b->cancel_count; i++) known |= b->cancelled[i] == id;
    if (!known && b->cancel_count < b->cancel_most) b->cancelled[b->cancel_count++] = id;
    pthread_mutex_unlock(&b->lock);
}

tael_status tael_batch_get_usage(const tael_batch *b, tael_batch_usage *usage)
{
    if (!b || !usage || usage->size == 0) return misuse();
    tael_batch_usage all = {.size = usage->size,
                            .running = b->running,
                            .waiting = b->waiting,
                            .steps = b->steps,
                            .step_tokens = b->tokens,
                            .shared_tokens = b->shared,
                            .cache_used_tokens = (uint64_t)b->pages_promised * TAEL__KV_POSITIONS};
    memcpy(usage, &all, usage->size < sizeof all ? usage->size : sizeof all);
    return TAEL_OK;
}
