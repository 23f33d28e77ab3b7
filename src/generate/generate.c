// SPDX-License-Identifier: Apache-2.0
// The loop of a session: compute what the list is ahead, and with it what may follow; go on as long as what was
// computed is what was chosen; forget the rest. Proposals are exact: a step of up to TAEL__MATVEC_TOKENS tokens gives
// each the bits that it has alone, and every choice is made by the same sampler on the same logits as without.
#include "generate/internal.h"

typedef struct generating {
    tael_session *session;
    tael__stream stream;
    tael__speculation speculation;
    tael__rows rows;
    uint32_t base; /* tokens in the list at the last step; its row i is the output after base + i of them */
    uint32_t passes;
    double start; /* clock */
} generating;

static tael_status open_all(generating *g, const tael_generate_options *options, tael_token_fn *token, void *user)
{
    tael_session *s = g->session;
    g->rows.context = s->context;
    g->base = s->list.count;
    TAEL_TRY(tael__stream_open(&g->stream, &s->kit, &s->list, options, token, user));
    tael_speculate mode = g->stream.options.speculate;
    if (!tael__context_rewinds(s->context)) mode = TAEL_SPECULATE_OFF; /* going back costs more than it brings */
    return tael__speculation_open(&g->speculation, mode, &s->pace, s->draft, &s->list);
}

static void close_all(generating *g)
{
    tael__speculation_close(&g->speculation);
    tael__stream_close(&g->stream);
}

/* Room for proposed tokens in a step that has `pending` known ones: it must stay exact and within the context. */
static size_t room(const generating *g, uint32_t pending)
{
    const tael_session *s = g->session;
    size_t most = tael__context_batch(s->context), left = s->list.capacity - s->list.count;
    if (most > TAEL__MATVEC_TOKENS) most = TAEL__MATVEC_TOKENS;
    if (most > tael__context_logit_rows(s->context)) most = tael__context_logit_rows(s->context);
    most = pending < most ? most - pending : 0;
    return most < left ? most : left;
}

/* One step: the tokens that the context lacks and a proposal of what follows them, with an output after each. */
static tael_status step(generating *g)
{
    tael_session *s = g->session;
    tael__speculation *p = &g->speculation;
    uint32_t held = tael__context_position(s->context, 0), pending = s->list.count - held;
    g->rows.logits = NULL;
    g->base = s->list.count;
    p->count = 0;
    if (pending > 0) TAEL_TRY(tael__speculate(p, &s->list, room(g, pending), &s->cancel));
    double began = tael__clock_seconds();
    if (p->count == 0) {
        size_t batch = tael__context_batch(s->context);
        TAEL_TRY(tael__session_catch_up(s));
        g->passes += pending > batch ? (uint32_t)((pending + batch - 1) / batch) : 1;
    } else {
        int32_t ids[TAEL__MATVEC_TOKENS];
        for (uint32_t i = 0; i < pending; i++) ids[i] = s->list.ids[held + i];
        for (size_t i = 0; i < p->count; i++) ids[pending + i] = p->ids[i];
        tael__run run = {.tokens = ids, .count = pending + p->count, .wanted = pending - 1};
        TAEL_TRY(tael__context_step(s->context, &run, 1, &s->cancel));
        s->ready = true;
        g->passes++;
    }
    if (pending > 0) tael__pace_step(&s->pace, pending + p->count, tael__clock_seconds() - began);
    return TAEL_OK;
}

/* Choose by the step's outputs, one after the other, as long as the tokens that they follow are those in the list.
 * Then forget what was computed for nothing. */
static tael_status choose(generating *g)
{
    tael_session *s = g->session;
    tael__speculation *p = &g->speculation;
    tael_status status = TAEL_OK;
    uint32_t before = g->base;
    size_t right = 0, row = 0;
    bool exact = true; /* a long jump is computed as one, as it would be without a proposal */
    while (row <= p->count && row == right && exact && status == TAEL_OK && !g->stream.finished) {
        before = s->list.count;
        if (tael__session_cancelled(s)) {
            tael__stream_finish(&g->stream, TAEL_FINISH_CANCELLED);
            break;
        }
        status = tael__stream_next(&g->stream, &g->rows, row);
        if (status == TAEL_OK) status = tael__stream_jump(&g->stream);
        row = s->list.count - g->base;
        exact = s->list.count - before <= TAEL__MATVEC_TOKENS;
        while (exact && right < p->count && right < row && s->list.ids[g->base + right] == p->ids[right]) right++;
    }
    s->ready = s->ready && s->list.count == g->base && p->count == 0;
    if (p->count > 0) {
        uint32_t keep = status == TAEL_OK && !g->stream.finished ? g->base + (uint32_t)right : before;
        tael__context_rewind(s->context, 0, keep);
        tael__speculated(p, right, right < p->count && right < row);
    }
    return status;
}

static tael_status generate(generating *g)
{
    tael_session *s = g->session;
    TAEL_TRY(tael__stream_jump(&g->stream));
    while (!g->stream.finished) {
        if (!s->ready || tael__context_position(s->context, 0) != s->list.count) {
            tael_status status = step(g);
            if (status == TAEL_CANCELLED) {
                tael__stream_finish(&g->stream, TAEL_FINISH_CANCELLED);
                break;
            }
            if (status != TAEL_OK) return status;
        }
        TAEL_TRY(choose(g));
    }
    return tael__output_flush(&g->stream.output);
}

static void fill_result(const generating *g, tael_generation *result)
{
    const tael_session *s = g->session;
    double now = tael__clock_seconds(), from = s->prompt_start > 0 ? s->prompt_start : g->start;
    *result = (tael_generation){.finish = g->stream.finish,
                                .prompt_tokens = s->prompt_tokens,
                                .completion_tokens = g->stream.made,
                                .prefill_seconds = s->prefill_seconds,
                                .decode_seconds = now - g->start,
                                .first_token_seconds = g->stream.first > 0 ? g->stream.first - from : 0,
                                .passes = g->passes,
                                .proposed_tokens = g->speculation.proposed,
                                .accepted_tokens = g->speculation.accepted,
                                .stop = g->stream.output.stop};
}

tael_status tael_session_generate(tael_session *s, const tael_generate_options *options, tael_token_fn *token,
                                  void *user, tael_generation *result)
{
    if (!s)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("session: NULL was given; open one first", "会话：传入了 NULL；请先打开会话"));
    generating g = {.session = s, .start = tael__clock_seconds()};
    if (result) *result = (tael_generation){0};
    tael_status status = open_all(&g, options, token, user);
    if (status == TAEL_OK) status = generate(&g);
    if (status == TAEL_OK && result) fill_result(&g, result);
    close_all(&g);
    tael__session_uncancel(s);
    if (status == TAEL_OK) {
        s->prompt_tokens = 0;
        s->prefill_seconds = s->prompt_start = 0;
    }
    return tael__session_failed(s, status);
}
