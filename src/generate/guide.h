// SPDX-License-Identifier: Apache-2.0
/* Guided output: which tokens may come next so that the text stays a prefix of some JSON value that fits a schema. */
#ifndef TAEL__GENERATE_GUIDE_H
#define TAEL__GENERATE_GUIDE_H

#include "model/tokenizer.h"

typedef struct tael__guide tael__guide;

/* Compiles a JSON schema: type (also a list of types), properties (in the order written; all required ones, no others),
 * required, enum, const, items, minItems/maxItems, minLength/maxLength, minimum/maximum (integers), anyOf, $ref to $defs.
 * Output is compact JSON. TAEL_UNSUPPORTED names a keyword that it can't guide by (annotations such as title and
 * description are passed over); TAEL_BAD_INPUT: not JSON. */
tael_status tael__guide_open(tael__guide **out, const char *schema, const tael__tokenizer *tokenizer);
void tael__guide_close(tael__guide *g);

/* Set logits of tokens that may not come next to -INFINITY. When only the end is left, only end tokens remain. */
void tael__guide_mask(tael__guide *g, float *logits);
/* The next token was chosen; false if it doesn't fit (a defect of the caller). */
bool tael__guide_accept(tael__guide *g, int32_t id);
bool tael__guide_done(const tael__guide *g);        /* the value is complete, nothing more may come */
/* Would these bytes be a whole value that fits? For tests and for checking partner replies. */
bool tael__guide_matches(tael__guide *g, const char *text, size_t bytes);

#endif
