// SPDX-License-Identifier: Apache-2.0
// Rotary positions (Su et al. 2021, arXiv 2104.09864), and the ways to stretch them past the trained context: linearly,
// by given factors (Llama 3.1, LongRoPE), or fast pairs less than slow ones (YaRN, Peng et al. 2023, arXiv 2309.00071).
// The power is built by repeated multiplication in f32, as the common engines do, so that the last bits agree with
// theirs.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "model/internal.h"

#define TURN 6.28318530717958647692f

static bool slice_is(tael__slice s, const char *text)
{
    return s.bytes == strlen(text) && memcmp(s.data, text, s.bytes) == 0;
}

/* The pair that makes `turns` turns within the trained context (YaRN's section 3.2). */
static float pair_of_turns(const tael__rope *r, float context, float turns)
{
    return (float)r->dims * logf(context / (turns * TURN)) / (2 * logf(r->base));
}

static tael_status read_yarn(tael__rope *r, const tael_model *model, uint32_t context)
{
    float fast = 32, slow = 1, last = (float)(r->dims - 1);
    TAEL_TRY(tael__read_number_or(&fast, model, "rope.scaling.yarn_beta_fast", 1e-3f, 1e6f));
    TAEL_TRY(tael__read_number_or(&slow, model, "rope.scaling.yarn_beta_slow", 1e-3f, 1e6f));
    float low = floorf(pair_of_turns(r, (float)context, fast)), high = ceilf(pair_of_turns(r, (float)context, slow));
    r->kept[0] = low > 0 ? low : 0;
    r->kept[1] = high < last ? high : last;
    if (r->kept[1] < r->kept[0] + 0.001f) r->kept[1] = r->kept[0] + 0.001f; /* as one pair's width is no ramp */
    r->length *= 1 + 0.1f * logf(1 / r->scale);
    return TAEL_OK;
}

tael_status tael__rope_read(tael__sizes *s, const tael_model *model)
{
    char key[TAEL__MAX_GGUF_NAME];
    tael__slice kind = {"linear", 6};
    float factor = 1;
    uint32_t context = s->context_tokens;
    tael__rope *r = &s->rope;
    *r = (tael__rope){.dims = s->head_size, .base = 10000, .scale = 1, .length = 1};
    TAEL_TRY(tael__read_size_or(&r->dims, model, "rope.dimension_count", 2, s->head_size));
    if (r->dims % 2 != 0) return tael__fail_range(model, "rope.dimension_count", r->dims, 2, s->head_size);
    TAEL_TRY(tael__read_number_or(&r->base, model, "rope.freq_base", 1.5f, 1e12f));
    TAEL_TRY(tael__read_number_or(&factor, model, "rope.scale_linear", 0, 1e6f));
    TAEL_TRY(tael__read_number_or(&factor, model, "rope.scaling.factor", 0, 1e6f));
    TAEL_TRY(tael__read_number_or(&r->length, model, "rope.scaling.attn_factor", 1e-3f, 1e3f));
    TAEL_TRY(tael__read_size_or(&context, model, "rope.scaling.original_context_length", 1, UINT32_MAX));
    snprintf(key, sizeof key, "%s.rope.scaling.type", model->architecture->name);
    (void)tael__gguf_text(model->file, key, &kind);
    if (slice_is(kind, "none")) return TAEL_OK;
    if (factor > 0) r->scale = 1 / factor;
    if (slice_is(kind, "linear") || slice_is(kind, "longrope")) return TAEL_OK;
    if (slice_is(kind, "yarn")) return read_yarn(r, model, context);
    return tael__fail(
        TAEL_UNSUPPORTED,
        TAEL_SAY("%s: %s is a kind that Tael doesn't run, only linear, yarn, longrope or none; take the "
                 "model without its long-context extension",
                 "%s：Tael 不支持 %s 的这种取值（支持 linear、yarn、longrope 和 none）；请换用未做长上下文扩展的模型"),
        tael__gguf_path(model->file), key);
}

tael_status tael__rope_read_factors(tael_model *model)
{
    const tael__sizes *s = &model->sizes;
    size_t half = s->rope.dims / 2;
    const float **short_ones = &model->rope_factors, **long_ones = &model->long_factors;
    model->original_context = s->context_tokens;
    TAEL_TRY(
        tael__read_size_or(&model->original_context, model, "rope.scaling.original_context_length", 1, UINT32_MAX));
    TAEL_TRY(tael__read_vector_or_none(short_ones, model, TAEL__NO_LAYER, "rope_freqs.weight", half));
    if (*short_ones) return TAEL_OK;
    TAEL_TRY(tael__read_vector_or_none(short_ones, model, TAEL__NO_LAYER, "rope_factors_short.weight", half));
    return tael__read_vector_or_none(long_ones, model, TAEL__NO_LAYER, "rope_factors_long.weight", half);
}

void tael__rope_angles(float *cosine, float *sine, const tael__rope *rope, const float *factors, uint32_t position)
{
    float theta = (float)position, step = powf(rope->base, -2.0f / (float)rope->dims);
    float from = rope->kept[0], to = rope->kept[1];
    for (size_t i = 0; i < rope->dims / 2; i++) {
        float trained = factors ? theta / factors[i] : theta, angle = rope->scale * trained;
        if (to > 0) {
            float stretched = ((float)i - from) / (to - from);
            stretched = stretched < 0 ? 0 : stretched > 1 ? 1 : stretched;
            angle = angle * stretched + trained * (1 - stretched);
        }
        cosine[i] = cosf(angle) * rope->length;
        sine[i] = sinf(angle) * rope->length;
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
