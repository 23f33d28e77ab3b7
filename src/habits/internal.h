// SPDX-License-Identifier: Apache-2.0
/* What the files of the habits share: a record as features, and the two layers of the category model. */
#ifndef TAEL__HABITS_INTERNAL_H
#define TAEL__HABITS_INTERNAL_H

#include <tael/habits.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/status.h"

/* ---- The tree ---- */

#define TOP(number, key, zh, en) +1
#define SUB(number, key, zh, en) +1
enum {
    TAEL__CATEGORY_COUNT = 0
#include "habits/categories.inc"
};
#undef TOP
#undef SUB

int tael__category_index(int32_t id); /* in tael_categories(); -1 when there is none */

/* ---- Features ---- */

#define TAEL__MAX_FEATURES 4096 /* of a record: five texts of 96 characters make no more */

typedef struct tael__feature {
    uint32_t hash; /* of the field and the piece */
    float value; /* the features of a field have length 1 together, so that a long text doesn't outshout a short one */
    uint16_t at, length; /* the piece in the text below; length 0: a fact, such as the hour */
    uint8_t field;
} tael__feature;

typedef struct tael__features {
    tael__feature list[TAEL__MAX_FEATURES];
    size_t count;
    char text[2048]; /* the record's texts, folded, for reasons */
    size_t text_size;
} tael__features;

enum { TAEL__MERCHANT = 1, TAEL__ITEM, TAEL__NOTE, TAEL__BILL, TAEL__TYPE, TAEL__FIELDS };
const char *tael__field_text(const tael_record *record, int field);

/* The parts that tael__features_make puts together: each adds to *features. */
void tael__features_text(tael__features *features, const char *text, int field);
void tael__features_facts(tael__features *features, const tael_record *record);
/* Texts with the same key have the same features: numbers in them don't tell them apart. Never 0. */
uint64_t tael__text_key(const char *text, int field);

/* The features of a record: pieces of 1 to 4 characters and whole words of its texts, and what amount, hour, day,
 * direction and source are. */
void tael__features_make(tael__features *features, const tael_record *record);

/* ---- The model that came with the library ---- */

/* Made from seed.tsv when the library is built (cmd/train_categories). Features by ascending hash; `start` finds them
 * by the hash's upper bits. */
#define TAEL__SEED_BITS 15
extern const uint32_t tael__seed_start[(1u << TAEL__SEED_BITS) + 1];
extern const uint32_t tael__seed_hash[];
extern const uint32_t tael__seed_first[]; /* of feature i: weights [first[i], first[i + 1]) */
extern const uint16_t
    tael__seed_weights[]; /* low byte: index in tael_categories(); high byte: the weight, signed, in steps of */
extern const float tael__seed_scale;

/* ---- What was learned on the device ---- */

/* A table of rows of weights by the hash of the feature; collisions are rare enough to be borne. Allocated with the
 * first correction. */
typedef struct tael__learned {
    float (*rows)[TAEL__CATEGORY_COUNT]; /* NULL: nothing was learned */
    float *spread;                       /* AdaGrad's sum of squares, a row each */
} tael__learned;

/* Adds what features say to scores that don't hold their tops yet. */
void tael__scores_add(float scores[TAEL__CATEGORY_COUNT], const tael__features *features, const tael__learned *learned);
void tael__scores_end(float scores[TAEL__CATEGORY_COUNT]);
/* Scores of all categories: a leaf's is its own and that of its top, so that a top learns from all its leaves. */
void tael__scores(float scores[TAEL__CATEGORY_COUNT], const tael__features *features, const tael__learned *learned);
/* What one feature adds to a category and its top. */
float tael__weight(const tael__feature *feature, int category, int top, const tael__learned *learned);
/* Takes out what the direction of the record can't be: money that went out is no income, and what came in bought
 * nothing. */
void tael__allow(float scores[TAEL__CATEGORY_COUNT], const tael_record *record);
/* Scores to probabilities of leaves; a top category has the sum of its leaves. */
void tael__probabilities(float p[TAEL__CATEGORY_COUNT], const float scores[TAEL__CATEGORY_COUNT]);
/* The likeliest top category, and in it the likeliest leaf. */
int tael__best(const float p[TAEL__CATEGORY_COUNT]);
/* One step towards `category`. */
tael_status tael__learn(tael__learned *learned, const tael__features *features, int category);
void tael__learned_free(tael__learned *learned);

#endif
