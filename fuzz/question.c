// SPDX-License-Identifier: Apache-2.0
// Any bytes as a question, or as two of which the second leans on the first (a line each). Besides "no crash": what is
// found lies in the question and doesn't overlap, periods run forward and end by today, and probabilities add up to
// one.
#include <stdlib.h>
#include <string.h>

#include "assistant/internal.h"
#include "assistant/spot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool condition)
{
    if (!condition) abort();
}

static void lies_inside(size_t at, size_t bytes, void *user)
{
    must(at + bytes <= *(size_t *)user);
}

static void look_at(const char *question, const tael__merchants *m, const tael__intents *intents, tael__date today)
{
    tael__when when;
    tael__spots spots;
    char masked[2048];
    size_t map[2048], end = 0, bytes = strlen(question);
    tael__when_find(&when, question, today);
    for (size_t i = 0; i < when.count; i++) {
        must(when.periods[i].at + when.periods[i].bytes <= bytes);
        must(tael__days_of(when.periods[i].from) <= tael__days_of(when.periods[i].to) ||
             tael__days_of(when.periods[i].from) > tael__days_of(today));
    }
    tael__period ahead;
    if (tael__ahead_find(&ahead, question, today)) {
        must(ahead.at + ahead.bytes <= bytes && tael__days_of(ahead.from) <= tael__days_of(ahead.to));
        must(tael__days_of(ahead.from) > tael__days_of(today));
    }
    tael__spots_find(&spots, question, &when, m, intents);
    for (size_t i = 0; i < spots.count; i++) {
        must(spots.of[i].at >= end && spots.of[i].bytes > 0);
        end = spots.of[i].at + spots.of[i].bytes;
    }
    must(end <= bytes);
    size_t length = tael__spots_mask(&spots, question, masked, map, sizeof masked);
    tael__intents_strange(intents, masked, lies_inside, &length);
    float wants[TAEL__WANT_COUNT_OF], sum = 0;
    tael__intents_wants(intents, wants, masked);
    for (int i = 0; i < TAEL__WANT_COUNT_OF; i++) sum += wants[i];
    must(sum > 0.99f && sum < 1.01f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static tael__intents *intents; /* opened once */
    static char name[][24] = {"星巴克", "成都轨道交通", "室友阿杰", "steam", "app store", "中百仓储"};
    static char *const names[] = {name[0], name[1], name[2], name[3], name[4], name[5]};
    static uint8_t pairs[1 << 13];
    const tael__date today = {2026, 11, 20};
    if (size > 1400) return 0; /* `ask` takes 1,500 bytes */
    if (!intents) must(tael__intents_open(&intents) == TAEL_OK);
    memset(pairs, 0xFF, sizeof pairs);
    tael__merchants m = {.names = (char **)(uintptr_t)names, .count = sizeof names / sizeof *names, .pairs = pairs};
    char *text = malloc(size + 1);
    must(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    char *second = strchr(text, '\n');
    if (second) *second++ = '\0';
    look_at(text, &m, intents, today);
    if (second) {
        tael__job job = {.question = second, .today = today, .merchants = m};
        tael__buffer whole = {.max = 1 << 13};
        must(tael__follow_up(&job, intents, text, &whole) == TAEL_OK);
        tael__buffer_free(&whole);
    }
    free(text);
    return 0;
}
