// SPDX-License-Identifier: Apache-2.0
// Qwen3, dense (Qwen Team, arXiv 2505.09388): no biases; each head of q and k has an RMS norm of its own before it
// turns, and heads * head_size need not be the embedding's width.
#include "model/internal.h"

static tael_status read_layer(tael__layer *layer, const tael_model *model, uint32_t index)
{
    TAEL_TRY(tael__read_common_layer(layer, model, index));
    TAEL_TRY(tael__read_vector(&layer->q_norm, model, index, "attn_q_norm.weight", model->sizes.head_size));
    return tael__read_vector(&layer->k_norm, model, index, "attn_k_norm.weight", model->sizes.head_size);
}

const tael__architecture tael__architecture_qwen3 = {
    .name = "qwen3",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = tael__read_common_sizes,
    .read_layer = read_layer,
};
