// SPDX-License-Identifier: Apache-2.0
/* Rates of the linear layer. The weights are one block of memory, read as each format in turn; every byte is 0x11,
 * which is a small, normal number in all of them. Decode walks through all of it, so that what counts is reading;
 * prefill multiplies a few rows again and again. The fastest pass counts: others were disturbed by something else. */
#include "compute/rates.h"

#include <string.h>
#include <unistd.h>

#include "base/date.h"
#include "base/memory.h"
#include "compute/linear.h"

enum { COLS = 2048, DECODE_ROWS = 6144, PREFILL_ROWS = 4096, TOKENS = 512, FORKS = 200, VALUES = 64000 };
#define LEAST_BYTES     ((size_t)192 << 20)
#define MOST_BYTES      ((size_t)768 << 20) /* some servers' caches hold half of it */
#define DECODE_SECONDS  0.08
#define PREFILL_SECONDS 0.06

typedef struct bench {
    tael__pool *pool;
    tael__workspace *workspace;
    char *weights;
    size_t weights_bytes;
    float *x, *y;
} bench;

/* Seconds of the fastest y = Wx over matrices one after another through the memory, in turn. */
static double time_linear(const bench *b, tael__matrix m, size_t tokens, size_t places, double budget)
{
    double best = 0, begin = tael__clock_seconds(), before = begin;
    size_t at = 0;
    do {
        for (size_t i = 0; i < places; i++, at = (at + 1) % places) {
            m.data = b->weights + at * m.rows * m.row_bytes;
            tael__linear(b->workspace, (float *[]){b->y}, &m, NULL, 1, b->x, tokens);
        }
        double now = tael__clock_seconds(), seconds = now - before;
        if (best == 0 || seconds < best) best = seconds;
        before = now;
    } while (before - begin < budget);
    return best;
}

static void measure_format(tael__rates *r, const bench *b, tael__format f)
{
    tael__matrix m = {.format = f, .rows = DECODE_ROWS, .cols = COLS};
    if (!tael__format_row_bytes(&m.row_bytes, f, COLS)) return;
    size_t places = b->weights_bytes / (m.rows * m.row_bytes);
    if (places == 0) places = 1, m.rows = b->weights_bytes / m.row_bytes;
    double seconds = time_linear(b, m, 1, places, DECODE_SECONDS);
    r->decode[f] = (double)(places * m.rows) * COLS / seconds;
    m.rows = PREFILL_ROWS;
    seconds = time_linear(b, m, TOKENS, 1, PREFILL_SECONDS);
    r->prefill[f] = (double)PREFILL_ROWS * COLS * TOKENS / seconds;
}

/* One and a half times the last cache, so that it keeps little from pass to pass. */
static size_t weights_bytes(uint64_t available_bytes)
{
    long cache = 0;
#ifdef _SC_LEVEL3_CACHE_SIZE
    cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
#endif
    size_t bytes = cache > 0 ? (size_t)cache + (size_t)cache / 2 : 0;
    if (bytes < LEAST_BYTES) bytes = LEAST_BYTES;
    if (bytes > MOST_BYTES) bytes = MOST_BYTES;
    if (bytes > available_bytes / 4) bytes = (size_t)(available_bytes / 4);
    return bytes > PREFILL_ROWS * COLS * 4 ? bytes : PREFILL_ROWS * COLS * 4;
}

static double measure_vector(const bench *b)
{
    const tael__kernels *kernels = tael__kernels_get();
    double best = 0;
    for (int round = 0; round < 20; round++) {
        memset(b->y, 0, VALUES * sizeof *b->y);
        double begin = tael__clock_seconds();
        kernels->swiglu(b->y, b->x, VALUES);
        double seconds = (tael__clock_seconds() - begin) * 1000 / VALUES;
        if (best == 0 || seconds < best) best = seconds;
    }
    return best;
}

static void nothing(void *user, uint32_t index, uint32_t count)
{
    (void)user, (void)index, (void)count;
}

static double measure_fork(tael__pool *pool)
{
    double best = 0;
    for (int round = 0; round < 5; round++) {
        double begin = tael__clock_seconds();
        for (int i = 0; i < FORKS; i++) tael__pool_run(pool, nothing, NULL);
        double seconds = (tael__clock_seconds() - begin) / FORKS;
        if (best == 0 || seconds < best) best = seconds;
    }
    return best;
}

tael_status tael__rates_measure(tael__rates *r, const bool wanted[TAEL__FORMAT_COUNT], tael__pool *pool,
                                uint64_t available_bytes)
{
    bench b = {.pool = pool, .weights_bytes = weights_bytes(available_bytes)};
    *r = (tael__rates){.fork = measure_fork(pool)};
    TAEL_TRY(tael__workspace_open(&b.workspace, pool, COLS, TOKENS));
    b.weights = tael__alloc(b.weights_bytes);
    b.x = tael__alloc_array((size_t)COLS * TOKENS, sizeof *b.x);
    b.y = tael__alloc_array((size_t)PREFILL_ROWS * TOKENS, sizeof *b.y);
    tael_status status = TAEL_OK;
    if (b.weights && b.x && b.y) {
        memset(b.weights, 0x11, b.weights_bytes);
        for (size_t i = 0; i < (size_t)COLS * TOKENS; i++) b.x[i] = (float)(i % 17) - 8;
        r->vector = measure_vector(&b);
        for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
            if (wanted[f]) measure_format(r, &b, (tael__format)f);
    } else {
        status = tael__fail_memory("measuring", b.weights_bytes);
    }
    tael__free(b.weights);
    tael__free(b.x);
    tael__free(b.y);
    tael__workspace_close(b.workspace);
    return status;
}
