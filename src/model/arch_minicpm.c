// SPDX-License-Identifier: Apache-2.0
// MiniCPM (Hu et al. 2024, arXiv 2404.06395) and MiniCPM4: llama's block with its embedding, residuals and logits
// scaled. A file without the scales is of the first release, whose ones are known.
#include <math.h>

#include "model/internal.h"

static tael_status read_sizes(tael__sizes *s, const tael_model *model)
{
    TAEL_TRY(tael__read_common_sizes(s, model));
    float divisor = (float)s->embedding / 256;
    s->embedding_scale = 12;
    s->residual_scale = 1.4f / sqrtf((float)s->layers);
    TAEL_TRY(tael__read_number_or(&s->embedding_scale, model, "embedding_scale", 1e-6f, 1e6f));
    TAEL_TRY(tael__read_number_or(&s->residual_scale, model, "residual_scale", 1e-6f, 1e6f));
    TAEL_TRY(tael__read_number_or(&divisor, model, "logit_scale", 1e-6f, 1e6f));
    s->logit_scale = 1 / divisor;
    return TAEL_OK;
}

const tael__architecture tael__architecture_minicpm = {
    .name = "minicpm",
    .rope_pairs = TAEL__ROPE_NEIGHBOURS,
    .read_sizes = read_sizes,
    .read_layer = tael__read_common_layer,
};
