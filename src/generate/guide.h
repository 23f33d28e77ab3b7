// SPDX-License-Identifier: Apache-2.0
/* Guided output: which tokens may come next so that the text stays a prefix of some JSON value that fits a schema. */
#ifndef TAEL__GENERATE_GUIDE_H
#define TAEL__GENERATE_GUIDE_H

#include "model/tokenizer.h"

typedef struct tael__guide tael__guide;

/* Compiles a JSON schema: type (also a list of types), properties (in the order written; all required ones, no others),
 * required, additionalProperties (where none is named: any names, also twice), enum, const, items, minItems/maxItems,
 * minLength/maxLength, minimum/maximum (integers), anyOf, $ref to $defs. Output is compact JSON. TAEL_UNSUPPORTED names
 * a keyword that it can't guide by (annotations such as title and description are passed over); TAEL_BAD_INPUT: not
 * JSON. */
tael_status tael__guide_open(tael__guide **out, const char *schema, const tael__tokenizer *tokenizer);
void tael__guide_close(tael__guide *g);

/* Set logits of tokens that may not come next to -INFINITY. When only the end is left, only end tokens remain. */
void tael__guide_mask(tael__guide *g, float *logits);
/* How many tokens may come next; when they are at most `cap`, ids[] is filled with them in order. */
size_t tael__guide_allowed(tael__guide *g, int32_t *ids, size_t cap);
/* The next token was chosen; false if it doesn't fit (a defect of the caller). */
bool tael__guide_accept(tael__guide *g, int32_t id);
bool tael__guide_done(const tael__guide *g); /* the value is complete, nothing more may come */
/* Would these bytes be a whole value that fits? For tests and for checking partner replies. */
bool tael__guide_matches(tael__guide *g, const char *text, size_t bytes);
/* The bytes that must come next because nothing else may: up to `cap` of them into buf; 0 when there is a choice. */
size_t tael__guide_forced(tael__guide *g, char *buf, size_t cap);

/* A vocabulary made ready for guiding: sorted, so that a prefix that doesn't fit is refused once for all its tokens.
 * Makes in about 40 ms for 150,000 tokens; a session makes it once for all its guides. */
typedef struct tael__guide_tokens tael__guide_tokens;
typedef enum tael__token_kind { TAEL__TOKEN_TEXT, TAEL__TOKEN_END, TAEL__TOKEN_NEVER } tael__token_kind;
typedef struct tael__token_source {
    uint32_t count;
    tael__slice (*bytes)(const void *user, int32_t id); /* valid as long as the tokens are */
    tael__token_kind (*kind)(const void *user, int32_t id);
    const void *user;
} tael__token_source;
tael_status tael__guide_tokens_open(tael__guide_tokens **out, const tael__token_source *source);
tael_status tael__guide_tokens_of(tael__guide_tokens **out, const tael__tokenizer *tokenizer);
void tael__guide_tokens_close(tael__guide_tokens *t);
/* The same for all who guide by one tokenizer at a time: made by the first, closed by the last. Any thread. */
tael_status tael__guide_tokens_share(tael__guide_tokens **out, const tael__tokenizer *tokenizer);
void tael__guide_tokens_release(tael__guide_tokens *t); /* NULL is fine */
/* Like tael__guide_open; `tokens` must outlive the guide. */
tael_status tael__guide_open_with(tael__guide **out, const char *schema, const tael__guide_tokens *tokens);

#endif
