// SPDX-License-Identifier: Apache-2.0
/* The ledger: the owner's bills in one encrypted file. Money is an integer in the currency's minor unit (fen). */
#ifndef TAEL_LEDGER_H
#define TAEL_LEDGER_H

#include <tael/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_ledger tael_ledger;

typedef struct tael_ledger_options {
    size_t size;
    bool read_only;           /* nothing is made or migrated */
    uint32_t busy_timeout_ms; /* how long to wait for another process; 0: 5,000 */
    const char *passphrase;   /* of a protected ledger; else NULL */
} tael_ledger_options;

/* Open the ledger in the folder `home`, making it when it isn't there (home/ledger.db, home/ledger.key: a random key,
 * mode 0600). On success *out is yours: tael_ledger_close(). `options` NULL means all defaults. One thread at a time;
 * any number of processes. TAEL_BAD_KEY: the key file or the passphrase doesn't fit. TAEL_LOCKED: another process held
 * it too long. TAEL_CORRUPT: the file is damaged. */
TAEL_API tael_status tael_ledger_open(tael_ledger **out, const char *home, const tael_ledger_options *options);
TAEL_API void tael_ledger_close(tael_ledger *ledger);

/* Whether the ledger in `home` needs a passphrase. One that isn't there doesn't. */
TAEL_API tael_status tael_ledger_protected(const char *home, bool *is_protected);

/* Protect the ledger's key by a passphrase, change it, or (`new_passphrase` NULL or "") keep the key open again.
 * `passphrase` is the present one, NULL for none. The store itself stays as it is, and handles that are open as well.
 * The new key file takes the place of the old one in one step; the old one is overwritten where the file system lets
 * us, which can't be known on flash. Opening takes half a second more and 256 MB (Argon2id). There is no way back
 * without the passphrase. */
TAEL_API tael_status tael_ledger_set_passphrase(const char *home, const char *passphrase, const char *new_passphrase);

/* ---- Import ---- */

typedef struct tael_skipped_row {
    uint32_t line;      /* of the file, or the row's number in its sheet */
    const char *reason; /* in this thread's language; names the field, never its contents */
    uint32_t sheet;     /* of a workbook, from 1; 0: no workbook */
} tael_skipped_row;

typedef struct tael_import_report {
    char format[32];                     /* "alipay", "wechat", "cmb_credit", ...; "" when no importer knew the file */
    uint64_t rows, imported, duplicates; /* rows of data seen; new; known already */
    const tael_skipped_row *skipped;     /* owned by the report */
    size_t skipped_count;
    const char *mapping; /* of format "generic": how its columns were read, for the owner to check, such as
                          * "time=日期, amount=金额 (minus is spending)"; "" for known formats; owned by the report */
    const struct tael_import_bill *bills; /* of a zip: each bill in it; owned by the report. NULL for a bill alone */
    size_t bill_count;
    void *internal;
} tael_import_report;

/* One bill in a zip. */
typedef struct tael_import_bill {
    const char *name;          /* its path in the zip as UTF-8: to show, not to open */
    tael_status status;        /* not TAEL_OK: nothing of it was kept, */
    const char *error;         /* and this says why; "" otherwise */
    tael_import_report report; /* its own */
} tael_import_bill;

typedef struct tael_import_options {
    size_t size;
    const char *format; /* NULL: told by content */
    bool dry_run;       /* everything but keeping it */
    /* Of the bill at hand; a zip's bills come one after another. May be NULL; non-zero cancels. */
    int (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *user);
    void *user;
    const char *password; /* of a protected zip; NULL or "": none */
} tael_import_options;

/* Read a bill: all of it or, on failure, nothing. The same row twice adds nothing. A bill is a CSV, a workbook (XLSX,
 * all its sheets together), or a zip of such: what a file is, its bytes tell. TAEL_UNSUPPORTED: no importer knows it;
 * A folder must be an export of tael_ledger_export. TAEL_BAD_INPUT names the line; TAEL_BAD_KEY: the zip is protected
 * and the password is missing or wrong; TAEL_CORRUPT: the zip or the workbook is damaged; TAEL_LIMIT: it unpacks to
 * more than any bill. Rows that can't be read are skipped and reported, never lost silently. `path` "-" is standard
 * input. In a zip each .csv, .txt and .xlsx is a bill of its own: one that fails doesn't keep the others out. The
 * report then holds their sums, and each bill's own report with its skipped rows stands in `bills`; the status is that
 * of the first that failed. Nothing is unpacked to the disk. Free the report with tael_import_report_free, also after a
 * failure. */
