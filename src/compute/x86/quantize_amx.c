// SPDX-License-Identifier: Apache-2.0
/* Activations to bf16 in the order of AMX's tiles (activations.h). The instruction rounds to nearest, ties to even, and
 * takes numbers below the normal ones for zero, as the reference does. */
#include <immintrin.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

void tael__quantize_bf16__amx(void *out, const float *x, size_t cols)
{
    const __m512i order = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15));
    char *to = out, *end = to + tael__act_layout_of(TAEL__ACT_bf16, cols).bytes;
    for (size_t i = 0; i < cols; i += 32, to += 64) {
        size_t n = cols - i < 32 ? cols - i : 32;
        uint32_t there = n == 32 ? 0xFFFFFFFF : (1u << n) - 1;
        __m512 low = _mm512_maskz_loadu_ps((__mmask16)there, x + i);
        __m512 high = _mm512_maskz_loadu_ps((__mmask16)(there >> 16), x + i + 16);
        _mm512_storeu_si512(to, _mm512_shuffle_epi8((__m512i)_mm512_cvtne2ps_pbh(high, low), order));
    }
    memset(to, 0, (size_t)(end - to));
}
