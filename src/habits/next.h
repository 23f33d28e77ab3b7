// SPDX-License-Identifier: Apache-2.0
/* What the files of the next-basket model share: owners with their baskets, what a population's baskets say of items,
 * features of a candidate, and the ranker that weighs them. Items are dense numbers here (tael__ids). */
#ifndef TAEL__HABITS_NEXT_H
#define TAEL__HABITS_NEXT_H

#include <tael/habits.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/status.h"

enum {
    TAEL__NEXT_FEATURES = 34,
    TAEL__NEXT_HIDDEN = 16,
    TAEL__NEXT_DECAYS = 3,       /* spans over which late popularity fades: a week, a month, a season */
    TAEL__NEXT_POPULAR = 150,    /* candidates by popularity, and as many by late popularity */
    TAEL__NEXT_COMPANIONS = 100, /* candidates by each kind of companion */
    TAEL__NEXT_LINKS = 16,       /* companions kept of an item, of each kind */
    TAEL__NEXT_OWN = 400,        /* of the owner's own items, the most alive */
    TAEL__NEXT_CANDIDATES = TAEL__NEXT_OWN + 2 * TAEL__NEXT_POPULAR + 2 * TAEL__NEXT_COMPANIONS,
    TAEL__NEXT_FADED = 256,     /* baskets, after which nothing is left of a purchase (.95 to the 256th) */
    TAEL__NEXT_LAG_DAYS = 1024, /* purchases before that say nothing of late popularity */
    TAEL__NEXT_DAYS_KEPT = 400, /* days for which the lately popular items are kept */
};

/* Numbers of any kind to 0, 1, 2, … by order of arrival. */
typedef struct tael__ids {
    int64_t *list;   /* index to number */
    uint32_t *slots; /* open addressing: index + 1, 0 is free */
    size_t count, capacity;
} tael__ids;
bool tael__ids_find(const tael__ids *ids, int64_t number, uint32_t *index);
tael_status tael__ids_add(tael__ids *ids, int64_t number, size_t max, uint32_t *index);
void tael__ids_free(tael__ids *ids);

typedef struct tael__next_basket {
    int64_t day;
    size_t first; /* in the owner's items */
    uint32_t count;
    bool counted; /* it is part of what the population says */
} tael__next_basket;

typedef struct tael__next_owner {
    tael__next_basket *baskets; /* by day; of one day in order of arrival */
    size_t count, capacity;
    uint32_t *items;
    size_t item_count, item_capacity;
} tael__next_owner;

/* ---- What a population's baskets say ---- */

typedef struct tael__next_link {
    uint32_t item;
    float count; /* of owners or baskets in which the two come together */
} tael__next_link;

typedef struct tael__next_links {
    tael__next_link *list;
    size_t *first; /* of item i: [first[i], first[i + 1]) */
    size_t count, capacity;
} tael__next_links;

typedef struct tael__next_item {
    uint32_t baskets, owners;  /* that hold it */
    uint32_t followed;         /* baskets that hold it and were not their owner's last */
    uint32_t chances, repeats; /* baskets after the owner's first with it, and how many of these held it again */
} tael__next_item;

typedef struct tael__next_day {
    int64_t day;
    float count; /* baskets */
} tael__next_day;

typedef struct tael__next_population {
    size_t items, owners, baskets;
    float fade[TAEL__NEXT_LAG_DAYS][TAEL__NEXT_DECAYS];
    tael__next_item *item;
    tael__next_links next, with; /* in the next basket of the same owner; in any basket of the same owner */
    tael__next_day *days;        /* of item i: [day_first[i], day_first[i + 1]), ascending; of `items`: all baskets */
    size_t *day_first;
    float (*late_fixed)[TAEL__NEXT_DECAYS]; /* of a starting model, instead of days: as of its last day */
    uint32_t popular[TAEL__NEXT_POPULAR];
    size_t popular_count;
    int64_t *late_day; /* ascending */
    uint32_t (*late)[TAEL__NEXT_POPULAR];
    uint32_t *late_count;
    size_t late_days;
    int64_t last_day; /* nothing is known of later ones: what was popular then is taken to be so still */
} tael__next_population;

/* Counts all baskets of the owners, which are counted from then on. Replaces what *population held. */
tael_status tael__next_count(tael__next_population *population, tael__next_owner *owners, size_t count, size_t items);
void tael__next_population_free(tael__next_population *population);
/* How often an item was bought lately, as of `day`: each purchase fades with the days since. Item `items`: baskets. */
void tael__next_late(float late[TAEL__NEXT_DECAYS], const tael__next_population *p, size_t item, int64_t day);
/* What one purchase `lag` days ago counts. */
float tael__next_fade(const tael__next_population *p, int decay, int64_t lag);
/* The lately popular items as of `day`. */
const uint32_t *tael__next_lately(const tael__next_population *p, int64_t day, size_t *count);

/* ---- The ranker ---- */

