// SPDX-License-Identifier: Apache-2.0
// Amounts of money in a question: "超过100块", "200元以上", "under 50", "between 100 and 200", "预算8000", "两千".
#include "assistant/amounts.h"

#include <string.h>

/* What a number counts when it is no money. */
static const char units_of_others[] =
    "个|次|家|天|日|月|年|号|点|时|笔|单|杯|顿|趟|回|名|位|大|周|星期|分|折|倍|岁|人|件|张|节|场|瓶|斤|公里|季|times|"
    "days|day|weeks|week|months|month|years|year|orders|order|purchases|shops|merchants|places|percent|%|am|pm|th|st|"
    "nd|"
    "rd|times|biggest|largest|most|top|trips|rides|visits";

static bool digits_here(const tael__scan *s)
{
    return s->at < s->bytes && s->text[s->at] >= '0' && s->text[s->at] <= '9';
}

/* 1,234.56 in minor units. */
static bool plain_number(tael__scan *s, int64_t *minor)
{
    int64_t value = 0, cents = 0, scale = 10;
    size_t start = s->at;
    if (!digits_here(s) || !tael__scan_at_word(s)) return false;
    for (; s->at < s->bytes; s->at++) {
        char c = s->text[s->at];
        if (c == ',' && s->at + 3 < s->bytes && s->at > start) continue;
        if (c < '0' || c > '9') break;
        if (value > 99999999) return s->at = start, false;
        value = value * 10 + (c - '0');
    }
    if (s->at + 1 < s->bytes && s->text[s->at] == '.' && s->text[s->at + 1] >= '0' && s->text[s->at + 1] <= '9')
        for (s->at++; digits_here(s); s->at++, scale /= 10) cents += (s->text[s->at] - '0') * scale;
    *minor = value * 100 + cents;
    return true;
}

/* 一百五, 两千三, 一万二, 三百: what spoken amounts are; below ten they are counts, not money. */
static bool chinese_amount(tael__scan *s, int64_t *minor)
{
    static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    static const struct {
        const char *name;
        int64_t size;
    } sizes[] = {{"万", 10000}, {"千", 1000}, {"百", 100}, {"十", 10}};
    size_t start = s->at;
    int64_t total = 0, digit = -1, last = 0;
    for (;;) {
        bool moved = false;
        for (int d = 0; d < 10 && !moved; d++)
            if (tael__scan_word(s, digits[d])) digit = d, moved = true;
        if (!moved && tael__scan_word(s, "两")) digit = 2, moved = true;
        for (size_t i = 0; i < 4 && !moved; i++) {
            if (!tael__scan_word(s, sizes[i].name)) continue;
            int64_t n = digit < 0 ? 1 : digit;
            total = sizes[i].size == 10000 && total > 0 ? (total + (digit > 0 ? digit : 0)) * 10000
                                                        : total + n * sizes[i].size;
            last = sizes[i].size;
            digit = -1;
            moved = true;
        }
        if (!moved) break;
    }
    if (digit > 0) total += last >= 100 ? digit * last / 10 : digit; /* 一百五 is 150 */
    if (last < 10 || total > 99999999) {
        s->at = start;
        return false;
    }
    *minor = total * 100;
    return true;
}

/* A number with what may follow it: 1.5万, 3k, 200块钱. *unit: something said that it is money. */
static bool amount_here(tael__scan *s, int64_t *minor, bool *unit)
{
    size_t start = s->at;
    *unit = tael__scan_any(s, "¥|￥|rmb|cny|$");
    tael__scan_blanks(s);
    if (!plain_number(s, minor) && !chinese_amount(s, minor)) {
        s->at = start;
        return false;
    }
    int64_t scale = tael__scan_any(s, "万|w") ? 10000 : tael__scan_any(s, "千|k") ? 1000 : 1, more = 0;
    *minor *= scale;
    size_t round = s->at; /* "1万8" is 18,000 */
    if (scale > 1 && plain_number(s, &more) && more < 1000)
        *minor += more * scale / 10;
    else
        s->at = round;
    size_t end = s->at;
    tael__scan_blanks(s);
    if (tael__scan_any(s, "块钱|元钱|块|元|圆|人民币|yuan|rmb|cny|kuai|bucks")) return *unit = true, true;
    if (tael__scan_any(s, units_of_others)) {
        s->at = start;
        return false;
    }
    s->at = end;
    return true;
}

bool tael__amounts_here(tael__scan *s, tael__amounts *amounts)
{
    static const char
        more[] =
            "超过|大于|高于|多于|不低于|不少于|至少|满|over|above|more than|at least|exceeding|greater than|larger "
            "than|bigger than|upwards of|costing more than|north of",
        less[] = "低于|少于|小于|不到|不足|不超过|under|below|less than|cheaper than|smaller than|at most|up to",
        from[] = "在|between|from";
    size_t start = s->at;
    int64_t a, b;
    bool unit, again;
    bool over = tael__scan_any(s, more), under = !over && tael__scan_any(s, less),
         range = !over && !under && tael__scan_any(s, from);
    tael__scan_blanks(s);
    if (!amount_here(s, &a, &unit)) {
        s->at = start;
        return false;
    }
    size_t one = s->at;
    tael__scan_blanks(s);
    if (tael__scan_any(s, "到|至|-|~|and|to")) {
        tael__scan_blanks(s);
        if (amount_here(s, &b, &again) && b > a && (unit || again || range)) {
            tael__scan_any(s, "之间");
            amounts->least = a;
            amounts->most = b;
            return true;
        }
    }
    s->at = one;
    bool after_more = tael__scan_any(s, "以上|往上|or more|and up|and above"),
         after_less = !after_more && tael__scan_any(s, "以下|以内|之内|or less|or under|and below");
    if (over || after_more) return amounts->least = a, true;
    if (under || after_less) return amounts->most = amounts->plain = a, true;
    if (range) s->at = start; /* "在3000" names nothing by its 在 */
    if (range) return false;
    if (!unit && a < 5000) return s->at = start, false; /* a bare number below 50 counts something */
    amounts->plain = a;
    return true;
}
