// SPDX-License-Identifier: Apache-2.0
/* Low-rank adapters (LoRA, Hu et al. 2021, arXiv 2106.09685): where one is, W x becomes W x + scale * B (A x). The
 * model's own weights stay as they lie in their file. */
#ifndef TAEL__MODEL_ADAPTER_H
#define TAEL__MODEL_ADAPTER_H

#include "compute/linear.h"
#include "model/gguf.h"

typedef struct tael__adapter {
    const void *target; /* the data of the matrix that it adds to */
    tael__matrix a, b;  /* cols of the target -> rank -> rows of the target */
    float scale;
    uint32_t order; /* as they were added */
} tael__adapter;

typedef struct tael__adapters {
    tael__adapter *all; /* owned; by target, then by order */
    size_t count;
    tael__gguf **files; /* owned, and so is each */
    size_t file_count;
    size_t rank, rows; /* the largest of them all */
} tael__adapters;

void tael__adapters_close(tael__adapters *adapters);

#endif
