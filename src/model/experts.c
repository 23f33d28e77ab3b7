// SPDX-License-Identifier: Apache-2.0
// A layer's mixture of experts. Rows are grouped by expert, so that a prompt goes through each expert's weights once;
// a single row takes its experts' first matrices in a few calls, for it's bound by how often threads meet. A row's sum
// runs over its experts by ascending number, whatever else is in the batch, so its bits don't depend on that.
#include <math.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

tael_status tael__experts_read_sizes(tael__sizes *s, const tael_model *model)
{
    TAEL_TRY(tael__read_common_sizes(s, model));
    TAEL_TRY(tael__read_size(&s->experts, model, "expert_count", 1, TAEL__MAX_EXPERTS));
    TAEL_TRY(tael__read_size(&s->experts_used, model, "expert_used_count", 1, s->experts));
    TAEL_TRY(tael__read_size(&s->expert_feed_forward, model, "expert_feed_forward_length", 1, TAEL__MAX_WIDTH));
    return tael__read_size_or(&s->shared_feed_forward, model, "expert_shared_feed_forward_length", 0, TAEL__MAX_WIDTH);
}

tael_status tael__experts_read(tael__experts *x, const tael_model *model, uint32_t layer)
{
    const tael__sizes *s = &model->sizes;
    size_t e = s->embedding, f = s->expert_feed_forward, shared = s->shared_feed_forward, n = s->experts;
    TAEL_TRY(tael__read_matrix(&x->router, model, layer, "ffn_gate_inp.weight", n, e));
    TAEL_TRY(tael__read_matrices(&x->gate_up[0], model, layer, "ffn_gate_exps.weight", f, e, n));
    TAEL_TRY(tael__read_matrices(&x->gate_up[1], model, layer, "ffn_up_exps.weight", f, e, n));
    TAEL_TRY(tael__read_matrices(&x->down, model, layer, "ffn_down_exps.weight", e, f, n));
    if (shared == 0) return TAEL_OK;
    TAEL_TRY(tael__read_matrix(&x->shared_gate, model, layer, "ffn_gate_inp_shexp.weight", 1, e));
    TAEL_TRY(tael__read_matrix(&x->shared_gate_up[0], model, layer, "ffn_gate_shexp.weight", shared, e));
    TAEL_TRY(tael__read_matrix(&x->shared_gate_up[1], model, layer, "ffn_up_shexp.weight", shared, e));
    return tael__read_matrix(&x->shared_down, model, layer, "ffn_down_shexp.weight", e, shared);
}

/* What a stage over rows sees. */
typedef struct stage {
    tael__context *c;
    const tael__experts *experts;
    const uint32_t *list; /* of the expert at work */
    uint32_t expert;
} stage;

/* expert e of a matrix of experts */
static tael__matrix expert_of(const tael__matrix *all, uint32_t e)
{
    tael__matrix m = *all;
    m.data = (const char *)all->data + all->rows * all->row_bytes * e;
    return m;
}

/* The `used` experts with the best scores; of equal ones the first. Weights are the softmax over all experts, or over
 * the chosen. */
static void choose_row(void *user, size_t r)
{
    const stage *s = user;
    const tael__sizes *z = &s->c->model->sizes;
    const tael__expert_scratch *b = &s->c->scratch.experts;
    float *scores = b->scores + r * z->experts, *weight = b->weight + r * z->experts_used;
    uint32_t *chosen = b->chosen + r * z->experts_used;
    float top = scores[0], total = 0;
    for (uint32_t e = 1; e < z->experts; e++)
        if (scores[e] > top) top = scores[e];
    for (uint32_t e = 0; e < z->experts; e++) total += scores[e] = expf(scores[e] - top);
    for (uint32_t n = 0; n < z->experts_used; n++) {
        uint32_t best = 0, at = n;
        for (uint32_t e = 1; e < z->experts; e++)
            if (scores[e] > scores[best]) best = e;
        for (; at > 0 && chosen[at - 1] > best; at--) {
            chosen[at] = chosen[at - 1];
            weight[at] = weight[at - 1];
        }
        chosen[at] = best;
        weight[at] = scores[best];
        scores[best] = -1;
    }
    if (z->experts_sum_to_1) {
        total = 0;
        for (uint32_t n = 0; n < z->experts_used; n++) total += weight[n];
    }
    for (uint32_t n = 0; n < z->experts_used; n++) weight[n] /= total;
}

/* Rows by expert: a counting sort of their choices. */
static void group_rows(tael__context *c, size_t rows)
{
    const tael__sizes *z = &c->model->sizes;
    tael__expert_scratch *b = &c->scratch.experts;
    size_t n = rows * z->experts_used;
    memset(b->start, 0, ((size_t)z->experts + 1) * sizeof *b->start);
    for (size_t i = 0; i < n; i++) b->start[b->chosen[i] + 1]++;
    for (uint32_t e = 0; e < z->experts; e++) b->start[e + 1] += b->start[e];
    for (size_t i = 0; i < n; i++) b->list[b->start[b->chosen[i]]++] = (uint32_t)i;
    memmove(b->start + 1, b->start,
            z->experts * sizeof *b->start); /* each has moved to its end, the next one's start */
    b->start[0] = 0;
}

static void gather_row(void *user, size_t i)
{
    const stage *s = user;
    const tael__scratch *b = &s->c->scratch;
    size_t e = s->c->model->sizes.embedding, row = s->list[i] / s->c->model->sizes.experts_used;
    memcpy(b->experts.gathered + i * e, b->y + row * e, e * sizeof(float));
}

