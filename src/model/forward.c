// SPDX-License-Identifier: Apache-2.0
// The forward pass of the family "norm, attention, add, norm, SwiGLU, add" (Touvron et al. 2023). A batch of tokens
// goes through each layer in stages; a stage is either one linear layer or work that is split between threads by token,
// or by head and token. Every result is computed by one thread in one order, so the number of threads changes no bit.
// With few tokens the small stages stay on the caller, because meeting the other threads costs more than the work.
#include <stdatomic.h>
#include <string.h>

#include "model/internal.h"

#define ALONE_TOKENS  4 /* up to so many tokens the stages by token stay on the caller: about 1 us of work a token */
#define CLAIMED_UNITS 4 /* units of attention that a thread takes at once */

/* What a stage sees. */
typedef struct stage {
    tael__context *c;
    const tael__layer *layer;
    const int32_t *tokens;
    const float *norm;   /* of the norm at the stage's end */
    uint32_t index;      /* of the layer */
    size_t first, count; /* rows of the batch that it's about: first..count-1 */
    atomic_size_t next;  /* attention: the next unit to take */
    void (*row)(struct stage *s, size_t token);
} stage;

static void rows_of_thread(void *user, uint32_t thread, uint32_t threads)
{
    stage *s = user;
    size_t n = s->count - s->first;
    size_t from = s->first + n * thread / threads, to = s->first + n * (thread + 1) / threads;
    for (size_t t = from; t < to; t++) s->row(s, t);
}

static void each_row(stage *s, void (*row)(stage *, size_t))
{
    s->row = row;
    if (s->count - s->first <= ALONE_TOKENS)
        rows_of_thread(s, 0, 1);
    else
        tael__pool_run(s->c->pool, rows_of_thread, s);
}

static void embed_row(stage *s, size_t t)
{
    const tael_model *m = s->c->model;
    size_t e = m->sizes.embedding;
    const char *row = (const char *)m->embedding.data + (size_t)s->tokens[t] * m->embedding.row_bytes;
    s->c->kernels->dequantize[m->embedding.format](s->c->scratch.x + t * e, row, e);
}

/* y = norm(x) */
static void norm_row(stage *s, size_t t)
{
    const tael__sizes *z = &s->c->model->sizes;
    size_t at = t * z->embedding;
    s->c->kernels->rms_norm(s->c->scratch.y + at, s->c->scratch.x + at, s->norm, z->embedding, z->epsilon);
}

/* x += y, y = norm(x): the end of one half of a block and the start of the next. */
static void add_norm_row(stage *s, size_t t)
{
    size_t at = t * s->c->model->sizes.embedding;
    s->c->kernels->add(s->c->scratch.x + at, s->c->scratch.y + at, s->c->model->sizes.embedding);
    if (s->norm) norm_row(s, t);
}

static void swiglu_row(stage *s, size_t t)
{
    size_t f = s->c->model->sizes.feed_forward;
    s->c->kernels->swiglu(s->c->scratch.gate + t * f, s->c->scratch.up + t * f, f);
}

/* Turn q and k to their position, and keep k and v. */
static void position_row(stage *s, size_t t)
{
    const tael__context *c = s->c;
    const tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    const tael__rope_pairs pairs = c->model->architecture->rope_pairs;
    size_t d = z->head_size, half = z->rope_dims / 2, at = ((size_t)c->position + t) * d;
    const float *cosine = b->cosine + t * half, *sine = b->sine + t * half;
    for (size_t h = 0; h < z->heads && t >= s->first; h++) {
        float *q = b->q + (t * z->heads + h) * d;
        if (s->layer->q_norm) c->kernels->rms_norm(q, q, s->layer->q_norm, d, z->epsilon);
        tael__rope_turn(q, cosine, sine, z->rope_dims, pairs);
    }
    for (size_t h = 0; h < z->kv_heads; h++) {
        float *k = b->k + (t * z->kv_heads + h) * d;
        if (s->layer->k_norm) c->kernels->rms_norm(k, k, s->layer->k_norm, d, z->epsilon);
        tael__rope_turn(k, cosine, sine, z->rope_dims, pairs);
        c->kernels->to_f16(tael__cache_keys(&c->cache, s->index, h) + at, k, d);
        c->kernels->to_f16(tael__cache_values(&c->cache, s->index, h) + at, b->v + (t * z->kv_heads + h) * d, d);
    }
}

