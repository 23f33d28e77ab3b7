// SPDX-License-Identifier: Apache-2.0
// A proposal of p tokens, each right with chance r when those before it are, brings 1 + r + ... + r^p tokens for the
// price of one step, of p more tokens in it, and of drafting them. The p that brings most for a second is taken; where
// none beats a plain step there is no proposal. Rates drift back to where they began as long as they go untried, so
// that what didn't help is tried again, rarely.
#include "generate/speculate.h"

#include <string.h>

#include "base/date.h"

#define LEARN   0.12 /* how much one outcome moves a rate */
#define FORGET  0.01 /* how much an untried rate drifts back */
#define TIMES   0.2  /* how much one step moves a duration */
#define PRICE   0.15 /* of one more token in a step, in steps, until it has been seen */
#define PRICEST 1.5  /* a slower step had other reasons */

static const double expected[TAEL__TRUSTS] = {0.45, 0.6, 0.75, 0.85, 0.85};

tael_status tael__speculation_open(tael__speculation *s, tael_speculate mode, tael__pace *pace, tael__draft *draft,
                                   const tael__list *list)
{
    *s = (tael__speculation){.mode = mode, .pace = pace, .draft = draft};
    if (pace->rate[0] == 0)
        for (int i = 0; i < TAEL__TRUSTS; i++) pace->rate[i] = expected[i];
    return mode == TAEL_SPECULATE_OFF ? TAEL_OK : tael__lookup_open(&s->lookup, list);
}

void tael__speculation_close(tael__speculation *s)
{
    tael__lookup_close(&s->lookup);
}

/* The best length of a proposal, up to `most`; `each`: seconds that one token of it costs beforehand. */
static size_t best_length(const tael__pace *p, tael__trust trust, size_t most, double each)
{
    double tokens = 1, chance = 1, best = 1 / p->one;
    size_t length = 0;
    for (size_t n = 1; n <= most; n++) {
        chance *= p->rate[trust];
        tokens += chance;
        double speed = tokens / (p->one + (p->extra + each) * (double)n);
        if (speed <= best) continue;
        best = speed;
        length = n;
    }
    return length;
}

static size_t length_of(tael__speculation *s, tael__trust trust, size_t most, double each)
{
    if (s->mode == TAEL_SPECULATE_ALWAYS) return most;
    size_t length = best_length(s->pace, trust, most, each);
    if (length == 0) s->pace->rate[trust] += FORGET * (expected[trust] - s->pace->rate[trust]);
    return length;
}

static tael__trust trust_of(uint32_t alike)
{
    return alike >= 8 ? TAEL__LIKE_8 : alike >= 5 ? TAEL__LIKE_5 : alike >= 3 ? TAEL__LIKE_3 : TAEL__LIKE_2;
}

/* A drafted proposal in place of the one at hand, where there is one. */
static tael_status draft(tael__speculation *s, const tael__list *list, size_t most, const volatile bool *cancel)
{
    int32_t ids[TAEL__SPECULATE_MOST];
    tael__pace *p = s->pace;
    size_t length = length_of(s, TAEL__DRAFTED, most, p->drafted), count, sure;
    if (length == 0) return TAEL_OK;
    double began = tael__clock_seconds();
    bool behind =
        tael__draft_behind(s->draft, list); /* the prompt is computed then, which says nothing about a token */
    TAEL_TRY(tael__draft_propose(s->draft, list, ids, length, &count, &sure, cancel));
    double each = (tael__clock_seconds() - began) / (double)(count > 0 ? count : 1);
    if (!behind) p->drafted = p->drafted == 0 ? each : p->drafted + TIMES * (each - p->drafted);
    if (count == 0) return TAEL_OK;
    memcpy(s->ids, ids, count * sizeof *ids);
    s->trust = TAEL__DRAFTED;
    s->count = count;
    s->sure = sure;
    return TAEL_OK;
}

tael_status tael__speculate(tael__speculation *s, const tael__list *list, size_t most, const volatile bool *cancel)
{
    uint32_t alike;
    s->count = 0;
    if (most > TAEL__SPECULATE_MOST) most = TAEL__SPECULATE_MOST;
    if (s->mode == TAEL_SPECULATE_OFF || most == 0) return TAEL_OK;
    if (s->mode == TAEL_SPECULATE_AUTO && s->pace->one == 0) return TAEL_OK; /* one step to compare with */
    size_t found = tael__lookup_propose(&s->lookup, list, s->ids, most, &alike);
    if (found > 0) {
        s->trust = trust_of(alike);
        s->count = s->sure = length_of(s, s->trust, found, 0);
    }
    if (s->draft && (s->count == 0 || s->pace->rate[s->trust] < s->pace->rate[TAEL__DRAFTED]))
        TAEL_TRY(draft(s, list, most, cancel));
    s->proposed += (uint32_t)s->count;
    return TAEL_OK;
}

void tael__speculated(tael__speculation *s, size_t right, bool wrong)
{
    double *rate = &s->pace->rate[s->trust];
    for (size_t i = 0; i < right && i < s->sure; i++) *rate += LEARN * (1 - *rate);
    if (wrong && right < s->sure) *rate -= LEARN * *rate;
    s->accepted += (uint32_t)right;
    s->count = 0;
}

void tael__pace_step(tael__pace *p, size_t tokens, double seconds)
{
    if (tokens == 1) {
        p->one = p->one == 0 ? seconds : p->one + TIMES * (seconds - p->one);
        if (p->extra == 0) p->extra = PRICE * p->one;
        p->extra += FORGET * (PRICE * p->one - p->extra);
    } else if (p->one > 0 && tokens <= TAEL__MATVEC_TOKENS) {
        double each = (seconds - p->one) / (double)(tokens - 1);
        if (each < 0) each = 0;
        if (each > PRICEST * p->one) each = PRICEST * p->one;
        p->extra += TIMES * (each - p->extra);
    }
}
