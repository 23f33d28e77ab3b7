// SPDX-License-Identifier: Apache-2.0
// OpenAI's messages as the prompt that the model's own template makes of them. A prompt's special tokens are honoured
// as text, so names of control tokens in what others write are parted: a message can't end its turn and begin another.
#include <string.h>

#include "model/model.h"
#include "model/template_json.h"
#include "serve/fields.h"

#define NAME_MOST 64 /* bytes of a control token's name: "<|reserved_special_token_250|>" has 30 */

/* Does a control token's name stand at text[0..)? Its bytes, or 0. */
static size_t control_at(const tael__tokenizer *t, const char *text, size_t bytes)
{
    const char *end = memchr(text, '>', bytes < NAME_MOST ? bytes : NAME_MOST);
    if (!end) return 0;
    size_t n = (size_t)(end - text) + 1;
    int32_t id = tael__tokenizer_find(t, text, n);
    return id >= 0 && tael__tokenizer_special(t, id) && tael__tokenizer_silent(t, id) ? n : 0;
}

/* Appends text, a space after the first character of each control token's name. */
static tael_status put_plain(tael__buffer *out, const tael_model *model, const char *text, size_t bytes)
{
    const tael__tokenizer *t = tael__model_tokenizer(model);
    size_t from = 0;
    for (size_t i = 0; i < bytes; i++) {
        if (text[i] != '<' || control_at(t, text + i, bytes - i) == 0) continue;
        tael__buffer_append(out, text + from, i + 1 - from);
        tael__buffer_text(out, " ");
        from = i + 1;
    }
    return tael__buffer_append(out, text + from, bytes - from);
}

/* ---- One message ---- */

typedef struct reading {
    tael__exchange *x;
    const char *field; /* as the client knows the list */
    size_t number;     /* of the message there, from 0 */
    tael__buffer content;
} reading;

static bool wrong(const reading *r, const char *field, const char *en, const char *zh)
{
    char path[96];
    snprintf(path, sizeof path, "%s[%zu]%s%s", r->field, r->number, *field ? "." : "", field);
    return tael__fault_field(r->x, path, "%s: %s", path, tael_get_language() == TAEL_CHINESE ? zh : en);
}

static bool put_text(reading *r, const json_t *text)
{
    return put_plain(&r->content, r->x->server->model, json_string_value(text), json_string_length(text)) == TAEL_OK ||
           tael__fault_status(r->x, r->content.failed, "messages",
                              TAEL_SAY("the messages are too long; shorten them", "消息过长；请缩短"));
}

static bool put_content(reading *r, const json_t *content)
{
    size_t i;
    const json_t *part;
    if (!content) return true;
    if (json_is_string(content)) return put_text(r, content);
    if (!json_is_array(content)) return wrong(r, "content", "give a string or a list of parts", "应为字符串或片段列表");
    json_array_foreach(content, i, part)
    {
        const char *type = json_string_value(json_object_get(part, "type"));
        const json_t *text = json_object_get(part, "text");
        if (!type || strcmp(type, "text") != 0)
            return wrong(r, "content", "this model takes parts of type text only", "此模型只接受 text 类型的片段");
        if (!json_is_string(text))
            return wrong(r, "content", "a part of type text needs its text", "text 片段缺少 text");
        if (!put_text(r, text)) return false;
    }
    return true;
}

/* A call that was made, as Qwen's templates write it. */
static bool put_call(reading *r, const json_t *call)
{
    const json_t *function = json_object_get(call, "function"), *name = json_object_get(function, "name");
    const char *arguments = json_string_value(json_object_get(function, "arguments"));
    json_error_t error;
    if (!json_is_string(name) || !arguments)
        return wrong(r, "tool_calls", "each needs function.name and function.arguments, a string",
                     "每项需要 function.name 与字符串 function.arguments");
    json_t *value = json_loads(*arguments ? arguments : "{}", 0, &error);
    if (!json_is_object(value)) {
        json_decref(value);
        return wrong(r, "tool_calls", "arguments is not a JSON object in a string", "arguments 不是 JSON 对象的字符串");
    }
    tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
    if (r->content.size > 0) tael__buffer_text(&r->content, "\n");
    tael__buffer_text(&r->content, "<tool_call>\n{\"name\": ");
    tael__template_json_text(json_string_value(name), &text);
    tael__buffer_text(&text, ", \"arguments\": ");
    tael_status status = tael__template_json(value, &text);
    if (status == TAEL_OK) status = put_plain(&r->content, r->x->server->model, text.data, text.size);
    if (status == TAEL_OK) status = tael__buffer_text(&r->content, "}\n</tool_call>");
    tael__buffer_free(&text);
    json_decref(value);
    return status == TAEL_OK || tael__fault_status(r->x, status, "messages", tael_error());
}

