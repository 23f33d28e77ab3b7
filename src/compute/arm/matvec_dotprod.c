// SPDX-License-Identifier: Apache-2.0
// Matrix times vector with sdot (Cortex-A55, A75 and later, Apple A13 and later): four products a lane.
#include <arm_neon.h>

static inline __attribute__((always_inline)) int32x4_t product_16(int8x16_t w, int8x16_t a)
{
    return vdotq_s32(vdupq_n_s32(0), w, a);
}

static inline __attribute__((always_inline)) int32x4_t add_product_16(int32x4_t sum, int8x16_t w, int8x16_t a)
{
    return vdotq_s32(sum, w, a);
}

#define UNROLL_QUARTERS _Pragma("GCC unroll 4")
#define ISA(name)       name##__dotprod
#include "compute/arm/matvec_blocks.h"
#include "compute/arm/matvec_k.h"
