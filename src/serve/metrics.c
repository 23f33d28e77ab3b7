// SPDX-License-Identifier: Apache-2.0
// Counters and histograms in Prometheus' text format (version 0.0.4). Names end in their unit.
#include "serve/metrics.h"

/* Seconds: from a token of a small model to a long prompt in a long queue. */
static const double bounds[TAEL__METRICS_BUCKETS] = {0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3,
                                                     0.6,   1.2,  2.5,  5,    10,   30,   120};

static const struct {
    unsigned code;
    const char *name;
} statuses[] = {
#define X(code) {code, #code},
    TAEL__METRICS_STATUSES(X)
#undef X
};

static uint64_t get(const uint64_t *counter)
{
    return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void tael__metrics_request(tael__metrics *m, size_t route, unsigned status)
{
    size_t kind = 0;
    while (kind < TAEL__STATUS_OTHER && statuses[kind].code != status) kind++;
    tael__metrics_add(&m->requests[route][kind], 1);
}

void tael__metrics_observe(tael__histogram *h, double seconds)
{
    size_t i = 0;
    if (seconds < 0) seconds = 0;
    while (i < TAEL__METRICS_BUCKETS && seconds > bounds[i]) i++;
    tael__metrics_add(&h->buckets[i], 1);
    tael__metrics_add(&h->sum_us, (uint64_t)(seconds * 1e6));
}

static void head(tael__buffer *out, const char *name, const char *type, const char *help)
{
    tael__buffer_format(out, "# HELP tael_%s %s\n# TYPE tael_%s %s\n", name, help, name, type);
}

static void write_one(tael__buffer *out, const char *name, const char *type, const char *help, uint64_t value)
{
    head(out, name, type, help);
    tael__buffer_format(out, "tael_%s %llu\n", name, (unsigned long long)value);
}

static void write_histogram(tael__buffer *out, const char *name, const char *help, const tael__histogram *h)
{
    uint64_t count = 0;
    head(out, name, "histogram", help);
    for (size_t i = 0; i < TAEL__METRICS_BUCKETS; i++) {
        count += get(&h->buckets[i]);
        tael__buffer_format(out, "tael_%s_bucket{le=\"%g\"} %llu\n", name, bounds[i], (unsigned long long)count);
    }
    count += get(&h->buckets[TAEL__METRICS_BUCKETS]);
    tael__buffer_format(out, "tael_%s_bucket{le=\"+Inf\"} %llu\ntael_%s_sum %.6f\ntael_%s_count %llu\n", name,
                        (unsigned long long)count, name, (double)get(&h->sum_us) / 1e6, name,
                        (unsigned long long)count);
}

tael_status tael__metrics_write(const tael__metrics *m, const char *const *routes, size_t route_count,
                                size_t connections, tael__buffer *out)
{
    head(out, "requests_total", "counter", "Requests answered, by route and status.");
    for (size_t i = 0; i < route_count; i++)
        for (size_t k = 0; k < TAEL__STATUS_KINDS; k++) {
            uint64_t n = get(&m->requests[i][k]);
            if (n > 0)
                tael__buffer_format(out, "tael_requests_total{route=\"%s\",status=\"%s\"} %llu\n", routes[i],
                                    k < TAEL__STATUS_OTHER ? statuses[k].name : "other", (unsigned long long)n);
        }
    write_one(out, "connections", "gauge", "Connections that are open.", connections);
    write_one(out, "queued", "gauge", "Generations that wait for their turn.", get(&m->queued));
    write_one(out, "running", "gauge", "Generations that are computed.", get(&m->running));
    write_one(out, "cache_tokens", "gauge", "Tokens that the KV cache has room for.", get(&m->cache_tokens));
    write_one(out, "cache_used_tokens", "gauge", "Tokens of the KV cache that running generations may come to need.",
              get(&m->cache_used));
    write_one(out, "prompt_tokens_total", "counter", "Tokens of prompts that were computed.", get(&m->prompt_tokens));
    write_one(out, "shared_tokens_total", "counter", "Tokens of prompts that another request had computed.",
              get(&m->shared_tokens));
    write_one(out, "completion_tokens_total", "counter", "Tokens that were generated.", get(&m->completion_tokens));
    write_one(out, "cancelled_total", "counter", "Generations whose client went away or whose time was up.",
              get(&m->cancelled));
    write_histogram(out, "first_token_seconds", "From a request to its first text.", &m->first_token);
    write_histogram(out, "next_token_seconds", "Between two pieces of a text.", &m->next_token);
    write_histogram(out, "request_seconds", "From a request to the end of its text.", &m->request);
    return out->failed;
}
