// SPDX-License-Identifier: Apache-2.0
// Calls in a model's text: Qwen's <tool_call> blocks, and, since small models forget the tags, bare or fenced JSON
// objects (or a list of them) with the names of tools that exist. Anything else is text, and nothing of it is lost.
#include "serve/tools.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/random.h"

#define OPEN  "<tool_call>"
#define CLOSE "</tool_call>"
#define FENCE "```"

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- While it comes ---- */

/* Does the text begin with `word`, as far as both go? */
static bool begins(const char *text, size_t bytes, const char *word)
{
    return memcmp(text, word, least(bytes, strlen(word))) == 0;
}

static bool may_be_call(const char *text, size_t bytes)
{
    while (bytes > 0 && strchr(" \t\r\n", *text)) {
        text++;
        bytes--;
    }
    return bytes == 0 || *text == '{' || *text == '[' || begins(text, bytes, OPEN) || begins(text, bytes, FENCE);
}

/* How much of the text is plain: up to a tag, or to what may become one. */
static size_t plain_bytes(const char *text, size_t bytes)
{
    size_t n = strlen(OPEN);
    const char *tag = memmem(text, bytes, OPEN, n);
    if (tag) return (size_t)(tag - text);
    for (size_t tail = least(bytes, n - 1); tail > 0; tail--)
        if (memcmp(text + bytes - tail, OPEN, tail) == 0) return bytes - tail;
    return bytes;
}

static tael_status give(tael__spoken *s, size_t bytes, tael__buffer *plain)
{
    TAEL_TRY(tael__buffer_append(plain, s->held.data, bytes));
    memmove(s->held.data, s->held.data + bytes, s->held.size - bytes);
    s->held.size -= bytes;
    return TAEL_OK;
}

tael_status tael__spoken_push(tael__spoken *s, const char *text, size_t bytes, tael__buffer *plain)
{
    TAEL_TRY(tael__buffer_append(&s->held, text, bytes));
    if (!s->speaks) s->speaks = !may_be_call(s->held.data, s->held.size);
    return s->speaks ? give(s, plain_bytes(s->held.data, s->held.size), plain) : TAEL_OK;
}

/* ---- Once it is whole ---- */

static bool is_tool(const tael__tools *tools, const char *name)
{
    const json_t *tool;
    size_t i;
    json_array_foreach(tools->list, i, tool)
    {
        const char *one = json_string_value(json_object_get(json_object_get(tool, "function"), "name"));
        if (one && strcmp(one, name) == 0) return true;
    }
    return false;
}

static json_t *new_id(void)
{
    uint8_t random[12] = {0};
    char id[5 + 2 * sizeof random + 1] = "call_";
    (void)tael__random_system(random, sizeof random); /* ids only tell the calls of one reply apart */
    for (size_t i = 0; i < sizeof random; i++) snprintf(id + 5 + 2 * i, 3, "%02x", random[i]);
    return json_string(id);
}

/* A call as a model writes it: its arguments as an object, as text that holds one, or under Llama's name for them. */
static bool add_call(json_t *calls, const json_t *value, const tael__tools *tools)
{
    const char *name = json_string_value(json_object_get(value, "name"));
    json_t *arguments = json_object_get(value, "arguments");
    if (!arguments) arguments = json_object_get(value, "parameters");
    if (!name || !is_tool(tools, name)) return false;
    json_t *parsed = json_is_string(arguments) ? json_loads(json_string_value(arguments), 0, NULL) : NULL;
    if (parsed) arguments = parsed;
    char *text = !arguments ? strdup("{}") : json_is_object(arguments) ? json_dumps(arguments, JSON_COMPACT) : NULL;
    json_decref(parsed);
    if (!text) return false;
    json_t *call = json_pack("{s:o,s:s,s:s}", "id", new_id(), "name", name, "arguments", text);
    free(text); /* jansson's own memory */
    return call && json_array_append_new(calls, call) == 0;
}

/* One value, or one after another, each a call or a list of them. */
static bool add_calls(json_t *calls, const char *text, size_t bytes, const tael__tools *tools)
{
    for (size_t at = 0; at < bytes;) {
        json_error_t error;
        json_t *value = json_loadb(text + at, bytes - at, JSON_DISABLE_EOF_CHECK, &error), *one;
        size_t i;
        bool good = json_is_object(value) ? add_call(calls, value, tools) : json_array_size(value) > 0;
        json_array_foreach(value, i, one) good = good && add_call(calls, one, tools);
        json_decref(value);
        if (!good) return false;
        at += (size_t)error.position; /* what the value took */
        while (at < bytes && strchr(" \t\r\n", text[at])) at++;
    }
    return json_array_size(calls) > 0;
}

