// SPDX-License-Identifier: Apache-2.0
// What matching reads of the store and writes into it. After an import of a month only the rows of its amounts are
// looked at: a walk over the index that sums use finds them, which costs a tenth of reading all rows.
#include <stdlib.h>
#include <string.h>

#include "ledger/match.h"

#define MATCHING TAEL_SAY("matching the rows of several bills", "核对多份账单")

enum { MAX_AMOUNTS = 8192 }; /* told one by one: more, and all rows are read at once */

tael_status tael__list_push(tael__list *list, const void *item, size_t bytes)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 256, all;
        void *data = tael__mul_size(&all, capacity, bytes) ? tael__realloc(list->data, all) : NULL;
        if (!data) return tael__fail_memory("match", capacity * bytes);
        list->data = data;
        list->capacity = capacity;
    }
    memcpy((char *)list->data + list->count++ * bytes, item, bytes);
    return TAEL_OK;
}

tael_status tael__amounts_add(tael__amounts *amounts, int64_t minor)
{
    tael__list list = {amounts->minor, amounts->count, amounts->capacity};
    if (amounts->all || amounts->count == MAX_AMOUNTS) {
        amounts->all = true;
        return TAEL_OK;
    }
    if (amounts->count > 0 && amounts->minor[amounts->count - 1] == minor) return TAEL_OK;
    TAEL_TRY(tael__list_push(&list, &minor, sizeof minor));
    *amounts = (tael__amounts){list.data, list.count, list.capacity, false};
    return TAEL_OK;
}

void tael__amounts_free(tael__amounts *amounts)
{
    tael__free(amounts->minor);
    *amounts = (tael__amounts){0};
}

/* ---- Reading ---- */

#define BRIEF \
    "SELECT id,minor,day,time_ms,currency,source,direction,kind,key,pair_of,pair_why,same_as,counted FROM records "

static uint64_t hash_text(const char *text)
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static tael_status take_brief(sqlite3_stmt *s, tael__list *briefs)
{
    tael__brief b = {.id = sqlite3_column_int64(s, 0),
                     .minor = sqlite3_column_int64(s, 1),
                     .day = sqlite3_column_int64(s, 2),
                     .time_ms = sqlite3_column_int64(s, 3),
                     .currency = hash_text(tael__sql_text(s, 4)),
                     .source = hash_text(tael__sql_text(s, 5)),
                     .spent = sqlite3_column_int(s, 6) == TAEL_EXPENSE,
                     .possible = sqlite3_column_int(s, 7) != TAEL__NEVER_PAID && sqlite3_column_int64(s, 1) > 0,
                     .pair_of = sqlite3_column_int64(s, 9),
                     .why = (uint32_t)sqlite3_column_int64(s, 10),
                     .same_as = sqlite3_column_int64(s, 11),
                     .counted = sqlite3_column_int(s, 12) != 0};
    const uint8_t *key = sqlite3_column_blob(s, 8);
    for (int i = 0; i < 8 && key && sqlite3_column_bytes(s, 8) >= 8; i++) b.key = b.key << 8 | key[i];
    return tael__list_push(briefs, &b, sizeof b);
}

static tael_status read_all(tael_ledger *ledger, tael__list *briefs)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s, BRIEF, MATCHING));
    tael_status status = tael__sql_step(ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        status = take_brief(s, briefs);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    return status;
}

static int by_number(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x != y ? (x < y ? -1 : 1) : 0;
}

/* The ids of the rows of these amounts, from the index on time, which covers amounts. */
static tael_status find_ids(tael_ledger *ledger, const int64_t *minor, size_t count, tael__list *ids)
{
    sqlite3_stmt *s;
    bool row;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT id,minor FROM records INDEXED BY records_time", MATCHING));
    tael_status status = tael__sql_step(ledger, s, &row, MATCHING);
    while (status == TAEL_OK && row) {
        int64_t id = sqlite3_column_int64(s, 0), amount = sqlite3_column_int64(s, 1);
        if (bsearch(&amount, minor, count, sizeof amount, by_number)) status = tael__list_push(ids, &id, sizeof id);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, MATCHING);
    }
    sqlite3_finalize(s);
    return status;
}

static tael_status read_ids(tael_ledger *ledger, const tael__list *ids, tael__list *briefs)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, BRIEF "WHERE id=?1", MATCHING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < ids->count && status == TAEL_OK; i++) {
        bool row;
        sqlite3_bind_int64(s, 1, ((const int64_t *)ids->data)[i]);
        status = tael__sql_step(ledger, s, &row, MATCHING);
        if (status == TAEL_OK && row) status = take_brief(s, briefs);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return status;
}

static int by_amount(const void *a, const void *b)
{
    const tael__brief *x = a, *y = b;
    if (x->currency != y->currency) return x->currency < y->currency ? -1 : 1;
    if (x->minor != y->minor) return x->minor < y->minor ? -1 : 1;
    if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
    return x->key != y->key ? (x->key < y->key ? -1 : 1) : 0;
}

