// SPDX-License-Identifier: Apache-2.0
// A vocabulary ready for guiding. Sorted by bytes it is walked like a tree: a token starts from the state after the
// bytes that it shares with the one before, and when a byte doesn't fit, all that share it are passed over. Inside a
// string nearly everything fits, so what stays inside one is known beforehand and only tokens with a closing quote are
// walked.
#include "generate/guide_internal.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define NOT_INSIDE 255 /* in `characters`: the token doesn't stay inside a string */

typedef struct sort_item {
    uint64_t start; /* the first eight bytes, big-endian, so that numbers sort like text */
    int32_t id;
} sort_item;

static uint64_t start_of(tael__slice s)
{
    uint64_t start = 0;
    for (size_t i = 0; i < 8; i++) start = start << 8 | (i < s.bytes ? (uint8_t)s.data[i] : 0);
    return start;
}

/* Eight passes of counting sort over the starts, least byte first. */
static void sort_by_start(sort_item *items, sort_item *other, uint32_t n)
{
    for (int shift = 0; shift < 64; shift += 8) {
        uint32_t at[257] = {0};
        for (uint32_t i = 0; i < n; i++) at[(items[i].start >> shift & 255) + 1]++;
        for (int b = 0; b < 256; b++) at[b + 1] += at[b];
        for (uint32_t i = 0; i < n; i++) other[at[items[i].start >> shift & 255]++] = items[i];
        sort_item *swap = items;
        items = other;
        other = swap;
    }
}

static int compare_slices(tael__slice a, tael__slice b)
{
    int order = memcmp(a.data, b.data, a.bytes < b.bytes ? a.bytes : b.bytes);
    return order ? order : a.bytes < b.bytes ? -1 : a.bytes > b.bytes;
}

/* Most groups with one start are of two or three. */
static void insert_ids(int32_t *ids, uint32_t n, const tael__slice *bytes)
{
    for (uint32_t i = 1; i < n; i++) {
        int32_t moving = ids[i];
        uint32_t at = i;
        for (; at > 0 && compare_slices(bytes[ids[at - 1]], bytes[moving]) > 0; at--) ids[at] = ids[at - 1];
        ids[at] = moving;
    }
}

/* Heap sort of ids by their bytes: in place, and n log n whatever a hostile vocabulary holds. */
static void sort_ids(int32_t *ids, uint32_t n, const tael__slice *bytes)
{
    if (n <= 16) {
        insert_ids(ids, n, bytes);
        return;
    }
    for (uint32_t built = n / 2, left = n; left > 1;) {
        int32_t moving;
        if (built > 0) {
            moving = ids[--built];
        } else {
            moving = ids[--left];
            ids[left] = ids[0];
        }
        uint32_t i = built;
        for (uint32_t child; (child = 2 * i + 1) < left; i = child) {
            if (child + 1 < left && compare_slices(bytes[ids[child + 1]], bytes[ids[child]]) > 0) child++;
            if (compare_slices(bytes[ids[child]], bytes[moving]) <= 0) break;
            ids[i] = ids[child];
        }
        ids[i] = moving;
    }
}

static tael_status sort_tokens(tael__guide_tokens *t)
{
    uint32_t n = t->sorted_count;
    sort_item *items = tael__alloc_array((size_t)n + 1, 2 * sizeof *items);
    if (!items) return tael__fail_memory(TAEL_SAY("the vocabulary", "词表"), (size_t)n * 2 * sizeof *items);
    for (uint32_t i = 0; i < n; i++) items[i] = (sort_item){start_of(t->bytes[t->sorted[i]]), t->sorted[i]};
    sort_by_start(items, items + n, n);
    for (uint32_t i = 0; i < n; i++) t->sorted[i] = items[i].id;
    for (uint32_t i = 0; i < n;) { /* those with the same eight bytes, by all their bytes */
        uint32_t same = i + 1;
        while (same < n && items[same].start == items[i].start) same++;
        if (same - i > 1) sort_ids(t->sorted + i, same - i, t->bytes);
        i = same;
    }
    tael__free(items);
    return TAEL_OK;
}

static uint16_t shared_start(tael__slice a, tael__slice b)
{
    size_t n = 0, most = a.bytes < b.bytes ? a.bytes : b.bytes;
    while (n < most && a.data[n] == b.data[n]) n++;
    return (uint16_t)n;
}

static void find_shared(const tael__guide_tokens *t, const int32_t *ids, uint32_t n, uint16_t *shared)
{
    for (uint32_t i = 0; i < n; i++) shared[i] = i ? shared_start(t->bytes[ids[i - 1]], t->bytes[ids[i]]) : 0;
}

