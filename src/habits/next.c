// SPDX-License-Identifier: Apache-2.0
// What is bought next: owners and their baskets, training, and the ranked answer with its figures.
//
// An owner's state is nothing but his baskets in order of days; a prediction walks through them (a thousand items take
// less than a millisecond), so a basket counts the moment it is added and none can be missed. What costs more, counting
// the population and learning the weights, is done by tael_next_train, always from the beginning.
#include <math.h>
#include <string.h>

#include "habits/next.h"

enum { EPOCHS = 6, ROWS = 100000 };

tael_status tael_next_open(tael_next **out, const tael_next_options *options)
{
    *out = NULL;
    if (options && options->size != sizeof *options)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_next_options.size: it isn't the struct's; set it to sizeof",
                                                "tael_next_options.size：与结构体大小不符；请设为 sizeof"));
    if (options && (options->epochs > TAEL__MAX_NEXT_EPOCHS || options->rows_max > TAEL__MAX_NEXT_ROWS))
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("learning what is bought next: at most %u epochs and %u rows; ask for fewer",
                                   "学习购买习惯：最多 %u 轮、%u 行；请减少"),
                          TAEL__MAX_NEXT_EPOCHS, TAEL__MAX_NEXT_ROWS);
    tael_next *next = tael__alloc_zero(sizeof *next);
    if (!next) return tael__fail_memory(TAEL_SAY("what is bought next", "购买预测"), sizeof *next);
    if (options) next->options = *options;
    if (!next->options.epochs) next->options.epochs = EPOCHS;
    if (!next->options.rows_max) next->options.rows_max = ROWS;
    tael__ranker_start(&next->start);
    next->ranker = next->start;
    *out = next;
    return TAEL_OK;
}

void tael_next_close(tael_next *next)
{
    if (!next) return;
    for (size_t u = 0; u < next->owner_capacity; u++) {
        tael__free(next->owners[u].baskets);
        tael__free(next->owners[u].items);
    }
    tael__free(next->owners);
    tael__ids_free(&next->item_ids);
    tael__ids_free(&next->owner_ids);
    tael__next_population_free(&next->population);
    tael__next_room_free(&next->room);
    tael__free(next);
}

/* ---- Baskets ---- */

static tael_status check_day(int64_t day)
{
    if (day >= -TAEL__MAX_NEXT_DAY && day <= TAEL__MAX_NEXT_DAY) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("a basket's day: it is more than %d days from day 0; check the dates",
                               "购物篮的日期：距第 0 天超过 %d 天；请检查日期"),
                      TAEL__MAX_NEXT_DAY);
}

/* Room for `more` in an array of the owner's. */
static tael_status fit(void *array, size_t each, size_t count, size_t *capacity, size_t more)
{
    size_t wanted = count + more, bigger = *capacity + *capacity / 2 + 8;
    if (wanted <= *capacity) return TAEL_OK;
    if (bigger < wanted) bigger = wanted;
    void **p = array, *grown = tael__realloc(*p, bigger * each);
    if (!grown) return tael__fail_memory(TAEL_SAY("a basket", "购物篮"), bigger * each);
    *p = grown;
    *capacity = bigger;
    return TAEL_OK;
}

static tael_status find_owner(tael_next *next, int64_t id, tael__next_owner **out)
{
    uint32_t index;
    if (!tael__ids_find(&next->owner_ids, id, &index)) {
        size_t count = next->owner_ids.count, before = next->owner_capacity;
        TAEL_TRY(fit(&next->owners, sizeof *next->owners, count, &next->owner_capacity, 1));
        memset(next->owners + before, 0, (next->owner_capacity - before) * sizeof *next->owners);
        TAEL_TRY(tael__ids_add(&next->owner_ids, id, TAEL__MAX_NEXT_IDS, &index));
    }
    *out = next->owners + index;
    return TAEL_OK;
}

/* The basket's items, each once, behind the owner's; *added of them. On failure what was written is not counted. */
static tael_status take_items(tael_next *next, tael__next_owner *o, const tael_basket *basket, uint32_t *added)
{
    *added = 0;
    TAEL_TRY(fit(&o->items, sizeof *o->items, o->item_count, &o->item_capacity, basket->count));
    for (size_t k = 0; k < basket->count; k++) {
        uint32_t item;
        TAEL_TRY(tael__ids_add(&next->item_ids, basket->items[k], TAEL__MAX_NEXT_IDS, &item));
        TAEL_TRY(tael__next_room_fit(&next->room, next->item_ids.count));
        if (next->room.shared[item]) continue; /* borrowed as a mark, and given back below */
        next->room.shared[item] = 1;
        o->items[o->item_count + (*added)++] = item;
    }
    return TAEL_OK;
}

