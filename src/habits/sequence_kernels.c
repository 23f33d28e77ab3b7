// SPDX-License-Identifier: Apache-2.0
// Which of the sequence model's kernels this CPU runs.
#include "habits/sequence_kernels.h"
#include "base/cpu.h"

const tael__sequence_kernels *tael__sequence_kernels_pick(void)
{
    const uint32_t cpu = tael__cpu_features();
    (void)cpu;
#if TAEL_X86
    if (cpu & TAEL_CPU_AVX512VNNI) return &tael__sequence_avx512vnni;
    if (cpu & TAEL_CPU_AVX2) return &tael__sequence_avx2;
#endif
    return &tael__sequence_generic;
}
