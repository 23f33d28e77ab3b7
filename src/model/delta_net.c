// SPDX-License-Identifier: Apache-2.0
// One layer's gated delta net over a batch. What happens a row at a time is split by row; the rule itself goes through
// each run's tokens in order and is split by head and by 64 columns of its matrix. Both give every number the same
// bits whatever the number of threads.
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

enum { CHANNELS = 64 }; /* of the convolution, at once */
enum { COLUMNS = 64 };  /* of a head's matrix that a thread takes at once: 32 KB of 128 rows */

bool tael__is_delta_net(const tael_model *model, uint32_t layer)
{
    return tael__has_tensor(model, layer, "ssm_conv1d.weight");
}

tael_status tael__delta_read_sizes(tael__sizes *s, const tael_model *model)
{
    tael__delta_sizes *d = &s->delta;
    uint32_t width = 0;
    TAEL_TRY(tael__read_size(&d->head_size, model, "ssm.state_size", 1, TAEL__MAX_HEAD_SIZE));
    TAEL_TRY(tael__read_size(&d->key_heads, model, "ssm.group_count", 1, TAEL__MAX_HEADS));
    TAEL_TRY(tael__read_size(&d->value_heads, model, "ssm.time_step_rank", d->key_heads, TAEL__MAX_HEADS));
    TAEL_TRY(tael__read_size(&d->kernel, model, "ssm.conv_kernel", 2, TAEL__MAX_CONVOLUTION));
    TAEL_TRY(tael__read_size(&width, model, "ssm.inner_size", 1, TAEL__MAX_WIDTH));
    if (d->value_heads % d->key_heads != 0 || width != d->value_heads * d->head_size)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: %u value heads of %u values over %u key heads are not %u together; take another "
                     "model",
                     "%s：%u 个值头（每个 %u 个值）、%u 个键头，与总宽 %u 不符；请换用其他模型"),
            tael__gguf_path(model->file), d->value_heads, d->head_size, d->key_heads, width);
    d->channels = (2 * d->key_heads + d->value_heads) * d->head_size;
    s->kv_layers = 0;
    for (uint32_t i = 0; i < s->layers; i++) s->kv_layers += !tael__is_delta_net(model, i);
    d->layers = s->layers - s->kv_layers;
    return TAEL_OK;
}

static tael_status read_taps(tael__delta_net *n, const tael_model *model, uint32_t layer)
{
    size_t channels = model->sizes.delta.channels, kernel = model->sizes.delta.kernel;
    const float *w;
    TAEL_TRY(tael__read_floats(&w, model, layer, "ssm_conv1d.weight", channels, kernel));
    n->taps = tael__alloc_array(channels * kernel, sizeof *n->taps);
    if (!n->taps) return tael__fail_memory(TAEL_SAY("model", "模型"), channels * kernel * sizeof *n->taps);
    for (size_t i = 0; i < channels; i++)
        for (size_t k = 0; k < kernel; k++) n->taps[k * channels + i] = w[i * kernel + k];
    return TAEL_OK;
}

tael_status tael__delta_read(tael__delta_net *n, const tael_model *model, uint32_t layer)
{
    const tael__delta_sizes *d = &model->sizes.delta;
    size_t e = model->sizes.embedding, heads = d->value_heads, width = heads * d->head_size;
    for (uint32_t i = 0; i < layer; i++) n->index += tael__is_delta_net(model, i);
    TAEL_TRY(tael__read_matrix(&n->in[0], model, layer, "attn_qkv.weight", d->channels, e));
    TAEL_TRY(tael__read_matrix(&n->in[1], model, layer, "attn_gate.weight", width, e));
    if (tael__has_tensor(model, layer, "ssm_ba.weight")) {
        TAEL_TRY(tael__read_matrix(&n->in[2], model, layer, "ssm_ba.weight", 2 * heads, e));
    } else {
        TAEL_TRY(tael__read_matrix(&n->in[2], model, layer, "ssm_beta.weight", heads, e));
        TAEL_TRY(tael__read_matrix(&n->in[3], model, layer, "ssm_alpha.weight", heads, e));
    }
    TAEL_TRY(read_taps(n, model, layer));
    TAEL_TRY(tael__read_vector(&n->time_bias, model, layer, "ssm_dt.bias", heads));
    TAEL_TRY(tael__read_vector(&n->decay, model, layer, "ssm_a", heads));
    TAEL_TRY(tael__read_vector(&n->norm, model, layer, "ssm_norm.weight", d->head_size));
    return tael__read_matrix(&n->output, model, layer, "ssm_out.weight", e, width);
}

