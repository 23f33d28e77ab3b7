// SPDX-License-Identifier: Apache-2.0
// Sums, counts and extremes over the ledger, by group. SQL picks the rows, newest first; the arithmetic is here, in
// checked integers, so that a figure is exact or an error.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "ledger/totals.h"

#define MAX_IDS 1000 /* of a group, as the header says */
#define READING TAEL_SAY("computing", "计算")

typedef struct group {
    char *key;          /* owned */
    int64_t number;     /* orders groups whose keys are numbers */
    int64_t sum, count; /* net of refunds; rows with something left */
    int64_t value, time_ms;
    int32_t category_id;
    tael__buffer ids; /* int64_t each */
} group;

typedef struct groups {
    tael_query query;
    group *rows;
    size_t count, capacity;
    uint32_t *slots; /* open addressing: index into rows + 1, 0 free */
    size_t slot_count;
    int64_t last_day; /* rows come by time, so most are of the day of the one before and of its group */
    size_t last;      /* index + 1 of that group, when groups are spans of days; 0: none */
} groups;

typedef struct line { /* what a query needs of a record */
    int64_t id, time_ms, day, amount;
    int32_t offset_minutes;
    const char *name; /* category, merchant, method or source */
    int32_t category_id;
} line;

static uint64_t hash_text(const char *text) /* FNV-1a */
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++) h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static size_t find_slot(const groups *g, const char *key)
{
    size_t at = hash_text(key) & (g->slot_count - 1);
    while (g->slots[at] && strcmp(g->rows[g->slots[at] - 1].key, key) != 0) at = (at + 1) & (g->slot_count - 1);
    return at;
}

static tael_status grow(groups *g)
{
    size_t capacity = g->capacity ? 2 * g->capacity : 64;
    group *rows = tael__realloc(g->rows, capacity * sizeof *rows);
    if (!rows) return tael__fail_memory("query", capacity * sizeof *rows);
    g->rows = rows;
    uint32_t *slots = tael__alloc_array(2 * capacity, sizeof *slots);
    if (!slots) return tael__fail_memory("query", 2 * capacity * sizeof *slots);
    tael__free(g->slots);
    g->slots = slots;
    g->slot_count = 2 * capacity;
    g->capacity = capacity;
    for (size_t i = 0; i < g->count; i++) slots[find_slot(g, g->rows[i].key)] = (uint32_t)i + 1;
    return TAEL_OK;
}

static tael_status find_group(groups *g, group **out, const char *key, int64_t number)
{
    if (g->count == g->capacity) TAEL_TRY(grow(g));
    size_t slot = find_slot(g, key);
    if (!g->slots[slot]) {
        char *copy = tael__strdup(key);
        if (!copy) return tael__fail_memory("query", strlen(key) + 1);
        g->rows[g->count] = (group){.key = copy, .number = number, .ids = {.max = MAX_IDS * sizeof(int64_t)}};
        g->slots[slot] = (uint32_t)++g->count;
    }
    *out = &g->rows[g->slots[slot] - 1];
    return TAEL_OK;
}

/* The key of a line under the grouping: text, and a number where the order is numeric. */
static const char *key_of(const line *l, tael_group by, char buffer[32], int64_t *number)
{
    tael__date date = tael__date_of(l->day);
    *number = 0;
    switch (by) {
    case TAEL_BY_DAY: snprintf(buffer, 32, "%04d-%02d-%02d", date.year, date.month, date.day); break;
    case TAEL_BY_MONTH: snprintf(buffer, 32, "%04d-%02d", date.year, date.month); break;
    case TAEL_BY_YEAR: snprintf(buffer, 32, "%04d", date.year); break;
    case TAEL_BY_WEEK:
        date = tael__date_add_days(date, 1 - tael__weekday(date));
        snprintf(buffer, 32, "%04d-%02d-%02d", date.year, date.month, date.day);
        break;
    case TAEL_BY_WEEKDAY:
        *number = tael__weekday(date);
        snprintf(buffer, 32, "%d", (int)*number);
        break;
    case TAEL_BY_HOUR:
        *number = (l->time_ms / 60000 + l->offset_minutes) % 1440 / 60;
        snprintf(buffer, 32, "%d", (int)*number);
        break;
    case TAEL_BY_NONE: return "";
    default: return l->name;
    }
    return buffer;
}

