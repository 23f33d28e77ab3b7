// SPDX-License-Identifier: Apache-2.0
// How it was paid: the longest run of words that the resolver of questions takes for a way of paying and nothing
// besides, and a few that no bill has: cash, a canteen's card.
#include <stdio.h>
#include <string.h>

#include "assistant/add.h"

#define LONGEST 40 /* bytes of "industrial bank credit card" and its like */

static bool is_wordy(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_edge(const tael__clause *c, size_t at)
{
    return at >= c->bytes || c->low[at] == TAEL__GONE || strchr(" ,.;:()/+", c->low[at]) != NULL;
}

static const struct {
    const char *said, *method;
} own[] = {{"现金|cash", "现金"},
           {"云闪付", "云闪付"},
           {"数字人民币", "数字人民币"},
           {"apple pay|applepay", "Apple Pay"},
           {"饭卡|校园卡", "校园卡"},
           {"医保卡|医保", "医保卡"},
           {"储蓄卡|借记卡|debit card", "储蓄卡"},
           {"抖音月付", "抖音月付"},
           {"银行卡", "银行卡"},
           {"visa", "Visa"},
           {"mastercard", "Mastercard"}};

/* 平安 is a bank only when it says so, or stands alone: 平安夜聚餐 was paid otherwise. */
static bool may_be_another_word(const char *token)
{
    static const char words[] = "平安|兴业|民生|光大|广发|建设|农业|工商|邮政|中信|招商|浦发|月付|零钱";
    return tael__begins(token, strlen(token), words) == strlen(token);
}

/* Takes the kind of card off a bank's name: "招行信用卡" becomes "招行". */
static const char *cut_kind(char *token)
{
    static const struct {
        const char *end, *kind;
    } kinds[] = {{"信用卡", "信用卡"},
                 {"储蓄卡", "储蓄卡"},
                 {"借记卡", "储蓄卡"},
                 {" credit card", "信用卡"},
                 {" debit card", "储蓄卡"}};
    size_t n = strlen(token);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t m = strlen(kinds[i].end);
        if (n <= m || strcmp(token + n - m, kinds[i].end) != 0) continue;
        token[n - m] = '\0';
        return kinds[i].kind;
    }
    return "";
}

/* Whether text[at..at+n) names a way of paying; what is written for it. */
static bool names_method(const tael__clause *c, size_t at, size_t n, char *method, size_t cap)
{
    char token[LONGEST + 1];
    const char *source, *found;
    memcpy(token, c->low + at, n);
    token[n] = '\0';
    if (token[0] == ' ' || token[n - 1] == ' ') return false;
    if (is_wordy(token[0]) && at > 0 && is_wordy(c->low[at - 1])) return false;
    if (is_wordy(token[n - 1]) && at + n < c->bytes && is_wordy(c->low[at + n])) return false;
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (tael__begins(token, n, own[i].said) == n) return snprintf(method, cap, "%s", own[i].method) > 0;
    const char *kind = cut_kind(token);
    if (!token[0] || !tael__resolve_method(token, &source, &found)) return false;
    if (source && kind[0]) return false;
    if (!kind[0] && may_be_another_word(token) && !((at == 0 || is_edge(c, at - 1)) && is_edge(c, at + n)))
        return false;
    if (source)
        snprintf(method, cap, "%s", strcmp(source, "alipay") == 0 ? "支付宝" : "微信");
    else
        snprintf(method, cap, "%s%s", found, kind);
    return true;
}

/* 还花呗, 还信用卡, 充值零钱, 微信红包: not how it was paid but what. */
static bool is_what(const tael__clause *c, size_t at, size_t n)
{
    static const char *const before[] = {"还",   "还了", "转到", "转入",   "存到",
                                         "存入", "充值", "充到", "提现到", "pay off "};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t m = strlen(before[i]);
        if (m <= at && memcmp(c->low + at - m, before[i], m) == 0) return true;
    }
    return tael__begins(c->low + at + n, c->bytes - at - n,
                        "还款|账单|提现|年费|红包封面|读书|会员|收益|利息|还|转出|转入") > 0;
}

/* 用…付的, 刷…: the words around it say nothing more. */
static void take_around(tael__clause *c, size_t at, size_t n)
{
    static const char *const before[] = {"用的", "用",    "刷了", "刷",   "走的",   "走",     "拿", "使用",
                                         "通过", "with ", "by ",  "via ", "using ", "on my ", "on "};
    size_t from = at, end = at + n;
    end += tael__begins(c->low + end, c->bytes - end,
                        "支付的|支付了|支付|付款的|付款|付的|付了|付|扫码|扫的|刷的|买的|里扣的|pay");
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t m = strlen(before[i]);
        if (m > from || memcmp(c->low + from - m, before[i], m) != 0) continue;
        from -= m;
        break;
    }
    tael__clause_take(c, from, end - from);
}

bool tael__method_take(char *method, size_t cap, tael__clause *c)
{
    size_t what = 0, what_end = 0; /* a way of paying that is the thing itself: no part of it is one */
    for (size_t n = LONGEST; n >= 3; n--)
        for (size_t at = 0; at + n <= c->bytes; at++) {
            bool cuts = ((unsigned char)c->low[at] & 0xC0) == 0x80 ||
                        (at + n < c->bytes && ((unsigned char)c->low[at + n] & 0xC0) == 0x80);
            if (cuts || (at < what_end && at + n > what)) continue;
            if (memchr(c->low + at, TAEL__GONE, n) || !names_method(c, at, n, method, cap)) continue;
            if (!is_what(c, at, n)) {
                take_around(c, at, n);
                return true;
            }
            what = at;
            what_end = at + n;
        }
    *method = '\0';
    return false;
}
