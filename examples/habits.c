// SPDX-License-Identifier: Apache-2.0
// What an imported ledger teaches: habits HOME 2026-11-20. Each line comes with its reason.
#include <stdio.h>

#include <tael/tael.h>

static int on_recurring(const tael_recurring *r, void *user)
{
    (void)user;
    printf("%s: %s\n", r->merchant, r->sentence);
    return 0;
}

static int on_next(const tael_upcoming *u, void *user)
{
    (void)user;
    if (u->habit.within_7_days >= 0.5F) printf("%s: %s\n", u->habit.name, u->habit.sentence);
    return 0;
}

static int on_forecast(const tael_forecast *f, void *user)
{
    (void)user;
    printf("%s\n", f->sentence);
    return 1; /* the whole month comes first; its categories follow */
}

static int on_unusual(const tael_unusual *u, void *user)
{
    (void)user;
    printf("%s\n", u->sentence);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 3) return fprintf(stderr, "usage: %s HOME DATE\n", argv[0]), 2;
    tael_ledger *ledger = NULL;
    tael_habits *habits = NULL;

    tael_status status = tael_ledger_open(&ledger, argv[1], NULL);
    if (status == TAEL_OK) status = tael_habits_open(&habits, ledger, argv[2]);
    if (status == TAEL_OK) status = tael_habits_recurring(habits, on_recurring, NULL);
    if (status == TAEL_OK) status = tael_habits_upcoming(habits, on_next, NULL);
    if (status == TAEL_OK) status = tael_habits_forecast(habits, on_forecast, NULL);
    if (status == TAEL_OK) status = tael_habits_unusual(habits, 0, on_unusual, NULL);
    if (status != TAEL_OK) fprintf(stderr, "%s\n", tael_error());

    tael_habits_close(habits);
    tael_ledger_close(ledger);
    return status != TAEL_OK;
}
