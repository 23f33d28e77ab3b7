// SPDX-License-Identifier: Apache-2.0
// When it was paid. Days are found by the finder of questions' times; what it has no place for (a clock, a part of the
// day, a plain weekday) is found and taken here. A payment that is said to come can't be recorded yet.
#include <stdio.h>
#include <string.h>

#include "assistant/add.h"
#include "assistant/period.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* A number that stands alone is an amount, not the year 2050; 11.11 is one if there is no other number. */
static bool is_amount(const tael__clause *c, const tael__period *p)
{
    bool point = false, other = false;
    for (size_t i = p->at; i < p->at + p->bytes; i++) {
        point |= c->low[i] == '.';
        if (!is_digit(c->low[i]) && c->low[i] != '.') return false;
    }
    for (size_t i = 0; i < c->bytes; i++) other |= is_digit(c->low[i]) && (i < p->at || i >= p->at + p->bytes);
    return !point || !other;
}

static void take_periods(tael__said_time *t, tael__clause *c, const tael__when *when, tael__date today)
{
    for (size_t i = 0; i < when->count; i++) {
        const tael__period *p = &when->periods[i];
        if (p->at + p->bytes > c->bytes || is_amount(c, p)) continue;
        bool fixed = false;
        for (size_t b = p->at; b < p->at + p->bytes; b++) fixed |= c->fixed[b];
        if (fixed) continue;
        if (!t->day_said) {
            t->day = p->to;
            t->day_said = true;
            t->assumed = tael__days_of(p->from) != tael__days_of(p->to);
            if (tael__days_of(t->day) > tael__days_of(today)) t->day = today;
        }
        tael__clause_take(c, p->at, p->bytes);
    }
}

/* 11月15, without 号 and not 15块: its bytes, 0 when it is none. */
static size_t month_and_day(const tael__clause *c, size_t at, int *month, int *day)
{
    char text[24] = "";
    int used = 0;
    memcpy(text, c->low + at, c->bytes - at < 20 ? c->bytes - at : 20);
    if (sscanf(text, "%2d月%2d%n", month, day, &used) != 2 || used == 0 || !is_digit(c->low[at + (size_t)used - 1]))
        return 0;
    size_t end = at + (size_t)used;
    bool ends = end == c->bytes || c->low[end] == ' ' || c->low[end] == TAEL__GONE;
    return ends ? (size_t)used : 0;
}

/* 2026-11-19, 11/19. */
static void take_numbers(tael__said_time *t, tael__clause *c, tael__date today)
{
    for (size_t at = 0; at < c->bytes && !t->day_said; at++) {
        int year = today.year, month, day, used = 0;
        char text[12] = "";
        if (!is_digit(c->low[at]) || c->fixed[at] ||
            (at > 0 && (is_digit(c->low[at - 1]) || strchr("./-$", c->low[at - 1]))))
            continue;
        memcpy(text, c->low + at, c->bytes - at < 10 ? c->bytes - at : 10);
        size_t chinese = month_and_day(c, at, &month, &day);
        if (chinese) {
            tael__date date = {today.year, month, day};
            if (!tael__date_valid(date)) continue;
            if (tael__days_of(date) > tael__days_of(today)) date.year--;
            t->day = date;
            t->day_said = true;
            tael__clause_take(c, at, chinese);
            return;
        }
        bool whole = sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && year > 1999;
        if (!whole) {
            year = today.year;
            used = 0;
            if (sscanf(text, "%2d/%2d%n", &month, &day, &used) != 2) continue;
        }
        tael__date date = {year, month, day};
        if (used == 0 || is_digit(c->low[at + (size_t)used]) || !tael__date_valid(date)) continue;
        if (!whole && tael__days_of(date) > tael__days_of(today)) date.year--;
        t->future = tael__days_of(date) > tael__days_of(today);
        t->day = date;
        t->day_said = true;
        tael__clause_take(c, at, (size_t)used);
    }
}

