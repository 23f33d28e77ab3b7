// SPDX-License-Identifier: Apache-2.0
/* Habits: what the ledger teaches about its owner, on the device. Categories: a tree of two levels, and a model that
 * puts every record into it and learns from the owner's corrections. Time: what recurs, what is bought next, what the
 * month will cost, what stands out. */

/* Habits: what the ledger teaches about its owner, on the device. A tree of categories with a model that puts every
 * record into it and learns from the owner's corrections; a model of the next item of a sequence. */
#ifndef TAEL_HABITS_H
#define TAEL_HABITS_H

#include <tael/ledger.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- The tree ---- */

/* A category. Its number stands in ledgers and never changes its meaning: 100 is food, 104 coffee. */
typedef struct tael_category {
    int32_t id;          /* top * 100 + n; n is 0 for a top category */
    const char *key;     /* "food", "food.coffee" */
    const char *chinese; /* "餐饮", "咖啡" */
    const char *english;
} tael_category;

/* All of them, each top category before what is below it. The array is the library's and lives as long as it. */
TAEL_API const tael_category *tael_categories(size_t *count);

/* The number of a Chinese name, an English name (any case) or a key; 0 when there is none. "餐饮" is 100. */
TAEL_API int32_t tael_category_find(const char *name);

/* The category of a number; NULL when there is none. */
TAEL_API const tael_category *tael_category_get(int32_t id);

/* Its name; "" when there is none. It fits tael_query.category_name. */
TAEL_API const char *tael_category_name(int32_t id, tael_language language);

/* The top category that `id` is or belongs to: 104 gives 100. */
TAEL_API int32_t tael_category_top(int32_t id);

/* The numbers that a filter takes for a category: 100 gives 100 to 199, 104 gives 104 to 104 (category_from,
 * category_to of tael_filter). */
TAEL_API void tael_category_range(int32_t id, int32_t *from, int32_t *to);

/* ---- The model ---- */

/* A linear model over pieces of the record's texts, which came with the library, and what was learned since from this
 * ledger's corrections. */
typedef struct tael_categorizer tael_categorizer;

/* A model for `ledger`: its corrections are read and learned. `ledger` NULL: the model as it came. On success *out is
 * yours: tael_categorizer_close(). The ledger must stay open as long. Takes about a millisecond, and ten for each
 * hundred corrections. */
TAEL_API tael_status tael_categorizer_open(tael_categorizer **out, tael_ledger *ledger);
TAEL_API void tael_categorizer_close(tael_categorizer *categorizer);

/* A piece of the record that spoke for the category. */
typedef struct tael_category_reason {
    char piece[32]; /* "咖啡", "starbucks"; "" when fewer than TAEL_CATEGORY_REASONS did */
    float weight;   /* of all that the model adds up; larger speaks louder */
} tael_category_reason;
#define TAEL_CATEGORY_REASONS 3

typedef struct tael_category_prediction {
    int32_t category_id;
    float confidence, top_confidence;                    /* 0..1: of the category, of its top category */
    int64_t correction;                                  /* the correction that decides it, or 0: the model does */
    tael_category_reason reasons[TAEL_CATEGORY_REASONS]; /* of the model; none when a correction decides */
} tael_category_prediction;

/* The category of a record; of its fields those that are "" or 0 don't speak. A correction of the owner for the same
 * merchant and item, else for the same merchant, always decides. */
TAEL_API tael_status tael_categorizer_predict(tael_categorizer *categorizer, const tael_record *record,
                                              tael_category_prediction *prediction);

/* The category alone, quicker; fits tael_import_options.categorize, whose user is the categorizer, so that rows come
 * into the ledger with theirs. */
TAEL_API int32_t tael_categorizer_category(const tael_record *record, bool *by_owner, void *categorizer);

/* The owner says what the record is. Kept in the ledger (where the categorizer has one) and learned: it holds from now
 * on for all records of the same merchant and direction, or with `only` for this record alone. The records themselves
 * change with tael_categorizer_apply. */
