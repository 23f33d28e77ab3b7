// SPDX-License-Identifier: Apache-2.0
/* What programs read: the JSON documents that the command prints with --json and the page's API answers with, each made
 * in one place so that they can't differ. Every function gives a new reference, or NULL when there is no memory. Words
 * in them are of this thread's language. */
#ifndef TAEL__DOCUMENT_H
#define TAEL__DOCUMENT_H

#include <jansson.h>
#include <tael/assistant.h>
#include <tael/habits.h>
#include <tael/ledger.h>
#include <tael/model.h>

#include "base/memory.h"

/* ---- Values (values.c) ---- */

/* A JSON string; bytes that are no UTF-8 become U+FFFD, so that it never fails on a file name. NULL is null. */
json_t *tael__json_text(const char *text);
json_t *tael__json_bytes(const char *text, size_t bytes);
json_t *tael__json_real(double value); /* not a number and infinity become null */
json_t *tael__json_ids(const int64_t *ids, size_t count);
json_t *tael__json_category(int32_t id); /* its name, or null */

/* ---- Records (record.c) ---- */

json_t *tael__record_json(const tael_record *record);
/* The category for people: of the tree, else the bill's own word. */
const char *tael__record_category(const tael_record *record);

/* ---- Which records, and sums of them (filter.c, spend.c) ---- */

/* A filter as it was written. NULL: not given; amounts 0: not given. */
typedef struct tael__filter_words {
    const char *from, *to, *month, *merchant, *category, *direction, *method, *text;
    int64_t min_minor, max_minor;
    const char *dash; /* what stands before a field's name in sentences: "--" on the command line, "" elsewhere */
} tael__filter_words;

/* What a filter borrows from: days made from `month`. Keep it as long as the filter. */
typedef struct tael__filter_days {
    char from[16], to[16];
} tael__filter_days;

/* TAEL_MISUSE: a month beside other days, bounds in the wrong order, or no such direction. */
tael_status tael__filter_read(const tael__filter_words *words, tael_filter *filter, tael__filter_days *days);

/* "month", "category", ...; TAEL_BY_NONE for NULL and for what is none. */
tael_group tael__group_named(const char *name);
/* Groups as `each` sees them: time in its order, names by size. `q` has no group yet. */
tael_status tael__spend_groups(tael_ledger *ledger, tael_query *q, tael_group group, tael_group_fn *each, void *user);
/* The total of `q`, which has no group, and its groups. */
tael_status tael__spend_json(tael_ledger *ledger, tael_query *q, tael_group group, json_t **out);

/* ---- The rest; habits.h has the habits ---- */

/* What came of a file, bill by bill (import.c): of a zip each bill in it, with its name behind the file's; and the file
 * itself where there is nothing else to tell. `error` NULL when it went in. `status` is what the import returned. */
typedef void tael__bill_fn(const char *name, const tael_import_report *report, tael_status status, const char *error,
                           void *user);
void tael__bills_tell(const char *file, const tael_import_report *report, tael_status status, tael__bill_fn *each,
                      void *user);
/* One bill; `error` NULL when it went in (import.c). */
json_t *tael__bill_json(const char *file, const tael_import_report *report, const char *error);
json_t *tael__answer_json(const tael_answer *answer, const char *model, double load_seconds, double total_seconds);
/* The name of what was pulled: its file's, without folder and ".gguf". 208 bytes are enough. */
void tael__pulled_name(char *name, size_t cap, const tael_pull_result *result);
json_t *tael__pulled_json(const tael_pull_result *result);
json_t *tael__catalogue_entry_json(const tael_catalogue_entry *entry);
tael_status tael__consents_json(tael_ledger *ledger, json_t **out);
json_t *tael__disclosure_json(const tael_disclosure *disclosure);
tael_status tael__categories_json(tael_ledger *ledger, json_t **out);

#endif
