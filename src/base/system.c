// SPDX-License-Identifier: Apache-2.0
// Linux and Android: /proc/meminfo, and the control group that a container has mounted as the root of its view.
#include "base/system.h"

#include <stdio.h>

static uint64_t read_number(const char *path)
{
    unsigned long long n = 0;
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    if (fscanf(file, "%llu", &n) != 1) n = 0; /* "max" */
    fclose(file);
    return n;
}

bool tael__memory_tell(uint64_t *total, uint64_t *available)
{
    char line[128];
    unsigned long long kib;
    *total = *available = 0;
    FILE *file = fopen("/proc/meminfo", "re");
    if (!file) return false;
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "MemTotal: %llu", &kib) == 1) *total = (uint64_t)kib << 10;
        if (sscanf(line, "MemAvailable: %llu", &kib) == 1) *available = (uint64_t)kib << 10;
    }
    fclose(file);
    uint64_t limit = read_number("/sys/fs/cgroup/memory.max"), used = read_number("/sys/fs/cgroup/memory.current");
    if (limit > 0 && limit < *total) {
        uint64_t left = used < limit ? limit - used : 0;
        *total = limit;
        if (left < *available) *available = left;
    }
    return *total > 0;
}
