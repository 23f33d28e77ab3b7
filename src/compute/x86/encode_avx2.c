// SPDX-License-Identifier: Apache-2.0
// The encoders again, for the compiler to make AVX2 of: eight lanes are one register, and the bits are the same.
#include "compute/encode_declared.h"

#define ENCODER(format) tael__encode_##format##__avx2
#include "compute/encode_body.h"
