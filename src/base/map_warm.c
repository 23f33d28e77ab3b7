// SPDX-License-Identifier: Apache-2.0
// Entering a map's pages into the process's tables ahead of their use, in a thread of its own. A page that the system
// holds in memory still costs a fault when it is first touched: 6,000 of them, 8 ms, for a model of 400 MB, all of them
// in the time to the first token. While the vocabulary is read another core has nothing to do.
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22 /* Linux 5.14; older ones answer EINVAL, and nothing is lost */
#endif
#define STEP_BYTES ((size_t)8 << 20) /* between two looks at `stop` */
#define LOOKS      64                /* pages that are looked at */

struct tael__warming {
    pthread_t thread;
    const uint8_t *data;
    size_t bytes;
    atomic_bool stop;
};

static void *warm(void *argument)
{
    struct tael__warming *w = argument;
    for (size_t at = 0; at < w->bytes && !atomic_load(&w->stop); at += STEP_BYTES) {
        size_t n = w->bytes - at < STEP_BYTES ? w->bytes - at : STEP_BYTES;
        if (madvise((void *)(uintptr_t)(w->data + at), n, MADV_POPULATE_READ) != 0) break;
    }
    return NULL;
}

/* Does the system hold the file? If not, pages come when they are wanted: reading all of a large file from a disk for a
 * few of its pages would be worse than any fault. */
static bool is_held(const tael__map *map)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    for (size_t i = 0; i < LOOKS; i++) {
        unsigned char there = 0;
        size_t at = map->bytes / LOOKS * i / page * page;
        if (mincore((void *)(uintptr_t)(map->data + at), 1, &there) != 0 || !(there & 1)) return false;
    }
    return true;
}

void tael__map_warm(tael__map *map)
{
    sigset_t all, before;
    if (map->warming || map->bytes < STEP_BYTES || !is_held(map)) return;
    struct tael__warming *w = tael__alloc_zero(sizeof *w);
    if (!w) return;
    w->data = map->data;
    w->bytes = map->bytes;
    sigfillset(&all); /* Ctrl-C belongs to the program's own threads */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(&w->thread, NULL, warm, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error)
        tael__free(w);
    else
        map->warming = w;
}

void tael__map_end_warming(tael__map *map)
{
    if (!map->warming) return;
    atomic_store(&map->warming->stop, true);
    pthread_join(map->warming->thread, NULL);
    tael__free(map->warming);
    map->warming = NULL;
}
