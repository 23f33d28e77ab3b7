// SPDX-License-Identifier: Apache-2.0
// The KV cache: one allocation of zero pages, so that a short run in a large context takes little memory; the whole of
// it must fit all the same, which is checked before it is asked for. And its positions as bytes, for saved prefixes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

/* What the system says could be had without swapping; 0 where it doesn't say. */
static uint64_t available_bytes(void)
{
    char line[128];
    unsigned long long kib = 0;
    FILE *f = fopen("/proc/meminfo", "re");
    if (!f) return 0;
    while (fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) break;
    fclose(f);
    return (uint64_t)kib * 1024;
}

tael_status tael__cache_open(tael__cache *cache, const tael__sizes *sizes, uint32_t capacity)
{
    size_t values, bytes;
    *cache = (tael__cache){
        .head_size = sizes->head_size, .layers = sizes->layers, .kv_heads = sizes->kv_heads, .capacity = capacity};
    bool fits = tael__mul_size(&cache->per_head, capacity, sizes->head_size) &&
                tael__mul_size(&cache->per_kind, cache->per_head, sizes->kv_heads) &&
                tael__mul_size(&values, cache->per_kind, 2 * (size_t)sizes->layers) &&
                tael__mul_size(&bytes, values, sizeof(uint16_t));
    uint64_t available = available_bytes();
    if (!fits || (available > 0 && bytes > available / 10 * 9))
        return tael__fail(TAEL_NO_MEMORY,
                          TAEL_SAY("context: %u tokens take %zu MiB and %llu MiB are free; ask for fewer tokens",
                                   "上下文：%u 个词元需要 %zu MiB，可用 %llu MiB；请减少词元数"),
                          capacity, fits ? bytes >> 20 : SIZE_MAX >> 20, (unsigned long long)(available >> 20));
    cache->data = tael__alloc_zero(bytes);
    return cache->data ? TAEL_OK : tael__fail_memory(TAEL_SAY("context", "上下文"), bytes);
}

void tael__cache_close(tael__cache *cache)
{
    tael__free(cache->data);
    *cache = (tael__cache){0};
}

/* Runs of positions 0..position-1: one per layer, kind and head. */
static size_t run_count(const tael__cache *c)
{
    return 2 * (size_t)c->layers * c->kv_heads;
}

size_t tael__context_state_bytes(const tael__context *c, uint32_t position)
{
    return run_count(&c->cache) * position * c->cache.head_size * sizeof(uint16_t);
}

tael_status tael__context_state_write(const tael__context *c, tael__buffer *out)
{
    const tael__cache *cache = &c->cache;
    size_t run_bytes = c->position * cache->head_size * sizeof(uint16_t);
    for (size_t i = 0; i < run_count(cache); i++)
        TAEL_TRY(tael__buffer_append(out, cache->data + i * cache->per_head, run_bytes));
    return TAEL_OK;
}

tael_status tael__context_state_read(tael__context *c, uint32_t position, const void *data, size_t bytes)
{
    tael__cache *cache = &c->cache;
    if (position > cache->capacity)
        return tael__fail(TAEL_CONTEXT_FULL,
                          TAEL_SAY("saved prefix: %u tokens don't fit a context of %u; open a larger one",
                                   "已存前缀：%u 个词元放不进 %u 的上下文；请开更大的上下文"),
                          position, cache->capacity);
    if (bytes != tael__context_state_bytes(c, position))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("saved prefix: %zu bytes, where this model needs %zu; make it again",
                                   "已存前缀：有 %zu 字节，而此模型需要 %zu；请重新生成"),
                          bytes, tael__context_state_bytes(c, position));
    size_t run_bytes = position * cache->head_size * sizeof(uint16_t);
    for (size_t i = 0; i < run_count(cache) && run_bytes > 0; i++)
        memcpy(cache->data + i * cache->per_head, (const char *)data + i * run_bytes, run_bytes);
    c->position = position;
    return TAEL_OK;
}
