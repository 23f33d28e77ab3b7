// SPDX-License-Identifier: Apache-2.0
/* The pool. A job is a new value of `generation`: workers see it while they spin, or are woken by a condition variable
 * when they had gone to sleep. The last worker to finish brings `left` to zero, which the caller awaits in the same
 * way. Spinning first makes a fork and a join cost a few microseconds; sleeping after it keeps a phone cool between
 * tokens. The handshakes use sequentially consistent atomics: "publish the job, then look for sleepers" against "say
 * that I sleep, then look for a job" needs a total order, or both could look too early and the job be lost. */
#include "base/threads.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "base/limits.h"
#include "base/memory.h"

/* How long to spin before sleeping. The gaps between two layers of a model are shorter; waking costs about as much. */
#define SPIN_SECONDS         60e-6
#define PAUSES_BETWEEN_LOOKS 32 /* at the clock */

void tael__leave_cpu(int cpu)
{
    cpu_set_t mine, others;
    if (cpu < 0 || sched_getcpu() != cpu || sched_getaffinity(0, sizeof mine, &mine) != 0) return;
    others = mine;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) > 0 && sched_setaffinity(0, sizeof others, &others) == 0)
        sched_setaffinity(0, sizeof mine, &mine);
}

struct tael__pool {
    uint32_t threads;     /* with the caller */
    tael__pool_fn *fn;    /* the job: written before `generation` moves, read after it was seen to move; */
    void *user;           /* fn NULL asks the workers to end */
    int caller_cpu;       /* where the job came from; -1: unknown */
    pthread_mutex_t lock; /* for sleeping only */
    pthread_cond_t job, done;
    _Alignas(64) atomic_uint generation; /* its own cache line: all workers read it while they spin */
    _Alignas(64) atomic_uint left;       /* workers that have not finished this job */
    atomic_uint asleep;                  /* workers that wait for `job` */
    atomic_bool caller_asleep;           /* the caller waits for `done` */
    struct worker {
        pthread_t id;
        uint32_t index;
        tael__pool *pool;
    } workers[TAEL__MAX_THREADS];
};

static inline void pause_cpu(void)
{
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield" ::: "memory");
#endif
}

/* Wait until *value equals `wanted` (or, with `differs`, anything else); false when the time to spin is over. */
static bool spin_until(atomic_uint *value, unsigned wanted, bool differs)
{
    double end = 0;
    for (;;) {
        for (int i = 0; i < PAUSES_BETWEEN_LOOKS; i++) {
            if ((atomic_load_explicit(value, memory_order_acquire) == wanted) != differs) return true;
            pause_cpu();
        }
        double now = tael__clock_seconds();
        if (end == 0) end = now + SPIN_SECONDS;
        if (now > end) return false;
    }
}

static void wait_for_job(tael__pool *pool, unsigned seen)
{
    if (spin_until(&pool->generation, seen, true)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_fetch_add(&pool->asleep, 1);
    while (atomic_load(&pool->generation) == seen) pthread_cond_wait(&pool->job, &pool->lock);
    atomic_fetch_sub(&pool->asleep, 1);
    pthread_mutex_unlock(&pool->lock);
}

static void wait_for_workers(tael__pool *pool)
{
    if (spin_until(&pool->left, 0, false)) return;
    pthread_mutex_lock(&pool->lock);
    atomic_store(&pool->caller_asleep, true);
    while (atomic_load(&pool->left) != 0) pthread_cond_wait(&pool->done, &pool->lock);
    atomic_store(&pool->caller_asleep, false);
    pthread_mutex_unlock(&pool->lock);
}

static void *work(void *argument)
{
    struct worker *self = argument;
    tael__pool *pool = self->pool;
    for (unsigned seen = 0;;) {
        wait_for_job(pool, seen);
        seen++; /* one job at a time, and each waits for all workers: none can be missed */
        if (!pool->fn) return NULL;
        tael__leave_cpu(pool->caller_cpu);
        pool->fn(pool->user, self->index, pool->threads);
        if (atomic_fetch_sub(&pool->left, 1) == 1 && atomic_load(&pool->caller_asleep)) {
            pthread_mutex_lock(&pool->lock);
            pthread_cond_signal(&pool->done);
            pthread_mutex_unlock(&pool->lock);
        }
    }
}

static void publish(tael__pool *pool, tael__pool_fn *fn, void *user)
{
    pool->fn = fn;
    pool->user = user;
    pool->caller_cpu = sched_getcpu();
    atomic_store(&pool->left, pool->threads - 1);
    atomic_fetch_add(&pool->generation, 1);
    if (atomic_load(&pool->asleep) == 0) return;
    pthread_mutex_lock(&pool->lock);
    pthread_cond_broadcast(&pool->job);
    pthread_mutex_unlock(&pool->lock);
}

/* Workers take no signals: Ctrl-C belongs to the program's own threads. */
static int start_worker(tael__pool *pool, uint32_t index)
{
    struct worker *w = &pool->workers[index - 1];
    sigset_t all, before;
    w->index = index;
    w->pool = pool;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&w->id, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

tael_status tael__pool_open(tael__pool **out, uint32_t threads)
{
    *out = NULL;
    if (threads == 0) threads = tael__cores();
    if (threads > TAEL__MAX_THREADS)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("%u threads: Tael uses at most %d; ask for fewer", "%u 个线程：最多 %d 个；请减少"),
                          threads, TAEL__MAX_THREADS);
    tael__pool *pool = tael__alloc_aligned(sizeof *pool);
    if (!pool) return tael__fail_memory("threads", sizeof *pool);
    pool->threads = 1;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->job, NULL);
    pthread_cond_init(&pool->done, NULL);
    /* No worker looks at `threads` before the first job, which is published after all have started. */
    for (uint32_t started = 1; started < threads; started++) {
        int error = start_worker(pool, started);
        if (error) {
            tael__pool_close(pool);
            return tael__fail(TAEL_NO_MEMORY,
                              TAEL_SAY("thread %u of %u can't be started: %s; ask for fewer threads",
                                       "第 %u 个线程（共 %u 个）无法启动：%s；请减少线程数"),
                              started + 1, threads, strerror(error));
        }
        pool->threads = started + 1;
    }
    *out = pool;
    return TAEL_OK;
}