/* A weekday without its week is the last one that has been: 周五, on friday. */
static void take_weekday(tael__said_time *t, tael__clause *c, tael__date today)
{
    static const char *const names[] = {"周一|星期一|礼拜一|on monday|monday",
                                        "周二|星期二|礼拜二|on tuesday|tuesday",
                                        "周三|星期三|礼拜三|on wednesday|wednesday",
                                        "周四|星期四|礼拜四|on thursday|thursday",
                                        "周五|星期五|礼拜五|on friday|friday",
                                        "周六|星期六|礼拜六|on saturday|saturday",
                                        "周日|周天|星期日|星期天|礼拜天|礼拜日|on sunday|sunday"};
    if (!t->day_said && tael__clause_take_any(c, "周末|这周末|at the weekend|weekend")) {
        int back = tael__weekday(today) >= 6 ? 0 : tael__weekday(today) + 1; /* the Saturday before */
        t->day = tael__date_add_days(today, -back);
        t->day_said = t->assumed = true;
    }
    for (int i = 0; i < 7 && !t->day_said; i++) {
        if (!tael__clause_has(c, names[i])) continue;
        bool last = tael__clause_take_any(c, "last");
        tael__clause_take_any(c, names[i]);
        int back = (tael__weekday(today) - (i + 1) + 7) % 7;
        if (last && back == 0) back = 7;
        t->day = tael__date_add_days(today, -back);
        t->day_said = true;
    }
}

/* A number of at most two digits, or a Chinese one up to 二十四, before a mark such as 点. */
static bool clock_number(const tael__clause *c, size_t *at, int *number)
{
    static const char *const words[] = {"零", "一", "二|两", "三", "四", "五", "六", "七", "八", "九"};
    size_t place = *at;
    int value = 0, digits = 0;
    while (digits < 2 && place < c->bytes && is_digit(c->low[place]))
        value = value * 10 + (c->low[place++] - '0'), digits++;
    if (digits == 0) {
        int ten = -1, one = -1;
        for (int i = 0; i < 10 && one < 0; i++) {
            size_t n = tael__begins(c->low + place, c->bytes - place, words[i]);
            if (n) one = i, place += n;
        }
        size_t n = tael__begins(c->low + place, c->bytes - place, "十");
        if (n) {
            ten = one < 0 ? 1 : one;
            one = 0;
            place += n;
            for (int i = 1; i < 10; i++)
                if ((n = tael__begins(c->low + place, c->bytes - place, words[i]))) {
                    one = i;
                    place += n;
                    break;
                }
        }
        if (one < 0) return false;
        value = (ten > 0 ? ten * 10 : 0) + one;
    }
    *number = value;
    *at = place;
    return true;
}

/* 8点, 8点半, 八点二十, 18:30, 8:05 pm, 6 pm. */
static bool clock_at(const tael__clause *c, size_t at, tael__said_time *t, size_t *end, bool *pm)
{
    int hour, minute = 0;
    size_t place = at;
    if ((at > 0 && (is_digit(c->low[at - 1]) || strchr(".$", c->low[at - 1]))) || !clock_number(c, &place, &hour) ||
        hour > 24)
        return false;
    size_t n = tael__begins(c->low + place, c->bytes - place, "点钟|点整|点|时");
    bool colon = n == 0 && place < c->bytes && c->low[place] == ':';
    place += n + colon;
    if (n && tael__begins(c->low + place, c->bytes - place, "半")) {
        minute = 30;
        place += strlen("半");
    } else if (n || colon) {
        size_t after = place;
        bool read = clock_number(c, &after, &minute) && minute < 60;
        bool money = read && n && tael__begins(c->low + after, c->bytes - after, "块|元|.|毛");
        bool said = read && n && tael__begins(c->low + after, c->bytes - after, "分");
        if (colon && (!read || after - place != 2)) return false;
        if (read && !money && (colon || said || minute >= 10)) {
            place = after + (said ? strlen("分") : 0);
        } else {
            minute = 0;
        }
    }
    size_t gap = place;
    while (gap < c->bytes && c->low[gap] == ' ') gap++;
    size_t half = tael__begins(c->low + gap, c->bytes - gap, "pm|am|p.m.|a.m.|o'clock");
    if (!n && !colon && !half) return false;
    if (half && c->low[gap] == 'p') *pm = true;
    if (half) place = gap + half;
    t->hour = hour == 24 ? 0 : hour;
    t->minute = minute;
    *end = place;
    return true;
}

