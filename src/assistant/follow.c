// SPDX-License-Identifier: Apache-2.0
/* A question that leans on the one before: "那上上个月呢？", "and on coffee?", "那去了几次？". It is made whole by
 * putting what it names in the place of what the one before named, and is then asked like any other: nothing else needs
 * to know. */
#include <string.h>

#include "assistant/internal.h"
#include "assistant/spot.h"

/* What a follow-up may begin and end with, and what else it may hold besides names and times. */
static const char *const begins[] = {"那么",          "那",         "还有",      "然后",    "再",     "and what about",
                                     "and how about", "what about", "how about", "and for", "and in", "and on",
                                     "and at",        "and",        "then",      "咁"};
static const char *const empty[] = {"呢", "的", "么", "吗",   "呀",   "啊",   "？",     "?",   "，",   ",",  "。",
                                    ".",  "！", " ",  "in",   "on",   "at",   "for",    "the", "with", "to", "of",
                                    "用", "在", "是", "一下", "看看", "多少", "for me", "us",  "from"};

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Does the masked text say nothing but names and times? */
static bool says_nothing_else(const char *masked)
{
    while (*masked) {
        size_t n = strchr("ETMN", *masked) ? 1 : tael__begins_with(masked, empty, COUNT(empty));
        if (n == 0) return false;
        masked += n;
    }
    return true;
}

typedef struct parsed {
    const char *text;
    tael__when when;
    tael__spots spots;
    char masked[2048];
    size_t map[2048];
} parsed;

static void parse(parsed *p, const tael__job *job, const char *text, const tael__intents *intents)
{
    p->text = text;
    tael__when_find(&p->when, text, job->today);
    tael__spots_find(&p->spots, text, &p->when, &job->merchants, intents);
    tael__spots_mask(&p->spots, text, p->masked, p->map, sizeof p->masked);
}

static const tael__spot *first_of(const parsed *p, char mask)
{
    for (size_t i = 0; i < p->spots.count; i++)
        if (p->spots.of[i].mask == mask) return &p->spots.of[i];
    return NULL;
}

/* All that stands between the first and the last of a kind: "7月和8月". */
static size_t extent(const parsed *p, char mask, size_t *at)
{
    const tael__spot *first = first_of(p, mask);
    size_t end = 0;
    for (size_t i = 0; i < p->spots.count && first; i++)
        if (p->spots.of[i].mask == mask) end = p->spots.of[i].at + p->spots.of[i].bytes;
    *at = first ? first->at : 0;
    return first ? end - first->at : 0;
}

/* The question before, with the new one's names in the place of its own. What had no place stands in front. */
static tael_status substitute(tael__buffer *out, const parsed *before, const parsed *now)
{
    static const char kinds[] = {TAEL__MASK_TIME, TAEL__MASK_ENTITY, TAEL__MASK_METHOD};
    bool latin = (now->text[0] | 32) >= 'a' && (now->text[0] | 32) <= 'z';
    bool placed[COUNT(kinds)] = {0};
    for (size_t k = 0; k < COUNT(kinds); k++) {
        size_t at, bytes = extent(now, kinds[k], &at);
        if (bytes == 0 || first_of(before, kinds[k]) || latin) continue;
        tael__buffer_append(out, now->text + at, bytes);
        placed[k] = true;
    }
    for (size_t at = 0, whole = strlen(before->text); at < whole;) {
        size_t kind = COUNT(kinds), old = 0, from = 0;
        for (size_t k = 0; k < COUNT(kinds) && kind == COUNT(kinds); k++) {
            size_t place;
            old = extent(before, kinds[k], &place);
            if (old && place == at && first_of(now, kinds[k])) kind = k;
        }
        if (kind == COUNT(kinds)) {
            tael__buffer_append(out, before->text + at++, 1);
            continue;
        }
        size_t bytes = extent(now, kinds[kind], &from);
        tael__buffer_append(out, now->text + from, bytes);
        placed[kind] = true;
        at += old;
    }
    for (size_t k = 0; k < COUNT(kinds); k++) {
        size_t at, bytes = extent(now, kinds[k], &at);
        if (bytes == 0 || placed[k]) continue;
        tael__buffer_text(out, kinds[k] == TAEL__MASK_ENTITY ? " on " : kinds[k] == TAEL__MASK_METHOD ? " with " : " ");
        tael__buffer_append(out, now->text + at, bytes);
    }
    return out->failed;
}

/* The new question with what it leaves out taken from the one before. */
static tael_status complete(tael__buffer *out, const parsed *before, const parsed *now, const char *rest)
{
    static const char kinds[] = {TAEL__MASK_TIME, TAEL__MASK_ENTITY, TAEL__MASK_METHOD};
    bool latin = (*rest | 32) >= 'a' && (*rest | 32) <= 'z';
    if (latin) tael__buffer_text(out, rest);
    for (size_t k = 0; k < COUNT(kinds); k++) {
        size_t at, bytes = extent(before, kinds[k], &at);
        if (bytes == 0 || first_of(now, kinds[k])) continue;
        if (latin) tael__buffer_text(out, kinds[k] == TAEL__MASK_ENTITY ? " at " : " ");
        tael__buffer_append(out, before->text + at, bytes);
    }
    if (!latin) tael__buffer_text(out, rest);
    return out->failed;
}

tael_status tael__follow_up(tael__job *job, const tael__intents *intents, const char *previous, tael__buffer *out)
{
    const char *question = job->question;
    size_t skip = tael__begins_with(question, begins, COUNT(begins)), n = strlen(question);
    bool ne =
        n >= 3 && (memcmp(question + n - 3, "呢", 3) == 0 || (n >= 4 && memcmp(question + n - 4, "呢?", 4) == 0) ||
                   (n >= 6 && memcmp(question + n - 6, "呢？", 6) == 0));
    if (!previous || !*previous || strlen(previous) >= 1500 || (skip == 0 && !ne)) return TAEL_OK;
    parsed *before = tael__alloc_zero(sizeof *before), *now = tael__alloc_zero(sizeof *now);
    tael_status status = before && now ? TAEL_OK : tael__fail_memory("ask", sizeof *now);
    if (status == TAEL_OK) {
        const char *rest = question + skip;
        while (*rest == ' ' || *rest == ',') rest++;
        parse(before, job, previous, intents);
        parse(now, job, rest, intents);
        bool bare = says_nothing_else(now->masked);
        if (bare && now->spots.count > 0)
            status = substitute(out, before, now);
        else if (!bare && skip > 0)
            status = complete(out, before, now, rest);
    }
    tael__free(before);
    tael__free(now);
    return status;
}
