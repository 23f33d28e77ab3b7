// SPDX-License-Identifier: Apache-2.0
// What can be read of a damaged store, into a fresh one. A page that fails its check takes the rows in it along and no
// more: rows are read by their numbers, and behind one that can't be read the next number that can is looked for.
// SQLCipher gives nothing more after a failed page, so the store is opened anew then.
#include <string.h>

#include "base/file.h"
#include "ledger/learned.h"

#define RECOVERING TAEL_SAY("recovering", "恢复")

enum { ONE_BY_ONE = 64 }; /* numbers that are tried singly; a bad page of the tree above hides thousands */

/* All that a row is; its number, its label and its joins are made anew. */
#define COLUMNS                                                                                                   \
    "key,time_ms,offset_minutes,day,direction,kind,minor,stated_minor,exported_ms,currency,source,merchant,item," \
    "category,type,method,status,external_id,merchant_order,account,note,brand,category_id,category_by,said_direction"
enum { COLUMN_COUNT = 25 };

typedef struct walk {
    const char *home;
    tael_ledger_options options;
    tael_ledger *from, *to;
    sqlite3_stmt *read, *insert;
    int64_t last; /* the largest number that may be there */
    tael_recovery *out;
} walk;

static tael_status reopen(walk *w)
{
    sqlite3_finalize(w->read);
    w->read = NULL;
    tael_ledger_close(w->from);
    TAEL_TRY(tael_ledger_open(&w->from, w->home, &w->options));
    /* A table scan, not an index: those lie on other pages. */
    return tael__sql_prepare(w->from, &w->read,
                             "SELECT id," COLUMNS " FROM records NOT INDEXED WHERE id>=?1 ORDER BY id", RECOVERING);
}

static tael_status copy_row(walk *w)
{
    for (int i = 1; i <= COLUMN_COUNT; i++) {
        if (sqlite3_column_type(w->read, i) == SQLITE_NULL) { /* its rest lies on a page that can't be read */
            w->out->lost++;
            return TAEL_OK;
        }
        sqlite3_bind_value(w->insert, i, sqlite3_column_value(w->read, i));
    }
    TAEL_TRY(tael__sql_run(w->to, w->insert, RECOVERING));
    w->out->saved += (uint64_t)sqlite3_changes(w->to->db);
    return TAEL_OK;
}

/* Rows from number `*at` on, until the end (*done) or one that can't be read; then *at is its number. */
static tael_status copy_from(walk *w, int64_t *at, bool *done)
{
    *done = false;
    sqlite3_reset(w->read);
    sqlite3_bind_int64(w->read, 1, *at);
    for (;;) {
        int code = sqlite3_step(w->read);
        if (code == SQLITE_DONE) *done = true;
        if (code != SQLITE_ROW) return TAEL_OK;
        TAEL_TRY(copy_row(w));
        *at = sqlite3_column_int64(w->read, 0) + 1;
    }
}

/* Whether a row with this number or one behind it can be read. */
static tael_status readable(walk *w, int64_t at, bool *yes)
{
    sqlite3_reset(w->read);
    sqlite3_bind_int64(w->read, 1, at);
    int code = sqlite3_step(w->read);
    *yes = code == SQLITE_ROW || code == SQLITE_DONE;
    sqlite3_reset(w->read);
    return *yes ? TAEL_OK : reopen(w);
}

/* *at goes to the next number from which rows can be read, or past the last. */
static tael_status skip_damage(walk *w, int64_t *at)
{
    int64_t start = *at, bad = *at, good;
    bool yes = false;
    TAEL_TRY(reopen(w));
    for (good = start + 1; good <= w->last && !yes;) {
        TAEL_TRY(readable(w, good, &yes));
        if (yes) break;
        bad = good;
        good += bad - start < ONE_BY_ONE ? 1 : bad - start;
    }
    if (good > w->last) good = w->last + 1;
    while (good - bad > 1) { /* after a leap: the first behind the damage */
        int64_t middle = bad + (good - bad) / 2;
        TAEL_TRY(readable(w, middle, &yes));
        *(yes ? &good : &bad) = middle;
    }
    w->out->gaps++;
    w->out->lost += (uint64_t)(good - start);
    if (w->out->first_lost == 0) w->out->first_lost = start;
    w->out->last_lost = good - 1;
    *at = good;
    return TAEL_OK;
}