TAEL_API tael_status tael_categorizer_learn(tael_categorizer *categorizer, const tael_record *record,
                                            int32_t category_id, bool only);

/* Take back the correction `id` (tael_category_prediction.correction): the model is as if it had never been made.
 * TAEL_NOT_FOUND: there is none. */
TAEL_API tael_status tael_categorizer_forget(tael_categorizer *categorizer, int64_t id);

/* Give records of the ledger their category, in one transaction. `fresh`: only those that have none yet; else all, so
 * that what was learned reaches them. *changed (may be NULL): how many got another category than they had. About
 * 200,000 records a second. */
TAEL_API tael_status tael_categorizer_apply(tael_categorizer *categorizer, bool fresh, uint64_t *changed);

/* ---- What is bought next ---- */

/* Baskets of one owner or many, and what they teach: which items will be in an owner's next basket. Items and owners
 * are numbers of the caller's. With many owners (a population) each also learns from the others; the owner's own past
 * is always what counts most. Nothing here reads or writes the ledger. From one thread at a time. */
typedef struct tael_next tael_next;

typedef struct tael_next_options {
    size_t size;     /* sizeof this struct */
    uint64_t seed;   /* the same baskets, added in the same order, and seed give the same predictions on one machine */
    uint32_t epochs; /* of the training; 0: 6 */
    uint32_t rows_max; /* candidates to learn from, 144 bytes each, newest baskets first; 0: 100,000 */
} tael_next_options;

typedef struct tael_basket {
    int64_t day;          /* days since any day; several baskets may have one. |day| up to 4,000,000 */
    const int64_t *items; /* an item twice counts once */
    size_t count;         /* 0: the basket is left out */
} tael_basket;

/* One item of a prediction, and the figures that explain it. */
typedef struct tael_next_item {
    int64_t item;
    float score;            /* higher is likelier; to be compared within one prediction only */
    float share;            /* 0..1: of what is expected in the basket */
    uint32_t bought;        /* the owner's baskets that held it; 0: it comes from the population */
    uint32_t baskets_since; /* 1: it was in the last one; 0 when never bought */
    int64_t days_since;     /* since the owner last bought it; 0 when never */
    float every_days;       /* from first to last purchase, on average; 0 when bought less than twice */
} tael_next_item;

/* On success *out is yours: tael_next_close(). `options` NULL: all defaults. */
TAEL_API tael_status tael_next_open(tael_next **out, const tael_next_options *options);
TAEL_API void tael_next_close(tael_next *next);

/* A basket that `owner` bought, in any order of days. It counts in his predictions from now on, and in what others get
 * after the next training. TAEL_LIMIT: more than a million owners or items, or 16 million items bought. */
TAEL_API tael_status tael_next_add(tael_next *next, int64_t owner, const tael_basket *basket);

/* Learn from all baskets that were added; what was learned before is replaced, so that adding some and training again
 * is the same as training with all. With a starting model its population stays as it is, and its weights are corrected.
 * Before the first training a plain rule predicts: what is often and lately bought.
 */
TAEL_API tael_status tael_next_train(tael_next *next);

/* A starting model: what a trained population says of items, and the weights, without any owner's baskets. Items that
 * fewer than five owners bought are left out: what one owner alone taught is his weights, 3 KB. `path` is replaced in
 * one step. TAEL_MISUSE: nothing was trained. */
TAEL_API tael_status tael_next_save(const tael_next *next, const char *path);

/* As tael_next_open, with a starting model: it predicts for anybody whose baskets are added. TAEL_CORRUPT,
 * TAEL_CHECKSUM: the file is damaged; TAEL_UNSUPPORTED: it is of another version. */
TAEL_API tael_status tael_next_load(tael_next **out, const char *path, const tael_next_options *options);

