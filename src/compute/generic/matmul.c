// SPDX-License-Identifier: Apache-2.0
/* Matrix times matrix as the reference has it: a matrix times one vector after another. Also how much scratch memory
 * any kernel of the family may use, which is one answer for all, since callers must not know which one runs. */
#include "compute/activations.h"
#include "compute/kernels_declared.h"
#include "compute/panel.h"

static void each_token(tael__matvec_fn *matvec, float *y, size_t y_stride, const void *w, const void *x,
                       size_t x_stride, size_t rows, size_t cols, size_t tokens)
{
    for (size_t t = 0; t < tokens; t++)
        matvec(y + t * y_stride, rows, w, (const char *)x + t * x_stride, 0, rows, cols, 1);
}

#define KERNEL_c(format)                                                                                      \
    void tael__matmul_##format##__c(float *y, size_t y_stride, const void *w, const void *x, size_t x_stride, \
                                    size_t rows, size_t cols, size_t tokens, void *scratch)                   \
    {                                                                                                         \
        (void)scratch;                                                                                        \
        each_token(tael__matvec_##format##__c, y, y_stride, w, x, x_stride, rows, cols, tokens);              \
    }
#define KERNEL_avx2(format)
#define KERNEL_avx512vnni(format)
#define KERNEL_amx(format)
#define KERNEL_neon(format)
#define KERNEL_dotprod(format)
#define KERNEL_i8mm(format)
#define KERNEL(format, isa, needs) KERNEL_##isa(format)
#include "compute/matmul.inc"
#undef KERNEL

size_t tael__matmul_scratch_bytes(tael__format format, size_t cols)
{
    size_t bytes = tael__panel_scratch_bytes(tael__formats[format].act, cols);
    if (TAEL_X86 && bytes < TAEL__VNNI_SCRATCH_BYTES) bytes = TAEL__VNNI_SCRATCH_BYTES;
    return TAEL_X86 && bytes < tael__amx_scratch_bytes() ? tael__amx_scratch_bytes() : bytes;
}
