// SPDX-License-Identifier: Apache-2.0
// What is still to be spent: this month, in all or of a kind, as the habits foresee it. What recurs is known; of a part
// that the habits don't draw by itself the same days of the months before tell. Of other times nobody computes an
// estimate, so what is known of them is said instead.
#include <math.h>
#include <string.h>

#include "assistant/habits.h"

enum { FEW_DAYS = 14, ENOUGH_DAYS = 60, TOPS = 32, LOOKED_BACK = 180, MONTHS = 3, AVERAGED = 90, SHOWN = 8 };

typedef struct month {
    tael__date first;
    tael__period so_far; /* its first day to today */
    tael__bounds bounds;
    tael_query q;
    tael__row now; /* what was spent so far */
} month;

static tael_status read_month(month *m, tael__job *job)
{
    m->first = (tael__date){job->today.year, job->today.month, 1};
    m->so_far = (tael__period){.from = m->first, .to = job->today};
    m->q = tael__job_query(job, TAEL_SUM, &m->so_far, &m->bounds);
    return tael__job_row(job, &m->q, &m->now);
}

/* The two sums that are asked for, the one asked for first. */
static void figure_both(tael__job *job, const month *m, int64_t rest, int64_t whole)
{
    if (job->plan->total)
        tael__figure_row(job, NAME(job, "whole month (estimate)", "全月（估计）"), whole, NULL, &m->now);
    tael__figure_row(job, NAME(job, "rest of the month (estimate)", "本月余下（估计）"), rest, NULL, &m->now);
    if (!job->plan->total)
        tael__figure_row(job, NAME(job, "whole month (estimate)", "全月（估计）"), whole, NULL, &m->now);
    tael__figure_row(job, NAME(job, "spent so far", "本月已花"), m->now.minor, &m->q, &m->now);
}

/* ---- As habits foresee it ---- */

typedef struct foreseen {
    int32_t category_id;
    tael_forecast f;
    bool found;
} foreseen;

static int take(const tael_forecast *forecast, void *user)
{
    foreseen *f = user;
    if (forecast->category_id != f->category_id) return 0;
    f->f = *forecast;
    f->found = true;
    return 1;
}

static void say_foreseen(tael__job *job, const month *m, const tael_forecast *f)
{
    int64_t more = m->now.minor - f->spent_minor; /* what habits leave out was spent all the same */
    int64_t low = f->low_minor + more, whole = f->median_minor + more, high = f->high_minor + more,
            rest = whole - m->now.minor;
    if (rest < 0) rest = 0;
    figure_both(job, m, rest, whole);
    tael__figure_row(job, NAME(job, "whole month, low (10 %)", "全月低值（10%）"), low, NULL, &m->now);
    tael__figure_row(job, NAME(job, "whole month, high (90 %)", "全月高值（90%）"), high, NULL, &m->now);
    tael__figure_row(job, NAME(job, "of it known to recur", "其中定期款项"), f->recurring_minor, NULL, &m->now);
    SAY(job,
        "%s, this month: %s so far, about %s more, %s in all (an estimate: 8 in 10 such months lie between %s and "
        "%s).",
        "%s：本月至今 %s，大概还要花 %s，全月约 %s（估计，八成把握在 %s 至 %s 之间）。", tael__subject_text(job),
        tael__money_text(job, m->now.minor), tael__money_text(job, rest), tael__money_text(job, whole),
        tael__money_text(job, low), tael__money_text(job, high));
    if (f->recurring_minor > 0)
        SAY(job, " Of what is to come, %s recurs on fixed days.", "其中固定要付的还有 %s。",
            tael__money_text(job, f->recurring_minor));
    if (f->learned_days < ENOUGH_DAYS)
        SAY(job, " It is rough: learned from %d days only.", "只依据 %d 天的记录，较粗略。", f->learned_days);
}

/* *done false: habits draw no such forecast. */
static tael_status answer_foreseen(tael__job *job, const tael__job_habits *h, int32_t category_id, bool *done)
{
    month m;
    foreseen f = {.category_id = category_id};
    TAEL_TRY(tael_habits_forecast(h->habits, take, &f));
    *done = f.found;
    if (!f.found) return TAEL_OK;
    TAEL_TRY(read_month(&m, job));
    if (f.f.learned_days < FEW_DAYS) {
        job->route = "no_data";
        tael__figure_row(job, NAME(job, "spent so far", "本月已花"), m.now.minor, &m.q, &m.now);
        SAY(job, "The ledger tells of %d days only, too few for an estimate; %s so far this month.",
            "账本只有 %d 天的记录，还估不出来；本月至今 %s。", f.f.learned_days, tael__money_text(job, m.now.minor));
    } else {
        say_foreseen(job, &m, &f.f);
    }
    tael__row_free(&m.now);
    return TAEL_OK;
}

