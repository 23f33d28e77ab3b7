// SPDX-License-Identifier: Apache-2.0
// Lanes of threads that run errands. A thread opens its handle of the ledger with the first errand that needs one, and
// keeps it: opening a protected ledger takes half a second.
#include "serve/desk.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"

#define QUEUE_MOST    256 /* errands that wait in a lane */
#define EVENTS_MOST   ((size_t)16 << 20)
#define READ_BUSY_MS  5000
#define WRITE_BUSY_MS 60000 /* an import by the command may hold the ledger so long */
#define THREADS_MOST  6

/* Threads of each lane. */
static const uint32_t lanes[TAEL__LANE_COUNT] = {3, 1, 1, 1};

typedef struct queue {
    tael__errand *first, **last;
    size_t count;
} queue;

typedef struct clerk {
    tael__desk *desk;
    tael__lane lane;
    pthread_t thread;
    tael_ledger *ledger;   /* its thread's own */
    tael__errand *running; /* guarded by the desk's lock, while it holds a reference */
} clerk;

struct tael__desk {
    char home[TAEL__MAX_PATH_BYTES], *passphrase;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    queue queue[TAEL__LANE_COUNT]; /* guarded by the lock, as all below */
    bool draining, stopping;
    clerk clerk[THREADS_MOST];
    uint32_t clerk_count;
    pthread_t lookout;
    bool looks_out;
};

/* ---- Errands ---- */

tael__errand *tael__errand_make(tael__desk *desk, struct MHD_Connection *connection)
{
    tael__errand *e = tael__alloc_zero(sizeof *e);
    if (!e) return NULL;
    if (pthread_mutex_init(&e->lock, NULL) != 0) {
        tael__free(e);
        return NULL;
    }
    e->desk = desk;
    e->connection = connection;
    e->socket = -1;
    e->references = 1;
    e->out.max = EVENTS_MOST;
    return e;
}

static void hold(tael__errand *e)
{
    __atomic_add_fetch(&e->references, 1, __ATOMIC_RELAXED);
}

