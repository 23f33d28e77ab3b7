// SPDX-License-Identifier: Apache-2.0
// POST /v1/messages: Anthropic's interface. A request is put into OpenAI's words, so that there is one way to a prompt;
// the reply is put into blocks.
#include <stdlib.h>
#include <string.h>

#include "serve/fields.h"

/* ---- The request in OpenAI's words ---- */

/* Text of content: a string, or blocks of text put together. NULL: neither. */
static json_t *text_of(const json_t *content)
{
    tael__buffer all = {.max = TAEL__MAX_PROMPT_BYTES};
    const json_t *block;
    bool good = json_is_array(content);
    size_t i;
    if (json_is_string(content)) return json_incref((json_t *)(uintptr_t)content);
    json_array_foreach(content, i, block)
    {
        const json_t *text = json_object_get(block, "text");
        good = good && json_is_string(text);
        if (good) tael__buffer_append(&all, json_string_value(text), json_string_length(text));
    }
    json_t *out = good && all.failed == TAEL_OK ? tael__text_json(&all) : NULL;
    tael__buffer_free(&all);
    return out;
}

/* One block of message `number` into its parts, its calls, or a message of its own (a tool's result). */
static bool take_block(tael__exchange *x, size_t number, const json_t *block, json_t *parts, json_t *calls, json_t *out)
{
    char path[96];
    const char *type = json_string_value(json_object_get(block, "type"));
    snprintf(path, sizeof path, "messages[%zu].content", number);
    if (type && strcmp(type, "text") == 0)
        return json_array_append(parts, (json_t *)(uintptr_t)block) == 0 ||
               tael__fault_status(x, TAEL_NO_MEMORY, path, "");
    if (type && strcmp(type, "tool_use") == 0) {
        const json_t *name = json_object_get(block, "name"), *input = json_object_get(block, "input");
        char *arguments = json_is_object(input) ? json_dumps(input, JSON_COMPACT) : NULL;
        if (!json_is_string(name) || !arguments) {
            free(arguments); /* jansson's own memory */
            return tael__fault_field(
                x, path,
                TAEL_SAY("%s: tool_use needs a name and an input, an object", "%s：tool_use 需要 name 与对象 input"),
                path);
        }
        json_array_append_new(calls, json_pack("{s:{s:O,s:s}}", "function", "name", name, "arguments", arguments));
        free(arguments);
        return true;
    }
    if (type && strcmp(type, "tool_result") == 0) {
        const json_t *content = tael__value(block, "content");
        json_t *text = content ? text_of(content) : json_string("");
        if (text) return json_array_append_new(out, json_pack("{s:s,s:o}", "role", "tool", "content", text)) == 0;
    }
    return tael__fault_field(x, path,
                             TAEL_SAY("%s: this model takes blocks of type text, tool_use and tool_result (of text)",
                                      "%s：此模型只接受 text、tool_use 与（文本的）tool_result"),
                             path);
}

static bool take_message(tael__exchange *x, size_t number, const json_t *message, json_t *out)
{
    json_t *role = json_object_get(message, "role"), *content = json_object_get(message, "content"), *block;
    size_t i;
    if (!json_is_array(content)) return json_array_append(out, (json_t *)(uintptr_t)message) == 0;
    json_t *parts = json_array(), *calls = json_array();
    bool good = parts && calls;
    json_array_foreach(content, i, block) good = good && take_block(x, number, block, parts, calls, out);
    if (good && (json_array_size(parts) > 0 || json_array_size(calls) > 0)) {
        json_t *one = json_pack("{s:O,s:O}", "role", role ? role : json_null(), "content", parts);
        if (one && json_array_size(calls) > 0) json_object_set(one, "tool_calls", calls);
        good = json_array_append_new(out, one) == 0 || tael__fault_status(x, TAEL_NO_MEMORY, "messages", "");
    }
    json_decref(parts);
    json_decref(calls);
    return good;
}

/* All messages, the system's first; the caller's. NULL: x's fault is set. */
static json_t *messages_of(tael__exchange *x, const json_t *body)
{
    const json_t *system = tael__value(body, "system"), *messages = tael__value(body, "messages"), *one;
    json_t *out = json_array();
    size_t i;
    bool good = out != NULL;
    if (system) {
        json_t *text = text_of(system);
        good =
            text ? json_array_append_new(out, json_pack("{s:s,s:o}", "role", "system", "content", text)) == 0
                 : tael__fault_field(x, "system", "%s",
                                     TAEL_SAY("system: give a string or blocks of text", "system：应为字符串或文本块"));
    }
    if (good && (!json_is_array(messages) || json_array_size(messages) == 0))
        good = tael__fault_field(x, "messages", "%s", TAEL_SAY("messages: give a list", "messages：应为列表"));
    json_array_foreach(messages, i, one) good = good && take_message(x, i, one, out);
    if (good) return out;
    if (!x->fault.http) tael__fault_status(x, TAEL_NO_MEMORY, "messages", "");
    json_decref(out);
    return NULL;
}

