// SPDX-License-Identifier: Apache-2.0
// What the baskets of many owners say of each item: how often it is bought and bought again, when, and which items
// come with it (its companions): in the next basket of the same owner, or in any of his.
//
// All is plain counting over sorted data, so the same baskets give the same bytes. Whoever predicts for an owner that
// was counted takes his own baskets out again (next_features.c): a model that sees its answers learns to copy them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "habits/next.h"

static const double FADE_DAYS[TAEL__NEXT_DECAYS] = {7, 30, 120};
#define LATE_BY 1 /* candidates are the lately popular of a month */

typedef struct seen_in { /* one basket that holds an item */
    uint32_t owner, basket;
} seen_in;

/* Every item's baskets, and room to count companions. */
typedef struct counting {
    tael__next_population *p;
    const tael__next_owner *owners;
    size_t owner_count;
    size_t *first; /* of item i: [first[i], first[i + 1]) of `in`, by owner, then basket */
    seen_in *in;
    uint32_t *times, *met; /* by item: pairs counted; the last owner that counted, + 1 */
    uint32_t *list;        /* items with times > 0 */
    tael__next_link *sorted;
} counting;

float tael__next_fade(const tael__next_population *p, int decay, int64_t lag)
{
    return lag < 0 || lag >= TAEL__NEXT_LAG_DAYS ? 0 : p->fade[lag][decay];
}

/* ---- Items alone ---- */

static void count_owner(tael__next_population *p, const tael__next_owner *o, uint32_t mark, uint32_t *met,
                        uint32_t *repeats)
{
    for (size_t t = 0; t < o->count; t++) {
        const tael__next_basket *b = o->baskets + t;
        for (uint32_t k = 0; k < b->count; k++) {
            uint32_t i = o->items[b->first + k];
            p->item[i].baskets++;
            p->item[i].followed += t + 1 < o->count;
            if (met[i] == mark) repeats[i]++;
        }
        for (uint32_t k = 0; k < b->count; k++) {
            uint32_t i = o->items[b->first + k];
            if (met[i] == mark) continue;
            met[i] = mark;
            p->item[i].owners++;
            p->item[i].chances += (uint32_t)(o->count - 1 - t);
        }
    }
}

static void index_baskets(counting *c)
{
    for (size_t i = 0; i < c->p->items; i++) c->first[i + 1] = c->first[i] + c->p->item[i].baskets;
    for (size_t u = 0; u < c->owner_count; u++) {
        const tael__next_owner *o = c->owners + u;
        for (size_t t = 0; t < o->count; t++)
            for (uint32_t k = 0; k < o->baskets[t].count; k++) {
                uint32_t i = o->items[o->baskets[t].first + k];
                c->in[c->first[i] + c->times[i]++] = (seen_in){(uint32_t)u, (uint32_t)t};
            }
    }
    memset(c->times, 0, c->p->items * sizeof *c->times);
}

/* ---- Companions ---- */

static int by_strength(const void *a, const void *b)
{
    const tael__next_link *x = a, *y = b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return x->item < y->item ? -1 : x->item > y->item;
}

static size_t add_basket(counting *c, const tael__next_owner *o, const tael__next_basket *b, size_t found)
{
    for (uint32_t k = 0; k < b->count; k++) {
        uint32_t i = o->items[b->first + k];
        if (!c->times[i]++) c->list[found++] = i;
    }
    return found;
}

/* Items that any basket of the owner holds, each once. */
static size_t add_owner(counting *c, const tael__next_owner *o, uint32_t not_item, uint32_t mark, size_t found)
{
    for (size_t k = 0; k < o->item_count; k++) {
        uint32_t i = o->items[k];
        if (i == not_item || c->met[i] == mark) continue;
        c->met[i] = mark;
        if (!c->times[i]++) c->list[found++] = i;
    }
    return found;
}

/* Keeps an item's strongest companions. A pair that one owner alone makes says nothing to others, so it takes two. */
static tael_status keep(counting *c, tael__next_links *links, uint32_t item, size_t found, bool itself)
{
    size_t n = 0;
    for (size_t k = 0; k < found; k++) {
        uint32_t i = c->list[k], times = c->times[i];
        c->times[i] = 0;
        if (times < 2 || (i == item && !itself)) continue;
        c->sorted[n++] = (tael__next_link){i, (float)(times - 1) / sqrtf((float)c->p->item[i].owners + 5.0f)};
        c->met[i] = times; /* the marks of owners are no longer needed: it keeps what `sorted` doesn't hold */
    }
    qsort(c->sorted, n, sizeof *c->sorted, by_strength);
    if (n > TAEL__NEXT_LINKS) n = TAEL__NEXT_LINKS;
    if (links->count + n > links->capacity) {
        size_t capacity = 2 * links->capacity + TAEL__NEXT_LINKS;
        tael__next_link *list = tael__realloc(links->list, capacity * sizeof *list);
        if (!list) return tael__fail_memory(TAEL_SAY("companions of items", "商品的伴随关系"), capacity * sizeof *list);
        links->list = list;
        links->capacity = capacity;
    }
    for (size_t k = 0; k < n; k++)
        links->list[links->count++] = (tael__next_link){c->sorted[k].item, (float)c->met[c->sorted[k].item]};
    links->first[item + 1] = links->count;
    for (size_t k = 0; k < found; k++) c->met[c->list[k]] = 0;
    return TAEL_OK;
}

