// SPDX-License-Identifier: Apache-2.0
// Gemma 3, text (Gemma Team, arXiv 2503.19786): norms before and after both halves of a block and over each head,
// GeGLU, the embedding scaled by the root of its width. Five layers of six see a window alone and turn with a base of
// their own. GGUF's norms have the 1 added that the papers write apart.
#include <math.h>

#include "base/limits.h"
#include "model/internal.h"

static tael_status read_sizes(tael__sizes *s, const tael_model *model)
{
    TAEL_TRY(tael__read_common_sizes(s, model));
    TAEL_TRY(tael__read_size_or(&s->window, model, "attention.sliding_window", 0, UINT32_MAX));
    TAEL_TRY(tael__read_number_or(&s->logit_cap, model, "final_logit_softcapping", 0, 1e6f));
    s->embedding_scale = sqrtf((float)s->embedding);
    if (s->layers == 62) /* the 27B alone divides by the root of another width */
        s->attention_scale = 1 / sqrtf((float)s->embedding / (float)s->heads);
    s->local_rope = (tael__rope){.dims = s->rope.dims, .base = 10000, .scale = 1, .length = 1};
    return tael__read_number_or(&s->local_rope.base, model, "rope.freq_base_swa", 1, 1e12f);
}

static tael_status read_layer(tael__layer *l, const tael_model *model, uint32_t index)
{
    size_t e = model->sizes.embedding;
    TAEL_TRY(tael__read_common_layer(l, model, index));
    TAEL_TRY(tael__read_head_norms(l, model, index));
    TAEL_TRY(tael__read_vector(&l->attention.added.weight, model, index, "post_attention_norm.weight", e));
    TAEL_TRY(tael__read_vector(&l->feed_forward.added.weight, model, index, "post_ffw_norm.weight", e));
    uint32_t every = 6;
    TAEL_TRY(tael__read_size_or(&every, model, "attention.sliding_window_pattern", 1, TAEL__MAX_LAYERS));
    l->local = model->sizes.window > 0 && (index + 1) % every != 0;
    return TAEL_OK;
}

const tael__architecture tael__architecture_gemma3 = {
    .name = "gemma3",
    .rope_pairs = TAEL__ROPE_HALVES,
    .activation = TAEL__GEGLU,
    .read_sizes = read_sizes,
    .read_layer = read_layer,
};
