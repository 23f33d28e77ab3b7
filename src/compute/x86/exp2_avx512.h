// SPDX-License-Identifier: Apache-2.0
/* 2^x for a softmax's weights, 16 at a time. */
#ifndef TAEL__COMPUTE_EXP2_AVX512_H
#define TAEL__COMPUTE_EXP2_AVX512_H

#include <immintrin.h>

/* x <= 0: n = round(x), 2^x = 2^n 2^r, |r| <= 1/2; Taylor's terms to r^7 leave 5e-9 of relative error there, below the
 * rounding of the sums. Below -100 (and for -infinity) it is 0: such a weight changes no sum, and denormal numbers are
 * slow. */
static inline __m512 exp2_16(__m512 x)
{
    __mmask16 counts = _mm512_cmp_ps_mask(x, _mm512_set1_ps(-100), _CMP_GE_OQ);
    __m512 n = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC), r = _mm512_sub_ps(x, n);
    __m512 p = _mm512_set1_ps(1.52527338e-5f); /* ln(2)^k / k! */
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.54035304e-4f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1.33335581e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(9.61812911e-3f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(5.55041087e-2f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(2.40226507e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(6.93147181e-1f));
    p = _mm512_fmadd_ps(p, r, _mm512_set1_ps(1));
    return _mm512_maskz_scalef_ps(counts, p, n);
}

#endif
