// SPDX-License-Identifier: Apache-2.0
/* Chat templates that Tael knows, told by what the file's Jinja text holds. Unknown ones are named, never guessed. */
#ifndef TAEL__MODEL_TEMPLATE_H
#define TAEL__MODEL_TEMPLATE_H

#include "model/gguf.h"
#include <tael/model.h>

typedef struct tael__template tael__template; /* static: no close */

/* NULL in *out, and TAEL_OK, when the file has no template (a base model). */
tael_status tael__template_find(const tael__template **out, const tael__gguf *file);
const char *tael__template_name(const tael__template *t);
tael_status tael__template_apply(const tael__template *t, const tael_message *messages, size_t count,
                                 const char *tools_json, bool open_reply, tael__buffer *out);

#endif
