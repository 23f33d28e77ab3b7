// SPDX-License-Identifier: Apache-2.0
// The owner's payments as the habits of time see them: counted rows of one currency up to a day, net of refunds,
// without what the owner wants left out. Names are kept once; the rest is numbers, about 64 bytes a payment.
#include "habits/history.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/payments.h"

#define SENTENCE_BYTES 4096
#define MOST_MINOR     1000000000000LL /* ten thousand million yuan: a million of them are an int64_t still */

/* ---- Names ---- */

static size_t names_slot(const tael__names *n, const char *text)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a */
    for (const char *c = text; *c; c++) hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    size_t at = hash & (n->slot_count - 1);
    while (n->slots[at] && strcmp(tael__names_get(n, n->slots[at]), text) != 0) at = (at + 1) & (n->slot_count - 1);
    return at;
}

static tael_status names_grow(tael__names *n)
{
    size_t slots = n->slot_count ? 2 * n->slot_count : 1024;
    uint32_t *start = tael__realloc(n->start, slots / 2 * sizeof *start);
    if (!start) return tael__fail_memory("habits", slots / 2 * sizeof *start);
    n->start = start;
    uint32_t *table = tael__alloc_array(slots, sizeof *table);
    if (!table) return tael__fail_memory("habits", slots * sizeof *table);
    tael__free(n->slots);
    n->slots = table;
    n->slot_count = slots;
    for (uint32_t i = 1; i < n->count; i++) table[names_slot(n, tael__names_get(n, i))] = i;
    return TAEL_OK;
}

tael_status tael__names_add(tael__names *n, const char *text, uint32_t *out)
{
    *out = 0;
    if (n->text.max == 0) n->text.max = TAEL__MAX_HABIT_NAMES;
    if (n->count == 0) {
        TAEL_TRY(names_grow(n));
        n->start[0] = 0;
        n->count = 1;
        TAEL_TRY(tael__buffer_append(&n->text, "", 1));
    }
    if (*text == '\0') return TAEL_OK;
    if (n->count == n->slot_count / 2) TAEL_TRY(names_grow(n));
    size_t slot = names_slot(n, text);
    if (!n->slots[slot]) {
        uint32_t at = (uint32_t)n->text.size;
        TAEL_TRY(tael__buffer_append(&n->text, text, strlen(text) + 1));
        n->start[n->count] = at;
        n->slots[slot] = (uint32_t)n->count++;
    }
    *out = n->slots[slot];
    return TAEL_OK;
}

const char *tael__names_get(const tael__names *n, uint32_t name)
{
    return name < n->count ? n->text.data + n->start[name] : "";
}

void tael__names_free(tael__names *n)
{
    tael__buffer_free(&n->text);
    tael__free(n->start);
    tael__free(n->slots);
    *n = (tael__names){0};
}

/* ---- Reading ---- */

/* What the texts of a label are here. */
typedef struct named {
    uint32_t brand, item;
    bool known, left_out;
} named;

typedef struct reading {
    tael_habits *habits;
    tael__names left_out; /* brands, in lower case where they are ASCII */
    int32_t *categories;  /* left out; owned */
    size_t category_count;
    named *labels; /* by their number; owned */
    size_t label_count;
    tael_status status;
} reading;

static int on_left_out(const char *merchant, int32_t category_id, void *user)
{
    reading *r = user;
    uint32_t name;
    if (*merchant) {
        r->status = tael__names_add(&r->left_out, merchant, &name);
    } else {
        int32_t *more = tael__realloc(r->categories, (r->category_count + 1) * sizeof *more);
        if (!more) {
            r->status = tael__fail_memory("habits", (r->category_count + 1) * sizeof *more);
        } else {
            r->categories = more;
            r->categories[r->category_count++] = category_id;
        }
    }
    return r->status != TAEL_OK;
}

static bool is_left_out(const reading *r, const tael__ledger_payment *p)
{
    int32_t from, to;
    if (r->left_out.count > 1 && *p->brand && r->left_out.slots[names_slot(&r->left_out, p->brand)]) return true;
    for (size_t i = 0; i < r->category_count; i++) {
        tael_category_range(r->categories[i], &from, &to);
        if (p->category_id >= from && p->category_id <= to && p->category_id) return true;
    }
    return false;
}

