// SPDX-License-Identifier: Apache-2.0
// Qwen3-Next and Qwen3.5 (Qwen Team 2025, 2026): three layers of four are gated delta nets, the others Qwen3's
// attention with a gate for its output. RoPE turns a quarter of a head; its sections for pictures all have the text's
// position. Layers for predicting further tokens (nextn) lie behind the others and aren't run.
#include "base/limits.h"
#include "model/internal.h"

static tael_status read_layers(tael__sizes *s, const tael_model *model)
{
    uint32_t further = 0;
    TAEL_TRY(tael__read_size_or(&further, model, "nextn_predict_layers", 0, s->layers - 1));
    s->layers -= further;
    s->gated = true;
    return tael__delta_read_sizes(s, model);
}

static tael_status read_sizes(tael__sizes *s, const tael_model *model)
{
    TAEL_TRY(tael__read_common_sizes(s, model));
    return read_layers(s, model);
}

static tael_status read_moe_sizes(tael__sizes *s, const tael_model *model)
{
    s->experts_sum_to_1 = true;
    TAEL_TRY(tael__experts_read_sizes(s, model));
    return read_layers(s, model);
}

static tael_status read_next_sizes(tael__sizes *s, const tael_model *model)
{
    s->delta.grouped = true;
    return read_moe_sizes(s, model);
}

static tael_status read_layer(tael__layer *l, const tael_model *model, uint32_t index)
{
    size_t e = model->sizes.embedding;
    TAEL_TRY(tael__read_vector(&l->attention.before.weight, model, index, "attn_norm.weight", e));
    TAEL_TRY(tael__read_vector(&l->feed_forward.before.weight, model, index, "post_attention_norm.weight", e));
    TAEL_TRY(tael__read_feed_forward(l, model, index));
    if (tael__is_delta_net(model, index)) return tael__delta_read(&l->delta, model, index);
    for (uint32_t i = 0; i < index; i++) l->kv += !tael__is_delta_net(model, i);
    TAEL_TRY(tael__read_attention(l, model, index));
    return tael__read_head_norms(l, model, index);
}

const tael__architecture tael__architecture_qwen35 = {
    .name = "qwen35",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = read_sizes,
    .read_layer = read_layer,
};

const tael__architecture tael__architecture_qwen35moe = {
    .name = "qwen35moe",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = read_moe_sizes,
    .read_layer = read_layer,
};

const tael__architecture tael__architecture_qwen3next = {
    .name = "qwen3next",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = read_next_sizes,
    .read_layer = read_layer,
};
