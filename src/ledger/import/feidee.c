// SPDX-License-Identifier: Apache-2.0
// Feidee (随手记), a book of its owner's own: a sheet for each kind of entry. Spending and income count; moves between
// accounts and corrections of balances are neutral. An amount below zero takes back: spending a refund of that day,
// income what was given back, which is money that went.
#include <stdio.h>
#include <string.h>

#include "ledger/import/importer.h"

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

static const char *settle(tael__bill_row *row, const char *type, bool negative)
{
    static const char *const moves[] = {"转账", "余额变更", "负债变更", "债权变更", "借入", "借出",      "收债",
                                        "还债", "代付",     "报销",     "退款转入", "投资", "信用卡还款"};
    row->direction = TAEL_NEUTRAL;
    row->kind = TAEL__PLAIN;
    if (strcmp(type, "支出") == 0) {
        if (negative)
            row->kind = TAEL__REFUND;
        else
            row->direction = TAEL_EXPENSE;
    } else if (strcmp(type, "收入") == 0) {
        row->direction = negative ? TAEL_EXPENSE : TAEL_INCOME;
    } else if (strcmp(type, "退款") == 0) {
        row->kind = TAEL__REFUND;
    } else if (!is_one_of(type, moves, sizeof moves / sizeof *moves)) {
        return TAEL_SAY("type (交易类型): a word that Tael doesn't know", "交易类型：不认识的内容");
    }
    return NULL;
}

static const char *feidee_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text;
    tael__amount amount;
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES, .identity = TAEL__ID_NONE};
    if (!tael__parse_moment(&row->time_ms, text[TAEL__COL_TIME], "", TAEL__YEAR_FIRST))
        return TAEL_SAY("date: not a day, or its clock isn't one", "日期：不是日期，或时刻无法读出");
    if (!tael__parse_amount(&amount, text[TAEL__COL_MINOR]) || !amount.given) return tael__reason_amount();
    if (!tael__parse_currency(row->currency, text[TAEL__COL_CURRENCY]))
        return TAEL_SAY("currency: unknown, or not counted in hundredths", "币种：不认识，或其最小单位不是百分之一");
    row->minor = amount.minor;
    row->merchant = text[TAEL__COL_MERCHANT];
    row->item = text[TAEL__COL_ITEM];
    row->category = text[TAEL__COL_CATEGORY];
    row->type = text[TAEL__COL_TYPE];
    row->method = text[TAEL__COL_METHOD];
    row->account = text[TAEL__COL_ACCOUNT];
    row->note = text[TAEL__COL_NOTE];
    row->status = row->external_id = row->merchant_order = "";
    snprintf(cells->scratch, TAEL__MAX_FIELD_BYTES + 1, "%s\n%s\n%s", row->category, row->method, row->account);
    row->key_type = cells->scratch;
    return settle(row, row->type, amount.negative);
}

/* The member (成员) tells it from tables that anybody might make. */
static const tael__column_name columns[] = {
    {TAEL__COL_TYPE, "交易类型", true},  {TAEL__COL_TIME, "日期", true},     {TAEL__COL_MINOR, "金额", true},
    {TAEL__COL_OTHER, "成员", true},     {TAEL__COL_MERCHANT, "商家", true}, {TAEL__COL_NOTE, "备注", true},
    {TAEL__COL_CATEGORY, "分类", false}, {TAEL__COL_CATEGORY, "一级分类"},   {TAEL__COL_ITEM, "子分类"},
    {TAEL__COL_ITEM, "二级分类"},        {TAEL__COL_METHOD, "账户1"},        {TAEL__COL_METHOD, "支出账户"},
    {TAEL__COL_METHOD, "收入账户"},      {TAEL__COL_METHOD, "转出账户"},     {TAEL__COL_ACCOUNT, "账户2"},
    {TAEL__COL_ACCOUNT, "转入账户"},     {TAEL__COL_CURRENCY, "账户币种"},
};

const tael__importer tael__importer_feidee = {"feidee", "Feidee (随手记)", columns, sizeof columns / sizeof *columns,
                                              feidee_row};
