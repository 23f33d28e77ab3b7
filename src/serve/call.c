// SPDX-License-Identifier: Apache-2.0
// Calls: made by a connection, worked on by the engine, freed by whoever lets go last.
#include "serve/call.h"

#include <string.h>

#include "base/date.h"

#define MAX_TEXT_BYTES ((size_t)TAEL__MAX_CONTEXT * 256) /* a context full of the longest tokens */

tael__call *tael__call_make(const tael__mhd *mhd, json_t *kept, uint32_t job_count)
{
    tael__call *c = tael__alloc_zero(sizeof *c);
    if (!c) return NULL;
    c->jobs = tael__alloc_array(job_count, sizeof *c->jobs);
    if (!c->jobs || pthread_mutex_init(&c->lock, NULL) != 0) {
        tael__free(c->jobs);
        tael__free(c);
        return NULL;
    }
    c->mhd = mhd;
    c->kept = json_incref(kept);
    c->job_count = job_count;
    c->references = 1;
    c->socket = -1;
    c->created = tael__clock_seconds();
    c->options.size = sizeof c->options;
    for (uint32_t i = 0; i < job_count; i++) {
        c->jobs[i].call = c;
        c->jobs[i].text.max = c->jobs[i].odds.max = MAX_TEXT_BYTES;
    }
    return c;
}

void tael__call_hold(tael__call *call)
{
    __atomic_add_fetch(&call->references, 1, __ATOMIC_RELAXED);
}

void tael__call_release(tael__call *call)
{
    if (!call || __atomic_sub_fetch(&call->references, 1, __ATOMIC_ACQ_REL) > 0) return;
    for (uint32_t i = 0; i < call->job_count; i++) {
        tael__free(call->jobs[i].prompt);
        tael__buffer_free(&call->jobs[i].text);
        tael__buffer_free(&call->jobs[i].odds);
    }
    pthread_mutex_destroy(&call->lock);
    tael__free(call->jobs);
    tael__free(call->schema);
    tael__free(call->vectors);
    tael__free((void *)call->texts);
    json_decref(call->kept);
    tael__free(call);
}

static bool news(const tael__call *call, const size_t *read)
{
    if (call->over == call->job_count) return true;
    for (uint32_t i = 0; read && i < call->job_count; i++)
        if (read[i] != SIZE_MAX && (call->jobs[i].over || call->jobs[i].text.size > read[i])) return true;
    return false;
}

bool tael__call_await(tael__call *call, const size_t *read)
{
    pthread_mutex_lock(&call->lock);
    bool ready = news(call, read);
    if (!ready && call->connection) {
        call->suspended = true;
        call->mhd->suspend_connection(call->connection);
    }
    pthread_mutex_unlock(&call->lock);
    return ready;
}

/* The lock is held. */
static void wake(tael__call *call)
{
    if (!call->suspended || !call->connection) return;
    call->suspended = false;
    call->mhd->resume_connection(call->connection);
}

void tael__call_leave(tael__call *call)
{
    pthread_mutex_lock(&call->lock);
    call->connection = NULL;
    call->socket = -1;
    call->suspended = false;
    pthread_mutex_unlock(&call->lock);
}

bool tael__call_left(tael__call *call)
{
    pthread_mutex_lock(&call->lock);
    bool left = !call->connection;
    pthread_mutex_unlock(&call->lock);
    return left;
}

void tael__call_odds(tael__job *job, const tael_odds *odds)
{
    pthread_mutex_lock(&job->call->lock);
    (void)tael__buffer_append(&job->odds, odds, sizeof *odds); /* its failure is noticed when text is said */
    pthread_mutex_unlock(&job->call->lock);
}

bool tael__call_say(tael__job *job, const char *text, size_t bytes, size_t tokens)
{
    tael__call *call = job->call;
    pthread_mutex_lock(&call->lock);
    bool good = tael__buffer_append(&job->text, text, bytes) == TAEL_OK && job->odds.failed == TAEL_OK;
    job->given += (uint32_t)tokens;
    if (call->stream && bytes > 0) wake(call);
    pthread_mutex_unlock(&call->lock);
    return good;
}

void tael__call_end(tael__job *job, tael_status status, const char *error, const tael_generation *result)
{
    tael__call *call = job->call;
    pthread_mutex_lock(&call->lock);
    job->over = true;
    job->status = status;
    job->result = *result;
    memcpy(job->error, error, strnlen(error, sizeof job->error - 1));
    call->over++;
    if (call->stream || call->over == call->job_count) wake(call);
    pthread_mutex_unlock(&call->lock);
    tael__call_release(call);
}
