// SPDX-License-Identifier: Apache-2.0
// Periods as rows of slots: slot k of "monthly on the 31st" is the last day of month k, of "every 28 days" day 28k +
// phase.
#include "habits/history.h"

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int32_t tael__period_slot_day(const tael__period *p, int64_t slot)
{
    int64_t at = slot * p->every + p->phase;
    if (!p->months) return (int32_t)at;
    int32_t year = (int32_t)floor_divide(at, 12), month = (int32_t)(at - 12 * (int64_t)year) + 1;
    if (year < 1 || year > 9999) return 0;
    int last = tael__days_in_month(year, month);
    return (int32_t)tael__days_of((tael__date){year, month, p->anchor < last ? p->anchor : last});
}

int64_t tael__period_slot_near(const tael__period *p, int32_t day)
{
    if (!p->months) return floor_divide((int64_t)day - p->phase + (p->every - 1) / 2, p->every);
    tael__date date = tael__date_of(day);
    int64_t at = floor_divide(12 * (int64_t)date.year + date.month - 1 - p->phase, p->every), best = at;
    int64_t least = INT64_MAX;
    /* Its own month's slot first: two slots are 28 days apart or more. */
    static const int around[] = {0, 1, -1};
    for (size_t i = 0; i < sizeof around / sizeof *around && least > 13; i++) {
        int64_t off = (int64_t)tael__period_slot_day(p, at + around[i]) - day;
        if (off < 0) off = -off;
        if (off < least) {
            least = off;
            best = at + around[i];
        }
    }
    return best;
}

double tael__period_days(const tael__period *p)
{
    return p->months ? p->every * 365.2425 / 12 : p->every;
}
