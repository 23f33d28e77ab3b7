// SPDX-License-Identifier: Apache-2.0
/* What the service's files share: the server, one exchange (a request and its reply), routes, faults. */
#ifndef TAEL__SERVE_INTERNAL_H
#define TAEL__SERVE_INTERNAL_H

#include "serve/choice.h"
#include "serve/desk.h"
#include "serve/engine.h"
#include "serve/guard.h"
#include "serve/mcp.h"
#include "serve/server.h"
#include "serve/session.h"
#include "serve/tools.h"
#include "serve/watch.h"

typedef struct tael__exchange tael__exchange;

/* ---- Faults: what is wrong with a request, as both interfaces say it ---- */

/* Set x's fault and return false. `type`: of OpenAI's error object. `param`: the field; NULL: none. */
bool tael__fault(tael__exchange *x, unsigned http, const char *type, const char *code, const char *param,
                 const char *format, ...) __attribute__((format(printf, 6, 7), cold));
/* A field that is not what it should be: 400, invalid_request_error, invalid_value. */
bool tael__fault_field(tael__exchange *x, const char *param, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));
/* What the library said, with the HTTP status that fits `status`. */
bool tael__fault_status(tael__exchange *x, tael_status status, const char *param, const char *sentence);

/* ---- Routes ---- */

/* Answers at once (tael__reply_json) or gives a call to the engine (tael__exchange_submit). False: x's fault is set. */
typedef bool tael__handler(tael__exchange *x, json_t *body);

typedef struct tael__route {
    const char *path;     /* one that ends in '/' takes a name after it */
    const char *method;   /* GET or POST; NULL: the page's API, which has its own table, or MCP */
    tael__handler *serve; /* `body` NULL for GET */
    bool open;            /* without a key */
    bool anthropic;       /* the error's shape */
    bool mcp;             /* it has its own key and messages; `method` and `serve` are NULL */
} tael__route;

size_t tael__route_count(void);
const tael__route *tael__route_at(size_t i);
/* The route of a path; *index: its row, or tael__route_count(). */
const tael__route *tael__route_find(const char *path, size_t *index);

tael__handler tael__serve_chat, tael__serve_completions, tael__serve_embeddings, tael__serve_models, tael__serve_model,
    tael__serve_health, tael__serve_metrics, tael__serve_page, tael__serve_messages, tael__serve_responses,
    tael__serve_count_tokens;

/* ---- An exchange ---- */

/* How an interface words a call's outcome. All but `whole` append events to x->out. */
typedef struct tael__face {
    json_t *(*whole)(tael__exchange *x);
    void (*begin)(tael__exchange *x);
    void (*piece)(tael__exchange *x, uint32_t job, const char *text, size_t bytes);
    void (*end_job)(tael__exchange *x, uint32_t job);
    void (*end)(tael__exchange *x);
    void (*fault)(tael__exchange *x); /* x's fault is set; nothing follows it */
} tael__face;

typedef enum tael__stage { TAEL__STAGE_NEW, TAEL__STAGE_READING, TAEL__STAGE_WORKING, TAEL__STAGE_REPLIED } tael__stage;

struct tael__exchange {
    tael__server *server;
    struct MHD_Connection *connection;
    const tael__route *route;
    size_t route_index;
    char tail[256]; /* of the path, after a route that ends in '/' */
    uint32_t key;
    tael_language language; /* of its sentences */
    char id[33];            /* of the request, in hexadecimal */
    int64_t created;        /* Unix seconds */
    tael__stage stage;
    /* Reading. */
    tael__buffer body;
    size_t promised;  /* of the server's room for bodies */
    size_t body_most; /* bytes of its body */
    size_t discarded; /* bytes of a body that is only read so that the answer can be sent */
    bool too_large;
    /* A request of the page. */
    const struct tael__api_route *api;
    tael__errand *errand; /* a reference */
    bool leaves;          /* MCP: DELETE, a session ends */
    const char *allowed;  /* the method that is, where another was used */
    const char *cache;    /* how long a browser may keep the reply; NULL: not at all */
    /* Working. */
    tael__call *call; /* a reference */
    const tael__face *face;
    bool stream, usage;     /* usage: also in the stream */
    tael__tools tools;      /* what may be called */
    tael__spoken *spoken;   /* owned: [job_count], text and calls of each job; NULL without tools */
    uint32_t prompt_tokens; /* of all jobs */
    /* Streaming: events that are ready, and how far each job's text was put into events. */
    tael__buffer out, part;
    size_t first_odds, odds_count; /* tokens of the text that is being put into events */
    uint32_t *told;                /* owned, [job_count]: tokens whose text was */
    size_t sent, *read;            /* read: owned, [job_count]; SIZE_MAX: its end was said as well */
    bool begun, ended;
    bool block_open;             /* messages, responses: a text is being said, as block number `block` */
    uint32_t block, event_count; /* event_count: responses number their events */
    tael__buffer said;           /* responses: the text so far, which the last events repeat */
    /* The fault, when there is one. */
    struct {
        unsigned http;
        const char *type, *code;
        char param[96], message[TAEL__MAX_ERROR_BYTES];
        uint32_t retry_seconds; /* 0: it says nothing of that */
    } fault;
};

