// SPDX-License-Identifier: Apache-2.0
// What all interfaces that generate have in common: the model, the options of sampling, the call, the usage.
#include <stdlib.h>
#include <string.h>

#include "generate/internal.h"
#include "model/model.h"
#include "serve/fields.h"

/* As tael_generate_options' 0 means the default, a 0 that a client gives becomes the smallest that does the same. */
#define TINY 1e-5

bool tael__ask_model(tael__exchange *x, const json_t *body, bool vectors)
{
    const char *name = x->server->model_name;
    if (!tael__value_text(x, body, "", "model", &name)) return false;
    if (strcmp(name, x->server->model_name) != 0 && strcmp(name, "default") != 0)
        return tael__fault(x, 404, "invalid_request_error", "model_not_found", "model",
                           TAEL_SAY("model: this service has %s (also called default); ask for that one",
                                    "model：本服务提供 %s（也可写 default）；请使用它"),
                           x->server->model_name);
    if (vectors || tael__engine_writes(x->server->engine)) return true;
    return tael__fault(x, 400, "invalid_request_error", "unsupported", "model",
                       TAEL_SAY("model: %s only makes vectors; ask it at /v1/embeddings",
                                "model：%s 只能生成向量；请访问 /v1/embeddings"),
                       x->server->model_name);
}

/* ---- Options ---- */

static bool read_stop(tael__exchange *x, const json_t *body, const char *field, tael__asked *a)
{
    json_t *stop = tael__value(body, field);
    size_t count = json_is_array(stop) ? json_array_size(stop) : 1;
    if (!stop) return true;
    if (count > TAEL__MAX_STOPS)
        return tael__fault_field(x, field, TAEL_SAY("%s: %zu given; at most %d", "%s：给了 %zu 个；最多 %d 个"), field,
                                 count, TAEL__MAX_STOPS);
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(stop) ? json_array_get(stop, i) : stop;
        size_t n = json_string_length(one);
        if (!json_is_string(one) || n == 0 || n > TAEL__MAX_STOP_BYTES)
            return tael__fault_field(x, field,
                                     TAEL_SAY("%s: give strings of 1 to %d bytes", "%s：应为 1 到 %d 字节的字符串"),
                                     field, TAEL__MAX_STOP_BYTES);
        a->stops[i] = json_string_value(one);
    }
    a->options.stop_count = count;
    a->kept = stop;
    return true;
}

static bool read_sampling(tael__exchange *x, const json_t *body, tael_generate_options *o)
{
    double temperature = -1, top_p = -1, min_p = 0, presence = 0, frequency = 0, repeat = 0;
    int64_t top_k = INT64_MIN;
    if (!tael__value_real(x, body, "temperature", 0, 2, &temperature) ||
        !tael__value_real(x, body, "top_p", 0, 1, &top_p) || !tael__value_real(x, body, "min_p", 0, 1, &min_p) ||
        !tael__value_real(x, body, "presence_penalty", -2, 2, &presence) ||
        !tael__value_real(x, body, "frequency_penalty", -2, 2, &frequency) ||
        !tael__value_real(x, body, "repetition_penalty", 0.01, 10, &repeat) ||
        !tael__value_integer(x, body, "top_k", -1, TAEL__MAX_VOCAB, &top_k))
        return false;
    o->greedy = temperature == 0;
    o->temperature = temperature < 0 ? 0 : (float)(temperature < TINY ? TINY : temperature);
    o->top_p = top_p < 0 ? 0 : (float)(top_p < TINY ? TINY : top_p);
    o->top_k = top_k == INT64_MIN ? 0 : top_k <= 0 ? TAEL__MAX_VOCAB : (uint32_t)top_k;
    o->min_p = (float)min_p;
    o->presence_penalty = (float)presence;
    o->frequency_penalty = (float)frequency;
    o->repeat_penalty = (float)repeat;
    return true;
}

/* Is a field given and left empty, as some clients do? */
static bool is_empty(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0);
}

/* Fields that would change the answer and that nothing here can do: said so, rather than passed over. */
static bool check_unsupported(tael__exchange *x, const json_t *body)
{
    static const char *const fields[] = {"logit_bias", "functions", "function_call", "audio", "suffix"};
    const json_t *modalities = tael__value(body, "modalities");
    const char *name = NULL;
    const char *only = json_array_size(modalities) == 1 ? json_string_value(json_array_get(modalities, 0)) : NULL;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        const json_t *value = tael__value(body, fields[i]);
        if (value && !is_empty(value)) name = fields[i];
    }
    if (modalities && !(only && strcmp(only, "text") == 0)) name = "modalities";
    if (!name) return true;
    return tael__fault(x, 400, "invalid_request_error", "unsupported", name,
                       TAEL_SAY("%s: not supported here; leave it out", "%s：此处不支持；请去掉"), name);
}

