// SPDX-License-Identifier: Apache-2.0
// The forward pass of the family "norm, attention, add, norm, SwiGLU, add" (Touvron et al. 2023). A batch is rows, one
// a token, of one or more sequences; it goes through each layer in stages, and a stage is either one linear layer or
// work that is split between threads by row. Every result is computed by one thread in one order, so the number of
// threads changes no bit. With few rows the small stages stay on the caller, because meeting the other threads costs
// more than the work.
#include <string.h>

#include "model/internal.h"

#define ALONE_ROWS TAEL__MATVEC_TOKENS /* up to so many, small stages stay on the caller: about 1 us of work a row */

/* What a stage sees. */
typedef struct stage {
    tael__context *c;
    const tael__layer *layer;
    const float *norm; /* of the norm at the stage's end */
    uint32_t index;    /* of the layer */
    size_t rows;
    void (*row)(struct stage *s, size_t row);
} stage;

static void rows_of_thread(void *user, uint32_t thread, uint32_t threads)
{
    stage *s = user;
    for (size_t r = s->rows * thread / threads; r < s->rows * (thread + 1) / threads; r++) s->row(s, r);
}

static void each_row(stage *s, void (*row)(stage *, size_t))
{
    s->row = row;
    if (s->rows <= ALONE_ROWS)
        rows_of_thread(s, 0, 1);
    else
        tael__pool_run(s->c->pool, rows_of_thread, s);
}

/* x = the token's embedding; the angles of its position. */
static void embed_row(stage *s, size_t r)
{
    const tael__context *c = s->c;
    const tael_model *m = c->model;
    size_t e = m->sizes.embedding, half = m->sizes.rope_dims / 2;
    const char *row = (const char *)m->embedding.data + (size_t)c->scratch.ids[r] * m->embedding.row_bytes;
    c->kernels->dequantize[m->embedding.format](c->scratch.x + r * e, row, e);
    tael__rope_angles(c->scratch.cosine + r * half, c->scratch.sine + r * half, m, c->scratch.rows[r].position);
}

/* y = norm(x) */
static void norm_row(stage *s, size_t r)
{
    const tael__sizes *z = &s->c->model->sizes;
    size_t at = r * z->embedding;
    s->c->kernels->rms_norm(s->c->scratch.y + at, s->c->scratch.x + at, s->norm, z->embedding, z->epsilon);
}

/* x += y, y = norm(x): the end of one half of a block and the start of the next. */
static void add_norm_row(stage *s, size_t r)
{
    size_t at = r * s->c->model->sizes.embedding;
    s->c->kernels->add(s->c->scratch.x + at, s->c->scratch.y + at, s->c->model->sizes.embedding);
    norm_row(s, r);
}

static void swiglu_row(stage *s, size_t r)
{
    size_t f = s->c->model->sizes.feed_forward;
    s->c->kernels->swiglu(s->c->scratch.gate + r * f, s->c->scratch.up + r * f, f);
}

/* Turn q and k to their position. */
static void turn_row(stage *s, size_t r)
{
    const tael__context *c = s->c;
    const tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    const tael__rope_pairs pairs = c->model->architecture->rope_pairs;
    size_t d = z->head_size, half = z->rope_dims / 2;
    const float *cosine = b->cosine + r * half, *sine = b->sine + r * half;
    for (size_t h = 0; h < z->heads; h++) {
        float *q = b->q + (r * z->heads + h) * d;
        if (s->layer->q_norm) c->kernels->rms_norm(q, q, s->layer->q_norm, d, z->epsilon);
        tael__rope_turn(q, cosine, sine, z->rope_dims, pairs);
    }
    for (size_t h = 0; h < z->kv_heads; h++) {
        float *k = b->k + (r * z->kv_heads + h) * d;
        if (s->layer->k_norm) c->kernels->rms_norm(k, k, s->layer->k_norm, d, z->epsilon);
        tael__rope_turn(k, cosine, sine, z->rope_dims, pairs);
    }
}

/* From here on only the rows of wanted tokens matter: they move together. */
static void keep_wanted(stage *s, const tael__run *runs, size_t count)
{
    tael__scratch *b = &s->c->scratch;
    const tael__sizes *z = &s->c->model->sizes;
    size_t q = (size_t)z->heads * z->head_size, first = 0, kept = 0;
    for (size_t i = 0; i < count; first += runs[i++].count) {
        for (size_t t = runs[i].wanted; t < runs[i].count; t++, kept++) {
            size_t from = first + t;
            memmove(b->x + kept * z->embedding, b->x + from * z->embedding, z->embedding * sizeof *b->x);
            memmove(b->q + kept * q, b->q + from * q, q * sizeof *b->q);
            b->rows[kept] = b->rows[from];
        }
    }
    s->rows = kept;
    tael__attend_plan(s->c, kept);
}

/* y = attention(y) */
static void attention(stage *s, const tael__run *runs, size_t count)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    tael__linear(c->workspace, (float *[]){b->q, b->k, b->v}, l->qkv, l->qkv_bias, 3, b->y, s->rows);
    each_row(s, turn_row);
    tael__attend_store(c, s->index, s->rows);
    if (s->index + 1 == c->model->sizes.layers) keep_wanted(s, runs, count);
    if (s->rows == 0) return;
    tael__attend_layer(c, s->index);
    tael__linear(c->workspace, (float *[]){b->y}, &l->output, NULL, 1, b->attended, s->rows);
}

/* y = down(silu(gate(y)) * up(y)) */
static void feed_forward(stage *s)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    tael__linear(c->workspace, (float *[]){b->gate, b->up}, l->gate_up, NULL, 2, b->y, s->rows);
    each_row(s, swiglu_row);
    tael__linear(c->workspace, (float *[]){b->y}, &l->down, NULL, 1, b->gate, s->rows);
}

static size_t lay_rows(tael__context *c, const tael__run *runs, size_t count)
{
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t position = c->cache.sequences[runs[i].sequence].position;
        for (size_t t = 0; t < runs[i].count; t++, rows++) {
            c->scratch.rows[rows] = (tael__row){.sequence = runs[i].sequence, .position = position + (uint32_t)t};
            c->scratch.ids[rows] = runs[i].tokens[t];
        }
    }
    return rows;
}

bool tael__forward(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel)
{
    const tael_model *m = c->model;
    stage s = {.c = c, .rows = lay_rows(c, runs, count), .norm = m->layers[0].attention_norm};
    tael__attend_plan(c, s.rows);
    each_row(&s, embed_row);
    each_row(&s, norm_row);
    for (s.index = 0; s.index < m->sizes.layers && s.rows > 0; s.index++) {
        if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)) return false;
        s.layer = &m->layers[s.index];
        attention(&s, runs, count);
        s.norm = s.layer->ffn_norm;
        each_row(&s, add_norm_row);
        feed_forward(&s);
        s.norm = s.index + 1 < m->sizes.layers ? m->layers[s.index + 1].attention_norm : m->final_norm;
        each_row(&s, add_norm_row);
    }
    c->outputs = s.rows;
    return true;
}
