// SPDX-License-Identifier: Apache-2.0
/* A session's inside, shared by the files that prompt, generate and save; and what sessions share with batches. */
#ifndef TAEL__GENERATE_INTERNAL_H
#define TAEL__GENERATE_INTERNAL_H

#include "base/date.h"
#include "base/limits.h"
#include "generate/speculate.h"
#include <tael/generate.h>

struct tael_session {
    tael__kit kit;
    tael__context *context;            /* owned */
    tael__draft *draft;                /* owned; NULL: none */
    tael__list list;                   /* owned; the context holds the first tael__context_position() of it */
    bool ready;                        /* the last step's first output is the one after the list */
    tael__pace pace;                   /* what speculation has brought */
    volatile bool cancel;              /* set by any thread; taken back when a prompt begins or a generation ends */
    uint32_t prompt_tokens;            /* computed by prompts since the last generation */
    double prefill_seconds;            /* likewise */
    double prompt_start;               /* clock at the last prompt's begin; 0: none since the last generation */
    char error[TAEL__MAX_ERROR_BYTES]; /* this session's last sentence */
};

/* Remember the sentence of a failure. */
tael_status tael__session_failed(tael_session *s, tael_status status);

/* Compute what of the list the context doesn't hold yet, at least the last one, so that there is an output. */
tael_status tael__session_catch_up(tael_session *s);

static inline bool tael__session_cancelled(const tael_session *s)
{
    return __atomic_load_n(&s->cancel, __ATOMIC_RELAXED);
}
static inline void tael__session_uncancel(tael_session *s)
{
    __atomic_store_n(&s->cancel, false, __ATOMIC_RELAXED);
}

/* The caller's options over the defaults: callers built with an older header gave fewer fields. */
tael_status tael__options_copy(void *out, size_t out_bytes, const void *options, size_t given_bytes);

/* Appends the ids of a prompt that follows the token `previous`; -1: nothing, and then the model's BOS comes first
 * where the text lacks it. */
tael_status tael__prompt_tokenize(const tael__tokenizer *tokenizer, int32_t previous, const char *text, size_t bytes,
                                  tael__buffer *ids);

#endif
