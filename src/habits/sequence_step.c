// SPDX-License-Identifier: Apache-2.0
// One step of training: slices forward, the loss, slices back, and the items' gradients, which move their weights where
// they were made. Each sum is made by one job in a fixed order, so the number of threads changes no bit.
#include <math.h>
#include <string.h>

#include "habits/sequence.h"

tael_status tael__sequence_training_open(tael__sequence_training *t, tael_sequence *m, size_t sequences,
                                         uint32_t threads)
{
    const size_t items = m->padded * m->sizes.width * sizeof(float), dense = m->layout.count * sizeof(float);
    /* What fold needs, and the gradient of a job's items. */
    const size_t room = TAEL__FOLD_ROOM + (size_t)TAEL__LOSS_ITEMS * m->sizes.width;
    *t = (tael__sequence_training){.model = m, .best = -1};
    TAEL_TRY(tael__sequence_batch_open(&t->batch, m, sequences, sequences * m->sizes.length, true));
    t->items_m = tael__alloc_aligned(items);
    t->items_v = tael__alloc_aligned(items);
    t->best_items = tael__alloc_aligned(items);
    t->dense_m = tael__alloc_aligned(dense);
    t->dense_v = tael__alloc_aligned(dense);
    t->best_dense = tael__alloc_aligned(dense);
    t->dense_gradient = tael__alloc_aligned(dense);
    t->scratch = tael__alloc_aligned(room * threads * sizeof(float));
    if (t->items_m && t->items_v && t->best_items && t->dense_m && t->dense_v && t->best_dense && t->dense_gradient &&
        t->scratch)
        return TAEL_OK;
    tael__sequence_training_close(t);
    return tael__fail_memory(TAEL_SAY("training", "训练"), 3 * items);
}

void tael__sequence_training_close(tael__sequence_training *t)
{
    float *const parts[] = {t->items_m, t->items_v,    t->best_items,     t->dense_m,
                            t->dense_v, t->best_dense, t->dense_gradient, t->scratch};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) tael__free(parts[i]);
    tael__sequence_batch_close(&t->batch);
    *t = (tael__sequence_training){0};
}

typedef struct step {
    tael__sequence_training *t;
    float rate, second, shrink; /* as AdamW's kernel takes them */
    float *items;
} step;

static float *room_of(const step *s, uint32_t thread)
{
    return s->t->scratch + thread * (TAEL__FOLD_ROOM + (size_t)TAEL__LOSS_ITEMS * s->t->model->sizes.width);
}

static void forward(void *user, size_t job, uint32_t thread)
{
    step *s = user;
    (void)thread;
    tael__sequence_forward(s->t->model, &s->t->batch, job);
}

static void loss(void *user, size_t job, uint32_t thread)
{
    step *s = user;
    size_t from = job * TAEL__LOSS_TOKENS, to = from + TAEL__LOSS_TOKENS;
    if (to > s->t->batch.tokens) to = s->t->batch.tokens;
    tael__sequence_loss(s->t->model, &s->t->batch, from, to, room_of(s, thread));
}

static void backward(void *user, size_t job, uint32_t thread)
{
    step *s = user;
    (void)thread;
    tael__sequence_backward(s->t->model, &s->t->batch, job);
}

static void items(void *user, size_t job, uint32_t thread)
{
    step *s = user;
    tael__sequence_training *t = s->t;
    tael_sequence *m = t->model;
    const size_t d = m->sizes.width, from = job * TAEL__LOSS_ITEMS;
    const size_t to = from + TAEL__LOSS_ITEMS < m->sizes.items ? from + TAEL__LOSS_ITEMS : m->sizes.items;
    float *gradient = room_of(s, thread) + TAEL__FOLD_ROOM;
    tael__sequence_items_back(m, &t->batch, from, to, gradient, room_of(s, thread));
    if (s->items)
        memcpy(s->items + from * d, gradient, (to - from) * d * sizeof *gradient);
    else
        m->kernels->adam(m->items + from * d, t->items_m + from * d, t->items_v + from * d, gradient, (to - from) * d,
                         s->rate, s->second, s->shrink);
}

void tael__sequence_step(tael__sequence_training *t, tael__pool *pool, float rate, float decay, double *mean,
                         float *items_gradient)
{
    tael_sequence *m = t->model;
    tael__sequence_batch *b = &t->batch;
    const double n = (double)t->step + 1;
    step s = {t, (float)(rate / (1 - pow(0.9, n))), (float)(1 / (1 - pow(0.999, n))), 1 - rate * decay, items_gradient};
    tael__sequence_prepare(m, pool);
    tael__sequence_jobs(pool, b->slice_count, forward, &s);
    tael__sequence_jobs(pool, (b->tokens + TAEL__LOSS_TOKENS - 1) / TAEL__LOSS_TOKENS, loss, &s);
    tael__sequence_jobs(pool, b->slice_count, backward, &s);
    tael__sequence_jobs(pool, (m->sizes.items + TAEL__LOSS_ITEMS - 1) / TAEL__LOSS_ITEMS, items, &s);
    memset(t->dense_gradient, 0, m->layout.count * sizeof(float));
    for (size_t i = 0; i < b->slice_count; i++)
        m->kernels->axpy(t->dense_gradient, 1, b->slices[i].dense, m->layout.count);
    *mean = 0;
    for (size_t i = 0; i < b->tokens; i++) *mean += (double)b->loss[i];
    *mean /= (double)b->tokens;
    if (items_gradient) return;
    m->kernels->adam(m->dense, t->dense_m, t->dense_v, t->dense_gradient, m->layout.count, s.rate, s.second, s.shrink);
    t->step++;
}
