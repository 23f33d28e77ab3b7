// SPDX-License-Identifier: Apache-2.0
// Who got or gave the money, by the verbs around a name: 给妈妈转了, 转给房东, 小王还我, 收到小张的红包, "sent mum",
// "from Tom".
#include <stdio.h>
#include <string.h>

#include "assistant/add_rest.h"

/* 妈妈给了, 小王转来: whoever gave stands before it. Where the verb begins, or SIZE_MAX. */
size_t tael__rest_gives_me(const tael__rest *r)
{
    static const char verbs[] = "给了|转来|打来|汇来|转过来|打过来|打款|转来的|给的";
    size_t n, at = tael__rest_find(r->low, verbs, &n);
    return at != SIZE_MAX && at > 0 && at + n == strlen(r->low) && !tael__rest_says(r, "我给|我打款") ? at : SIZE_MAX;
}

/* 向小李借了, 跟同事借. */
bool tael__rest_lends(const tael__rest *r)
{
    return tael__begins(r->low, strlen(r->low), "向|跟|找|问") > 0 && tael__rest_says(r, "借了|借");
}

/* 给妈妈转了, 转给小王, 还给小李. */
static bool read_given(tael__said_names *names, tael__rest *r)
{
    static const char verbs[] = "转账了|转账|转了|转|发了个红包|发了一个红包|发了红包|发红包|包了红包|包了个红包|"
                                "包红包|红包|汇款|汇了|打钱|打了|发了|生活费|零花钱|"
                                "压岁钱|份子钱|随礼|随了礼|还钱|还了";
    size_t give, verb, at = tael__rest_find(r->low, "给", &give);
    if (at == SIZE_MAX) return false;
    const char *after = r->low + at + give;
    size_t v = tael__rest_find(after, verbs, &verb), who = at + give, before;
    if (v == SIZE_MAX && at > 0 &&
        tael__rest_find(r->low, "转账|转|红包|汇款|打款|还款|生活费|零花钱|压岁钱|份子钱|礼金|学费", &before) < at) {
        tael__rest_copy(names->merchant, r->own + who, strlen(r->own + who)); /* 微信转账给张三 */
        tael__rest_copy(names->item, r->own, at);
        if (tael__rest_is(names->item, "转")) snprintf(names->item, sizeof names->item, "转账");
        r->own[0] = r->low[0] = '\0';
        return true;
    }
    if (v == SIZE_MAX && at == 0 && strlen(after) > 0 && strlen(after) <= strlen("四个字的") &&
        !tael__rest_says(r, "买|交|充|加|订|报|缴|修|做|洗|打|办|寄|付|车|猫|狗")) {
        tael__rest_copy(names->merchant, r->own + who, strlen(r->own + who)); /* 给爸妈 */
        snprintf(names->item, sizeof names->item, "转账");
        r->own[0] = r->low[0] = '\0';
        return true;
    }
    if (v == SIZE_MAX || v == 0) return false;
    if (tael__begins(after, strlen(after), "我") && v <= strlen("我")) return false;
    char item[TAEL__NAME_BYTES];
    tael__rest_copy(names->merchant, r->own + who, v);
    tael__rest_copy(item, after + v, strlen(after + v));
    bool envelope = strstr(item, "红包") != NULL;
    tael__rest_strip(item, "转账了|转账|转了|转|发了个|发了一个|发了|发|包了个|包了|包|汇了|打了|还了|还", "了|元|块");
    tael__rest_copy(names->item, r->own, at);
    if (envelope) snprintf(names->item, sizeof names->item, "红包");
    if (!names->item[0])
        snprintf(names->item, sizeof names->item, "%s",
                 tael__rest_is(item, "了|转|发|打|汇|包") ? "转账"
                 : tael__rest_is(item, "还")              ? "还钱"
                                                          : item);
    r->own[0] = r->low[0] = '\0';
    return true;
}

