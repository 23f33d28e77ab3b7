// SPDX-License-Identifier: Apache-2.0
// Streams as server-sent events (HTML standard, 9.2): each time libmicrohttpd asks for bytes, what the engine has said
// since becomes events; with nothing new the connection sleeps until the engine wakes it. A slow reader holds up
// nobody: its text waits in its call, which a context bounds.
#include <stdlib.h>
#include <string.h>

#include "serve/internal.h"

void tael__stream_event(tael__exchange *x, const char *name, json_t *data)
{
    char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
    json_decref(data);
    if (!text) {
        x->out.failed = TAEL_NO_MEMORY;
        return;
    }
    if (name) tael__buffer_format(&x->out, "event: %s\n", name);
    tael__buffer_text(&x->out, "data: ");
    tael__buffer_text(&x->out, text);
    tael__buffer_text(&x->out, "\n\n");
    free(text); /* jansson's own memory */
}

/* What job i said since, into x->part; *over: that was all. */
static void take_news(tael__exchange *x, uint32_t i, bool *over)
{
    tael__call *c = x->call;
    tael__job *job = &c->jobs[i];
    tael__buffer_clear(&x->part);
    pthread_mutex_lock(&c->lock);
    tael__buffer_append(&x->part, job->text.data + x->read[i], job->text.size - x->read[i]);
    x->read[i] = job->text.size;
    x->first_odds = x->told[i];
    x->odds_count = job->given - x->told[i];
    if (x->part.size > 0) x->told[i] = job->given; /* tokens without text go with the next piece that has some */
    *over = job->over;
    pthread_mutex_unlock(&c->lock);
    if (x->part.failed != TAEL_OK) x->out.failed = x->part.failed;
}

/* Plain text of a job, without what is, or may become, a call of a tool. */
static void say(tael__exchange *x, uint32_t i, bool over)
{
    tael__spoken *s = x->spoken ? &x->spoken[i] : NULL;
    if (!s) {
        if (x->part.size > 0) x->face->piece(x, i, x->part.data, x->part.size);
        return;
    }
    tael__buffer plain = {.max = x->part.max};
    tael_status status = tael__spoken_push(s, x->part.data ? x->part.data : "", x->part.size, &plain);
    if (status == TAEL_OK && over) status = tael__spoken_end(s, &x->tools, &plain);
    if (status != TAEL_OK) x->out.failed = status;
    if (plain.size > 0) x->face->piece(x, i, plain.data, plain.size);
    tael__buffer_free(&plain);
}

static void put_news(tael__exchange *x)
{
    tael__call *c = x->call;
    uint32_t said = 0;
    if (!x->begun) x->face->begin(x);
    x->begun = true;
    for (uint32_t i = 0; i < c->job_count && !x->ended; i++) {
        bool over;
        if (x->read[i] == SIZE_MAX) {
            said++;
            continue;
        }
        take_news(x, i, &over);
        say(x, i, over);
        if (!over) continue;
        said++;
        x->read[i] = SIZE_MAX;
        if (c->jobs[i].status != TAEL_OK) { /* it can't change any more, so it is read without the lock */
            tael__exchange_failed(x);
            x->face->fault(x);
            x->ended = true;
        } else {
            x->face->end_job(x, i);
        }
    }
    if (said < c->job_count || x->ended) return;
    x->face->end(x);
    x->ended = true;
}

ssize_t tael__stream_read(void *exchange, uint64_t at, char *out, size_t most)
{
    tael__exchange *x = exchange;
    (void)at;
    tael_set_language(x->server->language);
    while (x->sent == x->out.size) {
        if (x->out.failed != TAEL_OK) return MHD_CONTENT_READER_END_WITH_ERROR;
        if (x->ended) return MHD_CONTENT_READER_END_OF_STREAM;
        tael__buffer_clear(&x->out);
        x->sent = 0;
        if (!tael__call_await(x->call, x->read)) return 0; /* suspended: asked again when there is news */
        put_news(x);
    }
    size_t n = x->out.size - x->sent;
    if (n > most) n = most;
    memcpy(out, x->out.data + x->sent, n);
    x->sent += n;
    return (ssize_t)n;
}
