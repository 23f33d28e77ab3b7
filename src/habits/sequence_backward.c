// SPDX-License-Identifier: Apache-2.0
// The way back through sequence_forward.c, last line first. batch->slope holds the loss's gradient by `hidden` and gets
// the one by the input's units; slice->dense gets that of the dense weights, of the slice's tokens alone.
#include <math.h>
#include <string.h>

#include "habits/sequence_batch.h"

static void bias_back(float *gradient, const float *slope, size_t n, size_t width)
{
    for (size_t t = 0; t < n; t++)
        for (size_t i = 0; i < width; i++) gradient[i] += slope[t * width + i];
}

/* y = x · w + bias: slope_x = slope · wT, and the gradients by w and bias. */
static void linear_back(const tael_sequence *m, float *slope_x, const float *slope, const float *x, size_t w,
                        float *gradient, size_t bias, size_t n, size_t in, size_t out)
{
    const tael__sequence_kernels *k = m->kernels;
    bias_back(gradient + bias, slope, n, out);
    k->matmul(gradient + w, out, x, 1, in, slope, TAEL__PANEL, out, in, out, n, true);
    k->matmul(slope_x, in, slope, out, 1, m->turned + w, TAEL__PANEL, in, n, in, out, false);
}

/* Adds to slope_x, which may hold another path's. u = (x - mean) / deviation; dx = (g - mean(g) - u · mean(g · u)) /
 * deviation, with g the slope by u. */
static void norm_back(float *slope_x, const float *slope, const float *unit, const float *spread, const float *gain,
                      float *gradient, size_t n, size_t d)
{
    for (size_t t = 0; t < n; t++) {
        const float *s = slope + t * d, *u = unit + t * d;
        float mean = 0, along = 0;
        for (size_t i = 0; i < d; i++) {
            gradient[i] += s[i] * u[i];
            gradient[d + i] += s[i];
            mean += s[i] * gain[i];
            along += s[i] * gain[i] * u[i];
        }
        mean /= (float)d;
        along /= (float)d;
        for (size_t i = 0; i < d; i++) slope_x[t * d + i] += spread[t] * (s[i] * gain[i] - mean - u[i] * along);
    }
}

/* slope: by the mixed values [l][d]; back: by q, k, v [l][3d], zero before. */
static void attend_back(const tael_sequence *m, float *back, float *gradient, const float *slope, const float *weights,
                        const float *qkv, size_t l)
{
    const size_t d = m->sizes.width, heads = m->sizes.heads, each = d / heads;
    const tael__sequence_kernels *k = m->kernels;
    const float scale = 1 / sqrtf((float)each);
    float by_weight[TAEL__MAX_SEQUENCE_LENGTH];
    for (size_t h = 0; h < heads; h++)
        for (size_t t = 0; t < l; t++) {
            const float *w = weights + (h * l + t) * l, *s = slope + t * d + h * each, *q = qkv + t * 3 * d + h * each;
            float mean = 0;
            for (size_t j = 0; j <= t; j++) {
                by_weight[j] = k->dot(s, qkv + j * 3 * d + 2 * d + h * each, each);
                mean += w[j] * by_weight[j];
                k->axpy(back + j * 3 * d + 2 * d + h * each, w[j], s, each);
            }
            for (size_t j = 0; j <= t; j++) {
                float by_score = w[j] * (by_weight[j] - mean);
                gradient[h * m->sizes.length + t - j] += by_score;
                k->axpy(back + t * 3 * d + h * each, by_score * scale, qkv + j * 3 * d + d + h * each, each);
                k->axpy(back + j * 3 * d + d + h * each, by_score * scale, q, each);
            }
        }
}