static const char *category_key(const groups *g, int32_t id, char buffer[32])
{
    const char *name = g->query.category_name ? g->query.category_name(id, tael_get_language()) : "";
    if (name && *name) return name;
    snprintf(buffer, 32, "%d", (int)id);
    return buffer;
}

static bool better(const groups *g, const group *to, const line *l)
{
    if (to->count == 1) return true; /* its first */
    switch (g->query.measure) {
    case TAEL_MAX: return l->amount > to->value;
    case TAEL_MIN: return l->amount < to->value;
    case TAEL_FIRST: return l->time_ms <= to->time_ms;
    case TAEL_LAST: return l->time_ms > to->time_ms;
    default: return false;
    }
}

static tael_status add_line(groups *g, const line *l)
{
    char buffer[32];
    int64_t number = 0;
    group *to;
    if (l->amount == 0) return TAEL_OK; /* wholly refunded */
    if (g->last && l->day == g->last_day) {
        to = &g->rows[g->last - 1];
    } else {
        const char *key =
            l->category_id ? category_key(g, l->category_id, buffer) : key_of(l, g->query.group, buffer, &number);
        TAEL_TRY(find_group(g, &to, key, number));
        if (l->category_id) to->category_id = l->category_id; /* rows by the bill's own word may share the name */
        g->last = g->query.group <= TAEL_BY_WEEKDAY ? (size_t)(to - g->rows) + 1 : 0;
        g->last_day = l->day;
    }
    if (__builtin_add_overflow(to->sum, l->amount, &to->sum))
        return tael__fail(TAEL_LIMIT, TAEL_SAY("computing: the sum is too large; narrow the period",
                                               "计算：合计过大；请缩小时间范围"));
    if (l->amount > 0) {
        to->count++;
        if (g->query.measure >= TAEL_MAX && better(g, to, l)) {
            to->value = l->amount;
            to->time_ms = l->time_ms;
        }
    }
    if (to->ids.size == to->ids.max) return TAEL_OK;
    return tael__buffer_append(&to->ids, &l->id, sizeof l->id);
}

/* Half away from zero, without leaving the integers. */
static int64_t divide_rounded(int64_t sum, int64_t count)
{
    int64_t q = sum / count, r = sum % count, away = r < 0 ? -r : r;
    if (away >= count - away) q += sum < 0 ? -1 : 1;
    return q;
}

static void finish_group(const groups *g, group *to)
{
    switch (g->query.measure) {
    case TAEL_SUM: to->value = to->sum; break;
    case TAEL_COUNT: to->value = to->count; break;
    case TAEL_AVERAGE: to->value = to->count ? divide_rounded(to->sum, to->count) : 0; break;
    default: break;
    }
}

static int by_key(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->number != y->number) return x->number < y->number ? -1 : 1;
    return strcmp(x->key, y->key);
}

static int by_value_up(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return by_key(a, b);
}

static int by_value_down(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? -1 : 1;
    return by_key(a, b);
}

static bool by_category(tael_group by)
{
    return by == TAEL_BY_CATEGORY || by == TAEL_BY_SUBCATEGORY;
}

/* The category that rows of `id` are grouped by: of the first level or as it is; 0 when not by category. */
static int32_t category_of(tael_group by, int32_t id)
{
    return by == TAEL_BY_CATEGORY ? id / 100 * 100 : by == TAEL_BY_SUBCATEGORY ? id : 0;
}

/* The column that a group is named by; NULL: its key is made from the time. */
static const char *name_of(tael_group by)
{
    return by_category(by)          ? "category"
           : by == TAEL_BY_MERCHANT ? "brand"
           : by == TAEL_BY_METHOD   ? "method"
           : by == TAEL_BY_SOURCE   ? "source"
                                    : NULL;
}

