// SPDX-License-Identifier: Apache-2.0
// Turns: of the keys that have something waiting, the one with the fewest running generations goes next, and among
// those the one that was served longest ago; so a key with a hundred requests delays another key's first by one
// generation at most. A job enters the batch only when a sequence is free: until then it can be given up for nothing,
// and later keys come to their turn. Between two steps the thread looks whose client went away.
#include "serve/engine.h"

#include <poll.h>
#include <string.h>
#include <tael/embed.h>
#include <time.h>

#include "base/date.h"
#include "base/system.h"
#include "model/model.h"

#define DEFAULT_CONTEXT 4096
#define EMBED_CONTEXT   2048
#define STEP_TOKENS     256
#define CACHE_SHARE     4   /* of the memory that is free, as a fraction, that the cache may take */
#define MEAN_WEIGHT     0.1 /* of the newest generation in the running mean of their time */
#define WAIT_MOST       60

/* What waits of one key. */
typedef struct turn {
    tael__job *first, **last;
    uint32_t queued, running;
    uint64_t served; /* when it last had its turn, counted in turns */
} turn;

struct tael__engine {
    const tael_model *model;
    tael__metrics *metrics;
    tael_language language;
    uint32_t parallel, context_tokens, embed_context, threads;
    uint64_t cache_tokens;
    /* The thread's own. */
    tael_batch *batch;       /* NULL: the model doesn't write */
    tael_embedder *embedder; /* NULL: nobody has asked yet */
    tael__job **running;     /* owned: [parallel] */
    struct pollfd *sockets;  /* owned: [parallel] */
    uint32_t next_embed;
    double looked; /* clock: when the queue was last looked through */
    bool ends;     /* `stopping` as it was when this round began */
    /* Shared. */
    pthread_mutex_t lock;
    pthread_cond_t work, idle;
    turn *turns; /* owned: [key_count] */
    uint32_t key_count, queued, running_count;
    uint64_t turn_number;
    double mean_seconds; /* of a generation */
    bool draining, stopping, started, made;
    pthread_t thread;
};

static double now(void)
{
    return tael__clock_seconds();
}

static void gauges(tael__engine *e)
{
    tael__metrics_set(&e->metrics->queued, e->queued);
    tael__metrics_set(&e->metrics->running, e->running_count);
}

/* ---- Ending ---- */

static void end_job(tael__engine *e, tael__job *job, tael_status status, const char *error,
                    const tael_generation *result)
{
    double seconds = now() - job->call->created;
    if (status == TAEL_OK) {
        tael__metrics_observe(&e->metrics->request, seconds);
        tael__metrics_add(&e->metrics->completion_tokens, result->completion_tokens);
        if (job->prompt) {
            tael__metrics_add(&e->metrics->prompt_tokens, result->prompt_tokens);
            tael__metrics_add(&e->metrics->shared_tokens, job->prompt_tokens - result->prompt_tokens);
        }
    } else if (job->ending != TAEL_OK) {
        tael__metrics_add(&e->metrics->cancelled, 1);
    }
    tael__call_end(job, status, error, result);
}

/* The sentence of why a job was given up. */
static const char *ending_text(tael_status ending)
{
    return ending == TAEL_LIMIT ? TAEL_SAY("request: its time was up; ask for less, or give the service more time",
                                           "请求：已超时；请减少要求，或让服务给更长时间")
                                : TAEL_SAY("request: given up; ask again", "请求：已放弃；请重试");
}

static void end_given_up(tael__engine *e, tael__job *job)
{
    tael_generation none = {0};
    end_job(e, job, job->ending, ending_text(job->ending), &none);
}

