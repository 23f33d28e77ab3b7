// SPDX-License-Identifier: Apache-2.0
// The tools: mcp_tools.json describes them to models, this computes them. A wrong argument is named, in the words of
// the tool, so that a model can mend its call.
#include <string.h>

#include "assistant/prefix.h"
#include "base/date.h"
#include "base/status.h"
#include "document/habits.h"
#include "ledger/service.h"
#include "serve/mcp.h"

#define QUESTION_BYTES 2000
#define RECORDS_MOST   200
#define RECORDS_USUAL  20
#define GROUPS_MOST    1000
#define GROUPS_USUAL   100

typedef struct call {
    const json_t *arguments; /* NULL: none */
    tael_ledger *ledger;
    const tael__mcp_place *place;
    json_t *result;
    tael__buffer text;
} call;

/* ---- Arguments ---- */

/* *value NULL: it isn't there, which null says as well. */
static const json_t *find(const call *c, const char *name)
{
    const json_t *value = json_object_get(c->arguments, name);
    return json_is_null(value) ? NULL : value;
}

static tael_status take_text(const call *c, const char *name, const char **out)
{
    const json_t *value = find(c, name);
    *out = NULL;
    if (!value) return TAEL_OK;
    if (!json_is_string(value) || json_string_length(value) > QUESTION_BYTES)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: give a text of at most %d bytes", "%s：应为不超过 %d 字节的文本"), name,
                          QUESTION_BYTES);
    if (json_string_length(value) > 0) *out = json_string_value(value);
    return TAEL_OK;
}

/* *out stays when it isn't there. */
static tael_status take_integer(const call *c, const char *name, int64_t least, int64_t most, int64_t *out)
{
    const json_t *value = find(c, name);
    if (!value) return TAEL_OK;
    json_int_t n = json_integer_value(value);
    if (!json_is_integer(value) || n < least || n > most)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: give a whole number from %lld to %lld", "%s：应为 %lld 到 %lld 的整数"), name,
                          (long long)least, (long long)most);
    *out = n;
    return TAEL_OK;
}

static tael_status take_flag(const call *c, const char *name, bool *out)
{
    const json_t *value = find(c, name);
    if (value && !json_is_boolean(value))
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("%s: give true or false", "%s：应为 true 或 false"), name);
    *out = json_is_true(value);
    return TAEL_OK;
}

static tael_status take_day(const call *c, const char *name, const char **out)
{
    tael__date date;
    TAEL_TRY(take_text(c, name, out));
    if (!*out || tael__date_parse(&date, *out)) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: not a day; write it as 2026-11-20", "%s：不是日期；请写成 2026-11-20"), name);
}

static tael_status take_filter(const call *c, tael_filter *filter, tael__filter_days *days)
{
    tael__filter_words w = {.dash = ""};
    const struct {
        const char *name, **to;
    } texts[] = {{"month", &w.month},         {"merchant", &w.merchant}, {"category", &w.category},
                 {"direction", &w.direction}, {"method", &w.method},     {"text", &w.text}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) TAEL_TRY(take_text(c, texts[i].name, texts[i].to));
    TAEL_TRY(take_day(c, "from", &w.from));
    TAEL_TRY(take_day(c, "to", &w.to));
    TAEL_TRY(take_integer(c, "min_minor", 0, INT64_MAX, &w.min_minor));
    TAEL_TRY(take_integer(c, "max_minor", 0, INT64_MAX, &w.max_minor));
    return tael__filter_read(&w, filter, days);
}

/* ---- ledger_search ---- */

/* Order numbers are of no use to them, and name the owner to a shop. */
static int on_record(const tael_record *record, void *user)
{
    json_t *row = tael__record_json(record);
    json_object_del(row, "external_id");
    return json_array_append_new(user, row) != 0;
}

