// SPDX-License-Identifier: Apache-2.0
// xoshiro256** seeded by splitmix64; the system's generator by getrandom(2).
#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

static uint64_t rotate(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

void tael__random_seed(tael__random *r, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9E3779B97F4A7C15u);
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
        z = (z ^ z >> 27) * 0x94D049BB133111EBu;
        r->s[i] = z ^ z >> 31;
    }
}

uint64_t tael__random_next(tael__random *r)
{
    uint64_t *s = r->s, result = rotate(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate(s[3], 45);
    return result;
}

double tael__random_unit(tael__random *r)
{
    return (double)(tael__random_next(r) >> 11) * 0x1p-53;
}

void tael__random_shuffle(tael__random *r, uint32_t *order, size_t n)
{
    for (size_t k = n; k > 1; k--) {
        size_t other = (size_t)(tael__random_unit(r) * (double)k);
        uint32_t t = order[k - 1];
        order[k - 1] = order[other];
        order[other] = t;
    }
}

tael_status tael__random_system(void *out, size_t bytes)
{
    unsigned char *p = out;
    while (bytes > 0) {
        ssize_t n = getrandom(p, bytes, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return tael__fail_errno(TAEL_SAY("no random numbers", "无法取得随机数"), "getrandom", errno);
        p += n;
        bytes -= (size_t)n;
    }
    return TAEL_OK;
}
