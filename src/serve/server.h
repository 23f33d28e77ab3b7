// SPDX-License-Identifier: Apache-2.0
/* A service over HTTP: the OpenAI and Anthropic interfaces on one model, many clients at once. */
#ifndef TAEL__SERVE_SERVER_H
#define TAEL__SERVE_SERVER_H

#include <tael/model.h>

typedef struct tael__server tael__server;

typedef struct tael__server_options {
    const tael_model *model; /* outlives the server; NULL: only the page is served */
    const char *model_name;  /* as clients ask for it */
    const char *host;        /* "localhost" or a numeric address; NULL: 127.0.0.1. Others than loopback need key_file */
    uint16_t port;           /* 0: any free one */
    const char *key_file;    /* a key a line; NULL: none is asked for */
    uint32_t parallel;       /* generations at once; 0: 16 */
    uint32_t context_tokens; /* of one generation; 0: 4096, or what the model was trained for if less */
    uint32_t threads;        /* 0: one a physical core */
    uint32_t deadline_seconds; /* of a request, waiting included; 0: 600 */
    bool kv_q8;
    const char *model_path;        /* its file */
    bool page;                     /* on loopback: the page and its API, over the ledger in `home` */
    const char *home, *passphrase; /* as tael_ledger_open wants them; passphrase NULL: none */
} tael__server_options;

/* Listens when it returns. *out is yours: tael__server_stop(). TAEL_MISUSE: an address that isn't safe without keys.
 * TAEL_DENIED: the port may not be listened on, or the key file can be read by others. TAEL_LOCKED: the port is taken.
 * Threads that it starts inherit the caller's signal mask. */
tael_status tael__server_start(tael__server **out, const tael__server_options *options);

/* "http://127.0.0.1:8765"; valid as long as the server. */
const char *tael__server_address(const tael__server *server);
/* The address that opens the page; "" without one. It holds a secret: it is for the owner. */
const char *tael__server_page(const tael__server *server);
uint16_t tael__server_port(const tael__server *server);

/* Take no more requests and wait until those that are there are answered, at most `seconds`. False: some were not. */
bool tael__server_drain(tael__server *server, double seconds);

/* Ends what is still running. NULL is fine. */
void tael__server_stop(tael__server *server);

#endif
