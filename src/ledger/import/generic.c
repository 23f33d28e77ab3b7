// SPDX-License-Identifier: Apache-2.0
// Any table with a day, an amount and a text, when no importer knows it: columns are guessed from common names in
// Chinese and English. The report shows the guess, since it may be wrong.
//
// What isn't guessed: the order of day and month (the survey finds it or the import fails), and which way money went. A
// column of words or two columns of amounts say it, else the sign; amounts without any minus are all spending.
#include <string.h>

#include "ledger/import/importer.h"

static const char *generic_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text;
    tael_direction direction = TAEL_ANY_DIRECTION;
    tael__bank bank = {.card = "", .style = TAEL__AMOUNT_SIGNED, .order = cells->facts->order};
    if (text[TAEL__COL_IN][0] || text[TAEL__COL_OUT][0])
        bank.style = TAEL__AMOUNT_COLUMNS;
    else if (cells->facts->directions)
        bank.style = TAEL__AMOUNT_BY_WORD;
    else if (cells->facts->sign == TAEL__PLUS_IS_SPENDING ||
             (cells->facts->sign == TAEL__SIGN_OPEN && !cells->facts->negatives))
        bank.style = TAEL__SPENDING_SIGNED;
    bool back = strcmp(text[TAEL__COL_DIRECTION], "退款") == 0;
    /* A direction of neither kind isn't for the sign to decide. */
    tael__read_direction(&direction, text[TAEL__COL_DIRECTION]);
    if (back || tael__says_neutral(text[TAEL__COL_DIRECTION])) direction = TAEL_NEUTRAL;
    if (bank.style == TAEL__AMOUNT_BY_WORD && direction == TAEL_NEUTRAL) bank.style = TAEL__AMOUNT_SIGNED;
    tael__cells own = *cells;
    if (text[TAEL__COL_CLOCK] == text[TAEL__COL_TIME]) own.text[TAEL__COL_CLOCK] = ""; /* 交易时间 alone is both */
    const char *reason = tael__bank_row(&own, row, &bank);
    if (reason) return reason;
    if (direction == TAEL_NEUTRAL) {
        row->direction = TAEL_NEUTRAL;
        row->kind = back ? TAEL__REFUND : TAEL__PLAIN;
    }
    if (text[TAEL__COL_METHOD][0]) row->method = text[TAEL__COL_METHOD];
    row->status = text[TAEL__COL_STATUS];
    row->external_id = tael__not_dash(text[TAEL__COL_ID]);
    if (row->external_id[0]) row->identity = TAEL__ID_OF_ORDER; /* a number whose meaning isn't known */
    if (!row->made_method[0]) row->key_type = cells->facts->layout;
    return NULL;
}

static bool fits(const int at[TAEL__COLUMN_COUNT])
{
    bool amount = at[TAEL__COL_MINOR] >= 0 || (at[TAEL__COL_IN] >= 0 && at[TAEL__COL_OUT] >= 0);
    bool text =
        at[TAEL__COL_MERCHANT] >= 0 || at[TAEL__COL_ITEM] >= 0 || at[TAEL__COL_TYPE] >= 0 || at[TAEL__COL_NOTE] >= 0;
    return at[TAEL__COL_TIME] >= 0 && amount && text;
}

