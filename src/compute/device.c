// SPDX-License-Identifier: Apache-2.0
/* What this device can do: its kernels, cores and memory, and how fast all cores together read memory, which is what
 * bounds the words a second of a model. A container's own memory limit counts where it is the smaller one. */
#include <tael/device.h>

#include <string.h>

#include "base/date.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/system.h"
#include "base/threads.h"
#include "compute/kernels.h"

/* Large enough that caches keep little of it from pass to pass, small enough to be there on a phone. */
#define MEASURE_BYTES   ((size_t)256 << 20)
#define MEASURE_SECONDS 0.35
#define STREAMS         4 /* far apart: one stream of reads doesn't fill the memory's queue on every CPU */
#define WORDS_A_LINE    8
#define AHEAD_WORDS     64 /* a stream alone doesn't ask far enough ahead on every CPU */

typedef struct measure {
    const uint64_t *data;
    size_t words;
    bool ahead;                       /* fetch ahead: helps some CPUs and hinders others, so both are tried in turn */
    uint64_t sums[TAEL__MAX_THREADS]; /* so that reading can't be left out */
} measure;

static void read_part(void *user, uint32_t index, uint32_t count)
{
    measure *m = user;
    size_t part = m->words / count / STREAMS / WORDS_A_LINE * WORDS_A_LINE;
    const uint64_t *p = m->data + index * part * STREAMS;
    uint64_t sum[WORDS_A_LINE] = {0};
    for (size_t i = 0; i < part; i += WORDS_A_LINE)
        for (int s = 0; s < STREAMS; s++) {
            const uint64_t *line = p + (size_t)s * part + i;
            if (m->ahead) __builtin_prefetch(line + AHEAD_WORDS, 0, 3);
            for (int j = 0; j < WORDS_A_LINE; j++) sum[j] += line[j];
        }
    for (int j = 1; j < WORDS_A_LINE; j++) sum[0] += sum[j];
    m->sums[index] = sum[0];
}

/* The best pass counts: others were disturbed by something else. */
static tael_status measure_bandwidth(double *gbs, uint64_t available_bytes)
{
    measure m = {0};
    tael__pool *pool;
    size_t bytes = MEASURE_BYTES;
    if (bytes > available_bytes / 4) bytes = (size_t)(available_bytes / 4);
    m.words = bytes / sizeof *m.data;
    void *data = tael__alloc(bytes);
    if (!data) return tael__fail_memory("measuring", bytes);
    memset(data, 1, bytes);
    m.data = data;
    tael_status status = tael__pool_open(&pool, 0);
    if (status == TAEL_OK) {
        double begin = tael__clock_seconds(), before = begin, now;
        do {
            m.ahead = !m.ahead;
            tael__pool_run(pool, read_part, &m);
            now = tael__clock_seconds();
            double rate = (double)bytes / (now - before) * 1e-9;
            if (rate > *gbs) *gbs = rate;
            before = now;
        } while (now - begin < MEASURE_SECONDS);
        tael__pool_close(pool);
    }
    tael__free(data);
    return status;
}

tael_status tael_device_inspect(tael_device *device, bool want_bandwidth)
{
    if (!device || device->size < sizeof *device)
        return tael__fail(TAEL_MISUSE, TAEL_SAY("tael_device_inspect: set device.size = sizeof device first",
                                                "tael_device_inspect：请先设置 device.size = sizeof device"));
    *device = (tael_device){.size = device->size, .isa = tael__kernels_get()->isa, .cores = tael__cores()};
    if (!tael__memory_tell(&device->memory_bytes, &device->available_bytes))
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("this system doesn't tell its memory in /proc/meminfo; mount /proc",
                                   "系统未在 /proc/meminfo 给出内存大小；请挂载 /proc"));
    return want_bandwidth ? measure_bandwidth(&device->bandwidth_gbs, device->available_bytes) : TAEL_OK;
}
