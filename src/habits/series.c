// SPDX-License-Identifier: Apache-2.0
// Weekly amounts of many series, and what the next weeks will bring: keeping them, what they have in common, the rows
// that the network learns from, and its answer turned back into money.
//
// An amount is told as z: its log against the series' own usual one, in the series' own spread. The bins of the network
// are cut where the z of all purchases seen have fixed shares, so that an untrained network has the shape of all of
// them.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/memory.h"
#include "habits/history.h"
#include "habits/series.h"

enum { AHEAD = 4, EPOCHS = 2, ROWS = 100000, NORMALS = 64 };
#define LARGEST 9e15 /* minor units: what is foretold fits its integer, whatever the series */

/* Purchases below each edge of the bins; tails are told finer. */
static const double shares[TAEL__SERIES_BINS] = {0,   .01, .04, .1,  .18, .27, .37,  .47,
                                                 .57, .67, .76, .84, .9,  .95, .985, .999};

struct tael_series {
    tael_series_options options;
    int64_t *minor; /* of all series, one after the other */
    size_t minor_count, minor_capacity;
    size_t *start; /* of series i in minor; [count] is the end */
    size_t count, capacity, longest;
    tael__series_common common;
    bool common_known;
    double edges[TAEL__SERIES_BINS]; /* z: bin b > 0 lies between edges b - 1 and b */
    tael__series_net nets[TAEL__SERIES_NETS];
};

static tael_status fail_memory(size_t bytes)
{
    return tael__fail_memory(TAEL_SAY("the weekly forecast", "每周预测"), bytes);
}

/* ---- Keeping ---- */

/* z below which a share p of a normal distribution lies, by halving. */
static double normal(double p)
{
    double low = -8, high = 8;
    for (int k = 0; k < 60; k++) {
        double z = (low + high) / 2;
        if (0.5 * erfc(-z / sqrt(2)) < p)
            low = z;
        else
            high = z;
    }
    return low;
}

/* z[0..n) are the purchases'; there is room for NORMALS more. */
static void cut_bins(tael_series *s, double *z, size_t n)
{
    for (int k = 0; k < NORMALS; k++) z[n++] = normal((k + 0.5) / NORMALS);
    qsort(z, n, sizeof *z, tael__by_number);
    for (int b = 0; b < TAEL__SERIES_BINS; b++) s->edges[b] = tael__quantile(z, n, shares[b]);
}

static void start_net(tael__series_net *net)
{
    memset(net, 0, sizeof *net);
    for (int b = 1; b < TAEL__SERIES_BINS; b++) net->start[b] = (float)log(shares[b] - shares[b - 1]);
}

tael_status tael_series_open(tael_series **out, const tael_series_options *options)
{
    double z[NORMALS];
    *out = NULL;
    if (options && options->size != sizeof *options)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_series_options.size: it isn't the struct's; set it to sizeof",
                                                "tael_series_options.size：与结构体大小不符；请设为 sizeof"));
    if (options && (options->weeks_ahead > TAEL__MAX_WEEKS_AHEAD || options->epochs > TAEL__MAX_NEXT_EPOCHS ||
                    options->rows_max > TAEL__MAX_SERIES_ROWS))
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("the weekly forecast: at most %d weeks ahead, %d epochs and %u rows; ask for fewer",
                                   "每周预测：最多预测 %d 周，最多 %d 轮、%u 行；请减少"),
                          TAEL__MAX_WEEKS_AHEAD, TAEL__MAX_NEXT_EPOCHS, TAEL__MAX_SERIES_ROWS);
    tael_series *s = tael__alloc_zero(sizeof *s);
    if (!s) return fail_memory(sizeof *s);
    if (options) s->options = *options;
    if (!s->options.weeks_ahead) s->options.weeks_ahead = AHEAD;
    if (!s->options.epochs) s->options.epochs = EPOCHS;
    if (!s->options.rows_max) s->options.rows_max = ROWS;
    cut_bins(s, z, 0);
    for (int j = 0; j < TAEL__SERIES_NETS; j++) start_net(&s->nets[j]);
    *out = s;
    return TAEL_OK;
}

