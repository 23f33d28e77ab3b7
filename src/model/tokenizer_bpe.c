// SPDX-License-Identifier: Apache-2.0
// Text into ids: special tokens are found first, the text between them is cut into words, and each word's letters are
// merged pair by pair, the best rank first (Sennrich et al., 2016). A heap holds the pairs, so that a word of a million
// letters takes n log n steps. The order of decisions is llama.cpp's, hence so are the ids.
#include <stdlib.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/tokenizer_internal.h"

/* A run of letters of the word; merged ones have 0 bytes. Its start never moves. */
typedef struct symbol {
    uint32_t offset, bytes;
    int32_t prev, next; /* -1: none */
} symbol;

/* A pair that could be merged, if both sides are still what they were. */
typedef struct candidate {
    uint32_t rank, bytes; /* bytes of both sides */
    int32_t left, right;
} candidate;

/* A special token that lies at `offset`; `order` is its place in t->specials. */
typedef struct match {
    uint32_t offset, order;
} match;

typedef struct run {
    const tael__tokenizer *t;
    tael__buffer *out;
    tael__buffer letters; /* the word in the letters of token names */
    symbol *symbols;      /* owned */
    size_t symbol_count, symbol_capacity;
    candidate *heap; /* owned; the least on top */
    size_t heap_count, heap_capacity;
} run;

/* ---- The heap ---- */

static bool before(const candidate *a, const candidate *b)
{
    return a->rank < b->rank || (a->rank == b->rank && a->left < b->left);
}

/* Room for `n` items of `each` bytes, growing by half. */
static tael_status reserve(void **items, size_t *capacity, size_t n, size_t each)
{
    if (n <= *capacity) return TAEL_OK;
    size_t more = *capacity + *capacity / 2, bytes;
    if (more < n) more = n < 64 ? 64 : n;
    void *grown = tael__mul_size(&bytes, more, each) ? tael__realloc(*items, bytes) : NULL;
    if (!grown) return tael__fail_memory("tokens", more * each);
    *items = grown;
    *capacity = more;
    return TAEL_OK;
}

static tael_status push(run *r, candidate c)
{
    TAEL_TRY(reserve((void **)&r->heap, &r->heap_capacity, r->heap_count + 1, sizeof *r->heap));
    size_t i = r->heap_count++;
    for (; i > 0 && before(&c, &r->heap[(i - 1) / 2]); i = (i - 1) / 2) r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = c;
    return TAEL_OK;
}

static candidate pop(run *r)
{
    candidate top = r->heap[0], last = r->heap[--r->heap_count];
    size_t i = 0, n = r->heap_count;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&r->heap[child + 1], &r->heap[child])) child++;
        if (!before(&r->heap[child], &last)) break;
        r->heap[i] = r->heap[child];
    }
    if (n) r->heap[i] = last;
    return top;
}

/* ---- One word ---- */

static tael_status push_pair(run *r, int32_t left, int32_t right)
{
    if (left < 0 || right < 0) return TAEL_OK;
    const symbol *a = &r->symbols[left], *b = &r->symbols[right];
    uint32_t rank = tael__tokenizer_rank(r->t, r->letters.data + a->offset, a->bytes, b->bytes);
    if (rank == UINT32_MAX) return TAEL_OK;
    return push(r, (candidate){rank, a->bytes + b->bytes, left, right});
}

static tael_status put_id(run *r, int32_t id)
{
    return tael__buffer_append(r->out, &id, sizeof id);
}

/* The id of a name that text may become: never a control token, whatever merges a file has, since text must not be able
 * to end a turn. */
static int32_t text_id(const tael__tokenizer *t, const char *name, size_t bytes)
{
    int32_t id = tael__tokenizer_name(t, name, bytes);
    return tael__tokenizer_special(t, id) ? -1 : id;
}

/* The id of a symbol; if it has none, those of its letters. A letter that the vocabulary lacks is left out, as other
 * runtimes do: some files (SmolLM2) have no token for a few control bytes. */
static tael_status put_symbol(run *r, const symbol *s)
{
    const char *name = r->letters.data + s->offset;
    int32_t id = text_id(r->t, name, s->bytes);
    if (id >= 0) return put_id(r, id);
    for (size_t i = 0; i < s->bytes;) {
        uint32_t code;
        size_t took = tael__utf8_decode(name + i, s->bytes - i, &code, NULL);
        id = text_id(r->t, name + i, took);
        if (id >= 0) TAEL_TRY(put_id(r, id));
        i += took;
    }
    return TAEL_OK;
}

static tael_status merge_all(run *r)
{
    while (r->heap_count) {
        candidate c = pop(r);
        symbol *a = &r->symbols[c.left], *b = &r->symbols[c.right];
        if (a->bytes == 0 || b->bytes == 0 || a->bytes + b->bytes != c.bytes) continue; /* outdated */
        a->bytes += b->bytes;
        b->bytes = 0;
        a->next = b->next;
        if (b->next >= 0) r->symbols[b->next].prev = c.left;
        TAEL_TRY(push_pair(r, a->prev, c.left));
        TAEL_TRY(push_pair(r, c.left, a->next));
    }
    return TAEL_OK;
}

