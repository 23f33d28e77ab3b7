// SPDX-License-Identifier: Apache-2.0
/* Weights of every format to f32, the readable way: blocks.h tells where the numbers of a block lie, the formulas here
 * what they mean. */
#include "compute/blocks.h"
#include "compute/kernels_declared.h"

static float f16(const uint8_t h[2])
{
    return tael__f16_to_f32(tael__load_u16(h));
}

void tael__dequantize_f32__c(float *out, const void *w, size_t n)
{
    memcpy(out, w, n * 4);
}

void tael__dequantize_f16__c(float *out, const void *w, size_t n)
{
    const uint8_t *h = w;
    for (size_t i = 0; i < n; i++) out[i] = f16(h + 2 * i);
}

/* bf16 is the upper half of an f32. */
void tael__dequantize_bf16__c(float *out, const void *w, size_t n)
{
    const uint8_t *h = w;
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)tael__load_u16(h + 2 * i) << 16;
        memcpy(&out[i], &bits, 4);
    }
}

void tael__dequantize_q4_0__c(float *out, const void *w, size_t n)
{
    const tael__block_q4_0 *block = w;
    for (; n > 0; n -= 32, out += 32, block++) {
        int8_t q[32];
        tael__unpack_q4(q, block->qs, 8);
        for (int i = 0; i < 32; i++) out[i] = f16(block->d) * q[i];
    }
}

void tael__dequantize_q4_1__c(float *out, const void *w, size_t n)
{
    const tael__block_q4_1 *block = w;
    for (; n > 0; n -= 32, out += 32, block++) {
        int8_t q[32];
        tael__unpack_q4(q, block->qs, 0);
        for (int i = 0; i < 32; i++) out[i] = f16(block->d) * q[i] + f16(block->m);
    }
}

void tael__dequantize_q5_0__c(float *out, const void *w, size_t n)
{
    const tael__block_q5_0 *block = w;
    for (; n > 0; n -= 32, out += 32, block++) {
        int8_t q[32];
        tael__unpack_q5(q, block->qs, block->qh, 16);
        for (int i = 0; i < 32; i++) out[i] = f16(block->d) * q[i];
    }
}

void tael__dequantize_q5_1__c(float *out, const void *w, size_t n)
{
    const tael__block_q5_1 *block = w;
    for (; n > 0; n -= 32, out += 32, block++) {
        int8_t q[32];
        tael__unpack_q5(q, block->qs, block->qh, 0);
        for (int i = 0; i < 32; i++) out[i] = f16(block->d) * q[i] + f16(block->m);
    }
}

void tael__dequantize_q8_0__c(float *out, const void *w, size_t n)
{
    const tael__block_q8_0 *block = w;
    for (; n > 0; n -= 32, out += 32, block++)
        for (int i = 0; i < 32; i++) out[i] = f16(block->d) * block->qs[i];
}

void tael__dequantize_q2_k__c(float *out, const void *w, size_t n)
{
    const tael__block_q2_k *block = w;
    for (; n > 0; n -= 256, out += 256, block++) {
        int8_t q[256];
        tael__unpack_q2_k(q, block->qs);
        float d = f16(block->d), dmin = f16(block->dmin);
        for (int i = 0; i < 256; i++) {
            int s = block->scales[i / 16] & 15, m = block->scales[i / 16] >> 4;
            out[i] = d * (float)s * q[i] - dmin * (float)m;
        }
    }
}

void tael__dequantize_q3_k__c(float *out, const void *w, size_t n)
{
    const tael__block_q3_k *block = w;
    for (; n > 0; n -= 256, out += 256, block++) {
        int8_t q[256], s[16];
        tael__unpack_q3_k(q, block->qs, block->hmask);
        tael__unpack_k3(s, block->scales);
        for (int i = 0; i < 256; i++) out[i] = f16(block->d) * s[i / 16] * q[i];
    }
}

void tael__dequantize_q4_k__c(float *out, const void *w, size_t n)
{
    const tael__block_q4_k *block = w;
    for (; n > 0; n -= 256, out += 256, block++) {
        int8_t q[256];
        uint8_t s[8], m[8];
        tael__unpack_q4_k(q, block->qs);
        tael__unpack_k4(s, m, block->scales);
        float d = f16(block->d), dmin = f16(block->dmin);
        for (int i = 0; i < 256; i++) out[i] = d * s[i / 32] * q[i] - dmin * m[i / 32];
    }
}

void tael__dequantize_q5_k__c(float *out, const void *w, size_t n)
{
    const tael__block_q5_k *block = w;
    for (; n > 0; n -= 256, out += 256, block++) {
        int8_t q[256];
        uint8_t s[8], m[8];
        tael__unpack_q5_k(q, block->qs, block->qh);
        tael__unpack_k4(s, m, block->scales);
        float d = f16(block->d), dmin = f16(block->dmin);
        for (int i = 0; i < 256; i++) out[i] = d * s[i / 32] * q[i] - dmin * m[i / 32];
    }
}

void tael__dequantize_q6_k__c(float *out, const void *w, size_t n)
{
    const tael__block_q6_k *block = w;
    for (; n > 0; n -= 256, out += 256, block++) {
        int8_t q[256];
        tael__unpack_q6_k(q, block->ql, block->qh);
        for (int i = 0; i < 256; i++) out[i] = f16(block->d) * block->scales[i / 16] * q[i];
    }
}
