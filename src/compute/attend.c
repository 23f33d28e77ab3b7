// SPDX-License-Identifier: Apache-2.0
// The walk over pages for the fast kernels of `attend`: queries are scaled and padded once, each page is cut into
// parts, and at the end the sums are divided by the weights' sums. What costs time is in the kernels.
#include "compute/attend_walk.h"

#include <math.h>
#include <string.h>

static size_t padded(size_t size)
{
    return (size + TAEL__ATTEND_PAD - 1) / TAEL__ATTEND_PAD * TAEL__ATTEND_PAD;
}

static void lay_out(tael__attend_part *p, const tael__attention *a)
{
    char *at = a->scratch;
    p->head_size = a->head_size;
    p->value_size = a->value_size;
    p->q_stride = padded(a->head_size);
    p->out_stride = padded(a->value_size);
    p->q = tael__attend_carve(&at, TAEL__ATTEND_ROWS * p->q_stride);
    p->out = tael__attend_carve(&at, TAEL__ATTEND_ROWS * p->out_stride);
    p->max = tael__attend_carve(&at, TAEL__ATTEND_ROWS);
    p->sum = tael__attend_carve(&at, TAEL__ATTEND_ROWS);
    p->weight = tael__attend_carve(&at, TAEL__PART_ROWS * TAEL__KV_POSITIONS);
    p->scale = tael__attend_carve(&at, TAEL__PART_ROWS);
    p->k_d = tael__attend_carve(&at, TAEL__KV_POSITIONS * (p->q_stride / 16));
    p->v_d = tael__attend_carve(&at, TAEL__KV_POSITIONS * (p->out_stride / 16));
}

static void begin_rows(const tael__attend_part *p, const tael__attention *a, float *q)
{
    const float log2_e = 1.44269504f;
    for (size_t r = 0; r < a->tokens * a->group; r++) {
        const float *from = a->q + r / a->group * a->stride + r % a->group * a->head_size;
        for (size_t i = 0; i < p->q_stride; i++)
            q[r * p->q_stride + i] = i < a->head_size ? from[i] * (a->scale * log2_e) : 0;
        p->max[r] = -INFINITY;
        p->sum[r] = 0;
    }
    memset(p->out, 0, a->tokens * a->group * p->out_stride * sizeof *p->out);
}

static void end_rows(const tael__attend_part *p, const tael__attention *a)
{
    for (size_t r = 0; r < a->tokens * a->group; r++) {
        float *out = a->out + r / a->group * a->out_stride + r % a->group * a->value_size, each = 1 / p->sum[r];
        for (size_t i = 0; i < a->value_size; i++) out[i] = p->out[r * p->out_stride + i] * each;
    }
}

typedef void compute_fn(const tael__attend_part *part);

/* `count` rows from `row` on, cut into parts as equal as can be. */
static void rows_of_page(tael__attend_part *p, compute_fn *compute, size_t row, size_t count, size_t most)
{
    const tael__attend_part all = *p;
    for (size_t parts = (count + most - 1) / most; parts > 0; parts--) {
        p->rows = (count + parts - 1) / parts;
        p->q = all.q + row * p->q_stride;
        p->out = all.out + row * p->out_stride;
        p->max = all.max + row;
        p->sum = all.sum + row;
        compute(p);
        p->first = false;
        row += p->rows;
        count -= p->rows;
    }
    bool first = p->first;
    *p = all;
    p->first = first;
}

static void page_of(tael__attend_part *p, const tael__attention *a, compute_fn *compute, uint32_t start, size_t most)
{
    uint32_t end = start + TAEL__KV_POSITIONS;
    bool whole = true;
    p->first = true;
    for (size_t t = 0; t < a->tokens; t++) whole = whole && a->from[t] <= start && a->to[t] >= end;
    p->begin = 0;
    p->end = TAEL__KV_POSITIONS;
    if (whole) rows_of_page(p, compute, 0, a->tokens * a->group, most);
    for (size_t t = 0; t < a->tokens && !whole; t++) {
        if (a->from[t] >= end || a->to[t] <= start) continue;
        p->begin = a->from[t] > start ? a->from[t] - start : 0;
        p->end = a->to[t] < end ? a->to[t] - start : TAEL__KV_POSITIONS;
        rows_of_page(p, compute, t * a->group, a->group, most);
    }
}

void tael__attend_walk(const tael__attention *a, size_t most, compute_fn *compute)
{
    tael__attend_part p;
    uint32_t from = a->from[0], to = a->to[0];
    for (size_t t = 1; t < a->tokens; t++) {
        if (a->from[t] < from) from = a->from[t];
        if (a->to[t] > to) to = a->to[t];
    }
    lay_out(&p, a);
    begin_rows(&p, a, a->scratch);
    uint32_t last = (to - 1) / TAEL__KV_POSITIONS;
    for (uint32_t i = from / TAEL__KV_POSITIONS; i <= last; i++) {
        p.k = a->page[i] + a->k_at;
        p.v = a->page[i] + a->v_at;
        p.next = i < last ? a->page[i + 1] + a->k_at : p.v;
        page_of(&p, a, compute, i * TAEL__KV_POSITIONS, most);
    }
    end_rows(&p, a);
}

/* For the walk and for kernels with tiles of 16 x 32 numbers, which hold queries and keys twice over, in halves. */
size_t tael__attend_scratch_bytes(size_t head_size, size_t value_size)
{
    size_t q = (head_size + 31) / 32 * 32, v = (value_size + 31) / 32 * 32;
    size_t numbers = TAEL__ATTEND_ROWS * (q + v) + TAEL__KV_POSITIONS * (q + v) + TAEL__ATTEND_ROWS * 8;
    return (numbers + 2 * TAEL__ATTEND_ROWS * TAEL__KV_POSITIONS) * sizeof(float) + 16 * 64;
}

void tael__attend_slices(const tael__attention *a, tael__attend_fn *attend)
{
    tael__attention part = *a;
    for (size_t g = 0; g < a->group; g += part.group) {
        part.group = a->group - g < TAEL__ATTEND_ROWS ? a->group - g : TAEL__ATTEND_ROWS;
        part.q = a->q + g * a->head_size;
        part.out = a->out + g * a->value_size;
        attend(&part);
    }
}
