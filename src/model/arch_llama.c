// SPDX-License-Identifier: Apache-2.0
// Llama 2 and 3, SmolLM2, Mistral and others that call themselves "llama": the common block, sometimes with biases.
// Neighbours turn, for the converter permutes q and k so. Mixtral has the same name: its experts are refused.
#include "model/internal.h"

static tael_status read_sizes(tael__sizes *sizes, const tael_model *model)
{
    uint32_t experts = 0;
    TAEL_TRY(tael__read_size_or(&experts, model, "expert_count", 0, UINT32_MAX));
    if (experts > 0)
        return tael__fail(TAEL_UNSUPPORTED,
                          TAEL_SAY("%s: a mixture of %u experts, which Tael doesn't run; take a dense model",
                                   "%s：这是 %u 个专家的混合模型，Tael 不支持；请换用稠密模型"),
                          tael__gguf_path(model->file), experts);
    return tael__read_common_sizes(sizes, model);
}

static tael_status read_layer(tael__layer *layer, const tael_model *model, uint32_t index)
{
    TAEL_TRY(tael__read_common_layer(layer, model, index));
    return tael__read_qkv_bias(layer, model, index, false);
}

const tael__architecture tael__architecture_llama = {
    .name = "llama",
    .rope_pairs = TAEL__ROPE_NEIGHBOURS,
    .read_sizes = read_sizes,
    .read_layer = read_layer,
};
