// SPDX-License-Identifier: Apache-2.0
// Names found by hash. Their texts stay in the file; a flat table of eight bytes a slot points at them, so that opening
// a vocabulary of 150,000 costs milliseconds.
#include "base/limits.h"
#include "model/tokenizer_internal.h"

tael_status tael__texts_begin(tael__texts *w, const tael__gguf *file, const char *key)
{
    tael__gguf_type element;
    tael__gguf_cursor cursor = {0};
    tael__slice first;
    *w = (tael__texts){0};
    if (!tael__gguf_array(file, key, &element, &w->count) || element != TAEL__GGUF_STRING || w->count == 0 ||
        w->count > TAEL__MAX_VOCAB || !tael__gguf_array_text(file, key, &cursor, &first))
        return tael__tokenizer_bad_list(file, key);
    w->base = first.data;
    return TAEL_OK;
}

bool tael__texts_next(tael__texts *w, tael__span *span)
{
    const uint8_t *length = (const uint8_t *)w->base + w->offset - 8;
    uint64_t bytes = 0;
    for (int k = 7; k >= 0; k--) bytes = bytes << 8 | length[k];
    if (bytes > TAEL__MAX_TOKEN_BYTES || w->offset > UINT32_MAX - TAEL__MAX_TOKEN_BYTES) return false;
    *span = (tael__span){(uint32_t)w->offset, (uint32_t)bytes};
    w->offset += (size_t)bytes + 8;
    return true;
}

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

uint64_t tael__tokenizer_name_hash(const tael__tokenizer *t, uint32_t i)
{
    uint64_t h = tael__hash_bytes(t->token_base + t->tokens[i].offset, t->tokens[i].bytes);
    __builtin_prefetch(&t->by_name.slots[(size_t)h & t->by_name.mask], 1);
    return h;
}

void tael__tokenizer_put_name(tael__tokenizer *t, uint32_t i, uint64_t h)
{
    const char *name = t->token_base + t->tokens[i].offset;
    uint32_t tag = (uint32_t)(h >> 32);
    size_t k = (size_t)h & t->by_name.mask;
    for (tael__hash_slot *s; (s = &t->by_name.slots[k])->index_plus_1; k = (k + 1) & t->by_name.mask)
        if (s->tag == tag && same(t->token_base, t->tokens[s->index_plus_1 - 1], name, t->tokens[i].bytes)) {
            t->has_twins = true;
            break;
        }
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
