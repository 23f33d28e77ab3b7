// SPDX-License-Identifier: Apache-2.0
// What is bought within seven days, foretold by habits and by simple rules, beside what came. Reads jobs, a line each:
// a bill and days.
//   upcoming predict        a JSON document a line and day: candidates with what each method says, and when they came
//   upcoming learn          starting weights from all jobs' owners, as the C table that is kept in src/habits
//   upcoming time           processor time of learning and foretelling as of each day
// bench/habits/upcoming and scripts/make-upcoming call it.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "habits/upcoming.h"
#include "ledger/internal.h"

enum { JOB_ROWS = 1500, JOB_FIRST_DAYS = 10, POOL_HOLD = 10 };
#define LEAST_SPREAD 0.2 /* what is seldom seen must not weigh much */

static const char *const kind_names[] = {"merchant", "category", "item"};

static void check(tael_status status)
{
    if (status == TAEL_OK) return;
    fprintf(stderr, "bench: %s\n", tael_error());
    exit(1);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static tael_ledger *read_bill(const char *path)
{
    tael_ledger *ledger;
    tael_categorizer *categorizer;
    tael_import_report report;
    check(tael__ledger_open_memory(&ledger));
    check(tael_categorizer_open(&categorizer, NULL));
    tael_import_options options = {
        .size = sizeof options, .categorize = tael_categorizer_category, .categorize_user = categorizer};
    check(tael_ledger_import(ledger, path, &options, &report));
    tael_import_report_free(&report);
    tael_categorizer_close(categorizer);
    return ledger;
}

static tael_habits *open_habits(tael_ledger *ledger, const char *day)
{
    tael_habits *h;
    check(tael_habits_open(&h, ledger, day));
    return h;
}

/* ---- What came ---- */

static bool recurs(const tael_habits *h, uint32_t brand)
{
    for (size_t i = 0; i < h->recurring_count; i++)
        if (h->recurring[i].brand == brand) return true;
    return false;
}

/* came[name]: in how many days something was bought for the first time after h's day; 0: not within seven. What recurs
 * by then is left out. Returns how many. */
static size_t what_came(uint8_t *came, size_t room, tael_habits *h, const tael_habits *all, tael_habit_kind kind)
{
    size_t n = 0;
    memset(came, 0, room);
    for (size_t i = 0; i < all->count; i++) {
        tael__payment p = all->payments[i];
        int32_t ahead = p.day - h->today;
        uint32_t brand, item;
        if (ahead < 1 || ahead > 7 || p.income || p.refund) continue;
        check(tael__names_add(&h->names, tael__names_get(&all->names, p.brand), &brand));
        check(tael__names_add(&h->names, tael__names_get(&all->names, p.item), &item));
        uint32_t key = kind == TAEL_HABIT_MERCHANT ? brand : kind == TAEL_HABIT_ITEM ? item : (uint32_t)p.category_id;
        if (key == 0 || key >= room || recurs(h, brand) || came[key]) continue;
        came[key] = (uint8_t)ahead;
        n++;
    }
    return n;
}

/* ---- Predicting ---- */

/* By chance, as often as in the last four weeks. */
static double by_rate(const tael__walk *w, const tael__candidate *c, double days)
{
    double n = 0, span = fmin(28, w->today - w->first_day + 1);
    for (uint32_t k = c->seen; k > 0 && w->today - w->days[c->first + k - 1] < 28; k--) n++;
    return -expm1(-days * (n + 0.25) / (span + 7));
}

static void predict_kind(tael__upcoming *const models[3], int kind, const uint8_t *came)
{
    const tael__walk *w = &models[0]->walk[kind];
    bool first = true;
    for (size_t i = 0; i < w->count; i++) {
        const tael__candidate *c = &w->list[i];
        double x[TAEL__UP_FEATURES], week, tomorrow, open = w->today - w->days[c->first + c->seen - 1];
        if (!tael__upcoming_speaks(w, c)) continue;
        const tael__renewal *m = &models[0]->renewals[kind][i];
        tael__upcoming_features(x, w, c, m, NULL);
        printf("%s[%u,%d", first ? "" : ",", c->name, came[c->name]);
        first = false;
        for (int k = 0; k < 3; k++) {
            tael__upcoming_says(&models[k]->weights[kind], x, &week, &tomorrow);
            printf(",%.5f,%.5f", week, tomorrow);
        }
        double weeks = x[TAEL__UP_WEEK_1] + x[TAEL__UP_WEEK_2] + x[TAEL__UP_WEEK_3] + x[TAEL__UP_WEEK_4];
        printf(",%.5f,%.5f,%.5f,%.5f,%.5f,%.5f,%.0f]", tael__renewal_within(m, open, 7),
               tael__renewal_within(m, open, 1), by_rate(w, c, 7), by_rate(w, c, 1), (weeks + 0.2) / 4.4,
               (4 * x[TAEL__UP_WEEKDAY_LATELY] + 0.2) / 4.4, open);
    }
}

static void predict(tael_ledger *ledger, const tael_habits *all, const char *day)
{
    tael__upcoming_weights plain[TAEL__UPCOMING_KINDS];
    tael__upcoming *models[3]; /* the owner's; the starting weights; the owner's from the renewal alone */
    tael_habits *h = open_habits(ledger, day);
    tael__upcoming_begin(plain, h);
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS; kind++) {
        memset(plain[kind].weight, 0, sizeof plain[kind].weight);
        plain[kind].weight[TAEL__UP_WEEK][TAEL__UP_RENEWAL] = 1;
        plain[kind].weight[TAEL__UP_DAY][TAEL__UP_RENEWAL_SHARE] = 1;
    }
    check(tael__upcoming_learn(&models[0], h, NULL, -1));
    check(tael__upcoming_learn(&models[1], h, NULL, INFINITY));
    check(tael__upcoming_learn(&models[2], h, plain, -1));
    size_t room = h->names.count + all->names.count + 4096;
    uint8_t *came = malloc(room);
    printf("{\"day\":\"%s\",\"history\":%d", day, h->known - h->first_day + 1);
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS && came; kind++) {
        size_t bought = what_came(came, room, h, all, (tael_habit_kind)kind);
        printf(",\"%s\":{\"bought\":%zu,\"rows\":[", kind_names[kind], bought);
        predict_kind(models, kind, came);
        printf("]}");
    }
    puts("}");
    free(came);
    for (int k = 0; k < 3; k++) tael__upcoming_free(models[k]);
    tael_habits_close(h);
}

