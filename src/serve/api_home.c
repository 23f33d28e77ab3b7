// SPDX-License-Identifier: Apache-2.0
// What the page shows first, in one document: the month, its days, what recurs, what comes next, what stands out.
#include <string.h>

#include "base/date.h"
#include "document/habits.h"
#include "ledger/service.h"
#include "serve/api.h"

#define DAYS_SHOWN   366
#define MONTHS_SHOWN 24
#define NEXT_SHOWN   12

/* ---- Sources ---- */

static int add_source(const tael_group_row *row, void *user)
{
    json_t *known, *list = user;
    size_t i;
    json_array_foreach(list, i, known)
    {
        if (strcmp(json_string_value(json_object_get(known, "source")), row->key) != 0) continue;
        json_int_t all = json_integer_value(json_object_get(known, "count")) + (json_int_t)row->count;
        return json_object_set_new(known, "count", json_integer(all));
    }
    return json_array_append_new(
        list, json_pack("{s:o,s:I}", "source", tael__json_text(row->key), "count", (json_int_t)row->count));
}

/* Where rows came from: `count` of each that is in sums. */
static tael_status put_sources(json_t *home, tael_ledger *ledger)
{
    json_t *list = json_array();
    json_object_set_new(home, "sources", list);
    for (int d = TAEL_EXPENSE; d <= TAEL_NEUTRAL; d++) {
        tael_query q = {.size = sizeof q, .group = TAEL_BY_SOURCE, .gross = true, .no_records = true};
        q.filter = (tael_filter){.size = sizeof q.filter, .direction = (tael_direction)d};
        TAEL_TRY(tael_ledger_query(ledger, &q, add_source, list));
    }
    return TAEL_OK;
}

/* ---- Days and months ---- */

static int add_day(const tael_group_row *row, void *user)
{
    return json_array_append_new(user, json_pack("{s:o,s:I,s:I}", "day", tael__json_text(row->key), "minor",
                                                 (json_int_t)row->minor, "count", (json_int_t)row->count));
}

static tael_query query_since(tael_group group, tael_direction direction, const char *from, const char *to)
{
    tael_query q = {.size = sizeof q, .group = group, .no_records = true};
    q.filter = (tael_filter){.size = sizeof q.filter, .direction = direction, .from = from, .to = to};
    return q;
}

static tael_status put_days(json_t *home, tael_ledger *ledger, const char *today)
{
    tael__date date;
    char from[16];
    json_t *list = json_array();
    json_object_set_new(home, "days", list);
    (void)tael__date_parse(&date, today); /* it was checked */
    tael__date_write(from, tael__date_add_days(date, 1 - DAYS_SHOWN));
    tael_query q = query_since(TAEL_BY_DAY, TAEL_EXPENSE, from, today);
    return tael_ledger_query(ledger, &q, add_day, list);
}

typedef struct months {
    json_t *list;
    const char *field;
} months;

/* Months without a payment are there as well: a chart has no holes. */
static int add_month(const tael_group_row *row, void *user)
{
    months *m = user;
    size_t i;
    json_t *one;
    json_array_foreach(m->list, i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "month")), row->key) == 0)
            json_object_set_new(one, m->field, json_integer((json_int_t)row->minor));
    }
    return 0;
}

static tael_status put_months(json_t *home, tael_ledger *ledger, const char *today)
{
    tael__date date;
    char from[16], day[16];
    months m = {.list = json_array(), .field = "minor"};
    json_object_set_new(home, "months", m.list);
    (void)tael__date_parse(&date, today); /* it was checked */
    date.day = 1;
    date = tael__date_add_months(date, 1 - MONTHS_SHOWN);
    tael__date_write(from, date);
    for (int i = 0; i < MONTHS_SHOWN; i++, date = tael__date_add_months(date, 1)) {
        tael__date_write(day, date);
        day[7] = '\0';
        json_array_append_new(m.list, json_pack("{s:s,s:i,s:i}", "month", day, "minor", 0, "income_minor", 0));
    }
    tael_query q = query_since(TAEL_BY_MONTH, TAEL_EXPENSE, from, today);
    TAEL_TRY(tael_ledger_query(ledger, &q, add_month, &m));
    m.field = "income_minor";
    q.filter.direction = TAEL_INCOME;
    return tael_ledger_query(ledger, &q, add_month, &m);
}

/* ---- Habits ---- */