/* The likeliest items of `owner`'s basket on `day`, likeliest first (the smaller number first where scores are equal):
 * *count of them, at most `room`, fewer when too little was bought. An owner without baskets gets what is popular.
 * Under a millisecond for a history of 1,000 items. */
TAEL_API tael_status tael_next_predict(tael_next *next, int64_t owner, int64_t day, tael_next_item *items, size_t room,
                                       size_t *count);

/* ---- What the next weeks will bring ---- */

/* Amounts by the week of many series (customers, or categories of one owner), and what they teach: quantiles of each of
 * the next weeks, nothing bought among them. Series learn from each other how purchases come, each is told in its own
 * frequency and amounts. Nothing here reads or writes the ledger. From one thread at a time. */
typedef struct tael_series tael_series;

typedef struct tael_series_options {
    size_t size;   /* sizeof this struct */
    uint64_t seed; /* the same series, added in the same order, and seed give the same forecasts on one machine */
    uint32_t weeks_ahead; /* to forecast; 0: 4. At most 32 */
    uint32_t epochs;      /* of the training; 0: 2 */
    uint32_t rows_max;    /* weeks to learn from, 136 bytes each, drawn by chance when there are more; 0: 100,000 */
} tael_series_options;

/* On success *out is yours: tael_series_close(). `options` NULL: all defaults. */
TAEL_API tael_status tael_series_open(tael_series **out, const tael_series_options *options);
TAEL_API void tael_series_close(tael_series *series);

/* The next series, counted from 0: minor units of its weeks, oldest first; what is below 0 counts as 0. All series end
 * with the same week, the last one known; each may begin when it will. */
TAEL_API tael_status tael_series_add(tael_series *series, const int64_t *minor, size_t weeks);

/* Learn from all weeks that were added; what was learned before is replaced. Before the first training the series' own
 * frequency and amounts speak alone. About a second on one core. */
TAEL_API tael_status tael_series_train(tael_series *series);

/* What series `index` will come to in each of the next weeks_ahead weeks: minor[weeks_ahead][count], at each of `count`
 * probabilities (above 0, below 1); ascending where they are. A series without any purchase gets zeros. */
TAEL_API tael_status tael_series_forecast(tael_series *series, size_t index, const double *probabilities, size_t count,
                                          int64_t *minor);

/* ---- Time: what recurs, what comes next, what the month will cost, what stands out ---- */

/* The ledger's payments up to a day, and what they teach. Nothing of it is stored: it is worked out anew, so it is
 * never stale, and what the owner erases or wants left out is gone from it at once. */
typedef struct tael_habits tael_habits;

/* Learn from `ledger` as of `today` ("2026-11-20"; later rows are as if they weren't there): counted rows of the
 * currency with most rows, net of refunds, at most the newest million, without what tael_ledger_leave_out named. On
 * success *out is yours: tael_habits_close(). It doesn't need the ledger any more; an import is seen by opening anew.
 * TAEL_BAD_INPUT: no such day. TAEL_DENIED: the owner doesn't want habits learned. bench/run habits/forecast tells how
 * long it takes. */
TAEL_API tael_status tael_habits_open(tael_habits **out, tael_ledger *ledger, const char *today);
TAEL_API void tael_habits_close(tael_habits *habits);

/* What was learned from: rows, their days ("" when there are none), and the currency of all amounts below. */
typedef struct tael_habits_summary {
    uint64_t records, merchants;
    char today[16], first_day[16], last_day[16], currency[8];
} tael_habits_summary;
TAEL_API void tael_habits_summarize(const tael_habits *habits, tael_habits_summary *summary);

typedef enum tael_recurring_state {
    TAEL_RECURRING_ACTIVE,
    TAEL_RECURRING_LATE, /* the last one expected hasn't come, though the bills reach past it */
    TAEL_RECURRING_ENDED /* nor have those before it: cancelled */
} tael_recurring_state;

