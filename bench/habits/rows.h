// SPDX-License-Identifier: Apache-2.0
/* Rows as bench/habits/replenish and repeat hand them to their programs, one a line: the days since the last event that
 * are known to be empty, then the gaps between events, oldest first; all in days. */
#ifndef TAEL_BENCH_ROWS_H
#define TAEL_BENCH_ROWS_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "habits/renewal.h"

enum { MOST_GAPS = 1 << 22, MOST_ROWS = 1 << 18 };

static inline tael__renewal_row *read_rows(size_t *count)
{
    static char line[1 << 16];
    double *gaps = malloc(MOST_GAPS * sizeof *gaps);
    tael__renewal_row *rows = malloc(MOST_ROWS * sizeof *rows);
    size_t n = 0;
    if (!gaps || !rows) exit(1);
    for (*count = 0; *count < MOST_ROWS && n + sizeof line / 2 < MOST_GAPS && fgets(line, sizeof line, stdin);) {
        char *at = line, *end;
        tael__renewal_row row = {.gaps = gaps + n, .open_days = strtod(at, &end)};
        if (end == at) continue;
        for (at = end;; at = end) {
            gaps[n] = strtod(at, &end);
            if (end == at) break;
            n++;
            row.count++;
        }
        rows[(*count)++] = row;
    }
    return rows; /* with their gaps they stay until the program ends */
}

/* Of this process's one thread, so that others on the machine don't count. */
static inline double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
