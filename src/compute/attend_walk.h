// SPDX-License-Identifier: Apache-2.0
/* What the fast kernels of `attend` share: the walk over pages (attend.c), which cuts a call into parts. A part is a
 * few rows and what they all see of one page; a kernel computes parts only.
 *
 * A page that every row sees whole is one part for as many rows as the kernel holds in registers, so that each load and
 * conversion of a key or value serves all of them. Where ranges begin or end, parts have the rows of one token. */
#ifndef TAEL__COMPUTE_ATTEND_WALK_H
#define TAEL__COMPUTE_ATTEND_WALK_H

#include "compute/activations.h"
#include "compute/attend.h"

enum { TAEL__PART_ROWS = 8 };

typedef struct tael__attend_part {
    const char *k, *v; /* the runs */
    const char *next;  /* what will be read after v: worth fetching ahead. Never dereferenced */
    size_t begin, end; /* the positions of the page that all rows see: begin < end <= TAEL__KV_POSITIONS */
    size_t rows;       /* 1..most */
    const float *q;    /* times scale and log2(e): weights are powers of two. Rows are q_stride apart, zero padded */
    float *out;        /* sums of weight * value so far, rows out_stride apart */
    float *max, *sum;  /* of each row so far: the largest score, -infinity at first, and the weights' sum */
    float *weight;     /* [TAEL__PART_ROWS][TAEL__KV_POSITIONS], to work with */
    float *scale;      /* [TAEL__PART_ROWS], to work with */
    float *k_d, *v_d;  /* q8_0: room for a run's d as floats, [positions][size / 32] */
    bool first;        /* of this page's parts */
    size_t head_size, value_size, q_stride, out_stride; /* strides: sizes rounded up to TAEL__ATTEND_PAD floats */
} tael__attend_part;

enum { TAEL__ATTEND_PAD = 16 };

/* Compute `a`, of at most TAEL__ATTEND_ROWS rows, by parts of at most `most` rows (1..TAEL__PART_ROWS). */
void tael__attend_walk(const tael__attention *a, size_t most, void (*compute)(const tael__attend_part *part));

/* Call `attend` with at most TAEL__ATTEND_ROWS rows at a time: a single token's group may be larger. */
void tael__attend_slices(const tael__attention *a, tael__attend_fn *attend);

/* The next `floats` of the scratch, on a line of its own. */
static inline float *tael__attend_carve(char **at, size_t floats)
{
    float *p = (float *)(void *)*at;
    *at += tael__act_line(floats * sizeof *p);
    return p;
}

/* tael__attend_KIND__ISA from compute(part, kind) of this file, which is inlined once for each kind. */
#define TAEL__ATTEND_BY_PARTS(kind, isa, most)                  \
    static void part_##kind(const tael__attend_part *p)         \
    {                                                           \
        compute(p, TAEL__KV_##kind);                            \
    }                                                           \
    static void walk_##kind(const tael__attention *a)           \
    {                                                           \
        tael__attend_walk(a, most, part_##kind);                \
    }                                                           \
    void tael__attend_##kind##__##isa(const tael__attention *a) \
    {                                                           \
        tael__attend_slices(a, walk_##kind);                    \
    }

/* tael__attend_many_KIND__ISA from attend(attention, kind) of this file, which is inlined once for each kind. */
#define TAEL__ATTEND_BY_SLICES(kind, isa)                            \
    static void attend_##kind(const tael__attention *a)              \
    {                                                                \
        attend(a, TAEL__KV_##kind);                                  \
    }                                                                \
    void tael__attend_many_##kind##__##isa(const tael__attention *a) \
    {                                                                \
        tael__attend_slices(a, attend_##kind);                       \
    }

#endif
