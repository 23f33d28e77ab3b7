// SPDX-License-Identifier: Apache-2.0
/* What the files of `tael bench` share. */
#ifndef TAEL_BENCH_H
#define TAEL_BENCH_H

#include "base/memory.h"
#include "command.h"

enum { BENCH_MAX_RUNS = 100 };

typedef struct bench {
    const tael_model *model;
    tael_session *session; /* NULL with `parallel` */
    uint32_t prompt, tokens, depth, runs;
    uint32_t parallel; /* requests at once; 0: a session */
    bool kv_q8;
} bench;

/* Append words until `text` is exactly `tokens` tokens long; another `seed` gives other words. */
tael_status bench_text(const tael_model *model, tael__buffer *text, uint32_t tokens, uint32_t seed);
/* The value below which a share `q` of values[0..n) lies, n > 0; of two equally near ones the mean. Sorts them. */
double bench_quantile(double *values, size_t n, double q);

/* bench_many.c: many requests at once; appends to `results`, or prints. */
tael_status bench_many(request *r, const bench *b, uint32_t threads, json_t *results);

#endif