static int add_forecast(const tael_forecast *f, void *user)
{
    json_t *home = user;
    if (f->category_id == 0) {
        json_object_set_new(home, "month",
                            json_pack("{s:s,s:I,s:I,s:I,s:I,s:i,s:I,s:o}", "month", f->month, "spent_minor",
                                      (json_int_t)f->spent_minor, "low_minor", (json_int_t)f->low_minor, "median_minor",
                                      (json_int_t)f->median_minor, "high_minor", (json_int_t)f->high_minor, "days_left",
                                      (int)f->days_left, "recurring_minor", (json_int_t)f->recurring_minor, "why",
                                      tael__json_text(f->sentence)));
        return 0;
    }
    json_t *category = json_pack("{s:i,s:o}", "id", (int)f->category_id, "name", tael__json_category(f->category_id));
    return json_array_append_new(json_object_get(home, "categories"),
                                 json_pack("{s:o,s:I,s:I,s:I,s:I}", "category", category, "spent_minor",
                                           (json_int_t)f->spent_minor, "low_minor", (json_int_t)f->low_minor,
                                           "median_minor", (json_int_t)f->median_minor, "high_minor",
                                           (json_int_t)f->high_minor));
}

static tael_status put_habits(json_t *home, tael_ledger *ledger, const char *today)
{
    tael_habits *habits;
    tael__habits_writer w = {.limit = NEXT_SHOWN};
    TAEL_TRY(tael_habits_open(&habits, ledger, today));
    tael_status status = tael_habits_forecast(habits, add_forecast, home);
    w.rows = json_object_get(home, "recurring");
    if (status == TAEL_OK) status = tael__habits_write(&w, habits, TAEL__HABITS_RECURRING);
    w.count = 0;
    w.rows = json_object_get(home, "next");
    if (status == TAEL_OK) status = tael__habits_write(&w, habits, TAEL__HABITS_NEXT);
    w.rows = json_object_get(home, "unusual");
    if (status == TAEL_OK) status = tael__habits_write(&w, habits, TAEL__HABITS_UNUSUAL);
    tael_habits_close(habits);
    return status;
}

/* Without habits the month is what was spent, with nothing foretold. */
static int add_spent(const tael_group_row *row, void *user)
{
    return json_object_set_new(json_object_get(user, "month"), "spent_minor", json_integer((json_int_t)row->minor));
}

static tael_status put_month(json_t *home, tael_ledger *ledger, const char *today)
{
    tael__date date;
    char from[16];
    (void)tael__date_parse(&date, today); /* it was checked */
    snprintf(from, sizeof from, "%.7s-01", today);
    json_object_set_new(home, "month",
                        json_pack("{s:s#,s:i,s:n,s:n,s:n,s:i,s:i,s:n}", "month", today, 7, "spent_minor", 0,
                                  "low_minor", "median_minor", "high_minor", "days_left",
                                  tael__days_in_month(date.year, date.month) - (int)date.day, "recurring_minor", 0,
                                  "why"));
    tael_query q = query_since(TAEL_BY_NONE, TAEL_EXPENSE, from, today);
    return tael_ledger_query(ledger, &q, add_spent, home);
}

static tael_status fill(json_t *home, tael_ledger *ledger, const char *today, bool allowed)
{
    TAEL_TRY(put_sources(home, ledger));
    TAEL_TRY(put_days(home, ledger, today));
    TAEL_TRY(put_months(home, ledger, today));
    TAEL_TRY(put_month(home, ledger, today));
    return allowed ? put_habits(home, ledger, today) : TAEL_OK;
}

tael_status tael__api_home(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    char today[16];
    bool allowed = false, sample = false;
    tael_ledger_summary summary;
    TAEL_TRY(tael__query_today(e, today));
    TAEL_TRY(tael_ledger_summarize(ledger, &summary));
    TAEL_TRY(tael_consent_get(ledger, "habits", &allowed));
    TAEL_TRY(tael__ledger_has_sample(ledger, &sample));
    json_t *home =
        json_pack("{s:s,s:s,s:I,s:b,s:b,s:s,s:s,s:[],s:[],s:[],s:[]}", "today", today, "currency", summary.currency,
                  "records", (json_int_t)summary.records, "sample", sample, "habits_allowed", allowed, "first_day",
                  summary.first_day, "last_day", summary.last_day, "categories", "recurring", "next", "unusual");
    tael_status status = home ? fill(home, ledger, today, allowed) : tael__fail_memory("JSON", 0);
    if (status == TAEL_OK)
        *reply = home;
    else
        json_decref(home);
    return status;
}
