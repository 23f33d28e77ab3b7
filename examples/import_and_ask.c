// SPDX-License-Identifier: Apache-2.0
// Import a bill and ask about it: import_and_ask MODEL.gguf HOME BILL.csv "上个月花了多少钱". HOME is a folder that
// exists; the ledger and its key are made in it.
#include <inttypes.h>
#include <stdio.h>

#include <tael/tael.h>

static void print_answer(const tael_answer *answer)
{
    puts(answer->text);
    for (size_t i = 0; i < answer->figure_count; i++) {
        const tael_figure *f = &answer->figures[i];
        if (f->is_money)
            printf("  %s: %" PRId64 " %s minor units, from %zu records (%s)\n", f->name, f->minor, f->currency,
                   f->record_count, f->query);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) return fprintf(stderr, "usage: %s MODEL.gguf HOME BILL.csv QUESTION\n", argv[0]), 2;
    tael_model *model = NULL;
    tael_ledger *ledger = NULL;
    tael_import_report report = {.rows = 0};
    tael_answer answer = {0};

    tael_status status = tael_ledger_open(&ledger, argv[2], NULL);
    if (status == TAEL_OK) status = tael_ledger_import(ledger, argv[3], NULL, &report);
    if (status == TAEL_OK)
        printf("%s: %" PRIu64 " new, %" PRIu64 " known already\n", report.format, report.imported, report.duplicates);
    if (status == TAEL_OK) status = tael_model_open(&model, argv[1]);
    if (status == TAEL_OK) status = tael_ask(model, ledger, argv[4], NULL, &answer);
    if (status == TAEL_OK)
        print_answer(&answer);
    else
        fprintf(stderr, "%s\n", tael_error());

    tael_answer_free(&answer);
    tael_import_report_free(&report);
    tael_model_close(model);
    tael_ledger_close(ledger);
    return status != TAEL_OK;
}