bool tael__ask_options(tael__exchange *x, const json_t *body, const char *stop, tael__asked *a)
{
    int64_t n = 1, seed = INT64_MIN;
    const json_t *stream_options = tael__value(body, "stream_options");
    *a = (tael__asked){.options = {.size = sizeof a->options, .speculate = TAEL_SPECULATE_OFF}};
    if (!check_unsupported(x, body) || !read_sampling(x, body, &a->options) || !read_stop(x, body, stop, a) ||
        !tael__value_flag(x, body, "stream", &x->stream) ||
        !tael__value_flag(x, body, "ignore_eos", &a->options.ignore_end) ||
        !tael__value_integer(x, body, "n", 1, TAEL__MAX_SERVE_CHOICES, &n) ||
        !tael__value_integer(x, body, "seed", INT64_MIN + 1, INT64_MAX, &seed))
        return false;
    if (stream_options && (!x->stream || !json_is_object(stream_options)))
        return tael__fault_field(x, "stream_options", "%s",
                                 TAEL_SAY("stream_options: give an object, and only with stream",
                                          "stream_options：应为对象，且仅用于 stream"));
    if (!tael__value_flag(x, stream_options, "include_usage", &x->usage)) return false;
    a->n = (uint32_t)n;
    a->seed = seed == INT64_MIN ? 0 : seed == 0 ? 1ULL << 63 : (uint64_t)seed; /* the library's 0 is "any" */
    return true;
}

/* ---- What the reply's form is to be ---- */

#define ANY_OBJECT "{\"type\":\"object\",\"additionalProperties\":true}"

bool tael__ask_format(tael__exchange *x, const json_t *format, tael__asked *a)
{
    const char *type = NULL;
    if (!format) return true;
    if (json_is_object(format) && !tael__value_text(x, format, "response_format.", "type", &type)) return false;
    if (type && strcmp(type, "text") == 0) return true;
    if (type && strcmp(type, "json_object") == 0) {
        a->schema = tael__strdup(ANY_OBJECT);
        return a->schema ? true : tael__fault_status(x, TAEL_NO_MEMORY, NULL, "");
    }
    if (!type || strcmp(type, "json_schema") != 0)
        return tael__fault_field(x, "response_format", "%s",
                                 TAEL_SAY("response_format: its type is text, json_object or json_schema",
                                          "response_format：type 应为 text、json_object 或 json_schema"));
    const json_t *wrapper = tael__value(format, "json_schema"), *schema = tael__value(wrapper, "schema");
    if (!json_is_object(schema))
        return tael__fault_field(x, "response_format.json_schema", "%s",
                                 TAEL_SAY("response_format.json_schema: give an object whose schema is one, too",
                                          "response_format.json_schema：应为含 schema 对象的对象"));
    char *text = json_dumps(schema, JSON_COMPACT);
    if (text && strlen(text) <= TAEL__MAX_SERVE_SCHEMA_BYTES) a->schema = tael__strdup(text);
    bool large = text && strlen(text) > TAEL__MAX_SERVE_SCHEMA_BYTES;
    free(text); /* jansson's own memory */
    if (large)
        return tael__fault_field(x, "response_format.json_schema.schema",
                                 TAEL_SAY("response_format.json_schema.schema: more than %d bytes; make it smaller",
                                          "response_format.json_schema.schema：超过 %d 字节；请缩小"),
                                 TAEL__MAX_SERVE_SCHEMA_BYTES);
    return a->schema ? true : tael__fault_status(x, TAEL_NO_MEMORY, NULL, "");
}

/* ---- The call ---- */

bool tael__count_tokens(tael__exchange *x, const char *prompt, const char *param, uint32_t *tokens)
{
    uint32_t context = tael__engine_context(x->server->engine);
    tael__buffer ids = {.max = (TAEL__MAX_PROMPT_BYTES + 1) * sizeof(int32_t)};
    tael_status status =
        tael__prompt_tokenize(tael__model_tokenizer(x->server->model), -1, prompt, strlen(prompt), &ids);
    size_t count = ids.size / sizeof(int32_t);
    tael__buffer_free(&ids);
    if (status != TAEL_OK) return tael__fault_status(x, status, param, tael_error());
    if (count == 0)
        return tael__fault_field(x, param, TAEL_SAY("%s: it is empty; give some text", "%s：内容为空；请输入文字"),
                                 param);
    if (count >= context)
        return tael__fault_status(x, TAEL_CONTEXT_FULL, param,
                                  TAEL_SAY("the prompt and its reply don't fit into the context; shorten it, or start "
                                           "the service with a larger --ctx",
                                           "提示与回答超出上下文；请缩短，或以更大的 --ctx 启动服务"));
    *tokens = (uint32_t)count;
    return true;
}

