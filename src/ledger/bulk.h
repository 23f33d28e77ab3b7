// SPDX-License-Identifier: Apache-2.0
/* The first large bill of a ledger: indexes are made once, at its end, instead of row by row. */
#ifndef TAEL__LEDGER_BULK_H
#define TAEL__LEDGER_BULK_H

#include "ledger/internal.h"

/* Inside the import's transaction, while there are no records. *made gets what tael__indexes_make needs; free it. */
tael_status tael__indexes_drop(tael_ledger *ledger, tael__buffer *made);

/* The indexes again, before anything looks for records. A failure must roll the transaction back, which brings the old
 * ones back too. */
tael_status tael__indexes_make(tael_ledger *ledger, const tael__buffer *made);

#endif
