// SPDX-License-Identifier: Apache-2.0
/* What the files of the model room share: an open model (its sizes, its tensors as they lie in the file), what an
 * architecture has to say about itself, and the context that runs one. */
#ifndef TAEL__MODEL_INTERNAL_H
#define TAEL__MODEL_INTERNAL_H

#include "base/memory.h"
#include "compute/linear.h"
#include "model/cache.h"
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

/* rope.c */

/* cosine and sine of a position: f32[rope_dims/2] each. */
void tael__rope_angles(float *cosine, float *sine, const tael_model *model, uint32_t position);
/* Turn one head of one position in place. */
void tael__rope_turn(float *head, const float *cosine, const float *sine, size_t dims, tael__rope_pairs pairs);

/* A batch is rows: one for each token of each of its runs. */
typedef struct tael__row {
    uint32_t sequence, position;
} tael__row;

/* Rows of one run that attention takes at once; `many`: part of a prompt, where another order of sums may serve. */
typedef struct tael__unit {
    uint32_t row, tokens;
    bool many;
} tael__unit;

/* What a batch passes through, in one allocation; f32 is [rows][width]. */
typedef struct tael__scratch {
    float *x;             /* the residual stream, [embedding] */
    float *y;             /* a block's input after its norm, then its output; [embedding] */
    float *q, *k, *v;     /* [heads * head_size], [kv_heads * head_size] twice */
    float *attended;      /* [heads * head_size] */
    float *gate, *up;     /* [feed_forward] */
    float *cosine, *sine; /* [rope_dims / 2] */
    float *logits;        /* [logit_rows][vocabulary] */
    tael__row *rows;      /* of the batch, run by run */
    int32_t *ids;         /* their tokens */
    uint32_t *from, *to;  /* positions that each row sees: from..to-1 */
    tael__unit *units;
    char *attend; /* [threads][attend_bytes] */
    size_t attend_bytes, logit_rows, unit_count;
    void *memory;
} tael__scratch;

struct tael__context {
    const tael_model *model;      /* borrowed */
    const tael__kernels *kernels; /* static */
    tael__pool *pool;
    tael__workspace *workspace;
    tael__cache cache;
    tael__scratch scratch;
    uint32_t batch_tokens, threads;
    size_t outputs; /* rows of scratch.y that the last batch left: its wanted tokens, normed for the head */
};

/* forward.c: one batch of runs, at most batch_tokens in all, whose positions are reserved in the cache. Sequences stay
 * where they are. Afterwards scratch.y holds the outputs of all wanted tokens. False: cancelled. */
bool tael__forward(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel);

/* attention.c: attention for the first `rows` rows of the batch. */
void tael__attend_plan(tael__context *c, size_t rows);                  /* ranges and units, once the rows are known */
void tael__attend_store(tael__context *c, uint32_t layer, size_t rows); /* k and v go to the cache */
void tael__attend_layer(tael__context *c, uint32_t layer);              /* q to attended, for the planned rows */

#endif