/* What the stages see. */
typedef struct job {
    tael__context *c;
    const tael__delta_net *net;
    size_t rows, runs;
    atomic_size_t next; /* the next unit of the rule */
} job;

/* What the layer remembers of a sequence: before this step, or after it. */
static float *memory_of(const job *j, uint32_t sequence, bool after)
{
    const tael__memories *m = &j->c->memories;
    uint32_t which = m->sequences[sequence].now ^ after;
    return m->data + (2 * (size_t)sequence + which) * m->floats + j->net->index * m->layer_floats;
}

/* Projections of the tokens `back` before row r's. From before the step they come out of the memory. */
static const float *mixed_of(const job *j, size_t r, size_t back)
{
    const tael__delta_sizes *z = &j->c->model->sizes.delta;
    const tael__row *row = &j->c->scratch.rows[r];
    size_t seen = row->position - j->c->cache.sequences[row->sequence].position; /* rows of this run before r */
    if (back <= seen) return j->c->scratch.delta.mixed + (r - back) * z->channels;
    return memory_of(j, row->sequence, false) + (z->kernel - 1 - (back - seen)) * z->channels;
}

/* Strength and decay of each value head. In a joint projection those of one key head's value heads lie together, first
 * all strengths. */
static void gates_row(const job *j, size_t r)
{
    const tael__delta_sizes *z = &j->c->model->sizes.delta;
    const tael__delta_scratch *b = &j->c->scratch.delta;
    size_t heads = z->value_heads, group = heads / z->key_heads;
    float *strength = b->strength + r * heads, *decay = b->decay + r * heads;
    for (size_t v = 0; v < heads; v++) {
        if (!j->net->in[3].data) {
            const float *joint = b->joint + r * 2 * heads + v / group * 2 * group + v % group;
            strength[v] = joint[0];
            decay[v] = joint[group];
        }
        float time = decay[v] + j->net->time_bias[v];
        time = time > 20 ? time : log1pf(expf(time)); /* softplus */
        strength[v] = 1 / (1 + expf(-strength[v]));
        decay[v] = expf(j->net->decay[v] * time);
    }
}

/* The convolution over the last tokens, channel by channel; keys become 1 long, queries 1 / sqrt(head_size). */
static void convolve_row(void *user, size_t r)
{
    const job *j = user;
    const tael__context *c = j->c;
    const tael__delta_sizes *z = &c->model->sizes.delta;
    float *out = c->scratch.delta.convolved + r * z->channels, epsilon = c->model->sizes.epsilon;
    size_t kernel = z->kernel, d = z->head_size;
    for (size_t first = 0, n; first < z->channels; first += n) { /* so many sums stay in registers */
        float sum[CHANNELS] = {0};
        n = z->channels - first < CHANNELS ? z->channels - first : CHANNELS;
        for (size_t k = 0; k < kernel; k++) {
            const float *x = mixed_of(j, r, kernel - 1 - k) + first, *tap = j->net->taps + k * z->channels + first;
            for (size_t i = 0; i < n; i++) sum[i] += tap[i] * x[i];
        }
        memcpy(out + first, sum, n * sizeof *out);
    }
    c->kernels->let_through(out, out, z->channels); /* SiLU */
    for (size_t h = 0; h < 2 * (size_t)z->key_heads; h++) {
        const float *length = c->scratch.delta.lengths + h / z->key_heads * d;
        c->kernels->rms_norm(out + h * d, out + h * d, length, d, epsilon / (float)d);
    }
    gates_row(j, r);
}

/* The projections that the next step's convolution needs. */
static void remember_mixed(const job *j)
{
    const tael__delta_sizes *z = &j->c->model->sizes.delta;
    for (size_t i = 0; i < j->runs; i++) {
        size_t last = (i + 1 < j->runs ? j->c->scratch.delta.run_first[i + 1] : j->rows) - 1;
        float *to = memory_of(j, j->c->scratch.rows[last].sequence, true);
        for (size_t k = 0; k + 1 < z->kernel; k++)
            memcpy(to + k * z->channels, mixed_of(j, last, z->kernel - 2 - k), z->channels * sizeof *to);
    }
}

