// SPDX-License-Identifier: Apache-2.0
// CGB (广发银行), credit card. Spending is positive; the text says in brackets what it is: （消费）示例商户A. An
// instalment, （分期）, is spending in the month that bills it.
#include <string.h>

#include "ledger/import/importer.h"

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "广发银行信用卡", .credit = true, .style = TAEL__SPENDING_SIGNED};
    static const char open[] = "（", close[] = "）";
    tael__cells parted = *cells;
    const char *whole = cells->text[TAEL__COL_ITEM], *end = strstr(whole, close);
    if (tael__starts_with(whole, open) && end) {
        size_t n = (size_t)(end - whole) - strlen(open);
        memcpy(cells->scratch, whole + strlen(open), n);
        cells->scratch[n] = '\0';
        parted.text[TAEL__COL_TYPE] = cells->scratch;
        parted.text[TAEL__COL_MERCHANT] = end + strlen(close);
    }
    return tael__bank_row(&parted, row, &bank);
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易日期", true},  {TAEL__COL_BOOKED, "入账日期", true},   {TAEL__COL_ITEM, "交易摘要", true},
    {TAEL__COL_MINOR, "入账金额", true}, {TAEL__COL_CURRENCY, "入账货币", true},
};

const tael__importer tael__importer_cgb_credit = {"cgb_credit", "CGB (广发银行)", columns,
                                                  sizeof columns / sizeof *columns, credit_row};
