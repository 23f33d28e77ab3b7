// SPDX-License-Identifier: Apache-2.0
// When something comes next, and whether it is time to buy it again: from what recurs on fixed days, else from the days
// between purchases. Which of both it is, and how sure, is said.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "assistant/habits.h"

enum { SHOWN = 5, SOON_DAYS = 3 };
#define REGULAR 0.35F /* below this, the gaps are too unlike to call anything due (as tael_purchase_habit.due) */

typedef enum verdict { DUE, SOON, NOT_YET, UNSURE, ENDED } verdict;

static const char *verdict_text(const tael__job *job, verdict v)
{
    static const char *const en[] = {"yes", "soon", "not yet", "no regular habit", "seems to have ended"};
    static const char *const zh[] = {"该了", "快了", "还不用", "没有固定规律", "看来已经停了"};
    return NAME(job, en[v], zh[v]);
}

static int64_t days_until(const tael__job *job, const char *day)
{
    return tael__days_of(tael__day_of(day)) - tael__days_of(job->today);
}

static tael_group_row rows_of(const tael__job_habits *h)
{
    return (tael_group_row){.records = h->rows, .record_count = h->row_count};
}

/* ---- What recurs on fixed days ---- */

static void figure_recurring(tael__job *job, const char *name, const tael_recurring *r)
{
    tael_group_row rows = tael__recurring_rows(r);
    tael__figure_text(job, name, r->next_day, "date", NULL, &rows);
    tael__figure_money(job, NAME(job, "amount", "金额"), r->minor, NULL, &rows);
    if (strcmp(r->next_from, r->next_to) == 0) return;
    tael__figure_text(job, NAME(job, "at the earliest", "最早"), r->next_from, "date", NULL, &rows);
    tael__figure_text(job, NAME(job, "at the latest", "最晚"), r->next_to, "date", NULL, &rows);
}

static void say_ended(tael__job *job, const tael_recurring *r)
{
    tael_group_row rows = tael__recurring_rows(r);
    job->route = "no_data";
    tael__figure_text(job, NAME(job, "last", "最近一次"), r->last_day, "date", NULL, &rows);
    SAY(job, "%s seems to have ended: last on %s, after %d payments; nothing has come since.",
        "%s看来已经停了：上次是 %s，共 %d 次，之后没有再出现。", tael__subject_text(job), r->last_day, r->count);
}

static void say_next(tael__job *job, const tael_recurring *r)
{
    char text[128];
    const char *subject = tael__subject_text(job), *price = tael__recurring_price_text(job, r, text, sizeof text);
    if (strcmp(r->next_from, r->next_to) == 0)
        SAY(job, "%s: %s; next on %s (last on %s).", "%s：%s，下次是 %s（上次 %s）。", subject, price, r->next_day,
            r->last_day);
    else
        SAY(job, "%s: %s; next about %s, between %s and %s (last on %s).",
            "%s：%s，下次约 %s，在 %s 至 %s 之间（上次 %s）。", subject, price, r->next_day, r->next_from, r->next_to,
            r->last_day);
    if (r->state == TAEL_RECURRING_LATE)
        SAY(job, "%s", "%s", NAME(job, " The one expected before hasn't come.", "前一次该有的还没有出现。"));
}

static int by_next(const void *a, const void *b)
{
    return strcmp((*(const tael_recurring *const *)a)->next_day, (*(const tael_recurring *const *)b)->next_day);
}

/* What comes next of several, soonest first. */
static void list_next(tael__job *job, const tael_recurring **open, size_t count)
{
    char minor[64], name[TAEL__NAME_BYTES];
    qsort(open, count, sizeof *open, by_next);
    for (size_t i = 0; i < count && i < SHOWN; i++) {
        tael_group_row rows = tael__recurring_rows(open[i]);
        tael__recurring_name(job, open[i], name);
        tael__figure_text(job, name, open[i]->next_day, "date", NULL, &rows);
        tael__figure_money(job, name, open[i]->minor, NULL, &rows);
        SAY(job, "%s%s %s (%s)", "%s%s %s（%s）",
            i == 0 ? NAME(job, "Next, as it recurs: ", "接下来的定期款项：") : NAME(job, ", ", "，"), name,
            tael__recurring_minor_text(job, open[i], minor, sizeof minor), open[i]->next_day);
    }
    tael__buffer_text(&job->text, NAME(job, ".", "。"));
}