/* ---- Is the question's part one of the categories that habits foresee? ---- */

typedef struct tops {
    const tael__job_habits *h;
    double all[TOPS], part[TOPS], whole; /* of the last months, by top category; of the question's rows */
} tops;

static int add_row(const tael_record *record, void *user)
{
    tops *t = user;
    int top = tael_category_top(record->category_id) / 100;
    double net = (double)(record->minor - record->refunded_minor);
    if (!record->counted || net <= 0) return 0;
    if (top < 0 || top >= TOPS) top = 0;
    t->all[top] += net;
    if (!tael__job_habits_has(t->h, record->id)) return 0;
    t->part[top] += net;
    t->whole += net;
    return 0;
}

/* The top category that is nearly the same money as the question's rows, or -1. */
static tael_status find_category(tael__job *job, const tael__job_habits *h, int32_t *category_id)
{
    tops t = {.h = h};
    char from[16];
    snprintf(from, sizeof from, "%s", tael__date_text(tael__date_add_days(job->today, -LOOKED_BACK)));
    tael_filter filter = {
        .size = sizeof filter, .from = from, .to = tael__date_text(job->today), .direction = TAEL_EXPENSE};
    *category_id = -1;
    TAEL_TRY(tael_ledger_records(job->ledger, &filter, 0, add_row, &t, NULL));
    for (int top = 1; top < TOPS; top++) {
        double either = t.whole + t.all[top] - t.part[top];
        if (t.part[top] > 0 && t.part[top] >= 0.9 * either) *category_id = 100 * top;
    }
    return TAEL_OK;
}

/* ---- What recurs in a span of days ---- */

typedef struct coming {
    int64_t minor;
    size_t count;
    int64_t *rows; /* ids of the last payment of each; owned */
    size_t row_count;
    tael__buffer names;
} coming;

static tael_status add_coming(coming *c, tael__job *job, const tael__job_habits *h, const tael__period *p)
{
    char name[TAEL__NAME_BYTES], minor[64];
    *c = (coming){.rows = tael__alloc_array(h->recurring_count + 1, sizeof *c->rows), .names = {.max = 1 << 14}};
    if (!c->rows) return tael__fail_memory("ask", h->recurring_count * sizeof *c->rows);
    for (size_t i = 0; i < h->recurring_count; i++) {
        const tael_recurring *r = &h->recurring[i];
        size_t times = 0;
        if (r->state == TAEL_RECURRING_ENDED || r->every < 1) continue;
        tael__date next = tael__day_of(r->next_day), day = next;
        for (int n = 1; tael__days_of(day) <= tael__days_of(p->to); n++) {
            times += tael__days_of(day) >= tael__days_of(p->from);
            day = r->months ? tael__date_add_months(next, n * r->every)
                            : tael__date_add_days(next, (int64_t)n * r->every);
        }
        int64_t all;
        if (times == 0) continue;
        if (__builtin_mul_overflow(r->minor, (int64_t)times, &all) || __builtin_add_overflow(c->minor, all, &c->minor))
            return tael__fail(TAEL_LIMIT, TAEL_SAY("forecast: the sum is too large; narrow the question",
                                                   "预测：合计过大；请缩小范围"));
        c->rows[c->row_count++] = r->records[r->record_count - 1];
        c->count += times;
        if (c->row_count > SHOWN) continue;
        tael__recurring_name(job, r, name);
        tael__buffer_format(&c->names, "%s%s %s", c->row_count > 1 ? NAME(job, ", ", "，") : "", name,
                            tael__recurring_minor_text(job, r, minor, sizeof minor));
        if (times > 1) tael__buffer_format(&c->names, NAME(job, " %zu times", " %zu 次"), times);
    }
    if (c->row_count > SHOWN)
        tael__buffer_format(&c->names, NAME(job, " and %zu more", "等 %zu 项"),
                            job->chinese ? c->row_count : c->row_count - SHOWN);
    return c->names.failed;
}

static void coming_free(coming *c)
{
    tael__free(c->rows);
    tael__buffer_free(&c->names);
}

static void figure_coming(tael__job *job, const coming *c, const char *name)
{
    tael_group_row rows = {.records = c->rows, .record_count = c->row_count};
    tael__figure_money(job, name, c->minor, NULL, &rows);
}

