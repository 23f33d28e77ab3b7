// SPDX-License-Identifier: Apache-2.0
// A filter as a WHERE clause. What the user or a model wrote is only ever a bound value, compared by tael_contains, so
// it holds no wildcard and no SQL.
#include <string.h>

#include "base/date.h"
#include "ledger/internal.h"

#define TERM_FIELDS "merchant,item,category,type,note,brand"
#define ALL_FIELDS  "merchant,item,category,type,method,status,source,external_id,account,note,brand"
#define LOCAL_HOUR  "((time_ms/60000+offset_minutes)%1440/60)"

static void add(tael__where *w, const char *sql)
{
    if (w->status == TAEL_OK) w->status = tael__buffer_text(&w->sql, sql);
}

static bool room(tael__where *w)
{
    if (w->status == TAEL_OK && w->count == TAEL__MAX_CONDITIONS)
        w->status = tael__fail(
            TAEL_LIMIT, TAEL_SAY("filter: more than %d conditions; use fewer words", "筛选：条件超过 %d 个；请减少"),
            TAEL__MAX_CONDITIONS);
    return w->status == TAEL_OK;
}

static void add_number(tael__where *w, const char *condition, int64_t number)
{
    if (!room(w)) return;
    w->value[w->count].text = NULL;
    w->value[w->count++].number = number;
    add(w, condition);
}

static void add_text(tael__where *w, const char *condition, const char *text)
{
    if (!room(w)) return;
    size_t n = strlen(text);
    char *folded = tael__strndup(text, n);
    if (!folded) {
        w->status = tael__fail_memory("filter", n + 1);
        return;
    }
    folded[tael__text_fold(folded, text, n)] = '\0';
    w->value[w->count++].text = folded;
    add(w, condition);
}

static bool given(const char *text)
{
    return text && *text;
}

/* (a OR b OR ...) over the terms and ranges; blank ones say nothing. `not`: none of them. */
static void add_group(tael__where *w, const tael_term_group *g, bool not )
{
    bool first = true;
    const char *open = not ? " AND NOT (" : " AND (";
    for (size_t i = 0; i < g->range_count; i++) {
        add(w, first ? open : " OR ");
        add_number(w, "(category_id>=?", g->ranges[i][0]);
        add_number(w, " AND category_id<=?)", g->ranges[i][1]);
        first = false;
    }
    for (size_t i = 0; i < g->count; i++) {
        if (!given(g->items[i])) continue;
        add(w, first ? open : " OR ");
        if (g->uncategorized && g->range_count) add(w, "category_id=0 AND ");
        add_text(w, "tael_contains(?," TERM_FIELDS ")", g->items[i]);
        first = false;
    }
    if (!first) add(w, ")");
}

static void add_any(tael__where *w, const char *const *terms, size_t count)
{
    add_group(w, &(tael_term_group){.items = terms, .count = count}, false);
}

static void add_days(tael__where *w, const tael_filter *f)
{
    tael__date date;
    const char *const text[2] = {f->from, f->to};
    for (int i = 0; i < 2 && w->status == TAEL_OK; i++) {
        if (!given(text[i])) continue;
        if (!tael__date_parse(&date, text[i])) {
            w->status = tael__fail(TAEL_BAD_INPUT, TAEL_SAY("filter: not a day; write it as 2026-11-20",
                                                            "筛选：不是日期；请写成 2026-11-20"));
            return;
        }
        /* The exact condition is on the local day; the one on the time lets the index narrow the rows. */
        int64_t day = tael__days_of(date);
        add_number(w, i == 0 ? " AND day>=?" : " AND day<=?", day);
        add_number(w, i == 0 ? " AND time_ms>=?" : " AND time_ms<?", (i == 0 ? day - 1 : day + 2) * TAEL__DAY_MS);
    }
}

static void add_hours(tael__where *w, int32_t from, int32_t to)
{
    if (from == to) return;
    if (from < 0 || to < 0 || from > 24 || to > 24) {
        w->status = tael__fail(TAEL_BAD_INPUT, TAEL_SAY("filter: hours go from 0 to 24", "筛选：小时范围是 0 到 24"));
        return;
    }
    add_number(w, " AND (" LOCAL_HOUR ">=?", from % 24);
    add_number(w, from < to ? " AND " LOCAL_HOUR "<?)" : " OR " LOCAL_HOUR "<?)", to);
}

/* A category of the tree. Rows without a number are of an import that gave none: the bill's own word tells. */
static void add_categories(tael__where *w, const tael_filter *f)
{
    if (!f->category_from) return;
    add_number(w, " AND (category_id BETWEEN ?", f->category_from);
    add_number(w, " AND ?", f->category_to);
    if (given(f->category)) add_text(w, " OR (category_id=0 AND tael_contains(?,category))", f->category);
    add(w, ")");
}

