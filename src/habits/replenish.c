// SPDX-License-Identifier: Apache-2.0
// When merchants, categories and items are bought again: each is a row of days, and renewal.c says when the next comes.
// What recurs on fixed days is told elsewhere and left out here.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habits/history.h"

#define LEAST_DAYS 3   /* with a purchase */
#define MOST_GAPS  200 /* older ones weigh 2^-10 */
#define LAPSED     0.2 /* the chance that it goes on, below which it is said to have ended */

enum { LEAST_ROWS = 8, MOST_ROWS = 128, ROW_GAPS = 40 }; /* of merchants, to learn what they have in common */

typedef struct entry {
    tael_purchase_habit habit;
    uint32_t name;
    int32_t last, next, from, to; /* days */
} entry;

typedef struct listing {
    tael_habits *h;
    uint64_t *keys; /* of the kind at hand: key << 32 | payment; sorted, so a key's payments lie together by time */
    entry *list;
    size_t count, capacity;
    int32_t least; /* days with a purchase */
} listing;

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

uint32_t tael__purchase_key(const tael__payment *p, tael_habit_kind kind)
{
    if (p->income || p->refund || p->recurring) return 0;
    if (kind == TAEL_HABIT_MERCHANT) return p->brand;
    return kind == TAEL_HABIT_ITEM ? p->item : p->category_id > 0 ? (uint32_t)p->category_id : 0;
}

/* The weekday and the hour on which most of it happens, where one stands out. */
static void tell_times(tael_purchase_habit *to, const tael_habits *h, const uint64_t *keys, size_t n)
{
    int weekdays[8] = {0}, hours[24] = {0}, timed = 0, best = 0;
    to->hour = -1;
    for (size_t i = 0; i < n; i++) {
        const tael__payment *p = &h->payments[(uint32_t)keys[i]];
        int64_t second = p->time_ms / 1000 + p->offset_minutes * 60;
        weekdays[tael__weekday(tael__date_of(p->day))]++;
        if (second % 86400 == 0) continue; /* a bill without times of day */
        hours[second % 86400 / 3600]++;
        timed++;
    }
    for (int d = 1; d <= 7; d++)
        if (weekdays[d] > weekdays[to->weekday] || to->weekday == 0) to->weekday = d;
    if (n < 5 || 2 * weekdays[to->weekday] < (int)n) to->weekday = 0;
    for (int t = 0; t < 24; t++) {
        int near = hours[(t + 23) % 24] + hours[t] + hours[(t + 1) % 24], rank = 4 * near + hours[t];
        if (rank <= best || timed < 5 || 2 * near < timed) continue;
        best = rank;
        to->hour = t;
    }
}

/* *only: the brand that all of them have, or 0. */
static size_t gather(const tael_habits *h, const uint64_t *keys, size_t n, double gaps[MOST_GAPS], int32_t *days,
                     uint32_t *only)
{
    int32_t last = h->payments[(uint32_t)keys[0]].day;
    size_t count = 0;
    *days = 1;
    *only = h->payments[(uint32_t)keys[0]].brand;
    for (size_t i = 1; i < n; i++) {
        const tael__payment *p = &h->payments[(uint32_t)keys[i]];
        if (p->brand != *only) *only = 0;
        if (p->day == last) continue;
        if (count == MOST_GAPS) memmove(gaps, gaps + 1, --count * sizeof *gaps);
        gaps[count++] = p->day - last;
        last = p->day;
        (*days)++;
    }
    return count;
}

static tael_status tell_amount(tael_purchase_habit *to, const tael_habits *h, const uint64_t *keys, size_t n)
{
    double *amounts = tael__alloc(n * sizeof *amounts);
    if (!amounts) return tael__fail_memory("habits", n * sizeof *amounts);
    for (size_t i = 0; i < n; i++) amounts[i] = (double)h->payments[(uint32_t)keys[i]].minor;
    to->usual_minor = (int64_t)llround(tael__median(amounts, n));
    tael__free(amounts);
    return TAEL_OK;
}

static int32_t ahead(int32_t last, double days)
{
    return last + (int32_t)lround(fmin(days, 36500));
}

