// SPDX-License-Identifier: Apache-2.0
// BMO (Canada), credit card and account, in CAD. The credit card's spending is positive. `20230511`, and the number of
// the card between apostrophes.
#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {
        .card = "BMO credit card", .currency = "CAD", .credit = true, .style = TAEL__SPENDING_SIGNED};
    return tael__bank_row(cells, row, &bank);
}

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "BMO account", .currency = "CAD", .style = TAEL__AMOUNT_SIGNED};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name credit_columns[] = {
    {TAEL__COL_FUNDS, "Item #", true},
    {TAEL__COL_CARD, "Card #", true},
    {TAEL__COL_TIME, "Transaction Date", true},
    {TAEL__COL_BOOKED, "Posting Date", true},
    {TAEL__COL_MINOR, "Transaction Amount", true},
    {TAEL__COL_ITEM, "Description", true},
};

static const tael__column_name debit_columns[] = {
    {TAEL__COL_CARD, "First Bank Card", true}, {TAEL__COL_TYPE, "Transaction Type", true},
    {TAEL__COL_TIME, "Date Posted", true},     {TAEL__COL_MINOR, "Transaction Amount", true},
    {TAEL__COL_ITEM, "Description", true},
};

const tael__importer tael__importer_bmo_credit = {"bmo_credit", "BMO", credit_columns,
                                                  sizeof credit_columns / sizeof *credit_columns, credit_row};
const tael__importer tael__importer_bmo_debit = {"bmo_debit", "BMO", debit_columns,
                                                 sizeof debit_columns / sizeof *debit_columns, debit_row};
