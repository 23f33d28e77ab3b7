// SPDX-License-Identifier: Apache-2.0
// The renewal model on rows of gaps (rows.h): learns what the rows have in common and foretells each row's next gap, a
// line each, then writes the seconds that learning and foretelling took. bench/habits/replenish compares them with what
// came.
//   replenish [alone]   the 1st to 99th of a hundred; alone: nothing is shared
//   replenish within    the same, given that the next comes within the row's first number of days: there is no open gap
//   replenish by DAYS   the chance that it has come by the end of each of the next DAYS days, ends included
#include <math.h>
#include <string.h>

#include "rows.h"

static void by_days(const tael__renewal *m, double open_days, int days)
{
    double alive = tael__renewal_alive(m, open_days), still = fmax(tael__renewal_survival(m, open_days), 1e-300);
    for (int t = 1; t <= days; t++) printf("%.5f ", alive * (1 - tael__renewal_survival(m, open_days + t) / still));
}

int main(int argc, char **argv)
{
    const char *how = argc > 1 ? argv[1] : "";
    size_t count;
    tael__renewal_row *rows = read_rows(&count);
    tael__renewal_prior prior;
    bool within = strcmp(how, "within") == 0;
    double *bounds = malloc((count + 1) * sizeof *bounds);
    for (size_t i = 0; bounds && i < count; i++) {
        bounds[i] = rows[i].open_days;
        if (within) rows[i].open_days = 0;
    }
    double start = seconds(), learned;
    if (!bounds || count == 0 || tael__renewal_learn(&prior, rows, count) != TAEL_OK) return 1;
    learned = seconds();
    for (size_t i = 0; i < count; i++) {
        tael__renewal m;
        tael__renewal_fit(&m, &rows[i], strcmp(how, "alone") == 0 ? NULL : &prior);
        double share = within ? 1 - tael__renewal_survival(&m, bounds[i]) : 1;
        if (strcmp(how, "by") == 0)
            by_days(&m, bounds[i], argc > 2 ? atoi(argv[2]) : 1);
        else
            for (int p = 1; p < 100; p++) printf("%.4f ", tael__renewal_quantile(&m, 0, share * p / 100));
        printf("\n");
    }
    printf("%.3f %.3f\n", learned - start, seconds() - learned);
    return 0;
}
