// SPDX-License-Identifier: Apache-2.0
/* What the files of `ask` share: the job of answering one question, and the answer as it grows. */
#ifndef TAEL__ASSISTANT_INTERNAL_H
#define TAEL__ASSISTANT_INTERNAL_H

#include <tael/assistant.h>

#include "assistant/intent.h"
#include "assistant/period.h"
#include "assistant/plan.h"
#include "assistant/resolve.h"

#define TAEL__MAX_FIGURES 64

typedef struct tael__job {
    tael_ledger *ledger; /* borrowed, as are the next two */
    const char *question;
    tael__plan *plan; /* what the model wrote, corrected where the question or the ledger says otherwise */
    tael__when when;
    tael__date today;
    bool chinese; /* the question's language, which is the answer's */
    tael_ledger_summary summary;
    tael__merchants merchants;
    tael__terms about[TAEL__PLAN_WORDS]; /* of the words that are known */
    char labels[TAEL__PLAN_WORDS][TAEL__WORD_BYTES];
    size_t about_count, unknown_count;
    char unknown[TAEL__WORD_BYTES]; /* the first word that nothing is known of */
    bool any_about;                 /* the words are alternatives ("A and B"), not conditions on one row ("A's B") */
    tael__terms not_about[TAEL__PLAN_WORDS];
    size_t not_count;
    tael_term_group not_groups[TAEL__PLAN_WORDS];
    tael__terms without; /* what the words of `about` are without */
    char not_label[TAEL__WORD_BYTES];
    const char *source, *method; /* how it was paid */
    bool neutral;                /* about repayments, which are neither spending nor income */
    tael_term_group groups[TAEL__PLAN_WORDS];
    tael__terms joined; /* all of `about` as alternatives */

    tael_figure figures[TAEL__MAX_FIGURES];
    size_t figure_count;
    const char *habit; /* what figures without a query come from: "recurring" is what `tael habits recurring` shows */
    tael__buffer text; /* the sentence */
    const char *route;
} tael__job;

/* Fills job->plan from the question. `json` gets what the model wrote, if it was asked. The job has question, when,
 * today and merchants. */
tael_status tael__job_understand(tael__job *job, const tael__intents *intents, const tael_model *model,
                                 const tael_ask_options *options, tael__buffer *json, tael_generation *timing);
/* If the question leans on the previous one, `out` gets it made whole; else stays empty. */
tael_status tael__follow_up(tael__job *job, const tael__intents *intents, const char *previous, tael__buffer *out);
/* What was understood, as JSON and in words (explain.c). */
tael_status tael__explain_json(const tael__job *job, tael__buffer *out);
tael_status tael__explain_text(const tael__job *job, tael__buffer *out);
/* The query that the model writes for the question. */
tael_status tael__prompt_plan(const tael_model *model, const tael__job *job, const tael_ask_options *options,
                              tael__buffer *json, tael_generation *timing);
/* Resolves the plan's words (words.c). */
tael_status tael__job_words(tael__job *job);
tael_status tael__job_group(tael__job *job);

/* Resolve the plan's words and compute the answer. The job has question, plan, when, today, summary and merchants. */
tael_status tael__job_answer(tael__job *job);
/* Frees what the job holds, not the job itself. */
void tael__job_free(tael__job *job);

/* ---- Figures and sentences (figures.c). A failure sticks in job->text.failed. ---- */

/* The figures take copies. `row` gives the records, `query` what was asked; both may be NULL. Without a query it is
 * job->habit that they come from. */
void tael__figure_money(tael__job *job, const char *name, int64_t minor, const tael_query *query,
                        const tael_group_row *row);
void tael__figure_number(tael__job *job, const char *name, double value, const char *unit, const tael_query *query,
                         const tael_group_row *row);
void tael__figure_text(tael__job *job, const char *name, const char *text, const char *unit, const tael_query *query,
                       const tael_group_row *row);
void tael__figures_free(tael_figure *figures, size_t count);

/* "¥1,234.56" in one of eight rotating buffers; "2026年10月" or "October 2026" for a period that is one. */
const char *tael__money_text(const tael__job *job, int64_t minor);
const char *tael__period_text(const tael__job *job, const tael__period *period);
const char *tael__date_text(tael__date date);
/* What it is about: the words, "all spending", "all income". */
const char *tael__subject_text(const tael__job *job);
/* A group's key as people say it: a weekday's name, an hour. */
const char *tael__key_text(const tael__job *job, tael_group group, const char *key);

/* A word in the answer's language. */
#define NAME(job, en, zh)     ((job)->chinese ? (zh) : (en))
#define SAY(job, en, zh, ...) tael__buffer_format(&(job)->text, (job)->chinese ? (zh) : (en), __VA_ARGS__)

/* The ledger has nothing for this question: says so, with no figure. */
void tael__say_no_data(tael__job *job);

/* ---- Computing (compute.c and its kin) ---- */

/* One query's first row, kept: its strings and record ids are copies. */
typedef struct tael__row {
    char key[256];
    int64_t minor, count, value, time_ms;
    int64_t *records;
    size_t record_count;
} tael__row;

/* A period's days as text, for filters. Both empty: open. */
typedef struct tael__bounds {
    char from[16], to[16];
} tael__bounds;

/* A query over what the question is about, in `period` (NULL: the whole ledger). `bounds` must outlive it. */
tael_query tael__job_query(const tael__job *job, tael_measure measure, const tael__period *period,
                           tael__bounds *bounds);
/* Runs it for at most `cap` rows. Free each with tael__row_free. */
tael_status tael__job_rows(const tael__job *job, const tael_query *query, tael__row *rows, size_t cap, size_t *count);
tael_status tael__job_row(const tael__job *job, const tael_query *query, tael__row *row); /* the one row of BY_NONE */
void tael__row_free(tael__row *row);
void tael__figure_row(tael__job *job, const char *name, int64_t minor, const tael_query *query, const tael__row *row);

/* The period that a plain question means, or NULL for the whole ledger. */
const tael__period *tael__job_period(const tael__job *job);

tael_status tael__answer_plain(tael__job *job); /* sum count largest smallest budget share */
tael_status tael__answer_average(tael__job *job);
/* compare ratio, and each of several. Needs two periods, things or ways of paying: tael__has_sides. */
tael_status tael__answer_compare(tael__job *job);
bool tael__has_sides(const tael__job *job);
tael_status tael__answer_ranking(tael__job *job); /* top bottom list busiest */
tael_status tael__answer_times(tael__job *job);   /* first last refund */
tael_status tael__answer_rows(tael__job *job);
/* What answers from habits (habits.h). */
tael_status tael__answer_recurring(tael__job *job); /* recurring rise */
/* rise, from the payments alone. *several: to more than one merchant, so nothing was said. */
tael_status tael__answer_rise(tael__job *job, bool *several);
tael_status tael__answer_due(tael__job *job); /* next due */
tael_status tael__answer_forecast(tael__job *job);
tael_status tael__answer_unusual(tael__job *job); /* unusual twice */
/* All spending, or all income of a plain question: no words, no way of paying, no bounds. */
bool tael__is_about_all(const tael__job *job);

#endif
