// SPDX-License-Identifier: Apache-2.0
// Import a bill, each record with its category, and sum them up: categories HOME BILL.csv. HOME is a folder; the ledger
// and its key are made in it.
#include <inttypes.h>
#include <stdio.h>

#include <tael/tael.h>

static int print_group(const tael_group_row *row, void *user)
{
    (void)user;
    printf("%-24s %10" PRId64 ".%02d  %" PRId64 "\n", row->key, row->minor / 100, (int)(row->minor % 100), row->count);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s HOME BILL.csv\n", argv[0]), 2;
    tael_ledger *ledger = NULL;
    tael_categorizer *categorizer = NULL;
    tael_import_report report = {.rows = 0};
    tael_import_options options = {.size = sizeof options, .categorize = tael_categorizer_category};
    tael_query query = {.size = sizeof query,
                        .group = TAEL_BY_SUBCATEGORY,
                        .order = TAEL_ORDER_VALUE_DOWN,
                        .category_name = tael_category_name};

    tael_status status = tael_ledger_open(&ledger, argv[1], NULL);
    if (status == TAEL_OK) status = tael_categorizer_open(&categorizer, ledger);
    options.categorize_user = categorizer;
    if (status == TAEL_OK) status = tael_ledger_import(ledger, argv[2], &options, &report);
    query.filter.size = sizeof query.filter;
    if (status == TAEL_OK) status = tael_ledger_query(ledger, &query, print_group, NULL);
    if (status != TAEL_OK) fprintf(stderr, "%s\n", tael_error());

    tael_import_report_free(&report);
    tael_categorizer_close(categorizer);
    tael_ledger_close(ledger);
    return status != TAEL_OK;
}