void tael__errand_release(tael__errand *e)
{
    if (!e || __atomic_sub_fetch(&e->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    pthread_mutex_destroy(&e->lock);
    tael__free(e->tail);
    json_decref(e->query);
    json_decref(e->body);
    if (e->task) e->task_free(e->task);
    tael__buffer_free(&e->bytes);
    tael__buffer_free(&e->out);
    tael__free(e);
}

static void cancel(tael__errand *e)
{
    pthread_mutex_lock(&e->lock);
    if (e->session) tael_session_cancel(e->session);
    pthread_mutex_unlock(&e->lock);
}

void tael__errand_leave(tael__errand *e)
{
    pthread_mutex_lock(&e->lock);
    e->connection = NULL;
    e->socket = -1;
    e->suspended = false;
    pthread_mutex_unlock(&e->lock);
    cancel(e);
}

void tael__errand_session(tael__errand *e, tael_session *session)
{
    pthread_mutex_lock(&e->lock);
    e->session = session;
    pthread_mutex_unlock(&e->lock);
    if (session && tael__errand_unwanted(e)) tael_session_cancel(session);
}

/* A suspended connection isn't watched by libmicrohttpd, so its socket is looked at here. */
static bool hung_up(tael__errand *e)
{
    pthread_mutex_lock(&e->lock);
    struct pollfd socket = {.fd = e->socket, .events = POLLRDHUP};
    bool gone = !e->connection || (e->socket >= 0 && poll(&socket, 1, 0) > 0 && socket.revents != 0);
    pthread_mutex_unlock(&e->lock);
    return gone;
}

bool tael__errand_unwanted(tael__errand *e)
{
    pthread_mutex_lock(&e->desk->lock);
    bool unwanted = e->desk->stopping || (e->desk->draining && e->lane == TAEL__LANE_PULL);
    pthread_mutex_unlock(&e->desk->lock);
    return unwanted || hung_up(e);
}

/* The lock is held. */
static bool news(const tael__errand *e)
{
    return e->over || (e->events && e->out.size > e->sent);
}

/* The lock is held. */
static void wake(tael__errand *e)
{
    if (!e->suspended || !e->connection) return;
    e->suspended = false;
    e->mhd->resume_connection(e->connection);
}

/* The lock is held. */
static void sleep_until_news(tael__errand *e)
{
    if (!e->connection) return;
    e->suspended = true;
    e->mhd->suspend_connection(e->connection);
}

bool tael__errand_await(tael__errand *e)
{
    pthread_mutex_lock(&e->lock);
    bool ready = news(e);
    if (!ready) sleep_until_news(e);
    pthread_mutex_unlock(&e->lock);
    return ready;
}

ssize_t tael__errand_take(tael__errand *e, char *out, size_t most)
{
    pthread_mutex_lock(&e->lock);
    size_t n = e->out.size - e->sent;
    if (n > most) n = most;
    if (n > 0) memcpy(out, e->out.data + e->sent, n);
    e->sent += n;
    bool end = n == 0 && e->over;
    if (n == 0 && !end) sleep_until_news(e);
    pthread_mutex_unlock(&e->lock);
    return end ? -1 : (ssize_t)n;
}

/* The lock is held; takes the reference of `data`. */
static void say_event(tael__errand *e, const char *name, json_t *data)
{
    char *text = data ? json_dumps(data, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(data);
    if (text)
        tael__buffer_format(&e->out, "event: %s\ndata: %s\n\n", name, text);
    else
        e->out.failed = TAEL_NO_MEMORY;
    free(text); /* jansson's own memory */
}

void tael__errand_event(tael__errand *e, const char *name, json_t *data)
{
    pthread_mutex_lock(&e->lock);
    say_event(e, name, data);
    wake(e);
    pthread_mutex_unlock(&e->lock);
}

/* The lock is held. */
static tael_status put_reply(tael__errand *e, json_t *reply)
{
    char *text = json_dumps(reply, JSON_COMPACT | JSON_REAL_PRECISION(10));
    if (!text) return tael__fail_memory("JSON", 0);
    tael_status status = tael__buffer_text(&e->out, text);
    free(text); /* jansson's own memory */
    return status;
}

static void finish(tael__errand *e, tael_status status, json_t *reply)
{
    pthread_mutex_lock(&e->lock);
    if (status == TAEL_OK && e->events)
        say_event(e, e->events, json_incref(reply));
    else if (status == TAEL_OK && reply)
        status = put_reply(e, reply);
    e->status = status;
    if (status != TAEL_OK) snprintf(e->error, sizeof e->error, "%s", tael_error());
    if (status != TAEL_OK && e->out.size > 0 && e->events)
        say_event(e, "error",
                  json_pack("{s:{s:s,s:s}}", "error", "code", e->code ? e->code : tael_status_name(status), "message",
                            e->error));
    e->over = true;
    wake(e);
    pthread_mutex_unlock(&e->lock);
    json_decref(reply);
    tael__errand_release(e);
}

/* ---- Clerks ---- */

static tael_status open_ledger(clerk *c)
{
    tael_ledger_options o = {.size = sizeof o,
                             .passphrase = c->desk->passphrase,
                             .busy_timeout_ms = c->lane == TAEL__LANE_READ ? READ_BUSY_MS : WRITE_BUSY_MS};
    if (c->ledger) return TAEL_OK;
    TAEL_TRY(tael__folder_make(c->desk->home));
    return tael_ledger_open(&c->ledger, c->desk->home, &o);
}

static void run_errand(clerk *c, tael__errand *e)
{
    json_t *reply = NULL;
    tael_set_language(e->language);
    tael_status status = e->ledger ? open_ledger(c) : TAEL_OK;
    if (status == TAEL_OK || e->without) status = e->run(e, status == TAEL_OK ? c->ledger : NULL, &reply);
    finish(e, status, reply);
}

static tael__errand *take_first(queue *q)
{
    tael__errand *e = q->first;
    if (!e) return NULL;
    q->first = e->next;
    if (!q->first) q->last = &q->first;
    q->count--;
    return e;
}

static void *work(void *user)
{
    clerk *c = user;
    tael__desk *d = c->desk;
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        tael__errand *e = take_first(&d->queue[c->lane]);
        if (!e) {
            pthread_cond_wait(&d->wake, &d->lock);
            continue;
        }
        c->running = e;
        hold(e);
        pthread_cond_broadcast(&d->wake); /* the lookout has something to look at */
        pthread_mutex_unlock(&d->lock);
        run_errand(c, e);
        pthread_mutex_lock(&d->lock);
        c->running = NULL;
        tael__errand_release(e);
    }
    pthread_mutex_unlock(&d->lock);
    tael_ledger_close(c->ledger);
    return NULL;
}

/* What asks a model can't look for itself whether its client is still there: it is looked for, twice a second. */
static void *look_out(void *user)
{
    tael__desk *d = user;
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        bool asks = false;
        for (uint32_t i = 0; i < d->clerk_count; i++) {
            clerk *c = &d->clerk[i];
            if (c->lane != TAEL__LANE_ASK || !c->running) continue;
            asks = true;
            if (hung_up(c->running)) cancel(c->running);
        }
        struct timespec at;
        clock_gettime(CLOCK_REALTIME, &at);
        at.tv_nsec += 500000000;
        at.tv_sec += at.tv_nsec / 1000000000;
        at.tv_nsec %= 1000000000;
        if (asks)
            pthread_cond_timedwait(&d->wake, &d->lock, &at);
        else
            pthread_cond_wait(&d->wake, &d->lock);
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

static tael_status fail_ending(void)
{
    return tael__fail(TAEL_CANCELLED, TAEL_SAY("the service is ending; start it again", "服务正在停止；请重新启动"));
}

tael_status tael__errand_submit(tael__errand *e)
{
    tael__desk *d = e->desk;
    pthread_mutex_lock(&d->lock);
    queue *q = &d->queue[e->lane];
    bool ending = d->draining || d->stopping, full = q->count >= QUEUE_MOST;
    if (!ending && !full) {
        hold(e);
        *q->last = e;
        q->last = &e->next;
        q->count++;
        pthread_cond_broadcast(&d->wake);
    }
    pthread_mutex_unlock(&d->lock);
    if (ending) return fail_ending();
    if (!full) return TAEL_OK;
    return tael__fail(TAEL_LIMIT,
                      TAEL_SAY("too many requests are waiting; ask again in a moment", "等待的请求过多；请稍后重试"));
}

/* ---- The desk ---- */

tael_status tael__desk_open(tael__desk **out, const tael__desk_options *o)
{
    *out = NULL;
    tael__desk *d = tael__alloc_zero(sizeof *d);
    if (!d) return tael__fail_memory(TAEL_SAY("the page", "页面"), sizeof *d);
    tael_status status = tael__home(d->home, sizeof d->home, o->home);
    if (status == TAEL_OK && o->passphrase && *o->passphrase) {
        d->passphrase = tael__strdup(o->passphrase);
        if (!d->passphrase) status = tael__fail_memory(TAEL_SAY("the page", "页面"), strlen(o->passphrase));
    }
    for (int i = 0; i < TAEL__LANE_COUNT; i++) d->queue[i].last = &d->queue[i].first;
    pthread_mutex_init(&d->lock, NULL);
    pthread_cond_init(&d->wake, NULL);
    for (int lane = 0; lane < TAEL__LANE_COUNT && status == TAEL_OK; lane++)
        for (uint32_t i = 0; i < lanes[lane] && status == TAEL_OK; i++) {
            clerk *c = &d->clerk[d->clerk_count];
            *c = (clerk){.desk = d, .lane = (tael__lane)lane};
            if (pthread_create(&c->thread, NULL, work, c) == 0)
                d->clerk_count++;
            else
                status = tael__fail_memory(TAEL_SAY("a thread", "线程"), 0);
        }
    if (status == TAEL_OK) {
        d->looks_out = pthread_create(&d->lookout, NULL, look_out, d) == 0;
        if (!d->looks_out) status = tael__fail_memory(TAEL_SAY("a thread", "线程"), 0);
    }
    if (status == TAEL_OK)
        *out = d;
    else
        tael__desk_close(d);
    return status;
}

const char *tael__desk_home(const tael__desk *d)
{
    return d->home;
}

void tael__desk_drain(tael__desk *d)
{
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    d->draining = true;
    pthread_mutex_unlock(&d->lock);
}

void tael__desk_stop(tael__desk *d)
{
    if (!d) return;
    pthread_mutex_lock(&d->lock);
    d->stopping = true;
    pthread_cond_broadcast(&d->wake);
    for (uint32_t i = 0; i < d->clerk_count; i++)
        if (d->clerk[i].running) cancel(d->clerk[i].running);
    pthread_mutex_unlock(&d->lock);
    if (d->looks_out) pthread_join(d->lookout, NULL);
    d->looks_out = false;
    for (uint32_t i = 0; i < d->clerk_count; i++) pthread_join(d->clerk[i].thread, NULL);
    d->clerk_count = 0;
    for (int i = 0; i < TAEL__LANE_COUNT; i++)
        for (tael__errand *e; (e = take_first(&d->queue[i]));) finish(e, fail_ending(), NULL);
}

void tael__desk_close(tael__desk *d)
{
    if (!d) return;
    tael__desk_stop(d);
    pthread_mutex_destroy(&d->lock);
    pthread_cond_destroy(&d->wake);
    if (d->passphrase) explicit_bzero(d->passphrase, strlen(d->passphrase));
    tael__free(d->passphrase);
    tael__free(d);
}
