// SPDX-License-Identifier: Apache-2.0
// ICBC (工商银行), credit and debit cards. 记账金额 is in the account's currency; 交易金额 may be in another, or "-".
// The debit bill got 交易详情 and 对方账户 in 2024; both may be absent.
#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "工商银行信用卡", .credit = true, .style = TAEL__AMOUNT_COLUMNS};
    return tael__bank_row(cells, row, &bank);
}

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "工商银行储蓄卡", .style = TAEL__AMOUNT_COLUMNS};
    return tael__bank_row(cells, row, &bank);
}

/* 钞/汇 stands in the debit bill only, so that one is asked first. */
static const tael__column_name debit_columns[] = {
    {TAEL__COL_TIME, "交易日期", true},      {TAEL__COL_TYPE, "摘要", true},
    {TAEL__COL_ITEM, "交易场所", true},      {TAEL__COL_STATUS, "钞/汇", true},
    {TAEL__COL_IN, "记账金额(收入)", true},  {TAEL__COL_OUT, "记账金额(支出)", true},
    {TAEL__COL_CURRENCY, "记账币种", false}, {TAEL__COL_BALANCE, "余额", false},
    {TAEL__COL_MERCHANT, "对方户名", false}, {TAEL__COL_ACCOUNT, "对方账户", false},
    {TAEL__COL_NOTE, "交易详情", false},
};

static const tael__column_name credit_columns[] = {
    {TAEL__COL_TIME, "交易日期", true},      {TAEL__COL_BOOKED, "记账日期", true},
    {TAEL__COL_TYPE, "摘要", true},          {TAEL__COL_ITEM, "交易场所", true},
    {TAEL__COL_IN, "记账金额(收入)", true},  {TAEL__COL_OUT, "记账金额(支出)", true},
    {TAEL__COL_CURRENCY, "记账币种", false}, {TAEL__COL_BALANCE, "余额", false},
    {TAEL__COL_MERCHANT, "对方户名", false},
};

/* Rows end in a comma, the header doesn't. */
const tael__importer tael__importer_icbc_debit = {
    .name = "icbc_debit",
    .what = "ICBC (工商银行)",
    .columns = debit_columns,
    .column_count = sizeof debit_columns / sizeof *debit_columns,
    .next_row = debit_row,
    .spare = 1,
};
const tael__importer tael__importer_icbc_credit = {
    .name = "icbc_credit",
    .what = "ICBC (工商银行)",
    .columns = credit_columns,
    .column_count = sizeof credit_columns / sizeof *credit_columns,
    .next_row = credit_row,
    .spare = 1,
};
