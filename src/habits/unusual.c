// SPDX-License-Identifier: Apache-2.0
// Payments that stand out against what came before each of them. Every rule asks for two things at once, a place beyond
// the past's own extremes and a distance from its middle, since amounts have heavy tails and each merchant its own
// spread. bench/run habits/forecast counts, on invented ledgers, what they miss and what they cry about for nothing.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habits/history.h"

enum {
    TWIN_MINUTES = 10,
    LEAST_OF_MERCHANT = 5, /* payments before it */
    LEAST_OF_CATEGORY = 12,
    LEAST_OF_ALL = 60, /* for what is new */
    LEAST_FOR_HOURS = 200,
    KEPT = 256 /* of a row's past, the newest */
};

typedef struct scan {
    tael_habits *h;
    uint32_t *before;          /* of payment i: 1 + the one before of its merchant; 0: none */
    uint32_t *before_category; /* the same for its category */
    double typical, large;     /* of all payments before the days looked at: median, 97th of a hundred */
    double largest_new;        /* of the first payments to merchants in the year before */
    double hours[24];          /* share of payments in the hour and those beside it */
    size_t timed, past;
} scan;

static bool timed(const tael__payment *p)
{
    return (p->time_ms / 1000 + p->offset_minutes * 60) % 86400 != 0; /* a bill without times of day says midnight */
}

static int hour_of(const tael__payment *p)
{
    return (int)((p->time_ms / 60000 + p->offset_minutes) % 1440 / 60);
}

static bool bought(const tael__payment *p)
{
    return !p->income && !p->refund && p->minor > 0;
}

/* ---- The past ---- */

static tael_status chain(scan *s)
{
    const tael_habits *h = s->h;
    size_t names = h->names.count + 1;
    uint32_t *last = tael__alloc_array(names, sizeof *last), last_of_category[3200] = {0};
    s->before = tael__alloc_array(h->count + 1, sizeof *s->before);
    s->before_category = tael__alloc_array(h->count + 1, sizeof *s->before_category);
    if (!last || !s->before || !s->before_category) {
        tael__free(last);
        return tael__fail_memory("habits", (h->count + names) * sizeof *last);
    }
    for (size_t i = 0; i < h->count; i++) {
        const tael__payment *p = &h->payments[i];
        if (!bought(p)) continue;
        s->before[i] = last[p->brand];
        last[p->brand] = (uint32_t)i + 1;
        if (p->category_id <= 0 || p->category_id >= 3200) continue;
        s->before_category[i] = last_of_category[p->category_id];
        last_of_category[p->category_id] = (uint32_t)i + 1;
    }
    tael__free(last);
    return TAEL_OK;
}

static tael_status know_all(scan *s, int32_t from)
{
    const tael_habits *h = s->h;
    double *amounts = tael__alloc_array(h->count + 1, sizeof *amounts), hours[24] = {0};
    if (!amounts) return tael__fail_memory("habits", h->count * sizeof *amounts);
    for (size_t i = 0; i < h->count && h->payments[i].day < from; i++) {
        const tael__payment *p = &h->payments[i];
        if (!bought(p)) continue;
        amounts[s->past++] = (double)p->minor;
        if (p->brand && !s->before[i] && p->day >= from - 365 && p->day > h->first_day + 60)
            s->largest_new = fmax(s->largest_new, (double)p->minor);
        if (!timed(p) || p->recurring) continue;
        hours[hour_of(p)]++;
        s->timed++;
    }
    s->typical = tael__median(amounts, s->past);
    s->large = s->past ? tael__quantile(amounts, s->past, 0.97) : 0;
    for (int t = 0; t < 24; t++)
        s->hours[t] = (hours[(t + 23) % 24] + hours[t] + hours[(t + 1) % 24]) / fmax(1, (double)s->timed);
    tael__free(amounts);
    return TAEL_OK;
}

/* Amounts of the payments before i along a chain, newest first, sorted; how many. Refunded and wrong ones of the past
 * widen what is usual; a robust middle bears a few. */
