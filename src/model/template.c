// SPDX-License-Identifier: Apache-2.0
// Chat templates: what their Jinja text would print, written out in C. A template is known by pieces that its text
// holds and pieces that it lacks; a near relative of a known one is thus unknown, and named, rather than rendered a
// little wrong. tests/model/template.c holds each against the Jinja original.
#include "model/template.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/utf8.h"
#include "model/template_json.h"

typedef struct turns {
    const tael_message *messages;
    size_t count;
    json_t *tools; /* NULL: none */
    bool open_reply;
} turns;

typedef tael_status render_fn(const tael__template *t, const turns *c, tael__buffer *out);

struct tael__template {
    const char *name;
    render_fn *render;
    const char *default_system; /* NULL: none */
    const char *call_example;   /* how a tool call is shown; NULL: the template takes no tools */
    const char *has[6], *lacks[6];
};

/* ---- ChatML ---- */

static bool is(const tael_message *m, const char *role)
{
    return strcmp(m->role, role) == 0;
}

static tael_status put_turn(tael__buffer *out, const char *role, const char *content)
{
    tael__buffer_text(out, "<|im_start|>");
    tael__buffer_text(out, role);
    tael__buffer_text(out, "\n");
    tael__buffer_text(out, content);
    return tael__buffer_text(out, "<|im_end|>\n");
}

static tael_status render_chatml(const tael__template *t, const turns *c, tael__buffer *out)
{
    if (t->default_system && !is(&c->messages[0], "system")) put_turn(out, "system", t->default_system);
    for (size_t i = 0; i < c->count; i++) put_turn(out, c->messages[i].role, c->messages[i].content);
    return c->open_reply ? tael__buffer_text(out, "<|im_start|>assistant\n") : out->failed;
}

/* ---- Qwen: ChatML with tools ---- */

static tael_status put_tools(const tael__template *t, const turns *c, tael__buffer *out)
{
    const json_t *tool;
    size_t i;
    tael__buffer_text(out, "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are "
                           "provided with function "
                           "signatures within <tools></tools> XML tags:\n<tools>");
    json_array_foreach(c->tools, i, tool)
    {
        tael__buffer_text(out, "\n");
        TAEL_TRY(tael__template_json(tool, out));
    }
    tael__buffer_text(
        out, "\n</tools>\n\nFor each function call, return a json object with function name and arguments within "
             "<tool_call></tool_call> XML tags:\n<tool_call>\n");
    tael__buffer_text(out, t->call_example);
    return tael__buffer_text(out, "\n</tool_call><|im_end|>\n");
}

/* The first turn: the system's words, the tools, both, or nothing. */
static tael_status put_head(const tael__template *t, const turns *c, tael__buffer *out)
{
    const char *system = is(&c->messages[0], "system") ? c->messages[0].content : t->default_system;
    if (!c->tools) return system ? put_turn(out, "system", system) : TAEL_OK;
    tael__buffer_text(out, "<|im_start|>system\n");
    if (system) {
        tael__buffer_text(out, system);
        tael__buffer_text(out, "\n\n");
    }
    return put_tools(t, c, out);
}

/* Results of tools stand in a user's turn, neighbours in one. */
static tael_status put_tool_result(const turns *c, size_t i, tael__buffer *out)
{
    if (i == 0 || !is(&c->messages[i - 1], "tool")) tael__buffer_text(out, "<|im_start|>user");
    tael__buffer_text(out, "\n<tool_response>\n");
    tael__buffer_text(out, c->messages[i].content);
    tael__buffer_text(out, "\n</tool_response>");
    if (i + 1 == c->count || !is(&c->messages[i + 1], "tool")) tael__buffer_text(out, "<|im_end|>\n");
    return out->failed;
}

static tael_status render_qwen25(const tael__template *t, const turns *c, tael__buffer *out)
{
    TAEL_TRY(put_head(t, c, out));
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (is(m, "tool"))
            put_tool_result(c, i, out);
        else if (i > 0 || !is(m, "system"))
            put_turn(out, m->role, m->content);
    }
    return c->open_reply ? tael__buffer_text(out, "<|im_start|>assistant\n") : out->failed;
}

/* ---- Qwen3: the same with thoughts ---- */

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static bool ends(const char *text, const char *with)
{
    size_t n = strlen(text), k = strlen(with);
    return n >= k && strcmp(text + n - k, with) == 0;
}

static const char *skip_newlines(const char *p)
{
    while (*p == '\n') p++;
    return p;
}

/* The user's last question: thoughts before it are left out. The last message if nobody asked. */
static size_t last_query(const turns *c)
{
    for (size_t i = c->count; i-- > 0;) {
        const char *content = c->messages[i].content;
        if (is(&c->messages[i], "user") && !(starts(content, "<tool_response>") && ends(content, "</tool_response>")))
            return i;
    }
    return c->count - 1;
}