/* Units are (head, token), head by head, so that heads which share keys follow each other. Later tokens cost more, so
 * threads take a few units at a time; who computes a unit doesn't matter to its result. */
static void attend_units(void *user, uint32_t thread, uint32_t threads)
{
    (void)threads;
    stage *s = user;
    const tael__context *c = s->c;
    const tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    size_t rows = s->count - s->first, units = z->heads * rows, d = z->head_size;
    size_t claim = rows > 1 ? CLAIMED_UNITS : 1;
    float scale = 1.0f / __builtin_sqrtf((float)d);
    float *scores = b->scores + thread * b->score_stride;
    for (size_t from; (from = atomic_fetch_add_explicit(&s->next, claim, memory_order_relaxed)) < units;) {
        for (size_t u = from; u < from + claim && u < units; u++) {
            size_t h = u / rows, t = s->first + u % rows, kv = h / (z->heads / z->kv_heads);
            size_t at = (t * z->heads + h) * d;
            c->kernels->attend(b->attended + at, b->q + at, tael__cache_keys(&c->cache, s->index, kv),
                               tael__cache_values(&c->cache, s->index, kv), d, c->position + t + 1, d, scale, scores);
        }
    }
}

/* y = attention(y) for the rows from `first` on; keys and values of all rows go to the cache. */
static void attention(stage *s)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    const tael__sizes *z = &c->model->sizes;
    size_t first = s->first;
    tael__linear(c->workspace, (float *[]){b->q, b->k, b->v}, l->qkv, l->qkv_bias, 3, b->y, s->count);
    s->first = 0;
    each_row(s, position_row);
    s->first = first;
    if (first == s->count) return;
    atomic_store_explicit(&s->next, 0, memory_order_relaxed);
    tael__pool_run(c->pool, attend_units, s);
    tael__linear(c->workspace, (float *[]){b->y + first * z->embedding}, &l->output, NULL, 1,
                 b->attended + first * l->output.cols, s->count - first);
}

/* y = down(silu(gate(y)) * up(y)) for the rows from `first` on. */
static void feed_forward(stage *s)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    size_t e = c->model->sizes.embedding, f = c->model->sizes.feed_forward, first = s->first, n = s->count - first;
    float *y = b->y + first * e, *gate = b->gate + first * f, *up = b->up + first * f;
    tael__linear(c->workspace, (float *[]){gate, up}, l->gate_up, NULL, 2, y, n);
    each_row(s, swiglu_row);
    tael__linear(c->workspace, (float *[]){y}, &l->down, NULL, 1, gate, n);
}

bool tael__forward(tael__context *c, const int32_t *tokens, size_t count, size_t wanted, const volatile bool *cancel)
{
    const tael_model *m = c->model;
    stage s = {.c = c, .tokens = tokens, .count = count};
    tael__rope_angles(c->scratch.cosine, c->scratch.sine, m, c->position, count);
    each_row(&s, embed_row);
    s.norm = m->layers[0].attention_norm;
    each_row(&s, norm_row);
    for (uint32_t i = 0; i < m->sizes.layers; i++) {
        if (cancel && *cancel) return false;
        bool last = i + 1 == m->sizes.layers;
        s.index = i;
        s.layer = &m->layers[i];
        if (last) s.first = wanted; /* nobody reads the others' residual any more */
        attention(&s);
        if (s.first == count) break;
        s.norm = s.layer->ffn_norm;
        each_row(&s, add_norm_row);
        feed_forward(&s);
        s.norm = last ? NULL : m->layers[i + 1].attention_norm;
        each_row(&s, add_norm_row);
    }
    return true;
}

void tael__forward_logits(tael__context *c, size_t first, size_t count)
{
    stage s = {.c = c, .norm = c->model->final_norm, .first = first, .count = first + count};
    each_row(&s, norm_row);
    tael__linear(c->workspace, (float *[]){c->scratch.logits}, &c->model->head, NULL, 1,
                 c->scratch.y + first * c->model->sizes.embedding, count);
}
