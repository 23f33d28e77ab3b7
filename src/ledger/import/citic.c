// SPDX-License-Identifier: Apache-2.0
// CITIC (中信银行), credit card: the columns of its sheet. Spending is positive; the card's last digits are a number,
// so leading zeros are lost.
#include <stdio.h>
#include <string.h>

#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "中信银行信用卡", .credit = true, .style = TAEL__SPENDING_SIGNED};
    tael__cells padded = *cells;
    char tail[8];
    const char *card = cells->text[TAEL__COL_CARD];
    size_t n = strspn(card, "0123456789");
    if (n > 0 && n < 4 && card[n] == '\0') {
        snprintf(tail, sizeof tail, "%s%.3s", &"000"[n - 1], card);
        padded.text[TAEL__COL_CARD] = tail;
    }
    return tael__bank_row(&padded, row, &bank);
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易日期", true}, {TAEL__COL_BOOKED, "入账日期", true},   {TAEL__COL_ITEM, "交易描述", true},
    {TAEL__COL_CARD, "卡末四位", true}, {TAEL__COL_CURRENCY, "结算币种", true}, {TAEL__COL_MINOR, "结算金额", true},
};

const tael__importer tael__importer_citic_credit = {"citic_credit", "CITIC (中信银行)", columns,
                                                    sizeof columns / sizeof *columns, credit_row};
