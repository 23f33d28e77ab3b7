// SPDX-License-Identifier: Apache-2.0
/* A window into the records, for whoever shows a long list piece by piece. */
#ifndef TAEL__LEDGER_PAGE_H
#define TAEL__LEDGER_PAGE_H

#include <tael/ledger.h>

/* tael_ledger_records without the `offset` newest. *total counts those as well. */
tael_status tael__ledger_records_from(tael_ledger *ledger, const tael_filter *filter, uint64_t offset, uint64_t limit,
                                      tael_record_fn *each, void *user, uint64_t *total);

#endif
