// SPDX-License-Identifier: Apache-2.0
// POST /v1/responses: what OpenAI's client asks of it in everyday use. Nothing is kept between requests: the whole
// conversation comes with each.
#include <stdlib.h>
#include <string.h>

#include "serve/fields.h"

/* ---- The request in the words of a chat ---- */

/* The parts of a message, all of them text. */
static json_t *parts_of(const json_t *content)
{
    json_t *parts = json_array();
    const json_t *part;
    size_t i;
    json_array_foreach(content, i, part)
    {
        const char *type = json_string_value(json_object_get(part, "type"));
        bool text = type && (strcmp(type, "input_text") == 0 || strcmp(type, "output_text") == 0);
        json_t *words = json_object_get(part, "text");
        json_array_append_new(parts, text && words ? json_pack("{s:s,s:O}", "type", "text", "text", words)
                                                   : json_incref((json_t *)(uintptr_t)part));
    }
    return parts;
}

/* One item of `input` as a message; the caller's. NULL: no memory. What is wrong with it, the chat says. */
static json_t *message_of(const json_t *item)
{
    const char *type = json_string_value(json_object_get(item, "type"));
    json_t *content = json_object_get(item, "content"), *role = json_object_get(item, "role");
    if (type && strcmp(type, "function_call") == 0)
        return json_pack("{s:s,s:[{s:{s:O*,s:O*}}]}", "role", "assistant", "tool_calls", "function", "name",
                         json_object_get(item, "name"), "arguments", json_object_get(item, "arguments"));
    if (type && strcmp(type, "function_call_output") == 0)
        return json_pack("{s:s,s:O*}", "role", "tool", "content", json_object_get(item, "output"));
    if (!json_is_array(content)) return json_incref((json_t *)(uintptr_t)item);
    return json_pack("{s:O*,s:o}", "role", role, "content", parts_of(content));
}

static json_t *messages_of(tael__exchange *x, const json_t *body)
{
    const json_t *input = tael__value(body, "input"), *item;
    const char *system = NULL;
    json_t *out = json_array();
    size_t i;
    if (!tael__value_text(x, body, "", "instructions", &system)) {
        json_decref(out);
        return NULL;
    }
    if (system) json_array_append_new(out, json_pack("{s:s,s:s}", "role", "system", "content", system));
    if (json_is_string(input)) {
        json_array_append_new(out, json_pack("{s:s,s:O}", "role", "user", "content", input));
        return out;
    }
    json_array_foreach(input, i, item) json_array_append_new(out, message_of(item));
    if (json_array_size(input) > 0) return out;
    json_decref(out);
    tael__fault_field(x, "input", "%s",
                      TAEL_SAY("input: give a string, or a list of items", "input：应为字符串或条目列表"));
    return NULL;
}

/* tools, flat here, with the name and what belongs to it under "function" as the chat has them; the caller's. */
static json_t *tools_of(const json_t *body)
{
    static const char *const fields[] = {"name", "description", "parameters"};
    json_t *out = json_object(), *tools = tael__value(body, "tools"), *choice = tael__value(body, "tool_choice"), *tool;
    json_t *list = json_is_array(tools) ? json_array() : json_incref(tools);
    size_t i;
    json_array_foreach(tools, i, tool)
    {
        json_t *function = json_object(), *type = json_object_get(tool, "type");
        for (size_t k = 0; k < 3; k++)
            if (json_object_get(tool, fields[k]))
                json_object_set(function, fields[k], json_object_get(tool, fields[k]));
        json_array_append_new(list, json_pack("{s:O*,s:o}", "type", type, "function", function));
    }
    if (list) json_object_set_new(out, "tools", list);
    if (json_is_object(choice))
        json_object_set_new(out, "tool_choice",
                            json_pack("{s:{s:O*}}", "function", "name", json_object_get(choice, "name")));
    else if (choice)
        json_object_set(out, "tool_choice", choice);
    return out;
}

/* text.format, flat here, as response_format has it; the caller's. */
static json_t *format_of(const json_t *body)
{
    json_t *format = tael__value(tael__value(body, "text"), "format");
    const char *type = json_string_value(json_object_get(format, "type"));
    if (!type || strcmp(type, "json_schema") != 0) return json_incref(format);
    return json_pack("{s:s,s:{s:O*}}", "type", type, "json_schema", "schema", json_object_get(format, "schema"));
}

/* ---- The reply ---- */

static json_t *text_part(const tael__buffer *text)
{
    return json_pack("{s:s,s:o,s:[]}", "type", "output_text", "text", tael__text_json(text), "annotations");
}

