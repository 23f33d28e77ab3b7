// SPDX-License-Identifier: Apache-2.0
// Starting and ending. The socket is opened here, not by libmicrohttpd, so that each way to fail has its sentence.
#include "serve/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/date.h"
#include "serve/internal.h"

#define DEFAULT_PARALLEL 16
#define DEFAULT_DEADLINE 600
#define HTTP_THREADS     2   /* they only read, parse and write; the engine has the cores */
#define SPARE_FILES      128 /* descriptors that are no connection */
#define LEAST_FILES      256
#define BACKLOG          1024
#define FLUSH_SECONDS    5 /* for the last bytes of answers once all is computed */

/* ---- The socket ---- */

typedef union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
} address;

static tael_status read_address(address *a, const char *host, uint16_t port)
{
    *a = (address){0};
    if (strcasecmp(host, "localhost") == 0) host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons(port);
        return TAEL_OK;
    }
    *a = (address){0};
    if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) == 1) {
        a->v6.sin6_family = AF_INET6;
        a->v6.sin6_port = htons(port);
        return TAEL_OK;
    }
    return tael__fail(TAEL_MISUSE,
                      TAEL_SAY("--host %s: not a numeric address; give one, such as 127.0.0.1 or ::1",
                               "--host %s：不是数字地址；请给出如 127.0.0.1 或 ::1"),
                      host);
}

static tael_status fail_listen(const char *host, uint16_t port, int error)
{
    if (error == EADDRINUSE)
        return tael__fail(TAEL_LOCKED,
                          TAEL_SAY("%s port %u: another program has it; choose another with --port, or 0 for any",
                                   "%s 端口 %u：已被其他程序占用；请用 --port 另选，0 为任意"),
                          host, port);
    char what[128];
    snprintf(what, sizeof what, "%s:%u", host, port);
    return tael__fail_errno(TAEL_SAY("listening failed", "监听失败"), what, error);
}

static tael_status listen_at(tael__server *s, const char *host, uint16_t port, int *out)
{
    address a;
    int yes = 1;
    TAEL_TRY(read_address(&a, host, port));
    socklen_t bytes = a.any.sa_family == AF_INET ? sizeof a.v4 : sizeof a.v6;
    int fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) return fail_listen(host, port, errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes); /* what it accepts inherits it: tokens don't wait */
    if (bind(fd, &a.any, bytes) != 0 || listen(fd, BACKLOG) != 0 || getsockname(fd, &a.any, &bytes) != 0) {
        int error = errno;
        close(fd);
        return fail_listen(host, port, error);
    }
    s->port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    snprintf(s->address, sizeof s->address, a.any.sa_family == AF_INET ? "http://%s:%u" : "http://[%s]:%u", host,
             s->port);
    *out = fd;
    return TAEL_OK;
}

/* How many connections the process may have, with its limit raised as far as it goes. */
static uint32_t connection_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0) return LEAST_FILES;
    rlim_t wanted = TAEL__MAX_SERVE_CONNECTIONS + SPARE_FILES;
    if (files.rlim_cur < wanted) {
        files.rlim_cur = files.rlim_max == RLIM_INFINITY || files.rlim_max > wanted ? wanted : files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files); /* else it stays as it is */
        if (getrlimit(RLIMIT_NOFILE, &files) != 0) return LEAST_FILES;
    }
    rlim_t most = files.rlim_cur > SPARE_FILES + LEAST_FILES ? files.rlim_cur - SPARE_FILES : LEAST_FILES;
    return most < TAEL__MAX_SERVE_CONNECTIONS ? (uint32_t)most : TAEL__MAX_SERVE_CONNECTIONS;
}

/* ---- libmicrohttpd ---- */

static void on_connection(void *user, struct MHD_Connection *connection, void **context,
                          enum MHD_ConnectionNotificationCode code)
{
    tael__server *s = user;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        tael__watch_remove(s->watch, *context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = s->mhd->get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *context = info ? tael__watch_add(s->watch, info->connect_fd) : NULL;
    tael__watch_allow(s->watch, *context, TAEL__MAX_SERVE_REQUEST_SECONDS, false);
}

/* A request's first line has come: from here on it has so long to be whole. */
static void *on_line(void *user, const char *uri, struct MHD_Connection *connection)
{
    tael__server *s = user;
    (void)uri;
    const union MHD_ConnectionInfo *info = s->mhd->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    tael__watch_allow(s->watch, info ? info->socket_context : NULL, TAEL__MAX_SERVE_REQUEST_SECONDS, false);
    return NULL;
}

static tael_status start_daemon(tael__server *s, int socket, uint32_t connections)
{
    s->daemon = s->mhd->start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, tael__exchange_handle, s,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)socket, MHD_OPTION_THREAD_POOL_SIZE, (unsigned)HTTP_THREADS,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)connections, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)TAEL__MAX_SERVE_HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TAEL__MAX_SERVE_IDLE_SECONDS,
        MHD_OPTION_NOTIFY_COMPLETED, tael__exchange_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_URI_LOG_CALLBACK, on_line, s, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
    if (s->daemon) return TAEL_OK;
    return tael__fail(TAEL_IO,
                      TAEL_SAY("%s: the service could not be started: %s; free memory or descriptors",
                               "%s：服务无法启动：%s；请释放内存或描述符"),
                      s->address, strerror(errno));
}

