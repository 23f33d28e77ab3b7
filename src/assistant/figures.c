// SPDX-License-Identifier: Apache-2.0
// The answer's figures and the words around them: every figure carries its query and its rows.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tael/habits.h>

#include "assistant/internal.h"

/* "[food.coffee|瑞幸|luckin]". */
static void group_text(tael__buffer *out, const char *open, const tael_term_group *g)
{
    const char *bar = open;
    for (size_t i = 0; i < g->range_count; i++, bar = "|") {
        const tael_category *top = tael_category_get(g->ranges[i][0]);
        tael__buffer_format(out, "%s%s", bar, top ? top->key : "");
    }
    for (size_t i = 0; i < g->count; i++, bar = "|") tael__buffer_format(out, "%s%s", bar, g->items[i]);
    tael__buffer_text(out, "]");
}

static void query_text(tael__buffer *out, const tael_query *q)
{
    static const char *const measures[] = {"sum", "count", "average", "max", "min", "first", "last"};
    static const char *const groups[] = {"",         "day",      "month",  "year",   "weekday", "hour",
                                         "category", "merchant", "method", "source", "week"};
    const tael_filter *f = &q->filter;
    tael__buffer_format(out, "%s %s", measures[q->measure], f->direction == TAEL_INCOME ? "income" : "expense");
    if (f->from || f->to) tael__buffer_format(out, " %s..%s", f->from ? f->from : "", f->to ? f->to : "");
    for (size_t g = 0; g < f->all_count; g++) group_text(out, g ? " and [" : " [", &f->all_of[g]);
    for (size_t g = 0; g < f->none_count; g++) group_text(out, " not [", &f->none_of[g]);
    for (size_t i = 0; i < f->no_count; i++) tael__buffer_format(out, "%s%s", i ? "|" : " not [", f->no_terms[i]);
    if (f->no_count) tael__buffer_text(out, "]");
    if (f->method) tael__buffer_format(out, " method=%s", f->method);
    if (f->source) tael__buffer_format(out, " source=%s", f->source);
    if (f->weekdays) tael__buffer_format(out, " weekdays=%02" PRIx32, f->weekdays);
    if (f->hour_from != f->hour_to) tael__buffer_format(out, " hours=%d..%d", f->hour_from, f->hour_to);
    if (f->min_minor) tael__buffer_format(out, " min=%" PRId64, f->min_minor);
    if (f->max_minor) tael__buffer_format(out, " max=%" PRId64, f->max_minor);
    if (f->refunded_only) tael__buffer_text(out, " refunded");
    if (q->group) tael__buffer_format(out, " by %s", groups[q->group]);
}

/* The next figure with its name, query and rows; NULL when there is no room or memory. */
static tael_figure *add(tael__job *job, const char *name, const char *unit, const tael_query *query,
                        const tael_group_row *row)
{
    if (job->text.failed != TAEL_OK || job->figure_count == TAEL__MAX_FIGURES) return NULL;
    tael_figure *f = &job->figures[job->figure_count++];
    *f = (tael_figure){.name = tael__strdup(name), .unit = tael__strdup(unit), .currency = job->summary.currency};
    tael__buffer text = {.max = 1 << 16};
    if (query)
        query_text(&text, query);
    else if (job->habit)
        tael__buffer_format(&text, "habits %s", job->habit);
    f->query = tael__buffer_take(&text);
    if (row && row->record_count) {
        int64_t *ids = tael__alloc_array(row->record_count, sizeof *ids);
        if (ids) memcpy(ids, row->records, row->record_count * sizeof *ids);
        f->records = ids;
        f->record_count = ids ? row->record_count : 0;
    }
    if (!f->name || !f->unit || !f->query || (row && row->record_count && !f->records))
        job->text.failed = tael__fail_memory("figure", sizeof *f);
    return f;
}

void tael__figure_money(tael__job *job, const char *name, int64_t minor, const tael_query *query,
                        const tael_group_row *row)
{
    tael_figure *f = add(job, name, job->summary.currency, query, row);
    if (!f) return;
    f->is_money = true;
    f->minor = minor;
}

void tael__figure_number(tael__job *job, const char *name, double value, const char *unit, const tael_query *query,
                         const tael_group_row *row)
{
    tael_figure *f = add(job, name, unit, query, row);
    if (f) f->value = value;
}

void tael__figure_text(tael__job *job, const char *name, const char *text, const char *unit, const tael_query *query,
                       const tael_group_row *row)
{
    tael_figure *f = add(job, name, unit, query, row);
    if (!f) return;
    f->text = tael__strdup(text);
    if (!f->text) job->text.failed = tael__fail_memory("figure", strlen(text));
}

void tael__figure_row(tael__job *job, const char *name, int64_t minor, const tael_query *query, const tael__row *row)
{
    tael_group_row ids = {.records = row->records, .record_count = row->record_count};
    tael__figure_money(job, name, minor, query, &ids);
}

