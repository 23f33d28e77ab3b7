// SPDX-License-Identifier: Apache-2.0
// Names and merges found by hash. Their texts stay in the file; two flat tables of eight bytes a slot point at them, so
// that opening a vocabulary of 300,000 costs milliseconds.
#include "model/tokenizer_internal.h"

tael_status tael__hash_table_make(tael__hash_table *table, uint32_t count)
{
    size_t slots = 64;
    while (slots - slots / 4 < count) slots *= 2;
    table->slots = tael__alloc_array(slots, sizeof *table->slots);
    if (!table->slots) return tael__fail_memory("tokenizer", slots * sizeof *table->slots);
    table->mask = slots - 1;
    return TAEL_OK;
}

static bool same(const char *base, tael__span span, const char *text, size_t bytes)
{
    return span.bytes == bytes && memcmp(base + span.offset, text, bytes) == 0;
}

void tael__tokenizer_put_name(tael__tokenizer *t, uint32_t i)
{
    const char *name = t->token_base + t->tokens[i].offset;
    uint64_t h = tael__hash_bytes(name, t->tokens[i].bytes);
    uint32_t tag = (uint32_t)(h >> 32);
    size_t k = (size_t)h & t->by_name.mask;
    for (tael__hash_slot *s; (s = &t->by_name.slots[k])->index_plus_1; k = (k + 1) & t->by_name.mask)
        if (s->tag == tag && same(t->token_base, t->tokens[s->index_plus_1 - 1], name, t->tokens[i].bytes)) break;
    t->by_name.slots[k] = (tael__hash_slot){tag, i + 1};
}

int32_t tael__tokenizer_name(const tael__tokenizer *t, const char *name, size_t bytes)
{
    uint64_t h = tael__hash_bytes(name, bytes);
    size_t k = (size_t)h & t->by_name.mask;
    for (tael__hash_slot s; (s = t->by_name.slots[k]).index_plus_1; k = (k + 1) & t->by_name.mask)
        if (s.tag == (uint32_t)(h >> 32) && same(t->token_base, t->tokens[s.index_plus_1 - 1], name, bytes))
            return (int32_t)(s.index_plus_1 - 1);
    return -1;
}

static uint64_t pair_hash(const char *left, size_t left_bytes, const char *right, size_t right_bytes)
{
    return tael__hash_mix(tael__hash_bytes(left, left_bytes) * 3, tael__hash_bytes(right, right_bytes));
}

static bool same_pair(const tael__tokenizer *t, uint32_t i, const char *left, size_t left_bytes, const char *right,
                      size_t right_bytes)
{
    const char *merge = t->merge_base + t->merges[i].offset;
    return t->merge_left[i] == left_bytes && t->merges[i].bytes == left_bytes + 1 + right_bytes &&
           memcmp(merge, left, left_bytes) == 0 && memcmp(merge + left_bytes + 1, right, right_bytes) == 0;
}

void tael__tokenizer_put_merge(tael__tokenizer *t, uint32_t i)
{
    const char *left = t->merge_base + t->merges[i].offset, *right = left + t->merge_left[i] + 1;
    size_t left_bytes = t->merge_left[i], right_bytes = t->merges[i].bytes - left_bytes - 1;
    uint64_t h = pair_hash(left, left_bytes, right, right_bytes);
    uint32_t tag = (uint32_t)(h >> 32);
    size_t k = (size_t)h & t->by_merge.mask;
    for (tael__hash_slot *s; (s = &t->by_merge.slots[k])->index_plus_1; k = (k + 1) & t->by_merge.mask)
        if (s->tag == tag && same_pair(t, s->index_plus_1 - 1, left, left_bytes, right, right_bytes))
            return; /* the first counts */
    t->by_merge.slots[k] = (tael__hash_slot){tag, i + 1};
}

uint32_t tael__tokenizer_rank(const tael__tokenizer *t, const char *left, size_t left_bytes, size_t right_bytes)
{
    const char *right = left + left_bytes;
    uint64_t h = pair_hash(left, left_bytes, right, right_bytes);
    size_t k = (size_t)h & t->by_merge.mask;
    for (tael__hash_slot s; (s = t->by_merge.slots[k]).index_plus_1; k = (k + 1) & t->by_merge.mask)
        if (s.tag == (uint32_t)(h >> 32) && same_pair(t, s.index_plus_1 - 1, left, left_bytes, right, right_bytes))
            return s.index_plus_1 - 1;
    return UINT32_MAX;
}
