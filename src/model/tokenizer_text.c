// SPDX-License-Identifier: Apache-2.0
// Text into ids: special tokens are found first, and the text between them goes to the vocabulary's kind. What a token
// says, after another, is here too, so that text and ids turn into each other.
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

/* A special token that lies at `offset`; `order` is its place in t->specials. */
typedef struct match {
    uint32_t offset, order;
} match;

static const char *special_name(const tael__tokenizer *t, uint32_t order, uint32_t *bytes)
{
    tael__span span = t->tokens[t->specials[order]];
    *bytes = span.bytes;
    return t->token_base + span.offset;
}

/* The first of sorted[from..to), which share `depth` bytes, whose next byte is `byte` or more. */
static uint32_t first_from(const tael__tokenizer *t, uint32_t from, uint32_t to, uint32_t depth, unsigned byte)
{
    while (from < to) {
        uint32_t middle = from + (to - from) / 2, bytes;
        const char *name = special_name(t, t->sorted_specials[middle], &bytes);
        if (bytes <= depth || (uint8_t)name[depth] < byte)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* Which special tokens lie in the text at all, a bit each: of Gemma's six thousand hardly any. */
static void note_present(const tael__tokenizer *t, const char *text, size_t bytes, uint8_t *present)
{
    for (size_t i = 0; i < bytes; i++) {
        uint32_t from = t->special_first[(uint8_t)text[i]], to = t->special_first[(uint8_t)text[i] + 1], length;
        for (uint32_t depth = 1; from < to; depth++) {
            for (; from < to && (special_name(t, t->sorted_specials[from], &length), length == depth); from++)
                present[t->sorted_specials[from] / 8] |= (uint8_t)(1u << t->sorted_specials[from] % 8);
            if (i + depth >= bytes) break;
            from = first_from(t, from, to, depth, (uint8_t)text[i + depth]);
            to = first_from(t, from, to, depth, (uint8_t)text[i + depth] + 1u);
        }
    }
}

/* A bit a byte of the text. */
static bool is_set(const uint8_t *bits, size_t i)
{
    return bits[i / 8] >> i % 8 & 1;
}

static size_t next_free(const uint8_t *taken, size_t i, size_t bytes)
{
    while (i < bytes && is_set(taken, i)) i += i % 8 == 0 && taken[i / 8] == 0xFF ? 8 : 1;
    return i;
}

/* All places where special token `order` lies on bytes that no other has taken. */
static tael_status find_one(const tael__tokenizer *t, uint32_t order, const char *text, size_t bytes, uint8_t *taken,
                            tael__buffer *found)
{
    uint32_t n;
    const char *name = special_name(t, order, &n);
    for (size_t i = next_free(taken, 0, bytes); i + n <= bytes;) {
        const char *at = memmem(text + i, bytes - i, name, n);
        if (!at) break;
        size_t from = (size_t)(at - text), free_bytes = 0;
        while (free_bytes < n && !is_set(taken, from + free_bytes)) free_bytes++;
        i = next_free(taken, from + free_bytes, bytes);
        if (free_bytes < n) continue;
        for (size_t b = from; b < from + n; b++) taken[b / 8] |= (uint8_t)(1u << b % 8);
        match m = {(uint32_t)from, order};
        TAEL_TRY(tael__buffer_append(found, &m, sizeof m));
    }
    return TAEL_OK;
}

/* The longest names first, each from left to right, none over another: a longer name wins even over a shorter one that
 * begins before it. */
static tael_status find_specials(const tael__tokenizer *t, const char *text, size_t bytes, bool special,
                                 tael__buffer *found)
{
    uint8_t *taken = tael__alloc_zero(bytes / 8 + 1), *present = tael__alloc_zero(t->special_count / 8 + 1);
    tael_status status = taken && present ? TAEL_OK : tael__fail_memory("tokens", bytes / 8 + t->special_count / 8 + 2);
    if (status == TAEL_OK) note_present(t, text, bytes, present);
    for (uint32_t k = 0; k < t->special_count && status == TAEL_OK; k++)
        if (is_set(present, k) && (special || !(t->flags[t->specials[k]] & TAEL__TOKEN_CONTROL)))
            status = find_one(t, k, text, bytes, taken, found);
    tael__free(taken);
    tael__free(present);
    return status;
}

static int compare_matches(const void *a, const void *b)
{
    uint32_t x = ((const match *)a)->offset, y = ((const match *)b)->offset;
    return x < y ? -1 : x > y;
}

static tael_status put_text(tael__run *r, const char *text, size_t bytes, bool starts)
{
    switch (r->t->kind) {
    case TAEL__TOKENIZER_BPE: return tael__run_bpe(r, text, bytes);
    case TAEL__TOKENIZER_SPM: return tael__run_spm(r, text, bytes, starts);
    case TAEL__TOKENIZER_WORDS: return tael__run_words(r, text, bytes);
    }
    return TAEL_OK;
}

static tael_status put_all(tael__run *r, const char *text, size_t bytes, bool special, bool starts)
{
    const tael__tokenizer *t = r->t;
    tael__buffer found = {.max = TAEL__MAX_PROMPT_BYTES * sizeof(match)};
    tael_status status = find_specials(t, text, bytes, special, &found);
    match *matches = (match *)(void *)found.data; /* malloc's alignment */
    size_t n = found.size / sizeof *matches, at = 0;
    if (status == TAEL_OK && n) qsort(matches, n, sizeof *matches, compare_matches);
    for (size_t i = 0; i < n && status == TAEL_OK; i++) {
        uint32_t id = t->specials[matches[i].order];
        status = put_text(r, text + at, matches[i].offset - at, starts);
        if (status == TAEL_OK) status = tael__run_put(r, (int32_t)id);
        at = matches[i].offset + t->tokens[id].bytes;
        starts = true;
    }
    if (status == TAEL_OK) status = put_text(r, text + at, bytes - at, starts);
    tael__buffer_free(&found);
    return status;
}

/* Does a text after this token start anew, as one does that nothing is before? */
static bool starts_after(const tael__tokenizer *t, int32_t previous)
{
    return previous < 0 || (uint32_t)previous >= t->size ||
           (t->flags[previous] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER));
}

tael_status tael__tokenize_after(const tael__tokenizer *t, int32_t previous, const char *text, size_t bytes,
                                 bool special, tael__buffer *out)
{
    if (bytes > TAEL__MAX_PROMPT_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("text: longer than %zu bytes; make it shorter", "文本：超过 %zu 字节；请缩短"),
                          TAEL__MAX_PROMPT_BYTES);
    size_t bad = tael__utf8_invalid_at(text, bytes);
    if (bad < bytes)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("text: not UTF-8 at byte %zu; convert it to UTF-8 first",
                                   "文本：第 %zu 字节处不是 UTF-8；请先转换为 UTF-8"),
                          bad);
    tael__run r = {.t = t, .out = out, .letters = {.max = 3 * (TAEL__MAX_PROMPT_BYTES + 1)}};
    tael_status status = bytes ? put_all(&r, text, bytes, special, starts_after(t, previous)) : TAEL_OK;
    tael__buffer_free(&r.letters);
    tael__free(r.symbols);
    tael__free(r.heap);
    return status;
}

