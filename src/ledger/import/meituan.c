// SPDX-License-Identifier: Apache-2.0
// Meituan's CSV (2025). What was really paid is 实付金额, not 订单金额.
//
// The traps: refunds are marked 收入, and paying back 美团月付 is marked 支出, though the purchases were counted when
// they were made. A refund shares no number with its purchase: refunds.c joins them by title and sum.
#include <string.h>

#include "ledger/import/importer.h"

/* "喜茶（北京大兴万科广场店） 订单详情" is an order at a shop; other titles name what was bought. */
static const char *shop_of(const tael__cells *cells, const char *title)
{
    static const char end[] = " 订单详情";
    size_t n = strlen(title);
    if (!tael__ends_with(title, end)) return "美团";
    memcpy(cells->scratch, title, n - strlen(end));
    cells->scratch[n - strlen(end)] = '\0';
    return cells->scratch;
}

static const char *meituan_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = tael__read_common(cells, row);
    if (reason) return reason;
    if (!tael__read_direction(&row->direction, cells->text[TAEL__COL_DIRECTION])) return tael__reason_direction();
    row->merchant = shop_of(cells, row->item);
    row->key_type = row->type;
    if (strcmp(row->type, "退款") == 0)
        row->kind = TAEL__REFUND;
    else if (tael__unpaid(row->status))
        row->kind = TAEL__NEVER_PAID;
    if (row->kind != TAEL__PLAIN || strcmp(row->type, "还款") == 0 || strcmp(row->type, "充值") == 0 ||
        strcmp(row->type, "提现") == 0)
        row->direction = TAEL_NEUTRAL;
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易创建时间", true}, {TAEL__COL_TYPE, "交易类型", true},   {TAEL__COL_ITEM, "订单标题", true},
    {TAEL__COL_DIRECTION, "收/支", true},   {TAEL__COL_METHOD, "支付方式", true}, {TAEL__COL_MINOR, "实付金额", true},
    {TAEL__COL_ID, "交易单号", true},       {TAEL__COL_ORDER, "商家单号", false}, {TAEL__COL_NOTE, "备注", false},
};

const tael__importer tael__importer_meituan = {
    .name = "meituan",
    .what = "Meituan (美团)",
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .next_row = meituan_row,
};