/* ---- Starting weights ---- */

static tael__upcoming_rows pool[TAEL__UP_LEDGERS][TAEL__UPCOMING_KINDS];

static void add_rows(tael__upcoming_rows *to, const tael__upcoming_rows *from)
{
    size_t n = to->count + from->count;
    to->x = realloc(to->x, (n + 1) * sizeof *to->x);
    to->weight = realloc(to->weight, (n + 1) * sizeof *to->weight);
    to->came = realloc(to->came, n + 1);
    if (!to->x || !to->weight || !to->came) exit(1);
    memcpy(to->x + to->count, from->x, from->count * sizeof *to->x);
    memcpy(to->came + to->count, from->came, from->count);
    for (size_t i = 0; i < from->count; i++) to->weight[to->count + i] = 1;
    to->count = n;
}

static void gather(tael_ledger *ledger, const char *day, int from_kind)
{
    tael_habits *h = open_habits(ledger, day);
    double shares[TAEL__UP_LEDGERS];
    int most = 0;
    tael__upcoming_ledger(shares, h);
    for (int k = 1; k < TAEL__UP_LEDGERS; k++)
        if (shares[k] > shares[most]) most = k;
    for (int kind = from_kind; kind < TAEL__UPCOMING_KINDS; kind++) {
        tael__walk w, merchants;
        tael__upcoming_rows rows = {0};
        check(tael__walk_begin(&w, h, (tael_habit_kind)kind));
        check(tael__walk_begin(&merchants, h, TAEL_HABIT_MERCHANT));
        check(tael__upcoming_gather(&rows, &w, &merchants, JOB_ROWS, JOB_FIRST_DAYS));
        if (rows.count) add_rows(&pool[most][kind], &rows);
        tael__upcoming_rows_free(&rows);
        tael__walk_end(&w);
        tael__walk_end(&merchants);
    }
    tael_habits_close(h);
}