typedef enum tael_amount_model {
    TAEL_AMOUNT_FIXED,
    TAEL_AMOUNT_STEPPED, /* fixed, and changed at times */
    TAEL_AMOUNT_VARYING
} tael_amount_model;

/* A subscription, rent, salary, instalment: one merchant, a period, a day. */
typedef struct tael_recurring {
    const char *merchant; /* the brand */
    int32_t category_id;
    tael_direction direction;
    bool months;   /* the period is in months, else in days */
    int32_t every; /* so many: 1, 2, 3, 6, 12 months; 7, 14, 21, 28, 30 days */
    int32_t day;   /* of the month, 31 for its last; of a period of whole weeks the weekday, 1 Monday; else 0 */
    tael_recurring_state state;
    tael_amount_model amount;
    int64_t minor, low_minor, high_minor; /* expected next; of what varies, what 80 % lay between */
    int64_t old_minor;                    /* the amount before the last change; 0: it never changed */
    char changed_day[16];                 /* when it changed, or "" */
    int32_t count, missed, doubled;       /* times paid; periods left out between them; paid twice in a period */
    char first_day[16], last_day[16];
    char next_day[16], next_from[16], next_to[16]; /* "" when it ended */
    float confidence;                              /* 0..1 */
    const int64_t *records;                        /* ids, oldest first */
    size_t record_count;
    const char *sentence; /* why, with figures, in this thread's language */
} tael_recurring;

/* Each, those that cost most a year first, ended ones last. Non-zero stops. Merchants and records live until the habits
 * are closed, a sentence until the next is made. */
typedef int tael_recurring_fn(const tael_recurring *recurring, void *user);
TAEL_API tael_status tael_habits_recurring(tael_habits *habits, tael_recurring_fn *each, void *user);

typedef enum tael_habit_kind { TAEL_HABIT_MERCHANT, TAEL_HABIT_CATEGORY, TAEL_HABIT_ITEM } tael_habit_kind;

/* When something is bought next: a renewal model of the days between purchases, the time since the last one included.
 * Days are the middle and what 80 % lies between. */
typedef struct tael_purchase_habit {
    tael_habit_kind kind;
    const char *name; /* the brand; the category's name in this thread's language; the item without its numbers */
    int32_t category_id;
    int32_t count;                /* days on which it was bought */
    float interval_days, regular; /* the usual gap; 0..1, 1 is clockwork, 0 pure chance */
    int32_t since_days;           /* since the last purchase */
    float within_7_days;          /* probability */
    float in_30_days;             /* days with a purchase, expected of the 30 after the bills' last */
    float ended;                  /* probability that it isn't bought again */
    bool due;                     /* regular, and longer ago than usual */
    bool lapsed;                  /* it has probably ended */
    int64_t usual_minor;          /* the median of a purchase */
    int32_t weekday, hour;        /* where most happen: 1 Monday; 0..23; 0 and -1 when there is no such */
    char last_day[16], next_day[16], next_from[16], next_to[16];
    const char *sentence;
} tael_purchase_habit;

/* What is bought regularly and when it runs out, the likeliest within seven days first; merchants, categories, items
 * with at least three purchases. What recurs on fixed days is tael_habits_recurring's. */
typedef int tael_purchase_fn(const tael_purchase_habit *habit, void *user);
TAEL_API tael_status tael_habits_replenish(tael_habits *habits, tael_purchase_fn *each, void *user);

/* The same for rows that have something else in common, such as "cat food" of three shops: `records` are their ids in
 * any order. Those that habits don't learn from (given back, repayments, left out) are passed over. *out has no name
 * and no sentence; of fewer than three days only count, since_days, last_day, usual_minor and category_id are told. */
TAEL_API tael_status tael_habits_again(tael_habits *habits, const int64_t *records, size_t count,
                                       tael_purchase_habit *out);

/* What is bought next: tael_purchase_habit, with what the owner's own past teaches beside the gaps: how often lately
 * and before, weekdays, days of the month, what was bought just before, how lively his days are. The weights begin with
 * the library's own (learned from others) and are corrected by what could have been foretold of the last year
 * and what came. */
