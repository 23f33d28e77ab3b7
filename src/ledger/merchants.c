// SPDX-License-Identifier: Apache-2.0
// Merchants' names to brands. One shop has a name at Alipay, its company's at the bank and a branch behind it at
// Meituan; a sum by merchant wants one. What surely isn't the name is taken off from both ends, again until nothing
// changes, and the table merchants.inc knows what no rule can. Each rule leaves at least two characters that aren't
// generic words, else it doesn't apply: a person's name or "便利店" stays as it is.
#include "ledger/merchants.h"

#include <ctype.h>
#include <string.h>

#define COUNT(list) (sizeof list / sizeof *list)
#define LEAST_BYTES 4 /* what a rule must leave: two Chinese characters have six, "7-Eleven" more */

typedef struct spelling {
    char *text;   /* NUL-terminated, moved forward and cut, never longer */
    bool company; /* a company's form was taken off: what stands before may be its trade and its town */
} spelling;

/* ---- Letters ---- */

/* Half width, one space between words, none around. */
static void tidy(char *out, const char *in, size_t bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < bytes; i++) {
        unsigned char c = (unsigned char)in[i];
        if (c == 0xEF && i + 2 < bytes) { /* U+FF01..U+FF5E, see text.c */
            unsigned char b = (unsigned char)in[i + 1], d = (unsigned char)in[i + 2];
            unsigned code = ((unsigned)(b & 0x3F) << 6) | (d & 0x3F);
            if ((b == 0xBC || b == 0xBD) && code >= 0xF01 && code <= 0xF5E) {
                c = (unsigned char)(code - 0xF01 + 0x21);
                i += 2;
            }
        } else if (c == 0xE3 && i + 2 < bytes && memcmp(in + i, "\xE3\x80\x80", 3) == 0) { /* ideographic space */
            c = ' ';
            i += 2;
        } else if (c == 0xC2 && i + 1 < bytes && (unsigned char)in[i + 1] == 0xA0) { /* no-break space */
            c = ' ';
            i++;
        }
        if (c <= ' ' || c == 0x7F) c = ' ';
        if (c == ' ' && (n == 0 || out[n - 1] == ' ')) continue;
        out[n++] = (char)c;
    }
    while (n > 0 && out[n - 1] == ' ') n--;
    out[n] = '\0';
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), w = strlen(with);
    return n >= w && memcmp(text + n - w, with, w) == 0;
}

static bool ends_in(const char *text, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (ends(text, list[i])) return true;
    return false;
}

