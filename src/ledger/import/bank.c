// SPDX-License-Identifier: Apache-2.0
// What banks' rows share. A bank names no order and no kind: what a row means is told by the words in it, and where no
// word tells, by its sign. The lists below are short on purpose: a word that is only likely would hide spending.
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "ledger/import/importer.h"

#define COUNT(list) (sizeof list / sizeof *list)

/* Whether any of the row's texts holds one of the words. */
static bool says(const tael__bill_row *row, const char *const *words, size_t count)
{
    const char *const texts[] = {row->type, row->item, row->note, row->merchant};
    for (size_t i = 0; i < COUNT(texts); i++)
        for (size_t w = 0; w < count; w++)
            if (strcasestr(texts[i], words[w])) return true;
    return false;
}

/* 基金 is a fund that one buys, but not in 公积金 (no such word in it) nor in 基金会, a charity. */
static bool says_fund(const tael__bill_row *row)
{
    static const char *const fund[] = {"基金"}, *const charity[] = {"基金会"};
    return says(row, fund, COUNT(fund)) && !says(row, charity, COUNT(charity));
}

/* Money that stays the owner's: cards paid back, cash, wallets' own balances, wealth products. */
static bool stays(const tael__bill_row *row)
{
    static const char *const words[] = {"还款",
                                        "提现",
                                        "赎回",
                                        "申购",
                                        "理财",
                                        "余额宝",
                                        "零钱通",
                                        "小金库",
                                        "朝朝宝",
                                        "取款",
                                        "取现",
                                        "现金存入",
                                        "存现",
                                        "银联代付 支付宝",
                                        "PAYMENT - THANK YOU",
                                        "ATM WITHDRAWAL",
                                        "MOBILE WITHDRAWAL"};
    return says(row, words, COUNT(words)) || says_fund(row);
}

static bool gives_back(const tael__bill_row *row)
{
    static const char *const words[] = {"退款", "退货", "退回", "冲正", "撤销", "RETURN:", "REFUND"};
    return says(row, words, COUNT(words));
}

/* What comes to a credit card and is neither a repayment nor a refund. */
static bool earns(const tael__bill_row *row)
{
    static const char *const words[] = {"利息", "结息", "返现", "返还", "奖励", "INTEREST", "CASHBACK"};
    return says(row, words, COUNT(words));
}

static bool arrives(const tael__bill_row *row)
{
    static const char *const words[] = {"转账", "转帐", "汇款", "入账", "存入", "存款", "PAYMENT"};
    return says(row, words, COUNT(words));
}

void tael__bank_settle(tael__bill_row *row, const tael__bank *bank, bool in)
{
    row->kind = TAEL__PLAIN;
    if (in && gives_back(row))
        row->kind = TAEL__REFUND;
    else if (stays(row))
        row->direction = TAEL_NEUTRAL;
    else if (!in)
        row->direction = TAEL_EXPENSE;
    else if (!bank->credit || earns(row))
        row->direction = TAEL_INCOME;
    else if (arrives(row))
        row->direction = TAEL_NEUTRAL;
    else
        row->kind = TAEL__REFUND; /* a shop gave it back */
    if (row->kind == TAEL__REFUND) row->direction = TAEL_NEUTRAL;
}

/* ---- Texts ---- */

/* "支付宝-金拱门(中国)有限公司": the channel, and the shop behind it. */
static const char *channel_of(const char *text, const char **shop)
{
    static const char *const channels[] = {"支付宝",   "财付通",     "微信支付", "网银在线", "抖音支付",
                                           "京东支付", "钱袋宝支付", "美团支付", "拉卡拉",   "云闪付"};
    static const char *const between[] = {"-", "－", "—"};
    *shop = text;
    for (size_t i = 0; i < COUNT(channels); i++) {
        if (!tael__starts_with(text, channels[i])) continue;
        const char *left = text + strlen(channels[i]);
        for (size_t b = 0; b < COUNT(between); b++)
            if (tael__starts_with(left, between[b]) && left[strlen(between[b])]) *shop = left + strlen(between[b]);
        return channels[i];
    }
    return "";
}

/* "招商银行信用卡(1234)", as wallets name it, so that one card has one name in the ledger. */
static void name_method(const tael__cells *cells, tael__bill_row *row, const tael__bank *bank)
{
    const char *card = cells->text[TAEL__COL_CARD], *name = bank->card[0] ? bank->card : "card";
    size_t n = strlen(card);
    while (n > 0 && (card[n - 1] == '\'' || card[n - 1] == ' ')) n--;
    bool tail = n >= 4 && strspn(card + n - 4, "0123456789") >= 4;
    if (tail)
        snprintf(row->made_method, sizeof row->made_method, "%s(%.4s)", name, card + n - 4);
    else if (cells->facts->card_tail[0])
        snprintf(row->made_method, sizeof row->made_method, "%s(%s)", name, cells->facts->card_tail);
    else
        snprintf(row->made_method, sizeof row->made_method, "%s", bank->card);
    row->method = row->made_method;
}

/* The counterparty of a payment through a wallet is often its company; the shop stands elsewhere, if at all. */
static const char *company_channel(const char *name)
{
    static const struct {
        const char *company, *channel;
    } companies[] = {{"财付通支付科技", "财付通"}, {"支付宝（中国）", "支付宝"},     {"支付宝(中国)", "支付宝"},
                     {"支付宝支付科技", "支付宝"}, {"网银在线（北京）", "网银在线"}, {"网银在线(北京)", "网银在线"}};
    for (size_t i = 0; i < COUNT(companies); i++)
        if (strstr(name, companies[i].company)) return companies[i].channel;
    return "";
}

