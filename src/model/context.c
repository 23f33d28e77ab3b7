// SPDX-License-Identifier: Apache-2.0
// A context: the cache of one sequence, the threads and the scratch that run the model over it, all made once when it
// is opened, so that running allocates nothing. Long inputs are cut into batches.
#include "base/limits.h"
#include "model/internal.h"

#define DEFAULT_BATCH_TOKENS 512
#define MAX_BATCH_TOKENS     4096 /* scratch grows with it and speed doesn't */
#define SCORED_TOKENS        32u  /* logits at once for scoring: 19 MB for a vocabulary of 151,936 */

/* One allocation of zero pages, cut into parts that start at cache lines. */
typedef struct carve {
    char *base; /* NULL while sizes are added up */
    size_t bytes;
    bool overflow;
} carve;

static float *carve_floats(carve *v, size_t n, size_t each)
{
    size_t bytes;
    float *p = v->base ? (float *)(void *)(v->base + v->bytes) : NULL;
    bool fits = tael__mul_size(&bytes, n, each) && tael__mul_size(&bytes, bytes, sizeof(float)) &&
                tael__add_size(&bytes, bytes, 63) && tael__add_size(&v->bytes, v->bytes, bytes & ~(size_t)63);
    if (!fits) v->overflow = true;
    return p;
}

static void scratch_lay_out(tael__scratch *b, carve *v, const tael__context *c)
{
    const tael__sizes *z = &c->model->sizes;
    size_t n = c->batch_tokens, q = (size_t)z->heads * z->head_size, kv = (size_t)z->kv_heads * z->head_size;
    b->score_stride = ((size_t)c->cache.capacity + 15) & ~(size_t)15; /* threads don't share a cache line */
    b->score_tokens = n < SCORED_TOKENS ? n : SCORED_TOKENS;
    b->x = carve_floats(v, n, z->embedding);
    b->y = carve_floats(v, n, z->embedding);
    b->q = carve_floats(v, n, q);
    b->k = carve_floats(v, n, kv);
    b->v = carve_floats(v, n, kv);
    b->attended = carve_floats(v, n, q);
    b->gate = carve_floats(v, n, z->feed_forward);
    b->up = carve_floats(v, n, z->feed_forward);
    b->cosine = carve_floats(v, n, z->rope_dims / 2);
    b->sine = carve_floats(v, n, z->rope_dims / 2);
    b->scores = carve_floats(v, c->threads, b->score_stride);
    b->logits = carve_floats(v, b->score_tokens, z->vocabulary);
}

static tael_status scratch_open(tael__scratch *b, const tael__context *c)
{
    carve v = {0};
    scratch_lay_out(b, &v, c);
    if (v.overflow || v.bytes > SIZE_MAX - 64) return tael__fail_memory(TAEL_SAY("context", "上下文"), SIZE_MAX);
    b->memory = tael__alloc_zero(v.bytes + 64);
    if (!b->memory) return tael__fail_memory(TAEL_SAY("context", "上下文"), v.bytes + 64);
    v = (carve){.base = (char *)(((uintptr_t)b->memory + 63) & ~(uintptr_t)63)};
    scratch_lay_out(b, &v, c);
    return TAEL_OK;
}

static size_t widest_input(const tael__sizes *z)
{
    size_t widest = (size_t)z->heads * z->head_size;
    if (widest < z->embedding) widest = z->embedding;
    return widest < z->feed_forward ? z->feed_forward : widest;
}

tael_status tael__context_open(tael__context **out, const tael_model *model, const tael__context_options *options)
{
    *out = NULL;
    if (options->context_tokens < 1 || options->context_tokens > TAEL__MAX_CONTEXT)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("context: %u tokens, not within 1 to %u", "上下文：%u 个词元，应在 1 到 %u 之间"),
                          options->context_tokens, TAEL__MAX_CONTEXT);
    tael__context *c = tael__alloc_zero(sizeof *c);
    if (!c) return tael__fail_memory(TAEL_SAY("context", "上下文"), sizeof *c);
    c->model = model;
    c->kernels = tael__kernels_get();
    c->batch_tokens = options->batch_tokens ? options->batch_tokens : DEFAULT_BATCH_TOKENS;
    if (c->batch_tokens > MAX_BATCH_TOKENS) c->batch_tokens = MAX_BATCH_TOKENS;
    if (c->batch_tokens > options->context_tokens) c->batch_tokens = options->context_tokens;
    tael_status status = tael__pool_open(&c->pool, options->threads);
    c->threads = tael__pool_threads(c->pool);
    if (status == TAEL_OK) status = tael__cache_open(&c->cache, &model->sizes, options->context_tokens);
    if (status == TAEL_OK) status = scratch_open(&c->scratch, c);
    if (status == TAEL_OK)
        status = tael__workspace_open(&c->workspace, c->pool, widest_input(&model->sizes), c->batch_tokens);
    if (status == TAEL_OK)
        *out = c;
    else
        tael__context_close(c);
    return status;
}

