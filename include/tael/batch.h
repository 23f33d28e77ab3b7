// SPDX-License-Identifier: Apache-2.0
/* Many generations at once on one model: requests come and go at any time, and every step computes one token of each
 * that is running and a part of the prompts that are waiting. Prompts that begin alike are computed once. A batch is
 * used by one thread, which calls its functions and gets its callbacks; any thread may cancel. */
#ifndef TAEL_BATCH_H
#define TAEL_BATCH_H

#include <tael/generate.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_batch tael_batch;

typedef struct tael_batch_options {
    size_t size;
    uint32_t context_tokens; /* of one request, prompt and text; 0: 4096, or what the model was trained for if less */
    uint32_t sequences;      /* running at once; 0: 8; at most 256 */
    uint64_t cache_tokens;   /* of all of them together; 0: context_tokens * sequences */
    uint32_t
        step_tokens;  /* computed in one step at most; 0: 256. Less: running texts stall less beside a long prompt */
    uint32_t queue;   /* requests that may wait; 0: 256 */
    uint32_t threads; /* 0: one a physical core */
    bool kv_q8;       /* as in tael_session_options */
} tael_batch_options;

/* The model must outlive the batch. *out is yours: tael_batch_close(), which gives up what is running without a word.
 */
TAEL_API tael_status tael_batch_open(tael_batch **out, const tael_model *model, const tael_batch_options *options);
TAEL_API void tael_batch_close(tael_batch *batch);

/* The end of a request: TAEL_OK and what it took, or why it failed (`error`, valid during the call). The id is free
 * afterwards. May add requests. */
typedef void tael_batch_done_fn(uint64_t id, tael_status status, const char *error, const tael_generation *result,
                                void *user);

/* Add a request; it begins in a later step. The prompt is text with special tokens honoured, as in tael_session_prompt;
 * stops and schema of `options` are copied. Nothing is speculated in a batch. The text comes to `token` (may be NULL)
 * as in tael_session_generate, the end to `done` (may be NULL). TAEL_CONTEXT_FULL: the prompt is longer than a request
 * may be, or than the cache. TAEL_LIMIT: the queue is full; step on, then add it again. */
TAEL_API tael_status tael_batch_add(tael_batch *batch, const char *prompt, size_t bytes,
                                    const tael_generate_options *options, tael_token_fn *token,
                                    tael_batch_done_fn *done, void *user, uint64_t *id);

/* Compute one step. *busy: requests running or waiting afterwards; with 0 there is nothing to do until one is added.
 * A failure that isn't one request's own is returned, and every running request has ended with it. With steps of up to
 * 8 tokens in all, each request says what a session would have said; in larger steps other kernels serve several tokens
 * at once, whose sums are rounded in another order. */
TAEL_API tael_status tael_batch_step(tael_batch *batch, size_t *busy);

/* End a request within one step; its `done` says TAEL_FINISH_CANCELLED. An id that is over is passed over. May be
 * called from any thread. */
TAEL_API void tael_batch_cancel(tael_batch *batch, uint64_t id);

typedef struct tael_batch_usage {
    size_t size;
    uint32_t running, waiting;
    uint64_t steps, step_tokens; /* computed so far */
    uint64_t shared_tokens;      /* of prompts, that another request had computed */
    uint64_t cache_used_tokens;  /* of the cache, that running requests may come to need */
} tael_batch_usage;
TAEL_API tael_status tael_batch_get_usage(const tael_batch *batch, tael_batch_usage *usage);

#ifdef __cplusplus
}
#endif
#endif
