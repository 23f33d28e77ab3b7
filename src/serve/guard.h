// SPDX-License-Identifier: Apache-2.0
/* Who may ask: keys, and the names under which a browser may reach a service on loopback. */
#ifndef TAEL__SERVE_GUARD_H
#define TAEL__SERVE_GUARD_H

#include "base/memory.h"

typedef struct tael__guard {
    uint8_t (*digests)[32]; /* owned: [count], of the keys; NULL: none is asked for */
    uint32_t count;
} tael__guard;

/* Reads a key file: a key a line, at least 16 bytes without spaces; empty lines and those that begin with '#' are
 * passed over. TAEL_DENIED: others than its owner may read it. TAEL_BAD_INPUT names the line. `path` NULL: no keys. */
tael_status tael__guard_open(tael__guard *g, const char *path);
void tael__guard_close(tael__guard *g);

/* The number of the key, in a time that tells nothing of the keys; false when it is none. With no keys: 0, whatever is
 * given. `given` NULL: no key was given. */
bool tael__guard_admits(const tael__guard *g, const char *given, uint32_t *key);

/* Is the address one that only this machine reaches? */
bool tael__guard_loopback(const char *host);
/* Does a Host header name this machine as itself (localhost, 127.0.0.1, [::1], with or without a port)? A page whose
 * name was rebound to 127.0.0.1 still sends its own name. */
bool tael__guard_host(const char *host);
/* Is an Origin header that of a page of this very service? */
bool tael__guard_origin(const char *origin, const char *host);

#endif
