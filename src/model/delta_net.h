// SPDX-License-Identifier: Apache-2.0
/* A gated delta net in place of a layer's attention (Qwen3-Next, Qwen3.5): a short convolution over the projections of
 * the last tokens, then the gated delta rule (compute/delta.h). What it remembers of a sequence has a fixed size. */
#ifndef TAEL__MODEL_DELTA_NET_H
#define TAEL__MODEL_DELTA_NET_H

#include "compute/delta.h"
#include "compute/linear.h"

/* Sizes that the delta nets of a model share; value_heads 0: it has none. Heads of keys and values are equally long. */
typedef struct tael__delta_sizes {
    uint32_t key_heads, value_heads; /* several value heads share a key head */
    uint32_t head_size;
    uint32_t kernel;   /* tokens that the convolution sees: the last so many */
    uint32_t channels; /* (2 * key_heads + value_heads) * head_size: what the convolution goes over */
    uint32_t layers;   /* that are delta nets */
    bool grouped;      /* value heads of one key head lie next to each other; else key_heads apart */
} tael__delta_sizes;

typedef struct tael__delta_net {
    tael__matrix in[4];     /* from the embedding: q, k and v (channels); the output's gate (value_heads * head_size);
                               strength and decay (value_heads each). Without in[3] both are in in[2], by key head. */
    float *taps;            /* owned; of the convolution, f32[kernel][channels]: transposed, to go along the channels */
    const float *time_bias; /* f32[value_heads] */
    const float *decay;     /* f32[value_heads]: negative; by so much a unit of time */
    const float *norm;      /* f32[head_size] */
    tael__matrix output;    /* value_heads * head_size -> embedding */
    uint32_t index;         /* among the model's delta nets */
} tael__delta_net;

/* What rows pass through; f32 is [rows][width]. */
typedef struct tael__delta_scratch {
    float *mixed, *convolved; /* [channels] */
    float *gate, *out;        /* [value_heads * head_size] */
    float *lengths;           /* [2][head_size], no rows: what makes queries and keys as long as the rule wants them */
    float *strength, *decay;  /* [value_heads] */
    float *joint;             /* [2 * value_heads]: both of them as a joint projection has them */
    uint32_t *run_first;      /* rows where runs begin */
} tael__delta_scratch;

/* What the delta nets of all layers remember of each sequence, twice: before and after its last step. A step reads the
 * one and writes the other, so that a cancelled one leaves nothing behind and the last one can be taken back. */
typedef struct tael__memories {
    void *memory; /* owned */
    float *data;  /* [sequences][2][floats], at a cache line */
    size_t floats, layer_floats;
    struct tael__memory {
        uint32_t position[2]; /* tokens that each of the two has seen; UINT32_MAX: it's of no use */
        uint32_t now;         /* which of them is the sequence's */
    } * sequences;            /* owned */
} tael__memories;

/* Does nothing for a model without delta nets. */
tael_status tael__memories_open(tael__memories *m, const tael__delta_sizes *sizes, uint32_t sequences);
void tael__memories_close(tael__memories *m);

/* After a step: the sequence has seen tokens up to `position`. */
void tael__memory_advance(tael__memories *m, uint32_t sequence, uint32_t position);
/* Go back to the latest remembered position that isn't after `position`, at worst 0, and return it. */
uint32_t tael__memory_rewind(tael__memories *m, uint32_t sequence, uint32_t position);
/* `to` remembers what `from` did at the latest such position, which is returned. */
uint32_t tael__memory_copy(tael__memories *m, uint32_t from, uint32_t to, uint32_t position);
/* A sequence remembers `data` (f32[m->floats]) of `position` tokens. */
void tael__memory_set(tael__memories *m, uint32_t sequence, uint32_t position, const void *data);
/* What a sequence remembers now: f32[m->floats]. */
float *tael__memory_now(const tael__memories *m, uint32_t sequence);

#endif
