// SPDX-License-Identifier: Apache-2.0
// The forward pass: blocks of two halves, each "norm, attention or feed-forward, add" (Vaswani et al. 2017, Touvron et
// al. 2023), with the parts that an architecture has besides. A batch is rows, one a token, of one or more sequences;
// it goes through each layer in stages, and a stage is either one linear layer or work that is split between threads by
// row. Every result is computed by one thread in one order, so the number of threads changes no bit.
#include <math.h>
#include <string.h>

#include "model/internal.h"

#define ALONE_ROWS TAEL__MATVEC_TOKENS /* up to so many stay on the caller: about 1 us of work a row */

/* What a stage sees. */
typedef struct stage {
    tael__context *c;
    const tael__layer *layer;
    const tael__half *half; /* that ends */
    tael__norm next;        /* before what follows */
    size_t rows;
    bool last; /* layer */
} stage;

typedef struct each {
    void (*fn)(void *user, size_t row);
    void *user;
    size_t rows;
} each;

static void rows_of_thread(void *user, uint32_t thread, uint32_t threads)
{
    const each *e = user;
    for (size_t r = e->rows * thread / threads; r < e->rows * (thread + 1) / threads; r++) e->fn(e->user, r);
}

void tael__each_row(const tael__context *c, size_t rows, void (*fn)(void *user, size_t row), void *user)
{
    each e = {.fn = fn, .user = user, .rows = rows};
    if (rows <= ALONE_ROWS)
        rows_of_thread(&e, 0, 1);
    else
        tael__pool_run(c->pool, rows_of_thread, &e);
}

