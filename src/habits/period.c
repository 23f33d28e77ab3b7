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
    int64_t at = day;
    if (p->months) {
        tael__date date = tael__date_of(day);
        at = 12 * (int64_t)date.year + date.month - 1;
    }
    int64_t first = floor_divide(at - p->phase, p->every) - 1, best = first, least = INT64_MAX;
    for (int64_t slot = first; slot <= first + 3; slot++) {
        int64_t off = (int64_t)tael__period_slot_day(p, slot) - day;
        if (off < 0) off = -off;
        if (off < least) {
            least = off;
            best = slot;
        }
    }
    return best;
}

double tael__period_days(const tael__period *p)
{
    return p->months ? p->every * 365.2425 / 12 : p->every;
}