/* What the token does from between two characters of a string: how many characters it adds if it stays inside, or
 * NOT_INSIDE; *closes: it holds the closing quote. */
static uint8_t inside_string(tael__slice s, bool *closes)
{
    tael__thread thread = {0};
    *closes = false;
    tael__string_inside(&thread);
    for (size_t i = 0; i < s.bytes; i++) {
        tael__string_step step = tael__string_step_byte(&thread, (uint8_t)s.data[i], 0, INT64_MAX);
        *closes = step == TAEL__STRING_CLOSED;
        if (step != TAEL__STRING_ON) return NOT_INSIDE;
    }
    uint32_t characters =
        thread.a + (tael__string_clean(&thread) || thread.need ? 0 : 1); /* an open escape has its place */
    return characters < NOT_INSIDE ? (uint8_t)characters : NOT_INSIDE;
}

static tael_status allocate(tael__guide_tokens *t, uint32_t count)
{
    size_t n = (size_t)count + 1;
    t->count = count;
    t->bytes = tael__alloc_array(n, sizeof *t->bytes);
    t->characters = tael__alloc_array(n, 1);
    t->sorted = tael__alloc_array(n, sizeof *t->sorted);
    t->quoted = tael__alloc_array(n, sizeof *t->quoted);
    t->sorted_shared = tael__alloc_array(n, sizeof *t->sorted_shared);
    t->quoted_shared = tael__alloc_array(n, sizeof *t->quoted_shared);
    t->ends = tael__alloc_array(n, sizeof *t->ends);
    if (t->bytes && t->characters && t->sorted && t->quoted && t->sorted_shared && t->quoted_shared && t->ends)
        return TAEL_OK;
    return tael__fail_memory(TAEL_SAY("the vocabulary", "词表"), n * 32);
}

static void collect(tael__guide_tokens *t, const tael__token_source *source)
{
    for (uint32_t i = 0; i < t->count; i++) {
        int32_t id = (int32_t)i;
        tael__token_kind kind = source->kind(source->user, id);
        t->characters[i] = NOT_INSIDE;
        if (kind == TAEL__TOKEN_END) t->ends[t->end_count++] = id;
        if (kind != TAEL__TOKEN_TEXT) continue;
        tael__slice bytes = source->bytes(source->user, id);
        if (bytes.bytes == 0 || bytes.bytes > TAEL__GUIDE_TOKEN_BYTES) continue;
        t->bytes[i] = bytes;
        t->sorted[t->sorted_count++] = id;
        if (bytes.bytes > t->longest) t->longest = (uint32_t)bytes.bytes;
    }
}

tael_status tael__guide_tokens_open(tael__guide_tokens **out, const tael__token_source *source)
{
    *out = NULL;
    tael__guide_tokens *t = tael__alloc_zero(sizeof *t);
    if (!t) return tael__fail_memory(TAEL_SAY("the vocabulary", "词表"), sizeof *t);
    tael_status status = allocate(t, source->count);
    if (status == TAEL_OK) {
        collect(t, source);
        status = sort_tokens(t);
    }
    if (status != TAEL_OK) {
        tael__guide_tokens_close(t);
        return status;
    }
    find_shared(t, t->sorted, t->sorted_count, t->sorted_shared);
    for (uint32_t i = 0; i < t->sorted_count; i++) {
        int32_t id = t->sorted[i];
        bool closes;
        t->first_byte[(uint8_t)t->bytes[id].data[0] + 1]++;
        t->characters[id] = inside_string(t->bytes[id], &closes);
        if (closes) t->quoted[t->quoted_count++] = id;
    }
    for (int b = 0; b < 256; b++) t->first_byte[b + 1] += t->first_byte[b];
    find_shared(t, t->quoted, t->quoted_count, t->quoted_shared);
    *out = t;
    return TAEL_OK;
}

static tael__slice bytes_of(const void *user, int32_t id)
{
    return tael__token_bytes(user, id);
}

static tael__token_kind kind_of(const void *user, int32_t id)
{
    if (tael__tokenizer_ends(user, id)) return TAEL__TOKEN_END;
    return tael__tokenizer_special(user, id) ? TAEL__TOKEN_NEVER : TAEL__TOKEN_TEXT;
}

tael_status tael__guide_tokens_of(tael__guide_tokens **out, const tael__tokenizer *tokenizer)
{
    tael__token_source source = {tael__tokenizer_size(tokenizer), bytes_of, kind_of, tokenizer};
    return tael__guide_tokens_open(out, &source);
}

void tael__guide_tokens_close(tael__guide_tokens *t)
{
    if (!t) return;
    tael__free(t->bytes);
    tael__free(t->characters);
    tael__free(t->sorted);
    tael__free(t->quoted);
    tael__free(t->sorted_shared);
    tael__free(t->quoted_shared);
    tael__free(t->ends);
    tael__free(t);
}