static void leave_running(tael__engine *e, tael__job *job)
{
    uint32_t i = 0;
    while (i < e->running_count && e->running[i] != job) i++;
    if (i == e->running_count) return;
    pthread_mutex_lock(&e->lock);
    e->running[i] = e->running[--e->running_count];
    e->turns[job->call->key].running--;
    e->mean_seconds += (now() - job->began - e->mean_seconds) * MEAN_WEIGHT;
    gauges(e);
    if (e->running_count == 0 && e->queued == 0) pthread_cond_broadcast(&e->idle);
    pthread_mutex_unlock(&e->lock);
}

/* ---- Generating ---- */

static int on_piece(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    tael__job *job = user;
    tael__metrics *m = job->call->engine->metrics;
    double at = now();
    (void)ids;
    if (job->last_piece > 0)
        tael__metrics_observe(&m->next_token, at - job->last_piece);
    else
        tael__metrics_observe(&m->first_token, at - job->call->created);
    job->last_piece = at;
    return tael__call_say(job, text, bytes, count) ? 0 : 1;
}

static void on_odds(const tael_odds *odds, void *user)
{
    tael__call_odds(user, odds);
}

static void on_done(uint64_t id, tael_status status, const char *error, const tael_generation *result, void *user)
{
    tael__job *job = user;
    tael__engine *e = job->call->engine;
    (void)id;
    leave_running(e, job);
    if (job->ending != TAEL_OK)
        end_given_up(e, job);
    else
        end_job(e, job, status, error, result);
}

static tael_status begin_generation(tael__engine *e, tael__job *job)
{
    tael_generate_options o = job->call->options;
    o.seed = job->seed;
    o.schema = job->call->schema;
    o.stops = job->call->stops;
    if (job->call->wants_odds) o.odds = on_odds;
    return tael_batch_add(e->batch, job->prompt, job->prompt_bytes, &o, on_piece, on_done, job, &job->id);
}

/* ---- Embedding: a text between two steps ---- */

static tael_status begin_embedding(tael__engine *e, tael__call *call)
{
    if (!e->embedder) {
        tael_embed_options o = {.size = sizeof o, .context_tokens = e->embed_context, .threads = e->threads};
        TAEL_TRY(tael_embedder_open(&e->embedder, e->model, &o));
    }
    call->width = tael_embedder_width(e->embedder);
    call->vectors = tael__alloc_array((size_t)call->text_count * call->width, sizeof *call->vectors);
    if (call->vectors) return TAEL_OK;
    return tael__fail_memory(TAEL_SAY("vectors", "向量"), (size_t)call->text_count * call->width * sizeof(float));
}

static void embed_one(tael__engine *e, tael__job *job)
{
    tael__call *c = job->call;
    size_t tokens = 0;
    const char *text = c->texts[c->text_next];
    float *vector = c->vectors + (size_t)c->text_next * c->width;
    tael_status status = tael_embed(e->embedder, text, strlen(text), vector, &tokens);
    c->text_tokens += tokens;
    c->text_next++;
    if (status == TAEL_OK && c->text_next < c->text_count) return;
    tael_generation result = {0};
    leave_running(e, job);
    end_job(e, job, status, status == TAEL_OK ? "" : tael_error(), &result);
}

/* The next of those that embed gets its next text done; false: none does. */
static bool embed_next(tael__engine *e)
{
    for (uint32_t i = 0; i < e->running_count; i++) {
        tael__job *job = e->running[(e->next_embed + i) % e->running_count];
        if (job->prompt) continue;
        e->next_embed += i + 1;
        embed_one(e, job);
        return true;
    }
    return false;
}

/* ---- Turns ---- */

/* The lock is held. */
static tael__job *take_next(tael__engine *e)
{
    turn *best = NULL;
    for (uint32_t i = 0; i < e->key_count; i++) {
        turn *t = &e->turns[i];
        if (t->queued == 0) continue;
        if (!best || t->running < best->running || (t->running == best->running && t->served < best->served)) best = t;
    }
    if (!best) return NULL;
    tael__job *job = best->first;
    best->first = job->next;
    if (!best->first) best->last = &best->first;
    job->next = NULL;
    job->began = now();
    best->queued--;
    best->running++;
    best->served = ++e->turn_number;
    e->queued--;
    e->running[e->running_count++] = job;
    gauges(e);
    return job;
}