static tael_status tell(listing *l, entry *e, const uint64_t *keys, size_t n, const tael__renewal_row *row)
{
    const tael_habits *h = l->h;
    tael__renewal m;
    tael__renewal_counts counts;
    tael_purchase_habit *to = &e->habit;
    e->last = h->payments[(uint32_t)keys[n - 1]].day;
    double open = row->open_days, since = h->today - e->last;
    tael__renewal_fit(&m, row, h->prior_vague ? NULL : &h->prior);
    double alive = tael__renewal_alive(&m, open);
    tael__renewal_count(&counts, &m, open, 30);
    to->interval_days = (float)tael__renewal_quantile(&m, 0, 0.5);
    to->regular = (float)tael__renewal_regular(&m);
    to->since_days = (int32_t)since;
    to->within_7_days = (float)tael__renewal_within(&m, open, since - open + 7);
    to->in_30_days = (float)fmin(counts.mean, 30); /* gaps of the law may be shorter than a day */
    to->ended = (float)(1 - alive);
    to->lapsed = alive < LAPSED;
    to->due = !to->lapsed && to->regular >= 0.35F && since >= (double)to->interval_days;
    to->category_id = h->payments[(uint32_t)keys[n - 1]].category_id;
    e->next = ahead(e->last, tael__renewal_quantile(&m, open, 0.5));
    e->from = ahead(e->last, tael__renewal_quantile(&m, open, 0.1));
    e->to = ahead(e->last, tael__renewal_quantile(&m, open, 0.9));
    tael__habit_day(to->last_day, e->last);
    if (!to->lapsed) {
        tael__habit_day(to->next_day, e->next);
        tael__habit_day(to->next_from, e->from);
        tael__habit_day(to->next_to, e->to);
    }
    tell_times(to, h, keys, n);
    return tell_amount(to, h, keys, n);
}

/* "收款方备注:二维码收款" is how it was paid, not what was bought. */
static bool names_a_thing(const char *item)
{
    static const char *const not_things[] = {"收款", "付款", "转账",  "订单",   "消费",
                                             "充值", "账单", "Order", "Payment"};
    for (size_t i = 0; i < sizeof not_things / sizeof *not_things; i++)
        if (strstr(item, not_things[i])) return false;
    return true;
}

static tael_status add(listing *l, tael_habit_kind kind, const uint64_t *keys, size_t n, const uint32_t *brand_counts)
{
    double gaps[MOST_GAPS];
    uint32_t only;
    entry e = {.habit = {.kind = kind}, .name = (uint32_t)(keys[0] >> 32)};
    size_t gap_count = gather(l->h, keys, n, gaps, &e.habit.count, &only);
    if (e.habit.count < l->least) return TAEL_OK;
    /* An item that is nearly all that its shop sold says nothing that the shop doesn't. */
    if (kind == TAEL_HABIT_ITEM && only && 10 * n >= 8 * (size_t)brand_counts[only]) return TAEL_OK;
    if (kind == TAEL_HABIT_ITEM && !names_a_thing(tael__names_get(&l->h->names, e.name))) return TAEL_OK;
    tael__renewal_row row = {gaps, gap_count, l->h->known - l->h->payments[(uint32_t)keys[n - 1]].day};
    TAEL_TRY(tell(l, &e, keys, n, &row));
    if (l->count == l->capacity) {
        size_t more = l->capacity ? 2 * l->capacity : 64;
        entry *grown = tael__realloc(l->list, more * sizeof *grown);
        if (!grown) return tael__fail_memory("habits", more * sizeof *grown);
        l->list = grown;
        l->capacity = more;
    }
    l->list[l->count++] = e;
    return TAEL_OK;
}

/* What the owner's merchants have in common, from at most MOST_ROWS spread over all of them: those where he bought once
 * tell how soon things end. Few merchants tell nothing. */
static tael_status learn_prior(tael_habits *h, const uint64_t *keys, size_t n)
{
    double gaps[MOST_GAPS], *all = tael__alloc((size_t)MOST_ROWS * ROW_GAPS * sizeof *all);
    tael__renewal_row row[MOST_ROWS];
    size_t rows = 0, from = 0, merchants = 0, seen = 0, telling = 0;
    if (!all) return tael__fail_memory("habits", (size_t)MOST_ROWS * ROW_GAPS * sizeof *all);
    for (size_t i = 1; i <= n; i++) merchants += i == n || keys[i] >> 32 != keys[i - 1] >> 32;
    for (size_t i = 1; i <= n; i++) {
        if (i < n && keys[i] >> 32 == keys[from] >> 32) continue;
        int32_t days;
        uint32_t only;
        if (rows * merchants <= seen++ * MOST_ROWS && rows < MOST_ROWS) {
            size_t count = gather(h, keys + from, i - from, gaps, &days, &only),
                   take = count < ROW_GAPS ? count : ROW_GAPS;
            memcpy(all + rows * ROW_GAPS, gaps + (count - take), take * sizeof *all);
            row[rows] =
                (tael__renewal_row){all + rows * ROW_GAPS, take, h->known - h->payments[(uint32_t)keys[i - 1]].day};
            telling += days >= LEAST_DAYS;
            rows++;
        }
        from = i;
    }
    h->prior_vague = telling < LEAST_ROWS;
    tael_status status = h->prior_vague ? TAEL_OK : tael__renewal_learn(&h->prior, row, rows);
    h->prior_known = status == TAEL_OK;
    tael__free(all);
    return status;
}

