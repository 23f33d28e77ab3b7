// SPDX-License-Identifier: Apache-2.0
// The rows of the habits: a name and its sentence for people, every field for programs.
#include "document/habits.h"

#include <string.h>

#include "base/date.h"
#include "base/status.h"

static json_t *day_or_null(const char *day)
{
    return *day ? json_string(day) : json_null();
}

static void set(json_t *row, const char *name, json_t *value)
{
    json_object_set_new(row, name, value);
}

/* ---- What recurs ---- */

static int on_recurring(const tael_recurring *r, void *user)
{
    static const char *const states[] = {"active", "late", "ended"}, *const amounts[] = {"fixed", "stepped", "varying"};
    tael__habits_writer *w = user;
    w->count++;
    if (!w->rows) {
        w->line(w, r->merchant, r->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "merchant", tael__json_text(r->merchant));
    set(row, "category", tael__json_category(r->category_id));
    set(row, "direction", json_string(r->direction == TAEL_INCOME ? "income" : "expense"));
    set(row, "unit", json_string(r->months ? "month" : "day"));
    set(row, "every", json_integer(r->every));
    set(row, "day", r->day ? json_integer(r->day) : json_null());
    set(row, "state", json_string(states[r->state]));
    set(row, "amount", json_string(amounts[r->amount]));
    set(row, "minor", json_integer(r->minor));
    set(row, "low_minor", json_integer(r->low_minor));
    set(row, "high_minor", json_integer(r->high_minor));
    set(row, "old_minor", r->old_minor ? json_integer(r->old_minor) : json_null());
    set(row, "changed", day_or_null(r->changed_day));
    set(row, "count", json_integer(r->count));
    set(row, "missed", json_integer(r->missed));
    set(row, "doubled", json_integer(r->doubled));
    set(row, "first", day_or_null(r->first_day));
    set(row, "last", day_or_null(r->last_day));
    set(row, "next", day_or_null(r->next_day));
    set(row, "next_from", day_or_null(r->next_from));
    set(row, "next_to", day_or_null(r->next_to));
    set(row, "confidence", tael__json_real((double)r->confidence));
    set(row, "records", tael__json_ids(r->records, r->record_count));
    set(row, "why", tael__json_text(r->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

/* ---- What comes next ---- */

static json_t *companion(const tael_upcoming *u)
{
    if (!*u->after) return json_null();
    json_t *after = json_object();
    set(after, "name", tael__json_text(u->after));
    set(after, "days_ago", json_integer(u->after_days));
    set(after, "came", json_integer(u->after_came));
    set(after, "times", json_integer(u->after_times));
    return after;
}

static int on_upcoming(const tael_upcoming *u, void *user)
{
    static const char *const kinds[] = {"merchant", "category", "item"};
    tael__habits_writer *w = user;
    const tael_purchase_habit *p = &u->habit;
    if (w->kind && strcmp(w->kind, kinds[p->kind]) != 0) return 0;
    if (w->limit && w->count == w->limit) {
        w->left++;
        return 0;
    }
    w->count++;
    if (!w->rows) {
        w->line(w, p->name, p->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "kind", json_string(kinds[p->kind]));
    set(row, "name", tael__json_text(p->name));
    set(row, "category", tael__json_category(p->category_id));
    set(row, "count", json_integer(p->count));
    set(row, "interval_days", tael__json_real((double)p->interval_days));
    set(row, "regular", tael__json_real((double)p->regular));
    set(row, "since_days", json_integer(p->since_days));
    set(row, "within_1_day", tael__json_real((double)u->within_1_day));
    set(row, "within_7_days", tael__json_real((double)p->within_7_days));
    set(row, "in_30_days", tael__json_real((double)p->in_30_days));
    set(row, "ended", tael__json_real((double)p->ended));
    set(row, "renewal_7_days", tael__json_real((double)u->renewal_7_days));
    set(row, "after", companion(u));
    set(row, "due", json_boolean(p->due));
    set(row, "lapsed", json_boolean(p->lapsed));
    set(row, "usual_minor", json_integer(p->usual_minor));
    set(row, "weekday", p->weekday ? json_integer(p->weekday) : json_null());
    set(row, "hour", p->hour >= 0 ? json_integer(p->hour) : json_null());
    set(row, "last", day_or_null(p->last_day));
    set(row, "next", day_or_null(p->next_day));
    set(row, "next_from", day_or_null(p->next_from));
    set(row, "next_to", day_or_null(p->next_to));
    set(row, "why", tael__json_text(p->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

/* ---- The month ---- */

static int on_forecast(const tael_forecast *f, void *user)
{
    tael__habits_writer *w = user;
    const char *name =
        f->category_id ? tael_category_name(f->category_id, tael_get_language()) : TAEL_SAY("all", "合计");
    w->count++;
    if (!w->rows) {
        w->line(w, name, f->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "category", f->category_id ? tael__json_category(f->category_id) : json_null());
    set(row, "month", json_string(f->month));
    set(row, "days_left", json_integer(f->days_left));
    set(row, "spent_minor", json_integer(f->spent_minor));
    set(row, "recurring_minor", json_integer(f->recurring_minor));
    set(row, "low_minor", json_integer(f->low_minor));
    set(row, "median_minor", json_integer(f->median_minor));
    set(row, "high_minor", json_integer(f->high_minor));
    set(row, "learned_days", json_integer(f->learned_days));
    set(row, "why", tael__json_text(f->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

/* ---- What stands out ---- */

static int on_unusual(const tael_unusual *u, void *user)
{
    static const char *const kinds[] = {"double", "amount", "new", "time"};
    tael__habits_writer *w = user;
    char time[40];
    tael__format_time(time, sizeof time, u->time_ms, u->offset_minutes);
    w->count++;
    if (!w->rows) {
        char day[16];
        snprintf(day, sizeof day, "%.10s", time);
        w->line(w, day, u->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "kind", json_string(kinds[u->kind]));
    set(row, "record", json_integer(u->record));
    set(row, "other", u->other ? json_integer(u->other) : json_null());
    set(row, "time", json_string(time));
    set(row, "merchant", tael__json_text(u->merchant));
    set(row, "category", tael__json_category(u->category_id));
    set(row, "minor", json_integer(u->minor));
    set(row, "usual_minor", json_integer(u->usual_minor));
    set(row, "why", tael__json_text(u->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

/* ---- The whole ---- */

static int on_left_out(const char *merchant, int32_t category_id, void *user)
{
    const char *name = *merchant ? merchant : tael_category_name(category_id, tael_get_language());
    json_array_append_new(
        user, json_pack("{s:s,s:o}", "kind", *merchant ? "merchant" : "category", "name", tael__json_text(name)));
    return 0;
}

tael_status tael__habits_left_out_json(tael_ledger *ledger, json_t *rows)
{
    return tael_ledger_left_out(ledger, on_left_out, rows);
}

void tael__habits_summary_json(const tael_habits *habits, json_t *object)
{
    tael_habits_summary s;
    tael_habits_summarize(habits, &s);
    set(object, "today", json_string(s.today));
    set(object, "first_day", json_string(s.first_day));
    set(object, "last_day", json_string(s.last_day));
    set(object, "currency", json_string(s.currency));
    set(object, "records", json_integer((json_int_t)s.records));
    set(object, "merchants", json_integer((json_int_t)s.merchants));
}

const char *tael__habits_name(tael__habits_part part)
{
    static const char *const names[TAEL__HABITS_PARTS] = {"recurring", "next", "forecast", "unusual"};
    return names[part];
}

tael__habits_part tael__habits_named(const char *name)
{
    int part = 0;
    while (part < TAEL__HABITS_PARTS && (!name || strcmp(name, tael__habits_name((tael__habits_part)part)) != 0))
        part++;
    return (tael__habits_part)part;
}

tael_status tael__habits_write(tael__habits_writer *w, tael_habits *habits, tael__habits_part part)
{
    switch (part) {
    case TAEL__HABITS_RECURRING: return tael_habits_recurring(habits, on_recurring, w);
    case TAEL__HABITS_NEXT: return tael_habits_upcoming(habits, on_upcoming, w);
    case TAEL__HABITS_FORECAST: return tael_habits_forecast(habits, on_forecast, w);
    default: return tael_habits_unusual(habits, w->days, on_unusual, w);
    }
}

static tael_status write_all(tael__habits_writer *w, tael_habits *habits)
{
    tael__habits_summary_json(habits, w->json);
    for (int part = 0; part < TAEL__HABITS_PARTS; part++) {
        w->rows = json_array();
        w->count = w->left = 0;
        tael_status status = tael__habits_write(w, habits, (tael__habits_part)part);
        set(w->json, tael__habits_name((tael__habits_part)part), w->rows);
        TAEL_TRY(status);
    }
    return TAEL_OK;
}

tael_status tael__habits_json(tael_ledger *ledger, const char *today, json_t **out)
{
    tael_habits *habits;
    tael__habits_writer w = {.json = NULL};
    *out = NULL;
    TAEL_TRY(tael_habits_open(&habits, ledger, today));
    w.json = json_object();
    tael_status status = write_all(&w, habits);
    json_t *left_out = json_array();
    if (status == TAEL_OK) status = tael__habits_left_out_json(ledger, left_out);
    set(w.json, "left_out", left_out);
    tael_habits_close(habits);
    if (status == TAEL_OK)
        *out = w.json;
    else
        json_decref(w.json);
    return status;
}
