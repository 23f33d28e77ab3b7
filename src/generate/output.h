// SPDX-License-Identifier: Apache-2.0
/* Text on its way out: held back while a stop string could still reach into it, and cut at whole characters. */
#ifndef TAEL__GENERATE_OUTPUT_H
#define TAEL__GENERATE_OUTPUT_H

#include "base/memory.h"
#include <tael/generate.h>

typedef struct tael__output {
    const char *const *stops; /* borrowed */
    size_t stop_count;
    tael_token_fn *token; /* may be NULL */
    void *user;
    tael__buffer text;  /* not given out yet */
    tael__buffer ids;   /* int32_t of the tokens not given out yet */
    tael__buffer ends;  /* uint32_t for each: where its bytes end in `text` */
    tael__buffer piece; /* what is given out, with U+FFFD for invalid bytes */
    bool stopped;       /* a stop string came: number `stop`, counted from 1 */
    uint32_t stop;
    bool cancelled; /* the callback said so */
} tael__output;

tael_status tael__output_open(tael__output *o, const tael_generate_options *options, tael_token_fn *token, void *user);
void tael__output_close(tael__output *o);

/* One more token with its bytes (none for a token without text). Gives out what is safe. */
tael_status tael__output_push(tael__output *o, int32_t id, const char *bytes, size_t count);
/* The end: gives out what was held back, but for a character that isn't whole. */
tael_status tael__output_flush(tael__output *o);

#endif
