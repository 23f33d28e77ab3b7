// SPDX-License-Identifier: Apache-2.0
/* A pool of workers that run one function together: a fork and a join thousands of times a second, so they spin briefly
 * for the next job and then sleep. */
#ifndef TAEL__BASE_THREADS_H
#define TAEL__BASE_THREADS_H

#include "base/status.h"

typedef struct tael__pool tael__pool;

/* `threads` counts the caller too: 1 makes no thread at all. 0: one per physical core this process may use. */
tael_status tael__pool_open(tael__pool **out, uint32_t threads);
void tael__pool_close(tael__pool *pool);             /* NULL is fine */
uint32_t tael__pool_threads(const tael__pool *pool); /* 1 for NULL */

/* Runs fn(user, i, n) for i = 0..n-1 at once, i = 0 on the caller, and returns when all are done. One caller at a time.
 * A NULL pool runs fn(user, 0, 1). */
typedef void tael__pool_fn(void *user, uint32_t index, uint32_t count);
void tael__pool_run(tael__pool *pool, tael__pool_fn *fn, void *user);

/* Physical cores that this process may run on, at least 1. */
uint32_t tael__cores(void);

/* A thread that is started or woken may be put on the CPU of whoever did so, and then the two take turns there while
 * another idles, for as long as 100 milliseconds: the time to a first token. Called with that CPU's number, a thread
 * that finds itself there goes elsewhere; a moment later any CPU will do again. -1: unknown. */
void tael__leave_cpu(int cpu);

#endif
