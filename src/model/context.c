// SPDX-License-Identifier: Apache-2.0
// A context: the cache of its sequences, the threads and the scratch that run the model over them, all made once when
// it is opened, so that running allocates nothing. Long inputs are cut into batches.
#include <math.h>

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

static float *carve_floats(carve *v, size_t rows, size_t width)
{
    size_t each;
    if (!tael__mul_size(&each, width, sizeof(float))) v->overflow = true;
    return carve_room(v, rows, each);
}

static void lay_out_experts(tael__expert_scratch *b, carve *v, const tael__sizes *z, size_t n)
{
    b->scores = carve_floats(v, n, z->experts);
    b->shared_score = carve_floats(v, n, 1);
    b->weight = carve_floats(v, n, z->experts_used);
    b->chosen = carve_room(v, n, z->experts_used * sizeof *b->chosen);
    b->start = carve_room(v, z->experts + 1, sizeof *b->start);
    b->list = carve_room(v, n, z->experts_used * sizeof *b->list);
    b->gathered = carve_floats(v, n, z->embedding);
    b->sum = carve_floats(v, n, z->embedding);
}

static void lay_out_delta(tael__delta_scratch *b, carve *v, const tael__delta_sizes *z, size_t n)
{
    size_t out = (size_t)z->value_heads * z->head_size;
    b->mixed = carve_floats(v, n, z->channels);
    b->convolved = carve_floats(v, n, z->channels);
    b->gate = carve_floats(v, n, out);
    b->out = carve_floats(v, n, out);
    b->lengths = carve_floats(v, 2, z->head_size);
    b->strength = carve_floats(v, n, z->value_heads);
    b->decay = carve_floats(v, n, z->value_heads);
    b->joint = carve_floats(v, n, 2 * (size_t)z->value_heads);
    b->run_first = carve_room(v, n, sizeof *b->run_first);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* The widest that a row is inside of a feed-forward. */
static size_t widest_hidden(const tael__sizes *z)
{
    return larger(z->feed_forward, larger(z->expert_feed_forward, z->shared_feed_forward));
}

static void scratch_lay_out(tael__scratch *b, carve *v, const tael__context *c)
{
    const tael__sizes *z = &c->model->sizes;
    size_t n = c->batch_tokens, q = (size_t)z->heads * z->head_size, kv = (size_t)z->kv_heads * z->head_size;
    size_t hidden = larger(n * widest_hidden(z), (size_t)z->experts_used * z->expert_feed_forward);
    size_t kinds = z->window > 0 ? 2 : 1, half = z->rope.dims / 2; /* of layers: local ones see and turn otherwise */
    b->logit_rows = n < LOGIT_ROWS ? n : LOGIT_ROWS;
    b->attend_bytes = tael__attend_scratch_bytes(z->head_size, z->head_size);
    b->x = carve_floats(v, n, z->embedding);
    b->y = carve_floats(v, n, z->embedding);
    b->q = carve_floats(v, n, q);
    b->wide_q = carve_floats(v, z->gated ? n : 0, 2 * q);
    b->q_gate = carve_floats(v, z->gated ? n : 0, q);
    b->k = carve_floats(v, n, kv);
    b->v = carve_floats(v, n, kv);
    b->attended = carve_floats(v, n, q);
    b->gate = carve_floats(v, 1, hidden);
    b->up = carve_floats(v, 1, hidden);
    for (size_t i = 0; i < 2; i++) {
        b->cosine[i] = i < kinds ? carve_floats(v, n, half) : NULL;
        b->sine[i] = i < kinds ? carve_floats(v, n, half) : NULL;
        b->from[i] = carve_room(v, n, sizeof *b->from[i]);
    }
    b->to = carve_room(v, n, sizeof *b->to);
    b->logits = carve_floats(v, b->logit_rows, z->vocabulary);
    b->rows = carve_room(v, n, sizeof *b->rows);
    b->ids = carve_room(v, n, sizeof *b->ids);
    b->units = carve_room(v, n, sizeof *b->units);
    b->attend = carve_room(v, c->threads, b->attend_bytes);
    b->adapter_low = carve_floats(v, c->adapted ? n : 0, c->model->adapters.rank);
    b->adapter_product = carve_floats(v, c->adapted ? n : 0, c->model->adapters.rows);
    if (z->experts > 0) lay_out_experts(&b->experts, v, z, n);
    if (z->delta.layers > 0) lay_out_delta(&b->delta, v, &z->delta, n);
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

static size_t widest_input(const tael_model *model)
{
    const tael__sizes *z = &model->sizes;
    size_t heads = larger(z->heads * (size_t)z->head_size, z->delta.value_heads * (size_t)z->delta.head_size);
    return larger(larger(z->embedding, model->adapters.rank), larger(heads, widest_hidden(z)));
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
                               .layers = z->kv_layers,
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

tael_status tael__model_check_writes(const tael_model *model)
{
    if (!model->sizes.sees_all) return TAEL_OK;
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("%s: this model makes vectors of texts and writes none; use it with tael embed",
                               "%s：此模型只生成文本向量，不能生成文本；请用 tael embed"),
                      tael__gguf_path(model->file));
}

tael_status tael__context_open(tael__context **out, const tael_model *model, const tael__context_options *options)
{
    *out = NULL;
    TAEL_TRY(check_options(options));
    if (model->positions.data && options->context_tokens > model->positions.rows)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("context: %u tokens, and this model knows %zu positions; ask for no more",
                                   "上下文：%u 个词元，而此模型只有 %zu 个位置；请减少"),
                          options->context_tokens, model->positions.rows);
    tael__context *c = tael__alloc_zero(sizeof *c);
    if (!c) return tael__fail_memory(TAEL_SAY("context", "上下文"), sizeof *c);
    c->model = model;
    c->adapted = model->adapters.count > 0;
    c->rope_factors = model->rope_factors;
    if (model->long_factors && options->context_tokens > model->original_context) c->rope_factors = model->long_factors;
    c->kernels = tael__kernels_get();
    c->batch_tokens = options->batch_tokens ? options->batch_tokens : DEFAULT_BATCH_TOKENS;
    if (c->batch_tokens > MAX_BATCH_TOKENS) c->batch_tokens = MAX_BATCH_TOKENS;
    uint64_t most = (uint64_t)options->context_tokens * (options->sequences ? options->sequences : 1);
    if (c->batch_tokens > most) c->batch_tokens = (uint32_t)most;
    tael_status status = tael__pool_open(&c->pool, options->threads);
    c->threads = tael__pool_threads(c->pool);
    if (status == TAEL_OK) status = cache_open(c, options);
    if (status == TAEL_OK)
        status = tael__memories_open(&c->memories, &model->sizes.delta, options->sequences ? options->sequences : 1);
    if (status == TAEL_OK) status = scratch_open(&c->scratch, c);
    if (status == TAEL_OK) status = tael__workspace_open(&c->workspace, c->pool, widest_input(model), c->batch_tokens);
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
    tael__memories_close(&c->memories);
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
    tael__cache_rewind(&c->cache, sequence, tael__memory_rewind(&c->memories, sequence, position));
}

bool tael__context_rewinds(const tael__context *c)
{
    return c->memories.floats == 0;
}

void tael__context_fork(tael__context *c, uint32_t from, uint32_t to, uint32_t positions)
{
    tael__cache_fork(&c->cache, from, to, tael__memory_copy(&c->memories, from, to, positions));
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
    for (size_t i = 0; i < count; i++) {
        tael__sequence *s = &c->cache.sequences[runs[i].sequence];
        s->position += (uint32_t)runs[i].count;
        tael__memory_advance(&c->memories, runs[i].sequence, s->position);
    }
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

/* Gemma's: large logits come no closer than to the cap. */
static void cap_logits(const tael__context *c, float *logits, size_t n)
{
    float cap = c->model->sizes.logit_cap;
    if (cap == 0) return;
    for (size_t i = 0; i < n; i++) logits[i] = cap * tanhf(logits[i] / cap);
}

const float *tael__context_logits(tael__context *c, size_t first, size_t rows)
{
    TAEL_ASSERT(rows <= c->scratch.logit_rows && first + rows <= c->outputs);
    const float *y = c->scratch.y + first * c->model->sizes.embedding;
    tael__apply(c, (float *[]){c->scratch.logits}, &c->model->head, NULL, 1, y, rows);
    cap_logits(c, c->scratch.logits, rows * c->model->sizes.vocabulary);
    return c->scratch.logits;
}

void tael__context_logits_of(tael__context *c, size_t row, const int32_t *ids, size_t count, float *out)
{
    TAEL_ASSERT(row < c->outputs);
    if (tael__adapted(c, &c->model->head)) {
        const float *all = tael__context_logits(c, row, 1);
        for (size_t i = 0; i < count; i++) out[i] = all[ids[i]];
        return;
    }
    tael__linear_rows(c->workspace, out, &c->model->head, ids, count, c->scratch.y + row * c->model->sizes.embedding);
    cap_logits(c, out, count);
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
    return tael__cache_state_bytes(&c->cache, position) + c->memories.floats * sizeof(float);
}

tael_status tael__context_state_write(const tael__context *c, uint32_t sequence, tael__buffer *out)
{
    TAEL_TRY(tael__cache_state_write(&c->cache, sequence, out));
    if (c->memories.floats == 0) return TAEL_OK;
    return tael__buffer_append(out, tael__memory_now(&c->memories, sequence), c->memories.floats * sizeof(float));
}

tael_status tael__context_state_read(tael__context *c, uint32_t sequence, uint32_t position, const void *data,
                                     size_t bytes, tael__map *file)
{
    if (bytes != tael__context_state_bytes(c, position))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("saved prefix: %zu bytes, where this model needs %zu; make it again",
                                   "已存前缀：有 %zu 字节，而此模型需要 %zu；请重新生成"),
                          bytes, tael__context_state_bytes(c, position));
    TAEL_TRY(tael__cache_state_read(&c->cache, sequence, position, data, file));
    tael__memory_set(&c->memories, sequence, position,
                     (const char *)data + tael__cache_state_bytes(&c->cache, position));
    return TAEL_OK;
}