/* The better name first: the day of the purchase before that of its booking. */
static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易日期"},
    {TAEL__COL_TIME, "交易日"},
    {TAEL__COL_TIME, "消费日期"},
    {TAEL__COL_TIME, "发生日期"},
    {TAEL__COL_TIME, "日期"},
    {TAEL__COL_TIME, "账单日期"},
    {TAEL__COL_TIME, "交易时间"},
    {TAEL__COL_TIME, "时间"},
    {TAEL__COL_TIME, "记账日期"},
    {TAEL__COL_TIME, "入账日期"},
    {TAEL__COL_TIME, "Transaction Date"},
    {TAEL__COL_TIME, "Trans Date"},
    {TAEL__COL_TIME, "Date"},
    {TAEL__COL_TIME, "Time"},
    {TAEL__COL_TIME, "Posting Date"},
    {TAEL__COL_TIME, "Post Date"},
    {TAEL__COL_TIME, "Date Posted"},
    {TAEL__COL_TIME, "Booking Date"},
    {TAEL__COL_TIME, "Completed Date"},
    {TAEL__COL_CLOCK, "交易时间"},
    {TAEL__COL_CLOCK, "时间"},
    {TAEL__COL_CLOCK, "Time"},
    {TAEL__COL_MINOR, "交易金额"},
    {TAEL__COL_MINOR, "金额"},
    {TAEL__COL_MINOR, "金额(元)"},
    {TAEL__COL_MINOR, "交易金额(元)"},
    {TAEL__COL_MINOR, "人民币金额"},
    {TAEL__COL_MINOR, "入账金额"},
    {TAEL__COL_MINOR, "发生额"},
    {TAEL__COL_MINOR, "Amount"},
    {TAEL__COL_MINOR, "Transaction Amount"},
    {TAEL__COL_MINOR, "Billing Amount"},
    {TAEL__COL_MINOR, "Value"},
    {TAEL__COL_IN, "收入"},
    {TAEL__COL_IN, "收入金额"},
    {TAEL__COL_IN, "存入"},
    {TAEL__COL_IN, "存入金额"},
    {TAEL__COL_IN, "贷方发生额"},
    {TAEL__COL_IN, "贷方金额"},
    {TAEL__COL_IN, "转入金额"},
    {TAEL__COL_IN, "Credit"},
    {TAEL__COL_IN, "Credit Amount"},
    {TAEL__COL_IN, "Deposit"},
    {TAEL__COL_IN, "Deposits"},
    {TAEL__COL_IN, "Paid In"},
    {TAEL__COL_IN, "Money In"},
    {TAEL__COL_IN, "Inflow"},
    {TAEL__COL_IN, "Income"},
    {TAEL__COL_OUT, "支出"},
    {TAEL__COL_OUT, "支出金额"},
    {TAEL__COL_OUT, "取出金额"},
    {TAEL__COL_OUT, "支取金额"},
    {TAEL__COL_OUT, "借方发生额"},
    {TAEL__COL_OUT, "借方金额"},
    {TAEL__COL_OUT, "转出金额"},
    {TAEL__COL_OUT, "Debit"},
    {TAEL__COL_OUT, "Debit Amount"},
    {TAEL__COL_OUT, "Withdrawal"},
    {TAEL__COL_OUT, "Withdrawals"},
    {TAEL__COL_OUT, "Paid Out"},
    {TAEL__COL_OUT, "Money Out"},
    {TAEL__COL_OUT, "Outflow"},
    {TAEL__COL_OUT, "Expense"},
    {TAEL__COL_DIRECTION, "收/支"},
    {TAEL__COL_DIRECTION, "收支"},
    {TAEL__COL_DIRECTION, "收支类型"},
    {TAEL__COL_DIRECTION, "收支标志"},
    {TAEL__COL_DIRECTION, "借贷"},
    {TAEL__COL_DIRECTION, "借贷标志"},
    {TAEL__COL_DIRECTION, "借贷标记"},
    {TAEL__COL_DIRECTION, "借贷方向"},
    {TAEL__COL_DIRECTION, "Debit/Credit"},
    {TAEL__COL_DIRECTION, "Credit/Debit"},
    {TAEL__COL_DIRECTION, "DR/CR"},
    {TAEL__COL_DIRECTION, "CR/DR"},
    {TAEL__COL_CURRENCY, "币种"},
    {TAEL__COL_CURRENCY, "货币"},
    {TAEL__COL_CURRENCY, "交易币种"},
    {TAEL__COL_CURRENCY, "币别"},
    {TAEL__COL_CURRENCY, "Currency"},
    {TAEL__COL_MERCHANT, "交易对方"},
    {TAEL__COL_MERCHANT, "对方户名"},
    {TAEL__COL_MERCHANT, "对方名称"},
    {TAEL__COL_MERCHANT, "对方"},
    {TAEL__COL_MERCHANT, "商户名称"},
    {TAEL__COL_MERCHANT, "商户"},
    {TAEL__COL_MERCHANT, "商家"},
    {TAEL__COL_MERCHANT, "收款人"},
    {TAEL__COL_MERCHANT, "交易对手名称"},
    {TAEL__COL_MERCHANT, "Merchant"},
    {TAEL__COL_MERCHANT, "Merchant Name"},
    {TAEL__COL_MERCHANT, "Payee"},
    {TAEL__COL_MERCHANT, "Counterparty"},
    {TAEL__COL_MERCHANT, "Name"},
    {TAEL__COL_ITEM, "商品说明"},
    {TAEL__COL_ITEM, "商品"},
    {TAEL__COL_ITEM, "交易描述"},
    {TAEL__COL_ITEM, "交易说明"},
    {TAEL__COL_ITEM, "交易摘要"},
    {TAEL__COL_ITEM, "摘要"},
    {TAEL__COL_ITEM, "交易地点"},
    {TAEL__COL_ITEM, "交易场所"},
    {TAEL__COL_ITEM, "说明"},
    {TAEL__COL_ITEM, "二级分类"},
    {TAEL__COL_ITEM, "子分类"},
    {TAEL__COL_ITEM, "子类"},
    {TAEL__COL_ITEM, "Description"},
    {TAEL__COL_ITEM, "Details"},
    {TAEL__COL_ITEM, "Narrative"},
    {TAEL__COL_TYPE, "交易类型"},
    {TAEL__COL_TYPE, "类型"},
    {TAEL__COL_TYPE, "Type"},
    {TAEL__COL_TYPE, "Transaction Type"},
    {TAEL__COL_CATEGORY, "交易分类"},
    {TAEL__COL_CATEGORY, "分类"},
    {TAEL__COL_CATEGORY, "类别"},
    {TAEL__COL_CATEGORY, "一级分类"},
    {TAEL__COL_CATEGORY, "Category"},
    {TAEL__COL_METHOD, "支付方式"},
    {TAEL__COL_METHOD, "付款方式"},
    {TAEL__COL_METHOD, "收/付款方式"},
    {TAEL__COL_METHOD, "账户"},
    {TAEL__COL_METHOD, "账户1"},
    {TAEL__COL_METHOD, "收支账户"},
    {TAEL__COL_METHOD, "支付账户"},
    {TAEL__COL_METHOD, "资产账户"},
    {TAEL__COL_METHOD, "Account"},
    {TAEL__COL_METHOD, "Payment Method"},
    {TAEL__COL_CARD, "卡号"},
    {TAEL__COL_CARD, "卡号后四位"},
    {TAEL__COL_CARD, "卡号末四位"},
    {TAEL__COL_CARD, "Card Number"},
    {TAEL__COL_STATUS, "交易状态"},
    {TAEL__COL_STATUS, "状态"},
    {TAEL__COL_STATUS, "Status"},
    {TAEL__COL_ID, "交易流水号"},
    {TAEL__COL_ID, "流水号"},
    {TAEL__COL_ID, "交易单号"},
    {TAEL__COL_ID, "交易订单号"},
    {TAEL__COL_ID, "Transaction ID"},
    {TAEL__COL_NOTE, "备注"},
    {TAEL__COL_NOTE, "附言"},
    {TAEL__COL_NOTE, "交易附言"},
    {TAEL__COL_NOTE, "Memo"},
    {TAEL__COL_NOTE, "Note"},
    {TAEL__COL_NOTE, "Notes"},
};

const tael__importer tael__importer_generic = {
    .name = "generic",
    .what = "any CSV with a date, an amount and a text (通用 CSV)",
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .next_row = generic_row,
    .fits = fits,
    .open_dates = true,
    .guessed = true,
};
