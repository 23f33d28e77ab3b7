// SPDX-License-Identifier: Apache-2.0
/* Shared by the tests of the habits of time: a bill written day by day, and what habits say of it. */
#ifndef TAEL__TESTS_HABITS_LIFE_H
#define TAEL__TESTS_HABITS_LIFE_H

#include "habits/history.h"
#include "ledger/bills.h"

typedef struct life {
    tael__buffer bill;
    int rows;
} life;

static inline int32_t day_of(const char *text)
{
    tael__date date;
    assert_true(tael__date_parse(&date, text));
    return (int32_t)tael__days_of(date);
}

static inline void pay_at(life *l, int32_t day, const char *clock, const char *merchant, const char *item,
                          int64_t minor, const char *direction)
{
    char text[16];
    if (l->rows++ == 0) {
        l->bill.max = 1u << 26;
        assert_ok(tael__buffer_text(&l->bill, ALIPAY_HEADER));
    }
    tael__habit_day(text, day);
    assert_ok(tael__buffer_format(&l->bill, "%s %s,,%s,/,%s,%s,%lld.%02d,余额,交易成功,%09d,,,\r\n", text, clock,
                                  merchant, item, direction, (long long)(minor / 100), (int)(minor % 100), l->rows));
}

static inline void pay(life *l, int32_t day, const char *merchant, int64_t minor)
{
    pay_at(l, day, "12:00:00", merchant, "", minor, "支出");
}

/* The ledger of the life so far; closes the life. */
static inline tael_ledger *ledger_of(life *l)
{
    tael_ledger *ledger = memory_ledger();
    if (l->rows) put_bill(ledger, l->bill.data, NULL);
    tael__buffer_free(&l->bill);
    *l = (life){0};
    return ledger;
}

static inline tael_habits *habits_of(life *l, const char *today)
{
    tael_habits *habits;
    tael_ledger *ledger = ledger_of(l);
    assert_ok(tael_habits_open(&habits, ledger, today));
    tael_ledger_close(ledger);
    return habits;
}

/* ---- What was said ---- */

enum { MOST_SAID = 64 };

typedef struct said {
    tael_recurring recurring[MOST_SAID];
    tael_purchase_habit next[MOST_SAID];
    tael_forecast forecast[MOST_SAID];
    tael_unusual unusual[MOST_SAID];
    char names[MOST_SAID][64], sentence[2048];
    size_t count;
} said;

static inline void keep_words(said *s, const char *name, const char *sentence)
{
    assert_true(s->count < MOST_SAID);
    assert_true(sentence[0] != '\0' && !strstr(sentence, "nan") && !strstr(sentence, "inf"));
    snprintf(s->names[s->count], sizeof s->names[0], "%s", name);
    snprintf(s->sentence, sizeof s->sentence, "%s", sentence);
    s->count++;
}

static inline int keep_recurring(const tael_recurring *r, void *user)
{
    said *s = user;
    s->recurring[s->count] = *r;
    keep_words(s, r->merchant, r->sentence);
    return 0;
}

static inline int keep_next(const tael_purchase_habit *p, void *user)
{
    said *s = user;
    s->next[s->count] = *p;
    keep_words(s, p->name, p->sentence);
    return 0;
}

static inline int keep_forecast(const tael_forecast *f, void *user)
{
    said *s = user;
    s->forecast[s->count] = *f;
    keep_words(s, "", f->sentence);
    return 0;
}

static inline int keep_unusual(const tael_unusual *u, void *user)
{
    said *s = user;
    s->unusual[s->count] = *u;
    keep_words(s, u->merchant, u->sentence);
    return 0;
}

/* The index of a name in what was said; fails when it isn't there. */
static inline size_t said_of(const said *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->names[i], name) == 0) return i;
    fail_msg("nothing was said of %s", name);
    return 0;
}

#endif
