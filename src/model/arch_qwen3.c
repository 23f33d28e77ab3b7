// SPDX-License-Identifier: Apache-2.0
// Qwen3 (Qwen Team, arXiv 2505.09388): no biases; each head of q and k has an RMS norm of its own before it turns, and
// heads * head_size need not be the embedding's width. The mixture of experts has no shared one, and weighs the chosen
// by probabilities among them.
#include "model/internal.h"

static tael_status read_moe_sizes(tael__sizes *sizes, const tael_model *model)
{
    sizes->experts_sum_to_1 = true;
    return tael__experts_read_sizes(sizes, model);
}

static tael_status read_layer(tael__layer *layer, const tael_model *model, uint32_t index)
{
    TAEL_TRY(tael__read_common_layer(layer, model, index));
    return tael__read_head_norms(layer, model, index);
}

const tael__architecture tael__architecture_qwen3 = {
    .name = "qwen3",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = tael__read_common_sizes,
    .read_layer = read_layer,
};

const tael__architecture tael__architecture_qwen3moe = {
    .name = "qwen3moe",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = read_moe_sizes,
    .read_layer = read_layer,
};