/* The message; `part` NULL: nothing is said yet. */
static json_t *message_item(const tael__exchange *x, json_t *part)
{
    char id[64];
    snprintf(id, sizeof id, "msg_%s", x->id);
    return json_pack("{s:s,s:s,s:s,s:s,s:o}", "type", "message", "id", id, "status", part ? "completed" : "in_progress",
                     "role", "assistant", "content", part ? json_pack("[o]", part) : json_array());
}

static json_t *call_item(const json_t *call, bool whole)
{
    char id[64];
    snprintf(id, sizeof id, "fc_%s", json_string_value(json_object_get(call, "id")) + 5); /* after "call_" */
    return json_pack("{s:s,s:s,s:O,s:O,s:o,s:s}", "type", "function_call", "id", id, "call_id",
                     json_object_get(call, "id"), "name", json_object_get(call, "name"), "arguments",
                     whole ? json_incref(json_object_get(call, "arguments")) : json_string(""), "status",
                     whole ? "completed" : "in_progress");
}

static json_t *usage_of(const tael__exchange *x)
{
    const tael__job *job = &x->call->jobs[0];
    uint64_t made = tael__completion_tokens(x->call);
    return json_pack("{s:I,s:{s:I},s:I,s:{s:i},s:I}", "input_tokens", (json_int_t)x->prompt_tokens,
                     "input_tokens_details", "cached_tokens",
                     (json_int_t)(job->prompt_tokens - job->result.prompt_tokens), "output_tokens", (json_int_t)made,
                     "output_tokens_details", "reasoning_tokens", 0, "total_tokens",
                     (json_int_t)(x->prompt_tokens + made));
}

/* The tools as they came, flat. */
static json_t *flat_tools(const tael__exchange *x)
{
    json_t *list = json_array();
    const json_t *tool;
    size_t i;
    json_array_foreach(x->tools.list, i, tool)
    {
        json_t *flat = json_copy(json_object_get(tool, "function"));
        if (flat) json_object_set_new(flat, "type", json_string("function"));
        json_array_append_new(list, flat);
    }
    return list;
}

/* The document; `output` taken. NULL: it isn't over. */
static json_t *response_of(const tael__exchange *x, json_t *output)
{
    char id[64];
    bool cut = output && x->call->jobs[0].result.finish == TAEL_FINISH_LENGTH;
    snprintf(id, sizeof id, "resp_%s", x->id);
    json_t *details = cut ? json_pack("{s:s}", "reason", "max_output_tokens") : json_null();
    json_t *usage = output ? usage_of(x) : json_null();
    return json_pack("{s:s,s:s,s:I,s:s,s:s,s:o,s:n,s:o,s:o,s:b,s:s,s:o,s:{},s:n}", "id", id, "object", "response",
                     "created_at", (json_int_t)x->created, "status",
                     !output ? "in_progress"
                     : cut   ? "incomplete"
                             : "completed",
                     "model", x->server->model_name, "output", output ? output : json_array(), "error",
                     "incomplete_details", details, "usage", usage, "parallel_tool_calls", 1, "tool_choice",
                     x->tools.must ? "required" : "auto", "tools", flat_tools(x), "metadata", "previous_response_id");
}

static json_t *output_of(const tael__exchange *x, const tael__buffer *text, const json_t *calls)
{
    json_t *output = json_array();
    const json_t *call;
    size_t i;
    if (text->size > 0 || !calls) json_array_append_new(output, message_item(x, text_part(text)));
    json_array_foreach(calls, i, call) json_array_append_new(output, call_item(call, true));
    return output;
}

static json_t *whole(tael__exchange *x)
{
    const json_t *calls;
    tael__buffer plain = {.max = x->call->jobs[0].text.max};
    json_t *document = tael__said(x, 0, &plain, &calls) ? response_of(x, output_of(x, &plain, calls)) : NULL;
    tael__buffer_free(&plain);
    return document;
}

/* ---- The reply as events ---- */

static void put(tael__exchange *x, const char *type, json_t *data)
{
    if (data) {
        json_object_set_new(data, "type", json_string(type));
        json_object_set_new(data, "sequence_number", json_integer(x->event_count++));
    }
    tael__stream_event(x, type, data);
}

static void put_item(tael__exchange *x, const char *type, json_t *item)
{
    put(x, type, json_pack("{s:i,s:o}", "output_index", (int)x->block, "item", item));
}

/* An event of the message's one part. */
static void put_part(tael__exchange *x, const char *type, const char *field, json_t *value)
{
    char id[64];
    snprintf(id, sizeof id, "msg_%s", x->id);
    json_t *data =
        json_pack("{s:s,s:i,s:i,s:o}", "item_id", id, "output_index", (int)x->block, "content_index", 0, field, value);
    if (data && strcmp(field, "part") != 0) json_object_set_new(data, "logprobs", json_array());
    put(x, type, data);
}

