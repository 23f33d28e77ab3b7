// SPDX-License-Identifier: Apache-2.0
/* Vectors of texts: texts that mean alike have vectors that lie close, so that a scalar product ranks them. Models made
 * for it (bge, Qwen3-Embedding) do best. An embedder is used by one thread at a time. */
#ifndef TAEL_EMBED_H
#define TAEL_EMBED_H

#include <tael/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which of a text's tokens the vector is of. */
typedef enum tael_pooling {
    TAEL_POOLING_MODEL, /* what the model's file asks for; else the last token, or the mean where all see each other */
    TAEL_POOLING_MEAN,
    TAEL_POOLING_FIRST,
    TAEL_POOLING_LAST
} tael_pooling;

typedef struct tael_embed_options {
    size_t size;             /* sizeof this struct (0 is TAEL_MISUSE) */
    uint32_t context_tokens; /* the longest text; 0: 2048, or what the model was trained for if less */
    uint32_t threads;        /* 0: one a physical core */
    tael_pooling pooling;
} tael_embed_options;

typedef struct tael_embedder tael_embedder;

/* The model must outlive the embedder. *out is yours: tael_embedder_close(). `options` NULL means all defaults. */
TAEL_API tael_status tael_embedder_open(tael_embedder **out, const tael_model *model,
                                        const tael_embed_options *options);
TAEL_API void tael_embedder_close(tael_embedder *embedder);

/* The vector's length: tael_model_info.embedding. */
TAEL_API uint32_t tael_embedder_width(const tael_embedder *embedder);

/* Fills vector[width], of length 1, with that of text[0..bytes), and *tokens (may be NULL) with what the text took.
 * Special tokens in the text are text. TAEL_CONTEXT_FULL: the text is longer than the context; nothing is cut. */
TAEL_API tael_status tael_embed(tael_embedder *embedder, const char *text, size_t bytes, float *vector, size_t *tokens);

#ifdef __cplusplus
}
#endif
#endif
