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
    bool mapped;       /* `mapping` is what the owner said, now or before */
    uint64_t replaced; /* rows that went, since the same bytes are now read otherwise */
    void *internal;
} tael_import_report;

/* One bill in a zip. */
typedef struct tael_import_bill {
    const char *name;          /* its path in the zip as UTF-8: to show, not to open */
    tael_status status;        /* not TAEL_OK: nothing of it was kept, */
    const char *error;         /* and this says why; "" otherwise */
    tael_import_report report; /* its own */
} tael_import_bill;

struct tael_record;

typedef struct tael_import_options {
    size_t size;
    const char *format; /* NULL: told by content */
    bool dry_run;       /* everything but keeping it */
    /* Of the bill at hand; a zip's bills come one after another. May be NULL; non-zero cancels. */
    int (*progress)(uint64_t done_bytes, uint64_t total_bytes, void *user);
    void *user;
    const char *password; /* of a protected zip; NULL or "": none */
    /* How the columns are to be read: "time=日期,amount=金额,merchant=商户"; NULL: by a known format, by what was said
     * for this header before, or guessed. Fields: time, clock, amount, income, expense, direction, currency, merchant,
     * item, type, category, method, card, status, id, account, note; and sign=minus|plus (which is spending),
     * dates=dmy|mdy|ymd. A backslash before a comma or "=" of a name. It is kept for bills with the same header, and
     * rows that these bytes gave when they were read otherwise are replaced. */
    const char *mapping;
    /* The category of a row that is about to be stored, or 0; the record's texts live until it returns. NULL: none is
     * given. */
    int32_t (*categorize)(const struct tael_record *record, bool *by_owner, void *user);
    void *categorize_user;
    bool sample; /* the bill is made up, to show what Tael does: its rows go when one comes that isn't */
} tael_import_options;

/* Read a bill: all of it or, on failure, nothing. The same row twice adds nothing. A bill is a CSV, a workbook (XLSX
 * or the XLS before it, all its sheets together), or a zip of such: what a file is, its bytes tell. A folder must be an
 * export of tael_ledger_export. TAEL_UNSUPPORTED: no importer knows it; TAEL_BAD_INPUT names the line; TAEL_BAD_KEY:
 * the zip is protected and the password is missing or wrong; TAEL_CORRUPT: the zip or the workbook is damaged;
 * TAEL_LIMIT: it unpacks to more than any bill. Rows that can't be read are skipped and reported, never lost silently.
 * `path` "-" is standard input. In a zip each .csv, .txt, .xlsx and .xls is a bill of its own: one that fails doesn't
 * keep the others out. The report then holds their sums, and each bill's own report with its skipped rows stands in
 * `bills`; the status is that of the first that failed. Nothing is unpacked to the disk. Free the report with
 * tael_import_report_free, also after a failure. */
TAEL_API tael_status tael_ledger_import(tael_ledger *ledger, const char *path, const tael_import_options *options,
                                        tael_import_report *report);
TAEL_API void tael_import_report_free(tael_import_report *report);

/* What the owner said about the columns of a header (tael_import_options.mapping). Texts are valid during the call. */
typedef struct tael_mapping {
    int64_t id;
    const char *header;  /* its names, joined by ", " */
    const char *mapping; /* as it was said */
    int64_t made_ms;     /* UTC */
} tael_mapping;
typedef int tael_mapping_fn(const tael_mapping *mapping, void *user); /* non-zero stops */
TAEL_API tael_status tael_ledger_mappings(tael_ledger *ledger, tael_mapping_fn *each, void *user);
/* TAEL_NOT_FOUND: there is none. Rows that were read by it stay. */
TAEL_API tael_status tael_ledger_forget_mapping(tael_ledger *ledger, int64_t id);

/* ---- Records and queries ---- */

/* Rows that the owner adds by hand have this source. */
#define TAEL_SOURCE_MANUAL "manual"

typedef enum tael_direction { TAEL_ANY_DIRECTION, TAEL_EXPENSE, TAEL_INCOME, TAEL_NEUTRAL } tael_direction;

