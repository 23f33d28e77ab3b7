// SPDX-License-Identifier: Apache-2.0
// A model as it was trained, the folder that Hugging Face's transformers reads: config.json tells its sizes,
// safetensors files hold its weights under other names than GGUF's. Rows of q and k change their order for llama, whose
// GGUF files turn neighbours (internal.h).
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "model/checkpoint_internal.h"

/* ---- JSON ---- */

tael_status tael__checkpoint_wrong(const tael__checkpoint *c, const char *name, const char *key)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s/%s: %s is absent or of another kind than a model's; fetch the folder again",
                               "%s/%s：%s 缺失或类型不符；请重新获取该文件夹"),
                      c->folder, name, key);
}

tael_status tael__checkpoint_json(json_t **out, const tael__checkpoint *c, const char *name, bool optional)
{
    char path[TAEL__MAX_PATH_BYTES], *text = NULL;
    size_t bytes;
    *out = NULL;
    TAEL_TRY(tael__path_join(path, sizeof path, c->folder, name));
    if (optional && !tael__file_exists(path)) return TAEL_OK;
    TAEL_TRY(tael__file_read(&text, &bytes, path, TAEL__MAX_TEXT_FILE_BYTES));
    *out = json_loadb(text, bytes, 0, NULL);
    tael__free(text);
    if (json_is_object(*out)) return TAEL_OK;
    json_decref(*out);
    *out = NULL;
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("%s: this is no JSON object; fetch the folder again", "%s：不是 JSON 对象；请重新获取该文件夹"), path);
}

static tael_status read_size(uint32_t *out, const tael__checkpoint *c, const char *key, uint32_t most)
{
    const json_t *n = json_object_get(c->config, key);
    if (!json_is_integer(n) || json_integer_value(n) < 1 || json_integer_value(n) > most)
        return tael__checkpoint_wrong(c, "config.json", key);
    *out = (uint32_t)json_integer_value(n);
    return TAEL_OK;
}

static double number_in(const json_t *object, const char *key, double otherwise)
{
    const json_t *n = json_object_get(object, key);
    return json_is_number(n) && isfinite(json_number_value(n)) ? json_number_value(n) : otherwise;
}

/* ---- Sizes ---- */

typedef struct sizes {
    uint32_t layers, embedding, feed_forward, heads, kv_heads, head_size, context;
    double rope_base;
} sizes;

static tael_status read_sizes(sizes *s, tael__checkpoint *c)
{
    TAEL_TRY(read_size(&s->layers, c, "num_hidden_layers", TAEL__MAX_LAYERS));
    TAEL_TRY(read_size(&s->embedding, c, "hidden_size", TAEL__MAX_WIDTH));
    TAEL_TRY(read_size(&s->feed_forward, c, "intermediate_size", TAEL__MAX_WIDTH));
    TAEL_TRY(read_size(&s->heads, c, "num_attention_heads", TAEL__MAX_HEADS));
    TAEL_TRY(read_size(&c->vocabulary, c, "vocab_size", TAEL__MAX_VOCAB));
    TAEL_TRY(read_size(&s->context, c, "max_position_embeddings", TAEL__MAX_CONTEXT));
    s->kv_heads = s->heads;
    if (json_is_integer(json_object_get(c->config, "num_key_value_heads")))
        TAEL_TRY(read_size(&s->kv_heads, c, "num_key_value_heads", s->heads));
    s->head_size = s->embedding / s->heads;
    if (json_is_integer(json_object_get(c->config, "head_dim")))
        TAEL_TRY(read_size(&s->head_size, c, "head_dim", TAEL__MAX_HEAD_SIZE));
    if (s->head_size < 2 || s->head_size > TAEL__MAX_HEAD_SIZE || s->head_size % 2 != 0)
        return tael__checkpoint_wrong(c, "config.json", "head_dim");
    return TAEL_OK;
}

/* Llama 3.1 (rope_type "llama3"): slow turns are divided by `factor`, fast ones left, those between eased. */
static tael_status make_factors(tael__checkpoint *c, const sizes *s, const json_t *rope)
{
    double factor = number_in(rope, "factor", 8), low = number_in(rope, "low_freq_factor", 1);
    double high = number_in(rope, "high_freq_factor", 4),
           trained = number_in(rope, "original_max_position_embeddings", 8192);
    if (!(factor > 0 && high > low && low > 0 && trained > 0))
        return tael__checkpoint_wrong(c, "config.json", "rope_scaling");
    c->rope_factors = tael__alloc_array(s->head_size / 2, sizeof *c->rope_factors);
    if (!c->rope_factors) return tael__fail_memory(c->folder, s->head_size);
    for (uint32_t i = 0; i < s->head_size / 2; i++) {
        double turns = trained * pow(s->rope_base, -2.0 * i / s->head_size) / (2 * 3.14159265358979323846);
        double ease = (turns - low) / (high - low);
        ease = ease < 0 ? 0 : ease > 1 ? 1 : ease;
        c->rope_factors[i] = (float)(1 / ((1 - ease) / factor + ease));
    }
    return TAEL_OK;
}

