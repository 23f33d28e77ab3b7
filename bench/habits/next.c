// SPDX-License-Identifier: Apache-2.0
// Tael's next-basket model on baskets of a file: trains on the population, predicts for the others, and prints one JSON
// document with predictions and times. With START it predicts by the starting model, which it leaves in that file.
// Usage: next FILE [EPOCHS [ROWS [SEED [START]]]]
#include <stdbool.h>
#include <string.h>

#include "baskets.h"
#include "tael/habits.h"

enum { SHOWN = 10 };

static void check(tael_status status)
{
    if (status == TAEL_OK) return;
    fprintf(stderr, "bench: %s\n", tael_error());
    exit(1);
}

/* Adds the baskets of one kind; the seconds that it took, without reading them. */
static double add(tael_next *next, FILE *f, char kind)
{
    double sum = 0;
    line l;
    rewind(f);
    while (read_line(f, &l)) {
        if (l.kind != kind) continue;
        double start = seconds();
        check(tael_next_add(next, l.owner, &(tael_basket){l.day, l.items, l.count}));
        sum += seconds() - start;
    }
    return sum;
}

/* getrusage() would tell what the program that started this one took. */
static long long peak_bytes(void)
{
    char text[256];
    long long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(text, sizeof text, f))
        if (sscanf(text, "VmHWM: %lld", &kib) == 1) break;
    if (f) fclose(f);
    return kib * 1024;
}

int main(int argc, char **argv)
{
    tael_next_options options = {.size = sizeof options, .rows_max = 1400000};
    tael_next *next;
    tael_next_item items[SHOWN];
    size_t count, predicted = 0;
    line l;
    FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
    if (!f) return fprintf(stderr, "usage: next FILE [EPOCHS [ROWS [SEED [START]]]]\n"), 2;
    if (argc > 2) options.epochs = (uint32_t)atoi(argv[2]);
    if (argc > 3) options.rows_max = (uint32_t)atoi(argv[3]);
    if (argc > 4) options.seed = (uint64_t)atoll(argv[4]);
    check(tael_next_open(&next, &options));
    add(next, f, 'b');
    double start = seconds();
    check(tael_next_train(next));
    double trained = seconds() - start;
    if (argc > 5) { /* as on a device that gets the starting model and none of the population's baskets */
        check(tael_next_save(next, argv[5]));
        tael_next_close(next);
        check(tael_next_load(&next, argv[5], &options));
    }
    double added = add(next, f, 'h'), spent = 0;
    rewind(f);
    printf("{\"predictions\":{");
    while (read_line(f, &l)) {
        if (l.kind != 'p') continue;
        start = seconds();
        check(tael_next_predict(next, l.owner, l.day, items, SHOWN, &count));
        spent += seconds() - start;
        printf("%s\"%lld\":[", predicted++ ? "," : "", (long long)l.owner);
        for (size_t k = 0; k < count; k++) printf("%s%lld", k ? "," : "", (long long)items[k].item);
        printf("]");
    }
    printf("},\"train_seconds\":%.3f,\"add_ms\":%.3f,\"predict_ms\":%.4f,\"rss_bytes\":%lld}\n", trained, added * 1000,
           predicted ? spent * 1000 / (double)predicted : 0, peak_bytes());
    tael_next_close(next);
    fclose(f);
    return 0;
}
