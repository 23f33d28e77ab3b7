// SPDX-License-Identifier: Apache-2.0
/* Every encoder by name, for their own files and the test that compares them. */
#ifndef TAEL__COMPUTE_ENCODE_DECLARED_H
#define TAEL__COMPUTE_ENCODE_DECLARED_H

#include "base/cpu.h"
#include "compute/encode.h"

#define ENCODE(format) tael__encode_fn tael__encode_##format##__c;
#include "compute/encode.inc"
#undef ENCODE
#if TAEL_X86
#define ENCODE(format) tael__encode_fn tael__encode_##format##__avx2;
#include "compute/encode.inc"
#undef ENCODE
#endif

#endif