/* `further` NULL or a condition on the rows. */
static tael_status read_lines(groups *g, tael_ledger *ledger, const tael__where *where, const char *further)
{
    sqlite3_stmt *s;
    bool row;
    const char *name = name_of(g->query.group);
    char select[160], tail[128];
    snprintf(select, sizeof select, "SELECT id,time_ms,day,offset_minutes,kind,minor,refunded_minor,%s,%s FROM records",
             name ? name : "''", by_category(g->query.group) ? "category_id" : "0");
    snprintf(tail, sizeof tail, "%s AND currency=? ORDER BY time_ms DESC,id DESC", further ? further : "");
    TAEL_TRY(tael__where_prepare(ledger, &s, select, where, tail));
    sqlite3_bind_text(s, where->count + 1, g->query.currency, -1, SQLITE_STATIC);
    tael_status status = tael__sql_step(ledger, s, &row, READING);
    for (; status == TAEL_OK && row; status = tael__sql_step(ledger, s, &row, READING)) {
        line l = {.id = sqlite3_column_int64(s, 0),
                  .time_ms = sqlite3_column_int64(s, 1),
                  .day = sqlite3_column_int64(s, 2),
                  .offset_minutes = sqlite3_column_int(s, 3),
                  .amount = sqlite3_column_int64(s, 5),
                  .name = tael__sql_text(s, 7),
                  .category_id = category_of(g->query.group, sqlite3_column_int(s, 8))};
        bool refund = sqlite3_column_int(s, 4) == TAEL__REFUND;
        if (refund && g->query.gross) continue;
        if (refund)
            l.amount = -l.amount;
        else if (!g->query.gross)
            l.amount -= sqlite3_column_int64(s, 6);
        status = add_line(g, &l);
        if (status != TAEL_OK) break;
    }
    sqlite3_finalize(s);
    return status;
}

/* ---- From the totals ---- */

/* The sum of one cell, as read_lines and add_line would count its rows. */
static tael_status add_cell(const tael__totals_cell *cell, void *user)
{
    groups *g = user;
    group *to;
    char buffer[32] = "";
    const char *key = name_of(g->query.group) ? cell->name : buffer;
    int64_t sum, count;
    int32_t category = category_of(g->query.group, cell->category_id);
    const tael_query *q = &g->query;
    bool refund = tael__class_kind(cell->class) == TAEL__REFUND;
    int direction = q->filter.direction == TAEL_ANY_DIRECTION ? TAEL_EXPENSE : (int)q->filter.direction;
    bool refunds = direction == TAEL_EXPENSE && !q->gross && !q->filter.min_minor && !q->filter.max_minor;
    if (!tael__class_counted(cell->class)) return TAEL_OK;
    if (refund ? !refunds : tael__class_direction(cell->class) != direction) return TAEL_OK;
    sum = refund ? -cell->sum.gross : q->gross ? cell->sum.gross : cell->sum.net;
    count = refund || q->gross ? cell->sum.gross_rows : cell->sum.net_rows;
    if (count == 0) return TAEL_OK; /* wholly refunded */
    if (q->group == TAEL_BY_MONTH)
        snprintf(buffer, sizeof buffer, "%04d-%02d", (int)(cell->month / 12), (int)(cell->month % 12) + 1);
    else if (q->group == TAEL_BY_YEAR)
        snprintf(buffer, sizeof buffer, "%04d", (int)(cell->month / 12));
    if (category) key = category_key(g, category, buffer);
    TAEL_TRY(find_group(g, &to, key, 0));
    if (category) to->category_id = category;
    to->sum += sum; /* fits: see TAEL__HUGE_MINOR */
    if (!refund) to->count += count;
    return TAEL_OK;
}