void tael_series_close(tael_series *s)
{
    if (!s) return;
    tael__free(s->minor);
    tael__free(s->start);
    tael__free(s->common.weeks);
    tael__free(s);
}

static tael_status fit(void *array, size_t each, size_t *capacity, size_t wanted)
{
    size_t bigger = *capacity + *capacity / 2 + 64;
    if (wanted <= *capacity) return TAEL_OK;
    if (bigger < wanted) bigger = wanted;
    void **p = array, *grown = tael__realloc(*p, bigger * each);
    if (!grown) return fail_memory(bigger * each);
    *p = grown;
    *capacity = bigger;
    return TAEL_OK;
}

tael_status tael_series_add(tael_series *s, const int64_t *minor, size_t weeks)
{
    if (!s || (weeks && !minor))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("a series: its weeks are missing; give them", "序列：缺少每周金额；请提供"));
    if (s->count >= TAEL__MAX_SERIES || weeks > TAEL__MAX_SERIES_WEEKS - s->minor_count)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("the weekly forecast: more than %zu series or %zu weeks in all; add fewer",
                                   "每周预测：序列超过 %zu 个或总周数超过 %zu；请减少"),
                          TAEL__MAX_SERIES, TAEL__MAX_SERIES_WEEKS);
    TAEL_TRY(fit(&s->start, sizeof *s->start, &s->capacity, s->count + 2));
    TAEL_TRY(fit(&s->minor, sizeof *s->minor, &s->minor_capacity, s->minor_count + weeks));
    s->start[s->count] = s->minor_count;
    if (weeks) memcpy(s->minor + s->minor_count, minor, weeks * sizeof *minor);
    s->minor_count += weeks;
    s->start[++s->count] = s->minor_count;
    if (weeks > s->longest) s->longest = weeks;
    s->common_known = false;
    return TAEL_OK;
}

/* ---- What all have in common ---- */

typedef struct week_sum {
    double series, bought, logs;
} week_sum;

typedef struct sums {
    double series, means; /* of log amounts */
    double within, more;  /* squares about the series' own means; purchases but for the first of each */
} sums;

/* More that came back than went out is nothing. */
static double amount_at(const tael_series *s, size_t i, size_t k)
{
    return fmax((double)s->minor[s->start[i] + k], 0);
}

static void add_series(const tael_series *s, size_t i, week_sum *weeks, sums *all)
{
    size_t n = s->start[i + 1] - s->start[i], bought = 0;
    double sum = 0, squares = 0;
    bool begun = false;
    for (size_t k = 0; k < n; k++) {
        double l = amount_at(s, i, k) > 0 ? log(amount_at(s, i, k)) : 0;
        sum += l;
        squares += l * l;
        bought += amount_at(s, i, k) > 0;
    }
    if (!bought) return;
    double mean = sum / (double)bought;
    all->series++;
    all->means += mean;
    all->within += fmax(squares - sum * mean, 0);
    all->more += (double)bought - 1;
    for (size_t k = 0; k < n; k++) {
        week_sum *w = &weeks[s->longest - n + k];
        bool buys = amount_at(s, i, k) > 0;
        begun = begun || buys;
        w->series += begun;
        w->bought += buys;
        if (buys) w->logs += log(amount_at(s, i, k)) - mean;
    }
}

static void fade_weeks(tael__series_common *c, const week_sum *weeks)
{
    static const double fade[3] = {0.3, 0.8409, 0.9481}; /* the last two: half-lives of 4 and 13 weeks */
    double all[3] = {0}, bought[3] = {0}, count[2] = {0}, logs[2] = {0};
    for (size_t k = 0; k < c->week_count; k++) {
        for (int j = 0; j < 3; j++) {
            all[j] = fade[j] * all[j] + weeks[k].series;
            bought[j] = fade[j] * bought[j] + weeks[k].bought;
            c->weeks[k].bought[j] = (bought[j] + 0.1) / (all[j] + 1);
        }
        for (int j = 0; j < 2; j++) {
            count[j] = fade[j + 1] * count[j] + weeks[k].bought;
            logs[j] = fade[j + 1] * logs[j] + weeks[k].logs;
            c->weeks[k].amount[j] = logs[j] / (count[j] + 10);
        }
    }
}

