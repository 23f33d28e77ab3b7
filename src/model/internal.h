// SPDX-License-Identifier: Apache-2.0
/* What the files of the model room share: an open model (its sizes, its tensors as they lie in the file), what an
 * architecture has to say about itself, and the context that runs one. */
#ifndef TAEL__MODEL_INTERNAL_H
#define TAEL__MODEL_INTERNAL_H

#include "base/memory.h"
#include "compute/linear.h"
#include "model/adapter.h"
#include "model/cache.h"
#include "model/delta_net.h"
#include "model/experts.h"
#include "model/gguf.h"
#include "model/model.h"

/* Which two values of a head RoPE turns together: (d, d + rope_dims/2), or (2d, 2d + 1). GGUFs of llama carry q and k
 * weights permuted for neighbours; those of Qwen are as trained, in halves. The wrong one reads almost right on short
 * prompts, so it's the logits test that notices. */
typedef enum tael__rope_pairs { TAEL__ROPE_HALVES, TAEL__ROPE_NEIGHBOURS } tael__rope_pairs;

/* What RoPE turns, and how far: pair i at position p by p * scale * base^(-2i / dims) / factors[i]; the factors, if
 * any, are the model's. */
typedef struct tael__rope {
    uint32_t dims;     /* of a head, the first so many values turn; even; 0: none */
    float base, scale; /* scale: 1, or 1/factor of a stretched context */
    float kept[2];     /* YaRN: pairs up to kept[0] turn as if scale were 1, those from kept[1] on with it, and between
                          them a mixture; both 0: all with it */
    float length;      /* of the turned pairs; 1, or more for a stretched context */
} tael__rope;

typedef enum tael__pooling { TAEL__POOL_NONE, TAEL__POOL_MEAN, TAEL__POOL_FIRST, TAEL__POOL_LAST } tael__pooling;

/* The sizes of a model, each checked against the limits and against the tensors before anything uses it. Where a number
 * says "1" or "0", that is what most architectures have. */
typedef struct tael__sizes {
    uint32_t layers, embedding, feed_forward, heads, kv_heads, head_size, vocabulary;
    uint32_t context_tokens; /* what it was trained for */
    float epsilon;           /* of the norms */
    tael__rope rope;
    uint32_t window;       /* of local layers: a token sees so many, itself included; 0: no layer is local */
    tael__rope local_rope; /* of local layers */
    float attention_scale; /* 1 / sqrt(head_size) */
    float embedding_scale, residual_scale, logit_scale; /* 1; of what a half of a block adds; of the logits */
    float logit_cap;                                    /* 0; logits become cap * tanh(logits / cap) */
    bool gated;                                         /* q has a gate of the output beside each head */
    bool sees_all;                                      /* a token sees those after it too */
    tael__pooling pooling;                              /* for embeddings */
    uint32_t experts, experts_used, expert_feed_forward, shared_feed_forward; /* 0: dense; 0: no shared expert */
    bool experts_sum_to_1;
    tael__delta_sizes delta;
    uint32_t kv_layers; /* layers with keys and values */
} tael__sizes;

/* A norm of a row: RMS, or with a bias LayerNorm (Ba et al. 2016). Without weights it does nothing. */
typedef struct tael__norm {
    const float *weight, *bias; /* f32[embedding] */
} tael__norm;

/* One half of a block: x becomes after(x + residual_scale * added(half(before(x)))). */
typedef struct tael__half {
    tael__norm before, added, after;
} tael__half;

/* One transformer block. Everything is borrowed from the map; NULL or without data where an architecture has no such
 * thing. */
typedef struct tael__layer {
    tael__half attention, feed_forward;
    bool local;                   /* sees the window alone */
    uint32_t kv;                  /* among the layers with keys and values */
    const float *q_norm, *k_norm; /* f32[head_size], over each head */
    tael__matrix qkv[3];          /* three projections of one input; q is twice as wide where sizes.gated */
    const float *qkv_bias[3];
    tael__matrix output; /* heads * head_size -> embedding */
    const float *output_bias;
    tael__matrix gate_up[2]; /* embedding -> feed_forward, twice; without a gate up alone is activated */
    const float *gate_up_bias[2];
    tael__matrix down; /* feed_forward -> embedding */
    const float *down_bias;
    tael__experts experts; /* has a router: in place of gate_up and down */
    tael__delta_net delta; /* has an output: in place of attention */
} tael__layer;

