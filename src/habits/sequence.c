// SPDX-License-Identifier: Apache-2.0
// The next-item model as it lies in memory: sizes, weights, and what is made from them before they are used. Items have
// one vector each, at the input and at the output; both take it at length 1, so scores are cosines and no item wins by
// the length of its vector alone.
#include "habits/sequence.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/random.h"

tael_status tael__sequence_sizes_check(const tael__sequence_sizes *s, const char *whose)
{
    const char *field = NULL;
    if (s->items < 1 || s->items > TAEL__MAX_SEQUENCE_ITEMS) field = "items";
    if (s->width < 1 || s->width > TAEL__MAX_SEQUENCE_WIDTH || s->width % TAEL__PANEL != 0) field = "width";
    if (s->blocks < 1 || s->blocks > TAEL_SEQUENCE_MAX_BLOCKS) field = "blocks";
    if (s->heads < 1 || s->heads > s->width || s->width % s->heads != 0) field = "heads";
    if (s->length < 1 || s->length > TAEL__MAX_SEQUENCE_LENGTH) field = "length";
    if (s->inner < 1 || s->inner > 4 * TAEL__MAX_SEQUENCE_WIDTH || s->inner % TAEL__PANEL != 0) field = "inner";
    /* Softmax without a search for the largest score: e^(-2 / temperature) must stay above the smallest float. */
    if (!(s->temperature >= 0.025f && s->temperature <= 100)) field = "temperature";
    if (!field) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: %s is out of range; width and its parts are multiples of 32, heads divide the "
                               "width, temperature is at least 0.025",
                               "%s：%s 超出范围；宽度须为 32 的倍数，头数须整除宽度，温度至少为 0.025"),
                      whose, field);
}

static void lay_out(tael__sequence_layout *l, const tael__sequence_sizes *s)
{
    size_t at = 0, d = s->width, inner = s->inner;
    for (uint32_t i = 0; i < s->blocks; i++) {
        tael__sequence_block *b = &l->block[i];
        const struct {
            size_t *where, size;
        } parts[] = {{&b->norm1, 2 * d},    {&b->qkv, 3 * d * d},
                     {&b->qkv_bias, 3 * d}, {&b->distance, s->heads * (size_t)s->length},
                     {&b->out, d * d},      {&b->out_bias, d},
                     {&b->norm2, 2 * d},    {&b->up, d * inner},
                     {&b->up_bias, inner},  {&b->down, inner * d},
                     {&b->down_bias, d}};
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            *parts[p].where = at;
            at += parts[p].size;
        }
    }
    l->norm = at;
    l->count = at + 2 * d;
}

tael_status tael__sequence_make(tael_sequence **out, const tael__sequence_sizes *sizes)
{
    *out = NULL;
    TAEL_TRY(tael__sequence_sizes_check(sizes, TAEL_SAY("the sequence model", "序列模型")));
    tael_sequence *m = tael__alloc_zero(sizeof *m);
    if (!m) return tael__fail_memory(TAEL_SAY("the sequence model", "序列模型"), sizeof *m);
    m->sizes = *sizes;
    lay_out(&m->layout, sizes);
    m->padded = ((size_t)sizes->items + TAEL__PANEL - 1) / TAEL__PANEL * TAEL__PANEL;
    m->kernels = tael__sequence_kernels_pick();
    size_t of_items = m->padded * sizes->width * sizeof(float);
    m->items = tael__alloc_aligned(of_items);
    m->unit = tael__alloc_aligned(of_items);
    m->length_inverse = tael__alloc_aligned(m->padded * sizeof(float));
    m->dense = tael__alloc_aligned(m->layout.count * sizeof(float));
    m->turned = tael__alloc_aligned(m->layout.count * sizeof(float));
    if (!m->items || !m->unit || !m->length_inverse || !m->dense || !m->turned ||
        !tael__sequence_side_make(&m->side, m->unit, m->padded, m)) {
        tael_sequence_close(m);
        return tael__fail_memory(TAEL_SAY("the sequence model", "序列模型"), 3 * of_items);
    }
    *out = m;
    return TAEL_OK;
}

void tael_sequence_close(tael_sequence *m)
{
    if (!m) return;
    float *const parts[] = {m->items, m->unit, m->length_inverse, m->dense, m->turned};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) tael__free(parts[i]);
    tael__sequence_side_free(&m->side);
    tael__free(m);
}

