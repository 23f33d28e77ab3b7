// SPDX-License-Identifier: Apache-2.0
/* What the files of the sequence model share: its sizes, where each weight lies, a batch as it goes through the model,
 * and the steps of training. The letters: N items, d width, T tokens (an item at its place in somebody's sequence). */
#ifndef TAEL__SEQUENCE_H
#define TAEL__SEQUENCE_H

#include <tael/habits.h>

#include "base/threads.h"
#include "habits/internal.h"
#include "habits/sequence_kernels.h"

/* ---- Data ---- */

struct tael_sequences {
    uint32_t *items; /* all sequences, one behind another: 0..N-1 */
    size_t *start;   /* sequence i: items[start[i]] to items[start[i + 1]] */
    char **names;
    size_t count, capacity, item_capacity;
    uint32_t item_count; /* N: the largest number seen */
};

tael_status tael__sequences_parse(tael_sequences **out, const char *text, size_t bytes, const char *path);

/* ---- The model ---- */

typedef struct tael__sequence_sizes {
    uint32_t items, width, blocks, heads, length, inner; /* inner: of the feed-forward */
    float temperature;
} tael__sequence_sizes;

/* Where a block's weights lie among the dense ones; matrices are [in][out]. */
typedef struct tael__sequence_block {
    size_t norm1, qkv, qkv_bias, distance, out, out_bias, norm2, up, up_bias, down, down_bias;
} tael__sequence_block;

typedef struct tael__sequence_layout {
    tael__sequence_block block[TAEL_SEQUENCE_MAX_BLOCKS];
    size_t norm, count; /* the last norm; floats in all */
} tael__sequence_layout;

struct tael_sequence {
    tael__sequence_sizes sizes;
    tael__sequence_layout layout;
    float *items; /* [N][d] */
    float *dense; /* [layout.count] */
    /* Made from the above when it changed: unit vectors of the items (zeros past N), the dense matrices turned
     * over. */
    float *unit, *turned, *length_inverse;
    tael__sequence_side side; /* of unit */
    size_t padded;            /* N rounded up to whole panels */
    const tael__sequence_kernels *kernels;
};

tael_status tael__sequence_sizes_check(const tael__sequence_sizes *sizes, const char *whose);
tael_status tael__sequence_make(tael_sequence **out, const tael__sequence_sizes *sizes);
void tael__sequence_begin(tael_sequence *model, uint64_t seed); /* random weights */
void tael__sequence_prepare(tael_sequence *model, tael__pool *pool);
bool tael__sequence_side_make(tael__sequence_side *side, const float *rows, size_t n, const tael_sequence *model);
void tael__sequence_side_free(tael__sequence_side *side);

#define TAEL__SEQUENCE_ITEM_DEVIATION 0.02

/* ---- A batch ---- */

/* Some sequences of a batch: what one thread takes through the model, with the activations that backward needs. */
typedef struct tael__sequence_slice {
    size_t first, count;   /* sequences of the batch */
    size_t token, tokens;  /* their tokens in the batch */
    float *memory, *dense; /* dense: the gradient of this slice's tokens */
    size_t capacity;       /* floats in memory */
} tael__sequence_slice;

/* A fixed number of sequences a slice, and sums over slices in their order: threads change no bit of a result. */
#define TAEL__SLICE_SEQUENCES 16

typedef struct tael__sequence_batch {
    size_t count, tokens;     /* sequences; their tokens */
    size_t *start;            /* [count + 1] */
    uint32_t *items;          /* [tokens] what the model sees */
    uint32_t *targets;        /* [tokens] what follows; NULL when nothing is learned */
    float *hidden;            /* [tokens, up to whole panels][d] the model's answers, of length 1 / temperature */
    tael__sequence_side side; /* of hidden, when something is learned */
    float *slope;             /* [tokens][d] the loss's gradient by hidden, then by the input */
    float *shift;             /* [tokens] log of the softmax's sum */
    float *loss;              /* [tokens] */
    tael__sequence_slice *slices;
    size_t slice_count, capacity_sequences, capacity_tokens;
    float dropout; /* 0 outside of training */
    uint32_t key;  /* of this step's dropout */
    bool learning; /* keep what backward needs */
} tael__sequence_batch;

tael_status tael__sequence_batch_open(tael__sequence_batch *batch, const tael_sequence *model, size_t sequences,
                                      size_t tokens, bool learning);
void tael__sequence_batch_close(tael__sequence_batch *batch);
/* Cuts it into slices and sees that they have memory; after count, start and items were set. */
tael_status tael__sequence_batch_cut(tael__sequence_batch *batch, const tael_sequence *model);

void tael__sequence_forward(const tael_sequence *model, tael__sequence_batch *batch, size_t slice);
void tael__sequence_backward(const tael_sequence *model, tael__sequence_batch *batch, size_t slice);
/* The mean over the batch of -log softmax, its gradient by hidden (slope), and what the second half needs (shift). */
void tael__sequence_loss(const tael_sequence *model, tael__sequence_batch *batch, size_t from, size_t to,
                         float *scratch);
/* The gradient by the items [from, to), of the loss and of the input: gradient is [to - from][d]. */
void tael__sequence_items_back(const tael_sequence *model, const tael__sequence_batch *batch, size_t from, size_t to,
                               float *gradient, float *scratch);
/* Of a job: whole tiles of fold, and multiples of 32. */
#define TAEL__LOSS_TOKENS TAEL__FOLD_ROWS
#define TAEL__LOSS_ITEMS  (3 * TAEL__FOLD_ROWS)

/* Runs fn(user, job) for all jobs, each once, on whichever thread is free. */
typedef void tael__sequence_job(void *user, size_t job, uint32_t thread);
void tael__sequence_jobs(tael__pool *pool, size_t jobs, tael__sequence_job *fn, void *user);

/* ---- Training ---- */

typedef struct tael__sequence_training {
    tael_sequence *model;
    tael__sequence_batch batch;
    float *items_m, *items_v, *dense_m, *dense_v, *best_items, *best_dense, *scratch, *dense_gradient;
    uint32_t epoch, best_epoch; /* finished ones */
    uint64_t step;
    double best;
    uint64_t print; /* of the data and the options: a checkpoint fits nothing else */
} tael__sequence_training;

tael_status tael__sequence_training_open(tael__sequence_training *t, tael_sequence *model, size_t sequences,
                                         uint32_t threads);
void tael__sequence_training_close(tael__sequence_training *t); /* not its model */

/* One AdamW step on the batch that was set and cut. *loss: the mean before it. `items`, if not NULL, gets the
 * gradient of the items [padded][d] instead, t->dense_gradient that of the dense weights, and no weight moves. */
void tael__sequence_step(tael__sequence_training *t, tael__pool *pool, float rate, float decay, double *loss,
                         float *items);

tael_status tael__sequence_checkpoint_write(const tael__sequence_training *t, const char *path);
tael_status tael__sequence_checkpoint_read(tael__sequence_training *t, const char *path);
uint64_t tael__sequence_print(uint64_t seed, const void *data, size_t bytes); /* FNV-1a */

#endif
