// SPDX-License-Identifier: Apache-2.0
// The sequence model's kernels for AVX2: 12 sums, two columns and one row of 16 registers.
#include <immintrin.h>

#define WIDTH        8
#define ROWS         6
#define COLS         16
#define FMA(a, b, c) ((vec)_mm256_fmadd_ps((__m256)(a), (__m256)(b), (__m256)(c)))
#define NAME         tael__sequence_avx2
#define ISA          "avx2"
#include "habits/sequence_body.h"
