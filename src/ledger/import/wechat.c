// SPDX-License-Identifier: Apache-2.0
// WeChat Pay's CSV and, since 2025, XLSX (header on line 17, 18 since 2026). "/" means nothing, and as a direction:
// neutral.
//
// The trap: the row of a refund is an income row of type <merchant>-退款 that names its purchase nowhere. The
// purchase's own status says what came back, 已全额退款 or 已退款(¥x), with either yen sign, and keeps its full amount.
#include <string.h>

#include "ledger/import/importer.h"

static bool is(const char *text, const char *word)
{
    return strcmp(text, word) == 0;
}

/* What a status gives back of `minor`: "已退款(¥0.73)", "已退款￥0.73", "已全额退款", "对方已退还". False: unreadable.
 */
static bool stated_refund(int64_t *stated, const char *status, int64_t minor)
{
    char sum[64];
    static const char part[] = "已退款";
    *stated = 0;
    if (is(status, "已全额退款") || is(status, "对方已退还") || is(status, "已退还") || is(status, part)) {
        *stated = minor;
        return true;
    }
    if (!tael__starts_with(status, part)) return true;
    status += strlen(part);
    if (tael__starts_with(status, "("))
        status++;
    else if (tael__starts_with(status, "（"))
        status += strlen("（");
    size_t n = strcspn(status, ")");
    const char *wide = strstr(status, "）");
    if (wide && (size_t)(wide - status) < n) n = (size_t)(wide - status);
    if (n >= sizeof sum) return false;
    memcpy(sum, status, n);
    sum[n] = '\0';
    return tael__parse_money(stated, sum);
}

static const char *category_of(const char *type)
{
    static const char *const prefixes[] = {"微信红包", "转账", "群收款", "亲属卡", "赞赏码", "分分捐", "信用卡还款"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (tael__starts_with(type, prefixes[i])) return prefixes[i];
    return "";
}

static const char *wechat_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = tael__read_common(cells, row), *direction = cells->text[TAEL__COL_DIRECTION];
    if (reason) return reason;
    if (is(direction, "支出"))
        row->direction = TAEL_EXPENSE;
    else if (is(direction, "收入"))
        row->direction = TAEL_INCOME;
    else if (is(direction, "/") || is(direction, "中性交易"))
        row->direction = TAEL_NEUTRAL;
    else
        return tael__reason_direction();
    row->key_type = row->type;
    bool refund = row->direction == TAEL_INCOME && (tael__ends_with(row->type, "-退款") || is(row->type, "退款"));
    row->category = refund ? "退款" : category_of(row->type);
    if (refund) {
        row->kind = TAEL__REFUND;
        row->direction = TAEL_NEUTRAL;
    } else if (strstr(row->status, "失败")) {
        row->kind = TAEL__NEVER_PAID;
        row->direction = TAEL_NEUTRAL;
    } else if (!stated_refund(&row->stated_minor, row->status, row->minor)) {
        return TAEL_SAY("status (当前状态): the refunded amount can't be read", "当前状态：无法读出退款金额");
    }
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易时间", true},   {TAEL__COL_TYPE, "交易类型", true},   {TAEL__COL_MERCHANT, "交易对方", true},
    {TAEL__COL_ITEM, "商品", true},       {TAEL__COL_DIRECTION, "收/支", true}, {TAEL__COL_MINOR, "金额(元)", true},
    {TAEL__COL_METHOD, "支付方式", true}, {TAEL__COL_STATUS, "当前状态", true}, {TAEL__COL_ID, "交易单号", true},
    {TAEL__COL_ORDER, "商户单号", false}, {TAEL__COL_NOTE, "备注", false},
};

const tael__importer tael__importer_wechat = {"wechat", "WeChat Pay CSV and XLSX (微信支付)", columns,
                                              sizeof columns / sizeof *columns, wechat_row};
