// SPDX-License-Identifier: Apache-2.0
// The page's requests: who may ask, which errand it is, and the answer once the desk has run it.
#include "serve/api.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "serve/json_scan.h"

#define READ                           TAEL__LANE_READ, TAEL__BODY_NONE, NULL, false
#define WRITE                          TAEL__LANE_WRITE, TAEL__BODY_JSON, NULL, false
#define LEDGERLESS(lane, body, events) TAEL__LANE_##lane, TAEL__BODY_##body, events, true

static const tael__api_route routes[] = {
    {"GET", "/api/home", tael__api_home, READ},
    {"GET", "/api/records", tael__api_records, READ},
    {"GET", "/api/records/", tael__api_record, READ},
    {"GET", "/api/spend", tael__api_spend, READ},
    {"POST", "/api/ask", tael__api_ask, TAEL__LANE_ASK, TAEL__BODY_JSON, "answer", false},
    {"POST", "/api/import", tael__api_import, TAEL__LANE_WRITE, TAEL__BODY_FILE, NULL, false},
    {"GET", "/api/imports", tael__api_imports, READ},
    {"DELETE", "/api/imports/", tael__api_import_undo, TAEL__LANE_WRITE, TAEL__BODY_NONE, NULL, false},
    {"GET", "/api/categories", tael__api_categories, READ},
    {"POST", "/api/categorize", tael__api_categorize, WRITE},
    {"GET", "/api/habits", tael__api_habits, READ},
    {"POST", "/api/habits/forget", tael__api_forget, WRITE},
    {"GET", "/api/consents", tael__api_consents, READ},
    {"POST", "/api/consents", tael__api_consent, WRITE},
    {"GET", "/api/disclosures", tael__api_disclosures, READ},
    {"GET", "/api/models", tael__api_models, LEDGERLESS(READ, NONE, NULL)},
    {"POST", "/api/models/pull", tael__api_model_pull, LEDGERLESS(PULL, JSON, "done")},
    {"POST", "/api/models/use", tael__api_model_use, LEDGERLESS(ASK, JSON, NULL)},
    {"GET", "/api/export", tael__api_export, READ},
    {"POST", "/api/erase", tael__api_erase, WRITE},
    {"GET", "/api/status", tael__api_status, LEDGERLESS(READ, NONE, NULL)},
};
enum { ROUTES = sizeof routes / sizeof *routes };

static const char *header(const tael__exchange *x, const char *name)
{
    return x->server->mhd->lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

void tael__api_language(tael__exchange *x)
{
    const char *wanted = header(x, "Accept-Language");
    if (wanted && strncasecmp(wanted, "zh", 2) == 0) x->language = TAEL_CHINESE;
    if (wanted && strncasecmp(wanted, "en", 2) == 0) x->language = TAEL_ENGLISH;
    tael_set_language(x->language);
}

/* ---- Faults ---- */

static unsigned http_of(tael_status status)
{
    switch (status) {
    case TAEL_NOT_FOUND: return 404;
    case TAEL_DENIED: return 403;
    case TAEL_LOCKED: return 409;
    case TAEL_NETWORK: return 502;
    case TAEL_NO_MEMORY:
    case TAEL_CANCELLED: return 503;
    case TAEL_NO_SPACE: return 507;
    case TAEL_INTERNAL:
    case TAEL_IO: return 500;
    default: return 400;
    }
}

static bool fault(tael__exchange *x, unsigned http, const char *code, const char *sentence)
{
    return tael__fault(x, http, "", code, NULL, "%s", sentence);
}

/* To a page, wrong use is wrong input. */
static const char *code_of(tael_status status)
{
    return tael_status_name(status == TAEL_MISUSE ? TAEL_BAD_INPUT : status);
}

json_t *tael__api_fault_json(const tael__exchange *x)
{
    return json_pack("{s:{s:s,s:o}}", "error", "code", x->fault.code, "message", tael__json_text(x->fault.message));
}

/* ---- The head ---- */

/* Among other places by a page of another site, whose name leads here: check_source has looked at Host only without
 * keys. */
static bool check_asker(tael__exchange *x)
{
    const char *host = header(x, "Host");
    if (!x->server->desk || !x->server->loopback || !host || !tael__guard_host(host))
        return fault(x, 403, "denied",
                     TAEL_SAY("the ledger is there for the page on this device only; open the address that tael serve "
                              "shows",
                              "账本只供本设备上的页面使用；请打开 tael serve 显示的地址"));
    if (!tael__session_same(x->server->session.token, header(x, "X-Tael-Session")))
        return fault(
            x, 401, "session",
            TAEL_SAY("this page is of an earlier start of the service; load it again", "页面已过期；请重新加载"));
    return true;
}

static const tael__api_route *find_route(const char *url, const char *method, const char **allowed)
{
    if (strcmp(method, "HEAD") == 0) method = "GET";
    *allowed = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        const tael__api_route *r = &routes[i];
        size_t n = strlen(r->path);
        bool fits = r->path[n - 1] == '/' ? strncmp(url, r->path, n) == 0 && url[n] : strcmp(url, r->path) == 0;
        if (!fits) continue;
        *allowed = r->method;
        if (strcmp(method, r->method) == 0) return r;
    }
    return NULL;
}

