// SPDX-License-Identifier: Apache-2.0
// Which questions the kept sums answer, and how: words are looked for in the labels, spans must be whole months, and
// bounds of the amount stand alone. Everything else adds up rows.
#include <string.h>

#include "ledger/totals.h"

#define READING TAEL_SAY("computing", "计算")

_Static_assert(TAEL__HUGE_MINOR == 100000000000, "as the store's triggers and index have it");

enum {
    MAX_LOOSE = 20000
}; /* rows without a whole label that are looked at beside: some 20 ms; more are as many as all */

static bool given(const char *text)
{
    return text && *text;
}

/* A span of whole months; false: it isn't one. A day that can't be read is left for the filter to say so. */
static bool whole_months(tael__kept *p, const tael_filter *f)
{
    tael__date from, to;
    p->first = INT64_MIN;
    p->last = INT64_MAX;
    if (given(f->from)) {
        if (!tael__date_parse(&from, f->from) || from.day != 1) return false;
        p->first = tael__month_of(from);
    }
    if (given(f->to)) {
        if (!tael__date_parse(&to, f->to) || to.day != tael__days_in_month(to.year, to.month)) return false;
        p->last = tael__month_of(to);
    }
    return true;
}

/* Of a whole label's rows the order numbers are digits and "_": a word of such could be in one. */
static bool like_a_number(const char *text)
{
    char folded[TAEL__MAX_FIELD_BYTES + 1];
    size_t n = strlen(text);
    if (n > TAEL__MAX_FIELD_BYTES) return true;
    n = tael__text_fold(folded, text, n);
    folded[n] = '\0';
    return strspn(folded, "0123456789_") == n;
}

static bool any_words(const tael_filter *f)
{
    bool ranges = f->category_from != 0;
    for (size_t i = 0; i < f->all_count; i++) ranges |= f->all_of[i].range_count > 0;
    for (size_t i = 0; i < f->none_count; i++) ranges |= f->none_of[i].range_count > 0;
    return ranges || given(f->merchant) || given(f->category) || given(f->method) || given(f->source);
}

static bool any_detail(const tael_filter *f)
{
    bool terms = f->any_count || f->no_count;
    for (size_t i = 0; i < f->all_count; i++) terms |= f->all_of[i].count > 0;
    for (size_t i = 0; i < f->none_count; i++) terms |= f->none_of[i].count > 0;
    return terms || given(f->text);
}

tael_status tael__kept_make(tael__kept *p, tael_ledger *ledger, const tael_filter *f)
{
    int64_t no;
    *p = (tael__kept){.texts = any_words(f) || any_detail(f), .detail = any_detail(f)};
    p->amounts = f->min_minor || f->max_minor;
    if (f->refunded_only || (f->weekdays & 0x7F) || f->hour_from != f->hour_to) return TAEL_OK;
    if (p->amounts && (p->texts || given(f->from) || given(f->to))) return TAEL_OK;
    if (!whole_months(p, f) || (given(f->text) && like_a_number(f->text))) return TAEL_OK;
    TAEL_TRY(tael__sql_number(ledger, &no,
                              "SELECT EXISTS(SELECT 1 FROM records WHERE label=0) OR"
                              " EXISTS(SELECT 1 FROM records WHERE minor>=100000000000)",
                              READING));
    if (no) return TAEL_OK;
    if (p->detail)
        TAEL_TRY(tael__sql_number(ledger, &p->loose,
                                  "SELECT total(t.rows) FROM labels l JOIN totals t ON t.label=l.id WHERE l.whole=0",
                                  READING));
    p->usable = p->loose <= MAX_LOOSE;
    return p->usable && p->texts ? tael__where_texts(&p->labels, f) : TAEL_OK;
}

void tael__kept_free(tael__kept *p)
{
    tael__where_free(&p->labels);
}

