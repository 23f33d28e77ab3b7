// SPDX-License-Identifier: Apache-2.0
// JD's CSV export, of 2024 and of 2025: the columns' order differs, their names don't.
//
// The trap: a purchase reads 131.77(已退款89.84) and its refunds are rows too. Both are kept, the sum in the brackets
// as what the purchase states, and joined by the order number, which all of them share; so nothing is subtracted twice.
// A purchase that came back wholly is 不计收支, though it was paid.
#include <string.h>

#include "ledger/import/importer.h"

/* "131.77(已退款89.84)", "468.32(已全额退款)", "10.20"; brackets of either width. */
static bool read_amount(tael__bill_row *row, const char *text)
{
    static const char whole[] = "已全额退款", part[] = "已退款";
    char sum[64];
    size_t before = strcspn(text, "(");
    const char *wide = strstr(text, "（");
    if (wide && (size_t)(wide - text) < before) before = (size_t)(wide - text);
    if (before >= sizeof sum) return false;
    memcpy(sum, text, before);
    sum[before] = '\0';
    if (!tael__parse_money(&row->minor, sum)) return false;
    text += before;
    if (*text == '\0') return true;
    text += *text == '(' ? 1 : strlen("（");
    size_t n = strcspn(text, ")");
    wide = strstr(text, "）");
    if (wide && (size_t)(wide - text) < n) n = (size_t)(wide - text);
    if (n == strlen(whole) && memcmp(text, whole, n) == 0) {
        row->stated_minor = row->minor;
        return true;
    }
    if (!tael__starts_with(text, part) || n < strlen(part) || n - strlen(part) >= sizeof sum) return false;
    memcpy(sum, text + strlen(part), n - strlen(part));
    sum[n - strlen(part)] = '\0';
    return tael__parse_money(&row->stated_minor, sum) && row->stated_minor <= row->minor;
}

static const char *read_texts(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text;
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES, .key_type = "", .type = ""};
    if (!tael__parse_time(&row->time_ms, text[TAEL__COL_TIME]))
        return TAEL_SAY("time (交易时间): not a date with a clock", "交易时间：不是带时刻的日期");
    if (!read_amount(row, text[TAEL__COL_MINOR])) return tael__reason_amount();
    /* A comma that nobody quoted has moved the cells when a word stands where a number should. */
    for (const char *c = text[TAEL__COL_ID]; *c; c++)
        if ((unsigned char)*c >= 0x80) return TAEL_SAY("order (交易订单号): not a number", "交易订单号：不是编号");
    row->merchant = strcmp(text[TAEL__COL_MERCHANT], "null") == 0 ? "" : text[TAEL__COL_MERCHANT];
    row->item = text[TAEL__COL_ITEM];
    row->category = text[TAEL__COL_CATEGORY];
    row->method = text[TAEL__COL_METHOD];
    row->status = text[TAEL__COL_STATUS];
    row->external_id = tael__not_slash(text[TAEL__COL_ID]);
    row->merchant_order = tael__not_slash(text[TAEL__COL_ORDER]);
    row->note = tael__not_slash(text[TAEL__COL_NOTE]);
    row->account = "";
    row->identity = TAEL__ID_OF_ORDER;
    return NULL;
}

/* 先享后付 promises to pay: the charge comes as a row of its own, or never. */
static bool promised(const tael__bill_row *row)
{
    return strcmp(row->method, "先享后付") == 0 && row->direction != TAEL_EXPENSE;
}

static const char *jd_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *reason = read_texts(cells, row);
    if (reason) return reason;
    if (!tael__read_direction(&row->direction, cells->text[TAEL__COL_DIRECTION])) return tael__reason_direction();
    bool refund = row->direction != TAEL_EXPENSE &&
                  (tael__starts_with(row->item, "退款-") || strcmp(row->status, "退款成功") == 0);
    if (promised(row) || tael__unpaid(row->status)) {
        row->kind = TAEL__NEVER_PAID;
        row->stated_minor = 0;
    } else if (refund) {
        row->kind = TAEL__REFUND;
        row->stated_minor = 0;
    } else if (row->stated_minor > 0) {
        row->direction = TAEL_EXPENSE;
    } else if (strstr(row->item, "白条") && strstr(row->item, "还款")) {
        row->direction = TAEL_NEUTRAL;
    }
    if (row->kind != TAEL__PLAIN) row->direction = TAEL_NEUTRAL;
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "交易时间", true},      {TAEL__COL_MERCHANT, "商户名称", true},
    {TAEL__COL_ITEM, "交易说明", true},      {TAEL__COL_MINOR, "金额", true},
    {TAEL__COL_METHOD, "收/付款方式", true}, {TAEL__COL_STATUS, "交易状态", true},
    {TAEL__COL_DIRECTION, "收/支", true},    {TAEL__COL_ID, "交易订单号", true},
    {TAEL__COL_ORDER, "商家订单号", false},  {TAEL__COL_CATEGORY, "交易分类", false},
    {TAEL__COL_NOTE, "备注", false},
};

/* Rows of 2025 end in a comma, their header doesn't. */
const tael__importer tael__importer_jd = {
    .name = "jd",
    .what = "JD (京东)",
    .columns = columns,
    .column_count = sizeof columns / sizeof *columns,
    .next_row = jd_row,
    .spare = 1,
};
