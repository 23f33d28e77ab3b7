// SPDX-License-Identifier: Apache-2.0
// The kernel table: a family's list is slowest first, so each place gets the last of its kernels that the CPU runs.
#include "compute/kernels.h"

#include <pthread.h>
#include <string.h>

#include "compute/activations.h"
#include "compute/kernels_declared.h"

/* Can this CPU run a kernel with these needs? If so, the table's `isa` is the one that needs most: later flags of an
 * architecture are higher bits. */
static bool can_run(tael__kernels *table, uint32_t *most, uint32_t cpu, uint32_t needs, const char *isa)
{
    if ((cpu & needs) != needs) return false;
    if (needs > *most) {
        *most = needs;
        table->isa = isa;
    }
    return true;
}

void tael__kernels_pick(tael__kernels *table, uint32_t cpu)
{
    uint32_t most = 0;
    memset(table, 0, sizeof *table);
    table->isa = "c";
#define PUT(place, kernel, needs, isa) \
    if (can_run(table, &most, cpu, needs, #isa)) table->place = kernel;
#define KERNEL(format, isa, needs) \
    PUT(dequantize[TAEL__FORMAT_##format], tael__dequantize_##format##__##isa, needs, isa)
#include "compute/dequantize.inc"
#undef KERNEL
#define KERNEL(kind, isa, needs) PUT(quantize[TAEL__ACT_##kind], tael__quantize_##kind##__##isa, needs, isa)
#include "compute/quantize.inc"
#undef KERNEL
#define KERNEL(format, isa, needs) PUT(matvec[TAEL__FORMAT_##format], tael__matvec_##format##__##isa, needs, isa)
#include "compute/matvec.inc"
#undef KERNEL
#define KERNEL(format, isa, needs)                                                 \
    PUT(matmul[TAEL__FORMAT_##format], tael__matmul_##format##__##isa, needs, isa) \
    if (table->matmul[TAEL__FORMAT_##format] == tael__matmul_##format##__##isa)    \
        table->matmul_act[TAEL__FORMAT_##format] = tael__matmul_act(TAEL__FORMAT_##format, needs);
#include "compute/matmul.inc"
#undef KERNEL
#define KERNEL(family, kind, isa, needs) PUT(family[TAEL__KV_##kind], tael__##family##_##kind##__##isa, needs, isa)
#include "compute/attend.inc"
#undef KERNEL
#define KERNEL(operation, isa, needs) PUT(operation, tael__##operation##__##isa, needs, isa)
#include "compute/vector.inc"
#undef KERNEL
#undef PUT
    for (int k = 0; k < TAEL__KV_COUNT; k++)
        if (!table->attend_many[k]) table->attend_many[k] = table->attend[k];
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