static size_t past_amounts(const scan *s, const uint32_t *chain_of, size_t i, double amounts[KEPT])
{
    size_t n = 0;
    for (uint32_t at = chain_of[i]; at && n < KEPT; at = chain_of[at - 1]) {
        /* Of what recurs only the same; it has a price of its own. */
        if (s->h->payments[at - 1].recurring != s->h->payments[i].recurring) continue;
        amounts[n++] = (double)s->h->payments[at - 1].minor;
    }
    qsort(amounts, n, sizeof *amounts, tael__by_number);
    return n;
}

/* ---- Rules: each fills *to and says whether it holds ---- */

static bool is_double(const scan *s, size_t i, tael_unusual *to)
{
    const tael__payment *p = &s->h->payments[i], *twin = NULL;
    size_t n = 0, twins = 0, same = 0;
    if (!p->brand || !timed(p)) return false;
    for (uint32_t at = s->before[i]; at && n < KEPT; at = s->before[at - 1], n++) {
        const tael__payment *q = &s->h->payments[at - 1];
        if (!twin && q->minor == p->minor && timed(q) && p->time_ms - q->time_ms <= TWIN_MINUTES * 60000LL) {
            twin = q;
            continue;
        }
        const tael__payment *r = s->before[at - 1] ? &s->h->payments[s->before[at - 1] - 1] : NULL;
        twins += r && r->minor == q->minor && q->time_ms - r->time_ms <= TWIN_MINUTES * 60000LL;
        same++;
    }
    if (!twin) return false;
    /* Two tickets, two rides: who often pays twice here does so again. */
    if (twins >= 2 && 20 * twins >= same) return false;
    *to = (tael_unusual){.kind = TAEL_UNUSUAL_DOUBLE, .other = twin->id, .usual_minor = p->minor};
    return true;
}

/* What recurs was paid twice in a period. */
static bool is_second(const scan *s, size_t i, tael_unusual *to)
{
    const tael__payment *p = &s->h->payments[i];
    if (!p->recurring || !p->extra || !s->before[i]) return false;
    const tael_recurring *r = &s->h->recurring[p->recurring - 1].r;
    if (r->amount == TAEL_AMOUNT_VARYING) return false;
    for (uint32_t at = s->before[i]; at; at = s->before[at - 1]) {
        const tael__payment *q = &s->h->payments[at - 1];
        if (q->recurring != p->recurring) continue;
        *to = (tael_unusual){.kind = TAEL_UNUSUAL_DOUBLE, .other = q->id, .usual_minor = q->minor};
        return q->minor == p->minor;
    }
    return false;
}

static bool far_above(const double *sorted, size_t n, double x, double *usual)
{
    double logs[KEPT], middle = *usual = tael__quantile(sorted, n, 0.5);
    for (size_t i = 0; i < n; i++) logs[i] = fabs(log(sorted[i] / middle));
    double spread = 1.4826 * tael__median(logs, n), top = tael__quantile(sorted, n, n >= 40 ? 0.99 : 1);
    double away = log(x / middle) / (spread + 0.12 + 0.8 / (double)n);
    return x > 1.35 * top && x > 2.5 * middle && away > 2.4;
}

static bool is_large(const scan *s, size_t i, tael_unusual *to)
{
    const tael__payment *p = &s->h->payments[i];
    double amounts[KEPT], usual, x = (double)p->minor;
    if (p->minor < 1000 || x < s->typical / 2) return false; /* nobody minds a small one */
    size_t n = p->brand ? past_amounts(s, s->before, i, amounts) : 0;
    bool of_merchant = n >= LEAST_OF_MERCHANT;
    if (of_merchant) {
        if (!far_above(amounts, n, x, &usual)) return false;
    } else {
        n = past_amounts(s, s->before_category, i, amounts);
        if (p->recurring || n < LEAST_OF_CATEGORY || x < s->large || !far_above(amounts, n, x / 1.5, &usual))
            return false;
    }
    *to = (tael_unusual){.kind = TAEL_UNUSUAL_AMOUNT, .usual_minor = llround(usual), .other = of_merchant ? 0 : -1};
    return true;
}

static bool is_new(const scan *s, size_t i, tael_unusual *to)
{
    const tael__payment *p = &s->h->payments[i];
    double x = (double)p->minor;
    if (!p->brand || s->before[i] || p->recurring || s->past < LEAST_OF_ALL) return false;
    if (x <= s->large * 1.5 || x <= 1.2 * s->largest_new) return false;
    *to = (tael_unusual){.kind = TAEL_UNUSUAL_NEW, .usual_minor = llround(s->typical)};
    return true;
}

