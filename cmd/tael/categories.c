// SPDX-License-Identifier: Apache-2.0
// `tael categories`: the tree, with what the ledger has in each.
#include <inttypes.h>
#include <string.h>

#include "command.h"

static const option options[] = {{NULL}};

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

static tael_status print_json(request *r, const tally *t, const char *currency)
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
    return out_json(r, json_pack("{s:s,s:I,s:o}", "currency", currency, "uncategorized", (json_int_t)t->unsorted,
                                 "categories", all));
}

static void print_tree(const tally *t, const char *currency)
{
    for (size_t i = 0; i < t->size; i++) {
        const tael_category *c = &t->tree[i];
        const amounts *a = &t->of[i];
        char money[64], count[40], name[96];
        bool top = c->id % 100 == 0;
        snprintf(name, sizeof name, "%s%s", top ? "" : "  ", tael_category_name(c->id, tael_get_language()));
        money_format(money, sizeof money, a->spent != 0 ? a->spent : a->income, currency);
        snprintf(count, sizeof count, "%" PRId64, a->count);
        out_cell(stdout, name, 30, false);
        out_cell(stdout, c->key, 28, false);
        out_cell(stdout, a->count > 0 ? count : "", 8, true);
        out_cell(stdout, a->spent != 0 || a->income != 0 ? money : "", 18, true);
        putchar('\n');
    }
    if (t->unsorted > 0)
        printf(TAEL_SAY("%" PRId64 " records have no category yet; `tael categorize --all` gives them one\n",
                        "%" PRId64 " 条记录尚无分类；`tael categorize --all` 可为它们分类\n"),
               t->unsorted);
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    tael_ledger_summary summary = {0};
    tally t = {.tree = tael_categories(&t.size)};
    if (t.size > MOST) t.size = MOST;
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_ledger_summarize(ledger, &summary);
    for (t.direction = TAEL_EXPENSE; t.direction <= TAEL_NEUTRAL && status == TAEL_OK; t.direction++) {
        tael_query q = {.size = sizeof q, .group = TAEL_BY_SUBCATEGORY};
        q.filter = (tael_filter){.size = sizeof q.filter, .direction = t.direction};
        status = tael_ledger_query(ledger, &q, on_group, &t);
    }
    tael_ledger_close(ledger);
    if (status != TAEL_OK) return status;
    const char *currency = summary.currency[0] ? summary.currency : "CNY";
    if (r->json) return print_json(r, &t, currency);
    print_tree(&t, currency);
    return TAEL_OK;
}

const command command_categories = {
    .verb = "categories",
    .usage = "",
    .what = {"the categories, with counts and sums", "分类一览及各类笔数、金额"},
    .more = {"Two levels. Names in both languages and the keys can be given to --category and to `tael categorize`.",
             "分为两级。中英文名称和键名都可用于 --category 和 `tael categorize`。"},
    .options = options,
    .run = run,
};
