// SPDX-License-Identifier: Apache-2.0
/* What a report owns. */
#ifndef TAEL__LEDGER_REPORT_H
#define TAEL__LEDGER_REPORT_H

#include "ledger/internal.h"

/* Make *report ready: everything zero, and room to grow. Free it with tael_import_report_free, also after a failure. */
tael_status tael__report_open(tael_import_report *report);

#define TAEL__MAPPING_BYTES 2048

/* How the columns of a guessed table were read; the first one's, of a workbook with more. Copied. */
void tael__report_mapping(tael_import_report *report, const char *mapping);

/* A row that was skipped; beyond TAEL__MAX_SKIPPED_SHOWN they are only counted (rows - imported - duplicates). */
tael_status tael__report_skip(tael_import_report *report, uint32_t sheet, uint32_t line, const char *reason);

/* Room for one more bill; *out is zeroed and stays the report's. Its name is copied. */
tael_status tael__report_add_bill(tael_import_report *report, const char *name, tael_import_bill **out);

/* How that bill ended: takes the sentence of this thread, and adds its rows to the report's. */
tael_status tael__report_end_bill(tael_import_report *report, tael_import_bill *bill, tael_status status);

#endif
