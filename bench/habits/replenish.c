// SPDX-License-Identifier: Apache-2.0
// The renewal model on rows of gaps: reads one row of days a line (gaps, oldest first), learns what the rows have in
// common and writes the 1st to 99th of a hundred of each row's next gap. bench/habits/replenish compares them with what
// came. With an argument nothing is shared: each row stands alone.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "habits/history.h"

enum { GAPS = 1 << 22, ROWS = 1 << 18 };

int main(int argc, char **argv)
{
    static char line[1 << 16];
    double *gaps = malloc(GAPS * sizeof *gaps);
    size_t *start = malloc((ROWS + 1) * sizeof *start), rows = 0, n = 0;
    tael__renewal_prior prior;
    (void)argv;
    if (!gaps || !start) return 1;
    start[0] = 0;
    while (rows < ROWS && n + 4096 < GAPS && fgets(line, sizeof line, stdin)) {
        for (char *at = line, *end; n - start[rows] < 4096; at = end) {
            gaps[n] = strtod(at, &end);
            if (end == at) break;
            n++;
        }
        if (n > start[rows]) start[++rows] = n;
    }
    if (rows == 0 || tael__renewal_learn(&prior, gaps, start, rows) != TAEL_OK) return 1;
    for (size_t i = 0; i < rows; i++) {
        tael__renewal m;
        tael__renewal_fit(&m, gaps + start[i], start[i + 1] - start[i], 0, argc > 1 ? NULL : &prior);
        for (int p = 1; p < 100; p++) printf("%.4f%c", tael__renewal_quantile(&m, 0, p / 100.0), p == 99 ? '\n' : ' ');
    }
    free(gaps);
    free(start);
    return 0;
}
