// SPDX-License-Identifier: Apache-2.0
// What is left of a clause when times, amounts and ways of paying are out: which way the money went, who got or gave
// it, and what it was for. People are told by the verbs around them (给妈妈转了, 小王还我, from mum), shops by the
// ledger's own names, a list of brands, the word 在 or "at", or the ending of their name (面馆, 超市).
#include <stdio.h>
#include <string.h>

#include "assistant/add.h"
#include "base/utf8.h"

static const struct {
    const char *said, *written;
} brands[] = {
#define BRAND(said, written) {said, written},
#include "assistant/brands.inc"
#undef BRAND
};

#define NAME_BYTES 256

/* ---- Helpers on the rest, a plain text in lower and in its own case ---- */

typedef struct rest {
    char own[TAEL__MAX_SAID_BYTES], low[TAEL__MAX_SAID_BYTES];
} rest;

static void set_rest(rest *r, const char *text)
{
    snprintf(r->own, sizeof r->own, "%s", text);
    for (size_t i = 0; i <= strlen(r->own); i++)
        r->low[i] = r->own[i] >= 'A' && r->own[i] <= 'Z' ? (char)(r->own[i] + 32) : r->own[i];
}

/* Where one of the words stands in the text: its start, its bytes; SIZE_MAX when none does. The first, longest. */
static size_t find(const char *low, const char *words, size_t *bytes)
{
    size_t n = strlen(low);
    for (size_t at = 0; at < n; at++) {
        bool latin_before =
            at > 0 && ((low[at - 1] >= 'a' && low[at - 1] <= 'z') || (low[at - 1] >= '0' && low[at - 1] <= '9'));
        bool latin = (low[at] >= 'a' && low[at] <= 'z') || (low[at] >= '0' && low[at] <= '9');
        if (latin && latin_before) continue;
        if ((*bytes = tael__begins(low + at, n - at, words))) return at;
    }
    return SIZE_MAX;
}

static void copy(char *out, const char *from, size_t bytes)
{
    static const char edges[] = " \t:-~.,;!?\"'()[]+*=/";
    while (bytes > 0 && strchr(edges, *from)) from++, bytes--;
    while (bytes > 0 && strchr(edges, from[bytes - 1])) bytes--;
    if (bytes >= NAME_BYTES) bytes = tael__utf8_cut(from, NAME_BYTES - 1);
    memcpy(out, from, bytes);
    out[bytes] = '\0';
}

static void cut(rest *r, size_t at, size_t bytes)
{
    char text[TAEL__MAX_SAID_BYTES];
    bool gap = at > 0 && r->own[at + bytes] && r->own[at - 1] != ' ' && r->own[at + bytes] != ' ';
    snprintf(text, sizeof text, "%.*s%s%s", (int)at, r->own, gap ? " " : "", r->own + at + bytes);
    set_rest(r, text);
}

static bool is_one_of(const char *text, const char *words)
{
    size_t n = strlen(text);
    return n == 0 || tael__begins(text, n, words) == n;
}

