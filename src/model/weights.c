// SPDX-License-Identifier: Apache-2.0
// Sizes and tensors out of a GGUF file. Nothing is believed: a size has limits, a tensor must have the shape that the
// sizes give, and what is wrong is named. After this the forward pass needs no check.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

static void key_of(char *out, size_t cap, const tael_model *model, const char *key)
{
    snprintf(out, cap, "%s.%s", model->architecture->name, key);
}

static tael_status fail_range(const tael_model *model, const char *key, double value, double min, double max)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: %s is %.9g, not within %.9g to %.9g; fetch the file again",
                               "%s：%s 为 %.9g，应在 %.9g 到 %.9g 之间；请重新下载该文件"),
                      tael__gguf_path(model->file), key, value, min, max);
}

tael_status tael__read_size_or(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max)
{
    char full[TAEL__MAX_GGUF_NAME];
    uint32_t value;
    key_of(full, sizeof full, model, key);
    if (!tael__gguf_u32(model->file, full, &value)) return TAEL_OK;
    if (value < min || value > max) return fail_range(model, full, value, min, max);
    *out = value;
    return TAEL_OK;
}

tael_status tael__read_size(uint32_t *out, const tael_model *model, const char *key, uint32_t min, uint32_t max)
{
    char full[TAEL__MAX_GGUF_NAME];
    uint32_t value;
    key_of(full, sizeof full, model, key);
    if (!tael__gguf_u32(model->file, full, &value))
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: %s is missing or no whole number; convert the model again",
                                   "%s：缺少 %s 或它不是整数；请重新转换模型"),
                          tael__gguf_path(model->file), full);
    return tael__read_size_or(out, model, key, min, max);
}

tael_status tael__read_number_or(float *out, const tael_model *model, const char *key, float min, float max)
{
    char full[TAEL__MAX_GGUF_NAME];
    float value;
    key_of(full, sizeof full, model, key);
    if (!tael__gguf_f32(model->file, full, &value)) return TAEL_OK;
    if (!(value >= min && value <= max)) return fail_range(model, full, (double)value, (double)min, (double)max);
    *out = value;
    return TAEL_OK;
}

/* Only linear scaling is run: with another kind the text would read well for a while and then drift. */
static tael_status read_rope(tael__sizes *s, const tael_model *model)
{
    char key[TAEL__MAX_GGUF_NAME];
    tael__slice kind = {"linear", 6};
    float factor = 1;
    s->rope_dims = s->head_size;
    s->rope_base = 10000;
    TAEL_TRY(tael__read_size_or(&s->rope_dims, model, "rope.dimension_count", 2, s->head_size));
    if (s->rope_dims % 2 != 0) return fail_range(model, "rope.dimension_count", s->rope_dims, 2, s->head_size);
    TAEL_TRY(tael__read_number_or(&s->rope_base, model, "rope.freq_base", 1, 1e12f));
    TAEL_TRY(tael__read_number_or(&factor, model, "rope.scale_linear", 0, 1e6f));
    TAEL_TRY(tael__read_number_or(&factor, model, "rope.scaling.factor", 0, 1e6f));
    key_of(key, sizeof key, model, "rope.scaling.type");
    (void)tael__gguf_text(model->file, key, &kind);
    bool linear = kind.bytes == 6 && memcmp(kind.data, "linear", 6) == 0;
    bool none = kind.bytes == 4 && memcmp(kind.data, "none", 4) == 0;
    if (!linear && !none)
        return tael__fail(
            TAEL_UNSUPPORTED,
            TAEL_SAY("%s: %s is a kind that Tael doesn't run, only linear or none; take the model "
                     "without its long-context extension",
                     "%s：Tael 不支持 %s 的这种取值（仅支持 linear 和 none）；请换用未做长上下文扩展的模型"),
            tael__gguf_path(model->file), key);
    s->rope_scale = none || factor == 0.0f ? 1.0f : 1.0f / factor;
    return TAEL_OK;
}

