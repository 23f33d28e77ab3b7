// SPDX-License-Identifier: Apache-2.0
/* What this device can do. */
#ifndef TAEL_DEVICE_H
#define TAEL_DEVICE_H

#include <tael/status.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tael_device {
    size_t size;
    const char *isa; /* the best kernels that this CPU runs: "avx512vnni", "avx2", "c", ...; static */
    uint32_t cores;  /* physical ones that this process may use */
    uint64_t memory_bytes, available_bytes;
    double bandwidth_gbs; /* reading memory with all cores; 0 unless measured */
} tael_device;

/* `measure`: also the bandwidth, in about half a second. */
TAEL_API tael_status tael_device_inspect(tael_device *device, bool measure);

#ifdef __cplusplus
}
#endif
#endif
