// SPDX-License-Identifier: Apache-2.0
// A period for a row of payments: each period and day of it is tried, and scored by log odds. For it speaks how near
// each payment comes to its slot; the alternative is a purchase that returns after similar gaps (standard deviation a
// quarter of the gap), which drifts where a period is locked to the calendar. Banks and employers shift by weekends.
#include <math.h>

#include "habits/fit.h"

#define MISSED     (-1.5) /* a slot left out, or a second payment in it */
#define SAME       0.4    /* the same amount as before */
#define MOST_PRIOR 1.5

static const tael__period periods[] = {{false, 7}, {false, 14}, {false, 21}, {false, 28}, {false, 30},
                                       {true, 1},  {true, 2},   {true, 3},   {true, 6},   {true, 12}};

/* Whoever counts days keeps them; whoever has a day of the month is late at times. */
static double lateness(const tael__period *period, int32_t slot_day, int32_t late)
{
    static const double counted[] = {0.85, 0.05, 0.02, 0.01, 0.004, 0.004, 0.004};
    static const double dated[] = {0.55, 0.09, 0.05, 0.025, 0.006, 0.006, 0.006};
    int32_t days = late < 0 ? -late : late;
    if (!period->months) return log(days < 7 ? counted[days] : 0.0005);
    int weekday = late == 0 ? 0 : tael__weekday_of(slot_day);
    if ((weekday == 6 && (late == 2 || late == -1)) || (weekday == 7 && (late == 1 || late == -2))) return log(0.25);
    return log(days < 7 ? dated[days] : 0.0005);
}

static double on_time(const tael__period *period)
{
    return lateness(period, 4, 0); /* a Monday */
}

double tael__fit_prior(int32_t category_id)
{
    static const int32_t likely[] = {501, 502, 503, 504, 1005, 1201, 1701, 1703, 1801, 1809, 1812, 1906, 1001, 1603};
    static const int32_t unlikely[] = {1, 2, 4, 14, 15};
    int32_t top = tael_category_top(category_id) / 100;
    if (top == 8 || top == 6) return MOST_PRIOR;
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (category_id == likely[i]) return MOST_PRIOR;
    for (size_t i = 0; i < sizeof unlikely / sizeof *unlikely; i++)
        if (top == unlikely[i]) return -1.5;
    return 0;
}

typedef struct dated {  /* a payment's day, taken apart once for all the periods that are tried */
    int32_t day, month; /* since 1970-01-01; 12 * year + month - 1 */
    int8_t of_month, length;
} dated;

static dated dated_of(int32_t day)
{
    tael__date date = tael__date_of(day);
    return (dated){day, 12 * date.year + date.month - 1, (int8_t)date.day,
                   (int8_t)tael__days_in_month(date.year, date.month)};
}

/* The slot nearest to a payment, and how many days after it the payment was made. Its own month's is tried first: two
 * slots are 28 days apart or more. */
static int64_t slot_of(const tael__period *period, const dated *d, int32_t *late)
{
    if (period->months && (d->month - period->phase) % period->every == 0) {
        *late = d->of_month - (period->anchor < d->length ? period->anchor : d->length);
        if (*late >= -13 && *late <= 13) return (d->month - period->phase) / period->every;
    }
    int64_t slot = tael__period_slot_near(period, d->day);
    *late = d->day - tael__period_slot_day(period, slot);
    return slot;
}

/* The best assignment is near: each payment goes to its nearest slot, the better of two in one slot is the hit.
 * Stops, without a result, once what is left can't bring the score above `least`. */
static bool fit_one(tael__fit *f, const dated *days, size_t n, double least)
{
    double chance = log(1 / (0.25 * tael__period_days(&f->period) * 2.5066)), in_slot = 0;
    double best = on_time(&f->period), most = best - chance; /* that a payment after the first can bring */
    f->score = 0;
    f->hits = f->missed = f->extra = f->exact = 0;
    for (size_t i = 0; i < n; i++) {
        if (i > 0 && f->score + (best - in_slot) + (double)(n - i) * most <= least) return false;
        int32_t late;
        int64_t slot = slot_of(&f->period, &days[i], &late);
        /* Of a short period the lateness is cut off: the nearest slot of any day is near. */
        double p = fmax(lateness(&f->period, days[i].day - late, late), chance - 3);
        if (f->hits > 0 && slot == f->last_slot) {
            f->extra++;
            f->score += MISSED + (p > in_slot ? p - in_slot : 0);
            in_slot = fmax(p, in_slot);
            continue;
        }
        int64_t left_out = f->hits > 0 ? slot - f->last_slot - 1 : 0;
        f->missed += (int32_t)left_out;
        f->score += fmax(MISSED * (double)left_out, -4);
        f->score += p - (f->hits > 0 ? chance : best); /* the first one chose the phase */
        f->last_slot = slot;
        f->hits++;
        f->exact += late == 0;
        in_slot = p;
    }
    return f->score > least;
}

