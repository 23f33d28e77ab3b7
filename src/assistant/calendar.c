// SPDX-License-Identifier: Apache-2.0
// Years and their parts: months, days and thirds of them, quarters, seasons, holidays, and spans between two.
#include <stdio.h>
#include <string.h>

#include "assistant/finder.h"

tael__period tael__months_span(int year, int first, int last)
{
    return tael__span(tael__day(year, first, 1), tael__day(year, last, tael__days_in_month(year, last)));
}

static bool find_year(tael__finder *f, int *year)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    if (tael__scan_any(s, "今年|本年|今年度|this year")) return *year = f->today.year, true;
    if (tael__scan_any(s, "去年|上一年|旧年|上年|last year")) return *year = f->today.year - 1, true;
    if (tael__scan_any(s, "前年|the year before last")) return *year = f->today.year - 2, true;
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
static bool year_after(tael__finder *f, int *year)
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
static int latest_year(const tael__finder *f, int month, int of)
{
    return tael__day_order(tael__day(f->today.year, month, of), f->today) <= 0 ? f->today.year : f->today.year - 1;
}

/* ---- Months and days ---- */

/* One letter wrong, missing or too many: "Octobr". Only of months that are long enough. */
static bool misspelt(tael__scan *s, const char *name)
{
    size_t n = strcspn(name, "|"), m = 0, head = 0, tail = 0;
    while (s->at + m < s->bytes && s->text[s->at + m] >= 'a' && s->text[s->at + m] <= 'z') m++;
    if (n < 6 || m < 6 || m + 1 < n || n + 1 < m || !tael__scan_at_word(s)) return false;
    const char *word = s->text + s->at;
    while (head < n && head < m && word[head] == name[head]) head++;
    while (tail < n - head && tail < m - head && word[m - 1 - tail] == name[n - 1 - tail]) tail++;
    if (head == 0 || head + tail + 1 < (n > m ? n : m)) return false;
    s->at += m;
    return true;
}

