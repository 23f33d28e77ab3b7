// SPDX-License-Identifier: Apache-2.0
/* A session's inside, shared by the files that prompt, generate and save. */
#ifndef TAEL__GENERATE_INTERNAL_H
#define TAEL__GENERATE_INTERNAL_H

#include "base/date.h"
#include "base/limits.h"
#include "generate/guide.h"
#include "model/model.h"
#include <tael/generate.h>

struct tael_session {
    const tael_model *model; /* the caller's */
    const tael__tokenizer *tokenizer;
    tael__context *context; /* owned */
    int32_t *tokens;        /* owned: [capacity]; the context holds the first tael__context_position() of them */
    uint32_t count, capacity;
    uint32_t vocabulary; /* ids that may be chosen: a padded embedding has more logits than there are tokens */
    const float *logits; /* after the last token, the context's; NULL: not computed */
    float *changed;      /* owned: [vocabulary], logits with penalties and mask; made when first needed */
    tael__guide_tokens *guide_tokens;  /* owned: made when first needed */
    volatile bool cancel;              /* set by any thread; taken back when a prompt begins or a generation ends */
    uint32_t prompt_tokens;            /* computed by prompts since the last generation */
    double prefill_seconds;            /* likewise */
    double prompt_start;               /* clock at the last prompt's begin; 0: none since the last generation */
    char error[TAEL__MAX_ERROR_BYTES]; /* this session's last sentence */
};

/* Remember the sentence of a failure. */
tael_status tael__session_failed(tael_session *s, tael_status status);

/* Compute what of `tokens` the context doesn't hold yet, at least the last one, so that there are logits. */
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

#endif