/* tools and tool_choice as OpenAI has them; the caller's. */
static json_t *tools_of(const json_t *body)
{
    json_t *out = json_object(), *tools = tael__value(body, "tools"), *choice = tael__value(body, "tool_choice"), *tool;
    const char *type = json_string_value(json_object_get(choice, "type"));
    json_t *list = json_is_array(tools) ? json_array() : json_incref(tools);
    size_t i;
    json_array_foreach(tools, i, tool)
    {
        json_t *function = json_object(), *name = json_object_get(tool, "name");
        json_t *what = tael__value(tool, "description"), *schema = tael__value(tool, "input_schema");
        if (name) json_object_set(function, "name", name);
        if (what) json_object_set(function, "description", what);
        if (schema) json_object_set(function, "parameters", schema);
        json_array_append_new(list, json_pack("{s:s,s:o}", "type", "function", "function", function));
    }
    if (list) json_object_set_new(out, "tools", list);
    if (type && strcmp(type, "tool") == 0)
        json_object_set_new(out, "tool_choice",
                            json_pack("{s:{s:O}}", "function", "name", json_object_get(choice, "name")));
    else if (choice)
        json_object_set_new(out, "tool_choice",
                            json_string(type && strcmp(type, "any") == 0 ? "required"
                                        : type                           ? type
                                                                         : "?"));
    return out;
}

/* ---- The reply ---- */

static const char *stop_reason(const tael__exchange *x, bool called)
{
    const tael_generation *g = &x->call->jobs[0].result;
    if (called) return "tool_use";
    return g->finish == TAEL_FINISH_LENGTH ? "max_tokens" : g->stop ? "stop_sequence" : "end_turn";
}

static json_t *stop_sequence(const tael__exchange *x)
{
    uint32_t stop = x->call->jobs[0].result.stop;
    return stop ? json_string(x->call->stops[stop - 1]) : json_null();
}

static json_t *usage_of(const tael__exchange *x, bool made)
{
    return json_pack("{s:I,s:I}", "input_tokens", (json_int_t)x->prompt_tokens, "output_tokens",
                     (json_int_t)(made ? tael__completion_tokens(x->call) : 0));
}

static json_t *message_of(const tael__exchange *x, json_t *content, json_t *reason, json_t *sequence, json_t *usage)
{
    char id[64];
    snprintf(id, sizeof id, "msg_%s", x->id);
    return json_pack("{s:s,s:s,s:s,s:s,s:o,s:o,s:o,s:o}", "id", id, "type", "message", "role", "assistant", "model",
                     x->server->model_name, "content", content, "stop_reason", reason, "stop_sequence", sequence,
                     "usage", usage);
}

static json_t *use_of(const json_t *call, bool with_input)
{
    json_t *input =
        with_input ? json_loads(json_string_value(json_object_get(call, "arguments")), 0, NULL) : json_object();
    return json_pack("{s:s,s:O,s:O,s:o}", "type", "tool_use", "id", json_object_get(call, "id"), "name",
                     json_object_get(call, "name"), "input", input);
}

static json_t *whole(tael__exchange *x)
{
    tael__buffer plain = {.max = x->call->jobs[0].text.max};
    json_t *content = json_array(), *document = NULL, *call;
    const json_t *calls;
    size_t i;
    if (tael__said(x, 0, &plain, &calls)) {
        if (plain.size > 0 || !calls)
            json_array_append_new(content, json_pack("{s:s,s:o}", "type", "text", "text", tael__text_json(&plain)));
        json_array_foreach(calls, i, call) json_array_append_new(content, use_of(call, true));
        document = message_of(x, json_incref(content), json_string(stop_reason(x, calls != NULL)), stop_sequence(x),
                              usage_of(x, true));
    }
    json_decref(content);
    tael__buffer_free(&plain);
    return document;
}

/* ---- The reply as events ---- */

static void put(tael__exchange *x, const char *type, json_t *data)
{
    if (data) json_object_set_new(data, "type", json_string(type));
    tael__stream_event(x, type, data);
}