static bool read_to(tael__said_names *names, tael__rest *r)
{
    static const char to[] = "转账给|转给|付给|还给|借给|打给|汇给|发给|送给";
    size_t bytes, at = tael__rest_find(r->low, to, &bytes);
    if (at == SIZE_MAX) return false;
    const char *verb = r->low + at, *who = r->own + at + bytes;
    size_t space = strcspn(who, " "), n = strcspn(who, " ");
    char before[TAEL__NAME_BYTES];
    tael__rest_copy(names->merchant, who, n);
    tael__rest_copy(names->item, who + space, strlen(who + space));
    tael__rest_copy(before, r->own, at);
    tael__rest_strip(names->item, "的|当|作为", "了");
    if (!names->item[0] && before[0]) snprintf(names->item, sizeof names->item, "%s", before);
    if (!names->item[0])
        snprintf(names->item, sizeof names->item, "%s",
                 strncmp(verb, "借给", strlen("借给")) == 0   ? "借款"
                 : strncmp(verb, "还给", strlen("还给")) == 0 ? "还钱"
                                                              : "转账");
    r->own[0] = r->low[0] = '\0';
    return true;
}

/* 向小李借了, 还小李: what is owed. */
static bool read_owed(tael__said_names *names, tael__rest *r)
{
    size_t n, end, verb;
    if (tael__rest_lends(r) && (n = tael__begins(r->low, strlen(r->low), "向|跟|找|问"))) {
        end = tael__rest_find(r->low + n, "借了|借", &verb);
        if (end == SIZE_MAX) return false;
        tael__rest_copy(names->merchant, r->own + n, end);
        snprintf(names->item, sizeof names->item, "借款");
    } else if (names->direction == TAEL_EXPENSE && (n = tael__begins(r->low, strlen(r->low), "还了|还"))) {
        if (n == strlen(r->low) || tael__rest_says(r, "还款|还贷|房贷|车贷|贷款|信用卡|花呗|白条|还有|还是|还能|还给"))
            return false;
        tael__rest_copy(names->merchant, r->own + n, strlen(r->own + n));
        tael__rest_strip(names->merchant, "给", "的钱|钱");
        snprintf(names->item, sizeof names->item, "还钱");
    } else {
        return false;
    }
    r->own[0] = r->low[0] = '\0';
    return true;
}

/* 小王还我, 妈妈给我转了, 老板发我红包. */
static bool read_from(tael__said_names *names, tael__rest *r)
{
    static const char to_me[] = "给我转账|给我转了|给我转|给我发了个红包|给我发红包|给我发了红包|给我发了|给我打了|"
                                "给我打钱|给我的红包|给我包了红包|给我|转账给我|转给我|"
                                "转我|还给我|还我钱|还我|还了我|发我红包|发给我|借给我|借我";
    size_t bytes, at = tael__rest_find(r->low, to_me, &bytes);
    if (at == SIZE_MAX) return false;
    const char *verb = r->low + at;
    char after[TAEL__NAME_BYTES];
    tael__rest_copy(names->merchant, r->own, at);
    tael__rest_strip(names->merchant, "收到|今天|的", "把钱|的钱|终于|都|又|借");
    tael__rest_copy(after, r->own + at + bytes, strlen(r->own + at + bytes));
    tael__rest_strip(after, "了|的|钱", "了|钱");
    bool back = tael__begins(verb, strlen(verb), "还我|还给我|还了我|还我钱") > 0;
    bool envelope = strstr(r->low, "红包") != NULL;
    if (tael__begins(verb, strlen(verb), "借给我|借我")) snprintf(after, sizeof after, "借款");
    snprintf(names->item, sizeof names->item, "%s",
             envelope                               ? "红包"
             : after[0] && strcmp(after, "了") != 0 ? after
             : back                                 ? "还钱"
                                                    : "转账");
    r->own[0] = r->low[0] = '\0';
    return true;
}

/* 收到工资, 收到小王的转账, 收小李红包. */
static bool read_received(tael__said_names *names, tael__rest *r)
{
    static const char got[] = "收到了|收到|收了|收|抢到了|抢到",
                      things[] = "转账|红包|礼金|还款|房租|押金|货款|学费|退款|赔款|打款|汇款";
    size_t bytes, thing, at = tael__rest_find(r->low, got, &bytes);
    if (at == SIZE_MAX || names->refund ||
        tael__begins(r->low + at, strlen(r->low + at), "收入|收拾|收纳|收费|收音|收款|收益|收房租"))
        return false;
    char what[TAEL__NAME_BYTES];
    tael__rest_copy(what, r->own + at + bytes, strlen(r->own + at + bytes));
    tael__rest_copy(names->merchant, r->own, at);
    size_t t = tael__rest_find(what, things, &thing);
    if (t != SIZE_MAX && t > 0 && t + thing == strlen(what) && !(what[0] >= '0' && what[0] <= '9')) {
        tael__rest_copy(names->merchant, what, t);
        memmove(what, what + t, strlen(what + t) + 1);
    }
    tael__rest_strip(names->merchant, "的", "的|给的|发的|转来的");
    tael__rest_strip(what, "的|一笔|一个|了", "的|了");
    if (!names->merchant[0] && what[0] &&
        tael__rest_is(what,
                      "妈妈|爸爸|妈|爸|老婆|老公|爷爷|奶奶|外婆|外公|姐姐|哥哥|弟弟|妹妹|女朋友|男朋友|同事|老板|朋友|"
                      "房东|公司|爸妈|我妈|我爸")) {
        snprintf(names->merchant, sizeof names->merchant, "%s", what);
        snprintf(what, sizeof what, "转账");
    }
    snprintf(names->item, sizeof names->item, "%s", what);
    r->own[0] = r->low[0] = '\0';
    return true;
}

