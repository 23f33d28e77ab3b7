// SPDX-License-Identifier: Apache-2.0
// `tael ledger`: the records, newest first.
#include <inttypes.h>
#include <stdlib.h>

#include "base/date.h"
#include "document/document.h"
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

static void add_json(listing *l, const tael_record *record)
{
    json_t *row = tael__record_json(record);
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
    out_cell(stdout, tael__record_category(record), 10, false);
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
    tael__filter_days days;
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
