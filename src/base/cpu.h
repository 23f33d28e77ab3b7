// SPDX-License-Identifier: Apache-2.0
/* Which instruction sets this CPU and its system offer. */
#ifndef TAEL__BASE_CPU_H
#define TAEL__BASE_CPU_H

#include <stdint.h>

#if defined(__x86_64__)
#define TAEL_X86 1
#else
#define TAEL_X86 0
#endif
#if defined(__aarch64__)
#define TAEL_ARM 1
#else
#define TAEL_ARM 0
#endif

enum {
    TAEL_CPU_AVX2 = 1u << 0,       /* with FMA, F16C and BMI2, as every such CPU has */
    TAEL_CPU_AVX512VNNI = 1u << 1, /* with F, BW, VL, DQ */
    TAEL_CPU_AMX = 1u << 2,        /* tile and bf16, AVX512_BF16; granted by the system, and tried */
    TAEL_CPU_NEON = 1u << 8,
    TAEL_CPU_DOTPROD = 1u << 9,
    TAEL_CPU_I8MM = 1u << 10,
};

uint32_t tael__cpu_features(void); /* what the hardware and the system allow, lowered by TAEL_ISA */

#endif
