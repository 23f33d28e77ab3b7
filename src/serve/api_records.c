// SPDX-License-Identifier: Apache-2.0
// The ledger's rows, one by one and in sums.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/service.h"
#include "serve/api.h"

#define PAGE_MOST 200
#define IDS_MOST  500 /* more would not fit into an address */

/* "12.34" to 1234. */
static tael_status read_amount(const tael__errand *e, const char *name, int64_t *minor)
{
    const char *text = tael__query_text(e, name);
    int64_t n = 0;
    int after = -1; /* digits behind the point */
    *minor = 0;
    for (const char *c = text; c && *c; c++) {
        bool point = *c == '.' && after < 0 && c > text;
        if (point) {
            after = 0;
            continue;
        }
        if (*c < '0' || *c > '9' || c - text > 15 || after == 2)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("%s: not an amount; write it as 12.34", "%s：不是金额；请写成 12.34"), name);
        n = 10 * n + (*c - '0');
        after += after >= 0;
    }
    *minor = after == 2 ? n : after == 1 ? 10 * n : 100 * n;
    return TAEL_OK;
}

static tael_status read_filter(const tael__errand *e, tael_filter *filter, tael__filter_days *days)
{
    tael__filter_words words = {.from = tael__query_text(e, "from"),
                                .to = tael__query_text(e, "to"),
                                .month = tael__query_text(e, "month"),
                                .merchant = tael__query_text(e, "merchant"),
                                .category = tael__query_text(e, "category"),
                                .direction = tael__query_text(e, "direction"),
                                .method = tael__query_text(e, "method"),
                                .text = tael__query_text(e, "text"),
                                .dash = ""};
    TAEL_TRY(read_amount(e, "min", &words.min_minor));
    TAEL_TRY(read_amount(e, "max", &words.max_minor));
    TAEL_TRY(tael__filter_read(&words, filter, days));
    filter->source = tael__query_text(e, "source");
    return TAEL_OK;
}

static int on_record(const tael_record *record, void *user)
{
    return json_array_append_new(user, tael__record_json(record)) != 0;
}

static tael_status answer(json_t **reply, tael_status status, json_t *records, uint64_t total)
{
    if (status == TAEL_OK) *reply = json_pack("{s:O,s:I}", "records", records, "total", (json_int_t)total);
    json_decref(records);
    return status;
}

tael_status tael__api_records(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    tael_filter filter;
    tael__filter_days days;
    uint64_t offset = 0, limit = PAGE_MOST, total = 0;
    TAEL_TRY(read_filter(e, &filter, &days));
    TAEL_TRY(tael__query_number(e, "offset", INT32_MAX, &offset));
    TAEL_TRY(tael__query_number(e, "limit", PAGE_MOST, &limit));
    json_t *records = json_array();
    tael_status status = tael__ledger_records_from(ledger, &filter, offset, limit ? limit : 1, limit ? on_record : NULL,
                                                   records, &total);
    return answer(reply, status, records, total);
}

static tael_status read_ids(const char *text, int64_t id[IDS_MOST], size_t *count)
{
    const char *at = text;
    for (*count = 0; *count < IDS_MOST; at++) {
        char *end;
        id[*count] = strtoll(at, &end, 10);
        if (end == at || id[*count] <= 0 || (*end && *end != ',')) break;
        ++*count;
        if (!*end) return TAEL_OK;
        at = end;
    }
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("the address: give at most %d numbers of records, such as 12,7",
                               "地址：应为最多 %d 个记录编号，如 12,7"),
                      IDS_MOST);
}

/* "12,7,15": the rows that a figure comes from, in that order. Of several, those that were erased since are left out.
 */
tael_status tael__api_record(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    int64_t id[IDS_MOST];
    size_t count;
    TAEL_TRY(read_ids(e->tail, id, &count));
    json_t *records = json_array();
    tael_status status = TAEL_OK;
    for (size_t i = 0; status == TAEL_OK && i < count; i++) {
        status = tael_ledger_record(ledger, id[i], on_record, records);
        if (status == TAEL_NOT_FOUND && count > 1) status = TAEL_OK;
    }
    return answer(reply, status, records, json_array_size(records));
}

tael_status tael__api_spend(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    tael__filter_days days;
    const char *by = tael__query_text(e, "by");
    uint64_t limit = 0;
    tael_query q = {.size = sizeof q,
                    .measure = TAEL_SUM,
                    .gross = tael__query_flag(e, "gross"),
                    .no_records = true,
                    .category_name = tael_category_name};
    tael_group group = tael__group_named(by);
    TAEL_TRY(read_filter(e, &q.filter, &days));
    TAEL_TRY(tael__query_number(e, "limit", UINT32_MAX, &limit));
    if (by && group == TAEL_BY_NONE)
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("by: there is no such group; give month, category, merchant or another of tael spend",
                     "by：没有这种分组；请给出 month、category、merchant 等"));
    if (tael__query_flag(e, "income")) q.filter.direction = TAEL_INCOME;
    q.limit = (uint32_t)limit;
    return tael__spend_json(ledger, &q, group, reply);
}
