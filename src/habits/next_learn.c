// SPDX-License-Identifier: Apache-2.0
// From owners' pasts to lists that the ranker learns from: each of an owner's later baskets is what should have been
// foreseen from those before it.
//
// The newest baskets are taken first, as many an owner as fit into the rows allowed. Of a list's candidates all that
// were bought stay, and of the others a sample, whose members stand for those left out: log of how many is added to
// their scores, so that the softmax keeps its sum (importance sampling, Bengio and Senécal, 2003).
#include <math.h>
#include <string.h>

#include "base/random.h"
#include "habits/next.h"

enum { OWN_SAMPLED = 64, OTHERS_SAMPLED = 64, ROWS_A_LIST = 110 };

static size_t first_example(const tael__next_owner *o, size_t newest)
{
    size_t from = o->count > newest ? o->count - newest : 0, least = o->count > 2 ? 2 : 1;
    return from > least ? from : least;
}

/* How many of each owner's newest baskets fit. */
static size_t newest_that_fit(const struct tael_next *next, size_t rows)
{
    size_t newest = 1, lists = 0;
    for (size_t n = 1; n <= 65536; n *= 2) {
        lists = 0;
        for (size_t u = 0; u < next->owner_ids.count; u++) {
            const tael__next_owner *o = next->owners + u;
            size_t from = first_example(o, n);
            lists += o->count > from ? o->count - from : 0;
        }
        if (lists > rows / ROWS_A_LIST) break;
        newest = n;
    }
    return newest;
}

static bool in_basket(const tael__next_owner *o, const tael__next_basket *b, uint32_t item)
{
    for (uint32_t k = 0; k < b->count; k++)
        if (o->items[b->first + k] == item) return true;
    return false;
}

static void add_row(tael__rank_set *set, const float *features, float offset, bool positive)
{
    memcpy(set->rows[set->count], features, sizeof set->rows[0]);
    set->offset[set->count] = offset;
    set->positive[set->count++] = positive;
}

static void add_list(tael__rank_set *set, const tael__next_room *r, const tael__next_owner *o,
                     const tael__next_basket *b, tael__random *random)
{
    tael__rank_list list = {.first = set->count, .wanted = b->count};
    size_t own = 0;
    for (size_t k = 0; k < r->candidate_count; k++) own += r->features[k][0] > 0;
    double keep_own = own ? fmin(1, (double)OWN_SAMPLED / (double)own) : 1;
    double keep_other = fmin(1, (double)OTHERS_SAMPLED / (double)(r->candidate_count - own + 1));
    if (set->list_count == set->list_capacity || set->count + r->candidate_count > set->capacity) return;
    for (size_t k = 0; k < r->candidate_count; k++) {
        bool positive = in_basket(o, b, r->candidate[k]);
        double keep = positive ? 1 : r->features[k][0] > 0 ? keep_own : keep_other;
        if (keep < 1 && tael__random_unit(random) >= keep) continue;
        add_row(set, r->features[k], (float)-log(keep), positive);
        list.positives += positive;
    }
    list.count = set->count - list.first;
    if (list.positives && list.count > list.positives)
        set->lists[set->list_count++] = list;
    else
        set->count = list.first;
}

static tael_status fill(struct tael_next *next, tael__rank_set *set)
{
    size_t newest = newest_that_fit(next, set->capacity);
    tael__random random;
    tael__random_seed(&random, next->options.seed);
    for (size_t u = 0; u < next->owner_ids.count; u++) {
        tael__next_owner *o = next->owners + u;
        if (o->count < 2) continue;
        size_t from = first_example(o, newest);
        TAEL_TRY(tael__next_begin(&next->room, o));
        for (size_t t = 0; t < o->count; t++) {
            if (t >= from) {
                tael__next_features(&next->room, &next->population, o, o->baskets[t].day);
                add_list(set, &next->room, o, o->baskets + t, &random);
            }
            tael__next_see(&next->room, o);
        }
        tael__next_end(&next->room);
    }
    return TAEL_OK;
}

tael_status tael__next_learn(struct tael_next *next)
{
    tael__rank_set set = {.capacity = next->options.rows_max};
    tael_status status = TAEL_OK;
    set.list_capacity = set.capacity / 8;
    set.rows = tael__alloc_array(set.capacity, sizeof *set.rows);
    set.offset = tael__alloc_array(set.capacity, sizeof *set.offset);
    set.positive = tael__alloc_array(set.capacity, sizeof *set.positive);
    set.lists = tael__alloc_array(set.list_capacity, sizeof *set.lists);
    if (!set.rows || !set.offset || !set.positive || !set.lists)
        status = tael__fail_memory(TAEL_SAY("learning what is bought next", "学习购买习惯"),
                                   set.capacity * sizeof *set.rows);
    if (status == TAEL_OK) status = fill(next, &set);
    if (status == TAEL_OK) {
        next->ranker = next->start;
        status = tael__ranker_train(&next->ranker, &set, next->options.seed, next->options.epochs, !next->loaded);
    }
    tael__free(set.rows);
    tael__free(set.offset);
    tael__free(set.positive);
    tael__free(set.lists);
    return status;
}
