// SPDX-License-Identifier: Apache-2.0
// Messages of the Model Context Protocol: read, told apart, answered. Results are written as text, so that the log can
// hold the very bytes that leave.
#include "serve/mcp.h"

#include <stdlib.h>
#include <string.h>

#include "base/status.h"
#include "base/utf8.h"
#include "document/document.h"
#include "serve/json_scan.h"

extern const unsigned char tael__mcp_tools_json[];
extern const size_t tael__mcp_tools_json_bytes;

static const char *const versions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
enum { VERSIONS = sizeof versions / sizeof *versions };

static const char instructions[] = "The ledger of the owner of this device: their payments by Alipay, WeChat Pay, "
                                   "banks and shops. All tools only read. "
                                   "Money is always an integer in the currency's minor unit (fen for CNY). Every "
                                   "answer is written into a log that the "
                                   "owner reads.";

bool tael__mcp_version_find(const char *name, tael__mcp_version *out)
{
    for (int i = 0; i < VERSIONS; i++) {
        if (strcmp(versions[i], name) != 0) continue;
        *out = (tael__mcp_version)i;
        return true;
    }
    return false;
}

tael_status tael__mcp_open(tael__mcp **out)
{
    tael__mcp *hub = *out = tael__alloc_zero(sizeof *hub);
    json_t *tools = json_loadb((const char *)tael__mcp_tools_json, tael__mcp_tools_json_bytes, 0, NULL);
    char *text = tools ? json_dumps(tools, JSON_COMPACT) : NULL;
    if (hub) pthread_mutex_init(&hub->lock, NULL);
    if (hub && text) hub->tools = tael__strdup(text);
    if (hub) hub->session = tael__alloc_array(TAEL__MAX_MCP_SESSIONS, sizeof *hub->session);
    free(text); /* jansson's own memory */
    json_decref(tools);
    if (hub && hub->tools && hub->session) return TAEL_OK;
    tael__mcp_close(hub);
    *out = NULL;
    return tael__fail_memory("MCP", 0);
}

void tael__mcp_close(tael__mcp *hub)
{
    if (!hub) return;
    pthread_mutex_destroy(&hub->lock);
    tael__free(hub->tools);
    tael__free(hub->session);
    tael__free(hub);
}

/* ---- Answers ---- */

static void put_json(tael__buffer *out, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10)) : NULL;
    if (text)
        tael__buffer_text(out, text);
    else
        out->failed = TAEL_NO_MEMORY;
    free(text); /* jansson's own memory */
}

static void begin_answer(tael__buffer *out, const json_t *id)
{
    tael__buffer_text(out, out->size > 0 ? ",{\"jsonrpc\":\"2.0\",\"id\":" : "{\"jsonrpc\":\"2.0\",\"id\":");
    if (id)
        put_json(out, id);
    else
        tael__buffer_text(out, "null");
}

void tael__mcp_error(tael__buffer *out, const json_t *id, int code, const char *sentence)
{
    json_t *error = json_pack("{s:i,s:o}", "code", code, "message", tael__json_text(sentence));
    begin_answer(out, id);
    tael__buffer_text(out, ",\"error\":");
    put_json(out, error);
    tael__buffer_text(out, "}");
    json_decref(error);
}

static void answer_text(tael__buffer *out, const json_t *id, const char *result)
{
    begin_answer(out, id);
    tael__buffer_text(out, ",\"result\":");
    tael__buffer_text(out, result);
    tael__buffer_text(out, "}");
}

/* ---- What needs no ledger ---- */

