// SPDX-License-Identifier: Apache-2.0
// Qwen2 and Qwen2.5 (Qwen Team, arXiv 2412.15115): the common block, with biases on q, k and v. Qwen2-MoE, Qwen1.5-MoE:
// with experts for the feed-forward, one of which is shared, weighed by probabilities over all of them.
#include "model/internal.h"

static tael_status read_layer(tael__layer *layer, const tael_model *model, uint32_t index)
{
    TAEL_TRY(tael__read_common_layer(layer, model, index));
    return tael__read_qkv_bias(layer, model, index, true);
}

const tael__architecture tael__architecture_qwen2 = {
    .name = "qwen2",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = tael__read_common_sizes,
    .read_layer = read_layer,
};

const tael__architecture tael__architecture_qwen2moe = {
    .name = "qwen2moe",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = tael__experts_read_sizes,
    .read_layer = read_layer,
};
