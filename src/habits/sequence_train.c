// SPDX-License-Identifier: Apache-2.0
// The loop of training: epochs over shuffled sequences, a rate that warms up and falls, the best epoch by validation, a
// checkpoint after each. All that is random is made from the seed and the number of the epoch or step, so going on from
// a checkpoint needs no state of a generator.
#include <math.h>
#include <string.h>

#include "base/date.h"
#include "base/file.h"
#include "base/random.h"
#include "habits/sequence.h"

typedef struct loop {
    tael__sequence_training t;
    const tael_sequences *data;
    tael_sequence_options o;
    tael__pool *pool;
    uint32_t *order;
    size_t usable; /* sequences with something to learn from */
} loop;

static tael_sequence_options with_defaults(const tael_sequence_options *given)
{
    tael_sequence_options o = *given;
    if (!o.width) o.width = 64;
    if (!o.blocks) o.blocks = 2;
    if (!o.heads) o.heads = 2;
    if (!o.length) o.length = 50;
    if (!o.batch) o.batch = 256;
    if (!o.epochs) o.epochs = 40;
    if (!o.patience) o.patience = 10;
    if (o.rate == 0) o.rate = 0.001f;
    o.decay = o.decay == 0 ? 0.01f : fmaxf(o.decay, 0);
    o.dropout = o.dropout == 0 ? 0.5f : fmaxf(o.dropout, 0);
    if (o.temperature == 0) o.temperature = 0.07f;
    return o;
}

static tael_status check(const tael_sequence_options *o)
{
    const char *field = NULL;
    if (o->batch > TAEL__MAX_SEQUENCE_BATCH) field = "batch";
    if (o->epochs > TAEL__MAX_SEQUENCE_EPOCHS) field = "epochs";
    if (!(o->rate > 0 && o->rate <= 1)) field = "rate";
    if (!(o->decay <= 10)) field = "decay";
    if (!(o->dropout < 1)) field = "dropout";
    if (o->threads > TAEL__MAX_THREADS) field = "threads";
    if (!field) return TAEL_OK;
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("training a sequence model: %s is out of range; 0 takes the default",
                               "训练序列模型：%s 超出范围；填 0 用默认值"),
                      field);
}

/* What is learned of sequence i: [*from, *to) are seen, each foretelling the one behind it. */
static bool learned(const loop *l, size_t i, size_t *from, size_t *to)
{
    size_t begin = l->data->start[i], end = l->data->start[i + 1], held = l->o.held_out;
    *from = *to = begin;
    if (end - begin < held + 2) return false;
    *to = end - held - 1;
    *from = *to - begin > l->o.length ? *to - l->o.length : begin;
    return true;
}

static void shuffle(loop *l, uint32_t epoch)
{
    tael__random r;
    size_t from, to;
    tael__random_seed(&r, l->o.seed * 0x9E3779B97F4A7C15u + epoch + 1);
    l->usable = 0;
    for (size_t i = 0; i < l->data->count; i++)
        if (learned(l, i, &from, &to)) l->order[l->usable++] = (uint32_t)i;
    for (size_t i = l->usable; i > 1; i--) {
        size_t j = (size_t)(tael__random_next(&r) % i);
        uint32_t swap = l->order[i - 1];
        l->order[i - 1] = l->order[j];
        l->order[j] = swap;
    }
}

static void fill(loop *l, size_t first)
{
    tael__sequence_batch *b = &l->t.batch;
    b->count = 0;
    for (size_t at = 0; first < l->usable && b->count < l->o.batch; first++, b->count++) {
        size_t from, to;
        learned(l, l->order[first], &from, &to);
        memcpy(b->items + at, l->data->items + from, (to - from) * sizeof *b->items);
        memcpy(b->targets + at, l->data->items + from + 1, (to - from) * sizeof *b->targets);
        at += to - from;
        b->start[b->count + 1] = at;
    }
}

/* Warms up over the first twentieth, then falls along a cosine to a tenth. */
static float rate_at(const loop *l, uint64_t step, uint64_t steps)
{
    double part = (double)step / (double)steps, warm = 0.05;
    if (part < warm) return (float)(l->o.rate * (part + 1.0 / (double)steps) / (warm + 1.0 / (double)steps));
    return (float)(l->o.rate * (0.55 + 0.45 * cos(3.141592653589793 * (part - warm) / (1 - warm))));
}

static tael_status epoch(loop *l, double *mean)
{
    tael__sequence_training *t = &l->t;
    shuffle(l, t->epoch);
    const uint64_t each = (l->usable + l->o.batch - 1) / l->o.batch;
    *mean = 0;
    t->batch.dropout = l->o.dropout;
    for (size_t first = 0; first < l->usable; first += l->o.batch) {
        double loss;
        fill(l, first);
        TAEL_TRY(tael__sequence_batch_cut(&t->batch, t->model));
        t->batch.key = (uint32_t)((t->step + 1) * 0x9E3779B97F4A7C15u >> 32) ^ (uint32_t)l->o.seed;
        tael__sequence_step(t, l->pool, rate_at(l, t->step, each * l->o.epochs), l->o.decay, &loss, NULL);
        if (!isfinite(loss))
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("training a sequence model: step %llu gave no finite loss; take a smaller rate",
                                       "训练序列模型：第 %llu 步的损失不是有限数；请减小学习率"),
                              (unsigned long long)t->step);
        *mean += loss / (double)each;
    }
    t->epoch++;
    return TAEL_OK;
}

static void keep_best(tael__sequence_training *t, double value)
{
    t->best = value;
    t->best_epoch = t->epoch;
    memcpy(t->best_items, t->model->items, t->model->padded * t->model->sizes.width * sizeof(float));
    memcpy(t->best_dense, t->model->dense, t->model->layout.count * sizeof(float));
}

