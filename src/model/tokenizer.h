// SPDX-License-Identifier: Apache-2.0
/* Byte-level BPE tokenizers from a GGUF file's own vocabulary. */
#ifndef TAEL__MODEL_TOKENIZER_H
#define TAEL__MODEL_TOKENIZER_H

#include "model/gguf.h"

typedef struct tael__tokenizer tael__tokenizer;

/* Reads tokenizer.ggml.*: model gpt2, pre qwen2, smollm, gpt-2, llama-bpe (and names that mean the same rules).
 * TAEL_UNSUPPORTED names any other. `file` must stay open. */
tael_status tael__tokenizer_open(tael__tokenizer **out, const tael__gguf *file);
void tael__tokenizer_close(tael__tokenizer *t);

uint32_t tael__tokenizer_size(const tael__tokenizer *t);
int32_t tael__tokenizer_bos(const tael__tokenizer *t);   /* -1: none */
bool tael__tokenizer_adds_bos(const tael__tokenizer *t); /* what the file asks of a caller that makes raw prompts */
int32_t tael__tokenizer_eos(const tael__tokenizer *t);   /* -1: none */
/* Does this token end a turn: eos, eot, <|im_end|>, <|endoftext|>, ... */
bool tael__tokenizer_ends(const tael__tokenizer *t, int32_t id);
bool tael__tokenizer_special(const tael__tokenizer *t, int32_t id);
int32_t tael__tokenizer_find(const tael__tokenizer *t, const char *text,
                             size_t bytes); /* the id of exactly this token, or -1 */

/* Appends ids to `out` (a buffer of int32_t). TAEL_BAD_INPUT for invalid UTF-8, naming the offset. */
tael_status tael__tokenize(const tael__tokenizer *t, const char *text, size_t bytes, bool special, tael__buffer *out);

/* The bytes of one token: its text after byte decoding; for a special token its name. Valid while the tokenizer is
 * open. */
tael__slice tael__token_bytes(const tael__tokenizer *t, int32_t id);

#endif
