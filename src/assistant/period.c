// SPDX-License-Identifier: Apache-2.0
/* Finds times in a question by trying, at each place, what may stand there: a year, a part of one (month, day, quarter,
 * season, holiday), something relative to today, a weekday or an hour. Nothing here guesses: what isn't in these tables
 * is passed over, and the question then speaks of the whole ledger. */
#include "assistant/period.h"

#include <string.h>

#include "assistant/finder.h"
#include "base/limits.h"

static void mark(tael__when *w, size_t at, size_t bytes)
{
    if (w->mark_count == TAEL__MAX_PERIODS) return;
    w->marks[w->mark_count].at = at;
    w->marks[w->mark_count++].bytes = bytes;
}

static void add(tael__finder *f, tael__period p, size_t start)
{
    tael__when *w = f->when;
    if (tael__day_order(p.from, f->today) <= 0 && tael__day_order(p.to, f->today) > 0) p.to = f->today;
    p.at = start;
    p.bytes = f->s.at - start;
    for (size_t i = 0; i < w->count; i++) {
        if (tael__day_order(w->periods[i].from, p.from) != 0 || tael__day_order(w->periods[i].to, p.to) != 0) continue;
        mark(w, p.at, p.bytes); /* named twice */
        return;
    }
    bool gloss = w->count == 1 && start > 0 && strchr("(\x88", f->s.text[start - 1]) &&
                 start <= w->periods[0].at + w->periods[0].bytes + 16;
    if (gloss) { /* "春节七天（2月16到22号）": what stands in brackets says it exactly */
        mark(w, w->periods[0].at, w->periods[0].bytes);
        w->periods[0] = p;
        return;
    }
    if (w->count < TAEL__MAX_PERIODS) w->periods[w->count++] = p;
}

/* ---- Weekdays and hours ---- */

static bool find_days_of_week(tael__finder *f)
{
    tael__scan *s = &f->s;
    int weekday;
    size_t start = s->at;
    bool asked =
        s->at >= 5 && (memcmp(s->text + s->at - 5, "hich ", 5) == 0 || memcmp(s->text + s->at - 5, "what ", 5) == 0);
    if (!asked && tael__scan_any(s, "工作日|weekday|weekdays|workday|workdays|平日|平时"))
        return f->when->weekdays |= 0x1F, true;
    if (tael__scan_any(s, "周末|周六日|双休日|weekend|weekends")) return f->when->weekdays |= 0x60, true;
    bool prefixed = tael__scan_any(s, "周|星期|礼拜");
    bool english = !prefixed && s->at < s->bytes && s->text[s->at] >= 'a' && s->text[s->at] <= 'z';
    if ((prefixed || english) && tael__find_weekday(s, &weekday)) {
        int last = weekday;
        size_t after = s->at;
        tael__scan_blanks(s);
        bool range = tael__scan_any(s, "到|至|-|~|to|through|till|until");
        tael__scan_blanks(s);
        tael__scan_any(s, "周|星期|礼拜");
        if (!range || !tael__find_weekday(s, &last) || last < weekday) last = weekday, s->at = after;
        for (int d = weekday; d <= last; d++) f->when->weekdays |= 1u << (d - 1);
        return true;
    }
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
                                     {"晚上|夜晚|晚黑|晚间|evening|evenings", 18, 24, true}};

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
static bool find_hours(tael__finder *f)
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

/* "双11今年比去年": a holiday without a year, then whole years: the holiday in each of them, and the first one too if
 * a year stood with it. */
static void spread_holiday(tael__finder *f)
{
    tael__when *w = f->when;
    if (w->count < 2 || !f->holiday[0]) return;
    for (size_t i = 1; i < w->count; i++)
        if (!f->year[i]) return;
    tael__period base = w->periods[0], p;
    for (size_t i = 1; i < w->count; i++) {
        if (!tael__holiday_again(&base, w->periods[i].from.year, &p)) return;
        p.at = w->periods[i].at;
        p.bytes = w->periods[i].bytes;
        w->periods[i] = p;
    }
    if (f->holiday[0] == 1) memmove(w->periods, w->periods + 1, --w->count * sizeof *w->periods);
}

