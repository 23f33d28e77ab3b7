// SPDX-License-Identifier: Apache-2.0
// Numbers that a source gave to items and owners, of any size and sign, as 0, 1, 2, … so that arrays can hold what is
// known of them.
#include <string.h>

#include "habits/next.h"

static size_t slot_of(int64_t number, size_t slots) /* splitmix64's mixing: ids often count up */
{
    uint64_t z = (uint64_t)number + 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return (size_t)(z ^ z >> 31) & (slots - 1);
}

/* Where the number stands, or the free slot where it would. */
static size_t find_slot(const tael__ids *ids, int64_t number)
{
    size_t slots = 2 * ids->capacity, s = slot_of(number, slots);
    while (ids->slots[s] && ids->list[ids->slots[s] - 1] != number) s = (s + 1) & (slots - 1);
    return s;
}

bool tael__ids_find(const tael__ids *ids, int64_t number, uint32_t *index)
{
    if (!ids->capacity) return false;
    uint32_t found = ids->slots[find_slot(ids, number)];
    if (found) *index = found - 1;
    return found != 0;
}

static tael_status grow(tael__ids *ids)
{
    size_t capacity = ids->capacity ? 2 * ids->capacity : 64; /* a power of two */
    uint32_t *slots = tael__alloc_array(2 * capacity, sizeof *slots);
    int64_t *list = tael__alloc_array(capacity, sizeof *list);
    if (!slots || !list) {
        tael__free(slots);
        tael__free(list);
        return tael__fail_memory(TAEL_SAY("numbers of items", "商品编号"), capacity * 16);
    }
    if (ids->count) memcpy(list, ids->list, ids->count * sizeof *list);
    tael__free(ids->slots);
    tael__free(ids->list);
    ids->slots = slots;
    ids->list = list;
    ids->capacity = capacity;
    for (size_t i = 0; i < ids->count; i++) slots[find_slot(ids, list[i])] = (uint32_t)i + 1;
    return TAEL_OK;
}

tael_status tael__ids_add(tael__ids *ids, int64_t number, size_t max, uint32_t *index)
{
    if (tael__ids_find(ids, number, index)) return TAEL_OK;
    if (ids->count >= max)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("learning what is bought next: more than %zu different items or owners; leave out "
                                   "the rarest",
                                   "学习购买习惯：不同的商品或用户超过 %zu 个；请去掉最少见的"),
                          max);
    if (ids->count == ids->capacity) TAEL_TRY(grow(ids));
    ids->list[ids->count] = number;
    ids->slots[find_slot(ids, number)] = (uint32_t)ids->count + 1;
    *index = (uint32_t)ids->count++;
    return TAEL_OK;
}

void tael__ids_free(tael__ids *ids)
{
    tael__free(ids->slots);
    tael__free(ids->list);
    *ids = (tael__ids){0};
}
