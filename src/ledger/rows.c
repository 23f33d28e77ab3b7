// SPDX-License-Identifier: Apache-2.0
// Rows into the store, each once, whatever file it comes in.
//
// A row is known by a hash. Where the bill gives it a real order number, the hash is of that number, the amount and
// whether it is a refund: these stay while status, names and categories change. Where it gives none, or a masked one,
// the hash is of all that tells rows apart, and for rows without an id of their own of how many equal ones came before
// in the same file: two coffees in one second are two coffees, and the same file again, or one that overlaps it, adds
// none.
#include "ledger/rows.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"

#define STORING TAEL_SAY("storing a row", "保存记录")

struct tael__seen {
    uint64_t hash; /* 0: a free place */
    uint64_t count;
};

/* Order numbers of wallets have 16 digits or more, refunds a "_" and more digits. Shorter or starred ones are masked.
 */
static bool real_id(const char *id)
{
    size_t n = strlen(id);
    return n >= 16 && strspn(id, "0123456789_") == n;
}

static void mix_text(crypto_generichash_state *state, const char *text)
{
    crypto_generichash_update(state, (const unsigned char *)text, strlen(text) + 1);
}

static void mix_number(crypto_generichash_state *state, int64_t number)
{
    crypto_generichash_update(state, (const unsigned char *)&number, sizeof number);
}

/* What tells the row of a bank or of a shared order from others. Of an order only what its later exports repeat; of a
 * bank's row both directions, since the same sum may go out and come back on one day. */
static void mix_contents(crypto_generichash_state *state, const tael__bill_row *row)
{
    mix_number(state, row->time_ms);
    if (row->identity == TAEL__ID_OF_ORDER && row->external_id[0]) return;
    mix_text(state, row->merchant);
    mix_text(state, row->item);
    if (row->identity == TAEL__ID_OF_ORDER) mix_text(state, row->merchant_order);
    if (row->identity != TAEL__ID_NONE) return;
    mix_number(state, row->direction);
    mix_text(state, row->type);
    mix_text(state, row->currency);
}

static void make_key(uint8_t key[16], const char *source, const tael__bill_row *row, uint64_t occurrence)
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, 16);
    mix_text(&state, source);
    mix_text(&state, row->external_id);
    mix_text(&state, row->key_type);
    mix_number(&state, row->minor);
    mix_number(&state, row->kind == TAEL__REFUND);
    if (row->identity != TAEL__ID_OF_ROW || !real_id(row->external_id)) {
        mix_contents(&state, row);
        mix_number(&state, (int64_t)occurrence);
    }
    crypto_generichash_final(&state, key, 16);
}

static tael_status grow_seen(tael__rows *rows)
{
    size_t capacity = rows->seen_capacity ? 2 * rows->seen_capacity : 1024;
    struct tael__seen *bigger = tael__alloc_array(capacity, sizeof *bigger);
    if (!bigger) return tael__fail_memory("import", capacity * sizeof *bigger);
    for (size_t i = 0; i < rows->seen_capacity; i++) {
        if (!rows->seen[i].hash) continue;
        size_t at = rows->seen[i].hash & (capacity - 1);
        while (bigger[at].hash) at = (at + 1) & (capacity - 1);
        bigger[at] = rows->seen[i];
    }
    tael__free(rows->seen);
    rows->seen = bigger;
    rows->seen_capacity = capacity;
    return TAEL_OK;
}

/* How many equal rows came before in this file. */
static tael_status count_seen(tael__rows *rows, const uint8_t key[16], uint64_t *before)
{
    uint64_t hash;
    memcpy(&hash, key, sizeof hash);
    if (hash == 0) hash = 1;
    if (2 * rows->seen_count >= rows->seen_capacity) TAEL_TRY(grow_seen(rows));
    size_t at = hash & (rows->seen_capacity - 1);
    while (rows->seen[at].hash && rows->seen[at].hash != hash) at = (at + 1) & (rows->seen_capacity - 1);
    if (!rows->seen[at].hash) rows->seen_count++;
    rows->seen[at].hash = hash;
    *before = rows->seen[at].count++;
    return TAEL_OK;
}