/* Words of many shops, which alone name none. */
static bool generic(const char *text)
{
    static const char *const words[] = {
        "餐饮",     "餐饮管理", "餐饮服务", "科技",   "网络",       "网络科技", "信息",     "信息科技", "信息技术",
        "商贸",     "贸易",     "管理",     "食品",   "服务",       "文化",     "百货",     "超市",     "便利店",
        "电子商务", "企业管理", "商业",     "实业",   "投资",       "物业",     "物业管理", "酒店",     "酒店管理",
        "连锁",     "传媒",     "文化传播", "公司",   "有限",       "集团",     "股份",     "分公司",   "饭店",
        "餐厅",     "药店",     "书店",     "水果店", "早餐店",     "小吃",     "面馆",     "咖啡",     "奶茶",
        "总店",     "分店",     "商店",     "商户",   "个体工商户", "零售",     "批发",     "经营部",   "小卖部",
        "理发店",   "停车场",   "停车",     "食堂",   "菜市场",     "大药房"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

static bool has_letter(const char *text)
{
    for (; *text; text++)
        if (isalpha((unsigned char)*text) || (unsigned char)*text >= 0x80) return true;
    return false;
}

/* Whether `bytes` of text may stand alone as a name. */
static bool enough(const char *text, size_t bytes)
{
    char part[TAEL__BRAND_BYTES];
    while (bytes > 0 && strchr(" ,.-", text[bytes - 1])) bytes--;
    if (bytes < LEAST_BYTES || bytes >= sizeof part) return false;
    memcpy(part, text, bytes);
    part[bytes] = '\0';
    return has_letter(part) && !generic(part);
}

static bool cut(spelling *n, size_t bytes)
{
    if (!enough(n->text, bytes)) return false;
    while (bytes > 0 && strchr(" ,.-", n->text[bytes - 1])) bytes--;
    n->text[bytes] = '\0';
    return true;
}

static bool skip(spelling *n, size_t bytes)
{
    const char *rest = n->text + bytes;
    while (*rest == ' ') rest++;
    if (!enough(rest, strlen(rest))) return false;
    n->text += rest - n->text;
    return true;
}

/* ---- The rules ---- */

static const char *const channels[] = {"支付宝",     "财付通",   "微信支付", "网银在线",       "抖音支付", "京东支付",
                                       "钱袋宝支付", "美团支付", "拉卡拉",   "云闪付",         "银联",     "收钱吧",
                                       "通联支付",   "快钱",     "易宝支付", "支付宝外部商户", "美团"};

bool tael__merchant_is_channel(const char *brand)
{
    static const char *const more[] = {
        "微信",     "微信转账", "微信红包", "扫二维码付款", "支付宝支付", "财付通支付", "银联在线支付", "银联消费",
        "手机银行", "网上银行", "消费",     "快捷支付",     "网上支付",   "转账",       "转帐",         "无卡支付"};
    for (size_t i = 0; i + 1 < COUNT(channels); i++) /* 美团 sells, too */
        if (strcmp(brand, channels[i]) == 0) return true;
    for (size_t i = 0; i < COUNT(more); i++)
        if (strcmp(brand, more[i]) == 0) return true;
    return false;
}

/* "财付通-拼多多平台商户", "PAYPAL *STEAM GAMES": who carried the money. */
static bool strip_channel(spelling *n)
{
    static const char *const between[] = {"-", "—", "–", ":"};
    static const char *const prefixes[] = {"SQ *",       "SQ*",     "PAYPAL *", "PAYPAL*",  "TST* ",
                                           "TST*",       "SP * ",   "SP *",     "PP*",      "APPLEPAY ",
                                           "APPLE PAY ", "SALES: ", "SALES:",   "RETURN: ", "POS PURCHASE "};
    for (size_t i = 0; i < COUNT(channels); i++) {
        if (!starts(n->text, channels[i])) continue;
        size_t at = strlen(channels[i]);
        for (size_t b = 0; b < COUNT(between); b++)
            if (starts(n->text + at, between[b])) return skip(n, at + strlen(between[b]));
    }
    for (size_t i = 0; i < COUNT(prefixes); i++)
        if (strncasecmp(n->text, prefixes[i], strlen(prefixes[i])) == 0) return skip(n, strlen(prefixes[i]));
    return false;
}

/* "国网电力有限公司99999999999999", "STARBUCKS #1234 SEATTLE WA", "…有限CHN": numbers and the country behind a name. */
static bool strip_number(spelling *n)
{
    size_t bytes = strlen(n->text), at = bytes, digits = 0;
    for (; at > 0 && strchr("0123456789*_- ", n->text[at - 1]); at--)
        digits += isdigit((unsigned char)n->text[at - 1]) != 0;
    if (digits >= 6 && at < bytes && cut(n, at)) return true;
    for (const char *c = n->text; (c = strstr(c, " #")); c += 2)
        if (isdigit((unsigned char)c[2]) && cut(n, (size_t)(c - n->text))) return true;
    if (bytes > 3 && ends(n->text, "CHN") && ((unsigned char)n->text[bytes - 4] >= 0x80 || n->text[bytes - 4] == ' '))
        return cut(n, bytes - 3);
    return false;
}

/* A shop that is called after what it sells has no branch in "…书店". */
static bool is_branch(const char *text)
{
    static const char *const shops[] = {
        "书店",   "便利店", "饭店",   "酒店",   "商店",   "药店",   "花店",   "茶店",     "面店",   "网店",
        "小店",   "粉店",   "鞋店",   "金店",   "专营店", "甜品店", "奶茶店", "蛋糕店",   "水果店", "烧烤店",
        "火锅店", "面包店", "眼镜店", "五金店", "文具店", "服装店", "杂货店", "小吃店",   "早餐店", "包子店",
        "理发店", "美发店", "洗车店", "宠物店", "母婴店", "烟酒店", "快餐店", "咖啡店",   "饮品店", "生鲜店",
        "零食店", "玩具店", "手机店", "家具店", "茶叶店", "米粉店", "米线店", "麻辣烫店", "熟食店", "修理店"};
    return ends(text, "店") && !ends_in(text, shops, COUNT(shops));
}

static bool in_brackets_is_no_name(const char *inner)
{
    static const char *const places[] = {"馆",   "广场", "中心", "餐厅", "校区", "机场", "车站", "商场", "大厦",
                                         "小区", "路",   "街",   "站",   "城",   "园区", "医院", "食堂"};
    return strcmp(inner, "个体工商户") == 0 || strcmp(inner, "中国") == 0 || is_branch(inner) ||
           ends_in(inner, places, COUNT(places));
}

/* "喜茶(北京大兴万科广场店)", "星巴克·成都太古里店", "瑞幸咖啡-001店", "第123分店", "小米官方旗舰店". */
static bool strip_branch(spelling *n)
{
    static const char *const separators[] = {"-", "·", "•", " ", "—"};
    static const char *const forms[] = {"官方旗舰店", "旗舰店", "(个体工商户)"};
    char inner[TAEL__BRAND_BYTES];
    size_t bytes = strlen(n->text);
    const char *open = strrchr(n->text, '(');
    if (open && ends(n->text, ")")) {
        size_t inside = bytes - 1 - (size_t)(open + 1 - n->text);
        memcpy(inner, open + 1, inside);
        inner[inside] = '\0';
        if (in_brackets_is_no_name(inner)) return cut(n, (size_t)(open - n->text));
    }
    for (size_t i = 0; i < COUNT(forms); i++)
        if (ends(n->text, forms[i]) && cut(n, bytes - strlen(forms[i]))) return true;
    if (!is_branch(n->text)) return false;
    const char *last = NULL;
    size_t width = 0;
    for (size_t i = 0; i < COUNT(separators); i++)
        for (const char *c = n->text; (c = strstr(c, separators[i])); c += strlen(separators[i]))
            if (!last || c > last) {
                last = c;
                width = strlen(separators[i]);
            }
    if (last && last[width] && cut(n, (size_t)(last - n->text))) return true;
    const char *number = strstr(n->text, "第");
    if (!number) return false;
    const char *end = number + strlen("第");
    while (isdigit((unsigned char)*end)) end++;
    return end > number + strlen("第") && (strcmp(end, "分店") == 0 || strcmp(end, "店") == 0) &&
           cut(n, (size_t)(number - n->text));
}

static const char *const places[] = {
    "中国", "北京", "上海",   "天津",   "重庆",   "广东",   "浙江", "江苏", "四川", "湖北", "湖南", "福建",
    "安徽", "山东", "河南",   "河北",   "辽宁",   "吉林",   "陕西", "山西", "江西", "广西", "云南", "贵州",
    "海南", "甘肃", "内蒙古", "黑龙江", "新疆",   "宁夏",   "青海", "西藏", "广州", "深圳", "成都", "杭州",
    "武汉", "南京", "苏州",   "西安",   "长沙",   "郑州",   "青岛", "宁波", "厦门", "福州", "合肥", "济南",
    "大连", "沈阳", "昆明",   "无锡",   "佛山",   "东莞",   "珠海", "温州", "常州", "嘉兴", "绍兴", "金华",
    "南昌", "南宁", "贵阳",   "太原",   "石家庄", "哈尔滨", "长春", "海口", "三亚", "兰州", "惠州", "中山",
    "泉州", "烟台", "徐州",   "南通",   "扬州",   "台州",   "义乌"};

/* What a town's own service is called only with its town. */
static bool needs_place(const char *rest)
{
    static const char *const services[] = {"银行",   "公共", "公交", "地铁", "轨道", "燃气", "电力", "供电",
                                           "自来水", "水务", "热力", "高速", "铁路", "机场", "移动", "联通",
                                           "电信",   "大学", "医院", "邮政", "有线", "联合"};
    for (size_t i = 0; i < COUNT(services); i++)
        if (starts(rest, services[i])) return true;
    return false;
}

/* "(北京)" or "(中国)" inside a company's name. */
static bool strip_place_in_brackets(spelling *n)
{
    for (size_t i = 0; i < COUNT(places); i++) {
        char text[40];
        size_t bytes = strlen(places[i]);
        text[0] = '(';
        memcpy(text + 1, places[i], bytes);
        memcpy(text + 1 + bytes, ")", 2);
        char *at = strstr(n->text, text);
        if (!at || strlen(n->text) < strlen(text) + LEAST_BYTES) continue;
        memmove(at, at + strlen(text), strlen(at + strlen(text)) + 1);
        return true;
    }
    return false;
}

static bool strip_place(spelling *n)
{
    for (size_t i = 0; i < COUNT(places); i++) {
        if (!starts(n->text, places[i])) continue;
        size_t bytes = strlen(places[i]);
        if (starts(n->text + bytes, "市") || starts(n->text + bytes, "省")) bytes += strlen("市");
        return strlen(n->text + bytes) >= 6 && !needs_place(n->text + bytes) && skip(n, bytes);
    }
    return false;
}

static bool strip_trade(spelling *n)
{
    static const char *const trades[] = {
        "股份",     "集团",     "(集团)",   "网络科技", "信息科技",   "信息技术", "网络技术", "电子商务", "餐饮管理",
        "餐饮服务", "酒店管理", "企业管理", "商业管理", "供应链管理", "文化传播", "文化传媒", "科技",     "餐饮",
        "商贸",     "贸易",     "食品",     "实业",     "连锁",       "信息",     "技术",     "服务"};
    for (size_t i = 0; i < COUNT(trades); i++)
        if (ends(n->text, trades[i])) {
            size_t left = strlen(n->text) - strlen(trades[i]);
            if (left >= 6 && cut(n, left)) return true;
        }
    return false;
}

/* The form of a company, whole or as a bank cut it off, and then its trade and its town. */
static bool strip_company(spelling *n)
{
    static const char *const forms[] = {"有限责任公司", "股份有限公司", "有限公司"};
    static const char *const tails[] = {"公司", "店", "厂", "部", "中心", "站"};
    static const char *const cut_off[] = {"股份有限公", "股份有限", "有限责任", "有限公", "有限责", "有限"};
    static const char *const latin[] = {"co., ltd.", "co.,ltd.", "co., ltd", "co.,ltd", "co. ltd.", "co. ltd", "co ltd",
                                        "pte. ltd.", "pte ltd",  "ltd.",     "ltd",     "inc.",     "inc",     "llc",
                                        "pte",       "limited",  "corp.",    "corp",    "gmbh"};
    size_t bytes = strlen(n->text);
    bool done = false;
    for (size_t i = 0; i < COUNT(forms) && !done; i++) {
        const char *at = strstr(n->text, forms[i]);
        if (!at || (at[strlen(forms[i])] && !ends_in(at + strlen(forms[i]), tails, COUNT(tails)))) continue;
        done = cut(n, (size_t)(at - n->text));
    }
    for (size_t i = 0; i < COUNT(cut_off) && !done; i++)
        if (ends(n->text, cut_off[i])) done = cut(n, bytes - strlen(cut_off[i]));
    for (size_t i = 0; i < COUNT(latin) && !done; i++) {
        size_t form = strlen(latin[i]);
        if (bytes > form + 1 && strchr(" ,", n->text[bytes - form - 1]) &&
            strcasecmp(n->text + bytes - form, latin[i]) == 0)
            return cut(n, bytes - form);
    }
    if (!done) return false;
    while (strip_place_in_brackets(n) || strip_trade(n) || strip_place(n)) continue;
    return true;
}

/* ---- The table ---- */

typedef enum how { IS, STARTS, HOLDS } how;

/* 0..1023, of text that isn't empty. */
static unsigned three_bytes(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    return (c[0] * 113u + c[1] * 29u + (c[1] ? c[2] : 0)) % 1024;
}

static const char *look_up(const char *text)
{
    static const struct {
        how how;
        const char *name, *brand;
    } table[] = {
#define MERCHANT(how, name, brand) {how, name, brand},
#include "ledger/merchants.inc"
#undef MERCHANT
    };
    char folded[TAEL__BRAND_BYTES];
    uint64_t there[16] = {0}; /* which three bytes stand in a row somewhere, by a hash: most names fail on it */
    folded[tael__text_fold(folded, text, strlen(text))] = '\0';
    for (const char *c = folded; *c; c++) there[three_bytes(c) / 64] |= (uint64_t)1 << three_bytes(c) % 64;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *name = table[i].name;
        if (!(there[three_bytes(name) / 64] >> three_bytes(name) % 64 & 1)) continue;
        bool fits = table[i].how == IS       ? strcmp(folded, name) == 0
                    : table[i].how == STARTS ? starts(folded, name)
                                             : strstr(folded, name) != NULL;
        if (fits) return table[i].brand;
    }
    return NULL;
}

/* SHOUTED and whispered names alike: "Yahui Catering". Words of up to three capitals may be initials and stay. */
static void set_case(char *text)
{
    bool upper = false, lower = false;
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c >= 0x80 || *c == '*') return; /* a masked name is as it is */
        upper |= isupper((unsigned char)*c) != 0;
        lower |= islower((unsigned char)*c) != 0;
    }
    if (upper == lower) return;
    for (char *c = text; *c;) {
        size_t n = 0;
        while (isalpha((unsigned char)c[n]) || c[n] == '\'') n++;
        for (size_t i = 1; i < n && upper && n > 3; i++) c[i] = (char)tolower((unsigned char)c[i]);
        if (n > 0 && lower) *c = (char)toupper((unsigned char)*c);
        c += n ? n : 1;
    }
}

void tael__merchant_brand(char out[TAEL__BRAND_BYTES], const char *merchant)
{
    char text[TAEL__BRAND_BYTES];
    size_t bytes = strlen(merchant);
    if (bytes > TAEL__MAX_FIELD_BYTES) bytes = TAEL__MAX_FIELD_BYTES;
    tidy(text, merchant, bytes);
    spelling n = {.text = text};
    while (strip_channel(&n)) continue;
    const char *brand = look_up(n.text);
    while (!brand && (strip_channel(&n) || strip_number(&n) || strip_branch(&n) || strip_company(&n)))
        brand = look_up(n.text);
    if (!brand) {
        set_case(n.text);
        brand = n.text;
    }
    memmove(out, brand, strlen(brand) + 1);
}
