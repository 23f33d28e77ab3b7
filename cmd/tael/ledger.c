// SPDX-License-Identifier: Apache-2.0
// `tael ledger`: the records, newest first.
#include <inttypes.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/memory.h"
#include "filters.h"

static const option options[] = {
    FILTER_OPTIONS,
    LIMIT_OPTION,
    {NULL},
};

typedef struct listing {
    request *r;
    tael__buffer json; /* records as text: a hundred thousand of them as jansson's objects would take 200 MB */
    uint64_t count;
    tael_status status;
} listing;

static const char *direction_name(tael_direction d)
{
    return d == TAEL_EXPENSE ? "expense" : d == TAEL_INCOME ? "income" : "neutral";
}

/* The category for people: of the tree, else the bill's own word. */
static const char *category_of(const tael_record *record)
{
    const char *name = tael_category_name(tael_category_top(record->category_id), tael_get_language());
    return *name ? name : record->category;
}

static void add_category(json_t *row, const tael_record *record)
{
    const tael_category *c = tael_category_get(record->category_id);
    bool below = c && c->id % 100 != 0;
    json_object_set_new(row, "subcategory",
                        below ? json_string(tael_category_name(c->id, tael_get_language())) : json_null());
    json_object_set_new(row, "category_key", c ? json_string(c->key) : json_null());
    json_object_set_new(row, "bill_category", out_text(record->category));
    json_object_set_new(row, "category_by",
                        json_string(!c                                              ? "bill"
                                    : record->category_by == TAEL_CATEGORY_BY_OWNER ? "owner"
                                                                                    : "model"));
}

static void add_json(listing *l, const tael_record *record)
{
    char time[40];
    tael__format_time(time, sizeof time, record->time_ms, record->offset_minutes);
    json_t *row =
        json_pack("{s:I,s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:b,s:o,s:o}", "id", (json_int_t)record->id,
                  "time", time, "direction", direction_name(record->direction), "minor", (json_int_t)record->minor,
                  "currency", out_text(record->currency), "merchant", out_text(record->merchant), "item",
                  out_text(record->item), "category", out_text(category_of(record)), "method", out_text(record->method),
                  "status", out_text(record->status), "source", out_text(record->source), "external_id",
                  out_text(record->external_id), "refunded_minor", (json_int_t)record->refunded_minor, "refund_of",
                  record->refund_of ? json_integer((json_int_t)record->refund_of) : json_null(), "counted",
                  record->counted, "brand", out_text(record->brand), "same_as",
                  record->same_as ? json_integer((json_int_t)record->same_as) : json_null());
    if (row) add_category(row, record);
    char *text = row ? json_dumps(row, JSON_COMPACT) : NULL;
    if (!text)
        l->status = tael__fail_memory("JSON", 0);
    else if (tael__buffer_text(&l->json, l->count > 0 ? "," : "") != TAEL_OK ||
             tael__buffer_text(&l->json, text) != TAEL_OK)
        l->status = l->json.failed;
    free(text); /* jansson's own allocation */
    json_decref(row);
}

void record_print(const tael_record *record)
{
    char time[40], money[64], id[24];
    tael__format_time(time, sizeof time, record->time_ms, record->offset_minutes);
    time[10] = ' ';
    time[16] = '\0'; /* to the minute */
    money_format(money, sizeof money, record->minor, record->currency);
    const char *sign = record->direction == TAEL_EXPENSE ? "-" : record->direction == TAEL_INCOME ? "+" : " ";
    snprintf(id, sizeof id, "%" PRId64, record->id);
    out_cell(stdout, id, 7, true);
    printf("  %s  %s", time, sign);
    out_cell(stdout, money, 13, true);
    fputs("  ", stdout);
    out_cell(stdout, category_of(record), 10, false);
    fputs("  ", stdout);
    out_cell(stdout, record->merchant, 22, false);
    fputs("  ", stdout);
    out_line(stdout, record->item);
    if (record->refunded_minor > 0) {
        money_format(money, sizeof money, record->refunded_minor, record->currency);
        printf(TAEL_SAY("  (%s came back)", "（已退 %s）"), money);
    }
    if (record->same_as) printf(TAEL_SAY("  (the same as %" PRId64 ")", "（与 %" PRId64 " 相同）"), record->same_as);
    putchar('\n');
}

static int on_record(const tael_record *record, void *user)
{
    listing *l = user;
    if (l->r->json)
        add_json(l, record);
    else
        record_print(record);
    l->count++;
    if (interrupted())
        l->status =
            tael__fail(TAEL_CANCELLED, TAEL_SAY("ledger: cancelled; run it again", "ledger：已取消；请重新运行"));
    return l->status != TAEL_OK;
}

static tael_status run(request *r)
{
    tael_ledger *ledger = NULL;
    tael_filter filter;
    filter_days days;
    uint64_t total = 0, limit = list_limit(r);
    listing l = {.r = r, .json = {.max = (size_t)1 << 31}};
    TAEL_TRY(filter_read(r, &filter, &days));
    tael_status status = input_ledger(r, &ledger);
    if (status == TAEL_OK) status = tael_ledger_records(ledger, &filter, limit, on_record, &l, &total);
    if (l.status != TAEL_OK) status = l.status;
    tael_ledger_close(ledger);
    if (status == TAEL_OK && r->json) {
        printf("{\"records\":[%s],\"total\":%" PRIu64 "}\n", l.json.data ? l.json.data : "", total);
        r->answered = true;
    } else if (status == TAEL_OK) {
        printf(l.count < total
                   ? TAEL_SAY("%" PRIu64 " records; the newest %" PRIu64 " are shown, --limit 0 shows all\n",
                              "共 %" PRIu64 " 条，显示最新 %" PRIu64 " 条；--limit 0 显示全部\n")
                   : TAEL_SAY("%" PRIu64 " records\n", "共 %" PRIu64 " 条\n"),
               total, l.count);
    }
    tael__buffer_free(&l.json);
    return status;
}

const command command_ledger = {
    .verb = "ledger",
    .usage = "[FILTERS] [--limit N]",
    .what = {"the records, newest first", "逐条记录，从新到旧"},
    .more = {"FILTERS hold all at once. Minus is spent, plus is income; neither is money that only moved.",
             "各筛选条件同时生效。减号为支出，加号为收入；都没有的只是资金转移。"},
    .options = options,
    .polls = true,
    .run = run,
};
