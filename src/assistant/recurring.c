// SPDX-License-Identifier: Apache-2.0
// What is still paid again and again, and what has become dearer: as the habits found it.
#include <math.h>
#include <string.h>

#include "assistant/habits.h"

enum { MAX_SHOWN = 20 };

/* ---- What recurs ---- */

typedef struct sums {
    int64_t monthly, spread; /* what is due each month; the rest, spread over its months */
    size_t count, others;
    int64_t *latest; /* ids: the last payment of each; owned */
} sums;

static int64_t a_month(const tael_recurring *r)
{
    double months = r->months ? r->every : r->every / 30.4375;
    return (int64_t)llround((double)r->minor / months);
}

static tael_status add_up(sums *s, const tael__job_habits *h)
{
    *s = (sums){.latest = tael__alloc_array(h->recurring_count + 1, sizeof *s->latest)};
    if (!s->latest) return tael__fail_memory("ask", h->recurring_count * sizeof *s->latest);
    for (size_t i = 0; i < h->recurring_count; i++) {
        const tael_recurring *r = &h->recurring[i];
        if (r->state != TAEL_RECURRING_ACTIVE) continue;
        bool monthly = r->months && r->every == 1;
        s->others += !monthly;
        if (__builtin_add_overflow(monthly ? s->monthly : s->spread, a_month(r), monthly ? &s->monthly : &s->spread))
            return tael__fail(TAEL_LIMIT, TAEL_SAY("recurring: the sum is too large; narrow the question",
                                                   "固定扣款：合计过大；请缩小范围"));
        s->latest[s->count++] = r->records[r->record_count - 1];
    }
    return TAEL_OK;
}

static void figure_sums(tael__job *job, const sums *s)
{
    tael_group_row rows = {.records = s->latest, .record_count = s->count};
    if (s->count > s->others) tael__figure_money(job, NAME(job, "a month in all", "每月合计"), s->monthly, NULL, &rows);
    if (s->others)
        tael__figure_money(job,
                           NAME(job, "a month, with what comes less or more often spread", "连同其他周期，平均每月"),
                           s->monthly + s->spread, NULL, &rows);
}

static void say_sums(tael__job *job, const sums *s)
{
    const char *monthly = tael__money_text(job, s->monthly), *all = tael__money_text(job, s->monthly + s->spread);
    if (s->others == 0)
        SAY(job, "; %s a month in all.", "；每月合计 %s。", monthly);
    else if (s->count > s->others)
        SAY(job, "; those of each month come to %s, and with the others spread over their months to about %s a month.",
            "；按月的合计 %s，连同其他周期平均每月约 %s。", monthly, all);
    else
        SAY(job, "; about %s a month on average.", "；平均每月约 %s。", all);
}

static void say_late(tael__job *job, const tael__job_habits *h)
{
    char name[TAEL__NAME_BYTES];
    for (size_t i = 0, said = 0; i < h->recurring_count && said < MAX_SHOWN; i++) {
        const tael_recurring *r = &h->recurring[i];
        if (r->state != TAEL_RECURRING_LATE) continue;
        tael_group_row rows = tael__recurring_rows(r);
        tael__recurring_name(job, r, name);
        tael__buffer_text(&job->text, said++ ? NAME(job, ", ", "，")
                                             : NAME(job, " Expected, but not come lately: ", "近来该扣而没有扣的："));
        SAY(job, "%s (last on %s)", "%s（上次 %s）", name, r->last_day);
        tael__figure_text(job, NAME(job, "last, not come since", "上次（之后未扣）"), r->last_day, "date", NULL, &rows);
    }
}

static tael_status answer_recurring(tael__job *job, const tael__job_habits *h)
{
    sums s;
    char price[128], name[TAEL__NAME_BYTES];
    size_t shown = 0;
    tael_status status = add_up(&s, h);
    if (status == TAEL_OK && job->plan->total) figure_sums(job, &s);
    for (size_t i = 0; i < h->recurring_count && status == TAEL_OK; i++) {
        const tael_recurring *r = &h->recurring[i];
        if (r->state != TAEL_RECURRING_ACTIVE || shown == MAX_SHOWN) continue;
        tael_group_row rows = tael__recurring_rows(r);
        tael__recurring_name(job, r, name);
        if (shown == 0) SAY(job, "Still paid regularly (%zu): ", "还在定期扣款的有 %zu 项：", s.count);
        SAY(job, "%s%s %s (next %s)", "%s%s %s（下次 %s）", shown++ ? NAME(job, ", ", "，") : "", name,
            tael__recurring_price_text(job, r, price, sizeof price), r->next_day);
        tael__figure_money(job, name, r->minor, NULL, &rows);
    }
    if (status == TAEL_OK && shown) {
        if (s.count > shown) SAY(job, " and %zu more", "等 %zu 项", job->chinese ? s.count : s.count - shown);
        if (!job->plan->total) figure_sums(job, &s);
        say_sums(job, &s);
    } else if (status == TAEL_OK) {
        job->route = "no_data";
        SAY(job, "Among %s I find nothing that is still paid regularly.", "%s里没有发现还在定期扣款的项目。",
            tael__subject_text(job));
    }
    if (status == TAEL_OK) say_late(job, h);
    tael__free(s.latest);
    return status;
}

/* ---- What has become dearer ---- */

