// SPDX-License-Identifier: Apache-2.0
// A record of the ledger.
#include "base/date.h"
#include "document/document.h"

static const char *direction_name(tael_direction d)
{
    return d == TAEL_EXPENSE ? "expense" : d == TAEL_INCOME ? "income" : "neutral";
}

const char *tael__record_category(const tael_record *record)
{
    const char *name = tael_category_name(tael_category_top(record->category_id), tael_get_language());
    return *name ? name : record->category;
}

static void add_category(json_t *row, const tael_record *record)
{
    const tael_category *c = tael_category_get(record->category_id);
    bool below = c && c->id % 100 != 0;
    json_object_set_new(row, "subcategory", below ? tael__json_category(c->id) : json_null());
    json_object_set_new(row, "category_key", c ? json_string(c->key) : json_null());
    json_object_set_new(row, "bill_category", tael__json_text(record->category));
    json_object_set_new(row, "category_by",
                        json_string(!c                                              ? "bill"
                                    : record->category_by == TAEL_CATEGORY_BY_OWNER ? "owner"
                                                                                    : "model"));
}

json_t *tael__record_json(const tael_record *record)
{
    char time[40];
    tael__format_time(time, sizeof time, record->time_ms, record->offset_minutes);
    json_t *row =
        json_pack("{s:I,s:s,s:s,s:I,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:I,s:o,s:b,s:o,s:o}", "id", (json_int_t)record->id,
                  "time", time, "direction", direction_name(record->direction), "minor", (json_int_t)record->minor,
                  "currency", tael__json_text(record->currency), "merchant", tael__json_text(record->merchant), "item",
                  tael__json_text(record->item), "category", tael__json_text(tael__record_category(record)), "method",
                  tael__json_text(record->method), "status", tael__json_text(record->status), "source",
                  tael__json_text(record->source), "external_id", tael__json_text(record->external_id),
                  "refunded_minor", (json_int_t)record->refunded_minor, "refund_of",
                  record->refund_of ? json_integer((json_int_t)record->refund_of) : json_null(), "counted",
                  record->counted, "brand", tael__json_text(record->brand), "same_as",
                  record->same_as ? json_integer((json_int_t)record->same_as) : json_null());
    if (row) add_category(row, record);
    return row;
}