static void begin(tael__exchange *x)
{
    put(x, "response.created", json_pack("{s:o}", "response", response_of(x, NULL)));
    put(x, "response.in_progress", json_pack("{s:o}", "response", response_of(x, NULL)));
}

static void open_text(tael__exchange *x)
{
    tael__buffer nothing = {0};
    if (x->block_open) return;
    x->block_open = true;
    put_item(x, "response.output_item.added", message_item(x, NULL));
    put_part(x, "response.content_part.added", "part", text_part(&nothing));
}

static void close_text(tael__exchange *x)
{
    put_part(x, "response.output_text.done", "text", tael__text_json(&x->said));
    put_part(x, "response.content_part.done", "part", text_part(&x->said));
    put_item(x, "response.output_item.done", message_item(x, text_part(&x->said)));
    x->block++;
    x->block_open = false;
}

static void piece(tael__exchange *x, uint32_t i, const char *text, size_t bytes)
{
    (void)i;
    open_text(x);
    if (tael__buffer_append(&x->said, text, bytes) != TAEL_OK) x->out.failed = x->said.failed;
    put_part(x, "response.output_text.delta", "delta", json_stringn(text, bytes));
}

static void put_call(tael__exchange *x, const json_t *call)
{
    static const struct {
        const char *type, *field;
    } events[] = {{"response.function_call_arguments.delta", "delta"},
                  {"response.function_call_arguments.done", "arguments"}};
    json_t *item = call_item(call, true);
    put_item(x, "response.output_item.added", call_item(call, false));
    for (size_t i = 0; i < 2; i++)
        put(x, events[i].type,
            json_pack("{s:O*,s:i,s:O}", "item_id", json_object_get(item, "id"), "output_index", (int)x->block,
                      events[i].field, json_object_get(call, "arguments")));
    put_item(x, "response.output_item.done", item);
    x->block++;
}

static void end_job(tael__exchange *x, uint32_t i)
{
    const json_t *calls = x->spoken ? x->spoken[i].calls : NULL, *call;
    size_t k;
    if (!calls) open_text(x); /* a reply without a word is an empty one */
    if (x->block_open) close_text(x);
    json_array_foreach(calls, k, call) put_call(x, call);
    json_t *response = response_of(x, output_of(x, &x->said, calls));
    bool cut = x->call->jobs[i].result.finish == TAEL_FINISH_LENGTH;
    put(x, cut ? "response.incomplete" : "response.completed", json_pack("{s:o}", "response", response));
}

static void end(tael__exchange *x)
{
    (void)x;
}

static void fault(tael__exchange *x)
{
    put(x, "error", json_pack("{s:s,s:s,s:n}", "code", x->fault.code, "message", x->fault.message, "param"));
}

static const tael__face face = {whole, begin, piece, end_job, end, fault};

/* ---- The request ---- */

static bool check_rest(tael__exchange *x, const json_t *body)
{
    static const char *const fields[] = {"previous_response_id", "conversation", "prompt", "background"};
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = tael__value(body, fields[i]);
        if (value && !json_is_false(value))
            return tael__fault(
                x, 400, "invalid_request_error", "unsupported", fields[i],
                TAEL_SAY("%s: nothing is kept here between requests; send the whole conversation as input",
                         "%s：此处不保存会话；请在 input 中发送完整对话"),
                fields[i]);
    }
    return true;
}

static bool read_prompt(tael__exchange *x, const json_t *body, tael__asked *a, char **prompt)
{
    json_t *tools = tools_of(body), *format = format_of(body), *messages = NULL;
    bool good = tael__ask_tools(x, tools) && (messages = messages_of(x, body)) &&
                tael__chat_prompt(x, messages, "input", tael__value(body, "instructions") ? 1 : 0, prompt) &&
                tael__ask_format(x, format, a) && tael__ask_call(x, a);
    if (!good && !x->fault.http) tael__fault_status(x, TAEL_NO_MEMORY, "input", "");
    json_decref(tools);
    json_decref(format);
    json_decref(messages);
    return good;
}

bool tael__serve_responses(tael__exchange *x, json_t *body)
{
    tael__asked a;
    char *prompt = NULL;
    int64_t most = 0;
    if (!tael__ask_model(x, body, false) || !check_rest(x, body) || !tael__ask_options(x, body, "stop", &a) ||
        !tael__value_integer(x, body, "max_output_tokens", 1, TAEL__MAX_CONTEXT, &most))
        return false;
    a.n = 1;
    a.options.max_tokens = (uint32_t)most;
    if (!read_prompt(x, body, &a, &prompt)) {
        tael__free(prompt);
        tael__free(a.schema);
        return false;
    }
    return tael__ask_generation(x, &a, &prompt, 1, "input") && tael__exchange_submit(x, &face);
}