static bool put_calls(reading *r, const json_t *calls)
{
    size_t i;
    const json_t *call;
    if (!calls) return true;
    if (!json_is_array(calls)) return wrong(r, "tool_calls", "give a list", "应为列表");
    json_array_foreach(calls, i, call) if (!put_call(r, call)) return false;
    return true;
}

static bool read_role(reading *r, const json_t *message, const char **role)
{
    static const char *const roles[][2] = {{"system", "system"},       {"developer", "system"}, {"user", "user"},
                                           {"assistant", "assistant"}, {"tool", "tool"},        {"function", "tool"}};
    const char *given = json_string_value(json_object_get(message, "role"));
    for (size_t i = 0; given && i < sizeof roles / sizeof *roles; i++) {
        if (strcmp(given, roles[i][0]) != 0) continue;
        *role = roles[i][1];
        return true;
    }
    return wrong(r, "role", "give system, developer, user, assistant or tool",
                 "应为 system、developer、user、assistant 或 tool");
}

static bool read_message(reading *r, const json_t *message, tael_message *out)
{
    const json_t *content = tael__value(message, "content"), *calls = tael__value(message, "tool_calls");
    if (!json_is_object(message))
        return wrong(r, "", "give an object with role and content", "应为含 role 与 content 的对象");
    if (!read_role(r, message, &out->role)) return false;
    bool assistant = strcmp(out->role, "assistant") == 0;
    if (!content && !(assistant && calls)) return wrong(r, "content", "missing; give a string", "缺失；请给出字符串");
    if (!put_content(r, content) || (assistant && !put_calls(r, calls))) return false;
    if (r->content.size == 0) tael__buffer_text(&r->content, "");
    out->content = tael__buffer_take(&r->content);
    return out->content ? true : tael__fault_status(r->x, TAEL_NO_MEMORY, "messages", "");
}

/* ---- All of them ---- */

static bool format(tael__exchange *x, const tael_message *messages, size_t count, char **prompt)
{
    char *tools = x->tools.list ? json_dumps(x->tools.list, JSON_COMPACT) : NULL;
    tael_status status = tael_chat_format(x->server->model, messages, count, tools, true, prompt);
    free(tools); /* jansson's own memory */
    return status == TAEL_OK || tael__fault_status(x, status, x->tools.list ? "tools" : "messages", tael_error());
}

bool tael__chat_prompt(tael__exchange *x, const json_t *messages, const char *field, size_t added, char **prompt)
{
    size_t count = json_array_size(messages), i = 0;
    if (!json_is_array(messages) || count == 0 || count > TAEL__MAX_SERVE_MESSAGES)
        return tael__fault_field(x, field, TAEL_SAY("%s: give a list of 1 to %d", "%s：应为 1 到 %d 项的列表"), field,
                                 TAEL__MAX_SERVE_MESSAGES);
    tael_message *all = tael__alloc_array(count, sizeof *all);
    bool good = all || tael__fault_status(x, TAEL_NO_MEMORY, field, "");
    for (; good && i < count; i++) {
        reading r = {
            .x = x, .field = field, .number = i < added ? 0 : i - added, .content = {.max = TAEL__MAX_PROMPT_BYTES}};
        good = read_message(&r, json_array_get(messages, i), &all[i]);
        tael__buffer_free(&r.content);
    }
    good = good && format(x, all, count, prompt);
    for (size_t k = 0; all && k < count; k++) tael__free((void *)(uintptr_t)all[k].content);
    tael__free(all);
    return good;
}
