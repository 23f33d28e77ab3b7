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

tael_status tael__fail_range(const tael_model *model, const char *key, double value, double min, double max)
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
    if (value < min || value > max) return tael__fail_range(model, full, value, min, max);
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
    if (!(value >= min && value <= max)) return tael__fail_range(model, full, (double)value, (double)min, (double)max);
    *out = value;
    return TAEL_OK;
}

static tael_status read_pooling(tael__sizes *s, const tael_model *model)
{
    uint32_t pooling = TAEL__POOL_NONE;
    TAEL_TRY(tael__read_size_or(&pooling, model, "pooling_type", TAEL__POOL_NONE, TAEL__POOL_LAST));
    s->pooling = (tael__pooling)pooling; /* the file's numbers are those of the enum */
    return TAEL_OK;
}

tael_status tael__read_common_sizes(tael__sizes *s, const tael_model *model)
{
    uint32_t value_size, experts = 0;
    s->epsilon = 1e-5f;
    s->embedding_scale = s->residual_scale = s->logit_scale = 1;
    TAEL_TRY(tael__read_size(&s->layers, model, "block_count", 1, TAEL__MAX_LAYERS));
    TAEL_TRY(tael__read_size(&s->embedding, model, "embedding_length", 1, TAEL__MAX_WIDTH));
    TAEL_TRY(tael__read_size_or(&experts, model, "expert_count", 0, UINT32_MAX));
    if (experts == 0) /* with experts it tells nothing */
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
        return tael__fail_range(model, "attention.key_length", s->head_size, 2, TAEL__MAX_HEAD_SIZE);
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
    s->kv_layers = s->layers;
    s->attention_scale = 1.0f / sqrtf((float)s->head_size);
    TAEL_TRY(read_pooling(s, model));
    return tael__rope_read(s, model);
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
                               size_t cols, size_t count)
{
    if (t->shape[0] == cols && t->shape[1] == rows && t->shape[2] == count && t->shape[3] == 1) return TAEL_OK;
    return tael__fail(
        TAEL_BAD_INPUT,
        TAEL_SAY("%s: the tensor %s is %llu x %llu x %llu, where the model's sizes ask for %zu x %zu x %zu; "
                 "fetch or convert the model again",
                 "%s：张量 %s 为 %llu x %llu x %llu，而模型参数要求 %zu x %zu x %zu；请重新下载或转换模型"),
        tael__gguf_path(model->file), name, (unsigned long long)t->shape[0], (unsigned long long)t->shape[1],
        (unsigned long long)t->shape[2], cols, rows, count);
}

tael_status tael__read_matrices(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name,
                                size_t rows, size_t cols, size_t count)
{
    char full[TAEL__MAX_GGUF_NAME];
    const tael__gguf_tensor *t = find(model, full, sizeof full, layer, name);
    if (!t) return fail_missing(model, full);
    TAEL_TRY(check_shape(model, t, full, rows, cols, count));
    *out = (tael__matrix){.data = t->data, .format = t->format, .rows = rows, .cols = cols, .row_bytes = t->row_bytes};
    return TAEL_OK;
}

tael_status tael__read_matrix(tael__matrix *out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols)
{
    return tael__read_matrices(out, model, layer, name, rows, cols, 1);
}

bool tael__has_tensor(const tael_model *model, uint32_t layer, const char *name)
{
    char full[TAEL__MAX_GGUF_NAME];
    return find(model, full, sizeof full, layer, name) != NULL;
}

/* Numbers that are used as they lie: aligned F32. NULL for an absent tensor. */
static tael_status read_floats(const float **out, const tael_model *model, uint32_t layer, const char *name,
                               size_t rows, size_t cols)
{
    char full[TAEL__MAX_GGUF_NAME];
    const tael__gguf_tensor *t = find(model, full, sizeof full, layer, name);
    *out = NULL;
    if (!t) return TAEL_OK;
    TAEL_TRY(check_shape(model, t, full, rows, cols, 1));
    if (t->format != TAEL__FORMAT_f32 || (uintptr_t)t->data % sizeof(float) != 0)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: the tensor %s is not aligned F32; convert the model again",
                                   "%s：张量 %s 不是对齐的 F32；请重新转换模型"),
                          tael__gguf_path(model->file), full);
    *out = (const float *)(const void *)t->data;
    return TAEL_OK;
}

tael_status tael__read_vector_or_none(const float **out, const tael_model *model, uint32_t layer, const char *name,
                                      size_t n)
{
    return read_floats(out, model, layer, name, 1, n);
}

