// SPDX-License-Identifier: Apache-2.0
/* The one thread that computes: it takes calls in fair turns, keeps the model's batch full, and gives up what nobody
 * waits for any more. */
#ifndef TAEL__SERVE_ENGINE_H
#define TAEL__SERVE_ENGINE_H

#include "serve/call.h"
#include "serve/metrics.h"

typedef struct tael__engine tael__engine;

typedef struct tael__engine_options {
    const tael_model *model;
    uint32_t parallel, context_tokens, threads, key_count; /* as in tael__server_options; keys 0..key_count-1 */
    bool kv_q8;
    tael_language language; /* of its sentences */
    tael__metrics *metrics;
} tael__engine_options;

tael_status tael__engine_open(tael__engine **out, const tael__engine_options *options);
/* Ends what is queued and running with TAEL_CANCELLED, so that no connection stays suspended, and takes nothing more.
 */
void tael__engine_stop(tael__engine *e);
/* Stops it first. NULL is fine for both. */
void tael__engine_close(tael__engine *e);

bool tael__engine_writes(const tael__engine *e);            /* false: the model only makes vectors */
uint32_t tael__engine_context(const tael__engine *e);       /* tokens of one generation, prompt and text */
uint32_t tael__engine_embed_context(const tael__engine *e); /* tokens of a text to embed */

/* Queue the call's jobs; its fields are set, its reference stays the caller's. TAEL_LIMIT: too many wait; *wait_seconds
 * says when to ask again. TAEL_CANCELLED: the service is ending. */
tael_status tael__engine_submit(tael__engine *e, tael__call *call, uint32_t *wait_seconds);

/* Refuse new calls from now on; true once nothing is queued or running, false when that took `seconds`. */
bool tael__engine_drain(tael__engine *e, double seconds);
bool tael__engine_draining(tael__engine *e);

#endif