static void attend_all_back(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice,
                            const tael__sequence_layer *l, float *back, float *gradient, const float *slope)
{
    const size_t d = m->sizes.width;
    const float *weights = l->weights;
    memset(back, 0, slice->tokens * 3 * d * sizeof *back);
    for (size_t i = slice->first; i < slice->first + slice->count; i++) {
        size_t at = b->start[i] - slice->token, length = b->start[i + 1] - b->start[i];
        attend_back(m, back + at * 3 * d, gradient, slope + at * d, weights, l->qkv + at * 3 * d, length);
        weights += m->sizes.heads * length * length;
    }
}

/* The slope by a branch that was dropped before it was added. */
static void part(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice,
                 float *branch, const float *slope, uint32_t block, uint32_t place)
{
    const size_t d = m->sizes.width;
    memcpy(branch, slope, slice->tokens * d * sizeof *branch);
    for (size_t t = 0; t < slice->tokens; t++)
        m->kernels->dropout(branch + t * d, d, b->dropout, tael__sequence_key(b, block, place, slice->token + t));
}

/* a->slope: by the block's output, then by its input. l->norm1 and norm2 are used up as room. */
static void block_back(const tael_sequence *m, const tael__sequence_batch *b, const tael__sequence_slice *slice,
                       tael__sequence_activations *a, uint32_t block)
{
    const tael__sequence_block *w = &m->layout.block[block];
    const size_t d = m->sizes.width, inner = m->sizes.inner, n = slice->tokens;
    float *g = slice->dense;
    tael__sequence_layer *l = &a->layer[block];
    part(m, b, slice, a->branch, a->slope, block, 2);
    linear_back(m, a->wide, a->branch, l->active, w->down, g, w->down_bias, n, inner, d);
    m->kernels->gelu_back(a->wide, l->up, n * inner);
    linear_back(m, a->branch, a->wide, l->norm2, w->up, g, w->up_bias, n, d, inner);
    norm_back(a->slope, a->branch, l->unit2, l->spread2, m->dense + w->norm2, g + w->norm2, n, d);

    part(m, b, slice, a->branch, a->slope, block, 1);
    linear_back(m, l->norm2, a->branch, l->mixed, w->out, g, w->out_bias, n, d, d);
    attend_all_back(m, b, slice, l, a->wide, g + w->distance, l->norm2);
    linear_back(m, a->branch, a->wide, l->norm1, w->qkv, g, w->qkv_bias, n, d, 3 * d);
    norm_back(a->slope, a->branch, l->unit1, l->spread1, m->dense + w->norm1, g + w->norm1, n, d);
}

void tael__sequence_backward(const tael_sequence *m, tael__sequence_batch *b, size_t index)
{
    const tael__sequence_slice *slice = &b->slices[index];
    const size_t d = m->sizes.width, n = slice->tokens;
    const float long_one = sqrtf((float)d);
    tael__sequence_activations a;
    tael__sequence_activations_lay(&a, &m->sizes, slice->memory, n, tael__sequence_squares(b, slice));
    memset(slice->dense, 0, m->layout.count * sizeof *slice->dense);
    /* hidden = y / |y| / temperature: what points along y changes nothing. */
    for (size_t t = 0; t < n; t++) {
        const float *s = b->slope + (slice->token + t) * d, *y = a.norm + t * d;
        float inverse = a.length_inverse[t], along = m->kernels->dot(s, y, d) * inverse * inverse;
        for (size_t i = 0; i < d; i++) a.branch[t * d + i] = (s[i] - y[i] * along) * inverse / m->sizes.temperature;
    }
    memset(a.slope, 0, n * d * sizeof *a.slope);
    norm_back(a.slope, a.branch, a.unit, a.spread, m->dense + m->layout.norm, slice->dense + m->layout.norm, n, d);
    for (uint32_t block = m->sizes.blocks; block-- > 0;) block_back(m, b, slice, &a, block);
    for (size_t t = 0; t < n; t++) {
        float *out = b->slope + (slice->token + t) * d;
        for (size_t i = 0; i < d; i++) out[i] = a.slope[t * d + i] * long_one;
        m->kernels->dropout(out, d, b->dropout, tael__sequence_key(b, 0, 0, slice->token + t));
    }
}