/* The rule for some columns of one head through all tokens of one run. A head's matrix is remembered in blocks of so
 * many columns, one after another: as parts of wider rows they would fill half of the first cache's sets twice over. */
static void run_unit(const job *j, size_t run, size_t head, size_t first)
{
    const tael__delta_sizes *z = &j->c->model->sizes.delta;
    const tael__delta_scratch *b = &j->c->scratch.delta;
    size_t d = z->head_size, row = b->run_first[run], end = run + 1 < j->runs ? b->run_first[run + 1] : j->rows;
    size_t key = z->grouped ? head / (z->value_heads / z->key_heads) : head % z->key_heads;
    size_t rule = (z->kernel - 1) * (size_t)z->channels + (head * d + first) * d, out = (size_t)z->value_heads * d;
    uint32_t sequence = j->c->scratch.rows[row].sequence;
    const float *convolved = b->convolved + row * z->channels;
    size_t columns = d - first < COLUMNS ? d - first : COLUMNS;
    tael__delta work = {.out = b->out + row * out + head * d + first,
                        .q = convolved + key * d,
                        .k = convolved + (z->key_heads + key) * d,
                        .v = convolved + (2 * z->key_heads + head) * d + first,
                        .decay = b->decay + row * z->value_heads + head,
                        .beta = b->strength + row * z->value_heads + head,
                        .from = memory_of(j, sequence, false) + rule,
                        .to = memory_of(j, sequence, true) + rule,
                        .out_stride = out,
                        .key_stride = z->channels,
                        .value_stride = z->channels,
                        .gate_stride = z->value_heads,
                        .state_stride = columns,
                        .size = d,
                        .columns = columns,
                        .tokens = end - row};
    j->c->kernels->delta(&work);
}

static void run_units(void *user, uint32_t thread, uint32_t threads)
{
    (void)thread;
    (void)threads;
    job *j = user;
    const tael__delta_sizes *z = &j->c->model->sizes.delta;
    size_t parts = (z->head_size + COLUMNS - 1) / COLUMNS, each = parts * z->value_heads;
    for (size_t i; (i = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed)) < j->runs * each;)
        run_unit(j, i / each, i % each / parts, i % parts * COLUMNS);
}

/* Each head's output, normed, as much of it as its gate lets through: into the gate. */
static void gate_row(void *user, size_t r)
{
    const job *j = user;
    const tael__context *c = j->c;
    size_t d = c->model->sizes.delta.head_size, heads = c->model->sizes.delta.value_heads;
    float *out = c->scratch.delta.out + r * heads * d;
    for (size_t h = 0; h < heads; h++)
        c->kernels->rms_norm(out + h * d, out + h * d, j->net->norm, d, c->model->sizes.epsilon);
    c->kernels->swiglu(c->scratch.delta.gate + r * heads * d, out, heads * d);
}

void tael__delta_net_run(tael__context *c, const tael__delta_net *net, size_t rows)
{
    tael__delta_scratch *b = &c->scratch.delta;
    job j = {.c = c, .net = net, .rows = rows};
    for (size_t r = 0; r < rows; r++)
        if (r == 0 || c->scratch.rows[r].sequence != c->scratch.rows[r - 1].sequence)
            b->run_first[j.runs++] = (uint32_t)r;
    /* x / sqrt(sum x^2 + epsilon) is an RMS norm with epsilon / d and these weights. */
    size_t d = c->model->sizes.delta.head_size;
    for (size_t i = 0; i < d; i++) {
        b->lengths[i] = 1 / (float)d;
        b->lengths[d + i] = 1 / sqrtf((float)d);
    }
    bool joint = !net->in[3].data;
    tael__apply(c, (float *[]){b->mixed, b->gate, joint ? b->joint : b->strength, b->decay}, net->in, NULL,
                joint ? 3 : 4, c->scratch.y, rows);
    tael__each_row(c, rows, convolve_row, &j);
    remember_mixed(&j);
    tael__pool_run(c->pool, run_units, &j);
    tael__each_row(c, rows, gate_row, &j);
    tael__apply(c, (float *[]){c->scratch.y}, &net->output, NULL, 1, b->gate, rows);
}