static tael_status put_word(run *r, const char *word, size_t bytes)
{
    TAEL_TRY(reserve((void **)&r->symbols, &r->symbol_capacity, bytes, sizeof *r->symbols));
    tael__buffer_clear(&r->letters);
    r->heap_count = 0;
    for (size_t i = 0; i < bytes; i++) {
        char letter[4];
        size_t n = tael__utf8_encode(letter, tael__byte_letter((uint8_t)word[i]));
        r->symbols[i] =
            (symbol){(uint32_t)r->letters.size, (uint32_t)n, (int32_t)i - 1, i + 1 < bytes ? (int32_t)i + 1 : -1};
        TAEL_TRY(tael__buffer_append(&r->letters, letter, n));
    }
    if (r->t->ignore_merges) {
        int32_t id = text_id(r->t, r->letters.data, r->letters.size);
        if (id >= 0) return put_id(r, id);
    }
    for (size_t i = 1; i < bytes; i++) TAEL_TRY(push_pair(r, (int32_t)i - 1, (int32_t)i));
    TAEL_TRY(merge_all(r));
    for (int32_t i = 0; i >= 0; i = r->symbols[i].next) TAEL_TRY(put_symbol(r, &r->symbols[i]));
    return TAEL_OK;
}

static tael_status put_text(run *r, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes;) {
        size_t n = tael__pre_word(r->t->pre, text + i, bytes - i);
        TAEL_TRY(put_word(r, text + i, n));
        i += n;
    }
    return TAEL_OK;
}

/* ---- Special tokens ---- */

/* All places where special tokens lie, the longest names first, each from left to right, none over another: a longer
 * name wins even over a shorter one that begins before it. `taken` has a bit a byte. */
static tael_status find_specials(const tael__tokenizer *t, const char *text, size_t bytes, bool special, uint8_t *taken,
                                 tael__buffer *found)
{
    for (uint32_t k = 0; k < t->special_count; k++) {
        uint32_t id = t->specials[k], n = t->tokens[id].bytes;
        const char *name = t->token_base + t->tokens[id].offset;
        if (!special && (t->flags[id] & TAEL__TOKEN_CONTROL)) continue;
        for (size_t i = 0; i + n <= bytes;) {
            const char *at = memmem(text + i, bytes - i, name, n);
            if (!at) break;
            size_t from = (size_t)(at - text), free_bytes = 0;
            while (free_bytes < n && !(taken[(from + free_bytes) / 8] >> (from + free_bytes) % 8 & 1)) free_bytes++;
            i = from + 1;
            if (free_bytes < n) continue;
            for (size_t b = from; b < from + n; b++) taken[b / 8] |= (uint8_t)(1u << b % 8);
            match m = {(uint32_t)from, k};
            TAEL_TRY(tael__buffer_append(found, &m, sizeof m));
            i = from + n;
        }
    }
    return TAEL_OK;
}

static int compare_matches(const void *a, const void *b)
{
    uint32_t x = ((const match *)a)->offset, y = ((const match *)b)->offset;
    return x < y ? -1 : x > y;
}

static tael_status put_all(run *r, const char *text, size_t bytes, bool special)
{
    const tael__tokenizer *t = r->t;
    tael__buffer found = {.max = TAEL__MAX_PROMPT_BYTES * sizeof(match)};
    uint8_t *taken = tael__alloc_zero(bytes / 8 + 1);
    tael_status status =
        taken ? find_specials(t, text, bytes, special, taken, &found) : tael__fail_memory("tokens", bytes / 8 + 1);
    tael__free(taken);
    match *matches = (match *)(void *)found.data; /* malloc's alignment */
    size_t n = found.size / sizeof *matches, at = 0;
    if (status == TAEL_OK && n) qsort(matches, n, sizeof *matches, compare_matches);
    for (size_t i = 0; i < n && status == TAEL_OK; i++) {
        uint32_t id = t->specials[matches[i].order];
        status = put_text(r, text + at, matches[i].offset - at);
        if (status == TAEL_OK) status = put_id(r, (int32_t)id);
        at = matches[i].offset + t->tokens[id].bytes;
    }
    if (status == TAEL_OK) status = put_text(r, text + at, bytes - at);
    tael__buffer_free(&found);
    return status;
}

tael_status tael__tokenize(const tael__tokenizer *t, const char *text, size_t bytes, bool special, tael__buffer *out)
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
    run r = {.t = t, .out = out, .letters = {.max = 2 * TAEL__MAX_PROMPT_BYTES}};
    tael_status status = bytes ? put_all(&r, text, bytes, special) : TAEL_OK;
    tael__buffer_free(&r.letters);
    tael__free(r.symbols);
    tael__free(r.heap);
    return status;
}

int32_t tael__tokenizer_find(const tael__tokenizer *t, const char *text, size_t bytes)
{
    int32_t id = tael__tokenizer_name(t, text, bytes);
    if (id >= 0 && t->flags[id] & (TAEL__TOKEN_CONTROL | TAEL__TOKEN_USER)) return id;
    tael__buffer name = {.max = 2 * TAEL__MAX_TOKEN_BYTES};
    for (size_t i = 0; i < bytes && i < TAEL__MAX_TOKEN_BYTES; i++) {
        char letter[4];
        size_t n = tael__utf8_encode(letter, tael__byte_letter((uint8_t)text[i]));
        if (tael__buffer_append(&name, letter, n) != TAEL_OK) break;
    }
    id = name.failed == TAEL_OK && name.size && bytes <= TAEL__MAX_TOKEN_BYTES
             ? tael__tokenizer_name(t, name.data, name.size)
             : -1;
    tael__buffer_free(&name);
    return id;
}
