// SPDX-License-Identifier: Apache-2.0
/* Generating text: a session is one sequence on a model, with its context. Prompt it, then generate; again for the next
 * turn. A session is used by one thread at a time; any thread may cancel it. */
#ifndef TAEL_GENERATE_H
#define TAEL_GENERATE_H

#include <tael/model.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_session tael_session;

typedef struct tael_session_options {
    size_t size;             /* sizeof this struct (0 is TAEL_MISUSE): old callers can link a newer library */
    uint32_t context_tokens; /* 0: 4096, or what the model was trained for if less */
    uint32_t threads;        /* 0: one a physical core */
    bool kv_q8;              /* keep the context in 8 bits: half the memory, a little less exact */
    bool energy; /* without `threads`: half the cores. Writing waits for memory, which few cores keep busy; prompts take
                    longer */
    const tael_model *draft; /* a smaller model with the same vocabulary, to speculate with; NULL: none. Outlives it. */
} tael_session_options;

/* The model must outlive the session. *out is yours: tael_session_close(). `options` NULL means all defaults. */
TAEL_API tael_status tael_session_open(tael_session **out, const tael_model *model,
                                       const tael_session_options *options);
TAEL_API void tael_session_close(tael_session *session);
TAEL_API const char *tael_session_error(const tael_session *session);

/* What the context holds, in tokens; and forget what comes after the first `tokens`. */
TAEL_API uint32_t tael_session_position(const tael_session *session);
TAEL_API tael_status tael_session_rewind(tael_session *session, uint32_t tokens);

/* Add text to the context. Special tokens in `text` are honoured. With `reuse`, `text` is the whole prompt from
 * position 0: what the context already holds of it is kept, the rest is forgotten and computed. TAEL_CONTEXT_FULL: it
 * doesn't fit; nothing was added. */
TAEL_API tael_status tael_session_prompt(tael_session *session, const char *text, size_t bytes, bool reuse);

/* Keep the state of what was prompted so far in a file, and get it back: a long system prompt costs nothing the second
 * time. Loading checks that model, tokens and format fit: TAEL_NOT_FOUND otherwise, and the session is as before. */
TAEL_API tael_status tael_session_save(const tael_session *session, const char *path);
TAEL_API tael_status tael_session_load(tael_session *session, const char *path);

typedef enum tael_finish { TAEL_FINISH_STOP, TAEL_FINISH_LENGTH, TAEL_FINISH_CANCELLED } tael_finish;

/* Looking at several tokens in one step that may come next: those that followed when the text last went like this, and
 * those of a draft model. The text is the same with and without, for any options and seed; only the time differs. AUTO
 * does as much of it as pays. */
typedef enum tael_speculate { TAEL_SPECULATE_AUTO, TAEL_SPECULATE_OFF, TAEL_SPECULATE_ALWAYS } tael_speculate;

#define TAEL_ODDS_MOST 20 /* likeliest tokens that are told beside a chosen one */

/* A token that was chosen, and how likely it was: natural logarithms of probabilities at temperature 1 among what may
 * come, after penalties. A token that a schema left no choice about has 0 and no others. */
typedef struct tael_odds {
    int32_t id;
    float logprob;
    uint32_t count; /* of the likeliest, likeliest first */
    int32_t ids[TAEL_ODDS_MOST];
    float logprobs[TAEL_ODDS_MOST];
} tael_odds;

/* Told before the token's text, in the order of the ids that a tael_token_fn gets; `odds` is valid during the call. */
typedef void tael_odds_fn(const tael_odds *odds, void *user);

typedef struct tael_generate_options {
    size_t size;
    uint32_t max_tokens;  /* 0: until the context is full */
    bool greedy;          /* always the likeliest token; the fields below are ignored but for penalties */
    float temperature;    /* 0: 0.7 */
    float top_p;          /* 0: 0.8; 1 is off */
    uint32_t top_k;       /* 0: 20; 1 is greedy */
    float min_p;          /* 0 is off */
    float repeat_penalty; /* 0: 1.0, off; over the last 64 tokens */
    float presence_penalty, frequency_penalty; /* 0 is off */
    uint64_t seed;                             /* 0: from the system */
    const char *const *stops; /* borrowed; stop strings, also across token borders; not part of the text */
    size_t stop_count;
    const char *schema; /* a JSON schema: the text will be a JSON value that fits. NULL: free text */
    bool ignore_end;    /* go on past the end token: for benchmarks */
    tael_speculate speculate;
    tael_odds_fn *odds; /* NULL: nobody asks; it gets the same `user` as the text */
    uint32_t odds_top;  /* likeliest tokens to tell beside each; at most TAEL_ODDS_MOST */
} tael_generate_options;

typedef struct tael_generation {
    tael_finish finish;
    uint32_t prompt_tokens, completion_tokens; /* prompt_tokens: computed by the prompts since the last generation */
    double prefill_seconds, decode_seconds, first_token_seconds; /* first: from the start of the last prompt */
    uint32_t passes; /* of the model, for these tokens: fewer than tokens when several were taken from one */
    uint32_t proposed_tokens, accepted_tokens; /* by speculation */
    uint32_t stop;                             /* which of the stop strings ended it, counted from 1; 0: none did */
} tael_generation;

/* A piece of text, whole UTF-8 characters, as soon as no stop string can reach into it; with the ids that made it.
 * A non-zero return cancels after this piece. */
typedef int tael_token_fn(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user);

TAEL_API tael_status tael_session_generate(tael_session *session, const tael_generate_options *options,
                                           tael_token_fn *token, void *user, tael_generation *result);

/* Stop within one token (or one block of a prompt). May be called from another thread or a signal handler. */
TAEL_API void tael_session_cancel(tael_session *session);

#ifdef __cplusplus
}
#endif
#endif
