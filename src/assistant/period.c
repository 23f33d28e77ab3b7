// SPDX-License-Identifier: Apache-2.0
/* Finds times in a question by trying, at each place, what may stand there: a year, a part of one (month, day, quarter,
 * season, holiday), something relative to today, a weekday or an hour. Nothing here guesses: what isn't in these tables
 * is passed over, and the question then speaks of the whole ledger. */
#include "assistant/period.h"

#include <stdio.h>
#include <string.h>

#include "assistant/scan.h"
#include "base/limits.h"

typedef struct finder {
    tael__scan s;
    tael__date today;
    tael__when *when;
    int holiday[TAEL__MAX_PERIODS]; /* this period is a holiday: 1 named without a year, 2 with one */
    bool year[TAEL__MAX_PERIODS];   /* this period is a whole year */
} finder;

static tael__date day(int year, int month, int of)
{
    return (tael__date){year, month, of};
}
static int compare(tael__date a, tael__date b)
{
    int64_t x = tael__days_of(a), y = tael__days_of(b);
    return x < y ? -1 : x > y;
}

static tael__period span(tael__date from, tael__date to)
{
    return (tael__period){.from = from, .to = to};
}

static tael__period months_span(int year, int first, int last)
{
    return span(day(year, first, 1), day(year, last, tael__days_in_month(year, last)));
}

static void add(finder *f, tael__period p, size_t start)
{
    tael__when *w = f->when;
    if (compare(p.from, f->today) <= 0 && compare(p.to, f->today) > 0) p.to = f->today;
    p.at = start;
    p.bytes = f->s.at - start;
    for (size_t i = 0; i < w->count; i++)
        if (compare(w->periods[i].from, p.from) == 0 && compare(w->periods[i].to, p.to) == 0) return;
    if (w->count < TAEL__MAX_PERIODS) w->periods[w->count++] = p;
}

/* ---- Years and their parts ---- */

static bool find_year(finder *f, int *year)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    if (tael__scan_any(s, "今年|本年|this year")) return *year = f->today.year, true;
    if (tael__scan_any(s, "去年|上一年|last year")) return *year = f->today.year - 1, true;
    if (tael__scan_any(s, "前年")) return *year = f->today.year - 2, true;
    int n;
    if (tael__scan_digits(s, 4, &n) && n >= 2000 && n <= 2099) {
        if (tael__scan_word(s, "年")) return *year = n, true;
        tael__scan money = *s;
        tael__scan_blanks(&money);
        if (!tael__scan_any(&money, "元|块|块钱|yuan|rmb|cny|-|.")) return *year = n, true;
    }
    if ((s->at = start, tael__scan_digits(s, 2, &n)) && n >= 19 && n <= 40 && tael__scan_word(s, "年"))
        return *year = 2000 + n, true;
    s->at = start;
    return false;
}

/* A year after an English part: "October 2025", "Q4 of last year". */
static bool year_after(finder *f, int *year)
{
    size_t start = f->s.at;
    tael__scan_blanks(&f->s);
    tael__scan_any(&f->s, "of|in|,");
    tael__scan_blanks(&f->s);
    if (find_year(f, year)) return true;
    f->s.at = start;
    return false;
}

/* The latest year in which `month`/`of` has come by today. */
static int latest_year(const finder *f, int month, int of)
{
    return compare(day(f->today.year, month, of), f->today) <= 0 ? f->today.year : f->today.year - 1;
}

static bool english_month(tael__scan *s, int *month)
{
    static const char *const names[] = {
        "january|jan", "february|feb", "march|mar",          "april|apr",   "may",          "june|jun",
        "july|jul",    "august|aug",   "september|sept|sep", "october|oct", "november|nov", "december|dec"};
    for (int i = 0; i < 12; i++) {
        size_t start = s->at;
        if (!tael__scan_any(s, names[i])) continue;
        if (i == 4 && start > 0) { /* "may" is a verb too: believe it after "in", "of", "for" and the like */
            static const char *const before[] = {"in ",   "of ", "for ", "last ", "this ", "since ",
                                                 "from ", "to ", "and ", "than ", "vs ",   "during "};
            bool named = false;
            for (size_t k = 0; k < sizeof before / sizeof *before; k++) {
                size_t n = strlen(before[k]);
                named |= start >= n && memcmp(s->text + start - n, before[k], n) == 0;
            }
            if (!named) {
                s->at = start;
                return false;
            }
        }
        tael__scan_any(s, "'s");
        *month = i + 1;
        return true;
    }
    return false;
}

