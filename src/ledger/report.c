// SPDX-License-Identifier: Apache-2.0
// The report of an import: skipped rows one by one, and of a zip one report a bill.
#include "ledger/report.h"

#include <stdio.h>
#include <string.h>

typedef struct parts {
    tael_skipped_row *row;
    size_t rows, row_capacity;
    tael_import_bill *bill;
    size_t bills, bill_capacity;
    char mapping[TAEL__MAPPING_BYTES];
} parts;

tael_status tael__report_open(tael_import_report *report)
{
    *report = (tael_import_report){0};
    parts *p = report->internal = tael__alloc_zero(sizeof *p);
    if (!p) return tael__fail_memory("report", sizeof *p);
    report->mapping = p->mapping;
    return TAEL_OK;
}

void tael__report_mapping(tael_import_report *report, const char *mapping)
{
    parts *p = report->internal;
    if (!p->mapping[0]) snprintf(p->mapping, sizeof p->mapping, "%s", mapping);
}

tael_status tael__report_skip(tael_import_report *report, uint32_t sheet, uint32_t line, const char *reason)
{
    parts *p = report->internal;
    if (p->rows == TAEL__MAX_SKIPPED_SHOWN) return TAEL_OK;
    if (p->rows == p->row_capacity) {
        size_t capacity = p->row_capacity ? 2 * p->row_capacity : 16;
        tael_skipped_row *row = tael__realloc(p->row, capacity * sizeof *row);
        if (!row) return tael__fail_memory("report", capacity * sizeof *row);
        p->row = row;
        p->row_capacity = capacity;
    }
    p->row[p->rows++] = (tael_skipped_row){.line = line, .reason = reason, .sheet = sheet};
    report->skipped = p->row;
    report->skipped_count = p->rows;
    return TAEL_OK;
}

tael_status tael__report_add_bill(tael_import_report *report, const char *name, tael_import_bill **out)
{
    parts *p = report->internal;
    *out = NULL;
    if (p->bills == p->bill_capacity) { /* a zip's members are bounded, so this is */
        size_t capacity = p->bill_capacity ? 2 * p->bill_capacity : 4;
        tael_import_bill *bill = tael__realloc(p->bill, capacity * sizeof *bill);
        if (!bill) return tael__fail_memory("report", capacity * sizeof *bill);
        p->bill = bill;
        p->bill_capacity = capacity;
        report->bills = bill;
    }
    char *copy = tael__strdup(name);
    if (!copy) return tael__fail_memory("report", strlen(name) + 1);
    *out = &p->bill[p->bills++];
    **out = (tael_import_bill){.name = copy, .error = ""};
    report->bill_count = p->bills;
    return TAEL_OK;
}

tael_status tael__report_end_bill(tael_import_report *report, tael_import_bill *bill, tael_status status)
{
    bill->status = status;
    if (status == TAEL_OK) {
        if (!report->format[0]) {
            memcpy(report->format, bill->report.format, sizeof report->format);
            report->mapping = bill->report.mapping; /* lives as long */
        }
        report->rows += bill->report.rows;
        report->imported += bill->report.imported;
        report->duplicates += bill->report.duplicates;
        report->replaced += bill->report.replaced;
        report->mapped |= bill->report.mapped;
        return TAEL_OK;
    }
    char *sentence = tael__strdup(tael_error());
    if (sentence) bill->error = sentence;
    return status;
}

void tael_import_report_free(tael_import_report *report)
{
    if (!report) return;
    parts *p = report->internal;
    for (size_t i = 0; p && i < p->bills; i++) {
        tael__free((void *)(uintptr_t)p->bill[i].name);
        if (p->bill[i].error[0]) tael__free((void *)(uintptr_t)p->bill[i].error);
        tael_import_report_free(&p->bill[i].report); /* a bill has no bills */
    }
    if (p) {
        tael__free(p->row);
        tael__free(p->bill);
    }
    tael__free(p);
    *report = (tael_import_report){0};
}
