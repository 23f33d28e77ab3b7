// SPDX-License-Identifier: Apache-2.0
// Rotary positions (Su et al. 2021, arXiv 2104.09864). The angles of a batch are computed once for all its layers. The
// power is built by repeated multiplication in f32, as the common engines do, so that the last bits agree with theirs.
#include <math.h>

#include "model/internal.h"

void tael__rope_angles(float *cosine, float *sine, const tael_model *model, uint32_t position)
{
    const tael__sizes *s = &model->sizes;
    float theta = (float)position, step = powf(s->rope_base, -2.0f / (float)s->rope_dims);
    for (size_t i = 0; i < s->rope_dims / 2; i++) {
        float angle = s->rope_scale * (model->rope_factors ? theta / model->rope_factors[i] : theta);
        cosine[i] = cosf(angle);
        sine[i] = sinf(angle);
        theta *= step;
    }
}

void tael__rope_turn(float *head, const float *cosine, const float *sine, size_t dims, tael__rope_pairs pairs)
{
    size_t half = dims / 2;
    if (pairs == TAEL__ROPE_HALVES) {
        for (size_t i = 0; i < half; i++) {
            float a = head[i], b = head[i + half];
            head[i] = a * cosine[i] - b * sine[i];
            head[i + half] = a * sine[i] + b * cosine[i];
        }
    } else {
        for (size_t i = 0; i < half; i++) {
            float a = head[2 * i], b = head[2 * i + 1];
            head[2 * i] = a * cosine[i] - b * sine[i];
            head[2 * i + 1] = a * sine[i] + b * cosine[i];
        }
    }
}