tael_status tael__read_common_sizes(tael__sizes *s, const tael_model *model)
{
    uint32_t value_size;
    s->epsilon = 1e-5f;
    TAEL_TRY(tael__read_size(&s->layers, model, "block_count", 1, TAEL__MAX_LAYERS));
    TAEL_TRY(tael__read_size(&s->embedding, model, "embedding_length", 1, TAEL__MAX_WIDTH));
    TAEL_TRY(tael__read_size(&s->feed_forward, model, "feed_forward_length", 1, TAEL__MAX_WIDTH));
    TAEL_TRY(tael__read_size(&s->heads, model, "attention.head_count", 1, TAEL__MAX_HEADS));
    s->kv_heads = s->heads;
    TAEL_TRY(tael__read_size_or(&s->kv_heads, model, "attention.head_count_kv", 1, s->heads));
    if (s->heads % s->kv_heads != 0)
        return tael__fail(TAEL_BAD_INPUT,
                          TAEL_SAY("%s: %u heads can't share %u key heads evenly; fetch the file again",
                                   "%s：%u 个注意力头无法平分 %u 个键值头；请重新下载该文件"),
                          tael__gguf_path(model->file), s->heads, s->kv_heads);
    s->head_size = s->embedding / s->heads;
    TAEL_TRY(tael__read_size_or(&s->head_size, model, "attention.key_length", 2, TAEL__MAX_HEAD_SIZE));
    if (s->head_size < 2 || s->head_size > TAEL__MAX_HEAD_SIZE)
        return fail_range(model, "attention.key_length", s->head_size, 2, TAEL__MAX_HEAD_SIZE);
    value_size = s->head_size;
    TAEL_TRY(tael__read_size_or(&value_size, model, "attention.value_length", 2, TAEL__MAX_HEAD_SIZE));
    if (value_size != s->head_size)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: keys of %u and values of %u differ, which Tael doesn't run; take another model",
                                   "%s：键长 %u 与值长 %u 不同，Tael 不支持；请换用其他模型"),
                          tael__gguf_path(model->file), s->head_size, value_size);
    s->context_tokens = 2048;
    TAEL_TRY(tael__read_size_or(&s->context_tokens, model, "context_length", 1, UINT32_MAX));
    TAEL_TRY(tael__read_number_or(&s->epsilon, model, "attention.layer_norm_rms_epsilon", 0, 1));
    return read_rope(s, model);
}

static const tael__gguf_tensor *find(const tael_model *model, char *full, size_t cap, uint32_t layer, const char *name)
{
    if (layer == TAEL__NO_LAYER)
        snprintf(full, cap, "%s", name);
    else
        snprintf(full, cap, "blk.%u.%s", layer, name);
    return tael__gguf_tensor_find(model->file, full);
}

static tael_status fail_missing(const tael_model *model, const char *name)
{
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: the tensor %s is missing; fetch or convert the model again",
                               "%s：缺少张量 %s；请重新下载或转换模型"),
                      tael__gguf_path(model->file), name);
}

static tael_status check_shape(const tael_model *model, const tael__gguf_tensor *t, const char *name, size_t rows,
                               size_t cols)
{
    if (t->shape[0] == cols && t->shape[1] == rows && t->shape[2] == 1 && t->shape[3] == 1) return TAEL_OK;
    return tael__fail(TAEL_BAD_INPUT,
                      TAEL_SAY("%s: the tensor %s is %llu x %llu, where the model's sizes ask for %zu x %zu; fetch or "
                               "convert the model again",
                               "%s：张量 %s 为 %llu x %llu，而模型参数要求 %zu x %zu；请重新下载或转换模型"),
                      tael__gguf_path(model->file), name, (unsigned long long)t->shape[0],
                      (unsigned long long)t->shape[1], cols, rows);
}

