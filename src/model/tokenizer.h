// SPDX-License-Identifier: Apache-2.0
/* Tokenizers from a GGUF file's own vocabulary: byte-level BPE, SentencePiece's BPE, WordPiece. */
#ifndef TAEL__MODEL_TOKENIZER_H
#define TAEL__MODEL_TOKENIZER_H

#include "model/gguf.h"

typedef struct tael__tokenizer tael__tokenizer;

/* Reads tokenizer.ggml.*: model "gpt2" (with the rules that `pre` names: qwen2, qwen35, llama-bpe, smollm, minicpm5,
 * gpt-2 and names that mean the same), "llama" or "bert". TAEL_UNSUPPORTED names any other. `file` must stay open. */
tael_status tael__tokenizer_open(tael__tokenizer **out, const tael__gguf *file);
void tael__tokenizer_close(tael__tokenizer *t);

uint32_t tael__tokenizer_size(const tael__tokenizer *t);
int32_t tael__tokenizer_bos(const tael__tokenizer *t);   /* -1: none */
bool tael__tokenizer_adds_bos(const tael__tokenizer *t); /* what the file asks of a caller that makes raw prompts */
int32_t tael__tokenizer_eos(const tael__tokenizer *t);   /* -1: none */
/* What the file asks to be put after a raw text: BERT's [SEP], or the end token for embeddings models; -1: nothing. */
int32_t tael__tokenizer_closing(const tael__tokenizer *t);
/* Does this token end a turn: eos, eot, <|im_end|>, <|endoftext|>, ... */
bool tael__tokenizer_ends(const tael__tokenizer *t, int32_t id);
bool tael__tokenizer_special(const tael__tokenizer *t, int32_t id);
/* Is it no part of a reply's text? Control tokens such as <|im_start|>, <s> and <start_of_turn> are not; but byte-level
 * BPE files call some control that are, such as <tool_call>. */
bool tael__tokenizer_silent(const tael__tokenizer *t, int32_t id);
int32_t tael__tokenizer_find(const tael__tokenizer *t, const char *text,
                             size_t bytes); /* the id of exactly this token, or -1 */

/* Appends ids to `out` (a buffer of int32_t). TAEL_BAD_INPUT for invalid UTF-8, naming the offset. With `special`,
 * names of control tokens become those tokens; without, no control token comes out, whatever the text. */
tael_status tael__tokenize(const tael__tokenizer *t, const char *text, size_t bytes, bool special, tael__buffer *out);

/* The same for text that follows the token `previous` (-1: nothing). SentencePiece vocabularies (Llama 2, TinyLlama)
 * put a space before the first word of a text and after special tokens, but not before text that goes on with other
 * text. */
tael_status tael__tokenize_after(const tael__tokenizer *t, int32_t previous, const char *text, size_t bytes,
                                 bool special, tael__buffer *out);

/* The bytes of one token: its text after byte decoding; for a special token its name. Valid while the tokenizer is
 * open. A character may be spread over several tokens. */
tael__slice tael__token_bytes(const tael__tokenizer *t, int32_t id);

/* The same without the space that tael__tokenize_after puts before text after `previous` (-1: nothing): the texts of
 * the tokens of a text, each after the one before, are the text. For WordPiece they are its words with one space
 * between, as the rest is gone. */
tael__slice tael__token_text(const tael__tokenizer *t, int32_t previous, int32_t id);

#endif
