// SPDX-License-Identifier: Apache-2.0
// Merging neighbours pair by pair, the best rank first and of equals the leftmost (Sennrich et al., 2016). A heap holds
// the pairs, so that a text of a million letters takes n log n steps. What a pair's rank is depends on the kind: its
// place in the list of merges, or the score of the token that it gives.
#include "model/tokenizer_internal.h"

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

tael_status tael__run_reserve(tael__run *r, size_t n)
{
    return reserve((void **)&r->symbols, &r->symbol_capacity, n, sizeof *r->symbols);
}

static bool before(const tael__candidate *a, const tael__candidate *b)
{
    return a->rank < b->rank || (a->rank == b->rank && a->left < b->left);
}

static tael_status push(tael__run *r, tael__candidate c)
{
    TAEL_TRY(reserve((void **)&r->heap, &r->heap_capacity, r->heap_count + 1, sizeof *r->heap));
    size_t i = r->heap_count++;
    for (; i > 0 && before(&c, &r->heap[(i - 1) / 2]); i = (i - 1) / 2) r->heap[i] = r->heap[(i - 1) / 2];
    r->heap[i] = c;
    return TAEL_OK;
}

static tael__candidate pop(tael__run *r)
{
    tael__candidate top = r->heap[0], last = r->heap[--r->heap_count];
    size_t i = 0, n = r->heap_count;
    for (size_t child; (child = 2 * i + 1) < n; i = child) {
        if (child + 1 < n && before(&r->heap[child + 1], &r->heap[child])) child++;
        if (!before(&r->heap[child], &last)) break;
        r->heap[i] = r->heap[child];
    }
    if (n) r->heap[i] = last;
    return top;
}

static tael_status push_pair(tael__run *r, int32_t left, int32_t right)
{
    if (left < 0 || right < 0) return TAEL_OK;
    const tael__symbol *a = &r->symbols[left], *b = &r->symbols[right];
    const char *name = r->letters.data + a->offset;
    uint32_t rank = r->t->kind == TAEL__TOKENIZER_BPE ? tael__tokenizer_rank(r->t, name, a->bytes, b->bytes)
                                                      : tael__spm_rank(r->t, name, a->bytes + b->bytes);
    if (rank == UINT32_MAX) return TAEL_OK;
    return push(r, (tael__candidate){rank, a->bytes + b->bytes, left, right});
}

tael_status tael__run_merge(tael__run *r, size_t count)
{
    r->heap_count = 0;
    for (size_t i = 1; i < count; i++) TAEL_TRY(push_pair(r, (int32_t)i - 1, (int32_t)i));
    while (r->heap_count) {
        tael__candidate c = pop(r);
        tael__symbol *a = &r->symbols[c.left], *b = &r->symbols[c.right];
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

tael_status tael__run_put(tael__run *r, int32_t id)
{
    return tael__buffer_append(r->out, &id, sizeof id);
}