/* 9月, 九月份, and what may follow: a day. `month` is set, `of` 0 without a day. */
static bool chinese_month(tael__scan *s, int *month, int *of)
{
    size_t start = s->at;
    *of = 0;
    if (!tael__scan_number(s, month) || *month < 1 || *month > 12 || !tael__scan_word(s, "月")) {
        s->at = start;
        return false;
    }
    tael__scan_word(s, "份");
    size_t after = s->at;
    if (!tael__scan_number(s, of) || !tael__scan_any(s, "日|号") || *of < 1 || *of > 31) {
        s->at = after;
        *of = 0;
    }
    return true;
}

/* "7到10月", "7、8月份", "11-12月": months without 月 after the first. */
static bool month_range(finder *f, int year, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int first, last;
    if (tael__scan_number(s, &first) && tael__scan_any(s, "到|至|、|-|~|和|，|,") && tael__scan_number(s, &last) &&
        tael__scan_word(s, "月") && first >= 1 && first <= 12 && last > first && last <= 12) {
        tael__scan_word(s, "份");
        *p = months_span(year ? year : latest_year(f, last, 1), first, last);
        return true;
    }
    s->at = start;
    return false;
}

static bool month_part(finder *f, int year, tael__period *p)
{
    tael__scan *s = &f->s;
    int month, of = 0;
    if (month_range(f, year, p)) return true;
    size_t start = s->at;
    int n;
    bool day_first = tael__scan_digits(s, 0, &n) && n >= 1 && n <= 31; /* "11 November", "the 5th of May" */
    if (day_first) {
        tael__scan_any(s, "st|nd|rd|th");
        tael__scan_blanks(s);
        tael__scan_any(s, "of");
        tael__scan_blanks(s);
    }
    if (day_first && english_month(s, &month)) {
        of = n;
    } else if ((s->at = start, chinese_month(s, &month, &of))) {
    } else if ((s->at = start, english_month(s, &month))) {
        size_t after = s->at;
        tael__scan_blanks(s);
        if (tael__scan_digits(s, 0, &of) && of >= 1 && of <= 31) {
            if (s->at + 1 < s->bytes && strchr("snrt", s->text[s->at]) && strchr("tdh", s->text[s->at + 1])) s->at += 2;
        } else {
            s->at = after;
            of = 0;
        }
    } else {
        s->at = start;
        return false;
    }
    if (!year && !year_after(f, &year)) year = latest_year(f, month, of ? of : 1);
    if (of > tael__days_in_month(year, month)) of = tael__days_in_month(year, month);
    *p = of ? span(day(year, month, of), day(year, month, of)) : months_span(year, month, month);
    return true;
}

static bool quarter_part(finder *f, int year, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int q = 0, known = year;
    if (tael__scan_any(s, "上半年|first half"))
        q = 11;
    else if (tael__scan_any(s, "下半年|second half"))
        q = 12;
    else if (tael__scan_word(s, "q1"))
        q = 1;
    else if (tael__scan_word(s, "q2"))
        q = 2;
    else if (tael__scan_word(s, "q3"))
        q = 3;
    else if (tael__scan_word(s, "q4"))
        q = 4;
    else {
        tael__scan_word(s, "第");
        int n;
        if (tael__scan_number(s, &n) && n >= 1 && n <= 4 && tael__scan_any(s, "季度|季")) q = n;
    }
    if (q == 0) {
        s->at = start;
        return false;
    }
    int first = q == 11 ? 1 : q == 12 ? 7 : 3 * q - 2, last = q > 10 ? first + 5 : first + 2;
    if (!known && !year_after(f, &known)) known = latest_year(f, first, 1);
    *p = months_span(known, first, last);
    return true;
}

