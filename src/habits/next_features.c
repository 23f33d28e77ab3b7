// SPDX-License-Identifier: Apache-2.0
// What may be bought next, and what speaks for it: candidates and their features.
//
// The owner's own: how often, how long ago in baskets and days, his cycle (TIFU-KNN's fading sums, Hu et al., SIGIR
// 2020, at three speeds instead of one). The population's: how often an item is bought, lately and in all, how surely
// it is bought again, and what comes with what the owner has. His own baskets are left out of the latter wherever they
// were counted, so that training sees what prediction will.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/next.h"

static const double FADE[3] = {.95, .8, .5}; /* a basket, of what the owner bought */
enum { NEXT_ALIVE, NEXT_STEADY, WITH_COSINE, WITH_ALIVE, WITH_ALL, WITH_MOST };
enum { TOUCHED = 1, CANDIDATE = 2 };

/* ---- Room ---- */

static bool more(void *array, size_t each, size_t from, size_t to)
{
    void **p = array, *grown = tael__realloc(*p, to * each);
    if (!grown) return false;
    memset((char *)grown + from * each, 0, (to - from) * each);
    *p = grown;
    return true;
}

tael_status tael__next_room_fit(tael__next_room *r, size_t items)
{
    if (items <= r->items) return TAEL_OK;
    size_t n = items + items / 4 + 64, o = r->items;
    bool good = more(&r->own_of, sizeof *r->own_of, o, n) && more(&r->links, sizeof *r->links, o, n) &&
                more(&r->mark, sizeof *r->mark, o, n) && more(&r->shared, sizeof *r->shared, o, n) &&
                more(&r->touched, sizeof *r->touched, o, n) && more(&r->sorted, sizeof *r->sorted, o, n);
    if (!good) return tael__fail_memory(TAEL_SAY("predicting what is bought next", "预测下次购买"), n * 60);
    r->items = n;
    for (int k = 0; k < TAEL__NEXT_FADED; k++)
        for (int f = 0; f < 3; f++) r->faded[k][f] = (float)pow(FADE[f], k);
    return TAEL_OK;
}

void tael__next_room_free(tael__next_room *r)
{
    tael__free(r->own_of);
    tael__free(r->links);
    tael__free(r->mark);
    tael__free(r->shared);
    tael__free(r->touched);
    tael__free(r->sorted);
    tael__free(r->own);
    tael__free(r->place);
    tael__free(r->counted);
    memset(r, 0, sizeof *r);
}

/* ---- An owner's baskets, one after another ---- */

static tael_status fit_owner(tael__next_room *r, const tael__next_owner *o)
{
    bool good = true;
    if (o->item_count > r->own_capacity) {
        good = more(&r->own, sizeof *r->own, 0, o->item_count) && more(&r->place, sizeof *r->place, 0, o->item_count);
        if (good) r->own_capacity = o->item_count;
    }
    if (good && o->count > r->counted_capacity) {
        good = more(&r->counted, sizeof *r->counted, 0, o->count);
        if (good) r->counted_capacity = o->count;
    }
    return good ? TAEL_OK
                : tael__fail_memory(TAEL_SAY("an owner's baskets", "用户的购物篮"), o->item_count * sizeof *r->own);
}

tael_status tael__next_begin(tael__next_room *r, const tael__next_owner *o)
{
    TAEL_TRY(fit_owner(r, o));
    r->own_count = r->counted_count = r->at = r->bought = r->again = r->could = 0;
    for (int f = 0; f < 3; f++) r->weight[f] = 0;
    for (size_t t = 0; t < o->count; t++) {
        const tael__next_basket *b = o->baskets + t;
        if (b->counted) r->counted[r->counted_count++] = t;
        for (uint32_t k = 0; k < b->count; k++) {
            uint32_t i = o->items[b->first + k];
            if (!r->own_of[i]) {
                r->own[r->own_count] = (tael__next_own){.item = i};
                r->own_of[i] = (uint32_t)++r->own_count;
            }
            r->own[r->own_of[i] - 1].place_count += b->counted;
        }
    }
    size_t places = 0;
    for (size_t k = 0; k < r->own_count; k++) {
        r->own[k].places = places;
        places += r->own[k].place_count;
        r->own[k].place_count = 0;
    }
    for (size_t p = 0; p < r->counted_count; p++) {
        const tael__next_basket *b = o->baskets + r->counted[p];
        for (uint32_t k = 0; k < b->count; k++) {
            tael__next_own *w = r->own + r->own_of[o->items[b->first + k]] - 1;
            r->place[w->places + w->place_count++] = (uint32_t)p;
        }
    }
    return TAEL_OK;
}

