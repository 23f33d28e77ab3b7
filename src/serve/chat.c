// SPDX-License-Identifier: Apache-2.0
// POST /v1/chat/completions.
#include <string.h>

#include "serve/fields.h"

/* ---- Whole ---- */

static json_t *calls_json(const json_t *calls, bool index)
{
    json_t *list = json_array();
    const json_t *call;
    size_t i;
    json_array_foreach(calls, i, call)
    {
        json_t *one =
            json_pack("{s:O,s:s,s:{s:O,s:O}}", "id", json_object_get(call, "id"), "type", "function", "function",
                      "name", json_object_get(call, "name"), "arguments", json_object_get(call, "arguments"));
        if (index) json_object_set_new(one, "index", json_integer((json_int_t)i));
        json_array_append_new(list, one);
    }
    return list;
}

static json_t *choice_json(tael__exchange *x, uint32_t i)
{
    tael__buffer plain = {.max = x->call->jobs[i].text.max};
    const json_t *calls;
    json_t *choice = NULL;
    if (tael__said(x, i, &plain, &calls)) {
        json_t *content = calls && plain.size == 0 ? json_null() : tael__text_json(&plain);
        json_t *message = json_pack("{s:s,s:o,s:n}", "role", "assistant", "content", content, "refusal");
        if (message && calls) json_object_set_new(message, "tool_calls", calls_json(calls, false));
        choice = json_pack("{s:i,s:o,s:o,s:s}", "index", (int)i, "message", message, "logprobs",
                           tael__odds_json(x, i, 0, x->call->jobs[i].given), "finish_reason",
                           calls ? "tool_calls" : tael__finish_name(&x->call->jobs[i]));
    }
    tael__buffer_free(&plain);
    return choice;
}

static json_t *whole(tael__exchange *x)
{
    json_t *document = tael__document(x, "chatcmpl-", "chat.completion"), *choices = json_array();
    bool good = document && choices;
    for (uint32_t i = 0; i < x->call->job_count && good; i++)
        good = json_array_append_new(choices, choice_json(x, i)) == 0;
    if (!good) {
        json_decref(choices);
        json_decref(document);
        return NULL;
    }
    json_object_set_new(document, "choices", choices);
    json_object_set_new(document, "usage", tael__usage_json(x));
    return document;
}

/* ---- Stream ---- */

/* One chunk of a choice; `delta` and `odds` (NULL: null) taken. */
static void put_chunk(tael__exchange *x, uint32_t i, json_t *delta, json_t *odds, const char *finish)
{
    json_t *document = tael__document(x, "chatcmpl-", "chat.completion.chunk");
    json_t *choice = json_pack("{s:i,s:o,s:o,s:o}", "index", (int)i, "delta", delta, "logprobs",
                               odds ? odds : json_null(), "finish_reason", finish ? json_string(finish) : json_null());
    if (document) json_object_set_new(document, "choices", json_pack("[o]", choice));
    if (document && x->usage) json_object_set_new(document, "usage", json_null());
    tael__stream_event(x, NULL, document);
}

static void begin(tael__exchange *x)
{
    for (uint32_t i = 0; i < x->call->job_count; i++)
        put_chunk(x, i, json_pack("{s:s,s:s}", "role", "assistant", "content", ""), NULL, NULL);
}

static void piece(tael__exchange *x, uint32_t i, const char *text, size_t bytes)
{
    put_chunk(x, i, json_pack("{s:s%}", "content", text, bytes), tael__odds_json(x, i, x->first_odds, x->odds_count),
              NULL);
}

static void end_job(tael__exchange *x, uint32_t i)
{
    const tael__spoken *s = x->spoken ? &x->spoken[i] : NULL;
    bool called = s && s->calls;
    if (called) put_chunk(x, i, json_pack("{s:o}", "tool_calls", calls_json(s->calls, true)), NULL, NULL);
    put_chunk(x, i, json_object(), NULL, called ? "tool_calls" : tael__finish_name(&x->call->jobs[i]));
}

static void end(tael__exchange *x)
{
    if (x->usage) {
        json_t *document = tael__document(x, "chatcmpl-", "chat.completion.chunk");
        if (document) json_object_set_new(document, "choices", json_array());
        if (document) json_object_set_new(document, "usage", tael__usage_json(x));
        tael__stream_event(x, NULL, document);
    }
    tael__buffer_text(&x->out, "data: [DONE]\n\n");
}

static void fault(tael__exchange *x)
{
    tael__stream_event(x, NULL, tael__fault_json(x));
}

static const tael__face face = {whole, begin, piece, end_job, end, fault};

/* ---- The request ---- */

static bool read_most(tael__exchange *x, const json_t *body, tael__asked *a)
{
    int64_t most = 0, newer = 0;
    if (!tael__value_integer(x, body, "max_tokens", 1, TAEL__MAX_CONTEXT, &most) ||
        !tael__value_integer(x, body, "max_completion_tokens", 1, TAEL__MAX_CONTEXT, &newer))
        return false;
    a->options.max_tokens = (uint32_t)(newer ? newer : most);
    return true;
}

static bool read_logprobs(tael__exchange *x, const json_t *body, tael__asked *a)
{
    int64_t top = 0;
    if (!tael__value_flag(x, body, "logprobs", &a->odds) ||
        !tael__value_integer(x, body, "top_logprobs", 0, TAEL_ODDS_MOST, &top))
        return false;
    if (top > 0 && !a->odds)
        return tael__fault_field(x, "top_logprobs", "%s",
                                 TAEL_SAY("top_logprobs: only with logprobs", "top_logprobs：仅用于 logprobs"));
    if (a->odds && x->tools.list)
        return tael__fault_field(
            x, "logprobs", "%s",
            TAEL_SAY("logprobs: not beside tools; leave one of them out", "logprobs：不能与 tools 同用；请去掉其一"));
    a->options.odds_top = (uint32_t)top;
    return true;
}

bool tael__serve_chat(tael__exchange *x, json_t *body)
{
    tael__asked a;
    char *prompt = NULL;
    if (!tael__ask_model(x, body, false) || !tael__ask_options(x, body, "stop", &a) || !read_most(x, body, &a) ||
        !tael__ask_tools(x, body) || !read_logprobs(x, body, &a))
        return false;
    if (!tael__chat_prompt(x, tael__value(body, "messages"), "messages", 0, &prompt)) return false;
    if (!tael__ask_format(x, tael__value(body, "response_format"), &a) || !tael__ask_call(x, &a)) {
        tael__free(prompt);
        tael__free(a.schema);
        return false;
    }
    return tael__ask_generation(x, &a, &prompt, 1, "messages") && tael__exchange_submit(x, &face);
}
