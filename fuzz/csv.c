// SPDX-License-Identifier: Apache-2.0
// Any bytes as a bill. Besides "no crash": importing them twice adds nothing the second time, or fails both times
// alike; every row that was seen is imported, known or skipped; sums don't fail.
#include <stdlib.h>
#include <string.h>

#include "ledger/import/archive.h"
#include "ledger/import/biff.h"
#include "ledger/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int ignore_group(const tael_group_row *row, void *user)
{
    *(int64_t *)user += row->minor;
    return 0;
}

static void must(bool condition)
{
    if (!condition) abort();
}

static int64_t spent(tael_ledger *ledger)
{
    int64_t sum = 0;
    tael_query query = {.size = sizeof query, .group = TAEL_BY_MONTH};
    tael_status status = tael_ledger_query(ledger, &query, ignore_group, &sum);
    must(status == TAEL_OK);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael_ledger *ledger; /* opened once; each input starts with an empty one */
    tael_import_report first, second;
    const char *text = (const char *)data;
    if (size > 65536) return 0; /* 2,000 rows: a sum can't leave int64_t */
    if (tael__archive_like(text, size) || tael__biff_like(text, size))
        return 0; /* fuzz/xlsx.c opens those, and they may unpack to any number of rows */
    if (!ledger) must(tael__ledger_open_memory(&ledger) == TAEL_OK);
    tael_status status = tael__ledger_import_bytes(ledger, "fuzz", text, size, NULL, &first);
    must(status == TAEL_OK || status == TAEL_UNSUPPORTED || status == TAEL_BAD_INPUT);
    if (status == TAEL_OK)
        must(first.rows == first.imported + first.duplicates + first.skipped_count ||
             first.skipped_count == TAEL__MAX_SKIPPED_SHOWN);
    int64_t before = spent(ledger);
    must(tael__ledger_import_bytes(ledger, "fuzz", text, size, NULL, &second) == status);
    must(second.imported == 0 && second.rows == first.rows && second.skipped_count == first.skipped_count);
    must(spent(ledger) == before);
    tael_import_report_free(&first);
    tael_import_report_free(&second);
    must(tael__sql_exec(ledger, "DELETE FROM records; DELETE FROM imports", "fuzz") == TAEL_OK);
    return 0;
}
