// SPDX-License-Identifier: Apache-2.0
// What is left of a clause when times, amounts and ways of paying are out: which way the money went, and what it was
// for. Shops are told by the ledger's own names, a list of brands, the word 在 or "at", or the ending of their name
// (面馆, 超市); people are read in add_people.c.
#include <stdio.h>
#include <string.h>

#include "assistant/add_rest.h"

static const struct {
    const char *said, *written;
} brands[] = {
#define BRAND(said, written) {said, written},
#include "assistant/brands.inc"
#undef BRAND
};

/* ---- Which way ---- */

static void read_direction(tael__said_names *names, const tael__rest *r)
{
    names->direction = TAEL_EXPENSE;
    if (tael__rest_says(r, "退款|退货|退了|退回|退钱|退费|退票|退押金|refund|refunded|returned")) {
        names->refund = true;
        names->direction = TAEL_NEUTRAL;
    } else if (tael__rest_says(
                   r, "还信用卡|信用卡还|花呗还|还了信用卡|还了花呗|还了白条|还花呗|还白条|还月付|信用卡还款|花呗还款|"
                      "白条还款|还房贷信用卡|提现|取现|取钱|取了|"
                      "取款|存钱|存了|"
                      "存到|转到余额宝|转入余额宝|余额宝转入|转入零钱通|余额宝转出|零钱通转出|转到银行卡|理财买入|"
                      "买入理财|基金买入|买入基金|申购|赎回|充值零钱|转到自己|买基金|买理财|定投|买股票|"
                      "credit card payment|to savings|savings account|"
                      "pay off|withdraw|withdrew|atm")) {
        names->direction = TAEL_NEUTRAL;
    } else if (tael__begins(r->low, strlen(r->low), "还") > 0 &&
               tael__rest_says(r, "信用卡|花呗|白条|月付|借呗|微粒贷")) {
        names->direction = TAEL_NEUTRAL;
    } else if (tael__rest_says(
                   r, "收到|收入|收了|收款|工资|薪水|薪资|奖金|年终奖|到账|入账|进账|报销款|报销到|报销了|卖了|卖掉|"
                      "卖出|卖闲置|利息收入|抢到|"
                      "给我|还我|转我|发我|退税|分红|中奖|赚了|稿费|兼职收|收红包|收房租|补贴|赢了|中了|收益|借我|"
                      "公积金提取|提取公积金|收租|收学费|公司报销|单位报销|received|salary|"
                      "paycheck|got paid|got|earned|"
                      "income|sold|reimbursed|bonus|paid me|sent me|gave me") &&
               !tael__rest_says(r, "发工资给|给员工发|退税服务")) {
        names->direction = TAEL_INCOME;
    } else if (tael__begins(r->low, strlen(r->low), "卖|报销") > 0 || tael__rest_lends(r) ||
               tael__rest_gives_me(r) != SIZE_MAX) {
        names->direction = TAEL_INCOME;
    }
}

/* ---- Where ---- */