typedef struct tael_upcoming {
    tael_purchase_habit habit; /* within_7_days, next_day, next_from, next_to and the sentence are the model's */
    float within_1_day;        /* probability for the day after `today` */
    float renewal_7_days;      /* what the gaps alone say of seven days */
    const char *after;         /* what was bought lately and is often followed by it, where that decided; else "" */
    int32_t after_days;        /* days since that was bought */
    int32_t after_came, after_times; /* within a week of so many of its purchases this one came so often */
} tael_upcoming;

/* Merchants, categories and items with at least two purchase days, the likeliest within seven days first, what has
 * ended last. What recurs on fixed days is tael_habits_recurring's. Learned at the first call, in the memory of
 * `habits` only. Non-zero stops. bench/run habits/upcoming tells how well it foretells, and how long it takes. */
typedef int tael_upcoming_fn(const tael_upcoming *upcoming, void *user);
TAEL_API tael_status tael_habits_upcoming(tael_habits *habits, tael_upcoming_fn *each, void *user);

/* What the month of `today` will have cost: all (category_id 0) first, then the top categories by their median. */
typedef struct tael_forecast {
    int32_t category_id;
    char month[8];                               /* "2026-11" */
    int32_t days_left;                           /* after today */
    int64_t spent_minor;                         /* so far */
    int64_t recurring_minor;                     /* what recurs and is still to come this month */
    int64_t low_minor, median_minor, high_minor; /* of the whole month: 10 %, 50 % and 90 % */
    int32_t learned_days;                        /* of history */
    const char *sentence;
} tael_forecast;
typedef int tael_forecast_fn(const tael_forecast *forecast, void *user);
TAEL_API tael_status tael_habits_forecast(tael_habits *habits, tael_forecast_fn *each, void *user);

typedef enum tael_unusual_kind {
    TAEL_UNUSUAL_DOUBLE, /* the same amount to the same merchant within minutes, or twice in a period that recurs */
    TAEL_UNUSUAL_AMOUNT, /* far above what this merchant or category has cost */
    TAEL_UNUSUAL_NEW,    /* a merchant never seen, and a large sum */
    TAEL_UNUSUAL_TIME    /* at an hour at which nothing is bought */
} tael_unusual_kind;

typedef struct tael_unusual {
    tael_unusual_kind kind;
    int64_t record, other; /* ids: the payment, and of a double the one before it, else 0 */
    int64_t minor, usual_minor;
    int64_t time_ms;
    int32_t offset_minutes, category_id;
    const char *merchant;
    const char *sentence;
} tael_unusual;

/* Payments of the last `days` days (0: 30) that stand out against what came before each of them, newest first. Of what
 * means nothing about one in seven months was named on invented ledgers, at most one a month is the promise
 * (bench/run habits/forecast). */
typedef int tael_unusual_fn(const tael_unusual *unusual, void *user);
TAEL_API tael_status tael_habits_unusual(tael_habits *habits, int32_t days, tael_unusual_fn *each, void *user);

/* ---- What comes next in a sequence ---- */

/* Sequences of items (numbers from 1), oldest first, each with the name of whose it is. */
typedef struct tael_sequences tael_sequences;

/* Read them from a text: one sequence a line, `NAME ITEM ITEM ...`, parted by blanks. On success *out is yours:
 * tael_sequences_close(). */
TAEL_API tael_status tael_sequences_read(tael_sequences **out, const char *path);
TAEL_API void tael_sequences_close(tael_sequences *sequences);
TAEL_API size_t tael_sequences_count(const tael_sequences *sequences);
TAEL_API uint32_t tael_sequences_items(const tael_sequences *sequences); /* the largest number of an item */
/* The name of sequence `i` and, in *items (may be NULL), how many it holds. Valid until close. */
TAEL_API const char *tael_sequences_name(const tael_sequences *sequences, size_t i, size_t *items);