typedef struct tael_record {
    int64_t id;             /* the ledger's own */
    int64_t time_ms;        /* UTC */
    int32_t offset_minutes; /* of the bill's zone */
    tael_direction direction;
    int64_t minor, refunded_minor; /* gross; what of it came back */
    const char *currency, *merchant, *item, *category, *method, *status, *source, *external_id; /* "" when unknown */
    int64_t refund_of;       /* the purchase that this row gives back, or 0 */
    bool counted;            /* part of sums: not an order never paid, not a refund joined to its purchase, not what
                              * another source shows as well */
    bool refund;             /* gives a purchase back: neutral, and if counted it lowers the spending of its own day */
    const char *type, *note; /* the bill's own kind of payment (交易类型) and remark; "" when unknown */
    const char *brand;       /* the merchant without branch, company form and channel, or as the owner named it */
    int64_t same_as;         /* the counted record that shows the same payment, or 0 */
    int32_t category_id;     /* of the tree (tael/habits.h), or 0; `category` above is the bill's own word */
    int32_t category_by;     /* who gave it: TAEL_CATEGORY_BY_… */
} tael_record;

enum { TAEL_CATEGORY_BY_NOBODY = 0, TAEL_CATEGORY_BY_MODEL = 1, TAEL_CATEGORY_BY_OWNER = 2 };

/* Alternatives: a record fits when one of them is contained in its merchant or brand, item, category, type or
 * note; or when its category lies in one of the ranges. */
typedef struct tael_term_group {
    const char *const *items;
    size_t count;
    const int32_t (*ranges)[2]; /* category numbers, inclusive; NULL: none */
    size_t range_count;
    bool uncategorized; /* the items count only for records without a category */
} tael_term_group;

/* Which records. Zero means everything. All conditions hold at once. Text is compared without case; TERMS are matched
 * in any of merchant, brand, item, category, type, note. */
typedef struct tael_filter {
    size_t size;
    const char *from, *to; /* inclusive days, "2026-11-20"; NULL: open */
    tael_direction direction;
    const char *merchant;                          /* contained in the bill's name or in the brand */
    const char *category, *method, *source, *text; /* contained in that field; `text` in any field */
    const char *const *any_terms;                  /* at least one is contained in one of the fields */
    size_t any_count;
    const tael_term_group *all_of; /* every group must fit: "a person and a purpose" */
    size_t all_count;
    const tael_term_group *none_of; /* no group fits */
    size_t none_count;
    const char *const *no_terms; /* none is contained in any of the fields */
    size_t no_count;
    int64_t min_minor, max_minor; /* inclusive, of the gross amount; 0: open */
    uint32_t weekdays;            /* bit 0 Monday .. bit 6 Sunday; 0: all */
    int32_t hour_from, hour_to;   /* local hours [from, to), wrapping past midnight; equal: all day */
    bool refunded_only;           /* rows of which something came back */
    /* Numbers of the tree's categories, inclusive (tael_category_range); 0: all. With `category` too, that text is
     * looked for in rows that have no number. */
    int32_t category_from, category_to;
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
    TAEL_BY_MERCHANT, /* by brand */
    TAEL_BY_METHOD,
    TAEL_BY_SOURCE,
    TAEL_BY_WEEK,       /* by its Monday, "2026-11-16" */
    TAEL_BY_SUBCATEGORY /* BY_CATEGORY takes the tree's top category, this its second level; rows without go by the
                           bill's own word */
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
    /* Names the tree's categories in keys; tael_category_name fits. NULL: their number stands there. */
    const char *(*category_name)(int32_t id, tael_language language);
    bool no_records; /* the ids aren't wanted: sums come from totals that are kept where they can, not from rows */
} tael_query;

