// SPDX-License-Identifier: Apache-2.0
// Records one by one, and what the ledger covers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "ledger/totals.h"

#define READING TAEL_SAY("reading the records", "读取记录")

void tael__record_read(tael_record *record, sqlite3_stmt *s)
{
    *record = (tael_record){
        .id = sqlite3_column_int64(s, 0),
        .time_ms = sqlite3_column_int64(s, 1),
        .offset_minutes = sqlite3_column_int(s, 2),
        .direction = (tael_direction)sqlite3_column_int(s, 3),
        .refund = sqlite3_column_int(s, 4) == TAEL__REFUND,
        .counted = sqlite3_column_int(s, 5) != 0,
        .minor = sqlite3_column_int64(s, 6),
        .refunded_minor = sqlite3_column_int64(s, 7),
        .refund_of = sqlite3_column_int64(s, 8),
        .currency = tael__sql_text(s, 9),
        .merchant = tael__sql_text(s, 10),
        .item = tael__sql_text(s, 11),
        .category = tael__sql_text(s, 12),
        .type = tael__sql_text(s, 13),
        .method = tael__sql_text(s, 14),
        .status = tael__sql_text(s, 15),
        .source = tael__sql_text(s, 16),
        .external_id = tael__sql_text(s, 17),
        .note = tael__sql_text(s, 18),
        .brand = tael__sql_text(s, 19),
        .same_as = sqlite3_column_int64(s, 20),
        .category_id = sqlite3_column_int(s, 21),
        .category_by = sqlite3_column_int(s, 22),
    };
}

static tael_status count_rows(tael_ledger *ledger, const tael__where *where, const char *further, uint64_t *total)
{
    sqlite3_stmt *s;
    bool row = false;
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT count(*) FROM records", where, further));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    if (row) *total += (uint64_t)sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return status;
}

typedef struct counter {
    tael_direction direction;
    uint64_t total;
} counter;

static tael_status count_cell(const tael__totals_cell *cell, void *user)
{
    counter *c = user;
    if (c->direction == TAEL_ANY_DIRECTION || tael__class_direction(cell->class) == (int)c->direction)
        c->total += (uint64_t)cell->sum.rows;
    return TAEL_OK;
}

static tael_status count_all(tael_ledger *ledger, const tael__kept *plan, const tael_filter *filter,
                             const tael__where *where, uint64_t *total)
{
    counter c = {.direction = filter->direction};
    if (!plan->usable) return count_rows(ledger, where, "", total);
    TAEL_TRY(tael__kept_each(plan, ledger, filter, NULL, NULL, count_cell, &c));
    *total = c.total;
    return plan->loose ? count_rows(ledger, where, TAEL__LOOSE, total) : TAEL_OK;
}

/* Rows as they come from `s`, at most `limit`. */
static tael_status give_rows(tael_ledger *ledger, sqlite3_stmt *s, uint64_t limit, tael_record_fn *each, void *user,
                             bool *stopped)
{
    bool row = true;
    tael_status status = TAEL_OK;
    for (uint64_t n = 0; limit == 0 || n < limit; n++) {
        tael_record record;
        status = tael__sql_step(ledger, s, &row, READING);
        if (status != TAEL_OK || !row) break;
        tael__record_read(&record, s);
        if (each(&record, user) != 0) {
            *stopped = true;
            break;
        }
    }
    return status;
}

/* The rows that are left out are walked in the index: none of them is read unless the filter looks into texts. */
static tael_status give_newest(tael_ledger *ledger, const tael__where *where, uint64_t offset, uint64_t limit,
                               tael_record_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool stopped = false;
    char tail[96];
    snprintf(tail, sizeof tail, " ORDER BY time_ms DESC,id DESC LIMIT -1 OFFSET %lld", (long long)offset);
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT " TAEL__RECORD_COLUMNS " FROM records", where, tail));
    tael_status status = give_rows(ledger, s, limit, each, user, &stopped);
    sqlite3_finalize(s);
    return status;
}

/* ---- The newest of a few labels: each label's newest are found at once, and the newest of all are among them ---- */

enum { MAX_LABELS = 300, MAX_NEWEST = 1000 };

typedef struct found {
    int64_t time_ms, id;
} found;

static int newest_first(const void *a, const void *b)
{
    const found *x = a, *y = b;
    if (x->time_ms != y->time_ms) return x->time_ms > y->time_ms ? -1 : 1;
    return x->id > y->id ? -1 : 1;
}

/* *list gets the rows of a statement that gives time and id. */
static tael_status gather(tael_ledger *ledger, sqlite3_stmt *s, tael__buffer *list)
{
    bool row;
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row) {
        found one = {sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1)};
        status = tael__buffer_append(list, &one, sizeof one);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_reset(s);
    return status;
}

static tael_status gather_labels(tael_ledger *ledger, const tael__kept *plan, const tael__where *where, uint64_t limit,
                                 const int64_t *label, size_t count, tael__buffer *list)
{
    sqlite3_stmt *s;
    char tail[160];
    snprintf(tail, sizeof tail, " AND label=? ORDER BY time_ms DESC,id DESC LIMIT %d", (int)limit);
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT time_ms,id FROM records", where, tail));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < count && status == TAEL_OK; i++) {
        sqlite3_bind_int64(s, where->count + 1, label[i]);
        status = gather(ledger, s, list);
    }
    sqlite3_finalize(s);
    if (status != TAEL_OK || !plan->loose) return status;
    TAEL_TRY(tael__where_prepare(ledger, &s, "SELECT time_ms,id FROM records", where, TAEL__LOOSE));
    status = gather(ledger, s, list);
    sqlite3_finalize(s);
    return status;
}

