// SPDX-License-Identifier: Apache-2.0
/* Times to come in a question: "下周", "next month", "接下来10天", "by the end of the year". Only estimates ask for
 * them; the finder of period.c looks back, since bills do. */
#include <string.h>

#include "assistant/finder.h"

static tael__date month_first(tael__date of, int months)
{
    return tael__date_add_months((tael__date){of.year, of.month, 1}, months);
}

static tael__period whole_months(tael__date first, int count)
{
    return tael__span(first, tael__date_add_days(tael__date_add_months(first, count), -1));
}

/* "接下来10天", "未来两周", "the next 3 months": from tomorrow. */
static bool find_counted(tael__scan *s, tael__date today, tael__period *p)
{
    size_t start = s->at;
    int n = 1;
    tael__date from = tael__date_add_days(today, 1);
    if (tael__scan_any(s, "接下来的|接下来|未来的|未来|今后|往后|之后|以后|the next|the coming|next|coming")) {
        tael__scan_blanks(s);
        bool counted = tael__scan_number(s, &n);
        tael__scan_blanks(s);
        if (counted && n >= 1 && n <= 400) {
            if (tael__scan_any(s, "天|日|days|day")) return *p = tael__span(from, tael__date_add_days(today, n)), true;
            if (tael__scan_any(s, "个星期|个礼拜|周|weeks|week"))
                return *p = tael__span(from, tael__date_add_days(today, 7 * n)), true;
            if (tael__scan_any(s, "个月|月|months|month"))
                return *p = tael__span(from, tael__date_add_months(today, n)), true;
        }
    }
    s->at = start;
    return false;
}

static bool find_named(tael__scan *s, tael__date today, tael__period *p)
{
    tael__date tomorrow = tael__date_add_days(today, 1), monday = tael__date_add_days(today, 8 - tael__weekday(today));
    tael__date first = month_first(today, 1), quarter = month_first(today, 3 - (today.month - 1) % 3);
    if (tael__scan_any(s, "后天|后日|the day after tomorrow"))
        return *p = tael__span(tael__date_add_days(today, 2), tael__date_add_days(today, 2)), true;
    if (tael__scan_any(s, "明天|明日|明儿|听日|tomorrow")) return *p = tael__span(tomorrow, tomorrow), true;
    if (tael__scan_any(s, "下周|下个周|下一周|下星期|下个星期|下礼拜|下个礼拜|next week|the coming week"))
        return *p = tael__span(monday, tael__date_add_days(monday, 6)), true;
    if (tael__scan_any(s, "下个月|下月|下一个月|next month")) return *p = whole_months(first, 1), true;
    if (tael__scan_any(s, "下个季度|下季度|下一季度|next quarter")) return *p = whole_months(quarter, 3), true;
    if (tael__scan_any(s, "明年|下一年|出年|next year"))
        return *p = whole_months((tael__date){today.year + 1, 1, 1}, 12), true;
    if (tael__scan_any(s, "到年底|年底前|年底|年末|end of the year|end of year|year's end|rest of the year"))
        return *p = tael__span(tomorrow, (tael__date){today.year, 12, 31}), true;
    return find_counted(s, today, p);
}

bool tael__ahead_find(tael__period *p, const char *question, tael__date today)
{
    char text[2048];
    size_t n = strlen(question);
    if (n >= sizeof text) n = sizeof text - 1;
    for (size_t i = 0; i < n; i++)
        text[i] = question[i] >= 'A' && question[i] <= 'Z' ? (char)(question[i] + 32) : question[i];
    text[n] = '\0';
    for (tael__scan s = {text, 0, n}; s.at < s.bytes; tael__scan_skip(&s)) {
        size_t start = s.at;
        if (!tael__scan_at_word(&s) || !find_named(&s, today, p)) continue;
        if (tael__days_of(p->to) <= tael__days_of(today)) return false; /* the year ends today */
        p->at = start;
        p->bytes = s.at - start;
        return true;
    }
    return false;
}
