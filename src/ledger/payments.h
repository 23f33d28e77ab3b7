// SPDX-License-Identifier: Apache-2.0
/* Records as habits want them: all of a long ledger, few columns, quickly. */
#ifndef TAEL__LEDGER_PAYMENTS_H
#define TAEL__LEDGER_PAYMENTS_H

#include "ledger/internal.h"

typedef struct tael__ledger_payment {
    int64_t id, time_ms, minor, refunded_minor;
    int32_t day; /* local, since 1970-01-01 */
    int32_t offset_minutes;
    tael_direction direction;
    bool refund;
    /* All rows with one label share brand and category, and the item unless it is the row's own. Labels are numbered
     * from 0, so that an array can keep what was made of their texts. SIZE_MAX: none yet, all texts are its own. */
    size_t label;
    const char *brand, *item; /* until the callback returns */
    int32_t category_id;
    bool own_item;
} tael__ledger_payment;

/* Non-zero stops. */
typedef int tael__ledger_payment_fn(const tael__ledger_payment *payment, void *user);

/* The counted records in `currency` up to `last_day`, newest first. Read from an index and the labels: a record whose
 * item no other one has costs a look into the table. */
tael_status tael__ledger_payments(tael_ledger *ledger, int64_t last_day, const char *currency,
                                  tael__ledger_payment_fn *each, void *user);

#endif
