// SPDX-License-Identifier: Apache-2.0
// A list of connections with what time each has left, looked through once a second. A connection whose time is up is
// shut down, not closed: its descriptor stays libmicrohttpd's, which then sees the end and closes it.
#include "serve/watch.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>

#include "base/date.h"

struct tael__watched {
    int socket;
    double since, until; /* clock; until 0: it was shut down */
    bool served;
    tael__watched *next, *before;
};

struct tael__watch {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    tael__watched *first;
    size_t count, most;
    bool stop;
};

#define ROUND_SECONDS 1
#define CROWDED(w)    ((w)->most - (w)->most / 8) /* from here on, whoever sends nothing for a round goes */

static void look(tael__watch *w)
{
    double now = tael__clock_seconds();
    bool crowded = w->count > CROWDED(w);
    for (tael__watched *c = w->first; c; c = c->next) {
        if (c->until == 0 || (now < c->until && !(crowded && !c->served && now > c->since + ROUND_SECONDS))) continue;
        shutdown(c->socket, SHUT_RDWR);
        c->until = 0;
    }
}

static void *watch(void *user)
{
    tael__watch *w = user;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        struct timespec at;
        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += ROUND_SECONDS;
        if (w->first)
            pthread_cond_timedwait(&w->wake, &w->lock, &at);
        else
            pthread_cond_wait(&w->wake, &w->lock); /* nobody is there: sleep on */
        if (!w->stop) look(w);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

tael_status tael__watch_open(tael__watch **out, uint32_t most)
{
    *out = NULL;
    tael__watch *w = tael__alloc_zero(sizeof *w);
    if (!w) return tael__fail_memory(TAEL_SAY("the service", "服务"), sizeof *w);
    w->most = most;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bool good = pthread_mutex_init(&w->lock, NULL) == 0 && pthread_cond_init(&w->wake, &monotonic) == 0 &&
                pthread_create(&w->thread, NULL, watch, w) == 0;
    pthread_condattr_destroy(&monotonic);
    if (good) {
        *out = w;
        return TAEL_OK;
    }
    tael__free(w);
    return tael__fail_memory(TAEL_SAY("a thread", "线程"), 0);
}

void tael__watch_close(tael__watch *w)
{
    if (!w) return;
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    while (w->first) {
        tael__watched *c = w->first;
        w->first = c->next;
        tael__free(c);
    }
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->wake);
    tael__free(w);
}

tael__watched *tael__watch_add(tael__watch *w, int socket)
{
    tael__watched *c = tael__alloc_zero(sizeof *c);
    if (!c) return NULL;
    c->socket = socket;
    pthread_mutex_lock(&w->lock);
    if (!w->first) pthread_cond_signal(&w->wake);
    c->next = w->first;
    if (c->next) c->next->before = c;
    w->first = c;
    w->count++;
    pthread_mutex_unlock(&w->lock);
    return c;
}

void tael__watch_remove(tael__watch *w, tael__watched *c)
{
    if (!c) return;
    pthread_mutex_lock(&w->lock);
    if (c->before)
        c->before->next = c->next;
    else
        w->first = c->next;
    if (c->next) c->next->before = c->before;
    w->count--;
    pthread_mutex_unlock(&w->lock);
    tael__free(c);
}

void tael__watch_allow(tael__watch *w, tael__watched *c, double seconds, bool served)
{
    if (!c) return;
    pthread_mutex_lock(&w->lock);
    c->since = tael__clock_seconds();
    c->until = c->since + seconds;
    c->served = served;
    pthread_mutex_unlock(&w->lock);
}

size_t tael__watch_count(tael__watch *w)
{
    pthread_mutex_lock(&w->lock);
    size_t count = w->count;
    pthread_mutex_unlock(&w->lock);
    return count;
}