/* from mum, to Tom, at Walmart, sent mum, paid Tom back. */
void tael__people_read_english(tael__said_names *names, tael__rest *r)
{
    static const char ends[] = "for|on|at|from|to|via|with|in|by";
    static const struct {
        const char *words;
        bool takes_verb;
    } before[] = {{"from|at|to", false}, {"sent|transferred|lent|gave", true}};
    size_t paid, pay = tael__rest_find(r->low, "sent me|gave me|paid me back|paid me|owed me", &paid);
    if (pay != SIZE_MAX && pay > 0) { /* dad sent me */
        tael__rest_copy(names->merchant, r->own, pay);
        snprintf(names->item, sizeof names->item, "transfer");
        r->own[0] = r->low[0] = '\0';
        return;
    }
    pay = tael__rest_find(r->low, "paid|gave|sent", &paid);
    const char *name = pay == SIZE_MAX ? "" : r->own + pay + paid;
    if (!names->merchant[0] && name[0] == ' ' && name[1] >= 'A' && name[1] <= 'Z') { /* paid Tom for dinner */
        tael__rest_copy(names->merchant, name + 1, strcspn(name + 1, " "));
        tael__rest_cut(r, pay, paid + 1 + strcspn(name + 1, " "));
    }
    for (size_t i = 0; i < 2; i++) {
        size_t bytes, stop, at = tael__rest_find(r->low, before[i].words, &bytes);
        if (at == SIZE_MAX || names->merchant[0] || r->low[at + bytes] != ' ') continue;
        const char *low = r->low + at + bytes;
        size_t end = tael__rest_find(low, ends, &stop);
        if (end == SIZE_MAX) end = strlen(low);
        if (end == 0 || (i == 0 && strncmp(r->low + at, "to ", 3) == 0 &&
                         !tael__rest_says(r, "sent|transfer|transferred|paid|gave|lent|pay|send")))
            continue;
        tael__rest_copy(names->merchant, r->own + at + bytes, end);
        if (strncmp(names->merchant, "me ", 3) == 0 || strcmp(names->merchant, "me") == 0) {
            names->merchant[0] = '\0';
            continue;
        }
        if (before[i].takes_verb && !names->item[0]) snprintf(names->item, sizeof names->item, "transfer");
        tael__rest_cut(r, at, bytes + end);
    }
}

/* 转张三. */
static bool read_bare(tael__said_names *names, tael__rest *r)
{
    size_t n = tael__begins(r->low, strlen(r->low), "转了|转");
    const char *who = r->own + n;
    if (n == 0 || !*who || strlen(who) > strlen("四个字的") ||
        tael__begins(who, strlen(who), "账|帐|入|出|到|让|机|正|移|学|卖|运"))
        return false;
    tael__rest_copy(names->merchant, who, strlen(who));
    snprintf(names->item, sizeof names->item, "转账");
    r->own[0] = r->low[0] = '\0';
    return true;
}

bool tael__people_read(tael__said_names *names, tael__rest *r)
{
    bool income = names->direction == TAEL_INCOME;
    if (read_owed(names, r)) return true;
    size_t giver = income ? tael__rest_gives_me(r) : SIZE_MAX;
    if (giver != SIZE_MAX) {
        tael__rest_copy(names->merchant, r->own, giver);
        snprintf(names->item, sizeof names->item, "转账");
        return true;
    }
    if (income) return read_from(names, r) || read_received(names, r);
    return names->direction == TAEL_EXPENSE && (read_given(names, r) || read_to(names, r) || read_bare(names, r));
}
