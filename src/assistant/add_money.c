// SPDX-License-Identifier: Apache-2.0
// Amounts as people say them: 25, ¥25.50, 25块5, 二十五块五, 两千三, 1.2万, 3k, HK$88, 30 bucks. Never through a float.
// A number that counts something else (2杯, 8点, iPhone 15, 5折) is none; a bare one is an amount only where none has a
// unit.
#include <string.h>

#include "assistant/add.h"
#include "base/utf8.h"

#define MINOR_MAX 100000000000000LL /* a trillion yuan: whoever says more has slipped */

typedef struct reader {
    const tael__clause *c;
    size_t at;
} reader;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return c >= 'a' && c <= 'z';
}

static char here(const reader *r)
{
    return r->at < r->c->bytes ? r->c->low[r->at] : '\0';
}

static bool pass(reader *r, const char *words)
{
    size_t n = tael__begins(r->c->low + r->at, r->c->bytes - r->at, words);
    r->at += n;
    return n > 0;
}

/* ---- Currencies ---- */

static const struct {
    const char *signs, *units, *code; /* before and behind the number */
} currencies[] = {
    {"hk$|hkd|港币|港元", "港币|港元|港纸|港幣|hkd|hk$", "HKD"},
    {"us$|usd|$|美元|美金", "美元|美金|刀|usd|dollars|dollar", "USD"},
    {"€|eur|欧元", "欧元|eur|euros|euro", "EUR"},
    {"£|gbp|英镑", "英镑|gbp|pounds|pound", "GBP"},
    {"a$|aud", "澳元|澳币|aud", "AUD"},
    {"ca$|cad", "加元|加币|cad", "CAD"},
    {"s$|sgd", "新币|新加坡元|sgd", "SGD"},
    {"¥|￥|rmb|cny|人民币", "块钱|块|元钱|元|圆|人民币|rmb|cny|yuan|kuai|bucks|buck", "CNY"},
};
#define CURRENCIES (sizeof currencies / sizeof *currencies)

static bool pass_sign(reader *r, char code[4])
{
    size_t start = r->at;
    for (size_t i = 0; i < CURRENCIES; i++) {
        if (!pass(r, currencies[i].signs)) continue;
        while (here(r) == ' ') r->at++;
        if (is_digit(here(r))) return memcpy(code, currencies[i].code, 4), true;
        r->at = start;
    }
    return false;
}

static bool pass_unit(reader *r, char code[4])
{
    size_t start = r->at;
    while (here(r) == ' ') r->at++;
    for (size_t i = 0; i < CURRENCIES; i++)
        if (pass(r, currencies[i].units)) return memcpy(code, currencies[i].code, 4), true;
    r->at = start;
    return false;
}

/* ---- Numbers ---- */

/* One Chinese digit. */
static int chinese_digit(reader *r)
{
    static const char *const digits[] = {"零|〇", "一|壹", "二|两|俩|贰", "三|叁", "四|肆",
                                         "五|伍", "六|陆", "七|柒",       "八|捌", "九|玖"};
    for (int i = 0; i < 10; i++)
        if (pass(r, digits[i])) return i;
    return -1;
}

