// SPDX-License-Identifier: Apache-2.0
/* Matrix times vector, the readable way. A block of weights meets a block of activations in whole numbers; only the
 * sums of blocks are floats, and their order is all that a fast kernel may change. */
#include "compute/activations.h"
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

static float f16(const uint8_t h[2])
{
    return tael__f16_to_f32(tael__load_u16(h));
}

static int dot(const int8_t *w, const int8_t *a, int n)
{
    int sum = 0;
    for (int i = 0; i < n; i++) sum += w[i] * a[i];
    return sum;
}

/* A family member is one function for one row; the loop over rows is the same for all. */
#define OVER_ROWS(format)                                                                      \
    static void one_##format(float *y, const void *w, const void *x, size_t rows, size_t cols) \
    {                                                                                          \
        size_t row_bytes = 0;                                                                  \
        tael__format_row_bytes(&row_bytes, TAEL__FORMAT_##format, cols);                       \
        for (size_t r = 0; r < rows; r++)                                                      \
            y[r] = row_##format((const void *)((const char *)w + r * row_bytes), x, cols);     \
    }                                                                                          \
    TAEL__EACH_TOKEN(format, c)

static float row_f32(const void *w, const void *x, size_t cols)
{
    const float *a = x;
    float sum = 0;
    for (size_t i = 0; i < cols; i++) {
        float v;
        memcpy(&v, (const uint8_t *)w + 4 * i, 4);
        sum += v * a[i];
    }
    return sum;
}
OVER_ROWS(f32)

static float row_f16(const void *w, const void *x, size_t cols)
{
    const uint8_t *h = w;
    const float *a = x;
    float sum = 0;
    for (size_t i = 0; i < cols; i++) sum += f16(h + 2 * i) * a[i];
    return sum;
}
OVER_ROWS(f16)

static float row_bf16(const void *w, const void *x, size_t cols)
{
    const uint8_t *h = w;
    const float *a = x;
    float sum = 0;
    for (size_t i = 0; i < cols; i++) {
        uint32_t bits = (uint32_t)tael__load_u16(h + 2 * i) << 16;
        float v;
        memcpy(&v, &bits, 4);
        sum += v * a[i];
    }
    return sum;
}
OVER_ROWS(bf16)

static float row_q4_0(const tael__block_q4_0 *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 32; b++) {
        int8_t q[32];
        tael__unpack_q4(q, w[b].qs, 8);
        sum += f16(w[b].d) * d[b] * (float)dot(q, a + 32 * b, 32);
    }
    return sum;
}
OVER_ROWS(q4_0)

/* sum (d q + m) (da a) = d da sum(q a) + m (da sum a), and the activations bring the last factor along. */
static float row_q4_1(const tael__block_q4_1 *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_1, cols), *s = tael__act_s(x, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 32; b++) {
        int8_t q[32];
        tael__unpack_q4(q, w[b].qs, 0);
        sum += f16(w[b].d) * d[b] * (float)dot(q, a + 32 * b, 32) + f16(w[b].m) * s[b];
    }
    return sum;
}
OVER_ROWS(q4_1)

static float row_q5_0(const tael__block_q5_0 *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 32; b++) {
        int8_t q[32];
        tael__unpack_q5(q, w[b].qs, w[b].qh, 16);
        sum += f16(w[b].d) * d[b] * (float)dot(q, a + 32 * b, 32);
    }
    return sum;
}
OVER_ROWS(q5_0)

static float row_q5_1(const tael__block_q5_1 *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_1, cols), *s = tael__act_s(x, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 32; b++) {
        int8_t q[32];
        tael__unpack_q5(q, w[b].qs, w[b].qh, 0);
        sum += f16(w[b].d) * d[b] * (float)dot(q, a + 32 * b, 32) + f16(w[b].m) * s[b];
    }
    return sum;
}
OVER_ROWS(q5_1)

static float row_q8_0(const tael__block_q8_0 *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_0, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 32; b++) sum += f16(w[b].d) * d[b] * (float)dot(w[b].qs, a + 32 * b, 32);
    return sum;
}
OVER_ROWS(q8_0)

/* Super-blocks: scales and mins are whole numbers too, so all of a block but d and dmin stays in them. */
static float row_q2_k(const tael__block_q2_k *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);
    const int16_t *sums = tael__act_sums(x, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 256; b++, a += 256, sums += 16) {
        int8_t q[256];
        int scaled = 0, mins = 0;
        tael__unpack_q2_k(q, w[b].qs);
        for (int i = 0; i < 16; i++) {
            scaled += (w[b].scales[i] & 15) * dot(q + 16 * i, a + 16 * i, 16);
            mins += (w[b].scales[i] >> 4) * sums[i];
        }
        sum += f16(w[b].d) * d[b] * (float)scaled - f16(w[b].dmin) * d[b] * (float)mins;
    }
    return sum;
}
OVER_ROWS(q2_k)

static float row_q3_k(const tael__block_q3_k *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 256; b++, a += 256) {
        int8_t q[256], s[16];
        int scaled = 0;
        tael__unpack_q3_k(q, w[b].qs, w[b].hmask);
        tael__unpack_k3(s, w[b].scales);
        for (int i = 0; i < 16; i++) scaled += s[i] * dot(q + 16 * i, a + 16 * i, 16);
        sum += f16(w[b].d) * d[b] * (float)scaled;
    }
    return sum;
}
OVER_ROWS(q3_k)

/* What q4_k and q5_k share: eight scales and mins over the unpacked numbers. */
static float block_k4(const uint8_t packed[12], const int8_t q[256], const int8_t *a, const int16_t *sums, float d,
                      float dmin)
{
    uint8_t s[8], m[8];
    int scaled = 0, mins = 0;
    tael__unpack_k4(s, m, packed);
    for (int i = 0; i < 8; i++) {
        scaled += s[i] * dot(q + 32 * i, a + 32 * i, 32);
        mins += m[i] * (sums[2 * i] + sums[2 * i + 1]);
    }
    return d * (float)scaled - dmin * (float)mins;
}

static float row_q4_k(const tael__block_q4_k *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);
    const int16_t *sums = tael__act_sums(x, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 256; b++) {
        int8_t q[256];
        tael__unpack_q4_k(q, w[b].qs);
        sum += block_k4(w[b].scales, q, a + 256 * b, sums + 16 * b, f16(w[b].d) * d[b], f16(w[b].dmin) * d[b]);
    }
    return sum;
}
OVER_ROWS(q4_k)

static float row_q5_k(const tael__block_q5_k *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);
    const int16_t *sums = tael__act_sums(x, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 256; b++) {
        int8_t q[256];
        tael__unpack_q5_k(q, w[b].qs, w[b].qh);
        sum += block_k4(w[b].scales, q, a + 256 * b, sums + 16 * b, f16(w[b].d) * d[b], f16(w[b].dmin) * d[b]);
    }
    return sum;
}
OVER_ROWS(q5_k)

static float row_q6_k(const tael__block_q6_k *w, const void *x, size_t cols)
{
    const int8_t *a = tael__act_q(x);
    const float *d = tael__act_d(x, TAEL__ACT_q8_k, cols);
    float sum = 0;
    for (size_t b = 0; b < cols / 256; b++, a += 256) {
        int8_t q[256];
        int scaled = 0;
        tael__unpack_q6_k(q, w[b].ql, w[b].qh);
        for (int i = 0; i < 16; i++) scaled += w[b].scales[i] * dot(q + 16 * i, a + 16 * i, 16);
        sum += f16(w[b].d) * d[b] * (float)scaled;
    }
    return sum;
}
OVER_ROWS(q6_k)
