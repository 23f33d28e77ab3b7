// SPDX-License-Identifier: Apache-2.0
// BOC (中国银行), credit and debit cards, as converters make them from the bank's PDF.
//
// The trap: what comes to the credit card has no word for its kind. A shop's text ends in its country (网银在线CHN): a
// refund. A person's name doesn't: a repayment.
#include <string.h>

#include "ledger/import/importer.h"

static bool ends_in_country(const char *text)
{
    static const char *const countries[] = {"CHN", "HKG", "MAC", "TWN", "JPN", "KOR", "SGP", "THA", "MYS", "USA",
                                            "CAN", "GBR", "IRL", "LUX", "NLD", "DEU", "FRA", "CHE", "AUS", "NZL"};
    for (size_t i = 0; i < sizeof countries / sizeof *countries; i++)
        if (strlen(text) > 3 && tael__ends_with(text, countries[i])) return true;
    return false;
}

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "中国银行信用卡", .credit = true, .style = TAEL__AMOUNT_COLUMNS};
    tael__cells parted = *cells;
    const char *whole = cells->text[TAEL__COL_ITEM];
    bool shop = ends_in_country(whole);
    if (shop) {
        memcpy(cells->scratch, whole, strlen(whole) - 3);
        cells->scratch[strlen(whole) - 3] = '\0';
        parted.text[TAEL__COL_MERCHANT] = cells->scratch;
    }
    const char *reason = tael__bank_row(&parted, row, &bank);
    if (reason) return reason;
    if (row->kind == TAEL__REFUND && !shop && !row->note[0]) row->kind = TAEL__PLAIN; /* neutral: a repayment */
    return NULL;
}

static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "中国银行储蓄卡", .style = TAEL__AMOUNT_SIGNED};
    return tael__bank_row(cells, row, &bank);
}

static const tael__column_name credit_columns[] = {
    {TAEL__COL_TIME, "交易日", true},    {TAEL__COL_BOOKED, "银行记账日", true}, {TAEL__COL_CARD, "卡号后四位", true},
    {TAEL__COL_ITEM, "交易描述", true},  {TAEL__COL_IN, "存入", true},           {TAEL__COL_OUT, "支出", true},
    {TAEL__COL_CURRENCY, "币种", false},
};

static const tael__column_name debit_columns[] = {
    {TAEL__COL_TIME, "记账日期", true}, {TAEL__COL_CLOCK, "记账时间", true},
    {TAEL__COL_MINOR, "金额", true},    {TAEL__COL_TYPE, "交易名称", true},
    {TAEL__COL_NOTE, "附言", true},     {TAEL__COL_MERCHANT, "对方账户名", true},
    {TAEL__COL_CARD, "借记卡号", true}, {TAEL__COL_CURRENCY, "币别", false},
    {TAEL__COL_BALANCE, "余额", false}, {TAEL__COL_ACCOUNT, "对方卡号/账号", false},
};

const tael__importer tael__importer_boc_credit = {"boc_credit", "BOC (中国银行)", credit_columns,
                                                  sizeof credit_columns / sizeof *credit_columns, credit_row};
const tael__importer tael__importer_boc_debit = {"boc_debit", "BOC (中国银行)", debit_columns,
                                                 sizeof debit_columns / sizeof *debit_columns, debit_row};
