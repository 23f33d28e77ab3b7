// SPDX-License-Identifier: Apache-2.0
// What the month will have cost. What recurs is known: its days and amounts. The rest is drawn from the owner's own
// past: runs of as many days as are left, from weeks that begin on the same weekday and from months at the same day,
// recent ones more often (so that weekends, paydays and slow spells keep together). 2,000 such months give the
// quantiles; all categories are drawn together, so that their sums fit.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "habits/history.h"

enum { TOPS = 24, DRAWS = 2000, MOST_DAYS = 1096 };
#define HALF_LIFE_DAYS 365.0
#define WIDEN          0.8 /* of 1/sqrt(independent runs): the past is a sample, and short ones are narrower than life */

typedef struct month {
    tael_habits *h;
    int32_t first, start, last; /* days: of the history, the first unknown one, the month's last */
    int32_t month_first;
    int64_t (*sums)[TOPS];  /* sums[d][c]: spent before day first + d, without what recurs; owned */
    double (*draws)[DRAWS]; /* draws[c]: of category c; draws[0]: all; owned */
    int64_t spent[TOPS], due[TOPS];
    tael__random random;
} month;

static int top_of(int32_t category_id)
{
    int top = tael_category_top(category_id) / 100;
    return top > 0 && top < TOPS ? top : 20; /* "other" */
}

static tael_status add_up(month *m)
{
    const tael_habits *h = m->h;
    size_t days = (size_t)(m->start - m->first) + 1;
    m->sums = tael__alloc_array(days, sizeof *m->sums);
    if (!m->sums) return tael__fail_memory("habits", days * sizeof *m->sums);
    for (size_t i = 0; i < h->count; i++) {
        const tael__payment *p = &h->payments[i];
        int top = top_of(p->category_id);
        if (p->income) continue;
        if (p->day >= m->month_first && p->day <= m->last) {
            m->spent[top] += p->minor;
            m->spent[0] += p->minor;
        }
        if (p->day < m->first || p->day >= m->start || p->recurring) continue;
        m->sums[p->day - m->first + 1][top] += p->minor;
        m->sums[p->day - m->first + 1][0] += p->minor;
    }
    for (size_t d = 1; d < days; d++)
        for (int c = 0; c < TOPS; c++) m->sums[d][c] += m->sums[d - 1][c];
    return TAEL_OK;
}

/* A number of steps back, from `least` to `most`, each step `keep` times as likely as the one before. */
static int32_t steps_back(month *m, int32_t least, int32_t most, double keep)
{
    double all = 1 - pow(keep, most - least + 1), u = tael__random_unit(&m->random) * all;
    int32_t steps = least + (int32_t)(log1p(-u) / log(keep));
    return steps > most ? most : steps;
}

/* The first day of a past run that stands for `length` days from `day`: as many weeks or months ago. */
static int32_t past_day(month *m, int32_t day, int32_t length)
{
    int32_t ago = day + length - m->start; /* at least so many days */
    if (tael__random_next(&m->random) & 1) {
        int32_t least = 1, most;
        tael__date date = tael__date_of(day);
        int64_t earliest = m->first;
        while (least < 3 && tael__days_of(tael__date_add_months(date, -least)) + length > m->start) least++;
        most = least;
        while (most < 36 && tael__days_of(tael__date_add_months(date, -most - 1)) >= earliest) most++;
        int64_t found =
            tael__days_of(tael__date_add_months(date, -steps_back(m, least, most, exp2(-30.4 / HALF_LIFE_DAYS))));
        if (found >= earliest && found + length <= m->start) return (int32_t)found;
    }
    int32_t least = (ago + 6) / 7, most = (day - m->first) / 7;
    if (most < least) return m->start - length;
    return day - 7 * steps_back(m, least, most, exp2(-7 / HALF_LIFE_DAYS));
}

static void draw_rest(month *m, int n, int32_t run)
{
    for (int32_t day = m->start; day <= m->last; day += run) {
        int32_t length = m->last - day + 1 < run ? m->last - day + 1 : run, from = past_day(m, day, length) - m->first;
        if (from < 0) continue;
        for (int c = 0; c < TOPS; c++) m->draws[c][n] += (double)(m->sums[from + length][c] - m->sums[from][c]);
    }
}

/* The past is a sample of few runs; what will be lies further from the middle than they do. */
static void widen(month *m, int32_t run)
{
    double runs = (double)(m->start - m->first) / run, more = 1 + WIDEN / sqrt(fmax(runs, 1)), sorted[DRAWS];
    for (int c = 0; c < TOPS; c++) {
        for (int n = 0; n < DRAWS; n++) sorted[n] = m->draws[c][n];
        double middle = tael__median(sorted, DRAWS);
        for (int n = 0; n < DRAWS; n++) {
            double x = m->draws[c][n];
            m->draws[c][n] =
                x > middle ? middle + (x - middle) * more : middle / pow(fmax(middle / fmax(x, 1), 1), more);
        }
    }
}