static tael_status prepare(const tael__kept *p, tael_ledger *ledger, const tael_filter *f, const char *field,
                           const char *currency, sqlite3_stmt **out)
{
    tael__buffer sql = {.max = TAEL__MAX_CONDITIONS * 160};
    tael__buffer_format(&sql, "SELECT %s,class,rows,gross,net,gross_rows,net_rows,%s%s,%s FROM ",
                        p->amounts ? "0" : "month", field ? "l." : "", field ? field : "''",
                        field ? "l.category_id" : "0");
    if (p->texts) {
        tael__buffer_text(&sql, "(SELECT * FROM labels");
        tael__buffer_text(&sql, p->labels.sql.data);
        tael__buffer_text(&sql, p->detail ? " AND whole=1) l CROSS JOIN totals t ON t.label=l.id"
                                          : ") l CROSS JOIN totals t ON t.label=l.id");
    } else {
        tael__buffer_text(&sql, p->amounts ? "amounts t"
                                : field    ? "totals t JOIN labels l ON l.id=t.label"
                                           : "totals t");
    }
    if (p->amounts)
        tael__buffer_format(&sql, " WHERE minor>=%lld AND minor<=%lld", (long long)f->min_minor,
                            (long long)(f->max_minor ? f->max_minor : INT64_MAX));
    else
        tael__buffer_format(&sql, " WHERE month>=%lld AND month<=%lld", (long long)p->first, (long long)p->last);
    if (currency) tael__buffer_text(&sql, " AND t.currency=?");
    tael_status status = sql.failed == TAEL_OK ? tael__sql_prepare(ledger, out, sql.data, READING) : sql.failed;
    tael__buffer_free(&sql);
    if (status != TAEL_OK) return status;
    status = tael__where_bind(ledger, *out, &p->labels);
    if (currency) sqlite3_bind_text(*out, p->labels.count + 1, currency, -1, SQLITE_STATIC);
    return status;
}

tael_status tael__kept_each(const tael__kept *p, tael_ledger *ledger, const tael_filter *f, const char *field,
                            const char *currency, tael__cell_fn *each, void *user)
{
    sqlite3_stmt *s = NULL;
    bool row;
    tael_status status = prepare(p, ledger, f, field, currency, &s);
    if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row) {
        tael__totals_cell cell = {.month = sqlite3_column_int64(s, 0), .class = sqlite3_column_int64(s, 1)};
        int64_t *numbers[] = {&cell.sum.rows, &cell.sum.gross, &cell.sum.net, &cell.sum.gross_rows, &cell.sum.net_rows};
        for (int i = 0; i < 5; i++) *numbers[i] = sqlite3_column_int64(s, 2 + i);
        cell.name = tael__sql_text(s, 7);
        cell.category_id = sqlite3_column_int(s, 8);
        if (cell.sum.rows) status = each(&cell, user);
        if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, READING);
    }
    sqlite3_finalize(s);
    return status;
}

tael_status tael__kept_labels(const tael__kept *p, tael_ledger *ledger, int64_t *label, size_t cap, size_t *count)
{
    tael__buffer sql = {.max = TAEL__MAX_CONDITIONS * 160};
    sqlite3_stmt *s = NULL;
    bool row;
    *count = 0;
    tael__buffer_text(&sql, "SELECT id FROM labels");
    tael__buffer_text(&sql, p->labels.sql.data);
    if (p->detail) tael__buffer_text(&sql, " AND whole=1");
    tael_status status = sql.failed == TAEL_OK ? tael__sql_prepare(ledger, &s, sql.data, READING) : sql.failed;
    tael__buffer_free(&sql);
    if (status == TAEL_OK) status = tael__where_bind(ledger, s, &p->labels);
    if (status == TAEL_OK) status = tael__sql_step(ledger, s, &row, READING);
    while (status == TAEL_OK && row) {
        if (*count < cap) label[*count] = sqlite3_column_int64(s, 0);
        ++*count;
        status = *count > cap ? TAEL_OK : tael__sql_step(ledger, s, &row, READING);
        if (*count > cap) break;
    }
    sqlite3_finalize(s);
    return status;
}