static float fade(const tael__next_room *r, int f, size_t baskets)
{
    return baskets < TAEL__NEXT_FADED ? r->faded[baskets][f] : 0;
}

void tael__next_see(tael__next_room *r, const tael__next_owner *o)
{
    const tael__next_basket *b = o->baskets + r->at;
    for (uint32_t k = 0; k < b->count; k++) {
        tael__next_own *w = r->own + r->own_of[o->items[b->first + k]] - 1;
        if (!w->count) {
            w->first = (uint32_t)r->at;
            w->first_day = b->day;
        } else
            r->again++;
        for (int f = 0; f < 3; f++) w->alive[f] = 1 + (w->count ? w->alive[f] * fade(r, f, r->at - w->last) : 0);
        w->count++;
        w->last = (uint32_t)r->at;
        w->last_day = b->day;
        w->small += 1 / sqrtf((float)b->count);
    }
    for (int f = 0; f < 3; f++) r->weight[f] = r->weight[f] * FADE[f] + 1;
    r->bought += b->count;
    r->could += r->at ? b->count : 0;
    r->at++;
}

void tael__next_end(tael__next_room *r)
{
    for (size_t k = 0; k < r->own_count; k++) r->own_of[r->own[k].item] = 0;
    r->own_count = 0;
}

/* What is left of `alive` at the basket to predict. */
static float alive(const tael__next_room *r, const tael__next_own *w, int f)
{
    return w->alive[f] * fade(r, f, r->at - 1 - w->last);
}

/* ---- Companions ---- */

static float *touch(tael__next_room *r, uint32_t item)
{
    if (!(r->mark[item] & TOUCHED)) {
        r->mark[item] |= TOUCHED;
        r->touched[r->touched_count++] = item;
        memset(r->links[item], 0, sizeof r->links[item]);
    }
    return r->links[item];
}

static size_t link_start(const tael__next_links *links, const tael__next_population *p, uint32_t item, size_t *end)
{
    *end = item < p->items && links->list ? links->first[item + 1] : 0;
    return *end ? links->first[item] : 0;
}

/* What follows one of his items in the next basket; how often it did in his own is in `shared`. */
static void follow(tael__next_room *r, const tael__next_population *p, const tael__next_owner *o,
                   const tael__next_own *w)
{
    size_t end, first = link_start(&p->next, p, w->item, &end);
    if (first == end) return;
    float followed = (float)p->item[w->item].followed;
    for (int undo = 0; undo < 2; undo++) {
        for (uint32_t k = 0; k < w->place_count; k++) {
            size_t at = r->place[w->places + k];
            if (at + 1 >= r->counted_count) continue;
            const tael__next_basket *b = o->baskets + r->counted[at + 1];
            if (!undo) followed -= 1;
            for (uint32_t z = 0; z < b->count; z++)
                r->shared[o->items[b->first + z]] = undo ? 0 : r->shared[o->items[b->first + z]] + 1;
        }
        if (undo) break;
        float now = alive(r, w, 2), steady = alive(r, w, 0) / (float)r->weight[0];
        for (size_t k = first; k < end; k++) {
            float count = p->next.list[k].count - (float)r->shared[p->next.list[k].item];
            if (count < 2) continue; /* a pair of one other would only be kept with his own */
            float *s = touch(r, p->next.list[k].item), share = count / (followed + 10);
            s[NEXT_ALIVE] += now * share;
            s[NEXT_STEADY] += steady * share;
        }
    }
}

