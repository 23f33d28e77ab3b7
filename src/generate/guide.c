// SPDX-License-Identifier: Apache-2.0
// Guided output: the schema's plan, a machine that follows the text, and masks over the vocabulary. A token may come
// when one of the machine's threads alone lets it through, so masks are made, and remembered, by thread.
#include "generate/guide_internal.h"

#include <math.h>
#include <string.h>

#define MASKS         16                                /* remembered; a record's fields come again and again */
#define KEY_BYTES     ((TAEL__MAX_JSON_DEPTH + 1) * 24) /* a thread and its containers without their indices */
#define TRIED_AT_ONCE 2                                 /* one choice is forced, two are enough to know it isn't */

typedef struct mask {
    uint64_t *bits; /* owned: one a token */
    uint64_t used;  /* when it was last asked for; 0: never */
    size_t key_bytes;
    uint8_t key[KEY_BYTES];
} mask;

struct tael__guide {
    tael__plan plan;
    const tael__guide_tokens *tokens;
    tael__guide_tokens *own_tokens; /* owned: made by tael__guide_open, else NULL */
    tael__machine machine, trial;   /* the text so far; whole texts that are asked about */
    tael__threads now;
    tael__thread *room; /* owned: for the walk */
    uint64_t *allowed;  /* owned: one bit a token */
    mask masks[MASKS];
    uint64_t clock;
    bool ended; /* an end token was accepted */
};

static size_t mask_words(const tael__guide *g)
{
    return (size_t)g->tokens->count / 64 + 1;
}

static tael_status allocate(tael__guide *g)
{
    size_t words = mask_words(g), threads = (size_t)TAEL__GUIDE_THREADS * (g->tokens->longest + 1);
    TAEL_TRY(tael__machine_open(&g->machine, &g->plan));
    TAEL_TRY(tael__machine_open(&g->trial, &g->plan));
    g->room = tael__alloc(threads * sizeof *g->room);
    g->allowed = tael__alloc_array(words, sizeof *g->allowed);
    bool good = g->room && g->allowed;
    for (int i = 0; i < MASKS && good; i++) {
        g->masks[i].bits = tael__alloc_array(words, sizeof *g->allowed);
        good = g->masks[i].bits != NULL;
    }
    return good ? TAEL_OK
                : tael__fail_memory(TAEL_SAY("guided output", "引导输出"), MASKS * words * sizeof *g->allowed);
}

tael_status tael__guide_open_with(tael__guide **out, const char *schema, const tael__guide_tokens *tokens)
{
    *out = NULL;
    tael__guide *g = tael__alloc_zero(sizeof *g);
    if (!g) return tael__fail_memory(TAEL_SAY("guided output", "引导输出"), sizeof *g);
    g->tokens = tokens;
    tael_status status = tael__plan_compile(&g->plan, schema);
    if (status == TAEL_OK) status = allocate(g);
    if (status != TAEL_OK) {
        tael__guide_close(g);
        return status;
    }
    tael__machine_start(&g->machine, &g->now);
    *out = g;
    return TAEL_OK;
}

tael_status tael__guide_open(tael__guide **out, const char *schema, const tael__tokenizer *tokenizer)
{
    tael__guide_tokens *tokens;
    *out = NULL;
    TAEL_TRY(tael__guide_tokens_of(&tokens, tokenizer));
    tael_status status = tael__guide_open_with(out, schema, tokens);
    if (status == TAEL_OK)
        (*out)->own_tokens = tokens;
    else
        tael__guide_tokens_close(tokens);
    return status;
}

void tael__guide_close(tael__guide *g)
{
    if (!g) return;
    for (int i = 0; i < MASKS; i++) tael__free(g->masks[i].bits);
    tael__free(g->allowed);
    tael__free(g->room);
    tael__machine_close(&g->machine);
    tael__machine_close(&g->trial);
    tael__plan_free(&g->plan);
    tael__guide_tokens_close(g->own_tokens);
    tael__free(g);
}

/* ---- Masks ---- */

/* A string that is far from both its limits lets the same tokens through wherever it is. */
static tael__thread without_count(const tael__guide *g, tael__thread t)
{
    uint32_t left;
    if (!tael__thread_in_string(&g->machine, &t, &left) || left < TAEL__GUIDE_TOKEN_BYTES) return t;
    int64_t least = TAEL__PLAN_NODE(&g->plan, t.node)->least;
    if (t.a >= least) t.a = (uint32_t)least;
    return t;
}

/* What the thread and its containers are, without where their records lie. */
static size_t make_key(const tael__guide *g, const tael__thread *t, uint8_t *key)
{
    size_t n = 0;
    memcpy(key, t, 24);
    for (n = 24; t->parent && n + 24 <= KEY_BYTES; n += 24) {
        t = &g->machine.records[t->parent];
        memcpy(key + n, t, 24);
    }
    return n;
}

static const uint64_t *mask_of(tael__guide *g, const tael__thread *thread)
{
    tael__thread t = without_count(g, *thread);
    uint8_t key[KEY_BYTES];
    size_t bytes = make_key(g, &t, key), oldest = 0;
    g->clock++;
    for (size_t i = 0; i < MASKS; i++) {
        mask *m = &g->masks[i];
        if (m->used && m->key_bytes == bytes && memcmp(m->key, key, bytes) == 0) {
            m->used = g->clock;
            return m->bits;
        }
        if (m->used < g->masks[oldest].used) oldest = i;
    }
    mask *m = &g->masks[oldest];
    memset(m->bits, 0, mask_words(g) * sizeof *m->bits);
    tael__guide_walk(g->tokens, &g->machine, &t, g->room, m->bits);
    memcpy(m->key, key, bytes);
    m->key_bytes = bytes;
    m->used = g->clock;
    return m->bits;
}

