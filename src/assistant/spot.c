// SPDX-License-Identifier: Apache-2.0
// Names in a question: the longest that the table, the ways of paying or the ledger's merchants know, left to right.
#include "assistant/spot.h"

#include <string.h>

#include "base/utf8.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

bool tael__spots_add(tael__spots *spots, size_t at, size_t bytes, char mask)
{
    size_t place = spots->count;
    if (bytes == 0 || spots->count == TAEL__MAX_SPOTS) return false;
    for (size_t i = 0; i < spots->count; i++) {
        const tael__spot *s = &spots->of[i];
        if (at < s->at + s->bytes && s->at < at + bytes) return false;
        if (place == spots->count && s->at > at) place = i;
    }
    memmove(spots->of + place + 1, spots->of + place, (spots->count - place) * sizeof *spots->of);
    spots->of[place] = (tael__spot){.at = at, .bytes = bytes, .mask = mask};
    spots->count++;
    return true;
}

static const tael__spot *spot_at(const tael__spots *spots, size_t at)
{
    for (size_t i = 0; i < spots->count; i++)
        if (spots->of[i].at == at) return &spots->of[i];
    return NULL;
}

/* The next spot's beginning: names don't reach into it. */
static size_t room_at(const tael__spots *spots, size_t at, size_t bytes)
{
    for (size_t i = 0; i < spots->count; i++)
        if (spots->of[i].at >= at) return spots->of[i].at - at;
    return bytes - at;
}

/* The longest name at a place. */
static size_t name_here(const char *text, size_t at, size_t room, const tael__merchants *m,
                        const tael__intents *intents, char *mask)
{
    char before = at > 0 ? text[at - 1] : ' ';
    bool part;
    size_t way = tael__way_begins(text + at, room, before), alias = tael__alias_begins(text + at, room, before),
           merchant = tael__merchant_begins(text + at, room, before, m, &part);
    /* A piece cut across two words ("共交" in 公共交通) is none. */
    bool cut = part && merchant <= 9 && tael__intents_has_particle(text + at, merchant) &&
               !tael__merchant_starts(text + at, merchant, m);
    if (merchant && (cut || tael__intents_common(intents, text + at, merchant))) merchant = 0;
    *mask = way > alias && way >= merchant ? TAEL__MASK_METHOD : TAEL__MASK_ENTITY;
    if (*mask == TAEL__MASK_METHOD) return way;
    return alias >= merchant || (part && alias) ? alias : merchant;
}

void tael__spots_find(tael__spots *spots, const char *question, const tael__when *when, const tael__merchants *m,
                      const tael__intents *intents)
{
    char text[2048];
    size_t bytes = strlen(question);
    *spots = (tael__spots){.count = 0};
    if (bytes >= sizeof text) bytes = tael__utf8_cut(question, sizeof text - 1);
    for (size_t i = 0; i < bytes; i++) text[i] = lower(question[i]);
    text[bytes] = '\0';
    for (size_t i = 0; i < when->count; i++)
        tael__spots_add(spots, when->periods[i].at, when->periods[i].bytes, TAEL__MASK_TIME);
    for (size_t i = 0; i < when->mark_count; i++)
        tael__spots_add(spots, when->marks[i].at, when->marks[i].bytes, TAEL__MASK_TIME);
    for (tael__scan s = {text, 0, bytes}; s.at < bytes;) {
        const tael__spot *here = spot_at(spots, s.at);
        size_t at = s.at, room = room_at(spots, at, bytes);
        if (here) {
            s.at += here->bytes;
            continue;
        }
        char what;
        size_t named = name_here(text, at, room, m, intents, &what);
        if (named > 0) {
            tael__spots_add(spots, at, named, what);
            s.at += named;
            continue;
        }
        tael__scan ahead = {text, at, at + room}; /* an amount doesn't reach into what was found */
        if (tael__scan_at_word(&ahead) && tael__amounts_here(&ahead, &spots->amounts)) {
            tael__spots_add(spots, at, ahead.at - at, TAEL__MASK_AMOUNT);
            s.at = ahead.at;
        } else {
            tael__scan_skip(&s);
        }
    }
}

size_t tael__spots_mask(const tael__spots *spots, const char *question, char *masked, size_t *map, size_t cap)
{
    size_t n = 0;
    for (size_t at = 0; question[at] && n + 1 < cap;) {
        const tael__spot *s = spot_at(spots, at);
        map[n] = at;
        masked[n++] = s ? s->mask : lower(question[at]);
        at += s ? s->bytes : 1;
    }
    masked[n] = '\0';
    return n;
}