void tael__figures_free(tael_figure *figures, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tael__free((void *)(uintptr_t)figures[i].name);
        tael__free((void *)(uintptr_t)figures[i].unit);
        tael__free((void *)(uintptr_t)figures[i].query);
        tael__free((void *)(uintptr_t)figures[i].text);
        tael__free((void *)(uintptr_t)figures[i].records);
    }
}

/* ---- Words ---- */

static char *rotating(void)
{
    static _Thread_local char buffers[8][512];
    static _Thread_local unsigned next;
    return buffers[next++ % 8];
}

const char *tael__money_text(const tael__job *job, int64_t minor)
{
    char digits[32], *out = rotating();
    uint64_t size = minor < 0 ? 0 - (uint64_t)minor : (uint64_t)minor;
    int n = snprintf(digits, sizeof digits, "%" PRIu64, size / 100), at = 0;
    bool yuan = strcmp(job->summary.currency, "CNY") == 0 || !*job->summary.currency;
    if (minor < 0) out[at++] = '-';
    if (yuan) at += snprintf(out + at, 8, "¥");
    for (int i = 0; i < n; i++) {
        out[at++] = digits[i];
        if ((n - 1 - i) % 3 == 0 && i < n - 1) out[at++] = ',';
    }
    snprintf(out + at, 32, ".%02d%s%s", (int)(size % 100), yuan ? "" : " ", yuan ? "" : job->summary.currency);
    return out;
}

const char *tael__date_text(tael__date date)
{
    char *out = rotating();
    snprintf(out, 32, "%04d-%02d-%02d", date.year, date.month, date.day);
    return out;
}

static const char *const english_months[] = {"January", "February", "March",     "April",   "May",      "June",
                                             "July",    "August",   "September", "October", "November", "December"};

const char *tael__period_text(const tael__job *job, const tael__period *p)
{
    char *out = rotating();
    if (!p) return job->chinese ? "账本全部时间" : "in the whole ledger";
    bool same_year = p->from.year == p->to.year, first = p->from.day == 1,
         to_today = tael__days_of(p->to) == tael__days_of(job->today);
    bool last = p->to.day == tael__days_in_month(p->to.year, p->to.month) || to_today;
    if (tael__days_of(p->from) == tael__days_of(p->to)) {
        snprintf(out, 128, job->chinese ? "%s" : "on %s", tael__date_text(p->from));
    } else if (same_year && first && last && p->from.month == p->to.month) {
        if (job->chinese)
            snprintf(out, 128, "%d年%d月", p->from.year, p->from.month);
        else
            snprintf(out, 128, "in %s %d", english_months[p->from.month - 1], p->from.year);
    } else if (same_year && first && last && p->from.month == 1 && (p->to.month == 12 || to_today)) {
        snprintf(out, 128, job->chinese ? "%d年" : "in %d", p->from.year);
    } else {
        snprintf(out, 128, job->chinese ? "%s 至 %s" : "from %s to %s", tael__date_text(p->from),
                 tael__date_text(p->to));
    }
    return out;
}

const char *tael__subject_text(const tael__job *job)
{
    char *out = rotating();
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < job->about_count; i++)
        at += (size_t)snprintf(out + at, 128, "%s%s", i ? (job->any_about ? (job->chinese ? "和" : " and ") : "·") : "",
                               job->labels[i]);
    if (job->method || job->source) {
        const char *paid = job->plan->paid_with;
        at += (size_t)snprintf(out + at, 128, job->chinese ? "%s%s支付" : "%spaid with %s",
                               at ? (job->chinese ? "，" : ", ") : "", paid);
    }
    if (at == 0)
        at += (size_t)snprintf(out, 64, "%s",
                               job->plan->income ? (job->chinese ? "全部收入" : "all income")
                                                 : (job->chinese ? "全部支出" : "all spending"));
    if (*job->not_label) snprintf(out + at, 128, job->chinese ? "（不含%s）" : " (without %s)", job->not_label);
    return out;
}

const char *tael__key_text(const tael__job *job, tael_group group, const char *key)
{
    static const char *const zh[] = {"周一", "周二", "周三", "周四", "周五", "周六", "周日"};
    static const char *const en[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    if (group == TAEL_BY_WEEKDAY && key[0] >= '1' && key[0] <= '7') return (job->chinese ? zh : en)[key[0] - '1'];
    if (group != TAEL_BY_HOUR) return key;
    char *out = rotating();
    snprintf(out, 32, job->chinese ? "%s点" : "%s:00", key);
    return out;
}

void tael__say_no_data(tael__job *job)
{
    job->route = "no_data";
    const tael__period *p = tael__job_period(job);
    const char *what = job->plan->income ? NAME(job, "income", "收入") : NAME(job, "spending", "支出"),
               *gap = p && !job->chinese ? " " : "", *when = p ? tael__period_text(job, p) : "";
    if (tael__is_about_all(job))
        SAY(job, "The ledger has no %s%s%s.", "账本里%2$s%3$s没有%1$s记录。", what, gap, when);
    else
        SAY(job, "The ledger has no %s for %s%s%s.", "账本里%3$s%4$s没有%2$s的%1$s记录。", what,
            tael__subject_text(job), gap, when);
}
