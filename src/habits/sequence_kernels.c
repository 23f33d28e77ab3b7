// SPDX-License-Identifier: Apache-2.0
// Which of the sequence model's kernels this CPU runs. A file's flags are those of its name (cmake/rooms.cmake): all of
// them are asked for here.
#include "habits/sequence_kernels.h"

const tael__sequence_kernels *tael__sequence_kernels_pick(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
    if (avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vnni"))
        return &tael__sequence_avx512vnni;
    if (avx2) return &tael__sequence_avx2;
#endif
    return &tael__sequence_generic;
}