/* A small self-attentive model of the next item (after SASRec, Kang and McAuley, 2018): causal attention with learned
 * weights of distance, trained with the softmax over all items; scores are cosines, sharpened by a temperature. */
typedef struct tael_sequence tael_sequence;

typedef struct tael_sequence_progress {
    uint32_t epoch, epochs; /* from 1 */
    double loss;            /* the mean of the epoch, in nats */
    double hit, ndcg;       /* of the validation items, at 10; -1: not measured */
    double seconds;         /* that the epoch took */
    bool best;              /* so far */
} tael_sequence_progress;

#define TAEL_SEQUENCE_MAX_BLOCKS 8

typedef struct tael_sequence_options {
    size_t size;       /* sizeof this struct */
    uint32_t width;    /* of an item's vector: a multiple of 32; 0: 64 */
    uint32_t blocks;   /* of attention and feed-forward; 0: 2 */
    uint32_t heads;    /* 0: 2 */
    uint32_t length;   /* items back that the model sees; 0: 50 */
    uint32_t batch;    /* sequences a step; 0: 256 */
    uint32_t epochs;   /* at most; 0: 40 */
    uint32_t patience; /* epochs without a better validation after which it ends; 0: 10 */
    uint32_t held_out; /* last items of each sequence that aren't learned; with 2, the first of them validates */
    uint32_t threads;  /* 0: one a core. No bit of the result depends on it */
    float rate;        /* AdamW's; 0: 0.001 */
    float decay;       /* of weights; 0: 0.01; below 0: none */
    float dropout;     /* 0: 0.5; below 0: none */
    float temperature; /* 0: 0.07 */
    uint64_t seed;     /* the same seed on the same kind of CPU gives the same bytes */
    const tael_sequence *from;   /* a model to go on from, with the same sizes; its items stay; NULL: random weights */
    const char *checkpoint_path; /* written after each epoch, and gone on from when it is there; NULL: none */
    int (*progress)(const tael_sequence_progress *progress, void *user); /* non-zero stops: TAEL_CANCELLED */
    void *user;
} tael_sequence_options;

/* Train a model. With validation the weights are those of its best epoch. On success *out is yours:
 * tael_sequence_close(). TAEL_BAD_INPUT: the checkpoint is of other data or options. Memory: about 28 bytes a weight,
 * and the activations of a batch. */
TAEL_API tael_status tael_sequence_train(tael_sequence **out, const tael_sequences *sequences,
                                         const tael_sequence_options *options);
TAEL_API tael_status tael_sequence_open(tael_sequence **out, const char *path); /* TAEL_CORRUPT: not whole */
TAEL_API tael_status tael_sequence_save(const tael_sequence *model, const char *path);
TAEL_API void tael_sequence_close(tael_sequence *model);

/* The likeliest `wanted` items after `count` others (oldest first), none of them seen before; equal scores by
 * number. Items that the model doesn't know are left out. *found: how many there are, at most `wanted`. `scores` may
 * be NULL. */
TAEL_API tael_status tael_sequence_predict(const tael_sequence *model, const uint32_t *items, size_t count,
                                           size_t wanted, uint32_t *next, float *scores, size_t *found);

typedef struct tael_sequence_score {
    double hit, ndcg; /* at 10, of a full ranking without the items seen before */
    size_t count;     /* sequences that were scored */
} tael_sequence_score;

/* How well the item that is `back` from the end (1: the last) is foretold from those before it. `next`, if not NULL,
 * gets the ten likeliest of each sequence: [count][10], 0 where there are fewer. */
TAEL_API tael_status tael_sequence_evaluate(tael_sequence_score *score, const tael_sequence *model,
                                            const tael_sequences *sequences, uint32_t back, uint32_t threads,
                                            uint32_t *next);

#ifdef __cplusplus
}
#endif
#endif
