// SPDX-License-Identifier: Apache-2.0
/* Baskets as bench/habits/next hands them to its programs, a line each, an owner's in order:
 *   b OWNER DAY ITEM…   of the population       h OWNER DAY ITEM…   of somebody to predict for
 *   p OWNER DAY         predict his basket of that day: its items are not in the file */
#ifndef TAEL_BENCH_BASKETS_H
#define TAEL_BENCH_BASKETS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

typedef struct line {
    char kind;
    int64_t owner, day, *items;
    size_t count;
} line;

static bool read_line(FILE *f, line *l)
{
    static char text[1 << 20];
    static int64_t items[1 << 16];
    char *at = text;
    if (!fgets(text, sizeof text, f)) return false;
    l->kind = *at++;
    l->owner = strtoll(at, &at, 10);
    l->day = strtoll(at, &at, 10);
    l->items = items;
    for (l->count = 0;;) {
        char *end;
        int64_t item = strtoll(at, &end, 10);
        if (end == at || l->count == 1 << 16) return true;
        items[l->count++] = item;
        at = end;
    }
}

/* Of this process's one thread, so that others on the machine don't count. */
static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
