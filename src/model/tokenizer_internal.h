// SPDX-License-Identifier: Apache-2.0
/* What the tokenizer's files share: the vocabulary as tables, the cutting of text into words, the merging of pairs. */
#ifndef TAEL__MODEL_TOKENIZER_INTERNAL_H
#define TAEL__MODEL_TOKENIZER_INTERNAL_H

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "model/tokenizer.h"

/* The published regular expressions that cut text into words before any merging. */
typedef enum tael__pre {
    TAEL__PRE_GPT2,    /* 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+ */
    TAEL__PRE_SMOLLM,  /* each \p{N} alone, then gpt-2 on what lies between */
    TAEL__PRE_LLAMA3,  /* (?i:'s|...)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|
                          ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+ */
    TAEL__PRE_QWEN2,   /* the same with \p{N} */
    TAEL__PRE_QWEN35,  /* the same with [\p{L}\p{M}] where that has \p{L} */
    TAEL__PRE_MINICPM5 /* \p{N}{1,3} first, then llama3's on what lies between */
} tael__pre;

typedef enum tael__tokenizer_kind {
    TAEL__TOKENIZER_BPE,  /* "gpt2": merges by rank, over letters that stand for bytes */
    TAEL__TOKENIZER_SPM,  /* "llama": SentencePiece's BPE, merges by the score of what they give, over code points */
    TAEL__TOKENIZER_WORDS /* "bert": WordPiece, the longest name first */
} tael__tokenizer_kind;

/* How many bytes the first word of text[0..bytes) takes; at least 1. The text must be valid UTF-8 and bytes > 0. */
size_t tael__pre_word(tael__pre pre, const char *text, size_t bytes);

/* The property White_Space. */
bool tael__is_white(uint32_t code);

/* A run of bytes in a base that its owner knows. Eight bytes, as there are 300,000 of them. */
typedef struct tael__span {
    uint32_t offset, bytes;
} tael__span;

/* A walk over an array of texts in the file. The parser has held every length against it. */
typedef struct tael__texts {
    const char *base; /* the first text */
    size_t offset;    /* from base, of the text that comes next */
    uint64_t count;
} tael__texts;

tael_status tael__texts_begin(tael__texts *w, const tael__gguf *file, const char *key);
/* The next one, into *span; false: it is longer than a token may be, or too far from the first. */
bool tael__texts_next(tael__texts *w, tael__span *span);

/* An open-addressed table from a hash to an index; the tag spares most looks at the text. */
typedef struct tael__hash_slot {
    uint32_t tag, index_plus_1; /* 0: empty */
} tael__hash_slot;

typedef struct tael__hash_table {
    tael__hash_slot *slots; /* owned */
    size_t mask;            /* slots - 1, at most 3/4 full */
} tael__hash_table;

/* The merge that makes a token: its rank, and the bytes of its left part. A token's name is both parts in one, so
 * names find merges, and the many that are alone in making a token need no table of their own. */
typedef struct tael__made {
    uint32_t rank_plus_1, left; /* 0: none */
} tael__made;

/* A merge that makes what another one makes too, or no token: as the file has it, "left right". */
typedef struct tael__odd_merge {
    uint32_t offset, left, right, rank;
} tael__odd_merge;

enum { TAEL__TOKEN_CONTROL = 1, TAEL__TOKEN_USER = 2, TAEL__TOKEN_ENDS = 4, TAEL__TOKEN_BYTE = 8 };

struct tael__tokenizer {
    tael__tokenizer_kind kind;
    tael__pre pre;                  /* BPE */
    bool ignore_merges;             /* BPE: a word that is a token is taken whole */
    bool adds_space;                /* SPM: a text, and what follows a special token, starts as if after a space */
    bool lowercase, strips_accents; /* WORDS */
    bool adds_bos;
    int32_t bos, eos, unknown, closing; /* -1: none */
    int32_t byte_ids[256];              /* SPM: the tokens <0x00> to <0xFF>; -1: none */
    uint32_t size;
    bool has_twins;                      /* two tokens have one name */
    uint32_t longest;                    /* bytes of the longest name */
    const char *token_base, *merge_base; /* in the file */
    const uint8_t *scores;               /* SPM, in the file: [size] f32, unaligned, none of them NaN; NULL: all 0 */
    tael__span *tokens;                  /* owned: names as the file has them */
    tael__made *made;                    /* owned: [size], BPE */
    tael__odd_merge *odd;                /* owned: [odd_count], BPE */
    uint32_t odd_count;
    uint8_t *flags;                   /* owned: TAEL__TOKEN_... of each token */
    tael__hash_table by_name, by_odd; /* by_odd: without slots when there are none */
    char *bytes;                      /* owned: room for the bytes that tokens stand for, see tokenizer_bytes.c */
    atomic_ushort *decoded;           /* owned: [size], the bytes of each and 1; 0: not asked for yet */
    pthread_mutex_t decoding;         /* of bytes and decoded */
    uint32_t *specials;               /* owned: control and user-defined tokens, longest name first */
    uint32_t *sorted_specials;        /* owned: places in specials, sorted by the bytes of their names */
    uint32_t special_first[257];      /* in sorted_specials: where names with that first byte start */
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
    uint64_t h = n, a = 0, b = 0;
    for (; n > 16; p += 8, n -= 8) {
        memcpy(&a, p, 8);
        h = tael__hash_mix(h, a);
    }
    if (n >= 8) { /* what is left, as two pieces that may overlap */
        memcpy(&a, p, 8);
        memcpy(&b, p + n - 8, 8);
    } else if (n >= 4) {
        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);
    } else if (n > 0) {
        a = (uint64_t)(uint8_t)p[0] << 16 | (uint64_t)(uint8_t)p[n / 2] << 8 | (uint8_t)p[n - 1];
    }
    return tael__hash_mix(h ^ b, a);
}

