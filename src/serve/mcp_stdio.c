// SPDX-License-Identifier: Apache-2.0
// MCP over standard input and output: one message a line. This thread reads; calls run on the desk's lanes, as the
// page's errands do, so that a question to a model holds up neither a sum nor a ping.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/status.h"
#include "serve/desk.h"
#include "serve/mcp.h"

#define CHUNK 65536

typedef struct stdio {
    const tael__mcp_stdio_options *options;
    tael__mcp *hub;
    tael__desk *desk;
    tael__mcp_client client;
    tael__mcp_place place;
    tael_language language;
    tael_model *model; /* opened with the first question; only the lane that asks touches it */
    tael__asked_model asked;
    bool looked;          /* for a model */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t fewer;
    size_t running; /* tasks that aren't answered */
    bool gone;      /* nobody reads what we write */
} stdio;

/* ---- Writing ---- */

/* The lock is held: lines don't mix. */
static void write_whole(stdio *s, const char *text, size_t bytes)
{
    while (bytes > 0 && !s->gone) {
        ssize_t n = write(s->options->out, text, bytes);
        if (n < 0 && errno == EINTR) continue;
        s->gone = n <= 0;
        if (s->gone) break;
        text += n;
        bytes -= (size_t)n;
    }
}

static void say(stdio *s, tael__buffer *answer)
{
    if (answer->size == 0 || tael__buffer_text(answer, "\n") != TAEL_OK) return;
    pthread_mutex_lock(&s->lock);
    write_whole(s, answer->data, answer->size);
    pthread_mutex_unlock(&s->lock);
}

static void say_error(stdio *s, int code, const char *sentence)
{
    tael__buffer out = {.max = TAEL__MAX_JSON_BYTES};
    tael__mcp_error(&out, NULL, code, sentence);
    say(s, &out);
    tael__buffer_free(&out);
}

/* ---- Calls ---- */

static tael_status find_model(void *user, tael__asked_model *out)
{
    stdio *s = user;
    if (!s->looked) {
        tael_status status = tael_model_find(s->options->home, s->options->model, s->asked.path, sizeof s->asked.path);
        if (status == TAEL_OK) TAEL_TRY(tael_model_open(&s->model, s->asked.path));
        if (status != TAEL_OK && (status != TAEL_NOT_FOUND || s->options->model)) return status;
        if (!s->model) s->asked.path[0] = '\0'; /* none is installed: examples alone decide */
        s->asked.model = s->model;
        s->looked = true;
    }
    *out = s->asked;
    return TAEL_OK;
}

typedef struct work {
    stdio *s;
    tael__mcp_task *task;
} work;

static void free_work(void *user)
{
    work *w = user;
    stdio *s = w->s;
    tael__mcp_task_free(w->task);
    tael__free(w);
    pthread_mutex_lock(&s->lock);
    s->running--;
    pthread_cond_signal(&s->fewer);
    pthread_mutex_unlock(&s->lock);
}

static tael_status run_work(tael__errand *e, tael_ledger *ledger, json_t **reply)
{
    work *w = e->task;
    (void)reply;
    tael__mcp_run(w->task, ledger, &w->s->place);
    say(w->s, &w->task->out);
    return TAEL_OK;
}

