// SPDX-License-Identifier: Apache-2.0
// The merges of byte-level BPE. A merge makes a token, and in nearly every vocabulary each token is made by one merge,
// in the order of the ids. So a merge is kept with the token that it makes: a list of 150,000 is read by holding each
// against the next name, without a table of its own. The few that share a token, or make none, are found by hash.
#include "base/limits.h"
#include "model/tokenizer_internal.h"

static const char key[] = "tokenizer.ggml.merges";

static uint64_t pair_hash(const char *left, size_t left_bytes, const char *right, size_t right_bytes)
{
    return tael__hash_mix(tael__hash_bytes(left, left_bytes) * 3, tael__hash_bytes(right, right_bytes));
}

/* Where a merge is in by_odd: its slot, or the empty one where it would be. */
static tael__hash_slot *odd_slot(const tael__tokenizer *t, uint32_t tag, size_t at, const char *left, size_t left_bytes,
                                 const char *right, size_t right_bytes)
{
    for (size_t k = at & t->by_odd.mask;; k = (k + 1) & t->by_odd.mask) {
        tael__hash_slot *s = &t->by_odd.slots[k];
        if (s->index_plus_1 == 0) return s;
        const tael__odd_merge *m = &t->odd[s->index_plus_1 - 1];
        const char *text = t->merge_base + m->offset;
        if (s->tag == tag && m->left == left_bytes && m->right == right_bytes && memcmp(text, left, left_bytes) == 0 &&
            memcmp(text + left_bytes + 1, right, right_bytes) == 0)
            return s;
    }
}

static void put_odd(tael__tokenizer *t, uint32_t i)
{
    const tael__odd_merge *m = &t->odd[i];
    const char *left = t->merge_base + m->offset, *right = left + m->left + 1;
    uint64_t h = pair_hash(left, m->left, right, m->right);
    tael__hash_slot *s = odd_slot(t, (uint32_t)(h >> 32), (size_t)h, left, m->left, right, m->right);
    if (s->index_plus_1 == 0) *s = (tael__hash_slot){(uint32_t)(h >> 32), i + 1}; /* the first counts */
}

static bool makes(const tael__tokenizer *t, uint32_t id, const char *merge, size_t left, size_t right)
{
    const char *name = t->token_base + t->tokens[id].offset;
    return t->tokens[id].bytes == left + right && memcmp(name, merge, left) == 0 &&
           memcmp(name + left, merge + left + 1, right) == 0;
}

/* The token that a merge makes: most likely `guess`. -1: none. */
static int32_t made_by(const tael__tokenizer *t, int32_t guess, const char *merge, size_t left, size_t right)
{
    char name[TAEL__MAX_TOKEN_BYTES];
    if (!t->has_twins && guess >= 0 && (uint32_t)guess < t->size && makes(t, (uint32_t)guess, merge, left, right))
        return guess;
    memcpy(name, merge, left);
    memcpy(name + left, merge + left + 1, right);
    return tael__tokenizer_name(t, name, left + right);
}

static tael_status read_list(tael__tokenizer *t, const tael__gguf *file, tael__texts *walk, tael__buffer *odd)
{
    int32_t id = -1;
    for (uint32_t rank = 0; rank < walk->count; rank++) {
        tael__span span;
        if (!tael__texts_next(walk, &span)) return tael__tokenizer_bad_list(file, key);
        const char *merge = t->merge_base + span.offset;
        const char *space = span.bytes > 2 ? memchr(merge + 1, ' ', span.bytes - 1) : NULL;
        if (!space) return tael__tokenizer_bad_list(file, key);
        uint32_t left = (uint32_t)(space - merge), right = span.bytes - left - 1;
        id = made_by(t, id + 1, merge, left, right);
        tael__made *m = id >= 0 ? &t->made[id] : NULL;
        if (m && m->rank_plus_1 == 0)
            *m = (tael__made){rank + 1, left};
        else if (!m || m->left != left)
            TAEL_TRY(
                tael__buffer_append(odd, &(tael__odd_merge){span.offset, left, right, rank}, sizeof(tael__odd_merge)));
    }
    return TAEL_OK;
}

tael_status tael__tokenizer_read_merges(tael__tokenizer *t, const tael__gguf *file)
{
    tael__texts walk;
    tael__buffer odd = {.max = (size_t)TAEL__MAX_VOCAB * sizeof(tael__odd_merge)};
    TAEL_TRY(tael__texts_begin(&walk, file, key));
    t->merge_base = walk.base;
    t->made = tael__alloc_array(t->size, sizeof *t->made);
    if (!t->made) return tael__fail_memory("tokenizer", t->size * sizeof *t->made);
    tael_status status = read_list(t, file, &walk, &odd);
    if (status == TAEL_OK && odd.size > 0) {
        t->odd_count = (uint32_t)(odd.size / sizeof *t->odd);
        status = tael__hash_table_make(&t->by_odd, t->odd_count);
    }
    if (status == TAEL_OK && odd.size > 0) {
        t->odd = (tael__odd_merge *)(void *)tael__buffer_take(&odd);
        for (uint32_t i = 0; i < t->odd_count; i++) put_odd(t, i);
    }
    tael__buffer_free(&odd);
    return status;
}

uint32_t tael__tokenizer_rank(const tael__tokenizer *t, const char *left, size_t left_bytes, size_t right_bytes)
{
    int32_t id = tael__tokenizer_name(t, left, left_bytes + right_bytes);
    if (id >= 0 && t->made[id].left == left_bytes) return t->made[id].rank_plus_1 - 1;
    if (t->odd_count == 0) return UINT32_MAX;
    const char *right = left + left_bytes;
    uint64_t h = pair_hash(left, left_bytes, right, right_bytes);
    const tael__hash_slot *s = odd_slot(t, (uint32_t)(h >> 32), (size_t)h, left, left_bytes, right, right_bytes);
    return s->index_plus_1 ? t->odd[s->index_plus_1 - 1].rank : UINT32_MAX;
}