static tael_status put_rope(tael__checkpoint *c, sizes *s, tael__gguf_out *out)
{
    char key[64];
    const json_t *rope = json_object_get(c->config, "rope_scaling"),
                 *newer = json_object_get(c->config, "rope_parameters");
    if (json_is_object(newer)) rope = newer;
    const char *type = json_string_value(json_object_get(rope, "rope_type"));
    if (!type) type = json_string_value(json_object_get(rope, "type"));
    s->rope_base = number_in(c->config, "rope_theta", number_in(rope, "rope_theta", 10000));
    if (s->rope_base < 1) return tael__checkpoint_wrong(c, "config.json", "rope_theta");
    snprintf(key, sizeof key, "%s.rope.freq_base", c->architecture);
    tael__gguf_put_f32(out, key, (float)s->rope_base);
    if (!type || strcmp(type, "default") == 0) return TAEL_OK;
    if (strcmp(type, "llama3") == 0) return make_factors(c, s, rope);
    if (strcmp(type, "linear") != 0)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s/config.json: its rope_scaling \"%.32s\" is not one that Tael converts (linear, llama3)",
                     "%s/config.json：Tael 不转换 rope_scaling “%.32s”（支持 linear、llama3）"),
            c->folder, type);
    snprintf(key, sizeof key, "%s.rope.scaling.type", c->architecture);
    tael__gguf_put_text(out, key, "linear", 6);
    snprintf(key, sizeof key, "%s.rope.scaling.factor", c->architecture);
    tael__gguf_put_f32(out, key, (float)number_in(rope, "factor", 1));
    return TAEL_OK;
}

static void put_size(tael__gguf_out *out, const char *architecture, const char *name, uint32_t value)
{
    char key[96];
    snprintf(key, sizeof key, "%s.%s", architecture, name);
    tael__gguf_put_u32(out, key, value);
}

static tael_status put_config(tael__checkpoint *c, tael__quantize_source *s)
{
    sizes z = {0};
    const char *a = c->architecture, *slash = strrchr(c->folder, '/'),
               *name = slash && slash[1] ? slash + 1 : c->folder;
    char key[96];
    TAEL_TRY(read_sizes(&z, c));
    tael__gguf_put_text(&s->out, "general.architecture", a, strlen(a));
    tael__gguf_put_text(&s->out, "general.name", name, strlen(name));
    put_size(&s->out, a, "block_count", z.layers);
    put_size(&s->out, a, "context_length", z.context);
    put_size(&s->out, a, "embedding_length", z.embedding);
    put_size(&s->out, a, "feed_forward_length", z.feed_forward);
    put_size(&s->out, a, "attention.head_count", z.heads);
    put_size(&s->out, a, "attention.head_count_kv", z.kv_heads);
    put_size(&s->out, a, "attention.key_length", z.head_size);
    put_size(&s->out, a, "attention.value_length", z.head_size);
    put_size(&s->out, a, "rope.dimension_count", z.head_size);
    put_size(&s->out, a, "vocab_size", c->vocabulary);
    snprintf(key, sizeof key, "%s.attention.layer_norm_rms_epsilon", a);
    tael__gguf_put_f32(&s->out, key, (float)number_in(c->config, "rms_norm_eps", 1e-6));
    s->layers = z.layers;
    s->heads = z.heads;
    s->kv_heads = z.kv_heads;
    s->ties = json_is_true(json_object_get(c->config, "tie_word_embeddings"));
    return put_rope(c, &z, &s->out);
}

/* ---- Tensors ---- */

static const struct {
    const char *trained, *gguf;
} names[] = {
    {"input_layernorm", "attn_norm"},    {"post_attention_layernorm", "ffn_norm"},
    {"self_attn.q_proj", "attn_q"},      {"self_attn.k_proj", "attn_k"},
    {"self_attn.v_proj", "attn_v"},      {"self_attn.o_proj", "attn_output"},
    {"self_attn.q_norm", "attn_q_norm"}, {"self_attn.k_norm", "attn_k_norm"},
    {"mlp.gate_proj", "ffn_gate"},       {"mlp.up_proj", "ffn_up"},
    {"mlp.down_proj", "ffn_down"},
};

