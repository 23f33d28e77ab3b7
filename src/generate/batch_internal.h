// SPDX-License-Identifier: Apache-2.0
/* A batch's inside: requests wait in a queue, then run in a slot, which is a sequence of the context. When a request is
 * over, its slot keeps what it computed until the memory or the slot is needed: the next prompt may begin like it. */
#ifndef TAEL__GENERATE_BATCH_INTERNAL_H
#define TAEL__GENERATE_BATCH_INTERNAL_H

#include <pthread.h>

#include "compute/attend.h"
#include "generate/internal.h"
#include <tael/batch.h>

typedef struct tael__request {
    uint64_t id;
    tael__stream stream;
    int32_t *prompt;              /* owned */
    uint32_t prompt_count, pages; /* pages: of the cache, that it may come to need */
    uint32_t shared, passes;
    char *stop_text; /* owned: the stop strings one after the other */
    const char *stops[TAEL__MAX_STOPS];
    tael_batch_done_fn *done;
    void *user;
    double added, began, prompted; /* clocks: prompted when the prompt had been computed; 0: not yet */
    struct tael__request *next;    /* in the queue */
} tael__request;

typedef struct tael__slot {
    tael__request *request; /* owned; NULL: nothing runs here */
    tael__list list;        /* owned: [context]; the sequence holds the first of it */
    uint64_t used;          /* the step when something last ran here; 0: never */
} tael__slot;

struct tael_batch {
    tael__kit kit;
    tael__context *context;
    tael__slot *slots; /* owned: [slot_count]; slot i is sequence i */
    tael__run *runs;   /* owned: [slot_count], of the step at hand; run_slot: whose they are */
    uint32_t *run_slot;
    uint32_t slot_count, running, waiting, queue, step_tokens;
    uint32_t pages, pages_promised; /* of the cache; to running requests */
    tael__request *first, **last;   /* the queue */
    uint64_t next_id, steps, tokens, shared;
    pthread_mutex_t lock; /* of what follows: any thread may cancel */
    uint64_t *cancelled;  /* owned: [cancel_most] ids, looked at when the next step begins */
    size_t cancel_count, cancel_most;
    bool lock_made;
};

static inline uint32_t tael__batch_pages(uint64_t tokens)
{
    return (uint32_t)((tokens + TAEL__KV_POSITIONS - 1) / TAEL__KV_POSITIONS);
}

/* batch_step.c: end a request: its last text, its result, `done`. Its slot is NULL when it was waiting. */
void tael__batch_end(tael_batch *b, tael__slot *slot, tael__request *r, tael_status status);
void tael__request_free(tael__request *r);

#endif