struct tael__server {
    const tael__mhd *mhd;
    const tael_model *model; /* NULL, and the engine too: the page alone is served */
    char model_name[256], address[128], page[128 + TAEL__SECRET_BYTES + 8];
    uint16_t port;
    bool loopback;
    uint32_t deadline_seconds;
    tael_language language;
    tael__guard guard;
    tael__engine *engine;
    tael__watch *watch;
    tael__desk *desk; /* NULL: there is no page */
    tael__session session;
    tael__mcp *mcp; /* NULL: there is no page */
    tael__choice choice;
    tael__metrics metrics;
    struct MHD_Daemon *daemon;
    uint64_t bodies; /* atomic: bytes promised to bodies that are being read */
    uint64_t active; /* atomic: exchanges that aren't over */
    int64_t started; /* Unix seconds */
};

/* The three callbacks of libmicrohttpd; `user` is the server. */
enum MHD_Result tael__exchange_handle(void *user, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data, size_t *bytes,
                                      void **state);
void tael__exchange_completed(void *user, struct MHD_Connection *connection, void **state,
                              enum MHD_RequestTerminationCode how);

/* MCP's part of the three steps of a request (mcp_http.c), as api.h has them. */
bool tael__mcp_head(tael__exchange *x, const char *method);
bool tael__mcp_begin(tael__exchange *x);
enum MHD_Result tael__mcp_go_on(tael__exchange *x);
json_t *tael__mcp_fault_json(const tael__exchange *x);

/* Answer with 200 and a document (takes the reference). */
bool tael__reply_json(tael__exchange *x, json_t *document);
/* Answer with a response (taken); NULL: no memory. */
enum MHD_Result tael__reply(tael__exchange *x, unsigned http, struct MHD_Response *response, const char *type);
enum MHD_Result tael__reply_fault(tael__exchange *x);
bool tael__reply_text(tael__exchange *x, unsigned http, const char *type, const char *text, size_t bytes);
/* The fault as a JSON document of the route's interface. */
json_t *tael__fault_json(const tael__exchange *x);

/* Give x->call to the engine, to be answered through `face`. */
bool tael__exchange_submit(tael__exchange *x, const tael__face *face);

/* The stream's part of the handler: libmicrohttpd asks it for bytes. */
ssize_t tael__stream_read(void *exchange, uint64_t at, char *out, size_t most);
/* Append one server-sent event: `data` (takes the reference), and its name unless NULL. */
void tael__stream_event(tael__exchange *x, const char *name, json_t *data);

/* The failed job of a finished call, or NULL; sets the fault it deserves. */
const tael__job *tael__exchange_failed(tael__exchange *x);

/* ---- What interfaces share (asking.c) ---- */

/* What a request asks of a generation. */
typedef struct tael__asked {
    tael_generate_options options; /* its stops point into `kept` */
    json_t *kept;                  /* borrowed from the body */
    const char *stops[TAEL__MAX_STOPS];
    char *schema;  /* owned until a call takes it */
    uint32_t n;    /* choices of each prompt */
    uint64_t seed; /* 0: from the system */
    bool odds;     /* logprobs are asked for, and of options.odds_top others besides */
} tael__asked;

/* Is it the model that is served? `vectors`: to embed with, else to write. */
bool tael__ask_model(tael__exchange *x, const json_t *body, bool vectors);
/* stream, temperature, top_p, penalties, seed, stop and their like. `stop`: the field that names stop strings. */
bool tael__ask_options(tael__exchange *x, const json_t *body, const char *stop, tael__asked *a);
/* response_format into a->schema. */
bool tael__ask_format(tael__exchange *x, const json_t *format, tael__asked *a);
/* The tokens of a prompt, which must leave room for a reply. Counted by the connection's thread, so that a long text
 * costs the engine's nothing. `param`: the field that it came from. */
bool tael__count_tokens(tael__exchange *x, const char *prompt, const char *param, uint32_t *tokens);
/* x->call for `count` prompts, each a->n times. The prompts and a->schema are taken, also on failure. `param`: the
 * field that they came from. */
bool tael__ask_generation(tael__exchange *x, tael__asked *a, char **prompts, uint32_t count, const char *param);

/* tools and tool_choice into x->tools; and, where a call must be made, the schema that forces it into a->schema. */
bool tael__ask_tools(tael__exchange *x, const json_t *body);
bool tael__ask_call(tael__exchange *x, tael__asked *a);

/* What job i said, and called: plain text appended to `plain`, *calls as in tael__spoken (borrowed), NULL: none. False:
 * no memory. */
bool tael__said(tael__exchange *x, uint32_t i, tael__buffer *plain, const json_t **calls);
json_t *tael__text_json(const tael__buffer *text);

/* OpenAI's logprobs (odds_json.c) of a job's tokens [from, from + count); null when none were asked for. */
json_t *tael__odds_json(tael__exchange *x, uint32_t job, size_t from, size_t count);
/* The same in the older form of /v1/completions; `offset`: characters before the first. */
json_t *tael__odds_json_flat(tael__exchange *x, uint32_t job, size_t from, size_t count, size_t offset);

const char *tael__finish_name(const tael__job *job); /* "stop" or "length" */
uint64_t tael__completion_tokens(const tael__call *call);
json_t *tael__usage_json(const tael__exchange *x);
/* What every document of OpenAI's begins with. */
json_t *tael__document(const tael__exchange *x, const char *prefix, const char *object);

/* ---- The chat (chat_prompt.c): messages to a prompt ---- */

/* The prompt of OpenAI's messages and x->tools; tael__free() it. A fault names them as `field`, counted after the first
 * `added`, which are not the client's own. */
bool tael__chat_prompt(tael__exchange *x, const json_t *messages, const char *field, size_t added, char **prompt);

#endif
