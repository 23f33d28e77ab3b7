// SPDX-License-Identifier: Apache-2.0
// The table of block formats, and f16 numbers by bits so that every machine rounds alike.
#include "compute/formats.h"

#include <string.h>

#include "base/memory.h"

/* "q4_k" is the identifier; people write Q4_K. */
static const char names[TAEL__FORMAT_COUNT][8] = {
    [TAEL__FORMAT_f32] = "F32",       [TAEL__FORMAT_f16] = "F16",       [TAEL__FORMAT_bf16] = "BF16",
    [TAEL__FORMAT_q4_0] = "Q4_0",     [TAEL__FORMAT_q4_1] = "Q4_1",     [TAEL__FORMAT_q5_0] = "Q5_0",
    [TAEL__FORMAT_q5_1] = "Q5_1",     [TAEL__FORMAT_q8_0] = "Q8_0",     [TAEL__FORMAT_q2_k] = "Q2_K",
    [TAEL__FORMAT_q3_k] = "Q3_K",     [TAEL__FORMAT_q4_k] = "Q4_K",     [TAEL__FORMAT_q5_k] = "Q5_K",
    [TAEL__FORMAT_q6_k] = "Q6_K",     [TAEL__FORMAT_tq1_0] = "TQ1_0",   [TAEL__FORMAT_tq2_0] = "TQ2_0",
    [TAEL__FORMAT_iq1_s] = "IQ1_S",   [TAEL__FORMAT_iq1_m] = "IQ1_M",   [TAEL__FORMAT_iq2_xxs] = "IQ2_XXS",
    [TAEL__FORMAT_iq2_xs] = "IQ2_XS", [TAEL__FORMAT_iq2_s] = "IQ2_S",   [TAEL__FORMAT_iq3_xxs] = "IQ3_XXS",
    [TAEL__FORMAT_iq3_s] = "IQ3_S",   [TAEL__FORMAT_iq4_nl] = "IQ4_NL", [TAEL__FORMAT_iq4_xs] = "IQ4_XS",
    [TAEL__FORMAT_mxfp4] = "MXFP4",
};

const tael__format_info tael__formats[TAEL__FORMAT_COUNT] = {
#define FORMAT(id, gguf_type, bytes, weights, act_kind) \
    [TAEL__FORMAT_##id] = {names[TAEL__FORMAT_##id], gguf_type, bytes, weights, TAEL__ACT_##act_kind},
#include "compute/formats.inc"
#undef FORMAT
};

tael__format tael__format_of_gguf(uint32_t type)
{
    for (int f = 0; f < TAEL__FORMAT_COUNT; f++)
        if (tael__formats[f].gguf == type) return (tael__format)f;
    return TAEL__FORMAT_COUNT;
}

bool tael__format_row_bytes(size_t *bytes, tael__format format, size_t cols)
{
    if ((unsigned)format >= TAEL__FORMAT_COUNT) return false;
    const tael__format_info *f = &tael__formats[format];
    if (cols % f->block_weights != 0) return false;
    return tael__mul_size(bytes, cols / f->block_weights, f->block_bytes);
}

/* f16: sign, 5 bits of exponent (bias 15), 10 of fraction; exponent 0 counts steps of 2^-24. */
float tael__f16_to_f32(uint16_t h)
{
    uint32_t sign = (uint32_t)(h & 0x8000) << 16, exponent = h >> 10 & 31, fraction = h & 0x3FF, bits;
    float f;
    if (exponent == 0) {
        f = (float)fraction * 0x1p-24f;
        memcpy(&bits, &f, 4);
    } else if (exponent == 31) {
        bits = 0x7F800000u | fraction << 13;
    } else {
        bits = (exponent + 112) << 23 | fraction << 13;
    }
    bits |= sign;
    memcpy(&f, &bits, 4);
    return f;
}

uint16_t tael__f32_to_f16(float f)
{
    uint32_t bits;
    memcpy(&bits, &f, 4);
    uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
    if (magnitude > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (magnitude >> 13 & 0x3FF)); /* NaN stays one */
    if (magnitude >= 0x477FF000) return (uint16_t)(sign | 0x7C00);                            /* 65520 and more */
    if (magnitude <
        0x38800000) { /* below 2^-14: adding 0.5 leaves the count of 2^-24 steps, rounded, in the low bits */
        float m;
        memcpy(&m, &magnitude, 4);
        m += 0.5f;
        memcpy(&bits, &m, 4);
        return (uint16_t)(sign | (bits - 0x3F000000));
    }
    uint32_t odd = magnitude >> 13 & 1; /* ties go to even */
    return (uint16_t)(sign | (magnitude - 0x38000000 + 0xFFF + odd) >> 13);
}