TAEL_API tael_status tael_ledger_import(tael_ledger *ledger, const char *path, const tael_import_options *options,
                                        tael_import_report *report);
TAEL_API void tael_import_report_free(tael_import_report *report);

/* ---- Records and queries ---- */

typedef enum tael_direction { TAEL_ANY_DIRECTION, TAEL_EXPENSE, TAEL_INCOME, TAEL_NEUTRAL } tael_direction;

typedef struct tael_record {
    int64_t id;             /* the ledger's own */
    int64_t time_ms;        /* UTC */
    int32_t offset_minutes; /* of the bill's zone */
    tael_direction direction;
    int64_t minor, refunded_minor; /* gross; what of it came back */
    const char *currency, *merchant, *item, *category, *method, *status, *source, *external_id; /* "" when unknown */
    int64_t refund_of;       /* the purchase that this row gives back, or 0 */
    bool counted;            /* part of sums: not an order never paid, not a refund joined to its purchase */
    bool refund;             /* gives a purchase back: neutral, and if counted it lowers the spending of its own day */
    const char *type, *note; /* the bill's own kind of payment (交易类型) and remark; "" when unknown */
} tael_record;

/* Alternatives: a record fits when one of them is contained in its merchant, item, category or note. */
typedef struct tael_term_group {
    const char *const *items;
    size_t count;
} tael_term_group;

/* Which records. Zero means everything. All conditions hold at once. Text is compared without case; TERMS are matched
 * in any of merchant, item, category, note. */
typedef struct tael_filter {
    size_t size;
    const char *from, *to; /* inclusive days, "2026-11-20"; NULL: open */
    tael_direction direction;
    const char *merchant, *category, *method, *source, *text; /* contained in that field; `text` in any field */
    const char *const *any_terms;                             /* at least one is contained in one of the fields */
    size_t any_count;
    const tael_term_group *all_of; /* every group must fit: "a person and a purpose" */
    size_t all_count;
    const char *const *no_terms; /* none is contained in any of the fields */
    size_t no_count;
    int64_t min_minor, max_minor; /* inclusive, of the gross amount; 0: open */
    uint32_t weekdays;            /* bit 0 Monday .. bit 6 Sunday; 0: all */
    int32_t hour_from, hour_to;   /* local hours [from, to), wrapping past midnight; equal: all day */
    bool refunded_only;           /* rows of which something came back */
} tael_filter;

/* Newest first; each(record, user) non-zero stops. `limit` 0: all. *total (may be NULL) counts all that fit. */
typedef int tael_record_fn(const tael_record *record, void *user);
TAEL_API tael_status tael_ledger_records(tael_ledger *ledger, const tael_filter *filter, uint64_t limit,
                                         tael_record_fn *each, void *user, uint64_t *total);

typedef enum tael_measure {
    TAEL_SUM,     /* net of refunds unless gross */
    TAEL_COUNT,   /* purchases with something left after refunds */
    TAEL_AVERAGE, /* sum / count, half away from zero */
    TAEL_MAX,
    TAEL_MIN, /* one row's net amount */
    TAEL_FIRST,
    TAEL_LAST /* by time; the group's value is that row's net amount */
} tael_measure;

typedef enum tael_group {
    TAEL_BY_NONE,
    TAEL_BY_DAY,
    TAEL_BY_MONTH,
    TAEL_BY_YEAR,
    TAEL_BY_WEEKDAY,
    TAEL_BY_HOUR,
    TAEL_BY_CATEGORY,
    TAEL_BY_MERCHANT,
    TAEL_BY_METHOD,
    TAEL_BY_SOURCE
} tael_group;

typedef enum tael_order { TAEL_ORDER_KEY, TAEL_ORDER_VALUE_DOWN, TAEL_ORDER_VALUE_UP } tael_order;

