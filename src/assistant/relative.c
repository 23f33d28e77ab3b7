// SPDX-License-Identifier: Apache-2.0
// Times relative to today: days, weeks, months and quarters back, and spans that end now.
#include <string.h>

#include "assistant/finder.h"

static tael__date monday_of(tael__date d)
{
    return tael__date_add_days(d, 1 - tael__weekday(d));
}

static tael__period one_day(tael__date d)
{
    return tael__span(d, d);
}

bool tael__find_weekday(tael__scan *s, int *weekday)
{
    static const char *const names[] = {"一|monday|mondays",     "二|tuesday|tuesdays", "三|wednesday|wednesdays",
                                        "四|thursday|thursdays", "五|friday|fridays",   "六|saturday|saturdays",
                                        "日|天|sunday|sundays"};
    size_t start = s->at;
    for (int i = 0; i < 7; i++) {
        if (!tael__scan_any(s, names[i])) continue;
        tael__scan ahead = *s; /* "上周一共" is a week and "in all" */
        if ((i == 0 && tael__scan_any(&ahead, "共|起|直|次|些|般|样|定|笔|顿|单|天|个|年|月|周|趟")) ||
            (i == 6 && tael__scan_any(&ahead, "气"))) {
            s->at = start;
            return false;
        }
        return *weekday = i + 1, true;
    }
    return false;
}

/* A week `back` weeks ago, or a day or the end of it. */
static void week_part(tael__finder *f, int back, tael__period *p)
{
    tael__date monday = tael__date_add_days(monday_of(f->today), -7 * back);
    int weekday;
    if (tael__scan_any(&f->s, "末|的周末"))
        *p = tael__span(tael__date_add_days(monday, 5), tael__date_add_days(monday, 6));
    else if (tael__find_weekday(&f->s, &weekday))
        *p = one_day(tael__date_add_days(monday, weekday - 1));
    else
        *p = tael__span(monday, tael__date_add_days(monday, 6));
}

/* "last Friday": the latest one before today; "this Friday": this week's. */
static bool english_weekday(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int weekday;
    bool last = tael__scan_any(s, "last|this past|this last"), here = !last && tael__scan_any(s, "this");
    if (last || here) tael__scan_blanks(s);
    size_t name = s->at;
    if ((last || here) && tael__find_weekday(s, &weekday) && s->at - name > 3) {
        int back = tael__weekday(f->today) - weekday;
        if (last && back <= 0) back += 7;
        *p = one_day(tael__date_add_days(f->today, -back));
        return true;
    }
    s->at = start;
    return false;
}

static bool find_week(tael__finder *f, tael__period *p)
{
    static const struct {
        const char *names;
        int back;
    } weeks[] = {{"上上周|上上个星期|上上个礼拜|上上星期|上上礼拜|大上周|the week before last|week before last", 2},
                 {"上周|上个周|上个星期|上个礼拜|上星期|上礼拜|上一周|last week", 1},
                 {"本周|这周|这个周|这个星期|这个礼拜|这星期|这礼拜|呢个星期|呢个礼拜|今个星期|this week", 0}};
    for (size_t i = 0; i < sizeof weeks / sizeof *weeks; i++)
        if (tael__scan_any(&f->s, weeks[i].names)) return week_part(f, weeks[i].back, p), true;
    tael__date monday = monday_of(f->today);
    if (tael__scan_any(&f->s, "上个周末|last weekend")) {
        monday = tael__date_add_days(monday, -7);
        return *p = tael__span(tael__date_add_days(monday, 5), tael__date_add_days(monday, 6)), true;
    }
    if (tael__scan_any(&f->s, "这个周末|this weekend"))
        return *p = tael__span(tael__date_add_days(monday, 5), tael__date_add_days(monday, 6)), true;
    return english_weekday(f, p);
}

/* "过去30天", "近三个月", "past 2 weeks", "最近半年". Days end today; months are the last whole ones when a list is
 * asked for, which the caller decides by `months`. */
static bool find_rolling(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int n = 1;
    if (tael__scan_any(s, "in the|over the|during the|the")) tael__scan_blanks(s);
    if (!tael__scan_any(s, "过去的|过去|最近的|最近这|最近|近|前|这|past|last|previous|recent"))
        return s->at = start, false;
    bool here =
        s->at - start == 3 && s->text[start] == '\xE8' && s->text[start + 1] == '\xBF' && s->text[start + 2] == '\x99';
    tael__scan_blanks(s);
    bool half = tael__scan_word(s, "半"), counted = half || tael__scan_number(s, &n);
    if (!counted && tael__scan_any(s, "a couple of|couple of")) n = 2, counted = true;
    tael__scan_blanks(s);
    if (!counted) n = 1;
    bool calendar = !counted && s->at >= 5 && memcmp(s->text + s->at - 5, "last ", 5) == 0; /* "last year" is one */
    int days = 0, months = 0;
    if (tael__scan_any(s, "天|日|day|days"))
        days = counted ? n : 0;
    else if (tael__scan_any(s, "个周|周|个星期|个礼拜|星期|week|weeks"))
        days = 7 * n;
    else if (tael__scan_any(s, "个月|月|month|months"))
        half ? (days = 15) : (months = n);
    else if (tael__scan_any(s, "年|year|years"))
        months = half ? 6 : 12 * n;
    if (!counted && tael__scan_any(s, "几天")) days = 7;
    if (!counted && tael__scan_any(s, "几个月")) months = 3;
    if (n < 1 || n > 600 || (days == 0 && months == 0) || (here && !counted) || calendar) {
        s->at = start;
        return false;
    }
    tael__date from = days ? tael__date_add_days(f->today, 1 - days)
                           : tael__date_add_days(tael__date_add_months(f->today, -months), 1);
    *p = tael__span(from, f->today);
    p->months = (uint32_t)months;
    return true;
}