static enum MHD_Result add_parameter(void *user, enum MHD_ValueKind kind, const char *name, const char *value)
{
    (void)kind;
    json_object_set_new(user, name, tael__json_text(value ? value : ""));
    return MHD_YES;
}

static bool fault_memory(tael__exchange *x)
{
    return fault(x, 503, "no_memory", TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
}

static bool make_errand(tael__exchange *x, const char *url, const tael__api_route *r)
{
    tael__errand *e = tael__errand_make(x->server->desk, x->connection);
    if (!e) return fault_memory(x);
    const union MHD_ConnectionInfo *info =
        x->server->mhd->get_connection_info(x->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    x->errand = e;
    e->socket = info ? info->connect_fd : -1;
    e->tail = tael__strdup(url + strlen(r->path));
    e->mhd = x->server->mhd;
    e->server = x->server;
    e->run = r->run;
    e->lane = r->lane;
    e->events = r->events;
    e->ledger = !r->no_ledger;
    e->language = x->language;
    e->query = json_object();
    if (!e->tail || !e->query) return fault_memory(x);
    x->server->mhd->get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND, add_parameter, e->query);
    return true;
}

bool tael__api_head(tael__exchange *x, const char *url, const char *method)
{
    const char *allowed, *type = header(x, "Content-Type"), *length = header(x, "Content-Length");
    tael__api_language(x);
    if (!check_asker(x)) return false;
    const tael__api_route *r = x->api = find_route(url, method, &allowed);
    if (!r && allowed) {
        x->allowed = allowed;
        return fault(x, 405, "method", TAEL_SAY("this address takes another method", "此地址不接受该方法"));
    }
    if (!r) return fault(x, 404, "not_found", TAEL_SAY("there is nothing at this address", "此地址没有内容"));
    if (r->body == TAEL__BODY_JSON && (!type || strncasecmp(type, "application/json", 16) != 0))
        return fault(x, 415, "bad_input",
                     TAEL_SAY("Content-Type: send application/json", "Content-Type：请发送 application/json"));
    if (r->body == TAEL__BODY_FILE) x->body_most = TAEL__MAX_SERVE_FILE_BYTES;
    x->body.max = x->body_most + 1;
    x->too_large = length && strtoull(length, NULL, 10) > x->body_most;
    return make_errand(x, url, r);
}

/* ---- The body ---- */

static bool read_json(tael__exchange *x, json_t **out)
{
    json_error_t error;
    const char *text = x->body.data ? x->body.data : "";
    if (tael__json_scan(text, x->body.size)) *out = json_loadb(text, x->body.size, 0, &error);
    if (json_is_object(*out)) return true;
    json_decref(*out);
    *out = NULL;
    return fault(x, 400, "bad_input",
                 TAEL_SAY("the body is not a JSON object; send one", "正文不是 JSON 对象；请发送对象"));
}

bool tael__api_begin(tael__exchange *x)
{
    tael__errand *e = x->errand;
    if (x->fault.http) return false;
    if (x->api->body == TAEL__BODY_JSON && !read_json(x, &e->body)) return false;
    if (x->api->body == TAEL__BODY_FILE) {
        e->bytes = x->body; /* the errand's now */
        x->body = (tael__buffer){.max = x->body.max};
    }
    tael_status status = tael__errand_submit(e);
    if (status == TAEL_LIMIT) x->fault.retry_seconds = 1;
    if (status != TAEL_OK) return fault(x, status == TAEL_LIMIT ? 429 : http_of(status), code_of(status), tael_error());
    x->stage = TAEL__STAGE_WORKING;
    return true;
}

/* ---- The answer ---- */

static ssize_t read_events(void *exchange, uint64_t at, char *out, size_t most)
{
    tael__exchange *x = exchange;
    (void)at;
    ssize_t n = tael__errand_take(x->errand, out, most);
    return n < 0 ? (ssize_t)MHD_CONTENT_READER_END_OF_STREAM : n;
}

static enum MHD_Result reply_whole(tael__exchange *x)
{
    tael__errand *e = x->errand; /* over: nobody else writes to it */
    char disposition[128];
    void *data = e->out.data ? e->out.data : (char[]){""};
    struct MHD_Response *r = x->server->mhd->create_response_from_buffer(e->out.size, data, MHD_RESPMEM_MUST_COPY);
    if (r && e->file_name[0]) {
        snprintf(disposition, sizeof disposition, "attachment; filename=\"%s\"", e->file_name);
        x->server->mhd->add_response_header(r, "Content-Disposition", disposition);
    }
    return tael__reply(x, 200, r, e->type ? e->type : "application/json");
}

enum MHD_Result tael__api_go_on(tael__exchange *x)
{
    tael__errand *e = x->errand;
    if (!tael__errand_await(e)) return MHD_YES; /* called again when there is news */
    pthread_mutex_lock(&e->lock);
    bool over = e->over, said = e->events && e->out.size > 0;
    pthread_mutex_unlock(&e->lock);
    if (said) {
        struct MHD_Response *r =
            x->server->mhd->create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_events, x, NULL);
        return tael__reply(x, 200, r, "text/event-stream; charset=utf-8");
    }
    if (over && e->status == TAEL_OK) return reply_whole(x);
    const char *code = e->code ? e->code : code_of(e->status);
    fault(x, http_of(e->status), code, *e->error ? e->error : code);
    return tael__reply_fault(x);
}
