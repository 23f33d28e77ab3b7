// SPDX-License-Identifier: Apache-2.0
/* The parts of the habits: every field for programs, or a name and a sentence for people. */
#ifndef TAEL__DOCUMENT_HABITS_H
#define TAEL__DOCUMENT_HABITS_H

#include "document/document.h"

typedef struct tael__habits_writer {
    json_t *json, *rows; /* the document, and the array of the part at hand; NULL: `line` is called */
    void (*line)(const struct tael__habits_writer *w, const char *name, const char *sentence);
    uint64_t count, left, limit;
    int32_t days;
    const char *kind; /* of what comes next: "merchant", "category" or "item"; NULL: all */
    char currency[8];
    bool indent;
} tael__habits_writer;

/* In the order in which they are shown. */
typedef enum tael__habits_part {
    TAEL__HABITS_RECURRING,
    TAEL__HABITS_NEXT,
    TAEL__HABITS_FORECAST,
    TAEL__HABITS_UNUSUAL,
    TAEL__HABITS_PARTS
} tael__habits_part;

/* Its name, in commands and in documents. */
const char *tael__habits_name(tael__habits_part part);
/* The part of a name; TAEL__HABITS_PARTS when there is none, or the name is NULL. */
tael__habits_part tael__habits_named(const char *name);
tael_status tael__habits_write(tael__habits_writer *w, tael_habits *habits, tael__habits_part part);

/* Each merchant and category that is left out, into `rows`. */
tael_status tael__habits_left_out_json(tael_ledger *ledger, json_t *rows);
/* today, first_day, last_day, currency, records and merchants into `object`. */
void tael__habits_summary_json(const tael_habits *habits, json_t *object);
/* All of it, as `tael habits show --json` has it. `today` as tael_habits_open wants it. */
tael_status tael__habits_json(tael_ledger *ledger, const char *today, json_t **out);

#endif