/* How many bytes at `c` say how much rather than what: a number with its unit. */
static size_t amount_length(const char *c)
{
    size_t n = strspn(c, "0123456789.");
    if (n == 0 || *c == '.') return 0;
    return n + strspn(c + n, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"); /* kg, ml, L */
}

/* "皇家猫粮 2kg" and "皇家猫粮(鸡肉味) 4kg" are one item: numbers, their units, and what stands in brackets go. */
static void item_name(char *out, size_t cap, const char *item)
{
    static const char open_wide[] = "（", close_wide[] = "）";
    size_t n = 0, skip;
    bool inside = false;
    for (const char *c = item; *c && n + 1 < cap; c += skip) {
        bool wide_open = strncmp(c, open_wide, 3) == 0, wide_close = strncmp(c, close_wide, 3) == 0;
        skip = wide_open || wide_close ? 3 : 1;
        if (*c == '(' || wide_open) inside = true;
        if (!inside && amount_length(c))
            skip = amount_length(c);
        else if (!inside && !wide_close)
            out[n++] = *c;
        if (*c == ')' || wide_close) inside = false;
    }
    if (n + 1 == cap) { /* no half character at the end */
        while (n > 0 && ((unsigned char)out[n - 1] & 0xC0) == 0x80) n--;
        if (n > 0) n--;
    }
    while (n > 0 && strchr(" -*x", out[n - 1])) n--;
    out[n] = '\0';
}

static tael_status name_item(tael_habits *h, const char *item, uint32_t *name)
{
    char cleaned[96];
    item_name(cleaned, sizeof cleaned, item);
    return tael__names_add(&h->names, cleaned, name);
}

/* *out: the label's, or `own` of a row without one. */
static tael_status label_of(reading *r, const tael__ledger_payment *p, named *own, named **out)
{
    if (p->label != SIZE_MAX && p->label >= r->label_count) {
        size_t more = p->label < 512 ? 1024 : 2 * p->label;
        named *grown = tael__realloc(r->labels, more * sizeof *grown);
        if (!grown) return tael__fail_memory("habits", more * sizeof *grown);
        memset(grown + r->label_count, 0, (more - r->label_count) * sizeof *grown);
        r->labels = grown;
        r->label_count = more;
    }
    named *l = *out = p->label == SIZE_MAX ? own : &r->labels[p->label];
    if (l->known) return TAEL_OK;
    l->known = true;
    l->left_out = is_left_out(r, p);
    if (l->left_out) return TAEL_OK;
    TAEL_TRY(tael__names_add(&r->habits->names, p->brand, &l->brand));
    return p->own_item ? TAEL_OK : name_item(r->habits, p->item, &l->item);
}

static tael_status keep(reading *r, const tael__ledger_payment *row)
{
    tael_habits *h = r->habits;
    named own = {0}, *label = NULL;
    tael__payment p = {.id = row->id,
                       .time_ms = row->time_ms,
                       .day = row->day,
                       .offset_minutes = row->offset_minutes,
                       .category_id = row->category_id,
                       .income = row->direction == TAEL_INCOME,
                       .refund = row->refund,
                       .minor = row->refund ? -row->minor : row->minor - row->refunded_minor};
    if (p.minor == 0 || p.minor > MOST_MINOR || p.minor < -MOST_MINOR) return TAEL_OK; /* 0: wholly given back */
    TAEL_TRY(label_of(r, row, &own, &label));
    if (label->left_out) return TAEL_OK;
    p.brand = label->brand;
    p.item = label->item;
    if (row->own_item) TAEL_TRY(name_item(h, row->item, &p.item));
    if (h->count == h->capacity) {
        size_t more = h->capacity ? 2 * h->capacity : 1024;
        tael__payment *grown = tael__realloc(h->payments, more * sizeof *grown);
        if (!grown) return tael__fail_memory("habits", more * sizeof *grown);
        h->payments = grown;
        h->capacity = more;
    }
    h->payments[h->count++] = p;
    return TAEL_OK;
}

static int on_payment(const tael__ledger_payment *row, void *user)
{
    reading *r = user;
    bool spent = row->direction == TAEL_EXPENSE || row->refund, came = row->direction == TAEL_INCOME;
    if (!spent && !came) return 0;
    r->status = keep(r, row);
    return r->status != TAEL_OK || r->habits->count == TAEL__MAX_HABIT_RECORDS;
}

static void turn_round(tael_habits *h) /* records come newest first */
{
    for (size_t i = 0, j = h->count; i + 1 < j; i++) {
        tael__payment p = h->payments[i];
        h->payments[i] = h->payments[--j];
        h->payments[j] = p;
    }
    h->first_day = h->count ? h->payments[0].day : h->today;
    h->last_day = h->count ? h->payments[h->count - 1].day : h->today;
    h->known = h->today - h->last_day <= 3 ? h->today : h->last_day;
}

static tael_status learn(tael_habits *h, tael_ledger *ledger)
{
    tael_ledger_summary summary;
    reading r = {.habits = h};
    TAEL_TRY(tael_ledger_summarize(ledger, &summary));
    memcpy(h->currency, summary.currency, sizeof h->currency);
    tael_status status = tael_ledger_left_out(ledger, on_left_out, &r);
    if (status == TAEL_OK) status = r.status;
    if (status == TAEL_OK) status = tael__ledger_payments(ledger, h->today, h->currency, on_payment, &r);
    if (status == TAEL_OK) status = r.status;
    tael__names_free(&r.left_out);
    tael__free(r.categories);
    tael__free(r.labels);
    TAEL_TRY(status);
    turn_round(h);
    return tael__recurring_find(h);
}

tael_status tael_habits_open(tael_habits **out, tael_ledger *ledger, const char *today)
{
    tael__date date;
    bool allowed;
    if (out) *out = NULL;
    if (!out || !ledger || !today)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("habits: a ledger and a day are needed", "习惯：需要账本和日期"));
    if (!tael__date_parse(&date, today))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("habits: not a day; write it as 2026-11-20", "习惯：不是日期；请写成 2026-11-20"));
    TAEL_TRY(tael_consent_get(ledger, "habits", &allowed));
    if (!allowed)
        return tael__fail(TAEL_DENIED,
                          TAEL_SAY("habits: you don't want them learned; `tael consent habits on` allows it",
                                   "习惯：您未允许学习习惯；`tael consent habits on` 可允许"));
    tael_habits *h = tael__alloc_zero(sizeof *h);
    if (!h) return tael__fail_memory("habits", sizeof *h);
    h->today = (int32_t)tael__days_of(date);
    h->sentence.max = SENTENCE_BYTES;
    tael_status status =
        tael__buffer_format(&h->sentence, "%*s", SENTENCE_BYTES - 1, ""); /* so that none fails later */
    if (status == TAEL_OK) status = learn(h, ledger);
    if (status == TAEL_OK)
        *out = h;
    else
        tael_habits_close(h);
    return status;
}

void tael_habits_close(tael_habits *h)
{
    if (!h) return;
    for (size_t i = 0; i < h->recurring_count; i++) tael__free(h->recurring[i].ids);
    tael__free(h->recurring);
    tael__upcoming_free(h->upcoming);
    tael__free(h->payments);
    tael__names_free(&h->names);
    tael__buffer_free(&h->sentence);
    tael__free(h);
}

void tael_habits_summarize(const tael_habits *h, tael_habits_summary *summary)
{
    *summary = (tael_habits_summary){.records = h->count};
    memcpy(summary->currency, h->currency, sizeof summary->currency);
    tael__habit_day(summary->today, h->today);
    if (h->count == 0) return;
    tael__habit_day(summary->first_day, h->first_day);
    tael__habit_day(summary->last_day, h->last_day);
    summary->merchants = 0;
    bool *seen = tael__alloc_zero(h->names.count);
    for (size_t i = 0; seen && i < h->count; i++) {
        summary->merchants += h->payments[i].brand && !seen[h->payments[i].brand];
        seen[h->payments[i].brand] = true;
    }
    tael__free(seen);
}