static tael_status run(loop *l)
{
    tael__sequence_training *t = &l->t;
    while (t->epoch < l->o.epochs && (l->o.held_out < 2 || t->epoch - t->best_epoch < l->o.patience)) {
        tael_sequence_progress p = {.epochs = l->o.epochs, .hit = -1, .ndcg = -1};
        double began = tael__clock_seconds();
        TAEL_TRY(epoch(l, &p.loss));
        p.seconds = tael__clock_seconds() - began;
        p.epoch = t->epoch;
        if (l->o.held_out >= 2) {
            tael_sequence_score score;
            tael__sequence_prepare(t->model, l->pool);
            TAEL_TRY(tael_sequence_evaluate(&score, t->model, l->data, l->o.held_out, l->o.threads, NULL));
            p.hit = score.hit;
            p.ndcg = score.ndcg;
        }
        p.best = l->o.held_out < 2 || p.ndcg > t->best;
        if (p.best) keep_best(t, p.ndcg);
        if (l->o.checkpoint_path) TAEL_TRY(tael__sequence_checkpoint_write(t, l->o.checkpoint_path));
        if (l->o.progress && l->o.progress(&p, l->o.user))
            return tael__fail(TAEL_CANCELLED, TAEL_SAY("training was stopped after epoch %u", "训练在第 %u 轮后停止"),
                              t->epoch);
    }
    memcpy(t->model->items, t->best_items, t->model->padded * t->model->sizes.width * sizeof(float));
    memcpy(t->model->dense, t->best_dense, t->model->layout.count * sizeof(float));
    tael__sequence_prepare(t->model, l->pool);
    return TAEL_OK;
}

/* Of all that the result depends on: a checkpoint of anything else is refused. */
static uint64_t print_of(const loop *l)
{
    const tael_sequence_options *o = &l->o;
    const uint32_t numbers[] = {o->width, o->blocks, o->heads, o->length, o->batch, o->epochs, o->held_out};
    const float reals[] = {o->rate, o->decay, o->dropout, o->temperature};
    uint64_t h = tael__sequence_print(o->seed, numbers, sizeof numbers);
    h = tael__sequence_print(h, reals, sizeof reals);
    if (o->from) {
        h = tael__sequence_print(h, o->from->items, (size_t)o->from->sizes.items * o->width * sizeof(float));
        h = tael__sequence_print(h, o->from->dense, o->from->layout.count * sizeof(float));
    }
    h = tael__sequence_print(h, l->data->start, (l->data->count + 1) * sizeof *l->data->start);
    return tael__sequence_print(h, l->data->items, l->data->start[l->data->count] * sizeof *l->data->items);
}

/* Items that the older model doesn't know keep their random vectors. */
static tael_status go_on_from(tael_sequence *m, const tael_sequence *from)
{
    tael__sequence_sizes of = from->sizes;
    of.items = m->sizes.items;
    if (memcmp(&of, &m->sizes, sizeof of) != 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("training a sequence model: the model to go on from has other sizes; "
                                                "take its options",
                                                "训练序列模型：起始模型的尺寸不同；请用它的选项"));
    memcpy(m->items, from->items, (size_t)of.width * from->sizes.items * sizeof *m->items);
    memcpy(m->dense, from->dense, m->layout.count * sizeof *m->dense);
    return TAEL_OK;
}

static tael_status start(loop *l, tael_sequence **model)
{
    const tael_sequence_options *o = &l->o;
    const uint32_t known = o->from ? o->from->sizes.items : 0;
    const tael__sequence_sizes sizes = {.items = l->data->item_count > known ? l->data->item_count : known,
                                        .width = o->width,
                                        .blocks = o->blocks,
                                        .heads = o->heads,
                                        .length = o->length,
                                        .inner = 4 * o->width,
                                        .temperature = o->temperature};
    TAEL_TRY(tael__pool_open(&l->pool, o->threads));
    TAEL_TRY(tael__sequence_make(model, &sizes));
    l->order = tael__alloc_array(l->data->count, sizeof *l->order);
    if (!l->order) return tael__fail_memory(TAEL_SAY("training", "训练"), l->data->count * sizeof *l->order);
    shuffle(l, 0);
    if (l->usable == 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("training a sequence model: no sequence has more than %u items; give longer ones",
                                   "训练序列模型：没有超过 %u 个商品的序列；请提供更长的序列"),
                          o->held_out + 1);
    size_t together = o->batch < l->usable ? o->batch : l->usable;
    TAEL_TRY(tael__sequence_training_open(&l->t, *model, together, tael__pool_threads(l->pool)));
    l->t.print = print_of(l);
    tael__sequence_begin(*model, o->seed);
    if (o->from) TAEL_TRY(go_on_from(*model, o->from));
    if (o->checkpoint_path && tael__file_exists(o->checkpoint_path))
        TAEL_TRY(tael__sequence_checkpoint_read(&l->t, o->checkpoint_path));
    return TAEL_OK;
}

tael_status tael_sequence_train(tael_sequence **out, const tael_sequences *sequences,
                                const tael_sequence_options *options)
{
    *out = NULL;
    if (options->size != sizeof *options)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_sequence_options: size is wrong; set it to sizeof",
                                                "tael_sequence_options：size 有误；应为 sizeof"));
    loop l = {.data = sequences, .o = with_defaults(options)};
    tael_sequence *model = NULL;
    TAEL_TRY(check(&l.o));
    tael_status status = start(&l, &model);
    if (status == TAEL_OK) status = run(&l);
    tael__sequence_training_close(&l.t);
    tael__pool_close(l.pool);
    tael__free(l.order);
    if (status == TAEL_OK)
        *out = model;
    else
        tael_sequence_close(model);
    return status;
}