static void say_whether(tael__job *job, const tael_recurring *r)
{
    int64_t days = days_until(job, r->next_day);
    verdict v = r->state == TAEL_RECURRING_LATE || days <= 0 ? DUE : days <= SOON_DAYS ? SOON : NOT_YET;
    tael_group_row rows = tael__recurring_rows(r);
    tael__figure_text(job, NAME(job, "is it due", "该不该"), verdict_text(job, v), "answer", NULL, &rows);
    SAY(job, "%s ", "%s",
        v == DUE    ? NAME(job, "Yes, it is due.", "到时候了。")
        : v == SOON ? NAME(job, "Soon.", "快到了。")
                    : NAME(job, "Not yet.", "还没到。"));
    figure_recurring(job, NAME(job, "next", "下次"), r);
    say_next(job, r);
}

static tael_status answer_recurs(tael__job *job, const tael__job_habits *h)
{
    size_t count = 0;
    const tael_recurring **open = tael__alloc_array(h->recurring_count + 1, sizeof(*open));
    if (!open) return tael__fail_memory("ask", h->recurring_count * sizeof(*open));
    for (size_t i = 0; i < h->recurring_count; i++)
        if (h->recurring[i].state != TAEL_RECURRING_ENDED) open[count++] = &h->recurring[i];
    job->habit = "recurring";
    if (count == 0) {
        say_ended(job, &h->recurring[0]);
    } else if (count > 1) {
        list_next(job, open, count);
    } else if (job->plan->want == TAEL__WANT_DUE) {
        say_whether(job, open[0]);
    } else {
        figure_recurring(job, NAME(job, "next", "下次"), open[0]);
        say_next(job, open[0]);
    }
    tael__free(open);
    return TAEL_OK;
}

/* ---- What is bought again now and then ---- */

/* "28", "3.5". */
static const char *days_text(double days, char out[32])
{
    snprintf(out, 32, "%.*f", days >= 10 || fabs(days - round(days)) < 0.05 ? 0 : 1, days);
    return out;
}

static verdict judge(const tael__job *job, const tael_purchase_habit *p)
{
    if (p->lapsed) return ENDED;
    bool just_now = 3 * p->since_days < (int32_t)p->interval_days; /* then no rule is needed */
    if (p->regular < REGULAR) return just_now ? NOT_YET : UNSURE;
    if (p->due) return DUE;
    return days_until(job, p->next_day) <= SOON_DAYS ? SOON : NOT_YET;
}

static void figure_purchase(tael__job *job, const tael_purchase_habit *p, const tael_group_row *rows)
{
    if (!p->lapsed)
        tael__figure_text(job, NAME(job, "next (estimate)", "下次（估计）"), p->next_day, "date", NULL, rows);
    tael__figure_number(job, NAME(job, "every", "通常间隔"), round(10 * (double)p->interval_days) / 10, "days", NULL,
                        rows);
    tael__figure_number(job, NAME(job, "days since the last", "距上次天数"), p->since_days, "days", NULL, rows);
    tael__figure_money(job, NAME(job, "usual amount", "通常金额"), p->usual_minor, NULL, rows);
    if (p->lapsed) return;
    tael__figure_text(job, NAME(job, "at the earliest", "最早"), p->next_from, "date", NULL, rows);
    tael__figure_text(job, NAME(job, "at the latest", "最晚"), p->next_to, "date", NULL, rows);
}

