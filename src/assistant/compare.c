// SPDX-License-Identifier: Apache-2.0
/* Several sums side by side: periods, things, or ways of paying. Two give their difference, the change in percent or
 * how many times one is the other; more, or "each", give a list. */
#include <stdio.h>
#include <string.h>

#include "assistant/internal.h"

enum { MAX_SIDES = TAEL__MAX_PERIODS };

typedef struct side {
    char name[160];
    tael__row row;
    tael_query query;
    tael__bounds bounds;
} side;

typedef struct sides {
    side of[MAX_SIDES];
    size_t count;
    bool things; /* not times: the answer is which */
} sides;

static int64_t value_of(const tael__job *job, const side *s)
{
    return job->plan->by_times ? s->row.count : s->row.minor;
}

static const char *value_text(const tael__job *job, int64_t value, char *out, size_t cap)
{
    if (job->plan->by_times)
        snprintf(out, cap, NAME(job, "%lld times", "%lld 次"), (long long)value);
    else
        snprintf(out, cap, "%s", tael__money_text(job, value));
    return out;
}

static void add_figure(tael__job *job, const char *name, int64_t value, const side *s)
{
    tael_group_row ids = {.records = s->row.records, .record_count = s->row.record_count};
    if (job->plan->by_times)
        tael__figure_number(job, name, (double)value, "count", &s->query, &ids);
    else
        tael__figure_row(job, name, value, &s->query, &s->row);
}

static side *next_side(tael__job *job, sides *all, const char *name, const tael__period *period)
{
    side *s = &all->of[all->count++];
    snprintf(s->name, sizeof s->name, "%s", name);
    s->query = tael__job_query(job, TAEL_SUM, period, &s->bounds);
    return s;
}

static void list_sides(tael__job *job, sides *all)
{
    const tael__period *p = tael__job_period(job);
    const tael__plan *plan = job->plan;
    size_t times = job->when.count;
    const char *source, *method;
    if (times >= 2 && (job->about_count < 2 || plan->want != TAEL__WANT_COMPARE || job->any_about == false)) {
        for (size_t i = 0; i < times && i < MAX_SIDES; i++)
            next_side(job, all, tael__period_text(job, &job->when.periods[i]), &job->when.periods[i]);
        return;
    }
    if (job->about_count < 2 && !*plan->paid_with_too && times == 1 && job->when.periods[0].joined) {
        /* "from July to August": what came of the first in the second */
        tael__period first = job->when.periods[0], last = first;
        first.to = first.first_to;
        last.from = last.last_from;
        next_side(job, all, tael__period_text(job, &last), &last);
        next_side(job, all, tael__period_text(job, &first), &first);
        return;
    }
    all->things = true;
    if (*plan->paid_with_too && tael__resolve_method(plan->paid_with_too, &source, &method)) {
        next_side(job, all, plan->paid_with, p);
        side *s = next_side(job, all, plan->paid_with_too, p);
        s->query.filter.source = source;
        s->query.filter.method = method;
        return;
    }
    for (size_t i = 0; i < job->about_count && job->about_count >= 2; i++) {
        side *s = next_side(job, all, job->labels[i], p);
        s->query.filter.all_of = &job->groups[i];
        s->query.filter.all_count = 1;
    }
}

static double rounded(double value, double by)
{
    return (double)(int64_t)(value * by + (value < 0 ? -0.5 : 0.5)) / by;
}

static void say_ratio(tael__job *job, const side *a, const side *b, bool percent)
{
    char x[64], y[64];
    int64_t one = value_of(job, a), other = value_of(job, b);
    double value = percent ? 100.0 * (double)(one - other) / (double)other : (double)one / (double)other;
    value = rounded(value, percent ? 100 : 1000);
    tael_group_row ids = {.records = a->row.records, .record_count = a->row.record_count};
    tael__figure_number(job, percent ? NAME(job, "change", "变化") : NAME(job, "ratio", "倍数"), value,
                        percent ? "percent" : "times", &a->query, &ids);
    add_figure(job, a->name, one, a);
    add_figure(job, b->name, other, b);
    value_text(job, one, x, sizeof x);
    value_text(job, other, y, sizeof y);
    if (percent)
        SAY(job, "%s: %s; %s: %s; a change of %+.2f%%.", "%s：%s；%s：%s；变化 %+.2f%%。", a->name, x, b->name, y,
            value);
    else
        SAY(job, "%s: %s; %s: %s; %.2f times as much.", "%s：%s；%s：%s；前者是后者的 %.2f 倍。", a->name, x, b->name,
            y, value);
}

