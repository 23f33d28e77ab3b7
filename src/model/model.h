// SPDX-License-Identifier: Apache-2.0
/* An open model for rooms above: its tokenizer, and contexts that run it. */
#ifndef TAEL__MODEL_MODEL_H
#define TAEL__MODEL_MODEL_H

#include "base/threads.h"
#include "model/tokenizer.h"
#include <tael/model.h>

const tael__tokenizer *tael__model_tokenizer(const tael_model *model);
/* A number that tells this model's file from others (its header's hash): part of a saved prefix. */
uint64_t tael__model_fingerprint(const tael_model *model);

/* A context: the KV cache of one sequence and the memory to run the model over it. One thread at a time. */
typedef struct tael__context tael__context;

typedef struct tael__context_options {
    uint32_t context_tokens; /* 1..TAEL__MAX_CONTEXT */
    uint32_t batch_tokens;   /* the most at once; 0: 512 */
    uint32_t threads;        /* 0: tael__cores() */
} tael__context_options;

tael_status tael__context_open(tael__context **out, const tael_model *model, const tael__context_options *options);
void tael__context_close(tael__context *c);

uint32_t tael__context_capacity(const tael__context *c);
uint32_t tael__context_position(const tael__context *c);
void tael__context_rewind(tael__context *c, uint32_t position); /* forget from there on */

/* Run tokens[0..count) at the next positions. TAEL_CONTEXT_FULL: they don't fit; nothing was run. TAEL_CANCELLED:
 * *cancel (may be NULL) became true; the position is after the last whole batch. logits: NULL, or where to point at
 * logits of the last token: f32[vocabulary], valid until the next run. Same tokens, same bits, whatever the number of
 * threads. */
tael_status tael__context_run(tael__context *c, const int32_t *tokens, size_t count, const volatile bool *cancel,
                              const float **logits);

/* Like run, giving the logits of every token from `from` on to each(index, logits, user): for perplexity. */
typedef void tael__logits_fn(size_t index, const float *logits, void *user);
tael_status tael__context_score(tael__context *c, const int32_t *tokens, size_t count, size_t from,
                                tael__logits_fn *each, void *user);

/* The KV cache of positions 0..position-1 as bytes, for saving a prefix, and back. Read checks the size only. */
tael_status tael__context_state_write(const tael__context *c, tael__buffer *out);
tael_status tael__context_state_read(tael__context *c, uint32_t position, const void *data, size_t bytes);
size_t tael__context_state_bytes(const tael__context *c, uint32_t position);

#endif
