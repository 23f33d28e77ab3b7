// SPDX-License-Identifier: Apache-2.0
/* Tael's own export, read back. */
#ifndef TAEL__LEDGER_RESTORE_H
#define TAEL__LEDGER_RESTORE_H

#include "ledger/internal.h"

#define TAEL__EXPORT_HEAD   "id,time,direction,minor"
#define TAEL__CONSENTS_HEAD "kind,allowed,changed_ms"

/* Whether data is one of an export's CSV files. */
bool tael__restore_like(const char *data, size_t bytes);

/* Its rows into the ledger, inside the caller's transaction; *report is ready. Numbers are given anew, refunds are
 * joined by the caller; rows that the ledger has stay as they are there. Of consents only a no is taken: what may leave
 * the device is for the owner to say again, not for a file. *settle: the caller must settle all rows. */
tael_status tael__restore(tael_ledger *ledger, const char *name, const char *data, size_t bytes,
                          tael_import_report *report, bool *settle);

/* An export's folder: its CSV files, each as a bill of the report. */
tael_status tael__restore_folder(tael_ledger *ledger, const char *path, const tael_import_options *options,
                                 tael_import_report *report);

/* The files `names` of the folder as a new zip. */
tael_status tael__export_zip(const char *folder, const char *const *names, size_t count, const char *path);

#endif
