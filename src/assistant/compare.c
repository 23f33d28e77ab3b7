// SPDX-License-Identifier: Apache-2.0
// Comparisons: two periods, or two things in one period; the difference, or the change in percent.
#include "assistant/internal.h"

typedef struct side {
    const char *name;
    tael__row row;
    tael_query query;
    tael__bounds bounds;
} side;

static tael_status sum_side(tael__job *job, side *s, const char *name, const tael__period *period,
                            const tael_term_group *group)
{
    s->name = name;
    s->query = tael__job_query(job, TAEL_SUM, period, &s->bounds);
    if (group) s->query.filter.all_of = group, s->query.filter.all_count = 1;
    return tael__job_row(job, &s->query, &s->row);
}

static void say_percent(tael__job *job, const side *a, const side *b)
{
    double percent = 100.0 * (double)(a->row.minor - b->row.minor) / (double)b->row.minor;
    percent = (double)(int64_t)(percent * 100 + (percent < 0 ? -0.5 : 0.5)) / 100;
    tael_group_row ids = {.records = a->row.records, .record_count = a->row.record_count};
    tael__figure_number(job, NAME(job, "change", "变化"), percent, "percent", &a->query, &ids);
    SAY(job, "%s: %s; %s: %s; a change of %+.2f%%.", "%s：%s；%s：%s；变化 %+.2f%%。", a->name,
        tael__money_text(job, a->row.minor), b->name, tael__money_text(job, b->row.minor), percent);
}

static void say_difference(tael__job *job, const side *a, const side *b, bool things)
{
    int64_t difference = a->row.minor - b->row.minor;
    const side *more = difference >= 0 ? a : b, *less = difference >= 0 ? b : a;
    tael_group_row ids = {.records = more->row.records, .record_count = more->row.record_count};
    if (things)
        tael__figure_text(job, NAME(job, "more", "更多"), more->name, "name", &more->query, &ids);
    else
        tael__figure_row(job, NAME(job, "difference", "相差"), difference < 0 ? -difference : difference, &a->query,
                         &a->row);
    tael__figure_row(job, a->name, a->row.minor, &a->query, &a->row);
    tael__figure_row(job, b->name, b->row.minor, &b->query, &b->row);
    SAY(job, "%s: %s; %s: %s. %s is %s more.", "%s：%s；%s：%s。%s多 %s。", a->name,
        tael__money_text(job, a->row.minor), b->name, tael__money_text(job, b->row.minor), more->name,
        tael__money_text(job, more->row.minor - less->row.minor));
}

tael_status tael__answer_compare(tael__job *job)
{
    bool things = job->about_count >= 2 && job->when.count < 2;
    if (!things && job->when.count < 2) return tael__answer_plain(job); /* nothing to compare with */
    const tael__period *p = job->when.periods;
    side a = {0}, b = {0};
    tael_status status;
    if (things) {
        status = sum_side(job, &a, job->labels[0], tael__job_period(job), &job->groups[0]);
        if (status == TAEL_OK) status = sum_side(job, &b, job->labels[1], tael__job_period(job), &job->groups[1]);
    } else {
        status = sum_side(job, &a, tael__period_text(job, &p[0]), &p[0], NULL);
        if (status == TAEL_OK) status = sum_side(job, &b, tael__period_text(job, &p[1]), &p[1], NULL);
    }
    if (status == TAEL_OK && a.row.count == 0 && b.row.count == 0) {
        job->route = "no_data";
        SAY(job, "The ledger has nothing for %s, neither %s nor %s.", "账本里没有%s的记录：%s、%s 都没有。",
            tael__subject_text(job), a.name, b.name);
    } else if (status == TAEL_OK && b.row.minor != 0 && tael__holds(job->question, "百分|%|％|percent|比例")) {
        say_percent(job, &a, &b);
    } else if (status == TAEL_OK) {
        say_difference(job, &a, &b, things);
    }
    tael__row_free(&a.row);
    tael__row_free(&b.row);
    return status;
}
