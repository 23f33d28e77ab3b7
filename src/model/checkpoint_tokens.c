// SPDX-License-Identifier: Apache-2.0
// A Hugging Face tokenizer as GGUF's keys: byte-level BPE from tokenizer.json, and from tokenizer_config.json which
// tokens begin and end and how a chat is written.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/checkpoint_internal.h"

enum { NORMAL = 1, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5 }; /* tokenizer.ggml.token_type */

typedef struct token {
    const char *text; /* borrowed from the JSON; NULL: none has this id */
    size_t bytes;
    int32_t kind;
} token;

static bool place(token *tokens, uint32_t count, const json_t *id, const json_t *text, int32_t kind)
{
    if (!json_is_integer(id) || !json_is_string(text) || json_integer_value(id) < 0 ||
        json_integer_value(id) >= count || json_string_length(text) > TAEL__MAX_TOKEN_BYTES)
        return false;
    tokens[json_integer_value(id)] = (token){json_string_value(text), json_string_length(text), kind};
    return true;
}

static tael_status collect(token *tokens, uint32_t count, const tael__checkpoint *c, const json_t *tokenizer)
{
    const json_t *vocabulary = json_object_get(json_object_get(tokenizer, "model"), "vocab");
    const json_t *added = json_object_get(tokenizer, "added_tokens");
    const char *text;
    json_t *id, *one;
    size_t i;
    if (!json_is_object(vocabulary)) return tael__checkpoint_wrong(c, "tokenizer.json", "model.vocab");
    json_object_foreach((json_t *)vocabulary, text, id)
    {
        size_t bytes = strlen(text);
        if (!json_is_integer(id) || json_integer_value(id) < 0 || json_integer_value(id) >= count ||
            bytes > TAEL__MAX_TOKEN_BYTES)
            return tael__checkpoint_wrong(c, "tokenizer.json", "model.vocab");
        tokens[json_integer_value(id)] = (token){text, bytes, NORMAL};
    }
    json_array_foreach(added, i, one)
    {
        int32_t kind = json_is_true(json_object_get(one, "special")) ? CONTROL : USER_DEFINED;
        if (!place(tokens, count, json_object_get(one, "id"), json_object_get(one, "content"), kind))
            return tael__checkpoint_wrong(c, "tokenizer.json", "added_tokens");
    }
    return TAEL_OK;
}

static void put_tokens(tael__gguf_out *out, const token *tokens, uint32_t count)
{
    tael__gguf_put_array(out, "tokenizer.ggml.tokens", TAEL__GGUF_STRING, count);
    for (uint32_t i = 0; i < count; i++) {
        char pad[24];
        int n = snprintf(pad, sizeof pad, "[PAD%u]", i); /* rows of the embedding that no token has */
        tael__gguf_put_array_text(out, tokens[i].text ? tokens[i].text : pad,
                                  tokens[i].text ? tokens[i].bytes : (size_t)n);
    }
    tael__gguf_put_array(out, "tokenizer.ggml.token_type", TAEL__GGUF_I32, count);
    for (uint32_t i = 0; i < count; i++) {
        int32_t kind = tokens[i].text ? tokens[i].kind : UNUSED;
        tael__gguf_put_element(out, &kind, sizeof kind);
    }
}

/* "a b", or in newer files ["a", "b"]. */
static tael_status put_merges(const tael__checkpoint *c, tael__gguf_out *out, const json_t *tokenizer)
{
    const json_t *merges = json_object_get(json_object_get(tokenizer, "model"), "merges"), *merge;
    size_t i;
    if (!json_is_array(merges)) return tael__checkpoint_wrong(c, "tokenizer.json", "model.merges");
    tael__gguf_put_array(out, "tokenizer.ggml.merges", TAEL__GGUF_STRING, json_array_size(merges));
    json_array_foreach(merges, i, merge)
    {
        char text[2 * TAEL__MAX_TOKEN_BYTES + 2];
        const char *left = json_string_value(json_array_get(merge, 0)),
                   *right = json_string_value(json_array_get(merge, 1));
        int n = -1;
        if (json_is_string(merge))
            n = snprintf(text, sizeof text, "%s", json_string_value(merge));
        else if (left && right)
            n = snprintf(text, sizeof text, "%s %s", left, right);
        if (n < 0 || n >= (int)sizeof text) return tael__checkpoint_wrong(c, "tokenizer.json", "model.merges");
        tael__gguf_put_array_text(out, text, (size_t)n);
    }
    return TAEL_OK;
}

/* The rules that cut text into words are told by what is written in them. */
static const char *rules_of(const char *dumped)
{
    if (!dumped) return "gpt-2";
    if (strstr(dumped, "\\\\p{N}{1,3}")) return "llama-bpe";
    if (strstr(dumped, "individual_digits")) return "smollm";
    if (strstr(dumped, "\\\\p{N}")) return "qwen2";
    return "gpt-2";
}

