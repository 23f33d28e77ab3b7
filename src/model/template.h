// SPDX-License-Identifier: Apache-2.0
/* Chat templates that Tael knows, told by what the file's Jinja text holds. Unknown ones are named, never guessed. */
#ifndef TAEL__MODEL_TEMPLATE_H
#define TAEL__MODEL_TEMPLATE_H

#include "model/gguf.h"
#include <tael/model.h>

typedef struct tael__template tael__template; /* static: no close */

/* Shall the model think before it answers? Templates with a switch (Qwen3, Qwen3.5, MiniCPM5) open the reply so. */
typedef enum tael__thinking {
    TAEL__THINKING_USUAL, /* as the template does when nobody says */
    TAEL__THINKING_ON,
    TAEL__THINKING_OFF
} tael__thinking;

typedef struct tael__template_options {
    const char *tools_json; /* an array of tools; NULL: none */
    bool open_reply;        /* end with the start of the assistant's turn */
    tael__thinking thinking;
    tael__slice bos, eos; /* the names of the file's tokens, which some templates print; no bytes: none */
} tael__template_options;

/* NULL in *out, and TAEL_OK, when the file has no template (a base model). */
tael_status tael__template_find(const tael__template **out, const tael__gguf *file);
const char *tael__template_name(const tael__template *t);

/* Can the reply be opened so? A model without thoughts can't be told to have any, and a few always have them. */
bool tael__template_can_think(const tael__template *t, tael__thinking thinking);

/* Appends the prompt to `out`. TAEL_BAD_INPUT: the template refuses these roles in this order. TAEL_UNSUPPORTED: it has
 * no place for tools, or can't think as asked. */
tael_status tael__template_apply(const tael__template *t, const tael_message *messages, size_t count,
                                 const tael__template_options *options, tael__buffer *out);

#endif
