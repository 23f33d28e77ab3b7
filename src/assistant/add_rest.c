// SPDX-License-Identifier: Apache-2.0
// Words in what is left of a clause.
#include "assistant/add_rest.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

void tael__rest_set(tael__rest *r, const char *text)
{
    snprintf(r->own, sizeof r->own, "%s", text);
    for (size_t i = 0; i <= strlen(r->own); i++)
        r->low[i] = r->own[i] >= 'A' && r->own[i] <= 'Z' ? (char)(r->own[i] + 32) : r->own[i];
}

size_t tael__rest_find(const char *low, const char *words, size_t *bytes)
{
    size_t n = strlen(low);
    for (size_t at = 0; at < n; at++) {
        bool latin_before =
            at > 0 && ((low[at - 1] >= 'a' && low[at - 1] <= 'z') || (low[at - 1] >= '0' && low[at - 1] <= '9'));
        bool latin = (low[at] >= 'a' && low[at] <= 'z') || (low[at] >= '0' && low[at] <= '9');
        if (latin && latin_before) continue;
        if ((*bytes = tael__begins(low + at, n - at, words))) return at;
    }
    return SIZE_MAX;
}

void tael__rest_copy(char *out, const char *from, size_t bytes)
{
    static const char edges[] = " \t:-~.,;!?\"'()[]+*=/";
    while (bytes > 0 && strchr(edges, *from)) from++, bytes--;
    while (bytes > 0 && strchr(edges, from[bytes - 1])) bytes--;
    if (bytes >= TAEL__NAME_BYTES) bytes = tael__utf8_cut(from, TAEL__NAME_BYTES - 1);
    memcpy(out, from, bytes);
    out[bytes] = '\0';
}

void tael__rest_cut(tael__rest *r, size_t at, size_t bytes)
{
    char text[TAEL__MAX_SAID_BYTES];
    bool gap = at > 0 && r->own[at + bytes] && r->own[at - 1] != ' ' && r->own[at + bytes] != ' ';
    snprintf(text, sizeof text, "%.*s%s%s", (int)at, r->own, gap ? " " : "", r->own + at + bytes);
    tael__rest_set(r, text);
}

bool tael__rest_is(const char *text, const char *words)
{
    size_t n = strlen(text);
    return n == 0 || tael__begins(text, n, words) == n;
}

void tael__rest_strip(char *text, const char *starts, const char *ends)
{
    char low[TAEL__MAX_SAID_BYTES];
    for (bool again = true; again && *text;) {
        size_t n = strlen(text), m;
        again = false;
        while (*text == ' ') memmove(text, text + 1, n--), again = true;
        while (n > 0 && text[n - 1] == ' ') text[--n] = '\0';
        for (size_t i = 0; i <= n; i++) low[i] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] + 32) : text[i];
        if ((m = tael__begins(low, n, starts)) && m < n) {
            memmove(text, text + m, n - m + 1);
            again = true;
            continue;
        }
        for (size_t at = 1; at < n && !again; at++)
            if (tael__begins(low + at, n - at, ends) == n - at && (text[at - 1] == ' ' || (text[at] & 0x80))) {
                text[at] = '\0';
                again = true;
            }
    }
}

bool tael__rest_says(const tael__rest *r, const char *words)
{
    size_t bytes;
    return tael__rest_find(r->low, words, &bytes) != SIZE_MAX;
}
