// SPDX-License-Identifier: Apache-2.0
// Huobi (火币), trades of coins. A trade is a neutral move, counted in the coin that it was paid in where that follows
// the dollar: USDT is a currency of its own here and is added to no other. Its amounts have eight decimals and are
// rounded to hundredths, which no sum of spending holds; the note keeps the fee as it stands.
#include <stdio.h>
#include <string.h>

#include "ledger/import/importer.h"

/* A decimal number at *text as hundredths, half up; *text is left behind it. */
static bool parse_rounded(int64_t *minor, const char **text)
{
    char plain[32];
    size_t whole = strspn(*text, "0123456789"), n = whole, kept = whole;
    if (whole == 0 || whole > 13) return false;
    if ((*text)[whole] == '.') {
        size_t decimals = strspn(*text + whole + 1, "0123456789");
        n += 1 + decimals;
        kept += 1 + (decimals < 2 ? decimals : 2);
        if (decimals == 0) return false;
    }
    memcpy(plain, *text, kept);
    plain[kept] = '\0';
    bool up = n > kept && (*text)[kept] >= '5';
    *text += n;
    if (!tael__parse_money(minor, plain)) return false;
    *minor += up;
    return true;
}

/* "BTC/USDT": the coin behind the slash, when it is one that is counted as dollars are. */
static bool parse_coin(char currency[8], const char *pair)
{
    static const char *const coins[] = {"USDT", "USDC", "HUSD", "BUSD", "TUSD", "USDD"};
    const char *slash = strchr(pair, '/');
    for (size_t i = 0; slash && i < sizeof coins / sizeof *coins; i++)
        if (strcmp(slash + 1, coins[i]) == 0) {
            memcpy(currency, coins[i], strlen(coins[i]) + 1);
            return true;
        }
    return false;
}

static const char *huobi_row(const tael__cells *cells, tael__bill_row *row)
{
    const char *const *text = cells->text, *value = text[TAEL__COL_MINOR], *fee = text[TAEL__COL_FEE];
    int64_t fee_minor = 0;
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES,
                            .identity = TAEL__ID_NONE,
                            .direction = TAEL_NEUTRAL,
                            .kind = TAEL__PLAIN};
    if (!tael__parse_time(&row->time_ms, text[TAEL__COL_TIME]))
        return TAEL_SAY("time: not a date with a clock", "时间：不是带时刻的日期");
    if (!parse_coin(row->currency, text[TAEL__COL_ITEM]))
        return TAEL_SAY("pair: paid in a coin that has no hundredths", "交易对：计价币种没有“分”");
    if (!parse_rounded(&row->minor, &value) || *value) return TAEL_SAY("value: not a number", "成交额：不是数字");
    if (!parse_rounded(&fee_minor, &fee)) return TAEL_SAY("fee: not a number", "手续费：不是数字");
    if (strcmp(fee, row->currency) == 0) row->fee_minor = fee_minor; /* else in the coin that was bought */
    row->merchant = "火币";
    row->item = text[TAEL__COL_ITEM];
    row->type = text[TAEL__COL_DIRECTION];
    row->category = text[TAEL__COL_TYPE];
    row->method = row->status = row->external_id = row->merchant_order = row->account = "";
    snprintf(cells->scratch, TAEL__MAX_FIELD_BYTES + 1, "手续费 %s", text[TAEL__COL_FEE]);
    row->note = cells->scratch;
    row->key_type = text[TAEL__COL_OTHER]; /* how many */
    return NULL;
}

static const tael__column_name columns[] = {
    {TAEL__COL_TIME, "时间", true},      {TAEL__COL_TYPE, "交易类型", true}, {TAEL__COL_ITEM, "交易对", true},
    {TAEL__COL_DIRECTION, "方向", true}, {TAEL__COL_MINOR, "成交额", true},  {TAEL__COL_OTHER, "数量", true},
    {TAEL__COL_FEE, "手续费", true},
};

const tael__importer tael__importer_huobi = {.name = "huobi",
                                             .what = "Huobi (火币)",
                                             .columns = columns,
                                             .column_count = sizeof columns / sizeof *columns,
                                             .next_row = huobi_row,
                                             .spare = 1};
