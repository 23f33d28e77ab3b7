// SPDX-License-Identifier: Apache-2.0
/* Habits: what the ledger teaches about its owner, on the device. Categories so far: a tree of two levels, and a model
 * that puts every record into it and learns from the owner's corrections. */
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

#ifdef __cplusplus
}
#endif
#endif
