// SPDX-License-Identifier: Apache-2.0
// Attention over the pages of the batch's sequences. Work is cut into units: a KV head with the rows of one run that
// share its keys. Later rows cost more, so threads take one unit at a time; who computes a unit changes no bit.
#include <stdatomic.h>

#include "model/internal.h"

/* One layer's work, as the threads see it. */
typedef struct job {
    tael__context *c;
    const tael__layer *layer;
    size_t rows;
    atomic_size_t next;
} job;

void tael__attend_plan(tael__context *c, size_t rows)
{
    tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    size_t group = z->heads / z->kv_heads, most = group < TAEL__ATTEND_ROWS ? TAEL__ATTEND_ROWS / group : 1;
    b->unit_count = 0;
    for (size_t first = 0, end; first < rows; first = end) {
        for (end = first + 1; end < rows && b->rows[end].sequence == b->rows[first].sequence;) end++;
        for (size_t r = first; r < end; r += most)
            b->units[b->unit_count++] = (tael__unit){.row = (uint32_t)r,
                                                     .tokens = (uint32_t)(end - r < most ? end - r : most),
                                                     .many = end - first > TAEL__MATVEC_TOKENS};
    }
    for (size_t r = 0; r < rows; r++) {
        uint32_t to = b->rows[r].to;
        b->to[r] = to;
        b->from[0][r] = 0;
        b->from[1][r] = to > z->window ? to - z->window : 0;
    }
}

static void store_rows(void *user, uint32_t thread, uint32_t threads)
{
    const job *j = user;
    const tael__context *c = j->c;
    const tael__sizes *z = &c->model->sizes;
    size_t d = z->head_size;
    for (size_t r = j->rows * thread / threads; r < j->rows * (thread + 1) / threads; r++) {
        const tael__row *row = &c->scratch.rows[r];
        char *page = c->cache.sequences[row->sequence].page[row->position / TAEL__KV_POSITIONS];
        size_t at = row->position % TAEL__KV_POSITIONS;
        tael__kv_store_fn *store = c->kernels->kv_store[c->cache.shape.kind];
        for (size_t h = 0; h < z->kv_heads; h++) {
            size_t head = (r * z->kv_heads + h) * d;
            store(page + tael__cache_keys_at(&c->cache, j->layer->kv, h), at, c->scratch.k + head, d);
            store(page + tael__cache_values_at(&c->cache, j->layer->kv, h), at, c->scratch.v + head, d);
        }
    }
}

void tael__attend_store(tael__context *c, const tael__layer *layer, size_t rows)
{
    job j = {.c = c, .layer = layer, .rows = rows};
    if (rows <= TAEL__MATVEC_TOKENS)
        store_rows(&j, 0, 1);
    else
        tael__pool_run(c->pool, store_rows, &j);
}

static void attend_units(void *user, uint32_t thread, uint32_t threads)
{
    (void)threads;
    job *j = user;
    const tael__context *c = j->c;
    const tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    size_t count = b->unit_count * z->kv_heads, d = z->head_size, group = z->heads / z->kv_heads;
    tael__kv_kind kind = c->cache.shape.kind;
    for (size_t i; (i = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed)) < count;) {
        const tael__unit *u = &b->units[b->unit_count - 1 - i / z->kv_heads]; /* the longest first */
        size_t head = i % z->kv_heads, at = (u->row * z->heads + head * group) * d;
        tael__attention a = {.out = b->attended + at,
                             .q = b->q + at,
                             .stride = z->heads * d,
                             .out_stride = z->heads * d,
                             .tokens = u->tokens,
                             .group = group,
                             .page = (const char *const *)c->cache.sequences[b->rows[u->row].sequence].page,
                             .k_at = tael__cache_keys_at(&c->cache, j->layer->kv, head),
                             .v_at = tael__cache_values_at(&c->cache, j->layer->kv, head),
                             .from = b->from[j->layer->local] + u->row,
                             .to = b->to + u->row,
                             .head_size = d,
                             .value_size = d,
                             .scale = z->attention_scale,
                             .scratch = b->attend + thread * b->attend_bytes};
        (u->many ? c->kernels->attend_many : c->kernels->attend)[kind](&a);
    }
}

void tael__attend_layer(tael__context *c, const tael__layer *layer)
{
    job j = {.c = c, .layer = layer};
    tael__pool_run(c->pool, attend_units, &j);
}