/* Takes any of the words off both ends, again and again. */
static void strip(char *text, const char *starts, const char *ends)
{
    char low[TAEL__MAX_SAID_BYTES];
    for (bool again = true; again && *text;) {
        size_t n = strlen(text), m;
        again = false;
        while (*text == ' ') memmove(text, text + 1, n--), again = true;
        while (n > 0 && text[n - 1] == ' ') text[--n] = '\0';
        for (size_t i = 0; i <= n; i++) low[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if ((m = tael__begins(low, n, starts)) && m < n) {
            memmove(text, text + m, n - m + 1);
            again = true;
            continue;
        }
        for (size_t at = 1; at < n && !again; at++)
            if (tael__begins(low + at, n - at, ends) == n - at && (text[at - 1] == ' ' || (text[at] & 0x80))) {
                text[at] = '\0';
                again = true;
            }
    }
}

/* ---- Which way ---- */

static bool says(const rest *r, const char *words)
{
    size_t bytes;
    return find(r->low, words, &bytes) != SIZE_MAX;
}

/* 妈妈给了, 小王转来: whoever gave stands before it. Where the verb begins, or SIZE_MAX. */
static size_t gives_me(const rest *r)
{
    static const char verbs[] = "给了|转来|打来|汇来|转过来|打过来|打款|转来的|给的";
    size_t n, at = find(r->low, verbs, &n);
    return at != SIZE_MAX && at > 0 && at + n == strlen(r->low) && !says(r, "我给|我打款") ? at : SIZE_MAX;
}

/* 向小李借了, 跟同事借. */
static bool lends(const rest *r)
{
    return tael__begins(r->low, strlen(r->low), "向|跟|找|问") > 0 && says(r, "借了|借");
}

static void read_direction(tael__said_names *names, const rest *r)
{
    names->direction = TAEL_EXPENSE;
    if (says(r, "退款|退货|退了|退回|退钱|退费|退票|退押金|refund|refunded|returned")) {
        names->refund = true;
        names->direction = TAEL_NEUTRAL;
    } else if (says(r, "还信用卡|信用卡还|花呗还|还了信用卡|还了花呗|还了白条|还花呗|还白条|还月付|信用卡还款|花呗还款|"
                       "白条还款|还房贷信用卡|提现|取现|取钱|取了|"
                       "取款|存钱|存了|"
                       "存到|转到余额宝|转入余额宝|余额宝转入|转入零钱通|余额宝转出|零钱通转出|转到银行卡|理财买入|"
                       "买入理财|基金买入|买入基金|申购|赎回|充值零钱|转到自己|买基金|买理财|定投|买股票|"
                       "credit card payment|to savings|savings account|"
                       "pay off|withdraw|withdrew|atm")) {
        names->direction = TAEL_NEUTRAL;
    } else if (tael__begins(r->low, strlen(r->low), "还") > 0 && says(r, "信用卡|花呗|白条|月付|借呗|微粒贷")) {
        names->direction = TAEL_NEUTRAL;
    } else if (says(r, "收到|收入|收了|收款|工资|薪水|薪资|奖金|年终奖|到账|入账|进账|报销款|报销到|报销了|卖了|卖掉|"
                       "卖出|卖闲置|利息收入|抢到|"
                       "给我|还我|转我|发我|退税|分红|中奖|赚了|稿费|兼职收|收红包|收房租|补贴|赢了|中了|收益|借我|"
                       "公积金提取|提取公积金|收租|收学费|公司报销|单位报销|received|salary|"
                       "paycheck|got paid|got|earned|"
                       "income|sold|reimbursed|bonus|paid me|sent me|gave me") &&
               !says(r, "发工资给|给员工发|退税服务")) {
        names->direction = TAEL_INCOME;
    } else if (tael__begins(r->low, strlen(r->low), "卖|报销") > 0 || lends(r) || gives_me(r) != SIZE_MAX) {
        names->direction = TAEL_INCOME;
    }
}

/* ---- Who ---- */

/* 给妈妈转了, 转给小王, 还给小李. */
static bool read_given(tael__said_names *names, rest *r)
{
    static const char verbs[] = "转账了|转账|转了|转|发了个红包|发了一个红包|发了红包|发红包|包了红包|包了个红包|"
                                "包红包|红包|汇款|汇了|打钱|打了|发了|生活费|零花钱|"
                                "压岁钱|份子钱|随礼|随了礼|还钱|还了";
    size_t give, verb, at = find(r->low, "给", &give);
    if (at == SIZE_MAX) return false;
    const char *after = r->low + at + give;
    size_t v = find(after, verbs, &verb), who = at + give, before;
    if (v == SIZE_MAX && at > 0 &&
        find(r->low, "转账|转|红包|汇款|打款|还款|生活费|零花钱|压岁钱|份子钱|礼金|学费", &before) < at) {
        copy(names->merchant, r->own + who, strlen(r->own + who)); /* 微信转账给张三 */
        copy(names->item, r->own, at);
        if (is_one_of(names->item, "转")) snprintf(names->item, sizeof names->item, "转账");
        r->own[0] = r->low[0] = '\0';
        return true;
    }
    if (v == SIZE_MAX && at == 0 && strlen(after) > 0 && strlen(after) <= strlen("四个字的") &&
        !says(r, "买|交|充|加|订|报|缴|修|做|洗|打|办|寄|付|车|猫|狗")) {
        copy(names->merchant, r->own + who, strlen(r->own + who)); /* 给爸妈 */
        snprintf(names->item, sizeof names->item, "转账");
        r->own[0] = r->low[0] = '\0';
        return true;
    }
    if (v == SIZE_MAX || v == 0) return false;
    if (tael__begins(after, strlen(after), "我") && v <= strlen("我")) return false;
    char item[NAME_BYTES];
    copy(names->merchant, r->own + who, v);
    copy(item, after + v, strlen(after + v));
    bool envelope = strstr(item, "红包") != NULL;
    strip(item, "转账了|转账|转了|转|发了个|发了一个|发了|发|包了个|包了|包|汇了|打了|还了|还", "了|元|块");
    copy(names->item, r->own, at);
    if (envelope) snprintf(names->item, sizeof names->item, "红包");
    if (!names->item[0])
        snprintf(names->item, sizeof names->item, "%s",
                 is_one_of(item, "了|转|发|打|汇|包") ? "转账"
                 : is_one_of(item, "还")              ? "还钱"
                                                      : item);
    r->own[0] = r->low[0] = '\0';
    return true;
}

static bool read_to(tael__said_names *names, rest *r)
{
    static const char to[] = "转账给|转给|付给|还给|借给|打给|汇给|发给|送给";
    size_t bytes, at = find(r->low, to, &bytes);
    if (at == SIZE_MAX) return false;
    const char *verb = r->low + at, *who = r->own + at + bytes;
    size_t space = strcspn(who, " "), n = strcspn(who, " ");
    char before[NAME_BYTES];
    copy(names->merchant, who, n);
    copy(names->item, who + space, strlen(who + space));
    copy(before, r->own, at);
    strip(names->item, "的|当|作为", "了");
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
static bool read_owed(tael__said_names *names, rest *r)
{
    size_t n, end, verb;
    if (lends(r) && (n = tael__begins(r->low, strlen(r->low), "向|跟|找|问"))) {
        end = find(r->low + n, "借了|借", &verb);
        if (end == SIZE_MAX) return false;
        copy(names->merchant, r->own + n, end);
        snprintf(names->item, sizeof names->item, "借款");
    } else if (names->direction == TAEL_EXPENSE && (n = tael__begins(r->low, strlen(r->low), "还了|还"))) {
        if (n == strlen(r->low) || says(r, "还款|还贷|房贷|车贷|贷款|信用卡|花呗|白条|还有|还是|还能|还给"))
            return false;
        copy(names->merchant, r->own + n, strlen(r->own + n));
        strip(names->merchant, "给", "的钱|钱");
        snprintf(names->item, sizeof names->item, "还钱");
    } else {
        return false;
    }
    r->own[0] = r->low[0] = '\0';
    return true;
}

/* 小王还我, 妈妈给我转了, 老板发我红包. */
static bool read_from(tael__said_names *names, rest *r)
{
    static const char to_me[] = "给我转账|给我转了|给我转|给我发了个红包|给我发红包|给我发了红包|给我发了|给我打了|"
                                "给我打钱|给我的红包|给我包了红包|给我|转账给我|转给我|"
                                "转我|还给我|还我钱|还我|还了我|发我红包|发给我|借给我|借我";
    size_t bytes, at = find(r->low, to_me, &bytes);
    if (at == SIZE_MAX) return false;
    const char *verb = r->low + at;
    char after[NAME_BYTES];
    copy(names->merchant, r->own, at);
    strip(names->merchant, "收到|今天|的", "把钱|的钱|终于|都|又|借");
    copy(after, r->own + at + bytes, strlen(r->own + at + bytes));
    strip(after, "了|的|钱", "了|钱");
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
static bool read_received(tael__said_names *names, rest *r)
{
    static const char got[] = "收到了|收到|收了|收|抢到了|抢到",
                      things[] = "转账|红包|礼金|还款|房租|押金|货款|学费|退款|赔款|打款|汇款";
    size_t bytes, thing, at = find(r->low, got, &bytes);
    if (at == SIZE_MAX || names->refund ||
        tael__begins(r->low + at, strlen(r->low + at), "收入|收拾|收纳|收费|收音|收款|收益|收房租"))
        return false;
    char what[NAME_BYTES];
    copy(what, r->own + at + bytes, strlen(r->own + at + bytes));
    copy(names->merchant, r->own, at);
    size_t t = find(what, things, &thing);
    if (t != SIZE_MAX && t > 0 && t + thing == strlen(what)) {
        copy(names->merchant, what, t);
        memmove(what, what + t, strlen(what + t) + 1);
    }
    strip(names->merchant, "的", "的|给的|发的|转来的");
    strip(what, "的|一笔|一个|了", "的|了");
    if (!names->merchant[0] && what[0] &&
        is_one_of(what,
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
static void read_english(tael__said_names *names, rest *r)
{
    static const char ends[] = "for|on|at|from|to|via|with|in|by";
    static const struct {
        const char *words;
        bool takes_verb;
    } before[] = {{"from|at|to", false}, {"sent|transferred|lent|gave", true}};
    size_t paid, pay = find(r->low, "sent me|gave me|paid me back|paid me|owed me", &paid);
    if (pay != SIZE_MAX && pay > 0) { /* dad sent me */
        copy(names->merchant, r->own, pay);
        snprintf(names->item, sizeof names->item, "transfer");
        r->own[0] = r->low[0] = '\0';
        return;
    }
    pay = find(r->low, "paid|gave|sent", &paid);
    const char *name = pay == SIZE_MAX ? "" : r->own + pay + paid;
    if (!names->merchant[0] && name[0] == ' ' && name[1] >= 'A' && name[1] <= 'Z') { /* paid Tom for dinner */
        copy(names->merchant, name + 1, strcspn(name + 1, " "));
        cut(r, pay, paid + 1 + strcspn(name + 1, " "));
    }
    for (size_t i = 0; i < 2; i++) {
        size_t bytes, stop, at = find(r->low, before[i].words, &bytes);
        if (at == SIZE_MAX || names->merchant[0] || r->low[at + bytes] != ' ') continue;
        const char *low = r->low + at + bytes;
        size_t end = find(low, ends, &stop);
        if (end == SIZE_MAX) end = strlen(low);
        if (end == 0 || (i == 0 && strncmp(r->low + at, "to ", 3) == 0 &&
                         !says(r, "sent|transfer|transferred|paid|gave|lent|pay|send")))
            continue;
        copy(names->merchant, r->own + at + bytes, end);
        if (strncmp(names->merchant, "me ", 3) == 0 || strcmp(names->merchant, "me") == 0) {
            names->merchant[0] = '\0';
            continue;
        }
        if (before[i].takes_verb && !names->item[0]) snprintf(names->item, sizeof names->item, "transfer");
        cut(r, at, bytes + end);
    }
}

/* ---- Where ---- */

/* The first and longest name of a list that stands in the rest, as `written`. */
static bool read_brand(tael__said_names *names, rest *r)
{
    size_t best = 0, place = 0, bytes, which = 0;
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) {
        size_t at = find(r->low, brands[i].said, &bytes);
        if (at != SIZE_MAX && bytes > best) best = bytes, place = at, which = i;
    }
    if (!best) return false;
    snprintf(names->merchant, sizeof names->merchant, "%s", brands[which].written);
    static const char *const before[] = {"at ", "from ", "in ", "在", "去", "到"};
    for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
        size_t n = strlen(before[i]);
        if (n > place || memcmp(r->low + place - n, before[i], n) != 0) continue;
        place -= n;
        best += n;
        break;
    }
    cut(r, place, best);
    return true;
}

/* A shop of the ledger by its whole name; of several the longest. */
static bool read_known(tael__said_names *names, rest *r, const tael__merchants *m)
{
    size_t best = 0, place = 0, which = 0;
    for (size_t i = 0; i < m->count; i++) {
        char low[NAME_BYTES];
        size_t n = strlen(m->names[i]), bytes;
        if (n < 4 || n >= sizeof low || n <= best || strchr(m->names[i], '|')) continue;
        for (size_t k = 0; k <= n; k++) {
            char c = m->names[i][k];
            low[k] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        size_t at = find(r->low, low, &bytes);
        if (at == SIZE_MAX) continue;
        /* 小王 isn't in 小王子书店: a short name must stand alone. */
        bool alone = (at == 0 || r->low[at - 1] == ' ') && (r->low[at + n] == '\0' || r->low[at + n] == ' ');
        if (n > strlen("两字") || alone) best = n, place = at, which = i;
    }
    if (!best) return false;
    snprintf(names->merchant, sizeof names->merchant, "%s", m->names[which]);
    cut(r, place, best);
    return true;
}

/* 在楼下超市买水: up to the verb, or the next blank. */
static bool read_place(tael__said_names *names, rest *r)
{
    size_t bytes, verb, at = find(r->low, "在", &bytes);
    if (at == SIZE_MAX || tael__begins(r->low + at, strlen(r->low + at), "在线|在家")) return false;
    const char *low = r->low + at + bytes;
    size_t end =
        find(low, "买了|买|吃了|吃|喝了|喝|花了|花|充了|充|点了|点|付了|付|消费|订了|订|做了|修了|看了| ", &verb);
    if (end == 0) return false;
    if (end == SIZE_MAX) end = strlen(low);
    copy(names->merchant, r->own + at + bytes, end);
    strip(names->merchant, "的", "里|里面|那里|那儿|上");
    cut(r, at, bytes + end);
    return true;
}

/* 老王面馆 加蛋, 药店买感冒药: a word that ends as shops' names do, before a blank or a verb. */
static bool read_shop(tael__said_names *names, rest *r)
{
    static const char ends[] = "面馆|饭店|饭馆|餐馆|餐厅|食堂|超市|便利店|药店|药房|医院|书店|酒店|宾馆|影城|影院|商场|"
                               "商店|小卖部|菜市场|水果店|面包店|打印店|"
                               "咖啡馆|咖啡店|奶茶店|理发店|烧烤店|火锅店|包子铺|早餐店|早点铺|早餐摊|公司|专卖店|4s店|"
                               "加油站|诊所|花店|酒楼|小吃店|"
                               "洗衣店|文具店|蛋糕店|甜品店|宠物店";
    static const char verbs[] = "买|吃|喝|点了|看病|看牙|拿药|修|洗|做|剪|加油|充|打印|订";
    size_t whole = strlen(r->low);
    for (size_t at = 0; r->low[at];) {
        size_t n = strcspn(r->low + at, " ");
        for (size_t k = 0; k < n; k++) {
            size_t m = tael__begins(r->low + at + k, n - k, ends), end = k + m;
            bool ended = end == n || tael__begins(r->low + at + end, n - end, verbs) > 0;
            if (m == 0 || !ended || (k == 0 && end == whole) || tael__begins(r->low + at, n, "去|到|逛|陪")) continue;
            copy(names->merchant, r->own + at, end);
            cut(r, at, end);
            return true;
        }
        at += n;
        while (r->low[at] == ' ') at++;
    }
    return false;
}

/* ---- What for ---- */

/* 买了一本书 is 书, 吃了顿火锅 is 火锅; 买菜 stays. */
static void strip_verb(char *item)
{
    static const char verbs[] =
        "交的|买的|付的|吃的|点的|买了|吃了|喝了|充了|交了|付了|花了|打了|坐了|看了|订了|点了|加了|用了|缴了|存了|逛了",
                      counts[] = "个|本|杯|份|件|瓶|张|顿|次|趟|"
                                 "双|条|只|袋|包|盒|斤|点|些|台|部|套|束|支|碗|场|箱|把|罐";
    size_t n = tael__begins(item, strlen(item), verbs);
    if (n == 0 || n == strlen(item)) return;
    if (tael__begins(item, n, "打了|坐了|交了|充了|加了|看了")) { /* 打了车: the verb is half of the word */
        size_t le = strlen("打");
        memmove(item + le, item + n, strlen(item + n) + 1);
        n = le;
    } else {
        memmove(item, item + n, strlen(item + n) + 1);
        n = 0;
    }
    char *after = item + n;
    size_t m = tael__begins(after, strlen(after), "一|两|三|几|四|五|六"),
           k = tael__begins(after + m, strlen(after + m), counts);
    if (k && !after[m + k]) item[0] = '\0'; /* 喝了杯, and the shop's name said what */
    if (k && after[m + k]) memmove(after, after + m + k, strlen(after + m + k) + 1);
}

/* 打车付 is 打车, but 首付 is a word. */
static void strip_paid(char *item)
{
    static const char paid[] = "付";
    size_t n = strlen(item), m = sizeof paid - 1;
    if (n <= m || strcmp(item + n - m, paid) != 0) return;
    if (n >= 2 * m && tael__begins(item + n - 2 * m, 2 * m, "首付|预付|到付|代付|垫付|应付|支付|实付")) return;
    item[n - m] = '\0';
}

static void read_item(tael__said_names *names, rest *r)
{
    static const char starts[] =
        "的|了|花了|用了|一共|总共|共计|付了|支付了|支出|收入|我花了|我买了|我付了|我|又|还有|然后|是|去了|"
        "记一笔|记一下|记账|帮我记|刚刚|刚才|刚|大概|大约|paid for|paid|spent on|spent|bought|buy|for|on|a|an|the|my|i|"
        "got|received|income|expense|and|then|also|of|earned|to|add|record|at|from";
    static const char ends[] =
        "花了|花掉了|花掉|花费|用了|一共|总共|共计|合计|付了|支付了|付款|消费|支出|的|了|要|是|大概|大约|每人|"
        "到账|到账了|入账|进账|实付|原价|收入|for|on|at|was|cost|costs|is|of|from|to|with|paid|about|via|by|in|a|the|"
        "and|"
        "总价|左右";
    if (names->item[0]) return;
    char item[TAEL__MAX_SAID_BYTES];
    snprintf(item, sizeof item, "%s", r->own);
    strip(item, tael__begins(item, strlen(item), "我妈|我爸|我家|我们") ? "的|了" : starts, ends);
    strip_paid(item);
    strip_verb(item);
    strip(item, tael__begins(item, strlen(item), "我妈|我爸|我家|我们") ? "的|了" : starts, ends);
    copy(names->item, item, strlen(item));
    size_t n = strlen(names->item);
    if ((n && tael__begins(names->item, n, starts) == n) || (n && tael__begins(names->item, n, ends) == n))
        names->item[0] = '\0';
    if (is_one_of(names->item, "花|买|付|用|交|给")) names->item[0] = '\0';
    if (strcmp(names->item, "打") == 0) snprintf(names->item, sizeof names->item, "打的");
    if (tael__begins(names->item, strlen(names->item), "sent|gave|transferred|paid") == strlen(names->item) &&
        names->item[0])
        snprintf(names->item, sizeof names->item, "transfer");
}

static void read_repeat(tael__said_names *names, tael__clause *c)
{
    static const char *const every[] = {"每月|每个月|月付款|monthly|every month", "每周|每星期|weekly|every week",
                                        "每年|yearly|every year", "每天|daily|every day", "每季度|quarterly"};
    static const char *const notes[] = {"每月", "每周", "每年", "每天", "每季度"};
    for (size_t i = 0; i < 5; i++)
        if (tael__clause_take_any(c, every[i])) snprintf(names->note, sizeof names->note, "%s", notes[i]);
}

/* 给我妈 is to her, not to me: 给妈. */
static void cut_mine(rest *r)
{
    static const char to_mine[] = "给我妈|给我爸|给我老婆|给我老公|给我儿子|给我女儿|给我妹|给我弟|给我哥|给我姐|"
                                  "给我爷|给我奶|给我外|给我女朋友|给我男朋友|给我家|"
                                  "给我朋友|给我同事|给我对象|给我老妈|给我老爸|给我侄|给我孩子|给我闺女";
    size_t bytes, at = find(r->low, to_mine, &bytes);
    if (at != SIZE_MAX) cut(r, at + strlen("给"), strlen("我"));
}

void tael__names_read(tael__said_names *names, tael__clause *c, const tael__merchants *m)
{
    char text[TAEL__MAX_SAID_BYTES];
    rest r;
    *names = (tael__said_names){0};
    read_repeat(names, c);
    tael__clause_rest(c, text, sizeof text);
    strip(text, "刚刚|刚才|刚|记一下|记一笔|帮我记一下|帮我记|我刚刚|我刚才|我刚|我今天|just|i just", "啊|呢|吧|哦");
    set_rest(&r, text);
    cut_mine(&r);
    read_direction(names, &r);
    if (names->refund) {
        size_t bytes, at;
        while (
            (at = find(r.low, "退货退款|收到退款|退款到账|退款|退货|退了|退回|退钱|退费|refunded|refund|returned|收到",
                       &bytes)) != SIZE_MAX)
            cut(&r, at, bytes);
    }
    bool person = read_owed(names, &r);
    size_t giver = gives_me(&r);
    if (!person && names->direction == TAEL_INCOME && giver != SIZE_MAX) {
        copy(names->merchant, r.own, giver);
        snprintf(names->item, sizeof names->item, "转账");
        person = true;
    }
    if (names->direction == TAEL_INCOME) person = person || read_from(names, &r) || read_received(names, &r);
    if (!person && names->direction == TAEL_EXPENSE) person = read_given(names, &r) || read_to(names, &r);
    names->person = person && names->merchant[0];
    if (names->person) return;
    if (!read_known(names, &r, m) && !read_brand(names, &r) && !read_place(names, &r) && !read_shop(names, &r))
        read_english(names, &r);
    read_item(names, &r);
    if (names->refund && !names->item[0]) snprintf(names->item, sizeof names->item, "退款");
}
