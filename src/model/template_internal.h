// SPDX-License-Identifier: Apache-2.0
/* What the template's files share: a chat as a renderer sees it, and small helpers that print as Jinja does. */
#ifndef TAEL__MODEL_TEMPLATE_INTERNAL_H
#define TAEL__MODEL_TEMPLATE_INTERNAL_H

#include <jansson.h>
#include <string.h>

#include "model/template.h"

/* One call of tael__template_apply. At least one message; all have a known role and content. */
typedef struct tael__turns {
    const tael_message *messages;
    size_t count;
    const json_t *tools; /* NULL: none */
    const tael__template_options *options;
} tael__turns;

typedef tael_status tael__render_fn(const tael__template *t, const tael__turns *c, tael__buffer *out);

struct tael__template {
    const char *name;
    tael__render_fn *render;
    const char *default_system; /* NULL: none */
    const char *call_example;   /* how a tool call is shown; NULL: the template takes no tools */
    const char *thoughts[3];    /* what opens a reply after the role, by tael__thinking; NULL: it can't */
    const char *has[7], *lacks[6];
};

tael__render_fn tael__render_chatml, tael__render_qwen25, tael__render_qwen3, tael__render_qwen35,
    tael__render_minicpm5;
tael__render_fn tael__render_llama2, tael__render_llama3, tael__render_llama31, tael__render_gemma2,
    tael__render_gemma3, tael__render_zephyr, tael__render_minicpm;

static inline bool tael__role_is(const tael_message *m, const char *role)
{
    return strcmp(m->role, role) == 0;
}

/* What is left of a text without the white space around it, as Python's str.strip() and Jinja's trim have it. */
tael__slice tael__template_trim(tael__slice text);
tael__slice tael__template_content(const tael_message *m); /* as it is */
tael_status tael__template_put(tael__buffer *out, tael__slice text);

/* TAEL_BAD_INPUT: the template refuses message i (counted from 0). */
tael_status tael__template_refuse(const tael__template *t, size_t i);

#endif