static bool season_part(finder *f, int year, tael__period *p)
{
    static const struct {
        const char *names;
        int first, last;
    } seasons[] = {{"春天|春季|spring", 3, 5},   {"夏天|夏季|summer", 6, 8}, {"秋天|秋季|autumn", 9, 11},
                   {"冬天|冬季|winter", 12, 14}, {"暑假|暑期", 7, 8},        {"寒假", 1, 2}};
    for (size_t i = 0; i < sizeof seasons / sizeof *seasons; i++) {
        if (!tael__scan_any(&f->s, seasons[i].names)) continue;
        int first = seasons[i].first, last = seasons[i].last;
        if (!year && !year_after(f, &year)) year = latest_year(f, first, 1);
        *p = last <= 12 ? months_span(year, first, last)
                        : span(day(year, 12, 1), day(year + 1, 2, tael__days_in_month(year + 1, 2)));
        return true;
    }
    return false;
}

enum { LUNAR_FIRST = 2019, LUNAR_YEARS = 12 };
typedef struct holiday {
    const char *names;
    int before, days, month, of; /* month 0: moves, by `moving` */
    int moving[LUNAR_YEARS];
} holiday;

static const holiday holidays[] = {
#define HOLIDAY(names, month, of, days) {names, 0, days, month, of, {0}},
#define LUNAR(names, before, days, ...) {names, before, days, 0, 0, __VA_ARGS__},
#include "assistant/holidays.inc"
#undef HOLIDAY
#undef LUNAR
};

static bool holiday_in(const holiday *h, int year, tael__period *p)
{
    int month = h->month, of = h->of;
    if (month == 0) {
        if (year < LUNAR_FIRST || year >= LUNAR_FIRST + LUNAR_YEARS) return false;
        month = h->moving[year - LUNAR_FIRST] / 100;
        of = h->moving[year - LUNAR_FIRST] % 100;
    }
    tael__date from = tael__date_add_days(day(year, month, of), -h->before);
    *p = span(from, tael__date_add_days(from, h->days - 1));
    return true;
}

/* The holiday in `year`, or the latest one that has begun. *named: 1 when no year stood with it, else 2. */
static bool holiday_part(finder *f, int year, tael__period *p, int *named)
{
    for (size_t i = 0; i < sizeof holidays / sizeof *holidays; i++) {
        if (!tael__scan_any(&f->s, holidays[i].names)) continue;
        *named = !year && !year_after(f, &year) ? 1 : 2;
        if (year) return holiday_in(&holidays[i], year, p);
        for (int y = f->today.year; y >= f->today.year - 1; y--)
            if (holiday_in(&holidays[i], y, p) && compare(p->from, f->today) <= 0) return true;
        return false;
    }
    return false;
}

static bool part_of_year(finder *f, int year, tael__period *p, int *named)
{
    *named = 0;
    return holiday_part(f, year, p, named) || quarter_part(f, year, p) || season_part(f, year, p) ||
           month_part(f, year, p);
}

/* A year, a year with a part, or a part; and "… 到 …" between two of them. */
static bool find_calendar(finder *f, tael__period *p, int *holiday_named, bool *whole_year)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int year = 0;
    *holiday_named = 0;
    *whole_year = false;
    if (find_year(f, &year)) {
        size_t after = s->at;
        tael__scan_blanks(s);
        tael__scan_word(s, "的");
        tael__scan_blanks(s);
        int named;
        if (!part_of_year(f, year, p, &named)) {
            s->at = after;
            *p = months_span(year, 1, 12);
            *whole_year = true;
        }
    } else if (!part_of_year(f, 0, p, holiday_named)) {
        s->at = start;
        return false;
    }
    size_t after = s->at;
    tael__scan_blanks(s);
    if (tael__scan_any(s, "到|至|~|—|-|to|through|until|till")) {
        tael__scan_blanks(s);
        tael__period end;
        int named;
        int n, end_year = 0;
        size_t here = s->at;
        if (find_year(f, &end_year)) tael__scan_blanks(s);
        if (part_of_year(f, end_year ? end_year : (*whole_year ? 0 : p->from.year), &end, &named) &&
            compare(end.to, p->from) >= 0) {
            p->to = end.to;
            return true;
        }
        s->at = here; /* "9月1日到15日" */
        if (tael__scan_number(s, &n) && tael__scan_any(s, "日|号") && n >= p->to.day &&
            n <= tael__days_in_month(p->from.year, p->from.month)) {
            p->to.day = n;
            return true;
        }
    }
    s->at = after;
    return true;
}

