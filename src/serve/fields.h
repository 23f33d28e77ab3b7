// SPDX-License-Identifier: Apache-2.0
/* Fields of a JSON object, each with its type and range. An absent field and null leave *out as it is and are fine; a
 * wrong one sets x's fault, which names it, and gives false. `path` stands before the name in the fault: "" or
 * "messages[2].". */
#ifndef TAEL__SERVE_FIELDS_H
#define TAEL__SERVE_FIELDS_H

#include "serve/internal.h"

bool tael__value_flag(tael__exchange *x, const json_t *o, const char *name, bool *out);
bool tael__value_integer(tael__exchange *x, const json_t *o, const char *name, int64_t least, int64_t most,
                         int64_t *out);
bool tael__value_real(tael__exchange *x, const json_t *o, const char *name, double least, double most, double *out);
bool tael__value_text(tael__exchange *x, const json_t *o, const char *path, const char *name, const char **out);
/* The field, or NULL when it is absent or null. */
json_t *tael__value(const json_t *o, const char *name);

#endif
