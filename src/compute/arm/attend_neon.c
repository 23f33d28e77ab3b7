// SPDX-License-Identifier: Apache-2.0
/* Attention with 4 floats at a time. Up to 4 rows share each load and conversion of a key or value: 4 rows times 4
 * positions are 16 registers of sums while keys are read, 4 rows times 16 columns while values are. The order of each
 * row's sums depends on positions and columns alone. */
#include <arm_neon.h>
#include <math.h>
#include <string.h>

#include "compute/arm/exp_neon.h"
#include "compute/attend_walk.h"
#include "compute/kernels_declared.h"

#define INLINE static inline __attribute__((always_inline))

enum { ROWS_MOST = 4, QUAD = 4 };

typedef tael__attend_part part;

/* ---- A run as floats ---- */

typedef struct source {
    const char *data;
    const float *d; /* q8_0 */
    size_t n;       /* values a position */
    tael__kv_kind kind;
} source;

/* The scales of a q8_0 run, all at once. */
static void scales(float *d, const char *data, size_t n)
{
    const uint16_t *h = (const uint16_t *)(const void *)(data + TAEL__KV_POSITIONS * n);
    for (size_t i = 0; i < TAEL__KV_POSITIONS * (n / 32); i += 4)
        vst1q_f32(d + i, vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(h + i))));
}

/* 8 values of a position from column c on; beyond the last, zeros. */
INLINE void load_8(float32x4_t out[2], const source *x, size_t position, size_t c)
{
    size_t at = position * x->n + c;
    if (x->kind == TAEL__KV_q8_0) {
        int16x8_t q = vmovl_s8(vld1_s8((const int8_t *)x->data + at));
        float d = x->d[at / 32];
        out[0] = vmulq_n_f32(vcvtq_f32_s32(vmovl_s16(vget_low_s16(q))), d);
        out[1] = vmulq_n_f32(vcvtq_f32_s32(vmovl_high_s16(q)), d);
        return;
    }
    const uint16_t *h = (const uint16_t *)(const void *)x->data + at;
    uint16_t last[8] = {0};
    if (x->n - c < 8) h = memcpy(last, h, (x->n - c) * sizeof *h);
    float16x8_t eight = vreinterpretq_f16_u16(vld1q_u16(h));
    out[0] = vcvt_f32_f16(vget_low_f16(eight));
    out[1] = vcvt_high_f32_f16(eight);
}

/* ---- Keys ---- */

/* Scores of 4 positions, which may lie outside of the part's range: they are masked later. */
INLINE void score_quad(const part *p, const source *k, size_t position, size_t rows)
{
    float32x4_t sum[ROWS_MOST][QUAD];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < QUAD; i++) sum[r][i] = vdupq_n_f32(0);
    for (size_t c = 0; c < p->head_size; c += 8) {
        float32x4_t key[QUAD][2];
        for (size_t i = 0; i < QUAD; i++) load_8(key[i], k, position + i, c);
        for (size_t r = 0; r < rows; r++)
            for (size_t half = 0; half < 2; half++) {
                float32x4_t q = vld1q_f32(p->q + r * p->q_stride + c + 4 * half);
                for (size_t i = 0; i < QUAD; i++) sum[r][i] = vfmaq_f32(sum[r][i], key[i][half], q);
            }
    }
    for (size_t r = 0; r < rows; r++) {
        float32x4_t low = vpaddq_f32(sum[r][0], sum[r][1]), high = vpaddq_f32(sum[r][2], sum[r][3]);
        vst1q_f32(p->weight + r * TAEL__KV_POSITIONS + position, vpaddq_f32(low, high));
    }
}

/* Scores to weights, with the row's maximum and sum; scale[r] corrects what was summed before. */
static void soften(const part *p, size_t r)
{
    float *w = p->weight + r * TAEL__KV_POSITIONS, old = p->max[r];
    const size_t begin = p->begin / QUAD * QUAD, end = (p->end + QUAD - 1) / QUAD * QUAD;
    float32x4_t most = vdupq_n_f32(old), sum = vdupq_n_f32(0);
    for (size_t i = begin; i < p->begin; i++) w[i] = -INFINITY;
    for (size_t i = p->end; i < end; i++) w[i] = -INFINITY;
    for (size_t i = begin; i < end; i += QUAD) most = vmaxq_f32(most, vld1q_f32(w + i));
    p->max[r] = vmaxvq_f32(most);
    most = vdupq_n_f32(p->max[r]);
    for (size_t i = begin; i < end; i += QUAD) {
        float32x4_t x = exp2_4(vsubq_f32(vld1q_f32(w + i), most));
        sum = vaddq_f32(sum, x);
        vst1q_f32(w + i, x);
    }
    p->scale[r] = vgetq_lane_f32(exp2_4(vsubq_f32(vdupq_n_f32(old), most)), 0);
    p->sum[r] = p->sum[r] * p->scale[r] + vaddvq_f32(sum);
}

/* ---- Values ---- */

INLINE void load_16(float32x4_t out[4], const source *v, size_t position, size_t c)
{
    load_8(out, v, position, c);
    if (c + 8 < v->n)
        load_8(out + 2, v, position, c + 8);
    else
        out[2] = out[3] = vdupq_n_f32(0);
}

