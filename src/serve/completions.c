// SPDX-License-Identifier: Apache-2.0
// POST /v1/completions: text goes on as it stands, without a chat's template; several prompts in one request.
#include <string.h>

#include "serve/fields.h"

/* `odds` taken; NULL: no memory. */
static json_t *choice_json(const char *text, size_t bytes, uint32_t i, json_t *odds, const char *finish)
{
    return json_pack("{s:s%,s:i,s:o,s:o}", "text", text, bytes, "index", (int)i, "logprobs", odds, "finish_reason",
                     finish ? json_string(finish) : json_null());
}

static json_t *whole(tael__exchange *x)
{
    json_t *document = tael__document(x, "cmpl-", "text_completion"), *choices = json_array();
    for (uint32_t i = 0; i < x->call->job_count; i++) {
        const tael__job *job = &x->call->jobs[i];
        json_t *choice = choice_json(job->text.data ? job->text.data : "", job->text.size, i,
                                     tael__odds_json_flat(x, i, 0, job->given, 0), tael__finish_name(job));
        if (json_array_append_new(choices, choice) == 0) continue;
        json_decref(choices);
        json_decref(document);
        return NULL;
    }
    json_object_set_new(document, "choices", choices);
    json_object_set_new(document, "usage", tael__usage_json(x));
    return document;
}

static void put_chunk(tael__exchange *x, json_t *choice, bool usage)
{
    json_t *document = tael__document(x, "cmpl-", "text_completion");
    if (document) json_object_set_new(document, "choices", choice ? json_pack("[o]", choice) : json_array());
    if (document && x->usage) json_object_set_new(document, "usage", usage ? tael__usage_json(x) : json_null());
    tael__stream_event(x, NULL, document);
}

static void begin(tael__exchange *x)
{
    (void)x;
}

static void piece(tael__exchange *x, uint32_t i, const char *text, size_t bytes)
{
    size_t before = 0; /* characters of this job's text before this piece */
    const char *all;
    pthread_mutex_lock(&x->call->lock);
    all = x->call->jobs[i].text.data;
    for (size_t at = 0; all && at < x->read[i] - bytes; at++) before += ((uint8_t)all[at] & 0xC0) != 0x80;
    pthread_mutex_unlock(&x->call->lock);
    json_t *odds = tael__odds_json_flat(x, i, x->first_odds, x->odds_count, before);
    put_chunk(x, choice_json(text, bytes, i, odds, NULL), false);
}

static void end_job(tael__exchange *x, uint32_t i)
{
    put_chunk(x, choice_json("", 0, i, json_null(), tael__finish_name(&x->call->jobs[i])), false);
}

static void end(tael__exchange *x)
{
    if (x->usage) put_chunk(x, NULL, true);
    tael__buffer_text(&x->out, "data: [DONE]\n\n");
}

static void fault(tael__exchange *x)
{
    tael__stream_event(x, NULL, tael__fault_json(x));
}

static const tael__face face = {whole, begin, piece, end_job, end, fault};

static bool read_prompts(tael__exchange *x, const json_t *prompt, char **prompts, uint32_t *count)
{
    size_t n = json_is_array(prompt) ? json_array_size(prompt) : 1;
    *count = 0;
    if (!prompt || n == 0 || n > TAEL__MAX_SERVE_CHOICES)
        return tael__fault_field(
            x, "prompt",
            TAEL_SAY("prompt: give a string, or a list of 1 to %d", "prompt：应为字符串或 1 到 %d 项的列表"),
            TAEL__MAX_SERVE_CHOICES);
    for (size_t i = 0; i < n; i++) {
        const json_t *one = json_is_array(prompt) ? json_array_get(prompt, i) : prompt;
        if (!json_is_string(one))
            return tael__fault_field(
                x, "prompt", "%s",
                TAEL_SAY("prompt: give strings; ids of tokens are not taken, as each model has its own",
                         "prompt：应为字符串；不接受词元编号，因各模型编号不同"));
        prompts[i] = tael__strdup(json_string_value(one));
        if (!prompts[i]) return tael__fault_status(x, TAEL_NO_MEMORY, "prompt", "");
        ++*count;
    }
    return true;
}

static bool read_rest(tael__exchange *x, const json_t *body, tael__asked *a)
{
    bool echo = false;
    int64_t best_of = 1, logprobs = -1;
    if (!tael__value_flag(x, body, "echo", &echo) || !tael__value_integer(x, body, "best_of", 1, 1, &best_of) ||
        !tael__value_integer(x, body, "logprobs", 0, 5, &logprobs))
        return false;
    a->odds = logprobs >= 0;
    a->options.odds_top = logprobs > 0 ? (uint32_t)logprobs : 0;
    if (!echo) return true;
    return tael__fault(
        x, 400, "invalid_request_error", "unsupported", "echo", "%s",
        TAEL_SAY("echo: not supported; put the prompt before the text yourself", "echo：不支持；请自行拼接提示与文本"));
}

bool tael__serve_completions(tael__exchange *x, json_t *body)
{
    tael__asked a;
    char *prompts[TAEL__MAX_SERVE_CHOICES];
    uint32_t count = 0;
    int64_t most = 16; /* OpenAI's default here */
    if (!tael__ask_model(x, body, false) || !tael__ask_options(x, body, "stop", &a) || !read_rest(x, body, &a) ||
        !tael__value_integer(x, body, "max_tokens", 1, TAEL__MAX_CONTEXT, &most))
        return false;
    a.options.max_tokens = (uint32_t)most;
    if (!read_prompts(x, tael__value(body, "prompt"), prompts, &count)) {
        for (uint32_t i = 0; i < count; i++) tael__free(prompts[i]);
        return false;
    }
    return tael__ask_generation(x, &a, prompts, count, "prompt") && tael__exchange_submit(x, &face);
}
