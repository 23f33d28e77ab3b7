// SPDX-License-Identifier: Apache-2.0
/* What the files of the model room share: an open model (its sizes, its tensors as they lie in the file), what an
 * architecture has to say about itself, and the context that runs one. */
#ifndef TAEL__MODEL_INTERNAL_H
#define TAEL__MODEL_INTERNAL_H

#include "base/memory.h"
#include "compute/linear.h"
#include "model/gguf.h"
#include "model/model.h"

/* Which two values of a head RoPE turns together: (d, d + rope_dims/2), or (2d, 2d + 1). GGUFs of llama carry q and k
 * weights permuted for neighbours; those of Qwen are as trained, in halves. The wrong one reads almost right on short
 * prompts, so it's the logits test that notices. */
typedef enum tael__rope_pairs { TAEL__ROPE_HALVES, TAEL__ROPE_NEIGHBOURS } tael__rope_pairs;

/* The sizes of a model, each checked against the limits and against the tensors before anything uses it. */
typedef struct tael__sizes {
    uint32_t layers, embedding, feed_forward, heads, kv_heads, head_size, vocabulary;
    uint32_t context_tokens; /* what it was trained for */
    uint32_t rope_dims;      /* of a head, the first so many values turn; even */
    float rope_base;         /* the angle of pair i at position p is p * rope_scale * rope_base^(-2i / rope_dims) */
    float rope_scale;        /* 1, or 1/factor for linear scaling */
    float epsilon;           /* of the RMS norms */
} tael__sizes;

/* One transformer block. Everything is borrowed from the map; NULL where an architecture has no such thing. */
typedef struct tael__layer {
    const float *attention_norm, *ffn_norm; /* f32[embedding] */
    const float *q_norm, *k_norm;           /* f32[head_size], over each head */
    tael__matrix qkv[3];                    /* three projections of one input */
    const float *qkv_bias[3];
    tael__matrix output;     /* heads * head_size -> embedding */
    tael__matrix gate_up[2]; /* embedding -> feed_forward, twice */
    tael__matrix down;       /* feed_forward -> embedding */
} tael__layer;

typedef struct tael__architecture tael__architecture;

struct tael_model {
    tael__gguf *file;
    tael__tokenizer *tokenizer;
    const tael__architecture *architecture;
    char *name; /* general.name, or the architecture's */
    tael__sizes sizes;
    tael__matrix embedding;    /* rows are tokens */
    tael__matrix head;         /* the output layer; the embedding again where they are tied */
    const float *final_norm;   /* f32[embedding] */
    const float *rope_factors; /* f32[rope_dims / 2] that divide the angles (Llama 3.1), or NULL */
    tael__layer *layers;
};

/* An architecture of the family "norm, attention, add, norm, SwiGLU, add": what it calls itself in general.architecture
 * (also the prefix of its keys), how it turns heads, and what a block has besides the common tensors. */
struct tael__architecture {
    const char *name;
    tael__rope_pairs rope_pairs;
    tael_status (*read_sizes)(tael__sizes *sizes, const tael_model *model);
    tael_status (*read_layer)(tael__layer *layer, const tael_model *model, uint32_t index);
};
#define ARCHITECTURE(name) extern const tael__architecture tael__architecture_##name;
#include "model/architectures.inc"
#undef ARCHITECTURE

/* weights.c: what architectures build themselves from. */

/* Metadata "ARCHITECTURE.key". The first fails when it's absent or outside min..max; the others keep *out's default. */
tael_status tael__read_size(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max);
tael_status tael__read_size_or(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max);
tael_status tael__read_number_or(float *out, const tael_model *model, const char *key, float min, float max);
tael_status tael__read_common_sizes(tael__sizes *sizes, const tael_model *model);

/* Tensors of layer `layer` ("blk.3.NAME"), or of the model itself with TAEL__NO_LAYER. A shape or format that doesn't
 * fit is TAEL_BAD_INPUT or TAEL_UNSUPPORTED and names the tensor. The _or_none kind gives NULL for an absent one. */
#define TAEL__NO_LAYER UINT32_MAX
tael_status tael__read_matrix(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols);
tael_status tael__read_vector(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t n);
tael_status tael__read_vector_or_none(const float **out, const tael_model *model, uint32_t layer, const char *name,
                                      size_t n);
tael_status tael__read_common_layer(tael__layer *layer, const tael_model *model, uint32_t index);
tael_status tael__read_weights(tael_model *model); /* all tensors, once the sizes are known */

/* For tests: a model over a parsed file, which becomes the model's also when this fails. */
tael_status tael__model_of_file(tael_model **out, tael__gguf *file);

/* cache.c: keys and values, f16[layer][k or v][kv head][position][head_size]: the positions of one head lie one after
 * another, so that attention reads two straight streams. Pages are the system's until they are written. */
typedef struct tael__cache {
    uint16_t *data;   /* owned */
    size_t head_size; /* f16 values from one position to the next */
    size_t per_head;  /* values from one head to the next: capacity * head_size */
    size_t per_kind;  /* values from k to v */
    uint32_t layers, kv_heads, capacity;
} tael__cache;

tael_status tael__cache_open(tael__cache *cache, const tael__sizes *sizes, uint32_t capacity);
void tael__cache_close(tael__cache *cache);
static inline uint16_t *tael__cache_keys(const tael__cache *c, uint32_t layer, size_t head)
{
    return c->data + 2 * c->per_kind * layer + c->per_head * head;
}
static inline uint16_t *tael__cache_values(const tael__cache *c, uint32_t layer, size_t head)
{
    return tael__cache_keys(c, layer, head) + c->per_kind;
}

/* rope.c */

/* cosine and sine of positions first..first+count-1: f32[count][rope_dims/2] each. */
void tael__rope_angles(float *cosine, float *sine, const tael_model *model, uint32_t first, size_t count);
/* Turn one head of one position in place. */
void tael__rope_turn(float *head, const float *cosine, const float *sine, size_t dims, tael__rope_pairs pairs);

/* What a batch passes through; all f32, [tokens][width], in one allocation. */
typedef struct tael__scratch {
    float *x;             /* the residual stream, [embedding] */
    float *y;             /* a block's input after its norm, then its output; [embedding] */
    float *q, *k, *v;     /* [heads * head_size], [kv_heads * head_size] twice */
    float *attended;      /* [heads * head_size] */
    float *gate, *up;     /* [feed_forward] */
    float *cosine, *sine; /* [rope_dims / 2] */
    float *scores;        /* [threads][score_stride] */
    float *logits;        /* [score_tokens][vocabulary] */
    size_t score_stride, score_tokens;
    void *memory;
} tael__scratch;

struct tael__context {
    const tael_model *model;      /* borrowed */
    const tael__kernels *kernels; /* static */
    tael__pool *pool;
    tael__workspace *workspace;
    tael__cache cache;
    tael__scratch scratch;
    uint32_t position, batch_tokens, threads;
};

/* forward.c: run tokens[0..count), at most a batch, at the context's position, which stays where it is. The residual of
 * the tokens from `wanted` on is complete afterwards; wanted = count asks for none. False: cancelled. */
bool tael__forward(tael__context *c, const int32_t *tokens, size_t count, size_t wanted, const volatile bool *cancel);
/* Logits of `count` rows of the residual stream (at most scratch.score_tokens) into scratch.logits. */
void tael__forward_logits(tael__context *c, size_t first, size_t count);

#endif
