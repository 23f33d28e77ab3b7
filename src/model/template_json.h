// SPDX-License-Identifier: Apache-2.0
/* JSON as the models were trained to read it: the spelling of Python's json.dumps(value, ensure_ascii=False). */
#ifndef TAEL__MODEL_TEMPLATE_JSON_H
#define TAEL__MODEL_TEMPLATE_JSON_H

#include <jansson.h>

#include "base/memory.h"

/* TAEL_LIMIT: nested deeper than TAEL__MAX_JSON_DEPTH, or `out` is full. */
tael_status tael__template_json(const json_t *value, tael__buffer *out);
tael_status tael__template_json_indented(const json_t *value, tael__buffer *out); /* indent=4 */
tael_status tael__template_json_text(const char *text, tael__buffer *out);        /* one string, quoted */

#endif