static tael_status link_items(counting *c)
{
    tael__next_population *p = c->p;
    if (c->owner_count < 2) return TAEL_OK; /* he alone has no others to learn from */
    for (uint32_t j = 0; j < p->items; j++) {
        size_t found = 0;
        for (size_t k = c->first[j]; k < c->first[j + 1]; k++) {
            const tael__next_owner *o = c->owners + c->in[k].owner;
            if (c->in[k].basket + 1 < o->count) found = add_basket(c, o, o->baskets + c->in[k].basket + 1, found);
        }
        TAEL_TRY(keep(c, &p->next, j, found, true));
        found = 0;
        for (size_t k = c->first[j]; k < c->first[j + 1]; k++)
            if (k == c->first[j] || c->in[k].owner != c->in[k - 1].owner)
                found = add_owner(c, c->owners + c->in[k].owner, j, c->in[k].owner + 1, found);
        TAEL_TRY(keep(c, &p->with, j, found, false));
    }
    return TAEL_OK;
}

/* ---- Days ---- */

static int by_day(const void *a, const void *b)
{
    const tael__next_day *x = a, *y = b;
    return x->day < y->day ? -1 : x->day > y->day;
}

/* Sorts [from, end) by day and makes one of each; the new end. */
static size_t join_days(tael__next_day *days, size_t from, size_t end)
{
    size_t to = from;
    qsort(days + from, end - from, sizeof *days, by_day);
    for (size_t k = from; k < end; k++) {
        if (to > from && days[to - 1].day == days[k].day)
            days[to - 1].count += days[k].count;
        else
            days[to++] = days[k];
    }
    return to;
}

static void count_days(counting *c)
{
    tael__next_population *p = c->p;
    size_t end = 0;
    for (size_t i = 0; i < p->items; i++) {
        p->day_first[i] = end;
        for (size_t k = c->first[i]; k < c->first[i + 1]; k++)
            p->days[end++] = (tael__next_day){c->owners[c->in[k].owner].baskets[c->in[k].basket].day, 1};
        end = join_days(p->days, p->day_first[i], end);
    }
    p->day_first[p->items] = end;
    for (size_t u = 0; u < c->owner_count; u++)
        for (size_t t = 0; t < c->owners[u].count; t++)
            p->days[end++] = (tael__next_day){c->owners[u].baskets[t].day, 1};
    end = join_days(p->days, p->day_first[p->items], end);
    p->day_first[p->items + 1] = end;
    p->last_day = end > p->day_first[p->items] ? p->days[end - 1].day : 0;
}

void tael__next_late(float late[TAEL__NEXT_DECAYS], const tael__next_population *p, size_t item, int64_t day)
{
    for (int d = 0; d < TAEL__NEXT_DECAYS; d++) late[d] = 0;
    if (item <= p->items && p->late_fixed) memcpy(late, p->late_fixed[item], sizeof p->late_fixed[item]);
    if (item > p->items || !p->days) return;
    size_t low = p->day_first[item], high = p->day_first[item + 1], first = low;
    while (low < high) { /* the first day after `day` */
        size_t middle = low + (high - low) / 2;
        if (p->days[middle].day <= day)
            low = middle + 1;
        else
            high = middle;
    }
    while (low > first && day - p->days[low - 1].day < TAEL__NEXT_LAG_DAYS) {
        low--;
        for (int d = 0; d < TAEL__NEXT_DECAYS; d++)
            late[d] += p->days[low].count * tael__next_fade(p, d, day - p->days[low].day);
    }
}

const uint32_t *tael__next_lately(const tael__next_population *p, int64_t day, size_t *count)
{
    size_t low = 0, high = p->late_days;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (p->late_day[middle] <= day)
            low = middle + 1;
        else
            high = middle;
    }
    *count = low ? p->late_count[low - 1] : 0;
    return low ? p->late[low - 1] : NULL;
}

static size_t strongest(tael__next_link *sorted, size_t n, uint32_t out[TAEL__NEXT_POPULAR])
{
    qsort(sorted, n, sizeof *sorted, by_strength);
    if (n > TAEL__NEXT_POPULAR) n = TAEL__NEXT_POPULAR;
    for (size_t k = 0; k < n; k++) out[k] = sorted[k].item;
    return n;
}