/* ---- From outside ---- */

static tael_status open_page(tael__server *s, const tael__server_options *o)
{
    tael__desk_options d = {.home = o->home, .passphrase = o->passphrase};
    TAEL_TRY(tael__mcp_open(&s->mcp));
    TAEL_TRY(tael__desk_open(&s->desk, &d));
    return tael__session_open(&s->session, tael__desk_home(s->desk));
}

static tael_status start(tael__server *s, const tael__server_options *o)
{
    const char *host = o->host ? o->host : "127.0.0.1";
    int socket = -1;
    s->loopback = tael__guard_loopback(host);
    if (!s->loopback && !o->key_file)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("--host %s: others could reach this address; give --key-file, or stay on 127.0.0.1",
                                   "--host %s：他人可访问此地址；请提供 --key-file，或使用 127.0.0.1"),
                          host);
    TAEL_TRY(tael__mhd_get(&s->mhd));
    TAEL_TRY(tael__guard_open(&s->guard, o->key_file));
    tael__engine_options e = {.model = o->model,
                              .parallel = o->parallel ? o->parallel : DEFAULT_PARALLEL,
                              .context_tokens = o->context_tokens,
                              .threads = o->threads,
                              .key_count = s->guard.count ? s->guard.count : 1,
                              .kv_q8 = o->kv_q8,
                              .language = s->language,
                              .metrics = &s->metrics};
    if (o->model) TAEL_TRY(tael__engine_open(&s->engine, &e));
    if (o->page && s->loopback) TAEL_TRY(open_page(s, o));
    uint32_t connections = connection_limit();
    TAEL_TRY(tael__watch_open(&s->watch, connections));
    TAEL_TRY(listen_at(s, host, o->port, &socket));
    tael_status status = start_daemon(s, socket, connections);
    if (status != TAEL_OK) close(socket);
    if (s->desk) snprintf(s->page, sizeof s->page, "%s/?key=%s", s->address, s->session.link);
    return status;
}

tael_status tael__server_start(tael__server **out, const tael__server_options *o)
{
    *out = NULL;
    tael__server *s = tael__alloc_zero(sizeof *s);
    if (!s) return tael__fail_memory(TAEL_SAY("the service", "服务"), sizeof *s);
    s->model = o->model;
    s->deadline_seconds = o->deadline_seconds ? o->deadline_seconds : DEFAULT_DEADLINE;
    s->language = tael_get_language();
    s->started = (int64_t)time(NULL);
    snprintf(s->model_name, sizeof s->model_name, "%s", o->model_name ? o->model_name : "");
    tael__choice_open(&s->choice, o->model, o->model_name, o->model_path);
    tael_status status = start(s, o);
    if (status == TAEL_OK)
        *out = s;
    else
        tael__server_stop(s);
    return status;
}

const char *tael__server_address(const tael__server *s)
{
    return s->address;
}

const char *tael__server_page(const tael__server *s)
{
    return s->page;
}

uint16_t tael__server_port(const tael__server *s)
{
    return s->port;
}

bool tael__server_drain(tael__server *s, double seconds)
{
    const struct timespec moment = {.tv_nsec = 10000000};
    tael__desk_drain(s->desk);
    bool whole = !s->engine || tael__engine_drain(s->engine, seconds);
    double until = tael__clock_seconds() + FLUSH_SECONDS;
    while (__atomic_load_n(&s->active, __ATOMIC_ACQUIRE) > 0 && tael__clock_seconds() < until) nanosleep(&moment, NULL);
    return whole;
}

void tael__server_stop(tael__server *s)
{
    if (!s) return;
    tael__desk_stop(s->desk);
    tael__engine_stop(s->engine); /* nothing stays suspended: libmicrohttpd can't stop while something is */
    if (s->daemon) s->mhd->stop_daemon(s->daemon);
    tael__engine_close(s->engine);
    tael__desk_close(s->desk);
    tael__mcp_close(s->mcp);
    tael__choice_close(&s->choice);
    tael__watch_close(s->watch);
    tael__guard_close(&s->guard);
    tael__free(s);
}
