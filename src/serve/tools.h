// SPDX-License-Identifier: Apache-2.0
/* Tools: the list that a request brings, and the calls that a model makes of them in its text. */
#ifndef TAEL__SERVE_TOOLS_H
#define TAEL__SERVE_TOOLS_H

#include <jansson.h>

#include "base/memory.h"

typedef struct tael__tools {
    json_t *list; /* owned: OpenAI-shaped tools; NULL: none */
    bool must;    /* the reply is to be a call */
    json_t *only; /* owned: the name of the function; NULL: any */
} tael__tools;

/* One reply, parted into what is said and what is called. A reply that may still turn out to be a call is held back. */
typedef struct tael__spoken {
    tael__buffer held;
    json_t *calls; /* owned: [{"id", "name", "arguments" (text)}]; NULL: none */
    bool speaks;   /* it is known to be plain text */
} tael__spoken;

/* Feed text[0..bytes); what of it (and of what was held) is plain text is appended to `plain`. */
tael_status tael__spoken_push(tael__spoken *s, const char *text, size_t bytes, tael__buffer *plain);
/* The text is over: what was held is calls of `tools`, or plain text after all. */
tael_status tael__spoken_end(tael__spoken *s, const tael__tools *tools, tael__buffer *plain);
void tael__spoken_free(tael__spoken *s);

/* The schema of a reply that must be a call: {"name": one of them, "arguments": what it takes, or, unless `exact`, any
 * object}. NULL: no memory. tael__free() it. */
char *tael__tools_schema(const tael__tools *tools, bool exact);

#endif
