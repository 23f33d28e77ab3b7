// SPDX-License-Identifier: Apache-2.0
/* The formats whose numbers are places in a list, the readable way: blocks_iq.h unpacks a block, and here are the
 * weights it stands for and its product with a vector. */
#include "compute/activations.h"
#include "compute/blocks_iq.h"
#include "compute/kernels_declared.h"

static int dot(const int8_t *w, const int8_t *a, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += w[i] * a[i];
    return sum;
}

static float scale_iq4_nl(const tael__block_iq4_nl *b)
{
    return tael__f16_to_f32(tael__load_u16(b->d));
}
static float scale_mxfp4(const tael__block_mxfp4 *b)
{
    return tael__mxfp4_scale(b->e);
}

#define BLOCK_32(format)                                                             \
    void tael__dequantize_##format##__c(float *out, const void *w, size_t n)         \
    {                                                                                \
        const tael__block_##format *block = w;                                       \
        for (; n > 0; n -= 32, out += 32, block++) {                                 \
            int8_t q[32];                                                            \
            tael__unpack_##format(q, block->qs);                                     \
            for (int i = 0; i < 32; i++) out[i] = scale_##format(block) * q[i];      \
        }                                                                            \
    }                                                                                \
    static float row_##format(const void *w, const void *x, size_t cols)             \
    {                                                                                \
        const tael__block_##format *block = w;                                       \
        const int8_t *a = tael__act_q(x);                                            \
        const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);                       \
        float sum = 0;                                                               \
        for (size_t b = 0; b < cols / 32; b++) {                                     \
            int8_t q[32];                                                            \
            tael__unpack_##format(q, block[b].qs);                                   \
            sum += scale_##format(&block[b]) * d[b] * (float)dot(q, a + 32 * b, 32); \
        }                                                                            \
        return sum;                                                                  \
    }                                                                                \
    OVER_ROWS(format)

#define SUPER(format, unit)                                                                \
    void tael__dequantize_##format##__c(float *out, const void *w, size_t n)               \
    {                                                                                      \
        const tael__block_##format *block = w;                                             \
        for (; n > 0; n -= 256, out += 256, block++) {                                     \
            int8_t q[256], s[16];                                                          \
            float d = tael__f16_to_f32(tael__unpack_##format(q, s, block)) * unit;         \
            for (int i = 0; i < 256; i++) out[i] = d * s[i / 16] * q[i];                   \
        }                                                                                  \
    }                                                                                      \
    static float row_##format(const void *w, const void *x, size_t cols)                   \
    {                                                                                      \
        const tael__block_##format *block = w;                                             \
        const int8_t *a = tael__act_q(x);                                                  \
        const float *da = tael__act_d(x, TAEL__ACT_q8_k, cols);                            \
        float sum = 0;                                                                     \
        for (size_t b = 0; b < cols / 256; b++, a += 256) {                                \
            int8_t q[256], s[16];                                                          \
            int scaled = 0;                                                                \
            float d = tael__f16_to_f32(tael__unpack_##format(q, s, &block[b])) * unit;     \
            for (int i = 0; i < 16; i++) scaled += s[i] * dot(q + 16 * i, a + 16 * i, 16); \
            sum += d * da[b] * (float)scaled;                                              \
        }                                                                                  \
        return sum;                                                                        \
    }                                                                                      \
    OVER_ROWS(format)

#define OVER_ROWS(format)                                                                                \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols)           \
    {                                                                                                    \
        size_t row_bytes = 0;                                                                            \
        tael__format_row_bytes(&row_bytes, TAEL__FORMAT_##format, cols);                                 \
        for (size_t r = 0; r < rows; r++) y[r] = row_##format((const char *)w + r * row_bytes, x, cols); \
    }                                                                                                    \
    TAEL__EACH_TOKEN(format, c)

BLOCK_32(iq4_nl)
BLOCK_32(mxfp4)
#include "compute/iq.inc"
