// SPDX-License-Identifier: Apache-2.0
// Sums, in one figure and by group.
#include <string.h>

#include "document/document.h"

tael_group tael__group_named(const char *name)
{
    static const struct {
        const char *name;
        tael_group group;
    } all[] = {{"day", TAEL_BY_DAY},           {"week", TAEL_BY_WEEK},
               {"month", TAEL_BY_MONTH},       {"year", TAEL_BY_YEAR},
               {"weekday", TAEL_BY_WEEKDAY},   {"hour", TAEL_BY_HOUR},
               {"category", TAEL_BY_CATEGORY}, {"subcategory", TAEL_BY_SUBCATEGORY},
               {"merchant", TAEL_BY_MERCHANT}, {"method", TAEL_BY_METHOD},
               {"source", TAEL_BY_SOURCE}};
    for (size_t i = 0; name && i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0) return all[i].group;
    return TAEL_BY_NONE;
}

tael_status tael__spend_groups(tael_ledger *ledger, tael_query *q, tael_group group, tael_group_fn *each, void *user)
{
    bool named = group == TAEL_BY_CATEGORY || group == TAEL_BY_MERCHANT || group == TAEL_BY_METHOD ||
                 group == TAEL_BY_SOURCE || group == TAEL_BY_SUBCATEGORY;
    q->group = group;
    q->order = named ? TAEL_ORDER_VALUE_DOWN : TAEL_ORDER_KEY;
    return tael_ledger_query(ledger, q, each, user);
}

typedef struct sums {
    int64_t minor, count;
    json_t *groups;
} sums;

static int on_total(const tael_group_row *row, void *user)
{
    sums *s = user;
    s->minor = row->minor;
    s->count = row->count;
    return 0;
}

static int on_group(const tael_group_row *row, void *user)
{
    sums *s = user;
    json_array_append_new(s->groups, json_pack("{s:o,s:I,s:I}", "key", tael__json_text(row->key), "minor",
                                               (json_int_t)row->minor, "count", (json_int_t)row->count));
    return 0;
}

tael_status tael__spend_json(tael_ledger *ledger, tael_query *q, tael_group group, json_t **out)
{
    tael_ledger_summary summary;
    sums s = {.groups = json_array()};
    uint32_t limit = q->limit;
    *out = NULL;
    q->limit = 0;
    tael_status status = tael_ledger_summarize(ledger, &summary);
    if (status == TAEL_OK) status = tael_ledger_query(ledger, q, on_total, &s);
    q->limit = limit;
    if (status == TAEL_OK && group != TAEL_BY_NONE) status = tael__spend_groups(ledger, q, group, on_group, &s);
    if (status == TAEL_OK)
        *out = json_pack("{s:I,s:I,s:s,s:O}", "minor", (json_int_t)s.minor, "count", (json_int_t)s.count, "currency",
                         summary.currency[0] ? summary.currency : "CNY", "groups", s.groups);
    json_decref(s.groups);
    return status;
}
