// SPDX-License-Identifier: Apache-2.0
// Words and numbers at a place in a question.
#include "assistant/scan.h"

#include <string.h>

#include "base/utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static char before(const tael__scan *s)
{
    return s->at > 0 ? s->text[s->at - 1] : ' ';
}

bool tael__scan_at_word(const tael__scan *s)
{
    char here = s->at < s->bytes ? s->text[s->at] : ' ';
    return !(tael__is_letter(here) || is_digit(here)) || !(tael__is_letter(before(s)) || is_digit(before(s)));
}

static bool word_here(const tael__scan *s, const char *word, size_t n)
{
    if (n == 0 || n > s->bytes - s->at || memcmp(s->text + s->at, word, n) != 0) return false;
    if (tael__is_letter(word[0]) && tael__is_letter(before(s))) return false;
    if (is_digit(word[0]) && is_digit(before(s))) return false;
    char next = s->at + n < s->bytes ? s->text[s->at + n] : ' ';
    if (tael__is_letter(word[n - 1]) && tael__is_letter(next)) return false;
    return !(is_digit(word[n - 1]) && is_digit(next));
}

bool tael__scan_word(tael__scan *s, const char *word)
{
    size_t n = strlen(word);
    if (!word_here(s, word, n)) return false;
    s->at += n;
    return true;
}

bool tael__scan_any(tael__scan *s, const char *words)
{
    size_t best = 0;
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, "|");
        if (n > best && word_here(s, w, n)) best = n;
        w += n + (w[n] == '|');
    }
    s->at += best;
    return best > 0;
}

void tael__scan_blanks(tael__scan *s)
{
    while (s->at < s->bytes && (s->text[s->at] == ' ' || s->text[s->at] == '\t')) s->at++;
}

void tael__scan_skip(tael__scan *s)
{
    uint32_t code;
    s->at += tael__utf8_decode(s->text + s->at, s->bytes - s->at, &code, NULL);
}

bool tael__scan_digits(tael__scan *s, int digits, int *number)
{
    int n = 0, value = 0;
    while (n < 6 && s->at + n < s->bytes && is_digit(s->text[s->at + n]))
        value = value * 10 + (s->text[s->at + n++] - '0');
    bool more = s->at + n < s->bytes && is_digit(s->text[s->at + n]);
    if (n == 0 || more || (digits && n != digits) || is_digit(before(s))) return false;
    s->at += (size_t)n;
    *number = value;
    return true;
}

/* 一 to 九十九; 两 is two, 半 isn't a number here. */
static bool chinese_number(tael__scan *s, int *number)
{
    static const char *const digits[] = {"零", "一", "二", "三", "四", "五", "六", "七", "八", "九"};
    int value = -1;
    bool ten = false;
    for (;;) {
        int digit = -1;
        for (int d = 0; d < 10; d++)
            if (tael__scan_word(s, digits[d])) digit = d;
        if (digit < 0 && value < 0 && tael__scan_word(s, "两")) digit = 2;
        if (digit >= 0) {
            if (value >= 0 && !ten) return false; /* 二三 is no number that we read */
            value = ten ? value + digit : digit;
            if (ten) break;
        } else if (!ten && tael__scan_word(s, "十")) {
            value = value < 0 ? 10 : value * 10;
            ten = true;
        } else {
            break;
        }
    }
    *number = value;
    return value >= 0;
}

bool tael__scan_number(tael__scan *s, int *number)
{
    static const char *const words[] = {"zero",  "one",   "two",  "three", "four",   "five",  "six",
                                        "seven", "eight", "nine", "ten",   "eleven", "twelve"};
    size_t start = s->at;
    if (tael__scan_digits(s, 0, number)) return true;
    if (chinese_number(s, number)) return true;
    s->at = start;
    for (int i = 0; i < 13; i++)
        if (tael__scan_word(s, words[i])) {
            *number = i;
            return true;
        }
    return false;
}
