// SPDX-License-Identifier: Apache-2.0
// What came of a bill: its rows, and each that was skipped with its line and reason.
#include <stdio.h>

#include "base/limits.h"
#include "document/document.h"

static json_t *skipped_json(const tael_skipped_row *row)
{
    json_t *json = json_pack("{s:I,s:o}", "line", (json_int_t)row->line, "reason", tael__json_text(row->reason));
    if (row->sheet && json) json_object_set_new(json, "sheet", json_integer((json_int_t)row->sheet));
    return json;
}

json_t *tael__bill_json(const char *file, const tael_import_report *report, const char *error)
{
    json_t *skipped = json_array();
    for (size_t n = 0; n < report->skipped_count; n++)
        json_array_append_new(skipped, skipped_json(&report->skipped[n]));
    json_t *json = json_pack("{s:o,s:o,s:I,s:I,s:I,s:o,s:o}", "file", tael__json_text(file), "format",
                             report->format[0] ? tael__json_text(report->format) : json_null(), "rows",
                             (json_int_t)report->rows, "imported", (json_int_t)report->imported, "duplicates",
                             (json_int_t)report->duplicates, "skipped", skipped, "error", tael__json_text(error));
    bool guessed = report->mapping && report->mapping[0];
    if (guessed) json_object_set_new(json, "mapping", tael__json_text(report->mapping));
    if (guessed) json_object_set_new(json, "guessed", json_boolean(!report->mapped));
    if (report->replaced) json_object_set_new(json, "replaced", json_integer((json_int_t)report->replaced));
    return json;
}

void tael__bills_tell(const char *file, const tael_import_report *report, tael_status status, tael__bill_fn *each,
                      void *user)
{
    bool told = report->bill_count > 0 && status == TAEL_OK;
    for (size_t n = 0; n < report->bill_count; n++) {
        const tael_import_bill *bill = &report->bills[n];
        char name[2 * TAEL__MAX_PATH_BYTES];
        snprintf(name, sizeof name, "%s/%s", file, bill->name);
        each(name, &bill->report, bill->status, bill->status == TAEL_OK ? NULL : bill->error, user);
        told |= bill->status != TAEL_OK;
    }
    if (!told) each(file, report, status, status == TAEL_OK ? NULL : tael_error(), user);
}
