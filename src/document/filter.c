// SPDX-License-Identifier: Apache-2.0
// Which records, from the words of a command line or an address to a tael_filter.
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/status.h"
#include "document/document.h"

static bool read_direction(tael_direction *d, const char *name)
{
    static const char *const names[] = {"expense", "income", "neutral"};
    static const tael_direction of[] = {TAEL_EXPENSE, TAEL_INCOME, TAEL_NEUTRAL};
    *d = TAEL_ANY_DIRECTION;
    if (!name || !*name) return true;
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(name, names[i]) != 0) continue;
        *d = of[i];
        return true;
    }
    return false;
}

static bool read_month(const char *month, tael__filter_days *days)
{
    tael__date first;
    snprintf(days->from, sizeof days->from, "%.7s-01", month);
    if (strlen(month) != 7 || !tael__date_parse(&first, days->from)) return false;
    snprintf(days->to, sizeof days->to, "%.7s-%02d", month, tael__days_in_month(first.year, first.month));
    return true;
}

static tael_status check(const tael__filter_words *w, const tael_filter *f)
{
    if (w->month && (w->from || w->to))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%smonth: it goes with neither %sfrom nor %sto; give one or the other",
                                   "%smonth：不能与 %sfrom、%sto 同用；请二选一"),
                          w->dash, w->dash, w->dash);
    if (f->from && f->to && strcmp(f->from, f->to) > 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("%sfrom: it is after %sto; swap them", "%sfrom：晚于 %sto；请对调"),
                          w->dash, w->dash);
    if (f->max_minor > 0 && f->min_minor > f->max_minor)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("%smin: it is above %smax; swap them", "%smin：高于 %smax；请对调"),
                          w->dash, w->dash);
    return TAEL_OK;
}

tael_status tael__filter_read(const tael__filter_words *w, tael_filter *f, tael__filter_days *days)
{
    *f = (tael_filter){.size = sizeof *f,
                       .from = w->from,
                       .to = w->to,
                       .merchant = w->merchant,
                       .category = w->category,
                       .method = w->method,
                       .text = w->text,
                       .min_minor = w->min_minor,
                       .max_minor = w->max_minor};
    if (!read_direction(&f->direction, w->direction))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%sdirection: it is none; give expense, income or neutral",
                                   "%sdirection：不正确；应为 expense、income 或 neutral"),
                          w->dash);
    int32_t category = tael_category_find(f->category);
    if (category) tael_category_range(category, &f->category_from, &f->category_to);
    TAEL_TRY(check(w, f));
    if (!w->month) return TAEL_OK;
    if (!read_month(w->month, days))
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("%smonth: it is none; write it as 2026-11", "%smonth：不是月份；请写成 2026-11"),
                          w->dash);
    f->from = days->from;
    f->to = days->to;
    return TAEL_OK;
}