tael_status tael__match_read(tael_ledger *ledger, const tael__amounts *amounts, tael__list *briefs)
{
    tael__list ids = {0};
    tael_status status = TAEL_OK;
    if (!amounts || amounts->all) {
        status = read_all(ledger, briefs);
    } else if (amounts->count > 0) {
        qsort(amounts->minor, amounts->count, sizeof *amounts->minor, by_number);
        status = find_ids(ledger, amounts->minor, amounts->count, &ids);
        if (status == TAEL_OK && ids.count > 1) qsort(ids.data, ids.count, sizeof(int64_t), by_number);
        if (status == TAEL_OK) status = read_ids(ledger, &ids, briefs);
    }
    tael__free(ids.data);
    if (status == TAEL_OK && briefs->count > 1) qsort(briefs->data, briefs->count, sizeof(tael__brief), by_amount);
    return status;
}

/* ---- Writing ---- */

/* What a link does to a row. */
typedef struct effect {
    int64_t id, pair_of;
    uint32_t why;
} effect;

static int by_id(const void *a, const void *b)
{
    const effect *x = a, *y = b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : 0;
}

static const effect *find_effect(const tael__list *effects, int64_t id)
{
    effect key = {.id = id};
    return effects->count ? bsearch(&key, effects->data, effects->count, sizeof key, by_id) : NULL;
}

static bool same_payment(uint32_t why)
{
    return (why & TAEL__WHY_KIND) == TAEL__WHY_SAME;
}

/* The row at the top of its chain. */
static int64_t top_of(const tael__list *effects, int64_t id)
{
    const effect *e;
    while ((e = find_effect(effects, id)) && same_payment(e->why)) id = e->pair_of;
    return id;
}

static tael_status list_effects(const tael__list *links, tael__list *effects)
{
    for (size_t i = 0; i < links->count; i++) {
        const tael__link *l = (const tael__link *)links->data + i;
        bool same = same_payment(l->why);
        effect other = {l->other, l->kept, same ? l->why : l->why | TAEL__WHY_COMING};
        effect kept = {l->kept, l->other, l->why};
        TAEL_TRY(tael__list_push(effects, &other, sizeof other));
        if (!same) TAEL_TRY(tael__list_push(effects, &kept, sizeof kept));
    }
    if (effects->count > 1) qsort(effects->data, effects->count, sizeof(effect), by_id);
    return TAEL_OK;
}

typedef struct writer {
    tael_ledger *ledger;
    sqlite3_stmt *same, *transfer, *none;
    tael__list effects;
} writer;

static tael_status write_row(const writer *w, const tael__brief *b)
{
    const effect *e = find_effect(&w->effects, b->id);
    if (!e && b->pair_of == 0) return TAEL_OK;
    sqlite3_stmt *s = !e ? w->none : same_payment(e->why) ? w->same : w->transfer;
    int64_t top = e && same_payment(e->why) ? top_of(&w->effects, b->id) : 0;
    if (e && e->pair_of == b->pair_of && e->why == b->why && top == b->same_as && !(top && b->counted)) return TAEL_OK;
    sqlite3_bind_int64(s, 1, b->id);
    if (e) sqlite3_bind_int64(s, 2, e->pair_of);
    if (e) sqlite3_bind_int64(s, 3, e->why);
    if (top) sqlite3_bind_int64(s, 4, top);
    return tael__sql_run(w->ledger, s, MATCHING);
}

static int by_row(const void *a, const void *b)
{
    const tael__brief *x = a, *y = b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1) : 0;
}

static tael_status prepare(writer *w)
{
    TAEL_TRY(tael__sql_prepare(w->ledger, &w->same,
                               "UPDATE records SET pair_of=?2,pair_why=?3,same_as=?4,counted=0 WHERE id=?1", MATCHING));
    TAEL_TRY(tael__sql_prepare(w->ledger, &w->transfer,
                               "UPDATE records SET pair_of=?2,pair_why=?3,same_as=0,counted=(kind<>1) WHERE id=?1",
                               MATCHING));
    return tael__sql_prepare(
        w->ledger, &w->none,
        "UPDATE records SET pair_of=0,pair_why=0,same_as=0,counted=(kind<>2 AND refund_of=0) WHERE id=?1", MATCHING);
}

tael_status tael__match_restore(tael_ledger *ledger)
{
    return tael__sql_exec(ledger,
                          "UPDATE records SET direction=said_direction,said_direction=0 WHERE (pair_why&3)=2 AND "
                          "said_direction<>0",
                          MATCHING);
}

/* Of all transfers, whichever were looked at. */
static tael_status make_neutral(tael_ledger *ledger)
{
    return tael__sql_exec(ledger,
                          "UPDATE records SET said_direction=direction,direction=3 WHERE (pair_why&3)=2 AND "
                          "direction<>3",
                          MATCHING);
}

tael_status tael__match_write(tael_ledger *ledger, tael__list *briefs, const tael__list *links)
{
    writer w = {.ledger = ledger};
    tael_status status = list_effects(links, &w.effects);
    if (status == TAEL_OK) status = prepare(&w);
    if (briefs->count > 1) qsort(briefs->data, briefs->count, sizeof(tael__brief), by_row);
    for (size_t i = 0; i < briefs->count && status == TAEL_OK; i++)
        status = write_row(&w, (const tael__brief *)briefs->data + i);
    if (status == TAEL_OK) status = make_neutral(ledger);
    sqlite3_finalize(w.same);
    sqlite3_finalize(w.transfer);
    sqlite3_finalize(w.none);
    tael__free(w.effects.data);
    return status;
}
