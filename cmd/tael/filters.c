// SPDX-License-Identifier: Apache-2.0
// FILTERS of the command line to a tael_filter.
#include "filters.h"

#include <stdlib.h>
#include <string.h>

#include "base/date.h"

static tael_direction direction_of(const char *name)
{
    if (!name) return TAEL_ANY_DIRECTION;
    return strcmp(name, "income") == 0 ? TAEL_INCOME : strcmp(name, "neutral") == 0 ? TAEL_NEUTRAL : TAEL_EXPENSE;
}

static void days_of_month(const char *month, filter_days *days)
{
    int year = atoi(month), number = atoi(month + 5);
    snprintf(days->from, sizeof days->from, "%.7s-01", month);
    snprintf(days->to, sizeof days->to, "%.7s-%02d", month, tael__days_in_month(year, number));
}

tael_status filter_read(const request *r, tael_filter *filter, filter_days *days)
{
    const char *month = option_text(r, "month", NULL);
    *filter = (tael_filter){.size = sizeof *filter,
                            .from = option_text(r, "from", NULL),
                            .to = option_text(r, "to", NULL),
                            .direction = direction_of(option_text(r, "direction", NULL)),
                            .merchant = option_text(r, "merchant", NULL),
                            .category = option_text(r, "category", NULL),
                            .method = option_text(r, "method", NULL),
                            .text = option_text(r, "text", NULL),
                            .min_minor = option_integer(r, "min", 0),
                            .max_minor = option_integer(r, "max", 0)};
    int32_t category = tael_category_find(filter->category);
    if (category) tael_category_range(category, &filter->category_from, &filter->category_to);
    if (month && (filter->from || filter->to))
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--month: it goes with neither --from nor --to; give one or the other",
                                                "--month：不能与 --from、--to 同用；请二选一"));
    if (month) {
        days_of_month(month, days);
        filter->from = days->from;
        filter->to = days->to;
    }
    if (filter->from && filter->to && strcmp(filter->from, filter->to) > 0)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--from: it is after --to; swap them", "--from：晚于 --to；请对调"));
    if (filter->max_minor > 0 && filter->min_minor > filter->max_minor)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("--min: it is above --max; swap them", "--min：高于 --max；请对调"));
    return TAEL_OK;
}
