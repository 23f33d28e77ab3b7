// SPDX-License-Identifier: Apache-2.0
// `tael bench --parallel N`: N requests at once, none like another, each so many tokens in and out. What counts is the
// text that all of them get in a second, prompts included, and how long each waits for its first token.
#include <stdlib.h>
#include <string.h>

#include "base/date.h"
#include "base/memory.h"
#include "bench.h"

typedef struct client {
    double first;      /* seconds until its first token; 0: none yet */
    double began;      /* clock */
    uint32_t made;     /* tokens */
    tael_status ended; /* how */
} client;

static int on_piece(const char *text, size_t bytes, const int32_t *ids, size_t count, void *user)
{
    client *c = user;
    (void)text, (void)bytes, (void)ids, (void)count;
    if (c->first == 0) c->first = tael__clock_seconds() - c->began;
    return interrupted();
}

static void on_end(uint64_t id, tael_status status, const char *error, const tael_generation *result, void *user)
{
    client *c = user;
    (void)id, (void)error;
    c->ended = status;
    c->made = result->completion_tokens;
}

static tael_status one_round(tael_batch *batch, const bench *b, uint32_t round, client *clients, double *tps)
{
    tael_status status = TAEL_OK;
    tael_generate_options o = {.size = sizeof o, .greedy = true, .ignore_end = true, .max_tokens = b->tokens};
    double began = tael__clock_seconds();
    uint64_t made = 0;
    for (uint32_t i = 0; i < b->parallel && status == TAEL_OK; i++) {
        tael__buffer text = {.max = TAEL__MAX_PROMPT_BYTES};
        status = bench_text(b->model, &text, b->prompt, 1 + round * b->parallel + i);
        clients[i] = (client){.began = tael__clock_seconds()};
        if (status == TAEL_OK)
            status = tael_batch_add(batch, text.data, text.size, &o, on_piece, on_end, &clients[i], NULL);
        tael__buffer_free(&text);
    }
    for (size_t busy = 1; busy > 0 && status == TAEL_OK;) {
        status = tael_batch_step(batch, &busy);
        if (status == TAEL_OK && interrupted())
            status =
                tael__fail(TAEL_CANCELLED, TAEL_SAY("bench: cancelled; run it again", "bench：已取消；请重新运行"));
    }
    for (uint32_t i = 0; i < b->parallel && status == TAEL_OK; i++) {
        status = clients[i].ended;
        made += clients[i].made;
    }
    *tps = (double)made / (tael__clock_seconds() - began);
    return status;
}

static tael_status all_rounds(request *r, const bench *b, tael_batch *batch, client *clients, double *firsts,
                              json_t *results)
{
    double runs[BENCH_MAX_RUNS], warm;
    char name[48];
    bench small = *b;
    small.tokens = 2;
    snprintf(name, sizeof name, "%ux pp%u+tg%u", b->parallel, b->prompt, b->tokens);
    TAEL_TRY(one_round(batch, &small, b->runs, clients, &warm));
    for (uint32_t i = 0; i < b->runs; i++) {
        TAEL_TRY(one_round(batch, b, i, clients, &runs[i]));
        for (uint32_t k = 0; k < b->parallel; k++) firsts[i * b->parallel + k] = clients[k].first;
    }
    size_t count = (size_t)b->runs * b->parallel;
    double median = bench_quantile(firsts, count, 0.5), late = bench_quantile(firsts, count, 0.95);
    double tps = bench_quantile(runs, b->runs, 0.5);
    if (!r->json) {
        printf(TAEL_SAY("%-14s %9.2f tok/s  first token: median %.0f ms, 95 %% within %.0f ms\n",
                        "%-14s %9.2f tok/s  首个 token：中位数 %.0f ms，95%% 在 %.0f ms 内\n"),
               name, tps, median * 1e3, late * 1e3);
        return TAEL_OK;
    }
    json_t *list = json_array();
    for (uint32_t i = 0; i < b->runs; i++) json_array_append_new(list, out_real(runs[i]));
    json_array_append_new(results,
                          json_pack("{s:s,s:I,s:o,s:o,s:{s:o,s:o}}", "test", name, "parallel", (json_int_t)b->parallel,
                                    "tps", out_real(tps), "runs", list, "first_token_ms", "median",
                                    out_real(median * 1e3), "p95", out_real(late * 1e3)));
    return TAEL_OK;
}

tael_status bench_many(request *r, const bench *b, uint32_t threads, json_t *results)
{
    tael_batch *batch = NULL;
    client *clients = tael__alloc_array(b->parallel, sizeof *clients);
    double *firsts = tael__alloc_array((size_t)b->parallel * b->runs, sizeof *firsts);
    tael_batch_options o = {.size = sizeof o,
                            .context_tokens = b->prompt + b->tokens + 8,
                            .sequences = b->parallel,
                            .queue = b->parallel,
                            .threads = threads,
                            .kv_q8 = b->kv_q8};
    tael_status status = clients && firsts ? tael_batch_open(&batch, b->model, &o)
                                           : tael__fail_memory("bench", b->parallel * sizeof *clients);
    if (status == TAEL_OK) status = all_rounds(r, b, batch, clients, firsts, results);
    tael_batch_close(batch);
    tael__free(clients);
    tael__free(firsts);
    return status;
}
