// SPDX-License-Identifier: Apache-2.0
// The encoders for any CPU, and the choice between them and those that are compiled for a better one.
#include "compute/encode_declared.h"

#define ENCODER(format) tael__encode_##format##__c
#include "compute/encode_body.h"

#define ENCODE(format) [TAEL__FORMAT_##format] = tael__encode_##format##__c,
static tael__encode_fn *const plain[TAEL__FORMAT_COUNT] = {
#include "compute/encode.inc"
};
#undef ENCODE

#if TAEL_X86
#define ENCODE(format) [TAEL__FORMAT_##format] = tael__encode_##format##__avx2,
static tael__encode_fn *const avx2[TAEL__FORMAT_COUNT] = {
#include "compute/encode.inc"
};
#undef ENCODE
#endif

tael__encode_fn *tael__encode_of(tael__format format)
{
    if ((unsigned)format >= TAEL__FORMAT_COUNT) return NULL;
#if TAEL_X86
    if (tael__cpu_features() & TAEL_CPU_AVX2) return avx2[format];
#endif
    return plain[format];
}
