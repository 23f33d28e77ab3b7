// SPDX-License-Identifier: Apache-2.0
// Templates that are not ChatML: Llama 2, 3 and 3.1 to 3.3, Gemma 2 and 3, Zephyr (TinyLlama), MiniCPM. Some refuse
// roles in any other order than user, assistant, user; what they refuse is refused here.
#include "model/template_internal.h"
#include "model/template_json.h"

/* The first turn that isn't the system's, and the system's words; NULL data: none. */
static size_t take_system(const tael__turns *c, tael__slice *system)
{
    *system = (tael__slice){NULL, 0};
    if (!tael__role_is(&c->messages[0], "system")) return 0;
    *system = tael__template_content(&c->messages[0]);
    return 1;
}

/* User and assistant in turn, from message `first` on; what stands in an assistant's place may be any other role. */
static tael_status check_alternate(const tael__template *t, const tael__turns *c, size_t first)
{
    for (size_t i = first; i < c->count; i++)
        if (tael__role_is(&c->messages[i], "user") != ((i - first) % 2 == 0)) return tael__template_refuse(t, i);
    return TAEL_OK;
}

static tael_status put_trimmed(tael__buffer *out, const tael_message *m)
{
    return tael__template_put(out, tael__template_trim(tael__template_content(m)));
}

/* ---- Llama 2 ---- */

static tael_status put_question(const tael__turns *c, size_t i, tael__slice system, tael__buffer *out)
{
    tael__slice content = tael__template_content(&c->messages[i]);
    tael__template_put(out, c->options->bos);
    tael__buffer_text(out, "[INST] ");
    if (system.data) { /* trimmed as one text: nothing to take at its start, nor after it when no question follows */
        tael__buffer_text(out, "<<SYS>>\n");
        tael__template_put(out, system);
        tael__buffer_text(out, "\n<</SYS>>");
        tael__slice trimmed = tael__template_trim(content);
        size_t tail = trimmed.bytes ? (size_t)(trimmed.data + trimmed.bytes - content.data) : 0;
        if (tail) {
            tael__buffer_text(out, "\n\n");
            tael__template_put(out, (tael__slice){content.data, tail});
        }
    } else {
        tael__template_put(out, tael__template_trim(content));
    }
    return tael__buffer_text(out, " [/INST]");
}

tael_status tael__render_llama2(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    tael__slice system;
    size_t first = take_system(c, &system);
    TAEL_TRY(check_alternate(t, c, first));
    for (size_t i = first; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (tael__role_is(m, "user")) {
            put_question(c, i, i == first ? system : (tael__slice){NULL, 0}, out);
        } else if (tael__role_is(m, "assistant")) {
            tael__buffer_text(out, " ");
            put_trimmed(out, m);
            tael__buffer_text(out, " ");
            tael__template_put(out, c->options->eos);
        } else {
            return tael__template_refuse(t, i); /* files differ in what they make of it */
        }
    }
    return out->failed;
}

/* ---- Llama 3 ---- */

static tael_status put_header(tael__buffer *out, const char *role)
{
    tael__buffer_text(out, "<|start_header_id|>");
    tael__buffer_text(out, role);
    return tael__buffer_text(out, "<|end_header_id|>\n\n");
}

tael_status tael__render_llama3(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    (void)t;
    tael__template_put(out, c->options->bos);
    for (size_t i = 0; i < c->count; i++) {
        put_header(out, c->messages[i].role);
        put_trimmed(out, &c->messages[i]);
        tael__buffer_text(out, "<|eot_id|>");
    }
    return c->options->open_reply ? put_header(out, "assistant") : out->failed;
}

/* Tools stand in the first user's turn. */
static tael_status put_tools_31(const tael__template *t, const tael__turns *c, size_t first, tael__buffer *out)
{
    const json_t *tool;
    size_t i;
    if (first == c->count) return tael__template_refuse(t, c->count - 1);
    put_header(out, "user");
    tael__buffer_text(out, t->call_example);
    json_array_foreach(c->tools, i, tool)
    {
        TAEL_TRY(tael__template_json_indented(tool, out));
        tael__buffer_text(out, "\n\n");
    }
    put_trimmed(out, &c->messages[first]);
    return tael__buffer_text(out, "<|eot_id|>");
}

/* 3.2 prints the day's date where it is given one; without, the day that all of them were made with, so that a prompt
 * stays the same from one day to the next. */
tael_status tael__render_llama31(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    tael__slice system;
    size_t first = take_system(c, &system);
    tael__template_put(out, c->options->bos);
    put_header(out, "system");
    if (c->tools) tael__buffer_text(out, "Environment: ipython\n");
    tael__buffer_text(out, "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n");
    if (system.data) tael__template_put(out, tael__template_trim(system));
    tael__buffer_text(out, "<|eot_id|>");
    if (c->tools) TAEL_TRY(put_tools_31(t, c, first++, out));
    for (size_t i = first; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (tael__role_is(m, "tool")) {
            put_header(out, "ipython");
            TAEL_TRY(tael__template_json_text(m->content, out));
        } else {
            put_header(out, m->role);
            put_trimmed(out, m);
        }
        tael__buffer_text(out, "<|eot_id|>");
    }
    return c->options->open_reply ? put_header(out, "assistant") : out->failed;
}

/* ---- Gemma ---- */

static tael_status put_gemma(const tael__template *t, const tael__turns *c, size_t first, tael__slice system,
                             tael__buffer *out)
{
    TAEL_TRY(check_alternate(t, c, first));
    tael__template_put(out, c->options->bos);
    for (size_t i = first; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        tael__buffer_text(out, "<start_of_turn>");
        tael__buffer_text(out, tael__role_is(m, "assistant") ? "model" : m->role);
        tael__buffer_text(out, "\n");
        if (i == first && system.data) {
            tael__template_put(out, system);
            tael__buffer_text(out, "\n\n");
        }
        put_trimmed(out, m);
        tael__buffer_text(out, "<end_of_turn>\n");
    }
    return c->options->open_reply ? tael__buffer_text(out, "<start_of_turn>model\n") : out->failed;
}

tael_status tael__render_gemma2(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    if (tael__role_is(&c->messages[0], "system")) return tael__template_refuse(t, 0);
    return put_gemma(t, c, 0, (tael__slice){NULL, 0}, out);
}

tael_status tael__render_gemma3(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    tael__slice system;
    size_t first = take_system(c, &system);
    return put_gemma(t, c, first, system, out);
}

/* ---- Zephyr, TinyLlama ---- */

tael_status tael__render_zephyr(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    (void)t;
    for (size_t i = 0; i < c->count; i++) {
        const tael_message *m = &c->messages[i];
        if (tael__role_is(m, "tool")) continue; /* it prints nothing for them */
        tael__buffer_text(out, "<|");
        tael__buffer_text(out, m->role);
        tael__buffer_text(out, "|>\n");
        tael__buffer_text(out, m->content);
        tael__template_put(out, c->options->eos);
        tael__buffer_text(out, "\n");
    }
    return c->options->open_reply ? tael__buffer_text(out, "<|assistant|>\n") : out->failed;
}

/* ---- MiniCPM 1 and 2 ---- */

tael_status tael__render_minicpm(const tael__template *t, const tael__turns *c, tael__buffer *out)
{
    (void)t;
    for (size_t i = 0; i < c->count; i++) {
        bool user = tael__role_is(&c->messages[i], "user");
        if (user) tael__buffer_text(out, "<用户>");
        put_trimmed(out, &c->messages[i]);
        if (user) tael__buffer_text(out, "<AI>");
    }
    return out->failed;
}
