// SPDX-License-Identifier: Apache-2.0
// CCB (建设银行), debit card: the CSV with signed amounts, and the columns of its sheet, which has two.
#include <string.h>

#include "ledger/import/importer.h"

/* "6217****1234/张三": a number and a name. */
static const char *csv_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "建设银行储蓄卡", .style = TAEL__AMOUNT_SIGNED};
    tael__cells parted = *cells;
    const char *whole = cells->text[TAEL__COL_MERCHANT];
    size_t number = strspn(whole, "0123456789*");
    if (number > 0 && whole[number] == '/') {
        memcpy(cells->scratch, whole, number);
        cells->scratch[number] = '\0';
        parted.text[TAEL__COL_ACCOUNT] = cells->scratch;
        parted.text[TAEL__COL_MERCHANT] = whole + number + 1;
    }
    return tael__bank_row(&parted, row, &bank);
}

static const char *sheet_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "建设银行储蓄卡", .style = TAEL__AMOUNT_COLUMNS};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name csv_columns[] = {
    {TAEL__COL_TYPE, "摘要", true},
    {TAEL__COL_CURRENCY, "币别", true},
    {TAEL__COL_TIME, "交易日期", true},
    {TAEL__COL_MINOR, "交易金额", true},
    {TAEL__COL_BALANCE, "账户余额", true},
    {TAEL__COL_ITEM, "交易地点/附言", true},
    {TAEL__COL_MERCHANT, "对方账号与户名", true},
};

static const tael__column_name sheet_columns[] = {
    {TAEL__COL_BOOKED, "记账日", true},     {TAEL__COL_TIME, "交易日期", true},
    {TAEL__COL_CLOCK, "交易时间", true},    {TAEL__COL_OUT, "支出", true},
    {TAEL__COL_IN, "收入", true},           {TAEL__COL_BALANCE, "账户余额", true},
    {TAEL__COL_TYPE, "摘要", true},         {TAEL__COL_CURRENCY, "币种", false},
    {TAEL__COL_ACCOUNT, "对方账号", false}, {TAEL__COL_MERCHANT, "对方户名", false},
    {TAEL__COL_ITEM, "交易地点", false},
};

const tael__importer tael__importer_ccb_debit = {"ccb_debit", "CCB (建设银行)", csv_columns,
                                                 sizeof csv_columns / sizeof *csv_columns, csv_row};
const tael__importer tael__importer_ccb_sheet = {"ccb_debit", "CCB (建设银行)", sheet_columns,
                                                 sizeof sheet_columns / sizeof *sheet_columns, sheet_row};