static bool fill_jobs(tael__exchange *x, const tael__asked *a, char **prompts, uint32_t count, const char *param)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t tokens;
        if (!tael__count_tokens(x, prompts[i], param, &tokens)) return false;
        x->prompt_tokens += tokens;
        for (uint32_t k = 0; k < a->n; k++) {
            tael__job *job = &x->call->jobs[i * a->n + k];
            job->prompt_bytes = strlen(prompts[i]);
            job->prompt = tael__strndup(prompts[i], job->prompt_bytes);
            job->prompt_tokens = tokens;
            job->seed = a->seed && k > 0 ? a->seed + k : a->seed;
            if (a->seed && job->seed == 0) job->seed = 1;
            if (!job->prompt) return tael__fault_status(x, TAEL_NO_MEMORY, NULL, "");
        }
    }
    return true;
}

bool tael__ask_generation(tael__exchange *x, tael__asked *a, char **prompts, uint32_t count, const char *param)
{
    bool good = false;
    if (count * a->n > TAEL__MAX_SERVE_CHOICES) {
        tael__fault_field(x, "n",
                          TAEL_SAY("n: %u generations in one request; at most %d", "n：一次请求 %u 个生成；最多 %d"),
                          count * a->n, TAEL__MAX_SERVE_CHOICES);
    } else if (!(x->call = tael__call_make(x->server->mhd, a->kept, count * a->n))) {
        tael__fault_status(x, TAEL_NO_MEMORY, NULL,
                           TAEL_SAY("not enough memory; ask again later", "内存不足；请稍后重试"));
    } else {
        x->call->options = a->options;
        x->call->wants_odds = a->odds;
        memcpy(x->call->stops, a->stops, sizeof a->stops);
        x->call->schema = a->schema;
        a->schema = NULL;
        good = fill_jobs(x, a, prompts, count, param);
    }
    for (uint32_t i = 0; i < count; i++) tael__free(prompts[i]);
    tael__free(a->schema);
    a->schema = NULL;
    return good;
}

/* ---- What is said of it ---- */

json_t *tael__text_json(const tael__buffer *text)
{
    return json_stringn(text->data ? text->data : "", text->size);
}

bool tael__said(tael__exchange *x, uint32_t i, tael__buffer *plain, const json_t **calls)
{
    const tael__job *job = &x->call->jobs[i];
    const char *text = job->text.data ? job->text.data : "";
    *calls = NULL;
    if (!x->spoken) return tael__buffer_append(plain, text, job->text.size) == TAEL_OK;
    tael__spoken *s = &x->spoken[i];
    tael_status status = tael__spoken_push(s, text, job->text.size, plain);
    if (status == TAEL_OK) status = tael__spoken_end(s, &x->tools, plain);
    *calls = s->calls;
    return status == TAEL_OK;
}

const char *tael__finish_name(const tael__job *job)
{
    return job->result.finish == TAEL_FINISH_LENGTH ? "length" : "stop";
}

uint64_t tael__completion_tokens(const tael__call *call)
{
    uint64_t tokens = 0;
    for (uint32_t i = 0; i < call->job_count; i++) tokens += call->jobs[i].result.completion_tokens;
    return tokens;
}

json_t *tael__usage_json(const tael__exchange *x)
{
    const tael__job *first = &x->call->jobs[0];
    uint64_t made = tael__completion_tokens(x->call);
    uint32_t cached = first->prompt_tokens - first->result.prompt_tokens; /* of the first prompt */
    return json_pack("{s:I,s:I,s:I,s:{s:I}}", "prompt_tokens", (json_int_t)x->prompt_tokens, "completion_tokens",
                     (json_int_t)made, "total_tokens", (json_int_t)(x->prompt_tokens + made), "prompt_tokens_details",
                     "cached_tokens", (json_int_t)cached);
}

json_t *tael__document(const tael__exchange *x, const char *prefix, const char *object)
{
    char id[64];
    snprintf(id, sizeof id, "%s%s", prefix, x->id);
    return json_pack("{s:s,s:s,s:I,s:s}", "id", id, "object", object, "created", (json_int_t)x->created, "model",
                     x->server->model_name);
}