static tael_status give_found(tael_ledger *ledger, const found *list, size_t count, tael_record_fn *each, void *user)
{
    sqlite3_stmt *s;
    bool stopped = false;
    TAEL_TRY(tael__sql_prepare(ledger, &s, "SELECT " TAEL__RECORD_COLUMNS " FROM records WHERE id=?1", READING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < count && status == TAEL_OK && !stopped; i++) {
        sqlite3_bind_int64(s, 1, list[i].id);
        status = give_rows(ledger, s, 1, each, user, &stopped);
        sqlite3_reset(s);
    }
    sqlite3_finalize(s);
    return status;
}

/* *done: it was possible. */
static tael_status give_labelled(tael_ledger *ledger, const tael__kept *plan, const tael__where *where, uint64_t offset,
                                 uint64_t limit, tael_record_fn *each, void *user, bool *done)
{
    int64_t label[MAX_LABELS];
    size_t count = 0;
    uint64_t last = offset + limit;
    *done = false;
    if (!plan->usable || !plan->texts || limit == 0 || last > MAX_NEWEST || last < limit) return TAEL_OK;
    TAEL_TRY(tael__kept_labels(plan, ledger, label, MAX_LABELS, &count));
    if (count > MAX_LABELS) return TAEL_OK;
    *done = true;
    tael__buffer list = {.max = (size_t)64 << 20};
    tael_status status = gather_labels(ledger, plan, where, last, label, count, &list);
    found *all = (found *)(void *)list.data;
    size_t n = list.size / sizeof *all;
    if (n > 1) qsort(all, n, sizeof *all, newest_first);
    if (n > last) n = (size_t)last;
    if (status == TAEL_OK && n > offset) status = give_found(ledger, all + offset, n - (size_t)offset, each, user);
    tael__buffer_free(&list);
    return status;
}

tael_status tael_ledger_records(tael_ledger *ledger, const tael_filter *filter, uint64_t limit, tael_record_fn *each,
                                void *user, uint64_t *total)
{
    return tael__ledger_records_from(ledger, filter, 0, limit, each, user, total);
}

tael_status tael__ledger_records_from(tael_ledger *ledger, const tael_filter *filter, uint64_t offset, uint64_t limit,
                                      tael_record_fn *each, void *user, uint64_t *total)
{
    tael_filter f;
    tael__where where;
    tael__kept plan;
    bool done = false;
    uint64_t all = UINT64_MAX;
    if (total) *total = 0;
    if (!ledger) return tael__fail(TAEL_MISUSE, TAEL_SAY("records: a ledger is needed", "记录：需要账本"));
    TAEL_TRY(tael__filter_copy(&f, filter));
    tael_status status = tael__where_make(&where, &f, false), planned = tael__kept_make(&plan, ledger, &f);
    if (status == TAEL_OK) status = planned;
    if (status == TAEL_OK && total) {
        status = count_all(ledger, &plan, &f, &where, total);
        all = *total;
    }
    if (status == TAEL_OK && each) status = give_labelled(ledger, &plan, &where, offset, limit, each, user, &done);
    if (all != UINT64_MAX && all > offset && (all - offset < limit || limit == 0))
        limit = all - offset; /* those were all: no need to look for more */
    if (status == TAEL_OK && each && !done && all > offset)
        status = give_newest(ledger, &where, offset, limit, each, user);
    tael__kept_free(&plan);
    tael__where_free(&where);
    return status;
}

tael_status tael_ledger_summarize(tael_ledger *ledger, tael_ledger_summary *summary)
{
    sqlite3_stmt *s;
    bool row = false;
    if (!ledger || !summary)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("summary: a ledger and a place are needed", "概况：需要账本和存放位置"));
    *summary = (tael_ledger_summary){.currency = "CNY"};
    /* Zones differ by 26 hours at most, so the first local day is one of the first two days. */
    TAEL_TRY(tael__sql_prepare(
        ledger, &s,
        "SELECT sum(n),(SELECT min(day) FROM records WHERE time_ms<=(SELECT min(time_ms) FROM records)+172800000),"
        "(SELECT max(day) FROM records WHERE time_ms>=(SELECT max(time_ms) FROM records)-172800000),currency,max(n)"
        " FROM (SELECT sum(n) n,currency FROM (SELECT rows n,currency FROM totals UNION ALL"
        " SELECT 1,currency FROM records WHERE minor>=100000000000 OR label=0) GROUP BY currency HAVING sum(n)>0)",
        READING));
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    if (row && sqlite3_column_int64(s, 0) > 0) {
        summary->records = (uint64_t)sqlite3_column_int64(s, 0);
        tael__date_write(summary->first_day, tael__date_of(sqlite3_column_int64(s, 1)));
        tael__date_write(summary->last_day, tael__date_of(sqlite3_column_int64(s, 2)));
        snprintf(summary->currency, sizeof summary->currency, "%s", tael__sql_text(s, 3));
    }
    sqlite3_finalize(s);
    return status;
}
