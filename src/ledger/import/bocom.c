// SPDX-License-Identifier: Apache-2.0
// BoCom (交通银行), credit and debit cards. The credit card's amounts have no sign and their currency before them
// (`CNY 123.18`, `CNY13.50`): the text begins with what it is, 消费, 退货 or 信用卡还款.
#include <string.h>

#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "交通银行信用卡", .credit = true, .style = TAEL__AMOUNT_SIGNED};
    static const char *const comes[] = {"退货", "退款", "信用卡还款", "还款", "存入", "利息"};
    tael__cells parted = *cells;
    const char *whole = cells->text[TAEL__COL_ITEM];
    size_t kind = strcspn(whole, " ");
    if (whole[kind]) { /* "消费 美团": what it is, and where */
        memcpy(cells->scratch, whole, kind);
        cells->scratch[kind] = '\0';
        parted.text[TAEL__COL_TYPE] = cells->scratch;
        parted.text[TAEL__COL_MERCHANT] = whole + kind + strspn(whole + kind, " ");
    }
    const char *reason = tael__bank_row(&parted, row, &bank);
    if (reason) return reason;
    bool in = false;
    for (size_t i = 0; i < sizeof comes / sizeof *comes; i++) in |= tael__starts_with(whole, comes[i]);
    tael__bank_settle(row, &bank, in);
    return NULL;
}

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "交通银行储蓄卡", .style = TAEL__AMOUNT_BY_WORD};
    return tael__bank_row(cells, row, &bank);
}

/* What is booked is in the card's currency; what was paid abroad may not be. */
static const tael__column_name credit_columns[] = {
    {TAEL__COL_TIME, "交易日期", true},       {TAEL__COL_BOOKED, "记账日期", true},
    {TAEL__COL_ITEM, "交易说明", true},       {TAEL__COL_FUNDS, "交易币种/金额", true},
    {TAEL__COL_MINOR, "入账币种/金额", true},
};

static const tael__column_name debit_columns[] = {
    {TAEL__COL_TIME, "交易日期", true},  {TAEL__COL_CLOCK, "交易时间", true},    {TAEL__COL_TYPE, "交易类型", true},
    {TAEL__COL_DIRECTION, "借贷", true}, {TAEL__COL_MINOR, "交易金额", true},    {TAEL__COL_MERCHANT, "对方户名", true},
    {TAEL__COL_BALANCE, "余额", false},  {TAEL__COL_ACCOUNT, "对方账号", false}, {TAEL__COL_ITEM, "交易地点", false},
    {TAEL__COL_NOTE, "摘要", false},
};

const tael__importer tael__importer_bocom_credit = {"bocom_credit", "BoCom (交通银行)", credit_columns,
                                                    sizeof credit_columns / sizeof *credit_columns, credit_row};
const tael__importer tael__importer_bocom_debit = {"bocom_debit", "BoCom (交通银行)", debit_columns,
                                                   sizeof debit_columns / sizeof *debit_columns, debit_row};
