// SPDX-License-Identifier: Apache-2.0
// ChatML and its relatives, <|im_start|>ROLE ... <|im_end|>: Qwen 1.5 to 3.5, SmolLM2, MiniCPM5. They differ in what
// stands in the system's turn, in where thoughts are kept, and in how a reply is opened.
#include "model/template_internal.h"
#include "model/template_json.h"

#define OPEN_THOUGHT  "<think>"
#define CLOSE_THOUGHT "</think>"

static tael_status put_start(tael__buffer *out, const char *role)
{
    tael__buffer_text(out, "<|im_start|>");
    tael__buffer_text(out, role);
    return tael__buffer_text(out, "\n");
}

static tael_status put_turn(tael__buffer *out, const char *role, tael__slice content)
{
    put_start(out, role);
    tael__template_put(out, content);
    return tael__buffer_text(out, "<|im_end|>\n");
}

static tael_status put_open(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    if (!c->options->open_reply) return out->failed;
    put_start(out, "assistant");
    return tael__buffer_text(out, t->thoughts[c->options->thinking]);
}

static tael__slice slice_of(const char *text)
{
    return (tael__slice){text, strlen(text)};
}

tael_status tael__render_chatml(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    if (t->default_system && !tael__role_is(&c->messages[0], "system"))
        put_turn(out, "system", slice_of(t->default_system));
    for (size_t i = 0; i < c->count; i++) put_turn(out, c->messages[i].role, tael__template_content(&c->messages[i]));
    return put_open(t, c, out);
}

/* ---- Tools ---- */

static tael_status put_tool_list(const tael__turns *c, tael__buffer *out)
{
    const json_t *tool;
    size_t i;
    json_array_foreach(c->tools, i, tool)
    {
        tael__buffer_text(out, "\n");
        TAEL_TRY(tael__template_json(tool, out));
    }
    return tael__buffer_text(out, "\n</tools>");
}

/* The first turn of Qwen 2.5 and 3: the system's words, the tools, both, or nothing. */
static tael_status put_head(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    const char *system = tael__role_is(&c->messages[0], "system") ? c->messages[0].content : t->default_system;
    if (!c->tools) return system ? put_turn(out, "system", slice_of(system)) : TAEL_OK;
    put_start(out, "system");
    if (system) {
        tael__buffer_text(out, system);
        tael__buffer_text(out, "\n\n");
    }
    tael__buffer_text(out, "# Tools\n\nYou may call one or more functions to assist with the user query.\n\nYou are "
                           "provided with function signatures within <tools></tools> XML tags:\n<tools>");
    TAEL_TRY(put_tool_list(c, out));
    tael__buffer_text(out, "\n\nFor each function call, return a json object with function name and arguments within "
                           "<tool_call></tool_call> XML tags:\n<tool_call>\n");
    tael__buffer_text(out, t->call_example);
    return tael__buffer_text(out, "\n</tool_call><|im_end|>\n");
}

/* Results of tools stand in a user's turn, neighbours in one. `lone_start`: one that begins the chat begins a turn. */
static tael_status put_tool_result(const tael__turns *c, size_t i, tael__slice content, bool lone_start,
                                   tael__buffer *out)
{
    bool starts = i == 0 ? lone_start : !tael__role_is(&c->messages[i - 1], "tool");
    if (starts) tael__buffer_text(out, "<|im_start|>user");
    tael__buffer_text(out, "\n<tool_response>\n");
    tael__template_put(out, content);
    tael__buffer_text(out, "\n</tool_response>");
    if (i + 1 == c->count || !tael__role_is(&c->messages[i + 1], "tool")) tael__buffer_text(out, "<|im_end|>\n");
    return out->failed;
}

tael_status tael__render_qwen25(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    TAEL_TRY(put_head(t, c, out));
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (tael__role_is(m, "tool"))
            put_tool_result(c, i, tael__template_content(m), true, out);
        else if (i > 0 || !tael__role_is(m, "system"))
            put_turn(out, m->role, tael__template_content(m));
    }
    return put_open(t, c, out);
}

/* ---- Thoughts ---- */

/* A reply's text in two: what stands between <think> and </think>, and what comes after. */
typedef struct reply {
    tael__slice thought, answer;
} reply;

static tael__slice skip_newlines(tael__slice s)
{
    while (s.bytes && *s.data == '\n') s = (tael__slice){s.data + 1, s.bytes - 1};
    return s;
}

static bool starts(tael__slice s, const char *with)
{
    size_t n = strlen(with);
    return s.bytes >= n && memcmp(s.data, with, n) == 0;
}

static bool ends(tael__slice s, const char *with)
{
    size_t n = strlen(with);
    return s.bytes >= n && memcmp(s.data + s.bytes - n, with, n) == 0;
}

/* What comes after the last `piece`; all of it when there is none. */
static tael__slice after_last(tael__slice s, const char *piece)
{
    size_t n = strlen(piece);
    for (const char *at; (at = memmem(s.data, s.bytes, piece, n));) {
        s.bytes -= (size_t)(at - s.data) + n;
        s.data = at + n;
    }
    return s;
}

static reply split_reply(tael__slice content)
{
    const char *close = memmem(content.data, content.bytes, CLOSE_THOUGHT, sizeof CLOSE_THOUGHT - 1);
    if (!close) return (reply){{content.data, 0}, content};
    tael__slice thought = {content.data, (size_t)(close - content.data)};
    while (thought.bytes && thought.data[thought.bytes - 1] == '\n') thought.bytes--;
    return (reply){skip_newlines(after_last(thought, OPEN_THOUGHT)), skip_newlines(after_last(content, CLOSE_THOUGHT))};
}

