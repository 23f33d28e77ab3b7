// SPDX-License-Identifier: Apache-2.0
// A session's state in a file: a head, the tokens, the context's pages. The head's hash covers all of the rest, so that
// a cut or changed file is refused before anything of it is used; a file that doesn't fit is only a file that isn't
// there.
#include <string.h>

#include "base/file.h"
#include "generate/internal.h"

#define MAGIC   0x4c454154564b5631u /* also tells the byte order */
#define VERSION 3u

typedef struct head {
    uint64_t magic;
    uint32_t version, token_count;
    uint64_t fingerprint; /* of the model's file */
    uint64_t state_bytes;
    uint64_t hash; /* of the head with 0 here, and of all that follows it */
} head;
_Static_assert(sizeof(head) == 40, "the head is written as it lies");

/* Pages begin at a cache line, for the context uses them where they lie in the file. */
static size_t head_bytes(uint32_t tokens)
{
    return (sizeof(head) + (size_t)tokens * sizeof(int32_t) + 63) & ~(size_t)63;
}

#define ODD 0x9E3779B97F4A7C15u

static uint64_t mix(uint64_t h, uint64_t word)
{
    h = (h ^ word) * ODD;
    return h ^ h >> 29;
}

/* Against accidents, not against forgery: whoever can write the file can write the session's folder. Eight lanes, for a
 * multiplication waits five cycles for its last: so it runs at the speed of memory. */
static uint64_t hash_bytes(uint64_t seed, const void *data, size_t bytes)
{
    const uint8_t *p = data;
    uint64_t lane[8], word[8], h = seed;
    for (int i = 0; i < 8; i++) lane[i] = seed + (uint64_t)i * ODD;
    for (; bytes >= sizeof word; p += sizeof word, bytes -= sizeof word) {
        memcpy(word, p, sizeof word);
        for (int i = 0; i < 8; i++) lane[i] = mix(lane[i], word[i]);
    }
    for (int i = 0; i < 8; i++) h = mix(h, lane[i]);
    for (; bytes > 0; bytes--) h = mix(h, *p++);
    return h;
}

static uint64_t hash_of(head h, const void *rest, size_t bytes)
{
    h.hash = 0;
    return hash_bytes(hash_bytes(bytes, &h, sizeof h), rest, bytes);
}

tael_status tael_session_save(const tael_session *s, const char *path)
{
    if (!s || !path)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: NULL was given; open one first", "会话：传入了 NULL；请先打开会话"));
    uint32_t count = tael__context_position(s->context, 0);
    size_t state = tael__context_state_bytes(s->context, count), bytes = head_bytes(count);
    head h = {.magic = MAGIC,
              .version = VERSION,
              .token_count = count,
              .fingerprint = tael__model_fingerprint(s->kit.model),
              .state_bytes = state};
    if (count == 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: nothing was prompted; prompt it first", "会话：没有提示；请先输入提示"));
    tael__buffer file = {.max = SIZE_MAX / 2};
    tael__buffer_append(&file, &h, sizeof h);
    tael__buffer_append(&file, s->list.ids, (size_t)count * sizeof *s->list.ids);
    while (file.failed == TAEL_OK && file.size < bytes) tael__buffer_append(&file, "", 1);
    tael_status status = file.failed;
    if (status == TAEL_OK) status = tael__context_state_write(s->context, 0, &file);
    if (status == TAEL_OK && file.size != bytes + state)
        status = tael__fail(TAEL_INTERNAL,
                            TAEL_SAY("%s: the state has %zu bytes instead of %zu; please report it",
                                     "%s：状态为 %zu 字节而非 %zu；请反馈此问题"),
                            path, file.size - bytes, state);
    if (status == TAEL_OK) {
        h.hash = hash_of(h, file.data + sizeof h, file.size - sizeof h);
        memcpy(file.data, &h, sizeof h);
        status = tael__file_write(path, file.data, file.size);
    }
    tael__buffer_free(&file);
    return status;
}

/* Everything that can be known before the session is touched. */
static bool fits(const tael_session *s, const tael__map *map, head *h)
{
    if (map->bytes < sizeof *h) return false;
    memcpy(h, map->data, sizeof *h);
    if (h->magic != MAGIC || h->version != VERSION || h->fingerprint != tael__model_fingerprint(s->kit.model))
        return false;
    if (h->token_count == 0 || h->token_count > s->list.capacity) return false;
    size_t rest = map->bytes - sizeof *h, start = head_bytes(h->token_count);
    if (map->bytes < start || map->bytes - start != h->state_bytes) return false;
    if (h->state_bytes != tael__context_state_bytes(s->context, h->token_count)) return false;
    if (hash_of(*h, map->data + sizeof *h, rest) != h->hash) return false;
    for (uint32_t i = 0; i < h->token_count; i++) {
        int32_t id;
        memcpy(&id, map->data + sizeof *h + i * sizeof id, sizeof id);
        if (id < 0 || (uint32_t)id >= s->kit.vocabulary) return false;
    }
    return true;
}

static tael_status load(tael_session *s, tael__map *map, const char *path)
{
    head h;
    if (!fits(s, map, &h))
        return tael__fail(TAEL_NOT_FOUND,
                          TAEL_SAY("%s: no saved state of this model and context; prompt again",
                                   "%s：不是此模型和上下文的已存状态；请重新输入提示"),
                          path);
    const uint8_t *data = map->data; /* the context takes the map */
    TAEL_TRY(tael__context_state_read(s->context, 0, h.token_count, data + head_bytes(h.token_count),
                                      (size_t)h.state_bytes, map));
    memcpy(s->list.ids, data + sizeof h, (size_t)h.token_count * sizeof *s->list.ids);
    s->list.count = h.token_count;
    s->ready = false;
    return TAEL_OK;
}

tael_status tael_session_load(tael_session *s, const char *path)
{
    if (!s || !path)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: NULL was given; open one first", "会话：传入了 NULL；请先打开会话"));
    tael__map map;
    tael_status status = tael__map_open(&map, path);
    if (status == TAEL_OK) {
        status = load(s, &map, path);
        tael__map_close(&map);
    } else if (status != TAEL_NO_MEMORY) {
        status = tael__fail(TAEL_NOT_FOUND,
                            TAEL_SAY("%s: it can't be read; prompt again", "%s：无法读取；请重新输入提示"), path);
    }
    return tael__session_failed(s, status);
}