typedef struct tael_group_row {
    const char *key;        /* "2026-09", "星巴克", "1" for Monday, "0".."23"; "" for BY_NONE */
    int64_t minor, count;   /* sum net of refunds, purchases */
    int64_t value;          /* the measure: minor units, or a count */
    int64_t time_ms;        /* of the row that decided MAX, MIN, FIRST, LAST; else 0 */
    const int64_t *records; /* ids that it was computed from, newest first, at most 1,000 */
    size_t record_count;
    int32_t category_id; /* of a group by category: its number, or 0 for the bill's own word */
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

/* ---- Added by hand ---- */

/* Add one row of source "manual"; *id (may be NULL) is its own. Read of `record`: time, offset, direction, refund
 * (gives a purchase back: direction neutral), minor (above 0), currency ("" is CNY), merchant, item, category, type,
 * method, note; NULL texts are "". Two equal ones are two rows. TAEL_BAD_INPUT names the field that can't be. */
TAEL_API tael_status tael_ledger_add(tael_ledger *ledger, const tael_record *record, int64_t *id);

/* Take back a row that was added by hand. TAEL_NOT_FOUND: there is none with this id; TAEL_DENIED: it comes from a
 * bill. */
TAEL_API tael_status tael_ledger_remove(tael_ledger *ledger, int64_t id);

/* ---- The same payment in two bills, and moves between own accounts ---- */

typedef enum tael_match_kind {
    TAEL_SAME_PAYMENT = 1, /* `other` shows what `kept` shows: it is in no sum */
    TAEL_OWN_TRANSFER = 2  /* `kept` left one account of the owner, `other` came to another: both are neutral */
} tael_match_kind;

typedef enum tael_match_state {
    TAEL_MATCH_FOUND,  /* by what the rows say */
    TAEL_MATCH_JOINED, /* by the owner */
    TAEL_MATCH_UNDONE  /* the owner said no; both rows are as their bills say */
} tael_match_state;

/* Which row is counted: a shop's order before the wallet that paid it, that before the bank. The shop knows what was
 * bought, and its refunds are joined to the purchase; the bank knows neither. */
typedef struct tael_match {
    tael_match_kind kind;
    tael_match_state state;
    const tael_record *kept, *other; /* the match is called by the id of `other` */
    int32_t days;                    /* from kept to other */
    const char *reason;              /* why, in this thread's language: for the owner, it quotes the bills; "" undone */
} tael_match;

/* Every match, newest first, and what was undone; each(match, user) non-zero stops. All is valid during the call. */
typedef int tael_match_fn(const tael_match *match, void *user);
TAEL_API tael_status tael_ledger_matches(tael_ledger *ledger, tael_match_fn *each, void *user);

typedef enum tael_match_decision {
    TAEL_MATCH_JOIN, /* the records `id` and `with` belong together: the same payment, or a transfer if one went and one
                      * came */
    TAEL_MATCH_UNDO, /* the match of record `id` is wrong: what it left out counts by itself, now and whatever bills
                      * come later; of a transfer, neither row is one */
    TAEL_MATCH_REDO  /* forget what was decided about record `id` */
} tael_match_decision;

/* The owner's word. It is kept with the rows' own keys: it holds when a row is erased and imported again. `with` is for
 * JOIN. TAEL_NOT_FOUND: no such record, or no match or decision of it. */
TAEL_API tael_status tael_ledger_match_decide(tael_ledger *ledger, tael_match_decision decision, int64_t id,
                                              int64_t with);

/* ---- Merchants ---- */

typedef struct tael_merchant {
    const char *brand;
    int64_t records, names; /* records of it; different names that bills give it */
    bool taught;            /* by the owner */
} tael_merchant;

/* Brands, the one with most records first; `text` NULL, or contained in the brand or in a bill's name of it. */
typedef int tael_merchant_fn(const tael_merchant *merchant, void *user);
TAEL_API tael_status tael_ledger_merchants(tael_ledger *ledger, const char *text, tael_merchant_fn *each, void *user);

/* From now on `merchant` (a brand, or a name as a bill writes it) is `brand`, in all records and those to come; NULL
 * forgets what was taught about it (TAEL_NOT_FOUND: nothing). *records (may be NULL): how many changed. */
TAEL_API tael_status tael_ledger_teach_merchant(tael_ledger *ledger, const char *merchant, const char *brand,
                                                uint64_t *records);

typedef struct tael_suggestion {
    const char *merchant, *brand; /* two names that bills give the same payments: the bank's, and the wallet's */
    int64_t payments;
} tael_suggestion;

/* Names that could be taught: none is without the owner. */
typedef int tael_suggestion_fn(const tael_suggestion *suggestion, void *user);
TAEL_API tael_status tael_ledger_suggest_merchants(tael_ledger *ledger, tael_suggestion_fn *each, void *user);

/* ---- Categories ---- */

/* What tael_ledger_categorize asks: the category of a record in *category_id (0: none) and whether the owner said so.
 * Non-zero stops, and nothing is changed. */
typedef int tael_categorize_fn(const tael_record *record, int32_t *category_id, bool *by_owner, void *user);

/* Ask `each` for the category of every record, or with `fresh` of those that have none, and store what changed: all in
 * one transaction. *changed (may be NULL): records whose category is another now. TAEL_CANCELLED: `each` stopped it. */
TAEL_API tael_status tael_ledger_categorize(tael_ledger *ledger, bool fresh, tael_categorize_fn *each, void *user,
                                            uint64_t *changed);

/* What the owner said about a record, for good: it holds for the merchant, and first for the same item. */
typedef struct tael_correction {
    int64_t id; /* the ledger's own */
    int64_t time_ms;
    int64_t record; /* the record that it was said of; with `only` it holds for nothing else */
    bool only;
    tael_direction direction;
    const char *merchant, *item, *category, *type; /* as the record has them */
    int32_t category_id;
} tael_correction;

/* Keep a correction; *id (may be NULL) is its number. What was said before of the same merchant, item and direction
 * (with `only`, of the same record) is replaced. */
TAEL_API tael_status tael_ledger_correct(tael_ledger *ledger, const tael_correction *correction, int64_t *id);

/* All corrections, oldest first; non-zero stops. */
typedef int tael_correction_fn(const tael_correction *correction, void *user);
TAEL_API tael_status tael_ledger_corrections(tael_ledger *ledger, tael_correction_fn *each, void *user);

/* Forget a correction. TAEL_NOT_FOUND: there is none of this number. */
TAEL_API tael_status tael_ledger_forget_correction(tael_ledger *ledger, int64_t id);

/* One record by its number. TAEL_NOT_FOUND. */
TAEL_API tael_status tael_ledger_record(tael_ledger *ledger, int64_t id, tael_record_fn *each, void *user);

/* ---- Notes ---- */

/* Remember a short text under a name, in place of an earlier one; in a ledger that is only read nothing is remembered.
 */
TAEL_API tael_status tael_ledger_note(tael_ledger *ledger, const char *name, const char *text);

/* What was noted at most `max_age_ms` ago; "" when nothing was, or when it doesn't fit into `bytes`. */
TAEL_API tael_status tael_ledger_noted(tael_ledger *ledger, const char *name, int64_t max_age_ms, char *text,
                                       size_t bytes);

/* ---- What habits leave out ---- */

/* Leave a merchant (its brand) or a category of the tree out of all that habits learn (`merchant` NULL: the category),
 * or with `out` false take it back. TAEL_NOT_FOUND: it isn't left out. */
TAEL_API tael_status tael_ledger_leave_out(tael_ledger *ledger, const char *merchant, int32_t category_id, bool out);

/* All that is left out: a merchant and 0, or "" and a category. Non-zero stops. */
typedef int tael_left_out_fn(const char *merchant, int32_t category_id, void *user);
TAEL_API tael_status tael_ledger_left_out(tael_ledger *ledger, tael_left_out_fn *each, void *user);

/* ---- The owner's rights ---- */

/* Everything, in open formats: a folder `path`, or a zip when it ends in ".zip", with records.csv (UTF-8),
 * names.csv, decisions.csv, corrections.csv, mappings.csv and left_out.csv (what the owner taught), consents.csv,
 * disclosures.csv and disclosures.json (what left the device), records.json and about.json. tael_ledger_import of
 * either restores the ledger: records with new ids, and of the consents only what was refused. */
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

/* What left the device, or is about to. All texts are UTF-8. */
typedef struct tael_disclosure {
    int64_t id;                    /* the ledger's own */
    int64_t time_ms;               /* UTC */
    const char *recipient;         /* to whom, as they call themselves: "Claude 1.2" */
    const char *purpose, *consent; /* what for: "spend"; and the kind of consent that allowed it */
    const char *sent;              /* the very bytes; "" once records were erased, which they may have shown */
    uint64_t bytes;                /* of `sent` as it was */
    const char *sha256;            /* of `sent`, hexadecimal */
    const char *previous, *hash;   /* of the line before ("": none) and of this one with `previous` in it */
} tael_disclosure;

/* Log what is about to leave: call it before sending, and send only when it is TAEL_OK. Read of `disclosure`:
 * recipient, purpose, consent, sent and bytes. Consent is looked up and the line is written in one transaction.
 * TAEL_DENIED: that consent is off. A ledger that is only read can't log, so nothing may leave. */
TAEL_API tael_status tael_ledger_disclose(tael_ledger *ledger, const tael_disclosure *disclosure);

/* All lines, newest first; non-zero stops. Texts are valid during the call. */
typedef int tael_disclosure_fn(const tael_disclosure *disclosure, void *user);
TAEL_API tael_status tael_ledger_disclosures(tael_ledger *ledger, tael_disclosure_fn *each, void *user);

/* Compute the log's digests anew. *broken: the first line that was changed, or whose line before is gone; 0: none.
 * *lines: how many were looked at. That the newest lines are missing can't be told from the log alone. */
TAEL_API tael_status tael_ledger_verify_disclosures(tael_ledger *ledger, uint64_t *lines, int64_t *broken);

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
