// SPDX-License-Identifier: Apache-2.0
/* The assistant: questions in, sentences out. Figures come from the ledger, words from a model. */
#ifndef TAEL_ASSISTANT_H
#define TAEL_ASSISTANT_H

#include <tael/generate.h>
#include <tael/ledger.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_ask_options {
    size_t size;
    const char *today;       /* "2026-11-20"; NULL: the clock's day in Asia/Shanghai */
    const char *prefix_path; /* where the state of the prompt's fixed part is kept between calls; NULL: not kept */
    uint32_t threads;
} tael_ask_options;

typedef struct tael_figure {
    const char *name; /* what it is, in the question's language */
    bool is_money;
    int64_t minor; /* money */
    const char *currency;
    double value;           /* not money, when text is NULL */
    const char *text;       /* a name, date, month, weekday or hour; else NULL */
    const char *unit;       /* "CNY", "count", "percent", "date", "days", "month", "name", ... */
    const char *query;      /* what was computed, readable, e.g. "sum expense 2026-10-01..2026-10-31 terms=[库迪]" */
    const int64_t *records; /* ids of the ledger's rows that it comes from */
    size_t record_count;
} tael_figure;

typedef struct tael_answer {
    char *text; /* one or two sentences in the question's language */
    const tael_figure *figures;
    size_t figure_count;
    const char *route; /* "ledger", "no_data", "out_of_scope", "unclear" */
    char *plan;        /* the query that the model wrote, JSON */
    double prefill_seconds, decode_seconds, total_seconds;
    void *internal;
} tael_answer;

/* Answer `question` from the ledger: the model writes a query under a schema, code resolves dates and computes, and the
 * sentence is made around the computed figures. Nothing is invented: no data and out of scope are said so.
 * Free the answer with tael_answer_free. */
TAEL_API tael_status tael_ask(const tael_model *model, tael_ledger *ledger, const char *question,
                              const tael_ask_options *options, tael_answer *answer);
TAEL_API void tael_answer_free(tael_answer *answer);

#ifdef __cplusplus
}
#endif
#endif