/* What recurs and is still to come. */
static void draw_recurring(month *m, int n, const tael__recurring *t)
{
    const tael_recurring *r = &t->r;
    double kept = (r->count - r->doubled + 1.0) / (r->count - r->doubled + r->missed + 1.5);
    int32_t step = r->months ? 0 : r->every;
    int32_t day = t->next < m->start ? m->start : t->next;
    for (; day <= m->last; day += step) {
        double u = tael__random_unit(&m->random), v = tael__random_unit(&m->random);
        double amount = u < 0.5 ? (double)r->low_minor + 2 * u * (double)(r->minor - r->low_minor)
                                : (double)r->minor + (2 * u - 1) * (double)(r->high_minor - r->minor);
        if (v < (r->state == TAEL_RECURRING_LATE ? kept / 2 : kept)) {
            m->draws[top_of(r->category_id)][n] += amount;
            m->draws[0][n] += amount;
        }
        if (n == 0) {
            m->due[top_of(r->category_id)] += r->minor;
            m->due[0] += r->minor;
        }
        if (step == 0) break;
    }
}

static tael_status simulate(month *m)
{
    int32_t left = m->last - m->start + 1, history = m->start - m->first;
    int32_t run = history >= 3 * left + 28 ? left : history >= 28 ? 7 : 1;
    m->draws = tael__alloc_array(TOPS, sizeof *m->draws);
    if (!m->draws) return tael__fail_memory("habits", TOPS * sizeof *m->draws);
    if (left <= 0) return TAEL_OK;
    tael__random_seed(&m->random, (uint64_t)m->start); /* the same day gives the same figures */
    for (int n = 0; n < DRAWS && history > 0; n++) draw_rest(m, n, run);
    if (history > 0) widen(m, run);
    for (size_t i = 0; i < m->h->recurring_count; i++) {
        const tael__recurring *t = &m->h->recurring[i];
        if (t->r.direction != TAEL_EXPENSE || t->next == 0) continue;
        for (int n = 0; n < DRAWS; n++) draw_recurring(m, n, t);
    }
    return TAEL_OK;
}

static void tell(tael_forecast *to, const month *m, int c)
{
    double sorted[DRAWS];
    tael__date date = tael__date_of(m->month_first);
    for (int n = 0; n < DRAWS; n++) sorted[n] = m->draws[c][n];
    qsort(sorted, DRAWS, sizeof *sorted, tael__by_number);
    *to = (tael_forecast){.category_id = c * 100, .spent_minor = m->spent[c], .recurring_minor = m->due[c]};
    to->low_minor = m->spent[c] + llround(tael__quantile(sorted, DRAWS, 0.1));
    to->median_minor = m->spent[c] + llround(tael__quantile(sorted, DRAWS, 0.5));
    to->high_minor = m->spent[c] + llround(tael__quantile(sorted, DRAWS, 0.9));
    to->days_left = m->last - m->h->today;
    to->learned_days = m->start - m->first;
    snprintf(to->month, sizeof to->month, "%04d-%02d", (int)((unsigned)date.year % 10000),
             (int)((unsigned)date.month % 100));
}

static const char *sentence_of(tael_habits *h, const tael_forecast *f)
{
    char spent[48], due[48], low[48], middle[48], high[48];
    tael__habit_money(spent, f->spent_minor, h->currency);
    tael__habit_money(due, f->recurring_minor, h->currency);
    tael__habit_money(low, f->low_minor, h->currency);
    tael__habit_money(middle, f->median_minor, h->currency);
    tael__habit_money(high, f->high_minor, h->currency);
    tael__buffer_clear(&h->sentence);
    return tael__habit_sentence(
        h,
        TAEL_SAY(
            "%s: about %s (8 in 10: %s to %s); %s so far, %s still to come of what recurs, %d days left, learned from "
            "%d days",
            "%s 预计约 %s（八成把握在 %s 至 %s）；已花 %s，周期支付还有 %s，剩 %d 天，依据 %d 天的记录"),
        f->month, middle, low, high, spent, due, f->days_left, f->learned_days);
}

static int by_median(const void *a, const void *b)
{
    const tael_forecast *x = a, *y = b;
    if (x->median_minor != y->median_minor) return x->median_minor < y->median_minor ? 1 : -1;
    return (x->category_id > y->category_id) - (x->category_id < y->category_id);
}

static void hand_over(month *m, tael_forecast_fn *each, void *user)
{
    tael_forecast all[TOPS];
    int count = 0;
    for (int c = 0; c < TOPS; c++) {
        tell(&all[count], m, c);
        if (c == 0 || all[count].high_minor > 0) count++;
    }
    qsort(all + 1, (size_t)count - 1, sizeof *all, by_median);
    for (int i = 0; i < count; i++) {
        all[i].sentence = sentence_of(m->h, &all[i]);
        if (each(&all[i], user) != 0) break;
    }
}

tael_status tael_habits_forecast(tael_habits *h, tael_forecast_fn *each, void *user)
{
    month m = {.h = h};
    if (!h || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("forecast: habits and a function are needed", "预测：需要习惯和回调函数"));
    tael__date date = tael__date_of(h->today);
    date.day = 1;
    m.month_first = (int32_t)tael__days_of(date);
    m.last = m.month_first + tael__days_in_month(date.year, date.month) - 1;
    m.start = h->known + 1 > m.month_first ? h->known + 1 : m.month_first;
    m.first = h->first_day > m.start - MOST_DAYS ? h->first_day : m.start - MOST_DAYS;
    if (m.first > m.start) m.first = m.start;
    tael_status status = add_up(&m);
    if (status == TAEL_OK) status = simulate(&m);
    if (status == TAEL_OK) hand_over(&m, each, user);
    tael__free(m.sums);
    tael__free(m.draws);
    return status;
}
