// SPDX-License-Identifier: Apache-2.0
// What stands out, and what was charged twice: as the habits see it, over the days that the question names.
#include <string.h>

#include "assistant/habits.h"

enum { LATELY = 30, SHOWN = 8, MOST_DAYS = 36600 };

typedef struct findings {
    tael__job *job;
    const tael__job_habits *h;
    int64_t from, to; /* days */
    size_t count;
} findings;

static bool is_asked(const findings *f, const tael_unusual *u, int64_t day)
{
    if (f->job->plan->want == TAEL__WANT_TWICE && u->kind != TAEL_UNUSUAL_DOUBLE) return false;
    return day >= f->from && day <= f->to && tael__job_habits_has(f->h, u->record);
}

static int tell(const tael_unusual *u, void *user)
{
    findings *f = user;
    tael__job *job = f->job;
    tael__date date = tael__date_of_ms(u->time_ms, u->offset_minutes);
    int64_t ids[2] = {u->record, u->other};
    tael_group_row rows = {.records = ids, .record_count = u->other ? 2 : 1};
    if (!is_asked(f, u, tael__days_of(date))) return 0;
    if (f->count++ >= SHOWN) return 0;
    tael__figure_money(job, u->merchant, u->minor, NULL, &rows);
    tael__figure_text(job, NAME(job, "on", "日期"), tael__date_text(date), "date", NULL, &rows);
    SAY(job, "%s%s %s", "%s%s %s", f->count > 1 ? NAME(job, "; ", "；") : "", tael__date_text(date), u->sentence);
    return 0;
}

/* The days asked about: those named, else the last 30. */
static void set_days(findings *f)
{
    const tael__period *p = tael__job_period(f->job);
    f->to = tael__days_of(f->job->today);
    f->from = f->to - LATELY + 1;
    if (!p) return;
    f->from = tael__days_of(p->from);
    if (tael__days_of(p->to) < f->to) f->to = tael__days_of(p->to);
}

static void say_nothing(tael__job *job, const findings *f)
{
    const char *from = tael__date_text(tael__date_of(f->from)), *to = tael__date_text(tael__date_of(f->to)),
               *subject = tael__subject_text(job);
    job->route = "no_data";
    if (job->plan->want == TAEL__WANT_TWICE)
        SAY(job, "From %s to %s I find nothing that was charged twice (%s).", "%s 至 %s 没有发现重复扣款（%s）。", from,
            to, subject);
    else
        SAY(job, "From %s to %s nothing stands out (%s).", "%s 至 %s 没有发现异常（%s）。", from, to, subject);
}

static tael_status find(findings *f)
{
    tael__job *job = f->job;
    tael_language before = tael_get_language();
    int64_t days = tael__days_of(job->today) - f->from + 1;
    tael__buffer found = {.max = job->text.max}, text = job->text;
    job->text = found;                                             /* how many there are is said before what they are */
    tael_set_language(job->chinese ? TAEL_CHINESE : TAEL_ENGLISH); /* the sentences are the habits' own */
    tael_status status = tael_habits_unusual(f->h->habits,
                                             (int32_t)(days < 1           ? 1
                                                       : days < MOST_DAYS ? days
                                                                          : MOST_DAYS),
                                             tell, f);
    tael_set_language(before);
    found = job->text;
    job->text = text;
    if (status == TAEL_OK) status = found.failed;
    if (status == TAEL_OK && f->count) {
        if (job->plan->want == TAEL__WANT_TWICE)
            SAY(job, "%zu may have been charged twice: ", "可能重复扣款的有 %zu 笔：", f->count);
        else
            SAY(job, "%zu stand out: ", "有 %zu 笔值得留意：", f->count);
        tael__buffer_text(&job->text, found.data ? found.data : "");
        if (f->count > SHOWN) SAY(job, "; and %zu more", "；另有 %zu 笔", f->count - SHOWN);
        tael__buffer_text(&job->text, NAME(job, ".", "。"));
    }
    tael__buffer_free(&found);
    return status;
}

tael_status tael__answer_unusual(tael__job *job)
{
    tael__job_habits h;
    bool allowed;
    TAEL_TRY(tael__job_habits_open(&h, job, &allowed));
    findings f = {.job = job, .h = &h};
    tael_status status = TAEL_OK;
    set_days(&f);
    job->habit = "unusual";
    if (h.row_count == 0) {
        tael__say_no_data(job);
    } else if (!allowed) {
        tael__say_not_learned(job);
    } else {
        status = find(&f);
        if (status == TAEL_OK && f.count == 0) say_nothing(job, &f);
    }
    return tael__job_habits_end(&h, job, status);
}
