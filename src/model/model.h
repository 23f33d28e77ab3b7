// SPDX-License-Identifier: Apache-2.0
/* An open model for rooms above: its tokenizer, and contexts that run it. */
#ifndef TAEL__MODEL_MODEL_H
#define TAEL__MODEL_MODEL_H

#include "base/file.h"
#include "base/threads.h"
#include "model/tokenizer.h"
#include <tael/model.h>

const tael__tokenizer *tael__model_tokenizer(const tael_model *model);
/* A number that tells this model's file from others (its header's hash): part of a saved prefix. */
uint64_t tael__model_fingerprint(const tael_model *model);

/* TAEL_UNSUPPORTED for a model that only makes vectors of texts (BERT). */
tael_status tael__model_check_writes(const tael_model *model);

/* A context: the KV cache of one or more sequences, numbered from 0, and the memory and threads to run the model over
 * them. One caller at a time. */
typedef struct tael__context tael__context;

typedef struct tael__context_options {
    uint32_t context_tokens; /* of a sequence: 1..TAEL__MAX_CONTEXT */
    uint32_t batch_tokens;   /* the most at once; 0: 512 */
    uint32_t threads;        /* 0: tael__cores() */
    uint32_t sequences;      /* 0: 1; at most TAEL__MAX_SEQUENCES */
    uint64_t cache_tokens;   /* of all sequences together; 0: context_tokens * sequences */
    bool kv_q8;              /* keys and values in 8 bits: half the memory, a little less exact */
} tael__context_options;

tael_status tael__context_open(tael__context **out, const tael_model *model, const tael__context_options *options);
void tael__context_close(tael__context *c);

uint32_t tael__context_capacity(const tael__context *c); /* positions of a sequence */
uint32_t tael__context_batch(const tael__context *c);    /* the most tokens of a step */
uint32_t tael__context_position(const tael__context *c, uint32_t sequence);
/* Forget from there on. A model with delta nets can't be cut anywhere: it goes back further, to where the last step
 * began or to 0; ask for the position afterwards. `rewinds`: this isn't such a model. */
void tael__context_rewind(tael__context *c, uint32_t sequence, uint32_t position);
bool tael__context_rewinds(const tael__context *c);
/* `to` becomes the first `positions` of `from`, or fewer as above. They share memory until one of them goes on. */
void tael__context_fork(tael__context *c, uint32_t from, uint32_t to, uint32_t positions);

/* Consecutive tokens of one sequence. Those from `wanted` on (count: none) leave an output. */
typedef struct tael__run {
    uint32_t sequence;
    const int32_t *tokens;
    size_t count, wanted;
} tael__run;

/* One batch: each run's tokens at its sequence's next positions; no sequence twice, at most tael__context_batch()
 * tokens. A batch of up to TAEL__MATVEC_TOKENS tokens gives every token the bits it would have had alone.
 * TAEL_CONTEXT_FULL: they don't fit, nothing was run. TAEL_CANCELLED: *cancel (may be NULL) became true, nothing counts
 * as run. */
tael_status tael__context_step(tael__context *c, const tael__run *runs, size_t count, const volatile bool *cancel);

/* Outputs of the last step, in the order of its runs: how many, and logits from them. f32[rows][vocabulary], valid
 * until the next call; at most tael__context_logit_rows() at once. */
size_t tael__context_outputs(const tael__context *c);
size_t tael__context_logit_rows(const tael__context *c);
const float *tael__context_logits(tael__context *c, size_t first, size_t rows);
/* Logits of a few tokens only: out[i] = the logit of ids[i] in output `row`; the same bits as above. */
void tael__context_logits_of(tael__context *c, size_t row, const int32_t *ids, size_t count, float *out);

/* As many steps as it takes for any number of tokens of one sequence; the last one leaves the output. TAEL_CANCELLED:
 * the position is after the last whole batch. logits: NULL, or where to point at the last token's. Same tokens, same
 * bits, whatever the number of threads. */
tael_status tael__context_run(tael__context *c, uint32_t sequence, const int32_t *tokens, size_t count,
                              const volatile bool *cancel, const float **logits);

/* Like run on sequence 0, giving the logits of every token from `from` on to each(index, logits, user): for perplexity.
 */
typedef void tael__logits_fn(size_t index, const float *logits, void *user);
tael_status tael__context_score(tael__context *c, const int32_t *tokens, size_t count, size_t from,
                                tael__logits_fn *each, void *user);

/* A sequence's cache as bytes, for saving a prefix, and back. With `file`, the map that `data` lies in, pages stay in
 * the file and the map is taken. Read checks sizes only. */
size_t tael__context_state_bytes(const tael__context *c, uint32_t position);
tael_status tael__context_state_write(const tael__context *c, uint32_t sequence, tael__buffer *out);
tael_status tael__context_state_read(tael__context *c, uint32_t sequence, uint32_t position, const void *data,
                                     size_t bytes, tael__map *file);

#endif