/* "model.layers.3.mlp.up_proj.weight" as "blk.3.ffn_up.weight"; false for an unknown name. */
static bool rename_tensor(tael__checkpoint_name *out, const char *trained)
{
    static const char *const whole[][2] = {{"model.embed_tokens.weight", "token_embd.weight"},
                                           {"model.norm.weight", "output_norm.weight"},
                                           {"lm_head.weight", "output.weight"}};
    for (size_t i = 0; i < 3; i++)
        if (strcmp(trained, whole[i][0]) == 0) {
            snprintf(out->text, sizeof out->text, "%s", whole[i][1]);
            return true;
        }
    unsigned layer;
    int at = 0;
    if (sscanf(trained, "model.layers.%3u.%n", &layer, &at) != 1 || at == 0 || layer >= TAEL__MAX_LAYERS) return false;
    const char *rest = trained + at, *end = strrchr(rest, '.');
    if (!end || (strcmp(end, ".weight") != 0 && strcmp(end, ".bias") != 0)) return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen(names[i].trained) == (size_t)(end - rest) &&
            memcmp(rest, names[i].trained, (size_t)(end - rest)) == 0) {
            snprintf(out->text, sizeof out->text, "blk.%u.%s%s", layer, names[i].gguf, end);
            return true;
        }
    return false;
}

static tael_status turn_rows(tael__recoded *t, const tael__checkpoint *c, const tael__quantize_source *s,
                             const char *name)
{
    bool q = strstr(name, ".attn_q."), k = strstr(name, ".attn_k.");
    uint32_t heads = q ? s->heads : s->kv_heads;
    if (strcmp(c->architecture, "llama") != 0 || (!q && !k)) return TAEL_OK;
    size_t rows = t->dims < 2 ? t->cols : t->rows;
    if (t->dims < 2 || rows % heads != 0 || rows / heads % 2 != 0)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: %s has no shape that Tael knows how to turn for llama; take a GGUF file of the model",
                     "%s：Tael 不知如何为 llama 转换 %s；请使用该模型的 GGUF 文件"),
            c->folder, name);
    t->turned_heads = heads;
    return TAEL_OK;
}

static tael_status add_tensor(tael__quantize_source *s, tael__checkpoint *c, const tael__safetensor *from)
{
    tael__checkpoint_name *name = &c->names[s->count];
    tael__recoded *t = &s->tensors[s->count];
    if (strstr(from->name, "rotary_emb.inv_freq")) return TAEL_OK; /* follows from the sizes */
    if (s->ties && strcmp(from->name, "lm_head.weight") == 0) return TAEL_OK;
    if (!rename_tensor(name, from->name))
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: tensor %.96s is not one of a %s model as Tael knows it; take a GGUF file of the model",
                     "%s：张量 %.96s 不属于 Tael 所知的 %s 模型；请使用该模型的 GGUF 文件"),
            c->folder, from->name, c->architecture);
    *t = (tael__recoded){
        .name = {name->text, strlen(name->text)}, .dims = from->dims, .from = from->format, .data = from->data};
    memcpy(t->shape, from->shape, sizeof t->shape);
    if (!tael__recoded_measure(t)) return tael__fail_memory(c->folder, SIZE_MAX);
    TAEL_TRY(turn_rows(t, c, s, name->text));
    if (strcmp(name->text, "token_embd.weight") == 0 && t->rows != c->vocabulary)
        return tael__checkpoint_wrong(c, "config.json", "vocab_size");
    s->count++;
    return TAEL_OK;
}

static tael_status add_tensors(tael__quantize_source *s, tael__checkpoint *c)
{
    size_t most = 1; /* the factors */
    for (size_t f = 0; f < c->file_count; f++) most += tael__safetensors_count(c->files[f]);
    s->tensors = tael__alloc_array(most, sizeof *s->tensors);
    c->names = tael__alloc_array(most, sizeof *c->names);
    if (!s->tensors || !c->names) return tael__fail_memory(c->folder, most * sizeof *s->tensors);
    for (size_t f = 0; f < c->file_count; f++)
        for (size_t i = 0; i < tael__safetensors_count(c->files[f]); i++)
            TAEL_TRY(add_tensor(s, c, tael__safetensors_at(c->files[f], i)));
    if (!c->rope_factors) return TAEL_OK;
    tael__recoded *t = &s->tensors[s->count++];
    uint32_t pairs = number_in(c->config, "head_dim", 0) > 0
                         ? (uint32_t)number_in(c->config, "head_dim", 0) / 2
                         : (uint32_t)number_in(c->config, "hidden_size", 0) / s->heads / 2;
    *t = (tael__recoded){
        .name = {"rope_freqs.weight", 17}, .dims = 1, .shape = {pairs, 1, 1, 1}, .from = TAEL__FORMAT_f32};
    t->data = (const uint8_t *)c->rope_factors;
    return tael__recoded_measure(t) ? TAEL_OK : tael__fail_memory(c->folder, pairs);
}