static int64_t multiplier(reader *r, bool latin)
{
    static const struct {
        const char *words;
        int64_t value;
    } all[] = {{"亿", 100000000}, {"万|萬", 10000}, {"千|仟", 1000}, {"百|佰", 100}, {"十|拾", 10}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (pass(r, all[i].words)) return all[i].value;
    if (latin && pass(r, "w")) return 10000;
    if (latin && pass(r, "k")) return 1000;
    return 1;
}

/* A whole number in characters: 二十五, 三百零五, 两千三 (2,300), 一万二. *places: it has 百 or more in it. */
static bool read_chinese(reader *r, int64_t *value, bool *places, bool *tens)
{
    int64_t total = 0, section = 0, last = 0;
    int digit = -1;
    bool zero = false, any = false;
    for (;;) {
        reader ahead = *r;
        int next = chinese_digit(&ahead);
        if (next == 0 && any) {
            zero = true;
            *r = ahead;
            continue;
        }
        if (next > 0) {
            if (digit >= 0) return false; /* 二五: no number that we read */
            digit = next;
            any = true;
            *r = ahead;
            continue;
        }
        int64_t unit = next == 0 ? 1 : multiplier(&ahead, false);
        if (unit == 1) break;
        if (!any && unit != 10) return false; /* 百货, 万达 */
        *r = ahead;
        any = true;
        *places |= unit >= 100;
        *tens |= unit == 10;
        if (unit >= 10000) {
            total = (total + section + (digit > 0 ? digit : 0)) * unit;
            section = 0;
        } else {
            section += (digit < 0 ? 1 : digit) * unit;
        }
        digit = -1;
        zero = false;
        last = unit;
        if (total > MINOR_MAX) return false;
    }
    /* 两千三: the digit after a place counts the next lower one, unless 零 stands before it. */
    if (digit > 0) section += last >= 100 && !zero ? digit * (last / 10) : digit;
    *value = total + section;
    return any;
}

/* "1,200.50" as hundredths. */
static bool read_digits(reader *r, int64_t *minor, bool *inexact)
{
    int64_t value = 0;
    size_t start = r->at;
    for (; is_digit(here(r)) || here(r) == ','; r->at++) {
        if (here(r) == ',') {
            const char *c = r->c->low + r->at;
            bool three = r->at + 3 < r->c->bytes && is_digit(c[1]) && is_digit(c[2]) && is_digit(c[3]) &&
                         !(r->at + 4 < r->c->bytes && is_digit(c[4]));
            if (!three || r->at == start) break;
            continue;
        }
        value = value * 10 + (here(r) - '0');
        if (value > MINOR_MAX) return false;
    }
    value *= 100;
    if (here(r) == '.' && r->at + 1 < r->c->bytes && is_digit(r->c->low[r->at + 1])) {
        int64_t place = 10;
        for (r->at++; is_digit(here(r)); r->at++, place /= 10) {
            value += (here(r) - '0') * place;
            *inexact |= place == 0 && here(r) != '0';
        }
    }
    *minor = value;
    return r->at > start;
}

/* What follows 块: 5 or 五 are jiao (25块5), 半 is fifty, 5毛2 and 5毛2分 go on; 50 are fen. */
static void read_small(reader *r, int64_t *minor)
{
    int64_t fen = 0;
    reader ahead = *r;
    if (pass(r, "半")) {
        *minor += 50;
        return;
    }
    bool none = pass(&ahead, "零");
    int first = is_digit(here(&ahead)) ? r->c->low[ahead.at++] - '0' : chinese_digit(&ahead);
    if (first < 0) return;
    bool jiao = pass(&ahead, "毛|角");
    if (none) { /* 十块零五毛, 十块零五分 */
        *minor += jiao ? first * 10 : first;
        pass(&ahead, "分");
        *r = ahead;
        return;
    }
    reader second = ahead;
    int more = is_digit(here(&second)) ? r->c->low[second.at++] - '0' : jiao ? chinese_digit(&second) : -1;
    fen = first * 10;
    if (more >= 0 && !is_digit(here(&second))) {
        fen += more;
        ahead = second;
        pass(&ahead, "分");
    } else if (more >= 0) {
        return; /* three digits are no jiao and fen */
    }
    if (!jiao &&
        tael__begins(r->c->low + ahead.at, r->c->bytes - ahead.at, "个|杯|瓶|份|件|斤|点|号|人|张|本|月|次|天"))
        return;
    *minor += fen;
    *r = ahead;
}

/* ---- One amount ---- */

/* A word after the number that says it counts something else: a Chinese one at once, an English one also after a blank.
 */
static bool counts_else(reader r)
{
    static const char words[] = "个|杯|瓶|件|斤|公斤|千克|克|包|盒|张|份|次|本|人|天|晚|夜|小时|分钟|月|年|号|日|点|楼|"
                                "路|条|双|只|支|袋|桶|箱|台|部|辆|平|"
                                "米|公里|升|度|折|%|期|位|串|片|顿|碗|听|罐|卷|层|栋|室|代|寸|毫升|倍|周|桌|种|套|组|"
                                "把|根|颗|枚|头|笔|单|趟|站|格|线|岁|码|"
                                "公分|厘米|星|级|届|季|集|章|页|分|口";
    /* 50天猫, 30米线: the name of the thing begins with such a word. */
    static const char names[] =
        "支付|支出|平安|天猫|天虹|米饭|米线|米粉|包子|星巴克|日料|日用|年货|月饼|月付|人民|本地|路边|单车|分期|杯面|"
        "代驾|"
        "盒马|本月|本周|本次|本人|人人|次日|张三|包邮|口红|口罩|头盔|点心|片场|条形|线上|线下|周黑鸭|周大福|只是|级别|"
        "度假|晚饭|晚餐|夜宵|号码";
    static const char english[] =
        "g|kg|km|m|l|ml|cm|mm|gb|tb|mb|pcs|x|th|st|nd|rd|am|pm|pro|plus|max|days|day|nights|night|people|"
        "persons|months|month|weeks|week|years|year|hours|hour|minutes|min|cups|bottles|items|miles|pieces";
    if (tael__begins(r.c->low + r.at, r.c->bytes - r.at, names)) return false;
    if (pass(&r, words)) return true;
    while (here(&r) == ' ') r.at++;
    if (tael__begins(r.c->low + r.at, r.c->bytes - r.at, names)) return false;
    if (pass(&r, "个|杯|份|件|瓶|斤|公斤|箱|袋|盒|次|人|本")) return true;
    return pass(&r, english);
}

/* "2 coffees": a small count before an English word that isn't one of those that follow an amount. */
static bool before_english(reader r, int64_t minor)
{
    if (minor % 100 || minor > 9900 || here(&r) != ' ') return false;
    while (here(&r) == ' ') r.at++;
    if (r.c->bytes - r.at > 4 && memcmp(r.c->low + r.at, "for ", 4) == 0 && is_digit(r.c->low[r.at + 4])) return true;
    return is_letter(here(&r)) &&
           !tael__begins(r.c->low + r.at, r.c->bytes - r.at,
                         "for|at|on|from|to|via|by|with|in|or|alipay|wechat|cash|yesterday|today|card|"
                         "visa|using|last|this|the|cmb|icbc|ccb|boc|abc|and|paid");
}

static bool has_before(const tael__clause *c, size_t at, const char *words)
{
    while (at > 0 && (c->low[at - 1] == ' ' || c->low[at - 1] == ':')) at--;
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, "|");
        if (n > 0 && n <= at && memcmp(c->low + at - n, w, n) == 0) return true;
        w += n + (w[n] == '|');
    }
    return false;
}

