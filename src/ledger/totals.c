// SPDX-License-Identifier: Apache-2.0
// Sums that are kept, so that a question over ten million rows reads a few thousand cells. Exact, since every change of
// a row changes its cells in the same transaction. Amounts of TAEL__HUGE_MINOR and more are left out, so that no cell
// can overflow (SQLite would make it floating); while there is one, the rows are added up instead (kept.c).
#include "ledger/totals.h"

#include <string.h>

#define ADDING TAEL_SAY("storing a row", "保存记录")

struct tael__tally_slot {
    int64_t a, b;      /* the key: label and month·class, or amount and class; */
    uint64_t currency; /* with the currency's letters */
    tael__cell cell;
    bool used;
};

static size_t find_slot(const tael__tally *t, int64_t a, int64_t b, uint64_t currency)
{
    uint64_t h =
        ((uint64_t)a * 0x9E3779B97F4A7C15u) ^ ((uint64_t)b * 0xC2B2AE3D27D4EB4Fu) ^ (currency * 0x165667B19E3779F9u);
    size_t at = (h ^ (h >> 29)) & (t->capacity - 1);
    while (t->slot[at].used && (t->slot[at].a != a || t->slot[at].b != b || t->slot[at].currency != currency))
        at = (at + 1) & (t->capacity - 1);
    return at;
}

static tael_status grow(tael__tally *t)
{
    tael__tally bigger = {.count = t->count, .capacity = t->capacity ? 2 * t->capacity : 256};
    bigger.slot = tael__alloc_array(bigger.capacity, sizeof *bigger.slot);
    if (!bigger.slot) return tael__fail_memory("totals", bigger.capacity * sizeof *bigger.slot);
    for (size_t i = 0; i < t->capacity; i++)
        if (t->slot[i].used)
            bigger.slot[find_slot(&bigger, t->slot[i].a, t->slot[i].b, t->slot[i].currency)] = t->slot[i];
    tael__free(t->slot);
    *t = bigger;
    return TAEL_OK;
}

/* Below TAEL__HUGE_MINOR no ledger that a disk can hold overflows these. */
static tael_status count_in(tael__tally *t, int64_t a, int64_t b, uint64_t currency, int64_t minor, int64_t refunded)
{
    if (2 * t->count >= t->capacity) TAEL_TRY(grow(t));
    struct tael__tally_slot *s = &t->slot[find_slot(t, a, b, currency)];
    if (!s->used) {
        *s = (struct tael__tally_slot){.a = a, .b = b, .currency = currency, .used = true};
        t->count++;
    }
    s->cell.rows++;
    s->cell.gross_rows += minor > 0;
    s->cell.net_rows += minor > refunded;
    s->cell.gross += minor;
    s->cell.net += minor - refunded;
    return TAEL_OK;
}

tael_status tael__totals_add(tael__totals *t, int64_t label, tael__date date, int64_t class, const char *currency,
                             int64_t minor, int64_t refunded_minor)
{
    if (minor >= TAEL__HUGE_MINOR) return TAEL_OK;
    uint64_t letters = 0;
    memcpy(&letters, currency, strnlen(currency, sizeof letters));
    TAEL_TRY(count_in(&t->months, label, tael__month_of(date) << 8 | class, letters, minor, refunded_minor));
    return count_in(&t->amounts, minor, class, letters, minor, refunded_minor);
}

/* Key columns ?1..?3, currency ?4, then the cell. */
static tael_status write_tally(tael_ledger *ledger, const tael__tally *t, const char *sql, bool months)
{
    sqlite3_stmt *s;
    TAEL_TRY(tael__sql_prepare(ledger, &s, sql, ADDING));
    tael_status status = TAEL_OK;
    for (size_t i = 0; i < t->capacity && status == TAEL_OK; i++) {
        const struct tael__tally_slot *slot = &t->slot[i];
        if (!slot->used) continue;
        sqlite3_bind_int64(s, 1, slot->a);
        sqlite3_bind_int64(s, 2, months ? slot->b >> 8 : 0);
        sqlite3_bind_int64(s, 3, slot->b & 0xFF);
        const char *letters = (const char *)&slot->currency;
        sqlite3_bind_text(s, 4, letters, (int)strnlen(letters, sizeof slot->currency), SQLITE_STATIC);
        const int64_t numbers[] = {slot->cell.rows, slot->cell.gross, slot->cell.net, slot->cell.gross_rows,
                                   slot->cell.net_rows};
        for (int n = 0; n < 5; n++) sqlite3_bind_int64(s, 5 + n, numbers[n]);
        status = tael__sql_run(ledger, s, ADDING);
    }
    sqlite3_finalize(s);
    return status;
}

#define ADD_UP                                                                                            \
    " ON CONFLICT DO UPDATE SET rows=rows+excluded.rows,gross=gross+excluded.gross,net=net+excluded.net," \
    "gross_rows=gross_rows+excluded.gross_rows,net_rows=net_rows+excluded.net_rows"

tael_status tael__totals_flush(tael__totals *t)
{
    if (t->months.count == 0) return TAEL_OK;
    TAEL_TRY(write_tally(t->ledger, &t->months, "INSERT INTO totals VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)" ADD_UP, true));
    TAEL_TRY(write_tally(t->ledger, &t->amounts,
                         "INSERT INTO amounts(minor,class,currency,rows,gross,net,gross_rows,net_rows)"
                         " VALUES(?1,?3,?4,?5,?6,?7,?8,?9)" ADD_UP,
                         false));
    tael__totals_free(t);
    return TAEL_OK;
}

void tael__totals_free(tael__totals *t)
{
    tael__free(t->months.slot);
    tael__free(t->amounts.slot);
    t->months = t->amounts = (tael__tally){0};
}
