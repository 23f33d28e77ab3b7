// SPDX-License-Identifier: Apache-2.0
// The tree of categories, with what the ledger has in each.
#include "base/status.h"
#include "document/document.h"

enum { MOST = 256 }; /* categories; the tree has fewer */

typedef struct amounts {
    int64_t spent, income, count;
} amounts;

typedef struct tally {
    const tael_category *tree;
    size_t size;
    tael_direction direction; /* of the query at hand */
    amounts of[MOST];
    int64_t unsorted; /* records without a category */
} tally;

static int on_group(const tael_group_row *row, void *user)
{
    tally *t = user;
    if (row->category_id == 0) t->unsorted += row->count;
    for (size_t i = 0; i < t->size; i++) {
        bool top = t->tree[i].id == tael_category_top(row->category_id);
        if (row->category_id == 0 || (t->tree[i].id != row->category_id && !top)) continue;
        t->of[i].count += row->count;
        if (t->direction == TAEL_EXPENSE) t->of[i].spent += row->minor;
        if (t->direction == TAEL_INCOME) t->of[i].income += row->minor;
    }
    return 0;
}

static json_t *node(const tally *t, size_t i)
{
    const tael_category *c = &t->tree[i];
    return json_pack("{s:i,s:s,s:s,s:I,s:I,s:I}", "id", (int)c->id, "key", c->key, "name",
                     tael_category_name(c->id, tael_get_language()), "count", (json_int_t)t->of[i].count, "minor",
                     (json_int_t)t->of[i].spent, "income_minor", (json_int_t)t->of[i].income);
}

static json_t *tree_json(const tally *t, const char *currency)
{
    json_t *all = json_array(), *below = NULL;
    for (size_t i = 0; i < t->size; i++) {
        json_t *one = node(t, i);
        if (t->tree[i].id % 100 != 0) {
            json_array_append_new(below, one);
            continue;
        }
        below = json_array();
        json_object_set_new(one, "subcategories", below);
        json_array_append_new(all, one);
    }
    return json_pack("{s:s,s:I,s:o}", "currency", currency, "uncategorized", (json_int_t)t->unsorted, "categories",
                     all);
}

tael_status tael__categories_json(tael_ledger *ledger, json_t **out)
{
    tael_ledger_summary summary;
    tally t = {.tree = tael_categories(&t.size)};
    *out = NULL;
    if (t.size > MOST) t.size = MOST;
    TAEL_TRY(tael_ledger_summarize(ledger, &summary));
    for (t.direction = TAEL_EXPENSE; t.direction <= TAEL_NEUTRAL; t.direction++) {
        tael_query q = {.size = sizeof q, .group = TAEL_BY_SUBCATEGORY, .no_records = true};
        q.filter = (tael_filter){.size = sizeof q.filter, .direction = t.direction};
        TAEL_TRY(tael_ledger_query(ledger, &q, on_group, &t));
    }
    *out = tree_json(&t, summary.currency[0] ? summary.currency : "CNY");
    return TAEL_OK;
}