tael_status tael__read_floats(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t rows,
                              size_t cols)
{
    char full[TAEL__MAX_GGUF_NAME];
    TAEL_TRY(read_floats(out, model, layer, name, rows, cols));
    if (*out) return TAEL_OK;
    find(model, full, sizeof full, layer, name);
    return fail_missing(model, full);
}

tael_status tael__read_vector(const float **out, const tael_model *model, uint32_t layer, const char *name, size_t n)
{
    return tael__read_floats(out, model, layer, name, 1, n);
}

tael_status tael__read_attention(tael__layer *l, const tael_model *model, uint32_t index)
{
    const tael__sizes *s = &model->sizes;
    size_t e = s->embedding, q = (size_t)s->heads * s->head_size, kv = (size_t)s->kv_heads * s->head_size;
    TAEL_TRY(tael__read_matrix(&l->qkv[0], model, index, "attn_q.weight", s->gated ? 2 * q : q, e));
    TAEL_TRY(tael__read_matrix(&l->qkv[1], model, index, "attn_k.weight", kv, e));
    TAEL_TRY(tael__read_matrix(&l->qkv[2], model, index, "attn_v.weight", kv, e));
    return tael__read_matrix(&l->output, model, index, "attn_output.weight", e, q);
}

tael_status tael__read_feed_forward(tael__layer *l, const tael_model *model, uint32_t index)
{
    size_t e = model->sizes.embedding, f = model->sizes.feed_forward;
    if (model->sizes.experts > 0) return tael__experts_read(&l->experts, model, index);
    TAEL_TRY(tael__read_matrix(&l->gate_up[0], model, index, "ffn_gate.weight", f, e));
    TAEL_TRY(tael__read_matrix(&l->gate_up[1], model, index, "ffn_up.weight", f, e));
    return tael__read_matrix(&l->down, model, index, "ffn_down.weight", e, f);
}

tael_status tael__read_common_layer(tael__layer *l, const tael_model *model, uint32_t index)
{
    size_t e = model->sizes.embedding;
    l->kv = index;
    TAEL_TRY(tael__read_vector(&l->attention.before.weight, model, index, "attn_norm.weight", e));
    TAEL_TRY(tael__read_vector(&l->feed_forward.before.weight, model, index, "ffn_norm.weight", e));
    TAEL_TRY(tael__read_attention(l, model, index));
    return tael__read_feed_forward(l, model, index);
}

tael_status tael__read_qkv_bias(tael__layer *l, const tael_model *model, uint32_t index, bool needed)
{
    static const char *const names[3] = {"attn_q.bias", "attn_k.bias", "attn_v.bias"};
    for (int i = 0; i < 3; i++)
        TAEL_TRY((needed ? tael__read_vector : tael__read_vector_or_none)(&l->qkv_bias[i], model, index, names[i],
                                                                          l->qkv[i].rows));
    return TAEL_OK;
}

tael_status tael__read_head_norms(tael__layer *l, const tael_model *model, uint32_t index)
{
    TAEL_TRY(tael__read_vector(&l->q_norm, model, index, "attn_q_norm.weight", model->sizes.head_size));
    return tael__read_vector(&l->k_norm, model, index, "attn_k_norm.weight", model->sizes.head_size);
}

static tael_status read_ends(tael_model *m)
{
    size_t e = m->sizes.embedding;
    if (tael__has_tensor(m, TAEL__NO_LAYER, "output.weight"))
        TAEL_TRY(tael__read_matrix(&m->head, m, TAEL__NO_LAYER, "output.weight", m->sizes.vocabulary, e));
    TAEL_TRY(tael__read_vector(&m->final_norm.weight, m, TAEL__NO_LAYER, "output_norm.weight", e));
    return tael__rope_read_factors(m);
}

tael_status tael__read_weights(tael_model *m)
{
    const tael__sizes *s = &m->sizes;
    TAEL_TRY(tael__read_matrix(&m->embedding, m, TAEL__NO_LAYER, "token_embd.weight", s->vocabulary, s->embedding));
    m->head = m->embedding;
    TAEL_TRY((m->architecture->read_model ? m->architecture->read_model : read_ends)(m));
    m->layers = tael__alloc_array(s->layers, sizeof *m->layers);
    if (!m->layers) return tael__fail_memory("model", (size_t)s->layers * sizeof *m->layers);
    for (uint32_t i = 0; i < s->layers; i++) TAEL_TRY(m->architecture->read_layer(&m->layers[i], m, i));
    return TAEL_OK;
}