#define ADD_POSITION(lane)                                                                           \
    {                                                                                                \
        float32x4_t x[4];                                                                            \
        load_16(x, v, i + (lane), c);                                                                \
        for (size_t r = 0; r < rows; r++)                                                            \
            for (size_t k = 0; k < 4; k++) sum[r][k] = vfmaq_laneq_f32(sum[r][k], x[k], w[r], lane); \
    }

/* Columns c..c+15 of all rows' sums. */
INLINE void add_columns(const part *p, const source *v, size_t c, size_t rows)
{
    float32x4_t sum[ROWS_MOST][4], w[ROWS_MOST];
    size_t i = p->begin;
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < 4; k++)
            sum[r][k] = vmulq_n_f32(vld1q_f32(p->out + r * p->out_stride + c + 4 * k), p->scale[r]);
    while (i < p->end) {
        size_t n = p->end - i < QUAD ? 1 : QUAD;
        for (size_t r = 0; r < rows; r++) {
            const float *at = p->weight + r * TAEL__KV_POSITIONS + i;
            w[r] = n == QUAD ? vld1q_f32(at) : vld1q_dup_f32(at);
        }
        ADD_POSITION(0)
        if (n == QUAD) {
            ADD_POSITION(1)
            ADD_POSITION(2)
            ADD_POSITION(3)
        }
        i += n;
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < 4; k++) vst1q_f32(p->out + r * p->out_stride + c + 4 * k, sum[r][k]);
}

/* ---- A part ---- */

INLINE void compute_rows(const part *p, const source *k, const source *v, size_t rows)
{
    for (size_t i = p->begin / QUAD * QUAD; i < p->end; i += QUAD) score_quad(p, k, i, rows);
    for (size_t r = 0; r < rows; r++) soften(p, r);
    for (size_t c = 0; c < p->value_size; c += 16) add_columns(p, v, c, rows);
}

INLINE void compute(const part *p, tael__kv_kind kind)
{
    const source k = {p->k, p->k_d, p->head_size, kind}, v = {p->v, p->v_d, p->value_size, kind};
    if (kind == TAEL__KV_q8_0 && p->first) {
        scales(p->k_d, p->k, p->head_size);
        scales(p->v_d, p->v, p->value_size);
    }
    switch (p->rows) {
    case 1: compute_rows(p, &k, &v, 1); break;
    case 2: compute_rows(p, &k, &v, 2); break;
    case 3: compute_rows(p, &k, &v, 3); break;
    default: compute_rows(p, &k, &v, ROWS_MOST); break;
    }
}

static void compute_f16(const part *p)
{
    compute(p, TAEL__KV_f16);
}
static void compute_q8_0(const part *p)
{
    compute(p, TAEL__KV_q8_0);
}

void tael__attend_f16__neon(const tael__attention *a)
{
    if (a->tokens * a->group > TAEL__ATTEND_ROWS)
        tael__attend_slices(a, tael__attend_f16__neon);
    else
        tael__attend_walk(a, ROWS_MOST, compute_f16);
}

void tael__attend_q8_0__neon(const tael__attention *a)
{
    if (a->tokens * a->group > TAEL__ATTEND_ROWS)
        tael__attend_slices(a, tael__attend_q8_0__neon);
    else
        tael__attend_walk(a, ROWS_MOST, compute_q8_0);
}

/* ---- Storing ---- */

static inline float32x4_t within(float32x4_t x, float limit)
{
    return vmaxq_f32(vminq_f32(x, vdupq_n_f32(limit)), vdupq_n_f32(-limit));
}

void tael__kv_store_f16__neon(void *run, size_t position, const float *x, size_t head_size)
{
    uint16_t *at = (uint16_t *)run + position * head_size;
    size_t i = 0;
    for (; i + 4 <= head_size; i += 4)
        vst1_u16(at + i, vreinterpret_u16_f16(vcvt_f16_f32(within(vld1q_f32(x + i), 65504))));
    for (; i < head_size; i++) {
        __fp16 h = (__fp16)vgetq_lane_f32(within(vdupq_n_f32(x[i]), 65504), 0);
        memcpy(at + i, &h, sizeof h);
    }
}

/* 8 values times `inverse` as bytes. */
static inline int8x8_t bytes_of(const float *x, float inverse)
{
    int32x4_t low = vcvtnq_s32_f32(within(vmulq_n_f32(vld1q_f32(x), inverse), 127));
    int32x4_t high = vcvtnq_s32_f32(within(vmulq_n_f32(vld1q_f32(x + 4), inverse), 127));
    return vmovn_s16(vcombine_s16(vmovn_s32(low), vmovn_s32(high)));
}

void tael__kv_store_q8_0__neon(void *run, size_t position, const float *x, size_t head_size)
{
    int8_t *q = (int8_t *)run + position * head_size;
    uint16_t *d = (uint16_t *)(void *)((char *)run + TAEL__KV_POSITIONS * head_size) + position * (head_size / 32);
    for (size_t b = 0; b < head_size / 32; b++, x += 32, q += 32) {
        float32x4_t most = vdupq_n_f32(0);
        for (size_t i = 0; i < 32; i += 4) most = vmaxnmq_f32(most, vabsq_f32(vld1q_f32(x + i)));
        float scale = vmaxnmvq_f32(most) / 127;
        if (scale > 65504) scale = 65504;
        __fp16 half = (__fp16)scale;
        memcpy(d + b, &half, sizeof half);
        float inverse = scale > 0x1p-25f ? 1 / scale : 0;
        for (size_t i = 0; i < 32; i += 8) vst1_s8(q + i, bytes_of(x + i, inverse));
    }
}