static tael_status put_reply(tael__slice thought, bool with_thought, tael__slice answer, tael__buffer *out)
{
    put_start(out, "assistant");
    if (with_thought) {
        tael__buffer_text(out, OPEN_THOUGHT "\n");
        tael__template_put(out, thought);
        tael__buffer_text(out, "\n" CLOSE_THOUGHT "\n\n");
    }
    tael__template_put(out, answer);
    return tael__buffer_text(out, "<|im_end|>\n");
}

/* The user's last question: thoughts before it are left out. c->count if nobody asked. */
static size_t last_query(const tael__turns *c, bool trimmed)
{
    for (size_t i = c->count; i-- > 0;) {
        tael__slice content = tael__template_content(&c->messages[i]);
        if (trimmed) content = tael__template_trim(content);
        if (tael__role_is(&c->messages[i], "user") &&
            !(starts(content, "<tool_response>") && ends(content, "</tool_response>")))
            return i;
    }
    return c->count;
}

/* Turns after the head. Of a reply after the user's last question the thought is kept; that of the last turn even when
 * it is empty, with `open_last`. */
static tael_status put_turns(const tael__template *t, const tael__turns *c, bool open_last, tael__buffer *out)
{
    size_t query = last_query(c, false);
    if (query == c->count) query--;
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        tael__slice content = tael__template_content(m);
        if (tael__role_is(m, "tool")) {
            put_tool_result(c, i, content, true, out);
        } else if (tael__role_is(m, "assistant")) {
            reply r = split_reply(content);
            bool kept = i > query && ((open_last && i + 1 == c->count) || r.thought.bytes);
            put_reply(r.thought, kept, kept ? skip_newlines(r.answer) : r.answer, out);
        } else if (i > 0 || !tael__role_is(m, "system")) {
            put_turn(out, m->role, content);
        }
    }
    return put_open(t, c, out);
}

tael_status tael__render_qwen3(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    TAEL_TRY(put_head(t, c, out));
    return put_turns(t, c, true, out);
}

/* ---- Qwen3.5: content without the space around it, calls in XML ---- */

static tael_status put_head_35(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    bool has_system = tael__role_is(&c->messages[0], "system");
    tael__slice system = {"", 0};
    if (has_system) system = tael__template_trim(tael__template_content(&c->messages[0]));
    if (!c->tools) return has_system ? put_turn(out, "system", system) : TAEL_OK;
    put_start(out, "system");
    tael__buffer_text(out, "# Tools\n\nYou have access to the following functions:\n\n<tools>");
    TAEL_TRY(put_tool_list(c, out));
    tael__buffer_text(out, t->call_example);
    if (system.bytes) {
        tael__buffer_text(out, "\n\n");
        tael__template_put(out, system);
    }
    return tael__buffer_text(out, "<|im_end|>\n");
}

tael_status tael__render_qwen35(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    size_t query = last_query(c, true);
    if (query == c->count) return tael__template_refuse(t, c->count - 1);
    TAEL_TRY(put_head_35(t, c, out));
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        tael__slice content = tael__template_trim(tael__template_content(m));
        if (tael__role_is(m, "tool")) {
            put_tool_result(c, i, content, false, out);
        } else if (tael__role_is(m, "assistant")) {
            reply r = split_reply(content);
            put_reply(tael__template_trim(r.thought), i > query, r.answer, out);
        } else if (tael__role_is(m, "user")) {
            put_turn(out, m->role, content);
        } else if (i > 0) {
            return tael__template_refuse(t, i);
        }
    }
    return put_open(t, c, out);
}

/* ---- MiniCPM5: Qwen3's with tools of its own; a system's words may say where they go ---- */

static tael_status put_tools_minicpm5(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    tael__buffer_text(out, "# Tools\n\nYou are provided with function signatures within <tools></tools> XML "
                           "tags:\n<tools>");
    TAEL_TRY(put_tool_list(c, out));
    return tael__buffer_text(out, t->call_example);
}

static tael_status put_head_minicpm5(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    static const char place[] = "<tool_def_sep>";
    bool has_system = tael__role_is(&c->messages[0], "system");
    tael__slice system = tael__template_content(&c->messages[0]);
    tael__template_put(out, c->options->bos);
    if (!c->tools) return has_system ? put_turn(out, "system", system) : TAEL_OK;
    put_start(out, "system");
    const char *at = has_system ? memmem(system.data, system.bytes, place, sizeof place - 1) : NULL;
    if (!has_system || !at) {
        if (has_system) {
            tael__template_put(out, system);
            tael__buffer_text(out, "\n\n");
        }
        TAEL_TRY(put_tools_minicpm5(t, c, out));
        return tael__buffer_text(out, "<|im_end|>\n");
    }
    for (; at; at = memmem(system.data, system.bytes, place, sizeof place - 1)) {
        size_t before = (size_t)(at - system.data);
        tael__template_put(out, (tael__slice){system.data, before});
        TAEL_TRY(put_tools_minicpm5(t, c, out));
        system = (tael__slice){at + sizeof place - 1, system.bytes - before - (sizeof place - 1)};
    }
    tael__template_put(out, system);
    return tael__buffer_text(out, "<|im_end|>\n");
}

tael_status tael__render_minicpm5(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    TAEL_TRY(put_head_minicpm5(t, c, out));
    return put_turns(t, c, false, out);
}