static void figure_change(tael__job *job, const tael_recurring *r)
{
    tael_group_row rows = tael__recurring_rows(r);
    int64_t more = r->minor - r->old_minor;
    tael__figure_money(job, more > 0 ? NAME(job, "dearer by", "涨了") : NAME(job, "cheaper by", "降了"),
                       more > 0 ? more : -more, NULL, &rows);
    tael__figure_text(job, NAME(job, "since", "自"), r->changed_day, "date", NULL, &rows);
    tael__figure_money(job, NAME(job, "before", "原来"), r->old_minor, NULL, &rows);
    tael__figure_money(job, NAME(job, "after", "后来"), r->minor, NULL, &rows);
}

static void say_change(tael__job *job, const char *name, const tael_recurring *r)
{
    int64_t more = r->minor - r->old_minor;
    char price[128];
    SAY(job, "%s: %s by %s since %s, from %s to %s.", "%1$s：自 %4$s 起%2$s %3$s，从 %5$s 到%6$s。", name,
        more > 0 ? NAME(job, "dearer", "涨了") : NAME(job, "cheaper", "降了"),
        tael__money_text(job, more > 0 ? more : -more), r->changed_day, tael__money_text(job, r->old_minor),
        tael__recurring_price_text(job, r, price, sizeof price));
}

static bool has_changed(const tael_recurring *r)
{
    return r->amount == TAEL_AMOUNT_STEPPED && r->old_minor > 0 && r->old_minor != r->minor;
}

/* Of all that recurs: those that cost more than before. */
static void answer_all_rises(tael__job *job, const tael__job_habits *h)
{
    char name[TAEL__NAME_BYTES];
    size_t shown = 0;
    for (size_t i = 0; i < h->recurring_count; i++) {
        const tael_recurring *r = &h->recurring[i];
        if (!has_changed(r) || r->minor < r->old_minor || r->state == TAEL_RECURRING_ENDED || shown == MAX_SHOWN / 2)
            continue;
        tael__recurring_name(job, r, name);
        if (shown++ && !job->chinese) tael__buffer_text(&job->text, " ");
        say_change(job, name, r);
        tael_group_row rows = tael__recurring_rows(r);
        tael__figure_money(job, name, r->minor - r->old_minor, NULL, &rows);
        tael__figure_text(job, NAME(job, "since", "自"), r->changed_day, "date", NULL, &rows);
    }
    if (shown) return;
    job->route = "no_data";
    SAY(job, "Of what is paid regularly, nothing has become dearer.", "%s", "定期扣款的项目里没有发现涨价的。");
}

/* What recurs at a price that stays for a while. *done false: there is none, or its amounts vary each time. */
static void answer_rise(tael__job *job, const tael__job_habits *h, bool *done)
{
    const tael_recurring *changed = NULL, *fixed = NULL;
    size_t changes = 0;
    *done = true;
    if (h->all) {
        answer_all_rises(job, h);
        return;
    }
    for (size_t i = 0; i < h->recurring_count && h->mostly_recurs; i++) {
        const tael_recurring *r = &h->recurring[i];
        changes += has_changed(r);
        if (has_changed(r) && (!changed || strcmp(r->changed_day, changed->changed_day) > 0)) changed = r;
        if (r->amount == TAEL_AMOUNT_FIXED && !fixed) fixed = r;
    }
    if (changes > 1) {
        answer_all_rises(job, h);
    } else if (changed) {
        char name[TAEL__NAME_BYTES];
        figure_change(job, changed);
        say_change(job, h->recurring_count > 1 ? tael__recurring_name(job, changed, name) : tael__subject_text(job),
                   changed);
    } else if (fixed) {
        tael_group_row rows = tael__recurring_rows(fixed);
        tael__figure_money(job, NAME(job, "now", "现在"), fixed->minor, NULL, &rows);
        SAY(job, "%s has not become dearer: %s each time since %s (%d payments).",
            "%1$s没有涨价：自 %3$s 起每次都是 %2$s（%4$d 次）。", tael__subject_text(job),
            tael__money_text(job, fixed->minor), fixed->first_day, fixed->count);
    } else {
        *done = false;
    }
}

/* Of what doesn't recur, or when habits aren't learned. */
static tael_status answer_by_payments(tael__job *job, bool allowed)
{
    bool several;
    TAEL_TRY(tael__answer_rise(job, &several));
    if (several && !allowed) tael__say_not_learned(job);
    if (!several || !allowed) return TAEL_OK;
    job->route = "no_data";
    SAY(job, "%s: bought at several places and for different sums each time, so the bills tell no price to compare.",
        "%s：在不同的地方买，每次金额不一样，账单里看不出单价涨没涨。", tael__subject_text(job));
    return TAEL_OK;
}

tael_status tael__answer_recurring(tael__job *job)
{
    tael__job_habits h;
    bool allowed, rise = job->plan->want == TAEL__WANT_RISE, done = true;
    TAEL_TRY(tael__job_habits_open(&h, job, &allowed));
    tael_status status = TAEL_OK;
    job->habit = "recurring";
    if (h.row_count == 0)
        tael__say_no_data(job);
    else if (rise && (allowed || !h.all))
        answer_rise(job, &h, &done);
    else if (!allowed)
        tael__say_not_learned(job);
    else
        status = answer_recurring(job, &h);
    if (status == TAEL_OK && !done) status = answer_by_payments(job, allowed);
    if (status == TAEL_OK && h.row_count && done) tael__say_known_until(job, &h);
    tael__job_habits_close(&h);
    job->habit = NULL;
    return status;
}
