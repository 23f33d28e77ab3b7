// SPDX-License-Identifier: Apache-2.0
// Qwen2 and Qwen2.5 (Qwen Team, arXiv 2412.15115): the common block, with biases on q, k and v.
#include "model/internal.h"

static tael_status read_layer(tael__layer *layer, const tael_model *model, uint32_t index)
{
    static const char *const names[3] = {"attn_q.bias", "attn_k.bias", "attn_v.bias"};
    TAEL_TRY(tael__read_common_layer(layer, model, index));
    for (int i = 0; i < 3; i++)
        TAEL_TRY(tael__read_vector(&layer->qkv_bias[i], model, index, names[i], layer->qkv[i].rows));
    return TAEL_OK;
}

const tael__architecture tael__architecture_qwen2 = {
    .name = "qwen2",
    .rope_pairs = TAEL__ROPE_HALVES,
    .read_sizes = tael__read_common_sizes,
    .read_layer = read_layer,
};
