// SPDX-License-Identifier: Apache-2.0
/* What the service counts, and its page in Prometheus' text format. Counted with atomics from any thread. */
#ifndef TAEL__SERVE_METRICS_H
#define TAEL__SERVE_METRICS_H

#include "base/memory.h"

#define TAEL__METRICS_BUCKETS 14
#define TAEL__METRICS_ROUTES  16 /* rows of the table of routes, and one for what is none */

/* Statuses that are told apart; any other counts as the last. */
#define TAEL__METRICS_STATUSES(X) X(200) X(400) X(401) X(403) X(404) X(405) X(413) X(415) X(429) X(500) X(503) X(504)
typedef enum tael__metrics_status {
#define X(code) TAEL__STATUS_##code,
    TAEL__METRICS_STATUSES(X)
#undef X
        TAEL__STATUS_OTHER,
    TAEL__STATUS_KINDS
} tael__metrics_status;

typedef struct tael__histogram {
    uint64_t buckets[TAEL__METRICS_BUCKETS + 1]; /* the last: above all bounds */
    uint64_t sum_us;
} tael__histogram;

typedef struct tael__metrics {
    uint64_t requests[TAEL__METRICS_ROUTES][TAEL__STATUS_KINDS];
    uint64_t prompt_tokens, shared_tokens, completion_tokens; /* of generations that are over */
    uint64_t cancelled; /* generations whose client went away, or that took too long */
    tael__histogram first_token, next_token, request;
    /* Gauges, set by the engine. */
    uint64_t queued, running, cache_tokens, cache_used;
} tael__metrics;

void tael__metrics_request(tael__metrics *m, size_t route, unsigned status);
void tael__metrics_observe(tael__histogram *h, double seconds);
static inline void tael__metrics_add(uint64_t *counter, uint64_t n)
{
    __atomic_add_fetch(counter, n, __ATOMIC_RELAXED);
}
static inline void tael__metrics_set(uint64_t *gauge, uint64_t n)
{
    __atomic_store_n(gauge, n, __ATOMIC_RELAXED);
}

/* `routes[i]` names route i; `connections`: open now. */
tael_status tael__metrics_write(const tael__metrics *m, const char *const *routes, size_t route_count,
                                size_t connections, tael__buffer *out);

#endif