tael_status tael__rows_open(tael__rows *rows, tael_ledger *ledger)
{
    *rows = (tael__rows){.ledger = ledger};
    tael_status status = sodium_init() < 0 ? TAEL_INTERNAL : TAEL_OK;
    if (status == TAEL_OK)
        status = tael__sql_prepare(
            ledger, &rows->find,
            "SELECT "
            "id,iif(said_direction<>0,said_direction,direction),kind,stated_minor,exported_ms,status,method,category,"
            "account,note,merchant_order FROM records WHERE key=?1",
            STORING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(
            ledger, &rows->insert,
            "INSERT INTO records(key,time_ms,offset_minutes,day,direction,kind,counted,minor,"
            "stated_minor,exported_ms,currency,source,merchant,item,category,type,method,status,"
            "external_id,merchant_order,account,note,label,refunded_minor,brand,category_id,category_by)"
            " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?22,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?23,min(?8,?9),"
            "?24,?25,?26) ON CONFLICT(key) DO NOTHING",
            STORING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(
            ledger, &rows->update,
            "UPDATE records SET "
            "direction=?2,said_direction=0,kind=?3,counted=?4,stated_minor=?5,exported_ms=?6,status=?7,"
            "method=?8,category=?9,refunded_minor=min(minor,max(?5,joined_minor)) WHERE id=?1",
            STORING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &rows->note, "INSERT INTO guessed(record,guess) VALUES(?1,?2)", STORING);
    if (status == TAEL_OK)
        status = tael__sql_prepare(ledger, &rows->fill,
                                   "UPDATE records SET account=?2,note=?3,merchant_order=?4,"
                                   "category=iif(category='',?5,category) WHERE id=?1",
                                   STORING);
    if (status == TAEL_OK) status = tael__brands_open(&rows->brands, ledger);
    if (status == TAEL_OK) status = tael__labels_open(&rows->labels, ledger);
    rows->totals.ledger = ledger;
    if (status != TAEL_OK) tael__rows_close(rows);
    return status;
}

tael_status tael__rows_finish(tael__rows *rows)
{
    return tael__totals_flush(&rows->totals);
}

void tael__rows_close(tael__rows *rows)
{
    sqlite3_finalize(rows->find);
    sqlite3_finalize(rows->insert);
    sqlite3_finalize(rows->update);
    sqlite3_finalize(rows->note);
    sqlite3_finalize(rows->fill);
    tael__brands_close(&rows->brands);
    tael__free(rows->seen);
    tael__labels_close(&rows->labels);
    tael__totals_free(&rows->totals);
    *rows = (tael__rows){0};
}

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
    sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC); /* lives until the step below */
}

/* The category of a row, by whom the import's caller named for it. */
static int32_t categorize(const tael__rows *rows, const char *source, const tael__bill_row *row, bool *by_owner)
{
    if (!rows->categorize) return 0;
    tael_record record = {.time_ms = row->time_ms,
                          .offset_minutes = row->offset_minutes,
                          .direction = row->direction,
                          .minor = row->minor,
                          .currency = row->currency,
                          .merchant = row->merchant,
                          .item = row->item,
                          .category = row->category,
                          .method = row->method,
                          .status = row->status,
                          .source = source,
                          .external_id = row->external_id,
                          .refund = row->kind == TAEL__REFUND,
                          .type = row->type,
                          .note = row->note};
    return rows->categorize(&record, by_owner, rows->categorize_user);
}

/* What the store needs of a row beside what the bill says: its shared texts' label, its brand and its category. */
typedef struct meaning {
    const char *brand, *currency;
    int64_t label;
    int32_t category;
    bool by_owner;
} meaning;

static tael_status find_meaning(tael__rows *rows, const char *source, const tael__bill_row *row, meaning *m)
{
    char category[16];
    *m = (meaning){.currency = row->currency[0] ? row->currency : "CNY"};
    m->category = categorize(rows, source, row, &m->by_owner);
    snprintf(category, sizeof category, "%d", (int)m->category);
    TAEL_TRY(tael__brands_find(&rows->brands, row->merchant, &m->brand));
    const char *const texts[] = {m->currency, source,    row->merchant, row->category, row->method,  m->brand,
                                 category,    row->item, row->type,     row->status,   row->account, row->note};
    return tael__labels_of(&rows->labels, texts, row->external_id, &m->label);
}