/* Rent and its like: what is due until the month's end is known. */
static tael_status answer_known(tael__job *job, const tael__job_habits *h)
{
    month m;
    coming c;
    TAEL_TRY(read_month(&m, job));
    tael__date last = {m.first.year, m.first.month, tael__days_in_month(m.first.year, m.first.month)};
    tael__period rest = {.from = tael__date_add_days(job->today, 1), .to = last};
    tael_status status = add_coming(&c, job, h, &rest);
    if (status == TAEL_OK) {
        job->habit = "recurring";
        figure_both(job, &m, c.minor, m.now.minor + c.minor);
        SAY(job, "%s, this month: %s so far; ", "%s：本月至今 %s；", tael__subject_text(job),
            tael__money_text(job, m.now.minor));
        if (c.count)
            SAY(job, "as it recurs, %s is still to come (%s), %s in all.", "按固定日子还有 %s（%s），全月 %s。",
                tael__money_text(job, c.minor), c.names.data, tael__money_text(job, m.now.minor + c.minor));
        else
            SAY(job, "%s", "%s",
                NAME(job, "as it recurs, nothing more is due this month.", "按固定日子，本月不用再付了。"));
    }
    coming_free(&c);
    tael__row_free(&m.now);
    return status;
}

/* ---- The same days of the months before ---- */

typedef struct same_days {
    int64_t sum, least, most;
    int months;
} same_days;

static tael_status read_same_days(same_days *s, tael__job *job, const month *m)
{
    *s = (same_days){.least = INT64_MAX};
    for (int back = 1; back <= MONTHS; back++) {
        tael__date begin = tael__date_add_months(m->first, -back);
        int last = tael__days_in_month(begin.year, begin.month);
        if (job->today.day >= last) continue;
        tael__period same = {.from = {begin.year, begin.month, job->today.day + 1},
                             .to = {begin.year, begin.month, last}};
        tael__bounds days;
        tael__row then;
        tael_query before = tael__job_query(job, TAEL_SUM, &same, &days);
        TAEL_TRY(tael__job_row(job, &before, &then));
        s->months += then.count > 0;
        s->sum += then.minor;
        if (then.count > 0 && then.minor < s->least) s->least = then.minor;
        if (then.minor > s->most) s->most = then.minor;
        tael__row_free(&then);
    }
    return TAEL_OK;
}

static tael_status answer_same_days(tael__job *job)
{
    month m;
    same_days s;
    TAEL_TRY(read_month(&m, job));
    tael_status status = read_same_days(&s, job, &m);
    if (status == TAEL_OK && s.months == 0) {
        tael__say_no_data(job);
    } else if (status == TAEL_OK) {
        int64_t rest = s.sum / s.months;
        figure_both(job, &m, rest, rest + m.now.minor);
        SAY(job,
            "%s, this month: %s so far; as the same days of the last %d months went (%s to %s), about %s more, %s in "
            "all (an estimate).",
            "%1$s：本月至今 %2$s；按前 %3$d 个月同期（%4$s 至 %5$s）估计，大概还要花 %6$s，全月约 %7$s。",
            tael__subject_text(job), tael__money_text(job, m.now.minor), s.months, tael__money_text(job, s.least),
            tael__money_text(job, s.most), tael__money_text(job, rest), tael__money_text(job, rest + m.now.minor));
    }
    tael__row_free(&m.now);
    return status;
}

/* ---- Other times ---- */

/* The last days that the bills tell about, at most AVERAGED. */
static tael__period lately_of(const tael__job *job, const tael__job_habits *h)
{
    tael_habits_summary s;
    tael_habits_summarize(h->habits, &s);
    int64_t to = tael__days_of(job->today), from, last = *s.last_day ? tael__days_of(tael__day_of(s.last_day)) : to,
            first = *s.first_day ? tael__days_of(tael__day_of(s.first_day)) : to;
    if (to - last > 3) to = last;
    from = to - AVERAGED + 1;
    return (tael__period){.from = tael__date_of(from < first ? first : from), .to = tael__date_of(to)};
}

