// SPDX-License-Identifier: Apache-2.0
// SPDB (浦发银行), debit card: the columns of its sheet, `2025/12/03  14:06:51` with two blanks.
#include "ledger/import/importer.h"

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "浦发银行储蓄卡", .style = TAEL__AMOUNT_COLUMNS};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易日期", true},         {TAEL__COL_TYPE, "交易类型", true},
    {TAEL__COL_IN, "存入金额", true},           {TAEL__COL_OUT, "取出金额", true},
    {TAEL__COL_MERCHANT, "交易对手名称", true}, {TAEL__COL_BALANCE, "余额", false},
    {TAEL__COL_ACCOUNT, "交易对手账号", false}, {TAEL__COL_NOTE, "附言", false},
};

const tael__importer tael__importer_spdb_debit = {"spdb_debit", "SPDB (浦发银行)", columns,
                                                  sizeof columns / sizeof *columns, debit_row};