typedef struct tael_query {
    size_t size;
    tael_filter filter; /* direction ANY means expense */
    tael_measure measure;
    tael_group group;
    tael_order order;
    uint32_t limit;       /* groups; 0: all */
    bool gross;           /* leave refunds out */
    const char *currency; /* NULL: the one with most rows */
    bool no_records;      /* the ids aren't wanted: sums come from totals that are kept where they can, not from rows */
} tael_query;

typedef struct tael_group_row {
    const char *key;        /* "2026-09", "星巴克", "1" for Monday, "0".."23"; "" for BY_NONE */
    int64_t minor, count;   /* sum net of refunds, purchases */
    int64_t value;          /* the measure: minor units, or a count */
    int64_t time_ms;        /* of the row that decided MAX, MIN, FIRST, LAST; else 0 */
    const int64_t *records; /* ids that it was computed from, newest first, at most 1,000 */
    size_t record_count;
} tael_group_row;

/* Compute over the ledger: each(row, user) for every group; BY_NONE gives exactly one row, also for nothing at all.
 * Sums that would overflow are TAEL_LIMIT. Currencies are never mixed: `currency` NULL takes the one with most rows. */
typedef int tael_group_fn(const tael_group_row *row, void *user);
TAEL_API tael_status tael_ledger_query(tael_ledger *ledger, const tael_query *query, tael_group_fn *each, void *user);

/* What the ledger covers: rows, first and last day ("" when empty), the currency with most rows. */
typedef struct tael_ledger_summary {
    uint64_t records;
    char first_day[16], last_day[16], currency[8];
} tael_ledger_summary;
TAEL_API tael_status tael_ledger_summarize(tael_ledger *ledger, tael_ledger_summary *summary);

/* ---- The owner's rights ---- */

/* Everything, in open formats: a folder `path`, or a zip when it ends in ".zip", with records.csv (UTF-8),
 * records.json, consents.csv and about.json. tael_ledger_import of either restores the ledger: records with new ids,
 * and of the consents only what was refused. */
TAEL_API tael_status tael_ledger_export(tael_ledger *ledger, const char *path, uint64_t *records);

/* What the ledger may be used for. Without a decision only what stays on the device is allowed. */
typedef struct tael_consent {
    const char *kind;   /* "habits", "partner", ...: consents.inc has them all */
    const char *what;   /* in this thread's language */
    bool leaves_device; /* something of the owner's would */
    bool allowed;
    int64_t changed_ms; /* when the owner decided; 0: never, it is the default */
} tael_consent;
typedef int tael_consent_fn(const tael_consent *consent, void *user); /* non-zero stops */

/* TAEL_NOT_FOUND: no such kind. After any failure *allowed is false. */
TAEL_API tael_status tael_consent_get(tael_ledger *ledger, const char *kind, bool *allowed);
TAEL_API tael_status tael_consent_set(tael_ledger *ledger, const char *kind, bool allowed);
TAEL_API tael_status tael_consent_list(tael_ledger *ledger, tael_consent_fn *each, void *user);

/* What tael_ledger_recover could read, and what not. */
typedef struct tael_recovery {
    uint64_t saved;                /* records in the fresh ledger */
    uint64_t lost, gaps;           /* ids that can't be read (some may have been erased before), in so many runs */
    int64_t first_lost, last_lost; /* the least and the largest of them; 0: none */
} tael_recovery;

/* Save what can be read of a damaged ledger into a fresh one in the folder `fresh_home`, with a key of its own and no
 * passphrase. The damaged one is only read. Records get new ids and refunds are joined anew. TAEL_CORRUPT: not even the
 * first page can be read; TAEL_BAD_INPUT: there is a ledger in fresh_home. */
TAEL_API tael_status tael_ledger_recover(const char *home, const char *passphrase, const char *fresh_home,
                                         tael_recovery *recovery);

/* Really gone, freed pages too. `source` or `before` (a day) narrow it; both NULL: everything. */
TAEL_API tael_status tael_ledger_erase(tael_ledger *ledger, const char *source, const char *before, uint64_t *erased);

#ifdef __cplusplus
}
#endif
#endif
