// SPDX-License-Identifier: Apache-2.0
/* What the tokenizer's files share: the vocabulary as tables, and the cutting of text into words. */
#ifndef TAEL__MODEL_TOKENIZER_INTERNAL_H
#define TAEL__MODEL_TOKENIZER_INTERNAL_H

#include <string.h>

#include "model/tokenizer.h"

/* The published regular expressions that cut text into words before any merging. */
typedef enum tael__pre {
    TAEL__PRE_GPT2,   /* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
    TAEL__PRE_SMOLLM, /* each \p{N} alone, then gpt-2 on what lies between */
    TAEL__PRE_LLAMA3, /* (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
                         ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
    TAEL__PRE_QWEN2   /* the same with \p{N} */
} tael__pre;

/* How many bytes the first word of text[0..bytes) takes; at least 1. The text must be valid UTF-8 and bytes > 0. */
size_t tael__pre_word(tael__pre pre, const char *text, size_t bytes);

/* A run of bytes in a base that its owner knows. Eight bytes, as there are 300,000 of them. */
typedef struct tael__span {
    uint32_t offset, bytes;
} tael__span;

/* An open-addressed table from a hash to an index; the tag spares most looks at the text. */
typedef struct tael__hash_slot {
    uint32_t tag, index_plus_1; /* 0: empty */
} tael__hash_slot;

typedef struct tael__hash_table {
    tael__hash_slot *slots; /* owned */
    size_t mask;            /* slots - 1, at most 3/4 full */
} tael__hash_table;

enum { TAEL__TOKEN_CONTROL = 1, TAEL__TOKEN_USER = 2, TAEL__TOKEN_ENDS = 4 };

struct tael__tokenizer {
    tael__pre pre;
    bool ignore_merges; /* a word that is a token is taken whole */
    bool adds_bos;
    int32_t bos, eos;
    uint32_t size, merge_count;
    const char *token_base, *merge_base; /* in the file */
    tael__span *tokens;                  /* owned: names as the file has them */
    tael__span *merges;                  /* owned: "left right" */
    uint32_t *merge_left;                /* owned: bytes of the left part */
    uint8_t *flags;                      /* owned: TAEL__TOKEN_... of each token */
    tael__hash_table by_name, by_merge;
    char *bytes;           /* owned: all tokens as the bytes they stand for */
    uint32_t *byte_offset; /* owned: [size + 1] into bytes */
    uint32_t *specials;    /* owned: control and user-defined tokens, longest name first */
    uint32_t special_count;
};

/* A hash of a few bytes, 8 at a time: multiply and fold (the idea of wyhash). */
static inline uint64_t tael__hash_mix(uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t tael__hash_bytes(const char *p, size_t n)
{
    uint64_t h = n, word = 0;
    for (; n > 8; p += 8, n -= 8) {
        memcpy(&word, p, 8);
        h = tael__hash_mix(h, word);
    }
    word = 0;
    for (size_t i = 0; i < n; i++) word |= (uint64_t)(uint8_t)p[i] << 8 * i;
    return tael__hash_mix(h, word);
}

/* The id of the token with that name in the file, or -1. */
int32_t tael__tokenizer_name(const tael__tokenizer *t, const char *name, size_t bytes);

/* The rank of the merge of two neighbours, left[0..left_bytes) and the right_bytes after it; UINT32_MAX: none. */
uint32_t tael__tokenizer_rank(const tael__tokenizer *t, const char *left, size_t left_bytes, size_t right_bytes);

/* The letter that stands for a byte in token names: printable Latin-1 is itself, the rest follow from U+0100 on
 * (Radford et al., 2019, GPT-2's encoder). Both directions; -1: no byte. */
uint32_t tael__byte_letter(uint8_t byte);
int tael__letter_byte(uint32_t code);

#endif