/* Takes the task. */
static void submit(stdio *s, tael__mcp_task *task)
{
    work *w = tael__alloc_zero(sizeof *w);
    tael__errand *e = w ? tael__errand_make(s->desk, NULL) : NULL;
    if (!e) {
        tael__mcp_refuse(task, TAEL__RPC_INTERNAL,
                         TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
        say(s, &task->out);
        tael__mcp_task_free(task);
        tael__free(w);
        return;
    }
    *w = (work){.s = s, .task = task};
    e->task = w;
    e->task_free = free_work;
    e->run = run_work;
    e->lane = task->asks ? TAEL__LANE_ASK : TAEL__LANE_READ;
    e->ledger = e->without = true;
    e->language = s->language;
    pthread_mutex_lock(&s->lock);
    s->running++;
    pthread_mutex_unlock(&s->lock);
    if (tael__errand_submit(e) != TAEL_OK) {
        tael__mcp_refuse(task, TAEL__RPC_BUSY, tael_error());
        say(s, &task->out);
    }
    tael__errand_release(e);
}

/* ---- Reading ---- */

static void take_line(stdio *s, const char *line, size_t bytes)
{
    int fault;
    if (bytes > 0 && line[bytes - 1] == '\r') bytes--;
    if (strspn(line, " \t") >= bytes) return;
    tael__mcp_task *task = tael__mcp_take(s->hub, "", &s->client, line, bytes, &fault);
    if (!task) {
        say_error(s, TAEL__RPC_INTERNAL, TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
    } else if (tael__mcp_has_calls(task)) {
        submit(s, task);
    } else {
        say(s, &task->out);
        tael__mcp_task_free(task);
    }
}

static void say_too_long(stdio *s)
{
    say_error(s, TAEL__RPC_REQUEST, TAEL_SAY("a line has more than 1 MiB; send less", "一行超过 1 MiB；请减少"));
}

/* The whole lines of `in` are taken, and its rest moved to the front. *skipping: of a line that is too long, which was
 * said. */
static void take_lines(stdio *s, tael__buffer *in, bool *skipping)
{
    char *at = in->data, *end = in->data + in->size, *stop;
    for (; at < end && (stop = memchr(at, '\n', (size_t)(end - at))); at = stop + 1) {
        *stop = '\0';
        if (!*skipping && (size_t)(stop - at) > TAEL__MAX_MCP_MESSAGE_BYTES)
            say_too_long(s);
        else if (!*skipping)
            take_line(s, at, (size_t)(stop - at));
        *skipping = false;
    }
    in->size = (size_t)(end - at);
    memmove(in->data, at, in->size);
    in->data[in->size] = '\0';
    if (!*skipping && in->size > TAEL__MAX_MCP_MESSAGE_BYTES) {
        say_too_long(s);
        *skipping = true;
    }
    if (*skipping) in->size = 0;
}

static bool wanted(stdio *s)
{
    pthread_mutex_lock(&s->lock);
    bool gone = s->gone;
    pthread_mutex_unlock(&s->lock);
    return !gone && !s->options->interrupted();
}

/* Until the input ends, nobody reads, or we are told to; signals come only while it waits. */
static tael_status read_input(stdio *s, const sigset_t *open)
{
    tael__buffer in = {.max = TAEL__MAX_MCP_MESSAGE_BYTES + 2 * CHUNK};
    char chunk[CHUNK];
    bool skipping = false;
    tael_status status = TAEL_OK;
    struct pollfd ready[] = {{.fd = s->options->in, .events = POLLIN}, {.fd = s->options->out}};
    while (status == TAEL_OK && wanted(s)) {
        if (ppoll(ready, 2, NULL, open) < 0) continue;      /* a signal */
        if (ready[1].revents & (POLLERR | POLLNVAL)) break; /* nobody reads what we write */
        ssize_t n = read(s->options->in, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) status = tael__fail_errno(TAEL_SAY("reading failed", "读取失败"), "stdin", errno);
        if (n <= 0) break;
        status = tael__buffer_append(&in, chunk, (size_t)n);
        if (status == TAEL_OK) take_lines(s, &in, &skipping);
    }
    if (status == TAEL_OK && in.size > 0 && !skipping && wanted(s)) take_line(s, in.data, in.size);
    tael__buffer_free(&in);
    return status;
}

/* What has begun is answered, unless we are told to end. */
static void finish(stdio *s)
{
    pthread_mutex_lock(&s->lock);
    while (s->running > 0 && !s->gone && !s->options->interrupted()) {
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += 100000000; /* a signal wakes nobody here */
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&s->fewer, &s->lock, &until);
    }
    pthread_mutex_unlock(&s->lock);
}

tael_status tael__mcp_stdio(const tael__mcp_stdio_options *o)
{
    sigset_t ending, before;
    stdio s = {.options = o, .language = tael_get_language()};
    tael__desk_options d = {.home = o->home, .passphrase = o->passphrase};
    s.place = (tael__mcp_place){.home = o->home, .model = find_model, .user = &s};
    pthread_mutex_init(&s.lock, NULL);
    pthread_cond_init(&s.fewer, NULL);
    sigemptyset(&ending);
    sigaddset(&ending, SIGINT);
    sigaddset(&ending, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &ending, &before); /* the desk's threads inherit it: this one alone is told */
    tael_status status = tael__mcp_open(&s.hub);
    if (status == TAEL_OK) status = tael__desk_open(&s.desk, &d);
    if (status == TAEL_OK) status = read_input(&s, &before);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    finish(&s);
    tael__desk_close(s.desk); /* waits for what runs */
    tael__mcp_close(s.hub);
    tael_model_close(s.model);
    pthread_cond_destroy(&s.fewer);
    pthread_mutex_destroy(&s.lock);
    return status;
}