static void open_block(tael__exchange *x, json_t *block)
{
    put(x, "content_block_start", json_pack("{s:i,s:o}", "index", (int)x->block, "content_block", block));
}

static void put_delta(tael__exchange *x, const char *type, const char *field, json_t *text)
{
    put(x, "content_block_delta",
        json_pack("{s:i,s:{s:s,s:o}}", "index", (int)x->block, "delta", "type", type, field, text));
}

static void close_block(tael__exchange *x)
{
    put(x, "content_block_stop", json_pack("{s:i}", "index", (int)x->block++));
    x->block_open = false;
}

static void begin(tael__exchange *x)
{
    json_t *message = message_of(x, json_array(), json_null(), json_null(), usage_of(x, false));
    put(x, "message_start", json_pack("{s:o}", "message", message));
}

static void piece(tael__exchange *x, uint32_t i, const char *text, size_t bytes)
{
    (void)i;
    if (!x->block_open) open_block(x, json_pack("{s:s,s:s}", "type", "text", "text", ""));
    x->block_open = true;
    put_delta(x, "text_delta", "text", json_stringn(text, bytes));
}

static void end_job(tael__exchange *x, uint32_t i)
{
    const json_t *calls = x->spoken ? x->spoken[i].calls : NULL, *call;
    size_t k;
    if (x->block_open) close_block(x);
    json_array_foreach(calls, k, call)
    {
        open_block(x, use_of(call, false));
        put_delta(x, "input_json_delta", "partial_json", json_incref(json_object_get(call, "arguments")));
        close_block(x);
    }
    put(x, "message_delta",
        json_pack("{s:{s:s,s:o},s:o}", "delta", "stop_reason", stop_reason(x, calls != NULL), "stop_sequence",
                  stop_sequence(x), "usage", usage_of(x, true)));
}

static void end(tael__exchange *x)
{
    put(x, "message_stop", json_object());
}

static void fault(tael__exchange *x)
{
    tael__stream_event(x, "error", tael__fault_json(x));
}

static const tael__face face = {whole, begin, piece, end_job, end, fault};

/* ---- The request ---- */

static bool read_prompt(tael__exchange *x, const json_t *body, char **prompt)
{
    json_t *tools = tools_of(body), *messages = NULL;
    bool good = tools ? tael__ask_tools(x, tools) : tael__fault_status(x, TAEL_NO_MEMORY, "tools", "");
    if (good) messages = messages_of(x, body);
    good = messages && tael__chat_prompt(x, messages, "messages", tael__value(body, "system") ? 1 : 0, prompt);
    json_decref(messages);
    json_decref(tools);
    return good;
}

bool tael__serve_messages(tael__exchange *x, json_t *body)
{
    tael__asked a;
    char *prompt = NULL;
    int64_t most = 0;
    const char *thinking = json_string_value(json_object_get(tael__value(body, "thinking"), "type"));
    if (!tael__ask_model(x, body, false) || !tael__ask_options(x, body, "stop_sequences", &a) ||
        !tael__value_integer(x, body, "max_tokens", 1, TAEL__MAX_CONTEXT, &most))
        return false;
    if (most == 0)
        return tael__fault_field(x, "max_tokens", "%s",
                                 TAEL_SAY("max_tokens: missing; give it", "max_tokens：缺失；请给出"));
    if (thinking && strcmp(thinking, "disabled") != 0)
        return tael__fault(x, 400, "invalid_request_error", "unsupported", "thinking", "%s",
                           TAEL_SAY("thinking: not supported; leave it out", "thinking：不支持；请去掉"));
    a.n = 1;
    a.options.max_tokens = (uint32_t)most;
    if (!read_prompt(x, body, &prompt)) return false;
    if (!tael__ask_call(x, &a)) {
        tael__free(prompt);
        tael__free(a.schema);
        return false;
    }
    return tael__ask_generation(x, &a, &prompt, 1, "messages") && tael__exchange_submit(x, &face);
}

bool tael__serve_count_tokens(tael__exchange *x, json_t *body)
{
    char *prompt = NULL;
    uint32_t tokens = 0;
    if (!tael__ask_model(x, body, false) || !read_prompt(x, body, &prompt)) return false;
    bool good = tael__count_tokens(x, prompt, "messages", &tokens);
    tael__free(prompt);
    return good && tael__reply_json(x, json_pack("{s:I}", "input_tokens", (json_int_t)tokens));
}