static tael_status put_reply(const turns *c, size_t i, size_t query, tael__buffer *out)
{
    static const char open[] = "<think>", close[] = "</think>";
    const char *content = c->messages[i].content, *thought = content, *thought_end = content;
    const char *first = strstr(content, close);
    if (first) {
        const char *last = first;
        for (const char *p = first; (p = strstr(p, close)); p += strlen(close)) last = p;
        thought_end = first;
        while (thought_end > thought && thought_end[-1] == '\n') thought_end--;
        for (const char *p = content; (p = strstr(p, open)) && p + strlen(open) <= thought_end; p += strlen(open))
            thought = p + strlen(open);
        while (thought < thought_end && *thought == '\n') thought++;
        content = skip_newlines(last + strlen(close));
    }
    tael__buffer_text(out, "<|im_start|>assistant\n");
    if (i > query && (i + 1 == c->count || thought_end > thought)) {
        tael__buffer_text(out, "<think>\n");
        tael__buffer_append(out, thought, (size_t)(thought_end - thought));
        tael__buffer_text(out, "\n</think>\n\n");
        content = skip_newlines(content);
    }
    tael__buffer_text(out, content);
    return tael__buffer_text(out, "<|im_end|>\n");
}

static tael_status render_qwen3(const tael__template *t, const turns *c, tael__buffer *out)
{
    size_t query = last_query(c);
    TAEL_TRY(put_head(t, c, out));
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (is(m, "tool"))
            put_tool_result(c, i, out);
        else if (is(m, "assistant"))
            put_reply(c, i, query, out);
        else if (i > 0 || !is(m, "system"))
            put_turn(out, m->role, m->content);
    }
    return c->open_reply ? tael__buffer_text(out, "<|im_start|>assistant\n") : out->failed;
}

/* ---- Llama 3 ---- */

