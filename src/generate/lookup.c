// SPDX-License-Identifier: Apache-2.0
// Chains of places with the same pair of tokens, newest first, as in LZ77: a place costs one entry, a look-up a short
// walk, and a list of 100,000 tokens is indexed in a millisecond.
#include "generate/lookup.h"

#define WALK_MOST 64 /* places that are looked at */

tael_status tael__lookup_open(tael__lookup *l, const tael__list *list)
{
    *l = (tael__lookup){.bits = 8};
    while (l->bits < 20 && (uint32_t)1 << l->bits < list->capacity) l->bits++;
    l->last = tael__alloc_array((size_t)1 << l->bits, sizeof *l->last);
    l->previous = tael__alloc_array(list->capacity, sizeof *l->previous);
    if (l->last && l->previous) return TAEL_OK;
    tael__lookup_close(l);
    return tael__fail_memory(TAEL_SAY("looking back", "回看"), list->capacity * sizeof *l->previous);
}

void tael__lookup_close(tael__lookup *l)
{
    tael__free(l->last);
    tael__free(l->previous);
    *l = (tael__lookup){0};
}

/* Of the pair that ends at `at`. */
static uint32_t hash_at(const tael__lookup *l, const int32_t *ids, uint32_t at)
{
    uint32_t h = (uint32_t)ids[at - 1] * 0x9E3779B1u ^ (uint32_t)ids[at] * 0x85EBCA77u;
    return (h ^ h >> 15) * 0x2C1B3C6Du >> (32 - l->bits);
}

static uint32_t alike_at(const int32_t *ids, uint32_t at, uint32_t end)
{
    uint32_t n = 0;
    while (n <= at && n < TAEL__LOOKUP_MOST && ids[at - n] == ids[end - n]) n++;
    return n;
}

size_t tael__lookup_propose(tael__lookup *l, const tael__list *list, int32_t *out, size_t most, uint32_t *alike)
{
    uint32_t best = 0, found = 0, n = list->count;
    *alike = 0;
    if (n < TAEL__LOOKUP_LEAST) return 0;
    for (uint32_t at = l->indexed < 1 ? 1 : l->indexed; at + 1 < n; at++) { /* all but the end itself */
        uint32_t *last = &l->last[hash_at(l, list->ids, at)];
        l->previous[at] = *last;
        *last = at + 1;
    }
    l->indexed = n - 1;
    uint32_t place = l->last[hash_at(l, list->ids, n - 1)];
    for (int walked = 0; place > 0 && walked < WALK_MOST && best < TAEL__LOOKUP_MOST; walked++) {
        uint32_t like = alike_at(list->ids, place - 1, n - 1);
        if (like > best) {
            best = like;
            found = place;
        }
        place = l->previous[place - 1];
    }
    if (best < TAEL__LOOKUP_LEAST) return 0;
    *alike = best;
    size_t count = 0;
    for (; count < most; count++) { /* past the end it goes on with itself: a text that repeats */
        uint32_t from = found + (uint32_t)count;
        out[count] = from < n ? list->ids[from] : out[from - n];
    }
    return count;
}