static void say_difference(tael__job *job, const side *a, const side *b, bool things)
{
    char x[64], y[64], z[64];
    int64_t one = value_of(job, a), other = value_of(job, b), difference = one - other;
    const side *more = difference >= 0 ? a : b;
    tael_group_row ids = {.records = more->row.records, .record_count = more->row.record_count};
    if (things)
        tael__figure_text(job, NAME(job, "more", "更多"), more->name, "name", &more->query, &ids);
    else
        add_figure(job, NAME(job, "difference", "相差"), difference < 0 ? -difference : difference, a);
    add_figure(job, a->name, one, a);
    add_figure(job, b->name, other, b);
    if (things) add_figure(job, NAME(job, "difference", "相差"), difference < 0 ? -difference : difference, a);
    SAY(job, "%s: %s; %s: %s. %s is %s more.", "%s：%s；%s：%s。%s多 %s。", a->name, value_text(job, one, x, sizeof x),
        b->name, value_text(job, other, y, sizeof y), more->name,
        value_text(job, difference < 0 ? -difference : difference, z, sizeof z));
}

static void say_each(tael__job *job, const sides *all)
{
    char value[64];
    const side *most = &all->of[0];
    for (size_t i = 1; i < all->count; i++)
        if (value_of(job, &all->of[i]) > value_of(job, most)) most = &all->of[i];
    tael_group_row ids = {.records = most->row.records, .record_count = most->row.record_count};
    if (job->plan->want == TAEL__WANT_COMPARE)
        tael__figure_text(job, NAME(job, "more", "更多"), most->name, "name", &most->query, &ids);
    for (size_t i = 0; i < all->count; i++) {
        const side *s = &all->of[i];
        add_figure(job, s->name, value_of(job, s), s);
        SAY(job, "%s%s: %s", "%s%s：%s", i ? NAME(job, "; ", "；") : "", s->name,
            value_text(job, value_of(job, s), value, sizeof value));
    }
    SAY(job, "%s", "%s", NAME(job, ".", "。"));
}

static tael_status say_sides(tael__job *job, const sides *all)
{
    bool none = true;
    for (size_t i = 0; i < all->count; i++) none &= all->of[i].row.count == 0;
    const side *a = &all->of[0], *b = &all->of[1];
    if (none) {
        job->route = "no_data";
        SAY(job, "The ledger has nothing for %s: neither %s nor %s.", "账本里没有%s的记录：%s、%s 都没有。",
            tael__subject_text(job), a->name, b->name);
    } else if (all->count > 2 || job->plan->want == TAEL__WANT_LIST) {
        say_each(job, all);
    } else if (value_of(job, b) != 0 && (job->plan->want == TAEL__WANT_RATIO || job->plan->percent ||
                                         tael__holds(job->question, "百分|%|％|percent"))) {
        say_ratio(job, a, b, job->plan->want != TAEL__WANT_RATIO);
    } else {
        say_difference(job, a, b, all->things);
    }
    return TAEL_OK;
}

bool tael__has_sides(const tael__job *job)
{
    return job->when.count >= 2 || job->about_count >= 2 || *job->plan->paid_with_too;
}

tael_status tael__answer_compare(tael__job *job)
{
    sides *all = tael__alloc_zero(sizeof *all);
    tael_status status = all ? TAEL_OK : tael__fail_memory("compare", sizeof *all);
    if (all) list_sides(job, all);
    size_t count = all ? all->count : 0;
    for (size_t i = 0; i < count && status == TAEL_OK; i++)
        status = tael__job_row(job, &all->of[i].query, &all->of[i].row);
    if (status == TAEL_OK && count >= 2) status = say_sides(job, all);
    for (size_t i = 0; i < count; i++) tael__row_free(&all->of[i].row);
    tael__free(all);
    return status == TAEL_OK && count < 2 ? tael__answer_plain(job) : status; /* nothing to compare with */
}