void tael__pool_close(tael__pool *pool)
{
    if (!pool) return;
    if (pool->threads > 1) publish(pool, NULL, NULL);
    for (uint32_t i = 1; i < pool->threads; i++) pthread_join(pool->workers[i - 1].id, NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->job);
    pthread_mutex_destroy(&pool->lock);
    tael__free(pool);
}

uint32_t tael__pool_threads(const tael__pool *pool)
{
    return pool ? pool->threads : 1;
}

void tael__pool_run(tael__pool *pool, tael__pool_fn *fn, void *user)
{
    TAEL_ASSERT(fn != NULL);
    if (!pool || pool->threads == 1) {
        fn(user, 0, 1);
        return;
    }
    publish(pool, fn, user);
    fn(user, 0, pool->threads);
    wait_for_workers(pool);
}

/* The first CPU of the list of those that share a core with `cpu`, such as 3 of "3,7" or "3-4"; `cpu` when unknown. */
static int first_sibling(int cpu)
{
    char path[96];
    int first = cpu;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
    FILE *file = fopen(path, "re");
    if (!file) return cpu;
    if (fscanf(file, "%d", &first) != 1 || first < 0 || first >= CPU_SETSIZE) first = cpu;
    fclose(file);
    return first;
}

/* CPUs' worth of time that the control group allows, rounded up; 0: no limit known. A container's own group is mounted
 * as the root of its view, so that is where we look, in version 2 and then 1. */
static uint32_t quota_cpus(void)
{
    double quota = 0, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file) {
        if (fscanf(file, "%lf %lf", &quota, &period) != 2) quota = 0; /* "max 100000" */
        fclose(file);
    } else if ((file = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "re"))) {
        if (fscanf(file, "%lf", &quota) != 1) quota = 0; /* -1: none */
        fclose(file);
        file = quota > 0 ? fopen("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "re") : NULL;
        if (file) {
            if (fscanf(file, "%lf", &period) != 1) period = 0;
            fclose(file);
        }
    }
    if (quota <= 0 || period <= 0) return 0;
    double cpus = quota / period;
    return cpus >= TAEL__MAX_THREADS ? TAEL__MAX_THREADS : (uint32_t)(cpus + 0.999);
}

uint32_t tael__cores(void)
{
    cpu_set_t mine, counted;
    uint32_t cores = 0;
    CPU_ZERO(&mine);
    CPU_ZERO(&counted);
    if (sched_getaffinity(0, sizeof mine, &mine) != 0) return 1;
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (!CPU_ISSET(cpu, &mine)) continue;
        int core = first_sibling(cpu); /* names the core, whether or not we may run on that sibling */
        if (CPU_ISSET(core, &counted)) continue;
        CPU_SET(core, &counted);
        cores++;
    }
    uint32_t quota = quota_cpus();
    if (quota > 0 && quota < cores) cores = quota;
    if (cores > TAEL__MAX_THREADS) cores = TAEL__MAX_THREADS;
    return cores > 0 ? cores : 1;
}