/* The bits of all tokens that may come. */
static void find_allowed(tael__guide *g)
{
    size_t words = mask_words(g);
    memset(g->allowed, 0, words * sizeof *g->allowed);
    for (uint32_t i = 0; i < g->now.count && !g->ended; i++) {
        if (g->now.at[i].node == TAEL__THREAD_ENDED) continue;
        const uint64_t *bits = mask_of(g, &g->now.at[i]);
        for (size_t w = 0; w < words; w++) g->allowed[w] |= bits[w];
    }
    if (g->ended || tael__machine_may_end(&g->machine, g->now.at, g->now.count))
        for (uint32_t i = 0; i < g->tokens->end_count; i++)
            g->allowed[g->tokens->ends[i] / 64] |= (uint64_t)1 << g->tokens->ends[i] % 64;
}

size_t tael__guide_allowed(tael__guide *g, int32_t *ids, size_t cap)
{
    size_t words = mask_words(g), count = 0, n = 0;
    find_allowed(g);
    for (size_t w = 0; w < words; w++) count += (size_t)__builtin_popcountll(g->allowed[w]);
    for (size_t w = 0; w < words && count <= cap; w++)
        for (uint64_t bits = g->allowed[w]; bits; bits &= bits - 1)
            ids[n++] = (int32_t)(w * 64) + __builtin_ctzll(bits);
    return count;
}

void tael__guide_mask(tael__guide *g, float *logits)
{
    find_allowed(g);
    for (uint32_t base = 0; base < g->tokens->count; base += 64) {
        uint64_t bits = g->allowed[base / 64];
        uint32_t n = g->tokens->count - base < 64 ? g->tokens->count - base : 64;
        if (bits == UINT64_MAX) continue;
        for (uint32_t i = 0; i < n; i++)
            if (!(bits >> i & 1)) logits[base + i] = -INFINITY;
    }
}

/* ---- Following the text ---- */

/* The threads after text[0..bytes) from `now`; false when it doesn't fit. */
static bool follow(tael__machine *m, tael__threads *now, const char *text, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        tael__threads next;
        if (i % 64 == 0) tael__machine_pack(m, now);
        tael__machine_step(m, now->at, now->count, (uint8_t)text[i], &next);
        if (next.count == 0) return false;
        now->count = next.count;
        memcpy(now->at, next.at, next.count * sizeof next.at[0]);
    }
    return true;
}

bool tael__guide_accept(tael__guide *g, int32_t id)
{
    const tael__guide_tokens *t = g->tokens;
    if (id < 0 || (uint32_t)id >= t->count) return false;
    for (uint32_t i = 0; i < t->end_count; i++) {
        if (t->ends[i] != id) continue;
        if (!g->ended && !tael__machine_may_end(&g->machine, g->now.at, g->now.count)) return false;
        g->ended = true;
        return true;
    }
    tael__slice s = t->bytes[id];
    if (g->ended || s.bytes == 0) return false;
    tael__threads next = g->now;
    if (!follow(&g->machine, &next, s.data, s.bytes)) return false;
    g->now = next;
    return true;
}

/* The only byte that may come next, or -1. */
static int only_byte(tael__machine *m, const tael__threads *now)
{
    uint32_t records = m->record_count, found = 0;
    int only = -1;
    if (tael__machine_may_end(m, now->at, now->count)) return -1;
    for (int byte = 0; byte < 256 && found < TRIED_AT_ONCE; byte++) {
        tael__threads next;
        tael__machine_step(m, now->at, now->count, (uint8_t)byte, &next);
        m->record_count = records;
        if (next.count == 0) continue;
        only = byte;
        found++;
    }
    return found == 1 ? only : -1;
}

bool tael__guide_done(const tael__guide *g)
{
    if (g->ended) return true;
    for (uint32_t i = 0; i < g->now.count; i++)
        if (g->now.at[i].node != TAEL__THREAD_ENDED) return false; /* a number's digits may go on */
    return g->now.count > 0;
}

bool tael__guide_matches(tael__guide *g, const char *text, size_t bytes)
{
    tael__threads now;
    tael__machine_start(&g->trial, &now);
    return follow(&g->trial, &now, text, bytes) && tael__machine_may_end(&g->trial, now.at, now.count);
}

size_t tael__guide_forced(tael__guide *g, char *buf, size_t cap)
{
    size_t n = 0;
    if (g->ended) return 0;
    tael__machine_pack(&g->machine, &g->now);
    tael__threads now = g->now;
    uint32_t records = g->machine.record_count;
    if (cap > TAEL__GUIDE_RECORDS / 2) cap = TAEL__GUIDE_RECORDS / 2; /* each byte may need a record a thread */
    while (n < cap) {
        int byte = only_byte(&g->machine, &now);
        if (byte < 0) break;
        tael__threads next;
        tael__machine_step(&g->machine, now.at, now.count, (uint8_t)byte, &next);
        if (next.count == 0) break;
        now = next;
        buf[n++] = (char)byte;
    }
    g->machine.record_count = records;
    return n;
}
