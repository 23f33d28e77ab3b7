// SPDX-License-Identifier: Apache-2.0
// What is told about something that recurs: its amount and how that changed, when it comes next, whether it is late or
// over, and the sentence that says so.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "habits/recurring.h"

/* ---- Amounts ---- */

static void tell_varying(tael_recurring *r, const tael_habits *h, const uint32_t *at, size_t n)
{
    double recent[12], last[6];
    size_t count = n < 12 ? n : 12, of_last = n < 6 ? n : 6;
    for (size_t i = 0; i < count; i++) recent[i] = (double)h->payments[at[n - count + i]].minor;
    for (size_t i = 0; i < of_last; i++) last[i] = (double)h->payments[at[n - of_last + i]].minor;
    r->amount = TAEL_AMOUNT_VARYING;
    r->minor = (int64_t)llround(tael__median(last, of_last));
    tael__median(recent, count);
    r->low_minor = (int64_t)llround(tael__quantile(recent, count, 0.1));
    r->high_minor = (int64_t)llround(tael__quantile(recent, count, 0.9));
}

static void tell_amount(tael_recurring *r, const tael_habits *h, const uint32_t *at, size_t n)
{
    size_t changes = 0, last_change = 0;
    for (size_t i = 1; i < n; i++) {
        if (h->payments[at[i]].minor == h->payments[at[i - 1]].minor) continue;
        changes++;
        last_change = i;
    }
    if (changes > 1 + n / 6) {
        tell_varying(r, h, at, n);
        return;
    }
    r->minor = r->low_minor = r->high_minor = h->payments[at[n - 1]].minor;
    r->amount = changes ? TAEL_AMOUNT_STEPPED : TAEL_AMOUNT_FIXED;
    if (!changes) return;
    r->old_minor = h->payments[at[last_change - 1]].minor;
    tael__habit_day(r->changed_day, h->payments[at[last_change]].day);
}

/* ---- The next one ---- */

typedef struct shifts {
    int32_t weekend; /* -1: to the Friday before, 1: to the Monday after, 0: none */
    double off[128]; /* lateness of those not on weekends, sorted */
    size_t count;
} shifts;

static void learn_shifts(shifts *s, const tael_habits *h, const uint32_t *at, size_t n, const tael__period *period)
{
    int before = 0, after = 0, still = 0;
    *s = (shifts){0};
    for (size_t i = n > 128 ? n - 128 : 0; i < n; i++) {
        int32_t day = h->payments[at[i]].day, slot = tael__period_slot_day(period, tael__period_slot_near(period, day));
        if (h->payments[at[i]].extra) continue;
        if (period->months && tael__weekday_of(slot) >= 6) {
            before += day < slot;
            after += day > slot;
            still += day == slot;
        } else {
            s->off[s->count++] = day - slot;
        }
    }
    if (before > after && before > still) s->weekend = -1;
    if (after > before && after > still) s->weekend = 1;
    qsort(s->off, s->count, sizeof *s->off, tael__by_number);
}

static int32_t shifted(const shifts *s, int32_t slot)
{
    int weekday = tael__weekday_of(slot);
    if (weekday >= 6 && s->weekend) return slot + (s->weekend > 0 ? 8 - weekday : 5 - weekday);
    return slot + (s->count ? (int32_t)lround(tael__quantile(s->off, s->count, 0.5)) : 0);
}

static void set_next(tael__recurring *to, const shifts *s, const tael__period *period, int64_t slot)
{
    double low = s->count ? tael__quantile(s->off, s->count, 0.1) : 0,
           high = s->count ? tael__quantile(s->off, s->count, 0.9) : 0;
    to->slot_next = tael__period_slot_day(period, slot);
    to->next = shifted(s, to->slot_next);
    to->next_from = to->slot_next + (int32_t)floor(low);
    to->next_to = to->slot_next + (int32_t)ceil(high);
    if (to->next < to->next_from) to->next_from = to->next;
    if (to->next > to->next_to) to->next_to = to->next;
}

/* What the bills don't reach yet can't be missed. */
static void tell_next(tael__recurring *to, const tael_habits *h, const uint32_t *at, size_t n, const tael__fit *fit)
{
    shifts s;
    double days = tael__period_days(&fit->period);
    int32_t grace = days < 25 ? 2 : days < 150 ? 5 : 30;
    int32_t gone = 0, most = days < 10 ? 4 : days < 25 ? 3 : days < 150 ? 2 : 1;
    learn_shifts(&s, h, at, n, &fit->period);
    set_next(to, &s, &fit->period, fit->last_slot + 1);
    while (gone < most && tael__period_slot_day(&fit->period, fit->last_slot + 1 + gone) + grace < h->known) gone++;
    to->r.state = gone >= most ? TAEL_RECURRING_ENDED : gone > 0 ? TAEL_RECURRING_LATE : TAEL_RECURRING_ACTIVE;
    if (gone > 0) set_next(to, &s, &fit->period, fit->last_slot + 1 + gone);
    if (to->r.state == TAEL_RECURRING_ENDED) {
        to->next = to->next_from = to->next_to = to->slot_next = 0;
        return;
    }
    tael__habit_day(to->r.next_day, to->next);
    tael__habit_day(to->r.next_from, to->next_from);
    tael__habit_day(to->r.next_to, to->next_to);
}

