// SPDX-License-Identifier: Apache-2.0
/* One generation over a list of tokens: what the options ask for, and how each token is chosen, given out and counted.
 * Sessions and batches compute; a stream never runs the model, it reads the outputs of what was run. */
#ifndef TAEL__GENERATE_STREAM_H
#define TAEL__GENERATE_STREAM_H

#include "generate/guide.h"
#include "generate/output.h"
#include "generate/sampler.h"
#include "model/model.h"

#define TAEL__STREAM_ENDS 64 /* end tokens of a model; Llama 3 has five */

/* What all streams of a session or batch share. */
typedef struct tael__kit {
    const tael_model *model; /* the caller's */
    const tael__tokenizer *tokenizer;
    uint32_t vocabulary; /* ids that may be chosen: a padded embedding has more logits than there are tokens */
    uint32_t width;      /* logits of an output */
    tael__guide_tokens *guide_tokens; /* shared with others on this model; made when first needed */
    float *changed;    /* owned: [tokenizer's size], logits with penalties and mask; made when first needed */
    int32_t *few;      /* owned: [few_most], the only ids that may come */
    float *few_logits; /* owned: [few_most] */
    uint32_t few_most;
} tael__kit;

tael_status tael__kit_open(tael__kit *kit, const tael_model *model);
void tael__kit_close(tael__kit *kit);

/* The tokens of one sequence, prompted and generated. */
typedef struct tael__list {
    int32_t *ids; /* the owner's: [capacity] */
    uint32_t count, capacity;
} tael__list;

/* Logits of the last step's outputs, computed when they are asked for, as many as the context gives at once. */
typedef struct tael__rows {
    tael__context *context;
    const float *logits; /* of rows first..first+count-1; the context's */
    size_t first, count;
} tael__rows;

typedef struct tael__stream {
    tael__kit *kit;   /* borrowed */
    tael__list *list; /* borrowed */
    tael_generate_options options;
    tael__sampler sampler;
    tael__output output;
    tael__guide *guide;              /* NULL: free text */
    int32_t ends[TAEL__STREAM_ENDS]; /* tokens that may not come, because the end is to be ignored */
    uint32_t end_count;
    uint32_t made, most; /* tokens */
    double first;        /* clock: when the first token was chosen; 0: not yet */
    bool finished;
    tael_finish finish;
} tael__stream;

/* `options` as the caller gave them. The list's tokens are what penalties look back on. */
tael_status tael__stream_open(tael__stream *stream, tael__kit *kit, tael__list *list,
                              const tael_generate_options *options, tael_token_fn *token, void *user);
void tael__stream_close(tael__stream *stream);

void tael__stream_finish(tael__stream *stream, tael_finish finish);

/* With a schema: take the tokens of text that nothing else can follow but it, without any logits. To be called before
 * the first choice and after each. */
tael_status tael__stream_jump(tael__stream *stream);

/* Choose the token after the list by output `row`, and take it: into the list and out to the caller. */
tael_status tael__stream_next(tael__stream *stream, tael__rows *rows, size_t row);

#endif
