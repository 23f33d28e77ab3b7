// SPDX-License-Identifier: Apache-2.0
/* What the two halves of reading a Hugging Face folder share. */
#ifndef TAEL__MODEL_CHECKPOINT_INTERNAL_H
#define TAEL__MODEL_CHECKPOINT_INTERNAL_H

#include <jansson.h>

#include "model/quantize_internal.h"
#include "model/safetensors.h"

typedef struct tael__checkpoint_name {
    char text[64]; /* as GGUF has it */
} tael__checkpoint_name;

typedef struct tael__checkpoint {
    char folder[TAEL__MAX_PATH_BYTES];
    const char *architecture; /* static */
    json_t *config;
    tael__safetensors *files[TAEL__MAX_PACKAGES];
    size_t file_count;
    tael__checkpoint_name *names; /* of the tensors */
    float *rope_factors;          /* f32[head_size / 2], or NULL */
    uint32_t vocabulary;          /* rows of the embedding */
} tael__checkpoint;

/* A JSON file of the folder. With `optional`, *out is NULL for one that isn't there. *out is the caller's. */
tael_status tael__checkpoint_json(json_t **out, const tael__checkpoint *c, const char *name, bool optional);
tael_status tael__checkpoint_wrong(const tael__checkpoint *c, const char *name, const char *key);

/* checkpoint_tokens.c: tokens, merges, special ids and the chat template, as GGUF's keys. */
tael_status tael__checkpoint_tokens(const tael__checkpoint *c, tael__gguf_out *out);

#endif