typedef struct tael__architecture tael__architecture;

struct tael_model {
    tael__gguf *file;
    tael__tokenizer *tokenizer;
    const tael__architecture *architecture;
    char *name; /* general.name, or the architecture's */
    tael__sizes sizes;
    tael__matrix embedding;   /* rows are tokens */
    tael__matrix positions;   /* rows are positions, added to the embedding; no data: RoPE tells them */
    tael__matrix token_types; /* the first row is added to every token's embedding; no data: nothing is */
    tael__norm embedding_norm;
    tael__matrix head; /* the output layer; the embedding again where they are tied */
    tael__norm final_norm;
    const float *rope_factors; /* f32[rope.dims / 2] that divide the angles of layers that aren't local, or NULL */
    const float *long_factors; /* instead of them in contexts longer than this; or NULL */
    uint32_t original_context;
    tael__layer *layers;
    tael__adapters adapters;
};

/* What a feed-forward does between its matrices: silu(gate) * up, gelu(gate) * up (tanh's approximation), gelu(up). */
typedef enum tael__activation { TAEL__SWIGLU, TAEL__GEGLU, TAEL__GELU } tael__activation;

/* An architecture: what it calls itself in general.architecture (also the prefix of its keys), how it turns heads, and
 * which of the parts above its blocks have. All fit one forward pass. */
struct tael__architecture {
    const char *name;
    tael__rope_pairs rope_pairs;
    tael__activation activation;
    tael_status (*read_sizes)(tael__sizes *sizes, const tael_model *model); /* over the common ones' defaults */
    tael_status (*read_layer)(tael__layer *layer, const tael_model *model, uint32_t index);
    tael_status (*read_model)(tael_model *model); /* NULL: token_embd, output_norm, output */
};
#define ARCHITECTURE(name) extern const tael__architecture tael__architecture_##name;
#include "model/architectures.inc"
#undef ARCHITECTURE

/* weights.c: what architectures build themselves from. */

/* Metadata "ARCHITECTURE.key". The first fails when it's absent or outside min..max; the others keep *out's default. */
tael_status tael__fail_range(const tael_model *model, const char *key, double value, double min, double max);
tael_status tael__read_size(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max);
tael_status tael__read_size_or(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max);
tael_status tael__read_number_or(float *out, const tael_model *model, const char *key, float min, float max);
tael_status tael__read_common_sizes(tael__sizes *sizes, const tael_model *model);

/* Tensors of layer `layer` ("blk.3.NAME"), or of the model itself with TAEL__NO_LAYER. A shape or format that doesn't
 * fit is TAEL_BAD_INPUT or TAEL_UNSUPPORTED and names the tensor. The _or_none kind gives NULL for an absent one. */
#define TAEL__NO_LAYER UINT32_MAX
tael_status tael__read_matrix(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols);
/* Like it for `count` matrices in one tensor; *out is the first, the others lie behind it. */
tael_status tael__read_matrices(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name,
                                size_t rows, size_t cols, size_t count);
bool tael__has_tensor(const tael_model *model, uint32_t layer, const char *name);
tael_status tael__read_vector(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t n);
tael_status tael__read_floats(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols);
tael_status tael__read_vector_or_none(const float **out, const tael_model *model, uint32_t layer, const char *name,
                                      size_t n);
/* q, k, v and output; gate, up and down; both with their RMS norms. */
tael_status tael__read_attention(tael__layer *layer, const tael_model *model, uint32_t index);
tael_status tael__read_feed_forward(tael__layer *layer, const tael_model *model, uint32_t index);
/* Biases of q, k and v, which must be there or may; norms of q and k. */
tael_status tael__read_qkv_bias(tael__layer *layer, const tael_model *model, uint32_t index, bool needed);
tael_status tael__read_head_norms(tael__layer *layer, const tael_model *model, uint32_t index);
tael_status tael__read_common_layer(tael__layer *layer, const tael_model *model, uint32_t index);
tael_status tael__read_weights(tael_model *model); /* all tensors, once the sizes are known */

/* For tests: a model over a parsed file, which becomes the model's also when this fails. */
tael_status tael__model_of_file(tael_model **out, tael__gguf *file);

