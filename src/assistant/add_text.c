// SPDX-License-Identifier: Apache-2.0
// A clause from which finders take what they understand.
#include <string.h>

#include "assistant/add.h"
#include "base/utf8.h"

static bool is_latin(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_wordy(char c)
{
    return is_latin(c) || (c >= '0' && c <= '9');
}

size_t tael__begins(const char *text, size_t bytes, const char *words)
{
    size_t best = 0;
    for (const char *w = words; *w;) {
        size_t n = strcspn(w, "|");
        if (n > best && n <= bytes && memcmp(text, w, n) == 0 &&
            !(is_latin(w[n - 1]) && n < bytes && is_latin(text[n])))
            best = n;
        w += n + (w[n] == '|');
    }
    return best;
}

void tael__clause_take(tael__clause *c, size_t at, size_t bytes)
{
    memset(c->said + at, TAEL__GONE, bytes);
    memset(c->low + at, TAEL__GONE, bytes);
}

static bool find_any(const tael__clause *c, const char *words, size_t *place, size_t *bytes)
{
    for (size_t at = 0; at < c->bytes; at++) {
        if (((unsigned char)c->low[at] & 0xC0) == 0x80) continue;
        size_t n = tael__begins(c->low + at, c->bytes - at, words);
        if (n == 0 || (is_latin(c->low[at]) && at > 0 && is_wordy(c->low[at - 1]))) continue;
        *place = at;
        *bytes = n;
        return true;
    }
    return false;
}

bool tael__clause_has(const tael__clause *c, const char *words)
{
    size_t at, bytes;
    return find_any(c, words, &at, &bytes);
}

bool tael__clause_take_any(tael__clause *c, const char *words)
{
    size_t at, bytes;
    if (!find_any(c, words, &at, &bytes)) return false;
    tael__clause_take(c, at, bytes);
    return true;
}

static bool is_edge(char c)
{
    return c == TAEL__GONE || strchr(" \t:-~.,;!?\"'()[]+*=/", c) != NULL;
}

bool tael__clause_empty(const tael__clause *c)
{
    for (size_t i = 0; i < c->bytes; i++)
        if (!is_edge(c->low[i])) return false;
    return true;
}

void tael__clause_rest(const tael__clause *c, char *out, size_t cap)
{
    size_t n = 0, from = 0, upto = c->bytes;
    bool gap = false, blank = false;
    while (from < upto && is_edge(c->said[from])) from++;
    while (upto > from && is_edge(c->said[upto - 1])) upto--;
    for (size_t i = from; i < upto && n + 2 < cap; i++) {
        char byte = c->said[i];
        if (byte == TAEL__GONE || byte == ' ' || byte == '\t') {
            gap = true;
            blank |= byte != TAEL__GONE;
            continue;
        }
        bool chinese = n > 0 && (out[n - 1] & 0x80) && (byte & 0x80); /* 充100话费 is 充话费 */
        if (gap && n > 0 && (blank || !chinese)) out[n++] = ' ';
        gap = blank = false;
        out[n++] = byte;
    }
    n = tael__utf8_cut(out, n);
    out[n] = '\0';
}
