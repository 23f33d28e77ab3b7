// SPDX-License-Identifier: Apache-2.0
// ABC (农业银行), debit card: `20240101`, `123456` or no clock, `+10000.00`. Rows may lack their last cells.
#include "ledger/import/importer.h"

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "农业银行储蓄卡", .style = TAEL__AMOUNT_SIGNED};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易日期", true},  {TAEL__COL_CLOCK, "交易时间", true},   {TAEL__COL_TYPE, "交易摘要", true},
    {TAEL__COL_MINOR, "交易金额", true}, {TAEL__COL_BALANCE, "本次余额", true}, {TAEL__COL_MERCHANT, "对手信息", true},
    {TAEL__COL_ORDER, "日志号", false},  {TAEL__COL_NOTE, "交易附言", false},
};

const tael__importer tael__importer_abc_debit = {"abc_debit", "ABC (农业银行)", columns,
                                                 sizeof columns / sizeof *columns, debit_row};