static tael_status add_kind(listing *l, tael_habit_kind kind, uint32_t *brand_counts)
{
    size_t n = 0, from = 0;
    for (size_t i = 0; i < l->h->count; i++) {
        uint32_t key = tael__purchase_key(&l->h->payments[i], kind);
        if (!key) continue;
        l->keys[n++] = (uint64_t)key << 32 | i;
        if (kind == TAEL_HABIT_MERCHANT) brand_counts[key]++;
    }
    if (n > 1) qsort(l->keys, n, sizeof *l->keys, by_key);
    if (kind == TAEL_HABIT_MERCHANT && !l->h->prior_known) TAEL_TRY(learn_prior(l->h, l->keys, n));
    for (size_t i = 1; i <= n; i++) {
        if (i < n && l->keys[i] >> 32 == l->keys[from] >> 32) continue;
        TAEL_TRY(add(l, kind, l->keys + from, i - from, brand_counts));
        from = i;
    }
    return TAEL_OK;
}

static int by_nearness(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->habit.lapsed != y->habit.lapsed) return x->habit.lapsed ? 1 : -1;
    if (x->habit.within_7_days != y->habit.within_7_days)
        return x->habit.within_7_days < y->habit.within_7_days ? 1 : -1;
    if (x->habit.kind != y->habit.kind) return x->habit.kind < y->habit.kind ? -1 : 1;
    return (x->name > y->name) - (x->name < y->name);
}

static void say_when(tael_habits *h, const tael_purchase_habit *p)
{
    const char *day = tael__weekday_word(p->weekday);
    if (p->weekday && p->hour >= 0)
        tael__habit_sentence(h, TAEL_SAY(", mostly on %s around %d:00", "，多在%s %d 点前后"), day, p->hour);
    else if (p->weekday)
        tael__habit_sentence(h, TAEL_SAY(", mostly on %s", "，多在%s"), day);
    else if (p->hour >= 0)
        tael__habit_sentence(h, TAEL_SAY(", mostly around %d:00", "，多在 %d 点前后"), p->hour);
}

void tael__purchase_gaps(tael_habits *h, const tael_purchase_habit *p)
{
    char usual[48];
    double days = (double)p->interval_days;
    bool exact = days >= 10;
    tael__habit_money(usual, p->usual_minor, h->currency);
    tael__buffer_clear(&h->sentence);
    tael__habit_sentence(h,
                         TAEL_SAY("every %.*f days, last %d days ago (%d purchases, usually %s)",
                                  "每 %.*f 天一次，上次是 %d 天前（共 %d 次，通常 %s）"),
                         exact || fabs(days - round(days)) < 0.1 ? 0 : 1, days, p->since_days, p->count, usual);
    say_when(h, p);
}

static const char *sentence_of(tael_habits *h, const tael_purchase_habit *p)
{
    tael__purchase_gaps(h, p);
    if (p->lapsed) return tael__habit_sentence(h, "%s", TAEL_SAY("; it seems to have ended", "；似乎已不再购买"));
    return tael__habit_sentence(h,
                                TAEL_SAY("; next around %s (%s to %s), within 7 days with %.0f %%",
                                         "；下次约 %s（%s 至 %s），7 天内的可能性为 %.0f%%"),
                                p->next_day, p->next_from, p->next_to, 100 * (double)p->within_7_days);
}