static bool whole_tail(const reader *r) /* nothing but blanks and what was taken follow */
{
    for (size_t i = r->at; i < r->c->bytes; i++)
        if (r->c->low[i] != ' ' && r->c->low[i] != TAEL__GONE) return false;
    return true;
}

/* 1万2, 2千5百, 3k: *minor times what follows. */
static void read_multipliers(reader *r, int64_t *minor)
{
    reader ahead = *r;
    while (here(&ahead) == ' ') ahead.at++;
    int64_t times = multiplier(&ahead, true);
    if (times < 100 || *minor > MINOR_MAX / times) return;
    if (is_letter(r->c->low[ahead.at - 1]) && (is_letter(here(&ahead)) || is_digit(here(&ahead)))) return;
    *minor *= times;
    *r = ahead;
    int digit = is_digit(here(&ahead)) ? here(&ahead) - '0' : -1;
    if (digit < 0) return;
    ahead.at++;
    reader end = ahead;
    int64_t lower = multiplier(&ahead, false);
    if (is_digit(here(&end)) || here(&end) == '.' || (lower == 1 && counts_else(end))) return;
    *minor += lower > 1 ? digit * lower * 100 : digit * (times / 10) * 100;
    *r = lower > 1 ? ahead : end;
}

static bool read_number(reader *r, tael__said_amount *a, bool sign)
{
    const tael__clause *c = r->c;
    char before = r->at > 0 ? c->low[r->at - 1] : ' ';
    if (is_digit(here(r))) {
        if (is_digit(before) || before == '.' || (before == ',' && r->at > 1 && is_digit(c->low[r->at - 2])))
            return false;
        a->strength = is_letter(before) && !sign ? 1 : 2;
        if (!sign && (before == 'x' || before == '*') && r->at > 1 && !is_letter(c->low[r->at - 2])) return false;
        if (!read_digits(r, &a->minor, &a->inexact)) return false;
        read_multipliers(r, &a->minor);
        return true;
    }
    int64_t whole;
    bool places = false, tens = false;
    if (!read_chinese(r, &whole, &places, &tens) || whole > MINOR_MAX / 100) return false;
    a->minor = whole * 100;
    a->strength = places ? 2 : tens && whole_tail(r) ? 1 : 0;
    return true;
}