static void activate_row(void *user, size_t i)
{
    const stage *s = user;
    size_t f = s->c->model->sizes.expert_feed_forward;
    s->c->kernels->swiglu(s->c->scratch.gate + i * f, s->c->scratch.up + i * f, f);
}

/* sum += weight * x */
static void add_weighted(float *sum, const float *x, float weight, size_t n)
{
    for (size_t i = 0; i < n; i++) sum[i] += weight * x[i];
}

static void scatter_row(void *user, size_t i)
{
    const stage *s = user;
    const tael__expert_scratch *b = &s->c->scratch.experts;
    size_t e = s->c->model->sizes.embedding, row = s->list[i] / s->c->model->sizes.experts_used;
    add_weighted(b->sum + row * e, b->gathered + i * e, b->weight[s->list[i]], e);
}

static void run_groups(stage *s)
{
    tael__context *c = s->c;
    const tael__sizes *z = &c->model->sizes;
    const tael__scratch *b = &c->scratch;
    for (uint32_t e = 0; e < z->experts; e++) {
        size_t n = b->experts.start[e + 1] - b->experts.start[e];
        if (n == 0) continue;
        tael__matrix gate_up[2] = {expert_of(&s->experts->gate_up[0], e), expert_of(&s->experts->gate_up[1], e)};
        tael__matrix down = expert_of(&s->experts->down, e);
        s->list = b->experts.list + b->experts.start[e];
        tael__each_row(c, n, gather_row, s);
        tael__apply(c, (float *[]){b->gate, b->up}, gate_up, NULL, 2, b->experts.gathered, n);
        tael__each_row(c, n, activate_row, s);
        tael__apply(c, (float *[]){b->experts.gathered}, &down, NULL, 1, b->gate, n);
        tael__each_row(c, n, scatter_row, s);
    }
}

/* One row: its experts share the input, so that their first matrices go together. */
static void run_row(stage *s)
{
    tael__context *c = s->c;
    const tael__sizes *z = &c->model->sizes;
    const tael__scratch *b = &c->scratch;
    size_t f = z->expert_feed_forward;
    for (uint32_t first = 0, n; first < z->experts_used; first += n) {
        tael__matrix matrices[TAEL__LINEAR_MOST];
        float *to[TAEL__LINEAR_MOST];
        n = z->experts_used - first < TAEL__LINEAR_MOST / 2 ? z->experts_used - first : TAEL__LINEAR_MOST / 2;
        for (uint32_t i = 0; i < n; i++) {
            uint32_t e = b->experts.chosen[first + i];
            matrices[2 * i] = expert_of(&s->experts->gate_up[0], e);
            matrices[2 * i + 1] = expert_of(&s->experts->gate_up[1], e);
            to[2 * i] = b->gate + (first + i) * f;
            to[2 * i + 1] = b->up + (first + i) * f;
        }
        tael__apply(c, to, matrices, NULL, 2 * (size_t)n, b->y, 1);
    }
    c->kernels->swiglu(b->gate, b->up, z->experts_used * f);
    for (uint32_t i = 0; i < z->experts_used; i++) {
        tael__matrix down = expert_of(&s->experts->down, b->experts.chosen[i]);
        tael__apply(c, (float *[]){b->experts.gathered}, &down, NULL, 1, b->gate + i * f, 1);
        add_weighted(b->experts.sum, b->experts.gathered, b->experts.weight[i], z->embedding);
    }
}

static void activate_shared_row(void *user, size_t r)
{
    const stage *s = user;
    size_t f = s->c->model->sizes.shared_feed_forward;
    s->c->kernels->swiglu(s->c->scratch.gate + r * f, s->c->scratch.up + r * f, f);
}

/* What the chosen experts add to: nothing, or the shared expert's output by as much as its gate lets through. */
static void begin_row(void *user, size_t r)
{
    const stage *s = user;
    const tael__expert_scratch *b = &s->c->scratch.experts;
    size_t e = s->c->model->sizes.embedding;
    memset(b->sum + r * e, 0, e * sizeof(float));
    if (s->experts->shared_gate.data)
        add_weighted(b->sum + r * e, b->gathered + r * e, 1 / (1 + expf(-b->shared_score[r])), e);
}

static void end_row(void *user, size_t r)
{
    const stage *s = user;
    size_t e = s->c->model->sizes.embedding;
    memcpy(s->c->scratch.y + r * e, s->c->scratch.experts.sum + r * e, e * sizeof(float));
}

void tael__experts_run(tael__context *c, const tael__experts *experts, size_t rows)
{
    const tael__scratch *b = &c->scratch;
    stage s = {.c = c, .experts = experts};
    bool shared = experts->shared_gate.data;
    tael__matrix routers[2] = {experts->router, experts->shared_gate};
    tael__apply(c, (float *[]){b->experts.scores, b->experts.shared_score}, routers, NULL, shared ? 2 : 1, b->y, rows);
    tael__each_row(c, rows, choose_row, &s);
    if (shared) {
        tael__apply(c, (float *[]){b->gate, b->up}, experts->shared_gate_up, NULL, 2, b->y, rows);
        tael__each_row(c, rows, activate_shared_row, &s);
        tael__apply(c, (float *[]){b->experts.gathered}, &experts->shared_down, NULL, 1, b->gate, rows);
    }
    tael__each_row(c, rows, begin_row, &s);
    if (rows == 1) {
        run_row(&s);
    } else {
        group_rows(c, rows);
        run_groups(&s);
    }
    tael__each_row(c, rows, end_row, &s);
}