/* The first and longest name of a list that stands in the rest, as `written`. */
static bool read_brand(tael__said_names *names, tael__rest *r)
{
    size_t best = 0, place = 0, bytes, which = 0;
    for (size_t i = 0; i < sizeof brands / sizeof *brands; i++) {
        size_t at = tael__rest_find(r->low, brands[i].said, &bytes);
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
    tael__rest_cut(r, place, best);
    return true;
}

/* A shop of the ledger by its whole name; of several the longest. */
static bool read_known(tael__said_names *names, tael__rest *r, const tael__merchants *m)
{
    size_t best = 0, place = 0, which = 0;
    for (size_t i = 0; i < m->count; i++) {
        char low[TAEL__NAME_BYTES];
        size_t n = strlen(m->names[i]), bytes;
        if (n < 4 || n >= sizeof low || n <= best || strchr(m->names[i], '|')) continue;
        for (size_t k = 0; k <= n; k++) {
            char c = m->names[i][k];
            low[k] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
        }
        size_t at = tael__rest_find(r->low, low, &bytes);
        if (at == SIZE_MAX) continue;
        /* 小王 isn't in 小王子书店: a short name must stand alone. */
        bool alone = (at == 0 || r->low[at - 1] == ' ') && (r->low[at + n] == '\0' || r->low[at + n] == ' ');
        if (n > strlen("两字") || alone) best = n, place = at, which = i;
    }
    if (!best) return false;
    snprintf(names->merchant, sizeof names->merchant, "%s", m->names[which]);
    tael__rest_cut(r, place, best);
    return true;
}

/* 在楼下超市买水: up to the verb, or the next blank. */
static bool read_place(tael__said_names *names, tael__rest *r)
{
    size_t bytes, verb, at = tael__rest_find(r->low, "在", &bytes);
    if (at == SIZE_MAX || tael__begins(r->low + at, strlen(r->low + at), "在线|在家")) return false;
    const char *low = r->low + at + bytes;
    size_t end = tael__rest_find(
        low, "买了|买|吃了|吃|喝了|喝|花了|花|充了|充|点了|点|付了|付|消费|订了|订|做了|修了|看了| ", &verb);
    if (end == 0) return false;
    if (end == SIZE_MAX) end = strlen(low);
    tael__rest_copy(names->merchant, r->own + at + bytes, end);
    tael__rest_strip(names->merchant, "的", "里|里面|那里|那儿|上");
    tael__rest_cut(r, at, bytes + end);
    return true;
}

/* 老王面馆 加蛋, 药店买感冒药: a word that ends as shops' names do, before a blank or a verb. */
static bool read_shop(tael__said_names *names, tael__rest *r)
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
            tael__rest_copy(names->merchant, r->own + at, end);
            tael__rest_cut(r, at, end);
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

static void read_item(tael__said_names *names, tael__rest *r)
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
    tael__rest_strip(item, tael__begins(item, strlen(item), "我妈|我爸|我家|我们") ? "的|了" : starts, ends);
    strip_paid(item);
    strip_verb(item);
    tael__rest_strip(item, tael__begins(item, strlen(item), "我妈|我爸|我家|我们") ? "的|了" : starts, ends);
    tael__rest_copy(names->item, item, strlen(item));
    size_t n = strlen(names->item);
    if ((n && tael__begins(names->item, n, starts) == n) || (n && tael__begins(names->item, n, ends) == n))
        names->item[0] = '\0';
    if (tael__rest_is(names->item, "花|买|付|用|交|给")) names->item[0] = '\0';
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
static void cut_mine(tael__rest *r)
{
    static const char to_mine[] = "给我妈|给我爸|给我老婆|给我老公|给我儿子|给我女儿|给我妹|给我弟|给我哥|给我姐|"
                                  "给我爷|给我奶|给我外|给我女朋友|给我男朋友|给我家|"
                                  "给我朋友|给我同事|给我对象|给我老妈|给我老爸|给我侄|给我孩子|给我闺女";
    size_t bytes, at = tael__rest_find(r->low, to_mine, &bytes);
    if (at != SIZE_MAX) tael__rest_cut(r, at + strlen("给"), strlen("我"));
}

void tael__names_read(tael__said_names *names, tael__clause *c, const tael__merchants *m)
{
    char text[TAEL__MAX_SAID_BYTES];
    tael__rest r;
    *names = (tael__said_names){0};
    read_repeat(names, c);
    tael__clause_rest(c, text, sizeof text);
    tael__rest_strip(text, "刚刚|刚才|刚|记一下|记一笔|帮我记一下|帮我记|我刚刚|我刚才|我刚|我今天|just|i just",
                     "啊|呢|吧|哦");
    tael__rest_set(&r, text);
    cut_mine(&r);
    read_direction(names, &r);
    if (names->refund) {
        size_t bytes, at;
        while ((at = tael__rest_find(
                    r.low, "退货退款|收到退款|退款到账|退款|退货|退了|退回|退钱|退费|refunded|refund|returned|收到",
                    &bytes)) != SIZE_MAX)
            tael__rest_cut(&r, at, bytes);
    }
    names->person = tael__people_read(names, &r) && names->merchant[0];
    if (names->person) return;
    if (!read_known(names, &r, m) && !read_brand(names, &r) && !read_place(names, &r) && !read_shop(names, &r))
        tael__people_read_english(names, &r);
    read_item(names, &r);
    if (names->refund && !names->item[0]) snprintf(names->item, sizeof names->item, "退款");
}