/* The most popular, in all and lately: of every day with baskets, or of TAEL__NEXT_DAYS_KEPT among them. */
static void order_popular(counting *c)
{
    tael__next_population *p = c->p;
    const tael__next_day *days = p->days + p->day_first[p->items];
    size_t n = 0, all = p->day_first[p->items + 1] - p->day_first[p->items];
    for (size_t i = 0; i < p->items; i++)
        if (p->item[i].baskets) c->sorted[n++] = (tael__next_link){(uint32_t)i, (float)p->item[i].baskets};
    p->popular_count = strongest(c->sorted, n, p->popular);
    p->late_days = all < TAEL__NEXT_DAYS_KEPT ? all : TAEL__NEXT_DAYS_KEPT;
    for (size_t k = 0; k < p->late_days; k++) {
        float late[TAEL__NEXT_DECAYS];
        p->late_day[k] = days[(k + 1) * all / p->late_days - 1].day;
        n = 0;
        for (size_t i = 0; i < p->items; i++) {
            tael__next_late(late, p, i, p->late_day[k]);
            if (late[LATE_BY] > 0) c->sorted[n++] = (tael__next_link){(uint32_t)i, late[LATE_BY]};
        }
        p->late_count[k] = (uint32_t)strongest(c->sorted, n, p->late[k]);
    }
}

/* ---- All of it ---- */

static tael_status make_room(counting *c, size_t bought)
{
    tael__next_population *p = c->p;
    size_t n = p->items + 2;
    p->item = tael__alloc_array(n, sizeof *p->item);
    p->next.first = tael__alloc_array(n, sizeof *p->next.first);
    p->with.first = tael__alloc_array(n, sizeof *p->with.first);
    p->day_first = tael__alloc_array(n, sizeof *p->day_first);
    p->days = tael__alloc_array(bought + p->baskets + 1, sizeof *p->days);
    p->late_day = tael__alloc_array(TAEL__NEXT_DAYS_KEPT, sizeof *p->late_day);
    p->late_count = tael__alloc_array(TAEL__NEXT_DAYS_KEPT, sizeof *p->late_count);
    p->late = tael__alloc_array(TAEL__NEXT_DAYS_KEPT, sizeof *p->late);
    c->first = tael__alloc_array(n, sizeof *c->first);
    c->in = tael__alloc_array(bought + 1, sizeof *c->in);
    c->times = tael__alloc_array(n, sizeof *c->times);
    c->met = tael__alloc_array(n, sizeof *c->met);
    c->list = tael__alloc_array(n, sizeof *c->list);
    c->sorted = tael__alloc_array(n, sizeof *c->sorted);
    bool good = p->item && p->next.first && p->with.first && p->day_first && p->days && p->late_day && p->late_count &&
                p->late && c->first && c->in && c->times && c->met && c->list && c->sorted;
    return good ? TAEL_OK : tael__fail_memory(TAEL_SAY("counting baskets", "统计购物篮"), bought * sizeof *c->in);
}

tael_status tael__next_count(tael__next_population *population, tael__next_owner *owners, size_t count, size_t items)
{
    tael__next_population p = {.items = items, .owners = count};
    counting c = {.p = &p, .owners = owners, .owner_count = count};
    size_t bought = 0;
    for (int lag = 0; lag < TAEL__NEXT_LAG_DAYS; lag++)
        for (int d = 0; d < TAEL__NEXT_DECAYS; d++) p.fade[lag][d] = (float)exp(-lag / FADE_DAYS[d]);
    for (size_t u = 0; u < count; u++) {
        p.baskets += owners[u].count;
        bought += owners[u].item_count;
    }
    tael_status status = make_room(&c, bought);
    if (status != TAEL_OK) goto done;
    for (size_t u = 0; u < count; u++) count_owner(&p, owners + u, (uint32_t)u + 1, c.met, c.times);
    for (size_t i = 0; i < items; i++) {
        p.item[i].repeats = c.times[i];
        c.times[i] = c.met[i] = 0;
    }
    index_baskets(&c);
    status = link_items(&c);
    if (status != TAEL_OK) goto done;
    count_days(&c);
    order_popular(&c);
    for (size_t u = 0; u < count; u++)
        for (size_t t = 0; t < owners[u].count; t++) owners[u].baskets[t].counted = true;
    tael__next_population_free(population);
    *population = p;
    p = (tael__next_population){0};
done:
    tael__next_population_free(&p);
    tael__free(c.first);
    tael__free(c.in);
    tael__free(c.times);
    tael__free(c.met);
    tael__free(c.list);
    tael__free(c.sorted);
    return status;
}

void tael__next_population_free(tael__next_population *p)
{
    tael__free(p->item);
    tael__free(p->next.list);
    tael__free(p->next.first);
    tael__free(p->with.list);
    tael__free(p->with.first);
    tael__free(p->days);
    tael__free(p->day_first);
    tael__free(p->late_day);
    tael__free(p->late_count);
    tael__free(p->late);
    tael__free(p->late_fixed);
    *p = (tael__next_population){0};
}