static bool english_month(tael__scan *s, int *month)
{
    static const char *const names[] = {
        "january|jan", "february|feb", "march|mar",          "april|apr",   "may",          "june|jun",
        "july|jul",    "august|aug",   "september|sept|sep", "october|oct", "november|nov", "december|dec"};
    for (int i = 0; i < 12; i++) {
        size_t start = s->at;
        if (!tael__scan_any(s, names[i]) && !misspelt(s, names[i])) continue;
        if (i == 4 && start > 0) { /* "may" is a verb too: believe it after "in", "of", "for" and the like */
            static const char *const before[] = {
                "in ", "of ",     "for ", "last ",  "this ", "since ", "from ",    "to ",    "and ",  "or ", "than ",
                "vs ", "during ", "mid ", "early ", "late ", "mid-",   "through ", "until ", "with ", "by ", "versus "};
            bool named = s->text[start - 1] >= '0' && s->text[start - 1] <= '9';
            for (size_t k = 0; k < sizeof before / sizeof *before; k++) {
                size_t n = strlen(before[k]);
                named |= start >= n && memcmp(s->text + start - n, before[k], n) == 0;
            }
            if (start >= 2 && s->text[start - 1] == ' ' && s->text[start - 2] >= '0' && s->text[start - 2] <= '9')
                named = true;
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

/* 9月, 九月份, and what may follow: a day, or days ("16到22号"). `month` is set, `of` 0 without a day. */
static bool chinese_month(tael__scan *s, int *month, int *of, int *until)
{
    size_t start = s->at;
    *of = *until = 0;
    if (!tael__scan_number(s, month) || *month < 1 || *month > 12 || !tael__scan_word(s, "月")) {
        s->at = start;
        return false;
    }
    tael__scan_word(s, "份");
    size_t after = s->at;
    if (tael__scan_number(s, of) && *of >= 1 && *of <= 31) {
        bool said = tael__scan_any(s, "日|号");
        size_t one = s->at;
        if (tael__scan_any(s, "到|至|-|~|—") && tael__scan_number(s, until) && tael__scan_any(s, "日|号") &&
            *until >= *of && *until <= 31)
            return true;
        s->at = one;
        *until = *of;
        if (said) return true;
    }
    s->at = after;
    *of = *until = 0;
    return true;
}

/* "7到10月", "7、8月份", "11-12月": months without 月 after the first. */
static bool month_range(tael__finder *f, int year, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int first, last;
    if (tael__scan_number(s, &first) && tael__scan_any(s, "到|至|、|-|~|和|，|,") && tael__scan_number(s, &last) &&
        tael__scan_word(s, "月") && first >= 1 && first <= 12 && last > first && last <= 12) {
        tael__scan_word(s, "份");
        *p = tael__months_span(year ? year : latest_year(f, last, 1), first, last);
        return true;
    }
    s->at = start;
    return false;
}

static bool is_ordinal(const tael__scan *s)
{
    return s->at + 1 < s->bytes && strchr("snrt", s->text[s->at]) && strchr("tdh", s->text[s->at + 1]);
}

static bool english_day(tael__scan *s, int *of)
{
    size_t start = s->at;
    if (tael__scan_digits(s, 0, of) && *of >= 1 && *of <= 31) {
        if (is_ordinal(s)) s->at += 2;
        return true;
    }
    if (is_ordinal(s)) s->at = start;
    s->at = start;
    return false;
}

static bool range_word(tael__scan *s)
{
    tael__scan_blanks(s);
    bool found = tael__scan_any(s, "to|and|-|–|through|until|till");
    tael__scan_blanks(s);
    return found;
}

/* "11 November", "the 5th of May", "3 to 15 March", "between 3 and 15 March". */
static bool english_days_first(tael__scan *s, int *month, int *of, int *until)
{
    size_t start = s->at;
    if (!english_day(s, of)) return false;
    size_t one = s->at;
    *until = *of;
    if (!range_word(s) || !english_day(s, until) || *until < *of) {
        s->at = one;
        *until = *of;
    }
    tael__scan_blanks(s);
    tael__scan_any(s, "of");
    tael__scan_blanks(s);
    if (english_month(s, month)) return true;
    s->at = start;
    return false;
}

/* "November", "November 11", "March 3 to 15". */
static bool english_month_first(tael__scan *s, int *month, int *of, int *until)
{
    size_t start = s->at;
    *of = *until = 0;
    if (!english_month(s, month)) return s->at = start, false;
    size_t after = s->at;
    tael__scan_blanks(s);
    if (!english_day(s, of)) return s->at = after, *of = 0, true;
    size_t one = s->at;
    *until = *of;
    if (!range_word(s) || !english_day(s, until) || *until < *of) {
        s->at = one;
        *until = *of;
    }
    return true;
}

/* "2026-03-05", "2026/3/5", "2026.3.5", "2026-03". */
static bool iso_date(tael__scan *s, tael__period *p)
{
    size_t start = s->at;
    int year, month, of;
    if (tael__scan_digits(s, 4, &year) && year >= 2000 && year <= 2099 && s->at < s->bytes &&
        strchr("-/.", s->text[s->at]) && s->text[s->at]) {
        char mark = s->text[s->at++];
        if (tael__scan_digits(s, 0, &month) && month >= 1 && month <= 12) {
            size_t after = s->at;
            if (s->at < s->bytes && s->text[s->at] == mark && (s->at++, tael__scan_digits(s, 0, &of)) && of >= 1 &&
                of <= tael__days_in_month(year, month))
                return *p = tael__span(tael__day(year, month, of), tael__day(year, month, of)), true;
            s->at = after;
            if (mark != '.') return *p = tael__months_span(year, month, month), true;
        }
    }
    s->at = start;
    return false;
}

bool tael__find_third(tael__scan *s, tael__period *p)
{
    static const struct {
        const char *names;
        int from, to;
    } thirds[] = {{"上旬|月初|初", 1, 10},
                  {"中旬|月中", 11, 20},
                  {"下旬|月底|月末|底|末", 21, 31},
                  {"上半月|前半个月|前半月|上半个月|前半", 1, 15},
                  {"下半月|后半个月|后半月|下半个月|后半", 16, 31}};
    if (p->from.day != 1 || p->from.month != p->to.month || p->from.year != p->to.year) return false;
    size_t start = s->at;
    tael__scan_word(s, "的");
    for (size_t i = 0; i < sizeof thirds / sizeof *thirds; i++) {
        if (!tael__scan_any(s, thirds[i].names)) continue;
        int last = tael__days_in_month(p->from.year, p->from.month);
        p->from.day = thirds[i].from;
        p->to.day = thirds[i].to < last ? thirds[i].to : last;
        size_t after = s->at;
        int n;
        tael__scan_word(s, "那");
        if ((tael__scan_word(s, "头") || true) &&
            (tael__scan_word(s, "几") ? (n = 5, true) : tael__scan_number(s, &n)) && tael__scan_word(s, "天") &&
            n >= 1 && n <= last && i < 3) { /* "月初几天", "月底三天" */
            if (i == 0) p->to.day = n;
            if (i == 2) p->from.day = last - n + 1;
        } else {
            s->at = after;
        }
        return true;
    }
    s->at = start;
    return false;
}

/* "early March", "mid-March", "the end of March", "the first half of March": 1 to 5, 0 for none. */
static int english_third(tael__scan *s)
{
    static const char *const names[] = {
        "early|the beginning of|beginning of|the start of|start of|the first ten days of",
        "mid|the middle of|middle of", "late|the end of|end of|the last ten days of", "the first half of|first half of",
        "the second half of|second half of"};
    size_t start = s->at;
    for (int i = 0; i < 5; i++) {
        if (!tael__scan_any(s, names[i])) continue;
        tael__scan_any(s, "-");
        tael__scan_blanks(s);
        tael__scan ahead = *s;
        int month;
        if (english_month(&ahead, &month)) return i + 1;
        s->at = start;
    }
    return 0;
}

static void cut_third(tael__period *p, int third)
{
    static const int bounds[][2] = {{1, 10}, {11, 20}, {21, 31}, {1, 15}, {16, 31}};
    if (!third) return;
    int last = p->to.day;
    p->from.day = bounds[third - 1][0];
    p->to.day = bounds[third - 1][1] < last ? bounds[third - 1][1] : last;
}

static bool month_part(tael__finder *f, int year, tael__period *p)
{
    tael__scan *s = &f->s;
    int month, of = 0, until = 0;
    if (!year && iso_date(s, p)) return true;
    if (month_range(f, year, p)) return true;
    size_t start = s->at;
    int third = english_third(s), days = 0, n;
    if (!third) { /* "the first 20 days of November" */
        tael__scan_any(s, "the");
        tael__scan_blanks(s);
        int end = tael__scan_any(s, "first") ? 1 : tael__scan_any(s, "last") ? -1 : 0;
        tael__scan_blanks(s);
        if (end && tael__scan_number(s, &n) && n >= 1 && n <= 31 &&
            (tael__scan_blanks(s), tael__scan_any(s, "days of|days in")))
            days = end * n, tael__scan_blanks(s);
        else
            s->at = start;
    }
    if (!english_days_first(s, &month, &of, &until) && !chinese_month(s, &month, &of, &until) &&
        !english_month_first(s, &month, &of, &until)) {
        s->at = start;
        return false;
    }
    if (!year && !year_after(f, &year)) year = latest_year(f, month, of ? of : 1);
    int last = tael__days_in_month(year, month);
    if (of > last) of = last;
    if (until > last) until = last;
    *p = of ? tael__span(tael__day(year, month, of), tael__day(year, month, until))
            : tael__months_span(year, month, month);
    if (!of) {
        cut_third(p, third);
        if (days > 0 && days <= last) p->to.day = days;
        if (days < 0 && -days <= last) p->from.day = last + days + 1;
        if (!third && !days) tael__find_third(s, p);
    }
    return true;
}

/* ---- Quarters and seasons ---- */

/* 1 to 4: a quarter; 11, 12: a half of the year; 0: neither. */
static int find_quarter(tael__scan *s)
{
    static const char *const names[] = {"q1|first quarter|1q", "q2|second quarter|2q", "q3|third quarter|3q",
                                        "q4|fourth quarter|last quarter of|4q"};
    size_t start = s->at;
    tael__scan_any(s, "the");
    tael__scan_blanks(s);
    if (tael__scan_any(s, "上半年|头半年|前半年|first half|h1")) return 11;
    if (tael__scan_any(s, "下半年|后半年|second half|h2")) return 12;
    for (int i = 0; i < 4; i++)
        if (tael__scan_any(s, names[i])) return i + 1;
    tael__scan_word(s, "第");
    int n;
    if (tael__scan_number(s, &n) && n >= 1 && n <= 4 && tael__scan_any(s, "季度|季")) return n;
    s->at = start;
    return 0;
}

static bool quarter_part(tael__finder *f, int year, tael__period *p)
{
    int q = find_quarter(&f->s), known = year;
    if (q == 0) return false;
    int first = q == 11 ? 1 : q == 12 ? 7 : 3 * q - 2, last = q > 10 ? first + 5 : first + 2;
    if (!known && !year_after(f, &known)) known = latest_year(f, first, 1);
    *p = tael__months_span(known, first, last);
    return true;
}

static bool season_part(tael__finder *f, int year, tael__period *p)
{
    static const struct {
        const char *names;
        int first, last;
    } seasons[] = {
        {"春天|春季|spring", 3, 5},   {"夏天|夏季|summer", 6, 8}, {"秋天|秋季|autumn|fall", 9, 11},
        {"冬天|冬季|winter", 12, 14}, {"暑假|暑期", 7, 8},        {"寒假", 1, 2},
    };
    for (size_t i = 0; i < sizeof seasons / sizeof *seasons; i++) {
        if (!tael__scan_any(&f->s, seasons[i].names)) continue;
        int first = seasons[i].first, last = seasons[i].last;
        if (!year && !year_after(f, &year)) year = latest_year(f, first, 1);
        *p = last <= 12 ? tael__months_span(year, first, last)
                        : tael__span(tael__day(year, 12, 1), tael__day(year + 1, 2, tael__days_in_month(year + 1, 2)));
        return true;
    }
    return false;
}

/* ---- Holidays ---- */

enum { FIRST_YEAR = 2019, LUNAR_YEARS = 12, REST_YEARS = 8 };
typedef struct holiday {
    const char *names;
    int before, days, month, of; /* month 0: moves, by `moving` or `rest` */
    int moving[LUNAR_YEARS];
    int rest[REST_YEARS][2]; /* published first and last day off */
} holiday;

static const holiday holidays[] = {
#define HOLIDAY(names, month, of, days) {names, 0, days, month, of, {0}},
#define LUNAR(names, before, days, ...) {names, before, days, 0, 0, __VA_ARGS__},
#define REST(names, usual, ...)         {names, 0, 3, (usual) / 100, (usual) % 100, {0}, __VA_ARGS__},
#include "assistant/holidays.inc"
#undef HOLIDAY
#undef LUNAR
#undef REST
};
enum { HOLIDAYS = sizeof holidays / sizeof *holidays };

static bool holiday_in(const holiday *h, int year, tael__period *p)
{
    int month = h->month, of = h->of, n = year - FIRST_YEAR;
    if (n >= 0 && n < REST_YEARS && h->rest[n][0]) {
        const int *days = h->rest[n];
        *p = tael__span(tael__day(year, days[0] / 100, days[0] % 100), tael__day(year, days[1] / 100, days[1] % 100));
        return true;
    }
    if (month == 0) {
        if (n < 0 || n >= LUNAR_YEARS || !h->moving[n]) return false;
        month = h->moving[n] / 100;
        of = h->moving[n] % 100;
    }
    tael__date from = tael__date_add_days(tael__day(year, month, of), -h->before);
    *p = tael__span(from, tael__date_add_days(from, h->days - 1));
    return true;
}

bool tael__holiday_again(const tael__period *like, int year, tael__period *p)
{
    for (size_t i = 0; i < HOLIDAYS; i++) {
        tael__period own;
        if (!holiday_in(&holidays[i], like->from.year, &own) || tael__day_order(own.from, like->from) != 0) continue;
        if (!holiday_in(&holidays[i], year, p)) return false;
        p->to = tael__date_add_days(p->from, (int)(tael__days_of(like->to) - tael__days_of(like->from)));
        return true;
    }
    return false;
}

/* "假期", "小长假", "期间", "三天假", "那几天": of the holiday too. A number of days makes it as long. */
static void holiday_tail(tael__scan *s, tael__period *p)
{
    int n;
    for (bool again = true; again;) {
        size_t start = s->at;
        tael__scan_blanks(s);
        tael__scan_any(s, "这|那|的|放|连");
        if (tael__scan_any(s,
                           "当天|那天|那一天|正日子")) { /* one day: the first; of a long rest the day itself is near */
            p->to = p->from;
            again = true;
            continue;
        }
        again = tael__scan_any(
            s, "假期|小长假|长假|黄金周|期间|放假|休假|假|那几天|几天|前后|节|break|holidays|holiday|long weekend");
        if (!again && tael__scan_number(s, &n) && n >= 1 && n <= 15 && tael__scan_any(s, "天")) {
            p->to = tael__date_add_days(p->from, n - 1);
            again = true;
        }
        if (!again) s->at = start;
    }
}

/* The holiday in `year`, or the latest one that has begun. *named: 1 when no year stood with it, else 2. */
static bool holiday_part(tael__finder *f, int year, tael__period *p, int *named)
{
    for (size_t i = 0; i < HOLIDAYS; i++) {
        if (!tael__scan_any(&f->s, holidays[i].names)) continue;
        *named = !year && !year_after(f, &year) ? 1 : 2;
        bool found = year && holiday_in(&holidays[i], year, p);
        for (int y = f->today.year; !year && !found && y >= f->today.year - 1; y--)
            found = holiday_in(&holidays[i], y, p) && tael__day_order(p->from, f->today) <= 0;
        if (found) holiday_tail(&f->s, p);
        return found;
    }
    return false;
}

/* ---- Together ---- */

static bool part_of_year(tael__finder *f, int year, tael__period *p, int *named)
{
    *named = 0;
    return holiday_part(f, year, p, named) || quarter_part(f, year, p) || season_part(f, year, p) ||
           month_part(f, year, p);
}

/* What comes after "到": the end of the span. */
static bool span_end(tael__finder *f, tael__period *p, bool whole_year)
{
    tael__date first_to = p->to;
    tael__scan *s = &f->s;
    tael__period end;
    int named, n, end_year = 0;
    tael__scan_blanks(s);
    if (tael__scan_any(s, "现在|今天|目前|如今|当前|今日|now|today|date")) return p->to = f->today, true;
    size_t here = s->at;
    if (find_year(f, &end_year)) tael__scan_blanks(s);
    if (part_of_year(f, end_year ? end_year : (whole_year ? 0 : p->from.year), &end, &named) &&
        tael__day_order(end.to, p->from) >= 0) {
        p->joined = true;
        p->first_to = first_to;
        p->last_from = end.from;
        return p->to = end.to, true;
    }
    s->at = here; /* "9月1日到15日" */
    if (tael__scan_number(s, &n) && tael__scan_any(s, "日|号") && n >= p->to.day &&
        n <= tael__days_in_month(p->from.year, p->from.month))
        return p->to.day = n, true;
    return false;
}

/* "this October" is this year's; beside it, or when this year's is still to come, "last October" is the year before's.
 */
static bool find_named_month(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int month;
    bool last = tael__scan_any(s, "last"), here = !last && tael__scan_any(s, "this");
    if (last || here) {
        tael__scan_blanks(s);
        if (english_month(s, &month)) {
            int year = f->today.year;
            bool both = strstr(s->text, "this ") != NULL;
            if (last && (both || month >= f->today.month)) year--;
            *p = tael__months_span(year, month, month);
            return true;
        }
    }
    s->at = start;
    return false;
}

/* A year, a year with a part, or a part; and "... 到 ..." between two of them, or until today. */
bool tael__find_calendar(tael__finder *f, tael__period *p, int *holiday_named, bool *whole_year)
{
    tael__scan *s = &f->s;
    size_t start = s->at;
    int year = 0;
    *holiday_named = 0;
    *whole_year = false;
    bool between = tael__scan_any(s, "between");
    if (between) tael__scan_blanks(s);
    bool since = tael__scan_any(s, "since|ever since|自打|自从|打从|自|从|打");
    if (since) tael__scan_blanks(s);
    size_t name = s->at;
    if (tael__scan_any(s, "the start of the year|start of the year|the beginning of the year|beginning of the year|the "
                          "start of this year|the new year|年初")) {
        *p = tael__span(tael__day(f->today.year, 1, 1), since ? f->today : tael__day(f->today.year, 1, 31));
    } else if (find_named_month(f, p)) {
    } else if ((s->at = name, month_part(f, 0, p))) { /* "2026-03-05" is more than a year */
    } else if (find_year(f, &year)) {
        size_t after = s->at;
        tael__scan_blanks(s);
        tael__scan_word(s, "的");
        tael__scan_blanks(s);
        int named;
        if (!part_of_year(f, year, p, &named)) {
            s->at = after;
            *p = tael__months_span(year, 1, 12);
            *whole_year = true;
        }
    } else if (!part_of_year(f, 0, p, holiday_named)) {
        s->at = start;
        return false;
    }
    size_t after = s->at;
    tael__scan_blanks(s);
    if (tael__scan_any(s, between ? "and|to|-" : "到|至|~|—|-|to|through|until|till") && span_end(f, p, *whole_year))
        return true;
    s->at = after;
    bool open = tael__scan_any(s, "以来|至今|开始到现在|开始到今天|之后到现在|onwards|onward");
    if (!open && since && tael__scan_any(s, "起|开始|往后|以后|之后")) open = true;
    const char *said = s->text + start;
    if (open || (since && (memcmp(said, "since", 5) == 0 || memcmp(said, "ever", 4) == 0))) p->to = f->today;
    return true;
}