/* ---- Keeping ---- */

static void mark(tael_habits *h, const uint32_t *at, size_t n, const tael__fit *fit)
{
    for (size_t i = 0; i < n; i++) {
        tael__payment *p = &h->payments[at[i]];
        p->recurring = (int32_t)h->recurring_count + 1;
        p->extra = i > 0 && tael__period_slot_near(&fit->period, p->day) ==
                                tael__period_slot_near(&fit->period, h->payments[at[i - 1]].day);
    }
}

tael_status tael__recurring_keep(tael_habits *h, const uint32_t *at, size_t n, const tael__fit *fit, double need)
{
    if (h->recurring_count == h->recurring_capacity) {
        size_t more = h->recurring_capacity ? 2 * h->recurring_capacity : 32;
        tael__recurring *grown = tael__realloc(h->recurring, more * sizeof *grown);
        if (!grown) return tael__fail_memory("habits", more * sizeof *grown);
        h->recurring = grown;
        h->recurring_capacity = more;
    }
    const tael__payment *last = &h->payments[at[n - 1]];
    tael__recurring to = {.brand = last->brand, .ids = tael__alloc(n * sizeof *to.ids)};
    if (!to.ids) return tael__fail_memory("habits", n * sizeof *to.ids);
    for (size_t i = 0; i < n; i++) to.ids[i] = h->payments[at[i]].id;
    mark(h, at, n, fit);
    to.r = (tael_recurring){.category_id = last->category_id,
                            .direction = last->income ? TAEL_INCOME : TAEL_EXPENSE,
                            .months = fit->period.months,
                            .every = fit->period.every,
                            .count = fit->hits + fit->extra,
                            .missed = fit->missed,
                            .doubled = fit->extra,
                            .records = to.ids,
                            .record_count = n};
    if (fit->period.months) to.r.day = fit->period.anchor;
    if (!fit->period.months && fit->period.every % 7 == 0)
        to.r.day = tael__weekday_of(tael__period_slot_day(&fit->period, fit->last_slot));
    to.r.confidence = (float)(1 / (1 + exp(-(fit->score + tael__fit_prior(last->category_id) - need + 2) / 2)));
    tael__habit_day(to.r.first_day, h->payments[at[0]].day);
    tael__habit_day(to.r.last_day, last->day);
    tell_amount(&to.r, h, at, n);
    tell_next(&to, h, at, n, fit);
    h->recurring[h->recurring_count++] = to;
    return TAEL_OK;
}

/* ---- Sentences ---- */

static void period_words(char *out, size_t cap, const tael_recurring *r)
{
    static const char *const months_en[] = {"", "month", "2 months", "quarter", "", "",    "half-year",
                                            "", "",      "",         "",        "", "year"};
    static const char *const months_zh[] = {"", "每月", "每 2 个月", "每季度", "", "",    "每半年",
                                            "", "",     "",          "",       "", "每年"};
    bool zh = tael_get_language() == TAEL_CHINESE, week = !r->months && r->every == 7;
    static const char *const names[] = {"January", "February", "March",     "April",   "May",      "June",
                                        "July",    "August",   "September", "October", "November", "December"};
    int month = 10 * (r->last_day[5] - '0') + r->last_day[6] - '0';
    if (r->months && r->every == 12)
        zh ? snprintf(out, cap, "每年 %d 月 %d 日", month, r->day)
           : snprintf(out, cap, "every year on %s %d", names[(month + 11) % 12], r->day);
    else if (r->months && r->day == 31)
        snprintf(out, cap, zh ? "%s月末" : "every %s at the month's end",
                 zh ? r->every == 1 ? "每" : months_zh[r->every] : months_en[r->every]);
    else if (r->months && zh)
        snprintf(out, cap, "%s %d 日", months_zh[r->every], r->day);
    else if (r->months)
        snprintf(out, cap, "every %s on day %d", months_en[r->every], r->day);
    else if (week)
        snprintf(out, cap, zh ? "每%s" : "on %s", tael__weekday_word(r->day));
    else if (r->day)
        snprintf(out, cap, zh ? "每 %d 周的%s" : "every %d weeks on %s", r->every / 7, tael__weekday_word(r->day));
    else
        snprintf(out, cap, zh ? "每 %d 天" : "every %d days", r->every);
}