static void take_clock(tael__said_time *t, tael__clause *c, bool *pm)
{
    for (size_t at = 0; at < c->bytes && !t->clock_said; at++) {
        size_t end;
        if (((unsigned char)c->low[at] & 0xC0) == 0x80 || c->fixed[at] || !clock_at(c, at, t, &end, pm)) continue;
        t->clock_said = true;
        if (at >= 3 && memcmp(c->low + at - 3, "at ", 3) == 0) at -= 3;
        tael__clause_take(c, at, end - at);
    }
}

static void take_part(tael__said_time *t, tael__clause *c, bool *pm)
{
    static const struct {
        const char *words;
        int hour;
        bool pm;
    } parts[] = {{"凌晨", 2, false},
                 {"清晨|清早|大清早", 7, false},
                 {"早上|早晨|今早|一早|this morning|in the morning|morning", 8, false},
                 {"上午", 10, false},
                 {"中午|at noon", 12, true},
                 {"下午|this afternoon|in the afternoon|afternoon", 15, true},
                 {"傍晚", 18, true},
                 {"晚上|晚间|tonight|this evening|in the evening|evening", 19, true},
                 {"夜里|夜间|深夜|半夜|late at night", 23, true}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (tael__clause_has(c, "下午茶|中午饭|早上好|晚上好") || !tael__clause_take_any(c, parts[i].words)) continue;
        t->part_said = true;
        *pm = parts[i].pm;
        if (!t->clock_said) {
            t->hour = parts[i].hour;
            t->minute = 0;
        }
    }
}

void tael__times_take(tael__said_time *t, tael__clause *c, tael__date today)
{
    tael__when when;
    bool pm = false;
    char text[TAEL__MAX_SAID_BYTES];
    *t = (tael__said_time){.day = today};
    t->future = tael__clause_has(c, "明天|后天|明早|明晚|下周|下星期|下个月|下月|明年|tomorrow|next week|next month");
    memcpy(text, c->low, c->bytes);
    text[c->bytes] = '\0';
    for (size_t i = 0; i < c->bytes; i++)
        if (text[i] == TAEL__GONE) text[i] = ' ';
    tael__when_find(&when, text, today);
    bool evening = strstr(text, "昨晚") || strstr(text, "今晚") || strstr(text, "last night");
    take_numbers(t, c, today);
    take_clock(t, c, &pm);
    take_periods(t, c, &when, today);
    if (evening && !t->clock_said) {
        t->hour = 19;
        t->part_said = true;
    }
    pm |= evening;
    take_part(t, c, &pm);
    if (t->clock_said && pm && t->hour < 12) t->hour += 12;
    take_weekday(t, c, today);
}

int tael__meal_hour(const char *text)
{
    static const struct {
        const char *words;
        int hour;
    } meals[] = {{"早饭|早餐|早点|早茶|breakfast", 8},
                 {"午饭|午餐|中饭|中餐|lunch", 12},
                 {"下午茶|afternoon tea", 15},
                 {"晚饭|晚餐|dinner|supper", 18},
                 {"夜宵|宵夜", 22}};
    for (size_t i = 0; i < sizeof meals / sizeof *meals; i++)
        for (const char *t = text; *t; t++)
            if (tael__begins(t, strlen(t), meals[i].words)) return meals[i].hour;
    return -1;
}
