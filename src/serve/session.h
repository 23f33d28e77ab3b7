// SPDX-License-Identifier: Apache-2.0
/* Who may see the page, and ask its API. Loopback alone doesn't say who asks: other users of the machine and, on a
 * phone, other apps reach it too. So the page opens by an address with a secret of the owner's home in it, which a
 * cookie then keeps; and the page holds a token of this start, which every request to the API must send. */
#ifndef TAEL__SERVE_SESSION_H
#define TAEL__SERVE_SESSION_H

#include "base/status.h"

#define TAEL__SECRET_BYTES 33 /* 16 random bytes in hexadecimal, and the NUL */

typedef struct tael__session {
    char token[TAEL__SECRET_BYTES]; /* of this start; "": there is no page */
    char link[TAEL__SECRET_BYTES];  /* home/page.key: outlives starts, so that a bookmark goes on working */
    char mcp[TAEL__SECRET_BYTES];   /* home/mcp.key: other assistants send it, and can't open the page by it */
} tael__session;

tael_status tael__session_open(tael__session *s, const char *home);
/* In a time that tells nothing of the secret. `given` NULL: nothing was given. */
bool tael__session_same(const char *secret, const char *given);

#endif
