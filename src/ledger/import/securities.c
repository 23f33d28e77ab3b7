// SPDX-License-Identifier: Apache-2.0
// Brokers' statements: Haitong (海通证券, XLSX) and Huaxi (华西证券, text with TABs named .xls). What is bought stays
// the owner's, so trades and moves to and from the bank are neutral, at their value without fees. Fees are spending, a
// row of their own; dividends and interest are income.
#include <string.h>

#include "ledger/import/importer.h"

static bool holds(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strstr(text, words[i])) return true;
    return false;
}

/* 红利入账, 股息入账, 利息归本: what a share or the balance earned; 红利税补缴 is a tax on it. */
static void settle(tael__bill_row *row, bool came)
{
    static const char *const earned[] = {"红利", "股息", "利息", "派息"}, *const taxed[] = {"税"};
    bool earns = holds(row->type, earned, sizeof earned / sizeof *earned);
    bool tax = holds(row->type, taxed, sizeof taxed / sizeof *taxed);
    row->kind = TAEL__PLAIN;
    row->direction = tax && !came ? TAEL_EXPENSE : earns && came && !tax ? TAEL_INCOME : TAEL_NEUTRAL;
}

static const char *read_fees(const tael__cells *cells, tael__bill_row *row)
{
    static const tael__column fees[] = {TAEL__COL_FEE, TAEL__COL_FUNDS, TAEL__COL_REFUNDED, TAEL__COL_OTHER};
    for (size_t i = 0; i < sizeof fees / sizeof *fees; i++) {
        tael__amount fee;
        if (!tael__parse_amount(&fee, cells->text[fees[i]]) || fee.negative)
            return TAEL_SAY("fee: not a number with at most two decimals", "费用：不是最多两位小数的数字");
        row->fee_minor += fee.minor;
    }
    return NULL;
}

/* TAEL__COL_MINOR is the trade's value, TAEL__COL_IN what the account gained or lost by it. */
static const char *trade_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text;
    tael__amount value, moved;
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES, .identity = TAEL__ID_NONE, .key_type = ""};
    if (!tael__parse_moment(&row->time_ms, text[TAEL__COL_TIME], text[TAEL__COL_CLOCK], TAEL__YEAR_FIRST))
        return TAEL_SAY("date: not a day, or its clock isn't one", "日期：不是日期，或时刻无法读出");
    if (!tael__parse_amount(&value, text[TAEL__COL_MINOR]) || !tael__parse_amount(&moved, text[TAEL__COL_IN]))
        return tael__reason_amount();
    if (!tael__parse_currency(row->currency, text[TAEL__COL_CURRENCY]))
        return TAEL_SAY("currency: unknown, or not counted in hundredths", "币种：不认识，或其最小单位不是百分之一");
    row->minor = value.minor ? value.minor : moved.minor;
    row->type = text[TAEL__COL_TYPE];
    row->merchant = text[TAEL__COL_MERCHANT];
    row->item = text[TAEL__COL_ITEM][0] ? text[TAEL__COL_ITEM] : row->type;
    row->method = row->made_method;
    row->account = text[TAEL__COL_ACCOUNT];
    row->category = row->status = row->merchant_order = "";
    row->external_id = text[TAEL__COL_ID];
    row->note = "";
    settle(row, !moved.negative);
    return read_fees(cells, row);
}

static const char *htsec_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = trade_row(cells, row);
    row->method = "海通证券";
    return reason;
}

static const char *hxsec_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = trade_row(cells, row);
    row->method = "华西证券";
    return reason;
}

static const tael__column_name htsec_columns[] = {
    {TAEL__COL_ITEM, "证券代码", true},     {TAEL__COL_MERCHANT, "证券名称", true}, {TAEL__COL_TIME, "成交日期", true},
    {TAEL__COL_CLOCK, "成交时间", true},    {TAEL__COL_MINOR, "成交金额", true},    {TAEL__COL_IN, "发生金额", true},
    {TAEL__COL_TYPE, "操作", true},         {TAEL__COL_FEE, "手续费", true},        {TAEL__COL_FUNDS, "印花税", true},
    {TAEL__COL_REFUNDED, "过户费", true},   {TAEL__COL_OTHER, "其他费", false},     {TAEL__COL_ID, "成交号", false},
    {TAEL__COL_ACCOUNT, "股东账号", false},
};

static const tael__column_name hxsec_columns[] = {
    {TAEL__COL_TIME, "交收日期", true}, {TAEL__COL_CLOCK, "成交时间", true},    {TAEL__COL_TYPE, "业务名称", true},
    {TAEL__COL_ITEM, "证券代码", true}, {TAEL__COL_MERCHANT, "证券名称", true}, {TAEL__COL_MINOR, "成交金额", true},
    {TAEL__COL_FEE, "总费用", true},    {TAEL__COL_IN, "清算金额", true},       {TAEL__COL_CURRENCY, "币种", false},
    {TAEL__COL_ID, "成交编号", false},  {TAEL__COL_ACCOUNT, "股东代码", false},
};

const tael__importer tael__importer_htsec = {"htsec", "Haitong Securities (海通证券)", htsec_columns,
                                             sizeof htsec_columns / sizeof *htsec_columns, htsec_row};
const tael__importer tael__importer_hxsec = {"hxsec", "Huaxi Securities (华西证券)", hxsec_columns,
                                             sizeof hxsec_columns / sizeof *hxsec_columns, hxsec_row};