/* What Python's str.strip() takes away. */
static bool is_space(uint32_t c)
{
    return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F) || c == 0x85 || c == 0xA0 || c == 0x1680 ||
           (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

static tael_status put_trimmed(tael__buffer *out, const char *text)
{
    size_t from = SIZE_MAX, to = 0, bytes = strlen(text);
    for (size_t i = 0; i < bytes;) {
        uint32_t code;
        size_t n = tael__utf8_decode(text + i, bytes - i, &code, NULL);
        if (!is_space(code)) {
            if (from == SIZE_MAX) from = i;
            to = i + n;
        }
        i += n;
    }
    return to ? tael__buffer_append(out, text + from, to - from) : out->failed;
}

static tael_status render_llama3(const tael__template *t, const turns *c, tael__buffer *out)
{
    (void)t;
    tael__buffer_text(out, "<|begin_of_text|>");
    for (size_t i = 0; i < c->count; i++) {
        tael__buffer_text(out, "<|start_header_id|>");
        tael__buffer_text(out, c->messages[i].role);
        tael__buffer_text(out, "<|end_header_id|>\n\n");
        put_trimmed(out, c->messages[i].content);
        tael__buffer_text(out, "<|eot_id|>");
    }
    return c->open_reply ? tael__buffer_text(out, "<|start_header_id|>assistant<|end_header_id|>\n\n") : out->failed;
}

/* ---- Which one ---- */

#define QWEN_SYSTEM           "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."
#define SMOLLM_SYSTEM         "You are a helpful AI assistant named SmolLM, trained by Hugging Face"
#define CALL                  "{\"name\": <function-name>, \"arguments\": <args-json-object>}"
#define CALL_AS_JINJA         "\\n{\\\"name\\\": <function-name>"
#define CALL_DOUBLED_AS_JINJA "\\n{{\\\"name\\\": <function-name>"

/* Pieces are as the Jinja text spells them. */
static const tael__template templates[] = {
    {"qwen2.5",
     render_qwen25,
     QWEN_SYSTEM,
     CALL,
     {"<|im_start|>", QWEN_SYSTEM, "<tool_response>", CALL_AS_JINJA, "message.tool_calls"},
     {"<think>", "reasoning_content", "<|vision_start|>"}},
    /* The braces are doubled by a slip in the file, and that is what its model was given. */
    {"qwen2.5 (doubled braces)",
     render_qwen25,
     QWEN_SYSTEM,
     "{" CALL "}",
     {"<|im_start|>", QWEN_SYSTEM, "<tool_response>", CALL_DOUBLED_AS_JINJA, "message.tool_calls"},
     {"<think>", "reasoning_content", "<|vision_start|>"}},
    {"qwen3",
     render_qwen3,
     NULL,
     CALL,
     {"<|im_start|>", "enable_thinking is false", "ns.last_query_index", "reasoning_content", "<tool_response>",
      CALL_AS_JINJA},
     {"<|vision_start|>", "You are Qwen", "<function="}},
    {"smollm2",
     render_chatml,
     SMOLLM_SYSTEM,
     NULL,
     {"<|im_start|>", SMOLLM_SYSTEM "<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"qwen2",
     render_chatml,
     "You are a helpful assistant.",
     NULL,
     {"<|im_start|>", "You are a helpful assistant.<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"qwen1.5",
     render_chatml,
     "You are a helpful assistant",
     NULL,
     {"<|im_start|>", "You are a helpful assistant<|im_end|>", "loop.first"},
     {"tool", "<think>", "trim"}},
    {"chatml",
     render_chatml,
     NULL,
     NULL,
     {"'<|im_start|>' + message", "'<|im_end|>' + '", "<|im_start|>assistant"},
     {"system", "tool", "<think>", "trim", "_token", "raise"}},
    {"llama3",
     render_llama3,
     NULL,
     NULL,
     {"'<|start_header_id|>' + message['role']", "| trim + '<|eot_id|>'", "bos_token + content", "loop.index0 == 0"},
     {"tool", "date_string", "raise"}},
};

static bool holds(tael__slice text, const char *piece)
{
    return memmem(text.data, text.bytes, piece, strlen(piece)) != NULL;
}

static bool fits(const tael__template *t, tael__slice text)
{
    for (size_t i = 0; i < sizeof t->has / sizeof *t->has && t->has[i]; i++)
        if (!holds(text, t->has[i])) return false;
    for (size_t i = 0; i < sizeof t->lacks / sizeof *t->lacks && t->lacks[i]; i++)
        if (holds(text, t->lacks[i])) return false;
    return true;
}

tael_status tael__template_find(const tael__template **out, const tael__gguf *file)
{
    tael__slice text;
    uint64_t hash = 0xCBF29CE484222325u; /* FNV-1a: to tell templates apart in reports, nothing more */
    *out = NULL;
    if (!tael__gguf_text(file, "tokenizer.chat_template", &text)) return TAEL_OK;
    for (size_t i = 0; i < sizeof templates / sizeof *templates; i++)
        if (fits(&templates[i], text)) {
            *out = &templates[i];
            return TAEL_OK;
        }
    for (size_t i = 0; i < text.bytes; i++) hash = (hash ^ (uint8_t)text.data[i]) * 0x100000001B3u;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY(
            "%s: Tael does not know its chat template (fingerprint %016llx, %zu bytes); use it with raw prompts, or "
            "take a Qwen2.5, Qwen3 or SmolLM2 model",
            "%s：Tael 不认识它的对话模板（指纹 %016llx，%zu 字节）；可直接使用原始提示，或换用 Qwen2.5、Qwen3、SmolLM2 "
            "模型"),
        tael__gguf_path(file), (unsigned long long)hash, text.bytes);
}

const char *tael__template_name(const tael__template *t)
{
    return t->name;
}

/* ---- Applying ---- */

static tael_status check_messages(const tael_message *messages, size_t count)
{
    static const char *const roles[] = {"system", "user", "assistant", "tool"};
    if (count == 0 || !messages)
        return tael__fail(TAEL_MISUSE,
                          TAEL_SAY("chat: there is no message; give at least one", "对话：没有消息；请至少给出一条"));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        for (size_t k = 0; messages[i].role && k < sizeof roles / sizeof *roles; k++)
            known |= is(&messages[i], roles[k]);
        if (!known || !messages[i].content)
            return tael__fail(TAEL_BAD_INPUT,
                              TAEL_SAY("chat: message %zu needs a role (system, user, assistant or tool) and content",
                                       "对话：第 %zu 条消息需要角色（system、user、assistant 或 tool）和内容"),
                              i + 1);
    }
    return TAEL_OK;
}

/* NULL in *tools for none: no text, or an empty array. */
static tael_status read_tools(json_t **tools, const tael__template *t, const char *tools_json)
{
    json_error_t error;
    *tools = NULL;
    if (!tools_json) return TAEL_OK;
    if (strlen(tools_json) > TAEL__MAX_JSON_BYTES)
        return tael__fail(TAEL_LIMIT,
                          TAEL_SAY("tools: longer than %zu bytes; give fewer", "工具：超过 %zu 字节；请减少"),
                          TAEL__MAX_JSON_BYTES);
    *tools = json_loads(tools_json, JSON_ALLOW_NUL, &error);
    if (!json_is_array(*tools)) {
        bool parsed = *tools != NULL;
        json_decref(*tools);
        *tools = NULL;
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("tools: not a JSON array of tools (line %d); correct it",
                                   "工具：不是由工具组成的 JSON 数组（第 %d 行）；请更正"),
                          parsed ? 1 : error.line);
    }
    if (json_array_size(*tools) && t->call_example) return TAEL_OK;
    bool unwanted = json_array_size(*tools) > 0;
    json_decref(*tools);
    *tools = NULL;
    if (!unwanted) return TAEL_OK;
    return tael__fail(TAEL_UNSUPPORTED,
                      TAEL_SAY("tools: this model's chat template (%s) has no place for them; take a Qwen model",
                               "工具：此模型的对话模板（%s）不支持工具；请换用 Qwen 模型"),
                      t->name);
}

tael_status tael__template_apply(const tael__template *t, const tael_message *messages, size_t count,
                                 const char *tools_json, bool open_reply, tael__buffer *out)
{
    turns c = {messages, count, NULL, open_reply};
    TAEL_TRY(check_messages(messages, count));
    TAEL_TRY(read_tools(&c.tools, t, tools_json));
    tael_status status = t->render(t, &c, out);
    json_decref(c.tools);
    return status == TAEL_OK ? out->failed : status;
}