static tael_status answer_ahead(tael__job *job, const tael__job_habits *h, const tael__period *p)
{
    coming c;
    tael__row past;
    tael__bounds bounds;
    int64_t days = tael__days_of(p->to) - tael__days_of(p->from) + 1;
    tael__period lately = lately_of(job, h);
    int64_t averaged = tael__days_of(lately.to) - tael__days_of(lately.from) + 1;
    tael_query q = tael__job_query(job, TAEL_SUM, &lately, &bounds);
    TAEL_TRY(tael__job_row(job, &q, &past));
    tael_status status = add_coming(&c, job, h, p);
    if (status == TAEL_OK) {
        int64_t average = averaged < 1 ? 0 : (int64_t)llround((double)past.minor / (double)averaged * (double)days);
        job->habit = "recurring";
        SAY(job, "My estimates end with this month; I can't foretell what %s comes to from %s to %s.",
            "我的估计只到本月底，%2$s 至 %3$s 的%1$s还预测不了。", tael__subject_text(job), tael__date_text(p->from),
            tael__date_text(p->to));
        if (averaged >= FEW_DAYS) {
            tael__figure_row(job, NAME(job, "at the average of late", "照最近的平均"), average, NULL, &past);
            SAY(job, " At the average of the last %lld days, %lld days come to about %s.",
                "照最近 %lld 天的平均，%lld 天约 %s。", (long long)averaged, (long long)days,
                tael__money_text(job, average));
        }
        if (c.count) {
            figure_coming(job, &c, NAME(job, "of it known to recur", "其中定期款项"));
            SAY(job, " Known to recur in it: %s (%s).", "其中固定要付的有 %s（%s）。", tael__money_text(job, c.minor),
                c.names.data);
        }
    }
    coming_free(&c);
    tael__row_free(&past);
    return status;
}

static bool same_month(tael__date a, tael__date b)
{
    return a.year == b.year && a.month == b.month;
}

/* What of the time that the question names is still to come: a week, a quarter or a year that hasn't ended; a month
 * without a year that is over is the next one of that name. */
static bool find_ahead(const tael__job *job, tael__period *ahead)
{
    if (tael__ahead_find(ahead, job->question, job->today)) return true;
    const tael__period *p = tael__job_period(job);
    if (!p) return false;
    int64_t today = tael__days_of(job->today), from = tael__days_of(p->from);
    ahead->from = tael__date_add_days(job->today, 1);
    if (tael__days_of(p->to) == today && p->from.month == 1 && p->from.day == 1 && job->today.month > 1)
        ahead->to = (tael__date){job->today.year, 12, 31};
    else if (tael__days_of(p->to) == today && !same_month(p->from, job->today) && p->from.day == 1 && today - from < 92)
        ahead->to = tael__date_add_days(tael__date_add_months(p->from, 3), -1);
    else if (tael__days_of(p->to) == today && tael__weekday(p->from) == 1 && p->from.day != 1 && today - from < 7)
        ahead->to = tael__date_add_days(p->from, 6);
    else if (tael__days_of(p->to) < today && p->from.day == 1 && same_month(p->from, p->to) &&
             !tael__holds(job->question, "年|20|上|去|last|previous|ago|was|did"))
        ahead->from = tael__date_add_months(p->from, 12), ahead->to = tael__date_add_months(p->to, 12);
    else
        return false;
    return tael__days_of(ahead->to) > today;
}

/* ---- Together ---- */

static tael_status answer_month(tael__job *job, const tael__job_habits *h)
{
    int32_t category_id = 0;
    bool done = false;
    job->habit = "forecast";
    if (!h->all && h->mostly_recurs) return answer_known(job, h);
    if (!h->all) TAEL_TRY(find_category(job, h, &category_id));
    if (category_id >= 0 && !job->plan->income) TAEL_TRY(answer_foreseen(job, h, category_id, &done));
    return done ? TAEL_OK : answer_same_days(job);
}

static tael_status say_spent(tael__job *job)
{
    month m;
    TAEL_TRY(read_month(&m, job));
    tael__figure_row(job, NAME(job, "spent so far", "本月已花"), m.now.minor, &m.q, &m.now);
    SAY(job, " %s, this month so far: %s.", "%s本月至今 %s。", tael__subject_text(job),
        tael__money_text(job, m.now.minor));
    tael__row_free(&m.now);
    return TAEL_OK;
}

tael_status tael__answer_forecast(tael__job *job)
{
    tael__job_habits h;
    tael__period ahead;
    bool allowed, later = find_ahead(job, &ahead);
    const tael__period *p = tael__job_period(job);
    if (!later && p && tael__days_of(p->to) < tael__days_of(job->today)) { /* it is over: that is known */
        job->plan->want = TAEL__WANT_SUM;
        return tael__answer_plain(job);
    }
    TAEL_TRY(tael__job_habits_open(&h, job, &allowed));
    tael_status status = TAEL_OK;
    if (h.row_count == 0) {
        tael__say_no_data(job);
    } else if (!allowed) {
        tael__say_not_learned(job);
        status = say_spent(job);
    } else {
        status = later ? answer_ahead(job, &h, &ahead) : answer_month(job, &h);
    }
    return tael__job_habits_end(&h, job, status);
}
