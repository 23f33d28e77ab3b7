// SPDX-License-Identifier: Apache-2.0
/* The pool: every worker runs each job exactly once, a join means that all have finished, and none sleeps through a
 * job, whether it comes at once or after they went to sleep. A lost wake-up shows as a hang; a missing barrier as a
 * wrong sum here and as a report of the thread sanitizer, for the counters are plain memory on purpose. */
#include "support.h"

#include <string.h>
#include <time.h>

#include "base/date.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/threads.h"

typedef struct tally {
    uint32_t runs[TAEL__MAX_THREADS * 16]; /* a cache line apart */
    uint32_t count;
} tally;

static void count_run(void *user, uint32_t index, uint32_t count)
{
    tally *t = user;
    t->runs[index * 16]++;
    if (index == 0) t->count = count;
}

static void everyone_runs_every_job_once(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads <= 4; threads++) {
        tael__pool *pool;
        tally t = {0};
        assert_ok(tael__pool_open(&pool, threads));
        assert_int_equal(tael__pool_threads(pool), threads);
        for (uint32_t job = 1; job <= 500; job++) {
            tael__pool_run(pool, count_run, &t);
            assert_int_equal(t.count, threads);
            for (uint32_t i = 0; i < threads; i++) assert_int_equal(t.runs[i * 16], job);
        }
        tael__pool_close(pool);
    }
}

static void sleepers_wake_for_a_late_job(void **state)
{
    (void)state;
    tael__pool *pool;
    tally t = {0};
    assert_ok(tael__pool_open(&pool, 3));
    for (uint32_t job = 1; job <= 40; job++) {
        /* Longer and shorter than the spin, so that some jobs meet a worker on its way to sleep. */
        struct timespec wait = {.tv_nsec = (long)(job % 8) * 25000};
        nanosleep(&wait, NULL);
        tael__pool_run(pool, count_run, &t);
        for (uint32_t i = 0; i < 3; i++) assert_int_equal(t.runs[i * 16], job);
    }
    tael__pool_close(pool);
}

static void slow_part(void *user, uint32_t index, uint32_t count)
{
    (void)count;
    struct timespec wait = {.tv_nsec = 3000000};
    if (index == 1) nanosleep(&wait, NULL);
    ((tally *)user)->runs[index * 16] = 7;
}

static void the_caller_waits_for_the_slowest(void **state)
{
    (void)state;
    tael__pool *pool;
    assert_ok(tael__pool_open(&pool, 2));
    for (int i = 0; i < 5; i++) {
        tally t = {0};
        tael__pool_run(pool, slow_part, &t);
        assert_int_equal(t.runs[16], 7);
    }
    tael__pool_close(pool);
}

static void no_pool_runs_on_the_caller(void **state)
{
    (void)state;
    tally t = {0};
    tael__pool_run(NULL, count_run, &t);
    assert_int_equal(t.runs[0], 1);
    assert_int_equal(t.count, 1);
    assert_int_equal(tael__pool_threads(NULL), 1);
    tael__pool_close(NULL);
}

static void zero_threads_means_the_cores(void **state)
{
    (void)state;
    tael__pool *pool;
    uint32_t cores = tael__cores();
    assert_in_range(cores, 1, TAEL__MAX_THREADS);
    assert_ok(tael__pool_open(&pool, 0));
    assert_int_equal(tael__pool_threads(pool), cores);
    tael__pool_close(pool);
}

static void too_many_threads_and_no_memory_are_said(void **state)
{
    (void)state;
    tael__pool *pool = (tael__pool *)state;
    assert_status(tael__pool_open(&pool, TAEL__MAX_THREADS + 1), TAEL_LIMIT);
    assert_null(pool);
    tael__alloc_break(1, false);
    assert_status(tael__pool_open(&pool, 2), TAEL_NO_MEMORY);
    assert_null(pool);
    tael__alloc_break(0, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everyone_runs_every_job_once),     cmocka_unit_test(sleepers_wake_for_a_late_job),
        cmocka_unit_test(the_caller_waits_for_the_slowest), cmocka_unit_test(no_pool_runs_on_the_caller),
        cmocka_unit_test(zero_threads_means_the_cores),     cmocka_unit_test(too_many_threads_and_no_memory_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
