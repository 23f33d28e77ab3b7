// SPDX-License-Identifier: Apache-2.0
/* Closes connections that dawdle: libmicrohttpd's own time-out starts anew with every byte, so a client that sends one
 * now and then would stay for ever. */
#ifndef TAEL__SERVE_WATCH_H
#define TAEL__SERVE_WATCH_H

#include "base/memory.h"

typedef struct tael__watch tael__watch;
typedef struct tael__watched tael__watched; /* a connection */

/* `most`: connections that the server takes. */
tael_status tael__watch_open(tael__watch **out, uint32_t most);
void tael__watch_close(tael__watch *w);

tael__watched *tael__watch_add(tael__watch *w, int socket); /* NULL: no memory, and nobody watches it */
void tael__watch_remove(tael__watch *w, tael__watched *c);  /* before its socket is closed; NULL is fine */

/* It has `seconds` from now on. `served`: a request of it is being answered; else it may go sooner where connections
 * are many. NULL is fine. */
void tael__watch_allow(tael__watch *w, tael__watched *c, double seconds, bool served);
size_t tael__watch_count(tael__watch *w);

#endif