void tael__context_close(tael__context *c)
{
    if (!c) return;
    tael__workspace_close(c->workspace);
    tael__pool_close(c->pool);
    tael__cache_close(&c->cache);
    tael__free(c->scratch.memory);
    tael__free(c);
}

uint32_t tael__context_capacity(const tael__context *c)
{
    return c->cache.capacity;
}

uint32_t tael__context_position(const tael__context *c)
{
    return c->position;
}

void tael__context_rewind(tael__context *c, uint32_t position)
{
    if (position < c->position) c->position = position;
}

static tael_status check_tokens(const tael__context *c, const int32_t *tokens, size_t count)
{
    if (count > c->cache.capacity - c->position)
        return tael__fail(
            TAEL_CONTEXT_FULL,
            TAEL_SAY("context: %zu more tokens don't fit; %u of %u are used. Shorten the text or open a larger context",
                     "上下文：放不下另外 %zu 个词元，已用 %u / %u；请缩短文本或开更大的上下文"),
            count, c->position, c->cache.capacity);
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (uint32_t)tokens[i] >= c->model->sizes.vocabulary)
            return tael__fail(TAEL_MISUSE,
                              TAEL_SAY("context: token %zu has the id %d, outside of the vocabulary of %u",
                                       "上下文：第 %zu 个词元的编号 %d 不在大小为 %u 的词表内"),
                              i, (int)tokens[i], c->model->sizes.vocabulary);
    return TAEL_OK;
}

static tael_status fail_cancelled(void)
{
    return tael__fail(TAEL_CANCELLED, TAEL_SAY("model: stopped as asked", "模型：已按要求停止"));
}

tael_status tael__context_run(tael__context *c, const int32_t *tokens, size_t count, const volatile bool *cancel,
                              const float **logits)
{
    if (logits) *logits = NULL;
    if (count == 0) return tael__fail(TAEL_MISUSE, TAEL_SAY("context: no token to run", "上下文：没有要运行的词元"));
    TAEL_TRY(check_tokens(c, tokens, count));
    for (size_t done = 0; done < count;) {
        size_t n = count - done < c->batch_tokens ? count - done : c->batch_tokens;
        bool wanted = logits && done + n == count;
        if (!tael__forward(c, tokens + done, n, wanted ? n - 1 : n, cancel)) return fail_cancelled();
        if (wanted) {
            tael__forward_logits(c, n - 1, 1);
            *logits = c->scratch.logits;
        }
        c->position += (uint32_t)n;
        done += n;
    }
    return TAEL_OK;
}

tael_status tael__context_score(tael__context *c, const int32_t *tokens, size_t count, size_t from,
                                tael__logits_fn *each, void *user)
{
    size_t vocabulary = c->model->sizes.vocabulary;
    if (count == 0) return tael__fail(TAEL_MISUSE, TAEL_SAY("context: no token to run", "上下文：没有要运行的词元"));
    TAEL_TRY(check_tokens(c, tokens, count));
    for (size_t done = 0; done < count;) {
        size_t n = count - done < c->batch_tokens ? count - done : c->batch_tokens;
        size_t wanted = from <= done ? 0 : from - done < n ? from - done : n;
        tael__forward(c, tokens + done, n, wanted, NULL);
        for (size_t t = wanted; t < n;) {
            size_t rows = n - t < c->scratch.score_tokens ? n - t : c->scratch.score_tokens;
            tael__forward_logits(c, t, rows);
            for (size_t r = 0; r < rows; r++) each(done + t + r, c->scratch.logits + r * vocabulary, user);
            t += rows;
        }
        c->position += (uint32_t)n;
        done += n;
    }
    return TAEL_OK;
}