/* Notes which guess a new row was read by. */
static tael_status note_guess(tael__rows *rows, int64_t id)
{
    if (!rows->guess) return TAEL_OK;
    sqlite3_bind_int64(rows->note, 1, id);
    sqlite3_bind_int64(rows->note, 2, rows->guess);
    return tael__sql_run(rows->ledger, rows->note, STORING);
}

/* *inserted: it was new. */
static tael_status insert_row(tael__rows *rows, const uint8_t key[16], const char *source, const tael__bill_row *row,
                              int64_t exported_ms, bool *inserted)
{
    sqlite3_stmt *s = rows->insert;
    tael__date date = tael__date_of_ms(row->time_ms, row->offset_minutes);
    bool counted = row->kind != TAEL__NEVER_PAID;
    meaning m;
    TAEL_TRY(find_meaning(rows, source, row, &m));
    sqlite3_bind_blob(s, 1, key, 16, SQLITE_STATIC);
    const int64_t numbers[] = {row->time_ms, row->offset_minutes, tael__days_of(date), row->direction, row->kind,
                               counted,      row->minor,          row->stated_minor,   exported_ms};
    for (int i = 0; i < 9; i++) sqlite3_bind_int64(s, 2 + i, numbers[i]);
    const char *const texts[] = {source,      row->merchant, row->item,        row->category,       row->type,
                                 row->method, row->status,   row->external_id, row->merchant_order, row->account,
                                 row->note};
    for (int i = 0; i < 11; i++) bind_text(s, 11 + i, texts[i]);
    bind_text(s, 22, m.currency);
    sqlite3_bind_int64(s, 23, m.label);
    bind_text(s, 24, m.brand);
    sqlite3_bind_int(s, 25, m.category);
    sqlite3_bind_int(s, 26, m.category == 0 ? 0 : m.by_owner ? TAEL_CATEGORY_BY_OWNER : TAEL_CATEGORY_BY_MODEL);
    TAEL_TRY(tael__sql_run(rows->ledger, s, STORING));
    *inserted = sqlite3_changes(rows->ledger->db) > 0;
    if (!*inserted) return TAEL_OK;
    int64_t refunded = row->minor < row->stated_minor ? row->minor : row->stated_minor;
    TAEL_TRY(tael__totals_add(&rows->totals, m.label, date,
                              tael__class_of((int)row->direction, (int)row->kind, counted), m.currency, row->minor,
                              refunded));
    return note_guess(rows, sqlite3_last_insert_rowid(rows->ledger->db));
}

/* Whether this export knows more about the row than what is stored. Without both export times: a refund that wasn't
 * there, or an end of waiting. */
static bool knows_more(sqlite3_stmt *found, const tael__bill_row *row, int64_t exported_ms)
{
    int64_t stored_ms = sqlite3_column_int64(found, 4);
    bool same =
        sqlite3_column_int64(found, 1) == (int64_t)row->direction &&
        sqlite3_column_int64(found, 2) == (int64_t)row->kind && sqlite3_column_int64(found, 3) == row->stated_minor &&
        strcmp(tael__sql_text(found, 5), row->status) == 0 && strcmp(tael__sql_text(found, 6), row->method) == 0 &&
        strcmp(tael__sql_text(found, 7), row->category) == 0;
    if (same) return false;
    if (stored_ms && exported_ms) return exported_ms > stored_ms;
    if (row->stated_minor != sqlite3_column_int64(found, 3)) return row->stated_minor > sqlite3_column_int64(found, 3);
    return (row->kind == TAEL__PAID_CLOSED && sqlite3_column_int64(found, 2) == TAEL__PLAIN) ||
           (strncmp(tael__sql_text(found, 5), "等待", strlen("等待")) == 0 &&
            strncmp(row->status, "等待", strlen("等待")) != 0);
}

