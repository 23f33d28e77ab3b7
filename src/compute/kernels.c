// SPDX-License-Identifier: Apache-2.0
// The kernel table: each family's list is slowest first, so each place gets the last of its kernels that the CPU can
// run.
#include "compute/kernels.h"

#include <pthread.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

#define CAN(needs) ((cpu & (uint32_t)(needs)) == (uint32_t)(needs))

void tael__kernels_pick(tael__kernels *table, uint32_t cpu)
{
    memset(table, 0, sizeof *table);
    table->isa = CAN(TAEL_CPU_AMX)          ? "amx"
                 : CAN(TAEL_CPU_AVX512VNNI) ? "avx512vnni"
                 : CAN(TAEL_CPU_AVX2)       ? "avx2"
                                            : "c";
#define KERNEL(format, isa, needs) \
    if (CAN(needs)) table->dequantize[TAEL__FORMAT_##format] = tael__dequantize_##format##__##isa;
#include "compute/dequantize.inc"
#undef KERNEL
#define KERNEL(kind, isa, needs) \
    if (CAN(needs)) table->quantize[TAEL__ACT_##kind] = tael__quantize_##kind##__##isa;
#include "compute/quantize.inc"
#undef KERNEL
#define KERNEL(format, isa, needs) \
    if (CAN(needs)) table->matvec[TAEL__FORMAT_##format] = tael__matvec_##format##__##isa;
#include "compute/matvec.inc"
#undef KERNEL
#define KERNEL(format, isa, needs) \
    if (CAN(needs)) table->matmul[TAEL__FORMAT_##format] = tael__matmul_##format##__##isa;
#include "compute/matmul.inc"
#undef KERNEL
#define KERNEL(operation, isa, needs) \
    if (CAN(needs)) table->operation = tael__##operation##__##isa;
#include "compute/vector.inc"
#undef KERNEL
}

static tael__kernels this_cpu;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void pick_this_cpu(void)
{
    tael__kernels_pick(&this_cpu, tael__cpu_features());
}

const tael__kernels *tael__kernels_get(void)
{
    pthread_once(&once, pick_this_cpu);
    return &this_cpu;
}

size_t tael__act_row_bytes(tael__act_kind kind, size_t cols)
{
    return tael__act_layout_of(kind, cols).bytes;
}
