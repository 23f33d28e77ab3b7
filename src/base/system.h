// SPDX-License-Identifier: Apache-2.0
/* What the system says of itself. */
#ifndef TAEL__BASE_SYSTEM_H
#define TAEL__BASE_SYSTEM_H

#include <stdbool.h>
#include <stdint.h>

/* Memory in all, and what could be had without swapping; a control group's limit counts where it is the smaller one.
 * False, and both 0, where the system doesn't tell. */
bool tael__memory_tell(uint64_t *total, uint64_t *available);

#endif