tael_status tael__tokenize(const tael__tokenizer *t, const char *text, size_t bytes, bool special, tael__buffer *out)
{
    return tael__tokenize_after(t, -1, text, bytes, special, out);
}

int32_t tael__tokenizer_text_id(const tael__tokenizer *t, const char *name, size_t bytes)
{
    int32_t id = tael__tokenizer_name(t, name, bytes);
    return id >= 0 && t->flags[id] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_BYTE) ? -1 : id;
}

int32_t tael__tokenizer_find(const tael__tokenizer *t, const char *text, size_t bytes)
{
    int32_t id = tael__tokenizer_name(t, text, bytes);
    if (bytes > TAEL__MAX_TOKEN_BYTES) return -1;
    if (id >= 0 && t->flags[id] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) return id;
    tael__buffer name = {.max = 3 * TAEL__MAX_TOKEN_BYTES};
    for (size_t i = 0; i < bytes; i++) {
        char letter[4] = {text[i]};
        size_t n = 1;
        if (t->kind == TAEL__TOKENIZER_BPE || text[i] == ' ')
            n = tael__utf8_encode(letter, t->kind == TAEL__TOKENIZER_BPE ? tael__byte_letter((uint8_t)text[i])
                                                                         : TAEL__SPM_SPACE);
        if (tael__buffer_append(&name, letter, n) != TAEL_OK) break;
    }
    id = name.failed == TAEL_OK && name.size ? tael__tokenizer_name(t, name.data, name.size) : -1;
    if (id < 0 && bytes == 1 && t->kind == TAEL__TOKENIZER_SPM) id = t->byte_ids[(uint8_t)text[0]];
    tael__buffer_free(&name);
    return id;
}

bool tael__tokenizer_silent(const tael__tokenizer *t, int32_t id)
{
    tael__slice name = tael__token_bytes(t, id);
    if (!tael__tokenizer_special(t, id)) return false;
    return t->kind != TAEL__TOKENIZER_BPE || tael__tokenizer_ends(t, id) ||
           (name.bytes >= 2 && memcmp(name.data, "<|", 2) == 0);
}

tael__slice tael__token_text(const tael__tokenizer *t, int32_t previous, int32_t id)
{
    tael__slice s = tael__token_bytes(t, id);
    bool marked = t->adds_space || t->kind == TAEL__TOKENIZER_WORDS;
    if (marked && s.bytes && s.data[0] == ' ' && starts_after(t, previous) && !starts_after(t, id))
        return (tael__slice){s.data + 1, s.bytes - 1};
    return s;
}
