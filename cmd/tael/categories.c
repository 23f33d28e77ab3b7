// SPDX-License-Identifier: Apache-2.0
// `tael categories`: the tree, with what the ledger has in each.
#include <inttypes.h>
#include <string.h>

#include "command.h"

static const option options[] = {{NULL}};

static void print_node(const json_t *node, const char *indent, const char *currency)
{
    char money[64], count[40], name[96];
    json_int_t spent = json_integer_value(json_object_get(node, "minor"));
    json_int_t income = json_integer_value(json_object_get(node, "income_minor"));
    json_int_t n = json_integer_value(json_object_get(node, "count"));
    snprintf(name, sizeof name, "%s%s", indent, json_string_value(json_object_get(node, "name")));
    money_format(money, sizeof money, spent != 0 ? spent : income, currency);
    snprintf(count, sizeof count, "%" PRId64, (int64_t)n);
    out_cell(stdout, name, 30, false);
    out_cell(stdout, json_string_value(json_object_get(node, "key")), 28, false);
    out_cell(stdout, n > 0 ? count : "", 8, true);
    out_cell(stdout, spent != 0 || income != 0 ? money : "", 18, true);
    putchar('\n');
}

static void print_tree(const json_t *tree)
{
    size_t i, k;
    json_t *top, *below;
    const char *currency = json_string_value(json_object_get(tree, "currency"));
    json_int_t unsorted = json_integer_value(json_object_get(tree, "uncategorized"));
    json_array_foreach(json_object_get(tree, "categories"), i, top)
    {
        print_node(top, "", currency);
        json_array_foreach(json_object_get(top, "subcategories"), k, below) print_node(below, "  ", currency);
    }
    if (unsorted > 0)
        printf(TAEL_SAY("%" PRId64 " records have no category yet; `tael categorize --all` gives them one\n",
                        "%" PRId64 " 条记录尚无分类；`tael categorize --all` 可为它们分类\n"),
               (int64_t)unsorted);
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    json_t *tree = NULL;
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael__categories_json(ledger, &tree);
    tael_ledger_close(ledger);
    if (status != TAEL_OK) return status;
    if (r->json) return out_json(r, tree);
    print_tree(tree);
    json_decref(tree);
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