static tael_status update_row(tael__rows *rows, int64_t id, const tael__bill_row *row, int64_t exported_ms,
                              const char *category)
{
    sqlite3_stmt *s = rows->update;
    const int64_t numbers[] = {id,         row->direction, row->kind, row->kind != TAEL__NEVER_PAID, row->stated_minor,
                               exported_ms};
    for (int i = 0; i < 6; i++) sqlite3_bind_int64(s, 1 + i, numbers[i]);
    bind_text(s, 7, row->status);
    bind_text(s, 8, row->method);
    bind_text(s, 9, category);
    return tael__sql_run(rows->ledger, s, STORING);
}

/* The one that says more, whichever came first. */
static const char *fuller(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    return n != m ? (n > m ? a : b) : strcmp(a, b) >= 0 ? a : b;
}

/* Another format of the same bill may have columns that the first hadn't. Nothing of the row's identity is touched. */
static tael_status fill_row(tael__rows *rows, int64_t id, const tael__bill_row *row)
{
    sqlite3_stmt *found = rows->find, *s = rows->fill;
    const char *const stored[] = {tael__sql_text(found, 8), tael__sql_text(found, 9), tael__sql_text(found, 10)};
    const char *const given[] = {row->account, row->note, row->merchant_order};
    bool more = row->category[0] && !tael__sql_text(found, 7)[0];
    for (int i = 0; i < 3; i++) {
        const char *text = fuller(stored[i], given[i]);
        more |= strcmp(text, stored[i]) != 0;
        bind_text(s, 2 + i, text);
    }
    if (!more) return TAEL_OK;
    sqlite3_bind_int64(s, 1, id);
    bind_text(s, 5, row->category);
    return tael__sql_run(rows->ledger, s, STORING);
}

/* A row whose key may be in the store. */
static tael_status put_known(tael__rows *rows, const uint8_t key[16], const tael__bill_row *row, int64_t exported_ms,
                             tael__stored *stored)
{
    bool found = false, changed = false;
    char category[TAEL__MAX_FIELD_BYTES + 1] = "";
    int64_t id = 0;
    sqlite3_bind_blob(rows->find, 1, key, 16, SQLITE_STATIC);
    tael_status status = tael__sql_step(rows->ledger, rows->find, &found, STORING);
    if (found) {
        id = sqlite3_column_int64(rows->find, 0);
        changed = knows_more(rows->find, row, exported_ms);
        /* An export without categories (the web page's) doesn't take away those of another. */
        const char *keep = row->category[0] ? row->category : tael__sql_text(rows->find, 7);
        if (strlen(keep) < sizeof category) memcpy(category, keep, strlen(keep) + 1);
        status = fill_row(rows, id, row);
    }
    sqlite3_reset(rows->find);
    *stored = !found ? TAEL__STORED_NEW : changed ? TAEL__STORED_CHANGED : TAEL__STORED_KNOWN;
    return status == TAEL_OK && changed ? update_row(rows, id, row, exported_ms, category) : status;
}

tael_status tael__rows_put(tael__rows *rows, const char *source, const tael__bill_row *row, int64_t exported_ms,
                           tael__stored *stored)
{
    uint8_t key[16];
    uint64_t before = 0;
    bool inserted = false;
    make_key(key, source, row, 0);
    if (row->external_id[0] == '\0' || row->identity != TAEL__ID_OF_ROW) {
        TAEL_TRY(count_seen(rows, key, &before));
        if (before > 0) make_key(key, source, row, before);
    }
    /* Storing finds out whether the key is there; looking first pays only while rows are known. */
    *stored = TAEL__STORED_NEW;
    if (rows->known) TAEL_TRY(put_known(rows, key, row, exported_ms, stored));
    if (*stored == TAEL__STORED_NEW) TAEL_TRY(insert_row(rows, key, source, row, exported_ms, &inserted));
    if (*stored == TAEL__STORED_NEW && !inserted) TAEL_TRY(put_known(rows, key, row, exported_ms, stored));
    rows->known = !inserted;
    return TAEL_OK;
}