/* ---- Relative to today ---- */

static tael__date monday_of(tael__date d)
{
    return tael__date_add_days(d, 1 - tael__weekday(d));
}

static bool find_weekday(tael__scan *s, int *weekday)
{
    static const char *const names[] = {"一|monday|mondays",     "二|tuesday|tuesdays", "三|wednesday|wednesdays",
                                        "四|thursday|thursdays", "五|friday|fridays",   "六|saturday|saturdays",
                                        "日|天|sunday|sundays"};
    for (int i = 0; i < 7; i++)
        if (tael__scan_any(s, names[i])) return *weekday = i + 1, true;
    return false;
}

static bool find_week(finder *f, tael__period *p)
{
    static const struct {
        const char *names;
        int back;
    } weeks[] = {{"上上周|上上个星期|上上个礼拜|上上星期", 2},
                 {"上周|上个星期|上个礼拜|上星期|上礼拜|上一周", 1},
                 {"本周|这周|这个星期|这个礼拜|这星期|这礼拜", 0}};
    for (size_t i = 0; i < sizeof weeks / sizeof *weeks; i++) {
        if (!tael__scan_any(&f->s, weeks[i].names)) continue;
        tael__date monday = tael__date_add_days(monday_of(f->today), -7 * weeks[i].back);
        int weekday;
        if (tael__scan_word(&f->s, "末"))
            *p = span(tael__date_add_days(monday, 5), tael__date_add_days(monday, 6));
        else if (find_weekday(&f->s, &weekday))
            *p = span(tael__date_add_days(monday, weekday - 1), tael__date_add_days(monday, weekday - 1));
        else
            *p = span(monday, tael__date_add_days(monday, 6));
        return true;
    }
    if (tael__scan_any(&f->s, "上个周末|last weekend")) {
        tael__date monday = tael__date_add_days(monday_of(f->today), -7);
        return *p = span(tael__date_add_days(monday, 5), tael__date_add_days(monday, 6)), true;
    }
    if (tael__scan_any(&f->s, "这个周末|this weekend"))
        return *p = span(tael__date_add_days(monday_of(f->today), 5), tael__date_add_days(monday_of(f->today), 6)),
               true;
    if (tael__scan_any(&f->s, "last week")) {
        tael__date monday = tael__date_add_days(monday_of(f->today), -7);
        return *p = span(monday, tael__date_add_days(monday, 6)), true;
    }
    if (tael__scan_any(&f->s, "this week")) return *p = span(monday_of(f->today), f->today), true;
    return false;
}

/* "过去30天", "近三个月", "past 2 weeks", "最近半年". Days end today; months are the last whole ones when a list is
 * asked for, which the caller decides by `months`. */
static bool find_rolling(finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int n = 1;
    if (!tael__scan_any(s, "过去的|过去|最近的|最近|近|前|past|last|previous|recent")) return false;
    tael__scan_blanks(s);
    bool half = tael__scan_word(s, "半"), counted = half || tael__scan_number(s, &n);
    tael__scan_blanks(s);
    int days = 0, months = 0;
    if (tael__scan_any(s, "天|日|day|days"))
        days = counted ? n : 0;
    else if (tael__scan_any(s, "周|个星期|个礼拜|星期|week|weeks"))
        days = 7 * n;
    else if (tael__scan_any(s, "个月|月|month|months"))
        half ? (days = 15) : (months = n);
    else if (tael__scan_any(s, "年|year|years"))
        months = half ? 6 : 12 * n;
    if (!counted && tael__scan_any(s, "几天")) days = 7;
    if (n > 600 || (days == 0 && months == 0)) {
        s->at = start;
        return false;
    }
    tael__date from = days ? tael__date_add_days(f->today, 1 - days)
                           : tael__date_add_days(tael__date_add_months(f->today, -months), 1);
    *p = span(from, f->today);
    p->months = (uint32_t)months;
    return true;
}

