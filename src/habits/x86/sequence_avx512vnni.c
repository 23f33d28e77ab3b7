// SPDX-License-Identifier: Apache-2.0
// The sequence model's kernels for AVX-512: 24 sums, two columns and rows from memory, of 32 registers.
#include <immintrin.h>

#define WIDTH        16
#define ROWS         12
#define COLS         32
#define FMA(a, b, c) ((vec)_mm512_fmadd_ps((__m512)(a), (__m512)(b), (__m512)(c)))
#define NAME         tael__sequence_avx512vnni
#define ISA          "avx512"
#include "habits/sequence_body.h"