static tael_status search(call *c)
{
    tael_filter filter;
    tael__filter_days days;
    int64_t limit = RECORDS_USUAL, offset = 0;
    uint64_t total = 0;
    TAEL_TRY(take_filter(c, &filter, &days));
    TAEL_TRY(take_integer(c, "limit", 1, RECORDS_MOST, &limit));
    TAEL_TRY(take_integer(c, "offset", 0, INT32_MAX, &offset));
    json_t *records = json_array();
    tael_status status =
        tael__ledger_records_from(c->ledger, &filter, (uint64_t)offset, (uint64_t)limit, on_record, records, &total);
    if (status == TAEL_OK) {
        tael__buffer_format(&c->text,
                            TAEL_SAY("%zu of %llu records, newest first; amounts are in minor units",
                                     "%zu 条，共 %llu 条，从新到旧；金额以最小货币单位计"),
                            json_array_size(records), (unsigned long long)total);
        c->result =
            json_pack("{s:O,s:I,s:I}", "records", records, "total", (json_int_t)total, "offset", (json_int_t)offset);
    }
    json_decref(records);
    return status;
}

/* ---- spend ---- */

static tael_status spend(call *c)
{
    tael__filter_days days;
    const char *by;
    bool income = false;
    int64_t limit = GROUPS_USUAL;
    tael_query q = {.size = sizeof q, .measure = TAEL_SUM, .no_records = true, .category_name = tael_category_name};
    TAEL_TRY(take_text(c, "by", &by));
    TAEL_TRY(take_filter(c, &q.filter, &days));
    TAEL_TRY(take_flag(c, "income", &income));
    TAEL_TRY(take_flag(c, "gross", &q.gross));
    TAEL_TRY(take_integer(c, "limit", 1, GROUPS_MOST, &limit));
    tael_group group = tael__group_named(by);
    if (by && group == TAEL_BY_NONE)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("by: there is no such group; give one of the schema's",
                                                   "by：没有这种分组；请按模式给出"));
    if (income) q.filter.direction = TAEL_INCOME;
    q.limit = (uint32_t)limit;
    TAEL_TRY(tael__spend_json(c->ledger, &q, group, &c->result));
    long long minor = json_integer_value(json_object_get(c->result, "minor")),
              count = json_integer_value(json_object_get(c->result, "count"));
    const char *currency = json_string_value(json_object_get(c->result, "currency"));
    tael__buffer_format(
        &c->text,
        income ? TAEL_SAY("income: %lld minor units of %s, %lld payments", "收入：%lld（%s 最小货币单位），%lld 笔")
               : TAEL_SAY("spent: %lld minor units of %s, %lld purchases", "支出：%lld（%s 最小货币单位），%lld 笔"),
        minor, currency ? currency : "", count);
    return TAEL_OK;
}

/* ---- habits ---- */

static tael_status write_habits(call *c, tael_habits *habits, tael__habits_part part, int64_t days)
{
    tael__habits_writer w = {.json = json_object(), .rows = json_array(), .days = (int32_t)days};
    if (!w.json || !w.rows) {
        json_decref(w.json);
        json_decref(w.rows);
        return tael__fail_memory("JSON", 0);
    }
    tael__habits_summary_json(habits, w.json);
    tael_status status = tael__habits_write(&w, habits, part);
    tael__buffer_format(&c->text,
                        TAEL_SAY("%s: %zu rows, each with its reason in `why`; amounts are in minor units",
                                 "%s：%zu 项，理由见 why；金额以最小货币单位计"),
                        tael__habits_name(part), json_array_size(w.rows));
    json_object_set_new(w.json, tael__habits_name(part), w.rows);
    c->result = w.json;
    return status;
}

static tael_status habits(call *c)
{
    const char *what, *today;
    char now[16];
    int64_t days = 0;
    TAEL_TRY(take_text(c, "what", &what));
    TAEL_TRY(take_day(c, "today", &today));
    TAEL_TRY(take_integer(c, "days", 1, 3660, &days));
    tael__habits_part part = tael__habits_named(what);
    if (part == TAEL__HABITS_PARTS)
        return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("what: give recurring, next, forecast or unusual",
                                                   "what：应为 recurring、next、forecast 或 unusual"));
    tael__date_write(now, tael__date_today());
    tael_habits *learned;
    TAEL_TRY(tael_habits_open(&learned, c->ledger, today ? today : now));
    tael_status status = write_habits(c, learned, part, days);
    tael_habits_close(learned);
    return status;
}

