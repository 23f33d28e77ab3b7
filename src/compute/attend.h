// SPDX-License-Identifier: Apache-2.0
/* Attention over a paged cache. Keys and values of one head lie in runs of TAEL__KV_POSITIONS positions, one run a page
 * for keys and one for values:
 *
 *   f16   uint16 x[positions][head_size]
 *   q8_0  int8 q[positions][head_size], uint16 d[positions][head_size / 32]     x ~ d * q, d is f16
 *
 * so that a sequence is a list of pages, which sequences with the same beginning can share. */
#ifndef TAEL__COMPUTE_ATTEND_H
#define TAEL__COMPUTE_ATTEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum tael__kv_kind { TAEL__KV_f16, TAEL__KV_q8_0, TAEL__KV_COUNT } tael__kv_kind;

enum {
    TAEL__KV_POSITIONS = 64, /* in a page */
    TAEL__ATTEND_ROWS = 64,  /* the most queries of one call: tokens * group */
};

/* Bytes of a run: keys or values of one head in one page; a multiple of 64. head_size: a multiple of 32 for q8_0. */
static inline size_t tael__kv_run_bytes(tael__kv_kind kind, size_t head_size)
{
    size_t bytes = kind == TAEL__KV_f16 ? TAEL__KV_POSITIONS * head_size * 2
                                        : TAEL__KV_POSITIONS * (head_size + head_size / 32 * 2);
    return (bytes + 63) & ~(size_t)63;
}

/* Write one position's head_size values (x) into a run, at `position` (0..TAEL__KV_POSITIONS-1) of it, rounded to
 * nearest even. A value or scale beyond f16 becomes f16's largest: no infinity of one position may reach others, and 0
 * times infinity would. Every kernel writes the same bits. */
typedef void tael__kv_store_fn(void *run, size_t position, const float *x, size_t head_size);

/* Queries that share one KV head: `tokens` of one sequence, and for each the `group` heads of that KV head.
 * Row (t, g) of q and out begins at t * stride + g * head_size (out: t * out_stride + g * value_size). */
typedef struct tael__attention {
    float *out;                /* softmax(scale * q . K) V */
    const float *q;            /* f32 */
    size_t stride;             /* floats from one token's rows to the next one's, of q */
    size_t out_stride;         /* the same of out */
    size_t tokens, group;      /* tokens * group <= TAEL__ATTEND_ROWS, or tokens is 1 */
    const char *const *page;   /* of the sequence, in order; 64-byte aligned. Pages that no token sees aren't touched */
    size_t k_at, v_at;         /* where in a page this head's runs begin, in bytes, a multiple of 64 */
    const uint32_t *from, *to; /* of each token: it sees positions from..to-1; to > from */
    size_t head_size, value_size;
    float scale;
    void *scratch; /* tael__attend_scratch_bytes(), 64-byte aligned, this thread's own */
} tael__attention;

/* The softmax is taken on the way (Milakov and Gimelshein 2018, Dao et al. 2022): one pass over the pages, 64 positions
 * at a time counted from position 0, whatever `from` is. A row's result depends on nothing but its own query, range and
 * the positions in it, to the bit; not on the rows beside it. What lies in a page before or after the range may be
 * anything, with one exception: `attend_many` wants finite numbers where any token of the call sees.
 *
 * A weight below 2^-100 of the largest so far may count as none. `attend` takes sums in f32; `attend_many` may leave
 * out of each product of two numbers what is below 2^-14 of it. */
typedef void tael__attend_fn(const tael__attention *a);

/* For any kernel of both families, with heads of this size. */
size_t tael__attend_scratch_bytes(size_t head_size, size_t value_size);

#endif
