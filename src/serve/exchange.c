// SPDX-License-Identifier: Apache-2.0
// A request's way: libmicrohttpd calls in with its head, then pieces of its body, then once it is whole; and again when
// its call has news. What can be refused is refused by the head, before a byte of the body is kept.
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "serve/api.h"
#include "serve/internal.h"
#include "serve/json_scan.h"

#define DISCARD_MOST (4 * TAEL__MAX_SERVE_BODY_BYTES) /* of a body that isn't wanted, before the connection is cut */

static const char *header(const tael__exchange *x, const char *name)
{
    return x->server->mhd->lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static tael__watched *watched(const tael__server *s, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = s->mhd->get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

/* ---- Replying ---- */

enum MHD_Result tael__reply(tael__exchange *x, unsigned http, struct MHD_Response *r, const char *type)
{
    const tael__mhd *m = x->server->mhd;
    char number[16];
    if (!r) return MHD_NO;
    m->add_response_header(r, "Content-Type", type);
    m->add_response_header(r, "Cache-Control", x->cache ? x->cache : "no-store");
    m->add_response_header(r, "X-Content-Type-Options", "nosniff");
    m->add_response_header(r, "X-Request-Id", x->id);
    if (http == 401 && !x->api) m->add_response_header(r, "WWW-Authenticate", "Bearer");
    if (http == 405 && x->allowed) m->add_response_header(r, "Allow", x->allowed);
    if (x->fault.retry_seconds > 0) {
        snprintf(number, sizeof number, "%u", x->fault.retry_seconds);
        m->add_response_header(r, "Retry-After", number);
    }
    if (x->server->engine && tael__engine_draining(x->server->engine)) m->add_response_header(r, "Connection", "close");
    x->stage = TAEL__STAGE_REPLIED;
    tael__metrics_request(&x->server->metrics, x->route_index, http);
    enum MHD_Result result = m->queue_response(x->connection, http, r);
    m->destroy_response(r);
    return result;
}

bool tael__reply_text(tael__exchange *x, unsigned http, const char *type, const char *text, size_t bytes)
{
    void *data = (void *)(uintptr_t)text; /* copied, not written to */
    return tael__reply(x, http, x->server->mhd->create_response_from_buffer(bytes, data, MHD_RESPMEM_MUST_COPY),
                       type) == MHD_YES;
}

static bool reply_document(tael__exchange *x, unsigned http, json_t *document)
{
    char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;
    json_decref(document);
    if (!text) return false;
    bool good = tael__reply_text(x, http, "application/json", text, strlen(text));
    free(text); /* jansson's own memory */
    return good;
}

bool tael__reply_json(tael__exchange *x, json_t *document)
{
    if (!document)
        return tael__fault_status(x, TAEL_NO_MEMORY, NULL,
                                  TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
    return reply_document(x, 200, document);
}

enum MHD_Result tael__reply_fault(tael__exchange *x)
{
    return reply_document(x, x->fault.http, tael__fault_json(x)) ? MHD_YES : MHD_NO;
}

/* ---- The head ---- */

static const char *key_given(const tael__exchange *x)
{
    const char *given = header(x, "Authorization");
    if (given && strncasecmp(given, "Bearer ", 7) == 0) return given + 7 + strspn(given + 7, " ");
    return header(x, "X-Api-Key");
}

/* Against pages of other sites: by name on loopback, by origin anywhere. */
static bool check_source(tael__exchange *x, const char *version)
{
    const char *host = header(x, "Host"), *origin = header(x, "Origin");
    bool keyless = x->server->guard.count == 0;
    if (!host && strcmp(version, "HTTP/1.1") == 0)
        return tael__fault(x, 400, "invalid_request_error", "missing_host", NULL, "%s",
                           TAEL_SAY("Host: missing; send it", "Host：缺失；请发送"));
    if (keyless && host && !tael__guard_host(host))
        return tael__fault(x, 403, "permission_error", "host_not_allowed", NULL, "%s",
                           TAEL_SAY("Host: this service answers to localhost only; ask it by that name, or start it "
                                    "with a key file",
                                    "Host：本服务只接受 localhost；请用该名称访问，或以密钥文件启动"));
    if (origin && !tael__guard_origin(origin, host))
        return tael__fault(
            x, 403, "permission_error", "origin_not_allowed", NULL, "%s",
            TAEL_SAY("Origin: pages of other sites may not ask this service", "Origin：其他网站的页面不得访问本服务"));
    return true;
}

static bool check_route(tael__exchange *x, const char *url, const char *method)
{
    x->route = tael__route_find(url, &x->route_index);
    if (!x->route)
        return tael__fault(x, 404, "invalid_request_error", "unknown_url", NULL, "%s",
                           TAEL_SAY("there is nothing at this address; see docs/SERVE.md for what there is",
                                    "此地址没有内容；可用地址见 docs/SERVE.md"));
    size_t n = strlen(x->route->path), rest = strlen(url) - n;
    if (rest < sizeof x->tail) memcpy(x->tail, url + n, rest + 1);
    if (!x->route->method) return true;
    bool get = strcmp(x->route->method, "GET") == 0;
    x->allowed = x->route->method;
    if (strcmp(method, x->route->method) == 0 || (get && strcmp(method, "HEAD") == 0)) return true;
    return tael__fault(x, 405, "invalid_request_error", "method_not_allowed", NULL,
                       TAEL_SAY("%s: ask this address with %s", "%s：请用 %s 访问此地址"), method, x->route->method);
}

static bool check_body_head(tael__exchange *x)
{
    const char *type = header(x, "Content-Type"), *length = header(x, "Content-Length");
    if (strcmp(x->route->method, "POST") != 0) return true;
    if (!type || strncasecmp(type, "application/json", 16) != 0)
        return tael__fault(x, 415, "invalid_request_error", "unsupported_media_type", NULL, "%s",
                           TAEL_SAY("Content-Type: send application/json", "Content-Type：请发送 application/json"));
    x->too_large = length && strtoull(length, NULL, 10) > x->body_most;
    return true;
}

static bool fault_too_large(tael__exchange *x)
{
    return tael__fault(x, 413, "invalid_request_error", "request_too_large", NULL,
                       TAEL_SAY("the body has more than %zu bytes; send less", "正文超过 %zu 字节；请减少"),
                       x->body_most);
}

static bool check_head(tael__exchange *x, const char *url, const char *method, const char *version)
{
    if (!check_source(x, version) || !check_route(x, url, method)) return false;
    if (!x->route->method) {
        bool good = x->route->mcp ? tael__mcp_head(x, method) : tael__api_head(x, url, method);
        return good && (x->too_large ? fault_too_large(x) : true);
    }
    if (!x->route->open && !tael__guard_admits(&x->server->guard, key_given(x), &x->key))
        return tael__fault(x, 401, "authentication_error", "invalid_api_key", NULL, "%s",
                           TAEL_SAY("the key is missing or unknown; send one of the key file as Authorization: Bearer",
                                    "密钥缺失或无效；请以 Authorization: Bearer 发送密钥文件中的密钥"));
    if (!x->server->model && !x->route->open)
        return tael__fault(x, 503, "server_error", "no_model", NULL, "%s",
                           TAEL_SAY("no model is loaded; fetch one with tael pull and start the service again",
                                    "尚未加载模型；请用 tael pull 下载后重新启动服务"));
    if (!check_body_head(x)) return false;
    return x->too_large ? fault_too_large(x) : true;
}

/* May a fault of the head be told before the body has come? A client that is sending would be cut off and hardly see
 * the answer, so a body of some size is read and dropped first; unless the client asks before it sends. */
static bool answers_now(const tael__exchange *x)
{
    const char *length = header(x, "Content-Length");
    bool body = header(x, "Transfer-Encoding") || (length && strtoull(length, NULL, 10) > 0);
    return !body || header(x, "Expect") || (length && strtoull(length, NULL, 10) > DISCARD_MOST);
}

static tael__exchange *exchange_new(tael__server *s, struct MHD_Connection *connection)
{
    uint8_t random[16] = {0};
    tael__exchange *x = tael__alloc_zero(sizeof *x);
    if (!x) return NULL;
    (void)tael__random_system(random, sizeof random); /* an id that repeats would harm nobody */
    for (size_t i = 0; i < sizeof random; i++) snprintf(x->id + 2 * i, 3, "%02x", random[i]);
    x->server = s;
    x->connection = connection;
    x->created = (int64_t)time(NULL);
    x->language = s->language;
    x->body_most = TAEL__MAX_SERVE_BODY_BYTES;
    x->route_index = tael__route_count();
    x->body.max = TAEL__MAX_SERVE_BODY_BYTES + 1;
    x->said.max = x->out.max = x->part.max = TAEL__MAX_JSON_BYTES * 16;
    __atomic_add_fetch(&s->active, 1, __ATOMIC_RELAXED);
    return x;
}

/* ---- The body ---- */

static bool promise(tael__exchange *x, size_t bytes)
{
    uint64_t all = __atomic_add_fetch(&x->server->bodies, bytes, __ATOMIC_RELAXED);
    x->promised += bytes;
    return all <= TAEL__MAX_SERVE_BODIES_BYTES;
}

static enum MHD_Result take_body(tael__exchange *x, const char *data, size_t bytes)
{
    if (x->too_large || x->fault.http) {
        x->discarded += bytes;
        return x->discarded > DISCARD_MOST ? MHD_NO : MHD_YES;
    }
    if (x->body.size + bytes > x->body_most) {
        x->too_large = true;
        return MHD_YES;
    }
    if (!promise(x, bytes) || tael__buffer_append(&x->body, data, bytes) != TAEL_OK) {
        tael__fault(x, 503, "server_error", "overloaded", NULL, "%s",
                    TAEL_SAY("too many requests are being read; ask again later", "正在读取的请求过多；请稍后重试"));
        x->fault.retry_seconds = 1;
    }
    return MHD_YES;
}

static bool read_body(tael__exchange *x, json_t **body)
{
    json_error_t error;
    const char *text = x->body.data ? x->body.data : "";
    if (x->too_large) return fault_too_large(x);
    if (!tael__json_scan(text, x->body.size))
        return tael__fault(x, 400, "invalid_request_error", "invalid_json", NULL,
                           TAEL_SAY("the body is nested deeper than %d or holds more than %u values; send less",
                                    "正文嵌套超过 %d 层或多于 %u 个值；请减少"),
                           TAEL__MAX_JSON_DEPTH, TAEL__MAX_SERVE_VALUES);
    *body = json_loadb(text, x->body.size, 0, &error);
    if (!*body)
        return tael__fault(x, 400, "invalid_request_error", "invalid_json", NULL,
                           TAEL_SAY("the body is not a JSON object: line %d, column %d: %s",
                                    "正文不是 JSON 对象：第 %d 行第 %d 列：%s"),
                           error.line, error.column, error.text);
    if (json_is_object(*body)) return true;
    return tael__fault(x, 400, "invalid_request_error", "invalid_json", NULL, "%s",
                       TAEL_SAY("the body is not a JSON object; send one", "正文不是 JSON 对象；请发送对象"));
}

/* ---- Working ---- */

bool tael__exchange_submit(tael__exchange *x, const tael__face *face)
{
    const tael__mhd *m = x->server->mhd;
    tael__call *c = x->call;
    x->face = face;
    x->read = tael__alloc_array(c->job_count, sizeof *x->read);
    x->told = tael__alloc_array(c->job_count, sizeof *x->told);
    if (x->tools.list) x->spoken = tael__alloc_array(c->job_count, sizeof *x->spoken);
    if (!x->read || !x->told || (x->tools.list && !x->spoken)) return tael__fault_status(x, TAEL_NO_MEMORY, NULL, "");
    for (uint32_t i = 0; x->spoken && i < c->job_count; i++) x->spoken[i].held.max = c->jobs[i].text.max;
    const union MHD_ConnectionInfo *info = m->get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    c->key = x->key;
    c->stream = x->stream;
    c->deadline = c->created + x->server->deadline_seconds;
    c->connection = x->connection;
    c->socket = info ? info->connect_fd : -1;
    tael_status status = tael__engine_submit(x->server->engine, c, &x->fault.retry_seconds);
    if (status == TAEL_OK) {
        x->fault.retry_seconds = 0;
        x->stage = TAEL__STAGE_WORKING;
        return true;
    }
    if (status == TAEL_LIMIT)
        return tael__fault(
            x, 429, "rate_limit_error", "rate_limit_exceeded", NULL,
            TAEL_SAY("too many requests are waiting; ask again in %u s", "等待的请求过多；请在 %u 秒后重试"),
            x->fault.retry_seconds);
    return tael__fault(x, 503, "server_error", "shutting_down", NULL, "%s",
                       TAEL_SAY("the service is ending; ask another one", "服务正在停止；请改用其他服务"));
}

const tael__job *tael__exchange_failed(tael__exchange *x)
{
    for (uint32_t i = 0; i < x->call->job_count; i++) {
        const tael__job *job = &x->call->jobs[i];
        if (!job->over || job->status == TAEL_OK) continue;
        if (job->ending == TAEL_LIMIT)
            tael__fault(x, 504, "server_error", "timeout", NULL, "%s", job->error);
        else if (job->ending != TAEL_OK)
            tael__fault(x, 503, "server_error", "shutting_down", NULL, "%s", job->error);
        else
            tael__fault_status(x, job->status, NULL, job->error);
        return job;
    }
    return NULL;
}

/* Is the first news that it failed? Then a status can still say so. */
static bool failed_at_once(tael__exchange *x)
{
    tael__call *c = x->call;
    bool text = false, failed = false;
    pthread_mutex_lock(&c->lock);
    for (uint32_t i = 0; i < c->job_count; i++) text |= c->jobs[i].text.size > 0;
    if (!text || !x->stream) failed = tael__exchange_failed(x) != NULL;
    pthread_mutex_unlock(&c->lock);
    return failed;
}

static enum MHD_Result go_on(tael__exchange *x)
{
    if (!tael__call_await(x->call, x->stream ? x->read : NULL)) return MHD_YES; /* called again when there is news */
    if (failed_at_once(x)) return tael__reply_fault(x);
    if (!x->stream) return tael__reply_json(x, x->face->whole(x)) ? MHD_YES : tael__reply_fault(x);
    struct MHD_Response *r =
        x->server->mhd->create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, tael__stream_read, x, NULL);
    return tael__reply(x, 200, r, "text/event-stream; charset=utf-8");
}

/* Of the ledger's errands. */
static enum MHD_Result go_on_errand(tael__exchange *x)
{
    return x->route->mcp ? tael__mcp_go_on(x) : tael__api_go_on(x);
}

static enum MHD_Result serve_ledger(tael__exchange *x)
{
    tael__watch_allow(x->server->watch, watched(x->server, x->connection), TAEL__MAX_SERVE_ERRAND_SECONDS, true);
    bool good = x->too_large ? fault_too_large(x) : x->route->mcp ? tael__mcp_begin(x) : tael__api_begin(x);
    return good ? go_on_errand(x) : tael__reply_fault(x);
}

static enum MHD_Result serve(tael__exchange *x)
{
    json_t *body = NULL;
    if (x->fault.http) return tael__reply_fault(x); /* known since the head */
    if (!x->route->method) return serve_ledger(x);
    bool get = strcmp(x->route->method, "GET") == 0;
    bool good = get || read_body(x, &body);
    tael__buffer_free(&x->body); /* what it promised stays taken: its texts may wait in a call */
    tael__watch_allow(x->server->watch, watched(x->server, x->connection),
                      x->server->deadline_seconds + TAEL__MAX_SERVE_IDLE_SECONDS, true);
    good = good && x->route->serve(x, body);
    json_decref(body); /* a call keeps references of what it needs */
    if (!good && x->stage != TAEL__STAGE_REPLIED) return tael__reply_fault(x);
    return x->stage == TAEL__STAGE_WORKING ? go_on(x) : MHD_YES;
}

/* ---- libmicrohttpd's side ---- */

enum MHD_Result tael__exchange_handle(void *user, struct MHD_Connection *connection, const char *url,
                                      const char *method, const char *version, const char *data, size_t *bytes,
                                      void **state)
{
    tael__server *s = user;
    tael__exchange *x = *state;
    tael_set_language(x ? x->language : s->language);
    if (!x) {
        *state = x = exchange_new(s, connection);
        if (!x) return MHD_NO;
        if (!check_head(x, url, method, version) && answers_now(x)) return tael__reply_fault(x);
        x->stage = TAEL__STAGE_READING;
        return MHD_YES;
    }
    if (x->stage == TAEL__STAGE_READING && *bytes > 0) {
        size_t n = *bytes;
        *bytes = 0;
        return take_body(x, data, n);
    }
    if (x->stage == TAEL__STAGE_READING) return serve(x);
    if (x->stage != TAEL__STAGE_WORKING) return MHD_YES;
    return x->errand ? go_on_errand(x) : go_on(x);
}

void tael__exchange_completed(void *user, struct MHD_Connection *connection, void **state,
                              enum MHD_RequestTerminationCode how)
{
    tael__server *s = user;
    tael__exchange *x = *state;
    (void)how;
    if (!x) return;
    *state = NULL;
    if (x->call) tael__call_leave(x->call);
    if (x->errand) tael__errand_leave(x->errand);
    tael__errand_release(x->errand);
    for (uint32_t i = 0; x->spoken && i < x->call->job_count; i++) tael__spoken_free(&x->spoken[i]);
    tael__free(x->spoken);
    tael__call_release(x->call);
    __atomic_sub_fetch(&s->bodies, x->promised, __ATOMIC_RELAXED);
    tael__buffer_free(&x->body);
    json_decref(x->tools.list);
    json_decref(x->tools.only);
    tael__buffer_free(&x->out);
    tael__buffer_free(&x->part);
    tael__buffer_free(&x->said);
    tael__free(x->read);
    tael__free(x->told);
    tael__free(x);
    tael__watch_allow(s->watch, watched(s, connection), TAEL__MAX_SERVE_IDLE_SECONDS, false);
    __atomic_sub_fetch(&s->active, 1, __ATOMIC_RELEASE);
}
