// SPDX-License-Identifier: Apache-2.0
// FILTERS of the command line to a tael_filter.
#include "filters.h"

tael_status filter_read(const request *r, tael_filter *filter, tael__filter_days *days)
{
    tael__filter_words written = {.from = option_text(r, "from", NULL),
                                  .to = option_text(r, "to", NULL),
                                  .month = option_text(r, "month", NULL),
                                  .merchant = option_text(r, "merchant", NULL),
                                  .category = option_text(r, "category", NULL),
                                  .direction = option_text(r, "direction", NULL),
                                  .method = option_text(r, "method", NULL),
                                  .text = option_text(r, "text", NULL),
                                  .min_minor = option_integer(r, "min", 0),
                                  .max_minor = option_integer(r, "max", 0),
                                  .dash = "--"};
    return tael__filter_read(&written, filter, days);
}
