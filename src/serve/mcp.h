// SPDX-License-Identifier: Apache-2.0
/* The Model Context Protocol: the ledger as tools for other assistants, over standard input (mcp_stdio.c) and HTTP
 * (mcp_http.c). Protocol 2025-11-25, and 2025-06-18, 2025-03-26 and 2024-11-05 for who asks for those
 * (https://modelcontextprotocol.io/specification).
 *
 * A message (a JSON-RPC request, notification or response; in 2025-03-26 also a batch of them) becomes a task. What
 * needs no ledger is answered in it at once; its calls of tools run later, on a thread that has the ledger. No result
 * leaves before the owner's consent and the line in the disclosure log. */
#ifndef TAEL__SERVE_MCP_H
#define TAEL__SERVE_MCP_H

#include <jansson.h>
#include <pthread.h>
#include <tael/ledger.h>

#include "base/limits.h"
#include "base/memory.h"
#include "serve/choice.h"

#define TAEL__MCP_CONSENT       "assistants"
#define TAEL__MCP_SESSION_BYTES 33 /* 16 random bytes in hexadecimal, and the NUL */

/* JSON-RPC's errors (https://www.jsonrpc.org/specification, section 5.1), and our own: too many wait. */
enum {
    TAEL__RPC_PARSE = -32700,
    TAEL__RPC_REQUEST = -32600,
    TAEL__RPC_METHOD = -32601,
    TAEL__RPC_PARAMS = -32602,
    TAEL__RPC_INTERNAL = -32603,
    TAEL__RPC_BUSY = -32000,
    TAEL__RPC_CANCELLED = -32800 /* as the language server protocol has it */
};

/* Newest first. */
typedef enum tael__mcp_version {
    TAEL__MCP_2025_11_25,
    TAEL__MCP_2025_06_18,
    TAEL__MCP_2025_03_26,
    TAEL__MCP_2024_11_05
} tael__mcp_version;
bool tael__mcp_version_find(const char *name, tael__mcp_version *out);

/* Who asks, as they said when they initialized. */
typedef struct tael__mcp_client {
    bool ready; /* they did */
    tael__mcp_version version;
    char name[192]; /* name and version, one line; self-declared */
} tael__mcp_client;

typedef struct tael__mcp_session {
    char id[TAEL__MCP_SESSION_BYTES]; /* "": free */
    uint64_t used;                    /* the hub's count of uses then */
    tael__mcp_client client;
} tael__mcp_session;

/* What all messages of a process share. */
typedef struct tael__mcp {
    char *tools;                  /* owned: tools/list's array, in one line */
    pthread_mutex_t lock;         /* guards what follows */
    struct tael__mcp_task *tasks; /* with calls that aren't over */
    tael__mcp_session *session;   /* owned, [TAEL__MAX_MCP_SESSIONS]: of HTTP */
    uint64_t uses;
} tael__mcp;

typedef struct tael__mcp_task {
    tael__mcp *hub;
    char session[TAEL__MCP_SESSION_BYTES]; /* "": standard input's only one */
    tael__mcp_client client;
    bool batch;
    bool asks;           /* one of its calls may need a model */
    bool says_cancelled; /* a cancelled call is answered by an error, since HTTP must answer; else by nothing */
    json_t *calls;       /* owned: an array of requests, not to be changed while in the hub's list */
    json_t *cancelled;   /* owned: an array of ids; guarded by the hub's lock */
    tael__buffer out;    /* the answer, "": there is nothing to say */
    struct tael__mcp_task *next;
} tael__mcp_task;

/* What tools need beside the ledger. */
typedef struct tael__mcp_place {
    const char *home;
    tael_status (*model)(void *user, tael__asked_model *out); /* for a question; on the lane that asks only */
    void *user;
} tael__mcp_place;

tael_status tael__mcp_open(tael__mcp **out);
void tael__mcp_close(tael__mcp *hub); /* no task is left; NULL is fine */

/* ---- Messages (mcp.c) ---- */

/* Read a message. *client is read, and set by `initialize`. With calls in it, run the task with tael__mcp_run; without,
 * its `out` is the answer already. *fault: JSON-RPC's error when the whole of it is no message, else 0. NULL: no
 * memory. */
tael__mcp_task *tael__mcp_take(tael__mcp *hub, const char *session, tael__mcp_client *client, const char *text,
                               size_t bytes, int *fault);
void tael__mcp_task_free(void *task); /* NULL is fine */
static inline bool tael__mcp_has_calls(const tael__mcp_task *task)
{
    return json_array_size(task->calls) > 0;
}
/* Answer all calls with an error instead. */
void tael__mcp_refuse(tael__mcp_task *task, int code, const char *sentence);
/* Run the calls, on a thread that has the ledger, in its language; then `out` is whole. `ledger` NULL: it can't be
 * opened, tael_error() says why. */
void tael__mcp_run(tael__mcp_task *task, tael_ledger *ledger, const tael__mcp_place *place);
/* {"jsonrpc":"2.0","id":…,"error":{…}}; `id` NULL is null. */
void tael__mcp_error(tael__buffer *out, const json_t *id, int code, const char *sentence);

/* ---- Tools (mcp_tools.c) ---- */

bool tael__mcp_tool_known(const char *name, bool *asks);
/* The structured result of a tool and a short text, tael__free() it. A failure has a sentence. */
tael_status tael__mcp_tool(const char *name, const json_t *arguments, tael_ledger *ledger, const tael__mcp_place *place,
                           json_t **result, char **text);

/* ---- Standard input and output (mcp_stdio.c) ---- */

typedef struct tael__mcp_stdio_options {
    int in, out;
    const char *home, *passphrase; /* as tael_ledger_open wants them; passphrase NULL: none */
    const char *model;             /* as tael_model_find takes it; NULL: the default one, if any is installed */
    bool (*interrupted)(void);     /* asked whenever a signal came */
} tael__mcp_stdio_options;

/* One message a line, until the input ends; what has begun is answered. */
tael_status tael__mcp_stdio(const tael__mcp_stdio_options *options);

#endif