/* After "Yes." and its like: the figures. */
static void say_purchase(tael__job *job, const tael_purchase_habit *p, verdict v)
{
    char every[32];
    const char *subject = tael__subject_text(job), *usual = tael__money_text(job, p->usual_minor);
    days_text((double)p->interval_days, every);
    if (v == ENDED)
        SAY(job, "%s: it used to come about every %s days (%d times), but the last was %d days ago (%s).",
            "%s：以前约每 %s 天一次（共 %d 次），但上次已是 %d 天前（%s）。", subject, every, p->count, p->since_days,
            p->last_day);
    else if (v == UNSURE)
        SAY(job,
            "%s: no regular habit (%d times, half of the gaps within %s days); the last was %d days ago (%s), usually "
            "%s. The next may come between %s and %s.",
            "%s：没有固定规律（共 %d 次，半数间隔在 %s 天以内）；上次是 %d 天前（%s），通常 %s。下次可能在 %s 至 %s "
            "之间。",
            subject, p->count, every, p->since_days, p->last_day, usual, p->next_from, p->next_to);
    else
        SAY(job,
            "%s: about every %s days, the last was %d days ago (%s), usually %s; next about %s, between %s and %s "
            "(8 in 10).",
            "%s：约每 %s 天一次，上次是 %d 天前（%s），通常 %s；下次约 %s，在 %s 至 %s 之间（八成把握）。", subject,
            every, p->since_days, p->last_day, usual, p->next_day, p->next_from, p->next_to);
}

static void say_too_few(tael__job *job, const tael__job_habits *h, const tael_purchase_habit *p)
{
    tael_group_row rows = rows_of(h);
    tael__figure_text(job, NAME(job, "last", "最近一次"), p->last_day, "date", NULL, &rows);
    tael__figure_number(job, NAME(job, "days", "天数"), p->count, "count", NULL, &rows);
    if (p->count == 1)
        SAY(job, "%s: only once so far, on %s; too little to tell how often it comes.",
            "%s：只有过一次（%s），还看不出多久一次。", tael__subject_text(job), p->last_day);
    else
        SAY(job, "%s: on only %d days so far, the last on %s; too little to tell how often it comes.",
            "%1$s：只有 %2$d 天有记录（最近 %3$s），还看不出多久一次。", tael__subject_text(job), p->count,
            p->last_day);
}

static tael_status answer_again(tael__job *job, const tael__job_habits *h)
{
    tael_purchase_habit p;
    tael_group_row rows = rows_of(h);
    job->habit = "next";
    TAEL_TRY(tael_habits_again(h->habits, h->rows, h->row_count, &p));
    if (p.count == 0) { /* repayments, another currency, or a merchant that the owner wants left out */
        job->route = "no_data";
        SAY(job, "%s: habits don't learn from these payments, so I can't tell.",
            "%s：这些款项不在习惯学习的范围内，所以说不上来。", tael__subject_text(job));
        return TAEL_OK;
    }
    if (p.count < 3) {
        say_too_few(job, h, &p);
        return TAEL_OK;
    }
    verdict v = judge(job, &p);
    if (job->plan->want == TAEL__WANT_DUE) {
        static const char *const en[] = {"Yes, it is time. ", "Soon. ", "Not yet. ", "Hard to say. ", "No. "};
        static const char *const zh[] = {"是时候了。", "快了。", "还不用。", "说不准。", "不用了。"};
        tael__figure_text(job, NAME(job, "is it due", "该不该"), verdict_text(job, v), "answer", NULL, &rows);
        tael__buffer_text(&job->text, NAME(job, en[v], zh[v]));
        int64_t left = v == ENDED ? 0 : days_until(job, p.next_day);
        if (left > 0 && p.regular >= REGULAR && (v == NOT_YET || v == SOON)) {
            tael__figure_number(job, NAME(job, "days left (estimate)", "还有天数（估计）"), (double)left, "days", NULL,
                                &rows);
            SAY(job, "About %lld more days. ", "大概还有 %lld 天。", (long long)left);
        }
    }
    figure_purchase(job, &p, &rows);
    say_purchase(job, &p, v);
    return TAEL_OK;
}

/* ---- "What do I need to buy?" ---- */

enum { DUE_SHOWN = 6, DUE_ROWS = 64 };

typedef struct wanted {
    struct {
        tael_purchase_habit p;
        char name[TAEL__NAME_BYTES];
        int64_t rows[DUE_ROWS];
        size_t row_count;
    } of[DUE_SHOWN];
    size_t count;
} wanted;

static int keep_due(const tael_purchase_habit *p, void *user)
{
    wanted *w = user;
    if (!p->due || p->kind == TAEL_HABIT_CATEGORY) return 0;
    w->of[w->count].p = *p;
    snprintf(w->of[w->count].name, TAEL__NAME_BYTES, "%s", p->name);
    return ++w->count == DUE_SHOWN;
}

