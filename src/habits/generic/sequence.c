// SPDX-License-Identifier: Apache-2.0
// The sequence model's kernels for any CPU: registers of four floats, as SSE2 and NEON have.
#define WIDTH        4
#define ROWS         4
#define COLS         8
#define FMA(a, b, c) ((a) * (b) + (c))
#define NAME         tael__sequence_generic
#define ISA          "generic"
#include "habits/sequence_body.h"
