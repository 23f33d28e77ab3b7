// SPDX-License-Identifier: Apache-2.0
// One step of a batch: let waiting requests in where there is room, compute a token of each running one and as much of
// the prompts as the step holds (Yu et al. 2022; Agrawal et al. 2023), then choose and give out. A request is let in
// only when the cache has room for all that it may become, so that none that runs is ever thrown out.
#include <string.h>

#include "generate/batch_internal.h"

#define WORTH_WAITING 32 /* tokens of a beginning that another request is computing */

/* ---- Ending ---- */

static void fill_result(const tael__request *r, tael_generation *g)
{
    double now = tael__clock_seconds(), prompted = r->prompted > 0 ? r->prompted : now;
    *g = (tael_generation){.finish = r->stream.finish,
                           .prompt_tokens = r->prompt_count - r->shared,
                           .completion_tokens = r->stream.made,
                           .passes = r->passes,
                           .stop = r->stream.output.stop};
    if (r->began > 0) {
        g->prefill_seconds = prompted - r->began;
        g->decode_seconds = now - prompted;
    }
    if (r->stream.first > 0) g->first_token_seconds = r->stream.first - r->added;
}

void tael__batch_end(tael_batch *b, tael__slot *slot, tael__request *r, tael_status status)
{
    char error[TAEL__MAX_ERROR_BYTES] = "";
    tael_generation result = {0};
    if (slot) {
        slot->request = NULL;
        b->running--;
        b->pages_promised -= r->pages;
        uint32_t held = tael__context_position(b->context, (uint32_t)(slot - b->slots));
        if (slot->list.count > held) slot->list.count = held;
    }
    if (status == TAEL_OK && slot) status = tael__output_flush(&r->stream.output);
    if (status == TAEL_OK)
        fill_result(r, &result);
    else
        memcpy(error, tael_error(), strnlen(tael_error(), sizeof error - 1));
    if (r->done) r->done(r->id, status, error, &result, r->user);
    tael__request_free(r);
}

static void end_cancelled(tael_batch *b, uint64_t id)
{
    for (tael__request **at = &b->first; *at; at = &(*at)->next) {
        tael__request *r = *at;
        if (r->id != id) continue;
        *at = r->next;
        if (b->last == &r->next) b->last = at;
        b->waiting--;
        tael__stream_finish(&r->stream, TAEL_FINISH_CANCELLED);
        tael__batch_end(b, NULL, r, TAEL_OK);
        return;
    }
    for (uint32_t i = 0; i < b->slot_count; i++) {
        tael__request *r = b->slots[i].request;
        if (!r || r->id != id) continue;
        tael__stream_finish(&r->stream, TAEL_FINISH_CANCELLED);
        tael__batch_end(b, &b->slots[i], r, TAEL_OK);
        return;
    }
}

static void take_cancelled(tael_batch *b)
{
    for (;;) {
        uint64_t id = 0;
        pthread_mutex_lock(&b->lock);
        if (b->cancel_count > 0) id = b->cancelled[--b->cancel_count];
        pthread_mutex_unlock(&b->lock);
        if (id == 0) return;
        end_cancelled(b, id);
    }
}

/* ---- Letting in ---- */

/* What a waiting prompt has in common with the sequences that are there. */
typedef struct beginning {
    uint32_t slot, tokens; /* the longest that is computed, and where */
    bool soon;             /* a running prompt is about to compute more of it, and it is much */
} beginning;

static beginning find_beginning(const tael_batch *b, const tael__request *r)
{
    beginning found = {.slot = UINT32_MAX};
    uint32_t longest = 0;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        const tael__list *l = &b->slots[i].list;
        uint32_t same = 0, held = tael__context_position(b->context, i);
        while (same + 1 < r->prompt_count && same < l->count && l->ids[same] == r->prompt[same]) same++;
        if (same > longest) longest = same; /* of a slot that nothing runs in, all is computed */
        if (same > held) same = held;
        if (same <= found.tokens) continue;
        found.tokens = same;
        found.slot = i;
    }
    found.soon = longest > found.tokens && longest >= WORTH_WAITING;
    return found;
}

/* A slot that nothing runs in, the one whose memory was last used longest ago, `kept` only when there is no other. */
static tael__slot *free_slot(tael_batch *b, uint32_t kept)
{
    tael__slot *best = NULL;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        tael__slot *s = &b->slots[i];
        if (s->request || i == kept) continue;
        if (!best || s->used < best->used) best = s;
    }
    if (!best && kept < b->slot_count && !b->slots[kept].request) best = &b->slots[kept];
    return best;
}