static void let_in(tael__engine *e)
{
    while (e->running_count < e->parallel) {
        pthread_mutex_lock(&e->lock);
        tael__job *job = take_next(e);
        pthread_mutex_unlock(&e->lock);
        if (!job) return;
        tael_status status = job->prompt ? begin_generation(e, job) : begin_embedding(e, job->call);
        if (status == TAEL_OK) continue;
        tael_generation none = {0};
        leave_running(e, job);
        end_job(e, job, status, tael_error(), &none);
    }
}

/* ---- Giving up ---- */

/* Why the job isn't to go on; TAEL_OK: it is. `events`: of its socket. */
static tael_status reason_to_end(const tael__engine *e, const tael__job *job, double at, short events)
{
    if (e->ends || (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) || tael__call_left(job->call))
        return TAEL_CANCELLED;
    return at > job->call->deadline ? TAEL_LIMIT : TAEL_OK;
}

static int socket_of(tael__call *call)
{
    pthread_mutex_lock(&call->lock);
    int fd = call->socket;
    pthread_mutex_unlock(&call->lock);
    return fd;
}

/* A suspended connection isn't watched by libmicrohttpd, so its socket is looked at here. */
static void drop_running(tael__engine *e)
{
    double at = now();
    uint32_t count = e->running_count;
    for (uint32_t i = 0; i < count; i++)
        e->sockets[i] = (struct pollfd){.fd = socket_of(e->running[i]->call), .events = POLLRDHUP};
    if (count == 0 || poll(e->sockets, count, 0) < 0) return;
    for (uint32_t i = count; i-- > 0;) { /* backwards: a job that ends is replaced by the last */
        tael__job *job = e->running[i];
        if (job->ending != TAEL_OK) continue;
        job->ending = reason_to_end(e, job, at, e->sockets[i].revents);
        if (job->ending == TAEL_OK) continue;
        if (job->prompt) {
            tael_batch_cancel(e->batch, job->id);
        } else {
            leave_running(e, job);
            end_given_up(e, job);
        }
    }
}

/* The jobs of one key that wait for nothing, unlinked into *gone. The lock is held. */
static void unlink_gone(tael__engine *e, turn *t, double at, tael__job **gone)
{
    tael__job **link = &t->first;
    while (*link) {
        tael__job *job = *link;
        struct pollfd socket = {.fd = socket_of(job->call), .events = POLLRDHUP};
        short events = poll(&socket, 1, 0) > 0 ? socket.revents : 0;
        job->ending = reason_to_end(e, job, at, events);
        if (job->ending == TAEL_OK) {
            link = &job->next;
            continue;
        }
        *link = job->next;
        job->next = *gone;
        *gone = job;
        t->queued--;
        e->queued--;
    }
    t->last = link;
}

#define LOOK_SECONDS 0.1 /* between two looks through the queue: what waits takes nothing but its place */

static void drop_queued(tael__engine *e)
{
    tael__job *gone = NULL;
    double at = now();
    if (at < e->looked + LOOK_SECONDS && !e->ends) return;
    e->looked = at;
    pthread_mutex_lock(&e->lock);
    for (uint32_t i = 0; i < e->key_count && e->queued > 0; i++) unlink_gone(e, &e->turns[i], at, &gone);
    gauges(e);
    if (e->running_count == 0 && e->queued == 0) pthread_cond_broadcast(&e->idle);
    pthread_mutex_unlock(&e->lock);
    while (gone) {
        tael__job *job = gone;
        gone = job->next;
        end_given_up(e, job);
    }
}

/* ---- The thread ---- */