static bool kept(const tael_query *q)
{
    bool fits = q->group == TAEL_BY_NONE || q->group == TAEL_BY_MONTH || q->group == TAEL_BY_YEAR || name_of(q->group);
    bool alone = q->group == TAEL_BY_NONE || (!q->filter.min_minor && !q->filter.max_minor);
    return q->no_records && q->measure <= TAEL_AVERAGE && fits && alone;
}

/* *done: the groups are there; the ledger's rows needn't be read. */
static tael_status read_totals(groups *g, tael_ledger *ledger, const tael__where *where, bool *done)
{
    tael__kept plan;
    *done = false;
    if (!kept(&g->query)) return TAEL_OK;
    tael_status status = tael__kept_make(&plan, ledger, &g->query.filter);
    if (status == TAEL_OK && plan.usable) {
        *done = true;
        status =
            tael__kept_each(&plan, ledger, &g->query.filter, name_of(g->query.group), g->query.currency, add_cell, g);
        if (status == TAEL_OK && plan.loose) status = read_lines(g, ledger, where, TAEL__LOOSE);
    }
    tael__kept_free(&plan);
    return status;
}

static tael_status give_groups(groups *g, tael_group_fn *each, void *user)
{
    group *none;
    if (g->query.group == TAEL_BY_NONE) TAEL_TRY(find_group(g, &none, "", 0));
    for (size_t i = 0; i < g->count; i++) finish_group(g, &g->rows[i]);
    if (g->count > 1)
        qsort(g->rows, g->count, sizeof *g->rows,
              g->query.order == TAEL_ORDER_VALUE_DOWN ? by_value_down
              : g->query.order == TAEL_ORDER_VALUE_UP ? by_value_up
                                                      : by_key);
    for (size_t i = 0; i < g->count && (g->query.limit == 0 || i < g->query.limit); i++) {
        const group *from = &g->rows[i];
        tael_group_row row = {.key = from->key,
                              .minor = from->sum,
                              .count = from->count,
                              .value = from->value,
                              .time_ms = from->time_ms,
                              .records = (const int64_t *)(const void *)from->ids.data,
                              .record_count = from->ids.size / sizeof(int64_t),
                              .category_id = from->category_id};
        if (each(&row, user) != 0) break;
    }
    return TAEL_OK;
}

static tael_status copy_query(tael_query *out, const tael_query *query)
{
    *out = (tael_query){.size = sizeof *out};
    if (!query || query->size == 0)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("query: it is missing or has no size", "查询：缺少查询或没有设置 size"));
    memcpy(out, query, query->size < sizeof *out ? query->size : sizeof *out);
    if (out->measure > TAEL_LAST || out->group > TAEL_BY_SUBCATEGORY || out->order > TAEL_ORDER_VALUE_UP)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("query: no such measure, group or order", "查询：没有这种度量、分组或排序"));
    return TAEL_OK;
}

tael_status tael_ledger_query(tael_ledger *ledger, const tael_query *query, tael_group_fn *each, void *user)
{
    groups g = {0};
    tael__where where;
    char currency[8];
    bool done;
    if (!ledger || !each)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("query: a ledger and a function are needed", "查询：需要账本和回调函数"));
    TAEL_TRY(copy_query(&g.query, query));
    if (!g.query.currency) {
        tael_ledger_summary summary;
        TAEL_TRY(tael_ledger_summarize(ledger, &summary));
        snprintf(currency, sizeof currency, "%s", summary.currency);
        g.query.currency = currency;
    }
    tael_status status = tael__where_make(&where, &g.query.filter, true);
    if (status == TAEL_OK) status = read_totals(&g, ledger, &where, &done);
    if (status == TAEL_OK && !done) status = read_lines(&g, ledger, &where, NULL);
    if (status == TAEL_OK) status = give_groups(&g, each, user);
    for (size_t i = 0; i < g.count; i++) {
        tael__free(g.rows[i].key);
        tael__buffer_free(&g.rows[i].ids);
    }
    tael__free(g.rows);
    tael__free(g.slots);
    tael__where_free(&where);
    return status;
}
