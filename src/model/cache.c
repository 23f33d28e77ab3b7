// SPDX-License-Identifier: Apache-2.0
// The KV cache's pages. The pool is one allocation of zero pages, so that a short run in a large context takes little
// memory; the whole of it must fit all the same, which is checked before it is asked for.
#include "model/cache.h"

#include <string.h>

#include "base/limits.h"
#include "base/system.h"

struct tael__mapped {
    tael__map map;
    uint32_t users;
};

static uint32_t pages_for(uint64_t positions)
{
    return (uint32_t)((positions + TAEL__KV_POSITIONS - 1) / TAEL__KV_POSITIONS);
}

/* Sizes of a page and of the pool; false when they don't fit a size_t. */
static bool lay_out(tael__cache *c, uint64_t tokens, size_t *bytes)
{
    const tael__cache_shape *s = &c->shape;
    c->k_run = tael__kv_run_bytes(s->kind, s->head_size);
    c->v_run = tael__kv_run_bytes(s->kind, s->value_size);
    c->layer_bytes = (c->k_run + c->v_run) * s->kv_heads;
    c->page_count = pages_for(tokens) + c->sequence_count; /* each sequence's last page is its own */
    return tael__mul_size(&c->page_bytes, c->layer_bytes, s->layers) &&
           tael__mul_size(bytes, c->page_bytes, c->page_count) && tael__add_size(bytes, *bytes, 64);
}

static bool tables_open(tael__cache *c)
{
    uint32_t most = pages_for(c->capacity);
    c->users = tael__alloc_array(c->page_count, sizeof *c->users);
    c->free = tael__alloc_array(c->page_count, sizeof *c->free);
    c->sequences = tael__alloc_array(c->sequence_count, sizeof *c->sequences);
    if (!c->users || !c->free || !c->sequences) return false;
    for (uint32_t i = 0; i < c->sequence_count; i++) {
        c->sequences[i].page = tael__alloc_array(most, sizeof *c->sequences[i].page);
        c->sequences[i].id = tael__alloc_array(most, sizeof *c->sequences[i].id);
        if (!c->sequences[i].page || !c->sequences[i].id) return false;
    }
    for (uint32_t i = 0; i < c->page_count; i++) c->free[i] = c->page_count - 1 - i; /* the first page is taken first */
    c->free_count = c->page_count;
    return true;
}

tael_status tael__cache_open(tael__cache *c, const tael__cache_shape *shape, uint32_t capacity, uint32_t sequences,
                             uint64_t tokens)
{
    size_t bytes = 0;
    *c = (tael__cache){.shape = *shape, .capacity = capacity, .sequence_count = sequences};
    bool fits = lay_out(c, tokens, &bytes);
    uint64_t total, available;
    tael__memory_tell(&total, &available);
    if (!fits || (available > 0 && bytes > available / 10 * 9))
        return tael__fail(TAEL_NO_MEMORY,
                          TAEL_SAY("context: %llu tokens take %zu MiB and %llu MiB are free; ask for fewer tokens",
                                   "上下文：%llu 个词元需要 %zu MiB，可用 %llu MiB；请减少词元数"),
                          (unsigned long long)tokens, fits ? bytes >> 20 : SIZE_MAX >> 20,
                          (unsigned long long)(available >> 20));
    c->memory = tael__alloc_zero(bytes);
    if (c->memory && tables_open(c)) {
        c->data = (char *)(((uintptr_t)c->memory + 63) & ~(uintptr_t)63);
        return TAEL_OK;
    }
    tael__cache_close(c);
    return tael__fail_memory(TAEL_SAY("context", "上下文"), bytes);
}

static void mapped_release(tael__mapped *m)
{
    if (!m || --m->users > 0) return;
    tael__map_close(&m->map);
    tael__free(m);
}

void tael__cache_close(tael__cache *c)
{
    for (uint32_t i = 0; c->sequences && i < c->sequence_count; i++) {
        mapped_release(c->sequences[i].file);
        tael__free(c->sequences[i].page);
        tael__free(c->sequences[i].id);
    }
    tael__free(c->sequences);
    tael__free(c->users);
    tael__free(c->free);
    tael__free(c->memory);
    *c = (tael__cache){0};
}

static void page_release(tael__cache *c, uint32_t id)
{
    if (id != TAEL__PAGE_MAPPED && --c->users[id] == 0) c->free[c->free_count++] = id;
}

/* Entry i of the sequence becomes a page of its own with room for writing, holding what it held before. */
static void page_take(tael__cache *c, tael__sequence *s, uint32_t i)
{
    uint32_t id = c->free[--c->free_count];
    char *page = c->data + c->page_bytes * id;
    c->users[id] = 1;
    if (i < s->pages) {
        memcpy(page, s->page[i], c->page_bytes);
        page_release(c, s->id[i]);
    } else {
        s->pages = i + 1;
    }
    s->page[i] = page;
    s->id[i] = id;
}

static bool own(const tael__cache *c, const tael__sequence *s, uint32_t i)
{
    return i < s->pages && s->id[i] != TAEL__PAGE_MAPPED && c->users[s->id[i]] == 1;
}