static tael_status find_common(tael_series *s)
{
    sums all = {0};
    if (s->common_known) return TAEL_OK;
    week_sum *weeks = tael__alloc_array(s->longest + 1, sizeof *weeks);
    tael__series_week *faded = tael__alloc_array(s->longest + 1, sizeof *faded);
    if (!weeks || !faded) {
        tael__free(weeks);
        tael__free(faded);
        return fail_memory(s->longest * sizeof *weeks);
    }
    tael__free(s->common.weeks);
    s->common.weeks = faded;
    s->common.week_count = s->longest;
    for (size_t i = 0; i < s->count; i++) add_series(s, i, weeks, &all);
    s->common.log_usual = all.series > 0 ? all.means / all.series : 0;
    s->common.log_spread = sqrt((all.within + 0.5) / (all.more + 1));
    fade_weeks(&s->common, weeks);
    tael__free(weeks);
    s->common_known = true;
    return TAEL_OK;
}

/* ---- Learning ---- */

typedef struct lesson {
    tael__series_row *rows;
    double *z; /* of what came, where something was bought */
    size_t count, capacity, bought;
    double keep; /* the share of all rows that is taken */
    tael__random random;
} lesson;

/* How many weeks can be foretold from an earlier one, from the first purchase on. */
static double rows_of(const tael_series *s)
{
    double rows = 0;
    for (size_t i = 0; i < s->count; i++) {
        size_t n = s->start[i + 1] - s->start[i], first = 0;
        while (first < n && amount_at(s, i, first) <= 0) first++;
        for (uint32_t h = 1; h <= s->options.weeks_ahead; h++)
            if (n > first + h) rows += (double)(n - first - h);
    }
    return rows;
}

static void take_row(const tael_series *s, lesson *l, const tael__series_walk *walk, size_t i, size_t k, uint32_t ahead)
{
    size_t n = s->start[i + 1] - s->start[i];
    tael__series_row *row = &l->rows[l->count];
    double amount = amount_at(s, i, k + ahead);
    tael__series_usual usual = tael__series_usual_of(walk, &s->common);
    tael__series_see(row->features, &row->base, walk, &s->common, s->longest - n + k, ahead);
    row->bin = amount > 0;
    l->z[l->count] = amount > 0 ? (log(amount) - usual.log) / usual.spread : 0;
    l->bought += amount > 0;
    l->count++;
}

static void take_rows(const tael_series *s, lesson *l)
{
    for (size_t i = 0; i < s->count; i++) {
        tael__series_walk walk = {0};
        size_t n = s->start[i + 1] - s->start[i];
        for (size_t k = 0; k + 1 < n; k++) {
            tael__series_step(&walk, amount_at(s, i, k));
            if (!walk.count) continue;
            for (uint32_t h = 1; h <= s->options.weeks_ahead && k + h < n; h++)
                if (l->count < l->capacity && tael__random_unit(&l->random) < l->keep) take_row(s, l, &walk, i, k, h);
        }
    }
}

static tael_status put_into_bins(tael_series *s, lesson *l)
{
    double *z = tael__alloc_array(l->bought + NORMALS, sizeof *z);
    size_t n = 0;
    if (!z) return fail_memory((l->bought + NORMALS) * sizeof *z);
    for (size_t k = 0; k < l->count; k++)
        if (l->rows[k].bin) z[n++] = l->z[k];
    cut_bins(s, z, n);
    tael__free(z);
    for (size_t k = 0; k < l->count; k++) {
        uint32_t *bin = &l->rows[k].bin;
        while (*bin && *bin + 1 < TAEL__SERIES_BINS && l->z[k] > s->edges[*bin]) ++*bin;
    }
    return TAEL_OK;
}

static tael_status learn(tael_series *s, lesson *l)
{
    tael__series_net first;
    start_net(&first);
    if (l->count) tael__series_standardise(&first, l->rows, l->count);
    for (int j = 0; j < TAEL__SERIES_NETS; j++) {
        s->nets[j] = first;
        if (l->count)
            TAEL_TRY(tael__series_learn(&s->nets[j], l->rows, l->count, s->options.epochs,
                                        s->options.seed * TAEL__SERIES_NETS + (uint64_t)j));
    }
    return TAEL_OK;
}

