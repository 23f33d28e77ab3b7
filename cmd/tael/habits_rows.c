// SPDX-License-Identifier: Apache-2.0
// The rows of `tael habits`: a name and its sentence for people, every field for programs.
#include <string.h>

#include "base/date.h"
#include "habits.h"

static json_t *day_or_null(const char *day)
{
    return *day ? json_string(day) : json_null();
}

static json_t *category_of(int32_t id)
{
    const char *name = tael_category_name(id, tael_get_language());
    return *name ? json_string(name) : json_null();
}

static void set(json_t *row, const char *name, json_t *value)
{
    json_object_set_new(row, name, value);
}

static void print_row(const habits_writer *w, const char *name, const char *sentence)
{
    if (w->indent) fputs("  ", stdout);
    out_cell(stdout, name, 20, false);
    fputs("  ", stdout);
    out_line(stdout, sentence);
    putchar('\n');
}

/* ---- What recurs ---- */

static int on_recurring(const tael_recurring *r, void *user)
{
    static const char *const states[] = {"active", "late", "ended"}, *const amounts[] = {"fixed", "stepped", "varying"};
    habits_writer *w = user;
    w->count++;
    if (!w->rows) {
        print_row(w, r->merchant, r->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "merchant", out_text(r->merchant));
    set(row, "category", category_of(r->category_id));
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
    set(row, "confidence", out_real((double)r->confidence));
    set(row, "records", out_id_list(r->records, r->record_count));
    set(row, "why", out_text(r->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

tael_status habits_write_recurring(habits_writer *w, tael_habits *habits)
{
    return tael_habits_recurring(habits, on_recurring, w);
}

/* ---- What comes next ---- */

static json_t *companion(const tael_upcoming *u)
{
    if (!*u->after) return json_null();
    json_t *after = json_object();
    set(after, "name", out_text(u->after));
    set(after, "days_ago", json_integer(u->after_days));
    set(after, "came", json_integer(u->after_came));
    set(after, "times", json_integer(u->after_times));
    return after;
}

static int on_upcoming(const tael_upcoming *u, void *user)
{
    static const char *const kinds[] = {"merchant", "category", "item"};
    habits_writer *w = user;
    const tael_purchase_habit *p = &u->habit;
    if (w->kind && strcmp(w->kind, kinds[p->kind]) != 0) return 0;
    if (w->limit && w->count == w->limit) {
        w->left++;
        return 0;
    }
    w->count++;
    if (!w->rows) {
        print_row(w, p->name, p->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "kind", json_string(kinds[p->kind]));
    set(row, "name", out_text(p->name));
    set(row, "category", category_of(p->category_id));
    set(row, "count", json_integer(p->count));
    set(row, "interval_days", out_real((double)p->interval_days));
    set(row, "regular", out_real((double)p->regular));
    set(row, "since_days", json_integer(p->since_days));
    set(row, "within_1_day", out_real((double)u->within_1_day));
    set(row, "within_7_days", out_real((double)p->within_7_days));
    set(row, "in_30_days", out_real((double)p->in_30_days));
    set(row, "ended", out_real((double)p->ended));
    set(row, "renewal_7_days", out_real((double)u->renewal_7_days));
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
    set(row, "why", out_text(p->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

tael_status habits_write_next(habits_writer *w, tael_habits *habits)
{
    return tael_habits_upcoming(habits, on_upcoming, w);
}

/* ---- The month ---- */

static int on_forecast(const tael_forecast *f, void *user)
{
    habits_writer *w = user;
    const char *name =
        f->category_id ? tael_category_name(f->category_id, tael_get_language()) : TAEL_SAY("all", "合计");
    w->count++;
    if (!w->rows) {
        print_row(w, name, f->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "category", f->category_id ? category_of(f->category_id) : json_null());
    set(row, "month", json_string(f->month));
    set(row, "days_left", json_integer(f->days_left));
    set(row, "spent_minor", json_integer(f->spent_minor));
    set(row, "recurring_minor", json_integer(f->recurring_minor));
    set(row, "low_minor", json_integer(f->low_minor));
    set(row, "median_minor", json_integer(f->median_minor));
    set(row, "high_minor", json_integer(f->high_minor));
    set(row, "learned_days", json_integer(f->learned_days));
    set(row, "why", out_text(f->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

tael_status habits_write_forecast(habits_writer *w, tael_habits *habits)
{
    return tael_habits_forecast(habits, on_forecast, w);
}

/* ---- What stands out ---- */

static int on_unusual(const tael_unusual *u, void *user)
{
    static const char *const kinds[] = {"double", "amount", "new", "time"};
    habits_writer *w = user;
    char time[40];
    tael__format_time(time, sizeof time, u->time_ms, u->offset_minutes);
    w->count++;
    if (!w->rows) {
        char day[16];
        snprintf(day, sizeof day, "%.10s", time);
        print_row(w, day, u->sentence);
        return 0;
    }
    json_t *row = json_object();
    set(row, "kind", json_string(kinds[u->kind]));
    set(row, "record", json_integer(u->record));
    set(row, "other", u->other ? json_integer(u->other) : json_null());
    set(row, "time", json_string(time));
    set(row, "merchant", out_text(u->merchant));
    set(row, "category", category_of(u->category_id));
    set(row, "minor", json_integer(u->minor));
    set(row, "usual_minor", json_integer(u->usual_minor));
    set(row, "why", out_text(u->sentence));
    json_array_append_new(w->rows, row);
    return 0;
}

tael_status habits_write_unusual(habits_writer *w, tael_habits *habits)
{
    return tael_habits_unusual(habits, w->days, on_unusual, w);
}