/* The largest number: the store notes it; else the end of the tree says it; else ten million behind what is seen. */
static int64_t find_last(walk *w)
{
    int64_t last = 0;
    if (tael__sql_number(w->from, &last, "SELECT seq FROM sqlite_sequence WHERE name='records'", RECOVERING) ==
            TAEL_OK &&
        last > 0)
        return last;
    if (reopen(w) == TAEL_OK &&
        tael__sql_number(w->from, &last, "SELECT max(id) FROM records", RECOVERING) == TAEL_OK && last > 0)
        return last;
    return 10000000;
}

/* What was taught, as far as it can be read: the records are worth more than any of it. */
static void copy_table(walk *w, const tael__learned *table)
{
    sqlite3_stmt *read = NULL, *write = NULL;
    const char *cell[16];
    if (reopen(w) == TAEL_OK && tael__sql_prepare(w->from, &read, table->read, RECOVERING) == TAEL_OK &&
        tael__sql_prepare(w->to, &write, table->write, RECOVERING) == TAEL_OK) {
        size_t count = strlen(table->shape);
        while (sqlite3_step(read) == SQLITE_ROW) {
            for (size_t i = 0; i < count; i++) cell[i] = tael__sql_text(read, (int)i);
            if (tael__learned_bind(table, write, cell, count)) (void)tael__sql_run(w->to, write, RECOVERING);
        }
    }
    sqlite3_finalize(read);
    sqlite3_finalize(write);
}

static void copy_learned(walk *w)
{
    /* Only what was refused: a yes is for the owner to say again. */
    static const tael__learned consents = {
        .shape = "tn",
        .read = "SELECT kind,changed_ms FROM consents WHERE allowed=0",
        .write = "INSERT INTO consents(kind,allowed,changed_ms) VALUES(?1,0,?2) ON CONFLICT DO NOTHING"};
    for (size_t i = 0; tael__learned_at(i); i++) copy_table(w, tael__learned_at(i));
    copy_table(w, &consents);
}

static tael_status copy_all(walk *w)
{
    int64_t at = 1;
    bool done = false;
    TAEL_TRY(reopen(w));
    w->last = find_last(w);
    TAEL_TRY(reopen(w));
    TAEL_TRY(tael__sql_prepare(
        w->to, &w->insert,
        "INSERT INTO records(" COLUMNS ",counted,refunded_minor) VALUES(?1,?2,?3,?4,iif(?25,?25,?5),?6,?7,?8,"
        "?9,?10,?11,?12,?13,?14,?15,?16,?17,?18,?19,?20,?21,?22,?23,?24,0,?6<>2,min(?7,?8)) ON CONFLICT DO NOTHING",
        RECOVERING));
    while (!done && at <= w->last) {
        TAEL_TRY(copy_from(w, &at, &done));
        if (!done) TAEL_TRY(skip_damage(w, &at));
    }
    copy_learned(w);
    return tael__ledger_settle(w->to, NULL);
}

tael_status tael_ledger_recover(const char *home, const char *passphrase, const char *fresh_home,
                                tael_recovery *recovery)
{
    tael_recovery own;
    walk w = {.home = home,
              .options = {.size = sizeof w.options, .read_only = true, .passphrase = passphrase},
              .out = recovery ? recovery : &own};
    char store[TAEL__MAX_PATH_BYTES];
    *w.out = (tael_recovery){0};
    if (!home || !*home || !fresh_home || !*fresh_home)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("recover: two folders are needed", "恢复：需要两个文件夹"));
    TAEL_TRY(tael__path_join(store, sizeof store, fresh_home, "ledger.db"));
    if (tael__file_exists(store))
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%s: a ledger is there already; choose another folder", "%s：那里已有账本；请另选文件夹"), store);
    TAEL_TRY(
        tael_ledger_open(&w.from, home, &w.options)); /* before a folder is made: its first page must be readable */
    tael_status status = tael_ledger_open(&w.to, fresh_home, NULL);
    if (status == TAEL_OK) status = tael__sql_begin(w.to);
    if (status == TAEL_OK) {
        status = copy_all(&w);
        sqlite3_finalize(w.insert);
        status = tael__sql_end(w.to, status);
    }
    sqlite3_finalize(w.read);
    tael_ledger_close(w.from);
    tael_ledger_close(w.to);
    return status;
}