static bool is_untimely(const scan *s, size_t i, tael_unusual *to)
{
    const tael__payment *p = &s->h->payments[i];
    if (!timed(p) || p->recurring || s->timed < LEAST_FOR_HOURS || (double)p->minor < 2 * s->typical) return false;
    if (s->hours[hour_of(p)] * (double)s->timed > 0.5) return false; /* never in this hour, nor beside it */
    *to = (tael_unusual){.kind = TAEL_UNUSUAL_TIME, .usual_minor = llround(s->typical)};
    return true;
}

/* ---- Telling ---- */

static const char *sentence_of(scan *s, const tael__payment *p, const tael_unusual *u)
{
    tael_habits *h = s->h;
    char money[48], usual[48];
    const char *name = tael__names_get(&h->names, p->brand);
    tael__habit_money(money, u->minor, h->currency);
    tael__habit_money(usual, u->usual_minor, h->currency);
    tael__buffer_clear(&h->sentence);
    switch (u->kind) {
    case TAEL_UNUSUAL_DOUBLE:
        return tael__habit_sentence(
            h, TAEL_SAY("%s: %s paid twice; it may be a double charge", "%s：%s 付了两次，可能重复扣款"), name, money);
    case TAEL_UNUSUAL_AMOUNT:
        return tael__habit_sentence(
            h,
            u->other ? TAEL_SAY("%s: %s, %.1f times what its kind usually costs (%s)",
                                "%s：%s，是同类通常金额的 %.1f 倍（%s）")
                     : TAEL_SAY("%s: %s, %.1f times what it usually costs (%s)", "%s：%s，是平时的 %.1f 倍（通常 %s）"),
            name, money, (double)u->minor / (double)u->usual_minor, usual);
    case TAEL_UNUSUAL_NEW:
        return tael__habit_sentence(h,
                                    TAEL_SAY("%s: %s to a merchant never seen before, more than any new one in a year",
                                             "%s：首次出现的商户，%s，超过一年内其他新商户"),
                                    name, money);
    default:
        return tael__habit_sentence(h,
                                    TAEL_SAY("%s: %s around %d:00, an hour at which none of %zu payments was made",
                                             "%s：%s，时间在 %d 点前后；此前 %zu 笔都不在这个时段"),
                                    name, money, hour_of(p), s->timed);
    }
}

static void look(scan *s, int32_t from, tael_unusual_fn *each, void *user)
{
    const tael_habits *h = s->h;
    for (size_t i = h->count; i-- > 0 && h->payments[i].day >= from;) {
        const tael__payment *p = &h->payments[i];
        tael_unusual u;
        if (!bought(p)) continue;
        if (!is_double(s, i, &u) && !is_second(s, i, &u) && !is_large(s, i, &u) && !is_new(s, i, &u) &&
            !is_untimely(s, i, &u))
            continue;
        u.record = p->id;
        u.minor = p->minor;
        u.time_ms = p->time_ms;
        u.offset_minutes = p->offset_minutes;
        u.category_id = p->category_id;
        u.merchant = tael__names_get(&h->names, p->brand);
        u.sentence = sentence_of(s, p, &u);
        if (u.other < 0) u.other = 0;
        if (each(&u, user) != 0) break;
    }
}

tael_status tael_habits_unusual(tael_habits *h, int32_t days, tael_unusual_fn *each, void *user)
{
    scan s = {.h = h};
    if (!h || !each || days < 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("unusual: habits and a function are needed", "异常：需要习惯和回调函数"));
    int64_t from = (int64_t)h->today - (days ? days : 30) + 1;
    if (from < h->first_day) from = h->first_day;
    tael_status status = h->count ? chain(&s) : TAEL_OK;
    if (status == TAEL_OK && h->count) status = know_all(&s, (int32_t)from);
    if (status == TAEL_OK && h->count) look(&s, (int32_t)from, each, user);
    tael__free(s.before);
    tael__free(s.before_category);
    return status;
}