static bool find_relative(finder *f, tael__period *p)
{
    static const struct {
        const char *names;
        int back;
    } days[] = {{"大前天", 3},
                {"前天|the day before yesterday", 2},
                {"昨天|昨日|昨晚|昨儿|yesterday|last night", 1},
                {"今天|今日|今晚|今儿|today|tonight", 0}};
    static const struct {
        const char *names;
        int back;
    } months[] = {{"上上个月|上上月|the month before last", 2},
                  {"上个月|上月|last month", 1},
                  {"本月|这个月|这月|当月|this month", 0}};
    tael__scan *s = &f->s;
    for (size_t i = 0; i < sizeof days / sizeof *days; i++)
        if (tael__scan_any(s, days[i].names)) {
            tael__date d = tael__date_add_days(f->today, -days[i].back);
            return *p = span(d, d), true;
        }
    for (size_t i = 0; i < sizeof months / sizeof *months; i++)
        if (tael__scan_any(s, months[i].names)) {
            tael__date first = tael__date_add_months(day(f->today.year, f->today.month, 1), -months[i].back);
            size_t after = s->at;
            int of;
            if (tael__scan_number(s, &of) && tael__scan_any(s, "日|号") && of >= 1 &&
                of <= tael__days_in_month(first.year, first.month))
                return *p = span(day(first.year, first.month, of), day(first.year, first.month, of)), true;
            s->at = after;
            return *p = months_span(first.year, first.month, first.month), true;
        }
    if (find_week(f, p) || find_rolling(f, p)) return true;
    if (tael__scan_any(s, "上一年|past year"))
        return *p = span(tael__date_add_days(tael__date_add_months(f->today, -12), 1), f->today), true;
    size_t start = s->at;
    int n;
    if (tael__scan_number(s, &n) && n < 4000) { /* "3天前", "27号" */
        if (tael__scan_any(s, "天前|days ago")) {
            tael__date d = tael__date_add_days(f->today, -n);
            return *p = span(d, d), true;
        }
        if (n >= 1 && n <= 31 && tael__scan_any(s, "号|日")) {
            tael__date first = day(f->today.year, f->today.month, 1);
            if (n > f->today.day) first = tael__date_add_months(first, -1);
            if (n <= tael__days_in_month(first.year, first.month)) {
                tael__date d = day(first.year, first.month, n);
                return *p = span(d, d), true;
            }
        }
    }
    s->at = start;
    return false;
}

/* ---- Weekdays and hours ---- */

static bool find_days_of_week(finder *f)
{
    tael__scan *s = &f->s;
    int weekday;
    size_t start = s->at;
    if (tael__scan_any(s, "工作日|weekday|weekdays|workday|workdays|平日")) return f->when->weekdays |= 0x1F, true;
    if (tael__scan_any(s, "周末|周六日|双休日|weekend|weekends")) return f->when->weekdays |= 0x60, true;
    bool prefixed = tael__scan_any(s, "周|星期|礼拜");
    bool english = !prefixed && s->at < s->bytes && s->text[s->at] >= 'a' && s->text[s->at] <= 'z';
    if ((prefixed || english) && find_weekday(s, &weekday)) return f->when->weekdays |= 1u << (weekday - 1), true;
    s->at = start;
    return false;
}

typedef struct day_part {
    const char *names;
    int from, to;
    bool pm;
} day_part;

static const day_part day_parts[] = {{"凌晨|early morning", 0, 6, false},
                                     {"早上|清晨|早晨|morning|mornings", 5, 11, false},
                                     {"上午", 6, 12, false},
                                     {"中午|noon|lunchtime", 11, 14, false},
                                     {"下午|afternoon|afternoons", 12, 18, true},
                                     {"傍晚", 17, 19, true},
                                     {"深夜|半夜|夜里|夜间|late night|late at night|night|nights", 22, 5, true},
                                     {"晚上|evening|evenings", 18, 24, true}};

/* "10点", "10 pm", "22:00": an hour 0..24. */
static bool find_hour(tael__scan *s, bool pm, int *hour)
{
    size_t start = s->at;
    if (tael__scan_number(s, hour) && *hour <= 24) {
        bool said = tael__scan_any(s, ":00|：00");
        tael__scan_blanks(s);
        if (tael__scan_any(s, "点钟|点整|点|时|o'clock")) said = true;
        if (tael__scan_any(s, "pm|p.m.|p.m"))
            pm = said = true;
        else if (tael__scan_any(s, "am|a.m.|a.m"))
            pm = false, said = true;
        if (said) {
            if (pm && *hour < 12) *hour += 12;
            return true;
        }
    }
    s->at = start;
    return false;
}

