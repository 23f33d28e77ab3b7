// SPDX-License-Identifier: Apache-2.0
// Alipay's CSV exports. The app's (2021 on: the columns' order and the preamble changed in 2023 and 2025, the names did
// not) and the older one of the web page, with 16 columns.
//
// The trap: a purchase that was wholly refunded reads 支出 + 交易关闭, and another row, 退款成功, brings the money
// back; an order that was never paid is 交易关闭 too, but without direction (app: 不计收支) and without a payment
// method (app) or a state of funds (web).
#include <string.h>

#include "ledger/import/importer.h"

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

static bool closed(const char *status)
{
    return is(status, "交易关闭") || is(status, "已关闭");
}

/* The money of a sold or refunded investment isn't a refund of shopping. */
static bool is_refund(const tael__bill_row *row)
{
    if (!is(row->status, "退款成功") || row->direction == TAEL_EXPENSE) return false;
    return !is(row->category, "投资理财") && !tael__ends_with(row->item, "-买入");
}

static void settle(tael__bill_row *row, bool moved)
{
    if (is_refund(row))
        row->kind = TAEL__REFUND;
    else if (tael__unpaid(row->status)) /* 等待确认收货 and its like have left the account */
        row->kind = TAEL__NEVER_PAID;
    else if (closed(row->status))
        row->kind = row->direction == TAEL_EXPENSE && moved ? TAEL__PAID_CLOSED : TAEL__NEVER_PAID;
    if (row->kind == TAEL__REFUND || row->kind == TAEL__NEVER_PAID) row->direction = TAEL_NEUTRAL;
}

static const char *app_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = tael__read_common(cells, row);
    if (reason) return reason;
    if (!tael__read_direction(&row->direction, cells->text[TAEL__COL_DIRECTION])) return tael__reason_direction();
    settle(row, row->method[0] != '\0');
    return NULL;
}

static const char *web_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = tael__read_common(cells, row), *funds = cells->text[TAEL__COL_FUNDS];
    const char *stated = cells->text[TAEL__COL_REFUNDED];
    if (reason) return reason;
    row->direction = TAEL_NEUTRAL;
    if (cells->text[TAEL__COL_DIRECTION][0] && !tael__read_direction(&row->direction, cells->text[TAEL__COL_DIRECTION]))
        return tael__reason_direction();
    if (stated[0] && !tael__parse_money(&row->stated_minor, stated))
        return TAEL_SAY("refunded (成功退款): not a number with at most two decimals",
                        "成功退款：不是最多两位小数的数字");
    settle(row, funds[0] != '\0');
    if (is(funds, "待支出") || is(funds, "待收入")) {
        row->kind = TAEL__NEVER_PAID;
        row->direction = TAEL_NEUTRAL;
    }
    return NULL;
}

static const tael__column_name app_columns[] = {
    {TAEL__COL_TIME, "交易时间", true},     {TAEL__COL_DIRECTION, "收/支", true},
    {TAEL__COL_MINOR, "金额", true},        {TAEL__COL_MERCHANT, "交易对方", true},
    {TAEL__COL_ITEM, "商品说明", true},     {TAEL__COL_METHOD, "收/付款方式", true},
    {TAEL__COL_STATUS, "交易状态", true},   {TAEL__COL_ID, "交易订单号", true},
    {TAEL__COL_ORDER, "商家订单号", false}, {TAEL__COL_CATEGORY, "交易分类", false},
    {TAEL__COL_ACCOUNT, "对方账号", false}, {TAEL__COL_NOTE, "备注", false},
};

static const tael__column_name web_columns[] = {
    {TAEL__COL_ID, "交易号", true},         {TAEL__COL_ORDER, "商家订单号", true},
    {TAEL__COL_TIME, "交易创建时间", true}, {TAEL__COL_TYPE, "类型", false},
    {TAEL__COL_MERCHANT, "交易对方", true}, {TAEL__COL_ITEM, "商品名称", true},
    {TAEL__COL_MINOR, "金额(元)", true},    {TAEL__COL_DIRECTION, "收/支", true},
    {TAEL__COL_STATUS, "交易状态", true},   {TAEL__COL_REFUNDED, "成功退款(元)", false},
    {TAEL__COL_NOTE, "备注", false},        {TAEL__COL_FUNDS, "资金状态", true},
};

/* Both write the source "alipay", so that a purchase that stands in exports of both kinds is one row. */
const tael__importer tael__importer_alipay = {"alipay", "Alipay CSV (支付宝)", app_columns,
                                              sizeof app_columns / sizeof *app_columns, app_row};
const tael__importer tael__importer_alipay_web = {"alipay", "Alipay CSV of the web page until 2021 (支付宝网页版)",
                                                  web_columns, sizeof web_columns / sizeof *web_columns, web_row};