/* "eos_token": a text, or an object with it. */
static const char *text_of(const json_t *config, const char *key)
{
    const json_t *t = json_object_get(config, key);
    return json_is_string(t) ? json_string_value(t) : json_string_value(json_object_get(t, "content"));
}

/* The id of a special token: by its text in tokenizer_config.json, else by number in config.json. */
static void put_special(const tael__checkpoint *c, tael__gguf_out *out, const char *gguf_key, const char *name,
                        const json_t *config, const token *tokens, uint32_t count)
{
    char key[32];
    snprintf(key, sizeof key, "%s_token", name);
    const char *text = text_of(config, key);
    for (uint32_t i = 0; text && i < count; i++)
        if (tokens[i].text && strcmp(tokens[i].text, text) == 0) {
            tael__gguf_put_u32(out, gguf_key, i);
            return;
        }
    snprintf(key, sizeof key, "%s_token_id", name);
    const json_t *id = json_object_get(c->config, key);
    if (json_is_array(id)) id = json_array_get(id, 0);
    if (json_is_integer(id) && json_integer_value(id) >= 0 && json_integer_value(id) < count)
        tael__gguf_put_u32(out, gguf_key, (uint32_t)json_integer_value(id));
}

/* In tokenizer_config.json as a text or as a list of named ones, or in a file of its own. */
static tael_status put_template(const tael__checkpoint *c, tael__gguf_out *out, const json_t *config)
{
    const json_t *written = json_object_get(config, "chat_template"), *one;
    char path[TAEL__MAX_PATH_BYTES], *text = NULL;
    size_t i, bytes;
    json_array_foreach(written, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name && strcmp(name, "default") == 0) written = json_object_get(one, "template");
        if (json_is_string(written)) break;
    }
    if (json_is_string(written)) {
        tael__gguf_put_text(out, "tokenizer.chat_template", json_string_value(written), json_string_length(written));
        return TAEL_OK;
    }
    TAEL_TRY(tael__path_join(path, sizeof path, c->folder, "chat_template.jinja"));
    if (!tael__file_exists(path)) return TAEL_OK;
    TAEL_TRY(tael__file_read(&text, &bytes, path, TAEL__MAX_JSON_BYTES));
    tael__gguf_put_text(out, "tokenizer.chat_template", text, bytes);
    tael__free(text);
    return TAEL_OK;
}

static tael_status put_all(const tael__checkpoint *c, tael__gguf_out *out, const json_t *tokenizer,
                           const json_t *config, token *tokens)
{
    const json_t *model = json_object_get(tokenizer, "model");
    const char *type = json_string_value(json_object_get(model, "type"));
    if (!type || strcmp(type, "BPE") != 0 || json_is_true(json_object_get(model, "byte_fallback")))
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s/tokenizer.json: it is no byte-level BPE, the only kind that Tael converts; take a "
                     "GGUF file of the model",
                     "%s/tokenizer.json：不是字节级 BPE，Tael 只能转换这一种；请使用该模型的 GGUF 文件"),
            c->folder);
    TAEL_TRY(collect(tokens, c->vocabulary, c, tokenizer));
    char *rules = json_dumps(json_object_get(tokenizer, "pre_tokenizer"), JSON_COMPACT | JSON_ENCODE_ANY);
    const char *pre = rules_of(rules);
    free(rules); /* jansson's own allocation */
    tael__gguf_put_text(out, "tokenizer.ggml.model", "gpt2", 4);
    tael__gguf_put_text(out, "tokenizer.ggml.pre", pre, strlen(pre));
    put_tokens(out, tokens, c->vocabulary);
    TAEL_TRY(put_merges(c, out, tokenizer));
    put_special(c, out, "tokenizer.ggml.bos_token_id", "bos", config, tokens, c->vocabulary);
    put_special(c, out, "tokenizer.ggml.eos_token_id", "eos", config, tokens, c->vocabulary);
    put_special(c, out, "tokenizer.ggml.padding_token_id", "pad", config, tokens, c->vocabulary);
    const json_t *adds = json_object_get(config, "add_bos_token");
    if (json_is_boolean(adds)) tael__gguf_put_bool(out, "tokenizer.ggml.add_bos_token", json_is_true(adds));
    return put_template(c, out, config);
}

tael_status tael__checkpoint_tokens(const tael__checkpoint *c, tael__gguf_out *out)
{
    json_t *tokenizer = NULL, *config = NULL;
    token *tokens = tael__alloc_array(c->vocabulary, sizeof *tokens);
    tael_status status = tokens ? TAEL_OK : tael__fail_memory(c->folder, c->vocabulary * sizeof *tokens);
    if (status == TAEL_OK) status = tael__checkpoint_json(&tokenizer, c, "tokenizer.json", false);
    if (status == TAEL_OK) status = tael__checkpoint_json(&config, c, "tokenizer_config.json", true);
    if (status == TAEL_OK) status = put_all(c, out, tokenizer, config, tokens);
    json_decref(tokenizer);
    json_decref(config);
    tael__free(tokens);
    return status;
}
