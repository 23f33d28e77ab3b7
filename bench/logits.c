// SPDX-License-Identifier: Apache-2.0
// What the engine computes, for comparing it with another one: reads a line of token ids, answers with a line of JSON.
//   bench-logits MODEL THREADS
//   greedy N WATCH ID ID ...   N tokens from that prompt, each the likeliest; with WATCH >= 0, that token's logit as
//   well
// It goes below the public interface, because that one gives text and ids but no logits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/model.h"

enum { MAX_IDS = 4096, MAX_LINE = 1 << 16 };

typedef struct engine {
    tael_model *model;
    tael__context *context;
    uint32_t vocabulary;
} engine;

static uint32_t likeliest(const float *logits, uint32_t n)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < n; i++)
        if (logits[i] > logits[best]) best = i;
    return best;
}

static tael_status greedy(const engine *e, char *line)
{
    static int32_t ids[MAX_IDS];
    size_t count = 0;
    const float *logits;
    const tael__tokenizer *tokenizer = tael__model_tokenizer(e->model);
    long steps = strtol(line, &line, 10), watch = strtol(line, &line, 10);
    for (char *end; count < MAX_IDS; line = end) {
        long id = strtol(line, &end, 10);
        if (end == line) break;
        ids[count++] = (int32_t)id;
    }
    tael__context_rewind(e->context, 0, 0);
    TAEL_TRY(tael__context_run(e->context, 0, ids, count, NULL, &logits));
    printf("[");
    for (long i = 0; i < steps; i++) {
        int32_t token = (int32_t)likeliest(logits, e->vocabulary);
        bool watched = watch >= 0 && watch < (long)e->vocabulary;
        printf("%s[%d,%.9g,%.9g]", i > 0 ? "," : "", token, (double)logits[token],
               watched ? (double)logits[watch] : 0.0);
        if (i + 1 == steps || tael__tokenizer_ends(tokenizer, token)) break;
        TAEL_TRY(tael__context_run(e->context, 0, &token, 1, NULL, &logits));
    }
    puts("]");
    return TAEL_OK;
}

static tael_status answer(const engine *e, char *line)
{
    if (strncmp(line, "greedy ", 7) == 0) return greedy(e, line + 7);
    return tael__fail(TAEL_MISUSE, TAEL_SAY("bench-logits: unknown request", "bench-logits：未知请求"));
}

int main(int argc, char **argv)
{
    static char line[MAX_LINE];
    engine e = {0};
    tael_model_info info = {.size = sizeof info};
    if (argc != 3) {
        fputs("use: bench-logits MODEL THREADS\n", stderr);
        return 2;
    }
    tael__context_options options = {.context_tokens = MAX_IDS, .threads = (uint32_t)atoi(argv[2])};
    tael_status status = tael_model_open(&e.model, argv[1]);
    if (status == TAEL_OK) status = tael_model_get_info(e.model, &info);
    if (status == TAEL_OK) status = tael__context_open(&e.context, e.model, &options);
    e.vocabulary = info.vocabulary;
    while (status == TAEL_OK && fgets(line, sizeof line, stdin)) {
        status = answer(&e, line);
        fflush(stdout);
    }
    if (status != TAEL_OK) fprintf(stderr, "bench-logits: %s\n", tael_error());
    tael__context_close(e.context);
    tael_model_close(e.model);
    return status == TAEL_OK ? 0 : 1;
}
