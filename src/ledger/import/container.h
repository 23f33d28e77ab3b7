// SPDX-License-Identifier: Apache-2.0
/* The bills in a zip, each with a transaction and a report of its own. */
#ifndef TAEL__LEDGER_IMPORT_CONTAINER_H
#define TAEL__LEDGER_IMPORT_CONTAINER_H

#include "ledger/import/archive.h"
#include "ledger/internal.h"

/* Every .csv, .txt and .xlsx of the archive; `options` whole and checked. Returns the first failure. One that lies in a
 * bill ends that bill; what would meet the next one as well (no memory, a wrong password, the owner's wish) ends all.
 */
tael_status tael__import_zip(tael_ledger *ledger, tael__archive *archive, const tael_import_options *options,
                             tael_import_report *report);

#endif