/* What others have who have one of his items. */
static void accompany(tael__next_room *r, const tael__next_population *p, const tael__next_own *w)
{
    size_t end, first = link_start(&p->with, p, w->item, &end);
    if (first == end) return;
    float owners = (float)p->item[w->item].owners - (w->place_count > 0);
    float now = alive(r, w, 2);
    for (size_t k = first; k < end; k++) {
        uint32_t i = p->with.list[k].item, own = r->own_of[i];
        float his = own && r->own[own - 1].place_count > 0 && w->place_count > 0;
        float count = p->with.list[k].count - his, others = (float)p->item[i].owners - his;
        if (count < 2) continue;
        float *s = touch(r, i), share = count / (owners + 10);
        s[WITH_COSINE] += count / sqrtf((owners + 10) * (others + 10));
        s[WITH_ALIVE] += now * share;
        s[WITH_ALL] += share;
        if (share > s[WITH_MOST]) s[WITH_MOST] = share;
    }
}

/* ---- Candidates ---- */

static void add_candidate(tael__next_room *r, uint32_t item)
{
    if (r->mark[item] & CANDIDATE || r->candidate_count == TAEL__NEXT_CANDIDATES) return;
    r->mark[item] |= CANDIDATE;
    r->candidate[r->candidate_count++] = item;
}