static void amount_words(char *out, size_t cap, const tael_recurring *r, const char *currency)
{
    char now[48], low[48], high[48], old[48];
    tael__habit_money(now, r->minor, currency);
    tael__habit_money(low, r->low_minor, currency);
    tael__habit_money(high, r->high_minor, currency);
    tael__habit_money(old, r->old_minor, currency);
    if (r->amount == TAEL_AMOUNT_VARYING)
        snprintf(out, cap, TAEL_SAY("about %s (mostly %s to %s)", "约 %s（多在 %s 至 %s）"), now, low, high);
    else if (r->old_minor)
        snprintf(out, cap, TAEL_SAY("%s since %s (%s before)", "%s（%s 起，此前 %s）"), now, r->changed_day, old);
    else
        snprintf(out, cap, "%s", now);
}

static const char *sentence_of(tael_habits *h, const tael__recurring *t)
{
    char period[96], amount[192], next[128] = "", gaps[96] = "";
    const tael_recurring *r = &t->r;
    period_words(period, sizeof period, r);
    amount_words(amount, sizeof amount, r, h->currency);
    if (r->state == TAEL_RECURRING_ENDED)
        snprintf(next, sizeof next, "%s", TAEL_SAY("it seems to have ended", "似乎已停止"));
    else if (r->state == TAEL_RECURRING_LATE)
        snprintf(next, sizeof next,
                 TAEL_SAY("the last one hasn't come, the next is due %s", "最近一次未出现，下次应在 %s"), r->next_day);
    else if (t->next_from != t->next_to)
        snprintf(next, sizeof next, TAEL_SAY("next %s (%s to %s)", "下次 %s（%s 至 %s）"), r->next_day, r->next_from,
                 r->next_to);
    else
        snprintf(next, sizeof next, TAEL_SAY("next %s", "下次 %s"), r->next_day);
    if (r->missed && r->doubled)
        snprintf(gaps, sizeof gaps, TAEL_SAY(", %d left out, %d twice", "，缺 %d 次，重复 %d 次"), r->missed,
                 r->doubled);
    else if (r->missed)
        snprintf(gaps, sizeof gaps, TAEL_SAY(", %d left out", "，缺 %d 次"), r->missed);
    else if (r->doubled)
        snprintf(gaps, sizeof gaps, TAEL_SAY(", %d twice", "，重复 %d 次"), r->doubled);
    tael__buffer_clear(&h->sentence);
    return tael__habit_sentence(
        h, TAEL_SAY("%s: %s, %d times since %s%s, last on %s; %s", "%s，%s；共 %d 次（自 %s 起）%s，上次 %s；%s"),
        period, amount, r->count, r->first_day, gaps, r->last_day, next);
}

static double a_year(const tael_recurring *r)
{
    double days = r->months ? r->every * 30.44 : r->every;
    return (double)r->minor * 365 / days;
}

static int by_cost(const void *a, const void *b)
{
    const tael__recurring *x = *(const tael__recurring *const *)a, *y = *(const tael__recurring *const *)b;
    bool x_ended = x->r.state == TAEL_RECURRING_ENDED, y_ended = y->r.state == TAEL_RECURRING_ENDED;
    if (x_ended != y_ended) return x_ended ? 1 : -1;
    if (a_year(&x->r) != a_year(&y->r)) return a_year(&x->r) < a_year(&y->r) ? 1 : -1;
    return (x->ids[0] > y->ids[0]) - (x->ids[0] < y->ids[0]);
}

tael_status tael_habits_recurring(tael_habits *h, tael_recurring_fn *each, void *user)
{
    if (!h || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("recurring: habits and a function are needed", "周期支付：需要习惯和回调函数"));
    if (h->recurring_count == 0) return TAEL_OK;
    const tael__recurring **order = tael__alloc(h->recurring_count * sizeof(*order));
    if (!order) return tael__fail_memory("habits", h->recurring_count * sizeof(*order));
    for (size_t i = 0; i < h->recurring_count; i++) order[i] = &h->recurring[i];
    qsort(order, h->recurring_count, sizeof(*order), by_cost);
    for (size_t i = 0; i < h->recurring_count; i++) {
        tael_recurring r = order[i]->r;
        r.merchant = tael__names_get(&h->names, order[i]->brand);
        r.sentence = sentence_of(h, order[i]);
        if (each(&r, user) != 0) break;
    }
    tael__free(order);
    return TAEL_OK;
}