/* score = linear · x + out · leaky(in · x + bias) of the standardised features x. */
typedef struct tael__ranker {
    float mean[TAEL__NEXT_FEATURES], scale[TAEL__NEXT_FEATURES];
    float linear[TAEL__NEXT_FEATURES];
    float in[TAEL__NEXT_FEATURES][TAEL__NEXT_HIDDEN], bias[TAEL__NEXT_HIDDEN], out[TAEL__NEXT_HIDDEN];
} tael__ranker;

/* Candidates of one past basket: what was in it and what wasn't. */
typedef struct tael__rank_list {
    size_t first, count;        /* rows */
    uint32_t positives, wanted; /* of the rows; of the basket, found as candidates or not */
} tael__rank_list;

typedef struct tael__rank_set {
    float (*rows)[TAEL__NEXT_FEATURES]; /* as they come from tael__next_features; standardised by the training */
    float *offset;                      /* added to the score: a negative that stands for several */
    uint8_t *positive;
    size_t count, capacity;
    tael__rank_list *lists;
    size_t list_count, list_capacity;
} tael__rank_set;

void tael__ranker_start(tael__ranker *ranker); /* a plain rule: what is often and lately bought, then what is popular */
float tael__ranker_score(const tael__ranker *ranker, const float features[TAEL__NEXT_FEATURES]);
/* Softmax cross-entropy over each list by Adam; the same set, seed and epochs give the same weights. `fresh`: the
 * hidden layer and the features' mean and spread are new; else the ranker is corrected in small steps. */
tael_status tael__ranker_train(tael__ranker *ranker, tael__rank_set *set, uint64_t seed, uint32_t epochs, bool fresh);
/* The loss of one list and its gradient, added to *gradient; for the training and its test. */
double tael__ranker_gradient(const tael__ranker *ranker, const tael__rank_set *set, const tael__rank_list *list,
                             float *work, tael__ranker *gradient);

/* ---- Features ---- */

/* What the owner did with an item before the basket to predict. */
typedef struct tael__next_own {
    uint32_t item, count, first, last; /* baskets */
    int64_t first_day, last_day;
    float alive[3]; /* baskets with it, faded by the baskets since; as of basket `last` */
    float small;    /* baskets with it, small ones more: who buys two things means them */
    size_t places;  /* where its counted baskets stand in `place` */
    uint32_t place_count;
} tael__next_own;

/* Room for the features of one owner at a time. */
typedef struct tael__next_room {
    size_t items;      /* that the arrays by item have room for */
    uint32_t *own_of;  /* by item: index in own + 1 */
    float (*links)[6]; /* by item: what companions say */
    uint32_t *mark;    /* by item: 1 touched by companions, 2 candidate */
    uint32_t *shared;  /* by item: how often the owner himself made the pair */
    uint32_t *touched; /* items with links */
    tael__next_link *sorted;
    tael__next_own *own;
    size_t own_count, own_capacity, touched_count;
    uint32_t *place; /* positions in `counted` */
    size_t *counted; /* the owner's counted baskets */
    size_t place_capacity, counted_count, counted_capacity;
    size_t at, bought, again, could;  /* baskets seen; items in them, bought again, and in all but the first */
    double weight[3];                 /* what `alive` is of */
    float faded[TAEL__NEXT_FADED][3]; /* what is left after so many baskets */
    uint32_t candidate[TAEL__NEXT_CANDIDATES];
    float features[TAEL__NEXT_CANDIDATES][TAEL__NEXT_FEATURES];
    size_t candidate_count;
} tael__next_room;

tael_status tael__next_room_fit(tael__next_room *room, size_t items);
void tael__next_room_free(tael__next_room *room);
/* Begin with an owner, of whom nothing is seen yet; what the population has of him is left out of it. */
tael_status tael__next_begin(tael__next_room *room, const tael__next_owner *owner);
void tael__next_see(tael__next_room *room, const tael__next_owner *owner); /* one more basket */
void tael__next_end(tael__next_room *room);
/* Candidates for a basket on `day` and their features, from what is seen. */
void tael__next_features(tael__next_room *room, const tael__next_population *p, const tael__next_owner *owner,
                         int64_t day);

struct tael_next {
    tael_next_options options;
    tael__ids item_ids, owner_ids;
    tael__next_owner *owners;
    size_t owner_capacity, bought;
    tael__next_population population;
    tael__ranker ranker, start; /* what predicts; what each training begins with */
    bool loaded;                /* the population and `start` came from a file, and own baskets aren't counted in it */
    tael__next_room room;
};

tael_status tael__next_learn(struct tael_next *next);

/* A starting model's bytes into one that is new; `path` is for sentences. */
tael_status tael__next_read(struct tael_next *next, const char *path, const char *data, size_t bytes);
uint64_t tael__next_sum(const void *data, size_t bytes); /* what its last 8 bytes must be of those before */

#endif