static bool wait_for_work(tael__engine *e)
{
    pthread_mutex_lock(&e->lock);
    while (!e->stopping && e->queued == 0 && e->running_count == 0) pthread_cond_wait(&e->work, &e->lock);
    e->ends = e->stopping;
    bool more = !e->ends || e->queued > 0 || e->running_count > 0;
    pthread_mutex_unlock(&e->lock);
    return more;
}

static void step(tael__engine *e)
{
    size_t busy = 0;
    tael_batch_usage usage = {.size = sizeof usage};
    embed_next(e);
    if (!e->batch) return;
    (void)tael_batch_step(e->batch, &busy); /* a failure has ended every running job with its sentence */
    if (tael_batch_get_usage(e->batch, &usage) == TAEL_OK)
        tael__metrics_set(&e->metrics->cache_used, usage.cache_used_tokens);
}

static void *work(void *user)
{
    tael__engine *e = user;
    tael_set_language(e->language);
    while (wait_for_work(e)) {
        drop_queued(e);
        drop_running(e);
        if (!e->ends) let_in(e);
        step(e);
    }
    return NULL;
}

/* ---- From outside ---- */

static tael_status open_batch(tael__engine *e, const tael__engine_options *o)
{
    if (tael__model_check_writes(o->model) != TAEL_OK) return TAEL_OK;
    tael_batch_options b = {.size = sizeof b,
                            .context_tokens = e->context_tokens,
                            .sequences = e->parallel,
                            .cache_tokens = e->cache_tokens,
                            .step_tokens = STEP_TOKENS,
                            .queue = e->parallel,
                            .threads = e->threads,
                            .kv_q8 = o->kv_q8};
    return tael_batch_open(&e->batch, o->model, &b);
}

/* Room for all at their longest, or for as much as a quarter of the memory that is free holds: what was computed stays
 * there until the room is needed, so in time all of it is used. */
static uint64_t cache_for(const tael__engine *e, const tael_model_info *info, bool kv_q8)
{
    uint64_t all = (uint64_t)e->context_tokens * e->parallel, total, free;
    uint64_t each = (uint64_t)info->layers * info->kv_heads * info->head_size * 2 * (kv_q8 ? 1 : 2);
    if (!tael__memory_tell(&total, &free) || each == 0) return all;
    uint64_t most = free / CACHE_SHARE / each;
    return most < e->context_tokens ? e->context_tokens : most < all ? most : all;
}

static tael_status open_parts(tael__engine *e, const tael__engine_options *o)
{
    tael_model_info info = {.size = sizeof info};
    TAEL_TRY(tael_model_get_info(o->model, &info));
    uint32_t most = info.context_tokens ? info.context_tokens : DEFAULT_CONTEXT;
    e->context_tokens = o->context_tokens ? o->context_tokens : most < DEFAULT_CONTEXT ? most : DEFAULT_CONTEXT;
    e->embed_context = most < EMBED_CONTEXT ? most : EMBED_CONTEXT;
    e->cache_tokens = cache_for(e, &info, o->kv_q8);
    e->running = tael__alloc_array(e->parallel, sizeof *e->running);
    e->sockets = tael__alloc_array(e->parallel, sizeof *e->sockets);
    e->turns = tael__alloc_array(e->key_count, sizeof *e->turns);
    if (!e->running || !e->sockets || !e->turns) return tael__fail_memory(TAEL_SAY("the service", "服务"), 0);
    for (uint32_t i = 0; i < e->key_count; i++) e->turns[i].last = &e->turns[i].first;
    TAEL_TRY(open_batch(e, o));
    tael__metrics_set(&e->metrics->cache_tokens, e->batch ? e->cache_tokens : 0);
    if (pthread_mutex_init(&e->lock, NULL) != 0) return tael__fail_memory(TAEL_SAY("the service", "服务"), 0);
    pthread_cond_init(&e->work, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&e->idle, &monotonic);
    pthread_condattr_destroy(&monotonic);
    e->made = true;
    e->started = pthread_create(&e->thread, NULL, work, e) == 0;
    return e->started ? TAEL_OK : tael__fail_memory(TAEL_SAY("a thread", "线程"), 0);
}