/* That a list of the vocabulary is missing or wrong. */
tael_status tael__tokenizer_bad_list(const tael__gguf *file, const char *what);

tael_status tael__hash_table_make(tael__hash_table *table, uint32_t count);

/* Token i's name into by_name. As in llama.cpp, of tokens with one name the last counts, of equal merges the first. */
void tael__tokenizer_put_name(tael__tokenizer *t, uint32_t i, uint64_t hash);
uint64_t tael__tokenizer_name_hash(const tael__tokenizer *t, uint32_t i); /* fetches where it will lie */
tael_status tael__tokenizer_read_merges(tael__tokenizer *t, const tael__gguf *file);

/* tokenizer_bytes.c: room for what tokens stand for. */
tael_status tael__tokenizer_bytes_open(tael__tokenizer *t);

/* The id of the token with that name in the file, or -1. */
int32_t tael__tokenizer_name(const tael__tokenizer *t, const char *name, size_t bytes);

/* The rank of the merge of two neighbours, left[0..left_bytes) and the right_bytes after it; UINT32_MAX: none. */
uint32_t tael__tokenizer_rank(const tael__tokenizer *t, const char *left, size_t left_bytes, size_t right_bytes);

/* The id of a name that text may become: never a control token, whatever merges a file has, since text must not be able
 * to end a turn, nor the name of a byte. -1: none. */
int32_t tael__tokenizer_text_id(const tael__tokenizer *t, const char *name, size_t bytes);

/* Neighbouring letters of a text. Its start never moves; one that was merged into its left neighbour has 0 bytes. */
typedef struct tael__symbol {
    uint32_t offset, bytes; /* in a run's letters */
    int32_t prev, next;     /* -1: none */
} tael__symbol;

/* A pair that could be merged, if both sides are still what they were. */
typedef struct tael__candidate {
    uint32_t rank, bytes; /* bytes of both sides */
    int32_t left, right;
} tael__candidate;

/* One call of tael__tokenize: where ids go, and room that its words share. */
typedef struct tael__run {
    const tael__tokenizer *t;
    tael__buffer *out;     /* ids */
    tael__buffer letters;  /* the text in the letters of token names */
    tael__symbol *symbols; /* owned */
    size_t symbol_capacity;
    tael__candidate *heap; /* owned; the least rank on top, then the leftmost */
    size_t heap_count, heap_capacity;
} tael__run;

/* Room for n symbols; what was there stays. */
tael_status tael__run_reserve(tael__run *r, size_t n);
/* Merges symbols[0..count), which are neighbours, until no pair has a rank. */
tael_status tael__run_merge(tael__run *r, size_t count);
tael_status tael__run_put(tael__run *r, int32_t id);

/* The ids of a text without special tokens, one function a kind. `starts`: nothing or a special token is before it. */
tael_status tael__run_bpe(tael__run *r, const char *text, size_t bytes);
tael_status tael__run_spm(tael__run *r, const char *text, size_t bytes, bool starts);
tael_status tael__run_words(tael__run *r, const char *text, size_t bytes);

#define TAEL__SPM_SPACE 0x2581u /* how names of SPM and WORDS write a space */

/* The rank of two neighbouring letters' merge into a token of that name: the higher its score, the lower its rank.
 * UINT32_MAX: none. */
uint32_t tael__spm_rank(const tael__tokenizer *t, const char *name, size_t bytes);

/* The letter that stands for a byte in token names: printable Latin-1 is itself, the rest follow from U+0100 on
 * (Radford et al., 2019, GPT-2's encoder). Both directions; -1: no byte. */
uint32_t tael__byte_letter(uint8_t byte);
int tael__letter_byte(uint32_t code);

#endif
