// SPDX-License-Identifier: Apache-2.0
/* What the files of the ledger share: the open store, statements that fail with a sentence, and the kinds of rows. */
#ifndef TAEL__LEDGER_INTERNAL_H
#define TAEL__LEDGER_INTERNAL_H

#ifndef SQLITE_HAS_CODEC
#define SQLITE_HAS_CODEC
#endif
#include <sqlite3.h>

#include <tael/ledger.h>

#include "base/limits.h"
#include "base/memory.h"
#include "base/status.h"
#include "ledger/service.h"

struct tael_ledger {
    sqlite3 *db;
    bool read_only;
    bool alone; /* no other connection while this one is open: a full disk has no room for what they would share */
    char path[TAEL__MAX_PATH_BYTES]; /* of the store; ":memory:" in tests */
};

/* What a row is, besides the bill's own direction. Stored: numbers never change their meaning. */
typedef enum tael__kind {
    TAEL__PLAIN = 0,       /* a purchase, income or a move, as the bill says */
    TAEL__REFUND = 1,      /* gives a purchase back; counted only while its purchase isn't in the ledger */
    TAEL__NEVER_PAID = 2,  /* an order that was closed before it was paid, or a payment that failed: in no sum */
    TAEL__PAID_CLOSED = 3, /* paid, then closed: a refund row of the same order gives it back */
} tael__kind;

#define TAEL__KEY_BYTES 32
#define TAEL__READ_CACHE_KIB \
    16384 /* pages kept decrypted: a ledger of some years, so that a second query decrypts nothing */

/* home/ledger.key: read it, or make it when `make`. Two processes at once agree on one. TAEL_NOT_FOUND without `make`.
 * `salt` follows from the key and stands in the store's first bytes: a key of another store is told from damage. */
tael_status tael__ledger_key(uint8_t key[TAEL__KEY_BYTES], uint8_t salt[16], const char *home, const char *passphrase,
                             bool make);

/* A store in memory, for tests and fuzzing: the same schema, no key, no files. */
tael_status tael__ledger_open_memory(tael_ledger **out);

/* Bring the store to the newest schema, or only look whether it is with read_only. */
tael_status tael__ledger_migrate(tael_ledger *ledger);
/* An empty store as an earlier version left it, for tests. */
tael_status tael__ledger_make_old(tael_ledger *ledger, int64_t version);
tael_status tael__ledger_functions(tael_ledger *ledger);

/* Statements. A failure carries the sentence; `doing` is a literal in this thread's language. */
tael_status tael__sql_fail(tael_ledger *ledger, int code, const char *doing);
tael_status tael__sql_exec(tael_ledger *ledger, const char *sql, const char *doing);
tael_status tael__sql_prepare(tael_ledger *ledger, sqlite3_stmt **out, const char *sql, const char *doing);
/* *row: whether there is one. */
tael_status tael__sql_step(tael_ledger *ledger, sqlite3_stmt *statement, bool *row, const char *doing);
/* Runs a statement that gives no rows, and resets it. */
tael_status tael__sql_run(tael_ledger *ledger, sqlite3_stmt *statement, const char *doing);
tael_status tael__sql_number(tael_ledger *ledger, int64_t *out, const char *sql, const char *doing);
tael_status tael__sql_begin(tael_ledger *ledger);
/* Commits when status is TAEL_OK, else rolls back and keeps the sentence. */
tael_status tael__sql_end(tael_ledger *ledger, tael_status status);
const char *tael__sql_text(sqlite3_stmt *statement, int column); /* never NULL */

/* Amounts of rows that came or changed: only rows of one amount can match. Free with tael__amounts_free. */
typedef struct tael__amounts {
    int64_t *minor; /* owned; in no order, some twice */
    size_t count, capacity;
    bool all; /* too many to tell one by one */
} tael__amounts;
tael_status tael__amounts_add(tael__amounts *amounts, int64_t minor);
void tael__amounts_free(tael__amounts *amounts);

/* Whenever rows came, changed or went, inside the caller's transaction: join refunds to their purchases (refunds.c),
 * then find the rows of different sources that show one payment and the moves between the owner's own accounts
 * (match.c), among rows of these amounts, or NULL: of all. The result depends only on the rows and the owner's
 * decisions, not on the order in which they came. */
tael_status tael__ledger_settle(tael_ledger *ledger, const tael__amounts *changed);

/* ASCII and full-width forms of it to lower case. Writes at most `bytes`; returns the length. */
size_t tael__text_fold(char *out, const char *text, size_t bytes);

/* One bill, a text or a workbook. `options` whole and checked; *left: bytes that may still be unpacked. */
tael_status tael__ledger_import_bill(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                                     const tael_import_options *options, tael_import_report *report, uint64_t *left);

/* ---- Filters ---- */

#define TAEL__MAX_CONDITIONS 256 /* bound values of one query: terms come from a model or a person */

/* A WHERE clause with its values; each condition has one `?`. The first failure stays in `status`. */
typedef struct tael__where {
    tael__buffer sql;
    struct {
        char *text; /* owned, folded; NULL: a number */
        int64_t number;
    } value[TAEL__MAX_CONDITIONS];
    int count;
    tael_status status;
} tael__where;

/* `sums`: as a query wants it: counted rows only, and with expenses the refunds whose purchase isn't here. */
tael_status tael__where_make(tael__where *where, const tael_filter *filter, bool sums);
/* The words of the filter alone, as conditions on the table `labels`. */
tael_status tael__where_texts(tael__where *where, const tael_filter *filter);
tael_status tael__where_bind(tael_ledger *ledger, sqlite3_stmt *statement, const tael__where *where);
/* "SELECT ... FROM records" + where + tail, with the values bound. */
tael_status tael__where_prepare(tael_ledger *ledger, sqlite3_stmt **out, const char *select, const tael__where *where,
                                const char *tail);
void tael__where_free(tael__where *where);
tael_status tael__filter_copy(tael_filter *out, const tael_filter *filter);

/* The columns of a tael_record, in the order that tael__record_read wants. */
#define TAEL__RECORD_COLUMNS                                                                                           \
    "id,time_ms,offset_minutes,direction,kind,counted,minor,refunded_minor,refund_of,currency,merchant,item,category," \
    "type,method,status,source,external_id,note,brand,same_as,category_id,category_by"
void tael__record_read(tael_record *record, sqlite3_stmt *statement);

#endif