/* "去年同期", "a year earlier": the first period (else this month), a year or a month before. */
static bool find_same_time(tael__finder *f, tael__period *p)
{
    tael__scan *s = &f->s;
    int months =
        tael__scan_any(s, "去年同期|去年同一时期|去年这个时候|上年同期|同比|the same period last year|same period last "
                          "year|the same time last year|the same days last year|same days last year|the same days a "
                          "year ago|same time last year|the same days last year|same days last year|the same days a "
                          "year ago|a year earlier|a year before|year on year|year over year|yoy")
            ? 12
        : tael__scan_any(s, "上月同期|上个月同期|环比|the same period last month|same period last month|month on "
                            "month|month over month|mom")
            ? 1
            : 0;
    if (!months) return false;
    tael__when *w = f->when;
    tael__period now = tael__span(tael__day(f->today.year, f->today.month, 1), f->today);
    if (w->count == 0) {
        now.at = s->at;
        w->periods[w->count++] = now;
    }
    *p = tael__span(tael__date_add_months(w->periods[0].from, -months),
                    tael__date_add_months(w->periods[0].to, -months));
    if (w->periods[0].to.day == tael__days_in_month(w->periods[0].to.year, w->periods[0].to.month))
        p->to.day = tael__days_in_month(p->to.year, p->to.month);
    return true;
}

/* Quarters of the year named before or behind, or of this one. */
static bool add_quarters(tael__finder *f, const int *q, size_t count, size_t start)
{
    tael__scan *s = &f->s;
    int year = f->today.year, named;
    size_t after = s->at;
    tael__scan_blanks(s);
    tael__scan_any(s, "of|in");
    tael__scan_blanks(s);
    bool behind = tael__scan_digits(s, 4, &named) && named >= 2000 && named <= 2099;
    if (!behind) s->at = after;
    for (size_t i = 0; i < f->when->count; i++) year = f->when->periods[i].from.year;
    if (behind) year = named;
    if (f->when->count == 1 && f->year[0]) f->when->count = 0;
    for (size_t i = 0; i < count && f->when->count < TAEL__MAX_PERIODS; i++) {
        tael__period p = tael__months_span(year, 3 * q[i] - 2, 3 * q[i]);
        if (tael__day_order(p.to, f->today) > 0) p.to = f->today;
        p.at = start;
        p.bytes = i == 0 ? s->at - start : 0;
        f->when->periods[f->when->count++] = p;
    }
    return true;
}

/* "一、二、三季度": the quarters named before the last one. */
static bool find_quarters(tael__finder *f)
{
    tael__scan *s = &f->s;
    size_t start = s->at, count = 0;
    int q[4], n;
    if ((tael__scan_any(s, "the first|first|前|头") && (tael__scan_blanks(s), tael__scan_number(s, &n)) && n >= 2 &&
         n <= 4 && (tael__scan_blanks(s), tael__scan_any(s, "quarters|个季度")))) {
        for (count = 0; count < (size_t)n; count++) q[count] = (int)count + 1;
        return add_quarters(f, q, count, start);
    }
    s->at = start;
    while (count < 4 && tael__scan_number(s, &n) && n >= 1 && n <= 4) {
        q[count++] = n;
        if (!tael__scan_any(s, "、|和|，|,")) break;
    }
    if (count < 2 || !tael__scan_any(s, "季度|季")) return s->at = start, false;
    return add_quarters(f, q, count, start);
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
    tael__finder f = {.s = {text, 0, n}, .today = today, .when = when};
    while (f.s.at < f.s.bytes) {
        size_t start = f.s.at, count = when->count;
        tael__period p;
        int holiday_named = 0;
        bool whole_year = false;
        if (!tael__scan_at_word(&f.s)) {
            tael__scan_skip(&f.s);
        } else if (tael__scan_any(&f.s, "到今天为止|到现在为止|到目前为止|截至今天|截止今天|截至目前|截止目前|as of "
                                        "today|as of now|so far|to date")) {
            mark(when, start, f.s.at - start); /* every period ends today */
        } else if (find_same_time(&f, &p)) {
            add(&f, p, start);
        } else if (find_quarters(&f)) {
        } else if (tael__find_relative(&f, &p) || tael__find_calendar(&f, &p, &holiday_named, &whole_year)) {
            bool evening = memcmp(text + start, "昨晚", 6) == 0 || memcmp(text + start, "今晚", 6) == 0;
            if (evening) when->hour_from = 18, when->hour_to = 24;
            add(&f, p, start);
            if (when->count > count) f.holiday[count] = holiday_named, f.year[count] = whole_year;
        } else if (!find_hours(&f) && !find_days_of_week(&f)) {
            tael__scan_skip(&f.s);
        } else {
            mark(when, start, f.s.at - start);
        }
        TAEL_ASSERT(f.s.at > start);
    }
    spread_holiday(&f);
}