static int by_strength(const void *a, const void *b)
{
    const tael__next_link *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static void add_strongest(tael__next_room *r, size_t n, size_t max)
{
    if (n) qsort(r->sorted, n, sizeof *r->sorted, by_strength);
    for (size_t k = 0; k < n && k < max; k++) add_candidate(r, r->sorted[k].item);
}

static void find_candidates(tael__next_room *r, const tael__next_population *p, int64_t day)
{
    static const int kinds[] = {NEXT_STEADY, WITH_COSINE};
    size_t n = 0, late_count;
    const uint32_t *late = tael__next_lately(p, day, &late_count);
    r->candidate_count = 0;
    for (size_t k = 0; k < r->own_count; k++)
        if (r->own[k].count) r->sorted[n++] = (tael__next_link){r->own[k].item, alive(r, r->own + k, 0)};
    add_strongest(r, n, TAEL__NEXT_OWN);
    for (size_t k = 0; k < late_count; k++) add_candidate(r, late[k]);
    for (size_t k = 0; k < p->popular_count; k++) add_candidate(r, p->popular[k]);
    for (int kind = 0; kind < 2; kind++) {
        n = 0;
        for (size_t k = 0; k < r->touched_count; k++)
            if (!(r->mark[r->touched[k]] & CANDIDATE))
                r->sorted[n++] = (tael__next_link){r->touched[k], r->links[r->touched[k]][kinds[kind]]};
        add_strongest(r, n, TAEL__NEXT_COMPANIONS);
    }
}

/* ---- Features ---- */

/* The owner's own purchases of the item; all 0 where he has none. */
static float *describe_own(float *f, const tael__next_room *r, const tael__next_own *w)
{
    float baskets = (float)r->at, since = (float)(r->at - w->last), gap = 0;
    *f++ = 1;
    *f++ = logf((float)w->count);
    *f++ = (float)w->count / (baskets + 1);
    *f++ = 1 / since;
    *f++ = logf(since);
    for (int k = 0; k < 3; k++) *f++ = alive(r, w, k) / (float)r->weight[k];
    *f++ = logf(.02f + alive(r, w, 1) / (float)r->weight[1]);
    if (w->count > 1) gap = (float)(w->last - w->first) / (float)(w->count - 1);
    *f++ = gap > 0;
    *f++ = gap > 0 ? fminf(since / gap, 4) : 0;
    *f++ = gap > 0 ? fmaxf(-3, -fabsf(logf(since / gap))) : 0;
    *f++ = w->small / sqrtf((float)w->count);
    return f;
}

/* How popular the item is with others, and how surely it is bought again. */
static float *describe_item(float *f, const tael__next_room *r, const tael__next_population *p,
                            const tael__next_owner *o, uint32_t item, int64_t day, const float all[TAEL__NEXT_DECAYS],
                            bool has)
{
    const tael__next_item none = {0}, *i = item < p->items ? p->item + item : &none;
    const tael__next_own *w = r->own_of[item] ? r->own + r->own_of[item] - 1 : NULL;
    uint32_t his = w ? w->place_count : 0;
    float late[TAEL__NEXT_DECAYS], chances = (float)i->chances, repeats = (float)i->repeats;
    int64_t known = day < p->last_day ? day : p->last_day;
    tael__next_late(late, p, item < p->items ? item : p->items + 1, known);
    for (uint32_t k = 0; k < his; k++) {
        int64_t lag = known - o->baskets[r->counted[r->place[w->places + k]]].day;
        for (int d = 0; d < TAEL__NEXT_DECAYS; d++) late[d] -= tael__next_fade(p, d, lag);
    }
    if (his) {
        chances -= (float)(r->counted_count - 1 - r->place[w->places]);
        repeats -= (float)(his - 1);
    }
    *f++ = logf(((float)(i->baskets - his) + 1) / ((float)(p->baskets - r->counted_count) + 1) * 1000);
    for (int d = 0; d < TAEL__NEXT_DECAYS; d++) *f++ = logf((fmaxf(late[d], 0) + .3f) / (all[d] + 1) * 1000);
    float rate = logf((repeats + .6f) / (chances + 20) * 30);
    *f++ = has ? rate : 0;
    *f++ = has ? 0 : rate;
    return f;
}

static float *describe_companions(float *f, const tael__next_room *r, uint32_t item, float different)
{
    static const float none[6];
    const float *s = r->mark[item] & TOUCHED ? r->links[item] : none;
    for (int k = 0; k < WITH_MOST; k++) *f++ = sqrtf(s[k] / (k == WITH_COSINE || k == WITH_ALL ? different : 1) * 30);
    *f++ = sqrtf(s[WITH_MOST] * 5);
    return f;
}

static void describe(tael__next_room *r, const tael__next_population *p, const tael__next_owner *o, int64_t day,
                     size_t index, const float all[TAEL__NEXT_DECAYS])
{
    uint32_t item = r->candidate[index];
    float *f = r->features[index], *end = f + TAEL__NEXT_FEATURES;
    const tael__next_own *w = r->own_of[item] ? r->own + r->own_of[item] - 1 : NULL;
    float baskets = fmaxf(1, (float)r->at), size = logf(fmaxf(1, (float)r->bought) / baskets);
    float different = fmaxf(1, (float)(r->bought - r->again));
    float repeats = r->could ? ((float)r->again + 1) / ((float)r->could + 4) : .25f;
    bool has = w && w->count > 0;
    memset(f, 0, sizeof r->features[index]);
    if (has) describe_own(f, r, w);
    f = describe_item(f + 13, r, p, o, item, day, all, has);
    f = describe_companions(f, r, item, different);
    *f++ = has ? (repeats - .2f) * 4 : 0;
    *f++ = logf(baskets);
    *f++ = size;
    *f++ = repeats * 4;
    *f++ = has ? logf(baskets) : 0;
    *f++ = has ? size : 0;
    float days = has ? fmaxf(0, (float)(day - w->last_day)) : 0;
    float every = has && w->count > 1 ? (float)(w->last_day - w->first_day) / (float)(w->count - 1) : 0;
    *f++ = logf(1 + days) * .5f;
    *f++ = every > 0 ? fminf(days / every, 4) : 0;
    *f++ = r->at ? logf(1 + fmaxf(0, (float)(day - o->baskets[r->at - 1].day))) * .3f : 0;
    TAEL_ASSERT(f == end);
    (void)end;
}

void tael__next_features(tael__next_room *r, const tael__next_population *p, const tael__next_owner *o, int64_t day)
{
    float all[TAEL__NEXT_DECAYS];
    int64_t known = day < p->last_day ? day : p->last_day;
    r->touched_count = 0;
    for (size_t k = 0; k < r->own_count && p->items; k++)
        if (r->own[k].count) {
            follow(r, p, o, r->own + k);
            accompany(r, p, r->own + k);
        }
    find_candidates(r, p, day);
    tael__next_late(all, p, p->items, known);
    for (size_t k = 0; k < r->counted_count; k++)
        for (int d = 0; d < TAEL__NEXT_DECAYS; d++)
            all[d] -= tael__next_fade(p, d, known - o->baskets[r->counted[k]].day);
    for (int d = 0; d < TAEL__NEXT_DECAYS; d++) all[d] = fmaxf(all[d], 0);
    for (size_t k = 0; k < r->candidate_count; k++) describe(r, p, o, day, k, all);
    for (size_t k = 0; k < r->touched_count; k++) r->mark[r->touched[k]] = 0;
    for (size_t k = 0; k < r->candidate_count; k++) r->mark[r->candidate[k]] = 0;
}
