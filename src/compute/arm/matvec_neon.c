// SPDX-License-Identifier: Apache-2.0
// Matrix times vector for ARMv8.0: the multiplier's products are 16 bits wide, two of which always fit before they are
// widened to 32 (2 * 128 * 127 < 2^15): three instructions for 16 weights where sdot takes one.
#include <arm_neon.h>

static inline __attribute__((always_inline)) int32x4_t product_16(int8x16_t w, int8x16_t a)
{
    return vpaddlq_s16(vmlal_high_s8(vmull_s8(vget_low_s8(w), vget_low_s8(a)), w, a));
}

static inline __attribute__((always_inline)) int32x4_t add_product_16(int32x4_t sum, int8x16_t w, int8x16_t a)
{
    return vpadalq_s16(sum, vmlal_high_s8(vmull_s8(vget_low_s8(w), vget_low_s8(a)), w, a));
}

#ifdef __clang__ /* gcc keeps the loop's registers in place only while it stands, clang only when it's gone */
#define UNROLL_QUARTERS _Pragma("GCC unroll 4")
#else
#define UNROLL_QUARTERS
#endif
#define ISA(name) name##__neon
#include "compute/arm/matvec_blocks.h"
#include "compute/arm/matvec_k.h"