bool tael__sequence_side_make(tael__sequence_side *side, const float *rows, size_t n, const tael_sequence *m)
{
    const size_t count = n * m->sizes.width;
    *side = (tael__sequence_side){.rows = rows, .panels = tael__alloc_aligned(count * sizeof *side->panels)};
    return side->panels != NULL;
}

void tael__sequence_side_free(tael__sequence_side *side)
{
    tael__free(side->panels);
    *side = (tael__sequence_side){0};
}

/* ---- Random weights ---- */

static void normal(tael__random *r, float *w, size_t n, double deviation)
{
    for (size_t i = 0; i < n; i++) { /* Box and Muller, one of the pair */
        double u = 1 - tael__random_unit(r), v = tael__random_unit(r);
        w[i] = (float)(deviation * sqrt(-2 * log(u)) * cos(6.283185307179586 * v));
    }
}

static void ones(float *norm, size_t d)
{
    for (size_t i = 0; i < d; i++) norm[i] = 1; /* the offsets behind them stay 0 */
}

void tael__sequence_begin(tael_sequence *m, uint64_t seed)
{
    const tael__sequence_sizes *s = &m->sizes;
    const size_t d = s->width;
    const double of_matrix = sqrt(1.0 / (double)d), of_branch = of_matrix / sqrt(2.0 * s->blocks);
    tael__random r;
    tael__random_seed(&r, seed);
    /* An item's vector counts by its direction alone; its length says how fast AdamW turns it. */
    normal(&r, m->items, s->items * d, TAEL__SEQUENCE_ITEM_DEVIATION);
    memset(m->dense, 0, m->layout.count * sizeof *m->dense);
    for (uint32_t i = 0; i < s->blocks; i++) {
        const tael__sequence_block *b = &m->layout.block[i];
        ones(m->dense + b->norm1, d);
        ones(m->dense + b->norm2, d);
        normal(&r, m->dense + b->qkv, 3 * d * d, of_matrix);
        normal(&r, m->dense + b->out, d * d, of_branch);
        normal(&r, m->dense + b->up, d * s->inner, of_matrix);
        normal(&r, m->dense + b->down, d * s->inner, of_branch * sqrt((double)d / s->inner));
    }
    ones(m->dense + m->layout.norm, d);
}

/* ---- Jobs ---- */

typedef struct jobs {
    tael__sequence_job *fn;
    void *user;
    size_t count;
    atomic_size_t next;
} jobs;

static void take(void *user, uint32_t index, uint32_t count)
{
    jobs *j = user;
    size_t job;
    (void)count;
    while ((job = atomic_fetch_add(&j->next, 1)) < j->count) j->fn(j->user, job, index);
}

void tael__sequence_jobs(tael__pool *pool, size_t count, tael__sequence_job *fn, void *user)
{
    jobs j = {fn, user, count, 0};
    tael__pool_run(pool, take, &j);
}

/* ---- What is made from the weights ---- */

enum { PREPARED = 8 }; /* panels a job */

static void prepare_items(void *user, size_t job, uint32_t thread)
{
    tael_sequence *m = user;
    const size_t d = m->sizes.width;
    (void)thread;
    size_t from = job * PREPARED * TAEL__PANEL, to = from + PREPARED * TAEL__PANEL;
    if (to > m->padded) to = m->padded;
    for (size_t i = from; i < to; i++) {
        const float *w = m->items + i * d;
        float length = sqrtf(m->kernels->dot(w, w, d));
        m->length_inverse[i] = length > 0 ? 1 / length : 0;
        for (size_t k = 0; k < d; k++) m->unit[i * d + k] = w[k] * m->length_inverse[i];
    }
    m->kernels->pack(&m->side, from, to - from, d);
}

static void turn(float *out, const float *in, size_t rows, size_t columns)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) out[j * rows + i] = in[i * columns + j];
}

void tael__sequence_prepare(tael_sequence *m, tael__pool *pool)
{
    const size_t d = m->sizes.width, inner = m->sizes.inner, panels = m->padded / TAEL__PANEL;
    tael__sequence_jobs(pool, (panels + PREPARED - 1) / PREPARED, prepare_items, m);
    for (uint32_t i = 0; i < m->sizes.blocks; i++) {
        const tael__sequence_block *b = &m->layout.block[i];
        turn(m->turned + b->qkv, m->dense + b->qkv, d, 3 * d);
        turn(m->turned + b->out, m->dense + b->out, d, d);
        turn(m->turned + b->up, m->dense + b->up, d, inner);
        turn(m->turned + b->down, m->dense + b->down, inner, d);
    }
}