tael_status tael_next_add(tael_next *next, int64_t owner, const tael_basket *basket)
{
    tael__next_owner *o;
    uint32_t added = 0;
    if (!basket->count) return TAEL_OK;
    TAEL_TRY(check_day(basket->day));
    if (basket->count > TAEL__MAX_NEXT_BASKET || next->bought + basket->count > TAEL__MAX_NEXT_BOUGHT)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("a basket: at most %zu items, and %zu in all baskets; leave out the oldest",
                                   "购物篮：最多 %zu 件商品，合计最多 %zu 件；请去掉最早的"),
                          TAEL__MAX_NEXT_BASKET, TAEL__MAX_NEXT_BOUGHT);
    TAEL_TRY(find_owner(next, owner, &o));
    tael_status status = fit(&o->baskets, sizeof *o->baskets, o->count, &o->capacity, 1);
    if (status == TAEL_OK) status = take_items(next, o, basket, &added);
    for (uint32_t k = 0; k < added; k++) next->room.shared[o->items[o->item_count + k]] = 0;
    if (status != TAEL_OK) return status;
    size_t at = o->count;
    while (at > 0 && o->baskets[at - 1].day > basket->day) at--;
    memmove(o->baskets + at + 1, o->baskets + at, (o->count - at) * sizeof *o->baskets);
    o->baskets[at] = (tael__next_basket){.day = basket->day, .first = o->item_count, .count = added};
    o->count++;
    o->item_count += added;
    next->bought += added;
    return TAEL_OK;
}

tael_status tael_next_train(tael_next *next)
{
    TAEL_TRY(tael__next_room_fit(&next->room, next->item_ids.count));
    if (!next->loaded)
        TAEL_TRY(tael__next_count(&next->population, next->owners, next->owner_ids.count, next->item_ids.count));
    return tael__next_learn(next);
}

/* ---- Predictions ---- */

static void explain(const tael_next *next, size_t index, float score, int64_t day, tael_next_item *out)
{
    const tael__next_room *r = &next->room;
    uint32_t item = r->candidate[index], own = r->own_of[item];
    *out = (tael_next_item){.item = next->item_ids.list[item], .score = score};
    const tael__next_own *w = own ? r->own + own - 1 : NULL;
    if (!w || !w->count) return;
    out->bought = w->count;
    out->baskets_since = (uint32_t)(r->at - w->last);
    out->days_since = day > w->last_day ? day - w->last_day : 0;
    if (w->count > 1) out->every_days = (float)(w->last_day - w->first_day) / (float)(w->count - 1);
}

static bool before(float score, int64_t item, const tael_next_item *other)
{
    return score > other->score || (score == other->score && item < other->item);
}

/* Puts the candidate where it belongs among the best; the last falls out when there is no room. */
static void place(const tael_next *next, size_t index, float score, int64_t day, tael_next_item *items, size_t room,
                  size_t *count)
{
    int64_t item = next->item_ids.list[next->room.candidate[index]];
    size_t at = *count;
    if (at == room && (!room || !before(score, item, items + room - 1))) return;
    if (at == room) at--;
    for (; at > 0 && before(score, item, items + at - 1); at--) items[at] = items[at - 1];
    explain(next, index, score, day, items + at);
    if (*count < room) ++*count;
}

static void rank(tael_next *next, int64_t day, tael_next_item *items, size_t room, size_t *count)
{
    const tael__next_room *r = &next->room;
    double sum = 0, most = -INFINITY;
    float scores[TAEL__NEXT_CANDIDATES];
    for (size_t k = 0; k < r->candidate_count; k++) {
        scores[k] = tael__ranker_score(&next->ranker, r->features[k]);
        most = fmax(most, (double)scores[k]);
    }
    for (size_t k = 0; k < r->candidate_count; k++) {
        sum += exp((double)scores[k] - most);
        place(next, k, scores[k], day, items, room, count);
    }
    for (size_t k = 0; k < *count; k++) items[k].share = (float)(exp((double)items[k].score - most) / sum);
}

tael_status tael_next_predict(tael_next *next, int64_t owner, int64_t day, tael_next_item *items, size_t room,
                              size_t *count)
{
    static const tael__next_owner stranger;
    const tael__next_owner *o = &stranger;
    uint32_t index;
    *count = 0;
    TAEL_TRY(check_day(day));
    TAEL_TRY(tael__next_room_fit(&next->room, next->item_ids.count));
    if (tael__ids_find(&next->owner_ids, owner, &index)) o = next->owners + index;
    TAEL_TRY(tael__next_begin(&next->room, o));
    for (size_t t = 0; t < o->count && o->baskets[t].day <= day; t++) tael__next_see(&next->room, o);
    tael__next_features(&next->room, &next->population, o, day);
    rank(next, day, items, room, count);
    tael__next_end(&next->room);
    return TAEL_OK;
}