/* rope.c */

/* Metadata of rope.*; the file's tensors of factors. */
tael_status tael__rope_read(tael__sizes *sizes, const tael_model *model);
tael_status tael__rope_read_factors(tael_model *model);
/* cosine and sine of a position: f32[dims / 2] each, `length` long. factors may be NULL. */
void tael__rope_angles(float *cosine, float *sine, const tael__rope *rope, const float *factors, uint32_t position);
/* Turn one head of one position in place. */
void tael__rope_turn(float *head, const float *cosine, const float *sine, size_t dims, tael__rope_pairs pairs);

/* experts.c, delta_net.c: y = part(y) for the first `rows` rows. */
tael_status tael__experts_read_sizes(tael__sizes *sizes, const tael_model *model);
tael_status tael__experts_read(tael__experts *experts, const tael_model *model, uint32_t layer);
void tael__experts_run(tael__context *c, const tael__experts *experts, size_t rows);
tael_status tael__delta_read_sizes(tael__sizes *sizes, const tael_model *model);
bool tael__is_delta_net(const tael_model *model, uint32_t layer);
tael_status tael__delta_read(tael__delta_net *net, const tael_model *model, uint32_t layer);
void tael__delta_net_run(tael__context *c, const tael__delta_net *net, size_t rows);

/* A batch is rows: one for each token of each of its runs. */
typedef struct tael__row {
    uint32_t sequence, position;
    uint32_t to; /* it sees positions up to this one, exclusive */
} tael__row;

/* Rows of one run that attention takes at once; `many`: part of a prompt, where another order of sums may serve. */
typedef struct tael__unit {
    uint32_t row, tokens;
    bool many;
} tael__unit;

/* What a batch passes through, in one allocation; f32 is [rows][width]. */
typedef struct tael__scratch {
    float *x;                   /* the residual stream, [embedding] */
    float *y;                   /* a block's input after its norm, then its output; [embedding] */
    float *q, *k, *v;           /* [heads * head_size], [kv_heads * head_size] twice */
    float *wide_q, *q_gate;     /* where q has a gate: [heads][2][head_size] as projected, [heads * head_size] */
    float *attended;            /* [heads * head_size] */
    float *gate, *up;           /* [feed_forward] */
    float *cosine[2], *sine[2]; /* [rope dims / 2]; of all layers, and of local ones */
    float *logits;              /* [logit_rows][vocabulary] */
    tael__row *rows;            /* of the batch, run by run */
    int32_t *ids;               /* their tokens */
    float *adapter_low, *adapter_product; /* [largest rank], [most rows] of the adapters */
    uint32_t *from[2], *to; /* positions that each row sees: from..to-1; in all layers, and in local ones */
    tael__expert_scratch experts;
    tael__delta_scratch delta;
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
    tael__memories memories;
    tael__scratch scratch;
    const float *rope_factors; /* the model's for a context of this length */
    uint32_t batch_tokens, threads;
    bool adapted;   /* the model had adapters when this was opened */
    size_t outputs; /* rows of scratch.y that the last batch left: its wanted tokens, normed for the head */
};

/* forward.c: one batch of runs, at most batch_tokens in all, whose positions are reserved in the cache. Sequences stay
 * where they are. Afterwards scratch.y holds the outputs of all wanted tokens. False: cancelled. */
bool tael__forward(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel);

/* fn(user, row) for each of 0..rows-1, split between the threads; a few rows stay on the caller, because meeting the
 * other threads costs more than their work. */
void tael__each_row(const tael__context *c, size_t rows, void (*fn)(void *user, size_t row), void *user);

/* adapter.c: tael__linear and what the model's adapters add to it; does this matrix have one? */
void tael__apply(tael__context *c, float *const *y, const tael__matrix *matrices, const float *const *bias,
                 size_t count, const float *x, size_t rows);
bool tael__adapted(const tael__context *c, const tael__matrix *matrix);

/* attention.c: attention for the first `rows` rows of the batch. */
void tael__attend_plan(tael__context *c, size_t rows); /* ranges and units, once the rows are known */
void tael__attend_store(tael__context *c, const tael__layer *layer, size_t rows); /* k and v go to the cache */
void tael__attend_layer(tael__context *c, const tael__layer *layer); /* q to attended, of the planned rows */

#endif
