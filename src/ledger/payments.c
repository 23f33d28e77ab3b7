// SPDX-License-Identifier: Apache-2.0
// Counted records in few columns. Each page of the table costs a decryption and holds ten rows; the index by time holds
// all numbers of eighty, and the texts that rows share stand once, as labels.
#include "ledger/payments.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"

#define READING TAEL_SAY("reading payments", "读取收支")

typedef struct label {
    int64_t id;
    size_t brand, item; /* in the texts; item SIZE_MAX: the rows have their own */
    int32_t category_id;
} label;

typedef struct labels {
    label *list; /* by id */
    size_t count, capacity, last;
    tael__buffer text;
} labels;

static tael_status keep_text(labels *l, size_t *at, const char *text)
{
    *at = l->text.size;
    return tael__buffer_append(&l->text, text, strlen(text) + 1);
}

static tael_status add_label(labels *l, sqlite3_stmt *s)
{
    if (l->count == l->capacity) {
        size_t more = l->capacity ? 2 * l->capacity : 256;
        label *grown = tael__realloc(l->list, more * sizeof *grown);
        if (!grown) return tael__fail_memory("labels", more * sizeof *grown);
        l->list = grown;
        l->capacity = more;
    }
    label *to = &l->list[l->count++];
    *to = (label){.id = sqlite3_column_int64(s, 0), .item = SIZE_MAX, .category_id = sqlite3_column_int(s, 1)};
    TAEL_TRY(keep_text(l, &to->brand, tael__sql_text(s, 2)));
    return sqlite3_column_int(s, 3) ? keep_text(l, &to->item, tael__sql_text(s, 4)) : TAEL_OK;
}

static tael_status read_labels(labels *l, tael_ledger *ledger)
{
    sqlite3_stmt *s;
    bool row;
    l->text.max = TAEL__MAX_HABIT_NAMES;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT id,category_id,brand,whole,item FROM labels ORDER BY id", READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row) {
        status = add_label(l, s);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}

static int by_id(const void *key, const void *entry)
{
    const int64_t *id = key;
    const label *l = entry;
    return (*id > l->id) - (*id < l->id);
}

static const label *find_label(labels *l, int64_t id)
{
    if (l->last < l->count && l->list[l->last].id == id) return &l->list[l->last];
    const label *found = l->count ? bsearch(&id, l->list, l->count, sizeof *l->list, by_id) : NULL;
    if (found) l->last = (size_t)(found - l->list);
    return found;
}

/* Calls `each` with the row that `s` is at; `one` finds an item. */
static tael_status give(labels *l, tael_ledger *ledger, sqlite3_stmt *s, sqlite3_stmt *one,
                        tael__ledger_payment_fn *each, void *user, bool *go_on)
{
    const label *of = find_label(l, sqlite3_column_int64(s, 8)); /* none: the transaction hasn't ended */
    tael__ledger_payment p = {.id = sqlite3_column_int64(s, 0),
                              .time_ms = sqlite3_column_int64(s, 1),
                              .day = sqlite3_column_int(s, 2),
                              .direction = (tael_direction)sqlite3_column_int(s, 3),
                              .refund = sqlite3_column_int(s, 4) == TAEL__REFUND,
                              .minor = sqlite3_column_int64(s, 5),
                              .refunded_minor = sqlite3_column_int64(s, 6),
                              .offset_minutes = sqlite3_column_int(s, 7),
                              .label = of ? (size_t)(of - l->list) : SIZE_MAX,
                              .own_item = !of || of->item == SIZE_MAX};
    if (of) {
        p.brand = l->text.data + of->brand;
        p.category_id = of->category_id;
    }
    if (!p.own_item) {
        p.item = l->text.data + of->item;
        *go_on = each(&p, user) == 0;
        return TAEL_OK;
    }
    bool row = false;
    sqlite3_bind_int64(one, 1, p.id);
    tael_status status = tael__sql_step(ledger, one, &row, READING);
    p.item = row ? tael__sql_text(one, 0) : "";
    if (!of) {
        p.brand = row ? tael__sql_text(one, 1) : "";
        p.category_id = row ? sqlite3_column_int(one, 2) : 0;
    }
    if (status == TAEL_OK) *go_on = each(&p, user) == 0;
    sqlite3_reset(one);
    return status;
}

tael_status tael__ledger_payments(tael_ledger *ledger, int64_t last_day, const char *currency,
                                  tael__ledger_payment_fn *each, void *user)
{
    sqlite3_stmt *s = NULL, *one = NULL;
    labels l = {0};
    bool row = false, go_on = true;
    tael_status status = read_labels(&l, ledger);
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &s,
                                   "SELECT id,time_ms,day,direction,kind,minor,refunded_minor,offset_minutes,label"
                                   " FROM records INDEXED BY records_time WHERE time_ms<?1 AND day<=?2 AND counted=1"
                                   " AND currency=?3 ORDER BY time_ms DESC,id DESC",
                                   READING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &one, "SELECT item,brand,category_id FROM records WHERE id=?1", READING);
    if (status == TAEL_OK) {
        sqlite3_bind_int64(s, 1, (last_day + 2) * TAEL__DAY_MS); /* zones differ by 26 hours at most */
        sqlite3_bind_int64(s, 2, last_day);
        sqlite3_bind_text(s, 3, currency, -1, SQLITE_STATIC);
        status = tael__sql_step(ledger, s, &row, READING);
    }
    while (status == TAEL_OK && row && go_on) {
        status = give(&l, ledger, s, one, each, user, &go_on);
        if (status == TAEL_OK && go_on) status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    sqlite3_finalize(one);
    tael__free(l.list);
    tael__buffer_free(&l.text);
    return status;
}
