// SPDX-License-Identifier: Apache-2.0
// MCP over HTTP at /mcp, "streamable HTTP" of the protocol: each message is a POST, answered by one JSON document.
// There is nothing that we would say unasked, so no stream is offered (GET is 405, as the protocol has it). Loopback
// alone doesn't say who asks, so a key of the owner's home is asked for: it opens the tools, and not the page.
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/random.h"
#include "serve/api.h"
#include "serve/mcp.h"

#define SESSION_HEADER "Mcp-Session-Id"

static const char *header(const tael__exchange *x, const char *name)
{
    return x->server->mhd->lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}

static bool fault(tael__exchange *x, unsigned http, const char *sentence)
{
    return tael__fault(x, http, "", "mcp", NULL, "%s", sentence);
}

json_t *tael__mcp_fault_json(const tael__exchange *x)
{
    return json_pack("{s:s,s:n,s:{s:i,s:o}}", "jsonrpc", "2.0", "id", "error", "code",
                     x->fault.http == 429   ? TAEL__RPC_BUSY
                     : x->fault.http >= 500 ? TAEL__RPC_INTERNAL
                                            : TAEL__RPC_REQUEST,
                     "message", tael__json_text(x->fault.message));
}

/* ---- Who asks ---- */

static const char *key_given(const tael__exchange *x)
{
    const char *given = header(x, "Authorization");
    if (given && strncasecmp(given, "Bearer ", 7) == 0) return given + 7 + strspn(given + 7, " ");
    return header(x, "X-Api-Key");
}

static bool check_asker(tael__exchange *x)
{
    const char *host = header(x, "Host");
    if (!x->server->desk || !x->server->loopback || !host || !tael__guard_host(host))
        return fault(
            x, 403,
            TAEL_SAY("the ledger is there for programs on this device only; ask the address that tael serve shows",
                     "账本只供本设备上的程序使用；请使用 tael serve 显示的地址"));
    if (!tael__session_same(x->server->session.mcp, key_given(x)))
        return fault(x, 401,
                     TAEL_SAY("send Authorization: Bearer and the key in the file mcp.key of Tael's folder",
                              "请发送 Authorization: Bearer 和 Tael 文件夹中 mcp.key 的密钥"));
    return true;
}

bool tael__mcp_head(tael__exchange *x, const char *method)
{
    const char *type = header(x, "Content-Type"), *version = header(x, "MCP-Protocol-Version");
    const char *length = header(x, "Content-Length");
    tael__mcp_version known;
    bool post = strcmp(method, "POST") == 0;
    tael__api_language(x);
    if (!check_asker(x)) return false;
    x->allowed = "POST, DELETE";
    x->leaves = strcmp(method, "DELETE") == 0;
    if (!post && !x->leaves)
        return fault(x, 405,
                     TAEL_SAY("there is no stream to listen to; POST messages", "没有可监听的流；请用 POST 发送消息"));
    if (version && !tael__mcp_version_find(version, &known))
        return fault(x, 400,
                     TAEL_SAY("MCP-Protocol-Version: unknown; send the one that initialize answered",
                              "MCP-Protocol-Version：未知；请发送 initialize 返回的版本"));
    if (post && (!type || strncasecmp(type, "application/json", 16) != 0))
        return fault(x, 415, TAEL_SAY("Content-Type: send application/json", "Content-Type：请发送 application/json"));
    x->body_most = TAEL__MAX_MCP_MESSAGE_BYTES;
    x->body.max = x->body_most + 1;
    x->too_large = length && strtoull(length, NULL, 10) > x->body_most;
    return true;
}

/* ---- Sessions ---- */

/* The hub's lock is held. */
static tael__mcp_session *find_session(tael__mcp *hub, const char *id)
{
    for (size_t i = 0; id && *id && i < TAEL__MAX_MCP_SESSIONS; i++)
        if (strcmp(hub->session[i].id, id) == 0) return &hub->session[i];
    return NULL;
}

static bool use_session(tael__mcp *hub, const char *id, tael__mcp_client *client)
{
    pthread_mutex_lock(&hub->lock);
    tael__mcp_session *s = find_session(hub, id);
    if (s) {
        *client = s->client;
        s->used = ++hub->uses;
    }
    pthread_mutex_unlock(&hub->lock);
    return s != NULL;
}

static bool end_session(tael__mcp *hub, const char *id)
{
    pthread_mutex_lock(&hub->lock);
    tael__mcp_session *s = find_session(hub, id);
    if (s) *s = (tael__mcp_session){.id = ""};
    pthread_mutex_unlock(&hub->lock);
    return s != NULL;
}

