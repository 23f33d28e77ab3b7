// SPDX-License-Identifier: Apache-2.0
// Attention for reading, and as the reference of the fast kernels: one row after another, one page after another, with
// the softmax's maximum and sum corrected whenever a larger score turns up.
#include "compute/attend.h"

#include <math.h>
#include <string.h>

#include "compute/blocks.h"
#include "compute/kernels_declared.h"

static float within(float x, float limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

void tael__kv_store_f16__c(void *run, size_t position, const float *x, size_t head_size)
{
    uint16_t *at = (uint16_t *)run + position * head_size;
    for (size_t i = 0; i < head_size; i++) at[i] = tael__f32_to_f16(within(x[i], 65504));
}

/* As blocks of q8_0: d = max |x| / 127, q = round(x / d); a d that f16 has no number for leaves zeros. */
void tael__kv_store_q8_0__c(void *run, size_t position, const float *x, size_t head_size)
{
    int8_t *q = (int8_t *)run + position * head_size;
    uint16_t *d = (uint16_t *)(void *)((char *)run + TAEL__KV_POSITIONS * head_size) + position * (head_size / 32);
    for (size_t b = 0; b < head_size / 32; b++) {
        float max = 0;
        for (size_t i = 0; i < 32; i++) max = fmaxf(max, fabsf(x[32 * b + i]));
        float scale = within(max / 127, 65504), inverse = scale > 0x1p-25f ? 1 / scale : 0;
        d[b] = tael__f32_to_f16(scale);
        for (size_t i = 0; i < 32; i++) q[32 * b + i] = (int8_t)lrintf(within(x[32 * b + i] * inverse, 127));
    }
}

/* One position of a run as floats. */
static void load(float *x, const char *run, tael__kv_kind kind, size_t position, size_t n)
{
    if (kind == TAEL__KV_f16) {
        const uint16_t *h = (const uint16_t *)(const void *)run + position * n;
        for (size_t i = 0; i < n; i++) x[i] = tael__f16_to_f32(h[i]);
        return;
    }
    const int8_t *q = (const int8_t *)run + position * n;
    const uint16_t *d = (const uint16_t *)(const void *)(run + TAEL__KV_POSITIONS * n) + position * (n / 32);
    for (size_t i = 0; i < n; i++) x[i] = tael__f16_to_f32(d[i / 32]) * q[i];
}

static void attend_row(const tael__attention *a, tael__kv_kind kind, size_t t, size_t g)
{
    const float *q = a->q + t * a->stride + g * a->head_size;
    float *out = a->out + t * a->out_stride + g * a->value_size, *x = a->scratch;
    float max = -INFINITY, sum = 0;
    memset(out, 0, a->value_size * sizeof *out);
    for (uint32_t p = a->from[t]; p < a->to[t]; p++) {
        const char *page = a->page[p / TAEL__KV_POSITIONS];
        float dot = 0;
        load(x, page + a->k_at, kind, p % TAEL__KV_POSITIONS, a->head_size);
        for (size_t i = 0; i < a->head_size; i++) dot += q[i] * x[i];
        float score = dot * a->scale, old = max;
        if (score > max) max = score;
        float correct = expf(old - max), weight = expf(score - max);
        load(x, page + a->v_at, kind, p % TAEL__KV_POSITIONS, a->value_size);
        for (size_t i = 0; i < a->value_size; i++) out[i] = out[i] * correct + weight * x[i];
        sum = sum * correct + weight;
    }
    for (size_t i = 0; i < a->value_size; i++) out[i] /= sum;
}

static void attend(const tael__attention *a, tael__kv_kind kind)
{
    for (size_t t = 0; t < a->tokens; t++)
        for (size_t g = 0; g < a->group; g++) attend_row(a, kind, t, g);
}

void tael__attend_f16__c(const tael__attention *a)
{
    attend(a, TAEL__KV_f16);
}

void tael__attend_q8_0__c(const tael__attention *a)
{
    attend(a, TAEL__KV_q8_0);
}