static void start(tael_batch *b, tael__slot *slot, tael__request *r, const beginning *from)
{
    uint32_t sequence = (uint32_t)(slot - b->slots);
    if (from->tokens == 0)
        tael__context_rewind(b->context, sequence, 0);
    else if (from->slot == sequence)
        tael__context_rewind(b->context, sequence, from->tokens);
    else
        tael__context_fork(b->context, from->slot, sequence, from->tokens);
    r->shared = tael__context_position(b->context, sequence);
    memcpy(slot->list.ids, r->prompt, r->prompt_count * sizeof *r->prompt);
    slot->list.count = r->prompt_count;
    slot->request = r;
    r->stream.list = &slot->list;
    r->began = tael__clock_seconds();
    b->running++;
    b->shared += r->shared;
    b->pages_promised += r->pages;
}

static void let_in(tael_batch *b)
{
    for (tael__request **at = &b->first; *at && b->running < b->slot_count;) {
        tael__request *r = *at;
        if (b->pages_promised + r->pages > b->pages) return; /* it is its turn: none goes before it */
        beginning from = find_beginning(b, r);
        tael__slot *slot = free_slot(b, from.slot);
        if (from.soon || !slot) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        if (b->last == &r->next) b->last = at;
        r->next = NULL;
        b->waiting--;
        start(b, slot, r, &from);
        tael_status status = tael__stream_jump(&r->stream);
        if (status != TAEL_OK || r->stream.finished) tael__batch_end(b, slot, r, status);
    }
}

/* ---- Computing ---- */

/* The next tokens of a slot's list, at most `most`; an output when they reach its end. */
static uint32_t add_run(tael_batch *b, uint32_t count, uint32_t slot, uint32_t most)
{
    const tael__list *l = &b->slots[slot].list;
    uint32_t held = tael__context_position(b->context, slot), n = l->count - held;
    bool whole = n <= most;
    if (!whole) n = most;
    b->runs[count] = (tael__run){.sequence = slot, .tokens = l->ids + held, .count = n, .wanted = whole ? n - 1 : n};
    b->run_slot[count] = slot;
    b->slots[slot].used = b->steps + 1;
    return n;
}

/* Those that have their prompt first, so that they don't wait for those that haven't; then prompts, oldest first. */
static uint32_t plan(tael_batch *b)
{
    uint32_t count = 0, left = b->step_tokens;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        const tael__request *r = b->slots[i].request;
        if (r && tael__context_position(b->context, i) >= r->prompt_count && left > 0)
            left -= add_run(b, count++, i, left);
    }
    for (uint64_t after = 0; left > 0;) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < b->slot_count; i++) {
            const tael__request *r = b->slots[i].request;
            if (!r || r->id <= after || tael__context_position(b->context, i) >= r->prompt_count) continue;
            if (next == UINT32_MAX || r->id < b->slots[next].request->id) next = i;
        }
        if (next == UINT32_MAX) break;
        after = b->slots[next].request->id;
        left -= add_run(b, count++, next, left);
    }
    return count;
}

/* Give back the memory of what is over, the oldest first; false when there is none. */
static bool make_room(tael_batch *b)
{
    tael__slot *oldest = NULL;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        tael__slot *s = &b->slots[i];
        if (s->request || tael__context_position(b->context, i) == 0) continue;
        if (!oldest || s->used < oldest->used) oldest = s;
    }
    if (!oldest) return false;
    tael__context_rewind(b->context, (uint32_t)(oldest - b->slots), 0);
    oldest->list.count = 0;
    return true;
}

static tael_status compute(tael_batch *b, uint32_t count)
{
    tael_status status;
    do status = tael__context_step(b->context, b->runs, count, NULL);
    while (status == TAEL_CONTEXT_FULL && make_room(b));
    if (status != TAEL_OK) return status;
    b->steps++;
    for (uint32_t i = 0; i < count; i++) b->tokens += b->runs[i].count;
    return TAEL_OK;
}

/* One token more of each slot that has an output. */
static void choose(tael_batch *b, uint32_t count)
{
    tael__rows rows = {.context = b->context};
    size_t row = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (b->runs[i].wanted == b->runs[i].count) continue;
        tael__slot *slot = &b->slots[b->run_slot[i]];
        tael__request *r = slot->request;
        if (r->prompted == 0) r->prompted = tael__clock_seconds();
        r->passes++;
        tael_status status = tael__stream_next(&r->stream, &rows, row++);
        if (status == TAEL_OK) status = tael__stream_jump(&r->stream);
        if (status != TAEL_OK || r->stream.finished) tael__batch_end(b, slot, r, status);
    }
}

static void end_all(tael_batch *b, tael_status status)
{
    for (uint32_t i = 0; i < b->slot_count; i++)
        if (b->slots[i].request) tael__batch_end(b, &b->slots[i], b->slots[i].request, status);
}

tael_status tael_batch_step(tael_batch *b, size_t *busy)
{
    tael_status status = TAEL_OK;
    if (!b)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("batch: NULL was given; open one first", "批处理：传入了 NULL；请先打开"));
    take_cancelled(b);
    let_in(b);
    uint32_t count = plan(b);
    if (count > 0) status = compute(b, count);
    if (status == TAEL_OK)
        choose(b, count);
    else
        end_all(b, status);
    if (busy) *busy = (size_t)b->running + b->waiting;
    return status;
}
