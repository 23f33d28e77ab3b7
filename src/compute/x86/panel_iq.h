// SPDX-License-Identifier: Apache-2.0
/* Panels of the formats whose numbers are places in a list, as panel_pack.h has them of the others. Included at the end
 * of each instruction set's matmul with TAEL__PANEL_ISA naming it. */
#include "compute/blocks_iq.h"

/* vpshufb looks up 16 nibbles at once; compilers make no such thing of a loop over a table. */
ALWAYS void unpack_nibbles(int8_t *q, const uint8_t *qs, const int8_t values[16])
{
    __m128i list = _mm_loadu_si128((const __m128i *)(const void *)values);
    __m128i both = _mm_loadu_si128((const __m128i *)(const void *)qs), low = _mm_set1_epi8(15);
    _mm_storeu_si128((__m128i *)(void *)q, _mm_shuffle_epi8(list, _mm_and_si128(both, low)));
    both = _mm_and_si128(_mm_srli_epi16(both, 4), low);
    _mm_storeu_si128((__m128i *)(void *)(q + 16), _mm_shuffle_epi8(list, both));
}

ALWAYS void unpack_iq4_nl(int8_t *q, float *scale, float *min, const void *block)
{
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    const tael__block_iq4_nl *b = block;
    (void)min;
    scale[0] = half_at(b->d);
    unpack_nibbles(q, b->qs, values);
}

ALWAYS void unpack_mxfp4(int8_t *q, float *scale, float *min, const void *block)
{
    static const int8_t values[16] = TAEL__MXFP4_VALUES;
    const tael__block_mxfp4 *b = block;
    (void)min;
    scale[0] = tael__mxfp4_scale(b->e);
    unpack_nibbles(q, b->qs, values);
}

ALWAYS uint16_t panel_iq4_xs(int8_t *q, int8_t *s, const tael__block_iq4_xs *b)
{
    static const int8_t values[16] = TAEL__IQ4_VALUES;
    for (int i = 0; i < 8; i++) unpack_nibbles(q + 32 * i, b->qs + 16 * i, values);
    return tael__scales_iq4_xs(s, b);
}
#define panel_iq3_s   tael__unpack_iq3_s
#define panel_iq3_xxs tael__unpack_iq3_xxs
#define panel_iq2_s   tael__unpack_iq2_s
#define panel_iq2_xs  tael__unpack_iq2_xs
#define panel_iq2_xxs tael__unpack_iq2_xxs
#define panel_iq1_m   tael__unpack_iq1_m
#define panel_iq1_s   tael__unpack_iq1_s
#define panel_tq2_0   tael__unpack_tq2_0
#define panel_tq1_0   tael__unpack_tq1_0

/* Groups of 16 where the format has a scale for so many, else of 32. */
enum {
    GROUP_iq4_xs = 32,
    GROUP_iq3_s = 32,
    GROUP_iq3_xxs = 32,
    GROUP_iq2_s = 16,
    GROUP_iq2_xs = 16,
    GROUP_iq2_xxs = 32,
    GROUP_iq1_m = 16,
    GROUP_iq1_s = 32,
    GROUP_tq2_0 = 32,
    GROUP_tq1_0 = 32
};

#define SUPER(format, unit)                                                                              \
    ALWAYS void unpack_##format(int8_t *q, float *scale, float *min, const void *block)                  \
    {                                                                                                    \
        int8_t s[16];                                                                                    \
        float d = _cvtsh_ss(panel_##format(q, s, block)) * unit;                                         \
        (void)min;                                                                                       \
        for (int g = 0; g < 256 / GROUP_##format; g++) scale[g] = d * (float)s[g * GROUP_##format / 16]; \
    }                                                                                                    \
    static const tael__shape shape_##format = {                                                          \
        256, GROUP_##format, sizeof(tael__block_##format), false, true, TAEL__ACT_q8_k, unpack_##format};
#include "compute/iq.inc"
#undef SUPER
static const tael__shape shape_iq4_nl = {32, 32, 18, false, true, TAEL__ACT_q8_0, unpack_iq4_nl};
static const tael__shape shape_mxfp4 = {32, 32, 17, false, false, TAEL__ACT_q8_0, unpack_mxfp4};

#define BLOCKS(format, isa) MATMUL_BLOCKS(format, isa)
#define SUPER(format, unit) BLOCKS(format, TAEL__PANEL_ISA)
BLOCKS(iq4_nl, TAEL__PANEL_ISA)
BLOCKS(mxfp4, TAEL__PANEL_ISA)
#include "compute/iq.inc"
#undef SUPER