/* An amount that begins at the place; the place moves behind it. */
static bool read_amount(reader *r, tael__said_amount *a)
{
    size_t start = r->at;
    *a = (tael__said_amount){.at = start};
    bool sign = pass_sign(r, a->currency);
    if (!read_number(r, a, sign)) return false;
    bool mao = pass(r, "毛|角");
    if (mao) {
        reader fen = *r;
        int digit = is_digit(here(&fen)) ? r->c->low[fen.at++] - '0' : chinese_digit(&fen);
        a->minor /= 10;
        if (digit > 0 && !is_digit(here(&fen)) && (pass(&fen, "分") || whole_tail(&fen) || here(&fen) == ' ')) {
            a->minor += digit; /* 两毛五 */
            *r = fen;
        }
    }
    reader unit_at = *r;
    bool unit = mao || pass_unit(r, a->currency[0] ? (char[4]){0} : a->currency);
    if (unit && !mao && strcmp(a->currency, "CNY") == 0) read_small(r, &a->minor);
    bool money = !unit || strcmp(a->currency, "CNY") != 0 || pass(r, "钱");
    if (mao) memcpy(a->currency, "CNY", 4);
    if (sign || unit) a->strength = 3;
    /* 转500张三: what is given is money, when a name may begin with the word behind it. */
    bool given = has_before(r->c, start, "转|转了|转账|给了|付了|花了|借了|还了|收到|收了|打了") &&
                 tael__begins(r->c->low + r->at, r->c->bytes - r->at, "张|包|单|季|平|米|支|星|路|楼|项|方") > 0;
    if (!sign && !unit && !given && counts_else(unit_at)) return false;
    a->about = pass(r, "多|几");
    if (a->about && !unit) pass_unit(r, a->currency);
    a->rough = pass(r, "左右|上下|出头") || has_before(r->c, start, "大概|大约|差不多|about|around|roughly");
    /* 一块蛋糕: a piece, if there is another amount. */
    bool piece = !money && !mao && a->minor < 1000 && a->minor % 100 == 0 && (here(r) & 0x80);
    a->quantity = piece || (!sign && !unit && before_english(*r, a->minor));
    a->paid = has_before(r->c, start,
                         "=|一共|总共|合计|共计|in total|total|实付|实际|实际付|到手|折后|最后付|最终|实付款|paid");
    a->bytes = r->at - start;
    return a->strength > 0 && !has_before(r->c, start, "送|减|立减|优惠|满|省了|省|折扣|满减|saved");
}

size_t tael__amounts_find(tael__said_amount *out, size_t cap, const tael__clause *c)
{
    size_t count = 0;
    for (size_t at = 0; at < c->bytes && count < cap;) {
        reader r = {c, at};
        uint32_t code;
        if (!c->fixed[at] && c->low[at] != TAEL__GONE && read_amount(&r, &out[count])) {
            at = r.at;
            count++;
            continue;
        }
        /* Past a number that is no amount as a whole: its inside is none either. */
        size_t next = at + tael__utf8_decode(c->low + at, c->bytes - at, &code, NULL);
        if (is_digit(c->low[at]))
            while (next < c->bytes && (is_digit(c->low[next]) ||
                                       (c->low[next] == '.' && next + 1 < c->bytes && is_digit(c->low[next + 1]))))
                next++;
        at = next;
    }
    return count;
}

bool tael__amounts_range(const tael__clause *c, const tael__said_amount *first, const tael__said_amount *second)
{
    size_t at = first->at + first->bytes;
    while (at < second->at && c->low[at] == ' ') at++;
    size_t n = tael__begins(c->low + at, second->at - at, "-|~|–|—|到|至|或者|或|还是|or|/");
    at += n;
    while (at < second->at && c->low[at] == ' ') at++;
    return n > 0 && at == second->at;
}
