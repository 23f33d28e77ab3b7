// SPDX-License-Identifier: Apache-2.0
// One to one: of all pairs that could be, those that are. The best come first; then a row that is left without may take
// another's partner if that one finds a next that is as well supported (an augmenting path; Kuhn 1955). A coffee of one
// price a day, booked on the day after, needs that: by nearness each bank row would go to the next day's coffee, and
// one coffee a week would count twice.
#include "ledger/match.h"

#define NONE SIZE_MAX

enum {
    MAX_DEPTH = 64,      /* exchanges for one row: a price paid daily for two months */
    MAX_STEPS = 1 << 20, /* for all rows of one amount: made bills must not hold an import up */
};

typedef struct place {         /* a row */
    size_t as_upper, as_lower; /* the pair that it has, or NONE */
    size_t first;              /* its best pair as an upper; the others follow by `next` */
    size_t seen;               /* the search that was here last */
} place;

typedef struct search {
    tael__pair *pair;
    place *place;
    size_t number, steps;
} search;

static bool shift(search *s, size_t upper, uint32_t why, int depth)
{
    for (size_t i = s->place[upper].first; i != NONE && s->steps < MAX_STEPS; i = s->pair[i].next) {
        place *lower = &s->place[s->pair[i].lower];
        s->steps++;
        if (s->pair[i].why != why || lower->seen == s->number) continue;
        lower->seen = s->number;
        size_t held = lower->as_lower;
        if (held != NONE &&
            (depth == MAX_DEPTH || s->pair[held].why != why || !shift(s, s->pair[held].upper, why, depth + 1)))
            continue;
        s->place[upper].as_upper = lower->as_lower = i;
        return true;
    }
    return false;
}

tael_status tael__assign(tael__list *pairs, size_t rows)
{
    search s = {.pair = pairs->data};
    size_t count = pairs->count;
    if (count == 0) return TAEL_OK;
    s.place = tael__alloc_array(rows, sizeof *s.place);
    if (!s.place) return tael__fail_memory("match", rows * sizeof *s.place);
    for (size_t i = 0; i < rows; i++) s.place[i] = (place){NONE, NONE, NONE, 0};
    for (size_t i = count; i-- > 0;) {
        place *upper = &s.place[s.pair[i].upper];
        s.pair[i].next = upper->first;
        upper->first = i;
    }
    for (size_t i = 0; i < count; i++) {
        place *upper = &s.place[s.pair[i].upper], *lower = &s.place[s.pair[i].lower];
        if (upper->as_upper == NONE && lower->as_lower == NONE) upper->as_upper = lower->as_lower = i;
    }
    for (size_t u = 0; u < rows; u++)
        for (size_t i = s.place[u].first; i != NONE && s.place[u].as_upper == NONE; i = s.pair[i].next) {
            s.number++;
            shift(&s, u, s.pair[i].why, 0);
        }
    for (size_t u = 0; u < rows; u++)
        if (s.place[u].as_upper != NONE) s.pair[s.place[u].as_upper].taken = true;
    tael__free(s.place);
    return TAEL_OK;
}