/* ---- Sharing ---- */

/* A tokenizer outlives its sharers, so its address names it as long as one of them is there. */
typedef struct sharer {
    tael__guide_tokens *tokens;
    const tael__tokenizer *tokenizer;
    uint32_t users;
    struct sharer *next;
} sharer;
static sharer *all_shared;
static pthread_mutex_t sharing = PTHREAD_MUTEX_INITIALIZER;

tael_status tael__guide_tokens_share(tael__guide_tokens **out, const tael__tokenizer *tokenizer)
{
    tael_status status = TAEL_OK;
    *out = NULL;
    pthread_mutex_lock(&sharing);
    sharer *one = all_shared;
    while (one && one->tokenizer != tokenizer) one = one->next;
    if (!one) {
        one = tael__alloc_zero(sizeof *one);
        status = one ? tael__guide_tokens_of(&one->tokens, tokenizer)
                     : tael__fail_memory(TAEL_SAY("the vocabulary", "词表"), sizeof *one);
        if (status == TAEL_OK) {
            one->tokenizer = tokenizer;
            one->next = all_shared;
            all_shared = one;
        } else {
            tael__free(one);
        }
    }
    if (status == TAEL_OK) {
        one->users++;
        *out = one->tokens;
    }
    pthread_mutex_unlock(&sharing);
    return status;
}

void tael__guide_tokens_release(tael__guide_tokens *t)
{
    if (!t) return;
    pthread_mutex_lock(&sharing);
    for (sharer **at = &all_shared; *at; at = &(*at)->next) {
        sharer *one = *at;
        if (one->tokens != t) continue;
        if (--one->users == 0) {
            *at = one->next;
            tael__guide_tokens_close(one->tokens);
            tael__free(one);
        }
        break;
    }
    pthread_mutex_unlock(&sharing);
}

/* ---- The walk ---- */

/* The threads after each byte of the token at hand, one level after the other in `room`. */
typedef struct walk {
    tael__machine *machine;
    tael__thread *room;
    uint32_t first[TAEL__GUIDE_TOKEN_BYTES + 2];   /* where a level's threads start; the next level's start ends it */
    uint32_t records[TAEL__GUIDE_TOKEN_BYTES + 1]; /* the machine's records at each level */
} walk;

/* Level `depth` by one byte to level depth + 1; false when nothing fits. */
static bool walk_byte(walk *w, uint32_t depth, uint8_t byte)
{
    tael__threads next;
    uint32_t first = w->first[depth], end = w->first[depth + 1];
    w->machine->record_count = w->records[depth]; /* forget those of the tokens before */
    tael__machine_step(w->machine, w->room + first, end - first, byte, &next);
    if (next.count == 0) return false;
    memcpy(w->room + end, next.at, next.count * sizeof next.at[0]);
    w->first[depth + 2] = end + next.count;
    w->records[depth + 1] = w->machine->record_count;
    return true;
}

static void walk_list(walk *w, const tael__guide_tokens *t, const int32_t *ids, const uint16_t *shared, uint32_t n,
                      const uint32_t *first_byte, uint64_t *bits)
{
    uint32_t good = 0; /* bytes of the last token that was tried, that fit */
    for (uint32_t i = 0; i < n; i++) {
        if (shared[i] > good) continue; /* shares the byte that didn't fit */
        tael__slice s = t->bytes[ids[i]];
        good = shared[i];
        while (good < s.bytes && walk_byte(w, good, (uint8_t)s.data[good])) good++;
        if (good == s.bytes)
            bits[ids[i] / 64] |= (uint64_t)1 << ids[i] % 64;
        else if (good == 0 && first_byte)
            i = first_byte[(uint8_t)s.data[0] + 1] - 1; /* none that begins so: on to the next byte */
    }
}

void tael__guide_walk(const tael__guide_tokens *t, tael__machine *m, const tael__thread *from, tael__thread *room,
                      uint64_t *bits)
{
    walk w = {.machine = m, .room = room};
    uint32_t records = m->record_count, left;
    room[0] = *from;
    w.first[1] = 1;
    w.records[0] = records;
    if (tael__thread_in_string(m, from, &left)) {
        for (uint32_t i = 0; i < t->count; i++)
            if (t->characters[i] != NOT_INSIDE && t->characters[i] <= left) bits[i / 64] |= (uint64_t)1 << i % 64;
        walk_list(&w, t, t->quoted, t->quoted_shared, t->quoted_count, NULL, bits);
    } else {
        walk_list(&w, t, t->sorted, t->sorted_shared, t->sorted_count, t->first_byte, bits);
    }
    m->record_count = records;
}
