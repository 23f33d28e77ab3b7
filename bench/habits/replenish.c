// SPDX-License-Identifier: Apache-2.0
// The renewal model on rows of gaps (rows.h): learns what the rows have in common and writes the 1st to 99th of a
// hundred of each row's next gap, then the seconds that learning and foretelling took. bench/habits/replenish compares
// them with what came. With an argument nothing is shared: each row stands alone.
#include "rows.h"

int main(int argc, char **argv)
{
    size_t count;
    tael__renewal_row *rows = read_rows(&count);
    tael__renewal_prior prior;
    double start = seconds(), learned;
    (void)argv;
    if (count == 0 || tael__renewal_learn(&prior, rows, count) != TAEL_OK) return 1;
    learned = seconds();
    for (size_t i = 0; i < count; i++) {
        tael__renewal m;
        tael__renewal_fit(&m, &rows[i], argc > 1 ? NULL : &prior);
        for (int p = 1; p < 100; p++) printf("%.4f ", tael__renewal_quantile(&m, 0, p / 100.0));
        printf("\n");
    }
    printf("%.3f %.3f\n", learned - start, seconds() - learned);
    return 0;
}
