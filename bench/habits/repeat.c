// SPDX-License-Identifier: Apache-2.0
// The renewal model on rows of gaps (rows.h): learns what the rows have in common and writes, for each row, how many
// events it expects in the next DAYS days (mean and median), the probability of one at least, and of going on; then the
// seconds that learning and foretelling took. Usage: repeat DAYS
#include "rows.h"

int main(int argc, char **argv)
{
    size_t count;
    tael__renewal_row *rows = read_rows(&count);
    tael__renewal_prior prior;
    double start = seconds(), learned, days = argc > 1 ? atof(argv[1]) : 0;
    if (days <= 0 || count == 0 || tael__renewal_learn(&prior, rows, count) != TAEL_OK) return 1;
    learned = seconds();
    for (size_t i = 0; i < count; i++) {
        tael__renewal m;
        tael__renewal_counts c;
        tael__renewal_fit(&m, &rows[i], &prior);
        tael__renewal_count(&c, &m, rows[i].open_days, days);
        printf("%.5f %u %.5f %.5f\n", c.mean, c.median, c.any, tael__renewal_alive(&m, rows[i].open_days));
    }
    printf("%.3f %.3f\n", learned - start, seconds() - learned);
    return 0;
}
