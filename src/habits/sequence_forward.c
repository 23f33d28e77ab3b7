// SPDX-License-Identifier: Apache-2.0
// Sequences through the model: per block x += drop(attention(norm(x))), x += drop(feed-forward(norm(x))); at the end a
// norm, and the direction of what it gives. Attention knows no places, only distances (a learned number a head and
// distance), so that a sequence of any length is continued in one way: each prefix trains what the whole one needs.
#include <math.h>
#include <string.h>

#include "habits/sequence_batch.h"

#define TINY 1e-6f

static void add_bias(float *x, const float *bias, size_t n, size_t width)
{
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < width; i++) x[t * width + i] += bias[i];
}

/* gain: [d], and the offsets behind it. */
static void norm(float *out, float *unit, float *spread, const float *x, const float *gain, size_t n, size_t d)
{
    for (size_t t = 0; t < n; t++) {
        float mean = 0, square = 0;
        for (size_t i = 0; i < d; i++) mean += x[t * d + i];
        mean /= (float)d;
        for (size_t i = 0; i < d; i++) square += (x[t * d + i] - mean) * (x[t * d + i] - mean);
        spread[t] = 1 / sqrtf(square / (float)d + TINY);
        for (size_t i = 0; i < d; i++) {
            unit[t * d + i] = (x[t * d + i] - mean) * spread[t];
            out[t * d + i] = unit[t * d + i] * gain[i] + gain[d + i];
        }
    }
}

/* One sequence of l tokens; weights: [heads][l][l], of which row t uses t + 1. */
static void attend(const tael_sequence *m, float *mixed, float *weights, const float *qkv, const float *distance,
                   size_t l)
{
    const size_t d = m->sizes.width, heads = m->sizes.heads, each = d / heads;
    const float scale = 1 / sqrtf((float)each);
    for (size_t h = 0; h < heads; h++)
        for (size_t t = 0; t < l; t++) {
            const float *q = qkv + t * 3 * d + h * each;
            float *w = weights + (h * l + t) * l, most = -INFINITY;
            for (size_t s = 0; s <= t; s++) {
                const float *k = qkv + s * 3 * d + d + h * each;
                w[s] = m->kernels->dot(q, k, each) * scale + distance[h * m->sizes.length + t - s];
                if (w[s] > most) most = w[s];
            }
            float part = 1 / m->kernels->exp_sum(w, t + 1, most), *out = mixed + t * d + h * each;
            memset(out, 0, each * sizeof *out);
            for (size_t s = 0; s <= t; s++) {
                w[s] *= part;
                m->kernels->axpy(out, w[s], qkv + s * 3 * d + 2 * d + h * each, each);
            }
        }
}

static void attend_all(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice,
                       const tael__sequence_layer *l, const float *distance)
{
    const size_t d = m->sizes.width;
    float *weights = l->weights;
    for (size_t i = slice->first; i < slice->first + slice->count; i++) {
        size_t at = b->start[i] - slice->token, length = b->start[i + 1] - b->start[i];
        attend(m, l->mixed + at * d, weights, l->qkv + at * 3 * d, distance, length);
        weights += m->sizes.heads * length * length;
    }
}

/* out = x + drop(branch) */
static void join(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice, float *out,
                 const float *x, float *branch, uint32_t block, uint32_t place)
{
    const size_t d = m->sizes.width;
    for (size_t t = 0; t < slice->tokens; t++) {
        m->kernels->dropout(branch + t * d, d, b->dropout, tael__sequence_key(b, block, place, slice->token + t));
        for (size_t i = 0; i < d; i++) out[t * d + i] = x[t * d + i] + branch[t * d + i];
    }
}

static void block_forward(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice,
                          tael__sequence_activations *a, uint32_t block)
{
    const tael__sequence_block *w = &m->layout.block[block];
    const tael__sequence_kernels *k = m->kernels;
    const size_t d = m->sizes.width, inner = m->sizes.inner, n = slice->tokens;
    const float *dense = m->dense;
    tael__sequence_layer *l = &a->layer[block];
    norm(l->norm1, l->unit1, l->spread1, l->input, dense + w->norm1, n, d);
    k->matmul(l->qkv, 3 * d, l->norm1, d, 1, dense + w->qkv, TAEL__PANEL, 3 * d, n, 3 * d, d, false);
    add_bias(l->qkv, dense + w->qkv_bias, n, 3 * d);
    attend_all(m, b, slice, l, dense + w->distance);
    k->matmul(a->branch, d, l->mixed, d, 1, dense + w->out, TAEL__PANEL, d, n, d, d, false);
    add_bias(a->branch, dense + w->out_bias, n, d);
    join(m, b, slice, l->middle, l->input, a->branch, block, 1);

    norm(l->norm2, l->unit2, l->spread2, l->middle, dense + w->norm2, n, d);
    k->matmul(l->up, inner, l->norm2, d, 1, dense + w->up, TAEL__PANEL, inner, n, inner, d, false);
    add_bias(l->up, dense + w->up_bias, n, inner);
    k->gelu(l->active, l->up, n * inner);
    k->matmul(a->branch, d, l->active, inner, 1, dense + w->down, TAEL__PANEL, d, n, d, inner, false);
    add_bias(a->branch, dense + w->down_bias, n, d);
    float *out = block + 1 < m->sizes.blocks ? a->layer[block + 1].input : a->output;
    join(m, b, slice, out, l->middle, a->branch, block, 2);
}

void tael__sequence_forward(const tael_sequence *m, tael__sequence_batch *b, size_t index)
{
    const tael__sequence_slice *slice = &b->slices[index];
    const size_t d = m->sizes.width;
    const float long_one = sqrtf((float)d); /* an item's components are 1 in the mean of squares */
    tael__sequence_activations a;
    tael__sequence_activations_lay(&a, &m->sizes, slice->memory, slice->tokens, tael__sequence_squares(b, slice));
    for (size_t t = 0; t < slice->tokens; t++) {
        const float *unit = m->unit + b->items[slice->token + t] * d;
        float *x = a.layer[0].input + t * d;
        for (size_t i = 0; i < d; i++) x[i] = unit[i] * long_one;
        m->kernels->dropout(x, d, b->dropout, tael__sequence_key(b, 0, 0, slice->token + t));
    }
    for (uint32_t block = 0; block < m->sizes.blocks; block++) block_forward(m, b, slice, &a, block);
    norm(a.norm, a.unit, a.spread, a.output, m->dense + m->layout.norm, slice->tokens, d);
    for (size_t t = 0; t < slice->tokens; t++) {
        const float *y = a.norm + t * d;
        float *hidden = b->hidden + (slice->token + t) * d;
        a.length_inverse[t] = 1 / sqrtf(m->kernels->dot(y, y, d) + TINY);
        for (size_t i = 0; i < d; i++) hidden[i] = y[i] * a.length_inverse[t] / m->sizes.temperature;
    }
}