static bool find_day(tael__finder *f, tael__period *p)
{
    static const struct {
        const char *names;
        int back;
    } days[] = {{"大前天", 3},
                {"前天|前日|the day before yesterday", 2},
                {"昨天|昨日|昨晚|昨儿|琴日|寻日|尋日|噚日|yesterday|last night", 1},
                {"今天|今日|今晚|今儿|today|tonight", 0}};
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (tael__scan_any(&f->s, days[i].names))
            return *p = one_day(tael__date_add_days(f->today, -days[i].back)), true;
    return false;
}

static bool find_month(tael__finder *f, tael__period *p)
{
    static const struct {
        const char *names;
        int back;
    } months[] = {{"上上个月|上上月|the month before last|month before last", 2},
                  {"上个月|上月|上一个月|last month", 1},
                  {"本月|这个月|这月|当月|呢个月|今个月|this month", 0}};
    tael__scan *s = &f->s;
    for (size_t i = 0; i < sizeof months / sizeof *months; i++) {
        if (!tael__scan_any(s, months[i].names)) continue;
        tael__date first = tael__date_add_months(tael__day(f->today.year, f->today.month, 1), -months[i].back);
        size_t after = s->at;
        int of, last = tael__days_in_month(first.year, first.month);
        *p = tael__months_span(first.year, first.month, first.month);
        if (tael__scan_number(s, &of) && tael__scan_any(s, "日|号") && of >= 1 && of <= last)
            return *p = one_day(tael__day(first.year, first.month, of)), true;
        s->at = after;
        tael__find_third(s, p);
        return true;
    }
    size_t start = s->at;
    *p = tael__months_span(f->today.year, f->today.month, f->today.month);
    if (tael__scan_word(s, "月") && (s->at = start, tael__find_third(s, p))) return true;
    s->at = start;
    return false;
}

static bool find_quarter_back(tael__finder *f, tael__period *p)
{
    int back = tael__scan_any(&f->s, "上个季度|上季度|上一季度|last quarter|previous quarter") ? 1
               : tael__scan_any(&f->s, "这个季度|本季度|这季度|this quarter")                  ? 0
                                                                                               : -1;
    if (back < 0) return false;
    tael__date first = tael__date_add_months(tael__day(f->today.year, (f->today.month - 1) / 3 * 3 + 1, 1), -3 * back);
    *p = tael__months_span(first.year, first.month, first.month + 2);
    return true;
}

/* "3天前", "两个月前", "two weeks ago", "27号". */
static bool find_counted(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int n;
    if (!tael__scan_number(s, &n) || n > 4000) return s->at = start, false;
    tael__scan_blanks(s);
    if (tael__scan_any(s, "天前|日前|days ago|day ago")) return *p = one_day(tael__date_add_days(f->today, -n)), true;
    if (n <= 600 && tael__scan_any(s, "个月前|个月以前|months ago|month ago")) {
        tael__date first = tael__date_add_months(tael__day(f->today.year, f->today.month, 1), -n);
        return *p = tael__months_span(first.year, first.month, first.month), true;
    }
    if (n <= 500 && tael__scan_any(s, "周前|个星期前|个礼拜前|weeks ago|week ago")) {
        tael__date monday = tael__date_add_days(monday_of(f->today), -7 * n);
        return *p = tael__span(monday, tael__date_add_days(monday, 6)), true;
    }
    if (n >= 1 && n <= 31 && tael__scan_any(s, "号|日")) {
        tael__date first = tael__day(f->today.year, f->today.month, 1);
        if (n > f->today.day) first = tael__date_add_months(first, -1);
        if (n <= tael__days_in_month(first.year, first.month))
            return *p = one_day(tael__day(first.year, first.month, n)), true;
    }
    s->at = start;
    return false;
}

bool tael__find_relative(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    bool since = tael__scan_any(s, "since|从|自|自从|打从");
    if (since) tael__scan_blanks(s);
    bool found = find_day(f, p) || find_month(f, p) || find_quarter_back(f, p) || find_week(f, p);
    if (found && since) {
        tael__scan_any(s, "以来|开始|起");
        size_t after = s->at;
        if (!tael__scan_any(s, "到现在|到今天|至今")) s->at = after;
        p->to = f->today;
    }
    if (found && tael__day_order(p->to, f->today) >= 0) { /* "这个月到今天为止" names one time */
        size_t after = s->at;
        tael__scan_blanks(s);
        if (!tael__scan_any(s, "到今天为止|到现在为止|到目前为止|截至今天|截至目前|截止目前|截止今天|到今天|到现在|"
                               "到目前|至今|so far|to date|until now|up to now|until today"))
            s->at = after;
    }
    if (found) return true;
    s->at = start;
    if (find_rolling(f, p)) return true;
    if (tael__scan_any(s, "上一年|past year"))
        return *p = tael__span(tael__date_add_days(tael__date_add_months(f->today, -12), 1), f->today), true;
    return find_counted(f, p);
}
