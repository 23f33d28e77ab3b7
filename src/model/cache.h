// SPDX-License-Identifier: Apache-2.0
/* The KV cache: pages of TAEL__KV_POSITIONS positions, each with all layers' keys and values for them, and sequences
 * that are lists of pages (Kwon et al. 2023). Sequences with the same beginning share its pages until one of them
 * writes; pages of a saved prefix are those of the mapped file. */
#ifndef TAEL__MODEL_CACHE_H
#define TAEL__MODEL_CACHE_H

#include "base/file.h"
#include "base/memory.h"
#include "compute/attend.h"

/* What a page holds: for each layer the runs of its heads' keys, then of their values. A layer without keys of its own
 * has no heads. */
typedef struct tael__cache_shape {
    tael__kv_kind kind;
    uint32_t layers, kv_heads, head_size, value_size;
} tael__cache_shape;

typedef struct tael__mapped tael__mapped;

typedef struct tael__sequence {
    uint32_t position;  /* tokens that it holds */
    uint32_t pages;     /* entries of page and id in use; at least as many as `position` needs */
    char **page;        /* borrowed: the pool's memory or a mapped file's, which nobody writes */
    uint32_t *id;       /* in the pool, or TAEL__PAGE_MAPPED */
    tael__mapped *file; /* NULL, or what keeps mapped pages where they are; counted */
} tael__sequence;
#define TAEL__PAGE_MAPPED UINT32_MAX

typedef struct tael__cache {
    tael__cache_shape shape;
    size_t k_run, v_run; /* bytes of one head's run */
    size_t layer_bytes, page_bytes;
    uint32_t capacity;   /* positions of a sequence */
    uint32_t page_count; /* in the pool */
    uint32_t free_count;
    void *memory;              /* owned: pages nobody has written to take no memory */
    char *data;                /* of the first page, 64-byte aligned */
    uint32_t *users, *free;    /* owned: of each page; those without users, last in first out */
    tael__sequence *sequences; /* owned */
    uint32_t sequence_count;
} tael__cache;

/* capacity: positions of each of `sequences`; tokens: of all together. TAEL_NO_MEMORY names what is free. */
tael_status tael__cache_open(tael__cache *cache, const tael__cache_shape *shape, uint32_t capacity, uint32_t sequences,
                             uint64_t tokens);
void tael__cache_close(tael__cache *cache);

/* Make positions position..position+count-1 of a sequence its own to write; they are within its capacity.
 * TAEL_CONTEXT_FULL: the pool has no room; the sequence holds what it held. */
tael_status tael__cache_reserve(tael__cache *cache, uint32_t sequence, size_t count);
/* Forget what comes from `position` on. */
void tael__cache_rewind(tael__cache *cache, uint32_t sequence, uint32_t position);
/* `to` becomes the first `positions` of `from`, sharing their pages. */
void tael__cache_fork(tael__cache *cache, uint32_t from, uint32_t to, uint32_t positions);

/* Pages of positions 0..position-1, whole, with zeros where nothing is held. */
size_t tael__cache_state_bytes(const tael__cache *cache, uint32_t position);
tael_status tael__cache_state_write(const tael__cache *cache, uint32_t sequence, tael__buffer *out);
/* The other way. With `file`, the map that `data` lies in, nothing is copied and the map is taken (and emptied). */
tael_status tael__cache_state_read(tael__cache *cache, uint32_t sequence, uint32_t position, const void *data,
                                   tael__map *file);

/* Where in a page a head's keys or values begin. */
static inline size_t tael__cache_keys_at(const tael__cache *c, uint32_t layer, size_t head)
{
    return c->layer_bytes * layer + c->k_run * head;
}
static inline size_t tael__cache_values_at(const tael__cache *c, uint32_t layer, size_t head)
{
    return c->layer_bytes * layer + c->k_run * c->shape.kv_heads + c->v_run * head;
}

#endif
