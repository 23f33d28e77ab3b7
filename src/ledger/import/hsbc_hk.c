// SPDX-License-Identifier: Apache-2.0
// HSBC Hong Kong, credit card and account. Days are DD/MM/YYYY, and every row names its currency: one card may have
// rows in HKD and in CNY, which are never added.
#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "HSBC HK credit card",
                                    .currency = "HKD",
                                    .credit = true,
                                    .style = TAEL__AMOUNT_SIGNED,
                                    .order = TAEL__DAY_FIRST};
    return tael__bank_row(cells, row, &bank);
}

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {
        .card = "HSBC HK account", .currency = "HKD", .style = TAEL__AMOUNT_SIGNED, .order = TAEL__DAY_FIRST};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name credit_columns[] = {
    {TAEL__COL_TIME, "Transaction date", true},      {TAEL__COL_BOOKED, "Post date", true},
    {TAEL__COL_ITEM, "Description", true},           {TAEL__COL_MINOR, "Billing amount", true},
    {TAEL__COL_CURRENCY, "Billing currency", true},  {TAEL__COL_MERCHANT, "Merchant name", false},
    {TAEL__COL_STATUS, "Transaction status", false},
};

static const tael__column_name debit_columns[] = {
    {TAEL__COL_TIME, "Date", true},
    {TAEL__COL_ITEM, "Description", true},
    {TAEL__COL_MINOR, "Billing amount", true},
    {TAEL__COL_CURRENCY, "Billing currency", true},
    {TAEL__COL_BALANCE, "Balance", true},
    {TAEL__COL_FUNDS, "Balance currency", true},
};

const tael__importer tael__importer_hsbc_hk_credit = {"hsbc_hk_credit", "HSBC HK (汇丰香港)", credit_columns,
                                                      sizeof credit_columns / sizeof *credit_columns, credit_row};
const tael__importer tael__importer_hsbc_hk_debit = {"hsbc_hk_debit", "HSBC HK (汇丰香港)", debit_columns,
                                                     sizeof debit_columns / sizeof *debit_columns, debit_row};