/* All blocks, each closed but perhaps the last; false: something else stands between. */
static bool add_tagged(json_t *calls, const char *text, size_t bytes, const tael__tools *tools)
{
    const char *end = text + bytes, *at = text;
    while (at < end) {
        if (strchr(" \t\r\n", *at)) {
            at++;
            continue;
        }
        if (!begins(at, (size_t)(end - at), OPEN) || (size_t)(end - at) < strlen(OPEN)) return false;
        at += strlen(OPEN);
        const char *close = memmem(at, (size_t)(end - at), CLOSE, strlen(CLOSE));
        if (!add_calls(calls, at, (size_t)((close ? close : end) - at), tools)) return false;
        at = close ? close + strlen(CLOSE) : end;
    }
    return json_array_size(calls) > 0;
}

static bool add_fenced(json_t *calls, const char *text, size_t bytes, const tael__tools *tools)
{
    const char *line = memchr(text, '\n', bytes), *end = text + bytes;
    if (!line) return false;
    const char *close = memmem(line, (size_t)(end - line), FENCE, strlen(FENCE));
    if (close && end - close > 3 && strspn(close + 3, " \t\r\n") < (size_t)(end - close - 3)) return false;
    return add_calls(calls, line, (size_t)((close ? close : end) - line), tools);
}

tael_status tael__spoken_end(tael__spoken *s, const tael__tools *tools, tael__buffer *plain)
{
    const char *text = s->held.data ? s->held.data : "";
    size_t bytes = s->held.size;
    while (bytes > 0 && strchr(" \t\r\n", *text)) {
        text++;
        bytes--;
    }
    json_t *calls = json_array();
    if (!calls) return tael__fail_memory(TAEL_SAY("a call", "调用"), 0);
    bool called = bytes > 0 && (begins(text, bytes, OPEN)    ? add_tagged(calls, text, bytes, tools)
                                : begins(text, bytes, FENCE) ? add_fenced(calls, text, bytes, tools)
                                : !s->speaks                 ? add_calls(calls, text, bytes, tools)
                                                             : false);
    if (called) {
        s->calls = calls;
        s->held.size = 0;
        return TAEL_OK;
    }
    json_decref(calls);
    return s->held.size > 0 ? give(s, s->held.size, plain) : TAEL_OK;
}

void tael__spoken_free(tael__spoken *s)
{
    tael__buffer_free(&s->held);
    json_decref(s->calls);
    *s = (tael__spoken){0};
}

/* ---- A call that must be made ---- */

/* A tool's schema stands inside another now: its references begin at `at`. */
static json_t *moved(const json_t *value, const char *at)
{
    json_t *copy, *one;
    const char *key, *reference;
    size_t i;
    char path[256];
    if (json_is_array(value)) {
        copy = json_array();
        json_array_foreach(value, i, one) json_array_append_new(copy, moved(one, at));
        return copy;
    }
    if (!json_is_object(value)) return json_deep_copy(value);
    copy = json_object();
    json_object_foreach((json_t *)(uintptr_t)value, key, one)
    {
        reference = strcmp(key, "$ref") == 0 ? json_string_value(one) : NULL;
        if (reference && reference[0] == '#' && strlen(at) + strlen(reference) < sizeof path) {
            snprintf(path, sizeof path, "%s%s", at, reference + 1);
            json_object_set_new(copy, key, json_string(path));
        } else {
            json_object_set_new(copy, key, moved(one, at));
        }
    }
    return copy;
}

static json_t *call_schema(const json_t *function, size_t i, bool exact)
{
    char at[64];
    const json_t *parameters = json_object_get(function, "parameters");
    snprintf(at, sizeof at, "#/anyOf/%zu/properties/arguments", i);
    json_t *arguments = exact && json_object_size(parameters) > 0
                            ? moved(parameters, at)
                            : json_pack("{s:s,s:b}", "type", "object", "additionalProperties", 1);
    return json_pack("{s:s,s:{s:{s:O},s:o},s:[s,s]}", "type", "object", "properties", "name", "const",
                     json_object_get(function, "name"), "arguments", arguments, "required", "name", "arguments");
}

char *tael__tools_schema(const tael__tools *tools, bool exact)
{
    json_t *all = json_array();
    const json_t *tool;
    size_t i;
    json_array_foreach(tools->list, i, tool)
    {
        const json_t *function = json_object_get(tool, "function");
        if (tools->only && !json_equal(tools->only, json_object_get(function, "name"))) continue;
        json_array_append_new(all, call_schema(function, json_array_size(all), exact));
    }
    json_t *schema = json_pack("{s:o}", "anyOf", all);
    char *text = schema ? json_dumps(schema, JSON_COMPACT) : NULL, *copy = text ? tael__strdup(text) : NULL;
    free(text); /* jansson's own memory */
    json_decref(schema);
    return copy;
}