/* ---- ask ---- */

/* It doesn't lean on what the owner asked before, as `tael ask` does: that is between the two of them. */
static tael_status ask(call *c)
{
    char prefix[TAEL__MAX_PATH_BYTES];
    const char *question, *after;
    tael_ask_options o = {.size = sizeof o};
    tael__asked_model model = {.model = NULL};
    tael_answer a = {0};
    TAEL_TRY(take_text(c, "question", &question));
    TAEL_TRY(take_text(c, "after", &after));
    TAEL_TRY(take_day(c, "today", &o.today));
    if (!question) return tael__fail(TAEL_BAD_INPUT, TAEL_SAY("question: missing; send it", "question：缺失；请提供"));
    o.after = after;
    TAEL_TRY(c->place->model(c->place->user, &model));
    if (model.path[0] && tael__ask_prefix_path(prefix, sizeof prefix, c->place->home, model.path) == TAEL_OK)
        o.prefix_path = prefix;
    TAEL_TRY(tael_ask(model.model, c->ledger, question, &o, &a));
    tael__buffer_text(&c->text, a.text ? a.text : "");
    c->result = tael__answer_json(&a, model.model ? model.name : NULL, 0, 0);
    static const char *const ours[] = {"timing", "plan", "model"}; /* for the owner to look into, not for others */
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) json_object_del(c->result, ours[i]);
    tael_answer_free(&a);
    return TAEL_OK;
}

/* ---- All ---- */

#define FILTER "from", "to", "month", "merchant", "category", "method", "text", "min_minor", "max_minor", "limit"

static const struct tool {
    const char *name;
    tael_status (*run)(call *c);
    bool asks;
    const char *arguments[16];
} tools[] = {{"ledger_search", search, false, {FILTER, "direction", "offset"}},
             {"spend", spend, false, {FILTER, "by", "income", "gross"}},
             {"habits", habits, false, {"what", "today", "days"}},
             {"ask", ask, true, {"question", "today", "after"}}};

static const struct tool *tool_named(const char *name)
{
    for (size_t i = 0; i < sizeof tools / sizeof *tools; i++)
        if (strcmp(tools[i].name, name) == 0) return &tools[i];
    return NULL;
}

bool tael__mcp_tool_known(const char *name, bool *asks)
{
    const struct tool *tool = tool_named(name);
    if (tool) *asks = tool->asks;
    return tool != NULL;
}

static tael_status check_names(const struct tool *tool, const json_t *arguments)
{
    for (void *at = json_object_iter((json_t *)(uintptr_t)arguments); at;
         at = json_object_iter_next((json_t *)(uintptr_t)arguments, at)) {
        const char *name = json_object_iter_key(at);
        size_t i = 0;
        while (tool->arguments[i] && strcmp(tool->arguments[i], name) != 0) i++;
        if (tool->arguments[i]) continue;
        return tael__fail(
            TAEL_BAD_INPUT,
            TAEL_SAY("%.64s: %s has no such argument; see its schema", "%.64s：%s 没有此参数；请见其模式"), name,
            tool->name);
    }
    return TAEL_OK;
}

tael_status tael__mcp_tool(const char *name, const json_t *arguments, tael_ledger *ledger, const tael__mcp_place *place,
                           json_t **result, char **text)
{
    const struct tool *tool = tool_named(name);
    call c = {.arguments = arguments, .ledger = ledger, .place = place, .text = {.max = TAEL__MAX_JSON_BYTES}};
    *result = NULL;
    *text = NULL;
    tael_status status = check_names(tool, arguments);
    if (status == TAEL_OK) status = tool->run(&c);
    if (status == TAEL_OK && (!c.result || c.text.failed != TAEL_OK)) status = tael__fail_memory("JSON", 0);
    if (status == TAEL_OK) {
        *result = c.result;
        *text = tael__buffer_take(&c.text);
        return TAEL_OK;
    }
    json_decref(c.result);
    tael__buffer_free(&c.text);
    return status;
}