/* Who got or gave the money, and through which channel. */
static const char *name_merchant(tael__bill_row *row, const char *item)
{
    const char *shop, *channel = channel_of(row->merchant, &shop);
    if (shop == row->merchant) { /* no channel stands before a name */
        const char *place, *place_channel = channel_of(item, &place);
        if (place != item) {
            shop = place;
            channel = place_channel;
        } else if (*item && *company_channel(row->merchant)) {
            shop = item;
            channel = company_channel(row->merchant);
        } else if (!*row->merchant) {
            shop = item;
            channel = place_channel;
        }
    }
    row->merchant = shop;
    return channel;
}

static void read_texts(const tael__cells *cells, tael__bill_row *row, const tael__bank *bank)
{
    const char *const *text = cells->text;
    row->merchant = tael__not_dash(text[TAEL__COL_MERCHANT]);
    row->item = tael__not_dash(text[TAEL__COL_ITEM]);
    row->type = tael__not_dash(text[TAEL__COL_TYPE]);
    row->note = tael__not_dash(text[TAEL__COL_NOTE]);
    row->account = tael__not_dash(text[TAEL__COL_ACCOUNT]);
    row->category = tael__not_dash(text[TAEL__COL_CATEGORY]);
    row->status = row->external_id = row->merchant_order = "";
    if (!*row->item) row->item = *row->merchant ? row->merchant : *row->note ? row->note : row->type;
    const char *channel = name_merchant(row, row->item);
    if (!*row->note) row->note = channel;
    name_method(cells, row, bank);
    row->key_type = row->made_method;
}

/* ---- Numbers ---- */

static const char *read_columns(const tael__cells *cells, tael__amount *amount, bool *in)
{
    tael__amount came, went;
    if (!tael__parse_amount(&came, cells->text[TAEL__COL_IN]))
        return TAEL_SAY("income: not a number with at most two decimals", "收入金额：不是最多两位小数的数字");
    if (!tael__parse_amount(&went, cells->text[TAEL__COL_OUT]))
        return TAEL_SAY("expense: not a number with at most two decimals", "支出金额：不是最多两位小数的数字");
    if (came.negative || went.negative) /* a reversal, or a bank's habit: it isn't known which */
        return TAEL_SAY("income or expense: it has a minus", "收入或支出金额：带有负号");
    /* Some write 0.00 into the column that has none. */
    if (came.minor != 0 && went.minor != 0)
        return TAEL_SAY("income and expense: both have an amount", "收入与支出：两列都有金额");
    if (!came.given && !went.given)
        return TAEL_SAY("income and expense: neither has an amount", "收入与支出：都没有金额");
    *in = came.minor != 0 || !went.given;
    *amount = *in ? came : went;
    return NULL;
}

static bool read_word(bool *in, const char *text)
{
    static const struct {
        const char *word;
        bool in;
    } words[] = {{"贷", true},  {"收", true},     {"转入", true},    {"存入", true},  {"credit", true},
                 {"cr", true},  {"借", false},    {"支", false},     {"转出", false}, {"debit", false},
                 {"dr", false}, {"income", true}, {"expense", false}};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strncasecmp(text, words[i].word, strlen(words[i].word)) == 0) {
            *in = words[i].in;
            return true;
        }
    return false;
}

static const char *read_amount(const tael__cells *cells, tael__amount *amount, bool *in, tael__amount_style style)
{
    if (style == TAEL__AMOUNT_COLUMNS) return read_columns(cells, amount, in);
    if (!tael__parse_amount(amount, cells->text[TAEL__COL_MINOR]) || !amount->given) return tael__reason_amount();
    *in = amount->negative == (style == TAEL__SPENDING_SIGNED);
    if (style == TAEL__AMOUNT_BY_WORD && !read_word(in, cells->text[TAEL__COL_DIRECTION]))
        return tael__reason_direction();
    return NULL;
}

static const char *read_currency(const tael__cells *cells, tael__bill_row *row, const tael__bank *bank,
                                 const tael__amount *amount)
{
    const char *text = amount->currency[0] ? amount->currency : cells->text[TAEL__COL_CURRENCY];
    if (!tael__not_dash(text)[0] && bank->currency) text = bank->currency;
    if (tael__parse_currency(row->currency, text)) return NULL;
    return TAEL_SAY("currency: unknown, or not counted in hundredths", "币种：不认识，或其最小单位不是百分之一");
}

const char *tael__bank_row(const tael__cells *cells, tael__bill_row *row, const tael__bank *bank)
{
    tael__amount amount;
    bool in = false;
    const char *reason = NULL, *day = tael__not_dash(cells->text[TAEL__COL_TIME]);
    *row = (tael__bill_row){.offset_minutes = TAEL__SHANGHAI_OFFSET_MINUTES, .identity = TAEL__ID_NONE};
    if (!day[0]) day = cells->text[TAEL__COL_BOOKED];
    if (!tael__parse_moment(&row->time_ms, day, cells->text[TAEL__COL_CLOCK], bank->order))
        return TAEL_SAY("date: not a day, or its clock isn't one", "日期：不是日期，或时刻无法读出");
    reason = read_amount(cells, &amount, &in, bank->style);
    if (!reason) reason = read_currency(cells, row, bank, &amount);
    if (reason) return reason;
    row->minor = amount.minor;
    read_texts(cells, row, bank);
    tael__bank_settle(row, bank, in);
    return NULL;
}
