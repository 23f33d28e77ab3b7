// SPDX-License-Identifier: Apache-2.0
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
    const tael_sequence *from; /* a model to go on from, with the same sizes and no more items; NULL: random weights */
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
