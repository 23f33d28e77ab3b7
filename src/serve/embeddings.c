// SPDX-License-Identifier: Apache-2.0
// POST /v1/embeddings: vectors as numbers, or as base64 of little-endian floats, which is what OpenAI's client asks
// for.
#include <sodium.h>
#include <string.h>

#include "model/model.h"
#include "serve/fields.h"

static json_t *numbers_json(const float *vector, uint32_t width)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < width; i++) json_array_append_new(list, json_real((double)vector[i]));
    return list;
}

static json_t *base64_json(const float *vector, uint32_t width)
{
    size_t bytes = width * sizeof *vector, cap = sodium_base64_encoded_len(bytes, sodium_base64_VARIANT_ORIGINAL);
    uint8_t *packed = tael__alloc(bytes);
    char *text = tael__alloc(cap);
    json_t *out = NULL;
    for (uint32_t i = 0; packed && i < width; i++) {
        uint32_t bits;
        memcpy(&bits, &vector[i], sizeof bits);
        for (int k = 0; k < 4; k++) packed[4 * i + k] = (uint8_t)(bits >> (8 * k));
    }
    if (packed && text) out = json_string(sodium_bin2base64(text, cap, packed, bytes, sodium_base64_VARIANT_ORIGINAL));
    tael__free(packed);
    tael__free(text);
    return out;
}

static json_t *whole_as(tael__exchange *x, bool base64)
{
    const tael__call *c = x->call;
    json_t *data = json_array();
    for (uint32_t i = 0; i < c->text_count; i++) {
        const float *vector = c->vectors + (size_t)i * c->width;
        json_t *one = base64 ? base64_json(vector, c->width) : numbers_json(vector, c->width);
        json_array_append_new(data,
                              json_pack("{s:s,s:i,s:o}", "object", "embedding", "index", (int)i, "embedding", one));
    }
    return json_pack("{s:s,s:o,s:s,s:{s:I,s:I}}", "object", "list", "data", data, "model", x->server->model_name,
                     "usage", "prompt_tokens", (json_int_t)c->text_tokens, "total_tokens", (json_int_t)c->text_tokens);
}

static json_t *whole(tael__exchange *x)
{
    return whole_as(x, false);
}

static json_t *whole_base64(tael__exchange *x)
{
    return whole_as(x, true);
}

static const tael__face face = {.whole = whole}, face_base64 = {.whole = whole_base64};

/* A text's length is looked at here, so that one that is far too long costs the engine's thread nothing. */
static bool check_text(tael__exchange *x, const json_t *text)
{
    tael__buffer ids = {.max = (TAEL__MAX_PROMPT_BYTES + 1) * sizeof(int32_t)};
    const char *value = json_string_value(text);
    if (!value)
        return tael__fault_field(x, "input", "%s",
                                 TAEL_SAY("input: give strings; ids of tokens are not taken, as each model has its own "
                                          "(LangChain: check_embedding_ctx_length=False)",
                                          "input：应为字符串；不接受词元编号，因各模型编号不同（LangChain："
                                          "check_embedding_ctx_length=False）"));
    if (!*value)
        return tael__fault_field(x, "input", "%s",
                                 TAEL_SAY("input: a text is empty; give some", "input：文本为空；请输入"));
    tael_status status =
        tael__tokenize(tael__model_tokenizer(x->server->model), value, json_string_length(text), false, &ids);
    size_t count = ids.size / sizeof(int32_t);
    uint32_t most = tael__engine_embed_context(x->server->engine);
    tael__buffer_free(&ids);
    if (status != TAEL_OK) return tael__fault_status(x, status, "input", tael_error());
    if (count <= most) return true;
    return tael__fault(x, 400, "invalid_request_error", "context_length_exceeded", "input",
                       TAEL_SAY("input: a text of %zu tokens; at most %u", "input：文本有 %zu 个词元；最多 %u"), count,
                       most);
}

static bool fill_texts(tael__exchange *x, json_t *input, size_t count)
{
    tael__call *c = x->call = tael__call_make(x->server->mhd, input, 1);
    if (c) c->texts = tael__alloc_array(count, sizeof *c->texts);
    if (!c || !c->texts) return tael__fault_status(x, TAEL_NO_MEMORY, "input", "");
    c->text_count = (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_is_array(input) ? json_array_get(input, i) : input;
        if (!check_text(x, one)) return false;
        c->texts[i] = json_string_value(one);
    }
    return true;
}

bool tael__serve_embeddings(tael__exchange *x, json_t *body)
{
    const char *form = "float";
    tael_model_info info = {.size = sizeof info};
    json_t *input = tael__value(body, "input");
    size_t count = json_is_array(input) ? json_array_size(input) : 1;
    if (!tael__ask_model(x, body, true) || !tael__value_text(x, body, "", "encoding_format", &form)) return false;
    bool base64 = strcmp(form, "base64") == 0;
    if (!base64 && strcmp(form, "float") != 0)
        return tael__fault_field(
            x, "encoding_format", "%s",
            TAEL_SAY("encoding_format: give float or base64", "encoding_format：应为 float 或 base64"));
    if (tael_model_get_info(x->server->model, &info) != TAEL_OK)
        return tael__fault_status(x, TAEL_INTERNAL, NULL, tael_error());
    int64_t width = info.embedding;
    if (!tael__value_integer(x, body, "dimensions", width, width, &width)) return false;
    if (!input || count == 0 || count > TAEL__MAX_SERVE_INPUTS)
        return tael__fault_field(
            x, "input", TAEL_SAY("input: give a string, or a list of 1 to %d", "input：应为字符串或 1 到 %d 项的列表"),
            TAEL__MAX_SERVE_INPUTS);
    return fill_texts(x, input, count) && tael__exchange_submit(x, base64 ? &face_base64 : &face);
}
