// SPDX-License-Identifier: Apache-2.0
/* The parts of `tael habits`, as lines for people or as JSON. */
#ifndef TAEL_COMMAND_HABITS_H
#define TAEL_COMMAND_HABITS_H

#include "command.h"

typedef struct habits_writer {
    json_t *json, *rows; /* the document, and the array of the part at hand; NULL: print */
    uint64_t count, left, limit;
    int32_t days;
    const char *kind; /* of what comes next: "merchant", "category" or "item"; NULL: all */
    char currency[8];
    bool indent;
} habits_writer;

tael_status habits_write_recurring(habits_writer *w, tael_habits *habits);
tael_status habits_write_next(habits_writer *w, tael_habits *habits);
tael_status habits_write_forecast(habits_writer *w, tael_habits *habits);
tael_status habits_write_unusual(habits_writer *w, tael_habits *habits);

#endif