static double amounts_say(const tael_habits *h, const uint32_t *at, size_t n)
{
    double sum = 0;
    for (size_t i = 1; i < n; i++) {
        double a = (double)h->payments[at[i - 1]].minor, b = (double)h->payments[at[i]].minor;
        double apart = a > 0 && b > 0 ? fabs(log(b / a)) : 9;
        sum += apart == 0 ? SAME : apart < 0.06 ? SAME / 2 : apart < 0.35 ? 0 : -SAME;
    }
    return sum;
}

static void try_phases(tael__fit *best, const tael__period *period, const dated *days, size_t n)
{
    tael__fit f = {.period = *period};
    if (!period->months) {
        for (f.period.phase = 0; f.period.phase < period->every; f.period.phase++)
            if (fit_one(&f, days, n, best->score)) *best = f;
        return;
    }
    bool seen[32] = {false}; /* only days on which something was paid can be the day */
    for (size_t i = 0; i < n; i++) {
        seen[days[i].of_month] = true;
        if (days[i].of_month == days[i].length) seen[31] = true;
    }
    /* The first payment may belong to the slot of a neighbouring month. */
    int32_t around = period->every > 1 ? 1 : 0;
    for (int32_t near = -around; near <= around; near++) {
        f.period.phase = ((days[0].month + near) % period->every + period->every) % period->every;
        for (f.period.anchor = 1; f.period.anchor <= 31; f.period.anchor++)
            if (seen[f.period.anchor] && fit_one(&f, days, n, best->score)) *best = f;
    }
}

/* A look at the gaps alone, which needs no calendar: half of them have to be near the period, or near twice or three
 * times it. Most rows of payments end here. */
static bool plausible(const tael__period *period, const dated *dates, size_t n)
{
    double days = tael__period_days(period), room = period->months ? 5.5 : 2.5;
    size_t near = 0, gaps = 0;
    for (size_t i = 1; i < n; i++) {
        double gap = dates[i].day - dates[i - 1].day, times = fmax(1, round(gap / days));
        if (gap < days / 2) continue; /* a second one in the period */
        gaps++;
        near += times <= 3 && fabs(gap - times * days) <= room;
    }
    return 2 * near >= gaps && near > 0;
}

int32_t tael__fit_least(const tael__period *period)
{
    double days = tael__period_days(period);
    return days < 10 ? 5 : days < 25 ? 4 : days < 150 ? 3 : 2;
}

bool tael__fit_best(tael__fit *out, const tael_habits *h, const uint32_t *at, size_t n, double need)
{
    *out = (tael__fit){.score = -1e9};
    if (n < 2) return false;
    dated days[TAEL__MAX_HABIT_SERIES];
    TAEL_ASSERT(n <= TAEL__MAX_HABIT_SERIES);
    for (size_t i = 0; i < n; i++) days[i] = dated_of(h->payments[at[i]].day);
    double gap = (double)(days[n - 1].day - days[0].day) / (double)(n - 1);
    for (size_t i = 0; i < sizeof periods / sizeof *periods; i++) {
        double ratio = gap / tael__period_days(&periods[i]);
        /* Doubled ones make the mean gap shorter, left out ones longer. */
        if (ratio <= 0.65 || ratio >= 1.7) continue;
        double most = SAME + on_time(&periods[i]) +
                      log(0.25 * tael__period_days(&periods[i]) * 2.5066); /* of each after the first */
        bool hopeless = (double)(n - 1) * most + MOST_PRIOR < need || (int32_t)n < tael__fit_least(&periods[i]);
        if ((need <= 0 || !hopeless) && plausible(&periods[i], days, n)) try_phases(out, &periods[i], days, n);
    }
    if (out->hits < 2) return false;
    out->score += amounts_say(h, at, n);
    return true;
}