/* ---- Files ---- */

static tael_status open_file(tael__checkpoint *c, const char *name)
{
    char path[TAEL__MAX_PATH_BYTES];
    if (c->file_count == TAEL__MAX_PACKAGES || strchr(name, '/') || !*name)
        return tael__checkpoint_wrong(c, "model.safetensors.index.json", "weight_map");
    TAEL_TRY(tael__path_join(path, sizeof path, c->folder, name));
    TAEL_TRY(tael__safetensors_open(&c->files[c->file_count], path));
    c->file_count++;
    return TAEL_OK;
}

/* Every file that the index names, each once: names come in the order of the tensors, those of a file near each other.
 */
static tael_status open_indexed(tael__checkpoint *c)
{
    json_t *index = NULL, *file;
    const char *tensor, *seen[TAEL__MAX_PACKAGES];
    size_t count = 0;
    TAEL_TRY(tael__checkpoint_json(&index, c, "model.safetensors.index.json", false));
    tael_status status = TAEL_OK;
    json_object_foreach(json_object_get(index, "weight_map"), tensor, file)
    {
        const char *name = json_string_value(file);
        size_t i = 0;
        while (name && i < count && strcmp(seen[i], name) != 0) i++;
        if (status != TAEL_OK || (name && i < count)) continue;
        status = name ? open_file(c, name) : tael__checkpoint_wrong(c, "model.safetensors.index.json", tensor);
        if (status == TAEL_OK) seen[count++] = name;
    }
    json_decref(index);
    if (status == TAEL_OK && count == 0) return tael__checkpoint_wrong(c, "model.safetensors.index.json", "weight_map");
    return status;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

bool tael__is_checkpoint(const char *path)
{
    char config[TAEL__MAX_PATH_BYTES];
    if (ends_with(path, ".safetensors")) return true;
    return tael__path_join(config, sizeof config, path, "config.json") == TAEL_OK && tael__file_exists(config);
}

static tael_status find_architecture(tael__checkpoint *c)
{
    static const char *const known[] = {"qwen2", "qwen3", "llama"};
    const char *type = json_string_value(json_object_get(c->config, "model_type"));
    for (size_t i = 0; type && i < 3; i++)
        if (strcmp(type, known[i]) == 0) c->architecture = known[i];
    if (c->architecture) return TAEL_OK;
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s/config.json: the architecture \"%.32s\" is not one that Tael converts (qwen2, qwen3, "
                 "llama); take a GGUF file of the model",
                 "%s/config.json：Tael 不转换架构“%.32s”（支持 qwen2、qwen3、llama）；请使用该模型的 GGUF 文件"),
        c->folder, type ? type : "");
}

static tael_status read_checkpoint(tael__quantize_source *s, tael__checkpoint *c, const char *path)
{
    char whole[TAEL__MAX_PATH_BYTES];
    const char *file = "model.safetensors";
    if (snprintf(c->folder, sizeof c->folder, "%s", path) >= (int)sizeof c->folder)
        return tael__fail(TAEL_LIMIT, TAEL_SAY("%s: the path is too long", "%s：路径太长"), path);
    if (ends_with(path, ".safetensors")) {
        char *slash = strrchr(c->folder, '/');
        file = slash ? path + (slash + 1 - c->folder) : path;
        snprintf(slash ? slash : c->folder, slash ? 1 : 2, "%s", slash ? "" : ".");
        if (slash == c->folder) snprintf(c->folder, sizeof c->folder, "/");
    }
    size_t n = strlen(c->folder);
    while (n > 1 && c->folder[n - 1] == '/') c->folder[--n] = '\0';
    TAEL_TRY(tael__checkpoint_json(&c->config, c, "config.json", false));
    TAEL_TRY(find_architecture(c));
    TAEL_TRY(put_config(c, s));
    TAEL_TRY(tael__path_join(whole, sizeof whole, c->folder, file));
    TAEL_TRY(tael__file_exists(whole) || ends_with(path, ".safetensors") ? open_file(c, file) : open_indexed(c));
    TAEL_TRY(add_tensors(s, c));
    return tael__checkpoint_tokens(c, &s->out);
}

tael_status tael__source_of_checkpoint(tael__quantize_source *s, const char *path)
{
    s->checkpoint = tael__alloc_zero(sizeof *s->checkpoint);
    if (!s->checkpoint) return tael__fail_memory(path, sizeof *s->checkpoint);
    return read_checkpoint(s, s->checkpoint, path);
}

void tael__checkpoint_close(tael__checkpoint *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->file_count; i++) tael__safetensors_close(c->files[i]);
    json_decref(c->config);
    tael__free(c->names);
    tael__free(c->rope_factors);
    tael__free(c);
}