static int find_due_rows(const tael_record *record, void *user)
{
    wanted *w = user;
    if (!record->counted || record->minor <= record->refunded_minor) return 0;
    for (size_t i = 0; i < w->count; i++) {
        bool item = w->of[i].p.kind == TAEL_HABIT_ITEM;
        bool fits = item ? strstr(record->item, w->of[i].name) != NULL : strcmp(record->brand, w->of[i].name) == 0;
        if (fits && w->of[i].row_count < DUE_ROWS) w->of[i].rows[w->of[i].row_count++] = record->id;
    }
    return 0;
}

static tael_status list_due(tael__job *job, const tael__job_habits *h)
{
    char every[32];
    tael__bounds bounds;
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    wanted *w = tael__alloc_zero(sizeof *w);
    if (!w) return tael__fail_memory("ask", sizeof *w);
    job->habit = "next";
    tael_status status = tael_habits_replenish(h->habits, keep_due, w);
    if (status == TAEL_OK && w->count) status = tael_ledger_records(job->ledger, &q.filter, 0, find_due_rows, w, NULL);
    for (size_t i = 0; i < w->count && status == TAEL_OK; i++) {
        const tael_purchase_habit *p = &w->of[i].p;
        tael_group_row rows = {.records = w->of[i].rows, .record_count = w->of[i].row_count};
        tael__figure_number(job, w->of[i].name, p->since_days, "days", NULL, &rows);
        SAY(job, "%s%s (every %s days, last %d days ago)", "%s%s（每 %s 天一次，上次 %d 天前）",
            i == 0 ? NAME(job, "By your habits it is time for: ", "按您的习惯，该买的有：") : NAME(job, ", ", "，"),
            w->of[i].name, days_text((double)p->interval_days, every), p->since_days);
    }
    if (status == TAEL_OK && w->count) tael__buffer_text(&job->text, NAME(job, ".", "。"));
    if (status == TAEL_OK && !w->count) {
        job->route = "no_data";
        SAY(job, "%s", "%s",
            NAME(job, "Nothing that you buy regularly is due now.", "您平时定期买的东西里，现在没有该买的。"));
    }
    tael__free(w);
    return status;
}

/* ---- Together ---- */

/* When habits aren't learned, the last time is still the ledger's to tell. */
static tael_status say_last(tael__job *job)
{
    tael__bounds bounds;
    tael__row row;
    tael_query q = tael__job_query(job, TAEL_LAST, NULL, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &row));
    if (row.record_count > 0) {
        const char *day = tael__date_text(tael__date_of_ms(row.time_ms, TAEL__SHANGHAI_OFFSET_MINUTES));
        tael_group_row ids = {.records = row.records, .record_count = row.record_count};
        tael__figure_text(job, NAME(job, "last", "最近一次"), day, "date", &q, &ids);
        SAY(job, " %s: the last was on %s (%s).", "%s：最近一次是 %s（%s）。", tael__subject_text(job), day,
            tael__money_text(job, row.value));
    }
    tael__row_free(&row);
    return TAEL_OK;
}

tael_status tael__answer_due(tael__job *job)
{
    tael__job_habits h;
    bool allowed;
    TAEL_TRY(tael__job_habits_open(&h, job, &allowed));
    tael_status status = TAEL_OK;
    if (h.row_count == 0) {
        tael__say_no_data(job);
    } else if (!allowed) {
        tael__say_not_learned(job);
        if (!h.all) status = say_last(job);
    } else if (h.all && job->plan->want == TAEL__WANT_DUE) {
        status = list_due(job, &h);
    } else if (h.recurring_count && (h.all || h.mostly_recurs)) {
        status = answer_recurs(job, &h);
    } else if (h.all) {
        job->route = "no_data";
        SAY(job, "%s", "%s",
            NAME(job, "I find nothing that is paid on regular days, so I can't tell what comes next.",
                 "没有发现按固定日子付的款项，说不上接下来是什么。"));
    } else {
        status = answer_again(job, &h);
    }
    return tael__job_habits_end(&h, job, status);
}
