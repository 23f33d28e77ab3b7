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
    const char *after; /* the question before, whole, which this one may lean on ("那上上个月呢？"); NULL: none */
    /* Told the session that the model is asked in, so that another thread may tael_session_cancel() it, and NULL before
     * it is closed. NULL: nobody is. */
    void (*session)(tael_session *session, void *user);
    void *user;
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
    const char *route; /* "ledger", "no_data", "out_of_scope", "unclear"; "not_allowed": it takes habits, whose consent
                          is off */
    char *question;    /* as it was asked, or made whole when it leaned on the one before */
    char *plan; /* what was understood, JSON: want, by, about, without, paid_with, times, bounds, and who read it */
    char *explanation; /* the same in words, in the question's language */
    double prefill_seconds, decode_seconds, total_seconds;
    void *internal;
} tael_answer;

/* Answer `question` from the ledger: times, names and amounts are found by code, what is asked for is told by examples
 * or, where they aren't sure, by the query that the model writes under a schema; the ledger computes, and the sentence
 * is made around the computed figures. Nothing is invented: no data and out of scope are said so. `model` NULL:
 * the examples decide alone. Free the answer with tael_answer_free. */
TAEL_API tael_status tael_ask(const tael_model *model, tael_ledger *ledger, const char *question,
                              const tael_ask_options *options, tael_answer *answer);
TAEL_API void tael_answer_free(tael_answer *answer);

/* ---- Adding by saying ---- */

/* Fields of a draft that nobody said: they are usual for its merchant, its kind or its hour in the ledger. */
enum {
    TAEL_LEARNED_MERCHANT = 1, /* the ledger's full name of what was said */
    TAEL_LEARNED_ITEM = 2,
    TAEL_LEARNED_CATEGORY = 4,
    TAEL_LEARNED_METHOD = 8,
};

/* A payment as it was understood, to be shown and then given to tael_ledger_add. */
typedef struct tael_draft {
    tael_record record; /* id 0; its texts are the drafts' */
    const char *clause; /* the words that it comes from */
    uint32_t learned;   /* TAEL_LEARNED_... */
    bool day_assumed;   /* a week or a month was said, not its day: it stands on the last one */
    bool clock_said;    /* else the hour is that of the words (早饭, 晚上), of now, or 00:00 of another day */
} tael_draft;

/* Words with an amount that can be read in more than one way, or in none. */
typedef struct tael_unclear {
    const char *clause;
    const char *reason;      /* in this thread's language */
    const char *readings[8]; /* amounts such as "25.00"; what it may have meant */
    size_t reading_count;
} tael_unclear;

typedef struct tael_drafts {
    tael_draft *items;
    size_t count;
    tael_unclear *unclear;
    size_t unclear_count;
    void *internal;
} tael_drafts;

typedef struct tael_add_options {
    size_t size;
    int64_t now_ms; /* UTC; 0: the clock's */
} tael_add_options;

/* Read payments from what a person says, Chinese or English: "早饭25元，支付宝", "昨天打车去机场 86.5 微信",
 * "lunch 12.50 alipay". By rules and by the ledger's own rows; no model, and nothing is stored. Times are of
 * Asia/Shanghai. A way of paying or a day that is said for one clause alone holds for those that have none: the way
 * backwards when it comes last, the day forwards. A currency that isn't said is the one of most rows. TAEL_BAD_INPUT:
 * no amount is in it. Free with tael_drafts_free, also after a failure. */
TAEL_API tael_status tael_add_parse(tael_ledger *ledger, const char *text, const tael_add_options *options,
                                    tael_drafts *drafts);
TAEL_API void tael_drafts_free(tael_drafts *drafts);

#ifdef __cplusplus
}
#endif
#endif