static void add_direction(tael__where *w, const tael_filter *f, bool sums)
{
    if (f->direction > TAEL_NEUTRAL)
        w->status = tael__fail(TAEL_MISUSE, TAEL_SAY("filter: no such direction", "筛选：没有这种收支方向"));
    if (!sums) {
        if (f->direction != TAEL_ANY_DIRECTION) add_number(w, " AND direction=?", f->direction);
        return;
    }
    /* A refund is no purchase of some size, so amounts don't select it. */
    bool refunds = f->direction <= TAEL_EXPENSE && !f->min_minor && !f->max_minor && !f->refunded_only;
    add(w, " AND counted=1");
    add_number(w, refunds ? " AND (kind=1 OR direction=?)" : " AND (kind<>1 AND direction=?)",
               f->direction == TAEL_ANY_DIRECTION ? TAEL_EXPENSE : f->direction);
}

tael_status tael__filter_copy(tael_filter *out, const tael_filter *filter)
{
    *out = (tael_filter){.size = sizeof *out};
    if (!filter) return TAEL_OK;
    if (filter->size == 0) return tael__fail(TAEL_MISUSE, TAEL_SAY("filter: it has no size", "筛选：没有设置 size"));
    memcpy(out, filter, filter->size < sizeof *out ? filter->size : sizeof *out);
    return TAEL_OK;
}

static void add_words(tael__where *w, const tael_filter *f)
{
    const struct {
        const char *condition, *text;
    } fields[] = {{" AND tael_contains(?,merchant,brand)", f->merchant},
                  {" AND tael_contains(?,category)", f->category_from ? NULL : f->category},
                  {" AND tael_contains(?,method)", f->method},
                  {" AND tael_contains(?,source)", f->source},
                  {" AND tael_contains(?," ALL_FIELDS ")", f->text}};
    add_categories(w, f);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (given(fields[i].text)) add_text(w, fields[i].condition, fields[i].text);
    add_any(w, f->any_terms, f->any_count);
    for (size_t i = 0; i < f->all_count; i++) add_group(w, &f->all_of[i], false);
    for (size_t i = 0; i < f->none_count; i++) add_group(w, &f->none_of[i], true);
    for (size_t i = 0; i < f->no_count; i++)
        if (given(f->no_terms[i])) add_text(w, " AND NOT tael_contains(?," TERM_FIELDS ")", f->no_terms[i]);
}

static void begin(tael__where *w)
{
    w->count = 0;
    w->status = TAEL_OK;
    w->sql = (tael__buffer){.max = TAEL__MAX_CONDITIONS * 128};
    add(w, " WHERE 1");
}

tael_status tael__where_texts(tael__where *w, const tael_filter *f)
{
    begin(w);
    add_words(w, f);
    return w->status;
}

tael_status tael__where_make(tael__where *w, const tael_filter *f, bool sums)
{
    begin(w);
    add_direction(w, f, sums);
    add_days(w, f);
    if (f->min_minor) add_number(w, " AND minor>=?", f->min_minor);
    if (f->max_minor) add_number(w, " AND minor<=?", f->max_minor);
    if (f->refunded_only) add(w, " AND refunded_minor>0");
    if (f->weekdays & 0x7F) add_number(w, " AND (?>>((day+3)%7))&1", f->weekdays & 0x7F);
    add_hours(w, f->hour_from, f->hour_to);
    add_words(w, f);
    return w->status;
}

tael_status tael__where_bind(tael_ledger *ledger, sqlite3_stmt *statement, const tael__where *w)
{
    for (int i = 0; i < w->count; i++) {
        int code = w->value[i].text ? sqlite3_bind_text(statement, i + 1, w->value[i].text, -1, SQLITE_STATIC)
                                    : sqlite3_bind_int64(statement, i + 1, w->value[i].number);
        if (code != SQLITE_OK) return tael__sql_fail(ledger, code, TAEL_SAY("reading the records", "读取记录"));
    }
    return TAEL_OK;
}

tael_status tael__where_prepare(tael_ledger *ledger, sqlite3_stmt **out, const char *select, const tael__where *w,
                                const char *tail)
{
    tael__buffer sql = {.max = TAEL__MAX_CONDITIONS * 160};
    const char *doing = TAEL_SAY("reading the records", "读取记录");
    *out = NULL;
    tael__buffer_text(&sql, select);
    tael__buffer_text(&sql, w->sql.data);
    tael__buffer_text(&sql, tail);
    tael_status status = sql.failed;
    if (status == TAEL_OK) status = tael__sql_prepare(ledger, out, sql.data, doing);
    if (status == TAEL_OK) status = tael__where_bind(ledger, *out, w);
    tael__buffer_free(&sql);
    if (status != TAEL_OK) {
        sqlite3_finalize(*out);
        *out = NULL;
    }
    return status;
}

void tael__where_free(tael__where *w)
{
    for (int i = 0; i < w->count; i++) tael__free(w->value[i].text);
    tael__buffer_free(&w->sql);
    w->count = 0;
}