tael_status tael_series_train(tael_series *s)
{
    lesson l = {0};
    if (!s) return tael__fail(TAEL_MISUSE, TAEL_SAY("a series is missing; open one", "缺少序列；请先打开"));
    TAEL_TRY(find_common(s));
    double rows = rows_of(s);
    l.capacity = (size_t)fmin(rows, s->options.rows_max);
    l.keep = rows > 0 ? s->options.rows_max / rows : 1;
    tael__random_seed(&l.random, s->options.seed);
    l.rows = tael__alloc_array(l.capacity + 1, sizeof *l.rows);
    l.z = tael__alloc_array(l.capacity + 1, sizeof *l.z);
    tael_status status = l.rows && l.z ? TAEL_OK : fail_memory(l.capacity * sizeof *l.rows);
    if (status == TAEL_OK) {
        take_rows(s, &l);
        status = put_into_bins(s, &l);
    }
    if (status == TAEL_OK) status = learn(s, &l);
    tael__free(l.rows);
    tael__free(l.z);
    return status;
}

/* ---- The answer ---- */

static int64_t money_at(const tael_series *s, const double *below, tael__series_usual usual, double p)
{
    int b = 1;
    if (p <= below[0]) return 0;
    while (b + 1 < TAEL__SERIES_BINS && p > below[b]) b++;
    double part = (p - below[b - 1]) / fmax(below[b] - below[b - 1], 1e-12);
    double z = s->edges[b - 1] + fmin(part, 1) * (s->edges[b] - s->edges[b - 1]);
    return (int64_t)llround(fmin(exp(usual.log + usual.spread * z), LARGEST));
}

/* Probabilities up to and with each bin. */
static void foretell(const tael_series *s, const tael__series_walk *walk, uint32_t ahead,
                     double below[TAEL__SERIES_BINS])
{
    float features[TAEL__SERIES_FEATURES], base, bins[TAEL__SERIES_BINS];
    memset(below, 0, TAEL__SERIES_BINS * sizeof *below);
    tael__series_see(features, &base, walk, &s->common, s->longest - 1, ahead);
    for (int j = 0; j < TAEL__SERIES_NETS; j++) {
        tael__series_predict(&s->nets[j], features, base, bins);
        for (int b = 0; b < TAEL__SERIES_BINS; b++) below[b] += (double)bins[b] / TAEL__SERIES_NETS;
    }
    for (int b = 1; b < TAEL__SERIES_BINS; b++) below[b] += below[b - 1];
}

static tael_status check_question(const tael_series *s, size_t i, const double *probabilities, size_t count)
{
    if (!s || i >= s->count)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("the weekly forecast: there is no series %zu; add it first",
                                   "每周预测：没有第 %zu 个序列；请先添加"),
                          i);
    for (size_t k = 0; k < count; k++)
        if (!(probabilities[k] > 0 && probabilities[k] < 1))
            return tael__fail(
                TAEL_MISUSE,
                TAEL_SAY("the weekly forecast: %g is no probability between 0 and 1; give 0.5 for the middle",
                         "每周预测：%g 不是 0 到 1 之间的概率；中位数请给 0.5"),
                probabilities[k]);
    return TAEL_OK;
}

tael_status tael_series_forecast(tael_series *s, size_t i, const double *probabilities, size_t count, int64_t *minor)
{
    tael__series_walk walk = {0};
    double below[TAEL__SERIES_BINS];
    TAEL_TRY(check_question(s, i, probabilities, count));
    TAEL_TRY(find_common(s));
    for (size_t k = s->start[i]; k < s->start[i + 1]; k++) tael__series_step(&walk, (double)s->minor[k]);
    memset(minor, 0, s->options.weeks_ahead * count * sizeof *minor);
    if (!walk.count) return TAEL_OK;
    tael__series_usual usual = tael__series_usual_of(&walk, &s->common);
    for (uint32_t h = 1; h <= s->options.weeks_ahead; h++) {
        foretell(s, &walk, h, below);
        for (size_t k = 0; k < count; k++) minor[(h - 1) * count + k] = money_at(s, below, usual, probabilities[k]);
    }
    return TAEL_OK;
}