tael_status tael__cache_reserve(tael__cache *c, uint32_t sequence, size_t count)
{
    tael__sequence *s = &c->sequences[sequence];
    TAEL_ASSERT(count <= c->capacity - s->position);
    uint32_t first = s->position / TAEL__KV_POSITIONS, end = pages_for(s->position + count), needed = 0;
    for (uint32_t i = first; i < end; i++) needed += !own(c, s, i);
    if (needed > c->free_count)
        return tael__fail(TAEL_CONTEXT_FULL,
                          TAEL_SAY("context: all %u pages are taken by other sequences; wait until one has ended or "
                                   "open a larger context",
                                   "上下文：全部 %u 页都被其他序列占用；请等其中一个结束，或开更大的上下文"),
                          c->page_count);
    for (uint32_t i = first; i < end; i++)
        if (!own(c, s, i)) page_take(c, s, i);
    return TAEL_OK;
}

void tael__cache_rewind(tael__cache *c, uint32_t sequence, uint32_t position)
{
    tael__sequence *s = &c->sequences[sequence];
    if (position > s->position) return;
    s->position = position;
    while (s->pages > pages_for(position)) page_release(c, s->id[--s->pages]);
    if (s->pages > 0) return;
    mapped_release(s->file);
    s->file = NULL;
}

void tael__cache_fork(tael__cache *c, uint32_t from, uint32_t to, uint32_t positions)
{
    const tael__sequence *f = &c->sequences[from];
    tael__sequence *t = &c->sequences[to];
    if (from == to) return;
    tael__cache_rewind(c, to, 0);
    t->position = positions < f->position ? positions : f->position;
    t->pages = pages_for(t->position);
    for (uint32_t i = 0; i < t->pages; i++) {
        t->page[i] = f->page[i];
        t->id[i] = f->id[i];
        if (t->id[i] != TAEL__PAGE_MAPPED) c->users[t->id[i]]++;
    }
    t->file = t->pages > 0 ? f->file : NULL;
    if (t->file) t->file->users++;
}

size_t tael__cache_state_bytes(const tael__cache *c, uint32_t position)
{
    return c->page_bytes * pages_for(position);
}

/* One run with zeros from `positions` on: a page that was used before may hold another text's values there. */
static tael_status append_run(tael__buffer *out, const char *run, size_t run_bytes, const tael__cache *c, size_t size,
                              size_t positions)
{
    size_t each = c->shape.kind == TAEL__KV_f16 ? size * 2 : size, held = positions * each;
    size_t rest = TAEL__KV_POSITIONS * each, scales = positions * (size / 32 * 2);
    static const char zeros[4096];
    TAEL_TRY(tael__buffer_append(out, run, held));
    for (size_t at = held; at < rest; at += sizeof zeros)
        TAEL_TRY(tael__buffer_append(out, zeros, rest - at < sizeof zeros ? rest - at : sizeof zeros));
    if (c->shape.kind == TAEL__KV_f16) scales = 0;
    TAEL_TRY(tael__buffer_append(out, run + rest, scales));
    for (size_t at = rest + scales; at < run_bytes; at += sizeof zeros)
        TAEL_TRY(tael__buffer_append(out, zeros, run_bytes - at < sizeof zeros ? run_bytes - at : sizeof zeros));
    return TAEL_OK;
}

static tael_status append_partial(tael__buffer *out, const tael__cache *c, const char *page, size_t positions)
{
    for (uint32_t l = 0; l < c->shape.layers; l++) {
        for (uint32_t h = 0; h < c->shape.kv_heads; h++)
            TAEL_TRY(append_run(out, page + tael__cache_keys_at(c, l, h), c->k_run, c, c->shape.head_size, positions));
        for (uint32_t h = 0; h < c->shape.kv_heads; h++)
            TAEL_TRY(
                append_run(out, page + tael__cache_values_at(c, l, h), c->v_run, c, c->shape.value_size, positions));
    }
    return TAEL_OK;
}

tael_status tael__cache_state_write(const tael__cache *c, uint32_t sequence, tael__buffer *out)
{
    const tael__sequence *s = &c->sequences[sequence];
    uint32_t whole = s->position / TAEL__KV_POSITIONS, rest = s->position % TAEL__KV_POSITIONS;
    for (uint32_t i = 0; i < whole; i++) TAEL_TRY(tael__buffer_append(out, s->page[i], c->page_bytes));
    return rest > 0 ? append_partial(out, c, s->page[whole], rest) : TAEL_OK;
}

tael_status tael__cache_state_read(tael__cache *c, uint32_t sequence, uint32_t position, const void *data,
                                   tael__map *file)
{
    tael__sequence *s = &c->sequences[sequence];
    tael__mapped *mapped = NULL;
    if (position > c->capacity)
        return tael__fail(TAEL_CONTEXT_FULL,
                          TAEL_SAY("saved prefix: %u tokens don't fit a context of %u; open a larger one",
                                   "已存前缀：%u 个词元放不进 %u 的上下文；请开更大的上下文"),
                          position, c->capacity);
    if (file && (uintptr_t)data % 64 == 0 && position > 0) {
        mapped = tael__alloc_zero(sizeof *mapped);
        if (!mapped) return tael__fail_memory(TAEL_SAY("saved prefix", "已存前缀"), sizeof *mapped);
        *mapped = (tael__mapped){.map = *file, .users = 1};
        *file = (tael__map){0};
    }
    tael__cache_rewind(c, sequence, 0);
    if (!mapped) TAEL_TRY(tael__cache_reserve(c, sequence, position));
    for (uint32_t i = 0; i < pages_for(position); i++) {
        const char *page = (const char *)data + c->page_bytes * i;
        if (!mapped) {
            memcpy(s->page[i], page, c->page_bytes);
            continue;
        }
        s->page[i] = (char *)(uintptr_t)page;
        s->id[i] = TAEL__PAGE_MAPPED;
    }
    s->pages = pages_for(position);
    s->position = position;
    s->file = mapped;
    return TAEL_OK;
}
