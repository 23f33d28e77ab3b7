// SPDX-License-Identifier: Apache-2.0
/* What a service needs of the ledger beside its public calls: lists piece by piece, bills as bytes, past imports. */
#ifndef TAEL__LEDGER_SERVICE_H
#define TAEL__LEDGER_SERVICE_H

#include <tael/ledger.h>

/* tael_ledger_records without the `offset` newest. *total counts those as well. */
tael_status tael__ledger_records_from(tael_ledger *ledger, const tael_filter *filter, uint64_t offset, uint64_t limit,
                                      tael_record_fn *each, void *user, uint64_t *total);

/* The bill or the zip of bills in data[0..bytes), as tael_ledger_import does it for a file. `name` stands in sentences.
 */
tael_status tael__ledger_import_bytes(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                                      const tael_import_options *options, tael_import_report *report);

/* When bills were read, newest first; non-zero stops. */
typedef struct tael__past_import {
    int64_t id, time_ms, rows, added;
    int64_t left;       /* of the records that it brought: counted now; 0 of imports before it was noted */
    bool sample;        /* as in tael_import_options */
    const char *format; /* valid during the call */
} tael__past_import;
typedef int tael__past_import_fn(const tael__past_import *import, void *user);
tael_status tael__ledger_imports(tael_ledger *ledger, tael__past_import_fn *each, void *user);

/* Take back the records that an import brought; what it only changed stays. A record that a later bill shows as well
 * goes too, and comes back with that bill. TAEL_NOT_FOUND: there is no such import. */
tael_status tael__ledger_undo_import(tael_ledger *ledger, int64_t id, uint64_t *gone);

/* Is a record of a made-up bill there? */
tael_status tael__ledger_has_sample(tael_ledger *ledger, bool *has);
/* Take back all imports of made-up bills; the second, inside the caller's transaction. */
tael_status tael__ledger_undo_samples(tael_ledger *ledger, uint64_t *gone);
tael_status tael__ledger_drop_samples(tael_ledger *ledger, uint64_t *gone);

#endif
