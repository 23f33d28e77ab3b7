// SPDX-License-Identifier: Apache-2.0
// A context: the cache of its sequences, the threads and the scratch that run the model over them, all made once when
// it is opened, so that running allocates nothing. Long inputs are cut into batches.
#include "base/limits.h"
#include "model/internal.h"

#define DEFAULT_BATCH_TOKENS 512
#define MAX_BATCH_TOKENS     4096 /* scratch grows with it and speed doesn't */
#define LOGIT_ROWS           32u  /* logits at once: 19 MB for a vocabulary of 151,936 */

/* One allocation of zero pages, cut into parts that start at cache lines. */
typedef struct carve {
    char *base; /* NULL while sizes are added up */
    size_t bytes;
    bool overflow;
} carve;

static void *carve_room(carve *v, size_t n, size_t each)
{
    size_t bytes;
    void *p = v->base ? v->base + v->bytes : NULL;
    bool fits = tael__mul_size(&bytes, n, each) && tael__add_size(&bytes, bytes, 63) &&
                tael__add_size(&v->bytes, v->bytes, bytes & ~(size_t)63);
    if (!fits) v->overflow = true;
    return p;
}

static void scratch_lay_out(tael__scratch *b, carve *v, const tael__context *c)
{
    const tael__sizes *z = &c->model->sizes;
    size_t n = c->batch_tokens, q = (size_t)z->heads * z->head_size, kv = (size_t)z->kv_heads * z->head_size;
    b->logit_rows = n < LOGIT_ROWS ? n : LOGIT_ROWS;
    b->attend_bytes = tael__attend_scratch_bytes(z->head_size, z->head_size);
    b->x = carve_room(v, n, z->embedding * sizeof(float));
    b->y = carve_room(v, n, z->embedding * sizeof(float));
    b->q = carve_room(v, n, q * sizeof(float));
    b->k = carve_room(v, n, kv * sizeof(float));
    b->v = carve_room(v, n, kv * sizeof(float));
    b->attended = carve_room(v, n, q * sizeof(float));
    b->gate = carve_room(v, n, z->feed_forward * sizeof(float));
    b->up = carve_room(v, n, z->feed_forward * sizeof(float));
    b->cosine = carve_room(v, n, z->rope_dims / 2 * sizeof(float));
    b->sine = carve_room(v, n, z->rope_dims / 2 * sizeof(float));
    b->logits = carve_room(v, b->logit_rows, z->vocabulary * sizeof(float));
    b->rows = carve_room(v, n, sizeof *b->rows);
    b->ids = carve_room(v, n, sizeof *b->ids);
    b->from = carve_room(v, n, sizeof *b->from);
    b->to = carve_room(v, n, sizeof *b->to);
    b->units = carve_room(v, n, sizeof *b->units);
    b->attend = carve_room(v, c->threads, b->attend_bytes);
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

static tael_status check_options(const tael__context_options *o)
{
    if (o->context_tokens < 1 || o->context_tokens > TAEL__MAX_CONTEXT)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("context: %u tokens, not within 1 to %u", "上下文：%u 个词元，应在 1 到 %u 之间"),
                          o->context_tokens, TAEL__MAX_CONTEXT);
    if (o->sequences > TAEL__MAX_SEQUENCES)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("context: %u sequences, at most %u", "上下文：%u 个序列，最多 %u 个"),
                          o->sequences, TAEL__MAX_SEQUENCES);
    return TAEL_OK;
}

static tael_status cache_open(tael__context *c, const tael__context_options *o)
{
    const tael__sizes *z = &c->model->sizes;
    tael__cache_shape shape = {.kind = o->kv_q8 ? TAEL__KV_q8_0 : TAEL__KV_f16,
                               .layers = z->layers,
                               .kv_heads = z->kv_heads,
                               .head_size = z->head_size,
                               .value_size = z->head_size};
    uint32_t sequences = o->sequences ? o->sequences : 1;
    uint64_t tokens = o->cache_tokens ? o->cache_tokens : (uint64_t)o->context_tokens * sequences;
    if (o->kv_q8 && z->head_size % 32 != 0)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("context: heads of %u values can't be kept in 8 bits; use f16",
                                   "上下文：每个头 %u 个值，无法用 8 位保存；请用 f16"),
                          z->head_size);
    return tael__cache_open(&c->cache, &shape, o->context_tokens, sequences, tokens);
}