static void hand_over(listing *l, tael_purchase_fn *each, void *user)
{
    for (size_t i = 0; i < l->count; i++) {
        tael_purchase_habit p = l->list[i].habit;
        p.name = p.kind == TAEL_HABIT_CATEGORY ? tael_category_name((int32_t)l->list[i].name, tael_get_language())
                                               : tael__names_get(&l->h->names, l->list[i].name);
        if (p.kind == TAEL_HABIT_CATEGORY) p.category_id = (int32_t)l->list[i].name;
        p.sentence = sentence_of(l->h, &p);
        if (each(&p, user) != 0) break;
    }
}

tael_status tael_habits_replenish(tael_habits *h, tael_purchase_fn *each, void *user)
{
    if (!h || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("replenish: habits and a function are needed", "补货：需要习惯和回调函数"));
    return tael__replenish_list(h, LEAST_DAYS, each, user);
}

tael_status tael__replenish_list(tael_habits *h, int32_t least, tael_purchase_fn *each, void *user)
{
    listing l = {.h = h, .least = least};
    tael_status status = TAEL_OK;
    uint32_t *brand_counts = tael__alloc_array(h->names.count + 1, sizeof *brand_counts);
    l.keys = tael__alloc_array(h->count + 1, sizeof *l.keys);
    if (!brand_counts || !l.keys) status = tael__fail_memory("habits", (h->count + 1) * sizeof *l.keys);
    for (int kind = TAEL_HABIT_MERCHANT; kind <= TAEL_HABIT_ITEM && status == TAEL_OK; kind++)
        status = add_kind(&l, (tael_habit_kind)kind, brand_counts);
    if (status == TAEL_OK && l.count > 1) qsort(l.list, l.count, sizeof *l.list, by_nearness);
    if (status == TAEL_OK) hand_over(&l, each, user);
    tael__free(brand_counts);
    tael__free(l.keys);
    tael__free(l.list);
    return status;
}

/* ---- Rows of the caller's choice ---- */

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int stop_at_once(const tael_purchase_habit *habit, void *user)
{
    (void)habit;
    (void)user;
    return 1;
}

/* keys[0..*n): the payments with these ids, oldest first. */
static tael_status choose(const tael_habits *h, const int64_t *records, size_t count, uint64_t *keys, size_t *n)
{
    int64_t *sorted = tael__alloc_array(count + 1, sizeof *sorted);
    if (!sorted) return tael__fail_memory("habits", count * sizeof *sorted);
    if (count) memcpy(sorted, records, count * sizeof *sorted);
    if (count > 1) qsort(sorted, count, sizeof *sorted, by_id);
    *n = 0;
    for (size_t i = 0; i < h->count; i++) {
        const tael__payment *p = &h->payments[i];
        if (!p->refund && p->minor > 0 && bsearch(&p->id, sorted, count, sizeof *sorted, by_id)) keys[(*n)++] = i;
    }
    tael__free(sorted);
    return TAEL_OK;
}

static tael_status tell_few(entry *e, const tael_habits *h, const uint64_t *keys, size_t n)
{
    const tael__payment *last = &h->payments[(uint32_t)keys[n - 1]];
    e->habit.since_days = h->today - last->day;
    e->habit.category_id = last->category_id;
    tael__habit_day(e->habit.last_day, last->day);
    return tell_amount(&e->habit, h, keys, n);
}

tael_status tael_habits_again(tael_habits *h, const int64_t *records, size_t count, tael_purchase_habit *out)
{
    double gaps[MOST_GAPS];
    uint32_t only;
    size_t n = 0;
    entry e = {.habit = {.hour = -1}};
    listing l = {.h = h};
    if (!h || !out || (count && !records))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("replenish: habits, records and a place for the answer are needed",
                                                "补货：需要习惯、记录和存放结果的位置"));
    *out = e.habit;
    if (!h->prior_known) TAEL_TRY(tael_habits_replenish(h, stop_at_once, NULL)); /* what its merchants have in common */
    uint64_t *keys = tael__alloc_array(h->count + 1, sizeof *keys);
    if (!keys) return tael__fail_memory("habits", h->count * sizeof *keys);
    tael_status status = choose(h, records, count, keys, &n);
    if (status == TAEL_OK && n) {
        size_t gap_count = gather(h, keys, n, gaps, &e.habit.count, &only);
        tael__renewal_row row = {gaps, gap_count, h->known - h->payments[(uint32_t)keys[n - 1]].day};
        status = e.habit.count < LEAST_DAYS ? tell_few(&e, h, keys, n) : tell(&l, &e, keys, n, &row);
    }
    if (status == TAEL_OK) *out = e.habit;
    tael__free(keys);
    return status;
}
