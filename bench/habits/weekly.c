// SPDX-License-Identifier: Apache-2.0
// Tael's weekly forecast on series of a file: "SERIES WEEKS AHEAD ASKED", then one series of amounts a line. For each
// origin from FIRST to LAST (weeks known) it learns from those weeks alone and writes the 10th to 90th of a hundred of
// the next weeks of the first ASKED series, one forecast a line. The seconds of learning and forecasting go to standard
// error. Usage: weekly FIRST LAST <FILE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tael/habits.h"

enum { PROBABILITIES = 9 };

static void check(tael_status status)
{
    if (status == TAEL_OK) return;
    fprintf(stderr, "bench: %s\n", tael_error());
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv)
{
    size_t count, weeks, asked;
    unsigned ahead;
    double probabilities[PROBABILITIES], learning = 0, forecasting = 0, processor = 0;
    if (argc != 3 || scanf("%zu %zu %u %zu", &count, &weeks, &ahead, &asked) != 4 || asked > count)
        return fprintf(stderr, "usage: weekly FIRST LAST <FILE\n"), 2;
    int64_t *minor = calloc(count * weeks + 1, sizeof *minor);
    int64_t *quantiles = calloc(asked * ahead * PROBABILITIES + 1, sizeof *quantiles);
    if (!minor || !quantiles) return 1;
    for (size_t i = 0; i < count * weeks; i++) {
        long long value;
        if (scanf("%lld", &value) != 1) return 1;
        minor[i] = value;
    }
    for (int k = 0; k < PROBABILITIES; k++) probabilities[k] = (k + 1) / 10.0;
    for (size_t origin = (size_t)atoll(argv[1]); origin <= (size_t)atoll(argv[2]); origin++) {
        tael_series *series;
        double start = seconds();
        clock_t ticks = clock();
        check(tael_series_open(&series,
                               &(tael_series_options){.size = sizeof(tael_series_options), .weeks_ahead = ahead}));
        for (size_t i = 0; i < count; i++) check(tael_series_add(series, minor + i * weeks, origin));
        check(tael_series_train(series));
        double middle = seconds();
        for (size_t i = 0; i < asked; i++)
            check(tael_series_forecast(series, i, probabilities, PROBABILITIES, quantiles + i * ahead * PROBABILITIES));
        processor += (double)(clock() - ticks) / CLOCKS_PER_SEC;
        learning += middle - start;
        forecasting += seconds() - middle;
        tael_series_close(series);
        for (size_t k = 0; k < asked * ahead * PROBABILITIES; k++)
            printf("%lld%c", (long long)quantiles[k], k % PROBABILITIES == PROBABILITIES - 1 ? '\n' : ' ');
    }
    fprintf(stderr, "{\"learning\":%.3f,\"forecasting\":%.3f,\"processor\":%.3f}\n", learning, forecasting, processor);
    free(minor);
    free(quantiles);
    return 0;
}