tael_status tael__context_open(tael__context **out, const tael_model *model, const tael__context_options *options)
{
    *out = NULL;
    TAEL_TRY(check_options(options));
    tael__context *c = tael__alloc_zero(sizeof *c);
    if (!c) return tael__fail_memory(TAEL_SAY("context", "上下文"), sizeof *c);
    c->model = model;
    c->kernels = tael__kernels_get();
    c->batch_tokens = options->batch_tokens ? options->batch_tokens : DEFAULT_BATCH_TOKENS;
    if (c->batch_tokens > MAX_BATCH_TOKENS) c->batch_tokens = MAX_BATCH_TOKENS;
    uint64_t most = (uint64_t)options->context_tokens * (options->sequences ? options->sequences : 1);
    if (c->batch_tokens > most) c->batch_tokens = (uint32_t)most;
    tael_status status = tael__pool_open(&c->pool, options->threads);
    c->threads = tael__pool_threads(c->pool);
    if (status == TAEL_OK) status = cache_open(c, options);
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

uint32_t tael__context_batch(const tael__context *c)
{
    return c->batch_tokens;
}

uint32_t tael__context_position(const tael__context *c, uint32_t sequence)
{
    return c->cache.sequences[sequence].position;
}

void tael__context_rewind(tael__context *c, uint32_t sequence, uint32_t position)
{
    tael__cache_rewind(&c->cache, sequence, position);
}

void tael__context_fork(tael__context *c, uint32_t from, uint32_t to, uint32_t positions)
{
    tael__cache_fork(&c->cache, from, to, positions);
}

static tael_status check_tokens(const tael__context *c, const int32_t *tokens, size_t count)
{
    if (count == 0) return tael__fail(TAEL_MISUSE, TAEL_SAY("context: no token to run", "上下文：没有要运行的词元"));
    for (size_t i = 0; i < count; i++)
        if (tokens[i] < 0 || (uint32_t)tokens[i] >= c->model->sizes.vocabulary)
            return tael__fail(TAEL_MISUSE,
                              TAEL_SAY("context: token %zu has the id %d, outside of the vocabulary of %u",
                                       "上下文：第 %zu 个词元的编号 %d 不在大小为 %u 的词表内"),
                              i, (int)tokens[i], c->model->sizes.vocabulary);
    return TAEL_OK;
}

/* Room for the whole of a text before any of it is run. */
static tael_status check_room(const tael__context *c, uint32_t sequence, size_t count)
{
    uint32_t position = c->cache.sequences[sequence].position;
    if (count <= c->cache.capacity - position) return TAEL_OK;
    return tael__fail(
        TAEL_CONTEXT_FULL,
        TAEL_SAY("context: %zu more tokens don't fit; %u of %u are used. Shorten the text or open a larger context",
                 "上下文：放不下另外 %zu 个词元，已用 %u / %u；请缩短文本或开更大的上下文"),
        count, position, c->cache.capacity);
}

tael_status tael__context_step(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel)
{
    size_t tokens = 0;
    c->outputs = 0;
    for (size_t i = 0; i < count; i++) {
        TAEL_ASSERT(runs[i].sequence < c->cache.sequence_count);
        TAEL_TRY(check_tokens(c, runs[i].tokens, runs[i].count));
        TAEL_TRY(check_room(c, runs[i].sequence, runs[i].count));
        tokens += runs[i].count;
    }
    TAEL_ASSERT(tokens <= c->batch_tokens);
    for (size_t i = 0; i < count; i++) TAEL_TRY(tael__cache_reserve(&c->cache, runs[i].sequence, runs[i].count));
    if (!tael__forward(c, runs, count, cancel))
        return tael__fail(TAEL_CANCELLED, TAEL_SAY("model: stopped as asked", "模型：已按要求停止"));
    for (size_t i = 0; i < count; i++) c->cache.sequences[runs[i].sequence].position += (uint32_t)runs[i].count;
    return TAEL_OK;
}

size_t tael__context_outputs(const tael__context *c)
{
    return c->outputs;
}

size_t tael__context_logit_rows(const tael__context *c)
{
    return c->scratch.logit_rows;
}

const float *tael__context_logits(tael__context *c, size_t first, size_t rows)
{
    TAEL_ASSERT(rows <= c->scratch.logit_rows && first + rows <= c->outputs);
    const float *y = c->scratch.y + first * c->model->sizes.embedding;
    tael__linear(c->workspace, (float *[]){c->scratch.logits}, &c->model->head, NULL, 1, y, rows);
    return c->scratch.logits;
}

void tael__context_logits_of(tael__context *c, size_t row, const int32_t *ids, size_t count, float *out)
{
    TAEL_ASSERT(row < c->outputs);
    tael__linear_rows(c->workspace, out, &c->model->head, ids, count, c->scratch.y + row * c->model->sizes.embedding);
}

tael_status tael__context_run(tael__context *c, uint32_t sequence, const int32_t *tokens, size_t count,
                              const volatile bool *cancel, const float **logits)
{
    if (logits) *logits = NULL;
    TAEL_TRY(check_tokens(c, tokens, count));
    TAEL_TRY(check_room(c, sequence, count));
    for (size_t done = 0; done < count;) {
        size_t n = count - done < c->batch_tokens ? count - done : c->batch_tokens;
        tael__run run = {.sequence = sequence, .tokens = tokens + done, .count = n, .wanted = n};
        if (done + n == count) run.wanted = n - 1;
        TAEL_TRY(tael__context_step(c, &run, 1, cancel));
        done += n;
    }
    if (logits) *logits = tael__context_logits(c, 0, 1);
    return TAEL_OK;
}

tael_status tael__context_score(tael__context *c, const int32_t *tokens, size_t count, size_t from,
                                tael__logits_fn *each, void *user)
{
    size_t vocabulary = c->model->sizes.vocabulary;
    TAEL_TRY(check_tokens(c, tokens, count));
    TAEL_TRY(check_room(c, 0, count));
    for (size_t done = 0; done < count;) {
        size_t n = count - done < c->batch_tokens ? count - done : c->batch_tokens;
        size_t wanted = from <= done ? 0 : from - done < n ? from - done : n;
        tael__run run = {.tokens = tokens + done, .count = n, .wanted = wanted};
        TAEL_TRY(tael__context_step(c, &run, 1, NULL));
        for (size_t t = wanted; t < n;) {
            size_t rows = n - t < c->scratch.logit_rows ? n - t : c->scratch.logit_rows;
            const float *logits = tael__context_logits(c, t - wanted, rows);
            for (size_t r = 0; r < rows; r++) each(done + t + r, logits + r * vocabulary, user);
            t += rows;
        }
        done += n;
    }
    return TAEL_OK;
}

size_t tael__context_state_bytes(const tael__context *c, uint32_t position)
{
    return tael__cache_state_bytes(&c->cache, position);
}

tael_status tael__context_state_write(const tael__context *c, uint32_t sequence, tael__buffer *out)
{
    return tael__cache_state_write(&c->cache, sequence, out);
}

tael_status tael__context_state_read(tael__context *c, uint32_t sequence, uint32_t position, const void *data,
                                     size_t bytes, tael__map *file)
{
    if (bytes != tael__context_state_bytes(c, position))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("saved prefix: %zu bytes, where this model needs %zu; make it again",
                                   "已存前缀：有 %zu 字节，而此模型需要 %zu；请重新生成"),
                          bytes, tael__context_state_bytes(c, position));
    return tael__cache_state_read(&c->cache, sequence, position, data, file);
}
