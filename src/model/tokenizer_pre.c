// SPDX-License-Identifier: Apache-2.0
// Text into words: the published regular expressions as small machines over code points. Each asks in the order of the
// expression's alternatives, and each alternative is greedy, so no backtracking is left but "all spaces but the last".
// What is a letter or a number is utf8proc's word (Unicode 15), what is white is the property White_Space.
#include <utf8proc.h>

#include "base/utf8.h"
#include "model/tokenizer_internal.h"

typedef enum letter_class { END, LETTER, NUMBER, WHITE, MARK, OTHER } letter_class;

/* One code point of the text, with its class and how many bytes it takes. */
typedef struct letter {
    uint32_t code;
    letter_class class;
    size_t bytes;
} letter;

bool tael__is_white(uint32_t c)
{
    if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D);
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 ||
           c == 0x202F || c == 0x205F || c == 0x3000;
}

static letter_class class_of(uint32_t c)
{
    if (c < 0x80) {
        if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return LETTER;
        if (c >= '0' && c <= '9') return NUMBER;
        return tael__is_white(c) ? WHITE : OTHER;
    }
    if (tael__is_white(c)) return WHITE;
    if (c >= 0x4E00 && c <= 0x9FFF) return LETTER;
    if (c >= 0x2EBF0 && c <= 0x2EE5D) return LETTER; /* CJK extension I: Unicode 15.1, younger than utf8proc 2.8 */
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return NUMBER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return MARK;
    default: return OTHER;
    }
}

/* The text of one word's search. */
typedef struct scanner {
    const char *text;
    size_t bytes;
    bool number_ends;  /* smollm, minicpm5: what follows a number is another text */
    letter_class mark; /* what a combining mark counts as: qwen35 LETTER, else OTHER */
} scanner;

static letter at(const scanner *s, size_t offset)
{
    letter l = {.class = END};
    if (offset >= s->bytes) return l;
    l.bytes = tael__utf8_decode(s->text + offset, s->bytes - offset, &l.code, NULL);
    l.class = class_of(l.code);
    if (l.class == MARK) l.class = s->mark;
    if (s->number_ends && l.class == NUMBER) l = (letter){.class = END};
    return l;
}

static size_t run_of(const scanner *s, size_t offset, letter_class class)
{
    for (letter l = at(s, offset); l.class == class; l = at(s, offset)) offset += l.bytes;
    return offset;
}

static bool is_newline(uint32_t c)
{
    return c == '\r' || c == '\n';
}

/* 's 't 'm 'd 're 've 'll, capitals too if `fold`: the bytes it takes, or 0. */
static size_t contraction(const scanner *s, bool fold)
{
    if (s->bytes < 2 || s->text[0] != '\'') return 0;
    char a = s->text[1], b = s->bytes > 2 ? s->text[2] : '\0';
    if (fold) {
        if (a >= 'A' && a <= 'Z') a |= 0x20;
        if (b >= 'A' && b <= 'Z') b |= 0x20;
    }
    if (a == 's' || a == 't' || a == 'm' || a == 'd') return 2;
    return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 3 : 0;
}

/* \s+(?!\S)|\s+ : a run of white, but for its last one when a word follows that may want it. */
static size_t white_run(const scanner *s)
{
    size_t end = 0, last = 0;
    letter l = at(s, 0);
    for (; l.class == WHITE; l = at(s, end)) {
        last = end;
        end += l.bytes;
    }
    return l.class != END && last > 0 ? last : end;
}

static size_t gpt2_word(const scanner *s)
{
    size_t n = contraction(s, false);
    if (n) return n;
    letter first = at(s, 0);
    size_t skip = first.code == ' ' ? 1 : 0;
    letter_class class = skip ? at(s, 1).class : first.class;
    if (class == LETTER || class == NUMBER || class == OTHER) return run_of(s, skip, class);
    return white_run(s);
}

/* \s*[\r\n]+ : white up to the last newline of its run; 0 if there is none. */
static size_t through_newline(const scanner *s)
{
    size_t end = 0, after = 0;
    for (letter l = at(s, 0); l.class == WHITE; l = at(s, end)) {
        end += l.bytes;
        if (is_newline(l.code)) after = end;
    }
    return after;
}

/* At most `most` numbers. */
static size_t number_run(const scanner *s, uint32_t most)
{
    size_t n = 0;
    for (letter l = at(s, 0); l.class == NUMBER && most; l = at(s, n), most--) n += l.bytes;
    return n;
}

static size_t llama3_word(const scanner *s, uint32_t digits)
{
    size_t n = contraction(s, true);
    if (n) return n;
    letter first = at(s, 0), second = at(s, first.bytes);
    if (first.class == LETTER) return run_of(s, 0, LETTER);
    if (first.class == NUMBER) return number_run(s, digits);
    if (second.class == LETTER && !is_newline(first.code)) return run_of(s, first.bytes, LETTER);
    size_t skip = first.code == ' ' ? 1 : 0;
    if ((skip ? second.class : first.class) == OTHER) {
        n = run_of(s, skip, OTHER);
        while (n < s->bytes && is_newline((uint8_t)s->text[n])) n++;
        return n;
    }
    n = through_newline(s);
    return n ? n : white_run(s);
}

size_t tael__pre_word(tael__pre pre, const char *text, size_t bytes)
{
    scanner s = {text, bytes, false, pre == TAEL__PRE_QWEN35 ? LETTER : OTHER};
    size_t n = 0;
    TAEL_ASSERT(bytes > 0);
    if (pre == TAEL__PRE_SMOLLM || pre == TAEL__PRE_MINICPM5) {
        n = number_run(&s, pre == TAEL__PRE_SMOLLM ? 1 : 3);
        s.number_ends = true;
    }
    if (n) return n;
    switch (pre) {
    case TAEL__PRE_SMOLLM:
    case TAEL__PRE_GPT2: n = gpt2_word(&s); break;
    case TAEL__PRE_MINICPM5:
    case TAEL__PRE_LLAMA3: n = llama3_word(&s, 3); break;
    case TAEL__PRE_QWEN35:
    case TAEL__PRE_QWEN2: n = llama3_word(&s, 1); break;
    }
    return n ? n : 1;
}
