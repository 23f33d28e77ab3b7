// SPDX-License-Identifier: Apache-2.0
// How often something will happen in the days to come. The sum of Weibull gaps has no closed form, so that paths are
// drawn; what has one isn't drawn: that the row goes on, that the first event comes, and that the row outlives the
// events before the nth. Shapes and rates are drawn in order, so that few paths are enough.
#include <math.h>

#include "base/random.h"
#include "habits/renewal.h"

enum { PATHS = 512, MOST_EVENTS = 1024 };

static double unit(tael__random *r) /* never 0 */
{
    return 1 - tael__random_unit(r);
}

/* Gamma law with rate 1 (Marsaglia and Tsang, 2000). */
static double gamma_of(tael__random *r, double a)
{
    double boost = a < 1 ? pow(unit(r), 1 / a) : 1, d = (a < 1 ? a + 1 : a) - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        double x = sqrt(-2 * log(unit(r))) * cos(6.283185307179586 * unit(r)), v = 1 + c * x;
        if (v <= 0) continue;
        v = v * v * v;
        if (log(unit(r)) < x * x / 2 + d - d * v + d * log(v)) return boost * d * v;
    }
}

/* Events of a path that begins with the end of the open gap. */
static uint32_t path(tael__random *r, const tael__renewal *m, int j, double open_days, double days)
{
    double k = tael__renewal_shapes[j], begun = open_days > 0 ? pow(open_days / m->scale, k) : 0;
    double rate = gamma_of(r, m->a[j]) / (m->b[j] + begun), left = days;
    uint32_t events = 0;
    left -= m->scale * pow(begun - log(unit(r)) / rate, 1 / k) - open_days;
    while (left >= 0 && events < MOST_EVENTS) {
        events++;
        left -= m->scale * pow(-log(unit(r)) / rate, 1 / k);
    }
    return events;
}

void tael__renewal_count(tael__renewal_counts *out, const tael__renewal *m, double open_days, double days)
{
    uint32_t with[MOST_EVENTS + 2] = {0}; /* paths of so many events */
    double shares[TAEL__SHAPES], sum = 0, still = tael__renewal_survival(m, open_days);
    double alive = tael__renewal_alive(m, open_days);
    tael__random r;
    *out = (tael__renewal_counts){0};
    if (still <= 0) return;
    out->any = alive * (1 - tael__renewal_survival(m, open_days + days) / still);
    for (int j = 0; j < TAEL__SHAPES; j++) {
        double begun = open_days > 0 ? pow(open_days / m->scale, tael__renewal_shapes[j]) : 0;
        sum += shares[j] = m->weight[j] * exp(-m->a[j] * log1p(begun / m->b[j]));
    }
    tael__random_seed(&r, 1);
    double next = 0, reached = shares[0];
    for (int i = 0, j = 0; i < PATHS; i++) {
        next = (i + 0.5) / PATHS * sum;
        while (next > reached && j < TAEL__SHAPES - 1) reached += shares[++j];
        with[path(&r, m, j, open_days, days)]++;
    }
    /* At least n events: n - 1 of them weren't the last. */
    double left = PATHS - with[0], outlived = out->any > 0 && left > 0 ? out->any / (left / PATHS) : 0;
    out->mean = 0;
    for (uint32_t n = 1; n <= MOST_EVENTS && left > 0; n++) {
        double at_least = n == 1 ? out->any : outlived * left / PATHS;
        out->mean += at_least;
        if (at_least > 0.5) out->median = n;
        left -= with[n];
        outlived *= (m->stays + n) / (m->ends + m->stays + n);
    }
}
