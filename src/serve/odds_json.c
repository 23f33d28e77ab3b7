// SPDX-License-Identifier: Apache-2.0
// Logprobs as OpenAI's two interfaces write them. A token may end inside a character: its text then has U+FFFD, and its
// bytes say what it is.
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "model/model.h"
#include "serve/internal.h"

#define LEAST_LOGPROB (-9999.0) /* JSON has no infinity; OpenAI writes this */

static tael__slice text_of(const tael__exchange *x, int32_t id)
{
    const tael__tokenizer *t = tael__model_tokenizer(x->server->model);
    return tael__tokenizer_silent(t, id) ? (tael__slice){"", 0} : tael__token_bytes(t, id);
}

static json_t *text_json(tael__slice text)
{
    tael__buffer clean = {.max = TAEL__MAX_TOKEN_BYTES * 3};
    for (size_t at = 0; at < text.bytes;) {
        uint32_t code;
        char utf8[4];
        at += tael__utf8_decode(text.data + at, text.bytes - at, &code, NULL);
        tael__buffer_append(&clean, utf8, tael__utf8_encode(utf8, code));
    }
    json_t *out = clean.failed == TAEL_OK ? tael__text_json(&clean) : NULL;
    tael__buffer_free(&clean);
    return out;
}

static json_t *number_json(float logprob)
{
    return json_real(isfinite(logprob) ? (double)logprob : LEAST_LOGPROB);
}

static json_t *token_json(const tael__exchange *x, int32_t id, float logprob)
{
    tael__slice text = text_of(x, id);
    json_t *bytes = json_array();
    for (size_t i = 0; i < text.bytes; i++) json_array_append_new(bytes, json_integer((uint8_t)text.data[i]));
    return json_pack("{s:o,s:o,s:o}", "token", text_json(text), "logprob", number_json(logprob), "bytes", bytes);
}

/* A copy of the odds: the engine may be adding to them, and move them. False: no memory. */
static bool copy_odds(tael__exchange *x, uint32_t job, size_t from, size_t count, tael_odds **out)
{
    tael__call *c = x->call;
    const tael__job *j = &c->jobs[job];
    *out = tael__alloc_array(count + 1, sizeof **out);
    if (!*out) return false;
    pthread_mutex_lock(&c->lock);
    bool good = (from + count) * sizeof **out <= j->odds.size;
    if (good && count > 0) memcpy(*out, j->odds.data + from * sizeof **out, count * sizeof **out);
    pthread_mutex_unlock(&c->lock);
    if (good) return true;
    tael__free(*out);
    return false;
}

json_t *tael__odds_json(tael__exchange *x, uint32_t job, size_t from, size_t count)
{
    tael_odds *odds;
    if (!x->call->wants_odds) return json_null();
    if (!copy_odds(x, job, from, count, &odds)) return NULL;
    json_t *content = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *one = token_json(x, odds[i].id, odds[i].logprob), *top = json_array();
        for (uint32_t k = 0; k < odds[i].count; k++)
            json_array_append_new(top, token_json(x, odds[i].ids[k], odds[i].logprobs[k]));
        if (one) json_object_set_new(one, "top_logprobs", top);
        json_array_append_new(content, one);
    }
    tael__free(odds);
    return json_pack("{s:o,s:n}", "content", content, "refusal");
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((uint8_t)*text & 0xC0) != 0x80;
    return n;
}

json_t *tael__odds_json_flat(tael__exchange *x, uint32_t job, size_t from, size_t count, size_t offset)
{
    tael_odds *odds;
    if (!x->call->wants_odds) return json_null();
    if (!copy_odds(x, job, from, count, &odds)) return NULL;
    json_t *tokens = json_array(), *logprobs = json_array(), *tops = json_array(), *offsets = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *top = json_object(), *text = text_json(text_of(x, odds[i].id));
        for (uint32_t k = 0; k < odds[i].count; k++) {
            json_t *name = text_json(text_of(x, odds[i].ids[k]));
            if (name) json_object_set_new(top, json_string_value(name), number_json(odds[i].logprobs[k]));
            json_decref(name);
        }
        json_array_append_new(offsets, json_integer((json_int_t)offset));
        if (text) offset += characters(json_string_value(text));
        json_array_append_new(tokens, text);
        json_array_append_new(logprobs, number_json(odds[i].logprob));
        json_array_append_new(tops, top);
    }
    tael__free(odds);
    return json_pack("{s:o,s:o,s:o,s:o}", "tokens", tokens, "token_logprobs", logprobs, "top_logprobs", tops,
                     "text_offset", offsets);
}
