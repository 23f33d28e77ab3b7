// SPDX-License-Identifier: Apache-2.0
// CMB (招商银行), credit and debit cards.
//
// The trap: days of the credit card's statement are 01/05, and the year stands in its title only. A December in the
// statement of January is last year's. Spending is positive; 交易日 is blank for repayments.
#include <stdio.h>
#include <string.h>

#include "ledger/import/importer.h"

/* "12/29" of the statement of `facts`, as "2023-12-29". */
static bool with_year(char out[16], const char *text, const tael__facts *facts)
{
    size_t n = strspn(text, "0123456789");
    if (n < 1 || n > 2 || text[n] != '/') return false;
    int month = text[0] - '0';
    if (n == 2) month = month * 10 + text[1] - '0';
    const char *day = text + n + 1;
    size_t digits = strspn(day, "0123456789");
    if (facts->year == 0 || digits < 1 || digits > 2 || day[digits]) return false;
    int year = month > facts->month ? facts->year - 1 : facts->year;
    snprintf(out, 16, "%04u-%02u-%.2s", (unsigned)year % 10000, (unsigned)month % 100, day);
    return true;
}

static const char *credit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "招商银行信用卡", .credit = true, .style = TAEL__SPENDING_SIGNED};
    tael__cells dated = *cells;
    char day[16];
    const char *text = cells->text[cells->text[TAEL__COL_TIME][0] ? TAEL__COL_TIME : TAEL__COL_BOOKED];
    if (cells->facts->year == 0)
        return TAEL_SAY("date (交易日): it has no year, and no title such as 2024年01月 tells it",
                        "交易日：没有年份，账单标题（如 2024年01月）也缺失");
    if (with_year(day, text, cells->facts)) dated.text[TAEL__COL_TIME] = day;
    return tael__bank_row(&dated, row, &bank);
}

/* "国网电力有限公司99999999999999" is a name with the number of its account. */
static const char *debit_row(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__bank bank = {.card = "招商银行储蓄卡", .style = TAEL__AMOUNT_SIGNED};
    tael__cells parted = *cells;
    const char *whole = cells->text[TAEL__COL_MERCHANT];
    size_t n = strlen(whole), digits = 0;
    while (digits < n && whole[n - digits - 1] >= '0' && whole[n - digits - 1] <= '9') digits++;
    if (digits >= 6 && digits < n) {
        size_t name = n - digits;
        while (name > 0 && whole[name - 1] == ' ') name--;
        memcpy(cells->scratch, whole, name);
        cells->scratch[name] = '\0';
        parted.text[TAEL__COL_MERCHANT] = cells->scratch;
        parted.text[TAEL__COL_ACCOUNT] = whole + n - digits;
    }
    return tael__bank_row(&parted, row, &bank);
}

static const tael__column_name credit_columns[] = {
    {TAEL__COL_TIME, "交易日", true},      {TAEL__COL_BOOKED, "记账日", true},   {TAEL__COL_ITEM, "交易摘要", true},
    {TAEL__COL_MINOR, "人民币金额", true}, {TAEL__COL_CARD, "卡号末四位", true},
};

static const tael__column_name debit_columns[] = {
    {TAEL__COL_TIME, "记账日期", true},  {TAEL__COL_MINOR, "交易金额", true},    {TAEL__COL_BALANCE, "联机余额", true},
    {TAEL__COL_TYPE, "交易摘要", true},  {TAEL__COL_MERCHANT, "对手信息", true}, {TAEL__COL_CURRENCY, "货币", false},
    {TAEL__COL_NOTE, "客户摘要", false},
};

const tael__importer tael__importer_cmb_credit = {"cmb_credit", "CMB (招商银行)", credit_columns,
                                                  sizeof credit_columns / sizeof *credit_columns, credit_row};
const tael__importer tael__importer_cmb_debit = {"cmb_debit", "CMB (招商银行)", debit_columns,
                                                 sizeof debit_columns / sizeof *debit_columns, debit_row};