/* y = norm(x); y may be x. */
static void norm(const tael__context *c, float *y, const float *x, tael__norm n)
{
    size_t e = c->model->sizes.embedding;
    float epsilon = c->model->sizes.epsilon;
    if (!n.weight) {
        if (y != x) memcpy(y, x, e * sizeof *y);
        return;
    }
    if (!n.bias) {
        c->kernels->rms_norm(y, x, n.weight, e, epsilon);
        return;
    }
    double mean = 0, square = 0;
    for (size_t i = 0; i < e; i++) mean += (double)x[i];
    mean /= (double)e;
    for (size_t i = 0; i < e; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
    float middle = (float)mean, scale = 1 / sqrtf((float)(square / (double)e) + epsilon);
    for (size_t i = 0; i < e; i++) y[i] = (x[i] - middle) * scale * n.weight[i] + n.bias[i];
}

static void scale(float *x, float by, size_t n)
{
    if (by == 1) return;
    for (size_t i = 0; i < n; i++) x[i] *= by;
}

static void dequantize_row(const tael__context *c, float *out, const tael__matrix *m, size_t row)
{
    c->kernels->dequantize[m->format](out, (const char *)m->data + row * m->row_bytes, m->cols);
}

/* x = the token's embedding, y = the first norm of it; the angles of its position. */
static void embed_row(void *user, size_t r)
{
    const stage *s = user;
    const tael__context *c = s->c;
    const tael_model *m = c->model;
    const tael__scratch *b = &c->scratch;
    size_t e = m->sizes.embedding, half = m->sizes.rope.dims / 2;
    float *x = b->x + r * e, *y = b->y + r * e;
    dequantize_row(c, x, &m->embedding, (size_t)b->ids[r]);
    scale(x, m->sizes.embedding_scale, e);
    if (m->token_types.data) {
        dequantize_row(c, y, &m->token_types, 0);
        c->kernels->add(x, y, e);
    }
    if (m->positions.data) {
        dequantize_row(c, y, &m->positions, b->rows[r].position);
        c->kernels->add(x, y, e);
    }
    norm(c, x, x, m->embedding_norm);
    norm(c, y, x, s->next);
    tael__rope_angles(b->cosine[0] + r * half, b->sine[0] + r * half, &m->sizes.rope, c->rope_factors,
                      b->rows[r].position);
    if (m->sizes.window > 0)
        tael__rope_angles(b->cosine[1] + r * half, b->sine[1] + r * half, &m->sizes.local_rope, NULL,
                          b->rows[r].position);
}

/* x += y, y = norm(x): the end of one half of a block and the start of the next. */
static void end_half_row(void *user, size_t r)
{
    const stage *s = user;
    size_t e = s->c->model->sizes.embedding;
    float *x = s->c->scratch.x + r * e, *y = s->c->scratch.y + r * e;
    norm(s->c, y, y, s->half->added);
    scale(y, s->c->model->sizes.residual_scale, e);
    s->c->kernels->add(x, y, e);
    norm(s->c, x, x, s->half->after);
    norm(s->c, y, x, s->next);
}

static void activate_row(void *user, size_t r)
{
    const stage *s = user;
    const tael__kernels *k = s->c->kernels;
    size_t f = s->c->model->sizes.feed_forward;
    float *gate = s->c->scratch.gate + r * f, *up = s->c->scratch.up + r * f;
    switch (s->c->model->architecture->activation) {
    case TAEL__SWIGLU: k->swiglu(gate, up, f); break;
    case TAEL__GEGLU: k->geglu(gate, up, f); break;
    case TAEL__GELU: k->gelu(gate, f); break;
    }
}

/* Turn q and k to their position; part a joint q from its gate. */
static void turn_row(void *user, size_t r)
{
    const stage *s = user;
    const tael__context *c = s->c;
    const tael__scratch *b = &c->scratch;
    const tael__sizes *z = &c->model->sizes;
    const tael__rope_pairs pairs = c->model->architecture->rope_pairs;
    size_t d = z->head_size, half = z->rope.dims / 2;
    const float *cosine = b->cosine[s->layer->local] + r * half, *sine = b->sine[s->layer->local] + r * half;
    for (size_t h = 0; h < z->heads; h++) {
        size_t at = (r * z->heads + h) * d;
        float *q = b->q + at;
        if (z->gated) {
            memcpy(q, b->wide_q + 2 * at, d * sizeof *q);
            memcpy(b->q_gate + at, b->wide_q + 2 * at + d, d * sizeof *q);
        }
        if (s->layer->q_norm) c->kernels->rms_norm(q, q, s->layer->q_norm, d, z->epsilon);
        tael__rope_turn(q, cosine, sine, z->rope.dims, pairs);
    }
    for (size_t h = 0; h < z->kv_heads; h++) {
        float *k = b->k + (r * z->kv_heads + h) * d;
        if (s->layer->k_norm) c->kernels->rms_norm(k, k, s->layer->k_norm, d, z->epsilon);
        tael__rope_turn(k, cosine, sine, z->rope.dims, pairs);
    }
}

static void let_through_row(void *user, size_t r)
{
    const stage *s = user;
    size_t q = (size_t)s->c->model->sizes.heads * s->c->model->sizes.head_size;
    s->c->kernels->let_through(s->c->scratch.attended + r * q, s->c->scratch.q_gate + r * q, q);
}

static void keep(float *data, size_t to, size_t from, size_t width)
{
    memmove(data + to * width, data + from * width, width * sizeof *data);
}

/* From here on only the rows of wanted tokens matter: they move together. */
static void keep_wanted(stage *s, const tael__run *runs, size_t count)
{
    tael__scratch *b = &s->c->scratch;
    const tael__sizes *z = &s->c->model->sizes;
    size_t q = (size_t)z->heads * z->head_size, first = 0, kept = 0;
    for (size_t i = 0; i < count; first += runs[i++].count) {
        for (size_t t = runs[i].wanted; t < runs[i].count; t++, kept++) {
            keep(b->x, kept, first + t, z->embedding);
            keep(b->y, kept, first + t, z->embedding);
            keep(b->q, kept, first + t, q);
            if (z->gated) keep(b->q_gate, kept, first + t, q);
            b->rows[kept] = b->rows[first + t];
        }
    }
    s->rows = kept;
}

/* y = attention(y) */
static void attention(stage *s, const tael__run *runs, size_t count)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    bool gated = c->model->sizes.gated;
    tael__apply(c, (float *[]){gated ? b->wide_q : b->q, b->k, b->v}, l->qkv, l->qkv_bias, 3, b->y, s->rows);
    tael__each_row(c, s->rows, turn_row, s);
    tael__attend_store(c, l, s->rows);
    if (s->last) {
        keep_wanted(s, runs, count);
        tael__attend_plan(c, s->rows);
    }
    if (s->rows == 0) return;
    tael__attend_layer(c, l);
    if (gated) tael__each_row(c, s->rows, let_through_row, s);
    tael__apply(c, (float *[]){b->y}, &l->output, &l->output_bias, 1, b->attended, s->rows);
}