tael_status tael__read_matrix(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols)
{
    char full[TAEL__MAX_GGUF_NAME];
    const tael__gguf_tensor *t = find(model, full, sizeof full, layer, name);
    if (!t) return fail_missing(model, full);
    TAEL_TRY(check_shape(model, t, full, rows, cols));
    *out = (tael__matrix){.data = t->data, .format = t->format, .rows = rows, .cols = cols, .row_bytes = t->row_bytes};
    return TAEL_OK;
}

tael_status tael__read_vector_or_none(const float **out, const tael_model *model, uint32_t layer, const char *name,
                                      size_t n)
{
    char full[TAEL__MAX_GGUF_NAME];
    const tael__gguf_tensor *t = find(model, full, sizeof full, layer, name);
    *out = NULL;
    if (!t) return TAEL_OK;
    TAEL_TRY(check_shape(model, t, full, 1, n));
    if (t->format != TAEL__FORMAT_f32 || (uintptr_t)t->data % sizeof(float) != 0)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: the tensor %s is not aligned F32; convert the model again",
                                   "%s：张量 %s 不是对齐的 F32；请重新转换模型"),
                          tael__gguf_path(model->file), full);
    *out = (const float *)(const void *)t->data;
    return TAEL_OK;
}

tael_status tael__read_vector(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t n)
{
    char full[TAEL__MAX_GGUF_NAME];
    TAEL_TRY(tael__read_vector_or_none(out, model, layer, name, n));
    if (*out) return TAEL_OK;
    find(model, full, sizeof full, layer, name);
    return fail_missing(model, full);
}

tael_status tael__read_common_layer(tael__layer *l, const tael_model *model, uint32_t index)
{
    const tael__sizes *s = &model->sizes;
    size_t e = s->embedding, f = s->feed_forward;
    size_t q = (size_t)s->heads * s->head_size, kv = (size_t)s->kv_heads * s->head_size;
    TAEL_TRY(tael__read_vector(&l->attention_norm, model, index, "attn_norm.weight", e));
    TAEL_TRY(tael__read_vector(&l->ffn_norm, model, index, "ffn_norm.weight", e));
    TAEL_TRY(tael__read_matrix(&l->qkv[0], model, index, "attn_q.weight", q, e));
    TAEL_TRY(tael__read_matrix(&l->qkv[1], model, index, "attn_k.weight", kv, e));
    TAEL_TRY(tael__read_matrix(&l->qkv[2], model, index, "attn_v.weight", kv, e));
    TAEL_TRY(tael__read_matrix(&l->output, model, index, "attn_output.weight", e, q));
    TAEL_TRY(tael__read_matrix(&l->gate_up[0], model, index, "ffn_gate.weight", f, e));
    TAEL_TRY(tael__read_matrix(&l->gate_up[1], model, index, "ffn_up.weight", f, e));
    return tael__read_matrix(&l->down, model, index, "ffn_down.weight", e, f);
}

tael_status tael__read_weights(tael_model *model)
{
    const tael__sizes *s = &model->sizes;
    TAEL_TRY(
        tael__read_matrix(&model->embedding, model, TAEL__NO_LAYER, "token_embd.weight", s->vocabulary, s->embedding));
    model->head = model->embedding;
    if (tael__gguf_tensor_find(model->file, "output.weight"))
        TAEL_TRY(tael__read_matrix(&model->head, model, TAEL__NO_LAYER, "output.weight", s->vocabulary, s->embedding));
    TAEL_TRY(tael__read_vector(&model->final_norm, model, TAEL__NO_LAYER, "output_norm.weight", s->embedding));
    TAEL_TRY(
        tael__read_vector_or_none(&model->rope_factors, model, TAEL__NO_LAYER, "rope_freqs.weight", s->rope_dims / 2));
    model->layers = tael__alloc_array(s->layers, sizeof *model->layers);
    if (!model->layers) return tael__fail_memory("model", (size_t)s->layers * sizeof *model->layers);
    for (uint32_t i = 0; i < s->layers; i++) TAEL_TRY(model->architecture->read_layer(&model->layers[i], model, i));
    return TAEL_OK;
}
