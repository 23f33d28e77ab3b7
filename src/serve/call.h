// SPDX-License-Identifier: Apache-2.0
/* What one request asks of the model, and what has come of it: the only thing that connections' threads and the
 * engine's thread share. A call has one job or several (n choices, a list of prompts).
 *
 * Threads. libmicrohttpd's threads read requests, make calls and write replies; the engine's one thread alone touches
 * the batch and the embedder; a watch closes connections that dawdle. A call is made by a connection's thread and given
 * to the engine; after that, what is written by one and read by the other is guarded by `lock`, everything else doesn't
 * change. A connection that has nothing to say yet is suspended, under the same lock, and the engine resumes it: so no
 * wake-up is lost. Locks are taken in the order engine, call, libmicrohttpd's own. */
#ifndef TAEL__SERVE_CALL_H
#define TAEL__SERVE_CALL_H

#include <jansson.h>
#include <pthread.h>

#include "base/limits.h"
#include "base/memory.h"
#include "serve/microhttpd.h"
#include <tael/batch.h>

typedef struct tael__call tael__call;

typedef struct tael__job {
    tael__call *call;
    char *prompt; /* owned; NULL: texts are to be embedded */
    size_t prompt_bytes;
    uint32_t prompt_tokens;
    uint64_t seed;            /* 0: from the system */
    struct tael__job *next;   /* from here on the engine's: in a queue */
    uint64_t id;              /* of the batch; 0: not there */
    double began, last_piece; /* clocks; 0: not yet */
    tael_status ending; /* given up: TAEL_LIMIT: its time was up, TAEL_CANCELLED: nobody waits; TAEL_OK: it wasn't */
    /* Guarded by the call's lock. */
    tael__buffer text;
    tael__buffer odds; /* tael_odds of the tokens so far, where the request asks for them */
    uint32_t given;    /* tokens whose text is in `text` */
    bool over;
    tael_status status;
    char error[TAEL__MAX_ERROR_BYTES];
    tael_generation result;
} tael__job;

struct tael__call {
    const tael__mhd *mhd;
    struct tael__engine *engine; /* borrowed; set when it is given to it */
    uint32_t key;                /* whose turn it takes */
    bool wants_odds;
    bool stream; /* each piece is to be passed on, not only the whole */
    double created, deadline;
    json_t *kept; /* owned: the strings that stops and texts point to */
    tael_generate_options options;
    const char *stops[TAEL__MAX_STOPS];
    char *schema; /* owned */
    /* Embeddings: the texts, and where their vectors go. */
    const char **texts; /* owned array */
    uint32_t text_count, text_next, width;
    float *vectors; /* owned: [text_count][width]; made by the engine, read once all is over */
    uint64_t text_tokens;
    tael__job *jobs; /* owned: [job_count] */
    uint32_t job_count;

    uint32_t references; /* atomic: the connection's, and one a job that isn't over */
    pthread_mutex_t lock;
    struct MHD_Connection *connection; /* guarded by the lock from here on; NULL: it is gone */
    int socket;                        /* -1 once it is gone */
    uint32_t over;                     /* jobs */
    bool suspended;
};

/* One reference is the caller's. Takes a reference of `kept` (may be NULL). NULL: no memory. */
tael__call *tael__call_make(const tael__mhd *mhd, json_t *kept, uint32_t job_count);
void tael__call_hold(tael__call *call);
void tael__call_release(tael__call *call); /* NULL is fine */

/* For a connection's thread: true when there is something new to say, beyond `read[i]` bytes of each job's text, or a
 * job's end (SIZE_MAX: both were said), or, with `read` NULL, when all jobs are over. Else the connection is suspended,
 * and false. */
bool tael__call_await(tael__call *call, const size_t *read);

/* The connection has ended; nobody is to be told any more. */
void tael__call_leave(tael__call *call);
bool tael__call_left(tael__call *call);

/* For the engine: more text of a job that `tokens` made, or its end. Wakes the connection when that is news to it.
 * False: no memory. */
bool tael__call_say(tael__job *job, const char *text, size_t bytes, size_t tokens);
void tael__call_odds(tael__job *job, const tael_odds *odds);
void tael__call_end(tael__job *job, tael_status status, const char *error, const tael_generation *result);

#endif