static void measure(tael__upcoming_weights *w, const tael__upcoming_rows *rows)
{
    for (int k = 0; k < TAEL__UP_FEATURES; k++) {
        double sum = 0, squares = 0, n = (double)rows->count + 1e-9;
        for (size_t i = 0; i < rows->count; i++) {
            sum += (double)rows->x[i][k];
            squares += (double)rows->x[i][k] * (double)rows->x[i][k];
        }
        w->spread[k] = fmax(sqrt(fmax(squares / n - sum / n * sum / n, 0)), LEAST_SPREAD);
    }
    w->spread[TAEL__UP_ONE] = 1;
}

static void print_list(const double *values)
{
    printf("{");
    for (int k = 0; k < TAEL__UP_FEATURES; k++) printf("%s%.4g", k ? ", " : "", values[k]);
    printf("}");
}

static void print_start(const tael__upcoming_rows *rows)
{
    printf("{");
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS; kind++) {
        tael__upcoming_weights start = {0}, w;
        measure(&start, &rows[kind]);
        start.weight[TAEL__UP_WEEK][TAEL__UP_COMPANION] =
            1; /* a logit that adds to the others: few invented lives tell it */
        check(tael__upcoming_fit(&w, &rows[kind], &start, POOL_HOLD));
        printf("{.weight = {");
        for (int head = 0; head < TAEL__UP_HEADS; head++) {
            print_list(w.weight[head]);
            printf(head + 1 < TAEL__UP_HEADS ? "," : "},\n.spread = ");
        }
        print_list(start.spread);
        printf("},\n");
        fprintf(stderr, "%s: %zu rows\n", kind_names[kind], rows[kind].count);
    }
    printf("},\n");
}

/* ---- Time ---- */

static void take_time(tael_ledger *ledger, const char *day)
{
    tael_habits *h = open_habits(ledger, day);
    tael__upcoming *u;
    double x[TAEL__UP_FEATURES], week, tomorrow, sum = 0, start = seconds();
    size_t n = 0;
    check(tael__upcoming_learn(&u, h, NULL, -1));
    double learned = seconds();
    for (int kind = 0; kind < TAEL__UPCOMING_KINDS; kind++) {
        const tael__walk *w = &u->walk[kind];
        for (size_t i = 0; i < w->count; i++) {
            if (!tael__upcoming_speaks(w, &w->list[i])) continue;
            tael__upcoming_features(x, w, &w->list[i], &u->renewals[kind][i], NULL);
            tael__upcoming_says(&u->weights[kind], x, &week, &tomorrow);
            sum += week;
            n++;
        }
    }
    double said = seconds();
    printf("{\"rows\":%zu,\"candidates\":%zu,\"expected\":%.1f,\"learn_ms\":%.2f,\"predict_ms\":%.3f,\"weights_bytes\":"
           "%zu}\n",
           u->rows, n, sum, 1e3 * (learned - start), 1e3 * (said - learned), sizeof u->weights);
    tael__upcoming_free(u);
    tael_habits_close(h);
}

int main(int argc, char **argv)
{
    static char line[1 << 16];
    const char *mode = argc > 1 ? argv[1] : "";
    while (fgets(line, sizeof line, stdin)) {
        char *at = NULL, *path = strtok_r(line, " \n", &at);
        if (!path) continue;
        bool items_only = *path == '+'; /* to be learned from */
        path += items_only;
        tael_ledger *ledger = read_bill(path);
        tael_habits *all = open_habits(ledger, "9999-01-01");
        for (char *day; (day = strtok_r(NULL, " \n", &at));) {
            if (strcmp(mode, "predict") == 0) predict(ledger, all, day);
            if (strcmp(mode, "learn") == 0) gather(ledger, day, items_only ? TAEL_HABIT_ITEM : TAEL_HABIT_MERCHANT);
            if (strcmp(mode, "time") == 0) take_time(ledger, day);
        }
        tael_habits_close(all);
        tael_ledger_close(ledger);
    }
    for (int k = 0; k < TAEL__UP_LEDGERS && strcmp(mode, "learn") == 0; k++) print_start(pool[k]);
    return 0;
}
