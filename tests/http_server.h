// SPDX-License-Identifier: Apache-2.0
/* A web server for tests, on 127.0.0.1 in a thread: gives one body at every path, and can misbehave. Include it once.
 */
#ifndef TAEL__TESTS_HTTP_SERVER_H
#define TAEL__TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct server {
    const char *body; /* borrowed */
    size_t bytes;
    const char *sha256; /* told by HEAD and by the list of files, when not NULL */
    /* How it misbehaves. */
    bool silent;   /* takes the connection and says nothing */
    bool no_range; /* always gives everything */
    size_t cut_at; /* closes after so many bytes of a body, until cuts runs out */
    int cuts;
    atomic_size_t stall_at; /* stops sending there, but keeps the connection */
    size_t claim;           /* Content-Length, when not the truth */
    /* What it saw. */
    atomic_int requests, bodies; /* all; those that were sent a body */
    char last[4096];             /* the last request's head */

    int fd;
    unsigned port;
    char url[64]; /* "http://127.0.0.1:PORT" */
    pthread_t thread;
    atomic_bool stopping;
} server;

static void server_send(int fd, const char *data, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, data, n, MSG_NOSIGNAL);
        if (sent <= 0) return;
        data += sent;
        n -= (size_t)sent;
    }
}

static void server_wait(server *s, int fd)
{
    char rest[64];
    while (!s->stopping) {
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 20) > 0 && recv(fd, rest, sizeof rest, 0) <= 0) return;
    }
}

static void server_body(server *s, int fd)
{
    char head[256];
    size_t from = 0, end = s->bytes;
    const char *range = strcasestr(s->last, "\r\nrange: bytes=");
    if (range && !s->no_range) from = strtoull(range + 15, NULL, 10);
    if (from > s->bytes) from = s->bytes;
    size_t length = s->claim ? s->claim - from : s->bytes - from;
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\nConnection: close\r\n",
                     from ? "206 Partial Content" : "200 OK", length);
    if (from)
        n += snprintf(head + n, sizeof head - (size_t)n, "Content-Range: bytes %zu-%zu/%zu\r\n", from, s->bytes - 1,
                      s->bytes);
    n += snprintf(head + n, sizeof head - (size_t)n, "\r\n");
    server_send(fd, head, (size_t)n);
    s->bodies++;
    if (s->cut_at && s->cuts > 0) {
        s->cuts--;
        if (from + s->cut_at < end) end = from + s->cut_at;
    }
    if (s->stall_at && s->stall_at < end) end = s->stall_at;
    if (end > from) server_send(fd, s->body + from, end - from);
    if (s->stall_at) server_wait(s, fd);
}

static void server_answer(server *s, int fd)
{
    char reply[1024];
    if (strncmp(s->last, "GET /missing", 12) == 0) {
        snprintf(reply, sizeof reply, "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\nConnection: close\r\n\r\ngone");
    } else if (strncmp(s->last, "GET /broken", 11) == 0) {
        snprintf(reply, sizeof reply, "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy");
    } else if (strncmp(s->last, "GET /moved", 10) == 0) {
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 302 Found\r\nLocation: %s/file\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", s->url);
    } else if (strncmp(s->last, "HEAD ", 5) == 0) {
        snprintf(reply, sizeof reply,
                 "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nX-Linked-Size: %zu\r\nx-linked-etag:  "
                 "\"%s\"\r\nConnection: close\r\n\r\n",
                 s->bytes, s->sha256 ? s->sha256 : "none");
    } else if (strncmp(s->last, "GET /api/", 9) == 0) {
        char json[512];
        int n =
            snprintf(json, sizeof json,
                     "{\"Code\": 200, \"Data\": {\"Files\": [{\"Path\": \"README.md\", \"Size\": 1, \"Sha256\": \"\"},"
                     "{\"Path\": \"test.gguf\", \"Size\": %zu, \"Sha256\": \"%s\"}]}}",
                     s->bytes, s->sha256 ? s->sha256 : "");
        snprintf(reply, sizeof reply, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", n, json);
    } else {
        server_body(s, fd);
        return;
    }
    server_send(fd, reply, strlen(reply));
}

static void *server_run(void *user)
{
    server *s = user;
    while (!s->stopping) {
        struct pollfd p = {.fd = s->fd, .events = POLLIN};
        if (poll(&p, 1, 20) <= 0) continue;
        int fd = accept(s->fd, NULL, NULL);
        if (fd < 0) continue;
        size_t n = 0;
        ssize_t got;
        while (n < sizeof s->last - 1 && (got = recv(fd, s->last + n, sizeof s->last - 1 - n, 0)) > 0) {
            n += (size_t)got;
            s->last[n] = '\0';
            if (strstr(s->last, "\r\n\r\n")) break;
        }
        s->requests++;
        if (s->silent)
            server_wait(s, fd);
        else
            server_answer(s, fd);
        close(fd);
    }
    return NULL;
}

/* Fill in the first fields before. */
static void server_start(server *s)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(s->fd >= 0);
    assert_int_equal(bind(s->fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(s->fd, 16), 0);
    assert_int_equal(getsockname(s->fd, (struct sockaddr *)&address, &size), 0);
    s->port = ntohs(address.sin_port);
    snprintf(s->url, sizeof s->url, "http://127.0.0.1:%u", s->port);
    assert_int_equal(pthread_create(&s->thread, NULL, server_run, s), 0);
}

static void server_stop(server *s)
{
    s->stopping = true;
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