/* y = down(silu(gate(y)) * up(y)), or what the layer has instead */
static void feed_forward(stage *s)
{
    tael__context *c = s->c;
    tael__scratch *b = &c->scratch;
    const tael__layer *l = s->layer;
    if (l->experts.router.data) {
        tael__experts_run(c, &l->experts, s->rows);
        return;
    }
    if (l->gate_up[0].data)
        tael__apply(c, (float *[]){b->gate, b->up}, l->gate_up, l->gate_up_bias, 2, b->y, s->rows);
    else
        tael__apply(c, (float *[]){b->gate}, l->gate_up + 1, l->gate_up_bias + 1, 1, b->y, s->rows);
    tael__each_row(c, s->rows, activate_row, s);
    tael__apply(c, (float *[]){b->y}, &l->down, &l->down_bias, 1, b->gate, s->rows);
}

static size_t lay_rows(tael__context *c, const tael__run *runs, size_t count)
{
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t first = c->cache.sequences[runs[i].sequence].position, end = first + (uint32_t)runs[i].count;
        for (uint32_t p = first; p < end; p++, rows++) {
            uint32_t to = c->model->sizes.sees_all ? end : p + 1;
            c->scratch.rows[rows] = (tael__row){.sequence = runs[i].sequence, .position = p, .to = to};
            c->scratch.ids[rows] = runs[i].tokens[p - first];
        }
    }
    return rows;
}

static void scale_logits_row(void *user, size_t r)
{
    const stage *s = user;
    size_t e = s->c->model->sizes.embedding;
    scale(s->c->scratch.y + r * e, s->c->model->sizes.logit_scale, e);
}

bool tael__forward(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel)
{
    const tael_model *m = c->model;
    stage s = {.c = c, .rows = lay_rows(c, runs, count), .next = m->layers[0].attention.before};
    tael__attend_plan(c, s.rows);
    tael__each_row(c, s.rows, embed_row, &s);
    for (uint32_t i = 0; i < m->sizes.layers && s.rows > 0; i++) {
        if (cancel && __atomic_load_n(cancel, __ATOMIC_RELAXED)) return false;
        s.layer = &m->layers[i];
        s.last = i + 1 == m->sizes.layers;
        if (s.layer->delta.output.data) {
            tael__delta_net_run(c, &s.layer->delta, s.rows);
            if (s.last) keep_wanted(&s, runs, count);
        } else {
            attention(&s, runs, count);
        }
        s.half = &s.layer->attention;
        s.next = s.layer->feed_forward.before;
        tael__each_row(c, s.rows, end_half_row, &s);
        if (s.rows > 0) feed_forward(&s);
        s.half = &s.layer->feed_forward;
        s.next = s.last ? m->final_norm : m->layers[i + 1].attention.before;
        tael__each_row(c, s.rows, end_half_row, &s);
    }
    tael__each_row(c, s.rows, scale_logits_row, &s);
    c->outputs = s.rows;
    return true;
}