/* Both ends: "11点到14点", "between 11 and 14", "after 10 pm", "晚上10点之后". */
static bool find_hours(finder *f)
{
    tael__scan *s = &f->s;
    tael__when *w = f->when;
    size_t start = s->at;
    const day_part *part = NULL;
    for (size_t i = 0; i < sizeof day_parts / sizeof *day_parts && !part; i++)
        if (tael__scan_any(s, day_parts[i].names)) part = &day_parts[i];
    bool after = tael__scan_any(s, "after|since|from|between"), before = !after && tael__scan_any(s, "before|until");
    tael__scan_blanks(s);
    int from, to;
    size_t place = s->at;
    bool range = after && tael__scan_number(s, &from) && (tael__scan_blanks(s), tael__scan_any(s, "and|to|-")) &&
                 (tael__scan_blanks(s), find_hour(s, false, &to));
    if (!range) s->at = place;
    if (!range && find_hour(s, part && part->pm, &from)) {
        tael__scan_any(s, "半");
        tael__scan_blanks(s);
        size_t end = s->at;
        if (tael__scan_any(s, "到|至|-|~|to|and") && (tael__scan_blanks(s), find_hour(s, part && part->pm, &to)))
            range = true;
        else if ((s->at = end, tael__scan_any(s, "之后|以后|过后|后|起")) || after)
            to = 24, range = true;
        else if ((s->at = end, tael__scan_any(s, "之前|以前|前")) || before)
            to = from, from = 0, range = true;
        else
            to = from + 1, range = from < 24;
    }
    if (range && from != to) {
        w->hour_from = from;
        w->hour_to = to;
        return true;
    }
    if (!part) {
        s->at = start;
        return false;
    }
    if (w->hour_from == w->hour_to) {
        w->hour_from = part->from;
        w->hour_to = part->to;
    }
    return true;
}

/* "双11今年比去年": a holiday without a year, then whole years: the holiday in each of them, and the first
 * one too if a year stood with it. */
static void spread_holiday(finder *f)
{
    tael__when *w = f->when;
    if (w->count < 2 || !f->holiday[0]) return;
    for (size_t i = 1; i < w->count; i++)
        if (!f->year[i]) return;
    tael__period base = w->periods[0];
    for (size_t h = 0; h < sizeof holidays / sizeof *holidays; h++) {
        tael__period p;
        if (!holiday_in(&holidays[h], base.from.year, &p) || compare(p.from, base.from) != 0) continue;
        for (size_t i = 1; i < w->count; i++)
            if (holiday_in(&holidays[h], w->periods[i].from.year, &p)) w->periods[i] = p;
        if (f->holiday[0] == 1) memmove(w->periods, w->periods + 1, --w->count * sizeof *w->periods);
        return;
    }
}

void tael__when_find(tael__when *when, const char *question, tael__date today)
{
    char text[2048];
    size_t n = strlen(question);
    *when = (tael__when){0};
    if (n >= sizeof text) n = sizeof text - 1; /* a question is refused beyond this before it comes here */
    for (size_t i = 0; i < n; i++)
        text[i] = question[i] >= 'A' && question[i] <= 'Z' ? (char)(question[i] + 32) : question[i];
    text[n] = '\0';
    finder f = {.s = {text, 0, n}, .today = today, .when = when};
    while (f.s.at < f.s.bytes) {
        size_t start = f.s.at, count = when->count;
        tael__period p;
        int holiday_named = 0;
        bool whole_year = false;
        if (!tael__scan_at_word(&f.s)) {
            tael__scan_skip(&f.s);
        } else if (find_relative(&f, &p) || find_calendar(&f, &p, &holiday_named, &whole_year)) {
            bool evening = memcmp(text + start, "昨晚", 6) == 0 || memcmp(text + start, "今晚", 6) == 0;
            if (evening) when->hour_from = 18, when->hour_to = 24;
            add(&f, p, start);
            if (when->count > count) f.holiday[count] = holiday_named, f.year[count] = whole_year;
        } else if (!find_hours(&f) && !find_days_of_week(&f)) {
            tael__scan_skip(&f.s);
        }
        TAEL_ASSERT(f.s.at > start);
    }
    spread_holiday(&f);
}