/* Of a name that others chose: one line, and not the owner's to scroll past. */
static void put_name(char *to, size_t cap, const char *name, const char *version)
{
    snprintf(to, cap, "%.100s%s%.60s", name, *version ? " " : "", version);
    to[tael__utf8_cut(to, strlen(to))] = '\0';
    for (char *c = to; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
}

static const char *text_in(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void initialize(tael__mcp_task *t, tael__mcp_client *client, const json_t *id, const json_t *params)
{
    const char *wanted = json_string_value(json_object_get(params, "protocolVersion"));
    const json_t *info = json_object_get(params, "clientInfo");
    const char *name = text_in(info, "name");
    if (client->ready) {
        tael__mcp_error(&t->out, id, TAEL__RPC_REQUEST, "initialize: done before; begin a new session for another");
        return;
    }
    if (!wanted) {
        tael__mcp_error(&t->out, id, TAEL__RPC_PARAMS, "protocolVersion: missing; send such as \"2025-06-18\"");
        return;
    }
    *client = (tael__mcp_client){.ready = true, .version = TAEL__MCP_2025_11_25};
    (void)tael__mcp_version_find(wanted, &client->version); /* else the newest: who can't do it leaves */
    put_name(client->name, sizeof client->name, *name ? name : "unnamed", text_in(info, "version"));
    json_t *result = json_pack("{s:s,s:{s:{}},s:{s:s,s:s,s:s},s:s}", "protocolVersion", versions[client->version],
                               "capabilities", "tools", "serverInfo", "name", "tael", "title", "Tael", "version",
                               tael_version(), "instructions", instructions);
    char *text = result ? json_dumps(result, JSON_COMPACT) : NULL;
    if (text)
        answer_text(&t->out, id, text);
    else
        t->out.failed = TAEL_NO_MEMORY;
    free(text); /* jansson's own memory */
    json_decref(result);
}

static void list_tools(tael__mcp_task *t, const json_t *id, const json_t *params)
{
    if (json_object_get(params, "cursor")) {
        tael__mcp_error(&t->out, id, TAEL__RPC_PARAMS, "cursor: there is one page only; send none");
        return;
    }
    begin_answer(&t->out, id);
    tael__buffer_text(&t->out, ",\"result\":{\"tools\":");
    tael__buffer_text(&t->out, t->hub->tools);
    tael__buffer_text(&t->out, "}}");
}

static void take_call(tael__mcp_task *t, json_t *request, const json_t *id, const json_t *params)
{
    const json_t *arguments = json_object_get(params, "arguments");
    const char *name = json_string_value(json_object_get(params, "name"));
    char sentence[160];
    bool asks;
    if (!name || (arguments && !json_is_object(arguments))) {
        tael__mcp_error(&t->out, id, TAEL__RPC_PARAMS, "tools/call: send a name, and arguments as an object");
        return;
    }
    if (!tael__mcp_tool_known(name, &asks)) {
        snprintf(sentence, sizeof sentence, "Unknown tool: %.64s", name);
        sentence[tael__utf8_cut(sentence, strlen(sentence))] = '\0';
        tael__mcp_error(&t->out, id, TAEL__RPC_PARAMS, sentence);
        return;
    }
    t->asks |= asks;
    if (json_array_append(t->calls, request) != 0) t->out.failed = TAEL_NO_MEMORY;
}

/* The call of this id in a task of the same session isn't to be answered any more. What is over already, or never was,
 * is none of ours: such notifications cross with answers. */
static void cancel(tael__mcp_task *t, const json_t *params)
{
    const json_t *id = json_object_get(params, "requestId"), *call;
    size_t i;
    if (!id) return;
    pthread_mutex_lock(&t->hub->lock);
    for (tael__mcp_task *other = t->hub->tasks; other; other = other->next) {
        if (strcmp(other->session, t->session) != 0) continue;
        json_array_foreach(other->calls, i, call) if (json_equal(json_object_get(call, "id"), id))
            json_array_append_new(other->cancelled, json_deep_copy(id));
    }
    pthread_mutex_unlock(&t->hub->lock);
}

static void take_request(tael__mcp_task *t, tael__mcp_client *client, json_t *m, const json_t *id, const char *method)
{
    const json_t *params = json_object_get(m, "params");
    char sentence[160];
    if (params && !json_is_object(params)) {
        tael__mcp_error(&t->out, id, TAEL__RPC_PARAMS, "params: send an object");
    } else if (strcmp(method, "ping") == 0) {
        answer_text(&t->out, id, "{}");
    } else if (strcmp(method, "initialize") == 0 && !t->batch) {
        initialize(t, client, id, params);
    } else if (!client->ready) {
        tael__mcp_error(&t->out, id, TAEL__RPC_REQUEST, "not initialized; send initialize first");
    } else if (strcmp(method, "tools/list") == 0) {
        list_tools(t, id, params);
    } else if (strcmp(method, "tools/call") == 0) {
        take_call(t, m, id, params);
    } else {
        snprintf(sentence, sizeof sentence, "Method not found: %.64s", method);
        sentence[tael__utf8_cut(sentence, strlen(sentence))] = '\0';
        tael__mcp_error(&t->out, id, TAEL__RPC_METHOD, sentence);
    }
}

/* ---- Reading ---- */

/* One message, alone or of a batch. */
static void take_one(tael__mcp_task *t, tael__mcp_client *client, json_t *m)
{
    const json_t *id = json_object_get(m, "id"), *method = json_object_get(m, "method");
    bool named = json_is_string(id) || json_is_integer(id);
    if (strcmp(text_in(m, "jsonrpc"), "2.0") != 0 || (id && !named) ||
        (method ? !json_is_string(method) : !json_object_get(m, "result") && !json_object_get(m, "error"))) {
        tael__mcp_error(
            &t->out, named ? id : NULL, TAEL__RPC_REQUEST,
            "not a JSON-RPC 2.0 message; send jsonrpc, method, and for an answer an id: a string or an integer");
        return;
    }
    if (!method) return; /* a response: nothing was asked of them */
    const char *name = json_string_value(method);
    if (id)
        take_request(t, client, m, id, name);
    else if (strcmp(name, "notifications/cancelled") == 0)
        cancel(t, json_object_get(m, "params")); /* all other notifications tell us nothing */
}

static void take_batch(tael__mcp_task *t, tael__mcp_client *client, json_t *messages, int *fault)
{
    json_t *m;
    size_t i, count = json_array_size(messages);
    if (!client->ready || client->version != TAEL__MCP_2025_03_26 || count == 0 || count > TAEL__MAX_MCP_BATCH) {
        *fault = TAEL__RPC_REQUEST;
        tael__mcp_error(
            &t->out, NULL, *fault,
            "a batch of 1 to 32 messages is for protocol 2025-03-26 only, once initialized; send one message");
        return;
    }
    t->batch = true;
    json_array_foreach(messages, i, m) take_one(t, client, m);
}

static void take_text(tael__mcp_task *t, tael__mcp_client *client, const char *text, size_t bytes, int *fault)
{
    json_t *m = tael__json_scan(text, bytes) ? json_loadb(text, bytes, JSON_DECODE_ANY, NULL) : NULL;
    if (!m) {
        *fault = TAEL__RPC_PARSE;
        tael__mcp_error(&t->out, NULL, *fault, "not JSON, or nested too deep; send one JSON-RPC 2.0 message");
    } else if (json_is_array(m)) {
        take_batch(t, client, m, fault);
    } else if (!json_is_object(m)) {
        *fault = TAEL__RPC_REQUEST;
        tael__mcp_error(&t->out, NULL, *fault, "not an object; send one JSON-RPC 2.0 message");
    } else {
        take_one(t, client, m);
    }
    json_decref(m);
}

static void end_answer(tael__mcp_task *t)
{
    if (!t->batch || t->out.size == 0 || t->out.failed != TAEL_OK) return;
    size_t n = t->out.size;
    if (tael__buffer_text(&t->out, "]]") != TAEL_OK) return; /* one is room for the bracket before */
    memmove(t->out.data + 1, t->out.data, n);
    t->out.data[0] = '[';
}

tael__mcp_task *tael__mcp_take(tael__mcp *hub, const char *session, tael__mcp_client *client, const char *text,
                               size_t bytes, int *fault)
{
    tael__mcp_task *t = tael__alloc_zero(sizeof *t);
    *fault = 0;
    if (!t) return NULL;
    t->hub = hub;
    snprintf(t->session, sizeof t->session, "%s", session);
    t->out.max = TAEL__MAX_JSON_BYTES;
    t->calls = json_array();
    t->cancelled = json_array();
    if (t->calls && t->cancelled) take_text(t, client, text, bytes, fault);
    t->client = *client;
    if (!t->calls || !t->cancelled || t->out.failed != TAEL_OK) {
        tael__mcp_task_free(t);
        return NULL;
    }
    if (!tael__mcp_has_calls(t)) {
        end_answer(t);
        return t;
    }
    pthread_mutex_lock(&hub->lock);
    t->next = hub->tasks;
    hub->tasks = t;
    pthread_mutex_unlock(&hub->lock);
    return t;
}

void tael__mcp_task_free(void *task)
{
    tael__mcp_task *t = task;
    if (!t) return;
    pthread_mutex_lock(&t->hub->lock);
    for (tael__mcp_task **at = &t->hub->tasks; *at; at = &(*at)->next) {
        if (*at != t) continue;
        *at = t->next;
        break;
    }
    pthread_mutex_unlock(&t->hub->lock);
    json_decref(t->calls);
    json_decref(t->cancelled);
    tael__buffer_free(&t->out);
    tael__free(t);
}

void tael__mcp_refuse(tael__mcp_task *t, int code, const char *sentence)
{
    const json_t *call;
    size_t i;
    json_array_foreach(t->calls, i, call) tael__mcp_error(&t->out, json_object_get(call, "id"), code, sentence);
    end_answer(t);
}

/* ---- Calls of tools ---- */

static bool is_cancelled(tael__mcp_task *t, const json_t *id)
{
    const json_t *one;
    size_t i;
    bool found = false;
    pthread_mutex_lock(&t->hub->lock);
    json_array_foreach(t->cancelled, i, one) found |= json_equal(one, id);
    pthread_mutex_unlock(&t->hub->lock);
    return found;
}

/* For a model to read: the sentence tells what to do. */
static char *failed_text(void)
{
    json_t *result = json_pack("{s:[{s:s,s:o}],s:b}", "content", "type", "text", "text", tael__json_text(tael_error()),
                               "isError", 1);
    char *text = result ? json_dumps(result, JSON_COMPACT) : NULL;
    json_decref(result);
    return text;
}

/* The document stands in the text as well: many programs hand their model nothing else. */
static char *result_text(const tael__mcp_client *client, json_t *document, const char *said)
{
    char *whole = document ? json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_t *result = whole ? json_pack("{s:[{s:s,s:o},{s:s,s:s}],s:b}", "content", "type", "text", "text",
                                       tael__json_text(said), "type", "text", "text", whole, "isError", 0)
                           : NULL;
    if (result && client->version <= TAEL__MCP_2025_06_18) json_object_set(result, "structuredContent", document);
    char *text = result ? json_dumps(result, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(result);
    free(whole); /* jansson's own memory */
    return text;
}

static tael_status check_consent(tael_ledger *ledger)
{
    bool allowed;
    TAEL_TRY(tael_consent_get(ledger, TAEL__MCP_CONSENT, &allowed));
    if (allowed) return TAEL_OK;
    return tael__fail(
        TAEL_DENIED,
        TAEL_SAY("the owner of this ledger hasn't allowed other assistants to ask it; if they want that, "
                 "they run: tael consent " TAEL__MCP_CONSENT " on",
                 "账本所有者尚未允许其他助手提问；如需允许，请由所有者运行：tael consent " TAEL__MCP_CONSENT " on"));
}

/* The result's text in *out, which may leave: it was allowed, and logged. */
static tael_status call_tool(tael__mcp_task *t, const json_t *call, tael_ledger *ledger, const tael__mcp_place *place,
                             char **out)
{
    const json_t *params = json_object_get(call, "params");
    const char *name = text_in(params, "name");
    json_t *document = NULL;
    char *said = NULL;
    if (!ledger) return TAEL_IO;     /* its sentence is there */
    TAEL_TRY(check_consent(ledger)); /* before the work; the log looks again */
    tael_status status = tael__mcp_tool(name, json_object_get(params, "arguments"), ledger, place, &document, &said);
    char *text = status == TAEL_OK ? result_text(&t->client, document, said) : NULL;
    json_decref(document);
    tael__free(said);
    if (status != TAEL_OK) return status;
    if (!text) return tael__fail_memory("JSON", 0);
    tael_disclosure d = {.recipient = t->client.name,
                         .purpose = name,
                         .consent = TAEL__MCP_CONSENT,
                         .sent = text,
                         .bytes = strlen(text)};
    if (!is_cancelled(t, json_object_get(call, "id"))) status = tael_ledger_disclose(ledger, &d);
    if (status == TAEL_OK)
        *out = text;
    else
        free(text); /* jansson's own memory */
    return status;
}

void tael__mcp_run(tael__mcp_task *t, tael_ledger *ledger, const tael__mcp_place *place)
{
    const json_t *call;
    size_t i;
    json_array_foreach(t->calls, i, call)
    {
        const json_t *id = json_object_get(call, "id");
        char *text = NULL;
        if (!is_cancelled(t, id) && call_tool(t, call, ledger, place, &text) != TAEL_OK) text = failed_text();
        bool cancelled = is_cancelled(t, id);
        if (cancelled && t->says_cancelled)
            tael__mcp_error(&t->out, id, TAEL__RPC_CANCELLED, "cancelled");
        else if (!cancelled && text)
            answer_text(&t->out, id, text);
        else if (!cancelled)
            tael__mcp_error(&t->out, id, TAEL__RPC_INTERNAL, "not enough memory; ask again later");
        free(text); /* jansson's own memory */
    }
    if (t->out.failed == TAEL_OK) {
        end_answer(t);
        return;
    }
    tael__buffer_clear(&t->out);
    tael__mcp_refuse(t, TAEL__RPC_INTERNAL, "the answer is too large; ask for less at once");
}