/* In a free place, else in that of the one which was used longest ago. */
static tael_status begin_session(tael__mcp *hub, const tael__mcp_client *client, char id[TAEL__MCP_SESSION_BYTES])
{
    uint8_t random[TAEL__MCP_SESSION_BYTES / 2];
    TAEL_TRY(tael__random_system(random, sizeof random));
    for (size_t i = 0; i < sizeof random; i++) snprintf(id + 2 * i, 3, "%02x", random[i]);
    pthread_mutex_lock(&hub->lock);
    tael__mcp_session *s = &hub->session[0];
    for (size_t i = 1; i < TAEL__MAX_MCP_SESSIONS; i++)
        if (hub->session[i].used < s->used) s = &hub->session[i];
    s->client = *client;
    s->used = ++hub->uses;
    memcpy(s->id, id, TAEL__MCP_SESSION_BYTES);
    pthread_mutex_unlock(&hub->lock);
    return TAEL_OK;
}

/* ---- Answers ---- */

static bool reply(tael__exchange *x, unsigned http, const tael__buffer *answer, const char *session)
{
    void *data = answer && answer->data ? answer->data : (char[]){""};
    struct MHD_Response *r =
        x->server->mhd->create_response_from_buffer(answer ? answer->size : 0, data, MHD_RESPMEM_MUST_COPY);
    if (r && session) x->server->mhd->add_response_header(r, SESSION_HEADER, session);
    return tael__reply(x, http, r, "application/json") == MHD_YES;
}

static tael_status serve_model(void *user, tael__asked_model *out)
{
    tael__choice_get(user, out);
    return TAEL_OK;
}

static tael_status run_task(tael__errand *e, tael_ledger *ledger, json_t **document)
{
    tael__mcp_task *t = e->task;
    tael__mcp_place place = {.home = tael__desk_home(e->desk), .model = serve_model, .user = &e->server->choice};
    (void)document;
    tael__mcp_run(t, ledger, &place);
    e->out.max = t->out.size + 1;
    return tael__buffer_append(&e->out, t->out.data, t->out.size);
}

/* Takes the task. */
static bool submit(tael__exchange *x, tael__mcp_task *t)
{
    tael__errand *e = x->errand = tael__errand_make(x->server->desk, x->connection);
    if (!e) {
        tael__mcp_task_free(t);
        return fault(x, 503, TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
    }
    t->says_cancelled = true;
    e->task = t;
    e->task_free = tael__mcp_task_free;
    e->mhd = x->server->mhd;
    e->server = x->server;
    e->run = run_task;
    e->lane = t->asks ? TAEL__LANE_ASK : TAEL__LANE_READ;
    e->ledger = e->without = true;
    e->language = x->language;
    tael_status status = tael__errand_submit(e);
    if (status == TAEL_LIMIT) x->fault.retry_seconds = 1;
    if (status != TAEL_OK) return fault(x, status == TAEL_LIMIT ? 429 : 503, tael_error());
    x->stage = TAEL__STAGE_WORKING;
    return true;
}

/* ---- Messages ---- */

static bool answer_at_once(tael__exchange *x, const tael__mcp_task *t, const tael__mcp_client *client, bool known,
                           int wrong)
{
    char id[TAEL__MCP_SESSION_BYTES];
    bool begins = !known && client->ready;
    if (!client->ready && t->out.size == 0)
        return fault(x, 400, TAEL_SAY(SESSION_HEADER ": missing; send it", SESSION_HEADER "：缺失；请提供"));
    if (begins && begin_session(x->server->mcp, client, id) != TAEL_OK) return fault(x, 500, tael_error());
    unsigned http = wrong || !client->ready ? 400 : t->out.size > 0 ? 200 : 202;
    return reply(x, http, &t->out, begins ? id : NULL);
}

bool tael__mcp_begin(tael__exchange *x)
{
    const char *id = header(x, SESSION_HEADER);
    tael__mcp *hub = x->server->mcp;
    tael__mcp_client client = {.ready = false};
    int wrong;
    if (id && !*id) id = NULL;
    bool known = id && use_session(hub, id, &client);
    if (x->fault.http) return false;
    if (id && !known)
        return fault(x, 404, TAEL_SAY("this session is over; initialize anew", "会话已结束；请重新 initialize"));
    if (x->leaves && known) {
        end_session(hub, id);
        return reply(x, 204, NULL, NULL);
    }
    if (x->leaves) return fault(x, 400, TAEL_SAY(SESSION_HEADER ": missing; send it", SESSION_HEADER "：缺失；请提供"));
    tael__mcp_task *t =
        tael__mcp_take(hub, known ? id : "", &client, x->body.data ? x->body.data : "", x->body.size, &wrong);
    tael__buffer_free(&x->body);
    if (!t) return fault(x, 503, TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
    if (tael__mcp_has_calls(t)) return submit(x, t);
    bool good = answer_at_once(x, t, &client, known, wrong);
    tael__mcp_task_free(t);
    return good;
}

enum MHD_Result tael__mcp_go_on(tael__exchange *x)
{
    tael__errand *e = x->errand;
    if (!e) return MHD_YES;                     /* answered at once */
    if (!tael__errand_await(e)) return MHD_YES; /* called again when there is news */
    if (e->status == TAEL_OK) return reply(x, 200, &e->out, NULL) ? MHD_YES : MHD_NO;
    fault(x, e->status == TAEL_CANCELLED ? 503 : 500, e->error);
    return tael__reply_fault(x);
}
