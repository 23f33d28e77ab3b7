// SPDX-License-Identifier: Apache-2.0
/* The page's work. What it asks for may take longer than a thread of HTTP may wait (a sum over a hundred thousand rows,
 * an import, a download), so a request becomes an errand, which a thread of the desk runs; each of those threads has
 * its own handle of the ledger. Lanes keep what is slow from holding up what is quick: several threads read, one alone
 * writes, one asks the model, one downloads.
 *
 * An errand is made by a connection's thread and given to the desk; the connection sleeps, and the desk wakes it, as
 * with calls (call.h): all that both touch is guarded by the errand's lock. */
#ifndef TAEL__SERVE_DESK_H
#define TAEL__SERVE_DESK_H

#include <jansson.h>
#include <pthread.h>
#include <tael/generate.h>
#include <tael/ledger.h>

#include "base/limits.h"
#include "base/memory.h"
#include "serve/microhttpd.h"

typedef struct tael__desk tael__desk;
typedef struct tael__errand tael__errand;

typedef enum tael__lane {
    TAEL__LANE_READ,
    TAEL__LANE_WRITE,
    TAEL__LANE_ASK,
    TAEL__LANE_PULL,
    TAEL__LANE_COUNT
} tael__lane;

/* Runs an errand, on a thread of its lane: sets *reply, or its bytes and type; or fails with a sentence. Where it is
 * answered by events, the reply is the last of them, and a failure after the first is one as well, "error". */
typedef tael_status tael__errand_fn(tael__errand *e, tael_ledger *ledger, json_t **reply);

struct tael__errand {
    const tael__mhd *mhd;
    tael__desk *desk;
    struct tael__server *server;
    tael__errand_fn *run;
    tael__lane lane;
    bool ledger;        /* it needs the ledger, */
    bool without;       /* but runs also where that can't be opened: `ledger` is NULL then, and tael_error() says why */
    const char *events; /* answered by server-sent events, the last of them of this name; NULL: by a document */
    tael_language language;
    json_t *query;      /* owned: an object of the address's parameters, all strings */
    json_t *body;       /* owned: the JSON that came, or NULL */
    tael__buffer bytes; /* owned: what came that is no JSON */
    char *tail;         /* owned: of the path, after a route that ends in '/' */
    void *task;         /* owned: what else `run` needs, and how it is freed */
    void (*task_free)(void *task);
    tael__errand *next; /* the desk's */

    uint32_t references; /* atomic */
    pthread_mutex_t lock;
    struct MHD_Connection *connection; /* guarded by the lock from here on; NULL: it is gone */
    int socket;                        /* its, to see whether the client is still there; -1: gone */
    bool suspended, over;
    tael_session *session;             /* that it asks a model in: cancelled when nobody waits for it any more */
    tael_status status;                /* of the whole, once it is over, */
    char error[TAEL__MAX_ERROR_BYTES]; /* and why */
    const char *code;                  /* of the error; NULL: the status's own name */
    const char *type;                  /* of `out`, static; NULL: application/json */
    char file_name[64];                /* what a browser is to save it as; "": nothing */
    tael__buffer out;                  /* the reply, or events so far */
    size_t sent;
};

typedef struct tael__desk_options {
    const char *home, *passphrase; /* of the ledger; copied. passphrase NULL: none */
} tael__desk_options;

tael_status tael__desk_open(tael__desk **out, const tael__desk_options *options);
const char *tael__desk_home(const tael__desk *desk);
/* Takes no more errands, and gives up what can be gone on with later (downloads). NULL is fine for all three. */
void tael__desk_drain(tael__desk *desk);
/* Waits for what runs, and ends what is queued; afterwards no connection stays suspended. */
void tael__desk_stop(tael__desk *desk);
void tael__desk_close(tael__desk *desk);

/* One reference is the caller's. NULL: no memory. */
tael__errand *tael__errand_make(tael__desk *desk, struct MHD_Connection *connection);
void tael__errand_release(tael__errand *e); /* NULL is fine */
/* TAEL_LIMIT: too many wait in its lane. TAEL_CANCELLED: the service is ending. */
tael_status tael__errand_submit(tael__errand *e);
/* The connection has ended. */
void tael__errand_leave(tael__errand *e);
/* For the errand itself: does nobody wait any more, or is the service ending? */
bool tael__errand_unwanted(tael__errand *e);

/* For the errand: the session that it asks in; NULL: no longer. */
void tael__errand_session(tael__errand *e, tael_session *session);

/* For a connection's thread: true when it is over, or has events that weren't sent; else the connection is suspended.
 */
bool tael__errand_await(tael__errand *e);
/* The next bytes of its events: 0 when it was suspended, -1 at the end. */
ssize_t tael__errand_take(tael__errand *e, char *out, size_t most);
/* Say an event (takes the reference of `data`). */
void tael__errand_event(tael__errand *e, const char *name, json_t *data);

#endif
