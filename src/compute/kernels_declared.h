// SPDX-License-Identifier: Apache-2.0
/* Every kernel of every family by name: tael__FAMILY_WHAT__ISA, declared from the families' lists. For the kernels' own
 * files, the table and the checker; nobody else calls a kernel but through the table. */
#ifndef TAEL__COMPUTE_KERNELS_DECLARED_H
#define TAEL__COMPUTE_KERNELS_DECLARED_H

#include "compute/kernels.h"

#define KERNEL(format, isa, needs) tael__dequantize_fn tael__dequantize_##format##__##isa;
#include "compute/dequantize.inc"
#undef KERNEL
#define KERNEL(kind, isa, needs) tael__quantize_fn tael__quantize_##kind##__##isa;
#include "compute/quantize.inc"
#undef KERNEL
#define KERNEL(format, isa, needs) tael__matvec_fn tael__matvec_##format##__##isa;
#include "compute/matvec.inc"
#undef KERNEL
#define KERNEL(format, isa, needs) tael__matmul_fn tael__matmul_##format##__##isa;
#include "compute/matmul.inc"
#undef KERNEL
#define KERNEL(family, kind, isa, needs) tael__##family##_fn tael__##family##_##kind##__##isa;
#include "compute/attend.inc"
#undef KERNEL
#define KERNEL(operation, isa, needs) tael__##operation##_fn tael__##operation##__##isa;
#include "compute/vector.inc"
#undef KERNEL

/* A matvec kernel that takes one token after another: one_FORMAT(y, w, x, rows, cols) does a single one. */
#define TAEL__EACH_TOKEN(format, isa)                                                                             \
    void tael__matvec_##format##__##isa(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                        size_t rows, size_t cols, size_t tokens)                                  \
    {                                                                                                             \
        for (size_t t = 0; t < tokens; t++)                                                                       \
            one_##format(y + t * y_stride, w, (const char *)x + t * x_stride, rows, cols);                        \
    }

#endif