tael_status tael__engine_open(tael__engine **out, const tael__engine_options *options)
{
    *out = NULL;
    tael__engine *e = tael__alloc_zero(sizeof *e);
    if (!e) return tael__fail_memory(TAEL_SAY("the service", "服务"), sizeof *e);
    e->model = options->model;
    e->metrics = options->metrics;
    e->language = options->language;
    e->parallel = options->parallel;
    e->threads = options->threads;
    e->key_count = options->key_count;
    tael_status status = open_parts(e, options);
    if (status == TAEL_OK)
        *out = e;
    else
        tael__engine_close(e);
    return status;
}

void tael__engine_stop(tael__engine *e)
{
    if (!e || !e->started) return;
    pthread_mutex_lock(&e->lock);
    e->draining = e->stopping = true;
    pthread_cond_broadcast(&e->work);
    pthread_mutex_unlock(&e->lock);
    pthread_join(e->thread, NULL);
    e->started = false;
}

void tael__engine_close(tael__engine *e)
{
    if (!e) return;
    tael__engine_stop(e);
    if (e->made) {
        pthread_mutex_destroy(&e->lock);
        pthread_cond_destroy(&e->work);
        pthread_cond_destroy(&e->idle);
    }
    tael_batch_close(e->batch);
    tael_embedder_close(e->embedder);
    tael__free(e->running);
    tael__free(e->sockets);
    tael__free(e->turns);
    tael__free(e);
}

bool tael__engine_writes(const tael__engine *e)
{
    return e->batch != NULL;
}

uint32_t tael__engine_context(const tael__engine *e)
{
    return e->context_tokens;
}

uint32_t tael__engine_embed_context(const tael__engine *e)
{
    return e->embed_context;
}

/* Half of the queue is the most that one key takes where there are several. The lock is held. */
static bool has_room(const tael__engine *e, const tael__call *call)
{
    uint32_t most = e->key_count > 1 ? TAEL__MAX_SERVE_QUEUE / 2 : TAEL__MAX_SERVE_QUEUE;
    return e->queued + call->job_count <= TAEL__MAX_SERVE_QUEUE && e->turns[call->key].queued + call->job_count <= most;
}

tael_status tael__engine_submit(tael__engine *e, tael__call *call, uint32_t *wait_seconds)
{
    tael_status status = TAEL_OK;
    call->engine = e;
    pthread_mutex_lock(&e->lock);
    turn *t = &e->turns[call->key];
    double wait = e->mean_seconds * e->queued / e->parallel;
    *wait_seconds = wait < 1 ? 1 : wait > WAIT_MOST ? WAIT_MOST : (uint32_t)wait;
    if (e->draining) {
        status = TAEL_CANCELLED;
    } else if (!has_room(e, call)) {
        status = TAEL_LIMIT;
    } else {
        for (uint32_t i = 0; i < call->job_count; i++) {
            tael__call_hold(call);
            *t->last = &call->jobs[i];
            t->last = &call->jobs[i].next;
        }
        t->queued += call->job_count;
        e->queued += call->job_count;
        gauges(e);
        pthread_cond_signal(&e->work);
    }
    pthread_mutex_unlock(&e->lock);
    return status;
}

bool tael__engine_drain(tael__engine *e, double seconds)
{
    struct timespec until;
    int failed = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += (time_t)seconds;
    pthread_mutex_lock(&e->lock);
    e->draining = true;
    while ((e->queued > 0 || e->running_count > 0) && failed == 0)
        failed = pthread_cond_timedwait(&e->idle, &e->lock, &until);
    pthread_mutex_unlock(&e->lock);
    return failed == 0;
}

bool tael__engine_draining(tael__engine *e)
{
    pthread_mutex_lock(&e->lock);
    bool draining = e->draining;
    pthread_mutex_unlock(&e->lock);
    return draining;
}
